// The way into Windows' libraries: koffi, loaded at the first call; prototypes as tables, bound at first use; memory, texts and
// callbacks. It knows no function of Windows by name but the few it needs itself.
//
// Conventions of this folder: handles and addresses are JavaScript numbers (user space ends below 2^47; 0 is none, INVALID_HANDLE_VALUE
// is -1); structures are Buffers laid out by hand; texts are UTF-16.
import { createRequire } from 'node:module';
import { isAbsolute } from 'node:path';
import type Koffi from 'koffi';
import { resultTexts, spellNumber, WindowsError, type WindowsErrorCode } from './errors.ts';

/** A kernel handle, window handle, GDI handle …; 0 is none. */
export type Handle = number;
/** Where something is in the memory of this process; 0 is nowhere. */
export type Address = number;

/**
 * Kinds of parameters and results: `int`/`uint` 32 bits, `short` 16 bits without sign, `long` 64 bits or a handle, `pointer` an
 * address or the bytes of a Buffer in place, `text` a UTF-16 text that is only read.
 */
export type Kind = 'void' | 'int' | 'uint' | 'short' | 'long' | 'pointer' | 'text' | 'double' | 'float';
/** Result first, then the parameters. */
export type Prototype = readonly [Kind, ...Kind[]];

type Argument<K> = K extends 'text'
  ? string | null
  : K extends 'pointer'
    ? Address | bigint | Uint8Array | null
    : number | bigint;
type Result<K> = K extends 'void' ? undefined : number;
type Arguments<A extends readonly unknown[]> = { [I in keyof A]: Argument<A[I]> };

/** A bound function. `async` runs it on a thread of the pool (it must not need the last error, see `lastError`). */
export interface BoundFunction<P extends readonly [unknown, ...unknown[]]> {
  (...values: Parameters<Call<P>>): ReturnType<Call<P>>;
  async(...values: Parameters<Call<P>>): Promise<ReturnType<Call<P>>>;
}
type Call<P> = P extends readonly [infer R, ...infer A extends readonly unknown[]]
  ? (...values: Arguments<A>) => Result<R>
  : never;
export type Library<T extends Readonly<Record<string, Prototype>>> = {
  readonly [Name in keyof T]: BoundFunction<T[Name]>;
};

const koffiTypes: Readonly<Record<Kind, string>> = {
  void: 'void',
  int: 'int32_t',
  uint: 'uint32_t',
  short: 'uint16_t',
  long: 'int64_t',
  pointer: 'void *',
  text: 'str16',
  double: 'double',
  float: 'float',
};

let loaded: typeof Koffi | undefined;

/** koffi of this thread. Throws WindowsError `WindowsNotAvailable` on other systems, `KoffiNotLoaded` when it is not whole. */
export function koffi(): typeof Koffi {
  if (loaded !== undefined) return loaded;
  if (process.platform !== 'win32') {
    throw new WindowsError(
      'WindowsNotAvailable',
      'koffi',
      0,
      false,
      `Windows functions are not available on ${process.platform}.`,
    );
  }
  // Bundled (CommonJS): beside the bundle, in lib/. From source: the package.
  // (Code given to node as a text has a name that is no path.)
  const isBundled = typeof __filename === 'string' && isAbsolute(__filename);
  const load = createRequire(isBundled ? __filename : import.meta.url);
  loaded = loadedFrom(() => load(isBundled ? './lib/koffi/index.cjs' : 'koffi') as typeof Koffi);
  makeFrameReadable(loaded);
  return loaded;
}

/** What `load` gives; what it throws as WindowsError `KoffiNotLoaded`. */
export function loadedFrom<T>(load: () => T): T {
  try {
    return load();
  } catch (error) {
    // The first line says what is missing; those after it list the modules that asked for it.
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw new WindowsError(
      'KoffiNotLoaded',
      'koffi',
      0,
      false,
      `The library that calls Windows (koffi) cannot be loaded: ${reason.replace(/\.$/, '')}.`,
    );
  }
}

/**
 * koffi calls on a stack of its own and puts the frame at its very top. Wine's system calls read their stack parameters without
 * looking how many there are, past that top, and hang in the fault. The page above belongs to koffi's reservation: made readable,
 * once per thread, nothing faults. Windows itself does not need it. (Calls by `async` use other stacks: see `padding`.)
 */
function makeFrameReadable(native: typeof Koffi): void {
  try {
    native.load('ntdll.dll').func('wine_get_version', 'void *', []);
  } catch {
    return; // Windows
  }
  const kernel = native.load('kernel32.dll');
  const limits = kernel.func('GetCurrentThreadStackLimits', 'void', ['void *', 'void *']);
  const commit = kernel.func('VirtualAlloc', 'int64_t', ['int64_t', 'int64_t', 'uint32_t', 'uint32_t']);
  const low = Buffer.alloc(8);
  const high = Buffer.alloc(8);
  limits(low, high);
  const memCommit = 0x1000;
  const pageReadWrite = 4;
  commit(high.readBigInt64LE(0), 4096, memCommit, pageReadWrite);
}

/** Parameters after the real ones, so that the frame of an asynchronous call never begins at the top of its stack. */
const padding: readonly string[] = ['int64_t', 'int64_t', 'int64_t', 'int64_t'];
const paddingValues = [0, 0, 0, 0];

/**
 * The functions of a DLL, bound at first use. Calling one that this Windows does not have throws WindowsError
 * `WindowsFunctionMissing` (see `has`).
 */
export function library<const T extends Readonly<Record<string, Prototype>>>(
  dll: string,
  prototypes: T,
): Library<T> {
  const functions = {};
  for (const [name, prototype] of Object.entries(prototypes)) {
    Object.defineProperty(functions, name, {
      configurable: true,
      enumerable: true,
      get() {
        const bound = bind(dll, name, prototype);
        Object.defineProperty(functions, name, { value: bound, enumerable: true });
        return bound;
      },
    });
  }
  return functions as Library<T>;
}

type AnyFunction = ((...values: unknown[]) => unknown) & { async?: unknown; isMissing?: true };

function bind(dll: string, name: string, [result, ...parameters]: Prototype): AnyFunction {
  const types = parameters.map((kind) => koffiTypes[kind]);
  const native = koffi();
  let entry: ReturnType<typeof Koffi.load>;
  let plain: AnyFunction;
  try {
    entry = native.load(dll);
    plain = entry.func(name, koffiTypes[result], types) as unknown as AnyFunction;
  } catch {
    const missing: AnyFunction = () => {
      throw new WindowsError(
        'WindowsFunctionMissing',
        name,
        0,
        false,
        `Windows has no function ${name} in ${dll}.`,
      );
    };
    missing.async = () => Promise.resolve().then(missing);
    missing.isMissing = true;
    return missing;
  }
  let padded: { async(...values: unknown[]): void } | undefined;
  plain.async = (...values: unknown[]) =>
    new Promise((resolve, reject) => {
      padded ??= entry.func(name, koffiTypes[result], [...types, ...padding]);
      // `values` stays referenced until the call ends: Buffers among them are written in place.
      padded.async(...values, ...paddingValues, (error: unknown, value: unknown) => {
        if (error) reject(error);
        else resolve(keep(value, values));
      });
    });
  return plain;
}

/** Gives the result; what was passed along stays referenced until then. */
function keep<R>(result: R, _passed: unknown): R {
  return result;
}

/** Whether this Windows has the function. */
export function has<T extends object>(functions: T, name: keyof T): boolean {
  return (functions[name] as AnyFunction).isMissing !== true;
}

const system = library('kernel32.dll', {
  GetLastError: ['uint'],
  SetLastError: ['void', 'uint'],
  RtlMoveMemory: ['void', 'pointer', 'pointer', 'long'],
  FormatMessageW: ['uint', 'uint', 'pointer', 'uint', 'uint', 'pointer', 'uint', 'pointer'],
  CloseHandle: ['int', 'long'],
});

/** GetLastError of the call right before it, in this thread. Only for calls that were not `async`. */
export function lastError(): number {
  return system.GetLastError();
}

/** For functions whose 0 is a failure only when they set an error. */
export function clearLastError(): void {
  system.SetLastError(0);
}

/** The system's sentence for a Win32 error or HRESULT, in its language, without the full stop and line break; '' when it has none. */
export function systemMessage(number: number): string {
  const fromSystem = 0x1000;
  const ignoreInserts = 0x200;
  const buffer = Buffer.alloc(2048);
  const length = system.FormatMessageW(
    fromSystem | ignoreInserts,
    null,
    number >>> 0,
    0,
    buffer,
    buffer.length / 2,
    null,
  );
  return buffer
    .toString('utf16le', 0, length * 2)
    .trim()
    .replace(/\.$/, '');
}

/** The error for a Win32 number. `where` says on what, e.g. a path; never a secret. */
export function win32Error(call: string, number: number, where?: string): WindowsError {
  return failure('WindowsCallFailed', call, number, false, where);
}

/** The error for a failed HRESULT. */
export function resultError(call: string, result: number, where?: string): WindowsError {
  return failure('WindowsCallFailed', call, result >>> 0, true, where);
}

function failure(
  code: WindowsErrorCode,
  call: string,
  number: number,
  isResult: boolean,
  where: string | undefined,
): WindowsError {
  const words = (isResult && resultTexts[number]) || systemMessage(number) || 'Windows gives no reason';
  const on = where === undefined ? '' : ` (${where})`;
  return new WindowsError(
    code,
    call,
    number,
    isResult,
    `${call}${on} failed: ${words} (${spellNumber(number, isResult)}).`,
  );
}

/** Gives `result` back, or throws with the last error when it is 0. To be called with nothing in between. */
export function succeed(call: string, result: number, where?: string): number {
  if (result === 0) throw win32Error(call, lastError(), where);
  return result;
}

/** Throws when an HRESULT is a failure; gives it back otherwise (S_OK 0, S_FALSE 1). */
export function checkResult(call: string, result: number, where?: string): number {
  if (result < 0 || result > 0x7fffffff) throw resultError(call, result, where);
  return result;
}

/** Throws when `status`, a Win32 number that the function itself returned, is not 0. */
export function checkStatus(call: string, status: number, where?: string): void {
  if (status !== 0) throw win32Error(call, status, where);
}

/** Closes kernel handles; 0 and -1 are left alone. */
export function closeHandle(...handles: readonly Handle[]): void {
  for (const handle of handles) if (handle !== 0 && handle !== -1) system.CloseHandle(handle);
}

/** Runs `use` with a kernel handle and closes it whatever happens. */
export function withHandle<R>(handle: Handle, use: (handle: Handle) => R): R {
  try {
    return use(handle);
  } finally {
    closeHandle(handle);
  }
}

/** Bytes of a text in UTF-16 with its end. */
export function wide(text: string): Buffer {
  return Buffer.from(`${text}\0`, 'utf16le');
}

/** The text in a Buffer of UTF-16 up to its end. */
export function wideText(buffer: Buffer, start = 0, end = buffer.length): string {
  const text = buffer.toString('utf16le', start, end);
  const stop = text.indexOf('\0');
  return stop < 0 ? text : text.slice(0, stop);
}

/** The texts of a list that ends with an empty one (REG_MULTI_SZ and the like). */
export function wideTexts(buffer: Buffer): string[] {
  const texts = buffer.toString('utf16le').split('\0');
  const stop = texts.indexOf('');
  return stop < 0 ? texts : texts.slice(0, stop);
}

/** The text that ends with 0 at an address, `length` characters of it when given; '' at 0. */
export function textAt(address: Address, length?: number): string {
  if (address === 0) return '';
  return length === undefined
    ? koffi().decode.string16(address)
    : bytesAt(address, length * 2).toString('utf16le');
}

/** A copy of memory of this process. */
export function bytesAt(address: Address, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  if (length > 0) system.RtlMoveMemory(bytes, address, length);
  return bytes;
}

/** Writes memory of this process. */
export function writeAt(address: Address, bytes: Uint8Array): void {
  if (bytes.length > 0) system.RtlMoveMemory(address, bytes, bytes.length);
}

/** The 64 bits at an address as a number. */
export function addressAt(address: Address): Address {
  return Number(koffi().decode.int64(address));
}

/** Address of the bytes of a Buffer. Keep the Buffer referenced as long as Windows may use them (see `pointTo`). */
export function addressOf(bytes: Uint8Array): Address {
  return Number(koffi().address(bytes));
}

/** Reads a handle or address from a structure. */
export function readLong(buffer: Buffer, offset = 0): number {
  return Number(buffer.readBigInt64LE(offset));
}

/** Writes a handle or address into a structure. */
export function writeLong(buffer: Buffer, value: number, offset = 0): void {
  buffer.writeBigInt64LE(BigInt(value), offset);
}

const pointedTo = new WeakMap<Buffer, Uint8Array[]>();

/** Writes the address of `bytes` into a structure; they stay alive as long as the structure does. */
export function pointTo(structure: Buffer, bytes: Uint8Array, offset: number): void {
  writeLong(structure, addressOf(bytes), offset);
  const others = pointedTo.get(structure);
  if (others === undefined) pointedTo.set(structure, [bytes]);
  else others.push(bytes);
}

/** The rest of a buffer from where an address in it points, for structures that Windows lays out behind each other. */
export function pointedIn(buffer: Buffer, offset: number): Buffer {
  return buffer.subarray(readLong(buffer, offset) - addressOf(buffer));
}

/** A JavaScript function that Windows can call at `address` until `release`. */
export interface Callback {
  readonly address: Address;
  release(): void;
}

const prototypes = new Map<string, ReturnType<typeof Koffi.pointer>>();

/** As an error nobody caught, once Windows is out of the call. */
function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

/**
 * Makes `call` callable by Windows, in this thread; from other threads it is queued, and they wait. Texts and structures come as
 * addresses. An exception in it goes to `failed` and Windows gets 0; what `failed` throws never reaches Windows.
 */
export function callback(
  [result, ...parameters]: Prototype,
  call: (...values: number[]) => number | undefined,
  failed: (error: unknown) => void = throwLater,
): Callback {
  const native = koffi();
  const key = [result, ...parameters].join();
  let type = prototypes.get(key);
  if (type === undefined) {
    // Pointers come as numbers this way, like everything else here.
    const asNumber = (kind: Kind) => koffiTypes[kind === 'pointer' || kind === 'text' ? 'long' : kind];
    type = native.pointer(native.proto(asNumber(result), parameters.map(asNumber)));
    prototypes.set(key, type);
  }
  const registered = native.register((...values: (number | bigint)[]) => {
    try {
      return call(...values.map(Number)) ?? 0;
    } catch (error) {
      try {
        failed(error);
      } catch (another) {
        throwLater(another);
      }
      return 0;
    }
  }, type);
  return { address: Number(registered), release: () => native.unregister(registered) };
}

/** Calls functions by their address (entries of vtables) with one prototype. */
export interface AddressCaller {
  call(address: Address, ...values: unknown[]): number;
  /** On a thread of the pool; this one stays free to serve callbacks. */
  async(address: Address, ...values: unknown[]): Promise<number>;
}

export function caller([result, ...parameters]: Prototype): AddressCaller {
  const native = koffi();
  const types = parameters.map((kind) => koffiTypes[kind]);
  const plain = native.proto(koffiTypes[result], types);
  let padded: ReturnType<typeof native.proto> | undefined;
  return {
    call: (address, ...values) => native.call(address, plain, ...values) as number,
    async: (address, ...values) =>
      new Promise((resolve, reject) => {
        padded ??= native.proto(koffiTypes[result], [...types, ...padding]);
        const bound = native.decode(address, padded) as { async(...values: unknown[]): void };
        bound.async(...values, ...paddingValues, (error: unknown, value: number) => {
          if (error) reject(error);
          else resolve(keep(value, values));
        });
      }),
  };
}

/** Memory that stays where it is until `freeMemory`. */
export function allocate(size: number): Address {
  return Number(koffi().alloc('uint8_t', size));
}

export function freeMemory(address: Address): void {
  koffi().free(address);
}

/** A GUID `{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}` (braces optional) as its 16 bytes. */
export function guid(text: string): Buffer {
  const hex = text.replace(/[{}-]/g, '');
  const bytes = Buffer.from(hex, 'hex');
  if (bytes.length !== 16) throw new TypeError(`Not a GUID: ${text}`);
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}

/** The text of 16 bytes of a GUID, with braces, upper case. */
export function guidText(bytes: Buffer): string {
  const part = (start: number, end: number, reversed: boolean) => {
    const piece = Buffer.from(bytes.subarray(start, end));
    return (reversed ? piece.reverse() : piece).toString('hex').toUpperCase();
  };
  return `{${part(0, 4, true)}-${part(4, 6, true)}-${part(6, 8, true)}-${part(8, 10, false)}-${part(10, 16, false)}}`;
}

// COM by vtables: objects, their methods by the tables of interfaces.ts, BSTR, VARIANT and SAFEARRAY, and objects written in JavaScript for
// Windows to call. Every object is released by its owner; `liveObjects` counts those that are not.
import { results } from './errors.ts';
import {
  type Address,
  type AddressCaller,
  addressAt,
  allocate,
  bytesAt,
  type Callback,
  callback,
  caller,
  checkResult,
  freeMemory,
  guid,
  type Kind,
  readLong,
  textAt,
  writeAt,
  writeLong,
} from './ffi.ts';
import { interfaces } from './interfaces.ts';
import { ole32, oleaut32 } from './prototypes.ts';
import { type Point, pointValue, type Rectangle, readPoint, readRectangle } from './windows.ts';

type Table = typeof interfaces;
export type InterfaceName = keyof Table | 'IUnknown' | 'IDispatch';

type MethodsOf<N> = N extends keyof Table ? Table[N]['methods'] & MethodsOf<Table[N]['base']> : unknown;
type MethodName<N> = keyof MethodsOf<N> & string;
type Parameters<N, M> = M extends keyof MethodsOf<N>
  ? MethodsOf<N>[M] extends readonly [number, infer P]
    ? P
    : never
  : never;

/** A value that a VARIANT carries. Objects in it belong to who gets it. */
export type VariantValue = undefined | null | boolean | number | string | Com | readonly VariantValue[];

interface Kinds {
  int: number;
  double: number;
  handle: number;
  bool: boolean;
  text: string;
  characters: string;
  point: Point;
  rectangle: Rectangle;
  variant: VariantValue;
  ints: readonly number[];
  array: readonly VariantValue[];
}
type Given<K> = K extends keyof Kinds ? Kinds[K] : K extends InterfaceName ? Com<K> | undefined : never;
type Ins<P> = P extends readonly [infer H, ...infer R]
  ? H extends `>${string}`
    ? Ins<R>
    : [Given<H>, ...Ins<R>]
  : [];
type Outs<P> = P extends readonly [infer H, ...infer R]
  ? H extends `>${infer K}`
    ? [Given<K>, ...Outs<R>]
    : Outs<R>
  : [];
type Answer<P> = Outs<P> extends [] ? undefined : Outs<P> extends [infer One] ? One : Outs<P>;

/** How a method is called: made once per interface and method. */
interface Plan {
  readonly name: string;
  readonly index: number;
  readonly parameters: readonly string[];
  readonly caller: AddressCaller;
}

const plans = new Map<string, Plan>();

function planOf(interfaceName: InterfaceName, method: string): Plan {
  const name = `${interfaceName}.${method}`;
  const known = plans.get(name);
  if (known !== undefined) return known;
  const [index, parameters] = entryOf(interfaceName, method);
  const plan = { name, index, parameters, caller: caller(['int', 'long', ...parameters.map(kindOf)]) };
  plans.set(name, plan);
  return plan;
}

function entryOf(interfaceName: string, method: string): readonly [number, readonly string[]] {
  const found = (interfaces as Readonly<Record<string, { base: string; methods: object } | undefined>>)[
    interfaceName
  ];
  if (found === undefined) throw new TypeError(`No method ${method}`);
  const entry = (found.methods as Readonly<Record<string, readonly [number, readonly string[]]>>)[method];
  return entry ?? entryOf(found.base, method);
}

/** How a parameter travels. A VARIANT by value is larger than a register: Windows passes its address. */
function kindOf(parameter: string): Kind {
  switch (parameter) {
    case 'int':
    case 'bool':
      return 'int';
    case 'double':
      return 'double';
    case 'characters':
      return 'text';
    case 'handle':
    case 'point':
    case 'text':
    case 'array':
      return 'long';
    default:
      return parameter.startsWith('I') ? 'long' : 'pointer';
  }
}

const iidOfUnknown = '00000000-0000-0000-c000-000000000046';
const iidOfDispatch = '00020400-0000-0000-c000-000000000046';

function iidOf(name: InterfaceName): Buffer {
  if (name === 'IUnknown') return guid(iidOfUnknown);
  return guid(name === 'IDispatch' ? iidOfDispatch : interfaces[name].iid);
}

let alive = 0;

/** Objects of COM that this thread owns and has not released. */
export function liveObjects(): number {
  return alive;
}

let queryInterface: AddressCaller | undefined;
let countReferences: AddressCaller | undefined;
const releaseIndex = 2;

/** What nobody released is released when it is collected; owners must not rely on it. */
const forgotten = new FinalizationRegistry<Address>((pointer) => releasePointer(pointer));

function releasePointer(pointer: Address): void {
  alive -= 1;
  countReferences ??= caller(['uint', 'long']);
  countReferences.call(addressAt(addressAt(pointer) + releaseIndex * 8), pointer);
}

function addReference(pointer: Address): void {
  const addRefIndex = 1;
  countReferences ??= caller(['uint', 'long']);
  countReferences.call(addressAt(addressAt(pointer) + addRefIndex * 8), pointer);
}

/** Something that has to be released by who owns it. */
export interface Releasable {
  release(): void;
}

/** An object of COM, with one reference that belongs to who holds it. */
export class Com<N extends InterfaceName = InterfaceName> implements Releasable {
  readonly interfaceName: N;
  readonly #vtable: Address;
  #pointer: Address;

  /** Takes over the reference of `pointer`. */
  constructor(interfaceName: N, pointer: Address) {
    this.interfaceName = interfaceName;
    this.#pointer = pointer;
    this.#vtable = addressAt(pointer);
    alive += 1;
    forgotten.register(this, pointer, this);
  }

  /** Takes a reference of its own of an object that belongs to somebody else. */
  static shared<N extends InterfaceName>(interfaceName: N, pointer: Address): Com<N> {
    addReference(pointer);
    return new Com(interfaceName, pointer);
  }

  /** Its address with one more reference, for somebody else to release. */
  addReference(): Address {
    addReference(this.pointer);
    return this.pointer;
  }

  /** Address of the object. Throws when it was released. */
  get pointer(): Address {
    if (this.#pointer === 0) throw new TypeError(`This ${this.interfaceName} was released`);
    return this.#pointer;
  }

  get isReleased(): boolean {
    return this.#pointer === 0;
  }

  /** Calls a method: what it takes in order, what it gives as result (several: a list). Throws WindowsError on a failed HRESULT. */
  call<M extends MethodName<N>>(method: M, ...values: Ins<Parameters<N, M>>): Answer<Parameters<N, M>> {
    const plan = planOf(this.interfaceName, method);
    const passing = new Passing(plan, values);
    try {
      const entry = addressAt(this.#vtable + plan.index * 8);
      checkResult(plan.name, plan.caller.call(entry, this.pointer, ...passing.values));
      return passing.answer() as Answer<Parameters<N, M>>;
    } finally {
      passing.release();
    }
  }

  /** The same on a thread of the pool, while this one serves calls of Windows: for methods that wait for handlers of ours. */
  async callAside<M extends MethodName<N>>(
    method: M,
    ...values: Ins<Parameters<N, M>>
  ): Promise<Answer<Parameters<N, M>>> {
    const plan = planOf(this.interfaceName, method);
    const passing = new Passing(plan, values);
    try {
      const entry = addressAt(this.#vtable + plan.index * 8);
      checkResult(plan.name, await plan.caller.async(entry, this.pointer, ...passing.values));
      return passing.answer() as Answer<Parameters<N, M>>;
    } finally {
      passing.release();
    }
  }

  /** The same object by another interface; undefined when it does not have it. */
  query<Other extends InterfaceName>(other: Other): Com<Other> | undefined {
    queryInterface ??= caller(['int', 'long', 'pointer', 'pointer']);
    const found = Buffer.alloc(8);
    const result = queryInterface.call(addressAt(this.#vtable), this.pointer, iidOf(other), found);
    if (result >>> 0 === results.noInterface || (result === 0 && readLong(found) === 0)) return undefined;
    checkResult(`${this.interfaceName}.QueryInterface`, result);
    return new Com(other, readLong(found));
  }

  release(): void {
    if (this.#pointer === 0) return;
    const pointer = this.#pointer;
    this.#pointer = 0;
    forgotten.unregister(this);
    releasePointer(pointer);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

/** The values of one call on their way to Windows and back. */
class Passing {
  readonly values: unknown[];
  readonly #results: { readonly kind: string; readonly bytes: Buffer }[] = [];
  readonly #releases: (() => void)[] = [];

  constructor(plan: Plan, given: readonly unknown[]) {
    let next = 0;
    this.values = plan.parameters.map((parameter) => {
      if (!parameter.startsWith('>')) return this.#pass(parameter, given[next++]);
      const bytes = Buffer.alloc(24);
      this.#results.push({ kind: parameter.slice(1), bytes });
      return bytes;
    });
  }

  #pass(kind: string, value: unknown): unknown {
    switch (kind) {
      case 'bool':
        return Number(value);
      case 'point':
        return pointValue(value as Point);
      case 'text': {
        const address = allocateText(value as string);
        this.#releases.push(() => oleaut32.SysFreeString(address));
        return address;
      }
      case 'variant': {
        const variant = toVariant(value as VariantValue);
        this.#releases.push(() => oleaut32.VariantClear(variant));
        return variant;
      }
      case 'ints':
        return Buffer.from(Int32Array.from(value as readonly number[]).buffer);
      case 'int':
      case 'double':
      case 'handle':
      case 'characters':
        return value;
      default:
        return (value as Com | undefined)?.pointer ?? 0;
    }
  }

  answer(): unknown {
    const answers = this.#results.map(({ kind, bytes }) => readResult(kind, bytes));
    return answers.length < 2 ? answers[0] : answers;
  }

  release(): void {
    for (const release of this.#releases) release();
  }
}

/** What Windows wrote; texts and variants are copied and freed, objects are taken over. */
function readResult(kind: string, bytes: Buffer): unknown {
  switch (kind) {
    case 'int':
      return bytes.readInt32LE(0);
    case 'bool':
      return bytes.readInt32LE(0) !== 0;
    case 'double':
      return bytes.readDoubleLE(0);
    case 'handle':
      return readLong(bytes);
    case 'point':
      return readPoint(bytes);
    case 'rectangle':
      return readRectangle(bytes);
    case 'text':
      return takeText(readLong(bytes));
    case 'variant':
      return takeVariant(bytes);
    case 'array':
      return takeArray(readLong(bytes));
    default: {
      const pointer = readLong(bytes);
      return pointer === 0 ? undefined : new Com(kind as InterfaceName, pointer);
    }
  }
}

// Texts (BSTR)

function allocateText(text: string): Address {
  return oleaut32.SysAllocStringLen(Buffer.from(text, 'utf16le'), text.length);
}

function readText(address: Address): string {
  return address === 0 ? '' : textAt(address, oleaut32.SysStringLen(address));
}

function takeText(address: Address): string {
  const text = readText(address);
  oleaut32.SysFreeString(address);
  return text;
}

// VARIANT

const vt = {
  null: 1,
  i2: 2,
  i4: 3,
  r4: 4,
  r8: 5,
  text: 8,
  dispatch: 9,
  error: 10,
  bool: 11,
  variant: 12,
  unknown: 13,
  i1: 16,
  u1: 17,
  u2: 18,
  u4: 19,
  i8: 20,
  u8: 21,
  int: 22,
  uint: 23,
  array: 0x2000,
} as const;

/** 24 bytes that VariantClear frees. Numbers: whole ones of 32 bits as such, others as floating point; lists only of whole numbers. */
export function toVariant(value: VariantValue): Buffer {
  const variant = Buffer.alloc(24);
  if (value === undefined) return variant;
  if (value === null) variant.writeUInt16LE(vt.null, 0);
  else if (typeof value === 'boolean') {
    variant.writeUInt16LE(vt.bool, 0);
    variant.writeInt16LE(value ? -1 : 0, 8);
  } else if (typeof value === 'number') {
    if (Number.isInteger(value) && value === (value | 0)) {
      variant.writeUInt16LE(vt.i4, 0);
      variant.writeInt32LE(value, 8);
    } else {
      variant.writeUInt16LE(vt.r8, 0);
      variant.writeDoubleLE(value, 8);
    }
  } else if (typeof value === 'string') {
    variant.writeUInt16LE(vt.text, 0);
    writeLong(variant, allocateText(value), 8);
  } else if (value instanceof Com) {
    // VariantClear releases: the variant gets a reference of its own.
    variant.writeUInt16LE(vt.unknown, 0);
    writeLong(variant, value.addReference(), 8);
  } else {
    variant.writeUInt16LE(vt.array | vt.i4, 0);
    const array = oleaut32.SafeArrayCreateVector(vt.i4, 0, value.length);
    writeElements(array, Buffer.from(Int32Array.from(value as readonly number[]).buffer));
    writeLong(variant, array, 8);
  }
  return variant;
}

function writeElements(array: Address, bytes: Buffer): void {
  const data = Buffer.alloc(8);
  checkResult('SafeArrayAccessData', oleaut32.SafeArrayAccessData(array, data));
  writeAt(readLong(data), bytes);
  oleaut32.SafeArrayUnaccessData(array);
}

/** Value of a variant, which is cleared afterwards. */
export function takeVariant(variant: Buffer): VariantValue {
  try {
    return readVariant(variant);
  } finally {
    oleaut32.VariantClear(variant);
  }
}

/** Value of a variant that belongs to somebody else. Kinds that nothing here needs give undefined. */
export function readVariant(variant: Buffer, offset = 0): VariantValue {
  const type = variant.readUInt16LE(offset);
  if ((type & vt.array) !== 0) return readArray(readLong(variant, offset + 8));
  return readElement(type, variant, offset + 8);
}

function readElement(type: number, bytes: Buffer, at: number): VariantValue {
  switch (type) {
    case vt.null:
      return null;
    case vt.bool:
      return bytes.readInt16LE(at) !== 0;
    case vt.i1:
      return bytes.readInt8(at);
    case vt.u1:
      return bytes.readUInt8(at);
    case vt.i2:
      return bytes.readInt16LE(at);
    case vt.u2:
      return bytes.readUInt16LE(at);
    case vt.i4:
    case vt.int:
    case vt.error:
      return bytes.readInt32LE(at);
    case vt.u4:
    case vt.uint:
      return bytes.readUInt32LE(at);
    case vt.i8:
    case vt.u8:
      return readLong(bytes, at);
    case vt.r4:
      return bytes.readFloatLE(at);
    case vt.r8:
      return bytes.readDoubleLE(at);
    case vt.text:
      return readText(readLong(bytes, at));
    case vt.variant:
      return readVariant(bytes, at);
    case vt.unknown:
    case vt.dispatch: {
      const pointer = readLong(bytes, at);
      return pointer === 0 ? undefined : Com.shared(type === vt.unknown ? 'IUnknown' : 'IDispatch', pointer);
    }
    default:
      return undefined;
  }
}

const elementSizes: Readonly<Record<number, number>> = {
  [vt.i1]: 1,
  [vt.u1]: 1,
  [vt.i2]: 2,
  [vt.u2]: 2,
  [vt.bool]: 2,
  [vt.i4]: 4,
  [vt.u4]: 4,
  [vt.int]: 4,
  [vt.uint]: 4,
  [vt.error]: 4,
  [vt.r4]: 4,
  [vt.variant]: 24,
};

/** Elements of a list of one dimension; others give an empty list. */
function readArray(array: Address): readonly VariantValue[] {
  if (array === 0 || oleaut32.SafeArrayGetDim(array) !== 1) return [];
  const bytes = Buffer.alloc(24);
  checkResult('SafeArrayGetVartype', oleaut32.SafeArrayGetVartype(array, bytes));
  checkResult('SafeArrayGetLBound', oleaut32.SafeArrayGetLBound(array, 1, bytes.subarray(8)));
  checkResult('SafeArrayGetUBound', oleaut32.SafeArrayGetUBound(array, 1, bytes.subarray(12)));
  const type = bytes.readUInt16LE(0);
  const length = bytes.readInt32LE(12) - bytes.readInt32LE(8) + 1;
  if (length <= 0) return [];
  const size = elementSizes[type] ?? 8;
  checkResult('SafeArrayAccessData', oleaut32.SafeArrayAccessData(array, bytes.subarray(16)));
  try {
    const elements = bytesAt(readLong(bytes, 16), length * size);
    return Array.from({ length }, (_, index) => readElement(type, elements, index * size));
  } finally {
    oleaut32.SafeArrayUnaccessData(array);
  }
}

function takeArray(array: Address): readonly VariantValue[] {
  try {
    return readArray(array);
  } finally {
    if (array !== 0) oleaut32.SafeArrayDestroy(array);
  }
}

// Threads, classes, scopes

/** Makes this thread one of the multithreaded apartment; once per thread, before anything else here. */
export function initializeCom(): void {
  const multithreaded = 0;
  checkResult('CoInitializeEx', ole32.CoInitializeEx(0, multithreaded));
}

/** An object of a class. Throws WindowsError 0x80040154 when nobody has registered it. */
export function createObject<N extends InterfaceName>(classId: string, interfaceName: N): Com<N> {
  const inProcessOrLocal = 1 | 4;
  const found = Buffer.alloc(8);
  checkResult(
    'CoCreateInstance',
    ole32.CoCreateInstance(guid(classId), 0, inProcessOrLocal, iidOf(interfaceName), found),
    interfaceName,
  );
  return new Com(interfaceName, readLong(found));
}

/** Releases what it owns, last first. */
export class Scope implements Releasable {
  readonly #owned: Releasable[] = [];

  own<T extends Releasable | undefined>(object: T): T {
    if (object !== undefined) this.#owned.push(object);
    return object;
  }

  release(): void {
    for (let object = this.#owned.pop(); object !== undefined; object = this.#owned.pop()) object.release();
  }
}

/** Runs `use`; what it gave to the scope is released whatever happens. */
export function withScope<R>(use: (scope: Scope) => R): R {
  const scope = new Scope();
  try {
    return use(scope);
  } finally {
    scope.release();
  }
}

// Objects written in JavaScript

type Handlers<N extends keyof Table> = {
  readonly [M in keyof Table[N]['methods']]: (
    ...values: Table[N]['methods'][M] extends readonly [number, infer P] ? Ins<P> : never
  ) => void;
};

let implemented = 0;

/** Objects of `implement` that Windows or we still hold. */
export function liveImplementations(): number {
  return implemented;
}

/** Free-threaded: koffi queues calls of other threads to the one that made the object. */
const iidOfAgileObject = '94ea2b94-e9cc-49e0-c0ff-ee64ca8f5b90';

/**
 * An object whose methods are JavaScript functions; objects they are given are their own to release. Other threads that call wait until
 * this thread's event loop has a turn: a call of ours that waits for them must be a `callAside`.
 */
export function implement<N extends keyof Table>(
  interfaceName: N,
  handlers: Handlers<N>,
  failed: (error: unknown) => void,
): Com<N> {
  const methods = Object.entries(
    interfaces[interfaceName].methods as Readonly<Record<string, readonly [number, readonly string[]]>>,
  );
  const known = [iidOf('IUnknown'), iidOf(interfaceName), guid(iidOfAgileObject)];
  const functions: Callback[] = [];
  let references = 1;
  const size = 8 + (3 + methods.length) * 8;
  const object = allocate(size);

  const add = () => ++references;
  const drop = () => {
    references -= 1;
    // The function that is running now cannot be taken away: after this turn.
    if (references === 0) setImmediate(destroy);
    return references;
  };
  const destroy = () => {
    for (const { release } of functions) release();
    freeMemory(object);
    implemented -= 1;
  };
  const query = (self: number, iid: number, found: number) => {
    const wanted = bytesAt(iid, 16);
    const isKnown = known.some((id) => id.equals(wanted));
    const bytes = Buffer.alloc(8);
    if (isKnown) {
      references += 1;
      writeLong(bytes, self);
    }
    writeAt(found, bytes);
    return isKnown ? 0 : results.noInterface | 0;
  };

  functions.push(
    callback(['int', 'long', 'long', 'long'], query, failed),
    callback(['uint', 'long'], add, failed),
    callback(['uint', 'long'], drop, failed),
  );
  for (const [method, [, parameters]] of methods) {
    const handler = handlers[method as keyof Handlers<N>] as (...values: unknown[]) => void;
    functions.push(
      callback(
        ['int', 'long', ...parameters.map(kindOf)],
        (_self, ...values) => {
          handler(...parameters.map((kind, index) => readParameter(kind, values[index] as number)));
          return 0;
        },
        failed,
      ),
    );
  }
  const bytes = Buffer.alloc(size);
  writeLong(bytes, object + 8, 0);
  functions.forEach(({ address }, index) => {
    writeLong(bytes, address, 8 + index * 8);
  });
  writeAt(object, bytes);
  implemented += 1;
  return new Com(interfaceName, object);
}

/** What Windows passes to a method of ours. */
function readParameter(kind: string, value: number): unknown {
  switch (kind) {
    case 'int':
    case 'double':
    case 'handle':
      return value;
    case 'bool':
      return value !== 0;
    case 'text':
      return readText(value);
    case 'variant':
      return readVariant(bytesAt(value, 24));
    case 'array':
      return readArray(value);
    default:
      return value === 0 ? undefined : Com.shared(kind as InterfaceName, value);
  }
}

/** Whether a failed call says that the object or its process is gone. */
export function isGone(result: number): boolean {
  const gone: readonly number[] = [
    results.disconnected,
    results.serverUnavailable,
    results.callFailed,
    results.elementNotAvailable,
  ];
  return gone.includes(result >>> 0);
}

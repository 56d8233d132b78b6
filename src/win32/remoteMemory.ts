// Memory inside another process: the common controls read and write their structures only in their own.
import { type Address, closeHandle, type Handle, lastError, succeed, wideText, win32Error } from './ffi.ts';
import { kernel32 } from './prototypes.ts';
import { ownerOf } from './windows.ts';

const access = { operation: 0x8, read: 0x10, write: 0x20, queryLimited: 0x1000 } as const;

/** A block of memory in the process of a window. `pointerSize` is 4 in 32-bit programs: their structures are smaller. */
export class RemoteMemory {
  readonly address: Address;
  readonly size: number;
  readonly pointerSize: 4 | 8;
  readonly #process: Handle;

  private constructor(process: Handle, address: Address, size: number, pointerSize: 4 | 8) {
    this.#process = process;
    this.address = address;
    this.size = size;
    this.pointerSize = pointerSize;
  }

  /** Throws WindowsError 5 when the process runs with higher rights. */
  static inProcessOf(window: Handle, size: number): RemoteMemory {
    const { processId } = ownerOf(window);
    const rights = access.operation | access.read | access.write | access.queryLimited;
    const process = succeed(
      'OpenProcess',
      kernel32.OpenProcess(rights, 0, processId),
      `process ${processId}`,
    );
    const commitAndReserve = 0x3000;
    const readWrite = 4;
    const address = kernel32.VirtualAllocEx(process, 0, size, commitAndReserve, readWrite);
    if (address === 0) {
      const error = win32Error('VirtualAllocEx', lastError(), `process ${processId}`);
      closeHandle(process);
      throw error;
    }
    return new RemoteMemory(process, address, size, isWow64(process) ? 4 : 8);
  }

  write(offset: number, bytes: Buffer): void {
    succeed(
      'WriteProcessMemory',
      kernel32.WriteProcessMemory(this.#process, this.address + offset, bytes, bytes.length, null),
    );
  }

  read(offset: number, length: number): Buffer {
    return this.readAt(this.address + offset, length);
  }

  /** Anywhere in that process. */
  readAt(address: Address, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    succeed('ReadProcessMemory', kernel32.ReadProcessMemory(this.#process, address, bytes, length, null));
    return bytes;
  }

  /** Text that ends with 0 at an address of that process, at most `limit` characters; '' where nothing can be read. */
  textAt(address: Address, limit: number): string {
    const page = 4096;
    let text = '';
    for (let at = address; text.length < limit; ) {
      // Up to the end of the page: the next one need not be readable.
      const length = (Math.min(page - (at % page), (limit - text.length) * 2) >> 1) * 2 || 2;
      const bytes = Buffer.alloc(length);
      if (kernel32.ReadProcessMemory(this.#process, at, bytes, length, null) === 0) break;
      const piece = wideText(bytes);
      text += piece;
      if (piece.length * 2 < length) break;
      at += length;
    }
    return text;
  }

  release(): void {
    const release = 0x8000;
    kernel32.VirtualFreeEx(this.#process, this.address, 0, release);
    closeHandle(this.#process);
  }
}

/** Runs `use` with memory in the process of `window` and gives the memory back whatever happens. */
export function withRemoteMemory<R>(window: Handle, size: number, use: (memory: RemoteMemory) => R): R {
  const memory = RemoteMemory.inProcessOf(window, size);
  try {
    return use(memory);
  } finally {
    memory.release();
  }
}

/** A 32-bit program on a 64-bit Windows. */
function isWow64(process: Handle): boolean {
  const machine = Buffer.alloc(2);
  return kernel32.IsWow64Process2(process, machine, null) !== 0 && machine.readUInt16LE(0) !== 0;
}

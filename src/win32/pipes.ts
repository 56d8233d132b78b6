// Named pipes with an access list of their own: this side serves one client, the other side may belong to another account. Node's own
// pipes cannot be kept from others. Who the client is and what is said is decided by those who call.
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WindowsError } from './errors.ts';
import {
  type BoundFunction,
  closeHandle,
  type Handle,
  lastError,
  library,
  win32Error,
  writeLong,
} from './ffi.ts';
import { kernel32 } from './prototypes.ts';
import { withDescriptor } from './security.ts';

const more = library('kernel32.dll', {
  ConnectNamedPipe: ['int', 'long', 'pointer'],
  DisconnectNamedPipe: ['int', 'long'],
  CreateEventW: ['long', 'pointer', 'int', 'int', 'text'],
  CancelIoEx: ['int', 'long', 'pointer'],
});

/** The serving end of a pipe that exists once: nobody can have made it before, and nobody comes from another computer. */
export class ServedPipe {
  readonly path: string;
  #handle: Handle;
  readonly #event: Handle;
  readonly #overlapped = Buffer.alloc(32);

  /** `sddl`: who may do what with it. Throws WindowsError 5 when the name is taken. */
  constructor(path: string, sddl: string) {
    this.path = path;
    const duplexOverlappedFirst = 0x3 | 0x40000000 | 0x80000;
    const bytesRejectRemote = 0x8;
    const size = 65_536;
    this.#handle = withDescriptor(sddl, (descriptor) => {
      const attributes = Buffer.alloc(24);
      attributes.writeUInt32LE(24, 0);
      writeLong(attributes, descriptor, 8);
      return kernel32.CreateNamedPipeW(
        path,
        duplexOverlappedFirst,
        bytesRejectRemote,
        1,
        size,
        size,
        0,
        attributes,
      );
    });
    if (this.#handle === -1) throw win32Error('CreateNamedPipe', lastError(), path);
    this.#event = more.CreateEventW(null, 1, 0, null);
    writeLong(this.#overlapped, this.#event, 24);
  }

  /** Process of the next client (looks every 10 ms). Rejects with the signal's reason; the pipe is to be closed then. */
  async client(signal: AbortSignal): Promise<number> {
    const isConnectedAlready = 535;
    const isPending = 997;
    if (more.ConnectNamedPipe(this.#handle, this.#overlapped) === 0) {
      const number = lastError();
      if (number !== isPending && number !== isConnectedAlready)
        throw win32Error('ConnectNamedPipe', number, this.path);
      while (number === isPending && kernel32.WaitForSingleObject(this.#event, 0) !== 0)
        await sleep(10, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
    const processId = Buffer.alloc(4);
    if (kernel32.GetNamedPipeClientProcessId(this.#handle, processId) === 0) return 0;
    return processId.readUInt32LE(0);
  }

  /** Sends a client away; the next one can come. */
  refuse(): void {
    more.DisconnectNamedPipe(this.#handle);
  }

  /** The connection as a stream, which has the handle from then on. */
  stream(): Socket {
    const handle = this.#handle;
    this.#handle = -1;
    this.close();
    return streamOf(handle);
  }

  /** Takes the pipe away, unless a stream has it. */
  close(): void {
    if (this.#handle !== -1) more.CancelIoEx(this.#handle, null);
    closeHandle(this.#handle, this.#event);
    this.#handle = -1;
  }
}

/** Opens the client's end to write into, as a handle that a child can inherit; to be closed. */
export function inheritablePipeEnd(path: string): Handle {
  const attributes = Buffer.alloc(24);
  attributes.writeUInt32LE(24, 0);
  attributes.writeUInt32LE(1, 16);
  const genericWrite = 0x40000000;
  const openExisting = 3;
  const handle = kernel32.CreateFileW(path, genericWrite, 0, attributes, openExisting, 0, 0);
  if (handle === -1) throw win32Error('CreateFile', lastError(), path);
  return handle;
}

/** Node's program exports its library of streams: only that one makes a handle into a file number that Node itself understands. */
let descriptorOf: BoundFunction<readonly ['int', 'long']> | undefined;

function streamOf(handle: Handle): Socket {
  descriptorOf ??= library(process.execPath, { uv_open_osfhandle: ['int', 'long'] }).uv_open_osfhandle;
  const fd = descriptorOf(handle);
  if (fd < 0) {
    closeHandle(handle);
    throw new WindowsError(
      'WindowsCallFailed',
      'uv_open_osfhandle',
      0,
      false,
      'The pipe cannot be read by Node.',
    );
  }
  return new Socket({ fd, readable: true, writable: true });
}

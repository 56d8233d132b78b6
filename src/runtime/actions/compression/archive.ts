// What packing and unpacking share: the ZIP library on files that are read and written piece by piece, never as a whole.
import type { FileHandle } from 'node:fs/promises';
import type { Reader } from '@zip.js/zip.js';

export type ZipLibrary = typeof import('@zip.js/zip.js');

/** The library, set up to work inside this process: its own workers would outlive a cancelled run. */
export async function zipLibrary(): Promise<ZipLibrary> {
  const zip = await import('@zip.js/zip.js');
  zip.configure({ useWebWorkers: false });
  return zip;
}

/** Reads an open file of `size` bytes as the library asks for it; fails with the signal's reason once it aborts. */
export function fileReader(
  { Reader: Base }: ZipLibrary,
  file: FileHandle,
  size: number,
  signal: AbortSignal,
): Reader<FileHandle> {
  class FileReader extends Base<FileHandle> {
    override size = size;
    override async readUint8Array(index: number, length: number): Promise<Uint8Array> {
      signal.throwIfAborted();
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - index)));
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, index + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    }
  }
  return new FileReader(file);
}

/** A stream into an open file. `accept` is told of every piece before it is written and may throw. */
export function fileWriter(file: FileHandle, accept: (bytes: number) => void = () => {}): WritableStream {
  return new WritableStream<Uint8Array>({
    async write(chunk) {
      accept(chunk.length);
      let written = 0;
      while (written < chunk.length) {
        const { bytesWritten } = await file.write(chunk, written, chunk.length - written);
        written += bytesWritten;
      }
    },
  });
}

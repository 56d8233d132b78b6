// The zip container of an Office file. Parts that nobody changed are written back as the very bytes they were read as, still packed.
// Knows nothing of what is in the parts.
import { once } from 'node:events';
import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { crc32, createDeflateRaw, createInflateRaw, deflateRaw, inflateRaw } from 'node:zlib';
import { damaged, OfficeProblem } from './problem.ts';
import { replaceFile } from './replaceFile.ts';

/** Office files have some hundred parts at most. */
const maxParts = 20_000;
/** Larger files cannot come from Office programs in practice, and would fill the memory. */
export const maxFileBytes = 1024 ** 3;
/** All parts together, unpacked: four times the largest files people work with. */
const maxUnpackedBytes = 4 * 1024 ** 3;
/** A part other than a worksheet is held as one text. */
const maxPartBytes = 400 * 1024 ** 2;
/** Real parts shrink to a hundredth at best; what promises more than this above `bombBytes` was made to fill the memory. */
const maxRatio = 400;
const bombBytes = 64 * 1024 ** 2;

const local = 0x04034b50;
const central = 0x02014b50;
const endOfCentral = 0x06054b50;
const endOfCentral64 = 0x06064b50;
const locator64 = 0x07064b50;
/** Fields of this value stand in the 64-bit extension instead. */
const elsewhere = 0xffffffff;
const utf8Names = 1 << 11;

/** One part as it lies in the file. */
export interface StoredPart {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly size: number;
  /** Still packed. */
  readonly content: Buffer;
  /** Date and time as zip files keep it. */
  readonly time: number;
}

/**
 * The parts of a file by name, in their order. Throws an OfficeProblem for what is no zip file, damaged, encrypted or larger
 * than the limits; nothing is unpacked for that.
 */
export function readArchive(file: Buffer): Map<string, StoredPart> {
  const directory = findDirectory(file);
  const parts = new Map<string, StoredPart>();
  let total = 0;
  let at = directory.start;
  for (let index = 0; index < directory.count; index++) {
    if (at + 46 > file.length || file.readUInt32LE(at) !== central)
      throw damaged('the list of its parts is cut off.');
    const flags = file.readUInt16LE(at + 8);
    const nameLength = file.readUInt16LE(at + 28);
    const extraLength = file.readUInt16LE(at + 30);
    const name = file.toString('utf8', at + 46, at + 46 + nameLength);
    const extra = file.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength);
    const [size, packed, localAt] = wideFields(extra, [
      file.readUInt32LE(at + 24),
      file.readUInt32LE(at + 20),
      file.readUInt32LE(at + 42),
    ]);
    const method = file.readUInt16LE(at + 10);
    const crc = file.readUInt32LE(at + 16);
    const time = file.readUInt32LE(at + 12);
    at += 46 + nameLength + extraLength + file.readUInt16LE(at + 32);
    if (name.endsWith('/')) continue;
    if (parts.has(name)) throw damaged(`the part ${name} is in it twice.`);
    if ((flags & 1) !== 0) {
      throw new OfficeProblem(
        `The part ${name} of the file is protected by a zip password.`,
        'Save the file without a password first.',
      );
    }
    if (method !== 0 && method !== 8)
      throw damaged(`the part ${name} is packed in an unknown way (${method}).`);
    total += size;
    if (total > maxUnpackedBytes || (size > bombBytes && size > packed * maxRatio)) throw tooLarge(name);
    // Deflate shrinks to 1/1032 at best.
    if (size > packed * 1032 + 64) throw damaged(`the part ${name} promises more than it can hold.`);
    if (localAt + 30 > file.length || file.readUInt32LE(localAt) !== local) {
      throw damaged(`the part ${name} is not where it should be.`);
    }
    const from = localAt + 30 + file.readUInt16LE(localAt + 26) + file.readUInt16LE(localAt + 28);
    if (from + packed > file.length) throw damaged(`the part ${name} is cut off.`);
    parts.set(name, { name, method, crc, size, content: file.subarray(from, from + packed), time });
  }
  return parts;
}

function tooLarge(name: string): OfficeProblem {
  return new OfficeProblem(
    `The part ${name} of the file unpacks to more than this agent accepts (4 GB in all, ${maxRatio} times its packed size).`,
    'Check where the file comes from: it looks as if it was made to fill the memory.',
  );
}

function findDirectory(file: Buffer): { readonly start: number; readonly count: number } {
  // The record stands at the very end, in front of a comment of at most 65,535 bytes.
  const first = Math.max(0, file.length - 22 - 0xffff);
  for (let at = file.length - 22; at >= first; at--) {
    if (file.readUInt32LE(at) !== endOfCentral) continue;
    let count = file.readUInt16LE(at + 10);
    let start = file.readUInt32LE(at + 16);
    if ((count === 0xffff || start === elsewhere) && at >= 20 && file.readUInt32LE(at - 20) === locator64) {
      const record = Number(file.readBigUInt64LE(at - 12));
      if (record + 56 > file.length || file.readUInt32LE(record) !== endOfCentral64) {
        throw damaged('the list of its parts is not where it should be.');
      }
      count = Number(file.readBigUInt64LE(record + 32));
      start = Number(file.readBigUInt64LE(record + 48));
    }
    if (count > maxParts) throw damaged(`it has ${count} parts.`);
    if (start > at) throw damaged('the list of its parts is not where it should be.');
    return { start, count };
  }
  throw damaged('it is no Office file, or its end is cut off.');
}

/** `fields` with those that say "elsewhere" taken from the 64-bit extension, which has them in this order. */
function wideFields(extra: Buffer, fields: [number, number, number]): [number, number, number] {
  if (!fields.includes(elsewhere)) return fields;
  for (let at = 0; at + 4 <= extra.length; ) {
    const length = extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === 1) {
      let next = at + 4;
      for (const [index, field] of fields.entries()) {
        if (field !== elsewhere || next + 8 > extra.length) continue;
        fields[index] = Number(extra.readBigUInt64LE(next));
        next += 8;
      }
    }
    at += 4 + length;
  }
  return fields;
}

const unpackWhole = promisify(inflateRaw);
const packWhole = promisify(deflateRaw);
/** Half the time of the usual level 6, for files that are a sixteenth larger; Excel packs no better. */
const level = 4;

/** A whole part. Throws an OfficeProblem when it is damaged or too large for one piece. */
export async function unpack(part: StoredPart): Promise<Buffer> {
  if (part.size > maxPartBytes) throw tooLarge(part.name);
  let bytes: Buffer;
  try {
    bytes =
      part.method === 0 || part.size === 0
        ? part.content.subarray(0, part.size)
        : await unpackWhole(part.content, { maxOutputLength: Math.max(part.size, 1) });
  } catch (cause) {
    throw damaged(`the part ${part.name} cannot be unpacked.`, { cause });
  }
  if (bytes.length !== part.size || crc32(bytes) !== part.crc)
    throw damaged(`the part ${part.name} has changed bytes.`);
  return bytes;
}

/** A part in pieces of about a megabyte, for parts that would not fit into one text. Throws as `unpack` does, at the end for changed bytes. */
export async function* unpackInPieces(part: StoredPart, signal: AbortSignal): AsyncGenerator<Buffer> {
  let size = 0;
  let crc = 0;
  const stream = createInflateRaw({ chunkSize: 1024 * 1024 });
  try {
    if (part.method === 0) stream.destroy();
    else stream.end(part.content);
    for await (const piece of part.method === 0 ? slices(part.content) : (stream as AsyncIterable<Buffer>)) {
      signal.throwIfAborted();
      size += piece.length;
      if (size > part.size) throw damaged(`the part ${part.name} is longer than it says.`);
      crc = crc32(piece, crc);
      yield piece;
    }
  } catch (error) {
    if (error instanceof OfficeProblem || signal.aborted) throw error;
    throw damaged(`the part ${part.name} cannot be unpacked.`, { cause: error });
  } finally {
    stream.destroy();
  }
  if (size !== part.size || crc !== part.crc) throw damaged(`the part ${part.name} has changed bytes.`);
}

function* slices(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 1024 * 1024) yield bytes.subarray(at, at + 1024 * 1024);
}

/** What a part is written from: the packed bytes it was read as, one text, or texts made one after the other. */
export type PartContent = StoredPart | string | Buffer | (() => Iterable<string>);

/** Writes a zip file of these parts in place of `path`, see `replaceFile`. Throws an OfficeProblem for what no zip file can hold. */
export async function writeArchive(
  path: string,
  parts: Iterable<readonly [name: string, content: PartContent]>,
  signal: AbortSignal,
): Promise<void> {
  await replaceFile(path, (file) => writeParts(file, parts, signal), signal);
}

interface WrittenPart {
  readonly name: Buffer;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly at: number;
  readonly time: number;
}

/** 1 January 1980, the first day zip files know: what a flow writes does not depend on when it is written. */
const noTime = 0x00210000;

async function writeParts(
  file: FileHandle,
  parts: Iterable<readonly [name: string, content: PartContent]>,
  signal: AbortSignal,
): Promise<void> {
  const written: WrittenPart[] = [];
  let at = 0;
  const write = async (bytes: Buffer, position: number) => {
    for (let from = 0; from < bytes.length; )
      from += (await file.write(bytes, from, bytes.length - from, position + from)).bytesWritten;
  };
  for (const [partName, content] of parts) {
    signal.throwIfAborted();
    const name = Buffer.from(partName, 'utf8');
    const start = at;
    const dataAt = at + 30 + name.length;
    let entry: WrittenPart;
    if (typeof content === 'function') {
      const result = await writePacked(content(), dataAt, write, signal);
      entry = { name, method: 8, ...result, at: start, time: noTime };
    } else if (typeof content === 'string' || Buffer.isBuffer(content)) {
      const bytes = Buffer.isBuffer(content) ? content : Buffer.from(content, 'utf8');
      const packed = await packWhole(bytes, { level });
      await write(packed, dataAt);
      entry = {
        name,
        method: 8,
        crc: crc32(bytes),
        packed: packed.length,
        size: bytes.length,
        at: start,
        time: noTime,
      };
    } else {
      await write(content.content, dataAt);
      const { method, crc, size, time } = content;
      entry = { name, method, crc, packed: content.content.length, size, at: start, time };
    }
    if (entry.size >= elsewhere || dataAt + entry.packed >= elsewhere) {
      throw new OfficeProblem(
        `The part ${partName} would make the file larger than the 4 GB an Office file can have.`,
        'Write fewer rows, or spread them over several files.',
      );
    }
    await write(header(entry), start);
    written.push(entry);
    at = dataAt + entry.packed;
  }
  const directory = Buffer.concat(written.map(directoryEntry));
  const end = Buffer.alloc(22);
  end.writeUInt32LE(endOfCentral, 0);
  end.writeUInt16LE(written.length, 8);
  end.writeUInt16LE(written.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  await write(Buffer.concat([directory, end]), at);
}

/** Packs texts as they are made, so that neither they nor the packed bytes are ever in memory as a whole. */
async function writePacked(
  texts: Iterable<string>,
  from: number,
  write: (bytes: Buffer, position: number) => Promise<void>,
  signal: AbortSignal,
): Promise<{ crc: number; size: number; packed: number }> {
  const stream = createDeflateRaw({ chunkSize: 256 * 1024, level });
  let crc = 0;
  let size = 0;
  let packed = 0;
  const drained = (async () => {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      await write(piece, from + packed);
      packed += piece.length;
    }
  })();
  // Awaited below; without this a failed write would count as unhandled while texts are still being made.
  drained.catch(() => {});
  try {
    for (const text of texts) {
      signal.throwIfAborted();
      const bytes = Buffer.from(text, 'utf8');
      crc = crc32(bytes, crc);
      size += bytes.length;
      if (!stream.write(bytes)) await Promise.race([once(stream, 'drain'), drained]);
      // Making texts is pure computing: the event loop must have its turn, or nobody could stop the run.
      await new Promise((resolve) => setImmediate(resolve));
    }
    stream.end();
    await drained;
    return { crc, size, packed };
  } finally {
    stream.destroy();
  }
}

function header({ name, method, crc, packed, size, time }: WrittenPart): Buffer {
  const bytes = Buffer.alloc(30);
  bytes.writeUInt32LE(local, 0);
  bytes.writeUInt16LE(20, 4);
  bytes.writeUInt16LE(utf8Names, 6);
  bytes.writeUInt16LE(method, 8);
  bytes.writeUInt32LE(time, 10);
  bytes.writeUInt32LE(crc, 14);
  bytes.writeUInt32LE(packed, 18);
  bytes.writeUInt32LE(size, 22);
  bytes.writeUInt16LE(name.length, 26);
  return Buffer.concat([bytes, name]);
}

function directoryEntry(entry: WrittenPart): Buffer {
  const bytes = Buffer.alloc(46);
  bytes.writeUInt32LE(central, 0);
  bytes.writeUInt16LE(20, 4);
  // From "version needed" to "extra length" a directory entry repeats the header of the part.
  header(entry).copy(bytes, 6, 4, 30);
  bytes.writeUInt32LE(entry.at, 42);
  return Buffer.concat([bytes, entry.name]);
}

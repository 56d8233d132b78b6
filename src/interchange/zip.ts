// Zip archives as an ordered list of entries. Refuses what is encrypted, damaged, dangerous or larger than its limits before
// it unpacks it, and says which entry. Knows nothing of solutions; fflate does the compression.
import { deflateSync, inflateSync } from 'fflate';
import { ProductError } from '../base/error.ts';

export interface ZipEntry {
  /** As written, usually with `/` between folders; ends in `/` for a folder. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Local time as zip files keep it, such as `2025-01-24T17:58:44`; even seconds. */
  readonly date: string;
}

/** Far above any real solution, far below what would exhaust the memory. */
const maxEntries = 20_000;
const maxBytes = 1024 ** 3;

const local = 0x04034b50;
const central = 0x02014b50;
const endOfCentral = 0x06054b50;
const utf8Names = 1 << 11;

/**
 * All entries in the order of the archive's directory. Throws ProductError `ZipDamaged`, `ZipEncrypted`, `ZipUnsupported`,
 * `ZipUnsafePath` or `ZipTooLarge`; then nothing was taken from the archive.
 */
export function readZip(archive: Uint8Array): ZipEntry[] {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const directory = findDirectory(view);
  const entries: ZipEntry[] = [];
  const names = new Set<string>();
  let total = 0;
  let at = directory.start;
  for (let index = 0; index < directory.count; index++) {
    if (at + 46 > archive.length || view.getUint32(at, true) !== central)
      throw damaged('Its directory is cut off.');
    const flags = view.getUint16(at + 8, true);
    const method = view.getUint16(at + 10, true);
    const time = view.getUint32(at + 12, true);
    const crc = view.getUint32(at + 16, true);
    const packed = view.getUint32(at + 20, true);
    const size = view.getUint32(at + 24, true);
    const nameLength = view.getUint16(at + 28, true);
    const localAt = view.getUint32(at + 42, true);
    const name = entryName(archive.subarray(at + 46, at + 46 + nameLength), (flags & utf8Names) !== 0);
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);

    refuseUnsafe(name);
    if (names.has(name)) throw damaged(`The entry ${name} is in it twice.`);
    names.add(name);
    if ((flags & 1) !== 0) {
      throw new ProductError(
        'ZipEncrypted',
        `The archive is protected: ${name} needs a password.`,
        'Export the solution again, or unpack the archive yourself and pack it without a password.',
      );
    }
    if (packed === 0xffffffff || size === 0xffffffff || localAt === 0xffffffff) throw extended();
    total += size;
    if (total > maxBytes) throw tooLarge();
    const bytes = unpack(archive, view, { name, method, crc, packed, size, localAt });
    entries.push({ name, bytes, date: readDate(time) });
  }
  return entries;
}

function findDirectory(view: DataView): { readonly start: number; readonly count: number } {
  // The record stands at the very end, in front of a comment of at most 65,535 bytes.
  const first = Math.max(0, view.byteLength - 22 - 0xffff);
  for (let at = view.byteLength - 22; at >= first; at--) {
    if (view.getUint32(at, true) !== endOfCentral) continue;
    const count = view.getUint16(at + 10, true);
    const start = view.getUint32(at + 16, true);
    if (view.getUint16(at + 4, true) !== 0 || view.getUint16(at + 6, true) !== 0) {
      throw new ProductError(
        'ZipUnsupported',
        'The archive is one of several parts.',
        'Put it together into one zip file first.',
      );
    }
    if (count === 0xffff || start === 0xffffffff) throw extended();
    if (count > maxEntries) throw tooLarge();
    if (start > at) throw damaged('Its directory is not where it should be.');
    return { start, count };
  }
  throw damaged('It has no directory, so it is no zip file or its end is cut off.');
}

interface Stored {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly localAt: number;
}

function unpack(archive: Uint8Array, view: DataView, entry: Stored): Uint8Array {
  const { name, localAt, packed, size } = entry;
  if (localAt + 30 > archive.length || view.getUint32(localAt, true) !== local) {
    throw damaged(`The entry ${name} is not where it should be.`);
  }
  const from = localAt + 30 + view.getUint16(localAt + 26, true) + view.getUint16(localAt + 28, true);
  if (from + packed > archive.length) throw damaged(`The entry ${name} is cut off.`);
  const content = archive.subarray(from, from + packed);
  let bytes: Uint8Array;
  if (entry.method === 0) bytes = content.slice();
  else if (entry.method === 8) {
    // Deflate shrinks to 1/1032 at best: a larger promise is a lie, and is not even tried.
    if (size > packed * 1032 + 64) throw damaged(`The entry ${name} promises more than it can hold.`);
    try {
      bytes = inflateSync(content, { out: new Uint8Array(size) });
    } catch (cause) {
      throw damaged(`The entry ${name} cannot be unpacked.`, { cause });
    }
  } else {
    throw new ProductError(
      'ZipUnsupported',
      `The entry ${name} is packed in a way (${entry.method}) that Desktop Flows does not know.`,
      'Unpack the archive yourself and pack it as an ordinary zip file.',
    );
  }
  if (bytes.length !== size || checksum(bytes) !== entry.crc) {
    throw damaged(`The content of ${name} does not agree with its checksum.`);
  }
  return bytes;
}

function entryName(bytes: Uint8Array, utf8: boolean): string {
  // Without the flag names are in an old code page; archives of today then keep to ASCII, or write UTF-8 all the same.
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    if (utf8) throw damaged('The name of an entry is not valid.');
    return String.fromCharCode(...bytes);
  }
}

/** An entry must not be able to land outside the folder it is unpacked to. */
function refuseUnsafe(name: string): void {
  const steps = name.replace(/[\\/]$/, '').split(/[\\/]/);
  const safe =
    steps.every((step) => step !== '' && step !== '.' && step !== '..') && !/^[a-z]:|\0/i.test(name);
  if (safe) return;
  throw new ProductError(
    'ZipUnsafePath',
    `The archive has an entry “${name}” that would be written outside its folder.`,
    'Nothing was unpacked. Ask whoever made the archive for a clean export.',
  );
}

function damaged(what: string, options?: ErrorOptions): ProductError {
  return new ProductError(
    'ZipDamaged',
    `The archive is damaged. ${what}`,
    'Download or export it again. Nothing was unpacked.',
    options,
  );
}

/** Some tools write the form for archives above 4 GB for small ones too. */
function extended(): ProductError {
  return new ProductError(
    'ZipUnsupported',
    'The archive has the Zip64 form, which is meant for archives above 4 GB.',
    'Unpack it yourself and pack it as an ordinary zip file.',
  );
}

function tooLarge(): ProductError {
  return new ProductError(
    'ZipTooLarge',
    `The archive holds more than ${maxEntries.toLocaleString('en')} files or ${maxBytes / 1024 ** 3} GB.`,
    'A solution is far smaller. Check what is in the archive.',
  );
}

/** The archive with the entries in the given order. */
export function writeZip(entries: readonly ZipEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { name, bytes, date } of entries) {
    const encoded = new TextEncoder().encode(name);
    const deflated = bytes.length === 0 ? bytes : deflateSync(bytes, { level: 9 });
    const stored = deflated.length >= bytes.length;
    const content = stored ? bytes : deflated;

    // What the record in front of the content and the one in the directory have in common.
    const shared = new DataView(new ArrayBuffer(26));
    shared.setUint16(0, 20, true);
    shared.setUint16(2, isAscii(name) ? 0 : utf8Names, true);
    shared.setUint16(4, stored ? 0 : 8, true);
    shared.setUint32(6, writeDate(date), true);
    shared.setUint32(10, checksum(bytes), true);
    shared.setUint32(14, content.length, true);
    shared.setUint32(18, bytes.length, true);
    shared.setUint16(22, encoded.length, true);
    const common = new Uint8Array(shared.buffer);

    parts.push(number(local, 4), common, encoded, content);
    directory.push(number(central, 4), number(20, 2), common, new Uint8Array(10), number(offset, 4), encoded);
    offset += 30 + encoded.length + content.length;
  }
  const length = directory.reduce((sum, part) => sum + part.length, 0);
  return joined([
    ...parts,
    ...directory,
    number(endOfCentral, 4),
    number(0, 4),
    number(entries.length, 2),
    number(entries.length, 2),
    number(length, 4),
    number(offset, 4),
    number(0, 2),
  ]);
}

function number(value: number, bytes: 2 | 4): Uint8Array {
  const view = new DataView(new ArrayBuffer(bytes));
  if (bytes === 2) view.setUint16(0, value, true);
  else view.setUint32(0, value, true);
  return new Uint8Array(view.buffer);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const isAscii = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);

function readDate(packed: number): string {
  const digits = (value: number, count = 2) => String(value).padStart(count, '0');
  const day = `${digits(1980 + (packed >>> 25), 4)}-${digits((packed >>> 21) & 15)}-${digits((packed >>> 16) & 31)}`;
  return `${day}T${digits((packed >>> 11) & 31)}:${digits((packed >>> 5) & 63)}:${digits((packed & 31) * 2)}`;
}

function writeDate(date: string): number {
  const [year = 1980, month = 1, day = 1, hour = 0, minute = 0, second = 0] = date.split(/[-T:]/).map(Number);
  return (
    (((year - 1980) << 25) | (month << 21) | (day << 16) | (hour << 11) | (minute << 5) | (second >> 1)) >>> 0
  );
}

const table = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** CRC-32. */
function checksum(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = (value >>> 8) ^ (table[(value ^ byte) & 255] as number);
  return (value ^ 0xffffffff) >>> 0;
}

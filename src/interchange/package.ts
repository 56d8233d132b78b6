// The package of a desktop flow in the older solution format: `Workflows/Name-ID.json` holds a zip archive as base64, with the text
// and the repositories in UTF-16. Agents run what is in it, so it must follow the text.
import { member, readJson, stringValue } from './json.ts';
import { readZip, writeZip, type ZipEntry } from './zip.ts';

export interface FlowPackage {
  readonly entries: readonly ZipEntry[];
  /** The text of a file of the package; undefined when it has no such file. */
  text(file: string): string | undefined;
}

/** The package in a workflow's JSON; undefined when that has none, as in newer solutions. Throws the codes of `readZip`. */
export function readPackage(json: Uint8Array): FlowPackage | undefined {
  const text = decode(json);
  const base64 = stringValue(text, packageNode(text));
  if (!base64) return undefined;
  const entries = readZip(Uint8Array.from(atob(base64), (unit) => unit.charCodeAt(0)));
  return {
    entries,
    text(file) {
      const entry = entries.find(({ name }) => name.toLowerCase() === file.toLowerCase());
      return entry && decodeEntry(entry.bytes);
    },
  };
}

/** The workflow's JSON with other texts in its package; the same bytes when none of them differs. */
export function writePackage(
  json: Uint8Array,
  packed: FlowPackage,
  texts: ReadonlyMap<string, string>,
): Uint8Array {
  let changed = false;
  const entries = packed.entries.map((entry): ZipEntry => {
    const text = texts.get(entry.name);
    if (text === undefined || text === decodeEntry(entry.bytes)) return entry;
    changed = true;
    return { ...entry, bytes: encodeLike(text, entry.bytes) };
  });
  const text = decode(json);
  const node = packageNode(text);
  if (!changed || node === undefined) return json;
  let binary = '';
  for (const byte of writeZip(entries)) binary += String.fromCharCode(byte);
  const written = `${text.slice(0, node.start)}"${btoa(binary)}"${text.slice(node.end)}`;
  return new TextEncoder().encode(written);
}

const decode = (json: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(json);

function packageNode(json: string) {
  return member(member(member(readJson(json).root, 'properties'), 'definition'), 'package');
}

/** UTF-16 without a mark is what the designer writes here; anything else is UTF-8. */
const isUtf16 = (bytes: Uint8Array): boolean => bytes.length >= 2 && bytes.length % 2 === 0 && bytes[1] === 0;

function decodeEntry(bytes: Uint8Array): string {
  return new TextDecoder(isUtf16(bytes) ? 'utf-16le' : 'utf-8', { ignoreBOM: true }).decode(bytes);
}

function encodeLike(text: string, original: Uint8Array): Uint8Array {
  if (!isUtf16(original)) return new TextEncoder().encode(text);
  const bytes = new Uint8Array(2 * text.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < text.length; i++) view.setUint16(2 * i, text.charCodeAt(i), true);
  return bytes;
}

// Texts of cells as files write them. Knows nothing of cells.
import { decodeXml } from '../office/xml.ts';

const markup: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/**
 * The text of a cell as files write it: characters that XML cannot hold are `_xHHHH_`, and what looks like that is protected.
 * Halves of characters, which UTF-8 cannot hold, become U+FFFD.
 */
export function encodeCellText(text: string): string {
  if (!/[^\x20-\x7e\n\t]|_x|[&<>"]/.test(text)) return text;
  return text
    .toWellFormed()
    .replace(/_(?=x[0-9a-f]{4}_)/gi, '_x005F_')
    .replace(
      /[\x00-\x08\x0b-\x0d\x0e-\x1f\ufffe\uffff]/g,
      (character) => `_x${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`,
    )
    .replace(/[&<>]/g, (character) => markup[character] as string);
}

/** The inverse, from XML text. */
export function decodeCellText(text: string): string {
  const plain = decodeXml(text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text);
  if (!plain.includes('_x')) return plain;
  return plain.replace(/_x([0-9a-f]{4})_/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}

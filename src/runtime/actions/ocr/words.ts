// The words that an engine read, and looking for a text among them.
import type { Rectangle } from '../../../desktop/desktop.ts';
import type { NetRegex } from '../../dotnet/regex.ts';
import type { Word } from './engine.ts';

/** Rows of the engine's table that are words. */
const wordLevel = '5';

/** The words in Tesseract's table: level, page, block, paragraph, line, word, left, top, width, height, confidence, text. */
export function wordsOf(table: string): Word[] {
  return table.split(/\r?\n/).flatMap((row) => {
    const [level, page, block, paragraph, line, , left, top, width, height, , ...text] = row.split('\t');
    const word = text.join('\t').trim();
    if (level !== wordLevel || word === '') return [];
    return [
      {
        text: word,
        line: [page, block, paragraph, line].join('.'),
        place: { x: Number(left), y: Number(top), width: Number(width), height: Number(height) },
      },
    ];
  });
}

/**
 * The places of a text, in the order of the words. It may stand across words of one line, which count as separated by one blank. Text
 * is found in any letter case, an expression as it says itself.
 */
export function findText(words: readonly Word[], wanted: string | NetRegex): Rectangle[] {
  const lines = new Map<string, Word[]>();
  for (const word of words) {
    const line = lines.get(word.line);
    if (line === undefined) lines.set(word.line, [word]);
    else line.push(word);
  }
  return [...lines.values()].flatMap((line) => {
    const text = line.map((word) => word.text).join(' ');
    return matches(text, wanted).map(([start, end]) => around(line, start, end));
  });
}

function matches(text: string, wanted: string | NetRegex): [start: number, end: number][] {
  if (typeof wanted !== 'string')
    return wanted
      .all(text)
      .flatMap(({ index, text: found }) => (found === '' ? [] : [[index, index + found.length]]));
  const needle = wanted.trim().replace(/\s+/g, ' ').toLowerCase();
  const found: [number, number][] = [];
  if (needle === '') return found;
  const hay = text.toLowerCase();
  for (let at = hay.indexOf(needle); at >= 0; at = hay.indexOf(needle, at + needle.length))
    found.push([at, at + needle.length]);
  return found;
}

/** The words of a line that a piece of its text touches, as one rectangle. */
function around(line: readonly Word[], start: number, end: number): Rectangle {
  let at = 0;
  const touched = line.filter(({ text }) => {
    const [from, to] = [at, at + text.length];
    at = to + 1;
    return from < end && to > start;
  });
  const places = touched.map(({ place }) => place);
  const x = Math.min(...places.map((place) => place.x));
  const y = Math.min(...places.map((place) => place.y));
  return {
    x,
    y,
    width: Math.max(...places.map((place) => place.x + place.width)) - x,
    height: Math.max(...places.map((place) => place.y + place.height)) - y,
  };
}

// The table of texts that the cells of a workbook share. New texts are added behind those that are there, so that cells of sheets
// nobody touched keep their numbers.
import type { PartContent } from '../office/archive.ts';
import type { Package } from '../office/package.ts';
import { damaged } from '../office/problem.ts';
import { tagEnd } from '../office/xml.ts';
import { decodeCellText, encodeCellText } from './cellText.ts';

/** A text with formats or phonetic hints inside: kept as it is written as long as nobody writes into its cell. */
export class RichText {
  readonly text: string;
  /** What stands inside `<si>` or `<is>`. */
  readonly xml: string;
  /** Its number in the shared table; undefined when it was written into the cell itself. */
  readonly index: number | undefined;
  constructor(text: string, xml: string, index: number | undefined) {
    this.text = text;
    this.xml = xml;
    this.index = index;
  }
}

/**
 * Further new texts go into their cells. A table of a million rows may bring millions of different texts, and an index of all of
 * them would need more memory than the table itself.
 */
const maxNewTexts = 200_000;

/** The text of an `<si>` or `<is>`: plain when it has no formats, undefined content stays as written. */
export function readStringItem(xml: string, index: number | undefined): string | RichText {
  // Almost all items are a single <t>.
  const plain = /^\s*<(?:\w+:)?t(?:\s[^>]*)?>([^<]*)<\/(?:\w+:)?t>\s*$/.exec(xml);
  if (plain !== null) return decodeCellText(plain[1] as string);
  // Phonetic hints (rPh) are no part of the text.
  const visible = xml.replace(/<(\w+:)?rPh\b[\s\S]*?<\/(?:\w+:)?rPh>/g, '');
  let text = '';
  for (const [, part] of visible.matchAll(/<(?:\w+:)?t(?:\s[^>]*)?>([^<]*)<\/(?:\w+:)?t>/g))
    text += decodeCellText(part as string);
  return /<(?:\w+:)?(?:r|rPh|phoneticPr)\b/.test(xml) ? new RichText(text, xml, index) : text;
}

/** A text as an element `<t>`, with or without a namespace prefix (`x:`). */
export function textElement(text: string, prefix: string): string {
  const spaces = /^\s|\s$|\n/.test(text) ? ' xml:space="preserve"' : '';
  return `<${prefix}t${spaces}>${encodeCellText(text)}</${prefix}t>`;
}

export class SharedStrings {
  readonly items: readonly (string | RichText)[];
  /** The spelling under which the part is there; undefined when there is none. */
  readonly partName: string | undefined;
  readonly #xml: string;
  readonly #added: string[] = [];
  #numbers: Map<string, number> | undefined;

  private constructor(partName: string | undefined, xml: string, items: readonly (string | RichText)[]) {
    this.partName = partName;
    this.#xml = xml;
    this.items = items;
  }

  /** Without a part of that kind (`partName` undefined) all texts go into their cells. */
  static async read(parts: Package, partName: string | undefined): Promise<SharedStrings> {
    if (partName === undefined || !parts.has(partName)) return new SharedStrings(undefined, '', []);
    const spelling = parts.names.find((name) => name.toLowerCase() === partName.toLowerCase());
    const xml = await parts.text(partName);
    const items: (string | RichText)[] = [];
    const opening = /<(?:\w+:)?si(?=[\s/>])/g;
    for (let match = opening.exec(xml); match !== null; match = opening.exec(xml)) {
      const end = tagEnd(xml, match.index);
      if (xml[end - 1] === '/') {
        items.push('');
        continue;
      }
      const closing = xml.indexOf(`</${match[0].slice(1)}>`, end);
      if (closing < 0) throw damaged('the table of its texts is cut off.');
      items.push(readStringItem(xml.slice(end + 1, closing), items.length));
      opening.lastIndex = closing;
    }
    return new SharedStrings(spelling, xml, items);
  }

  /** The number of a text, which is added when it is new; undefined when it must go into its cell. */
  numberOf(text: string): number | undefined {
    if (this.partName === undefined) return undefined;
    if (this.#numbers === undefined) {
      this.#numbers = new Map();
      for (const [index, item] of this.items.entries()) {
        if (typeof item === 'string' && !this.#numbers.has(item)) this.#numbers.set(item, index);
      }
    }
    let number = this.#numbers.get(text);
    if (number === undefined && this.#added.length < maxNewTexts) {
      number = this.items.length + this.#added.length;
      this.#added.push(text);
      this.#numbers.set(text, number);
    }
    return number;
  }

  /** The table as it is to be written, with what was added so far. */
  content(parts: Package): readonly [name: string, content: PartContent] | undefined {
    if (this.partName === undefined) return undefined;
    if (this.#added.length === 0) return [this.partName, parts.stored(this.partName) ?? this.#xml];
    const rootAt = this.#xml.search(/<(?:\w+:)?sst[\s/>]/);
    const rootEnd = tagEnd(this.#xml, rootAt);
    const name = /^<((?:\w+:)?)sst/.exec(this.#xml.slice(rootAt)) as RegExpExecArray;
    const prefix = name[1] as string;
    // How often the texts are used is not known without reading every sheet; the attribute is optional.
    const root = this.#xml
      .slice(rootAt, rootEnd)
      .replace(/\/$/, '')
      .replace(/\s(?:count|uniqueCount)\s*=\s*(?:"[^"]*"|'[^']*')/g, '');
    const body =
      this.#xml[rootEnd - 1] === '/' ? '' : this.#xml.slice(rootEnd + 1, lastItemEnd(this.#xml, rootEnd + 1));
    const rest =
      this.#xml[rootEnd - 1] === '/' ? `</${prefix}sst>` : this.#xml.slice(rootEnd + 1 + body.length);
    const start = `${this.#xml.slice(0, rootAt)}${root} uniqueCount="${this.items.length + this.#added.length}">`;
    const added = this.#added;
    const texts = function* () {
      yield start;
      yield body;
      for (let from = 0; from < added.length; from += 1000) {
        yield added
          .slice(from, from + 1000)
          .map((text) => `<${prefix}si>${textElement(text, prefix)}</${prefix}si>`)
          .join('');
      }
      yield rest;
    };
    return [this.partName, texts];
  }
}

/** New items belong behind the last one, in front of extensions. */
function lastItemEnd(xml: string, from: number): number {
  const extensions = xml.slice(from).search(/<(?:\w+:)?extLst[\s/>]/);
  if (extensions >= 0) return from + extensions;
  return xml.lastIndexOf('</');
}

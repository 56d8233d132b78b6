// JSON text → flow values. The platform's parser would lose digits of numbers and the order of names such as "2", and exhaust the stack
// on deep nesting. Writing JSON is a matter of each user.
import { readDecimal } from './dotnet/decimal.ts';
import { CustomObject, type Numeric, type Value } from './values.ts';

/** Where a text is no JSON. The message ends with the place. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
}

/** Levels of lists and objects in a JSON text. Whatever walks through a value does so recursively; deeper nesting is no data. */
export const depthLimit = 1_000;

const blanks = /[ \t\n\r]*/y;
const plainCharacters = /[^"\\\x00-\x1f]*/y;
const escapes = /(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y;
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const words: readonly (readonly [string, Value])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];

/**
 * The value of a JSON text: objects become custom objects with their names in order (of the same name twice the last counts), arrays
 * lists, null blank, numbers keep all their digits. Blanks and a byte order mark around it do not matter. Throws JsonError.
 */
export function parseJson(text: string): Value {
  return new JsonReader(text.trim()).read();
}

class JsonReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Value {
    const value = this.#value(0);
    this.#skip(blanks);
    if (this.#at < this.#text.length) this.#fail('there is something behind the end');
    return value;
  }

  #value(depth: number): Value {
    if (depth > depthLimit) this.#fail(`it is nested more than ${depthLimit.toLocaleString('en')} deep`);
    this.#skip(blanks);
    const first = this.#text[this.#at];
    if (first === '{') return this.#object(depth);
    if (first === '[') return this.#list(depth);
    if (first === '"') return this.#string();
    const written = this.#skip(number);
    if (written !== '') return this.#number(written);
    for (const [word, value] of words) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    return this.#fail(
      'a value is missing: a text in double quotes, a number, an object, a list, true, false or null',
    );
  }

  #object(depth: number): CustomObject {
    const object = new CustomObject();
    this.#items('}', 'an object', () => {
      if (this.#text[this.#at] !== '"') this.#fail('a name in double quotes is missing');
      const name = this.#string();
      this.#skip(blanks);
      if (this.#text[this.#at] !== ':') this.#fail('":" is missing behind a name');
      this.#at++;
      // Not by its setter, which takes names that differ in letter case only for one.
      object.entries.set(name, this.#value(depth + 1));
    });
    return object;
  }

  #list(depth: number): Value[] {
    const list: Value[] = [];
    this.#items(']', 'a list', () => {
      list.push(this.#value(depth + 1));
    });
    return list;
  }

  /** What stands between brackets, from the opening one on. */
  #items(end: string, what: string, readItem: () => void): void {
    this.#at++;
    this.#skip(blanks);
    if (this.#text[this.#at] === end) {
      this.#at++;
      return;
    }
    for (;;) {
      this.#skip(blanks);
      readItem();
      this.#skip(blanks);
      const next = this.#text[this.#at];
      if (next !== end && next !== ',') this.#fail(`"," or "${end}" is missing in ${what}`);
      this.#at++;
      if (next === end) return;
    }
  }

  #string(): string {
    const start = this.#at++;
    const plain = this.#skip(plainCharacters);
    if (this.#text[this.#at] === '"') {
      this.#at++;
      return plain;
    }
    this.#skip(escapes);
    const next = this.#text[this.#at];
    if (next === undefined) this.#fail('a text has no end');
    if (next === '\\') this.#fail('a text has a backslash with something behind it that has no meaning');
    if (next !== '"')
      this.#fail('a text has a line end or another control character; it must be written like \\n');
    this.#at++;
    return JSON.parse(this.#text.slice(start, this.#at)) as string;
  }

  #number(written: string): Numeric {
    const value = Number(written);
    if (!Number.isFinite(value)) this.#fail(`the number ${written} is too large`);
    if (Number.isSafeInteger(value)) return value + 0;
    const digits = written.replace(/e.*/i, '').replace(/\D/g, '').replace(/^0+/, '');
    return digits.length <= 15 ? value : (readDecimal(written) ?? value);
  }

  /** Goes on behind what `pattern` finds here, and gives it back. */
  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #fail(what: string): never {
    const before = this.#text.slice(0, this.#at).split('\n');
    throw new JsonError(`${what} (line ${before.length}, character ${(before.at(-1) as string).length + 1})`);
  }
}

// Selectors of windows and their elements as text: `:desktop > window[Name="Ledger"] > button[Id="save"]:eq(1)`, read and printed.
// What a level matches is decided in match.ts; the selectors of web pages, which are CSS, are read elsewhere.
import { controlTags } from './controls.ts';
import { DesktopError } from './errors.ts';
import type { ElementSelector, SelectorAttribute, SelectorLevel } from './selector.ts';

/** Operators as they are stored, in lower case, and as text writes them. */
export const selectorOperators: Readonly<Record<string, string>> = {
  equalto: '=',
  notequalto: '!=',
  contains: '*=',
  startswith: '^=',
  endswith: '$=',
  regularexpressionmatch: '~=',
};

const storedOperators: Readonly<Record<string, string>> = {
  '=': 'EqualTo',
  '!=': 'NotEqualTo',
  '*=': 'Contains',
  '^=': 'StartsWith',
  '$=': 'EndsWith',
  '~=': 'RegularExpressionMatch',
};

/** The outermost level of a selector that begins at the desktop instead of a window. */
export const desktopTag = ':desktop';

/** Text that is no selector. `position` is the character at which it goes wrong, from 0. */
export class SelectorTextError extends DesktopError {
  readonly position: number;

  constructor(text: string, position: number, reason: string) {
    super(
      'InvalidSelector',
      `The selector "${text}" cannot be read from character ${position + 1} on: ${reason}.`,
      'Correct the selector. Levels look like button[Name="Save"] and are joined by " > ".',
    );
    this.position = position;
  }
}

/** The levels of a selector, however it is stored. Throws SelectorTextError. */
export function levelsOf({ text, levels }: ElementSelector): readonly SelectorLevel[] {
  return text === undefined ? levels : parseSelectorText(text);
}

/**
 * `>` makes a level a child of the one before it, a blank something anywhere below it. A leading `>` makes the first one a child of the
 * window. Throws SelectorTextError.
 */
export function parseSelectorText(text: string): SelectorLevel[] {
  return new Reader(text).selector();
}

/** What `parseSelectorText` reads as the same levels. */
export function levelsText(levels: readonly SelectorLevel[]): string {
  return levels
    .map((level, index) => {
      const before = levels[index - 1];
      if (level.isDirect || before === undefined) return `${level.isDirect ? ' > ' : ''}${levelText(level)}`;
      // Two tags that would be read as one type of control.
      const isOneTag = controlTags.has(`${levelText(before)} ${tagText(level.element)}`.toLowerCase());
      return ` ${isOneTag ? '\\' : ''}${levelText(level)}`;
    })
    .join('');
}

/** `button[Name="Save"][Enabled!="False"]:eq(1)`. An unknown operator stands as it is stored. */
export function levelText({ element, attributes, ordinal }: SelectorLevel): string {
  const conditions = attributes.map(
    ({ name, operator, value }) =>
      `[${name}${selectorOperators[operator.toLowerCase()] ?? ` ${operator} `}${quoted(value)}]`,
  );
  return `${tagText(element)}${conditions.join('')}${ordinal === undefined ? '' : `:eq(${ordinal})`}`;
}

/** A text in quotes. */
export const quoted = (value: string): string => `"${value.replace(/["\\]/g, '\\$&')}"`;

function tagText(tag: string): string {
  if (tag === '') return '*';
  if (tag === desktopTag || controlTags.has(tag.toLowerCase())) return tag;
  return tag.replace(/[\s*\\>[\]:"']/g, '\\$&');
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  selector(): SelectorLevel[] {
    const levels: SelectorLevel[] = [];
    this.#take(/\s+/y);
    let isDirect = this.#direct();
    for (;;) {
      const level = this.#level(isDirect);
      if (level.element === desktopTag && (levels.length > 0 || level.isDirect))
        this.#fail('only the first level can be the desktop', this.#at - desktopTag.length);
      levels.push(level);
      const isSpaced = this.#take(/\s+/y) !== undefined;
      if (this.#at >= this.#text.length) return levels;
      isDirect = this.#direct();
      if (!isSpaced && !isDirect) this.#fail(`"${this.#text[this.#at]}" is not expected`);
    }
  }

  #direct(): boolean {
    return this.#take(/>\s*/y) !== undefined;
  }

  #level(isDirect: boolean): SelectorLevel {
    const start = this.#at;
    if (this.#take(/:desktop(?![\w-])/iy) !== undefined)
      return { element: desktopTag, isDirect, attributes: [], ordinal: undefined };
    const element = this.#tag();
    const attributes: SelectorAttribute[] = [];
    let ordinal: string | undefined;
    for (;;) {
      const at = this.#at;
      if (this.#text[at] === '[') {
        const attribute = this.#attribute();
        const isOrdinal = attribute.name.toLowerCase() === 'ordinal' && attribute.operator === 'EqualTo';
        if (!isOrdinal) attributes.push(attribute);
        else if (ordinal === undefined) ordinal = attribute.value;
        else this.#fail('the level has two ordinals', at);
      } else if (this.#text[at] === ':') {
        const found = /^:(?:eq|nth)\(\s*([^()]*?)\s*\)/i.exec(this.#text.slice(at))?.[1];
        if (found === undefined || found === '')
          this.#fail('behind ":" only eq(…) with a whole number is known');
        if (ordinal !== undefined) this.#fail('the level has two ordinals');
        ordinal = found;
        this.#at = this.#text.indexOf(')', at) + 1;
      } else break;
    }
    if (this.#at === start)
      this.#fail(this.#at < this.#text.length ? 'a level is expected' : 'it ends there');
    return { element, isDirect, attributes, ordinal };
  }

  /** Words that together are a type of control (`list item`) are one tag. */
  #tag(): string {
    if (this.#take(/\*/y) !== undefined) return '';
    const types = this.#take(/[a-z]+(?: +[a-z]+)+/iy);
    if (types !== undefined) {
      const [first = '', second = ''] = types.split(/ +/);
      const isOneTag = controlTags.has(`${first} ${second}`.toLowerCase());
      this.#at -= types.length;
      if (isOneTag) return (this.#take(/[a-z]+ +[a-z]+/iy) as string).replace(/ +/, ' ');
    }
    return (this.#take(/(?:\\[\s\S]|[^\s\\>[\]:"'])+/y) ?? '').replace(/\\([\s\S])/g, '$1');
  }

  #attribute(): SelectorAttribute {
    const start = this.#at;
    this.#take(/\[\s*/y);
    const name = this.#take(/[^\s=!~^$*"'[\]<>]+/y) ?? this.#fail('the name of an attribute is expected');
    this.#take(/\s+/y);
    const sign = this.#take(/[!*^$~]?=/y) ?? this.#fail('one of = != *= ^= $= ~= is expected');
    this.#take(/\s+/y);
    const value = this.#value(start);
    this.#take(/\s+/y);
    if (this.#take(/\]/y) === undefined) this.#fail('"]" is expected');
    return { name, operator: storedOperators[sign] as string, value };
  }

  #value(start: number): string {
    const quote = this.#take(/["']/y);
    if (quote === undefined)
      return this.#take(/[^\]"']+/y)?.trimEnd() ?? this.#fail('a value in quotes is expected');
    let value = '';
    for (;;) {
      const letter = this.#text[this.#at++];
      if (letter === undefined) this.#fail('the value has no closing quote', start);
      if (letter === quote) return value;
      const next = this.#text[this.#at];
      // A backslash before anything else is meant as it is: expressions are full of them.
      if (letter === '\\' && (next === '\\' || next === quote)) {
        value += next;
        this.#at++;
      } else value += letter;
    }
  }

  #take(expression: RegExp): string | undefined {
    expression.lastIndex = this.#at;
    const found = expression.exec(this.#text)?.[0];
    if (found === undefined) return undefined;
    this.#at += found.length;
    return found;
  }

  #fail(reason: string, position = this.#at): never {
    throw new SelectorTextError(this.#text, Math.min(position, this.#text.length), reason);
  }
}

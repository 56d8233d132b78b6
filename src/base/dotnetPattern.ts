// Rewrites a .NET pattern as a JavaScript pattern (without the u flag, because .NET too works on UTF-16 code units).
// One pass, recursive descent; classes become explicit ranges. Matching is in runtime/dotnet/regex.ts and desktop/match.ts.

export class PatternError extends Error {
  override readonly name = 'PatternError';
}

export interface TranslatedPattern {
  /** For `new RegExp(source, 'g' | 'gi')`. */
  readonly source: string;
  /** .NET group numbers and names → the JavaScript groups that stand for them. */
  readonly groups: ReadonlyMap<string, readonly number[]>;
  /** The highest .NET group number; 0 without groups. */
  readonly lastNumber: number;
}

/** Options that change how a pattern is read; `i` is left to JavaScript as `(?i:…)`. */
interface Options {
  readonly ignoreCase: boolean | undefined;
  readonly multiline: boolean;
  readonly singleline: boolean;
  readonly explicitCapture: boolean;
  readonly freeSpacing: boolean;
}

const startOfText = '(?:(?<![\\s\\S]))';
const endOfText = '(?:(?![\\s\\S]))';

/** Throws PatternError with the reason and the position (0-based) when .NET would refuse the pattern or the agent cannot carry it out. */
export function translatePattern(pattern: string): TranslatedPattern {
  return new Translator(pattern).translate();
}

class Translator {
  readonly #pattern: string;
  #at = 0;
  #jsGroups = 0;
  /** Unnamed .NET groups in order: their JavaScript groups. */
  readonly #unnamed: number[] = [];
  readonly #named = new Map<string, number[]>();
  /** Places in the output where a back reference waits for the final group numbers. */
  readonly #references: { readonly name: string; readonly position: number }[] = [];

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  translate(): TranslatedPattern {
    const source = this.#alternatives({
      ignoreCase: undefined,
      multiline: false,
      singleline: false,
      explicitCapture: false,
      freeSpacing: false,
    });
    if (this.#at < this.#pattern.length) this.#fail('a closing parenthesis has no opening one');
    const groups = this.#numbers();
    const lastNumber = Math.max(0, ...[...groups.keys()].filter((name) => /^\d+$/.test(name)).map(Number));
    for (const { name, position } of this.#references) {
      if (!groups.has(name)) this.#fail(`it refers to the group '${name}', which does not exist`, position);
    }
    const resolved = source.replace(/\u0000(\w+)\u0000/g, (_, name: string) => {
      const indexes = groups.get(name) ?? [];
      // Of the groups that share a name one takes part; the others match the empty text.
      return `(?:${indexes.map((index) => `\\${index}`).join('')})`;
    });
    try {
      new RegExp(resolved);
    } catch (error) {
      this.#fail(error instanceof Error ? error.message.replace(/^.*: /s, '') : String(error), 0);
    }
    return { source: resolved, groups, lastNumber };
  }

  /** .NET numbers unnamed groups first, then named ones in order of appearance; a numeric name is a number. */
  #numbers(): Map<string, number[]> {
    const groups = new Map<string, number[]>();
    const numeric = [...this.#named].filter(([name]) => /^\d+$/.test(name));
    for (const [name, indexes] of numeric) groups.set(String(Number(name)), [...indexes]);
    let number = 0;
    const next = () => {
      do number++;
      while (numeric.some(([name]) => Number(name) === number));
      return String(number);
    };
    for (const index of this.#unnamed) groups.set(next(), [index]);
    for (const [name, indexes] of this.#named) {
      if (/^\d+$/.test(name)) continue;
      groups.set(name, indexes);
      groups.set(next(), indexes);
    }
    return groups;
  }

  #fail(reason: string, position = this.#at): never {
    throw new PatternError(`at character ${position + 1}: ${reason}`);
  }

  #peek(text: string): boolean {
    return this.#pattern.startsWith(text, this.#at);
  }

  #take(text: string): boolean {
    if (!this.#peek(text)) return false;
    this.#at += text.length;
    return true;
  }

  /** Everything up to the end or an unmatched `)`. */
  #alternatives(outer: Options): string {
    let options = outer;
    let output = '';
    // `(?i)` holds to the end of the group, across alternatives: it is written as a group that is closed and reopened at every `|`.
    let open = '';
    while (this.#at < this.#pattern.length && !this.#peek(')')) {
      if (this.#take('|')) {
        output += `${open === '' ? '' : ')'}|${open}`;
        continue;
      }
      if (options.freeSpacing && this.#skipSpacing()) continue;
      const inline = /^\(\?([imnsx]*)(?:-([imnsx]*))?\)/.exec(this.#pattern.slice(this.#at));
      if (inline) {
        this.#at += inline[0].length;
        options = changed(options, inline[1] ?? '', inline[2] ?? '');
        if (options.ignoreCase === undefined) continue;
        output += open === '' ? '' : ')';
        open = options.ignoreCase ? '(?i:' : '(?-i:';
        output += open;
        continue;
      }
      if (this.#skipComment()) continue;
      output += this.#quantified(options);
    }
    return output + (open === '' ? '' : ')');
  }

  #skipSpacing(): boolean {
    const blank = /^(?:[ \t\n\r\f\v]+|#[^\n]*)/.exec(this.#pattern.slice(this.#at));
    this.#at += blank?.[0].length ?? 0;
    return blank !== null;
  }

  #skipComment(): boolean {
    if (!this.#peek('(?#')) return false;
    const end = this.#pattern.indexOf(')', this.#at);
    if (end < 0) this.#fail('the comment is never closed');
    this.#at = end + 1;
    return true;
  }

  /** One element with its quantifier. */
  #quantified(options: Options): string {
    const start = this.#at;
    if (/^(?:[*+?]|\{\d+(?:,\d*)?\})/.test(this.#pattern.slice(start)))
      this.#fail('a quantifier follows nothing');
    const element = this.#element(options);
    while ((options.freeSpacing && this.#skipSpacing()) || this.#skipComment());
    const quantifier = /^(?:[*+?]|\{(\d+)(?:,(\d*))?\})\??/.exec(this.#pattern.slice(this.#at));
    if (!quantifier) return element;
    const [written, least, most] = quantifier;
    if (least !== undefined && most !== undefined && most !== '' && Number(most) < Number(least))
      this.#fail('the quantifier has its bounds the wrong way round');
    this.#at += written.length;
    while ((options.freeSpacing && this.#skipSpacing()) || this.#skipComment());
    if (/^(?:[*+?]|\{\d+(?:,\d*)?\})/.test(this.#pattern.slice(this.#at)))
      this.#fail('a quantifier follows another one');
    return element + written;
  }

  #element(options: Options): string {
    const letter = this.#pattern[this.#at] as string;
    this.#at++;
    switch (letter) {
      case '(':
        return this.#group(options);
      case '[':
        return this.#class();
      case '\\':
        return this.#escape();
      case '.':
        return options.singleline ? '[\\s\\S]' : '[^\\n]';
      case '^':
        return options.multiline ? '(?:(?<![^\\n]))' : startOfText;
      case '$':
        return options.multiline ? '(?:(?![^\\n]))' : `(?:(?=\\n?${endOfText}))`;
      default:
        return literal(letter.charCodeAt(0));
    }
  }

  /** Behind the opening parenthesis. */
  #group(options: Options): string {
    const start = this.#at - 1;
    const body = (inner: Options): string => {
      const text = this.#alternatives(inner);
      if (!this.#take(')')) this.#fail('the parenthesis is never closed', start);
      return text;
    };
    if (!this.#take('?')) {
      if (options.explicitCapture) return `(?:${body(options)})`;
      const index = ++this.#jsGroups;
      this.#unnamed.push(index);
      return `(${body(options)})`;
    }
    for (const prefix of [':', '=', '!', '<=', '<!']) {
      if (this.#take(prefix)) {
        const group = `(?${prefix}${body(options)})`;
        // Around a lookaround, so that a quantifier may follow it as in .NET.
        return prefix === ':' ? group : `(?:${group})`;
      }
    }
    if (this.#take('>')) {
      // An atomic group: a lookahead is never re-entered, and what it found is then matched literally.
      const index = ++this.#jsGroups;
      return `(?:(?=(${body(options)}))\\${index})`;
    }
    const named = /^(?:<(\w+)>|'(\w+)')/.exec(this.#pattern.slice(this.#at));
    if (named) {
      const name = (named[1] ?? named[2]) as string;
      if (/^\d/.test(name) && !/^[1-9]\d*$/.test(name)) this.#fail(`'${name}' cannot be the name of a group`);
      this.#at += named[0].length;
      const index = ++this.#jsGroups;
      this.#named.set(name, [...(this.#named.get(name) ?? []), index]);
      return `(${body(options)})`;
    }
    const scoped = /^([imnsx]*)(?:-([imnsx]*))?:/.exec(this.#pattern.slice(this.#at));
    if (scoped) {
      this.#at += scoped[0].length;
      const inner = changed(options, scoped[1] ?? '', scoped[2] ?? '');
      const flag = inner.ignoreCase === undefined ? '' : inner.ignoreCase ? 'i' : '-i';
      return `(?${flag}:${body(inner)})`;
    }
    if (this.#peek('(')) this.#fail('conditional groups are not supported by this agent', start);
    if (/^[<'](?:\w+)?-\w+[>']/.test(this.#pattern.slice(this.#at)))
      this.#fail('balancing groups are not supported by this agent', start);
    return this.#fail('the kind of group is unknown', start);
  }

  /** Behind a backslash, outside a class. */
  #escape(): string {
    const position = this.#at - 1;
    const reference = /^(?:k(?:<(\w+)>|'(\w+)'|\{(\w+)\})|<(\w+)>|'(\w+)')/.exec(
      this.#pattern.slice(this.#at),
    );
    if (reference) {
      this.#at += reference[0].length;
      const name = reference.slice(1).find((text) => text !== undefined) as string;
      return this.#reference(/^\d+$/.test(name) ? String(Number(name)) : name, position);
    }
    const number = /^[1-9]\d*/.exec(this.#pattern.slice(this.#at))?.[0];
    if (number !== undefined) {
      // `\10` and beyond is a reference only when so many groups exist; otherwise it is an octal code.
      if (number.length === 1 || Number(number) <= countGroups(this.#pattern)) {
        this.#at += number.length;
        return this.#reference(number, position);
      }
      const octal = /^[1-7][0-7]{0,2}/.exec(number)?.[0];
      if (octal === undefined)
        this.#fail(`it refers to the group '${number}', which does not exist`, position);
      this.#at += octal.length;
      return literal(Number.parseInt(octal, 8) & 0xff);
    }
    const letter = this.#pattern[this.#at];
    if (letter === undefined) return this.#fail('the pattern ends with a lone backslash', position);
    switch (letter) {
      case 'b':
      case 'B': {
        this.#at++;
        const word = boundaryWord();
        const boundary = `(?<=${word})(?!${word})|(?<!${word})(?=${word})`;
        return letter === 'b' ? `(?:${boundary})` : `(?:(?!${boundary}))`;
      }
      case 'A':
        this.#at++;
        return startOfText;
      case 'Z':
        this.#at++;
        return `(?:(?=\\n?${endOfText}))`;
      case 'z':
        this.#at++;
        return endOfText;
      case 'G':
        return this.#fail('\\G is not supported by this agent', position);
      default: {
        const set = this.#shorthand();
        if (set) return `[${ranges(set)}]`;
        return literal(this.#characterCode(false));
      }
    }
  }

  #reference(name: string, position: number): string {
    this.#references.push({ name, position });
    return `\u0000${name}\u0000`;
  }

  /** `\d \w \s \p{…}` and their complements at the read position (behind the backslash); undefined for anything else. */
  #shorthand(): CodeSet | undefined {
    const letter = this.#pattern[this.#at] as string;
    const simple: Readonly<Record<string, () => CodeSet>> = { d: digit, w: word, s: space };
    const set = simple[letter.toLowerCase()];
    if (set) {
      this.#at++;
      return letter === letter.toLowerCase() ? set() : complement(set());
    }
    if (letter !== 'p' && letter !== 'P') return undefined;
    const property = /^[pP]\{([\w-]+)\}/.exec(this.#pattern.slice(this.#at));
    if (!property) this.#fail('a property is written \\p{Name}');
    const name = property[1] as string;
    const found = category(name);
    if (!found) this.#fail(`the property '${name}' is unknown`);
    this.#at += property[0].length;
    return letter === 'p' ? found : complement(found);
  }

  /** The code of an escaped character at the read position (behind the backslash). */
  #characterCode(inClass: boolean): number {
    const rest = this.#pattern.slice(this.#at);
    const hexadecimal = /^(?:x([0-9a-f]{2})|u([0-9a-f]{4}))/i.exec(rest);
    if (hexadecimal) {
      this.#at += hexadecimal[0].length;
      return Number.parseInt((hexadecimal[1] ?? hexadecimal[2]) as string, 16);
    }
    const control = /^c([a-z@[\\\]^_])/i.exec(rest);
    if (control) {
      this.#at += control[0].length;
      return (control[1] as string).toUpperCase().charCodeAt(0) - 64;
    }
    const octal = inClass ? /^[0-7]{1,3}/.exec(rest) : /^0[0-7]{0,2}/.exec(rest);
    if (octal) {
      this.#at += octal[0].length;
      return Number.parseInt(octal[0], 8) & 0xff;
    }
    const letter = rest[0] as string;
    const named: Readonly<Record<string, number>> = { a: 7, e: 27, f: 12, n: 10, r: 13, t: 9, v: 11 };
    const code = named[letter] ?? (inClass && letter === 'b' ? 8 : undefined);
    if (code === undefined && /[\w]/.test(letter)) this.#fail(`the escape '\\${letter}' is unknown`);
    this.#at++;
    return code ?? letter.charCodeAt(0);
  }

  /** Behind the opening bracket. Negation and subtraction are left to the engine, which applies them after ignoring letter case. */
  #class(): string {
    const start = this.#at - 1;
    const negated = this.#take('^');
    let set: CodeSet = [];
    let subtracted = '';
    for (let first = true; ; first = false) {
      const letter = this.#pattern[this.#at];
      if (letter === undefined) this.#fail('the character class is never closed', start);
      if (letter === ']' && !first) break;
      if (!first && this.#take('-[')) {
        subtracted = `(?!${this.#class()})`;
        if (!this.#peek(']')) this.#fail('a subtraction must be the last element of a class');
        break;
      }
      const low = this.#classItem();
      // A hyphen is a range only between two single characters.
      const isRange = this.#peek('-') && this.#pattern[this.#at + 1] !== ']' && !this.#peek('-[');
      if (typeof low !== 'number' || !isRange) {
        set = union(set, typeof low === 'number' ? [[low, low]] : low);
        continue;
      }
      this.#at++;
      const high = this.#classItem();
      if (typeof high !== 'number') this.#fail('a range of characters cannot end with a class');
      if (high < low) this.#fail('a range of characters has its bounds the wrong way round');
      set = union(set, [[low, high]]);
    }
    this.#at++;
    const source = `[${negated ? '^' : ''}${ranges(set)}]`;
    return subtracted === '' ? source : `(?:${subtracted}${source})`;
  }

  #classItem(): number | CodeSet {
    const letter = this.#pattern[this.#at];
    if (letter === undefined) return this.#fail('the character class is never closed');
    this.#at++;
    if (letter !== '\\') return letter.charCodeAt(0);
    if (this.#at >= this.#pattern.length) this.#fail('the pattern ends with a lone backslash');
    return this.#shorthand() ?? this.#characterCode(true);
  }
}

function changed(options: Options, on: string, off: string): Options {
  const value = (letter: string, current: boolean) =>
    off.includes(letter) ? false : on.includes(letter) || current;
  return {
    ignoreCase: off.includes('i') ? false : on.includes('i') ? true : options.ignoreCase,
    multiline: value('m', options.multiline),
    singleline: value('s', options.singleline),
    explicitCapture: value('n', options.explicitCapture),
    freeSpacing: value('x', options.freeSpacing),
  };
}

/** Number of capturing groups, without reading classes and escapes. */
function countGroups(pattern: string): number {
  const bare = pattern.replace(/\\[\s\S]|\[(?:\\[\s\S]|[^\]\\])*\]/g, '');
  return [...bare.matchAll(/\((?!\?)|\(\?(?:<\w|'\w)/g)].length;
}

/** One character for the JavaScript pattern. */
function literal(code: number): string {
  const letter = String.fromCharCode(code);
  return /[A-Za-z0-9_]/.test(letter) ? letter : `\\u${code.toString(16).padStart(4, '0')}`;
}

// ── Sets of UTF-16 code units: sorted, disjoint ranges ──────────────────────────────────────────────────────────

type CodeSet = readonly (readonly [number, number])[];

function union(a: CodeSet, b: CodeSet): CodeSet {
  const merged: [number, number][] = [];
  for (const [low, high] of [...a, ...b].sort((x, y) => x[0] - y[0])) {
    const last = merged.at(-1);
    if (last && low <= last[1] + 1) last[1] = Math.max(last[1], high);
    else merged.push([low, high]);
  }
  return merged;
}

function complement(set: CodeSet): CodeSet {
  const rest: [number, number][] = [];
  let next = 0;
  for (const [low, high] of set) {
    if (low > next) rest.push([next, low - 1]);
    next = high + 1;
  }
  if (next <= 0xffff) rest.push([next, 0xffff]);
  return rest;
}

/** The inside of a JavaScript class. */
function ranges(set: CodeSet): string {
  return set
    .map(([low, high]) => (low === high ? literal(low) : `${literal(low)}-${literal(high)}`))
    .join('');
}

const known = new Map<string, CodeSet>();

/** The code units below U+10000 that JavaScript's own Unicode tables give a property; computed once. */
function fromTables(key: string, expression: RegExp): CodeSet {
  let set = known.get(key);
  if (set) return set;
  const found: [number, number][] = [];
  for (let code = 0; code <= 0xffff; code++) {
    if (!expression.test(String.fromCharCode(code))) continue;
    const last = found.at(-1);
    if (last && last[1] === code - 1) last[1] = code;
    else found.push([code, code]);
  }
  set = found;
  known.set(key, set);
  return set;
}

const digit = (): CodeSet => fromTables('\\d', /\p{Nd}/u);
const word = (): CodeSet => fromTables('\\w', /[\p{L}\p{Mn}\p{Nd}\p{Pc}]/u);
const space = (): CodeSet => fromTables('\\s', /[\f\n\r\t\v\u0085\p{Z}]/u);

let boundaryClass: string | undefined;
/** The class of what counts as part of a word at a boundary: the two joiners do too. */
function boundaryWord(): string {
  boundaryClass ??= `[${ranges(union(word(), [[0x200c, 0x200d]]))}]`;
  return boundaryClass;
}

const categories = new Set(
  'L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp C Cc Cf Cs Co Cn'.split(
    ' ',
  ),
);

// Named blocks by .NET's names.
const blocks: Readonly<Record<string, CodeSet>> = {
  IsBasicLatin: [[0x0000, 0x007f]],
  'IsLatin-1Supplement': [[0x0080, 0x00ff]],
  'IsLatinExtended-A': [[0x0100, 0x017f]],
  'IsLatinExtended-B': [[0x0180, 0x024f]],
  IsCombiningDiacriticalMarks: [[0x0300, 0x036f]],
  IsGreek: [[0x0370, 0x03ff]],
  IsGreekandCoptic: [[0x0370, 0x03ff]],
  IsCyrillic: [[0x0400, 0x04ff]],
  IsHebrew: [[0x0590, 0x05ff]],
  IsArabic: [[0x0600, 0x06ff]],
  IsDevanagari: [[0x0900, 0x097f]],
  IsThai: [[0x0e00, 0x0e7f]],
  IsHangulJamo: [[0x1100, 0x11ff]],
  IsGeneralPunctuation: [[0x2000, 0x206f]],
  IsCurrencySymbols: [[0x20a0, 0x20cf]],
  IsHiragana: [[0x3040, 0x309f]],
  IsKatakana: [[0x30a0, 0x30ff]],
  IsCJKUnifiedIdeographs: [[0x4e00, 0x9fff]],
  IsHangulSyllables: [[0xac00, 0xd7af]],
};

function category(name: string): CodeSet | undefined {
  if (Object.hasOwn(blocks, name)) return blocks[name];
  return categories.has(name) ? fromTables(name, new RegExp(`\\p{${name}}`, 'u')) : undefined;
}

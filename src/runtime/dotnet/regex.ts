// .NET regular expressions on JavaScript's engine: finds, replaces and splits with .NET's meaning of classes, anchors, options, group numbers
// and replacement patterns. The translation itself is in base/dotnetPattern.ts. Not supported (an error says so): balancing groups, conditionals, \G.
import { type TranslatedPattern, translatePattern } from '../../base/dotnetPattern.ts';

/** A pattern .NET refuses, or one that uses a feature this agent does not have. The message says which and where. */
export { PatternError } from '../../base/dotnetPattern.ts';

export interface Match {
  readonly index: number;
  readonly text: string;
}

/** A compiled pattern. Positions are UTF-16 code units, as in .NET. Throws PatternError. */
export class NetRegex {
  readonly #expression: RegExp;
  readonly #pattern: TranslatedPattern;

  constructor(pattern: string, options: { readonly ignoreCase: boolean }) {
    this.#pattern = translatePattern(pattern);
    this.#expression = new RegExp(this.#pattern.source, options.ignoreCase ? 'gi' : 'g');
  }

  /** The first match at or behind `start`. Anchors and lookbehinds see the text before `start` too. */
  first(text: string, start = 0): Match | undefined {
    const match = this.#exec(text, start);
    return match === null ? undefined : { index: match.index, text: match[0] };
  }

  /** All matches from `start` on, none overlapping. */
  all(text: string, start = 0): Match[] {
    return this.#run(text, start).map((match) => ({ index: match.index, text: match[0] }));
  }

  /** `text` with every match replaced by a .NET replacement pattern (`$1`, `${name}`, `$&`, `$$`, `` $` ``, `$'`, `$+`, `$_`). */
  replace(text: string, replacement: string): string {
    const isLiteral = !replacement.includes('$');
    let result = '';
    let end = 0;
    for (const match of this.#run(text, 0)) {
      result += text.slice(end, match.index) + (isLiteral ? replacement : this.#expand(replacement, match));
      end = match.index + match[0].length;
    }
    return result + text.slice(end);
  }

  /** The texts between the matches. What groups captured stands between them, as .NET's Split gives it. */
  split(text: string): string[] {
    const pieces: string[] = [];
    let end = 0;
    for (const match of this.#run(text, 0)) {
      pieces.push(text.slice(end, match.index));
      for (let number = 1; number <= this.#pattern.lastNumber; number++) {
        const captured = this.#group(match, String(number));
        if (captured !== undefined) pieces.push(captured);
      }
      end = match.index + match[0].length;
    }
    pieces.push(text.slice(end));
    return pieces;
  }

  #exec(text: string, start: number): RegExpExecArray | null {
    this.#expression.lastIndex = start;
    return this.#expression.exec(text);
  }

  #run(text: string, start: number): RegExpExecArray[] {
    const matches: RegExpExecArray[] = [];
    let at = start;
    for (let match = this.#exec(text, at); match !== null; match = this.#exec(text, at)) {
      matches.push(match);
      at = match.index + (match[0].length || 1);
    }
    return matches;
  }

  /** What a group captured, by .NET number or name; undefined when it captured nothing or does not exist. */
  #group(match: RegExpExecArray, name: string): string | undefined {
    if (name === '0') return match[0];
    // A name may stand for several groups: the last one that took part counts.
    return this.#pattern.groups
      .get(name)
      ?.map((index) => match[index])
      .findLast((captured) => captured !== undefined);
  }

  #expand(replacement: string, match: RegExpExecArray): string {
    const { input } = match;
    return replacement.replace(
      /\$(?:(\$)|(&)|(`)|(')|(\+)|(_)|(\d+)|\{(\w+)\})/g,
      (
        written,
        dollar,
        whole,
        before,
        after,
        last,
        all,
        number: string | undefined,
        name: string | undefined,
      ) => {
        if (dollar) return '$';
        if (whole) return match[0];
        if (before) return input.slice(0, match.index);
        if (after) return input.slice(match.index + match[0].length);
        if (last) return this.#group(match, String(this.#pattern.lastNumber)) ?? '';
        if (all) return input;
        if (name !== undefined) {
          const key = /^\d+$/.test(name) ? String(Number(name)) : name;
          return this.#known(key) ? (this.#group(match, key) ?? '') : written;
        }
        // `$12` is group 12 when there is one; otherwise it stands for itself.
        const key = String(Number(number));
        return this.#known(key) ? (this.#group(match, key) ?? '') : written;
      },
    );
  }

  #known(name: string): boolean {
    return name === '0' || this.#pattern.groups.has(name);
  }
}

/** Escapes what has a meaning in a .NET pattern, exactly the characters .NET's Regex.Escape does: `\ * + ? | { [ ( ) ^ $ . #` and white space. */
export function escapePattern(text: string): string {
  const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\f': '\\f' };
  return text.replace(/[\\*+?|{[()^$.# \n\r\t\f]/g, (letter) => named[letter] ?? `\\${letter}`);
}

/** A JavaScript expression that finds `text` literally. */
export function literalExpression(text: string, ignoreCase: boolean): RegExp {
  return new RegExp(text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'), ignoreCase ? 'gi' : 'g');
}

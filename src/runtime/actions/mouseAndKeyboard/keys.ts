// The notation of "Send keys": text is typed as it is; `{Enter}` presses a key, `{Tab:3}` three times; `{Control}({C})` holds one or more
// keys while others are pressed; `{{}` and `{}}` are braces. Also the notation of shortcut keys, `Ctrl + Shift + A`.
import type { KeyStroke } from '../../../desktop/desktop.ts';
import { type Key, keyCodes, modifierKey, namedKey } from './keyNames.ts';

/** The text is no such notation. The message says where and never what stands there: keys may spell a password. */
export class KeysError extends Error {
  override readonly name = 'KeysError';
}

/** More than a person would ever send at once; a count with too many digits is a mistake. */
const mostRepeats = 10_000;

const strokeOf = (kind: 'press' | 'down' | 'up', { code, isExtended }: Key): KeyStroke => ({
  kind,
  key: code,
  ...(isExtended && { isExtended }),
});

const enter: KeyStroke = { kind: 'press', key: keyCodes.enter };
const tab: KeyStroke = { kind: 'press', key: keyCodes.tab };

/** A text typed as it is, whatever it contains: line breaks and tabs by their keys. */
export function strokesOfText(text: string): KeyStroke[] {
  return [...text.replace(/\r\n?/g, '\n')].map(characterStroke);
}

function characterStroke(character: string): KeyStroke {
  return character === '\n' ? enter : character === '\t' ? tab : { kind: 'character', character };
}

/**
 * What a text in the notation presses, in order. `asKeys`: characters are typed with the keys of the layout rather than as characters.
 * Throws KeysError.
 */
export function parseKeys(text: string, asKeys = false): KeyStroke[] {
  const strokes = new Reader(text.replace(/\r\n?/g, '\n')).read();
  if (!asKeys) return strokes;
  return strokes.map((stroke) => (stroke.kind === 'character' ? { ...stroke, asKeys: true } : stroke));
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): KeyStroke[] {
    const strokes: KeyStroke[] = [];
    while (this.#at < this.#text.length) this.#next(strokes, false);
    return strokes;
  }

  /** Reads one thing. `isHeld`: keys are being held, so letters are pressed rather than typed. */
  #next(strokes: KeyStroke[], isHeld: boolean): void {
    const character = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0);
    if (character === '{') {
      this.#braces(strokes, isHeld);
      return;
    }
    if (character === '}')
      throw this.#error('there is a } without a { before it; a brace itself is written {}}');
    this.#at += character.length;
    const key = isHeld ? namedKey(character) : undefined;
    if (key !== undefined) strokes.push(strokeOf('press', key));
    else if (isHeld && character !== '\n' && character !== '\t')
      strokes.push({ kind: 'character', character, asKeys: true });
    else strokes.push(characterStroke(character));
  }

  #braces(strokes: KeyStroke[], isHeld: boolean): void {
    const held: Key[] = [];
    for (;;) {
      const start = this.#at;
      const { name, count } = this.#token();
      const modifier = modifierKey(name);
      if (modifier === undefined) {
        this.#at = held.length === 0 ? this.#at : start;
        if (held.length === 0) this.#press(strokes, name, count, isHeld, start);
        break;
      }
      if (count !== undefined) {
        if (held.length > 0) this.#at = start;
        else strokes.push(...repeated(strokeOf('press', modifier), count));
        break;
      }
      held.push(modifier);
      if (this.#text[this.#at] === '(') {
        this.#group(strokes, held);
        return;
      }
      if (this.#text[this.#at] !== '{') break;
    }
    // Nothing in brackets follows: each is pressed by itself.
    strokes.push(...held.map((key) => strokeOf('press', key)));
  }

  #group(strokes: KeyStroke[], held: readonly Key[]): void {
    const start = this.#at++;
    strokes.push(...held.map((key) => strokeOf('down', key)));
    while (this.#text[this.#at] !== ')') {
      if (this.#at >= this.#text.length) throw this.#error('the ( there is never closed', start);
      this.#next(strokes, true);
    }
    this.#at++;
    strokes.push(...held.toReversed().map((key) => strokeOf('up', key)));
  }

  #press(
    strokes: KeyStroke[],
    name: string,
    count: number | undefined,
    isHeld: boolean,
    start: number,
  ): void {
    const key = namedKey(name);
    const isCharacter = [...name].length === 1;
    if (key === undefined && !isCharacter) throw this.#error('there is no key of that name', start);
    const stroke: KeyStroke =
      key !== undefined
        ? strokeOf('press', key)
        : { kind: 'character', character: name, ...(isHeld && { asKeys: true }) };
    strokes.push(...repeated(stroke, count ?? 1));
  }

  /** What stands in the braces at the place, and how often it is meant. */
  #token(): { readonly name: string; readonly count: number | undefined } {
    const start = this.#at;
    // A brace itself: {{} or {}}.
    const brace = /^\{([{}])\}/.exec(this.#text.slice(start, start + 3))?.[1];
    const end = brace === undefined ? this.#text.indexOf('}', start) : start + 2;
    if (end < 0) throw this.#error('the { there is never closed; a brace itself is written {{}');
    this.#at = end + 1;
    const inside = brace ?? this.#text.slice(start + 1, end);
    const parts = /^(.+?)\s*:\s*(\d+)\s*$/su.exec(inside);
    if (parts === null) return { name: brace ?? inside.trim(), count: undefined };
    const count = Number(parts[2]);
    if (count > mostRepeats) throw this.#error(`a key can be repeated ${mostRepeats} times at most`, start);
    return { name: (parts[1] as string).trim(), count };
  }

  #error(what: string, at = this.#at): KeysError {
    return new KeysError(`At character ${at + 1} ${what}.`);
  }
}

const repeated = (stroke: KeyStroke, count: number): KeyStroke[] => Array<KeyStroke>(count).fill(stroke);

// ── Shortcut keys ───────────────────────────────────────────────────────────────────────────────────────────────

export type Modifier = 'alt' | 'control' | 'shift' | 'windows';

const shortcutModifiers: Readonly<Record<string, Modifier>> = {
  alt: 'alt',
  ctrl: 'control',
  control: 'control',
  shift: 'shift',
  win: 'windows',
  windows: 'windows',
};

/** `Ctrl + Shift + A`: any modifiers and one key. Undefined when it is none. */
export function parseShortcut(
  text: string,
): { readonly modifiers: readonly Modifier[]; readonly key: number } | undefined {
  const names = text.split('+').map((name) => name.trim());
  const key = namedKey(names.pop() ?? '');
  const modifiers = names.map((name) => shortcutModifiers[name.toLowerCase()]);
  if (key === undefined || modifiers.includes(undefined)) return undefined;
  return { modifiers: [...new Set(modifiers as Modifier[])], key: key.code };
}

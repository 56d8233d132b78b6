// Which keys of a keyboard layout type a character: with their modifiers, accents by the key of the accent and the letter. Presses
// nothing; the layout is looked at through what Windows says of it.
import type { KeyEvent, LayoutKey } from '../win32/input.ts';

/** What is asked of a layout; `src/win32/input.ts` answers. */
export interface LayoutLook {
  characterKey(character: string, layout: number): LayoutKey | undefined;
  typedBy(keys: readonly LayoutKey[], layout: number, isCapsLocked: boolean): string;
}

/** As it is when a character is to be typed: its layout, and the keys that are down. */
export interface Keyboard {
  readonly layout: number;
  readonly isCapsLocked: boolean;
  readonly held: { readonly size: number; has(key: number): boolean };
}

const space: LayoutKey = { key: 0x20, shift: false, control: false, alt: false };

/** Marks that are part of a letter, and the accents that keys have for them. */
const accents: Readonly<Record<string, string>> = {
  '\u0300': '`',
  '\u0301': "´'",
  '\u0302': '^',
  '\u0303': '~',
  '\u0304': '¯',
  '\u0306': '˘',
  '\u0307': '˙',
  '\u0308': '¨"',
  '\u030a': '°˚',
  '\u030b': '˝',
  '\u030c': 'ˇ',
  '\u0327': '¸',
  '\u0328': '˛',
};

/** Key after key, what types one character; undefined when this layout has no keys for it. */
function keysOf(
  character: string,
  { layout, isCapsLocked, held }: Keyboard,
  look: LayoutLook,
): readonly LayoutKey[] | undefined {
  const types = (...keys: readonly LayoutKey[]) => look.typedBy(keys, layout, isCapsLocked) === character;
  const key = look.characterKey(character, layout);
  if (key !== undefined) {
    if (types(key)) return [key];
    const otherCase = { ...key, shift: !key.shift };
    if (isCapsLocked && types(otherCase)) return [otherCase];
    // The key of an accent types it only together with the next key.
    if (types(key, space)) return [key, space];
    // Part of a shortcut the key itself is meant, whatever it types.
    return held.size > 0 ? [key] : undefined;
  }
  const [letter = '', mark = '', ...more] = character.normalize('NFD');
  const base = more.length === 0 ? look.characterKey(letter, layout) : undefined;
  if (base === undefined) return undefined;
  for (const accent of accents[mark] ?? '') {
    const dead = look.characterKey(accent, layout);
    const pairs = [base, { ...base, shift: !base.shift }].map((one) => dead && ([dead, one] as const));
    const pair = pairs.find((one) => one !== undefined && types(...one));
    if (pair !== undefined) return pair;
  }
  return undefined;
}

const modifiers = {
  shift: { key: 0xa0, twins: [0x10, 0xa0, 0xa1] },
  control: { key: 0xa2, twins: [0x11, 0xa2, 0xa3] },
  /** The right one: together with Control that is what a keyboard with AltGr sends. */
  alt: { key: 0xa5, twins: [0x12, 0xa4, 0xa5] },
} as const;

/**
 * The events that type a character by the keys of a layout: modifiers down, the key, modifiers up, for each of its keys. Modifiers that are
 * held already stay as they are. Undefined when the layout has no keys for it.
 */
export function layoutEvents(
  character: string,
  keyboard: Keyboard,
  look: LayoutLook,
): KeyEvent[] | undefined {
  const isUnitOfItsOwn = character.length === 1;
  const keys = isUnitOfItsOwn ? keysOf(character, keyboard, look) : undefined;
  return keys?.flatMap((one) => {
    const pressed = (['control', 'alt', 'shift'] as const)
      .filter((name) => one[name] && !modifiers[name].twins.some((twin) => keyboard.held.has(twin)))
      .map((name) => modifiers[name].key);
    return [
      ...pressed.map((key) => ({ key, isDown: true })),
      { key: one.key, isDown: true },
      { key: one.key, isDown: false },
      ...pressed.toReversed().map((key) => ({ key, isDown: false })),
    ];
  });
}

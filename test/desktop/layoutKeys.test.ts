// Characters by the keys of a layout, over a German keyboard that is played: AltGr, accents that wait for their letter, Caps Lock.
import { describe, expect, it } from 'vitest';
import { type LayoutLook, layoutEvents } from '../../src/desktop/layoutKeys.ts';
import type { LayoutKey } from '../../src/win32/input.ts';

const plain = { shift: false, control: false, alt: false };
const shift = { ...plain, shift: true };
const altGr = { ...plain, control: true, alt: true };
/** Character → its key; `^`, `´` and `` ` `` wait for the next one. */
const keys: Readonly<Record<string, LayoutKey>> = {
  a: { key: 65, ...plain },
  A: { key: 65, ...shift },
  e: { key: 69, ...plain },
  z: { key: 90, ...plain },
  ' ': { key: 32, ...plain },
  '1': { key: 49, ...plain },
  '!': { key: 49, ...shift },
  '@': { key: 81, ...altGr },
  '{': { key: 55, ...altGr },
  '^': { key: 220, ...plain },
  '´': { key: 221, ...plain },
  '`': { key: 221, ...shift },
};
const composed: Readonly<Record<string, string>> = { '^e': 'ê', '^ ': '^', '´e': 'é', '´ ': '´', '`A': 'À' };

const german: LayoutLook = {
  characterKey: (character) => keys[character],
  typedBy(pressed, _, isCapsLocked) {
    const characters = pressed.map((one) => {
      const isLetter = one.key >= 65 && one.key <= 90 && !one.control;
      const hasShift = isLetter && isCapsLocked ? !one.shift : one.shift;
      return (
        Object.keys(keys).find((character) => {
          const { key, shift, control } = keys[character] as LayoutKey;
          return key === one.key && shift === hasShift && control === one.control;
        }) ?? ''
      );
    });
    const [first = '', second] = characters;
    if (!'^´`'.includes(first) || first === '') return characters.join('');
    return second === undefined ? '' : (composed[first + second] ?? first + second);
  },
};

const typed = (character: string, isCapsLocked = false, held: number[] = []) =>
  layoutEvents(character, { layout: 0, isCapsLocked, held: new Set(held) }, german)
    ?.map((event) => `${event.isDown ? '+' : '-'}${'key' in event ? event.key : event.character}`)
    .join(' ');

describe('a character by keys', () => {
  it.each([
    ['a', '+65 -65'],
    ['A', '+160 +65 -65 -160'],
    ['!', '+160 +49 -49 -160'],
    ['@', '+162 +165 +81 -81 -165 -162'],
    ['^', '+220 -220 +32 -32'],
    ['ê', '+220 -220 +69 -69'],
    ['À', '+160 +221 -221 -160 +160 +65 -65 -160'],
  ])('%s', (character, events) => {
    expect(typed(character)).toBe(events);
  });

  it.each(['ź', '世', '😀', 'ệ'])('has none for %s', (character) => {
    expect(typed(character)).toBeUndefined();
  });

  it('is typed otherwise when its key gives something else, unless a shortcut means the key', () => {
    const odd: LayoutLook = { ...german, typedBy: () => '' };
    const one = (...held: number[]) =>
      layoutEvents('@', { layout: 0, isCapsLocked: false, held: new Set(held) }, odd)?.length;
    expect(one()).toBeUndefined();
    expect(one(0x11)).toBe(4);
  });

  it('is the same with Caps Lock on', () => {
    expect(typed('a', true)).toBe('+160 +65 -65 -160');
    expect(typed('A', true)).toBe('+65 -65');
    expect(typed('1', true)).toBe('+49 -49');
    expect(typed('@', true)).toBe('+162 +165 +81 -81 -165 -162');
    expect(typed('ê', true)).toBe('+220 -220 +160 +69 -69 -160');
  });

  it('leaves modifiers alone that are held', () => {
    expect(typed('A', false, [0x10])).toBe('+65 -65');
    expect(typed('@', false, [0x11])).toBe('+165 +81 -81 -165');
    expect(typed('a', false, [0x11])).toBe('+65 -65');
  });
});

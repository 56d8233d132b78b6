// Keys as the notation of "Send keys" writes them: `{Control}({S})`, `{Enter}`. Which program gets them is decided elsewhere.
import type { HeldModifiers } from './events.ts';

/** Keys that move in a text or change it, besides Backspace: Delete, Home, End, arrows, Page up and down. */
export const editingKeys: ReadonlySet<number> = new Set([
  0x2e, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x21, 0x22,
]);

const names: Readonly<Record<number, string>> = {
  8: 'Back',
  9: 'Tab',
  12: 'Clear',
  13: 'Enter',
  19: 'Pause',
  27: 'Escape',
  32: 'Space',
  33: 'PageUp',
  34: 'PageDown',
  35: 'End',
  36: 'Home',
  37: 'Left',
  38: 'Up',
  39: 'Right',
  40: 'Down',
  44: 'PrintScreen',
  45: 'Insert',
  46: 'Delete',
  47: 'Help',
  93: 'Apps',
  106: 'Multiply',
  107: 'Add',
  109: 'Subtract',
  110: 'Decimal',
  111: 'Divide',
  186: 'OemSemicolon',
  187: 'Oemplus',
  188: 'Oemcomma',
  189: 'OemMinus',
  190: 'OemPeriod',
  191: 'OemQuestion',
  192: 'Oemtilde',
  219: 'OemOpenBrackets',
  220: 'OemPipe',
  221: 'OemCloseBrackets',
  222: 'OemQuotes',
  226: 'OemBackslash',
};

/** The name of a virtual-key code; undefined for keys that cannot be written, such as Shift alone or the keys of input methods. */
export function keyName(key: number): string | undefined {
  if ((key >= 0x30 && key <= 0x39) || (key >= 0x41 && key <= 0x5a)) return String.fromCharCode(key);
  if (key >= 0x60 && key <= 0x69) return `NumPad${key - 0x60}`;
  if (key >= 0x70 && key <= 0x87) return `F${key - 0x6f}`;
  return names[key];
}

/** What was pressed, in the notation; empty for keys that cannot be written. */
export function notationOf({
  key,
  character,
  modifiers,
}: {
  readonly key: number;
  readonly character: string | undefined;
  readonly modifiers: HeldModifiers;
}): string {
  // AltGr is Ctrl and Alt together, and types a character.
  const isTyped = character !== undefined && character >= ' ' && modifiers.control === modifiers.alt;
  if (isTyped && !modifiers.windows) return character.replace(/[{}]/g, '{$&}');
  const name = keyName(key);
  if (name === undefined) return '';
  const held = [
    ...(modifiers.windows ? ['{LWin}'] : []),
    ...(modifiers.control ? ['{Control}'] : []),
    ...(modifiers.alt ? ['{Alt}'] : []),
    ...(modifiers.shift ? ['{Shift}'] : []),
  ];
  return held.length === 0 ? `{${name}}` : `${held.join('')}({${name}})`;
}

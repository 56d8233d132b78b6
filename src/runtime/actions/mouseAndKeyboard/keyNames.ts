// Keys by the names that flows write in braces, as virtual-key codes. The names are those of .NET's Keys, with the short ones that the
// designer proposes besides.

/** A virtual-key code; `isExtended` for the keys that stand apart from the number pad. */
export interface Key {
  readonly code: number;
  readonly isExtended: boolean;
}

/** Keys that actions press themselves. */
export const keyCodes = {
  shift: 0x10,
  control: 0x11,
  alt: 0x12,
  windows: 0x5b,
  enter: 0x0d,
  tab: 0x09,
  end: 0x23,
  home: 0x24,
  delete: 0x2e,
  capsLock: 0x14,
  numLock: 0x90,
  scrollLock: 0x91,
} as const;

const plain: Readonly<Record<string, number>> = {
  Back: 0x08,
  Backspace: 0x08,
  Tab: 0x09,
  LineFeed: 0x0a,
  Clear: 0x0c,
  Return: 0x0d,
  Enter: 0x0d,
  Pause: 0x13,
  CapsLock: 0x14,
  Capital: 0x14,
  Escape: 0x1b,
  Esc: 0x1b,
  Space: 0x20,
  Select: 0x29,
  Execute: 0x2b,
  Help: 0x2f,
  Sleep: 0x5f,
  Multiply: 0x6a,
  Add: 0x6b,
  Separator: 0x6c,
  Subtract: 0x6d,
  Decimal: 0x6e,
  Scroll: 0x91,
  ScrollLock: 0x91,
  BrowserBack: 0xa6,
  BrowserForward: 0xa7,
  BrowserRefresh: 0xa8,
  BrowserStop: 0xa9,
  BrowserSearch: 0xaa,
  BrowserFavorites: 0xab,
  BrowserHome: 0xac,
  VolumeMute: 0xad,
  VolumeDown: 0xae,
  VolumeUp: 0xaf,
  MediaNextTrack: 0xb0,
  MediaPreviousTrack: 0xb1,
  MediaStop: 0xb2,
  MediaPlayPause: 0xb3,
  LaunchMail: 0xb4,
  SelectMedia: 0xb5,
  LaunchApplication1: 0xb6,
  LaunchApplication2: 0xb7,
  OemSemicolon: 0xba,
  Oemplus: 0xbb,
  Oemcomma: 0xbc,
  OemMinus: 0xbd,
  OemPeriod: 0xbe,
  OemQuestion: 0xbf,
  Oemtilde: 0xc0,
  OemOpenBrackets: 0xdb,
  OemPipe: 0xdc,
  OemCloseBrackets: 0xdd,
  OemQuotes: 0xde,
  OemBackslash: 0xe2,
};

const extended: Readonly<Record<string, number>> = {
  PageUp: 0x21,
  Prior: 0x21,
  PageDown: 0x22,
  Next: 0x22,
  End: 0x23,
  Home: 0x24,
  Left: 0x25,
  Up: 0x26,
  Right: 0x27,
  Down: 0x28,
  PrintScreen: 0x2c,
  Snapshot: 0x2c,
  Insert: 0x2d,
  Ins: 0x2d,
  Delete: 0x2e,
  Del: 0x2e,
  Apps: 0x5d,
  Divide: 0x6f,
  NumLock: 0x90,
};

const held: Readonly<Record<string, readonly [code: number, isExtended?: true]>> = {
  Shift: [0x10],
  ShiftKey: [0x10],
  LShift: [0xa0],
  LShiftKey: [0xa0],
  RShift: [0xa1],
  RShiftKey: [0xa1],
  Control: [0x11],
  Ctrl: [0x11],
  ControlKey: [0x11],
  LControl: [0xa2],
  LControlKey: [0xa2],
  RControl: [0xa3, true],
  RControlKey: [0xa3, true],
  Alt: [0x12],
  Menu: [0x12],
  LAlt: [0xa4],
  LMenu: [0xa4],
  RAlt: [0xa5, true],
  RMenu: [0xa5, true],
  Win: [0x5b, true],
  LWin: [0x5b, true],
  RWin: [0x5c, true],
};

const numbered = (name: string, count: number, first: number, from = 0): [string, Key][] =>
  Array.from({ length: count }, (_, index) => [
    `${name}${index + from}`.toLowerCase(),
    { code: first + index, isExtended: false },
  ]);

/** By lower-cased name. */
const keys: ReadonlyMap<string, Key> = new Map([
  ...Object.entries(plain).map(([name, code]) => [name.toLowerCase(), { code, isExtended: false }] as const),
  ...Object.entries(extended).map(
    ([name, code]) => [name.toLowerCase(), { code, isExtended: true }] as const,
  ),
  ...numbered('F', 24, 0x70, 1),
  ...numbered('NumPad', 10, 0x60),
  ...numbered('D', 10, 0x30),
]);

const modifiers: ReadonlyMap<string, Key> = new Map(
  Object.entries(held).map(([name, [code, isExtended]]) => [
    name.toLowerCase(),
    { code, isExtended: isExtended === true },
  ]),
);

/** A key that can be held while others are pressed, by its name in any letter case. */
export const modifierKey = (name: string): Key | undefined => modifiers.get(name.toLowerCase());

/** Any other key by its name in any letter case, a letter or a digit included. */
export function namedKey(name: string): Key | undefined {
  if (/^[a-z0-9]$/i.test(name)) return { code: name.toUpperCase().charCodeAt(0), isExtended: false };
  return keys.get(name.toLowerCase());
}

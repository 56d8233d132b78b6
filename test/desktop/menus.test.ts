// Choosing from a menu that is played: by texts as people see them, and what is said where there is no such item or no text.
import { beforeEach, expect, it, vi } from 'vitest';
import { chooseFromMenu } from '../../src/desktop/windows/menus.ts';
import type { MenuItem } from '../../src/win32/messages.ts';

type Played = Partial<MenuItem> & { readonly below?: readonly Played[] };
const menus = new Map<number, readonly Played[]>();
const chosen: number[] = [];
const asked: unknown[] = [];

vi.mock('../../src/win32/windows.ts', () => ({ activate: () => true }));
vi.mock('../../src/win32/messages.ts', () => ({
  menuOf: (window: number) => (menus.has(window) ? window : 0),
  menuItems: (menu: number, opened: unknown) => {
    asked.push(opened);
    return menus.get(menu)?.map((one, position) => ({
      text: '',
      shortcut: '',
      position,
      command: 0,
      submenu: 0,
      isEnabled: true,
      isChecked: false,
      isSeparator: false,
      ...one,
    }));
  },
  chooseMenuCommand: (_: number, command: number) => chosen.push(command),
}));

beforeEach(() => {
  chosen.length = 0;
  asked.length = 0;
  menus.clear();
  menus.set(1, [
    { text: 'File', submenu: 2 },
    { text: 'Paint', submenu: 3 },
  ]);
  menus.set(2, [
    { text: 'Open…', command: 20 },
    { isSeparator: true },
    { text: 'Print', command: 21, isEnabled: false },
  ]);
  // Drawn by the program: no texts.
  menus.set(3, [{ command: 30 }, { isSeparator: true }, { command: 31 }]);
});

it('chooses by texts, after the program brought the menu up to date', () => {
  chooseFromMenu(1, ['file', 'open...']);
  expect(chosen).toEqual([20]);
  expect(asked).toEqual([undefined, { window: 1, position: 0 }]);
});

it.each([
  [
    ['File', 'Save'],
    'ElementNotReady',
    'The menu has no item "Save" below "File". It has: "Open…", "Print".',
  ],
  [['File', 'Print'], 'ElementNotReady', 'The item "Print" of the menu is disabled.'],
  [['File'], 'PatternNotSupported', 'The item "File" opens a menu and does nothing itself.'],
  [['Paint', 'Red'], 'PatternNotSupported', 'The program draws the items of this menu itself'],
])('%j: %s', (path, code, message) => {
  expect(() => chooseFromMenu(1, path)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(message) }),
  );
  expect(chosen).toEqual([]);
});

it('says so where a window has no menu', () => {
  expect(() => chooseFromMenu(7, ['File'])).toThrow(/no menu bar/);
});

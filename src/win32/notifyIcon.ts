// An icon in the notification area with its texts, notifications and menu. Belongs to a thread that serves its messages (hooks.ts, `pump`);
// what its menu says and does is decided by those who call.
import { type Handle, lastError, library, succeed, win32Error, writeLong } from './ffi.ts';
import { messageWindow } from './hooks.ts';
import { user32 } from './prototypes.ts';

const menus = library('user32.dll', {
  AppendMenuW: ['int', 'long', 'uint', 'long', 'text'],
  CreateIconFromResourceEx: ['long', 'pointer', 'uint', 'int', 'uint', 'int', 'int', 'uint'],
  CreatePopupMenu: ['long'],
  DestroyIcon: ['int', 'long'],
  DestroyMenu: ['int', 'long'],
  RegisterWindowMessageW: ['uint', 'text'],
  TrackPopupMenu: ['int', 'long', 'uint', 'int', 'int', 'int', 'long', 'pointer'],
});
const shell = library('shell32.dll', { Shell_NotifyIconW: ['int', 'uint', 'pointer'] });

/** A command has a number from 1 to 0xFFFF, an item with `items` opens them, one with neither is a line. */
export interface MenuEntry {
  readonly text?: string;
  readonly command?: number;
  readonly items?: readonly MenuEntry[];
}

export interface NotifyIconOptions {
  /** Title of its window, which nobody sees. */
  readonly name: string;
  readonly tip: string;
  /** Four bytes per pixel, rows from top to bottom: red, green, blue, opacity; as many rows as columns. */
  readonly picture: Uint8Array;
  /** Asked each time the menu opens. */
  readonly menu: () => readonly MenuEntry[];
  readonly chosen: (command: number) => void;
}

/** The shell's limits, in characters. */
export const longestTitle = 63;
export const longestText = 255;
const longestTip = 127;

const data = { size: 976, tip: 40, text: 304, version: 816, title: 820, infoFlags: 948 } as const;
const order = { add: 0, modify: 1, remove: 2, setVersion: 4 } as const;
const field = { message: 1, icon: 2, tip: 4, info: 0x10, showTip: 0x80 } as const;
const infoIcon = { information: 1, error: 3 } as const;
const windowMessage = { null: 0, cancelMode: 0x1f, contextMenu: 0x7b, command: 0x111, icon: 0x8001 } as const;
/** The icon was chosen by mouse or keyboard. */
const chosenEvents: ReadonlySet<number> = new Set([0x400, 0x401, windowMessage.contextMenu]);

/** To be made, used and released in one thread. */
export class NotifyIcon {
  readonly window: Handle;
  readonly #options: NotifyIconOptions;
  readonly #data = Buffer.alloc(data.size);
  readonly #release: () => void;
  #icon: Handle;

  /** Throws WindowsError. Where there is no notification area yet, it appears when there is one. */
  constructor(options: NotifyIconOptions) {
    this.#options = options;
    const areaMade = menus.RegisterWindowMessageW('TaskbarCreated');
    // Not one for messages only: those do not hear that the notification area was made anew.
    const topLevel = 0;
    const made = messageWindow(
      options.name,
      (message, first, second) => this.#heard(message, first, second, areaMade),
      topLevel,
    );
    this.window = made.handle;
    this.#release = made.release;
    this.#icon = 0;
    try {
      this.#icon = iconOf(options.picture);
    } catch (error) {
      made.release();
      throw error;
    }
    this.#data.writeUInt32LE(data.size, 0);
    writeLong(this.#data, this.window, 8);
    this.#data.writeUInt32LE(1, 16);
    this.#data.writeUInt32LE(windowMessage.icon, 24);
    writeLong(this.#data, this.#icon, 32);
    this.#write(data.tip, options.tip, longestTip);
    this.#add();
  }

  /** Another text beside the pointer, and another picture. */
  change(tip: string, picture: Uint8Array): void {
    const former = this.#icon;
    this.#icon = iconOf(picture);
    writeLong(this.#data, this.#icon, 32);
    this.#write(data.tip, tip, longestTip);
    this.#tell(order.modify, field.icon | field.tip | field.showTip);
    menus.DestroyIcon(former);
  }

  /** False: the shell did not take it. */
  show(title: string, text: string, kind: keyof typeof infoIcon): boolean {
    this.#write(data.title, title, longestTitle);
    // An empty text takes a notification away.
    this.#write(data.text, text || ' ', longestText);
    this.#data.writeUInt32LE(infoIcon[kind], data.infoFlags);
    return this.#tell(order.modify, field.info);
  }

  release(): void {
    this.#tell(order.remove, 0);
    menus.DestroyIcon(this.#icon);
    this.#release();
  }

  #add(): void {
    this.#tell(order.add, field.message | field.icon | field.tip | field.showTip);
    const version4 = 4;
    this.#data.writeUInt32LE(version4, data.version);
    this.#tell(order.setVersion, 0);
  }

  #tell(what: number, fields: number): boolean {
    this.#data.writeUInt32LE(fields, 20);
    return shell.Shell_NotifyIconW(what, this.#data) !== 0;
  }

  #write(offset: number, text: string, longest: number): void {
    const short = text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
    this.#data.fill(0, offset, offset + (longest + 1) * 2);
    this.#data.write(short, offset, 'utf16le');
  }

  #heard(message: number, first: number, second: number, areaMade: number): number | undefined {
    if (message === areaMade) this.#add();
    else if (message === windowMessage.command) this.#options.chosen(first & 0xffff);
    else if (message === windowMessage.icon && chosenEvents.has(second & 0xffff)) {
      const [x, y] = [(first << 16) >> 16, first >> 16];
      // Outside of this call: the menu has a message loop of its own.
      setImmediate(() => this.#open(x, y));
    } else return undefined;
    return 0;
  }

  #open(x: number, y: number): void {
    const rightButton = 2;
    const menu = menuOf(this.#options.menu());
    try {
      // Without it the menu would not close when somebody clicks elsewhere.
      user32.SetForegroundWindow(this.window);
      menus.TrackPopupMenu(menu, rightButton, x, y, 0, this.window, null);
      user32.PostMessageW(this.window, windowMessage.null, 0, 0);
    } finally {
      menus.DestroyMenu(menu);
    }
  }
}

/** From any thread: lets the thread of an icon look at what else waits for it, and closes its menu when `closing`. */
export function wakeIcon(window: Handle, closing: boolean): void {
  user32.PostMessageW(window, closing ? windowMessage.cancelMode : windowMessage.null, 0, 0);
}

function menuOf(entries: readonly MenuEntry[]): Handle {
  const flag = { grayed: 1, popup: 0x10, separator: 0x800 } as const;
  const menu = succeed('CreatePopupMenu', menus.CreatePopupMenu());
  for (const { text, command, items } of entries) {
    // An ampersand would underline the next character.
    const shown = text?.replaceAll('&', '&&') ?? null;
    if (items !== undefined) menus.AppendMenuW(menu, flag.popup, menuOf(items), shown);
    else if (command !== undefined) menus.AppendMenuW(menu, 0, command, shown);
    else menus.AppendMenuW(menu, shown === null ? flag.separator : flag.grayed, 0, shown);
  }
  return menu;
}

function iconOf(picture: Uint8Array): Handle {
  const side = Math.sqrt(picture.length / 4);
  const header = 40;
  const maskRow = Math.ceil(side / 32) * 4;
  const bytes = Buffer.alloc(header + picture.length + maskRow * side);
  bytes.writeUInt32LE(header, 0);
  bytes.writeInt32LE(side, 4);
  // Picture and mask.
  bytes.writeInt32LE(side * 2, 8);
  bytes.writeUInt16LE(1, 12);
  bytes.writeUInt16LE(32, 14);
  for (let pixel = 0; pixel < side * side; pixel++) {
    const row = Math.floor(pixel / side);
    // From bottom to top, blue first.
    const to = header + ((side - 1 - row) * side + (pixel % side)) * 4;
    const [red = 0, green = 0, blue = 0, opacity = 0] = picture.subarray(pixel * 4, pixel * 4 + 4);
    bytes.set([blue, green, red, opacity], to);
  }
  const version = 0x30000;
  const icon = menus.CreateIconFromResourceEx(bytes, bytes.length, 1, version, side, side, 0);
  if (icon === 0) throw win32Error('CreateIconFromResourceEx', lastError());
  return icon;
}

// Dialogs as windows: one of our own for messages, texts, lists and dates, those of the system for files and folders. They belong to a
// thread that has nothing else to do. What is asked, and what an answer means, is decided elsewhere.
import { setTimeout as wait } from 'node:timers/promises';
import {
  addressOf,
  callback,
  type Handle,
  lastError,
  pointTo,
  wide,
  wideText,
  wideTexts,
  win32Error,
  writeLong,
} from './ffi.ts';
import { comctl32, comdlg32, gdi32, kernel32, ole32, shell32, user32 } from './prototypes.ts';
import { activate, ownerOf, postMessage, type Rectangle, topLevelWindows, windowExists } from './windows.ts';

/** What is filled in; a date is `yyyy-MM-dd`, with ` HH:mm:ss` when it has a time. */
export type DialogField =
  | { readonly kind: 'text'; readonly text: string; readonly style: 'line' | 'lines' | 'password' }
  /** A text with proposals. */
  | { readonly kind: 'proposals'; readonly text: string; readonly options: readonly string[] }
  | {
      readonly kind: 'list';
      readonly options: readonly string[];
      readonly chosen: readonly number[];
      readonly isMultiple: boolean;
    }
  | { readonly kind: 'date'; readonly text: string };

export interface DialogSetUp {
  readonly title: string;
  readonly message: string;
  readonly icon?: 'info' | 'question' | 'warning' | 'error';
  readonly field?: DialogField;
  readonly buttons: readonly string[];
  /** Indexes of `buttons`; without `cancel` Escape and the cross do nothing. */
  readonly initial: number;
  readonly cancel?: number;
  readonly isTopMost: boolean;
}

export interface DialogResult {
  /** Index of `buttons`. */
  readonly button: number;
  /** The text, the date, or the chosen entries. */
  readonly values: readonly string[];
}

const message = {
  destroy: 0x2,
  close: 0x10,
  getText: 0xd,
  getTextLength: 0xe,
  setFont: 0x30,
  command: 0x111,
  getDefault: 0x400,
  setDefault: 0x401,
} as const;
const style = {
  child: 0x4000_0000,
  visible: 0x1000_0000,
  tabStop: 0x1_0000,
  group: 0x2_0000,
  verticalScroll: 0x20_0000,
  /** Popup with caption and menu of its own. */
  window: 0x8000_0000 | 0xc0_0000 | 0x8_0000,
  topMost: 0x8,
  controlParent: 0x1_0000,
  clientEdge: 0x200,
  modalFrame: 0x1,
} as const;
const icons = { error: 32513, question: 32514, warning: 32515, info: 32516 } as const;
const cancelId = 2;
/** Between two looks for messages, in ms: nobody notices. */
const messagePeriod = 15;

/** Of controls in a dialog; buttons have 1, 3, 4 …, the one that cancels has 2. */
export const dialogIds = { icon: 99, message: 100, field: 101 } as const;

const buttonId = (index: number, cancel: number | undefined): number =>
  index === cancel ? cancelId : index === 0 ? 1 : index + 2;

/** Sizes in pixels of 96 dpi. */
const size = { margin: 14, icon: 32, width: 380, button: 88, line: 24, lines: 130, most: 420 } as const;

/** The font of message boxes. To be deleted. */
function messageFont(): Handle {
  const nonClientMetrics = 0x29;
  const metrics = Buffer.alloc(504);
  metrics.writeUInt32LE(metrics.length, 0);
  user32.SystemParametersInfoW(nonClientMetrics, metrics.length, metrics, 0);
  return gdi32.CreateFontIndirectW(metrics.subarray(408, 500));
}

function textHeight(text: string, font: Handle, width: number): number {
  const screen = user32.GetDC(0);
  const before = gdi32.SelectObject(screen, font);
  const rectangle = Buffer.alloc(16);
  rectangle.writeInt32LE(width, 8);
  const measure = 0x400 | 0x10 | 0x800 | 0x40;
  user32.DrawTextW(screen, text, -1, rectangle, measure);
  gdi32.SelectObject(screen, before);
  user32.ReleaseDC(0, screen);
  return rectangle.readInt32LE(12);
}

interface ControlSetUp {
  readonly className: string;
  readonly text?: string;
  readonly styles: number;
  readonly extended?: number;
  readonly id: number;
  readonly place: Rectangle;
}

/**
 * Shows a dialog in the middle of the screen and in front; resolves with how it was answered, or with undefined when `signal` closed it.
 * Throws WindowsError.
 */
export async function showDialog(setUp: DialogSetUp, signal: AbortSignal): Promise<DialogResult | undefined> {
  const dates = Buffer.alloc(8);
  dates.writeUInt32LE(8, 0);
  const dateClasses = 0x100;
  dates.writeUInt32LE(dateClasses, 4);
  comctl32.InitCommonControlsEx(dates);
  const font = messageFont();
  let result: DialogResult | undefined;
  let initial = buttonId(setUp.initial, setUp.cancel);
  let field: Handle = 0;
  const ids = setUp.buttons.map((_, index) => buttonId(index, setUp.cancel));
  const press = (id: number) => {
    const button = ids.indexOf(id);
    if (button >= 0)
      result ??= { button, values: setUp.field === undefined ? [] : valuesOf(field, setUp.field) };
  };
  const procedure = callback(['long', 'long', 'uint', 'long', 'long'], (window, what, first, second) => {
    if (what === message.command && (first & 0xffff_0000) === 0) press(first & 0xffff);
    else if (what === message.close) press(cancelId);
    else if (what === message.getDefault) return (0x534b << 16) | initial;
    else if (what === message.setDefault) initial = first & 0xffff;
    else return user32.DefWindowProcW(window, what, first, second);
    return 0;
  });
  const instance = kernel32.GetModuleHandleW(null);
  const className = `Desktop Flows dialog ${kernel32.GetCurrentThreadId()}`;
  const windowClass = Buffer.alloc(80);
  windowClass.writeUInt32LE(80, 0);
  writeLong(windowClass, procedure.address, 8);
  writeLong(windowClass, instance, 24);
  const arrow = 32512;
  writeLong(windowClass, user32.LoadCursorW(0, arrow), 40);
  const buttonFace = 16;
  writeLong(windowClass, buttonFace, 48);
  pointTo(windowClass, wide(className), 64);
  let window: Handle = 0;
  try {
    if (user32.RegisterClassExW(windowClass) === 0) throw win32Error('RegisterClassEx', lastError());
    const scale = user32.GetDpiForSystem() / 96;
    const px = (length: number) => Math.round(length * scale);
    const left = px(size.margin) + (setUp.icon === undefined ? 0 : px(size.icon + size.margin));
    const inner = Math.max(px(size.width), setUp.buttons.length * px(size.button + 8)) - left;
    const textual = setUp.message === '' ? 0 : textHeight(setUp.message, font, inner);
    const messageHeight = Math.min(textual, px(size.most));
    const top = px(size.margin);
    const fieldTop = top + (messageHeight === 0 ? 0 : messageHeight + px(10));
    const fieldHeight = setUp.field === undefined ? 0 : px(isTall(setUp.field) ? size.lines : size.line);
    const contentEnd = Math.max(fieldTop + fieldHeight, setUp.icon === undefined ? 0 : top + px(size.icon));
    const buttonTop = contentEnd + px(size.margin);
    const outer = outerSize(left + inner + px(size.margin), buttonTop + px(28 + size.margin));
    window = user32.CreateWindowExW(
      style.controlParent | style.modalFrame | (setUp.isTopMost ? style.topMost : 0),
      className,
      setUp.title,
      style.window,
      Math.max(0, Math.round((user32.GetSystemMetrics(0) - outer.width) / 2)),
      Math.max(0, Math.round((user32.GetSystemMetrics(1) - outer.height) / 2)),
      outer.width,
      outer.height,
      0,
      0,
      instance,
      0,
    );
    if (window === 0) throw win32Error('CreateWindowEx', lastError());
    const add = (control: ControlSetUp): Handle => {
      const { x, y, width, height } = control.place;
      const made = user32.CreateWindowExW(
        control.extended ?? 0,
        control.className,
        control.text ?? '',
        (style.child | style.visible | control.styles) >>> 0,
        x,
        y,
        width,
        height,
        window,
        control.id,
        instance,
        0,
      );
      if (made === 0) throw win32Error('CreateWindowEx', lastError(), control.className);
      user32.SendMessageW(made, message.setFont, font, 1);
      return made;
    };
    if (setUp.icon !== undefined) {
      const [showsIcon, setIcon] = [0x3, 0x170];
      const place = { x: px(size.margin), y: top, width: px(size.icon), height: px(size.icon) };
      const icon = add({ className: 'STATIC', styles: showsIcon, id: dialogIds.icon, place });
      user32.SendMessageW(icon, setIcon, user32.LoadIconW(0, icons[setUp.icon]), 0);
    }
    if (messageHeight > 0) {
      // What is too long for the screen can be scrolled and read, not changed.
      const isLong = textual > messageHeight;
      const [noPrefix, readOnlyLines] = [0x80, 0x4 | 0x800 | style.verticalScroll];
      add({
        className: isLong ? 'EDIT' : 'STATIC',
        text: isLong ? setUp.message.replace(/\r?\n/g, '\r\n') : setUp.message,
        styles: isLong ? readOnlyLines : noPrefix,
        id: dialogIds.message,
        place: { x: left, y: top, width: inner, height: messageHeight },
      });
    }
    if (setUp.field !== undefined)
      field = addField(setUp.field, { x: left, y: fieldTop, width: inner, height: fieldHeight }, add);
    const buttons = setUp.buttons.map((text, index) =>
      add({
        className: 'BUTTON',
        text: text.replaceAll('&', '&&'),
        styles: style.tabStop | (index === 0 ? style.group : 0) | (index === setUp.initial ? 1 : 0),
        id: ids[index] as number,
        place: {
          x: left + inner - (setUp.buttons.length - index) * px(size.button + 8) + px(8),
          y: buttonTop,
          width: px(size.button),
          height: px(28),
        },
      }),
    );
    const show = 5;
    user32.ShowWindow(window, show);
    activate(window);
    user32.SetFocus(field === 0 ? (buttons[setUp.initial] ?? window) : field);
    const event = Buffer.alloc(48);
    while (result === undefined && !signal.aborted && windowExists(window)) {
      const remove = 1;
      while (result === undefined && user32.PeekMessageW(event, 0, 0, 0, remove) !== 0) {
        if (user32.IsDialogMessageW(window, event) !== 0) continue;
        user32.TranslateMessage(event);
        user32.DispatchMessageW(event);
      }
      if (result === undefined) await wait(messagePeriod);
    }
    return result;
  } finally {
    if (window !== 0) user32.DestroyWindow(window);
    user32.UnregisterClassW(className, instance);
    procedure.release();
    gdi32.DeleteObject(font);
  }
}

const isTall = (field: DialogField): boolean =>
  field.kind === 'list' || (field.kind === 'text' && field.style === 'lines');

/** Of a window with this much inside. */
function outerSize(width: number, height: number): { readonly width: number; readonly height: number } {
  const [frame, caption, padding] = [8, 4, 92].map((metric) => user32.GetSystemMetrics(metric)) as [
    number,
    number,
    number,
  ];
  const edge = 2 * (frame + padding);
  return { width: width + edge, height: height + edge + caption };
}

function addField(field: DialogField, place: Rectangle, add: (control: ControlSetUp) => Handle): Handle {
  const common = { id: dialogIds.field, place } as const;
  switch (field.kind) {
    case 'text': {
      const styles = {
        line: 0x80,
        password: 0x80 | 0x20,
        lines: 0x4 | 0x40 | 0x1000 | style.verticalScroll,
      } as const;
      const edit = add({
        ...common,
        className: 'EDIT',
        text: field.text.replace(/\r?\n/g, '\r\n'),
        styles: style.tabStop | styles[field.style],
        extended: style.clientEdge,
      });
      const [limit, select] = [0xc5, 0xb1];
      user32.SendMessageW(edit, limit, 0x7fff_fffe, 0);
      user32.SendMessageW(edit, select, 0, -1);
      return edit;
    }
    case 'proposals': {
      const [dropDown, scrolling, addText] = [0x2, 0x40, 0x143];
      const combo = add({
        ...common,
        className: 'COMBOBOX',
        styles: style.tabStop | dropDown | scrolling | style.verticalScroll,
        place: { ...place, height: place.height * 9 },
      });
      for (const option of field.options) user32.SendMessageW(combo, addText, 0, wide(option));
      user32.SetWindowTextW(combo, field.text);
      return combo;
    }
    case 'list': {
      const [many, unrestricted, addText, choose, chooseOne] = [0x8, 0x100, 0x180, 0x185, 0x186];
      const list = add({
        ...common,
        className: 'LISTBOX',
        styles: style.tabStop | unrestricted | style.verticalScroll | (field.isMultiple ? many : 0),
        extended: style.clientEdge,
      });
      for (const option of field.options) user32.SendMessageW(list, addText, 0, wide(option));
      for (const index of field.chosen) {
        if (field.isMultiple) user32.SendMessageW(list, choose, 1, index);
        else user32.SendMessageW(list, chooseOne, index, 0);
      }
      return list;
    }
    case 'date': {
      const [setTime, setFormat] = [0x1002, 0x1032];
      const picker = add({ ...common, className: 'SysDateTimePick32', styles: style.tabStop });
      const [year = 0, month = 1, day = 1, hour, minute = 0, second = 0] = field.text
        .split(/\D+/)
        .map(Number);
      const time = Buffer.alloc(16);
      for (const [index, value] of [year, month, 0, day, hour ?? 0, minute, second].entries())
        time.writeUInt16LE(value, index * 2);
      const format = hour === undefined ? 'yyyy-MM-dd' : "yyyy-MM-dd HH':'mm':'ss";
      user32.SendMessageW(picker, setFormat, 0, wide(format));
      user32.SendMessageW(picker, setTime, 0, time);
      return picker;
    }
  }
}

function valuesOf(control: Handle, field: DialogField): string[] {
  if (field.kind === 'list') {
    const [isChosen, length, text] = [0x187, 0x18a, 0x189];
    return field.options.flatMap((_, index) => {
      if (user32.SendMessageW(control, isChosen, index, 0) <= 0) return [];
      const buffer = Buffer.alloc((user32.SendMessageW(control, length, index, 0) + 1) * 2);
      user32.SendMessageW(control, text, index, buffer);
      return [wideText(buffer)];
    });
  }
  if (field.kind === 'date') {
    const getTime = 0x1001;
    const time = Buffer.alloc(16);
    user32.SendMessageW(control, getTime, 0, time);
    const part = (index: number, digits = 2) => String(time.readUInt16LE(index * 2)).padStart(digits, '0');
    const date = `${part(0, 4)}-${part(1)}-${part(3)}`;
    return [field.text.includes(':') ? `${date} ${part(4)}:${part(5)}:${part(6)}` : date];
  }
  const buffer = Buffer.alloc((user32.SendMessageW(control, message.getTextLength, 0, 0) + 1) * 2);
  user32.SendMessageW(control, message.getText, buffer.length / 2, buffer);
  const text = wideText(buffer);
  // It may be a password.
  buffer.fill(0);
  return [text];
}

export interface FileDialogSetUp {
  readonly title: string;
  /** Where it begins; '' leaves that to Windows. */
  readonly folder: string;
  /** Patterns such as `*.txt;*.csv`, or `Texts|*.txt|All|*.*`; '' takes all files. */
  readonly filter: string;
  readonly kind: 'open' | 'openSeveral' | 'save';
  readonly isTopMost: boolean;
}

/** Layout of OPENFILENAME on 64 bits. */
const open = {
  size: 152,
  owner: 8,
  filter: 24,
  file: 48,
  fileLength: 56,
  folder: 80,
  title: 88,
  flags: 96,
} as const;

/** The dialog of the system for files: paths, empty when it was cancelled or `signal` closed it. Throws WindowsError. */
export async function chooseFiles(setUp: FileDialogSetUp, signal: AbortSignal): Promise<string[]> {
  const file = Buffer.alloc(0x8000 * 2);
  const written = await withOwner(setUp.isTopMost, signal, async (owner) => {
    const info = Buffer.alloc(open.size);
    info.writeUInt32LE(open.size, 0);
    writeLong(info, owner, open.owner);
    const patterns = setUp.filter === '' ? 'All|*.*' : setUp.filter;
    const pairs = patterns.includes('|') ? patterns : `${patterns}|${patterns}`;
    pointTo(info, wide(`${pairs.replaceAll('|', '\0')}\0`), open.filter);
    pointTo(info, file, open.file);
    info.writeUInt32LE(file.length / 2, open.fileLength);
    if (setUp.folder !== '') pointTo(info, wide(setUp.folder), open.folder);
    if (setUp.title !== '') pointTo(info, wide(setUp.title), open.title);
    const flags = { keepFolder: 0x8, hideReadOnly: 0x4, several: 0x200, explorer: 0x8_0000 } as const;
    info.writeUInt32LE(
      flags.keepFolder |
        flags.hideReadOnly |
        flags.explorer |
        (setUp.kind === 'openSeveral' ? flags.several : 0),
      open.flags,
    );
    const call = setUp.kind === 'save' ? comdlg32.GetSaveFileNameW : comdlg32.GetOpenFileNameW;
    return await call.async(info);
  });
  if (written === 0) return [];
  if (setUp.kind !== 'openSeveral') return [wideText(file)];
  const [folder = '', ...names] = wideTexts(file);
  return names.length === 0 ? [folder] : names.map((name) => `${folder.replace(/\\$/, '')}\\${name}`);
}

/** The dialog of the system for folders: a path, or undefined when it was cancelled or `signal` closed it. */
export async function chooseFolder(
  setUp: { readonly title: string; readonly folder: string; readonly isTopMost: boolean },
  signal: AbortSignal,
): Promise<string | undefined> {
  const [initialized, setSelection] = [1, 0x467];
  const folder = wide(setUp.folder);
  // It is called by the thread of the dialog, which waits meanwhile: the choice is posted, not sent.
  const select = callback(['int', 'long', 'uint', 'long', 'long'], (window, event) => {
    if (event === initialized && setUp.folder !== '')
      user32.PostMessageW(window, setSelection, 1, addressOf(folder));
    return 0;
  });
  try {
    const name = Buffer.alloc(520);
    const list = await withOwner(setUp.isTopMost, signal, async (owner) => {
      const info = Buffer.alloc(64);
      const [foldersOnly, newStyle] = [0x1, 0x40];
      writeLong(info, owner, 0);
      pointTo(info, name, 16);
      pointTo(info, wide(setUp.title), 24);
      info.writeUInt32LE(foldersOnly | newStyle, 32);
      writeLong(info, select.address, 40);
      return await shell32.SHBrowseForFolderW.async(info);
    });
    if (list === 0) return undefined;
    const path = Buffer.alloc(0x8000 * 2);
    const done = shell32.SHGetPathFromIDListEx(list, path, path.length / 2, 0);
    ole32.CoTaskMemFree(list);
    return done === 0 ? undefined : wideText(path);
  } finally {
    select.release();
  }
}

/** Runs a dialog of the system over a window without a picture: it comes in front of all others, and ends with `signal`. */
async function withOwner<T>(
  isTopMost: boolean,
  signal: AbortSignal,
  show: (owner: Handle) => Promise<T>,
): Promise<T> {
  const popup = 0x8000_0000 | style.visible;
  const toolWindow = 0x80;
  const instance = kernel32.GetModuleHandleW(null);
  const extended = toolWindow | (isTopMost ? style.topMost : 0);
  const owner = user32.CreateWindowExW(extended, 'STATIC', '', popup >>> 0, 0, 0, 0, 0, 0, 0, instance, 0);
  if (owner === 0) throw win32Error('CreateWindowEx', lastError());
  let isOver = false;
  const event = Buffer.alloc(48);
  try {
    activate(owner);
    const shown = show(owner).finally(() => {
      isOver = true;
    });
    while (!isOver) {
      const remove = 1;
      while (user32.PeekMessageW(event, 0, 0, 0, remove) !== 0) {
        user32.TranslateMessage(event);
        user32.DispatchMessageW(event);
      }
      if (signal.aborted) {
        for (const dialog of ownDialogs(owner)) postMessage(dialog, message.command, cancelId, 0);
      }
      await wait(messagePeriod);
    }
    return await shown;
  } finally {
    user32.DestroyWindow(owner);
  }
}

function ownDialogs(owner: Handle): Handle[] {
  const ownerOfWindow = 4;
  const { processId } = ownerOf(owner);
  return topLevelWindows().filter(
    (window) => ownerOf(window).processId === processId && user32.GetWindow(window, ownerOfWindow) === owner,
  );
}

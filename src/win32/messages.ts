// Controls by their messages: buttons, edits, combo and list boxes, list views, tree views, tabs, headers, sliders, progress bars,
// menus, in other processes too. Says what a control shows and changes it as a person's act would, telling its parent. Does not
// know which control is meant, and never reads a password.
import { failedWith, win32 } from './errors.ts';
import { type Handle, wide, wideText } from './ffi.ts';
import { user32 } from './prototypes.ts';
import { type RemoteMemory, withRemoteMemory } from './remoteMemory.ts';
import {
  className,
  controlId,
  parentOf,
  postMessage,
  type Rectangle,
  readRectangle,
  realClassName,
  sendMessage,
  styleOf,
  textOf,
  toScreen,
  WM,
} from './windows.ts';

/** What one item of a control is. Indexes are from 0. `isChecked` only where the control has boxes. */
export interface ControlItem {
  readonly text: string;
  readonly isSelected: boolean;
  readonly isChecked?: boolean;
}

// Buttons

const BM = { getCheck: 0xf0, setCheck: 0xf1, click: 0xf5 } as const;
export type ButtonKind = 'push' | 'check' | 'radio' | 'group' | 'ownerDrawn';

/** By the lowest four bits of its style (BS_*). */
export function buttonKind(button: Handle): ButtonKind {
  const type = styleOf(button) & 0xf;
  if ([2, 3, 5, 6].includes(type)) return 'check';
  if (type === 4 || type === 9) return 'radio';
  if (type === 7) return 'group';
  return type === 11 ? 'ownerDrawn' : 'push';
}

/** Of check boxes and radio buttons. */
export function checkState(button: Handle): boolean | 'mixed' {
  const state = sendMessage(button, BM.getCheck, 0, 0);
  return state === 2 ? 'mixed' : state === 1;
}

/**
 * Clicks without the mouse. Returns at once: what the click opens may stay open for long. A program that does not answer gets no click
 * that would count as done: throws as sendMessage.
 */
export function clickButton(button: Handle): void {
  sendMessage(button, WM.null, 0, 0);
  postMessage(button, BM.click, 0, 0);
}

/** Sets the state itself and tells the parent (BN_CLICKED), for boxes that do not change by a click. */
export function setCheckState(button: Handle, state: boolean | 'mixed'): void {
  sendMessage(button, BM.setCheck, state === 'mixed' ? 2 : Number(state), 0);
  notifyParent(button, 0);
}

// Edits

const EM = {
  getSelection: 0xb0,
  setSelection: 0xb1,
  replaceSelection: 0xc2,
  getPasswordCharacter: 0xd2,
} as const;
const editStyles = { multiLine: 0x4, password: 0x20, readOnly: 0x800 } as const;

/** Hides what is typed. Also true where the character is set and the style is not. */
export function isPasswordEdit(edit: Handle): boolean {
  return (
    (styleOf(edit) & editStyles.password) !== 0 || sendMessage(edit, EM.getPasswordCharacter, 0, 0) !== 0
  );
}
export function isReadOnlyEdit(edit: Handle): boolean {
  return (styleOf(edit) & editStyles.readOnly) !== 0;
}
export function isMultiLineEdit(edit: Handle): boolean {
  return (styleOf(edit) & editStyles.multiLine) !== 0;
}

/** Replaces all text as typing would: length limits hold and the parent hears of the change. Line breaks become CR LF. */
export function setEditText(edit: Handle, text: string): void {
  sendMessage(edit, EM.setSelection, 0, -1);
  insertEditText(edit, text);
}

/** Puts text in place of the selection. */
export function insertEditText(edit: Handle, text: string): void {
  const canUndo = 1;
  sendMessage(edit, EM.replaceSelection, canUndo, wide(text.replace(/\r?\n/g, '\r\n')));
}

export function selectEditText(edit: Handle, start: number, end: number): void {
  sendMessage(edit, EM.setSelection, start, end);
}

/** Start and end of the selection, in characters. */
export function editSelection(edit: Handle): { readonly start: number; readonly end: number } {
  const both = sendMessage(edit, EM.getSelection, 0, 0);
  return { start: both & 0xffff, end: (both >>> 16) & 0xffff };
}

// Combo boxes and list boxes

const CB = {
  getCount: 0x146,
  getSelection: 0x147,
  getText: 0x148,
  getTextLength: 0x149,
  setSelection: 0x14e,
  showDropDown: 0x14f,
  isDropped: 0x157,
} as const;
const LB = {
  setSelected: 0x185,
  setSelection: 0x186,
  isSelected: 0x187,
  getSelection: 0x188,
  getText: 0x189,
  getTextLength: 0x18a,
  getCount: 0x18b,
  setTop: 0x197,
  getRectangle: 0x198,
} as const;
const listBoxStyles = { multiple: 0x8, extended: 0x800 } as const;

/** Choices of a drop-down list. Those that are drawn by the program without texts have ''. */
export function comboItems(combo: Handle): ControlItem[] {
  const selected = sendMessage(combo, CB.getSelection, 0, 0);
  return range(sendMessage(combo, CB.getCount, 0, 0)).map((index) => ({
    text: itemText(combo, CB.getTextLength, CB.getText, index),
    isSelected: index === selected,
  }));
}

/** Chooses one, as a person would; -1 chooses none. */
export function selectComboItem(combo: Handle, index: number): void {
  sendMessage(combo, CB.setSelection, index, 0);
  const selectionEndOk = 9;
  const selectionChange = 1;
  notifyParent(combo, selectionEndOk);
  notifyParent(combo, selectionChange);
}

export function isComboDropped(combo: Handle): boolean {
  return sendMessage(combo, CB.isDropped, 0, 0) !== 0;
}
export function dropCombo(combo: Handle, isDropped: boolean): void {
  sendMessage(combo, CB.showDropDown, Number(isDropped), 0);
}

export function isMultipleListBox(list: Handle): boolean {
  return (styleOf(list) & (listBoxStyles.multiple | listBoxStyles.extended)) !== 0;
}

export function listBoxItems(list: Handle): ControlItem[] {
  return range(sendMessage(list, LB.getCount, 0, 0)).map((index) => ({
    text: itemText(list, LB.getTextLength, LB.getText, index),
    isSelected: sendMessage(list, LB.isSelected, index, 0) > 0,
  }));
}

/** Selects these items and no others; a list of one selection takes the last of them. */
export function selectListBoxItems(list: Handle, indexes: readonly number[]): void {
  if (isMultipleListBox(list)) {
    const all = -1;
    sendMessage(list, LB.setSelected, 0, all);
    for (const index of indexes) sendMessage(list, LB.setSelected, 1, index);
  } else {
    sendMessage(list, LB.setSelection, indexes.at(-1) ?? -1, 0);
  }
  const selectionChange = 1;
  notifyParent(list, selectionChange);
}

export function showListBoxItem(list: Handle, index: number): void {
  sendMessage(list, LB.setTop, index, 0);
}

/** Where an item is, on the screen. */
export function listBoxItemRectangle(list: Handle, index: number): Rectangle {
  const rect = Buffer.alloc(16);
  sendMessage(list, LB.getRectangle, index, rect);
  return onScreen(list, readRectangle(rect));
}

function itemText(control: Handle, lengthMessage: number, textMessage: number, index: number): string {
  const length = sendMessage(control, lengthMessage, index, 0);
  if (length <= 0) return '';
  const buffer = Buffer.alloc((length + 1) * 2);
  return sendMessage(control, textMessage, index, buffer) < 0 ? '' : wideText(buffer);
}

// The common controls: their structures lie in the memory of their process.

/** Where the parts of an item structure are, for programs of 64 and 32 bits. */
interface Layout {
  readonly size: number;
  readonly text: number;
  readonly length: number;
}
const layouts: Readonly<Record<'list' | 'tree' | 'tab' | 'header', Readonly<Record<4 | 8, Layout>>>> = {
  list: { 8: { size: 88, text: 24, length: 32 }, 4: { size: 60, text: 20, length: 24 } },
  tree: { 8: { size: 56, text: 24, length: 32 }, 4: { size: 40, text: 16, length: 20 } },
  tab: { 8: { size: 40, text: 16, length: 24 }, 4: { size: 28, text: 12, length: 16 } },
  header: { 8: { size: 72, text: 8, length: 24 }, 4: { size: 48, text: 8, length: 16 } },
};

/** Characters that are read at once per item; longer texts are read again. */
const shortText = 260;
const longText = 32_768;
/** Structures of this many items travel together. */
const batch = 64;

function writePointer(memory: RemoteMemory, structure: Buffer, value: number, offset: number): void {
  if (memory.pointerSize === 4) structure.writeUInt32LE(value, offset);
  else structure.writeBigInt64LE(BigInt(value), offset);
}
function readPointer(memory: RemoteMemory, structure: Buffer, offset: number): number {
  return memory.pointerSize === 4 ? structure.readUInt32LE(offset) : Number(structure.readBigInt64LE(offset));
}

/**
 * Texts of items: `fill` writes what a structure asks for, `ask` sends the message for one with the address of its structure.
 * Structures are written and read in batches: one message per item remains.
 */
function itemTexts<I>(
  control: Handle,
  kind: keyof typeof layouts,
  items: readonly I[],
  fill: (structure: Buffer, item: I, memory: RemoteMemory) => void,
  ask: (item: I, address: number) => void,
): { text: string; structure: Buffer }[] {
  if (items.length === 0) return [];
  const slot = layouts[kind][8].size + shortText * 2;
  const size = Math.min(items.length, batch) * slot + longText * 2;
  return withRemoteMemory(control, size, (memory) => {
    const layout = layouts[kind][memory.pointerSize];
    const structureOf = (item: I, text: number, length: number) => {
      const structure = Buffer.alloc(layout.size);
      fill(structure, item, memory);
      writePointer(memory, structure, memory.address + text, layout.text);
      structure.writeInt32LE(length, layout.length);
      return structure;
    };
    const textOf = (structure: Buffer, own: number, bytes: Buffer, limit: number) => {
      // A control may point to a text of its own instead of filling the one it was given.
      const address = readPointer(memory, structure, layout.text);
      return address === memory.address + own ? wideText(bytes) : memory.textAt(address, limit);
    };
    const found: { text: string; structure: Buffer }[] = [];
    for (let start = 0; start < items.length; start += batch) {
      const part = items.slice(start, start + batch);
      const bytes = Buffer.alloc(part.length * slot);
      part.forEach((item, index) => {
        structureOf(item, index * slot + layout.size, shortText).copy(bytes, index * slot);
      });
      memory.write(0, bytes);
      part.forEach((item, index) => {
        ask(item, memory.address + index * slot);
      });
      const answer = memory.read(0, bytes.length);
      part.forEach((item, index) => {
        const at = index * slot;
        let structure = answer.subarray(at, at + layout.size);
        let text = textOf(
          structure,
          at + layout.size,
          answer.subarray(at + layout.size, at + layout.size + shortText * 2),
          longText,
        );
        if (text.length === shortText - 1) {
          const long = memory.size - longText * 2;
          memory.write(at, structureOf(item, long, longText));
          ask(item, memory.address + at);
          structure = memory.read(at, layout.size);
          text = textOf(structure, long, memory.read(long, longText * 2), longText);
        }
        found.push({ text, structure });
      });
    }
    return found;
  });
}

/** Sends a message whose parameter is a small structure in the memory of the control's process; gives the structure back. */
function exchange(
  control: Handle,
  message: number,
  first: number,
  structure: Buffer,
): { result: number; structure: Buffer } {
  return withRemoteMemory(control, structure.length, (memory) => {
    memory.write(0, structure);
    const result = sendMessage(control, message, first, memory.address);
    return { result, structure: memory.read(0, structure.length) };
  });
}

// List views

const LVM = {
  getItemCount: 0x1004,
  getNextItem: 0x100c,
  getItemRectangle: 0x100e,
  ensureVisible: 0x1013,
  setItemState: 0x102b,
  getItemState: 0x102c,
  getHeader: 0x101f,
  getSubItemRectangle: 0x1038,
  getItemText: 0x1073,
  getExtendedStyle: 0x1037,
} as const;
const listItem = { focused: 1, selected: 2, stateImage: 0xf000 } as const;

export function listViewCount(list: Handle): number {
  return sendMessage(list, LVM.getItemCount, 0, 0);
}

/** Texts of the columns; undefined when the view has none. */
export function listViewColumns(list: Handle): readonly string[] | undefined {
  const header = sendMessage(list, LVM.getHeader, 0, 0);
  return header === 0 ? undefined : headerItems(header);
}

/** Texts of cells: all columns of the rows from `start` to before `end`. */
export function listViewRows(list: Handle, start = 0, end = listViewCount(list)): string[][] {
  const columns = Math.max(1, listViewColumns(list)?.length ?? 1);
  const rows = range(end - start).map((index) => start + index);
  const cells = rows.flatMap((row) => range(columns).map((column) => ({ row, column })));
  const texts = itemTexts(
    list,
    'list',
    cells,
    (structure, { row, column }) => {
      const maskText = 1;
      structure.writeUInt32LE(maskText, 0);
      structure.writeInt32LE(row, 4);
      structure.writeInt32LE(column, 8);
    },
    ({ row }, address) => sendMessage(list, LVM.getItemText, row, address),
  );
  return rows.map((_, index) => texts.slice(index * columns, (index + 1) * columns).map(({ text }) => text));
}

/** First column, selection and check boxes (where the view has them). */
export function listViewItems(list: Handle): ControlItem[] {
  const checkBoxes = 4;
  const hasChecks = (sendMessage(list, LVM.getExtendedStyle, 0, 0) & checkBoxes) !== 0;
  const items = range(listViewCount(list));
  const texts = itemTexts(
    list,
    'list',
    items,
    (structure, row) => {
      structure.writeUInt32LE(1, 0);
      structure.writeInt32LE(row, 4);
    },
    (row, address) => sendMessage(list, LVM.getItemText, row, address),
  );
  return items.map((row) => {
    const state = sendMessage(list, LVM.getItemState, row, listItem.selected | listItem.stateImage);
    return {
      text: texts[row]?.text ?? '',
      isSelected: (state & listItem.selected) !== 0,
      ...(hasChecks && { isChecked: state >> 12 === 2 }),
    };
  });
}

/** Selects these rows and no others; the last one gets the focus. */
export function selectListViewItems(list: Handle, indexes: readonly number[]): void {
  const every = -1;
  setListViewState(list, every, 0, listItem.selected);
  indexes.forEach((index, position) => {
    const focus = position === indexes.length - 1 ? listItem.focused : 0;
    setListViewState(list, index, listItem.selected | focus, listItem.selected | focus);
  });
}

/** Of views with check boxes. */
export function checkListViewItem(list: Handle, index: number, isChecked: boolean): void {
  setListViewState(list, index, (isChecked ? 2 : 1) << 12, listItem.stateImage);
}

function setListViewState(list: Handle, index: number, state: number, mask: number): void {
  const structure = Buffer.alloc(layouts.list[8].size);
  structure.writeUInt32LE(state, 12);
  structure.writeUInt32LE(mask, 16);
  exchange(list, LVM.setItemState, index, structure);
}

export function showListViewItem(list: Handle, index: number): void {
  sendMessage(list, LVM.ensureVisible, index, 0);
}

/** Where a cell is, on the screen; the whole row without a column. */
export function listViewRectangle(list: Handle, row: number, column?: number): Rectangle {
  const rect = Buffer.alloc(16);
  if (column !== undefined && column > 0) {
    rect.writeInt32LE(column, 4);
    return onScreen(list, readRectangle(exchange(list, LVM.getSubItemRectangle, row, rect).structure));
  }
  const bounds = 0;
  const label = 2;
  rect.writeInt32LE(column === undefined ? bounds : label, 0);
  return onScreen(list, readRectangle(exchange(list, LVM.getItemRectangle, row, rect).structure));
}

// Headers and tabs

const HDM = { getCount: 0x1200, getItem: 0x120b, getRectangle: 0x1207 } as const;
const TCM = {
  getCount: 0x1304,
  getRectangle: 0x130a,
  getSelection: 0x130b,
  setFocus: 0x1330,
  getItem: 0x133c,
} as const;

export function headerItems(header: Handle): string[] {
  const maskText = 2;
  return itemTexts(
    header,
    'header',
    range(sendMessage(header, HDM.getCount, 0, 0)),
    (structure) => structure.writeUInt32LE(maskText, 0),
    (index, address) => sendMessage(header, HDM.getItem, index, address),
  ).map(({ text }) => text);
}

export function headerRectangle(header: Handle, index: number): Rectangle {
  return onScreen(
    header,
    readRectangle(exchange(header, HDM.getRectangle, index, Buffer.alloc(16)).structure),
  );
}

export function tabItems(tabs: Handle): ControlItem[] {
  const selected = sendMessage(tabs, TCM.getSelection, 0, 0);
  const maskText = 1;
  return itemTexts(
    tabs,
    'tab',
    range(sendMessage(tabs, TCM.getCount, 0, 0)),
    (structure) => structure.writeUInt32LE(maskText, 0),
    (index, address) => sendMessage(tabs, TCM.getItem, index, address),
  ).map(({ text }, index) => ({ text, isSelected: index === selected }));
}

/** Changes the page; the program hears of it as of a click. */
export function selectTab(tabs: Handle, index: number): void {
  sendMessage(tabs, TCM.setFocus, index, 0);
}

export function tabRectangle(tabs: Handle, index: number): Rectangle {
  return onScreen(tabs, readRectangle(exchange(tabs, TCM.getRectangle, index, Buffer.alloc(16)).structure));
}

// Tree views

const TVM = {
  expand: 0x1102,
  getItemRectangle: 0x1104,
  getNext: 0x110a,
  select: 0x110b,
  ensureVisible: 0x1114,
  getItemState: 0x1127,
  getItem: 0x113e,
  setItem: 0x113f,
} as const;
const next = { root: 0, sibling: 1, parent: 3, child: 4, caret: 9 } as const;
const treeItem = { selected: 2, expanded: 0x20 } as const;

/** One node; `item` is its handle in the tree. */
export interface TreeItem {
  readonly item: number;
  readonly text: string;
  readonly isSelected: boolean;
  readonly isExpanded: boolean;
  readonly hasChildren: boolean;
}

/** Nodes below `parent` (0: the top), in order. Closed nodes may get their children only when they are opened. */
export function treeChildren(tree: Handle, parent = 0): TreeItem[] {
  const items: number[] = [];
  for (
    let item = sendMessage(tree, TVM.getNext, parent === 0 ? next.root : next.child, parent);
    item !== 0;
    item = sendMessage(tree, TVM.getNext, next.sibling, item)
  ) {
    items.push(item);
  }
  return treeItems(tree, items);
}

/** What these nodes are. */
export function treeItems(tree: Handle, items: readonly number[]): TreeItem[] {
  const mask = 0x1 | 0x8 | 0x10 | 0x40;
  return itemTexts(
    tree,
    'tree',
    items,
    (structure, item, memory) => {
      structure.writeUInt32LE(mask, 0);
      writePointer(memory, structure, item, memory.pointerSize);
      structure.writeUInt32LE(0xff, memory.pointerSize * 2 + 4);
    },
    (_, address) => sendMessage(tree, TVM.getItem, 0, address),
  ).map(({ text, structure }, index) => {
    const is64 = structure.length === layouts.tree[8].size;
    const state = structure.readUInt32LE(is64 ? 16 : 8);
    return {
      item: items[index] as number,
      text,
      isSelected: (state & treeItem.selected) !== 0,
      isExpanded: (state & treeItem.expanded) !== 0,
      hasChildren: structure.readInt32LE(is64 ? 44 : 32) !== 0,
    };
  });
}

/** The node above; 0 at the top. */
export function treeParent(tree: Handle, item: number): number {
  return sendMessage(tree, TVM.getNext, next.parent, item);
}
/** The selected node; 0 without. */
export function treeSelection(tree: Handle): number {
  return sendMessage(tree, TVM.getNext, next.caret, 0);
}
export function selectTreeItem(tree: Handle, item: number): void {
  sendMessage(tree, TVM.select, next.caret, item);
}
export function expandTreeItem(tree: Handle, item: number, isExpanded: boolean): void {
  const collapse = 1;
  const expand = 2;
  sendMessage(tree, TVM.expand, isExpanded ? expand : collapse, item);
}
export function showTreeItem(tree: Handle, item: number): void {
  sendMessage(tree, TVM.ensureVisible, 0, item);
}

/** Whether a node with a check box is checked (state image 2). */
export function isTreeItemChecked(tree: Handle, item: number): boolean {
  return sendMessage(tree, TVM.getItemState, item, 0xf000) >> 12 === 2;
}

/** Where the text of a node is, on the screen; undefined while it is not shown. */
export function treeItemRectangle(tree: Handle, item: number): Rectangle | undefined {
  const textOnly = 1;
  const rect = Buffer.alloc(16);
  rect.writeBigInt64LE(BigInt(item), 0);
  const { result, structure } = exchange(tree, TVM.getItemRectangle, textOnly, rect);
  return result === 0 ? undefined : onScreen(tree, readRectangle(structure));
}

// Sliders, progress bars, up-down controls, scrolling

const user = 0x400;

export interface RangeFacts {
  readonly value: number;
  readonly minimum: number;
  readonly maximum: number;
}

export function sliderRange(slider: Handle): RangeFacts {
  return {
    value: sendMessage(slider, user, 0, 0) | 0,
    minimum: sendMessage(slider, user + 1, 0, 0) | 0,
    maximum: sendMessage(slider, user + 2, 0, 0) | 0,
  };
}

/** Moves the slider and tells its parent, as dragging would. */
export function setSlider(slider: Handle, value: number): void {
  const redraw = 1;
  sendMessage(slider, user + 5, redraw, value);
  const vertical = 2;
  const message = (styleOf(slider) & vertical) !== 0 ? scrollMessages.vertical : scrollMessages.horizontal;
  const thumbPosition = 4;
  const endTrack = 8;
  const parent = parentOf(slider);
  sendMessage(parent, message, thumbPosition | ((value & 0xffff) << 16), slider);
  sendMessage(parent, message, endTrack, slider);
}

export function progressRange(progress: Handle): RangeFacts {
  return {
    value: sendMessage(progress, user + 8, 0, 0) | 0,
    minimum: sendMessage(progress, user + 7, 1, 0) | 0,
    maximum: sendMessage(progress, user + 7, 0, 0) | 0,
  };
}

const scrollMessages = { vertical: 0x115, horizontal: 0x114 } as const;
export type ScrollStep = 'lineBack' | 'lineForward' | 'pageBack' | 'pageForward' | 'start' | 'end';
const scrollSteps: Readonly<Record<ScrollStep, number>> = {
  lineBack: 0,
  lineForward: 1,
  pageBack: 2,
  pageForward: 3,
  start: 6,
  end: 7,
};

/** Scrolls a window or control that has scroll bars of its own. */
export function scroll(control: Handle, direction: keyof typeof scrollMessages, step: ScrollStep): void {
  sendMessage(control, scrollMessages[direction], scrollSteps[step], 0);
}

// Menus

export interface MenuItem {
  /** Without `&`, and without the shortcut after a tab. */
  readonly text: string;
  readonly shortcut: string;
  readonly position: number;
  /** Number of the command; 0 for a submenu or separator. */
  readonly command: number;
  /** Handle of the menu it opens; 0 without. */
  readonly submenu: Handle;
  readonly isEnabled: boolean;
  readonly isChecked: boolean;
  readonly isSeparator: boolean;
}

/** The menu bar of a window; 0 without. */
export function menuOf(window: Handle): Handle {
  return user32.GetMenu(window);
}

/** The menu that a popup menu window (class `#32768`) shows; 0 when it shows none. */
export function menuOfPopup(popup: Handle): Handle {
  const getMenu = 0x1e1;
  return sendMessage(popup, getMenu, 0, 0);
}

/**
 * Items of a menu, of another process too; undefined where Windows does not let it be read. `window` is asked to bring the state of
 * its items up to date first, as it is when a person opens the menu at `position` of the bar.
 */
export function menuItems(
  menu: Handle,
  opened?: { readonly window: Handle; readonly position: number },
): readonly MenuItem[] | undefined {
  if (opened !== undefined) {
    const initMenuPopup = 0x117;
    sendMessage(opened.window, initMenuPopup, menu, opened.position);
  }
  const count = user32.GetMenuItemCount(menu);
  if (count < 0) return undefined;
  const byPosition = 0x400;
  return range(count).map((position) => {
    const buffer = Buffer.alloc(1024);
    const length = user32.GetMenuStringW(menu, position, buffer, buffer.length / 2, byPosition);
    const [label = '', shortcut = ''] = buffer.toString('utf16le', 0, length * 2).split('\t');
    const submenu = user32.GetSubMenu(menu, position);
    const state = user32.GetMenuState(menu, position, byPosition);
    const id = user32.GetMenuItemID(menu, position);
    return {
      text: label.replace(/&(.)/g, '$1'),
      shortcut,
      position,
      command: submenu !== 0 || id === 0xffffffff ? 0 : id,
      submenu,
      // MF_GRAYED, MF_DISABLED
      isEnabled: (state & 3) === 0,
      isChecked: (state & 8) !== 0,
      isSeparator: (state & 0x800) !== 0,
    };
  });
}

/** Carries out a command of the menu of `window`, without opening the menu. Returns at once. */
export function chooseMenuCommand(window: Handle, command: number): void {
  postMessage(window, WM.command, command & 0xffff, 0);
}

/** Whether the control is made from Windows' edit control, under whatever class name. */
export function isEdit(control: Handle): boolean {
  return /edit/i.test(className(control)) || realClassName(control) === 'Edit';
}

/** Text of a label, button, edit …: what the control says, '' for that of a password and of a control that is gone. */
export function controlText(control: Handle): string {
  try {
    return isEdit(control) && isPasswordEdit(control) ? '' : textOf(control);
  } catch (error) {
    if (failedWith(error, win32.invalidWindowHandle)) return '';
    throw error;
  }
}

/** Tells the parent what happened to a control (WM_COMMAND with a notification code). */
export function notifyParent(control: Handle, code: number): void {
  postMessage(
    parentOf(control),
    WM.command,
    ((code & 0xffff) << 16) | (controlId(control) & 0xffff),
    control,
  );
}

function onScreen(control: Handle, rectangle: Rectangle): Rectangle {
  return { ...rectangle, ...toScreen(control, rectangle) };
}

function range(length: number): number[] {
  return Array.from({ length: Math.max(0, length) }, (_, index) => index);
}

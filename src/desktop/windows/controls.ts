// What kind of control a window handle is, and what controls with items offer, by messages. Which element is meant is decided in
// win32Driver.ts.

import type { Handle } from '../../win32/ffi.ts';
import * as messages from '../../win32/messages.ts';
import * as windows from '../../win32/windows.ts';
import type { Rectangle } from '../desktop.ts';

export type ControlKind =
  | 'push'
  | 'check'
  | 'radio'
  | 'group'
  | 'edit'
  | 'text'
  | 'picture'
  | 'combo'
  | 'listBox'
  | 'listView'
  | 'tree'
  | 'tab'
  | 'header'
  | 'slider'
  | 'progress'
  | 'window'
  | 'other';

const kindsByClass: Readonly<Record<string, ControlKind>> = {
  combobox: 'combo',
  listbox: 'listBox',
  combolbox: 'listBox',
  syslistview32: 'listView',
  systreeview32: 'tree',
  systabcontrol32: 'tab',
  sysheader32: 'header',
  msctls_trackbar32: 'slider',
  msctls_progress32: 'progress',
};

/** Tags of controls that have no kind of their own here. */
const tagsByClass: Readonly<Record<string, string>> = {
  comboboxex32: 'combo box',
  msctls_updown32: 'spinner',
  msctls_statusbar32: 'status bar',
  toolbarwindow32: 'tool bar',
  syslink: 'hyperlink',
  scrollbar: 'scroll bar',
  tooltips_class32: 'tool tip',
  sysmonthcal32: 'calendar',
  '#32768': 'menu',
};

const tagsByKind: Readonly<Record<Exclude<ControlKind, 'window' | 'other'>, readonly string[]>> = {
  push: ['button'],
  check: ['check box'],
  radio: ['radio button'],
  group: ['group'],
  edit: ['edit'],
  text: ['text'],
  picture: ['image'],
  combo: ['combo box'],
  listBox: ['list'],
  listView: ['list', 'data grid', 'table'],
  tree: ['tree'],
  tab: ['tab'],
  header: ['header'],
  slider: ['slider'],
  progress: ['progress bar'],
};

/** The class that a control is made from: toolkits register Windows' own controls under names of theirs. */
export function baseClass(handle: Handle): string {
  const name = windows.className(handle);
  const wrapped = /^WindowsForms\d+\.(\w+)\./.exec(name)?.[1];
  return (wrapped ?? (windows.realClassName(handle) || name)).toLowerCase();
}

/** `base` as `baseClass` gives it. */
export function kindOf(handle: Handle, base: string): ControlKind {
  if (base === 'button') {
    const kind = messages.buttonKind(handle);
    return kind === 'ownerDrawn' ? 'push' : kind;
  }
  if (base === 'edit' || /^rich ?edit/.test(base)) return 'edit';
  if (base === 'static') {
    const type = windows.styleOf(handle) & 0x1f;
    const isPicture = type === 0x3 || type === 0xe || type === 0xf;
    return isPicture ? 'picture' : 'text';
  }
  return kindsByClass[base] ?? (windows.isChild(handle) ? 'other' : 'window');
}

/** What selectors call it, most usual name first. */
export function tagsOf(handle: Handle, kind: ControlKind, base: string): readonly string[] {
  if (kind === 'edit') return messages.isMultiLineEdit(handle) ? ['edit', 'document'] : ['edit'];
  // UI Automation calls some top-level windows panes.
  if (kind === 'window') return [tagsByClass[base] ?? 'window', 'pane'];
  if (kind === 'other') return [tagsByClass[base] ?? 'pane', 'custom', 'group'];
  return tagsByKind[kind];
}

/** How the items of a control are read and changed. Indexes are from 0. */
export interface ItemControl {
  /** What selectors call one. */
  readonly tags: readonly string[];
  items(control: Handle): readonly messages.ControlItem[];
  /** These and no others. */
  select?(control: Handle, indexes: readonly number[]): void;
  isMultiple(control: Handle): boolean;
  show?(control: Handle, index: number): void;
  rectangle(control: Handle, index: number): Rectangle;
}

export const itemControls: Readonly<Partial<Record<ControlKind, ItemControl>>> = {
  listBox: {
    tags: ['list item'],
    items: messages.listBoxItems,
    select: messages.selectListBoxItems,
    isMultiple: messages.isMultipleListBox,
    show: messages.showListBoxItem,
    rectangle: messages.listBoxItemRectangle,
  },
  listView: {
    tags: ['list item', 'data item'],
    items: messages.listViewItems,
    select: messages.selectListViewItems,
    // LVS_SINGLESEL
    isMultiple: (list) => (windows.styleOf(list) & 4) === 0,
    show: messages.showListViewItem,
    rectangle: messages.listViewRectangle,
  },
  combo: {
    tags: ['list item'],
    items: messages.comboItems,
    select: (combo, indexes) => messages.selectComboItem(combo, indexes[0] ?? -1),
    isMultiple: () => false,
    rectangle: (combo) => windows.windowRectangle(combo),
  },
  tab: {
    tags: ['tab item'],
    items: messages.tabItems,
    select: (tabs, indexes) => messages.selectTab(tabs, indexes[0] ?? 0),
    isMultiple: () => false,
    rectangle: messages.tabRectangle,
  },
  header: {
    tags: ['header item'],
    items: (header) => messages.headerItems(header).map((text) => ({ text, isSelected: false })),
    isMultiple: () => false,
    rectangle: messages.headerRectangle,
  },
};

/** What a control is called: its own text, or for those that show something else the label before it, as UI Automation has it. */
export function nameOf(handle: Handle, kind: ControlKind): string {
  if (labelled.has(kind)) {
    const label = windows.previousSibling(handle);
    return label !== 0 && baseClass(label) === 'static' ? plainText(label) : '';
  }
  return kind === 'window' ? windows.titleOf(handle) : plainText(handle);
}

const labelled: ReadonlySet<ControlKind> = new Set([
  'edit',
  'combo',
  'listBox',
  'listView',
  'tree',
  'slider',
  'progress',
]);

/** The text Windows keeps of a control, without the mark for the keyboard (`&`). Never asks the program. */
const plainText = (handle: Handle): string => windows.titleOf(handle).replace(/&(.)/g, '$1');

// Elements by window handles and the messages of Windows' own controls: every window, control, and the items of lists, trees, tabs and
// headers. Works for old programs whatever they tell UI Automation. What a selector matches is decided in match.ts.
import type { Handle } from '../../win32/ffi.ts';
import * as messages from '../../win32/messages.ts';
import * as windows from '../../win32/windows.ts';
import { controlTypeOf, tagKey } from '../controls.ts';
import type { ElementChange, ElementFacts, ElementState, ItemFacts, Point, Rectangle } from '../desktop.ts';
import type { Driver } from '../driver.ts';
import { DesktopError } from '../errors.ts';
import type { SelectorLevel } from '../selector.ts';
import { baseClass, type ControlKind, itemControls, kindOf, nameOf, tagsOf } from './controls.ts';
import {
  chosenItems,
  disabled,
  elementGone,
  encloses,
  noItem,
  readOnly,
  settle,
  spokenOf,
  truth,
  unsupported,
  windowNotFound,
} from './elements.ts';
import { chooseFromMenu } from './menus.ts';

/** A window or control. What it is does not change while it lives, and is asked once. */
interface ControlNode {
  readonly handle: Handle;
  readonly base: string;
  readonly kind: ControlKind;
}

/** A part of a control that has no window of its own: the item at an index, or of a tree by its handle in the tree. */
interface ItemNode {
  readonly control: ControlNode;
  readonly index: number;
  /** Of the moment of the look. */
  readonly item: messages.ControlItem | messages.TreeItem;
}

export type Win32Node = ControlNode | ItemNode;

const isItem = (node: Win32Node): node is ItemNode => 'control' in node;
const handleOf = (node: Win32Node): Handle => (isItem(node) ? node.control.handle : node.handle);
const isTreeItem = (item: ItemNode['item']): item is messages.TreeItem => 'hasChildren' in item;

/** Items that `elementAt` compares with a point, per control. */
const pointedLimit = 200;

const itemTags: ReadonlySet<string> = new Set(
  ['list item', 'data item', 'tab item', 'header item', 'tree item'].map(tagKey),
);

export class Win32Driver implements Driver<Win32Node> {
  readonly kind = 'win32';
  readonly #processName: (id: number) => string;

  /** `processName`: file name without ending of the program with an id. */
  constructor(processName: (id: number) => string) {
    this.#processName = processName;
  }

  windows(): readonly Win32Node[] {
    return visibleWindows().map(control);
  }

  window(handle: number): Win32Node {
    if (!windows.windowExists(handle)) throw windowNotFound(handle);
    return control(handle);
  }

  below(node: Win32Node, scope: 'children' | 'all', level?: SelectorLevel): readonly Win32Node[] {
    const tag = level === undefined ? '' : tagKey(level.element);
    const wanted: Wanted = {
      isDeep: scope === 'all',
      withItems: tag === '' || tag === '*' || itemTags.has(tag),
      withHidden: level?.attributes.some(({ name }) => name.toLowerCase() === 'visible') === true,
    };
    if (isItem(node)) return isTreeItem(node.item) ? treeItems(node.control, node.item.item, wanted) : [];
    return belowControl(node, wanted);
  }

  tags(node: Win32Node): readonly string[] {
    if (!isItem(node)) return tagsOf(node.handle, node.kind, node.base);
    return isTreeItem(node.item) ? ['tree item'] : (itemControls[node.control.kind]?.tags ?? []);
  }

  key(node: Win32Node): string {
    if (!isItem(node)) return String(node.handle);
    return `${node.control.handle}/${isTreeItem(node.item) ? node.item.item : node.index}`;
  }

  property(node: Win32Node, name: string): string | undefined {
    switch (name) {
      case 'name':
        return isItem(node) ? node.item.text : nameOf(node.handle, node.kind);
      case 'process':
        return this.#processName(windows.ownerOf(handleOf(node)).processId);
      case 'processid':
        return String(windows.ownerOf(handleOf(node)).processId);
      case 'enabled':
        return truth(isEnabled(handleOf(node)));
      case 'visible':
        return truth(this.#isOnScreen(node));
      case 'controltype':
      case 'type':
        return this.tags(node)[0];
      case 'controltypeid':
        return String(controlTypeOf(this.tags(node)[0] ?? '') ?? '');
      case 'value':
      case 'text': {
        const { value, text } = this.state(node);
        return name === 'value' ? value : text;
      }
      case 'toggled':
      case 'checked': {
        const { isOn } = this.state(node);
        return isOn === undefined ? undefined : isOn === 'mixed' ? 'Mixed' : truth(isOn);
      }
      case 'selected': {
        const { isSelected } = this.state(node);
        return isSelected === undefined ? undefined : truth(isSelected);
      }
      case 'expanded': {
        const { isExpanded } = this.state(node);
        return isExpanded === undefined ? undefined : truth(isExpanded);
      }
    }
    if (isItem(node)) return name === 'password' ? 'False' : undefined;
    const { handle, kind } = node;
    switch (name) {
      case 'id':
        return controlId(handle);
      case 'class':
        return windows.className(handle);
      case 'handle':
        return String(handle);
      case 'password':
        return truth(kind === 'edit' && messages.isPasswordEdit(handle));
      case 'isdefault':
        return kind === 'push' ? truth((windows.styleOf(handle) & 0xf) === 1) : undefined;
      case 'readonly':
        return kind === 'edit' ? truth(messages.isReadOnlyEdit(handle)) : undefined;
      default:
        return undefined;
    }
  }

  facts(node: Win32Node): Omit<ElementFacts, 'ref'> {
    const handle = handleOf(node);
    alive(handle);
    return {
      driver: 'win32',
      tag: this.tags(node)[0] ?? '',
      name: this.property(node, 'name') ?? '',
      className: isItem(node) ? '' : windows.className(handle),
      automationId: isItem(node) ? '' : controlId(handle),
      processId: windows.ownerOf(handle).processId,
      window: windows.rootOf(handle),
      rectangle: this.rectangle(node),
      isEnabled: isEnabled(handle),
      isOnScreen: this.#isOnScreen(node),
      isFocused:
        windows.focusedWindow(windows.ownerOf(handle).threadId) === handle && this.#hasItemFocus(node),
      isPassword: !isItem(node) && node.kind === 'edit' && messages.isPasswordEdit(handle),
    };
  }

  parent(node: Win32Node): Win32Node | undefined {
    if (isItem(node)) {
      const above = isTreeItem(node.item) ? messages.treeParent(node.control.handle, node.item.item) : 0;
      if (above === 0) return node.control;
      const [item] = messages.treeItems(node.control.handle, [above]);
      return item === undefined ? node.control : { control: node.control, index: 0, item };
    }
    if (!windows.isChild(node.handle)) return undefined;
    const parent = windows.parentOf(node.handle);
    return parent === 0 ? undefined : control(parent);
  }

  elementAt(place: Point | 'focus'): Win32Node | undefined {
    const handle = place === 'focus' ? windows.focusedWindow() : windows.windowAt(place);
    if (handle === 0) return undefined;
    const found = control(handle);
    const items = shownItems(found);
    return place === 'focus'
      ? (items.find((node) => node.item.isSelected) ?? found)
      : (items.find((node) => encloses(this.rectangle(node), place)) ?? found);
  }

  rectangle(node: Win32Node): Rectangle {
    if (!isItem(node)) {
      alive(node.handle);
      return node.kind === 'window'
        ? windows.visibleRectangle(node.handle)
        : windows.windowRectangle(node.handle);
    }
    const whole = windows.windowRectangle(node.control.handle);
    const own = isTreeItem(node.item)
      ? messages.treeItemRectangle(node.control.handle, node.item.item)
      : itemControls[node.control.kind]?.rectangle(node.control.handle, node.index);
    return own === undefined ? { ...whole, width: 0, height: 0 } : common(own, whole);
  }

  state(node: Win32Node): ElementState {
    const handle = handleOf(node);
    alive(handle);
    if (isItem(node)) return itemState(fresh(node));
    switch (node.kind) {
      case 'edit': {
        if (messages.isPasswordEdit(handle)) return { text: '' };
        const text = windows.textOf(handle);
        return { value: text, text };
      }
      case 'check': {
        const isOn = messages.checkState(handle);
        return { text: nameOf(handle, node.kind), isOn };
      }
      case 'radio': {
        const isSelected = messages.checkState(handle) === true;
        return { text: nameOf(handle, node.kind), isOn: isSelected, isSelected };
      }
      case 'combo': {
        const text = windows.textOf(handle);
        return { value: text, text, isExpanded: messages.isComboDropped(handle) };
      }
      case 'slider':
      case 'progress': {
        const value = String(
          (node.kind === 'slider' ? messages.sliderRange(handle) : messages.progressRange(handle)).value,
        );
        return { value, text: value };
      }
      case 'tree':
      case 'listBox':
      case 'listView':
      case 'tab': {
        const chosen = this.items(node).filter((item) => item.isSelected);
        return { text: chosen.map((item) => item.text).join('\n') };
      }
      default:
        return { text: node.kind === 'window' ? windows.titleOf(handle) : windows.textOf(handle) };
    }
  }

  items(node: Win32Node): readonly ItemFacts[] {
    const handle = handleOf(node);
    alive(handle);
    const enabled = isEnabled(handle);
    return this.#itemNodes(node).map(({ item }) => ({
      text: item.text,
      isSelected: item.isSelected,
      isEnabled: enabled,
    }));
  }

  table(node: Win32Node): ReturnType<Driver['table']> {
    if (!isItem(node)) {
      alive(node.handle);
      if (node.kind === 'listView') {
        return { header: messages.listViewColumns(node.handle), rows: messages.listViewRows(node.handle) };
      }
      const control = itemControls[node.kind];
      if (control !== undefined) {
        return { header: undefined, rows: control.items(node.handle).map(({ text }) => [text]) };
      }
    }
    throw this.#unsupported(node, 'has no cells to read');
  }

  contains(node: Win32Node, other: Win32Node): boolean {
    if (isItem(node)) {
      return (
        handleOf(other) === node.control.handle && (!isItem(other) || this.key(other) === this.key(node))
      );
    }
    for (
      let handle = handleOf(other);
      handle !== 0;
      handle = windows.isChild(handle) ? windows.parentOf(handle) : 0
    ) {
      if (handle === node.handle) return true;
    }
    // Labels and frames of groups may lie over a control without taking its clicks.
    return (
      !isItem(other) &&
      ['group', 'text', 'picture'].includes(other.kind) &&
      windows.rootOf(other.handle) === windows.rootOf(node.handle)
    );
  }

  change(node: Win32Node, change: ElementChange): void {
    const handle = handleOf(node);
    alive(handle);
    if (change.kind !== 'focus' && change.kind !== 'scrollIntoView' && !isEnabled(handle))
      throw disabled(this.#spoken(node));
    switch (change.kind) {
      case 'invoke':
        this.#invoke(node);
        return;
      case 'focus':
        this.#focus(node);
        return;
      case 'scrollIntoView':
        show(node);
        return;
      case 'setValue':
        this.#setValue(node, change.text);
        return;
      case 'toggle':
        this.#toggle(node, change.isOn);
        return;
      case 'select':
        this.#select(node);
        return;
      case 'expand':
      case 'collapse':
        this.#expand(node, change.kind === 'expand');
        return;
      case 'selectItems':
        this.#selectItems(node, change.items, change.isRegularExpression);
        return;
      case 'menu':
        chooseFromMenu(windows.rootOf(handle), change.path);
        return;
    }
  }

  keep(): void {
    // Handles of windows belong to their programs: there is nothing to hold or to let go of.
  }
  sweep(): void {}
  release(): void {}

  dispose(): void {}

  #isOnScreen(node: Win32Node): boolean {
    const handle = handleOf(node);
    if (!windows.isVisible(handle) || windows.stateOf(windows.rootOf(handle)) === 'minimized') return false;
    const { width, height } = this.rectangle(node);
    return width > 0 && height > 0;
  }

  #hasItemFocus(node: Win32Node): boolean {
    return !isItem(node) || fresh(node).item.isSelected;
  }

  #invoke(node: Win32Node): void {
    if (isItem(node)) {
      if (node.control.kind === 'tab') {
        this.#select(node);
        return;
      }
    } else if (node.kind === 'push' || node.kind === 'check' || node.kind === 'radio') {
      messages.clickButton(node.handle);
      return;
    }
    throw this.#unsupported(node, 'cannot be pressed without the mouse');
  }

  #focus(node: Win32Node): void {
    const handle = handleOf(node);
    if (!isItem(node) && node.kind === 'window') windows.activate(handle);
    else if (!windows.focusControl(handle)) {
      throw new DesktopError(
        'ElementNotReady',
        `${this.#spoken(node)} does not take the keyboard focus.`,
        'Click the element instead, and look whether another window is in front.',
      );
    }
    if (isItem(node)) show(node);
  }

  #setValue(node: Win32Node, text: string): void {
    if (!isItem(node)) {
      const { handle, kind } = node;
      if (kind === 'edit') {
        if (!messages.isReadOnlyEdit(handle)) {
          messages.setEditText(handle, text);
          return;
        }
        throw readOnly(this.#spoken(node));
      }
      if (kind === 'combo') {
        this.#setCombo(node, text);
        return;
      }
      if (kind === 'slider' && Number.isFinite(Number(text))) {
        messages.setSlider(handle, Number(text));
        return;
      }
    }
    throw this.#unsupported(node, 'has no text that can be set');
  }

  #setCombo(node: ControlNode, text: string): void {
    const index = messages.comboItems(node.handle).findIndex((item) => item.text === text);
    // CBS_DROPDOWNLIST: only its items can be chosen.
    const isList = (windows.styleOf(node.handle) & 3) === 3;
    if (index >= 0) {
      messages.selectComboItem(node.handle, index);
      return;
    }
    if (isList) throw noItem(this.#spoken(node), text);
    windows.setText(node.handle, text);
    const editChange = 5;
    messages.notifyParent(node.handle, editChange);
  }

  #toggle(node: Win32Node, isOn: boolean): void {
    if (isItem(node)) {
      const { control: list, index } = node;
      if (list.kind === 'listView' && 'isChecked' in node.item)
        messages.checkListViewItem(list.handle, index, isOn);
      return;
    } else if (node.kind === 'check') {
      const automatic = [3, 6].includes(windows.styleOf(node.handle) & 0xf);
      if (automatic) {
        if (messages.checkState(node.handle) !== isOn) messages.setCheckState(node.handle, isOn);
        return;
      }
      // The program changes it itself when it hears of a click; a third state may lie between.
      for (let click = 0; click < 3 && messages.checkState(node.handle) !== isOn; click++) {
        const before = messages.checkState(node.handle);
        messages.clickButton(node.handle);
        settle(() => messages.checkState(node.handle) !== before);
      }
      if (messages.checkState(node.handle) === isOn) return;
      throw this.#unsupported(node, `does not become ${isOn ? 'ticked' : 'unticked'} by a click`);
    } else if (node.kind === 'radio' && isOn) {
      if (messages.checkState(node.handle) === true) return;
      messages.clickButton(node.handle);
      settle(() => messages.checkState(node.handle) === true);
      return;
    }
    throw this.#unsupported(node, 'cannot be ticked or unticked');
  }

  #select(node: Win32Node): void {
    if (!isItem(node)) {
      if (node.kind === 'radio') {
        this.#toggle(node, true);
        return;
      }
      throw this.#unsupported(node, 'is nothing that can be selected');
    }
    if (isTreeItem(node.item)) {
      messages.selectTreeItem(node.control.handle, node.item.item);
      return;
    }
    const select = itemControls[node.control.kind]?.select;
    if (select === undefined) throw this.#unsupported(node, 'is nothing that can be selected');
    select(node.control.handle, [node.index]);
  }

  #expand(node: Win32Node, isExpanded: boolean): void {
    if (isItem(node)) {
      if (isTreeItem(node.item)) {
        messages.expandTreeItem(node.control.handle, node.item.item, isExpanded);
        return;
      }
    } else if (node.kind === 'combo') {
      messages.dropCombo(node.handle, isExpanded);
      return;
    }
    throw this.#unsupported(node, 'cannot be opened or closed');
  }

  #selectItems(node: Win32Node, wanted: readonly (string | number)[], isRegularExpression: boolean): void {
    const all = this.#itemNodes(node);
    const texts = all.map(({ item }) => item.text);
    const ordered = chosenItems(texts, wanted, isRegularExpression, this.#spoken(node)).flatMap(
      (index) => all[index] ?? [],
    );
    const owner = isItem(node) ? node.control : node;
    if (owner.kind === 'tree') {
      if (ordered.length > 1) throw this.#unsupported(node, 'lets only one item be selected');
      const [only] = ordered;
      if (only !== undefined) this.#select(only);
      return;
    }
    const itemControl = itemControls[owner.kind];
    if (itemControl?.select === undefined) throw this.#unsupported(node, 'has no items that can be selected');
    if (ordered.length > 1 && !itemControl.isMultiple(owner.handle))
      throw this.#unsupported(node, 'lets only one item be selected');
    itemControl.select(
      owner.handle,
      ordered.map(({ index }) => index),
    );
  }

  #itemNodes(node: Win32Node): readonly ItemNode[] {
    const everything: Wanted = { isDeep: true, withItems: true, withHidden: false };
    if (isItem(node)) {
      if (isTreeItem(node.item)) return treeItems(node.control, node.item.item, everything);
    } else {
      const items = ownItems(node, everything);
      if (items !== undefined) return items;
    }
    throw this.#unsupported(node, 'has no items');
  }

  #unsupported(node: Win32Node, reason: string): DesktopError {
    return unsupported(this.#spoken(node), reason);
  }

  #spoken(node: Win32Node): string {
    return spokenOf(this.tags(node)[0] ?? '', this.property(node, 'name') ?? '');
  }
}

interface Wanted {
  readonly isDeep: boolean;
  readonly withItems: boolean;
  readonly withHidden: boolean;
}

function control(handle: Handle): ControlNode {
  const base = baseClass(handle);
  return { handle, base, kind: kindOf(handle, base) };
}

/** Top-level windows that people can see, front to back. */
export function visibleWindows(): Handle[] {
  return windows
    .topLevelWindows()
    .filter((handle) => windows.isVisible(handle) && !windows.isCloaked(handle));
}

function belowControl(node: ControlNode, wanted: Wanted): Win32Node[] {
  const owned = node.kind === 'window' && !windows.isChild(node.handle) ? ownedWindows(node.handle) : [];
  const inside = owned.flatMap((handle): Win32Node[] => {
    const dialog = control(handle);
    return wanted.isDeep ? [dialog, ...belowControl(dialog, wanted)] : [dialog];
  });
  const items = wanted.withItems ? (ownItems(node, wanted) ?? []) : [];
  if (!wanted.isDeep) {
    const children = windows.childWindows(node.handle).filter((handle) => isShown(handle, wanted));
    return [...inside, ...children.map(control), ...items];
  }
  // One call lists everything below; each window comes right behind what it is in.
  const below = windows.descendantWindows(node.handle).filter((handle) => isShown(handle, wanted));
  const nodes = below.flatMap((handle): Win32Node[] => {
    const child = control(handle);
    return wanted.withItems ? [child, ...(ownItems(child, wanted) ?? [])] : [child];
  });
  return [...inside, ...nodes, ...items];
}

const isShown = (handle: Handle, { withHidden }: Wanted): boolean => withHidden || windows.isVisible(handle);

/** Dialogs and the like of a window: UI Automation too has them below it. */
function ownedWindows(handle: Handle): Handle[] {
  return visibleWindows().filter((one) => windows.ownerWindowOf(one) === handle);
}

/** Undefined for controls without items. */
function ownItems(node: ControlNode, wanted: Wanted): ItemNode[] | undefined {
  if (node.kind === 'tree') return treeItems(node, 0, wanted);
  return itemControls[node.kind]?.items(node.handle).map((item, index) => ({ control: node, index, item }));
}

function treeItems(tree: ControlNode, parent: number, wanted: Wanted): ItemNode[] {
  return messages.treeChildren(tree.handle, parent).flatMap((item, index) => {
    const node = { control: tree, index, item };
    return wanted.isDeep && item.hasChildren ? [node, ...treeItems(tree, item.item, wanted)] : [node];
  });
}

/** Items that a point or the focus may mean. */
function shownItems(node: ControlNode): ItemNode[] {
  if (node.kind === 'combo' || node.kind === 'header') return [];
  return (ownItems(node, { isDeep: true, withItems: true, withHidden: false }) ?? []).slice(0, pointedLimit);
}

/** The item as it is now. Throws `ElementGone`. */
function fresh(node: ItemNode): ItemNode {
  const { control: owner, index } = node;
  const item = isTreeItem(node.item)
    ? messages.treeItems(owner.handle, [node.item.item])[0]
    : itemControls[owner.kind]?.items(owner.handle)[index];
  if (item === undefined || item.text !== node.item.text) throw elementGone();
  return { control: owner, index, item };
}

function itemState({ item }: ItemNode): ElementState {
  return {
    value: item.text,
    text: item.text,
    isSelected: item.isSelected,
    ...('isChecked' in item && { isOn: item.isChecked }),
    ...(isTreeItem(item) && item.hasChildren && { isExpanded: item.isExpanded }),
  };
}

function show(node: Win32Node): void {
  if (!isItem(node)) return;
  if (isTreeItem(node.item)) messages.showTreeItem(node.control.handle, node.item.item);
  else itemControls[node.control.kind]?.show?.(node.control.handle, node.index);
}

function controlId(handle: Handle): string {
  const id = windows.controlId(handle);
  // Static texts have -1, which says nothing.
  return id > 0 ? String(id) : '';
}

/** A control in a disabled window cannot be used either. */
function isEnabled(handle: Handle): boolean {
  return windows.isEnabled(handle) && windows.isEnabled(windows.rootOf(handle));
}

function alive(handle: Handle): void {
  if (!windows.windowExists(handle)) throw elementGone();
}

/** What two rectangles share; empty at the corner of the first when they share nothing. */
function common(one: Rectangle, other: Rectangle): Rectangle {
  const x = Math.max(one.x, other.x);
  const y = Math.max(one.y, other.y);
  return {
    x,
    y,
    width: Math.max(0, Math.min(one.x + one.width, other.x + other.width) - x),
    height: Math.max(0, Math.min(one.y + one.height, other.y + other.height) - y),
  };
}

// From what a person did to the steps of a flow: clicks, texts, choices and keys, folded so that each step stands for what the person meant.
// Knows no text of flows (interchange/recording.ts writes it) and finds no elements.
import type { MouseButton, Point } from '../desktop.ts';
import type { CapturedElement, CapturedWindow, CaptureEvent } from './events.ts';
import { editingKeys, keyName, notationOf } from './keys.ts';
import { identity } from './selectors.ts';

export type RecordedStep =
  | { readonly kind: 'comment'; readonly text: string }
  | {
      readonly kind: 'click';
      readonly element: CapturedElement;
      readonly click: 'LeftClick' | 'RightClick' | 'MiddleClick' | 'DoubleClick';
      /** From the middle of the element. */
      readonly offset: Point;
    }
  | { readonly kind: 'drag'; readonly element: CapturedElement; readonly onto: CapturedElement }
  /** `isWhole`: the text is all that the field holds then; else it was typed behind what was there. */
  | {
      readonly kind: 'populate';
      readonly element: CapturedElement;
      readonly text: string;
      readonly isWhole: boolean;
    }
  /** Text that nobody may know; whoever writes the flow gives it an input. */
  | { readonly kind: 'populateSecret'; readonly element: CapturedElement }
  | { readonly kind: 'checkbox'; readonly element: CapturedElement; readonly isOn: boolean }
  | { readonly kind: 'radio' | 'tab' | 'menu'; readonly element: CapturedElement }
  | { readonly kind: 'dropDown'; readonly element: CapturedElement; readonly option: string }
  /** `keys` in the notation of "Send keys". */
  | { readonly kind: 'keys'; readonly keys: string; readonly element: CapturedElement }
  | { readonly kind: 'focus' | 'close' | 'minimize' | 'maximize'; readonly window: CapturedWindow }
  | { readonly kind: 'launch'; readonly path: string; readonly hasArguments: boolean };

/** Typing into one field, until something else happens. */
interface Typing {
  readonly element: CapturedElement;
  text: string;
  /** In the notation of keys, for a field whose text cannot be read. */
  keys: string;
  value: string | undefined;
  /** Something was typed, pasted or deleted. */
  isChanged: boolean;
  /** `text` is not all that happened: keys moved in it, or changed it in ways only the field knows. */
  isEdited: boolean;
}

interface Press {
  readonly element: CapturedElement;
  readonly button: MouseButton;
  readonly point: Point;
  readonly time: number;
  readonly step: RecordedStep;
}

const textTags: ReadonlySet<string> = new Set(['edit', 'document', 'combo box', 'spinner']);
/** Where in them a click is made matters. */
const spaciousTags: ReadonlySet<string> = new Set([
  ...['pane', 'custom', 'image', 'document', 'group', 'window', 'slider', 'scroll bar', 'table', 'list'],
  ...['tree', 'data grid', 'calendar', 'tool bar'],
]);
/** Programs whose windows start other programs. */
const shells: ReadonlySet<string> = new Set(
  'explorer searchhost searchapp searchui startmenuexperiencehost shellexperiencehost'.split(' '),
);

/** How far (pixels) the second press of a double click may be from the first. */
const doubleClickDistance = 4;

/** The steps of one recording. Every event may change the last steps; those before stay as they are. */
export class StepRecorder {
  readonly #steps: RecordedStep[] = [];
  #typing: Typing | undefined;
  #press: Press | undefined;
  /** The window that the flow's last step leaves in front. */
  #front: CapturedWindow | undefined;

  /** As a flow would be written now. */
  get steps(): readonly RecordedStep[] {
    return withoutDetours([...this.#steps, ...this.#typed()]);
  }

  add(event: CaptureEvent): void {
    switch (event.kind) {
      case 'value':
        if (this.#typing !== undefined && !this.#typing.element.isPassword) this.#typing.value = event.value;
        return;
      case 'key': {
        this.#key(event);
        return;
      }
      case 'down': {
        this.#down(event);
        return;
      }
      case 'ticked': {
        this.#ticked(event.isOn);
        return;
      }
      case 'chosen': {
        this.#chosen(event.option);
        return;
      }
      case 'dragged': {
        this.#dragged(event.element);
        return;
      }
      case 'foreground': {
        this.#foreground(event);
        return;
      }
      case 'comment':
        this.#endTyping();
        this.#press = undefined;
        this.#push({ kind: 'comment', text: event.text });
    }
  }

  // ── Mouse ───────────────────────────────────────────────────────────────────────────────────────────────────

  #down(event: CaptureEvent & { kind: 'down' }): void {
    const { element, button, point, time, frame } = event;
    this.#endTyping();
    const before = this.#press;
    this.#press = undefined;
    if (element === undefined) {
      this.#push({ kind: 'comment', text: 'A click on something that could not be seen was not recorded.' });
      return;
    }
    this.#front = element.window;
    if (frame !== undefined) {
      const kind = frame === 'caption' ? 'focus' : frame;
      if (button === 'left') this.#push({ kind, window: element.window });
      return;
    }
    const isSecond =
      before !== undefined &&
      button === 'left' &&
      before.button === 'left' &&
      before.step.kind === 'click' &&
      before.step.click === 'LeftClick' &&
      time - before.time <= event.doubleClickTime &&
      Math.abs(point.x - before.point.x) <= doubleClickDistance &&
      Math.abs(point.y - before.point.y) <= doubleClickDistance &&
      identity(before.element) === identity(element);
    if (isSecond && this.#steps.at(-1) === before.step) {
      this.#steps[this.#steps.length - 1] = { ...before.step, click: 'DoubleClick' } as RecordedStep;
      return;
    }
    const step = this.#clicked(element, button, point);
    this.#push(step);
    this.#press = { element, button, point, time, step };
  }

  #clicked(element: CapturedElement, button: MouseButton, point: Point): RecordedStep {
    if (button === 'left') {
      if (element.dropDown !== undefined) {
        const list = element.dropDown;
        this.#dropLast((step) => 'element' in step && step.kind === 'click' && isSame(step.element, list));
        return { kind: 'dropDown', element: list, option: element.name };
      }
      if (element.menu !== undefined) {
        // The entries that opened this one are on its way.
        const way = element.menu;
        this.#dropLast(
          (step) =>
            step.kind === 'menu' && step.element.menu !== undefined && leadsTo(step.element.menu, way),
        );
        return { kind: 'menu', element };
      }
      if (element.tag === 'radio button') return { kind: 'radio', element };
      if (element.tag === 'tab item') return { kind: 'tab', element };
    }
    const { x, y, width, height } = element.rectangle;
    const offset = spaciousTags.has(element.tag)
      ? { x: point.x - x - Math.round((width - 1) / 2), y: point.y - y - Math.round((height - 1) / 2) }
      : { x: 0, y: 0 };
    const click = button === 'left' ? 'LeftClick' : button === 'right' ? 'RightClick' : 'MiddleClick';
    return { kind: 'click', element, click, offset };
  }

  #ticked(isOn: boolean | undefined): void {
    const press = this.#press;
    if (press === undefined || isOn === undefined || press.step !== this.#steps.at(-1)) return;
    if (press.step.kind !== 'click' || press.step.click !== 'LeftClick') return;
    const step = { kind: 'checkbox', element: press.element, isOn } as const;
    this.#steps.pop();
    this.#push(step);
    this.#press = { ...press, step };
  }

  #chosen(option: string | undefined): void {
    const press = this.#press;
    if (press?.step.kind !== 'dropDown' || press.step !== this.#steps.at(-1)) return;
    this.#steps.pop();
    if (option !== undefined) this.#push({ ...press.step, option });
    this.#press = undefined;
  }

  #dragged(onto: CapturedElement | undefined): void {
    const press = this.#press;
    this.#press = undefined;
    // What was let go over the same element was a click, or text that was selected.
    if (press === undefined || press.step !== this.#steps.at(-1) || press.button !== 'left') return;
    if (onto !== undefined && identity(onto) === identity(press.element) && !dragTags.has(onto.tag)) return;
    this.#steps.pop();
    this.#push(
      onto === undefined || identity(onto) === identity(press.element)
        ? { kind: 'comment', text: 'A drag of the mouse inside one element was not recorded.' }
        : { kind: 'drag', element: press.element, onto },
    );
  }

  // ── Keyboard ────────────────────────────────────────────────────────────────────────────────────────────────

  #key(event: CaptureEvent & { kind: 'key' }): void {
    const { element, character, modifiers } = event;
    this.#press = undefined;
    if (element === undefined) {
      this.#endTyping();
      const text = 'Keys that went to something that could not be seen were not recorded.';
      const last = this.#steps.at(-1);
      if (last?.kind !== 'comment' || last.text !== text) this.#push({ kind: 'comment', text });
      return;
    }
    const name = keyName(event.key);
    // AltGr is Ctrl and Alt together, and types.
    const isShortcut = modifiers.windows || modifiers.control !== modifiers.alt;
    const takesText = textTags.has(element.tag) || element.isPassword;
    if (takesText && !modifiers.windows) {
      if (character !== undefined && !isShortcut && character >= ' ') {
        this.#type(element, { character });
        return;
      }
      const isAltered = modifiers.control && !modifiers.alt && editingLetters.has(event.key);
      if (event.isLineBreak === true) {
        this.#type(element, { character: '\n' });
        return;
      }
      if (event.key === backspace && !isShortcut) {
        this.#type(element, { isBackspace: true });
        return;
      }
      if (isAltered || (editingKeys.has(event.key) && !modifiers.alt)) {
        this.#type(element, {
          keys: notationOf(event),
          changes: isAltered || event.key === deleteKey,
        });
        return;
      }
    }
    if (name === undefined && character === undefined) return;
    this.#endTyping();
    if (this.#front?.handle !== element.window.handle) this.#push({ kind: 'focus', window: element.window });
    this.#front = element.window;
    this.#keys(notationOf(event), element);
  }

  #type(
    element: CapturedElement,
    what: {
      readonly character?: string;
      readonly isBackspace?: boolean;
      readonly keys?: string;
      readonly changes?: boolean;
    },
  ): void {
    if (this.#typing === undefined || identity(this.#typing.element) !== identity(element)) {
      this.#endTyping();
      this.#typing = { element, text: '', keys: '', value: undefined, isChanged: false, isEdited: false };
    }
    const typing = this.#typing;
    typing.value = undefined;
    // Of a password not even its length is kept.
    if (element.isPassword) {
      typing.isChanged = true;
      return;
    }
    if (what.character !== undefined) {
      typing.text += what.character;
      typing.keys += what.character === '\n' ? '{Enter}' : what.character.replace(/[{}]/g, '{$&}');
      typing.isChanged = true;
    } else if (what.isBackspace === true) {
      if (typing.text === '') typing.isEdited = true;
      typing.text = [...typing.text].slice(0, -1).join('');
      typing.keys += '{Back}';
      typing.isChanged = true;
    } else {
      typing.keys += what.keys ?? '';
      typing.isEdited = true;
      typing.isChanged ||= what.changes === true;
    }
  }

  /** What was typed until now as a step. */
  #typed(): RecordedStep[] {
    const typing = this.#typing;
    if (typing === undefined) return [];
    const { element, text, keys, value, isChanged, isEdited } = typing;
    if (element.isPassword) return isChanged ? [{ kind: 'populateSecret', element }] : [];
    if (isChanged && value !== undefined) return [{ kind: 'populate', element, text: value, isWhole: true }];
    if (isChanged && !isEdited && text !== '') return [{ kind: 'populate', element, text, isWhole: false }];
    return keys === '' ? [] : [{ kind: 'keys', keys, element }];
  }

  #endTyping(): void {
    const typed = this.#typed();
    if (this.#typing !== undefined) this.#front = this.#typing.element.window;
    this.#typing = undefined;
    for (const step of typed) this.#push(step);
  }

  #keys(keys: string, element: CapturedElement): void {
    const last = this.#steps.at(-1);
    const isSameWindow = last?.kind === 'keys' && last.element.window.handle === element.window.handle;
    if (isSameWindow) {
      this.#steps[this.#steps.length - 1] = { ...last, keys: last.keys + keys };
      return;
    }
    this.#push({ kind: 'keys', keys, element });
  }

  // ── Windows ─────────────────────────────────────────────────────────────────────────────────────────────────

  #foreground({ window, started }: CaptureEvent & { kind: 'foreground' }): void {
    if (this.#front !== undefined && this.#front.handle === window.handle) return;
    this.#endTyping();
    this.#press = undefined;
    this.#front = window;
    if (isShell(window.process)) return;
    if (started === undefined) {
      this.#push({ kind: 'focus', window });
      return;
    }
    // What was done in the Start menu, on the desktop or in a folder to start it is replaced; another program may have started it, too.
    const before = this.#steps.length;
    while (isInShell(this.#steps.at(-1))) this.#steps.pop();
    const last = this.#steps.findLast(({ kind }) => kind !== 'comment');
    const isByPerson = before !== this.#steps.length || last === undefined;
    if (isByPerson) this.#push({ kind: 'launch', ...started });
  }

  // ── Steps ───────────────────────────────────────────────────────────────────────────────────────────────────

  #push(step: RecordedStep): void {
    const last = this.#steps.at(-1);
    if (last !== undefined && replaces(step, last)) this.#steps[this.#steps.length - 1] = step;
    else this.#steps.push(step);
  }

  #dropLast(isMeant: (step: RecordedStep) => boolean): void {
    const last = this.#steps.at(-1);
    if (last !== undefined && isMeant(last)) this.#steps.pop();
  }
}

/** A drag inside one of these moves it. */
const dragTags: ReadonlySet<string> = new Set(['slider', 'scroll bar', 'thumb', 'splitter']);

const backspace = 0x08;
const deleteKey = 0x2e;
/** A, V, X, Y, Z with Ctrl change a text or prepare it. */
const editingLetters: ReadonlySet<number> = new Set([0x41, 0x56, 0x58, 0x59, 0x5a]);

const isSame = (one: CapturedElement, other: CapturedElement): boolean => identity(one) === identity(other);
const isShell = (process: string): boolean => shells.has(process.toLowerCase());

function leadsTo(way: readonly string[], target: readonly string[]): boolean {
  return way.length <= target.length && way.every((name, index) => name === target[index]);
}

function isInShell(step: RecordedStep | undefined): boolean {
  if (step === undefined || step.kind === 'comment' || step.kind === 'launch') return false;
  return isShell(('window' in step ? step.window : step.element.window).process);
}

/** The later of two steps says everything that the earlier did. Never for clicks: whoever clicks twice means it. */
function replaces(step: RecordedStep, last: RecordedStep): boolean {
  switch (step.kind) {
    case 'populate':
    case 'populateSecret': {
      const isClick = last.kind === 'click' && last.click === 'LeftClick';
      const isWhole = step.kind === 'populateSecret' || step.isWhole;
      return (isClick || (last.kind === step.kind && isWhole)) && isSame(step.element, last.element);
    }
    case 'checkbox':
    case 'dropDown':
    case 'radio':
    case 'tab':
      return last.kind === step.kind && isSame(step.element, last.element);
    case 'focus':
    case 'minimize':
    case 'maximize':
      return last.kind === step.kind || (last.kind === 'focus' && step.window.handle === last.window.handle);
    default:
      return false;
  }
}

/**
 * Without steps that the next one makes needless: a window is brought to the front by whatever is done to its elements, and Tab only leads
 * from one field to the next that is filled.
 */
function withoutDetours(steps: readonly RecordedStep[]): RecordedStep[] {
  return steps.filter((step, index) => {
    const next = steps[index + 1];
    if (step.kind === 'focus') {
      // A window that comes to the front by itself, or at the end, says nothing.
      return next?.kind === 'keys' && next.element.window.handle === step.window.handle;
    }
    if (step.kind !== 'keys' || !/^(?:\{Tab\}|\{Shift\}\(\{Tab\}\))+$/.test(step.keys)) return true;
    const before = steps[index - 1];
    const isFilling = (one: RecordedStep | undefined) =>
      one?.kind === 'populate' || one?.kind === 'populateSecret' || one?.kind === 'checkbox';
    const isChoosing = next !== undefined && 'element' in next && next.kind !== 'keys';
    return !(isFilling(before) && isChoosing);
  });
}

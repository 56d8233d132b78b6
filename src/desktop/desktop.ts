// The windows, elements, mouse, keyboard, clipboard and screen of one session, as actions and capture use them. An interface only:
// `thread.ts` is the one there is, in front of the drivers of `windows/`; tests play others. Waiting, selectors with variables and
// what an action does when nothing is found is decided above it. Nothing here blocks the caller; each call has a time limit of its own.
import type { ElementSelector } from './selector.ts';

/** Physical pixels of the virtual screen; the primary screen begins at 0, 0. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A top-level window. `handle` is its HWND as a number, what the designer calls a window instance. */
export interface WindowFacts {
  readonly handle: number;
  readonly title: string;
  readonly className: string;
  /** File name of its program without ending, and its id. */
  readonly process: string;
  readonly processId: number;
  readonly rectangle: Rectangle;
  readonly state: 'normal' | 'minimized' | 'maximized';
  readonly isVisible: boolean;
  readonly isForeground: boolean;
}

/** An element that was found: a number that means something to the Desktop that gave it, until it is released or the element is gone. */
export type ElementRef = number;

export interface ElementFacts {
  readonly ref: ElementRef;
  /** Which driver found it. */
  readonly driver: 'uia' | 'win32';
  /** Control type as selectors spell it: `button`, `edit`, `window`, `list item` … */
  readonly tag: string;
  readonly name: string;
  readonly className: string;
  readonly automationId: string;
  readonly processId: number;
  /** Window it is in; the handle of its top-level window. */
  readonly window: number;
  readonly rectangle: Rectangle;
  readonly isEnabled: boolean;
  readonly isOnScreen: boolean;
  readonly isFocused: boolean;
  /** Its text is hidden on the screen; nothing ever reads its value. */
  readonly isPassword: boolean;
}

/** What is looked for: a window by its selectors, and in it, when there are `selectors`, an element. Variables are filled in. */
export interface ElementQuery {
  /** The window (screen of the repository). Empty with `inside`. */
  readonly window: readonly ElementSelector[];
  /** Tried in order; empty when the window itself is meant. */
  readonly selectors: readonly ElementSelector[];
  /** Look in this window (handle) instead of searching one. */
  readonly inside?: number;
  /** What the element was captured with, as the repository says (`uia3`, `uia2`, `java` …): which driver is asked first. */
  readonly protocol?: string;
}

/** How far a selector got: for the message that nothing was found. */
export interface PartialMatch {
  /** Name of the selector. */
  readonly selector: string;
  /** The level as text at which nothing matched, and its position from 0; all before it matched. */
  readonly failedAt: number;
  readonly level: string;
  /** It is the window that was not found, nothing was looked for inside. */
  readonly isWindow?: true;
  /** What stood there instead, most alike first, at most three, each as text of a level (no values of password fields). */
  readonly instead: readonly string[];
}

export type Look =
  | { readonly found: readonly ElementFacts[] }
  | { readonly found: undefined; readonly partial: readonly PartialMatch[] };

export type MouseButton = 'left' | 'right' | 'middle';

/**
 * One thing that keys do. `character` is typed whatever the layout (surrogate pairs as one); with `asKeys` by the keys that give it on
 * the layout, where there are such. `key` is a virtual-key code.
 */
export type KeyStroke =
  | { readonly kind: 'character'; readonly character: string; readonly asKeys?: boolean }
  | { readonly kind: 'press' | 'down' | 'up'; readonly key: number; readonly isExtended?: boolean }
  | { readonly kind: 'wait'; readonly ms: number };

/** A picture: rows from top to bottom, four bytes per pixel: red, green, blue, 255. */
export interface Bitmap {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** What a list, tree, tab or menu shows. */
export interface ItemFacts {
  readonly text: string;
  readonly isSelected: boolean;
  readonly isEnabled: boolean;
}

/** How to get a window to the front, move it and so on. */
export type WindowChange =
  | { readonly kind: 'focus' }
  | { readonly kind: 'close' }
  | { readonly kind: 'state'; readonly state: 'restored' | 'minimized' | 'maximized' }
  | { readonly kind: 'visibility'; readonly isVisible: boolean }
  | { readonly kind: 'move'; readonly to: Point }
  | { readonly kind: 'resize'; readonly width: number; readonly height: number };

/**
 * Everything that can be done to an element without mouse or keyboard, through the patterns of UI Automation or the messages of a
 * control. Throws DesktopError `PatternNotSupported` when the element has no such thing.
 */
export type ElementChange =
  | { readonly kind: 'invoke' }
  | { readonly kind: 'focus' }
  | { readonly kind: 'scrollIntoView' }
  | { readonly kind: 'setValue'; readonly text: string }
  | { readonly kind: 'toggle'; readonly isOn: boolean }
  | { readonly kind: 'select' }
  | { readonly kind: 'expand' | 'collapse' }
  /** Items of a list, drop-down list, tab or tree: all of `items` become selected and no others. */
  | {
      readonly kind: 'selectItems';
      readonly items: readonly (string | number)[];
      readonly isRegularExpression: boolean;
    }
  /** From the top of the menu of a window, or of an element that opens one. */
  | { readonly kind: 'menu'; readonly path: readonly string[] };

/** State of an element as far as it has one; undefined parts do not apply to it. `value` is never there for password fields. */
export interface ElementState {
  readonly value?: string;
  /** Text inside, as people see it: of a label, document, list item … */
  readonly text: string;
  readonly isOn?: boolean | 'mixed';
  readonly isSelected?: boolean;
  readonly isExpanded?: boolean;
}

/**
 * All methods reject with DesktopError (`errors.ts`), and with the signal's reason as soon as it aborts; a native call that does not
 * come back in time (a program that hangs) is given up with `TargetNotResponding`, and nothing else waits for it.
 */
export interface Desktop {
  /** Top-level windows, front to back; invisible ones included. */
  windows(signal: AbortSignal): Promise<readonly WindowFacts[]>;
  changeWindow(handle: number, change: WindowChange, signal: AbortSignal): Promise<void>;

  /**
   * One look, no waiting. All elements that match the first selector that matches any; in the order of the tree. Each has a ref that
   * is to be released. Throws `InvalidSelector`.
   */
  find(query: ElementQuery, signal: AbortSignal): Promise<Look>;
  /** The element at a place of the screen, in a window, or with the focus; undefined when there is none. */
  elementAt(
    place: Point | 'focus' | { readonly window: number },
    signal: AbortSignal,
  ): Promise<ElementFacts | undefined>;
  /** Anew; throws `ElementGone`. */
  facts(ref: ElementRef, signal: AbortSignal): Promise<ElementFacts>;
  state(ref: ElementRef, signal: AbortSignal): Promise<ElementState>;
  /** A property by the name that selectors and `GetElementDetails` use; undefined when the element does not have it. */
  property(ref: ElementRef, name: string, signal: AbortSignal): Promise<string | undefined>;
  change(ref: ElementRef, change: ElementChange, signal: AbortSignal): Promise<void>;
  /** Elements below, in the order of the tree, to a depth (1: children). */
  below(ref: ElementRef, depth: number, signal: AbortSignal): Promise<readonly ElementFacts[]>;
  /** From the element up to the window, the element first. */
  ancestors(ref: ElementRef, signal: AbortSignal): Promise<readonly ElementFacts[]>;
  items(ref: ElementRef, signal: AbortSignal): Promise<readonly ItemFacts[]>;
  /** Cells of a grid, table or list view, header first when it has one. */
  table(
    ref: ElementRef,
    signal: AbortSignal,
  ): Promise<{
    readonly header: readonly string[] | undefined;
    readonly rows: readonly (readonly string[])[];
  }>;
  /**
   * Where a click hits the element and nothing else: scrolled into view, visible, enabled, standing still, not covered. Throws
   * `ElementNotReady` that says which of these does not hold (and by which window it is covered).
   */
  clickPoint(
    ref: ElementRef,
    at: { readonly position: string; readonly offset: Point },
    signal: AbortSignal,
  ): Promise<Point>;
  release(refs: readonly ElementRef[]): void;

  mousePosition(signal: AbortSignal): Promise<Point>;
  /** Moves in a straight line, in `ms`; 0 jumps. */
  moveMouse(to: Point, ms: number, signal: AbortSignal): Promise<void>;
  mouseButton(
    button: MouseButton,
    act: 'click' | 'double' | 'down' | 'up',
    signal: AbortSignal,
  ): Promise<void>;
  /** Lines, positive away from the person. */
  wheel(lines: number, isHorizontal: boolean, signal: AbortSignal): Promise<void>;
  /** With `msBetween` between keys. What a `down` pressed is released when the call fails or is aborted. */
  keys(strokes: readonly KeyStroke[], msBetween: number, signal: AbortSignal): Promise<void>;
  /** Caps lock and so on. */
  keyState(
    key: number,
    signal: AbortSignal,
  ): Promise<{ readonly isDown: boolean; readonly isLocked: boolean }>;
  keyboardLayout(signal: AbortSignal): Promise<number>;
  setKeyboardLayout(layout: number, signal: AbortSignal): Promise<void>;
  /** Keeps people's mouse and keyboard out; needs elevation. */
  blockInput(isBlocked: boolean, signal: AbortSignal): Promise<void>;
  /** Resolves when the combination of keys was pressed by a person, whatever has the focus. */
  hotKey(
    modifiers: readonly ('alt' | 'control' | 'shift' | 'windows')[],
    key: number,
    signal: AbortSignal,
  ): Promise<void>;
  /** What the mouse looks like over what it is over. */
  cursor(signal: AbortSignal): Promise<string>;

  screens(signal: AbortSignal): Promise<
    readonly {
      readonly rectangle: Rectangle;
      readonly isPrimary: boolean;
      readonly bitsPerPixel: number;
      readonly frequency: number;
    }[]
  >;
  setResolution(
    screen: number,
    mode: {
      readonly width: number;
      readonly height: number;
      readonly bitsPerPixel: number;
      readonly frequency: number;
    },
    signal: AbortSignal,
  ): Promise<void>;
  /** Part of the virtual screen, or a window even where others cover it. Throws `ScreenNotAvailable` while it is locked. */
  capture(what: Rectangle | 'all' | { readonly window: number }, signal: AbortSignal): Promise<Bitmap>;

  clipboardText(signal: AbortSignal): Promise<string>;
  /** Undefined empties it. */
  setClipboard(
    content:
      | { readonly text: string }
      | { readonly files: readonly string[] }
      | { readonly picture: Bitmap }
      | undefined,
    signal: AbortSignal,
  ): Promise<void>;

  lock(signal: AbortSignal): Promise<void>;
  isLocked(signal: AbortSignal): Promise<boolean>;

  /** Gives up everything that is under way and ends the thread. */
  dispose(): Promise<void>;
}

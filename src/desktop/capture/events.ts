// What a recording is made of: what a person did with mouse and keyboard, each with the window and element it was done to. Types only;
// `steps.ts` makes steps of them, `resolver.ts` finds the elements.
import type { MouseButton, Point, Rectangle } from '../desktop.ts';
import type { SelectorLevel } from '../selector.ts';

/** A window as a flow finds it again. */
export interface CapturedWindow {
  /** Tells windows apart while they live. */
  readonly handle: number;
  readonly title: string;
  /** File name of its program without ending. */
  readonly process: string;
  readonly levels: readonly CapturedLevel[];
}

/** A level of a captured selector with everything that could be said of it; `used` is what the selector says. */
export interface CapturedLevel {
  readonly tag: string;
  readonly name: string;
  /** All attributes in the order in which people see them. Values that change (titles of documents) are never in `used`. */
  readonly attributes: readonly { readonly name: string; readonly value: string }[];
  /** Undefined: the level is switched off. */
  readonly used: SelectorLevel | undefined;
}

/** An element as a flow finds it again. `levels`: outermost first, without the window; empty for the window itself. */
export interface CapturedElement {
  readonly window: CapturedWindow;
  readonly driver: 'uia' | 'win32';
  readonly tag: string;
  readonly name: string;
  readonly rectangle: Rectangle;
  readonly isPassword: boolean;
  readonly levels: readonly CapturedLevel[];
  /** The names of the menu entries from the menu bar to this one, where it is one. */
  readonly menu?: readonly string[];
  /** The drop-down list that it is an item of. */
  readonly dropDown?: CapturedElement;
}

export interface HeldModifiers {
  readonly alt: boolean;
  readonly control: boolean;
  readonly shift: boolean;
  readonly windows: boolean;
}

/** Times are milliseconds of one clock. */
export type CaptureEvent =
  | {
      readonly kind: 'down';
      readonly button: MouseButton;
      readonly point: Point;
      readonly time: number;
      /** Undefined: nobody could say what is there. */
      readonly element: CapturedElement | undefined;
      /** The button of the frame of its window that is there. */
      readonly frame?: 'close' | 'minimize' | 'maximize' | 'caption';
      readonly doubleClickTime: number;
    }
  /** The button was let go somewhere else. */
  | {
      readonly kind: 'dragged';
      readonly button: MouseButton;
      readonly element: CapturedElement | undefined;
    }
  /** What the check box that was clicked last shows since. Undefined: it is gone, or neither ticked nor not. */
  | { readonly kind: 'ticked'; readonly isOn: boolean | undefined }
  /** What the drop-down list shows since an item of it was clicked whose name was not known. */
  | { readonly kind: 'chosen'; readonly option: string | undefined }
  | {
      readonly kind: 'key';
      readonly key: number;
      /** What it types; undefined for keys that type nothing, and always in password fields. */
      readonly character: string | undefined;
      readonly modifiers: HeldModifiers;
      /** What has the focus; undefined: nobody could say. */
      readonly element: CapturedElement | undefined;
      /** Enter, and the field took a new line from it. */
      readonly isLineBreak?: boolean;
    }
  /** What the text field that was typed into holds now; never of password fields. */
  | { readonly kind: 'value'; readonly value: string }
  /** Another window is in front. `started`: its program was started during the recording; what it was given may be secret. */
  | {
      readonly kind: 'foreground';
      readonly window: CapturedWindow;
      readonly started?: { readonly path: string; readonly hasArguments: boolean };
    }
  | { readonly kind: 'comment'; readonly text: string };

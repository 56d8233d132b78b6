// One recording, or one time of pointing at elements: gets what the hooks heard, finds the elements in time, and tells what came of it.
// The hooks wait (not for long) until an element is found, so that it is found before the click changes the window.
import type { Desktop, MouseButton, Point, Rectangle } from '../desktop.ts';
import { DesktopError } from '../errors.ts';
import type { CapturedElement, HeldModifiers } from './events.ts';
import { editingKeys } from './keys.ts';
import { type Resolved, Resolver } from './resolver.ts';
import { identity } from './selectors.ts';
import { type RecordedStep, StepRecorder } from './steps.ts';

/** What the thread with the hooks tells. Times are those of Windows, in ms. */
export type HeardInput =
  | {
      readonly kind: 'down' | 'up';
      readonly button: MouseButton;
      readonly point: Point;
      readonly time: number;
    }
  | {
      readonly kind: 'key';
      readonly key: number;
      readonly character: string | undefined;
      readonly modifiers: HeldModifiers;
      readonly time: number;
    }
  | { readonly kind: 'foreground'; readonly window: number }
  | { readonly kind: 'focus' }
  /** Of the inspector: where the mouse is, an element is taken, the person wants to end. */
  | { readonly kind: 'move' | 'take'; readonly point: Point }
  | { readonly kind: 'escape' };

/** What a session needs of Windows besides the Desktop. */
export interface CaptureSystem {
  /** What of the frame of a window is at a place. */
  frameAt(window: number, point: Point): 'close' | 'minimize' | 'maximize' | 'caption' | undefined;
  readonly doubleClickTime: number;
  /** When the process began (ms since 1970), its file, and whether it was given arguments; undefined where it may not be asked. */
  program(
    processId: number,
  ): { readonly startedAt: number; readonly path: string; readonly hasArguments: boolean } | undefined;
  /** Shows a frame around an element until the next call; undefined: none. */
  frame(rectangles: readonly Rectangle[]): void;
  /** Milliseconds since 1970. */
  now(): number;
  wait(ms: number): Promise<void>;
}

export interface SessionOptions {
  readonly desktop: Desktop;
  readonly system: CaptureSystem;
  readonly signal: AbortSignal;
  /** Windows of these processes are no part of it: those of whoever started the session. */
  readonly ignored: ReadonlySet<number>;
}

/** How long a check box or text field gets to show what a click or key did to it, in ms. */
const settleMs = 80;
/** How far the mouse moves before a press becomes a drag. */
const dragDistance = 8;

const textTags: ReadonlySet<string> = new Set(['edit', 'document', 'combo box', 'spinner']);
const enter = 0x0d;
const backspace = 0x08;

export class RecordingSession {
  readonly #options: SessionOptions;
  readonly #resolver: Resolver;
  readonly #recorder = new StepRecorder();
  readonly #changed: (steps: readonly RecordedStep[]) => void;
  readonly #startedAt: number;
  readonly #launched = new Set<number>();
  #queue: Promise<void> = Promise.resolve();
  #isPaused = false;
  /** What has the focus, as long as nothing could have moved it. */
  #focus: Resolved | 'ignored' | undefined;
  #pressed: { readonly resolved: Resolved; readonly point: Point } | undefined;

  /** `changed` gets all steps whenever they change. */
  constructor(options: SessionOptions, changed: (steps: readonly RecordedStep[]) => void) {
    this.#options = options;
    this.#changed = changed;
    this.#resolver = new Resolver(options.desktop, options.signal);
    this.#startedAt = options.system.now();
  }

  get steps(): readonly RecordedStep[] {
    return this.#recorder.steps;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** `found` is called as soon as what was heard may reach its program. Inputs are dealt with one by one. */
  heard(input: HeardInput, found: () => void = () => {}): Promise<void> {
    return this.#next(async () => {
      try {
        if (!this.#isPaused) await this.#take(input, found);
      } finally {
        found();
      }
    });
  }

  pause(): Promise<void> {
    return this.#next(async () => {
      await this.#readValue();
      this.#forgetFocus();
      this.#release(this.#pressed?.resolved);
      this.#pressed = undefined;
      this.#isPaused = true;
    });
  }

  resume(): Promise<void> {
    return this.#next(async () => {
      this.#isPaused = false;
    });
  }

  comment(text: string): Promise<void> {
    return this.#next(async () => {
      await this.#readValue();
      this.#recorder.add({ kind: 'comment', text });
    });
  }

  /** Everything that was heard until now is in the steps then. */
  async end(): Promise<readonly RecordedStep[]> {
    await this.pause();
    return this.steps;
  }

  #next(work: () => Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(async () => {
      try {
        await work();
      } catch (error) {
        // A program that hangs or went away: what it was about is lost, the recording goes on.
        if (!(error instanceof DesktopError)) throw error;
        this.#forgetFocus();
      }
      this.#changed(this.steps);
    });
    return this.#queue;
  }

  async #take(input: HeardInput, found: () => void): Promise<void> {
    switch (input.kind) {
      case 'down':
        return this.#down(input);
      case 'up':
        found();
        return this.#up(input);
      case 'key':
        return this.#key(input, found);
      case 'foreground':
        found();
        return this.#foreground(input.window);
      case 'focus':
        await this.#readValue();
        this.#forgetFocus();
    }
  }

  async #down({ button, point, time }: HeardInput & { kind: 'down' | 'up' }): Promise<void> {
    const { system, ignored } = this.#options;
    await this.#readValue();
    this.#forgetFocus();
    this.#release(this.#pressed?.resolved);
    this.#pressed = undefined;
    const resolved = await this.#resolver.at(point, ignored);
    if (resolved === 'ignored') return;
    if (resolved !== undefined) this.#pressed = { resolved, point };
    const frame = resolved === undefined ? undefined : system.frameAt(resolved.facts.window, point);
    this.#recorder.add({
      kind: 'down',
      button,
      point,
      time,
      element: resolved?.element,
      doubleClickTime: system.doubleClickTime,
      ...(frame !== undefined && { frame }),
    });
  }

  async #up({ button, point }: HeardInput & { kind: 'down' | 'up' }): Promise<void> {
    const pressed = this.#pressed;
    this.#pressed = undefined;
    if (pressed === undefined) return;
    const { desktop, ignored, signal } = this.#options;
    const { facts, element } = pressed.resolved;
    try {
      const distance = Math.max(Math.abs(point.x - pressed.point.x), Math.abs(point.y - pressed.point.y));
      if (distance > dragDistance) {
        const onto = await this.#resolver.at(point, ignored);
        this.#release(onto);
        this.#recorder.add({
          kind: 'dragged',
          button,
          element: onto === 'ignored' ? undefined : onto?.element,
        });
      } else if (button === 'left' && element.dropDown !== undefined && element.name === '') {
        await this.#options.system.wait(settleMs);
        this.#recorder.add({ kind: 'chosen', option: await this.#resolver.shown(element.dropDown) });
      } else if (button === 'left' && facts.tag === 'check box') {
        await this.#options.system.wait(settleMs);
        const { isOn } = await desktop.state(facts.ref, signal);
        this.#recorder.add({ kind: 'ticked', isOn: isOn === 'mixed' ? undefined : isOn });
      }
    } finally {
      this.#release(pressed.resolved);
    }
  }

  async #key(input: HeardInput & { kind: 'key' }, found: () => void): Promise<void> {
    const { key, modifiers } = input;
    const isTyped =
      input.character !== undefined &&
      input.character >= ' ' &&
      modifiers.control === modifiers.alt &&
      !modifiers.windows;
    if (!isTyped) await this.#readValue();
    const focus = await this.#focused();
    if (focus === 'ignored') return;
    const element = focus?.element;
    // Not even in memory for longer than needed.
    const character = element === undefined || element.isPassword ? undefined : input.character;
    const kept = element?.isPassword === true && isTyped ? ' ' : character;
    let isLineBreak = false;
    if (key === enter && focus !== undefined && isText(focus.element) && !isShortcut(modifiers)) {
      const before = await this.#valueOf(focus);
      found();
      await this.#options.system.wait(settleMs);
      const after = await this.#valueOf(focus).catch(() => undefined);
      isLineBreak = linesIn(after) > linesIn(before);
    }
    this.#recorder.add({ kind: 'key', key, character: kept, modifiers, element, isLineBreak });
    // All else may move the focus.
    const staysInField =
      isTyped ||
      isLineBreak ||
      key === backspace ||
      editingKeys.has(key) ||
      (modifiers.control && !modifiers.alt);
    if (!staysInField) this.#forgetFocus();
  }

  async #foreground(window: number): Promise<void> {
    await this.#readValue();
    this.#forgetFocus();
    const found = await this.#resolver.window(window);
    if (found === undefined) return;
    const { processId, isVisible } = found.facts;
    if (!isVisible || this.#options.ignored.has(processId)) return;
    const program = this.#launched.has(processId) ? undefined : this.#options.system.program(processId);
    const isNew = program !== undefined && program.startedAt >= this.#startedAt;
    if (isNew) this.#launched.add(processId);
    this.#recorder.add({
      kind: 'foreground',
      window: found.captured,
      ...(isNew && { started: { path: program.path, hasArguments: program.hasArguments } }),
    });
  }

  async #focused(): Promise<Resolved | 'ignored' | undefined> {
    this.#focus ??= await this.#resolver.at('focus', this.#options.ignored);
    return this.#focus;
  }

  #forgetFocus(): void {
    this.#release(this.#focus);
    this.#focus = undefined;
  }

  /** Tells what the field holds that was typed into, while it still can be asked. */
  async #readValue(): Promise<void> {
    const focus = this.#focus;
    if (focus === undefined || focus === 'ignored' || !isText(focus.element)) return;
    try {
      const value = await this.#valueOf(focus);
      if (value !== undefined) this.#recorder.add({ kind: 'value', value });
    } catch (error) {
      if (!(error instanceof DesktopError)) throw error;
    }
  }

  async #valueOf({ element, facts }: Resolved): Promise<string | undefined> {
    if (element.isPassword) return undefined;
    return (await this.#options.desktop.state(facts.ref, this.#options.signal)).value;
  }

  #release(resolved: Resolved | 'ignored' | undefined): void {
    if (resolved !== undefined && resolved !== 'ignored') this.#options.desktop.release([resolved.facts.ref]);
  }
}

const isText = (element: CapturedElement | undefined): boolean =>
  element !== undefined && !element.isPassword && textTags.has(element.tag);
const isShortcut = ({ alt, control, windows }: HeldModifiers): boolean => alt || control || windows;
const linesIn = (text: string | undefined): number => (text ?? '').split(/\r\n|\r|\n/).length;

/** Somebody points at elements until one is taken. */
export class InspectingSession {
  readonly #options: SessionOptions;
  readonly #resolver: Resolver;
  readonly #told: (what: Pointed) => void;
  #queue: Promise<void> = Promise.resolve();
  #latest: Point | undefined;
  #shown = '';

  constructor(options: SessionOptions, told: (what: Pointed) => void) {
    this.#options = options;
    this.#told = told;
    this.#resolver = new Resolver(options.desktop, options.signal);
  }

  heard(input: HeardInput, found: () => void = () => {}): Promise<void> {
    if (input.kind === 'move') this.#latest = input.point;
    this.#queue = this.#queue.then(async () => {
      try {
        await this.#take(input);
      } catch (error) {
        if (!(error instanceof DesktopError)) throw error;
      } finally {
        found();
      }
    });
    return this.#queue;
  }

  async #take(input: HeardInput): Promise<void> {
    const { desktop, system, ignored } = this.#options;
    if (input.kind === 'escape') {
      system.frame([]);
      return this.#told({ kind: 'ended' });
    }
    // Of many moves only the last place matters.
    if (input.kind === 'move' && input.point !== this.#latest) return;
    if (input.kind !== 'move' && input.kind !== 'take') return;
    const proposals = 6;
    const resolved = await this.#resolver.at(input.point, ignored, input.kind === 'take' ? proposals : 1);
    if (resolved === undefined || resolved === 'ignored') {
      this.#shown = '';
      return system.frame([]);
    }
    desktop.release([resolved.facts.ref]);
    if (input.kind === 'take') {
      system.frame([]);
      return this.#told({ kind: 'taken', resolved });
    }
    const shown = `${identity(resolved.element)} ${JSON.stringify(resolved.facts.rectangle)}`;
    if (shown === this.#shown) return;
    this.#shown = shown;
    system.frame([resolved.facts.rectangle]);
    this.#told({ kind: 'pointed', resolved });
  }
}

export type Pointed =
  | { readonly kind: 'pointed' | 'taken'; readonly resolved: Resolved }
  | { readonly kind: 'ended' };

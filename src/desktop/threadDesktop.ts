// The Desktop inside its thread: every call over the drivers and the modules of win32/. Each part that blocks is short or has a limit of
// its own; pauses are waited for, so that other calls and cancelling get their turn.
import { setTimeout as wait } from 'node:timers/promises';
import type * as clipboard from '../win32/clipboard.ts';
import type * as hooks from '../win32/hooks.ts';
import type * as input from '../win32/input.ts';
import type * as screen from '../win32/screen.ts';
import type * as windows from '../win32/windows.ts';
import type {
  Bitmap,
  Desktop,
  ElementChange,
  ElementFacts,
  ElementQuery,
  ElementRef,
  KeyStroke,
  Look,
  MouseButton,
  PartialMatch,
  Point,
  Rectangle,
  WindowChange,
  WindowFacts,
} from './desktop.ts';
import type { Driver } from './driver.ts';
import { DesktopError } from './errors.ts';
import { type Keyboard, layoutEvents } from './layoutKeys.ts';
import { matchElements, matchWindows } from './match.ts';

/** The modules of Windows that are used beside the drivers. */
export interface System {
  readonly windows: typeof windows;
  readonly input: typeof input;
  readonly screen: typeof screen;
  readonly clipboard: typeof clipboard;
  readonly hooks: typeof hooks;
  /** Rejects or throws where Windows refuses. */
  lock(): void;
  isLocked(): boolean;
  /** File name of a program without ending; '' when it is not known. */
  processName(id: number): string;
}

/** An element that somebody holds. */
interface Held {
  readonly driver: Driver;
  readonly node: unknown;
}

/** Strokes that go out together; between two such lots everything else gets its turn. */
const lotOfStrokes = 50;
/** Time between two steps of a moving mouse, and two looks at an element that may move, in ms. */
const mouseStep = 10;
const stillness = 40;
/** How long an element may move before a click gives up, in ms. */
const movingLimit = 1500;
const capsLock = 0x14;
/** How often messages of Windows are served while a hot key is waited for, in ms. */
const messagePeriod = 20;

export class ThreadDesktop implements Desktop {
  readonly #system: System;
  /** The usual order: UI Automation where it is there. */
  readonly #drivers: readonly Driver[];
  readonly #held = new Map<ElementRef, Held>();
  /** Of how many refs a node is. */
  readonly #holders = new Map<unknown, number>();
  #lastRef: number;

  constructor(system: System, drivers: readonly Driver[], firstRef = 0) {
    this.#system = system;
    this.#drivers = drivers;
    this.#lastRef = firstRef;
  }

  // ── Windows ─────────────────────────────────────────────────────────────────────────────────────────────────

  async windows(): Promise<readonly WindowFacts[]> {
    const { windows } = this.#system;
    const foreground = windows.foregroundWindow();
    const names = new Map<number, string>();
    return windows.topLevelWindows().flatMap((handle): WindowFacts[] => {
      const { processId } = windows.ownerOf(handle);
      // Closed since they were listed.
      if (processId === 0) return [];
      const process = names.get(processId) ?? this.#system.processName(processId);
      names.set(processId, process);
      try {
        return [
          {
            handle,
            title: windows.titleOf(handle),
            className: windows.className(handle),
            process,
            processId,
            rectangle: windows.visibleRectangle(handle),
            state: windows.stateOf(handle),
            isVisible: windows.isVisible(handle) && !windows.isCloaked(handle),
            isForeground: handle === foreground,
          },
        ];
      } catch (error) {
        if (!windows.windowExists(handle)) return [];
        throw error;
      }
    });
  }

  async changeWindow(handle: number, change: WindowChange): Promise<void> {
    const { windows } = this.#system;
    if (!windows.windowExists(handle)) {
      throw new DesktopError(
        'WindowNotFound',
        `There is no window with the handle ${handle}.`,
        'The window may have been closed. Look for it again.',
      );
    }
    switch (change.kind) {
      case 'focus':
        windows.activate(handle);
        break;
      case 'close':
        windows.requestClose(handle);
        break;
      case 'state':
        windows.showWindow(handle, change.state);
        break;
      case 'visibility':
        windows.showWindow(handle, change.isVisible ? 'shown' : 'hidden');
        break;
      case 'move':
        restored(windows, handle);
        windows.place(handle, change.to);
        break;
      case 'resize':
        restored(windows, handle);
        windows.place(handle, { width: change.width, height: change.height });
    }
  }

  // ── Elements ────────────────────────────────────────────────────────────────────────────────────────────────

  async find(query: ElementQuery): Promise<Look> {
    let furthest: readonly PartialMatch[] | undefined;
    let failure: unknown;
    for (const driver of this.#inOrder(query.protocol)) {
      try {
        const matched = lookWith(driver, query);
        const found = matched.found?.flatMap((node) => this.#holdIfThere(driver, node)) ?? [];
        if (found.length > 0) return { found };
        if (matched.partial === undefined) continue;
        if (furthest === undefined || reach(matched.partial) > reach(furthest)) furthest = matched.partial;
      } catch (error) {
        if (error instanceof DesktopError && error.code === 'InvalidSelector') throw error;
        // The other driver may do without what failed; when it finds nothing either, the failure is the reason.
        failure ??= error;
      } finally {
        driver.sweep();
      }
    }
    if (failure !== undefined && !isWithoutElements(failure)) throw failure;
    return { found: undefined, partial: furthest ?? [] };
  }

  async elementAt(place: Point | 'focus' | { readonly window: number }): Promise<ElementFacts | undefined> {
    return this.#firstOf((driver) => {
      const isWindow = typeof place === 'object' && 'window' in place;
      const node = isWindow ? driver.window(place.window) : driver.elementAt(place);
      return node === undefined ? undefined : this.#hold(driver, node);
    });
  }

  async facts(ref: ElementRef): Promise<ElementFacts> {
    return this.#with(ref, (driver, node) => ({ ref, ...driver.facts(node) }));
  }

  async state(ref: ElementRef): ReturnType<Desktop['state']> {
    return this.#with(ref, (driver, node) => driver.state(node));
  }

  async property(ref: ElementRef, name: string): Promise<string | undefined> {
    return this.#with(ref, (driver, node) => driver.property(node, name.toLowerCase()));
  }

  async change(ref: ElementRef, change: ElementChange): Promise<void> {
    this.#with(ref, (driver, node) => driver.change(node, change));
  }

  async below(ref: ElementRef, depth: number): Promise<readonly ElementFacts[]> {
    return this.#with(ref, (driver, node) => {
      const nodesBelow = (parent: unknown, levels: number): readonly unknown[] =>
        driver
          .below(parent, 'children')
          .flatMap((child) => (levels > 1 ? [child, ...nodesBelow(child, levels - 1)] : [child]));
      return nodesBelow(node, depth).flatMap((one) => this.#holdIfThere(driver, one));
    });
  }

  async ancestors(ref: ElementRef): Promise<readonly ElementFacts[]> {
    return this.#with(ref, (driver, node) => {
      const found = [this.#hold(driver, node)];
      for (let parent = driver.parent(node); parent !== undefined; parent = driver.parent(parent))
        found.push(this.#hold(driver, parent));
      return found;
    });
  }

  async items(ref: ElementRef): ReturnType<Desktop['items']> {
    return this.#with(ref, (driver, node) => driver.items(node));
  }

  async table(ref: ElementRef): ReturnType<Desktop['table']> {
    return this.#with(ref, (driver, node) => driver.table(node));
  }

  async clickPoint(
    ref: ElementRef,
    at: { readonly position: string; readonly offset: Point },
    signal: AbortSignal,
  ): Promise<Point> {
    const { driver, node } = this.#get(ref);
    try {
      driver.change(node, { kind: 'scrollIntoView' });
    } catch (error) {
      if (!(error instanceof DesktopError && error.code === 'PatternNotSupported')) throw error;
    }
    let facts = driver.facts(node);
    if (this.#system.windows.stateOf(facts.window) === 'minimized')
      this.#system.windows.activate(facts.window);
    const rectangle = await this.#atRest(driver, node, signal);
    facts = driver.facts(node);
    const spoken = `The ${facts.tag}${facts.name === '' ? '' : ` "${facts.name}"`}`;
    if (!facts.isOnScreen || rectangle.width <= 0 || rectangle.height <= 0)
      throw notReady(`${spoken} is not visible.`, 'Open or scroll what it is in, or wait until it is shown.');
    if (!facts.isEnabled)
      throw notReady(
        `${spoken} is disabled.`,
        'Wait until the program enables it, or do first what it waits for.',
      );
    const point = pointIn(rectangle, at);
    if (!contains(this.#system.input.virtualScreen(), point)) {
      throw notReady(
        `The place ${point.x}, ${point.y} in ${spoken.replace(/^The/, 'the')} is outside of the screen.`,
        'Move the window into the screen, or choose another place of the element.',
      );
    }
    if (this.#isCovered(driver, node, point)) {
      // Perhaps only by a window of another program.
      if (this.#system.windows.isEnabled(facts.window)) this.#system.windows.activate(facts.window);
      await wait(stillness, undefined, { signal });
      const cover = this.#isCovered(driver, node, point);
      if (cover !== undefined)
        throw notReady(
          `${spoken} is covered at ${point.x}, ${point.y} by ${cover}.`,
          'Move or close what covers it.',
        );
    }
    return point;
  }

  release(refs: readonly ElementRef[]): void {
    for (const ref of refs) {
      const held = this.#held.get(ref);
      if (held === undefined) continue;
      this.#held.delete(ref);
      const others = (this.#holders.get(held.node) ?? 1) - 1;
      if (others > 0) this.#holders.set(held.node, others);
      else {
        this.#holders.delete(held.node);
        held.driver.release(held.node);
      }
    }
  }

  // ── Mouse and keyboard ──────────────────────────────────────────────────────────────────────────────────────

  async mousePosition(): Promise<Point> {
    return this.#system.input.mousePosition();
  }

  async moveMouse(to: Point, ms: number, signal: AbortSignal): Promise<void> {
    const { input } = this.#system;
    const from = input.mousePosition();
    const start = performance.now();
    for (let passed = 0; passed < ms; passed = performance.now() - start) {
      const part = passed / ms;
      input.moveMouse({
        x: Math.round(from.x + (to.x - from.x) * part),
        y: Math.round(from.y + (to.y - from.y) * part),
      });
      await wait(mouseStep, undefined, { signal });
    }
    input.moveMouse(to);
  }

  async mouseButton(button: MouseButton, act: 'click' | 'double' | 'down' | 'up'): Promise<void> {
    const { input } = this.#system;
    const presses =
      act === 'double' ? [true, false, true, false] : act === 'click' ? [true, false] : [act === 'down'];
    for (const isDown of presses) input.mouseButton(button, isDown);
  }

  async wheel(lines: number, isHorizontal: boolean): Promise<void> {
    const notch = 120;
    this.#system.input.mouseWheel(lines * notch, isHorizontal);
  }

  async keys(strokes: readonly KeyStroke[], msBetween: number, signal: AbortSignal): Promise<void> {
    const { input } = this.#system;
    const down = new Map<number, input.KeyEvent>();
    const pause = async (ms: number) => {
      if (ms > 0) await wait(ms, undefined, { signal });
    };
    try {
      let lot: input.KeyEvent[] = [];
      const send = () => {
        const events = lot;
        lot = [];
        if (events.length > 0) input.sendKeys(events);
      };
      for (const [index, stroke] of strokes.entries()) {
        if (stroke.kind === 'wait') {
          send();
          await pause(stroke.ms);
          continue;
        }
        const events = this.#layoutEvents(stroke, down) ?? eventsOf(stroke);
        lot.push(...events);
        if (stroke.kind === 'down' && events[0] !== undefined)
          down.set(stroke.key, { ...events[0], isDown: false });
        if (stroke.kind === 'up') down.delete(stroke.key);
        const isLast = index === strokes.length - 1;
        if (msBetween > 0) {
          send();
          if (!isLast) await pause(msBetween);
        } else if (lot.length >= lotOfStrokes) {
          send();
          await wait(1, undefined, { signal });
        }
      }
      send();
    } catch (error) {
      if (down.size > 0) input.sendKeys([...down.values()].reverse());
      throw error;
    }
  }

  /** By the keys of the layout in front, for characters that ask for it and that it has. */
  #layoutEvents(
    stroke: Exclude<KeyStroke, { kind: 'wait' }>,
    held: Keyboard['held'],
  ): input.KeyEvent[] | undefined {
    if (stroke.kind !== 'character' || stroke.asKeys !== true) return undefined;
    const { input } = this.#system;
    const keyboard = { layout: input.keyboardLayout(), isCapsLocked: input.isKeyLocked(capsLock), held };
    return layoutEvents(stroke.character, keyboard, input);
  }

  async keyState(key: number): ReturnType<Desktop['keyState']> {
    return { isDown: this.#system.input.isKeyDown(key), isLocked: this.#system.input.isKeyLocked(key) };
  }

  async keyboardLayout(): Promise<number> {
    return this.#system.input.keyboardLayout();
  }

  async setKeyboardLayout(layout: number): Promise<void> {
    this.#system.input.setKeyboardLayout(this.#system.windows.foregroundWindow(), layout);
  }

  async blockInput(isBlocked: boolean): Promise<void> {
    this.#system.input.blockInput(isBlocked);
  }

  async hotKey(
    modifiers: readonly ('alt' | 'control' | 'shift' | 'windows')[],
    key: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { hooks } = this.#system;
    let isPressed = false;
    const held = Object.fromEntries(modifiers.map((modifier) => [modifier, true]));
    const registration = hooks.registerHotKey(held, key, () => {
      isPressed = true;
    });
    try {
      while (!isPressed) {
        await wait(messagePeriod, undefined, { signal });
        hooks.serveMessages();
      }
    } finally {
      registration.release();
    }
  }

  async cursor(): Promise<string> {
    return this.#system.input.cursorName();
  }

  // ── Screen, clipboard, session ──────────────────────────────────────────────────────────────────────────────

  async screens(): ReturnType<Desktop['screens']> {
    return this.#system.screen.screens().map(({ rectangle, isPrimary, bitsPerPixel, frequency }) => ({
      rectangle,
      isPrimary,
      bitsPerPixel,
      frequency,
    }));
  }

  async setResolution(index: number, mode: Parameters<Desktop['setResolution']>[1]): Promise<void> {
    const found = this.#system.screen.screens()[index];
    if (found === undefined) {
      throw new DesktopError(
        'ScreenNotAvailable',
        `There is no screen ${index + 1}.`,
        'Choose one of the screens that are connected.',
      );
    }
    this.#system.screen.changeScreenMode(found.device, mode);
  }

  async capture(what: Rectangle | 'all' | { readonly window: number }): Promise<Bitmap> {
    const { screen, input } = this.#system;
    if (this.#system.isLocked()) throw noScreen(undefined);
    if (typeof what === 'object' && 'window' in what) return screen.captureWindow(what.window);
    try {
      return screen.captureScreen(what === 'all' ? input.virtualScreen() : what);
    } catch (error) {
      throw noScreen(error);
    }
  }

  async clipboardText(): Promise<string> {
    return this.#withClipboard(() => this.#system.clipboard.clipboardText());
  }

  async setClipboard(content: Parameters<Desktop['setClipboard']>[0]): Promise<void> {
    const { clipboard } = this.#system;
    await this.#withClipboard(() => {
      if (content === undefined) return clipboard.emptyClipboard();
      if ('text' in content) return clipboard.setClipboardText(content.text);
      if ('files' in content) return clipboard.setClipboardFiles(content.files);
      return clipboard.setClipboardPicture(content.picture);
    });
  }

  async lock(): Promise<void> {
    this.#system.lock();
  }

  async isLocked(): Promise<boolean> {
    return this.#system.isLocked();
  }

  async dispose(): Promise<void> {
    this.release([...this.#held.keys()]);
    for (const driver of this.#drivers) driver.dispose();
  }

  // ── Inner parts ─────────────────────────────────────────────────────────────────────────────────────────────

  /** Elements that were captured by their window messages are looked for that way first. */
  #inOrder(protocol: string | undefined): readonly Driver[] {
    const isByMessages = /^(?:win32|msaa)$/i.test(protocol ?? '');
    return isByMessages
      ? [...this.#drivers].sort((a, b) => Number(b.kind === 'win32') - Number(a.kind === 'win32'))
      : this.#drivers;
  }

  #firstOf<T>(use: (driver: Driver) => T | undefined): T | undefined {
    let failure: unknown;
    for (const driver of this.#drivers) {
      try {
        const found = use(driver);
        if (found !== undefined) return found;
      } catch (error) {
        failure ??= error;
      } finally {
        driver.sweep();
      }
    }
    if (failure !== undefined && !isWithoutElements(failure)) throw failure;
    return undefined;
  }

  #hold(driver: Driver, node: unknown): ElementFacts {
    const facts = driver.facts(node);
    driver.keep(node);
    this.#holders.set(node, (this.#holders.get(node) ?? 0) + 1);
    const ref = ++this.#lastRef;
    this.#held.set(ref, { driver, node });
    return { ref, ...facts };
  }

  /** Nothing for an element that went away since it was seen. */
  #holdIfThere(driver: Driver, node: unknown): ElementFacts[] {
    try {
      return [this.#hold(driver, node)];
    } catch (error) {
      if (error instanceof DesktopError && error.code === 'ElementGone') return [];
      throw error;
    }
  }

  #with<T>(ref: ElementRef, use: (driver: Driver, node: unknown) => T): T {
    const { driver, node } = this.#get(ref);
    try {
      return use(driver, node);
    } finally {
      driver.sweep();
    }
  }

  #get(ref: ElementRef): Held {
    const held = this.#held.get(ref);
    if (held !== undefined) return held;
    throw new DesktopError(
      'ElementGone',
      'The element was released, or never found.',
      'Look for the element again.',
    );
  }

  /** Waits until two looks give the same rectangle. */
  async #atRest(driver: Driver, node: unknown, signal: AbortSignal): Promise<Rectangle> {
    const end = performance.now() + movingLimit;
    let before = driver.rectangle(node);
    for (;;) {
      await wait(stillness, undefined, { signal });
      const now = driver.rectangle(node);
      if (
        now.x === before.x &&
        now.y === before.y &&
        now.width === before.width &&
        now.height === before.height
      )
        return now;
      if (performance.now() > end)
        throw notReady('The element does not stand still.', 'Wait until the program has finished moving it.');
      before = now;
    }
  }

  /** What a click there would hit instead, in words. */
  #isCovered(driver: Driver, node: unknown, point: Point): string | undefined {
    const hit = driver.elementAt(point);
    if (hit === undefined) return 'something that cannot be seen by programs';
    try {
      if (driver.contains(node, hit)) return undefined;
      const { tag, name, window } = driver.facts(hit);
      const title = this.#system.windows.titleOf(window);
      const own = driver.facts(node).window;
      const words = `the ${tag}${name === '' ? '' : ` "${name}"`}`;
      return window === own || tag === 'window' ? words : `${words} of the window "${title}"`;
    } finally {
      driver.sweep();
    }
  }

  async #withClipboard<T>(use: () => Promise<T>): Promise<T> {
    try {
      return await use();
    } catch (error) {
      if (!this.#system.clipboard.isClipboardBusy(error)) throw error;
      throw new DesktopError(
        'ClipboardBusy',
        error instanceof Error ? error.message : 'Another program holds the clipboard.',
        'Try again; if it stays so, close the program that holds the clipboard.',
      );
    }
  }
}

function lookWith(driver: Driver, { window, selectors, inside }: ElementQuery) {
  const windows = inside === undefined ? matchWindows(driver, window) : { found: [driver.window(inside)] };
  if (windows.found === undefined)
    return { found: undefined, partial: windows.partial.map((one) => ({ ...one, isWindow: true as const })) };
  if (selectors.length === 0) return windows;
  return matchElements(driver, windows.found, selectors);
}

/** More levels than any selector has. */
const levelLimit = 1000;

/** How far the best selector got; finding the window at all is further than any level of its selectors. */
const reach = (partial: readonly PartialMatch[]): number =>
  Math.max(...partial.map(({ failedAt, isWindow }) => (isWindow ? failedAt - levelLimit : failedAt)));

/** This driver has nothing to say; another may. */
const isWithoutElements = (error: unknown): boolean =>
  error instanceof DesktopError && error.code === 'PatternNotSupported';

/** A window can only be moved or sized when it is neither minimised nor maximised. */
function restored({ stateOf, showWindow }: typeof windows, handle: number): void {
  if (stateOf(handle) !== 'normal') showWindow(handle, 'restored');
}

function eventsOf(stroke: Exclude<KeyStroke, { kind: 'wait' }>): input.KeyEvent[] {
  if (stroke.kind === 'character') {
    const { character } = stroke;
    return [
      { character, isDown: true },
      { character, isDown: false },
    ];
  }
  const { key, isExtended } = stroke;
  const event = (isDown: boolean): input.KeyEvent => ({
    key,
    isDown,
    ...(isExtended !== undefined && { isExtended }),
  });
  return stroke.kind === 'press' ? [event(true), event(false)] : [event(stroke.kind === 'down')];
}

/** `position` as actions name it: `TopLeft`, `MiddleCenter`, `BottomRight`, `Center` … */
function pointIn(
  { x, y, width, height }: Rectangle,
  { position, offset }: { readonly position: string; readonly offset: Point },
): Point {
  const place = position.toLowerCase();
  const column = place.includes('left') ? 0 : place.includes('right') ? width - 1 : Math.floor(width / 2);
  const row = place.includes('top') ? 0 : place.includes('bottom') ? height - 1 : Math.floor(height / 2);
  return { x: Math.round(x + column + offset.x), y: Math.round(y + row + offset.y) };
}

function contains({ x, y, width, height }: Rectangle, point: Point): boolean {
  return point.x >= x && point.y >= y && point.x < x + width && point.y < y + height;
}

const notReady = (message: string, nextStep: string) =>
  new DesktopError('ElementNotReady', message, nextStep);

function noScreen(cause: unknown): DesktopError {
  return new DesktopError(
    'ScreenNotAvailable',
    'The screen of this session cannot be seen: it is locked, disconnected or shows a prompt of Windows.',
    'Unlock the session, or run the flow in a session that the agent keeps open.',
    { cause },
  );
}

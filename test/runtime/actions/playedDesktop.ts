// A desktop that a test plays: windows, elements and a screen as it says, and a record of what was done, one line each.
import type {
  Bitmap,
  Desktop,
  ElementFacts,
  ElementState,
  ItemFacts,
  KeyStroke,
  Point,
  WindowFacts,
} from '../../../src/desktop/desktop.ts';
import { DesktopError, type DesktopErrorCode } from '../../../src/desktop/errors.ts';
import type { ElementSelector } from '../../../src/desktop/selector.ts';

export interface PlayedElement {
  readonly name: string;
  readonly tag?: string;
  readonly window?: number;
  readonly isEnabled?: boolean;
  readonly isPassword?: boolean;
  readonly state?: ElementState;
  readonly items?: readonly ItemFacts[];
  readonly table?: Awaited<ReturnType<Desktop['table']>>;
  readonly properties?: Readonly<Record<string, string>>;
  readonly children?: readonly PlayedElement[];
  /** Changes that it has no pattern for. */
  readonly lacks?: readonly string[];
}

export const failing = (code: DesktopErrorCode, message = 'It does not work.'): DesktopError =>
  new DesktopError(code, message, 'Try something else.');

export class PlayedDesktop implements Desktop {
  /** What was done, in order. */
  readonly done: string[] = [];
  /** Refs that were given and not released. */
  readonly held = new Set<number>();
  windowList: WindowFacts[] = [];
  /** By name; what `find` looks for is the Name of the last level of a selector. Called anew for each look. */
  elements: () => readonly PlayedElement[] = () => [];
  screen: Bitmap = { width: 0, height: 0, pixels: new Uint8Array(0) };
  mouse: Point = { x: 0, y: 0 };
  locked = false;
  cursorName = 'Arrow';
  /** Failures of the next `clickPoint` calls. */
  notReady: DesktopError[] = [];
  isDisposed = false;
  readonly #known = new Map<number, PlayedElement>();
  #focused = 0;

  window(handle: number, facts: Partial<WindowFacts> = {}): void {
    this.windowList.push({
      handle,
      title: `Window ${handle}`,
      className: 'Played',
      process: 'played',
      processId: 100 + handle,
      rectangle: { x: 10, y: 20, width: 200, height: 100 },
      state: 'normal',
      isVisible: true,
      isForeground: false,
      ...facts,
    });
  }

  #facts(element: PlayedElement): ElementFacts {
    const ref = this.#known.size + 1;
    this.#known.set(ref, element);
    this.held.add(ref);
    return {
      ref,
      driver: 'uia',
      tag: element.tag ?? 'button',
      name: element.name,
      className: '',
      automationId: '',
      processId: 1,
      window: element.window ?? 1,
      rectangle: { x: 100, y: 50, width: 41, height: 21 },
      isEnabled: element.isEnabled ?? true,
      isOnScreen: true,
      isFocused: false,
      isPassword: element.isPassword ?? false,
    };
  }

  #element(ref: number): PlayedElement {
    const element = this.#known.get(ref);
    if (element === undefined || !this.held.has(ref)) throw failing('ElementGone');
    return element;
  }

  async windows(): Promise<WindowFacts[]> {
    return this.windowList;
  }
  async changeWindow(handle: number, change: { kind: string }): Promise<void> {
    const { kind, ...rest } = change;
    this.done.push(
      `window ${handle} ${kind}${Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest)}`}`,
    );
  }
  async find({ window, selectors }: Parameters<Desktop['find']>[0]): ReturnType<Desktop['find']> {
    const wanted = selectors.length > 0 ? selectors : window;
    for (const selector of wanted) {
      const name = nameIn(selector);
      const found = this.elements().filter((element) => element.name === name);
      if (found.length > 0) return { found: found.map((element) => this.#facts(element)) };
    }
    return {
      found: undefined,
      partial: wanted.map((selector) => ({
        selector: selector.name,
        failedAt: selector.levels.length - 1,
        level: `button[Name="${nameIn(selector)}"]`,
        instead: this.elements().map(({ name }) => `button[Name="${name}"]`),
      })),
    };
  }
  async elementAt(place: Parameters<Desktop['elementAt']>[0]): Promise<ElementFacts | undefined> {
    if (typeof place !== 'object' || !('window' in place)) return undefined;
    return this.#facts({ name: '', tag: 'window', window: place.window, children: this.elements() });
  }
  async facts(ref: number): Promise<ElementFacts> {
    const { ref: again, ...facts } = this.#facts(this.#element(ref));
    this.held.delete(again);
    return { ...facts, ref, isFocused: this.#focused === ref };
  }
  async state(ref: number): Promise<ElementState> {
    return this.#element(ref).state ?? { text: '' };
  }
  async property(ref: number, name: string): Promise<string | undefined> {
    return this.#element(ref).properties?.[name];
  }
  async change(ref: number, { kind, ...rest }: { kind: string }): Promise<void> {
    const { name, lacks } = this.#element(ref);
    if (lacks?.includes(kind)) throw failing('PatternNotSupported');
    if (kind === 'focus') this.#focused = ref;
    this.done.push(`${name} ${kind}${Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest)}`}`);
  }
  async below(ref: number, depth: number): Promise<ElementFacts[]> {
    const under = ({ children = [] }: PlayedElement, levels: number): PlayedElement[] =>
      levels === 0 ? [] : children.flatMap((child) => [child, ...under(child, levels - 1)]);
    return under(this.#element(ref), depth).map((element) => this.#facts(element));
  }
  async ancestors(): Promise<ElementFacts[]> {
    return [];
  }
  async items(ref: number): Promise<readonly ItemFacts[]> {
    const { items } = this.#element(ref);
    if (items === undefined) throw failing('PatternNotSupported');
    return items;
  }
  async table(ref: number): ReturnType<Desktop['table']> {
    const { table } = this.#element(ref);
    if (table === undefined) throw failing('PatternNotSupported');
    return table;
  }
  async clickPoint(ref: number, { position, offset }: Parameters<Desktop['clickPoint']>[1]): Promise<Point> {
    this.#element(ref);
    const failure = this.notReady.shift();
    if (failure !== undefined) throw failure;
    const { x, y } = position === 'TopLeft' ? { x: 100, y: 50 } : { x: 120, y: 60 };
    return { x: x + offset.x, y: y + offset.y };
  }
  release(refs: readonly number[]): void {
    for (const ref of refs) this.held.delete(ref);
  }
  async mousePosition(): Promise<Point> {
    return this.mouse;
  }
  async moveMouse(to: Point, ms: number): Promise<void> {
    this.mouse = to;
    this.done.push(`mouse to ${to.x}, ${to.y}${ms === 0 ? '' : ' slowly'}`);
  }
  async mouseButton(button: string, act: string): Promise<void> {
    this.done.push(`${button} ${act}`);
  }
  async wheel(): Promise<void> {}
  async keys(strokes: readonly KeyStroke[], msBetween: number): Promise<void> {
    this.done.push(`keys ${spelled(strokes)}${msBetween === 0 ? '' : ` every ${msBetween}`}`);
  }
  async keyState(): ReturnType<Desktop['keyState']> {
    return { isDown: false, isLocked: false };
  }
  async keyboardLayout(): Promise<number> {
    return 0x409;
  }
  async setKeyboardLayout(layout: number): Promise<void> {
    this.done.push(`layout ${layout}`);
  }
  async blockInput(isBlocked: boolean): Promise<void> {
    this.done.push(isBlocked ? 'input blocked' : 'input free');
  }
  /** Combinations that are pressed at once; others never are. */
  pressed: readonly number[] = [];
  async hotKey(_: readonly string[], key: number, signal: AbortSignal): Promise<void> {
    if (this.pressed.includes(key)) return;
    await new Promise((_resolve, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
    );
  }
  async cursor(): Promise<string> {
    return this.cursorName;
  }
  async screens(): ReturnType<Desktop['screens']> {
    const { width, height } = this.screen;
    const rectangle = { x: 0, y: 0, width, height };
    return [{ rectangle, isPrimary: true, bitsPerPixel: 32, frequency: 60 }];
  }
  async setResolution(screen: number, mode: { width: number; height: number }): Promise<void> {
    this.done.push(`screen ${screen} ${mode.width}x${mode.height}`);
  }
  async capture(what: Parameters<Desktop['capture']>[0]): Promise<Bitmap> {
    if (this.locked) throw failing('ScreenNotAvailable', 'The session is locked.');
    this.done.push(`capture ${typeof what === 'string' ? what : JSON.stringify(what)}`);
    if (typeof what === 'string' || 'window' in what) return this.screen;
    const { x, y, width, height } = what;
    const pixels = new Uint8Array(width * height * 4);
    for (let row = 0; row < height; row++) {
      const from = ((y + row) * this.screen.width + x) * 4;
      pixels.set(this.screen.pixels.subarray(from, from + width * 4), row * width * 4);
    }
    return { width, height, pixels };
  }
  async clipboardText(): Promise<string> {
    return '';
  }
  async setClipboard(content: Parameters<Desktop['setClipboard']>[0]): Promise<void> {
    this.done.push(`clipboard ${Object.keys(content ?? {}).join() || 'emptied'}`);
  }
  async lock(): Promise<void> {
    this.done.push('locked');
  }
  async isLocked(): Promise<boolean> {
    return this.locked;
  }
  async dispose(): Promise<void> {
    this.isDisposed = true;
  }
}

const nameIn = (selector: ElementSelector): string =>
  selector.levels.at(-1)?.attributes.find(({ name }) => name === 'Name')?.value ?? '';

/** Characters as they are, keys by their code: `+11 press43 -11`. */
export function spelled(strokes: readonly KeyStroke[]): string {
  return strokes
    .map((stroke) =>
      stroke.kind === 'character'
        ? `${stroke.character}${stroke.asKeys ? '!' : ''}`
        : stroke.kind === 'wait'
          ? `~${stroke.ms}`
          : `${{ press: '', down: '+', up: '-' }[stroke.kind]}${stroke.key.toString(16)}${stroke.isExtended ? 'e' : ''}`,
    )
    .join(' ');
}

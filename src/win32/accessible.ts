// MSAA's IAccessible, for programs that UI Automation does not see through. An accessible is an object, or a numbered child of one.
import { Com, type Releasable, takeVariant, type VariantValue } from './com.ts';
import { failedWith, results } from './errors.ts';
import { checkResult, guid, type Handle, readLong, wideText } from './ffi.ts';
import { interfaces } from './interfaces.ts';
import { oleacc } from './prototypes.ts';
import { type Point, pointValue, type Rectangle } from './windows.ts';

/** Which part of a window (OBJID_*). */
export const accessibleParts = {
  window: 0,
  menu: -3,
  client: -4,
  verticalScroll: -5,
  horizontalScroll: -6,
} as const;

/** Bits of `state` that callers ask for (STATE_SYSTEM_*). */
export const accessibleStates = {
  unavailable: 0x1,
  selected: 0x2,
  focused: 0x4,
  pressed: 0x8,
  checked: 0x10,
  mixed: 0x20,
  readOnly: 0x40,
  expanded: 0x200,
  collapsed: 0x400,
  invisible: 0x8000,
  offscreen: 0x10000,
  focusable: 0x100000,
  selectable: 0x200000,
  protected: 0x20000000,
} as const;

const self = 0;

export class Accessible implements Releasable {
  readonly #com: Com<'IAccessible'>;
  /** 0 for the object itself. */
  readonly #child: number;

  /** Takes over the object. */
  constructor(com: Com<'IAccessible'>, child = self) {
    this.#com = com;
    this.#child = child;
  }

  static fromWindow(window: Handle, part: number = accessibleParts.client): Accessible | undefined {
    const found = Buffer.alloc(8);
    const result = oleacc.AccessibleObjectFromWindow(
      window,
      part >>> 0,
      guid(interfaces.IAccessible.iid),
      found,
    );
    checkResult('AccessibleObjectFromWindow', result, `window ${window}`);
    return readLong(found) === 0 ? undefined : new Accessible(new Com('IAccessible', readLong(found)));
  }

  static fromPoint(point: Point): Accessible | undefined {
    const found = Buffer.alloc(8);
    const variant = Buffer.alloc(24);
    checkResult(
      'AccessibleObjectFromPoint',
      oleacc.AccessibleObjectFromPoint(pointValue(point), found, variant),
    );
    const child = takeVariant(variant);
    if (readLong(found) === 0) return undefined;
    return new Accessible(new Com('IAccessible', readLong(found)), typeof child === 'number' ? child : self);
  }

  get name(): string {
    return optional(() => this.#com.call('get_accName', this.#child)) ?? '';
  }
  /** Never of what shows itself as protected. */
  get value(): string {
    if ((this.state & accessibleStates.protected) !== 0) return '';
    return optional(() => this.#com.call('get_accValue', this.#child)) ?? '';
  }
  get description(): string {
    return optional(() => this.#com.call('get_accDescription', this.#child)) ?? '';
  }
  get keyboardShortcut(): string {
    return optional(() => this.#com.call('get_accKeyboardShortcut', this.#child)) ?? '';
  }
  get defaultAction(): string {
    return optional(() => this.#com.call('get_accDefaultAction', this.#child)) ?? '';
  }
  /** ROLE_SYSTEM_* number; 0 when it has none, or only a text. */
  get role(): number {
    return asNumber(optional(() => this.#com.call('get_accRole', this.#child)));
  }
  /** STATE_SYSTEM_* bits, see `accessibleStates`. */
  get state(): number {
    return asNumber(optional(() => this.#com.call('get_accState', this.#child)));
  }

  rectangle(): Rectangle | undefined {
    const place = optional(() => this.#com.call('accLocation', this.#child));
    if (place === undefined) return undefined;
    const [x, y, width, height] = place;
    return { x, y, width, height };
  }

  /** The window it is in. */
  window(): Handle {
    const handle = Buffer.alloc(8);
    return oleacc.WindowFromAccessibleObject(this.#com.pointer, handle) === 0 ? readLong(handle) : 0;
  }

  /** To be released one by one. Numbered children have none. */
  children(): Accessible[] {
    if (this.#child !== self) return [];
    const count = optional(() => this.#com.call('get_accChildCount')) ?? 0;
    if (count <= 0) return [];
    const variants = Buffer.alloc(count * 24);
    const written = Buffer.alloc(4);
    const result = oleacc.AccessibleChildren(this.#com.pointer, 0, count, variants, written);
    checkResult('AccessibleChildren', result);
    return Array.from({ length: written.readInt32LE(0) }, (_, index) =>
      this.#childOf(takeVariant(variants.subarray(index * 24, index * 24 + 24))),
    ).filter((child) => child !== undefined);
  }

  #childOf(value: VariantValue): Accessible | undefined {
    if (typeof value === 'number') return new Accessible(Com.shared('IAccessible', this.#com.pointer), value);
    if (!(value instanceof Com)) return undefined;
    try {
      const found = value.query('IAccessible');
      return found === undefined ? undefined : new Accessible(found);
    } finally {
      value.release();
    }
  }

  doDefaultAction(): void {
    this.#com.call('accDoDefaultAction', this.#child);
  }
  setValue(text: string): void {
    this.#com.call('put_accValue', this.#child, text);
  }
  /** SELFLAG_*: 1 focus, 2 select only this, 8 add, 16 remove. */
  select(flags: number): void {
    this.#com.call('accSelect', flags, this.#child);
  }

  release(): void {
    this.#com.release();
  }
}

/** The system's word for a role, in its language. */
export function roleText(role: number): string {
  const buffer = Buffer.alloc(256);
  oleacc.GetRoleTextW(role, buffer, buffer.length / 2);
  return wideText(buffer);
}

function asNumber(value: VariantValue): number {
  if (value instanceof Com) value.release();
  return typeof value === 'number' ? value >>> 0 : 0;
}

/** Undefined for what an object does not have or does not implement. */
function optional<T>(read: () => T): T | undefined {
  const memberNotFound = 0x80020003;
  try {
    return read();
  } catch (error) {
    const missing = [results.notImplemented, results.invalidArgument, memberNotFound];
    if (missing.some((number) => failedWith(error, number))) return undefined;
    throw error;
  }
}

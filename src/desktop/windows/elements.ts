// What both drivers need to speak about elements: errors in words, the choice among items, waiting for a control to do what it was told.
import { PatternError, translatePattern } from '../../base/dotnetPattern.ts';
import type { Point, Rectangle } from '../desktop.ts';
import { DesktopError } from '../errors.ts';

/** How long a control may take to show what it was asked for, in ms. */
const settleLimit = 500;

export function elementGone(): DesktopError {
  return new DesktopError(
    'ElementGone',
    'The element is no longer there.',
    'Its window was closed or shows something else. Look for the element again.',
  );
}

export function windowNotFound(handle: number): DesktopError {
  return new DesktopError(
    'WindowNotFound',
    `There is no window with the handle ${handle}.`,
    'The window may have been closed. Look for it again.',
  );
}

export function disabled(spoken: string): DesktopError {
  return new DesktopError(
    'ElementNotReady',
    `${spoken} is disabled.`,
    'Wait until the program enables it, or do first what it waits for.',
  );
}

export function readOnly(spoken: string): DesktopError {
  return new DesktopError(
    'ElementNotReady',
    `${spoken} can only be read.`,
    'Find out what makes the program unlock the field.',
  );
}

/** `reason` goes on behind the element: `cannot be ticked`. */
export function unsupported(spoken: string, reason: string): DesktopError {
  return new DesktopError(
    'PatternNotSupported',
    `${spoken} ${reason}.`,
    'Use mouse or keyboard actions for this element.',
  );
}

/** `The button "Save"`. */
export function spokenOf(tag: string, name: string): string {
  return `The ${tag || 'element'}${name === '' ? '' : ` "${name}"`}`;
}

/**
 * Positions, in their order, of the items that are meant by text, by position from 0, or by a .NET regular expression, which means all it
 * matches. Of items of the same text the first is meant. Throws `ElementNotReady` when one is not there.
 */
export function chosenItems(
  texts: readonly string[],
  wanted: readonly (string | number)[],
  isRegularExpression: boolean,
  spoken: string,
): number[] {
  const chosen = new Set<number>();
  for (const one of wanted) {
    const expression = typeof one === 'string' && isRegularExpression ? expressionOf(one) : undefined;
    const matching = texts.flatMap((text, index) => {
      const isMeant =
        typeof one === 'number' ? index === one : expression ? expression.test(text) : text === one;
      return isMeant ? [index] : [];
    });
    if (matching.length === 0) throw noItem(spoken, one);
    for (const index of expression ? matching : matching.slice(0, 1)) chosen.add(index);
  }
  return [...chosen].sort((a, b) => a - b);
}

function expressionOf(pattern: string): RegExp {
  try {
    return new RegExp(translatePattern(pattern).source);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw new DesktopError(
      'InvalidSelector',
      `The regular expression "${pattern}" for items is refused: ${error.message}.`,
      'Correct the regular expression.',
    );
  }
}

export function noItem(spoken: string, item: string | number): DesktopError {
  return new DesktopError(
    'ElementNotReady',
    `${spoken} has no item ${typeof item === 'number' ? `at position ${item}` : `"${item}"`}.`,
    'Check what the list shows at that moment; items may be loaded late.',
  );
}

export const truth = (value: boolean): string => (value ? 'True' : 'False');

export function encloses({ x, y, width, height }: Rectangle, point: Point): boolean {
  return point.x >= x && point.y >= y && point.x < x + width && point.y < y + height;
}

/** Looks every few milliseconds whether a control did what it was asked for. False when it did not in time. */
export function settle(isDone: () => boolean, limit = settleLimit): boolean {
  const end = performance.now() + limit;
  const clock = new Int32Array(new SharedArrayBuffer(4));
  while (!isDone()) {
    if (performance.now() > end) return false;
    const period = 5;
    Atomics.wait(clock, 0, 0, period);
  }
  return true;
}

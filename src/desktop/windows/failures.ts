// What failed calls of Windows mean for those who drive windows.
import { failedWith, results, WindowsError, win32 } from '../../win32/errors.ts';
import type { Driver } from '../driver.ts';
import { DesktopError } from '../errors.ts';
import { elementGone } from './elements.ts';

/** Failed calls of Windows as DesktopError; anything else unchanged. */
export function asDesktopError(error: unknown): unknown {
  if (!(error instanceof WindowsError)) return error;
  const is = (...numbers: readonly number[]) => numbers.some((number) => failedWith(error, number));
  if (error.code !== 'WindowsCallFailed')
    return new DesktopError('DesktopNotAvailable', error.message, error.nextStep, { cause: error });
  if (is(win32.invalidWindowHandle, results.elementNotAvailable, ...serverGone)) {
    return elementGone();
  }
  if (is(win32.timeout, results.timeout)) {
    return new DesktopError(
      'TargetNotResponding',
      `The program does not respond: ${error.message}`,
      'Look at the program: it may be busy, or wait for an answer in a window of its own.',
      { cause: error },
    );
  }
  if (is(win32.accessDenied)) {
    return new DesktopError(
      'TargetElevated',
      `Windows does not let this run reach the program: ${error.message}`,
      'The program runs with higher rights (as administrator), or a prompt of Windows is in front. Give the agent the same rights, or start the program without them.',
      { cause: error },
    );
  }
  if (is(results.elementNotEnabled)) {
    return new DesktopError(
      'ElementNotReady',
      'The element is disabled.',
      'Wait until the program enables it, or do first what it waits for.',
      { cause: error },
    );
  }
  if (is(results.notImplemented, results.invalidOperation, results.noClickablePoint)) {
    return new DesktopError(
      'PatternNotSupported',
      `The program does not offer this for the element: ${error.message}`,
      'Use mouse or keyboard actions for this element.',
      { cause: error },
    );
  }
  return new DesktopError('WindowsCallFailed', error.message, error.nextStep, { cause: error });
}

const serverGone = [results.disconnected, results.serverUnavailable, results.callFailed];

/** The same driver, throwing DesktopErrors only. */
export function withDesktopErrors<Node>(driver: Driver<Node>): Driver {
  const translating =
    <A extends unknown[], R>(method: (...values: A) => R) =>
    (...values: A): R => {
      try {
        return method.apply(driver, values);
      } catch (error) {
        throw asDesktopError(error);
      }
    };
  const translated = {
    kind: driver.kind,
    windows: translating(driver.windows),
    window: translating(driver.window),
    below: translating(driver.below),
    tags: translating(driver.tags),
    property: translating(driver.property),
    key: translating(driver.key),
    parent: translating(driver.parent),
    elementAt: translating(driver.elementAt),
    facts: translating(driver.facts),
    state: translating(driver.state),
    change: translating(driver.change),
    items: translating(driver.items),
    table: translating(driver.table),
    contains: translating(driver.contains),
    rectangle: translating(driver.rectangle),
    keep: translating(driver.keep),
    sweep: translating(driver.sweep),
    release: translating(driver.release),
    dispose: translating(driver.dispose),
  } satisfies Driver<Node>;
  // Nodes only ever come back to the driver that gave them.
  return translated as unknown as Driver;
}

// The real drivers and modules of Windows, put together for the thread of the Desktop.
import * as clipboard from '../../win32/clipboard.ts';
import { initializeCom } from '../../win32/com.ts';
import * as hooks from '../../win32/hooks.ts';
import * as input from '../../win32/input.ts';
import { processName } from '../../win32/processes.ts';
import * as screen from '../../win32/screen.ts';
import { isOwnSessionLocked, lockSession } from '../../win32/sessions.ts';
import { Automation } from '../../win32/uiAutomation.ts';
import * as windows from '../../win32/windows.ts';
import type { Driver } from '../driver.ts';
import type { System } from '../threadDesktop.ts';
import { withDesktopErrors } from './failures.ts';
import { UiaDriver } from './uiaDriver.ts';
import { Win32Driver } from './win32Driver.ts';

/** How long a program may take to answer UI Automation at first, and in one call, in ms. */
const connectionLimit = 2000;
const callLimit = 8000;

/** Once per thread. Coordinates are physical pixels from then on. */
export function windowsSystem(): System {
  screen.useScreenPixels();
  return {
    windows,
    input,
    screen,
    clipboard,
    hooks,
    lock: lockSession,
    isLocked: isOwnSessionLocked,
    processName,
  };
}

/** UI Automation first. Where it cannot be had at all, window messages do alone. */
export function windowsDrivers(): readonly Driver[] {
  return [...uiaDriver(), withDesktopErrors(new Win32Driver(processNames()))];
}

function uiaDriver(): Driver[] {
  let automation: Automation;
  try {
    initializeCom();
    automation = Automation.create();
  } catch {
    return [];
  }
  automation.setTimeouts(connectionLimit, callLimit);
  return [withDesktopErrors(new UiaDriver(automation, processNames()))];
}

/** Names of processes are asked for with every window of a look: they stay known as long as nothing else can have the same id. */
function processNames(): (id: number) => string {
  const known = new Map<number, { readonly name: string; readonly at: number }>();
  const freshness = 1000;
  return (id) => {
    const now = performance.now();
    const before = known.get(id);
    if (before !== undefined && now - before.at < freshness) return before.name;
    if (known.size > 500) known.clear();
    const name = processName(id);
    known.set(id, { name, at: now });
    return name;
  };
}

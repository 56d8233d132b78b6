// The thread of a Desktop for tests: some calls as no program would let them be. Runs in a worker.
import { parentPort, workerData } from 'node:worker_threads';
import type { Desktop, ElementFacts } from '../../src/desktop/desktop.ts';
import { DesktopError } from '../../src/desktop/errors.ts';
import type { ThreadData } from '../../src/desktop/threadMessages.ts';
import { serveDesktop } from '../../src/desktop/threadServer.ts';

const { firstRef } = workerData as ThreadData;
let refs = firstRef;
const held = new Set<number>();
const facts = (): ElementFacts => {
  held.add(++refs);
  return {
    ref: refs,
    driver: 'win32',
    tag: 'button',
    name: '',
    className: '',
    automationId: '',
    processId: 1,
    window: 1,
    rectangle: { x: 0, y: 0, width: 1, height: 1 },
    isEnabled: true,
    isOnScreen: true,
    isFocused: false,
    isPassword: false,
  };
};
const block = (ms: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

const played: Partial<Desktop> = {
  find: async ({ selectors }) => {
    const [selector] = selectors;
    if (selector?.name === 'slow') block(300);
    return { found: [facts(), facts()] };
  },
  facts: async (ref) => {
    if (!held.has(ref)) throw new DesktopError('ElementGone', 'gone', 'look again');
    return { ...facts(), ref };
  },
  /** Blocks the thread for as long as the name says, as a native call would. */
  property: async (_, name) => {
    block(Number(name));
    return name;
  },
  hotKey: (_, __, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, 900);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        cancelled++;
        reject(signal.reason);
      });
    }),
  /** Says what was cancelled and is held. */
  keyboardLayout: async () => cancelled * 1000 + held.size,
  clipboardText: async () => {
    throw new TypeError('a fault');
  },
  lock: async () => process.exit(3),
  capture: async () => ({ width: 1, height: 1, pixels: new Uint8Array(new ArrayBuffer(4)).fill(7) }),
  release: (all) => {
    for (const ref of all) held.delete(ref);
  },
  dispose: async () => undefined,
};
let cancelled = 0;

if (parentPort !== null) serveDesktop(parentPort, played as Desktop);

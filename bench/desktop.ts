// How fast windows are driven: `node bench/desktop.ts`. On Linux it starts a Windows machine (Wine) and a display and runs itself there, with
// the stand-in for UI Automation that the tests use: what is measured is our side of it. On Windows it runs on the desktop that is there.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Desktop, ElementQuery } from '../src/desktop/desktop.ts';
import { machine, percentile, verdict } from './figures.ts';

const rounds = 200;
const clicks = 100;
const pictures = 20;
const title = 'Many elements';
const { signal } = new AbortController();
const written = (text: string) => [{ name: 'bench', text, levels: [] }];

if (process.platform === 'win32') await bench();
else await benchOnMachine();

async function bench(): Promise<void> {
  console.log(machine());
  const { startDesktop } = await import('../src/desktop/thread.ts');
  const program = spawn(
    join(process.env.DESKTOP_FLOWS_TEST_PROGRAMS ?? '', 'testProgram.exe'),
    ['--elements', '500'],
    {
      stdio: 'ignore',
    },
  );
  const desktop = startDesktop({ thread: new URL('../src/desktop/threadMain.ts', import.meta.url) });
  try {
    while (!(await desktop.windows(signal)).some((window) => window.title === title && window.isVisible))
      await new Promise((resolve) => setTimeout(resolve, 50));
    await benchFind(desktop);
    await benchClicks(desktop);
    await benchScreenshot(desktop);
    await benchSearch(desktop);
  } finally {
    program.kill();
    await desktop.dispose();
  }
}

/** Three levels, window, group and button, in turn with the same by hand: a window by name, and twice FindFirst with two conditions. */
async function benchFind(desktop: Desktop): Promise<void> {
  const { ThreadDesktop } = await import('../src/desktop/threadDesktop.ts');
  const { windowsDrivers, windowsSystem } = await import('../src/desktop/windows/system.ts');
  const { Automation, scopes } = await import('../src/win32/uiAutomation.ts');
  const drivers = windowsDrivers();
  const here = new ThreadDesktop(windowsSystem(), drivers);
  const automation = Automation.create();
  const queryOf = (round: number, protocol: string): ElementQuery => ({
    window: written(`:desktop > window[Name="${title}"]`),
    selectors: written(` > pane[Name="Group ${group(round)}"] > button[Name="Item ${item(round)}"]`),
    protocol,
  });
  const by = async (desk: Pick<Desktop, 'find' | 'release'>, round: number, protocol: string) => {
    const { found } = await desk.find(queryOf(round, protocol), signal);
    if (found?.length !== 1 || found[0]?.name !== `Item ${item(round)}`)
      throw new Error('The element must be found.');
    desk.release([found[0].ref]);
  };
  const byHand = (round: number) => {
    const button = [
      { type: 50032, name: title },
      { type: 50033, name: `Group ${group(round)}` },
      { type: 50000, name: `Item ${item(round)}` },
    ].reduce((parent, { type, name }) => {
      const [ofType, ofName] = [automation.where('controlType', type), automation.where('name', name)];
      const both = automation.both(ofType, ofName);
      const found = parent.find(scopes.children, both);
      for (const used of [ofType, ofName, both, parent]) used.release();
      if (found === undefined) throw new Error(`${name} must be found.`);
      return found;
    }, automation.root());
    button.facts();
    button.release();
  };
  const contests: readonly (readonly [string, (round: number) => unknown])[] = [
    ['by hand (IUIAutomation)', byHand],
    ['UI Automation driver', (round) => by(here, round, 'uia3')],
    ['the same through the thread', (round) => by(desktop, round, 'uia3')],
    ['window messages through the thread', (round) => by(desktop, round, 'win32')],
  ];
  const times = contests.map(() => [] as number[]);
  for (let round = -10; round < rounds; round++) {
    for (const [index, [, run]] of contests.entries()) {
      const start = performance.now();
      await run(round + 10);
      if (round >= 0) times[index]?.push(performance.now() - start);
    }
  }
  const [hand = 0, ...others] = times.map((one) => percentile(one, 0.95));
  console.log(`find by three levels among 500 elements, ${rounds} rounds, p50 / p95:`);
  contests.forEach(([name], index) => {
    const [middle, late] = [0.5, 0.95].map((share) => percentile(times[index] ?? [], share).toFixed(2));
    console.log(`  ${name}: ${middle} / ${late} ms`);
  });
  for (const [index, late] of others.slice(0, 2).entries()) {
    const name = contests[index + 1]?.[0];
    console.log(`  ${name}: ${(late / hand).toFixed(2)} times by hand, ${verdict(late / hand, 2, 'times')}`);
  }
  automation.release();
  await here.dispose();
}

function group(round: number): number {
  return ((round * 7) % 50) + 1;
}
function item(round: number): number {
  return (group(round) - 1) * 10 + (round % 10) + 1;
}

/** Clicks as an action makes them: point, move, press; and the same button by its message. */
async function benchClicks(desktop: Desktop): Promise<void> {
  const window = written(':desktop > window[Name="Test program"]');
  for (const protocol of ['uia3', 'win32']) {
    const [button] =
      (await desktop.find({ window, selectors: written('button[Name="OK"]'), protocol }, signal)).found ?? [];
    if (button === undefined) throw new Error('The button must be found.');
    const [status] =
      (await desktop.find({ window, selectors: written('*[Id="100"]'), protocol }, signal)).found ?? [];
    if (status === undefined) throw new Error('The status must be found.');
    const count = async () =>
      Number(/ok=(\d+)/.exec((await desktop.state(status.ref, signal)).text)?.[1] ?? 0);
    const before = await count();
    const start = performance.now();
    for (let click = 0; click < clicks; click++) await desktop.change(button.ref, { kind: 'invoke' }, signal);
    while ((await count()) < before + clicks) await new Promise((resolve) => setTimeout(resolve, 1));
    const all = performance.now() - start;
    console.log(
      `${clicks} clicks on a button (${button.driver}): ${all.toFixed(0)} ms, ${(all / clicks).toFixed(2)} ms each`,
    );
    desktop.release([button.ref, status.ref]);
  }
}

async function benchScreenshot(desktop: Desktop): Promise<void> {
  const { encodePng } = await import('../src/desktop/png.ts');
  const times: number[] = [];
  let bytes = 0;
  for (let picture = -3; picture < pictures; picture++) {
    const start = performance.now();
    const bitmap = await desktop.capture({ x: 0, y: 0, width: 1280, height: 800 }, signal);
    bytes = encodePng(bitmap).length;
    if (picture >= 0) times.push(performance.now() - start);
  }
  const late = percentile(times, 0.95);
  console.log(
    `screenshot 1280 × 800 to PNG (${(bytes / 1024).toFixed(0)} kB), p50 / p95: ${percentile(times, 0.5).toFixed(1)} / ${late.toFixed(1)} ms, ${verdict(late, 60, 'ms')}`,
  );
}

/** A part of the screen on it, and one that is nowhere on it. */
async function benchSearch(desktop: Desktop): Promise<void> {
  const { cutOut, findPicture } = await import('../src/runtime/actions/image/search.ts');
  const screen = await desktop.capture({ x: 0, y: 0, width: 1280, height: 800 }, signal);
  const area = { x: 620, y: 380, width: 40, height: 40 };
  const there = cutOut(screen, area);
  // The same turned upside down, and a fine pattern, of which little is left when it is looked at roughly.
  const upsideDown = { ...there, pixels: there.pixels.slice() };
  for (let y = 0; y < area.height; y++)
    upsideDown.pixels.set(there.pixels.subarray(y * 160, (y + 1) * 160), (area.height - 1 - y) * 160);
  const pattern = {
    ...there,
    pixels: there.pixels.map((_, at) => (at % 4 === 3 ? 255 : ((at >> 2) * 148) & 255)),
  };
  for (const algorithm of ['basic', 'advanced'] as const) {
    for (const [name, picture] of [
      ['there', there],
      ['upside down', upsideDown],
      ['a pattern that is nowhere', pattern],
    ] as const) {
      const times: number[] = [];
      for (let round = -3; round < pictures; round++) {
        const start = performance.now();
        await findPicture(screen, picture, { tolerance: 10, algorithm }, 1, signal);
        if (round >= 0) times.push(performance.now() - start);
      }
      const [middle, late] = [percentile(times, 0.5), percentile(times, 0.95)];
      console.log(
        `picture of 40 × 40 on 1280 × 800, ${algorithm}, ${name}, p50 / p95: ${middle.toFixed(0)} / ${late.toFixed(0)} ms, ${verdict(middle, 150, 'ms')}`,
      );
    }
  }
}

async function benchOnMachine(): Promise<void> {
  // They are plain modules of the scripts; nothing of it is needed on Windows.
  const scripts = new URL('../scripts/', import.meta.url).href;
  const { provision } = await import(`${scripts}provision-windows.mjs`);
  const { startMachine, windowsPath } = await import(`${scripts}windows/machine.mjs`);
  const { startDisplay } = await import(`${scripts}windows/display.mjs`);
  const { buildPrograms } = await import(`${scripts}windows/programs.mjs`);
  await provision({ install: false });
  buildPrograms();
  const display = await startDisplay();
  const host = await startMachine({ display: display.name });
  try {
    const { ended } = host.node(['--no-warnings', windowsPath(import.meta.filename)], {
      limit: 180_000,
      env: { DESKTOP_FLOWS_TEST_PROGRAMS: 'C:\\programs' },
    });
    const { code, text } = await ended;
    console.log(text.trim());
    process.exitCode = code ?? 1;
  } finally {
    host.stop();
    await display.stop();
  }
}

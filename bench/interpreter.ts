// How fast flows run, against plain JavaScript doing the same in the same process, and against Python where it is installed:
// `node bench/interpreter.ts`.
// Every hook is on, as in a real run. A varied flow runs first, so that shared call sites have seen many types, as in a long-lived worker.

import { spawnSync } from 'node:child_process';
import { systemClock } from '../src/base/clock.ts';
import { Redactor } from '../src/base/redact.ts';
import { parse } from '../src/language/syntax/parser.ts';
import type { ActionDefinition } from '../src/runtime/action.ts';
import { compile } from '../src/runtime/compile.ts';
import { DesktopOfRun } from '../src/runtime/desktopOfRun.ts';
import { noRepositories } from '../src/runtime/elements.ts';
import { Engine } from '../src/runtime/engine.ts';
import type { Host } from '../src/runtime/host.ts';

const rounds = 9;

const host: Host = {
  clock: systemClock,
  ask: () => Promise.reject(new Error('nobody to ask')),
  log: () => {},
};
const noop: ActionDefinition = { id: 'Clipboard.Clear', run: async () => ({}) };
const append: ActionDefinition = {
  id: 'Variables.AddItemToList',
  run(args) {
    args.list('List').push(args.value('Item'));
    return {};
  },
};
const actions = new Map([noop, append].map((action) => [action.id.toLowerCase(), action]));

let records = 0;
function engineOf(text: string): Engine {
  const flow = parse(text);
  const [problem] = flow.diagnostics;
  if (problem !== undefined) throw new Error(`${problem.code}: ${problem.message}`);
  return new Engine({
    compiled: compile(flow),
    actions,
    folder: '/',
    repositories: noRepositories,
    host,
    observer: {
      actionEnded() {
        records++;
      },
    },
    redactor: new Redactor(),
    control: {
      safeStopRequested: false,
      owned: new Set(),
      desktop: new DesktopOfRun(undefined).get,
      shell: undefined,
    },
    runFlow: async () => ({}),
  });
}

/** Iterations per second of each round, slowest first. */
async function measure(iterations: number, run: () => unknown): Promise<number[]> {
  await run();
  const speeds: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const start = performance.now();
    await run();
    speeds.push((iterations / (performance.now() - start)) * 1000);
  }
  return speeds.sort((a, b) => a - b);
}

const median = (speeds: readonly number[]): number => speeds[speeds.length >> 1] as number;
/** The speed that 95 % of the rounds reach. */
const p95 = (speeds: readonly number[]): number => speeds[Math.floor(speeds.length * 0.05)] as number;
const million = (speed: number): string => `${(speed / 1e6).toFixed(1)}M`;

const loopFlow = (iterations: number): string =>
  `SET s TO 0\nSET i TO 0\nLOOP WHILE i < ${iterations}\nSET s TO s + i\nIF s > 1000000000 THEN\nSET s TO 0\nEND\nSET i TO i + 1\nEND\n`;

// Keeps plain JavaScript from being optimised away.
const sink: { value: unknown } = { value: undefined };

const plain = {
  loop(iterations: number): void {
    let s = 0;
    for (let i = 0; i < iterations; i++) {
      s += i;
      if (s > 1_000_000_000) s = 0;
    }
    sink.value = s;
  },
  text(iterations: number): void {
    let t = '';
    for (let i = 0; i < iterations; i++) t += 'x';
    sink.value = t;
  },
  list(iterations: number): void {
    const l: number[] = [];
    for (let i = 0; i < iterations; i++) l.push(i);
    sink.value = l;
  },
  async action(iterations: number): Promise<void> {
    const run = async () => ({});
    for (let i = 0; i < iterations; i++) sink.value = await run();
  },
};

/** The same loops in Python, as one line of `name speed` each; text is appended to less often, since its cost grows with its length. */
const python = `
import asyncio, statistics, time

def loop(n):
    s = 0
    i = 0
    while i < n:
        s = s + i
        if s > 1000000000:
            s = 0
        i = i + 1

def text(n):
    t = ''
    for i in range(n):
        t = t + 'x'

def items(n):
    l = []
    for i in range(n):
        l.append(i)

async def noop():
    return {}

async def actions(n):
    for i in range(n):
        await noop()

def speed(run, n):
    run(n)
    speeds = []
    for i in range(5):
        start = time.perf_counter()
        run(n)
        speeds.append(n / (time.perf_counter() - start))
    return statistics.median(speeds)

print('loop', speed(loop, 1000000))
print('text', speed(text, 100000))
print('list', speed(items, 1000000))
print('action', speed(lambda n: asyncio.run(actions(n)), 300000))
`;

/** Iterations per second in Python by name of the loop; empty where Python is not installed. */
function pythonSpeeds(): ReadonlyMap<string, number> {
  const { status, stdout } = spawnSync('python3', ['-c', python], { encoding: 'utf8' });
  if (status !== 0) return new Map();
  return new Map(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
      .map(([name, speed]) => [name as string, Number(speed)]),
  );
}

const mixed = `
SET L TO [1, 'a', 2.5, True]
SET T TO { ^['A', 'B'], [1, 'x'], [2, 'y'] }
SET O TO { 'k': 1, 'n': { 'm': [1, 2] } }
LOOP i FROM 1 TO 3000
    LOOP FOREACH item IN L
        SET t2 TO $'''%item% %i%'''
        SET n TO item = i
    END
    LOOP FOREACH row IN T
        SET c TO row['B'] + row[0]
    END
    SET O['k'] TO O['k'] + 0.5
    IF Contains(t2, '9', True) OR i MOD 7 = 0 THEN
        SET L[0] TO i / 3
    ELSE IF c < 'y' THEN
        SET L TO L[0:4] + []
    END
    Clipboard.Clear _
END
`;

interface Case {
  readonly name: string;
  readonly iterations: number;
  readonly flow: string;
  readonly plain: (iterations: number) => unknown;
  /** Its name in `python`. */
  readonly python: string;
  /** Iterations per second to reach. */
  readonly target: number;
}

const cases: readonly Case[] = [
  {
    name: 'integer loop',
    iterations: 10_000_000,
    flow: loopFlow(10_000_000),
    plain: plain.loop,
    python: 'loop',
    target: 100e6,
  },
  {
    name: 'text append',
    iterations: 1_000_000,
    flow: `SET t TO ''\nLOOP FROM 1 TO 1000000\nSET t TO $'''%t%x'''\nEND\n`,
    plain: plain.text,
    python: 'text',
    target: 12e6,
  },
  {
    name: 'list append (SET L TO L + [i])',
    iterations: 1_000_000,
    flow: 'SET l TO []\nLOOP i FROM 1 TO 1000000\nSET l TO l + [i]\nEND\n',
    plain: plain.list,
    python: 'list',
    target: 20e6,
  },
  {
    name: 'list append (action)',
    iterations: 1_000_000,
    flow: 'SET l TO []\nLOOP i FROM 1 TO 1000000\nVariables.AddItemToList Item: i List: l\nEND\n',
    plain: plain.list,
    python: 'list',
    target: 8e6,
  },
  {
    name: 'awaited no-op action',
    iterations: 1_000_000,
    flow: 'LOOP FROM 1 TO 1000000\nClipboard.Clear _\nEND\n',
    plain: plain.action,
    python: 'action',
    target: 8e6,
  },
];

await engineOf(mixed).program.main();

const inPython = pythonSpeeds();
console.log(
  `${'case'.padEnd(34)} ${'median'.padStart(9)} ${'p95'.padStart(9)} ${'plain JS'.padStart(9)} ${'slower'.padStart(7)} ${'Python'.padStart(9)} ${'faster'.padStart(7)}  target`,
);
for (const { name, iterations, flow, plain: reference, python: other, target } of cases) {
  const base = median(await measure(iterations, () => reference(iterations)));
  const speeds = await measure(iterations, () => engineOf(flow).program.main());
  const reached = median(speeds) >= target ? 'reached' : 'MISSED';
  const slow = inPython.get(other);
  const compared =
    slow === undefined
      ? '        –       –'
      : `${million(slow).padStart(9)} ${(median(speeds) / slow).toFixed(1).padStart(6)}×`;
  console.log(
    `${name.padEnd(34)} ${million(median(speeds)).padStart(9)} ${million(p95(speeds)).padStart(9)} ${million(base).padStart(9)} ${(base / median(speeds)).toFixed(1).padStart(6)}× ${compared}  ${million(target)} ${reached}`,
  );
}

const iterations = 10_000_000;
const filler = Array.from({ length: 4990 }, (_, i) => `SET x${i % 300} TO ${i} + 1`).join('\n');
const short = median(await measure(iterations, () => engineOf(loopFlow(iterations)).program.main()));
const long = median(
  await measure(iterations, () => engineOf(`${filler}\n${loopFlow(iterations)}`).program.main()),
);
console.log(
  `\nthe same loop in a 5,000-line flow: ${million(long)} it/s, ${(short / long).toFixed(2)}× slower than alone (target ≤ 2×)`,
);

const lines = 1000;
const thousand = parse(
  Array.from({ length: lines / 5 }, (_, i) =>
    [
      `SET a${i} TO $'''row %b% of %a${i % 7}%'''`,
      `IF a${i} = 'x' THEN`,
      `SET b TO b + ${i}`,
      'END',
      `Clipboard.Clear _`,
    ].join('\n'),
  ).join('\n'),
);
const compileSpeeds = await measure(lines, () => new Function('rt', 'k', 'c', 's', compile(thousand).source));
console.log(
  `compile: ${((lines / median(compileSpeeds)) * 1000).toFixed(1)} ms per 1,000 lines (target ≤ 10 ms)`,
);
console.log(`(${records.toLocaleString('en')} action records were delivered meanwhile)`);

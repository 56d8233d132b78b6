// A thousand runs in one process hold no more than a few: kernel handles, GDI and USER objects, and references of COM. Interpreter, actions
// and drivers are the real ones; the desktop has no thread of its own here, so that what it holds can be counted.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import type { Desktop } from '../../src/desktop/desktop.ts';
import { ThreadDesktop } from '../../src/desktop/threadDesktop.ts';
import { windowsDrivers, windowsSystem } from '../../src/desktop/windows/system.ts';
import { repositoryLookup } from '../../src/interchange/repository.ts';
import { parse } from '../../src/language/syntax/parser.ts';
import { createRun } from '../../src/runtime/run.ts';
import { liveObjects } from '../../src/win32/com.ts';
import { startTestProgram, until } from './harness.ts';
import { resources } from './win32/resources.ts';

const flows = join(import.meta.dirname, 'flows');
const flow = parse(readFileSync(join(flows, 'round.robin'), 'utf8'));
const elements = readFileSync(join(flows, 'controlRepo.appmask'), 'utf8');
const elementsFor = (protocol: string) =>
  repositoryLookup(
    elements.replaceAll('"AutomationProtocol": "uia3"', `"AutomationProtocol": "${protocol}"`),
    undefined,
  );
const repositories = { uia3: elementsFor('uia3'), win32: elementsFor('win32') };
const [first, rounds] = [50, 1_000];

test('1,000 runs leave nothing behind', async () => {
  await using program = await startTestProgram({ title: 'Orders many' });
  const desktop = new ThreadDesktop(windowsSystem(), windowsDrivers(), 1);
  // A run disposes of its desktop; this one serves them all.
  const lasting = new Proxy(desktop, {
    get: (target, name) => {
      if (name === 'dispose') return async () => {};
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  }) as unknown as Desktop;
  const run = async (round: number) => {
    const protocol = round % 5 === 0 ? 'uia3' : 'win32';
    const outcome = await createRun({
      flow,
      name: 'round',
      folder: flows,
      inputs: { Number: 'many', Whole: round % 100 < 6 && round % 5 < 2 },
      host: { clock: systemClock, ask: () => Promise.reject(new Error('nobody is asked')), log: () => {} },
      observer: { actionEnded: () => {} },
      repositories: repositories[protocol],
      desktop: async () => lasting,
    }).start();
    assert.equal(outcome.outcome, 'Succeeded', JSON.stringify(outcome));
  };
  const held = () => ({ ...resources(), comObjects: liveObjects() });
  for (let round = 0; round < first; round++) await run(round);
  const before = held();
  for (let round = 0; round < rounds; round++) await run(round);
  const now = held();
  await until('the last click', () => program.log().includes(`ok=${first + rounds}`));
  assert.ok(before.handles > 10, 'handles are counted');
  assert.ok(before.comObjects > 0, 'objects of COM are counted');
  assert.ok(now.handles <= before.handles + 5, `handles ${before.handles} → ${now.handles}`);
  assert.ok(now.gdiObjects <= before.gdiObjects + 2, `GDI ${before.gdiObjects} → ${now.gdiObjects}`);
  assert.ok(now.userObjects <= before.userObjects + 2, `USER ${before.userObjects} → ${now.userObjects}`);
  assert.equal(now.comObjects, before.comObjects);
});

// A flow that was started from a command line at which nobody sits asks by a window (dist/): the whole way through agent and worker.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Desktop } from '../../src/desktop/desktop.ts';
import { startDesktop } from '../../src/desktop/thread.ts';
import { Driven } from './drive.ts';
import { until } from './harness.ts';

const { signal } = new AbortController();
const driven = new Driven();
let desktop: Desktop;
let flow: string;
before(async () => {
  desktop = startDesktop({ thread: new URL('../../src/desktop/threadMain.ts', import.meta.url) });
  flow = join(driven.path, 'ask.robin');
  writeFileSync(
    flow,
    `@OUTPUT Pressed : { 'Description': '', 'FriendlyName': 'Pressed', 'Type': 'String' }
Display.ShowMessageDialog.ShowMessage Title: $'''Asked by a flow''' Message: $'''Go on?''' Icon: Display.Icon.Question Buttons: Display.Buttons.YesNo DefaultButton: Display.DefaultButton.Button2 IsTopMost: True ButtonPressed=> Pressed
`,
  );
  await driven.start();
});
after(async () => {
  await desktop.dispose();
  await driven.stop();
});

const shown = async () =>
  (await desktop.windows(signal)).find((one) => one.title === 'Asked by a flow' && one.isForeground);

test('is answered in the window, and the flow goes on with that', async () => {
  const done = driven.dflow(['run', flow, '--json']);
  await until('the window', shown, 30_000);
  // The focus follows the window.
  await new Promise((resolve) => setTimeout(resolve, 200));
  const [tab, space] = [9, 32];
  await desktop.keys(
    [
      { kind: 'press', key: tab },
      { kind: 'press', key: space },
    ],
    20,
    signal,
  );
  assert.equal((await done).code, 0);
  assert.deepEqual((await driven.lastRun()).outputs, { Pressed: 'Yes' });
});

test('goes away with the run', async () => {
  const done = driven.dflow(['run', flow, '--json']);
  await until('the window', shown, 30_000);
  assert.equal((await driven.dflow(['runs', 'stop', (await driven.runs()).at(-1) ?? ''])).code, 0);
  assert.notEqual((await done).code, 0);
  await until('the window to go', async () => (await shown()) === undefined);
});

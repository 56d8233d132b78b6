// The recorder on real windows, with xdotool as the person: what it records is run on a fresh program, which must log the same. Under
// Windows itself no program can play a person for the hooks; there the recorder is tried by hand (docs/recording.md).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Captures } from '../../src/agent/capture.ts';
import { systemClock } from '../../src/base/clock.ts';
import { Log } from '../../src/base/log.ts';
import type { Desktop, Point } from '../../src/desktop/desktop.ts';
import { startDesktop } from '../../src/desktop/thread.ts';
import { windowsShell } from '../../src/desktop/windows/shell.ts';
import { pasteFromDesigner } from '../../src/interchange/paste.ts';
import { repositoryLookup } from '../../src/interchange/repository.ts';
import { FlowModel } from '../../src/language/analysis/model.ts';
import { applyEdits } from '../../src/language/edits/edit.ts';
import { addParameter } from '../../src/language/edits/parameters.ts';
import { parse } from '../../src/language/syntax/parser.ts';
import type { CaptureEvent, CaptureRow } from '../../src/protocol/capture.ts';
import { createRun } from '../../src/runtime/run.ts';
import { isWine, startTestProgram, until } from './harness.ts';

const { signal } = new AbortController();
const skip = !isWine && 'only xdotool can play a person, and only under Wine';
let desktop: Desktop;
let captures: Captures;

before(() => {
  desktop = startDesktop({ thread: new URL('../../src/desktop/threadMain.ts', import.meta.url) });
  captures = new Captures({
    script: fileURLToPath(new URL('../../src/agent/captureMain.ts', import.meta.url)),
    log: new Log('test', () => 0, []),
    clock: systemClock,
    refusal: () => undefined,
  });
});
after(async () => {
  captures.dispose();
  rmSync(`Z:${unixFolder}`, { recursive: true, force: true });
  await desktop.dispose();
});

/** A folder that programs of Linux see, too. */
const unixFolder = `/tmp/desktop-flows-person-${process.pid}`;

/** One call of xdotool, until it has ended: `mousemove 10 10 click 1`. */
async function person(...words: readonly string[]): Promise<void> {
  const done = `Z:${unixFolder}/done`;
  mkdirSync(`Z:${unixFolder}`, { recursive: true });
  const quoted = words.map((word) => `'${word}'`).join(' ');
  writeFileSync(`Z:${unixFolder}/act.sh`, `xdotool ${quoted}\ntouch ${unixFolder}/done\n`);
  spawn('cmd', ['/c', 'start', '/unix', '/bin/sh', `${unixFolder}/act.sh`], { stdio: 'ignore' });
  await until(`xdotool ${quoted}`, () => existsSync(done));
  rmSync(done);
}

/** The middle of an element of a program. */
async function middle(processId: number, selector: string): Promise<Point> {
  const element = await until(selector, async () => {
    const window = (await desktop.windows(signal)).find(
      (one) => one.processId === processId && one.className === 'TestWindow',
    );
    const selectors = [{ name: '', text: selector, levels: [] }];
    const { found } = await desktop.find({ window: [], inside: window?.handle ?? 0, selectors }, signal);
    return found?.[0];
  });
  desktop.release([element.ref]);
  const { x, y, width, height } = element.rectangle;
  return { x: Math.round(x + width / 2), y: Math.round(y + height / 2) };
}

async function click(processId: number, selector: string, ...more: readonly string[]): Promise<void> {
  const { x, y } = await middle(processId, selector);
  await person('mousemove', String(x), String(y), 'sleep', '0.1', 'click', '1', ...more);
}

/** The rows of a recording as they arrive. */
function follow(captureId: string) {
  const rows: CaptureRow[] = [];
  const events: CaptureEvent[] = [];
  const ended = (async () => {
    for (let after = 0; ; ) {
      const answer = await captures.methods['capture.events']({ captureId, after });
      for (const event of answer.events) {
        events.push(event);
        if (event.kind === 'rows') rows.splice(event.from, rows.length, ...event.rows);
        if (event.kind === 'ended') return;
      }
      after = answer.last;
    }
  })();
  return { rows, events, ended };
}

/** What the person does in a program, and what came of it. */
async function recorded(act: () => Promise<void>) {
  const { captureId } = await captures.methods['capture.start']({ processIds: [process.pid] });
  const { rows, ended } = follow(captureId);
  await act();
  const stopped = await captures.methods['capture.stop']({ captureId, taken: [] });
  await ended;
  return { ...stopped, rows };
}

/** Runs what was recorded as a flow with the elements it came with. */
async function play(
  recording: { readonly text: string; readonly inputs: readonly { readonly name: string }[] },
  inputs: Readonly<Record<string, string>>,
) {
  let flow = parse('');
  for (const { name } of recording.inputs) {
    const fields = {
      name,
      externalName: name,
      description: '',
      type: 'Text',
      optional: false,
      sensitive: true,
      defaultText: null,
    } as const;
    flow = parse(applyEdits(flow.text, addParameter(new FlowModel(flow), 'input', fields)));
  }
  const { edits, elements } = pasteFromDesigner(flow, flow.text.length, recording.text, {
    elements: undefined,
    images: undefined,
  });
  const run = createRun({
    flow: parse(applyEdits(flow.text, edits)),
    name: 'recorded',
    folder: import.meta.dirname,
    inputs,
    host: { clock: systemClock, ask: () => Promise.reject(new Error('nobody is asked')), log: () => {} },
    observer: { actionEnded: () => {} },
    repositories: repositoryLookup(elements, undefined),
    desktop: async () =>
      startDesktop({ thread: new URL('../../src/desktop/threadMain.ts', import.meta.url) }),
    shell: windowsShell(),
  });
  const outcome = await run.start();
  assert.equal(outcome.error, undefined, JSON.stringify(outcome.error));
}

test('what is recorded does the same again, also where the window stands elsewhere', {
  skip,
  timeout: 150_000,
}, async () => {
  let recording: Awaited<ReturnType<typeof recorded>>;
  let log: readonly string[];
  {
    await using program = await startTestProgram({ title: 'Recorded' });
    const id = program.processId;
    recording = await recorded(async () => {
      await click(id, '*[Id="101"]');
      await person('type', '--delay', '30', 'Anna {Nowak}');
      await person('key', 'Tab');
      await person('type', '--delay', '30', 'geheim');
      await click(id, '*[Id="120"]');
      await click(id, '*[Id="123"]');
      await click(id, '*[Id="103"]');
      await person('type', '--delay', '30', 'one');
      await person('key', 'Return');
      await person('type', '--delay', '30', 'two');
      await click(id, '*[Id="125"]');
      await person('sleep', '0.4');
      await dropDownItem(id, '*[Id="125"]', 2);
      await click(id, '*[Name="Cherry"]');
      await click(id, '*[Id="104"]');
      await click(id, '*[Id="104"]', 'sleep', '0.6', 'click', '1');
      await click(id, '*[Id="106"]');
      await program.logged('dialog=opened');
      await person('sleep', '0.3', 'type', '--delay', '30', 'Yes');
      await person('key', 'Return');
      await program.logged('dialog=Yes');
      await person('key', 'ctrl+s');
      await program.logged('menu=save');
    });
    log = program.log();
  }
  writeFileSync(
    'Z:/tmp/wcap/rec.json',
    JSON.stringify({ rows: recording.rows, log, stopped: recording }, null, 1),
  );
  assert.ok(!JSON.stringify(recording).includes('geheim'));
  assert.deepEqual(
    recording.inputs.map(({ name }) => name),
    ['Password'],
  );
  await using again = await startTestProgram({ title: 'Recorded' });
  const window = (await desktop.windows(signal)).find(
    (one) => one.processId === again.processId && one.isVisible,
  );
  await desktop.changeWindow(window?.handle ?? 0, { kind: 'move', to: { x: 160, y: 120 } }, signal);
  await play(recording, { Password: 'geheim' });
  await again.logged('menu=save');
  assert.deepEqual(again.log(), log);
});

/** Clicks an item of an open drop-down list, from 0. */
async function dropDownItem(processId: number, list: string, index: number): Promise<void> {
  const { x, y } = await middle(processId, list);
  const [rowHeight, first] = [15, 20];
  await person('mousemove', String(x), String(y + first + index * rowHeight), 'sleep', '0.2', 'click', '1');
}

test('pauses, takes comments, and leaves out what is no part of it', { skip }, async () => {
  await using program = await startTestProgram({ title: 'Paused' });
  const id = program.processId;
  const { captureId } = await captures.methods['capture.start']({ processIds: [process.pid] });
  const { ended } = follow(captureId);
  await click(id, '*[Id="120"]');
  await program.logged('tick=1');
  await captures.methods['capture.comment']({ captureId, text: 'Something else' });
  await captures.methods['capture.pause']({ captureId });
  await click(id, '*[Id="104"]');
  await program.logged('ok=1');
  await captures.methods['capture.resume']({ captureId });
  // What a program does is no person's.
  const { x, y } = await middle(id, '*[Id="104"]');
  await desktop.moveMouse({ x, y }, 0, signal);
  await desktop.mouseButton('left', 'click', signal);
  await program.logged('ok=2');
  await click(id, '*[Id="122"]');
  await program.logged('colour=red');
  const { text, steps } = await captures.methods['capture.stop']({ captureId, taken: [] });
  await ended;
  assert.equal(steps, 3);
  assert.match(text, /SetCheckboxState[\s\S]*# Something else[\s\S]*SelectRadioButton/);
  assert.ok(!text.includes('ClickType.LeftClick'));
  await assert.rejects(captures.methods['capture.pause']({ captureId }), { code: 'CaptureNotFound' });
});

test('somebody points at an element and takes it, without clicking it', { skip }, async () => {
  await using program = await startTestProgram({ title: 'Pointed at' });
  const { captureId } = await captures.methods['capture.inspect']({ processIds: [process.pid] });
  await assert.rejects(captures.methods['capture.start']({ processIds: [] }), { code: 'CaptureRunning' });
  const { events, ended } = follow(captureId);
  const { x, y } = await middle(program.processId, '*[Id="104"]');
  await person('mousemove', String(x - 3), String(y), 'sleep', '0.3', 'mousemove', String(x), String(y));
  await until('the button', () =>
    events.some((event) => event.kind === 'pointed' && event.name === "Button 'OK'"),
  );
  await person('keydown', 'ctrl', 'click', '1', 'keyup', 'ctrl');
  await ended;
  const taken = events.flatMap((event) => (event.kind === 'taken' ? [event.element] : []))[0];
  assert.equal(taken?.name, "Button 'OK'");
  assert.equal(taken.window, "Window 'Pointed at'");
  assert.equal(taken.proposals[0]?.matches, 1);
  assert.ok(taken.proposals.length > 1);
  assert.ok(!program.log().some((line) => line.startsWith('ok=')), 'the click reached the program');
  const window = taken.windowSelector;
  for (const { selector, matches } of taken.proposals) {
    const { count } = await captures.methods['capture.validate']({ window, element: selector });
    assert.equal(count, matches, selector);
  }
});

test('Esc ends pointing; selectors are tried, and what they find is framed', { skip }, async () => {
  await using program = await startTestProgram({ title: 'Tried' });
  const { captureId } = await captures.methods['capture.inspect']({ processIds: [process.pid] });
  const { events, ended } = follow(captureId);
  await person('key', 'Escape');
  await ended;
  assert.deepEqual(events.at(-1), { kind: 'ended' });
  const window = ':desktop > window[Name="Tried"]';
  const validate = (element: string) => captures.methods['capture.validate']({ window, element });
  const missing = await validate('button[Name="Okay"]');
  assert.equal(missing.count, 0);
  assert.match(missing.partial[0]?.instead.join() ?? '', /OK/);
  assert.match((await validate('button[Name=')).problem ?? '', /cannot be read/);
  const { x, y } = await middle(program.processId, '*[Id="104"]');
  const edge = async () => {
    const { pixels } = await desktop.capture({ x: x - 80, y, width: 160, height: 1 }, signal);
    // The frame is orange: much red, little blue.
    return pixels.some((red, index) => index % 4 === 0 && red > 200 && (pixels[index + 2] ?? 255) < 80);
  };
  assert.equal(await edge(), false);
  const { count } = await captures.methods['capture.highlight']({
    window,
    element: 'button[Name="OK"]',
    seconds: 1,
  });
  assert.equal(count, 1);
  await until('the frame', edge, 3000);
  await click(program.processId, '*[Id="104"]');
  await program.logged('ok=1');
  await until('the frame to go', async () => !(await edge()), 5000);
});

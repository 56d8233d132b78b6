// The agent's side of recording, with a process that is played by a small script.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Captures, captureRefusal, captureScript } from '../../src/agent/capture.ts';
import { systemClock } from '../../src/base/clock.ts';
import { Log } from '../../src/base/log.ts';

/** Answers as told by the comment that a test makes. */
const played = `
const send = (message) => process.send(message);
let captureId;
process.on('message', ({ id, method, params }) => {
  const event = (event) => send({ kind: 'event', captureId, event });
  if (method === 'capture.start') {
    captureId = 'c' + Date.now() + Math.random();
    event({ kind: 'state', state: 'running' });
    send({ kind: 'result', id, value: { captureId } });
  } else if (method === 'capture.comment') {
    if (params.text === 'die') process.exit(3);
    if (params.text === 'refuse') return send({ kind: 'failure', id, code: 'CaptureFailed', message: 'no', nextStep: 'later' });
    event({ kind: 'rows', from: 0, rows: [{ text: params.text, statement: '# ' + params.text }] });
    send({ kind: 'result', id, value: {} });
  } else if (method === 'capture.stop') {
    event({ kind: 'ended' });
    send({ kind: 'result', id, value: { text: 'T', steps: 1, inputs: [] } });
  }
});
send({ kind: 'ready' });
`;

let folder: string;
let captures: Captures;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'capture-'));
  writeFileSync(join(folder, 'capture.cjs'), played);
  captures = new Captures({
    script: join(folder, 'capture.cjs'),
    log: new Log('test', () => 0, []),
    clock: systemClock,
    refusal: () => undefined,
  });
});
afterEach(() => {
  captures.dispose();
  rmSync(folder, { recursive: true });
});

describe('a recording', () => {
  it('is followed from its first event on, also by who asks before there is one', async () => {
    const { methods } = captures;
    const { captureId } = await methods['capture.start']({ processIds: [] });
    const first = await methods['capture.events']({ captureId, after: 0 });
    expect(first).toEqual({ events: [{ kind: 'state', state: 'running' }], last: 1 });
    const next = methods['capture.events']({ captureId, after: 1 });
    await methods['capture.comment']({ captureId, text: 'hello' });
    expect((await next).events).toEqual([
      { kind: 'rows', from: 0, rows: [{ text: 'hello', statement: '# hello' }] },
    ]);
    expect(await methods['capture.stop']({ captureId, taken: [] })).toEqual({
      text: 'T',
      steps: 1,
      inputs: [],
    });
    expect((await methods['capture.events']({ captureId, after: 2 })).events).toEqual([{ kind: 'ended' }]);
  });

  it('is the only one until it has ended', async () => {
    const { methods } = captures;
    const { captureId } = await methods['capture.start']({ processIds: [] });
    await expect(methods['capture.start']({ processIds: [] })).rejects.toMatchObject({
      code: 'CaptureRunning',
    });
    await expect(methods['capture.pause']({ captureId: 'other' })).rejects.toMatchObject({
      code: 'CaptureNotFound',
    });
    await methods['capture.stop']({ captureId, taken: [] });
    await expect(methods['capture.start']({ processIds: [] })).resolves.toBeDefined();
  });

  it('keeps the refusals of its process, and ends when that dies; the next one gets another', async () => {
    const { methods } = captures;
    const { captureId } = await methods['capture.start']({ processIds: [] });
    await expect(methods['capture.comment']({ captureId, text: 'refuse' })).rejects.toMatchObject({
      code: 'CaptureFailed',
      nextStep: 'later',
    });
    await expect(methods['capture.comment']({ captureId, text: 'die' })).rejects.toMatchObject({
      code: 'CaptureFailed',
    });
    const { events } = await methods['capture.events']({ captureId, after: 0 });
    expect(events.at(-1)).toEqual({
      kind: 'ended',
      problem: 'The process that records ended with exit code 3.',
    });
    await expect(methods['capture.start']({ processIds: [] })).resolves.toBeDefined();
  });
});

it('needs a Windows desktop and says so', async () => {
  const elsewhere = new Captures({
    script: 'none',
    log: new Log('test', () => 0, []),
    clock: systemClock,
    refusal: captureRefusal,
  });
  await expect(elsewhere.methods['capture.start']({ processIds: [] })).rejects.toMatchObject({
    code: 'CaptureNotHere',
    message: expect.stringContaining(process.platform),
  });
});

it('lies beside the program of the workers', () => {
  expect(captureScript('/x/dist/worker.cjs')).toBe('/x/dist/capture.cjs');
  expect(captureScript('/x/src/agent/worker/main.ts')).toBe('/x/src/agent/captureMain.ts');
});

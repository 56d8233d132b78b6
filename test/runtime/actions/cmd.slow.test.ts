// Command sessions with the real command interpreter of this system.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { cmdActions } from '../../../src/runtime/actions/cmd.ts';
import { onWindows } from '../../../src/runtime/actions/platform.ts';
import { property } from '../../../src/runtime/operations.ts';
import type { Value } from '../../../src/runtime/values.ts';
import { FakeHost } from '../../fakes/host.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { isAlive, until } from './processProbe.ts';
import { temporaryFolder } from './temporaryFolder.ts';

const temporary = temporaryFolder();
let folder: string;
let stop: AbortController;
let context: ReturnType<typeof contextIn>;
beforeEach(async () => {
  folder = await temporary();
  stop = new AbortController();
  context = contextIn(folder, { signal: stop.signal, host: new FakeHost({ clock: systemClock }) });
});
afterEach(() => context.close());

const act = (id: string, given: Record<string, Value>) => runAction(cmdActions, `Cmd.${id}`, given, context);
const open = async (given: Record<string, Value> = {}): Promise<Value> =>
  (await act('Open.Open', given)).outputs?.Session as Value;
const write = (session: Value, command: string) => act('Write', { Session: session, Command: command });
const wait = (session: Value, text: string, given: Record<string, Value> = {}) =>
  act('WaitForText', { Session: session, Text: text, Timeout: 10, ...given });
const read = async (session: Value) =>
  (await act('ReadFromCmdSession.Read', { Session: session })).outputs?.CmdOutput;

describe('a session', () => {
  it('keeps its state from command to command', async () => {
    const session = await open();
    await write(session, onWindows ? 'set WORD=one' : 'WORD=one');
    await write(session, onWindows ? 'echo %WORD%two' : 'echo "$WORD"two');
    await wait(session, 'onetwo');
    expect(await read(session)).toContain('onetwo');
    expect(await read(session)).not.toContain('onetwo');
    await act('Close', { Session: session });
  });

  it('starts in the folder it is given, else in that of the flow', async () => {
    await mkdir(join(folder, 'sub'));
    for (const [given, expected] of [
      [{}, folder],
      [{ Directory: 'sub' }, join(folder, 'sub')],
    ] as const) {
      const session = await open(given);
      await write(session, onWindows ? 'cd' : 'pwd');
      await wait(session, expected);
    }
    expect(await errorOf(open({ Directory: 'none' }))).toMatch(
      /^WorkingDirectoryNotFoundError: The folder ".*none"/,
    );
  });

  it('tells output and errors apart when asked to', async () => {
    const session = (await act('Open.OpenWithCodePage', { Encoding: 'utf_8' })).outputs?.Session as Value;
    await write(session, 'echo grün && echo schlecht 1>&2 && echo done');
    await wait(session, 'done');
    await wait(session, 'schlecht');
    const { outputs } = await act('ReadFromCmdSession.ReadAndSplit', { Session: session });
    expect(outputs?.CmdOutput).toContain('grün');
    expect(outputs?.CmdOutput).not.toContain('schlecht\n');
    expect(outputs?.CmdError).toContain('schlecht');
  });

  it('has a process and knows whether it lives', async () => {
    const session = await open();
    expect(isAlive(Number(property(session, 'processid')))).toBe(true);
    expect(property(session, 'IsAlive')).toBe(true);
    await act('Close', { Session: session });
    expect(property(session, 'IsAlive')).toBe(false);
  });

  it('can be typed into without Enter', async () => {
    const session = await open();
    await act('Write', { Session: session, Command: 'echo ab', SendEnter: false });
    await write(session, 'cd');
    await wait(session, 'abcd');
  });

  it('is waited for by text or pattern, in any letter case if wanted', async () => {
    const session = await open();
    await write(session, 'echo Hello 42');
    await wait(session, 'hello', { IgnoreCase: true });
    await wait(session, '^Hello \\d+', { IsRegEx: true });
    expect(await errorOf(wait(session, 'bye', { Timeout: 1 }))).toBe(
      'TimeoutOccurredWhileWaitingForTextError: The text did not appear in the CMD session within 1 seconds.',
    );
    expect(await errorOf(wait(session, '(', { IsRegEx: true }))).toMatch(/^InvalidRegularExpressionError/);
  });

  it('refuses an encoding that this agent cannot read', async () => {
    expect(await errorOf(act('Open.OpenWithCodePage', { Encoding: 'utf_7' }))).toBe(
      'StartCommandSessionError: The encoding utf_7 is not supported by this agent.',
    );
  });

  it.skipIf(onWindows)('says when its program takes no input', async () => {
    const session = await open();
    await write(session, 'echo off; exec sleep 100 <&-');
    await wait(session, 'off');
    await until(
      async () =>
        (await write(session, 'echo').then(
          () => '',
          () => 'refused',
        )) || undefined,
    );
    expect(await errorOf(write(session, 'echo'))).toMatch(
      /^WriteToCMDSessionError: The CMD session could not be/,
    );
  });

  it.skipIf(onWindows)('can be stopped while nobody reads what is written to it', async () => {
    const session = await open();
    await write(session, 'sleep 100');
    const writing = write(session, 'x'.repeat(10_000_000));
    stop.abort(new Error('stopped'));
    await expect(writing).rejects.toThrow('stopped');
  });

  it.skipIf(onWindows)('that writes more than is read stands still and loses nothing', async () => {
    const session = await open();
    await write(session, 'head -c 40000000 /dev/zero | tr "\\\\0" x; echo; echo end');
    expect(await errorOf(wait(session, 'end'))).toMatch(/wrote more than 16 MB without the text/);
    let size = 0;
    await until(async () => {
      const text = String(await read(session));
      size += text.length;
      return text.endsWith('end\n') || undefined;
    });
    expect(size).toBe(40_000_000 + '\nend\n'.length);
  });

  it('says when it is closed, whoever closed it; its last words can be read', async () => {
    const session = await open();
    await write(session, 'echo last words');
    await wait(session, 'last words');
    await write(session, 'exit');
    expect(await errorOf(wait(session, 'never'))).toBe('CMDSessionClosedError: The CMD session is closed.');
    expect(await read(session)).toContain('last words');
    expect(await errorOf(act('ReadFromCmdSession.Read', { Session: session }))).toMatch(
      /^CMDSessionClosedError/,
    );
    expect(await errorOf(write(session, 'echo'))).toMatch(/^CMDSessionClosedError/);
    await act('Close', { Session: session });
    expect(await errorOf(write('x', 'echo'))).toMatch(/^InvalidArgument: .*a CMD session/);
  });

  it.skipIf(onWindows)('ends with the run, with all it started, and a wait ends with it', async () => {
    const session = await open();
    await write(session, 'sleep 100 & echo pid $!; wait');
    await wait(session, 'pid \\d+', { IsRegEx: true });
    const pid = Number(/pid (\d+)/.exec(String(await read(session)))?.[1]);
    expect(isAlive(pid)).toBe(true);
    const waiting = wait(session, 'never', { Timeout: 0 });
    stop.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
    await context.close();
    await until(async () => !isAlive(pid) || undefined);
  });
});

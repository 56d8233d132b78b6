// What a flow says, and what becomes of its run, when the program it drives does not do as it should: the same for each driver.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { isKeyDown } from '../../src/win32/input.ts';
import { ownerOf, postMessage, titleOf, topLevelWindows } from '../../src/win32/windows.ts';
import { Driven, ended, type RunFacts } from './drive.ts';
import { onlyWindows, startTestProgram, type TestProgram, until } from './harness.ts';

/** Messages that the test program knows. */
const [hang, die] = [0x8001, 0x8002];
const shift = 0x10;

export function faults(protocol: 'uia3' | 'win32'): void {
  const title = `Orders ${protocol}`;
  const driven = new Driven();
  let flow: string;
  let program: TestProgram;
  before(async () => {
    await driven.start();
    flow = join(driven.flows(protocol), 'faults.robin');
    program = await startTestProgram({ title });
  });
  after(async () => {
    await program[Symbol.asyncDispose]();
    await driven.stop();
  });

  const run = (name: string, number: string = protocol) => driven.run(flow, { Fault: name, Number: number });
  const fault = async (name: string, number?: string): Promise<NonNullable<RunFacts['error']>> => {
    const { code, out, err } = await run(name, number);
    assert.equal(code, 1, `${out.slice(-2000)} ${err}`);
    const { state, error } = await driven.lastRun();
    assert.equal(state, 'Failed');
    assert.ok(error);
    return error;
  };
  const post = ({ processId, title }: TestProgram, message: number, value = 0) => {
    const window = topLevelWindows().find(
      (one) => ownerOf(one).processId === processId && titleOf(one) === title,
    );
    assert.ok(window);
    postMessage(window, message, value, 0);
  };

  describe(`by ${protocol}`, () => {
    test('an element that is not there: how far its best selector got, and the picture of the desktop', async () => {
      const { code, message, screenshot } = await fault('missing');
      assert.equal(code, 'PressButtonError');
      assert.match(message, /"Orders > Missing" was not found within 10 seconds/);
      assert.match(
        message,
        /level 1 fits, but nothing fits level 2 of its selector "Selector 2": tab item\[Name="Sent"\]\. There is /,
      );
      assert.match(message, /"General"/);
      assert.ok((screenshot?.width ?? 0) > 0, JSON.stringify(screenshot));
      const picture = join(driven.path, 'picture.png');
      const { id } = await driven.lastRun();
      assert.equal((await driven.dflow(['runs', 'screenshot', id, '--output', picture])).code, 0);
      const bytes = readFileSync(picture);
      assert.equal(bytes.toString('latin1', 1, 4), 'PNG');
      assert.equal(bytes.readUInt32BE(16), screenshot?.width);
    });

    test('a button that is disabled', async () => {
      assert.match((await fault('disabled')).message, /disabled/i);
      assert.ok(!program.log().includes('disabled=clicked'));
    });

    test('a button that moves is clicked when it stands still', async () => {
      const { code, out } = await run('moving');
      assert.equal(code, 0, out.slice(-2000));
      await program.logged('moving=clicked');
      const log = program.log();
      assert.ok(log.indexOf('move=end') < log.indexOf('moving=clicked'), log.join(' | '));
    });

    test('an item of the menu, by its path', { skip: onlyWindows('menus') }, async () => {
      assert.equal((await run('menu')).code, 0);
      await program.logged('menu=bold');
    });

    test('a run that is stopped lets go of the keys it holds', async () => {
      const child = driven.begin(['run', flow, '--input', 'Fault=held', '--input', `Number=${protocol}`]);
      const running = ended(child);
      await until('the key to be down', () => isKeyDown(shift), 20_000);
      const { id } = await driven.lastRun();
      assert.equal((await driven.dflow(['stop', id])).code, 0);
      await running;
      assert.equal((await driven.lastRun()).state, 'Canceled');
      assert.equal(isKeyDown(shift), false);
    });

    test('a program that hangs: said within the time limits, and others are reached as before', async () => {
      const other = await startTestProgram({ title: 'Orders hung' });
      try {
        post(other, hang, 120_000);
        await other.logged('hang=begin');
        for (const name of protocol === 'win32' ? ['hung', 'press'] : ['hung']) {
          const begun = Date.now();
          assert.match((await fault(name, 'hung')).message, /respond/);
          assert.ok(Date.now() - begun < 45_000);
        }
        const next = await run('press');
        assert.equal(next.code, 0, next.out.slice(-2000));
        await program.logged('ok=1');
      } finally {
        await other[Symbol.asyncDispose]();
      }
    });

    test('a button that is covered: by what; the program ends in mid-action', async () => {
      const { message } = await fault('covered');
      assert.match(message, /covered/i);
      assert.match(message, /"Cover"/);
      assert.ok(!program.log().includes('covered=clicked'));
      const failing = fault('covered');
      await until(
        'the action to wait',
        () => program.log().filter((line) => line === 'cover=shown').length > 1,
        20_000,
      );
      post(program, die);
      assert.match((await failing).message, /"Orders > Covered".*(not found|no longer there|no window)/s);
    });
  });
}

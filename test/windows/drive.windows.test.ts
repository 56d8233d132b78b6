// Flows drive real programs: `.robin` files with the UI elements beside them as the designer writes them, through command line, agent and
// worker as they are built (dist/), by each driver.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Driven } from './drive.ts';
import { isWine, testProgramPath } from './harness.ts';

const driven = new Driven();
const secret = 'S3cret-okapi-4421';
before(() => driven.start());
after(() => driven.stop());

for (const [number, protocol] of ['uia3', 'win32'].entries()) {
  describe(`by ${protocol}`, () => {
    let flows: string;
    before(() => {
      flows = driven.flows(protocol);
    });

    test('a program is launched, filled, read, pictured and closed', async () => {
      const place = driven.place(`orders ${protocol} ü`);
      const inputs = { Program: testProgramPath, Folder: place, Secret: secret, Number: `${number + 1}` };
      const { code, out, err } = await driven.run(join(flows, 'orders.robin'), inputs);
      const log = join(place, 'log.txt');
      const logged = existsSync(log) ? readFileSync(log, 'utf8').split('\n') : [];
      assert.equal(code, 0, `${out.slice(-2000)} ${err}\n${logged.join(' | ')}`);
      const run = await driven.lastRun();
      assert.equal(run.state, 'Succeeded');
      assert.deepEqual(run.outputs, { Typed: 'Zoë {1}', Customer: 'Żabka été', Rows: 4 });
      for (const line of [
        `password=${secret.length} characters`,
        'tick=1',
        'colour=blue',
        'fruit=Banana,Dürian',
        'shade=Grey',
        'tab=2',
        'expanded=Poland',
        'ok=1',
        'ok=2',
        'dialog=yes',
        'menu=bold',
        'closed',
      ])
        assert.ok(logged.includes(line), `${line} in ${logged.join(' | ')}`);
      assert.equal(readFileSync(join(place, 'shot.png')).toString('latin1', 1, 4), 'PNG');
      assert.ok(!`${out}${err}`.includes(secret));
    });

    test('notepad writes a file through its dialog', {
      skip: !isWine && 'Windows has another notepad',
    }, async () => {
      const place = driven.place(`notepad ${protocol}`);
      const inputs = { Program: 'C:\\windows\\notepad.exe', Folder: place };
      const { code, out, err } = await driven.run(join(flows, 'notepad.robin'), inputs);
      assert.equal(code, 0, `${out.slice(-2000)} ${err}`);
      const text = readFileSync(join(place, 'written.txt'), 'utf8');
      assert.equal(text.replace('\ufeff', '').replaceAll('\r', ''), 'first line\nsecond: żółć 😀!');
      assert.match(String((await driven.lastRun()).outputs?.Written), /żółć 😀!$/);
    });
  });
}

test('the sensitive value is in no file and no event of the agent', async () => {
  const files = readdirSync(driven.home, { recursive: true, withFileTypes: true }).filter((one) =>
    one.isFile(),
  );
  assert.ok(files.some(({ name }) => name === 'agent.log'));
  for (const { parentPath, name } of files) {
    if (name === 'agent.lock') continue;
    const bytes = readFileSync(join(parentPath, name));
    assert.ok(!bytes.includes(secret) && !bytes.includes(Buffer.from(secret, 'utf16le')), name);
  }
  const runs = await driven.runs();
  assert.ok(runs.length >= 2);
  for (const id of runs) {
    const { code, out } = await driven.dflow(['runs', 'events', id, '--json']);
    assert.equal(code, 0);
    assert.ok(!out.includes(secret));
  }
});

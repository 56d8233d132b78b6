// Looks for flows that break something: any bytes are read without a crash, without a hang and without losing a character.
// FUZZ_SECONDS says for how long (10; 60 on CI), the seed where to start. A crasher is kept in test/fixtures/fuzz.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { encodeFlow } from '../../src/language/syntax/decode.ts';
import { Project } from '../../src/server/project.ts';
import { seed } from '../seed.ts';
import { fuzz } from './fuzzer.ts';
import { growth, runPipeline } from './pipeline.ts';

const seconds = Number(process.env.FUZZ_SECONDS ?? (process.env.CI === 'true' ? 60 : 10));
const long = 100_000;

test(`random flows, for ${seconds} s from seed ${seed}`, { timeout: (seconds + 60) * 1_000 }, () => {
  const end = performance.now() + seconds * 1_000;
  let count = 0;
  const crasher = fuzz(seed, (tried) => {
    count = tried;
    return performance.now() > end;
  });
  if (crasher !== undefined) {
    const name = `${createHash('sha256').update(crasher.bytes).digest('hex').slice(0, 12)}.robin`;
    writeFileSync(join(import.meta.dirname, '../fixtures/fuzz', name), crasher.bytes);
    expect.fail(`kept as test/fixtures/fuzz/${name}: ${crasher.finding.message}`);
  }
  expect(count).toBeGreaterThan(seconds);
});

describe('hostile flows', () => {
  test.each<[what: string, text: string]>([
    ['5 MB on one line of text', `SET A TO $'''${'x'.repeat(5_000_000)}'''`],
    ['5 MB of one expression', `SET A TO 1${' + 1'.repeat(1_250_000)}`],
    ['5 MB of one action', `Text.Trim ${'Text: a '.repeat(625_000)}`],
    ['5 MB of nonsense on one line', '%'.repeat(5_000_000)],
    ['100,000 blocks inside each other', `${'IF A THEN\n'.repeat(100_000)}${'END\n'.repeat(100_000)}`],
    ['100,000 blocks that are never closed', 'LOOP WHILE A\n'.repeat(100_000)],
    ['100,000 error rules inside each other', 'A.B\nON ERROR\n'.repeat(100_000)],
    ['all kinds of line ends', 'SET A TO 1\rSET B TO A\r\nSET C TO B\n\r\n\r\r\n'.repeat(5_000)],
  ])('%s', { timeout: 120_000 }, (_, text) => {
    runPipeline(encodeFlow(text, 'utf-8'));
  });

  test('UTF-16, whole and cut off', () => {
    const bytes = encodeFlow("SET A TO $'''😀 %B%'''\r\n".repeat(1_000), 'utf-16le');
    runPipeline(bytes);
    runPipeline(bytes.subarray(0, 1_001));
  });

  test.each<[what: string, unit: string]>([
    ['texts that are never closed', "SET A TO $'''x\n"],
    ['comments that are never closed', '/# x\n'],
    ['lone percent signs', "SET A TO $'''100%''' + $'''x'''\n"],
    ['percent signs and quotes', "%'''"],
    ['ELSE without IF', 'LOOP WHILE A\nELSE\n'],
    ['subflows that are never closed', 'FUNCTION f\nCALL f\n'],
    ['many variables', 'SET A TO A + B\nSET B TO A\n'],
    ['labels and jumps', 'LABEL x\nGOTO x\n'],
    ['branches', 'IF A THEN\nSET A TO 1\nELSE\nSET A TO 2\nEND\n'],
    ['loops', 'LOOP WHILE A\nSET A TO A + 1\nEXIT LOOP\nEND\n'],
    ['error rules', 'File.Delete Files: A\nON ERROR\nSET A TO 1\nEND\n'],
    ['cases', 'SWITCH A\nCASE = 1\nSET A TO 2\nDEFAULT\nEND\n'],
    ['regions', '**REGION a\n'],
    ['UI elements', "UIAutomation.Click.Click Element: appmask['a']['b']\n"],
  ])('%s: the work grows with the text', { timeout: 120_000 }, (_, unit) => {
    expect(growth(unit, long)).toEqual([]);
  });
});

test('flows that run each other in circles, without their repositories', { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fuzz-'));
  try {
    const count = 300;
    for (let n = 0; n < count; n++) {
      const runs = [n + 1, n * 7, n, 0]
        .map((other) => `External.RunFlow FlowId: 'F${other % count}'\n`)
        .join('');
      await writeFile(join(folder, `F${n}.robin`), `IMPORT 'gone.appmask' AS appmask\n${runs}`);
    }
    const project = new Project();
    project.changeFolders([pathToFileURL(folder).href]);
    await project.ready;
    const start = performance.now();
    for (const { uri, summary } of project.flows()) {
      const { screens, circle } = project.surroundingsOf(uri);
      expect(screens).toBeUndefined();
      for (const { id, name } of summary.runs) expect(circle(id, name)?.at(-1)).toBe(summary.name);
    }
    expect(performance.now() - start).toBeLessThan(20_000);
  } finally {
    await rm(folder, { recursive: true });
  }
});

// The acceptance run proves itself: every check ends as passed or as needing what this machine lacks, and both reports say so.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checks } from './acceptance/checks.ts';
import { isWine, temporaryFolder } from './harness.ts';

const script = join(import.meta.dirname, '..', '..', 'scripts', 'windows', 'acceptance.mjs');
interface Row {
  readonly id: string;
  readonly outcome: string;
  readonly needs?: string;
  readonly message?: string;
}

test('it asks nobody, tries every check and writes both reports', () => {
  using folder = temporaryFolder('acceptance');
  const args = ['--no-warnings', script, '--no-suites', '--output', folder.path];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: 170_000,
  });
  const { results, totals }: { results: Row[]; totals: Record<string, number> } = JSON.parse(
    readFileSync(join(folder.path, 'acceptance.json'), 'utf8'),
  );
  assert.deepEqual(
    results.filter(({ outcome }) => outcome === 'failed'),
    [],
    `${stdout} ${stderr}`,
  );
  assert.equal(status, 0);
  assert.deepEqual(
    results.map(({ id }) => id),
    checks.map(({ id }) => id),
  );
  for (const { outcome, needs } of results) assert.ok(outcome === 'passed' || needs);
  if (isWine) {
    const passed = results.filter(({ outcome }) => outcome === 'passed').map(({ id }) => id);
    assert.deepEqual(passed, ['windows.version', 'uia.notepad', 'screen.pixels', 'sessions.list']);
  }
  const text = readFileSync(join(folder.path, 'acceptance.md'), 'utf8');
  assert.match(
    text,
    new RegExp(`\\*\\*${totals.passed} passed, 0 failed, ${totals.notHere} not on this machine\\*\\*`),
  );
});

test('it names a wrong option and runs nothing', () => {
  const { status, stderr } = spawnSync(process.execPath, ['--no-warnings', script, '--quick'], {
    encoding: 'utf8',
  });
  assert.equal(status, 2);
  assert.match(stderr, /--quick/);
});

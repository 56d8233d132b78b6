// Inputs at rest: readable with the right key for the right run only, and never by mistake.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Protection } from '../../src/agent/credentials/protection.ts';
import { openVault, vault } from '../../src/agent/seal.ts';
import { listedRuns, shownInputs, shownOutputs } from '../../src/agent/shown.ts';
import type { Run } from '../../src/protocol/run.ts';

const folder = mkdtempSync(join(tmpdir(), 'dflow-seal-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const key = new Uint8Array(32).fill(7);
const unreadable = expect.objectContaining({ code: 'InputsUnreadable' });

describe('sealed inputs', () => {
  it('open to what they were, for any values', () => {
    fc.assert(
      fc.property(
        fc.uuid(),
        fc.dictionary(fc.string(), fc.oneof(fc.string({ unit: 'binary' }), fc.boolean(), fc.integer())),
        (runId, inputs) => {
          const { seal, open } = vault(key);
          expect(open(runId, seal(runId, inputs))).toEqual(JSON.parse(JSON.stringify(inputs)));
        },
      ),
    );
  });

  it('show nothing of their content and never look the same twice', () => {
    const { seal } = vault(key);
    const [a, b] = [seal('r', { Password: 'correct horse' }), seal('r', { Password: 'correct horse' })].map(
      (each) => Buffer.from(each),
    );
    expect(a?.equals(b as Buffer)).toBe(false);
    expect(a?.toString('latin1')).not.toMatch(/correct|horse|Password/);
  });

  it('open for no other run, with no other key, and not when a single bit changed', () => {
    const { seal, open } = vault(key);
    const sealed = Buffer.from(seal('run-1', { P: 'secret' }));
    expect(() => open('run-2', sealed)).toThrow(unreadable);
    expect(() => vault(new Uint8Array(32)).open('run-1', sealed)).toThrow(unreadable);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(() => open('run-1', changed)).toThrow(unreadable);
    }
    expect(() => open('run-1', new Uint8Array(0))).toThrow(unreadable);
  });
});

describe('the key', () => {
  it('is made once, for its owner only', () => {
    const sealed = openVault(folder).seal('r', { A: 1 });
    expect(openVault(folder).open('r', sealed)).toEqual({ A: 1 });
    const path = join(folder, 'inputs.key');
    expect(readFileSync(path)).toHaveLength(32);
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('that is damaged is reported and left alone', () => {
    const other = mkdtempSync(join(folder, 'damaged-'));
    writeFileSync(join(other, 'inputs.key'), 'short');
    expect(() => openVault(other)).toThrow(expect.objectContaining({ code: 'InputsKeyDamaged' }));
    expect(readFileSync(join(other, 'inputs.key'), 'utf8')).toBe('short');
  });
});

describe('the key under the protection of the system', () => {
  /** What one protects no other opens. */
  const played = (place: string): Protection => ({
    scope: 'user',
    protect: (bytes) => Buffer.concat([Buffer.from(place), Buffer.from(bytes).reverse()]),
    unprotect(bytes) {
      if (Buffer.from(bytes).toString('latin1', 0, place.length) !== place) throw new Error('made elsewhere');
      return Buffer.from(bytes.slice(place.length)).reverse();
    },
  });
  const place = () => {
    const made = mkdtempSync(join(folder, 'protected-'));
    return { made, file: join(made, 'inputs.key') };
  };

  it('is found again, and opens nowhere else', () => {
    const { made, file } = place();
    const sealed = openVault(made, played('here')).seal('r', { A: 1 });
    const text = readFileSync(file, 'latin1');
    expect(text).toMatch(/^protected user \S+\n$/);
    expect(openVault(made, played('here')).open('r', sealed)).toEqual({ A: 1 });
    for (const other of [played('there'), undefined])
      expect(() => openVault(made, other)).toThrow(expect.objectContaining({ code: 'InputsKeyDamaged' }));
    expect(readFileSync(file, 'latin1')).toBe(text);
  });

  it('comes around a key that an older version made, which goes on opening what it sealed', () => {
    const { made, file } = place();
    const sealed = openVault(made).seal('r', { A: 1 });
    const plain = readFileSync(file);
    expect(openVault(made, played('here')).open('r', sealed)).toEqual({ A: 1 });
    expect(readFileSync(file).includes(plain)).toBe(false);
    expect(openVault(made, played('here')).open('r', sealed)).toEqual({ A: 1 });
  });
});

describe('what is shown', () => {
  it('of inputs: nothing of a sensitive one, the beginning of a very long one', () => {
    const shown = shownInputs(
      { Password: 'secret', Name: 'Ann', Big: 'x'.repeat(20_000) },
      new Set(['Password']),
    );
    expect(shown).toMatchObject({ Password: { $type: 'secured' }, Name: 'Ann', Big: { $type: 'other' } });
    expect(JSON.stringify(shown).length).toBeLessThan(2_000);
  });

  it('of outputs: everything up to a megabyte', () => {
    const outputs = { Report: 'x'.repeat(500_000) };
    expect(shownOutputs(outputs)).toEqual(outputs);
    expect(shownOutputs({ ...outputs, More: 'y'.repeat(600_000), Sum: 3 })).toMatchObject({
      Report: { $type: 'other' },
      More: { $type: 'other' },
      Sum: 3,
    });
  });

  it('of a list: long outputs of older runs in part, once the list is large', () => {
    const run = { id: 'r', outputs: { Report: 'x'.repeat(50_000), Sum: 3 } } as unknown as Run;
    const shown = listedRuns([run, run, run, run], 120_000);
    expect(shown.slice(0, 2)).toEqual([run, run]);
    for (const older of shown.slice(2)) {
      expect(older.outputs).toMatchObject({ Report: { $type: 'other' }, Sum: 3 });
    }
  });
});

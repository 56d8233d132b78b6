// Where inputs come from, and that a value never appears in an error.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ProductError } from '../../src/base/error.ts';
import { gatherInputs } from '../../src/cli/inputs.ts';

const none = { pairs: [], environment: [], file: undefined, presets: {} };
const folder = mkdtempSync(join(tmpdir(), 'dflow-inputs-'));
const file = (name: string, text: string | Uint8Array): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
function failure(action: () => unknown): ProductError {
  try {
    action();
  } catch (error) {
    if (error instanceof ProductError) return error;
  }
  throw new Error('expected a ProductError');
}

describe('inputs', () => {
  it.each(['__proto__', 'constructor', 'toString'])('may have the name %s', (name) => {
    const given = gatherInputs({ ...none, file: file(`${name}.json`, `{"${name}": 1}`) });
    expect(Object.entries(given)).toEqual([[name, 1]]);
    expect(Object.entries(gatherInputs({ ...none, pairs: [`${name}=x`] }))).toEqual([[name, 'x']]);
  });

  it('come from presets, file, environment and pairs; the later source wins', () => {
    process.env.DFLOW_TEST_VALUE = 'from environment';
    expect(
      gatherInputs({
        presets: { A: 1, B: 1, C: 1, D: 1 },
        file: file('in.json', '{"B": 2, "C": 2, "D": 2, "Object": {"x": [1, {"y": null}]}}'),
        environment: ['C=DFLOW_TEST_VALUE', 'D=DFLOW_TEST_VALUE'],
        pairs: ['D=a=b'],
      }),
    ).toEqual({
      A: 1,
      B: 2,
      C: 'from environment',
      D: 'a=b',
      Object: { $type: 'object', entries: { x: [1, { $type: 'object', entries: { y: null } }] } },
    });
  });

  it.each<[string, Uint8Array]>([
    ['UTF-8 with a mark', Buffer.from('\ufeff{"Name": "Zoë"}')],
    ['UTF-16 with a mark', Buffer.from('\ufeff{"Name": "Zoë"}', 'utf16le')],
  ])('are read from a file in %s', (name, bytes) => {
    expect(gatherInputs({ ...none, file: file(`${name}.json`, bytes) })).toEqual({ Name: 'Zoë' });
  });

  it.each(['[', '{"$type":"object","entries":', '{"a":'])('nested without end by %s are refused', (open) => {
    const close = open === '[' ? ']' : '}';
    const text = `{"hunter2":${open.repeat(50_000)}1${close.repeat(50_000)}}`;
    const error = failure(() => gatherInputs({ ...none, file: file('deep.json', text) }));
    expect(error.message).toMatch(/deep\.json are nested more than 100 levels deep/);
  });

  it.each([
    ['InputSyntax', { ...none, pairs: ['hunter2'] }],
    ['InputSyntax', { ...none, environment: ['=hunter2'] }],
    ['InputVariable', { ...none, environment: ['Password=DFLOW_NOT_SET'] }],
    ['InputFile', { ...none, file: join(folder, 'absent.json') }],
    ['InputFile', { ...none, file: file('broken.json', '{"Password": "hunter2') }],
    ['InputFile', { ...none, file: file('list.json', '["hunter2"]') }],
  ])('that cannot be read give %s and never repeat the text', (code, sources) => {
    const error = failure(() => gatherInputs(sources));
    expect(error.code).toBe(code);
    expect(`${error.message} ${error.nextStep}`).not.toContain('hunter2');
    expect(error.nextStep).not.toBe('');
  });
});

// Checking with options, and checking again after an edit.
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FlowModel } from '../../../src/language/analysis/model.ts';
import { check } from '../../../src/language/checks/check.ts';
import { lintRules } from '../../../src/language/checks/lint/rules.ts';
import { isBlocking, verdictOf } from '../../../src/language/diagnostics.ts';
import { parse } from '../../../src/language/syntax/parser.ts';
import { reparse } from '../../../src/language/syntax/reparse.ts';

const folder = new URL('../../fixtures/check/', import.meta.url);
const flows = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'));

describe('severities of rules', () => {
  const flow = parse("@SENSITIVE: []\nSET Folder TO 'C:\\Temp'\nSET folder TO Missing\n");
  const found = (rules: Parameters<typeof check>[1]) =>
    check(flow, rules).map(({ code, severity }) => `${severity} ${code}`);

  test('are those of the settings, else the usual ones', () => {
    expect(found({})).toEqual([
      'hint UnusedVariable',
      'hint HardCodedPath',
      'hint NameSpelling',
      'error VariableUnknown',
    ]);
    expect(
      found({ rules: { HardCodedPath: 'error', NameSpelling: 'off', UnusedVariable: 'information' } }),
    ).toEqual(['information UnusedVariable', 'error HardCodedPath', 'error VariableUnknown']);
  });

  test('do not change what is no rule', () => {
    expect(found({ rules: { VariableUnknown: 'off' } })).toContain('error VariableUnknown');
  });

  test('never forbid a run or change the verdict', () => {
    const raised = check(parse("@SENSITIVE: []\nWAIT 1\nSET Folder TO 'C:\\Temp'\n"), {
      rules: { HardCodedPath: 'error', UnusedVariable: 'off' },
    });
    expect(raised).toMatchObject([{ code: 'HardCodedPath', severity: 'error', rule: true }]);
    expect(raised.some(isBlocking)).toBe(false);
    expect(verdictOf(raised)).toBe('clean');
  });
});

test('every rule has a code, a title, a severity and an explanation', () => {
  expect(new Set(lintRules.map(({ code }) => code)).size).toBe(lintRules.length);
  for (const { title, default: usual, explanation } of lintRules) {
    expect(title.length).toBeGreaterThan(5);
    expect(explanation).toMatch(/^[A-Z].*\.$/s);
    expect(['error', 'warning', 'information', 'hint', 'off']).toContain(usual);
  }
});

test('blocking findings alone are the same ones', () => {
  for (const flow of flows) {
    const all = check(parse(flow)).filter(isBlocking);
    const alone = check(parse(flow), { blockingOnly: true }).filter(isBlocking);
    expect(alone).toEqual(all);
  }
});

test('after an edit, the check of the tree that went along finds what a fresh one finds', () => {
  const pieces = fc.constantFrom(
    '',
    'X',
    ' ',
    '\n',
    "'",
    '%',
    'SET A TO 1\n',
    'END\n',
    'ON ERROR\n',
    'DISABLE ',
    '# dflow-ignore ',
  );
  const edits = fc.array(fc.tuple(fc.nat(), fc.nat(10), pieces), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.constantFrom(...flows), edits, (flow, changes) => {
      let text = flow;
      let file = parse(text);
      check(file);
      for (const [at, length, piece] of changes) {
        const start = at % (text.length + 1);
        const oldEnd = Math.min(text.length, start + length);
        const next = text.slice(0, start) + piece + text.slice(oldEnd);
        file = reparse(file, next, { start, oldEnd, newEnd: start + piece.length });
        text = next;
        expect(check(file)).toEqual(check(parse(text)));
      }
    }),
    { numRuns: 150 },
  );
});

test('a flow that was checked before is checked again quickly', () => {
  const lines = Array.from({ length: 2500 }, (_, i) => {
    const n = i % 100;
    return [
      `SET Var${n} TO $'''text %Var${(n + 7) % 100}% of ${i}'''`,
      `IF Var${n} = $'''abc${i}''' THEN`,
      `    Text.Replace.ReplaceText Text: Var${n} TextToFind: $'''a''' ReplaceWith: $'''b''' Result=> Var${n}`,
      'END',
    ];
  }).flat();
  const model = new FlowModel(parse(lines.join('\r\n')));
  check(model);
  const runs = Array.from({ length: 9 }, () => {
    const start = performance.now();
    check(model);
    return performance.now() - start;
  });
  // Some milliseconds on any machine; the bound only tells a linear check from one that is not.
  expect(Math.min(...runs)).toBeLessThan(250);
});

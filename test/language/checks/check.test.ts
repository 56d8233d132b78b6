// Golden flows in test/fixtures/check/*.robin. Below a line, markers say what the check must report about it:
//   # ^^^^ want <severity> <Code> "part of the message"
// The carets stand under the reported text. Every diagnostic needs a marker and every marker a diagnostic; only rules and the
// ever-shrinking ActionUnsupported are ignored in files that do not mention them. `# off by default: Code` switches a rule on.
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineIndex } from '../../../src/base/text.ts';
import { flowInfo } from '../../../src/language/analysis/flow.ts';
import { sensitivity } from '../../../src/language/analysis/sensitivity.ts';
import { check } from '../../../src/language/checks/check.ts';
import { parse } from '../../../src/language/syntax/parser.ts';

const folder = new URL('../../fixtures/check/', import.meta.url);
const marker = /^(\s*#\s*)(\^+)\s+want (\w+) (\w+) "(.*)"$/;

interface Want {
  readonly severity: string;
  readonly code: string;
  readonly at: string;
  readonly part: string;
}

function wanted(lines: readonly string[]): Want[] {
  let subject = 0;
  return lines.flatMap((line, index) => {
    const match = marker.exec(line);
    if (match === null) {
      if (/^\s*#.*\bwant\b/.test(line)) throw new Error(`line ${index + 1} is no valid marker: ${line}`);
      subject = index;
      return [];
    }
    const [, before = '', carets = '', severity = '', code = '', part = ''] = match;
    return { severity, code, part, at: `${subject + 1}:${before.length + 1}+${carets.length}` };
  });
}

describe.each(readdirSync(folder))('%s', (name) => {
  const text = readFileSync(new URL(name, folder), 'utf8');
  const lines = text.split('\n');
  const want = wanted(lines);
  const index = new LineIndex(text);
  const switchedOn = [...text.matchAll(/# off by default: (\w+)/g)].map(
    ([, code]) => [code, 'hint'] as const,
  );
  const got = check(parse(text), { rules: Object.fromEntries(switchedOn) }).filter(
    ({ code, rule }) =>
      (rule !== true && code !== 'ActionUnsupported') || want.some((marker) => marker.code === code),
  );

  test('reports exactly what its markers say', () => {
    const summary = (severity: string, code: string, at: string) =>
      `${at} ${severity} ${code} ${lines[Number.parseInt(at, 10) - 1]?.trim()}`;
    const placed = got.map((diagnostic) => {
      const start = index.position(diagnostic.start);
      const at = `${start.line + 1}:${start.character + 1}+${diagnostic.end - diagnostic.start}`;
      return { ...diagnostic, at };
    });
    expect(placed.map(({ severity, code, at }) => summary(severity, code, at)).sort()).toEqual(
      want.map(({ severity, code, at }) => summary(severity, code, at)).sort(),
    );
    for (const { code, at, part } of want) {
      const messages = placed.filter((d) => d.code === code && d.at === at).map((d) => d.message);
      expect(messages, `${at} ${code}`).toContainEqual(expect.stringContaining(part));
    }
  });

  test('gives its diagnostics in text order', () => {
    const starts = got.map(({ start }) => start);
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
  });
});

test('a damaged flow is checked as well: nothing throws, and every diagnostic lies within the text', () => {
  const flows = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'));
  const cuts = fc.array(fc.tuple(fc.nat(), fc.nat(200)), { maxLength: 8 });
  fc.assert(
    fc.property(fc.constantFrom(...flows), cuts, (flow, slices) => {
      const text = slices.reduce((rest, [at, length]) => {
        const from = at % (rest.length + 1);
        return rest.slice(0, from) + rest.slice(from + length);
      }, flow);
      const file = parse(text);
      flowInfo(file);
      sensitivity(file);
      for (const { start, end, message } of check(file)) {
        expect(start).toBeLessThanOrEqual(end);
        expect(end).toBeLessThanOrEqual(text.length);
        expect(message).not.toContain('undefined');
      }
    }),
  );
});

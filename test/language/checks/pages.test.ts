// docs/diagnostics: a page for every code that the language layer reports about a flow, whose wrong example gives exactly that
// code at the carets and whose right one does not; and docs/errors.md for the other codes of the layer.
// The list of the pages, README.md, follows from the pages: UPDATE_GOLDEN=1 rewrites it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { check } from '../../../src/language/checks/check.ts';
import { lintRules } from '../../../src/language/checks/lint/rules.ts';
import { fixableCodes } from '../../../src/language/edits/fixes.ts';
import { parse } from '../../../src/language/syntax/parser.ts';

const folder = new URL('../../../docs/diagnostics/', import.meta.url);
const source = new URL('../../../src/language/', import.meta.url);

/** What a page says of the severity of a finding. */
const severities: Readonly<Record<string, string>> = {
  dropsPaste: 'drops the paste',
  error: 'error',
  unsupported: 'unsupported',
};
const usually: Readonly<Record<string, string>> = {
  error: 'an error',
  warning: 'a warning',
  information: 'an information',
  hint: 'a hint',
  off: 'off',
};

const sources = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(new URL(name, source), 'utf8'));

function codesOf(pattern: RegExp): Set<string> {
  return new Set(sources.flatMap((text) => [...text.matchAll(pattern)].map((match) => match[1] as string)));
}

const fixed = codesOf(/\b(?:drop|error|unsupported|reserved)\(\s*'([A-Z]\w+)'/g);
const rules = new Map(lintRules.map((rule) => [rule.code, rule]));
const names = readdirSync(folder)
  .filter((name) => name !== 'README.md')
  .map((name) => name.replace(/\.md$/, ''));

const withoutExamples = [
  'ActionUnsupported',
  'FlowCircle',
  'FlowTooLarge',
  'ImageUnknown',
  'NestingTooDeep',
  'RunInputMissing',
  'RunInputUnknown',
  'RunOutputUnknown',
  'TooManyProblems',
  'UiElementUnknown',
];

interface Page {
  readonly title: string;
  readonly code: string;
  readonly severity: string;
  readonly explanation: string;
  readonly wrong: string | undefined;
  readonly right: string | undefined;
}

function read(name: string): Page {
  const text = readFileSync(new URL(`${name}.md`, folder), 'utf8');
  const [, title, code, severity, explanation] = /^# (.+)\n\n`(\w+)` · (.+)\n\n(.+)\n/.exec(text) ?? [];
  if (!title || !code || !severity || !explanation)
    throw new Error(`${name}.md does not begin as a page does.`);
  const example = (heading: string) =>
    new RegExp(`^## ${heading}\\n\\n\`\`\`robin\\n([\\s\\S]*?)\\n\`\`\`$`, 'm').exec(text)?.[1];
  return { title, code, severity, explanation, wrong: example('Wrong'), right: example('Right') };
}

/** What an example reports: other rules are off, and actions this agent lacks today do not matter. */
function reported(text: string, code: string) {
  const options = rules.get(code)?.default === 'off' ? { rules: { [code]: 'hint' as const } } : {};
  return check(parse(text), options).filter(
    (found) => found.code === code || (found.rule !== true && found.code !== 'ActionUnsupported'),
  );
}

test('every code has a page, and every page a code', () => {
  expect(fixed.size + rules.size).toBeGreaterThan(95);
  expect(names).toEqual([...fixed, ...rules.keys()].sort());
  for (const code of fixableCodes) expect(names).toContain(code);
});

describe.each(names)('%s', (name) => {
  const page = read(name);
  const { code, wrong, right } = page;
  const rule = rules.get(code);

  test('says what the source says', () => {
    expect(code).toBe(name);
    if (rule === undefined) expect(Object.values(severities)).toContain(page.severity);
    else {
      expect(page.severity).toBe(`rule, usually ${usually[rule.default]}`);
      expect(page).toMatchObject({ title: rule.title, explanation: rule.explanation });
    }
  });

  if (wrong === undefined || right === undefined) {
    test('has no examples only because they need other files, a huge text or the agent of another day', () => {
      expect(withoutExamples).toContain(code);
    });
    return;
  }

  test('the wrong example gives this code alone, where the carets are', () => {
    const text = wrong;
    const found = reported(text, code);
    expect([...new Set(found.map((diagnostic) => diagnostic.code))]).toEqual([code]);
    if (rule === undefined) expect(severities[found[0]?.severity ?? '']).toBe(page.severity);
    const lines = text.split('\n');
    lines.forEach((line, index) => {
      const caret = /^#( *)(\^+) (\w+)$/.exec(line);
      if (caret === null) return;
      const [, blanks = '', carets = ''] = caret;
      const start = lines.slice(0, index - 1).join('\n').length + (index > 1 ? 1 : 0) + 1 + blanks.length;
      expect(caret[3]).toBe(code);
      expect(found.map((diagnostic) => diagnostic.start)).toContain(start);
      const { end = 0 } = found.find((diagnostic) => diagnostic.start === start) ?? {};
      const shown = Math.min(end - start, (lines[index - 1]?.length ?? 0) - 1 - blanks.length);
      expect(carets.length).toBe(Math.max(1, shown));
    });
  });

  test('the right example gives nothing', () => {
    expect(reported(right, code)).toEqual([]);
  });
});

test('the list of the pages is up to date', () => {
  const rows = (codes: readonly string[]) =>
    codes.map((code) => {
      const { title, severity } = read(code);
      return `| [\`${code}\`](${code}.md) | ${severity.replace('rule, usually ', '')} | ${title} |`;
    });
  const table = (codes: readonly string[]) =>
    ['| Code | Severity | |', '|---|---|---|', ...rows(codes)].join('\n');
  const list = `# Diagnostics

What the editor and \`dflow check\` report about the text of a flow. A code never changes its meaning.

- **drops the paste**: the designer silently drops the whole paste.
- **error**: the row lands in the designer with an error; the flow cannot run.
- **unsupported**: correct, but this agent cannot carry it out; the flow cannot run here.

A text without a head is taken for what it most likely is. A few lines stand for themselves, as if pasted into an empty subflow:
what they lack is an error. A longer text, a list of calls and a copy with an attachment are pieces of a flow, so a name that is not
in them is only a hint.

${table([...fixed].sort())}

## Rules

Rules are about style and safety. \`desktopFlows.lint.rules\` sets the severity of each: \`error\`, \`warning\`, \`information\`, \`hint\` or
\`off\`. In the flow a comment silences them: \`# dflow-ignore Code, Code: reason\` on the line or alone above it,
\`# dflow-ignore-file Code\` for the whole file. A rule never forbids a run, whatever its severity.

${table([...rules.keys()])}
`;
  const path = new URL('README.md', folder);
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, list);
  expect(readFileSync(path, 'utf8')).toBe(list);
});

test('the other codes of the language layer are in docs/errors.md', () => {
  const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
  const explained = [...page.matchAll(/^\| `(\w+)`/gm)].map(([, code]) => code);
  const others = codesOf(/new ProductError\(\s*'([A-Z]\w+)'/g);
  expect(others.size).toBeGreaterThan(4);
  expect(explained).toEqual(expect.arrayContaining([...others]));
});

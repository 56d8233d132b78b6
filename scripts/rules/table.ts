// Writes docs/rules.md: every rule of the documentation with the code that cites it and the tests that are named after it. Run it after
// a change of either: node scripts/rules/table.ts. With --check it only says whether the page is current. Judges no rule.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { defaultSettings, eras } from '../../src/orchestration/settings.ts';
import type { Era } from '../../src/protocol/fleet.ts';

const root = join(import.meta.dirname, '..', '..');
const page = join(root, 'docs', 'rules.md');

/** One row of rows.tsv. `where`: empty for a rule of the core, or which other part it belongs to, or why it is none of this product's. */
export interface RuleRow {
  readonly id: string;
  readonly seed: boolean;
  readonly sentence: string;
  /** What its versions say, and which setting chooses; empty where they agree. */
  readonly versions: string;
  readonly where: string;
}

/** Where a rule is cited: a file from the root on, and the declaration in it. */
export interface Citation {
  readonly id: string;
  readonly file: string;
  readonly declaration: string;
}

export interface NamedTest {
  readonly id: string;
  readonly file: string;
  readonly name: string;
}

const outside = 'Not part of this product';

/** Whether code and tests are asked for. */
export const isOurs = ({ where }: RuleRow): boolean => !where.startsWith(outside);

export function readRows(): readonly RuleRow[] {
  const [head, ...lines] = readFileSync(join(import.meta.dirname, 'rows.tsv'), 'utf8')
    .trimEnd()
    .split('\n');
  if (head !== 'id\tseed\tsentence\tversions\twhere')
    throw new Error('rows.tsv has other columns than expected');
  return lines.map((line, index) => {
    const [id = '', seed, sentence = '', versions = '', where = '', ...more] = line.split('\t');
    if (
      !/^(?:[A-Z]+-|C)\d+$/.test(id) ||
      !(seed === 'yes' || seed === 'no') ||
      sentence === '' ||
      more.length > 0
    )
      throw new Error(`line ${index + 2} of rows.tsv is not a row`);
    return { id, seed: seed === 'yes', sentence, versions, where };
  });
}

const identifier = String.raw`(?:[A-Z]{2,5}-|Q-|C)\d{1,2}\b`;
const citation = new RegExp(String.raw`\b[Rr]ules? (${identifier}(?:(?:, | and | to )${identifier})*)`, 'g');

/** Row ids of `Q-5 to Q-7, MNT-2`. */
function idsIn(list: string): string[] {
  const ids: string[] = [];
  for (const [, joint, id = ''] of list.matchAll(new RegExp(`(^|, | and | to )(${identifier})`, 'g'))) {
    const [, prefix, number] = /^(\D+)(\d+)$/.exec(id) as unknown as [string, string, string];
    const first = joint === ' to ' ? Number(/\d+$/.exec(ids.at(-1) as string)?.[0]) + 1 : Number(number);
    for (let n = first; n <= Number(number); n++) ids.push(`${prefix}${n}`);
  }
  return ids;
}

/**
 * Citations in the comments of one TypeScript file: of the declaration a comment stands before, or of the one it stands in. Reads lines
 * and their indentation, as the formatter leaves them.
 */
export function citationsIn(file: string, text: string): readonly Citation[] {
  const lines = text.split('\n');
  const found: Citation[] = [];
  for (let first = 0; first < lines.length; first++) {
    if (!isComment(lines[first])) continue;
    let end = first + 1;
    while (end < lines.length && isComment(lines[end])) end++;
    // A list of rows may be broken over two lines.
    const words = lines.slice(first, end).map((line) => line.trim().replace(/^(?:\/\/|\/\*\*?|\*)\s?/, ''));
    for (const [, list = ''] of words.join(' ').matchAll(citation))
      for (const id of idsIn(list)) found.push({ id, file, declaration: declarationAt(lines, end) });
    first = end;
  }
  return found;
}

const isComment = (line = ''): boolean => /^\s*(?:\/\/|\/\*|\*(?:\s|\/|$))/.test(line);

/** The names of the declaration that begins at a line, or that it is in, from the outside. */
function declarationAt(lines: readonly string[], at: number): string {
  const names: string[] = [];
  let margin = Number.POSITIVE_INFINITY;
  for (let n = at; n >= 0; n--) {
    const line = lines[n] ?? '';
    const indentation = /^ */.exec(line)?.[0].length ?? 0;
    if (line.trim() === '' || indentation >= margin || isComment(line)) continue;
    // `): Result {` ends what began further up.
    if (/^\s*[)}]/.test(line) && n !== at) continue;
    margin = indentation;
    const name = nameIn(line, n === at);
    if (name !== undefined) names.unshift(name);
  }
  return names.join('.');
}

const declared =
  /^\s*(?:export )?(?:default )?(?:async )?(?:function\*?|class|interface|type|const) ([\w$]+)/;
const method = /^ {2}(?:async |static |get |set )*([#\w]+)(?:<[^(]*>)?\(/;
const member = /^\s+(?:readonly |async |static |get |set )*([#\w]+|'[\w.]+')\??(?:\(|:| =)/;

function nameIn(line: string, isFirst: boolean): string | undefined {
  const name = (declared.exec(line) ??
    method.exec(line) ??
    (isFirst && /[{;,]$|[(=]/.test(line) && !/^\s+[\w.]+\([^{]*;$/.test(line)
      ? member.exec(line)
      : null))?.[1];
  return name !== undefined && /^(?:if|for|while|switch|return|super|await)$/.test(name)
    ? undefined
    : name?.replaceAll("'", '');
}

const testName = new RegExp(
  String.raw`(['"\`])((${identifier}(?:(?:, | and )${identifier})*): (?:(?!\1)[^\n])+)\1`,
  'g',
);

/** Tests that are named after rows, in one file of tests. */
export function testsIn(file: string, text: string): readonly NamedTest[] {
  return [...text.matchAll(testName)].flatMap(([, , name = '', list = '']) =>
    idsIn(list).map((id) => ({ id, file, name })),
  );
}

function* filesUnder(folder: string, suffix: string): Generator<readonly [file: string, text: string]> {
  const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(suffix))
    .map((entry) => join(entry.parentPath, entry.name));
  for (const path of paths.sort())
    yield [relative(root, path).split(sep).join('/'), readFileSync(path, 'utf8')];
}

/** Every citation in `src` and every test that is named after a row, in order of their files. */
export function findRules(): {
  readonly citations: readonly Citation[];
  readonly tests: readonly NamedTest[];
} {
  return {
    citations: [...filesUnder('src', '.ts')].flatMap(([file, text]) => citationsIn(file, text)),
    // The names in the test of this page are examples.
    tests: [...filesUnder('test', '.test.ts')].flatMap(([file, text]) =>
      file.endsWith('/rulesTable.test.ts') ? [] : testsIn(file, text),
    ),
  };
}

/** The page as it is to be. */
export function rulesPage(): string {
  const { citations, tests } = findRules();
  // Others wait for code that keeps them.
  const rows = readRows().filter(
    (row) => row.seed || [...citations, ...tests].some(({ id }) => id === row.id),
  );
  const cell = (text: string) => text.replaceAll('|', '\\|') || '–';
  const lines = rows.map((row) => {
    const rules = new Set(
      citations
        .filter(({ id }) => id === row.id)
        .map(({ file, declaration }) => `\`${file}\`${declaration === '' ? '' : ` ${declaration}`}`),
    );
    const names = new Set(
      tests
        .filter(({ id }) => id === row.id)
        .map(({ file, name }) => `${name} (\`${file.replace(/^test\//, '')}\`)`),
    );
    const text = row.versions === '' ? row.sentence : `${row.sentence} *${row.versions}*`;
    const where = row.where === '' ? 'The core.' : row.where;
    const cells = [
      `${row.id}${row.seed ? ' ●' : ''}`,
      text,
      where,
      [...rules].join('<br>'),
      [...names].join('<br>'),
    ];
    return `| ${cells.map(cell).join(' | ')} |`;
  });
  return `<!-- Written by scripts/rules/table.ts from scripts/rules/rows.tsv and the comments and test names of the product. -->
# Rules of runs and queues

What the product's documentation says about who runs what, where, when and in which session; where its versions disagree, what they say
and which setting chooses. Each rule has a name, by which code and tests cite it. ● marks the rules of the oldest documents, which all
have to be kept.

## Eras

The documentation gave some values differently over the years. The product follows one of them as a whole (\`eras\` of
\`src/orchestration/settings.ts\`); where nobody chose, the bold one.

${erasTable()}

## Rules

| Rule | What it says | Where it belongs | Code | Tests |
| --- | --- | --- | --- | --- |
${lines.join('\n')}
`;
}

function erasTable(): string {
  const hours = (ms: number): string =>
    ms < 3_600_000 ? `${ms / 60_000} minutes` : `${ms / 3_600_000} hours`;
  const rows = Object.entries(eras).map(
    ([era, { queueWaitMs, queueLimit, order, runTimeoutSeconds }]) =>
      `| ${eras[era as Era] === defaultSettings ? `**${era}**` : era} | ${hours(queueWaitMs)} | ${Number.isFinite(queueLimit) ? queueLimit : 'none'} | ${order === 'requested' ? 'by request alone' : 'moves, priority, request'} | ${runTimeoutSeconds === undefined ? 'none' : hours(runTimeoutSeconds * 1_000)} |`,
  );
  return [
    '| Era | Longest wait (C1) | Most waiting runs (C2) | Order (Q-3, Q-2) | Run timeout by itself (C8) |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { check: { type: 'boolean' } } });
  const wanted = rulesPage();
  if (values.check !== true) writeFileSync(page, wanted);
  else if (readFileSync(page, 'utf8') !== wanted) {
    console.error('docs/rules.md is not current: run node scripts/rules/table.ts');
    process.exitCode = 1;
  }
}

// What people and build servers get of a run of tests: one line per test while they run, JUnit XML, rows as a table and as lcov.
import { relative, sep } from 'node:path';
import type {
  EndedTest,
  FlowCoverage,
  FromTester,
  TestFailure,
  TestFileReport,
} from '../protocol/testing.ts';
import { counted, type Output, printable, showDuration } from './terminal.ts';

const styles = { bold: 1, dim: 2, red: 31, green: 32 } as const;

/** Writes what happens. `folder`: paths are shown relative to it. */
export class TestDisplay {
  readonly #out: Output;
  readonly #folder: string;

  constructor(out: Output, folder: string) {
    this.#out = out;
    this.#folder = folder;
  }

  message(message: FromTester): void {
    switch (message.kind) {
      case 'file':
        // A filter may leave nothing of a file.
        if (message.tests.length === 0 && message.problem === undefined) return;
        this.#out.write(`\n${this.#style('bold', shown(message.path, this.#folder))}\n`);
        if (message.problem !== undefined) {
          const what = message.tests.length === 0 ? '' : ` ${counted(message.tests.length, 'test')} not run`;
          this.#out.write(`  ${this.#style('red', '✗')}${what}\n${this.#failure(message.problem)}`);
        }
        return;
      case 'ended':
        this.#ended(message);
        return;
      case 'done': {
        const { passed, failed, canceled } = message;
        const parts = [
          ...(failed > 0 ? [this.#style('red', `${failed} failed`)] : []),
          this.#style('green', `${passed} passed`),
          ...(canceled ? ['canceled'] : []),
        ];
        this.#out.write(`\n${parts.join(', ')}\n`);
        return;
      }
      default:
        return;
    }
  }

  #ended({ test, outcome, ms, failure, logs }: EndedTest): void {
    const mark = { passed: '✓', failed: '✗', canceled: '■' }[outcome];
    const look = outcome === 'passed' ? 'green' : outcome === 'failed' ? 'red' : 'dim';
    this.#out.write(
      `  ${this.#style(look, mark)} ${printable(test)} ${this.#style('dim', showDuration(ms))}\n`,
    );
    if (failure === undefined) return;
    this.#out.write(this.#failure(failure));
    for (const { level, message } of logs.slice(-shownLogs)) {
      this.#out.write(`      ${this.#style('dim', `${level}: ${printable(message)}`)}\n`);
    }
  }

  #failure(failure: TestFailure): string {
    return failureLines(failure, this.#folder)
      .map((line) => `      ${printable(line)}\n`)
      .join('');
  }

  #style(style: keyof typeof styles, text: string): string {
    return this.#out.colors ? `\u001b[${styles[style]}m${text}\u001b[0m` : text;
  }
}

/** Messages that are shown of a test that failed: its last ones. */
const shownLogs = 20;

/** `path:line` first, so that terminals make it a link. */
function failureLines(failure: TestFailure, folder: string): string[] {
  const { code, message, nextStep, place, expected, actual, flow } = failure;
  return [
    `${shown(place.path, folder)}:${place.line}: ${code}: ${message}`,
    ...(expected === undefined ? [] : [`expected: ${expected}`]),
    ...(actual === undefined ? [] : [`actual:   ${actual}`]),
    ...(flow === undefined
      ? []
      : [`at ${shown(flow.path, folder)}:${flow.line} (${flow.subflow}, ${flow.action})`]),
    `Next: ${nextStep}`,
  ];
}

/** Relative to `folder`, unless that leads out of it. */
function shown(path: string, folder: string): string {
  const short = relative(folder, path);
  return short === '' || short.startsWith('..') ? path : short;
}

// ── JUnit ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** The result as JUnit XML: one suite per file, one case per test. A file that cannot be run is a case with an error. */
export function junitReport(
  files: readonly TestFileReport[],
  ended: readonly EndedTest[],
  folder: string,
): string {
  const suites = files
    .filter(({ tests, problem }) => tests.length > 0 || problem !== undefined)
    .map((file) => {
      const name = slashed(shown(file.path, folder));
      const cases = ended.filter(({ path }) => path === file.path);
      const element = (test: string, ms: number, inner: string) =>
        `    <testcase name="${xml(test)}" classname="${xml(name)}" file="${xml(name)}" time="${seconds(ms)}"${inner === '' ? '/>' : `>\n${inner}    </testcase>`}\n`;
      const said = (tag: string, failure: TestFailure) =>
        `      <${tag} type="${xml(failure.code)}" message="${xml(failure.message)}">${xml(failureLines(failure, folder).join('\n'))}</${tag}>\n`;
      const text = [
        ...(file.problem === undefined ? [] : [element('(file)', 0, said('error', file.problem))]),
        ...cases.map(({ test, ms, outcome, failure, logs }) =>
          element(
            test,
            ms,
            [
              outcome === 'canceled' ? '      <skipped message="canceled"/>\n' : '',
              failure === undefined ? '' : said('failure', failure),
              logs.length === 0
                ? ''
                : `      <system-out>${xml(logs.map(({ level, message }) => `${level}: ${message}`).join('\n'))}</system-out>\n`,
            ].join(''),
          ),
        ),
      ];
      const failures = cases.filter(({ outcome }) => outcome === 'failed').length;
      const skipped = cases.filter(({ outcome }) => outcome === 'canceled').length;
      const errors = file.problem === undefined ? 0 : 1;
      const ms = cases.reduce((sum, test) => sum + test.ms, 0);
      return {
        tests: cases.length + errors,
        failures,
        errors,
        ms,
        text: `  <testsuite name="${xml(name)}" tests="${cases.length + errors}" failures="${failures}" errors="${errors}" skipped="${skipped}" time="${seconds(ms)}">\n${text.join('')}  </testsuite>\n`,
      };
    });
  const sum = (key: 'tests' | 'failures' | 'errors' | 'ms') =>
    suites.reduce((total, suite) => total + suite[key], 0);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites tests="${sum('tests')}" failures="${sum('failures')}" errors="${sum('errors')}" time="${seconds(sum('ms'))}">\n${suites.map(({ text }) => text).join('')}</testsuites>\n`;
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3);
const slashed = (path: string): string => path.split(sep).join('/');

/** Text for XML 1.0, in content and in attributes: what it has no form for, also as a reference, becomes a replacement character. */
function xml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
    .replace(/[&<>"\t\n\r]/g, (character) => entities[character] ?? `&#${character.charCodeAt(0)};`);
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

// ── Coverage ────────────────────────────────────────────────────────────────────────────────────────────────────

/** Rows executed of all rows, per flow and subflow, with the lines that were not. */
export function coverageTable(flows: readonly FlowCoverage[], folder: string): string {
  const lines: [string, string, string][] = [['', 'rows', 'not executed']];
  const total = { executed: 0, rows: 0 };
  for (const { path, subflows } of flows) {
    const all = subflows.flatMap(({ rows }) => rows);
    total.executed += executedOf(all);
    total.rows += all.length;
    lines.push([shown(path, folder), share(executedOf(all), all.length), '']);
    for (const { name, rows } of subflows) {
      lines.push([`  ${name}`, share(executedOf(rows), rows.length), missedLines(rows)]);
    }
  }
  lines.push(['all', share(total.executed, total.rows), '']);
  const width = (column: 0 | 1) => Math.max(...lines.map((line) => line[column].length));
  return `\n${lines
    .map(([name, rows, missed]) =>
      `${printable(name).padEnd(width(0))}  ${rows.padStart(width(1))}  ${missed}`.trimEnd(),
    )
    .join('\n')}\n`;
}

const executedOf = (rows: readonly { readonly count: number }[]): number =>
  rows.filter(({ count }) => count > 0).length;

const share = (executed: number, rows: number): string =>
  `${executed}/${rows} ${rows === 0 ? '-' : `${Math.floor((executed / rows) * 100)} %`}`;

/** `3-5, 9`: neighbours among the rows are joined. */
function missedLines(rows: readonly { readonly line: number; readonly count: number }[]): string {
  const parts: { from: number; to: number }[] = [];
  let open: { from: number; to: number } | undefined;
  for (const { line, count } of rows) {
    if (count > 0) open = undefined;
    else if (open !== undefined) open.to = line;
    else {
      open = { from: line, to: line };
      parts.push(open);
    }
  }
  return parts.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
}

/** The format that coverage viewers and build servers read. Subflows are its functions. */
export function lcovReport(flows: readonly FlowCoverage[], folder: string): string {
  return flows
    .map(({ path, subflows }) => {
      const rows = subflows.flatMap((subflow) => subflow.rows).sort((a, b) => a.line - b.line);
      // A comma or line break in a name would end its field.
      const named = subflows.map((subflow) => ({ ...subflow, name: subflow.name.replace(/[,\r\n]/g, ' ') }));
      return [
        'TN:',
        `SF:${slashed(shown(path, folder))}`,
        ...named.map(({ line, name }) => `FN:${line},${name}`),
        ...named.map(({ count, name }) => `FNDA:${count},${name}`),
        `FNF:${named.length}`,
        `FNH:${executedOf(named)}`,
        ...rows.map(({ line, count }) => `DA:${line},${count}`),
        `LF:${rows.length}`,
        `LH:${executedOf(rows)}`,
        'end_of_record\n',
      ].join('\n');
    })
    .join('');
}

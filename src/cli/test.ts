// `dflow test`: finds files of tests, runs them in a process of their own, and reports for people, programs and build servers.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ProductError } from '../base/error.ts';
import { writeWhole } from '../files/wholeFile.ts';
import { isTestFile } from '../language/analysis/tests.ts';
import { runTests } from '../launch/tester.ts';
import type { EndedTest, FlowCoverage, FromTester, TestFileReport } from '../protocol/testing.ts';
import { nodePath } from './access.ts';
import { flowPaths } from './flowFile.ts';
import type { Output } from './terminal.ts';
import { coverageTable, junitReport, lcovReport, TestDisplay } from './testReport.ts';
import { exitCode } from './usage.ts';

export interface TestCommand {
  readonly paths: readonly string[];
  readonly filter: string | undefined;
  readonly timeoutSeconds: number;
  readonly json: boolean;
  /** File for the JUnit report. */
  readonly junit: string | undefined;
  /** Report rows; with a text also into this file, in the format of lcov. */
  readonly coverage: boolean | string;
}

/** Returns the exit code. Throws ProductError `NoTestsFound` and what `runTests` throws. */
export async function testFlows(command: TestCommand, out: Output): Promise<number> {
  const files = testFiles(command.paths);
  const abort = new AbortController();
  const interrupted = () => abort.abort();
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  const display = new TestDisplay(out, process.cwd());
  const reports: TestFileReport[] = [];
  const ended: EndedTest[] = [];
  let coverage: readonly FlowCoverage[] | undefined;
  let result: Extract<FromTester, { kind: 'done' }> | undefined;
  try {
    await runTests(
      { nodePath: nodePath(), script: testerScript },
      {
        kind: 'run',
        files: files.map((path) => ({ path })),
        ...(command.filter === undefined ? {} : { filter: command.filter }),
        coverage: command.coverage !== false,
        timeoutSeconds: command.timeoutSeconds,
      },
      (message) => {
        if (message.kind === 'file') reports.push(message);
        if (message.kind === 'ended') ended.push(message);
        if (message.kind === 'coverage') coverage = message.flows;
        if (message.kind === 'done') result = message;
        if (command.json) out.write(`${JSON.stringify(message)}\n`);
        else display.message(message);
      },
      abort.signal,
    );
  } finally {
    process.removeListener('SIGINT', interrupted);
    process.removeListener('SIGTERM', interrupted);
  }
  const { passed = 0, failed = 0, canceled = false } = result ?? {};
  if (coverage !== undefined && !command.json) out.write(coverageTable(coverage, process.cwd()));
  if (typeof command.coverage === 'string')
    write(command.coverage, lcovReport(coverage ?? [], process.cwd()));
  if (command.junit !== undefined) write(command.junit, junitReport(reports, ended, process.cwd()));
  if (canceled) return exitCode.canceled;
  if (passed + failed === 0) {
    throw new ProductError(
      'NoTestsFound',
      `No test has "${command.filter ?? ''}" in its name.`,
      'Correct --filter; dflow test without it runs and names all tests.',
    );
  }
  return failed > 0 ? exitCode.failed : exitCode.ok;
}

/** Absolute paths of the named files, and of the files of tests in the named folders. Throws ProductError. */
function testFiles(paths: readonly string[]): string[] {
  const found = flowPaths(paths.length === 0 ? ['.'] : paths).flatMap(({ path, error }) => {
    if (error !== undefined) throw error;
    // What is named is meant, whatever it is called; in a folder the name decides.
    return paths.includes(path) || isTestFile(path) ? [path] : [];
  });
  for (const path of found) {
    if (!existsSync(path)) {
      throw new ProductError(
        'FlowNotFound',
        `There is no file ${path}.`,
        'Check the path; it is relative to the current folder.',
      );
    }
    if (!isTestFile(path)) {
      throw new ProductError(
        'NoTestsFound',
        `${path} is no file of tests.`,
        'Files of tests are named *.test.robin.',
      );
    }
  }
  if (found.length > 0) return found.map((path) => resolve(path));
  throw new ProductError(
    'NoTestsFound',
    `There are no files of tests in ${paths.length === 0 ? 'this folder' : paths.join(', ')}.`,
    'Write one beside a flow, named like it: Flow.test.robin.',
  );
}

const write = (path: string, text: string) => writeWhole(path, new TextEncoder().encode(text));

/** Beside the bundle; in a checkout that runs from its sources, the source. */
const testerScript =
  typeof __dirname === 'string'
    ? join(__dirname, 'tester.cjs')
    : join(import.meta.dirname, '..', 'testing', 'main.ts');

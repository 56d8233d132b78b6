// A session of tests over files in a folder of its own, and what it reported.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { EndedTest, FromTester, TestRequest } from '../../src/protocol/testing.ts';
import { TestSession } from '../../src/testing/testSession.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

export function filesIn(files: Readonly<Record<string, string>>): { path: (name: string) => string } {
  const folder = mkdtempSync(join(tmpdir(), 'dflow-tests-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return { path: (name) => join(folder, name) };
}

export interface Reported {
  readonly messages: FromTester[];
  readonly ended: EndedTest[];
  /** `passed name`, `failed name: Code: message` (file problems without a name). */
  readonly summary: string[];
  readonly path: (name: string) => string;
  readonly cancel: () => void;
}

/** Runs the tests of `a.test.robin`, or of the files in `more`. */
export async function runTests(
  files: Readonly<Record<string, string>>,
  more: Partial<TestRequest> & {
    readonly started?: (session: TestSession, message: FromTester) => void;
  } = {},
): Promise<Reported> {
  const { path } = filesIn(files);
  const { started, ...request } = more;
  const messages: FromTester[] = [];
  const session: TestSession = new TestSession(
    {
      kind: 'run',
      files: [{ path: path('a.test.robin') }],
      coverage: false,
      timeoutSeconds: 20,
      ...request,
    },
    (message) => {
      // As it will be on the other side.
      messages.push(JSON.parse(JSON.stringify(message)));
      started?.(session, message);
    },
    systemClock,
  );
  await session.run();
  const ended = messages.filter((message) => message.kind === 'ended');
  const summary = messages.flatMap((message) => {
    if (message.kind === 'file' && message.problem)
      return [`${message.problem.place.line}: ${message.problem.code}: ${message.problem.message}`];
    if (message.kind !== 'ended') return [];
    const { outcome, test, failure } = message;
    return [
      `${outcome} ${test}${failure ? ` at ${failure.place.line}: ${failure.code}: ${failure.message}` : ''}`,
    ];
  });
  return { messages, ended, summary, path, cancel: () => session.cancel() };
}

/** A file of tests with one test of these rows; they begin at line 2. */
export const oneTest = (...rows: string[]): string =>
  ["FUNCTION 'it' GLOBAL", ...rows, 'END FUNCTION', ''].join('\n');

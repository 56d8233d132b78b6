// Runs tests of flows in a process of their own, for a shell: starts it, passes on what it reports, and ends it when it hangs.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { systemClock } from '../base/clock.ts';
import { ProductError } from '../base/error.ts';
import { type FromTester, fromTester, type TestRequest, type ToTester } from '../protocol/testing.ts';

export interface TesterStart {
  /** The Node (or an Electron together with `ELECTRON_RUN_AS_NODE` in `env`) that runs the tests. */
  readonly nodePath: string;
  /** `tester.cjs`, or its source. */
  readonly script: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** A test that does not even stop this long after its time is over, or after it was canceled, is ended with its process. */
const patienceMs = 5_000;
/** Last words of the process that are kept for the message. */
const lastWords = 2_000;

/**
 * Runs tests and tells what happens, in the order of the protocol and ending with `done`. `signal` cancels. Throws ProductError
 * `TesterNotStarted` and, when the process ends before its time, `TesterEnded`.
 */
export async function runTests(
  { nodePath, script, env = process.env }: TesterStart,
  request: TestRequest,
  told: (message: FromTester) => void,
  signal: AbortSignal,
): Promise<void> {
  const child = spawn(nodePath, [script], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // A group of its own on POSIX, so that everything the flows started can be ended with it.
    detached: process.platform !== 'win32',
    windowsHide: true,
    env,
  });
  const send = (message: ToTester) => child.stdin.write(`${JSON.stringify(message)}\n`);
  let words = '';
  let done = false;
  let counts = { passed: 0, failed: 0 };
  let underWay: { readonly path: string; readonly test: string } | undefined;
  let hung: string | undefined;
  let patience: { dispose(): void } | undefined;
  const endAfter = (ms: number, why: string) => {
    patience?.dispose();
    patience = systemClock.after(ms, () => {
      hung = why;
      killTree(child.pid);
    });
  };
  const cancel = () => {
    send({ kind: 'cancel' });
    endAfter(patienceMs, 'The test did not stop when it was canceled and was ended with its process.');
  };
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', (error) =>
      reject(
        new ProductError(
          'TesterNotStarted',
          `The tests could not be started: ${nodePath} (${error.message}).`,
          'Check that this program exists and may be run.',
        ),
      ),
    );
    child.once('close', () => resolve());
  });
  // What is written to a process that has just ended is for nobody.
  child.stdin.on('error', () => {});
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-lastWords);
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const message = fromTester.safeParse(json(line));
    if (!message.success) return; // an action that speaks past us; `done` is missing if it was more than that
    const { data } = message;
    if (data.kind === 'started') {
      underWay = data;
      if (!signal.aborted) {
        endAfter(
          data.timeoutSeconds * 1_000 + patienceMs,
          `The test did not end within ${data.timeoutSeconds} seconds, and not when it was stopped.`,
        );
      }
    } else if (data.kind === 'ended') {
      patience?.dispose();
      underWay = undefined;
      if (data.outcome !== 'canceled') {
        counts = { ...counts, [data.outcome]: counts[data.outcome] + 1 };
      }
    } else if (data.kind === 'done') done = true;
    told(data);
  });
  signal.addEventListener('abort', cancel, { once: true });
  const endWithUs = () => killTree(child.pid);
  process.once('exit', endWithUs);
  try {
    send(request);
    if (signal.aborted) cancel();
    await ended;
  } finally {
    patience?.dispose();
    signal.removeEventListener('abort', cancel);
    process.removeListener('exit', endWithUs);
  }
  if (done) return;
  if (hung !== undefined && underWay !== undefined) {
    told(endedByForce(underWay, hung, signal.aborted));
    told({
      kind: 'done',
      passed: counts.passed,
      failed: counts.failed + (signal.aborted ? 0 : 1),
      canceled: signal.aborted,
    });
    return;
  }
  throw new ProductError(
    'TesterEnded',
    `The process that runs the tests ended before its time.${words.trim() === '' ? '' : ` It said: ${words.trim()}`}`,
    'Run the tests again. If it happens again, run them one by one to find the test that ends it.',
  );
}

function endedByForce(
  { path, test }: { readonly path: string; readonly test: string },
  message: string,
  canceled: boolean,
): FromTester {
  const nextStep =
    'Something in it keeps the whole process busy, such as a regular expression. Tests behind it did not run.';
  return {
    kind: 'ended',
    path,
    test,
    outcome: canceled ? 'canceled' : 'failed',
    ms: 0,
    logs: [],
    ...(!canceled && {
      failure: { code: 'TestTimedOut', message, nextStep, place: { path, line: 1 } },
    }),
  };
}

function json(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function killTree(pid: number | undefined): void {
  if (pid === undefined) return;
  if (process.platform === 'win32') {
    spawn('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true }).once(
      'error',
      () => {},
    );
    return;
  }
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

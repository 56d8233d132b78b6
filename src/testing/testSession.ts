// Runs the tests of some files one after the other and reports what becomes of each. Knows no process and no shell: see main.ts.
import { dirname } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { asProductError, type CodedError, ProductError } from '../base/error.ts';
import { LineIndex } from '../base/text.ts';
import { FlowModel } from '../language/analysis/model.ts';
import { noSurroundings } from '../language/analysis/surroundings.ts';
import { type FlowTest, testsOf } from '../language/analysis/tests.ts';
import { check } from '../language/checks/check.ts';
import { isBlocking } from '../language/diagnostics.ts';
import { parse } from '../language/syntax/parser.ts';
import type {
  EndedTest,
  FromTester,
  TestFailure as ReportedFailure,
  TestRequest,
} from '../protocol/testing.ts';
import { ActionError } from '../runtime/action.ts';
import { actionTable } from '../runtime/actions/index.ts';
import { createRun, type FlowRun, type Outcome } from '../runtime/run.ts';
import { Coverage } from './coverage.ts';
import { FlowFiles, type LoadedFlow } from './flowFiles.ts';
import { TestFailure } from './testFailure.ts';
import { TestWorld } from './testWorld.ts';
import { vocabulary } from './vocabulary.ts';

export class TestSession {
  readonly #request: TestRequest;
  readonly #send: (message: FromTester) => void;
  readonly #clock: Clock;
  readonly #files = new FlowFiles();
  readonly #coverage: Coverage | undefined;
  #canceled = false;
  #stop: (() => void) | undefined;

  constructor(request: TestRequest, send: (message: FromTester) => void, clock: Clock) {
    this.#request = request;
    this.#send = send;
    this.#clock = clock;
    this.#coverage = request.coverage ? new Coverage() : undefined;
  }

  /** Stops the test that is under way and starts no other. */
  cancel(): void {
    this.#canceled = true;
    this.#stop?.();
  }

  /** Resolves when everything is reported. */
  async run(): Promise<void> {
    const files = this.#request.files.map((wanted) => this.#load(wanted));
    let passed = 0;
    let failed = 0;
    for (const { path, tests, file, problem } of files) {
      this.#send({
        kind: 'file',
        path,
        tests: tests.map(({ name, line }) => ({ name, line: line + 1 })),
        ...(problem && { problem }),
      });
      if (problem !== undefined) failed++;
      if (problem !== undefined || file === undefined) continue;
      for (const test of tests) {
        if (this.#canceled) break;
        const ended = await this.#test(file, test);
        if (ended.outcome === 'passed') passed++;
        if (ended.outcome === 'failed') failed++;
        this.#send(ended);
      }
    }
    if (this.#coverage !== undefined) this.#send({ kind: 'coverage', flows: this.#coverage.report() });
    this.#send({ kind: 'done', passed, failed, canceled: this.#canceled });
  }

  #load({ path, tests: names }: TestRequest['files'][number]): {
    readonly path: string;
    readonly tests: readonly FlowTest[];
    readonly file?: LoadedFlow;
    readonly problem?: ReportedFailure;
  } {
    try {
      const file = this.#files.read(path);
      const all = testsOf(file.file);
      const problem = problemOf(file, all);
      if (problem !== undefined) return { path, tests: all.filter(this.#isWanted(names)), problem };
      const unknown = names?.find((name) => !all.some((test) => isName(test.name, name)));
      if (unknown !== undefined) {
        throw new ProductError(
          'TestNotFound',
          `There is no test "${unknown}" in ${path}.`,
          'It may have been renamed or removed: save the file and run its tests again.',
        );
      }
      return { path, file, tests: all.filter(this.#isWanted(names)) };
    } catch (error) {
      return { path, tests: [], problem: reported(asProductError(error), { path, line: 1 }) };
    }
  }

  #isWanted(names: readonly string[] | undefined): (test: FlowTest) => boolean {
    const filter = this.#request.filter?.toLowerCase() ?? '';
    return ({ name }) =>
      name.toLowerCase().includes(filter) &&
      (names === undefined || names.some((each) => isName(each, name)));
  }

  async #test({ path, name, file }: LoadedFlow, test: FlowTest): Promise<EndedTest> {
    const started = this.#clock.monotonic();
    let timeout = this.#request.timeoutSeconds;
    let timedOut = false;
    let timer: { dispose(): void } | undefined;
    // The text of the file is that of the tests: with one call of the test at its end, Main is set-up and test in one.
    const called = parse(`${file.text}\nCALL '${test.name.replace(/['\\]/g, '\\$&')}'`);
    let run: FlowRun | undefined;
    const arm = (seconds: number) => {
      timeout = seconds;
      timer?.dispose();
      timer = this.#clock.after(seconds * 1_000 - (this.#clock.monotonic() - started), () => {
        timedOut = true;
        run?.stop('The test took too long.');
      });
      this.#send({ kind: 'started', path, test: test.name, timeoutSeconds: seconds });
    };
    const world = new TestWorld({
      file: called,
      files: this.#files,
      coverage: this.#coverage,
      clock: this.#clock,
      position: () => run?.position()?.line ?? test.line + 1,
      setTimeout: arm,
    });
    arm(timeout);
    const logs: EndedTest['logs'] = [];
    let outcome: Outcome;
    try {
      run = createRun({
        flow: called,
        name,
        folder: dirname(path),
        inputs: {},
        host: {
          clock: this.#clock,
          ask: () =>
            Promise.reject(
              new ActionError(
                'TestQuestionAsked',
                'The test asks a person. Nobody answers in a test.',
                'Take the action out of the test.',
              ),
            ),
          log: (level, message) => logs.push({ level, message }),
        },
        observer: { actionEnded: () => {} },
        actions: new Map([...actionTable, ...vocabulary(world)]),
      });
      this.#stop = () => run?.stop('The tests were stopped.');
      if (this.#canceled) this.#stop();
      outcome = await run.start();
    } finally {
      this.#stop = undefined;
      timer?.dispose();
    }
    const ended: Omit<EndedTest, 'outcome'> = {
      kind: 'ended',
      path,
      test: test.name,
      ms: this.#clock.monotonic() - started,
      logs: [...world.flowLogs, ...logs],
    };
    const masked = (text: string) => run.redact(text);
    if (timedOut) {
      const late = new ProductError(
        'TestTimedOut',
        `The test did not end within ${timeout} second${timeout === 1 ? '' : 's'}.`,
        'Give it more time with Test.SetTimeout, or let waiting take no time with Test.UseFakeClock.',
      );
      return { ...ended, outcome: 'failed', failure: reported(late, { path, line: test.line + 1 }) };
    }
    if (world.failure === undefined && outcome.outcome === 'Canceled')
      return { ...ended, outcome: 'canceled' };
    const failure =
      world.failure !== undefined
        ? placed(world.failure.error, path, world.failure.line)
        : outcome.error && reported(outcome.error, { path, line: outcome.error.line || test.line + 1 });
    if (failure === undefined) return { ...ended, outcome: 'passed' };
    return { ...ended, outcome: 'failed', failure: maskedFailure(failure, masked) };
  }
}

const isName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** What keeps all tests of a file from running. */
function problemOf({ path, file }: LoadedFlow, tests: readonly FlowTest[]): ReportedFailure | undefined {
  const model = new FlowModel(file, { ...noSurroundings, isTest: true });
  const first = check(model, { blockingOnly: true }).find(isBlocking);
  if (first !== undefined) {
    const line = new LineIndex(file.text).lineOf(first.start) + 1;
    return {
      code: 'TestFileHasErrors',
      message: `${first.message} (${first.code})`,
      nextStep: 'Correct this line: until then none of the tests in this file can run.',
      place: { path, line },
    };
  }
  if (tests.length > 0) return undefined;
  return {
    code: 'TestFileEmpty',
    message: 'There is no test in this file.',
    nextStep: 'Each FUNCTION name GLOBAL … END FUNCTION in it is one test.',
    place: { path, line: 1 },
  };
}

function reported(
  { code, message, nextStep }: Pick<CodedError, 'code' | 'message' | 'nextStep'>,
  place: ReportedFailure['place'],
): ReportedFailure {
  return { code, message, nextStep, place };
}

const placed = (error: ActionError, path: string, line: number): ReportedFailure => ({
  ...reported(error, { path, line }),
  ...(error instanceof TestFailure ? error.details : {}),
});

function maskedFailure(failure: ReportedFailure, masked: (text: string) => string): ReportedFailure {
  const { message, nextStep, expected, actual } = failure;
  return {
    ...failure,
    message: masked(message),
    nextStep: masked(nextStep),
    ...(expected !== undefined && { expected: masked(expected) }),
    ...(actual !== undefined && { actual: masked(actual) }),
  };
}

// One run inside its worker: starts the interpreter, reports in frames, asks people through the agent, ends with one result.
// Knows no process: the channel is given (see main.ts). Masks nothing: what the interpreter reports is redacted already.
// Memory stays bounded however fast and long the flow runs.
import { dirname, isAbsolute, resolve } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { asProductError } from '../../base/error.ts';
import { DebugSession } from '../../debug/session.ts';
import { type BundledFlow, bundle } from '../../files/companions.ts';
import { repositoryLookup } from '../../interchange/repository.ts';
import { parse } from '../../language/syntax/parser.ts';
import {
  type ActionRecord,
  type Answer,
  keepsAction,
  keepsMessage,
  type RunError,
  type RunLogging,
  type WireValue,
} from '../../protocol/run.ts';
import type { FromWorker, ToWorker } from '../../protocol/worker.ts';
import type { RunnableFlow } from '../../runtime/flowTree.ts';
import type { HostAnswer, HostQuestion, RunPlace } from '../../runtime/host.ts';
import { createRun, type FlowRun, type Outcome } from '../../runtime/run.ts';
import { LinkedWorkQueues } from './linkedWorkQueues.ts';
import { NoPicture, type TakePicture } from './screen.ts';
import type { System } from './system.ts';

/** Limits of one frame. What does not fit is counted, not kept. */
const frameActions = 200;
/** Of a log that waited for the end of its run, so many actions leave at once. */
const sentActions = 1_000;
/** A frame leaves early with this many messages: a message of the flow is data, and does not wait or get lost. */
const frameLogs = 500;
/** Messages kept of one run; warnings and errors go on up to twice as many. Beyond, their number is told. */
const runLogs = 100_000;
/** Actions kept of one run; the status of lines goes on beyond it. */
const runActions = 100_000;
const messageCharacters = 4_000;
/** How long a run that was started for a debugger waits for its first message. */
const debuggerMs = 60_000;
/** A debugger that looks at a condition or writes a message stops the flow for less than this. */
const haltMs = 20;

type Frame = Extract<FromWorker, { kind: 'frame' }>;
type Start = Extract<ToWorker, { kind: 'start' }>;

interface OpenQuestion {
  answered(answer: Answer): void;
}

export class WorkerRun {
  readonly #send: (message: FromWorker) => Promise<void>;
  readonly #clock: Clock;
  readonly #takePicture: TakePicture;
  readonly #questions = new Map<string, OpenQuestion>();
  readonly #system: System;
  /** Shows a question in this session; undefined where others ask, or it cannot be done. */
  #showQuestion: System['ask'];
  #fence = 0;
  #run: FlowRun | undefined;
  #stopped = false;
  #questionCount = 0;
  #actions: ActionRecord[] = [];
  #omittedActions = 0;
  #keptActions = 0;
  #logs: Frame['logs'] = [];
  #keptLogs = 0;
  #omittedLogs = 0;
  #startedAt = 0;
  #finished = false;
  #flow: Start['flow'] | undefined;
  #logging: RunLogging = {};
  /** Its log waits for how it ends. */
  #holdsLog = false;
  #screenshot: RunError['screenshot'];
  #session: DebugSession | undefined;
  /** Messages of a debugger that was faster than the run. */
  readonly #early: unknown[] = [];
  /** Lets the run begin that waits for its debugger. */
  #begin: (() => void) | undefined;
  #awaited: Disposable | undefined;
  #halts = 0;
  #toldHalted = false;
  #haltTimer: Disposable | undefined;
  readonly #workQueues = new LinkedWorkQueues(
    (message) => void this.#send({ ...message, fence: this.#fence }),
  );

  /** `send` resolves when the message has left the process. */
  constructor(
    send: (message: FromWorker) => Promise<void>,
    clock: Clock,
    takePicture: TakePicture,
    system: System = {},
  ) {
    this.#send = send;
    this.#system = system;
    this.#clock = clock;
    this.#takePicture = takePicture;
  }

  /** Takes a message of the agent. Resolves, for `start`, when the run has ended and its result has left. */
  async receive(message: ToWorker): Promise<void> {
    switch (message.kind) {
      case 'start':
        return this.#start(message);
      case 'stop':
        this.#stopped = true;
        this.#run?.stop('The run was stopped.');
        this.#begin?.();
        return;
      case 'pause':
        this.#run?.pause();
        return;
      case 'resume':
        this.#run?.resume();
        return;
      case 'safeStop':
        this.#run?.requestSafeStop();
        return;
      case 'answer':
        this.#questions.get(message.questionId)?.answered(message.answer);
        return;
      case 'workQueues':
        this.#workQueues.answered(message);
        return;
      case 'debug':
        this.#debug(message.message);
        return;
    }
  }

  /** Ends the run as failed by a fault of ours. Resolves when that has left. */
  async fail(error: unknown): Promise<void> {
    const { code, message, nextStep } = asProductError(error);
    const shown = this.#run?.redact(message) ?? message; // before there is a run, no error quotes a value
    await this.#finish({ outcome: 'Failed', outputs: {}, error: { code, message: shown, nextStep } });
  }

  /** Stops the flow without telling anybody: there is nobody left to tell. */
  abandon(): void {
    this.#finished = true;
    this.#run?.stop('The agent has ended.');
    this.#begin?.();
  }

  async #start({ fence, flow, inputs, logging, debug, showsQuestions }: Start): Promise<void> {
    const { ask, ...system } = this.#system;
    if (showsQuestions) this.#showQuestion = ask;
    this.#fence = fence;
    this.#logging = logging;
    this.#holdsLog = logging.keep === 'onFailure';
    const files = bundle(flow.name, parse(flow.text), flow.companions);
    const folder = isAbsolute(flow.path) ? dirname(flow.path) : process.cwd();
    const called = new Map(files.called.map((each) => [each, runnable(each, folder)]));
    const run = createRun({
      flow: files.root.file,
      name: flow.name,
      folder,
      path: flow.path,
      jumps: debug,
      inputs,
      repositories: repositoryLookup(files.root.elements, files.root.images),
      flows: (id) => {
        const found = files.flow(id);
        return found && called.get(found);
      },
      host: {
        clock: this.#clock,
        ask: (question, signal) => this.#ask(question, signal),
        log: (level, text, place) => this.#log(level, text, place),
      },
      observer: {
        actionEnded: (record) => this.#actionEnded(record),
        halted: (isHalted) => this.#halted(isHalted),
      },
      workQueues: this.#workQueues,
      ...system,
      failed: () => this.#showDesktop(run),
    });
    this.#run = run;
    this.#flow = flow;
    const begun = debug ? this.#debuggerSaysSo() : undefined;
    await this.#send({ kind: 'started', fence });
    for (const message of this.#early.splice(0)) this.#debug(message);
    await begun;
    if (this.#stopped) return this.#finish({ outcome: 'Canceled', outputs: {} });
    this.#startedAt = this.#clock.monotonic();
    const timers = new DisposableStore();
    this.#report(timers);
    let outcome: Outcome;
    try {
      outcome = await run.start();
    } finally {
      timers.dispose();
    }
    await this.#finish(outcome);
  }

  // ── debugger ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Resolves when the debugger lets the run begin. One that never comes, for which this run was started, ends it. */
  #debuggerSaysSo(): Promise<void> {
    return new Promise((resolve) => {
      const late = this.#clock.after(debuggerMs, () => {
        this.#run?.stop(`No debugger came within ${debuggerMs / 1_000} seconds.`);
        this.#begin?.();
      });
      this.#awaited = late;
      this.#begin = () => {
        this.#begin = undefined;
        late.dispose();
        resolve();
      };
    });
  }

  #debug(message: unknown): void {
    const [run, flow] = [this.#run, this.#flow];
    if (run === undefined || flow === undefined) {
      this.#early.push(message);
      return;
    }
    if (this.#finished) return;
    this.#awaited?.dispose();
    if (message === null) {
      this.#session?.close();
      return;
    }
    if (this.#session === undefined || this.#session.isClosed) {
      this.#session = new DebugSession({
        debugger: run.debugger,
        clock: this.#clock,
        flow,
        send: (said) => void this.#send({ kind: 'debug', fence: this.#fence, message: said }),
        begin: this.#begin,
        stop: (reason) => run.stop(reason),
      });
    }
    this.#session.receive(message);
  }

  // ── standing still ────────────────────────────────────────────────────────────────────────────────────────────

  /** Of several flows of a run that stand still, the first to stop and the last to go on are told; short halts are not. */
  #halted(isHalted: boolean): void {
    this.#halts += isHalted ? 1 : -1;
    if (this.#halts === 1 && isHalted) {
      this.#haltTimer = this.#clock.after(haltMs, () => {
        const frame = this.#finished ? undefined : this.#frame();
        if (frame) void this.#send(frame);
        this.#tellHalted(true);
      });
    } else if (this.#halts === 0) {
      this.#haltTimer?.dispose();
      if (this.#toldHalted) this.#tellHalted(false);
    }
  }

  #tellHalted(isHalted: boolean): void {
    if (this.#finished) return;
    this.#toldHalted = isHalted;
    void this.#send({ kind: 'halted', fence: this.#fence, isHalted });
  }

  // ── frames ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Sends a frame, waits until it has left, then until the next is due: a slow agent makes frames rarer, never a longer queue. */
  #report(timers: DisposableStore): void {
    // One percent of the time that the run has taken: prompt for short runs, and a run of a day does not fill the disk.
    const interval = Math.min(1_000, Math.max(50, (this.#clock.monotonic() - this.#startedAt) / 100));
    timers.add(
      this.#clock.after(interval, () => {
        if (this.#finished) return;
        const frame = this.#frame();
        void (frame ? this.#send(frame) : Promise.resolve()).then(() => this.#report(timers));
      }),
    );
  }

  /** What happened since the last frame; undefined when nothing did. */
  #frame(): Frame | undefined {
    const run = this.#run as FlowRun;
    const lines = run.changedLines().map((line) => shortened({ ...line, ms: rounded(line.ms) }));
    const position = run.position();
    if (this.#holdsLog)
      return lines.length === 0
        ? undefined
        : {
            kind: 'frame',
            fence: this.#fence,
            ...(position && { position }),
            lines,
            actions: [],
            omitted: 0,
            logs: [],
          };
    const actions = this.#actions.splice(0, sentActions);
    const omitted = this.#omittedActions;
    const until = this.#actions.length > 0 ? (actions.at(-1)?.at ?? 0) : Number.POSITIVE_INFINITY;
    const later = this.#logs.findIndex(({ at }) => at > until);
    const logs = this.#logs.splice(0, later === -1 ? this.#logs.length : later);
    if (this.#omittedLogs > 0) {
      logs.push({
        at: this.#clock.now(),
        level: 'warning',
        message: `${this.#omittedLogs} more messages were left out: a run keeps ${runLogs}.`,
        line: position?.line ?? 0,
        subflow: position?.subflow ?? '',
        ...(position?.flow !== undefined && { flow: position.flow }),
      });
    }
    if (lines.length === 0 && actions.length === 0 && omitted === 0 && logs.length === 0) return undefined;
    this.#omittedActions = 0;
    this.#omittedLogs = 0;
    return {
      kind: 'frame',
      fence: this.#fence,
      ...(position && { position }),
      lines,
      actions,
      omitted,
      logs,
    };
  }

  #actionEnded(record: ActionRecord): void {
    const { level = 'full', keep } = this.#logging;
    if (keep === 'never' || !keepsAction(level, record)) return;
    if (
      this.#actions.length >= (this.#holdsLog ? runActions : frameActions) ||
      this.#keptActions >= runActions
    ) {
      this.#omittedActions++;
      return;
    }
    this.#keptActions++;
    this.#actions.push(shortened({ ...record, at: Math.round(record.at), ms: rounded(record.ms) }));
  }

  #log(level: 'info' | 'warning' | 'error', text: string, place: RunPlace | undefined): void {
    const { level: least = 'full', keep } = this.#logging;
    if (keep === 'never' || !keepsMessage(least, level)) return;
    if (this.#keptLogs >= (level === 'info' ? runLogs : 2 * runLogs)) {
      this.#omittedLogs++;
      return;
    }
    this.#keptLogs++;
    this.#logs.push({
      at: this.#clock.now(),
      level,
      message: shortText(text),
      line: place?.line ?? 0,
      subflow: place?.subflow ?? '',
      ...(place?.flow !== undefined && { flow: place.flow }),
    });
    if (this.#logs.length >= frameLogs && !this.#holdsLog) {
      const frame = this.#frame();
      if (frame) void this.#send(frame);
    }
  }

  // ── the desktop ───────────────────────────────────────────────────────────────────────────────────────────────

  /** Rule RUN-4. A run that knows a secret shows nothing: nobody can tell what of it is on the screen. */
  async #showDesktop(run: FlowRun): Promise<void> {
    if (this.#logging.screenshot === false) return;
    if (run.hasSecrets) {
      this.#screenshot = { none: 'the flow knows sensitive values, which a picture could show' };
      return;
    }
    try {
      const { width, height, png } = await this.#takePicture();
      this.#screenshot = { width, height };
      const picture = Buffer.from(png).toString('base64');
      await this.#send({ kind: 'screenshot', fence: this.#fence, width, height, png: picture });
    } catch (error) {
      // The flow failed as it did, with or without a picture.
      this.#screenshot = { none: error instanceof NoPicture ? error.message : 'it could not be taken' };
    }
  }

  // ── people ────────────────────────────────────────────────────────────────────────────────────────────────────

  #ask(question: HostQuestion, signal: AbortSignal): Promise<HostAnswer> {
    const id = `q${++this.#questionCount}`;
    return new Promise((resolve, reject) => {
      const waiting: Disposable[] = [];
      const close = (withdrawn: boolean) => {
        for (const item of waiting) item.dispose();
        this.#questions.delete(id);
        if (withdrawn) void this.#send({ kind: 'withdrawn', fence: this.#fence, questionId: id });
      };
      const aborted = () => {
        close(true);
        reject(signal.reason);
      };
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      signal.addEventListener('abort', aborted);
      waiting.push({ dispose: () => signal.removeEventListener('abort', aborted) });
      const shown = new AbortController();
      waiting.push({ dispose: () => shown.abort() });
      if (question.timeoutSeconds) {
        waiting.push(
          this.#clock.after(question.timeoutSeconds * 1_000, () => {
            close(true);
            resolve({ button: question.preset ?? question.options?.[0] ?? 'OK', values: [] });
          }),
        );
      }
      this.#questions.set(id, {
        answered: (answer) => {
          close(false);
          resolve(answer);
        },
      });
      const frame = this.#frame(); // so that people see where the flow is when it asks
      if (frame) void this.#send(frame);
      void this.#send({
        kind: 'question',
        fence: this.#fence,
        question: {
          ...question,
          ...(this.#showQuestion && { isShown: true }),
          id,
          title: shortText(question.title),
          message: shortText(question.message),
        } as Extract<FromWorker, { kind: 'question' }>['question'],
      });
      // Whoever answers first is heard: the window, or a terminal.
      this.#showQuestion?.(question, shown.signal).then(
        (answer) => {
          if (shown.signal.aborted) return;
          close(true);
          resolve(answer);
        },
        (error: unknown) => {
          if (!shown.signal.aborted)
            this.#log(
              'warning',
              `A question could not be shown: ${asProductError(error).message}`,
              undefined,
            );
        },
      );
    });
  }

  // ── end ───────────────────────────────────────────────────────────────────────────────────────────────────────

  async #finish({
    outcome,
    outputs,
    error,
  }: Pick<Outcome, 'outcome' | 'outputs'> & { error?: RunError }): Promise<void> {
    if (this.#finished) return;
    this.#finished = true;
    this.#session?.ended(
      outcome === 'Succeeded',
      error &&
        `${error.line ? `Line ${error.line} of ${error.subflow}: ` : ''}${error.code}: ${shortText(error.message)}`,
    );
    if (outcome !== 'Succeeded') this.#holdsLog = false;
    for (let frame = this.#run && this.#frame(); frame; frame = this.#frame()) await this.#send(frame);
    await this.#send({
      kind: 'finished',
      fence: this.#fence,
      outcome,
      outputs: outputs as Record<string, WireValue>,
      ...(error && {
        error: placed({
          ...error,
          message: shortText(error.message),
          ...(this.#screenshot && { screenshot: this.#screenshot }),
        }),
      }),
    });
  }
}

/** Before its first statement a run has no place. */
const placed = ({ line, subflow, action, ...error }: RunError): RunError =>
  line === 0 ? error : { ...error, line, subflow, action };

/** A flow that the run's flow runs. `folder` is that of the run's flow. */
function runnable({ name, path, file, elements, images }: BundledFlow, folder: string): RunnableFlow {
  return {
    name,
    folder: dirname(resolve(folder, path)),
    file,
    repositories: repositoryLookup(elements, images),
  };
}

function shortened<
  T extends { readonly error?: { readonly code: string; readonly message: string } | undefined },
>(item: T): T {
  return item.error
    ? { ...item, error: { code: item.error.code, message: shortText(item.error.message) } }
    : item;
}

const shortText = (text: string): string =>
  text.length > messageCharacters ? `${text.slice(0, messageCharacters)}…` : text;

const rounded = (ms: number): number => Math.round(ms * 1_000) / 1_000;

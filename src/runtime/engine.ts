// Carries out one compiled flow: everything generated code asks for while it runs (the object it knows as `rt`), and the
// control over it from outside: stop, pause, position, counters, records. What a statement means is decided in compile.ts.
import type { Redactor } from '../base/redact.ts';
import { canonicalId, findAction } from '../language/catalog/catalog.ts';
import { type ActionContext, type ActionDefinition, ActionError, type ActionResult } from './action.ts';
import { ArgumentShape, CallArguments } from './arguments.ts';
import type { CompiledFlow, FlowProgram, Site } from './compile.ts';
import { eachText, toBoolean, toDatetime, toNumber, toText } from './convert.ts';
import { CustomError, LogicError } from './errors.ts';
import type { Host, HostQuestion, LineSnapshot, RunObserver } from './host.ts';
import * as operations from './operations.ts';
import { ErrorValue, type Value } from './values.ts';

/**
 * Plain statements are measured in windows of this many hooks: at the start, in the first rounds of a loop, after a measured
 * action, after each turn of the event loop. Outside of them a hook costs a count and one comparison; durations are extrapolated.
 */
const windowHooks = 256;
/** Executions of an action that are all measured. */
const measuredExecutions = 256;
/** The event loop gets its turn after this many milliseconds. */
const turnMs = 8;
/** And after this many thousand back edges, should the clock stand still. */
const turnCount = 256;
/** How often WAIT asks its condition, in seconds. */
const pollSeconds = 0.1;
/** Subflow calls and loops that may be open at the same time. */
const maxDepth = 1000;
// setTimeout counts in 32 bits; a longer wait is made of several.
const longestTimer = 2 ** 30;

/** The run was stopped from outside. Passes through all error handling. */
export class Canceled extends Error {}

/** The flow ended itself with EXIT. Passes through all error handling. */
export class Exit extends Error {
  readonly code: number;
  /** Given when the flow ended itself as failed. */
  readonly text: string | undefined;
  constructor(code: number, text: string | undefined) {
    super('EXIT');
    this.code = code;
    this.text = text;
  }
}

/** Leaves a block from deeper inside, after one of its handlers said how. */
class Leave extends Error {
  readonly block: number;
  readonly outcome: number;
  constructor(block: number, outcome: number) {
    super('leave block');
    this.block = block;
    this.outcome = outcome;
  }
}

/** An error on its way up: what happened and where, and which open calls and loops it has already ended. */
export class Failure extends Error {
  readonly code: string;
  readonly nextStep: string;
  readonly site: number;
  readonly isLogic: boolean;
  readonly isCustom: boolean;
  readonly ms: number;
  /** Calls and loops that ended by this failure. */
  readonly ended: { readonly site: number; readonly ms: number }[] = [];
  /** The block whose handlers have let it pass. */
  passedBy: number | undefined;
  constructor(
    code: string,
    message: string,
    nextStep: string,
    site: number,
    kind: 'logic' | 'action' | 'custom',
    ms: number,
    cause: unknown,
  ) {
    super(message, { cause });
    this.code = code;
    this.nextStep = nextStep;
    this.site = site;
    this.isLogic = kind === 'logic';
    this.isCustom = kind === 'custom';
    this.ms = ms;
  }
}

const lineStates = ['ok', 'failed', 'handled'] as const;

interface CallTarget {
  readonly definition: ActionDefinition | undefined;
  readonly shape: ArgumentShape;
  readonly site: number;
  readonly id: string;
  readonly reported: boolean;
}

export interface EngineOptions {
  readonly compiled: CompiledFlow;
  readonly actions: ReadonlyMap<string, ActionDefinition>;
  readonly folder: string;
  readonly host: Host;
  readonly observer: RunObserver;
  readonly redactor: Redactor;
}

export class Engine {
  readonly #sites: readonly Site[];
  readonly #slots: readonly string[];
  readonly #targets: readonly CallTarget[];
  readonly #host: Host;
  readonly #observer: RunObserver;
  readonly #redactor: Redactor;
  readonly #folder: string;
  readonly #context: ActionContext;
  readonly #abort = new AbortController();
  readonly program: FlowProgram;

  // Shared with generated code. control: [1 when hooks must call `enter`, position, back edges].
  readonly #control = new Int32Array([1, -1, 0]);
  readonly #counts: Float64Array;

  readonly #ms: Float64Array;
  readonly #samples: Float64Array;
  readonly #states: Uint8Array;
  readonly #errors = new Map<number, { readonly code: string; readonly message: string }>();
  // What `changedLines` told last.
  readonly #toldCounts: Float64Array;
  readonly #toldStates: Int8Array;

  /** Open calls, waits and loops, outermost first. */
  readonly #open: number[] = [];
  readonly #openSince: number[] = [];
  /** Hooks left in the current window. */
  #window = windowHooks;
  /** The plain statement that is being measured, or -1. */
  #stamped = -1;
  #stampedAt = 0;
  #lastTurn = 0;
  #turns = 0;
  #callStart = 0;
  #callMeasured = false;
  #inAction = false;
  #ended = false;
  #canceled: string | undefined;
  #resume: { readonly promise: Promise<void>; readonly open: () => void } | undefined;
  #lastError: Failure | undefined;
  /** Wall clock minus monotonic clock, so that one reading gives both. */
  readonly #wallOffset: number;
  #now: number;

  constructor(options: EngineOptions) {
    const { compiled, host, redactor } = options;
    this.#sites = compiled.sites;
    this.#slots = compiled.slots;
    this.#host = host;
    this.#observer = options.observer;
    this.#redactor = redactor;
    this.#folder = options.folder;
    this.#now = host.clock.monotonic();
    this.#lastTurn = this.#now;
    this.#wallOffset = host.clock.now() - this.#now;
    const count = compiled.sites.length;
    this.#counts = new Float64Array(count);
    this.#ms = new Float64Array(count);
    this.#samples = new Float64Array(count);
    this.#states = new Uint8Array(count);
    this.#toldCounts = new Float64Array(count);
    this.#toldStates = new Int8Array(count).fill(-1);
    this.#context = {
      host: redactingHost(host, redactor),
      signal: this.#abort.signal,
      folder: options.folder,
      addSecret: (text) => redactor.addGiven(text),
    };
    this.#targets = compiled.calls.map((call) => {
      const id = canonicalId(call.id) ?? call.id;
      return {
        definition: options.actions.get(id.toLowerCase()),
        shape: new ArgumentShape(id, findAction(call.id)?.definition, call.names, call.dynamic),
        site: call.site,
        id,
        reported: call.reported,
      };
    });
    const create = new Function('rt', 'k', 'c', 's', compiled.source) as (
      rt: Engine,
      k: Int32Array,
      c: Float64Array,
      s: readonly unknown[],
    ) => FlowProgram;
    this.program = create(this, this.#control, this.#counts, compiled.constants);
  }

  // ── Control from outside ──────────────────────────────────────────────────────────────────────────────────────

  /** Takes effect at the next statement, wait or turn of the event loop. */
  stop(reason: string): void {
    if (this.#canceled !== undefined || this.#ended) return;
    this.#canceled = reason;
    this.#control[0] = 1;
    this.#abort.abort(new Canceled(reason));
    this.resume();
  }

  pause(): void {
    if (this.#resume !== undefined || this.#canceled !== undefined || this.#ended) return;
    let open: () => void = () => {};
    const promise = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.#resume = { promise, open };
    this.#control[0] = 1;
  }

  resume(): void {
    if (this.#resume === undefined) return;
    const { open } = this.#resume;
    this.#resume = undefined;
    open();
  }

  /** Why the run was stopped, if it was. */
  get canceled(): string | undefined {
    return this.#canceled;
  }

  /** Where the run is, or where it ended. Undefined before the first statement. */
  position(): { readonly subflow: string; readonly line: number; readonly action: string } | undefined {
    const site = this.#sites[this.#control[1] as number];
    return site && { subflow: site.subflow, line: site.line, action: site.action };
  }

  /** Lines whose status changed since the last call. */
  changedLines(): LineSnapshot[] {
    const running = new Set(this.#ended ? [] : [...this.#open, this.#control[1] as number]);
    const changed: LineSnapshot[] = [];
    for (let i = 0; i < this.#sites.length; i++) {
      const count = this.#counts[i] as number;
      if (count === 0) continue;
      const state = running.has(i) ? 3 : (this.#states[i] as number);
      if (count === this.#toldCounts[i] && state === this.#toldStates[i]) continue;
      this.#toldCounts[i] = count;
      this.#toldStates[i] = state;
      const site = this.#sites[i] as Site;
      const error = this.#errors.get(i);
      changed.push({
        line: site.line,
        subflow: site.subflow,
        state: lineStates[state as 0 | 1 | 2] ?? 'running',
        count,
        ms: this.#estimate(i),
        ...(error === undefined || state === 0 ? {} : { error }),
      });
    }
    return changed;
  }

  /** The run is over: reports a failure that nobody handled, with its place. */
  end(failure: Failure | undefined): Site | undefined {
    this.#ended = true;
    if (failure === undefined) return undefined;
    this.#report(failure, 'failed');
    return this.#sites[failure.site];
  }

  // ── Hooks of generated code ───────────────────────────────────────────────────────────────────────────────────

  /** The slow side of the hook: measures, and pauses or stops the run. */
  enter(site: number): Promise<void> | undefined {
    if (this.#isHalting) return this.#halt();
    const now = this.#read();
    if (this.#stamped >= 0) this.#sample(this.#stamped, now - this.#stampedAt);
    this.#stamped = site;
    this.#stampedAt = now;
    if (--this.#window <= 0) {
      this.#stamped = -1;
      this.#control[0] = 0;
    }
    return undefined;
  }

  /** Opens a window of measuring; what ran before it is not measured. */
  #measure(): void {
    this.#window = windowHooks;
    this.#stamped = -1;
    this.#control[0] = 1;
  }

  get #isHalting(): boolean {
    return this.#canceled !== undefined || this.#resume !== undefined;
  }

  /** Each thousand back edges: lets the event loop have its turn when it has waited long enough. */
  turn(): Promise<void> | undefined {
    this.#control[2] = 0;
    if (this.#isHalting) return this.#halt();
    const now = this.#read();
    if (now - this.#lastTurn < turnMs && ++this.#turns < turnCount) return undefined;
    this.#turns = 0;
    return this.#yield();
  }

  async #yield(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#lastTurn = this.#read();
    this.#measure();
    if (this.#isHalting) await this.#halt();
  }

  /** Throws Canceled when the run is being stopped; otherwise waits until it is resumed. */
  async #halt(): Promise<void> {
    if (this.#canceled !== undefined) throw new Canceled(this.#canceled);
    while (this.#resume !== undefined) await this.#resume.promise;
    if (this.#canceled !== undefined) throw new Canceled(this.#canceled);
    this.#measure();
  }

  /** A call, wait or loop begins. */
  begin(site: number): void {
    if (this.#open.length >= maxDepth) {
      throw new LogicError(
        'RecursionTooDeep',
        `${maxDepth} subflow calls and loops are open at the same time.`,
        'A subflow seems to call itself without end: check the condition that should stop it.',
      );
    }
    this.#open.push(site);
    this.#openSince.push(this.#read());
    if ((this.#counts[site] as number) <= windowHooks) this.#measure();
  }

  /** A call, wait or loop ended well. */
  close(site: number): void {
    this.#open.pop();
    const since = this.#openSince.pop() as number;
    const ms = this.#read() - since;
    this.#sample(site, ms);
    this.#record(site, 'ok', since, ms);
  }

  #sample(site: number, ms: number): void {
    (this.#ms[site] as number) += ms;
    (this.#samples[site] as number)++;
  }

  #estimate(site: number): number {
    const samples = this.#samples[site] as number;
    return samples === 0
      ? 0
      : ((this.#ms[site] as number) / samples) * Math.max(this.#counts[site] as number, samples);
  }

  #read(): number {
    this.#now = this.#host.clock.monotonic();
    return this.#now;
  }

  #record(
    siteIndex: number,
    outcome: 'ok' | 'failed' | 'handled',
    since: number,
    ms: number,
    error?: { readonly code: string; readonly message: string },
  ): void {
    const site = this.#sites[siteIndex] as Site;
    this.#observer.actionEnded({
      line: site.line,
      subflow: site.subflow,
      action: site.action,
      at: since + this.#wallOffset,
      ms,
      outcome,
      ...(error === undefined ? {} : { error }),
    });
  }

  // ── Actions ───────────────────────────────────────────────────────────────────────────────────────────────────

  call(index: number, values: readonly Value[]): ActionResult | Promise<ActionResult> {
    const target = this.#targets[index] as CallTarget;
    if (target.definition === undefined) {
      throw new LogicError(
        'UnsupportedAction',
        `This version of Desktop Flows cannot carry out ${target.id}.`,
        'Disable the action, or replace it by one that is supported; "dflow check" lists all of them.',
      );
    }
    // A quick action counts like several back edges, so that a loop of them still lets the event loop have its turn.
    (this.#control[2] as number) += 32;
    this.#stamped = -1;
    const site = target.site;
    const count = this.#counts[site] as number;
    // Measuring costs as much as a quick action: beyond the first executions only each 16th of them is measured.
    this.#callMeasured =
      count <= measuredExecutions ||
      (count & 15) === 0 ||
      (this.#ms[site] as number) > 0.02 * (this.#samples[site] as number);
    this.#callStart = this.#callMeasured ? this.#read() : this.#now;
    this.#inAction = true;
    return target.definition.run(new CallArguments(target.shape, values, this.#folder), this.#context);
  }

  /** The action of a call has ended well. */
  done(index: number): void {
    this.#inAction = false;
    const { site, reported } = this.#targets[index] as CallTarget;
    if (!reported) return;
    let ms: number;
    if (this.#callMeasured) {
      ms = this.#read() - this.#callStart;
      this.#sample(site, ms);
      if (ms > 1 || (this.#counts[site] as number) <= measuredExecutions) this.#measure();
    } else ms = (this.#ms[site] as number) / (this.#samples[site] as number);
    this.#record(site, 'ok', this.#callStart, ms);
  }

  output(result: ActionResult, name: string): Value | undefined {
    return result.outputs !== undefined && Object.hasOwn(result.outputs, name)
      ? result.outputs[name]
      : undefined;
  }

  // ── Errors ────────────────────────────────────────────────────────────────────────────────────────────────────

  depth(): number {
    return this.#open.length;
  }

  /** What a `catch` of generated code caught, as a Failure; stopping, EXIT and the like go on upwards. Ends what is open beyond `depth`. */
  caught(error: unknown, depth: number): Failure {
    const failure = this.#failure(error);
    this.#unwind(depth, failure);
    return failure;
  }

  #failure(error: unknown): Failure {
    if (this.#canceled !== undefined) throw new Canceled(this.#canceled);
    if (error instanceof Exit || error instanceof Canceled || error instanceof Leave) throw error;
    if (error instanceof Failure) return error;
    const site = this.#control[1] as number;
    const inAction = this.#inAction;
    this.#inAction = false;
    const ms = inAction ? this.#read() - this.#callStart : 0;
    const failure = this.#describe(error, site, inAction, ms);
    this.#lastError = failure;
    return failure;
  }

  #describe(error: unknown, site: number, inAction: boolean, ms: number): Failure {
    if (error instanceof ActionError) {
      const kind = error instanceof CustomError ? 'custom' : 'action';
      return new Failure(error.code, error.message, error.nextStep, site, kind, ms, error);
    }
    if (error instanceof LogicError) {
      // Such a message may quote a value that was never stored in a variable and so is not known to be secret.
      const message = this.#sites[site]?.sensitive
        ? `${error.code} in a statement that uses sensitive values; the details are withheld.`
        : error.message;
      return new Failure(error.code, message, error.nextStep, site, inAction ? 'action' : 'logic', ms, error);
    }
    const message = error instanceof Error ? error.message : String(error);
    if (inAction) {
      return new Failure(
        'ActionFailed',
        message,
        'The action failed in a way it does not explain further. Check its arguments; if they are right, please report it.',
        site,
        'action',
        ms,
        error,
      );
    }
    if (error instanceof RangeError && /invalid (string|array) length/i.test(message)) {
      return new Failure(
        'ValueTooLarge',
        'A text or list became longer than this agent can hold.',
        'A loop seems to make it longer without end: check its condition, or write to a file instead.',
        site,
        'logic',
        ms,
        error,
      );
    }
    return error instanceof RangeError && /call stack/i.test(message)
      ? new Failure(
          'RecursionTooDeep',
          'Subflows call each other too deeply.',
          'A subflow seems to call itself without end: check the condition that should stop it.',
          site,
          'logic',
          ms,
          error,
        )
      : new Failure(
          'InternalError',
          message,
          'This is a fault of Desktop Flows. Please report it with the exported diagnostics.',
          site,
          'logic',
          ms,
          error,
        );
  }

  #unwind(depth: number, failure: Failure | undefined): void {
    while (this.#open.length > depth) {
      const site = this.#open.pop() as number;
      const ms = this.#read() - (this.#openSince.pop() as number);
      // A WAIT that fails is itself the place of the failure.
      if (site !== failure?.site) failure?.ended.push({ site, ms });
    }
  }

  unwind(depth: number): void {
    this.#unwind(depth, undefined);
  }

  handled(failure: Failure): void {
    this.#report(failure, 'handled');
  }

  #report(failure: Failure, outcome: 'failed' | 'handled'): void {
    const error = { code: this.#redactor.text(failure.code), message: this.#redactor.text(failure.message) };
    const state = lineStates.indexOf(outcome);
    for (const { site, ms } of [{ site: failure.site, ms: failure.ms }, ...failure.ended]) {
      this.#states[site] = state;
      this.#errors.set(site, error);
      this.#sample(site, ms);
      if (this.#sites[site]?.reported) this.#record(site, outcome, this.#read() - ms, ms, error);
    }
  }

  isNamed(failure: Failure, name: string): boolean {
    return !failure.isLogic && failure.code.toLowerCase() === name.toLowerCase();
  }

  isCustom(failure: Failure, name: string): boolean {
    return failure.isCustom && failure.code.toLowerCase() === name.toLowerCase();
  }

  /**
   * Asks the handlers of a block about an error that reached one of its statements, or (`outermost`) the block itself. An error
   * they do not want, or raise themselves, goes on to the outer blocks: the statements of this one must not ask again.
   */
  async handle(
    handlers: (failure: Failure) => Promise<number>,
    block: number,
    error: unknown,
    depth: number,
    outermost: boolean,
  ): Promise<number> {
    const failure = this.#failure(error);
    if (failure.passedBy === block) throw failure;
    this.#unwind(depth, failure);
    try {
      return await handlers(failure);
    } catch (thrown) {
      const passed = this.#failure(thrown);
      passed.passedBy = outermost ? undefined : block;
      throw passed;
    }
  }

  leave(block: number, outcome: number): Leave {
    return new Leave(block, outcome);
  }

  /** How a block is being left: the outcome of its handlers, or undefined when they have not been asked yet. */
  leaving(error: unknown, block: number): number | undefined {
    if (error instanceof Leave && error.block === block && this.#canceled === undefined) return error.outcome;
    if (error instanceof Failure && error.passedBy === block) {
      error.passedBy = undefined;
      throw error;
    }
    return undefined;
  }

  /** `ERROR => v`: the last error, or an empty one. `reset` forgets it afterwards. */
  lastError(reset: boolean): ErrorValue {
    const failure = this.#lastError;
    if (reset) this.#lastError = undefined;
    const site = failure && this.#sites[failure.site];
    if (failure === undefined || site === undefined) {
      return new ErrorValue({
        actionIndex: 0,
        actionName: '',
        errorDetails: '',
        location: '',
        message: '',
        subflowName: '',
      });
    }
    return new ErrorValue({
      actionIndex: site.row,
      actionName: site.action,
      errorDetails: `${failure.code}: ${failure.message}`,
      location: `Subflow: ${site.subflow}, Action: ${site.row}, Action name: ${site.action}`,
      message: failure.message,
      subflowName: site.subflow,
    });
  }

  // ── Time ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** WAIT, in seconds. */
  async sleep(seconds: number): Promise<void> {
    if (!(seconds >= 0)) {
      throw new LogicError(
        'InvalidWait',
        `The flow is to wait ${toText(seconds)} seconds.`,
        'Give a number that is not negative.',
      );
    }
    for (let left = seconds * 1000; left > 0; left -= longestTimer)
      await this.#timer(Math.min(left, longestTimer));
    this.#lastTurn = this.#read();
  }

  #timer(ms: number): Promise<void> {
    const { signal } = this.#abort;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const stopped = () => {
        timer.dispose();
        reject(signal.reason);
      };
      const timer = this.#host.clock.after(ms, () => {
        signal.removeEventListener('abort', stopped);
        resolve();
      });
      signal.addEventListener('abort', stopped, { once: true });
    });
  }

  deadline(seconds: number): number {
    return this.#read() + seconds * 1000;
  }

  /** Between two questions of `WAIT (condition) FOR seconds`. Throws ActionError `TimeoutError`. */
  async poll(deadline: number): Promise<void> {
    this.#inAction = false;
    const left = (deadline - this.#read()) / 1000;
    if (left <= 0) {
      throw new ActionError(
        'TimeoutError',
        'The condition did not become true in the time given after FOR.',
        'Give it more time, or handle TimeoutError in the error rules of this WAIT.',
      );
    }
    await this.sleep(Math.min(pollSeconds, left));
    if (this.#isHalting) await this.#halt();
  }

  /** The wait before a retry: `WAIT s`, else 2 seconds; with `MinInterval` it doubles from there up to `MaxInterval`. */
  async retryPause(
    attempt: number,
    seconds: number | undefined,
    options: readonly (readonly [string, Value])[],
  ): Promise<void> {
    const option = (name: string): number | undefined => {
      const value = options.find(([key]) => key.toLowerCase() === name)?.[1];
      return value === undefined ? undefined : toNumber(value);
    };
    const first = option('mininterval');
    await this.sleep(
      first === undefined
        ? (seconds ?? 2)
        : Math.min(first * 2 ** (attempt - 1), option('maxinterval') ?? Number.MAX_VALUE),
    );
  }

  // ── Values ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Registers every text, number and date in a value as secret; gives the value back. */
  secret(value: Value): Value {
    eachText(value, (text) => this.#redactor.add(text));
    return value;
  }

  readonly text = toText;
  readonly number = toNumber;
  readonly truth = toBoolean;
  readonly datetime = toDatetime;
  readonly add = operations.add;
  readonly subtract = operations.subtract;
  readonly multiply = operations.multiply;
  readonly divide = operations.divide;
  readonly remainder = operations.remainder;
  readonly negate = operations.negate;
  readonly equal = operations.equal;
  readonly compare = operations.compare;
  readonly isEmpty = operations.isEmpty;
  readonly isBlank = operations.isBlank;
  readonly contains = operations.contains;
  readonly startsWith = operations.startsWith;
  readonly endsWith = operations.endsWith;
  readonly item = operations.item;
  readonly setItem = operations.setItem;
  readonly property = operations.property;
  readonly setProperty = operations.setProperty;
  readonly slice = operations.slice;
  readonly copy = operations.copy;
  readonly append = operations.append;
  readonly table = operations.table;
  readonly rowOf = operations.rowOf;
  readonly object = operations.object;
  readonly items = operations.items;
  readonly rounds = operations.rounds;
  readonly emptyOf = operations.emptyOf;

  // ── Statements that end or cannot go on ───────────────────────────────────────────────────────────────────────

  exit(code: Value, message: Value | undefined): Exit {
    const number = toNumber(code);
    if (message !== undefined) return new Exit(number, toText(message));
    return new Exit(number, number === 0 ? undefined : `The flow ended itself with code ${toText(number)}.`);
  }

  noError(): unknown {
    return (
      this.#lastError ??
      new LogicError(
        'NoErrorToThrow',
        'THROW ERROR has no error to throw.',
        'Use it in the rules of an error block.',
      )
    );
  }

  unset(slot: number): never {
    throw new LogicError(
      'VariableNotAssigned',
      `The variable '${this.#slots[slot]}' has no value yet.`,
      'Assign it before this line on every way that leads here; IsEmpty and IsBlank may be asked at any time.',
    );
  }

  noLabel(name: string): never {
    throw new LogicError(
      'LabelOutOfReach',
      `GOTO cannot reach the label '${name}'.`,
      'The label must be in the same subflow, and not inside a loop or error block that GOTO stands outside of.',
    );
  }

  noSubflow(name: string): never {
    throw new LogicError(
      'SubflowNotFound',
      `There is no subflow '${name}'.`,
      'Create the subflow or correct its name.',
    );
  }

  noFunction(name: string): never {
    throw new LogicError(
      'FunctionNotFound',
      `There is no function '${name}'.`,
      'Correct the name of the function.',
    );
  }

  misplaced(statement: string): never {
    throw new LogicError(
      'MisplacedStatement',
      `${statement} does not work in this place.`,
      'Remove the statement.',
    );
  }

  unreadable(): never {
    throw new LogicError(
      'StatementNotReadable',
      'This line could not be read.',
      'Correct the line; "dflow check" says what is wrong.',
    );
  }

  unsupported(what: string): never {
    throw new LogicError(
      'UnsupportedExpression',
      `This version of Desktop Flows cannot evaluate this ${what}.`,
      'Replace it by a classic expression with %…%, or by a sensitive input.',
    );
  }
}

function redactingHost(host: Host, redactor: Redactor): Host {
  return {
    clock: host.clock,
    async ask(question, signal) {
      const { shown, meant } = maskedQuestion(question, redactor);
      const { button, values } = await host.ask(shown, signal);
      return { button: meant(button), values: values.map(meant) };
    },
    log: (level, message) => host.log(level, redactor.text(message)),
  };
}

/** A question as a person may see it, and the way back from what was shown to what the flow offered. */
function maskedQuestion(
  question: HostQuestion,
  redactor: Redactor,
): { readonly shown: HostQuestion; readonly meant: (answer: string) => string } {
  const offered = new Map<string, string>();
  const mask = (text: string): string => {
    const masked = redactor.text(text);
    // Entries that look alike behind their masks are numbered, so that each can still be chosen.
    let name = masked;
    for (let n = 2; (offered.get(name) ?? text) !== text; n++) name = `${masked} (${n})`;
    offered.set(name, text);
    return name;
  };
  const { title, message, options, preset } = question;
  const shown = {
    ...question,
    title: redactor.text(title),
    message: redactor.text(message),
    ...(options && { options: options.map(mask) }),
    // Several preselected entries stand one a line.
    ...(preset !== undefined && {
      preset: question.kind === 'choices' ? preset.split('\n').map(mask).join('\n') : mask(preset),
    }),
  };
  return { shown, meant: (answer) => offered.get(answer) ?? answer };
}

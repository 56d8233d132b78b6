// Carries out one compiled flow: everything generated code asks for while it runs (the object it knows as `rt`), and the
// control over it from outside: stop, pause, position, counters, records. What a statement means is decided in compile.ts.
import { MASK, type Redactor } from '../base/redact.ts';
import type { Shell } from '../desktop/shell.ts';
import { canonicalId, findAction } from '../language/catalog/catalog.ts';
import type { PowerFx } from '../language/powerFx/tree.ts';
import { type ActionContext, type ActionDefinition, ActionError, type ActionResult } from './action.ts';
import { ArgumentShape, CallArguments } from './arguments.ts';
import {
  type CompiledFlow,
  type CompiledProgram,
  type CompiledSubflow,
  type Site,
  turnEdges,
  type VariableSlots,
} from './compile.ts';
import { eachText, holdsText, toBoolean, toDatetime, toNumber, toNumeric, toText } from './convert.ts';
import { numeric } from './dotnet/decimal.ts';
import { localTime } from './dotnet/timeZone.ts';
import type { Repositories } from './elements.ts';
import {
  CustomError,
  functionNotFound,
  LogicError,
  notAssigned,
  notReadable,
  unsupportedExpression,
} from './errors.ts';
import type { Host, HostQuestion, LineSnapshot, RunObserver, RunPlace } from './host.ts';
import * as operations from './operations.ts';
import { evaluatePowerFx } from './powerFx/evaluate.ts';
import { ErrorValue, RepositoryValue, type Value } from './values.ts';
import type { WorkQueues } from './workQueues.ts';

/**
 * Plain statements are measured in windows of this many hooks: at the start, in the first rounds of a loop, after a measured
 * action, after each turn of the event loop. Outside of them a hook costs a count and one comparison; durations are extrapolated.
 */
const windowHooks = 256;
/** Executions of an action that are all measured. */
const measuredExecutions = 256;
/** The event loop gets its turn after this many milliseconds. */
const turnMs = 5;
/** And after this many looks at the clock, should it stand still. */
const turnLooks = 256;
/** They grow while a look comes sooner than this, in milliseconds, and shrink when it comes later. */
const lookMs = 0.5;
/** How often WAIT asks its condition, in seconds. */
const pollSeconds = 0.1;
/** How long one thing that an action opened may take to close. */
const closeMs = 5_000;
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
  /** A debugger was asked about it. */
  asked = false;
  /** How code and message may be shown. */
  shown: { readonly code: string; readonly message: string };
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
    this.shown = { code, message };
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
  readonly withholds: boolean;
}

/** Starts a subflow again that is being carried out. Passes through all error handling. */
export class Restart extends Error {
  readonly engine: Engine;
  /** How many calls and loops were open when the subflow was called; -1 for Main. */
  readonly depth: number;
  constructor(engine: Engine, depth: number) {
    super('restart');
    this.engine = engine;
    this.depth = depth;
  }
}

/** How a run goes on that a debugger held. `again` and `skip` only after an error. */
export type Onwards = 'on' | 'again' | 'skip' | Restart;

/** What the executions of a run ask the debugger that is attached. Whatever waits is asked to go on when the run is stopped. */
export interface DebugHook {
  /** Before each statement; undefined lets it begin. */
  enter(engine: Engine, site: number): Promise<Onwards> | undefined;
  /** An error before anything handles it. `repeatable`: it can be done again, or left out. `retries`: its rules will try again. */
  failed(
    engine: Engine,
    failure: Failure,
    place: { readonly repeatable: boolean; readonly retries: boolean },
  ): Promise<Onwards> | undefined;
  /** Now and then in a loop, whatever is in it. */
  turn(engine: Engine): Promise<Onwards> | undefined;
  /** The run waits because it was paused, before a statement or in a loop; and goes on. */
  paused(engine: Engine): void;
  resumed(engine: Engine): void;
  stopped(engine: Engine): void;
  ended(engine: Engine): void;
}

/** A subflow that is being carried out. `owner`, `site`: numbers in the compiled flow; `depth` as in `Restart`. */
export interface OpenSubflow {
  readonly owner: number;
  /** Where it is: at the call of the next inner one, or at the current statement. */
  readonly site: number;
  readonly slots: VariableSlots;
  readonly depth: number;
}

/** What the executions of all flows of one run have in common. */
export interface RunControl {
  /** Set while a debugger is attached. */
  debug?: DebugHook | undefined;
  safeStopRequested: boolean;
  readonly workQueues?: WorkQueues | undefined;
  readonly desktop: ActionContext['desktop'];
  readonly shell: Shell | undefined;
  /** How to close what actions opened, in the order of opening. */
  readonly owned: Set<() => void | Promise<void>>;
}

/** The call of a local subflow, as generated code makes it. */
export interface LocalCall extends VariableSlots {
  readonly owner: number;
}

/** A compiled flow that is ready to run, with the variables of Main and the global subflows by lower-cased name. */
export class FlowProgram {
  readonly #program: CompiledProgram;
  readonly #shared: CompiledSubflow;
  constructor(program: CompiledProgram, shared: CompiledSubflow) {
    this.#program = program;
    this.#shared = shared;
  }
  get slots(): VariableSlots {
    return this.#program;
  }
  main(): Promise<void> {
    return this.#program.main();
  }
  get(name: string): unknown {
    const slot = this.#shared.variables.get(name);
    return slot === undefined ? undefined : this.#program.peek(slot);
  }
  set(name: string, value: unknown): void {
    const slot = this.#shared.variables.get(name);
    if (slot !== undefined) this.#program.poke(slot, value);
  }
}

export interface EngineOptions {
  readonly compiled: CompiledFlow;
  /** Name of the flow when another flow runs it; told with every line and action. */
  readonly flow?: string | undefined;
  readonly control: RunControl;
  readonly runFlow: ActionContext['runFlow'];
  readonly actions: ReadonlyMap<string, ActionDefinition>;
  readonly folder: string;
  readonly repositories: Repositories;
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
  readonly #flow: { readonly flow?: string };
  readonly #isMain: boolean;
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
  /** Looks at the clock since the last turn, when the latest was, and how many back edges lie between two. */
  #looks = 0;
  #lastLook = 0;
  #batch = 1;
  #callStart = 0;
  #callMeasured = false;
  #inAction = false;
  /** The latest call of an action, and its arguments when secrets are among them. */
  #called = -1;
  #given: GivenSecrets | undefined;
  #ended = false;
  #canceled: string | undefined;
  /** It was paused and stands still. */
  #isHalted = false;
  readonly #runControl: RunControl;
  readonly #compiled: CompiledFlow;
  /** Parallel to `#open`: the subflow that a call has entered. */
  readonly #inside: (number | LocalCall | undefined)[] = [];
  /** How many of `#inside` are there. */
  #calls = 0;
  /** The error that a debugger was asked about on its way to a handler. */
  #looked: { readonly error: unknown; readonly failure: Failure } | undefined;
  /** Where generated code is to go on next; 0 for the usual way. */
  #jump = 0;
  #resume: { readonly promise: Promise<void>; readonly open: () => void } | undefined;
  #lastError: Failure | undefined;
  readonly #owned: RunControl['owned'];
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
    this.#isMain = options.flow === undefined;
    this.#flow = options.flow === undefined ? {} : { flow: options.flow };
    this.#owned = options.control.owned;
    this.#runControl = options.control;
    this.#compiled = compiled;
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
      host: redactingHost(
        host,
        (text) => this.#mask(text),
        () => this.position(),
      ),
      signal: this.#abort.signal,
      folder: options.folder,
      repositories: options.repositories,
      own: (close) => {
        this.#owned.add(close);
        return () => this.#owned.delete(close);
      },
      runFlow: options.runFlow,
      workQueues: options.control.workQueues,
      desktop: options.control.desktop,
      shell: options.control.shell,
      get safeStopRequested() {
        return options.control.safeStopRequested;
      },
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
        withholds: call.withholds,
      };
    });
    const create = new Function('rt', 'k', 'c', 's', compiled.source) as (
      rt: Engine,
      k: Int32Array,
      c: Float64Array,
      s: readonly unknown[],
    ) => CompiledProgram;
    const program = create(this, this.#control, this.#counts, compiled.constants);
    this.program = new FlowProgram(program, compiled.subflows[0] as CompiledSubflow);
  }

  // ── Control from outside ──────────────────────────────────────────────────────────────────────────────────────

  /** Takes effect at the next statement, wait or turn of the event loop. */
  stop(reason: string): void {
    if (this.#canceled !== undefined || this.#ended) return;
    this.#canceled = reason;
    this.#control[0] = 1;
    this.#abort.abort(new Canceled(reason));
    this.#runControl.debug?.stopped(this);
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

  // ── A debugger ────────────────────────────────────────────────────────────────────────────────────────────────

  get compiled(): CompiledFlow {
    return this.#compiled;
  }

  get isHalted(): boolean {
    return this.#isHalted;
  }

  /** From now on every statement asks the debugger, if one is attached. */
  wake(): void {
    this.#control[0] = 1;
  }

  /** The subflows that are being carried out, innermost first. */
  openSubflows(): OpenSubflow[] {
    const found: OpenSubflow[] = [];
    let site = this.#control[1] as number;
    for (let depth = this.#open.length - 1; depth >= 0; depth--) {
      const inside = this.#inside[depth];
      if (inside === undefined) continue;
      found.push(
        typeof inside === 'number'
          ? { owner: inside, site, slots: this.program.slots, depth }
          : { owner: inside.owner, site, slots: inside, depth },
      );
      site = this.#open[depth] as number;
    }
    found.push({ owner: 0, site, slots: this.program.slots, depth: -1 });
    return found;
  }

  /** Which subflow is being carried out, with its variables. */
  innermost(): LocalCall {
    for (let depth = this.#open.length - 1; depth >= 0; depth--) {
      const inside = this.#inside[depth];
      if (typeof inside === 'object') return inside;
      if (inside !== undefined) return this.#sharedCall(inside);
    }
    return this.#sharedCall(0);
  }

  #sharedCall(owner: number): LocalCall {
    const { slots } = this.program;
    this.#sharedCalls[owner] ??= {
      owner,
      peek: (slot) => slots.peek(slot),
      poke: (slot, value) => slots.poke(slot, value),
    };
    return this.#sharedCalls[owner];
  }
  readonly #sharedCalls: LocalCall[] = [];

  /** How many subflows are being carried out. */
  openCalls(): number {
    return this.#calls + 1;
  }

  /** The last error that was raised, until `ERROR … Reset` forgets it. */
  get failure(): Failure | undefined {
    return this.#lastError;
  }

  /** The statement that is held goes on elsewhere: see `Jump`. Has an effect only when compiled for jumps. */
  jumpTo(number: number): void {
    this.#jump = number;
  }

  /** A called subflow begins. */
  into(call: number | LocalCall): void {
    this.#inside[this.#open.length - 1] = call;
    this.#calls++;
  }

  /** The number of the jump that is due, 0 for none. */
  jump(): number {
    const number = this.#jump;
    this.#jump = 0;
    return number;
  }

  /** The statement list that a number belongs to. */
  unit(number: number): number | undefined {
    return this.#compiled.targets.get(number);
  }

  /** Main from its first statement, again whenever a debugger wants that. */
  async main(): Promise<void> {
    for (;;) {
      try {
        try {
          return await this.program.main();
        } catch (error) {
          await this.asked(error);
          throw error;
        }
      } catch (error) {
        if (!(error instanceof Restart) || error.engine !== this) throw error;
        this.#unwind(0, undefined);
      }
    }
  }

  /**
   * Whether what failed is to be done again (true) or left out (false); throws when the error goes on. `depth` calls and loops were
   * open when it began.
   */
  failed(
    error: unknown,
    site: number,
    retries: boolean,
    depth = this.#open.length,
  ): boolean | Promise<boolean> {
    if (error instanceof Restart && error.engine === this && error.depth === depth) {
      this.#unwind(depth, undefined);
      return true;
    }
    const hook = this.#runControl.debug;
    if (hook === undefined) throw error;
    const failure = this.#failure(error);
    if (failure.asked) throw failure;
    failure.asked = true;
    const answer = hook.failed(this, failure, { repeatable: failure.site === site, retries });
    if (answer === undefined) throw failure;
    return this.#decided(answer, failure, depth);
  }

  async #decided(answer: Promise<Onwards>, failure: Failure, depth: number): Promise<boolean> {
    const how = await this.#heldBy(answer);
    if (how === 'on') throw failure;
    this.#unwind(depth, undefined);
    this.handled(failure);
    return how === 'again';
  }

  /** A question about what will come: where it cannot be answered, it will not come. */
  holds(question: () => boolean): boolean {
    try {
      return question();
    } catch {
      return false;
    }
  }

  /** Asks a debugger about an error on its way to a handler, unless it was asked already. It can only be looked at. */
  asked(error: unknown): Promise<void> | undefined {
    const hook = this.#runControl.debug;
    if (hook === undefined || error instanceof Restart) return undefined;
    if (
      this.#canceled !== undefined ||
      error instanceof Exit ||
      error instanceof Canceled ||
      error instanceof Leave
    )
      return undefined;
    const failure = this.#failure(error);
    if (failure.asked) return undefined;
    failure.asked = true;
    this.#looked = { error, failure };
    const answer = hook.failed(this, failure, { repeatable: false, retries: false });
    return answer && this.#heldBy(answer).then(() => {});
  }

  /** Waits for a debugger. Throws Canceled when the run is stopped meanwhile, Restart when a subflow is to start again. */
  async #heldBy(answer: Promise<Onwards>): Promise<'on' | 'again' | 'skip'> {
    this.#observer.halted?.(true);
    const how = await answer;
    this.#observer.halted?.(false);
    if (this.#isHalting) await this.#halt();
    this.#lastTurn = this.#read();
    this.#measure();
    if (how instanceof Restart) throw how;
    return how;
  }

  /** Why the run was stopped, if it was. */
  get canceled(): string | undefined {
    return this.#canceled;
  }

  /** Where the run is, or where it ended. Undefined before the first statement. */
  position(): RunPlace | undefined {
    const site = this.#sites[this.#control[1] as number];
    return site && { subflow: site.subflow, line: site.line, action: site.action, ...this.#flow };
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
        ...this.#flow,
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

  /** Closes what actions opened, latest first; what does not close in time is left to the end of the process. */
  async closeOwned(): Promise<void> {
    const closers = [...this.#owned].reverse();
    this.#owned.clear();
    for (const close of closers) {
      let timer: { dispose(): void } | undefined;
      const late = new Promise<void>((resolve) => {
        timer = this.#host.clock.after(closeMs, resolve);
      });
      // It failed to close: the flow has ended as it has, and the process that held it is about to end too.
      await Promise.race([Promise.resolve().then(close), late]).catch(() => {});
      timer?.dispose();
    }
  }

  // ── Hooks of generated code ───────────────────────────────────────────────────────────────────────────────────

  /** The slow side of the hook: measures, and pauses or stops the run. */
  enter(site: number): Promise<void> | undefined {
    const hook = this.#runControl.debug;
    if (hook !== undefined && this.#canceled === undefined) {
      const answer = hook.enter(this, site);
      if (answer !== undefined) return this.#heldBy(answer).then(() => {});
    }
    if (this.#isHalting) return this.#halt();
    const now = this.#read();
    if (this.#stamped >= 0) this.#sample(this.#stamped, now - this.#stampedAt);
    if (now - this.#lastTurn >= turnMs) return this.#yield();
    this.#stamped = site;
    this.#stampedAt = now;
    if (--this.#window <= 0) {
      this.#stamped = -1;
      this.#control[0] = hook === undefined ? 0 : 1;
    }
    return undefined;
  }

  /** Opens a window of measuring; what ran before it is not measured. */
  #measure(): void {
    this.#window = windowHooks;
    this.#stamped = -1;
    this.#control[0] = 1;
    this.#lookAfter(1);
  }

  #lookAfter(backEdges: number): void {
    this.#batch = backEdges;
    this.#control[2] = turnEdges - backEdges;
    this.#lastLook = this.#now;
  }

  get #isHalting(): boolean {
    return this.#canceled !== undefined || this.#resume !== undefined;
  }

  /** Now and then at a back edge: lets the event loop have its turn when it has waited long enough. */
  turn(): Promise<void> | undefined {
    if (this.#isHalting) return this.#halt();
    const asked = this.#runControl.debug?.turn(this);
    if (asked !== undefined) return this.#heldBy(asked).then(() => {});
    const now = this.#read();
    const took = now - this.#lastLook;
    // However long one round of the loop takes, the next look comes in time.
    this.#lookAfter(
      took < lookMs
        ? Math.min(2 * this.#batch, turnEdges)
        : Math.max(1, Math.floor((this.#batch * lookMs) / took)),
    );
    if (now - this.#lastTurn < turnMs && ++this.#looks < turnLooks) return undefined;
    return this.#yield();
  }

  async #yield(): Promise<void> {
    this.#looks = 0;
    await new Promise((resolve) => setImmediate(resolve));
    this.#lastTurn = this.#read();
    this.#measure();
    if (this.#isHalting) await this.#halt();
  }

  /** Throws Canceled when the run is being stopped; otherwise waits until it is resumed. */
  async #halt(): Promise<void> {
    if (this.#canceled !== undefined) throw new Canceled(this.#canceled);
    this.#isHalted = true;
    this.#observer.halted?.(true);
    this.#runControl.debug?.paused(this);
    while (this.#resume !== undefined) await this.#resume.promise;
    this.#isHalted = false;
    this.#observer.halted?.(false);
    this.#runControl.debug?.resumed(this);
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
    this.#inside.push(undefined);
    const now = this.#read();
    this.#openSince.push(now);
    // Calls that call again make no back edge: the next statement lets the event loop have its turn.
    if ((this.#counts[site] as number) <= windowHooks || now - this.#lastTurn >= turnMs) this.#measure();
  }

  /** A call, wait or loop ended well. */
  close(site: number): void {
    this.#open.pop();
    if (this.#inside.pop() !== undefined) this.#calls--;
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
    const { line, subflow, action } = this.#sites[siteIndex] as Site;
    const record = { line, subflow, action, at: since + this.#wallOffset, ms, outcome };
    // Nearly all records are such; an object put together of others costs more than a quick action.
    if (this.#isMain && error === undefined) this.#observer.actionEnded(record);
    else this.#observer.actionEnded({ ...record, ...this.#flow, ...(error && { error }) });
  }

  // ── Actions ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** `masks`: for each value that holds a secret, how it may be shown; absent when none does. */
  call(
    index: number,
    values: readonly Value[],
    masks?: readonly (string | undefined)[],
  ): ActionResult | Promise<ActionResult> {
    const target = this.#targets[index] as CallTarget;
    if (target.definition === undefined) {
      throw new LogicError(
        'UnsupportedAction',
        `This version of Desktop Flows cannot carry out ${target.id}.`,
        'Disable the action, or replace it by one that is supported; "dflow check" lists all of them.',
      );
    }
    // A quick action counts like several back edges, so that a loop of them still lets the event loop have its turn; a slow one is
    // measured, see `done`.
    (this.#control[2] as number) += 8;
    this.#stamped = -1;
    const site = target.site;
    const count = this.#counts[site] as number;
    // Measuring costs as much as a quick action: beyond the first executions only each 32nd of them is measured.
    this.#callMeasured =
      count <= measuredExecutions ||
      (count & 31) === 0 ||
      (this.#ms[site] as number) > 0.02 * (this.#samples[site] as number);
    this.#callStart = this.#callMeasured ? this.#read() : this.#now;
    this.#inAction = true;
    this.#called = index;
    this.#given = masks === undefined ? undefined : { values, masks };
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
      if (this.#now - this.#lastTurn >= turnMs) this.#control[2] = turnEdges;
    } else ms = (this.#ms[site] as number) / (this.#samples[site] as number);
    this.#record(site, 'ok', this.#callStart, ms);
  }

  output(result: ActionResult, name: string): Value | undefined {
    const { outputs } = result;
    if (outputs === undefined) return undefined;
    // Outputs of a flow are named in any letter case.
    const key = Object.hasOwn(outputs, name)
      ? name
      : Object.keys(outputs).find((each) => each.toLowerCase() === name.toLowerCase());
    if (key === undefined) return undefined;
    const value = outputs[key];
    return typeof value === 'number' ? numeric(value) : value;
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
    if (
      error instanceof Exit ||
      error instanceof Canceled ||
      error instanceof Leave ||
      error instanceof Restart
    )
      throw error;
    if (error instanceof Failure) return error;
    if (this.#looked !== undefined && this.#looked.error === error) return this.#looked.failure;
    const site = this.#control[1] as number;
    const inAction = this.#inAction;
    this.#inAction = false;
    const ms = inAction ? this.#read() - this.#callStart : 0;
    const failure = this.#describe(error, site, inAction, ms);
    this.#lastError = failure;
    return failure;
  }

  #describe(error: unknown, site: number, inAction: boolean, ms: number): Failure {
    const target = inAction ? this.#targets[this.#called] : undefined;
    if (error instanceof CustomError) {
      const failure = new Failure(error.code, error.message, error.nextStep, site, 'custom', ms, error);
      failure.shown = { code: this.#mask(error.code), message: this.#mask(error.message) };
      return failure;
    }
    if (target?.withholds) return withheld(error, target, site, ms);
    if (error instanceof ActionError)
      return new Failure(error.code, error.message, error.nextStep, site, 'action', ms, error);
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
      if (this.#inside.pop() !== undefined) this.#calls--;
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
    const { code, message } = failure.shown;
    const error = { code: this.#redactor.text(code), message: this.#redactor.text(message) };
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
    await this.asked(failure);
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
    eachText(value, (text) => this.#redactor.addDerived(text));
    return value;
  }

  /** A text of the action that is being carried out, with the secrets it was given masked, however short. */
  #mask(text: string): string {
    return this.#redactor.text(this.#given === undefined ? text : maskGiven(text, this.#given));
  }

  powerFx(
    formula: { readonly expression: PowerFx; readonly names: readonly string[] },
    values: readonly (Value | undefined)[],
  ): Value {
    return evaluatePowerFx(formula.expression, {
      get: (name) => values[formula.names.indexOf(name)],
      now: () => localTime(this.#host.clock.now()),
    });
  }

  readonly text = toText;
  readonly number = toNumber;
  readonly numeric = toNumeric;
  readonly truth = toBoolean;
  readonly datetime = toDatetime;
  readonly add = operations.add;
  readonly subtract = operations.subtract;
  readonly multiply = operations.multiply;
  readonly divide = operations.divide;
  readonly remainder = operations.remainder;
  readonly negate = operations.negate;
  readonly longNumber = operations.longNumber;
  readonly equal = operations.equal;
  readonly compare = operations.compare;
  readonly isEmpty = operations.isEmpty;
  readonly isBlank = operations.isBlank;
  readonly contains = operations.contains;
  readonly startsWith = operations.startsWith;
  readonly endsWith = operations.endsWith;
  /** `appmask[…]`, `appmask[…][…]`, `imgrepo[…]`. `texts`: see `RepositoryValue`. */
  repository(
    name: 'appmask' | 'imgrepo',
    path: readonly Value[],
    texts?: ReadonlyMap<string, string>,
  ): RepositoryValue {
    return new RepositoryValue(name === 'appmask' ? 'UI element' : 'Image', path.map(toText), texts);
  }

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
  readonly counted = operations.counted;
  readonly emptyOf = operations.emptyOf;

  // ── Statements that end or cannot go on ───────────────────────────────────────────────────────────────────────

  /** `message`: as it may be shown. `isSecret`: so is the code. */
  exit(code: Value, message: Value | undefined, isSecret = false): Exit {
    const number = toNumber(code);
    const told = isSecret ? MASK : toText(number);
    if (message === undefined && number === 0) return new Exit(number, undefined);
    const text = message === undefined ? '' : toText(message);
    return new Exit(number, text === '' ? `The flow ended itself with code ${told}.` : text);
  }

  /** The end of a flow behind the block of a condition that said so. */
  ended(): Exit {
    return new Exit(0, undefined);
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
    throw notAssigned(this.#slots[slot] as string);
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
    throw functionNotFound(name);
  }

  misplaced(statement: string): never {
    throw new LogicError(
      'MisplacedStatement',
      `${statement} does not work in this place.`,
      'Remove the statement.',
    );
  }

  unreadable(): never {
    throw notReadable();
  }

  unsupported(what: string): never {
    throw unsupportedExpression(what);
  }
}

interface GivenSecrets {
  readonly values: readonly Value[];
  readonly masks: readonly (string | undefined)[];
}

function maskGiven(text: string, { values, masks }: GivenSecrets): string {
  let masked = text;
  for (const [i, mask] of masks.entries()) {
    if (mask === undefined) continue;
    const real = toText(values[i] as Value);
    if (text === real) return mask;
    // Entries of a list are shown one by one.
    if (holdsText(values[i] as Value, text)) return MASK;
    if (real.length >= 4) masked = masked.replaceAll(real, () => mask);
  }
  return masked;
}

/** An error of an action that was given secrets: its kind may be told, what it says may quote them. */
function withheld(error: unknown, target: CallTarget, site: number, ms: number): Failure {
  const isKnown = error instanceof ActionError || error instanceof LogicError;
  const code = isKnown ? error.code : 'ActionFailed';
  const names = findAction(target.id)?.definition.errorNames ?? [];
  const title = names.find((entry) => entry.name === code)?.title ?? code;
  return new Failure(
    code,
    `${title}. The details are withheld, because this action uses sensitive values.`,
    'To see the details, run the flow with values that may be seen.',
    site,
    'action',
    ms,
    error,
  );
}

function redactingHost(host: Host, mask: (text: string) => string, place: () => RunPlace | undefined): Host {
  return {
    clock: host.clock,
    async ask(question, signal) {
      const { shown, meant } = maskedQuestion(question, mask);
      const { button, values } = await host.ask(shown, signal);
      return { button: meant(button), values: values.map(meant) };
    },
    log: (level, message) => host.log(level, mask(message), place()),
  };
}

/** A question as a person may see it, and the way back from what was shown to what the flow offered. */
function maskedQuestion(
  question: HostQuestion,
  shownAs: (text: string) => string,
): { readonly shown: HostQuestion; readonly meant: (answer: string) => string } {
  const offered = new Map<string, string>();
  const mask = (text: string): string => {
    const masked = shownAs(text);
    // Entries that look alike behind their masks are numbered, so that each can still be chosen.
    let name = masked;
    for (let n = 2; (offered.get(name) ?? text) !== text; n++) name = `${masked} (${n})`;
    offered.set(name, text);
    return name;
  };
  const { title, message, options, preset } = question;
  const shown = {
    ...question,
    title: shownAs(title),
    message: shownAs(message),
    ...(options && { options: options.map(mask) }),
    // Several preselected entries stand one a line.
    ...(preset !== undefined && {
      preset: question.kind === 'choices' ? preset.split('\n').map(mask).join('\n') : mask(preset),
    }),
  };
  return { shown, meant: (answer) => offered.get(answer) ?? answer };
}

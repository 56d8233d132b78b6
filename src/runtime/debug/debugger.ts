// The debugger of one run: stops its flows before rows and on errors, lets them go on in every way, tells and changes variables,
// remembers what happened. Knows no protocol (see src/debug/). Everything it tells is masked and bounded.
import type { Redactor } from '../../base/redact.ts';
import { flowInfo } from '../../language/analysis/flow.ts';
import type { Expression } from '../../language/syntax/tree.ts';
import { rootVariable } from '../../language/syntax/walk.ts';
import type { CompiledFlow, CompiledSubflow, Site, VariableSlots } from '../compile.ts';
import { eachText } from '../convert.ts';
import {
  type DebugHook,
  type Engine,
  type Failure,
  type Onwards,
  type OpenSubflow,
  Restart,
} from '../engine.ts';
import type { Execution } from '../flowTree.ts';
import type { Value } from '../values.ts';
import {
  Breakpoint,
  type BreakpointTerms,
  type BreakpointView,
  type ErrorFilters,
  mask,
  noErrors,
  siteAt,
  sitesNamed,
  stopsOn,
} from './breakpoints.ts';
import { DebugError } from './errors.ts';
import { readAssignment, readExpression, VariableScope } from './expressions.ts';
import { FlowFacts, type Written } from './facts.ts';
import { History, type StackPlace, type Step } from './history.ts';
import { Inspector } from './inspect.ts';

export type StepKind = 'over' | 'into' | 'out';

/** Why a thread stands still. */
export interface Stop {
  readonly reason:
    | 'entry'
    | 'step'
    | 'breakpoint'
    | 'function breakpoint'
    | 'data breakpoint'
    | 'exception'
    | 'pause'
    | 'goto'
    | 'restart';
  readonly description?: string;
  /** Ids of the breakpoints that were reached. */
  readonly breakpoints?: readonly number[];
  readonly error?: StopError;
}

/** The error on which a thread stands still; texts are masked. */
export interface StopError {
  readonly code: string;
  readonly message: string;
  readonly nextStep: string;
  readonly isLogic: boolean;
  readonly isHandled: boolean;
  /** The row can be done again or left out. */
  readonly isRepeatable: boolean;
}

export interface DebuggerEvents {
  stopped(thread: number, stop: Stop): void;
  /** It goes on although nobody here asked for that. */
  continued(thread: number): void;
  threadStarted(thread: number): void;
  threadEnded(thread: number): void;
  /** A message of a log point, or about a breakpoint. `line` is 1-based. */
  output(text: string, path: string, line: number): void;
  breakpointChanged(breakpoint: BreakpointView): void;
}

/** The run as its debugger needs it. */
export interface DebuggedRun {
  executions(): readonly Execution[];
  watch(hook: DebugHook | undefined): void;
  /** Ends a pause that was not the debugger's. */
  resume(): void;
}

/** A subflow that is being carried out, or (`past`) was, as a debugger shows it. Valid until its thread goes on. */
export interface Frame {
  readonly thread: number;
  readonly subflow: string;
  readonly flow: string;
  readonly path: string;
  /** 1-based; 0 before the first row. */
  readonly line: number;
  readonly action: string;
  readonly canRestart: boolean;
}

/** A variable or a part of one. `value` is absent when there is nothing inside that may be shown. */
export interface Variable {
  readonly name: string;
  readonly line: string;
  readonly type: string;
  readonly value?: Value;
  /** Expression that gives it; absent for what is only shown. */
  readonly expression?: string;
  readonly canBeSet: boolean;
}

export interface Scope {
  readonly name: string;
  readonly kind: 'inputsAndOutputs' | 'variables' | 'subflow' | 'error';
  variables(): Variable[];
}

/** A value of a variable as it was. `line` is 1-based, 0: it was there when the debugger came. */
export interface HistoryEntry {
  readonly step: number;
  readonly line: number;
  readonly subflow: string;
  readonly action: string;
  readonly value: string;
}

/** A place to jump to. */
export interface JumpTarget {
  readonly line: number;
  readonly label: string;
  readonly number: number;
}

interface KnownFlow {
  readonly number: number;
  readonly path: string;
  readonly name: string;
  readonly compiled: CompiledFlow;
  readonly facts: FlowFacts;
  /** Lower-cased names of the variables that are inputs or outputs. */
  readonly parameters: ReadonlySet<string>;
  marks: ReadonlyMap<number, readonly Mark[]>;
}

interface Mark {
  readonly breakpoint: Breakpoint;
  readonly isNamed: boolean;
}

interface LineBreakpoint {
  readonly breakpoint: Breakpoint;
  readonly line: number;
  view: BreakpointView;
}

/** A data breakpoint whose variable was changed, by which site, and what that site saw. */
interface Changed {
  readonly data: DataBreakpoint;
  readonly site: number;
  readonly scope: VariableScope;
}

interface DataBreakpoint {
  readonly breakpoint: Breakpoint;
  readonly compiled: CompiledFlow;
  readonly slot: number;
  readonly name: string;
}

/** A statement that has begun and may not have ended. */
interface Begun {
  readonly state: EngineState;
  readonly step: Step;
  readonly depth: number;
  readonly own: VariableSlots;
}

interface EngineState {
  readonly execution: Execution;
  readonly flow: KnownFlow;
  readonly thread: Thread;
  /** Open subflows of the flows around this one. */
  readonly base: number;
  readonly outerStack: StackPlace | undefined;
}

interface LiveFrame extends Frame {
  readonly kind: 'live';
  readonly state: EngineState;
  readonly open: OpenSubflow;
  readonly scope: VariableScope;
}

interface PastFrame extends Frame {
  readonly kind: 'past';
  readonly place: StackPlace;
  readonly step: number;
}

class Thread {
  readonly id: number;
  readonly root: Execution;
  readonly begun: Begun[] = [];
  step: { readonly kind: StepKind; readonly depth: number } | undefined;
  /** It is to stop as soon as it can, and why. */
  wanted: Stop | undefined;
  stop: Stop | undefined;
  /** The engine that stands still. */
  at: EngineState | undefined;
  onwards: ((how: Onwards) => void) | undefined;
  /** It was paused from elsewhere. */
  isHalted = false;
  /** The recorded step that is shown instead of the present. */
  past: number | undefined;
  frames: (LiveFrame | PastFrame)[] | undefined;
  stack: StackPlace | undefined;
  depth = 0;
  failure: Failure | undefined;

  constructor(id: number, root: Execution) {
    this.id = id;
    this.root = root;
  }
}

export class Debugger implements DebugHook {
  readonly #run: DebuggedRun;
  readonly #redactor: Redactor;
  readonly #inspector: Inspector;
  #events: DebuggerEvents | undefined;
  #history: History;
  readonly #flows = new Map<CompiledFlow, KnownFlow>();
  readonly #states = new Map<Engine, EngineState>();
  readonly #threads = new Map<number, Thread>();
  #lineBreakpoints = new Map<string, LineBreakpoint[]>();
  #nameBreakpoints: { readonly breakpoint: Breakpoint; readonly name: string; view: BreakpointView }[] = [];
  #dataBreakpoints: DataBreakpoint[] = [];
  #filters: ErrorFilters = noErrors;
  #ids = 0;
  #isWatching = false;
  /** Where the run is to begin, until it has. */
  #startLine: number | undefined;

  constructor(run: DebuggedRun, redactor: Redactor) {
    this.#run = run;
    this.#redactor = redactor;
    this.#inspector = new Inspector(redactor);
    this.#history = new History(this.#inspector);
  }

  get inspector(): Inspector {
    return this.#inspector;
  }

  // ── Coming and going ──────────────────────────────────────────────────────────────────────────────────────────

  /** Begins to watch. A debugger that left the run standing still finds it so again: see `stops`. */
  attach(events: DebuggerEvents): void {
    this.#events = events;
    if (this.#isWatching) return;
    this.#isWatching = true;
    for (const execution of this.#run.executions()) {
      this.#state(execution.engine);
      if (execution.engine.isHalted) this.paused(execution.engine);
    }
    this.#run.watch(this);
  }

  /** Leaves: breakpoints are gone and everything goes on, unless it is to stay as it is. */
  detach(keepStopped = false): void {
    this.#events = undefined;
    if (keepStopped && [...this.#threads.values()].some(({ onwards }) => onwards !== undefined)) return;
    this.#isWatching = false;
    this.#lineBreakpoints.clear();
    this.#nameBreakpoints = [];
    this.#dataBreakpoints = [];
    this.#filters = noErrors;
    this.#startLine = undefined;
    this.#run.watch(undefined);
    for (const thread of this.#threads.values()) this.#release(thread, 'on');
    this.#threads.clear();
    this.#states.clear();
    this.#flows.clear();
    this.#history = new History(this.#inspector);
  }

  /** Somebody else lets the run go on. Without an editor nothing would ever let it go on from a breakpoint: they are gone then. */
  resume(): void {
    if (!this.#isWatching) return;
    if (this.#events === undefined) {
      this.detach();
      return;
    }
    for (const thread of this.#threads.values()) {
      if (thread.onwards === undefined) continue;
      this.#release(thread, 'on');
      this.#events.continued(thread.id);
    }
  }

  /** Everything stops before its next row. `isEntry`: that is the first one. */
  stopOnEntry(isEntry: boolean): void {
    for (const thread of this.#threads.values())
      if (thread.stop === undefined)
        thread.wanted = isEntry ? { reason: 'entry' } : { reason: 'pause', description: 'Paused' };
  }

  /** The run begins at a row of Main. Throws DebugError `JumpImpossible`. */
  startAt(line: number): void {
    const root = [...this.#threads.values()][0]?.root;
    if (root === undefined) return;
    const { compiled } = root;
    const first = compiled.sites[this.#known(root).facts.first[0] ?? -1];
    const target = first && jumpTargets(compiled, first, line)[0];
    if (target === undefined) {
      throw new DebugError(
        'JumpImpossible',
        `The run cannot begin at line ${line}.`,
        'Choose a row of Main that stands outside of loops, error blocks and error rules.',
      );
    }
    this.#startLine = target.line;
  }

  // ── Breakpoints ───────────────────────────────────────────────────────────────────────────────────────────────

  /** Replaces the breakpoints of one flow. `lines` are 1-based. */
  setBreakpoints(
    path: string,
    wanted: readonly (BreakpointTerms & { readonly line: number })[],
  ): BreakpointView[] {
    const list = wanted.map((terms): LineBreakpoint => {
      const breakpoint = new Breakpoint(++this.#ids, terms);
      return { breakpoint, line: terms.line, view: { id: breakpoint.id, verified: false } };
    });
    this.#lineBreakpoints.set(samePath(path), list);
    const flows = [...this.#flows.values()].filter((flow) => samePath(flow.path) === samePath(path));
    for (const flow of flows) this.#mark(flow);
    if (flows.length === 0) {
      for (const each of list)
        each.view = { ...each.view, message: 'No flow of this run is kept in this file.' };
    }
    return list.map(({ view }) => view);
  }

  /** Replaces the breakpoints on names of actions and subflows. */
  setNameBreakpoints(wanted: readonly (BreakpointTerms & { readonly name: string })[]): BreakpointView[] {
    this.#nameBreakpoints = wanted.map((terms) => {
      const breakpoint = new Breakpoint(++this.#ids, terms);
      return { breakpoint, name: terms.name, view: { id: breakpoint.id, verified: false } };
    });
    for (const flow of this.#flows.values()) this.#mark(flow);
    return this.#nameBreakpoints.map(({ view }) => view);
  }

  setErrorFilters(filters: ErrorFilters): void {
    this.#filters = filters;
  }

  /** What a data breakpoint would watch: the id for `setDataBreakpoints`; undefined for what is no variable. */
  dataId(frame: Frame, expression: string): { readonly id: string; readonly name: string } | undefined {
    const { state, scope } = this.#live(frame);
    const root = rootVariable(readExpression(expression));
    const slot = root && scope.slotOf(root.name, root.global);
    if (root === undefined || slot === undefined) return undefined;
    return { id: `${state.flow.number}:${slot}`, name: state.execution.compiled.slots[slot] as string };
  }

  /** Replaces the breakpoints on changes of variables. */
  setDataBreakpoints(wanted: readonly (BreakpointTerms & { readonly dataId: string })[]): BreakpointView[] {
    this.#dataBreakpoints = [];
    return wanted.map((terms) => {
      const breakpoint = new Breakpoint(++this.#ids, terms);
      const [number, slot] = terms.dataId.split(':').map(Number);
      const flow = [...this.#flows.values()].find((each) => each.number === number);
      const name = slot === undefined ? undefined : flow?.compiled.slots[slot];
      if (flow === undefined || slot === undefined || name === undefined)
        return { id: breakpoint.id, verified: false, message: 'There is no such variable in this run.' };
      const owner = flow.compiled.subflows.find(
        ({ variables }) => variables.get(name.toLowerCase()) === slot,
      );
      const scope = owner && staticScope(flow.compiled, owner);
      const message = scope === undefined ? breakpoint.problem : breakpoint.problemIn(scope);
      if (message !== undefined) return { id: breakpoint.id, verified: false, message };
      this.#dataBreakpoints.push({ breakpoint, compiled: flow.compiled, slot, name });
      return { id: breakpoint.id, verified: true };
    });
  }

  /** Rows of a flow that a breakpoint can stand on, 1-based, ascending. */
  breakpointLines(path: string, first: number, last: number): number[] {
    const lines = new Set<number>();
    for (const { path: own, compiled } of this.#flows.values()) {
      if (samePath(own) !== samePath(path)) continue;
      for (const { line } of compiled.sites) if (line >= first && line <= last) lines.add(line);
    }
    return [...lines].sort((a, b) => a - b);
  }

  #mark(flow: KnownFlow): void {
    const { compiled } = flow;
    const marks = new Map<number, Mark[]>();
    const add = (site: number, mark: Mark): string | undefined => {
      const owner = compiled.subflows[(compiled.sites[site] as Site).owner] as CompiledSubflow;
      const problem = mark.breakpoint.problemIn(staticScope(compiled, owner));
      if (problem !== undefined) return problem;
      const list = marks.get(site);
      if (list === undefined) marks.set(site, [mark]);
      else list.push(mark);
      return undefined;
    };
    for (const each of this.#lineBreakpoints.get(samePath(flow.path)) ?? []) {
      const { breakpoint } = each;
      const site = siteAt(compiled, each.line);
      const message =
        site === undefined ? 'No action stands here or behind.' : add(site, { breakpoint, isNamed: false });
      each.view =
        message === undefined
          ? { id: breakpoint.id, verified: true, line: compiled.sites[site as number]?.line }
          : { id: breakpoint.id, verified: false, message };
    }
    for (const each of this.#nameBreakpoints) {
      const { breakpoint } = each;
      const problems = sitesNamed(compiled, flow.facts.first, each.name).map((site) =>
        add(site, { breakpoint, isNamed: true }),
      );
      const message = problems.find((problem) => problem !== undefined);
      if (problems.includes(undefined)) each.view = { id: breakpoint.id, verified: true };
      else if (!each.view.verified)
        each.view = {
          id: breakpoint.id,
          verified: false,
          message: message ?? breakpoint.problem ?? 'No action or subflow of this run has such a name.',
        };
    }
    flow.marks = marks;
  }

  // ── What the engines ask ──────────────────────────────────────────────────────────────────────────────────────

  enter(engine: Engine, site: number): Promise<Onwards> | undefined {
    const state = this.#state(engine);
    const { thread, flow } = state;
    const depth = state.base + engine.openCalls();
    const changed = this.#complete(thread, depth);
    this.#begin(state, site, depth, changed);
    if (
      this.#startLine !== undefined &&
      thread.root === state.execution &&
      thread.root.parent === undefined
    ) {
      const [target] = jumpTargets(
        flow.compiled,
        { owner: 0, unit: (flow.compiled.sites[site] as Site).unit },
        this.#startLine,
      );
      this.#startLine = undefined;
      if (target !== undefined) {
        engine.jumpTo(target.number);
        return Promise.resolve('on');
      }
    }
    // All of them count this row, whichever stops it.
    const reached = joined(this.#reached(state, site), this.#dataReached(state, changed));
    const stop =
      thread.wanted ??
      reached ??
      (thread.step !== undefined && isDue(thread.step, depth) ? { reason: 'step' as const } : undefined);
    return stop && this.#hold(state, stop);
  }

  failed(
    engine: Engine,
    failure: Failure,
    { repeatable, retries }: { readonly repeatable: boolean; readonly retries: boolean },
  ): Promise<Onwards> | undefined {
    const state = this.#state(engine);
    let isHandled: boolean | undefined;
    const handled = () => {
      isHandled ??= retries || state.flow.facts.isHandled(engine.openSubflows(), failure);
      return isHandled;
    };
    if (!stopsOn(this.#filters, failure, () => !handled())) return undefined;
    state.thread.failure = failure;
    return this.#hold(state, {
      reason: 'exception',
      description: 'Stopped on an error',
      error: {
        code: this.#redactor.text(failure.code),
        message: this.#redactor.text(failure.message),
        nextStep: this.#redactor.text(failure.nextStep),
        isLogic: failure.isLogic,
        isHandled: handled(),
        isRepeatable: repeatable,
      },
    });
  }

  turn(engine: Engine): Promise<Onwards> | undefined {
    const state = this.#state(engine);
    const { wanted } = state.thread;
    // Who jumps or restarts wants to stop before a row.
    return wanted?.reason === 'pause' ? this.#hold(state, wanted) : undefined;
  }

  paused(engine: Engine): void {
    const state = this.#state(engine);
    const { thread } = state;
    if (thread.stop !== undefined) return;
    thread.isHalted = true;
    thread.at = state;
    this.#stopped(thread, { reason: 'pause', description: 'The run was paused' });
  }

  resumed(engine: Engine): void {
    const { thread } = this.#state(engine);
    if (!thread.isHalted) return;
    thread.isHalted = false;
    this.#forget(thread);
    this.#events?.continued(thread.id);
  }

  stopped(engine: Engine): void {
    const state = this.#states.get(engine);
    if (state !== undefined && state.thread.at === state) this.#release(state.thread, 'on');
  }

  ended(engine: Engine): void {
    const state = this.#states.get(engine);
    if (state === undefined) return;
    const { thread } = state;
    this.#complete(thread, state.base + 1);
    this.#states.delete(engine);
    thread.stack = state.outerStack;
    thread.depth = state.base;
    if (thread.root !== state.execution || thread.root.parent === undefined) return;
    this.#threads.delete(thread.id);
    this.#events?.threadEnded(thread.id);
  }

  #state(engine: Engine): EngineState {
    const known = this.#states.get(engine);
    if (known !== undefined) return known;
    const execution = this.#run.executions().find((each) => each.engine === engine) as Execution;
    const outer = execution.parent && this.#state(execution.parent.engine);
    let thread = outer?.thread;
    if (thread === undefined || execution.isBeside) {
      thread = new Thread(this.#threads.size === 0 ? 1 : Math.max(...this.#threads.keys()) + 1, execution);
      this.#threads.set(thread.id, thread);
      if (thread.id > 1) this.#events?.threadStarted(thread.id);
    }
    const isInner = outer !== undefined && outer.thread === thread;
    const state: EngineState = {
      execution,
      flow: this.#known(execution),
      thread,
      base: isInner ? outer.base + (execution.parent as Execution).engine.openCalls() : 0,
      outerStack: isInner ? thread.stack : undefined,
    };
    this.#states.set(engine, state);
    // What the variables hold already, so that it can be shown when stepping back.
    for (const open of engine.openSubflows()) this.#baseline(state, open.owner, open.slots, 0, -1);
    return state;
  }

  #known(execution: Execution): KnownFlow {
    const { compiled, flow } = execution;
    let known = this.#flows.get(compiled);
    if (known === undefined) {
      const info = flowInfo(flow.file);
      known = {
        number: this.#flows.size,
        path: flow.path ?? `${flow.folder}/${flow.name}.robin`,
        name: flow.name,
        compiled,
        facts: new FlowFacts(compiled, flow.file),
        parameters: new Set([...info.inputs, ...info.outputs].map(({ name }) => name.toLowerCase())),
        marks: new Map(),
      };
      this.#flows.set(compiled, known);
      const before = this.#views();
      this.#mark(known);
      this.#views().forEach((view, i) => {
        if (view.verified !== before[i]?.verified) this.#events?.breakpointChanged(view);
      });
    }
    return known;
  }

  #views(): BreakpointView[] {
    return [...[...this.#lineBreakpoints.values()].flat(), ...this.#nameBreakpoints].map(({ view }) => view);
  }

  #reached(state: EngineState, site: number): Stop | undefined {
    const marks = state.flow.marks.get(site);
    if (marks === undefined) return undefined;
    const open = state.execution.engine.innermost();
    const scope = this.#scope(state, open.owner, open);
    const hit: Mark[] = [];
    for (const mark of marks) {
      const reached = mark.breakpoint.reached(scope, this.#inspector);
      if (reached?.kind === 'stop') hit.push(mark);
      else if (reached !== undefined)
        this.#events?.output(reached.text, state.flow.path, (state.flow.compiled.sites[site] as Site).line);
    }
    if (hit.length === 0) return undefined;
    return {
      reason: hit.every(({ isNamed }) => isNamed) ? 'function breakpoint' : 'breakpoint',
      breakpoints: hit.map(({ breakpoint }) => breakpoint.id),
    };
  }

  #dataReached(state: EngineState, changed: readonly Changed[]): Stop | undefined {
    const hit = changed.filter(({ data, site, scope }) => {
      const reached = data.breakpoint.reached(scope, this.#inspector);
      if (reached !== undefined && reached.kind !== 'stop')
        this.#events?.output(reached.text, state.flow.path, data.compiled.sites[site]?.line ?? 0);
      return reached?.kind === 'stop';
    });
    const [first] = hit;
    if (first === undefined) return undefined;
    return {
      reason: 'data breakpoint',
      description: `${first.data.name} was changed by line ${first.data.compiled.sites[first.site]?.line ?? 0}`,
      breakpoints: hit.map(({ data }) => data.breakpoint.id),
    };
  }

  // ── Recording ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** Notes that a statement is about to begin. */
  #begin(state: EngineState, site: number, depth: number, changed: Changed[]): void {
    const { thread, execution, flow } = state;
    const { engine } = execution;
    const own = engine.innermost();
    const isSame =
      depth === thread.depth && thread.stack?.flow === flow.number && thread.stack.owner === own.owner;
    if (!isSame) {
      const caller = thread.begun.at(-1);
      const isCalled = caller !== undefined && caller.state === state && caller.depth === depth - 1;
      const known = isCalled ? undefined : ancestor(thread.stack, thread.depth - depth);
      // A call makes one place more, so that a deep recursion shares what is below.
      if (isCalled && thread.stack !== undefined)
        thread.stack = {
          compiled: flow.compiled,
          flow: flow.number,
          owner: own.owner,
          callSite: caller.step.site,
          parent: caller.step.stack,
        };
      else if (known?.flow === flow.number && known.owner === own.owner) thread.stack = known;
      else thread.stack = this.#stackOf(state);
      if ((isCalled || depth > thread.depth) && flow.compiled.subflows[own.owner]?.local === true)
        this.#baseline(state, own.owner, own, caller?.step.number ?? 0, caller?.step.site ?? -1);
      thread.depth = depth;
    }
    const { loop } = flow.facts.site(site);
    const step = this.#history.step(thread.id, site, thread.stack as StackPlace);
    if (loop !== undefined) this.#note(state, loop.variable, own, step.number - 1, loop.site, changed);
    thread.begun.push({ state, step, depth, own });
  }

  /** Notes what the statements wrote that have ended when one begins at `depth`. */
  #complete(thread: Thread, depth: number): Changed[] {
    const changed: Changed[] = [];
    for (
      let last = thread.begun.at(-1);
      last !== undefined && last.depth >= depth;
      last = thread.begun.at(-1)
    ) {
      thread.begun.pop();
      const { state, step, own } = last;
      for (const written of state.flow.facts.site(step.site).writes)
        this.#note(state, written, own, step.number, step.site, changed);
    }
    return changed;
  }

  #note(
    state: EngineState,
    written: Written,
    own: VariableSlots,
    step: number,
    site: number,
    changed: Changed[],
  ): void {
    const { compiled } = state.flow;
    const slots = written.isShared ? state.execution.engine.program.slots : own;
    const value = slots.peek(written.slot) as Value | undefined;
    if (!this.#history.value(compiled, written.slot, value, written.isSensitive, step, site)) return;
    for (const data of this.#dataBreakpoints) {
      if (data.compiled !== compiled || data.slot !== written.slot) continue;
      const { owner } = compiled.sites[site] as Site;
      changed.push({ data, site, scope: this.#scope(state, owner, own) });
    }
  }

  #baseline(state: EngineState, owner: number, slots: VariableSlots, step: number, site: number): void {
    const { variables, sensitive } = state.flow.compiled.subflows[owner] as CompiledSubflow;
    for (const [name, slot] of variables)
      this.#history.value(
        state.flow.compiled,
        slot,
        slots.peek(slot) as Value | undefined,
        sensitive.has(name),
        step,
        site,
      );
  }

  #stackOf(state: EngineState): StackPlace {
    const { flow, execution, outerStack } = state;
    let place = outerStack;
    let callSite = -1;
    for (const open of execution.engine.openSubflows().reverse()) {
      place = { compiled: flow.compiled, flow: flow.number, owner: open.owner, callSite, parent: place };
      callSite = open.site;
    }
    return place as StackPlace;
  }

  // ── Standing still and going on ───────────────────────────────────────────────────────────────────────────────

  #hold(state: EngineState, stop: Stop): Promise<Onwards> {
    const { thread } = state;
    const held = new Promise<Onwards>((resolve) => {
      thread.onwards = resolve;
    });
    thread.at = state;
    this.#stopped(thread, stop);
    return held;
  }

  #stopped(thread: Thread, stop: Stop): void {
    thread.wanted = undefined;
    thread.step = undefined;
    thread.stop = stop;
    this.#events?.stopped(thread.id, stop);
  }

  #release(thread: Thread, how: Onwards): void {
    const { onwards, isHalted } = thread;
    this.#forget(thread);
    thread.isHalted = false;
    onwards?.(how);
    if (isHalted) this.#run.resume();
  }

  #forget(thread: Thread): void {
    thread.stop = undefined;
    thread.at = undefined;
    thread.onwards = undefined;
    thread.past = undefined;
    thread.frames = undefined;
    thread.failure = undefined;
  }

  threads(): { readonly id: number; readonly name: string }[] {
    return [...this.#threads.values()].map(({ id, root }) => ({ id, name: root.flow.name }));
  }

  /** The threads that stand still. */
  stops(): { readonly thread: number; readonly stop: Stop }[] {
    return [...this.#threads.values()].flatMap(({ id, stop }) => (stop ? [{ thread: id, stop }] : []));
  }

  stopOf(thread: number): Stop | undefined {
    return this.#threads.get(thread)?.stop;
  }

  /** Stops as soon as the row that is being carried out has ended. */
  pause(thread: number): void {
    const found = this.#thread(thread);
    if (found.stop === undefined) found.wanted = { reason: 'pause', description: 'Paused' };
    for (const { execution } of this.#states.values()) execution.engine.wake();
  }

  /** From the present on, whatever recorded step is shown. Throws DebugError `NotStopped`, as all that follow. */
  go(thread: number): void {
    this.#release(this.#standing(thread), 'on');
  }

  /** In the past: one recorded step forward, whatever kind. */
  step(thread: number, kind: StepKind): void {
    const found = this.#standing(thread);
    if (found.past !== undefined) {
      const next = this.#history.beside(found.past, found.id, 1);
      this.#show(found, next === undefined || next.number >= this.#present(found) ? undefined : next);
      return;
    }
    const state = found.at as EngineState;
    found.step = { kind, depth: state.base + state.execution.engine.openCalls() };
    this.#release(found, 'on');
  }

  /** Stopped on an error: does the row again. Throws DebugError `NotOnError`, `NotRepeatable`. */
  repeat(thread: number): void {
    const found = this.#standing(thread);
    this.#repeatable(found);
    this.#release(found, 'again');
  }

  /** Leaves out the row and stops behind it. Throws DebugError `NotRepeatable`, `JumpImpossible`. */
  skip(thread: number): void {
    const found = this.#standing(thread);
    const state = found.at as EngineState;
    const { engine, compiled } = state.execution;
    const depth = state.base + engine.openCalls();
    const step = { kind: 'over', depth } as const;
    if (found.stop?.error !== undefined) {
      this.#repeatable(found);
      found.step = step;
      this.#release(found, 'skip');
      return;
    }
    const site = compiled.sites[engine.openSubflows()[0]?.site ?? -1];
    if (site?.jump === undefined || found.isHalted) throw noJump(compiled, site?.line ?? 0);
    engine.jumpTo(site.jump.behind);
    found.step = step;
    this.#release(found, 'on');
  }

  #repeatable(thread: Thread): void {
    if (thread.stop?.error === undefined) {
      throw new DebugError(
        'NotOnError',
        'The run does not stand on an error.',
        'To carry out a row again, jump to it.',
      );
    }
    if (!thread.stop.error.isRepeatable) {
      throw new DebugError(
        'NotRepeatable',
        'In a loop that only computes, a row can neither be repeated nor left out in a run that was not started in the debugger.',
        'Start the run again in the debugger.',
      );
    }
  }

  /** Begins the subflow of a frame again, with its inputs computed anew; variables of Main and global subflows stay as they are. */
  restart(frame: Frame): void {
    const { state, open } = this.#live(frame);
    if (!frame.canRestart) {
      throw new DebugError(
        'RestartImpossible',
        'A flow that waits for another one cannot begin again.',
        'Restart a frame of the innermost flow.',
      );
    }
    const thread = this.#standing(frame.thread);
    thread.wanted = { reason: 'restart' };
    this.#release(thread, new Restart(state.execution.engine, open.depth));
  }

  /** The rows of a line that the innermost frame of a thread can go on at. Throws DebugError `JumpImpossible`. */
  jumpTargets(thread: number, path: string, line: number): JumpTarget[] {
    const { at } = this.#standing(thread);
    const { execution, flow } = at as EngineState;
    const here = execution.compiled.sites[execution.engine.openSubflows()[0]?.site ?? -1];
    if (execution.compiled.targets.size === 0) throw noJump(execution.compiled, line);
    if (here === undefined || samePath(path) !== samePath(flow.path)) return [];
    return jumpTargets(execution.compiled, here, line);
  }

  /** Goes on at another row, and stops there. */
  jump(thread: number, target: JumpTarget): void {
    const found = this.#standing(thread);
    const { execution } = found.at as EngineState;
    const canSkip = found.stop?.error === undefined || found.stop.error.isRepeatable;
    if (found.isHalted || !canSkip) throw noJump(execution.compiled, target.line);
    const isOnError = found.stop?.error !== undefined;
    execution.engine.jumpTo(target.number);
    found.wanted = { reason: 'goto' };
    this.#release(found, isOnError ? 'skip' : 'on');
  }

  #thread(id: number): Thread {
    const thread = this.#threads.get(id);
    if (thread === undefined)
      throw new DebugError('ThreadUnknown', `There is no thread ${id}.`, 'Ask for the threads again.');
    return thread;
  }

  #standing(id: number): Thread {
    const thread = this.#thread(id);
    if (thread.stop === undefined)
      throw new DebugError('NotStopped', 'The run does not stand still.', 'Pause it first.');
    return thread;
  }

  // ── The past ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Shows the step before the one that is shown. Throws DebugError `NoFurtherBack`. Tells through `output` what is not undone. */
  stepBack(thread: number): void {
    const found = this.#standing(thread);
    const earlier = this.#history.beside(found.past ?? this.#present(found), found.id, -1);
    if (earlier === undefined) throw noFurtherBack();
    this.#tellEffects(earlier);
    this.#show(found, earlier);
  }

  /** Shows the last earlier step that a breakpoint stands on, else the oldest one that is kept. */
  reverse(thread: number): void {
    const found = this.#standing(thread);
    let shown: Step | undefined;
    for (
      let step = this.#history.beside(found.past ?? this.#present(found), found.id, -1);
      step !== undefined;
      step = this.#history.beside(step.number, found.id, -1)
    ) {
      shown = step;
      if (this.#flows.get(step.stack.compiled)?.marks.has(step.site)) break;
    }
    if (shown === undefined) throw noFurtherBack();
    this.#show(found, shown);
  }

  /** The step before which the thread stands, or the one that failed. */
  #present(thread: Thread): number {
    return thread.begun.at(-1)?.step.number ?? this.#history.last + 1;
  }

  #tellEffects({ site: index, stack }: Step): void {
    const site = stack.compiled.sites[index];
    if (site === undefined || !site.reported) return;
    this.#events?.output(
      `Stepped back over ${site.action} in line ${site.line}: what it did is not undone.`,
      this.#flows.get(stack.compiled)?.path ?? '',
      site.line,
    );
  }

  #show(thread: Thread, step: Step | undefined): void {
    thread.past = step?.number;
    thread.frames = undefined;
    if (step === undefined) {
      // Where it stands on an error, it still does.
      this.#events?.stopped(thread.id, { ...(thread.stop as Stop), description: 'Back in the present' });
      return;
    }
    const back = this.#present(thread) - step.number;
    this.#events?.stopped(thread.id, {
      reason: 'step',
      description: `As it was ${back} ${back === 1 ? 'row' : 'rows'} before`,
    });
  }

  // ── Frames and variables ──────────────────────────────────────────────────────────────────────────────────────

  /** Innermost first. Empty while the thread runs. */
  frames(thread: number): readonly Frame[] {
    const found = this.#thread(thread);
    if (found.stop === undefined) return [];
    found.frames ??= found.past === undefined ? this.#liveFrames(found) : this.#pastFrames(found, found.past);
    return found.frames;
  }

  #liveFrames(thread: Thread): LiveFrame[] {
    const frames: LiveFrame[] = [];
    let execution: Execution | undefined = thread.at?.execution;
    for (let isInnermost = true; execution !== undefined; isInnermost = false) {
      const state = this.#state(execution.engine);
      if (state.thread !== thread) break;
      for (const open of execution.engine.openSubflows()) {
        const site = execution.compiled.sites[open.site];
        frames.push({
          kind: 'live',
          thread: thread.id,
          subflow: execution.compiled.subflows[open.owner]?.name ?? '',
          flow: state.flow.name,
          path: state.flow.path,
          line: site?.line ?? 0,
          action: site?.action ?? '',
          canRestart: isInnermost && !thread.isHalted,
          state,
          open,
          scope: this.#scope(state, open.owner, open.slots),
        });
      }
      execution = execution.parent;
    }
    return frames;
  }

  #pastFrames(thread: Thread, number: number): PastFrame[] {
    const step = this.#history.at(number);
    const frames: PastFrame[] = [];
    let index = step?.site ?? -1;
    for (let place = step?.stack; place !== undefined; place = place.parent) {
      const known = this.#flows.get(place.compiled);
      const site = place.compiled.sites[index];
      frames.push({
        kind: 'past',
        thread: thread.id,
        subflow: place.compiled.subflows[place.owner]?.name ?? '',
        flow: known?.name ?? '',
        path: known?.path ?? '',
        line: site?.line ?? 0,
        action: site?.action ?? '',
        canRestart: false,
        place,
        step: number,
      });
      index =
        place.callSite === -1
          ? place.parent === undefined
            ? -1
            : this.#runSite(place.parent, number)
          : place.callSite;
    }
    return frames;
  }

  /** The last row that an outer flow had begun: the one that runs the inner flow. */
  #runSite(place: StackPlace, before: number): number {
    for (let number = before; ; number--) {
      const step = this.#history.at(number);
      if (step === undefined) return -1;
      if (step.stack === place) return step.site;
    }
  }

  #scope(state: EngineState, owner: number, slots: VariableSlots): VariableScope {
    const { compiled, engine } = state.execution;
    const shared = compiled.subflows[0] as CompiledSubflow;
    return new VariableScope(
      compiled.subflows[owner] as CompiledSubflow,
      slots,
      shared,
      engine.program.slots,
    );
  }

  #live(frame: Frame): LiveFrame {
    const found = frame as LiveFrame | PastFrame;
    if (found.kind === 'past') {
      throw new DebugError(
        'OnlyThePast',
        'This shows what was: it can only be looked at.',
        'Continue to return to the present.',
      );
    }
    if (!this.#threads.get(frame.thread)?.frames?.includes(found))
      throw new DebugError('NotStopped', 'The run has gone on since.', 'Ask for the frames again.');
    return found;
  }

  /** The variables of a frame in groups. */
  scopes(frame: Frame): Scope[] {
    const found = frame as LiveFrame | PastFrame;
    const compiled = found.kind === 'past' ? found.place.compiled : found.state.flow.compiled;
    const owner = compiled.subflows[
      found.kind === 'past' ? found.place.owner : found.open.owner
    ] as CompiledSubflow;
    const shared = compiled.subflows[0] as CompiledSubflow;
    const known = this.#flows.get(compiled) as KnownFlow;
    const list = (subflow: CompiledSubflow, wanted: (name: string) => boolean): Variable[] =>
      [...subflow.variables]
        .filter(([name]) => wanted(name))
        .map(([, slot]) => this.#variable(found, subflow, slot, owner.local && !subflow.local));
    const isParameter = (name: string) => known.parameters.has(name);
    const scopes: Scope[] = [];
    if (owner.local)
      scopes.push({
        name: `Subflow ${owner.name}`,
        kind: 'subflow',
        variables: () => list(owner, () => true),
      });
    if (known.parameters.size > 0)
      scopes.push({
        name: 'Inputs and outputs',
        kind: 'inputsAndOutputs',
        variables: () => list(shared, isParameter),
      });
    if ([...shared.variables.keys()].some((name) => !isParameter(name)))
      scopes.push({
        name: 'Variables',
        kind: 'variables',
        variables: () => list(shared, (name) => !isParameter(name)),
      });
    if (found.kind === 'live') {
      const failure = found.state.execution.engine.failure;
      if (failure !== undefined)
        scopes.push({ name: 'Last error', kind: 'error', variables: () => this.#error(failure, compiled) });
    }
    return scopes;
  }

  #variable(
    frame: LiveFrame | PastFrame,
    subflow: CompiledSubflow,
    slot: number,
    isGlobal: boolean,
  ): Variable {
    const compiled = frame.kind === 'past' ? frame.place.compiled : frame.state.flow.compiled;
    const name = compiled.slots[slot] as string;
    const isSensitive = subflow.sensitive.has(name.toLowerCase());
    const expression = isGlobal ? `GLOBAL.${name}` : name;
    if (frame.kind === 'past') {
      const past = this.#history.before(compiled, slot, frame.step);
      return { name, line: this.#pastLine(past?.text, isSensitive), type: '', expression, canBeSet: false };
    }
    const slots = subflow.local ? frame.open.slots : frame.state.execution.engine.program.slots;
    const value = slots.peek(slot) as Value | undefined;
    const canBeSet = true;
    if (value === undefined) return { name, line: noValue, type: '', expression, canBeSet };
    const type = this.#inspector.type(value);
    if (isSensitive) return { name, line: mask, type, expression, canBeSet };
    return { name, line: this.#inspector.line(value), type, value, expression, canBeSet };
  }

  #pastLine(text: string | undefined, isSensitive: boolean): string {
    if (text === undefined) return noValue;
    return isSensitive ? mask : this.#redactor.text(text);
  }

  #error(failure: Failure, compiled: CompiledFlow): Variable[] {
    const site = compiled.sites[failure.site];
    const part = (name: string, text: string): Variable => ({
      name,
      line: this.#inspector.line(text),
      type: 'Text',
      canBeSet: false,
    });
    return [
      part('Code', failure.code),
      part('Message', failure.message),
      part('Next step', failure.nextStep),
      part('Subflow', site?.subflow ?? ''),
      part('Action', site?.action ?? ''),
      { name: 'Line', line: `${site?.line ?? 0}`, type: 'Number', canBeSet: false },
    ];
  }

  /**
   * Evaluates what a person typed. `SET variable TO expression` changes the variable where that is allowed. Throws DebugError, or the
   * LogicError of the expression.
   */
  evaluate(frame: Frame, text: string, allowed: 'read' | 'write'): Variable {
    const found = frame as LiveFrame | PastFrame;
    if (found.kind === 'past') return this.#evaluatePast(found, text);
    const live = this.#live(frame);
    const assignment = allowed === 'write' ? readAssignment(text) : undefined;
    if (assignment !== undefined) return this.#assign(live, assignment.target, assignment.value);
    const expression = readExpression(text);
    const { scope } = live;
    const root = rootVariable(expression);
    const canBeSet = root !== undefined && scope.slotOf(root.name, root.global) !== undefined;
    if (scope.tellsSecret(expression)) return { name: text, line: mask, type: '', canBeSet };
    const value = evaluated(scope, expression);
    return {
      name: text,
      line: this.#inspector.line(value),
      type: this.#inspector.type(value),
      value,
      canBeSet,
      ...(canBeSet && { expression: text.trim() }),
    };
  }

  #evaluatePast(frame: PastFrame, text: string): Variable {
    const expression = readExpression(text);
    const root =
      expression.kind === 'Name' || expression.kind === 'Member' ? rootVariable(expression) : undefined;
    const { compiled } = frame.place;
    const owner = compiled.subflows[root?.global ? 0 : frame.place.owner] as CompiledSubflow;
    const slot = root && owner.variables.get(root.name.toLowerCase());
    const isWhole = expression.kind === 'Name' || root?.global === true;
    if (slot === undefined || !isWhole) {
      throw new DebugError(
        'OnlyThePast',
        'Of the past, only whole variables are known.',
        'Continue to return to the present.',
      );
    }
    return this.#variable(frame, owner, slot, root?.global === true);
  }

  /** Stores the value of one expression where another one says. Throws as `evaluate`, and DebugError `SecretWouldShow`. */
  set(frame: Frame, target: string, value: string): Variable {
    return this.#assign(this.#live(frame), readExpression(target), readExpression(value));
  }

  #assign(
    { scope, state }: LiveFrame,
    target: Parameters<VariableScope['assign']>[0],
    expression: Parameters<VariableScope['evaluate']>[0],
  ): Variable {
    const root = rootVariable(target);
    if (root === undefined || scope.slotOf(root.name, root.global) === undefined) {
      throw new DebugError(
        'VariableUnknown',
        'There is no such variable in this place.',
        'Only variables that the flow mentions, and what is inside them, can be set.',
      );
    }
    const isSensitive = scope.isSensitive(root.name, root.global);
    if (!isSensitive && scope.tellsSecret(expression)) {
      throw new DebugError(
        'SecretWouldShow',
        `A value that depends on a sensitive variable cannot be stored in '${root.name}', which is not sensitive.`,
        'Store it in a sensitive variable.',
      );
    }
    const value = evaluated(scope, expression);
    if (isSensitive) eachText(value, (text) => this.#redactor.addGiven(text));
    scope.assign(target, value);
    const slot = scope.slotOf(root.name, root.global) as number;
    const owner = root.global ? scope.shared : scope.own;
    const slots = root.global ? scope.sharedSlots : scope.slots;
    const current = this.#threads.get(state.thread.id)?.begun.at(-1)?.step;
    this.#history.value(
      state.flow.compiled,
      slot,
      slots.peek(slot) as Value | undefined,
      owner.sensitive.has(root.name.toLowerCase()),
      current === undefined ? 0 : current.number - 1,
      current?.site ?? -1,
    );
    const type = this.#inspector.type(value);
    if (isSensitive) return { name: root.name, line: mask, type, canBeSet: true };
    return { name: root.name, line: this.#inspector.line(value), type, value, canBeSet: true };
  }

  /** What a variable was, oldest first, at most `count` entries. Throws DebugError `VariableUnknown`. */
  valueHistory(
    frame: Frame,
    name: string,
    count: number,
  ): { readonly name: string; readonly entries: HistoryEntry[]; readonly omitted: number } {
    const found = frame as LiveFrame | PastFrame;
    const compiled = found.kind === 'past' ? found.place.compiled : found.state.flow.compiled;
    const owner = found.kind === 'past' ? found.place.owner : found.open.owner;
    const root = rootVariable(readExpression(name));
    const subflow = compiled.subflows[root?.global ? 0 : owner] as CompiledSubflow;
    const slot = root && subflow.variables.get(root.name.toLowerCase());
    if (root === undefined || slot === undefined)
      throw new DebugError(
        'VariableUnknown',
        'There is no such variable in this place.',
        'Name a variable of this subflow, or GLOBAL.name.',
      );
    const isSensitive = subflow.sensitive.has(root.name.toLowerCase());
    const { values, omitted } = this.#history.values(compiled, slot);
    const shown = values.slice(-Math.max(0, count));
    return {
      name: compiled.slots[slot] as string,
      entries: shown.map(({ step, site: index, text }) => {
        const site = compiled.sites[index];
        return {
          step,
          line: site?.line ?? 0,
          subflow: site?.subflow ?? '',
          action: site?.action ?? '',
          value: this.#pastLine(text, isSensitive),
        };
      }),
      omitted: omitted + values.length - shown.length,
    };
  }

  /** Names that can be typed in a place, in order: its own variables, then `GLOBAL.` ones of others. */
  names(frame: Frame): string[] {
    const { scope, state } = this.#live(frame);
    const spelled = (slot: number) => state.flow.compiled.slots[slot] as string;
    const own = [...scope.own.variables.values()].map(spelled);
    return scope.own.local
      ? [...own, ...[...scope.shared.variables.values()].map((slot) => `GLOBAL.${spelled(slot)}`)]
      : own;
  }

  /** The flows of the run that have begun. */
  flows(): { readonly name: string; readonly path: string }[] {
    return [...this.#flows.values()].map(({ name, path }) => ({ name, path }));
  }
}

const noValue = '(no value yet)';

/** The place that many calls further out. */
function ancestor(place: StackPlace | undefined, levels: number): StackPlace | undefined {
  let found = levels < 0 ? undefined : place;
  for (let i = 0; i < levels; i++) found = found?.parent;
  return found;
}

/** One stop for a breakpoint on the row and one on what the row before changed. */
function joined(row: Stop | undefined, data: Stop | undefined): Stop | undefined {
  if (row === undefined || data === undefined) return row ?? data;
  return {
    ...data,
    ...row,
    reason: 'breakpoint',
    breakpoints: [...(row.breakpoints ?? []), ...(data.breakpoints ?? [])],
  };
}

function isDue(
  { kind, depth: from }: { readonly kind: StepKind; readonly depth: number },
  depth: number,
): boolean {
  return kind === 'into' || (kind === 'over' ? depth <= from : depth < from);
}

/** Statements on a line in the list of a place and those around it. */
function jumpTargets(compiled: CompiledFlow, from: Pick<Site, 'owner' | 'unit'>, line: number): JumpTarget[] {
  const units = new Set<number>();
  for (let unit: number | undefined = from.unit; unit !== undefined; unit = compiled.units.get(unit))
    units.add(unit);
  const seen = new Set<number>();
  return [...compiled.sites, ...compiled.blocks].flatMap(({ action, jump, owner, statement, unit }) => {
    if (statement.line !== line - 1 || owner !== from.owner || jump === undefined) return [];
    if (!units.has(unit) || seen.has(jump.to)) return [];
    seen.add(jump.to);
    return [{ line, label: action, number: jump.to }];
  });
}

function noJump({ targets }: CompiledFlow, line: number): DebugError {
  return targets.size === 0
    ? new DebugError(
        'JumpImpossible',
        'This run was not started in the debugger: it cannot go on at another row.',
        'Start the run again in the debugger to jump.',
      )
    : new DebugError(
        'JumpImpossible',
        `The run cannot go on at line ${line} from here.`,
        'Choose a row of the same subflow that does not stand inside a loop, an error block or error rules you are not in.',
      );
}

function noFurtherBack(): DebugError {
  return new DebugError(
    'NoFurtherBack',
    'Nothing earlier was recorded.',
    'Recording begins when the debugger attaches, and keeps the last rows only.',
  );
}

/** Throws DebugError `VariableUnknown`, or the LogicError of the expression. */
function evaluated(scope: VariableScope, expression: Expression): Value {
  const missing = scope.missing(expression);
  if (missing !== undefined)
    throw new DebugError('VariableUnknown', missing, 'Texts stand in quotes; names are those of the flow.');
  return scope.evaluate(expression);
}

/** Only what is known without running: for conditions of breakpoints. */
function staticScope(
  compiled: CompiledFlow,
  own: CompiledSubflow,
): Pick<VariableScope, 'tellsSecret' | 'missing'> {
  const none: VariableSlots = { peek: () => undefined, poke: () => {} };
  return new VariableScope(own, none, compiled.subflows[0] as CompiledSubflow, none);
}

/** Paths as they compare: separators alike, letter case ignored where it starts with a drive. */
function samePath(path: string): string {
  const slashes = path.replaceAll('\\', '/');
  return /^\/?[a-z]:\//i.test(slashes) ? slashes.replace(/^\//, '').toLowerCase() : slashes;
}

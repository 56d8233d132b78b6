// The executions of one run: of the flow that was started, and of the flows that it and they run with External.RunFlow, each with an
// engine of its own under the one that called it. All stop and pause together, and share their secrets and what they opened.
import type { Redactor } from '../base/redact.ts';
import type { Shell } from '../desktop/shell.ts';
import { checkInputs, type FlowInfo, type FlowParameterInfo, flowInfo } from '../language/analysis/flow.ts';
import { type Sensitivity, sensitivity } from '../language/analysis/sensitivity.ts';
import type { FlowFile } from '../language/syntax/tree.ts';
import { type ActionArguments, type ActionContext, type ActionDefinition, ActionError } from './action.ts';
import type { CompiledFlow } from './compile.ts';
import {
  describe,
  eachText,
  fromHostValue,
  isNumeric,
  toBoolean,
  toDatetime,
  toNumeric,
  toText,
} from './convert.ts';
import type { Repositories } from './elements.ts';
import { Canceled, type DebugHook, Engine, Exit, type RunControl } from './engine.ts';
import { LogicError } from './errors.ts';
import type { Host, LineSnapshot, RunObserver, RunPlace } from './host.ts';
import { copy } from './operations.ts';
import { CustomObject, Datatable, type Value } from './values.ts';
import type { WorkQueues } from './workQueues.ts';

/** A flow that can be run, with what stands beside it. */
export interface RunnableFlow {
  /** File name without ending. */
  readonly name: string;
  /** Folder of the flow file, absolute; relative paths of the flow start there. */
  readonly folder: string;
  /** Its file as a debugger shows it. */
  readonly path?: string | undefined;
  readonly file: FlowFile;
  readonly repositories: Repositories;
}

/** One execution of a flow. */
export interface Execution {
  readonly flow: RunnableFlow;
  readonly compiled: CompiledFlow;
  readonly engine: Engine;
  /** The execution that runs it; undefined for the flow that was started. */
  readonly parent: Execution | undefined;
  /** Its parent does not wait for it. */
  readonly isBeside: boolean;
}

/** How an execution ended; texts are redacted. */
export interface Ending {
  readonly outcome: 'Succeeded' | 'Failed' | 'Canceled';
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly nextStep: string;
    /** 1-based; 0 when it ended before its first statement. */
    readonly line: number;
    readonly subflow: string;
    readonly action: string;
  };
}

export interface FlowTreeOptions {
  readonly compile: (flow: RunnableFlow, secrets: Sensitivity) => CompiledFlow;
  /** The flow that a FlowId (any letter case) means. */
  readonly flows: (id: string) => RunnableFlow | undefined;
  readonly actions: ReadonlyMap<string, ActionDefinition>;
  readonly host: Host;
  readonly observer: RunObserver;
  readonly redactor: Redactor;
  readonly workQueues?: WorkQueues | undefined;
  readonly desktop: ActionContext['desktop'];
  readonly shell?: Shell | undefined;
  /** Told of each execution before its first statement. */
  readonly began?: ((execution: Execution) => void) | undefined;
}

/** A flow made ready to run. */
interface Prepared {
  readonly compiled: CompiledFlow;
  readonly info: FlowInfo;
  /** Lower-cased names of the sensitive variables that Main sees. */
  readonly sensitive: ReadonlySet<string>;
}

/** What an execution has told of its lines, and what earlier executions of the same flow had reached. */
interface LineTotals {
  readonly earlier: Map<string, { readonly count: number; readonly ms: number }>;
  readonly now: Map<string, LineSnapshot>;
  /** Lines of executions that have ended and were not told since. */
  readonly untold: Map<string, LineSnapshot>;
}

/** The product's documentation lets the flow that was started run one other flow beside it (docs: run desktop flow). */
const mostParallel = 1;

export class FlowTree {
  readonly #options: FlowTreeOptions;
  readonly #prepared = new Map<RunnableFlow, Map<string, Prepared>>();
  /** Those that have not ended, in the order in which they began. */
  readonly #executions = new Set<Execution>();
  readonly #parallel = new Map<Execution, Promise<unknown>>();
  readonly #lines = new Map<RunnableFlow, LineTotals>();
  readonly #control: RunControl;
  #paused = false;

  constructor(options: FlowTreeOptions) {
    this.#options = options;
    this.#control = {
      safeStopRequested: false,
      owned: new Set(),
      workQueues: options.workQueues,
      desktop: options.desktop,
      shell: options.shell,
    };
  }

  /** Makes an execution of the flow that was started; `variables` are then set in it, and `run` runs it. */
  start(flow: RunnableFlow): Execution {
    return this.#begin(flow, this.prepared(flow), undefined);
  }

  /** The executions that have not ended, in the order in which they began. */
  executions(): readonly Execution[] {
    return [...this.#executions];
  }

  stop(reason: string): void {
    for (const { engine } of this.#executions) engine.stop(reason);
  }

  pause(): void {
    this.#paused = true;
    for (const { engine } of this.#executions) engine.pause();
  }

  resume(): void {
    this.#paused = false;
    for (const { engine } of this.#executions) engine.resume();
  }

  /** Lets a debugger watch all executions, or no longer. */
  watch(hook: DebugHook | undefined): void {
    this.#control.debug = hook;
    for (const { engine } of this.#executions) engine.wake();
  }

  requestSafeStop(): void {
    this.#control.safeStopRequested = true;
  }

  /** Where the run is: in the flow that others wait for. */
  position(): RunPlace | undefined {
    let found: RunPlace | undefined;
    for (const execution of this.#executions) {
      if (!this.#isBeside(execution)) found = execution.engine.position() ?? found;
    }
    return found;
  }

  /** Lines whose status changed since the last call, of the flow that was started and then of the others. */
  changedLines(root: Execution): LineSnapshot[] {
    const changed = root.engine.changedLines();
    for (const execution of this.#executions) if (execution.parent !== undefined) this.#readLines(execution);
    for (const { untold } of this.#lines.values()) {
      changed.push(...untold.values());
      untold.clear();
    }
    return changed;
  }

  /** The flow compiled, with what is known about it. `tainted`: lower-cased names of inputs that hold a secret. */
  prepared(flow: RunnableFlow, tainted: readonly string[] = []): Prepared {
    let forms = this.#prepared.get(flow);
    if (forms === undefined) {
      forms = new Map();
      this.#prepared.set(flow, forms);
    }
    const key = tainted.join('\n');
    let prepared = forms.get(key);
    if (prepared === undefined) {
      const secrets = sensitivity(flow.file, {
        also: tainted,
        called: (id) => this.#secretOutputs(id, flow),
      });
      prepared = {
        compiled: this.#options.compile(flow, secrets),
        info: flowInfo(flow.file),
        sensitive: secrets.names(),
      };
      forms.set(key, prepared);
    }
    return prepared;
  }

  /** Names of the outputs of a flow that hold secrets whatever is given to it. A flow that runs itself never runs. */
  #secretOutputs(id: string, caller: RunnableFlow): ReadonlySet<string> {
    const flow = this.#options.flows(id);
    if (flow === undefined || flow === caller) return new Set();
    const { info, sensitive } = this.prepared(flow);
    return new Set(
      info.outputs
        .filter(({ name }) => sensitive.has(name.toLowerCase()))
        .flatMap(({ name, externalName }) => [name.toLowerCase(), externalName.toLowerCase()]),
    );
  }

  #begin(
    flow: RunnableFlow,
    { compiled }: Prepared,
    parent: Execution | undefined,
    isBeside = false,
  ): Execution {
    const { actions, host, observer, redactor, began } = this.#options;
    const engine: Engine = new Engine({
      compiled,
      flow: parent === undefined ? undefined : flow.name,
      control: this.#control,
      runFlow: (id, inputs, wait) => this.#runFlow(id, inputs, wait, execution),
      actions,
      folder: flow.folder,
      repositories: flow.repositories,
      host,
      observer,
      redactor,
    });
    const execution: Execution = { flow, compiled, engine, parent, isBeside };
    this.#executions.add(execution);
    if (this.#paused) engine.pause();
    began?.(execution);
    return execution;
  }

  /** Runs an execution to its end. Never rejects. The flows beside it are stopped when it ends. */
  async run(execution: Execution): Promise<Ending> {
    const ending = await carryOut(execution.engine, this.#options.redactor);
    this.#control.debug?.ended(execution.engine);
    for (const [other, ended] of this.#parallel) {
      if (other.parent !== execution) continue;
      other.engine.stop('The flow that runs this one has ended.');
      await ended;
    }
    // Where the flow that was started has ended can still be asked.
    if (execution.parent !== undefined) {
      this.#executions.delete(execution);
      this.#keepLines(execution);
    }
    return ending;
  }

  async #runFlow(
    id: string,
    given: ActionArguments['dynamic'],
    wait: boolean,
    parent: Execution,
  ): Promise<Record<string, Value>> {
    const flow = this.#options.flows(id);
    if (flow === undefined) {
      throw new ActionError(
        'RunDesktopFlowError',
        `The flow with the id ${id} is not among those that were taken along with this run.`,
        'FlowId has to be a fixed text: the flows of a run are gathered before it starts.',
      );
    }
    for (let above: Execution | undefined = parent; above !== undefined; above = above.parent) {
      if (above.flow === flow) throw recursion(flow.name);
    }
    if (!wait) this.#refuseParallel(flow, parent);
    const { redactor } = this.#options;
    const info = this.prepared(flow).info;
    const inputs = fittedInputs(info, flow.name, given);
    const tainted = info.inputs
      .filter((_, index) => isSecret(inputs[index] as Value, redactor))
      .map(({ name }) => name.toLowerCase())
      .sort();
    const prepared = this.prepared(flow, tainted);
    const execution = this.#begin(flow, prepared, parent, !wait);
    info.inputs.forEach(({ name }, index) => {
      const value = inputs[index] as Value;
      execution.engine.program.set(name.toLowerCase(), value);
      if (prepared.sensitive.has(name.toLowerCase())) eachText(value, (text) => redactor.addGiven(text));
    });
    const ended = this.run(execution);
    if (wait) return this.#outputsOf(execution, prepared, await ended);
    const beside = ended.then(({ outcome, error }) => {
      this.#parallel.delete(execution);
      if (outcome === 'Failed')
        this.#options.host.log('error', failureText(flow.name, error), execution.engine.position());
    });
    this.#parallel.set(execution, beside);
    return {};
  }

  #refuseParallel(flow: RunnableFlow, parent: Execution): void {
    if (parent.parent !== undefined) {
      throw new ActionError(
        'RunDesktopFlowError',
        `"${parent.flow.name}" cannot run "${flow.name}" beside itself: only the flow that was started may.`,
        'Wait for its end (WaitToComplete: True).',
      );
    }
    if (this.#parallel.size >= mostParallel) {
      throw new ActionError(
        'RunDesktopFlowError',
        `"${flow.name}" cannot run now: another flow runs beside this one already, and only one may.`,
        'Wait for its end (WaitToComplete: True), or start it after the other one has ended.',
      );
    }
  }

  #outputsOf(
    { flow, engine }: Execution,
    { info, sensitive }: Prepared,
    { outcome, error }: Ending,
  ): Record<string, Value> {
    if (outcome === 'Canceled') throw new Canceled(engine.canceled);
    if (outcome === 'Failed') {
      throw new ActionError(
        'RunDesktopFlowError',
        failureText(flow.name, error),
        error?.nextStep || 'See where the flow that was run failed.',
      );
    }
    const outputs: Record<string, Value> = {};
    for (const { name, externalName } of info.outputs) {
      const value = (engine.program.get(name.toLowerCase()) ?? null) as Value;
      if (sensitive.has(name.toLowerCase())) eachText(value, (text) => this.#options.redactor.add(text));
      outputs[externalName] ??= value;
      outputs[name] = value;
    }
    return outputs;
  }

  // ── Lines ─────────────────────────────────────────────────────────────────────────────────────────────────────
  // A flow that runs many times has one status per line, cumulative like that of a loop.

  #isBeside(execution: Execution): boolean {
    for (let each: Execution | undefined = execution; each !== undefined; each = each.parent)
      if (this.#parallel.has(each)) return true;
    return false;
  }

  #readLines({ flow, engine }: Execution): void {
    let totals = this.#lines.get(flow);
    if (totals === undefined) {
      totals = { earlier: new Map(), now: new Map(), untold: new Map() };
      this.#lines.set(flow, totals);
    }
    for (const line of engine.changedLines()) {
      const key = `${line.subflow}\n${line.line}`;
      const before = totals.earlier.get(key);
      const total = before ? { ...line, count: before.count + line.count, ms: before.ms + line.ms } : line;
      totals.now.set(key, total);
      totals.untold.set(key, total);
    }
  }

  #keepLines(execution: Execution): void {
    this.#readLines(execution);
    const { earlier, now } = this.#lines.get(execution.flow) as LineTotals;
    for (const [key, { count, ms }] of now) earlier.set(key, { count, ms });
    now.clear();
  }
}

// ── Inputs of a flow that another one runs ──────────────────────────────────────────────────────────────────────

/** The values of all inputs in order. Throws `InvalidArgument`. */
function fittedInputs(info: FlowInfo, flow: string, given: ActionArguments['dynamic']): Value[] {
  const unknown = given.find(({ name }) => !info.inputs.some((input) => isNamed(input, name)));
  if (unknown !== undefined) {
    const names = info.inputs.map(({ externalName }) => `"${externalName}"`).join(', ');
    throw new ActionError(
      'InvalidArgument',
      `The flow "${flow}" has no input "${unknown.name}".`,
      names === '' ? 'Leave it out: the flow takes no inputs.' : `Its inputs are ${names}.`,
    );
  }
  return info.inputs.map((input) => {
    const value = given.find(({ name }) => isNamed(input, name))?.value ?? null;
    if (value === null || (value === '' && input.type !== 'Text')) return withoutValue(info, input, flow);
    try {
      return fitted(value, input.type);
    } catch (error) {
      if (!(error instanceof LogicError)) throw error;
      throw new ActionError(
        'InvalidArgument',
        `${describe(value)} cannot be used for the input "${input.externalName}" of the flow "${flow}", which expects a value of type ${input.type}.`,
        'Look at where the value comes from, and convert it first.',
        { cause: error },
      );
    }
  });
}

const isNamed = ({ name, externalName }: FlowParameterInfo, wanted: string): boolean =>
  [name, externalName].some((each) => each.toLowerCase() === wanted.toLowerCase());

/** Its default, or blank where it is optional. */
function withoutValue(info: FlowInfo, input: FlowParameterInfo, flow: string): Value {
  const checked = checkInputs({ ...info, inputs: [input] }, {});
  if (checked.ok) return fromHostValue(checked.values[input.externalName] ?? null);
  throw new ActionError(
    'InvalidArgument',
    `The flow "${flow}" needs a value for its input "${input.externalName}" (${input.type}).`,
    `Add @${input.name}: … to the action, or make the input optional.`,
  );
}

/** A copy of the value in the type of the input, as inputs of subflows are copies. Throws LogicError. */
function fitted(value: Value, type: FlowParameterInfo['type']): Value {
  const fits = (does: boolean): Value => {
    if (does) return copy(value);
    throw new LogicError('ConversionFailed', `This is no ${type}.`, 'Convert it first.');
  };
  switch (type) {
    case 'Text':
      return toText(value);
    case 'Number':
      return isNumeric(value) ? value : toNumeric(value);
    case 'Boolean':
      return toBoolean(value);
    case 'Datetime':
      return toDatetime(value);
    case 'List':
      return fits(Array.isArray(value));
    case 'Custom object':
      return fits(value instanceof CustomObject);
    case 'Datatable':
      return fits(value instanceof Datatable);
    case 'Instance':
      return copy(value);
  }
}

function isSecret(value: Value, redactor: Redactor): boolean {
  let found = false;
  eachText(value, (text) => {
    found ||= redactor.text(text) !== text;
  });
  return found;
}

// ── Ends ────────────────────────────────────────────────────────────────────────────────────────────────────────

async function carryOut(engine: Engine, redactor: Redactor): Promise<Ending> {
  let thrown: unknown;
  try {
    if (engine.canceled !== undefined) throw new Canceled(engine.canceled);
    await engine.main();
  } catch (error) {
    thrown = error;
  }
  const { line, subflow, action } = engine.position() ?? { line: 0, subflow: 'Main', action: '' };
  const place = { line, subflow, action };
  if (
    thrown === undefined ||
    (thrown instanceof Exit && thrown.text === undefined && engine.canceled === undefined)
  ) {
    engine.end(undefined);
    return { outcome: 'Succeeded' };
  }
  if (engine.canceled !== undefined) {
    // Not `end`: the lines that were running when it was stopped keep saying so.
    return {
      outcome: 'Canceled',
      error: {
        code: 'RunStopped',
        message: redactor.text(engine.canceled),
        nextStep: 'Run the flow again when you are ready.',
        ...place,
      },
    };
  }
  if (thrown instanceof Exit) {
    engine.end(undefined);
    return {
      outcome: 'Failed',
      error: {
        code: 'FlowStopped',
        message: redactor.text(thrown.text ?? ''),
        nextStep: 'The flow ended itself with this message (EXIT): look at the condition that leads there.',
        ...place,
      },
    };
  }
  const failure = engine.caught(thrown, 0);
  const site = engine.end(failure);
  return {
    outcome: 'Failed',
    error: {
      code: redactor.text(failure.shown.code),
      message: redactor.text(failure.shown.message),
      nextStep: redactor.text(failure.nextStep),
      line: site?.line ?? place.line,
      subflow: site?.subflow ?? place.subflow,
      action: site?.action ?? place.action,
    },
  };
}

function failureText(flow: string, error: Ending['error']): string {
  if (error === undefined) return `The flow "${flow}" failed.`;
  const where = error.line === 0 ? '' : ` at line ${error.line} of ${error.subflow} (${error.action})`;
  return `The flow "${flow}" failed${where}: ${error.code}: ${error.message}`;
}

function recursion(flow: string): ActionError {
  return new ActionError(
    'RunDesktopFlowError',
    `"${flow}" cannot run now: it is one of the flows that led here.`,
    'Take the call out: a flow cannot run itself, also not through others.',
  );
}

// One run of one flow, from typed inputs to typed outputs. Knows nothing of queues, processes or editors.
import { ProductError } from '../base/error.ts';
import { Redactor } from '../base/redact.ts';
import { LineIndex } from '../base/text.ts';
import { checkInputs, flowInfo } from '../language/analysis/flow.ts';
import { sensitivity } from '../language/analysis/sensitivity.ts';
import { check } from '../language/checks/check.ts';
import { isBlocking } from '../language/diagnostics.ts';
import type { FlowFile } from '../language/syntax/tree.ts';
import type { ActionDefinition } from './action.ts';
import { actionTable } from './actions/index.ts';
import { compile, type FlowProgram } from './compile.ts';
import { eachText, fromHostValue, toHostValue } from './convert.ts';
import { Canceled, Engine, Exit, Failure } from './engine.ts';
import type { Host, HostValue, LineSnapshot, RunObserver } from './host.ts';
import type { Value } from './values.ts';

export interface RunOptions {
  readonly flow: FlowFile;
  /** Name of the flow, for messages. */
  readonly name: string;
  /** Folder of the flow file, absolute; relative paths of the flow start there. */
  readonly folder: string;
  /** By external name, see `checkInputs`. */
  readonly inputs: Readonly<Record<string, HostValue>>;
  readonly host: Host;
  readonly observer: RunObserver;
  /** Replaces what actions do, by lower-cased id: a flow test's own world. The real ones when absent. */
  readonly actions?: ReadonlyMap<string, ActionDefinition>;
}

/** How a run ended. Every text is redacted. */
export interface Outcome {
  readonly outcome: 'Succeeded' | 'Failed' | 'Canceled';
  /** By external name; empty unless the run succeeded. A sensitive output is `{$type:'secured'}`. */
  readonly outputs: Readonly<Record<string, HostValue>>;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly nextStep: string;
    /** 1-based; 0 when the run ended before its first statement. */
    readonly line: number;
    readonly subflow: string;
    readonly action: string;
  };
}

export interface FlowRun {
  /** Runs the flow; call it once. Never rejects. */
  start(): Promise<Outcome>;
  /** Ends the run as `Canceled` at its next statement or wait; before `start` it prevents it. */
  stop(reason: string): void;
  pause(): void;
  resume(): void;
  /** Where the run is. Undefined before the first statement. `line` is 1-based. */
  position(): { readonly subflow: string; readonly line: number; readonly action: string } | undefined;
  /** Lines whose status changed since the last call. */
  changedLines(): LineSnapshot[];
  /** Masks the secrets of this run, for what its owner reports besides. */
  redact(text: string): string;
}

/**
 * Prepares a run. Throws ProductError `FlowHasErrors` for a flow with blocking diagnostics, and the first of `InputMissing`,
 * `InputUnknown`, `InputTwice`, `InputType` when the inputs do not fit.
 */
export function createRun(options: RunOptions): FlowRun {
  const { flow } = options;
  refuseErrors(flow, options.name);
  const info = flowInfo(flow);
  const inputs = checkInputs(info, options.inputs);
  if (!inputs.ok) throw inputs.problems[0] as ProductError;

  const redactor = new Redactor();
  const engine = new Engine({
    compiled: compile(flow),
    actions: options.actions ?? actionTable,
    folder: options.folder,
    host: options.host,
    observer: options.observer,
    redactor,
  });
  const sensitive = sensitivity(flow).names();
  const { program } = engine;
  for (const input of info.inputs) {
    const key = input.name.toLowerCase();
    const value = fromHostValue(inputs.values[input.externalName] ?? null);
    program.set(key, value);
    if (sensitive.has(key)) eachText(value, (text) => redactor.addGiven(text));
  }
  return {
    async start() {
      return await carryOut(engine, program, redactor, () =>
        Object.fromEntries(
          info.outputs.map((output) => {
            const key = output.name.toLowerCase();
            if (sensitive.has(key)) return [output.externalName, { $type: 'secured' } as const];
            return [output.externalName, redactor.value(toHostValue((program.get(key) ?? null) as Value))];
          }),
        ),
      );
    },
    stop: (reason) => engine.stop(reason),
    pause: () => engine.pause(),
    resume: () => engine.resume(),
    position: () => engine.position(),
    changedLines: () => engine.changedLines(),
    redact: (text) => redactor.text(text),
  };
}

function refuseErrors(flow: FlowFile, name: string): void {
  const first = check(flow, { blockingOnly: true }).find(isBlocking);
  if (first === undefined) return;
  const line = new LineIndex(flow.text).lineOf(first.start) + 1;
  throw new ProductError(
    'FlowHasErrors',
    `The flow "${name}" cannot run. Line ${line}: ${first.message} (${first.code})`,
    'Correct this line; "dflow check" and the editor show everything that is wrong with the flow.',
  );
}

async function carryOut(
  engine: Engine,
  program: FlowProgram,
  redactor: Redactor,
  outputs: () => Record<string, HostValue>,
): Promise<Outcome> {
  let thrown: unknown;
  try {
    if (engine.canceled !== undefined) throw new Canceled(engine.canceled);
    await program.main();
  } catch (error) {
    thrown = error;
  }
  const place = engine.position() ?? { line: 0, subflow: 'Main', action: '' };
  if (
    thrown === undefined ||
    (thrown instanceof Exit && thrown.text === undefined && engine.canceled === undefined)
  ) {
    engine.end(undefined);
    return { outcome: 'Succeeded', outputs: outputs() };
  }
  if (engine.canceled !== undefined) {
    // Not `end`: the lines that were running when it was stopped keep saying so.
    return {
      outcome: 'Canceled',
      outputs: {},
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
      outputs: {},
      error: {
        code: 'FlowStopped',
        message: redactor.text(thrown.text ?? ''),
        nextStep: 'The flow ended itself with this message (EXIT): look at the condition that leads there.',
        ...place,
      },
    };
  }
  const failure = thrown instanceof Failure ? thrown : engine.caught(thrown, 0);
  const site = engine.end(failure);
  return {
    outcome: 'Failed',
    outputs: {},
    error: {
      code: redactor.text(failure.code),
      message: redactor.text(failure.message),
      nextStep: redactor.text(failure.nextStep),
      line: site?.line ?? place.line,
      subflow: site?.subflow ?? place.subflow,
      action: site?.action ?? place.action,
    },
  };
}

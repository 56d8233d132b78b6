// One run of one flow, from typed inputs to typed outputs. Knows nothing of queues, processes or editors.
import { ProductError } from '../base/error.ts';
import { Redactor } from '../base/redact.ts';
import { LineIndex } from '../base/text.ts';
import type { Desktop } from '../desktop/desktop.ts';
import type { Shell } from '../desktop/shell.ts';
import { checkInputs, type FlowInfo, flowInfo } from '../language/analysis/flow.ts';
import { canonicalId } from '../language/catalog/catalog.ts';
import { check } from '../language/checks/check.ts';
import { type Diagnostic, isBlocking } from '../language/diagnostics.ts';
import type { FlowFile, Statement } from '../language/syntax/tree.ts';
import type { ActionDefinition } from './action.ts';
import { actionTable } from './actions/index.ts';
import { compile } from './compile.ts';
import { eachText, fromHostValue, toHostValue } from './convert.ts';
import { Debugger } from './debug/debugger.ts';
import { DesktopOfRun } from './desktopOfRun.ts';
import { noRepositories, type Repositories } from './elements.ts';
import { type Ending, type Execution, FlowTree, type RunnableFlow } from './flowTree.ts';
import type { Host, HostValue, LineSnapshot, RunObserver, RunPlace } from './host.ts';
import type { Value } from './values.ts';
import type { WorkQueues } from './workQueues.ts';

export interface RunOptions {
  readonly flow: FlowFile;
  /** Name of the flow, for messages. */
  readonly name: string;
  /** Folder of the flow file, absolute; relative paths of the flow start there. */
  readonly folder: string;
  /** The flow file as a debugger shows it; made of folder and name when absent. */
  readonly path?: string;
  /** A debugger may jump to other rows; the run is slower then. */
  readonly jumps?: boolean;
  /** By external name, see `checkInputs`. */
  readonly inputs: Readonly<Record<string, HostValue>>;
  readonly host: Host;
  readonly observer: RunObserver;
  /** Replaces what actions do, by lower-cased id: a flow test's own world. The real ones when absent. An action in it is supported. */
  readonly actions?: ReadonlyMap<string, ActionDefinition>;
  /** These statements of the flow are run instead of its Main: a test of one subflow. Inputs without default are blank then. */
  readonly main?: readonly Statement[];
  /** None when absent. */
  readonly repositories?: Repositories;
  /** The flows that External.RunFlow runs, by FlowId in any letter case. None when absent. */
  readonly flows?: (id: string) => RunnableFlow | undefined;
  /** The work queues of the machine. None when absent. */
  readonly workQueues?: WorkQueues;
  /** Starts the desktop of the session. Absent where there is none: then a flow with an action that needs it has errors. */
  readonly desktop?: () => Promise<Desktop>;
  /** Absent on systems other than Windows. */
  readonly shell?: Shell;
  /** Waited for when the flow has failed, while what its actions opened is still open. Never rejects. */
  readonly failed?: () => Promise<void>;
  /** Told of each execution of a flow before its first statement, that of the flow itself first. */
  readonly began?: (execution: Execution) => void;
}

/** How a run ended. Every text is redacted. */
export interface Outcome extends Ending {
  /** By external name; empty unless the run succeeded. A sensitive output is `{$type:'secured'}`. */
  readonly outputs: Readonly<Record<string, HostValue>>;
}

export interface FlowRun {
  /** Runs the flow; call it once. Never rejects. */
  start(): Promise<Outcome>;
  /** Ends the run as `Canceled` at its next statement or wait; before `start` it prevents it. */
  stop(reason: string): void;
  pause(): void;
  /** Goes on, also where a debugger holds it. */
  resume(): void;
  /** The flow ends at its next "If safe stop requested", as that says. */
  requestSafeStop(): void;
  /** Where the run is. Undefined before the first statement. `line` is 1-based. */
  position(): RunPlace | undefined;
  /** Lines whose status changed since the last call. */
  changedLines(): LineSnapshot[];
  /** Masks the secrets of this run, for what its owner reports besides. */
  redact(text: string): string;
  /** It was given a secret, or has read one: texts can be masked, pictures cannot. */
  readonly hasSecrets: boolean;
  /** Attach to it at any time, one at a time. */
  readonly debugger: Debugger;
  /** For whoever runs in the same process and masks what it tells on: variables of Main and the global subflows, in any letter case. */
  readonly variables: RunVariables;
}

/** Not masked: see `isSensitive`, and `FlowRun.redact`. */
export interface RunVariables {
  /** Undefined for a variable that the flow does not mention or has not assigned. */
  get(name: string): Value | undefined;
  /** Has no effect for a variable that the flow does not mention. */
  set(name: string, value: Value): void;
  isSensitive(name: string): boolean;
}

/**
 * Prepares a run. Throws ProductError `FlowHasErrors` for a flow with blocking diagnostics, and the first of `InputMissing`,
 * `InputUnknown`, `InputTwice`, `InputType` when the inputs do not fit.
 */
export function createRun(options: RunOptions): FlowRun {
  const { flow } = options;
  refuseErrors(flow, options);
  const info = flowInfo(flow);
  const inputs = checkInputs(options.main === undefined ? info : withoutMandatory(info), options.inputs);
  if (!inputs.ok) throw inputs.problems[0] as ProductError;

  const redactor = new Redactor();
  const desktop = new DesktopOfRun(options.desktop);
  const tree = new FlowTree({
    compile: (flow, secrets) => compile(flow.file, options.jumps === true, secrets, flow.repositories),
    flows: options.flows ?? (() => undefined),
    actions: options.actions ?? actionTable,
    host: options.host,
    observer: options.observer,
    redactor,
    workQueues: options.workQueues,
    desktop: desktop.get,
    shell: options.shell,
    began: options.began,
  });
  const root: RunnableFlow = {
    name: options.name,
    folder: options.folder,
    path: options.path,
    file: options.main === undefined ? flow : { ...flow, main: options.main },
    repositories: options.repositories ?? noRepositories,
  };
  const { sensitive } = tree.prepared(root);
  const execution = tree.start(root);
  const debug = new Debugger(tree, redactor);
  const { program } = execution.engine;
  const read = (name: string) => program.get(name.toLowerCase()) as Value | undefined;
  for (const input of info.inputs) {
    const value = fromHostValue(inputs.values[input.externalName] ?? null);
    program.set(input.name.toLowerCase(), value);
    if (sensitive.has(input.name.toLowerCase())) eachText(value, (text) => redactor.addGiven(text));
  }
  return {
    async start() {
      const ending = await tree.run(execution);
      if (ending.outcome === 'Failed') await options.failed?.();
      const outputs =
        ending.outcome !== 'Succeeded'
          ? {}
          : Object.fromEntries(
              info.outputs.map((output) => {
                if (sensitive.has(output.name.toLowerCase()))
                  return [output.externalName, { $type: 'secured' } as const];
                return [output.externalName, redactor.value(toHostValue(read(output.name) ?? null))];
              }),
            );
      await execution.engine.closeOwned();
      await desktop.dispose();
      return { ...ending, outputs };
    },
    stop: (reason) => tree.stop(reason),
    pause: () => tree.pause(),
    resume: () => {
      tree.resume();
      debug.resume();
    },
    requestSafeStop: () => tree.requestSafeStop(),
    debugger: debug,
    position: () => tree.position(),
    changedLines: () => tree.changedLines(execution),
    redact: (text) => redactor.text(text),
    get hasSecrets() {
      return !redactor.isEmpty;
    },
    variables: {
      get: read,
      set: (name, value) => program.set(name.toLowerCase(), value),
      isSensitive: (name) => sensitive.has(name.toLowerCase()),
    },
  };
}

/** One subflow does not need what its flow asks for. */
const withoutMandatory = (info: FlowInfo): FlowInfo => ({
  ...info,
  inputs: info.inputs.filter(({ optional, defaultValue }) => optional || defaultValue !== undefined),
});

function refuseErrors(flow: FlowFile, { name, actions, desktop }: RunOptions): void {
  const isReplaced = ({ code, start, end }: Diagnostic): boolean => {
    if (actions === undefined || (code !== 'ActionUnsupported' && code !== 'ActionUnknown')) return false;
    const id = canonicalId(flow.text.slice(start, end));
    return id !== undefined && actions.has(id.toLowerCase());
  };
  const system = desktop === undefined ? 'other' : 'windows';
  const first = check(flow, { blockingOnly: true, system }).find(
    (found) => isBlocking(found) && !isReplaced(found),
  );
  if (first === undefined) return;
  const line = new LineIndex(flow.text).lineOf(first.start) + 1;
  throw new ProductError(
    'FlowHasErrors',
    `The flow "${name}" cannot run. Line ${line}: ${first.message} (${first.code})`,
    'Correct this line; "dflow check" and the editor show everything that is wrong with the flow.',
  );
}

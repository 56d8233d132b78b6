// `dflow run`: checks the flow, gathers the files it needs, completes its inputs and puts it into a queue. What a request for a run has
// to have, others use as well: schedules, and questions about a run that nobody has requested yet.
import { resolve } from 'node:path';
import { ProductError } from '../base/error.ts';
import { gatherCompanions } from '../files/companions.ts';
import { checkInputs, type FlowInfo, flowInfo } from '../language/analysis/flow.ts';
import { isBlocking } from '../language/diagnostics.ts';
import type { AgentParams } from '../protocol/agent.ts';
import type { AgentLink } from '../protocol/link.ts';
import type { Run, WireValue } from '../protocol/run.ts';
import type { AgentAccess } from './access.ts';
import { describeDiagnostic, type LoadedFlow, loadFlow } from './flowFile.ts';
import { submitAndFollow } from './follow.ts';
import { Neighbours } from './neighbours.ts';
import { askLine, isInteractive } from './prompt.ts';
import type { Output } from './terminal.ts';

/** A flow as somebody named it, with inputs. */
export interface RequestedFlow {
  readonly path: string;
  readonly inputs: Readonly<Record<string, WireValue>>;
  /** Names given with `--input`, where other programs may have read the value. */
  readonly visibleInputs: readonly string[];
}

/** Where, how and for how long it is to run. */
export type RunTerms = Pick<
  AgentParams<'runs.enqueue'>,
  'connection' | 'queue' | 'mode' | 'priority' | 'elevated' | 'timeoutSeconds' | 'logging'
>;

/** Runs a flow and follows it. Returns the exit code. Throws ProductError for everything that prevents the run. */
export async function runFlow(
  requested: RequestedFlow,
  terms: RunTerms,
  json: boolean,
  access: AgentAccess,
  out: Output,
  err: Output,
): Promise<number> {
  const { request, lines } = await requestFor(requested, terms, err);
  const submit = async (link: AgentLink, id: string): Promise<Run> =>
    (await link.call('runs.enqueue', { id, ...request })).run;
  return submitAndFollow(access, { submit, file: requested.path, lines, json }, out);
}

/** What the agent has to know; inputs that are missing are asked for where a person can answer. `lines`: executable lines of the flow. */
export async function requestFor(
  requested: RequestedFlow,
  terms: RunTerms,
  err: Output,
): Promise<{ readonly request: AgentParams<'runs.enqueue'>; readonly lines: number }> {
  const flow = loadRunnable(requested.path, err);
  const path = resolve(flow.path);
  const companions = await gatherCompanions(path, flow.file, new Neighbours([path]));
  const inputs = await completeInputs(flow, requested, err);
  return {
    request: {
      flow: { name: flow.name, path, text: flow.file.text, companions },
      inputs,
      requestedBy: 'dflow',
      ...terms,
    },
    lines: flowInfo(flow.file).statementCount,
  };
}

/** Throws `FlowHasErrors` and says before that where. */
function loadRunnable(path: string, err: Output): LoadedFlow {
  const flow = loadFlow(path);
  const blocking = flow.diagnostics.filter(isBlocking);
  if (blocking.length === 0) return flow;
  for (const diagnostic of blocking) err.write(`${describeDiagnostic(flow.path, diagnostic)}\n`);
  throw new ProductError(
    'FlowHasErrors',
    `${flow.path} has ${blocking.length} errors and was not run.`,
    'Mend the lines named above.',
  );
}

/** `instead`: the words before the options that show a value to nobody. */
export function warnOfCommandLine(name: string, instead: string, err: Output): void {
  err.write(
    `warning InputOnCommandLine: ${name} is sensitive, and other programs can read command lines. ${instead} --inputs or --input-env.\n`,
  );
}

/** Checks the given inputs and asks the person at the terminal for missing ones. */
async function completeInputs(
  flow: LoadedFlow,
  request: RequestedFlow,
  err: Output,
): Promise<Record<string, WireValue>> {
  const info = flowInfo(flow.file);
  const given: Record<string, WireValue> = { ...request.inputs };
  for (const name of request.visibleInputs) {
    const parameter = info.inputs.find(
      (input) =>
        input.externalName.toLowerCase() === name.toLowerCase() ||
        input.name.toLowerCase() === name.toLowerCase(),
    );
    if (parameter?.sensitive)
      warnOfCommandLine(parameter.externalName, 'Leave it out to be asked, or use', err);
  }
  if (isInteractive()) {
    for (const parameter of missingInputs(info, given)) {
      if (parameter.description) err.write(`${parameter.description}\n`);
      given[parameter.externalName] = await askLine(`${parameter.externalName} (${parameter.type}): `, {
        masked: parameter.sensitive,
      });
    }
  }
  const checked = checkInputs(info, given);
  if (checked.ok) return checked.values;
  for (const problem of checked.problems) {
    err.write(`${flow.path}: ${problem.code}: ${problem.message}\n  Next: ${problem.nextStep}\n`);
  }
  throw new ProductError(
    'InputsWrong',
    `${flow.path} was not run: inputs are missing or wrong.`,
    'Give them as described above.',
  );
}

/** Inputs that must be given and are not, whatever name was used for the others. */
function missingInputs(info: FlowInfo, given: Readonly<Record<string, WireValue>>): FlowInfo['inputs'] {
  const names = new Set(Object.keys(given).map((name) => name.toLowerCase()));
  return info.inputs.filter(
    (input) =>
      !names.has(input.externalName.toLowerCase()) &&
      !names.has(input.name.toLowerCase()) &&
      !checkInputs({ ...info, inputs: [input] }, {}).ok,
  );
}

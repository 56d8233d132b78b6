// `dflow run`: checks the flow, gathers the files it needs, completes its inputs and puts it into the agent's queue.
import { resolve } from 'node:path';
import { ProductError } from '../base/error.ts';
import { gatherCompanions } from '../files/companions.ts';
import { checkInputs, type FlowInfo, flowInfo } from '../language/analysis/flow.ts';
import { isBlocking } from '../language/diagnostics.ts';
import type { AgentLink } from '../protocol/link.ts';
import type { Run, RunPriority, WireValue } from '../protocol/run.ts';
import type { AgentAccess } from './access.ts';
import { describeDiagnostic, type LoadedFlow, loadFlow } from './flowFile.ts';
import { submitAndFollow } from './follow.ts';
import { Neighbours } from './neighbours.ts';
import { askLine, isInteractive } from './prompt.ts';
import type { Output } from './terminal.ts';

export interface RunRequest {
  readonly path: string;
  readonly inputs: Readonly<Record<string, WireValue>>;
  /** Names given with `--input`, where other programs may have read the value. */
  readonly visibleInputs: readonly string[];
  readonly priority: RunPriority;
  readonly timeoutSeconds: number | undefined;
  readonly json: boolean;
}

/** Returns the exit code. Throws ProductError for everything that prevents the run. */
export async function runFlow(
  request: RunRequest,
  access: AgentAccess,
  out: Output,
  err: Output,
): Promise<number> {
  const flow = loadFlow(request.path);
  const blocking = flow.diagnostics.filter(isBlocking);
  if (blocking.length > 0) {
    for (const diagnostic of blocking) err.write(`${describeDiagnostic(flow.path, diagnostic)}\n`);
    throw new ProductError(
      'FlowHasErrors',
      `${flow.path} has ${blocking.length} errors and was not run.`,
      'Mend the lines named above.',
    );
  }
  const path = resolve(flow.path);
  const companions = await gatherCompanions(path, flow.file, new Neighbours([path]));
  const inputs = await completeInputs(flow, request, err);

  const submit = async (link: AgentLink, id: string): Promise<Run> => {
    const { run } = await link.call('runs.enqueue', {
      id,
      flow: { name: flow.name, path, text: flow.file.text, companions },
      inputs,
      mode: 'attended',
      priority: request.priority,
      requestedBy: 'dflow',
      ...(request.timeoutSeconds !== undefined && { timeoutSeconds: request.timeoutSeconds }),
    });
    return run;
  };
  const lines = flowInfo(flow.file).statementCount;
  return submitAndFollow(access, { submit, file: flow.path, lines, json: request.json }, out);
}

/** Checks the given inputs and asks the person at the terminal for missing ones. */
async function completeInputs(
  flow: LoadedFlow,
  request: RunRequest,
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
    if (parameter?.sensitive) {
      err.write(
        `warning InputOnCommandLine: ${parameter.externalName} is sensitive, and other programs can read command lines. Leave it out to be asked, or use --inputs or --input-env.\n`,
      );
    }
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

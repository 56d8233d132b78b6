// What must be right about a request before its run is queued: the flow, what it runs, its inputs, the target and its account. Queues
// nothing.
import { createHash } from 'node:crypto';
import { ProductError } from '../base/error.ts';
import { LineIndex } from '../base/text.ts';
import { bundle } from '../files/companions.ts';
import { checkInputs, flowInfo } from '../language/analysis/flow.ts';
import { type CheckOptions, check } from '../language/checks/check.ts';
import { isBlocking } from '../language/diagnostics.ts';
import { parse } from '../language/syntax/parser.ts';
import type { FlowFile } from '../language/syntax/tree.ts';
import type { RunTarget } from '../orchestration/orchestrator.ts';
import type { ScheduledRequest } from '../orchestration/scheduler.ts';
import type { Claim } from '../orchestration/store.ts';
import { type AgentParams, maxFlowBytes } from '../protocol/agent.ts';
import type { Companion, Run, WireValue } from '../protocol/run.ts';
import type { Vault } from './seal.ts';
import { shownInputs } from './shown.ts';

/** Most bytes of all inputs of a run together, as JSON (rule ACT-8). */
export const maxInputBytes = 2 * 1024 * 1024;

/**
 * The request as the queue takes it. `sealFor`: the run or schedule whose inputs they are. `system`: of the machine that will run it, when
 * that is certain. Throws `FlowTooLarge`, `FlowHasErrors`, what
 * `bundle` and `checkInputs` find, `InputsTooLarge`.
 */
export function prepareRun(
  params: Omit<AgentParams<'runs.enqueue'>, 'id' | 'connection' | 'queue' | 'debug'>,
  { queue, account, connection }: RunTarget,
  vault: Vault,
  sealFor: string,
  system?: CheckOptions['system'],
): ScheduledRequest {
  const { flow, mode, priority, requestedBy, timeoutSeconds, elevated, logging } = params;
  const companions = flow.companions ?? [];
  refuseTooLarge(flow.name, [{ path: flow.path || flow.name, text: flow.text }, ...companions]);
  const file = parse(flow.text);
  refuseErrors(flow.path || flow.name, file, system);
  for (const called of bundle(flow.name, file, companions).called)
    refuseErrors(called.path, called.file, system);
  const { values, shown } = fittingInputs(file, params.inputs);
  return {
    run: {
      flow: {
        name: flow.name,
        path: flow.path,
        hash: createHash('sha256').update(flow.text).digest('hex'),
      },
      queue,
      inputs: shown,
      mode,
      priority,
      requestedBy,
      ...(connection !== undefined && { connection }),
      ...(elevated === true && { elevated }),
      ...(timeoutSeconds !== undefined && { timeoutSeconds }),
      ...(logging !== undefined && { logging }),
    },
    account,
    flowText: flow.text,
    companions,
    sealedInputs: vault.seal(sealFor, values),
  };
}

/**
 * The inputs of a finished run with some of them changed: as they may be shown, and sealed for `sealFor`. Throws `InputsUnreadable`, what
 * `checkInputs` finds, `InputsTooLarge`.
 */
export function editedInputs(
  old: Claim,
  changes: Readonly<Record<string, WireValue>>,
  vault: Vault,
  sealFor: string,
): { readonly inputs: Run['inputs']; readonly sealed: Uint8Array } {
  const file = parse(old.flowText);
  const merged = new Map(Object.entries(vault.open(old.run.id, old.sealedInputs)));
  for (const { externalName, name } of flowInfo(file).inputs) {
    const spellings = [externalName.toLowerCase(), name.toLowerCase()];
    if (Object.keys(changes).some((key) => spellings.includes(key.toLowerCase())))
      merged.delete(externalName);
  }
  for (const [name, value] of Object.entries(changes)) merged.set(name, value);
  const { values, shown } = fittingInputs(file, Object.fromEntries(merged));
  return { inputs: shown, sealed: vault.seal(sealFor, values) };
}

function fittingInputs(
  file: FlowFile,
  given: Readonly<Record<string, WireValue>>,
): { readonly values: Readonly<Record<string, WireValue>>; readonly shown: Run['inputs'] } {
  const info = flowInfo(file);
  const checked = checkInputs(info, given);
  if (!checked.ok) throw checked.problems[0] as ProductError;
  refuseLargeInputs(checked.values);
  const sensitive = new Set(
    info.inputs.filter((input) => input.sensitive).map((input) => input.externalName),
  );
  return { values: checked.values, shown: shownInputs(checked.values, sensitive) };
}

function refuseLargeInputs(values: Readonly<Record<string, WireValue>>): void {
  const sizes = Object.entries(values).map(
    ([name, value]) => [name, Buffer.byteLength(JSON.stringify(value))] as const,
  );
  const bytes = sizes.reduce((sum, [, size]) => sum + size, 0);
  if (bytes <= maxInputBytes) return;
  const [largest, most] = sizes.reduce((a, b) => (b[1] > a[1] ? b : a));
  throw new ProductError(
    'InputsTooLarge',
    `The inputs have ${megabytes(bytes)}, most of it in "${largest}" (${megabytes(most)}); together they may have ${maxInputBytes / 1024 / 1024} MB.`,
    'Put the data into a file, and give the flow the path of the file.',
  );
}

function refuseTooLarge(name: string, files: readonly Companion[]): void {
  const sizes = files.map(({ text }) => Buffer.byteLength(text));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  if (bytes <= maxFlowBytes) return;
  const most = Math.max(...sizes);
  const largest = files[sizes.indexOf(most)]?.path;
  throw new ProductError(
    'FlowTooLarge',
    files.length === 1
      ? `${name} has ${megabytes(bytes)}; a flow may have ${maxFlowBytes / 1024 / 1024} MB.`
      : `${name} and what it needs have ${megabytes(bytes)}, most of it in ${largest} (${megabytes(most)}); together they may have ${maxFlowBytes / 1024 / 1024} MB.`,
    'Split the flow, remove images and screenshots that it does not use, or move data out of it into files.',
  );
}

/** Rounded up, so that what is too large never seems to fit. */
const megabytes = (size: number): string => `${(Math.ceil((size / 1024 / 1024) * 10) / 10).toFixed(1)} MB`;

function refuseErrors(path: string, file: FlowFile, system: CheckOptions['system']): void {
  const blocking = check(file, { blockingOnly: true, ...(system !== undefined && { system }) }).filter(
    isBlocking,
  );
  if (blocking.length === 0) return;
  const first = blocking[0] as (typeof blocking)[number];
  const line = new LineIndex(file.text).lineOf(first.start) + 1;
  throw new ProductError(
    'FlowHasErrors',
    `${path}:${line}: ${first.code}: ${first.message}${blocking.length > 1 ? ` (and ${blocking.length - 1} more)` : ''}`,
    'Mend the flow (`dflow check` lists all of it), then run it again.',
  );
}

// Options that say which flow runs, with which inputs, where and for how long: of `dflow run` and of everything that asks for runs.
import { maxTimeoutSeconds } from '../protocol/agent.ts';
import { logLevels, type WireValue } from '../protocol/run.ts';
import { gatherInputs } from './inputs.ts';
import { readTarget, targetOptions } from './placementOptions.ts';
import type { RequestedFlow, RunTerms } from './run.ts';
import type { OptionReader } from './subcommands.ts';
import { readSpan } from './times.ts';

export const inputOptions = ['input', 'input-env', 'inputs'];
export const termOptions = [
  ...targetOptions,
  'unattended',
  'elevated',
  'priority',
  'timeout',
  'log-level',
  'no-screenshot',
];

/** The flow at `path` with the inputs given. Throws as `gatherInputs`. */
export function readRequested(
  path: string,
  options: OptionReader,
  presets: Readonly<Record<string, WireValue>>,
): RequestedFlow {
  const pairs = options.texts('input');
  return {
    path,
    inputs: readInputs(options, presets),
    visibleInputs: pairs.map((pair) => pair.split('=', 1)[0] as string),
  };
}

export const readInputs = (
  options: OptionReader,
  presets: Readonly<Record<string, WireValue>>,
): Record<string, WireValue> =>
  gatherInputs({
    pairs: options.texts('input'),
    environment: options.texts('input-env'),
    file: options.text('inputs'),
    presets,
  });

/** Throws `UsageWrong`. */
export function readTerms(options: OptionReader): RunTerms {
  const timeout = options.text('timeout');
  const timeoutSeconds = timeout === undefined ? undefined : readSpan(timeout);
  if (timeout !== undefined && !(timeoutSeconds && timeoutSeconds <= maxTimeoutSeconds))
    throw options.wrong('--timeout is a time such as 90s, 30m, 2h, 3d or PT1H30M, up to 30 days.');
  const level = options.choice('log-level', logLevels);
  const logging = {
    ...(level !== undefined && { level }),
    ...(options.flag('no-screenshot') && { screenshot: false }),
  };
  return {
    ...readTarget(options),
    mode: options.flag('unattended') ? 'unattended' : 'attended',
    priority: options.choice('priority', ['normal', 'high']) ?? 'normal',
    ...(options.flag('elevated') && { elevated: true }),
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
    ...(Object.keys(logging).length > 0 && { logging }),
  };
}

// What a run writes down of itself, from what its machine or group allows and what its request asks for. Decides nothing else.
import type { PlacementSettings } from '../protocol/fleet.ts';
import { logLevels, type RunLogging } from '../protocol/run.ts';

/**
 * Of two levels the more verbose one holds; where the owner of the machine set none, the one that was asked for (rule RUN-7). What the
 * owner switched off stays off (rules RUN-4, RUN-5). Undefined: everything is kept.
 */
export function loggingOf(
  { logLevel, log, screenshots }: Pick<PlacementSettings, 'logLevel' | 'log' | 'screenshots'>,
  asked: RunLogging = {},
): RunLogging | undefined {
  const level = logLevels.find((each) => each === logLevel || each === asked.level);
  const logging: RunLogging = {
    ...(level !== undefined && level !== 'full' && { level }),
    ...(log !== undefined && log !== 'always' && { keep: log }),
    ...((screenshots === false || asked.screenshot === false) && { screenshot: false }),
  };
  return Object.keys(logging).length === 0 ? undefined : logging;
}

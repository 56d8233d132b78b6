// `dflow queue` and `dflow resubmit`: what runs, what waits in which order, what became of the rest.
import { ProductError } from '../base/error.ts';
import { compareQueued, isTerminal, type Run } from '../protocol/run.ts';
import type { AgentAccess } from './access.ts';
import { submitAndFollow } from './follow.ts';
import { type Output, showDuration } from './terminal.ts';
import { exitCode } from './usage.ts';

const recentRuns = 10;

/** Running, queued in the order in which they will start, and the last finished runs. Needs a running agent. */
export async function showQueue(access: AgentAccess, json: boolean, out: Output): Promise<number> {
  const link = await access.find();
  if (!link) {
    throw new ProductError(
      'AgentNotRunning',
      `No agent is running on ${access.dataFolder}.`,
      'Start it: dflow agent start',
    );
  }
  try {
    const { runs } = await link.call('runs.list', { limit: 1000 });
    const queued = runs.filter((run) => run.state === 'Queued').sort(compareQueued);
    const active = runs.filter((run) => run.state !== 'Queued' && !isTerminal(run.state));
    const ended = runs.filter((run) => isTerminal(run.state)).slice(0, recentRuns);
    if (json) for (const run of [...active, ...queued, ...ended]) out.write(`${JSON.stringify(run)}\n`);
    else out.write(describeQueue(active, queued, ended));
    return exitCode.ok;
  } finally {
    link.dispose();
  }
}

/** Runs a finished run's flow again, with the same text and inputs, and follows it. `id` may be shortened to a part that only one run has. */
export async function resubmit(id: string, access: AgentAccess, json: boolean, out: Output): Promise<number> {
  return submitAndFollow(
    access,
    {
      lines: 0,
      json,
      submit: async (link) => {
        const { runs } = await link.call('runs.list', { limit: 1000 });
        const found = runs.filter((run) => run.id.includes(id));
        if (found.length > 1) {
          throw new ProductError(
            'RunAmbiguous',
            `${found.length} runs have ${id} in their id.`,
            'Give more of it.',
          );
        }
        const runId = found[0]?.id ?? id;
        return (await link.call('runs.resubmit', { runId, requestedBy: 'dflow' })).run;
      },
    },
    out,
  );
}

/** Three sections of text; an empty one says so. */
function describeQueue(active: readonly Run[], queued: readonly Run[], ended: readonly Run[]): string {
  const rows = (runs: readonly Run[], note: (run: Run, index: number) => string) =>
    runs.length === 0
      ? '  none\n'
      : runs.map((run, index) => `  ${run.id}  ${run.flow.name}  ${note(run, index)}\n`).join('');
  return [
    'Running\n',
    rows(
      active,
      (run) => `${run.state}${run.position ? `, ${run.position.subflow}:${run.position.line}` : ''}`,
    ),
    'Queued\n',
    rows(
      queued,
      (run, index) =>
        `${index === 0 ? 'next to run' : `position ${index + 1}`}${run.priority === 'high' ? ', high priority' : ''}`,
    ),
    'Finished\n',
    rows(
      ended,
      (run) =>
        `${run.state} after ${showDuration((run.endedAt ?? 0) - (run.startedAt ?? run.endedAt ?? 0))}${run.error ? `, ${run.error.code}` : ''}`,
    ),
  ].join('');
}

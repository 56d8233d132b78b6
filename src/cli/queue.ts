// `dflow queue`: what runs, what waits in which order, what became of the rest; and what can be done about one run: stop, pause,
// resume, resubmit.
import { ProductError } from '../base/error.ts';
import type { AgentLink } from '../protocol/link.ts';
import { compareQueued, isTerminal, type Run } from '../protocol/run.ts';
import type { AgentAccess } from './access.ts';
import { submitAndFollow } from './follow.ts';
import { type Output, placeOf, printable, showDuration } from './terminal.ts';
import { exitCode } from './usage.ts';

const recentRuns = 10;

/** Running, queued in the order in which they will start, and the last finished runs. Needs a running agent. */
export async function showQueue(access: AgentAccess, json: boolean, out: Output): Promise<number> {
  const link = await runningAgent(access);
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
      submit: async (link, newId) => {
        const runId = await fullId(link, id);
        return (await link.call('runs.resubmit', { id: newId, runId, requestedBy: 'dflow' })).run;
      },
    },
    out,
  );
}

const wishes = { stop: 'stop', safeStop: 'stop safely', pause: 'pause', resume: 'go on' } as const;

/** Passes a wish on to a run. It does not wait until the run follows it. `id` may be shortened as for `resubmit`. */
export async function tellRun(
  id: string,
  wish: keyof typeof wishes,
  access: AgentAccess,
  out: Output,
): Promise<number> {
  const link = await runningAgent(access);
  try {
    const { run } = await link.call(`runs.${wish}`, { runId: await fullId(link, id) });
    out.write(
      isTerminal(run.state)
        ? `${printable(run.flow.name)} has ended already: ${run.state}.\n`
        : `${printable(run.flow.name)} is asked to ${wishes[wish]}.\n`,
    );
    return exitCode.ok;
  } finally {
    link.dispose();
  }
}

async function runningAgent(access: AgentAccess): Promise<AgentLink> {
  const link = await access.find();
  if (link) return link;
  throw new ProductError(
    'AgentNotRunning',
    `No agent is running on ${access.dataFolder}.`,
    'Start it: dflow agent start',
  );
}

/** The id of the only run that has `id` in its own; `id` itself when there is none. */
async function fullId(link: AgentLink, id: string): Promise<string> {
  const { runs } = await link.call('runs.list', { limit: 1000 });
  const found = runs.filter((run) => run.id.includes(id));
  if (found.length <= 1) return found[0]?.id ?? id;
  throw new ProductError('RunAmbiguous', `${found.length} runs have ${id} in their id.`, 'Give more of it.');
}

/** Three sections of text; an empty one says so. */
function describeQueue(active: readonly Run[], queued: readonly Run[], ended: readonly Run[]): string {
  const rows = (runs: readonly Run[], note: (run: Run, index: number) => string) =>
    runs.length === 0
      ? '  none\n'
      : runs.map((run, index) => `  ${run.id}  ${run.flow.name}  ${note(run, index)}\n`).join('');
  return [
    'Running\n',
    rows(active, (run) => `${run.state}${run.position ? `, ${placeOf(run.position)}` : ''}`),
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

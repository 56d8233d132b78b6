// How runs look in lists, and how one of them is named at a command line.
import { ProductError } from '../base/error.ts';
import type { AgentLink } from '../protocol/link.ts';
import { isTerminal, type Run } from '../protocol/run.ts';
import type { Column } from './table.ts';
import { placeOf, printable, showDuration } from './terminal.ts';
import { showMoment } from './times.ts';

/** Runs among which one is looked for by a part of its id. */
const mostSearched = 1_000;
const wholeId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The id of the only run that has `id` in its own; `id` itself when there is none. Throws `RunAmbiguous`. */
export async function fullId(link: AgentLink, id: string): Promise<string> {
  if (wholeId.test(id)) return id.toLowerCase();
  const { runs } = await link.call('runs.list', { limit: mostSearched });
  const found = runs.filter((run) => run.id.includes(id.toLowerCase()));
  if (found.length <= 1) return found[0]?.id ?? id;
  throw new ProductError(
    'RunAmbiguous',
    id === '' ? 'The id of the run is empty.' : `${found.length} runs have ${id} in their id.`,
    'Give more of it: `dflow runs list` shows the ids.',
  );
}

/** The end of an id: enough to name the run, and short enough for a table. */
export const shortId = (id: string): string => (wholeId.test(id) ? id.slice(-12) : id);

/** Names of machines and groups by identifier. */
export type QueueNames = ReadonlyMap<string, string>;

/** What the asker may see of them. */
export async function queueNames(link: AgentLink): Promise<QueueNames> {
  const [{ machines }, { groups }] = await Promise.all([
    link.call('machines.list', {}),
    link.call('groups.list', {}),
  ]);
  return new Map([...machines, ...groups].map(({ id, name }) => [id, name]));
}

export const nameOf = (names: QueueNames, id: string | undefined): string =>
  id === undefined ? '' : (names.get(id) ?? shortId(id));

/** Columns that every list of runs has. */
export const runColumns = (names: QueueNames) =>
  ({
    id: { title: 'RUN', value: ({ id }: Run) => shortId(id) },
    flow: { title: 'FLOW', value: ({ flow }: Run) => printable(flow.name), shrinks: true },
    state: { title: 'STATE', value: ({ state }: Run) => state },
    queue: { title: 'QUEUE', value: ({ queue }: Run) => nameOf(names, queue), shrinks: true },
    machine: { title: 'MACHINE', value: ({ machine }: Run) => nameOf(names, machine), shrinks: true },
    mode: { title: 'MODE', value: ({ mode }: Run) => mode, drops: true },
    requested: { title: 'REQUESTED', value: ({ requestedAt }: Run) => showMoment(requestedAt), drops: true },
    took: { title: 'TOOK', value: (run: Run) => took(run), right: true, drops: true },
    priority: { title: 'PRIORITY', value: ({ priority }: Run) => (priority === 'high' ? 'high' : '') },
    note: { title: 'NOTE', value: noteOn, shrinks: true },
  }) satisfies Record<string, Column<Run>>;

/** Where it is, or why it did not succeed. */
const noteOn = ({ state, position, error }: Run): string => {
  if (error !== undefined) return `${error.code}: ${error.message}`;
  return position !== undefined && !isTerminal(state) ? `${placeOf(position)} ${position.action}` : '';
};

export const took = ({ startedAt, endedAt }: Run): string =>
  startedAt === undefined || endedAt === undefined ? '' : showDuration(endedAt - startedAt);

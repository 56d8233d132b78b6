// What an agent or orchestrator says of its runs now, as one list: everything that waits or runs, and the newest that have ended.
import { ProductError } from '../../base/error.ts';
import type { Run } from '../../protocol/run.ts';
import type { Link } from '../localAgent.ts';
import type { RunSource } from '../runs.ts';

/** As many ended runs as are kept in view at first, with room for those that wait among them. */
const listed = 1_000;
/** An orchestrator looks at no more for one answer. */
const mostWaiting = 10_000;

/** `lastSeq`: subscribe after it. What happened between the two answers comes again as events. Rejects with a ProductError. */
async function presentRuns(
  link: Pick<Link, 'call'>,
): Promise<{ readonly runs: readonly Run[]; readonly lastSeq: number }> {
  const { runs, lastSeq } = await link.call('runs.list', { limit: listed });
  const { waiting, running } = await link.call('queue.list', { limit: mostWaiting });
  const ended = new Map(runs.map((run) => [run.id, run]));
  return { runs: [...runs, ...[...running, ...waiting].filter(({ id }) => !ended.has(id))], lastSeq };
}

/** A server that forgets its events faster than they can be asked for is too busy to be shown. */
const mostReadings = 5;

/**
 * Loads a source and subscribes to what happens afterwards; once more where events in between were forgotten already. Rejects with a
 * ProductError: `EventsLost` when that goes on.
 */
export async function loadAndSubscribe(link: Pick<Link, 'call'>, source: RunSource): Promise<void> {
  for (let reading = 0; reading < mostReadings; reading++) {
    const { runs, lastSeq } = await presentRuns(link);
    source.load(runs, lastSeq);
    const { complete } = await link.call('subscribe', { after: lastSeq });
    if (complete) return;
  }
  throw new ProductError(
    'EventsLost',
    'What happens to runs is forgotten by the server before it can be read.',
    'It is tried again; wait until the server has less to do.',
  );
}

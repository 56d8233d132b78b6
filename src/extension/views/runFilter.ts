// Which runs the Run Queue shows: by flow, by requester, by state. Pure.
import type { Run, RunState } from '../../protocol/run.ts';
import { t } from '../l10n.ts';
import { oneLine, stateWord } from '../wording.ts';

/** Absent: all. */
export interface RunFilter {
  readonly flow?: string;
  readonly user?: string;
  readonly states?: readonly RunState[];
}

export const emptyFilter: RunFilter = {};

export const matches = ({ flow, user, states }: RunFilter, run: Run): boolean =>
  (flow === undefined || run.flow.name === flow) &&
  (user === undefined || run.requestedBy === user) &&
  (states === undefined || states.includes(run.state));

/** What the title of the view says of it; empty without one. */
export function filterText({ flow, user, states }: RunFilter): string {
  const parts = [
    ...(flow === undefined ? [] : [t('flow {0}', oneLine(flow, 40))]),
    ...(user === undefined ? [] : [t('by {0}', oneLine(user, 40))]),
    ...(states === undefined ? [] : [states.map(stateWord).join(', ')]),
  ];
  return parts.join(' · ');
}

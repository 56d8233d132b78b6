// Everything an agent keeps of one run, as its page needs it: rows of the log, the states it went through, the flows it ran. Fed with
// the run's events in order, each once. Knows no page and no connection.
import {
  type ActionRecord,
  keepsAction,
  keepsMessage,
  logLevels,
  type RunEvent,
  type RunState,
} from '../../protocol/run.ts';
import { t } from '../l10n.ts';
import { briefError, durationText, oneLine, placeText } from '../wording.ts';
import type { LogRow, Tone } from './page/model.ts';

/** A longer log loses its oldest rows, so many at a time. */
const mostRows = 200_000;
const rowsDropped = 20_000;

export interface CalledFlow {
  readonly name: string;
  actions: number;
  failed: number;
  ms: number;
}

export class RunFile {
  readonly rows: LogRow[] = [];
  /** Each state with the moment at which it began. */
  readonly states: { readonly state: RunState; readonly at: number }[] = [];
  readonly called = new Map<string, CalledFlow>();
  /** Actions that were not written down, or whose rows are not kept here. */
  omitted = 0;
  /** Number of the last event. */
  seq = 0;
  /** How many rows stayed as they were since `settled` was called last. */
  #same = 0;

  /** True when an event changed the log. */
  take(events: readonly RunEvent[]): boolean {
    let changed = false;
    for (const event of events) {
      if (event.seq <= this.seq) continue;
      this.seq = event.seq;
      changed = this.#take(event) || changed;
    }
    const surplus = this.rows.length - mostRows;
    if (surplus > 0) {
      const dropped = Math.ceil(surplus / rowsDropped) * rowsDropped;
      this.rows.splice(0, dropped);
      this.omitted += dropped;
      this.#same = 0;
    }
    return changed;
  }

  /** From which row on the log is new since the last call. */
  settled(): number {
    const from = this.#same;
    this.#same = this.rows.length;
    return from;
  }

  /** The page was made anew and has no rows. */
  forget(): void {
    this.#same = 0;
  }

  #take(event: RunEvent): boolean {
    switch (event.kind) {
      case 'run':
        if (this.states.at(-1)?.state !== event.run.state)
          this.states.push({ state: event.run.state, at: event.at });
        return false;
      case 'actions':
        this.omitted += event.omitted;
        for (const action of event.actions) this.#action(action);
        return event.actions.length > 0;
      case 'log':
        this.rows.push({
          rank: rankOf((level) => keepsMessage(level, event.level)),
          tone: event.level === 'error' ? 'bad' : event.level === 'warning' ? 'warn' : 'plain',
          time: clockText(event.at),
          place:
            event.line === undefined
              ? ''
              : placeText({ line: event.line, subflow: event.subflow, flow: event.flow }),
          line: event.flow === undefined ? (event.line ?? 0) : 0,
          what: { info: t('message'), warning: t('warning'), error: t('error message') }[event.level],
          took: '',
          text: oneLine(event.message, 4_000),
        });
        return true;
      default:
        return false; // states of lines and questions are shown elsewhere
    }
  }

  #action(record: ActionRecord): void {
    const { flow, line, subflow, action, at, ms, outcome, error } = record;
    if (flow !== undefined) {
      const called = this.called.get(flow) ?? { name: flow, actions: 0, failed: 0, ms: 0 };
      called.actions++;
      called.ms += ms;
      if (outcome === 'failed') called.failed++;
      this.called.set(flow, called);
    }
    this.rows.push({
      rank: rankOf((level) => keepsAction(level, record)),
      tone: tones[outcome],
      time: clockText(at),
      place: placeText({ line, subflow, flow }),
      line: flow === undefined ? line : 0,
      what: oneLine(action, 80),
      took: durationText(ms),
      text: `${{ ok: '✓', failed: '✗', handled: `⚠ ${t('handled')}` }[outcome]}${error ? ` ${briefError(error, 4_000)}` : ''}`,
    });
  }
}

const tones = { ok: 'plain', failed: 'bad', handled: 'warn' } as const satisfies Record<string, Tone>;

/** Index of the last of the log levels, which get sparser and sparser, that still keeps it (rule RUN-7). */
function rankOf(keeps: (level: (typeof logLevels)[number]) => boolean): number {
  let rank = 0;
  logLevels.forEach((level, index) => {
    if (keeps(level)) rank = index;
  });
  return rank;
}

/** Local time to the millisecond. */
function clockText(at: number): string {
  const date = new Date(at);
  const digits = (part: number, count = 2) => String(part).padStart(count, '0');
  return `${digits(date.getHours())}:${digits(date.getMinutes())}:${digits(date.getSeconds())}.${digits(date.getMilliseconds(), 3)}`;
}

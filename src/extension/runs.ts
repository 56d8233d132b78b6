// The one owner of what this window knows about runs. Fed by the agent's numbered events; trees, decorations, status bar and
// pages are computed from it and hold nothing. Knows neither VS Code nor the connection.
import { never } from '../base/assert.ts';
import type { Disposable } from '../base/disposable.ts';
import { Emitter } from '../base/event.ts';
import {
  type ActionRecord,
  compareQueued,
  isTerminal,
  type LineStatus,
  type Question,
  type Run,
  type RunEvent,
  type RunState,
} from '../protocol/run.ts';

/** One row of a run's log: an executed action, or a message of the flow. */
export type LogEntry =
  | ({ readonly kind: 'action' } & ActionRecord)
  | {
      readonly kind: 'message';
      readonly at: number;
      readonly level: 'info' | 'warning' | 'error';
      readonly message: string;
      readonly line?: number | undefined;
      readonly flow?: string | undefined;
    };

/** What happened inside one run. */
export interface RunDetail {
  /** Line number (1-based) of the run's flow → its status, in the order in which they were last reported. */
  readonly lines: ReadonlyMap<number, LineStatus>;
  /** Lines of the flows that it runs, by flow and line. */
  readonly calledLines: ReadonlyMap<string, LineStatus>;
  /** The newest entries, in order. */
  readonly log: readonly LogEntry[];
  /** How many older entries are not kept here. */
  readonly omitted: number;
  readonly questions: ReadonlyMap<string, Question>;
  /** False when earlier events were not seen: `replay` what `runs.events` answers. */
  readonly complete: boolean;
}

/** `before` is absent when the run was not known. */
export type RunChange =
  | { readonly kind: 'run'; readonly run: Run; readonly before: Run | undefined }
  | { readonly kind: 'detail'; readonly runId: string }
  | { readonly kind: 'question'; readonly runId: string; readonly question: Question }
  | { readonly kind: 'answered'; readonly runId: string; readonly questionId: string; readonly by: string }
  | { readonly kind: 'reset' };

/** A line of a flow. `line` is 1-based. */
export interface Place {
  readonly line: number;
  readonly subflow: string;
  readonly action?: string | undefined;
}

export interface Standing {
  readonly ahead: number;
  readonly place?: Place | undefined;
}

const bad: ReadonlySet<RunState> = new Set(['Failed', 'TimedOut', 'Lost']);
/** It ended, and neither as it should nor because somebody wanted that. */
export const endedBadly = ({ state }: Run): boolean => bad.has(state);

const keptLogEntries = 1_000;
const keptFinishedRuns = 500;
const keptFinishedDetails = 25;

/** Puts the detail of one run together from its kept events, while newer ones arrive. Nothing is shown before `finish`. */
export interface Replay extends Disposable {
  /** The next page of the run's events, in order. */
  take(events: readonly RunEvent[]): void;
  /** There are no more pages. */
  finish(): void;
}

interface MutableDetail extends RunDetail {
  lines: Map<number, LineStatus>;
  calledLines: Map<string, LineStatus>;
  log: LogEntry[];
  omitted: number;
  questions: Map<string, Question>;
  complete: boolean;
  /** Number of the last event that changed this detail. */
  seq: number;
}

const newDetail = (complete: boolean): MutableDetail => ({
  lines: new Map(),
  calledLines: new Map(),
  log: [],
  omitted: 0,
  questions: new Map(),
  complete,
  seq: 0,
});
const nothing: RunDetail = newDetail(false);

export class RunStore {
  readonly #runs = new Map<string, Run>();
  readonly #details = new Map<string, MutableDetail>();
  readonly #changes = new Emitter<RunChange>();
  /** Run → the events that arrived since its replay began. */
  readonly #late = new Map<string, RunEvent[]>();
  #lastSeq = 0;

  readonly onDidChange = this.#changes.event;

  /** Number of the last event that was taken in. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  get(runId: string): Run | undefined {
    return this.#runs.get(runId);
  }

  detail(runId: string): RunDetail {
    return this.#details.get(runId) ?? nothing;
  }

  /** In the order in which they were started. */
  running(): Run[] {
    return this.#select((run) => !isTerminal(run.state) && run.state !== 'Queued').sort(
      (a, b) => (a.startedAt ?? a.requestedAt) - (b.startedAt ?? b.requestedAt),
    );
  }

  /** In the order in which they will run; the first is next. */
  queued(): Run[] {
    return this.#select((run) => run.state === 'Queued').sort(compareQueued);
  }

  /** Newest end first. */
  finished(): Run[] {
    return this.#select((run) => isTerminal(run.state)).sort(
      (a, b) => (b.endedAt ?? b.requestedAt) - (a.endedAt ?? a.requestedAt) || (a.id < b.id ? 1 : -1),
    );
  }

  /** Where a run stands: how many runs come before a queued one, and which line an active one is at, as far as that is known. */
  standing(run: Run): Standing {
    if (run.state === 'Queued') return { ahead: this.queued().findIndex(({ id }) => id === run.id) };
    if (isTerminal(run.state)) return { ahead: 0 };
    // A line that runs now is newer than the record of the run, which is not sent for every step. The innermost was reported last.
    // While it runs another flow, it stands at the line that does so.
    const own = run.position?.flow === undefined ? run.position : undefined;
    let place: Place | undefined = own;
    for (const { line, subflow, state } of this.detail(run.id).lines.values()) {
      if (state === 'running') place = own?.line === line ? own : { line, subflow };
    }
    return { ahead: 0, place };
  }

  /** The latest run of the flow at `path` that matches. */
  latestOf(path: string, matches: (run: Run) => boolean): Run | undefined {
    let latest: Run | undefined;
    for (const run of this.#runs.values()) {
      if (run.flow.path === path && matches(run) && (!latest || run.requestedAt >= latest.requestedAt))
        latest = run;
    }
    return latest;
  }

  /** Takes in what `runs.list` answered. Runs that changed meanwhile are announced as changes, so that an end is not missed. */
  load(runs: readonly Run[], lastSeq: number): void {
    const before = new Map(this.#runs);
    this.#runs.clear();
    for (const run of runs) this.#runs.set(run.id, run);
    for (const id of this.#details.keys()) if (!this.#runs.has(id)) this.#details.delete(id);
    for (const run of runs) {
      const detail = this.#details.get(run.id);
      if (detail) detail.complete &&= isTerminal(before.get(run.id)?.state ?? 'Queued');
      else if (run.state === 'Queued') this.#details.set(run.id, newDetail(true));
    }
    this.#lastSeq = lastSeq;
    this.#changes.fire({ kind: 'reset' });
    for (const run of runs) {
      const old = before.get(run.id);
      if (old && old.state !== run.state) this.#changes.fire({ kind: 'run', run, before: old });
    }
  }

  /** Forgets everything: another agent answers now. */
  clear(): void {
    this.#runs.clear();
    this.#details.clear();
    this.#lastSeq = 0;
    this.#changes.fire({ kind: 'reset' });
  }

  /**
   * Takes in one event. `old`: it was known already and nothing changed. `gap`: events before it are missing and nothing
   * changed; the caller asks for a list.
   */
  apply(event: RunEvent): 'applied' | 'old' | 'gap' {
    if (event.seq <= this.#lastSeq) return 'old';
    if (event.seq !== this.#lastSeq + 1) return 'gap';
    this.#lastSeq = event.seq;
    this.#late.get(event.runId)?.push(event);
    if (event.kind === 'run') this.#changeRun(event.run);
    else if (this.#runs.has(event.runId)) this.#changeDetail(event);
    return 'applied';
  }

  /** Begins to read the kept events of one run; one replay of a run at a time. Dispose it when done, finished or not. */
  replay(runId: string): Replay {
    const late: RunEvent[] = [];
    this.#late.set(runId, late);
    const detail = newDetail(true);
    return {
      take: (events) => {
        for (const event of events) applyTo(detail, event);
      },
      finish: () => {
        if (!this.#runs.has(runId)) return;
        for (const event of late) applyTo(detail, event);
        const known = this.detail(runId).questions;
        this.#details.set(runId, detail);
        this.#trimDetails(runId);
        this.#changes.fire({ kind: 'detail', runId });
        for (const [id, question] of detail.questions) {
          if (!known.has(id)) this.#changes.fire({ kind: 'question', runId, question });
        }
      },
      dispose: () => this.#late.delete(runId),
    };
  }

  #changeRun(run: Run): void {
    const before = this.#runs.get(run.id);
    if (before && isTerminal(before.state) && run.state !== before.state) return; // an end is final
    this.#runs.set(run.id, run);
    const detail = this.#details.get(run.id);
    if (!before && !detail) this.#details.set(run.id, newDetail(run.state === 'Queued'));
    if (isTerminal(run.state)) {
      detail?.questions.clear();
      this.#trimRuns();
      this.#trimDetails(run.id);
    }
    this.#changes.fire({ kind: 'run', run, before });
  }

  #changeDetail(event: Exclude<RunEvent, { kind: 'run' }>): void {
    let detail = this.#details.get(event.runId);
    if (!detail) {
      detail = newDetail(false);
      this.#details.set(event.runId, detail);
    }
    applyTo(detail, event);
    if (event.kind === 'question') {
      this.#changes.fire({ kind: 'question', runId: event.runId, question: event.question });
    } else if (event.kind === 'answered') {
      this.#changes.fire({
        kind: 'answered',
        runId: event.runId,
        questionId: event.questionId,
        by: event.by,
      });
    } else {
      this.#changes.fire({ kind: 'detail', runId: event.runId });
    }
  }

  #select(matches: (run: Run) => boolean): Run[] {
    return [...this.#runs.values()].filter(matches);
  }

  #trimRuns(): void {
    if (this.#runs.size <= keptFinishedRuns) return;
    for (const run of this.finished().slice(keptFinishedRuns)) {
      this.#runs.delete(run.id);
      this.#details.delete(run.id);
    }
  }

  /** Keeps the details of the newest finished runs only; a page that is opened later asks for them again. */
  #trimDetails(newest: string): void {
    const finished = [...this.#details.keys()].filter((id) => id !== newest && isTerminal(this.#stateOf(id)));
    for (const id of finished.slice(0, Math.max(0, finished.length - keptFinishedDetails)))
      this.#details.delete(id);
  }

  #stateOf(runId: string): RunState {
    return this.#runs.get(runId)?.state ?? 'Lost';
  }
}

/** The effect of one event on the detail of its run. Applying the same events twice gives the same detail. */
function applyTo(detail: MutableDetail, event: RunEvent): void {
  if (event.seq <= detail.seq) return;
  detail.seq = event.seq;
  switch (event.kind) {
    case 'run':
      if (isTerminal(event.run.state)) detail.questions.clear();
      return;
    case 'lines':
      for (const line of event.lines) {
        if (line.flow !== undefined) {
          detail.calledLines.set(`${line.flow}\n${line.line}`, line);
          continue;
        }
        detail.lines.delete(line.line); // so that the map is in the order of the reports
        detail.lines.set(line.line, line);
      }
      return;
    case 'actions':
      detail.omitted += event.omitted;
      for (const action of event.actions) detail.log.push({ kind: 'action', ...action });
      trimLog(detail);
      return;
    case 'log':
      detail.log.push({
        kind: 'message',
        at: event.at,
        level: event.level,
        message: event.message,
        line: event.line,
        flow: event.flow,
      });
      trimLog(detail);
      return;
    case 'screenshot': // the error of the run says that there is one
      return;
    case 'question':
      detail.questions.set(event.question.id, event.question);
      return;
    case 'answered':
      detail.questions.delete(event.questionId);
      return;
    default:
      never(event, 'run event');
  }
}

function trimLog(detail: MutableDetail): void {
  const surplus = detail.log.length - keptLogEntries;
  if (surplus <= 0) return;
  detail.log.splice(0, surplus);
  detail.omitted += surplus;
}

// The one owner of what this window knows about runs. Fed by the numbered events of agents and orchestrators, one source each; trees,
// decorations, status bar and pages are computed from it and hold nothing. Knows neither VS Code nor the connections.
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
import { SortedList } from './fleet/sortedList.ts';

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

/** The runs of one queue, each list in its order. */
interface QueueLists {
  readonly running: SortedList<Run>;
  readonly queued: SortedList<Run>;
  readonly finished: SortedList<Run>;
}

const listOf = ({ state }: Run): keyof QueueLists =>
  isTerminal(state) ? 'finished' : state === 'Queued' ? 'queued' : 'running';

const compareIds = (a: Run, b: Run): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
/** In the order in which they were started. */
const compareRunning = (a: Run, b: Run): number =>
  (a.startedAt ?? a.requestedAt) - (b.startedAt ?? b.requestedAt) || compareIds(a, b);
/** Newest end first. */
const compareFinished = (a: Run, b: Run): number =>
  (b.endedAt ?? b.requestedAt) - (a.endedAt ?? a.requestedAt) || compareIds(b, a);

const newLists = (): QueueLists => ({
  running: new SortedList(compareRunning),
  queued: new SortedList<Run>(compareQueued),
  finished: new SortedList(compareFinished),
});
const none: QueueLists = newLists();

/** The source of the agent of this machine. */
export const localSource = 'local';

/** What one agent or orchestrator has said about its runs. Feeds the store; everything else reads the store. */
export interface RunSource {
  readonly id: string;
  /** Number of the last event that was taken in. */
  readonly lastSeq: number;
  readonly size: number;
  get(runId: string): Run | undefined;
  /** Queues of which runs are known, by id. */
  queues(): Iterable<string>;
  running(queue: string): readonly Run[];
  queued(queue: string): readonly Run[];
  finished(queue: string): readonly Run[];
  /** How many runs of all queues are in a list. */
  count(list: 'running' | 'queued' | 'finished'): number;
  /** Takes in what `runs.list` and `queue.list` answered. Runs that changed meanwhile are announced as changes, so that an end is not missed. */
  load(runs: readonly Run[], lastSeq: number): void;
  /** Adds ended runs that are older than those known. */
  loadOlder(runs: readonly Run[]): void;
  /** Forgets everything: another server answers now. */
  clear(): void;
  /** Forgets everything for good. */
  remove(): void;
  /**
   * Takes in one event. `old`: it was known already and nothing changed. `gap`: events before it are missing and nothing changed; the
   * caller asks for a list. A source that is not `gapless` takes every newer event: its server leaves out what the asker may not see.
   */
  apply(event: RunEvent): 'applied' | 'old' | 'gap';
}

export class RunStore {
  readonly #sources = new Map<string, Source>();
  /** Run → the source that knows it. */
  readonly #owners = new Map<string, Source>();
  readonly #details = new Map<string, MutableDetail>();
  readonly #changes = new Emitter<RunChange>();
  /** Run → the events that arrived since its replay began. */
  readonly #late = new Map<string, RunEvent[]>();
  readonly #local: RunSource;

  readonly onDidChange = this.#changes.event;

  constructor() {
    this.#local = this.source(localSource, true);
  }

  /** The source with this id, which is made when it is not there. `gapless`: its events are numbered without gaps. */
  source(id: string, gapless = false): RunSource {
    let source = this.#sources.get(id);
    if (!source) {
      source = new Source(id, gapless, this.#services());
      this.#sources.set(id, source);
    }
    return source;
  }

  /** Number of the last event of the agent of this machine. */
  get lastSeq(): number {
    return this.#local.lastSeq;
  }

  get(runId: string): Run | undefined {
    return this.#owners.get(runId)?.get(runId);
  }

  /** Id of the source that knows the run. */
  sourceOf(runId: string): string | undefined {
    return this.#owners.get(runId)?.id;
  }

  detail(runId: string): RunDetail {
    return this.#details.get(runId) ?? nothing;
  }

  /** In the order in which they were started. */
  running(): Run[] {
    return this.#all('running').sort(compareRunning);
  }

  /** Queue after queue, each in the order in which its runs will start; the first of each is next. */
  queued(): Run[] {
    return this.#all('queued');
  }

  /** Newest end first. */
  finished(): Run[] {
    return this.#all('finished').sort(compareFinished);
  }

  /** Where a run stands: how many runs come before a queued one, and which line an active one is at, as far as that is known. */
  standing(run: Run): Standing {
    if (run.state === 'Queued')
      return { ahead: this.#owners.get(run.id)?.lists(run.queue).queued.indexOf(run) ?? -1 };
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
    for (const [id, source] of this.#owners) {
      const run = source.get(id);
      if (run?.flow.path === path && matches(run) && (!latest || run.requestedAt >= latest.requestedAt))
        latest = run;
    }
    return latest;
  }

  /** Of the agent of this machine, as are the next two: see RunSource. */
  load(runs: readonly Run[], lastSeq: number): void {
    this.#local.load(runs, lastSeq);
  }

  clear(): void {
    this.#local.clear();
  }

  apply(event: RunEvent): 'applied' | 'old' | 'gap' {
    return this.#local.apply(event);
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
        if (!this.#owners.has(runId)) return;
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

  #services(): SourceServices {
    return {
      changed: (change) => this.#changes.fire(change),
      owned: (runId, source) => {
        if (source) this.#owners.set(runId, source);
        else {
          this.#owners.delete(runId);
          this.#details.delete(runId);
        }
      },
      listed: (run, before) => {
        const detail = this.#details.get(run.id);
        if (detail) detail.complete &&= isTerminal(before?.state ?? 'Queued');
        else if (run.state === 'Queued') this.#details.set(run.id, newDetail(true));
      },
      event: (event) => {
        this.#late.get(event.runId)?.push(event);
        if (event.kind !== 'run' && this.#owners.has(event.runId)) this.#changeDetail(event);
      },
      runChanged: (run, before) => this.#runChanged(run, before),
      removed: (id) => this.#sources.delete(id),
    };
  }

  #runChanged(run: Run, before: Run | undefined): void {
    const detail = this.#details.get(run.id);
    if (!before && !detail) this.#details.set(run.id, newDetail(run.state === 'Queued'));
    if (isTerminal(run.state)) {
      detail?.questions.clear();
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

  #all(list: keyof QueueLists): Run[] {
    return [...this.#sources.values()].flatMap((source) =>
      [...source.queues()].flatMap((queue) => source.lists(queue)[list].items),
    );
  }

  /** Keeps the details of the newest finished runs only; a page that is opened later asks for them again. */
  #trimDetails(newest: string): void {
    const finished = [...this.#details.keys()].filter((id) => id !== newest && isTerminal(this.#stateOf(id)));
    for (const id of finished.slice(0, Math.max(0, finished.length - keptFinishedDetails)))
      this.#details.delete(id);
  }

  #stateOf(runId: string): RunState {
    return this.get(runId)?.state ?? 'Lost';
  }
}

/** What a source tells its store. */
interface SourceServices {
  changed(change: RunChange): void;
  /** `source` absent: the run is forgotten. */
  owned(runId: string, source: Source | undefined): void;
  /** A run was read in a list. */
  listed(run: Run, before: Run | undefined): void;
  event(event: RunEvent): void;
  runChanged(run: Run, before: Run | undefined): void;
  removed(id: string): void;
}

class Source implements RunSource {
  readonly id: string;
  readonly #gapless: boolean;
  readonly #store: SourceServices;
  readonly #runs = new Map<string, Run>();
  readonly #queues = new Map<string, QueueLists>();
  #lastSeq = 0;
  #finished = 0;
  /** Grows when older runs are asked for. */
  #kept = keptFinishedRuns;

  constructor(id: string, gapless: boolean, store: SourceServices) {
    this.id = id;
    this.#gapless = gapless;
    this.#store = store;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get size(): number {
    return this.#runs.size;
  }

  get(runId: string): Run | undefined {
    return this.#runs.get(runId);
  }

  queues(): Iterable<string> {
    return this.#queues.keys();
  }

  lists(queue: string): QueueLists {
    return this.#queues.get(queue) ?? none;
  }

  running(queue: string): readonly Run[] {
    return this.lists(queue).running.items;
  }

  queued(queue: string): readonly Run[] {
    return this.lists(queue).queued.items;
  }

  finished(queue: string): readonly Run[] {
    return this.lists(queue).finished.items;
  }

  count(list: keyof QueueLists): number {
    let count = 0;
    for (const lists of this.#queues.values()) count += lists[list].items.length;
    return count;
  }

  load(runs: readonly Run[], lastSeq: number): void {
    const before = new Map(this.#runs);
    this.#runs.clear();
    this.#queues.clear();
    this.#finished = 0;
    for (const run of runs) {
      if (this.#runs.has(run.id)) continue;
      this.#put(run);
      this.#store.listed(run, before.get(run.id));
    }
    for (const id of before.keys()) if (!this.#runs.has(id)) this.#store.owned(id, undefined);
    this.#lastSeq = lastSeq;
    this.#store.changed({ kind: 'reset' });
    for (const run of this.#runs.values()) {
      const old = before.get(run.id);
      if (old && old.state !== run.state) this.#store.changed({ kind: 'run', run, before: old });
    }
  }

  loadOlder(runs: readonly Run[]): void {
    this.#kept = Math.max(this.#kept, this.#finished + runs.length);
    for (const run of runs) if (isTerminal(run.state) && !this.#runs.has(run.id)) this.#put(run);
    this.#store.changed({ kind: 'reset' });
  }

  clear(): void {
    for (const id of this.#runs.keys()) this.#store.owned(id, undefined);
    this.#runs.clear();
    this.#queues.clear();
    this.#finished = 0;
    this.#lastSeq = 0;
    this.#kept = keptFinishedRuns;
    this.#store.changed({ kind: 'reset' });
  }

  remove(): void {
    this.#store.removed(this.id);
    this.clear();
  }

  apply(event: RunEvent): 'applied' | 'old' | 'gap' {
    if (event.seq <= this.#lastSeq) return 'old';
    if (this.#gapless && event.seq !== this.#lastSeq + 1) return 'gap';
    this.#lastSeq = event.seq;
    this.#store.event(event);
    if (event.kind === 'run') this.#change(event.run);
    return 'applied';
  }

  #change(run: Run): void {
    const before = this.#runs.get(run.id);
    if (before && isTerminal(before.state) && run.state !== before.state) return; // an end is final
    this.#put(run, before);
    if (isTerminal(run.state) && this.#finished > this.#kept) this.#dropOldest(run.id);
    this.#store.runChanged(run, before);
  }

  #put(run: Run, before?: Run): void {
    if (before) {
      this.#queues.get(before.queue)?.[listOf(before)].remove(before);
      if (isTerminal(before.state)) this.#finished--;
    }
    let lists = this.#queues.get(run.queue);
    if (!lists) {
      lists = newLists();
      this.#queues.set(run.queue, lists);
    }
    lists[listOf(run)].add(run);
    if (isTerminal(run.state)) this.#finished++;
    this.#runs.set(run.id, run);
    this.#store.owned(run.id, this);
  }

  /** The run that ended first goes, but never the one that just did. */
  #dropOldest(newest: string): void {
    let oldest: Run | undefined;
    for (const { finished } of this.#queues.values()) {
      const last = finished.items.at(-1);
      if (last && last.id !== newest && (!oldest || compareFinished(oldest, last) < 0)) oldest = last;
    }
    if (!oldest) return;
    this.#queues.get(oldest.queue)?.finished.remove(oldest);
    this.#finished--;
    this.#runs.delete(oldest.id);
    this.#store.owned(oldest.id, undefined);
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

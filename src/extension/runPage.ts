// The page of one run as text (`Show Run as Text`): times, inputs, outputs, error, status per line, log. Plain text, so that it can be
// read aloud, searched and copied; recomputed from the run store while it is open.
import type { Clock } from '../base/clock.ts';
import { type Disposable, DisposableStore } from '../base/disposable.ts';
import { isTerminal, type Run, type WireValue } from '../protocol/run.ts';
import type { AgentConnection } from './agents.ts';
import { Coalesced } from './coalesced.ts';
import { statusSentence } from './decorations.ts';
import { uriOf } from './documents.ts';
import { runScheme } from './names.ts';
import type { LogEntry, Place, RunDetail, RunStore } from './runs.ts';
import type { DocumentLink, TextDocument, Uri, VSCode } from './vscode.ts';
import {
  briefError,
  durationText,
  flowName,
  oneLine,
  placeText,
  runPhrase,
  runTime,
  stateWord,
  timeText,
  valueText,
} from './wording.ts';

const repaintMs = 250;

export class RunPages implements Disposable {
  readonly #vscode: VSCode;
  readonly #store: RunStore;
  readonly #clock: Clock;
  readonly #agent: AgentConnection;
  readonly #disposables = new DisposableStore();
  readonly #changed;
  readonly #stale = new Set<string>();

  constructor(vscode: VSCode, store: RunStore, agent: AgentConnection, clock: Clock) {
    this.#vscode = vscode;
    this.#store = store;
    this.#agent = agent;
    this.#clock = clock;
    this.#changed = this.#disposables.add(new vscode.EventEmitter<Uri>());
    this.#disposables.add(
      vscode.workspace.registerTextDocumentContentProvider(runScheme, {
        onDidChange: this.#changed.event,
        provideTextDocumentContent: (uri) => this.#content(uri),
      }),
    );
    this.#disposables.add(
      vscode.languages.registerDocumentLinkProvider(
        { scheme: runScheme },
        { provideDocumentLinks: (document) => this.#links(document) },
      ),
    );
    const repaint = this.#disposables.add(new Coalesced(clock, repaintMs, () => this.#repaint()));
    const repaintAll = () => {
      for (const uri of this.#open()) this.#stale.add(runIdOf(uri) as string);
      repaint.soon();
    };
    this.#disposables.add(
      store.onDidChange((change) => {
        if (change.kind === 'reset') return repaintAll();
        this.#stale.add(change.kind === 'run' ? change.run.id : change.runId);
        repaint.soon();
      }),
    );
    this.#disposables.add(agent.onDidChange(repaintAll));
  }

  async show(run: Run): Promise<void> {
    // The ending gives the page the colours of a log; the query says which run it is.
    const path = `/${flowName(run).replace(/[\\/:*?"<>|#]/g, '_')} ${run.id.slice(0, 8)}.log`;
    const uri = this.#vscode.Uri.from({ scheme: runScheme, path, query: run.id });
    if (!this.#store.detail(run.id).complete) void this.#agent.loadDetail(run.id);
    const document = await this.#vscode.workspace.openTextDocument(uri);
    await this.#vscode.window.showTextDocument(document, { preview: true });
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #content(uri: Uri): string {
    const id = runIdOf(uri) ?? '';
    const run = this.#store.get(id);
    if (!run)
      return `The run ${id} is not known to this window: its agent is not connected, or the run is too old.\n`;
    return renderRun(run, this.#store, this.#clock.now(), {
      machine: this.#agent.machineName(run.machine ?? run.queue),
      lastKnown: this.#agent.state?.kind !== 'connected',
    });
  }

  #repaint(): void {
    for (const uri of this.#open()) if (this.#stale.has(runIdOf(uri) as string)) this.#changed.fire(uri);
    this.#stale.clear();
  }

  #open(): Uri[] {
    return this.#vscode.workspace.textDocuments
      .map(({ uri }) => uri)
      .filter(({ scheme }) => scheme === runScheme);
  }

  /** `file:line` of the page as links to the flow. */
  #links(document: TextDocument): DocumentLink[] {
    const run = this.#store.get(runIdOf(document.uri) ?? '');
    if (!run) return [];
    const links: DocumentLink[] = [];
    for (let line = 0; line < document.lineCount; line++) {
      const { text } = document.lineAt(line);
      const place = /^(?:Where|Flow): +(.+?)(?::(\d+))?(?:, subflow .*)?$/.exec(text);
      if (!place) continue;
      const start = text.indexOf(place[1] as string);
      const end = start + (place[1] as string).length + (place[2] ? place[2].length + 1 : 0);
      const target = uriOf(this.#vscode, run.flow.path);
      links.push(
        new this.#vscode.DocumentLink(
          new this.#vscode.Range(line, start, line, end),
          place[2] ? target.with({ fragment: `L${place[2]}` }) : target,
        ),
      );
    }
    return links;
  }
}

/** The run that a page shows. */
export const runIdOf = (uri: Uri): string | undefined => (uri.scheme === runScheme ? uri.query : undefined);

interface PageFacts {
  /** Name of the machine of the run. */
  readonly machine: string;
  /** No agent is connected: nobody knows what happened since. */
  readonly lastKnown: boolean;
}

/** The page as text. */
function renderRun(run: Run, store: RunStore, now: number, facts: PageFacts): string {
  const detail = store.detail(run.id);
  const standing = store.standing(run);
  const sections = [
    head(run, runPhrase(run, now, standing), standing.place, facts),
    timeline(run, now),
    values('Inputs', run.inputs),
    run.outputs ? values('Outputs', run.outputs) : undefined,
    failure(run),
    questions(detail),
    lines(run, detail),
    log(run, detail),
  ];
  return `${sections.filter((section) => section !== undefined).join('\n\n')}\n`;
}

function head(run: Run, phrase: string, place: Place | undefined, facts: PageFacts): string {
  const title = `${flowName(run)}: ${phrase}`;
  return [
    title,
    '='.repeat(Math.min(title.length, 100)),
    `Flow: ${run.flow.path}`,
    `Run: ${run.id}`,
    `State: ${stateWord(run.state)}${facts.lastKnown && !isTerminal(run.state) ? ' when last seen (the agent is not connected)' : ''}`,
    `Machine: ${oneLine(facts.machine, 60)}`,
    `Mode: ${run.mode}, priority ${run.priority}`,
    `Requested by: ${oneLine(run.requestedBy, 100)}`,
    ...(run.resubmitOf ? [`Resubmitted from: ${run.resubmitOf}`] : []),
    ...(place ? [`Now at: ${placeText(place)}`] : []),
  ].join('\n');
}

function timeline(run: Run, now: number): string {
  const rows = [`${timeText(run.requestedAt)}  requested`];
  if (run.startedAt !== undefined) {
    rows.push(
      `${timeText(run.startedAt)}  started after waiting ${durationText(run.startedAt - run.requestedAt)}`,
    );
  } else if (!isTerminal(run.state)) {
    rows.push(`${timeText(run.expiresAt)}  gives up waiting`);
  }
  if (run.endedAt !== undefined) {
    const took = runTime(run, now);
    rows.push(
      `${timeText(run.endedAt)}  ${stateWord(run.state).toLowerCase()}${took === undefined ? ' before it started' : ` after ${durationText(took)}`}`,
    );
  }
  return section('Timeline', rows);
}

function values(title: string, given: Readonly<Record<string, WireValue>>): string {
  const entries = Object.entries(given);
  return section(
    title,
    entries.length === 0
      ? ['(none)']
      : entries.map(([name, value]) => `${oneLine(name, 80)} = ${valueText(value)}`),
  );
}

function failure({ error, flow }: Run): string | undefined {
  if (!error) return undefined;
  const rows = [`Code: ${error.code}`, `Message: ${oneLine(error.message, 4_000)}`];
  if (error.line !== undefined)
    rows.push(`Where: ${flow.path}:${error.line}${error.subflow ? `, subflow ${error.subflow}` : ''}`);
  if (error.action) rows.push(`Action: ${error.action}`);
  rows.push(`Next step: ${oneLine(error.nextStep, 1_000)}`);
  return section('Error', rows);
}

function questions(detail: RunDetail): string | undefined {
  if (detail.questions.size === 0) return undefined;
  return section(
    'Waits for an answer',
    [...detail.questions.values()].map(({ title, message }) =>
      [title, message]
        .filter((text) => text !== '')
        .map((text) => oneLine(text, 500))
        .join(': '),
    ),
  );
}

function lines(run: Run, detail: RunDetail): string | undefined {
  if (detail.lines.size === 0) return undefined;
  const sorted = [
    ...[...detail.lines.values()].sort((a, b) => a.line - b.line),
    ...[...detail.calledLines.values()].sort((a, b) =>
      a.flow === b.flow ? a.line - b.line : (a.flow ?? '') < (b.flow ?? '') ? -1 : 1,
    ),
  ];
  return section(
    'Lines',
    sorted.map((status) => {
      const error = status.error ? `: ${briefError(status.error, 500)}` : '';
      return `${placeText(status)} ${statusSentence(status, run)}${error}`;
    }),
  );
}

function log(run: Run, detail: RunDetail): string | undefined {
  if (run.startedAt === undefined && detail.log.length === 0) return undefined;
  const rows: string[] = [];
  if (detail.omitted > 0) rows.push(`(${detail.omitted} earlier actions are not shown)`);
  for (const entry of detail.log) rows.push(logRow(entry));
  if (!detail.complete) rows.push('(earlier events are being read)');
  return section('Log', rows.length === 0 ? ['(nothing yet)'] : rows);
}

function logRow(entry: LogEntry): string {
  if (entry.kind === 'message') {
    const where = entry.line === undefined ? '' : ` at ${placeText({ line: entry.line, flow: entry.flow })}`;
    return `${timeText(entry.at)} [${entry.level}] ${oneLine(entry.message, 2_000)}${where}`;
  }
  const error = entry.error ? `: ${briefError(entry.error, 2_000)}` : '';
  return `${timeText(entry.at)} ${entry.outcome} ${placeText(entry)}, ${durationText(entry.ms)}${error}`;
}

const section = (title: string, rows: readonly string[]): string =>
  `${title}\n${'-'.repeat(title.length)}\n${rows.join('\n')}`;

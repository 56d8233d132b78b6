// The page of a run (`Show Run`): opens it, keeps it up to date from the run store and the agent's events, and does what it asks for.
// What it says is decided in story.ts.
import type { Clock } from '../../base/clock.ts';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { Emitter } from '../../base/event.ts';
import { isTerminal, type Run, type RunEvent } from '../../protocol/run.ts';
import { Coalesced } from '../coalesced.ts';
import { uriOf } from '../documents.ts';
import { t } from '../l10n.ts';
import { commandIds } from '../names.ts';
import type { RunStore } from '../runs.ts';
import type { VSCode, WebviewPanel } from '../vscode.ts';
import { flowName } from '../wording.ts';
import { runAsHtml, runAsJson } from './download.ts';
import { detailCommandIds, pageTypes } from './names.ts';
import { RunFile } from './runFile.ts';
import { phasesOf, type RunAct, runActs, storyActs, storyOf } from './story.ts';
import { type PageAct, WebPage } from './webPage.ts';

const repaintMs = 100;
/** How often the time of a run that is under way moves on. */
const tickMs = 1_000;

/** What pages read of agents. Nothing here starts an agent. */
export interface RunReader {
  /** Whether the server of a run, or without one the agent of this machine, answers. */
  readonly isConnected: (runId?: string) => boolean;
  /** The kept events of a run after one of them, a page at a time; none at the end. */
  readonly events: (runId: string, after: number) => Promise<readonly RunEvent[]>;
  /** PNG in Base64. */
  readonly screenshot: (runId: string) => Promise<string>;
  /** The newest runs. */
  readonly runs: (limit: number) => Promise<readonly Run[]>;
  /** The name of a machine by the id that runs carry. */
  readonly machineName: (machineId: string) => string;
  /** Fires when the connection came or went. */
  readonly onDidChange: (listener: () => void) => Disposable;
}

export interface PanelContext {
  readonly vscode: VSCode;
  readonly store: RunStore;
  readonly reader: RunReader;
  readonly clock: Clock;
  readonly script: () => string;
  readonly showText: (run: Run) => Promise<void>;
  readonly failed: (doing: string, error: unknown) => void;
}

export class RunPanels implements Disposable {
  readonly #context: PanelContext;
  readonly #panels = new Map<string, RunPanel>();
  readonly #changes = new Emitter<void>();
  #active: string | undefined;

  /** Fires when another page of a run, or none, is in front. */
  readonly onDidChangeActive = this.#changes.event;

  constructor(context: PanelContext) {
    this.#context = context;
  }

  /** The run whose page is in front. */
  get active(): string | undefined {
    return this.#active;
  }

  show(run: Run): void {
    const open = this.#panels.get(run.id);
    if (open) {
      open.reveal();
      return;
    }
    const { vscode } = this.#context;
    const panel = vscode.window.createWebviewPanel(
      pageTypes.run,
      t('Run of {0}', flowName(run)),
      vscode.ViewColumn.Active,
      { enableFindWidget: true },
    );
    const page = new RunPanel(this.#context, panel, run, (other) => this.show(other));
    this.#panels.set(run.id, page);
    const follow = () => {
      const active = panel.active ? run.id : this.#active === run.id ? undefined : this.#active;
      if (active === this.#active) return;
      this.#active = active;
      this.#changes.fire();
    };
    panel.onDidChangeViewState(follow);
    panel.onDidDispose(() => {
      page.dispose();
      this.#panels.delete(run.id);
      if (this.#active !== run.id) return;
      this.#active = undefined;
      this.#changes.fire();
    });
    follow();
  }

  /** Asks where, and writes the run with its log. */
  async download(run: Run, form: 'json' | 'html'): Promise<void> {
    const { vscode, store, reader, clock } = this.#context;
    const file = new RunFile();
    await readAll(reader, run.id, file);
    const name = `${flowName(run).replace(/[\\/:*?"<>|]/g, '_')} ${run.id.slice(0, 8)}.${form}`;
    const target = await vscode.window.showSaveDialog({
      title: t('Save the run'),
      defaultUri: vscode.Uri.file(name),
      filters: form === 'json' ? { JSON: ['json'] } : { HTML: ['html'] },
    });
    if (!target) return;
    const latest = store.get(run.id) ?? run;
    const picture = hasPicture(latest) ? await reader.screenshot(run.id).catch(() => undefined) : undefined;
    const text =
      form === 'json'
        ? runAsJson(latest, phasesOf(latest, file.states, clock.now()), file.rows, file.omitted)
        : runAsHtml(modelOf(this.#context, latest, file, false), file.rows, picture, vscode.env.language);
    await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(text));
    vscode.window.setStatusBarMessage(`$(check) ${t('The run was saved')}`, 3_000);
  }

  dispose(): void {
    for (const page of this.#panels.values()) page.close();
    this.#changes.dispose();
  }
}

class RunPanel implements Disposable {
  readonly #context: PanelContext;
  readonly #panel: WebviewPanel;
  readonly #page: WebPage;
  readonly #showOther: (run: Run) => void;
  readonly #disposables = new DisposableStore();
  readonly #tick: Coalesced;
  readonly #repaint: Coalesced;
  readonly #file = new RunFile();
  /** As it was last known: the store forgets old runs. */
  #run: Run;
  #reading = false;
  /** Something happened while the log was being read. */
  #again = false;
  #picture: string | undefined;

  constructor(context: PanelContext, panel: WebviewPanel, run: Run, showOther: (run: Run) => void) {
    const { vscode, store, reader, clock } = context;
    this.#context = context;
    this.#panel = panel;
    this.#run = run;
    this.#showOther = showOther;
    this.#repaint = this.#disposables.add(new Coalesced(clock, repaintMs, () => this.#paint()));
    this.#tick = this.#disposables.add(new Coalesced(clock, tickMs, () => this.#paint()));
    this.#page = this.#disposables.add(new WebPage(vscode, panel.webview, context.script()));
    for (const event of [
      this.#page.onReady(() => {
        this.#file.forget();
        this.#paint();
        this.#paintLog();
        if (this.#picture !== undefined) this.#page.showPicture(this.#picture);
        void this.#read();
      }),
      this.#page.onAct((act) => void this.#act(act).catch((error) => context.failed('a page', error))),
      store.onDidChange((change) => {
        const concerned =
          change.kind === 'reset' ||
          (change.kind === 'run'
            ? change.run.id === run.id || change.run.resubmitOf === run.id
            : change.runId === run.id);
        if (!concerned) return;
        this.#repaint.soon();
        void this.#read();
      }),
      reader.onDidChange(() => {
        this.#repaint.soon();
        void this.#read();
      }),
      panel.onDidChangeViewState(() => {
        if (!panel.visible) this.#page.hidden();
      }),
    ]) {
      this.#disposables.add(event);
    }
  }

  reveal(): void {
    this.#panel.reveal();
  }

  close(): void {
    this.#panel.dispose();
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #paint(): void {
    this.#run = this.#context.store.get(this.#run.id) ?? this.#run;
    if (!this.#panel.visible) return;
    this.#page.show(modelOf(this.#context, this.#run, this.#file, this.#reading));
    if (!isTerminal(this.#run.state) && this.#context.reader.isConnected(this.#run.id)) this.#tick.soon();
  }

  #paintLog(): void {
    this.#page.showLog(this.#file.settled(), this.#file.rows);
  }

  /** Reads what the agent has written down since. One reader at a time; a log that cannot be read is read at the next change. */
  async #read(): Promise<void> {
    const { reader } = this.#context;
    this.#again = this.#reading;
    if (this.#reading || !this.#panel.visible || !reader.isConnected(this.#run.id)) return;
    this.#reading = true;
    try {
      do {
        this.#again = false;
        await readAll(reader, this.#run.id, this.#file, () => this.#paintLog());
      } while (this.#again);
      const run = this.#context.store.get(this.#run.id) ?? this.#run;
      if (this.#picture === undefined && hasPicture(run)) {
        this.#picture = await reader.screenshot(this.#run.id);
        this.#page.showPicture(this.#picture);
      }
    } catch {
      // Its agent went away, or keeps nothing of it any more; the page says which of both.
    } finally {
      this.#reading = false;
      this.#repaint.soon();
    }
  }

  async #act({ id, argument }: PageAct): Promise<void> {
    const { vscode, store } = this.#context;
    const run = this.#run;
    if (id in runActs) {
      await vscode.commands.executeCommand(commandIds[id as RunAct], { kind: 'run', runId: run.id });
      return;
    }
    switch (id) {
      case storyActs.openLine:
        return this.#open(Number(argument));
      case storyActs.openFlow:
        return this.#open(undefined);
      case storyActs.openRun: {
        const other = store.get(argument ?? '');
        if (other) this.#showOther(other);
        else await vscode.window.showInformationMessage(t('That run is not known any more: it is too old.'));
        return;
      }
      case storyActs.downloadJson:
      case storyActs.downloadHtml:
        await vscode.commands.executeCommand(
          detailCommandIds.downloadRun,
          { kind: 'run', runId: run.id },
          id === storyActs.downloadJson ? 'json' : 'html',
        );
        return;
      case storyActs.asText:
        return this.#context.showText(run);
    }
  }

  /** `line` is 1-based. */
  async #open(line: number | undefined): Promise<void> {
    const { vscode } = this.#context;
    const uri = uriOf(vscode, this.#run.flow.path);
    try {
      const document = await vscode.workspace.openTextDocument(uri);
      const at = line !== undefined && line >= 1 ? Math.min(line, document.lineCount) - 1 : undefined;
      const options = at === undefined ? {} : { selection: document.lineAt(at).range };
      await vscode.window.showTextDocument(document, options);
    } catch {
      await vscode.window.showWarningMessage(
        t('The flow of this run cannot be opened: {0}. It may have been moved.', uri.fsPath),
      );
    }
  }
}

const hasPicture = ({ error }: Run): boolean =>
  error?.screenshot !== undefined && 'width' in error.screenshot;

/** Reads to the end of what is kept. `page` is called after each part that changed the log. */
async function readAll(
  reader: RunReader,
  runId: string,
  file: RunFile,
  page: () => void = () => {},
): Promise<void> {
  for (;;) {
    const events = await reader.events(runId, file.seq);
    if (events.length === 0) return;
    if (file.take(events)) page();
  }
}

function modelOf({ store, reader, clock }: PanelContext, run: Run, file: RunFile, reading: boolean) {
  return storyOf(run, {
    now: clock.now(),
    detail: store.detail(run.id),
    standing: store.standing(run),
    file,
    machine: reader.machineName(run.machine ?? run.queue),
    lastKnown: !reader.isConnected(run.id),
    reading,
    resubmitted: [...store.running(), ...store.queued(), ...store.finished()]
      .filter(({ resubmitOf }) => resubmitOf === run.id)
      .sort((a, b) => a.requestedAt - b.requestedAt),
  });
}

// Run status after each executed line of a flow: state, duration, count, error. Repainted from the run store; holds nothing.
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { type Disposable, DisposableStore } from '../base/disposable.ts';
import { isTerminal, type LineStatus, type Run } from '../protocol/run.ts';
import { Coalesced } from './coalesced.ts';
import { hashOf, pathOf } from './documents.ts';
import { colorIds, languageId } from './names.ts';
import type { RunStore } from './runs.ts';
import type { ShownRuns } from './shownRuns.ts';
import type {
  DecorationOptions,
  DecorationRenderOptions,
  MarkdownString,
  TextEditor,
  TextEditorDecorationType,
  VSCode,
} from './vscode.ts';
import { briefError, durationText, stateWord, timeText } from './wording.ts';

type Look = 'running' | 'ok' | 'failed' | 'handled' | 'stopped' | 'stale';

/** Events arrive up to 20 times a second; painting more often than the eye sees is waste. */
const repaintMs = 50;
const shownErrorLength = 120;

export class RunDecorations implements Disposable {
  readonly #vscode: VSCode;
  readonly #store: RunStore;
  readonly #shown: ShownRuns;
  readonly #loadDetail: (runId: string) => void;
  readonly #disposables = new DisposableStore();
  readonly #types: Readonly<Record<Look, TextEditorDecorationType>>;
  /** Runs whose detail was asked for: once, even when it cannot be had. */
  readonly #requested = new Set<string>();

  /** `loadDetail` asks for what happened in a run before this window listened. `media` is the folder of icons. */
  constructor(
    vscode: VSCode,
    store: RunStore,
    shown: ShownRuns,
    clock: Clock,
    loadDetail: (runId: string) => void,
    media: string,
  ) {
    this.#vscode = vscode;
    this.#store = store;
    this.#shown = shown;
    this.#loadDetail = loadDetail;
    this.#types = this.#createTypes(media);
    const repaint = this.#disposables.add(new Coalesced(clock, repaintMs, () => this.#paint()));
    for (const event of [
      store.onDidChange(({ kind }) => {
        if (kind === 'reset') this.#requested.clear();
        repaint.soon();
      }),
      shown.onDidChange(repaint.soon),
      vscode.window.onDidChangeVisibleTextEditors(repaint.soon),
    ]) {
      this.#disposables.add(event);
    }
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #createTypes(media: string): Record<Look, TextEditorDecorationType> {
    const { ThemeColor, OverviewRulerLane, DecorationRangeBehavior, Uri } = this.#vscode;
    const color = (id: string) => new ThemeColor(id);
    const type = (text: string, more: DecorationRenderOptions): TextEditorDecorationType =>
      this.#disposables.add(
        this.#vscode.window.createTextEditorDecorationType({
          isWholeLine: true,
          rangeBehavior: DecorationRangeBehavior.ClosedClosed,
          after: { margin: '0 0 0 3ch', color: color(text) },
          overviewRulerLane: OverviewRulerLane.Right,
          ...more,
        }),
      );
    // Actions are long: their text often runs out of sight, the icon in the margin does not. Its text alternative is the hover.
    const icon = (look: Look) => ({
      gutterIconPath: Uri.file(join(media, 'gutter', `${look}.svg`)),
      gutterIconSize: 'contain',
    });
    return {
      running: type('editorInfo.foreground', {
        ...icon('running'),
        overviewRulerColor: color('editorOverviewRuler.infoForeground'),
        backgroundColor: color('editor.rangeHighlightBackground'),
      }),
      ok: type('editorCodeLens.foreground', icon('ok')),
      failed: type('editorError.foreground', {
        ...icon('failed'),
        overviewRulerColor: color('editorOverviewRuler.errorForeground'),
        // The text of the error may be out of sight; that this line failed never is.
        backgroundColor: color(colorIds.failedLine),
      }),
      handled: type('editorWarning.foreground', {
        ...icon('handled'),
        overviewRulerColor: color('editorOverviewRuler.warningForeground'),
      }),
      stopped: type('descriptionForeground', icon('stopped')),
      stale: type('disabledForeground', {}),
    };
  }

  #paint(): void {
    for (const editor of this.#vscode.window.visibleTextEditors) {
      if (editor.document.languageId === languageId) this.#paintEditor(editor);
    }
  }

  #paintEditor(editor: TextEditor): void {
    const marks: Record<Look, DecorationOptions[]> = {
      running: [],
      ok: [],
      failed: [],
      handled: [],
      stopped: [],
      stale: [],
    };
    const run = this.#shown.of(pathOf(editor.document.uri));
    if (run) {
      const detail = this.#store.detail(run.id);
      if (!detail.complete && !this.#requested.has(run.id)) {
        this.#requested.add(run.id);
        this.#loadDetail(run.id);
      }
      const stale = hashOf(editor.document) !== run.flow.hash;
      for (const status of detail.lines.values()) {
        const line = this.#shown.lineNow(editor.document, run, status.line);
        if (line === undefined) continue;
        const stopped = status.state === 'running' && isTerminal(run.state);
        const end = editor.document.lineAt(line).range.end;
        marks[stale ? 'stale' : stopped ? 'stopped' : status.state].push({
          range: new this.#vscode.Range(end, end),
          hoverMessage: this.#hover(run, status, stale),
          renderOptions: {
            after: { contentText: `${statusText(status, run)}${stale ? ' (from an older version)' : ''}` },
          },
        });
      }
    }
    for (const look of Object.keys(marks) as Look[]) editor.setDecorations(this.#types[look], marks[look]);
  }

  #hover(run: Run, status: LineStatus, stale: boolean): MarkdownString {
    const hover = new this.#vscode.MarkdownString();
    hover.appendText(
      `Line ${status.line} of run ${stateWord(run.state)}, requested ${timeText(run.requestedAt)}: ${statusSentence(status, run)}`,
    );
    // What ended the run is said above this by its problem, unless the text was changed and the problem is gone.
    if (status.error && (stale || status.line !== run.error?.line))
      hover.appendText(`\n${briefError(status.error, 2_000)}`);
    if (stale) hover.appendText('\nThe text was changed since this run.');
    return hover;
  }
}

/** `✓ 12 ms`, `✓ 3.4 s ×40`, `▶ running…`, `‖ paused`, `✗ FileNotFoundError: …`, `⚠ handled FileNotFoundError: … ×2`. */
function statusText(status: LineStatus, run: Run): string {
  const times = status.count > 1 ? ` ×${status.count}` : '';
  switch (status.state) {
    case 'running':
      return isTerminal(run.state)
        ? `■ ${stateWord(run.state).toLowerCase()} here${times}`
        : `${run.state === 'Paused' ? '‖ paused' : '▶ running…'}${times}`;
    case 'ok':
      return `✓ ${durationText(status.ms)}${times}`;
    case 'failed':
      return `✗ ${lineError(status)}${times}`;
    case 'handled':
      return `⚠ handled ${lineError(status)}${times}`;
  }
}

/** The same in words, for screen readers and hovers. */
export function statusSentence(status: LineStatus, run: Run): string {
  const words = {
    running: isTerminal(run.state)
      ? `was running when the run ended (${stateWord(run.state)})`
      : run.state === 'Paused'
        ? 'is paused'
        : 'is running',
    ok: 'succeeded',
    failed: 'failed',
    handled: 'failed, and the flow handled the error',
  }[status.state];
  const times = status.count > 1 ? `, executed ${status.count} times` : '';
  return `${words}${times}, ${durationText(status.ms)} in total`;
}

const lineError = ({ error }: LineStatus): string => (error ? briefError(error, shownErrorLength) : 'error');

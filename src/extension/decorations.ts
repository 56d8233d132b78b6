// Run status after each executed line of a flow: state, duration, count, error; on hover the values of the run that the line uses, and
// what became of the line before. Repainted from the run store; holds nothing but what it asked for. A setting switches it off.
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { type Disposable, DisposableStore } from '../base/disposable.ts';
import { isTerminal, type LineStatus, type Run } from '../protocol/run.ts';
import { Coalesced } from './coalesced.ts';
import { hashOf, pathOf } from './documents.ts';
import { t } from './l10n.ts';
import { colorIds, languageId, settingsSection } from './names.ts';
import { detailSettingIds } from './runDetails/names.ts';
import { type FlowParameters, parametersIn } from './runDetails/parameters.ts';
import type { RunDetail, RunStore } from './runs.ts';
import type { ShownRuns } from './shownRuns.ts';
import type {
  DecorationOptions,
  DecorationRenderOptions,
  MarkdownString,
  TextDocument,
  TextEditor,
  TextEditorDecorationType,
  VSCode,
} from './vscode.ts';
import {
  briefError,
  durationText,
  elapsedText,
  oneLine,
  runTime,
  stateWord,
  timeText,
  valueText,
} from './wording.ts';

/** `other`: where another run of the same flow is. */
type Look = 'running' | 'ok' | 'failed' | 'handled' | 'stopped' | 'stale' | 'other';

/** Events arrive up to 20 times a second; painting more often than the eye sees is waste. */
const repaintMs = 50;
const shownErrorLength = 120;
/** How many earlier runs a hover tells of. */
const earlierRuns = 3;

export interface InlineStatusSource {
  readonly store: RunStore;
  readonly shown: ShownRuns;
  readonly parameters: FlowParameters;
  readonly clock: Clock;
  /** Asks for what happened in a run before this window listened. */
  readonly loadDetail: (runId: string) => void;
  /** The name of a machine by the id that runs carry. */
  readonly machineName: (machineId: string) => string;
}

export class RunDecorations implements Disposable {
  readonly #vscode: VSCode;
  readonly #store: RunStore;
  readonly #shown: ShownRuns;
  readonly #source: InlineStatusSource;
  readonly #disposables = new DisposableStore();
  readonly #types: Readonly<Record<Look, TextEditorDecorationType>>;
  /** Runs whose detail was asked for: once, even when it cannot be had. */
  readonly #requested = new Set<string>();

  /** `media` is the folder of icons. */
  constructor(vscode: VSCode, source: InlineStatusSource, media: string) {
    const { store, shown, parameters, clock } = source;
    this.#vscode = vscode;
    this.#store = store;
    this.#shown = shown;
    this.#source = source;
    this.#types = this.#createTypes(media);
    const repaint = this.#disposables.add(new Coalesced(clock, repaintMs, () => this.#paint()));
    for (const event of [
      store.onDidChange(({ kind }) => {
        if (kind === 'reset') this.#requested.clear();
        repaint.soon();
      }),
      shown.onDidChange(repaint.soon),
      parameters.onDidChange(repaint.soon),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration(`${settingsSection}.${detailSettingIds.inlineStatus}`))
          repaint.soon();
      }),
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
      other: type('descriptionForeground', {
        ...icon('other'),
        overviewRulerColor: color('editorOverviewRuler.infoForeground'),
        overviewRulerLane: OverviewRulerLane.Left,
      }),
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
      other: [],
    };
    const { document } = editor;
    const run = this.#isOn() ? this.#shown.of(pathOf(document.uri)) : undefined;
    if (run) this.#mark(document, run, marks);
    for (const look of Object.keys(marks) as Look[]) editor.setDecorations(this.#types[look], marks[look]);
  }

  #isOn(): boolean {
    return this.#vscode.workspace
      .getConfiguration(settingsSection)
      .get<boolean>(detailSettingIds.inlineStatus, true);
  }

  #mark(document: TextDocument, run: Run, marks: Record<Look, DecorationOptions[]>): void {
    const detail = this.#detail(run);
    const stale = hashOf(document) !== run.flow.hash;
    const active = this.#shown.activeOf(run.flow.path);
    const earlier = this.#shown.before(run, earlierRuns);
    if (isTerminal(run.state)) for (const other of earlier) this.#detail(other);
    const mark = (look: Look, line: number, text: string, hoverMessage: MarkdownString) => {
      const end = document.lineAt(line).range.end;
      marks[look].push({
        range: new this.#vscode.Range(end, end),
        hoverMessage,
        renderOptions: { after: { contentText: text } },
      });
    };
    for (const status of detail.lines.values()) {
      const line = this.#shown.lineNow(document, run, status.line);
      if (line === undefined) continue;
      const stopped = status.state === 'running' && isTerminal(run.state);
      const number = status.state === 'running' ? numberOf(run, active) : '';
      mark(
        stale ? 'stale' : stopped ? 'stopped' : status.state,
        line,
        `${statusText(status, run)}${number}${stale ? ` ${t('(from an older version)')}` : ''}`,
        this.#hover(document, line, run, status, { stale, earlier, number }),
      );
    }
    for (const other of active) {
      if (other.id === run.id) continue;
      this.#detail(other);
      const { place } = this.#store.standing(other);
      const line = place && hashOf(document) === other.flow.hash ? place.line - 1 : undefined;
      if (line === undefined || line >= document.lineCount) continue;
      const took = elapsedText(runTime(other, this.#source.clock.now()) ?? 0);
      mark(
        'other',
        line,
        `▷ ${t('another run is here, {0}', took)}${numberOf(other, active)}`,
        this.#otherHover(other, took, numberOf(other, active)),
      );
    }
  }

  #detail(run: Run): RunDetail {
    const detail = this.#store.detail(run.id);
    if (!detail.complete && !this.#requested.has(run.id)) {
      this.#requested.add(run.id);
      this.#source.loadDetail(run.id);
    }
    return detail;
  }

  #hover(
    document: TextDocument,
    line: number,
    run: Run,
    status: LineStatus,
    more: { readonly stale: boolean; readonly earlier: readonly Run[]; readonly number: string },
  ): MarkdownString {
    const hover = new this.#vscode.MarkdownString();
    hover.appendText(
      `${t('Line {0} of run {1}, requested {2}', status.line, stateWord(run.state), timeText(run.requestedAt))}${more.number}: ${statusSentence(status, run)}`,
    );
    // What ended the run is said above this by its problem, unless the text was changed and the problem is gone.
    if (status.error && (more.stale || status.line !== run.error?.line))
      hover.appendText(`\n${briefError(status.error, 2_000)}`);
    if (more.stale) hover.appendText(`\n${t('The text was changed since this run.')}`);
    for (const sentence of this.#values(document, line, run)) hover.appendText(`\n${sentence}`);
    const history = more.earlier.flatMap((earlier) => {
      const before = this.#store.detail(earlier.id).lines.get(status.line);
      return before ? [`${timeText(earlier.requestedAt)} ${statusText(before, earlier)}`] : [];
    });
    if (history.length > 0) hover.appendText(`\n${t('Before:')}\n${history.join('\n')}`);
    return hover;
  }

  /** Inputs and outputs that the line names, with their values in this run: secured ones are `{}`, as everywhere. */
  #values(document: TextDocument, line: number, run: Run): string[] {
    if (Object.keys(run.inputs).length === 0 && Object.keys(run.outputs ?? {}).length === 0) return [];
    const parameters = this.#source.parameters.of(document);
    return parametersIn(document.lineAt(line).text, parameters).flatMap(({ name, externalName }) =>
      [run.inputs[externalName], run.outputs?.[externalName]].flatMap((value, index) =>
        value === undefined
          ? []
          : [`${oneLine(name, 60)} = ${valueText(value, 200)} (${index === 0 ? t('input') : t('output')})`],
      ),
    );
  }

  #otherHover(run: Run, took: string, number: string): MarkdownString {
    const hover = new this.#vscode.MarkdownString();
    hover.appendText(
      t(
        'Another run of this flow{0} is here: {1} for {2} on {3}, requested by {4} at {5}.',
        number,
        stateWord(run.state),
        took,
        oneLine(this.#source.machineName(run.machine ?? run.queue), 60),
        oneLine(run.requestedBy, 60),
        timeText(run.requestedAt),
      ),
    );
    return hover;
  }
}

/** ` (run 2 of 3)` where several runs of one flow are under way. */
function numberOf(run: Run, active: readonly Run[]): string {
  const at = active.findIndex(({ id }) => id === run.id);
  return active.length < 2 || at < 0 ? '' : ` ${t('(run {0} of {1})', at + 1, active.length)}`;
}

/** `✓ 12 ms`, `✓ 3.4 s ×40`, `▶ running…`, `‖ paused`, `✗ FileNotFoundError: …`, `⚠ handled FileNotFoundError: … ×2`. */
function statusText(status: LineStatus, run: Run): string {
  const times = status.count > 1 ? ` ×${status.count}` : '';
  switch (status.state) {
    case 'running':
      return isTerminal(run.state)
        ? `■ ${t('{0} here', stateWord(run.state).toLowerCase())}${times}`
        : `${run.state === 'Paused' ? `‖ ${t('paused')}` : `▶ ${t('running…')}`}${times}`;
    case 'ok':
      return `✓ ${durationText(status.ms)}${times}`;
    case 'failed':
      return `✗ ${lineError(status)}${times}`;
    case 'handled':
      return `⚠ ${t('handled {0}', lineError(status))}${times}`;
  }
}

/** The same in words, for screen readers and hovers. */
export function statusSentence(status: LineStatus, run: Run): string {
  const words = {
    running: isTerminal(run.state)
      ? t('was running when the run ended ({0})', stateWord(run.state))
      : run.state === 'Paused'
        ? t('is paused')
        : t('is running'),
    ok: t('succeeded'),
    failed: t('failed'),
    handled: t('failed, and the flow handled the error'),
  }[status.state];
  const times = status.count > 1 ? t(', executed {0} times', status.count) : '';
  return `${words}${times}, ${t('{0} in total', durationText(status.ms))}`;
}

const lineError = ({ error }: LineStatus): string =>
  error ? briefError(error, shownErrorLength) : t('error');

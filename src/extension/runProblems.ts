// The failure of the run that an editor shows, in the Problems view: it can be read there in full, listened to, and stepped to.
// It goes with the next run, with an edit of its line, and when the status is cleared. Brings the failing line of an own run into
// sight. Holds only the texts of failing lines.
import type { Clock } from '../base/clock.ts';
import { type Disposable, DisposableStore } from '../base/disposable.ts';
import { isTerminal, type Run } from '../protocol/run.ts';
import { Coalesced } from './coalesced.ts';
import { hashOf, pathOf } from './documents.ts';
import { languageId } from './names.ts';
import { endedBadly, type RunStore } from './runs.ts';
import type { ShownRuns } from './shownRuns.ts';
import type { Diagnostic, DiagnosticCollection, Range, TextDocument, VSCode } from './vscode.ts';
import { briefError, oneLine } from './wording.ts';

const repaintMs = 50;

export class RunProblems implements Disposable {
  readonly #vscode: VSCode;
  readonly #shown: ShownRuns;
  readonly #disposables = new DisposableStore();
  readonly #collection: DiagnosticCollection;
  /** What the failing line said when the document was the text that ran: an edit of it takes the problem away. */
  readonly #failing = new WeakMap<TextDocument, { readonly runId: string; readonly text: string }>();

  /** `isOwn`: the run was requested by this window. */
  constructor(
    vscode: VSCode,
    store: RunStore,
    shown: ShownRuns,
    clock: Clock,
    isOwn: (runId: string) => boolean,
  ) {
    this.#vscode = vscode;
    this.#shown = shown;
    this.#collection = this.#disposables.add(
      vscode.languages.createDiagnosticCollection('Desktop Flows run'),
    );
    const repaint = this.#disposables.add(new Coalesced(clock, repaintMs, () => this.#publish()));
    for (const event of [
      store.onDidChange((change) => {
        if (change.kind === 'run' || change.kind === 'reset') repaint.soon();
        if (change.kind !== 'run' || !isOwn(change.run.id)) return;
        if (isTerminal(change.run.state) && change.before && !isTerminal(change.before.state))
          this.#reveal(change.run);
      }),
      shown.onDidChange(repaint.soon),
      vscode.workspace.onDidOpenTextDocument(repaint.soon),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#collection.delete(uri)),
    ]) {
      this.#disposables.add(event);
    }
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #publish(): void {
    for (const document of this.#vscode.workspace.textDocuments) {
      if (document.languageId !== languageId) continue;
      const problem = this.#problemOf(document);
      this.#collection.set(document.uri, problem && [problem]);
    }
  }

  #problemOf(document: TextDocument): Diagnostic | undefined {
    const path = pathOf(document.uri);
    const run = this.#shown.of(path);
    if (!run) return undefined;
    const range = this.#failingRange(document, run);
    const { error } = run;
    if (!range || !error) return undefined;
    const text = document.getText(range);
    if (hashOf(document) === run.flow.hash) this.#failing.set(document, { runId: run.id, text });
    const known = this.#failing.get(document);
    if (known?.runId !== run.id || known.text !== text) return undefined;
    const problem = new this.#vscode.Diagnostic(
      range,
      `${briefError(error, 2_000)} ${oneLine(error.nextStep, 500)}`,
      this.#vscode.DiagnosticSeverity.Error,
    );
    problem.source = 'Desktop Flows run';
    return problem;
  }

  /** The text of the line at which the run went wrong, when that line is in this document. */
  #failingRange(document: TextDocument, run: Run): Range | undefined {
    const { error } = run;
    if (!endedBadly(run) || error?.line === undefined) return undefined;
    if (run.flow.path !== pathOf(document.uri)) return undefined;
    const at = this.#shown.lineNow(document, run, error.line);
    if (at === undefined) return undefined;
    const line = document.lineAt(at);
    return new this.#vscode.Range(at, line.firstNonWhitespaceCharacterIndex, at, line.range.end.character);
  }

  /** Moves no cursor, and nothing under the hands of a person who types already. */
  #reveal(run: Run): void {
    for (const editor of this.#vscode.window.visibleTextEditors) {
      const range =
        hashOf(editor.document) === run.flow.hash ? this.#failingRange(editor.document, run) : undefined;
      if (!range) continue;
      // Its start only: a long line must not scroll sideways.
      editor.revealRange(
        new this.#vscode.Range(range.start, range.start),
        this.#vscode.TextEditorRevealType.InCenterIfOutsideViewport,
      );
    }
  }
}

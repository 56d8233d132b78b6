// Which run the editors of a flow show, and where the lines of that run are after edits. Knows nothing of how they are shown.
import { type Disposable, DisposableStore } from '../base/disposable.ts';
import { Emitter } from '../base/event.ts';
import type { Run } from '../protocol/run.ts';
import { pathOf } from './documents.ts';
import { languageId } from './names.ts';
import type { RunStore } from './runs.ts';
import type { TextDocument, TextDocumentChangeEvent, VSCode } from './vscode.ts';

export class ShownRuns implements Disposable {
  readonly #store: RunStore;
  readonly #disposables = new DisposableStore();
  readonly #changes = this.#disposables.add(new Emitter<void>());
  /** Path → the run that was the latest when the person cleared the editor. */
  readonly #cleared = new Map<string, string>();
  readonly #moved = new WeakMap<TextDocument, { readonly runId: string; readonly lines: LineMap }>();

  /** Fires when a person edited a flow or cleared its status. Changes of runs are announced by the run store. */
  readonly onDidChange = this.#changes.event;

  constructor(vscode: VSCode, store: RunStore) {
    this.#store = store;
    this.#disposables.add(vscode.workspace.onDidChangeTextDocument((change) => this.#edited(change)));
  }

  /** The latest run of the flow at `path` that started and was not cleared. */
  of(path: string): Run | undefined {
    const run = this.#store.latestOf(path, ({ startedAt }) => startedAt !== undefined);
    return run?.id === this.#cleared.get(path) ? undefined : run;
  }

  /**
   * The runs of the flow at `path` that are under way, in the order in which they were started: the first is number 1. The one that
   * `of` gives is shown line by line; of the others only where they are.
   */
  activeOf(path: string): Run[] {
    const shown = this.of(path);
    // Cleared: what was under way then stays out of the editor.
    if (!shown) return [];
    return this.#store.running().filter((run) => run.flow.path === path && run.startedAt !== undefined);
  }

  /** The last runs before `run` that ran the same text and have ended, newest first. */
  before(run: Run, most: number): Run[] {
    return this.#store
      .finished()
      .filter(
        (other) =>
          other.id !== run.id &&
          other.startedAt !== undefined &&
          other.flow.path === run.flow.path &&
          other.flow.hash === run.flow.hash &&
          other.requestedAt <= run.requestedAt,
      )
      .slice(0, most);
  }

  /** Takes all runs up to now out of the editors of `path`. False when nothing was shown. */
  clear(path: string): boolean {
    const shown = this.of(path);
    if (!shown) return false;
    this.#cleared.set(path, shown.id);
    this.#changes.fire();
    return true;
  }

  /** Where a line of the run (1-based) is in the document now (0-based). Undefined when its text is gone. */
  lineNow(document: TextDocument, run: Run, line: number): number | undefined {
    const moved = this.#moved.get(document);
    const now = moved?.runId === run.id ? moved.lines.now(line - 1) : line - 1;
    return now === undefined || now < 0 || now >= document.lineCount ? undefined : now;
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #edited({ document, contentChanges }: TextDocumentChangeEvent): void {
    if (document.languageId !== languageId || contentChanges.length === 0) return;
    const run = this.of(pathOf(document.uri));
    if (!run) return;
    let moved = this.#moved.get(document);
    if (moved?.runId !== run.id) {
      moved = { runId: run.id, lines: new LineMap() };
      this.#moved.set(document, moved);
    }
    for (const { range, text } of contentChanges) {
      moved.lines.edit(
        range.start.line,
        range.start.character,
        range.end.line,
        text.split(/\r\n|\r|\n/).length - 1,
      );
    }
    this.#changes.fire();
  }
}

/** Where the lines of a text are after edits. Lines are 0-based; a line whose text went away is forgotten. */
export class LineMap {
  /** Line at the time of the run → line now, only for lines that moved or went. Kept as edits: few, and lines are many. */
  readonly #edits: { readonly first: number; readonly removed: number; readonly added: number }[] = [];

  /** One change: the text from `startLine` (at `startCharacter`) to `endLine` became a text with `lineBreaks` line breaks. */
  edit(startLine: number, startCharacter: number, endLine: number, lineBreaks: number): void {
    const removed = endLine - startLine;
    if (removed === 0 && lineBreaks === 0) return;
    // Text put before the first character of a line pushes that line down; otherwise its beginning stays where it is.
    const first = startCharacter === 0 ? startLine : startLine + 1;
    const last = this.#edits.at(-1);
    // Typing many lines in a row is one edit, so that a long session stays small.
    if (
      last &&
      removed === 0 &&
      last.removed === 0 &&
      first >= last.first &&
      first <= last.first + last.added
    ) {
      this.#edits[this.#edits.length - 1] = { ...last, added: last.added + lineBreaks };
    } else this.#edits.push({ first, removed, added: lineBreaks });
  }

  /** Where the line is now, or undefined when it is gone. */
  now(line: number): number | undefined {
    let at = line;
    for (const { first, removed, added } of this.#edits) {
      if (at < first) continue;
      if (at < first + removed) return undefined;
      at += added - removed;
    }
    return at;
  }
}

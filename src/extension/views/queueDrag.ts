// Drag and drop in the Run Queue: a run that waits is dropped on the place it shall have. A queue has an order of its own (moved to the top,
// then priority, then request), so only what that order allows is done; anything else is explained.
import type { Run } from '../../protocol/run.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { callAbout, moveToTop } from '../fleet/queueCommands.ts';
import { t } from '../l10n.ts';
import type { RunStore } from '../runs.ts';
import type { DataTransfer, TreeDragAndDropController, VSCode } from '../vscode.ts';
import { flowName } from '../wording.ts';
import type { QueueNode } from './queueTree.ts';

const mime = 'application/vnd.code.tree.desktopflows.runqueue';

/** What a drop means. */
export type Move =
  | { readonly kind: 'top' }
  | { readonly kind: 'priority'; readonly priority: Run['priority'] }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'refused'; readonly why: string };

/** What is done so that `run` stands before `before`, the first of its queue being `first`. */
export function moveOf(run: Run, before: Run, first: Run | undefined): Move {
  if (run.id === before.id) return { kind: 'nothing' };
  if (run.queue !== before.queue)
    return {
      kind: 'refused',
      why: t(
        'A run stays in the queue it was requested for. Cancel it and run the flow on the other machine.',
      ),
    };
  if (before.id === first?.id || before.movedToTopAt !== undefined) return { kind: 'top' };
  if (run.priority !== before.priority) return { kind: 'priority', priority: before.priority };
  return {
    kind: 'refused',
    why: t(
      'Runs of the same priority start in the order of their requests. Drop it on the first one to run it next, or change its priority.',
    ),
  };
}

export class QueueDrag implements TreeDragAndDropController<QueueNode> {
  readonly dragMimeTypes = [mime];
  readonly dropMimeTypes = [mime];
  readonly #vscode: VSCode;
  readonly #fleet: Fleet;
  readonly #runs: RunStore;
  readonly #failed: (error: unknown) => void;

  constructor(vscode: VSCode, fleet: Fleet, runs: RunStore, failed: (error: unknown) => void) {
    this.#vscode = vscode;
    this.#fleet = fleet;
    this.#runs = runs;
    this.#failed = failed;
  }

  handleDrag(source: readonly QueueNode[], data: DataTransfer): void {
    const ids = source.flatMap((node) =>
      node.kind === 'run' && this.#runs.get(node.runId)?.state === 'Queued' ? [node.runId] : [],
    );
    if (ids.length > 0) data.set(mime, new this.#vscode.DataTransferItem(ids));
  }

  async handleDrop(target: QueueNode | undefined, data: DataTransfer): Promise<void> {
    const ids = data.get(mime)?.value as readonly string[] | undefined;
    const dragged = (ids ?? []).flatMap((id) => this.#runs.get(id) ?? []);
    const [one] = dragged;
    const before = this.#beforeWhom(target);
    if (!one || !before) return;
    try {
      await this.#drop(dragged, before);
    } catch (error) {
      this.#failed(error);
    }
  }

  async #drop(dragged: readonly Run[], before: Run): Promise<void> {
    const source = this.#runs.sourceOf(before.id);
    const first =
      source === undefined ? undefined : this.#fleet.server(source)?.store.runs.queued(before.queue)[0];
    const moves = dragged.map((run) => ({ run, move: moveOf(run, before, first) }));
    const top = moves.filter(({ move }) => move.kind === 'top').map(({ run }) => run);
    if (top.length > 0) await moveToTop(this.#fleet, top);
    for (const { run, move } of moves)
      if (move.kind === 'priority')
        await callAbout(this.#fleet, run).call('runs.prioritize', {
          runId: run.id,
          priority: move.priority,
        });
    const refused = moves.find(({ move }) => move.kind === 'refused');
    if (refused?.move.kind === 'refused')
      await this.#vscode.window.showInformationMessage(`${flowName(refused.run)}: ${refused.move.why}`);
  }

  /** The run whose place is wanted: that of the row, or the first of the list that it was dropped on. */
  #beforeWhom(target: QueueNode | undefined): Run | undefined {
    switch (target?.kind) {
      case 'run': {
        const run = this.#runs.get(target.runId);
        return run?.state === 'Queued' ? run : undefined;
      }
      case 'list':
      case 'queue':
        return this.#fleet.server(target.server)?.store.runs.queued(target.queue)[0];
      default:
        return undefined;
    }
  }
}

// The Recording view: the steps of the recording that is under way, the last one at the end. A projection of the recorder.
import type { Disposable } from '../../base/disposable.ts';
import type { CaptureRow } from '../../protocol/capture.ts';
import type { TreeDataProvider, TreeItem, VSCode } from '../vscode.ts';
import { oneLine } from '../wording.ts';
import type { Recorder } from './recorder.ts';

export class RecordingView implements TreeDataProvider<CaptureRow>, Disposable {
  readonly #vscode: VSCode;
  readonly #recorder: Pick<Recorder, 'rows' | 'onDidChange'>;
  readonly #changes;
  readonly #subscription: Disposable;
  readonly onDidChangeTreeData;

  constructor(vscode: VSCode, recorder: Pick<Recorder, 'rows' | 'onDidChange'>) {
    this.#vscode = vscode;
    this.#recorder = recorder;
    this.#changes = new vscode.EventEmitter<CaptureRow | undefined>();
    this.onDidChangeTreeData = this.#changes.event;
    this.#subscription = recorder.onDidChange(() => this.#changes.fire(undefined));
  }

  /** Empty while nothing is recorded: the view's welcome text then says what to do. */
  getChildren(row?: CaptureRow): CaptureRow[] {
    return row === undefined ? [...this.#recorder.rows] : [];
  }

  getTreeItem(row: CaptureRow): TreeItem {
    const item = new this.#vscode.TreeItem(oneLine(row.text, 200));
    item.description = String(this.#recorder.rows.indexOf(row) + 1);
    item.tooltip = row.statement;
    return item;
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changes.dispose();
  }
}

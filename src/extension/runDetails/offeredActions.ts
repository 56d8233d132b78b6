// Which buttons stand above the page of a run, be it a web page or plain text: those that its run allows. Sets one context key.
import type { Clock } from '../../base/clock.ts';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { Coalesced } from '../coalesced.ts';
import { contextKeys, flagsOf } from '../names.ts';
import { runIdOf } from '../runPage.ts';
import type { RunStore } from '../runs.ts';
import type { VSCode } from '../vscode.ts';
import type { RunPanels } from './panels.ts';

const repaintMs = 100;

export class OfferedActions implements Disposable {
  readonly #vscode: VSCode;
  readonly #store: RunStore;
  readonly #panels: RunPanels;
  readonly #disposables = new DisposableStore();
  #flags = '';

  constructor(vscode: VSCode, store: RunStore, panels: RunPanels, clock: Clock) {
    this.#vscode = vscode;
    this.#store = store;
    this.#panels = panels;
    const soon = this.#disposables.add(new Coalesced(clock, repaintMs, () => this.#offer())).soon;
    this.#disposables.add(store.onDidChange(soon));
    this.#disposables.add(vscode.window.onDidChangeActiveTextEditor(() => this.#offer()));
    this.#disposables.add(panels.onDidChangeActive(() => this.#offer()));
  }

  /** The run whose page, of either kind, is in front. */
  get shownRun(): string | undefined {
    const uri = this.#vscode.window.activeTextEditor?.document.uri;
    return this.#panels.active ?? (uri && runIdOf(uri));
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #offer(): void {
    const run = this.#store.get(this.shownRun ?? '');
    const flags = run ? flagsOf(run, this.#store.detail(run.id).questions.size > 0).join(' ') : '';
    if (flags === this.#flags) return;
    this.#flags = flags;
    void this.#vscode.commands.executeCommand('setContext', contextKeys.shownRun, flags);
  }
}

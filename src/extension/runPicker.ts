// Finds the run that a command is about: that of the row or page it was called on, else the only one that fits, else one that the person
// picks. Says why when there is none.
import type { Run } from '../protocol/run.ts';
import { isUri } from './documents.ts';
import { t } from './l10n.ts';
import { runIdOf } from './runPage.ts';
import type { RunStore } from './runs.ts';
import type { VSCode } from './vscode.ts';
import { errorText, flowName, runPhrase, timeText } from './wording.ts';

export class RunPicker {
  readonly #vscode: VSCode;
  readonly #store: RunStore;
  readonly #shownRun: () => string | undefined;
  readonly #now: () => number;

  /** `shownRun`: the run whose page is in front. */
  constructor(vscode: VSCode, store: RunStore, shownRun: () => string | undefined, now: () => number) {
    this.#vscode = vscode;
    this.#store = store;
    this.#shownRun = shownRun;
    this.#now = now;
  }

  /** The id of the run that a command was called on. */
  idOf(target: unknown): string | undefined {
    return runIdFrom(target) ?? this.#shownRun();
  }

  /** `matches`: which runs are offered. `none`: what is said when none does. Undefined when the person left, or was told. */
  async pick(
    target: unknown,
    title: string,
    matches: (run: Run) => boolean,
    none: string,
  ): Promise<Run | undefined> {
    const store = this.#store;
    const id = this.idOf(target);
    const named = id === undefined ? undefined : store.get(id);
    if (named) return named;
    if (id !== undefined) {
      await this.#vscode.window.showInformationMessage(
        t('This run is not known any more: its agent is not connected, or it is too old.'),
      );
      return undefined;
    }
    const candidates = [...store.running(), ...store.queued(), ...store.finished()].filter(matches);
    if (candidates.length === 0) await this.#vscode.window.showInformationMessage(none);
    if (candidates.length <= 1) return candidates[0];
    const items = candidates.map((run) => ({
      run,
      label: flowName(run),
      description: runPhrase(run, this.#now(), store.standing(run)),
      detail: `${timeText(run.requestedAt)}${run.error ? ` · ${errorText(run.error, 120)}` : ''}`,
    }));
    return (
      await this.#vscode.window.showQuickPick(items, {
        title,
        matchOnDescription: true,
        matchOnDetail: true,
      })
    )?.run;
  }
}

function runIdFrom(target: unknown): string | undefined {
  if (isUri(target)) return runIdOf(target);
  const node = target as { kind?: unknown; runId?: unknown } | undefined;
  return node?.kind === 'run' && typeof node.runId === 'string' ? node.runId : undefined;
}

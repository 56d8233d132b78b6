// Which runs this window requested: only for those it opens dialogs and notifies. Survives a reload of the window; holds ids only.
import type { Memento } from './vscode.ts';

const key = 'desktopFlows.requestedRuns';
const kept = 100;

export class OwnRuns {
  readonly #memory: Memento;
  readonly #ids: string[];

  constructor(memory: Memento) {
    this.#memory = memory;
    this.#ids = [...memory.get<readonly string[]>(key, [])];
  }

  readonly has = (runId: string): boolean => this.#ids.includes(runId);

  async add(runId: string): Promise<void> {
    this.#ids.push(runId);
    if (this.#ids.length > kept) this.#ids.shift();
    await this.#memory.update(key, [...this.#ids]);
  }
}

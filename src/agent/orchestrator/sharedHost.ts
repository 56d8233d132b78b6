// One machine, two askers for work: its own queue and that of its orchestrator. Each sees the account of a run of the other as one in whose
// session somebody works, and no two runs ever share an account. Makes no session and starts no worker itself.
import { hostname } from 'node:os';
import { Emitter, type Event } from '../../base/event.ts';
import { accountKey } from '../../orchestration/accounts.ts';
import type { WorkerHost } from '../runner.ts';

/** `onFreed`: a run of the other asker has ended; what a heartbeat says is different now. */
export type SharedHost = WorkerHost & { readonly onFreed: Event<void> };

/** Two ways to the workers of `host`. */
export function shareHost(host: WorkerHost): readonly [SharedHost, SharedHost] {
  /** Accounts that are taken, by whom. */
  const taken = new Map<string, { readonly by: number; readonly account: string }>();
  const freed = [new Emitter<void>(), new Emitter<void>()] as const;
  const waiting = new Set<() => void>();

  const free = (key: string, by: number) => {
    taken.delete(key);
    freed[by === 0 ? 1 : 0].fire();
    for (const look of [...waiting]) look();
  };
  /** Resolves when nobody has the account; throws the reason of `signal`. */
  const available = (key: string, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = () => {
        if (!signal.aborted && taken.has(key)) return;
        waiting.delete(look);
        signal.removeEventListener('abort', look);
        if (signal.aborted) reject(signal.reason as Error);
        else resolve();
      };
      waiting.add(look);
      signal.addEventListener('abort', look);
      look();
    });

  const side = (by: 0 | 1): SharedHost => ({
    onFreed: freed[by].event,
    async facts() {
      const facts = await host.facts();
      const others = [...taken.values()].filter((entry) => entry.by !== by).map(({ account }) => account);
      // As if somebody recorded there (rule CCY-3).
      return { ...facts, recording: [...facts.recording, ...others] };
    },
    async launch(claim, report, debug, signal) {
      const key = accountKey(claim.account, hostname());
      while (taken.has(key)) await available(key, signal);
      taken.set(key, { by, account: claim.account });
      try {
        return await host.launch(
          claim,
          (said) => {
            if (said.kind === 'exited') free(key, by);
            report(said);
          },
          debug,
          signal,
        );
      } catch (error) {
        free(key, by);
        throw error;
      }
    },
  });
  return [side(0), side(1)];
}

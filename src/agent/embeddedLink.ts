// The way from a machine to an orchestrator in the same process.
import { type Disposable, toDisposable } from '../base/disposable.ts';
import type { AgentPort, Orchestrator } from '../orchestration/orchestrator.ts';
import { beyond, type OrchestratorLink } from './runner.ts';

export interface EmbeddedLink extends OrchestratorLink {
  /** The queue the machine works on. */
  readonly queue: string;
  /** From now on the machine works on `queue`, which is looked at at once, also where it is the same. */
  workOn(queue: string): void;
}

/** The link of machine `machineId`, which works on `queue`. */
export function embeddedLink(
  orchestrator: Orchestrator,
  machineId: string,
  queue: string = machineId,
): EmbeddedLink {
  let port: AgentPort | undefined;
  let attached: Disposable | undefined;
  let current = queue;
  const attach = (): void => {
    attached = port && orchestrator.attach(machineId, current, port);
  };
  return {
    get queue() {
      return current;
    },
    workOn(next) {
      current = next;
      attach();
    },
    attach(given) {
      port = given;
      attach();
      return toDisposable(() => {
        port = undefined;
        attached?.dispose();
      });
    },
    async heartbeat(boot, facts, holding) {
      const { held, rebooted } = await orchestrator.heartbeat(machineId, boot, facts, holding);
      const told = await Promise.all(
        beyond(held, holding).map((claim) => orchestrator.claim(machineId, claim)),
      );
      return { held, told: told.filter((claim) => claim !== undefined), rebooted };
    },
    report: (change) => orchestrator.report(change),
  };
}

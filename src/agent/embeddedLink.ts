// The way from a machine to an orchestrator in the same process.
import { type Disposable, toDisposable } from '../base/disposable.ts';
import type { AgentPort, Orchestrator } from '../orchestration/orchestrator.ts';
import type { OrchestratorLink } from './runner.ts';

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
    heartbeat: (boot, facts, holding) => orchestrator.heartbeat(machineId, boot, facts, holding),
    report: (change) => orchestrator.report(change),
  };
}

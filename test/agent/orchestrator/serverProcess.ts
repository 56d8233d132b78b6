// One instance of an orchestrator in a process of its own, for tests that kill it. Argument: JSON of `ServerSetup`. Tells its parent its
// address.
import { type OrchestratorServerOptions, startOrchestrator } from '../../../src/agent/orchestrator/server.ts';
import { productVersion } from '../../../src/base/version.ts';
import { Orchestrator } from '../../../src/orchestration/orchestrator.ts';

export type ServerSetup = Omit<OrchestratorServerOptions, 'version'> & {
  /** Chance that it kills itself when something is on disk and nobody has been told. */
  readonly diesUntold?: number;
};

const { diesUntold = 0, ...options } = JSON.parse(process.argv[2] as string) as ServerSetup;

if (diesUntold > 0) {
  for (const name of ['report', 'enqueue', 'heartbeat'] as const) {
    const original = Orchestrator.prototype[name] as (...given: unknown[]) => Promise<unknown>;
    Object.defineProperty(Orchestrator.prototype, name, {
      async value(this: Orchestrator, ...given: unknown[]) {
        const result = await original.apply(this, given);
        if (Math.random() < diesUntold) process.kill(process.pid, 'SIGKILL');
        return result;
      },
    });
  }
}

const server = await startOrchestrator({ ...options, version: productVersion });
process.send?.({ address: server.address, port: server.port });
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => void server.stop('the test').then(() => process.exit(0)));

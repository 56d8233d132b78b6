// A machine of a fleet with tiny workers, in a process of its own. Argument: JSON of `AgentSetup`. Told `killWorker`, it kills one.
import { Membership } from '../../../src/agent/orchestrator/membership.ts';
import { openVault } from '../../../src/agent/seal.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { Log } from '../../../src/base/log.ts';
import { defaultSettings } from '../../../src/orchestration/settings.ts';
import type { PairRequest } from '../../../src/protocol/orchestrator.ts';
import { tinyWorkers } from './tinyWorkers.ts';

export interface AgentSetup {
  readonly dataFolder: string;
  readonly deeds: string;
  readonly pair?: PairRequest;
}

const setup = JSON.parse(process.argv[2] as string) as AgentSetup;
const workers = tinyWorkers(setup.deeds, 'several');
const membership = Membership.open({
  dataFolder: setup.dataFolder,
  workers,
  vault: openVault(setup.dataFolder),
  agentVersion: '1',
  clock: systemClock,
  testConnection: async () => ({ ok: true }),
  settings: defaultSettings,
  log: new Log('agent', Date.now),
});
if (setup.pair) await membership.pair(setup.pair);
process.send?.({ machine: membership.machine?.id });
process.on('message', () => workers.killOne());
process.on('disconnect', () => process.exit(0));

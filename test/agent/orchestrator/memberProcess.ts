// A machine of a fleet in a process of its own: the real membership over a real network; its workers note what they do in a file instead
// of executing flows. Argument: JSON of `MemberSetup`. Flows: `WAIT seconds`, and comments `# asks`.
import { appendFileSync } from 'node:fs';
import { Membership } from '../../../src/agent/orchestrator/membership.ts';
import type { Worker, WorkerHost } from '../../../src/agent/runner.ts';
import { openVault } from '../../../src/agent/seal.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { Log } from '../../../src/base/log.ts';
import { defaultSettings } from '../../../src/orchestration/settings.ts';
import type { PairRequest } from '../../../src/protocol/orchestrator.ts';

export interface MemberSetup {
  readonly dataFolder: string;
  /** One line per deed: `begin run fence pid`, `end run fence pid`. */
  readonly deeds: string;
  readonly pair?: PairRequest;
}

const setup = JSON.parse(process.argv[2] as string) as MemberSetup;
const note = (line: string) => appendFileSync(setup.deeds, `${line} ${process.pid}\n`);

const workers: WorkerHost = {
  facts: async () => ({
    platform: 'test',
    agentVersion: '1',
    edition: 'server',
    sessionLimit: 100,
    severalPerUser: false,
    sessions: [],
    recording: [],
  }),
  async launch(claim, report, _debug, signal) {
    const { fence, flowText, run } = claim;
    note(`begin ${run.id} ${fence}`);
    const { password } = (await membership.link?.credential(claim, signal)) ?? {};
    if (password !== 'the password of ann') note(`password ${run.id} ${fence}`);
    const seconds = Number(/WAIT ([\d.]+)/.exec(flowText)?.[1] ?? 0);
    let over = false;
    const finish = (outcome: 'Succeeded' | 'Canceled') => {
      if (over) return;
      over = true;
      note(`end ${run.id} ${fence}`);
      report({ kind: 'finished', fence, outcome, outputs: { Answer: answered } });
      report({ kind: 'exited', how: 'ended with exit code 0' });
    };
    let answered = '';
    let timer: NodeJS.Timeout | undefined;
    const goOn = () => {
      timer = setTimeout(() => finish('Succeeded'), seconds * 1_000);
    };
    setImmediate(() => {
      report({ kind: 'ready' });
      report({ kind: 'started', fence });
      if (flowText.includes('# asks')) {
        const question = { id: 'q1', kind: 'message', title: 'T', message: 'M' } as const;
        report({ kind: 'question', fence, question });
      } else goOn();
    });
    const worker: Worker = {
      stop: () => finish('Canceled'),
      pause: () => {
        clearTimeout(timer);
        report({ kind: 'halted', fence, isHalted: true });
      },
      resume: () => {
        report({ kind: 'halted', fence, isHalted: false });
        goOn();
      },
      safeStop: () => finish('Canceled'),
      kill: () => {
        if (over) return;
        over = true;
        clearTimeout(timer);
        note(`killed ${run.id} ${fence}`);
        report({ kind: 'exited', how: 'was killed by signal SIGKILL' });
      },
      answer: (_question, answer) => {
        answered = answer.button;
        goOn();
      },
      debug: (message) => {
        note(`debug ${run.id} ${JSON.stringify(message)}`);
        if (message !== null) report({ kind: 'debug', fence, message: { echo: message } });
      },
    };
    return { worker, session: 'session 1' };
  },
};

const log = new Log('member', Date.now, [
  (line) => appendFileSync(`${setup.dataFolder}/log`, `${JSON.stringify(line)}\n`),
]);
const membership = Membership.open({
  dataFolder: setup.dataFolder,
  workers,
  vault: openVault(setup.dataFolder),
  agentVersion: '1',
  clock: systemClock,
  settings: defaultSettings,
  testConnection: async (_connection, password) =>
    password === 'the password of ann'
      ? { ok: true }
      : { ok: false, error: { code: 'SessionCreationInvalidCredentials', message: 'no', nextStep: 'none' } },
  log,
});
try {
  if (setup.pair) await membership.pair(setup.pair);
  process.send?.({ machine: membership.machine?.id });
} catch (error) {
  process.send?.({ error: { code: (error as { code?: string }).code, message: String(error) } });
}
process.on('message', (said) => {
  if (said === 'unpair')
    membership
      .unpair({ state: 'Canceled', error: { code: 'AgentStopping', message: 'M', nextStep: 'N' } })
      .then(
        (result) => process.send?.(result),
        (error: unknown) => process.send?.({ error: { code: (error as { code?: string }).code } }),
      );
});
process.on('disconnect', () => process.exit(0));

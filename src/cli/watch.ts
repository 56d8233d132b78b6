// Commands that ask the agent once, or again whenever something happens (`--watch`). What is shown is theirs.
import { systemClock } from '../base/clock.ts';
import type { Disposable } from '../base/disposable.ts';
import { ProductError } from '../base/error.ts';
import type { AgentLink, CloseReason } from '../protocol/link.ts';
import { type AgentAccess, reachAgent } from './access.ts';
import type { Output } from './terminal.ts';
import { exitCode } from './usage.ts';

/** Events come in bursts: what is shown follows them after this many milliseconds. */
const calmMs = 100;
/** Some things change without an event, such as whether a machine is online. */
const lookAgainMs = 5_000;
const clearScreen = '\u001b[H\u001b[2J\u001b[3J';

/** Asks the running agent. Throws `AgentNotRunning`. */
export async function withRunningAgent<T>(
  access: AgentAccess,
  work: (link: AgentLink) => Promise<T>,
): Promise<T> {
  const link = await access.find();
  if (link === undefined) {
    throw new ProductError(
      'AgentNotRunning',
      `No agent is running on ${access.dataFolder}.`,
      'Start it: dflow agent start',
    );
  }
  try {
    return await work(link);
  } finally {
    link.dispose();
  }
}

/** Asks the agent of this machine, which is started for this where none runs. `work` may be repeated. */
export async function withAgent<T>(access: AgentAccess, work: (link: AgentLink) => Promise<T>): Promise<T> {
  const { result, leave } = await reachAgent(access, work);
  await leave();
  return result;
}

/** What is told when a link ends while something is followed over it. */
export function linkLost({ agent }: AgentLink, { reason, code }: CloseReason): ProductError {
  const isAgent = agent.machine.slots > 0;
  return new ProductError(
    'AgentLost',
    `The ${isAgent ? 'agent' : 'orchestrator'} went away (${reason || code}).`,
    isAgent
      ? 'Start it again with `dflow agent start`; `dflow queue` shows what became of the run.'
      : 'What runs goes on: see `dflow queue --orchestrator`. Where a token does not hold any more: `dflow orchestrator login`.',
  );
}

export interface Shown<T> {
  readonly read: (link: AgentLink) => Promise<T>;
  readonly text: (value: T) => string;
  /** One line each. */
  readonly json: (value: T) => readonly unknown[];
}

export interface Showing {
  readonly json: boolean;
  readonly watch: boolean;
}

/** Shows something once, of an agent that is started for this where none runs; with `watch` again after every change of the running one, until Ctrl+C. Returns the exit code. */
export async function show<T>(
  shown: Shown<T>,
  { json, watch }: Showing,
  access: AgentAccess,
  out: Output,
): Promise<number> {
  const draw = (value: T, again: boolean): void => {
    if (json) for (const line of shown.json(value)) out.write(`${JSON.stringify(line)}\n`);
    // On an empty screen, so that nothing of before is left.
    else out.write(`${watch && out.isTTY ? clearScreen : again ? '\n' : ''}${shown.text(value)}`);
  };
  if (!watch) {
    draw(await withAgent(access, shown.read), false);
    return exitCode.ok;
  }
  return withRunningAgent(access, async (link) => {
    await follow(link, shown.read, draw);
    return exitCode.ok;
  });
}

/** Resolves at Ctrl+C. Rejects with `AgentLost`, and with what reading rejects with. */
function follow<T>(
  link: AgentLink,
  read: (link: AgentLink) => Promise<T>,
  draw: (value: T, again: boolean) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let timer: Disposable | undefined;
    /** Something happened, and a look at it is due. */
    let asked = false;
    let reading = false;
    let ended = false;
    let last: string | undefined;
    const end = (done: () => void): void => {
      ended = true;
      timer?.dispose();
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      done();
    };
    const stop = (): void => end(resolve);
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
    const look = async (): Promise<void> => {
      asked = false;
      reading = true;
      try {
        const value = await read(link);
        const text = JSON.stringify(value);
        if (!ended && text !== last) draw(value, last !== undefined);
        last = text;
      } catch (error) {
        if (!ended) end(() => reject(error));
      }
      reading = false;
      lookIn(asked ? calmMs : lookAgainMs);
    };
    const lookIn = (ms: number): void => {
      timer?.dispose();
      if (!ended) timer = systemClock.after(ms, () => void look());
    };
    link.onEvent(() => {
      if (!asked && !reading) lookIn(calmMs);
      asked = true;
    });
    link.onClose(({ reason, code }) => {
      if (ended) return;
      end(() => reject(linkLost(link, { reason, code })));
    });
    link.call('subscribe', { after: link.agent.lastSeq }).then(look, (error: unknown) => {
      if (!ended) end(() => reject(error));
    });
  });
}

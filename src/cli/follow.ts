// Follows one run from its place in the queue to its end: shows its events, answers its questions, stops it on Ctrl+C.
import { systemClock } from '../base/clock.ts';
import { ProductError } from '../base/error.ts';
import { orderedIds } from '../base/identifiers.ts';
import type { AgentLink, CloseReason } from '../protocol/link.ts';
import { isTerminal, type Question, type Run, type RunEvent } from '../protocol/run.ts';
import { type AgentAccess, reachAgent } from './access.ts';
import { answerAtTerminal } from './answers.ts';
import { nameOf, type QueueNames, queueNames, shortId } from './runRows.ts';
import { type Output, RunDisplay } from './terminal.ts';
import { exitCode } from './usage.ts';
import { linkLost } from './watch.ts';

/** A run that waits longer than this in the queue says so. */
const silenceMs = 1_000;

export interface Followed {
  /** Puts the run into the queue under the identifier `id`; called again with the same one when the agent went away before it answered. */
  readonly submit: (link: AgentLink, id: string) => Promise<Run>;
  /** Path of the flow as the user knows it; the run's own path when absent. */
  readonly file?: string;
  /** Executable lines of the flow, 0 when unknown. */
  readonly lines: number;
  readonly json: boolean;
}

/** Submits a run to the agent of this machine, started when none runs, and follows it. Returns the exit code. Ctrl+C stops the run, a second one does not wait for that. */
export async function submitAndFollow(access: AgentAccess, followed: Followed, out: Output): Promise<number> {
  const stopped = new AbortController();
  const stop = () => {
    if (stopped.signal.aborted) process.exit(exitCode.canceled);
    stopped.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    const id = orderedIds(systemClock.now)();
    let after: number | undefined;
    const { link, result, leave } = await reachAgent(
      access,
      (agent) => {
        // The events of one data folder have one numbering, whichever agent writes them.
        after = Math.min(after ?? agent.agent.lastSeq, agent.agent.lastSeq);
        return accept(agent, followed, id, after);
      },
      stopped.signal,
    );
    try {
      const { state } = await follow(link, result, followed, out, stopped);
      if (state === 'Succeeded') return exitCode.ok;
      return state === 'Canceled' ? exitCode.canceled : exitCode.failed;
    } finally {
      await leave();
    }
  } catch (error) {
    if (error === stopped.signal.reason) return exitCode.canceled; // before there was a run
    throw error;
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

/** A run that an agent has taken. */
interface Accepted {
  readonly run: Run;
  /** Ends the collecting of events and gives those since the run was submitted. */
  readonly collected: () => readonly RunEvent[];
  /** Resolves when the link has ended. */
  readonly linkEnded: Promise<CloseReason>;
}

async function accept(link: AgentLink, { submit }: Followed, id: string, after: number): Promise<Accepted> {
  const events: RunEvent[] = [];
  const collecting = link.onEvent((event) => events.push(event));
  const linkEnded = new Promise<CloseReason>((resolve) => link.onClose(resolve));
  await link.call('subscribe', { after });
  const run = await submit(link, id);
  const collected = () => {
    collecting.dispose();
    return events;
  };
  return { run, collected, linkEnded };
}

async function follow(
  link: AgentLink,
  { run, collected, linkEnded }: Accepted,
  { file, lines, json }: Followed,
  out: Output,
  stopped: AbortController,
): Promise<Run> {
  const { name, slots } = link.agent.machine;
  // An orchestrator runs nothing itself: which machine it is, the run says.
  const names: QueueNames = slots > 0 ? new Map() : await queueNames(link);
  const machineOf = ({ machine }: Run) => (slots > 0 ? name : nameOf(names, machine));
  const display = new RunDisplay(out, lines, machineOf, systemClock.monotonic);
  const asking = new Map<string, AbortController>();
  let failed: (error: Error) => void = () => {};
  let finish: (run: Run) => void = () => {};
  const finished = new Promise<Run>((resolve, reject) => {
    finish = resolve;
    failed = reject;
  });
  finished.catch(() => {}); // awaited below; an early failure must not count as unhandled

  const show = (event: RunEvent): void => {
    if (event.runId !== run.id) return;
    if (json) out.write(`${JSON.stringify(event)}\n`);
    else display.event(event);
    if (event.kind === 'question') void answer(event.question);
    if (event.kind === 'answered') asking.get(event.questionId)?.abort();
    if (event.kind === 'run' && isTerminal(event.run.state)) finish(event.run);
  };
  for (const event of collected()) show(event);
  link.onEvent(show);
  void linkEnded.then((reason) => failed(linkLost(link, reason)));
  const stop = () => void link.call('runs.stop', { runId: run.id }).catch(failed);
  if (stopped.signal.aborted) stop();
  else stopped.signal.addEventListener('abort', stop, { once: true });
  const waiting = json
    ? undefined
    : systemClock.after(silenceMs, () =>
        display.stillQueued(`dflow queue why ${shortId(run.id)}${slots > 0 ? '' : ' --orchestrator'}`),
      );
  try {
    const last = await finished;
    if (json)
      out.write(
        `${JSON.stringify({ kind: 'result', runId: last.id, state: last.state, outputs: last.outputs ?? {}, error: last.error })}\n`,
      );
    else display.end(last, file ?? last.flow.path);
    return last;
  } finally {
    waiting?.dispose();
    for (const question of asking.values()) question.abort();
  }

  async function answer(question: Question): Promise<void> {
    const controller = new AbortController();
    asking.set(question.id, controller);
    try {
      const given = await answerAtTerminal(question, controller.signal);
      if (given === undefined) return;
      await link.call('runs.answer', {
        runId: run.id,
        questionId: question.id,
        answer: given,
        by: 'dflow',
      });
    } catch (error) {
      if (controller.signal.aborted) return; // answered elsewhere, or closed by itself
      if (error instanceof ProductError && error.code === 'QuestionNotFound') return;
      if (error instanceof ProductError && error.code === 'InputCanceled') stopped.abort();
      else failed(error as Error);
    } finally {
      asking.delete(question.id);
    }
  }
}

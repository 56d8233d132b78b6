// Follows one run from its place in the queue to its end: shows its events, answers its questions, stops it on Ctrl+C.
import { systemClock } from '../base/clock.ts';
import { ProductError } from '../base/error.ts';
import type { AgentLink } from '../protocol/link.ts';
import { type Answer, isTerminal, type Question, type Run, type RunEvent } from '../protocol/run.ts';
import type { AgentAccess } from './access.ts';
import { stopAgent } from './agent.ts';
import { askLine, isInteractive } from './prompt.ts';
import { type Output, RunDisplay, showValue } from './terminal.ts';
import { exitCode } from './usage.ts';

export interface Followed {
  /** Puts the run into the queue. */
  readonly submit: (link: AgentLink) => Promise<Run>;
  /** Path of the flow as the user knows it; the run's own path when absent. */
  readonly file?: string;
  /** Executable lines of the flow, 0 when unknown. */
  readonly lines: number;
  readonly json: boolean;
}

/** Submits a run to the agent of this machine, started when none runs, and follows it. Returns the exit code. */
export async function submitAndFollow(access: AgentAccess, followed: Followed, out: Output): Promise<number> {
  const running = await access.find();
  const link = running ?? (await access.start({ stay: false }));
  try {
    const { state } = await follow(link, followed, out);
    if (state === 'Succeeded') return exitCode.ok;
    return state === 'Canceled' ? exitCode.canceled : exitCode.failed;
  } finally {
    if (running) link.dispose();
    else await stopAgent(link, true).catch(() => {}); // it may be gone already; the run's outcome is what counts
  }
}

async function follow(link: AgentLink, { submit, file, lines, json }: Followed, out: Output): Promise<Run> {
  const display = new RunDisplay(out, lines, link.agent.machine.name, systemClock.monotonic);
  const early: RunEvent[] = [];
  let runId: string | undefined;
  const asking = new Map<string, AbortController>();
  let failLink: (error: Error) => void = () => {};
  let finish: (run: Run) => void = () => {};
  const finished = new Promise<Run>((resolve, reject) => {
    finish = resolve;
    failLink = reject;
  });
  finished.catch(() => {}); // awaited below; an early failure must not count as unhandled

  const show = (event: RunEvent): void => {
    if (event.runId !== runId) return;
    if (json) out.write(`${JSON.stringify(event)}\n`);
    else display.event(event);
    if (event.kind === 'question') void answer(event.question);
    if (event.kind === 'answered') asking.get(event.questionId)?.abort();
    if (event.kind === 'run' && isTerminal(event.run.state)) finish(event.run);
  };
  link.onEvent((event) => {
    if (runId === undefined) early.push(event);
    else show(event);
  });
  link.onClose((reason) =>
    failLink(
      new ProductError(
        'AgentLost',
        `The agent went away while the flow was running (${reason.reason || reason.code}).`,
        'Start it again with `dflow agent start`; `dflow queue` shows what became of the run.',
      ),
    ),
  );

  await link.call('subscribe', { after: link.agent.lastSeq });
  const run = await submit(link);
  runId = run.id;
  for (const event of early.splice(0)) show(event);

  const stop = () => {
    link.call('runs.stop', { runId: run.id }).catch(failLink);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    const last = await finished;
    if (json)
      out.write(
        `${JSON.stringify({ kind: 'result', runId: last.id, state: last.state, outputs: last.outputs ?? {}, error: last.error })}\n`,
      );
    else display.end(last, file ?? last.flow.path);
    return last;
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }

  async function answer(question: Question): Promise<void> {
    const controller = new AbortController();
    asking.set(question.id, controller);
    try {
      const given = await answerAtTerminal(question, controller.signal);
      await link.call('runs.answer', {
        runId: runId as string,
        questionId: question.id,
        answer: given,
        by: 'dflow',
      });
    } catch (error) {
      if (controller.signal.aborted) return; // answered elsewhere, or closed by itself
      if (error instanceof ProductError && error.code === 'QuestionNotFound') return;
      if (error instanceof ProductError && error.code === 'InputCanceled') stop();
      else failLink(error as Error);
    } finally {
      asking.delete(question.id);
    }
  }
}

/** Asks the person; where nobody can answer, a message gets its default button and any other dialog is canceled. */
async function answerAtTerminal(question: Question, signal: AbortSignal): Promise<Answer> {
  const buttons = question.kind === 'message' ? (question.options ?? ['OK']) : ['OK', 'Cancel'];
  if (!isInteractive()) {
    if (question.kind === 'message') return { button: question.preset ?? (buttons[0] as string), values: [] };
    return { button: 'Cancel', values: [] };
  }
  if (question.kind === 'message') {
    const preset = question.preset ?? (buttons[0] as string);
    const typed = await askLine(`  [${buttons.join(' / ')}] (${preset}): `, { signal });
    return {
      button: buttons.find((button) => button.toLowerCase() === typed.trim().toLowerCase()) ?? preset,
      values: [],
    };
  }
  if (question.kind === 'choice' || question.kind === 'choices') {
    const entries = question.options ?? [];
    const list = entries.map((entry, index) => `  ${index + 1}. ${entry}`).join('\n');
    const typed = await askLine(
      `${list}\n  Number${question.kind === 'choices' ? 's, separated by commas' : ''}: `,
      { signal },
    );
    const values = typed.split(',').flatMap((part) => entries[Number(part) - 1] ?? []);
    return { button: values.length > 0 ? 'OK' : 'Cancel', values };
  }
  const typed = await askLine(`  ${question.preset ? `(${showValue(question.preset)}) ` : ''}> `, {
    masked: question.kind === 'password',
    signal,
  });
  const text = typed === '' ? (question.preset ?? '') : typed;
  return { button: 'OK', values: question.kind === 'files' ? text.split(';') : [text] };
}

// The world of a flow under test: answers questions from a script and remembers what was asked and logged.
import type { Clock } from '../../src/base/clock.ts';
import type { Host, HostAnswer, HostQuestion } from '../../src/runtime/host.ts';
import { FakeClock } from './clock.ts';

/** One scripted reaction: an answer, a function of the question, or `never` (stays open until the run stops). */
export type Reaction = HostAnswer | 'never' | ((question: HostQuestion) => HostAnswer);

export class FakeHost implements Host {
  readonly clock: Clock;
  readonly asked: HostQuestion[] = [];
  readonly logged: { readonly level: 'info' | 'warning' | 'error'; readonly message: string }[] = [];
  readonly #script: Reaction[];

  /** `answers` are used in order, one per question; a question beyond the script fails. The clock is automatic unless given. */
  constructor(options: { readonly answers?: readonly Reaction[]; readonly clock?: Clock } = {}) {
    this.clock = options.clock ?? new FakeClock({ automatic: true });
    this.#script = [...(options.answers ?? [])];
  }

  async ask(question: HostQuestion, signal: AbortSignal): Promise<HostAnswer> {
    signal.throwIfAborted();
    this.asked.push(question);
    const reaction = this.#script.shift();
    if (reaction === undefined) throw new Error(`no answer is scripted for the question "${question.title}"`);
    if (typeof reaction === 'function') return reaction(question);
    if (reaction !== 'never') return reaction;
    return await new Promise((_, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
    );
  }

  log(level: 'info' | 'warning' | 'error', message: string): void {
    this.logged.push({ level, message });
  }
}

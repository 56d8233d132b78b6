// The network between agents and orchestrators, and the agent's way over it. Messages are late, lost, doubled, overtaken by others;
// machines are cut off. What an orchestrator must answer is asked again until it has.

import { beyond, type Heard, type OrchestratorLink } from '../../../src/agent/runner.ts';
import type { Clock } from '../../../src/base/clock.ts';
import { type Disposable, toDisposable } from '../../../src/base/disposable.ts';
import { ProductError } from '../../../src/base/error.ts';
import type { AgentPort } from '../../../src/orchestration/orchestrator.ts';
import type { Change, Claim, Held, Holder } from '../../../src/orchestration/store.ts';
import type { MachineFacts } from '../../../src/protocol/fleet.ts';
import type { Control } from './control.ts';
import type { Agent, Machine } from './machine.ts';

type Report = Extract<Change, { kind: 'change' | 'append' | 'giveBack' }>;

const answerMs = 10_000;
const repeatMs = 3_000;

/** Delivers a message to or from a machine, perhaps; `isThere`: the addressee lives. */
export function send(machine: Machine, label: string, action: () => void, isThere: () => boolean): void {
  const { story } = machine;
  const { chance, time } = story;
  const isCutOff = () => machine.cutOffUntil > time.now || !machine.isUp;
  if (isCutOff() || story.trouble('loss')) return;
  const deliver = (ms: number): void => {
    time.after(
      ms,
      label,
      () => {
        const asleep = machine.asleepUntil - time.now;
        if (asleep > 0) deliver(asleep);
        else if (!isCutOff()) action();
      },
      isThere,
    );
  };
  deliver(story.trouble('delay') ? chance.around(2_000) : chance.between(1, 20));
  if (story.trouble('duplicate')) deliver(chance.around(5_000));
}

export class Link implements OrchestratorLink {
  readonly #agent: Agent;
  readonly #clock: Clock;
  #control: Control | undefined;
  #port: AgentPort | undefined;
  /** Reports of one run go one after the other: the next one counts what came before as known. */
  readonly #tails = new Map<string, Promise<unknown>>();
  /** Claims that were given back; a heartbeat that was under way may still speak of them. */
  readonly #givenBack = new Set<string>();

  constructor(agent: Agent, clock: Clock) {
    this.#agent = agent;
    this.#clock = clock;
  }

  get #machine(): Machine {
    return this.#agent.machine;
  }

  readonly #isOpen = (): boolean => this.#agent.isAlive;

  attach(port: AgentPort): Disposable {
    this.#port = port;
    this.#connect();
    return toDisposable(() => {
      this.#port = undefined;
    });
  }

  /** The agent is gone; its orchestrator notices some time later. */
  close(): void {
    const control = this.#control;
    if (control === undefined) return;
    const { time, chance } = this.#machine.story;
    time.after(chance.around(5_000), `gone ${this.#machine.id}`, () =>
      control.detach(this.#machine.id, this),
    );
  }

  /** Its orchestrator is gone. */
  lost(control: Control): void {
    if (this.#control !== control) return;
    this.#control = undefined;
    const { chance } = this.#machine.story;
    this.#clock.after(chance.around(2_000), () => this.#connect());
  }

  #connect(): void {
    const { story } = this.#machine;
    const former = this.#control;
    this.#control = story.anyControl();
    if (this.#control === undefined) {
      this.#clock.after(2_000, () => this.#connect());
      return;
    }
    if (former !== this.#control) former?.detach(this.#machine.id, this);
    this.#attach();
  }

  /** Says that this machine asks for work, until it is known there. */
  #attach(): void {
    const control = this.#control;
    if (control === undefined || this.#port === undefined) return;
    let isKnown = false;
    this.#ask(control, 'attach', () => {
      control.attach(this.#machine, this);
      this.#answer('attached', () => {
        isKnown = true;
      });
    });
    this.#clock.after(repeatMs, () => {
      if (!isKnown && this.#control === control) this.#attach();
    });
  }

  /** What the orchestrator calls: a message to this machine. */
  readonly port: AgentPort = {
    take: (claims) => this.#answer('take', () => this.#take(claims)),
    end: (runId, ending) => this.#answer('end', () => this.#port?.end(runId, ending)),
  };

  #take(claims: readonly Claim[]): void {
    const { story } = this.#machine;
    for (const claim of claims) {
      const key = `${claim.run.id} ${claim.fence}`;
      if (this.#givenBack.has(key)) continue;
      if (
        story.trouble('giveBack') &&
        this.#agent.runner.has(claim.run.id) === false &&
        !this.#known.has(key)
      ) {
        this.#givenBack.add(key);
        const holder = { runId: claim.run.id, fence: claim.fence, report: 1 };
        // The same report, however often: whether it was recorded is not known while it fails.
        const giveBack = (): void => {
          this.report({ kind: 'giveBack', holder }).catch(() => this.#clock.after(repeatMs, giveBack));
        };
        giveBack();
        continue;
      }
      this.#known.add(key);
      this.#port?.take([claim]);
    }
  }
  /** Claims that were passed on. */
  readonly #known = new Set<string>();

  heartbeat(boot: string, facts: MachineFacts, holding: readonly Holder[]): Promise<Heard> {
    return new Promise((resolve, reject) => {
      const control = this.#control ?? this.#machine.story.anyControl();
      if (control === undefined) {
        reject(unreachable());
        return;
      }
      this.#ask(control, 'heartbeat', () => {
        control.heartbeat(this.#machine.id, boot, facts, holding).then(
          ({ held, rebooted }) =>
            this.#answer('heard', () => {
              Promise.all(beyond(held, holding).map((claim) => this.#fetch(control, claim))).then((told) =>
                resolve({ held, told: told.filter((claim) => claim !== undefined), rebooted }),
              );
            }),
          (error: unknown) => this.#answer('refused', () => reject(error)),
        );
      });
      this.#clock.after(answerMs, () => {
        reject(unreachable());
      });
    });
  }

  /** A claim that the agent has not heard of. Never resolves where the answer is lost: the heartbeat fails then. */
  #fetch(control: Control, { runId, fence }: Held): Promise<Claim | undefined> {
    const key = `${runId} ${fence}`;
    return new Promise((resolve) => {
      this.#ask(control, `claim ${runId}`, () => {
        control.orchestrator.claim(this.#machine.id, { runId, fence }).then(
          (claim) =>
            this.#answer('claim', () => {
              const isMine = claim !== undefined && !this.#givenBack.has(key);
              if (isMine) this.#known.add(key);
              resolve(isMine ? claim : undefined);
            }),
          () => {},
        );
      });
    });
  }

  report(change: Report): Promise<boolean> {
    const { runId } = change.holder;
    const since = this.#clock.monotonic();
    const before = this.#tails.get(runId) ?? Promise.resolve();
    const next = () => this.#report(change, since);
    const answered = before.then(next, next);
    this.#tails.set(runId, answered);
    const forget = () => {
      if (this.#tails.get(runId) === answered) this.#tails.delete(runId);
    };
    answered.then(forget, forget);
    return answered;
  }

  #report(change: Report, since: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      let isAnswered = false;
      const settle = (action: () => void) => () => {
        isAnswered = true;
        action();
      };
      const ask = () => {
        const control = this.#control ?? this.#machine.story.anyControl();
        if (control !== undefined) {
          this.#ask(control, `report ${change.holder.runId}`, () => {
            control.report(waited(change, this.#clock.monotonic() - since)).then(
              (taken) =>
                this.#answer(
                  'recorded',
                  settle(() => resolve(taken)),
                ),
              (error: unknown) =>
                this.#answer(
                  'refused',
                  settle(() => reject(error)),
                ),
            );
          });
        }
        this.#clock.after(repeatMs, () => {
          if (!isAnswered) ask();
        });
      };
      ask();
    });
  }

  #ask(control: Control, what: string, action: () => void): void {
    const { generation } = control;
    const isThere = () => control.isAlive && control.generation === generation;
    send(this.#machine, `${this.#machine.id} > ${control.id} ${what}`, action, isThere);
  }

  #answer(what: string, action: () => void): void {
    send(this.#machine, `${this.#machine.id} < ${what}`, action, this.#isOpen);
  }
}

/** A report that was on its way for so long. */
function waited(report: Report, ms: number): Report {
  if (report.kind !== 'change') return report;
  const { startedAgo, endedAgo } = report.change;
  return {
    ...report,
    change: {
      ...report.change,
      ...(startedAgo !== undefined && { startedAgo: startedAgo + ms }),
      ...(endedAgo !== undefined && { endedAgo: endedAgo + ms }),
    },
  };
}

const unreachable = () =>
  new ProductError('OrchestratorUnreachable', 'The orchestrator did not answer.', 'It is tried again.');

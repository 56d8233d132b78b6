// A machine with its Windows sessions, the people in them, the workers of runs, and its agent: the real runner. Crashes, sleeps, wakes.

import {
  Runner,
  SessionsChanged,
  type Worker,
  type WorkerHost,
  type WorkerReport,
} from '../../../src/agent/runner.ts';
import { ProductError } from '../../../src/base/error.ts';
import { Log } from '../../../src/base/log.ts';
import type { Claim } from '../../../src/orchestration/store.ts';
import type { Clearing, MachineFacts } from '../../../src/protocol/fleet.ts';
import type { SessionFacts } from '../../../src/protocol/sessions.ts';
import { Link } from './link.ts';
import type { Story } from './story.ts';

export interface MachineSpec {
  readonly id: string;
  readonly edition: MachineFacts['edition'];
  readonly sessionLimit: number;
  readonly severalPerUser: boolean;
  readonly slots: number;
  /** Accounts of people who sign in here. */
  readonly people: readonly string[];
}

type Session = { -readonly [Field in keyof SessionFacts]: SessionFacts[Field] } & {
  worker?: FakeWorker | undefined;
};

export class Machine {
  readonly spec: MachineSpec;
  readonly story: Story;
  readonly sessions = new Map<string, Session>();
  readonly workers = new Set<FakeWorker>();
  recording: string[] = [];
  agent: Agent | undefined;
  isUp = true;
  /** Counts its lives: what an earlier one planned never happens. */
  boots = 0;
  asleepUntil = 0;
  cutOffUntil = 0;
  /** Milliseconds its wall clock is wrong by. */
  skew = 0;
  #sessions = 0;
  #agents = 0;

  constructor(story: Story, spec: MachineSpec) {
    this.story = story;
    this.spec = spec;
  }

  get id(): string {
    return this.spec.id;
  }

  /** Whether nothing of any run is left on it. */
  get isQuiet(): boolean {
    const busy = [...this.sessions.values()].some(({ ours, state }) => ours && state === 'active');
    return this.workers.size === 0 && !busy && this.agent?.runner.size === 0;
  }

  // ── its agent ─────────────────────────────────────────────────────────────────────────────────────────────────

  startAgent(): void {
    if (!this.isUp || this.agent !== undefined) return;
    this.agent = new Agent(this, `${this.id} boot ${++this.#agents}`);
    this.agent.start();
  }

  /** Its workers go on without it for a while: nobody hears them. */
  crashAgent(): void {
    this.agent?.die();
    this.agent = undefined;
  }

  crash(): void {
    this.crashAgent();
    this.isUp = false;
    this.boots += 1;
    for (const worker of this.workers) worker.isAlive = false;
    this.workers.clear();
    this.sessions.clear();
    this.recording = [];
  }

  restart(): void {
    this.isUp = true;
    this.startAgent();
  }

  // ── its sessions ──────────────────────────────────────────────────────────────────────────────────────────────

  signIn(account: string, ours: boolean): Session {
    const id = `${this.id} session ${++this.#sessions}`;
    const since = this.story.time.now;
    const kind = ours ? ('remote' as const) : ('console' as const);
    const session: Session = { id, account, state: 'active', kind, ours, since };
    this.sessions.set(id, session);
    return session;
  }

  /** Ends a session and what runs in it. */
  signOut(session: Session): void {
    this.sessions.delete(session.id);
    session.worker?.end('ended with its session');
  }

  /** Its agent notices now, or with its next heartbeat. */
  noticed(): void {
    if (this.agent !== undefined && this.story.chance.hit(0.7)) this.agent.runner.beat();
  }

  sessionsOf(account: string): Session[] {
    const person = this.story.personOf(account);
    return [...this.sessions.values()].filter((session) => this.story.personOf(session.account) === person);
  }

  /** What people do at a machine: sign in and out, lock, unlock, leave, come back, record. */
  peopleAct(): void {
    const { chance } = this.story;
    if (!this.isUp || this.spec.people.length === 0) return;
    const account = chance.of(this.spec.people);
    const session = this.sessionsOf(account).find(({ ours }) => !ours);
    if (session === undefined) {
      if (this.sessions.size < this.spec.sessionLimit && this.sessionsOf(account).length === 0)
        this.signIn(account, false);
    } else {
      const act = chance.between(0, 9);
      if (act < 3) session.state = 'locked';
      else if (act < 4) session.state = 'disconnected';
      else if (act < 8) session.state = 'active';
      else this.signOut(session);
      if (this.story.chance.hit(0.3)) delete session.declined;
    }
    this.recording = chance.hit(0.05) && session !== undefined ? [account] : [];
    this.noticed();
  }
}

// ── the agent ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** One life of the agent. */
export class Agent implements WorkerHost {
  readonly machine: Machine;
  readonly runner: Runner;
  readonly link: Link;
  isAlive = true;

  constructor(machine: Machine, boot: string) {
    const { story } = machine;
    this.machine = machine;
    const alive = () => this.isAlive;
    const clock = story.time.clock(
      `agent ${machine.id}`,
      alive,
      () => machine.skew,
      () => machine.asleepUntil,
    );
    this.link = new Link(this, clock);
    this.runner = new Runner({
      link: this.link,
      workers: this,
      clock,
      boot,
      settings: story.settings,
      log: new Log('agent', () => story.time.now),
    });
  }

  start(): void {
    this.runner.start().catch(() => {
      const { time } = this.machine.story;
      time.after(
        3_000,
        `start ${this.machine.id}`,
        () => this.start(),
        () => this.isAlive,
      );
    });
  }

  die(): void {
    this.isAlive = false;
    this.link.close();
    const { time, chance } = this.machine.story;
    for (const worker of this.machine.workers) {
      if (worker.agent !== this) continue;
      time.after(
        chance.around(60_000),
        `zombie ${worker.id}`,
        () => worker.end('was left behind'),
        () => worker.isAlive,
      );
    }
  }

  async facts(): Promise<MachineFacts> {
    const { edition, sessionLimit, severalPerUser } = this.machine.spec;
    const { story, recording } = this.machine;
    const hidden = story.trouble('noView');
    const sessions = [...this.machine.sessions.values()].map(({ worker, ...facts }) => facts);
    return {
      platform: 'simulated',
      agentVersion: '1',
      edition,
      sessionLimit,
      severalPerUser,
      ...(!hidden && { sessions }),
      recording,
    };
  }

  async launch(
    claim: Claim,
    report: (report: WorkerReport) => void,
    _debug: boolean,
    signal: AbortSignal,
  ): Promise<{ readonly worker: Worker; readonly session: string }> {
    const { machine } = this;
    const { time, chance } = machine.story;
    const isHere = () => this.isAlive && machine.isUp;
    const takes = claim.run.mode === 'attended' ? 100 : chance.around(1_500);
    await new Promise<void>((resolve) => time.after(takes, `prepare ${claim.run.id}`, resolve, isHere));
    if (signal.aborted) throw refused('RunStopped');
    if (machine.story.trouble('launch')) throw refused('SessionCreationError');
    let session = this.#session(claim);
    // A worker of ours that still ends, and a session of ours that is still being left, are waited for.
    for (let tries = 0; session === undefined; tries++) {
      await new Promise<void>((resolve) => time.after(500, `wait ${claim.run.id}`, resolve, isHere));
      if (signal.aborted) throw refused('RunStopped');
      if (tries === 60) {
        const held = machine.story.watch.isHeld(claim.run.id, claim.fence);
        machine.story.conflict(held, `${claim.run.id} found no session on ${machine.id}`);
        throw refused('SessionExistsForTheUserWhenUnattended');
      }
      session = this.#session(claim);
    }
    const worker = new FakeWorker(this, claim, report, session);
    return { worker, session: session.id };
  }

  /** The session of a claim, as it was planned; what was planned may have gone wrong since. Undefined: one of ours is in its way. */
  #session({ run, account, session: plan }: Claim): Session | undefined {
    const { machine } = this;
    const { story, spec } = machine;
    if (plan !== undefined && plan.kind !== 'use') this.#clear(plan.clear ?? []);
    const wanted = plan === undefined ? run.session : plan.kind === 'create' ? undefined : plan.session;
    if (wanted !== undefined) {
      const session = machine.sessions.get(wanted);
      if (session === undefined) throw refused('SessionNotFound');
      if (run.mode === 'attended') {
        if (session.state !== 'active') throw refused('AttendedUserSessionNotActive');
        return session;
      }
      if (session.state !== 'locked' && session.state !== 'disconnected') throw refused('SessionInUse');
      session.state = 'active';
      return session;
    }
    const idle = (session: Session) =>
      session.ours && session.state !== 'active' && session.worker === undefined;
    // A plan that got lost on the way is made again: own session first, then any that is idle.
    const makeRoom = plan?.kind === 'create' ? plan.signOutFirst : undefined;
    const leaving = makeRoom === undefined ? undefined : machine.sessions.get(makeRoom);
    if (leaving !== undefined) {
      const user = leaving.worker;
      if (user !== undefined && story.watch.isHeld(user.id, user.fence))
        story.watch.fail('exclusive', `the session of ${user.id} was to be signed out under it`);
      machine.signOut(leaving);
    }
    for (const session of machine.sessionsOf(account)) if (idle(session)) machine.signOut(session);
    if (spec.edition === 'client' || machine.sessions.size >= spec.sessionLimit) {
      const other = [...machine.sessions.values()].find(idle);
      if (other !== undefined) machine.signOut(other);
    }
    const sessions = [...machine.sessions.values()];
    const inTheWay =
      spec.edition === 'client'
        ? sessions
        : spec.severalPerUser
          ? []
          : sessions.filter(({ account: other }) => story.personOf(other) === story.personOf(account));
    if (inTheWay.length > 0 || sessions.length >= spec.sessionLimit) {
      if ((inTheWay.length > 0 ? inTheWay : sessions).every(({ ours }) => ours)) return undefined;
      story.conflict(false, run.id);
      throw refused(inTheWay.length > 0 ? 'SessionExistsForTheUserWhenUnattended' : 'TooManyActiveSessions');
    }
    return machine.signIn(account, true);
  }

  /** What the session policy does to people before a run. */
  #clear(clearings: readonly Clearing[]): void {
    const { story, sessions } = this.machine;
    for (const { session: id, state, act, ask } of clearings) {
      const session = sessions.get(id);
      if (session === undefined || (act === 'disconnect' && session.state === 'disconnected')) continue;
      if (session.ours) story.watch.fail('exclusive', `a session of ours was to be left for a run: ${id}`);
      if (session.state !== state) throw new SessionsChanged(`${id} is ${session.state}`);
      if (ask && story.chance.hit(0.4)) {
        session.declined = true;
        throw new SessionsChanged(`${session.account} stays`);
      }
      story.count('cleared');
      if (act === 'signOut') this.machine.signOut(session);
      else session.state = 'disconnected';
    }
  }
}

const refused = (code: string) =>
  new ProductError(code, 'The session could not be had.', 'See the sessions.');

// ── workers ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The process of one run: begins, tells where it is, asks, ends; or crashes, hangs, ignores a stop. */
export class FakeWorker implements Worker {
  readonly agent: Agent;
  readonly id: string;
  readonly fence: number;
  readonly #claim: Claim;
  readonly #report: (report: WorkerReport) => void;
  readonly #session: Session;
  readonly #boot: number;
  readonly #ignoresStop: boolean;
  isAlive = true;
  isKilled = false;
  #isHalted = false;
  #questions = 0;

  constructor(agent: Agent, claim: Claim, report: (report: WorkerReport) => void, session: Session) {
    const { machine } = agent;
    const { story } = machine;
    const { chance, watch } = story;
    this.agent = agent;
    this.id = claim.run.id;
    this.fence = claim.fence;
    this.#claim = claim;
    this.#report = report;
    this.#session = session;
    this.#boot = machine.boots;
    this.#ignoresStop = story.trouble('stubborn');
    watch.begun(this.id, claim.fence);
    for (const other of machine.workers) {
      if (
        other.isAlive &&
        !other.isKilled &&
        other.agent === agent &&
        story.personOf(other.#claim.account) === story.personOf(claim.account)
      )
        watch.fail(
          'exclusive',
          `${this.id} and ${other.id} work for ${claim.account} on ${machine.id} at once`,
        );
    }
    machine.workers.add(this);
    session.worker = this;
    this.#later(10, 'ready', () => this.#say({ kind: 'ready' }));
    const crashes = story.trouble('workerCrash');
    const hangs = story.trouble('hang');
    const starts = chance.around(700);
    const length = chance.around(story.scenario.runMs);
    if (crashes && chance.hit(0.3))
      this.#later(starts, 'crash', () => this.end('was killed by signal SIGKILL'));
    else if (!story.trouble('neverStarts')) {
      this.#later(starts, 'started', () => {
        const { fence } = this.#claim;
        this.#say({ kind: 'started', fence });
        this.#frames();
        if (crashes) this.#later(length / 2, 'crash', () => this.end('was killed by signal SIGKILL'));
        else if (!hangs)
          this.#later(length, 'finished', () => this.#finish(chance.hit(0.1) ? 'Failed' : 'Succeeded'));
      });
    }
  }

  stop(): void {
    if (this.#ignoresStop) return;
    this.#later(this.agent.machine.story.chance.between(20, 300), 'stopped', () => this.#finish('Canceled'));
  }

  pause(): void {
    this.#halt(true);
  }

  resume(): void {
    this.#halt(false);
  }

  safeStop(): void {
    this.stop();
  }

  kill(): void {
    if (this.isKilled) return;
    this.isKilled = true;
    this.#later(10, 'killed', () => this.end('was killed by signal SIGKILL'));
  }

  answer(questionId: string): void {
    const { fence } = this.#claim;
    this.#later(5, 'answered', () => this.#say({ kind: 'withdrawn', fence, questionId }));
  }

  debug(): void {}

  /** The process is gone; its session is left as it is to be left. */
  end(how: string): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    const { machine } = this.agent;
    machine.workers.delete(this);
    const session = this.#session;
    if (session.worker === this) session.worker = undefined;
    if (this.agent.isAlive) {
      machine.story.watch.happened(this.id, this.fence, 'endedAt');
      this.#report({ kind: 'exited', how });
    }
    if (!session.ours || !machine.sessions.has(session.id)) return;
    const { story } = machine;
    // A new worker may be in it already.
    const isFree = () =>
      machine.boots === this.#boot && session.worker === undefined && machine.sessions.has(session.id);
    story.time.after(
      story.chance.between(20, 800),
      `leave ${session.id}`,
      () => {
        if (story.reusesSessions(machine.id)) session.state = 'locked';
        else if (story.chance.hit(0.05)) session.state = 'disconnected';
        else machine.signOut(session);
        machine.noticed();
      },
      isFree,
    );
  }

  #halt(isHalted: boolean): void {
    if (this.#isHalted === isHalted) return;
    this.#isHalted = isHalted;
    this.#later(5, 'halted', () => this.#say({ kind: 'halted', fence: this.#claim.fence, isHalted }));
  }

  #frames(): void {
    const { story } = this.agent.machine;
    const { fence } = this.#claim;
    let line = 0;
    const frame = () => {
      line += 1;
      const position = { subflow: 'Main', line, action: 'SET' };
      this.#say({ kind: 'frame', fence, position, lines: [], actions: [], omitted: 0, logs: [] });
      if (story.chance.hit(0.1)) {
        const id = `${this.id} question ${++this.#questions}`;
        const question = { id, kind: 'message' as const, title: '', message: 'Go on?' };
        this.#say({ kind: 'question', fence, question });
      }
      // The end of a session under a run, by a policy, and a screen that locks itself.
      if (this.#session.ours && story.trouble('sessionEnds')) this.agent.machine.signOut(this.#session);
      else this.#later(story.chance.around(story.scenario.frameMs), 'frame', frame);
    };
    this.#later(story.chance.around(story.scenario.frameMs), 'frame', frame);
  }

  #finish(outcome: 'Succeeded' | 'Failed' | 'Canceled'): void {
    this.#say({ kind: 'finished', fence: this.#claim.fence, outcome, outputs: {} });
    this.#later(20, 'exit', () => this.end('ended'));
  }

  #say(report: WorkerReport): void {
    if (!this.agent.isAlive) return;
    const { watch } = this.agent.machine.story;
    if (report.kind === 'started') watch.happened(this.id, this.fence, 'startedAt');
    if (report.kind === 'finished') watch.happened(this.id, this.fence, 'endedAt');
    this.#report(report);
  }

  #later(ms: number, what: string, action: () => void): void {
    const { machine } = this.agent;
    const isHere = () => this.isAlive && machine.boots === this.#boot;
    const plan = (delay: number): void => {
      machine.story.time.after(
        delay,
        `${what} ${this.id}`,
        () => {
          const rest = machine.asleepUntil - machine.story.time.now;
          if (rest > 0) plan(rest);
          else action();
        },
        isHere,
      );
    };
    plan(ms);
  }
}

// One story: a fleet, people who use it, and everything that goes wrong, all from one seed. At some point the trouble stops; then
// everything must come to its end.
import { createHash } from 'node:crypto';
import { Emitter } from '../../../src/base/event.ts';
import {
  defaultPlacement,
  defaultSettings,
  type QueueSettings,
} from '../../../src/orchestration/settings.ts';
import type { Database } from '../../../src/orchestration/store/database.ts';
import { sqliteMigrations } from '../../../src/orchestration/store/schema.ts';
import { openSqliteDatabase } from '../../../src/orchestration/store/sqlite.ts';
import type { PlacementSettings } from '../../../src/protocol/fleet.ts';
import { isTerminal, type Run, type RunEvent } from '../../../src/protocol/run.ts';
import { Chance } from './chance.ts';
import { Control } from './control.ts';
import { Machine, type MachineSpec } from './machine.ts';
import { Time } from './time.ts';
import { type Invariant, type Violation, Watch } from './watch.ts';

/** What may go wrong at any time, by probability each time it could. */
export type Trouble =
  | 'loss'
  | 'duplicate'
  | 'delay'
  | 'slowStore'
  | 'diskFull'
  | 'cutAfterCommit'
  | 'crashAfterCommit'
  | 'notice'
  | 'launch'
  | 'stubborn'
  | 'workerCrash'
  | 'hang'
  | 'neverStarts'
  | 'sessionEnds'
  | 'noView'
  | 'giveBack';

/** What happens to the fleet now and then: milliseconds between two of a kind, on the average. */
export type Incident =
  | 'machineCrash'
  | 'agentCrash'
  | 'sleep'
  | 'partition'
  | 'skew'
  | 'storeClock'
  | 'controlCrash'
  | 'settings'
  | 'capacity'
  | 'membership'
  | 'peopleAct';

export interface Scenario {
  readonly name: string;
  readonly machines: readonly MachineSpec[];
  /** By name, with their first members. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly controls: number;
  /** Whom runs work for. An account of `robots` is used unattended, one of the people of a machine attended; `mixed`: both by both. */
  readonly robots: readonly string[];
  readonly mixed: boolean;
  readonly settings: Partial<QueueSettings>;
  readonly placement: Partial<PlacementSettings>;
  /** Milliseconds between two requests, between two questions, and what a run and a frame of it take, on the average. */
  readonly requestMs: number;
  readonly questionMs: number;
  readonly runMs: number;
  readonly frameMs: number;
  /** Requests made at once at the beginning, all for one account. */
  readonly crowd: number;
  readonly trouble: Readonly<Partial<Record<Trouble, number>>>;
  readonly incidents: Readonly<Partial<Record<Incident, number>>>;
  /** Steps until the trouble stops. */
  readonly steps: number;
}

export interface Report {
  readonly scenario: string;
  readonly seed: number;
  readonly steps: number;
  /** Virtual milliseconds. */
  readonly lasted: number;
  /** SHA-256 over everything that happened, in order. */
  readonly hash: string;
  readonly violation: Violation | undefined;
  readonly looks: Readonly<Record<Invariant, number>>;
  readonly happened: Readonly<Record<string, number>>;
}

const compareEvery = 2_000;
const minute = 60_000;

export class Story {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly chance: Chance;
  readonly time: Time;
  readonly settings: QueueSettings;
  readonly watch: Watch;
  readonly machines: Machine[];
  readonly happened: Record<string, number> = {};
  readonly #controls: Control[] = [];
  readonly #database: Database;
  readonly #hash = createHash('sha256');
  readonly #queues = new Map<string, string>();
  readonly #acknowledged = new Set<string>();
  readonly #active = new Map<string, number>();
  readonly #recent: string[] = [];
  /** When each event was written, by number. */
  readonly #writtenAt: number[] = [];
  readonly #log: ((line: string) => void) | undefined;
  #reuse = new Map<string, boolean>();
  #ids = 0;
  #isTroubled = true;
  #disturbedAt: number;
  /** Milliseconds the clock of the database is wrong by. */
  storeSkew = 0;

  constructor(scenario: Scenario, seed: number, log?: (line: string) => void) {
    this.scenario = scenario;
    this.seed = seed;
    this.chance = new Chance(seed);
    this.settings = { ...defaultSettings, ...scenario.settings };
    this.#log = log;
    this.time = new Time((line) => {
      this.#hash.update(line);
      this.#log?.(line);
    });
    this.#disturbedAt = this.time.now;
    const now = () => this.time.now;
    this.watch = new Watch({ leaseMs: this.settings.leaseMs, personOf: this.personOf, time: now });
    const clock = this.time.clock(
      'store',
      () => true,
      () => this.storeSkew,
    );
    this.#database = openSqliteDatabase(':memory:', sqliteMigrations, clock);
    this.machines = scenario.machines.map((spec) => new Machine(this, spec));
    for (let index = 0; index < scenario.controls; index++)
      this.#controls.push(new Control(this, `orchestrator ${index + 1}`, this.#database));
  }

  // ── what its parts ask ────────────────────────────────────────────────────────────────────────────────────────

  trouble(kind: Trouble): boolean {
    if (!this.#isTroubled || !this.chance.hit(this.scenario.trouble[kind] ?? 0)) return false;
    this.count(kind);
    if (kind === 'diskFull' || kind === 'cutAfterCommit' || kind === 'crashAfterCommit') this.disturbed();
    return true;
  }

  count(what: string): void {
    this.happened[what] = (this.happened[what] ?? 0) + 1;
  }

  /** Something kept the queues from being looked after. */
  disturbed(): void {
    this.#disturbedAt = this.time.now;
  }

  /** Forms of one account belong to one person: `.\bot1`, `BOT1` and `bot1`. */
  readonly personOf = (account: string): string => account.replace(/^(\.|local)\\/, '').toLowerCase();

  queueOf(machineId: string): string {
    return this.#queues.get(machineId) ?? machineId;
  }

  reusesSessions(machineId: string): boolean {
    return this.#reuse.get(this.queueOf(machineId)) ?? this.scenario.placement.reuseSessions === true;
  }

  anyControl(): Control | undefined {
    const alive = this.#controls.filter(({ isAlive }) => isAlive);
    return alive.length === 0 ? undefined : this.chance.of(alive);
  }

  // Programs that share the database tell each other where something changed.
  readonly #notices = new Emitter<{ from: object; topic: string }>();

  announce(from: object, topic: string): void {
    this.#notices.fire({ from, topic });
  }

  onNotice(listener: (from: object, topic: string) => void): void {
    this.#notices.event(({ from, topic }) => listener(from, topic));
  }

  /** A launch was refused for want of a session: because of a session of ours, or of a person. */
  conflict(isOurs: boolean, what: string): void {
    this.count(isOurs ? 'refused by a session of ours' : 'refused by a session of a person');
    if (isOurs) this.watch.fail('exclusive', `${what}: one of ours is in its way`);
  }

  heard(event: RunEvent): void {
    if (event.kind !== 'run') return;
    this.#hash.update(`${event.seq} ${event.runId} ${event.run.state}`);
    const { id, state } = event.run;
    const isOver = isTerminal(this.watch.runs.get(id)?.run.state ?? 'Lost');
    if ((state === 'Running' || state === 'Starting') && !isOver && !this.#active.has(id))
      this.#active.set(id, this.time.now);
    if (isTerminal(state)) {
      this.#active.delete(id);
      this.#recent.push(id);
      if (this.#recent.length > 50) this.#recent.shift();
    }
  }

  // ── the story ─────────────────────────────────────────────────────────────────────────────────────────────────

  async tell(): Promise<Report> {
    const { scenario, time, watch } = this;
    try {
      await this.#begin();
      while (time.steps < scenario.steps && watch.violation === undefined) await this.#step();
      this.#heal();
      const limit = time.now + this.settings.queueWaitMs + 60 * minute;
      while (watch.violation === undefined && !this.#isOver()) {
        if (time.now > limit || !(await this.#step())) {
          watch.fail('finish', this.#unfinished());
          break;
        }
      }
      watch.looks.finish += 1;
      // Who listens hears of the last events with the next sweep at the latest.
      const end = time.now + 2 * this.settings.sweepMs + minute;
      while (time.now < end && watch.violation === undefined) await this.#step();
      await this.#compare();
      for (const id of this.#acknowledged) watch.acknowledged(id);
      for (const control of this.#controls) {
        watch.looks.events += 1;
        if (watch.violation === undefined && control.lastHeard !== watch.lastSeq)
          watch.fail('events', `${control.id} told of ${control.lastHeard} events of ${watch.lastSeq}`);
      }
    } catch (error) {
      watch.fail('crash', String((error as Error).stack));
    }
    const { started, finished, verdicts } = watch.tally;
    Object.assign(this.happened, { started, finished, 'verdicts judged': verdicts });
    return {
      scenario: scenario.name,
      seed: this.seed,
      steps: time.steps,
      lasted: time.now - time.start,
      hash: this.#hash.digest('hex'),
      violation: watch.violation,
      looks: watch.looks,
      happened: this.happened,
    };
  }

  async #step(): Promise<boolean> {
    const went = await this.time.step();
    const { watch, time } = this;
    while (this.#writtenAt.length <= watch.lastSeq) this.#writtenAt.push(time.now);
    if (time.steps % 50 === 0) this.#hear();
    if (this.time.steps % compareEvery === 0) await this.#compare();
    return went;
  }

  /** Whoever missed an event hears of it with one of the next sweeps. */
  #hear(): void {
    const { watch, time, settings } = this;
    for (const { id, isAlive, lastHeard } of this.#controls) {
      if (!isAlive) continue;
      const missing = this.#writtenAt[lastHeard + 1] ?? time.now;
      watch.inTime(id, lastHeard + 1, time.now - missing, 6 * settings.sweepMs + 15_000);
    }
  }

  #compare(): Promise<void> {
    // Sweeps may take their time while the database is slow.
    const patience = 3 * this.settings.sweepMs + 15_000;
    const isCalm =
      this.time.now - this.#disturbedAt > patience && this.#controls.some(({ isAlive }) => isAlive);
    return this.#database.transaction((sql, now) =>
      this.watch.compare(sql, now, isCalm ? patience : undefined),
    );
  }

  async #begin(): Promise<void> {
    const { scenario, time } = this;
    for (const control of this.#controls) control.open();
    while (this.#controls.some(({ isAlive }) => !isAlive)) await this.#step();
    const wasTroubled = this.#isTroubled;
    this.#isTroubled = false;
    const { store } = this.#controls[0] as Control;
    const done = (async () => {
      for (const { id, slots } of scenario.machines)
        await store.putMachine({ id, name: id, description: '', owner: 'ann', unattendedSlots: slots });
      const settings = { ...defaultPlacement, ...scenario.placement };
      for (const [name, members] of Object.entries(scenario.groups)) {
        await store.putGroup({ id: name, name, description: '', owner: 'ann', settings });
        for (const member of members) {
          await store.setMembership(member, name);
          this.#queues.set(member, name);
        }
      }
      for (const { id } of scenario.machines)
        if (!this.#queues.has(id)) await store.setMachine(id, { settings });
      return true;
    })();
    let isDone = false;
    done.then(() => {
      isDone = true;
    });
    while (!isDone) await this.#step();
    await done;
    this.#isTroubled = wasTroubled;
    const spread = this.settings.heartbeatMs;
    for (const machine of this.machines) {
      for (const account of machine.spec.people) if (this.chance.hit(0.5)) this.#welcome(machine, account);
      time.after(this.chance.between(0, spread), `start ${machine.id}`, () => machine.startAgent());
    }
    if (scenario.crowd > 0) time.after(1_000, 'crowd', () => this.#crowd(scenario.crowd));
    this.#again('request', scenario.requestMs, () => this.#request());
    this.#again('command', scenario.requestMs * 3, () => this.#command());
    this.#again('question', scenario.questionMs, () => this.#question());
    for (const [incident, ms] of Object.entries(scenario.incidents))
      this.#again(incident, ms, () => this.#incident(incident as Incident));
  }

  #welcome(machine: Machine, account: string): void {
    const isFull = machine.sessions.size >= machine.spec.sessionLimit;
    if (!isFull) machine.signIn(account, false);
  }

  /** Does something again and again as long as there is trouble. */
  #again(label: string, ms: number, action: () => void): void {
    this.time.after(
      this.chance.around(ms),
      label,
      () => {
        action();
        this.#again(label, ms, action);
      },
      () => this.#isTroubled,
    );
  }

  // ── people ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Asks an orchestrator for something until there is an answer; a lost answer is asked for again. */
  #ask<T>(
    what: string,
    action: (control: Control) => Promise<T>,
    then: (answer: T) => void,
    tries = 8,
  ): void {
    const { time, chance } = this;
    const control = this.anyControl();
    let isAnswered = false;
    if (control !== undefined && !this.trouble('loss')) {
      const { generation } = control;
      const deliver = () =>
        time.after(
          this.trouble('delay') ? chance.around(3_000) : chance.between(1, 30),
          `${control.id} ${what}`,
          () => {
            action(control).then(
              (answer) => {
                if (this.trouble('loss') || isAnswered) return;
                isAnswered = true;
                then(answer);
              },
              (error: unknown) => {
                const { code = 'crash' } = error as { code?: string };
                if (code === 'crash') this.watch.fail('crash', String((error as Error).stack));
                // It may have happened all the same.
                if (code !== 'DiskFull' && code !== 'StoreUnusable') isAnswered = true;
                this.count(`refused: ${code}`);
              },
            );
          },
          () => control.isAlive && control.generation === generation,
        );
      deliver();
      if (this.trouble('duplicate')) deliver();
    }
    if (tries > 1)
      time.after(
        4_000,
        `again ${what}`,
        () => this.#ask(what, action, then, tries - 1),
        () => !isAnswered,
      );
  }

  #newId(): string {
    // Identifiers are random: their order says nothing.
    return `r${String(Math.floor(this.chance.next() * 1e6)).padStart(6, '0')}-${++this.#ids}`;
  }

  #requestOf(id: string, queue: string, account: string, mode: Run['mode'], throttled = true) {
    const { chance } = this;
    const flow = `flow ${chance.between(1, 5)}`;
    return {
      run: {
        id,
        flow: { name: flow, path: `/${flow}.robin`, hash: flow },
        queue,
        mode,
        priority: chance.hit(0.2) ? ('high' as const) : ('normal' as const),
        requestedBy: 'ann',
        inputs: {},
        ...(throttled && chance.hit(0.3) && { connection: `connection of ${account}` }),
        ...(chance.hit(0.2) && { timeoutSeconds: Math.max(1, Math.round(this.scenario.runMs / 1_000)) }),
        ...(chance.hit(0.02) && { elevated: true }),
      },
      account,
      flowText: `SET X TO ${flow}`,
      companions: [],
      sealedInputs: new Uint8Array([1]),
    };
  }

  #target(): { queue: string; account: string; mode: Run['mode'] } {
    const { chance, scenario } = this;
    const groups = Object.keys(scenario.groups);
    // A machine in a group has no queue of its own that anybody looks at.
    const queue =
      groups.length > 0 && chance.hit(0.6) ? chance.of(groups) : this.queueOf(chance.of(this.machines).id);
    const members = this.machines.filter(({ id }) => this.queueOf(id) === queue);
    const people = members.length === 0 ? [] : chance.of(members).spec.people;
    const isRobot = people.length === 0 || chance.hit(0.6);
    const who = chance.of(isRobot ? scenario.robots : people);
    const account = chance.hit(0.1) ? `.\\${who.toUpperCase()}` : who;
    const isAttended = scenario.mixed && chance.hit(0.2) ? isRobot : !isRobot;
    return { queue, account, mode: isAttended ? 'attended' : 'unattended' };
  }

  #request(): void {
    const { chance, watch } = this;
    const { queue, account, mode } = this.#target();
    const id = this.#newId();
    const request = this.#requestOf(id, queue, account, mode);
    const enqueue = () =>
      this.#ask(
        `request ${id}`,
        (control) => control.orchestrator.enqueue(request),
        () => {
          this.#acknowledged.add(id);
        },
      );
    if (!chance.hit(0.3)) {
      enqueue();
      return;
    }
    // First: would it start?
    const { priority, elevated } = request.run;
    const version = watch.versionOf(queue);
    const asked = { queue, account, mode, priority, ...(elevated !== undefined && { elevated }) };
    this.#ask(
      `verdict ${id}`,
      (control) => control.orchestrator.verdict(asked, request.run.flow.name),
      (verdict) => {
        watch.foretell(queue, id, verdict, version, this.time.now + this.storeSkew);
        enqueue();
      },
      1,
    );
  }

  #crowd(left: number): void {
    const { queue, account, mode } = this.#target();
    for (let index = 0; index < left; index++) {
      const id = this.#newId();
      const request = this.#requestOf(id, queue, account, mode, false);
      this.#ask(
        `request ${id}`,
        (control) => control.orchestrator.enqueue(request),
        () => {
          this.#acknowledged.add(id);
        },
      );
    }
  }

  /** Somebody wants something of a run that waits, runs or has ended. */
  #command(): void {
    const { chance } = this;
    const nothing = () => {};
    const waiting = [...this.watch.queues.values()].filter((queue) => queue.waiting.size > 0);
    const queued = waiting.length > 0 ? chance.of([...chance.of(waiting).waiting.keys()]) : undefined;
    const active = this.#active.size > 0 ? chance.of([...this.#active.keys()]) : undefined;
    const ended = this.#recent.length > 0 ? chance.of(this.#recent) : undefined;
    const kind = chance.between(0, 9);
    const id = kind < 7 ? (queued ?? active) : kind < 8 ? active : ended;
    if (id === undefined) return;
    switch (kind) {
      case 0:
      case 1:
      case 2:
        this.#ask(`top ${id}`, (control) => control.orchestrator.moveToTop(id), nothing, 2);
        break;
      case 3:
        this.#ask(`back ${id}`, (control) => control.orchestrator.moveBack(id), nothing, 2);
        break;
      case 4:
      case 5: {
        const priority = chance.hit(0.5) ? 'high' : 'normal';
        this.#ask(
          `${priority} ${id}`,
          (control) => control.orchestrator.prioritize(id, priority),
          nothing,
          2,
        );
        break;
      }
      case 6:
      case 7:
        this.#ask(`stop ${id}`, (control) => control.orchestrator.stop(id), nothing, 3);
        break;
      case 8: {
        const again = this.#newId();
        this.#ask(
          `resubmit ${id}`,
          (control) =>
            control.orchestrator.resubmit(id, { id: again, requestedBy: 'ben' }, (sealed) => sealed),
          () => {
            this.#acknowledged.add(again);
          },
        );
        break;
      }
      default: {
        // Pause, go on, answer: at the machine itself.
        const runner = this.machines.find((machine) => machine.agent?.runner.has(id))?.agent?.runner;
        runner?.tell(id, chance.of(['pause', 'resume', 'safeStop'] as const));
        for (let question = 1; question < 4; question++)
          void runner
            ?.answer(id, `${id} question ${question}`, { button: 'OK', values: [] }, 'ann')
            .catch(nothing);
      }
    }
  }

  /** Somebody asks why, or what is next. */
  #question(): void {
    const { chance, watch } = this;
    const waiting = [...watch.queues.values()].filter((queue) => queue.waiting.size > 0);
    if (waiting.length === 0) return;
    const queue = chance.of(waiting);
    if (chance.hit(0.4)) {
      this.#ask(
        'next',
        (control) => control.store.waiting(queue.id, chance.of([1, 5])),
        () => {},
        1,
      );
      return;
    }
    const id = chance.of([...queue.waiting.keys()]);
    let version = -1;
    this.#ask(
      `why ${id}`,
      (control) => {
        version = watch.versionOf(queue.id);
        return control.orchestrator.why(id);
      },
      (verdict) => watch.foretell(queue.id, id, verdict, version, this.time.now + this.storeSkew),
      1,
    );
  }

  // ── incidents ─────────────────────────────────────────────────────────────────────────────────────────────────

  #incident(kind: Incident): void {
    const { chance, time } = this;
    const machine = chance.of(this.machines);
    this.count(kind);
    switch (kind) {
      case 'machineCrash':
        if (!machine.isUp) return;
        machine.crash();
        time.after(chance.around(40_000), `restart ${machine.id}`, () => machine.restart());
        return;
      case 'agentCrash':
        machine.crashAgent();
        time.after(chance.around(8_000), `start ${machine.id}`, () => machine.startAgent());
        return;
      case 'sleep':
        machine.asleepUntil = time.now + chance.around(5 * minute);
        return;
      case 'partition':
        machine.cutOffUntil = time.now + chance.around(this.settings.leaseMs);
        return;
      case 'skew':
        machine.skew = chance.between(-10 * minute, 10 * minute);
        return;
      case 'storeClock':
        // Wrong by a little, or set right.
        this.storeSkew = chance.hit(0.3) ? 0 : chance.between(-2 * minute, 2 * minute);
        this.disturbed();
        return;
      case 'controlCrash':
        chance.of(this.#controls).crash();
        return;
      case 'peopleAct':
        machine.peopleAct();
        return;
      default:
        this.#configure(kind, machine);
    }
  }

  #configure(kind: 'settings' | 'capacity' | 'membership', machine: Machine): void {
    const { chance } = this;
    const control = this.anyControl();
    if (control === undefined) return;
    const { store } = control;
    const queue = this.queueOf(machine.id);
    const notice = () => void store.announce(queue).catch(() => {});
    // Refused when something runs or waits there, or when the disk is full.
    const failed = () => this.count(`${kind} refused`);
    if (kind === 'capacity') {
      const unattendedSlots = chance.between(0, machine.spec.slots);
      store.setMachine(machine.id, { unattendedSlots }).then(notice, failed);
    } else if (kind === 'settings') {
      const settings: PlacementSettings = {
        maintenance: chance.hit(0.15),
        reuseSessions: chance.hit(0.5),
        extendedPrioritization: chance.of(['auto', 'on', 'off']),
        allocation: chance.of(['random', 'leastLoaded']),
        sessionPolicy: chance.of(['wait', 'wait', 'ask', 'disconnect', 'signOut', 'signOutConsole']),
      };
      const set =
        queue === machine.id
          ? store.setMachine(machine.id, { settings })
          : store.putGroup({ id: queue, name: queue, description: '', owner: 'ann', settings });
      set.then(() => {
        this.#reuse.set(queue, settings.reuseSessions);
        notice();
      }, failed);
    } else {
      const groups = Object.keys(this.scenario.groups);
      if (groups.length === 0) return;
      const group = queue === machine.id ? chance.of(groups) : undefined;
      store.setMembership(machine.id, group).then(() => {
        if (group === undefined) this.#reuse.set(machine.id, this.reusesSessions(machine.id));
        this.#queues.set(machine.id, group ?? machine.id);
        for (const other of this.#controls) other.moved(machine);
        notice();
      }, failed);
    }
  }

  // ── the end ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** All trouble stops. */
  #heal(): void {
    const { time, machines, settings } = this;
    this.#isTroubled = false;
    this.disturbed();
    for (const control of this.#controls) control.open();
    for (const machine of machines) {
      machine.cutOffUntil = 0;
      machine.asleepUntil = 0;
      machine.recording = [];
      machine.isUp = true;
      machine.startAgent();
    }
    // Settings are put right once an orchestrator is there.
    const calm = { ...defaultPlacement, ...this.scenario.placement, maintenance: false };
    const putRight = (): void => {
      const store = this.anyControl()?.store;
      if (store === undefined) {
        time.after(1_000, 'put right', putRight);
        return;
      }
      void (async () => {
        for (const { id, spec } of machines) {
          const isAlone = this.queueOf(id) === id;
          await store.setMachine(id, { unattendedSlots: spec.slots, ...(isAlone && { settings: calm }) });
        }
        for (const name of Object.keys(this.scenario.groups))
          await store.putGroup({ id: name, name, description: '', owner: 'ann', settings: calm });
        this.#reuse = new Map();
      })().catch(() => time.after(1_000, 'put right', putRight));
    };
    putRight();
    // Somebody stops what hangs.
    const tidy = (): void => {
      for (const [id, since] of this.#active) {
        if (time.now - since < 6 * this.scenario.runMs + minute) continue;
        this.anyControl()
          ?.orchestrator.stop(id)
          .catch(() => {});
      }
      time.after(settings.heartbeatMs * 2, 'tidy', tidy);
    };
    tidy();
  }

  #isOver(): boolean {
    return (
      this.time.steps % 50 === 0 && this.watch.open === 0 && this.machines.every(({ isQuiet }) => isQuiet)
    );
  }

  #unfinished(): string {
    const open = [...this.watch.runs.values()].filter(({ run }) => !isTerminal(run.state));
    const busy = this.machines.filter(({ isQuiet }) => !isQuiet);
    return [
      ...open
        .slice(0, 5)
        .map(({ run, fence }) => `${run.id} is ${run.state} on ${run.machine}, fence ${fence}`),
      ...busy
        .slice(0, 5)
        .map(
          ({ id, agent, workers, sessions }) =>
            `${id}: agent ${agent?.runner.size}, ${workers.size} workers, ${JSON.stringify([...sessions.values()].map(({ worker, ...rest }) => rest))}`,
        ),
    ].join('; ');
  }
}

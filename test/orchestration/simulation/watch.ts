// A bystander who sees every transaction of the store and every worker that begins, keeps naive tables of his own, and says what must
// never happen. Each invariant counts how often it was looked at.

import type { Sql } from '../../../src/orchestration/store/database.ts';
import type { Change, Claim, FleetStore, Held, Outcome } from '../../../src/orchestration/store.ts';
import type { Verdict } from '../../../src/protocol/fleet.ts';
import type { Run, RunEvent, RunState } from '../../../src/protocol/run.ts';
import {
  type Circumstances,
  fateIn,
  inOrder,
  isActive,
  isExtended,
  isFinal,
  type SeenMachine,
  type SeenQueue,
  type SeenRun,
  wrongSession,
} from './naive.ts';

/** What is asserted, in words. */
export const invariants = {
  exclusive:
    'one run per account and machine; never more than the machine carries; only machines of its queue',
  choice: 'every turn starts, fails and leaves exactly what a naive look at the whole queue would',
  fence: 'a run changes only by the holder of its fence, one report once, and ends once',
  lease: 'no run is taken from a holder whose lease is valid, and none is left long after it ran out',
  expiry: 'nothing starts after its time in the queue, and nothing stays queued long past it',
  events: 'the events in order, without gaps, tell the same story as the tables, to everybody',
  finish: 'after the faults every run ends, every session is free, every agent is idle',
  attempts: 'a worker begins once per claim, and again only after the run was given back',
  next: 'the run shown as next to run is the next to start unless something came between',
  times: 'what began or ended is recorded with the time at which it did, however late it is heard of',
  verdict: 'what the verdict says is what then happens',
  counter: 'the counter of every queue equals the runs that wait in it',
  accepted: 'what was acknowledged is there and ends',
  told: 'an agent hears with every heartbeat of exactly the claims it has',
  place: 'a command moves a run to exactly the place it names; a run given back takes its old one',
} as const;
export type Invariant = keyof typeof invariants;

export interface Violation {
  readonly invariant: Invariant | 'crash';
  readonly detail: string;
}

export interface WatchOptions {
  readonly leaseMs: number;
  readonly personOf: (account: string) => string;
  /** Virtual time; no clock of the story is always right. */
  readonly time: () => number;
}

/** Milliseconds a database may take for what it was told at once. */
const slowMs = 10_000;

type ChangeOf<Kind extends Change['kind']> = Extract<Change, { kind: Kind }>;
interface Foretold {
  readonly runId: string;
  readonly verdict: Verdict;
  version: number;
  readonly online: string;
}

const mayBecome: Readonly<Partial<Record<RunState, readonly RunState[]>>> = {
  Starting: ['Running', 'Succeeded', 'Failed', 'Canceled', 'TimedOut', 'Lost'],
  Running: ['Paused', 'Succeeded', 'Failed', 'Canceled', 'TimedOut', 'Lost'],
  Paused: ['Running', 'Succeeded', 'Failed', 'Canceled', 'TimedOut', 'Lost'],
};
const constant = [
  'id',
  'queue',
  'mode',
  'requestedAt',
  'expiresAt',
  'requestedBy',
  'elevated',
  'resubmitOf',
] as const;
const lookedAt = [
  ['state', 'state'],
  ['machine', 'machine'],
  ['session', 'session'],
  ['priority', 'priority'],
  ['movedToTopAt', 'moved_to_top_at'],
  ['requestedAt', 'requested_at'],
  ['expiresAt', 'expires_at'],
  ['startedAt', 'started_at'],
  ['endedAt', 'ended_at'],
] as const;

export class Watch {
  readonly #options: WatchOptions;
  readonly runs = new Map<string, SeenRun>();
  readonly queues = new Map<string, SeenQueue>();
  readonly machines = new Map<string, SeenMachine>();
  readonly #members = new Map<string, SeenMachine[]>();
  readonly #requests = new Map<string, number[]>();
  readonly #shown = new Map<string, { id: string; version: number }>();
  readonly #foretold = new Map<string, Foretold[]>();
  /** What each event says, by number: what everybody must hear and the store must keep. */
  readonly #said: string[] = [''];
  /** Runs that were deleted by age. */
  readonly #pruned = new Set<string>();
  #compared = 0;
  readonly looks = Object.fromEntries(Object.keys(invariants).map((name) => [name, 0])) as Record<
    Invariant,
    number
  >;
  readonly tally = { started: 0, finished: 0, verdicts: 0 };
  violation: Violation | undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  fail(invariant: Violation['invariant'], detail: string): void {
    this.violation ??= { invariant, detail };
  }

  #look(invariant: Invariant, holds: boolean, detail: () => string): boolean {
    this.looks[invariant] += 1;
    if (!holds) this.fail(invariant, detail());
    return holds;
  }

  /** How many runs have not ended. */
  get open(): number {
    let open = 0;
    for (const { run } of this.runs.values()) if (!isFinal(run.state)) open += 1;
    return open;
  }

  // ── what the store did ────────────────────────────────────────────────────────────────────────────────────────

  /** One transaction, just before it is committed: the method of the store that made it, with arguments and result. */
  async transaction<Name extends keyof FleetStore>(
    name: Name,
    args: readonly unknown[],
    result: unknown,
    now: number,
    sql: Sql,
  ): Promise<void> {
    switch (name) {
      case 'commit':
        this.#commit(args[0] as readonly Change[], result as readonly Outcome[], now);
        await this.#counters(args[0] as readonly Change[], sql);
        break;
      case 'heartbeat':
        this.#heartbeat(args as unknown as Parameters<FleetStore['heartbeat']>, result, now);
        break;
      case 'sweep':
        this.#sweep(result as { outcomes: readonly Outcome[] }, now);
        break;
      case 'waiting':
        this.#waiting(String(args[0]), Number(args[1]), result as readonly Run[]);
        break;
      case 'prune':
        await this.#prune(Number(args[0]), Number(args[1]), now, sql);
        break;
      case 'putMachine': {
        const {
          id,
          name: called,
          unattendedSlots: slots,
        } = args[0] as { id: string; name: string; unattendedSlots: number };
        this.machines.set(id, {
          id,
          name: called,
          queue: id,
          seenAt: undefined,
          facts: undefined,
          factsText: '',
          slots,
          runs: new Map(),
        });
        await this.#queueFrom(id, sql);
        this.#members.clear();
        break;
      }
      case 'putGroup':
        await this.#queueFrom((args[0] as { id: string }).id, sql);
        break;
      case 'setMachine': {
        const [id, change] = args as unknown as Parameters<FleetStore['setMachine']>;
        const machine = this.machines.get(id) as SeenMachine;
        machine.slots = change.unattendedSlots ?? machine.slots;
        await this.#queueFrom(id, sql);
        this.#touch(machine.queue);
        break;
      }
      case 'setMembership': {
        const [id, group] = args as unknown as Parameters<FleetStore['setMembership']>;
        const machine = this.machines.get(id) as SeenMachine;
        this.#touch(machine.queue);
        await this.#queueFrom(id, sql);
        machine.queue = group ?? id;
        this.#touch(machine.queue);
        this.#members.clear();
      }
    }
  }

  async #queueFrom(id: string, sql: Sql): Promise<void> {
    const [row] = await sql.all('SELECT settings FROM queue WHERE id = ?', id);
    const settings = JSON.parse(String(row?.settings));
    const known = this.queues.get(id);
    if (known !== undefined) known.settings = settings;
    else this.queues.set(id, { id, settings, waiting: new Map(), order: [], latestRequest: 0, version: 0 });
    this.#touch(id);
  }

  #touch(queue: string): void {
    const seen = this.queues.get(queue);
    if (seen !== undefined) seen.version += 1;
  }

  membersOf(queue: string): SeenMachine[] {
    let members = this.#members.get(queue);
    if (members === undefined) {
      members = [...this.machines.values()].filter((machine) => machine.queue === queue);
      this.#members.set(queue, members);
    }
    return members;
  }

  #orderOf(queue: SeenQueue): SeenRun[] {
    queue.order ??= inOrder(queue.waiting.values());
    return queue.order;
  }

  #circumstances(now: number): Circumstances {
    return { now, leaseMs: this.#options.leaseMs, personOf: this.#options.personOf };
  }

  // ── commits ───────────────────────────────────────────────────────────────────────────────────────────────────

  #commit(changes: readonly Change[], outcomes: readonly Outcome[], now: number): void {
    const tasks = changes.map((change, index) => ({ change, outcome: outcomes[index] as Outcome }));
    const all = outcomes.flatMap(({ events }) => events);
    this.#number(all);
    const of = (...kinds: Change['kind'][]) => tasks.filter(({ change }) => kinds.includes(change.kind));
    for (const { change, outcome } of of('change', 'append', 'giveBack'))
      this.#report(change as ChangeOf<'change' | 'append' | 'giveBack'>, outcome, now);
    for (const { change, outcome } of of('cancel', 'prioritize', 'moveToTop', 'moveBack', 'end'))
      this.#wish(change as ChangeOf<'cancel' | 'prioritize' | 'moveToTop' | 'moveBack' | 'end'>, outcome);
    for (const { change, outcome } of of('enqueue'))
      this.#enqueue(change as ChangeOf<'enqueue'>, outcome, now);
    for (const { change, outcome } of of('turn')) this.#turn(change as ChangeOf<'turn'>, outcome, now);
  }

  #number(events: readonly RunEvent[]): void {
    for (const event of [...events].sort((a, b) => a.seq - b.seq)) {
      const expected = this.#said.length;
      this.#look(
        'events',
        event.seq === expected,
        () => `event ${event.seq} was written where ${expected} was due`,
      );
      this.#said[event.seq] = saying(event);
    }
  }

  #report(change: ChangeOf<'change' | 'append' | 'giveBack'>, outcome: Outcome, now: number): void {
    const { runId, fence, report } = change.holder;
    const seen = this.runs.get(runId);
    if (seen === undefined) {
      this.#look('fence', !outcome.done, () => `a report about ${runId}, which nobody has, was taken`);
      return;
    }
    const { state } = seen.run;
    const repeated = report !== undefined && report <= seen.report;
    const legal =
      change.kind === 'change'
        ? (mayBecome[state]?.includes(change.change.state) ?? false)
        : change.kind === 'giveBack'
          ? state === 'Starting'
          : isActive(state);
    const holds = fence === seen.fence;
    const isNew = holds && legal && !repeated;
    const what = `${change.kind} ${change.kind === 'change' ? change.change.state : ''} of ${runId} (${state}), fence ${fence} of ${seen.fence}, report ${report} after ${seen.report}`;
    this.#look(
      'fence',
      outcome.done === (isNew || (holds && repeated)),
      () => `${what}: done ${outcome.done}`,
    );
    this.#look('fence', isNew || outcome.events.length === 0, () => `${what}: it changed something`);
    if (!outcome.done || !isNew) return;
    if (report !== undefined) seen.report = report;
    for (const event of outcome.events) if (event.kind === 'run') this.#apply(seen, event.run, []);
    const last = seen.run.state;
    const { kind } = change;
    if (kind === 'append') return;
    const backTo = seen.ending ? 'Canceled' : 'Queued';
    const expected = kind === 'giveBack' ? backTo : change.change.state;
    this.#look('fence', last === expected, () => `${what}: it is ${last} now`);
    if (last === 'Queued') {
      seen.givenBack += 1;
      seen.fence += 1;
      seen.leaseUntil = undefined;
      this.#look(
        'place',
        seen.run.machine === undefined,
        () => `${runId} was given back and keeps its machine`,
      );
    } else if (isFinal(last)) {
      this.tally.finished += 1;
      this.#look('fence', seen.run.endedAt !== undefined, () => `${runId} ended at no time`);
      // What a former life of its agent knew of it is lost.
      if (seen.run.error?.code !== 'AgentRestarted') this.#time(seen, 'endedAt', now);
    } else if (last === 'Running' && state === 'Starting') this.#time(seen, 'startedAt', now);
  }

  #time({ run, fence, truly }: SeenRun, what: 'startedAt' | 'endedAt', now: number): void {
    const at = truly?.fence === fence ? truly[what] : undefined;
    if (at === undefined) return;
    const earliest = what === 'endedAt' ? (run.startedAt ?? run.requestedAt) : run.requestedAt;
    const off = (run[what] ?? 0) - Math.max(earliest, now - (this.#options.time() - at));
    this.#look('times', off > -5 && off < slowMs, () => `${what} of ${run.id} is wrong by ${off} ms`);
  }

  #wish(
    change: ChangeOf<'cancel' | 'prioritize' | 'moveToTop' | 'moveBack' | 'end'>,
    { done, events }: Outcome,
  ): void {
    const seen = this.runs.get(change.runId);
    if (change.kind === 'end') {
      const possible = seen !== undefined && isActive(seen.run.state) && !seen.ending;
      this.#look('place', done === possible, () => `end of ${change.runId}: done ${done}`);
      if (seen && done) seen.ending = true;
      return;
    }
    const waits = seen?.run.state === 'Queued';
    this.#look(
      'place',
      done === waits,
      () => `${change.kind} of ${change.runId} (${seen?.run.state}): done ${done}`,
    );
    const event = events[0];
    if (seen === undefined || event?.kind !== 'run') return;
    const { run } = event;
    const others = [...(this.queues.get(run.queue) as SeenQueue).waiting.values()].filter(
      (other) => other !== seen,
    );
    const fits =
      change.kind === 'cancel'
        ? run.state === 'Canceled'
        : change.kind === 'prioritize'
          ? run.priority === change.priority && run.movedToTopAt === seen.run.movedToTopAt
          : change.kind === 'moveBack'
            ? run.movedToTopAt === undefined && run.priority === seen.run.priority
            : others.every((other) => (other.run.movedToTopAt ?? 0) < (run.movedToTopAt ?? 0));
    this.#look('place', fits, () => `${change.kind} of ${run.id}: ${JSON.stringify(run)}`);
    this.#apply(seen, run, change.kind === 'cancel' ? [] : ['priority', 'movedToTopAt']);
  }

  #enqueue(
    { entry, queueLimit, requestsPerMinute }: ChangeOf<'enqueue'>,
    outcome: Outcome,
    now: number,
  ): void {
    const { id, queue: queueId, connection, waitMs, priority } = entry.run;
    const queue = this.queues.get(queueId);
    const known = this.runs.get(id);
    const event = outcome.events[0];
    const code = (outcome.error as { code?: string } | undefined)?.code;
    if (known !== undefined) {
      const same = outcome.done && event === undefined && outcome.run?.id === id;
      this.#look('accepted', same, () => `the request ${id}, sent again, was not answered as before`);
      return;
    }
    const asked =
      connection === undefined
        ? []
        : (this.#requests.get(connection) ?? []).filter((at) => at > now - 60_000);
    const refused =
      queue === undefined
        ? 'MachineNotFound'
        : (this.machines.get(queueId)?.queue ?? queueId) !== queueId
          ? 'MachineInGroup'
          : queue.waiting.size >= queueLimit
            ? 'QueueFull'
            : asked.length >= requestsPerMinute
              ? 'DesktopFlowsActionThrottled'
              : undefined;
    if (
      !this.#look(
        'accepted',
        code === refused,
        () => `the request ${id} was answered ${code}, not ${refused}`,
      )
    )
      return;
    if (refused !== undefined || queue === undefined || event?.kind !== 'run') return;
    const { run } = event;
    if (connection !== undefined) this.#requests.set(connection, [...asked, run.requestedAt]);
    this.#look(
      'place',
      run.state === 'Queued' &&
        run.priority === priority &&
        run.movedToTopAt === undefined &&
        run.requestedAt === Math.max(now, queue.latestRequest) &&
        run.expiresAt === run.requestedAt + waitMs,
      () => `the request ${id} was queued as ${JSON.stringify(run)} at ${now}`,
    );
    queue.latestRequest = run.requestedAt;
    const seen: SeenRun = {
      run,
      account: entry.account,
      person: this.#options.personOf(entry.account),
      fence: 0,
      report: 0,
      leaseUntil: undefined,
      makesRoom: undefined,
      told: false,
      givenBack: 0,
      begun: [],
      truly: undefined,
      ending: false,
    };
    this.runs.set(id, seen);
    queue.waiting.set(id, seen);
    queue.order = undefined;
    const before = queue.version;
    queue.version += 1;
    // A verdict over this very request, given a moment ago, still stands.
    for (const foretold of this.#foretold.get(queueId) ?? [])
      if (foretold.runId === id && foretold.version === before) foretold.version = queue.version;
  }

  /** Takes over the record of a run; only `changing` of what is otherwise constant may differ. */
  #apply(seen: SeenRun, run: Run, changing: readonly (keyof Run)[]): void {
    const before = seen.run;
    const kept = [...constant, 'priority', 'movedToTopAt'] as const;
    const wrong = kept.find((name) => !changing.includes(name) && before[name] !== run[name]);
    this.#look(
      'place',
      wrong === undefined,
      () => `${run.id}: ${wrong} changed to ${JSON.stringify(run[wrong as keyof Run])}`,
    );
    seen.run = run;
    const queue = this.queues.get(run.queue) as SeenQueue;
    queue.version += 1;
    if (before.state === 'Queued' && run.state !== 'Queued') queue.waiting.delete(run.id);
    if (run.state === 'Queued') queue.waiting.set(run.id, seen);
    if (run.state === 'Queued') queue.order = undefined;
    else if (before.state === 'Queued') queue.order?.splice(queue.order.indexOf(seen), 1);
    const machine = this.machines.get(before.machine ?? run.machine ?? '');
    // A machine that left its group may still have a run of it.
    if (machine !== undefined && machine.queue !== run.queue) this.#touch(machine.queue);
    if (before.machine !== undefined && !isActive(run.state)) {
      machine?.runs.delete(run.id);
      seen.leaseUntil = undefined;
    }
    if (isActive(run.state)) machine?.runs.set(run.id, seen);
  }

  // ── turns ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #turn({ queue: id, asking }: ChangeOf<'turn'>, outcome: Outcome, now: number): void {
    const queue = this.queues.get(id);
    const events = outcome.events.flatMap((event) => (event.kind === 'run' ? [event.run] : []));
    if (queue === undefined) return;
    const machines = this.membersOf(id);
    const starts = events.filter(({ state }) => state === 'Starting');
    const fails = new Map(events.filter(({ state }) => state === 'Failed').map((run) => [run.id, run]));
    const versionBefore = queue.version;
    this.#expire(queue, events, asking.size === 0, now);
    const unexpired = queue.version === versionBefore;
    const shown = this.#shown.get(id);
    if (shown !== undefined && shown.version === queue.version && starts[0] !== undefined) {
      const bypass = isExtended(machines, queue.settings) || fails.size > 0;
      this.#look(
        'next',
        bypass || starts[0].id === shown.id,
        () => `${starts[0]?.id} started, ${shown.id} was next`,
      );
    }
    if (unexpired) this.#judge(queue, versionBefore, asking, starts, fails, now);
    this.#foretold.delete(id);
    // Only a group without a machine, which nobody can ask for, is looked at all the same.
    if (asking.size === 0 && machines.length > 0) {
      this.#look(
        'choice',
        starts.length + fails.size === 0,
        () => `a turn of ${id} that nobody asked for did something`,
      );
      return;
    }
    this.#pass(queue, machines, asking, outcome.claims, starts, fails, now);
  }

  /** A turn looks at the first 64 runs; the rest give up at the next sweep. */
  #expire(queue: SeenQueue, events: readonly Run[], isWhole: boolean, now: number): void {
    const late = [...queue.waiting.values()].filter(({ run }) => run.expiresAt <= now);
    const expired = events.filter(({ state }) => state === 'TimedOut');
    const isDone = isWhole || queue.waiting.size <= 64 ? late.length === expired.length : true;
    this.#look(
      'expiry',
      isDone && expired.every(({ id }) => queue.waiting.has(id)),
      () => `${late.length} runs of ${queue.id} were past their time, ${expired.length} gave up`,
    );
    for (const run of expired) {
      const seen = this.runs.get(run.id) as SeenRun;
      this.#look('expiry', seen.run.expiresAt <= now, () => `${run.id} gave up too early`);
      this.#apply(seen, run, []);
    }
  }

  /** The naive pass over the whole queue, side by side with what was decided. */
  #pass(
    queue: SeenQueue,
    machines: readonly SeenMachine[],
    asking: ReadonlySet<string>,
    claims: readonly Claim[],
    starts: Run[],
    fails: Map<string, Run>,
    now: number,
  ): void {
    const circumstances = this.#circumstances(now);
    const extended = isExtended(machines, queue.settings);
    const met = new Set<string>();
    const due = [...starts];
    const isLong = queue.waiting.size > 64;
    for (const seen of [...this.#orderOf(queue)]) {
      if (seen.run.expiresAt <= now) continue;
      const kind = `${seen.run.mode} ${seen.run.elevated === true} ${seen.person}`;
      if (met.has(kind)) continue;
      const fate = fateIn(seen, machines, queue.settings, circumstances);
      if (fate.to === 'start' || fate.to === 'clear') {
        const places = fate.places.filter((machine) => asking.has(machine.id));
        if (places.length === 0) {
          if (!extended) break;
          met.add(kind);
          continue;
        }
        const next = due.shift();
        if (
          !this.#look(
            'choice',
            next?.id === seen.run.id,
            () =>
              `${seen.run.id} was to start in ${queue.id}; started was ${next?.id ?? 'nothing'} of ${starts.length}`,
          )
        )
          return;
        const run = next as Run;
        const machine = places.find((place) => place.id === run.machine);
        const least = Math.min(...places.map((place) => place.runs.size));
        if (
          !this.#look(
            'choice',
            machine !== undefined && (queue.settings.allocation === 'random' || machine.runs.size === least),
            () => `${run.id} may not start on ${run.machine}`,
          )
        )
          return;
        this.#start(seen, run, machine as SeenMachine, claims, now);
        met.clear();
        continue;
      }
      const bypassed = extended && fate.ofAccount;
      if (fate.to === 'session' || fate.to === 'setup') {
        if (!bypassed) {
          const failed = fails.get(seen.run.id);
          // Where nobody has room any more, a turn does not look so far back.
          if (failed === undefined && isLong) continue;
          if (!this.#look('choice', failed !== undefined, () => `${seen.run.id} was to fail (${fate.to})`))
            return;
          fails.delete(seen.run.id);
          this.tally.finished += 1;
          this.#apply(seen, failed as Run, []);
          continue;
        }
      }
      if (!bypassed) break;
      met.add(kind);
    }
    this.#look(
      'choice',
      due.length === 0 && fails.size === 0,
      () =>
        `${due[0]?.id ?? [...fails.keys()][0]} in ${queue.id} was not to ${due.length > 0 ? 'start' : 'fail'}`,
    );
  }

  #start(seen: SeenRun, run: Run, machine: SeenMachine, claims: readonly Claim[], now: number): void {
    const claim = claims.find((other) => other.run.id === run.id);
    const others = [...machine.runs.values()];
    const robots = others.filter((other) => other.run.mode === 'unattended').length;
    const fits =
      others.every(({ person }) => person !== seen.person) &&
      (machine.facts?.edition === 'server' || others.length === 0) &&
      (run.mode === 'attended' || robots < Math.min(machine.slots, 10)) &&
      machine.queue === run.queue;
    this.#look(
      'exclusive',
      fits,
      () =>
        `${run.id} (${seen.person}) on ${machine.id} beside ${others.map((other) => `${other.run.id} (${other.person})`)}`,
    );
    this.#look(
      'expiry',
      run.expiresAt > now,
      () => `${run.id} started ${now - run.expiresAt} ms past its time`,
    );
    this.#look(
      'fence',
      claim?.fence === seen.fence + 1,
      () => `${run.id} has fence ${claim?.fence} after ${seen.fence}`,
    );
    const wrong = wrongSession(seen, machine, claim?.session, this.#options.personOf);
    this.#look('exclusive', wrong === undefined, () => `${run.id} on ${machine.id}: ${wrong}`);
    this.tally.started += 1;
    this.#apply(seen, run, []);
    seen.fence = claim?.fence ?? seen.fence + 1;
    seen.report = 0;
    const plan = claim?.session;
    seen.makesRoom = plan?.kind === 'create' ? plan.signOutFirst : undefined;
    seen.leaseUntil = now + this.#options.leaseMs;
    seen.told = false;
  }

  // ── verdicts ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** A verdict was given over a run, or over one that is about to be requested; `version`: of its queue when it was asked for. */
  foretell(queueId: string, runId: string, verdict: Verdict, version: number, now: number): void {
    const queue = this.queues.get(queueId);
    if (queue === undefined || queue.version !== version) return;
    const online = this.#online(queueId, now);
    this.#foretold.set(queueId, [
      ...(this.#foretold.get(queueId) ?? []),
      { runId, verdict, version, online },
    ]);
  }

  versionOf(queue: string): number {
    return this.queues.get(queue)?.version ?? -1;
  }

  #online(queue: string, now: number): string {
    const { leaseMs } = this.#options;
    return this.membersOf(queue)
      .map(({ seenAt }) => (seenAt !== undefined && now - seenAt < leaseMs ? '1' : '0'))
      .join('');
  }

  #judge(
    queue: SeenQueue,
    version: number,
    asking: ReadonlySet<string>,
    starts: readonly Run[],
    fails: ReadonlyMap<string, Run>,
    now: number,
  ): void {
    const machines = this.membersOf(queue.id);
    for (const { runId, verdict, version: then, online } of this.#foretold.get(queue.id) ?? []) {
      if (then !== version || online !== this.#online(queue.id, now) || !queue.waiting.has(runId)) continue;
      this.tally.verdicts += 1;
      const started = starts.find(({ id }) => id === runId);
      const failed = fails.get(runId);
      const what = () =>
        `${JSON.stringify(verdict)} of ${runId}, but ${started ? `it started on ${started.machine}` : failed ? `it failed with ${failed.error?.code}` : 'it waits'}`;
      switch (verdict.kind) {
        case 'starts': {
          const places = machines.filter(({ name, id }) => verdict.machines.includes(name) && asking.has(id));
          const fits = started
            ? places.some(({ id }) => id === started.machine)
            : !failed && places.length === 0;
          this.#look('verdict', fits, what);
          break;
        }
        case 'fails':
          this.#look(
            'verdict',
            started === undefined && (failed === undefined || failed.error?.code === verdict.blocker.code),
            what,
          );
          break;
        case 'waits':
          this.#look(
            'verdict',
            verdict.blocker.code === 'BehindInQueue' || (started ?? failed) === undefined,
            what,
          );
      }
    }
  }

  // ── heartbeats, sweeps, reads ─────────────────────────────────────────────────────────────────────────────────

  #heartbeat(
    [machineId, , facts, holding, leaseMs]: Parameters<FleetStore['heartbeat']>,
    result: unknown,
    now: number,
  ): void {
    const machine = this.machines.get(machineId) as SeenMachine;
    const text = JSON.stringify(facts);
    if (text !== machine.factsText) this.#touch(machine.queue);
    machine.facts = facts;
    machine.factsText = text;
    machine.seenAt = now;
    for (const seen of machine.runs.values()) {
      const isHeld = holding.some(({ runId, fence }) => runId === seen.run.id && fence === seen.fence);
      // Told once, an agent has a lease to begin it; after that only what it holds counts.
      if (isHeld || !seen.told) seen.leaseUntil = now + leaseMs;
      seen.told = true;
    }
    const { held } = result as { held: readonly Held[] };
    const told = held
      .map(({ runId, fence }) => `${runId} ${fence}`)
      .sort()
      .join();
    const has = [...machine.runs.values()]
      .map(({ run, fence }) => `${run.id} ${fence}`)
      .sort()
      .join();
    this.#look(
      'told',
      told === has,
      () => `${machineId} has ${has || 'nothing'} and was told of ${told || 'nothing'}`,
    );
  }

  #sweep({ outcomes }: { readonly outcomes: readonly Outcome[] }, now: number): void {
    const events = outcomes.flatMap((outcome) => outcome.events);
    this.#number(events);
    for (const event of events) {
      if (event.kind !== 'run') continue;
      const seen = this.runs.get(event.runId) as SeenRun;
      const over = isActive(seen.run.state) && seen.leaseUntil !== undefined && seen.leaseUntil <= now;
      this.#look(
        'lease',
        over && event.run.state === 'Lost',
        () => `${event.runId} was taken ${(seen.leaseUntil ?? 0) - now} ms before its lease ended`,
      );
      this.tally.finished += 1;
      this.#apply(seen, event.run, []);
    }
    for (const machine of this.machines.values())
      for (const { run, leaseUntil } of machine.runs.values())
        this.#look(
          'lease',
          leaseUntil === undefined || leaseUntil > now,
          () => `${run.id} kept a lease that had ended`,
        );
  }

  #waiting(queueId: string, limit: number, result: readonly Run[]): void {
    const queue = this.queues.get(queueId);
    if (queue === undefined) return;
    const order = this.#orderOf(queue);
    const same =
      result.length === Math.min(limit, order.length) &&
      result.every(({ id }, index) => order[index]?.run.id === id);
    this.#look('next', same, () => `${queueId} shows ${result.map(({ id }) => id)}`);
    if (result[0]) this.#shown.set(queueId, { id: result[0].id, version: queue.version });
  }

  async #prune(keepRuns: number, keepMs: number, now: number, sql: Sql): Promise<void> {
    const kept = new Set((await sql.all('SELECT id FROM run')).map(({ id }) => String(id)));
    const ended = [...this.runs.values()].filter(({ run }) => isFinal(run.state));
    const newest = new Set(
      ended
        .sort(({ run: a }, { run: b }) => (b.endedAt ?? 0) - (a.endedAt ?? 0) || (a.id < b.id ? 1 : -1))
        .slice(0, keepRuns),
    );
    for (const seen of [...this.runs.values()]) {
      if (kept.has(seen.run.id)) continue;
      const old = isFinal(seen.run.state) && (!newest.has(seen) || (seen.run.endedAt ?? 0) < now - keepMs);
      this.#look('accepted', old, () => `${seen.run.id} (${seen.run.state}) was deleted`);
      this.runs.delete(seen.run.id);
      this.#pruned.add(seen.run.id);
    }
  }

  async #counters(changes: readonly Change[], sql: Sql): Promise<void> {
    const queues = new Set<string>();
    for (const change of changes) {
      if (change.kind === 'turn') queues.add(change.queue);
      else if (change.kind === 'enqueue') queues.add(change.entry.run.queue);
      else {
        const run = this.runs.get('runId' in change ? change.runId : change.holder.runId);
        if (run) queues.add(run.run.queue);
      }
    }
    // Of many at once a few: the full comparison sees them all.
    for (const id of [...queues].slice(0, 8)) {
      const [row] = await sql.all('SELECT waiting FROM queue WHERE id = ?', id);
      const waiting = this.queues.get(id)?.waiting.size ?? 0;
      this.#look(
        'counter',
        Number(row?.waiting ?? 0) === waiting,
        () => `${id} counts ${row?.waiting} waiting, there are ${waiting}`,
      );
    }
  }

  // ── what others saw ───────────────────────────────────────────────────────────────────────────────────────────

  /** Somebody who listens to an orchestrator has heard an event after all up to `last`. Returns its number. */
  heard(by: string, last: number, event: RunEvent): number {
    this.#look('events', event.seq === last + 1, () => `${by} announced event ${event.seq} after ${last}`);
    this.#look(
      'events',
      saying(event) === this.#said[event.seq],
      () => `${by} announced event ${event.seq} as ${saying(event)}, written was ${this.#said[event.seq]}`,
    );
    return event.seq;
  }

  /** An event that somebody who listens has not heard of for `late` ms. */
  inTime(by: string, seq: number, late: number, most: number): void {
    this.#look('events', late < most, () => `${by} has not told of event ${seq} for ${late} ms`);
  }

  get lastSeq(): number {
    return this.#said.length - 1;
  }

  /** A worker was begun for a claim. */
  begun(runId: string, fence: number): void {
    const seen = this.runs.get(runId);
    const fits = seen !== undefined && !seen.begun.includes(fence) && seen.begun.length <= seen.givenBack;
    this.#look(
      'attempts',
      fits,
      () =>
        `${runId} was begun with fence ${fence}, after ${seen?.begun.join() || 'none'} and ${seen?.givenBack} times given back`,
    );
    seen?.begun.push(fence);
  }

  /** The worker of a claim began its flow, or ended, now. */
  happened(runId: string, fence: number, what: 'startedAt' | 'endedAt'): void {
    const seen = this.runs.get(runId);
    if (seen === undefined) return;
    if (seen.truly?.fence !== fence) seen.truly = { fence };
    seen.truly[what] ??= this.#options.time();
  }

  /** Whether a claim still holds. */
  isHeld(runId: string, fence: number): boolean {
    const seen = this.runs.get(runId);
    return seen !== undefined && seen.fence === fence && isActive(seen.run.state);
  }

  /** An answer to a request was received. */
  acknowledged(runId: string): void {
    this.#look(
      'accepted',
      this.#pruned.has(runId) || this.runs.has(runId),
      () => `${runId} was acknowledged and is not there`,
    );
  }

  /** The tables, compared with what the events told. `settled` ms ago nothing that looks after queues was disturbed. */
  async compare(sql: Sql, now: number, patience: number | undefined): Promise<void> {
    const rows = await sql.all(
      'SELECT id, queue, state, machine, session, priority, moved_to_top_at, requested_at, expires_at, started_at, ended_at, fence, report, lease_until FROM run',
    );
    this.#look(
      'events',
      rows.length === this.runs.size,
      () => `there are ${rows.length} runs, the events told of ${this.runs.size}`,
    );
    for (const row of rows) {
      const seen = this.runs.get(String(row.id));
      const wrong = lookedAt.find(([name, column]) => (seen?.run[name] ?? null) !== row[column]);
      this.#look(
        'events',
        seen !== undefined && wrong === undefined && seen.fence === Number(row.fence),
        () =>
          `${row.id}: ${wrong?.[0] ?? 'its fence'} is ${row[wrong?.[1] ?? 'fence']} in the table, ${wrong ? seen?.run[wrong[0]] : seen?.fence} by its events`,
      );
      if (seen === undefined || patience === undefined) continue;
      this.#look(
        'expiry',
        seen.run.state !== 'Queued' || seen.run.expiresAt > now - patience,
        () => `${row.id} is still queued`,
      );
      this.#look(
        'lease',
        !isActive(seen.run.state) || (seen.leaseUntil ?? 0) > now - patience,
        () => `${row.id} is still ${seen.run.state}`,
      );
    }
    const counters = await sql.all('SELECT id, waiting FROM queue');
    for (const { id, waiting } of counters) {
      const seen = this.queues.get(String(id))?.waiting.size ?? 0;
      this.#look(
        'counter',
        Number(waiting) === seen,
        () => `${id} counts ${waiting} waiting, there are ${seen}`,
      );
    }
    const kept = await sql.all('SELECT seq, run, body FROM event WHERE seq > ? ORDER BY seq', this.#compared);
    let at = this.#compared;
    for (const { seq, run, body } of kept) {
      at = Number(seq);
      const { kind, run: record } = JSON.parse(String(body)) as { kind: string; run?: Run };
      const text = `${run} ${kind} ${record?.state ?? ''} ${record?.movedToTopAt ?? ''}`;
      this.#look(
        'events',
        text === this.#said[at],
        () => `event ${at} is kept as ${text}, written was ${this.#said[at]}`,
      );
    }
    this.#compared = at;
  }
}

const saying = (event: RunEvent): string =>
  `${event.runId} ${event.kind} ${event.kind === 'run' ? event.run.state : ''} ${(event.kind === 'run' && event.run.movedToTopAt) || ''}`;

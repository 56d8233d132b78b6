// Commands against one orchestrator and, side by side, against a small model of what they should do. Where the two differ, fast-check
// shrinks the story to its smallest. One machine of a server edition, two of client editions in a group; time in fine steps.
import fc from 'fast-check';
import { Log } from '../../../src/base/log.ts';
import { Orchestrator } from '../../../src/orchestration/orchestrator.ts';
import { defaultPlacement, defaultSettings } from '../../../src/orchestration/settings.ts';
import { openFleetStore } from '../../../src/orchestration/store/fleetStore.ts';
import { sqliteMigrations } from '../../../src/orchestration/store/schema.ts';
import { openSqliteDatabase } from '../../../src/orchestration/store/sqlite.ts';
import type { Claim, FleetStore } from '../../../src/orchestration/store.ts';
import type { MachineFacts } from '../../../src/protocol/fleet.ts';
import { FakeClock, settle } from '../../fakes/clock.ts';
import { Chance } from './chance.ts';

const settings = { ...defaultSettings, leaseMs: 1_000, queueWaitMs: 3_000, sweepMs: 100, queueLimit: 6 };
const fleet: Readonly<Record<string, { queue: string; slots: number; edition: MachineFacts['edition'] }>> = {
  solo: { queue: 'solo', slots: 2, edition: 'server' },
  one: { queue: 'group', slots: 1, edition: 'client' },
  two: { queue: 'group', slots: 1, edition: 'client' },
};
const machineIds = Object.keys(fleet);

/** A run as the model knows it. */
interface Modelled {
  readonly id: string;
  readonly queue: string;
  readonly account: string;
  high: boolean;
  /** When it was moved to the top, as a count of such moves. */
  top: number;
  readonly number: number;
  readonly expiresAt: number;
  state: string;
  machine: string | undefined;
  fence: number;
  leaseUntil: number;
}

interface Model {
  now: number;
  moves: number;
  readonly runs: Modelled[];
  /** When each machine was last heard of. */
  readonly heard: Record<string, number>;
}

interface Real {
  readonly clock: FakeClock;
  readonly store: FleetStore;
  readonly claims: Map<string, Claim>;
  readonly boots: Record<string, number>;
  orchestrator: Orchestrator;
  reopen(): Promise<void>;
}

async function open(): Promise<{ model: Model; real: Real }> {
  const clock = new FakeClock();
  const store = openFleetStore(openSqliteDatabase(':memory:', sqliteMigrations, clock), settings.leaseMs);
  await store.putGroup({
    id: 'group',
    name: 'group',
    description: '',
    owner: 'ann',
    settings: defaultPlacement,
  });
  for (const [id, { queue, slots }] of Object.entries(fleet)) {
    await store.putMachine({ id, name: id, description: '', owner: 'ann', unattendedSlots: slots });
    if (queue !== id) await store.setMembership(id, queue);
  }
  const log = new Log('model', () => clock.now());
  const chance = new Chance(1).next;
  const claims = new Map<string, Claim>();
  const real: Real = {
    clock,
    store,
    claims,
    boots: {},
    orchestrator: await Orchestrator.open({ store, clock, chance, settings, log }),
    async reopen() {
      await real.orchestrator.close();
      real.orchestrator = await Orchestrator.open({ store, clock, chance, settings, log });
      attach();
    },
  };
  const attach = (): void => {
    for (const [id, { queue }] of Object.entries(fleet))
      real.orchestrator.attach(id, queue, {
        take: (taken) => {
          for (const claim of taken) claims.set(claim.run.id, claim);
        },
        end: () => {},
      });
  };
  attach();
  await clock.advance(0);
  return { model: { now: clock.now(), moves: 0, runs: [], heard: {} }, real };
}

// ── the model ───────────────────────────────────────────────────────────────────────────────────────────────────────

const isActive = ({ state }: Modelled) => state === 'Starting' || state === 'Running';

function queueOf(model: Model, queue: string): Modelled[] {
  return model.runs
    .filter((run) => run.queue === queue && run.state === 'Queued')
    .sort((a, b) => b.top - a.top || Number(b.high) - Number(a.high) || a.number - b.number);
}

const couldTake = (model: Model, machine: string, run: Modelled): boolean => {
  const others = model.runs.filter((other) => other.machine === machine && isActive(other));
  const heard = model.heard[machine];
  return (
    heard !== undefined &&
    model.now - heard < settings.leaseMs &&
    others.length < (fleet[machine]?.slots ?? 0) &&
    others.every(({ account }) => account !== run.account)
  );
};

/** What has to have happened by now, apart from which of two machines got a run: that is taken over from `machineOf`. */
function settleModel(model: Model, machineOf: (run: Modelled) => string | undefined): void {
  for (const run of model.runs) {
    if (isActive(run) && run.leaseUntil <= model.now) run.state = 'Lost';
    if (run.state === 'Queued' && run.expiresAt <= model.now) run.state = 'TimedOut';
  }
  for (const queue of ['solo', 'group']) {
    const extended = queue === 'solo';
    for (const run of queueOf(model, queue)) {
      const places = machineIds.filter((id) => fleet[id]?.queue === queue && couldTake(model, id, run));
      if (places.length > 0) {
        const machine = machineOf(run);
        run.machine =
          machine !== undefined && places.includes(machine) ? machine : 'none of those it may start on';
        run.state = 'Starting';
        run.fence += 1;
        run.leaseUntil = model.now + settings.leaseMs;
        continue;
      }
      // Only on a machine with several sessions does a run that waits for its own account let the next one go first.
      const online = machineIds.filter(
        (id) =>
          fleet[id]?.queue === queue &&
          model.now - (model.heard[id] ?? Number.NEGATIVE_INFINITY) < settings.leaseMs,
      );
      const waitsForAccount = online.some((id) =>
        model.runs.some((other) => other.machine === id && isActive(other) && other.account === run.account),
      );
      if (!(extended && waitsForAccount)) break;
    }
  }
}

/** Compares every run, and every queue, after each command. */
async function agree(model: Model, { store, clock }: Real): Promise<void> {
  await settle();
  model.now = clock.now();
  const seen = new Map((await store.list(1_000)).map((run) => [run.id, run]));
  settleModel(model, ({ id }) => seen.get(id)?.machine);
  for (const run of model.runs) {
    const real = seen.get(run.id);
    const expected = `${run.state} on ${isActive(run) ? run.machine : ''}`;
    const found = `${real?.state} on ${real && isActive({ ...run, state: real.state }) ? real.machine : ''}`;
    if (expected !== found) throw new Error(`${run.id} is ${found}, not ${expected}`);
  }
  for (const queue of ['solo', 'group']) {
    const expected = queueOf(model, queue).map(({ id }) => id);
    const found = (await store.waiting(queue, 100)).map(({ id }) => id);
    if (expected.join() !== found.join()) throw new Error(`${queue} waits as ${found}, not ${expected}`);
  }
}

/** Time until the next sweep: commands come just after one, when nothing is due. */
async function pass(model: Model, real: Real): Promise<void> {
  await real.clock.advance(settings.sweepMs);
  await agree(model, real);
}

// ── commands ────────────────────────────────────────────────────────────────────────────────────────────────────────

type Command = fc.AsyncCommand<Model, Real>;

function command(
  text: string,
  run: (model: Model, real: Real) => Promise<void>,
  check: (model: Model) => boolean = () => true,
): Command {
  return {
    check,
    async run(model, real) {
      await run(model, real);
      await agree(model, real);
      await pass(model, real);
    },
    toString: () => text,
  };
}

const facts = (edition: MachineFacts['edition'], slots: number): MachineFacts => ({
  platform: 'model',
  agentVersion: '1',
  edition,
  sessionLimit: edition === 'server' ? 5 : 1,
  severalPerUser: false,
  sessions: [],
  recording: slots < 0 ? ['nobody'] : [],
});

const enqueue = (queue: string, account: string, high: boolean): Command =>
  command(`enqueue(${queue}, ${account}${high ? ', high' : ''})`, async (model, real) => {
    const number = model.runs.length;
    // Identifiers against the order of requests.
    const id = `run-${String(999 - number)}`;
    const isFull = queueOf(model, queue).length >= settings.queueLimit;
    const requested = real.orchestrator.enqueue({
      run: {
        id,
        flow: { name: 'F', path: '/F', hash: 'h' },
        queue,
        mode: 'unattended',
        priority: high ? 'high' : 'normal',
        requestedBy: 'ann',
        inputs: {},
      },
      account,
      flowText: 'SET X TO 1',
      companions: [],
      sealedInputs: new Uint8Array([1]),
    });
    const code = await requested.then(
      () => undefined,
      (error: { code?: string }) => error.code ?? String(error),
    );
    if (code !== (isFull ? 'QueueFull' : undefined)) throw new Error(`the request was answered ${code}`);
    const expiresAt = real.clock.now() + settings.queueWaitMs;
    const requestedNow = { queue, account, high, top: 0, number, expiresAt, state: 'Queued' };
    if (!isFull) model.runs.push({ id, ...requestedNow, machine: undefined, fence: 0, leaseUntil: 0 });
  });

const tick = (sweeps: number): Command =>
  command(`tick(${sweeps * settings.sweepMs})`, async (model, real) => {
    for (let left = sweeps; left > 1; left--) await pass(model, real);
  });

const heartbeat = (machine: string): Command =>
  command(`heartbeat(${machine})`, async (model, real) => {
    const { slots, edition } = fleet[machine] as (typeof fleet)[string];
    const mine = model.runs.filter((run) => run.machine === machine && isActive(run));
    const holding = mine.map(({ id }) => ({ runId: id, fence: real.claims.get(id)?.fence ?? 0 }));
    model.heard[machine] = real.clock.now();
    for (const run of mine) run.leaseUntil = real.clock.now() + settings.leaseMs;
    const { held } = await real.orchestrator.heartbeat(
      machine,
      `${machine} boot`,
      facts(edition, slots),
      holding,
    );
    const told = held.map(({ runId }) => runId).sort();
    const expected = mine.map(({ id }) => id).sort();
    if (told.join() !== expected.join())
      throw new Error(`${machine} was told of ${told}, and has ${expected}`);
  });

const realFence = ({ claims }: Real, id: string): number => claims.get(id)?.fence ?? 0;

/** The holder of a claim, or whoever held one before, reports. */
const report = (pick: number, state: 'Running' | 'Succeeded' | 'Failed', isStale: boolean): Command =>
  command(
    `report(${pick}, ${state}${isStale ? ', with a stale fence' : ''})`,
    async (model, real) => {
      const run = model.runs[pick % model.runs.length] as Modelled;
      const fence = realFence(real, run.id) - (isStale ? 1 : 0);
      if (!real.claims.has(run.id)) return;
      const mayBe = state === 'Running' ? run.state === 'Starting' : isActive(run);
      const isTaken = await real.orchestrator.report({
        kind: 'change',
        holder: { runId: run.id, fence },
        change: { state, ...(state === 'Running' && { startedAgo: 0 }) },
        before: [],
      });
      if (isTaken !== (mayBe && !isStale))
        throw new Error(`the report of ${run.id} was ${isTaken ? '' : 'not '}taken`);
      if (isTaken) run.state = state;
    },
    (model) => model.runs.length > 0,
  );

const giveBack = (pick: number): Command =>
  command(
    `giveBack(${pick})`,
    async (model, real) => {
      const run = model.runs[pick % model.runs.length] as Modelled;
      if (!real.claims.has(run.id)) return;
      const isTaken = await real.orchestrator.report({
        kind: 'giveBack',
        holder: { runId: run.id, fence: realFence(real, run.id) },
      });
      if (isTaken !== (run.state === 'Starting'))
        throw new Error(`${run.id} was ${isTaken ? '' : 'not '}given back`);
      if (!isTaken) return;
      run.state = 'Queued';
      run.machine = undefined;
    },
    (model) => model.runs.length > 0,
  );

const place = (pick: number, wish: 'cancel' | 'high' | 'normal' | 'moveToTop' | 'moveBack'): Command =>
  command(
    `${wish}(${pick})`,
    async (model, real) => {
      const run = model.runs[pick % model.runs.length] as Modelled;
      const { orchestrator } = real;
      const asked =
        wish === 'cancel'
          ? run.state === 'Queued'
            ? orchestrator.stop(run.id)
            : Promise.resolve()
          : wish === 'high' || wish === 'normal'
            ? orchestrator.prioritize(run.id, wish)
            : orchestrator[wish](run.id);
      const code = await asked.then(
        () => undefined,
        (error: { code?: string }) => error.code ?? String(error),
      );
      const waits = run.state === 'Queued' || wish === 'cancel';
      if (code !== (waits ? undefined : 'RunNotQueued'))
        throw new Error(`${wish} of ${run.id} was answered ${code}`);
      if (run.state !== 'Queued') return;
      if (wish === 'cancel') run.state = 'Canceled';
      else if (wish === 'moveToTop') run.top = ++model.moves;
      else if (wish === 'moveBack') run.top = 0;
      else run.high = wish === 'high';
    },
    (model) => model.runs.length > 0,
  );

const restart = (): Command =>
  command('restart()', async (_, real) => {
    await real.reopen();
    await real.clock.advance(0);
  });

const someRun = fc.nat(20);
const someMachine = fc.constantFrom(...machineIds);
/** Up to every limit, and just not. */
const someTime = fc.constantFrom(1, 2, 4, 8, 9, 10, 27);
const stories = fc.commands(
  [
    fc
      .tuple(fc.constantFrom('solo', 'group'), fc.constantFrom('ann', 'ben', 'cy'), fc.boolean())
      .map(([queue, account, high]) => enqueue(queue, account, high)),
    someMachine.map(heartbeat),
    someMachine.map(heartbeat),
    someTime.map(tick),
    fc
      .tuple(someRun, fc.constantFrom('Running', 'Succeeded', 'Failed'), fc.boolean())
      .map(([pick, state, isStale]) => report(pick, state as 'Running', isStale)),
    someRun.map(giveBack),
    fc
      .tuple(someRun, fc.constantFrom('cancel', 'high', 'normal', 'moveToTop', 'moveBack'))
      .map(([pick, wish]) => place(pick, wish as 'cancel')),
    fc.constant(restart()),
  ],
  { maxCommands: 40 },
);

export interface ModelReport {
  /** Stories told until the first that differs, and its smallest form; undefined: none differs. */
  readonly stories: number;
  readonly counterexample: string | undefined;
}

/** Tells `runs` stories. The same seed tells the same ones. */
export async function checkModel(seed: number, runs: number): Promise<ModelReport> {
  let told = 0;
  const details = await fc.check(
    fc.asyncProperty(stories, async (story) => {
      told += 1;
      const { model, real } = await open();
      try {
        await fc.asyncModelRun(() => ({ model, real }), story);
      } finally {
        await real.orchestrator.close();
        await real.store.close();
      }
    }),
    { seed, numRuns: runs },
  );
  const { failed, counterexample, errorInstance } = details;
  const cause = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  return { stories: told, counterexample: failed ? `${String(counterexample)}: ${cause}` : undefined };
}

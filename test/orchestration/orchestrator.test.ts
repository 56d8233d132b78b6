// What an orchestrator tells of what others on its store do: everything once and in order, whatever moment they choose for it.
import { describe, expect, it } from 'vitest';
import { Emitter } from '../../src/base/event.ts';
import { Log } from '../../src/base/log.ts';
import { Orchestrator } from '../../src/orchestration/orchestrator.ts';
import { defaultSettings } from '../../src/orchestration/settings.ts';
import { openFleetStore } from '../../src/orchestration/store/fleetStore.ts';
import { sqliteMigrations } from '../../src/orchestration/store/schema.ts';
import { openSqliteDatabase } from '../../src/orchestration/store/sqlite.ts';
import type { FleetStore } from '../../src/orchestration/store.ts';
import { request } from '../agent/runs.ts';
import { FakeClock, settle } from '../fakes/clock.ts';

/** Two orchestrators on one store: the second one opens when the test says so, over a store in which `changes` may step in. */
async function two(changes: (store: FleetStore) => Partial<FleetStore>) {
  const clock = new FakeClock();
  const database = openSqliteDatabase(':memory:', sqliteMigrations, clock);
  const seen = (own: Partial<FleetStore> = {}) =>
    Object.assign(openFleetStore(database, Number.POSITIVE_INFINITY), own);
  const store = seen();
  await store.putMachine({ id: 'm1', name: 'PC', description: '', owner: 'ann', unattendedSlots: 1 });
  const notices = new Emitter<string>();
  const options = {
    clock,
    chance: () => 0,
    settings: defaultSettings,
    log: new Log('test', () => clock.now()),
  };
  const announce = async (topic: string) => notices.fire(topic);
  const first = await Orchestrator.open({ ...options, store: seen({ announce }) });
  await clock.advance(0);
  const heard: number[] = [];
  return {
    clock,
    first,
    heard,
    notices,
    async second() {
      const own = { onNotice: notices.event, announce: async () => {}, ...changes(store) };
      const orchestrator = await Orchestrator.open({ ...options, store: seen(own) });
      orchestrator.onEvents((events) => heard.push(...events.map(({ seq }) => seq)));
      return orchestrator;
    },
  };
}

/** The answer to a question, which arrives only once `meanwhile` has happened. */
const during =
  <Args extends unknown[], Answer>(
    ask: (...args: Args) => Promise<Answer>,
    meanwhile: () => Promise<unknown>,
  ) =>
  async (...args: Args): Promise<Answer> => {
    const answer = await ask(...args);
    await meanwhile();
    return answer;
  };

describe('an orchestrator that is being opened', () => {
  it('tells what others did while it looked where the events are, though it heard no notice of that', async () => {
    let others = () => Promise.resolve<unknown>(undefined);
    const { clock, first, heard, second } = await two((store) => ({
      marks: during(
        () => store.marks(),
        () => others(),
      ),
    }));
    await first.enqueue(request());
    others = async () => {
      others = () => Promise.resolve();
      await first.enqueue(request());
      await first.enqueue(request());
    };
    const orchestrator = await second();
    expect(orchestrator.lastSeq).toBe(1);
    await clock.advance(0);
    expect(heard).toEqual([2, 3]);
  });

  it('tells of a notice that comes before anybody listens to it, and of each event once', async () => {
    const { clock, first, heard, notices, second } = await two((store) => ({
      marks: during(
        () => store.marks(),
        () => first.enqueue(request()),
      ),
      onNotice(listener) {
        const subscription = notices.event(listener);
        // The link to the database stands, and everything there is comes over it at once.
        queueMicrotask(() => {
          for (const topic of ['m1', '', 'm1']) notices.fire(topic);
        });
        return subscription;
      },
    }));
    await second();
    await settle();
    expect(heard).toEqual([1]);
    await clock.advance(0);
    await first.enqueue(request());
    await settle();
    expect(heard).toEqual([1, 2]);
  });
});

describe('an orchestrator that is reading', () => {
  it('reads again when a notice comes meanwhile: what it has read may be older', async () => {
    let others = () => Promise.resolve<unknown>(undefined);
    const { clock, first, heard, notices, second } = await two((store) => ({
      events: during(
        (after: number, maxBytes: number) => store.events(after, maxBytes),
        () => others(),
      ),
    }));
    await second();
    await clock.advance(0);
    others = async () => {
      others = () => Promise.resolve();
      await first.enqueue(request());
    };
    notices.fire('m1');
    await settle();
    await settle();
    expect(heard).toEqual([1]);
  });
});

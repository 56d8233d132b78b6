// What a run writes down of itself, from what its machine allows and what its request asks for; and that the store keeps it.
import { describe, expect, it } from 'vitest';
import { Log } from '../../src/base/log.ts';
import { loggingOf } from '../../src/orchestration/logging.ts';
import { Orchestrator } from '../../src/orchestration/orchestrator.ts';
import { defaultPlacement, defaultSettings } from '../../src/orchestration/settings.ts';
import { openFleetStore } from '../../src/orchestration/store/fleetStore.ts';
import { sqliteMigrations } from '../../src/orchestration/store/schema.ts';
import { openSqliteDatabase } from '../../src/orchestration/store/sqlite.ts';
import type { PlacementSettings } from '../../src/protocol/fleet.ts';
import type { RunLogging } from '../../src/protocol/run.ts';
import { nextId, request } from '../agent/runs.ts';
import { FakeClock } from '../fakes/clock.ts';

type Owner = Parameters<typeof loggingOf>[0];

describe('what a run writes down', () => {
  it.each<[Owner, RunLogging, RunLogging | undefined]>([
    [{}, {}, undefined],
    [{}, { level: 'error' }, { level: 'error' }],
    [{ logLevel: 'warning' }, {}, { level: 'warning' }],
    [{ logLevel: 'warning' }, { level: 'error' }, { level: 'warning' }],
    [{ logLevel: 'warning' }, { level: 'debug' }, { level: 'debug' }],
    [{ logLevel: 'warning' }, { level: 'full' }, undefined],
    [{ logLevel: 'full' }, { level: 'error' }, undefined],
    [{ logLevel: 'asked' }, { level: 'error' }, { level: 'error' }],
  ])(
    'RUN-7: of the levels of the machine (%j) and the request (%j), the more verbose one holds',
    (owner, asked, held) => expect(loggingOf(owner, asked)).toEqual(held),
  );

  it('RUN-4, RUN-5: what the owner of the machine switched off stays off', () => {
    expect(loggingOf({ screenshots: false }, { screenshot: true })).toEqual({ screenshot: false });
    expect(loggingOf({ screenshots: true }, { screenshot: false })).toEqual({ screenshot: false });
    expect(loggingOf({ log: 'onFailure' })).toEqual({ keep: 'onFailure' });
    expect(loggingOf({ log: 'always' }, { keep: 'never' })).toBeUndefined();
  });

  it('is settled when the run is requested, and a resubmitted run does as the first one did', async () => {
    const clock = new FakeClock();
    const store = openFleetStore(openSqliteDatabase(':memory:', sqliteMigrations, clock), 60_000);
    await store.putMachine({ id: 'm1', name: 'm1', description: '', owner: 'a', unattendedSlots: 1 });
    const set = (settings: Partial<PlacementSettings>) =>
      store.setMachine('m1', { settings: { ...defaultPlacement, ...settings } });
    const orchestrator = await Orchestrator.open({
      store,
      clock,
      chance: () => 0,
      settings: defaultSettings,
      log: new Log('test', () => 0),
    });
    await set({ logLevel: 'custom', screenshots: false });
    const run = await orchestrator.enqueue(request({ logging: { level: 'error' } }));
    expect(run.logging).toEqual({ level: 'custom', screenshot: false });
    expect((await store.get(run.id))?.logging).toEqual(run.logging);
    expect((await store.entry(run.id))?.run.logging).toEqual(run.logging);
    await set({});
    expect((await orchestrator.enqueue(request())).logging).toBeUndefined();
    await orchestrator.stop(run.id);
    const again = await orchestrator.resubmit(run.id, { id: nextId(), requestedBy: 'a' }, (sealed) => sealed);
    expect(again.logging).toEqual(run.logging);
    await orchestrator.close();
    await store.close();
  });
});

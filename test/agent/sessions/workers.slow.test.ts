// Runs in real sessions: real accounts, xrdp and FreeRDP, real workers, the real orchestrator and runner. In memory, with every turn that
// events can take: workers.test.ts.
import { randomUUID } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { workQueuesFile } from '../../../src/agent/dataFolder.ts';
import { embeddedLink } from '../../../src/agent/embeddedLink.ts';
import { Runner } from '../../../src/agent/runner.ts';
import { screenshotOf } from '../../../src/agent/screenshot.ts';
import { vault } from '../../../src/agent/seal.ts';
import type { Credential } from '../../../src/agent/sessions/host.ts';
import type { LinuxSessionHost } from '../../../src/agent/sessions/linux.ts';
import {
  type DialogProgram,
  dialogIn,
  linuxDialogs,
  type SessionAct,
} from '../../../src/agent/sessions/policy.ts';
import { sessionWorkers } from '../../../src/agent/sessions/workers.ts';
import { workerTalk } from '../../../src/agent/workerLauncher.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { Log } from '../../../src/base/log.ts';
import { decodePng } from '../../../src/desktop/png.ts';
import { Orchestrator } from '../../../src/orchestration/orchestrator.ts';
import { defaultPlacement, defaultSettings } from '../../../src/orchestration/settings.ts';
import { openWorkQueues } from '../../../src/orchestration/sqliteWorkQueues.ts';
import { openFleetStore } from '../../../src/orchestration/store/fleetStore.ts';
import { sqliteMigrations } from '../../../src/orchestration/store/schema.ts';
import { openSqliteDatabase } from '../../../src/orchestration/store/sqlite.ts';
import type { PlacementSettings } from '../../../src/protocol/fleet.ts';
import type { Run } from '../../../src/protocol/run.ts';
import { request } from '../runs.ts';
import { never, size } from './contract.ts';
import { canMakeSessions, LinuxMachine } from './linuxMachine.ts';

const workerScript = join(import.meta.dirname, '..', '..', '..', 'src', 'agent', 'worker', 'main.ts');

describe.skipIf(!canMakeSessions())('runs in sessions on Linux', () => {
  let machine: LinuxMachine;
  let bot: Credential;
  let person: Credential;
  let host: LinuxSessionHost;
  const acts: SessionAct[] = [];
  const closing: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    machine = new LinuxMachine();
    bot = machine.account();
    person = machine.account();
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
    await machine.stopHosts();
    acts.length = 0;
  });
  afterAll(async () => {
    await machine.remove();
  });

  async function agent(
    settings: Partial<PlacementSettings>,
    dialogs: readonly DialogProgram[] = linuxDialogs,
    edition: 'client' | 'server' = 'server',
  ) {
    host = await machine.host({ edition });
    const store = openFleetStore(
      openSqliteDatabase(':memory:', sqliteMigrations, systemClock),
      Number.POSITIVE_INFINITY,
    );
    const all = { ...defaultSettings, leaseMs: Number.POSITIVE_INFINITY };
    const log = new Log('test', Date.now);
    await store.putMachine({
      id: 'm1',
      name: hostname(),
      description: '',
      owner: 'root',
      unattendedSlots: 3,
    });
    await store.setMachine('m1', { settings: { ...defaultPlacement, ...settings } });
    const orchestrator = await Orchestrator.open({
      store,
      clock: systemClock,
      chance: Math.random,
      settings: all,
      log,
    });
    const safe = vault(new Uint8Array(32));
    const workers = sessionWorkers({
      host,
      agentVersion: '1',
      program: machine.node,
      script: workerScript,
      talk: (claim) => workerTalk({ vault: safe, dataFolder: machine.folder, log }, claim),
      credentialOf: async () => bot,
      screen: size,
      recording: () => [],
      ask: dialogIn(host, dialogs),
      answerMs: 3_000,
      askAgainMs: 600_000,
      audit: (act) => acts.push(act),
      clock: systemClock,
      log,
    });
    const runner = new Runner({
      link: embeddedLink(orchestrator, 'm1'),
      workers,
      clock: systemClock,
      boot: 'boot',
      settings: all,
      log,
    });
    workers.onChange(() => runner.beat());
    await runner.start();
    closing.push(async () => {
      orchestrator.refuse();
      await runner.close({ state: 'Canceled', error: { code: 'X', message: '', nextStep: '' } });
      await workers.close();
      await orchestrator.close();
      await store.close();
    });
    const start = async (flowText: string): Promise<string> => {
      const made = request({ mode: 'unattended', account: bot.account, flowText });
      const sealedInputs = safe.seal(made.run.id, {});
      return (await orchestrator.enqueue({ ...made, run: { ...made.run, inputs: {} }, sealedInputs })).id;
    };
    const reaches = async (id: string, state: Run['state'], ms = 30_000): Promise<Run> => {
      await expect
        .poll(async () => (await orchestrator.get(id)).state, { timeout: ms, interval: 50 })
        .toBe(state);
      return orchestrator.get(id);
    };
    return { orchestrator, start, reaches };
  }

  const states = async () => (await host.list()).map(({ state }) => state);
  /** A file that only the user of a session can write. */
  const writes = (path: string) => `File.WriteText File: $'''${path}''' TextToWrite: $'''done'''\nWAIT 60\n`;

  /** What the dialogs of the person say. */
  const dialogs = (): readonly string[] =>
    readdirSync('/proc').flatMap((entry) => {
      try {
        const [program, ...args] = readFileSync(join('/proc', entry, 'cmdline'), 'utf8').split('\0');
        const owner = statSync(join('/proc', entry)).uid;
        return linuxDialogs.some((dialog) => dialog.program === program) &&
          owner === statSync(join('/home', person.account)).uid
          ? [args.join(' ')]
          : [];
      } catch {
        return [];
      }
    });

  it('creates a session, runs a worker in it, locks it, reuses it and signs it out', async () => {
    const { start, reaches } = await agent({ reuseSessions: true });
    const first = await reaches(await start('SET X TO 1\n'), 'Succeeded');
    await expect.poll(states, { timeout: 5_000 }).toEqual(['locked']);
    const second = await reaches(await start('SET X TO 2\n'), 'Succeeded');
    expect(second.session).toBe(first.session);
    await expect.poll(states, { timeout: 5_000 }).toEqual(['locked']);
  });

  it('runs as the user of the session, and signs out with all that runs in it when the run is stopped', async () => {
    const { start, reaches, orchestrator } = await agent({});
    const path = join('/home', bot.account, 'proof.txt');
    const id = await start(writes(path));
    await reaches(id, 'Running');
    await expect
      .poll(() => statSync(path, { throwIfNoEntry: false })?.uid, { timeout: 10_000 })
      .toBe(statSync(join('/home', bot.account)).uid);
    await orchestrator.stop(id);
    await reaches(id, 'Canceled', 3_000);
    await expect.poll(states, { timeout: 10_000 }).toEqual([]);
  });

  it('uses the work queues of the machine, whose file its user may not open', async () => {
    const { start, reaches } = await agent({});
    const queues = openWorkQueues(workQueuesFile(machine.folder), 'test', systemClock, randomUUID);
    closing.push(async () => queues.close());
    const { id: queue } = await queues.addQueue('Orders', 0);
    await queues.add(queue, {
      name: 'a',
      value: '1',
      uniqueId: '',
      priority: 'Normal',
      notes: '',
      status: 'Queued',
    });
    const id =
      await start(`WorkQueues.ProcessWorkQueueItem.ProcessWorkQueueItem WorkQueue: 'Orders' WorkQueueItem=> Item
WorkQueues.UpdateWorkQueueItem.UpdateWithProcessingNotes WorkQueueItem: Item Status: WorkQueues.WorkQueueItemStatus.Processed ProcessingResult: $'''done'''
`);
    await reaches(id, 'Succeeded');
    expect(await queues.items(queue)).toMatchObject([{ name: 'a', status: 'Processed', notes: 'done' }]);
    expect(statSync(workQueuesFile(machine.folder)).mode & 0o077).toBe(0);
  });

  it('keeps a picture of the desktop in which a flow failed', async () => {
    const { start, reaches, orchestrator } = await agent({});
    const { id, error } = await reaches(await start('SET X TO 1 / 0\n'), 'Failed');
    expect(error?.screenshot).toEqual(size);
    const run = await orchestrator.get(id);
    const { png } = await screenshotOf(run, (...page) => orchestrator.events(...page));
    expect(decodePng(Buffer.from(png, 'base64'))).toMatchObject(size);
  });

  it('tells that a session was signed out under a run', async () => {
    const { start, reaches } = await agent({});
    const id = await start('WAIT 60\n');
    const { session } = await reaches(id, 'Running');
    await host.signOut(session ?? '');
    const run = await reaches(id, 'Failed', 5_000);
    expect(run.error).toMatchObject({ code: 'SessionHasLoggedOff' });
    expect(await host.list()).toEqual([]);
  });

  it('tells that a session was locked under a run, and leaves none behind', async () => {
    const { start, reaches } = await agent({});
    const id = await start('WAIT 60\n');
    const { session } = await reaches(id, 'Running');
    await host.lock(session ?? '');
    expect((await reaches(id, 'Failed', 5_000)).error).toMatchObject({ code: 'UnattendedUserSessionLocked' });
    await expect.poll(states, { timeout: 10_000 }).toEqual([]);
  });

  it('asks a person by a dialog in their session, and takes silence for a no', async () => {
    const { start, orchestrator } = await agent({ sessionPolicy: 'ask' }, undefined, 'client');
    // Made by the host, but not for a run: it counts as a person’s.
    await host.open(person, size, never);
    const id = await start('SET X TO 1\n');
    await expect
      .poll(dialogs, { timeout: 10_000, interval: 50 })
      .toEqual([expect.stringContaining('Sample')]);
    await expect.poll(() => acts.map(({ act }) => act), { timeout: 10_000 }).toEqual(['asked', 'noAnswer']);
    await expect.poll(async () => (await orchestrator.get(id)).state, { timeout: 5_000 }).toBe('Queued');
    expect(await orchestrator.why(id)).toMatchObject({
      kind: 'waits',
      blocker: { nextStep: expect.stringContaining('has not agreed') },
    });
    expect(await states()).toEqual(['active']);
    expect(dialogs()).toEqual([]);
  });

  it('signs a person out who agrees, and runs then', async () => {
    const program = join(machine.folder, 'agree');
    writeFileSync(program, '#!/bin/sh\nsleep 1\nexit 11\n');
    chmodSync(program, 0o755);
    const { start, reaches } = await agent(
      { sessionPolicy: 'ask' },
      [{ program, args: () => [], agreed: 11 }],
      'client',
    );
    await host.open(person, size, never);
    const id = await start('SET X TO 1\n');
    await reaches(id, 'Succeeded');
    expect(acts.map(({ act, account }) => `${act} ${account}`)).toEqual(
      ['asked', 'agreed', 'signedOut'].map((act) => `${act} ${person.account}`),
    );
  });
});

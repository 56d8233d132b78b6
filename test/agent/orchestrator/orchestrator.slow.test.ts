// Orchestrators, agents and clients as real processes over a real PostgreSQL: pairing, roles, wishes across instances, and kills.
import { copyFileSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentLink } from '../../../src/protocol/link.ts';
import { lineTo } from '../../orchestration/store/silence.ts';
import { initdb, postgres } from '../../runtime/servers/postgres.ts';
import { available, findProgram } from '../../runtime/servers/server.ts';
import { type Child, freePort, groupOf, newRunId, reached, requestOf, Stage, until } from './processes.ts';

const openssl = findProgram('openssl');

describe.skipIf(!available('PostgreSQL and openssl', [initdb, postgres, openssl]))('an orchestrator', () => {
  const stage = new Stage();
  let a: Child & { readonly address: string };
  let b: Child & { readonly address: string };
  let owner: string;
  let link: AgentLink;
  let other: AgentLink;

  const query = async (text: string) => {
    const client = new pg.Client({ connectionString: stage.database });
    await client.connect();
    try {
      return (await client.query(text)).rows as readonly Record<string, unknown>[];
    } finally {
      await client.end();
    }
  };
  const code = async () => (await link.call('pairing.new', {})).code;

  beforeAll(async () => {
    await stage.open();
    a = await stage.serve({ port: await freePort() });
    b = await stage.serve({ port: await freePort() });
    owner = await stage.token('olga', 'owner');
    link = await stage.connect(a.address, owner);
    other = await stage.connect(b.address, owner);
  }, 60_000);
  afterAll(() => stage.close());

  it('registers a machine by a code, once, and keeps of its key only the hash', async () => {
    const first = await code();
    const pair = { addresses: [a.address, b.address], code: first, name: 'PC-1' };
    const member = await stage.member({ pair });
    const machine = String(member.said.machine);
    await until(async () =>
      (await link.call('machines.list', {})).machines.some(({ id, online }) => id === machine && online),
    );
    const file = join(member.dataFolder, 'membership.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { key } = JSON.parse(readFileSync(file, 'utf8')) as { key: string };
    const dump =
      JSON.stringify(await query('SELECT * FROM machine')) +
      JSON.stringify(await query('SELECT * FROM pairing'));
    expect(dump).not.toContain(key);
    expect(dump).not.toContain(first.replace('-', ''));
    const again = await stage.member({ pair: { ...pair, name: 'PC-2' } });
    expect(again.said).toMatchObject({
      error: { code: 'PairingCodeInvalid', message: expect.stringContaining('was used') },
    });
    const taken = await stage.member({ pair: { ...pair, code: await code(), name: 'pc-1' } });
    expect(taken.said).toMatchObject({ error: { code: 'NameTaken' } });
    // It leaves, and its key is worth nothing any more.
    member.process.send('unpair');
    await until(
      async () => !(await link.call('machines.list', {})).machines.some(({ id }) => id === machine),
    );
    await expect(stage.connect(a.address, key)).rejects.toMatchObject({ code: 'OrchestratorRefused' });
    for (const child of [member, again, taken]) await child.kill();
  }, 30_000);

  it('answers the same code with the same key again, because the first answer may be lost', async () => {
    const pair = { addresses: [a.address], code: await code(), name: 'PC-lost' };
    const first = await stage.member({ pair });
    await first.kill();
    const { renameSync, writeFileSync } = await import('node:fs');
    const file = join(first.dataFolder, 'membership.json');
    const { key } = JSON.parse(readFileSync(file, 'utf8')) as { key: string };
    // As the agent was before the answer came.
    renameSync(file, `${file}.lost`);
    const { createHash } = await import('node:crypto');
    writeFileSync(
      join(first.dataFolder, 'pairing.json'),
      JSON.stringify({ code: createHash('sha256').update(pair.code).digest('hex'), key }),
    );
    const second = await stage.member({ pair, dataFolder: first.dataFolder });
    expect(second.said).toEqual({ machine: first.said.machine });
    await second.kill();
  }, 30_000);

  it('refuses codes that are unknown or expired, and who tries too many', async () => {
    // Of its own: it listens to nobody from here for a while afterwards.
    const c = await stage.serve({ port: await freePort() });
    const expired = await code();
    await query('UPDATE pairing SET expires_at = 1 WHERE machine IS NULL');
    const tries = async (tried: string, name = 'PC-x') => {
      const child = await stage.member({ pair: { addresses: [c.address], code: tried, name } });
      await child.kill();
      return child.said.error as { code: string; message: string };
    };
    expect(await tries(expired)).toMatchObject({
      code: 'PairingCodeInvalid',
      message: expect.stringContaining('expired'),
    });
    expect(await tries('AAAAA-AAAAA')).toMatchObject({ code: 'PairingCodeInvalid' });
    const { dialOrchestrator } = await import('../../../src/launch/orchestrator.ts');
    const { RpcPeer } = await import('../../../src/protocol/rpc.ts');
    const peer = new RpcPeer(await dialOrchestrator({ address: c.address, path: '/pair' }), {
      request: async () => ({}),
      notification: () => {},
    });
    const call = (guess: string) =>
      peer
        .call('pair', { protocol: 1, code: guess, name: 'x', description: '', keyHash: '0'.repeat(64) })
        .catch((error: unknown) => (error as { code: string }).code);
    const answers: unknown[] = [];
    for (let i = 0; i < 12; i++) answers.push(await call(`BBBBB-0000${i}`));
    expect(answers.slice(0, 8)).toEqual(Array(8).fill('PairingCodeInvalid'));
    expect(answers.slice(8)).toEqual(Array(4).fill('PairingAttempts'));
    // Also a right one, for now.
    expect(await call(await code())).toBe('PairingAttempts');
    peer.dispose();
    await c.kill();
  }, 30_000);

  it('lets in who has a token, to what his role gives', async () => {
    await expect(stage.connect(a.address, 'nonsense')).rejects.toMatchObject({ code: 'OrchestratorRefused' });
    const ursula = await stage.connect(a.address, await stage.token('ursula'));
    await expect(ursula.call('pairing.new', {})).rejects.toMatchObject({ code: 'AccessDenied' });
    const member = await stage.member({
      pair: { addresses: [a.address], code: await code(), name: 'PC-roles' },
    });
    await link.call('groups.put', { name: 'Roles' });
    await link.call('groups.join', { group: 'Roles', machine: 'PC-roles' });
    expect((await ursula.call('groups.list', {})).groups).toEqual([]);
    const put = { name: 'by ursula', target: 'Roles', account: 'ursula', password: 'the password of ann' };
    await expect(ursula.call('connections.put', put)).rejects.toMatchObject({ code: 'AccessDenied' });
    await link.call('access.set', { queue: 'Roles', principal: 'ursula', role: 'user' });
    await expect(
      link.call('access.set', { queue: 'Roles', principal: 'nobody', role: 'user' }),
    ).rejects.toMatchObject({ code: 'PrincipalNotFound' });
    expect((await link.call('access.list', { queue: 'Roles' })).access).toEqual([
      { principal: 'olga', role: 'owner' },
      { principal: 'ursula', role: 'user' },
    ]);
    await ursula.call('connections.put', put);
    // Another instance tries it on the machine.
    expect(await other.call('connections.test', { connection: 'by ursula' })).toMatchObject({
      machine: 'PC-roles',
      ok: true,
    });
    const { run } = await ursula.call('runs.enqueue', requestOf('WAIT 0.01', 'by ursula'));
    expect(run.requestedBy).toBe('ursula');
    expect((await reached(ursula, run.id, 'Succeeded')).state).toBe('Succeeded');
    await link.call('connections.put', {
      name: 'by olga',
      target: 'Roles',
      account: 'olga',
      password: 'the password of ann',
    });
    const mine = (await link.call('runs.enqueue', requestOf('WAIT 0.01', 'by olga'))).run;
    await expect(ursula.call('runs.get', { runId: mine.id })).rejects.toMatchObject({ code: 'AccessDenied' });
    expect((await ursula.call('runs.list', { limit: 100 })).runs.map(({ id }) => id)).toEqual([run.id]);
    await reached(link, mine.id, 'Succeeded');
    const events: string[] = [];
    ursula.onEvent((event) => events.push(event.runId));
    await ursula.call('subscribe', { after: 0 });
    await sleep(500);
    expect(new Set(events)).toEqual(new Set([run.id]));
    // A new token makes the old one worthless; none leaves him nothing.
    const next = await stage.connect(a.address, await stage.token('ursula'));
    await next.call('agent.stop', { whenIdle: false }).then(
      () => expect.unreachable(),
      (error: unknown) => expect(error).toMatchObject({ code: 'MethodNotFound' }),
    );
    expect(stage.deedsOf('password')).toEqual([]);
    await member.kill();
  }, 30_000);

  it('lets nobody stay whose token was taken away, at any instance, and sends nothing that a role no longer shows', async () => {
    const { openRegistry } = await import('../../../src/agent/orchestrator/server.ts');
    const member = await stage.member({
      pair: { addresses: [a.address], code: await code(), name: 'PC-leave' },
    });
    const secret = await stage.token('udo');
    const links = [await stage.connect(a.address, secret), await stage.connect(b.address, secret)];
    const [udo] = links as [AgentLink, AgentLink];
    await link.call('access.set', { queue: 'PC-leave', principal: 'udo', role: 'owner' });
    await link.call('connections.put', {
      name: 'leave',
      target: 'PC-leave',
      account: 'ann',
      password: 'the password of ann',
    });
    const seen = new Set<string>();
    udo.onEvent(({ runId }) => seen.add(runId));
    await udo.call('subscribe', { after: udo.agent.lastSeq });
    const run = async () => {
      const { run: queued } = await link.call('runs.enqueue', requestOf('WAIT 0.01', 'leave'));
      await reached(link, queued.id, 'Succeeded');
      return queued.id;
    };
    const first = await run();
    await until(() => seen.has(first));
    // Another instance takes the role away; those who were shown the run are shown no other.
    await other.call('access.set', { queue: 'PC-leave', principal: 'udo' });
    await sleep(200);
    const second = await run();
    await sleep(300);
    expect(seen.has(second)).toBe(false);
    await expect(udo.call('runs.get', { runId: second })).rejects.toMatchObject({ code: 'AccessDenied' });
    // What somebody else shall have requested, a schedule does not start.
    await link.call('access.set', { queue: 'PC-leave', principal: 'udo', role: 'user' });
    await udo.call('connections.put', {
      name: 'of udo',
      target: 'PC-leave',
      account: 'udo',
      password: 'the password of ann',
    });
    const { id: _, ...request } = requestOf('WAIT 0.01', 'of udo');
    const scheduled = await udo.call('schedules.put', {
      name: 'by udo',
      spec: { times: { kind: 'interval', seconds: 1, from: Date.now() }, timeZone: 'UTC', missed: 'skip' },
      request: { ...request, requestedBy: 'olga' },
    });
    let started: string | undefined;
    await until(async () => {
      const { firings } = await udo.call('schedules.firings', { schedule: 'by udo', limit: 10 });
      started = firings.find(({ run: id }) => id !== undefined)?.run;
      return started !== undefined;
    });
    expect((await link.call('runs.get', { runId: started as string })).run.requestedBy).toBe('udo');
    const gone = links.map(
      (one) => new Promise<number>((resolve) => one.onClose(({ code: why }) => resolve(why))),
    );
    const { store, registry } = await openRegistry(stage.database, 60_000);
    const before = Date.now();
    await registry.removeToken('udo');
    expect(await Promise.all(gone)).toEqual([4003, 4003]);
    expect(Date.now() - before).toBeLessThan(2_000);
    await store.close();
    await expect(stage.connect(a.address, secret)).rejects.toMatchObject({ code: 'OrchestratorRefused' });
    // Nor do his schedules start anything.
    await until(async () => {
      const { firings } = await link.call('schedules.firings', { schedule: scheduled.schedule.id, limit: 1 });
      return firings[0]?.note?.includes('udo') === true;
    });
    await link.call('schedules.remove', { schedule: 'by udo' });
    const { lines } = await link.call('audit.list', { queue: 'PC-leave', limit: 100 });
    expect(lines.map(({ who, what, subject }) => `${who} ${what} ${subject}`)).toEqual([
      'olga removed the schedule by udo',
      expect.stringContaining('udo made the schedule by udo'),
      expect.stringContaining('udo made the connection of udo'),
      'olga gave access udo: user of PC-leave',
      'olga took access away udo: PC-leave',
      expect.stringContaining('olga made the connection leave'),
      'olga gave access udo: owner of PC-leave',
      'olga registered the machine by a code PC-leave',
    ]);
    // A machine that was removed is not there any more at once, either.
    await link.call('connections.remove', { connection: 'leave' });
    await other.call('machines.remove', { machine: 'PC-leave' });
    await member.kill();
  }, 60_000);

  it('follows one era at all instances', async () => {
    expect((await link.call('machines.list', {})).era).toBe('2021');
    const c = await stage.serve({ port: await freePort(), era: '2024' });
    const newest = await stage.connect(c.address, owner);
    for (const one of [link, other, newest])
      await until(async () => (await one.call('machines.list', {})).era === '2024');
    const member = await stage.member({
      pair: { addresses: [c.address], code: await code(), name: 'PC-era' },
    });
    await link.call('machines.set', { machine: 'PC-era', settings: { maintenance: true } });
    const target = { name: 'era', target: 'PC-era', account: 'ann', password: 'the password of ann' };
    await link.call('connections.put', target);
    const { run } = await other.call('runs.enqueue', requestOf('WAIT 0.01', 'era'));
    expect((run.expiresAt ?? 0) - run.requestedAt).toBe(6 * 60 * 60_000);
    expect(run.timeoutSeconds).toBe(3 * 60 * 60);
    await other.call('runs.stop', { runId: run.id });
    await c.kill();
    const d = await stage.serve({ port: await freePort(), era: '2021' });
    await until(async () => (await link.call('machines.list', {})).era === '2021');
    await d.kill();
    await member.kill();
  }, 60_000);

  it('sends its machines to another instance within ten seconds when its way to the database is cut in silence', async () => {
    const line = await lineTo(Number(new URL(stage.database).port));
    const dataFolder = join(stage.folder, 'cut');
    mkdirSync(dataFolder);
    copyFileSync(join(stage.folder, 'orchestrator', 'inputs.key'), join(dataFolder, 'inputs.key'));
    const cut = await stage.serve({
      dataFolder,
      port: await freePort(),
      database: stage.database.replace(/:\d+\//, `:${line.port}/`),
    });
    let member = await stage.member({
      pair: { addresses: [cut.address, b.address], code: await code(), name: 'PC-cut' },
    });
    // It begins with any of the two addresses.
    for (;;) {
      await sleep(500);
      if (readFileSync(join(dataFolder, 'orchestrator.log'), 'utf8').includes('an agent is connected')) break;
      await member.kill();
      member = await stage.member({ dataFolder: member.dataFolder });
    }
    const target = { name: 'cut', target: 'PC-cut', account: 'ann', password: 'the password of ann' };
    await other.call('connections.put', target);
    const run = async () => (await other.call('runs.enqueue', requestOf('WAIT 0.01', 'cut'))).run.id;
    expect((await reached(other, await run(), 'Succeeded')).state).toBe('Succeeded');
    line.silence(true);
    const before = Date.now();
    const waiting = await run();
    expect((await reached(other, waiting, 'Succeeded')).state).toBe('Succeeded');
    const took = Date.now() - before;
    process.stdout.write(`a machine came over after ${(took / 1_000).toFixed(1)} s\n`);
    expect(took).toBeLessThan(10_000);
    await cut.kill();
    await member.kill();
    await line.close();
  }, 60_000);

  it('brings wishes, answers and debuggers to a machine that is connected to another instance', async () => {
    // The machine knows only b; the person is connected to a.
    const member = await stage.member({
      pair: { addresses: [b.address], code: await code(), name: 'PC-far' },
    });
    await link.call('connections.put', {
      name: 'far',
      target: 'PC-far',
      account: 'ann',
      password: 'the password of ann',
    });
    const started = async (text: string) => {
      const { run } = await link.call('runs.enqueue', requestOf(text, 'far'));
      await reached(link, run.id, 'Running');
      return run.id;
    };
    const asks = await started('# asks\nWAIT 0.01');
    await until(async () =>
      (await link.call('runs.events', { runId: asks, after: 0 })).events.some(
        ({ kind }) => kind === 'question',
      ),
    );
    const answer = { questionId: 'q1', answer: { button: 'Yes', values: [] }, by: 'x' };
    await link.call('runs.answer', { runId: asks, ...answer });
    await expect(link.call('runs.answer', { runId: asks, ...answer })).rejects.toMatchObject({
      code: expect.stringMatching(/^(QuestionNotFound|RunNotActive)$/),
    });
    expect((await reached(link, asks, 'Succeeded')).outputs).toEqual({ Answer: 'Yes' });

    const long = await started('WAIT 60');
    const before = Date.now();
    await link.call('runs.pause', { runId: long });
    expect(Date.now() - before).toBeLessThan(2_000);
    expect((await reached(link, long, 'Paused')).state).toBe('Paused');
    await link.call('runs.resume', { runId: long });
    expect((await reached(link, long, 'Running')).state).toBe('Running');
    const heard: unknown[] = [];
    link.onDebug(({ message }) => heard.push(message));
    for (let seq = 0; seq < 20; seq++) await link.call('runs.debug', { runId: long, message: { seq } });
    await until(() => heard.length === 20);
    expect(heard).toEqual(Array.from({ length: 20 }, (_, seq) => ({ echo: { seq } })));
    await expect(other.call('runs.debug', { runId: long, message: {} })).rejects.toMatchObject({
      code: 'DebuggerAttached',
    });
    const stopping = Date.now();
    await link.call('runs.stop', { runId: long });
    expect((await reached(link, long, 'Canceled')).state).toBe('Canceled');
    expect(Date.now() - stopping).toBeLessThan(3_000);
    await until(() => heard.at(-1) === null);

    const lost = await started('WAIT 60');
    await member.kill();
    await expect(link.call('runs.pause', { runId: lost })).rejects.toMatchObject({
      code: 'MachineNotConnected',
    });
    const again = await stage.member({ dataFolder: member.dataFolder });
    expect((await reached(link, lost, 'Lost')).error?.code).toBe('AgentRestarted');
    await again.kill();
  }, 60_000);

  it('is killed again and again between what is on disk and what it has told: nothing is lost, nothing runs twice', async () => {
    const ports = [await freePort(), await freePort()];
    const addresses = ports.map((port) => `ws://127.0.0.1:${port}`);
    const members = [];
    for (const name of ['PC-k1', 'PC-k2'])
      members.push(await stage.member({ pair: { addresses: [a.address], code: await code(), name } }));
    await groupOf(link, ['PC-k1', 'PC-k2']);
    for (const child of members) await child.kill();
    // From here on they know only those that die.
    const { writeFileSync } = await import('node:fs');
    const restarted = [];
    for (const { dataFolder } of members) {
      const file = join(dataFolder, 'membership.json');
      writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), addresses }), {
        mode: 0o600,
      });
      restarted.push(await stage.member({ dataFolder }));
    }
    let isOver = false;
    let deaths = 0;
    const instances = ports.map(async (port) => {
      while (!isOver) {
        const instance = await stage.serve({ port, diesUntold: 0.03 });
        await until(() => isOver || instance.process.signalCode !== null, 60_000);
        if (instance.process.signalCode !== null) deaths++;
        else await instance.kill();
      }
    });
    const ids = Array.from({ length: 120 }, () => newRunId());
    const submit = async (id: string, at: number): Promise<void> => {
      for (let attempt = 0; ; attempt++) {
        try {
          const client = await stage.connect(addresses[(at + attempt) % 2] as string, owner);
          await client.call('runs.enqueue', { ...requestOf('WAIT 0.02'), id });
          client.dispose();
          return;
        } catch (error) {
          if (attempt > 200) throw error;
          await sleep(100);
        }
      }
    };
    for (let i = 0; i < ids.length; i += 8)
      await Promise.all(ids.slice(i, i + 8).map((id, at) => submit(id, at)));
    await until(async () => {
      const open = await query(
        `SELECT count(*)::int AS n FROM run WHERE id = ANY('{${ids.join()}}') AND ended_at IS NULL`,
      );
      return open[0]?.n === 0;
    }, 80_000);
    isOver = true;
    await Promise.all(instances);
    const states = await query(
      `SELECT state, count(*)::int AS n FROM run WHERE id = ANY('{${ids.join()}}') GROUP BY state`,
    );
    expect(states).toEqual([{ state: 'Succeeded', n: ids.length }]);
    for (const kind of ['begin', 'end']) {
      const done = stage
        .deedsOf(kind)
        .map(([, id]) => id as string)
        .filter((id) => ids.includes(id));
      expect(done.length).toBe(ids.length);
      expect(new Set(done).size).toBe(ids.length);
    }
    expect(deaths).toBeGreaterThan(3);
    for (const child of restarted) await child.kill();
  }, 120_000);
});

// Machines, groups, connections, queues and schedules as their methods answer, and who may ask for what. A real store and orchestrator;
// the roles are given by the test.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { auditTrail } from '../../src/agent/auditTrail.ts';
import type { Asker } from '../../src/agent/fleetAccess.ts';
import { FleetApi, type FleetServices } from '../../src/agent/fleetApi.ts';
import { prepareRun } from '../../src/agent/runRequest.ts';
import { vault } from '../../src/agent/seal.ts';
import { ProductError } from '../../src/base/error.ts';
import { Log } from '../../src/base/log.ts';
import { Orchestrator } from '../../src/orchestration/orchestrator.ts';
import { defaultPlacement, defaultSettings } from '../../src/orchestration/settings.ts';
import { openFleetStore } from '../../src/orchestration/store/fleetStore.ts';
import { openScheduleStore } from '../../src/orchestration/store/schedules.ts';
import { sqliteMigrations } from '../../src/orchestration/store/schema.ts';
import { openSqliteDatabase } from '../../src/orchestration/store/sqlite.ts';
import type { ConnectionRecord, Role } from '../../src/protocol/fleet.ts';
import { FakeClock } from '../fakes/clock.ts';
import { request } from './runs.ts';

const leaseMs = 60_000;
const sealing = vault(new Uint8Array(32).fill(7));

let clock: FakeClock;
let orchestrator: Orchestrator;
let services: FleetServices;
let audited: string[];
let told: string[];
let passwords: Map<string, string>;
/** Role by principal and queue. */
let roles: Map<string, Role>;

beforeEach(async () => {
  clock = new FakeClock();
  const database = openSqliteDatabase(':memory:', sqliteMigrations, clock);
  const store = openFleetStore(database, leaseMs);
  const log = new Log('test', () => clock.now());
  orchestrator = await Orchestrator.open({
    store,
    clock,
    chance: () => 0,
    settings: { ...defaultSettings, leaseMs },
    log,
  });
  audited = [];
  told = [];
  passwords = new Map();
  roles = new Map();
  let ids = 0;
  const trail = auditTrail(database, () => `line-${++ids}`, log);
  services = {
    orchestrator,
    store,
    schedules: openScheduleStore(database),
    leaseMs,
    credentials: {
      put: (connectionId, password) => {
        if (password.length > 256) throw new ProductError('CredentialInvalid', 'Too long.', 'Shorten it.');
        passwords.set(connectionId, password);
      },
      remove: (connectionId) => void passwords.delete(connectionId),
      claim: (reference) => {
        if (!reference.startsWith('env:')) throw new ProductError('ReferenceInvalid', 'No.', 'Other.');
      },
      test: async ({ name }: ConnectionRecord) => ({ machine: name, ok: true }),
    },
    audit: {
      add: (who, what, subject, queue) => {
        audited.push(`${who} ${what} ${subject}`);
        return trail.add(who, what, subject, queue);
      },
      lines: trail.lines,
    },
    era: () => '2021',
    machineChanged: ({ name }) => told.push(name),
    schedulesChanged: () => {},
    newId: () => `new-${++ids}`,
    now: () => clock.now(),
    prepare: (params, target, sealFor) => prepareRun(params, target, sealing, sealFor),
  };
  for (const [id, name] of [
    ['m1', 'SRV-1'],
    ['m2', 'SRV-2'],
  ] as const)
    await store.putMachine({ id, name, description: '', owner: 'olga', unattendedSlots: 1 });
  await store.putGroup({
    id: 'g1',
    name: 'Robots',
    description: '',
    owner: 'olga',
    settings: defaultPlacement,
  });
  for (const queue of ['m1', 'm2', 'g1']) roles.set(`olga ${queue}`, 'owner');
});
afterEach(async () => {
  await orchestrator.close();
  await services.store.close();
});

const asker = (principal: string): Asker => ({
  principal,
  isAlone: false,
  roleOf: async (queue) => roles.get(`${principal} ${queue}`),
  roles: async () => (queue) => roles.get(`${principal} ${queue}`),
});
const as = (principal: string) => new FleetApi(services, asker(principal)).methods;

const queued = (changes: Parameters<typeof request>[0]) => orchestrator.enqueue(request(changes));

const connection = (principal: string, changes: object = {}) =>
  as(principal)['connections.put']({ name: 'Bot', target: 'SRV-1', account: 'CORP\\bot', ...changes });

describe('the audit', () => {
  it('is read by owners: of one machine or group, or of everything', async () => {
    await as('olga')['machines.set']({ machine: 'SRV-1', settings: { maintenance: true } });
    await as('olga')['groups.put']({ group: 'Robots', description: 'all of them' });
    await as('olga')['groups.join']({ group: 'Robots', machine: 'SRV-2' });
    const subjects = async (principal: string, queue?: string) =>
      (await as(principal)['audit.list']({ limit: 10, ...(queue !== undefined && { queue }) })).lines.map(
        ({ subject }) => subject,
      );
    expect(await subjects('olga', 'SRV-1')).toEqual([expect.stringContaining('maintenance=true')]);
    expect(await subjects('olga', 'Robots')).toEqual(['SRV-2 → Robots', 'Robots: description=all of them']);
    await expect(subjects('olga')).rejects.toMatchObject({ code: 'AccessDenied' });
    roles.set('root ', 'coowner');
    expect(await subjects('root')).toHaveLength(3);
    roles.set('ursula g1', 'user');
    await expect(subjects('ursula', 'Robots')).rejects.toMatchObject({ code: 'AccessDenied' });
    await expect(subjects('olga', 'nothing')).rejects.toMatchObject({ code: 'MachineNotFound' });
  });
});

describe('many machines', () => {
  it('are listed with what waits and runs there by as many questions as one machine', async () => {
    let asked = 0;
    const counted = new Proxy(services.store, {
      get: (store, name) => {
        const member = store[name as keyof typeof store] as unknown;
        if (typeof member !== 'function') return member;
        return (...given: unknown[]) => {
          asked++;
          return member.apply(store, given);
        };
      },
    });
    const olga = asker('olga');
    const counting = <T>(answer: T): T => {
      asked++;
      return answer;
    };
    const api = new FleetApi(
      { ...services, store: counted },
      {
        ...olga,
        roleOf: (queue) => counting(olga.roleOf(queue)),
        roles: () => counting(olga.roles()),
      },
    ).methods;
    const questions = async () => {
      asked = 0;
      const { machines } = await api['machines.list']({});
      await api['queue.list']({ limit: 10 });
      await api['groups.list']({});
      return { machines, asked };
    };
    await queued({ queue: 'm1' });
    const few = await questions();
    for (let i = 3; i <= 300; i++) {
      const id = `m${i}`;
      await services.store.putMachine({
        id,
        name: `SRV-${i}`,
        description: '',
        owner: 'olga',
        unattendedSlots: 1,
      });
      roles.set(`olga ${id}`, 'owner');
    }
    const many = await questions();
    expect(many.asked).toBe(few.asked);
    expect(many.machines).toHaveLength(300);
    expect(many.machines.find(({ id }) => id === 'm1')).toMatchObject({ queued: 1, running: 0 });
    expect(many.machines.find(({ id }) => id === 'm200')).toMatchObject({ queued: 0, running: 0 });
  });
});

describe('names', () => {
  it('find in any letter case, by identifier too, and say what there is when they do not', async () => {
    const { methods } = new FleetApi(services, asker('olga'));
    for (const machine of ['m1', 'SRV-1', 'srv-1', ' Srv-1 '])
      expect((await methods['machines.list']({ machine })).machines[0]?.id).toBe('m1');
    await expect(methods['machines.list']({ machine: 'SRV-9' })).rejects.toMatchObject({
      code: 'MachineNotFound',
      message: 'There is no machine SRV-9. Do you mean SRV-1?',
    });
    await expect(methods['machines.list']({ machine: 'other' })).rejects.toMatchObject({
      message: 'There is no machine other. There is SRV-1, SRV-2.',
    });
    await expect(methods['groups.remove']({ group: 'SRV-1' })).rejects.toMatchObject({
      code: 'XrmMachineGroupNotFound',
    });
  });

  it('of which there are many are not all listed', async () => {
    for (let number = 3; number < 60; number++)
      await services.store.putMachine({
        id: `m${number}`,
        name: `SRV-${number}`,
        description: '',
        owner: 'olga',
        unattendedSlots: 1,
      });
    await expect(as('olga')['machines.list']({ machine: 'nothing like it' })).rejects.toMatchObject({
      message: expect.stringMatching(/and 51 more\.$/),
    });
  });

  it('are unique when two ask at once', async () => {
    const both = await Promise.allSettled([
      as('olga')['groups.put']({ name: 'Night' }),
      as('olga')['groups.put']({ name: 'NIGHT' }),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'NameTaken' } });
  });
});

describe('settings', () => {
  it('change where they are named, and only there', async () => {
    const olga = as('olga');
    await olga['machines.set']({ machine: 'SRV-1', settings: { reuseSessions: true } });
    const { machine } = await olga['machines.set']({ machine: 'SRV-1', settings: { maintenance: true } });
    expect(machine.settings).toEqual({ ...defaultPlacement, reuseSessions: true, maintenance: true });
    const { group } = await olga['groups.put']({ group: 'robots', settings: { allocation: 'leastLoaded' } });
    expect(group).toMatchObject({ name: 'Robots', owner: 'olga', settings: { allocation: 'leastLoaded' } });
    expect((await olga['machines.list']({})).machines[0]?.settings.maintenance).toBe(true);
  });

  it('of a group hold for its machines, whose agents are told', async () => {
    const olga = as('olga');
    for (const machine of ['SRV-1', 'SRV-2']) await olga['groups.join']({ group: 'Robots', machine });
    told = [];
    await olga['groups.put']({ group: 'Robots', settings: { maintenance: true } });
    expect(told).toEqual(['SRV-1', 'SRV-2']);
    const { machines } = await olga['machines.list']({});
    expect(machines.map(({ settings }) => settings.maintenance)).toEqual([true, true]);
    await olga['groups.leave']({ machine: 'SRV-2' });
    await olga['groups.put']({ group: 'Robots', settings: { maintenance: false } });
    expect((await olga['machines.list']({})).machines.map(({ settings }) => settings.maintenance)).toEqual([
      false,
      true,
    ]);
  });

  it('are refused on a machine in a group', async () => {
    const olga = as('olga');
    await olga['groups.join']({ group: 'Robots', machine: 'SRV-1' });
    await expect(
      olga['machines.set']({ machine: 'SRV-1', settings: { maintenance: true } }),
    ).rejects.toMatchObject({ code: 'MachineInGroup' });
    expect((await olga['machines.set']({ machine: 'SRV-1', unattendedSlots: 3 })).machine).toMatchObject({
      unattendedSlots: 3,
    });
  });
});

describe('removing', () => {
  it('is refused while runs wait, and everything is as it was', async () => {
    const olga = as('olga');
    await services.store.putMachine({
      id: 'm3',
      name: 'SRV-3',
      description: '',
      owner: 'olga',
      unattendedSlots: 1,
    });
    await services.store.setMembership('m3', 'g1');
    await queued({ queue: 'm1' });
    await queued({ queue: 'g1' });
    await expect(olga['machines.remove']({ machine: 'SRV-1' })).rejects.toMatchObject({
      code: 'QueueNotEmpty',
    });
    await expect(olga['groups.remove']({ group: 'Robots' })).rejects.toMatchObject({ code: 'QueueNotEmpty' });
    await expect(olga['groups.join']({ group: 'Robots', machine: 'SRV-1' })).rejects.toMatchObject({
      code: 'QueueNotEmpty',
    });
    expect((await olga['machines.list']({})).machines).toHaveLength(3);
    expect(audited).toEqual([]);
    await olga['machines.remove']({ machine: 'SRV-2' });
    expect((await olga['machines.list']({})).machines.map(({ name }) => name)).toEqual(['SRV-1', 'SRV-3']);
  });
});

describe('a connection', () => {
  it('has its password sealed before the answer, and never returns it', async () => {
    const answer = await connection('olga', { password: 'S3cret' });
    expect(passwords.get(answer.connection.id)).toBe('S3cret');
    expect(answer.connection.credential).toEqual({ kind: 'sealed' });
    expect(JSON.stringify([answer, await as('olga')['connections.list']({}), audited])).not.toContain(
      'S3cret',
    );
  });

  it('leaves no password behind where it was refused', async () => {
    await connection('olga', { password: 'first' });
    for (const [changes, code] of [
      [{ name: 'BOT', password: 'x' }, 'NameTaken'],
      [{ name: 'B', password: 'x'.repeat(300) }, 'CredentialInvalid'],
      [{ name: 'B', password: 'x', reference: 'env:A' }, 'InvalidRequest'],
      [{ name: 'B', reference: 'S3cret' }, 'ReferenceInvalid'],
      [{ name: 'B', account: 'CORP\\', password: 'x' }, 'AccountInvalid'],
      [{ name: 'B', target: 'SRV-7', password: 'x' }, 'MachineNotFound'],
    ] as const)
      await expect(connection('olga', changes)).rejects.toMatchObject({ code });
    expect([...passwords.values()]).toEqual(['first']);
    expect((await as('olga')['connections.list']({})).connections).toHaveLength(1);
  });

  it('gets another password, account or kind of credential', async () => {
    const { id } = (await connection('olga', { password: 'first' })).connection;
    const change = (changes: object) => as('olga')['connections.put']({ connection: 'bot', ...changes });
    await expect(change({ account: 'CORP\\eve' })).rejects.toMatchObject({ code: 'PasswordMissing' });
    await change({ account: 'CORP\\eve', password: 'second' });
    expect(passwords.get(id)).toBe('second');
    expect((await change({ name: 'Robot' })).connection).toMatchObject({
      name: 'Robot',
      account: 'CORP\\eve',
      credential: { kind: 'sealed' },
    });
    await as('olga')['connections.put']({ connection: 'Robot', reference: 'env:BOT' });
    expect(passwords.size).toBe(0);
  });

  it('takes runs to its target, under its account', async () => {
    const { connection: made } = await connection('olga', { target: 'Robots', password: 'p' });
    const olga = new FleetApi(services, asker('olga'));
    expect(await olga.target({ connection: 'bot' }, 'unattended')).toEqual({
      queue: 'g1',
      account: 'CORP\\bot',
      connection: made.id,
    });
    await as('olga')['connections.put']({ connection: 'Bot', password: '' });
    await expect(olga.target({ connection: 'bot' }, 'unattended')).rejects.toMatchObject({
      code: 'CredentialMissing',
    });
    expect(await olga.target({ connection: 'bot' }, 'attended')).toMatchObject({ queue: 'g1' });
    await expect(olga.target({ connection: 'bot', queue: 'g1' }, 'attended')).rejects.toMatchObject({
      code: 'InvalidRequest',
    });
    await expect(olga.target({ queue: 'SRV-1' }, 'attended')).rejects.toMatchObject({
      code: 'ConnectionNeeded',
    });
    await expect(olga.target({}, 'attended')).rejects.toMatchObject({ code: 'ConnectionNeeded' });
  });
});

describe('somebody', () => {
  const denied = { code: 'AccessDenied' };

  it('without a role sees nothing and changes nothing', async () => {
    const eve = as('eve');
    const { id } = await queued({ queue: 'm1' });
    expect(await eve['machines.list']({})).toEqual({ machines: [], era: '2021' });
    expect(await eve['groups.list']({})).toEqual({ groups: [] });
    expect(await eve['queue.list']({ limit: 10 })).toEqual({ waiting: [], running: [] });
    await connection('olga', { password: 'p' });
    expect(await eve['connections.list']({})).toEqual({ connections: [] });
    const before = JSON.stringify(await as('olga')['machines.list']({}));
    audited = [];
    for (const refused of [
      () => eve['machines.set']({ machine: 'SRV-1', name: 'Mine' }),
      () => eve['machines.remove']({ machine: 'SRV-2' }),
      () => eve['groups.put']({ group: 'Robots', name: 'Mine' }),
      () => eve['groups.remove']({ group: 'Robots' }),
      () => eve['groups.join']({ group: 'Robots', machine: 'SRV-2' }),
      () => eve['groups.leave']({ machine: 'SRV-2' }),
      () => connection('eve', { name: 'Own' }),
      () => eve['connections.put']({ connection: 'Bot', name: 'Mine' }),
      () => eve['connections.test']({ connection: 'Bot' }),
      () => eve['connections.remove']({ connection: 'Bot' }),
      () => eve['queue.list']({ queue: 'SRV-1', limit: 1 }),
      () => eve['queue.why']({ runId: id }),
      () => eve['queue.verdict']({ flow: 'F', mode: 'attended', priority: 'normal', connection: 'Bot' }),
      () => eve['runs.prioritize']({ runId: id, priority: 'high' }),
      () => eve['runs.moveToTop']({ runId: id }),
    ])
      await expect(refused()).rejects.toMatchObject(denied);
    expect(JSON.stringify(await as('olga')['machines.list']({}))).toBe(before);
    expect(audited).toEqual([]);
  });

  it('with the role of a user starts runs and sees the own ones, and changes nothing else', async () => {
    roles.set('uwe m1', 'user');
    const uwe = as('uwe');
    const own = await queued({ queue: 'm1', requestedBy: 'uwe' });
    const other = await queued({ queue: 'm1', requestedBy: 'olga' });
    expect((await uwe['machines.list']({})).machines.map(({ name }) => name)).toEqual(['SRV-1']);
    expect((await uwe['queue.list']({ limit: 10 })).waiting.map(({ id }) => id)).toEqual([own.id]);
    expect((await uwe['queue.why']({ runId: own.id })).run.id).toBe(own.id);
    await expect(uwe['queue.why']({ runId: other.id })).rejects.toMatchObject(denied);
    await expect(uwe['runs.moveToTop']({ runId: own.id })).rejects.toMatchObject(denied);
    await expect(uwe['machines.set']({ machine: 'SRV-1', unattendedSlots: 9 })).rejects.toMatchObject(denied);
    expect((await connection('uwe', { name: 'Uwe' })).connection.owner).toBe('uwe');
  });

  it('who is a co-owner does what an owner does', async () => {
    for (const queue of ['m1', 'g1']) roles.set(`carla ${queue}`, 'coowner');
    const carla = as('carla');
    const { id } = await queued({ queue: 'm1' });
    expect((await carla['runs.moveToTop']({ runId: id })).run.movedToTopAt).toBeDefined();
    expect((await carla['runs.moveBack']({ runId: id })).run.movedToTopAt).toBeUndefined();
    expect((await carla['runs.prioritize']({ runId: id, priority: 'high' })).run.priority).toBe('high');
    await orchestrator.stop(id);
    await carla['groups.join']({ group: 'Robots', machine: 'SRV-1' });
    expect(audited).toEqual([
      `carla moved a run to the top Sample ${id}`,
      `carla moved a run back from the top Sample ${id}`,
      `carla gave a run high priority Sample ${id}`,
      'carla added a machine to the group SRV-1 → Robots',
    ]);
  });

  it('whose machine joined a group has there what the group gives', async () => {
    roles.set('max m2', 'owner');
    await as('olga')['groups.join']({ group: 'Robots', machine: 'SRV-2' });
    await expect(as('max')['machines.set']({ machine: 'SRV-2', name: 'Mine' })).rejects.toMatchObject(denied);
  });
});

describe('queues', () => {
  it('are listed each in its order, and together', async () => {
    await services.store.putMachine({
      id: 'm3',
      name: 'SRV-3',
      description: '',
      owner: 'olga',
      unattendedSlots: 1,
    });
    await services.store.setMembership('m3', 'g1');
    const [a, b] = [await queued({ queue: 'm1' }), await queued({ queue: 'm1', priority: 'high' })];
    const c = await queued({ queue: 'g1' });
    const list = async (queue?: string, limit = 10) =>
      (await as('olga')['queue.list']({ limit, ...(queue && { queue }) })).waiting.map(({ id }) => id);
    expect(await list('SRV-1')).toEqual([b.id, a.id]);
    expect(await list('robots')).toEqual([c.id]);
    expect(await list()).toEqual([b.id, a.id, c.id]);
    expect(await list(undefined, 1)).toEqual([b.id]);
    expect(await list(undefined, -1)).toEqual([]);
    const { machines } = await as('olga')['machines.list']({});
    // A member shows what waits for its group.
    expect(machines.map(({ queued: waiting }) => waiting)).toEqual([2, 0, 1]);
  });
});

it('a schedule keeps its flow, belongs to who made it, and tells its next times', async () => {
  await connection('olga', { password: 'p', target: 'Robots' });
  const olga = as('olga');
  const spec = {
    times: { kind: 'cron', expression: '0 12 * * *' },
    timeZone: 'UTC',
    missed: 'skip',
  } as const;
  const asked = {
    flow: { name: 'Sum', path: '/flows/Sum.robin', text: 'SET A TO 1\n' },
    inputs: {},
    mode: 'unattended',
    priority: 'normal',
    requestedBy: 'olga',
    connection: 'Bot',
  } as const;
  for (const [params, code] of [
    [{ name: 'Noon', spec }, 'InvalidRequest'],
    [{ name: 'Noon', request: asked }, 'InvalidRequest'],
    [{ spec, request: asked }, 'InvalidRequest'],
    [{ name: 'Noon', spec, request: { ...asked, priority: 'urgent' } }, 'InvalidRequest'],
    [{ name: 'Noon', spec, request: { ...asked, flow: { ...asked.flow, text: 'IF\n' } } }, 'FlowHasErrors'],
    [{ name: 'Noon', spec, request: { ...asked, inputs: { A: 'x'.repeat(3 << 20) } } }, 'InputUnknown'],
    [{ name: 'Noon', spec, request: { ...asked, connection: 'None' } }, 'ConnectionNotFound'],
  ] as const)
    await expect(olga['schedules.put'](params)).rejects.toMatchObject({ code });
  const { schedule } = await olga['schedules.put']({ name: 'Noon', spec, request: asked });
  expect(schedule).toMatchObject({ flow: 'Sum', queue: 'g1', owner: 'olga', enabled: true });
  expect((await olga['schedules.next']({ schedule: 'NOON', count: 2 })).times).toEqual([
    Date.UTC(2026, 0, 31, 12),
    Date.UTC(2026, 1, 1, 12),
  ]);
  expect((await as('eve')['schedules.list']({})).schedules).toEqual([]);
  for (const method of ['schedules.remove', 'schedules.put'] as const)
    await expect(as('eve')[method]({ schedule: 'Noon' })).rejects.toMatchObject({ code: 'AccessDenied' });
  await olga['schedules.remove']({ schedule: 'Noon' });
  expect(audited.at(-1)).toBe('olga removed the schedule Noon');
});

it('an agent of one user has no roles to give and no machines to pair', async () => {
  const olga = as('olga');
  expect(await olga['access.list']({ queue: 'SRV-1' })).toEqual({
    access: [{ principal: 'olga', role: 'owner' }],
  });
  await expect(olga['access.set']({ queue: 'SRV-1', principal: 'x' })).rejects.toMatchObject({
    code: 'OrchestratorNeeded',
  });
  await expect(olga['pairing.new']({})).rejects.toMatchObject({ code: 'OrchestratorNeeded' });
});

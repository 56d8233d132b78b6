// Three machines in network namespaces of their own, two orchestrators, one PostgreSQL: 1,000 short flows, evenly; a cable is pulled in
// mid-run, once for less and once for more than the lease.
import { execFileSync, spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentLink } from '../../../src/protocol/link.ts';
import type { Run } from '../../../src/protocol/run.ts';
import { initdb, postgres } from '../../runtime/servers/postgres.ts';
import { available, findProgram } from '../../runtime/servers/server.ts';
import { freePort, groupOf, reached, requestOf, Stage, until } from './processes.ts';

const openssl = findProgram('openssl');
const ip = findProgram('ip', ['/usr/sbin', '/sbin']);
const bridge = `dff${process.pid % 100_000}`;
const network = `10.213.${process.pid % 250}`;
const names = [1, 2, 3].map((number) => `${bridge}-${number}`);
const machines = ['PC-1', 'PC-2', 'PC-3'];

const run = (...args: readonly string[]) => execFileSync(ip as string, args, { stdio: 'pipe' });
const attempt = (...args: readonly string[]) => spawnSync(ip as string, args, { stdio: 'pipe' }).status === 0;

/** Whether this account may make network namespaces; says so where it may not. */
function mayMakeNetworks(): boolean {
  if (ip === undefined) return false;
  const probe = `${bridge}-probe`;
  const works =
    attempt('netns', 'add', probe) && attempt('netns', 'exec', probe, ip, 'link', 'set', 'lo', 'up');
  attempt('netns', 'del', probe);
  if (!works) console.warn('skipped: machines in network namespaces need root (run this test as root)');
  return works;
}

const isPossible =
  available('PostgreSQL, openssl and ip', [initdb, postgres, openssl, ip]) && mayMakeNetworks();

describe.skipIf(!isPossible)('a machine group over a network', () => {
  const stage = new Stage();
  let link: AgentLink;
  const byId = new Map<string, string>();

  beforeAll(async () => {
    run('link', 'add', bridge, 'type', 'bridge');
    run('addr', 'add', `${network}.1/24`, 'dev', bridge);
    run('link', 'set', bridge, 'up');
    for (const [index, name] of names.entries()) {
      run('netns', 'add', name);
      run('link', 'add', `${bridge}v${index}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
      run('link', 'set', `${bridge}v${index}`, 'master', bridge, 'up');
      run('-n', name, 'addr', 'add', `${network}.${index + 2}/24`, 'dev', 'eth0');
      run('-n', name, 'link', 'set', 'eth0', 'up');
    }
    await stage.open();
    const settings = { heartbeatMs: 500, leaseMs: 5_000 };
    const instances = [];
    for (let i = 0; i < 2; i++) {
      const port = await freePort();
      instances.push(await stage.serve({ port, host: `${network}.1`, insecure: true, settings }));
    }
    const addresses = instances.map(({ address }) => address);
    const secret = await stage.token('olga', 'owner');
    link = await stage.connect(addresses[0] as string, secret, true);
    for (const [index, name] of machines.entries()) {
      const { code } = await link.call('pairing.new', {});
      const member = await stage.member({ pair: { addresses, code, name, insecure: true } }, [
        ip as string,
        'netns',
        'exec',
        names[index] as string,
      ]);
      byId.set(String(member.said.machine), name);
    }
    await groupOf(link, machines);
  }, 60_000);
  afterAll(async () => {
    await stage.close();
    for (const [index, name] of names.entries()) {
      attempt('link', 'del', `${bridge}v${index}`);
      attempt('netns', 'del', name);
    }
    attempt('link', 'del', bridge);
  });

  const cable = (machine: string, state: 'up' | 'down') =>
    run('link', 'set', `${bridge}v${machines.indexOf(machine)}`, state);
  const submit = async (count: number, text: string): Promise<string[]> => {
    const ids: string[] = [];
    while (ids.length < count) {
      const together = Array.from({ length: Math.min(50, count - ids.length) }, () => requestOf(text));
      for (const { run: queued } of await Promise.all(together.map((one) => link.call('runs.enqueue', one))))
        ids.push(queued.id);
    }
    return ids;
  };
  const ended = async (ids: readonly string[], ms = 60_000): Promise<Run[]> => {
    const found: Run[] = [];
    for (const id of ids) found.push(await reached(link, id, 'Succeeded', ms));
    return found;
  };
  const share = (runs: readonly Run[]) =>
    Object.fromEntries(
      machines.map((name) => [name, runs.filter(({ machine = '' }) => byId.get(machine) === name).length]),
    );

  it('runs 1,000 short flows evenly, and keeps its word when a machine is cut off in mid-run', async () => {
    const all: string[] = [];
    const begin = Date.now();
    const first = await submit(700, 'WAIT 0.01');
    all.push(...first);
    const quick = await ended(first);
    const seconds = (Date.now() - begin) / 1_000;
    const shares = share(quick);
    console.log(`700 runs in ${seconds.toFixed(1)} s:`, shares);
    for (const count of Object.values(shares)) {
      expect(count).toBeGreaterThan(700 / 3 / 1.3);
      expect(count).toBeLessThan((700 / 3) * 1.3);
    }

    /** One flow on each machine, in mid-run. */
    const long = async () => {
      const ids = await submit(3, 'WAIT 3');
      all.push(...ids);
      const runs: Run[] = [];
      for (const id of ids) runs.push(await reached(link, id, 'Running'));
      expect(Object.values(share(runs))).toEqual([1, 1, 1]);
      return runs;
    };
    const on = (runs: readonly Run[], machine: string) =>
      runs.find((one) => byId.get(one.machine ?? '') === machine) as Run;

    // For less than the lease: nobody loses anything.
    const held = await long();
    cable('PC-2', 'down');
    await sleep(2_000);
    cable('PC-2', 'up');
    expect((await ended(held.map(({ id }) => id))).map(({ state }) => state)).toEqual(
      Array(3).fill('Succeeded'),
    );

    // For longer: what it ran is Lost, what waits goes to the others, and nothing runs twice.
    const cut = await long();
    cable('PC-3', 'down');
    const rest = await submit(1_000 - all.length, 'WAIT 0.01');
    all.push(...rest);
    const lost = await ended([on(cut, 'PC-3').id]);
    expect(lost).toMatchObject([{ state: 'Lost', error: { code: expect.any(String) } }]);
    const others = share(await ended(rest));
    console.log(`with PC-3 cut off, ${rest.length} runs:`, others);
    expect(others['PC-3']).toBe(0);
    cable('PC-3', 'up');
    await until(
      async () => (await link.call('machines.list', {})).machines.every(({ online }) => online),
      40_000,
    );
    // It works again.
    const after = await submit(30, 'WAIT 0.05');
    expect(share(await ended(after))['PC-3']).toBeGreaterThan(0);

    const runs = await ended(all);
    expect(runs).toHaveLength(1_000);
    const states = runs.map(({ state }) => state);
    expect(states.filter((state) => state === 'Succeeded')).toHaveLength(999);
    expect(states.filter((state) => state === 'Lost')).toHaveLength(1);
    const begun = stage.deedsOf('begin').map(([, id]) => id);
    expect(new Set(begun).size).toBe(begun.length);
    expect(begun.length).toBe(1_000 + after.length);
  }, 120_000);
});

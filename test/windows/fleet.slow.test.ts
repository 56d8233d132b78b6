// A fleet in a box: three Windows machines with an agent each as it is built, one orchestrator over PostgreSQL on this system. Paired by the
// command line, put into a group; shares, order, maintenance, refusals, and a machine that loses its power in mid-run.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentLink } from '../../src/protocol/link.ts';
import { isTerminal, type Run } from '../../src/protocol/run.ts';
import { freePort, reached, requestOf, Stage, until } from '../agent/orchestrator/processes.ts';
import { initdb, postgres } from '../runtime/servers/postgres.ts';
import { available } from '../runtime/servers/server.ts';

interface Machine {
  readonly folder: string;
  readonly drive: string;
  node(
    args: readonly string[],
    options?: { readonly env?: Readonly<Record<string, string>>; readonly limit?: number },
  ): { readonly ended: Promise<{ readonly code: number | null; readonly text: string }> };
  switchOff(): void;
  stop(): void;
}
/** The scripts have no types of their own. */
const script = (name: string): Promise<unknown> =>
  import(new URL(`../../scripts/${name}`, import.meta.url).href);
const { startMachine, windowsPath } = (await script('windows/machine.mjs')) as {
  startMachine(options: { readonly name: string; readonly user: string }): Promise<Machine>;
  windowsPath(path: string): string;
};
const { provision } = (await script('provision-windows.mjs')) as {
  provision(options: { readonly install: boolean }): Promise<unknown>;
};

/** On a machine of a CI it is installed. */
const hasWindows = await provision({ install: process.env.CI === 'true' }).then(
  () => true,
  (error: Error) => {
    console.warn(`skipped: ${error.message}`);
    return false;
  },
);

const names = ['WINMACH1', 'WINMACH2', 'WINMACH3'];
const home = 'C:\\agent data';
const secret = 'the password of tester';
const short = `@OUTPUT Computer : { 'Description': '', 'FriendlyName': 'Computer', 'Type': 'String' }
System.GetEnvironmentVariable.GetEnvironmentVariable Name: $'''COMPUTERNAME''' Value=> Computer
WAIT 0.1
`;
const long = 'LOOP WHILE (1) = (1)\n    WAIT 0.05\nEND\n';

describe.skipIf(!hasWindows || !available('PostgreSQL', [initdb, postgres]))('three Windows machines', () => {
  const stage = new Stage();
  const machines = new Map<string, Machine>();
  /** By id. */
  const nameOf = new Map<string, string>();
  let link: AgentLink;

  const dflow = async (name: string, ...args: string[]): Promise<string> => {
    const machine = machines.get(name) as Machine;
    const { code, text } = await machine.node([windowsPath(join(process.cwd(), 'bin/dflow.cjs')), ...args], {
      env: { DESKTOP_FLOWS_HOME: home },
      limit: 60_000,
    }).ended;
    expect({ args, code }, text).toEqual({ args, code: 0 });
    return text;
  };
  const request = (
    text: string,
    more: Partial<Omit<ReturnType<typeof requestOf>, 'mode'>> & { mode?: 'attended' | 'unattended' } = {},
  ) => ({
    ...requestOf(text, 'tester'),
    mode: 'attended' as 'attended' | 'unattended',
    ...more,
  });
  const submit = async (text: string, more: Parameters<typeof request>[1] = {}): Promise<Run> =>
    (await link.call('runs.enqueue', request(text, more))).run;
  const running = async (run: Run): Promise<Run> => reached(link, run.id, 'Running', 30_000);
  const machineOf = ({ machine = '' }: Run): string => nameOf.get(machine) ?? machine;
  const stop = async (runs: readonly Run[]) => {
    for (const { id } of runs) await link.call('runs.stop', { runId: id });
    for (const { id } of runs) await reached(link, id, 'Canceled', 30_000);
  };

  beforeAll(async () => {
    const made = Promise.all(
      names.map(async (name) => machines.set(name, await startMachine({ name, user: 'tester' }))),
    );
    await Promise.all([stage.open(), made]);
    const { address } = await stage.serve({
      port: await freePort(),
      settings: { heartbeatMs: 1_000, leaseMs: 6_000 },
    });
    link = await stage.connect(address, await stage.token('olga', 'owner'));
    await Promise.all(
      names.map(async (name) => {
        const { code } = await link.call('pairing.new', {});
        await dflow(name, 'agent', 'start');
        await dflow(name, 'agent', 'pair', address, code, '--name', name);
      }),
    );
    await link.call('groups.put', { name: 'Fleet' });
    for (const name of names) await link.call('groups.join', { group: 'Fleet', machine: name });
    await link.call('connections.put', {
      name: 'tester',
      target: 'Fleet',
      account: 'tester',
      password: secret,
    });
    await link.call('connections.put', { name: 'nobody', target: 'Fleet', account: 'nobody-here' });
    const { machines: rows } = await link.call('machines.list', {});
    for (const { id, name } of rows) nameOf.set(id, name);
    expect([...nameOf.values()].sort()).toEqual(names);
  }, 120_000);
  afterAll(async () => {
    await Promise.all(
      names.filter((name) => machines.has(name)).map((name) => dflow(name, 'agent', 'stop').catch(() => {})),
    );
    for (const machine of machines.values()) machine.stop();
    await stage.close();
  }, 60_000);

  it('spread 60 short runs, and each says on which computer it was', async () => {
    const begun = Date.now();
    const runs = await Promise.all(Array.from({ length: 60 }, () => submit(short)));
    const ended: Run[] = [];
    for (const { id } of runs) ended.push(await reached(link, id, 'Succeeded', 90_000));
    const share = Object.fromEntries(
      names.map((name) => [name, ended.filter((run) => machineOf(run) === name).length]),
    );
    console.log(`60 runs in ${((Date.now() - begun) / 1_000).toFixed(1)} s:`, share);
    for (const run of ended) {
      expect(run.state, JSON.stringify(run.error)).toBe('Succeeded');
      expect(run.outputs?.Computer).toBe(machineOf(run));
    }
    for (const count of Object.values(share)) expect(count).toBeGreaterThanOrEqual(10);
  }, 120_000);

  it('take what was moved to the top first, then what is urgent', async () => {
    const busy = await Promise.all(names.map(() => submit(long)));
    for (const run of busy) await running(run);
    expect(new Set((await Promise.all(busy.map(running))).map(machineOf)).size).toBe(3);
    const [usual, urgent, topped] = [
      await submit(short),
      await submit(short, { priority: 'high' as 'normal' }),
      await submit(short),
    ];
    await link.call('runs.moveToTop', { runId: topped.id });
    await stop(busy.slice(0, 1));
    const order: Run[] = [];
    for (const { id } of [topped, urgent, usual]) order.push(await reached(link, id, 'Succeeded', 30_000));
    const started = order.map(({ startedAt = 0 }) => startedAt);
    expect(started).toEqual([...started].sort((one, other) => one - other));
    await stop(busy.slice(1));
  }, 60_000);

  it('leave a machine alone that is in maintenance, until it is no more', async () => {
    const [resting = '', ...others] = names;
    const maintenance = (isOn: boolean) =>
      link.call('machines.set', { machine: resting, settings: { maintenance: isOn } });
    await expect(maintenance(true)).rejects.toThrow('machine group, whose settings hold for all');
    await link.call('groups.leave', { machine: resting });
    await link.call('connections.put', { name: 'one', target: resting, account: 'tester' });
    await maintenance(true);
    const waiting = await submit(long, { connection: 'one' });
    const busy = await Promise.all((await Promise.all(others.map(() => submit(long)))).map(running));
    expect(busy.map(machineOf).sort()).toEqual(others);
    expect((await link.call('runs.get', { runId: waiting.id })).run.state).toBe('Queued');
    await maintenance(false);
    expect(machineOf(await running(waiting))).toBe(resting);
    await stop([...busy, waiting]);
    await link.call('connections.remove', { connection: 'one' });
    await link.call('groups.join', { group: 'Fleet', machine: resting });
  }, 60_000);

  it('let the others go on when one loses its power in mid-run: its run is Lost, what waits is run', async () => {
    const busy = await Promise.all((await Promise.all(names.map(() => submit(long)))).map(running));
    const waiting = await Promise.all([submit(short), submit(short)]);
    const lost = busy[0] as Run;
    const dead = machineOf(lost);
    machines.get(dead)?.switchOff();
    expect(await reached(link, lost.id, 'Lost', 30_000)).toMatchObject({
      state: 'Lost',
      error: { code: expect.any(String) },
    });
    // Nothing is free until one of the others is.
    await stop(busy.slice(1, 2));
    for (const { id } of waiting) {
      const run = await reached(link, id, 'Succeeded', 30_000);
      expect(run.state).toBe('Succeeded');
      expect(machineOf(run)).not.toBe(dead);
    }
    expect((await link.call('runs.get', { runId: (busy[2] as Run).id })).run.state).toBe('Running');
    await stop(busy.slice(2));
    // Switched on again, it belongs to the group as before, and what was lost stays lost.
    await dflow(dead, 'agent', 'start');
    await until(async () => {
      const again = await reached(link, (await submit(short)).id, 'Succeeded', 30_000);
      return machineOf(again) === dead;
    }, 60_000);
    expect((await link.call('runs.get', { runId: lost.id })).run.state).toBe('Lost');
  }, 120_000);

  it('refuse by the code of the reason', async () => {
    const stranger = await submit(short, { connection: 'nobody' });
    const { run: refused } = await link.call('runs.get', { runId: stranger.id });
    const ended = isTerminal(refused.state) ? refused : await reached(link, stranger.id, 'Failed', 30_000);
    const unattended = await reached(
      link,
      (await submit(short, { mode: 'unattended' })).id,
      'Failed',
      30_000,
    );
    expect(ended.error?.code).toBe('AttendedUserNotLoggedIn');
    expect(unattended.error?.code).toBe('Win10AlreadyHasActiveSession');
  }, 90_000);

  it('keep what a machine has said to themselves', () => {
    for (const machine of machines.values())
      expect(readFileSync(join(machine.drive, 'agent data', 'agent.log'), 'utf8')).not.toContain(secret);
  });
});

// The host for Windows on a played computer, where its contract does not look: what the computer is set up for, what FreeRDP says, people
// at the console, limits, sessions that do not do what they are asked for, a former life of the agent.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { Client, clientArguments, clientSettings, refusalIn } from '../../../src/agent/sessions/client.ts';
import { endReason, factsOf, idOf, isSignedIn, stateOf } from '../../../src/agent/sessions/windows/rows.ts';
import { findClient, readSetUp, type SetUp } from '../../../src/agent/sessions/windows/setUp.ts';
import { startWindowsSessions, type WindowsSessionHost } from '../../../src/agent/sessions/windows.ts';
import { Log, type LogLine } from '../../../src/base/log.ts';
import type { RegistryValue } from '../../../src/win32/registry.ts';
import type { SessionRow } from '../../../src/win32/sessionLook.ts';
import { Changes, codeOf, never, size } from './contract.ts';
import { FakeProcess } from './fakeHost.ts';
import { accessDenied, PlayedComputer, type PlayedOptions } from './playedComputer.ts';

const folder = mkdtempSync(join(tmpdir(), 'dflow-windows-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const hosts = new Set<WindowsSessionHost>();
afterEach(() => {
  for (const host of hosts) host.dispose();
  hosts.clear();
});

const ann = { account: 'ann', password: 'a secret' };
const accounts: PlayedOptions['accounts'] = { ann: { password: 'a secret' }, bob: { password: 'another' } };
const lines: LogLine[] = [];
let folders = 0;

async function machine(options: Partial<PlayedOptions> = {}, name = `host${++folders}`) {
  const computer = new PlayedComputer({
    accounts,
    start: async () => new FakeProcess() as never,
    ...options,
  });
  return { computer, host: await hostOn(computer, name) };
}

async function hostOn(computer: PlayedComputer, name: string): Promise<WindowsSessionHost> {
  const host = await startWindowsSessions({
    folder: join(folder, name),
    sessionLimit: 3,
    log: new Log('sessions', Date.now, [(line) => lines.push(line)]),
    computer,
  });
  hosts.add(host);
  return host;
}

describe('what a computer is set up for', () => {
  const server = 'SYSTEM\\CurrentControlSet\\Control\\Terminal Server';
  const listener = `${server}\\WinStations\\RDP-Tcp`;
  const policy = 'SOFTWARE\\Policies\\Microsoft\\Windows NT\\Terminal Services';
  const certificates = 'SOFTWARE\\Microsoft\\SystemCertificates\\Remote Desktop\\Certificates';
  const read = (
    values: Readonly<Record<string, number | string | Buffer>>,
    {
      product = 'server' as 'server' | 'workstation' | 'domainController',
      edition = 7,
      keys = [] as readonly string[],
    } = {},
  ): SetUp =>
    readSetUp(
      { product, edition },
      {
        value(path, name): RegistryValue | undefined {
          const value = values[`${path}\\${name}`];
          if (value === undefined) return undefined;
          if (typeof value === 'number') return { kind: 'number', value };
          return typeof value === 'string' ? { kind: 'text', value } : { kind: 'bytes', value };
        },
        keys: (path) => (path === certificates ? keys : []),
      },
      10,
    );

  it('is read from edition, settings and policies', () => {
    expect(read({}, { product: 'workstation', edition: 48 })).toMatchObject({
      edition: 'client',
      sessionLimit: 1,
      severalPerUser: false,
      remoteDesktop: 'off',
      port: 3389,
      hasNotice: false,
    });
    expect(read({})).toMatchObject({ edition: 'server', sessionLimit: 2 });
    expect(read({}, { product: 'domainController' })).toMatchObject({ edition: 'server' });
    expect(read({ [`${server}\\TSAppCompat`]: 1 })).toMatchObject({ sessionLimit: 10 });
    expect(read({ [`${server}\\TSAppCompat`]: 1, [`${listener}\\MaxInstanceCount`]: 5 }).sessionLimit).toBe(
      5,
    );
    expect(
      read({
        [`${server}\\TSAppCompat`]: 1,
        [`${listener}\\MaxInstanceCount`]: 0xffffffff,
        [`${policy}\\MaxInstanceCount`]: 4,
      }).sessionLimit,
    ).toBe(4);
    // Windows for several sessions calls itself a workstation or a server, depending on its version.
    expect(read({}, { product: 'workstation', edition: 175 })).toMatchObject({
      edition: 'server',
      sessionLimit: 10,
    });
    expect(read({ [`${server}\\fSingleSessionPerUser`]: 0 }).severalPerUser).toBe(true);
    expect(
      read({ [`${server}\\fSingleSessionPerUser`]: 0, [`${policy}\\fSingleSessionPerUser`]: 1 })
        .severalPerUser,
    ).toBe(false);
    expect(read({ [`${server}\\fDenyTSConnections`]: 0 }).remoteDesktop).toBe('on');
    expect(
      read({ [`${server}\\fDenyTSConnections`]: 0, [`${policy}\\fDenyTSConnections`]: 1 }).remoteDesktop,
    ).toBe('off');
    expect(read({ [`${listener}\\PortNumber`]: 3390 }).port).toBe(3390);
  });

  it('knows certificates, notices and limits', () => {
    const hash = 'a1'.repeat(20);
    const pairs = Array(20).fill('A1').join(':');
    expect(read({}, { keys: [hash, 'no certificate'] }).thumbprints).toEqual([pairs]);
    expect(
      read({ [`${listener}\\SSLCertificateSHA1Hash`]: Buffer.alloc(20, 0xb2) }, { keys: [hash] }).thumbprints,
    ).toEqual([Array(20).fill('B2').join(':')]);
    const winlogon = 'SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon';
    expect(
      read({ [`${winlogon}\\LegalNoticeText`.replace('LegalNoticeText', 'legalnoticetext')]: 'Mind!' })
        .hasNotice,
    ).toBe(true);
    expect(read({ [`${winlogon}\\legalnoticecaption`]: ' ' }).hasNotice).toBe(false);
    const limits = { [`${policy}\\MaxIdleTime`]: 60_000, [`${listener}\\MaxConnectionTime`]: 0 };
    expect(read(limits).idleLimitMs).toBeUndefined(); // it disconnects only
    expect(read({ ...limits, [`${policy}\\fResetBroken`]: 1 })).toMatchObject({
      idleLimitMs: 60_000,
      durationLimitMs: undefined,
    });
  });

  it('finds the client beside the agent, in its folder, or on the path', () => {
    const there = new Set([
      join('/agent', 'freerdp', 'wfreerdp.exe'),
      join('/agent', 'freerdp', 'sdl-freerdp.exe'),
      join('/path', 'wfreerdp.exe'),
    ]);
    const found = (program: string) =>
      findClient(program, { PATH: '/nothing;/path' }, (path) => there.has(path));
    expect(found('/agent/node.exe')).toBe(join('/agent', 'freerdp', 'sdl-freerdp.exe'));
    expect(found('/elsewhere/node.exe')).toBe(join('/path', 'wfreerdp.exe'));
    expect(findClient('/agent/node.exe', {}, () => false)).toBeUndefined();
  });
});

describe('what Windows says of a session', () => {
  const row: SessionRow = {
    sessionId: 2,
    state: 'active',
    station: 'RDP-Tcp#1',
    user: 'Ann',
    domain: 'PC',
    isRemote: true,
    isLocked: false,
    times: { signedIn: 1000, connected: 900, lastInput: 5_000 },
  };
  const facts = (more: Partial<SessionRow>, ours = false) =>
    factsOf({ ...row, ...more }, { computer: 'pc', ours, since: 7 });

  it('becomes a state, an account, a kind', () => {
    expect(facts({})).toEqual({
      id: '2-1000',
      account: 'ann',
      state: 'active',
      kind: 'remote',
      ours: false,
      since: 1000,
    });
    expect(facts({ isLocked: true }).state).toBe('locked');
    expect(facts({ isLocked: undefined }).state).toBe('active');
    expect(facts({ isLocked: true, state: 'disconnected' }).state).toBe('disconnected');
    expect(facts({ state: 'connectQuery' }).state).toBe('connecting');
    expect(facts({ domain: 'CORP' }).account).toBe('corp\\ann');
    expect(facts({ isRemote: false, station: 'Console' }).kind).toBe('console');
    expect(facts({ isRemote: false }, true).kind).toBe('remote');
    expect(facts({ times: {} })).toMatchObject({ id: '2-0', since: 7 });
    expect(stateOf({ ...row, state: 'shadow' })).toBe('active');
  });

  it('is nobody’s while it is made', () => {
    expect(isSignedIn({ ...row, user: '' })).toBe(false);
    expect(isSignedIn({ ...row, times: { connected: 1 } })).toBe(false);
    expect(isSignedIn({ ...row, times: {} })).toBe(true);
    expect(idOf({ ...row, times: { signedIn: 1001 } })).not.toBe(idOf(row));
  });

  it('explains its end by a limit that was reached just now', () => {
    const none = { idleLimitMs: undefined, durationLimitMs: undefined };
    expect(endReason(row, none, 10_000)).toBe('SessionHasLoggedOff');
    const idle = { ...none, idleLimitMs: 60_000 };
    expect(endReason(row, idle, 30_000)).toBe('SessionHasLoggedOff');
    expect(endReason(row, idle, 65_500)).toBe('SessionHasLoggedOffWithMaxIdleTime');
    expect(endReason(row, idle, 400_000)).toBe('SessionHasLoggedOff');
    expect(endReason(row, { ...idle, durationLimitMs: 64_000 }, 65_500)).toBe('MaxRDSessionDurationReached');
  });
});

describe('FreeRDP', () => {
  it('is told what its settings and arguments hold, and nothing that is secret', () => {
    expect(clientSettings({ address: '127.0.0.2:3389', user: 'PC\\ann', options: size })).toBe(
      'full address:s:127.0.0.2:3389\nusername:s:PC\\ann\ndesktopwidth:i:1024\ndesktopheight:i:768\n',
    );
    const security = 'nla' as const;
    expect(clientArguments('f.rdp', { fingerprints: [], security })).toEqual([
      'f.rdp',
      '/from-stdin:force',
      '/cert:deny',
      '/sec:nla',
      '/log-level:ERROR',
      '-clipboard',
    ]);
    const fingerprints = [
      { hash: 'sha1', value: 'A1:B2' },
      { hash: 'sha1', value: 'C3:D4' },
    ] as const;
    expect(clientArguments('f.rdp', { fingerprints, security })).toContain(
      '/cert:fingerprint:sha1:A1:B2,fingerprint:sha1:C3:D4',
    );
  });

  it.each([
    ['[ERROR][com.freerdp.core] - ERRCONNECT_LOGON_FAILURE [0x00020014]', 0, 'password'],
    ['ERRCONNECT_ACCOUNT_LOCKED_OUT [0x00020018]', 0, 'locked'],
    ['ERRCONNECT_PASSWORD_MUST_CHANGE [0x00020013]', 0, 'newPassword'],
    ['ERRCONNECT_LOGON_TYPE_NOT_GRANTED', 0, 'right'],
    ['ERRINFO_SERVER_INSUFFICIENT_PRIVILEGES', 0, 'right'],
    ['ERRINFO_LICENSE_NO_LICENSE_SERVER', 0, 'licence'],
    ['ERRCONNECT_TLS_CONNECT_FAILED', 0, 'certificate'],
    // The last one counts: it follows from those before.
    ['ERRCONNECT_CONNECT_TRANSPORT_FAILED\nERRCONNECT_ACCOUNT_DISABLED', 0, 'disabled'],
    ['', 134, 'password'],
    ['', 135, 'locked'],
    ['', 157, 'expired'],
    ['', 156, 'restricted'],
    ['', 141, 'off'],
    ['', 18, 'licence'],
    ['', 12, undefined],
    ['anything else', 1, undefined],
    ['ERRINFO_LOGOFF_BY_USER', 12, undefined],
  ] as const)('says %j with %d: %s', (said, code, why) => {
    expect(refusalIn(said, code)).toBe(why);
  });

  it('gets the password through standard input only, and is read to its end', async () => {
    const place = mkdtempSync(join(folder, 'client-'));
    const client = new Client({
      program: process.execPath,
      folder: place,
      address: '127.0.0.2:3389',
      fingerprints: [],
      security: 'nla',
      user: 'PC\\ann',
      password: 'a secret',
      options: size,
      // A Node in its place: it says what it was given, and ends as FreeRDP does.
      environment: {
        NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(
          `import { readFileSync } from 'node:fs';
           const given = readFileSync(0, 'utf8');
           console.log(JSON.stringify({ argv: process.argv.slice(1), given: given.length }));
           console.log('[ERROR] - ERRCONNECT_LOGON_FAILURE [0x00020014]');
           process.exit(134);`,
        )}`,
      },
    });
    await expect.poll(() => client.hasEnded).toBe(true);
    expect(client.refusal()).toBe('password');
    expect(client.lastWords()).toBe('ERRCONNECT_LOGON_FAILURE');
    const said = readFileSync(join(place, 'client.log'), 'utf8');
    expect(said).toContain('"given":9');
    expect(said).not.toContain('a secret');
    expect(readFileSync(join(place, 'client.rdp'), 'utf8')).not.toContain('a secret');
    if (process.platform !== 'win32') expect(statSync(join(place, 'client.rdp')).mode & 0o777).toBe(0o600);
  });
});

describe('signing in on Windows', () => {
  it.each([
    ['ERRCONNECT_ACCOUNT_LOCKED_OUT', 'AccountLockedOut'],
    ['ERRCONNECT_ACCOUNT_EXPIRED', 'AccountLockedOut'],
    ['ERRCONNECT_ACCOUNT_DISABLED', 'AccountLockedOut'],
    ['ERRCONNECT_PASSWORD_EXPIRED', 'SessionCreationUserPromptedForCredentialsAfterConnection'],
    ['ERRCONNECT_LOGON_TYPE_NOT_GRANTED', 'RdpPermissionNotGranted'],
    ['ERRCONNECT_ACCOUNT_RESTRICTION', 'RdpPermissionNotGranted'],
    ['ERRCONNECT_CONNECT_FAILED', 'RDPIsNotEnabled'],
    ['ERRCONNECT_TLS_CONNECT_FAILED', 'SessionCreationError'],
    ['ERRINFO_LICENSE_NO_LICENSE', 'SessionCreationError'],
    ['ERRINFO_OUT_OF_MEMORY', 'SessionCreationError'],
  ])('ends with %s as %s', async (says, code) => {
    const { host } = await machine({ accounts: { ann: { password: 'a secret', says } } });
    expect(await codeOf(host.open(ann, size, never))).toBe(code);
    expect(await host.list()).toEqual([]);
  });

  it('asks nobody when Remote Desktop is off, or the account is unknown', async () => {
    const { host, computer } = await machine();
    expect(await codeOf(host.open({ ...ann, account: 'carl' }, size, never))).toBe(
      'SessionCreationInvalidCredentials',
    );
    computer.set = { ...computer.set, remoteDesktop: 'off' };
    expect(await codeOf(host.open(ann, size, never))).toBe('RDPIsNotEnabled');
    expect(computer.connections).toEqual([]);
  });

  it('carries one session on a client edition, whoever has it', async () => {
    const { host, computer } = await machine({ setUp: { edition: 'client', sessionLimit: 1 } });
    const console = computer.signedInAtConsole('bob');
    expect(await host.list()).toMatchObject([{ account: 'bob', kind: 'console', ours: false }]);
    expect(await codeOf(host.open(ann, size, never))).toBe('Win10AlreadyHasActiveSession');
    await computer.end(console);
    expect(await host.open(ann, size, never)).toMatchObject({ account: 'ann', kind: 'remote', ours: true });
  });

  it('has a limit on a server edition, people included', async () => {
    const { host, computer } = await machine({ setUp: { sessionLimit: 2 } });
    computer.signedInAtConsole('bob');
    await host.open(ann, size, never);
    const { host: full, computer: other } = await machine({ setUp: { sessionLimit: 1 } });
    other.signedInAtConsole('bob');
    expect(await codeOf(full.open(ann, size, never))).toBe('TooManyActiveSessions');
    expect(other.connections).toEqual([]);
  });

  it('signs in as Windows writes the account, each client with a folder of its own', async () => {
    const { host, computer } = await machine();
    await host.open({ ...ann, account: '.\\ANN' }, size, never);
    await host.open({ account: `${computer.name}\\bob`, password: 'another' }, size, never);
    expect(computer.connections.map(({ user }) => user)).toEqual([
      `${computer.name}\\ANN`,
      `${computer.name}\\bob`,
    ]);
    expect(new Set(computer.connections.map(({ folder }) => folder)).size).toBe(2);
  });

  it('gives a user several sessions where that is allowed, and reuses none', async () => {
    const { host, computer } = await machine({ setUp: { severalPerUser: true } });
    const console = computer.signedInAtConsole('ann');
    computer.change(console, { isLocked: true });
    const [{ id } = { id: '' }] = await host.list();
    expect(await codeOf(host.reuse(id, ann, never))).toBe('SessionExistsForTheUserWhenUnattended');
  });

  it('takes a session from nobody who uses it, and from nobody else', async () => {
    const { host, computer } = await machine();
    const console = computer.signedInAtConsole('ann');
    const [{ id } = { id: '' }] = await host.list();
    expect(await codeOf(host.reuse(id, ann, never))).toBe('SessionExistsForTheUserWhenUnattended');
    computer.change(console, { isLocked: true });
    expect(await codeOf(host.reuse(id, { account: 'bob', password: 'another' }, never))).toBe(
      'SessionCreationInvalidCredentials',
    );
    expect(await host.reuse(id, ann, never)).toMatchObject({ id, state: 'active', ours: false });
  });
});

describe('watching sessions of Windows', () => {
  it('tells at once what Windows tells, and soon what it does not', async () => {
    const { host, computer } = await machine();
    const changes = new Changes(host);
    const console = computer.signedInAtConsole('bob');
    host.happened();
    const [{ id } = { id: '' }] = await host.list();
    await changes.expectLast(id, 'active', 100);
    computer.change(console, { isLocked: true });
    await changes.expectLast(id, 'locked');
    computer.change(console, { state: 'disconnected' });
    await changes.expectLast(id, 'disconnected');
    // It does not say any more that it was at the console.
    expect(await host.list()).toMatchObject([{ kind: 'console', since: expect.any(Number) }]);
    await computer.end(console);
    await changes.expectLast(id, 'SessionHasLoggedOff');
  });

  it('knows which sessions a former life of the agent has made', async () => {
    const { host, computer } = await machine({}, 'lives');
    const { id } = await host.open(ann, size, never);
    host.dispose();
    computer.signedInAtConsole('bob');
    const next = await hostOn(computer, 'lives');
    const found = await next.list();
    expect(found.map(({ account, ours }) => [account, ours])).toEqual([
      ['ann', true],
      ['bob', false],
    ]);
    await next.signOut(id);
    next.dispose();
    expect(JSON.parse(readFileSync(join(folder, 'lives', 'ours.json'), 'utf8'))).toEqual({});
  });

  it('says when it may not look', async () => {
    const { host, computer } = await machine();
    computer.played.set('sessions', () => {
      throw accessDenied();
    });
    expect(await codeOf(host.list())).toBe('UIFlowServiceNoRdpPermissions');
    computer.played.clear();
    expect(await host.list()).toEqual([]);
  });

  it('does not start where it has no right to', async () => {
    const computer = new PlayedComputer({ accounts, start: async () => new FakeProcess() as never });
    computer.trouble = 'the agent does not run as a service of the system';
    expect(await codeOf(hostOn(computer, 'no right'))).toBe('SessionHostUnavailable');
  });
});

describe('a session that is asked', () => {
  const question = { title: 'T', message: 'M', agree: 'Sign out', refuse: 'Not now', seconds: 1 };

  it.each([
    [true, { agreed: true, by: 'bob' }],
    [false, { agreed: false, by: 'bob' }],
    [undefined, undefined],
  ])('answers %s', async (answer, told) => {
    const { host, computer } = await machine();
    computer.signedInAtConsole('bob');
    computer.answer = answer;
    const [session] = await host.list();
    expect(await host.ask(session as never, question, never)).toEqual(told);
  });

  it('is not waited for when the question is taken back', async () => {
    const { host, computer } = await machine();
    computer.signedInAtConsole('bob');
    const [session] = await host.list();
    computer.ask = () => new Promise(() => {});
    const reason = new Error('taken back');
    await expect(host.ask(session as never, question, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

// Reading what Linux and xrdp say: the process table, sockets, and the log of the session manager.
import { describe, expect, it } from 'vitest';
import { desktopsOf, isDisplay, stateOf } from '../../../src/agent/sessions/linux/desktops.ts';
import {
  connectedSockets,
  listeners,
  listeningSockets,
  parseStat,
} from '../../../src/agent/sessions/linux/processes.ts';
import { signInOutcome } from '../../../src/agent/sessions/linux/signInLog.ts';

describe('a line of the process table', () => {
  const rest = '1 1 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 350 1 1';

  it('is read whatever the name of the program is', () => {
    expect(parseStat(`12 (xrdp-sesman) S 7 ${rest}`)).toEqual({
      pid: 12,
      parent: 7,
      name: 'xrdp-sesman',
      started: 350,
    });
    expect(parseStat(`12 (a) S 1 (b) S 7 ${rest}`)?.name).toBe('a) S 1 (b');
    expect(parseStat(`12 (a) S 1 (b) S 7 ${rest}`)?.parent).toBe(7);
  });

  it('is nothing for what has ended or is no such line', () => {
    expect(parseStat(`12 (Xorg) Z 7 ${rest}`)).toBeUndefined();
    expect(parseStat('')).toBeUndefined();
    expect(parseStat('12 (half) S')).toBeUndefined();
  });
});

describe('sockets', () => {
  it('that listen on a port', () => {
    const table = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 0100007F:03F4 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0',
      '   1: 0100007F:03F4 0100007F:BF12 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0',
      '   2: 0100007F:13F4 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0',
    ].join('\n');
    expect(listeners(table, 1012)).toEqual(['4711']);
    expect(listeners(table, 80)).toEqual([]);
  });

  it('with somebody connected', () => {
    const table = [
      'Num       RefCount Protocol Flags    Type St Inode Path',
      '0000000084b264aa: 00000003 00000000 00000000 0001 03 91393 /run/xrdp/sockdir/xrdp_display_60',
      '000000008ca6a0fa: 00000002 00000000 00010000 0001 01 90708 /run/xrdp/sockdir/xrdp_display_60',
      '000000008ca6a0fb: 00000002 00000000 00010000 0001 01 90709 /run/xrdp/sockdir/xrdp_display_61',
      '000000008ca6a0fc: 00000003 00000000 00000000 0001 03 90710',
    ].join('\n');
    expect([...connectedSockets(table)]).toEqual(['/run/xrdp/sockdir/xrdp_display_60']);
    expect([...listeningSockets(table)]).toEqual([
      '/run/xrdp/sockdir/xrdp_display_60',
      '/run/xrdp/sockdir/xrdp_display_61',
    ]);
  });
});

describe('sessions in the process table', () => {
  const process = (pid: number, parent: number, name: string) => ({ pid, parent, name, started: pid * 10 });
  const table = [
    process(1, 0, 'init'),
    process(50, 1, 'xrdp-sesman'),
    process(60, 50, 'xrdp-sesman'),
    process(61, 60, 'openbox'),
    process(62, 60, 'Xorg'),
    process(63, 60, 'xrdp-chansrv'),
    process(64, 61, 'ssh-agent'),
    process(70, 50, 'xrdp-sesman'), // its window manager waits for the X server
    process(71, 70, 'xrdp-sesman'),
    process(72, 70, 'Xorg'),
    process(80, 50, 'xrdp-sesman'), // nothing there yet
    process(81, 80, 'xrdp-sesman'),
    process(90, 1, 'xrdp-sesman'), // another session manager
    process(91, 90, 'xrdp-sesman'),
    process(92, 91, 'Xorg'),
  ];
  const displays: Record<number, string> = { 62: ':60', 72: ':61', 92: ':10' };
  const found = desktopsOf(table, 50, {
    userOf: () => 1001,
    argumentsOf: (pid) => ['/usr/lib/xorg/Xorg', displays[pid] ?? ''],
    programOf: (pid) => (pid === 62 || pid === 72 || pid === 92 ? '/usr/lib/xorg/Xorg' : '/usr/bin/other'),
  });

  it('are those of one session manager', () => {
    expect(found.map(({ id, windowManager }) => [id, windowManager?.name])).toEqual([
      ['60-600', 'openbox'],
      ['61-700', undefined],
    ]);
  });

  it('have a state', () => {
    const [whole, half] = found;
    const connected = new Set(['/run/xrdp/sockdir/xrdp_display_60', '/run/xrdp/sockdir/xrdp_display_61']);
    if (!whole || !half) throw new Error('no sessions');
    expect(stateOf(whole, connected, false)).toBe('active');
    expect(stateOf(whole, connected, true)).toBe('locked');
    expect(stateOf(whole, new Set(), true)).toBe('disconnected');
    expect(stateOf(half, connected, false)).toBe('connecting');
  });

  it('are known by their display, with or without a screen', () => {
    expect([':6', ':6.0', ':60', ':60.0', ':66', undefined].map((text) => isDisplay(text, 6))).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe('the log of the session manager', () => {
  const log = (...lines: string[]) => lines.map((line) => `[20261121-21:03:36] ${line}\n`).join('');
  const connection = '[INFO ] Socket 12: AF_INET6 connection received from ::1 port 51084';

  it('says why a sign-in was refused', () => {
    const failed = '[INFO ] AUTHFAIL: user=anna ip=127.0.0.1 time=1795295016';
    const because = (...lines: string[]) => {
      const outcome = signInOutcome(log(connection, ...lines), 'anna');
      return outcome?.kind === 'refused' ? outcome.because : outcome;
    };
    expect(because('[ERROR] pam_authenticate failed: Authentication failure', failed)).toBe('password');
    expect(because(failed)).toBe('password');
    expect(because('[INFO ] PAM: The account is locked due to 2 failed logins.', failed)).toBe('locked');
    expect(
      because(
        '[ERROR] PAM: Your account has expired; please contact your system administrator.',
        '[ERROR] pam_acct_mgmt failed: Authentication failure',
        failed,
      ),
    ).toBe('expired');
    expect(
      because(
        '[ERROR] pam_acct_mgmt failed: Authentication token is no longer valid; new one required',
        failed,
      ),
    ).toBe('newPassword');
    expect(because('[ERROR] pam_acct_mgmt failed: Permission denied', failed)).toBe('right');
    expect(because('[INFO ] login denied for user anna')).toBe('right');
    expect(because('[ERROR] max concurrent session limit exceeded. login for user anna denied')).toBe(
      'limit',
    );
  });

  it('says which session came of it', () => {
    const made = log(
      '[INFO ] ++ created session (access granted): username anna, ip 127.0.0.1:33654 - socket: 12',
      '[INFO ] Starting session: session_pid 22975, display :60.0, width 1024, height 700, bpp 24, client ip 127.0.0.1:33654 - socket: 12, user name anna',
    );
    expect(signInOutcome(made, 'anna')).toEqual({ kind: 'session', leader: 22975, display: 60, isNew: true });
    expect(signInOutcome(made, 'ann')).toBeUndefined();
    expect(
      signInOutcome(
        log(
          '[INFO ] ++ reconnected session: username anna, display :60.0, session_pid 22975, ip 127.0.0.1:50682 - socket: 12',
        ),
        'anna',
      ),
    ).toEqual({ kind: 'session', leader: 22975, display: 60, isNew: false });
  });

  it('does not mix up attempts, nor take what stands in another line for one', () => {
    const locked = '[INFO ] PAM: The account is locked due to 2 failed logins.';
    const others = '[INFO ] AUTHFAIL: user=ben ip=127.0.0.1 time=1795295016';
    const own = '[INFO ] AUTHFAIL: user=anna ip=127.0.0.1 time=1795295016';
    expect(signInOutcome(log(connection, locked, others), 'anna')).toBeUndefined();
    expect(signInOutcome(log(connection, locked, others, connection, own), 'anna')).toEqual({
      kind: 'refused',
      because: 'password',
    });
    expect(signInOutcome('AUTHFAIL: user=anna ip=127.0.0.1 time=1\n', 'anna')).toBeUndefined();
    expect(signInOutcome(log('[INFO ] AUTHFAIL: user=annabel ip=x time=1'), 'anna')).toBeUndefined();
  });
});

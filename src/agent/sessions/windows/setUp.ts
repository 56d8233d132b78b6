// How a Windows computer is set up for Remote Desktop: edition, limits, port, certificate, legal notice. Read anew each time, because
// policies change while the agent runs. Pure: reads only what it is given.
import { join } from 'node:path';
import type { RegistryValue } from '../../../win32/registry.ts';
import type { WindowsVersion } from '../../../win32/system.ts';
import type { HostFacts } from '../host.ts';

/** HKEY_LOCAL_MACHINE. */
export interface MachineRegistry {
  value(path: string, name: string): RegistryValue | undefined;
  keys(path: string): readonly string[];
}

export interface SetUp extends HostFacts {
  readonly remoteDesktop: 'on' | 'off';
  readonly port: number;
  /** SHA-1 of the certificates that the server of Remote Desktop can show, as hexadecimal pairs with colons. */
  readonly thumbprints: readonly string[];
  /** Somebody has to accept a text before they can sign in. */
  readonly hasNotice: boolean;
  /** A session is signed out after so long without input, or at this age; undefined: never. */
  readonly idleLimitMs: number | undefined;
  readonly durationLimitMs: number | undefined;
}

const server = 'SYSTEM\\CurrentControlSet\\Control\\Terminal Server';
const listener = `${server}\\WinStations\\RDP-Tcp`;
const policy = 'SOFTWARE\\Policies\\Microsoft\\Windows NT\\Terminal Services';
const signIn = 'SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies\\System';
const winlogon = 'SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon';
const certificates = 'SOFTWARE\\Microsoft\\SystemCertificates\\Remote Desktop\\Certificates';

/** Windows Server without the role of Remote Desktop Services is for two administrators. */
const withoutRole = 2;
/** Windows 10 and 11 for several sessions at once: no server by its name, but by what it carries. */
const multiSession = 175;

/** `wanted`: most sessions that the agent was told to use. A policy comes before what was set on the machine. */
export function readSetUp(
  { product, edition }: Pick<WindowsVersion, 'product' | 'edition'>,
  registry: MachineRegistry,
  wanted: number,
): SetUp {
  const number = (name: string, ...paths: readonly string[]): number | undefined => {
    for (const path of paths) {
      const value = registry.value(path, name);
      if (value?.kind === 'number') return value.value;
    }
    return undefined;
  };
  const text = (path: string, name: string) => {
    const value = registry.value(path, name);
    return value?.kind === 'text' || value?.kind === 'expandable' ? value.value.trim() : '';
  };
  const isServer = product !== 'workstation' || edition === multiSession;
  const hasRole = edition === multiSession || number('TSAppCompat', server) === 1;
  const most = number('MaxInstanceCount', policy, listener) ?? Number.MAX_SAFE_INTEGER;
  const limit = Math.min(wanted, most, hasRole ? Number.MAX_SAFE_INTEGER : withoutRole);
  const chosen = registry.value(listener, 'SSLCertificateSHA1Hash');
  // Without this a limit disconnects only, and the session goes on.
  const signsOut = number('fResetBroken', policy, listener) === 1;
  const limitMs = (name: string) => {
    const ms = number(name, policy, listener);
    return signsOut && ms !== undefined && ms > 0 ? ms : undefined;
  };
  return {
    edition: isServer ? 'server' : 'client',
    sessionLimit: isServer ? Math.max(1, limit) : 1,
    severalPerUser: isServer && number('fSingleSessionPerUser', policy, server) === 0,
    remoteDesktop: number('fDenyTSConnections', policy, server) === 0 ? 'on' : 'off',
    port: number('PortNumber', listener) ?? 3389,
    thumbprints:
      chosen?.kind === 'bytes' && chosen.value.length === 20
        ? [thumbprint(chosen.value.toString('hex'))]
        : registry
            .keys(certificates)
            .filter((key) => /^[0-9a-f]{40}$/i.test(key))
            .map(thumbprint),
    hasNotice: [signIn, winlogon].some((path) =>
      ['legalnoticecaption', 'legalnoticetext'].some((name) => text(path, name) !== ''),
    ),
    idleLimitMs: limitMs('MaxIdleTime'),
    durationLimitMs: limitMs('MaxConnectionTime'),
  };
}

const thumbprint = (hex: string): string => (hex.toUpperCase().match(/../g) ?? []).join(':');

/** FreeRDP's programs, best first: those that say in their exit code what went wrong. */
const clientPrograms = ['sdl3-freerdp.exe', 'sdl-freerdp.exe', 'wfreerdp.exe'];

/** Where FreeRDP is: beside the agent, in its own folder, or on the path; undefined when it is nowhere. */
export function findClient(
  program: string,
  environment: Readonly<Record<string, string | undefined>>,
  isThere: (path: string) => boolean,
): string | undefined {
  const beside = program.replace(/[\\/][^\\/]*$/, '');
  const folders = [
    join(beside, 'freerdp'),
    ...(environment.ProgramFiles === undefined ? [] : [join(environment.ProgramFiles, 'FreeRDP')]),
    ...(environment.Path ?? environment.PATH ?? '').split(';').filter((folder) => folder !== ''),
  ];
  for (const folder of folders)
    for (const name of clientPrograms) if (isThere(join(folder, name))) return join(folder, name);
  return undefined;
}

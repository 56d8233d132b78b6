// FreeRDP on a screen nobody sees, connected to our own xrdp. What becomes of the session is seen in the process table and the log of
// its manager, not here.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '../client.ts';
import type { SessionOptions } from '../host.ts';
import { plainEnvironment } from './commands.ts';

export interface LinuxClientStart {
  readonly folder: string;
  readonly port: number;
  readonly fingerprint: string;
  readonly screen: { readonly display: string; readonly authority: string };
  readonly user: string;
  readonly password: string;
  readonly options: SessionOptions;
}

/** xrdp 0.9 proves no password before it makes a session: TLS only. */
export function connectClient({ port, fingerprint, screen, ...start }: LinuxClientStart): Client {
  const home = join(start.folder, 'client');
  const client = new Client({
    ...start,
    program: 'xfreerdp',
    address: `127.0.0.1:${port}`,
    fingerprints: [{ hash: 'sha256', value: fingerprint }],
    security: 'tls',
    environment: {
      ...plainEnvironment,
      HOME: home,
      XDG_CONFIG_HOME: home,
      DISPLAY: screen.display,
      XAUTHORITY: screen.authority,
    },
  });
  client.onEnd(() => {
    if (client.pid !== undefined) clearSharedMemory(client.pid);
  });
  return client;
}

/** FreeRDP leaves a file in shared memory when it is ended from outside. */
function clearSharedMemory(pid: number): void {
  const name = `com.freerdp.xfreerdp.tsmf_${pid.toString(16).toUpperCase().padStart(16, '0')}`;
  rmSync(join('/dev/shm', name), { force: true });
}

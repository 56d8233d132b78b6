// xrdp, its session manager and the screen of our own clients: set up in a private folder, started, found again after a crash of the
// agent, stopped. Knows nothing of single sessions. Written for xrdp 0.9; later ones keep their sessions in another way.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes, randomInt, X509Certificate } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ProductError } from '../../../base/error.ts';
import type { Log } from '../../../base/log.ts';
import { readIfPresent, writePrivateFile } from '../../dataFolder.ts';
import { plainEnvironment, runCommand, until } from './commands.ts';
import { xServerProgram } from './desktops.ts';
import {
  argumentsOf,
  isAlive,
  listeningSockets,
  listensOn,
  type Process,
  readProcess,
  readProcesses,
  sendSignal,
} from './processes.ts';

export interface ServerOptions {
  /** Belongs to this host alone; made for its owner only when it is not there. */
  readonly folder: string;
  readonly sessionLimit: number;
  readonly severalPerUser: boolean;
  /** Members may sign in; absent: everybody. */
  readonly group: string | undefined;
  /** A connection without input for so long is cut; whole seconds. 0: never. */
  readonly idleLimitSeconds: number;
  readonly log: Log;
}

type Named = Pick<Process, 'pid' | 'started'>;

/** What a later agent needs to find what this one started. */
interface State {
  readonly manager: Named;
  readonly server: Named;
  readonly managerPort: number;
  readonly port: number;
  readonly ownNamespace: boolean;
  readonly screen?: { readonly process: Named; readonly display: number };
}

/** Programs, and the Debian packages that bring them. */
const programs: Readonly<Record<string, string>> = {
  xrdp: 'xrdp',
  'xrdp-sesman': 'xrdp',
  'xrdp-dis': 'xrdp',
  xfreerdp: 'freerdp2-x11',
  Xvfb: 'xvfb',
  i3lock: 'i3lock',
  xauth: 'xauth',
  openssl: 'openssl',
  setpriv: 'util-linux',
  unshare: 'util-linux',
  getent: 'libc-bin',
};
const systemManagerSettings = '/etc/xrdp/sesman.ini';
const xServerModule = '/usr/lib/xorg/modules/libxorgxrdp.so';
/** What xrdp assumes when its settings name no port of the session manager. */
const defaultManagerPort = 3350;
/** Displays of people begin at 0, those of the system's own xrdp at 10. */
const firstDisplay = 60;
/** For the X server of our clients. */
const ownDisplays: readonly number[] = [50, 51, 52, 53, 54, 55, 56, 57, 58, 59];
const startMs = 5_000;

/** Variable in every process of a session; its value names the host, so that leftovers are found whatever became of their parents. */
export const markVariable = 'DESKTOP_FLOWS_SESSIONS';

export class Servers {
  readonly #options: ServerOptions;
  readonly #file: (name: string) => string;
  /** Value of `markVariable`. */
  readonly mark: string;
  #state: State | undefined;
  #fingerprint = '';

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#file = (name) => join(options.folder, name);
    this.mark = createHash('sha256').update(options.folder).digest('hex').slice(0, 16);
  }

  get port(): number {
    return this.#running().port;
  }
  /** The session manager; sessions are its children. */
  get manager(): Named {
    return this.#running().manager;
  }
  /** Takes connections; each is a child of it. */
  get server(): Named {
    return this.#running().server;
  }
  /** SHA-256 of the server's certificate, as FreeRDP wants it: nothing else that listens there is given a password. */
  get fingerprint(): string {
    return this.#fingerprint;
  }
  /** Where the session manager says what became of a sign-in. */
  get managerLog(): string {
    return this.#file('sesman.log');
  }

  /**
   * Takes over servers that an agent before us left running with the same settings; starts new ones otherwise, once `clear` has ended
   * every session of the former. Throws `SessionHostUnavailable`.
   */
  async start(clear: () => Promise<void>): Promise<void> {
    await this.#checkSystem();
    mkdirSync(this.#options.folder, { recursive: true, mode: 0o700 });
    const before = this.#readState();
    if (before && isAlive(before.manager) && this.#hasSettings(before)) {
      this.#state = before;
      this.#fingerprint = this.#readFingerprint();
      if (!isAlive(before.server)) await this.#startServer();
      this.#options.log.info('session servers found again', { port: before.port });
      return;
    }
    await clear();
    await this.stop();
    await this.#makeKey();
    await this.#startAll();
    this.#options.log.info('session servers started', { port: this.port });
  }

  /** Both answer: nobody else can have taken their ports then. */
  isUp(): boolean {
    const state = this.#running();
    return isAlive(state.manager) && isAlive(state.server);
  }

  /** Ends everything that was started from the folder, also by an agent before us. Sessions are ended before by who knows them. */
  async stop(): Promise<void> {
    const family = this.#family();
    for (const process of family) sendSignal(process, 'SIGTERM');
    await until(2_000, () => (family.some(isAlive) ? undefined : true));
    for (const process of family) sendSignal(process, 'SIGKILL');
    this.#state = undefined;
    for (const name of ['state.json', 'sesman.log', 'xrdp.log', 'client.log'])
      rmSync(this.#file(name), { force: true });
  }

  /** Display and authority of an X server without a screen, for clients. It is private: only our own processes can look at it. */
  async screen(): Promise<{ readonly display: string; readonly authority: string }> {
    const authority = this.#file('screen.authority');
    const { screen } = this.#running();
    if (screen !== undefined && isAlive(screen.process)) return { display: `:${screen.display}`, authority };
    writePrivateFile(authority, authorityRecord(randomBytes(16)));
    for (const display of ownDisplays) {
      const found = await this.#startScreen(display, authority);
      if (found === undefined) continue; // the display is in use
      this.#keep({ ...this.#running(), screen: { process: found, display } });
      return { display: `:${display}`, authority };
    }
    throw unavailable('the X server for its clients (Xvfb) did not start');
  }

  async #startScreen(display: number, authority: string): Promise<Named | undefined> {
    const child = this.#spawn('Xvfb', [
      `:${display}`,
      '-auth',
      authority,
      '-noreset', // it would cut off a client that comes while the one before goes
      '-nolisten',
      'tcp',
      '-screen',
      '0',
      '1920x1200x24',
    ]);
    // It says too early that it is ready (-displayfd); and another server may have the display.
    const isReady = () =>
      Number(readIfPresent(`/tmp/.X${display}-lock`)) === child.pid &&
      listeningSockets(readFileSync('/proc/net/unix', 'utf8')).has(`/tmp/.X11-unix/X${display}`);
    await until(startMs, () => (isReady() || hasEnded(child) ? true : undefined));
    const process = child.pid === undefined ? undefined : readProcess(child.pid);
    if (process && isReady()) return nameOf(process);
    child.kill('SIGKILL');
    return undefined;
  }

  /** Processes of the system that were started with a file of the folder. */
  #family(): readonly Process[] {
    const names = new Set(['xrdp', 'xrdp-sesman', 'Xvfb', 'xfreerdp']);
    const inside = `${this.#options.folder}/`;
    return readProcesses().filter(
      ({ pid, name }) => names.has(name) && argumentsOf(pid).some((argument) => argument.startsWith(inside)),
    );
  }

  async #checkSystem(): Promise<void> {
    if (process.platform !== 'linux') throw unavailable('this system is not Linux');
    if (process.getuid?.() !== 0) throw unavailable('the agent does not run as root');
    const missing = Object.entries(programs).filter(([name]) => !isInstalled(name));
    if (!isExecutable(xServerProgram) || !existsSync(xServerModule)) missing.push(['xorgxrdp', 'xorgxrdp']);
    if (missing.length > 0) {
      const packages = [...new Set(missing.map(([, debian]) => debian))].join(' ');
      throw unavailable(
        `${missing.map(([name]) => name).join(', ')} is missing`,
        `Install what is missing, on Debian: apt-get install xorgxrdp openbox ${packages}`,
      );
    }
    const { output } = await runCommand('xrdp', ['--version']);
    const version = /^xrdp (\S+)/m.exec(output)?.[1] ?? 'of an unknown version';
    if (!version.startsWith('0.9.')) throw unavailable(`its xrdp is ${version}, and 0.9 is needed`);
    const { group } = this.#options;
    if (group !== undefined && !/^[A-Za-z_][\w.-]*$/.test(group))
      throw unavailable(`the group ${JSON.stringify(group)} has no name of a group`);
  }

  async #startAll(): Promise<void> {
    // xrdp looks for the port of its session manager in the settings of the system only. In a mount namespace of its own it finds
    // ours there. Where that is not allowed (some containers) the manager has to take the port of the system.
    const ownNamespace =
      (await runCommand('unshare', ['--mount', '--propagation', 'private', 'true'])).code === 0;
    if (!ownNamespace && !(await canListen(systemManagerPort(), '127.0.0.1')))
      throw unavailable(
        `the port ${systemManagerPort()} of its session manager is in use`,
        'Stop the xrdp of the system, or let the agent mount (capability SYS_ADMIN): then both can run.',
      );
    for (let attempt = 1; ; attempt++) {
      const managerPort = ownNamespace ? await freePort() : systemManagerPort();
      const port = await freePort(managerPort);
      writePrivateFile(
        this.#file('sesman.ini'),
        managerSettings(this.#options, managerPort, this.#file, this.mark),
      );
      const manager = await this.#startListening(managerPort, [
        'xrdp-sesman',
        '-n',
        '-c',
        this.#file('sesman.ini'),
      ]);
      try {
        if (manager === undefined) throw unavailable('xrdp-sesman did not start');
        this.#state = { manager, server: manager, managerPort, port, ownNamespace };
        await this.#startServer();
        return;
      } catch (error) {
        await this.stop();
        if (attempt === 5) throw error; // somebody may have taken a port in between, but not so often
      }
    }
  }

  async #startServer(): Promise<void> {
    const state = this.#running();
    writePrivateFile(this.#file('xrdp.ini'), serverSettings(state.port, this.#file));
    const line = ['xrdp', '-n', '-c', this.#file('xrdp.ini')];
    const server = await this.#startListening(
      state.port,
      state.ownNamespace
        ? [
            'unshare',
            '--mount',
            '--propagation',
            'private',
            'sh',
            '-c',
            'mount --bind "$0" "$1" && shift && exec "$@"',
            this.#file('sesman.ini'),
            systemManagerSettings,
            ...line,
          ]
        : line,
    );
    if (server === undefined) throw unavailable('xrdp did not start');
    this.#keep({ ...state, server });
  }

  #keep(state: State): void {
    this.#state = state;
    writePrivateFile(this.#file('state.json'), JSON.stringify(state));
  }

  /** Starts a server and waits until it listens; undefined when it ends, or somebody else has its port. */
  async #startListening(port: number, [command, ...args]: readonly string[]): Promise<Named | undefined> {
    const child = this.#spawn(command as string, args);
    const { pid } = child;
    if (pid === undefined) return undefined;
    const listening = await until(startMs, () => {
      if (hasEnded(child)) return 'ended';
      return listensOn(pid, port) ? 'listens' : undefined;
    });
    const found = readProcess(pid);
    if (listening === 'listens' && found) return nameOf(found);
    child.kill('SIGKILL');
    return undefined;
  }

  /** A process that outlives the agent: sessions stay when the agent is restarted. */
  #spawn(command: string, args: readonly string[]): ChildProcess {
    const child = spawn(command, args, { detached: true, stdio: 'ignore', env: plainEnvironment, cwd: '/' });
    child.once('error', (error) =>
      this.#options.log.error('a session server could not be started', { command, reason: error.message }),
    );
    child.unref();
    return child;
  }

  async #makeKey(): Promise<void> {
    const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const files = ['-keyout', this.#file('key.pem'), '-out', this.#file('cert.pem')];
    const made = await runCommand('openssl', [...args, ...files, '-days', '3650', '-subj', '/CN=127.0.0.1']);
    if (made.code !== 0) throw unavailable('openssl made no key for it');
    this.#fingerprint = this.#readFingerprint();
  }

  #readFingerprint(): string {
    return new X509Certificate(readFileSync(this.#file('cert.pem'))).fingerprint256;
  }

  #readState(): State | undefined {
    try {
      return JSON.parse(readIfPresent(this.#file('state.json'))?.toString('utf8') ?? 'null') ?? undefined;
    } catch {
      return undefined; // what nobody can read is not taken over
    }
  }

  #hasSettings(state: State): boolean {
    const wanted = managerSettings(this.#options, state.managerPort, this.#file, this.mark);
    return readIfPresent(this.#file('sesman.ini'))?.toString('utf8') === wanted;
  }

  #running(): State {
    if (this.#state === undefined) throw new Error('the session servers were not started');
    return this.#state;
  }
}

function managerSettings(
  { sessionLimit, severalPerUser, group, idleLimitSeconds }: ServerOptions,
  port: number,
  file: (name: string) => string,
  mark: string,
): string {
  return `[Globals]
ListenAddress=127.0.0.1
ListenPort=${port}
EnableUserWindowManager=true
UserWindowManager=startwm.sh
DefaultWindowManager=/etc/xrdp/startwm.sh
ReconnectScript=/etc/xrdp/reconnectwm.sh
[Security]
AllowRootLogin=false
MaxLoginRetry=1
${group === undefined ? '' : `TerminalServerUsers=${group}\n`}AlwaysGroupCheck=${group !== undefined}
[Sessions]
X11DisplayOffset=${firstDisplay}
MaxSessions=${sessionLimit}
KillDisconnected=false
DisconnectedTimeLimit=0
IdleTimeLimit=${idleLimitSeconds}
Policy=${severalPerUser ? 'UBC' : 'Default'}
[Logging]
LogFile=${file('sesman.log')}
LogLevel=INFO
EnableSyslog=false
[Xorg]
param=${xServerProgram}
param=-config
param=xrdp/xorg.conf
param=-noreset
param=-nolisten
param=tcp
param=-logfile
param=.xorgxrdp.%s.log
[SessionVariables]
${markVariable}=${mark}
`;
}

function serverSettings(port: number, file: (name: string) => string): string {
  return `[Globals]
ini_version=1
fork=true
port=tcp://127.0.0.1:${port}
tcp_nodelay=true
tcp_keepalive=true
security_layer=tls
certificate=${file('cert.pem')}
key_file=${file('key.pem')}
ssl_protocols=TLSv1.2, TLSv1.3
autorun=Xorg
allow_channels=true
max_bpp=32
[Logging]
LogFile=${file('xrdp.log')}
LogLevel=WARNING
EnableSyslog=false
[Channels]
rdpdr=false
rdpsnd=false
drdynvc=false
cliprdr=false
rail=false
xrdpvr=false
tcutils=false
[Xorg]
name=Xorg
lib=libxup.so
username=ask
password=ask
ip=127.0.0.1
port=-1
code=20
`;
}

const hasEnded = ({ pid, exitCode, signalCode }: ChildProcess): boolean =>
  pid === undefined || exitCode !== null || signalCode !== null;

const nameOf = ({ pid, started }: Process): Named => ({ pid, started });

/** A port of the loopback that only root can listen on, so that no user gets passwords by taking it. */
async function freePort(other?: number): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = randomInt(512, 1024);
    if (port !== other && (await canListen(port, '127.0.0.1')) && (await canListen(port, '::1'))) return port;
  }
  throw unavailable('there is no free port below 1024 on the loopback');
}

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    // Without IPv6 there is nothing to be in the way.
    server.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT'),
    );
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function systemManagerPort(): number {
  const settings = readIfPresent(systemManagerSettings)?.toString('utf8') ?? '';
  return Number(/^\s*ListenPort\s*=\s*(\d+)\s*$/im.exec(settings)?.[1] ?? defaultManagerPort);
}

/** One entry of an X authority file that fits every display: family 65535 (any), no address, no number. */
function authorityRecord(cookie: Buffer): Buffer {
  const counted = (data: Buffer) => Buffer.concat([Buffer.from([data.length >> 8, data.length & 255]), data]);
  return Buffer.concat([
    Buffer.from([0xff, 0xff]),
    counted(Buffer.alloc(0)),
    counted(Buffer.alloc(0)),
    counted(Buffer.from('MIT-MAGIC-COOKIE-1')),
    counted(cookie),
  ]);
}

const isInstalled = (name: string): boolean =>
  plainEnvironment.PATH.split(':').some((folder) => isExecutable(join(folder, name)));

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function unavailable(
  reason: string,
  nextStep = 'Run the agent as root on a Linux with xrdp 0.9, or let it work in the session of its user.',
): ProductError {
  return new ProductError(
    'SessionHostUnavailable',
    `Sessions cannot be made on this machine: ${reason}.`,
    nextStep,
  );
}

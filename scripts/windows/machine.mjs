// Windows machines of the tests on Linux: Wine prefixes, each a set of hard links to one template, each with a server, a registry and a
// user of its own. Starts programs in them with files for their output, since Windows' node.exe cannot use pipes of Linux.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { cacheFolder, places } from '../provision-windows.mjs';
import { root } from '../setup.mjs';
import { buildPrograms } from './programs.mjs';

/** The program that Windows' UI Automation clients get on these machines: the classes CUIAutomation and CUIAutomation8. */
const automationClasses = [
  '{ff48dba4-60ef-4201-aa87-54103eef594e}',
  '{e22ad333-b25f-460c-83d0-0581107395c9}',
];
/** Where a machine has the test programs. */
const programsFolder = 'C:\\programs';

const templateRegistry = `REGEDIT4

[HKEY_CURRENT_USER\\Software\\Wine\\WineDbg]
"ShowCrashDialog"=dword:00000000

[HKEY_CURRENT_USER\\Control Panel\\Desktop]
"FontSmoothing"="0"
${automationClasses
  .map(
    (id) => `
[HKEY_LOCAL_MACHINE\\Software\\Classes\\CLSID\\${id}\\InprocServer32]
@="${programsFolder.replaceAll('\\', '\\\\')}\\\\uiaServer.dll"
"ThreadingModel"="Both"
`,
  )
  .join('')}`;

/** The account that uses a machine, unless it is given another name. */
const usualUser = 'tester';

function environment(prefix, { display, user = usualUser } = {}) {
  const { fonts, wineLoader, wineServer } = places();
  return {
    WINEPREFIX: prefix,
    WINEARCH: 'win64',
    WINEDEBUG: '-all',
    // No offers to download what .NET and HTML need.
    WINEDLLOVERRIDES: 'mscoree,mshtml=',
    WINELOADER: wineLoader,
    WINESERVER: wineServer,
    FONTCONFIG_FILE: fonts,
    // Otherwise a machine's documents would be those of whoever runs the tests.
    HOME: join(prefix, 'home'),
    XDG_RUNTIME_DIR: join(prefix, 'home'),
    LANG: 'C.UTF-8',
    USER: user,
    LOGNAME: user,
    PATH: process.env.PATH,
    ...(display === undefined ? {} : { DISPLAY: display }),
  };
}

/** The template, made when it is not there: a prefix that was started once and has the settings above. Gives its folder. */
async function template() {
  const mark = createHash('sha256').update(places().wine).update(templateRegistry).digest('hex').slice(0, 12);
  const folder = join(cacheFolder, `windows-template-${mark}`);
  if (existsSync(folder)) return folder;
  const partial = `${folder}.partial-${process.pid}`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(join(partial, 'home'), { recursive: true });
  const env = environment(partial);
  writeFileSync(join(partial, 'settings.reg'), templateRegistry);
  const { wineLoader } = places();
  try {
    for (const args of [
      ['wineboot', '-i'],
      ['regedit', '/S', 'settings.reg'],
    ]) {
      const { status } = spawnSync(wineLoader, args, {
        cwd: partial,
        env,
        stdio: 'ignore',
        timeout: 120_000,
      });
      if (status !== 0) throw new Error(`a Wine prefix cannot be made: ${args.join(' ')} gave ${status}`);
    }
    endServer(env);
    try {
      renameSync(partial, folder);
    } catch (error) {
      if (!existsSync(folder)) throw error;
    }
  } finally {
    endServer(env);
    rmSync(partial, { recursive: true, force: true });
  }
  return folder;
}

/** Ends everything of a prefix; the registry is on disk afterwards. */
function endServer(env) {
  const options = { env, stdio: 'ignore', timeout: 20_000 };
  // 1 = there was none.
  if (spawnSync(env.WINESERVER, ['-k'], options).status !== 0) return;
  spawnSync(env.WINESERVER, ['-w'], options);
}

/**
 * Starts a Windows machine. `name` is its computer name, `user` the account that uses it, `display` the X display of its screen.
 * `services`: boots it, so that services that start by themselves do.
 * `stop()` ends everything on it and deletes it, unless `keep`.
 */
export async function startMachine({ name, user = usualUser, display, services = false, keep = false } = {}) {
  const from = await template();
  const machines = join(cacheFolder, 'windows-machines');
  mkdirSync(machines, { recursive: true });
  clearDead(machines);
  const folder = mkdtempSync(join(machines, `${process.pid}-`));
  linkTree(from, folder);
  const env = environment(folder, { display, user });
  const drive = join(folder, 'drive_c');
  cpSync(buildPrograms(), join(drive, 'programs'), { recursive: true });

  // The server makes the files of its machine. Wine tells access lists by their modes, and cannot take a right away that this mask gives.
  const mask = process.umask(0o077);
  const server = spawnSync(env.WINESERVER, ['-p'], { env, stdio: 'ignore' });
  process.umask(mask);
  if (server.status !== 0) throw new Error(`a Wine server does not start (exit code ${server.status})`);
  const machine = new Machine(folder, drive, env, keep);
  if (name !== undefined) await machine.rename(name);
  if (services) await machine.boot();
  return machine;
}

class Machine {
  #env;
  #keep;
  #outputs = 0;

  constructor(folder, drive, env, keep) {
    this.folder = folder;
    /** The folder that is C: on the machine. */
    this.drive = drive;
    this.#env = env;
    this.#keep = keep;
    mkdirSync(join(folder, 'outputs'));
  }

  /**
   * Starts a program: a path of this system, or a name that Windows knows. Gives `{child, output, ended}`: `output` is the file its output
   * and messages go to, `ended` resolves to `{code, text}`; with `limit` (milliseconds) it is killed then and the code is null.
   */
  start(program, args = [], { env = {}, cwd = root, limit, output } = {}) {
    const { wineLoader } = places();
    const file = output ?? join(this.folder, 'outputs', `${++this.#outputs}-${basename(program)}.txt`);
    const out = openSync(file, 'w');
    const child = spawn(wineLoader, [program, ...args], {
      cwd,
      env: { ...this.#env, ...env },
      stdio: ['ignore', out, out],
    });
    closeSync(out);
    const ended = new Promise((resolve, reject) => {
      let isLate = false;
      const late =
        limit &&
        setTimeout(() => {
          isLate = true;
          child.kill('SIGKILL');
        }, limit);
      child.once('error', reject);
      child.once('exit', (code) => {
        clearTimeout(late);
        resolve({ code: isLate ? null : code, text: readFileSync(file, 'utf8') });
      });
    });
    return { child, output: file, ended };
  }

  /** Starts Windows' node.exe; packages of this clone that have a Windows part find it. */
  node(args, options = {}) {
    const found = places();
    const env = {
      DESKTOP_FLOWS_KOFFI: windowsPath(found.koffi),
      NODE_OPTIONS: `--require "${windowsPath(join(root, 'scripts/windows/preload.cjs')).replaceAll('\\', '/')}"`,
      /** Tests ask for it to skip what Wine does not have; the product never does. */
      DESKTOP_FLOWS_WINE: '1',
      ...options.env,
    };
    return this.start(found.node, args, { ...options, env });
  }

  /** Sets a value of the registry; `kind` as reg.exe names it. */
  async setRegistry(key, name, value, kind = 'REG_SZ') {
    const { code, text } = await this.start('reg', [
      'add',
      key,
      '/v',
      name,
      '/t',
      kind,
      '/d',
      String(value),
      '/f',
    ]).ended;
    if (code !== 0) throw new Error(`the registry of a machine cannot be changed: ${text}`);
  }

  async rename(name) {
    const names = 'HKLM\\System\\CurrentControlSet\\Control\\ComputerName';
    // Otherwise Wine takes the name of this system at every start.
    await this.setRegistry('HKCU\\Software\\Wine\\Network', 'UseDnsComputerName', 'N');
    await this.setRegistry(`${names}\\ComputerName`, 'ComputerName', name);
    await this.setRegistry(`${names}\\ActiveComputerName`, 'ComputerName', name);
    // What accounts of this machine are called by; made anew from the name when it is switched on.
    await this.setRegistry('HKCU\\Volatile Environment', 'USERDOMAIN', name);
  }

  /** What happens when a machine is switched on. */
  async boot() {
    const { code } = await this.start('wineboot', [], { limit: 60_000 }).ended;
    if (code !== 0) throw new Error(`a machine does not boot (exit code ${code})`);
  }

  /** A path of this system as the machine sees it. */
  path(path) {
    return windowsPath(path);
  }

  /** Ends every program, and switches the machine off; it can be used again afterwards, like one that is switched on. */
  switchOff() {
    endServer(this.#env);
  }

  stop() {
    this.switchOff();
    if (!this.#keep) rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Wine shows the whole tree of this system as drive Z. */
export function windowsPath(path) {
  return `Z:${path.replaceAll('/', '\\')}`;
}

/** Folders are made, files linked; what Wine writes in place, the registry, is copied. */
function linkTree(from, to) {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) {
      mkdirSync(target, { recursive: true });
      linkTree(source, target);
    } else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else if (entry.name.endsWith('.reg')) cpSync(source, target);
    else linkSync(source, target);
  }
}

/** Machines that a process left behind when it was killed. */
function clearDead(machines) {
  for (const name of readdirSync(machines)) {
    const owner = Number(name.split('-')[0]);
    if (existsSync(`/proc/${owner}`)) continue;
    const folder = join(machines, name);
    endServer(environment(folder));
    rmSync(folder, { recursive: true, force: true });
  }
}

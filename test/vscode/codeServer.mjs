// One VS Code server with folders of its own: settings, extensions, the extension's data folder, a copy of the workspace.
// Knows nothing of browsers and pages.
import { execFile, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

/** So that pictures show the product, always in the same way. */
const settings = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.colorTheme': 'Default Light Modern',
  'chat.disableAIFeatures': true,
  'extensions.ignoreRecommendations': true,
  'security.workspace.trust.enabled': false,
  'update.mode': 'none',
  'telemetry.telemetryLevel': 'off',
  'editor.minimap.enabled': false,
  // In a browser, files are saved while one types; a check that edits must be able to take it back.
  'files.autoSave': 'off',
  // Whatever else listens on this machine is nobody's business here.
  'remote.autoForwardPorts': false,
};

export class CodeServer {
  /** Everything below is temporary and disappears with `dispose`. */
  #folder;
  #process;
  #output = '';
  /** `http://127.0.0.1:port` */
  address = '';

  /**
   * `tools` as `provision()` returns them; `workspace` is copied, so that a run may write beside its flow. `more` are settings
   * of VS Code on top of the usual ones.
   */
  constructor(tools, workspace, more = {}) {
    this.tools = tools;
    this.#folder = mkdtempSync(join(tmpdir(), 'desktop-flows-vscode-'));
    this.workspace = join(this.#folder, basename(workspace));
    cpSync(workspace, this.workspace, { recursive: true });
    for (const scope of ['User', 'Machine']) {
      mkdirSync(join(this.serverData, 'data', scope), { recursive: true });
      writeFileSync(
        join(this.serverData, 'data', scope, 'settings.json'),
        JSON.stringify({ ...settings, ...more }),
      );
    }
  }

  get serverData() {
    return join(this.#folder, 'server');
  }
  get extensions() {
    return join(this.#folder, 'extensions');
  }
  /** The data folder of the extension and its agent (DESKTOP_FLOWS_HOME). */
  get home() {
    return join(this.#folder, 'home');
  }
  /** A place for files of the suite itself. */
  file(name) {
    return join(this.#folder, name);
  }

  #arguments(...more) {
    return [
      this.tools.serverMain,
      ...more,
      '--server-data-dir',
      this.serverData,
      '--extensions-dir',
      this.extensions,
    ];
  }

  /** Installs a vsix as a person would; returns the folder it was unpacked to. */
  async install(vsix) {
    const { stdout } = await promisify(execFile)(
      this.tools.node,
      this.#arguments('--install-extension', vsix),
    );
    const name = readdirSync(this.extensions).find((entry) => entry.startsWith('desktop-flows.'));
    if (!name) throw new Error(`the vsix was not installed:\n${stdout}`);
    return join(this.extensions, name);
  }

  /**
   * Starts the server on a free port. `env` is seen by the extension host. Only with `tests` does the address of a window
   * decide which suite its extension host runs; VS Code then shows no modal dialogs.
   */
  async start({ env = {}, tests = false } = {}) {
    this.#process = spawn(
      this.tools.node,
      this.#arguments(
        '--without-connection-token',
        '--host',
        '127.0.0.1',
        '--port',
        '0',
        '--accept-server-license-terms',
        '--disable-telemetry',
        '--disable-workspace-trust',
        ...(tests ? ['--enable-smoke-test-driver'] : []),
      ),
      { env: { ...process.env, DESKTOP_FLOWS_HOME: this.home, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    // Also when the suite itself breaks.
    process.once('exit', () => this.#process.kill());
    await new Promise((resolve, reject) => {
      const read = (chunk) => {
        this.#output += chunk;
        const port = /Extension host agent listening on (\d+)/.exec(this.#output)?.[1];
        if (!port) return;
        this.address = `http://127.0.0.1:${port}`;
        resolve();
      };
      this.#process.stdout.on('data', read);
      this.#process.stderr.on('data', read);
      this.#process.once('exit', (code) =>
        reject(new Error(`the VS Code server ended with ${code}:\n${this.#output}`)),
      );
    });
  }

  /** What helps to understand a failure: warnings of the extension host, and the ends of the extension's own logs. */
  logs() {
    const found = [];
    for (const path of [...filesIn(join(this.serverData, 'data', 'logs')), join(this.home, 'agent.log')]) {
      const name = path.slice(this.#folder.length + 1);
      const lines = existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
      const own = /desktop-flows\.desktop-flows|\/agent\.log$/.test(name);
      const useful = own ? lines : lines.filter((line) => /\[(warning|error)\]/.test(line));
      if (own || (name.endsWith('remoteexthost.log') && useful.length > 0)) {
        found.push(`── ${name}\n${useful.slice(-40).join('\n')}`);
      }
    }
    return found.join('\n');
  }

  /** Paths of the files (logs, stored runs, settings, workspace copy …) that contain `text` in UTF-8 or UTF-16. */
  filesContaining(text) {
    const forms = [
      Buffer.from(text),
      Buffer.from(text, 'utf16le'),
      Buffer.from(Buffer.from(text).toString('base64')),
    ];
    return filesIn(this.#folder).filter((path) => {
      if (path.startsWith(this.extensions)) return false;
      const content = readFileSync(path);
      return forms.some((form) => content.includes(form));
    });
  }

  /** Ends the server, then the agent that the extension left running, and removes the folders. */
  async dispose() {
    if (this.#process && this.#process.exitCode === null) {
      const ended = new Promise((resolve) => this.#process.once('exit', resolve));
      this.#process.kill();
      await ended;
    }
    await endAgent(this.home);
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Ends the agent whose data folder is `home`, if one runs, and waits until it is gone. */
export async function endAgent(home) {
  const address = join(home, 'agent.json');
  if (!existsSync(address)) return;
  const { pid } = JSON.parse(readFileSync(address, 'utf8'));
  try {
    process.kill(pid, 'SIGTERM');
    for (let attempt = 0; ; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      process.kill(pid, attempt < 50 ? 0 : 'SIGKILL');
    }
  } catch {
    // it is gone
  }
}

function filesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

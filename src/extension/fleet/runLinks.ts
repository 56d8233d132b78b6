// Links that run a flow: vscode://PUBLISHER.NAME/run?flow=PATH&machine=NAME&mode=unattended&input=Name%3DValue. A link may come from anywhere, so
// nothing happens before the person has read what it wants and agreed; sensitive inputs are never taken from one.
import { ProductError } from '../../base/error.ts';
import { uriOf } from '../documents.ts';
import { t } from '../l10n.ts';
import type { RunFlow } from '../runFlow.ts';
import type { Uri, UriHandler, VSCode } from '../vscode.ts';
import { oneLine } from '../wording.ts';
import type { Fleet } from './fleet.ts';

/** What a link asks for. `machine`: name of a machine or group. */
export interface RunLink {
  readonly flow: string;
  readonly machine?: string;
  readonly mode?: 'attended' | 'unattended';
  readonly inputs: Readonly<Record<string, string>>;
}

/** Throws `RunLinkInvalid`. Its text is not repeated: it may hold what should not be shown. */
export function readRunLink(path: string, query: string): RunLink {
  const wrong = (what: string) =>
    new ProductError(
      'RunLinkInvalid',
      `The link is not one that runs a flow: ${what}.`,
      'The form is …/run?flow=/full/path.robin, with machine=, mode= and input=Name%3DValue where wanted.',
    );
  if (path !== '/run') throw wrong('its path is not /run');
  const given = new URLSearchParams(query);
  const flow = given.get('flow');
  if (flow === null || !/\.(robin|pad)$/i.test(flow)) throw wrong('it names no .robin or .pad file');
  // A file of this machine only: no other scheme, no share of another computer.
  if (!/^(\/(?!\/)|[A-Za-z]:[\\/])/.test(flow)) throw wrong('its flow is not the full path of a file');
  const mode = given.get('mode') ?? undefined;
  if (mode !== undefined && mode !== 'attended' && mode !== 'unattended')
    throw wrong('its mode is neither attended nor unattended');
  const inputs = given.getAll('input').map((pair): [string, string] => {
    const at = pair.indexOf('=');
    if (at < 1) throw wrong('an input is not of the form Name=Value');
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  const machine = given.get('machine');
  return {
    flow,
    ...(machine !== null && { machine }),
    ...(mode !== undefined && { mode }),
    inputs: Object.fromEntries(inputs),
  };
}

export class RunLinks implements UriHandler {
  readonly #vscode: VSCode;
  readonly #fleet: Fleet;
  readonly #runFlow: RunFlow;
  readonly #failed: (error: unknown) => void;

  constructor(vscode: VSCode, fleet: Fleet, runFlow: RunFlow, failed: (error: unknown) => void) {
    this.#vscode = vscode;
    this.#fleet = fleet;
    this.#runFlow = runFlow;
    this.#failed = failed;
  }

  async handleUri(uri: Uri): Promise<void> {
    try {
      await this.#run(readRunLink(uri.path, uri.query));
    } catch (error) {
      this.#failed(error);
    }
  }

  async #run(link: RunLink): Promise<void> {
    const place = link.machine === undefined ? undefined : this.#placeOf(link.machine);
    const run = t('Run');
    const open = t('Open the Flow');
    const wishes = [
      t('Flow: {0}', oneLine(link.flow, 300)),
      ...(link.machine === undefined ? [] : [t('Machine: {0}', oneLine(link.machine, 100))]),
      ...(link.mode === undefined ? [] : [t('Mode: {0}', link.mode)]),
      ...Object.entries(link.inputs).map(([name, value]) =>
        t('Input {0}: {1}', oneLine(name, 60), oneLine(value, 200)),
      ),
    ];
    const choice = await this.#vscode.window.showWarningMessage(
      t(
        'A link wants to run a flow. Run it only when you know who made the link: a flow can do everything you can.',
      ),
      { modal: true, detail: wishes.join('\n') },
      open,
      run,
    );
    const uri = uriOf(this.#vscode, link.flow);
    if (choice === open) await this.#vscode.commands.executeCommand('vscode.open', uri);
    if (choice === run) await this.#runFlow.runOn(uri, place, link.inputs, link.mode);
  }

  #placeOf(name: string): { readonly server: string; readonly queue: string } {
    for (const { id, store } of this.#fleet.servers) {
      const queue = store.queues().find((one) => one.name === name || one.id === name);
      if (queue) return { server: id, queue: queue.id };
    }
    throw new ProductError(
      'MachineNotFound',
      `The link names ${oneLine(name, 100)}, and no machine or group of this name takes runs here.`,
      'Look in the Machines view which there are.',
    );
  }
}

// "Run Flow": from a document to a queued run. Saves, checks, asks for inputs, hands over to the agent; each step that cannot go
// on says why. Inputs live only in this call: sensitive ones are registered with the log's redactor first.
import type { Log } from '../base/log.ts';
import type { AgentParams } from '../protocol/agent.ts';
import { type FlowRequestResult, flowRequest } from '../protocol/editor.ts';
import type { Run } from '../protocol/run.ts';
import type { AgentConnection } from './agents.ts';
import { pathOf } from './documents.ts';
import type { InputForm } from './inputs.ts';
import type { FlowLanguage } from './languageClient.ts';
import { languageId } from './names.ts';
import type { OwnRuns } from './ownRuns.ts';
import type { TextDocument, Uri, VSCode } from './vscode.ts';
import { counted, oneLine } from './wording.ts';

/** A run that can be enqueued. Inputs go by external name; sensitive ones are in here and nowhere else. */
export type PreparedRun = Pick<AgentParams<'runs.enqueue'>, 'flow' | 'inputs'>;

export class RunFlow {
  readonly #vscode: VSCode;
  readonly #language: FlowLanguage;
  readonly #agent: AgentConnection;
  readonly #inputs: InputForm;
  readonly #own: OwnRuns;
  readonly #log: Log;
  readonly #user: string;

  constructor(
    vscode: VSCode,
    language: FlowLanguage,
    agent: AgentConnection,
    inputs: InputForm,
    own: OwnRuns,
    log: Log,
    user: string,
  ) {
    this.#vscode = vscode;
    this.#language = language;
    this.#agent = agent;
    this.#inputs = inputs;
    this.#own = own;
    this.#log = log;
    this.#user = user;
  }

  /** Runs the document at `uri`, else that of the active editor. Ends quietly when the person gives up. Rejects with a ProductError. */
  async run(uri?: Uri): Promise<void> {
    const prepared = await this.prepare(uri);
    if (prepared) await this.enqueue(prepared);
  }

  /**
   * Everything that a run of the document at `uri` (else of the active editor) needs. `given` are inputs that are not asked for, by
   * external name. Undefined when the person gave up, or was told why it cannot run. Rejects with a ProductError.
   */
  async prepare(uri?: Uri, given: PreparedRun['inputs'] = {}): Promise<PreparedRun | undefined> {
    if (!(await this.#isTrusted())) return undefined;
    const document = await this.#document(uri);
    if (!document) return undefined;
    const flow = await this.#language.ask(flowRequest, { uri: document.uri.toString() });
    if (flow.blocking.length > 0) {
      await this.#refuse(document, flow);
      return undefined;
    }
    // The agent starts while the person types. A failure is reported by the call that needs it.
    this.#agent.start().catch(() => undefined);
    const path = pathOf(document.uri);
    const text = document.getText();
    const asked = flow.inputs.filter(({ externalName }) => !Object.hasOwn(given, externalName));
    const answers = await this.#inputs.ask(flow.name, path, asked);
    if (!answers) return undefined;
    const inputs = { ...given, ...answers };
    for (const { externalName, sensitive } of flow.inputs) {
      if (sensitive && inputs[externalName] !== undefined)
        this.#log.redactor.add(String(inputs[externalName]));
    }
    const { name, companions } = flow;
    return { flow: { name, path, text, companions: [...companions] }, inputs };
  }

  /** Puts a prepared run into the queue. `debug`: it waits for a debugger first. Rejects with a ProductError. */
  async enqueue(
    { flow, inputs }: PreparedRun,
    { debug = false, mode = 'attended' }: { readonly debug?: boolean; readonly mode?: Run['mode'] } = {},
  ): Promise<Run> {
    const { run } = await this.#agent.call('runs.enqueue', {
      flow,
      inputs,
      mode,
      priority: 'normal',
      requestedBy: this.#user,
      ...(debug && { debug }),
    });
    await this.#own.add(run.id);
    this.#log.info('run requested', { runId: run.id, flow: flow.name, debug });
    return run;
  }

  /** A new run of the same text and inputs. Rejects with a ProductError. */
  async resubmit(runId: string): Promise<void> {
    if (!(await this.#isTrusted())) return;
    const { run } = await this.#agent.call('runs.resubmit', { runId, requestedBy: this.#user });
    await this.#own.add(run.id);
    this.#log.info('run resubmitted', { runId: run.id, from: runId });
  }

  async #isTrusted(): Promise<boolean> {
    if (this.#vscode.workspace.isTrusted) return true;
    const choice = await this.#vscode.window.showWarningMessage(
      'Running a flow needs a trusted workspace: a flow can do everything you can, such as deleting files and sending mail.',
      'Manage Workspace Trust',
    );
    if (choice) await this.#vscode.commands.executeCommand('workbench.trust.manage');
    return false;
  }

  async #document(uri: Uri | undefined): Promise<TextDocument | undefined> {
    const { window, workspace, commands } = this.#vscode;
    const document = uri ? await workspace.openTextDocument(uri) : window.activeTextEditor?.document;
    if (document?.languageId !== languageId) {
      const what = document ? `"${oneLine(baseName(document.uri), 60)}" is not a flow.` : 'No flow is open.';
      const choice = await window.showInformationMessage(
        `${what} Open a .robin file and run it from there.`,
        'Open File…',
      );
      if (choice) await commands.executeCommand('workbench.action.files.openFile');
      return undefined;
    }
    if (document.isDirty && document.uri.scheme === 'file' && !(await document.save())) {
      await window.showWarningMessage(
        `"${oneLine(baseName(document.uri), 60)}" could not be saved, so it was not run. Save it and run it again.`,
      );
      return undefined;
    }
    return document;
  }

  async #refuse(document: TextDocument, { name, blocking }: FlowRequestResult): Promise<void> {
    const [first] = blocking;
    const choice = await this.#vscode.window.showErrorMessage(
      `${oneLine(name, 60)} was not run: ${counted(blocking.length, 'problem')}. Line ${(first?.line ?? 0) + 1}: ${oneLine(first?.message ?? '', 200)}`,
      'Show Problems',
    );
    if (!choice) return;
    const at = new this.#vscode.Position(first?.line ?? 0, 0);
    await this.#vscode.window.showTextDocument(document, { selection: new this.#vscode.Range(at, at) });
    await this.#vscode.commands.executeCommand('workbench.actions.view.problems');
  }
}

const baseName = (uri: Uri): string => uri.path.slice(uri.path.lastIndexOf('/') + 1);

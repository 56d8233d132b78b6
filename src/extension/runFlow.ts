// "Run Flow": from a document to a queued run. Saves, checks, asks for inputs, hands over to the agent; each step that cannot go
// on says why. Inputs live only in this call: sensitive ones are registered with the log's redactor first.
import { ProductError } from '../base/error.ts';
import type { Log } from '../base/log.ts';
import type { AgentParams } from '../protocol/agent.ts';
import { type FlowParameterInfo, type FlowRequestResult, flowRequest } from '../protocol/editor.ts';
import type { Run, WireValue } from '../protocol/run.ts';
import type { AgentConnection } from './agents.ts';
import { pathOf, uriOf } from './documents.ts';
import type { Fleet } from './fleet/fleet.ts';
import { askChoice } from './fleet/prompts.ts';
import { type RunTerms, type RunTermsForm, usualTerms } from './fleet/runTerms.ts';
import type { InputForm } from './inputs.ts';
import { t } from './l10n.ts';
import type { FlowLanguage } from './languageClient.ts';
import { languageId } from './names.ts';
import type { OwnRuns } from './ownRuns.ts';
import { localSource } from './runs.ts';
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
  #elsewhere: { readonly fleet: Fleet; readonly terms: RunTermsForm } | undefined;

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

  /** From now on flows can be run on other machines. */
  useFleet(fleet: Fleet, terms: RunTermsForm): void {
    this.#elsewhere = { fleet, terms };
  }

  /**
   * Runs the document at `uri`, else that of the active editor, where and how it was run last. Ends quietly when the person gives up.
   * Rejects with a ProductError.
   */
  async run(uri?: Uri, given: PreparedRun['inputs'] = {}): Promise<Run | undefined> {
    if (uri && Object.keys(given).length > 0)
      await this.#refuseSecrets(await this.#vscode.workspace.openTextDocument(uri), given);
    const prepared = await this.prepare(uri, given);
    if (!prepared) return undefined;
    return this.#enqueue(prepared, this.#elsewhere?.terms.remembered(prepared.flow.path) ?? usualTerms);
  }

  /**
   * Runs a flow after asking for everything. `place`: a machine or group that is not asked for. `given`: inputs that are not asked for,
   * by external name. Ends quietly when the person gives up. Rejects with a ProductError.
   */
  async runOn(
    uri?: Uri,
    place?: { readonly server: string; readonly queue: string | undefined },
    given: PreparedRun['inputs'] = {},
    mode?: Run['mode'],
  ): Promise<Run | undefined> {
    const { fleet, terms: form } = this.#needFleet();
    if (!(await this.#isTrusted())) return undefined;
    const document = await this.#document(uri);
    if (!document) return undefined;
    const path = pathOf(document.uri);
    const name = baseName(document.uri);
    const server = place && fleet.server(place.server);
    const queue = server?.store.queues().find(({ id }) => id === place?.queue);
    const last = { ...form.remembered(path), ...(mode && { mode }) };
    const target = await form.askTarget(name, last, server && { server, ...(queue && { queue }) });
    if (!target) return undefined;
    await this.#refuseSecrets(document, given);
    const prepared = await this.prepare(document.uri, given, target.server === localSource);
    if (!prepared) return undefined;
    const terms = await form.askDetails(prepared.flow.name, target);
    if (!terms) return undefined;
    await form.remember(path, terms);
    return this.#enqueue(prepared, terms);
  }

  /**
   * Everything that a run of the document at `uri` (else of the active editor) needs. `given` are inputs that are not asked for, by
   * external name. `here`: it may run on this machine. Undefined when the person gave up, or was told why it cannot run. Rejects with a
   * ProductError.
   */
  async prepare(uri?: Uri, given: PreparedRun['inputs'] = {}, here = true): Promise<PreparedRun | undefined> {
    if (!(await this.#isTrusted())) return undefined;
    const document = await this.#document(uri);
    if (!document) return undefined;
    const flow = await this.#language.ask(flowRequest, { uri: document.uri.toString() });
    if (flow.blocking.length > 0) {
      await this.#refuse(document, flow);
      return undefined;
    }
    // The agent starts while the person types. A failure is reported by the call that needs it.
    if (here) this.#agent.start().catch(() => undefined);
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

  /** A new run of the same text and inputs, on the same target. Rejects with a ProductError. */
  async resubmit(runId: string): Promise<void> {
    if (!(await this.#isTrusted())) return;
    const { run } = await this.#agent.call('runs.resubmit', { runId, requestedBy: this.#user });
    await this.#own.add(run.id);
    this.#log.info('run resubmitted', { runId: run.id, from: runId });
  }

  /** Asks what shall differ: nothing, the inputs, the machine. Ends quietly when the person gives up. Rejects with a ProductError. */
  async resubmitWith(run: Run): Promise<void> {
    const { fleet, terms: form } = this.#needFleet();
    const server = fleet.ofRun(run.id);
    if (!server || !(await this.#isTrusted())) return;
    const how = await askChoice(this.#vscode, t('Resubmit {0}', oneLine(run.flow.name, 60)), [
      {
        label: t('As it was'),
        description: t('same text, inputs and target'),
        value: 'same' as const,
      },
      { label: t('With other inputs…'), description: t('same text and target'), value: 'inputs' as const },
      {
        label: t('On another machine…'),
        description: t('same text and inputs'),
        value: 'machine' as const,
      },
    ]);
    if (!how) return;
    if (how === 'same') return this.resubmit(run.id);
    if (how === 'inputs') {
      const inputs = await this.#otherInputs(run);
      if (!inputs) return;
      const answer = await server.call('runs.resubmit', { runId: run.id, requestedBy: this.#user, inputs });
      return this.#resubmitted(answer.run, run.id);
    }
    const terms = await form.askTarget(run.flow.name, {
      ...usualTerms,
      server: server.id,
      queue: run.queue,
      mode: run.mode,
      priority: run.priority,
    });
    if (!terms) return;
    if (terms.server !== server.id || terms.mode !== run.mode) {
      throw new ProductError(
        'ResubmitElsewhere',
        `A run is resubmitted where its text and inputs are kept, on ${server.label}, and in the same mode.`,
        'Run the flow from its file instead: "Run on a Machine…".',
      );
    }
    const answer = await server.call('runs.resubmit', {
      runId: run.id,
      requestedBy: this.#user,
      ...targetOf(terms),
    });
    await this.#resubmitted(answer.run, run.id);
  }

  async #resubmitted(run: Run, from: string): Promise<void> {
    await this.#own.add(run.id);
    this.#log.info('run resubmitted', { runId: run.id, from });
  }

  /** Those that differ, by external name. What is left as it was is not sent: secret ones stay where they are sealed. */
  async #otherInputs(run: Run): Promise<PreparedRun['inputs'] | undefined> {
    const known = await this.#parametersOf(run);
    const answers = await this.#inputs.ask(run.flow.name, undefined, known);
    if (!answers) return undefined;
    for (const { externalName, sensitive } of known)
      if (sensitive && answers[externalName] !== undefined)
        this.#log.redactor.add(String(answers[externalName]));
    return answers;
  }

  /** The inputs of a run with its values as defaults: from its flow where that is unchanged, else as the run tells of them. */
  async #parametersOf(run: Run): Promise<FlowParameterInfo[]> {
    const flow = await this.#language
      .ask(flowRequest, { uri: uriOf(this.#vscode, run.flow.path).toString() })
      .catch(() => undefined);
    const declared = flow?.hash === run.flow.hash ? flow.inputs : [];
    return Object.entries(run.inputs).map(([externalName, value], line): FlowParameterInfo => {
      const info = declared.find((one) => one.externalName === externalName);
      const sensitive = isSecured(value) || info?.sensitive === true;
      return {
        name: externalName,
        externalName,
        description: info?.description ?? '',
        type: info?.type ?? typeOf(value),
        optional: true,
        sensitive,
        defaultValue: value,
        line,
      };
    });
  }

  /** Inputs of a link or a task can be read by others. Throws `SensitiveInLink`. */
  async #refuseSecrets(document: TextDocument, given: PreparedRun['inputs']): Promise<void> {
    if (Object.keys(given).length === 0) return;
    const { inputs } = await this.#language.ask(flowRequest, { uri: document.uri.toString() });
    const secret = inputs.find(
      ({ externalName, sensitive }) => sensitive && Object.hasOwn(given, externalName),
    );
    if (!secret) return;
    throw new ProductError(
      'SensitiveInLink',
      `The input "${secret.externalName}" is sensitive, and a link or task that gives it can be read by others.`,
      'Leave it out there: it is asked for.',
    );
  }

  #needFleet(): { readonly fleet: Fleet; readonly terms: RunTermsForm } {
    if (this.#elsewhere) return this.#elsewhere;
    throw new ProductError('InternalError', 'Machines are not known yet.', 'Try again in a moment.');
  }

  /** On its terms. The name of the requester is that of the token where a server serves several people. */
  async #enqueue(prepared: PreparedRun, terms: RunTerms): Promise<Run> {
    const server = terms.server === localSource ? undefined : this.#elsewhere?.fleet.server(terms.server);
    const call = server ? server.call.bind(server) : this.#agent.call.bind(this.#agent);
    const { run } = await call('runs.enqueue', {
      flow: prepared.flow,
      inputs: prepared.inputs,
      mode: terms.mode,
      priority: terms.priority,
      requestedBy: this.#user,
      ...targetOf(terms),
      ...(terms.timeoutSeconds !== undefined && { timeoutSeconds: terms.timeoutSeconds }),
      ...(terms.logLevel !== undefined && { logging: { level: terms.logLevel } }),
    });
    await this.#own.add(run.id);
    this.#log.info('run requested', { runId: run.id, flow: prepared.flow.name, server: terms.server });
    const words = this.#elsewhere?.terms.words(terms) ?? '';
    if (words !== '')
      this.#vscode.window.setStatusBarMessage(
        `$(check) ${t('{0} is requested {1}', oneLine(prepared.flow.name, 60), words)}`,
        5_000,
      );
    return run;
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

/** A connection has its target with it. */
const targetOf = ({ connection, queue }: RunTerms) =>
  connection !== undefined ? { connection } : queue !== undefined ? { queue } : {};

const isSecured = (value: WireValue): boolean =>
  typeof value === 'object' && value !== null && '$type' in value && value.$type === 'secured';

/** As the form asks for a value whose flow is not at hand. */
function typeOf(value: WireValue): FlowParameterInfo['type'] {
  if (typeof value === 'number') return 'Number';
  if (typeof value === 'boolean') return 'Boolean';
  if (Array.isArray(value)) return 'List';
  if (typeof value !== 'object' || value === null || !('$type' in value)) return 'Text';
  return (
    ({ number: 'Number', datetime: 'Datetime', datatable: 'Datatable', object: 'Custom object' } as const)[
      value.$type as 'number'
    ] ?? 'Text'
  );
}

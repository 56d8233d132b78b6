// Recording what a person does into the flow of the active editor: start, pause, comment, stop, and the steps as they come. The agent
// records and makes the statements; the language server puts them into the flow.
import type { Disposable } from '../../base/disposable.ts';
import type { CaptureRow } from '../../protocol/capture.ts';
import { editFlowRequest, flowContentsRequest } from '../../protocol/editor.ts';
import type { AgentConnection } from '../agents.ts';
import type { FlowHead } from '../flowHead.ts';
import type { Interchange } from '../interchange.ts';
import type { FlowLanguage } from '../languageClient.ts';
import { contextKeys, languageId } from '../names.ts';
import type { TextDocument, Uri, VSCode } from '../vscode.ts';
import { counted } from '../wording.ts';
import { followCapture, ownProcesses } from './feed.ts';

export interface RecorderServices {
  readonly vscode: VSCode;
  readonly agent: Pick<AgentConnection, 'call'>;
  readonly language: FlowLanguage;
  readonly head: FlowHead;
  readonly interchange: Interchange;
  readonly failed: (error: unknown) => void;
}

interface Active {
  readonly captureId: string;
  readonly uri: Uri;
  readonly position: { readonly line: number; readonly character: number };
  readonly rows: CaptureRow[];
  isPaused: boolean;
  isStopping: boolean;
}

export class Recorder implements Disposable {
  readonly #services: RecorderServices;
  readonly #changes;
  #active: Active | undefined;

  /** Fires when there are other rows, or another state. */
  readonly onDidChange;

  constructor(services: RecorderServices) {
    this.#services = services;
    this.#changes = new services.vscode.EventEmitter<void>();
    this.onDidChange = this.#changes.event;
  }

  /** Undefined while nothing is recorded. */
  get state(): 'recording' | 'paused' | undefined {
    return this.#active && (this.#active.isPaused ? 'paused' : 'recording');
  }

  get rows(): readonly CaptureRow[] {
    return this.#active?.rows ?? [];
  }

  /** Records into the flow of the active editor, to be written at its cursor. */
  async start(): Promise<void> {
    const { vscode, agent } = this.#services;
    if (this.#active !== undefined) return this.#inform('Actions are being recorded already.');
    const editor = vscode.window.activeTextEditor;
    if (editor?.document.languageId !== languageId)
      return this.#inform('Open a flow (.robin) in an editor first.');
    const { uri } = editor.document;
    const { line, character } = editor.selection.active;
    const { captureId } = await agent.call('capture.start', ownProcesses());
    const active = {
      captureId,
      uri,
      position: { line, character },
      rows: [],
      isPaused: false,
      isStopping: false,
    };
    this.#active = active;
    this.#changed();
    void this.#follow(active);
  }

  /** Goes on when it is paused. */
  async pause(): Promise<void> {
    const active = this.#active;
    if (active === undefined) return this.#nothing();
    const { captureId } = active;
    await this.#services.agent.call(active.isPaused ? 'capture.resume' : 'capture.pause', { captureId });
  }

  async comment(): Promise<void> {
    const active = this.#active;
    if (active === undefined) return this.#nothing();
    const text = await this.#services.vscode.window.showInputBox({
      title: 'Comment',
      prompt: 'Becomes a comment in the flow, behind what was recorded until now',
      ignoreFocusOut: true,
    });
    if (text?.trim())
      await this.#services.agent.call('capture.comment', { captureId: active.captureId, text: text.trim() });
  }

  /** Writes what was recorded into the flow. */
  async stop(): Promise<void> {
    const active = this.#active;
    if (active === undefined) return this.#nothing();
    if (active.isStopping) return;
    active.isStopping = true;
    const { vscode, agent, language, interchange } = this.#services;
    try {
      const contents = await language.ask(flowContentsRequest, { uri: active.uri.toString() });
      const taken = [...contents.inputs, ...contents.outputs, ...contents.variables].map(({ name }) => name);
      const { text, inputs, steps } = await agent.call('capture.stop', {
        captureId: active.captureId,
        taken,
      });
      if (steps === 0) return this.#inform('Nothing was recorded, and nothing is changed.');
      const document = await vscode.workspace.openTextDocument(active.uri);
      await interchange.paste(document, within(document, active.position), text);
      for (const input of inputs) await this.#declare(active.uri, input);
      const secret =
        inputs.length === 0
          ? ''
          : ` What was typed into password fields was not kept: ${inputs.map(({ externalName }) => externalName).join(', ')} ${inputs.length === 1 ? 'is a sensitive input' : 'are sensitive inputs'} of the flow.`;
      this.#inform(`${counted(steps, 'recorded step')} ${steps === 1 ? 'is' : 'are'} in the flow.${secret}`);
    } finally {
      this.#over(active);
    }
  }

  dispose(): void {
    const active = this.#active;
    this.#active = undefined;
    if (active !== undefined && !active.isStopping)
      this.#services.agent.call('capture.stop', { captureId: active.captureId, taken: [] }).catch(() => {}); // it ends by itself when nobody asks for its events
    this.#changes.dispose();
  }

  async #declare(
    uri: Uri,
    input: { readonly name: string; readonly externalName: string; readonly description: string },
  ): Promise<void> {
    const { language, head } = this.#services;
    const parameter = {
      ...input,
      type: 'Text',
      optional: false,
      sensitive: true,
      defaultText: null,
    } as const;
    const { version, edits } = await language.ask(editFlowRequest, {
      uri: uri.toString(),
      edit: { kind: 'addParameter', direction: 'input', parameter },
    });
    await head.apply(uri, version, edits);
  }

  async #follow(active: Active): Promise<void> {
    try {
      await followCapture(this.#services.agent, active.captureId, (event) => {
        if (event.kind === 'rows') active.rows.splice(event.from, active.rows.length, ...event.rows);
        if (event.kind === 'state') active.isPaused = event.state === 'paused';
        if (event.kind === 'ended' && event.problem !== undefined)
          this.#services.failed(new Error(event.problem));
        this.#changed();
      });
    } catch (error) {
      if (this.#active === active && !active.isStopping) this.#services.failed(error);
    }
    if (!active.isStopping) this.#over(active);
  }

  #over(active: Active): void {
    if (this.#active === active) this.#active = undefined;
    this.#changed();
  }

  #changed(): void {
    void this.#services.vscode.commands.executeCommand('setContext', contextKeys.recording, this.state ?? '');
    this.#changes.fire();
  }

  #nothing(): void {
    this.#inform('Nothing is being recorded. Run "Record Actions…" in a flow first.');
  }

  /** Waits for nobody: a notification that stays open must not hold the command. */
  #inform(text: string): void {
    void this.#services.vscode.window.showInformationMessage(text);
  }
}

/** The place in a document that may have become shorter. */
function within(
  document: TextDocument,
  { line, character }: { readonly line: number; readonly character: number },
): { readonly line: number; readonly character: number } {
  return line < document.lineCount ? { line, character } : { line: document.lineCount - 1, character: 0 };
}

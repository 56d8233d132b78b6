// UI elements of a flow: picked by pointing at them, and their selectors edited while the desktop says what they find. The agent looks;
// the language server writes the files beside the flow.
import type { Clock } from '../../base/clock.ts';
import type { Disposable } from '../../base/disposable.ts';
import { asProductError, ProductError } from '../../base/error.ts';
import type { CapturedForPeople } from '../../protocol/capture.ts';
import { type FlowSelector, selectorsRequest } from '../../protocol/editor.ts';
import type { AgentConnection } from '../agents.ts';
import type { Interchange } from '../interchange.ts';
import type { FlowLanguage } from '../languageClient.ts';
import { languageId } from '../names.ts';
import type { TextDocument, VSCode } from '../vscode.ts';
import { counted, oneLine } from '../wording.ts';
import { followCapture, ownProcesses } from './feed.ts';

export interface ElementServices {
  readonly vscode: VSCode;
  readonly agent: Pick<AgentConnection, 'call'>;
  readonly language: FlowLanguage;
  readonly interchange: Interchange;
  readonly clock: Clock;
}

/** What is typed is tried when nothing more was typed for so long, in ms. */
const calmMs = 300;
const highlightSeconds = 3;

export class UiElements {
  readonly #services: ElementServices;

  constructor(services: ElementServices) {
    this.#services = services;
  }

  /** Lets the person point at an element and adds it to the UI elements of the flow in the active editor. */
  async pick(): Promise<void> {
    const { vscode, interchange } = this.#services;
    const document = this.#flow();
    if (document === undefined) return;
    const position = vscode.window.activeTextEditor?.selection.active ?? { line: 0, character: 0 };
    const { captureId } = await this.#services.agent.call('capture.inspect', ownProcesses());
    const taken = await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: 'Point at an element: Ctrl+click takes it, Esc ends.',
        cancellable: true,
      },
      (progress, token) => this.#pointed(captureId, (message) => progress.report({ message }), token),
    );
    if (taken === undefined) return;
    await interchange.paste(document, position, taken.text);
    const [best] = taken.proposals;
    const found = best === undefined ? '' : `, found by ${oneLine(best.selector, 100)}`;
    const reference = 'Copy Reference';
    const choice = await vscode.window.showInformationMessage(
      `${taken.name} of ${taken.window} is a UI element of the flow${found}.`,
      reference,
    );
    if (choice === reference) await vscode.env.clipboard.writeText(referenceTo(taken));
  }

  /** Asks which selector, then for its text; what it finds is shown while it is typed. */
  async editSelectors(): Promise<void> {
    const { vscode, language, interchange } = this.#services;
    const document = this.#flow();
    if (document === undefined) return;
    const uri = document.uri.toString();
    const { selectors } = await language.ask(selectorsRequest, { uri });
    if (selectors.length === 0) {
      await vscode.window.showInformationMessage(
        'This flow has no UI elements yet. Run "Pick a UI Element…" or "Record Actions…" first.',
      );
      return;
    }
    const items = selectors.map((selector) => ({
      label: selector.element ?? selector.screen,
      description: selector.element === undefined ? 'window' : selector.screen,
      detail: selector.text,
      selector,
    }));
    const chosen = await vscode.window.showQuickPick(items, {
      placeHolder: 'Edit the selector of which UI element?',
      matchOnDetail: true,
    });
    if (chosen === undefined) return;
    const text = await this.#typed(chosen.selector, selectors);
    if (text === undefined || text === chosen.selector.text) return;
    const { file } = await language.ask(selectorsRequest, { uri, change: { ...chosen.selector, text } });
    if (file === undefined) {
      throw new ProductError(
        'FlowEditImpossible',
        `The UI element "${chosen.label}" is not in the file beside the flow any more.`,
        'Try again.',
      );
    }
    await interchange.write(vscode.Uri.parse(file.uri, true), file.text);
    vscode.window.setStatusBarMessage(`$(check) The selector of ${chosen.label} is changed`, 5_000);
  }

  async #pointed(
    captureId: string,
    show: (text: string) => void,
    token: { onCancellationRequested(listener: () => void): Disposable },
  ): Promise<CapturedForPeople | undefined> {
    const { agent } = this.#services;
    const canceled = token.onCancellationRequested(() => {
      agent.call('capture.stop', { captureId, taken: [] }).catch(() => {}); // it has ended already
    });
    let taken: CapturedForPeople | undefined;
    let problem: string | undefined;
    try {
      await followCapture(agent, captureId, (event) => {
        if (event.kind === 'pointed') show(event.name);
        if (event.kind === 'taken') taken = event.element;
        if (event.kind === 'ended') problem = event.problem;
      });
    } finally {
      canceled.dispose();
    }
    if (problem !== undefined) throw new ProductError('CaptureFailed', problem, 'Try again.');
    return taken;
  }

  /** The text that the person wants; undefined when they do not. Only what is wrong as a selector is refused. */
  async #typed(selector: FlowSelector, all: readonly FlowSelector[]): Promise<string | undefined> {
    const { vscode, clock } = this.#services;
    const window =
      all.find(({ screen, element }) => screen === selector.screen && element === undefined)?.text ?? '';
    const query = (text: string) =>
      selector.element === undefined ? { window: text, element: '' } : { window, element: text };
    let waiting: Disposable | undefined;
    let tried = 0;
    const text = await vscode.window.showInputBox({
      title: `Selector of ${selector.element ?? selector.screen}`,
      value: selector.text,
      prompt: 'Enter keeps it, Esc leaves it as it was',
      ignoreFocusOut: true,
      validateInput: (typed) =>
        new Promise((resolve) => {
          waiting?.dispose();
          tried += 1;
          const own = tried;
          waiting = clock.after(calmMs, () => {
            this.#validation(query(typed)).then(
              (found) => resolve(own === tried ? found : undefined),
              (error: unknown) =>
                resolve({
                  message: asProductError(error).message,
                  severity: vscode.InputBoxValidationSeverity.Info,
                }),
            );
          });
        }),
    });
    waiting?.dispose();
    return text;
  }

  async #validation(query: { readonly window: string; readonly element: string }) {
    const { vscode, agent } = this.#services;
    const { Error: wrong, Info: fine, Warning: doubtful } = vscode.InputBoxValidationSeverity;
    const { count, partial, problem } = await agent.call('capture.validate', query);
    if (problem !== undefined) return { message: oneLine(problem, 300), severity: wrong };
    if (count > 0) {
      // Shown on the screen as well; what could not be shown is found all the same.
      agent.call('capture.highlight', { ...query, seconds: highlightSeconds }).catch(() => {});
      return { message: `Finds ${counted(count, 'element')}.`, severity: count === 1 ? fine : doubtful };
    }
    const [first] = partial;
    const instead = first?.instead.length ? `; there is ${first.instead.join(', ')}` : '';
    const message =
      first === undefined ? 'Finds nothing.' : `Finds nothing: nothing fits ${first.level}${instead}.`;
    return { message: oneLine(message, 300), severity: doubtful };
  }

  #flow(): TextDocument | undefined {
    const { window } = this.#services.vscode;
    const document = window.activeTextEditor?.document;
    if (document?.languageId === languageId) return document;
    void window.showInformationMessage('Open a flow (.robin) in an editor first.');
    return undefined;
  }
}

/** As a flow writes it. */
function referenceTo({ name, window, proposals }: CapturedForPeople): string {
  const quoted = (text: string) => `'${text.replace(/['"\\]/g, '\\$&')}'`;
  return `appmask[${quoted(window)}]${proposals.length === 0 ? '' : `[${quoted(name)}]`}`;
}

// Questions that running flows ask a person (the Display actions): shows them one after another, sends the answers, and takes a
// dialog back when it was answered elsewhere. Opens by itself only for runs that this window requested; others wait in the views.
import { type Disposable, DisposableStore } from '../base/disposable.ts';
import { asProductError } from '../base/error.ts';
import type { Answer, Question } from '../protocol/run.ts';
import type { AgentConnection } from './agents.ts';
import type { RunStore } from './runs.ts';
import type { CancellationTokenSource, VSCode } from './vscode.ts';
import { flowName } from './wording.ts';

/** An answer, or undefined when the person closed the dialog without one. */
type Reply = Answer | undefined;

export class Questions implements Disposable {
  readonly #vscode: VSCode;
  readonly #store: RunStore;
  readonly #agent: Pick<AgentConnection, 'call'>;
  readonly #by: string;
  readonly #disposables = new DisposableStore();
  readonly #waiting: { readonly runId: string; readonly question: Question }[] = [];
  #shown:
    | { readonly runId: string; readonly question: Question; readonly source: CancellationTokenSource }
    | undefined;

  /** `isOwn`: the run was requested by this window. `by` names this person to the agent. */
  constructor(
    vscode: VSCode,
    store: RunStore,
    agent: Pick<AgentConnection, 'call'>,
    isOwn: (runId: string) => boolean,
    by: string,
  ) {
    this.#vscode = vscode;
    this.#store = store;
    this.#agent = agent;
    this.#by = by;
    this.#disposables.add(
      store.onDidChange((change) => {
        if (change.kind === 'question' && isOwn(change.runId)) this.ask(change.runId, change.question);
        // Whatever ended a question (an answer elsewhere, a timeout, the end of its run): its dialog closes.
        else if (this.#shown && !this.#isOpen(this.#shown.runId, this.#shown.question))
          this.#shown.source.cancel();
      }),
    );
  }

  /** Shows the dialog of an open question, after those that are shown already. */
  ask(runId: string, question: Question): void {
    const pending = [...this.#waiting, ...(this.#shown ? [this.#shown] : [])];
    if (pending.some((entry) => entry.runId === runId && entry.question.id === question.id)) return;
    this.#waiting.push({ runId, question });
    if (!this.#shown) void this.#next();
  }

  dispose(): void {
    this.#shown?.source.cancel();
    this.#disposables.dispose();
  }

  async #next(): Promise<void> {
    for (let entry = this.#waiting.shift(); entry; entry = this.#waiting.shift()) {
      const { runId, question } = entry;
      if (!this.#isOpen(runId, question)) continue;
      const source = new this.#vscode.CancellationTokenSource();
      this.#shown = { runId, question, source };
      try {
        const reply = await this.#dialog(runId, question, source);
        if (reply) await this.#send(runId, question, reply);
        else if (this.#isOpen(runId, question)) void this.#stillWaits(runId, question);
      } finally {
        this.#shown = undefined;
        source.dispose();
      }
    }
  }

  #isOpen(runId: string, question: Question): boolean {
    return this.#store.detail(runId).questions.has(question.id);
  }

  async #send(runId: string, question: Question, answer: Answer): Promise<void> {
    try {
      await this.#agent.call('runs.answer', { runId, questionId: question.id, answer, by: this.#by });
    } catch (error) {
      const { code, message, nextStep } = asProductError(error);
      if (code === 'QuestionNotFound' || code === 'RunNotFound') return; // somebody else was faster, or it closed by itself
      void this.#vscode.window.showErrorMessage(`The answer did not reach the flow: ${message} ${nextStep}`);
    }
  }

  /** A dialog that was closed without an answer must not leave a flow waiting unnoticed. */
  async #stillWaits(runId: string, question: Question): Promise<void> {
    const run = this.#store.get(runId);
    const cancels = question.kind !== 'message' || (question.options ?? []).includes('Cancel');
    const choice = await this.#vscode.window.showInformationMessage(
      `${run ? flowName(run) : 'A flow'} still waits for an answer: ${question.title || question.message}`,
      'Answer',
      ...(cancels ? ['Cancel the Dialog'] : []),
      'Stop Run',
    );
    if (choice === 'Answer' && this.#isOpen(runId, question)) this.ask(runId, question);
    else if (choice === 'Cancel the Dialog')
      await this.#send(runId, question, { button: 'Cancel', values: [] });
    else if (choice === 'Stop Run') {
      await this.#agent.call('runs.stop', { runId }).catch((error) => {
        void this.#vscode.window.showErrorMessage(asProductError(error).message);
      });
    }
  }

  #dialog(runId: string, question: Question, source: CancellationTokenSource): Promise<Reply> {
    const run = this.#store.get(runId);
    const title = [run ? flowName(run) : '', question.title].filter((text) => text !== '').join(': ');
    switch (question.kind) {
      case 'message':
        return this.#message(question);
      case 'input':
      case 'password':
      case 'date':
        return this.#input(question, title, source);
      case 'choice':
      case 'choices':
        return this.#choice(question, title, source);
      case 'file':
      case 'files':
      case 'folder':
        return this.#open(question, title);
      case 'newFile':
        return this.#save(question, title);
    }
  }

  async #message(question: Question): Promise<Reply> {
    const options = question.options?.length ? question.options : ['OK'];
    // Escape means what it means in the original dialog: Cancel when there is one, the only button when there is one.
    const escapeButton = options.length === 1 ? options[0] : 'Cancel';
    // The first button is the one that Enter presses: that must be the flow's default.
    const ordered = [...options].sort(
      (a, b) => Number(b === question.preset) - Number(a === question.preset),
    );
    const items = ordered.map((title) => ({ title, isCloseAffordance: title === escapeButton }));
    const { showErrorMessage, showInformationMessage, showWarningMessage } = this.#vscode.window;
    const show = {
      error: showErrorMessage,
      warning: showWarningMessage,
      info: showInformationMessage,
      question: showInformationMessage,
    }[question.icon ?? 'info'];
    const text = question.title === '' ? question.message : question.title;
    const item = await show(
      text,
      { modal: true, ...(question.title === '' ? {} : { detail: question.message }) },
      ...items,
    );
    return item && { button: item.title, values: [] };
  }

  async #input(question: Question, title: string, source: CancellationTokenSource): Promise<Reply> {
    const isDate = question.kind === 'date';
    const text = await this.#vscode.window.showInputBox(
      {
        title,
        prompt: isDate ? `${question.message} (date, such as 2026-01-31)` : question.message,
        value: question.preset ?? '',
        password: question.kind === 'password',
        ignoreFocusOut: true,
        ...(isDate
          ? {
              validateInput: (typed) =>
                /^\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?)?$/.test(typed.trim())
                  ? undefined
                  : 'Expected: a date such as 2026-01-31.',
            }
          : {}),
      },
      source.token,
    );
    return text === undefined ? undefined : { button: 'OK', values: [isDate ? text.trim() : text] };
  }

  async #choice(question: Question, title: string, source: CancellationTokenSource): Promise<Reply> {
    const preset = question.kind === 'choices' ? question.preset?.split('\n') : [question.preset];
    const items = (question.options ?? []).map((label) => ({
      label,
      picked: preset?.includes(label) === true,
    }));
    const options = { title, placeHolder: question.message, ignoreFocusOut: true };
    if (question.kind === 'choices') {
      const picked = await this.#vscode.window.showQuickPick(
        items,
        { ...options, canPickMany: true },
        source.token,
      );
      return picked && { button: 'OK', values: picked.map(({ label }) => label) };
    }
    const picked = await this.#vscode.window.showQuickPick(items, options, source.token);
    return picked && { button: 'OK', values: [picked.label] };
  }

  async #open(question: Question, title: string): Promise<Reply> {
    const folder = question.kind === 'folder';
    const uris = await this.#vscode.window.showOpenDialog({
      title: question.message === '' ? title : `${title}: ${question.message}`,
      canSelectFiles: !folder,
      canSelectFolders: folder,
      canSelectMany: question.kind === 'files',
      ...(question.preset ? { defaultUri: this.#vscode.Uri.file(question.preset) } : {}),
      ...(folder ? {} : filtersOf(question)),
    });
    return uris && { button: 'OK', values: uris.map(({ fsPath }) => fsPath) };
  }

  async #save(question: Question, title: string): Promise<Reply> {
    const uri = await this.#vscode.window.showSaveDialog({
      title: question.message === '' ? title : `${title}: ${question.message}`,
      ...(question.preset ? { defaultUri: this.#vscode.Uri.file(question.preset) } : {}),
      ...filtersOf(question),
    });
    return uri && { button: 'OK', values: [uri.fsPath] };
  }
}

/** `*.txt;*.csv` as the file dialog's filters. Patterns that are no endings are left to the person. */
function filtersOf({ filter }: Question): { filters: Record<string, string[]> } | undefined {
  const endings = (filter ?? '')
    .split(/[;,]/)
    .map((pattern) => /^\s*\*\.([\w-]+)\s*$/.exec(pattern)?.[1])
    .filter((ending) => ending !== undefined);
  return endings.length === 0 ? undefined : { filters: { [filter as string]: endings, 'All files': ['*'] } };
}

// The commands of the extension: finds what each is about (the row, page or document it was called on, else asks) and never ends
// in silence: a command that cannot do anything says why.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Disposable, DisposableStore } from '../base/disposable.ts';
import type { Log } from '../base/log.ts';
import { isTerminal, type Run } from '../protocol/run.ts';
import type { AgentConnection } from './agents.ts';
import type { Debugging } from './debug/debugging.ts';
import { diagnosticsReport } from './diagnosticsReport.ts';
import { isUri, pathOf, uriOf } from './documents.ts';
import { showFailure } from './failureMessage.ts';
import { runIdsOf } from './fleet/queueCommands.ts';
import type { FlowHead } from './flowHead.ts';
import type { Interchange } from './interchange.ts';
import type { FlowLanguage } from './languageClient.ts';
import { type CommandName, commandIds, hiddenCommandIds } from './names.ts';
import type { Questions } from './questions.ts';
import type { RunPanels } from './runDetails/panels.ts';
import type { RunFlow } from './runFlow.ts';
import type { RunPicker } from './runPicker.ts';
import { localSource, type RunStore } from './runs.ts';
import type { ShownRuns } from './shownRuns.ts';
import type { Uri, VSCode } from './vscode.ts';
import { errorDetails, flowName, runPhrase } from './wording.ts';

export interface CommandContext {
  readonly vscode: VSCode;
  readonly store: RunStore;
  readonly agent: AgentConnection;
  readonly language: FlowLanguage;
  readonly runFlow: RunFlow;
  readonly debugging: Debugging;
  readonly panels: RunPanels;
  readonly picker: RunPicker;
  readonly questions: Questions;
  readonly head: FlowHead;
  readonly interchange: Interchange;
  readonly shown: ShownRuns;
  readonly log: Log;
  /** Version of the extension. */
  readonly version: string;
  readonly now: () => number;
  /** Shows the extension's own output channel. */
  readonly showLog: () => void;
}

/** `target`: the row, address or page it was called on. `selected`: all selected ones, in the explorer. */
type Handler = (target: unknown, selected?: unknown) => Promise<unknown>;

export function registerCommands(context: CommandContext): Disposable {
  const {
    vscode,
    store,
    agent,
    language,
    runFlow,
    debugging,
    panels,
    picker,
    questions,
    head,
    interchange,
    shown,
    log,
    showLog,
  } = context;
  const phraseOf = (run: Run) => runPhrase(run, context.now(), store.standing(run));
  const pick: RunPicker['pick'] = (...wanted) => picker.pick(...wanted);
  const inform = (text: string) => vscode.window.showInformationMessage(text);

  // Typed by name: a command without an implementation does not compile.
  const table: Readonly<Record<CommandName, Handler>> = {
    runFlow: (target) => runFlow.run(addressOf(target)),

    debugFlow: (target) => debugging.debug(addressOf(target)),
    runFromHere: () => debugging.runFromHere(),
    attachToRun: (target) => debugging.attach(picker.idOf(target)),
    repeatFailedAction: () => debugging.afterError('repeatAction'),
    skipFailedAction: () => debugging.afterError('skipAction'),
    showValueHistory: (target) => debugging.showValueHistory(target),

    async stopRun(target, selected) {
      const several = runIdsOf(target, selected).flatMap((id) => store.get(id) ?? []);
      if (several.length > 1) {
        for (const run of several)
          if (!isTerminal(run.state)) await agent.call('runs.stop', { runId: run.id });
        return;
      }
      const run = await pick(
        target,
        'Stop which run?',
        (run) => !isTerminal(run.state),
        'Nothing is running or queued.',
      );
      if (!run) return;
      if (isTerminal(run.state)) return inform(`${flowName(run)} has ended already: ${phraseOf(run)}.`);
      await agent.call('runs.stop', { runId: run.id });
    },

    stopRunSafely: (target) =>
      tell(target, 'runs.safeStop', {
        title: 'Stop which run safely?',
        applies: hasBegun,
        none: 'Nothing is running.',
        refusal: 'does not run',
        told: 'is asked to end where it checks whether a safe stop was requested',
      }),
    pauseRun: (target) =>
      tell(target, 'runs.pause', {
        title: 'Pause which run?',
        applies: ({ state }) => state === 'Running',
        none: 'Nothing is running that could be paused.',
        refusal: 'cannot be paused',
        told: 'stands still before its next action',
      }),
    resumeRun: (target) =>
      tell(target, 'runs.resume', {
        title: 'Resume which run?',
        applies: ({ state }) => state === 'Paused',
        none: 'No run is paused.',
        refusal: 'is not paused',
        told: 'goes on',
      }),

    async resubmitRun(target) {
      const run = await pick(
        target,
        'Resubmit which run?',
        (run) => isTerminal(run.state),
        'No run has ended yet: there is nothing to resubmit.',
      );
      if (!run) return;
      if (!isTerminal(run.state))
        return inform(`${flowName(run)} has not ended yet. Stop it first, or wait for its end.`);
      await runFlow.resubmit(run.id);
    },

    async showRun(target) {
      const run = await pick(
        target,
        'Show which run?',
        () => true,
        'This window knows no runs yet. Run a flow, or start the agent to see its earlier runs.',
      );
      if (run) panels.show(run);
    },

    async openFailingLine(target) {
      const run = await pick(
        target,
        'Open which failure?',
        (run) => run.error?.line !== undefined,
        'No run failed at a line.',
      );
      if (!run) return;
      const { error } = run;
      if (error?.line === undefined) return inform(`${flowName(run)} has no failing line: ${phraseOf(run)}.`);
      const uri = uriOf(vscode, run.flow.path);
      const document = await openDocument(uri);
      if (!document)
        return vscode.window.showWarningMessage(
          `The flow of this run cannot be opened: ${uri.fsPath}. It may have been moved. The error was at line ${error.line}.`,
        );
      const line = document.lineAt(Math.min(error.line, document.lineCount) - 1);
      const start = new vscode.Position(line.range.start.line, line.firstNonWhitespaceCharacterIndex);
      await vscode.window.showTextDocument(document, { selection: new vscode.Range(start, line.range.end) });
    },

    async copyErrorDetails(target) {
      const run = await pick(
        target,
        'Copy the error of which run?',
        (run) => run.error !== undefined,
        'No run has an error.',
      );
      if (!run) return;
      if (!run.error) return inform(`${flowName(run)} has no error: ${phraseOf(run)}.`);
      await vscode.env.clipboard.writeText(errorDetails(run));
      vscode.window.setStatusBarMessage('$(check) Error details copied', 3_000);
    },

    async answerQuestion(target) {
      const asks = (run: Run) => store.detail(run.id).questions.size > 0;
      const run = await pick(target, 'Answer which flow?', asks, 'No flow is waiting for an answer.');
      if (!run) return;
      if (!asks(run)) return inform(`${flowName(run)} is not waiting for an answer.`);
      for (const question of store.detail(run.id).questions.values()) questions.ask(run.id, question);
    },

    async clearRunStatus(target) {
      const uri = isUri(target) ? target : vscode.window.activeTextEditor?.document.uri;
      if (!uri || !shown.clear(pathOf(uri))) await inform('The active editor shows no run status.');
    },

    async startAgent() {
      if (agent.state?.kind === 'connected') return inform('The agent is running already.');
      await agent.start();
    },

    async stopAgent() {
      if (agent.state?.kind !== 'connected')
        return inform('No agent is connected, so there is nothing to stop.');
      const running = store.source(localSource).count('running');
      if (running > 0) {
        const choice = await vscode.window.showWarningMessage(
          `Stop the agent? ${running === 1 ? 'One run is' : `${running} runs are`} in progress and will be canceled. Queued runs stay in the queue.`,
          { modal: true },
          'Stop Agent',
        );
        if (!choice) return;
      }
      await agent.stop();
    },

    async showAgentLog() {
      const file = join(agent.dataFolder, 'agent.log');
      if (!existsSync(file)) {
        await inform(
          `The agent has written no log yet in ${agent.dataFolder}. Showing the log of this window.`,
        );
        return showLog();
      }
      await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(vscode.Uri.file(file)));
    },

    async restartLanguageServer() {
      await language.restart();
      vscode.window.setStatusBarMessage('$(check) Language server of Desktop Flows restarted', 3_000);
    },

    async exportDiagnostics() {
      const content = diagnosticsReport(vscode, context.version, agent, store, log, context.now());
      await vscode.window.showTextDocument(
        await vscode.workspace.openTextDocument({ language: 'markdown', content }),
      );
    },

    addInput: (target) => head.add('input', target),
    addOutput: (target) => head.add('output', target),
    editParameter: (target) => head.edit(target),
    removeParameter: (target) => head.remove(target),
    markSensitive: (target) => head.setSensitive(target, true),
    unmarkSensitive: (target) => head.setSensitive(target, false),
    copyForDesigner: () => interchange.copyForDesigner(),
    pasteFromDesigner: () => interchange.pasteFromDesigner(),
    compareFlows: (target, selected) => interchange.compareFlows(target, selected),
    importSolution: (target) => interchange.importSolution(target),
    exportSolution: (target) => interchange.exportSolution(target),
  };

  const hidden: Readonly<Record<keyof typeof hiddenCommandIds, Handler>> = {
    async goToLine(target) {
      const { uri, line, character } = target as { uri: Uri; line: number; character: number };
      const at = new vscode.Position(line, character);
      const document = await vscode.workspace.openTextDocument(uri);
      await vscode.window.showTextDocument(document, { selection: new vscode.Range(at, at) });
    },

    // A code lens can only name a command; the editor's own one wants live objects.
    async showReferences(target) {
      const { uri, position } = target as { uri: string; position: { line: number; character: number } };
      const at = new vscode.Position(position.line, position.character);
      const address = vscode.Uri.parse(uri, true);
      const found = await vscode.commands.executeCommand('vscode.executeReferenceProvider', address, at);
      await vscode.commands.executeCommand('editor.action.showReferences', address, at, found ?? []);
    },
  };

  const disposables = new DisposableStore();
  const register = (id: string, name: string, command: Handler) =>
    disposables.add(
      vscode.commands.registerCommand(id, async (target: unknown, selected: unknown) => {
        try {
          await command(target, selected);
        } catch (error) {
          await showFailure(vscode, log, name, error, showLog);
        }
      }),
    );
  for (const [name, command] of Object.entries(table))
    register(commandIds[name as CommandName], name, command);
  for (const [name, command] of Object.entries(hidden)) {
    register(hiddenCommandIds[name as keyof typeof hiddenCommandIds], name, command);
  }
  return disposables;

  /** Passes a wish on to a run that is under way. The agent says when the flow follows it, which may take one action. */
  async function tell(
    target: unknown,
    wish: 'runs.pause' | 'runs.resume' | 'runs.safeStop',
    words: {
      readonly title: string;
      readonly applies: (run: Run) => boolean;
      readonly none: string;
      readonly refusal: string;
      readonly told: string;
    },
  ): Promise<void> {
    const run = await pick(target, words.title, words.applies, words.none);
    if (!run) return;
    if (!words.applies(run)) {
      await inform(`${flowName(run)} ${words.refusal}: ${phraseOf(run)}.`);
      return;
    }
    await agent.call(wish, { runId: run.id });
    vscode.window.setStatusBarMessage(`$(check) ${flowName(run)} ${words.told}`, 5_000);
  }

  /** A code lens carries the address as text. */
  function addressOf(target: unknown): Uri | undefined {
    if (typeof target === 'string') return vscode.Uri.parse(target, true);
    return isUri(target) ? target : undefined;
  }

  async function openDocument(uri: Uri) {
    try {
      return await vscode.workspace.openTextDocument(uri);
    } catch {
      return undefined; // the caller says that it cannot be opened
    }
  }
}

const hasBegun = ({ state }: Run): boolean => state === 'Running' || state === 'Paused';

// The composition root: builds everything in order and connects it. Returns before anything outside this process was touched;
// the language server and the look for a running agent follow a moment later, the agent itself when it is needed.
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { type Disposable, DisposableStore } from '../base/disposable.ts';
import { ProductError } from '../base/error.ts';
import { Log, type LogLine } from '../base/log.ts';
import { AgentConnection } from './agents.ts';
import { UiElements } from './capture/elements.ts';
import { Recorder } from './capture/recorder.ts';
import { RecordingView } from './capture/view.ts';
import { registerCommands } from './commands.ts';
import { Debugging } from './debug/debugging.ts';
import { RunDecorations } from './decorations.ts';
import { showFailure } from './failureMessage.ts';
import { FlowHead } from './flowHead.ts';
import { InputForm } from './inputs.ts';
import { Interchange } from './interchange.ts';
import { type FlowLanguage, LanguageServer } from './languageClient.ts';
import { type AgentPort, localAgent } from './localAgent.ts';
import { contextKeys, languageId, viewIds } from './names.ts';
import { notifyOfEnds } from './notifications.ts';
import { OwnRuns } from './ownRuns.ts';
import { Questions } from './questions.ts';
import { RunFlow } from './runFlow.ts';
import { RunPages } from './runPage.ts';
import { RunProblems } from './runProblems.ts';
import { RunStore } from './runs.ts';
import { ShownRuns } from './shownRuns.ts';
import { StatusItem } from './status.ts';
import { TestExplorer } from './testing/testExplorer.ts';
import { localTester, type Tester } from './testing/tester.ts';
import { FlowView } from './views/flow.ts';
import { MachinesView } from './views/machines.ts';
import { RunQueueView } from './views/runQueue.ts';
import type { ExtensionContext, LogOutputChannel, VSCode } from './vscode.ts';

/** How often a view that is open looks for an agent that somebody else may have started. */
const lookMs = 5_000;

/** What reaches out of this process; tests pass their own. */
export interface Outside {
  readonly clock: Clock;
  readonly random: () => number;
  readonly agent: (vscode: VSCode, distFolder: string, client: string) => AgentPort;
  readonly tester: (vscode: VSCode, distFolder: string) => Tester;
  readonly language: (
    script: string,
    channel: () => LogOutputChannel,
    log: Log,
    gaveUp: () => void,
  ) => FlowLanguage;
}

export const outside = (clock: Clock): Outside => ({
  clock,
  random: Math.random,
  agent: localAgent,
  tester: localTester,
  language: (script, channel, log, gaveUp) => new LanguageServer(script, channel, log, gaveUp),
});

/** Everything the extension does, from here to the disposal of the result. */
export function startExtension(
  vscode: VSCode,
  context: Pick<ExtensionContext, 'extensionPath' | 'extension' | 'workspaceState'>,
  { clock, random, agent: agentPort, tester, language: createLanguage }: Outside,
): Disposable {
  const owned = new DisposableStore();
  const version = String(context.extension.packageJSON.version);
  const dist = join(context.extensionPath, 'dist');
  const { username } = userInfo();

  const channel = owned.add(vscode.window.createOutputChannel('Desktop Flows', { log: true }));
  const showLog = () => channel.show(true);
  const log = new Log('extension', () => clock.now(), [(line) => write(channel, line)]);

  const store = new RunStore();
  const agent = owned.add(
    new AgentConnection(
      agentPort(vscode, dist, `VS Code ${vscode.version}, Desktop Flows ${version}`),
      store,
      clock,
      log.child('agent'),
      random,
    ),
  );
  const language = createLanguage(
    join(dist, 'server.cjs'),
    () => owned.add(vscode.window.createOutputChannel('Desktop Flows Language Server', { log: true })),
    log.child('language'),
    () =>
      void showFailure(
        vscode,
        log,
        'the language server ended',
        new ProductError(
          'LanguageServerNotRunning',
          'The language server crashed again and again and was not started any more: problems and outline are out of date.',
          'Restart it; when it crashes again, the output "Desktop Flows Language Server" says why.',
        ),
        showLog,
      ),
  );
  owned.add({ dispose: () => void language.stop() });

  const own = new OwnRuns(context.workspaceState);
  const loadDetail = (runId: string) => void agent.loadDetail(runId);
  const questions = owned.add(new Questions(vscode, store, agent, own.has, username));
  const shown = owned.add(new ShownRuns(vscode, store));
  owned.add(
    new RunDecorations(vscode, store, shown, clock, loadDetail, join(context.extensionPath, 'media')),
  );
  owned.add(new RunProblems(vscode, store, shown, clock, own.has));
  const pages = owned.add(new RunPages(vscode, store, agent, clock));
  const runFlow = new RunFlow(
    vscode,
    language,
    agent,
    new InputForm(vscode, context.workspaceState),
    own,
    log,
    username,
  );
  const debugging = owned.add(
    new Debugging({
      vscode,
      agent,
      store,
      language,
      runFlow,
      log: log.child('debug'),
      now: () => clock.now(),
      failed: (error) => void showFailure(vscode, log, 'debugging', error, showLog),
    }),
  );
  owned.add(
    new TestExplorer({
      vscode,
      language,
      clock,
      log: log.child('tests'),
      run: tester(vscode, dist),
      failed: (error) => void showFailure(vscode, log, 'tests', error, showLog),
    }),
  );
  const head = new FlowHead(vscode, language);
  const interchange = new Interchange(vscode, language, head);
  const recorder = owned.add(
    new Recorder({
      vscode,
      agent,
      language,
      head,
      interchange,
      failed: (error) => void showFailure(vscode, log, 'recording', error, showLog),
    }),
  );
  const elements = new UiElements({ vscode, agent, language, interchange, clock });
  owned.add(
    registerCommands({
      vscode,
      store,
      agent,
      language,
      runFlow,
      debugging,
      pages,
      questions,
      head,
      interchange,
      recorder,
      elements,
      shown,
      log,
      version,
      now: () => clock.now(),
      showLog,
    }),
  );

  const flowView = owned.add(
    new FlowView(vscode, language, clock, (error) =>
      log.warn('the flow view cannot be read', { error: String(error) }),
    ),
  );
  const flowTree = owned.add(vscode.window.createTreeView(viewIds.flow, { treeDataProvider: flowView }));
  const recordingView = owned.add(new RecordingView(vscode, recorder));
  owned.add(vscode.window.createTreeView(viewIds.recording, { treeDataProvider: recordingView }));
  const machines = owned.add(new MachinesView(vscode, agent, store));
  const machinesTree = owned.add(
    vscode.window.createTreeView(viewIds.machines, { treeDataProvider: machines }),
  );
  const queue = owned.add(new RunQueueView(vscode, store, clock));
  const queueTree = owned.add(vscode.window.createTreeView(viewIds.runQueue, { treeDataProvider: queue }));
  owned.add(new StatusItem(vscode, agent, store, clock));
  owned.add(notifyOfEnds(vscode, store, own.has));

  owned.add(
    agent.onDidChange(
      ({ kind }) => void vscode.commands.executeCommand('setContext', contextKeys.agentState, kind),
    ),
  );
  // After a list was read, the questions of running flows are not known yet.
  owned.add(
    store.onDidChange(({ kind }) => {
      if (kind === 'reset')
        for (const run of store.running()) if (!store.detail(run.id).complete) loadDetail(run.id);
    }),
  );
  owned.add(
    queueTree.onDidChangeVisibility(({ visible }) => {
      queue.setVisible(visible);
      look();
    }),
  );
  owned.add(machinesTree.onDidChangeVisibility(() => look()));

  let looking: Disposable | undefined;
  owned.add({ dispose: () => looking?.dispose() });
  /** Looks for a running agent now and, while a view is open and none runs, again and again. */
  function look(): void {
    looking?.dispose();
    looking = undefined;
    if (agent.state?.kind === undefined || agent.state.kind === 'notStarted') void agent.look();
    if (machinesTree.visible || queueTree.visible) looking = clock.after(lookMs, look);
  }

  const startLanguage = () =>
    void language
      .start()
      .catch((error) => log.error('the language server cannot be started', { error: String(error) }));
  owned.add(
    vscode.workspace.onDidOpenTextDocument(
      (document) => document.languageId === languageId && startLanguage(),
    ),
  );
  // Later, so that activation waits for nothing.
  owned.add(
    clock.after(0, () => {
      look();
      queue.setVisible(queueTree.visible);
      flowView.attach(flowTree);
      if (vscode.workspace.textDocuments.some((document) => document.languageId === languageId))
        startLanguage();
    }),
  );
  return owned;
}

/** The channel adds time and level itself. */
function write(channel: LogOutputChannel, line: LogLine): void {
  const fields = Object.keys(line.fields).length === 0 ? '' : ` ${JSON.stringify(line.fields)}`;
  channel[line.level](`${line.channel}: ${line.message}${fields}`);
}

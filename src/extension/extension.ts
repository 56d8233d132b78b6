// The composition root: builds everything in order and connects it. Returns before anything outside this process was touched;
// the language server and the look for a running agent follow a moment later, the agent itself when it is needed.

import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { type Disposable, DisposableStore } from '../base/disposable.ts';
import { ProductError } from '../base/error.ts';
import { Log, type LogLine } from '../base/log.ts';
import type { Run } from '../protocol/run.ts';
import { AgentConnection } from './agents.ts';
import { registerAssistants } from './assistants/assistants.ts';
import { registerCommands } from './commands.ts';
import { Debugging } from './debug/debugging.ts';
import { RunDecorations } from './decorations.ts';
import { showFailure } from './failureMessage.ts';
import { dialRemote } from './fleet/dialRemote.ts';
import type { DialRemote } from './fleet/fleet.ts';
import { startFleet } from './fleet/startFleet.ts';
import { FlowHead } from './flowHead.ts';
import { InputForm } from './inputs.ts';
import { Interchange } from './interchange.ts';
import { t, useLanguage } from './l10n.ts';
import { type FlowLanguage, LanguageServer } from './languageClient.ts';
import { type AgentPort, localAgent, nodeProgram } from './localAgent.ts';
import { registerMonitor } from './monitor/monitorView.ts';
import { contextKeys, languageId, viewIds } from './names.ts';
import { notifyOfEnds } from './notifications.ts';
import { OwnRuns } from './ownRuns.ts';
import { Questions } from './questions.ts';
import { registerDetailCommands } from './runDetails/commands.ts';
import { HistoryPanel } from './runDetails/historyPanel.ts';
import { OfferedActions } from './runDetails/offeredActions.ts';
import { RunPanels, type RunReader } from './runDetails/panels.ts';
import { FlowParameters } from './runDetails/parameters.ts';
import { RunFlow } from './runFlow.ts';
import { RunPages } from './runPage.ts';
import { RunPicker } from './runPicker.ts';
import { RunProblems } from './runProblems.ts';
import { RunStore } from './runs.ts';
import { ShownRuns } from './shownRuns.ts';
import { StatusItem } from './status.ts';
import { TestExplorer } from './testing/testExplorer.ts';
import { localTester, type Tester } from './testing/tester.ts';
import { FlowView } from './views/flow.ts';
import type { ExtensionContext, LogOutputChannel, VSCode } from './vscode.ts';

/** How often a view that is open looks for an agent that somebody else may have started. */
const lookMs = 5_000;

/** What reaches out of this process; tests pass their own. */
export interface Outside {
  readonly clock: Clock;
  readonly random: () => number;
  readonly agent: (vscode: VSCode, distFolder: string, client: string) => AgentPort;
  readonly orchestrator: (client: string) => DialRemote;
  readonly tester: (vscode: VSCode, distFolder: string) => Tester;
  /** The script of web pages. */
  readonly pageScript: (distFolder: string) => string;
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
  orchestrator: dialRemote,
  tester: localTester,
  pageScript: (dist) => readFileSync(join(dist, 'page.cjs'), 'utf8'),
  language: (script, channel, log, gaveUp) => new LanguageServer(script, channel, log, gaveUp),
});

/** Everything the extension does, from here to the disposal of the result. */
export function startExtension(
  vscode: VSCode,
  context: Pick<
    ExtensionContext,
    'extensionPath' | 'extension' | 'workspaceState' | 'globalState' | 'secrets'
  >,
  { clock, random, agent: agentPort, orchestrator, tester, pageScript, language: createLanguage }: Outside,
): Disposable {
  useLanguage(vscode.l10n.t);
  const owned = new DisposableStore();
  const version = String(context.extension.packageJSON.version);
  const dist = join(context.extensionPath, 'dist');
  const { username } = userInfo();
  const client = `VS Code ${vscode.version}, Desktop Flows ${version}`;

  const channel = owned.add(vscode.window.createOutputChannel('Desktop Flows', { log: true }));
  const showLog = () => channel.show(true);
  const log = new Log('extension', () => clock.now(), [(line) => write(channel, line)]);

  const store = new RunStore();
  const agent = owned.add(
    new AgentConnection(agentPort(vscode, dist, client), store, clock, log.child('agent'), random),
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
  const parameters = owned.add(new FlowParameters(language));
  owned.add(
    new RunDecorations(
      vscode,
      {
        store,
        shown,
        parameters,
        clock,
        loadDetail,
        machineName: (machineId) => agent.machineName(machineId),
      },
      join(context.extensionPath, 'media'),
    ),
  );
  owned.add(new RunProblems(vscode, store, shown, clock, own.has));
  const pages = owned.add(new RunPages(vscode, store, agent, clock));
  const failed = (doing: string, error: unknown) => void showFailure(vscode, log, doing, error, showLog);
  const reader: RunReader = {
    isConnected: () => agent.state?.kind === 'connected',
    events: async (runId, after) => (await agent.call('runs.events', { runId, after })).events,
    screenshot: async (runId) => (await agent.call('runs.screenshot', { runId })).png,
    runs: async (limit) => (await agent.call('runs.list', { limit })).runs,
    machineName: (machineId) => agent.machineName(machineId),
    onDidChange: (listener) => agent.onDidChange(listener),
  };
  let pageText: string | undefined;
  const script = () => {
    pageText ??= pageScript(dist);
    return pageText;
  };
  const panels = owned.add(
    new RunPanels({ vscode, store, reader, clock, script, failed, showText: (run) => pages.show(run) }),
  );
  const showRun = (run: Run) => panels.show(run);
  const history = owned.add(new HistoryPanel({ vscode, store, reader, clock, script, showRun }));
  owned.add(registerMonitor({ vscode, store, agent, clock, script, showRun, failed }));
  const offered = owned.add(new OfferedActions(vscode, store, panels, clock));
  const picker = new RunPicker(
    vscode,
    store,
    () => offered.shownRun,
    () => clock.now(),
  );
  owned.add(
    registerDetailCommands({
      vscode,
      panels,
      pages,
      history,
      failed,
      pick: (target, title) =>
        picker.pick(
          target,
          title,
          () => true,
          t('This window knows no runs yet: run a flow, or start the agent.'),
        ),
    }),
  );
  owned.add(
    registerAssistants({
      vscode,
      agent,
      language,
      own,
      distFolder: dist,
      nodePath: () => nodeProgram(vscode).nodePath,
      version,
    }),
  );
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
  owned.add(
    registerCommands({
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
      interchange: new Interchange(vscode, language, head),
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
  const machines = owned.add(
    startFleet({
      vscode,
      agent,
      runs: store,
      runFlow,
      globalState: context.globalState,
      workspaceState: context.workspaceState,
      secrets: context.secrets,
      dial: orchestrator(client),
      clock,
      random,
      log,
      showLog,
    }),
  );
  const { machinesTree, queueTree } = machines;
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
  owned.add(queueTree.onDidChangeVisibility(() => look()));
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
      machines.start();
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

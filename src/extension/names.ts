// Every identifier that package.json and the code share, and which of the flags a run has. test/extension/manifest.test.ts keeps both sides equal.
import { isTerminal, type Run } from '../protocol/run.ts';

export const languageId = 'robin';

export const debugType = 'desktop-flow';

/** Scheme of the read-only page of one run (`Show Run`). */
export const runScheme = 'desktop-flow-run';

export const commandIds = {
  runFlow: 'desktopFlows.runFlow',
  debugFlow: 'desktopFlows.debugFlow',
  runFromHere: 'desktopFlows.runFromHere',
  attachToRun: 'desktopFlows.attachToRun',
  repeatFailedAction: 'desktopFlows.repeatFailedAction',
  skipFailedAction: 'desktopFlows.skipFailedAction',
  showValueHistory: 'desktopFlows.showValueHistory',
  stopRun: 'desktopFlows.stopRun',
  stopRunSafely: 'desktopFlows.stopRunSafely',
  pauseRun: 'desktopFlows.pauseRun',
  resumeRun: 'desktopFlows.resumeRun',
  resubmitRun: 'desktopFlows.resubmitRun',
  showRun: 'desktopFlows.showRun',
  openFailingLine: 'desktopFlows.openFailingLine',
  copyErrorDetails: 'desktopFlows.copyErrorDetails',
  answerQuestion: 'desktopFlows.answerQuestion',
  clearRunStatus: 'desktopFlows.clearRunStatus',
  startAgent: 'desktopFlows.startAgent',
  stopAgent: 'desktopFlows.stopAgent',
  showAgentLog: 'desktopFlows.showAgentLog',
  restartLanguageServer: 'desktopFlows.restartLanguageServer',
  exportDiagnostics: 'desktopFlows.exportDiagnostics',
  addInput: 'desktopFlows.addInput',
  addOutput: 'desktopFlows.addOutput',
  editParameter: 'desktopFlows.editParameter',
  removeParameter: 'desktopFlows.removeParameter',
  markSensitive: 'desktopFlows.markSensitive',
  unmarkSensitive: 'desktopFlows.unmarkSensitive',
  copyForDesigner: 'desktopFlows.copyForDesigner',
  pasteFromDesigner: 'desktopFlows.pasteFromDesigner',
  compareFlows: 'desktopFlows.compareFlows',
  importSolution: 'desktopFlows.importSolution',
  exportSolution: 'desktopFlows.exportSolution',
} as const;

/** Commands about machines, queues, connections and runs elsewhere: see fleet/. */
export const fleetCommandIds = {
  addOrchestrator: 'desktopFlows.addOrchestrator',
  replaceToken: 'desktopFlows.replaceToken',
  renameServer: 'desktopFlows.renameServer',
  removeServer: 'desktopFlows.removeServer',
  reconnectServer: 'desktopFlows.reconnectServer',
  pairThisMachine: 'desktopFlows.pairThisMachine',
  unpairThisMachine: 'desktopFlows.unpairThisMachine',
  newPairingCode: 'desktopFlows.newPairingCode',
  refreshMachines: 'desktopFlows.refreshMachines',
  renameMachine: 'desktopFlows.renameMachine',
  removeMachine: 'desktopFlows.removeMachine',
  startMaintenance: 'desktopFlows.startMaintenance',
  endMaintenance: 'desktopFlows.endMaintenance',
  changeSettings: 'desktopFlows.changeSettings',
  addGroup: 'desktopFlows.addGroup',
  joinGroup: 'desktopFlows.joinGroup',
  leaveGroup: 'desktopFlows.leaveGroup',
  showAudit: 'desktopFlows.showAudit',
  whyNothingRuns: 'desktopFlows.whyNothingRuns',
  restartAgent: 'desktopFlows.restartAgent',
  whyWaiting: 'desktopFlows.whyWaiting',
  moveToTop: 'desktopFlows.moveToTop',
  undoMove: 'desktopFlows.undoMove',
  changePriority: 'desktopFlows.changePriority',
  filterRuns: 'desktopFlows.filterRuns',
  clearRunFilter: 'desktopFlows.clearRunFilter',
  runFlowOn: 'desktopFlows.runFlowOn',
  resubmitRunWith: 'desktopFlows.resubmitRunWith',
  manageConnections: 'desktopFlows.manageConnections',
  addConnection: 'desktopFlows.addConnection',
  editConnection: 'desktopFlows.editConnection',
  testConnection: 'desktopFlows.testConnection',
  removeConnection: 'desktopFlows.removeConnection',
  rekeyConnections: 'desktopFlows.rekeyConnections',
} as const;
export type FleetCommandName = keyof typeof fleetCommandIds;

/** Commands that rows and code lenses call; they need an argument and are in no menu. */
export const hiddenCommandIds = {
  goToLine: 'desktopFlows.goToLine',
  showReferences: 'desktopFlows.showReferences',
} as const;

/** Commands of rows of the fleet's views that need an argument and are in no menu. */
export const hiddenFleetCommandIds = { showMoreRuns: 'desktopFlows.showMoreRuns' } as const;
export type CommandName = keyof typeof commandIds;

export const viewIds = {
  flow: 'desktopFlows.flow',
  machines: 'desktopFlows.machines',
  runQueue: 'desktopFlows.runQueue',
} as const;

/** Context keys that `when` clauses read. */
export const contextKeys = {
  /** `notStarted`, `starting`, `connected`, `reconnecting` or `failed`; unset until somebody looked. */
  agentState: 'desktopFlows.agentState',
  /** The flags (see `runFlags`) of the run whose page is in front, separated by spaces; empty when none is. */
  shownRun: 'desktopFlows.shownRun',
  /** True while the Flow view shows a flow. */
  flowShown: 'desktopFlows.flowShown',
  /** True while the debug session in front is stopped on an error. */
  stoppedOnError: 'desktopFlows.stoppedOnError',
  /** True while the Run Queue shows only some runs. */
  runsFiltered: 'desktopFlows.runsFiltered',
} as const;

/** Keys of what this window remembers. */
export const memoryKeys = {
  /** Global: the orchestrators that were added, without their tokens. */
  servers: 'desktopFlows.servers',
  /** Of the secret storage. */
  token: (serverId: string): string => `desktopFlows.token:${serverId}`,
  /** Of the workspace: where and how the flow at a path was run last. */
  terms: (path: string): string => `desktopFlows.terms:${path}`,
} as const;

/** Type of the tasks that run a flow. */
export const taskType = 'desktop-flow';

/** Colours that themes may change. */
export const colorIds = { failedLine: 'desktopFlows.failedLineBackground' } as const;

/** Settings below `desktopFlows.`. */
export const settingIds = {
  notifications: 'notifications',
  dataFolder: 'dataFolder',
  nodePath: 'agent.nodePath',
  testTimeout: 'tests.timeoutSeconds',
} as const;
export const settingsSection = 'desktopFlows';

/** What can be done with a run: `contextValue` of its row in the Run Queue and context of its page, several separated by spaces. */
export const runFlags = {
  run: 'run',
  /** Queued or running: can be stopped. */
  active: 'active',
  /** Running or paused: a debugger can be attached, and it can be asked to stop safely. */
  begun: 'begun',
  /** Can be paused. */
  running: 'running',
  /** Can go on. */
  paused: 'paused',
  /** Can be resubmitted. */
  finished: 'finished',
  /** Waits: its place can be changed. */
  queued: 'queued',
  /** Was moved to the top: can go back. */
  moved: 'moved',
  question: 'question',
  error: 'error',
  /** The error names a line. */
  line: 'line',
} as const;

/** `asks`: the run waits for an answer. */
export function flagsOf(run: Run, asks: boolean): string[] {
  const flags: string[] = [runFlags.run, isTerminal(run.state) ? runFlags.finished : runFlags.active];
  if (run.state === 'Queued') flags.push(runFlags.queued);
  if (run.state === 'Queued' && run.movedToTopAt !== undefined) flags.push(runFlags.moved);
  if (run.state === 'Running') flags.push(runFlags.begun, runFlags.running);
  if (run.state === 'Paused') flags.push(runFlags.begun, runFlags.paused);
  if (asks) flags.push(runFlags.question);
  if (run.error) flags.push(runFlags.error);
  if (run.error?.line !== undefined) flags.push(runFlags.line);
  return flags;
}

/** `contextValue` flags of a row in the Machines view. */
export const machineFlags = {
  /** A machine, also one whose agent cannot be reached. */
  machine: 'machine',
  startable: 'startable',
  stoppable: 'stoppable',
  /** The machine of this window. */
  own: 'own',
  /** Not the machine of this window: can be removed. */
  removable: 'removable',
  group: 'group',
  orchestrator: 'orchestrator',
  /** It refuses this window. */
  refused: 'refused',
  /** In a group. */
  member: 'member',
  /** In none: could join one. */
  single: 'single',
  /** Takes runs: a group, or a machine in none. */
  queue: 'queue',
  inMaintenance: 'inMaintenance',
  atWork: 'atWork',
  connection: 'connection',
  connections: 'connections',
} as const;

/** `contextValue` flags of a row in the Flow view. */
export const flowFlags = {
  inputs: 'inputs',
  outputs: 'outputs',
  parameter: 'parameter',
  /** Marked as sensitive: can be unmarked. */
  sensitive: 'sensitive',
  /** Not marked: can be marked. */
  clear: 'clear',
} as const;

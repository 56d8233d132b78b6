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
  recordActions: 'desktopFlows.recordActions',
  pauseRecording: 'desktopFlows.pauseRecording',
  commentRecording: 'desktopFlows.commentRecording',
  stopRecording: 'desktopFlows.stopRecording',
  pickElement: 'desktopFlows.pickElement',
  editSelectors: 'desktopFlows.editSelectors',
} as const;

/** Commands that rows and code lenses call; they need an argument and are in no menu. */
export const hiddenCommandIds = {
  goToLine: 'desktopFlows.goToLine',
  showReferences: 'desktopFlows.showReferences',
} as const;
export type CommandName = keyof typeof commandIds;

export const viewIds = {
  flow: 'desktopFlows.flow',
  machines: 'desktopFlows.machines',
  runQueue: 'desktopFlows.runQueue',
  recording: 'desktopFlows.recording',
} as const;

/** Context keys that `when` clauses read. */
export const contextKeys = {
  /** `notStarted`, `starting`, `connected`, `reconnecting` or `failed`; unset until somebody looked. */
  agentState: 'desktopFlows.agentState',
  /** The flags (see `runFlags`) of the run whose page is in front, separated by spaces; empty when none is. */
  shownRun: 'desktopFlows.shownRun',
  /** `recording` or `paused` while actions are recorded, else empty. */
  recording: 'desktopFlows.recording',
  /** True while the Flow view shows a flow. */
  flowShown: 'desktopFlows.flowShown',
  /** True while the debug session in front is stopped on an error. */
  stoppedOnError: 'desktopFlows.stoppedOnError',
} as const;

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
  question: 'question',
  error: 'error',
  /** The error names a line. */
  line: 'line',
} as const;

/** `asks`: the run waits for an answer. */
export function flagsOf(run: Run, asks: boolean): string[] {
  const flags: string[] = [runFlags.run, isTerminal(run.state) ? runFlags.finished : runFlags.active];
  if (run.state === 'Running') flags.push(runFlags.begun, runFlags.running);
  if (run.state === 'Paused') flags.push(runFlags.begun, runFlags.paused);
  if (asks) flags.push(runFlags.question);
  if (run.error) flags.push(runFlags.error);
  if (run.error?.line !== undefined) flags.push(runFlags.line);
  return flags;
}

/** `contextValue` flags of a row in the Machines view. */
export const machineFlags = { machine: 'machine', startable: 'startable', stoppable: 'stoppable' } as const;

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

// The way from a person's link to the worker of a run. Here to those of this process; orchestrator/relayReach.ts has that over the network.
import type { AgentParams } from '../protocol/agent.ts';
import type { Run } from '../protocol/run.ts';
import type { Debugger, Runner } from './runner.ts';

export interface RunReach {
  /** False: the run is not running. Throws `MachineNotConnected`. */
  tell(run: Run, wish: 'pause' | 'resume' | 'safeStop'): Promise<boolean>;
  /** Throws `QuestionNotFound`, `RunNotActive`, `MachineNotConnected`. */
  answer(run: Run, given: AgentParams<'runs.answer'>): Promise<void>;
  /** `null` detaches the debugger of this link. False: the run has not begun, or has ended. Throws `DebuggerAttached`, `MachineNotConnected`. */
  debug(run: Run, message: unknown): Promise<boolean>;
  /** The run that is about to be requested is to wait for a debugger; absent where nobody knows yet which machine it gets. */
  willBeDebugged?(runId: string): void;
  /** Its machine is to hear at once that a run is to end. */
  end(run: Run): void;
  /** The link is gone, and its debugger. */
  dispose(): void;
}

/** Runs of this process. `said`: hears what their workers tell the debugger of the link. */
export function ownReach(runner: Runner, said: Debugger): RunReach {
  return {
    tell: async ({ id }, wish) => runner.tell(id, wish),
    answer: async ({ id }, { questionId, answer, by }) => runner.answer(id, questionId, answer, by),
    debug: async ({ id }, message) => runner.debug(id, message, said),
    willBeDebugged: (runId) => runner.willBeDebugged(runId),
    end: () => {}, // the orchestrator of this process has told it
    dispose: () => runner.debuggerGone(said),
  };
}

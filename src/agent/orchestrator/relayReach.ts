// The way from a person's link at one instance of an orchestrator to the worker of a run, whichever instance its machine is connected to.
import { ProductError } from '../../base/error.ts';
import { isTerminal, type Run } from '../../protocol/run.ts';
import type { RunReach } from '../reach.ts';
import type { Debugger } from '../runner.ts';
import type { Relay } from './relay.ts';

/** `name` names this link among all debuggers of all instances; `said` hears what workers tell its debugger. */
export function relayReach(relay: Relay, name: string, said: Debugger): RunReach {
  /** Machines with runs that are debugged over this link. */
  const debugged = new Set<string>();
  const heard = relay.onDebug(({ runId, message, debugger: to }) => {
    if (to === name) said(runId, message);
  });
  const machineOf = ({ machine, state }: Run) => (isTerminal(state) ? undefined : machine);
  return {
    async tell(run, wish) {
      const machine = machineOf(run);
      return machine !== undefined && (await relay.ask(machine, 'run.tell', { runId: run.id, wish })).done;
    },
    async answer(run, given) {
      const machine = machineOf(run);
      if (machine === undefined) {
        throw new ProductError(
          'RunNotActive',
          `The run of ${run.flow.name} is ${run.state}: it asks nothing now.`,
          'Nothing is left to do.',
        );
      }
      await relay.ask(machine, 'run.answer', given);
    },
    async debug(run, message) {
      const machine = machineOf(run);
      if (machine === undefined) return false;
      if (message !== null) debugged.add(machine);
      return (await relay.ask(machine, 'run.debug', { runId: run.id, message, debugger: name })).done;
    },
    end({ machine, id }) {
      if (machine !== undefined) relay.end(machine, id);
    },
    dispose() {
      heard.dispose();
      for (const machine of debugged)
        relay.ask(machine, 'run.debuggerGone', { debugger: name }).catch(() => {}); // its link has told it
      debugged.clear();
    },
  };
}

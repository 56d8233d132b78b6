// "Why can nothing run here?": walks what keeps runs from a machine or group in the order in which people should look, from the way to its
// server to the sessions on it, and says of each whether it is in order and what to fix. Pure.
import type { Blocker } from '../../protocol/fleet.ts';
import { t } from '../l10n.ts';
import { counted, oneLine, timeText } from '../wording.ts';
import type { ListedMachine } from './fleetStore.ts';
import type { Server } from './server.ts';
import { remedyText } from './waitingReasons.ts';

export interface Finding {
  /** `problem`: nothing, or not everything, can run. `note`: some runs are kept, or will be. */
  readonly kind: 'good' | 'note' | 'problem';
  readonly text: string;
  /** What to do about it. */
  readonly nextStep?: string;
  /** As in the list of errors. */
  readonly code?: string;
}

/** What the server said of the first run that waits there; absent: none waits, or it starts. */
export interface Head {
  readonly flow: string;
  readonly blocker: Blocker;
}

/** `queue`: id of a machine or group of `server`; absent: of the agent itself. */
export function diagnose(
  server: Server,
  queue: string | undefined,
  head: Head | undefined,
): readonly Finding[] {
  const reach = reachable(server);
  if (reach.kind === 'problem') return [reach];
  const group = queue === undefined ? undefined : server.store.group(queue);
  const machines = group
    ? server.store.lists.machines.filter((machine) => machine.group === group.id)
    : server.store.lists.machines.filter(({ id }) => id === queue);
  const findings: Finding[] = [reach];
  if (group) findings.push(...ofGroup(group.settings.maintenance, group.name, machines));
  else if (machines[0] === undefined)
    return [
      ...findings,
      problem(
        t('The machine is not registered here any more.'),
        t('Register it again with a pairing code.'),
        'MachineNotFound',
      ),
    ];
  for (const machine of machines) findings.push(...ofMachine(machine, group === undefined));
  findings.push(...ofConnections(server, queue));
  if (head) {
    const { message, code } = head.blocker;
    findings.push({
      kind: 'note',
      text: t('Next to run, {0}, waits: {1}', oneLine(head.flow, 60), message),
      nextStep: remedyText(head.blocker),
      code,
    });
  }
  return findings;
}

const good = (text: string): Finding => ({ kind: 'good', text });
const problem = (text: string, nextStep: string, code: string): Finding => ({
  kind: 'problem',
  text,
  nextStep,
  code,
});
const note = (text: string, nextStep: string, code?: string): Finding => ({
  kind: 'note',
  text,
  nextStep,
  ...(code !== undefined && { code }),
});

function reachable({ state, label, kind }: Server): Finding {
  const what = kind === 'agent' ? t('The agent of this machine') : oneLine(label, 60);
  switch (state.kind) {
    case 'connected':
      return good(t('{0} is reached (version {1}, as {2}).', what, state.version, oneLine(state.user, 60)));
    case 'failed':
      return problem(`${what}: ${state.message}`, state.nextStep, state.code);
    case 'off':
      return problem(t('{0} is not started.', what), t('Start it: "Start Agent".'), 'AgentNotRunning');
    default:
      return problem(
        t('{0} cannot be reached now.', what),
        t('Is its machine on, and on the network? Is its service running? It is tried again all the time.'),
        'NoListenerConnected',
      );
  }
}

function ofGroup(maintenance: boolean, name: string, machines: readonly ListedMachine[]): Finding[] {
  if (machines.length === 0)
    return [
      problem(
        t('The machine group {0} has no machine.', oneLine(name, 60)),
        t('Add machines to it, or run on another target.'),
        'GroupIsEmpty',
      ),
    ];
  const findings: Finding[] = [];
  if (maintenance)
    findings.push(
      problem(
        t('The machine group {0} is in maintenance: runs wait, and their time goes on.', oneLine(name, 60)),
        t('End the maintenance of the group.'),
        'MachineInMaintenance',
      ),
    );
  const online = machines.filter((machine) => machine.online).length;
  findings.push(
    online > 0
      ? good(t('{0} of {1} are online.', online, counted(machines.length, 'machine')))
      : problem(
          t('No machine of the group is online: runs wait for one.'),
          t('Turn one on and see that its agent runs.'),
          'NoListenerConnected',
        ),
  );
  return findings;
}

/** `alone`: nothing else takes its runs, so that what keeps it from running keeps everything. */
function ofMachine(machine: ListedMachine, alone: boolean): Finding[] {
  const name = oneLine(machine.name, 60);
  const grave = alone ? problem : note;
  if (!machine.online) {
    const since =
      machine.seenAt === undefined
        ? t('has never connected')
        : t('is offline since {0}', timeText(machine.seenAt));
    return [
      grave(
        `${name} ${since}.`,
        t('Is it on, and on the network? Is its agent running? On the machine: "dflow agent status".'),
        'NoListenerConnected',
      ),
    ];
  }
  const findings: Finding[] = [good(t('{0} is online.', name))];
  if (machine.settings.maintenance && alone)
    findings.push(
      problem(
        t('{0} is in maintenance: what runs goes on, nothing new starts.', name),
        t('End its maintenance.'),
        'MachineInMaintenance',
      ),
    );
  else if (machine.settings.maintenance)
    findings.push(note(t('{0} is in maintenance and is left out.', name), t('End its maintenance.')));
  if (machine.unattendedSlots === 0)
    findings.push(
      note(
        t('{0} has no unattended slot: only attended runs start.', name),
        t('Give it some in its settings (1 to 10).'),
        'UnattendedNoAddon',
      ),
    );
  else if (machine.running >= machine.unattendedSlots)
    findings.push(
      note(
        t('All slots of {0} are used ({1}).', name, machine.unattendedSlots),
        t('Wait for an end, or give it more in its settings.'),
        'UIFlowAlreadyRunning',
      ),
    );
  findings.push(...ofSessions(machine, name));
  return findings;
}

function ofSessions({ facts, settings }: ListedMachine, name: string): Finding[] {
  if (!facts) return [];
  if (facts.sessions === undefined)
    return [
      problem(
        t('The agent of {0} may not look at sessions, so nothing starts.', name),
        t('Put the account of its service into the group Remote Desktop Users.'),
        'UIFlowServiceNoRdpPermissions',
      ),
    ];
  const people = facts.sessions.filter(({ ours }) => !ours);
  const findings: Finding[] = [];
  if (facts.edition === 'client' && people.length > 0) {
    const who = people.map(({ account, state }) => `${oneLine(account, 40)} (${state})`).join(', ');
    findings.push(
      note(
        t(
          '{0} has a client edition of Windows and somebody is signed in: {1}. Unattended runs cannot start.',
          name,
          who,
        ),
        settings.sessionPolicy === 'wait'
          ? t('Sign out on the machine, or choose in its settings what is done about sessions in the way.')
          : t('Sign out on the machine; its session policy is "{0}".', settings.sessionPolicy),
        'Win10AlreadyHasActiveSession',
      ),
    );
  }
  if (facts.edition === 'server' && facts.sessions.length >= facts.sessionLimit)
    findings.push(
      note(
        t('{0} carries as many sessions as it may ({1}).', name, facts.sessionLimit),
        t('Sign one out on the machine.'),
        'TooManyActiveSessions',
      ),
    );
  if (!people.some(({ state }) => state === 'active'))
    findings.push(
      note(
        t('Nobody is signed in at {0} with an unlocked session: attended runs cannot start.', name),
        t('Sign in and stay signed in, with the account of the connection.'),
        people.length > 0 ? 'AttendedUserSessionNotActive' : 'AttendedUserNotLoggedIn',
      ),
    );
  for (const account of facts.recording)
    findings.push(
      note(
        t('{0} records or tests a flow on {1}.', oneLine(account, 40), name),
        t('Wait for its end.'),
        'LocalPlaybackOrRecordingOngoing',
      ),
    );
  return findings;
}

function ofConnections({ store, kind }: Server, queue: string | undefined): Finding[] {
  const own = store.lists.connections.filter((connection) => connection.queue === queue);
  const usable = own.filter((connection) => connection.usable);
  // On the machine of this window its own user is signed in.
  if (kind === 'agent' && own.length === 0) return [];
  if (usable.length === 0)
    return [
      problem(
        own.length === 0
          ? t('There is no connection to it.')
          : t('None of its connections can be used any more.'),
        t('Add one: an account and its password.'),
        own.length === 0 ? 'ConnectionNeeded' : 'ConnectionUnusable',
      ),
    ];
  if (usable.every(({ credential }) => credential.kind === 'none'))
    return [
      note(
        t('No connection to it has a password: only attended runs start.'),
        t('Give one a password, or a reference to one.'),
        'CredentialMissing',
      ),
    ];
  return [good(t('{0} can be used.', counted(usable.length, 'connection')))];
}

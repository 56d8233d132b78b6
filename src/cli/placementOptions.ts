// Settings of machines and groups, and targets of runs, as options of a command and as text.
import { type MachineRecord, notificationSettings, type PlacementSettings } from '../protocol/fleet.ts';
import { logLevels } from '../protocol/run.ts';
import type { OptionReader } from './subcommands.ts';

/** Options that set something about where runs are placed. */
export const settingOptions = [
  'maintenance',
  'reuse-sessions',
  'extended-prioritization',
  'allocation',
  'session-policy',
  'log-level',
  'log',
  'screenshots',
  'notifications',
];

/** What was given of them; undefined: nothing. Throws `UsageWrong`. */
export function readSettings(options: OptionReader): Partial<PlacementSettings> | undefined {
  const maintenance = options.onOff('maintenance');
  const reuseSessions = options.onOff('reuse-sessions');
  const extendedPrioritization = options.choice('extended-prioritization', ['auto', 'on', 'off']);
  const allocation = options.choice('allocation', ['random', 'least-loaded']);
  const sessionPolicy = options.choice('session-policy', [
    'wait',
    'ask',
    'disconnect',
    'sign-out',
    'sign-out-console',
  ]);
  const logLevel = options.choice('log-level', ['asked', ...logLevels]);
  const log = options.choice('log', ['always', 'on-failure', 'never']);
  const screenshots = options.onOff('screenshots');
  const notifications = options.choice('notifications', notificationSettings);
  const settings: Partial<PlacementSettings> = {
    ...(logLevel !== undefined && { logLevel }),
    ...(log !== undefined && { log: log === 'on-failure' ? 'onFailure' : log }),
    ...(screenshots !== undefined && { screenshots }),
    ...(notifications !== undefined && { notifications }),
    ...(maintenance !== undefined && { maintenance }),
    ...(reuseSessions !== undefined && { reuseSessions }),
    ...(extendedPrioritization !== undefined && { extendedPrioritization }),
    ...(allocation !== undefined && {
      allocation: allocation === 'least-loaded' ? 'leastLoaded' : allocation,
    }),
    ...(sessionPolicy !== undefined && {
      sessionPolicy:
        sessionPolicy === 'sign-out'
          ? 'signOut'
          : sessionPolicy === 'sign-out-console'
            ? 'signOutConsole'
            : sessionPolicy,
    }),
  };
  return Object.keys(settings).length === 0 ? undefined : settings;
}

/** Lines of `facts`. */
export const settingFacts = (settings: PlacementSettings): readonly (readonly [string, string])[] => [
  ['maintenance', onOff(settings.maintenance)],
  ['reuse sessions', onOff(settings.reuseSessions)],
  ['extended prioritization', settings.extendedPrioritization],
  ['allocation', settings.allocation === 'leastLoaded' ? 'least-loaded' : settings.allocation],
  ['session policy', dashed(settings.sessionPolicy)],
  ['log level', settings.logLevel ?? 'asked'],
  ['log', dashed(settings.log ?? 'always')],
  ['screenshots', onOff(settings.screenshots ?? true)],
  ['notifications', settings.notifications ?? 'all'],
];

const dashed = (word: string): string => word.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const onOff = (on: boolean): string => (on ? 'on' : 'off');

/** Whether a machine takes runs, in one or two words. */
export function stateOf({ online, settings, seenAt }: MachineRecord): string {
  if (seenAt === undefined) return 'never online';
  if (!online) return 'offline';
  return settings.maintenance ? 'maintenance' : 'online';
}

/** Options that say where a run goes. */
export const targetOptions = ['connection', 'target'];

/** Throws `UsageWrong` when both are given. */
export function readTarget(options: OptionReader): { connection?: string; queue?: string } {
  const connection = options.text('connection');
  const queue = options.text('target');
  if (connection !== undefined && queue !== undefined)
    throw options.wrong('--connection and --target exclude each other: a connection has its own target.');
  return { ...(connection !== undefined && { connection }), ...(queue !== undefined && { queue }) };
}

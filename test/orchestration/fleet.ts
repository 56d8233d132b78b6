// What the tests of rules share: machines, sessions and waiting runs in one line each.
import type { ActiveRun, MachineState } from '../../src/orchestration/placement.ts';
import type { QueuedRun, QueueState } from '../../src/orchestration/rules.ts';
import { defaultPlacement } from '../../src/orchestration/settings.ts';
import type { MachineFacts, PlacementSettings } from '../../src/protocol/fleet.ts';
import type { SessionFacts } from '../../src/protocol/sessions.ts';

/** `ann`, `ann locked`, `ann disconnected console`, `bot active ours` … */
export function session(text: string, id = text): SessionFacts {
  const [account = '', ...words] = text.split(' ');
  const state =
    (['locked', 'disconnected', 'connecting'] as const).find((word) => words.includes(word)) ?? 'active';
  return {
    id,
    account,
    state,
    kind: words.includes('console') ? 'console' : 'remote',
    ours: words.includes('ours'),
    since: 0,
  };
}

export interface MachineSpec {
  readonly edition?: MachineFacts['edition'];
  readonly sessions?: readonly string[] | 'hidden';
  readonly sessionLimit?: number;
  readonly severalPerUser?: boolean;
  readonly recording?: readonly string[];
  /** What the computer calls itself. */
  readonly host?: string;
  readonly online?: boolean;
  readonly never?: boolean;
  readonly slots?: number;
  readonly settings?: Partial<PlacementSettings>;
  /** `ann`, or `bot unattended`, with the session it is in behind `@`. */
  readonly runs?: readonly string[];
}

export function machine(name: string, spec: MachineSpec = {}): MachineState {
  const edition = spec.edition ?? 'client';
  return {
    id: name,
    name,
    online: spec.online ?? spec.never !== true,
    settings: { ...defaultPlacement, ...spec.settings },
    unattendedSlots: spec.slots ?? (edition === 'client' ? 1 : 10),
    ...(spec.never !== true && {
      facts: {
        platform: 'win32 x64',
        agentVersion: '1',
        ...(spec.host !== undefined && { host: spec.host }),
        edition,
        sessionLimit: spec.sessionLimit ?? (edition === 'client' ? 1 : 10),
        severalPerUser: spec.severalPerUser ?? false,
        ...(spec.sessions !== 'hidden' && { sessions: (spec.sessions ?? []).map((text) => session(text)) }),
        recording: [...(spec.recording ?? [])],
      },
    }),
    runs: (spec.runs ?? []).map(activeRun),
  };
}

function activeRun(text: string): ActiveRun {
  const [who = '', at] = text.split('@');
  const [account = '', mode] = who.trim().split(' ');
  return {
    id: `run of ${account}`,
    flow: `flow of ${account}`,
    account,
    mode: mode === 'unattended' ? 'unattended' : 'attended',
    ...(at !== undefined && { session: at }),
    startedAt: 0,
  };
}

let requests = 0;

export function waiting(id: string, changes: Partial<QueuedRun> = {}): QueuedRun {
  return {
    id,
    flow: `flow ${id}`,
    account: 'ann',
    mode: 'unattended',
    priority: 'normal',
    requestedAt: ++requests,
    expiresAt: Number.MAX_SAFE_INTEGER,
    ...changes,
  };
}

export function queue(machines: readonly MachineState[], queued: readonly QueuedRun[] = []): QueueState {
  const [first] = machines;
  const kind = machines.length === 1 ? 'machine' : 'group';
  return {
    id: 'q',
    name: kind === 'machine' ? (first as MachineState).name : 'the group',
    kind,
    machines,
    queued,
  };
}

// What agents and their orchestrator say to each other: JSON-RPC 2.0 over one WebSocket. Clients of an orchestrator speak as those of an
// agent do (protocol/agent.ts). Types and validators only.
import * as z from 'zod/mini';
import { connectionRecord, machineFacts, name, sessionPlan } from './fleet.ts';
import {
  actionRecord,
  answer,
  companion,
  lineStatus,
  question,
  run,
  runError,
  runPosition,
  runStates,
  wireValues,
} from './run.ts';

/** Raised when a message changes incompatibly. */
export const orchestratorProtocol = 1;

/** Paths of the upgrade request. Agents prove themselves with their key, clients with their token (`Authorization: Bearer`), who pairs with a code. */
export const agentPath = '/agent';
export const clientPath = '/client';
export const pairPath = '/pair';

const nothing = z.object({});
const ending = z.object({ state: z.enum(runStates), error: runError });
export const wireHolder = z.object({ runId: z.string(), fence: z.number() });
const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));

/** A run that was given to a machine. Its inputs travel open, only here: the link is encrypted, and the agent seals them at once. */
export const wireClaim = z.object({
  run,
  account: z.string(),
  fence: z.number(),
  flowText: z.string(),
  companions: z.array(companion),
  inputs: wireValues,
  session: z.optional(sessionPlan),
  ending: z.optional(ending),
});
export type WireClaim = z.infer<typeof wireClaim>;

const body = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('lines'), lines: z.array(lineStatus) }),
  z.object({ kind: z.literal('actions'), actions: z.array(actionRecord), omitted: z.number() }),
  z.object({
    kind: z.literal('log'),
    level: z.enum(['info', 'warning', 'error']),
    message: z.string(),
    line: z.optional(z.number()),
    subflow: z.optional(z.string()),
    flow: z.optional(z.string()),
  }),
  z.object({
    kind: z.literal('screenshot'),
    width: z.number(),
    height: z.number(),
    png: z.optional(z.string()),
  }),
  z.object({ kind: z.literal('question'), question }),
  z.object({ kind: z.literal('answered'), questionId: z.string(), by: z.string() }),
]);
const reporter = z.object({ runId: z.string(), fence: z.number(), report: z.optional(z.number()) });
/** As `Change` of the store: the clocks of agents never matter. `startedAgo` and `endedAgo`: milliseconds before it was sent. */
export const wireReport = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('change'),
    holder: reporter,
    change: z.object({
      state: z.enum(runStates),
      outputs: z.optional(wireValues),
      error: z.optional(runError),
      position: z.optional(runPosition),
      session: z.optional(z.string()),
      startedAgo: z.optional(z.number()),
      endedAgo: z.optional(z.number()),
    }),
    before: z.array(body),
  }),
  z.object({
    kind: z.literal('append'),
    holder: reporter,
    bodies: z.array(body),
    position: z.optional(runPosition),
    announce: z.boolean(),
  }),
  z.object({ kind: z.literal('giveBack'), holder: reporter }),
]);
export type WireReport = z.infer<typeof wireReport>;

/** Agent → orchestrator. Each may come twice and changes nothing the second time. */
export const agentLinkMethods = {
  /** First call on a link. Fails with `ProtocolMismatch`. `heartbeatMs`: how often the agent is to be heard. */
  'agent.hello': {
    params: z.object({ protocol: z.number(), agentVersion: z.string() }),
    result: z.object({ machine: z.string(), instance: z.string(), heartbeatMs: z.number() }),
  },
  /** The machine asks for work from now on, as long as the link lasts. */
  'agent.attach': { params: nothing, result: nothing },
  /** `held`: its claims by the store; those that are not in `holding` it fetches with `agent.claim`. */
  'agent.heartbeat': {
    params: z.object({ boot: z.string(), facts: machineFacts, holding: z.array(wireHolder) }),
    result: z.object({
      held: z.array(z.extend(wireHolder, { ending: z.optional(ending) })),
      rebooted: z.boolean(),
    }),
  },
  /** A claim that the agent did not get; absent when it is no longer its own. */
  'agent.claim': { params: wireHolder, result: z.object({ claim: z.optional(wireClaim) }) },
  /** `taken` false: the claim is no longer its own. Fails, to be repeated, when the store does. */
  'agent.report': { params: z.object({ report: wireReport }), result: z.object({ taken: z.boolean() }) },
  /** What a claim's session is opened with; absent where it has no connection. Fails with `RunNotActive` when the claim is no longer its own. */
  'agent.credential': {
    params: wireHolder,
    result: z.object({ connection: z.optional(connectionRecord), password: z.optional(z.string()) }),
  },
  /** The machine leaves for good: its key is worth nothing afterwards. Fails with `QueueNotEmpty`. */
  'agent.leave': { params: nothing, result: nothing },
} as const;
export type AgentLinkMethod = keyof typeof agentLinkMethods;
export type AgentLinkParams<M extends AgentLinkMethod> = z.infer<(typeof agentLinkMethods)[M]['params']>;
export type AgentLinkResult<M extends AgentLinkMethod> = z.infer<(typeof agentLinkMethods)[M]['result']>;

/** Orchestrator → agent, notifications. */
export const takeMessage = z.object({ claim: wireClaim });
export const endMessage = z.object({ runId: z.string(), ending });

const told = z.object({ done: z.boolean() });
/** Code with which an agent closes its link that ends on purpose: its machine is offline at once, not only when its lease is over. */
export const agentEnds = 4002;

/** Orchestrator → agent, for people who are connected to any orchestrator. `done` false: the run is not running there. */
export const relayMethods = {
  'run.tell': {
    params: z.object({ runId: z.string(), wish: z.enum(['pause', 'resume', 'safeStop']) }),
    result: told,
  },
  /** Fails with `QuestionNotFound`. */
  'run.answer': {
    params: z.object({ runId: z.string(), questionId: z.string(), answer, by: z.string() }),
    result: told,
  },
  /** `debugger` names who debugs; answers come as `debug` notifications. Fails with `DebuggerAttached`. */
  'run.debug': {
    params: z.object({ runId: z.string(), message: z.unknown(), debugger: z.string() }),
    result: told,
  },
  /** Tries the credential of a connection, without running anything. */
  'connection.test': {
    params: z.object({ connection: connectionRecord, password: z.optional(z.string()) }),
    result: z.object({
      ok: z.boolean(),
      error: z.optional(z.object({ code: z.string(), message: z.string(), nextStep: z.string() })),
    }),
  },
  /** The debugger is gone from all runs. */
  'run.debuggerGone': { params: z.object({ debugger: z.string() }), result: told },
} as const;
export type RelayMethod = keyof typeof relayMethods;
export type RelayParams<M extends RelayMethod> = z.infer<(typeof relayMethods)[M]['params']>;
export type RelayResult<M extends RelayMethod> = z.infer<(typeof relayMethods)[M]['result']>;

/** Agent → orchestrator, notification: what a worker tells a debugger; `null` at the end of the run. */
export const relayedDebug = z.object({ runId: z.string(), message: z.unknown(), debugger: z.string() });

/** On a link to `pairPath`: the only call. The same code with the same key is the same machine, so that a lost answer can be asked for again. Fails with `PairingCodeInvalid`, `PairingAttempts`, `NameTaken`. */
export const pairMethods = {
  pair: {
    params: z.object({
      protocol: z.number(),
      code: z.string(),
      name,
      description: z.string().check(z.maxLength(1_000)),
      /** SHA-256 of the key that the agent has made: the key itself never travels before it is used. */
      keyHash: sha256,
    }),
    result: z.object({ machine: z.string() }),
  },
} as const;

export type PairParams = z.infer<typeof pairMethods.pair.params>;

/** What a client of an agent says to bring its machine into the machine groups of an orchestrator, and out again. */
export const membershipMethods = {
  /** Fails with `MachinePaired`, `OrchestratorUnreachable`, `OrchestratorNotSecure` and as `pair`. */
  'agent.pair': {
    params: z.object({
      addresses: z.array(z.string()).check(z.minLength(1)),
      code: z.string(),
      name: z.optional(z.string()),
      description: z.optional(z.string()),
      /** Certificates (PEM) that are to be trusted beside those of the system. */
      certificates: z.optional(z.string()),
      /** Also without encryption over a network. */
      insecure: z.optional(z.boolean()),
    }),
    result: z.object({ machine: z.string(), name: z.string() }),
  },
  /** `told` false: the orchestrator could not be reached and still lists the machine. Fails with `MachineNotPaired`, `QueueNotEmpty`. */
  'agent.unpair': { params: nothing, result: z.object({ told: z.boolean() }) },
} as const;
export type PairRequest = z.infer<(typeof membershipMethods)['agent.pair']['params']>;

/** Content of `membership.json` in the data folder of an agent (readable by its owner only): where the orchestrators are, and who this machine is to them. */
export const membershipRecord = z.object({
  addresses: z.array(z.string()),
  machine: z.string(),
  name: z.string(),
  key: z.string(),
  certificates: z.optional(z.string()),
  insecure: z.optional(z.boolean()),
});
export type MembershipRecord = z.infer<typeof membershipRecord>;

/** Content of `pairing.json`: a key that an orchestrator may know already, because its answer was lost. */
export const pairingAttempt = z.object({ code: z.string(), key: z.string() });

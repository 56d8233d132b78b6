// An agent or orchestrator as views and commands see it, whatever the way to it. Types only, and how its states are told apart.
import type { Event } from '../../base/event.ts';
import type { AgentMethod, AgentParams, AgentResult } from '../../protocol/agent.ts';
import type { FleetStore } from './fleetStore.ts';

export type ServerState =
  /** Nobody has started it, or looked for it. */
  | { readonly kind: 'off' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'connected'; readonly version: string; readonly user: string }
  | { readonly kind: 'reconnecting'; readonly reason: string; readonly attempt: number }
  /** It does not help to try again as before. */
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly nextStep: string };

export interface Server {
  /** `local`: the agent of this machine. */
  readonly id: string;
  readonly kind: 'agent' | 'orchestrator';
  /** As people call it. */
  readonly label: string;
  /** Where it is. */
  readonly address: string;
  readonly state: ServerState;
  readonly store: FleetStore;
  /** Fires when its state or label is another. */
  readonly onDidChange: Event<void>;
  /** Rejects with a ProductError, also when it is not connected. */
  call<M extends AgentMethod>(method: M, params: AgentParams<M>): Promise<AgentResult<M>>;
  /** Reads machines, groups and connections again. Never rejects. */
  refresh(): Promise<void>;
  /** Reads ended runs that are older than those in view; the number of those it knows then. Rejects with a ProductError. */
  older(): Promise<number>;
  /** Tries at once instead of waiting. */
  retry(): void;
}

// The world as a run sees it. Everything with an effect outside the run passes through a Host, so a flow test can replace it.
import type { Clock } from '../base/clock.ts';

/** Mirrors the wire's question and answer; defined here so that the runtime does not import the protocol. */
export interface HostQuestion {
  readonly kind:
    | 'message'
    | 'input'
    | 'password'
    | 'choice'
    | 'choices'
    | 'date'
    | 'file'
    | 'files'
    | 'folder'
    | 'newFile';
  readonly title: string;
  readonly message: string;
  readonly icon?: 'info' | 'question' | 'warning' | 'error';
  readonly options?: readonly string[];
  readonly preset?: string;
  readonly multiline?: boolean;
  readonly filter?: string;
  /** Closes by itself after this many seconds; the answer then has the default button. */
  readonly timeoutSeconds?: number;
  /** In front of all other windows, where it is one. */
  readonly isTopMost?: boolean;
}

export interface HostAnswer {
  readonly button: string;
  readonly values: readonly string[];
}

/** Mirrors the wire's value: a flow value as plain data. `null` is blank. */
export type HostValue =
  | string
  | number
  | boolean
  | null
  | readonly HostValue[]
  | { readonly $type: 'object'; readonly entries: { readonly [key: string]: HostValue } }
  | { readonly $type: 'number'; readonly value: string }
  | { readonly $type: 'datetime'; readonly value: string }
  | {
      readonly $type: 'datatable';
      readonly columns: readonly string[];
      readonly rows: readonly (readonly HostValue[])[];
    }
  | { readonly $type: 'secured' }
  | { readonly $type: 'other'; readonly text: string };

/** What a run hands to its host is already redacted. */
export interface Host {
  readonly clock: Clock;
  /** An entry is answered as it was shown. Asks a person. Rejects with the signal's reason when the run stops while waiting. */
  ask(question: HostQuestion, signal: AbortSignal): Promise<HostAnswer>;
  /** A message of the flow for its log (`Logging.LogMessage`), and where the flow was. */
  log(level: 'info' | 'warning' | 'error', message: string, place?: RunPlace): void;
}

/** Where a run is. `line` is 1-based. `flow` is the name of a flow that another one runs; absent for the one that was started. */
export interface RunPlace {
  readonly subflow: string;
  readonly line: number;
  readonly action: string;
  readonly flow?: string;
}

/** What the interpreter reports while it runs. Lines are 1-based, `flow` as in `RunPlace`. All texts are already redacted. */
export interface RunObserver {
  /** An action (or a call, wait, loop) ended. Called once per executed action: keep it cheap. */
  actionEnded(record: {
    readonly line: number;
    readonly subflow: string;
    readonly action: string;
    readonly at: number;
    readonly ms: number;
    readonly outcome: 'ok' | 'failed' | 'handled';
    readonly flow?: string;
    readonly error?: { readonly code: string; readonly message: string };
  }): void;
  /** A flow of the run was paused, by request or by a debugger, and stands still (`true`), or goes on (`false`). */
  halted?(isHalted: boolean): void;
}

/** Cumulative status of one line, read on demand (never pushed per step). */
export interface LineSnapshot {
  readonly line: number;
  readonly subflow: string;
  readonly state: 'running' | 'ok' | 'failed' | 'handled';
  readonly count: number;
  readonly ms: number;
  readonly flow?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

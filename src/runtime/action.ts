// The contract between the interpreter and the action modules: a table of `{id, run}` per module (runtime/actions/*.ts).
import { CodedError } from '../base/error.ts';
import type { Desktop } from '../desktop/desktop.ts';
import type { Shell } from '../desktop/shell.ts';
import type { Repositories } from './elements.ts';
import type { Host } from './host.ts';
import type { Numeric, Value } from './values.ts';
import type { WorkQueues } from './workQueues.ts';

/**
 * An action, condition or wait of the catalog. `id` is its full catalog id with variant (`Text.Replace.ReplaceText`).
 * Conditions return `{ result: true|false }` as `condition`; waits are conditions polled by the interpreter.
 */
export interface ActionDefinition {
  readonly id: string;
  /** Absent for what every agent can carry out. `windows`: only one on Windows can, with the desktop of a session. */
  readonly needs?: 'windows';
  run(args: ActionArguments, context: ActionContext): ActionResult | Promise<ActionResult>;
}

/**
 * Outputs by catalog name; an absent one leaves its variable untouched. `condition` only for conditions and waits.
 * An in/out argument (`Value` of Increase variable, `List` of Add item to list) is also an output under its own name: its new
 * value goes to the variable, or the place in one, that the argument names. Lists and tables are changed in place besides.
 */
export interface ActionResult {
  readonly outputs?: Readonly<Record<string, Value>>;
  readonly condition?: boolean;
  /** Of a condition that holds: the flow ends well as soon as the block under it was carried out. */
  readonly endsFlow?: boolean;
}

/** What an action may touch besides the file system and processes it exists for. */
export interface ActionContext {
  readonly host: Host;
  /** Aborts when the run stops: pass it on to every wait, process and request. */
  readonly signal: AbortSignal;
  /** Folder of the flow file; relative paths of a flow are resolved against it. */
  readonly folder: string;
  /** UI elements and images of the flow. */
  readonly repositories: Repositories;
  /**
   * Ties something that was opened to the run: `close` is called once when the run ends, however it ends, latest first. The returned
   * function gives it up (it was closed, or is to outlive the run).
   */
  own(close: () => void | Promise<void>): () => void;
  /** Runs another flow of the run, and resolves with its outputs, by every name they are known by; with none at once unless `wait`. */
  runFlow(id: string, inputs: ActionArguments['dynamic'], wait: boolean): Promise<Record<string, Value>>;
  /** The work queues of the machine; undefined where there are none. */
  readonly workQueues: WorkQueues | undefined;
  /**
   * The windows, mouse, keyboard and screen of the session; started by the first call, ended with the run. Throws `PlatformUnsupported`
   * where there is none.
   */
  desktop(): Promise<Desktop>;
  /** What Windows does besides for the signed-in user; undefined on other systems. */
  readonly shell: Shell | undefined;
  /** Whether somebody asked the flow to stop where it is prepared for it. */
  readonly safeStopRequested: boolean;
  /** Marks a text that a person gave as secret from now on: it is masked in everything the run reports. */
  addSecret(text: string): void;
}

/**
 * The evaluated arguments of one call, by catalog name (case-insensitive). An argument left out has its catalog default.
 * Each getter converts as the product does and throws an ActionError (`code` names the argument problem) when it cannot.
 */
export interface ActionArguments {
  /** True when the call gives the argument and it is not blank. */
  has(name: string): boolean;
  /** The raw value: given, else default, else null. */
  value(name: string): Value;
  text(name: string): string;
  /** As the nearest JavaScript number; see `numeric` for all digits. */
  number(name: string): number;
  /** A number with all its digits. */
  numeric(name: string): Numeric;
  integer(name: string): number;
  boolean(name: string): boolean;
  /** Member of the enum as the catalog spells it, whatever the letter case in the flow. */
  member(name: string): string;
  list(name: string): Value[];
  /** A path: text, File or Folder value; resolved against the flow's folder. */
  path(name: string): string;
  /** One or several paths: text, File or Folder value, or a list of them. */
  paths(name: string): string[];
  /** `@Name: value` arguments in order. */
  readonly dynamic: readonly { readonly name: string; readonly value: Value }[];
}

/**
 * An action failed as its documentation says it can. `code` is the product's error name as it stands in ON ERROR clauses
 * (`FileNotFoundError` …); without one of its own an action uses `ActionFailed`.
 */
export class ActionError extends CodedError {
  override readonly name = 'ActionError';
}

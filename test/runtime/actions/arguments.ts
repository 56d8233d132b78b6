// Runs one action by itself, against the catalog: a misspelt argument, a missing required one or an output the catalog does
// not know fails the test.

import type { Desktop } from '../../../src/desktop/desktop.ts';
import type { Shell } from '../../../src/desktop/shell.ts';
import { findAction } from '../../../src/language/catalog/catalog.ts';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../../../src/runtime/action.ts';
import { ArgumentShape, CallArguments } from '../../../src/runtime/arguments.ts';
import { DesktopOfRun } from '../../../src/runtime/desktopOfRun.ts';
import { noRepositories, type Repositories } from '../../../src/runtime/elements.ts';
import type { Value } from '../../../src/runtime/values.ts';
import type { WorkQueues } from '../../../src/runtime/workQueues.ts';
import { FakeHost } from '../../fakes/host.ts';

/** The arguments of one call, as the interpreter makes them. An enum member may be given as text; `@name` is one of the call's own. */
export function argumentsOf(
  id: string,
  given: Readonly<Record<string, Value>>,
  folder: string,
): ActionArguments {
  const entry = findAction(id)?.definition;
  if (entry === undefined) throw new Error(`the catalog does not know ${id}`);
  const names = Object.keys(given);
  const fold = (name: string) => name.toLowerCase();
  const known = entry.arguments.map((argument) => fold(argument.name));
  const isOwn = (name: string) => entry.dynamicArguments && name.startsWith('@');
  for (const name of names)
    if (!isOwn(name) && !known.includes(fold(name))) throw new Error(`${id} has no argument ${name}`);
  for (const { name, required } of entry.arguments) {
    if (required && !names.map(fold).includes(fold(name))) throw new Error(`${id} needs ${name}`);
  }
  const shape = new ArgumentShape(
    id,
    entry,
    names.map((name) => (isOwn(name) ? name.slice(1) : name)),
    names.map(isOwn),
  );
  return new CallArguments(shape, Object.values(given), folder);
}

/** An action's world for a test: a fake host, no stop, `folder` as the flow's folder; `secrets` collects what the action marks. Call `close` when actions open something. */
export function contextIn(
  folder: string,
  options: {
    readonly host?: FakeHost;
    readonly signal?: AbortSignal;
    readonly repositories?: Repositories;
    readonly safeStopRequested?: boolean;
    readonly workQueues?: WorkQueues;
    readonly desktop?: Desktop;
    readonly shell?: Shell;
  } = {},
): ActionContext & {
  readonly host: FakeHost;
  readonly secrets: string[];
  /** Closes what actions opened, as the end of a run does. */
  close(): Promise<void>;
} {
  const secrets: string[] = [];
  const owned = new Set<() => void | Promise<void>>();
  return {
    host: options.host ?? new FakeHost(),
    signal: options.signal ?? new AbortController().signal,
    folder,
    repositories: options.repositories ?? noRepositories,
    own(close) {
      owned.add(close);
      return () => owned.delete(close);
    },
    async close() {
      for (const close of [...owned].reverse()) await close();
      owned.clear();
    },
    runFlow: async () => {
      throw new Error('no flow can be run here');
    },
    safeStopRequested: options.safeStopRequested ?? false,
    workQueues: options.workQueues,
    desktop: new DesktopOfRun(options.desktop && (async () => options.desktop as Desktop)).get,
    shell: options.shell,
    secrets,
    addSecret: (text) => secrets.push(text),
  };
}

/** Runs the action `id` of `definitions` and checks what it returns against the catalog. */
export async function runAction(
  definitions: readonly ActionDefinition[],
  id: string,
  given: Readonly<Record<string, Value>>,
  context: ActionContext,
): Promise<ActionResult> {
  const definition = definitions.find((one) => one.id === id);
  if (definition === undefined) throw new Error(`${id} is not implemented`);
  const result = await definition.run(argumentsOf(id, given, context.folder), context);
  const known = findAction(id)?.definition;
  const isTest = known?.kind !== 'action';
  if (isTest !== (result.condition !== undefined)) throw new Error(`${id} is a ${known?.kind}`);
  // An in/out argument is an output under its own name too.
  const names = [...(known?.outputs ?? []), ...(known?.arguments.filter((one) => one.inOut) ?? [])].map(
    ({ name }) => name,
  );
  for (const name of Object.keys(result.outputs ?? {})) {
    if (!names.includes(name)) throw new Error(`the catalog has no output ${name} for ${id}`);
  }
  return result;
}

/** The ActionError `work` ends with, as `code: message`; fails when there is none or it has no next step. */
export async function errorOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => new Error('it succeeded'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ActionError) || error.nextStep === '') throw error;
  return `${error.code}: ${error.message}`;
}

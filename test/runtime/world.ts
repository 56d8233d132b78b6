// A small world for flows under test: a few real actions replaced by scripted ones, so that a flow can say what should fail and when.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from '../../src/language/syntax/parser.ts';
import { type ActionDefinition, ActionError } from '../../src/runtime/action.ts';
import { actionTable } from '../../src/runtime/actions/index.ts';
import type { HostValue, RunObserver } from '../../src/runtime/host.ts';
import { createRun, type FlowRun } from '../../src/runtime/run.ts';
import { FakeHost } from '../fakes/host.ts';

export type ActionRecord = Parameters<RunObserver['actionEnded']>[0];

/**
 * The scripted actions read their text argument: `ok` does nothing; `Name` fails with that error, `Name*3` only the first three
 * times; `!crash` throws something that is no ActionError. Conditions: `yes`, `no`, `yes*3` = yes three times, then no, and `!Name` fails.
 */
export class World {
  readonly host: FakeHost;
  readonly records: ActionRecord[] = [];
  calls = 0;
  readonly #times = new Map<string, number>();

  constructor(host = new FakeHost()) {
    this.host = host;
  }

  readonly actions: ReadonlyMap<string, ActionDefinition> = new Map([
    ...actionTable,
    ...[
      this.#action('File.Delete', 'Files', (script, time) => {
        const [name = '', limit] = script.split('*');
        if (name === '!crash') throw new TypeError('the action fell over');
        if (name !== 'ok' && (limit === undefined || time <= Number(limit))) throw failure(name);
        return {};
      }),
      this.#action('File.IfFile.Exists', 'File', (script, time) => ({ condition: answer(script, time) })),
      this.#action('File.WaitForFile.Created', 'File', (script, time) => ({
        condition: answer(script, time),
      })),
    ].map((action) => [action.id.toLowerCase(), action] as const),
  ]);

  #action(
    id: string,
    argument: string,
    run: (script: string, time: number) => { condition?: boolean },
  ): ActionDefinition {
    return {
      id,
      run: (args) => {
        this.calls++;
        const script = args.text(argument);
        const time = (this.#times.get(script) ?? 0) + 1;
        this.#times.set(script, time);
        return run(script, time);
      },
    };
  }

  /** A run of `text` in this world. */
  run(text: string, inputs: Readonly<Record<string, HostValue>> = {}): FlowRun {
    return createRun({
      flow: parse(text),
      name: 'test',
      folder: '/flows',
      inputs,
      host: this.host,
      actions: this.actions,
      observer: { actionEnded: (record) => this.records.push(record) },
    });
  }
}

function failure(name: string): ActionError {
  return new ActionError(name, `${name} happened`, 'Nothing to do: it is a test.');
}

function answer(script: string, time: number): boolean {
  if (script.startsWith('!')) throw failure(script.slice(1));
  const [word, limit] = script.split('*');
  return (word === 'yes') === (limit === undefined || time <= Number(limit));
}

/** The header of a stored flow with outputs of these variables; makes the text a whole flow, not a fragment. */
export function header(
  outputs: readonly string[],
  inputs: readonly string[] = [],
  sensitive: readonly string[] = [],
): string {
  return [
    "@@ConnectionString: ''",
    `@SENSITIVE: [${sensitive.join(', ')}]`,
    ...inputs.map(
      (name) =>
        `@INPUT ${name} : { 'Description': '', 'FriendlyName': '${name}', 'Type': 'String', 'IsOptional': False }`,
    ),
    ...outputs.map(
      (name) => `@OUTPUT ${name} : { 'Description': '', 'FriendlyName': '${name}', 'Type': 'String' }`,
    ),
    '',
  ].join('\n');
}

/** One rule of the language with a flow that shows it. Lines count from the first line of `flow`. */
export interface Vector {
  readonly rule: string;
  /** `docs`, `exports`, `probe`, `.NET`, `algebra`, or `decided` where no evidence was found (docs/semantics.md). */
  readonly evidence: string;
  readonly flow: readonly string[];
  /** Values of variables at the end. */
  readonly outputs?: Readonly<Record<string, HostValue>>;
  readonly error?: {
    readonly code: string;
    readonly line: number;
    readonly message?: string;
    readonly subflow?: string;
    readonly action?: string;
  };
  /** The flow does not start, because of this line. */
  readonly refused?: { readonly line: number };
  /** Time that passed. */
  readonly seconds?: number;
  /** Calls of scripted actions. */
  readonly calls?: number;
}

/** All vectors by file name. */
export function vectors(): readonly (readonly [string, readonly Vector[]])[] {
  const folder = join(import.meta.dirname, '..', 'semantics');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => [
      name.replace('.json', ''),
      JSON.parse(readFileSync(join(folder, name), 'utf8')) as Vector[],
    ]);
}

// What flows under test call: mocks in place of actions, how often each action was called, and what reaches out of a flow.
import { canonicalId, findAction } from '../language/catalog/catalog.ts';
import {
  type ActionArguments,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../runtime/action.ts';
import { actionTable } from '../runtime/actions/index.ts';
import { copy } from '../runtime/operations.ts';
import { CustomObject, type Value } from '../runtime/values.ts';
import { TestFailure } from './testFailure.ts';

export interface Mock {
  readonly outputs: Readonly<Record<string, Value>>;
  /** What a condition or wait answers. */
  readonly condition: boolean;
  /** The error it fails with instead. */
  readonly error: { readonly code: string; readonly message: string } | undefined;
  /** How many calls it answers; 0 for all. */
  readonly times: number;
}

/** Arguments are kept of so many calls of one mocked action; later calls are counted only. */
const keptCalls = 1_000;

/** Modules whose actions stay inside the run: strict mode needs no mocks of them. */
const innerModules: ReadonlySet<string> = new Set([
  'Variables',
  'Text',
  'DateTime',
  'FlowControl',
  'Logging',
]);

interface Mocked {
  readonly mocks: { readonly mock: Mock; used: number }[];
  /** Arguments by name. */
  readonly calls: CustomObject[];
}

export class Mocks {
  readonly #mocked = new Map<string, Mocked>();
  readonly #counts = new Map<string, number>();
  readonly #failed: (failure: TestFailure) => void;
  readonly #actions = new Map([...actionTable].map(([key, { id }]) => [key, this.#action(id)] as const));
  #acting = 0;
  strict = false;

  /** `failed` hears of a call that no test expects. */
  constructor(failed: (failure: TestFailure) => void) {
    this.#failed = failed;
  }

  /** True while an action is being carried out. */
  get isActing(): boolean {
    return this.#acting > 0;
  }

  /** Behind the mocks of the action that it has, in place of one that would answer all calls. `id` as the catalog spells it. */
  add(id: string, mock: Mock): void {
    const known = this.#mocked.get(id) ?? { mocks: [], calls: [] };
    this.#mocked.set(id, known);
    if (known.mocks.at(-1)?.mock.times === 0) known.mocks.pop();
    known.mocks.push({ mock, used: 0 });
  }

  /** `id` as the catalog spells it. */
  has(id: string): boolean {
    return this.#mocked.has(id);
  }

  /** How often an action was called. `id` as the catalog spells it. */
  count(id: string): number {
    return this.#counts.get(id) ?? 0;
  }

  /** The arguments of the calls of a mocked action; undefined when it is not mocked. */
  calls(id: string): readonly CustomObject[] | undefined {
    return this.#mocked.get(id)?.calls;
  }

  /** All actions as a flow under test has them, by lower-cased id: also those with these ids (as written) that no agent can carry out. */
  actionsFor(ids: Iterable<string>): ReadonlyMap<string, ActionDefinition> {
    for (const written of ids) {
      const id = canonicalId(written);
      if (id !== undefined && !this.#actions.has(id.toLowerCase())) {
        this.#actions.set(id.toLowerCase(), this.#action(id));
      }
    }
    return this.#actions;
  }

  #action(id: string): ActionDefinition {
    const known = actionTable.get(id.toLowerCase());
    // Tests have no desktop.
    const real = known?.needs === undefined ? known : undefined;
    return {
      id,
      run: (args, context) => {
        this.#counts.set(id, this.count(id) + 1);
        const mocked = this.#mocked.get(id);
        if (mocked !== undefined) return this.#answer(id, mocked, args);
        if (real === undefined || (this.strict && !innerModules.has(moduleOf(id))))
          throw this.#unmocked(id, real);
        this.#acting++;
        // What it opened is closed as slowly as it needs, whatever the clock of the test.
        const own = (close: () => void | Promise<void>) =>
          context.own(async () => {
            this.#acting++;
            await Promise.resolve(close()).finally(() => this.#acting--);
          });
        let result: ActionResult | Promise<ActionResult>;
        try {
          result = real.run(args, { ...context, own });
        } catch (error) {
          this.#acting--;
          throw error;
        }
        if (result instanceof Promise) return result.finally(() => this.#acting--);
        this.#acting--;
        return result;
      },
    };
  }

  #answer(id: string, mocked: Mocked, args: ActionArguments): ActionResult {
    if (mocked.calls.length < keptCalls) mocked.calls.push(argumentsOf(id, args));
    const next = mocked.mocks.find(({ mock, used }) => mock.times === 0 || used < mock.times);
    if (next === undefined) {
      const answered = mocked.mocks.reduce((sum, { mock }) => sum + mock.times, 0);
      const failure = new TestFailure(
        'TestMockUsedUp',
        `${id} was called ${answered + 1} times, but its mocks answer ${answered} calls only.`,
        'Let the last mock of the action answer all calls (Times: 0), or mock one call more.',
      );
      this.#failed(failure);
      throw failure;
    }
    next.used++;
    const { error, condition, outputs } = next.mock;
    if (error !== undefined) {
      throw new ActionError(error.code, error.message, 'The test mocks this action to fail so.');
    }
    // A flow may change what it got: the next call gets its own.
    const given = Object.entries(outputs).map(([name, value]) => [name, copy(value)] as const);
    return { condition, outputs: Object.fromEntries(given) };
  }

  #unmocked(id: string, real: ActionDefinition | undefined): TestFailure {
    const failure = new TestFailure(
      'TestActionNotMocked',
      real === undefined
        ? `${id} cannot be carried out by this agent, and the test does not mock it.`
        : `${id} reaches out of the flow, and the test does not mock it: it is in strict mode.`,
      `Say what it does: Test.MockAction ActionId: '${id}'`,
    );
    this.#failed(failure);
    return failure;
  }
}

const moduleOf = (id: string): string => id.slice(0, id.indexOf('.'));

function argumentsOf(id: string, args: ActionArguments): CustomObject {
  const fixed = findAction(id)?.definition.arguments ?? [];
  return new CustomObject([
    ...fixed.map(({ name }) => [name, copy(args.value(name))] as const),
    ...args.dynamic.map(({ name, value }) => [name, copy(value)] as const),
  ]);
}

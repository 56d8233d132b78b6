// What the actions of the module Test do. What they are called and take: language/catalog/testActions.ts.
import { canonicalId, findAction, nearestAction } from '../language/catalog/catalog.ts';
import { nearest } from '../language/nearest.ts';
import {
  type ActionArguments,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../runtime/action.ts';
import { datetimeArgument } from '../runtime/actions/typed.ts';
import { describe, toText } from '../runtime/convert.ts';
import { contains, equal } from '../runtime/operations.ts';
import type { Outcome } from '../runtime/run.ts';
import { typeName, type Value } from '../runtime/values.ts';
import { callSubflow, type FlowResult, runFlow, type Wishes } from './flowRun.ts';
import { TestFailure } from './testFailure.ts';
import type { TestWorld } from './testWorld.ts';

/** The actions of one test, by lower-cased id. */
export function vocabulary(world: TestWorld): ReadonlyMap<string, ActionDefinition> {
  const table: Readonly<Record<string, ActionDefinition['run']>> = {
    async RunFlow(args, context) {
      const flow = world.flow(args.path('FlowPath'));
      return told(flow.path, args, await runFlow(flow, wishes(world, args), world.surroundings(context)));
    },
    async CallSubflow(args, context) {
      const flow = world.flow(args.path('FlowPath'));
      const name = args.text('SubflowName');
      return told(
        flow.path,
        args,
        await callSubflow(flow, name, wishes(world, args), world.surroundings(context)),
      );
    },
    MockAction: (args) => mockAction(world, args),
    GetCalls(args) {
      const id = knownAction(args);
      const calls = world.mocks.calls(id);
      if (calls === undefined) {
        throw new ActionError(
          'TestActionNotMocked',
          `The test does not mock ${id}: arguments are kept of mocked actions only.`,
          `Mock it before the flow runs: Test.MockAction ActionId: '${id}'`,
        );
      }
      return { outputs: { Calls: [...calls] } };
    },
    ExpectCalls(args) {
      const id = knownAction(args);
      const wanted = args.integer('Count');
      const count = world.mocks.count(id);
      if (count === wanted) return {};
      throw failure(args, `${id} was called ${times(count)}, expected ${times(wanted)}`, {
        expected: String(wanted),
        actual: String(count),
      });
    },
    ExpectEqual(args) {
      const [actual, expected] = [args.value('Actual'), args.value('Expected')];
      if (equal(actual, expected)) return {};
      const alike = readable(actual) === readable(expected);
      throw failure(args, `Expected ${told60(expected)}, but got ${told60(actual)}`, {
        expected: alike ? `${readable(expected)} (${typeName(expected)})` : readable(expected),
        actual: alike ? `${readable(actual)} (${typeName(actual)})` : readable(actual),
      });
    },
    ExpectTrue(args) {
      if (args.boolean('Condition')) return {};
      throw failure(args, 'The condition does not hold', {});
    },
    ExpectContains(args) {
      const [actual, expected] = [args.value('Actual'), args.value('Expected')];
      if (contains(actual, expected, false)) return {};
      throw failure(args, `${told60(actual)} does not contain ${told60(expected)}`, {
        expected: readable(expected),
        actual: readable(actual),
      });
    },
    ExpectLogged(args) {
      const text = args.text('Text');
      const messages = world.flowLogs.map(({ message }) => message);
      if (messages.some((message) => message.includes(text))) return {};
      throw failure(
        args,
        messages.length === 0 ? 'Nothing was logged' : 'No logged message has this text in it',
        { expected: text, actual: messages.slice(-20).join('\n') },
      );
    },
    Fail(args) {
      throw new TestFailure('TestFailed', args.text('Message'), 'The test fails itself at this line.');
    },
    UseFakeClock(args) {
      world.useFakeClock(args.has('Now') ? datetimeArgument(args, 'Now') : undefined);
      return {};
    },
    UseStrictMode() {
      world.mocks.strict = true;
      return {};
    },
    SetTimeout(args) {
      const seconds = args.number('Seconds');
      if (!(seconds > 0 && seconds <= longestTimeout)) {
        throw new ActionError(
          'InvalidArgument',
          `A test cannot take ${seconds} seconds.`,
          `Give a number from 0 to ${longestTimeout}.`,
        );
      }
      world.setTimeout(seconds);
      return {};
    },
  };
  return new Map(
    Object.entries(table).map(([name, run]) => {
      const id = `Test.${name}`;
      const told: ActionDefinition = { id, run: (args, context) => watched(world, () => run(args, context)) };
      return [id.toLowerCase(), told];
    }),
  );
}

/** A day: more than that is a mistake in the unit. */
const longestTimeout = 86_400;

/** Whatever an action of the vocabulary says no to fails the test. */
function watched(
  world: TestWorld,
  run: () => ActionResult | Promise<ActionResult>,
): ActionResult | Promise<ActionResult> {
  const failed = (error: unknown): never => {
    if (error instanceof ActionError) world.failed(error);
    throw error;
  };
  try {
    const result = run();
    return result instanceof Promise ? result.catch(failed) : result;
  } catch (error) {
    return failed(error);
  }
}

function wishes(world: TestWorld, args: ActionArguments): Wishes {
  return { given: args.dynamic, wanted: world.wantedHere() };
}

/** The result of a run as the test wants it, or why it is not what was expected. */
function told(path: string, args: ActionArguments, { outcome, values }: FlowResult): ActionResult {
  const { error } = outcome;
  const expected = args.text('ExpectedError');
  if (error === undefined) {
    if (expected === '') return { outputs: values };
    throw new TestFailure(
      'TestExpectationFailed',
      `Expected the error ${expected}, but the flow succeeded.`,
      'Correct the flow, or leave ExpectedError out.',
      { expected, actual: 'no error' },
    );
  }
  const flow = { path, line: error.line, subflow: error.subflow, action: error.action };
  if (expected === '') {
    throw new TestFailure('TestFlowFailed', `The flow failed: ${said(error)}`, error.nextStep, { flow });
  }
  if (error.code.toLowerCase() !== expected.toLowerCase()) {
    throw new TestFailure(
      'TestExpectationFailed',
      `Expected the error ${expected}, but the flow failed with another: ${said(error)}`,
      error.nextStep,
      { expected, actual: error.code, flow },
    );
  }
  return { outputs: { ...values, ErrorMessage: error.message, ErrorLine: error.line } };
}

const said = ({ code, message }: NonNullable<Outcome['error']>): string => `${code}: ${message}`;

function mockAction(world: TestWorld, args: ActionArguments): ActionResult {
  const id = knownAction(args);
  const times = args.integer('Times');
  if (times < 0) {
    throw new ActionError('InvalidArgument', 'Times cannot be negative.', 'Give 0 for all calls.');
  }
  const action = findAction(id)?.definition;
  const names = [
    ...(action?.outputs ?? []).map(({ name }) => name),
    ...(action?.arguments ?? []).filter(({ inOut }) => inOut).map(({ name }) => name),
  ];
  const outputs: [string, Value][] = args.dynamic.map(({ name, value }) => {
    const spelled = names.find((each) => each.toLowerCase() === name.toLowerCase());
    if (spelled !== undefined || action?.dynamicArguments === true || action?.argumentsKnown === false) {
      return [spelled ?? name, value];
    }
    const near = nearest(name, names);
    throw new ActionError(
      'TestNameUnknown',
      `${id} has no output "${name}".`,
      near !== undefined
        ? `Did you mean "${near}"?`
        : names.length > 0
          ? `Its outputs are: ${names.join(', ')}.`
          : 'It has no outputs.',
    );
  });
  const code = args.text('ErrorName');
  world.mocks.add(id, {
    outputs: Object.fromEntries(outputs),
    condition: args.boolean('Result'),
    error:
      code === ''
        ? undefined
        : { code, message: args.text('ErrorMessage') || `${id} fails, as the test wants it.` },
    times,
  });
  return {};
}

/** The id of an action as the catalog spells it today. Throws ActionError `TestActionUnknown`. */
function knownAction(args: ActionArguments): string {
  const written = args.text('ActionId');
  const id = canonicalId(written);
  if (id !== undefined && !id.startsWith('Test.')) return id;
  const near = id === undefined ? nearestAction(written) : undefined;
  throw new ActionError(
    'TestActionUnknown',
    `There is no action "${written}" in flows.`,
    near === undefined ? 'Write its id as it stands in a flow.' : `Did you mean "${near}"?`,
  );
}

function failure(
  args: ActionArguments,
  what: string,
  details: { readonly expected?: string; readonly actual?: string },
): TestFailure {
  const message = args.text('Message');
  return new TestFailure(
    'TestExpectationFailed',
    `${message === '' ? '' : `${message.replace(/[.:\s]+$/, '')}: `}${what}.`,
    'Correct the flow if it is wrong, else the test.',
    details,
  );
}

const times = (count: number): string => (count === 1 ? 'once' : count === 0 ? 'never' : `${count} times`);

/** A value in a sentence. */
function told60(value: Value): string {
  if (value === null) return 'a blank value';
  const text = toText(value);
  return text.length > 60 || text.includes('\n')
    ? describe(value)
    : typeof value === 'string'
      ? `'${text}'`
      : text;
}

/** A value to compare by eye: items, rows and properties of nested values stand one a line. */
function readable(value: Value): string {
  if (value === null) return '(blank)';
  const text = toText(value);
  if (typeof value !== 'object' || text.length <= 60) return text;
  if (Array.isArray(value)) return value.map((item) => toText(item)).join('\n');
  return text;
}

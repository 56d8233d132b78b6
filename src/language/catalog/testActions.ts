// The actions of the module Test, which files of tests (`*.test.robin`) are written with. They are ours: the designer does not know
// them, and outside of tests they are unknown actions like any other. What they do: src/testing/vocabulary.ts, docs/testing-flows.md.
import type { CatalogAction, CatalogArgument, CatalogOutput } from './catalog.ts';

const argument = (
  name: string,
  label: string,
  type: string,
  more: Partial<CatalogArgument> = {},
): CatalogArgument => ({ name, label, type, required: true, inOut: false, ...more });

const optional = (
  name: string,
  label: string,
  type: string,
  defaultValue: string,
  description: string,
): CatalogArgument => argument(name, label, type, { required: false, defaultValue, description });

const output = (name: string, label: string, type: string, variable?: string): CatalogOutput => ({
  name,
  label,
  type,
  ...(variable === undefined ? {} : { variable }),
});

function action(
  name: string,
  displayName: string,
  description: string,
  more: Partial<Pick<CatalogAction, 'arguments' | 'outputs' | 'dynamicArguments' | 'errorNames'>>,
): CatalogAction {
  return {
    id: `Test.${name}`,
    module: 'Test',
    kind: 'action',
    displayName,
    description,
    seen: 0,
    arguments: [],
    outputs: [],
    errorNames: [],
    dynamicArguments: false,
    argumentsKnown: true,
    ...more,
  };
}

const flowPath = argument('FlowPath', 'Flow file', 'String', {
  description: 'path of the flow, relative to the file of tests',
});
const expectedError = optional(
  'ExpectedError',
  'Expected error',
  'String',
  '',
  'name of the error it must fail with; empty when it must succeed',
);
const failureOutputs = [
  output('ErrorMessage', 'Message of the expected error', 'String'),
  output('ErrorLine', 'Line of the flow at which it failed', 'Int32'),
];
const actionId = argument('ActionId', 'Action', 'String', {
  description: 'id of the action, as it stands in a flow',
});
const message = optional('Message', 'Message', 'String', '', 'what to say when it does not hold');
const value = (name: string, label: string) => argument(name, label, 'Object');

/** In the order in which a test uses them. */
export const testActions: readonly CatalogAction[] = [
  action(
    'RunFlow',
    'Run flow under test',
    'Runs a flow from beginning to end. Inputs are given as @Name: value; @Name=> variable takes an output, or what a variable of the flow holds at its end',
    {
      arguments: [flowPath, expectedError],
      outputs: failureOutputs,
      dynamicArguments: true,
    },
  ),
  action(
    'CallSubflow',
    'Call subflow under test',
    'Calls one subflow of a flow without running its Main. @Name: value gives an input, or the value a variable of the flow has before; @Name=> variable takes an output, or what a variable holds afterwards',
    {
      arguments: [flowPath, argument('SubflowName', 'Subflow', 'String'), expectedError],
      outputs: failureOutputs,
      dynamicArguments: true,
    },
  ),
  action(
    'MockAction',
    'Mock action',
    'From now on this is what the action does in flows under test. @Name: value gives one of its outputs. Several mocks of an action answer one after the other, each as often as Times says; one that answers all calls is replaced by the next',
    {
      arguments: [
        actionId,
        optional('Result', 'Result of a condition', 'Boolean', 'True', 'for conditions and waits'),
        optional('ErrorName', 'Error', 'String', '', 'the error it fails with; empty when it succeeds'),
        optional('ErrorMessage', 'Error message', 'String', '', 'what the error says'),
        optional('Times', 'Number of calls', 'Int32', '0', 'how many calls it answers; 0 for all'),
      ],
      dynamicArguments: true,
    },
  ),
  action(
    'GetCalls',
    'Get calls of mocked action',
    'Gives the arguments of each call of a mocked action, as a list of custom objects',
    {
      arguments: [actionId],
      outputs: [output('Calls', 'Calls', 'List<CustomObject>', 'Calls')],
    },
  ),
  action(
    'ExpectCalls',
    'Expect number of calls',
    'Fails the test unless flows under test called the action exactly that often, mocked or not',
    { arguments: [actionId, argument('Count', 'Number of calls', 'Int32')] },
  ),
  action(
    'ExpectEqual',
    'Expect equal values',
    'Fails the test unless the values are equal, as = compares them; lists, tables and objects by their content',
    {
      arguments: [value('Actual', 'Actual value'), value('Expected', 'Expected value'), message],
    },
  ),
  action('ExpectTrue', 'Expect condition', 'Fails the test unless the condition holds', {
    arguments: [argument('Condition', 'Condition', 'Boolean'), message],
  }),
  action(
    'ExpectContains',
    'Expect content',
    'Fails the test unless a text has a part in it, a list an item, or an object a property',
    {
      arguments: [value('Actual', 'Text, list or object'), value('Expected', 'What it contains'), message],
    },
  ),
  action(
    'ExpectLogged',
    'Expect logged message',
    'Fails the test unless a flow under test logged a message with this text in it',
    { arguments: [argument('Text', 'Part of the message', 'String'), message] },
  ),
  action('Fail', 'Fail test', 'Fails the test', {
    arguments: [argument('Message', 'Message', 'String')],
  }),
  action(
    'UseFakeClock',
    'Use fake clock',
    'From now on waiting in flows under test takes no time, and their clock jumps ahead instead',
    {
      arguments: [
        optional(
          'Now',
          'Time at the start',
          'String',
          '',
          'such as 2026-01-31 10:00; empty for the real time',
        ),
      ],
    },
  ),
  action(
    'UseStrictMode',
    'Use strict mode',
    'From now on an action that reaches out of the flow and is not mocked fails instead of being carried out',
    {},
  ),
  action('SetTimeout', 'Set timeout', 'How long this test may take before it is stopped and fails', {
    arguments: [argument('Seconds', 'Seconds', 'Decimal')],
  }),
];

/** True for an id of the module Test, in any letter case, whether there is such an action or not. */
export const isTestAction = (id: string): boolean => /^test\./i.test(id);

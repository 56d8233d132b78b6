// Inputs and outputs of a flow as callers see them, and which given values fit.
import { describe, expect, test } from 'vitest';
import { checkInputs, type FlowInfo, flowInfo } from '../../../src/language/analysis/flow.ts';
import { parse } from '../../../src/language/syntax/parser.ts';
import type { FlowParameterInfo as WireParameter } from '../../../src/protocol/editor.ts';
import type { WireValue } from '../../../src/protocol/run.ts';

const header = String.raw`@@DisplayName: 'Local computer'
IMPORT 'controlRepo.appmask' AS appmask
@SENSITIVE: [apiKey, Answer]
@INPUT Folder : { 'Description': 'Where the\'files\' are', 'FriendlyName': 'Source folder', 'Type': 'String', 'IsOptional': False, 'DefaultValue': '' }
@INPUT ApiKey : { 'Description': $'''two
lines''', 'FriendlyName': 'Key', 'Type': 'String', 'IsOptional': False, 'DefaultValue': '' }
@INPUT Limit : { 'FriendlyName': 'Limit', 'DefaultValue': 60, 'Type': 'Numeric', 'IsOptional': False }
@INPUT Strict : { 'FriendlyName': '', 'Type': 'Bool', 'IsOptional': False, 'DefaultValue': True }
@INPUT Note : { 'FriendlyName': 'Note', 'Type': 'String', 'IsOptional': True }
@INPUT Names : { 'FriendlyName': 'Names', 'Type': 'List', 'IsOptional': False, 'DefaultValue': [] }
@INPUT Options : { 'FriendlyName': 'Options', 'Type': 'CustomObject', 'IsOptional': True, 'DefaultValue': { 'a': [1, (-2)] } }
@INPUT Rows : { 'FriendlyName': 'Rows', 'Type': 'Datatable', 'IsOptional': True, 'DefaultValue': { ^['A', 'B'], [1, 2] } }
@INPUT Since : { 'FriendlyName': 'Since', 'Type': 'Datetime', 'IsOptional': True }
@INPUT Browser : { 'FriendlyName': 'Browser', 'Type': 'WebBrowserInstance', 'IsOptional': True }
@OUTPUT Answer : { 'Description': 'The result', 'FriendlyName': 'The answer', 'Type': 'String' }
SET Answer TO Folder
IF Strict THEN
    # a comment
    SET Answer TO ApiKey
    DISABLE SET Answer TO 1
END
**REGION last
CALL Tidy
**ENDREGION
FUNCTION Tidy GLOBAL
    SET Answer TO $''''''
END FUNCTION
`;
const info = flowInfo(parse(header));

test('the protocol takes what flowInfo gives', () => {
  const parameters: readonly WireParameter[] = info.inputs;
  const checked = checkInputs(info, {});
  const values: Readonly<Record<string, WireValue>> = checked.ok ? checked.values : {};
  expect([parameters.length, values]).toEqual([10, {}]);
});

test('flowInfo describes inputs, outputs and size', () => {
  expect(info.inputs.map(({ externalName, type, optional }) => [externalName, type, optional])).toEqual([
    ['Source folder', 'Text', false],
    ['Key', 'Text', false],
    ['Limit', 'Number', false],
    ['Strict', 'Boolean', false],
    ['Note', 'Text', true],
    ['Names', 'List', false],
    ['Options', 'Custom object', true],
    ['Rows', 'Datatable', true],
    ['Since', 'Datetime', true],
    ['Browser', 'Instance', true],
  ]);
  expect(info.inputs[0]).toEqual({
    name: 'Folder',
    externalName: 'Source folder',
    description: "Where the'files' are",
    type: 'Text',
    optional: false,
    sensitive: false,
    line: 3,
  });
  expect(info.inputs[1]).toMatchObject({ description: 'two\r\nlines', sensitive: true, line: 4 });
  expect(info.outputs).toEqual([
    {
      name: 'Answer',
      externalName: 'The answer',
      description: 'The result',
      type: 'Text',
      optional: false,
      sensitive: true,
      line: 14,
    },
  ]);
  expect([...info.sensitive]).toEqual(['apikey', 'answer']);
  expect(info.subflows).toEqual(['Tidy']);
  expect(info.statementCount).toBe(5);
});

test('an empty default of a mandatory input is none; other defaults have their type', () => {
  const defaults = info.inputs.flatMap(({ name, defaultValue }) =>
    defaultValue === undefined ? [] : [[name, defaultValue]],
  );
  expect(Object.fromEntries(defaults)).toEqual({
    Limit: 60,
    Strict: true,
    Options: { $type: 'object', entries: { a: [1, -2] } },
    Rows: { $type: 'datatable', columns: ['A', 'B'], rows: [[1, 2]] },
  });
});

test('a flow without header has no inputs; a damaged declaration counts as Text', () => {
  expect(flowInfo(parse('SET A TO 1'))).toMatchObject({ inputs: [], outputs: [], statementCount: 1 });
  expect(flowInfo(parse("@INPUT Broken : { 'Type':\n")).inputs).toMatchObject([
    { externalName: 'Broken', type: 'Text', optional: false },
  ]);
});

describe('checkInputs', () => {
  const needed = { 'Source folder': '/in', Key: 'k', Names: [] };

  test('fills in defaults and blanks, and gives values by external name', () => {
    expect(checkInputs(info, needed)).toEqual({
      ok: true,
      values: {
        'Source folder': '/in',
        Key: 'k',
        Limit: 60,
        Strict: true,
        Note: null,
        Names: [],
        Options: { $type: 'object', entries: { a: [1, -2] } },
        Rows: { $type: 'datatable', columns: ['A', 'B'], rows: [[1, 2]] },
        Since: null,
        Browser: null,
      },
    });
  });

  test('names match exactly, in any letter case, or by the variable', () => {
    const given = { 'source FOLDER': '/in', APIKEY: 'k', Names: [] };
    expect(checkInputs(info, given)).toMatchObject({
      ok: true,
      values: { 'Source folder': '/in', Key: 'k' },
    });
  });

  const table = { $type: 'datatable', columns: ['A'], rows: [[1], [null]] };
  test.each<[name: string, given: unknown, value: unknown]>([
    ['Limit', '5', 5],
    ['Limit', ' -2.5e1 ', -25],
    ['Limit', 7, 7],
    ['Limit', '', 60],
    ['Strict', 'FALSE', false],
    ['Strict', false, false],
    ['Note', '', ''],
    ['Note', null, null],
    ['Options', null, null],
    ['Names', '["a", {"b": null}]', ['a', { $type: 'object', entries: { b: null } }]],
    ['Options', '{"x": [1]}', { $type: 'object', entries: { x: [1] } }],
    ['Options', { $type: 'object', entries: { x: 1 } }, { $type: 'object', entries: { x: 1 } }],
    ['Options', '{"__proto__": 1}', { $type: 'object', entries: JSON.parse('{"__proto__": 1}') }],
    ['Rows', '[{"A": 1}, {}]', table],
    ['Rows', '{"columns": ["A"], "rows": [[1], [null]]}', table],
    ['Rows', table, table],
    ['Since', '2026-01-31', { $type: 'datetime', value: '2026-01-31T00:00:00' }],
    ['Since', '2026-01-31T10:05:00.250', { $type: 'datetime', value: '2026-01-31T10:05:00.250' }],
    [
      'Since',
      { $type: 'datetime', value: '2026-01-31 10:05' },
      { $type: 'datetime', value: '2026-01-31T10:05:00' },
    ],
  ])('%s accepts %j', (name, given, value) => {
    const checked = checkInputs(info, { ...needed, [name]: given });
    expect(checked).toMatchObject({ ok: true });
    expect(checked.ok && checked.values[name]).toEqual(value);
  });

  test.each<[name: string, given: unknown]>([
    ['Limit', 'five-secret'],
    ['Limit', '0x10'],
    ['Limit', '1e999'],
    ['Limit', Number.NaN],
    ['Strict', 'secret'],
    ['Strict', 1],
    ['Note', 5],
    ['Note', ['secret']],
    ['Names', 'secret'],
    ['Names', '{"a": "secret"}'],
    ['Options', '["secret"]'],
    ['Rows', '[["secret"]]'],
    ['Rows', '{"columns": ["A"], "rows": [["secret", 2]]}'],
    ['Since', '2026-02-31'],
    ['Since', '2026-01-31T10:00:00Z'],
    ['Browser', 'secret'],
  ])('%s refuses %j without repeating it', (name, given) => {
    const checked = checkInputs(info, { ...needed, [name]: given });
    if (checked.ok) expect.fail('accepted');
    expect(checked.problems.map(({ code }) => code)).toEqual(['InputType']);
    const [problem] = checked.problems;
    expect(problem?.message).toContain(`"${name}"`);
    expect(`${problem?.message} ${problem?.nextStep}`).not.toContain('secret');
  });

  test('says everything that is wrong at once, with a next step each', () => {
    const checked = checkInputs(info, { 'Sorce folder': 'secret', limit: 1, Limit: 2 });
    if (checked.ok) expect.fail('accepted');
    expect(checked.problems.map(({ code, message, nextStep }) => [code, message, nextStep])).toEqual([
      ['InputUnknown', 'The flow has no input "Sorce folder".', 'Did you mean "Source folder"?'],
      ['InputTwice', 'The input "Limit" is given twice, as "limit" and as "Limit".', 'Give "Limit" once.'],
      [
        'InputMissing',
        'The input "Source folder" (Text) has no value and the flow has no default for it.',
        'Give "Source folder" as text, on the command line with --input "Source folder=…".',
      ],
      [
        'InputMissing',
        'The input "Key" (Text) has no value and the flow has no default for it.',
        'Give "Key" as text, on the command line with --input-env "Key=VARIABLE" (a sensitive value stays out of sight there).',
      ],
      [
        'InputMissing',
        'The input "Names" (List) has no value and the flow has no default for it.',
        'Give "Names" as a list, as JSON such as ["a", 2], on the command line with --input "Names=…".',
      ],
    ]);
  });

  test('a mandatory instance can only come from another flow', () => {
    const flow: FlowInfo = flowInfo(
      parse("@INPUT Excel : { 'Type': 'ExcelInstance', 'IsOptional': False }\n"),
    );
    const checked = checkInputs(flow, {});
    if (checked.ok) expect.fail('accepted');
    expect(checked.problems[0]?.nextStep).toContain('Only another flow can pass an instance');
  });
});

test('a type that only sounds known is an instance', () => {
  const { inputs } = flowInfo(parse("@INPUT X : { 'Type': 'Constructor', 'IsOptional': True }\n"));
  expect(inputs.map(({ type }) => type)).toEqual(['Instance']);
});

// Edits of the head: what is written where, that the rest keeps every byte, and that reading the head gives back what was asked for.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FlowParameterInfo } from '../../../src/language/analysis/flow.ts';
import { FlowModel } from '../../../src/language/analysis/model.ts';
import { applyEdits, type TextEdit } from '../../../src/language/edits/edit.ts';
import {
  addParameter,
  changeParameter,
  type ParameterFields,
  removeParameter,
  setSensitive,
} from '../../../src/language/edits/parameters.ts';
import { parse } from '../../../src/language/syntax/parser.ts';

const model = (text: string) => new FlowModel(parse(text));
const edited = (text: string, edit: (flow: FlowModel) => TextEdit[]) => applyEdits(text, edit(model(text)));

const plain: ParameterFields = {
  name: 'Folder',
  externalName: 'Folder',
  description: '',
  type: 'Text',
  optional: false,
  sensitive: false,
  defaultText: null,
};

const head = `@@ConnectionString: ''\r
IMPORT 'controlRepo.appmask' AS appmask\r
@SENSITIVE: [Token, Copy]\r
@INPUT Token : { 'Description': 'A', 'FriendlyName': 'Token', 'Type': 'String', 'IsOptional': False, 'DefaultValue': '' } \r
`;
const body = 'SET Copy TO Token\r\nSET Total TO 1\r\n# Token stays in comments\r\n';

describe('addParameter', () => {
  test.each<[string, Partial<ParameterFields>, string]>([
    ['a text', {}, "'Type': 'String', 'IsOptional': False, 'DefaultValue': ''"],
    [
      'a text with a default',
      { defaultText: 'it\'s "C:\\x"' },
      "'Type': 'String', 'IsOptional': False, 'DefaultValue': 'it\\'s \\\"C:\\\\x\\\"'",
    ],
    ['an optional text', { optional: true }, "'Type': 'String', 'IsOptional': True"],
    [
      'a number',
      { type: 'Number', defaultText: '-2.50' },
      "'Type': 'Numeric', 'IsOptional': False, 'DefaultValue': -2.5",
    ],
    [
      'a yes or no',
      { type: 'Boolean', defaultText: 'false' },
      "'Type': 'Bool', 'IsOptional': False, 'DefaultValue': False",
    ],
    ['a list', { type: 'List' }, "'Type': 'List', 'IsOptional': False, 'DefaultValue': []"],
    [
      'a list with items',
      { type: 'List', defaultText: '["a", 1]' },
      "'Type': 'List', 'IsOptional': False, 'DefaultValue': ['a', 1]",
    ],
    [
      'an object',
      { type: 'Custom object' },
      "'Type': 'CustomObject', 'IsOptional': False, 'DefaultValue': {{ }}",
    ],
    [
      'an object with entries',
      { type: 'Custom object', defaultText: '{"a": {}}' },
      "'Type': 'CustomObject', 'IsOptional': False, 'DefaultValue': { 'a': {{ }} }",
    ],
    [
      'a table',
      { type: 'Datatable', defaultText: '[{"a": 1}]' },
      "'Type': 'Datatable', 'IsOptional': False, 'DefaultValue': { ^['a'], [1] }",
    ],
  ])('writes %s as the designer does', (_, fields, definition) => {
    const text = edited(head + body, (flow) => addParameter(flow, 'input', { ...plain, ...fields }));
    const line = `@INPUT Folder : { 'Description': '', 'FriendlyName': 'Folder', ${definition} } \r\n`;
    expect(text).toBe(head + line + body);
  });

  test('writes an output without default', () => {
    const text = edited(head + body, (flow) =>
      addParameter(flow, 'output', { ...plain, description: 'One\nTwo' }),
    );
    expect(text).toBe(
      `${head}@OUTPUT Folder : { 'Description': '''One\r\nTwo''', 'FriendlyName': 'Folder', 'Type': 'String' } \r\n${body}`,
    );
  });

  test('gives a flow without a head one, the sensitive names first', () => {
    const line =
      "@INPUT Folder : { 'Description': '', 'FriendlyName': 'Folder', 'Type': 'String', 'IsOptional': False, 'DefaultValue': '' } \n";
    const add = (text: string, sensitive: boolean) =>
      edited(text, (flow) => addParameter(flow, 'input', { ...plain, sensitive }));
    expect(add('# c\nSET A TO 1', true)).toBe(`@SENSITIVE: [Folder]\n${line}# c\nSET A TO 1`);
    expect(add('', false)).toBe(line);
    expect(add("IMPORT 'a' AS b", true)).toBe(`IMPORT 'a' AS b\n@SENSITIVE: [Folder]\n${line.trimEnd()} `);
    expect(add("@@source: 'x'\nCALL a\n", true)).toBe(`@SENSITIVE: [Folder]\n${line}@@source: 'x'\nCALL a\n`);
  });

  test.each<[string, Partial<ParameterFields>]>([
    ['already has an input “Token”', { name: 'token' }],
    ['already has the external name “Token”', { externalName: 'TOKEN' }],
    ['is no name', { name: '1st' }],
    ['is a reserved word', { name: 'If' }],
    ['external name is empty', { externalName: ' ' }],
    ['does not fit its type Number', { type: 'Number', defaultText: 'five' }],
    ['only be declared in the designer', { type: 'Instance' }],
  ])('refuses what %s', (message, fields) => {
    const add = () => addParameter(model(head + body), 'input', { ...plain, ...fields });
    expect(add).toThrow(message);
    expect(add).toThrow(
      expect.objectContaining({ code: 'FlowEditImpossible', nextStep: expect.any(String) }),
    );
  });
});

describe('changeParameter', () => {
  const change = (changes: Partial<ParameterFields>) =>
    edited(head + body, (flow) => changeParameter(flow, 'Token', changes));

  test('replaces exactly the values that change', () => {
    expect(change({ description: 'B', optional: true, defaultText: 'x' })).toBe(
      (head + body)
        .replace("'Description': 'A'", "'Description': 'B'")
        .replace("'IsOptional': False, 'DefaultValue': ''", "'IsOptional': True, 'DefaultValue': 'x'"),
    );
    expect(change({ optional: true })).toBe(
      (head + body).replace("'IsOptional': False, 'DefaultValue': ''", "'IsOptional': True"),
    );
    expect(change({ type: 'List' })).toBe(
      (head + body).replace("'String'", "'List'").replace("'DefaultValue': ''", "'DefaultValue': []"),
    );
    expect(change({ sensitive: false })).toBe((head + body).replace('[Token, Copy]', '[Copy]'));
    expect(change({ description: 'A', type: 'Text' })).toBe(head + body);
  });

  test('renames the variable wherever the flow uses it, and keeps what people know it by', () => {
    expect(change({ name: 'Secret' })).toBe(
      (head + body)
        .replace('[Token, Copy]', '[Secret, Copy]')
        .replace('@INPUT Token', '@INPUT Secret')
        .replace('TO Token', 'TO Secret'),
    );
    expect(change({ name: 'Secret', externalName: 'Secret' })).toContain(
      "@INPUT Secret : { 'Description': 'A', 'FriendlyName': 'Secret', 'Type'",
    );
    expect(() => change({ name: 'Total' })).toThrow('“Total”');
  });

  test('adds entries that are missing', () => {
    const text = "@INPUT A : { 'Type': 'String' }\n@INPUT B : {{ }}\n";
    const both = (name: string) =>
      edited(text, (flow) => changeParameter(flow, name, { description: 'x', optional: true }));
    expect(both('A')).toContain("@INPUT A : { 'Type': 'String', 'Description': 'x', 'IsOptional': True }");
    expect(both('B')).toContain("@INPUT B : { 'Description': 'x', 'IsOptional': True }");
  });

  test('refuses what is not there or cannot be read', () => {
    expect(() => changeParameter(model(head), 'Gone', {})).toThrow('no input or output “Gone”');
    expect(() => changeParameter(model('@INPUT A : 5\n'), 'A', { description: 'x' })).toThrow(
      'cannot be read',
    );
  });
});

test('removeParameter takes out the line and leaves the variable', () => {
  const second = "@OUTPUT Total : { 'Type': 'Numeric' } \r\n";
  expect(edited(head + second + body, (flow) => removeParameter(flow, 'total'))).toBe(head + body);
  expect(() => removeParameter(model(head), 'Gone')).toThrow('no input or output “Gone”');
});

describe('setSensitive', () => {
  const set = (text: string, name: string, sensitive: boolean, subflow?: string) =>
    edited(text, (flow) => setSensitive(flow, name, sensitive, subflow));

  test.each([
    ['@SENSITIVE: []\n', 'A', true, '@SENSITIVE: [A]\n'],
    ['@SENSITIVE: [B]\n', 'A', true, '@SENSITIVE: [B, A]\n'],
    ['@SENSITIVE: [A, B, C]\n', 'b', false, '@SENSITIVE: [A, C]\n'],
    ['@SENSITIVE: [A, B]\n', 'B', false, '@SENSITIVE: [A]\n'],
    ['@SENSITIVE: [ A ]\n', 'a', false, '@SENSITIVE: [  ]\n'],
    ['@SENSITIVE: [A]\n', 'a', true, '@SENSITIVE: [A]\n'],
    ['SET A TO 1\n', 'A', true, '@SENSITIVE: [A]\nSET A TO 1\n'],
    ["@INPUT B : { 'Type': 'String' }\n", 'A', true, "@SENSITIVE: [A]\n@INPUT B : { 'Type': 'String' }\n"],
  ])('%j with %s set to %s', (text, name, sensitive, expected) => {
    expect(set(text, name, sensitive)).toBe(expected);
  });

  test('of a local subflow uses the list of that subflow', () => {
    const text = 'CALL f\n\nFUNCTION f in1\nSET x TO in1\nEND FUNCTION\n';
    const marked = set(text, 'x', true, 'F');
    expect(marked).toBe(text.replace('in1\nSET', 'in1\n    @SENSITIVE: [x]\nSET'));
    expect(set(marked, 'in1', true, 'f')).toContain('    @SENSITIVE: [x, in1]\n');
    expect(set(marked, 'x', false, 'f')).toContain('    @SENSITIVE: []\n');
    expect(() => set(text, 'x', true, 'g')).toThrow('no subflow “g”');
    expect(() => set('FUNCTION f GLOBAL\nEND FUNCTION', 'x', true, 'f')).toThrow('shares the variables');
  });
});

describe('any input', () => {
  const fields = fc.record({
    name: fc.constantFrom('Folder', 'größe', '_x'),
    externalName: fc.string({ minLength: 1 }).filter((name) => name.trim() !== ''),
    description: fc.string({ unit: 'binary' }),
    optional: fc.boolean(),
    sensitive: fc.boolean(),
  });
  const typed = fc.oneof(
    fc.record({ type: fc.constant('Text' as const), defaultText: fc.option(fc.string({ unit: 'binary' })) }),
    fc.record({
      type: fc.constant('Number' as const),
      defaultText: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }).map(String)),
    }),
    fc.record({ type: fc.constant('Boolean' as const), defaultText: fc.option(fc.boolean().map(String)) }),
    fc.record({
      type: fc.constant('List' as const),
      defaultText: fc.option(
        fc.array(fc.oneof(fc.string(), fc.integer(), fc.boolean())).map((list) => JSON.stringify(list)),
      ),
    }),
    fc.record({
      type: fc.constant('Custom object' as const),
      defaultText: fc.option(fc.dictionary(fc.string(), fc.string()).map((object) => JSON.stringify(object))),
    }),
  );

  test('is read back as it was written, and taken out again without a trace', () => {
    fc.assert(
      fc.property(fields, typed, fc.constantFrom('', 'SET A TO 1\n', head + body), (common, own, text) => {
        const wanted = { ...common, ...own, externalName: `${common.externalName}.` };
        const added = edited(text, (flow) => addParameter(flow, 'input', wanted));
        const file = parse(added);
        expect(file.diagnostics).toEqual([]);
        const found = new FlowModel(file).info.inputs.find(({ name }) => name === wanted.name);
        expect(found).toMatchObject({
          externalName: lineEnds(wanted.externalName),
          description: lineEnds(wanted.description),
          type: wanted.type,
          optional: wanted.optional,
          sensitive: wanted.sensitive,
        });
        expect(defaultOf(found)).toEqual(wantedDefault(wanted));
        const removed = edited(added, (flow) =>
          setSensitive(flow, wanted.name, false).concat(removeParameter(flow, wanted.name)),
        );
        expect(removed.replace(/^@SENSITIVE: \[\]\r?\n/m, '')).toBe(text);
      }),
      { numRuns: 400 },
    );
  });
});

/** A flow keeps the line breaks of its file, and reads them as CRLF. */
function lineEnds(text: string): string {
  return text.replace(/\r\n|\r|\n/g, '\r\n');
}

function defaultOf(info: FlowParameterInfo | undefined): unknown {
  return info?.defaultValue ?? null;
}

function wantedDefault({ type, optional, defaultText }: ParameterFields): unknown {
  if (defaultText === null) return null;
  if (type === 'Text') return defaultText === '' && !optional ? null : lineEnds(defaultText);
  if (type === 'Number') return Number(defaultText);
  if (type === 'Boolean') return defaultText === 'true';
  const value = JSON.parse(defaultText);
  const empty = Object.keys(value).length === 0;
  if (empty && !optional) return null;
  return type === 'List' ? value : { $type: 'object', entries: value };
}

// Types, producers and assignment, written into the flows: `# A: Number always` behind a line says what is known of the read of A in it
// (of its write when it only writes), `?` is an unknown type, and `from 2,4` are the lines of its producers. Line 1 is the first.
import { describe, expect, test } from 'vitest';
import { Binding } from '../../../src/language/analysis/binder.ts';
import { isPowerFx } from '../../../src/language/analysis/dialect.ts';
import { typeLabel } from '../../../src/language/analysis/properties.ts';
import { Types } from '../../../src/language/analysis/types.ts';
import { parse } from '../../../src/language/syntax/parser.ts';

const head = '@SENSITIVE: []\n';

/** The same text with its remarks made anew. */
function remark(text: string): string {
  const binding = new Binding(parse(text));
  const types = new Types(binding);
  const lineOf = (offset: number) => text.slice(0, offset).split('\n').length;
  return text
    .split('\n')
    .map((line, i) => {
      const [code, remarks] = line.split('  # ');
      if (remarks === undefined) return line;
      const told = remarks.split('; ').map((remark) => {
        const name = remark.slice(0, remark.indexOf(':'));
        const here = binding.uses.filter(
          (use) => use.name.toLowerCase() === name.toLowerCase() && lineOf(use.node.start) === i + 1,
        );
        const use = here.find(({ role }) => role === 'read') ?? here[0];
        if (use === undefined) return `${name} is not mentioned`;
        const parts = [types.typesAt(use).map(typeLabel).join('/') || '?'];
        if (/\b(always|sometimes|never|unknown)\b/.test(remark)) parts.push(types.assignmentAt(use));
        if (/\bfrom\b/.test(remark)) {
          const producers = types.producersOf(use).map(({ node }) => lineOf(node.start));
          parts.push(`from ${producers.join(',')}`);
        }
        return `${name}: ${parts.join(' ')}`;
      });
      return `${code}  # ${told.join('; ')}`;
    })
    .join('\n');
}

function check(body: string): void {
  expect(remark(head + body)).toBe(head + body);
}

describe('SET', () => {
  test.each<[value: string, type: string]>([
    ['1', 'Number'],
    ['(-1.5)', 'Number'],
    ['True', 'Boolean'],
    ["'x'", 'Text'],
    ["$'''a %1% b'''", 'Text'],
    ["$''''''", 'Text'],
    ["$'''%1%'''", 'Number'],
    ["P'AQAA='", 'Text'],
    ['d"2024-01-31 10:00:00.00+000"', 'Datetime'],
    ['[]', 'List'],
    ['[1, 2]', 'List of Number'],
    ["[1, 'x']", 'List'],
    ['[[1], [2]]', 'List of List of Number'],
    ["{ ^['A', 'B'], [1, 2] }", 'Datatable'],
    ['{ }', 'Datatable'],
    ["{ 'k': 1 }", 'Custom object'],
    ['{{ }}', 'Custom object'],
    ['1 + 2 * 3 - 4', 'Number'],
    ["'a' + 1", 'Text'],
    ["1 + 'a'", 'Text'],
    ['[1] + 2', 'List of Number'],
    ["[1] + ['a']", 'List'],
    ["[] + ['a']", 'List of Text'],
    ["{ ['a'] } + ['b']", 'Datatable'],
    ['1 = 2', 'Boolean'],
    ["NOT Contains('a', 'b', True)", 'Boolean'],
    ['1 < 2 AND IsEmpty([])', 'Boolean'],
    ["'abc'.Length", 'Number'],
    ["'abc'.toupper.Trimmed", 'Text'],
    ["'abc'.Nothing", '?'],
    ["{ 'k': 1 }.k", '?'],
    ["['a', 'b'][0]", 'Text'],
    ["['a', 'b'][0:1]", 'List of Text'],
    ["['a'].Count", 'Number'],
    ["{ ['a'] }[0]", 'Datarow'],
    ["{ ['a'] }[0]['A']", '?'],
    ["{ ['a'] }.Columns[0]", 'Text'],
    ["{ ['a'] }['RowsCount']", 'Number'],
    ['d"2024-01-31 10:00:00.00+000"[\'DayOfWeek\']', 'Text'],
    ["appmask['S']['E']", 'UI element'],
    ["imgrepo['I']", 'Image'],
    ['Text.CaseOption.UpperCase', '?'],
    ['Blank()', '?'],
    ["$fx'text'", 'Text'],
    ["$fx'=1.5'", 'Number'],
    ['$fx\'="x"\'', 'Text'],
    ["$fx'=true'", 'Boolean'],
    ["$fx'=1 + 1'", '?'],
    ['Nobody', '?'],
    ['Nobody + 1', '?'],
    ['-Nobody', 'Number'],
    ['Nobody * 2', 'Number'],
  ])('%s is %s', (value, type) => check(`SET A TO ${value}  # A: ${type}`));
});

describe('what passes a value on', () => {
  test.each<[what: string, body: string]>([
    [
      'a variable',
      "SET A TO 1\nSET B TO A  # A: Number; B: Number\nSET A TO 'x'\nSET C TO A  # A: Text from 4",
    ],
    [
      'a text of one variable alone',
      "SET A TO 1\nSET B TO $'''%A%'''  # B: Number\nSET C TO $'''%A% '''  # C: Text",
    ],
    ['a name in Power Fx', "SET A TO 1\nSET B TO $fx'=A'  # B: Number"],
    ['a variable in another letter case', 'SET a TO 1\nSET B TO A  # A: Number always from 2'],
  ])('%s', (_, body) => check(body));
});

describe('actions', () => {
  test.each<[what: string, body: string]>([
    [
      'give their outputs types',
      "Text.ToNumber Text: '1' Number=> N  # N: Number\nFolder.GetFiles Folder: 'x' Files=> F  # F: List of File",
    ],
    ['older ids too', "Text.Replace Text: 'a' Result=> A  # A: Text"],
    ['that nobody knows give anything', 'Some.Action Out=> A  # A: ?\nSET B TO A  # A: ? always'],
    ['with dynamic outputs give anything', "External.RunFlow FlowId: 'x' @Out=> A  # A: ?"],
    [
      'fill an empty list',
      "Variables.CreateNewList List=> L  # L: List\nVariables.AddItemToList Item: 'a' List: L  # L: List of Text\nSET A TO L[0]  # A: Text; L: List of Text from 2",
    ],
    ['mix a list', "SET L TO ['a']\nVariables.AddItemToList Item: 1 List: L\nSET A TO L  # L: List"],
    [
      'add the items of a list',
      "SET L TO []\nVariables.AddItemToList Item: ['a', 'b'] List: L\nSET A TO L  # L: List of Text",
    ],
    [
      'leave a list as it is',
      "SET L TO ['a']\nVariables.SortList.SortList List: L  # L: List of Text always",
    ],
    [
      'make what they change',
      'Variables.AddItemToList Item: 1 List: L  # L: List of Number never\nSET A TO L  # L: List of Number always from 2',
    ],
    [
      'make numbers',
      "SET A TO '1'\nVariables.IncreaseVariable Value: A IncrementValue: 1\nSET B TO A  # A: Number always from 2",
    ],
    ['change a part', "SET L TO [1]\nSET L[0] TO 'x'  # L: List always\nSET A TO L[0]  # A: ?"],
    ['change a part of an object', "SET O TO {{ }}\nSET O['x'] TO 1\nSET A TO O  # O: Custom object from 2"],
    ['give errors', 'ERROR => E  # E: Error\nSET A TO E.Message  # A: Text'],
    [
      'as conditions',
      "IF (File.IfFile.Exists File: 'x') THEN\nEND\nLOOP WHILE (WorkQueues.ProcessWorkQueueItem.ProcessWorkQueueItem WorkQueue: 'q' WorkQueueItem=> W)\nSET A TO W  # W: Work queue item always\nEND\nSET A TO W  # W: Work queue item always",
    ],
  ])('%s', (_, body) => check(body));
});

describe('ways', () => {
  test.each<[what: string, body: string]>([
    [
      'meet behind an IF',
      "SET A TO 1\nIF 1 = 1 THEN\nSET A TO 'x'\nSET B TO 1\nELSE\nSET B TO 2\nSET C TO 1\nEND\nSET D TO A  # A: Number/Text always from 2,4\nSET D TO B  # B: Number always from 5,7\nSET D TO C  # C: Number sometimes from 8",
    ],
    [
      'meet behind a SWITCH, also without a case',
      "SWITCH 1\nCASE = 1\nSET A TO 1\nSET B TO 1\nCASE = 2\nSET A TO 'x'\nSET B TO 1\nDEFAULT\nSET A TO True\nEND\nSET C TO A  # A: Boolean/Number/Text always\nSET C TO B  # B: Number sometimes",
    ],
    [
      'go round a loop',
      "SET A TO 1\nLOOP WHILE (1) = (1)\nSET B TO A  # A: Number/Text always from 2,5\nSET A TO 'x'\nEND\nSET C TO A  # A: Number/Text\nSET C TO B  # B: Number/Text sometimes",
    ],
    [
      'leave a loop early',
      "LOOP FROM 1 TO 2\nIF 1 = 1 THEN\nSET A TO 1\nEXIT LOOP\nEND\nSET A TO 'x'\nNEXT LOOP\nSET A TO True\nEND\nSET B TO A  # A: Number/Text sometimes from 4,7",
    ],
    [
      'give a loop its item',
      "LOOP FOREACH I IN ['a']\nSET A TO I  # I: Text always from 2\nEND\nLOOP FOREACH R IN { ['a'] }\nSET A TO R.ColumnsCount  # R: Datarow; A: Number\nLOOP FOREACH C IN R  # C: ?\nEND\nEND\nSET A TO I  # I: Text sometimes\nLOOP N FROM 1 TO 2\nSET A TO N  # N: Number always\nEND",
    ],
    [
      'go to a label',
      "SET A TO 1\nIF 1 = 1 THEN\nSET A TO 'x'\nGOTO L\nEND\nSET A TO True\nSET B TO 1\nLABEL L\nSET C TO A  # A: Boolean/Text always from 4,7\nSET C TO B  # B: Number sometimes",
    ],
    [
      'go back to a label',
      "SET A TO 1\nLABEL Again\nSET B TO A  # A: Number/Text always from 2,6\nIF 1 = 1 THEN\nSET A TO 'x'\nGOTO Again\nEND\nSET C TO A  # A: Number/Text always",
    ],
    [
      'end at EXIT and the like',
      "IF 1 = 1 THEN\nSET A TO 1\nEXIT Code: 1\nELSE\nSET A TO 'x'\nEND\nSET B TO A  # A: Text always",
    ],
    [
      'fail at an action, which then gives nothing',
      "Text.ToNumber Text: 'x' Number=> A\nON ERROR FormatError\nSET B TO A  # A: ? never\nSET C TO 1\nON ERROR\nSET A TO 'x'\nEND\nSET D TO A  # A: Number/Text sometimes\nSET D TO C  # C: Number sometimes",
    ],
    [
      'repeat an action with what its rules did',
      "SET A TO 1\nText.ToNumber Text: A Number=> B  # A: Number/Text from 2,5\nON ERROR\nSET A TO 'x'\nREPEAT ACTION\nEND\nSET C TO B  # B: Number always",
    ],
    [
      'only retry',
      "Text.ToNumber Text: 'x' Number=> A\nON ERROR REPEAT 3 TIMES WAIT 2\nEND\nSET B TO A  # A: Number always",
    ],
    [
      'leave a block at any statement',
      "BLOCK B\nON BLOCK ERROR all\nSET C TO A  # A: Number/Text sometimes from 7,8\nSET D TO 1\nEND\nSET A TO 1\nSET A TO 'x'\nSET E TO A  # A: Text always\nEND\nSET F TO A  # A: Number/Text sometimes\nSET F TO D  # D: Number sometimes",
    ],
    [
      'start a block again',
      "SET A TO 1\nBLOCK B\nON BLOCK ERROR all\nSET A TO 'x'\nREPEAT BLOCK\nEND\nSET B TO A  # A: Number/Text always from 2,5\nEND",
    ],
    [
      'go on in the middle of a block',
      'BLOCK B\nON BLOCK ERROR all\nSET C TO 1\nNEXT ACTION\nEND\nSET A TO 1\nSET B TO A  # A: Number sometimes\nSET B TO C  # C: Number sometimes\nEND\nSET B TO A  # A: Number sometimes',
    ],
    [
      'end in a handler that throws',
      'BLOCK B\nON BLOCK ERROR all\nTHROW ERROR\nEND\nSET A TO 1\nEND\nSET B TO A  # A: Number always',
    ],
  ])('%s', (_, body) => check(body));
});

describe('subflows', () => {
  test.each<[what: string, body: string]>([
    [
      'share the variables of the flow',
      "SET A TO 1\nCALL f\nSET B TO C  # C: Text always from 7\nSET B TO A  # A: Number always from 2\nFUNCTION f GLOBAL\nSET C TO $'''%A% '''  # A: Number always from 2\nEND FUNCTION",
    ],
    [
      'find the values of all their calls, and give back their own',
      "SET A TO 1\nCALL f\nSET A TO 'x'\nCALL f\nSET B TO D  # D: Boolean always\nFUNCTION f GLOBAL\nSET C TO A  # A: Number/Text always from 2,4\nSET D TO True\nEND FUNCTION",
    ],
    [
      'may end before they write',
      'CALL f\nSET B TO A  # A: Number sometimes\nFUNCTION f GLOBAL\nIF 1 = 1 THEN\nEXIT FUNCTION\nEND\nSET A TO 1\nEND FUNCTION',
    ],
    [
      'work through others',
      'CALL f\nSET B TO A  # A: Number always\nFUNCTION f GLOBAL\nCALL g\nEND FUNCTION\nFUNCTION g GLOBAL\nSET A TO 1\nEND FUNCTION',
    ],
    [
      'may call each other in a circle',
      "CALL f\nSET B TO A  # A: Text sometimes from 11\nFUNCTION f GLOBAL\nIF 1 = 1 THEN\nSET A TO 1\nCALL g\nEND\nEND FUNCTION\nFUNCTION g GLOBAL\nSET A TO 'x'\nCALL f\nEND FUNCTION",
    ],
    [
      'find what their last call left',
      'CALL f\nCALL f\nFUNCTION f GLOBAL\nSET B TO A  # A: Number sometimes\nSET A TO 1\nEND FUNCTION',
    ],
    [
      'that nothing calls may be called anywhere',
      "SET A TO 1\nSET A TO 'x'\nFUNCTION f GLOBAL\nSET B TO A  # A: Number/Text sometimes\nEND FUNCTION",
    ],
    [
      'that are not there may do anything',
      'SET A TO 1\nCALL Missing\nSET C TO A  # A: ? always\nSET C TO B  # B: ? unknown\nSET B TO 1',
    ],
    [
      'with inputs and outputs have their own variables',
      'SET A TO 1\nCALL f A: A O=> B  # B: ?\nSET C TO B  # B: ? always\nFUNCTION f A, OUTPUT O\nSET X TO A  # A: ? always from 5\nSET X TO O  # O: ? unknown\nSET X TO Y  # Y: ? never\nSET Y TO 1\nSET X TO GLOBAL.A  # A: Number always\nEND FUNCTION',
    ],
    [
      'that fail leave a part of their work to the handler',
      "BLOCK B\nON BLOCK ERROR all\nSET C TO A  # A: Number/Text sometimes\nEND\nCALL f\nSET C TO A  # A: Text always\nEND\nFUNCTION f GLOBAL\nSET A TO 1\nSET A TO 'x'\nEND FUNCTION",
    ],
  ])('%s', (_, body) => check(body));
});

describe('a variable has no value', () => {
  test.each<[what: string, body: string]>([
    ['before its only write', 'SET B TO A  # A: ? never\nSET A TO 1'],
    [
      'in the first round of a loop only sometimes',
      'LOOP FROM 1 TO 2\nSET B TO A  # A: Number sometimes\nSET A TO 1\nEND',
    ],
  ])('%s', (_, body) => check(body));

  test.each<[what: string, text: string]>([
    ['nothing writes it', `${head}SET B TO A  # A: ? unknown`],
    ['a copied piece of a flow shows only a part', 'SET B TO A  # A: ? unknown\nSET A TO 1'],
    ['nobody understands a line', `${head}SET X !\nSET B TO A  # A: ? unknown\nSET A TO 1`],
    ['a formula mentions it', `${head}SET X TO $fx'=Collect(A)'\nSET B TO A  # A: ? unknown\nSET A TO 1`],
    ['nothing leads there', `${head}EXIT\nSET B TO A  # A: ? unknown\nSET A TO 1`],
    [
      'it is an output, which begins with we do not know what',
      "@OUTPUT A : { 'Type': 'Numeric' }\nSET B TO A  # A: Number unknown\nSET A TO 1",
    ],
  ])('or that is not known: %s', (_, text) => expect(remark(text)).toBe(text));
});

test('inputs have their declared type', () => {
  const text = [
    "@INPUT A : { 'Type': 'String' }",
    "@INPUT B : { 'Type': 'Numeric', 'DefaultValue': 1 }",
    "@INPUT C : { 'Type': 'WebBrowserInstance' }",
    'SET X TO A  # A: Text always from 1',
    'SET X TO B  # B: Number always from 2',
    'SET X TO C  # C: ? always from 3',
    'SET A TO 1',
    'SET X TO A  # A: Number always from 7',
  ].join('\n');
  expect(remark(text)).toBe(text);
});

test('types go on behind an error rule nested in anything, and where a statement merely stands', () => {
  const text = `${head}SET A TO 1\nIF A THEN\nSET A TO 'x'\nDateTime.GetCurrentDateTime.Local CurrentDateTime=> D\nEND\nWAIT 1\nFUNCTION f GLOBAL\nWAIT 2\nEND FUNCTION`;
  const binding = new Binding(parse(text));
  const types = new Types(binding);
  const at = (i: number, name: string) => {
    const statement = binding.statements[i];
    const symbol = binding.variable(name, undefined);
    return statement && symbol ? types.typesBefore(statement, symbol).map(typeLabel) : undefined;
  };
  expect(at(0, 'A')).toEqual([]);
  expect(at(2, 'A')).toEqual(['Number']);
  expect(at(3, 'A')).toEqual(['Text']);
  expect(at(4, 'A')).toEqual(['Number', 'Text']);
  // Nothing calls the subflow: whatever the flow puts into the variable may be there.
  expect(at(5, 'D')).toEqual(['Datetime']);
});

test('an expression has a type at a place, also with variables the statement does not mention', () => {
  const binding = new Binding(parse(`${head}SET A TO [1]\nSET B TO A[0]\nSET A TO 'x'`));
  const types = new Types(binding);
  const [, statement, last] = binding.statements;
  if (statement?.kind !== 'Set' || last === undefined) throw new Error('no such statement');
  expect(types.typeOf(statement.value, statement, undefined)).toEqual({ name: 'Number' });
  expect(types.typeOf({ kind: 'Name', name: 'b', start: 0, end: 0 }, last, undefined)).toEqual({
    name: 'Number',
  });
});

describe('nothing leads to', () => {
  const dead = (body: string) => {
    const types = new Types(new Binding(parse(head + body)));
    return types.unreachable().map(({ first, last }) => [first.line + 1, last.line + 1]);
  };
  test.each<[what: string, body: string, stretches: [number, number][]]>([
    [
      'what stands behind EXIT',
      'EXIT\nSET A TO 1\nIF A THEN\nSET B TO 1\nEND\n**REGION r\n**ENDREGION',
      [[3, 4]],
    ],
    ['the rest of a branch', 'IF 1 THEN\nEXIT FUNCTION\nSET A TO 1\nEND\nSET A TO 1', [[4, 4]]],
    ['what stands behind two ends', 'IF 1 THEN\nEXIT\nELSE\nEXIT\nEND\nSET A TO 1', [[7, 7]]],
    [
      'nothing behind a loop that EXIT LOOP leaves',
      'LOOP WHILE 1 = 1\nEXIT LOOP\nSET A TO 1\nEND\nSET A TO 1',
      [[4, 4]],
    ],
    ['what stands between GOTO and LABEL', 'GOTO l\nSET A TO 1\nSET A TO 1\nLABEL l\nSET A TO 1', [[3, 4]]],
    ['a label that no GOTO wants', 'EXIT\nLABEL l\nSET A TO 1', [[3, 4]]],
    ['no label that a later GOTO may want', 'GOTO m\nLABEL l\nSET A TO 1\nLABEL m\nGOTO l', []],
    [
      'what stands behind a thrown error',
      "FlowControl.ThrowCustomError CustomErrorCode: 'x'\nSET A TO 1",
      [[3, 3]],
    ],
    [
      'nothing behind an error with rules, or in a block that goes on',
      "FlowControl.ThrowCustomError CustomErrorCode: 'x'\nON ERROR\nEND\nBLOCK\nON BLOCK ERROR all\nNEXT ACTION\nEND\nFlowControl.ThrowCustomError CustomErrorCode: 'x'\nSET A TO 1\nEND",
      [],
    ],
    ['no disabled row', 'EXIT\nDISABLE SET A TO 1', []],
    ['a handler behind its end', 'A.B\nON ERROR\nGOTO l\nSET A TO 1\nEND\nLABEL l', [[5, 5]]],
  ])('%s', (_, body, stretches) => expect(dead(body)).toEqual(stretches));

  test('but a label in a copied piece may be wanted from outside', () => {
    expect(new Types(new Binding(parse('EXIT\nLABEL l\nSET A TO 1'))).unreachable()).toEqual([]);
  });
});

describe('flows beyond reason', () => {
  test('nested without end: nothing is known, and quickly so', () => {
    const depth = 1_000;
    const loops = Array.from({ length: depth }, (_, i) => `LOOP i${i} FROM 1 TO 2\nSET v${i} TO 1`);
    const text = `${head}${loops.join('\n')}\nSET x TO v0\n${'END\n'.repeat(depth)}`;
    const types = new Types(new Binding(parse(text)));
    expect(types.unreachable()).toEqual([]);
  });

  test('hundreds of variables through hundreds of calls: less exact, never wrong', () => {
    const variables = Array.from({ length: 200 }, (_, i) => `V${i}`);
    const calls = Array.from({ length: 200 }, (_, i) => `CALL f${i}\nCALL f${(i * 7) % 200}`);
    const subflows = variables.map((name, i) => {
      const others = variables
        .map((other, k) => (k % 40 === i % 40 ? `SET X TO ${other}` : ''))
        .filter(Boolean);
      return `FUNCTION f${i} GLOBAL\nSET ${name} TO ${i % 2 === 0 ? '1' : "'x'"}\n${others.join('\n')}\nCALL f${(i + 1) % 200}\nEND FUNCTION`;
    });
    const text = `${head}SET V1 TO True\n${calls.join('\n')}\nSET Y TO V1\nSET Y TO V2\n${subflows.join('\n')}`;
    const binding = new Binding(parse(text));
    const types = new Types(binding);
    const inMain = (name: string) =>
      binding
        .variable(name, undefined)
        ?.uses.filter(({ body, role }) => role === 'read' && body?.subflow === undefined) ?? [];
    expect(inMain('V1').map((use) => types.typesAt(use).map(typeLabel))).toEqual([['Boolean', 'Text']]);
    expect(inMain('V2').map((use) => types.typeAt(use)?.name)).toEqual(['Number']);
    const never = binding.uses.filter((use) => types.assignmentAt(use) === 'never');
    expect(never).toEqual([]);
  });
});

test('a flow is in Power Fx when its texts are', () => {
  expect(isPowerFx(parse("SET A TO $fx'=1'\nSET B TO $fx'x'"))).toBe(true);
  expect(isPowerFx(parse("SET A TO $'''x'''\nSET B TO $'''%A%'''\nSET C TO $fx'=1'"))).toBe(false);
  expect(isPowerFx(parse('SET A TO 1'))).toBe(false);
});

// Which mention means which thing. The marked name in each text is looked up; «…» marks every place that must mean the same, and no other.
import { describe, expect, test } from 'vitest';
import { Binding, nameRange } from '../../../src/language/analysis/binder.ts';
import type { SymbolKind } from '../../../src/language/analysis/uses.ts';
import { parse } from '../../../src/language/syntax/parser.ts';

/** The text without marks, and the stretches they enclosed. */
function unmark(marked: string): { text: string; marks: { start: number; end: number }[] } {
  const marks: { start: number; end: number }[] = [];
  let text = '';
  for (const part of marked.split(/([«»])/)) {
    if (part === '«') marks.push({ start: text.length, end: -1 });
    else if (part === '»') (marks.at(-1) as { end: number }).end = text.length;
    else text += part;
  }
  return { text, marks };
}

function bind(text: string) {
  const binding = new Binding(parse(text));
  const places = (symbol: { uses: readonly { node: { start: number; end: number } }[] }) =>
    symbol.uses
      .map(({ node }) => nameRange(text, node))
      .map(({ start, end }) => ({ start, end }))
      .sort((a, b) => a.start - b.start);
  return { binding, places };
}

describe('the marked places are all the uses of one', () => {
  test.each<[kind: SymbolKind, what: string, marked: string]>([
    ['variable', 'in any letter case', 'SET «Count» TO 1\nSET Other TO «COUNT» + Counter'],
    ['variable', 'in a text', "SET A TO $'''%«Name»% and %«Name».Length%, 100 %% Name'''"],
    ['variable', 'in every kind of expression', "SET A TO { 'k': [«V», -«V»], 'V': («V»[«V»:«V»]) }"],
    ['variable', 'as a target with parts', "SET «L»[i]['V'] TO 1\nSET «L».V TO 2\nSET A TO A.L"],
    ['variable', 'as an output and an argument', 'Text.Trim Text: «T» Result=> «T»\nText.Trim Text: T2 T: 1'],
    ['variable', 'changed by an action', 'Variables.AddItemToList Item: 1 List: «L»\nSET A TO «L».Count'],
    [
      'variable',
      'in loops',
      'LOOP FOREACH «x» IN «x».List\nSET A TO «x»\nEND\nLOOP «x» FROM «x» TO «x» STEP «x»\nEND',
    ],
    [
      'variable',
      'in conditions',
      'IF «v» THEN\nELSE IF 1 = «v» THEN\nEND\nSWITCH «v»\nCASE > «v»\nEND\nLOOP WHILE «v»\nEND',
    ],
    ['variable', 'in waiting', 'WAIT «s»\nWAIT (A.B C: «s») FOR «s»'],
    ['variable', 'in error rules', 'A.B\nON ERROR REPEAT «n» TIMES WAIT «n»\nON ERROR\nSET A TO «n»\nEND'],
    [
      'variable',
      'in handlers of blocks',
      'BLOCK b\nON BLOCK ERROR all\nSET «e» TO 1\nEND\nSET A TO «e»\nEND',
    ],
    ['variable', 'at the end and of errors', 'ERROR => «e» Reset: True\nEXIT Code: «e» ErrorMessage: «e»'],
    ['variable', 'not in disabled rows and comments', 'DISABLE SET v TO 1\nSET «v» TO 1 # v\n# v'],
    ['variable', 'of the head', "@SENSITIVE: [«In»]\n@INPUT «In» : { 'Type': 'String' }\nSET A TO «In»"],
    ['variable', 'not a member of an enum', 'SET A TO Text.CaseOption.UpperCase\nSET B TO «Text»'],
    [
      'variable',
      'shared by Main and global subflows',
      'SET «v» TO 1\nFUNCTION f GLOBAL\nSET A TO «v»\nEND FUNCTION\nFUNCTION g\nSET v TO GLOBAL.«v»\nSET GLOBAL.«v» TO v\nEND FUNCTION',
    ],
    [
      'variable',
      'of a local subflow, with the arguments of its calls',
      'SET a TO 1\nCALL f «a»: a b=> b\nFUNCTION f «a», OUTPUT b\nSET b TO «a»\nEND FUNCTION\nFUNCTION g\nSET A TO 1\nEND FUNCTION',
    ],
    [
      'variable',
      'an output of a local subflow',
      'CALL f a: 1 «b»=> b\nFUNCTION f a, OUTPUT «b»\nSET «B» TO a\nEND FUNCTION\nSET b TO 1',
    ],
    [
      'subflow',
      'declared and called',
      "CALL «f»\nCALL '«F»'\nFUNCTION «f» GLOBAL\nCALL «f»\nEND FUNCTION\nSET f TO 1",
    ],
    ['subflow', 'that is not there', 'CALL «missing»\nCALL «Missing»'],
    [
      'label',
      'in its subflow only',
      "LABEL «l»\nGOTO '«l»'\nGOTO «L»\nFUNCTION f GLOBAL\nLABEL l\nGOTO l\nEND FUNCTION",
    ],
    [
      'screen',
      'alone and with elements',
      "A.B C: appmask['«S»']\nA.B C: appmask['«s»']['E'] D: appmask['T']['S']",
    ],
    [
      'element',
      'of its screen only',
      "A.B C: appmask['S']['«E»']\nA.B C: appmask['S']['«e»'] D: appmask['T']['E']",
    ],
    ['image', 'in a list', "A.B C: [imgrepo['«i»'], imgrepo['j']]\nA.B C: imgrepo['«I»']"],
    [
      'customError',
      'thrown and handled',
      "FlowControl.ThrowCustomError CustomErrorCode: $'''«Oops»''' CustomErrorMessage: 'x'\nBLOCK\nON BLOCK ERROR '«Oops»' IsUserDefinedErrorCode: True\nEND\nEND",
    ],
    [
      'flow',
      'that is run',
      "@@flowname: 'Child'\nExternal.RunFlow FlowId: '«a-1»' @In: 1\nExternal.RunFlow FlowId: '«A-1»'",
    ],
  ])('%s %s', (kind, _, marked) => {
    const { text, marks } = unmark(marked);
    const { binding, places } = bind(text);
    const [mark] = marks;
    const found = binding
      .symbols()
      .find((symbol) => places(symbol).some(({ start }) => start === mark?.start));
    expect(found && places(found)).toEqual(marks);
    expect(found?.kind).toBe(kind);
  });
});

describe('roles and producers', () => {
  test.each<[text: string, name: string, roles: string[]]>([
    ['SET v TO v', 'v', ['read', 'write set']],
    ['SET v[0] TO 1', 'v', ['change part']],
    ['Text.Trim Text: v Result=> v', 'v', ['read', 'write output']],
    ['Variables.IncreaseVariable Value: v IncrementValue: 1', 'v', ['change change']],
    ['Variables.IncreaseVariable Value: v + 1 IncrementValue: 1', 'v', ['read']],
    ['LOOP FOREACH v IN x\nEND', 'v', ['write forEach']],
    ['LOOP v FROM 1 TO 2\nEND', 'v', ['write loopIndex']],
    ['ERROR => v', 'v', ['write lastError']],
    ['CALL f a: 1 b=> v\nFUNCTION f a, OUTPUT b\nEND FUNCTION', 'v', ['write subflowOutput']],
    ["@OUTPUT v : { }\nSET A TO 'v'", 'v', ['declare']],
    ["SET v TO 1\nSET a TO $fx'=v + x'", 'v', ['write set', 'read loose']],
    ['SET v TO 1\nSET a TO `%v +%`', 'v', ['write set', 'read loose']],
    ['SET v TO Text.Nothing.Of', 'text', ['read likeEnum']],
  ])('%s', (text, name, roles) => {
    const uses = new Binding(parse(text)).variable(name, undefined)?.uses ?? [];
    const told = uses.map(({ role, producer, loose, likeEnum }) =>
      [role, producer?.kind ?? (loose ? 'loose' : likeEnum ? 'likeEnum' : '')].join(' ').trim(),
    );
    expect(told).toEqual(roles);
  });
});

test('words in Power Fx are variables only when something else says so', () => {
  const binding = new Binding(parse("SET a TO $fx'=Len(Name) & b'\nSET b TO 1\n"));
  expect(binding.symbols('variable').map(({ name }) => name)).toEqual(['b', 'a']);
  const [statement] = binding.statements;
  expect(
    statement &&
      binding
        .usesIn(statement)
        .map(({ name }) => name)
        .sort(),
  ).toEqual(['a', 'b']);
});

test('names in a computed index of a repository are read, and nothing is taken for a variable of that name', () => {
  const binding = new Binding(parse("A.B C: appmask['S'][e] D: appmask[s]['E'] F: imgrepo[i]\n"));
  expect(binding.symbols().map(({ kind, name }) => `${kind} ${name}`)).toEqual([
    'screen S',
    'variable e',
    'variable s',
    'variable i',
  ]);
});

test('symbols know their declarations and what is sensitive', () => {
  const binding = new Binding(
    parse(
      "@SENSITIVE: [Secret, given]\n@INPUT Given : { 'Type': 'String' }\nSET secret TO 1\nFUNCTION f a, OUTPUT b\n@SENSITIVE: [a]\nEND FUNCTION\n",
    ),
  );
  const [f] = binding.file.subflows;
  const shown = binding
    .symbols()
    .map(({ name, owner, parameter, subflow, declaredSensitive }) => [
      name,
      owner?.name.text,
      parameter?.direction,
      subflow !== undefined,
      declaredSensitive,
    ]);
  expect(shown).toEqual([
    ['Given', undefined, 'input', false, true],
    ['Secret', undefined, undefined, false, true],
    ['f', undefined, undefined, true, false],
    ['a', 'f', undefined, false, true],
    ['b', 'f', undefined, false, false],
  ]);
  expect(binding.variablesOf(f).map(({ name }) => name)).toEqual(['a', 'b']);
  expect(binding.variable('SECRET', f)).toBeUndefined();
  expect(binding.variable('SECRET', f, true)?.name).toBe('Secret');
});

test('statements and their uses lie side by side, in the order of the text', () => {
  const text =
    'IF a THEN\nSET b TO 1\nLOOP c FROM 1 TO 2\nSET d TO 1\nEND\nELSE\nSET e TO 1\nEND\nSET f TO 1\nFUNCTION g GLOBAL\nSET h TO 1\nEND FUNCTION';
  const { statements, statementUses, statementEnds, uses, bodyStarts } = new Binding(parse(text));
  const names = statements.map((_, i) =>
    uses.slice(statementUses[i], statementUses[i + 1]).map(({ name }) => name),
  );
  expect(names).toEqual([['a'], ['b'], ['c'], ['d'], ['e'], ['f'], ['h']]);
  expect(statementEnds).toEqual([5, 2, 4, 4, 5, 6, 7]);
  expect(bodyStarts).toEqual([0, 6]);
  expect(uses.map(({ index }) => index)).toEqual(uses.map((_, i) => i));
});

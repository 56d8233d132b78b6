// Random flows that end: every kind of statement, values of every type where another one is expected, errors and their handlers.
// What may go round for ever counts up `fuel` and leaves when that is used up.
import fc from 'fast-check';

export const programVariables = ['a', 'b', 'c', 'n', 'L', 'T', 'O', 'e'] as const;

const hostile = [
  '0',
  '1',
  '2',
  '-1',
  '0.1',
  '2.5',
  '300',
  '9007199254740993',
  '0.30000000000000004',
  '79228162514264337593543950335',
  'True',
  'False',
  "''",
  "'a'",
  "'Abc'",
  "'12'",
  "' 3 '",
  "'1E2'",
  "'True'",
  "'01/31/2026'",
  "'__proto__'",
  "'k'",
  'd"2026-01-31 10:00:00.00+000"',
  'Blank()',
  '[]',
  "[1, 'x', [2]]",
  '{ }',
  "{ ^['A', 'B'], [1, 'x'], [2, 'y'] }",
  '{{ }}',
  "{ 'k': 1, 'n': { 'm': [1] } }",
];
const variable = fc.constantFrom(...programVariables);
const properties = [
  'Length',
  'Count',
  'RowsCount',
  'Columns',
  'ToUpper',
  'Trimmed',
  'IsEmpty',
  'Year',
  'DayOfWeek',
  'Message',
  'ErrorDetails',
  'k',
];
const operators = ['+', '-', '*', '/', 'MOD', '=', '<>', '<', '<=', '>', '>=', 'AND', 'OR', 'XOR'];
const functions = ['Contains', 'NotContains', 'StartsWith', 'NotEndsWith'];
const questions = ['IsEmpty', 'IsNotEmpty', 'IsBlank', 'IsNotBlank'];

export const expressionText: fc.Arbitrary<string> = fc.letrec<{ e: string; path: string }>((tie) => ({
  path: fc.oneof(
    { withCrossShrink: true, depthSize: 'small' },
    variable,
    fc.tuple(variable, tie('e')).map(([name, index]) => `${name}[${index}]`),
    fc.tuple(variable, fc.constantFrom(...properties)).map(([name, property]) => `${name}.${property}`),
    fc.tuple(variable, tie('e'), tie('e')).map(([name, i, j]) => `${name}[${i}][${j}]`),
    fc.tuple(variable, tie('e'), tie('e')).map(([name, from, to]) => `${name}[${from}:${to}]`),
  ),
  e: fc.oneof(
    { withCrossShrink: true, depthSize: 'small' },
    fc.constantFrom(...hostile),
    variable,
    tie('path'),
    fc
      .tuple(tie('e'), fc.constantFrom(...operators), tie('e'))
      .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
    tie('e').map((inner) => `NOT(${inner})`),
    tie('e').map((inner) => `(-${inner})`),
    fc
      .tuple(fc.constantFrom(...functions), tie('e'), tie('e'), fc.constantFrom('', ', True', ', False'))
      .map(([name, a, b, fold]) => `${name}(${a}, ${b}${fold})`),
    fc.tuple(fc.constantFrom(...questions), tie('e')).map(([name, a]) => `${name}(${a})`),
    fc.array(tie('e'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
    fc.tuple(tie('e'), tie('e')).map(([a, b]) => `{ 'x': ${a}, 'y': ${b} }`),
    fc.tuple(tie('e'), tie('e')).map(([a, b]) => `{ ^['P'], [${a}], [${b}] }`),
    fc
      .array(
        fc.oneof(
          fc.constantFrom('x', ' ', '%%'),
          variable.map((name) => `%${name}%`),
          fc.tuple(variable, fc.integer({ min: -2, max: 3 })).map(([name, i]) => `%${name}[${i}]%`),
        ),
        { maxLength: 3 },
      )
      .map((parts) => `$'''${parts.join('')}'''`),
  ),
})).e;

const target = fc.oneof(
  { weight: 4, arbitrary: variable },
  fc.tuple(variable, expressionText).map(([name, index]) => `${name}[${index}]`),
  variable.map((name) => `${name}.k`),
);
const script = fc.constantFrom("'ok'", "'Broken'", "'Broken*2'", "'Other*1'", "'!crash'", 'a', 'b');
const condition = fc.constantFrom("'yes*2'", "'no'", "'yes'", "'!Broken'");
const errorName = fc.constantFrom('Broken', 'Other', 'DivisionByZero');

interface Where {
  readonly depth: number;
  readonly loop: boolean;
  readonly subflow: boolean;
}

const indented = (lines: readonly string[]): string[] => lines.map((line) => `    ${line}`);
const joined = (parts: fc.Arbitrary<string[]>[]): fc.Arbitrary<string[]> =>
  fc.tuple(...parts).map((lists) => lists.flat());
const line = (text: string): fc.Arbitrary<string[]> => fc.constant([text]);

/** Statements that error rules may hold. */
const rule: fc.Arbitrary<string[]> = fc.oneof(
  fc.tuple(variable, expressionText).map(([name, value]) => [`SET ${name} TO ${value}`]),
  line('CALL Shared'),
  line('THROW ERROR'),
);
const rulesFor = (again: string): fc.Arbitrary<string[]> =>
  fc.tuple(fc.array(rule, { maxLength: 2 }), fc.constantFrom('', '', again)).map(([lists, last]) => [
    'SET fuel TO fuel + 1',
    // Rules may hold no IF: an index out of range ends what would be repeated for ever.
    'SET stop TO steps[fuel]',
    ...lists.flat(),
    ...(last === '' ? [] : [last]),
  ]);

const retry = fc.constantFrom(
  'ON ERROR REPEAT 1 TIMES WAIT 1',
  'ON ERROR REPEAT 3 TIMES WAIT 0',
  'ON ERROR REPEAT fuel TIMES WAIT 1',
);
const actionRules: fc.Arbitrary<string[]> = fc.oneof(
  fc.constant<string[]>([]),
  fc
    .tuple(
      fc.option(retry),
      fc.option(fc.tuple(errorName, rulesFor('REPEAT ACTION'))),
      fc.option(rulesFor('REPEAT ACTION')),
    )
    .map(([again, named, general]) => {
      const lines = [
        ...(again === null ? [] : [again]),
        ...(named === null ? [] : [`ON ERROR ${named[0]}`, ...indented(named[1])]),
        ...(general === null ? [] : ['ON ERROR', ...indented(general)]),
      ];
      return lines.length === 0 ? [] : [...lines, 'END'];
    }),
);

/** An action that may be repeated without end gives up when the fuel is used up. */
const action: fc.Arbitrary<string[]> = fc
  .tuple(
    fc.oneof(
      script.map((text) => `File.Delete Files: ${text}`),
      fc
        .tuple(expressionText, variable)
        .map(([item, list]) => `Variables.AddItemToList Item: ${item} List: ${list}`),
      fc
        .tuple(variable, expressionText)
        .map(([name, step]) => `Variables.IncreaseVariable Value: ${name} IncrementValue: ${step}`),
      fc
        .tuple(script, expressionText)
        .map(
          ([code, message]) =>
            `FlowControl.ThrowCustomError CustomErrorCode: ${code} CustomErrorMessage: ${message}`,
        ),
      fc
        .tuple(expressionText, variable)
        .map(
          ([text, name]) => `Text.Trim Text: ${text} TrimOption: Text.TrimOption.Both TrimmedText=> ${name}`,
        ),
    ),
    actionRules,
  )
  .map(([call, rules]) => ['IF fuel > 6 THEN', '    EXIT Code: 3', 'END', call, ...rules]);

const handlers = (resumes: boolean): fc.Arbitrary<string[]> =>
  fc
    .tuple(
      fc.option(
        fc.tuple(
          fc.oneof(errorName, fc.constant("'Broken' IsUserDefinedErrorCode: True")),
          rulesFor('REPEAT BLOCK'),
        ),
      ),
      fc.constantFrom('ON BLOCK ERROR', 'ON BLOCK ERROR all'),
      rulesFor(resumes ? 'NEXT ACTION' : 'REPEAT BLOCK'),
      rulesFor('REPEAT BLOCK'),
    )
    .map(([named, general, first, second]) => [
      ...(named === null ? [] : [`ON BLOCK ERROR ${named[0]}`, ...indented(named[1])]),
      general,
      ...indented(resumes ? first : second),
    ]);

let labels = 0;

/** Each round of a loop uses fuel: what doubles in each must not grow without end. */
const burn = ['    IF fuel > 6 THEN', '        EXIT LOOP', '    END', '    SET fuel TO fuel + 1'];

function statements(where: Where): fc.Arbitrary<string[]> {
  const { depth, loop } = where;
  const simple = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.tuple(target, expressionText).map(([to, value]) => [`SET ${to} TO ${value}`]),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(variable, expressionText)
        .map(([name, value]) => [`SET ${name} TO ${name} + ${value}`]),
    },
    { weight: 4, arbitrary: action },
    { weight: 1, arbitrary: fc.constantFrom(['ERROR => e'], ['ERROR => e Reset: True']) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(expressionText, variable)
        .map(([value, name]) => [`CALL Own given: ${value} made=> ${name}`]),
    },
    { weight: 1, arbitrary: line('CALL Shared') },
    { weight: 1, arbitrary: expressionText.map((code) => [`EXIT Code: ${code}`]) },
    ...(where.subflow ? [{ weight: 1, arbitrary: line('EXIT FUNCTION') }] : []),
    ...(loop ? [{ weight: 2, arbitrary: fc.constantFrom(['EXIT LOOP'], ['NEXT LOOP']) }] : []),
    { weight: 1, arbitrary: expressionText.map((value) => [`WAIT ${value} * 0`]) },
  );
  if (depth === 0) return fc.array(simple, { maxLength: 3 }).map((lists) => lists.flat());
  const inner = statements({ ...where, depth: depth - 1 });
  const looped = statements({ ...where, depth: depth - 1, loop: true });
  const nested = fc.oneof(
    fc
      .tuple(expressionText, inner, expressionText, inner, fc.option(inner))
      .map(([first, a, second, b, otherwise]) => [
        `IF ${first} THEN`,
        ...indented(a),
        `ELSE IF ${second} THEN`,
        ...indented(b),
        ...(otherwise === null ? [] : ['ELSE', ...indented(otherwise)]),
        'END',
      ]),
    fc
      .tuple(condition, actionRules, inner)
      .map(([text, rules, body]) => [
        'IF fuel > 6 THEN',
        '    EXIT Code: 3',
        'END',
        `IF (File.IfFile.Exists File: ${text}) THEN`,
        ...rules,
        ...indented(body),
        'END',
      ]),
    fc
      .tuple(expressionText, fc.constantFrom('=', '<>', '<', '>='), expressionText, inner, fc.option(inner))
      .map(([value, operator, right, body, otherwise]) => [
        `SWITCH ${value}`,
        `    CASE ${operator} ${right}`,
        ...indented(indented(body)),
        ...(otherwise === null ? [] : ['    DEFAULT', ...indented(indented(otherwise))]),
        'END',
      ]),
    fc
      .tuple(variable, expressionText, looped)
      .map(([name, list, body]) => [`LOOP FOREACH ${name} IN ${list}`, ...burn, ...indented(body), 'END']),
    fc
      .tuple(
        fc.option(variable),
        fc.constantFrom('0', '1', '0.1', 'a'),
        fc.constantFrom('3', '0', '2.5', "'2'"),
        fc.constantFrom('', ' STEP 2', ' STEP -1', ' STEP 0.5', ' STEP 0'),
        looped,
      )
      .map(([name, from, to, step, body]) => [
        `LOOP ${name === null ? '' : `${name} `}FROM ${from === 'a' ? 'a' : from} TO ${from === 'a' ? 'a + 2' : to}${step}`,
        ...burn,
        ...indented(body),
        'END',
      ]),
    fc
      .tuple(expressionText, looped)
      .map(([test, body]) => [
        `LOOP WHILE fuel < 6 AND (${test})`,
        '    SET fuel TO fuel + 1',
        ...indented(body),
        'END',
      ]),
    fc
      .tuple(fc.boolean(), inner)
      .chain(([resumes, body]) =>
        handlers(resumes).map((rules) => [
          'BLOCK',
          ...rules,
          'END',
          '    IF fuel > 6 THEN',
          '        EXIT Code: 3',
          '    END',
          ...indented(body),
          'END',
        ]),
      ),
    // Back, and into the branch of an IF.
    fc.tuple(inner, inner, fc.boolean()).map(([first, second, back]) => {
      const label = `L${++labels}`;
      return back
        ? [
            `LABEL ${label}`,
            'SET fuel TO fuel + 1',
            ...first,
            'IF fuel < 6 THEN',
            `    GOTO ${label}`,
            'END',
            ...second,
          ]
        : [
            `IF fuel < 6 THEN`,
            '    SET fuel TO fuel + 1',
            `    GOTO ${label}`,
            ...indented(first),
            'ELSE',
            ...indented(second),
            `    LABEL ${label}`,
            'END',
          ];
    }),
  );
  return fc
    .array(fc.oneof({ weight: 2, arbitrary: simple }, { weight: 3, arbitrary: nested }), { maxLength: 4 })
    .map((lists) => lists.flat());
}

/** Rows that are never reached: a flow is refused that reads a variable nothing assigns, or a property its type does not have. */
const assigned = [
  'IF 1 = 2 THEN',
  '    SET O TO {{ }}',
  ...programVariables.map((name) => `    SET ${name} TO O['x']`),
  'END',
];

/** Lines of Main, a global subflow `Shared` and a local one `Own given, OUTPUT made`. */
export const programText: fc.Arbitrary<string> = joined([
  fc.constant(['SET fuel TO 0', `SET steps TO [${'0, '.repeat(8)}0]`, ...assigned]),
  fc
    .array(fc.tuple(variable, fc.constantFrom(...hostile)), { maxLength: 6 })
    .map((list) => list.map(([name, value]) => `SET ${name} TO ${value}`)),
  statements({ depth: 2, loop: false, subflow: false }),
  line('FUNCTION Shared GLOBAL'),
  fc
    .array(fc.tuple(target, expressionText), { maxLength: 2 })
    .map((list) => ['SET fuel TO fuel + 1', ...list.map(([to, value]) => `SET ${to} TO ${value}`)]),
  line('END FUNCTION'),
  line('FUNCTION Own given, OUTPUT made'),
  fc
    .tuple(expressionText, expressionText)
    .map(([first, second]) => [
      'SET GLOBAL.fuel TO GLOBAL.fuel + 1',
      ...assigned,
      'SET a TO given',
      `SET b TO ${first}`,
      'SET GLOBAL.c TO a',
      `SET made TO ${second}`,
    ]),
  line('END FUNCTION'),
]).map((lines) => `${lines.join('\n')}\n`);

// A generator of flows that are mostly right, badly laid out and sometimes damaged, for properties of edits.
import fc from 'fast-check';

const name = fc.constantFrom('A', 'Total', 'größe', 'input', 'Output', '語', 'Row1');
const literal = fc.constantFrom(
  '1',
  '3.5',
  'true',
  "'it\\'s'",
  "$'''a  b'''",
  "$'''%A  +  1% of %Total%'''",
  "$'''two\n   lines  '''",
  "'''plain\r\n text'''",
  "$fx'=1 +  2'",
  'd"2026-01-31 10:00:00.00+000"',
  'file.textfileencoding.utf8',
  '{{ }}',
  '{ }',
);
/** Blanks as people put them. */
const gap = fc.constantFrom('', ' ', '  ', '\t', '\u00a0');
const blank = fc.constantFrom(' ', '  ', '\t');

const expression = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    literal,
    name,
    fc
      .tuple(tie('value'), gap, fc.constantFrom('+', '-', '*', '/', '=', '<>', '>='), gap, tie('value'))
      .map(([left, a, operator, b, right]) => `${left}${a}${operator}${b}${right}`),
    fc
      .tuple(tie('value'), blank, fc.constantFrom('and', 'OR', 'Mod'), blank, tie('value'))
      .map((p) => p.join('')),
    fc.tuple(fc.constant('-'), gap, tie('value')).map((parts) => parts.join('')),
    fc.tuple(fc.constant('('), gap, tie('value'), gap, fc.constant(')')).map((parts) => parts.join('')),
    fc.tuple(fc.constant('not('), gap, tie('value'), fc.constant(')')).map((parts) => parts.join('')),
    fc
      .tuple(name, gap, fc.constant('['), gap, tie('value'), gap, fc.constant(']'))
      .map((parts) => parts.join('')),
    fc
      .tuple(
        name,
        fc.constant('['),
        gap,
        tie('value'),
        gap,
        fc.constant(':'),
        gap,
        tie('value'),
        fc.constant(']'),
      )
      .map((parts) => parts.join('')),
    fc.tuple(name, gap, fc.constant('.'), gap, name).map((parts) => parts.join('')),
    fc
      .tuple(fc.constant('[ '), tie('value'), gap, fc.constant(','), gap, tie('value'), fc.constant(']'))
      .map((parts) => parts.join('')),
    fc
      .tuple(
        fc.constant('{'),
        gap,
        fc.constant("'k'"),
        gap,
        fc.constant(':'),
        gap,
        tie('value'),
        gap,
        fc.constant('}'),
      )
      .map((parts) => parts.join('')),
    fc
      .tuple(
        fc.constant('{'),
        gap,
        fc.constant("^['A']"),
        gap,
        fc.constant(',['),
        tie('value'),
        fc.constant(']}'),
      )
      .map((parts) => parts.join('')),
    fc
      .tuple(
        fc.constantFrom('isempty', 'Contains'),
        gap,
        fc.constant('('),
        gap,
        tie('value'),
        fc.constant(',A )'),
      )
      .map((parts) => parts.join('')),
  ),
})).value;

const action = fc
  .tuple(
    fc.constantFrom('text.trim', 'File.ReadTextFromFile.ReadText', 'No.Such.Action', 'External.RunFlow'),
    fc.array(
      fc.oneof(
        fc.tuple(fc.constantFrom('text', 'File', "@'a/b'", '@Input'), gap, fc.constant(':'), gap, expression),
        fc.tuple(fc.constantFrom('trimmedtext', 'Out', '@Rows'), gap, fc.constant('=>'), gap, name),
      ),
      { maxLength: 3 },
    ),
  )
  .map(([id, given]) => `${id} ${given.map((parts) => parts.join('')).join('  ')}`);

const line = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom('set', 'SET'), blank, name, blank, fc.constant('to'), blank, expression)
      .map((p) => p.join('')),
  },
  { weight: 3, arbitrary: action },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('if ', 'ELSE IF  '), expression, fc.constant(' then'))
      .map((p) => p.join('')),
  },
  { weight: 1, arbitrary: action.map((call) => `IF ( ${call}) THEN`) },
  { weight: 1, arbitrary: expression.map((value) => `SWITCH ${value}`) },
  { weight: 1, arbitrary: expression.map((value) => `Case  = ${value}`) },
  { weight: 1, arbitrary: expression.map((value) => `loop while  ${value}`) },
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      'end',
      'END',
      'else',
      'default',
      'loop foreach x in A',
      'LOOP i FROM 1 TO 3',
      'block',
      'BLOCK x ',
      'on block error  all',
      'on error',
      'ON ERROR REPEAT 2 TIMES WAIT 1',
      'disable  call  x',
      'function f GLOBAL',
      'FUNCTION g a,  OUTPUT b',
      '@SENSITIVE: [ a ]',
      'end  function',
      '**REGION  a ',
      '**ENDREGION',
      '# a comment  ',
      '/# two\n  lines #/',
      "@@a : '1'",
      "@INPUT X : { 'Type':'String' } ",
      'call  x  in:1  out=>A # why',
      'error=>A reset:true',
      'WAIT 1 ',
      'exit code : 1',
      '',
      '   ',
      'nonsense (',
      'SET A TO %x%',
      '# [ControlRepository]',
    ),
  },
);

const indent = fc.constantFrom('', '', '    ', '        ', '  ', '\t');
const lineEnd = fc.constantFrom('\n', '\n', '\r\n', '\r');

export const untidyFlow = fc
  .array(fc.tuple(indent, line, gap, lineEnd), { maxLength: 25 })
  .map((found) => found.map((parts) => parts.join('')).join(''));

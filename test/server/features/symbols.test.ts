// The outline of a flow.
import { expect, it } from 'vitest';
import type { DocumentSymbol } from 'vscode-languageserver';
import { symbolsOf } from '../../../src/server/features/symbols.ts';
import { analysed } from '../marked.ts';

/** One line per symbol, indented like the tree, with its detail and its lines. */
function outline(symbols: readonly DocumentSymbol[], indent = ''): string {
  return symbols
    .map(
      ({ name, detail, range, children }) =>
        `${indent}${name}${detail ? ` (${detail})` : ''} ${range.start.line}-${range.end.line}\n${outline(children ?? [], `${indent}  `)}`,
    )
    .join('');
}

it('outlines inputs, Main with its regions, blocks and actions, and subflows', () => {
  const analysis = analysed(`@SENSITIVE: [Key]
@INPUT Key : { 'FriendlyName': 'The key', 'Type': 'String' }
@OUTPUT Sum : { 'FriendlyName': 'Sum', 'Type': 'Numeric' }
SET Sum TO 0
**REGION Read all
IF Sum = 0 THEN
    Text.Trim Text: Key TrimmedText=> Short
ELSE
    LABEL Again
END
**ENDREGION
CALL Add a: 1 b=> Sum
ON ERROR
    GOTO Again
END
FUNCTION Add a, OUTPUT b
    LOOP FOREACH x IN a
        SET b TO x
    END
END FUNCTION
`);
  expect(outline(symbolsOf(analysis))).toBe(`The key (input, Text, sensitive) 1-1
Sum (output, Number) 2-2
Main 3-14
  Read all 4-10
    IF Sum = 0 5-9
      Text.Trim (⇒ Short) 6-6
      ELSE 7-9
        Again 8-8
  CALL Add a: 1 b=> Sum 11-14
Add (a, ⇒ b) 15-19
  LOOP FOREACH x IN a 16-18
`);
});

it('tells of two inputs with one name what the first says', () => {
  const analysis = analysed(`@INPUT A : { 'FriendlyName': 'One', 'Type': 'String' }
@INPUT a : { 'FriendlyName': 'Two', 'Type': 'Numeric' }
@OUTPUT A : { 'FriendlyName': 'Three', 'Type': 'Numeric' }
`);
  expect(symbolsOf(analysis).map(({ name, detail }) => `${name}: ${detail}`)).toEqual([
    'One: input, Text',
    'One: input, Text',
    'Three: output, Number',
  ]);
});

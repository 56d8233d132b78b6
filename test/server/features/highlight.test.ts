// Highlights: every use of the name under the caret, and keywords that belong together.
import { describe, expect, it } from 'vitest';
import { DocumentHighlightKind } from 'vscode-languageserver';
import { highlightsAt } from '../../../src/server/features/highlight.ts';
import { rangeOf } from '../../../src/server/features/range.ts';
import { marked } from '../marked.ts';

/** Every `<|>` highlights exactly the ranges. */
function expectHighlights(source: string) {
  const { analysis, carets, ranges } = marked(source);
  expect(carets).not.toEqual([]);
  for (const caret of carets) {
    expect(highlightsAt(analysis, caret).map(({ range }) => range)).toEqual(
      ranges.map((range) => rangeOf(analysis, range)),
    );
  }
}

describe('highlight of names', () => {
  it.each([
    ['a variable', "SET «<|>A» TO 1\nIF «a» = 1 THEN\n  SET B TO $'''%«<|>A»% A'''\nEND"],
    ['an input in the head', "@SENSITIVE: [«A»]\n@INPUT «<|>A» : { 'FriendlyName': 'A' }\nSET B TO «A»"],
    [
      'a local variable only',
      'SET A TO 1\nFUNCTION f «A»\nSET «<|>A» TO GLOBAL.A\nEND FUNCTION\nCALL f «A»: A',
    ],
    ['a subflow', "CALL '«<|>f»'\nFUNCTION «<|>f» GLOBAL\nCALL «f»\nEND FUNCTION"],
    ['a label of one body', 'LABEL «<|>x»\nGOTO «x»\nFUNCTION f GLOBAL\nLABEL x\nEND FUNCTION'],
    ['a UI element', "A.B X: appmask['S']['«<|>E»'] Y: appmask['T']['E']\nA.B X: appmask['S']['«e»']"],
    ['a screen', "A.B X: appmask['«<|>S»']['E'] Y: appmask['«S»']"],
    ['an image', "A.B X: [imgrepo['«<|>I»']] Y: imgrepo['«i»']"],
    ['an action', '«Text.T<|>rim» Text: 1\nIF (File.IfFile.Exists File: 1) THEN\n«text.trim» Text: 2\nEND'],
    ['an action in a condition', 'IF («File.IfFile.<|>Exists» File: 1) THEN\nEND'],
    [
      'a choice of an action',
      'Logging.LogMessage LogLevel: «Logging.LogLevel.<|>InfoLevel»\nSET A TO «Logging.Loglevel.infolevel»\nSET B TO Logging.LogLevel.ErrorLevel',
    ],
    [
      'an input of a called flow',
      "External.RunFlow FlowId: 'a' @«<|>In»: 1\nExternal.RunFlow FlowId: 'A' @«in»: 1\nExternal.RunFlow FlowId: 'b' @In: 1",
    ],
    ['a word in Power Fx', 'SET «A» TO 1\nSET B TO $fx\'=«<|>A» + "A" + «A» + x.A + A(1)\''],
    ['nothing in a text', "SET A TO $'''A<|>'''"],
  ])('%s', (_, source) => expectHighlights(source));

  it('tells reading from writing', () => {
    const { analysis, caret } = marked(
      'SET <|>List TO []\nVariables.AddItemToList Item: 1 List: List\nSET List[0] TO List',
    );
    const { Read, Write } = DocumentHighlightKind;
    expect(highlightsAt(analysis, caret).map(({ kind }) => kind)).toEqual([Write, Write, Write, Read]);
  });
});

describe('highlight of keywords', () => {
  it.each([
    ['IF', '«<|>IF» A THEN\nIF B THEN\nEND\n«ELSE <|>IF» B THEN\n«EL<|>SE»\n«<|>END»'],
    ['IF inside another', 'IF A THEN\n«I<|>F» B THEN\n«END»\nELSE\nEND'],
    [
      'a loop with its jumps',
      '«LO<|>OP» FOREACH a IN b\nIF A THEN\n«EXIT <|>LOOP»\nEND\nLOOP WHILE A\nNEXT LOOP\nEND\n«NEXT LOO<|>P»\n«EN<|>D»',
    ],
    ['SWITCH', '«SWI<|>TCH» A\n«CA<|>SE» = 1\n«CASE» = 2\n«DEF<|>AULT»\n«E<|>ND»'],
    [
      'a block',
      '«BLO<|>CK» b\n«ON BLOCK <|>ERROR» x\nSET A TO 1\n«ON BLOCK ERROR» all\n«REPEAT <|>BLOCK»\n\n«EN<|>D»\nSET B TO 1\nIF A THEN\nEND\n«<|>END»',
    ],
    ['a block without body', '«BLO<|>CK»\n«ON BLOCK ERROR» all\n«EN<|>D»\n«E<|>ND»'],
    [
      'error rules of an action',
      'Text.Trim Text: 1\n«ON <|>ERROR» REPEAT 1 TIMES WAIT 2\n«ON ERROR» X\n«REPEAT <|>ACTION»\n«ON ERR<|>OR»\n«E<|>ND»',
    ],
    [
      'error rules of a condition',
      'IF (File.IfFile.Exists File: 1) THEN\n«ON <|>ERROR»\n«E<|>ND»\nSET A TO 1\nEND',
    ],
    [
      'a subflow with its exits',
      '«FUNC<|>TION» f GLOBAL\nIF A THEN\n«EXIT <|>FUNCTION»\nEND\n«END FUNC<|>TION»\nFUNCTION g GLOBAL\nEXIT FUNCTION\nEND FUNCTION',
    ],
    ['a region', '**REGION a\n«**REG<|>ION» b\nSET A TO 1\n«**END<|>REGION»\n**ENDREGION'],
    ['LABEL and GOTO', 'LABEL y\n«LA<|>BEL» x\n«GO<|>TO» X\nGOTO y'],
    ['a block that lacks its end', '«I<|>F» A THEN\n«EL<|>SE»'],
    ['keywords behind a comment', '/# a #/ «I<|>F» A THEN\n  /# b #/ «E<|>LSE»\n\t«E<|>ND» # c'],
    ['no other keyword', 'S<|>ET A TO 1'],
  ])('%s', (_, source) => expectHighlights(source));
});

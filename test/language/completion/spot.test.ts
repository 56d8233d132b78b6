// What may stand at the caret of a half-written line, by the line alone.
import { describe, expect, it } from 'vitest';
import { type Spot, spotAt } from '../../../src/language/completion/spot.ts';
import { parse } from '../../../src/language/syntax/parser.ts';
import { unmarked } from '../../server/marked.ts';

function spot(source: string): Spot & { readonly replaced: string } {
  const { text, caret } = unmarked(source);
  const found = spotAt(parse(text), caret);
  return { ...found, replaced: text.slice(found.from, found.to) };
}

describe('what may stand at the caret', () => {
  it.each([
    ['an empty line', '<|>', 'statement'],
    ['behind indentation', '    <|>', 'statement'],
    ['the first word', 'Fi<|>', 'statement'],
    ['words of a display name', 'read text<|>', 'statement'],
    ['a new line behind a text of several lines', "SET A TO $'''x\ny'''\n<|>", 'statement'],
    ['behind DISABLE', 'DISABLE <|>', 'statement'],
    ['a comment', '# SET <|>', 'nothing'],
    ['a comment behind a statement', 'SET A TO 1 # <|>', 'nothing'],
    ['the second line of a block comment', '/# a\nSET <|>\n#/', 'nothing'],
    ['a region', '**REGION <|>', 'nothing'],
    ['an id', 'File.<|>', 'action'],
    ['the half of an id', 'File.ReadText<|>', 'action'],
    ['the third part of an id', 'File.ReadTextFromFile.<|>', 'action'],
    ['behind an id', 'File.Delete <|>', 'argument'],
    ['the half of an argument', 'File.Delete Fi<|>', 'argument'],
    ['behind a finished value', 'File.Delete Files: A <|>', 'argument'],
    ['behind an operator', 'File.Delete Files: A + <|>', 'value'],
    ['behind a colon', 'File.Delete Files:<|>', 'value'],
    ['a list', 'File.Delete Files: [A, <|>', 'value'],
    ['behind a dot of a value', 'File.Delete Files: A.<|>', 'member'],
    ['behind two dots of a value', 'File.Delete Files: File.X.<|>', 'member'],
    ['behind brackets and a dot', "SET A TO B[0]['x'].<|>", 'member'],
    ['brackets', 'SET A TO B[<|>]', 'index'],
    ['a quoted name in brackets', "SET A TO appmask['S']['<|>']", 'index'],
    ['a plain text', "SET A TO 'x<|>'", 'nothing'],
    ['a text', "SET A TO $'''x <|> y'''", 'nothing'],
    ['between percent signs', "SET A TO $'''x %<|>% y'''", 'value'],
    ['behind one percent sign', "SET A TO $'''x %B<|> y'''", 'value'],
    ['behind two percent signs', "SET A TO $'''100%% <|> y'''", 'nothing'],
    ['a property between percent signs', "SET A TO $'''x %B.<|>% y'''", 'member'],
    ['behind an interpolation', "SET A TO $'''%B%<|>'''", 'nothing'],
    ['the second line of a text', "SET A TO $'''x\n%<|>'''", 'value'],
    ['Power Fx', "SET A TO $fx'=<|>'", 'nothing'],
    ['the target of SET', 'SET <|>', 'value'],
    ['behind the target of SET', 'SET A <|>', 'operator'],
    ['the value of SET', 'SET A TO <|>', 'value'],
    ['behind IF', 'IF <|>', 'value'],
    ['behind a condition', 'IF A = 1 <|>', 'operator'],
    ['an action as a condition', 'IF (File.<|>', 'action'],
    ['an argument in a condition', 'IF (File.IfFile.Exists <|>', 'argument'],
    ['behind an action as a condition', 'IF (File.IfFile.Exists File: x) <|>', 'operator'],
    ['behind THEN', 'IF A THEN <|>', 'nothing'],
    ['the second condition', 'ELSE IF <|>', 'value'],
    ['behind ELSE', 'ELSE <|>', 'words'],
    ['behind CASE', 'CASE <|>', 'case'],
    ['the value of a CASE', 'CASE = <|>', 'value'],
    ['behind LOOP', 'LOOP <|>', 'loop'],
    ['the variable of a loop', 'LOOP FOREACH <|>', 'value'],
    ['behind the variable of a loop', 'LOOP FOREACH x <|>', 'operator'],
    ['the list of a loop', 'LOOP FOREACH x IN <|>', 'value'],
    ['behind the start of a loop', 'LOOP i FROM 1 <|>', 'operator'],
    ['the end of a loop', 'LOOP i FROM 1 TO <|>', 'value'],
    ['a wait', 'WAIT (<|>', 'value'],
    ['the seconds of a wait', 'WAIT (File.WaitForFile.Created File: x) FOR <|>', 'value'],
    ['behind CALL', 'CALL <|>', 'subflow'],
    ['a quoted subflow', "CALL 'Ge<|>'", 'subflow'],
    ['behind a subflow', 'CALL Note <|>', 'argument'],
    ['behind GOTO', 'GOTO <|>', 'label'],
    ['behind LABEL', 'LABEL <|>', 'nothing'],
    ['behind BLOCK', 'BLOCK <|>', 'nothing'],
    ['behind ON', 'ON <|>', 'words'],
    ['behind ON ERROR', 'ON ERROR <|>', 'error'],
    ['behind ON BLOCK ERROR', 'ON BLOCK ERROR <|>', 'error'],
    ['behind a custom error', "ON BLOCK ERROR 'E1' <|>", 'argument'],
    ['behind EXIT', 'EXIT <|>', 'exit'],
    ['behind an exit code', 'EXIT Code: 1 <|>', 'argument'],
    ['behind NEXT', 'NEXT <|>', 'words'],
    ['behind END', 'END <|>', 'words'],
    ['the variable of the last error', 'ERROR => <|>', 'value'],
    ['behind the variable of the last error', 'ERROR => E <|>', 'argument'],
    ['a header line', '@<|>', 'header'],
    ['a note', '@@flowname: <|>', 'nothing'],
    ['the flow to run', 'External.RunFlow FlowId: <|>', 'flow'],
    ['the quoted flow to run', "External.RunFlow FlowId: '<|>'", 'flow'],
    ['behind @ in a call', "External.RunFlow FlowId: 'a' @<|>", 'argument'],
  ])('%s', (_, source, kind) => {
    expect(spot(source).kind).toBe(kind);
  });

  it.each([
    ['a whole id', 'File.Read<|>Text File: x', 'File.ReadText'],
    ['an id of which only a part is before the caret', 'Fi<|>le.ReadText', 'File.ReadText'],
    ['words', '  read text f<|>', 'read text f'],
    ['a word on both sides', 'SET A TO Fo<|>o + 1', 'Foo'],
    ['a quoted name with its quotes', "CALL 'Get <|>it' x: 1", "'Get it'"],
    ['a quoted name that is still open', "SET A TO appmask['Scr<|>", "'Scr"],
    ['an @ with its name', "External.RunFlow FlowId: 'a' @In<|>", '@In'],
    ['nothing at a blank', 'SET A TO <|> ', ''],
  ])('replaces %s', (_, source, replaced) => {
    expect(spot(source).replaced).toBe(replaced);
  });

  it('knows the call, the argument at the caret and the arguments on both sides of it', () => {
    const { call } = spot(
      "File.WriteText File: 'a' TextToWrite: $'''x %<|>% y''' AppendNewLine: True Encoding: File.FileEncoding.UTF8",
    );
    expect(call).toMatchObject({ kind: 'action', name: 'File.WriteText', active: { name: 'TextToWrite' } });
    expect([...(call?.given ?? [])].sort()).toEqual(['appendnewline', 'encoding', 'file', 'texttowrite']);
  });

  it('does not take the keys of an object for arguments', () => {
    expect([...(spot("Web.Call Body: { 'a': b, 'c': d } <|>").call?.given ?? [])]).toEqual(['body']);
  });

  it('says nothing far behind in a very long line, but does in a long text', () => {
    expect(spot(`SET A TO ${'B + '.repeat(30_000)}<|>`).kind).toBe('nothing');
    expect(spot(`SET A TO $'''${'B + '.repeat(30_000)}%<|>%'''`)).toMatchObject({
      kind: 'value',
      inText: true,
    });
    expect(spot(`${'SET A TO B\n'.repeat(30_000)}SET C TO <|>`).kind).toBe('value');
  });

  it('knows the function and which of its arguments the caret stands in', () => {
    expect(spot("IF Contains(Trim(A, 1), 'x, y', <|>) THEN").callee).toMatchObject({
      name: 'Contains',
      index: 2,
    });
    expect(spot('IF (A = <|>').callee).toBeUndefined();
  });
});

// Completion by marks in the text: what is offered first, what is not, and what accepting an item writes.
import { describe, expect, it } from 'vitest';
import type { CompletionItem, CompletionList } from 'vscode-languageserver';
import type { FlowSummary, Surroundings } from '../../../src/language/analysis/surroundings.ts';
import { plainText } from '../../../src/server/features/completion/entry.ts';
import { completionsAt, resolved } from '../../../src/server/features/completion.ts';
import { marked } from '../marked.ts';

const child: FlowSummary = {
  name: 'Send mail',
  id: '0b1c2d3e-0000-4000-8000-000000000001',
  inputs: [
    { name: 'To', externalName: 'To', type: 'Text', optional: false, sensitive: false, description: '' },
    { name: 'Cc', externalName: 'Cc', type: 'Text', optional: true, sensitive: false, description: '' },
  ],
  outputs: [
    {
      name: 'Sent',
      externalName: 'Sent',
      type: 'Boolean',
      optional: false,
      sensitive: false,
      description: '',
    },
  ],
  runs: [],
};
const surroundings: Surroundings = {
  screens: [{ name: 'Login page', elements: ['User', "Bob's button"] }],
  images: ['logo'],
  flow: (id) => (id === child.id ? child : undefined),
  circle: () => undefined,
};
const abilities = { snippets: true, sharedRange: true };

function complete(source: string, trigger?: string): CompletionList | null {
  const { analysis, caret } = marked(source, surroundings);
  const project = { flows: () => [{ summary: child }] as never };
  return completionsAt(analysis, caret, abilities, { project, trigger });
}

/** Labels as an editor would list them before anything is typed. */
function labels(source: string): string[] {
  return inOrder(complete(source)).map(({ label }) => label);
}

const inOrder = (list: CompletionList | null): CompletionItem[] =>
  (list?.items ?? []).toSorted((a, b) => ((a.sortText ?? '') < (b.sortText ?? '') ? -1 : 1));

/** The text after taking an item and leaving its placeholders as they are. */
function accept(source: string, label: string): string {
  const { text, analysis } = marked(source, surroundings);
  const list = complete(source);
  const item = list?.items.find((candidate) => candidate.label === label);
  if (item === undefined)
    throw new Error(`${label} is not offered: ${labels(source).slice(0, 20).join(', ')}`);
  const range = list?.itemDefaults?.editRange;
  if (range === undefined || !('start' in range)) throw new Error('There is no range.');
  const inserted = item.textEditText ?? item.label;
  return (
    text.slice(0, analysis.lines.offset(range.start)) +
    (item.insertTextFormat === 2 ? plainText(inserted) : inserted) +
    text.slice(analysis.lines.offset(range.end))
  );
}

describe('completion', () => {
  it.each<[string, string, string[]]>([
    ['a statement between blocks', 'IF A THEN\n<|>\nEND', ['ELSE', 'ELSE IF', 'END', 'BLOCK']],
    ['what continues an action', 'File.Delete Files: x\n<|>', ['ON ERROR', 'ON ERROR REPEAT']],
    ['only cases in front of the first one', 'SWITCH A\n<|>\nEND', ['CASE', 'DEFAULT', 'END']],
    ['the words of a loop in a loop', 'LOOP FROM 1 TO 2\n<|>\nEND', ['END', 'EXIT LOOP', 'NEXT LOOP']],
    [
      'only rules in rules',
      'File.Delete Files: x\nON ERROR\n    <|>\nEND',
      ['END', 'ON ERROR', 'CALL', 'GOTO', 'NEXT ACTION', 'REPEAT ACTION', 'SET', 'THROW ERROR'],
    ],
    ['REPEAT BLOCK in those of a block', 'BLOCK a\nON BLOCK ERROR\nREP<|>\nEND\nEND', ['REPEAT BLOCK']],
    ['actions of a module', 'Clipboard.<|>', ['Clipboard.GetText', 'Clipboard.SetText', 'Clipboard.Clear']],
    ['only conditions in IF (', 'IF (File.<|>', ['File.IfFile.DoesNotExist', 'File.IfFile.Exists']],
    ['only waits in WAIT (', 'WAIT (File.<|>', ['File.WaitForFile.Created', 'File.WaitForFile.Deleted']],
    [
      'arguments, the required ones first',
      'File.ReadTextFromFile.ReadText <|>',
      ['File', 'Encoding', 'Content=>'],
    ],
    ['no argument twice', "File.ReadTextFromFile.ReadText <|> File: 'x'", ['Encoding', 'Content=>']],
    [
      'members of the expected enum, the default first',
      'File.ReadTextFromFile.ReadText Encoding: <|>',
      ['UTF8', 'DefaultEncoding', 'Unicode', 'BigEndianUnicode', 'ANSI'],
    ],
    [
      'the expected enum of a module',
      'File.ReadTextFromFile.ReadText Encoding: File.<|>',
      ['TextFileEncoding'],
    ],
    ['members of an enum', 'SET A TO File.IfExists.<|>', ['DoNothing', 'Overwrite']],
    ['True and False for a Boolean', 'File.WriteText AppendNewLine: <|>', ['True', 'False']],
    [
      'variables of the expected type',
      'SET Aa TO 1\nSET Zz TO { }\nVariables.AddRowToDataTable.AppendRowToDataTable DataTable: <|>',
      ['Zz', 'Aa'],
    ],
    ['UI elements', 'WebAutomation.Click.Click Control: <|>', ["Bob's button", 'User', 'Login page']],
    ['screens', 'SET A TO appmask[<|>]', ['Login page']],
    ['elements of a screen', "SET A TO appmask['Login page']['<|>']", ["Bob's button", 'User']],
    ['images', "SET A TO imgrepo['<|>']", ['logo']],
    ['columns of a table', "SET T TO { ^['A b', 'C'] }\nSET x TO T[0]['<|>']", ['A b', 'C']],
    ['keys of an object', "SET O TO { 'k': 1 }\nSET x TO O.<|>", ['k']],
    ['columns that are used elsewhere', "SET x TO Row['Amount']\nSET y TO Row['<|>']", ['Amount']],
    ['properties', "SET A TO 'x'\nSET B TO A.<|>", ['Length', 'IsEmpty', 'ToUpper', 'ToLower', 'Trimmed']],
    [
      'properties of an item',
      'Folder.GetFiles Folder: x Files=> Files\nLOOP FOREACH F IN Files\nSET A TO F.<|>\nEND',
      ['FullName', 'RootPath', 'Directory', 'Name'],
    ],
    ['properties in a text', "SET L TO [1]\nSET B TO $'''%L.<|>%'''", ['Count']],
    ['variables in a text', "SET A TO 1\nSET B TO $'''%<|>'''", ['A']],
    ['shared variables', 'SET A TO 1\nFUNCTION F x\nSET B TO GLOBAL.<|>\nEND FUNCTION', ['A']],
    ['subflows', 'CALL <|>\nFUNCTION Note GLOBAL\nEND FUNCTION', ['Note']],
    ['arguments of a subflow', 'CALL F a: 1 <|>\nFUNCTION F a, b, OUTPUT c\nEND FUNCTION', ['b', 'c=>']],
    ['labels that can be reached', 'LABEL A\nLOOP FROM 1 TO 2\nLABEL B\nEND\nGOTO <|>', ['A']],
    ['labels of the loop around', 'LOOP FROM 1 TO 2\nLABEL B\nGOTO <|>\nEND', ['B']],
    [
      'errors of the action above',
      'File.ReadTextFromFile.ReadText File: x\nON ERROR <|>\nEND',
      ['REPEAT', 'FileNotFoundError'],
    ],
    [
      'errors of the block',
      'BLOCK a\nON BLOCK ERROR <|>\nEND\nFile.ReadTextFromFile.ReadText File: x\nEND',
      ['all', 'FileNotFoundError'],
    ],
    ['EXIT in a loop', 'LOOP FROM 1 TO 2\nEXIT <|>\nEND', ['LOOP', 'Code:']],
    ['EXIT in a subflow', 'FUNCTION F GLOBAL\nEXIT <|>\nEND FUNCTION', ['FUNCTION', 'Code:']],
    ['loops', 'LOOP <|>', ['FOREACH', 'FROM', 'WHILE']],
    ['operators of a CASE', 'SWITCH A\nCASE <|>\nEND', ['= …', '<> …']],
    ['lines of the head', '@<|>', ['@INPUT', '@OUTPUT', '@SENSITIVE']],
    ['words behind a condition', 'IF A = 1 <|>', ['THEN', 'AND', 'OR']],
    ['flows', 'External.RunFlow FlowId: <|>', ['Send mail']],
    ['inputs of a flow', `External.RunFlow FlowId: '${child.id}' @<|>`, ['@To', '@Cc', '@Sent=>']],
    ['functions', 'IF Conta<|>', ['Contains', 'NotContains']],
    ['the name the designer proposes', 'File.ReadTextFromFile.ReadText Content=> <|>', ['FileContents']],
    [
      'a new name where the proposed one is taken',
      'SET FileContents TO 1\nFile.ReadTextFromFile.ReadText Content=> <|>',
      ['FileContents2', 'FileContents'],
    ],
  ])('offers %s', (_, source, first) => {
    expect(labels(source).slice(0, first.length)).toEqual(first);
  });

  it.each([
    ['comments', '# File.<|>'],
    ['texts outside of percent signs', "SET A TO 1\nSET B TO $'''A<|>'''"],
    ['plain texts', "SET A TO 1\nSET B TO 'A<|>'"],
    ['new labels', 'SET A TO 1\nLABEL A<|>'],
    ['the name of a block', 'SET A TO 1\nBLOCK A<|>'],
    ['NEXT outside of loops and rules', 'NEXT <|>'],
    ['properties of numbers', 'SET A TO 1\nSET B TO A.<|>'],
    ['behind a finished statement', 'SET A TO 1 <|>'],
  ])('offers nothing in %s', (_, source) => {
    expect(complete(source)).toBeNull();
  });

  it.each([
    ['itself while it gets its first value', 'SET Total TO <|>', 'Total'],
    ['a half-written name', 'SET A TO Tot\nSET B TO <|>', 'Tot'],
    ['variables of another local subflow', 'FUNCTION F x\nSET Own TO 1\nEND FUNCTION\nSET A TO <|>', 'Own'],
    ['actions in rules', 'File.Delete Files: x\nON ERROR\n<|>\nEND', 'File.Delete'],
    ['ELSE behind ELSE', 'IF A THEN\nELSE\n<|>\nEND', 'ELSE'],
    ['FUNCTION in a block', 'IF A THEN\n<|>\nEND', 'FUNCTION'],
    ['EXIT LOOP outside of loops', '<|>', 'EXIT LOOP'],
    ['older ids', 'Display.<|>', 'Display.ShowMessage'],
    ['labels of a loop from outside', 'LOOP FROM 1 TO 2\nLABEL B\nEND\nGOTO <|>', 'B'],
    [
      'an error that has rules',
      'File.Delete Files: x\nON ERROR FileNotFoundError\nON ERROR <|>\nEND',
      'FileNotFoundError',
    ],
  ])('does not offer %s', (_, source, label) => {
    expect(labels(source)).not.toContain(label);
  });

  it.each([
    ['its display name', 'read text<|>'],
    ['half of its id', 'File.ReadT<|>'],
    ['letters of its id', 'readtextfromf<|>'],
    ['another letter case', 'FILE.readtextfromfile.R<|>'],
  ])('finds an action by %s', (_, source) => {
    expect(labels(source)).toContain('File.ReadTextFromFile.ReadText');
  });

  it.each([
    [
      'an action with its required arguments and a new variable',
      'SET FileContents TO 1\n    read text<|>',
      'File.ReadTextFromFile.ReadText',
      "SET FileContents TO 1\n    File.ReadTextFromFile.ReadText File: $'''''' Content=> FileContents2",
    ],
    [
      'another action before the arguments that are there',
      "File.<|>Delete Files: $'''x'''",
      'File.Copy',
      "File.Copy Files: $'''x'''",
    ],
    ['an action without arguments', 'Clipboard.<|>', 'Clipboard.Clear', 'Clipboard.Clear _'],
    ['a condition as an IF', 'if file ex<|>', 'File.IfFile.Exists', "if (File.IfFile.Exists File: $'''''')"],
    [
      'a condition at the start of a line',
      'File.IfFile.<|>',
      'File.IfFile.Exists',
      "IF (File.IfFile.Exists File: $'''''') THEN\n\t\nEND",
    ],
    [
      'a condition in brackets',
      'IF (File.<|>) THEN',
      'File.IfFile.Exists',
      "IF (File.IfFile.Exists File: $'''''') THEN",
    ],
    [
      'a closing bracket that is missing',
      'IF (File.<|>',
      'File.IfFile.Exists',
      "IF (File.IfFile.Exists File: $'''''')",
    ],
    [
      'a member of an enum in full',
      'File.ReadTextFromFile.ReadText Encoding: U<|>',
      'Unicode',
      'File.ReadTextFromFile.ReadText Encoding: File.TextFileEncoding.Unicode',
    ],
    [
      'a name with a quote',
      "SET A TO appmask['Login page'][<|>]",
      "Bob's button",
      "SET A TO appmask['Login page']['Bob\\'s button']",
    ],
    ['a bracket that is missing', "SET A TO imgrepo['lo<|>", 'logo', "SET A TO imgrepo['logo']"],
    [
      'a subflow with a blank in its name',
      "CALL <|>\nFUNCTION 'Get it' a, OUTPUT b\nEND FUNCTION",
      'Get it',
      "CALL 'Get it' a: a b=> b\nFUNCTION 'Get it' a, OUTPUT b\nEND FUNCTION",
    ],
    ['a label that is a keyword', "LABEL 'Exit'\nGOTO <|>", 'Exit', "LABEL 'Exit'\nGOTO 'Exit'"],
    [
      'a flow with its required inputs and its outputs',
      'External.RunFlow FlowId: <|>',
      'Send mail',
      `External.RunFlow FlowId: '${child.id}' @To: To @Sent=> Sent`,
    ],
    [
      'a custom error',
      "FlowControl.ThrowCustomError CustomErrorCode: $'''E 1'''\nBLOCK a\nON BLOCK ERROR <|>\nEND\nEND",
      "'E 1'",
      "FlowControl.ThrowCustomError CustomErrorCode: $'''E 1'''\nBLOCK a\nON BLOCK ERROR 'E 1' IsUserDefinedErrorCode: True\nEND\nEND",
    ],
  ])('writes %s', (_, source, label, result) => {
    expect(accept(source, label)).toBe(result);
  });

  it('opens by itself behind a blank only where something must follow', () => {
    expect(complete('CALL <|>\nFUNCTION F GLOBAL\nEND FUNCTION', ' ')?.items).toHaveLength(1);
    expect(complete('File.ReadTextFromFile.ReadText <|>', ' ')).not.toBeNull();
    expect(complete("File.ReadTextFromFile.ReadText File: 'x' <|>", ' ')).toBeNull();
    expect(complete('IF <|>', ' ')).toBeNull();
    expect(complete("SET A TO '<|>'", "'")).toBeNull();
  });

  it('explains an action when its item is looked at', () => {
    const item = complete('File.<|>')?.items.find(({ label }) => label === 'File.Delete') as CompletionItem;
    expect(item.documentation).toBeUndefined();
    expect(resolved(item).documentation).toMatchObject({
      kind: 'markdown',
      value: expect.stringMatching(/Delete file[\s\S]*`Files`[\s\S]*required/),
    });
  });

  it('serves clients that know neither snippets nor a common range', () => {
    const { analysis, caret } = marked('    read text<|>');
    const item = completionsAt(analysis, caret, { snippets: false, sharedRange: false })?.items.find(
      ({ label }) => label === 'File.ReadTextFromFile.ReadText',
    );
    expect(item?.insertTextFormat).toBeUndefined();
    expect(item?.textEdit).toEqual({
      range: { start: { line: 0, character: 4 }, end: { line: 0, character: 13 } },
      newText: "File.ReadTextFromFile.ReadText File: $'''''' Content=> FileContents",
    });
  });
});

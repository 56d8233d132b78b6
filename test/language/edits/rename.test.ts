// Renaming in one flow. `<|>` stands on the name, `«…»` around what changes.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Binding, type FlowSymbol } from '../../../src/language/analysis/binder.ts';
import { FlowModel } from '../../../src/language/analysis/model.ts';
import { namePlaces } from '../../../src/language/analysis/named.ts';
import { noSurroundings, type Surroundings } from '../../../src/language/analysis/surroundings.ts';
import { applyEdits } from '../../../src/language/edits/edit.ts';
import { renameEdits, renamingAt } from '../../../src/language/edits/rename.ts';
import { parse } from '../../../src/language/syntax/parser.ts';
import { unmarked } from '../../server/marked.ts';

function renamed(source: string, newName: string, surroundings: Surroundings = noSurroundings) {
  const { text, caret } = unmarked(source);
  const model = new FlowModel(parse(text), surroundings);
  const renaming = renamingAt(model, caret);
  if (renaming === undefined || 'refused' in renaming) return renaming;
  const edits = renameEdits(model, renaming.symbol, newName);
  return 'refused' in edits ? edits : applyEdits(text, edits);
}

const refused = (...words: string[]) => ({
  refused: expect.stringMatching(
    new RegExp(words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('[^]*')),
  ),
});

describe('rename', () => {
  it.each([
    [
      'a variable, wherever it is spelled',
      `@SENSITIVE: [«Old»]
@INPUT «Old» : { 'Description': 'Old', 'FriendlyName': 'Old', 'Type': 'String' }
SET «o<|>ld» TO 1
IF (File.IfFile.Exists File: $'''%«OLD»%\\\\Old.txt''') THEN
    Variables.AddItemToList Item: «Old»['Old'].Old List: «Old»
    ON ERROR REPEAT «Old» TIMES WAIT «Old»
    END
END
# Old
LOOP «Old» FROM «Old» TO «Old»[«Old»] STEP «Old»
END
FUNCTION g GLOBAL
    ERROR => «Old»
    CALL f Old: «Old» Out=> «Old»
END FUNCTION
FUNCTION f Old, OUTPUT Out
    SET Out TO Old + GLOBAL.«Old» + $'''%GLOBAL.«Old»%'''
END FUNCTION
`,
      'Total',
    ],
    [
      'a local variable and the arguments of its calls',
      'SET Old TO 1\nCALL f «Old»: Old\nFUNCTION f «O<|>ld», Other\nSET GLOBAL.Old TO «Old»\nCALL f «Old»: «Old» Other: «Old»\nEND FUNCTION',
      'New',
    ],
    ['from the argument of a call', 'CALL f «<|>Old»: Old\nFUNCTION f «Old»\nEND FUNCTION', 'New'],
    ['only the letter case', 'SET «tot<|>al» TO 1\nSET B TO «TOTAL»', 'Total'],
    [
      'to a name that is used elsewhere',
      'SET «O<|>ld» TO 1\nFUNCTION f New\nSET New TO New\nEND FUNCTION',
      'New',
    ],
    [
      'in Power Fx, without texts, properties, fields and functions',
      `SET «O<|>ld» TO 1
SET B TO $fx'=Sum(1, 2) + «Old» + "Old" & Lookup.Old & {Old: «Old»}.Old & $"Old {«Old»}" & Old(1) // Old'
SET B TO $fx'Old \${«Old»} \\'Old\\' \${\\'«Old»\\' & "}Old"} Old $\${Old}'
SET B TO $fx'=Filter(«Old», 1 = 1)'`,
      'New',
    ],
    [
      'in disabled rows',
      'SET «O<|>ld» TO 1\nDISABLE SET «Old» TO «Old» + Older\nDISABLE    CALL f Old: «Old»\nDISABLE IF «Old» THEN',
      'New',
    ],
    [
      'a subflow, with quotes where it needs them',
      'CALL «f»\nDISABLE CALL «f»\nFUNCTION «<|>f» GLOBAL\nCALL «F»\nEND FUNCTION',
      "'Get \\'all\\''",
    ],
    [
      'a subflow, without quotes where it needs none',
      "CALL «'Get<|> all'»\nFUNCTION «'Get all'» GLOBAL\nEND FUNCTION",
      'GetAll',
    ],
    [
      'a label to a reserved word',
      'LABEL «x»\nGOTO «<|>x»\nFUNCTION f GLOBAL\nLABEL x\nEND FUNCTION',
      "'Exit'",
    ],
    [
      'a custom error',
      "BLOCK\nON BLOCK ERROR '«E»' IsUserDefinedErrorCode: True\nEND\nFlowControl.ThrowCustomError CustomErrorCode: $'''«E<|>»'''\nEND",
      'F 2',
    ],
    [
      'a UI element of one screen',
      "A.B X: appmask['S']['«<|>E»'] Y: appmask['T']['E']\nDISABLE A.B X: appmask['S']['«E»']",
      'OK',
    ],
    ['a screen', "A.B X: appmask['«S<|>»']['E'] Y: appmask['«S»']", 'Main window'],
    ['an image', "A.B X: [imgrepo['«I<|>»'], imgrepo['J']]", 'Logo'],
  ])('%s', (_, source, written) => {
    const { text, ranges } = unmarked(source);
    const edits = ranges.map(({ start, end }) => ({ start, end, text: written }));
    const name = written.startsWith("'") ? written.slice(1, -1).replaceAll("\\'", "'") : written;
    expect(renamed(source, name)).toBe(applyEdits(text, edits));
  });

  it.each([
    ["A.B X: imgrepo['I<|>']", "it's 100% \\", "A.B X: imgrepo['it\\'s 100% \\\\']"],
    [
      "A.B X: imgrepo[$'''I<|>''']",
      'it\'s 100% \\ "a"',
      "A.B X: imgrepo[$'''it\\'s 100%% \\\\ \\\"a\\\"''']",
    ],
    ["A.B X: imgrepo['''I<|>''']", "it's", "A.B X: imgrepo['''it\\'s''']"],
  ])('%s escapes what its quotes ask for', (source, name, text) => {
    expect(renamed(source, name)).toBe(text);
    const [image] = new Binding(parse(text)).symbols('image');
    expect(image?.name).toBe(name);
  });

  it.each([
    ["@INPUT A<|> : { 'Type': 'String' }", "@INPUT B : { 'FriendlyName': 'A', 'Type': 'String' }"],
    ["@INPUT A<|> : { 'FriendlyName': '' }", "@INPUT B : { 'FriendlyName': 'A' }"],
    ["@INPUT A<|> : { 'FriendlyName': 'Old name' }", "@INPUT B : { 'FriendlyName': 'Old name' }"],
  ])('callers keep the external name: %s', (source, text) => {
    expect(renamed(source, 'B')).toBe(text);
  });

  it.each([
    ['SET A<|> TO 1', 'My name', ['“My name” cannot be the name of a variable', 'My_name']],
    ['SET A<|> TO 1', '1st', ['“1st” cannot be the name', 'Value_1st']],
    ['SET A<|> TO 1', '', ['The name of a variable cannot be empty']],
    ['SET A<|> TO 1', 'Exit', ['“Exit” is a reserved word', 'ExitValue']],
    ['SET A<|> TO 1', 'appmask', ['UI elements', 'appmaskValue']],
    ['\nSET B TO 1\nSET A<|> TO 1', 'b', ['already a variable “B” (line 2)', 'Choose another name']],
    [
      'CALL f\nFUNCTION f<|> GLOBAL\nEND FUNCTION\nFUNCTION G GLOBAL\nEND FUNCTION',
      'g',
      ['already a subflow “G” (line 4)'],
    ],
    ['CALL <|>f', 'main', ['Main is the name']],
    ['LABEL x<|>\nLABEL Y', 'y', ['already a label “Y” (line 2)']],
    ['LABEL x<|>', ' y', ['begins or ends with a blank']],
    ['LABEL x<|>', 'a\nb', ['one line']],
    ["A.B X: appmask['S']['E<|>'] Y: appmask['S']['F']", 'f', ['already a UI element “F” (line 1)']],
    ['CALL nobody <|>a: 1', 'b', ['belongs to the subflow “nobody”']],
    ['Text.Tr<|>im Text: 1', 'b', ['“Text.Trim” is an action']],
    ['SET A TO Logging.LogLevel.Info<|>Level', 'b', ['a choice that an action offers']],
    ["External.RunFlow FlowId: 'a' @I<|>n: 1", 'b', ['external name']],
    ["External.RunFlow FlowId: 'a<|>'", 'a/b', ['cannot be the name of a file']],
    ["SET A<|> TO 1\nSET B TO $fx'=Filter(T, A > 1)'", 'C', ['line 2', 'a column']],
    ["SET A<|> TO 1\nSET B TO $fx'=Rate * A'", 'Rate', ['Line 2 already uses the word “Rate”']],
    ['SET A<|> TO 1\nX.Y Z: `%A +%`', 'C', ['backticks in line 2']],
    ['SET A<|> TO 1\nSET B TO A.x.y', 'Text', ['“Text” is a module']],
    ['SET File<|> TO 1\nSET B TO File.Unknown.Member', 'C', ['Line 2 may mean']],
  ])('refuses %s → %s', (source, name, words) => {
    expect(renamed(source, name)).toEqual(refused(...words));
  });

  it('refuses a name that the repository has already', () => {
    const surroundings = {
      ...noSurroundings,
      screens: [
        { name: 'S', elements: ['E', 'Taken'] },
        { name: 'T', elements: [] },
      ],
      images: ['I', 'Taken'],
    };
    expect(renamed("A.B X: appmask['S']['E<|>']", 'taken', surroundings)).toEqual(
      refused('already has a UI element “Taken”'),
    );
    expect(renamed("A.B X: appmask['S<|>']['E']", 't', surroundings)).toEqual(
      refused('already has a screen “T”'),
    );
    expect(renamed("A.B X: imgrepo['I<|>']", 'TAKEN', surroundings)).toEqual(
      refused('already has an image “Taken”'),
    );
  });

  it('has nothing to rename on keywords and texts', () => {
    expect(renamed("S<|>ET A TO 'A'", 'b')).toBeUndefined();
    expect(renamed("SET A TO 'A<|>'", 'b')).toBeUndefined();
  });
});

describe('renaming any variable', () => {
  const name = fc.constantFrom('Alpha', 'beta', 'Γ_3', '_d', 'Alph', 'x');
  const value = name.chain((a) =>
    fc.constantFrom<string[]>(
      a,
      `$'''%${a}% ${a} %%'''`,
      `'${a}'`,
      `${a}.Count + ${a}['${a}'][${a}]`,
      `$'''%${a.toUpperCase()} + 'x'%'''`,
      `{ '${a}': [${a}, 1] }`,
      `$fx'=1 + ${a} & "x"'`,
      `$fx'a \${${a}}'`,
      '1',
    ),
  );
  const statement = fc
    .tuple(name, value, value, fc.constantFrom('', 'DISABLE '))
    .chain(([a, v, w, off]) =>
      fc.constantFrom(
        `${off}SET ${a} TO ${v}`,
        `${off}SET GLOBAL.${a} TO ${w}`,
        `${off}SET ${a}[${v}] TO ${w}`,
        `${off}Text.Trim Text: ${v} TrimmedText=> ${a}`,
        `Variables.AddItemToList Item: ${v} List: ${a}\nON ERROR REPEAT 2 TIMES WAIT 1\nEND`,
        `IF ${v} = ${w} THEN\r\n  SET ${a} TO ${a}\r\nELSE\r\nEND`,
        `LOOP FOREACH ${a} IN ${v}\nNEXT LOOP\nEND`,
        `LOOP ${a} FROM ${v} TO ${w}\nEND`,
        `CALL local ${a}: ${v}`,
        `CALL local x: ${w} _d=> ${a}`,
        `# ${a}`,
      ),
    );
  const body = fc.array(statement, { maxLength: 6 }).map((rows) => rows.join('\n'));
  const flow = fc
    .tuple(fc.uniqueArray(name, { maxLength: 3 }), body, body, body)
    .map(
      ([head, main, shared, local]) =>
        `@SENSITIVE: [${head.join(', ')}]\n${head.map((a) => `@INPUT ${a} : { 'FriendlyName': '${a}' }\n`).join('')}${main}\nFUNCTION shared GLOBAL\n${shared}\nEND FUNCTION\nFUNCTION local x, OUTPUT _d\n${local}\nEND FUNCTION`,
    );

  /** Every symbol with the number of places that name it; `swap` as if it had the other name. */
  function shape(text: string, swap: readonly [string, string] = ['', '']): string[] {
    const binding = new Binding(parse(text));
    return binding
      .symbols()
      .map(({ kind, name: own, owner, uses }) => {
        const shown = own.toLowerCase() === swap[0].toLowerCase() ? swap[1] : own;
        const places = uses.flatMap((use) => namePlaces(text, use)).length;
        return `${kind} ${owner?.name.text ?? ''} ${shown.toLowerCase()} ${places}`;
      })
      .sort();
  }

  it('and back gives the same text; the other name binds as the first did', () => {
    fc.assert(
      fc.property(flow, fc.nat(), (text, pick) => {
        const model = new FlowModel(parse(text));
        const variables = model.binding.symbols('variable');
        const symbol = variables[pick % variables.length];
        if (symbol === undefined) return;
        const edits = renameEdits(model, symbol, 'Fresh');
        if ('refused' in edits) throw new Error(edits.refused);
        const after = applyEdits(text, edits);

        const again = new FlowModel(parse(after));
        const fresh = again.binding.variable(
          'Fresh',
          symbol.owner && again.binding.subflow(symbol.owner.name.text),
        );
        if (fresh === undefined) throw new Error('The new name is not there.');
        const places = (within: string, { uses }: FlowSymbol) =>
          uses.map((use) => namePlaces(within, use).length).filter((count) => count > 0);
        expect(places(after, fresh)).toEqual(places(text, symbol));
        expect(again.file.diagnostics.length).toBe(model.file.diagnostics.length);
        const others = (lines: string[], own: string) =>
          lines.filter((line) => !line.startsWith(`variable ${symbol.owner?.name.text ?? ''} ${own} `));
        expect(others(shape(after), 'fresh')).toEqual(others(shape(text), symbol.name.toLowerCase()));

        const back = renameEdits(again, fresh, symbol.name);
        if ('refused' in back) throw new Error(back.refused);
        // Mentions may differ in letter case only.
        expect(applyEdits(after, back).toLowerCase()).toBe(text.toLowerCase());
      }),
      { numRuns: 300 },
    );
  });
});

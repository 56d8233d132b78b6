// Rename as the client sees it, across files. Which names are possible is tested in language/edits.
import { describe, expect, it } from 'vitest';
import type { TextDocumentEdit, WorkspaceEdit } from 'vscode-languageserver';
import { LineIndex } from '../../../src/base/text.ts';
import { applyEdits } from '../../../src/language/edits/edit.ts';
import { rangeOf } from '../../../src/server/features/range.ts';
import { renameAt, renameRangeAt } from '../../../src/server/features/rename.ts';
import { analysed, marked, unmarked } from '../marked.ts';
import { folder, otherFiles } from './otherFiles.ts';

const support = { versions: true, renameFile: true };

/** The texts that a workspace edit leaves, by file name, and the file renames. */
function applied(edit: WorkspaceEdit | null, texts: Readonly<Record<string, string>>) {
  const result: Record<string, string> = {};
  const renames: string[] = [];
  for (const change of edit?.documentChanges ?? []) {
    if ('kind' in change) {
      if (change.kind === 'rename') renames.push(`${change.oldUri} → ${change.newUri}`);
      continue;
    }
    const { textDocument, edits } = change as TextDocumentEdit;
    const name = textDocument.uri.slice(folder.length);
    const text = texts[name] ?? '';
    const lines = new LineIndex(text);
    result[name] = applyEdits(
      text,
      edits.map((each) => {
        if (!('newText' in each)) throw new Error('A plain edit was expected.');
        return {
          start: lines.offset(each.range.start),
          end: lines.offset(each.range.end),
          text: each.newText,
        };
      }),
    );
  }
  return { texts: result, renames };
}

describe('prepare rename', () => {
  it('selects the name without its quotes', () => {
    const { analysis, caret, ranges } = marked("A.B X: appmask['S']['«it\\'s<|>»']");
    expect(renameRangeAt(analysis, caret, otherFiles({}), support)).toEqual({
      range: ranges[0] && rangeOf(analysis, ranges[0]),
      placeholder: "it's",
    });
  });

  it('says no where nothing is named, and why where a name is fixed', () => {
    const { analysis, carets } = marked('S<|>ET A TO 1\nText.T<|>rim Text: 1');
    expect(renameRangeAt(analysis, carets[0] as number, otherFiles({}), support)).toBeNull();
    expect(() => renameRangeAt(analysis, carets[1] as number, otherFiles({}), support)).toThrow(
      'is an action of Power Automate',
    );
  });
});

describe('rename across files', () => {
  const imports = "IMPORT 'c.appmask' AS appmask\r\nIMPORT 'i.imgrepo' AS imgrepo\r\n";
  const here = unmarked(
    `${imports}A.B X: appmask['S<|>']['E<|>'] Y: imgrepo['I<|>']\r\n@@flowname: 'Called'\r\nExternal.RunFlow FlowId: 'ab<|>'\r\nSET V<|> TO 1`,
  );
  const texts: Readonly<Record<string, string>> = {
    'Here.robin': here.text,
    'There.robin': `${imports}A.B X: appmask[$'''S''']['E'] Y: imgrepo['I']\r\n@@flowname: 'called'\r\nExternal.RunFlow FlowId: 'ab'\r\n@@flowname: 'Mine'\r\nExternal.RunFlow FlowId: 'AB'\r\nExternal.RunFlow FlowId: 'Called'`,
    'Stranger.robin': "IMPORT 'other.appmask' AS appmask\nA.B X: appmask['S']['E']",
    'Called.robin': '',
    'c.appmask':
      '{\n  "Screens": [ { "Name": "S", "InstanceId": "1", "Controls": [ { "Name": "E" }, { "Name": "F" } ] } ] }',
    'i.imgrepo': '{"Images":[{"Name":"I"}]}',
  };
  const files = otherFiles(texts, { Called: 'ab' });
  const analysis = analysed(here.text, undefined, `${folder}Here.robin`);
  const rename = async (caret: number, newName: string) =>
    applied(await renameAt(analysis, here.carets[caret] as number, newName, files, support), texts);

  it('a screen: in all flows of the repository and in the repository', async () => {
    const { texts: after } = await rename(0, 'it\'s "new"');
    expect(Object.keys(after).sort()).toEqual(['Here.robin', 'There.robin', 'c.appmask']);
    expect(after['Here.robin']).toBe(here.text.replace("['S']", "['it\\'s \\\"new\\\"']"));
    expect(after['There.robin']).toBe(texts['There.robin']?.replace("'''S'''", "'''it\\'s \\\"new\\\"'''"));
    expect(after['c.appmask']).toBe(texts['c.appmask']?.replace('"S"', '"it\'s \\"new\\""'));
  });

  it('a UI element', async () => {
    const { texts: after } = await rename(1, 'G');
    expect(after).toEqual({
      'Here.robin': here.text.replace("['E']", "['G']"),
      'There.robin': texts['There.robin']?.replace("['E']", "['G']"),
      'c.appmask': texts['c.appmask']?.replace('"E"', '"G"'),
    });
  });

  it('an image', async () => {
    const { texts: after } = await rename(2, 'J');
    expect(after).toEqual({
      'Here.robin': here.text.replace("'I'", "'J'"),
      'There.robin': texts['There.robin']?.replace("'I'", "'J'"),
      'i.imgrepo': '{"Images":[{"Name":"J"}]}',
    });
  });

  it('a called flow: its file, and the callers that say its name', async () => {
    const { texts: after, renames } = await rename(3, 'Pay all');
    expect(renames).toEqual([`${folder}Called.robin → ${folder}Pay%20all.robin`]);
    expect(after).toEqual({
      'Here.robin': here.text.replace("'Called'", "'Pay all'"),
      'There.robin': texts['There.robin']?.replace("'called'", "'Pay all'").replace("'Called'", "'Pay all'"),
    });
  });

  it('offers the name of a called flow, not its id', () => {
    const caret = here.carets[3] as number;
    expect(renameRangeAt(analysis, caret, files, support)?.placeholder).toBe('Called');
    expect(() => renameRangeAt(analysis, caret, otherFiles({}), support)).toThrow('not in this workspace');
  });

  it('a variable in the selectors of its own repository and of its attachment', async () => {
    const selectors =
      '{"Screens":[{"Name":"S","Value":"%V% %\'V\'% %V2% 5%% V %x.V + V[v]%","CustomSelector":"50% V of V"}]}';
    const source = `IMPORT 'c.appmask' AS appmask\nSET V<|> TO 1\n\n# [ControlRepository][PowerAutomateDesktop]\n\n${JSON.stringify(selectors)}`;
    const { analysis: own, caret, text } = marked(source, undefined, `${folder}Own.robin`);
    const all = { 'Own.robin': text, 'c.appmask': selectors };
    const expected = selectors.replace("%V% %'V'%", "%W% %'V'%").replace('%x.V + V[v]%', '%x.V + W[W]%');
    const { texts: after } = applied(await renameAt(own, caret, 'W', otherFiles(all), support), all);
    expect(after).toEqual({
      'Own.robin': text
        .replace('SET V', 'SET W')
        .replace(JSON.stringify(selectors), JSON.stringify(expected)),
      'c.appmask': expected,
    });
    // Another flow uses the same repository: whose variable it is, nobody knows.
    const two = otherFiles({ ...all, 'Two.robin': "IMPORT 'c.appmask' AS appmask" });
    const { texts: rest } = applied(await renameAt(own, caret, 'W', two, support), all);
    expect(Object.keys(rest)).toEqual(['Own.robin']);
  });

  it('a called flow to a name that is taken, or in an editor that renames no files', async () => {
    await expect(rename(3, 'stranger')).rejects.toThrow('already a flow “Stranger”');
    const caret = here.carets[3] as number;
    await expect(
      renameAt(analysis, caret, 'Pay all', files, { versions: false, renameFile: false }),
    ).rejects.toThrow('Rename the file itself');
    await expect(renameAt(analysis, caret, 'Pay all', otherFiles({}), support)).rejects.toThrow(
      'not in this workspace',
    );
  });

  it('a variable: one versioned edit of this file, or plain changes', async () => {
    const caret = here.carets[4] as number;
    const range = rangeOf(analysis, { start: caret - 1, end: caret });
    const edits = [{ range, newText: 'W' }];
    expect(await renameAt(analysis, caret, 'W', files, support)).toEqual({
      documentChanges: [{ textDocument: { uri: analysis.uri, version: 1 }, edits }],
    });
    expect(await renameAt(analysis, caret, 'W', files, { versions: false, renameFile: false })).toEqual({
      changes: { [analysis.uri]: edits },
    });
    await expect(renameAt(analysis, caret, 'END', files, support)).rejects.toThrow('is a reserved word');
  });

  it('a UI element in the attachment of the text', async () => {
    const repository = JSON.stringify({ Screens: [{ Name: 'S', Controls: [{ Name: 'a "b"' }] }] });
    const attachment = JSON.stringify({
      ControlRepositorySymbols: [{ Repository: repository, Name: 'appmask' }],
    });
    const source = `A.B X: appmask['S']['a "b"<|>']\n\n# [ControlRepository][PowerAutomateDesktop]\n\n${attachment}`;
    const { analysis: copied, caret, text } = marked(source, undefined, `${folder}Copied.robin`);
    const edit = await renameAt(copied, caret, 'c\\d', otherFiles({}), support);
    const after = applied(edit, { 'Copied.robin': text }).texts['Copied.robin'] ?? '';
    expect(after).toContain("['c\\\\d']");
    const { ControlRepositorySymbols } = JSON.parse(after.slice(after.indexOf('{"Control'))) as {
      ControlRepositorySymbols: { Repository: string }[];
    };
    expect(JSON.parse(ControlRepositorySymbols[0]?.Repository ?? '')).toEqual({
      Screens: [{ Name: 'S', Controls: [{ Name: 'c\\d' }] }],
    });
  });
});

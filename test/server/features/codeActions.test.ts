// Code actions: the fixes of a diagnostic, all safe ones at once, and refactorings, as the editor asks for them.
import { expect, test } from 'vitest';
import { CodeActionKind } from 'vscode-languageserver';
import { codeActionsAt } from '../../../src/server/features/codeActions.ts';
import { rangeOf } from '../../../src/server/features/range.ts';
import { marked } from '../marked.ts';

const support = { versions: true, renameFile: false };

function actionsAt(source: string, only?: string[]) {
  const { analysis, ranges, carets } = marked(source);
  const at = ranges[0] ?? { start: carets[0] as number, end: carets[0] as number };
  const context = { diagnostics: [], ...(only === undefined ? {} : { only }) };
  return codeActionsAt(analysis, { range: rangeOf(analysis, at), context }, support);
}

test('offers the fixes of the diagnostics at the caret, the likely one as preferred', () => {
  const actions = actionsAt(
    'SET Total TO 1\nLogging.LogMessage Message: To<|>tl LogLevel: Logging.LogLevel.InfoLevel',
  );
  expect(actions.filter(({ kind }) => kind === CodeActionKind.QuickFix)).toMatchObject([
    {
      title: 'Change to “Total”',
      isPreferred: true,
      diagnostics: [{ code: 'VariableUnknown' }],
      edit: {
        documentChanges: [
          {
            edits: [
              {
                range: { start: { line: 1, character: 28 }, end: { line: 1, character: 32 } },
                newText: 'Total',
              },
            ],
          },
        ],
      },
    },
    { title: 'Create the variable “Totl” above' },
  ]);
  expect(actionsAt('SET To<|>tal TO 1', [CodeActionKind.QuickFix])).toEqual([]);
});

test('fixes all on request only, and not what needs a decision', () => {
  const source = 'SET A TO «%1%»\nSET B TO %2%\nGOTO End';
  const [fixAll, ...others] = actionsAt(source, [CodeActionKind.SourceFixAll]);
  expect(others).toEqual([]);
  expect(fixAll).toMatchObject({
    kind: 'source.fixAll.desktopFlows',
    edit: { documentChanges: [{ edits: [{ newText: '1' }, { newText: '2' }, { newText: "'End'" }] }] },
  });
  expect(actionsAt(source).map(({ kind }) => kind)).not.toContain('source.fixAll.desktopFlows');
  expect(actionsAt('SET A TO <|>1', ['source.fixAll.desktopFlows'])).toEqual([]);
});

test('rules can be silenced where they speak', () => {
  const titles = actionsAt("SET Folder TO 'C:<|>\\Temp'", [CodeActionKind.QuickFix]).map(
    ({ title }) => title,
  );
  expect(titles).toEqual(['Ignore “HardCodedPath” here', 'Ignore “HardCodedPath” in this file']);
});

test('refactorings come with their own kinds', () => {
  const kinds = actionsAt('SET A TO «5»', [CodeActionKind.RefactorExtract]).map(({ kind }) => kind);
  expect(new Set(kinds)).toEqual(new Set([CodeActionKind.RefactorExtract]));
  expect(actionsAt('SET A TO «5»').map(({ kind }) => kind)).toContain(CodeActionKind.RefactorExtract);
});

test('a client that knows no versions gets plain changes', () => {
  const { analysis } = marked('SET A TO %1%');
  const range = rangeOf(analysis, { start: 9, end: 9 });
  const plain = { versions: false, renameFile: false };
  const [action] = codeActionsAt(analysis, { range, context: { diagnostics: [] } }, plain);
  expect(action?.edit).toMatchObject({ changes: { [analysis.uri]: [{ newText: '1' }] } });
});

// Call hierarchy: who calls a subflow or flow, and whom it calls, within one file and across files.
import { describe, expect, it } from 'vitest';
import type { CallHierarchyItem, Range } from 'vscode-languageserver';
import { incomingCalls, itemAt, outgoingCalls } from '../../../src/server/features/callHierarchy.ts';
import { readFlow } from '../../../src/server/features/otherFiles.ts';
import { analysed, unmarked } from '../marked.ts';
import { folder, otherFiles } from './otherFiles.ts';

const main = unmarked(`SET A TO 1
CALL <|>one
CALL one
IF A THEN
    CALL two
    External.RunFlow FlowId: 'ab<|>'
END
<|>
FUNCTION one GLOBAL
    CALL two
    <|>SET A TO 2
END FUNCTION
FUNCTION <|>two GLOBAL
    CALL two
    CALL missing
END FUNCTION
`);
const files = otherFiles(
  {
    'Main.robin': main.text,
    'Called.robin': "SET B TO 1\nCALL x\nFUNCTION x GLOBAL\n\nExternal.RunFlow FlowId: 'Main'\nEND FUNCTION",
  },
  { Called: 'ab' },
);
const read = (uri: string) => readFlow(files, uri);
const item = (caret: number) =>
  itemAt(analysed(main.text, undefined, `${folder}Main.robin`), main.carets[caret] as number, files);
const shown = ({ name, uri }: CallHierarchyItem) => `${uri.slice(folder.length)} ${name}`;
const linesOf = (ranges: readonly Range[]) => ranges.map(({ start }) => start.line).join();

describe('call hierarchy', () => {
  it.each([
    ['on a call: the subflow', 0, 'Main.robin one'],
    ['on a called flow: its Main', 1, 'Called.robin Called'],
    ['between statements: Main', 2, 'Main.robin Main'],
    ['inside a subflow: that', 3, 'Main.robin one'],
    ['on FUNCTION: the subflow', 4, 'Main.robin two'],
  ])('prepares %s', (_, caret, name) => {
    expect(shown(item(caret))).toBe(name);
  });

  it.each([
    ['Main', 2, ['Main.robin one 1,2', 'Main.robin two 4', 'Called.robin Called 5']],
    ['a subflow', 3, ['Main.robin two 9']],
    ['a subflow that calls itself and a stranger', 4, ['Main.robin two 13']],
    ['another flow', 1, ['Called.robin x 1']],
  ])('outgoing calls of %s', async (_, caret, calls) => {
    const found = await outgoingCalls(item(caret), files, read);
    expect(found.map(({ to, fromRanges }) => `${shown(to)} ${linesOf(fromRanges)}`)).toEqual(calls);
  });

  it.each([
    ['Main: by flows that run it', 2, ['Called.robin x 4']],
    ['a subflow', 4, ['Main.robin Main 4', 'Main.robin one 9', 'Main.robin two 13']],
    ['another flow', 1, ['Main.robin Main 5']],
  ])('incoming calls of %s', async (_, caret, calls) => {
    const found = await incomingCalls(item(caret), files, read);
    expect(found.map(({ from, fromRanges }) => `${shown(from)} ${linesOf(fromRanges)}`)).toEqual(calls);
  });
});

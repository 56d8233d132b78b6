// CodeLens: what stands above flows, subflows, inputs and outputs, and that references are counted only when it is resolved.
import { describe, expect, it } from 'vitest';
import { codeLensesOf, resolvedLens } from '../../../src/server/features/codeLens.ts';
import { analysed } from '../marked.ts';

const analysis = analysed(`@INPUT A : { 'FriendlyName': 'A' }
@OUTPUT B : { 'FriendlyName': 'B' }
SET B TO A + A
CALL f
FUNCTION f GLOBAL
END FUNCTION
`);

describe('code lenses', () => {
  it('run or debug Main, and count the uses of inputs, outputs and subflows once they are shown', () => {
    const lenses = codeLensesOf(analysis, { run: true, references: true });
    expect(lenses.map(({ range, command }) => [range.start.line, command?.title])).toEqual([
      [0, undefined],
      [1, undefined],
      [2, '▶ Run'],
      [2, 'Debug'],
      [4, undefined],
    ]);
    expect(lenses[2]?.command).toMatchObject({ command: 'desktopFlows.runFlow', arguments: [analysis.uri] });
    expect(lenses[3]?.command).toMatchObject({
      command: 'desktopFlows.debugFlow',
      arguments: [analysis.uri],
    });
    const resolved = lenses.filter(({ command }) => !command).map((lens) => resolvedLens(analysis, lens));
    expect(resolved.map(({ command }) => command?.title)).toEqual([
      '2 references',
      '1 reference',
      '1 reference',
    ]);
    expect(resolved[2]?.command).toMatchObject({
      command: 'desktopFlows.showReferences',
      arguments: [{ uri: analysis.uri, position: { line: 4, character: 9 } }],
    });
  });

  it('follow the settings', () => {
    const titles = (run: boolean, references: boolean) => codeLensesOf(analysis, { run, references }).length;
    expect([titles(false, false), titles(true, false), titles(false, true)]).toEqual([0, 2, 3]);
  });

  it('are none for a flow without statements', () => {
    expect(codeLensesOf(analysed('# nothing'), { run: true, references: true })).toEqual([]);
  });
});

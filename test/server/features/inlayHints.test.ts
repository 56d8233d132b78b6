// Inlay hints, drawn into the text between ‹›.
import { describe, expect, it } from 'vitest';
import { hintsIn } from '../../../src/server/features/inlayHints.ts';
import { marked } from '../marked.ts';

const all = { argumentMeaning: true, types: true, producedVariables: true };

/** The text with its hints; only those between «» when there is a range. */
function hinted(source: string, shown = all): string {
  const { text, analysis, ranges } = marked(source);
  const { start, end } = ranges[0] ?? { start: 0, end: text.length };
  const range = { start: analysis.lines.position(start), end: analysis.lines.position(end) };
  return hintsIn(analysis, range, shown)
    .map(({ position, label }) => ({
      at: analysis.lines.offset(position),
      label: typeof label === 'string' ? label : label.map(({ value }) => value).join(''),
    }))
    .sort((a, b) => b.at - a.at)
    .reduce((done, { at, label }) => `${done.slice(0, at)}‹${label}›${done.slice(at)}`, text);
}

describe('inlay hints', () => {
  it.each([
    ['types that are computed', 'SET A TO 1\nSET B TO A + 1', 'SET A TO 1\nSET B‹: Number› TO A + 1'],
    [
      'no types of literals',
      "SET A TO 1\nSET B TO 'x'\nSET C TO []",
      "SET A TO 1\nSET B TO 'x'\nSET C TO []",
    ],
    [
      'types of outputs',
      'Folder.GetFiles Folder: x Files=> F',
      'Folder.GetFiles Folder: x Files=> F‹: List of File›',
    ],
    [
      'types of items',
      'Folder.GetFiles Folder: x Files=> F\nLOOP FOREACH i IN F\nEND',
      'Folder.GetFiles Folder: x Files=> F‹: List of File›\nLOOP FOREACH i‹: File› IN F\nEND',
    ],
    [
      'a type only where it changes',
      'SET A TO 1\nSET B TO A + 1\nSET B TO A + 2',
      'SET A TO 1\nSET B‹: Number› TO A + 1\nSET B TO A + 2',
    ],
    [
      'outputs of conditions',
      'LOOP WHILE (WorkQueues.ProcessWorkQueueItem.ProcessWorkQueueItem WorkQueue: q WorkQueueItem=> i)\nEND',
      'LOOP WHILE (WorkQueues.ProcessWorkQueueItem.ProcessWorkQueueItem WorkQueue: q WorkQueueItem=> i‹: Work queue item›)\nEND',
    ],
    [
      'what True and False decide',
      "IF Contains(A, 'x', True) THEN\nEND",
      "IF Contains(A, 'x', ‹ignoreCase:›True) THEN\nEND",
    ],
    [
      'variables that an action changes',
      'Variables.IncreaseVariable Value: A IncrementValue: 1',
      'Variables.IncreaseVariable Value: ‹Variable name:›A IncrementValue: 1‹⇒ A›',
    ],
    ['nothing in what is no statement', '# x\n**REGION a\nfoo bar', '# x\n**REGION a\nfoo bar'],
  ])('show %s', (_, source, expected) => {
    expect(hinted(source)).toBe(expected);
  });

  it('show the label of an argument only when its name says something else', () => {
    expect(
      hinted('Excel.ReadFromExcel.ReadCell Instance: e StartColumn: 1 StartRow: 2 ReadAsText: False'),
    ).toBe(
      'Excel.ReadFromExcel.ReadCell Instance: e StartColumn: 1 StartRow: 2 ReadAsText: ‹Get cell contents as text:›False',
    );
    expect(hinted('Display.ShowMessageDialog.ShowMessage Title: 1 Icon: 2')).not.toContain('‹');
    expect(hinted("UIAutomation.Click.Click Element: appmask['a']['b']")).not.toContain('‹');
  });

  it('keep to their range', () => {
    const source = 'SET A TO 1\nSET B TO A + 1\n«SET C TO A + 1»\nSET D TO A + 1';
    expect(hinted(source)).toBe('SET A TO 1\nSET B TO A + 1\nSET C‹: Number› TO A + 1\nSET D TO A + 1');
  });

  it('can be switched off one by one', () => {
    const source =
      'SET B TO A.Count + 1\nVariables.IncreaseVariable Value: B IncrementValue: 1\nIF IsEmpty(B) = Contains(B, B, True) THEN\nEND';
    expect(hinted(source, { ...all, producedVariables: false })).not.toContain('⇒');
    expect(hinted(source, { ...all, argumentMeaning: false })).not.toContain('ignoreCase');
    expect(hinted(source, { argumentMeaning: false, types: false, producedVariables: false })).toBe(source);
  });

  it('lead to where a variable comes from', () => {
    const { analysis } = marked(
      "SET A TO 1\nSET A TO $fx'=1'\nVariables.IncreaseVariable Value: A IncrementValue: 1",
    );
    const range = { start: { line: 2, character: 0 }, end: { line: 3, character: 0 } };
    const [hint] = hintsIn(analysis, range, { ...all, argumentMeaning: false });
    expect(hint?.label).toEqual([
      { value: '⇒ ' },
      {
        value: 'A',
        location: {
          uri: analysis.uri,
          range: { start: { line: 0, character: 4 }, end: { line: 0, character: 5 } },
        },
      },
    ]);
  });
});

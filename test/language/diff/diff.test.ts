// What differs in meaning between two flows, as people read it. Every case is two texts and the lines said about them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeChange, diffFlows } from '../../../src/language/diff/diff.ts';
import { matchInOrder } from '../../../src/language/diff/match.ts';
import { parse } from '../../../src/language/syntax/parser.ts';

const changes = (before: string, after: string) => diffFlows(parse(before), parse(after)).map(describeChange);

const flow = `@SENSITIVE: [Token]
@INPUT Folder : { 'Description': '', 'FriendlyName': 'Folder', 'Type': 'String', 'IsOptional': False, 'DefaultValue': 'in' }
SET Total TO 0
LOOP FOREACH File IN Files
    IF (File.IfFile.Exists File: File) THEN
        File.Copy Files: File Destination: Folder IfFileExists: File.IfExists.Overwrite CopiedFiles=> Copies
        ON ERROR
            SET Failed TO True
        END
        SET Total TO Total + 1
    ELSE
        CALL Report
    END
END
# done
DISABLE WAIT 1
FUNCTION Report GLOBAL
    SET Lines TO []
    Variables.AddItemToList Item: $'''missing''' List: Lines
    SET Reported TO True
END FUNCTION
`;
const edited = (find: string, replacement: string) => {
  expect(flow).toContain(find);
  return flow.split(find).join(replacement);
};

describe('what differs between two flows', () => {
  it('is nothing when only the layout and the case of letters differ', () => {
    const other = flow
      .replaceAll('\n', '\r\n')
      .replaceAll('    ', '\t')
      .replace('SET Total TO 0', '\r\n  set TOTAL   to 0  ')
      .replace('Destination: Folder', 'destination:FOLDER')
      .replace('CopiedFiles=> Copies', 'CopiedFiles =>copies');
    expect(changes(flow, other)).toEqual([]);
  });

  it('names changed arguments, values and outputs', () => {
    expect(changes(flow, edited('Destination: Folder', "Destination: $'''C:\\\\Out'''"))).toEqual([
      "~ Main line 6: File.Copy Destination: Folder → $'''C:\\\\Out'''",
    ]);
    expect(changes(flow, edited(' CopiedFiles=> Copies', ' Retries: 2'))).toEqual([
      '~ Main line 6: File.Copy CopiedFiles=> removed: Copies, Retries added: 2',
    ]);
    expect(
      changes(flow, edited('(File.IfFile.Exists File: File)', '(File.IfFile.Exists File: Other)')),
    ).toEqual(['~ Main line 5: IF (File.IfFile.Exists File: File → Other']);
    expect(changes(flow, edited('SET Total TO 0', 'SET Total TO 10'))).toEqual([
      '~ Main line 3: SET Total TO 0 → SET Total TO 10',
    ]);
    expect(changes(flow, edited('DISABLE WAIT 1', 'WAIT 1'))).toEqual([
      '~ Main line 16: DISABLE WAIT 1 → WAIT 1',
    ]);
    expect(changes(flow, edited("$'''missing'''", "$'''Missing'''"))).toEqual([
      "~ Report line 19: Variables.AddItemToList Item: $'''missing''' → $'''Missing'''",
    ]);
  });

  it('tells added, removed and moved rows apart', () => {
    expect(changes(flow, edited('# done\n', '# done\nWAIT 5\n'))).toEqual(['+ Main line 16: WAIT 5']);
    expect(changes(flow, edited('# done\n', ''))).toEqual(['- Main line 15: # done']);
    expect(
      changes(flow, `${edited('SET Total TO 0\n', '').replace('# done\n', '# done\nSET Total TO 0\n')}`),
    ).toEqual(['> Main line 3 → Main line 15: SET Total TO 0']);
  });

  it('says a row that is in another block has moved, and a block with its rows once', () => {
    const outside = edited('        SET Total TO Total + 1\n', '').replace(
      '# done\n',
      'SET Total TO Total + 1\n# done\n',
    );
    expect(changes(flow, outside)).toEqual(['> Main line 10 → Main line 14: SET Total TO Total + 1']);
    const wrapped = edited('LOOP FOREACH', 'IF Ready THEN\nLOOP FOREACH').replace(
      '# done\n',
      'END\n# done\n',
    );
    expect(changes(flow, wrapped)).toEqual([
      '+ Main line 4: IF Ready THEN',
      '> Main line 4 → Main line 5: LOOP FOREACH File IN Files',
    ]);
    const block = flow.slice(flow.indexOf('LOOP'), flow.indexOf('# done'));
    expect(changes(flow, edited(block, '').replace('DISABLE WAIT 1\n', `DISABLE WAIT 1\n${block}`))).toEqual([
      '> Main line 15 → Main line 4: # done and 1 more',
    ]);
    // Only the row moved: the ends of the blocks are what tells.
    expect(
      changes('IF A THEN\nSET B TO 1\nSET C TO 1\nEND\n', 'IF A THEN\nSET B TO 1\nEND\nSET C TO 1\n'),
    ).toEqual(['> Main line 3 → Main line 4: SET C TO 1']);
  });

  it('follows rows into a new subflow, and a subflow to its new name', () => {
    const extracted = edited('        CALL Report\n', '        CALL Missing\n')
      .replace('    SET Lines TO []\n', '')
      .replace(
        'END FUNCTION\n',
        'END FUNCTION\nFUNCTION Missing GLOBAL\n    SET Lines TO []\n    CALL Report\nEND FUNCTION\n',
      );
    expect(changes(flow, extracted)).toEqual([
      '+ subflow Missing (2 rows)',
      '+ Main line 12: CALL Missing',
      '> Report line 18 → Missing line 22: SET Lines TO []',
      '> Main line 12 → Missing line 23: CALL Report',
    ]);
    expect(changes(flow, edited('Report', 'Tell'))).toEqual([
      '~ subflow Report → Tell',
      '~ Main line 12: CALL Report → CALL Tell',
      '- Report line 20: SET Reported TO True',
      '+ Tell line 20: SET Telled TO True',
    ]);
    expect(changes(flow, flow.slice(0, flow.indexOf('FUNCTION')))).toEqual(['- subflow Report (3 rows)']);
  });

  it('is nothing between equal flows in which two subflows have one name by mistake', () => {
    const twice = `${flow}FUNCTION report GLOBAL\n    WAIT 1\n    WAIT 2\nEND FUNCTION\n`;
    expect(changes(twice, twice)).toEqual([]);
    expect(changes(flow, twice)).toEqual([expect.stringContaining('subflow report')]);
  });

  it('compares the head: inputs, outputs, what is sensitive; a secret default is not shown', () => {
    const declared =
      "@INPUT Folder : { 'Description': '', 'FriendlyName': 'Folder', 'Type': 'String', 'IsOptional': False, 'DefaultValue': 'in' }\n";
    expect(changes(flow, edited("'DefaultValue': 'in'", "'DefaultValue': 'out'"))).toEqual([
      '~ input Folder: default: "in" → "out"',
    ]);
    expect(
      changes(flow, edited('@SENSITIVE: [Token]', '@SENSITIVE: [Folder]').replace("'in'", "'out'")),
    ).toEqual(['~ input Folder: sensitive: no → yes, default: •••• → ••••', '- sensitive token']);
    expect(changes(flow, edited(declared, declared.replace('@INPUT Folder', '@OUTPUT Result')))).toEqual([
      '- input Folder',
      '+ output Result',
    ]);
  });

  it('is nothing between a flow and itself, and the same both ways round for any rows', () => {
    const row = fc.constantFrom(
      'SET A TO 1',
      'SET A TO 2',
      'WAIT 1',
      'IF A THEN',
      'ELSE',
      'END',
      'ON ERROR',
      'CALL S',
      '# c',
      'BLOCK',
    );
    const text = fc.array(row, { maxLength: 30 }).map((rows) => rows.join('\n'));
    fc.assert(
      fc.property(text, text, (before, after) => {
        expect(changes(before, before)).toEqual([]);
        const count = (all: string[], mark: string) => all.filter((line) => line.startsWith(mark)).length;
        const there = changes(before, after);
        const back = changes(after, before);
        // What is added one way is removed the other way, in number of rows.
        expect(count(there, '+') - count(there, '-')).toBe(count(back, '-') - count(back, '+'));
      }),
    );
  });

  it('takes a moment for 20,000 rows, also when nothing is where it was', () => {
    const rows = Array.from({ length: 20_000 }, (_, index) => `SET V${index % 997} TO ${index % 13}`);
    const before = parse(rows.join('\n'));
    const after = parse(rows.map((row, index) => (index % 97 === 0 ? `SET N TO ${index}` : row)).join('\n'));
    const reversed = parse(rows.toReversed().join('\n'));
    const start = performance.now();
    // 206 of the 207 new rows stand for another that is gone.
    expect(diffFlows(before, after)).toHaveLength(414);
    diffFlows(before, reversed);
    expect(performance.now() - start).toBeLessThan(3_000);
  });
});

describe('matching in order', () => {
  it('matches equal items only, increasing on both sides', () => {
    const list = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 40 });
    fc.assert(
      fc.property(list, list, (before, after) => {
        const matched = [...matchInOrder(before, after)];
        const used = matched.filter((index) => index >= 0);
        expect(used).toEqual([...used].sort((a, b) => a - b));
        expect(new Set(used).size).toBe(used.length);
        for (const [index, other] of matched.entries())
          if (other >= 0) expect(after[other]).toBe(before[index]);
      }),
    );
  });
});

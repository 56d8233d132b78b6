// Folding ranges of every kind of statement, of regions, comments and the attachment.
import { describe, expect, test } from 'vitest';
import { foldingRangesOf } from '../../../src/server/features/folding.ts';
import { analysed } from '../marked.ts';

/** Each range as its first and last line, with its kind. */
function folds(...lines: string[]): string[] {
  return foldingRangesOf(analysed(lines.join('\n'))).map(
    ({ startLine, endLine, kind }) => `${startLine}-${endLine}${kind === undefined ? '' : ` ${kind}`}`,
  );
}

describe('folding', () => {
  test('takes the head in one piece', () => {
    expect(folds("@@Type: 'Local'", "IMPORT 'a' AS b", '@SENSITIVE: []', 'SET A TO 1')).toEqual([
      '0-2 imports',
    ]);
  });

  test('leaves the line that closes a block visible', () => {
    expect(
      folds(
        'FUNCTION f GLOBAL',
        '  IF A THEN',
        '    CALL a',
        '  ELSE',
        '    CALL b',
        '  END',
        '  SWITCH A',
        '    CASE = 1',
        '      CALL a',
        '  END',
        'END FUNCTION',
      ),
    ).toEqual(['0-9', '1-2', '3-4', '7-8']);
  });

  test('folds the rules for errors, of an action, a condition and a block', () => {
    expect(folds('CALL a', 'ON ERROR', '  CALL b', 'END')).toEqual(['1-2']);
    expect(folds('IF (A.B C: 1) THEN', 'ON ERROR', '  CALL b', 'END', '  CALL c', 'END')).toEqual([
      '0-4',
      '1-2',
    ]);
    expect(folds('WAIT (A.B C: 1)', 'ON ERROR X', '  CALL b', 'END')).toEqual(['1-2']);
    expect(folds('BLOCK', 'ON BLOCK ERROR', '  CALL b', 'END', '  CALL c', 'END')).toEqual(['0-4', '1-2']);
  });

  test('folds regions, comments, long texts and the attachment', () => {
    expect(
      folds(
        '**REGION a',
        '# one',
        '# two',
        '/# three',
        'four #/',
        "SET A TO $'''x",
        'y',
        "'''",
        '**ENDREGION',
        '# [ControlRepository]',
        '{',
        '}',
      ),
    ).toEqual(['0-8 region', '1-2 comment', '3-4 comment', '5-6', '9-11']);
    expect(folds('# alone', 'CALL a', '# alone', '**ENDREGION')).toEqual([]);
  });
});

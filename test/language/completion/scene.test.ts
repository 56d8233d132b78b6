// The statements around a line that is being typed.
import { describe, expect, it } from 'vitest';
import { LineIndex } from '../../../src/base/text.ts';
import { sceneAt } from '../../../src/language/completion/scene.ts';
import { parse } from '../../../src/language/syntax/parser.ts';
import { unmarked } from '../../server/marked.ts';

function scene(source: string) {
  const { text, caret } = unmarked(source);
  const lines = new LineIndex(text);
  const { line } = lines.position(caret);
  const found = sceneAt(parse(text), lines.offset({ line, character: 0 }), line);
  return {
    subflow: found.subflow?.name.text,
    around: found.around.map(({ statement, part }) => `${statement.kind} ${part}`),
    above: found.above?.kind,
    inLoop: found.inLoop,
    rules: found.rules,
    ruled: found.ruled === undefined ? undefined : (found.ruled.action?.id ?? 'CALL'),
    head: found.head,
  };
}

describe('the scene of a line', () => {
  it.each([
    ['the top', 'SET A TO 1\n<|>', []],
    ['an IF', 'IF A THEN\n<|>\nEND', ['If body']],
    ['an ELSE', 'IF A THEN\nELSE\n<|>\nEND', ['If else']],
    ['an IF without its END', 'IF A THEN\n<|>', ['If body']],
    ['behind an END', 'IF A THEN\nEND\n<|>', []],
    ['a SWITCH before its first CASE', 'SWITCH A\n<|>\nCASE = 1\nEND', ['Switch start']],
    ['a CASE', 'SWITCH A\nCASE = 1\n<|>\nEND', ['Switch body']],
    ['a DEFAULT', 'SWITCH A\nDEFAULT\n<|>\nEND', ['Switch default']],
    [
      'a loop in an IF',
      'IF A THEN\nLOOP FOREACH x IN A\nSET B TO 1\n<|>\nEND\nEND',
      ['If body', 'ForEach body'],
    ],
    ['a BLOCK before its handlers', 'BLOCK a\n<|>\nON BLOCK ERROR\nEND\nEND', ['Block start']],
    ['a handler', 'BLOCK a\nON BLOCK ERROR\n<|>\nEND\nEND', ['Block handler']],
    [
      'the first of two handlers',
      'BLOCK a\nON BLOCK ERROR x\n<|>\nON BLOCK ERROR\nEND\nEND',
      ['Block handler'],
    ],
    [
      'an empty body behind a handler',
      'BLOCK a\nON BLOCK ERROR\nSET A TO 1\nEND\n\n<|>\nEND',
      ['Block body'],
    ],
    ['a body behind a handler', 'BLOCK a\nON BLOCK ERROR\nEND\nSET A TO 1\n<|>\nEND', ['Block body']],
    ['rules of an action', 'File.Delete Files: x\nON ERROR\n<|>\nEND', ['Action handler']],
    ['rules of a condition', 'IF (File.IfFile.Exists File: x) THEN\nON ERROR\n<|>\nEND\nEND', ['If handler']],
    [
      'behind the rules of a condition',
      'IF (File.IfFile.Exists File: x) THEN\nON ERROR\nEND\n<|>\nEND',
      ['If body'],
    ],
  ])('%s', (_, source, around) => {
    expect(scene(source).around).toEqual(around);
  });

  it('knows the subflow, also while its END FUNCTION is missing', () => {
    expect(scene('SET A TO 1\nFUNCTION F GLOBAL\n<|>\nEND FUNCTION').subflow).toBe('F');
    expect(scene('FUNCTION F GLOBAL\n<|>').subflow).toBe('F');
    expect(scene('FUNCTION F GLOBAL\nEND FUNCTION\n<|>').subflow).toBeUndefined();
  });

  it.each([
    ['below an action', 'File.Delete Files: x\n<|>', 'File.Delete'],
    ['on the ON ERROR line itself', 'File.Delete Files: x\nON ERROR <|>\nEND', 'File.Delete'],
    ['in rules, for the next clause', 'File.Delete Files: x\nON ERROR\n<|>\nEND', 'File.Delete'],
    ['below a CALL', 'CALL a\n<|>', 'CALL'],
    ['below an IF with an action', 'IF (File.IfFile.Exists File: x) THEN\n<|>\nEND', 'File.IfFile.Exists'],
    ['below a WAIT', 'WAIT (File.WaitForFile.Created File: x)\n<|>', 'File.WaitForFile.Created'],
    ['below finished rules', 'File.Delete Files: x\nON ERROR\nEND\n<|>', undefined],
    ['below a SET', 'SET A TO 1\n<|>', undefined],
    ['behind an IF', 'IF (File.IfFile.Exists File: x) THEN\nEND\n<|>', undefined],
    ['in a handler of a block', 'BLOCK a\nON BLOCK ERROR\n<|>\nEND\nEND', undefined],
  ])('knows what an ON ERROR would belong to: %s', (_, source, ruled) => {
    expect(scene(source).ruled).toBe(ruled);
  });

  it('knows loops, rules and the head', () => {
    expect(scene('LOOP FROM 1 TO 2\nIF A THEN\n<|>\nEND\nEND')).toMatchObject({
      inLoop: true,
      rules: undefined,
    });
    expect(scene('LOOP FROM 1 TO 2\nEND\n<|>').inLoop).toBe(false);
    expect(scene('BLOCK a\nON BLOCK ERROR\n<|>\nEND\nEND').rules).toBe('block');
    expect(scene('File.Delete Files: x\nON ERROR\n<|>\nEND').rules).toBe('action');
    expect(scene('@SENSITIVE: []\n<|>').head).toBe(true);
    expect(scene('SET A TO 1\n<|>').head).toBe(false);
  });
});

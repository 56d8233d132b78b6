// The actions of tests: known in files of tests, unknown everywhere else; and what else is different in files of tests.
import { describe, expect, it } from 'vitest';
import { FlowModel } from '../../../src/language/analysis/model.ts';
import { noSurroundings } from '../../../src/language/analysis/surroundings.ts';
import { isTestFile, testsOf } from '../../../src/language/analysis/tests.ts';
import { actionIds, findAction, isImplemented } from '../../../src/language/catalog/catalog.ts';
import { testActions } from '../../../src/language/catalog/testActions.ts';
import { check } from '../../../src/language/checks/check.ts';
import { parse } from '../../../src/language/syntax/parser.ts';

const text = `FUNCTION 'adds up' GLOBAL
    Test.RunFlow FlowPath: $'''f.robin''' @Name: 1 @Sum=> Sum
    Test.ExpectEqual Actual: Sum Expected: 2
END FUNCTION
FUNCTION Other GLOBAL
    CALL Shared
END FUNCTION
FUNCTION Shared
    Test.Fail Message: $'''no'''
END FUNCTION
`;
const codes = (flow: string, isTest: boolean) =>
  check(new FlowModel(parse(flow), { ...noSurroundings, isTest })).map(({ code, start, end }) =>
    [code, flow.slice(start, end)].join(' '),
  );

describe('actions of tests', () => {
  it('are known in files of tests only', () => {
    expect(codes(text, true)).toEqual([]);
    expect(codes(text, false).filter((code) => code.startsWith('ActionUnknown'))).toEqual([
      'ActionUnknown Test.RunFlow',
      'ActionUnknown Test.ExpectEqual',
      'ActionUnknown Test.Fail',
    ]);
  });

  it('are said to belong there; an edit of the place does not change that', () => {
    const file = parse('Test.Fail Message: 1\n');
    const messages = (isTest: boolean) =>
      check(new FlowModel(file, { ...noSurroundings, isTest })).map(({ message }) => message);
    expect(messages(false)).toEqual(['“Test.Fail” is for tests: only files named *.test.robin know it.']);
    expect(messages(true)).toEqual([]);
    expect(messages(false)).toHaveLength(1);
  });

  it('are checked like others: names, what must be given, and what was probably meant', () => {
    const one = (row: string) => codes(`FUNCTION a GLOBAL\n${row}\nEND FUNCTION\n`, true);
    expect(one('Test.ExpectEqual Actual: 1 Expcted: 2')).toEqual([
      'ArgumentMissing Test.ExpectEqual',
      'ArgumentUnknown Expcted',
    ]);
    expect(one('Test.ExpectSame A: 1')).toEqual(['ActionUnknown Test.ExpectSame']);
    expect(
      check(new FlowModel(parse('Test.ExpectEqal A: 1'), { ...noSurroundings, isTest: true }))[0]?.suggestion,
    ).toBe('Test.ExpectEqual');
    expect(one("Test.MockAction ActionId: $'''Email.Send''' @Anything: 1")).toEqual([]);
    expect(one('IF (Test.Fail Message: 1) THEN\nEND')).toContain('ActionMisplaced Test.Fail');
  });

  it('are described like others, and in no list of what flows may use', () => {
    for (const { id, description, arguments: args } of testActions) {
      expect(findAction(id.toUpperCase())?.definition.id).toBe(id);
      expect(isImplemented(id)).toBe(true);
      expect(description).toMatch(/^[A-Z].*[^.]$/);
      for (const { name, label, required, defaultValue } of args)
        expect([name, label.length > 2, required === (defaultValue === undefined)]).toEqual([
          name,
          true,
          true,
        ]);
    }
    expect(actionIds().filter((id) => id.startsWith('Test.'))).toEqual([]);
  });
});

describe('files of tests', () => {
  it('are known by their name', () => {
    expect(['a.test.robin', 'C:\\x\\A.Test.PAD', '/a b/c.test.robin'].every(isTestFile)).toBe(true);
    expect(['a.robin', 'test.robin', 'a.test.robin.bak', 'a-test.robin'].some(isTestFile)).toBe(false);
  });

  it('have their global subflows as tests', () => {
    expect(testsOf(parse(text))).toEqual([
      { name: 'adds up', line: 0, endLine: 3 },
      { name: 'Other', line: 4, endLine: 6 },
    ]);
    expect(testsOf(parse('FUNCTION open GLOBAL\nSET a TO 1'))).toEqual([
      { name: 'open', line: 0, endLine: 1 },
    ]);
    expect(testsOf(parse('FUNCTION GLOBAL\nEND FUNCTION'))).toEqual([]);
  });

  it('are whole: a variable that nothing sets is an error; no subflow has to be called by Main', () => {
    expect(codes('FUNCTION a GLOBAL\nTest.ExpectTrue Condition: Missing\nEND FUNCTION\n', true)).toEqual([
      'VariableUnknown Missing',
    ]);
    const main = `SET Base TO 1\nFUNCTION a GLOBAL\nTest.ExpectTrue Condition: Base = 1\nEND FUNCTION\nFUNCTION b\nEND FUNCTION\n`;
    expect(codes(main, true)).toEqual(['UnusedSubflow b']);
    expect(codes(main.replaceAll('Test.ExpectTrue Condition: Base = 1', 'SET c TO Base'), false)).toContain(
      'UnusedSubflow a',
    );
  });
});

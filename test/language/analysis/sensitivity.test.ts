// What follows from a secret is a secret, with the way it came.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sensitivity } from '../../../src/language/analysis/sensitivity.ts';
import { parse } from '../../../src/language/syntax/parser.ts';

const sensitiveNames = (text: string, subflow?: string) =>
  [...sensitivity(parse(text)).names(subflow)].sort();

describe('a secret spreads through', () => {
  test.each<[what: string, statements: string, names: readonly string[]]>([
    ['nothing', 'SET A TO 1', []],
    ['assignments, whatever their order', 'SET C TO B\nSET B TO SECRET', ['b', 'c']],
    ['a text', "SET A TO $'''Bearer %Secret%'''", ['a']],
    ['a property, an index, an operator and a function', 'SET A TO NOT IsEmpty([1, -Secret.Length])', ['a']],
    ['a part of a list or object', "SET Config['key'] TO Secret", ['config']],
    ['an index', 'SET A[Secret] TO 1', ['a']],
    ['the outputs of an action', 'Text.ToUpper Text: 1 Extra: Secret Result=> A Other=> B', ['a', 'b']],
    ['a list changed in place', 'Variables.AddItemToList Item: Secret List: L', ['l']],
    ['an action as condition', 'IF (Some.Check Value: Secret Result=> A) THEN\nEND', ['a']],
    [
      'a wait and a loop condition',
      'WAIT (A.B C: Secret D=> W) FOR 1\nLOOP WHILE (A.B C: W D=> V)\nEND',
      ['v', 'w'],
    ],
    ['the item of a loop', 'LOOP FOREACH Item IN Secret\n    SET A TO Item\nEND', ['a', 'item']],
    ['the index of a loop', 'LOOP i FROM 1 TO Secret.Length STEP 1\nEND', ['i']],
    ['error rules', 'Text.Trim Text: 1 Result=> A\nON ERROR\n    SET B TO Secret\nEND', ['b']],
    [
      'blocks, branches and cases',
      'BLOCK X\nON BLOCK ERROR\nEND\nSWITCH 1\n    CASE = 1\n        IF 1 = 1 THEN\n        ELSE\n            SET A TO Secret\n        END\nEND\nEND',
      ['a'],
    ],
    ['Power Fx', "SET A TO $fx'=Upper(Secret)'", ['a']],
    ['nothing by way of an error', 'SET A TO Secret\nERROR => E\nSET F TO E.Message', ['a']],
    ['nothing in a disabled row', 'DISABLE SET A TO Secret', []],
    ['nothing that merely stands beside it', 'SET A TO Secret\nSET B TO Secrets', ['a']],
    ['nothing through an enum member', 'SET A TO Text.CaseOption.UpperCase', []],
  ])('%s', (_, statements, names) => {
    expect(sensitiveNames(`@SENSITIVE: [Secret]\n${statements}\n`)).toEqual([...names, 'secret'].sort());
  });
});

describe('a secret begins at', () => {
  test.each<[what: string, text: string, names: readonly string[]]>([
    ['the declaration', '@SENSITIVE: [A, B]\n', ['a', 'b']],
    ['an encrypted text', "SET A TO P'AQAA='\nSET B TO A", ['a', 'b']],
    [
      'a password dialog, but not its button',
      "Display.InputDialog Title: 'x' InputType: Display.InputType.Password UserInput=> A ButtonPressed=> B",
      ['a'],
    ],
    ['a password store', "Cyberark.GetPassword.GetPassword Safe: 'x' PlainTextPassword=> A", ['a']],
    [
      'no ordinary dialog',
      "Display.InputDialog Title: 'x' InputType: Display.InputType.SingleLine UserInput=> A",
      [],
    ],
  ])('%s', (_, text, names) => {
    expect(sensitiveNames(text)).toEqual(names);
  });
});

describe('subflows', () => {
  const text = `@SENSITIVE: [Token]
SET Public TO 1
CALL Global
CALL Local Text: Token Length=> Size Other=> Count
CALL Missing Text: Token Out=> Unknown
FUNCTION Global GLOBAL
    SET Shared TO Token
END FUNCTION
FUNCTION Local Text, Public, OUTPUT Length
@SENSITIVE: [Own]
    SET Length TO Text.Length
    SET Other TO 1
    SET Token TO 1
    SET GLOBAL.FromLocal TO Own
    SET Here TO GLOBAL.Token
END FUNCTION
`;
  const found = sensitivity(parse(text));

  test('global ones share the variables of Main', () => {
    expect([...found.names()].sort()).toEqual(['fromlocal', 'shared', 'size', 'token', 'unknown']);
    expect(found.names('Global')).toEqual(found.names());
    expect(found.names('main')).toEqual(found.names());
  });

  test('local ones have their own, connected by arguments, outputs and GLOBAL', () => {
    expect([...found.names('LOCAL')].sort()).toEqual(['here', 'length', 'own', 'text']);
  });

  test('the reason is a path of lines back to the origin', () => {
    expect(found.why('SIZE')).toEqual([
      'line 4: CALL Local',
      'line 11: SET Length',
      'line 4: CALL Local',
      'Token is declared sensitive',
    ]);
    expect(found.why('FromLocal')).toEqual(['line 14: SET FromLocal', 'Own is declared sensitive']);
    expect(found.why('Public')).toBeUndefined();
    expect(found.why('token', 'Local')).toBeUndefined();
  });
});

test('along any chain of assignments, in any order, exactly what comes after the secret is sensitive', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 30 }),
      fc.nat(),
      fc.infiniteStream(fc.nat()),
      (length, at, random) => {
        const secret = at % length;
        const lines = Array.from({ length: length - 1 }, (_, i) => `SET V${i + 1}x TO V${i}x + 1`);
        const shuffled = lines
          .map((line) => [random.next().value as number, line] as const)
          .sort(([a], [b]) => a - b)
          .map(([, line]) => line);
        const names = sensitivity(parse(`@SENSITIVE: [V${secret}x]\n${shuffled.join('\n')}\n`)).names();
        expect([...names].sort()).toEqual(
          Array.from({ length: length - secret }, (_, i) => `v${secret + i}x`).sort(),
        );
      },
    ),
  );
});

test('tells the first steps of a long way and where it began, however many variables ask', () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => `SET V${i + 1} TO V${i}`);
  const secrets = sensitivity(parse(`@SENSITIVE: [V0]\n${lines.join('\n')}\n`));
  const names = [...secrets.names()];
  expect(names).toHaveLength(20_001);
  expect(Math.max(...names.map((name) => secrets.why(name)?.length ?? 0))).toBe(14);
  expect(secrets.why('V20000')?.slice(-2)).toEqual(['… 19988 more steps …', 'V0 is declared sensitive']);
  expect(secrets.why('V12')).toHaveLength(13);
  expect(secrets.why('V13')?.slice(-2)).toEqual(['line 2: SET V1', 'V0 is declared sensitive']);
});

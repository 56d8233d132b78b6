// No secret leaves a run: whatever a flow does with a sensitive value, everything that can be observed of the run is the same for two
// secrets of the same shape. The alphabets of the secrets and of the flows are kept apart: masking by value would otherwise show that a
// word of the flow is also a part of the secret (docs/decisions/0011-taint.md).
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { check } from '../../src/language/checks/check.ts';
import { isBlocking } from '../../src/language/diagnostics.ts';
import { parse } from '../../src/language/syntax/parser.ts';
import type { HostValue } from '../../src/runtime/host.ts';
import { createRun } from '../../src/runtime/run.ts';
import { FakeHost } from '../fakes/host.ts';

interface Secrets {
  readonly Password: string;
  readonly Pin: number;
  readonly Word: string;
}

/** Everything that leaves a run. */
async function observed(text: string, secrets: Secrets): Promise<string> {
  const records: unknown[] = [];
  const host = new FakeHost({
    answers: Array.from({ length: 200 }, () => (question) => ({
      button: 'OK',
      values: question.options?.slice(0, 1) ?? [],
    })),
  });
  const run = createRun({
    flow: parse(text),
    name: 'secrets',
    folder: '/no/such/folder',
    inputs: secrets as unknown as Readonly<Record<string, HostValue>>,
    host,
    observer: { actionEnded: ({ ms: _, at: __, ...record }) => records.push(record) },
  });
  const outcome = await run.start();
  const lines = run.changedLines().map(({ ms: _, ...line }) => line);
  return JSON.stringify(
    { outcome, records, lines, asked: host.asked, logged: host.logged, at: run.position() },
    null,
    1,
  );
}

const input = (name: string, type: string) =>
  `@INPUT ${name} : { 'Description': '', 'FriendlyName': '${name}', 'Type': '${type}', 'IsOptional': False }`;
const variables = ['a', 'b', 'c', 'd'] as const;
const head = [
  "@@ConnectionString: ''",
  '@SENSITIVE: [Password, Pin, Word]',
  input('Password', 'String'),
  input('Pin', 'Numeric'),
  input('Word', 'String'),
  ...[...variables, 'shown', 'told'].map(
    (name) => `@OUTPUT ${name} : { 'Description': '', 'FriendlyName': '${name}', 'Type': 'String' }`,
  ),
];

// ── Random flows ────────────────────────────────────────────────────────────────────────────────────────────────

const variable = fc.constantFrom(...variables);
const source = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('Password', 'Pin', 'Word') },
  { weight: 3, arbitrary: variable },
  { weight: 1, arbitrary: fc.constantFrom("'plain'", '42', 'True', '[]') },
);
const expression: fc.Arbitrary<string> = fc.oneof(
  source,
  source.map((name) => `${name} + 'x'`),
  source.map((name) => `[${name}, 'x', [${name}]]`),
  source.map((name) => `{ 'k': ${name} }`),
  // The secret as the name of a property.
  fc.constantFrom('Password', 'Word', 'a').map((name) => `{ ${name}: 1 }`),
  source.map((name) => `{ ^['H'], [${name}] }`),
  fc.constantFrom('Password', 'Word').map((name) => `{ ^[${name}], [1] }`),
  fc.constantFrom('Password.ToUpper', 'Password.Length', 'Word.Trimmed', 'Word.IsEmpty', 'Password.ToLower'),
  fc.constantFrom('Pin * 2', 'Pin / 7', '-Pin', 'Pin MOD 10', 'Pin > 5000', "Contains(Password, 'a', True)"),
  fc
    .tuple(source, source)
    .map(([x, y]) => `$'''%${x.replace(/^'|'$/g, '')}% and %${y.replace(/^'|'$/g, '')}%'''`)
    .filter((text) => !/%(plain|42)%/.test(text)),
  variable.map((name) => `${name}[0]`),
  variable.map((name) => `${name}['k']`),
  fc.constantFrom(
    "$fx'=Upper(Password)'",
    '$fx\'=Len(Word) & "!"\'',
    `$fx'it is $\{Left(Password, 3)}'`,
    "$fx'=Pin + 1'",
  ),
);
const option = 'Text.TrimOption.Both';
const made: fc.Arbitrary<string[]> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(variable, expression).map(([name, value]) => [`SET ${name} TO ${value}`]),
  },
  fc
    .tuple(expression, variable)
    .map(([value, name]) => [`Text.Trim Text: ${value} TrimOption: ${option} TrimmedText=> ${name}`]),
  fc
    .tuple(expression, variable)
    .map(([value, name]) => [`Text.Reverse Text: ${value} ReversedText=> ${name}`]),
  fc
    .tuple(expression, variable)
    .map(([value, name]) => [
      `Text.GetSubtext.GetSubtext Text: ${value} CharacterPosition: 1 NumberOfChars: 2 Subtext=> ${name}`,
    ]),
  fc
    .tuple(expression, variable)
    .map(([value, name]) => [
      `Text.SplitText.SplitAtNumberOfCharacters Text: ${value} SplitInterval: 2 Result=> ${name}`,
    ]),
  fc
    .tuple(expression, variable)
    .map(([value, name]) => [
      `Text.ToNumber Text: ${value} Number=> ${name}`,
      'ON ERROR',
      '    CALL Tell',
      'END',
    ]),
  fc
    .tuple(expression, variable)
    .map(([value, name]) => [`Variables.AddItemToList Item: ${value} List: ${name}`]),
  fc
    .tuple(expression, variable)
    .map(([value, name]) => [`Variables.ConvertCustomObjectToJson CustomObject: ${value} Json=> ${name}`]),
  fc.tuple(expression, variable).map(([value, name]) => [`CALL Own given: ${value} made=> ${name}`]),
  fc
    .tuple(variable, expression)
    .map(([name, value]) => [`LOOP FOREACH item IN ${name}`, `    SET item['H'] TO ${value}`, 'END']),
  // A table nothing sensitive is stored in, but through its rows.
  expression.map((value) => [
    "SET plain TO { ^['H'], ['x'] }",
    'LOOP FOREACH row IN plain',
    `    SET row['H'] TO ${value}`,
    'END',
    'Logging.LogMessage Message: plain LogLevel: Logging.LogLevel.InfoLevel',
  ]),
);
const told: fc.Arbitrary<string[]> = fc.oneof(
  {
    weight: 3,
    arbitrary: expression.map((value) => [
      `Logging.LogMessage Message: ${value} LogLevel: Logging.LogLevel.InfoLevel`,
    ]),
  },
  source
    .filter((name) => /^[A-Za-z]+$/.test(name))
    .map((name) => [
      `Logging.LogMessage Message: $'''It is %${name}%!''' LogLevel: Logging.LogLevel.InfoLevel`,
    ]),
  expression.map((value) => [
    `Display.ShowMessageDialog.ShowMessage Title: 'T' Message: ${value} Icon: Display.Icon.None Buttons: Display.Buttons.OK DefaultButton: Display.DefaultButton.Button1 IsTopMost: False ButtonPressed=> pressed`,
  ]),
  fc
    .tuple(expression, expression)
    .map(([x, y]) => [
      `SET L TO [${x}, ${y}]`,
      "Display.SelectFromListDialog.SelectFromList Title: '' Message: '' List: L IsTopMost: False AllowEmpty: False SelectedItem=> chosen SelectedIndex=> index",
      'SET shown TO chosen',
    ]),
  expression.map((value) => [
    `File.ReadTextFromFile.ReadText File: ${value} Encoding: File.TextFileEncoding.UTF8 Content=> content`,
    'ON ERROR',
    '    CALL Tell',
    'END',
  ]),
  expression.map((value) => [`SET other TO ${value} * 2 - 'x'`]),
  fc
    .tuple(expression, expression)
    .map(([code, message]) => [
      `FlowControl.ThrowCustomError CustomErrorCode: ${code} CustomErrorMessage: ${message}`,
    ]),
  variable.map((name) => [
    `LOOP FOREACH item IN ${name}`,
    '    Logging.LogMessage Message: item LogLevel: Logging.LogLevel.InfoLevel',
    'END',
  ]),
  variable.map((name) => [`SET shown TO ${name}`]),
  expression.map((value) => [`EXIT Code: 1 ErrorMessage: ${value}`]),
  expression.map((value) => [`EXIT Code: ${value}`]),
);
/** Most errors are handled, so that one does not hide what comes behind it; and what is said of them is told. */
const guarded = (lines: readonly string[], handled: boolean): string[] =>
  handled
    ? ['BLOCK', 'ON BLOCK ERROR all', '    CALL Tell', 'END', ...lines.map((line) => `    ${line}`), 'END']
    : [...lines];

/** Rows that are never reached, so that no variable is without value or of one type for the checks. */
const assigned = [
  'IF 1 = 2 THEN',
  '    SET O TO {{ }}',
  ...variables.map((name) => `    SET ${name} TO O['x']`),
  'END',
  ...variables.map((name) => `SET ${name} TO [Word]`),
];

const flowText: fc.Arbitrary<string> = fc
  .array(fc.tuple(fc.oneof(made, told), fc.integer({ min: 0, max: 9 })), { minLength: 1, maxLength: 12 })
  .map((statements) =>
    [
      ...head,
      ...assigned,
      ...statements.flatMap(([lines, chance]) => guarded(lines, chance > 0)),
      'FUNCTION Tell GLOBAL',
      '    ERROR => e',
      '    Logging.LogMessage Message: e.Message LogLevel: Logging.LogLevel.InfoLevel',
      "    SET told TO $'''%e.ErrorDetails% %e.Location%'''",
      'END FUNCTION',
      'FUNCTION Own given, OUTPUT made',
      "    Logging.LogMessage Message: $'''given %given%''' LogLevel: Logging.LogLevel.InfoLevel",
      '    SET made TO given',
      'END FUNCTION',
      '',
    ].join('\n'),
  );

/** Letters no flow above is written with, in two cases; digits for the number. */
const shape = fc
  .tuple(
    fc.array(fc.constantFrom('l', 'u'), { minLength: 6, maxLength: 6 }),
    fc.array(fc.constantFrom('l', 'u', ' ', '-'), { maxLength: 84 }),
  )
  .map(([word, rest]) => [...word, ...rest]);
const secretPair: fc.Arbitrary<readonly [Secrets, Secrets]> = fc
  .tuple(
    shape,
    fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { minLength: 90, maxLength: 90 }),
    fc.integer({ min: 1, max: 6 }),
    fc.tuple(fc.integer({ min: 6001, max: 6999 }), fc.integer({ min: 6001, max: 6999 })),
  )
  .map(([parts, picks, length, pins]) => {
    const word = (which: 0 | 1, count: number) =>
      parts
        .slice(0, count)
        .map(
          (part, i) =>
            (part === 'l' ? 'αβγδεζηθ' : part === 'u' ? 'ΚΛΜΝΞΠΡΣ' : part.repeat(8))[
              (picks[i] as readonly [number, number])[which]
            ],
        )
        .join('');
    // Blanks at the ends would be trimmed: the shapes must stay the same. A short secret is not searched for in texts.
    const make = (which: 0 | 1): Secrets => ({
      Password: `ω${word(which, 90)}ω`,
      Pin: pins[which] * 2 + 1,
      Word: word(which, length),
    });
    return [make(0), make(1)] as const;
  })
  .filter(
    ([one, other]) =>
      (one.Password !== other.Password &&
        one.Pin !== other.Pin &&
        one.Pin % 7 !== 0 &&
        other.Pin % 7 !== 0 &&
        one.Pin % 10 === other.Pin % 10) ||
      false,
  );

const leak = /[α-ωΑ-Ω]/u;

describe('two secrets of one shape cannot be told apart', () => {
  it('whatever a flow does with them', async () => {
    let ended = 0;
    await fc.assert(
      fc.asyncProperty(flowText, secretPair, async (text, [one, other]) => {
        if (check(parse(text), { blockingOnly: true }).some(isBlocking)) return;
        ended++;
        const seen = await observed(text, one);
        expect(seen).toBe(await observed(text, other));
        expect(seen).not.toMatch(leak);
        expect(seen).not.toContain(String(one.Pin));
      }),
      { numRuns: 200 },
    );
    expect(ended).toBeGreaterThan(120);
  });
});

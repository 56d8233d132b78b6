// Power Fx: each formula of formulas.json gives its value, or fails with the code behind `!`; what is outside of docs/power-fx.md is refused.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flowInfo } from '../../../src/language/analysis/flow.ts';
import { check } from '../../../src/language/checks/check.ts';
import { powerFxFunctions } from '../../../src/language/powerFx/functions.ts';
import { PowerFxSyntaxError, parsePowerFx } from '../../../src/language/powerFx/parser.ts';
import { parse } from '../../../src/language/syntax/parser.ts';
import { toText } from '../../../src/runtime/convert.ts';
import { LogicError } from '../../../src/runtime/errors.ts';
import { evaluatePowerFx } from '../../../src/runtime/powerFx/evaluate.ts';
import { functions } from '../../../src/runtime/powerFx/functions.ts';
import {
  CustomObject,
  Datatable,
  FlowDatetime,
  FlowDecimal,
  type Value,
} from '../../../src/runtime/values.ts';
import { anyText } from '../../language/robinText.ts';
import { header, World } from '../world.ts';

const person = (name: string, age: number) =>
  new CustomObject([
    ['Name', name],
    ['Age', age],
  ]);
const variables: Readonly<Record<string, Value>> = {
  Name: 'Ada',
  Age: 36,
  'Full Name': 'Ada Lovelace',
  Person: person('Ada', 36),
  Numbers: [3, 1, 2],
  People: [person('Ada', 36), person('Bob', 40), person('Cem', 50)],
  When: FlowDatetime.of(2026, 1, 31, 14, 5, 9, 250),
  Sheet: new Datatable(
    ['T', 'N'],
    [
      ['x', 1],
      ['y', 2],
    ],
  ),
};
const scope = {
  get: (name: string) => (Object.hasOwn(variables, name) ? variables[name] : undefined),
  now: () => FlowDatetime.of(2026, 5, 4, 3, 2, 1),
};

function plain(value: Value): unknown {
  if (value instanceof FlowDecimal) return toText(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof CustomObject)
    return Object.fromEntries([...value.entries].map(([key, entry]) => [key, plain(entry)]));
  return value;
}

function evaluated(formula: string): unknown {
  try {
    return plain(evaluatePowerFx(parsePowerFx(formula), scope));
  } catch (error) {
    if (error instanceof LogicError) return `!${error.code}`;
    throw error;
  }
}

const formulas = JSON.parse(readFileSync(join(import.meta.dirname, 'formulas.json'), 'utf8')) as [
  string,
  unknown,
][];

it.each(formulas)('%s is %j', (formula, value) => {
  expect(evaluated(formula)).toEqual(value);
});

describe('the subset', () => {
  it('is the same for the check and for the run', () => {
    expect([...functions.keys()].sort()).toEqual(
      [...powerFxFunctions.values()].map(({ name }) => name).sort(),
    );
  });

  it('has an example of each function', () => {
    const shown = new Set(
      formulas.flatMap(([formula]) => [...formula.matchAll(/(\w+)\(/g)].map(([, name]) => name)),
    );
    expect([...functions.keys()].filter((name) => !shown.has(name))).toEqual(['DateTimeValue']);
  });

  it('is what the page lists', () => {
    const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'power-fx.md'), 'utf8');
    const listed = /## Functions\n([\s\S]*?)\n\nNot there/.exec(page)?.[1] ?? '';
    const names = [...listed.replace(/^- \*\*Enumerations.*$/m, '').matchAll(/`(\w+)`/g)].map(
      ([, name]) => name,
    );
    expect(names.sort()).toEqual([...functions.keys()].sort());
  });

  it.each([
    ['=Patch(People, First(People), { Age: 1 })', 'Patch'],
    ['=Rand()', 'Rand'],
    ['=If(true, Collect(Numbers, 4))', 'Collect'],
  ])('%s is refused before the run, by name', (formula, name) => {
    const found = check(parse(`${header([])}SET x TO $fx'${formula}'`));
    expect(found.filter(({ severity }) => severity === 'unsupported').map(({ message }) => message)).toEqual([
      expect.stringContaining(`“${name}”`),
    ]);
  });

  it.each([
    '=1 +',
    '=(1',
    '=1 2',
    '=[1',
    '={a 1}',
    '="a',
    "='a",
    '=a.',
    '=1;2',
    '=a @ b',
    'x ${1',
    '=$"{1"',
    '=#',
    '=~',
    `=${'('.repeat(500)}`,
    `=${'-'.repeat(500)}1`,
  ])('%s is no Power Fx', (formula) => {
    expect(() => parsePowerFx(formula)).toThrow(PowerFxSyntaxError);
  });

  it('any text is read, or refused with a reason', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        try {
          parsePowerFx(`=${text}`);
        } catch (error) {
          expect(error).toBeInstanceOf(PowerFxSyntaxError);
        }
      }),
    );
  });
});

describe('in a flow', () => {
  const run = (lines: string, outputs = ['r']) => new World().run(header(outputs) + lines).start();

  it('a formula sees the variables, and gives typed values', async () => {
    const lines = `SET Price TO $fx'=19.99'
SET Items TO $fx'=[1, 2, 3]'
SET r TO $fx'=Price * CountRows(Items)'
SET s TO $fx'\${CountRows(Items)} items'`;
    expect((await run(lines, ['r', 's'])).outputs).toEqual({ r: 59.97, s: '3 items' });
  });

  it('conditions, loops, arguments and EXIT take formulas', async () => {
    const lines = `SET r TO $fx''
LOOP FOREACH item IN $fx'=Sequence(3)'
    IF $fx'=item > 1' THEN
        SET r TO $fx'=r & item'
    END
END
LOOP i FROM $fx'=1' TO $fx'=2' STEP $fx'=1'
    SET r TO $fx'=r & "i"'
END
Variables.AddItemToList Item: $fx'=1' List: L
EXIT Code: $fx'=0'`;
    expect((await run(lines)).outputs).toEqual({ r: '23ii' });
  });

  it('a value is a copy, a single name the variable itself', async () => {
    const lines = `SET L TO $fx'=[1]'
SET M TO $fx'=L'
Variables.AddItemToList Item: $fx'=2' List: M
SET r TO $fx'=CountRows(L) & CountRows(M)'`;
    expect((await run(lines)).outputs).toEqual({ r: '12' });
  });

  it('an error names the line, and blocks catch it', async () => {
    const { error } = await run("SET a TO $fx'=0'\nSET r TO $fx'=1 / a'");
    expect(error).toMatchObject({ code: 'DivisionByZero', line: 5 });
    const caught = await run(
      "BLOCK\nON BLOCK ERROR all\nSET r TO 'caught'\nEND\nSET a TO $fx'=Error(\"x\")'\nEND",
    );
    expect(caught.outputs).toEqual({ r: 'caught' });
  });

  it('Now is the clock of the host', async () => {
    const { outputs } = await run('SET r TO $fx\'=Text(Now(), "yyyy")\'');
    expect(outputs.r).toMatch(/^\d{4}$/);
  });

  it('a sensitive variable makes the result sensitive', async () => {
    const world = new World();
    const text = `${header(['r'], [], ['Secret'])}SET Secret TO 'hunter22'
SET r TO $fx'=Len(Secret)'
Logging.LogMessage Message: $fx'It has \${Len(Secret)} letters' LogLevel: Logging.LogLevel.InfoLevel`;
    const { outputs } = await world.run(text).start();
    expect(outputs).toEqual({ r: { $type: 'secured' } });
    expect(world.host.logged.map(({ message }) => message)).toEqual(['••••']);
    expect(flowInfo(parse(text)).outputs.map(({ sensitive }) => sensitive)).toEqual([false]);
  });
});

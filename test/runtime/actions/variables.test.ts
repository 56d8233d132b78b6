// The Variables actions on numbers, lists and JSON: arguments → outputs or error. Tables are in datatables.test.ts.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { variablesActions } from '../../../src/runtime/actions/variables.ts';
import {
  CustomObject,
  Datarow,
  Datatable,
  FileValue,
  FlowDatetime,
  FlowDecimal,
  type Value,
} from '../../../src/runtime/values.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';

type Arguments = Readonly<Record<string, Value>>;

const context = contextIn('/flows');
const run = (id: string, given: Arguments) => runAction(variablesActions, `Variables.${id}`, given, context);
const object = (entries: Record<string, Value>) => new CustomObject(Object.entries(entries));
const file = (name: string, Size: number) =>
  new FileValue(
    `/${name}`,
    new Map<string, Value>([
      ['Name', name],
      ['Size', Size],
    ]),
  );

describe('numbers', () => {
  it.each<[id: string, given: Arguments, outputs: Arguments]>([
    ['IncreaseVariable', { Value: 5, IncrementValue: 2 }, { Value: 7, IncreasedValue: 7 }],
    ['IncreaseVariable', { Value: 0.1, IncrementValue: 0.2 }, { Value: 0.3, IncreasedValue: 0.3 }],
    ['IncreaseVariable', { Value: '5', IncrementValue: -6 }, { Value: -1, IncreasedValue: -1 }],
    ['DecreaseVariable', { Value: 5, DecrementValue: 2.5 }, { Value: 2.5 }],
    ['DecreaseVariable', { Value: 0.3, DecrementValue: 0.1 }, { Value: 0.2 }],
    ['TruncateNumber.GetIntegerPart', { Number: 3.99 }, { Result: 3 }],
    ['TruncateNumber.GetIntegerPart', { Number: -3.99 }, { Result: -3 }],
    ['TruncateNumber.GetIntegerPart', { Number: -0.5 }, { Result: 0 }],
    ['TruncateNumber.GetDecimalPart', { Number: 2.14 }, { Result: 0.14 }],
    ['TruncateNumber.GetDecimalPart', { Number: -2.14 }, { Result: -0.14 }],
    ['TruncateNumber.RoundNumber', { Number: 2.34567 }, { Result: 2.346 }],
    ['TruncateNumber.RoundNumber', { Number: 2.5, DecimalPlaces: 0 }, { Result: 3 }],
    ['TruncateNumber.RoundNumber', { Number: -1.005, DecimalPlaces: 2 }, { Result: -1.01 }],
  ])('%s %j → %j', async (id, given, outputs) => {
    expect(await run(id, given)).toEqual({ outputs });
  });

  it('random numbers lie between the bounds, both included, and differ unless they may repeat', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: -1e9, max: 1e9 }),
        fc.nat({ max: 20 }),
        fc.boolean(),
        async (least, span, AllowDuplicates) => {
          const most = least + span;
          const bounds = { MinimumValue: least, MaximumValue: most };
          const one = (await run('GenerateRandomNumber.RandomNumber', bounds)).outputs
            ?.RandomNumber as number;
          const list = (
            await run('GenerateRandomNumber.ListOfRandomNumbers', {
              ...bounds,
              NumbersCount: span + 1,
              AllowDuplicates,
            })
          ).outputs?.RandomNumbers as number[];
          expect(list).toHaveLength(span + 1);
          for (const number of [one, ...list])
            expect(Number.isInteger(number) && number >= least && number <= most).toBe(true);
          if (!AllowDuplicates) expect(new Set(list).size, 'all numbers of the range once').toBe(span + 1);
        },
      ),
    );
  });

  it('both bounds come up', async () => {
    const seen = new Set<unknown>();
    for (let round = 0; round < 200; round++) {
      seen.add(
        (await run('GenerateRandomNumber.RandomNumber', { MinimumValue: 1, MaximumValue: 2 })).outputs
          ?.RandomNumber,
      );
    }
    expect(seen).toEqual(new Set([1, 2]));
  });
});

describe('actions that change a list', () => {
  it.each<[id: string, before: Value[], given: Arguments, after: Value[]]>([
    ['AddItemToList', [1], { Item: 'a' }, [1, 'a']],
    ['AddItemToList', [1], { Item: [2, [3]] }, [1, 2, [3]]],
    ['ClearList', [1, 2], {}, []],
    ['RemoveItemFromList.RemoveItemFromListByIndex', ['a', 'b', 'c'], { ItemIndex: 1 }, ['a', 'c']],
    ['RemoveItemFromList.RemoveItemFromListByValue', ['a', 'b', 'a'], { Item: 'a' }, ['b', 'a']],
    [
      'RemoveItemFromList.RemoveItemFromListByValue',
      ['a', 'b', 'a'],
      { Item: 'a', ItemMatchAllOccurrences: true },
      ['b'],
    ],
    ['RemoveItemFromList.RemoveItemFromListByValue', ['4', '5'], { Item: 5 }, ['4']],
    ['SortList.SortList', [10, 9, 100], {}, [9, 10, 100]],
    ['SortList.SortList', ['pear', 'Apple', 'éclair', 'apple'], {}, ['apple', 'Apple', 'éclair', 'pear']],
    ['SortList.SortList', [true, false], {}, [false, true]],
    [
      'SortList.SortList',
      [new FlowDatetime(2), new FlowDatetime(1)],
      {},
      [new FlowDatetime(1), new FlowDatetime(2)],
    ],
    ['SortList.SortList', [file('b', 1), file('a', 2)], {}, [file('a', 2), file('b', 1)]],
    [
      'SortList.SortListByProperty',
      [file('b', 1), file('a', 2), file('c', 2)],
      { Property1: 'size', SortDirection1: 'Descending', Property2: 'Name', SortDirection2: 'Descending' },
      [file('c', 2), file('a', 2), file('b', 1)],
    ],
    [
      'SortList.SortListByProperty',
      [object({ n: 2 }), object({ n: 1 })],
      { Property1: 'n' },
      [object({ n: 1 }), object({ n: 2 })],
    ],
    ['SortList.SortListByProperty', ['ccc', 'a', 'bb'], { Property1: 'Length' }, ['a', 'bb', 'ccc']],
    ['ReverseList', [1, 2, 3], {}, [3, 2, 1]],
    ['RemoveDuplicateItemsFromList', ['a', 'A', 'a', 1, '1', 1], {}, ['a', 'A', 1, '1']],
    ['RemoveDuplicateItemsFromList', ['a', 'A', 'b', 'B'], { IgnoreCase: true }, ['a', 'b']],
    [
      'RemoveDuplicateItemsFromList',
      [[1, 'x'], [1, 'x'], object({ a: 1, b: 2 }), object({ b: 2, a: 1 })],
      {},
      [[1, 'x'], object({ a: 1, b: 2 })],
    ],
  ])('%s of %j with %j gives %j', async (id, before, given, after) => {
    const List = [...before];
    const { outputs } = await run(id, { List, ...given });
    expect(List, 'the list itself').toEqual(after);
    expect(outputs?.List, 'the output').toBe(List);
  });

  it('sorts rows by a column', async () => {
    const table = new Datatable(
      ['Name', 'Age'],
      [
        ['a', 30],
        ['b', 20],
      ],
    );
    const List: Value[] = table.rows.map((row) => new Datarow(table, row));
    await run('SortList.SortListByProperty', { List, Property1: 'age' });
    expect(List.map((row) => (row as Datarow).cells[0])).toEqual(['b', 'a']);
  });

  it('starts a new list where there was none', async () => {
    const { outputs } = await run('AddItemToList', { List: null, Item: 'a' });
    expect(outputs).toEqual({ List: ['a'], NewList: ['a'] });
  });

  it('adds copies: what is added does not change with its origin', async () => {
    const [List, Item]: [Value[], Value[]] = [[], [['inner']]];
    await run('AddItemToList', { List, Item });
    (Item[0] as Value[]).push('later');
    expect(List).toEqual([['inner']]);
  });

  it('sorting is a permutation in order; shuffling and reversing are permutations', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer()), async (numbers) => {
        const inOrder = [...numbers].sort((a, b) => a - b);
        for (const id of ['SortList.SortList', 'ShuffleList', 'ReverseList']) {
          const List = [...numbers];
          await run(id, { List });
          expect([...List].sort((a, b) => a - b)).toEqual(inOrder);
          if (id === 'SortList.SortList') expect(List).toEqual(inOrder);
        }
      }),
    );
  });

  it('a shuffle brings every order about', async () => {
    const seen = new Set<string>();
    for (let round = 0; round < 400; round++) {
      const List = [1, 2, 3];
      await run('ShuffleList', { List });
      seen.add(List.join(''));
    }
    expect(seen.size).toBe(6);
  });
});

describe('actions that make a list', () => {
  const rules = (...rows: Value[][]) => new Datatable(['RULE', 'PROPERTY', 'OPERATOR', 'VALUE'], rows);

  it.each<[id: string, given: Arguments, outputs: Arguments]>([
    ['CreateNewList', {}, { List: [] }],
    ['MergeLists', { FirstList: [1, 2], SecondList: [2, 3] }, { OutputList: [1, 2, 2, 3] }],
    ['MergeLists', { FirstList: [1, 'a'], SecondList: ['b'] }, { OutputList: [1, 'a', 'b'] }],
    ['MergeLists', { FirstList: [], SecondList: ['b'] }, { OutputList: ['b'] }],
    ['FindCommonListItems', { FirstList: [3, 1, 2, 3], SecondList: [3, 2, '1'] }, { OutputList: [3, 2] }],
    ['SubtractLists', { FirstList: [3, 1, 2, 1], SecondList: [3, 2] }, { OutputList: [1] }],
    [
      'FilterList',
      {
        ListToFilter: ['apple', 'Avocado', 'pear'],
        FilterParameters: rules(['', '', 'StartsWith', 'a']),
        IgnoreCase: true,
      },
      { FilteredList: ['apple', 'Avocado'] },
    ],
    [
      'FilterList',
      {
        ListToFilter: [1, 5, 9],
        FilterParameters: rules(['', '', 'GreaterThan', 4], ['And', '', 'LessThanOrEqualTo', 8]),
      },
      { FilteredList: [5] },
    ],
    [
      'FilterList',
      { ListToFilter: ['a', 'bbb'], FilterParameters: rules(['', 'Length', 'Equal', 3]) },
      { FilteredList: ['bbb'] },
    ],
  ])('%s %j → %j', async (id, given, outputs) => {
    expect(await run(id, given)).toEqual({ outputs });
  });

  it('never changes the lists it reads', async () => {
    const FirstList: Value[] = [2, 1, 2];
    const SecondList: Value[] = [2];
    for (const id of ['MergeLists', 'FindCommonListItems', 'SubtractLists'])
      await run(id, { FirstList, SecondList });
    expect([FirstList, SecondList]).toEqual([[2, 1, 2], [2]]);
  });
});

describe('JSON', () => {
  const json = async (Json: string) =>
    (await run('ConvertJsonToCustomObject', { Json })).outputs?.CustomObject;
  const text = async (value: Value) =>
    (await run('ConvertCustomObjectToJson', { CustomObject: value })).outputs?.Json;

  it.each<[string, Value]>([
    ['{"a": 1, "b": {"c": [true, null, "x"]}}', object({ a: 1, b: object({ c: [true, null, 'x'] }) })],
    ['[1, 2]', [1, 2]],
    [' {} \r\n', object({})],
    ['"text"', 'text'],
    [
      '{"__proto__": {"a": 1}, "constructor": 2, "b": 3, "B": 4, "1": 5}',
      new CustomObject([
        ['__proto__', object({ a: 1 })],
        ['constructor', 2],
        ['b', 3],
        ['B', 4],
        ['1', 5],
      ]),
    ],
    ['\ufeff"\\ud83d\\ude00 é \\\\ \\/ \\n"', '😀 é \\ / \n'],
    ['[-0, 1.50, 1E2, 0.1]', [0, 1.5, 100, 0.1]],
    [
      '{"id": 12345678901234567890, "n": 1e3, "d": "2024-01-31T10:00:00Z"}',
      object({ id: new FlowDecimal(12345678901234567890n, 0), n: 1000, d: '2024-01-31T10:00:00Z' }),
    ],
  ])('reads %s', async (source, value) => {
    expect(await json(source)).toEqual(value);
  });

  it('keeps the order of names, of the same name twice the last value', async () => {
    const found = (await json('{"b": 1, "2": 2, "1": 3, "b": 4}')) as CustomObject;
    expect([...found.entries]).toEqual([
      ['b', 4],
      ['2', 2],
      ['1', 3],
    ]);
  });

  it.each([
    ['{"a": 1,}', 'a name in double quotes is missing (line 1, character 9)'],
    ['{"a" 1}', '":" is missing behind a name (line 1, character 6)'],
    ['{\n  "a": 1\n  "b": 2}', '"," or "}" is missing in an object (line 3, character 3)'],
    ['[1 2]', '"," or "]" is missing in a list (line 1, character 4)'],
    ['[1,', 'a value is missing: a text in double quotes, a number, an object, a list, true, false or null'],
    ['["a', 'a text has no end (line 1, character 4)'],
    ['"a\nb"', 'a text has a line end or another control character'],
    ['"\\x"', 'a text has a backslash with something behind it that has no meaning'],
    ['01', 'there is something behind the end (line 1, character 2)'],
    ['[1e400]', 'the number 1e400 is too large'],
    ['NaN', 'a value is missing'],
    ['['.repeat(100_000), 'it is nested more than 1,000 deep'],
  ])('says what is wrong in %.20s', async (source, message) => {
    expect(await errorOf(json(source))).toContain(`JsonParsingError: The text is not valid JSON: ${message}`);
  });

  it('reads and writes any depth that it reads, and says so beyond', async () => {
    const deep = `${'['.repeat(1_001)}${']'.repeat(1_001)}`;
    const value = (await json(deep)) as Value;
    expect(await text(value)).toBe(deep);
    expect(await errorOf(text([value]))).toMatch(/^CustomObjectParsingError: .*nested more than 1,000 deep/);
  });

  it.each<[Value, string]>([
    [object({ a: 1, b: object({ c: [true, null, 'x"y'] }) }), '{"a":1,"b":{"c":[true,null,"x\\"y"]}}'],
    [
      new CustomObject([
        ['b', 1],
        ['1', 2],
      ]),
      '{"b":1,"1":2}',
    ],
    [new FlowDatetime(Date.UTC(2024, 0, 31, 10)), '"2024-01-31T10:00:00"'],
    [new FlowDatetime(Date.UTC(2024, 0, 31, 10, 0, 0, 50)), '"2024-01-31T10:00:00.05"'],
    [new Datatable(['A', 'B'], [[1, 'x']]), '[{"A":1,"B":"x"}]'],
    [new Datarow(new Datatable(['A'], []), [1]), '{"A":1}'],
    [file('a.txt', 1), '"/a.txt"'],
  ])('writes %o as %s', async (value, expected) => {
    expect(await text(value)).toBe(expected);
  });

  it('reads back what it writes', async () => {
    const { value } = fc.letrec<{ value: Value }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.string(),
        fc
          .tuple(fc.integer({ min: -1e14, max: 1e14 }), fc.nat(12))
          .map(([digits, places]) => Number(`${digits}e-${places}`) + 0),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value')),
        fc
          .array(fc.tuple(fc.oneof(fc.string(), fc.nat(9).map(String)), tie('value')), { maxLength: 5 })
          .map((entries) => new CustomObject(entries)),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(value, async (original) => {
        const written = (await text(original)) as string;
        expect(JSON.parse(written), 'plain JSON').toBeDefined();
        expect(await text((await json(written)) as Value)).toBe(written);
      }),
    );
  });
});

describe('errors', () => {
  it.each<[id: string, given: Arguments, code: string]>([
    [
      'RemoveItemFromList.RemoveItemFromListByIndex',
      { List: ['a'], ItemIndex: 1 },
      'ItemIndexOutOfRangeError',
    ],
    [
      'RemoveItemFromList.RemoveItemFromListByIndex',
      { List: ['a'], ItemIndex: -1 },
      'ItemIndexOutOfRangeError',
    ],
    ['RemoveItemFromList.RemoveItemFromListByValue', { List: ['a'], Item: 'b' }, 'ItemNotFoundError'],
    ['SortList.SortList', { List: [1, 'a'] }, 'ActionFailed'],
    [
      'SortList.SortListByProperty',
      { List: [object({ n: 1 }), object({ n: 'a' })], Property1: 'n' },
      'ActionFailed',
    ],
    ['MergeLists', { FirstList: [1], SecondList: ['a'] }, 'IncompatibleListTypesError'],
    ['GenerateRandomNumber.RandomNumber', { MinimumValue: 2, MaximumValue: 1 }, 'GenerateRandomNumberError'],
    [
      'GenerateRandomNumber.ListOfRandomNumbers',
      { NumbersCount: 2_000_000_000, AllowDuplicates: true },
      'GenerateRandomNumberError',
    ],
    [
      'GenerateRandomNumber.ListOfRandomNumbers',
      { MinimumValue: 1, MaximumValue: 3, NumbersCount: 4 },
      'GenerateRandomNumberError',
    ],
    ['TruncateNumber.RoundNumber', { Number: 1, DecimalPlaces: -1 }, 'ActionFailed'],
    ['ConvertJsonToCustomObject', { Json: "{'a': 1}" }, 'JsonParsingError'],
    ['ConvertJsonToCustomObject', { Json: '' }, 'JsonParsingError'],
    ['ConvertCustomObjectToJson', { CustomObject: object({ n: Number.NaN }) }, 'CustomObjectParsingError'],
    ['FilterList', { ListToFilter: [1], FilterParameters: new Datatable(['VALUE'], []) }, 'ActionFailed'],
  ])('%s %j → %s', async (id, given, code) => {
    expect(await errorOf(run(id, given))).toMatch(new RegExp(`^${code}: .`));
  });
});

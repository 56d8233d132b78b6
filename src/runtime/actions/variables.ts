// The Variables actions: numbers, lists and JSON here, data tables in datatables.ts. Lists are changed in place.
import { type ActionArguments, type ActionDefinition, ActionError, type ActionResult } from '../action.ts';
import { describe, isNumeric, toText } from '../convert.ts';
import { cultures } from '../dotnet/culture.ts';
import { formatDatetime } from '../dotnet/dateFormat.ts';
import { decimalPart, decimalText, integerPart, roundDecimal } from '../dotnet/decimal.ts';
import { depthLimit, JsonError, parseJson } from '../json.ts';
import { add, copy, equal, property, subtract } from '../operations.ts';
import { CustomObject, Datarow, Datatable, FlowDatetime, type Numeric, type Value } from '../values.ts';
import { datatableActions } from './datatables.ts';
import { commonType, compareAlike, identity } from './order.ts';
import { randomBelow } from './random.ts';
import { holds, readRules } from './rules.ts';
import { tableArgument } from './typed.ts';

// ── Numbers ─────────────────────────────────────────────────────────────────────────────────────────────────────

const truncated = (
  variant: string,
  result: (number: Numeric, args: ActionArguments) => Numeric,
): ActionDefinition => ({
  id: `Variables.TruncateNumber.${variant}`,
  run: (args) => ({ outputs: { Result: result(args.numeric('Number'), args) } }),
});

function round(number: Numeric, args: ActionArguments): Numeric {
  const places = args.integer('DecimalPlaces');
  if (places >= 0 && places <= 28) return roundDecimal(number, places);
  throw new ActionError(
    'ActionFailed',
    `A number cannot be rounded to ${places} decimal places.`,
    'Give 0 to 28 decimal places.',
  );
}

/** More random numbers than this would only keep the run busy. */
const mostRandomNumbers = 1_000_000;

/** Both bounds can come up. */
function randomNumbers(args: ActionArguments, count: number, duplicates: boolean): number[] {
  const [least, most] = [args.integer('MinimumValue'), args.integer('MaximumValue')];
  const size = most - least + 1;
  if (count > mostRandomNumbers) {
    throw new ActionError(
      'GenerateRandomNumberError',
      `${count} random numbers are more than one list may get, which is ${mostRandomNumbers.toLocaleString('en')}.`,
      'Ask for fewer, or generate them one by one where they are used.',
    );
  }
  if (size < 1 || count < 0 || (!duplicates && count > size)) {
    throw new ActionError(
      'GenerateRandomNumberError',
      size < 1
        ? `There is no number from ${least} to ${most}.`
        : `There are not ${count} different numbers from ${least} to ${most}.`,
      'Check the two bounds and how many numbers are asked for, or allow duplicates.',
    );
  }
  if (duplicates) return Array.from({ length: count }, () => least + randomBelow(size));
  // A sparse shuffle: `moved` remembers only the places that were touched, so a wide range costs nothing.
  const moved = new Map<number, number>();
  return Array.from({ length: count }, (_, index) => {
    const pick = index + randomBelow(size - index);
    const value = moved.get(pick) ?? pick;
    moved.set(pick, moved.get(index) ?? index);
    return least + value;
  });
}

// ── Lists ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Applies `change` to the list of an in/out argument. A blank value starts as an empty list, a data row as a list of its cells. */
function changeList(args: ActionArguments, change: (list: Value[]) => void): ActionResult {
  const given = args.value('List');
  const list = Array.isArray(given) ? given : given === null ? [] : [...args.list('List')];
  change(list);
  return { outputs: { List: list } };
}

function refill(list: Value[], items: readonly Value[]): void {
  list.length = 0;
  for (const item of items) list.push(item);
}

/** A list adds its items. Designers of older builds name the result as output `NewList`. */
function addItem(args: ActionArguments): ActionResult {
  const item = args.value('Item');
  const result = changeList(args, (list) => {
    // A list may be added to itself.
    for (const one of Array.isArray(item) ? [...item] : [item]) list.push(copy(one));
  });
  return { outputs: { ...result.outputs, NewList: result.outputs?.List ?? null } };
}

function removeAt(list: Value[], index: number): void {
  if (index < 0 || index >= list.length) {
    throw new ActionError(
      'ItemIndexOutOfRangeError',
      `Index ${index} is outside the list, which has ${list.length} items. The first index is 0.`,
      'Compare the index with the Count property of the list first.',
    );
  }
  list.splice(index, 1);
}

function removeValue(list: Value[], item: Value, all: boolean): void {
  const first = list.findIndex((one) => equal(one, item));
  if (first < 0) {
    throw new ActionError(
      'ItemNotFoundError',
      `${describe(item)} is not in the list.`,
      'Check with Contains whether the list has the item before removing it.',
    );
  }
  if (all)
    refill(
      list,
      list.filter((one) => !equal(one, item)),
    );
  else list.splice(first, 1);
}

function requireOneType(values: readonly Value[], what: string): void {
  if (commonType(values) !== undefined) return;
  throw new ActionError(
    'ActionFailed',
    `The list cannot be sorted: ${what} have different types.`,
    'Convert the items to one type first, for example all to text.',
  );
}

function sortList(list: Value[]): void {
  requireOneType(list, 'its items');
  list.sort(compareAlike);
}

function sortByProperties(args: ActionArguments, list: Value[]): void {
  const keys = [1, 2, 3].flatMap((number) => {
    const name = args.text(`Property${number}`).trim();
    const sign = args.member(`SortDirection${number}`) === 'Descending' ? -1 : 1;
    return name === '' ? [] : [{ name, sign }];
  });
  const rows = list.map((item) => ({ item, values: keys.map(({ name }) => propertyOf(item, name)) }));
  for (const [index, { name }] of keys.entries()) {
    requireOneType(
      rows.map(({ values }) => values[index] ?? null),
      `the properties ${name} of its items`,
    );
  }
  rows.sort((a, b) => {
    for (const [index, { sign }] of keys.entries()) {
      const order = compareAlike(a.values[index] ?? null, b.values[index] ?? null);
      if (order !== 0) return sign * order;
    }
    return 0;
  });
  refill(
    list,
    rows.map(({ item }) => item),
  );
}

/** A property of an item; of a row also one of its cells. */
function propertyOf(item: Value, name: string): Value {
  const column = item instanceof Datarow ? item.table.columnIndex(name) : -1;
  return item instanceof Datarow && column >= 0 ? (item.cells[column] ?? null) : property(item, name);
}

function shuffle(list: Value[]): void {
  for (let index = list.length - 1; index > 0; index--) {
    const other = randomBelow(index + 1);
    [list[index], list[other]] = [list[other] as Value, list[index] as Value];
  }
}

function mergeLists(args: ActionArguments): ActionResult {
  const [first, second] = [args.list('FirstList'), args.list('SecondList')];
  const [one, other] = [commonType(first), commonType(second)];
  // Lists of mixed items are lists of general values and take anything.
  const bothPlain = first.length > 0 && second.length > 0 && one !== undefined && other !== undefined;
  if (bothPlain && commonType([...first, ...second]) === undefined) {
    throw new ActionError(
      'IncompatibleListTypesError',
      `A list of ${one} values and a list of ${other} values cannot be merged.`,
      'Convert the items of one list to the type of the other first.',
    );
  }
  return { outputs: { OutputList: [...first, ...second].map(copy) } };
}

/** The different items of `list` that `keep` accepts, each where it stands first. */
function distinct(list: readonly Value[], ignoreCase: boolean, keep: (key: string) => boolean): Value[] {
  const seen = new Set<string>();
  return list.filter((item) => {
    const key = identity(item, ignoreCase);
    if (seen.has(key) || !keep(key)) return false;
    seen.add(key);
    return true;
  });
}

/** Find common items and subtract lists: sets of different items, in the order of the first list. */
function combineLists(args: ActionArguments, inSecond: boolean): ActionResult {
  const second = new Set(args.list('SecondList').map((item) => identity(item, false)));
  const items = distinct(args.list('FirstList'), false, (key) => second.has(key) === inSecond);
  return { outputs: { OutputList: items.map(copy) } };
}

/** The rules name a property of the items, or leave it empty to test the items themselves. */
function filterList(args: ActionArguments): ActionResult {
  const rules = readRules(tableArgument(args, 'FilterParameters'));
  const ignoreCase = args.boolean('IgnoreCase');
  const kept = args.list('ListToFilter').filter((item) =>
    holds(
      rules,
      ({ subjects }) => {
        const name = subjects.length > 1 ? toText(subjects[0] ?? null) : '';
        return [name === '' ? item : propertyOf(item, name), subjects.at(-1) ?? null];
      },
      ignoreCase,
    ),
  );
  return { outputs: { FilteredList: kept.map(copy) } };
}

// ── JSON ────────────────────────────────────────────────────────────────────────────────────────────────────────

function readJson(args: ActionArguments): ActionResult {
  try {
    return { outputs: { CustomObject: parseJson(args.text('Json')) } };
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new ActionError(
      'JsonParsingError',
      `The text is not valid JSON: ${error.message}.`,
      'Check the text for missing quotes, commas and brackets; names and texts need double quotes.',
      { cause: error },
    );
  }
}

function notWritable(reason: string, nextStep: string): never {
  throw new ActionError(
    'CustomObjectParsingError',
    `The value cannot be written as JSON: ${reason}.`,
    nextStep,
  );
}

/** JSON of a value: tables are arrays of objects, rows objects, datetimes ISO 8601 texts; other values their text. */
function toJson(value: Value, depth = 0): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (isNumeric(value)) {
    if (typeof value !== 'number' || Number.isFinite(value)) return decimalText(value);
    return notWritable(
      `JSON has no number ${toText(value)}`,
      'Check the calculation that the number comes from.',
    );
  }
  if (depth > depthLimit)
    notWritable(`it is nested more than ${depthLimit.toLocaleString('en')} deep`, 'Write parts of it.');
  const inner = (item: Value): string => toJson(item, depth + 1);
  if (Array.isArray(value)) return `[${value.map(inner).join(',')}]`;
  if (value instanceof CustomObject) return objectJson([...value.entries], inner);
  if (value instanceof Datarow) return rowJson(value.table.columns, value.cells, inner);
  if (value instanceof Datatable)
    return `[${value.rows.map((row) => rowJson(value.columns, row, inner)).join(',')}]`;
  if (value instanceof FlowDatetime) {
    return JSON.stringify(formatDatetime(value, "yyyy-MM-dd'T'HH:mm:ss.FFF", cultures.invariant));
  }
  return JSON.stringify(toText(value));
}

const rowJson = (
  columns: readonly string[],
  cells: readonly Value[],
  inner: (item: Value) => string,
): string =>
  objectJson(
    columns.map((name, index) => [name, cells[index] ?? null]),
    inner,
  );

const objectJson = (entries: readonly (readonly [string, Value])[], inner: (item: Value) => string): string =>
  `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${inner(item)}`).join(',')}}`;

// ── The table ───────────────────────────────────────────────────────────────────────────────────────────────────

/** All actions of the module; Set variable is a statement of the language. */
export const variablesActions: readonly ActionDefinition[] = [
  {
    id: 'Variables.IncreaseVariable',
    run(args) {
      const sum = add(args.numeric('Value'), args.numeric('IncrementValue'));
      return { outputs: { Value: sum, IncreasedValue: sum } };
    },
  },
  {
    id: 'Variables.DecreaseVariable',
    run: (args) => ({
      outputs: { Value: subtract(args.numeric('Value'), args.numeric('DecrementValue')) },
    }),
  },
  truncated('GetIntegerPart', integerPart),
  truncated('GetDecimalPart', decimalPart),
  truncated('RoundNumber', round),
  {
    id: 'Variables.GenerateRandomNumber.RandomNumber',
    run: (args) => ({ outputs: { RandomNumber: randomNumbers(args, 1, true)[0] ?? null } }),
  },
  {
    id: 'Variables.GenerateRandomNumber.ListOfRandomNumbers',
    run: (args) => ({
      outputs: {
        RandomNumbers: randomNumbers(args, args.integer('NumbersCount'), args.boolean('AllowDuplicates')),
      },
    }),
  },
  { id: 'Variables.CreateNewList', run: () => ({ outputs: { List: [] } }) },
  { id: 'Variables.AddItemToList', run: addItem },
  { id: 'Variables.ClearList', run: (args) => changeList(args, (list) => refill(list, [])) },
  {
    id: 'Variables.RemoveItemFromList.RemoveItemFromListByIndex',
    run: (args) => changeList(args, (list) => removeAt(list, args.integer('ItemIndex'))),
  },
  {
    id: 'Variables.RemoveItemFromList.RemoveItemFromListByValue',
    run: (args) =>
      changeList(args, (list) =>
        removeValue(list, args.value('Item'), args.boolean('ItemMatchAllOccurrences')),
      ),
  },
  { id: 'Variables.SortList.SortList', run: (args) => changeList(args, sortList) },
  {
    id: 'Variables.SortList.SortListByProperty',
    run: (args) => changeList(args, (list) => sortByProperties(args, list)),
  },
  { id: 'Variables.ShuffleList', run: (args) => changeList(args, shuffle) },
  { id: 'Variables.ReverseList', run: (args) => changeList(args, (list) => void list.reverse()) },
  {
    id: 'Variables.RemoveDuplicateItemsFromList',
    run: (args) =>
      changeList(args, (list) =>
        refill(
          list,
          distinct(list, args.boolean('IgnoreCase'), () => true),
        ),
      ),
  },
  { id: 'Variables.MergeLists', run: mergeLists },
  { id: 'Variables.FindCommonListItems', run: (args) => combineLists(args, true) },
  { id: 'Variables.SubtractLists', run: (args) => combineLists(args, false) },
  { id: 'Variables.FilterList', run: filterList },
  { id: 'Variables.ConvertJsonToCustomObject', run: readJson },
  {
    id: 'Variables.ConvertCustomObjectToJson',
    run: (args) => ({ outputs: { Json: toJson(args.value('CustomObject')) } }),
  },
  ...datatableActions,
];

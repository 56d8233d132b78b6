// Data taken out of pages: single values, lists, tables, also over several pages. The designer describes what to take in a table of
// selectors and attributes; its forms are read here.
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
} from '../../action.ts';
import { toText } from '../../convert.ts';
import type { NetRegex } from '../../dotnet/regex.ts';
import { Datarow, Datatable, type Value } from '../../values.ts';
import { pattern } from '../pattern.ts';
import { tableArgument } from '../typed.ts';
import { seconds, tabOf } from './conduct.ts';
import { type Found, find, look, type Target } from './locate.ts';
import { pageFunction } from './pageScript.ts';
import { relativeSteps, type Step, textPaths } from './selector.ts';
import { busy, elementSeconds, lookEvery, reasonOf, type Tab } from './tab.ts';
import { Deadline, delay, within } from './waiting.ts';

const extractError = 'ExtractDataError';

/** A thing to take: where (from an element on, or in the page), what of it, and which part of that. */
interface Column {
  readonly selector: string;
  readonly attribute: string;
  readonly expression: NetRegex | undefined;
  readonly name: string;
}

/** The lines `[selector, attribute, regular expression, column name]` of ExtractionParameters; the name only for tables. */
function columnsOf(args: ActionArguments): Column[] {
  const { rows } = tableArgument(args, 'ExtractionParameters');
  if (rows.length === 0) {
    throw new ActionError(
      'InvalidArgument',
      'The extraction parameters say nothing that could be extracted.',
      'Choose at least one value on the page.',
    );
  }
  return rows.map((row, index) => {
    const [selector = '', attribute = '', expression = '', name = ''] = row.map(toText);
    return {
      selector,
      attribute: attribute.trim() === '' ? 'Own Text' : attribute,
      expression: expression === '' ? undefined : pattern(expression, false),
      name: name === '' ? `Value #${index + 1}` : name,
    };
  });
}

/** The first match of a column's expression; without one the text itself, without a match nothing. */
const cut = (text: string, expression: NetRegex | undefined): string =>
  expression === undefined ? text : (expression.first(text)?.text ?? '');

// ── Forms ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** What one page gives: rows of cells. Undefined while what they are in is not there yet. */
type Page = readonly (readonly string[])[];
interface Form {
  /** What must be there before anything is taken. */
  readonly anchors: readonly Target[];
  readonly read: (tab: Tab) => Promise<Page | undefined>;
  /** Rows of all pages as the value of the action. */
  readonly value: (rows: Page, isPaged: boolean) => Value;
}

const targetFrom = (selector: string): Target => ({ name: selector, paths: textPaths(selector) });

/** Values from anywhere on the page, each with a selector of its own: one row per page. */
async function readValues(tab: Tab, columns: readonly Column[]): Promise<Page | undefined> {
  const row: string[] = [];
  for (const { selector, attribute, expression } of columns) {
    const found = await look(tab, targetFrom(selector));
    if (attribute.trim().toLowerCase() === 'exists') row.push(found === undefined ? 'False' : 'True');
    else {
      const text = found === undefined ? '' : await readOne(found, attribute);
      row.push(cut(text, expression));
    }
  }
  return [row];
}

async function readOne(found: Found, attribute: string): Promise<string> {
  return await found.locator.evaluate(pageFunction<string>('read'), attribute, {
    timeout: elementSeconds * 1000,
  });
}

function singleForm(args: ActionArguments): Form {
  const columns = columnsOf(args).slice(0, 1);
  return {
    anchors: anchorsOf(columns),
    read: (tab) => readValues(tab, columns),
    value: (rows, isPaged) => (isPaged ? rows.map(([cell = '']) => cell) : (rows[0]?.[0] ?? '')),
  };
}

function handPickedForm(args: ActionArguments): Form {
  const columns = columnsOf(args);
  return {
    anchors: anchorsOf(columns).slice(0, 1),
    read: (tab) => readValues(tab, columns),
    value: (rows, isPaged) => {
      const table = tableOf(columns, rows);
      return isPaged ? table : new Datarow(table, table.rows[0] ?? []);
    },
  };
}

/** Whether something exists can be asked of any page. */
const anchorsOf = (columns: readonly Column[]): Target[] =>
  columns
    .filter(({ attribute }) => attribute.trim().toLowerCase() !== 'exists')
    .map(({ selector }) => targetFrom(selector));

const tableOf = (columns: readonly { readonly name: string }[], rows: Page): Datatable =>
  new Datatable(
    columns.map(({ name }) => name),
    rows.map((row) => [...row]),
  );

/** One row for each element that the selector in `Control` matches. */
function repeatedForm(args: ActionArguments, value: (columns: readonly Column[], rows: Page) => Value): Form {
  const columns = columnsOf(args);
  const base = targetFrom(args.text('Control'));
  const tidies = args.boolean('PostProcessData');
  const request = columns.map(({ selector, attribute }) => ({ steps: relativeSteps(selector), attribute }));
  return {
    anchors: [base],
    read: async (tab) => {
      const found = await look(tab, base);
      if (found === undefined) return undefined;
      const rows = await rowsIn(found, request);
      const page = rows.map((row) => row.map((cell, index) => cut(cell ?? '', columns[index]?.expression)));
      return tidies ? tidied(page) : page;
    },
    value: (rows) => value(columns, rows),
  };
}

async function rowsIn(
  { frame, part }: Found,
  columns: readonly { readonly steps: readonly (readonly Step[])[]; readonly attribute: string }[],
): Promise<(string | null)[][]> {
  const argument = { base: part, columns };
  return await frame
    .locator(':root')
    .evaluate(pageFunction<(string | null)[][]>('rowsOfDocument'), argument, {
      timeout: elementSeconds * 1000,
    });
}

interface TableRow {
  readonly isHeader: boolean;
  readonly cells: readonly string[];
}

/** A table of HTML: the first line of the parameters has the names of its columns, the second their expressions. */
function htmlTableForm(args: ActionArguments): Form {
  const [names = [], expressions = []] = tableArgument(args, 'ExtractionParameters').rows.map((row) =>
    row.map(toText),
  );
  const columns = names.map((name, index) => ({
    name: name.trim() === '' ? `Value #${index + 1}` : name.trim(),
    expression: expressions[index] ? pattern(expressions[index], false) : undefined,
  }));
  // Names of this form only say that the table has no row of names.
  const hasNames = columns.some(({ name }) => !/^Value #\d+$/.test(name));
  const target = targetFrom(args.text('Control'));
  const tidies = args.boolean('PostProcessData');
  return {
    anchors: [target],
    read: async (tab) => {
      const found = await look(tab, target);
      const rows = await found?.locator.evaluate(pageFunction<TableRow[] | null>('table'), undefined, {
        timeout: elementSeconds * 1000,
      });
      if (rows === undefined) return undefined;
      if (rows === null) {
        throw new ActionError(
          extractError,
          `"${target.name}" is no table of HTML and holds none.`,
          'Extract the page as a list or table of repeated elements instead.',
        );
      }
      const page = rows
        .filter(({ isHeader, cells }) => cells.length > 0 && !(isHeader && hasNames))
        .map(({ cells }) => columns.map(({ expression }, index) => cut(cells[index] ?? '', expression)));
      return tidies ? tidied(page) : page;
    },
    value: (rows) => tableOf(columns, rows),
  };
}

/** Cells on one line each, without rows that are empty. */
const tidied = (rows: Page): Page =>
  rows
    .map((row) => row.map((cell) => cell.replace(/\s+/g, ' ').trim()))
    .filter((row) => row.some((cell) => cell !== ''));

// ── Pages ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** A pager that never ends is left after this many pages. */
const mostPages = 10_000;

/** After the pager was pressed, the data may take this long to change (seconds). Unchanged data means that this was the last page. */
const pagerSeconds = 5;

/** A page with very many rows takes its time to give them; one that gives nothing for longer is busy with itself (seconds). */
const readSeconds = 60;

async function extract(
  form: Form,
  args: ActionArguments,
  context: ActionContext,
  paging: Paging,
): Promise<Value> {
  const tab = tabOf(args);
  const limit = seconds(args, 'TimeoutInSeconds');
  const conduct = { code: extractError, dialog: 'leave', pageSeconds: undefined, isUnlimited: true } as const;
  const value = await tab.perform(context, conduct, async () => {
    try {
      const late = () => busy(extractError, readSeconds);
      const first = await within(context, readSeconds, firstPage(form, tab, context, limit), late);
      const rows = paging === 'none' ? first : await morePages(form, tab, args, context, paging, first);
      return form.value(rows, paging !== 'none');
    } catch (error) {
      if (error instanceof ActionError || context.signal.aborted) throw error;
      throw new ActionError(
        extractError,
        `The data could not be read: ${reasonOf(error)}.`,
        'Wait until the page is complete before it is read.',
        { cause: error },
      );
    }
  });
  if (value !== undefined) return value;
  throw new ActionError(
    extractError,
    'A dialog opened on the page while its data was read.',
    'Let the action that opens the dialog answer it.',
  );
}

async function firstPage(form: Form, tab: Tab, context: ActionContext, limit: number): Promise<Page> {
  const deadline = new Deadline(context.host.clock, Math.min(limit, elementSeconds));
  for (const anchor of form.anchors) await find(tab, anchor, context, extractError, deadline.left / 1000);
  for (;;) {
    const page = await form.read(tab);
    if (page !== undefined) return page;
    await delay(context, lookEvery);
    // The page was replaced in between: the error says what is missing now.
    for (const anchor of form.anchors) await find(tab, anchor, context, extractError, deadline.left / 1000);
  }
}

/** The rows of the first page and of those that the pager leads to. */
async function morePages(
  form: Form,
  tab: Tab,
  args: ActionArguments,
  context: ActionContext,
  paging: Paging,
  first: Page,
): Promise<Page> {
  const pager = targetFrom(args.text('PagerCssSelector'));
  const isPhysical = args.boolean('UsePhysicalClick');
  const most = paging === 'number' ? args.integer('MaxWebPagesToProcess') : mostPages;
  const loadSeconds = seconds(args, 'TimeoutInSeconds');
  const limit = loadSeconds + readSeconds;
  const pages = [first];
  for (let last = first; pages.length < most; ) {
    const turning = nextPage(form, tab, pager, isPhysical, loadSeconds, context, last);
    const next = await within(context, limit, turning, () => busy(extractError, limit));
    if (next === undefined) break;
    pages.push(next);
    last = next;
  }
  return pages.flat();
}

/** Presses the pager and reads what it leads to; undefined when it leads nowhere. */
async function nextPage(
  form: Form,
  tab: Tab,
  pager: Target,
  isPhysical: boolean,
  loadSeconds: number,
  context: ActionContext,
  last: Page,
): Promise<Page | undefined> {
  const locator = (await look(tab, pager))?.locator;
  if (!(await locator?.evaluate(pageFunction<boolean>('canPress'), undefined))) return undefined;
  if (isPhysical) {
    await tab.page.bringToFront();
    await locator?.click({ timeout: elementSeconds * 1000 });
  } else await locator?.evaluate(pageFunction<void>('press'), 'LeftClick');
  await tab.settle(context, loadSeconds, extractError);
  return await changedPage(form, tab, context, last);
}

async function changedPage(
  form: Form,
  tab: Tab,
  context: ActionContext,
  before: Page,
): Promise<Page | undefined> {
  const deadline = new Deadline(context.host.clock, pagerSeconds);
  const known = JSON.stringify(before);
  for (;;) {
    const page = await form.read(tab);
    if (page !== undefined && page.length > 0 && JSON.stringify(page) !== known) return page;
    if (deadline.isOver) return undefined;
    await delay(context, lookEvery);
  }
}

type Paging = 'none' | 'all' | 'number';
const pagings: Readonly<Record<Paging, string>> = {
  none: '',
  all: 'UsingPagingFromAllPages',
  number: 'UsingPagingFromNumberOfPages',
};

const forms: Readonly<Record<string, (args: ActionArguments) => Form>> = {
  ExtractSingleValue: singleForm,
  ExtractHandPickedValues: handPickedForm,
  ExtractList: (args) => repeatedForm(args, (_, rows) => rows.map(([cell = '']) => cell)),
  ExtractTable: (args) => repeatedForm(args, tableOf),
  ExtractHtmlTable: htmlTableForm,
};

export const extractActions: readonly ActionDefinition[] = Object.entries(forms).flatMap(([name, form]) =>
  (Object.keys(pagings) as Paging[]).map((paging) => ({
    id: `WebAutomation.ExtractData.${name}${pagings[paging]}`,
    run: async (args, context) => ({
      outputs: { ExtractedData: await extract(form(args), args, context, paging) },
    }),
  })),
);

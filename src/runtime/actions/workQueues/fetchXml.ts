// The filters of work queue actions: the part of FetchXML that says which items are meant and in which order. What it does not know
// is refused by name, never passed over.
import { ActionError } from '../../action.ts';
import type { WorkItem } from '../../workQueues.ts';

/** A filter, read: gives the items it lets through, in its order. */
export type ItemFilter = (items: readonly WorkItem[]) => readonly WorkItem[];

type Cell = string | number | undefined;
type Condition = (item: WorkItem) => boolean;

/** Columns of the table `workqueueitem`. Priorities and states are compared by their numbers (rules WQ-1 and WQ-3). */
const columns: Readonly<Record<string, (item: WorkItem) => Cell>> = {
  workqueueitemid: ({ id }) => id,
  workqueueid: ({ queue }) => queue,
  name: ({ name }) => name,
  input: ({ value }) => value,
  uniqueidbyqueue: ({ uniqueId }) => uniqueId,
  processingresult: ({ notes }) => notes,
  priority: ({ priority }) => ({ High: 100, Normal: 200, Low: 300 })[priority],
  statuscode: ({ status }) => statusNumbers[status],
  statecode: ({ status }) => Math.min(statusNumbers[status], 4),
  createdon: ({ createdAt }) => createdAt,
  delayuntil: ({ delayUntil }) => delayUntil,
  expirydate: ({ expiresAt }) => expiresAt,
};

const statusNumbers: Readonly<Record<WorkItem['status'], number>> = {
  Queued: 0,
  Processing: 1,
  Processed: 2,
  OnHold: 3,
  GenericException: 4,
  ITException: 5,
  BusinessException: 6,
  DeadLetter: 7,
  ProcessingTimeout: 8,
};

const times: ReadonlySet<string> = new Set(['createdon', 'delayuntil', 'expirydate']);

interface Node {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Node[];
  text: string;
}

/** Reads a `<filter>` or a whole `<fetch>`. Throws `InvalidFetchXMLError`. */
export async function readFilter(text: string): Promise<ItemFilter> {
  const root = await parse(text);
  const scope = root.name === 'fetch' ? root.children.find(({ name }) => name === 'entity') : root;
  if (scope === undefined) return invalid('It has no entity');
  const parts = scope.name === 'filter' ? [scope] : scope.children;
  const conditions: Condition[] = [];
  const orders: ((a: WorkItem, b: WorkItem) => number)[] = [];
  for (const part of parts) {
    if (part.name === 'filter') conditions.push(filterOf(part));
    else if (part.name === 'condition') conditions.push(conditionOf(part));
    else if (part.name === 'order') orders.push(orderOf(part));
    else if (part.name !== 'attribute' && part.name !== 'all-attributes')
      return invalid(`<${part.name}> is not supported`);
  }
  return (items) =>
    items
      .filter((item) => conditions.every((condition) => condition(item)))
      .sort((a, b) => {
        for (const order of orders) {
          const difference = order(a, b);
          if (difference !== 0) return difference;
        }
        return 0;
      });
}

async function parse(text: string): Promise<Node> {
  const { default: sax } = await import('sax');
  const parser = sax.parser(true, { trim: true });
  const document: Node = { name: '', attributes: {}, children: [], text: '' };
  const open = [document];
  parser.onopentag = ({ name, attributes }) => {
    const node: Node = {
      name: name.toLowerCase(),
      attributes: attributes as Record<string, string>,
      children: [],
      text: '',
    };
    open.at(-1)?.children.push(node);
    open.push(node);
  };
  parser.onclosetag = () => void open.pop();
  parser.ontext = (part) => {
    const node = open.at(-1);
    if (node !== undefined) node.text += part;
  };
  let problem: Error | undefined;
  parser.onerror = (error) => {
    problem ??= error;
    parser.resume();
  };
  parser.write(text).close();
  if (problem !== undefined) return invalid((problem.message.split('\n')[0] ?? '').trim());
  const [root] = document.children;
  return root ?? invalid('It is empty');
}

function filterOf({ attributes, children }: Node): Condition {
  const type = (attributes.type ?? 'and').toLowerCase();
  if (type !== 'and' && type !== 'or') return invalid(`type="${attributes.type}" is not known`);
  const parts = children.map((child) =>
    child.name === 'filter'
      ? filterOf(child)
      : child.name === 'condition'
        ? conditionOf(child)
        : invalid(`<${child.name}> is not supported in a filter`),
  );
  return (item) => (type === 'and' ? parts.every((part) => part(item)) : parts.some((part) => part(item)));
}

function conditionOf({ attributes, children }: Node): Condition {
  const name = (attributes.attribute ?? '').toLowerCase();
  const cell = columnOf(name);
  const values = children.map((child) =>
    child.name === 'value' ? child.text : invalid(`<${child.name}> is not supported in a condition`),
  );
  const value = attributes.value ?? values[0] ?? '';
  const compared = (item: WorkItem, other: string): number | undefined => compare(cell(item), other, name);
  const operator = (attributes.operator ?? '').toLowerCase();
  const matches = (pattern: string) => (item: WorkItem) => like(String(cell(item) ?? ''), pattern);
  switch (operator) {
    case 'eq':
      return (item) => compared(item, value) === 0;
    case 'ne':
    case 'neq':
      return (item) => compared(item, value) !== 0;
    case 'gt':
      return (item) => (compared(item, value) ?? 0) > 0;
    case 'ge':
      return (item) => (compared(item, value) ?? -1) >= 0;
    case 'lt':
      return (item) => (compared(item, value) ?? 0) < 0;
    case 'le':
      return (item) => (compared(item, value) ?? 1) <= 0;
    case 'in':
      return (item) => values.some((each) => compared(item, each) === 0);
    case 'not-in':
      return (item) => values.every((each) => compared(item, each) !== 0);
    case 'like':
      return matches(value);
    case 'not-like':
      return (item) => !matches(value)(item);
    case 'begins-with':
      return matches(`${value}%`);
    case 'ends-with':
      return matches(`%${value}`);
    case 'null':
      return (item) => (cell(item) ?? '') === '';
    case 'not-null':
      return (item) => (cell(item) ?? '') !== '';
    default:
      return invalid(`operator="${attributes.operator ?? ''}" is not supported`);
  }
}

function orderOf({ attributes }: Node): (a: WorkItem, b: WorkItem) => number {
  const cell = columnOf((attributes.attribute ?? '').toLowerCase());
  const direction = attributes.descending?.toLowerCase() === 'true' ? -1 : 1;
  return (a, b) => {
    const [left, right] = [cell(a), cell(b)];
    if (left === right) return 0;
    if (left === undefined || right === undefined) return (left === undefined ? -1 : 1) * direction;
    return (left < right ? -1 : 1) * direction;
  };
}

function columnOf(name: string): (item: WorkItem) => Cell {
  return Object.hasOwn(columns, name)
    ? (columns[name] as (item: WorkItem) => Cell)
    : invalid(`attribute="${name}" is not known; known are ${Object.keys(columns).join(', ')}`);
}

/** Undefined when the item has no value there, or the filter's value has another type. Texts are compared without letter case. */
function compare(cell: Cell, value: string, column: string): number | undefined {
  if (cell === undefined) return undefined;
  if (typeof cell === 'string') {
    const [left, right] = [cell.toLowerCase(), value.toLowerCase()];
    return left < right ? -1 : left > right ? 1 : 0;
  }
  const number = times.has(column) ? Date.parse(value) : Number(value);
  return value.trim() === '' || Number.isNaN(number) ? undefined : cell - number;
}

/**
 * `%` stands for any text and `_` for any character. What follows a `%` is looked for from left to right, and only the last `%` is ever
 * tried at another place: no pattern takes longer than the product of both lengths.
 */
function like(value: string, wanted: string): boolean {
  const [text, pattern] = [value.toLowerCase(), wanted.toLowerCase()];
  let [at, part] = [0, 0];
  let retry: { readonly part: number; at: number } | undefined;
  while (at < text.length) {
    if (pattern[part] === '%') {
      retry = { part: ++part, at };
    } else if (pattern[part] === '_' || pattern[part] === text[at]) {
      at++;
      part++;
    } else if (retry !== undefined) {
      at = ++retry.at;
      part = retry.part;
    } else {
      return false;
    }
  }
  return /^%*$/.test(pattern.slice(part));
}

function invalid(reason: string): never {
  throw new ActionError(
    'InvalidFetchXMLError',
    `The filter cannot be used: ${reason}.`,
    'Give a FetchXML filter such as <filter><condition attribute="priority" operator="eq" value="100"/></filter>.',
  );
}

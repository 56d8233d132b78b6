// Flow values. Plain JavaScript where possible: text = string, number = number (and FlowDecimal), Boolean = boolean, blank = null, list = array.
// The classes here are the types JavaScript lacks. No conversion rules (see convert.ts) and no IO.

export type Value =
  | string
  | number
  | boolean
  | null
  | FlowDecimal
  | Value[]
  | FlowDatetime
  | Datatable
  | Datarow
  | CustomObject
  | FileValue
  | FolderValue
  | ErrorValue
  | EnumValue
  | RepositoryValue
  | XmlNodeValue
  | InstanceValue;

/** Name of a value's type as people read it in messages. */
export function typeName(value: Value): string {
  if (value === null) return 'blank';
  if (typeof value === 'string') return 'Text';
  if (typeof value === 'number') return 'Number';
  if (typeof value === 'boolean') return 'Boolean';
  if (Array.isArray(value)) return 'List';
  return value.typeName;
}

/**
 * A number with more digits than a JavaScript number keeps: `digits` × 10^-`places`, as .NET's decimal type has them. Made by
 * dotnet/decimal.ts only, which gives a plain number wherever that says the same.
 */
export class FlowDecimal {
  readonly typeName = 'Number';
  readonly digits: bigint;
  readonly places: number;
  constructor(digits: bigint, places: number) {
    this.digits = digits;
    this.places = places;
  }
}

/** A number of a flow. */
export type Numeric = number | FlowDecimal;

/** A date and time of day without zone, as .NET's DateTime of kind Unspecified. `ticks` = milliseconds since 1970-01-01T00:00 of that wall clock. */
export class FlowDatetime {
  readonly typeName = 'Datetime';
  readonly ticks: number;
  constructor(ticks: number) {
    this.ticks = ticks;
  }
  static of(
    year: number,
    month: number,
    day: number,
    hour = 0,
    minute = 0,
    second = 0,
    millisecond = 0,
  ): FlowDatetime {
    const date = new Date(0);
    date.setUTCFullYear(year, month - 1, day);
    date.setUTCHours(hour, minute, second, millisecond);
    return new FlowDatetime(date.getTime());
  }
  /** A UTC-based Date whose UTC fields are this value's wall-clock fields. */
  get fields(): Date {
    return new Date(this.ticks);
  }
}

/** A table with named columns. Mutable: the Variables actions change tables in place. Every row has `columns.length` cells. */
export class Datatable {
  readonly typeName = 'Datatable';
  readonly columns: string[];
  readonly rows: Value[][];
  constructor(columns: string[], rows: Value[][]) {
    this.columns = columns;
    this.rows = rows;
  }
  /** Index of a column by name, case-insensitively; -1 when absent. */
  columnIndex(name: string): number {
    const wanted = name.toLowerCase();
    return this.columns.findIndex((column) => column.toLowerCase() === wanted);
  }
}

/** One row of a table; shares its cells with the table. */
export class Datarow {
  readonly typeName = 'Datarow';
  readonly table: Datatable;
  readonly cells: Value[];
  constructor(table: Datatable, cells: Value[]) {
    this.table = table;
    this.cells = cells;
  }
}

/** Keeps the order of its properties. Names are looked up exactly first, then case-insensitively. */
export class CustomObject {
  readonly typeName = 'Custom object';
  readonly entries: Map<string, Value>;
  constructor(entries: Iterable<readonly [string, Value]> = []) {
    this.entries = new Map(entries);
  }
  key(name: string): string | undefined {
    if (this.entries.has(name)) return name;
    const wanted = name.toLowerCase();
    for (const key of this.entries.keys()) if (key.toLowerCase() === wanted) return key;
    return undefined;
  }
  get(name: string): Value | undefined {
    const key = this.key(name);
    return key === undefined ? undefined : this.entries.get(key);
  }
  set(name: string, value: Value): void {
    this.entries.set(this.key(name) ?? name, value);
  }
}

/** A file as an action found it. `properties` holds the documented property names (FullName, Name, Size …) as read at that moment. */
export class FileValue {
  readonly typeName = 'File';
  readonly path: string;
  readonly properties: ReadonlyMap<string, Value>;
  constructor(path: string, properties: ReadonlyMap<string, Value>) {
    this.path = path;
    this.properties = properties;
  }
}

export class FolderValue {
  readonly typeName = 'Folder';
  readonly path: string;
  readonly properties: ReadonlyMap<string, Value>;
  constructor(path: string, properties: ReadonlyMap<string, Value>) {
    this.path = path;
    this.properties = properties;
  }
}

/** What `ERROR => v` gives. `location` is the text `Subflow: Main, Action: 3, Action name: …`. */
export class ErrorValue {
  readonly typeName = 'Error';
  readonly actionIndex: number;
  readonly actionName: string;
  readonly errorDetails: string;
  readonly location: string;
  readonly message: string;
  readonly subflowName: string;
  constructor(fields: {
    actionIndex: number;
    actionName: string;
    errorDetails: string;
    location: string;
    message: string;
    subflowName: string;
  }) {
    this.actionIndex = fields.actionIndex;
    this.actionName = fields.actionName;
    this.errorDetails = fields.errorDetails;
    this.location = fields.location;
    this.message = fields.message;
    this.subflowName = fields.subflowName;
  }
}

/** `Module.EnumType.Member`. */
export class EnumValue {
  readonly typeName = 'Enum';
  readonly type: string;
  readonly member: string;
  constructor(type: string, member: string) {
    this.type = type;
    this.member = member;
  }
}

/** `appmask['Screen']['Element']` or `imgrepo['Image']`: which thing beside the flow is meant; `runtime/elements.ts` says what it is. */
export class RepositoryValue {
  readonly typeName: 'UI element' | 'Image';
  /** Names from the outside in: screen and element, or the image. */
  readonly path: readonly string[];
  /** The texts of the element's selectors that hold `%…%`, with the values of the variables at the moment. */
  readonly texts: ReadonlyMap<string, string> | undefined;
  constructor(
    typeName: 'UI element' | 'Image',
    path: readonly string[],
    texts?: ReadonlyMap<string, string>,
  ) {
    this.typeName = typeName;
    this.path = path;
    this.texts = texts;
  }
}

/**
 * Something an action holds open for later actions: a browser, a workbook, a connection, a command session. `typeName` as people
 * read it (`Excel instance`); `resource` belongs to the action module that made it. `properties` by documented name (`Handle` …).
 */
export class InstanceValue {
  readonly typeName: string;
  readonly resource: object;
  readonly properties: ReadonlyMap<string, Value>;
  constructor(typeName: string, resource: object, properties: ReadonlyMap<string, Value> = new Map()) {
    this.typeName = typeName;
    this.resource = resource;
    this.properties = properties;
  }
}

/** A node of an XML document. The document behind it belongs to the XML actions, which read and change it. */
export abstract class XmlNodeValue {
  readonly typeName = 'XML node';
  /** How it reads inside a text: documents and elements as XML, attributes and texts as their value. */
  abstract readonly text: string;
  /** A documented property by its lower-cased name. */
  abstract property(name: string): Value | undefined;
}

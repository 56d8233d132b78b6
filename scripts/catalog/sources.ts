// What the catalog is made of: the facts and sentences in this folder, their shapes, and what must hold for them.
// Reads and judges; generate.ts turns them into the data the product loads.
import { readdirSync, readFileSync } from 'node:fs';

export interface ArgumentFacts {
  readonly name: string;
  /** As the designer's dialog calls it, when that is not what `readableName` makes of the name. */
  readonly label?: string;
  /** Absent when unknown. For an enum `Module.EnumType`. */
  readonly type?: string;
  readonly required?: true;
  /** The action changes the variable given here. */
  readonly inOut?: true;
  readonly default?: string;
  /** Build that brought the argument. */
  readonly since?: string;
}

export interface OutputFacts {
  readonly name: string;
  readonly type?: string;
  /** Name the designer proposes. */
  readonly variable?: string;
}

/** Arguments stand in the order in which the designer writes them, as far as it is known. */
export interface CallFacts {
  readonly kind?: 'condition' | 'wait' | 'loop';
  /** Calls in a collection of public flows. */
  readonly seen?: number;
  readonly aliasOf?: string;
  readonly since?: string;
  readonly removed?: string;
  readonly dynamicArguments?: true;
  readonly argumentsKnown?: false;
  readonly arguments?: readonly ArgumentFacts[];
  readonly outputs?: readonly OutputFacts[];
}

/** `Module.Action`, either callable itself or by its variants; the variant `''` is the id without a third part. */
export interface ActionFacts extends CallFacts {
  readonly displayName: string;
  /** Anchor on the module's page of the public reference, or `page#anchor`. */
  readonly docs?: string;
  /** Titles of the documented errors. */
  readonly errors?: readonly string[];
  readonly variants?: Readonly<Record<string, CallFacts>>;
}

export interface ModuleFacts {
  /** Page of the public reference. */
  readonly page?: string;
  readonly enums?: Readonly<Record<string, readonly string[]>>;
  readonly actions?: Readonly<Record<string, ActionFacts>>;
}

export interface StatementFacts {
  readonly keyword: string;
  readonly displayName: string;
  /** `page#anchor` of the public reference. */
  readonly docs?: string;
  readonly description: string;
  /** How it is written. */
  readonly form: string;
}

export interface Sources {
  readonly modules: Readonly<Record<string, ModuleFacts>>;
  readonly descriptions: {
    readonly modules: Readonly<
      Record<string, { readonly about: string; readonly actions?: Readonly<Record<string, string>> }>
    >;
    /** By `Module.Action/Argument`, `Argument` or `:Type`; the first that exists counts. */
    readonly arguments: Readonly<Record<string, string>>;
  };
  readonly errors: {
    /** Names seen in real flows, by `Module.Action` and title. */
    readonly seen: Readonly<Record<string, Readonly<Record<string, string>>>>;
    /** Names this agent uses where the rule in `errorName` would give another one, by title. */
    readonly chosen: Readonly<Record<string, string>>;
  };
  readonly statements: readonly StatementFacts[];
  /** Names of all types but enums. */
  readonly types: readonly string[];
}

/** One callable id with all that is known about it. */
export interface Call {
  readonly id: string;
  readonly module: string;
  /** Id without module. */
  readonly name: string;
  readonly action: ActionFacts;
  readonly facts: CallFacts;
}

const folder = new URL('./', import.meta.url);

/** Reads everything in this folder; modules in the order of their names. */
export function readSources(): Sources {
  const files = readdirSync(new URL('facts/', folder)).sort();
  return {
    modules: Object.fromEntries(files.map((file) => [file.replace(/\.json$/, ''), read(`facts/${file}`)])),
    descriptions: read('descriptions.json'),
    errors: read('errors.json'),
    statements: read('statements.json'),
    types: read('types.json'),
  };
}

function read<T>(file: string): T {
  return JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as T;
}

/** Every id that can be called, in the order of the facts. */
export function callsOf({ modules }: Sources): readonly Call[] {
  return Object.entries(modules).flatMap(([module, { actions = {} }]) =>
    Object.entries(actions).flatMap(([base, action]) =>
      Object.entries(action.variants ?? { '': action }).map(([variant, facts]) => {
        const name = variant === '' ? base : `${base}.${variant}`;
        return { id: `${module}.${name}`, module, name, action, facts };
      }),
    ),
  );
}

/**
 * The name under which error rules probably catch the error with this title, where none was seen: `Failed to copy file` →
 * `CopyFileError`, `Folder doesn't exist` → `FolderNotFoundError`, `Conversion failed` → `ConversionError`.
 */
export function errorName(title: string): string {
  const plain = title
    .replace(/^(Failed to|Can't|Cannot|Couldn't) /, '')
    .replace(/^Error parsing (.*)$/, '$1 parsing')
    .replace(/^(.*?) (doesn't exist|wasn't found|isn't found)\b/, '$1 not found')
    .replace(/^(.*?) isn't a valid\b.*$/, 'invalid $1')
    .replace(/ failed$/, '')
    .replace(/ error$/i, '')
    .replace(/'s\b|'/g, '');
  const words = plain.match(/[A-Za-z0-9]+/g) ?? [];
  const kept = words.filter((word) => !/^(the|a|an|is|are)$/i.test(word));
  return `${kept.map(capitalized).join('')}Error`;
}

function capitalized(word: string): string {
  if (word === 'ID' || word === 'JSON') return word.charAt(0) + word.slice(1).toLowerCase();
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** A name split at its capitals: `TextToFind` → `Text to find`, `CSVFile` → `CSV file`. */
export function readableName(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .split(/[\s_]+/)
    .map((word, index) => (index === 0 || /^[A-Z0-9]{2,}$/.test(word) ? word : word.toLowerCase()))
    .join(' ');
}

/** What is wrong with the sources, one sentence each; empty when they may become the catalog. */
export function problemsOf(sources: Sources): readonly string[] {
  const problems: string[] = [];
  const say = (where: string, what: string) => problems.push(`${where}: ${what}`);
  const { modules, descriptions, errors } = sources;
  const calls = callsOf(sources);
  const byId = new Map<string, Call>();
  const enums = new Map(
    Object.entries(modules).flatMap(([module, { enums: own = {} }]) =>
      Object.entries(own).map(([name, members]) => [`${module}.${name}`, members] as const),
    ),
  );
  for (const call of calls) {
    if (byId.has(call.id.toLowerCase())) say(call.id, 'the id stands twice');
    byId.set(call.id.toLowerCase(), call);
  }
  for (const [type, members] of enums) {
    if (repeated(members).length > 0 || members.length === 0) say(type, 'members are missing or stand twice');
  }
  for (const { id, module, name, action, facts } of calls) {
    if (action.displayName.trim() === '') say(id, 'has no display name');
    const line = descriptions.modules[module]?.actions?.[name];
    if (line === undefined) say(id, 'has no description');
    else judgeLine(id, line, say);
    if (action.docs !== undefined && !/^([a-z0-9-]+#)?[a-z0-9_-]+$/.test(action.docs))
      say(id, 'bad docs anchor');
    if (action.docs !== undefined && !action.docs.includes('#') && modules[module]?.page === undefined) {
      say(id, 'has a docs anchor in a module without page');
    }
    const names = errorNamesOf(sources, id, action).map((error) => error.name);
    for (const twice of repeated(names)) say(id, `two errors have the name ${twice}`);
    if (facts.aliasOf !== undefined) judgeAlias(id, byId, say);
    judgeArguments(id, facts, sources, enums, say);
  }
  for (const [module, { about, actions = {} }] of Object.entries(descriptions.modules)) {
    if (modules[module] === undefined) say(module, 'is described but has no facts');
    judgeLine(module, about, say);
    for (const name of Object.keys(actions)) {
      if (!byId.has(`${module}.${name}`.toLowerCase()))
        say(`${module}.${name}`, 'is described but has no facts');
    }
  }
  for (const module of Object.keys(modules)) {
    if (descriptions.modules[module] === undefined) say(module, 'has no description');
  }
  const argumentKeys = new Set(
    calls.flatMap(({ id, facts }) =>
      (facts.arguments ?? []).flatMap(({ name, type }) => [name, `:${type}`, `${baseOf(id)}/${name}`]),
    ),
  );
  for (const [key, line] of Object.entries(descriptions.arguments)) {
    if (!argumentKeys.has(key)) say(key, 'is described but no action has it');
    judgeLine(key, line, say);
  }
  const titles = new Set(calls.flatMap(({ action }) => action.errors ?? []));
  for (const title of Object.keys(errors.chosen)) {
    if (!titles.has(title)) say(title, 'has a chosen error name but no action has it');
  }
  for (const [base, seen] of Object.entries(errors.seen)) {
    const own = calls.find(({ id }) => baseOf(id) === base)?.action.errors ?? [];
    for (const title of Object.keys(seen)) if (!own.includes(title)) say(base, `has no error “${title}”`);
  }
  for (const { keyword, description } of sources.statements) judgeLine(keyword, description, say);
  for (const keyword of repeated(sources.statements.map((statement) => statement.keyword))) {
    say(keyword, 'the statement stands twice');
  }
  return problems;
}

/** `Module.Action` of an id. */
export function baseOf(id: string): string {
  return id.split('.').slice(0, 2).join('.');
}

/** The errors of an action with their names, seen ones first. */
export function errorNamesOf({ errors }: Sources, id: string, action: ActionFacts) {
  return (action.errors ?? [])
    .map((title) => {
      const seen = errors.seen[baseOf(id)]?.[title];
      return { title, name: seen ?? errors.chosen[title] ?? errorName(title), certain: seen !== undefined };
    })
    .sort((a, b) => Number(b.certain) - Number(a.certain));
}

type Say = (where: string, what: string) => void;

function judgeLine(where: string, line: string, say: Say): void {
  if (line.trim() === '' || line.length >= 110 || line.endsWith('.') || /^[a-z]|[\n"]/.test(line)) {
    say(where, 'a description is one line of fewer than 110 characters, with a capital and no full stop');
  }
}

function judgeAlias(id: string, byId: ReadonlyMap<string, Call>, say: Say): void {
  const passed = new Set([id]);
  for (let call = byId.get(id.toLowerCase()); call?.facts.aliasOf !== undefined; ) {
    const next = byId.get(call.facts.aliasOf.toLowerCase());
    if (next === undefined || next.id !== call.facts.aliasOf) {
      say(id, `leads to ${call.facts.aliasOf}, which is no id`);
      return;
    }
    if (passed.has(next.id)) {
      say(id, 'leads back to itself');
      return;
    }
    passed.add(next.id);
    call = next;
  }
}

function judgeArguments(
  id: string,
  { arguments: args = [], outputs = [] }: CallFacts,
  { types }: Sources,
  enums: ReadonlyMap<string, readonly string[]>,
  say: Say,
): void {
  for (const name of repeated(args.map((argument) => argument.name)))
    say(id, `the argument ${name} stands twice`);
  for (const name of repeated(outputs.map((output) => output.name)))
    say(id, `the output ${name} stands twice`);
  for (const { name, label, type, required, default: value } of args) {
    if (!/^\w+$/.test(name)) say(id, `${name} is no name of an argument`);
    if (label !== undefined && /[|=]|^\s*$/.test(label))
      say(id, `the label of ${name} has a sign it may not have`);
    judgeType(id, type, types, enums, say);
    if (required && value !== undefined) say(id, `${name} is required and has a default`);
    const members = type === undefined ? undefined : enums.get(type);
    if (members !== undefined && value !== undefined && !members.includes(value)) {
      say(id, `the default of ${name} is no member of ${type}`);
    }
  }
  for (const { name, type, variable } of outputs) {
    if (!/^\w+$/.test(name)) say(id, `${name} is no name of an output`);
    judgeType(id, type, types, enums, say);
    if (variable !== undefined && !/^[A-Za-z_]\w*$/.test(variable))
      say(id, `${variable} is no name of a variable`);
  }
}

function judgeType(
  id: string,
  type: string | undefined,
  types: readonly string[],
  enums: ReadonlyMap<string, readonly string[]>,
  say: Say,
): void {
  if (type === undefined || enums.has(type)) return;
  const parts = /^(?:(?:List|Nullable)<(\w+)>|(\w+))$/.exec(type);
  if (parts === null || !types.includes((parts[1] ?? parts[2]) as string))
    say(id, `the type ${type} is unknown`);
}

function repeated(names: readonly string[]): readonly string[] {
  const lower = names.map((name) => name.toLowerCase());
  return names.filter((_, index) => lower.indexOf(lower[index] as string) !== index);
}

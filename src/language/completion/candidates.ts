// What exists to be offered at a caret: variables with their types, labels, errors, properties, columns, names of elements and images.
// Plain facts in the order of their use to a person; what an editor shows of them is the server's business.
import type { FlowSymbol } from '../analysis/binder.ts';
import type { FlowModel } from '../analysis/model.ts';
import { placeAt } from '../analysis/places.ts';
import { givenBy } from '../analysis/producedTypes.ts';
import { declaredType, findProperty, valueType } from '../analysis/properties.ts';
import type { ValueType } from '../analysis/types.ts';
import { constantText } from '../analysis/uses.ts';
import { type ErrorName, findAction } from '../catalog/catalog.ts';
import type { Expression, Statement, Subflow } from '../syntax/tree.ts';
import { type Scene, sceneAt } from './scene.ts';

export interface VariableCandidate {
  readonly name: string;
  readonly symbol: FlowSymbol;
}

/** The line that is being typed: what it says itself does not count yet. */
export interface TypedLine {
  readonly start: number;
  readonly end: number;
}

/**
 * Variables that may be mentioned in a body by their plain name (`subflow` undefined: Main and the global subflows). A name that is
 * only read, or that stands only on the line that is being typed, is none: it may be the half of another.
 */
export function variablesFor(
  model: FlowModel,
  subflow: Subflow | undefined,
  typed: TypedLine,
): VariableCandidate[] {
  return model.binding
    .variablesOf(subflow)
    .filter((symbol) => hasValue(symbol, typed))
    .map((symbol) => ({ name: symbol.name, symbol }));
}

function hasValue({ uses }: FlowSymbol, { start, end }: TypedLine): boolean {
  return uses.some(
    ({ role, loose, node }) => role !== 'read' && !loose && (node.start < start || end < node.start),
  );
}

/** True when `name` is a variable of the body, and not only on the line that is being typed. */
export function isVariable(
  model: FlowModel,
  name: string,
  subflow: Subflow | undefined,
  typed: TypedLine,
): boolean {
  const symbol = model.binding.variable(name, subflow);
  return symbol !== undefined && hasValue(symbol, typed);
}

/**
 * The type that the nearest value above gives a variable, where that statement alone tells it; undefined otherwise. Looks at no way
 * through the flow, so that it can be asked about every variable on every key.
 */
export function likelyType({ uses }: FlowSymbol, caret: number): ValueType | undefined {
  let best: FlowSymbol['uses'][number] | undefined;
  for (const use of uses) {
    if ((use.role !== 'write' && use.role !== 'declare') || use.callee !== undefined) continue;
    if (use.node.start <= caret && caret <= use.node.end) continue;
    const nearer =
      best === undefined ||
      (use.node.start < caret && (use.node.start > best.node.start || best.node.start > caret));
    if (nearer) best = use;
  }
  if (best === undefined) return undefined;
  const { producer, symbol } = best;
  if (producer === undefined)
    return symbol.parameter === undefined ? undefined : declaredType(symbol.parameter);
  const types = givenBy(producer, best).types?.types ?? [];
  return types.length === 1 ? types[0] : undefined;
}

/** The type a variable has where a statement begins; for a line that is none yet, the likely one. */
function typeOfVariable(
  model: FlowModel,
  symbol: FlowSymbol,
  caret: number,
  statement: Statement | undefined,
): ValueType | undefined {
  const types = statement === undefined ? [] : model.types.typesBefore(statement, symbol);
  if (types.length === 0) return likelyType(symbol, caret);
  return types.length === 1 ? types[0] : undefined;
}

/** The type of a path such as `Table[0].Name` that ends at `end`; undefined when unknown. */
export function typeOfPath(
  model: FlowModel,
  path: string,
  end: number,
  subflow: Subflow | undefined,
): ValueType | undefined {
  // The tree may have the path, although the line is not finished: then its type is exact.
  const { statements, expressions } = placeAt(model.file, end);
  const statement = statements.at(-1);
  const known = expressions.find((expression) => expression.end === end && isPath(expression));
  if (statement !== undefined && known !== undefined && end - known.start === path.length) {
    const type = model.types.typeOf(known, statement, subflow);
    if (type !== undefined) return type;
  }
  const parts = path.split('.');
  const global = parts[0]?.toLowerCase() === 'global';
  const [root, ...rest] = global ? parts.slice(1) : parts;
  const named = /^([\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*)((?:\[.*\])?)$/su.exec(root ?? '');
  if (named === null) return undefined;
  const symbol = model.binding.variable(named[1] as string, subflow, global);
  let type = symbol === undefined ? undefined : typeOfVariable(model, symbol, end, statement);
  if (named[2] !== '') type = itemOf(type, named[2] as string);
  for (const part of rest) {
    const plain = /^[^[\]]+/.exec(part)?.[0] ?? '';
    type = type === undefined ? undefined : findProperty(type.name, plain)?.type;
    if (part !== plain) type = itemOf(type, part.slice(plain.length));
  }
  return type;
}

/** What one pair of brackets takes out of a value; of several, nothing is known. */
function itemOf(type: ValueType | undefined, brackets: string): ValueType | undefined {
  if (type === undefined || /\]\s*\[/.test(brackets) || brackets.includes(':')) return undefined;
  if (type.name === 'List') return type.item;
  return type.name === 'Datatable' ? valueType('Datarow') : undefined;
}

function isPath({ kind }: Expression): boolean {
  return (
    kind === 'Name' || kind === 'Member' || kind === 'Index' || kind === 'Call' || kind === 'Parenthesized'
  );
}

// ── Names ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Labels of the subflow that a GOTO at the scene may jump to: not into a loop or a block from outside. */
export function labelsFor(model: FlowModel, scene: Scene): string[] {
  const open = new Set<Statement>(scene.around.map(({ statement }) => statement));
  return model.binding
    .symbols('label')
    .filter(({ owner, uses }) => {
      const declared = uses.find(({ role }) => role === 'declare')?.statement;
      if (owner !== scene.subflow || declared === undefined) return false;
      const { around } = sceneAt(model.file, declared.start, declared.line);
      return around.every(
        ({ statement }) => open.has(statement) || statement.kind === 'If' || statement.kind === 'Switch',
      );
    })
    .map(({ name }) => name);
}

export interface ScreenCandidate {
  readonly name: string;
  readonly elements: readonly string[];
}

/** Screens with their elements: those of the repository, else those the flow itself mentions. */
export function screensFor(model: FlowModel, caret: number): readonly ScreenCandidate[] {
  if (model.surroundings.screens !== undefined) return model.surroundings.screens;
  const elements = model.binding
    .symbols('element')
    .filter(elsewhere(caret))
    .map(({ name, uses }) => ({ name, screen: uses[0]?.key.split('\n')[0] }));
  return model.binding
    .symbols('screen')
    .filter(elsewhere(caret))
    .map(({ name }) => ({
      name,
      elements: elements.filter(({ screen }) => screen === name.toLowerCase()).map((element) => element.name),
    }));
}

/** Images of the repository, else those the flow itself mentions. */
export function imagesFor(model: FlowModel, caret: number): readonly string[] {
  return (
    model.surroundings.images ??
    model.binding
      .symbols('image')
      .filter(elsewhere(caret))
      .map(({ name }) => name)
  );
}

/** True for what is mentioned at another place than the caret. */
const elsewhere =
  (caret: number) =>
  ({ uses }: FlowSymbol): boolean =>
    uses.some(({ node }) => caret < node.start || node.end < caret);

/**
 * Names that may stand in the brackets behind a variable: columns of its table or keys of its object as far as literals tell, and
 * those that the flow already uses behind a variable of that name.
 */
export function keysFor(
  model: FlowModel,
  path: string,
  caret: number,
  subflow: Subflow | undefined,
): string[] {
  const root = /^(?:GLOBAL\s*\.\s*)?([\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*)/iu.exec(path);
  if (root === null) return [];
  const name = root[1] as string;
  const keys = new Map<string, string>();
  const add = (key: string | undefined) => {
    if (key !== undefined && key !== '' && !keys.has(key.toLowerCase())) keys.set(key.toLowerCase(), key);
  };
  const symbol = model.binding.variable(name, subflow, root[0].length > name.length);
  if (symbol !== undefined) for (const key of writtenKeys(model, symbol, 0)) add(key);
  // Anything but a letter in front: the name is whole.
  const used = new RegExp(
    `(?<![\\p{L}\\p{N}_.])${name}(?:\\[[^\\]'\\r\\n]*\\])?\\['((?:\\\\.|[^'\\\\\\r\\n])*)'\\]`,
    'giu',
  );
  for (const match of model.file.text.matchAll(used)) {
    if (match.index <= caret && caret <= match.index + match[0].length) continue;
    add(match[1]?.replace(/\\(['"\\])/g, '$1'));
  }
  return [...keys.values()];
}

function writtenKeys(model: FlowModel, { uses }: FlowSymbol, depth: number): (string | undefined)[] {
  if (depth > 3) return [];
  return uses.flatMap(({ producer, body }) => {
    if (producer?.kind === 'set') return keysOfValue(model, producer.value, body?.subflow, depth);
    if (producer?.kind === 'forEach') return keysOfValue(model, producer.source, body?.subflow, depth);
    if (producer?.kind !== 'output') return [];
    const table = producer.call.args.find(({ name }) => name.text.toLowerCase() === 'inputtable');
    return table === undefined ? [] : keysOfValue(model, table.value, body?.subflow, depth);
  });
}

function keysOfValue(
  model: FlowModel,
  value: Expression,
  subflow: Subflow | undefined,
  depth: number,
): (string | undefined)[] {
  switch (value.kind) {
    case 'Table':
      return (value.header ?? []).map(constantText);
    case 'Object':
      return value.entries.map(({ key }) => constantText(key));
    case 'Name': {
      const symbol = model.binding.variable(value.name, subflow);
      return symbol === undefined ? [] : writtenKeys(model, symbol, depth + 1);
    }
    case 'Index':
      return keysOfValue(model, value.target, subflow, depth + 1);
    default:
      return [];
  }
}

// ── Errors ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** The errors for which the action above has no rules yet. */
export function errorsFor({ ruled }: Scene): readonly ErrorName[] {
  if (ruled?.action === undefined) return [];
  const { taken } = ruled;
  const names = findAction(ruled.action.id)?.definition.errorNames ?? [];
  return names.filter(({ name }) => !taken.includes(name.toLowerCase()));
}

/** At most this many statements of a block are asked for their errors. */
const mostAsked = 200;

/** The errors of the actions directly in the block around the scene. */
export function blockErrorsFor({ around }: Scene): readonly ErrorName[] {
  const block = around.at(-1)?.statement;
  if (block?.kind !== 'Block') return [];
  const taken = new Set(
    block.handlers.map(({ matches }) => ('name' in matches ? matches.name.text.toLowerCase() : '')),
  );
  const found = new Map<string, ErrorName>();
  for (const statement of block.body.slice(0, mostAsked)) {
    if (statement.kind !== 'Action') continue;
    for (const error of findAction(statement.action.id)?.definition.errorNames ?? []) {
      if (!taken.has(error.name.toLowerCase())) found.set(error.name.toLowerCase(), error);
    }
  }
  return [...found.values()];
}

/** Codes of custom errors that the flow throws or handles. */
export function customErrorsFor(model: FlowModel): string[] {
  return model.binding.symbols('customError').map(({ name }) => name);
}

// Edits of the head of a flow: its inputs and outputs, and the lists of sensitive variables, in exactly the form the designer writes.
// What is not changed keeps every byte. Changes no statement, except that a new name of a variable reaches all its uses.
import { ProductError } from '../../base/error.ts';
import { checkInputs, type FlowParameterInfo, type FlowValue, type ParameterType } from '../analysis/flow.ts';
import type { FlowModel } from '../analysis/model.ts';
import { constantText } from '../analysis/uses.ts';
import type { FlowFile, FlowParameter, Name, ObjectLiteral, Subflow } from '../syntax/tree.ts';
import type { TextEdit } from './edit.ts';
import { isPlainName, isWord, textLiteral } from './literals.ts';
import { renameEdits } from './rename.ts';

export interface ParameterFields {
  /** Variable inside the flow. */
  readonly name: string;
  /** What people and callers know it by. */
  readonly externalName: string;
  readonly description: string;
  readonly type: ParameterType;
  /** Inputs only. */
  readonly optional: boolean;
  readonly sensitive: boolean;
  /** Inputs only. As people type it (`5`, `true`, JSON for lists, objects and tables); `null` for none. */
  readonly defaultText: string | null;
}

export type Direction = FlowParameter['direction'];

/**
 * Declares a further input or output below the existing ones; a flow without a head gets one.
 * @throws ProductError `FlowEditImpossible` for a name that is taken or impossible, or a default that does not fit.
 */
export function addParameter(model: FlowModel, direction: Direction, fields: ParameterFields): TextEdit[] {
  const { file } = model;
  refuseName(model, fields.name);
  refuseExternalName(model, direction, fields.externalName, undefined);
  const eol = lineEndOf(file);
  const { name } = fields;
  const definition = [
    ['Description', textLiteral(fields.description, eol)],
    ['FriendlyName', textLiteral(fields.externalName, eol)],
    ['Type', `'${typeName(fields.type)}'`],
    ...(direction === 'input'
      ? [['IsOptional', fields.optional ? 'True' : 'False'], ...defaultEntry(defaultLiteral(fields, eol))]
      : []),
  ];
  const written = definition.map(([key, value]) => `'${key}': ${value}`).join(', ');
  const text = `@${direction.toUpperCase()} ${name} : { ${written} } `;
  const declared = file.header.sensitive.some((known) => sameName(known.text, name));
  const list = sensitiveList(file, undefined);
  if (!fields.sensitive || declared) return [newHeadLine(file, text, 'parameter')];
  if (list !== undefined)
    return [listed(file, list, file.header.sensitive, name), newHeadLine(file, text, 'parameter')];
  // The list stands above the inputs and outputs; with none there yet, both go to the same place, in this order.
  return [newHeadLine(file, `@SENSITIVE: [${name}]`, 'list'), newHeadLine(file, text, 'parameter')];
}

/**
 * Changes the fields that are given. A new `name` renames the variable everywhere in the flow.
 * @throws ProductError `FlowEditImpossible` as `addParameter`, and when there is no such input or output.
 */
export function changeParameter(
  model: FlowModel,
  name: string,
  changes: Partial<ParameterFields>,
): TextEdit[] {
  const { file } = model;
  const parameter = parameterOf(file, name);
  const known = infoOf(model, parameter);
  const edits: TextEdit[] = [];
  if (changes.sensitive !== undefined && changes.sensitive !== known.sensitive) {
    edits.push(...setSensitive(model, known.name, changes.sensitive));
  }
  const entries = new Map<string, string | undefined>();
  const eol = lineEndOf(file);
  if (changes.externalName !== undefined && changes.externalName !== known.externalName) {
    refuseExternalName(model, parameter.direction, changes.externalName, parameter);
    entries.set('FriendlyName', textLiteral(changes.externalName, eol));
  }
  if (changes.description !== undefined && changes.description !== known.description) {
    entries.set('Description', textLiteral(changes.description, eol));
  }
  const type = changes.type ?? known.type;
  if (type !== known.type) entries.set('Type', `'${typeName(type)}'`);
  if (parameter.direction === 'input') {
    const optional = changes.optional ?? known.optional;
    if (optional !== known.optional) entries.set('IsOptional', optional ? 'True' : 'False');
    const hasDefault = known.defaultValue !== undefined && known.defaultValue !== null;
    // How “no default” is written depends on the type and on whether the input is optional.
    const rewritten = (type !== known.type || optional !== known.optional) && !hasDefault;
    if (changes.defaultText !== undefined) {
      entries.set(
        'DefaultValue',
        defaultLiteral(
          { type, optional, defaultText: changes.defaultText, externalName: known.externalName },
          eol,
        ),
      );
    } else if (type !== known.type || rewritten) {
      entries.set(
        'DefaultValue',
        defaultLiteral({ type, optional, defaultText: null, externalName: known.externalName }, eol),
      );
    }
  }
  edits.push(...entryEdits(file, parameter, entries));
  if (changes.name !== undefined && changes.name !== known.name) {
    edits.push(...renamed(model, parameter, changes.name, entries.has('FriendlyName')));
  }
  return edits;
}

/**
 * Takes an input or output out of the head. Its variable stays where it is used, and stays sensitive when it was.
 * @throws ProductError `FlowEditImpossible` when there is no such input or output.
 */
export function removeParameter({ file }: FlowModel, name: string): TextEdit[] {
  const parameter = parameterOf(file, name);
  return [{ ...wholeLine(file, parameter.start), text: '' }];
}

/**
 * Puts a variable into the list of sensitive ones, or takes it out: that of the flow, or of a local subflow. No edits when it is
 * so already.
 * @throws ProductError `FlowEditImpossible` when there is no such local subflow.
 */
export function setSensitive(
  { file, binding }: FlowModel,
  name: string,
  sensitive: boolean,
  subflow?: string,
): TextEdit[] {
  const owner = subflow === undefined ? undefined : localSubflow(binding.subflow(subflow), subflow);
  const names = owner?.sensitive ?? file.header.sensitive;
  const listedAt = names.findIndex((known) => sameName(known.text, name));
  if (!sensitive) return listedAt < 0 ? [] : [unlisted(names, listedAt)];
  if (listedAt >= 0) return [];
  const list = sensitiveList(file, owner);
  if (list !== undefined) return [listed(file, list, names, name)];
  const line = `@SENSITIVE: [${name}]`;
  return [owner === undefined ? newHeadLine(file, line, 'list') : belowFunctionLine(file, owner, line)];
}

function localSubflow(subflow: Subflow | undefined, name: string): Subflow {
  if (subflow !== undefined && !subflow.global) return subflow;
  throw impossible(
    subflow === undefined
      ? `The flow has no subflow “${name}”.`
      : `The subflow “${subflow.name.text}” shares the variables of the flow and has no list of its own.`,
    subflow === undefined
      ? 'Reopen the list and try again.'
      : 'Mark the variable for the whole flow instead.',
  );
}

// ── Inputs and outputs ──────────────────────────────────────────────────────────────────────────────────────────

function parameterOf({ header }: FlowFile, name: string): FlowParameter {
  const found = header.parameters.find((parameter) => sameName(parameter.name.text, name));
  if (found !== undefined) return found;
  throw impossible(`The flow has no input or output “${name}”.`, 'Reopen the list and try again.');
}

function infoOf({ info }: FlowModel, { name, direction }: FlowParameter): FlowParameterInfo {
  const all = direction === 'input' ? info.inputs : info.outputs;
  return all.find((known) => sameName(known.name, name.text)) as FlowParameterInfo;
}

/** Replaces, adds and (with `undefined`) removes entries of a definition. One that is no object is written anew. */
function entryEdits(
  file: FlowFile,
  { definition, direction, name }: FlowParameter,
  entries: ReadonlyMap<string, string | undefined>,
): TextEdit[] {
  if (entries.size === 0) return [];
  if (definition.kind !== 'Object' || file.text[definition.end - 1] !== '}') {
    throw impossible(
      `The definition of the ${direction} “${name.text}” cannot be read.`,
      "Write it as { 'Type': 'String' } and try again.",
    );
  }
  const edits: TextEdit[] = [];
  let added = '';
  for (const [key, value] of entries) {
    const index = definition.entries.findIndex((entry) => sameName(constantText(entry.key) ?? '', key));
    const entry = definition.entries[index];
    if (entry === undefined) {
      if (value !== undefined) added += `, '${key}': ${value}`;
    } else if (value === undefined) edits.push(withoutEntry(definition, index));
    else edits.push({ start: entry.value.start, end: entry.value.end, text: value });
  }
  const last = definition.entries.at(-1);
  if (added !== '' && last === undefined) {
    edits.push({ start: definition.start, end: definition.end, text: `{ ${added.slice(2)} }` });
  } else if (added !== '' && last !== undefined) {
    edits.push({ start: last.value.end, end: last.value.end, text: added });
  }
  return edits;
}

function withoutEntry({ start, end, entries }: ObjectLiteral, index: number): TextEdit {
  const { key, value } = entries[index] as ObjectLiteral['entries'][number];
  const before = entries[index - 1];
  const after = entries[index + 1];
  if (before !== undefined) return { start: before.value.end, end: value.end, text: '' };
  return after === undefined
    ? { start, end, text: '{{ }}' }
    : { start: key.start, end: after.key.start, text: '' };
}

function renamed(
  model: FlowModel,
  parameter: FlowParameter,
  name: string,
  externalNameChanges: boolean,
): TextEdit[] {
  const symbol = model.binding.variable(parameter.name.text, undefined);
  const edits =
    symbol === undefined ? { refused: 'The variable cannot be found.' } : renameEdits(model, symbol, name);
  if ('refused' in edits) throw impossible(edits.refused, 'Nothing was changed.');
  // The rename keeps the external name by writing it down; where that is written anyway, it would be written twice.
  const { start, end } = parameter.definition;
  return edits.filter((edit) => !externalNameChanges || edit.start < start || edit.end > end);
}

const typeNames: Readonly<Record<Exclude<ParameterType, 'Instance'>, string>> = {
  Text: 'String',
  Number: 'Numeric',
  Boolean: 'Bool',
  List: 'List',
  'Custom object': 'CustomObject',
  Datatable: 'Datatable',
  Datetime: 'Datetime',
};

function typeName(type: ParameterType): string {
  if (type !== 'Instance') return typeNames[type];
  throw impossible(
    'An input that takes an instance (a browser, an Excel document …) can only be declared in the designer.',
    'Choose another type, or declare it in the designer and copy the flow from there.',
  );
}

function defaultEntry(literal: string | undefined): [string, string][] {
  return literal === undefined ? [] : [['DefaultValue', literal]];
}

/**
 * The DefaultValue as written, or undefined for none. A mandatory input without a default has an empty one where its type has a
 * form for that; an optional input without one has none, which makes it blank.
 */
function defaultLiteral(
  {
    type,
    optional,
    defaultText,
    externalName,
  }: Pick<ParameterFields, 'type' | 'optional' | 'defaultText' | 'externalName'>,
  eol: string,
): string | undefined {
  if (defaultText === null) return optional ? undefined : emptyLiterals.get(type);
  const input = {
    name: 'x',
    externalName,
    description: '',
    type,
    optional: false,
    sensitive: false,
    line: 0,
  };
  const checked = checkInputs(
    { inputs: [input], outputs: [], sensitive: new Set(), subflows: [], statementCount: 0 },
    { [externalName]: defaultText },
  );
  if (checked.ok) return literalOf(Object.values(checked.values)[0] as FlowValue, eol);
  if (type !== 'Text' && defaultText.trim() === '') return optional ? undefined : emptyLiterals.get(type);
  const [problem] = checked.problems;
  throw impossible(
    `The default of “${externalName}” does not fit its type ${type}.`,
    problem?.nextStep ?? 'Give another default.',
  );
}

const emptyLiterals: ReadonlyMap<ParameterType, string> = new Map<ParameterType, string>([
  ['Text', "''"],
  ['List', '[]'],
  ['Custom object', '{{ }}'],
  ['Datatable', '{ }'],
]);

/** A constant as the designer writes it in a head. */
function literalOf(value: FlowValue, eol: string): string {
  if (value === null) return "''";
  if (typeof value === 'string') return textLiteral(value, eol);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return numberLiteral(value);
  if (!('$type' in value)) return `[${value.map((item) => literalOf(item, eol)).join(', ')}]`;
  if (value.$type === 'number') return value.value.replace('e', 'E').replace('E+', 'E');
  if (value.$type === 'datetime') return textLiteral(value.value.replace('T', ' '), eol);
  if (value.$type === 'object') {
    const entries = Object.entries(value.entries).map(
      ([key, item]) => `${textLiteral(key, eol)}: ${literalOf(item, eol)}`,
    );
    return entries.length === 0 ? '{{ }}' : `{ ${entries.join(', ')} }`;
  }
  const row = (cells: readonly FlowValue[]) => `[${cells.map((cell) => literalOf(cell, eol)).join(', ')}]`;
  if (value.columns.length === 0) return '{ }';
  return `{ ^${row(value.columns)}${value.rows.map((cells) => `, ${row(cells)}`).join('')} }`;
}

function numberLiteral(value: number): string {
  return String(value).replace('e', 'E').replace('E+', 'E');
}

// ── Names ───────────────────────────────────────────────────────────────────────────────────────────────────────

function refuseName({ file }: FlowModel, name: string): void {
  if (!isWord(name)) {
    throw impossible(
      `“${name}” is no name of a variable.`,
      'A name starts with a letter or an underscore, and goes on with letters, digits and underscores.',
    );
  }
  if (!isPlainName(name)) {
    throw impossible(`“${name}” is a reserved word.`, `Choose another name, for example ${name}Value.`);
  }
  const taken = file.header.parameters.find((parameter) => sameName(parameter.name.text, name));
  if (taken !== undefined) {
    throw impossible(
      `The flow already has an ${taken.direction} “${taken.name.text}”.`,
      'Choose another name.',
    );
  }
}

function refuseExternalName(
  { file, info }: FlowModel,
  direction: Direction,
  externalName: string,
  except: FlowParameter | undefined,
): void {
  if (externalName.trim() === '') {
    throw impossible('The external name is empty, but people are asked by it.', 'Give an external name.');
  }
  const own = except === undefined ? undefined : file.header.parameters.indexOf(except);
  const taken = (direction === 'input' ? info.inputs : info.outputs).find(
    (known) =>
      sameName(known.externalName, externalName) &&
      (own === undefined || !sameName(known.name, except?.name.text ?? '')),
  );
  if (taken !== undefined) {
    throw impossible(
      `Another ${direction} already has the external name “${taken.externalName}”.`,
      'Choose another external name.',
    );
  }
}

function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function impossible(what: string, nextStep: string): ProductError {
  return new ProductError('FlowEditImpossible', what, nextStep);
}

// ── Lines of the head ───────────────────────────────────────────────────────────────────────────────────────────

/** The first line end of a text: what its head is written with. */
export function lineEndOf({ tokens, text }: FlowFile): string {
  for (let token = 0; token < tokens.length; token++) {
    if (tokens.kind(token) === 'newline') return text.slice(tokens.start(token), tokens.end(token));
  }
  return /\r\n|\r|\n/.exec(text)?.[0] ?? '\n';
}

interface HeadLine {
  readonly start: number;
  /** Behind its line end. */
  readonly end: number;
  /** What it is: the first word behind its sign, in capitals. */
  readonly word: string;
}

/** The head lines of the flow, or of a local subflow, in the order of the text. */
function headLines(file: FlowFile, owner: Subflow | undefined): HeadLine[] {
  const { lines, tokens, text } = file;
  const found: HeadLine[] = [];
  const from = owner?.start ?? 0;
  const to = owner?.body[0]?.start ?? owner?.end ?? firstStatement(file);
  for (let line = 0; line < lines.length; line++) {
    const start = tokens.start(lines.tokenStart(line));
    if (start >= to) break;
    const role = lines.role(line);
    if (start < from || (role !== 'header' && role !== 'meta')) continue;
    const end = tokens.end(lines.tokenEnd(line) - 1);
    const word = /^\s*@*\s*([\p{L}_]+)/u.exec(text.slice(start, end))?.[1]?.toUpperCase() ?? '';
    found.push({ start, end, word: role === 'meta' ? '@@' : word });
  }
  return found;
}

/** Where the first statement or subflow stands, its annotations included. */
function firstStatement({ main, subflows, text }: FlowFile): number {
  const [first] = main;
  return Math.min(first?.meta[0]?.start ?? first?.start ?? text.length, subflows[0]?.start ?? text.length);
}

/** The edit that puts a line where it belongs in the head: the list of sensitive names above inputs and outputs, those in order. */
function newHeadLine(file: FlowFile, line: string, what: 'list' | 'parameter'): TextEdit {
  const eol = lineEndOf(file);
  const head = headLines(file, undefined);
  const above = head.findLast(({ word }) =>
    what === 'parameter' ? true : word === 'IMPORT' || word === '@@',
  );
  const at = above?.end ?? 0;
  const open = at > 0 && !/[\r\n]/.test(file.text[at - 1] ?? '');
  return { start: at, end: at, text: open ? `${eol}${line}` : `${line}${eol}` };
}

function belowFunctionLine(file: FlowFile, owner: Subflow, line: string): TextEdit {
  const { end } = wholeLine(file, owner.start);
  const open = !/[\r\n]/.test(file.text[end - 1] ?? '');
  const eol = lineEndOf(file);
  return { start: end, end, text: open ? `${eol}    ${line}` : `    ${line}${eol}` };
}

/** The line of the tree that contains `offset`, with its line end. */
function wholeLine(
  { lines, tokens }: FlowFile,
  offset: number,
): { readonly start: number; readonly end: number } {
  for (let line = 0; ; line++) {
    const end = tokens.end(lines.tokenEnd(line) - 1);
    if (offset < end) return { start: tokens.start(lines.tokenStart(line)), end };
  }
}

// ── Lists of sensitive names ────────────────────────────────────────────────────────────────────────────────────

/** The first `@SENSITIVE: […]` of the flow or of a local subflow. */
function sensitiveList(file: FlowFile, owner: Subflow | undefined): HeadLine | undefined {
  return headLines(file, owner).find(({ word }) => word === 'SENSITIVE');
}

function listed(file: FlowFile, list: HeadLine, names: readonly Name[], name: string): TextEdit {
  const last = names.findLast(({ start }) => start >= list.start && start < list.end);
  if (last !== undefined) return { start: last.end, end: last.end, text: `, ${name}` };
  const opening = file.text.indexOf('[', list.start);
  if (opening < 0 || opening >= list.end) {
    throw impossible('The line @SENSITIVE cannot be read.', 'Write it as @SENSITIVE: [] and try again.');
  }
  return { start: opening + 1, end: opening + 1, text: name };
}

function unlisted(names: readonly Name[], index: number): TextEdit {
  const { start, end } = names[index] as Name;
  const after = names[index + 1];
  const before = names[index - 1];
  if (after !== undefined) return { start, end: after.start, text: '' };
  return { start: before?.end ?? start, end, text: '' };
}

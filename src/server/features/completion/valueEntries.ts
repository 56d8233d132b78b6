// Values as things to complete: variables, enum members, properties, columns, elements, images, functions, names of errors and flows.
import { CompletionItemKind } from 'vscode-languageserver';
import type { FlowModel } from '../../../language/analysis/model.ts';
import {
  catalogType,
  expressionFunctions,
  propertiesOf,
  typeLabel,
} from '../../../language/analysis/properties.ts';
import type { FlowSummary } from '../../../language/analysis/surroundings.ts';
import type { ValueType } from '../../../language/analysis/types.ts';
import {
  type CatalogArgument,
  type CatalogOutput,
  type ErrorName,
  enumsOfModule,
  findAction,
  findEnum,
  isModule,
  moduleDescription,
  moduleNames,
} from '../../../language/catalog/catalog.ts';
import {
  imagesFor,
  isVariable,
  keysFor,
  likelyType,
  screensFor,
  type TypedLine,
  typeOfPath,
  variablesFor,
} from '../../../language/completion/candidates.ts';
import type { HalfCall } from '../../../language/completion/spot.ts';
import { quoted } from '../../../language/edits/literals.ts';
import type { Subflow } from '../../../language/syntax/tree.ts';
import { functionDescription, plain, propertyDescription, typeText } from '../describe.ts';
import { uniqueName, valueSnippet } from './actionEntries.ts';
import { type Entry, literally, placeholder } from './entry.ts';
import { wordEntry } from './statementEntries.ts';

/** A place in a flow, as far as names are concerned. */
export interface Surrounded {
  readonly model: FlowModel;
  readonly subflow: Subflow | undefined;
  readonly caret: number;
  /** The line of the caret. */
  readonly typed: TypedLine;
}

// ── Variables ───────────────────────────────────────────────────────────────────────────────────────────────────

/** Variables by their plain name, those of the expected type first. */
export function variableEntries(at: Surrounded, expected: ValueType | undefined): Entry[] {
  const { model, subflow, caret, typed } = at;
  const entries = variablesFor(model, subflow, typed).map(({ name, symbol }) =>
    variableEntry(name, likelyType(symbol, caret), expected),
  );
  if (subflow !== undefined && !subflow.global) {
    entries.push({
      label: 'GLOBAL',
      kind: CompletionItemKind.Keyword,
      description: 'variables of the flow',
      insert: 'GLOBAL',
      sort: '4GLOBAL',
      commitCharacters: ['.'],
    });
  }
  return entries;
}

function variableEntry(name: string, type: ValueType | undefined, expected: ValueType | undefined): Entry {
  const fits = expected !== undefined && type !== undefined && fitsInto(type, expected);
  return {
    label: name,
    kind: CompletionItemKind.Variable,
    ...(type === undefined ? {} : { description: typeLabel(type) }),
    insert: name,
    sort: `${expected !== undefined && !fits ? 3 : 2}${name.toLowerCase()}`,
  };
}

/** Whether a person would give a value of the type there. Much more is converted. */
function fitsInto(type: ValueType, expected: ValueType): boolean {
  if (type.name === expected.name) return true;
  return (expected.name === 'File' || expected.name === 'Folder') && type.name === 'Text';
}

// ── Values of arguments ─────────────────────────────────────────────────────────────────────────────────────────

/** The catalog's entry for the argument whose value the caret stands in. */
export function activeArgument(call: HalfCall | undefined): CatalogArgument | undefined {
  if (call?.kind !== 'action' || call.active === undefined || call.active.output) return undefined;
  const name = call.active.name.toLowerCase();
  return findAction(call.name)?.writtenAs.arguments.find((argument) => argument.name.toLowerCase() === name);
}

/** The whole of a value, where nothing of it is written yet. */
export function startEntries(at: Surrounded, argument: CatalogArgument): Entry[] {
  const { enumType, type, defaultValue } = argument;
  if (enumType !== undefined) return memberEntries(enumType, defaultValue);
  switch (type.toLowerCase()) {
    case 'boolean':
      return booleanEntries();
    case 'uicontrol':
    case 'webcontrol':
      return elementEntries(at);
    case 'image':
      return imageEntries(at, (image) => image);
    case 'list<image>':
      return imageEntries(at, (image) => `[${image}]`);
  }
  if (catalogType(type)?.name !== 'Text' && !/^(file|folder)object$|^object$/i.test(type)) return [];
  const counter = { next: 1 };
  return [
    {
      label: "$'''…'''",
      kind: CompletionItemKind.Snippet,
      description: 'text',
      insert: `${valueSnippet({ ...argument, defaultValue: '' }, counter)}$0`,
      snippet: true,
      filter: "$'''",
      sort: "4$'''",
    },
  ];
}

export function booleanEntries(): Entry[] {
  return ['True', 'False'].map((label, index) => ({
    label,
    kind: CompletionItemKind.Keyword,
    insert: label,
    sort: `1${index}`,
  }));
}

/** The members of an enum in full, the default first. */
function memberEntries(enumType: string, defaultValue: string | undefined): Entry[] {
  const found = findEnum(enumType);
  if (found === undefined) return [];
  const usual = defaultValue?.split('.').at(-1)?.toLowerCase();
  return found.members.map((member, index) => ({
    label: member,
    kind: CompletionItemKind.EnumMember,
    description: member.toLowerCase() === usual ? `${found.type}, default` : found.type,
    insert: `${found.type}.${member}`,
    filter: `${member} ${found.type}.${member}`,
    sort: `1${member.toLowerCase() === usual ? 0 : 1}${String(index).padStart(3, '0')}`,
  }));
}

function elementEntries({ model, caret }: Surrounded): Entry[] {
  return screensFor(model, caret).flatMap((screen) => {
    const whole = `appmask[${quoted(screen.name)}]`;
    return [
      ...screen.elements.map((element) =>
        reference(`${whole}[${quoted(element)}]`, element, screen.name, '1'),
      ),
      reference(whole, screen.name, 'screen', '2'),
    ];
  });
}

function imageEntries({ model, caret }: Surrounded, wrap: (image: string) => string): Entry[] {
  return imagesFor(model, caret).map((name) =>
    reference(wrap(`imgrepo[${quoted(name)}]`), name, 'image', '1'),
  );
}

const reference = (insert: string, label: string, description: string, group: string): Entry => ({
  label,
  kind: CompletionItemKind.Reference,
  description,
  insert,
  filter: `${label} ${insert}`,
  sort: `${group}${label.toLowerCase()}`,
});

// ── Names of arguments ──────────────────────────────────────────────────────────────────────────────────────────

/** The arguments and outputs of an action that the call does not have yet. */
export function argumentEntries(call: HalfCall, isTaken: (name: string) => boolean): Entry[] {
  const action = findAction(call.name)?.writtenAs;
  if (action === undefined) return [];
  const left = <T extends CatalogArgument | CatalogOutput>(all: readonly T[]) =>
    all.filter(({ name }) => !call.given.has(name.toLowerCase()));
  return [
    ...left(action.arguments).map((argument, index): Entry => {
      const required = argument.required;
      return {
        label: argument.name,
        kind: CompletionItemKind.Field,
        description: `${typeText(argument.type)}${required ? ', required' : ''}`,
        insert: `${literally(argument.name)}: ${valueSnippet(argument, { next: 1 })}$0`,
        snippet: true,
        filter: `${argument.name} ${argument.label}`,
        sort: `${required ? 1 : 2}${String(index).padStart(2, '0')}`,
        documentation: `${plain(argument.label)}${argument.description === undefined ? '' : `: ${plain(argument.description)}`}`,
      };
    }),
    ...left(action.outputs).map(
      (output, index): Entry => ({
        label: `${output.name}=>`,
        kind: CompletionItemKind.Field,
        description: `output, ${typeText(output.type)}`,
        insert: `${literally(output.name)}=> ${placeholder(1, uniqueName(output.variable ?? output.name, isTaken))}$0`,
        snippet: true,
        filter: `${output.name} ${output.label}`,
        sort: `3${String(index).padStart(2, '0')}`,
        documentation: plain(output.label),
      }),
    ),
  ];
}

/** Inputs and outputs of a local subflow that the call does not have yet. */
export function subflowArgumentEntries(call: HalfCall, subflow: Subflow): Entry[] {
  return [
    ...subflow.inputs
      .filter(({ text }) => !call.given.has(text.toLowerCase()))
      .map(({ text }) => namedValue(text, `${literally(text)}: ${placeholder(1, text)}$0`, 'input', '1')),
    ...subflow.outputs
      .filter(({ text }) => !call.given.has(text.toLowerCase()))
      .map(({ text }) =>
        namedValue(`${text}=>`, `${literally(text)}=> ${placeholder(1, text)}$0`, 'output', '2'),
      ),
  ];
}

/** Inputs and outputs of another flow that `External.RunFlow` does not give yet. `at`: the `@` stands there already and is replaced. */
export function flowArgumentEntries(call: HalfCall, flow: FlowSummary): Entry[] {
  return [
    ...flow.inputs
      .filter(({ name }) => !call.given.has(`@${name.toLowerCase()}`))
      .map(({ name, type, optional }) =>
        namedValue(
          `@${name}`,
          `@${literally(name)}: ${placeholder(1, name)}$0`,
          `${type}${optional ? '' : ', required'}`,
          optional ? '5' : '4',
        ),
      ),
    ...flow.outputs
      .filter(({ name }) => !call.given.has(`@${name.toLowerCase()}`))
      .map(({ name, type }) =>
        namedValue(`@${name}=>`, `@${literally(name)}=> ${placeholder(1, name)}$0`, `output, ${type}`, '6'),
      ),
  ];
}

const namedValue = (label: string, insert: string, description: string, group: string): Entry => ({
  label,
  kind: CompletionItemKind.Field,
  description,
  insert,
  snippet: true,
  sort: `${group}${label.toLowerCase()}`,
});

// ── Parts of values ─────────────────────────────────────────────────────────────────────────────────────────────

/** Behind a dot: properties of a value, variables of GLOBAL, enums of a module (`expected` first), members of an enum. */
export function memberAccessEntries(
  at: Surrounded,
  path: string,
  pathEnd: number,
  expected: string | undefined,
): Entry[] {
  const { model, subflow, caret, typed } = at;
  const name = path.replace(/\s+/g, '');
  if (name.toLowerCase() === 'global') {
    return variablesFor(model, undefined, typed).map((variable) =>
      variableEntry(variable.name, likelyType(variable.symbol, caret), undefined),
    );
  }
  const found = findEnum(name);
  if (found !== undefined) {
    return found.members.map((member, index) => ({
      label: member,
      kind: CompletionItemKind.EnumMember,
      insert: member,
      sort: `1${String(index).padStart(3, '0')}`,
    }));
  }
  const type = typeOfPath(model, path, pathEnd, subflow);
  if (type !== undefined) {
    return [
      ...propertiesOf(type.name).map(
        (property, index): Entry => ({
          label: property.name,
          kind: CompletionItemKind.Property,
          ...(property.type === undefined ? {} : { description: typeLabel(property.type) }),
          insert: property.name,
          sort: `1${String(index).padStart(3, '0')}`,
          documentation: propertyDescription(property, type),
        }),
      ),
      ...(type.name === 'Custom object' ? keyMembers(at, path) : []),
    ];
  }
  if (isModule(name) && !isVariable(model, name, subflow, typed)) return enumEntries(name, expected);
  return keyMembers(at, path);
}

/** Keys of an object that can be written behind a dot. */
function keyMembers({ model, subflow, caret }: Surrounded, path: string): Entry[] {
  return keysFor(model, path, caret, subflow)
    .filter((key) => /^[\p{L}_][\p{L}\p{N}_]*$/u.test(key))
    .map((key) => ({ label: key, kind: CompletionItemKind.Property, insert: key, sort: `2${key}` }));
}

function enumEntries(module: string, expected: string | undefined): Entry[] {
  return enumsOfModule(module).map(({ type, members }) => {
    const label = type.slice(type.indexOf('.') + 1);
    return {
      label,
      kind: CompletionItemKind.Enum,
      description: members.slice(0, 3).join(', ') + (members.length > 3 ? ' …' : ''),
      insert: label,
      sort: `${type === expected ? 0 : 1}${label}`,
      commitCharacters: ['.'],
    };
  });
}

/** Names in brackets: screens, elements, images, columns, keys. `closed`: a bracket follows already. */
export function indexEntries(at: Surrounded, path: string, closed: boolean): Entry[] {
  const { model, subflow, caret } = at;
  const repository = /^\s*(appmask|imgrepo)\s*(?:\[\s*('(?:\\.|[^'\\])*')\s*\])?\s*$/i.exec(path);
  const named = (names: readonly string[], description: string, kind: CompletionItemKind): Entry[] =>
    names.map((name) => ({
      label: name,
      kind,
      description,
      insert: `${quoted(name)}${closed ? '' : ']'}`,
      filter: quoted(name),
      sort: `1${name.toLowerCase()}`,
    }));
  if (repository?.[1]?.toLowerCase() === 'imgrepo') {
    return named(imagesFor(model, caret), 'image', CompletionItemKind.Reference);
  }
  if (repository !== null) {
    const screens = screensFor(model, caret);
    if (repository[2] === undefined) {
      return named(
        screens.map(({ name }) => name),
        'screen',
        CompletionItemKind.Reference,
      );
    }
    const screen = repository[2]
      .slice(1, -1)
      .replace(/\\(['\\])/g, '$1')
      .toLowerCase();
    const elements = screens.find(({ name }) => name.toLowerCase() === screen)?.elements ?? [];
    return named(elements, 'UI element', CompletionItemKind.Reference);
  }
  return named(keysFor(model, path, caret, subflow), 'column or key', CompletionItemKind.Field);
}

// ── Functions, modules, errors, flows ───────────────────────────────────────────────────────────────────────────

const functionEntriesMade: readonly Entry[] = expressionFunctions.map((info) => ({
  label: info.name,
  kind: CompletionItemKind.Function,
  description: 'function',
  insert: `${info.name}(${info.parameters
    .slice(0, Math.max(info.required, info.parameters.length === 3 ? 3 : 0))
    .map((name, index) =>
      name === 'ignoreCase' ? `\${${index + 1}|False,True|}` : placeholder(index + 1, name),
    )
    .join(', ')})$0`,
  snippet: true,
  sort: `4${info.name}`,
  documentation: functionDescription(info),
}));

export const functionEntries = (): readonly Entry[] => functionEntriesMade;

const moduleEntriesMade: readonly Entry[] = moduleNames.map((name) => {
  const about = moduleDescription(name);
  return {
    label: name,
    kind: CompletionItemKind.Module,
    ...(about === undefined || about === name ? {} : { description: about }),
    insert: name,
    sort: `4${name}`,
    commitCharacters: ['.'],
  };
});

export const moduleEntries = (): readonly Entry[] => moduleEntriesMade;

export function errorEntries(errors: readonly ErrorName[]): Entry[] {
  return errors.map(({ name, title, certain }, index) => ({
    label: name,
    kind: CompletionItemKind.Event,
    description: title,
    insert: name,
    filter: `${name} ${title}`,
    sort: `${certain ? 2 : 3}${String(index).padStart(3, '0')}`,
  }));
}

/** Flows to run, with their required inputs. `whole`: nothing follows on the line. */
export function flowEntries(flows: readonly FlowSummary[], whole: boolean): Entry[] {
  return flows.map((flow) => {
    const id = quoted(flow.id ?? flow.name);
    let index = 1;
    const inputs = flow.inputs
      .filter(({ optional }) => !optional)
      .map(({ name }) => ` @${literally(name)}: ${placeholder(index++, name)}`);
    const outputs = flow.outputs.map(({ name }) => ` @${literally(name)}=> ${placeholder(index++, name)}`);
    return {
      label: flow.name,
      kind: CompletionItemKind.File,
      description: 'flow',
      insert: whole ? `${literally(id)}${inputs.join('')}${outputs.join('')}$0` : literally(id),
      snippet: true,
      filter: `${id} ${flow.name}`,
      sort: `1${flow.name.toLowerCase()}`,
    };
  });
}

/** Words behind a value, such as THEN. */
export const operatorEntries = (words: readonly string[]): Entry[] =>
  words.map((word, index) => wordEntry(word, `1${index}`));

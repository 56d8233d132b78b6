// Actions, enums, functions, properties and statements as Markdown for people: for hover, completion and signature help.
// Everything that comes from a flow or a file is escaped. Decides nothing about places.
import {
  catalogType,
  type ExpressionFunction,
  type Property,
  typeLabel,
} from '../../language/analysis/properties.ts';
import type { ParameterSummary } from '../../language/analysis/surroundings.ts';
import type { ValueType } from '../../language/analysis/types.ts';
import {
  type ActionKind,
  type CatalogAction,
  type CatalogArgument,
  type CatalogOutput,
  findAction,
  findEnum,
  isImplemented,
  neededSystem,
} from '../../language/catalog/catalog.ts';

/** Text as it is, whatever it contains, on one line. */
export function plain(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_[\]<>|~&]/g, '\\$&')
    .replaceAll('://', '\\://')
    .replace(/^( ?)([#+=-]|\d+(?=[.)]))/, (_, blank: string, sign: string) =>
      /\d/.test(sign) ? `${blank}${sign}\u2060` : `${blank}\\${sign}`,
    );
}

/** Text in the typeface of code, on one line. */
export function code(text: string): string {
  const shown = text.replace(/\s+/g, ' ');
  if (shown.trim() === '') return '` `';
  const longest = Math.max(0, ...(shown.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = '`'.repeat(longest + 1);
  // A pipe would end the cell of a table, and an escaped one shows its backslash outside of tables.
  const safe = shown.replaceAll('|', '¦');
  return longest > 0 ? `${fence} ${safe} ${fence}` : `${fence}${safe}${fence}`;
}

/** Lines of a flow, coloured as such. */
export function codeBlock(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}robin\n${text}\n${fence}`;
}

const kindNames: Readonly<Record<ActionKind, string>> = {
  action: 'Action',
  condition: 'Condition, for IF (…) and LOOP WHILE (…)',
  wait: 'Wait, for WAIT (…)',
  loop: 'Loop, for LOOP WHILE (…)',
};

/** All about an action; undefined when the catalog does not know the id. */
export function actionDescription(id: string): string | undefined {
  const found = findAction(id);
  if (found === undefined) return undefined;
  const { definition, writtenAs, replacedBy } = found;
  const parts = [`**${plain(definition.displayName)}** · ${kindNames[definition.kind]}`, code(writtenAs.id)];
  if (definition.description !== definition.displayName) parts.push(`${plain(definition.description)}.`);
  if (replacedBy !== undefined) parts.push(`An older name of ${code(replacedBy)}.`);
  if (writtenAs.removed !== undefined) {
    parts.push(`⚠ Refused by the designer from version ${plain(writtenAs.removed)} on.`);
  }
  if (!isImplemented(id)) parts.push('⚠ This agent cannot carry it out.');
  if (neededSystem(id) === 'windows') parts.push('Needs an agent on Windows.');
  if (writtenAs.arguments.length > 0) parts.push(argumentTable(writtenAs));
  if (writtenAs.outputs.length > 0) {
    parts.push(`**Outputs**\n\n${writtenAs.outputs.map((output) => `- ${outputLine(output)}`).join('\n')}`);
  }
  if (!writtenAs.argumentsKnown) parts.push('Its arguments are not reliably known.');
  if (definition.errorNames.length > 0) {
    const names = definition.errorNames.map(
      ({ name, title, certain }) => `- ${code(name)}${certain ? '' : ' (probably)'} ${plain(title)}`,
    );
    parts.push(`**Errors**\n\n${names.join('\n')}`);
  }
  const notes = [
    writtenAs.since === undefined ? undefined : `Since version ${plain(writtenAs.since)}.`,
    writtenAs.changes === undefined ? undefined : plain(writtenAs.changes),
  ].filter((note) => note !== undefined);
  if (notes.length > 0) parts.push(notes.join(' '));
  if (definition.docsUrl !== undefined) parts.push(`[Documentation](${definition.docsUrl})`);
  return parts.join('\n\n');
}

function argumentTable({ arguments: args }: CatalogAction): string {
  const rows = args.map(
    (argument) =>
      `| ${code(argument.name)} | ${typeShown(argument.type)} | ${defaultShown(argument)} | ${meaning(argument)} |`,
  );
  return ['| Argument | Type | Default | Meaning |', '|---|---|---|---|', ...rows].join('\n');
}

/** The label, and the description where there is one. */
function meaning({ label, description }: CatalogArgument): string {
  return plain([label, description].filter((text) => text !== undefined && text !== '').join(': '));
}

function defaultShown({ required, defaultValue, enumType }: CatalogArgument): string {
  if (required) return '**required**';
  if (defaultValue === undefined || defaultValue === '') return '';
  return code(enumType === undefined ? defaultValue : (defaultValue.split('.').at(-1) as string));
}

function outputLine({ name, label, type }: CatalogOutput): string {
  const about = label === '' || label === name ? '' : ` ${plain(label)}`;
  return `${code(name)} ${typeShown(type)}${about}`;
}

/** A type of the catalog as people know it: `Number`, `List of Text`; an enum by its name. */
function typeShown(type: string): string {
  if (findEnum(type) !== undefined) return code(type);
  const known = catalogType(type);
  return known === undefined
    ? type === '' || type === 'Object'
      ? 'any value'
      : plain(type)
    : plain(typeLabel(known));
}

/** The same without Markdown. */
export function typeText(type: string): string {
  const known = catalogType(type);
  return known === undefined ? type : typeLabel(known);
}

/** One argument of an action. */
export function argumentDescription(action: CatalogAction, argument: CatalogArgument): string {
  const facts = [
    typeShown(argument.type),
    argument.required ? 'required' : 'optional',
    ...(argument.inOut ? ['changed by the action'] : []),
    ...(!argument.required && argument.defaultValue ? [`default ${defaultShown(argument)}`] : []),
  ];
  const members = argument.enumType === undefined ? [] : enumMembers(argument.enumType, undefined);
  return [
    `**${plain(argument.label)}** · argument ${code(argument.name)} of ${plain(action.displayName)}`,
    facts.join(', '),
    ...(argument.description === undefined ? [] : [plain(argument.description)]),
    ...members,
  ].join('\n\n');
}

export function outputDescription(action: CatalogAction, output: CatalogOutput): string {
  return [
    `**${plain(output.label)}** · output ${code(output.name)} of ${plain(action.displayName)}`,
    typeShown(output.type),
  ].join('\n\n');
}

/** An input or output of another flow. */
export function parameterDescription(
  { externalName, name, type, optional, sensitive, description }: ParameterSummary,
  direction: 'input' | 'output',
  flow: string,
): string {
  const facts = [
    plain(type),
    ...(direction === 'input' ? [optional ? 'optional' : 'required'] : []),
    ...(sensitive ? ['sensitive'] : []),
  ];
  return [
    `**${plain(externalName)}** · ${direction} ${code(name)} of the flow ${plain(flow)}`,
    facts.join(', '),
    ...(description === '' ? [] : [plain(description)]),
  ].join('\n\n');
}

/** An enum with all of its members, `member` among them in bold; undefined when it is unknown. */
export function enumDescription(type: string, member: string | undefined): string | undefined {
  const found = findEnum(type);
  if (found === undefined) return undefined;
  return [
    code(member === undefined ? found.type : `${found.type}.${member}`),
    ...enumMembers(type, member),
  ].join('\n\n');
}

function enumMembers(type: string, chosen: string | undefined): string[] {
  const found = findEnum(type);
  if (found === undefined) return [];
  const shown = found.members.map((name) =>
    name.toLowerCase() === chosen?.toLowerCase() ? `**${plain(name)}**` : plain(name),
  );
  return [`Values: ${shown.join(', ')}`];
}

export function functionDescription(info: ExpressionFunction): string {
  return [codeBlock(functionForm(info)), plain(info.description)].join('\n\n');
}

/** As people write it: `Contains(text, searchFor, [ignoreCase])`. */
function functionForm(info: ExpressionFunction): string {
  return `${info.name}(${functionParameters(info).join(', ')})`;
}

export function functionParameters({ parameters, required }: ExpressionFunction): string[] {
  return parameters.map((name, index) => (index < required ? name : `[${name}]`));
}

export function propertyDescription(property: Property, owner: ValueType): string {
  const type = property.type === undefined ? '' : `: ${plain(typeLabel(property.type))}`;
  return [
    `${code(property.name)}${type} · property of ${plain(typeLabel(owner))}`,
    plain(property.description),
  ].join('\n\n');
}

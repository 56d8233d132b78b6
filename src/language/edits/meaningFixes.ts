// Fixes for what the checks of meaning report: names that do not exist, arguments that are missing, statements in a wrong place.
import { flowInfo } from '../analysis/flow.ts';
import { type CatalogArgument, findAction, findEnum } from '../catalog/catalog.ts';
import { type Fix, type Fixer, type FixPlace, likely, possible, safe } from './fix.ts';
import { indentOf, lineStart, lineStop, removeLines, removeWithBlanks } from './lines.ts';
import { rewrittenText, writtenName } from './literals.ts';

/** Puts in what was probably meant. */
const suggested: Fixer = ({ diagnostic, text, start, replace }) => {
  const { suggestion } = diagnostic;
  if (suggestion === undefined) return [];
  const quoted = text[start] === "'" || text[start] === '$';
  const written = quoted ? rewrittenText(text, diagnostic, suggestion) : suggestion;
  return [likely(`Change to “${suggestion}”`, replace(written))];
};

const suggestedName: Fixer = ({ diagnostic, replace }) => {
  const { suggestion } = diagnostic;
  return suggestion === undefined
    ? []
    : [likely(`Change to “${suggestion}”`, replace(writtenName(suggestion)))];
};

/** The same in the right form: nothing to decide. */
const suggestedSafely: Fixer = ({ diagnostic, replace }) => {
  const { suggestion } = diagnostic;
  return suggestion === undefined ? [] : [safe(`Write ${suggestion}`, replace(suggestion))];
};

const removeStatement: Fixer = ({ statement, text }) =>
  statement === undefined ? [] : [possible('Remove this statement', removeLines(text, statement))];

const removeGiven: Fixer = ({ given, text, written }) =>
  given === undefined ? [] : [possible(`Remove “${written}”`, removeWithBlanks(text, given))];

const both =
  (...fixers: readonly Fixer[]): Fixer =>
  (place) =>
    fixers.flatMap((fixer) => fixer(place));

export const meaningFixers: Readonly<Record<string, Fixer>> = {
  ActionUnknown: suggested,
  ArgumentUnknown: both(suggested, removeGiven),
  ArgumentMissing: (place) => missingArguments(place),
  OutputUnknown: both(suggested, removeGiven),
  EnumUnknown: suggested,
  EnumMemberUnknown: suggested,
  EnumTypeWrong: suggested,
  EnumNotQualified: suggestedSafely,
  MetaMisplaced: ({ text, diagnostic }) => [possible('Remove this line', removeLines(text, diagnostic))],
  VariableUnknown: both(suggested, createVariable, escapePercents),
  PropertyUnknown: suggested,
  FunctionUnknown: suggested,
  UiElementUnknown: suggested,
  ImageUnknown: suggested,
  SubflowUnknown: both(suggestedName, createSubflow),
  LabelUnknown: both(suggestedName, createLabel),
  FunctionPasted: (place) => pastedFunction(place),
  ExitSubflowInMain: ({ replace }) => [likely('Stop the flow with EXIT', replace('EXIT Code: 0'))],
  LoopExitOutside: removeStatement,
  HandlerOnly: removeStatement,
  DefaultUnfit: (place) => fittingDefault(place),
  RunInputUnknown: both(suggested, removeGiven),
  RunOutputUnknown: both(suggested, removeGiven),
};

// ── Arguments ───────────────────────────────────────────────────────────────────────────────────────────────────

function missingArguments({ call, text }: FixPlace): Fix[] {
  const known = call === undefined ? undefined : findAction(call.id)?.writtenAs;
  if (call === undefined || known === undefined) return [];
  const given = new Set(call.args.map(({ name }) => name.text.toLowerCase()));
  const missing = known.arguments.filter(({ name, required }) => required && !given.has(name.toLowerCase()));
  if (missing.length === 0) return [];
  const added = missing.map((argument) => ` ${argument.name}: ${placeholder(argument)}`).join('');
  // A single `_` says that there are no arguments.
  const none =
    call.args.length + call.outputs.length === 0 ? /^\s+_(?![\w:])/.exec(text.slice(call.idEnd)) : null;
  const at = call.args.at(-1)?.end ?? call.idEnd;
  const title = `Add ${missing.map(({ name }) => `“${name}”`).join(', ')}`;
  return [likely(title, { start: at, end: at + (none?.[0].length ?? 0), text: added })];
}

/** Something of the right type to be overwritten. */
function placeholder({ type, enumType, defaultValue }: CatalogArgument): string {
  const member = enumType === undefined ? undefined : (defaultValue ?? findEnum(enumType)?.members[0]);
  if (member !== undefined) return `${enumType}.${member}`;
  if (/^(?:int|decimal|double)/i.test(type)) return defaultValue ?? '0';
  if (/^bool/i.test(type)) return defaultValue ?? 'False';
  return /^list/i.test(type) ? '[]' : "$''''''";
}

// ── Things that do not exist yet ────────────────────────────────────────────────────────────────────────────────

function createVariable({ statements, diagnostic, text, written, lineEnd, insert }: FixPlace): Fix[] {
  const [outermost] = statements;
  if (outermost === undefined || diagnostic.code !== 'VariableUnknown') return [];
  const first = outermost.meta[0]?.start ?? outermost.start;
  const at = lineStart(text, first);
  const line = `${indentOf(text, first)}SET ${written} TO $''''''${lineEnd}`;
  return [possible(`Create the variable “${written}” above`, insert(at, line))];
}

/** `$'''50%off%'''`: percent signs that were meant as such. */
function escapePercents({ text, start, end, insert }: FixPlace): Fix[] {
  if (text[start - 1] !== '%' || text[end] !== '%') return [];
  return [possible('Write %% for the percent signs', insert(start - 1, '%'), insert(end, '%'))];
}

function createSubflow({ model, statement, text, lineEnd }: FixPlace): Fix[] {
  if (statement?.kind !== 'CallSubflow') return [];
  const { name, args, outputs } = statement;
  const parameters = [
    ...args.map((argument) => argument.name.text),
    ...outputs.map((output) => `OUTPUT ${output.name.text}`),
  ].join(', ');
  const head = `FUNCTION ${writtenName(name.text)} ${parameters === '' ? 'GLOBAL' : parameters}`;
  const body = parameters === '' ? '' : `@SENSITIVE: []${lineEnd}`;
  const code = text.slice(0, model.file.attachment?.start ?? text.length).trimEnd();
  const subflow = `${lineEnd}${lineEnd}${head}${lineEnd}${body}END FUNCTION`;
  return [
    likely(`Create the subflow “${name.text}”`, { start: code.length, end: code.length, text: subflow }),
  ];
}

/** At the end of the subflow, where nothing else changes its meaning. */
function createLabel({ body, statement, text, lineEnd, insert }: FixPlace): Fix[] {
  const last = body.statements.at(-1);
  if (statement?.kind !== 'Goto' || last === undefined) return [];
  const at = lineStop(text, last.end);
  const line = `${lineEnd}${indentOf(text, body.statements[0]?.start ?? 0)}LABEL ${writtenName(statement.name.text)}`;
  return [possible(`Create the label “${statement.name.text}” at the end`, insert(at, line))];
}

// ── Wrong places ────────────────────────────────────────────────────────────────────────────────────────────────

function pastedFunction({ model, text, lineEnd, insert }: FixPlace): Fix[] {
  const [subflow] = model.file.subflows;
  const end = subflow === undefined ? -1 : lineStart(text, subflow.end);
  const fixes = [possible('Put an empty line above it', insert(0, lineEnd))];
  if (subflow?.endLine !== undefined && model.file.subflows.length === 1) {
    fixes.unshift(
      likely(
        'Keep only the lines inside',
        removeLines(text, { start: subflow.start, end: lineStop(text, subflow.start) }),
        removeLines(text, { start: end, end: subflow.end }),
      ),
    );
  }
  return fixes;
}

function fittingDefault({ model, start, replace }: FixPlace): Fix[] {
  const { parameters } = model.file.header;
  const index = parameters.findIndex((parameter) => parameter.start <= start && start < parameter.end);
  const parameter = parameters[index];
  const info = flowInfo(model.file).inputs.find(({ line }) => line === parameter?.line);
  const empty = info === undefined ? undefined : empties[info.type];
  return empty === undefined ? [] : [possible(`Write ${empty}`, replace(empty))];
}

const empties: Readonly<Record<string, string>> = {
  Text: "''",
  Number: '0',
  Boolean: 'False',
  List: '[]',
  'Custom object': '{{ }}',
  Datatable: '{ }',
};

// Refactorings that start at a literal, an expression or a variable: extract to an input or a variable, make an output, turn into
// an input, mark as sensitive. Each is offered only where it leaves the flow doing the same with its defaults.
import { ProductError } from '../../base/error.ts';
import type { Body, BoundUse, FlowSymbol } from '../analysis/binder.ts';
import type { ParameterType } from '../analysis/flow.ts';
import type { FlowModel } from '../analysis/model.ts';
import { namedAt } from '../analysis/named.ts';
import { placeAt } from '../analysis/places.ts';
import { constantText, usesOf } from '../analysis/uses.ts';
import { isModule } from '../catalog/catalog.ts';
import { reservedWords } from '../syntax/keywords.ts';
import type { Argument, Expression, FlowFile, Node, Statement, TextPart } from '../syntax/tree.ts';
import { eachExpression, eachStatement, effects, enumReference, expressionsOf } from '../syntax/walk.ts';
import type { TextEdit } from './edit.ts';
import { addParameter, lineEndOf, setSensitive } from './parameters.ts';

export interface Refactoring {
  readonly title: string;
  readonly kind: 'refactor.extract' | 'refactor.rewrite';
  readonly edits: readonly TextEdit[];
}

/** What can be done with the selection, or with what stands at the caret (an empty range). Never throws. */
export function refactorings(model: FlowModel, range: Node): readonly Refactoring[] {
  return [...extractions(model, range), ...variableRefactorings(model, range)];
}

/** The refactoring, or nothing when the head of the flow cannot be changed that way: a name is reserved or taken. */
function offered(
  title: string,
  kind: Refactoring['kind'],
  edits: () => readonly TextEdit[],
): readonly Refactoring[] {
  try {
    return [{ title, kind, edits: edits() }];
  } catch (error) {
    if (error instanceof ProductError) return [];
    throw error;
  }
}

// ── Extract ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** What is taken out: an expression, or a stretch of plain text inside `$'''…'''`. */
interface Extract extends Node {
  /** As an expression of its own. */
  readonly written: string;
  /** Undefined for what needs a variable or is computed. */
  readonly constant: Constant | undefined;
  readonly inText: boolean;
  readonly expression: Expression | undefined;
  readonly statement: Statement;
  readonly body: Body;
}

interface Constant {
  readonly type: ParameterType;
  /** As people type it. */
  readonly text: string;
}

function extractions(model: FlowModel, range: Node): Refactoring[] {
  const found = extractAt(model, range);
  if (found === undefined) return [];
  const { file } = model;
  const offers: Refactoring[] = [];
  const wish = wishedName(found);
  const { constant } = found;
  if (constant !== undefined) {
    const name = freeName(model, wish ?? 'Input');
    const declared = () =>
      addParameter(model, 'input', {
        name,
        externalName: name,
        description: '',
        type: constant.type,
        // A mandatory input with an empty default has none: somebody would be asked for it.
        optional: constant.text === '',
        sensitive: false,
        defaultText: constant.text,
      });
    offers.push(
      ...offered(`Extract to input “${name}”`, 'refactor.extract', () => [
        ...declared(),
        replaced(found, inScope(name, found.body)),
      ]),
    );
    const alike = found.inText ? [] : equalLiterals(model, found);
    if (alike.length > 1) {
      offers.push(
        ...offered(`Extract to input “${name}” in all ${alike.length} places`, 'refactor.extract', () => [
          ...declared(),
          ...alike.map(({ node, body }) => ({
            start: node.start,
            end: node.end,
            text: inScope(name, body),
          })),
        ]),
      );
    }
  }
  const above = insertionAbove(file, found);
  if (above !== undefined) {
    const name = freeName(model, wish ?? 'Value');
    const { at, indent } = above;
    const line = `${indent}SET ${name} TO ${found.written}${lineEndOf(file)}`;
    offers.push({
      title: `Extract to variable “${name}”`,
      kind: 'refactor.extract',
      edits: [{ start: at, end: at, text: line }, replaced(found, name)],
    });
  }
  return offers;
}

function replaced({ start, end, inText }: Extract, name: string): TextEdit {
  return { start, end, text: inText ? `%${name}%` : name };
}

/** An input is a variable of the flow: a local subflow reaches it by `GLOBAL.` */
function inScope(name: string, { subflow }: Body): string {
  return subflow === undefined || subflow.global ? name : `GLOBAL.${name}`;
}

function extractAt({ file, binding }: FlowModel, range: Node): Extract | undefined {
  const { text } = file;
  let { start, end } = range;
  while (start < end && /\s/.test(text[start] as string)) start++;
  while (end > start && /\s/.test(text[end - 1] as string)) end--;
  const { statements, expressions, subflow } = placeAt(file, start);
  const statement = statements.at(-1);
  const body = binding.bodies.find((candidate) => candidate.subflow === subflow);
  const [outermost] = expressions;
  if (statement === undefined || body === undefined || outermost === undefined) return undefined;
  if (!isReplaceable(statement, outermost)) return undefined;
  const caret = start === end;
  const expression = expressions.findLast((node) =>
    caret ? constantOf(node) !== undefined : node.start === start && node.end === end,
  );
  if (expression === undefined)
    return caret ? undefined : partOfText(text, expressions, start, end, statement, body);
  if (!isValue(expression) || fixedNames(outermost).has(expression)) return undefined;
  return {
    start: expression.start,
    end: expression.end,
    written: text.slice(expression.start, expression.end),
    constant: constantOf(expression),
    inText: false,
    expression,
    statement,
    body,
  };
}

/** A stretch of the plain text inside `$'''…'''`, without escapes and percent signs: those mean something else elsewhere. */
function partOfText(
  text: string,
  expressions: readonly Expression[],
  start: number,
  end: number,
  statement: Statement,
  body: Body,
): Extract | undefined {
  const literal = expressions.at(-1);
  if (literal?.kind !== 'Interpolated') return undefined;
  const part = literal.parts.find(
    (candidate): candidate is TextPart =>
      candidate.kind === 'TextPart' && candidate.start <= start && end <= candidate.end,
  );
  const written = text.slice(start, end);
  if (part === undefined || /[\\%\r\n]/.test(written)) return undefined;
  // It must not begin inside an escape.
  let at = part.start;
  while (at < start) at += /^(?:\\['"\\%]|%%)/.test(text.slice(at, at + 2)) ? 2 : 1;
  if (at > start) return undefined;
  const constant: Constant = { type: 'Text', text: written };
  return {
    start,
    end,
    written: `$'''${written}'''`,
    constant,
    inText: true,
    expression: undefined,
    statement,
    body,
  };
}

/** False for a place that names something or receives a value. */
function isReplaceable(statement: Statement, outermost: Expression): boolean {
  for (const effect of effects(statement)) {
    if (effect.writes.includes(outermost)) return false;
    const fixed = effect.action?.call.args.find((argument) => argument.value === outermost);
    if (fixed !== undefined && fixedArguments.has(fixed.name.text.toLowerCase())) return false;
  }
  return true;
}

/** Arguments by which the designer finds a flow or a connection: they are texts, never variables. */
const fixedArguments: ReadonlySet<string> = new Set(['flowid', 'connection', 'connectorid', 'operationid']);

/** Whether it is a value that can be stored: no enum member, no UI element, nothing the language cannot read. */
function isValue(expression: Expression): boolean {
  switch (expression.kind) {
    case 'Name':
    case 'Missing':
    case 'PowerFx':
    case 'Encrypted':
    case 'Opaque':
      return false;
    case 'Index':
      return !isRepository(expression);
    default:
      return enumReference(expression) === undefined;
  }
}

function isRepository(expression: Expression): boolean {
  let step = expression;
  while (step.kind === 'Index') step = step.target;
  return step.kind === 'Name' && /^(?:appmask|imgrepo)$/i.test(step.name);
}

/** Texts inside an expression that are names of UI elements or images. */
function fixedNames(expression: Expression): ReadonlySet<Expression> {
  const found = new Set<Expression>();
  for (const node of eachExpression(expression)) {
    if (node.kind === 'Index' && isRepository(node)) found.add(node.index);
  }
  return found;
}

function constantOf(expression: Expression): Constant | undefined {
  const text = constantText(expression);
  if (text !== undefined) return { type: 'Text', text };
  if (expression.kind === 'Number')
    return { type: 'Number', text: expression.written ?? String(expression.value) };
  if (expression.kind === 'Boolean') return { type: 'Boolean', text: String(expression.value) };
  if (expression.kind === 'Unary' && expression.operator === '-' && expression.operand.kind === 'Number') {
    return { type: 'Number', text: `-${expression.operand.written ?? expression.operand.value}` };
  }
  return undefined;
}

interface Literal {
  readonly node: Expression;
  readonly body: Body;
}

const remembered = new WeakMap<Statement, readonly Expression[]>();

/** Every literal of the flow with the same value and of the same type. */
function equalLiterals({ binding }: FlowModel, { constant }: Extract): Literal[] {
  const found: Literal[] = [];
  for (const body of binding.bodies) {
    for (const { statement } of eachStatement(body.statements)) {
      for (const node of literalsIn(statement)) {
        const other = constantOf(node);
        if (other?.type === constant?.type && other?.text === constant?.text) found.push({ node, body });
      }
    }
  }
  return found;
}

function literalsIn(statement: Statement): readonly Expression[] {
  let literals = remembered.get(statement);
  if (literals === undefined) {
    const found: Expression[] = [];
    for (const outermost of expressionsOf(statement)) {
      if (!isReplaceable(statement, outermost)) continue;
      const fixed = fixedNames(outermost);
      const signed = new Set<Expression>();
      for (const node of eachExpression(outermost)) {
        if (constantOf(node) === undefined || fixed.has(node) || signed.has(node)) continue;
        if (node.kind === 'Unary') signed.add(node.operand);
        found.push(node);
      }
    }
    literals = found;
    remembered.set(statement, literals);
  }
  return literals;
}

/** Where a SET above the statement goes; undefined where none is possible or it would run at another time than the expression. */
function insertionAbove(
  { text, lines, tokens }: FlowFile,
  { statement, start }: Extract,
): { readonly at: number; readonly indent: string } | undefined {
  // These read their expressions again in every round.
  if (statement.kind === 'While' || statement.kind === 'LoopFromTo') return undefined;
  const first = statement.meta[0]?.start ?? statement.start;
  // On the first line of the statement only: above ELSE IF, CASE or ON ERROR no statement may stand.
  let line = 0;
  while (tokens.end(lines.tokenEnd(line) - 1) <= statement.start) line++;
  if (start >= tokens.end(lines.tokenEnd(line) - 1)) return undefined;
  let at = first;
  while (at > 0 && !/[\r\n]/.test(text[at - 1] as string)) at--;
  const before = text.slice(at, first);
  return /^\s*$/.test(before) ? { at, indent: before } : undefined;
}

/** The name of the argument or option the expression is given for. */
function wishedName({ statement, start, end }: Extract): string | undefined {
  const calls = effects(statement).flatMap((effect) => effect.action?.call ?? effect.subflow ?? []);
  const argument = calls
    .flatMap((call): readonly Argument[] => call.args)
    .find(({ value }) => value.start <= start && end <= value.end);
  const name = argument?.name.text.replace(/[^\p{L}\p{Nd}_]+/gu, '');
  return name === undefined || !/^[\p{L}_]/u.test(name) ? undefined : name;
}

const reserved: ReadonlySet<string> = new Set(reservedWords);

/** `wish`, made different from every variable of the flow, what inputs are asked by, every reserved word and every module. */
function freeName({ binding, info }: FlowModel, wish: string): string {
  const taken = new Set([
    ...binding.symbols('variable').map(({ name }) => name.toLowerCase()),
    ...info.inputs.map(({ externalName }) => externalName.toLowerCase()),
  ]);
  const stem = reserved.has(wish.toUpperCase()) || isModule(wish) ? `${wish}Value` : wish;
  for (let number = 1; ; number++) {
    const name = number === 1 ? stem : `${stem}${number}`;
    if (!taken.has(name.toLowerCase())) return name;
  }
}

// ── Variables ───────────────────────────────────────────────────────────────────────────────────────────────────

function variableRefactorings(model: FlowModel, range: Node): Refactoring[] {
  const named = namedAt(model.binding, range.start);
  if (named?.kind !== 'symbol' || range.end > named.range.end) return [];
  const { use } = named;
  const { symbol } = use;
  if (symbol.kind !== 'variable' || use.loose || use.likeEnum) return [];
  if (/^(?:appmask|imgrepo)$/i.test(symbol.name)) return [];
  const { name, owner } = symbol;
  const offers: Refactoring[] = [];
  if (owner === undefined && symbol.parameter === undefined) {
    offers.push(
      ...offered(`Make “${name}” an output`, 'refactor.rewrite', () =>
        addParameter(model, 'output', {
          name,
          externalName: name,
          description: '',
          type: parameterType(model, use),
          optional: false,
          sensitive: false,
          defaultText: null,
        }),
      ),
      ...asInput(model, symbol),
    );
  }
  const mark = symbol.declaredSensitive
    ? `Remove the sensitive mark of “${name}”`
    : `Mark “${name}” as sensitive`;
  offers.push(
    ...offered(mark, 'refactor.rewrite', () =>
      setSensitive(model, name, !symbol.declaredSensitive, owner?.name.text),
    ),
  );
  return offers;
}

const parameterTypes: ReadonlySet<string> = new Set<ParameterType>([
  'Text',
  'Number',
  'Boolean',
  'List',
  'Custom object',
  'Datatable',
  'Datetime',
]);

/** The type an output needs: what the variable holds at this use, or else at its last assignment; text when nobody knows. */
function parameterType({ types }: FlowModel, use: BoundUse): ParameterType {
  const last = use.symbol.uses.findLast(({ role }) => role === 'write');
  const type = types.typeAt(use)?.name ?? (last === undefined ? undefined : types.typeAt(last)?.name);
  return type !== undefined && parameterTypes.has(type) ? (type as ParameterType) : 'Text';
}

/** A variable that gets one constant, once, at the top of Main and before anything uses it, can as well be given from outside. */
function asInput(model: FlowModel, symbol: FlowSymbol): readonly Refactoring[] {
  const { file } = model;
  const writes = symbol.uses.filter(({ role }) => role !== 'read');
  const [write] = writes;
  const statement = write?.statement;
  if (write === undefined || writes.length !== 1 || statement?.kind !== 'Set') return [];
  const constant = constantOf(statement.value);
  if (constant === undefined || statement.target.kind !== 'Name' || !file.main.includes(statement)) return [];
  if (statement.meta.length > 0 || usesOf(statement).length !== 1) return [];
  const earlier = symbol.uses.some(
    ({ statement: other, node }) => other !== undefined && node.start < statement.start,
  );
  if (earlier) return [];
  const line = lineOf(file, statement);
  if (line === undefined) return [];
  const { name } = symbol;
  return offered(`Turn “${name}” into an input`, 'refactor.rewrite', () => [
    ...addParameter(model, 'input', {
      name,
      externalName: name,
      description: '',
      type: constant.type,
      optional: constant.text === '',
      sensitive: false,
      defaultText: constant.text,
    }),
    { ...line, text: '' },
  ]);
}

/** The whole line of a statement with its line end; undefined when something else stands on it. */
function lineOf({ tokens, lines, text }: FlowFile, statement: Statement): Node | undefined {
  for (let line = 0; line < lines.length; line++) {
    const start = tokens.start(lines.tokenStart(line));
    const end = tokens.end(lines.tokenEnd(line) - 1);
    if (end <= statement.start) continue;
    const alone =
      text.slice(start, statement.start).trim() === '' && text.slice(statement.end, end).trim() === '';
    return alone ? { start, end } : undefined;
  }
  return undefined;
}

// Moves the part of a tree that stands behind an edit, in place: offsets and lines change, objects stay. Builds nothing.
// Written out kind by kind, because it visits most of the tree at every keystroke.
import type {
  ActionCall,
  Argument,
  Condition,
  ErrorRules,
  Expression,
  FlowFile,
  MetaLine,
  Name,
  Output,
  Statement,
  Subflow,
} from './tree.ts';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
type Place = { start: number; end: number };

/** What moves: everything from offset `from` on, by `by` characters; everything from physical line `fromLine` on, by `byLines`. */
export interface Shift {
  readonly from: number;
  readonly by: number;
  readonly fromLine: number;
  readonly byLines: number;
}

/** Moves the statements, subflows and header lines of a file. Its tokens, lines, problems and attachment are not touched. */
export function shiftTree({ header, main, subflows }: FlowFile, shift: Shift): void {
  if (shift.by === 0 && shift.byLines === 0) return;
  ({ from, by, fromLine, byLines } = shift);
  moveBody(main);
  for (const subflow of subflows) moveSubflow(subflow);
  for (const meta of header.meta) if (meta.start >= from) allMeta(meta);
  for (const name of header.sensitive) moveName(name);
  for (const entry of header.imports) {
    if (entry.line < fromLine) continue;
    (entry as Mutable<typeof entry>).line += byLines;
    allExpression(entry.path);
    allName(entry.alias);
  }
  for (const parameter of header.parameters) {
    if (parameter.start < from) continue;
    (parameter as Mutable<typeof parameter>).line += byLines;
    all(parameter);
    allName(parameter.name);
    allExpression(parameter.definition);
  }
}

/** Moves statements as a whole. */
export function shiftStatements(statements: readonly Statement[], characters: number, lines: number): void {
  [from, by, fromLine, byLines] = [0, characters, 0, lines];
  for (const statement of statements) allStatement(statement);
}

// The shift being done. Nothing here is asynchronous, and arguments through so many calls cost more than they tell.
let from = 0;
let by = 0;
let fromLine = 0;
let byLines = 0;

// ── Nodes of which a part may move ──────────────────────────────────────────────────────────────────────────────

function moveSubflow(subflow: Mutable<Subflow>): void {
  if (subflow.end < from) return;
  subflow.end += by;
  subflow.endLine = movedLine(subflow.endLine);
  for (const name of subflow.sensitive) moveName(name);
  if (subflow.start >= from) {
    subflow.start += by;
    subflow.line += byLines;
    allName(subflow.name);
    for (const name of subflow.inputs) allName(name);
    for (const name of subflow.outputs) allName(name);
    allBody(subflow.body);
  } else moveBody(subflow.body);
}

function moveName(name: Name): void {
  if (name.start >= from) allName(name);
}

/** A line number moves when it stands behind the edit. */
function movedLine(line: number | undefined): number | undefined {
  return line !== undefined && line >= fromLine ? line + byLines : line;
}

function moveBody(body: readonly Statement[]): void {
  for (let i = body.length - 1; i >= 0; i--) {
    const statement = body[i] as Statement;
    if (statement.start >= from) allStatement(statement);
    else {
      if (statement.end >= from) moveStatement(statement);
      // Statements do not overlap, but one that was never closed may claim to reach far.
      else return;
    }
  }
}

/** A statement that begins before the edit and ends behind it. */
function moveStatement(statement: Mutable<Statement>): void {
  statement.end += by;
  switch (statement.kind) {
    case 'If':
      for (const branch of statement.branches) {
        if (branch.line >= fromLine) {
          (branch as Mutable<typeof branch>).line += byLines;
          allCondition(branch.condition);
          allBody(branch.body);
        } else {
          moveCondition(branch.condition);
          moveBody(branch.body);
        }
      }
      statement.elseLine = movedLine(statement.elseLine);
      if (statement.elseBody !== undefined) moveBody(statement.elseBody);
      statement.endLine = movedLine(statement.endLine);
      break;
    case 'Switch':
      for (const item of statement.cases) {
        if (item.line >= fromLine) {
          (item as Mutable<typeof item>).line += byLines;
          allExpression(item.value);
          allBody(item.body);
        } else moveBody(item.body);
      }
      statement.defaultLine = movedLine(statement.defaultLine);
      if (statement.defaultBody !== undefined) moveBody(statement.defaultBody);
      statement.endLine = movedLine(statement.endLine);
      break;
    case 'While':
      moveCondition(statement.condition);
      moveBody(statement.body);
      statement.endLine = movedLine(statement.endLine);
      break;
    case 'ForEach':
    case 'LoopFromTo':
      moveBody(statement.body);
      statement.endLine = movedLine(statement.endLine);
      break;
    case 'Block':
      for (const handler of statement.handlers) {
        if (handler.line >= fromLine) {
          (handler as Mutable<typeof handler>).line += byLines;
          if ('name' in handler.matches) allName(handler.matches.name);
          for (const argument of handler.args) allArgument(argument);
          allBody(handler.body);
        } else moveBody(handler.body);
      }
      moveBody(statement.body);
      statement.endLine = movedLine(statement.endLine);
      break;
    case 'Wait':
      moveCondition(statement.condition);
      break;
    case 'Action':
    case 'CallSubflow':
      moveRules(statement.onError);
      break;
  }
}

function moveCondition(condition: Condition): void {
  if (condition.kind === 'Action') moveRules(condition.onError);
}

function moveRules(rules: Mutable<ErrorRules> | undefined): void {
  if (rules === undefined || rules.end < from) return;
  if (rules.start >= from) {
    allRules(rules);
    return;
  }
  rules.end += by;
  rules.endLine = movedLine(rules.endLine);
  if (rules.retry !== undefined && rules.retry.line >= fromLine) allRetry(rules.retry);
  for (const clause of rules.clauses) {
    if (clause.line >= fromLine) {
      (clause as Mutable<typeof clause>).line += byLines;
      if (clause.errorName !== undefined) allName(clause.errorName);
      allBody(clause.body);
    } else moveBody(clause.body);
  }
}

// ── Nodes that move as a whole ──────────────────────────────────────────────────────────────────────────────────

function all(node: Place): void {
  node.start += by;
  node.end += by;
}

function allName(name: Mutable<Name>): void {
  name.start += by;
  name.end += by;
}

function allMeta(meta: Mutable<MetaLine>): void {
  meta.start += by;
  meta.end += by;
  allName(meta.key);
  allExpression(meta.value);
}

function allBody(body: readonly Statement[]): void {
  for (const statement of body) allStatement(statement);
}

function lineOf(line: number | undefined): number | undefined {
  return line === undefined ? undefined : line + byLines;
}

function allStatement(statement: Mutable<Statement>): void {
  if (statement.meta.length > 0) for (const meta of statement.meta) allMeta(meta);
  switch (statement.kind) {
    case 'Set':
      statement.start += by;
      statement.end += by;
      statement.line += byLines;
      allExpression(statement.target);
      allExpression(statement.value);
      return;
    case 'Action':
      statement.start += by;
      statement.end += by;
      statement.line += byLines;
      allCall(statement.action);
      if (statement.onError !== undefined) allRules(statement.onError);
      return;
    case 'If':
      statement.start += by;
      statement.end += by;
      statement.line += byLines;
      for (const branch of statement.branches) {
        (branch as Mutable<typeof branch>).line += byLines;
        allCondition(branch.condition);
        allBody(branch.body);
      }
      statement.elseLine = lineOf(statement.elseLine);
      if (statement.elseBody !== undefined) allBody(statement.elseBody);
      statement.endLine = lineOf(statement.endLine);
      return;
    case 'Switch':
      statement.start += by;
      statement.end += by;
      statement.line += byLines;
      allExpression(statement.value);
      for (const item of statement.cases) {
        (item as Mutable<typeof item>).line += byLines;
        allExpression(item.value);
        allBody(item.body);
      }
      statement.defaultLine = lineOf(statement.defaultLine);
      if (statement.defaultBody !== undefined) allBody(statement.defaultBody);
      statement.endLine = lineOf(statement.endLine);
      return;
    case 'ForEach':
      statement.start += by;
      statement.end += by;
      statement.line += byLines;
      allName(statement.variable);
      allExpression(statement.source);
      allBody(statement.body);
      statement.endLine = lineOf(statement.endLine);
      return;
    case 'LoopFromTo':
      statement.start += by;
      statement.end += by;
      statement.line += byLines;
      if (statement.variable !== undefined) allName(statement.variable);
      allExpression(statement.from);
      allExpression(statement.to);
      if (statement.step !== undefined) allExpression(statement.step);
      allBody(statement.body);
      statement.endLine = lineOf(statement.endLine);
      return;
    case 'While':
      statement.start += by;
      statement.end += by;
      statement.line += byLines;
      allCondition(statement.condition);
      allBody(statement.body);
      statement.endLine = lineOf(statement.endLine);
      return;
    case 'Block':
      statement.start += by;
      statement.end += by;
      statement.line += byLines;
      if (statement.name !== undefined) allName(statement.name);
      for (const handler of statement.handlers) {
        (handler as Mutable<typeof handler>).line += byLines;
        if ('name' in handler.matches) allName(handler.matches.name);
        for (const argument of handler.args) allArgument(argument);
        allBody(handler.body);
      }
      allBody(statement.body);
      statement.endLine = lineOf(statement.endLine);
      return;
    case 'Label':
    case 'Goto':
      statement.start += by;
      statement.end += by;
      statement.line += byLines;
      allName(statement.name);
      return;
    case 'CallSubflow':
      statement.start += by;
      statement.end += by;
      statement.line += byLines;
      allName(statement.name);
      for (const argument of statement.args) allArgument(argument);
      for (const output of statement.outputs) allOutput(output);
      if (statement.onError !== undefined) allRules(statement.onError);
      return;
    case 'Wait':
      statement.start += by;
      statement.end += by;
      statement.line += byLines;
      allCondition(statement.condition);
      if (statement.timeout !== undefined) allExpression(statement.timeout);
      return;
    case 'ExitFlow':
      statement.start += by;
      statement.end += by;
      statement.line += byLines;
      if (statement.code !== undefined) allExpression(statement.code);
      if (statement.message !== undefined) allExpression(statement.message);
      return;
    case 'GetLastError':
      statement.start += by;
      statement.end += by;
      statement.line += byLines;
      allExpression(statement.variable);
      if (statement.reset !== undefined) allExpression(statement.reset);
      return;
    default:
      statement.start += by;
      statement.end += by;
      statement.line += byLines;
  }
}

function allCondition(condition: Condition): void {
  if (condition.kind === 'Expression') allExpression(condition.expression);
  else {
    allCall(condition.action);
    if (condition.onError !== undefined) allRules(condition.onError);
  }
}

function allCall(call: Mutable<ActionCall>): void {
  call.start += by;
  call.end += by;
  call.idStart += by;
  call.idEnd += by;
  for (const argument of call.args) allArgument(argument);
  for (const output of call.outputs) allOutput(output);
}

function allArgument(argument: Mutable<Argument>): void {
  argument.start += by;
  argument.end += by;
  allName(argument.name);
  allExpression(argument.value);
}

function allOutput(output: Mutable<Output>): void {
  output.start += by;
  output.end += by;
  allName(output.name);
  allExpression(output.target);
}

function allRules(rules: Mutable<ErrorRules>): void {
  rules.start += by;
  rules.end += by;
  rules.line += byLines;
  rules.endLine = lineOf(rules.endLine);
  if (rules.retry !== undefined) allRetry(rules.retry);
  for (const clause of rules.clauses) {
    (clause as Mutable<typeof clause>).line += byLines;
    if (clause.errorName !== undefined) allName(clause.errorName);
    allBody(clause.body);
  }
}

function allRetry(retry: Mutable<NonNullable<ErrorRules['retry']>>): void {
  retry.line += byLines;
  allExpression(retry.times);
  if (retry.wait !== undefined) allExpression(retry.wait);
  for (const option of retry.options) allArgument(option);
}

function allExpressions(expressions: readonly Expression[]): void {
  for (const expression of expressions) allExpression(expression);
}

function allExpression(expression: Mutable<Expression>): void {
  switch (expression.kind) {
    case 'Name':
      expression.start += by;
      expression.end += by;
      return;
    case 'Interpolated':
      expression.start += by;
      expression.end += by;
      for (const part of expression.parts) {
        if (part.kind === 'TextPart') {
          (part as Place).start += by;
          (part as Place).end += by;
        } else {
          (part as Place).start += by;
          (part as Place).end += by;
          allExpression(part.expression);
        }
      }
      return;
    case 'Member':
      expression.start += by;
      expression.end += by;
      allExpression(expression.target);
      allName(expression.name);
      return;
    case 'Number':
      expression.start += by;
      expression.end += by;
      return;
    case 'Text':
      expression.start += by;
      expression.end += by;
      return;
    case 'Boolean':
      expression.start += by;
      expression.end += by;
      return;
    case 'Index':
      expression.start += by;
      expression.end += by;
      allExpression(expression.target);
      allExpression(expression.index);
      return;
    case 'Slice':
      expression.start += by;
      expression.end += by;
      allExpression(expression.target);
      if (expression.from !== undefined) allExpression(expression.from);
      if (expression.to !== undefined) allExpression(expression.to);
      return;
    case 'Call':
      expression.start += by;
      expression.end += by;
      allName(expression.name);
      allExpressions(expression.args);
      return;
    case 'Unary':
      expression.start += by;
      expression.end += by;
      allExpression(expression.operand);
      return;
    case 'Binary':
      expression.start += by;
      expression.end += by;
      allExpression(expression.left);
      allExpression(expression.right);
      return;
    case 'Parenthesized':
      expression.start += by;
      expression.end += by;
      allExpression(expression.inner);
      return;
    case 'List':
      expression.start += by;
      expression.end += by;
      allExpressions(expression.items);
      return;
    case 'Table':
      expression.start += by;
      expression.end += by;
      if (expression.header !== undefined) allExpressions(expression.header);
      for (const row of expression.rows) allExpressions(row);
      allExpressions(expression.rowValues);
      return;
    case 'Object':
      expression.start += by;
      expression.end += by;
      for (const { key, value } of expression.entries) {
        allExpression(key);
        allExpression(value);
      }
      return;
    default:
      expression.start += by;
      expression.end += by;
  }
}

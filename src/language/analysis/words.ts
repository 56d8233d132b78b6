// What each word of a flow stands for: every name, every id, every literal with an inside, in the order of the text.
// Words that are not visited are keywords. Resolves nothing: whether a name exists is the binder's business.
import type {
  ActionCall,
  Argument,
  CallStatement,
  Condition,
  ErrorRules,
  Expression,
  FlowFile,
  Name,
  Node,
  Output,
  Statement,
  Subflow,
} from '../syntax/tree.ts';
import { enumReference } from '../syntax/walk.ts';

/**
 * What a visited word is, and what comes with it as `about`:
 * `action` the id of a call (ActionCall) · `argument` and `output` a name before `:` or `=>` (ActionCall or CallStatement) ·
 * `variable` read, `written` or `changed` in place (its name as text) · `global` the word GLOBAL · `property` behind a dot ·
 * `enum` a whole `Module.Enum.Member` (its type as text) · `function` · `subflow` called, `subflowName` declared · `label` used,
 * `labelName` declared · `block` · `error` · `annotation` a key behind `@@` · `parameter` declared by the head of a flow or subflow ·
 * `boolean` · `interpolation` a `%…%` with its percent signs; its words follow · `number` and `text` inside of one.
 */
export type WordKind =
  | 'action'
  | 'argument'
  | 'output'
  | 'variable'
  | 'written'
  | 'changed'
  | 'global'
  | 'property'
  | 'enum'
  | 'function'
  | 'subflow'
  | 'subflowName'
  | 'label'
  | 'labelName'
  | 'block'
  | 'error'
  | 'annotation'
  | 'parameter'
  | 'boolean'
  | 'interpolation'
  | 'number'
  | 'text';

export interface WordVisitor {
  /** Called where the words of another body begin: those of a subflow, or again of Main. */
  enter?(subflow: Subflow | undefined): void;
  word(kind: WordKind, at: Node, about?: ActionCall | CallStatement | string): void;
}

/** Visits the words of a whole flow. Head lines that stand among statements, a mistake, are visited first. */
export function visitWords(file: FlowFile, visitor: WordVisitor): void {
  visitHead(file, visitor);
  let next = 0;
  for (const subflow of file.subflows) {
    const before = next;
    while (next < file.main.length && (file.main[next] as Statement).start < subflow.start) next++;
    visitBody(file.main.slice(before, next), visitor);
    visitor.enter?.(subflow);
    visitor.word('subflowName', subflow.name);
    const parameters = [...subflow.inputs, ...subflow.outputs].sort(byStart);
    for (const name of [...parameters, ...subflow.sensitive]) visitor.word('parameter', name, name.text);
    visitBody(subflow.body, visitor);
    visitor.enter?.(undefined);
  }
  visitBody(next === 0 ? file.main : file.main.slice(next), visitor);
}

function visitHead({ header }: FlowFile, visitor: WordVisitor): void {
  const lines: (readonly [start: number, visit: () => void])[] = [];
  for (const meta of header.meta) {
    lines.push([meta.start, () => visitMeta([meta], visitor)]);
  }
  for (const { path, alias } of header.imports) {
    lines.push([
      path.start,
      () => {
        visitExpression(path, visitor);
        visitor.word('variable', alias, alias.text);
      },
    ]);
  }
  for (const name of header.sensitive) {
    lines.push([name.start, () => visitor.word('parameter', name, name.text)]);
  }
  for (const { name, definition, start } of header.parameters) {
    lines.push([
      start,
      () => {
        visitor.word('parameter', name, name.text);
        visitExpression(definition, visitor);
      },
    ]);
  }
  for (const [, visit] of lines.sort((a, b) => a[0] - b[0])) visit();
}

function visitMeta(meta: Statement['meta'], visitor: WordVisitor): void {
  for (const { key, value } of meta) {
    visitor.word('annotation', key);
    visitExpression(value, visitor);
  }
}

/** Visits a body and everything nested in it, on a stack of its own: flows may be nested deeper than the JavaScript stack. */
function visitBody(body: readonly Statement[], visitor: WordVisitor): void {
  const stack: (Statement | (() => void))[] = [];
  const later = (statements: readonly Statement[] | undefined) => {
    if (statements === undefined) return;
    for (let i = statements.length - 1; i >= 0; i--) stack.push(statements[i] as Statement);
  };
  const laterRules = (rules: ErrorRules | undefined) => {
    if (rules === undefined) return;
    for (let i = rules.clauses.length - 1; i >= 0; i--) {
      const { errorName, body } = rules.clauses[i] as ErrorRules['clauses'][number];
      later(body);
      if (errorName !== undefined) stack.push(() => visitor.word('error', errorName));
    }
    const { retry } = rules;
    if (retry === undefined) return;
    visitExpression(retry.times, visitor);
    if (retry.wait !== undefined) visitExpression(retry.wait, visitor);
    visitArguments(retry.options, [], undefined, visitor);
  };
  const laterConditionRules = (condition: Condition) => {
    if (condition.kind === 'Action') laterRules(condition.onError);
  };
  later(body);
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (typeof next === 'function') {
      next();
      continue;
    }
    const statement = next;
    if (statement.meta.length > 0) visitMeta(statement.meta, visitor);
    switch (statement.kind) {
      case 'Set':
        visitTarget(statement.target, 'written', visitor);
        visitExpression(statement.value, visitor);
        break;
      case 'Action':
        visitCall(statement.action, visitor);
        laterRules(statement.onError);
        break;
      case 'CallSubflow':
        visitor.word('subflow', statement.name);
        visitArguments(statement.args, statement.outputs, statement, visitor);
        laterRules(statement.onError);
        break;
      case 'If':
        later(statement.elseBody);
        for (let i = statement.branches.length - 1; i >= 0; i--) {
          const { condition, body } = statement.branches[i] as (typeof statement.branches)[number];
          later(body);
          stack.push(() => {
            visitCondition(condition, visitor);
            laterConditionRules(condition);
          });
        }
        break;
      case 'Switch':
        later(statement.defaultBody);
        for (let i = statement.cases.length - 1; i >= 0; i--) {
          const { value, body } = statement.cases[i] as (typeof statement.cases)[number];
          later(body);
          stack.push(() => visitExpression(value, visitor));
        }
        visitExpression(statement.value, visitor);
        break;
      case 'ForEach':
        visitor.word('written', statement.variable, statement.variable.text);
        visitExpression(statement.source, visitor);
        later(statement.body);
        break;
      case 'LoopFromTo':
        if (statement.variable !== undefined)
          visitor.word('written', statement.variable, statement.variable.text);
        visitExpression(statement.from, visitor);
        visitExpression(statement.to, visitor);
        if (statement.step !== undefined) visitExpression(statement.step, visitor);
        later(statement.body);
        break;
      case 'While':
        visitCondition(statement.condition, visitor);
        later(statement.body);
        laterConditionRules(statement.condition);
        break;
      case 'Wait':
        visitCondition(statement.condition, visitor);
        if (statement.timeout !== undefined) visitExpression(statement.timeout, visitor);
        laterConditionRules(statement.condition);
        break;
      case 'Label':
        visitor.word('labelName', statement.name);
        break;
      case 'Goto':
        visitor.word('label', statement.name);
        break;
      case 'ExitFlow':
        for (const part of [statement.code, statement.message]
          .filter((value) => value !== undefined)
          .sort(byStart)) {
          visitExpression(part, visitor);
        }
        break;
      case 'GetLastError':
        visitTarget(statement.variable, 'written', visitor);
        if (statement.reset !== undefined) visitExpression(statement.reset, visitor);
        break;
      case 'Block':
        if (statement.name !== undefined) visitor.word('block', statement.name);
        later(statement.body);
        for (let i = statement.handlers.length - 1; i >= 0; i--) {
          const { matches, args, body } = statement.handlers[i] as (typeof statement.handlers)[number];
          later(body);
          stack.push(() => {
            if ('name' in matches) visitor.word('error', matches.name);
            visitArguments(args, [], undefined, visitor);
          });
        }
        break;
    }
  }
}

function visitCondition(condition: Condition, visitor: WordVisitor): void {
  if (condition.kind === 'Action') visitCall(condition.action, visitor);
  else visitExpression(condition.expression, visitor);
}

function visitCall(call: ActionCall, visitor: WordVisitor): void {
  visitor.word('action', { start: call.idStart, end: call.idEnd }, call);
  visitArguments(call.args, call.outputs, call, visitor);
}

/** Inputs and outputs are two lists in the tree and may be mixed in the text. */
function visitArguments(
  args: readonly Argument[],
  outputs: readonly Output[],
  owner: ActionCall | CallStatement | undefined,
  visitor: WordVisitor,
): void {
  let output = 0;
  for (const argument of args) {
    for (; output < outputs.length; output++) {
      const earlier = outputs[output] as Output;
      if (earlier.start > argument.start) break;
      visitOutput(earlier, owner, visitor);
    }
    visitor.word('argument', argument.name, owner);
    visitExpression(argument.value, visitor);
  }
  for (; output < outputs.length; output++) visitOutput(outputs[output] as Output, owner, visitor);
}

function visitOutput(
  { name, target }: Output,
  owner: ActionCall | CallStatement | undefined,
  visitor: WordVisitor,
): void {
  visitor.word('output', name, owner);
  visitTarget(target, 'written', visitor);
}

function visitTarget(target: Expression, role: 'written' | 'changed', visitor: WordVisitor): void {
  if (target.kind === 'Name') visitor.word(role, target, target.name);
  else if (target.kind === 'Member') {
    if (isGlobal(target.target)) {
      visitor.word('global', target.target);
      visitor.word(role, target.name, globalName(target.name));
      return;
    }
    visitTarget(target.target, 'changed', visitor);
    visitor.word('property', target.name);
  } else if (target.kind === 'Index') {
    visitTarget(target.target, 'changed', visitor);
    visitExpression(target.index, visitor);
  } else visitExpression(target, visitor);
}

/** A variable's name as `about`: with `GLOBAL.` before it when it is written so. */
function globalName(name: Name): string {
  return `GLOBAL.${name.text}`;
}

function isGlobal(expression: Expression): boolean {
  return expression.kind === 'Name' && expression.name.toLowerCase() === 'global';
}

/** Recursion is safe here: the parser bounds the height of an expression. */
function visitExpression(expression: Expression, visitor: WordVisitor, inText = false): void {
  switch (expression.kind) {
    case 'Name':
      visitor.word('variable', expression, expression.name);
      break;
    case 'Member': {
      if (isGlobal(expression.target)) {
        visitor.word('global', expression.target);
        visitor.word('variable', expression.name, globalName(expression.name));
        break;
      }
      const reference = enumReference(expression);
      if (reference !== undefined) {
        visitor.word('enum', expression, reference.type);
        break;
      }
      visitExpression(expression.target, visitor, inText);
      visitor.word('property', expression.name);
      break;
    }
    case 'Index':
      visitExpression(expression.target, visitor, inText);
      visitExpression(expression.index, visitor, inText);
      break;
    case 'Slice':
      visitExpression(expression.target, visitor, inText);
      if (expression.from !== undefined) visitExpression(expression.from, visitor, inText);
      if (expression.to !== undefined) visitExpression(expression.to, visitor, inText);
      break;
    case 'Call':
      visitor.word('function', expression.name);
      for (const argument of expression.args) visitExpression(argument, visitor, inText);
      break;
    case 'Unary':
      visitExpression(expression.operand, visitor, inText);
      break;
    case 'Binary':
      visitExpression(expression.left, visitor, inText);
      visitExpression(expression.right, visitor, inText);
      break;
    case 'Parenthesized':
      visitExpression(expression.inner, visitor, inText);
      break;
    case 'List':
      for (const item of expression.items) visitExpression(item, visitor, inText);
      break;
    case 'Table':
      for (const item of expression.header ?? []) visitExpression(item, visitor, inText);
      for (const row of expression.rows) for (const item of row) visitExpression(item, visitor, inText);
      for (const row of expression.rowValues) visitExpression(row, visitor, inText);
      break;
    case 'Object':
      for (const { key, value } of expression.entries) {
        visitExpression(key, visitor, inText);
        visitExpression(value, visitor, inText);
      }
      break;
    case 'Boolean':
      visitor.word('boolean', expression);
      break;
    case 'Interpolated':
      if (inText) {
        visitor.word('text', expression);
        break;
      }
      for (const part of expression.parts) {
        if (part.kind !== 'Interpolation') continue;
        visitor.word('interpolation', part);
        visitExpression(part.expression, visitor, true);
      }
      break;
    case 'Number':
      if (inText) visitor.word('number', expression);
      break;
    case 'Text':
    case 'Datetime':
    case 'PowerFx':
    case 'Encrypted':
    case 'Opaque':
      if (inText) visitor.word('text', expression);
      break;
  }
}

function byStart(a: Node, b: Node): number {
  return a.start - b.start;
}

// Ways through the tree: every statement with the place it stands in, and what one statement reads and writes.
// Knows which arguments of an action are changed by it; draws no conclusions (see check.ts and sensitivity.ts).
import { findAction, findEnum, isModule } from '../catalog/catalog.ts';
import type {
  ActionCall,
  Argument,
  CallStatement,
  Condition,
  ErrorRules,
  Expression,
  Name,
  NameExpression,
  Output,
  Statement,
} from './tree.ts';

/** An enclosing statement, and in which part of it one stands: its body, or the rules for its errors. */
export interface Enclosing {
  readonly statement: Statement;
  readonly part: 'body' | 'handler';
  readonly outer: Enclosing | undefined;
}

export interface Place {
  readonly statement: Statement;
  /** The innermost enclosing statement; undefined at the top of a subflow. */
  readonly enclosing: Enclosing | undefined;
}

/** Every statement of a body and of everything nested in it, outer before inner, in text order. Disabled rows are given, never entered. */
export function* eachStatement(body: readonly Statement[]): Generator<Place> {
  // An explicit stack, because flows may be nested deeper than the JavaScript stack.
  const stack: Place[] = [];
  const push = (statements: readonly Statement[], enclosing: Enclosing | undefined) => {
    for (let i = statements.length - 1; i >= 0; i--) {
      stack.push({ statement: statements[i] as Statement, enclosing });
    }
  };
  push(body, undefined);
  for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
    yield place;
    const { statement, enclosing } = place;
    const parts = nested(statement);
    for (let i = parts.length - 1; i >= 0; i--) {
      const [part, statements] = parts[i] as Part;
      push(statements, { statement, part, outer: enclosing });
    }
  }
}

/** The bodies nested in a statement, in the order of the text: branches, cases, handlers, the body itself. */
export function bodiesOf(statement: Statement): readonly (readonly Statement[])[] {
  const parts = nested(statement);
  return parts === noParts ? noBodies : parts.map(([, statements]) => statements);
}

/** The expressions that stand in the statement itself, outermost ones, targets included. */
export function expressionsOf(statement: Statement): readonly Expression[] {
  if (statement.kind === 'Set') return [statement.target, statement.value];
  return effects(statement).flatMap((effect) => [
    ...effect.reads,
    ...effect.writes.filter((target) => !effect.reads.includes(target)),
  ]);
}

type Part = readonly [part: Enclosing['part'], statements: readonly Statement[]];

// Most statements have nothing nested in them, and this is asked of every statement all the time.
const noParts: readonly Part[] = [];
const noBodies: readonly (readonly Statement[])[] = [];

function nested(statement: Statement): readonly Part[] {
  switch (statement.kind) {
    case 'If':
      return [
        ...statement.branches.flatMap((branch): Part[] => [
          ...ruleBodies(branch.condition.kind === 'Action' ? branch.condition.onError : undefined),
          ['body', branch.body],
        ]),
        ...part(statement.elseBody),
      ];
    case 'Switch':
      return [...statement.cases.flatMap((item) => part(item.body)), ...part(statement.defaultBody)];
    case 'ForEach':
    case 'LoopFromTo':
      return part(statement.body);
    case 'While':
      return [...conditionRules(statement.condition), ['body', statement.body]];
    case 'Wait':
      return conditionRules(statement.condition);
    case 'Action':
    case 'CallSubflow':
      return ruleBodies(statement.onError);
    case 'Block':
      return [
        ...statement.handlers.map((handler): Part => ['handler', handler.body]),
        ['body', statement.body],
      ];
    default:
      return noParts;
  }
}

function part(statements: readonly Statement[] | undefined): readonly Part[] {
  return statements === undefined ? noParts : [['body', statements]];
}

function conditionRules(condition: Condition): readonly Part[] {
  return condition.kind === 'Action' ? ruleBodies(condition.onError) : noParts;
}

function ruleBodies(rules: ErrorRules | undefined): readonly Part[] {
  return rules === undefined ? noParts : rules.clauses.map((clause): Part => ['handler', clause.body]);
}

// ── Reading and writing ─────────────────────────────────────────────────────────────────────────────────────────

/** Where an action call stands. */
export type ActionPosition = 'statement' | 'if' | 'while' | 'wait';

/** One step of a statement: values flow from `reads` to `writes`. */
export interface Effect {
  /** 0-based. */
  readonly line: number;
  readonly reads: readonly Expression[];
  /** Targets: a name, or a path of members and indexes that starts with one. */
  readonly writes: readonly Expression[];
  readonly action?: { readonly call: ActionCall; readonly position: ActionPosition };
  readonly subflow?: CallStatement;
}

/** What a statement itself reads and writes, without the statements nested in it. A call of a subflow has its arguments in `subflow`. */
export function effects(statement: Statement): readonly Effect[] {
  const { line } = statement;
  switch (statement.kind) {
    case 'Set':
      return [{ line, reads: [statement.value, ...pathReads(statement.target)], writes: [statement.target] }];
    case 'If':
      return statement.branches.flatMap((branch) => conditionEffects(branch.condition, branch.line, 'if'));
    case 'Switch':
      return [
        { line, reads: [statement.value], writes: [] },
        ...statement.cases.map((item): Effect => ({ line: item.line, reads: [item.value], writes: [] })),
      ];
    case 'ForEach':
      return [{ line, reads: [statement.source], writes: [asExpression(statement.variable)] }];
    case 'LoopFromTo':
      return [
        {
          line,
          reads: [statement.from, statement.to, ...given(statement.step)],
          writes: statement.variable === undefined ? [] : [asExpression(statement.variable)],
        },
      ];
    case 'While':
      return conditionEffects(statement.condition, line, 'while');
    case 'Wait':
      return [
        ...conditionEffects(statement.condition, line, 'wait'),
        { line, reads: given(statement.timeout), writes: [] },
      ];
    case 'Action':
      return [actionEffect(statement.action, line, 'statement'), ...ruleEffects(statement.onError)];
    case 'CallSubflow':
      return [
        {
          line,
          reads: [...values(statement.args), ...statement.outputs.flatMap((o) => pathReads(o.target))],
          writes: targets(statement.outputs),
          subflow: statement,
        },
        ...ruleEffects(statement.onError),
      ];
    case 'Block':
      return statement.handlers.map(
        (handler): Effect => ({ line: handler.line, reads: values(handler.args), writes: [] }),
      );
    case 'ExitFlow':
      return [{ line, reads: [...given(statement.code), ...given(statement.message)], writes: [] }];
    case 'GetLastError':
      return [
        {
          line,
          reads: [...given(statement.reset), ...pathReads(statement.variable)],
          writes: [statement.variable],
        },
      ];
    default:
      return [];
  }
}

function conditionEffects(condition: Condition, line: number, position: ActionPosition): Effect[] {
  if (condition.kind === 'Expression') return [{ line, reads: [condition.expression], writes: [] }];
  return [actionEffect(condition.action, line, position), ...ruleEffects(condition.onError)];
}

function actionEffect(call: ActionCall, line: number, position: ActionPosition): Effect {
  const known = findAction(call.id)?.definition.arguments ?? [];
  const changed = call.args.filter((argument) => {
    const name = argument.name.text.toLowerCase();
    return known.some((entry) => entry.inOut && entry.name.toLowerCase() === name);
  });
  return {
    line,
    reads: [...values(call.args), ...call.outputs.flatMap((output) => pathReads(output.target))],
    writes: [
      ...targets(call.outputs),
      ...values(changed).filter((value) => rootVariable(value) !== undefined),
    ],
    action: { call, position },
  };
}

function ruleEffects(rules: ErrorRules | undefined): Effect[] {
  if (rules?.retry === undefined) return [];
  const { line, times, wait, options } = rules.retry;
  return [{ line, reads: [times, ...given(wait), ...values(options)], writes: [] }];
}

const given = (expression: Expression | undefined): Expression[] =>
  expression === undefined ? [] : [expression];
const values = (args: readonly Argument[]): Expression[] => args.map((argument) => argument.value);
const targets = (outputs: readonly Output[]): Expression[] => outputs.map((output) => output.target);

function asExpression(name: Name): NameExpression {
  return { kind: 'Name', name: name.text, start: name.start, end: name.end };
}

/** The expressions inside a target's path, such as `i` in `List[i]`. */
function pathReads(target: Expression): Expression[] {
  const reads: Expression[] = [];
  for (let step = target; ; step = step.target) {
    if (step.kind === 'Index') reads.push(step.index);
    else if (step.kind !== 'Member') return reads;
  }
}

/** A mention of a variable. Positions are those of the name itself. */
export interface VariableUse {
  readonly name: string;
  /** Written `GLOBAL.name`. */
  readonly global: boolean;
  readonly start: number;
  readonly end: number;
  /** Spelled like a member of an enum that the catalog does not know: `Module.Something.Member`. */
  readonly likeEnum: boolean;
}

/** The variable that a target or a path such as `GLOBAL.Table[0]['Name']` belongs to; undefined when it is no path. */
export function rootVariable(expression: Expression): VariableUse | undefined {
  let step = expression;
  while (step.kind === 'Member' || step.kind === 'Index' || step.kind === 'Slice') {
    if (step.kind === 'Member' && isGlobal(step.target)) return use(step.name.text, step.name, true);
    step = step.target;
  }
  return step.kind === 'Name' ? use(step.name, step) : undefined;
}

/** Every mention of a variable in an expression. Members of known enums are none. Texts in Power Fx are not looked into. */
export function variablesIn(expression: Expression): readonly VariableUse[] {
  const uses: VariableUse[] = [];
  const stack = [expression];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.kind === 'Name') uses.push(use(node.name, node));
    else if (node.kind === 'Member' && isGlobal(node.target)) {
      uses.push(use(node.name.text, node.name, true));
    } else {
      const member = enumReference(node);
      if (member === undefined) for (const operand of operands(node)) stack.push(operand);
      else if (findEnum(member.type) === undefined)
        uses.push({ ...use(member.root.name, member.root), likeEnum: true });
    }
  }
  return uses.sort((a, b) => a.start - b.start);
}

/** `Module.EnumType.Member`: three plain names of which the first is a module. `type` is `Module.EnumType` as written. */
export function enumReference(
  expression: Expression,
): { readonly root: NameExpression; readonly type: string; readonly member: Name } | undefined {
  if (expression.kind !== 'Member' || expression.target.kind !== 'Member') return undefined;
  const { name: member, target: type } = expression;
  if (type.target.kind !== 'Name' || !isModule(type.target.name)) return undefined;
  return { root: type.target, type: `${type.target.name}.${type.name.text}`, member };
}

/** Every expression in an expression, itself included, in no particular order. */
export function* eachExpression(expression: Expression): Generator<Expression> {
  const stack = [expression];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    yield node;
    for (const operand of operands(node)) stack.push(operand);
  }
}

/** The expressions directly inside an expression, in the order of the text. */
export function operands(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'Interpolated':
      return expression.parts.flatMap((part) => (part.kind === 'Interpolation' ? [part.expression] : []));
    case 'Member':
      return [expression.target];
    case 'Index':
      return [expression.target, expression.index];
    case 'Slice':
      return [expression.target, ...given(expression.from), ...given(expression.to)];
    case 'Call':
      return expression.args;
    case 'Unary':
      return [expression.operand];
    case 'Binary':
      return [expression.left, expression.right];
    case 'Parenthesized':
      return [expression.inner];
    case 'List':
      return expression.items;
    case 'Table':
      return [...(expression.header ?? []), ...expression.rows.flat(), ...expression.rowValues];
    case 'Object':
      return expression.entries.flatMap((entry) => [entry.key, entry.value]);
    default:
      return [];
  }
}

function isGlobal(expression: Expression): boolean {
  return expression.kind === 'Name' && expression.name.toLowerCase() === 'global';
}

function use(
  name: string,
  at: { readonly start: number; readonly end: number },
  global = false,
): VariableUse {
  return { name, global, start: at.start, end: at.end, likeEnum: false };
}

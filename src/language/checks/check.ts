// What is wrong with a flow besides its syntax: unknown names, misplaced statements, and what this agent cannot carry out.
// Works on the whole file at once, changes nothing, runs nothing. Where the facts are not certain it stays silent.
import { LineIndex } from '../../base/text.ts';
import { flowInfo, unfitDefault } from '../analysis/flow.ts';
import { enumMember, findAction, findEnum, isImplemented, nearestAction } from '../catalog/catalog.ts';
import type { Diagnostic } from '../diagnostics.ts';
import { nearest } from '../nearest.ts';
import type {
  ActionCall,
  CallStatement,
  Expression,
  FlowFile,
  Name,
  Node,
  Statement,
  Subflow,
} from '../syntax/tree.ts';
import {
  type ActionPosition,
  type Effect,
  eachExpression,
  eachStatement,
  effects,
  enumReference,
  type Place,
  rootVariable,
  type VariableUse,
  variablesIn,
} from '../syntax/walk.ts';
import { type Finding, meaningMessages as say } from './findings.ts';

/** The functions an expression may call. The documented eight, and three seen in real flows. */
const functionNames = [
  'Contains',
  'NotContains',
  'StartsWith',
  'NotStartsWith',
  'EndsWith',
  'NotEndsWith',
  'IsEmpty',
  'IsNotEmpty',
  'IsBlank',
  'IsNotBlank',
  'Blank',
];
const functions: ReadonlySet<string> = new Set(functionNames.map((name) => name.toLowerCase()));

/** Documented properties of the types a literal can have. */
const properties: Readonly<Record<LiteralType, readonly string[]>> = {
  list: ['Count'],
  text: ['Length', 'IsEmpty', 'ToUpper', 'ToLower', 'Trimmed'],
  table: ['RowsCount', 'Columns', 'IsEmpty', 'ColumnHeadersRow'],
};
type LiteralType = 'list' | 'text' | 'table';

const actionRules = 'SET, CALL, GOTO, REPEAT ACTION, NEXT ACTION and THROW ERROR';
const blockRules = 'SET, CALL, GOTO, REPEAT BLOCK, NEXT ACTION and THROW ERROR';
const allowedInRules: ReadonlySet<Statement['kind']> = new Set<Statement['kind']>([
  'Set',
  'CallSubflow',
  'Goto',
  'ThrowError',
  'NextAction',
  'Region',
  'EndRegion',
  'Disabled',
  'Error',
  // The parser refuses these in error rules.
  'If',
  'Switch',
  'ForEach',
  'LoopFromTo',
  'While',
  'Block',
]);
const rulesOnly = {
  ThrowError: ['THROW ERROR', 'error rules'],
  NextAction: ['NEXT ACTION', 'error rules'],
  RepeatAction: ['REPEAT ACTION', 'the error rules of an action'],
  RepeatBlock: ['REPEAT BLOCK', 'the error rules of a block'],
} as const;

/** The variables of one name space: Main with its global subflows, or one local subflow. */
interface Scope {
  readonly assigned: Map<string, string>;
  /** The literal types a variable gets, or `other`. */
  readonly types: Map<string, Set<LiteralType | 'other'>>;
}

interface Body {
  readonly subflow: Subflow | undefined;
  readonly statements: readonly Statement[];
  readonly scope: Scope;
}

/**
 * All diagnostics of a file, those of the parser included, in text order. A file without header counts as a fragment copied from the
 * designer (unless it has both a Main and subflows): what it uses may exist elsewhere, so missing variables, labels and subflows are
 * warnings there. Disabled rows are not checked.
 */
export function check(file: FlowFile): Diagnostic[] {
  return new Checker(file).run();
}

class Checker {
  readonly #file: FlowFile;
  readonly #lines: LineIndex;
  readonly #diagnostics: Diagnostic[];
  readonly #fragment: boolean;
  readonly #shared: Scope = { assigned: new Map(), types: new Map() };
  readonly #bodies: readonly Body[];
  readonly #subflows = new Map<string, Subflow>();
  readonly #repositories: ReadonlySet<string>;
  readonly #suggestions = new Map<object, Map<string, string | undefined>>();
  #suggested = 0;

  constructor(file: FlowFile) {
    this.#file = file;
    this.#lines = new LineIndex(file.text);
    this.#diagnostics = [...file.diagnostics];
    this.#fragment = isFragment(file);
    this.#repositories = new Set([
      'appmask',
      'imgrepo',
      ...file.header.imports.map((entry) => entry.alias.text.toLowerCase()),
    ]);
    for (const subflow of file.subflows) {
      const key = subflow.name.text.toLowerCase();
      if (!this.#subflows.has(key)) this.#subflows.set(key, subflow);
    }
    this.#bodies = [
      { subflow: undefined, statements: file.main, scope: this.#shared },
      ...file.subflows.map((subflow) => ({
        subflow,
        statements: subflow.body,
        scope: subflow.global ? this.#shared : { assigned: new Map(), types: new Map() },
      })),
    ];
  }

  run(): Diagnostic[] {
    this.#collectAssignments();
    this.#checkDeclarations();
    this.#checkSubflowNames();
    for (const body of this.#bodies) {
      this.#checkLabels(body);
      for (const place of eachStatement(body.statements)) {
        this.#checkPlace(place, body);
        for (const effect of effects(place.statement)) this.#checkEffect(effect, body);
      }
    }
    return this.#diagnostics.sort((a, b) => a.start - b.start || a.end - b.end);
  }

  // ── What gets a value ──

  #collectAssignments(): void {
    for (const parameter of this.#file.header.parameters) {
      assign(this.#shared, parameter.name.text, 'other');
    }
    for (const { subflow, statements, scope } of this.#bodies) {
      for (const name of [...(subflow?.inputs ?? []), ...(subflow?.outputs ?? [])]) {
        assign(scope, name.text, 'other');
      }
      for (const { statement } of eachStatement(statements)) {
        if (statement.kind === 'Error') this.#assignWords(statement, scope);
        for (const effect of effects(statement)) this.#assignTargets(statement, effect, scope);
      }
    }
  }

  #assignTargets(statement: Statement, effect: Effect, scope: Scope): void {
    const changed = new Set(effect.action?.call.args.map((argument) => argument.value));
    for (const target of effect.writes) {
      const root = rootVariable(target);
      if (root === undefined) continue;
      const whole =
        target.kind === 'Name' || (target.kind === 'Member' && root.end === target.end && root.global);
      const type =
        statement.kind === 'Set' && whole
          ? literalType(statement.value)
          : // Changing a part, or an action that changes a list or table in place, leaves the type as it is.
            whole && !changed.has(target)
            ? 'other'
            : undefined;
      assign(root.global ? this.#shared : scope, root.name, type);
    }
    // An action whose arguments are not reliably known may create the variables it is given.
    const call = effect.action?.call;
    if (call === undefined || findAction(call.id)?.definition.argumentsKnown === true) return;
    for (const argument of call.args) {
      if (argument.value.kind === 'Name') assign(scope, argument.value.name, 'other');
    }
  }

  /** A line that could not be parsed may assign any word in it. */
  #assignWords(statement: Statement, scope: Scope): void {
    const text = this.#file.text.slice(statement.start, statement.end);
    for (const word of text.match(/[\p{L}_][\p{L}\p{N}_]*/gu) ?? []) assign(scope, word, 'other');
  }

  // ── Declarations ──

  #checkDeclarations(): void {
    const info = flowInfo(this.#file);
    const { parameters } = this.#file.header;
    const names = new Set<string>();
    for (const parameter of parameters) {
      const key = parameter.name.text.toLowerCase();
      if (names.has(key)) this.#report(parameter.name, say.parameterTwice(parameter.name.text));
      names.add(key);
    }
    for (const direction of ['input', 'output'] as const) {
      const declared = parameters.filter((parameter) => parameter.direction === direction);
      const described = direction === 'input' ? info.inputs : info.outputs;
      const externalNames = new Map<string, string>();
      declared.forEach((parameter, i) => {
        const { externalName, name, type } = described[i] as (typeof described)[number];
        const key = externalName.toLowerCase();
        const other = externalNames.get(key);
        if (other !== undefined && other !== name.toLowerCase()) {
          this.#report(parameter.name, say.parameterTwice(externalName));
        }
        externalNames.set(key, name.toLowerCase());
        const unfit = unfitDefault(parameter);
        if (unfit !== undefined) this.#report(unfit, say.defaultUnfit(externalName, type));
      });
    }
  }

  #checkSubflowNames(): void {
    const calls = new Map<string, Set<string>>();
    for (const subflow of this.#file.subflows) {
      const key = subflow.name.text.toLowerCase();
      if (this.#subflows.get(key) !== subflow) {
        this.#report(subflow.name, say.subflowTwice(subflow.name.text));
      }
      const callees = calls.get(key) ?? new Set();
      for (const { statement } of eachStatement(subflow.body)) {
        if (statement.kind === 'CallSubflow') callees.add(statement.name.text.toLowerCase());
      }
      calls.set(key, callees);
    }
    for (const subflow of this.#file.subflows) {
      for (const { statement } of eachStatement(subflow.body)) {
        if (statement.kind !== 'CallSubflow') continue;
        if (reaches(calls, statement.name.text, subflow.name.text)) {
          this.#report(statement.name, say.subflowRecursion(statement.name.text, subflow.name.text));
        }
      }
    }
  }

  // ── Labels and jumps ──

  #checkLabels(body: Body): void {
    const labels = new Map<string, { readonly name: Name; readonly inside: ReadonlySet<Statement> }>();
    const places = [...eachStatement(body.statements)];
    for (const { statement, enclosing } of places) {
      if (statement.kind !== 'Label') continue;
      const key = statement.name.text.toLowerCase();
      if (labels.has(key)) this.#report(statement.name, say.labelTwice(statement.name.text));
      else labels.set(key, { name: statement.name, inside: barriers(enclosing) });
    }
    for (const { statement, enclosing } of places) {
      if (statement.kind !== 'Goto') continue;
      const { text } = statement.name;
      const label = labels.get(text.toLowerCase());
      if (label === undefined) {
        const near = this.#suggest(labels, text, () =>
          nearest(
            text,
            [...labels.values()].map((known) => known.name.text),
          ),
        );
        this.#report(statement.name, say.labelUnknown(text, near));
      } else if (!isSubset(label.inside, barriers(enclosing))) {
        this.#report(statement.name, say.gotoInside(label.name.text));
      }
    }
  }

  // ── Statements ──

  #checkPlace({ statement, enclosing }: Place, body: Body): void {
    if (enclosing?.part === 'handler') {
      const inBlock = enclosing.statement.kind === 'Block';
      const allowed = inBlock ? blockRules : actionRules;
      const repeat = inBlock ? 'RepeatBlock' : 'RepeatAction';
      if (!allowedInRules.has(statement.kind) && statement.kind !== repeat) {
        this.#report(this.#head(statement), say.handlerStatement(allowed));
      }
      return;
    }
    switch (statement.kind) {
      case 'ExitLoop':
      case 'NextLoop': {
        for (let outer = enclosing; outer !== undefined; outer = outer.outer) {
          if (isLoop(outer.statement)) return;
        }
        const words = statement.kind === 'ExitLoop' ? 'EXIT LOOP' : 'NEXT LOOP';
        this.#report(this.#head(statement), say.loopExitOutside(words));
        return;
      }
      case 'ExitSubflow':
        if (body.subflow === undefined) this.#report(this.#head(statement), say.exitSubflowInMain());
        return;
      case 'ThrowError':
      case 'NextAction':
      case 'RepeatAction':
      case 'RepeatBlock': {
        // Nested in error rules it is the nesting that is wrong, and the parser says so.
        for (let outer = enclosing; outer !== undefined; outer = outer.outer) {
          if (outer.part === 'handler') return;
        }
        const [words, home] = rulesOnly[statement.kind];
        this.#report(this.#head(statement), say.handlerOnly(words, home));
        return;
      }
      default:
        return;
    }
  }

  #checkEffect(effect: Effect, body: Body): void {
    if (effect.subflow !== undefined) this.#checkSubflowCall(effect.subflow);
    const qualified = new Set<Expression>();
    const carriedOut =
      effect.action === undefined ||
      this.#checkAction(effect.action.call, effect.action.position, body, qualified);
    for (const read of effect.reads) {
      if (!qualified.has(read)) this.#checkExpression(read, body, carriedOut);
    }
  }

  #checkSubflowCall(call: CallStatement): void {
    const callee = this.#subflows.get(call.name.text.toLowerCase());
    if (callee === undefined) {
      const near = this.#suggest(this.#subflows, call.name.text, () =>
        nearest(
          call.name.text,
          [...this.#subflows.values()].map((subflow) => subflow.name.text),
        ),
      );
      this.#report(call.name, say.subflowUnknown(call.name.text, near));
      return;
    }
    const owner = `The subflow “${callee.name.text}”`;
    this.#checkNames(call.args, callee.inputs.map(textOf), say.argumentUnknown, owner);
    this.#checkNames(call.outputs, callee.outputs.map(textOf), say.outputUnknown, owner);
  }

  /** False when this agent cannot carry the action out, which is said once and makes further remarks about it pointless. */
  #checkAction(call: ActionCall, position: ActionPosition, body: Body, qualified: Set<Expression>): boolean {
    const at = { start: call.idStart, end: call.idEnd };
    const found = findAction(call.id);
    if (found === undefined) {
      this.#report(
        at,
        say.actionUnknown(
          call.id,
          this.#suggest(this, call.id, () => nearestAction(call.id)),
        ),
      );
      return false;
    }
    const { definition, writtenAs } = found;
    const owner = `“${definition.displayName}”`;
    const implemented = isImplemented(call.id);
    if (!implemented) this.#report(at, say.actionUnsupported(definition.displayName, definition.id));
    if (writtenAs.removed !== undefined) {
      this.#report(at, say.actionRemoved(writtenAs.id, writtenAs.removed, found.replacedBy));
    }
    if (!writtenAs.argumentsKnown) return implemented;

    if (position === 'statement') {
      if (definition.kind === 'condition') this.#report(at, say.conditionAsStatement(definition.displayName));
    } else if (definition.kind === 'action') this.#report(at, say.actionAsCondition(definition.displayName));

    const known = new Map(writtenAs.arguments.map((entry) => [entry.name.toLowerCase(), entry]));
    const fixed = call.args.filter((argument) => !(argument.dynamic && writtenAs.dynamicArguments));
    this.#checkNames(fixed, writtenAs.arguments.map(nameOf), say.argumentUnknown, owner);
    this.#checkNames(
      call.outputs.filter((output) => !(output.dynamic && writtenAs.dynamicArguments)),
      writtenAs.outputs.map(nameOf),
      say.outputUnknown,
      owner,
    );
    const given = new Set(fixed.map((argument) => argument.name.text.toLowerCase()));
    const missing = writtenAs.arguments.filter(
      (entry) => entry.required && !given.has(entry.name.toLowerCase()),
    );
    if (missing.length > 0) {
      this.#report(at, say.argumentMissing(owner, missing.map(nameOf)));
    }
    for (const { name, value } of fixed) {
      const expected = known.get(name.text.toLowerCase())?.enumType;
      if (expected === undefined) continue;
      const reference = enumReference(value);
      if (reference !== undefined) {
        if (reference.type.toLowerCase() !== expected.toLowerCase()) {
          this.#report(value, say.enumTypeWrong(name.text, expected, findEnum(expected)?.members[0] ?? ''));
          qualified.add(value);
        }
      } else if (value.kind === 'Name' && !body.scope.assigned.has(value.name.toLowerCase())) {
        const member = enumMember(expected, value.name);
        if (member === undefined) continue;
        this.#report(value, say.enumNotQualified(value.name, `${expected}.${member}`));
        qualified.add(value);
      }
    }
    return implemented;
  }

  /** Reports names the callee does not have. */
  #checkNames(
    given: readonly { readonly name: Name }[],
    known: readonly string[],
    message: (owner: string, name: string, near?: string) => Finding,
    owner: string,
  ): void {
    for (const { name } of given) {
      if (known.some((expected) => expected.toLowerCase() === name.text.toLowerCase())) continue;
      this.#report(name, message(owner, name.text, nearest(name.text, known)));
    }
  }

  // ── Expressions ──

  #checkExpression(expression: Expression, body: Body, carriedOut: boolean): void {
    for (const use of variablesIn(expression)) this.#checkVariable(use, body, carriedOut);
    for (const node of eachExpression(expression)) {
      switch (node.kind) {
        case 'Member': {
          const reference = enumReference(node);
          if (reference !== undefined) this.#checkEnum(reference.type, reference.member);
          else this.#checkProperty(node.target, node.name, body.scope);
          break;
        }
        case 'Call':
          if (!functions.has(node.name.text.toLowerCase())) {
            const near = nearest(node.name.text, functionNames);
            this.#report(node.name, say.functionUnsupported(node.name.text, near));
          }
          break;
        case 'PowerFx':
          // Without an expression in it, it is a plain text.
          if (carriedOut && (node.value.startsWith('=') || node.value.includes('${'))) {
            this.#report(node, say.powerFxUnsupported());
          }
          break;
        case 'Encrypted':
          if (carriedOut) this.#report(node, say.encryptedTextUnsupported());
          break;
        case 'Opaque':
          if (carriedOut) this.#report(node, say.opaqueTextUnsupported());
          break;
        default:
          break;
      }
    }
  }

  #checkVariable(use: VariableUse, { scope }: Body, carriedOut: boolean): void {
    const key = use.name.toLowerCase();
    const { assigned } = use.global ? this.#shared : scope;
    if (assigned.has(key) || use.likeEnum) return;
    if (this.#repositories.has(key)) {
      if (carriedOut) {
        this.#report(use, key === 'imgrepo' ? say.imageUnsupported() : say.uiElementUnsupported());
      }
      return;
    }
    this.#report(
      use,
      say.variableUnknown(
        use.name,
        this.#suggest(assigned, use.name, () => nearest(use.name, assigned.values())),
      ),
    );
  }

  #checkEnum(type: string, member: Name): void {
    const known = findEnum(type);
    if (known === undefined || enumMember(type, member.text) !== undefined) return;
    this.#report(member, say.enumMemberUnknown(known.type, member.text, nearest(member.text, known.members)));
  }

  /** Only where the variable can hold nothing but one kind of literal. */
  #checkProperty(target: Expression, property: Name, scope: Scope): void {
    const root = rootVariable(target);
    if (root === undefined || target.end !== root.end || (target.kind !== 'Name' && !root.global)) return;
    const types = (root.global ? this.#shared : scope).types.get(root.name.toLowerCase());
    const [type] = types ?? [];
    if (types?.size !== 1 || type === undefined || type === 'other') return;
    const known = properties[type];
    if (known.some((name) => name.toLowerCase() === property.text.toLowerCase())) return;
    this.#report(property, say.propertyUnknown(type, property.text, known));
  }

  // ── Reporting ──

  /** Remembers what it found for a name among `owner`, and searches for a hundred names only: a search compares with every candidate. */
  #suggest(owner: object, name: string, find: () => string | undefined): string | undefined {
    const known = this.#suggestions.get(owner) ?? new Map<string, string | undefined>();
    this.#suggestions.set(owner, known);
    const key = name.toLowerCase();
    if (!known.has(key) && this.#suggested++ < 100) known.set(key, find());
    return known.get(key);
  }

  #report(at: Node, { inFragment, ...problem }: Finding): void {
    this.#diagnostics.push({
      ...problem,
      severity: (this.#fragment ? inFragment : undefined) ?? problem.severity,
      start: at.start,
      end: at.end,
    });
  }

  /** The first line of a statement, without its body and without blanks around it. */
  #head(statement: Statement): Node {
    const from = this.#lines.offset({ line: statement.line, character: 0 });
    const line = /^[^\r\n]*/.exec(this.#file.text.slice(from))?.[0] ?? '';
    const start = from + line.length - line.trimStart().length;
    return { start, end: Math.max(start, Math.min(from + line.trimEnd().length, statement.end)) };
  }
}

/** True for text copied out of the designer: no header, and either statements or subflows but not both. */
function isFragment({ header, main, subflows, text }: FlowFile): boolean {
  const bare =
    header.meta.length === 0 &&
    header.imports.length === 0 &&
    header.parameters.length === 0 &&
    header.sensitive.length === 0 &&
    !/^\s*@SENSITIVE\b/i.test(text);
  return bare && (main.length === 0 || subflows.length === 0);
}

function assign(scope: Scope, name: string, type: LiteralType | 'other' | undefined): void {
  const key = name.toLowerCase();
  if (!scope.assigned.has(key)) scope.assigned.set(key, name);
  if (type === undefined) return;
  const types = scope.types.get(key);
  if (types === undefined) scope.types.set(key, new Set([type]));
  else types.add(type);
}

function literalType(value: Expression): LiteralType | 'other' {
  if (value.kind === 'List') return 'list';
  if (value.kind === 'Text' || value.kind === 'Interpolated') return textType(value);
  return value.kind === 'Table' &&
    (value.header !== undefined || value.rows.length > 0 || value.rowValues.length > 0)
    ? 'table'
    : 'other';
}

/** `$'''%value%'''` alone passes the value of the variable on, whatever its type. */
function textType(value: Expression): LiteralType | 'other' {
  const only = value.kind === 'Interpolated' && value.parts.length === 1 ? value.parts[0] : undefined;
  return only?.kind === 'Interpolation' ? 'other' : 'text';
}

function isLoop(statement: Statement): boolean {
  return statement.kind === 'ForEach' || statement.kind === 'LoopFromTo' || statement.kind === 'While';
}

/** The loops and blocks in whose body one stands: a jump may leave them but not enter them. */
function barriers(enclosing: Place['enclosing']): ReadonlySet<Statement> {
  const found = new Set<Statement>();
  for (let outer = enclosing; outer !== undefined; outer = outer.outer) {
    if (outer.part === 'body' && (isLoop(outer.statement) || outer.statement.kind === 'Block')) {
      found.add(outer.statement);
    }
  }
  return found;
}

function isSubset<T>(part: ReadonlySet<T>, whole: ReadonlySet<T>): boolean {
  for (const item of part) if (!whole.has(item)) return false;
  return true;
}

function reaches(calls: ReadonlyMap<string, ReadonlySet<string>>, from: string, to: string): boolean {
  const seen = new Set<string>();
  const stack = [from.toLowerCase()];
  const goal = to.toLowerCase();
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (next === goal) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    stack.push(...(calls.get(next) ?? []));
  }
  return false;
}

const textOf = (name: Name): string => name.text;
const nameOf = (entry: { readonly name: string }): string => entry.name;

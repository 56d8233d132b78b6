// Carries out a flow the plain way: statement by statement, from the tree, following docs/semantics.md. Compared with generated code by
// oracle.test.ts. Shares with it only the rules about values, the arguments of an action and the tree. Synchronous: waiting takes no time.

import { findAction } from '../../src/language/catalog/catalog.ts';
import type {
  ActionCall,
  BlockHandler,
  BlockStatement,
  CallStatement,
  Condition,
  ErrorRules,
  Expression,
  FlowFile,
  LoopForEach,
  LoopFromTo,
  LoopWhile,
  Statement,
  Subflow,
} from '../../src/language/syntax/tree.ts';
import { rootVariable } from '../../src/language/syntax/walk.ts';
import { type ActionContext, type ActionDefinition, ActionError } from '../../src/runtime/action.ts';
import { ArgumentShape, CallArguments } from '../../src/runtime/arguments.ts';
import { toBoolean, toNumber, toNumeric, toText } from '../../src/runtime/convert.ts';
import { CustomError, LogicError } from '../../src/runtime/errors.ts';
import { type AssignableVariables, assign, evaluateExpression } from '../../src/runtime/evaluate.ts';
import * as operations from '../../src/runtime/operations.ts';
import { ErrorValue, type Value } from '../../src/runtime/values.ts';

/** How a list of statements ended, other than at its end. */
type Jump =
  | {
      readonly to:
        | 'exit loop'
        | 'next loop'
        | 'exit subflow'
        | 'next action'
        | 'repeat action'
        | 'repeat block';
    }
  | { readonly to: 'label'; readonly name: string };

class Failure {
  readonly code: string;
  readonly message: string;
  readonly kind: 'logic' | 'action' | 'custom';
  readonly line: number;
  readonly subflow: string;
  constructor(code: string, message: string, kind: Failure['kind'], line: number, subflow: string) {
    this.code = code;
    this.message = message;
    this.kind = kind;
    this.line = line;
    this.subflow = subflow;
  }
}

class Exit {
  readonly code: number;
  readonly message: string | undefined;
  constructor(code: number, message: string | undefined) {
    this.code = code;
    this.message = message;
  }
}

/** Leaves a block whose handlers said how. */
class Left {
  readonly block: BlockStatement;
  readonly jump: Jump | undefined;
  constructor(block: BlockStatement, jump: Jump | undefined) {
    this.block = block;
    this.jump = jump;
  }
}

/** A failure that the handlers of a block have seen and let pass. */
class Passed {
  readonly block: BlockStatement;
  readonly failure: Failure;
  constructor(block: BlockStatement, failure: Failure) {
    this.block = block;
    this.failure = failure;
  }
}

/** Where a statement stands. */
interface Place {
  readonly frame: Frame;
  /** Labels that GOTO reaches from here. */
  readonly labels: readonly string[];
  /** The innermost block whose handlers may want to go on behind the failed action. */
  readonly resumable: { readonly block: BlockStatement; readonly outer: Place } | undefined;
  /** The error being handled. */
  readonly failure: Failure | undefined;
}

/** One call of a subflow. */
interface Frame {
  readonly name: string;
  readonly variables: AssignableVariables;
}

export interface OracleOutcome {
  /** By lower-cased name. */
  readonly variables: ReadonlyMap<string, Value>;
  readonly exit: number | undefined;
  readonly error:
    | { readonly code: string; readonly line: number; readonly subflow: string; readonly message: string }
    | undefined;
  /** Executions by line, counted from 1. */
  readonly counts: ReadonlyMap<number, number>;
}

/** Runs a flow with these actions, by lower-cased id; they must be synchronous. */
export function oracle(flow: FlowFile, actions: ReadonlyMap<string, ActionDefinition>): OracleOutcome {
  return new Oracle(flow, actions).run();
}

class Oracle {
  readonly #flow: FlowFile;
  readonly #actions: ReadonlyMap<string, ActionDefinition>;
  readonly #counts = new Map<number, number>();
  readonly #shared = new Map<string, Value>();
  #line = 0;
  #subflow = 'Main';
  #inAction = false;
  #last: Failure | undefined;

  constructor(flow: FlowFile, actions: ReadonlyMap<string, ActionDefinition>) {
    this.#flow = flow;
    this.#actions = actions;
  }

  run(): OracleOutcome {
    let exit: Exit | undefined;
    let failure: Failure | undefined;
    try {
      this.#body(this.#flow.main, { name: 'Main', variables: this.#variables(this.#shared) });
    } catch (error) {
      if (error instanceof Exit) exit = error;
      else failure = this.#failure(error);
    }
    if (exit?.message !== undefined)
      failure = new Failure('FlowStopped', exit.message, 'action', this.#line, this.#subflow);
    return {
      variables: this.#shared,
      exit: exit?.code,
      error: failure && {
        code: failure.code,
        line: failure.line,
        subflow: failure.subflow,
        message: failure.message,
      },
      counts: this.#counts,
    };
  }

  #variables(own: Map<string, Value>): AssignableVariables {
    const map = (global: boolean) => (global ? this.#shared : own);
    return {
      get: (name, global) => map(global).get(name.toLowerCase()),
      set: (name, global, value) => map(global).set(name.toLowerCase(), value),
    };
  }

  #at(line: number, frame: Frame): void {
    this.#line = line + 1;
    this.#subflow = frame.name;
    this.#counts.set(this.#line, (this.#counts.get(this.#line) ?? 0) + 1);
  }

  #failure(error: unknown): Failure {
    if (error instanceof Passed) return error.failure;
    if (error instanceof Failure) return error;
    const inAction = this.#inAction;
    this.#inAction = false;
    let failure: Failure;
    const make = (code: string, message: string, kind: Failure['kind']) =>
      new Failure(code, message, kind, this.#line, this.#subflow);
    if (error instanceof CustomError) failure = make(error.code, error.message, 'custom');
    else if (error instanceof ActionError) failure = make(error.code, error.message, 'action');
    else if (error instanceof LogicError)
      failure = make(error.code, error.message, inAction ? 'action' : 'logic');
    else if (inAction) failure = make('ActionFailed', (error as Error).message, 'action');
    else throw error;
    this.#last = failure;
    return failure;
  }

  // ── Lists ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The body of a subflow, with nothing of its caller in reach. */
  #body(body: readonly Statement[], frame: Frame): void {
    const place: Place = { frame, labels: [], resumable: undefined, failure: undefined };
    const jump = this.#unit(body, place);
    if (jump !== undefined && jump.to !== 'exit subflow') throw new Error(`${jump.to} left a subflow`);
  }

  /** A list in which GOTO can jump about. */
  #unit(body: readonly Statement[], place: Place): Jump | undefined {
    const labels = labelsOf(body);
    const inside = { ...place, labels: [...place.labels, ...labels] };
    let from: string | undefined;
    for (;;) {
      const jump = this.#list(body, inside, from);
      if (jump?.to !== 'label' || !labels.includes(jump.name)) return jump;
      from = jump.name;
    }
  }

  /** The statements from the one that is, or contains, the label `from`. */
  #list(body: readonly Statement[], place: Place, from?: string): Jump | undefined {
    let wanted = from;
    for (const statement of body) {
      if (wanted !== undefined && !labelsOf([statement]).includes(wanted)) continue;
      const jump = this.#resumed(statement, place, wanted);
      wanted = undefined;
      if (jump !== undefined) return jump;
    }
    return undefined;
  }

  #resumed(statement: Statement, place: Place, from: string | undefined): Jump | undefined {
    const { resumable } = place;
    if (resumable === undefined) return this.#statement(statement, place, from);
    try {
      return this.#statement(statement, place, from);
    } catch (error) {
      if (isPassing(error) || (error instanceof Passed && error.block === resumable.block)) throw error;
      const jump = this.#asked(resumable.block, this.#failure(error), resumable.outer);
      if (jump?.to === 'next action') return undefined;
      throw new Left(resumable.block, jump);
    }
  }

  // ── Statements ────────────────────────────────────────────────────────────────────────────────────────────────

  #statement(statement: Statement, place: Place, from: string | undefined): Jump | undefined {
    const { frame } = place;
    const value = (expression: Expression) => evaluateExpression(expression, frame.variables);
    const begin = () => this.#at(statement.line, frame);
    switch (statement.kind) {
      case 'Set':
        begin();
        assign(statement.target, operations.copy(value(statement.value)), frame.variables);
        return undefined;
      case 'If': {
        if (from !== undefined) {
          const bodies = [...statement.branches.map(({ body }) => body), statement.elseBody ?? []];
          return this.#list(bodies.find((body) => labelsOf(body).includes(from)) ?? [], place, from);
        }
        for (const { line, condition, body } of statement.branches) {
          this.#at(line, frame);
          const { holds, jump } = this.#condition(condition, place);
          if (jump !== undefined) return jump;
          if (holds) return this.#list(body, place);
        }
        return this.#list(statement.elseBody ?? [], place);
      }
      case 'Switch': {
        if (from !== undefined) {
          const bodies = [...statement.cases.map(({ body }) => body), statement.defaultBody ?? []];
          return this.#list(bodies.find((body) => labelsOf(body).includes(from)) ?? [], place, from);
        }
        begin();
        const left = value(statement.value);
        for (const { line, operator, value: right, body } of statement.cases) {
          this.#at(line, frame);
          if (holdsFor(operator, left, value(right))) return this.#list(body, place);
        }
        return this.#list(statement.defaultBody ?? [], place);
      }
      case 'ForEach':
      case 'LoopFromTo':
      case 'While':
        begin();
        return this.#loop(statement, place);
      case 'ExitLoop':
        begin();
        return { to: 'exit loop' };
      case 'NextLoop':
        begin();
        return { to: 'next loop' };
      case 'Label':
        begin();
        return undefined;
      case 'Goto': {
        begin();
        const name = statement.name.text.toLowerCase();
        if (place.labels.includes(name)) return { to: 'label', name };
        throw new LogicError('LabelOutOfReach', `GOTO cannot reach the label '${statement.name.text}'.`, '');
      }
      case 'CallSubflow':
        begin();
        return this.#withRules(statement.onError, place, () => this.#call(statement, place));
      case 'Wait':
        begin();
        if (statement.condition.kind === 'Action') throw new Error('the oracle does not wait for conditions');
        toNumber(value(statement.condition.expression));
        return undefined;
      case 'ExitFlow': {
        begin();
        const code = statement.code === undefined ? 0 : value(statement.code);
        const message = statement.message === undefined ? undefined : value(statement.message);
        const number = toNumber(code);
        if (message === undefined && number === 0) throw new Exit(0, undefined);
        const text = message === undefined ? '' : toText(message);
        throw new Exit(number, text === '' ? `The flow ended itself with code ${toText(number)}.` : text);
      }
      case 'ExitSubflow':
        begin();
        return { to: 'exit subflow' };
      case 'GetLastError': {
        begin();
        const reset = statement.reset !== undefined && toBoolean(value(statement.reset));
        const last = this.#last;
        if (reset) this.#last = undefined;
        assign(
          statement.variable,
          new ErrorValue({
            actionIndex: 0,
            actionName: '',
            errorDetails: last === undefined ? '' : `${last.code}: ${last.message}`,
            location: '',
            message: last?.message ?? '',
            subflowName: last?.subflow ?? '',
          }),
          frame.variables,
        );
        return undefined;
      }
      case 'ThrowError':
        begin();
        throw (
          place.failure ??
          this.#last ??
          new LogicError('NoErrorToThrow', 'THROW ERROR has no error to throw.', '')
        );
      case 'Action':
        begin();
        return this.#withRules(statement.onError, place, () => void this.#action(statement.action, place));
      case 'Block':
        return this.#block(statement, place);
      case 'RepeatAction':
        return { to: 'repeat action' };
      case 'RepeatBlock':
        return { to: 'repeat block' };
      case 'NextAction':
        return { to: 'next action' };
      case 'Error':
        begin();
        throw new LogicError('StatementNotReadable', 'This line could not be read.', '');
      default:
        return undefined;
    }
  }

  #condition(
    condition: Condition,
    place: Place,
  ): { readonly holds: boolean; readonly jump: Jump | undefined } {
    if (condition.kind === 'Expression')
      return {
        holds: toBoolean(evaluateExpression(condition.expression, place.frame.variables)),
        jump: undefined,
      };
    let holds = false;
    const jump = this.#withRules(condition.onError, place, () => {
      holds = this.#action(condition.action, place);
      return undefined;
    });
    return { holds, jump };
  }

  #loop(statement: LoopForEach | LoopFromTo | LoopWhile, place: Place): Jump | undefined {
    const { variables } = place.frame;
    const inside = { ...place, failure: undefined };
    const line = this.#line;
    const round = (): Jump | 'leave' | undefined => {
      const jump = this.#unit(statement.body, inside);
      if (jump?.to === 'exit loop') return 'leave';
      return jump?.to === 'next loop' ? undefined : jump;
    };
    const over = (values: Iterable<Value>, name: string | undefined): Jump | undefined => {
      for (const value of values) {
        if (name !== undefined) variables.set(name, false, value);
        const jump = round();
        if (jump === 'leave') return undefined;
        if (jump !== undefined) return jump;
      }
      return undefined;
    };
    if (statement.kind === 'ForEach')
      return over(operations.items(evaluateExpression(statement.source, variables)), statement.variable.text);
    if (statement.kind === 'LoopFromTo') {
      const number = (expression: Expression) => toNumeric(evaluateExpression(expression, variables));
      const [first, last] = [number(statement.from), number(statement.to)];
      const step = statement.step === undefined ? 1 : number(statement.step);
      const count = operations.rounds(first, last, step);
      const values = function* () {
        for (let i = 0; i < count; i++) yield operations.add(first, operations.multiply(i, step));
      };
      return over(values(), statement.variable?.text);
    }
    for (;;) {
      this.#line = line;
      this.#subflow = place.frame.name;
      const { holds, jump } = this.#condition(statement.condition, inside);
      // The rules of a condition stand inside the loop: EXIT LOOP is not allowed in them, everything else leaves it.
      if (jump !== undefined) return jump;
      if (!holds) return undefined;
      const next = round();
      if (next === 'leave') return undefined;
      if (next !== undefined) return next;
    }
  }

  #call(statement: CallStatement, place: Place): Jump | undefined {
    const { variables } = place.frame;
    const name = statement.name.text.toLowerCase();
    const subflow = this.#flow.subflows.find((each) => each.name.text.toLowerCase() === name);
    if (subflow === undefined)
      throw new LogicError('SubflowNotFound', `There is no subflow '${statement.name.text}'.`, '');
    const [line, caller] = [this.#line, this.#subflow];
    const own = this.#entered(subflow, statement, variables);
    this.#body(subflow.body, { name: subflow.name.text, variables: this.#variables(own) });
    this.#line = line;
    this.#subflow = caller;
    for (const { name: output, target } of statement.outputs) {
      const value = subflow.outputs.some((each) => sameName(each.text, output.text))
        ? own.get(output.text.toLowerCase())
        : undefined;
      if (value !== undefined) assign(target, value, variables);
    }
    return undefined;
  }

  /** The variables a subflow starts with. */
  #entered(subflow: Subflow, statement: CallStatement, variables: AssignableVariables): Map<string, Value> {
    if (subflow.global) return this.#shared;
    const own = new Map<string, Value>();
    for (const input of subflow.inputs) {
      const given = statement.args.find(({ name }) => sameName(name.text, input.text));
      own.set(
        input.text.toLowerCase(),
        given === undefined ? null : operations.copy(evaluateExpression(given.value, variables)),
      );
    }
    return own;
  }

  // ── Actions and errors ────────────────────────────────────────────────────────────────────────────────────────

  /** Calls the action; true when it is a condition that holds. */
  #action(call: ActionCall, { frame: { variables } }: Place): boolean {
    const entry = findAction(call.id)?.definition;
    const inOut = (name: string) =>
      entry?.arguments.find((each) => each.inOut && sameName(each.name, name))?.name;
    const values = call.args.map(({ name, value }) => {
      const changed = inOut(name.text);
      // An action that changes its argument creates it.
      const isNew =
        changed !== undefined && value.kind === 'Name' && variables.get(value.name, false) === undefined;
      if (isNew && value.kind === 'Name') {
        const type = entry?.arguments.find((each) => each.name === changed)?.type ?? '';
        variables.set(value.name, false, operations.emptyOf(type));
      }
      return evaluateExpression(value, variables);
    });
    const shape = new ArgumentShape(
      entry?.id ?? call.id,
      entry,
      call.args.map(({ name }) => name.text),
      call.args.map(({ dynamic }) => dynamic),
    );
    const definition = this.#actions.get((entry?.id ?? call.id).toLowerCase());
    if (definition === undefined) throw new Error(`the oracle has no action ${call.id}`);
    this.#inAction = true;
    const result = definition.run(
      new CallArguments(shape, values, '/flows'),
      undefined as unknown as ActionContext,
    );
    if (result instanceof Promise) throw new Error(`${call.id} is not synchronous`);
    this.#inAction = false;
    for (const { name, value } of call.args) {
      const changed = inOut(name.text);
      const output = changed === undefined ? undefined : result.outputs?.[changed];
      if (output !== undefined && rootVariable(value) !== undefined) assign(value, output, variables);
    }
    for (const { name, target } of call.outputs) {
      const key = entry?.outputs.find((each) => sameName(each.name, name.text))?.name ?? name.text;
      const output = result.outputs?.[key];
      if (output !== undefined) assign(target, output, variables);
    }
    return result.condition === true;
  }

  /** An action with its retries and rules. Rules see the errors of actions only. */
  #withRules(rules: ErrorRules | undefined, place: Place, run: () => Jump | undefined): Jump | undefined {
    if (rules === undefined) return run();
    let repeated = 0;
    for (;;) {
      try {
        return run();
      } catch (error) {
        if (isPassing(error)) throw error;
        const failure = this.#failure(error);
        if (failure.kind === 'logic') throw failure;
        const { retry } = rules;
        if (
          retry !== undefined &&
          repeated++ < toNumber(evaluateExpression(retry.times, place.frame.variables))
        ) {
          if (retry.wait !== undefined) toNumber(evaluateExpression(retry.wait, place.frame.variables));
          continue;
        }
        const clause =
          rules.clauses.find(
            ({ errorName }) => errorName !== undefined && sameName(errorName.text, failure.code),
          ) ?? rules.clauses.find(({ errorName }) => errorName === undefined);
        if (clause === undefined) throw failure;
        const jump = this.#list(clause.body, { ...place, resumable: undefined, failure });
        if (jump?.to === 'repeat action') continue;
        return jump?.to === 'next action' ? undefined : jump;
      }
    }
  }

  #block(statement: BlockStatement, place: Place): Jump | undefined {
    const resumes = statement.handlers.some(({ body }) => body.some(({ kind }) => kind === 'NextAction'));
    const inside: Place = {
      ...place,
      failure: undefined,
      resumable: resumes ? { block: statement, outer: place } : undefined,
    };
    for (;;) {
      let jump: Jump | undefined;
      try {
        return this.#unit(statement.body, inside);
      } catch (error) {
        if (error instanceof Left && error.block === statement) jump = error.jump;
        else if (isPassing(error)) throw error;
        else if (error instanceof Passed && error.block === statement) throw error.failure;
        else {
          try {
            jump = this.#asked(statement, this.#failure(error), place);
          } catch (thrown) {
            throw thrown instanceof Passed && thrown.block === statement ? thrown.failure : thrown;
          }
        }
      }
      if (jump?.to === 'repeat block') continue;
      return jump?.to === 'next action' ? undefined : jump;
    }
  }

  /** What the handlers of a block say about an error; one they do not want, or raise themselves, goes on outwards. */
  #asked(block: BlockStatement, failure: Failure, outer: Place): Jump | undefined {
    const wants = ({ matches }: BlockHandler): boolean => {
      if (matches.kind === 'named')
        return failure.kind !== 'logic' && sameName(matches.name.text, failure.code);
      if (matches.kind === 'custom')
        return failure.kind === 'custom' && sameName(matches.name.text, failure.code);
      return matches.kind === 'all' || failure.kind !== 'logic';
    };
    const isNamed = ({ matches }: BlockHandler) => matches.kind === 'named' || matches.kind === 'custom';
    const { handlers } = block;
    const handler =
      handlers.find((each) => isNamed(each) && wants(each)) ??
      handlers.find((each) => !isNamed(each) && wants(each));
    if (handler === undefined) throw new Passed(block, failure);
    try {
      return this.#list(handler.body, { ...outer, resumable: undefined, failure });
    } catch (error) {
      if (isPassing(error)) throw error;
      throw new Passed(block, this.#failure(error));
    }
  }
}

/** What no error handling stops. */
function isPassing(error: unknown): boolean {
  return error instanceof Exit || error instanceof Left;
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function holdsFor(operator: '=' | '<>' | '<' | '<=' | '>' | '>=', left: Value, right: Value): boolean {
  if (operator === '=') return operations.equal(left, right);
  if (operator === '<>') return !operations.equal(left, right);
  const order = operations.compare(left, right, operator);
  if (operator === '<') return order < 0;
  if (operator === '<=') return order <= 0;
  return operator === '>' ? order > 0 : order >= 0;
}

/** Labels of a list, those in its IF and SWITCH statements included. */
function labelsOf(body: readonly Statement[]): string[] {
  return body.flatMap((statement) => {
    if (statement.kind === 'Label') return [statement.name.text.toLowerCase()];
    if (statement.kind === 'If')
      return [
        ...statement.branches.flatMap((branch) => labelsOf(branch.body)),
        ...labelsOf(statement.elseBody ?? []),
      ];
    if (statement.kind === 'Switch')
      return [
        ...statement.cases.flatMap((item) => labelsOf(item.body)),
        ...labelsOf(statement.defaultBody ?? []),
      ];
    return [];
  });
}

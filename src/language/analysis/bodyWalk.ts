// The walk through the statements of one body: keeps the present value of each variable and joins values where ways meet.
// What connects the bodies of a flow is in valueFlow.ts.
import type {
  BlockStatement,
  CallStatement,
  Condition,
  ErrorRules,
  IfStatement,
  LoopForEach,
  LoopFromTo,
  LoopWhile,
  Node,
  Statement,
  SwitchStatement,
} from '../syntax/tree.ts';
import type { Body, BoundUse } from './binder.ts';
import { tell } from './bodyOutline.ts';
import type { ReadTypes } from './expressionTypes.ts';
import { givenBy } from './producedTypes.ts';
import { anyType, noTypes } from './typeSets.ts';
import type { Producer } from './uses.ts';
import type { FlowValues } from './valueFlow.ts';
import { unknown, type Value } from './valueGraph.ts';
import { type Heads, type Meeting, type Place, Ways } from './ways.ts';

const noHeads: Heads = [];

type Task = StatementList | (() => void);

interface StatementList {
  readonly statements: readonly Statement[];
  next: number;
  /** Whether anything leads to the list; undefined until the walk is there. */
  reached: boolean | undefined;
  deadFrom: Statement | undefined;
  deadTo: Statement | undefined;
}

interface Label {
  readonly ways: Meeting;
  /** Jumps to it that the walk has not met yet. */
  pending: number;
  /** Present once the walk has passed the label: jumps that come later lead back to these. */
  heads: Heads | undefined;
}

/** Where `REPEAT …` and `NEXT ACTION` lead: back to `heads`; behind the action (`ways`); into the block, with what is `brought`. */
type Handler =
  | { readonly kind: 'action'; readonly heads: Heads; readonly ways: Meeting }
  | { readonly kind: 'block'; readonly heads: Heads; readonly brought: Brought | undefined };

/** What a handler may have put into variables when it leads into the middle of its block. */
type Brought = ReadonlyMap<number, Value>;

/** The uses of a statement, or of one condition of it, by their places in `binding.uses`. */
interface Span {
  readonly from: number;
  readonly to: number;
}

export class BodyWalk {
  readonly ways: Ways;
  readonly #flow: FlowValues;
  readonly #body: number;
  readonly #tasks: Task[] = [];
  readonly #labels = new Map<string, Label>();
  readonly #leave: Meeting;
  readonly #loops: { readonly leave: Meeting; readonly heads: Heads }[] = [];
  /** The error rules and handlers one is in. */
  readonly #handlers: Handler[] = [];
  /** The blocks one is in whose handlers may go on in their middle. */
  readonly #resumed: Brought[] = [];
  /** Everything that was set since one is in a block: what its handlers may find. */
  readonly #history: Heads[number][] = [];
  #blocks = 0;
  /** The next statement, by its place in `binding.statements`. */
  #at: number;
  /** False where nothing leads to. */
  #alive = true;
  #everything: Set<number> | undefined;
  #doubted: { readonly place: Place | undefined } | undefined;

  constructor(flow: FlowValues, body: number) {
    this.#flow = flow;
    this.#body = body;
    [this.#at] = flow.range(body);
    this.ways = new Ways(flow.graph, flow.current, (variable) => flow.start(variable, body));
    this.#leave = this.ways.meetingOfAll();
    const { subflow } = flow.binding.bodies[body] as Body;
    for (const label of flow.labels) {
      const jumps = label.owner === subflow ? label.uses.filter(({ role }) => role === 'read').length : 0;
      if (jumps > 0) {
        const ways = this.ways.meetingOfAll();
        this.#labels.set(label.name.toLowerCase(), { ways, pending: jumps, heads: undefined });
      }
    }
  }

  /** Walks to the end, or until the steps are used up. */
  run(limit: number): void {
    this.#then([(this.#flow.binding.bodies[this.#body] as Body).statements]);
    for (let task = this.#tasks.pop(); task !== undefined; task = this.#tasks.pop()) {
      if (this.ways.steps > limit) return;
      if (typeof task === 'function') task();
      else this.#next(task);
    }
    if (this.#alive) this.#leave.add();
    this.#leave.finishHere([]);
    if (this.#leave.count > 0) this.#flow.leave(this.#body, this.ways);
    this.ways.end();
  }

  /** What comes next, in this order, before anything that was planned earlier. */
  #then(tasks: readonly (readonly Statement[] | (() => void))[]): void {
    for (let i = tasks.length - 1; i >= 0; i--) {
      const task = tasks[i] as readonly Statement[] | (() => void);
      if (typeof task === 'function') this.#tasks.push(task);
      else if (task.length > 0) {
        this.#tasks.push({
          statements: task,
          next: 0,
          reached: undefined,
          deadFrom: undefined,
          deadTo: undefined,
        });
      }
    }
  }

  /** Walks through a list up to a statement with something inside, which plans its own continuation. */
  #next(list: StatementList): void {
    list.reached ??= this.#alive;
    const { statements } = list;
    const planned = this.#tasks.push(list);
    while (list.next < statements.length) {
      const statement = statements[list.next++] as Statement;
      const at = this.#at++;
      if (statement.kind === 'Label') this.#label(statement.name.text.toLowerCase());
      if (list.reached) this.#noteDead(list, statement);
      this.#flow.places[at] = this.ways.place;
      this.#visit(statement, at);
      if (this.#tasks.length > planned) return;
    }
    this.#tasks.pop();
    if (list.deadFrom !== undefined) this.#tellDead(list);
  }

  #noteDead(list: StatementList, statement: Statement): void {
    if (this.#alive) {
      if (list.deadFrom !== undefined) this.#tellDead(list);
    } else if (isCode(statement)) {
      list.deadFrom ??= statement;
      list.deadTo = statement;
    }
  }

  #tellDead(list: StatementList): void {
    const [first, last] = [list.deadFrom as Statement, list.deadTo as Statement];
    this.#flow.unreachable.push({ first, last });
    list.deadFrom = undefined;
  }

  #visit(statement: Statement, at: number): void {
    const { statementUses } = this.#flow.binding;
    const from = statementUses[at] as number;
    const to = statementUses[at + 1] as number;
    switch (statement.kind) {
      case 'If':
        this.#if(statement, at, { from, to });
        break;
      case 'Switch':
        this.#switch(statement, from, to);
        break;
      case 'ForEach':
      case 'LoopFromTo':
      case 'While':
        this.#loop(statement, at, { from, to });
        break;
      case 'Block':
        this.#block(statement, at);
        break;
      case 'Action':
        this.#guard(statement.onError, { from, to }, this.#restartable(statement, at), () => {
          this.#write(from, to);
          // A handler may go on behind it, but only in the same subflow.
          if (this.#resumed.length === 0 && alwaysFails(statement.action.id)) this.#alive = false;
        });
        break;
      case 'CallSubflow':
        this.#call(statement, at, { from, to });
        break;
      case 'Wait':
        this.#condition(statement.condition, { from, to }, this.#restartable(statement, at));
        break;
      case 'ExitLoop':
        if (this.#alive) this.#loops.at(-1)?.leave.add();
        this.#alive = false;
        break;
      case 'NextLoop':
        this.#leadBack(this.#loops.at(-1)?.heads);
        break;
      case 'Goto':
        this.#goto(statement.name.text.toLowerCase());
        break;
      case 'ExitFlow':
        this.#read(from, to);
        this.#alive = false;
        break;
      case 'ExitSubflow':
        if (this.#alive) this.#leave.add();
        this.#alive = false;
        break;
      case 'ThrowError':
        this.#alive = false;
        break;
      case 'RepeatBlock':
        this.#leadBack(this.#handlers.at(-1)?.heads);
        break;
      case 'RepeatAction':
      case 'NextAction':
        this.#resume(statement.kind);
        break;
      default:
        this.#read(from, to);
        this.#write(from, to);
    }
  }

  // ── Uses ──

  #read(from: number, to: number): void {
    const { values, deadUses, binding } = this.#flow;
    for (let i = from; i < to; i++) {
      const { use, symbol } = binding.uses[i] as BoundUse;
      if (use.kind !== 'variable' || use.callee !== undefined) continue;
      if (!this.#alive) deadUses[i] = 1;
      if (use.role === 'read') values[i] = this.ways.value(symbol.index);
    }
  }

  #write(from: number, to: number): void {
    const { values, binding } = this.#flow;
    for (let i = from; i < to; i++) {
      const use = binding.uses[i] as BoundUse;
      const { producer } = use.use;
      if (producer === undefined) continue;
      const value = this.#made(use, producer, from, to);
      values[i] = value;
      this.#assign(use.symbol.index, value);
    }
  }

  /** The value that a write gives; `from` and `to` are the uses of its statement. */
  #made(use: BoundUse, producer: Producer, from: number, to: number): Value {
    const { graph, values, binding } = this.#flow;
    const gives = givenBy(producer, use.use);
    if (gives.types !== undefined && use.use.role === 'write') return graph.written(use, gives.types);
    const inputs: Value[] = [];
    if (gives.reads) {
      for (let i = from; i < to; i++) {
        const value = values[i];
        if (value !== undefined && binding.uses[i]?.use.role === 'read') inputs.push(value);
      }
    }
    const before = use.use.role === 'change' ? this.ways.value(use.symbol.index) : undefined;
    let places: Map<Node, number[]> | undefined;
    const read: ReadTypes = (node, name) => {
      places ??= this.#placesOf(from, to);
      for (const i of places.get(node) ?? []) {
        const { loose, name: written } = (binding.uses[i] as BoundUse).use;
        if (!loose || written === name) return values[i]?.types ?? anyType;
      }
      return anyType;
    };
    return graph.computed(use, inputs, before, () => gives.compute(read, before?.types ?? noTypes));
  }

  /** The uses of variables between `from` and `to` by their nodes; words of one formula share theirs. */
  #placesOf(from: number, to: number): Map<Node, number[]> {
    const places = new Map<Node, number[]>();
    for (let i = from; i < to; i++) {
      const { kind, node } = (this.#flow.binding.uses[i] as BoundUse).use;
      if (kind !== 'variable') continue;
      const list = places.get(node);
      if (list === undefined) places.set(node, [i]);
      else list.push(i);
    }
    return places;
  }

  #assign(variable: number, value: Value): void {
    if (this.#resumed.length === 0) {
      this.#set(variable, value);
      return;
    }
    // The action may fail and its block go on behind it, with what the handler did.
    const values = [value, this.ways.value(variable)];
    for (const brought of this.#resumed) {
      const more = brought.get(variable);
      if (more !== undefined) values.push(more);
    }
    this.#set(variable, this.#flow.graph.join(values));
  }

  #set(variable: number, value: Value): void {
    this.ways.set(variable, value);
    if (this.#blocks > 0 && this.#alive) this.#history.push({ variable, value });
  }

  // ── Jumps ──

  /** The way ends here and goes on at an earlier place. */
  #leadBack(heads: Heads | undefined): void {
    if (this.#alive) this.#addTo(heads ?? noHeads);
    this.#alive = false;
  }

  #addTo(heads: Heads): void {
    this.ways.steps += heads.length;
    for (const { variable, value } of heads) {
      const now = this.ways.value(variable);
      if (now !== value) value.from.push(now);
    }
  }

  /** Opens joins, at the present place, of all variables that get a value in the statement `at` or inside it. */
  #heads(at: number): Heads {
    const heads: Heads[number][] = [];
    for (const variable of this.#writtenIn(at)) {
      const value = this.#flow.graph.growing(this.ways.value(variable));
      heads.push({ variable, value });
      this.#set(variable, value);
    }
    return heads;
  }

  /** Each variable that a statement and those inside it write, calls included; of the whole body, when one may jump into it. */
  #writtenIn(at: number): Set<number> {
    const { binding } = this.#flow;
    let mayBeEntered = false;
    const end = binding.statementEnds[at] as number;
    const found = this.#written(at, end, () => {
      mayBeEntered = true;
    });
    return mayBeEntered ? this.#writtenInBody() : found;
  }

  #writtenInBody(): Set<number> {
    this.#everything ??= this.#written(...this.#flow.range(this.#body), () => {});
    return this.#everything;
  }

  #written(from: number, to: number, label: () => void): Set<number> {
    const flow = this.#flow;
    const found = new Set<number>();
    tell(flow.binding, from, to, {
      write: ({ index }) => found.add(index),
      call: (subflow) => {
        const callee = flow.bodyOf(subflow);
        const written = callee === undefined ? flow.sharedVariables : flow.changedBy(callee, this.#body);
        this.ways.steps += written.length;
        for (const variable of written) found.add(variable);
      },
      label,
    });
    this.ways.steps += to - from;
    return found;
  }

  #goto(name: string): void {
    const label = this.#labels.get(name);
    if (label !== undefined) {
      label.pending--;
      if (label.heads !== undefined) this.#leadBack(label.heads);
      else if (this.#alive) label.ways.add();
    }
    this.#alive = false;
  }

  #label(name: string): void {
    const label = this.#labels.get(name);
    if (label === undefined || label.heads !== undefined) {
      // Jumps to it may stand in the part of the flow that we cannot see; of two labels of one name nobody knows which is meant.
      if (this.#flow.whole && label === undefined) return;
      this.#doubt();
      this.#alive = true;
      return;
    }
    if (this.#alive) label.ways.add();
    const before = this.ways.place;
    label.heads = label.ways.finishHere(label.pending > 0 ? this.#writtenInBody() : []);
    if (this.#blocks > 0) {
      for (let step = this.ways.place; step !== before && step !== undefined; step = step.previous) {
        this.#history.push(step);
      }
    }
    // A jump that comes later is taken to be possible.
    this.#alive = label.ways.count > 0 || label.pending > 0;
  }

  /** From here on any variable of the flow may have any value. */
  #doubt(): void {
    const { graph, sharedVariables, variables } = this.#flow;
    let doubtful: Iterable<number> = sharedVariables;
    if (this.#doubted !== undefined) {
      const changed = new Set<number>();
      const note = ({ variable }: Place) => {
        if (variables[variable]?.owner === undefined) changed.add(variable);
      };
      this.ways.compare(this.#doubted.place, note, note);
      doubtful = changed;
    }
    for (const variable of doubtful) {
      const value = this.ways.value(variable);
      if (value.kind !== 'doubt' && value !== unknown) this.#set(variable, graph.doubt(value));
    }
    this.#doubted = { place: this.ways.place };
  }

  // ── Statements with something inside ──

  #if({ branches, elseBody }: IfStatement, at: number, uses: Span): void {
    const heads = this.#restartable(this.#flow.binding.statements[at] as Statement, at);
    const ways = this.ways.meeting();
    const tasks: (readonly Statement[] | (() => void))[] = [];
    let place: Place | undefined;
    let alive = false;
    let { from } = uses;
    for (const { condition, body } of branches) {
      const own = { from, to: this.#endOf(condition, from, uses.to) };
      from = own.to;
      tasks.push(
        () => this.#condition(condition, own, heads),
        () => {
          place = this.ways.place;
          alive = this.#alive;
        },
        body,
        // The next condition is where this one was not met.
        () => {
          if (this.#alive) ways.add();
          this.ways.back(place);
          this.#alive = alive;
        },
      );
    }
    this.#then([...tasks, elseBody ?? [], () => this.#meet(ways)]);
  }

  /** The index behind the uses of a condition; those of several conditions stand one after the other. */
  #endOf(condition: Condition, from: number, to: number): number {
    const end =
      condition.kind === 'Expression'
        ? condition.expression.end
        : (condition.onError?.end ?? condition.action.end);
    let i = from;
    while (i < to && (this.#flow.binding.uses[i] as BoundUse).use.node.start < end) i++;
    return i;
  }

  #switch({ cases, defaultBody }: SwitchStatement, from: number, to: number): void {
    this.#read(from, to);
    const ways = this.ways.meeting();
    const { place } = this.ways;
    const alive = this.#alive;
    const back = () => {
      if (this.#alive) ways.add();
      this.ways.back(place);
      this.#alive = alive;
    };
    this.#then([...cases.flatMap(({ body }) => [body, back]), defaultBody ?? [], () => this.#meet(ways)]);
  }

  /** The present way is the last of those that meet. */
  #meet(ways: Meeting): void {
    if (this.#alive) ways.add();
    ways.finish();
    this.#alive = ways.count > 0;
  }

  #loop(statement: LoopForEach | LoopFromTo | LoopWhile, at: number, uses: Span): void {
    if (statement.kind !== 'While') this.#read(uses.from, uses.to);
    const leave = this.ways.meeting();
    const heads = this.#heads(at);
    this.#then([
      () => {
        if (statement.kind === 'While') this.#condition(statement.condition, uses, heads);
      },
      () => {
        if (this.#alive) leave.add();
        if (statement.kind !== 'While') this.#write(uses.from, uses.to);
        this.#loops.push({ leave, heads });
      },
      statement.body,
      () => {
        this.#loops.pop();
        this.#leadBack(heads);
        this.#meet(leave);
      },
    ]);
  }

  #condition(condition: Condition, uses: Span, heads: Heads): void {
    const rules = condition.kind === 'Action' ? condition.onError : undefined;
    this.#guard(rules, uses, heads, () => this.#write(uses.from, uses.to));
  }

  #call(statement: CallStatement, at: number, uses: Span): void {
    const flow = this.#flow;
    const callee = flow.bodyOf(flow.binding.subflow(statement.name.text));
    const heads = this.#restartable(statement, at);
    if (callee === undefined) {
      this.#guard(statement.onError, uses, heads, () => {
        this.#doubt();
        this.#write(uses.from, uses.to);
      });
      return;
    }
    const changed = flow.changedBy(callee, this.#body);
    const act = () => {
      if (this.#alive) flow.enter(callee, this.ways);
      this.#return(callee, changed);
      this.#write(uses.from, uses.to);
    };
    this.#guard(statement.onError, uses, heads, act, changed);
  }

  /** Takes the values that the subflow leaves. */
  #return(callee: number, changed: readonly number[]): void {
    const flow = this.#flow;
    for (const variable of changed) {
      let value = flow.afterCall(callee, variable, this.ways.value(variable));
      if (this.#blocks > 0) {
        // The subflow may fail in its middle.
        const pool = flow.pool(variable);
        this.#history.push({ variable, value: pool });
        if (this.#resumed.length > 0) value = flow.graph.join([value, pool]);
      }
      this.#assign(variable, value);
    }
  }

  /** Open joins in front of a statement that its error rules may run again. */
  #restartable(statement: Statement, at: number): Heads {
    return this.#flow.restarts.restarted.has(statement) ? this.#heads(at) : noHeads;
  }

  /** Reads, acts, and goes through the rules for errors: they find everything as it was before, or half changed by a call. */
  #guard(
    rules: ErrorRules | undefined,
    { from, to }: Span,
    heads: Heads,
    act: () => void,
    mayHaveChanged: readonly number[] = [],
  ): void {
    this.#read(from, to);
    if (rules === undefined || rules.clauses.length === 0) {
      act();
      return;
    }
    const ways = this.ways.meeting();
    const alive = this.#alive;
    const before = this.ways.place;
    act();
    if (this.#alive) ways.add();
    this.ways.back(before);
    for (const variable of mayHaveChanged) {
      const values = [this.ways.value(variable), this.#flow.pool(variable)];
      this.#set(variable, this.#flow.graph.join(values));
    }
    const failed = this.ways.place;
    const enter = () => {
      this.#alive = alive;
      this.#handlers.push({ kind: 'action', heads, ways });
    };
    const leave = () => {
      this.#handlers.pop();
      if (this.#alive) ways.add();
      this.ways.back(failed);
    };
    this.#then([
      ...rules.clauses.flatMap(({ body }) => [enter, body, leave]),
      () => {
        this.#alive = false;
        this.#meet(ways);
      },
    ]);
  }

  #block({ handlers, body }: BlockStatement, at: number): void {
    const { binding, graph, restarts } = this.#flow;
    const statement = binding.statements[at] as Statement;
    const ways = this.ways.meeting();
    const alive = this.#alive;
    const heads = this.#restartable(statement, at);
    const brought = restarts.resumed.has(statement) ? new Map<number, Value>() : undefined;
    if (brought !== undefined) {
      for (const variable of this.#writtenIn(at)) {
        const value = graph.growing();
        brought.set(variable, value);
        this.#set(variable, graph.growing(this.ways.value(variable), value));
      }
    }
    const base = this.ways.place;
    let failed = base;
    const since = this.#history.length;
    const enter = () => {
      this.#alive = alive;
      this.#handlers.push({ kind: 'block', heads, brought });
    };
    const leave = () => {
      this.#handlers.pop();
      if (this.#alive) ways.add();
      this.ways.back(failed);
    };
    // The handlers stand in front of the body in the text.
    this.#blocks++;
    if (brought !== undefined) this.#resumed.push(brought);
    this.#at = this.#behind(handlers.map((handler) => handler.body));
    this.#then([
      body,
      () => {
        if (brought !== undefined) this.#resumed.pop();
        if (this.#alive) ways.add();
        this.ways.back(base);
        this.#fail(since);
        failed = this.ways.place;
        if (alive && restarts.retried.has(statement)) this.#addTo(heads);
        this.#blocks--;
        if (this.#blocks === 0) this.#history.length = 0;
        this.#at = at + 1;
      },
      ...handlers.flatMap((handler) => [enter, handler.body, leave]),
      () => {
        this.#at = binding.statementEnds[at] as number;
        this.#alive = false;
        this.#meet(ways);
      },
    ]);
  }

  /** The place of the statement behind some lists that come next. */
  #behind(lists: readonly (readonly Statement[])[]): number {
    let at = this.#at;
    for (const list of lists) for (const _ of list) at = this.#flow.binding.statementEnds[at] as number;
    return at;
  }

  /** From here on a variable may have any value it got since: an error may come after any statement. */
  #fail(since: number): void {
    const found = new Map<number, Value[]>();
    for (let i = since; i < this.#history.length; i++) {
      const { variable, value } = this.#history[i] as Heads[number];
      const values = found.get(variable);
      if (values === undefined) found.set(variable, [this.ways.value(variable), value]);
      else values.push(value);
    }
    this.ways.steps += this.#history.length - since;
    for (const [variable, values] of found) this.#set(variable, this.#flow.graph.join(values));
  }

  /** `REPEAT ACTION` and `NEXT ACTION`: of a block they lead to the action that failed. */
  #resume(kind: 'RepeatAction' | 'NextAction'): void {
    const handler = this.#handlers.at(-1);
    if (this.#alive && handler !== undefined) {
      if (handler.kind === 'block') {
        for (const [variable, value] of handler.brought ?? []) value.from.push(this.ways.value(variable));
      } else if (kind === 'RepeatAction') this.#addTo(handler.heads);
      else handler.ways.add();
    }
    this.#alive = false;
  }
}

const throwing = 'flowcontrol.throwcustomerror';

/** The length is asked first, because this is asked of every action. */
const alwaysFails = (action: string): boolean =>
  action.length === throwing.length && action.toLowerCase() === throwing;

/** Rows that only decorate, or that nobody understands, are not called dead. */
function isCode({ kind }: Statement): boolean {
  return kind !== 'Region' && kind !== 'EndRegion' && kind !== 'Disabled' && kind !== 'Error';
}

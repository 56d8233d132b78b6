// Flow → JavaScript source. One async function per subflow, per loop and per resumable error handler, because V8 stops
// optimising long functions; variables are closure slots `v0 …`; one hook per statement; operators with an inline fast path. A loop that
// only computes has a second, synchronous form without hooks (`u…` beside `l…`), for as long as nobody watches.
// Injection-proof by construction: no name or text of the flow is ever written into the source except through JSON.stringify.
// Runs nothing itself (see engine.ts); rules of the language: docs/semantics.md.

import { MASK } from '../base/redact.ts';
import { type Sensitivity, sensitivity } from '../language/analysis/sensitivity.ts';
import { type CatalogAction, canonicalId, enumMember, findAction } from '../language/catalog/catalog.ts';
import { hasPowerFx, namesIn, readPowerFx } from '../language/powerFx/parser.ts';
import { parse } from '../language/syntax/parser.ts';
import type {
  ActionCall,
  Argument,
  BinaryExpression,
  BlockHandler,
  BlockStatement,
  CallStatement,
  Condition,
  ErrorRules,
  Expression,
  FlowFile,
  FunctionCall,
  GotoStatement,
  IfStatement,
  InterpolatedText,
  LoopForEach,
  LoopFromTo,
  LoopWhile,
  Name,
  SetStatement,
  Statement,
  Subflow,
  SwitchStatement,
  WaitStatement,
} from '../language/syntax/tree.ts';
import {
  eachExpression,
  eachStatement,
  effects,
  enumReference,
  rootVariable,
  variablesIn,
} from '../language/syntax/walk.ts';
import { parseDatetime } from './convert.ts';
import { noRepositories, type Repositories, textsWithVariables } from './elements.ts';
import { EnumValue } from './values.ts';

/** A place that can run: a statement, an ELSE IF or a CASE. Counters, durations and positions are kept per site. */
export interface Site {
  /** 1-based. */
  readonly line: number;
  readonly subflow: string;
  /** Action id, or the keyword of the statement. */
  readonly action: string;
  /** Number of the row in its subflow as the designer counts, from 1. */
  readonly row: number;
  /** True when the statement mentions a sensitive variable: details of its logic errors are then withheld. */
  readonly sensitive: boolean;
  /** True for actions, calls, waits and loops: each execution is measured and reported. */
  readonly reported: boolean;
  readonly statement: Statement;
  /** Which subflow: 0 is Main, see `CompiledFlow.subflows`. */
  readonly owner: number;
  /** How a debugger jumps to the statement; undefined unless compiled for that, and inside error rules. */
  readonly jump: Jump | undefined;
  /** The statement list it belongs to, see `CompiledFlow.units`. Error rules belong to the list around their action or block. */
  readonly unit: number;
}

/** Numbers of a statement in the state machine of its list: its own, and that of the place behind it. */
export interface Jump {
  readonly to: number;
  readonly behind: number;
}

/** A subflow as a debugger needs it. */
export interface CompiledSubflow {
  readonly name: string;
  /** Slots of the variables it sees without `GLOBAL.`, by lower-cased name; one map for Main and all global subflows. */
  readonly variables: ReadonlyMap<string, number>;
  /** Lower-cased names of those that hold secrets. */
  readonly sensitive: ReadonlySet<string>;
  readonly local: boolean;
}

/** One action call: which action, and the names of the arguments in the order in which generated code passes their values. */
export interface CallSite {
  readonly site: number;
  /** As written. */
  readonly id: string;
  readonly names: readonly string[];
  /** Parallel to `names`: true for `@Name: value`. */
  readonly dynamic: readonly boolean[];
  /** False while a WAIT or a LOOP WHILE asks the action: the statement reports, not each question. */
  readonly reported: boolean;
  /** True when an argument that the action may quote holds a secret: what it says about an error is then withheld. */
  readonly withholds: boolean;
}

export interface CompiledFlow {
  /** Body of a function with the parameters `rt, k, c, s` that returns a `CompiledProgram`. */
  readonly source: string;
  readonly sites: readonly Site[];
  readonly calls: readonly CallSite[];
  /** Values that have no literal form in JavaScript, for the parameter `s`. */
  readonly constants: readonly unknown[];
  /** Names of the variable slots, for messages. */
  readonly slots: readonly string[];
  /** Main first. */
  readonly subflows: readonly CompiledSubflow[];
  /** For each statement list by its number, the list around it in the same subflow. */
  readonly units: ReadonlyMap<number, number | undefined>;
  /** To which list each number of a jump belongs. Empty unless compiled for jumps. */
  readonly targets: ReadonlyMap<number, number>;
  /** Error blocks, which are no sites but can be jumped to. Empty unless compiled for jumps. */
  readonly blocks: readonly Pick<Site, 'action' | 'jump' | 'owner' | 'statement' | 'unit'>[];
}

/** The variables of one call of a subflow, by number of their slot. */
export interface VariableSlots {
  peek(slot: number): unknown;
  poke(slot: number, value: unknown): void;
}

/** What generated code gives back: Main, and the variables of Main and the global subflows. */
export interface CompiledProgram extends VariableSlots {
  main(): Promise<void>;
}

/**
 * Compiles a flow without blocking diagnostics. Never fails: what cannot be compiled becomes an error when it is reached. With `jumps`
 * a debugger can make it go on at any statement of the current list or of one around it; it then runs several times slower.
 * `repositories`: the UI elements beside the flow, whose selectors may read its variables.
 */
export function compile(
  flow: FlowFile,
  jumps = false,
  secrets: Sensitivity = sensitivity(flow),
  repositories: Repositories = noRepositories,
): CompiledFlow {
  return new Compiler(flow, jumps, secrets, repositories).compile();
}

/** Variables of Main and all global subflows, or those of one local subflow. */
interface Scope {
  readonly slots: Map<string, string>;
  readonly sensitive: ReadonlySet<string>;
  /** Slots whose list or table grows by `SET x TO x + …`: they have an owner mark `o…`, see `appendTo`. */
  readonly growing: ReadonlySet<string>;
  /** Sources of the loop and handler functions. */
  readonly functions: string[];
  readonly subflow: Subflow | undefined;
}

/** One JavaScript function being written. */
interface Frame {
  readonly kind: 'subflow' | 'loop' | 'handler';
  readonly scope: Scope;
  readonly subflowName: string;
  /** See `Site.owner`. */
  readonly subflowIndex: number;
  /** The body of a loop that only computes. */
  readonly tight: boolean;
  /** Temporaries in use in the current statement, and the most ever used. */
  temps: number;
  maxTemps: number;
  readonly declared: string[];
  /** Signals that the function may return: labels outside it, `exit` for EXIT FUNCTION. */
  readonly signals: Set<Label | 'exit'>;
}

/** A statement list that GOTO may move in: a subflow, a loop body, a block body; IF and SWITCH bodies belong to the list around them. */
interface Unit {
  readonly frame: Frame;
  readonly id: number;
  readonly labels: ReadonlyMap<string, Label>;
  readonly outer: Unit | undefined;
}

interface Label {
  readonly unit: Unit;
  /** `case` number inside its unit, and the signal that asks an outer function to jump there. */
  readonly number: number;
}

/** Where a statement stands. */
interface Place {
  readonly frame: Frame;
  readonly unit: Unit;
  /** Innermost loop of the same function. */
  readonly loop: number | undefined;
  /** Innermost action whose error rules are being written; its label. */
  readonly action: number | undefined;
  /** Block whose handler is being written, when REPEAT BLOCK can jump there directly. */
  readonly block: number | undefined;
  /** Variable that holds the failure being handled. */
  readonly failure: string | undefined;
  /** Innermost block whose handlers want to go on behind the failed action. */
  readonly resumable: number | undefined;
  /** In a resumable handler the outcome is returned, not jumped to. */
  readonly returnsOutcome: boolean;
}

/** Code of an expression and what is known about its value. */
interface Code {
  readonly code: string;
  readonly type: 'number' | 'text' | 'boolean' | 'any';
  /** True when writing the code twice is free and has no effect. */
  readonly simple: boolean;
  /** How to read it where an unassigned variable must be reported; `code` itself when it cannot be one. */
  readonly checked: string;
}

// Outcomes of a resumable block handler. Label signals start behind them.
const outcome = { leave: 0, nextAction: 1, repeatBlock: 2 } as const;
const firstSignal = 10;
const exitSignal = -1;
/** What the synchronous form of a loop gives back to let the event loop have its turn, less the number of the round. */
const pausedSignal = -2;
/** How the part of a hook begins that may wait. */
const ifWatched = 'if (k[0] !== 0)';

class Compiler {
  readonly #flow: FlowFile;
  readonly #sites: Site[] = [];
  readonly #calls: CallSite[] = [];
  readonly #constants: unknown[] = [];
  readonly #slots: string[] = [];
  readonly #shared: Scope;
  readonly #locals = new Map<Subflow, Scope>();
  readonly #subflows = new Map<string, { readonly subflow: Subflow; readonly code: string }>();
  #ids = 0;
  #signals = firstSignal;
  /** Names that some GOTO of the current subflow mentions. */
  #targets: ReadonlySet<string> = new Set();
  #row = 0;
  #comments: readonly number[] = [];
  readonly #jumps: boolean;
  readonly #statementJumps = new Map<Statement, Jump>();
  readonly #units = new Map<number, number | undefined>();
  readonly #jumpUnits = new Map<number, number>();
  readonly #blocks: CompiledFlow['blocks'][number][] = [];

  readonly #repositories: Repositories;

  constructor(flow: FlowFile, jumps: boolean, secrets: Sensitivity, repositories: Repositories) {
    this.#flow = flow;
    this.#jumps = jumps;
    this.#repositories = repositories;
    const shared = flow.subflows.filter((subflow) => subflow.global).map((subflow) => subflow.body);
    const local = flow.subflows.filter((subflow) => !subflow.global).map((subflow) => subflow.body);
    const grown = new Set([...growing([flow.main, ...shared], 'any'), ...growing(local, 'global')]);
    this.#shared = scope(secrets.names(), grown);
    flow.subflows.forEach((subflow, i) => {
      const name = subflow.name.text.toLowerCase();
      if (!this.#subflows.has(name)) this.#subflows.set(name, { subflow, code: `f${i + 1}` });
      if (!subflow.global) {
        this.#locals.set(subflow, scope(secrets.names(name), growing([subflow.body], 'own'), subflow));
      }
    });
    const comments: number[] = [];
    for (let i = 0; i < flow.lines.length; i++) {
      if (flow.lines.role(i) === 'comment') comments.push(flow.tokens.start(flow.lines.tokenStart(i)));
    }
    this.#comments = comments;
  }

  compile(): CompiledFlow {
    for (const parameter of this.#flow.header.parameters) this.#slot(this.#shared, parameter.name.text);
    const functions = [this.#subflow('f0', 'Main', this.#flow.main, this.#shared, 0, 0)];
    const subflows = [{ name: 'Main', own: this.#shared }];
    for (const { subflow, code } of this.#subflows.values()) {
      const own = this.#locals.get(subflow) ?? this.#shared;
      const name = subflow.name.text;
      functions.push(this.#subflow(code, name, subflow.body, own, subflow.start, subflows.length));
      subflows.push({ name, own });
    }
    const slots = [
      ...this.#shared.slots.values(),
      ...[...this.#shared.growing].map((name) => owner(this.#slot(this.#shared, name))),
    ];
    const source = [
      '"use strict";',
      ...(slots.length > 0 ? [`let ${slots.join(', ')};`] : []),
      ...this.#shared.functions,
      ...functions,
      `return { main: f0, ${access(this.#shared)} };`,
    ].join('\n');
    return {
      source,
      sites: this.#sites,
      calls: this.#calls,
      constants: this.#constants,
      slots: this.#slots,
      subflows: subflows.map(({ name, own }) => ({
        name,
        variables: new Map([...own.slots].map(([variable, slot]) => [variable, Number(slot.slice(1))])),
        sensitive: own.sensitive,
        local: own.subflow !== undefined,
      })),
      units: this.#units,
      targets: this.#jumpUnits,
      blocks: this.#blocks,
    };
  }

  // ── Subflows, functions, lists ────────────────────────────────────────────────────────────────────────────────

  #subflow(
    code: string,
    name: string,
    body: readonly Statement[],
    own: Scope,
    start: number,
    index: number,
  ): string {
    const targets = new Set<string>();
    for (const { statement } of eachStatement(body)) {
      if (statement.kind === 'Goto') targets.add(statement.name.text.toLowerCase());
    }
    this.#targets = targets;
    this.#row = 0;
    this.#subflowStart = start;
    const frame = newFrame('subflow', { scope: own, subflowName: name, subflowIndex: index });
    const unit = this.#unit(body, frame, undefined);
    const lines = this.#body(body, unit, {
      frame,
      unit,
      loop: undefined,
      action: undefined,
      block: undefined,
      failure: undefined,
      resumable: undefined,
      returnsOutcome: false,
    });
    if (own.subflow === undefined) {
      const called = index === 0 ? [] : [`rt.into(${index});`];
      return functionText(code, '', frame, [...called, 'F: {', ...lines, '}']);
    }
    const parameters = own.subflow.inputs.map((input) => this.#slot(own, input.text));
    const results = own.subflow.outputs.map((output) => this.#slot(own, output.text));
    const marks = [...own.growing].map((grown) => owner(this.#slot(own, grown)));
    const inner = [...own.slots.values(), ...marks].filter((slot) => !parameters.includes(slot));
    return functionText(code, parameters.join(', '), frame, [
      ...(inner.length > 0 ? [`let ${inner.join(', ')};`] : []),
      `rt.into({ owner: ${index}, ${access(own)} });`,
      ...own.functions,
      ...own.subflow.inputs
        .filter((input) => own.sensitive.has(input.text.toLowerCase()))
        .map((input) => `rt.secret(${this.#slot(own, input.text)});`),
      'F: {',
      ...lines,
      '}',
      `return [${results.join(', ')}];`,
    ]);
  }
  #subflowStart = 0;

  #unit(body: readonly Statement[], frame: Frame, outer: Unit | undefined): Unit {
    const labels = new Map<string, Label>();
    const unit: Unit = { frame, id: ++this.#ids, labels, outer };
    for (const name of labelsOf(body)) {
      const key = name.toLowerCase();
      if (this.#targets.has(key) && !labels.has(key)) labels.set(key, { unit, number: this.#signals++ });
    }
    this.#units.set(unit.id, outer?.id);
    if (this.#jumps) for (const label of labels.values()) this.#jumpUnits.set(label.number, unit.id);
    if (this.#isMachine(unit)) frame.declared.push(`pc${unit.id} = 0`);
    return unit;
  }

  #isMachine(unit: Unit): boolean {
    return this.#jumps || unit.labels.size > 0;
  }

  /** The statements of a unit: plain code, or a state machine when some GOTO lands in it or a debugger may jump. */
  #body(body: readonly Statement[], unit: Unit, place: Place): string[] {
    if (!this.#isMachine(unit)) return this.#list(body, place);
    return [
      `pc${unit.id} = 0;`,
      `S${unit.id}: for (;;) {`,
      backEdge,
      `switch (pc${unit.id}) { case 0:`,
      ...this.#flatList(body, place),
      '}',
      'break;',
      '}',
    ];
  }

  #list(body: readonly Statement[], place: Place): string[] {
    return body.flatMap((statement) => this.#statement(statement, place));
  }

  /** Like `#list`, but IF and SWITCH statements that contain a jump target are taken apart, so that the target is a `case`. */
  #flatList(body: readonly Statement[], place: Place): string[] {
    if (!this.#jumps) return body.flatMap((statement) => this.#flatStatement(statement, place));
    let to = this.#jumpNumber(place.unit);
    const lines = body.flatMap((statement) => {
      const behind = this.#jumpNumber(place.unit);
      this.#statementJumps.set(statement, { to, behind });
      if (statement.kind === 'Block')
        this.#blocks.push({
          action: 'BLOCK',
          jump: { to, behind },
          owner: place.frame.subflowIndex,
          statement,
          unit: place.unit.id,
        });
      const code = [`case ${to}:`, ...this.#flatStatement(statement, place)];
      to = behind;
      return code;
    });
    return [...lines, `case ${to}:`];
  }

  #jumpNumber(unit: Unit): number {
    const number = this.#signals++;
    this.#jumpUnits.set(number, unit.id);
    return number;
  }

  #flatStatement(statement: Statement, place: Place): string[] {
    if (statement.kind === 'Label') {
      const label = place.unit.labels.get(statement.name.text.toLowerCase());
      const lines = this.#statement(statement, place);
      return label?.unit === place.unit ? [`case ${label.number}:`, ...lines] : lines;
    }
    const isTarget = (name: string) => place.unit.labels.has(name.toLowerCase());
    const flat = () => this.#jumps || labelsOf([statement]).some(isTarget);
    if (statement.kind === 'If' && flat()) return this.#if(statement, place, true);
    if (statement.kind === 'Switch' && flat()) return this.#switch(statement, place, true);
    return this.#statement(statement, place);
  }

  #site(
    statement: Statement,
    action: string,
    reported: boolean,
    place: Place,
    line = statement.line,
    row?: number,
  ): number {
    const names = place.frame.scope.sensitive;
    const shared = this.#shared.sensitive;
    const sensitive =
      names.size + shared.size > 0 &&
      effects(statement).some((effect) =>
        [...effect.reads, ...effect.writes].some((expression) =>
          variableUses(expression).some((use) => (use.global ? shared : names).has(use.name.toLowerCase())),
        ),
      );
    return (
      this.#sites.push({
        line: line + 1,
        subflow: place.frame.subflowName,
        action,
        row: (row ?? ++this.#row) + this.#commentsBefore(statement.start),
        sensitive,
        reported,
        statement,
        owner: place.frame.subflowIndex,
        jump: this.#statementJumps.get(statement),
        unit: place.unit.id,
      }) - 1
    );
  }

  /** Notes the position, counts the statement, and lets `rt.enter` measure, pause or stop it while `k[0]` says so. */
  #hook(site: number, place: Place): string[] {
    const jump = this.#jumpIfAsked(place);
    return [
      `k[1] = ${site}; c[${site}]++;`,
      `${ifWatched} { p = rt.enter(${site}); if (p !== undefined) ${jump === '' ? 'await p;' : `{ await p; ${jump} }`} }`,
    ];
  }

  /** Goes where a debugger wants to jump, if it does. */
  #jumpIfAsked(place: Place): string {
    return this.#jumps ? `if ((q = rt.jump()) !== 0) { ${this.#jumpOn(place)} }` : '';
  }

  /** Jumps to the number in `q`, which belongs to the list of this place or to one around it. */
  #jumpOn({ frame, unit }: Place): string {
    const code: string[] = [];
    for (let at: Unit | undefined = unit; at?.frame === frame; at = at.outer)
      code.push(`if (rt.unit(q) === ${at.id}) { pc${at.id} = q; continue S${at.id}; }`);
    return [...code, 'return q;'].join(' ');
  }

  /**
   * Asks a debugger about an error before anything handles it. `rt.failed` lets the error go on, or says whether to do it again (true)
   * or to go on behind it. `opens`: what it does opens a call, wait or loop; `retries`: code that tells whether the rules will retry.
   */
  #guarded(
    lines: readonly string[],
    site: number,
    place: Place,
    options: { readonly opens?: boolean; readonly otherwise?: string; readonly retries?: string } = {},
  ): string[] {
    const { opens = false, otherwise = '', retries = 'false' } = options;
    return [
      'for (;;) {',
      ...(opens ? ['const d = rt.depth();'] : []),
      'try {',
      ...lines,
      '} catch (e) {',
      `if (await rt.failed(e, ${site}, ${retries}${opens ? ', d' : ''})) continue;`,
      ...[this.#jumpIfAsked(place), otherwise].filter((code) => code !== ''),
      '}',
      'break;',
      '}',
    ];
  }

  /** Like `#guarded`, for what only computes: in a tight loop a guard would cost a quarter of the speed. */
  #guardedUnlessTight(lines: readonly string[], site: number, place: Place): readonly string[] {
    return place.frame.tight ? lines : this.#guarded(lines, site, place);
  }

  #commentsBefore(offset: number): number {
    let count = 0;
    // Comments are in text order; a subflow's own ones lie between its start and the statement.
    for (let i = lowerBound(this.#comments, this.#subflowStart); (this.#comments[i] ?? offset) < offset; i++)
      count++;
    return count;
  }

  // ── Statements ────────────────────────────────────────────────────────────────────────────────────────────────

  #statement(statement: Statement, place: Place): string[] {
    place.frame.temps = 0;
    const lines = this.#plainStatement(statement, place);
    const block = place.resumable;
    if (block === undefined || lines.length === 0 || !canFail.has(statement.kind)) return lines;
    // The block's handlers may want to go on behind the failed action: so they are asked here.
    return [
      '{',
      'const d = rt.depth();',
      'try {',
      ...lines,
      '} catch (e) {',
      `q = await rt.handle(h${block}, ${block}, e, d, false);`,
      `if (q !== ${outcome.nextAction}) throw rt.leave(${block}, q);`,
      '}',
      '}',
    ];
  }

  #plainStatement(statement: Statement, place: Place): string[] {
    switch (statement.kind) {
      case 'Set':
        return this.#set(statement, place);
      case 'If':
        return this.#if(statement, place, false);
      case 'Switch':
        return this.#switch(statement, place, false);
      case 'ForEach':
      case 'LoopFromTo':
      case 'While':
        return this.#loop(statement, place);
      case 'ExitLoop':
      case 'NextLoop': {
        const lines = this.#hook(
          this.#site(statement, statement.kind === 'ExitLoop' ? 'EXIT LOOP' : 'NEXT LOOP', false, place),
          place,
        );
        if (place.loop === undefined) return [...lines, 'rt.misplaced("EXIT LOOP");'];
        return [...lines, `${statement.kind === 'ExitLoop' ? 'break' : 'continue'} L${place.loop};`];
      }
      case 'Label':
        return this.#hook(this.#site(statement, 'LABEL', false, place), place);
      case 'Goto':
        return [
          ...this.#hook(this.#site(statement, 'GOTO', false, place), place),
          this.#goto(statement, place),
        ];
      case 'CallSubflow':
        return this.#call(statement, place);
      case 'Wait':
        return this.#wait(statement, place);
      case 'ExitFlow': {
        const site = this.#site(statement, 'EXIT', false, place);
        const code = statement.code === undefined ? '0' : this.#value(statement.code, place);
        // Nobody but a reader gets the message, so it is masked where it is made.
        const message = statement.message === undefined ? 'undefined' : this.#shown(statement.message, place);
        const told = statement.code !== undefined && this.#isSensitive(statement.code, place);
        return [
          ...this.#hook(site, place),
          ...this.#guarded([`throw rt.exit(${code}, ${message}${told ? ', true' : ''});`], site, place),
        ];
      }
      case 'ExitSubflow':
        return [
          ...this.#hook(this.#site(statement, 'EXIT FUNCTION', false, place), place),
          this.#exitSubflow(place.frame),
        ];
      case 'GetLastError': {
        const site = this.#site(statement, 'ERROR', false, place);
        const reset = statement.reset === undefined ? 'false' : this.#truth(statement.reset, place);
        return [
          ...this.#hook(site, place),
          ...this.#guarded(this.#assign(statement.variable, `rt.lastError(${reset})`, place), site, place),
        ];
      }
      case 'ThrowError': {
        const site = this.#site(statement, 'THROW ERROR', false, place);
        return [
          ...this.#hook(site, place),
          ...this.#guarded([`throw ${place.failure ?? 'rt.noError()'};`], site, place),
        ];
      }
      case 'Action':
        return this.#actionStatement(statement.action, statement.onError, statement, place);
      case 'Block':
        return this.#block(statement, place);
      case 'RepeatAction':
        return [
          place.action === undefined
            ? 'rt.misplaced("REPEAT ACTION");'
            : `${backEdge} continue A${place.action};`,
        ];
      case 'RepeatBlock':
        return place.returnsOutcome
          ? [`return ${outcome.repeatBlock};`]
          : [
              place.block === undefined
                ? 'rt.misplaced("REPEAT BLOCK");'
                : `${backEdge} continue B${place.block};`,
            ];
      case 'NextAction':
        // Behind a single action this is what happens anyway.
        return place.returnsOutcome ? [`return ${outcome.nextAction};`] : [];
      case 'Disabled':
        this.#row++;
        return [];
      case 'Region':
      case 'EndRegion':
        this.#row++;
        return [];
      case 'Error': {
        const site = this.#site(statement, 'unreadable line', false, place);
        return [...this.#hook(site, place), ...this.#guarded(['rt.unreadable();'], site, place)];
      }
    }
  }

  #set(statement: SetStatement, place: Place): string[] {
    const site = this.#site(statement, 'SET', false, place);
    return [
      ...this.#hook(site, place),
      ...this.#guardedUnlessTight(
        this.#appendTo(statement, place) ??
          this.#assign(statement.target, this.#copied(statement.value, place), place),
        site,
        place,
      ),
    ];
  }

  /**
   * `SET x TO x + …` on a list or table that nothing else refers to grows in place: building a list item by item must not cost
   * a copy of the whole list each time. `o…` remembers the list this statement made; when `x` still holds it, it is ours.
   */
  #appendTo(statement: SetStatement, place: Place): string[] | undefined {
    const grown = grownVariable(statement);
    if (grown === undefined) return undefined;
    const own = grown.global ? this.#shared : place.frame.scope;
    const slot = this.#slot(own, grown.name);
    const mark = owner(slot);
    const added = (statement.value as BinaryExpression).right;
    const right = this.#keep(this.#expression(added, place), place);
    // What a literal makes, nothing else refers to.
    const isFresh = added.kind === 'List' || added.kind === 'Table';
    const slow = `${slot} !== undefined && ${slot} === ${mark} ? rt.append(${slot}, ${right.again.checked}, ${isFresh}) : (${mark} = rt.add(${this.#checked(slot)}, ${right.again.checked}))`;
    const sum = this.#temp(place.frame);
    const fast =
      right.again.type === 'any' && !isFresh
        ? `Number.isSafeInteger(${slot}) && Number.isSafeInteger(${right.again.code}) && Number.isSafeInteger(${sum} = ${slot} + ${right.again.code}) ? ${sum} : `
        : '';
    const text =
      right.again.type === 'text' ? `typeof ${slot} === "string" ? ${slot} + ${right.again.code} : ` : '';
    return [
      ...(right.first.length > 0 ? [this.#checked(slot), ...right.first] : []).map((code) => `${code};`),
      `${slot} = ${fast}${text}${slow};`,
      ...(own.sensitive.has(grown.name.toLowerCase()) ? [`rt.secret(${slot});`] : []),
    ];
  }

  #if(statement: IfStatement, place: Place, flat: boolean): string[] {
    // A block that is left by its label, not an `else` inside the last: thousands of branches would nest too deep for V8.
    const id = ++this.#ids;
    const lines: string[] = flat ? [] : [`I${id}: {`];
    const end = this.#signals++;
    statement.branches.forEach((branch, i) => {
      // An ELSE IF counts and fails on its own line.
      const action = branch.condition.kind === 'Action' ? branch.condition.action.id : undefined;
      const keyword = i === 0 ? 'IF' : 'ELSE IF';
      const site = this.#site(statement, action ?? keyword, action !== undefined, place, branch.line);
      place.frame.temps = 0;
      const condition = this.#condition(branch.condition, site, place, true);
      const body = flat ? this.#flatList(branch.body, place) : this.#list(branch.body, place);
      if (condition.endsFlow !== undefined) body.push(`if (${condition.endsFlow}) throw rt.ended();`);
      lines.push(...this.#hook(site, place), ...condition.before);
      if (flat) {
        const next = this.#signals++;
        lines.push(
          `if (!(${condition.code})) { ${this.#jump(place.unit, next)} }`,
          ...body,
          this.#jump(place.unit, end),
          `case ${next}:`,
        );
      } else {
        lines.push(`if (${condition.code}) {`, ...body, `break I${id};`, '}');
      }
    });
    if (statement.elseBody !== undefined) {
      this.#row++;
      lines.push(
        ...(flat ? this.#flatList(statement.elseBody, place) : this.#list(statement.elseBody, place)),
      );
    }
    this.#row++;
    lines.push(flat ? `case ${end}:` : '}');
    return lines;
  }

  #switch(statement: SwitchStatement, place: Place, flat: boolean): string[] {
    const site = this.#site(statement, 'SWITCH', false, place);
    const end = this.#signals++;
    const value = `w${++this.#ids}`;
    place.frame.declared.push(value);
    const id = ++this.#ids;
    const leave = flat ? this.#jump(place.unit, end) : `break I${id};`;
    const lines = [
      ...(flat ? [] : [`I${id}: {`]),
      ...this.#hook(site, place),
      ...(place.frame.tight
        ? [`${value} = ${this.#value(statement.value, place)};`]
        : this.#guarded([`${value} = ${this.#value(statement.value, place)};`], site, place, {
            otherwise: leave,
          })),
    ];
    for (const item of statement.cases) {
      const caseSite = this.#site(statement, 'CASE', false, place, item.line);
      place.frame.temps = 0;
      const right = this.#value(item.value, place);
      const test =
        item.operator === '='
          ? `rt.equal(${value}, ${right})`
          : item.operator === '<>'
            ? `!rt.equal(${value}, ${right})`
            : `rt.compare(${value}, ${right}, ${JSON.stringify(item.operator)}) ${item.operator} 0`;
      const tested = this.#tested(test, caseSite, place);
      lines.push(...this.#hook(caseSite, place), ...tested.before);
      if (flat) {
        const next = this.#signals++;
        lines.push(
          `if (!(${tested.code})) { ${this.#jump(place.unit, next)} }`,
          ...this.#flatList(item.body, place),
          this.#jump(place.unit, end),
          `case ${next}:`,
        );
      } else {
        lines.push(`if (${tested.code}) {`, ...this.#list(item.body, place), `break I${id};`, '}');
      }
    }
    if (statement.defaultBody !== undefined) {
      this.#row++;
      lines.push(
        ...(flat ? this.#flatList(statement.defaultBody, place) : this.#list(statement.defaultBody, place)),
      );
    }
    this.#row++;
    lines.push(flat ? `case ${end}:` : '}');
    return lines;
  }

  /** A condition as code that gives a Boolean; an action's call and its error rules come before. */
  #condition(
    condition: Condition,
    site: number,
    place: Place,
    reported: boolean,
  ): { before: string[]; code: string; endsFlow?: string } {
    if (condition.kind === 'Expression')
      return this.#tested(this.#truth(condition.expression, place), site, place);
    const result = `w${++this.#ids}`;
    place.frame.declared.push(result);
    // The one condition after whose block the flow may end.
    const endsFlow = canonicalId(condition.action.id) === 'FlowControl.IfSafeStop' ? `${result}e` : undefined;
    if (endsFlow !== undefined) place.frame.declared.push(endsFlow);
    // A failure that the rules wave through counts as "no".
    return {
      before: [
        `${result} = false;`,
        ...this.#withRules(
          [
            ...this.#invoke(condition.action, site, place, reported),
            `${result} = r.condition === true;`,
            ...(endsFlow === undefined ? [] : [`${endsFlow} = r.endsFlow === true;`]),
          ],
          condition.onError,
          site,
          place,
        ),
      ],
      code: result,
      ...(endsFlow !== undefined && { endsFlow }),
    };
  }

  /** A test that a debugger may repeat; one that it skips counts as "no". */
  #tested(code: string, site: number, place: Place): { before: string[]; code: string } {
    if (place.frame.tight) return { before: [], code };
    return {
      before: this.#guarded([`x = ${code};`], site, place, { otherwise: 'x = false;' }),
      code: 'x',
    };
  }

  #loop(statement: LoopForEach | LoopFromTo | LoopWhile, place: Place): string[] {
    const keyword =
      statement.kind === 'ForEach' ? 'LOOP FOREACH' : statement.kind === 'While' ? 'LOOP WHILE' : 'LOOP';
    const site = this.#site(statement, keyword, true, place);
    const id = ++this.#ids;
    const frame = newFrame('loop', place.frame, !this.#jumps && isTight(statement.body));
    const unit = this.#unit(statement.body, frame, place.unit);
    const inner: Place = {
      ...place,
      frame,
      unit,
      loop: id,
      action: undefined,
      block: undefined,
      failure: undefined,
      returnsOutcome: false,
    };
    // The head stands outside the list that the body is.
    const head = this.#loopHead(statement, site, { ...inner, unit: place.unit });
    const body = this.#body(statement.body, unit, inner);
    this.#row++;
    const round = [...head.round, ...body, '}', 'return 0;'];
    const quick: string[] = [];
    const { functions } = place.frame.scope;
    if (frame.tight && place.resumable === undefined && !this.#isMachine(unit) && isUnbroken(statement)) {
      // Nothing can change `k[0]` while this computes, so it is asked once and not at each statement.
      const unwatched = [`L${id}: ${head.loop} {`, `${edge} return ${pausedSignal} - j;`, ...round];
      functions.push(
        functionText(
          `u${id}`,
          'j, a, n, d, w',
          frame,
          unwatched.filter((line) => !line.startsWith(ifWatched)),
          false,
        ),
      );
      quick.push(
        `if (k[0] === 0) { q = u${id}(j, a, n, d, w); if (q > ${pausedSignal}) return q; j = ${pausedSignal} - q; }`,
      );
    }
    functions.push(
      functionText(`l${id}`, '', frame, [
        'let j = 0, a, n, d, w;',
        ...head.before,
        `L${id}: ${head.loop} {`,
        ...quick,
        backEdge,
        ...round,
      ]),
    );
    return [
      ...this.#hook(site, place),
      ...this.#guarded([`rt.begin(${site});`, `q = await l${id}();`, `rt.close(${site});`], site, place, {
        opens: true,
        otherwise: 'q = 0;',
      }),
      ...this.#dispatch(frame, place),
    ];
  }

  /**
   * What a loop does first, how it goes round, and what each round begins with. `j` counts rounds of which `n` are due, over the items
   * `a`, or from the number `a` in steps of `d`, which are safe integers all the way if `w`.
   */
  #loopHead(
    statement: LoopForEach | LoopFromTo | LoopWhile,
    site: number,
    place: Place,
  ): { readonly before: readonly string[]; readonly loop: string; readonly round: readonly string[] } {
    if (statement.kind === 'While') {
      const condition = this.#condition(statement.condition, site, place, false);
      return {
        before: [],
        loop: 'for (;;)',
        round: [`k[1] = ${site};`, ...condition.before, `if (!(${condition.code})) break;`],
      };
    }
    const loop = 'for (; j < n; j++)';
    if (statement.kind === 'ForEach') {
      return {
        before: [`a = rt.items(${this.#reference(statement.source, place)}); n = a.length;`],
        loop,
        round: this.#assignName(statement.variable, false, 'a[j]', place),
      };
    }
    const { step, variable } = statement;
    const next =
      step === undefined ? 'w ? a + j : rt.counted(a, j, d)' : 'w ? a + j * d : rt.counted(a, j, d)';
    return {
      before: [
        `a = ${this.#numeric(statement.from, place)}; const z = ${this.#numeric(statement.to, place)};`,
        `d = ${step === undefined ? '1' : this.#numeric(step, place)}; n = rt.rounds(a, z, d);`,
        ...(variable === undefined
          ? []
          : ['w = Number.isSafeInteger(a) && Number.isSafeInteger(d) && Number.isSafeInteger(a + n * d);']),
      ],
      loop,
      round: variable === undefined ? [] : this.#assignName(variable, false, next, place),
    };
  }

  /** After a call of a loop or handler function: carry out the jumps it asked for. `q` holds its answer. */
  #dispatch(called: Frame, place: Place): string[] {
    if (this.#jumps) {
      return [
        `if (q === ${exitSignal}) { ${this.#exitSubflow(place.frame)} }`,
        `if (q >= ${firstSignal}) { ${this.#jumpOn(place)} }`,
      ];
    }
    return [...called.signals].map((signal) =>
      signal === 'exit'
        ? `if (q === ${exitSignal}) ${this.#exitSubflow(place.frame)}`
        : `if (q === ${signal.number}) { ${this.#jumpTo(signal, place.frame)} }`,
    );
  }

  #exitSubflow(frame: Frame): string {
    if (frame.kind === 'subflow') return 'break F;';
    frame.signals.add('exit');
    return `return ${exitSignal};`;
  }

  #goto(statement: GotoStatement, place: Place): string {
    const key = statement.name.text.toLowerCase();
    for (let unit: Unit | undefined = place.unit; unit !== undefined; unit = unit.outer) {
      const label = unit.labels.get(key);
      if (label !== undefined) return this.#jumpTo(label, place.frame);
    }
    return `rt.noLabel(${JSON.stringify(statement.name.text)});`;
  }

  #jumpTo(label: Label, frame: Frame): string {
    if (label.unit.frame === frame) return this.#jump(label.unit, label.number);
    frame.signals.add(label);
    return `return ${label.number};`;
  }

  #jump(unit: Unit, number: number): string {
    return `pc${unit.id} = ${number}; continue S${unit.id};`;
  }

  #call(statement: CallStatement, place: Place): string[] {
    const site = this.#site(statement, `CALL ${statement.name.text}`, true, place);
    const target = this.#subflows.get(statement.name.text.toLowerCase());
    if (target === undefined) {
      return [
        ...this.#hook(site, place),
        ...this.#withRules(
          [`rt.noSubflow(${JSON.stringify(statement.name.text)});`],
          statement.onError,
          site,
          place,
        ),
      ];
    }
    const { subflow, code } = target;
    const given = (name: Name) =>
      statement.args.find((argument) => argument.name.text.toLowerCase() === name.text.toLowerCase());
    const args = subflow.inputs.map((input) => {
      const argument = given(input);
      return argument === undefined ? 'null' : this.#copied(argument.value, place);
    });
    const outputs = statement.outputs.flatMap((output) => {
      const index = subflow.outputs.findIndex(
        (name) => name.text.toLowerCase() === output.name.text.toLowerCase(),
      );
      return index < 0
        ? []
        : [`if (r[${index}] !== undefined) {`, ...this.#assign(output.target, `r[${index}]`, place), '}'];
    });
    const lines = [
      `rt.begin(${site});`,
      `r = await ${code}(${args.join(', ')});`,
      `rt.close(${site});`,
      ...(outputs.length > 0 ? [`k[1] = ${site};`] : []),
      ...outputs,
    ];
    return [...this.#hook(site, place), ...this.#withRules(lines, statement.onError, site, place, true)];
  }

  #wait(statement: WaitStatement, place: Place): string[] {
    const { condition, timeout } = statement;
    if (condition.kind === 'Expression') {
      const site = this.#site(statement, 'WAIT', true, place);
      return [
        ...this.#hook(site, place),
        ...this.#guarded(
          [
            `rt.begin(${site});`,
            `await rt.sleep(${this.#number(condition.expression, place)});`,
            `rt.close(${site});`,
          ],
          site,
          place,
          { opens: true },
        ),
      ];
    }
    const site = this.#site(statement, condition.action.id, true, place);
    const deadline = `w${++this.#ids}`;
    place.frame.declared.push(deadline);
    const lines = [
      `rt.begin(${site});`,
      `${deadline} = rt.deadline(${timeout === undefined ? 'Infinity' : this.#number(timeout, place)});`,
      'for (;;) {',
      ...this.#invoke(condition.action, site, place, false),
      'if (r.condition === true) break;',
      `await rt.poll(${deadline});`,
      '}',
      `rt.close(${site});`,
    ];
    return [...this.#hook(site, place), ...this.#withRules(lines, condition.onError, site, place, true)];
  }

  // ── Actions and errors ────────────────────────────────────────────────────────────────────────────────────────

  #actionStatement(
    call: ActionCall,
    rules: ErrorRules | undefined,
    statement: Statement,
    place: Place,
  ): string[] {
    const site = this.#site(statement, call.id, true, place);
    return [
      ...this.#hook(site, place),
      ...this.#withRules(this.#invoke(call, site, place, true), rules, site, place),
    ];
  }

  /** Calls the action and stores its outputs; leaves its result in `r`. */
  #invoke(call: ActionCall, site: number, place: Place, reported: boolean): string[] {
    const definition = findAction(call.id)?.definition;
    const changed = new Map(
      (definition?.arguments ?? [])
        .filter((argument) => argument.inOut)
        .map((argument) => [argument.name.toLowerCase(), argument] as const),
    );
    const spelled = (name: string): string =>
      definition?.outputs.find((output) => output.name.toLowerCase() === name.toLowerCase())?.name ?? name;
    const values: string[] = [];
    const masks: string[] = [];
    let withholds = false;
    const after: string[] = [];
    for (const argument of call.args) {
      const isSecret = this.#isSensitive(argument.value, place);
      masks.push(isSecret ? this.#shown(argument.value, place) : '');
      withholds ||= isSecret && !isForSecrets(definition, argument);
      const inOut = argument.dynamic ? undefined : changed.get(argument.name.text.toLowerCase());
      if (inOut === undefined || rootVariable(argument.value) === undefined) {
        values.push(this.#outgoing(argument.value, place));
        continue;
      }
      values.push(this.#createdReference(argument, inOut.type, place));
      after.push(
        `x = rt.output(r, ${JSON.stringify(inOut.name)});`,
        'if (x !== undefined) {',
        ...this.#assign(argument.value, 'x', place),
        '}',
        ...(isSecret ? [`rt.secret(${this.#value(argument.value, place)});`] : []),
      );
    }
    for (const output of call.outputs) {
      after.push(
        `x = rt.output(r, ${JSON.stringify(output.dynamic ? output.name.text : spelled(output.name.text))});`,
        'if (x !== undefined) {',
        ...this.#assign(output.target, 'x', place),
        '}',
      );
    }
    const number =
      this.#calls.push({
        site,
        id: call.id,
        names: call.args.map((argument) => argument.name.text),
        dynamic: call.args.map((argument) => argument.dynamic),
        reported,
        withholds,
      }) - 1;
    const shown = masks.some((mask) => mask !== '') ? `, [${masks.join(', ')}]` : '';
    return [
      `r = rt.call(${number}, [${values.join(', ')}]${shown});`,
      'if (r instanceof Promise) r = await r;',
      `rt.done(${number});`,
      ...after,
    ];
  }

  /** A variable that an action changes; one that does not exist yet starts empty. */
  #createdReference(argument: Argument, type: string, place: Place): string {
    const root = rootVariable(argument.value);
    const isWhole =
      argument.value.kind === 'Name' || (argument.value.kind === 'Member' && root?.global === true);
    if (root === undefined || !isWhole) return this.#reference(argument.value, place);
    const slot = this.#slot(root.global ? this.#shared : place.frame.scope, root.name);
    return `(${slot} === undefined ? (${slot} = rt.emptyOf(${JSON.stringify(type)})) : ${slot})`;
  }

  /** Wraps the code of one action in its ON ERROR rules: retry first, then the clause with the error's name, then the general one. */
  #withRules(
    lines: string[],
    rules: ErrorRules | undefined,
    site: number,
    place: Place,
    opens = false,
  ): string[] {
    if (rules === undefined) return this.#guarded(lines, site, place, { opens });
    const id = ++this.#ids;
    const failure = `e${id}`;
    const handlerPlace: Place = {
      ...place,
      action: id,
      failure,
      resumable: undefined,
      returnsOutcome: false,
    };
    place.frame.declared.push(`n${id}`);
    const retry = rules.retry;
    const again =
      retry === undefined
        ? []
        : [
            `if (n${id}++ < ${this.#number(retry.times, place)}) {`,
            `rt.handled(${failure});`,
            `await rt.retryPause(n${id}, ${retry.wait === undefined ? 'undefined' : this.#number(retry.wait, place)}, [${retry.options
              .map((option) => `[${JSON.stringify(option.name.text)}, ${this.#value(option.value, place)}]`)
              .join(', ')}]);`,
            `continue A${id};`,
            '}',
          ];
    const named = rules.clauses.filter((clause) => clause.errorName !== undefined);
    const general = rules.clauses.find((clause) => clause.errorName === undefined);
    const clauses = [...named, ...(general === undefined ? [] : [general])].flatMap((clause) => [
      clause.errorName === undefined
        ? '{'
        : `if (rt.isNamed(${failure}, ${JSON.stringify(clause.errorName.text)})) {`,
      ...this.#handler(clause.body, failure, handlerPlace),
      `break A${id};`,
      '}',
    ]);
    return [
      `n${id} = 0;`,
      `A${id}: for (;;) {`,
      `const d = rt.depth();`,
      'try {',
      ...this.#guarded(lines, site, place, {
        opens,
        ...(retry !== undefined && {
          retries: `rt.holds(() => n${id} < ${this.#number(retry.times, place)})`,
        }),
      }),
      `break A${id};`,
      '} catch (e) {',
      `const ${failure} = rt.caught(e, d);`,
      `if (${failure}.isLogic) throw ${failure};`,
      ...again,
      ...clauses,
      `throw ${failure};`,
      '}',
      '}',
    ];
  }

  #handler(body: readonly Statement[], failure: string, place: Place): string[] {
    const passesOn = body.some((statement) => statement.kind === 'ThrowError');
    // Rows inside error rules are not rows of the subflow.
    const row = this.#row;
    const lines = [...(passesOn ? [] : [`rt.handled(${failure});`]), ...this.#list(body, place)];
    this.#row = row;
    return lines;
  }

  #block(statement: BlockStatement, place: Place): string[] {
    this.#row++;
    const id = ++this.#ids;
    const resumable = statement.handlers.some((handler) =>
      handler.body.some((inner) => inner.kind === 'NextAction'),
    );
    const unit = this.#unit(statement.body, place.frame, place.unit);
    const bodyPlace: Place = {
      ...place,
      unit,
      action: undefined,
      block: undefined,
      failure: undefined,
      returnsOutcome: false,
      resumable: resumable ? id : undefined,
    };
    const handling = resumable
      ? this.#handlerFunction(statement, id, place)
      : this.#inlineHandlers(statement, id, place);
    const body = this.#body(statement.body, unit, bodyPlace);
    this.#row++;
    return [
      `B${id}: for (;;) {`,
      'const d = rt.depth();',
      'try {',
      ...body,
      '} catch (e) {',
      ...handling,
      '}',
      'break;',
      '}',
    ];
  }

  #inlineHandlers(statement: BlockStatement, id: number, place: Place): string[] {
    const failure = `e${id}`;
    const inner: Place = {
      ...place,
      block: id,
      action: undefined,
      failure,
      resumable: undefined,
      returnsOutcome: false,
    };
    return [
      'p = rt.asked(e); if (p !== undefined) await p;',
      `const ${failure} = rt.caught(e, d);`,
      ...byPrecedence(statement.handlers).flatMap((handler) => [
        `if (${matches(handler, failure)}) {`,
        ...this.#handler(handler.body, failure, inner),
        '} else',
      ]),
      `throw ${failure};`,
    ];
  }

  #handlerFunction(statement: BlockStatement, id: number, place: Place): string[] {
    const frame = newFrame('handler', place.frame);
    const inner: Place = {
      ...place,
      frame,
      loop: undefined,
      action: undefined,
      block: undefined,
      failure: 'f',
      resumable: undefined,
      returnsOutcome: true,
    };
    const lines = [
      ...byPrecedence(statement.handlers).flatMap((handler) => [
        `if (${matches(handler, 'f')}) {`,
        ...this.#handler(handler.body, 'f', inner),
        `return ${outcome.leave};`,
        '}',
      ]),
      'throw f;',
    ];
    place.frame.scope.functions.push(functionText(`h${id}`, 'f', frame, lines));
    return [
      `q = rt.leaving(e, ${id});`,
      `if (q === undefined) q = await rt.handle(h${id}, ${id}, e, d, true);`,
      'else rt.unwind(d);',
      `if (q === ${outcome.repeatBlock}) { ${backEdge} continue B${id}; }`,
      ...this.#dispatch(frame, place),
    ];
  }

  // ── Assignments ───────────────────────────────────────────────────────────────────────────────────────────────

  /** Code that stores a value (evaluated once) in a variable, a property or an item. */
  #assign(target: Expression, value: string, place: Place): string[] {
    if (target.kind === 'Name') return this.#assignName({ text: target.name }, false, value, place);
    if (target.kind === 'Member' && isGlobal(target.target))
      return this.#assignName(target.name, true, value, place);
    if (target.kind !== 'Member' && target.kind !== 'Index') return ['rt.unreadable();'];
    const temp = this.#temp(place.frame);
    const container = this.#value(target.target, place);
    return [
      `${temp} = ${value};`,
      target.kind === 'Member'
        ? `rt.setProperty(${container}, ${JSON.stringify(target.name.text)}, ${temp});`
        : `rt.setItem(${container}, ${this.#value(target.index, place)}, ${temp});`,
      ...(this.#isSensitive(target, place) ? [`rt.secret(${temp});`] : []),
    ];
  }

  #assignName(name: { readonly text: string }, global: boolean, value: string, place: Place): string[] {
    const own = global ? this.#shared : place.frame.scope;
    const slot = this.#slot(own, name.text);
    return [
      `${slot} = ${value};`,
      ...(own.sensitive.has(name.text.toLowerCase()) ? [`rt.secret(${slot});`] : []),
    ];
  }

  #slot(own: Scope, name: string): string {
    const key = name.toLowerCase();
    let slot = own.slots.get(key);
    if (slot === undefined) {
      slot = `v${this.#slots.push(name) - 1}`;
      own.slots.set(key, slot);
    }
    return slot;
  }

  #isSensitive(expression: Expression, place: Place): boolean {
    return variableUses(expression).some((use) =>
      (use.global ? this.#shared : place.frame.scope).sensitive.has(use.name.toLowerCase()),
    );
  }

  // ── Expressions ───────────────────────────────────────────────────────────────────────────────────────────────

  /** The value of an expression; an unassigned variable is reported. */
  #value(expression: Expression, place: Place): string {
    return this.#expression(expression, place).checked;
  }

  /** Like `#value`, handing out a reference to what a variable holds: a growing list is then no longer exclusively its own. */
  #reference(expression: Expression, place: Place): string {
    const value = this.#value(expression, place);
    const root = rootVariable(expression);
    if (root === undefined) return value;
    const own = root.global ? this.#shared : place.frame.scope;
    return own.growing.has(root.name.toLowerCase())
      ? `(${owner(this.#slot(own, root.name))} = undefined, ${value})`
      : value;
  }

  /** A value that leaves the flow: what it was computed from sensitive variables is secret as well. */
  #outgoing(expression: Expression, place: Place): string {
    if (!this.#isSensitive(expression, place)) return this.#reference(expression, place);
    if (expression.kind === 'Interpolated' && singlePart(expression) === undefined) {
      return this.#interpolated(expression, place, true);
    }
    const value = this.#reference(expression, place);
    return expression.kind === 'Name' ? value : `rt.secret(${value})`;
  }

  /** What a reader sees of a value: its sensitive parts are masked, whatever they are. */
  #shown(expression: Expression, place: Place): string {
    if (!this.#isSensitive(expression, place)) return this.#value(expression, place);
    if (expression.kind !== 'Interpolated') return JSON.stringify(MASK);
    const parts = expression.parts.map((part) => {
      if (part.kind === 'TextPart') return JSON.stringify(part.value);
      if (this.#isSensitive(part.expression, place)) return JSON.stringify(MASK);
      return this.#text(this.#expression(part.expression, place));
    });
    return `(${parts.join(' + ')})`;
  }

  /** A value that shares nothing with a variable: SET and CALL copy lists, tables and objects. */
  #copied(expression: Expression, place: Place): string {
    const inner = unwrapped(expression);
    const code = this.#expression(expression, place);
    if (!holders.has(inner.kind) || code.type !== 'any') return code.checked;
    const kept = this.#keep(code, place);
    return `(${[...kept.first, `typeof ${kept.again.code} === "object" ? rt.copy(${kept.again.code}) : ${kept.again.checked}`].join(', ')})`;
  }

  #number(expression: Expression, place: Place): string {
    const code = this.#expression(expression, place);
    return code.type === 'number' ? code.checked : `rt.number(${code.checked})`;
  }

  #numeric(expression: Expression, place: Place): string {
    const code = this.#expression(expression, place);
    return code.type === 'number' ? code.checked : `rt.numeric(${code.checked})`;
  }

  #truth(expression: Expression, place: Place): string {
    const code = this.#expression(expression, place);
    return code.type === 'boolean' ? code.checked : `rt.truth(${code.checked})`;
  }

  #text(code: Code): string {
    if (code.type === 'text') return code.checked;
    if (code.simple) return `(typeof ${code.code} === "string" ? ${code.code} : rt.text(${code.checked}))`;
    return `rt.text(${code.checked})`;
  }

  #checked(slot: string): string {
    return `(${slot} === undefined ? rt.unset(${slot.slice(1)}) : ${slot})`;
  }

  #expression(expression: Expression, place: Place): Code {
    switch (expression.kind) {
      case 'Number':
        return expression.written === undefined
          ? literal(`${expression.value}`, 'number')
          : computed(`rt.longNumber(${JSON.stringify(expression.written)})`, 'any');
      case 'Boolean':
        return literal(expression.value ? 'true' : 'false', 'boolean');
      case 'Text':
        return literal(JSON.stringify(expression.value), 'text');
      case 'Interpolated': {
        const only = singlePart(expression);
        return only === undefined
          ? computed(this.#interpolated(expression, place, false), 'text')
          : this.#expression(only, place);
      }
      case 'PowerFx':
        return this.#powerFx(expression.value, place);
      case 'Encrypted':
        return computed('rt.unsupported("encrypted text")', 'any');
      case 'Opaque':
        return computed('rt.unsupported("unreadable argument")', 'any');
      case 'Missing':
        return computed('rt.unreadable()', 'any');
      case 'Datetime': {
        const value = parseDatetime(expression.value);
        return value === undefined
          ? computed(`rt.datetime(${JSON.stringify(expression.value)})`, 'any')
          : computed(this.#constant(value), 'any');
      }
      case 'Name':
        return this.#variable(this.#slot(place.frame.scope, expression.name));
      case 'Member':
        return this.#member(expression, place);
      case 'Index': {
        const repository = repositoryPath(expression);
        if (repository !== undefined) {
          const path = repository.path.map((name) => this.#value(name, place)).join(', ');
          const texts = repository.name === 'appmask' ? this.#selectorTexts(repository.path, place) : '';
          return computed(`rt.repository(${JSON.stringify(repository.name)}, [${path}]${texts})`, 'any');
        }
        return computed(
          `rt.item(${this.#value(expression.target, place)}, ${this.#value(expression.index, place)})`,
          'any',
        );
      }
      case 'Slice': {
        const bound = (side: Expression | undefined) =>
          side === undefined ? 'null' : this.#value(side, place);
        return computed(
          `rt.slice(${this.#value(expression.target, place)}, ${bound(expression.from)}, ${bound(expression.to)})`,
          'any',
        );
      }
      case 'Call':
        return this.#functionCall(expression, place);
      case 'Unary':
        return this.#unary(expression.operator, expression.operand, place);
      case 'Binary':
        return this.#binary(expression, place);
      case 'Parenthesized': {
        return this.#expression(expression.inner, place);
      }
      case 'List':
        return computed(this.#items(expression.items, place), 'any');
      case 'Table': {
        const rows = [
          ...expression.rows.map((row) => this.#items(row, place)),
          ...expression.rowValues.map((row) => `rt.rowOf(${this.#value(row, place)})`),
        ];
        const header = expression.header === undefined ? 'undefined' : this.#items(expression.header, place);
        return computed(`rt.table(${header}, [${rows.join(', ')}])`, 'any');
      }
      case 'Object':
        return computed(
          `rt.object([${expression.entries
            .map((entry) => `[${this.#value(entry.key, place)}, ${this.#copied(entry.value, place)}]`)
            .join(', ')}])`,
          'any',
        );
    }
  }

  /** Power Fx is evaluated as it stands; it is handed the values of the names in it. */
  #powerFx(content: string, place: Place): Code {
    if (!hasPowerFx(content)) return literal(JSON.stringify(content), 'text');
    const expression = readPowerFx(content);
    if (expression === undefined) return computed('rt.unsupported("Power Fx expression")', 'any');
    const slot = (name: string) => this.#slot(place.frame.scope, name);
    if (expression.kind === 'name') return this.#variable(slot(expression.name));
    const names = namesIn(expression);
    const formula = this.#constant({ expression, names });
    return computed(`rt.powerFx(${formula}, [${names.map(slot).join(', ')}])`, 'any');
  }

  #items(expressions: readonly Expression[], place: Place): string {
    return `[${expressions.map((expression) => this.#copied(expression, place)).join(', ')}]`;
  }

  #variable(slot: string): Code {
    return { code: slot, type: 'any', simple: true, checked: this.#checked(slot) };
  }

  #constant(value: unknown): string {
    return `s[${this.#constants.push(value) - 1}]`;
  }

  #interpolated(expression: InterpolatedText, place: Place, secret: boolean): string {
    const parts = expression.parts.map((part) => {
      if (part.kind === 'TextPart') return JSON.stringify(part.value);
      const text = this.#text(this.#expression(part.expression, place));
      return secret && this.#isSensitive(part.expression, place) ? `rt.secret(${text})` : text;
    });
    return parts.length === 0 ? '""' : `(${parts.join(' + ')})`;
  }

  /** Code for the argument with the selectors' texts that read variables; nothing when there are none. */
  #selectorTexts(path: readonly Expression[], place: Place): string {
    const names = path.flatMap((name) => (name.kind === 'Text' ? [name.value] : []));
    const element = names.length === path.length ? this.#repositories.element(names) : undefined;
    const texts = (element === undefined ? [] : textsWithVariables(element)).flatMap((text) => {
      const expression = percentText(text);
      if (expression === undefined) return [];
      return [`[${JSON.stringify(text)}, rt.text(${this.#value(expression, place)})]`];
    });
    return texts.length === 0 ? '' : `, new Map([${texts.join(', ')}])`;
  }

  #member(expression: Extract<Expression, { kind: 'Member' }>, place: Place): Code {
    if (isGlobal(expression.target)) return this.#variable(this.#slot(this.#shared, expression.name.text));
    const reference = enumReference(expression);
    if (reference !== undefined) {
      const member = enumMember(reference.type, reference.member.text);
      if (member !== undefined) return computed(this.#constant(new EnumValue(reference.type, member)), 'any');
    }
    const target = this.#value(expression.target, place);
    const name = JSON.stringify(expression.name.text);
    if (expression.name.text.toLowerCase() !== 'count')
      return computed(`rt.property(${target}, ${name})`, 'any');
    const temp = this.#temp(place.frame);
    return computed(
      `(Array.isArray(${temp} = ${target}) ? ${temp}.length : rt.property(${temp}, ${name}))`,
      'any',
    );
  }

  #functionCall(expression: FunctionCall, place: Place): Code {
    const name = expression.name.text.toLowerCase();
    const argument = (index: number, otherwise: string): string => {
      const given = expression.args[index];
      return given === undefined ? otherwise : this.#value(given, place);
    };
    if (name === 'blank') return computed('null', 'any');
    // The questions about emptiness may be asked of a variable that was never assigned.
    const asked = expression.args[0];
    const maybe =
      asked?.kind === 'Name' ? `(${this.#slot(place.frame.scope, asked.name)} ?? null)` : argument(0, 'null');
    switch (name) {
      case 'isempty':
        return computed(`rt.isEmpty(${maybe})`, 'boolean');
      case 'isnotempty':
        return computed(`!rt.isEmpty(${maybe})`, 'boolean');
      case 'isblank':
        return computed(`rt.isBlank(${maybe})`, 'boolean');
      case 'isnotblank':
        return computed(`!rt.isBlank(${maybe})`, 'boolean');
    }
    const test = textTests.get(name.replace(/^not/, ''));
    if (test === undefined) return computed(`rt.noFunction(${JSON.stringify(expression.name.text)})`, 'any');
    const call = `rt.${test}(${argument(0, 'null')}, ${argument(1, 'null')}, ${argument(2, 'false')})`;
    return computed(name.startsWith('not') ? `!${call}` : call, 'boolean');
  }

  #unary(operator: '-' | 'NOT', operand: Expression, place: Place): Code {
    if (operator === 'NOT') return computed(`!${this.#truth(operand, place)}`, 'boolean');
    const value = this.#keep(this.#expression(operand, place), place);
    if (value.again.type === 'number') return literal(`-${value.again.code}`, 'number');
    return computed(
      `(${[...value.first, `typeof ${value.again.code} === "number" ? -${value.again.code} : rt.negate(${value.again.checked})`].join(', ')})`,
      'any',
    );
  }

  #binary(expression: BinaryExpression, place: Place): Code {
    const { operator } = expression;
    if (operator === 'AND' || operator === 'OR' || operator === 'XOR') {
      const [left, right] = [this.#truth(expression.left, place), this.#truth(expression.right, place)];
      return computed(
        `(${left} ${operator === 'AND' ? '&&' : operator === 'OR' ? '||' : '!=='} ${right})`,
        'boolean',
      );
    }
    const left = this.#keep(this.#expression(expression.left, place), place);
    const right = this.#keep(this.#expression(expression.right, place), place);
    const [l, r] = [left.again, right.again];
    // A side that can never be a number leaves only the general way.
    const numeric = ![l, r].some((side) => side.type === 'text' || side.type === 'boolean');
    const general = generalForm(operator, l.checked, r.checked);
    const type = comparisons.has(operator) ? 'boolean' : 'any';
    let code: string;
    if (operator === '+' && l.type === 'text') code = `${l.code} + ${this.#text(r)}`;
    else if (operator === '+' && r.type === 'text')
      code = `typeof ${l.code} === "string" ? ${l.code} + ${r.code} : ${general}`;
    else if (!numeric) code = general;
    else if (type === 'boolean') {
      const test = [l, r]
        .filter((side) => side.type !== 'number')
        .map((side) => `typeof ${side.code} === "number"`)
        .join(' && ');
      const fast = fastForm(operator, l, r);
      code = test === '' ? fast : `${test} ? ${fast} : ${general}`;
    } else code = this.#wholeNumbers(operator, l, r, general, place);
    // What is missing on the left is told first.
    const before = right.first.length > 0 && l.checked !== l.code ? [l.checked] : [];
    return computed(
      `(${[...left.first, ...before, ...right.first, code].join(', ')})`,
      operator === '+' && l.type === 'text' ? 'text' : type,
    );
  }

  /** Arithmetic on whole numbers that JavaScript computes exactly; everything else takes the general way. */
  #wholeNumbers(
    operator: BinaryExpression['operator'],
    left: Code,
    right: Code,
    general: string,
    place: Place,
  ): string {
    const sides = [left, right].filter((side) => !/^\(?-?\d+\)?$/.test(side.code));
    if (sides.some((side) => side.type === 'number')) return general;
    const result = this.#temp(place.frame);
    const guards = sides.map((side) => `Number.isSafeInteger(${side.code})`);
    return `${[...guards, `Number.isSafeInteger(${result} = ${fastForm(operator, left, right)})`].join(' && ')} ? ${result} : ${general}`;
  }

  /** Makes a value readable more than once: `first` stores it in a temporary unless it is a slot or literal. */
  #keep(code: Code, place: Place): { readonly first: string[]; readonly again: Code } {
    if (code.simple) return { first: [], again: code };
    const temp = this.#temp(place.frame);
    return {
      first: [`${temp} = ${code.checked}`],
      again: { code: temp, type: code.type, simple: true, checked: temp },
    };
  }

  #temp(frame: Frame): string {
    const temp = `t${frame.temps++}`;
    frame.maxTemps = Math.max(frame.maxTemps, frame.temps);
    return temp;
  }
}

// ── Small parts ─────────────────────────────────────────────────────────────────────────────────────────────────

/** Once in so many back edges the event loop may have its turn. */
export const turnEdges = 1024;
const edge = `if (++k[2] >= ${turnEdges})`;
const backEdge = `${edge} { p = rt.turn(); if (p !== undefined) await p; }`;

const textTests: ReadonlyMap<string, string> = new Map([
  ['contains', 'contains'],
  ['startswith', 'startsWith'],
  ['endswith', 'endsWith'],
]);
/** Variables that an expression mentions, also in Power Fx. */
function variableUses(expression: Expression): { readonly name: string; readonly global: boolean }[] {
  const uses: { readonly name: string; readonly global: boolean }[] = [...variablesIn(expression)];
  for (const node of eachExpression(expression)) {
    if (node.kind !== 'PowerFx' || !hasPowerFx(node.value)) continue;
    const formula = readPowerFx(node.value);
    if (formula !== undefined) uses.push(...namesIn(formula).map((name) => ({ name, global: false })));
  }
  return uses;
}

/** An argument made for passwords, keys and the like: no action quotes one. */
function isForSecrets(definition: CatalogAction | undefined, { name, dynamic }: Argument): boolean {
  const key = name.text.toLowerCase();
  const entry = dynamic ? undefined : definition?.arguments.find((each) => each.name.toLowerCase() === key);
  return entry !== undefined && /^(encryptableobject|credential)/i.test(entry.type);
}

/** Expressions whose value may be a part of what a variable holds. */
const holders: ReadonlySet<Expression['kind']> = new Set(['Name', 'Member', 'Index', 'PowerFx'] as const);

const comparisons: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>=']);

/** Statements that do something which can go wrong by itself. */
const canFail: ReadonlySet<Statement['kind']> = new Set<Statement['kind']>([
  'Set',
  'If',
  'Switch',
  'ForEach',
  'LoopFromTo',
  'While',
  'CallSubflow',
  'Wait',
  'Action',
  'Block',
  'GetLastError',
  'ExitFlow',
  'Goto',
  'ThrowError',
  'Error',
]);

function generalForm(operator: BinaryExpression['operator'], left: string, right: string): string {
  switch (operator) {
    case '+':
      return `rt.add(${left}, ${right})`;
    case '-':
      return `rt.subtract(${left}, ${right})`;
    case '*':
      return `rt.multiply(${left}, ${right})`;
    case '/':
      return `rt.divide(${left}, ${right})`;
    case 'MOD':
      return `rt.remainder(${left}, ${right})`;
    case '=':
      return `rt.equal(${left}, ${right})`;
    case '<>':
      return `!rt.equal(${left}, ${right})`;
    default:
      return `rt.compare(${left}, ${right}, ${JSON.stringify(operator)}) ${operator} 0`;
  }
}

function fastForm(operator: BinaryExpression['operator'], left: Code, right: Code): string {
  const symbol = operator === '=' ? '===' : operator === '<>' ? '!==' : operator === 'MOD' ? '%' : operator;
  return `${left.code} ${symbol} ${right.code}`;
}

/** `rt.isNamed(…)` and the like: does this handler want the failure? */
function matches(handler: BlockHandler, failure: string): string {
  switch (handler.matches.kind) {
    case 'all':
      return 'true';
    case 'default':
      return `!${failure}.isLogic`;
    case 'named':
      return `rt.isNamed(${failure}, ${JSON.stringify(handler.matches.name.text)})`;
    case 'custom':
      return `rt.isCustom(${failure}, ${JSON.stringify(handler.matches.name.text)})`;
  }
}

/** Names first, in the order written; then the general handlers. */
function byPrecedence(handlers: readonly BlockHandler[]): readonly BlockHandler[] {
  const isNamed = (handler: BlockHandler) =>
    handler.matches.kind === 'named' || handler.matches.kind === 'custom';
  return [...handlers.filter(isNamed), ...handlers.filter((handler) => !isNamed(handler))];
}

function literal(code: string, type: Code['type']): Code {
  // A negative literal is bracketed, so that it can follow any operator.
  const safe = code.startsWith('-') ? `(${code})` : code;
  return { code: safe, type, simple: true, checked: safe };
}

function computed(code: string, type: Code['type']): Code {
  return { code, type, simple: false, checked: code };
}

function scope(sensitive: ReadonlySet<string>, grown: ReadonlySet<string>, subflow?: Subflow): Scope {
  return { slots: new Map(), sensitive, growing: grown, functions: [], subflow };
}

function newFrame(
  kind: Frame['kind'],
  { scope: own, subflowName, subflowIndex }: Pick<Frame, 'scope' | 'subflowName' | 'subflowIndex'>,
  tight = false,
): Frame {
  return {
    kind,
    scope: own,
    subflowName,
    subflowIndex,
    tight,
    temps: 0,
    maxTemps: 0,
    declared: [],
    signals: new Set(),
  };
}

/** A loop body that only computes. */
function isTight(body: readonly Statement[]): boolean {
  for (const { statement } of eachStatement(body)) {
    if (works.has(statement.kind)) return false;
    if (statement.kind === 'If' && statement.branches.some((branch) => branch.condition.kind === 'Action'))
      return false;
  }
  return true;
}
const works: ReadonlySet<Statement['kind']> = new Set<Statement['kind']>([
  'Action',
  'CallSubflow',
  'Wait',
  'ForEach',
  'LoopFromTo',
  'While',
]);

/** A loop over statements whose code waits only in their hooks. */
function isUnbroken(loop: LoopForEach | LoopFromTo | LoopWhile): boolean {
  if (loop.kind === 'While' && loop.condition.kind === 'Action') return false;
  for (const { statement } of eachStatement(loop.body)) if (!unbroken.has(statement.kind)) return false;
  return true;
}
const unbroken: ReadonlySet<Statement['kind']> = new Set<Statement['kind']>([
  'Set',
  'If',
  'Switch',
  'ExitLoop',
  'NextLoop',
  'Goto',
  'ExitSubflow',
  'Region',
  'EndRegion',
  'Disabled',
]);

function functionText(
  name: string,
  parameters: string,
  frame: Frame,
  lines: readonly string[],
  waits = true,
): string {
  const temps = Array.from({ length: frame.maxTemps }, (_, i) => `t${i}`);
  return [
    `${waits ? 'async ' : ''}function ${name}(${parameters}) {`,
    `let ${['p', 'q', 'r', 'x', ...temps, ...frame.declared].join(', ')};`,
    ...lines,
    '}',
  ].join('\n');
}

/** Methods that read and write the variables of a scope; their bodies are compiled only when somebody asks. */
function access({ slots }: Scope): string {
  const cases = (code: (slot: string) => string) =>
    [...slots.values()].map((slot) => `case ${slot.slice(1)}: ${code(slot)}`).join(' ');
  return `peek(i) { switch (i) { ${cases((slot) => `return ${slot};`)} } }, poke(i, x) { switch (i) { ${cases((slot) => `${slot} = x; break;`)} } }`;
}

const owner = (slot: string): string => `o${slot.slice(1)}`;

function isGlobal(expression: Expression): boolean {
  return expression.kind === 'Name' && expression.name.toLowerCase() === 'global';
}

/** What a text with `%…%` gives; undefined when it holds no expressions, or percent signs that are none. */
function percentText(text: string): InterpolatedText | undefined {
  const { main, diagnostics } = parse(`SET a TO $'''${text.replace(/[\\'"]/g, '\\$&')}'''`);
  const [statement] = main;
  if (statement?.kind !== 'Set' || diagnostics.length > 0) return undefined;
  return statement.value.kind === 'Interpolated' ? statement.value : undefined;
}

/** The names in `appmask['Screen']`, `appmask['Screen']['Element']` and `imgrepo['Image']`, outermost first. */
function repositoryPath(
  expression: Extract<Expression, { kind: 'Index' }>,
): { readonly name: 'appmask' | 'imgrepo'; readonly path: readonly Expression[] } | undefined {
  const path = [expression.index];
  let base = expression.target;
  if (base.kind === 'Index') {
    path.unshift(base.index);
    base = base.target;
  }
  const name = base.kind === 'Name' ? base.name.toLowerCase() : undefined;
  if (name === 'appmask' || (name === 'imgrepo' && path.length === 1)) return { name, path };
  return undefined;
}

/** The expression of a text that is nothing but `%expression%`: it passes the typed value. */
function singlePart(expression: InterpolatedText): Expression | undefined {
  const [part] = expression.parts;
  return expression.parts.length === 1 && part?.kind === 'Interpolation' ? part.expression : undefined;
}

function unwrapped(expression: Expression): Expression {
  if (expression.kind === 'Parenthesized') return unwrapped(expression.inner);
  const only = expression.kind === 'Interpolated' ? singlePart(expression) : undefined;
  return only === undefined ? expression : unwrapped(only);
}

/** Names of the labels of a unit: those in the list itself and in its IF and SWITCH statements. */
function labelsOf(body: readonly Statement[]): string[] {
  return body.flatMap((statement) => {
    if (statement.kind === 'Label') return [statement.name.text];
    if (statement.kind === 'If') {
      return [
        ...statement.branches.flatMap((branch) => labelsOf(branch.body)),
        ...labelsOf(statement.elseBody ?? []),
      ];
    }
    if (statement.kind === 'Switch') {
      return [
        ...statement.cases.flatMap((item) => labelsOf(item.body)),
        ...labelsOf(statement.defaultBody ?? []),
      ];
    }
    return [];
  });
}

/** The variable of `SET x TO x + …` when the right side may be a list or row. */
function grownVariable(
  statement: SetStatement,
): { readonly name: string; readonly global: boolean } | undefined {
  const { target, value } = statement;
  if (value.kind !== 'Binary' || value.operator !== '+') return undefined;
  if (value.right.kind === 'Number' || value.right.kind === 'Text') return undefined;
  const isVariable = target.kind === 'Name' || (target.kind === 'Member' && isGlobal(target.target));
  const isSame = value.left.kind === target.kind;
  const [to, from] = [rootVariable(target), rootVariable(value.left)];
  if (!isVariable || !isSame || to === undefined || from === undefined) return undefined;
  return to.name.toLowerCase() === from.name.toLowerCase() && to.global === from.global ? to : undefined;
}

/** Lower-cased names of all grown variables of some bodies: only those written `GLOBAL.x`, only those written plainly, or both. */
function growing(
  bodies: readonly (readonly Statement[])[],
  which: 'global' | 'own' | 'any',
): ReadonlySet<string> {
  const names = new Set<string>();
  for (const body of bodies) {
    for (const { statement } of eachStatement(body)) {
      if (statement.kind !== 'Set') continue;
      const grown = grownVariable(statement);
      if (grown === undefined || (which !== 'any' && grown.global !== (which === 'global'))) continue;
      names.add(grown.name.toLowerCase());
    }
  }
  return names;
}

function lowerBound(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Which END closes what: a typed stack of open blocks. Builds the nested statements; reads no text itself.

import { syntaxMessages } from '../diagnostics.ts';
import type { Cursor } from './cursor.ts';
import type { CaseOperator, LoopHead, OnErrorHead } from './statements.ts';
import type {
  BlockHandler,
  BlockStatement,
  Condition,
  ErrorRules,
  Expression,
  IfStatement,
  LoopForEach,
  LoopFromTo,
  LoopWhile,
  Statement,
  SwitchStatement,
} from './tree.ts';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Blocks inside each other that are kept in the tree; deeper ones are matched, but not kept. */
export const deepestBlocks = 1_000;

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Where a line stands: its first character, the end of its last token, and its number. */
export interface LinePlace extends Range {
  readonly line: number;
}

interface Closable {
  end: number;
  endLine: number | undefined;
}

/** Something that ON ERROR may follow. `owner` grows with the rules. */
export interface RuleTarget {
  readonly target: { onError: ErrorRules | undefined };
  readonly owner: { end: number };
}

type Frame = {
  /** The opening line, for messages. */
  readonly opener: Range;
  /** Where the next statement goes. */
  list: Statement[];
} & (
  | {
      readonly kind: 'If';
      readonly node: Mutable<IfStatement>;
      readonly branches: Mutable<IfStatement>['branches'][number][];
    }
  | {
      readonly kind: 'Switch';
      readonly node: Mutable<SwitchStatement>;
      readonly cases: SwitchStatement['cases'][number][];
      inCase: boolean;
    }
  | { readonly kind: 'Loop'; readonly node: Mutable<LoopForEach> | Mutable<LoopFromTo> | Mutable<LoopWhile> }
  | {
      readonly kind: 'Block';
      readonly node: Mutable<BlockStatement>;
      readonly handlers: BlockHandler[];
      /** Behind BLOCK, in its handlers, or behind the END of the handlers. */
      part: 'start' | 'handlers' | 'body';
    }
  | {
      readonly kind: 'Rules';
      readonly node: Mutable<ErrorRules>;
      readonly clauses: ErrorRules['clauses'][number][];
      readonly owner: RuleTarget['owner'];
    }
);

const openerNames: { readonly [Kind in Frame['kind']]: string } = {
  If: 'IF',
  Switch: 'SWITCH',
  Loop: 'LOOP',
  Block: 'BLOCK',
  Rules: 'ON ERROR',
};

/** Nesting inside one subflow or the main body, or inside any body that is parsed alone. `root` receives its statements. */
export class Blocks {
  readonly #cursor: Cursor;
  readonly #frames: Frame[] = [];
  readonly #root: Statement[];
  /** True when `root` is the body of an error handler. */
  readonly #inHandler: boolean;
  #ruleTarget: RuleTarget | undefined;
  #deepest = 0;
  /** How many of each kind are open: spares looking through all frames for one that is not there. */
  readonly #count: { [Kind in Frame['kind']]: number } = { If: 0, Switch: 0, Loop: 0, Block: 0, Rules: 0 };

  constructor(cursor: Cursor, root: Statement[], inHandler = false) {
    this.#cursor = cursor;
    this.#root = root;
    this.#inHandler = inHandler;
  }

  get isOpen(): boolean {
    return this.#frames.length > 0;
  }

  /** The most blocks that were open at once. */
  get deepest(): number {
    return this.#deepest;
  }

  /** True when ON ERROR on the next line would follow something it can belong to. */
  get takesRules(): boolean {
    return this.#ruleTarget !== undefined;
  }

  isOpenIn(kind: 'If' | 'Switch'): boolean {
    return this.#count[kind] > 0;
  }

  get #top(): Frame | undefined {
    return this.#frames.at(-1);
  }

  /** Adds a statement of one line. `takesRules` says what ON ERROR on the next line would belong to. */
  add(statement: Statement, takesRules?: RuleTarget): void {
    const top = this.#top;
    if (top?.kind === 'Switch' && !top.inCase && isAction(statement)) {
      this.#cursor.noteAnyway(syntaxMessages.statementBeforeCase(), statement.start, statement.end);
    }
    (top?.list ?? this.#root).push(statement);
    this.#ruleTarget = takesRules;
  }

  /** A line that did not become a statement but would have taken error rules: they are matched and belong to nothing. */
  acceptRules(): void {
    this.#ruleTarget = { target: { onError: undefined }, owner: { end: 0 } };
  }

  #open(frame: Frame, statement: Statement): void {
    const { start, end } = frame.opener;
    const top = this.#top;
    const inHandler =
      top === undefined
        ? this.#inHandler
        : top.kind === 'Rules' || (top.kind === 'Block' && top.part === 'handlers');
    if (inHandler) {
      this.#cursor.note(syntaxMessages.blockInHandler(openerNames[frame.kind]), start, end);
    }
    if (this.#frames.length === deepestBlocks) {
      this.#cursor.note(syntaxMessages.nestingTooDeep(deepestBlocks), start, end);
      this.add({ kind: 'Error', start, end, line: statement.line, meta: statement.meta });
    } else if (this.#frames.length < deepestBlocks) {
      this.add(statement);
    }
    this.#push(frame);
    this.#ruleTarget = undefined;
  }

  #push(frame: Frame): void {
    this.#frames.push(frame);
    this.#count[frame.kind]++;
    if (this.#frames.length > this.#deepest) this.#deepest = this.#frames.length;
  }

  // ── IF ────────────────────────────────────────────────────────────────────────────────────────────────────────

  openIf(head: Omit<Statement, 'kind'>, condition: Condition): void {
    const body: Statement[] = [];
    const branches = [{ line: head.line, condition, body }];
    const node: Mutable<IfStatement> = {
      kind: 'If',
      start: head.start,
      end: head.end,
      line: head.line,
      meta: head.meta,
      branches,
      elseLine: undefined,
      elseBody: undefined,
      endLine: undefined,
    };
    this.#open(
      { kind: 'If', opener: { start: head.start, end: head.end }, list: body, node, branches },
      node,
    );
    this.#conditionTakesRules(condition, node);
  }

  #conditionTakesRules(condition: Condition, owner: { end: number }): void {
    if (condition.kind === 'Action')
      this.#ruleTarget = { target: condition as Mutable<typeof condition>, owner };
  }

  elseIf(place: LinePlace, condition: Condition): void {
    const frame = this.#clauseOwner('If', 'ELSE IF', 'an IF', place);
    if (frame === undefined) return;
    if (frame.node.elseLine !== undefined) this.#afterLast('ELSE IF', 'ELSE', place);
    const body: Statement[] = [];
    frame.branches.push({ line: place.line, condition, body });
    frame.list = body;
    frame.node.end = place.end;
    this.#conditionTakesRules(condition, frame.node);
  }

  else(place: LinePlace): void {
    const frame = this.#clauseOwner('If', 'ELSE', 'an IF', place);
    if (frame === undefined) return;
    if (frame.node.elseLine !== undefined) {
      this.#afterLast('ELSE', 'ELSE', place);
      return;
    }
    frame.list = [];
    frame.node.elseLine = place.line;
    frame.node.elseBody = frame.list;
    frame.node.end = place.end;
  }

  // ── SWITCH ────────────────────────────────────────────────────────────────────────────────────────────────────

  openSwitch(head: Omit<Statement, 'kind'>, value: Expression): void {
    const cases: SwitchStatement['cases'][number][] = [];
    const node: Mutable<SwitchStatement> = {
      kind: 'Switch',
      start: head.start,
      end: head.end,
      line: head.line,
      meta: head.meta,
      value,
      cases,
      defaultLine: undefined,
      defaultBody: undefined,
      endLine: undefined,
    };
    const opener = { start: head.start, end: head.end };
    this.#open({ kind: 'Switch', opener, list: [], node, cases, inCase: false }, node);
  }

  case(place: LinePlace, operator: CaseOperator, value: Expression): void {
    const frame = this.#clauseOwner('Switch', 'CASE', 'a SWITCH', place);
    if (frame === undefined) return;
    if (frame.node.defaultLine !== undefined) this.#afterLast('CASE', 'DEFAULT', place);
    frame.list = [];
    frame.inCase = true;
    frame.cases.push({ line: place.line, operator, value, body: frame.list });
    frame.node.end = place.end;
  }

  default(place: LinePlace): void {
    const frame = this.#clauseOwner('Switch', 'DEFAULT', 'a SWITCH', place);
    if (frame === undefined) return;
    if (frame.node.defaultLine !== undefined) {
      this.#afterLast('DEFAULT', 'DEFAULT', place);
      return;
    }
    frame.list = [];
    frame.inCase = true;
    frame.node.defaultLine = place.line;
    frame.node.defaultBody = frame.list;
    frame.node.end = place.end;
  }

  // ── LOOP and BLOCK ────────────────────────────────────────────────────────────────────────────────────────────

  openLoop(head: Omit<Statement, 'kind'>, loop: LoopHead): void {
    const body: Statement[] = [];
    const { start, end, line, meta } = head;
    const node = { ...loop, start, end, line, meta, body, endLine: undefined } as Mutable<
      LoopForEach | LoopFromTo | LoopWhile
    >;
    this.#open({ kind: 'Loop', opener: { start, end }, list: body, node }, node);
    if (loop.kind === 'While') this.#conditionTakesRules(loop.condition, node);
  }

  openBlock(head: Omit<Statement, 'kind'>, name: BlockStatement['name']): void {
    const body: Statement[] = [];
    const handlers: BlockHandler[] = [];
    const { start, end, line, meta } = head;
    const node: Mutable<BlockStatement> = {
      kind: 'Block',
      start,
      end,
      line,
      meta,
      name,
      handlers,
      body,
      endLine: undefined,
    };
    this.#open({ kind: 'Block', opener: { start, end }, list: body, node, handlers, part: 'start' }, node);
  }

  onBlockError(place: LinePlace, handler: Pick<BlockHandler, 'matches' | 'args'>): void {
    this.#ruleTarget = undefined;
    const top = this.#top;
    const atStart = top?.kind === 'Block' && top.part === 'start' && top.list.every((row) => !isAction(row));
    if (top?.kind !== 'Block' || !(atStart || top.part === 'handlers')) {
      this.#cursor.fail(syntaxMessages.onBlockErrorMisplaced(), place.start, place.end);
      return;
    }
    top.part = 'handlers';
    top.list = [];
    top.handlers.push({ line: place.line, ...handler, body: top.list });
    top.node.end = place.end;
  }

  // ── ON ERROR ──────────────────────────────────────────────────────────────────────────────────────────────────

  onError(place: LinePlace, { errorName, retry }: OnErrorHead): void {
    const target = this.#ruleTarget;
    this.#ruleTarget = undefined;
    let top = this.#top;
    if (top?.kind !== 'Rules') {
      if (target === undefined) {
        this.#cursor.fail(syntaxMessages.onErrorWithoutAction(), place.start, place.end);
      }
      const clauses: ErrorRules['clauses'][number][] = [];
      const node: Mutable<ErrorRules> = {
        start: place.start,
        end: place.end,
        line: place.line,
        retry: undefined,
        clauses,
        endLine: undefined,
      };
      const { length: depth } = this.#frames;
      if (target !== undefined && depth < deepestBlocks) target.target.onError = node;
      else if (depth === deepestBlocks) {
        this.#cursor.note(syntaxMessages.nestingTooDeep(deepestBlocks), place.start, place.end);
      }
      const opener = { start: place.start, end: place.end };
      top = { kind: 'Rules', opener, list: [], node, clauses, owner: target?.owner ?? { end: 0 } };
      this.#push(top);
    }
    top.node.end = place.end;
    if (retry !== undefined && top.node.retry === undefined) {
      top.node.retry = { line: place.line, ...retry };
      // Statements directly under the retry, without an ON ERROR of their own, are rules for all errors.
      top.list = [];
      return;
    }
    top.list = [];
    top.clauses.push({ line: place.line, errorName, body: top.list });
  }

  // ── END ───────────────────────────────────────────────────────────────────────────────────────────────────────

  end(place: LinePlace): void {
    this.#ruleTarget = undefined;
    const top = this.#top;
    if (top === undefined) {
      this.#cursor.note(syntaxMessages.strayEnd(), place.start, place.end);
      return;
    }
    if (top.kind === 'Block' && top.part === 'handlers') {
      top.part = 'body';
      top.node.body = top.list = [];
      top.node.end = place.end;
      return;
    }
    this.#pop();
    this.#close(top, place.end, place.line);
  }

  #pop(): Frame {
    const frame = this.#frames.pop() as Frame;
    this.#count[frame.kind]--;
    return frame;
  }

  #close(frame: Frame, end: number, line: number | undefined): void {
    const node: Closable = frame.node;
    node.end = end;
    node.endLine = line;
    if (frame.kind === 'Rules') {
      const { retry } = frame.node;
      if (retry !== undefined && frame.clauses.length === 0 && frame.list.length > 0) {
        frame.clauses.push({ line: retry.line, errorName: undefined, body: frame.list });
      }
      frame.owner.end = Math.max(frame.owner.end, end);
    }
  }

  /** Closes whatever is still open, saying so, because the subflow or the file ends before `end`. */
  closeAll(end: number): void {
    this.#closeDownTo(0, end);
    this.#ruleTarget = undefined;
  }

  #closeDownTo(count: number, end: number): void {
    while (this.#frames.length > count) {
      const frame = this.#pop();
      const { start, end: openerEnd } = frame.opener;
      this.#cursor.noteAnyway(syntaxMessages.missingEnd(openerNames[frame.kind]), start, openerEnd);
      this.#close(frame, end, undefined);
    }
  }

  /**
   * The frame a clause such as ELSE belongs to. When other blocks are open inside it, they lack their END: they are
   * closed here, so that one forgotten END does not spoil everything below.
   */
  #clauseOwner<Kind extends 'If' | 'Switch'>(
    kind: Kind,
    clause: string,
    owner: string,
    place: LinePlace,
  ): (Frame & { kind: Kind }) | undefined {
    this.#ruleTarget = undefined;
    let index = this.#count[kind] === 0 ? -1 : this.#frames.length - 1;
    while (index >= 0 && this.#frames[index]?.kind !== kind) index--;
    if (index < 0) {
      this.#cursor.fail(syntaxMessages.strayClause(clause, owner), place.start, place.end);
      return undefined;
    }
    this.#closeDownTo(index + 1, place.start);
    return this.#frames[index] as Frame & { kind: Kind };
  }

  #afterLast(clause: string, last: string, place: LinePlace): void {
    this.#cursor.note(syntaxMessages.clauseAfterLast(clause, last), place.start, place.end);
  }
}

/** False for rows that only decorate: regions, disabled rows. */
function isAction(statement: Statement): boolean {
  return statement.kind !== 'Region' && statement.kind !== 'EndRegion' && statement.kind !== 'Disabled';
}

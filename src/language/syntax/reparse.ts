// The tree after an edit, from the tree before it. Robin is a language of lines: only the lines an edit touched are read again, as a
// part of the innermost body that contains them; everything behind them moves. Whatever is not certain to come out the same is left
// to the parser, so the result always equals `parse(text)`.
import type { Diagnostic } from '../diagnostics.ts';
import { deepestBlocks } from './blocks.ts';
import { mostDiagnostics, mostInnerTokens } from './cursor.ts';
import { leastPatience, lexLines } from './lexer.ts';
import { Lines } from './lines.ts';
import { type BodyPlace, mostTokens, type ParsedBody, parse, parseBody } from './parser.ts';
import { shiftStatements, shiftTree } from './shift.ts';
import { kindCode, Tokens, wordCode } from './tokens.ts';
import type { Condition, ErrorRules, FlowFile, LineRole, Statement } from './tree.ts';

/** The characters `start..oldEnd` were replaced; what replaced them stands at `start..newEnd`. */
export interface Change {
  readonly start: number;
  readonly oldEnd: number;
  readonly newEnd: number;
}

/**
 * The same as `parse(text)`, where `text` is the text of `previous` after one change. Statements that the change did not touch stay
 * the same objects, with new places. That is why `previous` is used up: it must not be looked at any more.
 */
export function reparse(previous: FlowFile, text: string, change: Change): FlowFile {
  return new Edit(previous, text, change).apply() ?? parse(text);
}

/** More text than this is not worth the attempt: it is parsed as a whole. */
const longestRegion = 65_536;
/** A change that the innermost body cannot take in alone, such as an ELSE, mostly concerns the statement around it. */
const mostAttempts = 3;

/** Text of a body, by offsets at which lines begin or end. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/** A body in the tree: whatever stands in its range and in no statement of another body belongs to it. */
interface Body extends Range, BodyPlace {
  readonly statements: readonly Statement[];
  /** The blocks around it. */
  readonly depth: number;
  /** The body of a BLOCK without handlers: ON BLOCK ERROR may still follow, as long as no action stands before it. */
  readonly awaitsHandlers: boolean;
}

/** Statements `from..to` of a body with the blank and comment lines around them. */
interface Region extends Range {
  readonly body: Body;
  readonly from: number;
  readonly to: number;
}

class Edit {
  readonly #file: FlowFile;
  readonly #text: string;
  readonly #by: number;
  readonly #tokens: Tokens;
  readonly #lines: Lines;
  readonly #change: Change;

  constructor(previous: FlowFile, text: string, change: Change) {
    if (!(previous.tokens instanceof Tokens && previous.lines instanceof Lines)) {
      throw new TypeError('Only a tree made by `parse` can be changed.');
    }
    this.#file = previous;
    this.#tokens = previous.tokens;
    this.#lines = previous.lines;
    this.#text = text;
    this.#change = change;
    this.#by = change.newEnd - change.oldEnd;
  }

  apply(): FlowFile | undefined {
    if (this.#lines.length === 0 || this.#file.diagnostics.length >= mostDiagnostics) return undefined;
    if (this.#tokens.length + this.#tokens.inner > mostTokens / 2) return undefined;
    const damage = this.#damage();
    if (damage.end - damage.start > longestRegion) return undefined;
    const bodies = this.#bodiesAround(damage);
    for (const body of bodies.slice(-mostAttempts).reverse()) {
      let region = this.#region(body, damage);
      if (region === undefined || region.end - region.start > longestRegion) return undefined;
      let parsed = this.#parse(region);
      if (parsed === undefined && region.from > 0) {
        // An ON ERROR may have come behind the statement above.
        region = this.#withPrevious(region);
        parsed = region === undefined ? undefined : this.#parse(region);
      }
      if (region !== undefined && parsed !== undefined)
        return this.#splice(region, parsed.body, parsed.tokens);
    }
    return undefined;
  }

  // ── Which lines are touched ───────────────────────────────────────────────────────────────────────────────────

  #lineStart(line: number): number {
    return this.#tokens.start(this.#lines.tokenStart(line));
  }

  #lineEnd(line: number): number {
    return this.#tokens.end(this.#lines.tokenEnd(line) - 1);
  }

  /** Start of the line that contains `offset`; the end of the text stands on the last line. */
  #startOfLineAt(offset: number): number {
    return this.#lineStart(this.#lines.at(offset, this.#tokens));
  }

  #endOfLineAt(offset: number): number {
    return this.#lineEnd(this.#lines.at(offset, this.#tokens));
  }

  /** The lines that may read differently now; none, at the place between two lines, when whole lines came or went. */
  #damage(): Range {
    const { start, oldEnd } = this.#change;
    const first = this.#startOfLineAt(start);
    const whole =
      start === first &&
      oldEnd < this.#file.text.length &&
      oldEnd === this.#startOfLineAt(oldEnd) &&
      this.#insertsWholeLines();
    return {
      start: this.#startOfLineAt(this.#tokens.settledBehind(start, first)),
      end: whole ? oldEnd : this.#endOfLineAt(oldEnd),
    };
  }

  #insertsWholeLines(): boolean {
    const { start, newEnd } = this.#change;
    if (newEnd === start) return true;
    const last = this.#text.charCodeAt(newEnd - 1);
    return last === LF || (last === CR && this.#text.charCodeAt(newEnd) !== LF);
  }

  // ── Which body they belong to ─────────────────────────────────────────────────────────────────────────────────

  /** The bodies that contain the damage, from the outermost in. Empty when it is not inside one. */
  #bodiesAround(damage: Range): Body[] {
    const root = this.#rootAround(damage);
    if (root === undefined) return [];
    const bodies = [root];
    for (let body: Body | undefined = root; body !== undefined; ) {
      const { from, to } = this.#touched(body, damage);
      const only: Statement | undefined = to - from === 1 ? body.statements[from] : undefined;
      body = only && this.#bodiesOf(only, body).find((inner) => contains(inner, damage));
      if (body !== undefined) bodies.push(body);
    }
    return bodies;
  }

  /** Main between two subflows, or a subflow. */
  #rootAround(damage: Range): Body | undefined {
    let { start, end } = { start: 0, end: this.#file.text.length };
    const root = { isRoot: true, inHandler: false, depth: 0, awaitsHandlers: false };
    for (const subflow of this.#file.subflows) {
      const first = this.#startOfLineAt(subflow.start);
      const inside = {
        start: this.#endOfLineAt(subflow.start),
        end: this.#closing(subflow.endLine, subflow, end),
      };
      const behind = subflow.endLine === undefined ? inside.end : this.#endOfLineAt(subflow.end);
      if (contains(inside, damage)) {
        return { ...root, ...inside, statements: subflow.body };
      }
      if (damage.end <= first) {
        end = Math.min(end, first);
        break;
      }
      if (damage.start < behind) return undefined;
      start = behind;
    }
    return { ...root, start, end, statements: this.#file.main };
  }

  /** Start of the line that closes something; without one it reaches as far as the end of `node`, `end` at most. */
  #closing(line: number | undefined, node: { readonly end: number }, end: number): number {
    if (line !== undefined) return this.#lineStart(this.#lines.ofPhysical(line));
    return node.end >= end ? end : this.#startOfLineAt(node.end);
  }

  /** The statements of a body that the damage touches, or between which it lies. */
  #touched({ statements, end }: Body, damage: Range): { from: number; to: number } {
    let low = 0;
    let high = statements.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const statement = statements[middle] as Statement;
      const behind = Math.min(end, this.#endOfLineAt(statement.end));
      const isBefore =
        statement.start < end &&
        (behind < damage.start || (behind === damage.start && !neverClosed(statement)));
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    let to = low;
    while (to < statements.length && this.#firstLineOf(statements[to] as Statement) < damage.end) to++;
    // Damage between two lines may lie in the middle of a statement.
    if (to === low && to < statements.length && this.#firstLineOf(statements[to] as Statement) < damage.start)
      to++;
    return { from: low, to };
  }

  #firstLineOf({ start, meta }: Statement): number {
    return this.#startOfLineAt(meta[0]?.start ?? start);
  }

  /** The bodies nested directly in a statement of `outer`, with where they begin and end. */
  #bodiesOf(statement: Statement, outer: Body): Body[] {
    const depth = outer.depth + 1;
    const found: Body[] = [];
    const add = (statements: readonly Statement[], start: number, end: number, inHandler = false) => {
      found.push({ statements, start, end, inHandler, depth, isRoot: false, awaitsHandlers: false });
    };
    const endOf = (line: number) => this.#lineEnd(this.#lines.ofPhysical(line));
    const startOf = (line: number) => this.#lineStart(this.#lines.ofPhysical(line));
    // What is never closed ends with the body around it, or where a line in it, such as a second ELSE, closed it.
    const open = statement.end >= outer.end ? outer.end : this.#startOfLineAt(statement.end);
    const closing = (line: number | undefined) => (line === undefined ? open : startOf(line));
    /** Parts that each reach from their own line to that of the next. */
    const parts = (opened: Part[], end: number) => {
      opened.sort((a, b) => a.line - b.line);
      opened.forEach(({ line, statements, rules, inHandler }, index) => {
        const next = opened[index + 1];
        const partEnd = next === undefined ? end : startOf(next.line);
        let start = endOf(line);
        if (rules !== undefined) {
          addRules(rules, partEnd);
          if (rules.endLine === undefined) return;
          start = endOf(rules.endLine);
        }
        if (statements !== undefined) add(statements, start, partEnd, inHandler);
      });
    };
    const addRules = ({ clauses, retry, endLine }: ErrorRules, end: number) => {
      const opened: Part[] = clauses
        // A clause on the line of the retry came into being with its first statement, and would vanish with its last.
        .filter((clause) => clause.line !== retry?.line)
        .map(({ line, body }) => ({ line, statements: body, inHandler: true }));
      if (retry !== undefined) opened.push({ line: retry.line });
      parts(opened, endLine === undefined ? end : startOf(endLine));
    };
    switch (statement.kind) {
      case 'If': {
        const opened: Part[] = statement.branches.map(({ line, condition, body }) => ({
          line,
          statements: body,
          rules: rulesOf(condition),
        }));
        if (statement.elseLine !== undefined) {
          opened.push({ line: statement.elseLine, statements: statement.elseBody });
        }
        parts(opened, closing(statement.endLine));
        break;
      }
      case 'Switch': {
        const opened: Part[] = statement.cases.map(({ line, body }) => ({ line, statements: body }));
        if (statement.defaultLine !== undefined) {
          opened.push({ line: statement.defaultLine, statements: statement.defaultBody });
        }
        parts(opened, closing(statement.endLine));
        break;
      }
      case 'ForEach':
      case 'LoopFromTo':
        parts([{ line: statement.line, statements: statement.body }], closing(statement.endLine));
        break;
      case 'While':
        parts(
          [{ line: statement.line, statements: statement.body, rules: rulesOf(statement.condition) }],
          closing(statement.endLine),
        );
        break;
      case 'Wait': {
        const rules = rulesOf(statement.condition);
        if (rules !== undefined) addRules(rules, open);
        break;
      }
      case 'Action':
      case 'CallSubflow':
        if (statement.onError !== undefined) addRules(statement.onError, open);
        break;
      case 'Block': {
        const { handlers, body, line } = statement;
        const end = closing(statement.endLine);
        if (handlers.length === 0) {
          add(body, endOf(line), end);
          found[0] = { ...(found[0] as Body), awaitsHandlers: true };
          break;
        }
        const last = handlers.at(-1) as (typeof handlers)[number];
        const handlersEnd = this.#endOfHandlers(last, end);
        if (handlersEnd === undefined) break;
        parts(
          handlers.map((handler) => ({ line: handler.line, statements: handler.body, inHandler: true })),
          handlersEnd.start,
        );
        add(body, handlersEnd.end, end);
      }
    }
    return found;
  }

  /** The line of the END behind the last handler of a block; undefined when it is not plain to see. */
  #endOfHandlers(
    { line, body }: { line: number; body: readonly Statement[] },
    end: number,
  ): Range | undefined {
    const lines = this.#lines;
    const last = body.at(-1);
    if (last !== undefined && neverClosed(last)) return undefined;
    let index = last === undefined ? lines.ofPhysical(line) : lines.at(last.end, this.#tokens);
    do index++;
    while (index < lines.length && isEmpty(lines.role(index)));
    if (index >= lines.length || this.#lineStart(index) >= end || !this.#isEnd(index)) return undefined;
    return { start: this.#lineStart(index), end: this.#lineEnd(index) };
  }

  #isEnd(line: number): boolean {
    if (this.#lines.role(line) !== 'clause') return false;
    const last = this.#lines.tokenEnd(line);
    let token = this.#lines.tokenStart(line);
    while (token < last && isGap(this.#tokens.code(token))) token++;
    return this.#tokens.code(token) === wordCode.END;
  }

  // ── What is read again ────────────────────────────────────────────────────────────────────────────────────────

  /** The touched statements of a body and everything around them that belongs to no other statement. */
  #region(body: Body, damage: Range): Region | undefined {
    return this.#regionOf(body, damage, this.#touched(body, damage));
  }

  #withPrevious(region: Region): Region | undefined {
    const wider = this.#regionOf(region.body, region, { from: region.from - 1, to: region.to });
    return wider === undefined || wider.end - wider.start > longestRegion ? undefined : wider;
  }

  #regionOf(body: Body, damage: Range, { from, to }: { from: number; to: number }): Region | undefined {
    const { statements } = body;
    const before = statements[from - 1];
    const after = statements[to];
    let start = before === undefined ? body.start : Math.max(body.start, this.#endOfLineAt(before.end));
    let end = after === undefined ? body.end : Math.min(body.end, this.#firstLineOf(after));
    const first = statements[from];
    const touchedStart =
      from < to && first !== undefined ? Math.min(damage.start, this.#firstLineOf(first)) : damage.start;
    const touchedEnd =
      from < to
        ? Math.max(damage.end, Math.min(body.end, this.#endOfLineAt((statements[to - 1] as Statement).end)))
        : damage.end;
    const lines = this.#lines;
    // Lines of the header may stand above; they stay outside when only empty lines are between them and the statement before.
    let plain = true;
    for (let line = lines.at(start, this.#tokens); line < lines.length; line++) {
      if (this.#lineStart(line) < start) continue;
      if (this.#lineStart(line) >= touchedStart) break;
      const role = lines.role(line);
      if (role === 'header') {
        if (!plain) return undefined;
        start = this.#lineEnd(line);
      } else if (!isEmpty(role) && role !== 'meta') plain = false;
    }
    if (end > touchedEnd) {
      const line = lines.at(end - 1, this.#tokens);
      const role = lines.role(line);
      if (role === 'attachment' || role === 'unread') end = Math.max(touchedEnd, this.#lineStart(line));
    }
    for (let line = lines.at(start, this.#tokens); line < lines.length; line++) {
      if (this.#lineStart(line) >= end) break;
      if (this.#lineStart(line) < start) continue;
      const role = lines.role(line);
      if (role === 'header' || role === 'subflow' || role === 'attachment' || role === 'unread')
        return undefined;
    }
    return { body, from, to, start, end };
  }

  #parse({ body, start, end }: Region): { body: ParsedBody; tokens: Tokens } | undefined {
    const text = this.#text;
    if (this.#leftOpen({ start, end })) return undefined;
    const newEnd = end + this.#by;
    // A line feed may have joined a carriage return on the other side of the edge.
    if (isCrLf(text, start) || isCrLf(text, newEnd)) return undefined;
    const tokens = new Tokens();
    if (!lexLines(text, start, newEnd, tokens)) return undefined;
    // Look-ahead far from the limits of the lexer is the only one that surely gives the same in the whole text.
    if (this.#tokens.lookCost + tokens.lookCost > leastPatience) return undefined;
    tokens.move(-start);
    // A copy: names are parts of this text, and would keep all of a version of the document in memory.
    const copy = ` ${text.slice(start, newEnd)}`.slice(1);
    const parsed = parseBody(copy, tokens, body);
    if (
      parsed === undefined ||
      parsed.deepest + body.depth >= deepestBlocks ||
      parsed.diagnostics.length + this.#file.diagnostics.length >= mostDiagnostics ||
      tokens.inner + this.#tokens.inner >= mostInnerTokens
    ) {
      return undefined;
    }
    return { body: parsed, tokens };
  }

  /** True when something in the range was never closed: then it had a say in the lines behind, too. */
  #leftOpen({ start, end }: Range): boolean {
    return this.#file.diagnostics.some(
      (diagnostic) => diagnostic.code === 'MissingEnd' && diagnostic.start >= start && diagnostic.start < end,
    );
  }

  /** Rules behind a subflow belong to what stands in front of it in Main: from its last statement on, nothing may change there. */
  #endsAlike({ body, from, to, end }: Region, parsed: ParsedBody): boolean {
    const next = body.statements[to];
    const { subflows } = this.#file;
    if (!subflows.some(({ start }) => start >= end && (next === undefined || start < next.start)))
      return true;
    const before = to > from ? body.statements[to - 1] : undefined;
    return (
      before !== undefined &&
      before.end <= end &&
      this.#change.oldEnd <= before.start &&
      before.kind === parsed.statements.at(-1)?.kind
    );
  }

  // ── Putting it in ─────────────────────────────────────────────────────────────────────────────────────────────

  #splice(region: Region, parsed: ParsedBody, tokens: Tokens): FlowFile | undefined {
    const { body, from, to, start, end } = region;
    const statements = body.statements as Statement[];
    if (body.awaitsHandlers) {
      const before = statements.slice(0, from);
      const acted = [...before, ...statements.slice(from, to)].some(isAction);
      if (acted !== [...before, ...parsed.statements].some(isAction)) return undefined;
    }
    const file = this.#file;
    if (body.isRoot && !this.#endsAlike(region, parsed)) return undefined;
    const lines = this.#lines;
    const atEnd = end === file.text.length;
    const firstLine = start === file.text.length ? lines.length : lines.at(start, this.#tokens);
    const lastLine = atEnd ? lines.length : lines.at(end, this.#tokens);
    const firstToken = firstLine === lines.length ? this.#tokens.length : lines.tokenStart(firstLine);
    const lastToken = lastLine === lines.length ? this.#tokens.length : lines.tokenStart(lastLine);
    const physicalEnd = (line: number): number =>
      line < lines.length
        ? lines.physicalLine(line)
        : lines.physicalLine(lines.length - 1) + lineEndsIn(file.text, this.#lineStart(lines.length - 1));
    const firstPhysical = physicalEnd(firstLine);
    const fromLine = physicalEnd(lastLine);
    const byLines = firstPhysical + parsed.lineEnds - fromLine;

    statements.splice(from, to - from);
    shiftTree(file, { from: end, by: this.#by, fromLine, byLines });
    shiftStatements(parsed.statements, start, firstPhysical);
    statements.splice(from, 0, ...parsed.statements);

    const moved = (diagnostic: Diagnostic, by: number): Diagnostic => ({
      ...diagnostic,
      start: diagnostic.start + by,
      end: diagnostic.end + by,
    });
    const diagnostics: Diagnostic[] = [];
    for (const diagnostic of file.diagnostics) if (diagnostic.start < start) diagnostics.push(diagnostic);
    for (const diagnostic of parsed.diagnostics) diagnostics.push(moved(diagnostic, start));
    for (const diagnostic of file.diagnostics) {
      if (diagnostic.start >= end && !atEnd) diagnostics.push(moved(diagnostic, this.#by));
    }

    const tokensBefore = this.#tokens.length;
    this.#tokens.inner += tokens.inner;
    this.#tokens.splice(firstToken, lastToken, start, end, tokens, this.#by);
    const byTokens = this.#tokens.length - tokensBefore;
    lines.splice(firstLine, lastLine, parsed.lines, firstToken, firstPhysical, byTokens, byLines);
    const { attachment } = file;
    return {
      ...file,
      text: this.#text,
      diagnostics,
      attachment: attachment && {
        ...attachment,
        start: attachment.start + this.#by,
        end: attachment.end + this.#by,
      },
    };
  }
}

/** A part of a statement that begins on `line`: a branch, a clause, a handler. */
interface Part {
  readonly line: number;
  readonly statements?: readonly Statement[] | undefined;
  /** The error rules of its condition, which stand before its statements. */
  readonly rules?: ErrorRules | undefined;
  readonly inHandler?: boolean;
}

const LF = 10;
const CR = 13;

function isCrLf(text: string, offset: number): boolean {
  return text.charCodeAt(offset - 1) === CR && text.charCodeAt(offset) === LF;
}

function contains(outer: Range, inner: Range): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}

function isEmpty(role: LineRole): boolean {
  return role === 'blank' || role === 'comment';
}

function isGap(code: number): boolean {
  return code === kindCode.space || code === kindCode.blockComment;
}

/** False for rows that only decorate. */
function isAction({ kind }: Statement): boolean {
  return kind !== 'Region' && kind !== 'EndRegion' && kind !== 'Disabled';
}

function rulesOf(condition: Condition): ErrorRules | undefined {
  return condition.kind === 'Action' ? condition.onError : undefined;
}

/** True when its END, or that of its error rules, is missing: then it reaches to the end of its body. */
function neverClosed(statement: Statement): boolean {
  const open = (rules: ErrorRules | undefined) => rules !== undefined && rules.endLine === undefined;
  switch (statement.kind) {
    case 'If':
    case 'Switch':
    case 'ForEach':
    case 'LoopFromTo':
    case 'While':
    case 'Block':
      return statement.endLine === undefined;
    case 'Wait':
      return open(rulesOf(statement.condition));
    case 'Action':
    case 'CallSubflow':
      return open(statement.onError);
    default:
      return false;
  }
}

function lineEndsIn(text: string, from: number): number {
  let count = 0;
  for (let at = from; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (c === LF || (c === CR && text.charCodeAt(at + 1) !== LF)) count++;
  }
  return count;
}

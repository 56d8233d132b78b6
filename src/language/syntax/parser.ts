// Text → tree, line by line. Never throws, loses no character and is linear in the length of the text.
// Expressions and single lines are parsed in expressions.ts and statements.ts, nesting in blocks.ts; meaning is checked elsewhere.

import { type Diagnostic, type Problem, syntaxMessages } from '../diagnostics.ts';
import { Blocks, type LinePlace, type RuleTarget } from './blocks.ts';
import { Cursor, lineEnd } from './cursor.ts';
import { parseExpression } from './expressions.ts';
import { lex, lexInPieces } from './lexer.ts';
import { Lines } from './lines.ts';
import {
  finishLine,
  type Head,
  noName,
  parseAction,
  parseBranchCondition,
  parseCall,
  parseCaseHead,
  parseError,
  parseExit,
  parseGetLastError,
  parseLabel,
  parseLoopHead,
  parseName,
  parseOnBlockErrorHead,
  parseOnErrorHead,
  parsePair,
  parseSet,
  parseWait,
  startsAction,
  takeWord,
} from './statements.ts';
import { kindCode, symbolCode, type Tokens, wordCode } from './tokens.ts';
import type {
  Expression,
  FlowFile,
  FlowParameter,
  Header,
  LineRole,
  MetaLine,
  Name,
  Statement,
  Subflow,
} from './tree.ts';

/**
 * Tokens of a flow that are read; about 40 MB of code (an attachment is one token and does not count).
 * Text behind it is kept in the tree as one unread line.
 */
export const mostTokens = 10_000_000;

/** Parses any text. Problems are in `diagnostics`, at most about 1,000 of them; a mistake spoils its own line only. */
export function parse(text: string): FlowFile {
  const parser = new Parser(text, lex(text));
  parser.lines(Number.POSITIVE_INFINITY);
  return parser.file();
}

/** The same in pieces of about a millisecond: yields between them, so that the caller can do something else. */
export function* parseInPieces(text: string): Generator<undefined, FlowFile> {
  const parser = new Parser(text, yield* lexInPieces(text));
  while (parser.lines(linesInPiece) === 'more') yield;
  return parser.file();
}

const linesInPiece = 500;

/** Lines that were parsed alone, as the part of a body. Offsets and lines are counted from their start. */
export interface ParsedBody {
  readonly statements: readonly Statement[];
  readonly lines: Lines;
  /** In the order of the text. */
  readonly diagnostics: readonly Diagnostic[];
  /** Line ends in the text. */
  readonly lineEnds: number;
  /** The most blocks that were open at once. */
  readonly deepest: number;
}

/** Where lines that are parsed alone stand. */
export interface BodyPlace {
  /** At the top of Main or of a subflow, where an END that closes nothing has nothing to close. */
  readonly isRoot: boolean;
  /** Directly in an error handler. */
  readonly inHandler: boolean;
}

/**
 * Parses whole lines as a part of a body. Undefined when they cannot be understood alone: they leave something open, close or
 * continue something that stands before them, or belong to no body.
 */
export function parseBody(text: string, tokens: Tokens, place: BodyPlace): ParsedBody | undefined {
  const parser = new Parser(text, tokens, place);
  return parser.lines(Number.POSITIVE_INFINITY) === 'strange' ? undefined : parser.body();
}

const noMeta: readonly MetaLine[] = [];

const throwForms = new Map([[wordCode.ERROR, 'ThrowError' as const]]);
const nextForms = new Map([
  [wordCode.LOOP, 'NextLoop' as const],
  [wordCode.ACTION, 'NextAction' as const],
]);
const repeatForms = new Map([
  [wordCode.ACTION, 'RepeatAction' as const],
  [wordCode.BLOCK, 'RepeatBlock' as const],
]);

interface OpenSubflow {
  readonly node: { -readonly [Key in keyof Subflow]: Subflow[Key] };
  /** The node's own list. */
  readonly sensitive: Name[];
  readonly blocks: Blocks;
}

class Parser {
  readonly #text: string;
  readonly #tokens: Tokens;
  readonly #cursor: Cursor;
  readonly #lines = new Lines();
  readonly #main: Statement[] = [];
  readonly #mainBlocks: Blocks;
  readonly #subflows: Subflow[] = [];
  readonly #header = {
    meta: [] as MetaLine[],
    imports: [] as Header['imports'][number][],
    sensitive: [] as Name[],
    parameters: [] as FlowParameter[],
  };
  #subflow: OpenSubflow | undefined;
  #attachment: FlowFile['attachment'];
  /** `@@` lines that wait for their statement. */
  #meta: MetaLine[] = [];
  #statementSeen = false;
  #nextToken = 0;
  /** 0-based number of the physical line the current token stands on. */
  #line = 0;
  /** When lines are parsed alone. */
  readonly #place: BodyPlace | undefined;

  constructor(text: string, tokens: Tokens, place?: BodyPlace) {
    this.#text = text;
    this.#tokens = tokens;
    this.#place = place;
    this.#cursor = new Cursor(text, tokens);
    this.#mainBlocks = new Blocks(this.#cursor, this.#main, place?.inHandler);
  }

  /** What was parsed alone; undefined when it leaves something open. */
  body(): ParsedBody | undefined {
    if (this.#mainBlocks.isOpen || this.#meta.length > 0) return undefined;
    const { diagnostics } = this.#cursor;
    this.#tokens.inner = this.#cursor.innerTokens;
    return {
      statements: this.#main,
      lines: this.#lines,
      diagnostics: diagnostics.sort(inTextOrder),
      lineEnds: this.#line,
      deepest: this.#mainBlocks.deepest,
    };
  }

  /** Parses the next `most` lines. `strange`: one of them does not belong to the place it is parsed for. */
  lines(most: number): 'more' | 'done' | 'strange' {
    const tokens = this.#tokens;
    const { length } = tokens;
    const start = this.#lines.length;
    let from = this.#nextToken;
    while (from < length) {
      if (this.#lines.length - start === most) {
        this.#nextToken = from;
        return 'more';
      }
      let to = from;
      let severalLines = false;
      while (to < length && tokens.code(to) !== kindCode.newline) {
        if (spansLines[tokens.code(to)] === 1) severalLines = true;
        to++;
      }
      const next = to < length ? to + 1 : to;
      if (next + this.#cursor.innerTokens > mostTokens) {
        this.#unread(from);
        break;
      }
      const role = this.#lineRole(from, to, severalLines);
      if (role === undefined) return 'strange';
      this.#lines.add(role, next, this.#line);
      this.#line += (severalLines ? this.#lineEnds(from, to) : 0) + (next > to ? 1 : 0);
      from = next;
    }
    return 'done';
  }

  /** The whole file, once all lines are parsed. */
  file(): FlowFile {
    this.#metaMustAttach();
    const end = this.#text.length;
    if (this.#subflow !== undefined) {
      const { node } = this.#subflow;
      this.#closeSubflow(end, undefined);
      const { start, end: nameEnd } = node.name;
      this.#cursor.noteAnyway(syntaxMessages.missingEndFunction(node.name.text), start, nameEnd);
    }
    this.#mainBlocks.closeAll(end);
    this.#tokens.inner = this.#cursor.innerTokens;
    return {
      text: this.#text,
      tokens: this.#tokens,
      lines: this.#lines,
      header: this.#header,
      main: this.#main,
      subflows: this.#subflows,
      attachment: this.#attachment,
      diagnostics: this.#cursor.diagnostics.sort(inTextOrder),
    };
  }

  #unread(from: number): void {
    this.#lines.add('unread', this.#tokens.length, this.#line);
    const start = this.#tokens.start(from);
    // Said even when the list of problems is full already.
    this.#cursor.diagnostics.push({ ...syntaxMessages.flowTooLarge(), start, end: start + 1 });
  }

  /** Line ends inside the tokens `from..to`. */
  #lineEnds(from: number, to: number): number {
    let count = 0;
    for (let i = from; i < to; i++) {
      if (spansLines[this.#tokens.code(i)] !== 1) continue;
      const end = this.#tokens.end(i);
      for (let at = this.#tokens.start(i); at < end; at++) {
        const c = this.#text.charCodeAt(at);
        if (c === 10 || (c === 13 && this.#text.charCodeAt(at + 1) !== 10)) count++;
      }
    }
    return count;
  }

  get #blocks(): Blocks {
    return this.#subflow?.blocks ?? this.#mainBlocks;
  }

  /** Parses the line of tokens `from..to` and says what it was; undefined when it does not belong here. */
  #lineRole(from: number, to: number, severalLines: boolean): LineRole | undefined {
    const cursor = this.#cursor;
    cursor.enterLine(from, to);
    if (cursor.atEnd) return this.#emptyLine(from, to);
    if (this.#place !== undefined && this.#reachesOut(this.#place)) return undefined;
    const line = this.#line + (severalLines ? this.#lineEnds(from, cursor.index) : 0);
    const role = this.#parseLine(line);
    if (!cursor.failed) {
      finishLine(cursor);
      this.#noteOpenComment(from, to);
    }
    return role;
  }

  /** True when what the line means depends on more than the lines that are parsed alone. */
  #reachesOut({ isRoot, inHandler }: BodyPlace): boolean {
    const cursor = this.#cursor;
    const blocks = this.#mainBlocks;
    switch (cursor.code) {
      case kindCode.at:
      case kindCode.attachment:
      case wordCode.IMPORT:
      case wordCode.FUNCTION:
        return true;
      case wordCode.END:
        return cursor.peek() === wordCode.FUNCTION || !(isRoot || blocks.isOpen);
      case wordCode.ELSE:
        return !(isRoot || blocks.isOpenIn('If'));
      case wordCode.CASE:
      case wordCode.DEFAULT:
        return !(isRoot || blocks.isOpenIn('Switch'));
      case wordCode.ON:
        if (blocks.isOpen) return false;
        if (cursor.peek() === wordCode.BLOCK && !isRoot) return true;
        return inHandler || !(blocks.takesRules || (isRoot && this.#statementSeen));
    }
    return false;
  }

  #emptyLine(from: number, to: number): LineRole {
    this.#noteOpenComment(from, to);
    for (let i = from; i < to; i++) {
      if (this.#tokens.code(i) !== kindCode.space) return 'comment';
    }
    return 'blank';
  }

  #noteOpenComment(from: number, to: number): void {
    const last = to - 1;
    if (last < from || this.#tokens.code(last) !== kindCode.comment) return;
    const start = this.#tokens.start(last);
    if (this.#text[start] === '/') {
      this.#cursor.note(syntaxMessages.unterminatedComment(), start, start + 2);
    }
  }

  #parseLine(line: number): LineRole {
    const cursor = this.#cursor;
    switch (cursor.code) {
      case kindCode.meta:
        return this.#metaLine();
      case kindCode.at:
        return this.#headerLine(line);
      case wordCode.IMPORT:
        return this.#importLine(line);
      case wordCode.FUNCTION:
        return this.#functionLine(line);
      case wordCode.END:
        return this.#endLine(line);
      case kindCode.attachment:
        return this.#attachmentLine();
      case wordCode.ELSE:
      case wordCode.CASE:
      case wordCode.DEFAULT:
      case wordCode.ON:
        this.#metaMustAttach();
        return this.#clause(line);
    }
    this.#statementSeen = true;
    const head: Head = { start: cursor.start, line, meta: this.#meta.length === 0 ? noMeta : this.#meta };
    if (this.#meta.length > 0) this.#meta = [];
    return this.#statement(head);
  }

  // ── Statements ────────────────────────────────────────────────────────────────────────────────────────────────

  #statement(head: Head): LineRole {
    const cursor = this.#cursor;
    switch (cursor.code) {
      case wordCode.SET:
        return this.#add(parseSet(cursor, head));
      case wordCode.CALL: {
        const call = parseCall(cursor, head);
        return this.#add(call, { target: call, owner: call });
      }
      case wordCode.IF: {
        cursor.advance();
        const condition = parseBranchCondition(cursor);
        this.#blocks.openIf({ ...head, end: cursor.lastEnd }, condition);
        return 'statement';
      }
      case wordCode.SWITCH: {
        cursor.advance();
        const value = parseExpression(cursor);
        this.#blocks.openSwitch({ ...head, end: cursor.lastEnd }, value);
        return 'statement';
      }
      case wordCode.LOOP: {
        const loop = parseLoopHead(cursor);
        const place = { ...head, end: cursor.lastEnd };
        // An unreadable loop still has its END: it loops over nothing.
        this.#blocks.openLoop(
          place,
          loop ?? { kind: 'While', condition: { kind: 'Expression', expression: cursor.missing() } },
        );
        return 'statement';
      }
      case wordCode.BLOCK: {
        cursor.advance();
        const name = cursor.atEnd ? undefined : parseName(cursor, 'the block', 'label');
        this.#blocks.openBlock({ ...head, end: cursor.lastEnd }, name);
        return 'statement';
      }
      case wordCode.LABEL:
        return this.#add(parseLabel(cursor, head, 'Label'));
      case wordCode.GOTO:
        return this.#add(parseLabel(cursor, head, 'Goto'));
      case wordCode.WAIT: {
        const wait = parseWait(cursor, head);
        const { condition } = wait;
        return this.#add(
          wait,
          condition.kind === 'Action'
            ? { target: condition as RuleTarget['target'], owner: wait }
            : undefined,
        );
      }
      case wordCode.EXIT:
        return this.#add(parseExit(cursor, head));
      case wordCode.ERROR:
        return this.#add(parseGetLastError(cursor, head));
      case wordCode.NEXT:
        return this.#add(parsePair(cursor, head, 'NEXT LOOP', nextForms));
      case wordCode.THROW:
        return this.#add(parsePair(cursor, head, 'THROW ERROR', throwForms));
      case wordCode.REPEAT:
        return this.#add(parsePair(cursor, head, 'REPEAT ACTION or REPEAT BLOCK', repeatForms));
      case wordCode.DISABLE:
        return this.#disabled(head);
      case kindCode.region:
        return this.#region(head);
    }
    if (startsAction(cursor)) {
      const action = parseAction(cursor, head);
      return this.#add(action, { target: action, owner: action });
    }
    return this.#unknown(head);
  }

  #add(statement: Statement, takesRules?: RuleTarget): LineRole {
    this.#blocks.add(statement, takesRules);
    return statement.kind === 'Error' ? 'error' : 'statement';
  }

  #disabled(head: Head): LineRole {
    const cursor = this.#cursor;
    cursor.silence();
    while (!cursor.atEnd) cursor.advance();
    this.#blocks.add({ kind: 'Disabled', ...head, end: cursor.lastEnd });
    // The designer leaves the error rules of a disabled action enabled: they are matched, but belong to nothing.
    this.#blocks.acceptRules();
    return 'disabled';
  }

  #region(head: Head): LineRole {
    const cursor = this.#cursor;
    const written = cursor.slice();
    cursor.advance();
    const place = { ...head, end: cursor.lastEnd };
    if (/^\*\*END/i.test(written)) return this.#add({ kind: 'EndRegion', ...place });
    return this.#add({ kind: 'Region', ...place, name: written.slice('**REGION'.length).trim() });
  }

  /** A line that starts like nothing known. Its problem names the likely mistake. */
  #unknown(head: Head): LineRole {
    const cursor = this.#cursor;
    cursor.fail(this.#likelyMistake());
    cursor.end = cursor.lastEnd = this.#lineTextEnd();
    this.#blocks.add(parseError(cursor, head));
    // Rules below an unreadable line were most likely its own.
    this.#blocks.acceptRules();
    return 'error';
  }

  #likelyMistake(): Problem {
    const cursor = this.#cursor;
    const written = cursor.slice();
    const word = written.toUpperCase();
    if (cursor.code === symbolCode['/'] && cursor.peek() === symbolCode['/'])
      return syntaxMessages.slashComment();
    if (word === 'REGION') return syntaxMessages.regionWithoutStars('**REGION Name');
    if (word === 'ENDREGION') return syntaxMessages.regionWithoutStars('**ENDREGION');
    if (written === '%') return syntaxMessages.barePercent();
    const hint = hints.get(word);
    if (hint !== undefined) return syntaxMessages.unknownStatement(` Write ${hint}.`);
    if (cursor.code === kindCode.word && cursor.peek() === symbolCode['=']) {
      return syntaxMessages.unknownStatement(` To give a variable a value, write SET ${written} TO value.`);
    }
    return syntaxMessages.unknownStatement('');
  }

  /** Where the last token of the current line ends that is neither blank nor comment. */
  #lineTextEnd(): number {
    const tokens = this.#tokens;
    let last = this.#cursor.index - 1;
    for (; last > 0; last--) {
      const code = tokens.code(last);
      if (code !== kindCode.space && code !== kindCode.comment && code !== kindCode.blockComment) break;
    }
    return tokens.end(last);
  }

  // ── Lines inside blocks ───────────────────────────────────────────────────────────────────────────────────────

  #clause(line: number): LineRole {
    const cursor = this.#cursor;
    const { start, code } = cursor;
    const place = (): LinePlace => ({ start, end: cursor.lastEnd, line });
    this.#statementSeen = true;
    switch (code) {
      case wordCode.ELSE: {
        cursor.advance();
        if (!cursor.take(wordCode.IF)) {
          this.#blocks.else(place());
          return 'clause';
        }
        const condition = parseBranchCondition(cursor);
        if (condition.kind === 'Action') cursor.note(syntaxMessages.elseIfAction(), start, cursor.lastEnd);
        this.#blocks.elseIf(place(), condition);
        return 'clause';
      }
      case wordCode.CASE: {
        const { operator, value } = parseCaseHead(cursor);
        this.#blocks.case(place(), operator, value);
        return 'clause';
      }
      case wordCode.DEFAULT:
        cursor.advance();
        this.#blocks.default(place());
        return 'clause';
    }
    cursor.advance();
    if (cursor.code === wordCode.BLOCK && cursor.peek() === wordCode.ERROR) {
      cursor.advance();
      cursor.advance();
      const handler = parseOnBlockErrorHead(cursor);
      this.#blocks.onBlockError(place(), handler);
      return 'clause';
    }
    if (!cursor.take(wordCode.ERROR)) {
      cursor.fail(syntaxMessages.expectedKeyword('ERROR', 'ON ERROR, or ON BLOCK ERROR'));
      return 'error';
    }
    const rules = parseOnErrorHead(cursor);
    this.#blocks.onError(place(), rules);
    return 'clause';
  }

  #endLine(line: number): LineRole {
    const cursor = this.#cursor;
    const { start } = cursor;
    this.#metaMustAttach();
    cursor.advance();
    if (cursor.take(wordCode.FUNCTION)) return this.#endFunction(start, line);
    if (cursor.code === kindCode.word && cursor.slice().toUpperCase() === 'REGION') {
      cursor.fail(syntaxMessages.regionWithoutStars('**ENDREGION'), start, cursor.end);
      return 'error';
    }
    if (cursor.isWord) cursor.fail(syntaxMessages.endWithWord(cursor.slice()));
    this.#blocks.end({ start, end: cursor.lastEnd, line });
    return 'clause';
  }

  // ── Subflows ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** `FUNCTION name GLOBAL`, or `FUNCTION name [input, …] [OUTPUT output, …]` for a subflow with variables of its own. */
  #functionLine(line: number): LineRole {
    const cursor = this.#cursor;
    const { start } = cursor;
    this.#metaMustAttach();
    this.#statementSeen = true;
    cursor.advance();
    if (this.#subflow !== undefined || this.#mainBlocks.isOpen) {
      cursor.note(syntaxMessages.functionInsideStatements(), start, cursor.lastEnd);
      if (this.#subflow !== undefined) this.#closeSubflow(start, undefined);
      this.#mainBlocks.closeAll(start);
    }
    const name = parseName(cursor, 'the subflow', 'label') ?? noName(cursor);
    const global = cursor.take(wordCode.GLOBAL);
    const inputs: Name[] = [];
    const outputs: Name[] = [];
    if (!global) this.#parameters(inputs, outputs);
    const body: Statement[] = [];
    const sensitive: Name[] = [];
    const node: OpenSubflow['node'] = {
      kind: 'Subflow',
      start,
      end: cursor.lastEnd,
      name,
      line,
      global,
      inputs,
      outputs,
      sensitive,
      body,
      endLine: undefined,
    };
    this.#subflow = { node, sensitive, blocks: new Blocks(cursor, body) };
    this.#subflows.push(node);
    return 'subflow';
  }

  #parameters(inputs: Name[], outputs: Name[]): void {
    const cursor = this.#cursor;
    cursor.take(symbolCode[',']);
    while (!cursor.atEnd) {
      const output =
        cursor.code === wordCode.OUTPUT && cursor.peek() !== symbolCode[','] && cursor.peek() !== lineEnd;
      if (output) cursor.advance();
      const name = parseName(cursor, 'the parameter', 'variable');
      if (name !== undefined) (output ? outputs : inputs).push(name);
      if (!cursor.take(symbolCode[','])) break;
    }
  }

  #endFunction(start: number, line: number): LineRole {
    if (this.#subflow === undefined) {
      this.#cursor.fail(syntaxMessages.strayEndFunction(), start, this.#cursor.lastEnd);
      return 'error';
    }
    this.#closeSubflow(this.#cursor.lastEnd, line);
    return 'subflow';
  }

  #closeSubflow(end: number, line: number | undefined): void {
    const subflow = this.#subflow as OpenSubflow;
    subflow.blocks.closeAll(end);
    subflow.node.end = end;
    subflow.node.endLine = line;
    this.#subflow = undefined;
  }

  // ── Header, metadata and attachment ───────────────────────────────────────────────────────────────────────────

  #metaLine(): LineRole {
    const cursor = this.#cursor;
    const { start } = cursor;
    cursor.advance();
    const key = parseMetaKey(cursor);
    let value: Expression = cursor.missing();
    if (key === undefined || !cursor.take(symbolCode[':'])) {
      cursor.fail(syntaxMessages.expectedSymbol("@@name: 'value'", 'in a description line', cursor.found()));
    } else {
      value = parseExpression(cursor);
    }
    this.#meta.push({ start, end: cursor.lastEnd, key: key ?? noName(cursor), value });
    return 'meta';
  }

  #metaMustAttach(): void {
    for (const { start, end } of this.#meta) {
      this.#cursor.noteAnyway(syntaxMessages.metaWithoutStatement(), start, end);
    }
    if (this.#meta.length > 0) this.#meta = [];
  }

  /** `@@` lines above a header line describe the flow. */
  #metaBelongsToHeader(): void {
    for (const meta of this.#meta) this.#header.meta.push(meta);
    this.#meta = [];
  }

  #importLine(line: number): LineRole {
    const cursor = this.#cursor;
    const { start } = cursor;
    this.#metaBelongsToHeader();
    cursor.advance();
    const path = parseExpression(cursor, wordCode.AS);
    if (!cursor.failed && !cursor.take(wordCode.AS)) {
      cursor.fail(syntaxMessages.expectedKeyword('AS', "IMPORT 'controlRepo.appmask' AS appmask"));
    }
    const alias = cursor.failed ? undefined : parseName(cursor, 'the import', 'variable');
    if (alias !== undefined) this.#header.imports.push({ path, alias, line });
    this.#belongsToHead('IMPORT', start);
    return 'header';
  }

  #headerLine(line: number): LineRole {
    const cursor = this.#cursor;
    const { start } = cursor;
    cursor.advance();
    const word = cursor.isWord ? cursor.slice().toUpperCase() : '';
    const direction = word === 'INPUT' ? 'input' : word === 'OUTPUT' ? 'output' : undefined;
    if (direction === undefined && word !== 'SENSITIVE') {
      this.#metaMustAttach();
      cursor.fail(syntaxMessages.unknownHeaderLine(), start, cursor.end);
      return 'error';
    }
    this.#metaBelongsToHeader();
    cursor.advance();
    if (direction !== undefined) {
      this.#belongsToHead(`@${word}`, start);
      this.#parameterLine(direction, start, line);
      return 'header';
    }
    const body = this.#subflow?.node.body;
    if (
      this.#subflow === undefined ||
      (body !== undefined && body.length > 0) ||
      this.#subflow.blocks.isOpen
    ) {
      this.#belongsToHead('@SENSITIVE', start);
    }
    this.#sensitiveNames(this.#subflow?.sensitive ?? this.#header.sensitive);
    return 'header';
  }

  #belongsToHead(line: string, start: number): void {
    if (this.#statementSeen) {
      this.#cursor.note(syntaxMessages.headerAfterStatements(line), start, this.#cursor.lastEnd);
    }
  }

  #parameterLine(direction: FlowParameter['direction'], start: number, line: number): void {
    const cursor = this.#cursor;
    const name = parseName(cursor, `the ${direction}`, 'variable') ?? noName(cursor);
    let definition: Expression = cursor.missing();
    if (cursor.take(symbolCode[':'])) definition = parseExpression(cursor);
    else if (!cursor.failed) {
      cursor.fail(syntaxMessages.expectedSymbol(':', `behind the name of the ${direction}`, cursor.found()));
    }
    this.#header.parameters.push({ direction, name, definition, line, start, end: cursor.lastEnd });
  }

  /** `: [Name, Name]` */
  #sensitiveNames(names: Name[]): void {
    const cursor = this.#cursor;
    if (!cursor.take(symbolCode[':']) || !cursor.take(symbolCode['['])) {
      cursor.fail(syntaxMessages.expectedSymbol(': [Name, Name]', 'behind @SENSITIVE', cursor.found()));
      return;
    }
    while (cursor.code !== symbolCode[']'] && !cursor.failed) {
      const name = parseName(cursor, 'the sensitive variable', 'variable');
      if (name !== undefined) names.push(name);
      if (!cursor.take(symbolCode[','])) break;
    }
    if (!cursor.take(symbolCode[']']) && !cursor.failed) {
      cursor.fail(syntaxMessages.expectedSymbol(']', 'after the names', cursor.found()));
    }
  }

  #attachmentLine(): LineRole {
    const cursor = this.#cursor;
    const { start, end } = cursor;
    const written = cursor.slice();
    const firstBreak = written.search(/[\r\n]/);
    const json = firstBreak < 0 ? '' : written.slice(firstBreak).trim();
    cursor.advance();
    this.#attachment = { json, start, end };
    return 'attachment';
  }
}

function inTextOrder(a: Diagnostic, b: Diagnostic): number {
  return a.start - b.start || a.end - b.end;
}

function parseMetaKey(cursor: Cursor): Name | undefined {
  if (cursor.code === kindCode.text) return parseName(cursor, 'the description', 'label');
  return cursor.isWord ? takeWord(cursor) : undefined;
}

/** Kinds of tokens that may contain line ends. */
const spansLines = new Uint8Array(256);
for (const kind of ['text', 'interpolated', 'powerFx', 'blockComment', 'attachment'] as const) {
  spansLines[kindCode[kind]] = 1;
}

/** Words that people bring from elsewhere, and what they mean here. */
const hints: ReadonlyMap<string, string> = new Map([
  ['ELSEIF', 'ELSE IF condition THEN'],
  ['FOREACH', 'LOOP FOREACH Item IN List'],
  ['WHILE', 'LOOP WHILE condition'],
  ['FOR', 'LOOP Index FROM 1 TO 10 STEP 1'],
  ['ENDIF', 'END'],
  ['BREAK', 'EXIT LOOP'],
  ['CONTINUE', 'NEXT LOOP'],
  ['RETURN', 'EXIT FUNCTION'],
  ['VAR', 'SET Name TO value'],
  ['LET', 'SET Name TO value'],
]);

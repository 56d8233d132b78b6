// What may stand where the caret is, judged by the half-written line alone: a statement, an action, an argument, a value, a property …
// Knows the grammar of the lines and the modules' names; which things exist to be offered is the caller's business.
import { isModule } from '../catalog/catalog.ts';
import { reservedWords } from '../syntax/keywords.ts';
import type { FlowFile } from '../syntax/tree.ts';
import { type HalfLine, halfExpression, halfLine, type Piece } from './line.ts';

/** A call that is being written: of an action, of a subflow (`CALL`), or of a statement with arguments. */
export interface HalfCall {
  readonly kind: 'action' | 'subflow' | 'exit' | 'lastError' | 'blockError';
  /** Id of the action, name of the subflow; empty for the others. */
  readonly name: string;
  /** Lower-cased names given on the line, before or behind the caret, those of outputs too. A dynamic one starts with `@`. */
  readonly given: ReadonlySet<string>;
  /** The argument or output whose value the caret stands in, or whose name it touches. */
  readonly active: HalfArgument | undefined;
  /** The value of the argument `FlowId`, when it is given before the caret. */
  readonly flowId: string | undefined;
}

export interface HalfArgument {
  readonly name: string;
  readonly output: boolean;
  readonly dynamic: boolean;
}

/** A call of a function such as `Contains(`: which of its arguments the caret stands in, from 0. */
export interface HalfFunction {
  readonly name: string;
  readonly index: number;
}

/** Where an action may be called: as a statement, or in parentheses behind IF, LOOP WHILE, WAIT. */
export type CallPosition = 'statement' | 'if' | 'while' | 'wait';

export type Purpose = 'any' | 'condition' | 'seconds' | 'number' | 'list' | 'target' | 'newName';

export type Spot = SpotKind & {
  /** What is replaced: the half-written word, id or name. On one line, around the caret. */
  readonly from: number;
  readonly to: number;
  /** Where the line begins; a text in it may span several lines. */
  readonly lineStart: number;
  /** The call around the caret, also from inside of its values. */
  readonly call: HalfCall | undefined;
  /** The innermost function call around the caret. */
  readonly callee: HalfFunction | undefined;
};

export type SpotKind =
  | { readonly kind: 'nothing' }
  /** The start of a line, or words that are no statement: perhaps those of an action's display name. */
  | { readonly kind: 'statement'; readonly disabled: boolean }
  /** One of some fixed words, behind the word or words `after`. */
  | { readonly kind: 'words'; readonly words: readonly string[]; readonly after: string }
  /** An id, whole or its part behind the last dot. `path` is what stands before that dot. */
  | { readonly kind: 'action'; readonly position: CallPosition; readonly path: string }
  /** The name of an argument or output of `call`. `at`: behind `@`. */
  | { readonly kind: 'argument'; readonly at: boolean }
  /**
   * A value. `start`: nothing of it is written yet, so an enum or a text may follow. `position`: an action may stand here, in
   * parentheses, of which the opening one is written when `opened`.
   */
  | {
      readonly kind: 'value';
      readonly purpose: Purpose;
      readonly start: boolean;
      readonly inText: boolean;
      readonly position: CallPosition | undefined;
      readonly opened: boolean;
    }
  /**
   * Behind a finished value. `phrase`: there are only words since that offset, perhaps those of the display name of an action that
   * may stand there as a condition.
   */
  | {
      readonly kind: 'operator';
      readonly words: readonly string[];
      readonly phrase: { readonly from: number; readonly position: CallPosition } | undefined;
    }
  /** Behind `path.`; `pathEnd` is the offset of the dot. */
  | { readonly kind: 'member'; readonly path: string; readonly pathEnd: number; readonly inText: boolean }
  /** A name in brackets: `path['…`. `open` tells what has been typed of the quotes. */
  | { readonly kind: 'index'; readonly path: string; readonly pathEnd: number; readonly quoted: boolean }
  | { readonly kind: 'subflow' }
  | { readonly kind: 'label' }
  | { readonly kind: 'error'; readonly block: boolean }
  | { readonly kind: 'exit' }
  | { readonly kind: 'loop' }
  | { readonly kind: 'case' }
  | { readonly kind: 'header' }
  /** The text of the argument `FlowId` of `External.RunFlow`. */
  | { readonly kind: 'flow'; readonly quoted: boolean };

const keywords: ReadonlySet<string> = new Set(reservedWords);
const nothing: SpotKind = { kind: 'nothing' };
const operators: ReadonlySet<string> = new Set(['AND', 'OR', 'XOR', 'NOT', 'MOD']);

/** The spot at an offset; nothing far behind in a very long line. O(length of the line). Never throws. */
export function spotAt(file: FlowFile, caret: number): Spot {
  const line = halfLine(file, caret);
  if (line === undefined) {
    return { ...nothing, from: caret, to: caret, lineStart: caret, call: undefined, callee: undefined };
  }
  return new Reader(file.text, line).read();
}

interface Argument extends HalfArgument {
  /** Index of the first piece of its value. */
  readonly value: number;
}

class Reader {
  readonly #text: string;
  readonly #line: HalfLine;
  readonly #pieces: readonly Piece[];
  #from: number;
  #to: number;
  #call: HalfCall | undefined;
  #callee: HalfFunction | undefined;

  constructor(text: string, line: HalfLine) {
    this.#text = text;
    this.#line = line;
    this.#pieces = line.before;
    this.#from = line.from;
    this.#to = line.to;
  }

  read(): Spot {
    const kind = this.#statement();
    return this.#spot(kind);
  }

  #spot(kind: SpotKind): Spot {
    return {
      ...kind,
      from: this.#from,
      to: this.#to,
      lineStart: this.#line.start,
      call: this.#call,
      callee: this.#callee,
    };
  }

  #upper(index: number): string {
    return this.#pieces[index]?.text.toUpperCase() ?? '';
  }

  get #count(): number {
    return this.#pieces.length;
  }

  get #last(): Piece | undefined {
    return this.#pieces.at(-1);
  }

  // ── The line ──

  #statement(): SpotKind {
    const { literal } = this.#line;
    if (literal !== undefined && !(literal.kind in textKinds)) return nothing;
    const first = this.#pieces[0];
    let at = 0;
    if (first !== undefined && this.#upper(0) === 'DISABLE') at = 1;
    const head = this.#pieces[at];
    if (head === undefined) {
      if (literal !== undefined) return nothing;
      this.#takeWholeId();
      return { kind: 'statement', disabled: at === 1 };
    }
    if (head.kind === 'at') return this.#headerLine();
    if (head.kind !== 'word') return nothing;
    switch (this.#upper(at)) {
      case 'SET':
        return this.#set(at + 1);
      case 'IF':
        return this.#condition(at + 1, 'if', ['THEN']);
      case 'ELSE':
        return this.#afterElse(at + 1);
      case 'SWITCH':
        return this.#value(at + 1, { purpose: 'any' });
      case 'CASE':
        return this.#case(at + 1);
      case 'LOOP':
        return this.#loop(at + 1);
      case 'WAIT':
        return this.#condition(at + 1, 'wait', ['FOR']);
      case 'EXIT':
        return this.#exit(at + 1);
      case 'NEXT':
        return this.#words(at + 1, 'NEXT', ['LOOP', 'ACTION']);
      case 'THROW':
        return this.#words(at + 1, 'THROW', ['ERROR']);
      case 'REPEAT':
        return this.#words(at + 1, 'REPEAT', ['ACTION', 'BLOCK']);
      case 'END':
        return this.#words(at + 1, 'END', ['FUNCTION']);
      case 'ON':
        return this.#on(at + 1);
      case 'ERROR':
        return this.#lastError(at + 1);
      case 'CALL':
        return this.#callSubflow(at + 1);
      case 'GOTO':
        return this.#name(at + 1, { kind: 'label' });
      case 'FUNCTION':
        return this.#count > at + 1 && this.#upper(this.#count - 1) !== ','
          ? this.#operator(['GLOBAL', 'OUTPUT'])
          : nothing;
      case 'IMPORT':
        return this.#words(at + 2, 'IMPORT', ['AS']);
      case 'LABEL':
      case 'BLOCK':
        return nothing;
    }
    if (this.#upper(at + 1) === '.') return this.#action(at, 'statement');
    return this.#phrase(at, { kind: 'statement', disabled: at === 1 });
  }

  /** An id is replaced as a whole, also by another one. */
  #takeWholeId(): void {
    const parts = /(?:\.[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*)*/uy;
    parts.lastIndex = this.#to;
    this.#to += parts.exec(this.#text)?.[0].length ?? 0;
  }

  /** Words only, from `at` on: perhaps the display name of an action. */
  #phrase(at: number, spot: SpotKind): SpotKind {
    const words = this.#pieces.slice(at);
    if (this.#line.literal !== undefined || words.some(({ kind }) => kind !== 'word')) return nothing;
    this.#from = (words[0] as Piece).start;
    return spot;
  }

  #headerLine(): SpotKind {
    if (this.#line.literal !== undefined) return nothing;
    if (this.#count > 1) return nothing;
    this.#from = (this.#pieces[0] as Piece).start;
    return { kind: 'header' };
  }

  /** Fixed words that may stand at the piece `at`. */
  #words(at: number, after: string, words: readonly string[]): SpotKind {
    return this.#line.literal !== undefined || this.#count !== at ? nothing : { kind: 'words', words, after };
  }

  /** A name that stands at the piece `at`, written as a word or in quotes. */
  #name(at: number, spot: SpotKind): SpotKind {
    if (this.#count !== at) return nothing;
    const { literal, caret } = this.#line;
    if (literal === undefined) return spot;
    if (literal.kind !== 'text') return nothing;
    this.#quotedRange(literal.start, caret);
    return spot;
  }

  /** The range of a quoted name that is being typed, its closing quote included when it stands on the line. */
  #quotedRange(start: number, caret: number): void {
    this.#from = start;
    const rest = /[^'\r\n]*/y;
    rest.lastIndex = caret;
    const behind = caret + (rest.exec(this.#text)?.[0].length ?? 0);
    this.#to = this.#text.charAt(behind) === "'" ? behind + 1 : caret;
  }

  #set(at: number): SpotKind {
    const to = this.#indexOf('TO', at);
    if (to >= 0) return this.#value(to + 1, { purpose: 'any' });
    if (this.#count === at) {
      return this.#line.literal !== undefined ? nothing : this.#plainValue('target');
    }
    const inside = this.#inPath(at);
    return inside ?? (this.#isOperand(this.#last) ? this.#operator(['TO']) : nothing);
  }

  #afterElse(at: number): SpotKind {
    if (this.#count === at) return this.#words(at, 'ELSE', ['IF']);
    return this.#upper(at) === 'IF' ? this.#condition(at + 1, undefined, ['THEN']) : nothing;
  }

  #condition(at: number, position: CallPosition | undefined, closers: readonly string[]): SpotKind {
    const purpose = position === 'wait' ? 'seconds' : 'condition';
    if (position !== undefined && this.#upper(at) === '(') {
      const close = this.#matching(at);
      if (close < 0) {
        if (this.#count === at + 1 && this.#line.literal === undefined) {
          return { ...this.#plainValue('condition'), position, opened: true };
        }
        if (this.#startsCall(at + 1)) return this.#action(at + 1, position);
      } else if (close === this.#count - 1 && this.#line.literal === undefined) {
        return this.#operator(position === 'if' ? [...closers, 'AND', 'OR'] : closers);
      }
    }
    const closer = closers.map((word) => this.#indexOf(word, at)).find((index) => index >= 0) ?? -1;
    if (closer >= 0) {
      return position === 'wait' ? this.#value(closer + 1, { purpose: 'seconds' }) : nothing;
    }
    return this.#value(at, { purpose, position, closers });
  }

  /** `Module.` or `Module.Action…` in parentheses; a variable of a module's name may be meant, which is rarer. */
  #startsCall(at: number): boolean {
    return (
      this.#pieces[at]?.kind === 'word' &&
      this.#upper(at + 1) === '.' &&
      isModule((this.#pieces[at] as Piece).text)
    );
  }

  #case(at: number): SpotKind {
    const { literal } = this.#line;
    if (this.#count === at && literal === undefined) return { kind: 'case' };
    const first = caseOperators.has(this.#upper(at)) ? at + 1 : at;
    return this.#value(first, { purpose: 'any' });
  }

  #loop(at: number): SpotKind {
    if (this.#count === at) return this.#line.literal === undefined ? { kind: 'loop' } : nothing;
    switch (this.#upper(at)) {
      case 'FOREACH': {
        const source = this.#indexOf('IN', at + 1);
        if (source >= 0) return this.#value(source + 1, { purpose: 'list' });
        if (this.#count === at + 1) return this.#newName();
        return this.#count === at + 2 ? this.#operator(['IN']) : nothing;
      }
      case 'WHILE':
        return this.#condition(at + 1, 'while', []);
    }
    const from = this.#indexOf('FROM', at);
    if (from < 0) return this.#count === at + 1 ? this.#operator(['FROM']) : nothing;
    const to = this.#indexOf('TO', from);
    if (to < 0) return this.#value(from + 1, { purpose: 'number', closers: ['TO'] });
    const step = this.#indexOf('STEP', to);
    if (step < 0) return this.#value(to + 1, { purpose: 'number', closers: ['STEP'] });
    return this.#value(step + 1, { purpose: 'number' });
  }

  #newName(): SpotKind {
    return this.#line.literal === undefined ? this.#plainValue('newName') : nothing;
  }

  #exit(at: number): SpotKind {
    const args = this.#arguments(at, 'exit', '');
    if (this.#count === at && this.#line.literal === undefined) return { kind: 'exit' };
    if (this.#upper(at) === 'LOOP' || this.#upper(at) === 'FUNCTION') return nothing;
    return args;
  }

  #on(at: number): SpotKind {
    if (this.#count === at) return this.#words(at, 'ON', ['ERROR', 'BLOCK ERROR']);
    if (this.#upper(at) === 'BLOCK') {
      if (this.#count === at + 1) return this.#words(at + 1, 'ON BLOCK', ['ERROR']);
      if (this.#upper(at + 1) !== 'ERROR') return nothing;
      if (this.#count === at + 2) return this.#name(at + 2, { kind: 'error', block: true });
      return this.#arguments(at + 3, 'blockError', '');
    }
    if (this.#upper(at) !== 'ERROR') return nothing;
    if (this.#count === at + 1) return this.#name(at + 1, { kind: 'error', block: false });
    if (this.#upper(at + 1) !== 'REPEAT') return nothing;
    const times = this.#indexOf('TIMES', at + 2);
    if (times < 0) return this.#value(at + 2, { purpose: 'number', closers: ['TIMES'] });
    if (this.#count === times + 1) return this.#words(times + 1, 'TIMES', ['WAIT']);
    if (this.#upper(times + 1) !== 'WAIT') return nothing;
    return this.#value(times + 2, { purpose: 'seconds' });
  }

  #lastError(at: number): SpotKind {
    const arrow = this.#indexOf('=>', at);
    if (arrow < 0) return nothing;
    if (this.#count === arrow + 1) return this.#newName();
    return this.#arguments(arrow + 2, 'lastError', '');
  }

  #callSubflow(at: number): SpotKind {
    if (this.#count === at) return this.#name(at, { kind: 'subflow' });
    const name = this.#pieces[at] as Piece;
    return this.#arguments(at + 1, 'subflow', unquoted(name.text));
  }

  // ── Calls ──

  #action(at: number, position: CallPosition): SpotKind {
    let end = at + 1;
    while (this.#upper(end) === '.' && this.#pieces[end + 1]?.kind === 'word') end += 2;
    const first = this.#pieces[at] as Piece;
    if (this.#upper(end) === '.' && end === this.#count - 1) {
      // `Module.Action.` and the word at the caret
      if (this.#line.literal !== undefined) return nothing;
      const path = this.#text.slice(first.start, (this.#last as Piece).start);
      this.#from = first.start;
      this.#takeWholeId();
      return { kind: 'action', position, path };
    }
    const id = this.#text.slice(first.start, (this.#pieces[end - 1] as Piece).end);
    if (end === this.#count && this.#line.literal === undefined && this.#line.word === '') {
      const touching = (this.#last as Piece).end === this.#line.caret;
      if (touching) return nothing;
    }
    return this.#arguments(end, 'action', id);
  }

  /** Behind the name of what is called: the name of an argument, or its value. */
  #arguments(at: number, kind: HalfCall['kind'], name: string): SpotKind {
    const args = this.#argumentsFrom(at);
    const current = args.at(-1);
    const given = new Set(args.map(argumentKey));
    for (const key of this.#givenBehind()) given.add(key);
    const flowId = args.find((argument) => argument.name.toLowerCase() === 'flowid');
    const base = {
      kind,
      name,
      given,
      flowId: flowId === undefined ? undefined : unquoted(this.#pieces[flowId.value]?.text ?? ''),
    };
    const { literal, word } = this.#line;
    const afterAt = this.#last?.kind === 'at';
    const valueStarts = current !== undefined && current.value === this.#count;
    // A complete value before the caret: now the next name.
    const complete =
      current !== undefined &&
      !valueStarts &&
      this.#depth(current.value) === 0 &&
      this.#isOperand(this.#last);
    if (literal === undefined && (current === undefined || afterAt || complete)) {
      this.#call = { ...base, active: touched(word, afterAt, kind) };
      if (afterAt) this.#from = (this.#last as Piece).start;
      if (!afterAt && current === undefined && this.#count > at) return nothing;
      return { kind: 'argument', at: afterAt };
    }
    if (current === undefined) {
      this.#call = { ...base, active: undefined };
      return nothing;
    }
    this.#call = {
      ...base,
      active: { name: current.name, output: current.output, dynamic: current.dynamic },
    };
    if (current.output && valueStarts) return this.#newName();
    if (valueStarts && this.#isFlowId(this.#call)) return this.#flowId();
    return this.#value(current.value, { purpose: 'any' });
  }

  #isFlowId({ kind, name, active }: HalfCall): boolean {
    return (
      kind === 'action' &&
      name.toLowerCase() === 'external.runflow' &&
      active?.name.toLowerCase() === 'flowid'
    );
  }

  #flowId(): SpotKind {
    const { literal, caret } = this.#line;
    if (literal === undefined) return { kind: 'flow', quoted: false };
    if (literal.kind === 'text') this.#quotedRange(literal.start, caret);
    return literal.kind === 'text' ? { kind: 'flow', quoted: true } : nothing;
  }

  /** The arguments whose colon or arrow stands before the caret, outside of brackets. */
  #argumentsFrom(at: number): Argument[] {
    const found: Argument[] = [];
    let depth = 0;
    for (let i = at; i < this.#count; i++) {
      const text = this.#upper(i);
      if (opens.has(text)) depth++;
      else if (closes.has(text)) depth--;
      if (depth !== 0 || (text !== ':' && text !== '=>') || i === at) continue;
      const name = this.#pieces[i - 1] as Piece;
      if (name.kind !== 'word' && name.kind !== 'text') continue;
      found.push({
        name: unquoted(name.text),
        output: text === '=>',
        dynamic: this.#pieces[i - 2]?.kind === 'at',
        value: i + 1,
      });
    }
    return found;
  }

  /** Keys of the arguments behind the caret, as far as its own line reaches. */
  #givenBehind(): string[] {
    const rest = /[^\r\n]*/y;
    rest.lastIndex = this.#to;
    const text = rest.exec(this.#text)?.[0] ?? '';
    const code = text.replace(/\$?'''(?:\\.|[^\\])*?'''|'(?:\\.|[^\\'])*'/g, "''");
    return [...code.matchAll(/(@?)([\p{L}_][\p{L}\p{N}_]*)\s*(?:=>|:)/gu)].map(
      ([, at, name]) => `${at}${name?.toLowerCase()}`,
    );
  }

  // ── Values ──

  /** The value whose first piece is `at`. `closers` are the words that may follow it on this line. */
  #value(
    at: number,
    {
      purpose,
      position,
      closers = [],
    }: { purpose: Purpose; position?: CallPosition | undefined; closers?: readonly string[] },
  ): SpotKind {
    const { literal } = this.#line;
    this.#noteFunction(at);
    if (literal !== undefined) return this.#inLiteral(at);
    const path = this.#inPath(at);
    if (path !== undefined) return path;
    if (this.#count > at && this.#isOperand(this.#last)) {
      const depth = this.#depth(at);
      const logic = purpose === 'condition' ? ['AND', 'OR'] : [];
      const words = [...(depth === 0 ? closers : []), ...logic];
      const phrase =
        position !== undefined && this.#pieces.slice(at).every(({ kind }) => kind === 'word')
          ? { from: (this.#pieces[at] as Piece).start, position }
          : undefined;
      return { kind: 'operator', words, phrase };
    }
    const start = this.#count === at;
    return {
      ...this.#plainValue(start ? purpose : 'any'),
      start,
      position: start ? position : undefined,
    };
  }

  #plainValue(purpose: Purpose): SpotKind & { readonly kind: 'value' } {
    return { kind: 'value', purpose, start: true, inText: false, position: undefined, opened: false };
  }

  #operator(words: readonly string[]): SpotKind {
    return this.#line.literal === undefined ? { kind: 'operator', words, phrase: undefined } : nothing;
  }

  /** Behind a dot or inside brackets of a path such as `Table[0].`; undefined when the caret is at neither. */
  #inPath(at: number): SpotKind | undefined {
    const last = this.#last;
    if (last === undefined || this.#count <= at) return undefined;
    if (last.text === '.') {
      const first = this.#pathStart(this.#count - 2, at);
      if (first < 0) return nothing;
      const path = this.#text.slice((this.#pieces[first] as Piece).start, last.start);
      return { kind: 'member', path, pathEnd: last.start, inText: false };
    }
    if (last.text === '[') {
      const first = this.#pathStart(this.#count - 2, at);
      if (first < 0) return undefined;
      const path = this.#text.slice((this.#pieces[first] as Piece).start, last.start);
      return { kind: 'index', path, pathEnd: last.start, quoted: false };
    }
    return undefined;
  }

  /** The index of the first piece of the path that ends with the piece `end`; -1 when none ends there. */
  #pathStart(end: number, at: number): number {
    for (let i = end; i >= at; ) {
      const text = this.#upper(i);
      if (text === ']') {
        let depth = 0;
        for (; i >= at; i--) {
          if (closes.has(this.#upper(i))) depth++;
          else if (opens.has(this.#upper(i)) && --depth === 0) break;
        }
        i--;
        continue;
      }
      const piece = this.#pieces[i] as Piece;
      if (piece.kind !== 'word' || (operators.has(text) && this.#upper(i - 1) !== '.')) return -1;
      if (this.#upper(i - 1) !== '.') return i;
      i -= 2;
    }
    return -1;
  }

  #inLiteral(at: number): SpotKind {
    const { literal, caret } = this.#line;
    if (literal === undefined) return nothing;
    if (literal.kind === 'text') {
      if (this.#last?.text === '[') {
        const first = this.#pathStart(this.#count - 2, at);
        if (first < 0) return nothing;
        const path = this.#text.slice((this.#pieces[first] as Piece).start, this.#last.start);
        this.#quotedRange(literal.start, caret);
        return { kind: 'index', path, pathEnd: this.#last.start, quoted: true };
      }
      return nothing;
    }
    if (literal.kind !== 'interpolated') return nothing;
    const inside = interpolationAt(this.#text, literal.content, caret);
    if (inside === undefined) return nothing;
    const spot = new Reader(this.#text, halfExpression(this.#text, inside, caret)).readExpression();
    this.#from = spot.from;
    this.#to = spot.to;
    this.#callee = spot.callee;
    const { from: _from, to: _to, lineStart: _lineStart, call: _call, callee: _callee, ...kind } = spot;
    return 'inText' in kind ? { ...kind, inText: true } : kind;
  }

  /** The same line, read as an expression from its first piece to the caret. */
  readExpression(): Spot {
    return this.#spot(this.#value(0, { purpose: 'any' }));
  }

  // ── Pieces ──

  /** Index of a keyword or sign outside of brackets, from the piece `at` on; -1 when there is none. */
  #indexOf(word: string, at: number): number {
    let depth = 0;
    for (let i = at; i < this.#count; i++) {
      const text = this.#upper(i);
      if (opens.has(text)) depth++;
      else if (closes.has(text)) depth--;
      else if (depth === 0 && text === word && this.#upper(i - 1) !== '.') return i;
    }
    return -1;
  }

  /** Index of the bracket that closes the one at `at`; -1 when none does. */
  #matching(at: number): number {
    let depth = 0;
    for (let i = at; i < this.#count; i++) {
      if (opens.has(this.#upper(i))) depth++;
      else if (closes.has(this.#upper(i)) && --depth === 0) return i;
    }
    return -1;
  }

  #depth(at: number): number {
    let depth = 0;
    for (let i = at; i < this.#count; i++) {
      if (opens.has(this.#upper(i))) depth++;
      else if (closes.has(this.#upper(i))) depth--;
    }
    return depth;
  }

  /** True for a piece that can end a value. */
  #isOperand(piece: Piece | undefined): boolean {
    if (piece === undefined) return false;
    if (piece.kind === 'word') return !operators.has(piece.text.toUpperCase());
    if (piece.kind === 'symbol') return closes.has(piece.text);
    return piece.kind in textKinds || piece.kind === 'number' || piece.kind === 'datetime';
  }

  /** Notes the innermost function call that is open at the caret, from the piece `at` on. */
  #noteFunction(at: number): void {
    let depth = 0;
    let commas = 0;
    for (let i = this.#count - 1; i >= at; i--) {
      const text = this.#upper(i);
      if (closes.has(text)) depth++;
      else if (text === ',' && depth === 0) commas++;
      else if (opens.has(text) && depth-- === 0) {
        const name = this.#pieces[i - 1];
        if (text === '(' && i > at && name?.kind === 'word' && !keywords.has(name.text.toUpperCase())) {
          this.#callee = { name: name.text, index: commas };
          return;
        }
        depth = 0;
        commas = 0;
      }
    }
  }
}

const textKinds: Readonly<Partial<Record<Piece['kind'], true>>> = {
  text: true,
  interpolated: true,
  powerFx: true,
  encrypted: true,
  opaque: true,
};
const opens: ReadonlySet<string> = new Set(['(', '[', '{']);
const closes: ReadonlySet<string> = new Set([')', ']', '}']);
const caseOperators: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>=']);

const argumentKey = ({ name, dynamic }: HalfArgument): string => `${dynamic ? '@' : ''}${name.toLowerCase()}`;

/** The half-written name at the caret as the active argument; undefined when nothing of it is written. */
function touched(word: string, dynamic: boolean, kind: HalfCall['kind']): HalfArgument | undefined {
  return word === '' || kind === 'exit' ? undefined : { name: word, output: false, dynamic };
}

/** The text of a name without its quotes. */
function unquoted(text: string): string {
  return /^(\$?'''|')([\s\S]*?)('''|')?$/.exec(text)?.[2]?.replace(/\\(['"\\])/g, '$1') ?? text;
}

/** Where the `%…%` that the caret stands in begins, behind its percent sign; undefined outside of any. */
function interpolationAt(text: string, content: number, caret: number): number | undefined {
  let inside: number | undefined;
  let quoted = false;
  for (let at = content; at < caret; at++) {
    const c = text.charAt(at);
    if (inside === undefined) {
      if (c === '\\') at++;
      else if (c === '%') {
        if (text.charAt(at + 1) === '%' && at + 1 < caret) at++;
        else inside = at + 1;
      }
    } else if (c === "'") quoted = !quoted;
    else if (c === '%' && !quoted) inside = undefined;
    else if ((c === '\n' || c === '\r') && !quoted) inside = undefined;
  }
  return inside;
}

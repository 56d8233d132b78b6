// Semantic tokens: what each word means, beyond what the TextMate grammar can tell. Also what is secret, declared or inherited, and
// which actions are outdated or unknown to this agent. Escapes inside texts, brackets and the attachment are left to the grammar.
import {
  type Range,
  SemanticTokenModifiers,
  type SemanticTokens,
  type SemanticTokensDelta,
  SemanticTokenTypes,
} from 'vscode-languageserver';
import type { LineIndex } from '../../base/text.ts';
import type { Sensitivity } from '../../language/analysis/sensitivity.ts';
import { visitWords, type WordKind, type WordVisitor } from '../../language/analysis/words.ts';
import { findAction, isImplemented } from '../../language/catalog/catalog.ts';
import { isReservedWord, kindCode, symbolCode } from '../../language/syntax/tokens.ts';
import type { ActionCall, FlowFile, LineRole, Node, Subflow } from '../../language/syntax/tree.ts';
import type { Feature } from '../feature.ts';
import type { Analysis } from '../workspace.ts';

const types = [
  SemanticTokenTypes.namespace,
  SemanticTokenTypes.method,
  SemanticTokenTypes.parameter,
  SemanticTokenTypes.variable,
  SemanticTokenTypes.property,
  SemanticTokenTypes.enum,
  SemanticTokenTypes.enumMember,
  SemanticTokenTypes.keyword,
  SemanticTokenTypes.string,
  SemanticTokenTypes.number,
  SemanticTokenTypes.operator,
  SemanticTokenTypes.comment,
  SemanticTokenTypes.label,
  SemanticTokenTypes.class,
  SemanticTokenTypes.function,
  SemanticTokenTypes.decorator,
  SemanticTokenTypes.event,
] as const;

const modifiers = [
  SemanticTokenModifiers.declaration,
  SemanticTokenModifiers.modification,
  SemanticTokenModifiers.deprecated,
  SemanticTokenModifiers.defaultLibrary,
  'sensitive',
  'sensitiveInherited',
  'unsupported',
] as const;

const type = Object.fromEntries(types.map((name, index) => [name, index])) as Record<
  (typeof types)[number],
  number
>;
const modifier = Object.fromEntries(modifiers.map((name, index) => [name, 1 << index])) as Record<
  (typeof modifiers)[number],
  number
>;

export const semanticTokensLegend = { tokenTypes: [...types], tokenModifiers: [...modifiers] };

export const semanticTokens: Feature = {
  capabilities: {
    semanticTokensProvider: { legend: semanticTokensLegend, full: { delta: true }, range: true },
  },
  register({ connection, workspace, answer }) {
    /** What the client has, by document. */
    const sent = new Map<string, Sent>();
    workspace.onDidClose((uri) => sent.delete(uri));
    const { semanticTokens: requests } = connection.languages;
    const nothing = { data: [] };
    requests.on(({ textDocument: { uri } }, token) =>
      answer<SemanticTokens>('semantic tokens', uri, token, nothing, (analysis) => {
        const data = tokensOf(analysis);
        sent.set(uri, { id: analysis.id, data });
        return { resultId: analysis.id, data: [...data] };
      }),
    );
    requests.onDelta(({ textDocument: { uri }, previousResultId }, token) =>
      answer<SemanticTokens | SemanticTokensDelta>('semantic tokens', uri, token, nothing, (analysis) => {
        const data = tokensOf(analysis);
        const before = sent.get(uri);
        sent.set(uri, { id: analysis.id, data });
        return before?.id === previousResultId
          ? { resultId: analysis.id, edits: difference(before.data, data) }
          : { resultId: analysis.id, data: [...data] };
      }),
    );
    requests.onRange(({ textDocument, range }, token) =>
      answer<SemanticTokens>('semantic tokens', textDocument.uri, token, nothing, (analysis) => ({
        data: tokensIn(analysis, range),
      })),
    );
  },
};

interface Sent {
  readonly id: string;
  readonly data: Uint32Array;
}

const known = new WeakMap<Analysis, Uint32Array>();

/** The tokens of a document in the protocol's form: five numbers each, places relative to the token before. */
export function tokensOf(analysis: Analysis): Uint32Array {
  let data = known.get(analysis);
  if (data === undefined) {
    data = new Painter(analysis).run();
    known.set(analysis, data);
  }
  return data;
}

/** The tokens that begin on a line of the range. */
export function tokensIn(analysis: Analysis, range: Range): number[] {
  const all = tokensOf(analysis);
  let line = 0;
  let character = 0;
  const found: number[] = [];
  for (let i = 0; i < all.length; i += 5) {
    const down = all[i] as number;
    line += down;
    character = (all[i + 1] as number) + (down === 0 ? character : 0);
    if (line < range.start.line) continue;
    if (line > range.end.line) break;
    if (found.length === 0) found.push(line, character);
    else found.push(down, all[i + 1] as number);
    found.push(all[i + 2] as number, all[i + 3] as number, all[i + 4] as number);
  }
  return found;
}

/** The one edit that turns the numbers `before` into `after`; none when they are the same. */
export function difference(
  before: Uint32Array,
  after: Uint32Array,
): { start: number; deleteCount: number; data: number[] }[] {
  const shorter = Math.min(before.length, after.length);
  let same = 0;
  while (same < shorter && before[same] === after[same]) same++;
  if (same === before.length && same === after.length) return [];
  let tail = 0;
  while (tail < shorter - same && before[before.length - 1 - tail] === after[after.length - 1 - tail]) {
    tail++;
  }
  return [
    {
      start: same,
      deleteCount: before.length - same - tail,
      data: [...after.subarray(same, after.length - tail)],
    },
  ];
}

// ── Words ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Marks a place where a text is interrupted by an expression. */
const interruption = 255;

/** The words of the tree with their types, in the order of the text. */
class Words implements WordVisitor {
  readonly #text: string;
  readonly #sensitivity: Sensitivity;
  starts: Uint32Array;
  ends: Uint32Array;
  types: Uint8Array;
  modifiers: Uint8Array;
  length = 0;
  #ordered = true;
  readonly #sharedDeclared: ReadonlySet<string>;
  readonly #sharedSensitive: ReadonlySet<string>;
  #declared: ReadonlySet<string>;
  #sensitive: ReadonlySet<string>;
  /** Modifiers of the variables of the current body, by name as written. */
  readonly #known = new Map<string, number>();
  readonly #actions = new Map<string, number>();
  readonly #hasSecrets: boolean;

  constructor(analysis: Analysis) {
    const { file, model } = analysis;
    this.#text = analysis.text;
    this.#sensitivity = model.sensitivity;
    const size = Math.max(16, file.tokens.length >> 2);
    this.starts = new Uint32Array(size);
    this.ends = new Uint32Array(size);
    this.types = new Uint8Array(size);
    this.modifiers = new Uint8Array(size);
    this.#sharedDeclared = this.#declared = keys(file.header.sensitive);
    this.#sharedSensitive = this.#sensitive = this.#sensitivity.names();
    this.#hasSecrets =
      this.#sharedSensitive.size > 0 ||
      file.subflows.some(({ name, global }) => !global && this.#sensitivity.names(name.text).size > 0);
    visitWords(file, this);
    if (!this.#ordered) this.#sort();
  }

  enter(subflow: Subflow | undefined): void {
    if (!this.#hasSecrets) return;
    const local = subflow !== undefined && !subflow.global;
    this.#known.clear();
    this.#declared = local ? keys(subflow.sensitive) : this.#sharedDeclared;
    this.#sensitive = local ? this.#sensitivity.names(subflow.name.text) : this.#sharedSensitive;
  }

  word(kind: WordKind, { start, end }: Node, about?: unknown): void {
    switch (kind) {
      case 'variable':
        this.#add(start, end, type.variable, this.#secrecy(about as string));
        break;
      case 'written':
      case 'changed':
        this.#add(start, end, type.variable, modifier.modification | this.#secrecy(about as string));
        break;
      case 'argument':
      case 'output':
        this.#add(start, end, type.parameter, 0);
        break;
      case 'action':
        this.#action(about as ActionCall);
        break;
      case 'property':
        this.#add(start, end, type.property, 0);
        break;
      case 'enum': {
        this.#parts(this.#text, start, end, [type.namespace, type.enum, type.enumMember], 0);
        break;
      }
      case 'parameter':
        this.#add(start, end, type.variable, modifier.declaration | this.#secrecy(about as string));
        break;
      case 'global':
        this.#add(start, end, type.keyword, 0);
        break;
      case 'function':
        this.#add(start, end, type.function, modifier.defaultLibrary);
        break;
      case 'subflow':
        this.#add(start, end, type.class, 0);
        break;
      case 'subflowName':
        this.#add(start, end, type.class, modifier.declaration);
        break;
      case 'label':
        this.#add(start, end, type.label, 0);
        break;
      case 'labelName':
      case 'block':
        this.#add(start, end, type.label, modifier.declaration);
        break;
      case 'error':
        this.#add(start, end, type.event, 0);
        break;
      case 'annotation':
        this.#add(start, end, type.decorator, 0);
        break;
      case 'boolean':
        this.#add(start, end, type.keyword, 0);
        break;
      case 'number':
        this.#add(start, end, type.number, 0);
        break;
      case 'text':
        this.#add(start, end, type.string, 0);
        break;
      case 'interpolation':
        this.#add(start, end, interruption, 0);
        break;
    }
  }

  #action({ id, idStart, idEnd }: ActionCall): void {
    let mods = this.#actions.get(id);
    if (mods === undefined) {
      const found = findAction(id);
      const old = found?.replacedBy !== undefined || found?.writtenAs.removed !== undefined;
      mods =
        (old ? modifier.deprecated : 0) |
        (found !== undefined && !isImplemented(id) ? modifier.unsupported : 0);
      this.#actions.set(id, mods);
    }
    this.#parts(id, idStart, idEnd, [type.namespace, type.method, type.method], mods);
  }

  /** The parts of a dotted name; `mods` go to all but the first. `text` is the name itself, or contains it at `start`. */
  #parts(text: string, start: number, end: number, partTypes: readonly number[], mods: number): void {
    const offset = text.length === end - start ? start : 0;
    let at = start - offset;
    for (let part = 0; part < partTypes.length; part++) {
      const dot = part + 1 < partTypes.length ? text.indexOf('.', at) : -1;
      const stop = dot < 0 || dot > end - offset ? end - offset : dot;
      this.#add(at + offset, stop + offset, partTypes[part] as number, part === 0 ? 0 : mods);
      if (stop === end - offset) break;
      at = stop + 1;
    }
  }

  #secrecy(name: string): number {
    if (!this.#hasSecrets) return 0;
    let secrecy = this.#known.get(name);
    if (secrecy === undefined) {
      const shared = name.startsWith('GLOBAL.');
      const key = (shared ? name.slice('GLOBAL.'.length) : name).toLowerCase();
      const declared = (shared ? this.#sharedDeclared : this.#declared).has(key);
      const sensitive = (shared ? this.#sharedSensitive : this.#sensitive).has(key);
      secrecy = declared ? modifier.sensitive : sensitive ? modifier.sensitiveInherited : 0;
      this.#known.set(name, secrecy);
    }
    return secrecy;
  }

  #add(start: number, end: number, wordType: number, mods: number): void {
    if (end <= start) return;
    const { length } = this;
    if (length === this.starts.length) this.#grow();
    if (length > 0 && start < (this.starts[length - 1] as number)) this.#ordered = false;
    this.starts[length] = start;
    this.ends[length] = end;
    this.types[length] = wordType;
    this.modifiers[length] = mods;
    this.length++;
  }

  #grow(): void {
    const larger = <A extends Uint32Array | Uint8Array>(array: A, empty: A): A => {
      empty.set(array);
      return empty;
    };
    const size = this.length * 2;
    this.starts = larger(this.starts, new Uint32Array(size));
    this.ends = larger(this.ends, new Uint32Array(size));
    this.types = larger(this.types, new Uint8Array(size));
    this.modifiers = larger(this.modifiers, new Uint8Array(size));
  }

  /** Only for flows with head lines in the wrong place. */
  #sort(): void {
    const { starts, ends, types: wordTypes, modifiers: mods, length } = this;
    const order = Array.from({ length }, (_, index) => index).sort(
      (a, b) => (starts[a] as number) - (starts[b] as number) || (ends[b] as number) - (ends[a] as number),
    );
    this.starts = Uint32Array.from(order, (index) => starts[index] as number);
    this.ends = Uint32Array.from(order, (index) => ends[index] as number);
    this.types = Uint8Array.from(order, (index) => wordTypes[index] as number);
    this.modifiers = Uint8Array.from(order, (index) => mods[index] as number);
  }
}

function keys(names: readonly { readonly text: string }[]): ReadonlySet<string> {
  return new Set(names.map(({ text }) => text.toLowerCase()));
}

// ── Painting ────────────────────────────────────────────────────────────────────────────────────────────────────

const operators = new Uint8Array(256);
for (const symbol of ['=', '<>', '<', '<=', '>', '>=', '+', '-', '*', '/', '=>'] as const) {
  operators[symbolCode[symbol]] = 1;
}

/** Goes through tokens and words side by side and writes down what the client gets. */
class Painter {
  readonly #file: FlowFile;
  readonly #text: string;
  readonly #lines: LineIndex;
  readonly #words: Words;
  #data: Uint32Array;
  #length = 0;
  #word = 0;
  /** Everything before is painted. */
  #painted = 0;
  #line = 0;
  #lineStart = 0;
  #nextLine: number;
  #lastLine = 0;
  #lastCharacter = 0;

  constructor(analysis: Analysis) {
    this.#file = analysis.file;
    this.#text = analysis.text;
    this.#lines = analysis.lines;
    this.#words = new Words(analysis);
    // About half of the tokens are blanks and line ends.
    this.#data = new Uint32Array(Math.max(80, 3 * this.#file.tokens.length));
    this.#nextLine = this.#startOf(1);
  }

  run(): Uint32Array {
    const { lines } = this.#file;
    for (let line = 0; line < lines.length; line++) {
      const role = lines.role(line);
      if (role === 'blank') continue;
      if (role === 'attachment' || role === 'unread') break;
      const from = lines.tokenStart(line);
      const to = lines.tokenEnd(line);
      if (role === 'disabled') this.#disabled(from, to);
      else for (let token = from; token < to; token++) this.#token(token, role);
    }
    return this.#data.subarray(0, this.#length);
  }

  #token(token: number, role: LineRole): void {
    const { tokens } = this.#file;
    const code = tokens.code(token);
    if (code === kindCode.space || code === kindCode.newline) return;
    const start = tokens.start(token);
    const end = tokens.end(token);
    if (code === kindCode.word || isReservedWord(code)) {
      if (!this.#claimed(start, end) && role !== 'error') this.#plainWord(token, start, end, role);
      return;
    }
    switch (code) {
      case kindCode.comment:
      case kindCode.blockComment:
        this.#paint(start, end, type.comment, 0);
        break;
      case kindCode.number:
        this.#paint(start, end, type.number, 0);
        break;
      case kindCode.text:
        // A quoted name is a word of the tree.
        if (!this.#claimed(start, end)) this.#textPiece(start, end);
        break;
      case kindCode.interpolated:
        this.#interpolated(start, end);
        break;
      case kindCode.powerFx:
        this.#textPiece(start, end);
        break;
      case kindCode.encrypted:
      case kindCode.datetime:
        this.#paint(start, end, type.string, 0);
        break;
      default:
        if (operators[code] === 1) this.#paint(start, end, type.operator, 0);
    }
  }

  /** Paints the words of the tree in `start..end`. False when there are none. */
  #claimed(start: number, end: number): boolean {
    const words = this.#words;
    while (this.#word < words.length && (words.starts[this.#word] as number) < start) this.#word++;
    let any = false;
    while (this.#word < words.length && (words.starts[this.#word] as number) < end) {
      this.#paintWord(this.#word++);
      any = true;
    }
    return any;
  }

  #paintWord(index: number): void {
    const { starts, ends, types: wordTypes, modifiers: mods } = this.#words;
    if (wordTypes[index] === interruption) return;
    this.#paint(
      starts[index] as number,
      ends[index] as number,
      wordTypes[index] as number,
      mods[index] as number,
    );
  }

  /** A word that is no name: a keyword, or the name of an option such as `Reset:`. */
  #plainWord(token: number, start: number, end: number, role: LineRole): void {
    const { tokens } = this.#file;
    const next = tokens.code(token + 1) === kindCode.space ? token + 2 : token + 1;
    if (role !== 'header' && next < tokens.length && tokens.code(next) === symbolCode[':']) {
      this.#paint(start, end, type.parameter, 0);
      return;
    }
    // Besides the reserved words there are `all` behind ON BLOCK ERROR and @SENSITIVE.
    const keyword = isReservedWord(tokens.code(token)) || role === 'header' || role === 'clause';
    if (keyword) this.#paint(start, end, type.keyword, 0);
  }

  #interpolated(start: number, end: number): void {
    const words = this.#words;
    while (this.#word < words.length && (words.starts[this.#word] as number) < start) this.#word++;
    let from = start;
    while (this.#word < words.length && (words.starts[this.#word] as number) < end) {
      const index = this.#word++;
      if (words.types[index] === interruption) {
        this.#textPiece(from, words.starts[index] as number);
        from = words.ends[index] as number;
      } else this.#paintWord(index);
    }
    this.#textPiece(from, end);
  }

  /** A stretch of text without its escapes: the grammar shows those better. */
  #textPiece(start: number, end: number): void {
    const text = this.#text;
    let from = start;
    for (let at = start; at < end; at++) {
      const c = text.charCodeAt(at);
      if (c !== 92 && c !== 37) continue;
      const next = text.charCodeAt(at + 1);
      const escaped = c === 92 ? next === 92 || next === 39 || next === 34 || next === 37 : next === 37;
      if (!escaped || at + 1 >= end) continue;
      this.#paint(from, at, type.string, 0);
      at++;
      from = at + 1;
    }
    this.#paint(from, end, type.string, 0);
  }

  /** A disabled row reads like a comment behind its keyword. */
  #disabled(from: number, to: number): void {
    const { tokens } = this.#file;
    let first = from;
    while (first < to && tokens.kind(first) !== 'word') first++;
    if (first === to) return;
    this.#paint(tokens.start(first), tokens.end(first), type.keyword, 0);
    let last = to - 1;
    while (last > first && (tokens.kind(last) === 'newline' || tokens.kind(last) === 'space')) last--;
    let next = first + 1;
    while (next < last && tokens.kind(next) === 'space') next++;
    if (next <= last) this.#paint(tokens.start(next), tokens.end(last), type.comment, 0);
  }

  /** Writes one token, or one per line for what spans lines: not every client understands more. */
  #paint(start: number, end: number, tokenType: number, mods: number): void {
    let from = Math.max(start, this.#painted);
    if (from >= end) return;
    while (from >= this.#nextLine) this.#step();
    while (end >= this.#nextLine) {
      this.#write(from, this.#contentEnd(), tokenType, mods);
      from = this.#nextLine;
      this.#step();
    }
    this.#write(from, end, tokenType, mods);
    this.#painted = end;
  }

  #write(start: number, end: number, tokenType: number, mods: number): void {
    if (end <= start) return;
    if (this.#length + 5 > this.#data.length) {
      const larger = new Uint32Array(this.#data.length * 2);
      larger.set(this.#data);
      this.#data = larger;
    }
    const character = start - this.#lineStart;
    const down = this.#line - this.#lastLine;
    const data = this.#data;
    let at = this.#length;
    data[at++] = down;
    data[at++] = down === 0 ? character - this.#lastCharacter : character;
    data[at++] = end - start;
    data[at++] = tokenType;
    data[at++] = mods;
    this.#length = at;
    this.#lastLine = this.#line;
    this.#lastCharacter = character;
  }

  #step(): void {
    this.#line++;
    this.#lineStart = this.#nextLine;
    this.#nextLine = this.#startOf(this.#line + 1);
  }

  #startOf(line: number): number {
    const lines = this.#lines;
    return line < lines.lineCount ? lines.offset({ line, character: 0 }) : Number.POSITIVE_INFINITY;
  }

  /** Where the current line ends without its line end. */
  #contentEnd(): number {
    const text = this.#text;
    let end = this.#nextLine;
    while (end > this.#lineStart && (text[end - 1] === '\n' || text[end - 1] === '\r')) end--;
    return end;
  }
}

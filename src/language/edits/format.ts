// Formatting: how the designer lays out a flow, as the fewest edits. Changes blanks and letter case only; texts, comments,
// line ends, disabled rows and the attachment stay as they are, and so does everything but the indentation of a faulty line.
import { visitWords } from '../analysis/words.ts';
import { findAction, findEnum } from '../catalog/catalog.ts';
import { reservedWords } from '../syntax/keywords.ts';
import type { ActionCall, FlowFile, LineRole } from '../syntax/tree.ts';
import type { TextEdit } from './edit.ts';

// The layout: four blanks a level; CASE and DEFAULT one level inside SWITCH; error rules at the level of their action; regions add
// no level. The designer puts the rows below an annotation line, and the handlers of a block, at the very start of the line,
// however deep they are nested. Text it laid out so is left so, which keeps its own flows unchanged; text written elsewhere is
// indented by its structure.

const levelWidth = 4;
/** Deeper nesting stays at this indentation: blanks in front of a hundred thousand nested lines would fill the memory. */
const deepestIndent = 100 * levelWidth;
const mostBlankLines = 2;

export interface FormatRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The edits that lay out a flow, or those of them that lie inside `ranges`. None when it is laid out already. Linear in the text. A
 * range that ends at the start of a line leaves that line alone, as a selection of whole lines means it.
 */
export function formatEdits(file: FlowFile, ranges?: readonly FormatRange[]): TextEdit[] {
  const { lines, tokens } = file;
  const edits: TextEdit[] = [];
  const layout = new Layout(file);
  const faulty = faultyLines(file);
  const words = spellings(file, ranges);
  const selected = (start: number, end: number) =>
    ranges === undefined ||
    ranges.some((range) => end > range.start && (start < range.end || start === range.start));
  let blankLines = 0;
  for (let line = 0; line < lines.length; line++) {
    const place = layout.next(line);
    if (place.role === 'attachment' || place.role === 'unread') break;
    blankLines = place.role === 'blank' ? blankLines + 1 : 0;
    const start = tokens.start(lines.tokenStart(line));
    const end = tokens.end(lines.tokenEnd(line) - 1);
    if (!selected(start, end)) continue;
    if (blankLines > mostBlankLines) edits.push({ start, end, text: '' });
    else formatLine(file, line, place, faulty.has(line) ? undefined : words, edits);
  }
  return ranges === undefined
    ? edits
    : edits.filter((edit) => ranges.some(({ start, end }) => edit.start >= start && edit.end <= end));
}

/**
 * The edits while somebody types, when `typed` has just been put in before `offset`. A line break lays out the line it ended and
 * indents the new one; a letter that completes END, ELSE, CASE, DEFAULT or ON ERROR moves its line to where it belongs.
 */
export function typingEdits(file: FlowFile, offset: number, typed: string): TextEdit[] {
  const { lines, tokens, text } = file;
  const layout = new Layout(file);
  let before: LinePlace | undefined;
  let line = 0;
  for (; line < lines.length; line++) {
    const end = tokens.end(lines.tokenEnd(line) - 1);
    if (offset < end || (offset === end && tokens.kind(lines.tokenEnd(line) - 1) !== 'newline')) break;
    before = layout.next(line);
  }
  const start = line < lines.length ? tokens.start(lines.tokenStart(line)) : text.length;
  // Inside a text or a comment of several lines the blanks are part of it.
  if (/[\r\n]/.test(text.slice(start, offset))) return [];
  const { inside } = layout;
  const place = line < lines.length ? layout.next(line) : undefined;
  if (!/[\r\n]/.test(typed)) {
    const moves =
      (place?.role === 'clause' || place?.role === 'subflow') && completes.test(lineText(file, line));
    return place !== undefined && moves ? indentation(file, line, place) : [];
  }
  const edits: TextEdit[] = [];
  if (before !== undefined && before.role !== 'attachment' && before.role !== 'unread') {
    const range = { start: tokens.start(lines.tokenStart(line - 1)), end: start };
    const words = faultyLines(file).has(line - 1) ? undefined : spellings(file, [range]);
    formatLine(file, line - 1, before, words, edits);
  }
  if (place === undefined) {
    if (inside > 0 && before?.role !== 'attachment')
      edits.push({ start, end: start, text: ' '.repeat(inside) });
  } else {
    edits.push(...indentation(file, line, place.role === 'blank' ? { ...place, indent: inside } : place));
  }
  return edits;
}

const completes = /^(?:END|END\s+FUNCTION|ELSE|CASE|DEFAULT|ON\s+(?:BLOCK\s+)?ERROR)$/i;

function lineText({ tokens, lines, text }: FlowFile, line: number): string {
  return text.slice(tokens.start(lines.tokenStart(line)), tokens.end(lines.tokenEnd(line) - 1)).trim();
}

// ── Indentation ─────────────────────────────────────────────────────────────────────────────────────────────────

interface LinePlace {
  readonly role: LineRole;
  /** Blanks in front of it. */
  readonly indent: number;
  /** The designer's own place for it, when the text around it is laid out by the designer. */
  readonly accepted: number | undefined;
}

type Frame =
  | { readonly kind: 'Function' | 'If' | 'Loop' | 'Rules'; readonly indent: number }
  | { readonly kind: 'Switch'; readonly indent: number; inCase: boolean }
  | {
      readonly kind: 'Block';
      readonly indent: number;
      part: 'start' | 'handlers' | 'body';
      /** Where its handlers start; not the block's own indentation when the designer wrote them. */
      handlers: number;
      /** The BLOCK line itself stands where it belongs. */
      readonly placed: boolean;
    };

/** Indentation line by line, from the first words of each line alone: it works the same in half-written flows. */
class Layout {
  readonly #file: FlowFile;
  readonly #frames: Frame[] = [];
  /** So many of the outermost frames are known to be of another kind. */
  readonly #without = { If: 0, Switch: 0 };
  /** Inside a run of annotation lines: the designer starts everything behind the first one at column 0. */
  #annotated = false;
  /** Indentation of the latest row that error rules can belong to. */
  #ruleIndent = 0;

  constructor(file: FlowFile) {
    this.#file = file;
  }

  /** Indentation of a statement that would follow. */
  get inside(): number {
    return Math.min(this.#below(this.#frames.at(-1)), deepestIndent);
  }

  #below(top: Frame | undefined): number {
    if (top === undefined) return 0;
    if (top.kind === 'Switch') return top.indent + (top.inCase ? 2 : 1) * levelWidth;
    if (top.kind === 'Block' && top.part === 'handlers') return top.handlers + levelWidth;
    return top.indent + levelWidth;
  }

  /** Lines must be given in order, none left out. */
  next(line: number): LinePlace {
    const { lines } = this.#file;
    const role = lines.role(line);
    const annotated = this.#annotated;
    if (role !== 'blank' && role !== 'comment') this.#annotated = role === 'meta';
    switch (role) {
      case 'blank':
        return { role, indent: 0, accepted: undefined };
      case 'header':
        return this.#at(role, this.#frames.length === 0 ? 0 : this.inside);
      case 'subflow':
        return this.#subflow(line, role);
      case 'clause':
        return this.#clause(line, role);
      case 'meta': {
        const place = this.#at(role, this.inside);
        if (annotated) return { ...place, accepted: 0 };
        // Only behind a first annotation that stands in its place was the rest laid out by the designer.
        this.#annotated = this.#indentOf(line) === place.indent;
        return place;
      }
      case 'statement': {
        const indent = this.inside;
        this.#ruleIndent = indent;
        this.#open(line, indent);
        return annotated ? { role, indent, accepted: 0 } : this.#at(role, indent);
      }
      default:
        this.#ruleIndent = this.inside;
        return annotated && role !== 'comment'
          ? { role, indent: this.inside, accepted: 0 }
          : this.#at(role, this.inside);
    }
  }

  #at(role: LineRole, indent: number): LinePlace {
    return { role, indent, accepted: undefined };
  }

  #open(line: number, indent: number): void {
    switch (this.#words(line)[0]) {
      case 'IF':
        this.#frames.push({ kind: 'If', indent });
        break;
      case 'LOOP':
        this.#frames.push({ kind: 'Loop', indent });
        break;
      case 'SWITCH':
        this.#frames.push({ kind: 'Switch', indent, inCase: false });
        break;
      case 'BLOCK': {
        const placed = this.#indentOf(line) === indent;
        this.#frames.push({ kind: 'Block', indent, part: 'start', handlers: indent, placed });
      }
    }
  }

  #subflow(line: number, role: LineRole): LinePlace {
    this.#leave(0);
    if (this.#words(line)[0] === 'FUNCTION') this.#frames.push({ kind: 'Function', indent: 0 });
    return this.#at(role, 0);
  }

  #clause(line: number, role: LineRole): LinePlace {
    const [first, second] = this.#words(line);
    const top = this.#frames.at(-1);
    switch (first) {
      case 'ELSE': {
        const owner = this.#owner('If');
        return this.#at(role, owner?.indent ?? this.inside);
      }
      case 'CASE':
      case 'DEFAULT': {
        const owner = this.#owner('Switch');
        if (owner === undefined) return this.#at(role, this.inside);
        owner.inCase = true;
        return this.#at(role, owner.indent + levelWidth);
      }
      case 'ON':
        if (second === 'BLOCK') return this.#onBlockError(line, role, top);
        if (top?.kind === 'Rules') return this.#at(role, top.indent);
        this.#frames.push({ kind: 'Rules', indent: this.#ruleIndent });
        return this.#at(role, this.#ruleIndent);
    }
    if (top === undefined || top.kind === 'Function') return this.#at(role, this.inside);
    if (top.kind === 'Block' && top.part === 'handlers') {
      top.part = 'body';
      return this.#at(role, top.handlers);
    }
    this.#leave(Math.max(0, this.#frames.length - 1));
    this.#ruleIndent = top.indent;
    return this.#at(role, top.indent);
  }

  #onBlockError(line: number, role: LineRole, top: Frame | undefined): LinePlace {
    if (top?.kind !== 'Block' || top.part === 'body') return this.#at(role, this.inside);
    if (top.part === 'start' && top.placed && this.#indentOf(line) === 0) top.handlers = 0;
    top.part = 'handlers';
    return this.#at(role, top.handlers);
  }

  /** The innermost open IF or SWITCH; blocks inside it that lack their END are given up. */
  #owner<Kind extends 'If' | 'Switch'>(kind: Kind): (Frame & { kind: Kind }) | undefined {
    let index = this.#frames.length - 1;
    while (index >= this.#without[kind] && this.#frames[index]?.kind !== kind) index--;
    if (index < this.#without[kind]) {
      this.#without[kind] = this.#frames.length;
      return undefined;
    }
    this.#leave(index + 1);
    return this.#frames[index] as Frame & { kind: Kind };
  }

  #leave(depth: number): void {
    this.#frames.length = depth;
    this.#without.If = Math.min(this.#without.If, depth);
    this.#without.Switch = Math.min(this.#without.Switch, depth);
  }

  /** The first two words of a line, in capitals. */
  #words(line: number): readonly [string?, string?] {
    const { tokens, lines, text } = this.#file;
    const found: [string?, string?] = [];
    const end = lines.tokenEnd(line);
    for (let token = lines.tokenStart(line); token < end && found.length < 2; token++) {
      const kind = tokens.kind(token);
      if (kind === 'space' || kind === 'blockComment') continue;
      if (kind !== 'word') break;
      found.push(text.slice(tokens.start(token), tokens.end(token)).toUpperCase());
    }
    return found;
  }

  /** Blanks in front of a line as it is now; -1 when there are other signs than blanks, such as tabs. */
  #indentOf(line: number): number {
    const blanks = leadingBlanks(this.#file, line);
    return /^ *$/.test(blanks) ? blanks.length : -1;
  }
}

function indentation(file: FlowFile, line: number, place: LinePlace): TextEdit[] {
  const start = file.tokens.start(file.lines.tokenStart(line));
  const blanks = leadingBlanks(file, line);
  if (blanks.length === place.accepted) return [];
  const wanted = ' '.repeat(place.indent);
  return blanks === wanted ? [] : [{ start, end: start + blanks.length, text: wanted }];
}

function leadingBlanks({ tokens, lines, text }: FlowFile, line: number): string {
  const first = lines.tokenStart(line);
  const end = lines.tokenEnd(line);
  let token = first;
  while (token < end && tokens.kind(token) === 'space') token++;
  return token === first ? '' : text.slice(tokens.start(first), tokens.end(token - 1));
}

// ── Words and blanks in a line ──────────────────────────────────────────────────────────────────────────────────

/** By the offset of a word: how it is spelled, or undefined for a name that is spelled as its author likes. */
type Spellings = ReadonlyMap<number, string | undefined>;

/** The words that are no keywords. Those outside of `ranges` are left out. */
function spellings(file: FlowFile, ranges: readonly FormatRange[] | undefined): Spellings {
  const found = new Map<number, string | undefined>();
  visitWords(file, {
    word(kind, { start, end }, about) {
      if (ranges?.every((range) => end < range.start || start > range.end)) return;
      const written = file.text.slice(start, end);
      switch (kind) {
        case 'action': {
          const known = findAction(written)?.writtenAs.id;
          spellParts(found, start, written, known);
          break;
        }
        case 'argument':
        case 'output':
          found.set(
            start,
            typeof about === 'object' && 'id' in about ? nameOf(written, kind, about) : undefined,
          );
          break;
        case 'enum': {
          const known = findEnum(about as string);
          const member = known?.members.find((name) =>
            sameName(name, written.slice(written.lastIndexOf('.') + 1)),
          );
          spellParts(found, start, written, member === undefined ? undefined : `${known?.type}.${member}`);
          break;
        }
        case 'function':
          found.set(start, functions.get(written.toLowerCase()));
          break;
        case 'boolean':
          found.set(start, written.toLowerCase() === 'true' ? 'True' : 'False');
          break;
        case 'global':
          found.set(start, 'GLOBAL');
          break;
        default:
          found.set(start, undefined);
      }
    },
  });
  return found;
}

/** Each part of a dotted id on its own: blanks may stand around the dots. Without `known` every part stays as it is. */
function spellParts(
  found: Map<number, string | undefined>,
  start: number,
  written: string,
  known: string | undefined,
): void {
  const parts = known?.split('.') ?? [];
  let index = 0;
  for (const { index: at } of written.matchAll(/[^\s.]+/g)) found.set(start + at, parts[index++]);
}

function nameOf(written: string, kind: 'argument' | 'output', call: ActionCall): string | undefined {
  const found = findAction(call.id);
  if (found === undefined) return undefined;
  for (const action of [found.writtenAs, found.definition]) {
    const names: readonly { readonly name: string }[] =
      kind === 'argument' ? action.arguments : action.outputs;
    const known = names.find(({ name }) => sameName(name, written));
    if (known !== undefined) return known.name;
  }
  return undefined;
}

function sameName(one: string, other: string): boolean {
  return one.length === other.length && one.toLowerCase() === other.toLowerCase();
}

const functions: ReadonlyMap<string, string> = new Map(
  [
    'IsEmpty',
    'IsNotEmpty',
    'IsBlank',
    'IsNotBlank',
    'Blank',
    'Contains',
    'NotContains',
    'StartsWith',
    'NotStartsWith',
    'EndsWith',
    'NotEndsWith',
  ].map((name) => [name.toLowerCase(), name]),
);

const reserved: ReadonlySet<string> = new Set(reservedWords);

function isKeyword(word: string, role: LineRole): boolean {
  const capitals = word.toUpperCase();
  return reserved.has(capitals) || (role === 'header' && capitals === 'SENSITIVE');
}

function keywordSpelling(word: string): string {
  const capitals = word.toUpperCase();
  return capitals === 'TRUE' ? 'True' : capitals === 'FALSE' ? 'False' : capitals;
}

/** Problems of a whole block: the line they are told of is well written. */
const blockProblems: ReadonlySet<string> = new Set([
  'MissingEnd',
  'MissingEndFunction',
  'MetaWithoutStatement',
  'BlockInHandler',
  'StatementBeforeCase',
]);

/** Lines with a problem of syntax: what their blanks mean is not certain. */
function faultyLines(file: FlowFile): ReadonlySet<number> {
  const { lines, tokens } = file;
  const diagnostics = file.diagnostics.filter(({ code }) => !blockProblems.has(code));
  const faulty = new Set<number>();
  let next = 0;
  for (let line = 0; line < lines.length && next < diagnostics.length; line++) {
    const end = tokens.end(lines.tokenEnd(line) - 1);
    for (; next < diagnostics.length && (diagnostics[next]?.start ?? 0) < end; next++) faulty.add(line);
    // The list of problems ends early when there are too many: then every further line may have one.
    if (next === diagnostics.length && diagnostics.at(-1)?.code === 'TooManyProblems') {
      for (let rest = line; rest < lines.length; rest++) faulty.add(rest);
    }
  }
  return faulty;
}

/** `words` is absent for a line of which only the indentation is touched. */
function formatLine(
  file: FlowFile,
  line: number,
  place: LinePlace,
  words: Spellings | undefined,
  edits: TextEdit[],
): void {
  const { tokens, lines, text } = file;
  edits.push(...indentation(file, line, place));
  const { role } = place;
  if (words === undefined || role === 'blank' || role === 'disabled' || role === 'error') return;
  const gaps = new Gaps(role);
  let blankStart = -1;
  const end = lines.tokenEnd(line);
  for (let token = lines.tokenStart(line); token < end; token++) {
    const kind = tokens.kind(token);
    const start = tokens.start(token);
    if (kind === 'space') {
      if (blankStart < 0) blankStart = start;
      continue;
    }
    if (kind === 'newline') {
      if (blankStart >= 0 && gaps.started) trimEnd(blankStart, start);
      blankStart = -1;
      continue;
    }
    const tokenEnd = tokens.end(token);
    const written = kind === 'word' || kind === 'symbol' ? text.slice(start, tokenEnd) : '';
    const keyword = kind === 'word' && !words.has(start) && isKeyword(written, role);
    const gapStart = blankStart >= 0 ? blankStart : start;
    const wanted = gaps.before(kind, written, keyword);
    if (wanted !== undefined && text.slice(gapStart, start) !== wanted) {
      if (wanted !== ' ' || kind !== 'comment' || gapStart === start) {
        edits.push({ start: gapStart, end: start, text: wanted });
      }
    }
    if (kind === 'word') {
      const spelling = keyword ? keywordSpelling(written) : words.get(start);
      if (spelling !== undefined && spelling !== written)
        edits.push({ start, end: tokenEnd, text: spelling });
    }
    blankStart = -1;
  }
  if (blankStart >= 0 && gaps.started) trimEnd(blankStart, tokens.end(end - 1));

  /** The designer ends an unnamed BLOCK, a WAIT, and the inputs and outputs in the head with a blank: that one may stay. */
  function trimEnd(from: number, to: number): void {
    const usual = gaps.endsWithBlank && to - from === 1;
    if (!usual) edits.push({ start: from, end: to, text: '' });
  }
}

/** The blanks between two tokens of a line. `undefined`: as they are. */
class Gaps {
  readonly #role: LineRole;
  readonly #brackets: string[] = [];
  #kind: string | undefined;
  #written = '';
  #keyword = false;
  #count = 0;
  /** Tokens of an empty object `{{ }}` seen so far. */
  #emptyObject = 0;
  #firstWord = '';
  /** A minus that belongs to the value behind it. */
  #sign = false;

  constructor(role: LineRole) {
    this.#role = role;
  }

  get started(): boolean {
    return this.#count > 0;
  }

  get endsWithBlank(): boolean {
    if (this.#role === 'header') return this.#written === '}';
    return this.#firstWord === 'WAIT' || (this.#firstWord === 'BLOCK' && this.#count === 1);
  }

  before(kind: string, written: string, keyword: boolean): string | undefined {
    const gap = this.#count === 0 ? undefined : this.#between(kind, written);
    this.#step(kind, written, keyword);
    return gap;
  }

  #step(kind: string, written: string, keyword: boolean): void {
    const sign = written === '-' && kind === 'symbol' && !this.#endsValue();
    if (kind === 'symbol') {
      if (written === '(' || written === '[' || written === '{') this.#brackets.push(written);
      else if (written === ')' || written === ']' || written === '}') this.#brackets.pop();
    }
    const expected = ['{', '{', '}'][this.#emptyObject];
    this.#emptyObject = written === expected ? this.#emptyObject + 1 : written === '{' ? 1 : 0;
    this.#sign = sign;
    if (this.#count === 0) this.#firstWord = keyword ? written.toUpperCase() : '';
    this.#kind = kind;
    this.#written = written;
    this.#keyword = keyword;
    this.#count++;
  }

  /** Whether the token before is the end of a value, so that a minus, a bracket or a parenthesis belongs to it. */
  #endsValue(): boolean {
    if (this.#kind === 'symbol')
      return this.#written === ')' || this.#written === ']' || this.#written === '}';
    return this.#kind !== undefined && !this.#keyword && this.#kind !== 'at' && this.#kind !== 'meta';
  }

  #between(kind: string, written: string): string | undefined {
    const before = this.#kind;
    const sign = this.#written;
    if (kind === 'blockComment' || before === 'blockComment') return undefined;
    if (kind === 'comment') return ' ';
    if (before === 'at' || before === 'meta') return '';
    if (before === 'symbol') {
      if (this.#sign || sign === '.' || sign === '(' || sign === '[' || sign === '^') return '';
      if (sign === '{' && written === '[') return '';
      if (sign === '{' && written === '{') return '';
      if (sign === ':' && this.#brackets.at(-1) === '[') return '';
      if (sign === '}' && written === '}') return this.#emptyObject === 3 ? '' : ' ';
    }
    if (kind !== 'symbol') return ' ';
    switch (written) {
      case '.':
      case ',':
      case ')':
      case ']':
        return '';
      case ':':
        return this.#role === 'header' && this.#brackets.length === 0 && this.#firstWordIsParameter()
          ? ' '
          : '';
      case '=>':
        return this.#firstWord === 'ERROR' && this.#count === 1 ? ' ' : '';
      case '[':
        return this.#endsValue() ? '' : ' ';
      case '(':
        if (this.#keyword && sign.toUpperCase() === 'NOT') return undefined;
        return this.#endsValue() ? '' : ' ';
      default:
        return ' ';
    }
  }

  /** `@INPUT Name : {`, unlike `@SENSITIVE: [`. */
  #firstWordIsParameter(): boolean {
    return this.#count === 3;
  }
}

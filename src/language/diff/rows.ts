// A flow as rows that can be compared: one per line of code, without its layout, and the row each one is nested in.
import type { FlowFile, Subflow } from '../syntax/tree.ts';

export interface Row {
  /** Equal for rows that mean the same: no layout, names and keywords in lower case. That of ELSE, CASE and ON ERROR names their owner. */
  readonly key: string;
  /** The same without the owner. */
  readonly ownKey: string;
  /** Equal for rows that may be versions of one another: the keyword, the action, the variable that is set. */
  readonly shape: string;
  /** As written, on one line. */
  readonly text: string;
  /** 0-based. */
  readonly line: number;
  /** The row that opens the block around it: IF, ELSE, LOOP, ON ERROR …; undefined at the top of its body. */
  readonly parent: Row | undefined;
  readonly body: RowBody;
}

export interface RowBody {
  /** Undefined for Main. */
  readonly subflow: Subflow | undefined;
  readonly rows: readonly Row[];
}

/** Main first, then the subflows in the order of the text. O(length). */
export function rowsOf(file: FlowFile): RowBody[] {
  const { tokens, lines, text } = file;
  const bodies = [undefined, ...file.subflows].map((subflow) => ({ subflow, rows: [] as Row[] }));
  const [main] = bodies;
  let body = main;
  let next = 0;
  let open: Frame[] = [];
  let number = 0;
  let start = 0;
  for (let line = 0; line < lines.length; line++) {
    const first = lines.tokenStart(line);
    const last = lines.tokenEnd(line);
    const end = last > first ? tokens.end(last - 1) : start;
    const role = lines.role(line);
    if (role === 'subflow') {
      const subflow = file.subflows[next];
      const opens = subflow !== undefined && subflow.start >= start && subflow.start < end;
      if (opens) next++;
      body = opens ? bodies[next] : main;
      open = [];
    } else if (body !== undefined && compared.has(role)) {
      const words: string[] = [];
      for (let token = first; token < last; token++) {
        const kind = tokens.kind(token);
        if (kind === 'space' || kind === 'newline') continue;
        const word = text.slice(tokens.start(token), tokens.end(token));
        words.push(exact.has(kind) ? word.trim().replace(/\r\n|\r/g, '\n') : word.toLowerCase());
      }
      const frame = open.at(-1);
      const place = blockLine(words, frame);
      if (place === 'end') open.pop();
      else {
        const ownKey = words.join(' ');
        const owner =
          place === 'handler'
            ? body.rows.at(-1)
            : place === 'plain' || place === 'open'
              ? undefined
              : frame?.opener;
        const row: Row = {
          key: owner === undefined ? ownKey : `${ownKey} ‹ ${owner.key}`,
          ownKey,
          shape: shapeOf(words),
          text: text
            .slice(start, end)
            .trim()
            .replace(/\s*[\r\n]+\s*/g, ' '),
          line: number,
          parent: place === 'clause' || place === 'handlerClause' ? frame?.opener.parent : frame?.row,
          body,
        };
        body.rows.push(row);
        if (place === 'open' || place === 'handler')
          open.push({ opener: row, row, handler: place === 'handler' });
        else if (frame !== undefined && place !== 'plain') open[open.length - 1] = { ...frame, row };
      }
    }
    number += lineBreaks(text, start, end);
    start = end;
  }
  return bodies;
}

const compared: ReadonlySet<string> = new Set([
  'statement',
  'clause',
  'disabled',
  'error',
  'comment',
  'meta',
]);
/** Tokens in which letter case and blanks matter. */
const exact: ReadonlySet<string> = new Set([
  'text',
  'interpolated',
  'powerFx',
  'encrypted',
  'opaque',
  'datetime',
  'comment',
  'blockComment',
  'region',
  'unknown',
]);

interface Frame {
  /** The row that opened the block, and the one of its parts that is open now. */
  readonly opener: Row;
  readonly row: Row;
  readonly handler: boolean;
}

/** What a row does to the blocks around it. */
function blockLine(
  words: readonly string[],
  frame: Frame | undefined,
): 'open' | 'handler' | 'handlerClause' | 'clause' | 'end' | 'plain' {
  switch (words[0]) {
    case 'if':
    case 'loop':
    case 'switch':
    case 'block':
      return 'open';
    case 'else':
    case 'case':
    case 'default':
      return 'clause';
    case 'on':
      return frame?.handler ? 'handlerClause' : 'handler';
    case 'end':
      return 'end';
    default:
      return 'plain';
  }
}

function shapeOf(words: readonly string[]): string {
  const at = words[0] === 'disable' ? 1 : 0;
  const first = words[at] ?? '';
  switch (first) {
    case 'set':
      return `set ${words[at + 1] ?? ''}`;
    case '@':
    case '@@':
      return `@@${words[at + 1] ?? ''}`;
    default:
  }
  if (first.startsWith('#') || first.startsWith('/#')) return '#';
  if (words[at + 1] !== '.') return first;
  // Module.Action.Variant: the variant may change and it is still the same row.
  return words.slice(at, at + 3).join('');
}

function lineBreaks(text: string, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) {
    const c = text.charCodeAt(at);
    if (c === 10 || (c === 13 && text.charCodeAt(at + 1) !== 10)) count++;
  }
  return count;
}

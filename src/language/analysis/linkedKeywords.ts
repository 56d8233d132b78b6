// Keywords that belong together: IF … ELSE … END, a loop with its EXIT LOOP and NEXT LOOP, a block with its handlers, the two ends of a
// region … Says where they stand; knows nothing of names.
import type { LineIndex } from '../../base/text.ts';
import type { ErrorRules, FlowFile, Node, Statement, Subflow } from '../syntax/tree.ts';
import { bodiesOf } from '../syntax/walk.ts';
import { contains, placeAt } from './places.ts';

/** The keywords that belong to the one at the offset, itself included, in the order of the text; empty when there is none. */
export function linkedKeywords(file: FlowFile, lines: LineIndex, offset: number): readonly Node[] {
  const text = new Keywords(file, lines);
  const { statements, subflow } = placeAt(file, offset);
  for (let i = statements.length - 1; i >= 0; i--) {
    const statement = statements[i] as Statement;
    const group = groupAt(text, statement, statements, subflow, offset);
    if (group.length > 0) return group.toSorted((a, b) => a.start - b.start);
  }
  if (subflow === undefined || !touches(endsOfSubflow(text, subflow), offset)) return [];
  return subflowKeywords(text, subflow);
}

/** `around` are the statements around the offset; those without parts are always the innermost of them. */
function groupAt(
  text: Keywords,
  statement: Statement,
  around: readonly Statement[],
  subflow: Subflow | undefined,
  offset: number,
): readonly Node[] {
  switch (statement.kind) {
    case 'ExitLoop':
    case 'NextLoop': {
      const loop = around.findLast(isLoop);
      return loop !== undefined && contains(statement, offset) ? loopKeywords(text, loop) : [];
    }
    case 'ExitSubflow':
      return subflow !== undefined && contains(statement, offset) ? subflowKeywords(text, subflow) : [];
    case 'RepeatBlock':
    case 'RepeatAction':
    case 'NextAction':
    case 'ThrowError': {
      const owner = around.at(-2);
      return owner === undefined
        ? []
        : (handlerGroups(text, owner).find((group) => touches(group, offset)) ?? []);
    }
    case 'Region':
    case 'EndRegion':
      return regionKeywords(text, statement, siblings(text.file, around.at(-2), subflow), offset);
    case 'ForEach':
    case 'LoopFromTo':
    case 'While':
      if (touches(ownKeywords(text, statement), offset)) return loopKeywords(text, statement);
      break;
  }
  const own = ownKeywords(text, statement);
  if (statement.kind !== 'Block' && touches(own, offset)) return own;
  return handlerGroups(text, statement).find((group) => touches(group, offset)) ?? [];
}

type Loop = Extract<Statement, { readonly kind: 'ForEach' | 'LoopFromTo' | 'While' }>;

function isLoop(statement: Statement): statement is Loop {
  return statement.kind === 'ForEach' || statement.kind === 'LoopFromTo' || statement.kind === 'While';
}

/** What opens, divides and closes the statement itself. */
function ownKeywords(text: Keywords, statement: Statement): Node[] {
  switch (statement.kind) {
    case 'If':
      return [
        ...text.at(statement.start, 'IF'),
        ...statement.branches.slice(1).flatMap(({ line }) => text.onLine(line, 'ELSE', 'IF')),
        ...text.onLine(statement.elseLine, 'ELSE'),
        ...text.onLine(statement.endLine, 'END'),
      ];
    case 'Switch':
      return [
        ...text.at(statement.start, 'SWITCH'),
        ...statement.cases.flatMap(({ line }) => text.onLine(line, 'CASE')),
        ...text.onLine(statement.defaultLine, 'DEFAULT'),
        ...text.onLine(statement.endLine, 'END'),
      ];
    case 'ForEach':
    case 'LoopFromTo':
    case 'While':
      return [...text.at(statement.start, 'LOOP'), ...text.onLine(statement.endLine, 'END')];
    default:
      return [];
  }
}

/** A loop with the EXIT LOOP and NEXT LOOP that leave or repeat it. */
function loopKeywords(text: Keywords, loop: Loop): Node[] {
  return [
    ...ownKeywords(text, loop),
    ...statementsIn(loop.body, (statement) => !isLoop(statement)).filter(
      ({ kind }) => kind === 'ExitLoop' || kind === 'NextLoop',
    ),
  ];
}

function endsOfSubflow(text: Keywords, subflow: Subflow): Node[] {
  return [...text.at(subflow.start, 'FUNCTION'), ...text.onLine(subflow.endLine, 'END', 'FUNCTION')];
}

function subflowKeywords(text: Keywords, subflow: Subflow): Node[] {
  return [
    ...endsOfSubflow(text, subflow),
    ...statementsIn(subflow.body, () => true).filter(({ kind }) => kind === 'ExitSubflow'),
  ].toSorted((a, b) => a.start - b.start);
}

/** The error rules of a statement, or a block with its handlers. */
function handlerGroups(text: Keywords, statement: Statement): Node[][] {
  const rules = (onError: ErrorRules | undefined): Node[][] => {
    if (onError === undefined) return [];
    const openers = new Set([
      ...onError.clauses.map(({ line }) => line),
      onError.retry?.line ?? onError.line,
    ]);
    return [
      [
        ...[...openers].flatMap((line) => text.onLine(line, 'ON', 'ERROR')),
        ...onError.clauses.flatMap(({ body }) => body.filter(endsHandler)),
        ...text.onLine(onError.endLine, 'END'),
      ],
    ];
  };
  switch (statement.kind) {
    case 'Action':
    case 'CallSubflow':
      return rules(statement.onError);
    case 'If':
      return statement.branches.flatMap(({ condition }) =>
        condition.kind === 'Action' ? rules(condition.onError) : [],
      );
    case 'While':
    case 'Wait':
      return statement.condition.kind === 'Action' ? rules(statement.condition.onError) : [];
    case 'Block':
      return [
        [
          ...text.at(statement.start, 'BLOCK'),
          ...statement.handlers.flatMap(({ line, body }) => [
            ...text.onLine(line, 'ON', 'BLOCK', 'ERROR'),
            ...body.filter(endsHandler),
          ]),
          ...handlersEnd(text, statement),
          ...text.onLine(statement.endLine, 'END'),
        ],
      ];
    default:
      return [];
  }
}

function endsHandler({ kind }: Statement): boolean {
  return kind === 'RepeatAction' || kind === 'NextAction' || kind === 'RepeatBlock' || kind === 'ThrowError';
}

/** The END between the handlers of a block and its body, which the tree does not hold. */
function handlersEnd(
  text: Keywords,
  { handlers, body, endLine }: Extract<Statement, { kind: 'Block' }>,
): Node[] {
  const last = handlers.at(-1);
  if (last === undefined) return [];
  const from = last.body.at(-1);
  const limit = body[0]?.line ?? endLine ?? text.lines.lineCount;
  for (let line = (from === undefined ? last.line : text.lines.lineOf(from.end)) + 1; line < limit; line++) {
    const found = text.onLine(line, 'END');
    if (found.length > 0) return found;
  }
  return [];
}

function regionKeywords(
  text: Keywords,
  statement: Statement,
  among: readonly Statement[],
  offset: number,
): readonly Node[] {
  const open: Statement[] = [];
  for (const other of among) {
    if (other.kind === 'Region') open.push(other);
    if (other.kind !== 'EndRegion') continue;
    const start = open.pop();
    if (start === undefined || (start !== statement && other !== statement)) continue;
    const pair = [text.regionMark(start), text.regionMark(other)];
    return touches(pair, offset) ? pair : [];
  }
  return [];
}

function siblings(
  file: FlowFile,
  outer: Statement | undefined,
  subflow: Subflow | undefined,
): readonly Statement[] {
  return outer === undefined ? (subflow?.body ?? file.main) : bodiesOf(outer).flat();
}

/** The statements of a body in no particular order; those nested in a statement only when it may be entered. */
function statementsIn(body: readonly Statement[], enter: (statement: Statement) => boolean): Statement[] {
  const found: Statement[] = [];
  const waiting = [body];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const statement of next) {
      found.push(statement);
      if (enter(statement)) for (const inner of bodiesOf(statement)) waiting.push(inner);
    }
  }
  return found;
}

function touches(group: readonly Node[], offset: number): boolean {
  return group.some((node) => contains(node, offset));
}

/** Looks for keywords where the tree says that a line or statement begins. */
class Keywords {
  readonly file: FlowFile;
  readonly lines: LineIndex;

  constructor(file: FlowFile, lines: LineIndex) {
    this.file = file;
    this.lines = lines;
  }

  /** The words at the beginning of a line, as one range; nothing when other words stand there. */
  onLine(line: number | undefined, ...words: readonly string[]): Node[] {
    return line === undefined ? [] : this.at(this.lines.offset({ line, character: 0 }), ...words);
  }

  /** The same for the first token at or behind `offset` that is no blank and no comment. */
  at(offset: number, ...words: readonly string[]): Node[] {
    const { tokens, text } = this.file;
    let token = this.#firstToken(offset);
    const skip = () => {
      while (
        token < tokens.length &&
        (tokens.kind(token) === 'space' || tokens.kind(token) === 'blockComment')
      ) {
        token++;
      }
    };
    let start: number | undefined;
    let end = offset;
    for (const word of words) {
      skip();
      if (token >= tokens.length) return [];
      const from = tokens.start(token);
      end = tokens.end(token);
      if (text.slice(from, end).toUpperCase() !== word) return [];
      start ??= from;
      token++;
    }
    return start === undefined ? [] : [{ start, end }];
  }

  /** `**REGION` or `**ENDREGION` without the name behind it. */
  regionMark({ start, end }: Statement): Node {
    const mark = /\*\*(?:END)?REGION/iy;
    mark.lastIndex = start;
    return { start, end: mark.test(this.file.text) ? mark.lastIndex : end };
  }

  /** The first token that starts at or behind the offset. */
  #firstToken(offset: number): number {
    const { tokens } = this.file;
    let low = 0;
    let high = tokens.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (tokens.start(middle) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

// The statements around a line that is being typed: in which subflow it stands, inside which blocks, behind which action.
// The line itself does not count, however broken it is. Knows nothing of what stands on it.
import type {
  ActionCall,
  BlockStatement,
  Condition,
  ErrorRules,
  FlowFile,
  Statement,
  Subflow,
} from '../syntax/tree.ts';

/** A statement that is open where the line stands. `start`: behind BLOCK or SWITCH, before its first handler or case. */
export interface Around {
  readonly statement: Statement;
  readonly part: 'body' | 'else' | 'default' | 'handler' | 'start';
}

/** What error rules on the line would belong to: an action, or (without one) the call of a subflow. */
export interface Ruled {
  readonly action: ActionCall | undefined;
  /** Lower-cased names of the errors that have rules already; an empty one for the rules of all errors. */
  readonly taken: readonly string[];
}

export interface Scene {
  readonly subflow: Subflow | undefined;
  /** From the outside in. */
  readonly around: readonly Around[];
  /** The statement above in the same body, whatever blank lines and comments stand between. */
  readonly above: Statement | undefined;
  readonly inLoop: boolean;
  /** Inside the error rules of an action or of a block. */
  readonly rules: 'action' | 'block' | undefined;
  readonly ruled: Ruled | undefined;
  /** Nothing but the head of a flow stands above. */
  readonly head: boolean;
}

/** `start` is the offset of the line, `line` its number. O(depth × width of the clauses + log of the bodies). */
export function sceneAt(file: FlowFile, start: number, line: number): Scene {
  const subflow = file.subflows.findLast(
    (candidate) => candidate.line < line && (candidate.endLine === undefined || line <= candidate.endLine),
  );
  const around: Around[] = [];
  let body: readonly Statement[] = subflow?.body ?? file.main;
  let above: Statement | undefined;
  for (;;) {
    above = lastBefore(body, start);
    const inside = above === undefined ? undefined : partAt(file, above, start, line, above === body.at(-1));
    if (above === undefined || inside === undefined) break;
    around.push({ statement: above, part: inside.part });
    body = inside.body;
  }
  const rules = around.findLast(({ part }) => part === 'handler');
  return {
    subflow,
    around,
    above,
    inLoop: around.some(({ statement }) => isLoop(statement)),
    rules: rules === undefined ? undefined : rules.statement.kind === 'Block' ? 'block' : 'action',
    ruled: ruledAt(around.at(-1), above, line),
    head:
      subflow === undefined &&
      file.main.every((statement) => statement.line >= line || statement.kind === 'Error'),
  };
}

const isLoop = ({ kind }: Statement): boolean =>
  kind === 'ForEach' || kind === 'LoopFromTo' || kind === 'While';

/** The last statement that starts before the line. */
function lastBefore(body: readonly Statement[], start: number): Statement | undefined {
  let low = 0;
  let high = body.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((body[middle] as Statement).start < start) low = middle + 1;
    else high = middle;
  }
  return body[low - 1];
}

interface Part {
  readonly part: Around['part'];
  readonly body: readonly Statement[];
}

/** The part of the statement in which the line stands; undefined when it stands behind the statement. */
function partAt(
  file: FlowFile,
  statement: Statement,
  start: number,
  line: number,
  last: boolean,
): Part | undefined {
  const rules = rulesOf(statement).find((entry) => isInside(entry, line));
  if (rules !== undefined) {
    const clause = rules.clauses.findLast((entry) => entry.line < line);
    return { part: 'handler', body: clause?.body ?? [] };
  }
  if (!('endLine' in statement)) return undefined;
  const open = statement.endLine === undefined ? last || start <= statement.end : line <= statement.endLine;
  if (!open) return undefined;
  switch (statement.kind) {
    case 'If': {
      if (statement.elseBody !== undefined && (statement.elseLine ?? line) < line) {
        return { part: 'else', body: statement.elseBody };
      }
      const branch = statement.branches.findLast((entry) => entry.line < line);
      return { part: 'body', body: branch?.body ?? [] };
    }
    case 'Switch': {
      if (statement.defaultBody !== undefined && (statement.defaultLine ?? line) < line) {
        return { part: 'default', body: statement.defaultBody };
      }
      const found = statement.cases.findLast((entry) => entry.line < line);
      return found === undefined ? { part: 'start', body: [] } : { part: 'body', body: found.body };
    }
    case 'Block':
      return blockPart(file, statement, start, line);
    default:
      return { part: 'body', body: statement.body };
  }
}

function blockPart(file: FlowFile, block: BlockStatement, start: number, line: number): Part {
  const inBody: Part = { part: 'body', body: block.body };
  const first = block.body[0];
  if (first !== undefined && start > first.start) return inBody;
  const handler = block.handlers.findLast((entry) => entry.line < line);
  if (handler === undefined) return { part: 'start', body: block.body };
  const rules: Part = { part: 'handler', body: handler.body };
  if (handler !== block.handlers.at(-1)) return rules;
  // The tree does not say where the handlers end: look for their END.
  return hasEndBetween(file, handler.body.at(-1)?.end ?? -1, handler.line, start, line) ? inBody : rules;
}

/** True when a line END stands between the end of a handler (its last statement, or the line that opens it) and the line. */
function hasEndBetween(
  { lines, tokens, text }: FlowFile,
  lastEnd: number,
  handlerLine: number,
  start: number,
  line: number,
): boolean {
  let low = 0;
  let high = lines.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (tokens.start(lines.tokenStart(middle)) < start) low = middle + 1;
    else high = middle;
  }
  // No more lines than the text has between the two.
  for (let at = low - 1, left = line - handlerLine; at >= 0 && left > 1; at--, left--) {
    const from = tokens.start(lines.tokenStart(at));
    if (from <= lastEnd) return false;
    if (lines.role(at) !== 'clause') continue;
    if (/^\s*END\b/i.test(text.slice(from, tokens.end(lines.tokenEnd(at) - 1)))) return true;
  }
  return false;
}

/** Rules that end with their END, or are still without one. */
function isInside(rules: ErrorRules, line: number): boolean {
  return rules.line < line && (rules.endLine === undefined || line <= rules.endLine);
}

function rulesOf(statement: Statement): readonly ErrorRules[] {
  const found = (onError: ErrorRules | undefined) => (onError === undefined ? [] : [onError]);
  switch (statement.kind) {
    case 'Action':
    case 'CallSubflow':
      return found(statement.onError);
    case 'Wait':
    case 'While':
      return found(ofCondition(statement.condition)?.onError);
    case 'If':
      return statement.branches.flatMap(({ condition }) => found(ofCondition(condition)?.onError));
    default:
      return [];
  }
}

const ofCondition = (condition: Condition) => (condition.kind === 'Action' ? condition : undefined);

function ruledAt(
  innermost: Around | undefined,
  above: Statement | undefined,
  line: number,
): Ruled | undefined {
  if (innermost?.part === 'handler' && innermost.statement.kind !== 'Block') {
    const owner = ruleOwners(innermost.statement).find(
      ({ onError }) => onError !== undefined && isInside(onError, line),
    );
    return owner === undefined ? undefined : ruled(owner, line);
  }
  // `ON ERROR` behind the line of a condition belongs to the condition.
  const owner =
    above !== undefined
      ? ruleOwners(above).at(-1)
      : innermost !== undefined && innermost.statement.kind !== 'Block'
        ? ruleOwners(innermost.statement).findLast((entry) => entry.line < line)
        : undefined;
  if (owner === undefined || (above !== undefined && 'endLine' in above)) return undefined;
  const closed = owner.onError?.endLine !== undefined && owner.onError.endLine < line;
  return closed ? undefined : ruled(owner, line);
}

interface RuleOwner {
  readonly line: number;
  readonly action: ActionCall | undefined;
  readonly onError: ErrorRules | undefined;
}

function ruleOwners(statement: Statement): readonly RuleOwner[] {
  const { line } = statement;
  const ofGiven = (condition: Condition, at: number): RuleOwner[] =>
    condition.kind === 'Action' ? [{ line: at, action: condition.action, onError: condition.onError }] : [];
  switch (statement.kind) {
    case 'Action':
      return [{ line, action: statement.action, onError: statement.onError }];
    case 'CallSubflow':
      return [{ line, action: undefined, onError: statement.onError }];
    case 'Wait':
    case 'While':
      return ofGiven(statement.condition, line);
    case 'If':
      return statement.branches.flatMap((branch) => ofGiven(branch.condition, branch.line));
    default:
      return [];
  }
}

function ruled({ action, onError }: RuleOwner, line: number): Ruled {
  const taken = (onError?.clauses ?? [])
    .filter((clause) => clause.line !== line)
    .map((clause) => clause.errorName?.text.toLowerCase() ?? '');
  return { action, taken };
}

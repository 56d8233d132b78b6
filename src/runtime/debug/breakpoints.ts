// Where a debugger wants to stop: rows, actions and subflows by name, variables, kinds of errors. Knows when a place counts;
// stops nothing itself (see debugger.ts).
import type { Expression } from '../../language/syntax/tree.ts';
import type { CompiledFlow } from '../compile.ts';
import { toBoolean, toText } from '../convert.ts';
import type { Failure } from '../engine.ts';
import { DebugError } from './errors.ts';
import { readExpression, readMessage, type VariableScope } from './expressions.ts';
import type { Inspector } from './inspect.ts';

/** What a breakpoint of any kind may ask besides its place; texts as typed. */
export interface BreakpointTerms {
  readonly condition?: string | undefined;
  /** `5` = the fifth time; `>=5`, `>5`, `<5`, `<=5`; `%5` = each fifth time. */
  readonly hitCondition?: string | undefined;
  /** Written instead of stopping, with `%expression%` or `{expression}` in it. */
  readonly logMessage?: string | undefined;
}

/** A breakpoint as the person who set it sees it. */
export interface BreakpointView {
  readonly id: number;
  readonly verified: boolean;
  /** Why it is not verified. */
  readonly message?: string | undefined;
  /** 1-based: the row it was moved to. */
  readonly line?: number | undefined;
}

/** What is to happen when the place of a breakpoint is reached. */
export type Reached =
  | { readonly kind: 'stop' }
  | { readonly kind: 'log'; readonly text: string }
  | { readonly kind: 'problem'; readonly text: string }
  | undefined;

/** Condition, hit count and message of a breakpoint. */
export class Breakpoint {
  readonly id: number;
  readonly problem: string | undefined;
  readonly #condition: Expression | undefined;
  readonly #isDue: (count: number) => boolean = () => true;
  readonly #message: readonly (string | Expression)[] | undefined;
  #count = 0;
  #isReported = false;

  constructor(id: number, terms: BreakpointTerms) {
    this.id = id;
    let problem: string | undefined;
    try {
      if (isGiven(terms.condition)) this.#condition = readExpression(terms.condition);
      if (isGiven(terms.hitCondition)) this.#isDue = readHitCondition(terms.hitCondition);
      if (isGiven(terms.logMessage)) this.#message = readMessage(terms.logMessage);
    } catch (error) {
      problem = error instanceof DebugError ? error.message : String(error);
    }
    this.problem = problem;
  }

  /** Why it cannot be used in a place; undefined when it can. */
  problemIn(scope: Pick<VariableScope, 'tellsSecret' | 'missing'>): string | undefined {
    if (this.problem !== undefined) return this.problem;
    if (this.#condition === undefined) return undefined;
    return scope.tellsSecret(this.#condition)
      ? 'A condition must not ask about sensitive variables: when it stops would tell their value.'
      : scope.missing(this.#condition);
  }

  /** Its place is reached. */
  reached(scope: VariableScope, inspector: Inspector): Reached {
    if (this.#condition !== undefined) {
      try {
        if (!toBoolean(scope.evaluate(this.#condition))) return undefined;
      } catch (error) {
        if (this.#isReported) return undefined;
        this.#isReported = true;
        return {
          kind: 'problem',
          text: `The condition of a breakpoint cannot be answered: ${inspector.masked((error as Error).message)}`,
        };
      }
    }
    if (!this.#isDue(++this.#count)) return undefined;
    if (this.#message === undefined) return { kind: 'stop' };
    const text = this.#message.map((part) => {
      if (typeof part === 'string') return part;
      if (scope.tellsSecret(part)) return mask;
      try {
        const value = scope.evaluate(part);
        return typeof value === 'object' && value !== null ? inspector.line(value) : toText(value);
      } catch (error) {
        return `(${(error as Error).message})`;
      }
    });
    return { kind: 'log', text: inspector.masked(text.join('')) };
  }
}

export const mask = '••••';

const isGiven = (text: string | undefined): text is string => text !== undefined && text.trim() !== '';

function readHitCondition(text: string): (count: number) => boolean {
  const match = /^\s*(>=|<=|>|<|==|=|%)?\s*(\d{1,15})\s*$/.exec(text);
  const wanted = Number(match?.[2]);
  switch (match?.[1]) {
    case '>=':
      return (count) => count >= wanted;
    case '<=':
      return (count) => count <= wanted;
    case '>':
      return (count) => count > wanted;
    case '<':
      return (count) => count < wanted;
    case '%':
      if (wanted > 0) return (count) => count % wanted === 0;
      break;
    default:
      if (match !== null && wanted > 0) return (count) => count === wanted;
  }
  throw new DebugError(
    'ExpressionWrong',
    'A hit count is a number from 1, or >=, >, <, <= or % and a number.',
    'For example 5, >=5 or %5.',
  );
}

/** Number of the site that a row stands for: the first one on it, else on the next row that can be carried out. */
export function siteAt(compiled: CompiledFlow, line: number): number | undefined {
  let found: number | undefined;
  compiled.sites.forEach((site, index) => {
    if (site.line < line) return;
    if (found === undefined || site.line < (compiled.sites[found]?.line ?? 0)) found = index;
  });
  return found;
}

/** A name with `*` for any letters, in any letter case. */
export function namePattern(text: string): RegExp {
  const escaped = text.trim().replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*')}$`, 'i');
}

/** Sites at which a name stops: actions of that id, and the `first` row of subflows of that name. */
export function sitesNamed(
  compiled: CompiledFlow,
  first: readonly (number | undefined)[],
  name: string,
): number[] {
  const pattern = namePattern(name);
  const found: number[] = [];
  compiled.sites.forEach((site, index) => {
    if (pattern.test(site.action) || (first[site.owner] === index && pattern.test(site.subflow)))
      found.push(index);
  });
  return found;
}

/** Which errors stop. */
export interface ErrorFilters {
  readonly all: boolean;
  readonly unhandled: boolean;
  readonly logic: boolean;
  /** Names that stop, with `*` for any letters. */
  readonly codes: readonly string[];
}

export const noErrors: ErrorFilters = { all: false, unhandled: false, logic: false, codes: [] };

/** `isUnhandled` is asked only when it matters. */
export function stopsOn(filters: ErrorFilters, failure: Failure, isUnhandled: () => boolean): boolean {
  if (filters.all || (filters.logic && failure.isLogic)) return true;
  if (filters.codes.some((code) => namePattern(code).test(failure.code))) return true;
  return filters.unhandled && isUnhandled();
}

// The parts a statement is made of, for features that show structure. Pure; knows lines, not the protocol.
import type { Condition, ErrorRules, Statement } from '../../language/syntax/tree.ts';
import type { Analysis } from '../workspace.ts';

/** One indented part of a statement: a branch, a loop's body, a handler. Lines are 0-based. */
export interface Section {
  /** The line that opens it (`ELSE`, `CASE = 1` …). */
  readonly line: number;
  /** Its last line, before the line that closes it or opens the next section. */
  readonly lastLine: number;
  readonly body: readonly Statement[];
  /** True for the part that belongs to the statement itself: the first branch of an IF, a loop's or block's body. */
  readonly main: boolean;
}

/** The sections of `statement` in the order of the text; empty for a plain action. */
export function sectionsOf(statement: Statement, { lines }: Analysis): readonly Section[] {
  switch (statement.kind) {
    case 'If': {
      const branches: Opening[] = statement.branches.map(({ line, body }, index) => ({
        line,
        body,
        main: index === 0,
      }));
      if (statement.elseLine !== undefined) {
        branches.push({ line: statement.elseLine, body: statement.elseBody ?? [], main: false });
      }
      const rules = statement.branches.flatMap(({ condition }) => conditionRules(condition));
      return [...close(branches, closing(statement.endLine)), ...rules];
    }
    case 'Switch': {
      const cases: Opening[] = statement.cases.map(({ line, body }) => ({ line, body, main: false }));
      if (statement.defaultLine !== undefined) {
        cases.push({ line: statement.defaultLine, body: statement.defaultBody ?? [], main: false });
      }
      return close(cases, closing(statement.endLine));
    }
    case 'While':
      return [
        ...close([{ line: statement.line, body: statement.body, main: true }], closing(statement.endLine)),
        ...conditionRules(statement.condition),
      ];
    case 'Wait':
      return conditionRules(statement.condition);
    case 'ForEach':
    case 'LoopFromTo':
      return close([{ line: statement.line, body: statement.body, main: true }], closing(statement.endLine));
    case 'Block': {
      const handlers: Opening[] = statement.handlers.map(({ line, body }) => ({ line, body, main: false }));
      const firstBodyLine = statement.body[0]?.line ?? closing(statement.endLine);
      return [
        { line: statement.line, lastLine: closing(statement.endLine) - 1, body: statement.body, main: true },
        ...close(handlers, firstBodyLine - 1),
      ];
    }
    case 'Action':
    case 'CallSubflow':
      return ruleSections(statement.onError);
    default:
      return [];
  }

  function conditionRules(condition: Condition): Section[] {
    return condition.kind === 'Action' ? ruleSections(condition.onError) : [];
  }

  function ruleSections(rules: ErrorRules | undefined): Section[] {
    if (rules === undefined) return [];
    const clauses = rules.clauses.map(({ line, body }) => ({ line, body, main: false }));
    return close(clauses, rules.endLine ?? lines.lineOf(rules.end) + 1);
  }

  /** The line that closes the statement; one past its last when END is missing. */
  function closing(endLine: number | undefined): number {
    return endLine ?? lines.lineOf(statement.end) + 1;
  }
}

interface Opening {
  readonly line: number;
  readonly body: readonly Statement[];
  readonly main: boolean;
}

function close(openings: readonly Opening[], end: number): Section[] {
  return openings.map((opening, index) => ({ ...opening, lastLine: (openings[index + 1]?.line ?? end) - 1 }));
}

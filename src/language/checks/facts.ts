// What a statement shows by itself, whatever stands around it. Found once per statement and kept as long as the statement lives:
// anchors are nodes of the tree, so an edit elsewhere does not make them wrong.

import type { ActionCall, Expression, MemberAccess, NameExpression, Statement } from '../syntax/tree.ts';
import { effects } from '../syntax/walk.ts';
import { actionFacts } from './actions.ts';
import { expressionFacts } from './expressions.ts';
import type { Finding, Found } from './findings.ts';
import { statementRules } from './lint/statements.ts';
import { type ActionTraits, plain, traitsOf } from './lint/traits.ts';
import type { Suggestions } from './suggestions.ts';

export interface StatementFacts {
  /** Wrong or worth a remark wherever the statement stands. */
  readonly found: readonly Found[];
  /** Names that spell a member of the enum wanted there: a mistake unless a variable has that name. */
  readonly bareMembers: readonly { readonly value: NameExpression; readonly finding: Finding }[];
  /** Properties that are read; whether they exist depends on the value. */
  readonly properties: readonly MemberAccess[];
  /** Calls of actions that only files of tests know. */
  readonly testCalls: readonly ActionCall[];
  /** For actions: where they bring what they are given, and whether they depend on what a screen shows. */
  readonly traits: ActionTraits;
}

/** The same, being collected. */
export interface OpenFacts extends StatementFacts {
  readonly found: Found[];
  readonly bareMembers: { value: NameExpression; finding: Finding }[];
  readonly properties: MemberAccess[];
  readonly testCalls: ActionCall[];
}

const nothing: StatementFacts = { found: [], bareMembers: [], properties: [], testCalls: [], traits: plain };
const remembered = new WeakMap<Statement, StatementFacts>();

/** The facts of the statement itself, not of those nested in it. */
export function factsOf(statement: Statement, suggestions: Suggestions): StatementFacts {
  let facts = remembered.get(statement);
  if (facts === undefined) {
    facts = collect(statement, suggestions);
    remembered.set(statement, facts);
  }
  return facts;
}

function collect(statement: Statement, suggestions: Suggestions): StatementFacts {
  const traits = statement.kind === 'Action' ? traitsOf(statement.action.id) : plain;
  const facts: OpenFacts = { found: [], bareMembers: [], properties: [], testCalls: [], traits };
  for (const effect of effects(statement)) {
    const wrongMembers = new Set<Expression>();
    const carriedOut =
      effect.action === undefined ||
      actionFacts(facts, effect.action.call, effect.action.position, wrongMembers, suggestions);
    for (const read of effect.reads) {
      if (!wrongMembers.has(read)) expressionFacts(facts, read, carriedOut, suggestions);
    }
  }
  statementRules(facts.found, statement);
  const empty =
    facts.found.length + facts.bareMembers.length + facts.properties.length + facts.testCalls.length === 0;
  return empty && traits === plain ? nothing : facts;
}

// What happens in a stretch of statements, told before one walks through it: which variables get values, who is called, what is entered
// again or in its middle. The walk over values asks at the head of a loop (see valueFlow.ts).
import type { Statement } from '../syntax/tree.ts';
import { eachStatement } from '../syntax/walk.ts';
import type { Binding, FlowSymbol } from './binder.ts';

/** Statements that the rules for their errors lead back to. */
export interface Restarts {
  /** Actions whose rules have a `REPEAT ACTION`; blocks whose handlers have a `REPEAT BLOCK`; those of `retried`. */
  readonly restarted: ReadonlySet<Statement>;
  /** Blocks that may be repeated before their handlers are asked. */
  readonly retried: ReadonlySet<Statement>;
  /** Blocks whose handlers may go on in the middle of the block. */
  readonly resumed: ReadonlySet<Statement>;
}

export function restartsOf(binding: Binding): Restarts {
  const restarted = new Set<Statement>();
  const retried = new Set<Statement>();
  const resumed = new Set<Statement>();
  let repeats = false;
  for (const statement of binding.statements) {
    switch (statement.kind) {
      case 'RepeatBlock':
      case 'RepeatAction':
      case 'NextAction':
        repeats = true;
        break;
      case 'Block':
        // What is written there besides this may be a policy for repeating the block.
        for (const { args } of statement.handlers) {
          if (args.some(({ name }) => name.text.toLowerCase() !== 'isuserdefinederrorcode')) {
            restarted.add(statement);
            retried.add(statement);
          }
        }
        break;
      default:
    }
  }
  if (!repeats) return { restarted, retried, resumed };
  for (const { statements } of binding.bodies) {
    for (const { statement, enclosing } of eachStatement(statements)) {
      const { kind } = statement;
      if (kind !== 'RepeatBlock' && kind !== 'RepeatAction' && kind !== 'NextAction') continue;
      let outer = enclosing;
      while (outer !== undefined && outer.part !== 'handler') outer = outer.outer;
      if (outer === undefined) continue;
      if (kind === 'RepeatBlock' || (kind === 'RepeatAction' && outer.statement.kind !== 'Block')) {
        restarted.add(outer.statement);
      } else if (outer.statement.kind === 'Block') resumed.add(outer.statement);
    }
  }
  return { restarted, retried, resumed };
}

/** What a stretch of statements does. */
export interface Doings {
  /** Gets each variable that is written there, some more than once. */
  write(variable: FlowSymbol): void;
  /** Gets each subflow that is called there; undefined for one that is not there. */
  call(subflow: FlowSymbol['subflow']): void;
  label(): void;
}

/** Tells what the statements from index `from` to `to` do. O(their uses). */
export function tell(binding: Binding, from: number, to: number, doings: Doings): void {
  const { uses, statementUses } = binding;
  const end = statementUses[to] as number;
  for (let i = statementUses[from] as number; i < end; i++) {
    const { use, symbol } = uses[i] as (typeof uses)[number];
    if (use.producer !== undefined) doings.write(symbol);
    else if (use.kind === 'subflow') doings.call(symbol.subflow);
    else if (use.kind === 'label' && use.role === 'declare') doings.label();
  }
}

// Which type a variable has at each place, and who gave it that value: flow-sensitive, over branches, loops, subflows and error rules.
// Never guesses: where the text does not settle it, the type is unknown (the designer's "General value").
import type { Expression, FlowFile, Statement, Subflow } from '../syntax/tree.ts';
import type { Binding, BoundUse, FlowSymbol } from './binder.ts';
import { expressionTypes } from './expressionTypes.ts';
import { anyType, noTypes, type TypeSet, union } from './typeSets.ts';
import { ValueFlow } from './valueFlow.ts';
import { alternatives, hasNone, hasValue, mayHaveAny, type Value } from './valueGraph.ts';

/** A type as people know it, and as `properties.ts` describes it: `Text`, `Number`, `List`, `Datatable`, `Excel instance` … */
export interface ValueType {
  readonly name: string;
  /** Of a list: the type of its items, when they are all alike. */
  readonly item?: ValueType;
}

/** `always`: on every way that leads here. `never`: on none. `unknown`: the value may come from where we cannot look. */
export type Assignment = 'always' | 'sometimes' | 'never' | 'unknown';

/** A stretch of statements of one body, from the first to the last. */
export interface Stretch {
  readonly first: Statement;
  readonly last: Statement;
}

export class Types {
  readonly #binding: Binding;
  readonly #flow: ValueFlow;
  readonly #hasHead: boolean;
  #unsure: boolean | undefined;

  constructor(binding: Binding) {
    this.#binding = binding;
    const { file } = binding;
    this.#hasHead = hasHead(file);
    // A copy is either of rows or of a subflow: with both, somebody put the pieces together.
    const whole = this.#hasHead || (file.main.length > 0 && file.subflows.length > 0);
    this.#flow = new ValueFlow(binding, whole);
  }

  /** The types a variable may have when this use is reached (for a write: those it gets). Empty when unknown. */
  typesAt(use: BoundUse): readonly ValueType[] {
    return this.#flow.values[use.index]?.types.types ?? [];
  }

  /** The type when there is exactly one. */
  typeAt(use: BoundUse): ValueType | undefined {
    return single(this.typesAt(use));
  }

  /** The types a variable may have where a statement begins, also when the statement does not mention it. Empty when unknown. */
  typesBefore(statement: Statement, symbol: FlowSymbol): readonly ValueType[] {
    return this.#setBefore(statement, symbol).types;
  }

  /** The type of an expression that stands in `statement`; undefined when unknown. */
  typeOf(expression: Expression, statement: Statement, subflow: Subflow | undefined): ValueType | undefined {
    const uses = this.#binding.usesIn(statement);
    const types = expressionTypes(expression, (node, name) => {
      const use = uses.find(
        (known) => known.node === node && known.kind === 'variable' && (!known.loose || known.name === name),
      );
      if (use !== undefined) return this.#flow.values[use.index]?.types ?? anyType;
      const symbol = this.#binding.variable(name, subflow);
      return symbol === undefined ? anyType : this.#setBefore(statement, symbol);
    });
    return single(types.types);
  }

  /** The writes whose value may be seen by this read, in the order of the text; an input's `declare` is one of them. */
  producersOf(use: BoundUse): readonly BoundUse[] {
    const value = this.#flow.values[use.index];
    if (value === undefined) return [];
    const found = new Set<BoundUse>();
    const seen = new Set<Value>([value]);
    for (const next of seen) {
      if (next.before !== undefined) {
        // Changed in place it is still the value that was there, if there was one.
        if ((next.before.state & hasNone) !== 0 && next.write !== undefined) found.add(next.write);
        seen.add(next.before);
      } else if (next.write !== undefined) found.add(next.write);
      else for (const from of alternatives(next)) seen.add(from);
    }
    return [...found].sort((a, b) => a.node.start - b.node.start);
  }

  /** Whether the variable has a value when this read or change is reached. */
  assignmentAt(use: BoundUse): Assignment {
    const value = this.#flow.values[use.index];
    const state = (use.role === 'change' ? value?.before : value)?.state ?? mayHaveAny;
    if (state === 0 || (state & mayHaveAny) !== 0 || this.#flow.deadUses[use.index] === 1) return 'unknown';
    if ((state & hasNone) === 0) return 'always';
    if ((state & hasValue) !== 0) return 'sometimes';
    // What gives the value may be an input that the text does not show, a line nobody understands, or a formula.
    return this.#isUnsure() || use.symbol.uses.some((other) => other.loose) ? 'unknown' : 'never';
  }

  /** Statements no way leads to: behind EXIT, GOTO, EXIT LOOP … Only the first of each stretch, with the last one. */
  unreachable(): readonly Stretch[] {
    return this.#flow.unreachable;
  }

  #setBefore(statement: Statement, symbol: FlowSymbol): TypeSet {
    const value = this.#flow.valueBefore(statement, symbol);
    if (value !== undefined) return value.types;
    // Its subflow does not mention it: it has one of the values others give it.
    let types = noTypes;
    for (const { index, role } of symbol.uses) {
      if (role !== 'read') types = union(types, this.#flow.values[index]?.types ?? anyType);
    }
    return types;
  }

  #isUnsure(): boolean {
    this.#unsure ??=
      !this.#hasHead ||
      this.#binding.file.diagnostics.some(
        ({ severity }) => severity === 'dropsPaste' || severity === 'error',
      );
    return this.#unsure;
  }
}

function single(types: readonly ValueType[]): ValueType | undefined {
  return types.length === 1 ? types[0] : undefined;
}

/** True when the text has a head, as every whole flow of the designer has and no copy out of it. */
function hasHead({ header, text }: FlowFile): boolean {
  return (
    header.meta.length > 0 ||
    header.imports.length > 0 ||
    header.parameters.length > 0 ||
    header.sensitive.length > 0 ||
    /^\s*@SENSITIVE\b/i.test(text)
  );
}

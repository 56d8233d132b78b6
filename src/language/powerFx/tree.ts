// The shape of a Power Fx expression, as parser.ts reads it out of `$fx'…'`. Plain data, no behaviour.

export type PowerFx =
  | { readonly kind: 'number'; readonly written: string }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  /** A variable, a column of the row that is being looked at, or an enumeration. */
  | { readonly kind: 'name'; readonly name: string }
  /** `$"…{expression}…"`, and a field with `${expression}` in it. */
  | { readonly kind: 'joined'; readonly parts: readonly (string | PowerFx)[] }
  /** `%` stands behind its operand: `5%` is 0.05. */
  | { readonly kind: 'unary'; readonly operator: '-' | '!' | '%'; readonly operand: PowerFx }
  | {
      readonly kind: 'binary';
      readonly operator: PowerFxOperator;
      readonly left: PowerFx;
      readonly right: PowerFx;
    }
  /** `target.name`, `target!name`. */
  | { readonly kind: 'field'; readonly target: PowerFx; readonly name: string }
  /** `name(…)`. */
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly PowerFx[] }
  /** `{ key: value }` */
  | {
      readonly kind: 'record';
      readonly entries: readonly { readonly key: string; readonly value: PowerFx }[];
    }
  /** `[a, b]` */
  | { readonly kind: 'table'; readonly items: readonly PowerFx[] }
  /** `table As name`: its rows are called `name` in the arguments behind it. */
  | { readonly kind: 'as'; readonly table: PowerFx; readonly name: string };

export type PowerFxOperator =
  | '||'
  | '&&'
  | 'in'
  | 'exactin'
  | '='
  | '<>'
  | '<'
  | '<='
  | '>'
  | '>='
  | '&'
  | '+'
  | '-'
  | '*'
  | '/'
  | '^';

/** Every expression in an expression, itself included. */
export function* eachPowerFx(expression: PowerFx): Generator<PowerFx> {
  const stack = [expression];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    yield node;
    stack.push(...inner(node));
  }
}

function inner(node: PowerFx): readonly PowerFx[] {
  switch (node.kind) {
    case 'joined':
      return node.parts.filter((part) => typeof part !== 'string');
    case 'unary':
      return [node.operand];
    case 'binary':
      return [node.left, node.right];
    case 'field':
      return [node.target];
    case 'call':
      return node.args;
    case 'record':
      return node.entries.map((entry) => entry.value);
    case 'table':
      return node.items;
    case 'as':
      return [node.table];
    default:
      return [];
  }
}

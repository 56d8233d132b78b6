// Where an offset stands in the tree: the body, the statements around it from the outside in, and the expressions down to it.
import type { Expression, FlowFile, Node, Statement, Subflow } from '../syntax/tree.ts';
import { bodiesOf, expressionsOf, operands } from '../syntax/walk.ts';

export interface PlaceAt {
  readonly subflow: Subflow | undefined;
  /** From the outermost statement to the innermost that contains the offset; empty between statements. */
  readonly statements: readonly Statement[];
  /** From the outermost expression of the innermost statement to the innermost that contains the offset. */
  readonly expressions: readonly Expression[];
}

/** The offset counts as inside a node from its start up to and including its end. O(depth × log width). */
export function placeAt(file: FlowFile, offset: number): PlaceAt {
  const subflow = file.subflows.find((candidate) => contains(candidate, offset));
  const statements: Statement[] = [];
  let body: readonly Statement[] | undefined = subflow?.body ?? file.main;
  while (body !== undefined) {
    const found: Statement | undefined = search(body, offset);
    if (found === undefined) break;
    statements.push(found);
    body = bodiesOf(found).find(
      (candidate) =>
        candidate.length > 0 &&
        (candidate[0] as Node).start <= offset &&
        offset <= (candidate.at(-1) as Node).end,
    );
  }
  const expressions: Expression[] = [];
  const innermost = statements.at(-1);
  let step = innermost === undefined ? undefined : innermostOf(expressionsOf(innermost), offset);
  while (step !== undefined) {
    expressions.push(step);
    step = innermostOf(operands(step), offset);
  }
  return { subflow, statements, expressions };
}

export function contains(node: Node, offset: number): boolean {
  return node.start <= offset && offset <= node.end;
}

function innermostOf(nodes: readonly Expression[], offset: number): Expression | undefined {
  // Where two touch (`a` and `b` in `[a,b]` never do, `-x` and `x` do), the later one is meant.
  return nodes.findLast((node) => contains(node, offset));
}

function search(body: readonly Statement[], offset: number): Statement | undefined {
  let low = 0;
  let high = body.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const statement = body[middle] as Statement;
    if (offset < statement.start) high = middle - 1;
    else if (offset > statement.end) low = middle + 1;
    else return statement;
  }
  return undefined;
}

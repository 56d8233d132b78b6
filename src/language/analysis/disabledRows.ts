// What rows that are switched off would mention. They are not bound, but somebody may switch them on again.
import { parse } from '../syntax/parser.ts';
import type { Statement } from '../syntax/tree.ts';
import { eachStatement } from '../syntax/walk.ts';
import { type Use, usesOf } from './uses.ts';

const remembered = new WeakMap<Statement, readonly Use[]>();

/** The uses in a disabled row if it were switched on. Their offsets count from the start of the row, so they stay right when it moves. */
export function usesWhenEnabled(text: string, row: Statement): readonly Use[] {
  let uses = remembered.get(row);
  if (uses === undefined) {
    const written = text.slice(row.start, row.end);
    const enabled = written.replace(/^DISABLE/i, (word) => ' '.repeat(word.length));
    uses = [...eachStatement(parse(enabled).main)].flatMap(({ statement }) => usesOf(statement));
    remembered.set(row, uses);
  }
  return uses;
}

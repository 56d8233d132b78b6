// What is never reached, never read or not yet given a value, as far as the ways through the flow are known.
import type { Context } from './context.ts';
import { rule } from './findings.ts';
import { hasValue, isRead } from './variables.ts';

export function checkReach(context: Context): void {
  checkUnreachable(context);
  checkUnassigned(context);
}

function checkUnreachable({ model, report }: Context): void {
  if (report.skips('UnreachableCode')) return;
  for (const { first, last } of model.types.unreachable()) {
    const finding = rule('UnreachableCode', 'Nothing leads here: every way before it goes elsewhere.');
    report.add({ start: first.start, end: last.end }, finding, { tag: 'unnecessary' });
  }
}

/** One remark for each variable, at its first read without a value. Without any value it is unknown, and reported as such. */
function checkUnassigned({ model, report, whole }: Context): void {
  if (!whole || report.skips('ReadBeforeWrite')) return;
  const { binding, types } = model;
  for (const symbol of binding.symbols('variable')) {
    if (!hasValue(symbol)) continue;
    const use = symbol.uses.find((read) => isRead(read) && types.assignmentAt(read) === 'never');
    if (use === undefined) continue;
    const message = `Nothing has given “${use.name}” a value when this is reached.`;
    report.add(use.node, rule('ReadBeforeWrite', message));
  }
}

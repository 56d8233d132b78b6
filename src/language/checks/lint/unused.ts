// What nothing uses: variables, subflows, labels. Only in whole flows, because elsewhere the use may be out of sight.
import type { BoundUse } from '../../analysis/binder.ts';
import { testsOf } from '../../analysis/tests.ts';
import type { Context, Survey } from '../context.ts';
import { rule } from '../findings.ts';
import { callGraph } from '../subflows.ts';

export function checkUnused(context: Context, surveys: readonly Survey[]): void {
  if (!context.whole) return;
  const { report } = context;
  if (!report.skips('UnusedVariable')) checkVariables(context);
  if (!report.skips('UnusedSubflow')) checkSubflows(context, surveys);
  if (!report.skips('UnusedLabel')) checkLabels(context);
}

/**
 * Variables that are only ever set. What actions produce is not meant: the designer always names an output. Nor are variables of
 * flows with UI elements, whose selectors may mention them out of our sight.
 */
function checkVariables({ model, report }: Context): void {
  const { binding } = model;
  if (binding.symbols('screen').length > 0) return;
  for (const symbol of binding.symbols('variable')) {
    const { uses, parameter } = symbol;
    if (parameter !== undefined || uses.some((use) => isUse(use))) continue;
    const first = uses.find(({ producer }) => producer?.kind === 'set');
    if (first === undefined) continue;
    const finding = rule('UnusedVariable', `“${symbol.name}” is set, but nothing reads it.`);
    report.add(first.node, finding, { tag: 'unnecessary' });
  }
}

/** Anything but setting the variable as a whole, or saying in the head that it is sensitive. */
function isUse({ role, producer, statement }: BoundUse): boolean {
  return role === 'read' ? statement !== undefined : role === 'change' || producer?.kind !== 'set';
}

function checkSubflows({ model, report }: Context, surveys: readonly Survey[]): void {
  const { main, subflows } = model.file;
  if (main.length === 0) return;
  const graph = callGraph(surveys);
  const reached = new Set<string>();
  // Nothing calls a test: whoever runs the tests does.
  const tests = model.surroundings.isTest === true ? testsOf(model.file) : [];
  const work = ['', ...tests.map(({ name }) => name.toLowerCase())];
  for (let name = work.pop(); name !== undefined; name = work.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    work.push(...(graph.get(name) ?? []));
  }
  for (const { name } of subflows) {
    if (reached.has(name.text.toLowerCase())) continue;
    const finding = rule('UnusedSubflow', `Nothing that starts in Main calls “${name.text}”.`);
    report.add(name, finding, { tag: 'unnecessary' });
  }
}

function checkLabels({ model, report }: Context): void {
  for (const { name, uses } of model.binding.symbols('label')) {
    if (uses.some(({ role }) => role !== 'declare')) continue;
    for (const { node } of uses) {
      report.add(node, rule('UnusedLabel', `No GOTO leads to “${name}”.`), { tag: 'unnecessary' });
    }
  }
}

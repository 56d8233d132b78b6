// Labels of one subflow and the jumps to them.
import type { Name, Statement } from '../syntax/tree.ts';
import type { Enclosing } from '../syntax/walk.ts';
import type { Context, Survey } from './context.ts';
import { meaningMessages as say } from './findings.ts';
import { isLoop } from './placement.ts';

export function checkLabels({ report, suggestions }: Context, { labels, gotos }: Survey): void {
  if (labels.length + gotos.length === 0) return;
  const known = new Map<string, { readonly name: Name; readonly enclosing: Enclosing | undefined }>();
  for (const { statement, enclosing } of labels) {
    const { name } = statement;
    const key = name.text.toLowerCase();
    if (known.has(key)) report.add(name, say.labelTwice(name.text));
    else known.set(key, { name, enclosing });
  }
  for (const { statement, enclosing } of gotos) {
    const { name } = statement;
    const key = name.text.toLowerCase();
    const label = known.get(key);
    if (label === undefined) {
      const near = suggestions.near(labels, name.text, () => [...known.values()].map((l) => l.name.text));
      report.missing(name, say.labelUnknown(name.text, near), 'label', key);
    } else if (!leadsInto(label.enclosing, enclosing)) {
      report.add(name, say.gotoInside(label.name.text));
    }
  }
}

/** True when every loop and error block around the label is also around the jump: it may leave them, not enter them. */
function leadsInto(label: Enclosing | undefined, jump: Enclosing | undefined): boolean {
  const around = barriers(jump);
  for (const barrier of barriers(label)) if (!around.has(barrier)) return false;
  return true;
}

function barriers(enclosing: Enclosing | undefined): ReadonlySet<Statement> {
  const found = new Set<Statement>();
  for (let outer = enclosing; outer !== undefined; outer = outer.outer) {
    if (outer.part === 'body' && (isLoop(outer.statement) || outer.statement.kind === 'Block')) {
      found.add(outer.statement);
    }
  }
  return found;
}

// Statements that are switched off.
import type { DisabledStatement } from '../../syntax/tree.ts';
import type { Context, Survey } from '../context.ts';
import { rule } from '../findings.ts';

/** One remark for each stretch of disabled lines. */
export function checkDisabled({ model, report }: Context, surveys: readonly Survey[]): void {
  if (report.skips('DisabledCode')) return;
  const { text } = model.file;
  const say = (first: DisabledStatement, last: DisabledStatement) => {
    const message = 'Disabled statements never run. Delete them when they are no longer needed.';
    report.add({ start: first.start, end: last.end }, rule('DisabledCode', message), { tag: 'unnecessary' });
  };
  for (const { disabled } of surveys) {
    let first: DisabledStatement | undefined;
    let last: DisabledStatement | undefined;
    // A clause in a wrong place can make the order of the tree differ from that of the text.
    for (const statement of disabled.sort((a, b) => a.start - b.start)) {
      if (first !== undefined && last !== undefined && text.slice(last.end, statement.start).trim() !== '') {
        say(first, last);
        first = undefined;
      }
      first ??= statement;
      last = statement;
    }
    if (first !== undefined && last !== undefined) say(first, last);
  }
}

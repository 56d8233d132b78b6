// Errors that nobody handles, and errors that are handled by doing nothing.
import type { Statement } from '../../syntax/tree.ts';
import type { Enclosing } from '../../syntax/walk.ts';
import { idOf } from '../actions.ts';
import { type Context, rulesOf, type Survey } from '../context.ts';
import { rule } from '../findings.ts';
import { headOf, isInside } from '../placement.ts';

export function checkHandling(context: Context, surveys: readonly Survey[]): void {
  if (!context.report.skips('MissingErrorHandling')) checkUncaught(context, surveys);
  if (!context.report.skips('EmptyHandler')) checkEmpty(context, surveys);
}

/** One remark for each subflow, at its first action that may fail without anybody noticing. Only for whole flows. */
function checkUncaught({ report, whole }: Context, surveys: readonly Survey[]): void {
  if (!whole) return;
  const open = openSubflows(surveys);
  for (const { body, actions } of surveys) {
    if (body.subflow !== undefined && !open.has(body.subflow.name.text.toLowerCase())) continue;
    const uncaught = actions.filter(
      ({ statement, enclosing, traits }) =>
        traits.needsScreen && statement.onError === undefined && !isGuarded(enclosing),
    );
    const [first] = uncaught;
    if (first === undefined) continue;
    const others = uncaught.length === 1 ? '' : ` The same goes for ${uncaught.length - 1} more here.`;
    const message = `Nothing handles an error of this action. Put ON ERROR below it, or a BLOCK with ON BLOCK ERROR around it.${others}`;
    report.add(idOf(first.statement.action), rule('MissingErrorHandling', message));
  }
}

/** Lower-cased names of the subflows that are called at least once where no error block is around, be it at a distance. */
function openSubflows(surveys: readonly Survey[]): ReadonlySet<string> {
  const callees = new Map<string, string[]>();
  const open = new Set<string>();
  const called = new Set<string>();
  for (const { body, calls } of surveys) {
    const unguarded: string[] = [];
    for (const { statement, enclosing } of calls) {
      const callee = statement.name.text.toLowerCase();
      called.add(callee);
      if (statement.onError === undefined && !isGuarded(enclosing)) unguarded.push(callee);
    }
    callees.set(body.subflow?.name.text.toLowerCase() ?? '', unguarded);
  }
  const work = [''];
  for (const { body } of surveys) {
    const name = body.subflow?.name.text.toLowerCase();
    if (name !== undefined && !called.has(name)) work.push(name);
  }
  for (let name = work.pop(); name !== undefined; name = work.pop()) {
    if (open.has(name)) continue;
    open.add(name);
    work.push(...(callees.get(name) ?? []));
  }
  return open;
}

function isGuarded(enclosing: Enclosing | undefined): boolean {
  return isInside(
    enclosing,
    ({ statement, part }) => statement.kind === 'Block' && part === 'body' && statement.handlers.length > 0,
  );
}

function checkEmpty({ model, report }: Context, surveys: readonly Survey[]): void {
  const { text } = model.file;
  const message = 'An error is ignored here, and the flow goes on as if nothing had happened.';
  for (const statement of surveys.flatMap(({ handling }) => handling)) {
    const groups = statement.kind === 'Block' ? [statement] : rulesOf(statement);
    for (const group of groups) {
      // The tree knows clauses by their line only: their offsets are counted from the head of the group, one after the other.
      let { start: at, line: atLine } = group;
      for (const { line, body } of 'handlers' in group ? group.handlers : group.clauses) {
        at = lineBelow(text, at, line - atLine);
        atLine = line;
        if (isEmpty(body))
          report.add(headOf(text, { start: at, end: text.length }), rule('EmptyHandler', message));
      }
    }
  }
}

function isEmpty(body: readonly Statement[]): boolean {
  return body.every(({ kind }) => kind === 'Region' || kind === 'EndRegion');
}

const lineBreak = /\r\n|\r|\n/g;

/** The first character that is no blank, `lines` lines below the one that contains `offset`. */
function lineBelow(text: string, offset: number, lines: number): number {
  if (lines === 0) return offset;
  lineBreak.lastIndex = offset;
  for (let i = 0; i < lines; i++) lineBreak.exec(text);
  const start = lineBreak.lastIndex;
  return start + (/^[ \t]*/.exec(text.slice(start, start + 200))?.[0].length ?? 0);
}

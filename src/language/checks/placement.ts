// Statements where they cannot stand: outside of a loop, in error rules or outside of them, below a line of metadata.
import type { Body } from '../analysis/binder.ts';
import type { Node, Statement } from '../syntax/tree.ts';
import type { Enclosing, Place } from '../syntax/walk.ts';
import type { Context } from './context.ts';
import { meaningMessages as say } from './findings.ts';

const actionRules = 'SET, CALL, GOTO, REPEAT ACTION, NEXT ACTION and THROW ERROR';
const blockRules = 'SET, CALL, GOTO, REPEAT BLOCK, NEXT ACTION and THROW ERROR';
const allowedInRules: ReadonlySet<Statement['kind']> = new Set<Statement['kind']>([
  'Set',
  'CallSubflow',
  'Goto',
  'ThrowError',
  'NextAction',
  'Region',
  'EndRegion',
  'Disabled',
  'Error',
  // The parser refuses these in error rules.
  'If',
  'Switch',
  'ForEach',
  'LoopFromTo',
  'While',
  'Block',
]);
const rulesOnly = {
  ThrowError: ['THROW ERROR', 'error rules'],
  NextAction: ['NEXT ACTION', 'error rules'],
  RepeatAction: ['REPEAT ACTION', 'the error rules of an action'],
  RepeatBlock: ['REPEAT BLOCK', 'the error rules of a block'],
} as const;

/** Statements of the language that are no actions for the designer, so that no `@@` line can describe them. */
const noActions: ReadonlySet<Statement['kind']> = new Set<Statement['kind']>([
  'Set',
  'Switch',
  'ForEach',
  'LoopFromTo',
  'ExitLoop',
  'NextLoop',
  'Label',
  'Goto',
  'ExitFlow',
  'ExitSubflow',
  'GetLastError',
  'ThrowError',
  'RepeatAction',
  'RepeatBlock',
  'NextAction',
  'Block',
]);

export function checkPlace({ model, report }: Context, { statement, enclosing }: Place, body: Body): void {
  const head = () => headOf(model.file.text, statement);
  if (statement.meta.length > 0 && noActions.has(statement.kind)) {
    report.add(statement.meta[0] as Node, say.metaMisplaced());
  }
  if (enclosing?.part === 'handler') {
    const inBlock = enclosing.statement.kind === 'Block';
    const repeat = inBlock ? 'RepeatBlock' : 'RepeatAction';
    if (!allowedInRules.has(statement.kind) && statement.kind !== repeat) {
      report.add(head(), say.handlerStatement(inBlock ? blockRules : actionRules));
    }
    return;
  }
  switch (statement.kind) {
    case 'ExitLoop':
    case 'NextLoop': {
      if (isInside(enclosing, (outer) => isLoop(outer.statement))) return;
      const words = statement.kind === 'ExitLoop' ? 'EXIT LOOP' : 'NEXT LOOP';
      report.missing(head(), say.loopExitOutside(words), 'surrounding', words);
      return;
    }
    case 'ExitSubflow':
      if (body.subflow === undefined) {
        report.missing(head(), say.exitSubflowInMain(), 'surrounding', 'EXIT FUNCTION');
      }
      return;
    case 'ThrowError':
    case 'NextAction':
    case 'RepeatAction':
    case 'RepeatBlock': {
      // Nested in error rules it is the nesting that is wrong, and the parser says so.
      if (isInside(enclosing, (outer) => outer.part === 'handler')) return;
      const [words, home] = rulesOnly[statement.kind];
      report.add(head(), say.handlerOnly(words, home));
      return;
    }
    default:
      return;
  }
}

export function isInside(enclosing: Enclosing | undefined, test: (outer: Enclosing) => boolean): boolean {
  for (let outer = enclosing; outer !== undefined; outer = outer.outer) if (test(outer)) return true;
  return false;
}

export function isLoop(statement: Statement): boolean {
  return statement.kind === 'ForEach' || statement.kind === 'LoopFromTo' || statement.kind === 'While';
}

const lineEnd = /[\r\n]/g;

/** The first line of a statement, without its body. */
export function headOf(text: string, { start, end }: Node): Node {
  lineEnd.lastIndex = start;
  const lineStop = lineEnd.exec(text)?.index ?? text.length;
  const head = text.slice(start, Math.min(end, lineStop));
  return { start, end: start + head.trimEnd().length };
}

// Who handles an error? Every kind of error against every combination of action rules, block handlers and outer block.
// The rule in one sentence: rules of the action, then the block, then the outer block; names before general ones;
// logic errors only where a block captures all.
import { expect, it } from 'vitest';
import { header, World } from './world.ts';

const kinds = {
  action: "File.Delete Files: 'Alpha'",
  custom: "FlowControl.ThrowCustomError CustomErrorCode: 'Alpha' CustomErrorMessage: 'm'",
  logic: 'File.Delete Files: 1 / 0',
} as const;

/** A clause after ON ERROR; `throw` is a general one that throws the error on. */
type Clause = 'Alpha' | 'Beta' | 'general' | 'throw';
const rules: readonly (readonly Clause[])[] = [
  [],
  ['Beta'],
  ['Alpha'],
  ['general'],
  ['general', 'Alpha'],
  ['Beta', 'throw'],
];

type Handler = 'default' | 'all' | 'named Alpha' | 'named Beta' | 'custom Alpha' | 'custom Beta';
const blocks: readonly (readonly Handler[])[] = [
  ['default'],
  ['all'],
  ['named Alpha'],
  ['custom Alpha'],
  ['default', 'custom Alpha', 'named Alpha'],
  ['all', 'named Beta', 'named Alpha'],
  ['custom Beta', 'default', 'all'],
];

function flow(
  kind: keyof typeof kinds,
  clauses: readonly Clause[],
  handlers: readonly Handler[],
  isNested: boolean,
): string {
  const lines: string[] = ["SET r TO ''"];
  if (isNested) lines.push('BLOCK', 'ON BLOCK ERROR all', "SET r TO r + 'outer'", 'END');
  lines.push('BLOCK');
  for (const handler of handlers) {
    const [what, name] = handler.split(' ');
    const head =
      what === 'default'
        ? ''
        : what === 'all'
          ? 'all'
          : what === 'named'
            ? name
            : `'${name}' IsUserDefinedErrorCode: True`;
    lines.push(`ON BLOCK ERROR ${head}`, `SET r TO r + '${handler} '`);
  }
  lines.push('END', kinds[kind]);
  for (const clause of clauses) {
    const isNamed = clause === 'Alpha' || clause === 'Beta';
    lines.push(isNamed ? `ON ERROR ${clause}` : 'ON ERROR');
    lines.push(clause === 'throw' ? 'THROW ERROR' : `SET r TO r + 'rules ${clause} '`);
  }
  if (clauses.length > 0) lines.push('END');
  lines.push("SET r TO r + 'on '", 'END');
  if (isNested) lines.push('END');
  return lines.join('\n');
}

/** What `r` must be, or undefined when the flow must fail. */
function expected(
  kind: keyof typeof kinds,
  clauses: readonly Clause[],
  handlers: readonly Handler[],
  isNested: boolean,
): string | undefined {
  const isLogic = kind === 'logic';
  const clause = isLogic
    ? undefined
    : (clauses.find((c) => c === 'Alpha') ?? clauses.find((c) => c === 'general'));
  if (clause !== undefined) return `rules ${clause} on `;
  const wants: Record<Handler, boolean> = {
    'named Alpha': !isLogic,
    'named Beta': false,
    'custom Alpha': kind === 'custom',
    'custom Beta': false,
    default: !isLogic,
    all: true,
  };
  const byName = handlers.filter((handler) => handler.includes(' '));
  const handler = [...byName, ...handlers.filter((h) => !byName.includes(h))].find((h) => wants[h]);
  if (handler !== undefined) return `${handler} `;
  return isNested ? 'outer' : undefined;
}

const matrix = (Object.keys(kinds) as (keyof typeof kinds)[]).flatMap((kind) =>
  rules.flatMap((clauses) =>
    blocks.flatMap((handlers) => [false, true].map((nested) => ({ kind, clauses, handlers, nested }))),
  ),
);

it.each(['action', 'custom', 'logic'] as const)(
  'a failing %s error goes to the right handler in every combination',
  async (wanted) => {
    for (const { kind, clauses, handlers, nested } of matrix) {
      if (kind !== wanted) continue;
      const outcome = await new World().run(header(['r']) + flow(kind, clauses, handlers, nested)).start();
      const result = expected(kind, clauses, handlers, nested);
      expect({ clauses, handlers, nested, r: outcome.outputs.r, code: outcome.error?.code }).toEqual({
        clauses,
        handlers,
        nested,
        r: result,
        code: result === undefined ? (kind === 'logic' ? 'DivisionByZero' : 'Alpha') : undefined,
      });
    }
  },
);

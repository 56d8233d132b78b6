// `dflow actions`: which actions flows use, how often, and whether this version's agent can run them.
import { asProductError, type ProductError } from '../base/error.ts';
import { callsOf } from '../language/analysis/named.ts';
import {
  actionIds,
  canonicalId,
  findAction,
  isImplemented,
  type NeededSystem,
  neededSystem,
} from '../language/catalog/catalog.ts';
import { eachStatement } from '../language/syntax/walk.ts';
import { flowPaths, readFlow } from './flowFile.ts';
import { counted, type Output } from './terminal.ts';
import { exitCode } from './usage.ts';

interface UsedAction {
  readonly id: string;
  readonly name: string | undefined;
  /** `unknown`: not in the catalog, so nothing can be said about it. */
  readonly support: 'supported' | 'unsupported' | 'unknown';
  /** Only agents on this system support it. */
  readonly needs?: NeededSystem;
  count: number;
  files: number;
}

/**
 * The ids of all actions this version's agent can carry out: one a line, where those that need Windows say so, or with `json` as one
 * list.
 */
export function listSupported(json: boolean, out: Output): number {
  const ids = actionIds()
    .filter((id) => isImplemented(id) && canonicalId(id) === id)
    .sort();
  out.write(json ? `${JSON.stringify(ids)}\n` : ids.map((id) => `${id}${needed(id)}\n`).join(''));
  return exitCode.ok;
}

/** Disabled rows are not counted. */
export function listActions(paths: readonly string[], json: boolean, out: Output, err: Output): number {
  const used = new Map<string, UsedAction>();
  const files: { path: string; actions: Record<string, number> }[] = [];
  const failures: { path: string; error: ProductError }[] = [];
  for (const { path, error } of flowPaths(paths)) {
    try {
      if (error !== undefined) throw error;
      const { file } = readFlow(path);
      const counts = new Map<string, number>();
      for (const body of [file.main, ...file.subflows.map((subflow) => subflow.body)]) {
        for (const { statement } of eachStatement(body)) {
          for (const call of callsOf(statement)) {
            const id = canonicalId(call.id) ?? call.id;
            counts.set(id, (counts.get(id) ?? 0) + 1);
          }
        }
      }
      for (const [id, count] of counts) {
        const entry = used.get(id) ?? describe(id);
        entry.count += count;
        entry.files++;
        used.set(id, entry);
      }
      files.push({ path, actions: Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))) });
    } catch (thrown) {
      failures.push({ path, error: asProductError(thrown) });
    }
  }
  const actions = [...used.values()].sort((a, b) => b.count - a.count || (a.id < b.id ? -1 : 1));
  if (json) {
    const errors = failures.map(({ path, error: { code, message } }) => ({ path, code, message }));
    out.write(`${JSON.stringify({ actions, files, errors })}\n`);
  } else {
    for (const { id, name, support, count } of actions) {
      const what = `${name === undefined ? id : `${id}  ${name}`}${needed(id)}`;
      out.write(`${String(count).padStart(6)}  ${support.padEnd(11)}  ${what}\n`);
    }
    const number = (support: UsedAction['support']) =>
      actions.filter((action) => action.support === support).length;
    out.write(
      `${counted(actions.length, 'action')} in ${counted(files.length, 'file')}: ${number('supported')} supported by this agent, ${number('unsupported')} not, ${number('unknown')} unknown\n`,
    );
    for (const { path, error } of failures) {
      err.write(`${path}: error ${error.code}: ${error.message}\n  Next: ${error.nextStep}\n`);
    }
  }
  return failures.length > 0 ? exitCode.failed : exitCode.ok;
}

const needed = (id: string): string => (neededSystem(id) === 'windows' ? '  (needs Windows)' : '');

function describe(id: string): UsedAction {
  const found = findAction(id);
  const support = found === undefined ? 'unknown' : isImplemented(id) ? 'supported' : 'unsupported';
  const needs = neededSystem(id);
  return {
    id,
    name: found?.definition.displayName,
    support,
    ...(needs !== undefined && { needs }),
    count: 0,
    files: 0,
  };
}

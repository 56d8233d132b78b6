// Writes the action catalog that the product loads (src/language/catalog/*.json) out of the facts in this folder.
// `node scripts/catalog/generate.ts` after a change here; with `--check` it only says whether the committed data is current.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type ArgumentFacts,
  type CallFacts,
  callsOf,
  errorNamesOf,
  type OutputFacts,
  problemsOf,
  readableName,
  readSources,
  type Sources,
} from './sources.ts';

/** The files of the catalog by name, with their contents. Throws, with every problem, when the sources are not sound. */
export function generateCatalog(sources: Sources): Readonly<Record<string, string>> {
  const problems = problemsOf(sources);
  if (problems.length > 0) throw new Error(`the catalog cannot be generated:\n${problems.join('\n')}`);
  const errors = new Pool();
  const args = new Pool();
  const outputs = new Pool();
  const modules: Record<string, unknown> = {};
  const calls = Map.groupBy(callsOf(sources), (call) => call.module);
  const seen = seenWithOlder(sources);
  for (const [module, { page, actions = {} }] of Object.entries(sources.modules)) {
    const described = sources.descriptions.modules[module];
    const byBase = Map.groupBy(calls.get(module) ?? [], (call) => call.name.split('.')[0] as string);
    modules[module] = {
      d: described?.about,
      p: page,
      a: JSON.stringify(
        Object.fromEntries(
          Object.entries(actions).map(([base, action]) => [
            base,
            {
              n: action.displayName,
              h: action.docs,
              e: listed(
                errorNamesOf(sources, `${module}.${base}`, action).map(({ name, title, certain }) =>
                  errors.add(`${name}${certain ? '!' : ':'}${title}`),
                ),
              ),
              v: Object.fromEntries(
                (byBase.get(base) ?? []).map(({ id, name, facts }) => [
                  name.slice(base.length + 1),
                  {
                    t: described?.actions?.[name],
                    k: facts.kind,
                    s: seen.get(id),
                    a: listed((facts.arguments ?? []).map((argument) => args.add(encodeArgument(argument)))),
                    o: listed((facts.outputs ?? []).map((output) => outputs.add(encodeOutput(output)))),
                    x: facts.aliasOf,
                    r: facts.removed,
                    b: facts.since,
                    c: changesOf(facts),
                    d: facts.dynamicArguments ? 1 : undefined,
                    u: facts.argumentsKnown === false ? 1 : undefined,
                  },
                ]),
              ),
            },
          ]),
        ),
      ),
    };
  }
  const enums = Object.fromEntries(
    Object.entries(sources.modules).flatMap(([module, { enums: own = {} }]) =>
      Object.entries(own).map(([name, members]) => [`${module}.${name}`, members]),
    ),
  );
  return {
    'actions.json': `{
"errors":${JSON.stringify(errors.entries)},
"arguments":${JSON.stringify(args.entries)},
"outputs":${JSON.stringify(outputs.entries)},
"hints":${JSON.stringify(sources.descriptions.arguments)},
"modules":${lines(modules)}
}
`,
    'enums.json': `${lines(enums)}\n`,
    'statements.json': `${lines(Object.fromEntries(sources.statements.map(({ keyword, ...rest }) => [keyword, rest])))}\n`,
  };
}

/** Calls seen of every id, those of older ids counted for the newest one as well. */
function seenWithOlder(sources: Sources): ReadonlyMap<string, number> {
  const calls = new Map(callsOf(sources).map((call) => [call.id, call.facts]));
  const seen = new Map<string, number>();
  for (const [written, { seen: count }] of calls) {
    if (count === undefined) continue;
    for (let id: string | undefined = written; id !== undefined; id = calls.get(id)?.aliasOf) {
      seen.set(id, (seen.get(id) ?? 0) + count);
    }
  }
  return seen;
}

/** Equal texts, kept once. */
class Pool {
  readonly entries: string[] = [];
  readonly #places = new Map<string, number>();

  add(text: string): number {
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    this.#places.set(text, this.entries.length);
    return this.entries.push(text) - 1;
  }
}

/** `Name[!][&]:Type|Label[=default]`: `!` required, `&` changed by the action. */
function encodeArgument({ name, label, type = '', required, inOut, default: value }: ArgumentFacts): string {
  const flags = `${required ? '!' : ''}${inOut ? '&' : ''}`;
  return `${name}${flags}:${type}|${label ?? readableName(name)}${value === undefined ? '' : `=${value}`}`;
}

/** `Name:Type|Label[=variable]` */
function encodeOutput({ name, type = '', variable }: OutputFacts): string {
  return `${name}:${type}|${readableName(name)}${variable === undefined ? '' : `=${variable}`}`;
}

/** “2.72 added ThrowOnDuplicateWorkQueueItem”, or undefined when nothing is known. */
function changesOf({ arguments: args = [] }: CallFacts): string | undefined {
  const later = Map.groupBy(
    args.filter(({ since }) => since !== undefined),
    ({ since }) => since,
  );
  const sentences = [...later].map(
    ([build, added]) => `${build} added ${added.map(({ name }) => name).join(', ')}`,
  );
  return sentences.length === 0 ? undefined : sentences.join('; ');
}

function listed<T>(items: readonly T[]): readonly T[] | undefined {
  return items.length === 0 ? undefined : items;
}

/** JSON with one line for each entry, so that a change of the data shows as a change of few lines. */
function lines(entries: Readonly<Record<string, unknown>>): string {
  const rows = Object.entries(entries).map(
    ([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`,
  );
  return `{\n${rows.join(',\n')}\n}`;
}

const target = new URL('../../src/language/catalog/', import.meta.url);

function main(check: boolean): void {
  const stale = Object.entries(generateCatalog(readSources())).filter(([name, contents]) => {
    const file = new URL(name, target);
    if (existsSync(file) && readFileSync(file, 'utf8') === contents) return false;
    if (!check) writeFileSync(file, contents);
    return true;
  });
  const names = stale.map(([name]) => name).join(', ');
  if (check && names !== '') {
    console.error(`Not current: ${names}. Run node scripts/catalog/generate.ts`);
    process.exitCode = 1;
  } else console.log(names === '' ? 'The catalog is current.' : `Written: ${names}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.includes('--check'));

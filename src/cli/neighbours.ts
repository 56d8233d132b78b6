// What the flows that the command line checks can see of each other and of the repositories beside them. Reads other flows only when
// one of them is asked for.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { FlowReference, FlowSource } from '../files/companions.ts';
import { flowEnding } from '../interchange/fileNames.ts';
import { imageNames, screenSummaries } from '../interchange/repository.ts';
import { manifestPath, solutionFlows } from '../interchange/solution.ts';
import { importPath, summaryOf, wayTo } from '../language/analysis/summary.ts';
import type { FlowSummary, Surroundings } from '../language/analysis/surroundings.ts';
import { isTestFile } from '../language/analysis/tests.ts';
import { decodeFlow } from '../language/syntax/decode.ts';
import { type FlowOnDisk, flowPaths, readFlow, readFlowText } from './flowFile.ts';

/** Flows that know each other: those under the same named folder, or in the folder of a named file. */
export class Neighbours implements FlowSource {
  readonly #roots: readonly string[];
  readonly #repositories = new Map<string, unknown>();
  /** By id, name, and the name a solution gives it, in lower case. */
  #flows: ReadonlyMap<string, readonly KnownFlow[]> | undefined;

  /** `paths` as the user named them: files and folders. */
  constructor(paths: readonly string[]) {
    this.#roots = [
      ...new Set(
        paths
          .filter((path) => path !== '-')
          .map((path) => (flowEnding.test(path) ? dirname(path) : path))
          // A flow of an unpacked solution knows the others of the solution.
          .map((folder) => (existsSync(join(dirname(folder), manifestPath)) ? dirname(folder) : folder)),
      ),
    ];
  }

  surroundingsOf(flow: FlowOnDisk): Surroundings {
    const folder = dirname(flow.path);
    const beside = <T>(alias: 'appmask' | 'imgrepo', read: (text: string) => T): T | undefined => {
      const name = flow.path === '-' ? undefined : importPath(flow.file, alias);
      return name === undefined ? undefined : this.#read(join(folder, name), read);
    };
    return {
      isTest: isTestFile(flow.path),
      screens: beside('appmask', screenSummaries),
      images: beside('imgrepo', imageNames),
      flow: (id, name) => this.#called({ id, name }, flow.path)?.summary,
      circle: (id, name) => this.#circle({ id, name }, flow.path),
    };
  }

  find(reference: FlowReference, from: string): string | undefined {
    return this.#called(reference, from)?.path;
  }

  /** Throws what `readFlowText` throws, but for a file that is not there. */
  read(path: string): string | undefined {
    return existsSync(path) ? readFlowText(path).text : undefined;
  }

  /** Each repository is read once. */
  #read<T>(path: string, read: (text: string) => T): T | undefined {
    if (!this.#repositories.has(path)) {
      try {
        this.#repositories.set(path, read(decodeFlow(readFileSync(path)).text));
      } catch {
        // Without the file nothing is known about what is in it.
        this.#repositories.set(path, undefined);
      }
    }
    return this.#repositories.get(path) as T | undefined;
  }

  /** Undefined also when several flows have the name and not exactly one of them stands in the folder of the flow in `from`. */
  #called({ id, name }: FlowSummary['runs'][number], from: string): KnownFlow | undefined {
    this.#flows ??= this.#readAll();
    for (const key of name === undefined ? [id] : [id, name]) {
      const found = this.#flows.get(key.toLowerCase()) ?? [];
      const near =
        found.length === 1 ? found : found.filter(({ path }) => dirname(path) === dirname(resolve(from)));
      if (near.length === 1) return near[0];
    }
    return undefined;
  }

  /** Names on the shortest way from the flow in `path` through the flow it runs and back to it. */
  #circle(run: FlowSummary['runs'][number], path: string): readonly string[] | undefined {
    const first = this.#called(run, path);
    if (first === undefined) return undefined;
    const back = resolve(path);
    const way = wayTo(
      first,
      (flow) => flow.path === back,
      (flow) => flow.summary.runs.flatMap((next) => this.#called(next, flow.path) ?? []),
    )?.map(({ summary }) => summary.name);
    return way && [way.at(-1) as string, ...way];
  }

  #readAll(): Map<string, KnownFlow[]> {
    const flows = new Map<string, KnownFlow[]>();
    const read = new Set<string>();
    for (const root of this.#roots) {
      const listed = readManifest(root);
      for (const found of flowPaths([root])) {
        const path = resolve(found.path);
        if (found.error !== undefined || read.has(path)) continue;
        read.add(path);
        try {
          const { file, name } = readFlow(found.path);
          const entry = listed.get(path.toLowerCase());
          const known = { path, summary: summaryOf(file, name, entry?.id.toLowerCase()) };
          const keys = [known.summary.id, name, entry?.name].flatMap((key) => key?.toLowerCase() ?? []);
          for (const key of new Set(keys)) flows.set(key, [...(flows.get(key) ?? []), known]);
        } catch {
          // It has its own entry in the report of the check; here it is only unknown.
        }
      }
    }
    return flows;
  }
}

interface KnownFlow {
  /** Absolute. */
  readonly path: string;
  readonly summary: FlowSummary;
}

/** What the solution.json of a folder says, by the absolute path of the flow in lower case. */
function readManifest(root: string): ReadonlyMap<string, ReturnType<typeof solutionFlows>[number]> {
  try {
    const { text } = decodeFlow(readFileSync(join(root, manifestPath)));
    return new Map(solutionFlows(text).map((flow) => [resolve(root, flow.path).toLowerCase(), flow]));
  } catch {
    return new Map();
  }
}

// The flows and files of tests that one session reads: each once, as parsed trees. Writes nothing.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ProductError } from '../base/error.ts';
import { bundle, type FlowBundle, type FlowReference, gatherCompanions } from '../files/companions.ts';
import { flowEnding } from '../interchange/fileNames.ts';
import { manifestPath, solutionFlows } from '../interchange/solution.ts';
import { decodeFlow } from '../language/syntax/decode.ts';
import { parse } from '../language/syntax/parser.ts';
import type { FlowFile } from '../language/syntax/tree.ts';
import { maxFlowBytes } from '../protocol/agent.ts';

export interface LoadedFlow {
  /** Absolute. */
  readonly path: string;
  /** File name without ending. */
  readonly name: string;
  readonly file: FlowFile;
}

export class FlowFiles {
  readonly #flows = new Map<string, LoadedFlow>();

  /**
   * The files that a flow needs besides its own text. `runsOthers`: also the flows that it runs. Throws what `gatherCompanions`
   * throws.
   */
  async companionsOf(flow: LoadedFlow, runsOthers: boolean): Promise<FlowBundle> {
    // Without calls of other flows only its repositories are left to find.
    const file = runsOthers ? flow.file : { ...flow.file, main: [], subflows: [] };
    const companions = await gatherCompanions(flow.path, file, {
      find: (reference, from) => flowNamed(reference, from),
      read: (path) => (existsSync(path) ? textOf(path) : undefined),
    });
    return bundle(flow.name, file, companions);
  }

  /** Throws ProductError `TestFlowNotFound`, `TestFlowUnreadable`, `FlowTooLarge` or the decoder's codes. */
  read(path: string): LoadedFlow {
    let flow = this.#flows.get(path);
    if (flow === undefined) {
      flow = { path, name: basename(path).replace(flowEnding, ''), file: parse(textOf(path)) };
      this.#flows.set(path, flow);
    }
    return flow;
  }
}

/** Endings of flow files, the usual one first. */
const endings = ['.robin', '.pad'];

/**
 * The flow that a flow in the file `from` runs: by its id in the solution that both are unpacked from, else by its name in the same
 * folder or in one beside it. Undefined when there is none, or not exactly one.
 */
function flowNamed({ id, name }: FlowReference, from: string): string | undefined {
  const folder = dirname(from);
  for (const root of [folder, dirname(folder)]) {
    const listed = inManifest(root, id);
    if (listed !== undefined) return listed;
  }
  for (const wanted of name === undefined ? [id] : [name, id]) {
    const beside = endings
      .map((ending) => join(folder, `${wanted}${ending}`))
      .filter((path) => existsSync(path));
    if (beside.length > 0) return beside[0];
    const near = readdirSync(dirname(folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap((entry) => endings.map((ending) => join(dirname(folder), entry.name, `${wanted}${ending}`)))
      .filter((path) => existsSync(path));
    if (near.length === 1) return near[0];
  }
  return undefined;
}

function inManifest(root: string, id: string): string | undefined {
  const path = join(root, manifestPath);
  if (!existsSync(path)) return undefined;
  try {
    const flow = solutionFlows(textOf(path)).find((each) => each.id.toLowerCase() === id.toLowerCase());
    return flow && resolve(root, flow.path);
  } catch {
    // Damaged, or of something else: names are left to find it by.
    return undefined;
  }
}

function textOf(path: string): string {
  try {
    if (statSync(path).size > maxFlowBytes) {
      throw new ProductError(
        'FlowTooLarge',
        `${path} is larger than the ${maxFlowBytes / 1024 / 1024} MB that a flow may have.`,
        'Remove screenshots from the copied text or split the flow.',
      );
    }
    return decodeFlow(readFileSync(path)).text;
  } catch (error) {
    if (error instanceof ProductError) throw error;
    const reason = (error as NodeJS.ErrnoException).code;
    if (reason === 'ENOENT') {
      throw new ProductError(
        'TestFlowNotFound',
        `There is no flow ${path}.`,
        'Correct FlowPath; it is relative to the folder of the file of tests.',
      );
    }
    throw new ProductError(
      'TestFlowUnreadable',
      `${path} cannot be read (${reason}).`,
      'Name a flow file that your account may read.',
      { cause: error },
    );
  }
}

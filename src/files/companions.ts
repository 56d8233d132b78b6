// What a run needs besides the text of its flow: the repositories that IMPORT lines name and the flows that it runs, directly or
// not. A text copied from the designer carries its repositories in itself. Gathered from wherever a shell finds flows, and put together again by whoever runs them. Runs nothing.
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { ProductError } from '../base/error.ts';
import { readAttachment } from '../interchange/attachment.ts';
import { flowEnding } from '../interchange/fileNames.ts';
import { importPath, summaryOf } from '../language/analysis/summary.ts';
import type { FlowSummary } from '../language/analysis/surroundings.ts';
import { parse } from '../language/syntax/parser.ts';
import type { FlowFile } from '../language/syntax/tree.ts';
import type { Companion } from '../protocol/run.ts';

/** How a flow names a flow that it runs: the id in `FlowId`, lower-cased, and the `@@flowname` above it. */
export type FlowReference = FlowSummary['runs'][number];

/** Where flows are found. Paths are absolute. */
export interface FlowSource {
  /** The file of the flow that `reference` means to the flow in the file `from`; undefined when it is unknown or not the only one. */
  find(reference: FlowReference, from: string): string | undefined;
  /** Undefined when there is no such file. */
  read(path: string): string | undefined | Promise<string | undefined>;
}

/** A flow with at most this many flows that it runs, directly or not: the limit of the product (docs: run desktop flow). */
const mostFlows = 150;

/** A flow of a run. */
export interface BundledFlow {
  /** File name without ending. */
  readonly name: string;
  /** As in its companion; empty for the flow that the run is of. */
  readonly path: string;
  readonly file: FlowFile;
  /** Texts of its repositories, where they were found: beside it, else behind its own text. */
  readonly elements: string | undefined;
  readonly images: string | undefined;
}

/** A flow with everything it needs. */
export interface FlowBundle {
  readonly root: BundledFlow;
  /** The flows that it runs, directly or not. */
  readonly called: readonly BundledFlow[];
  /** The flow that a `FlowId` (any letter case) means in this run. */
  flow(id: string): BundledFlow | undefined;
}

/**
 * The files that the flow in the file `path` needs, in the order in which they are found. Throws ProductError `CalledFlowNotFound`,
 * `CalledFlowAmbiguous`, `TooManyCalledFlows`, `FlowCircle`, and what the source throws.
 */
export async function gatherCompanions(
  path: string,
  file: FlowFile,
  source: FlowSource,
): Promise<Companion[]> {
  const root: FoundFlow = {
    path: resolve(path),
    name: nameOf(path),
    file,
    ids: new Set(),
    calledBy: undefined,
  };
  const flows = new Map([[root.path, root]]);
  const repositories = new Map<string, string>();
  // The map grows under the loop: flows come in the order in which they are found.
  for (const flow of flows.values()) {
    for (const alias of ['appmask', 'imgrepo'] as const) {
      const name = importPath(flow.file, alias);
      const beside = name === undefined ? undefined : resolve(dirname(flow.path), name);
      if (beside === undefined || repositories.has(beside)) continue;
      const text = await source.read(beside);
      if (text !== undefined) repositories.set(beside, text);
    }
    for (const reference of summaryOf(flow.file, flow.name, undefined).runs) {
      const called = source.find(reference, flow.path);
      if (called === root.path) throw circle([...wayOf(flow), root.name]);
      let found = called === undefined ? undefined : flows.get(called);
      if (called !== undefined && found === undefined) {
        const text = await source.read(called);
        if (flows.size > mostFlows) throw tooMany(root.name);
        if (text !== undefined) {
          found = {
            path: called,
            name: nameOf(called),
            file: parse(text),
            ids: new Set(),
            calledBy: flow,
          };
          flows.set(called, found);
        }
      }
      if (found === undefined) throw notFound(flow.name, reference);
      found.ids.add(reference.id);
    }
  }
  flows.delete(root.path);
  const shown = (beside: string) => companionPath(dirname(root.path), beside);
  const companions = [
    ...[...flows.values()].map((flow) => ({
      path: shown(flow.path),
      text: flow.file.text,
      ids: [...flow.ids],
    })),
    ...[...repositories].map(([beside, text]) => ({ path: shown(beside), text })),
  ];
  bundle(root.name, file, companions);
  return companions;
}

interface FoundFlow {
  readonly path: string;
  readonly name: string;
  readonly file: FlowFile;
  /** How flows call it. */
  readonly ids: Set<string>;
  /** The flow in which it was found first. */
  readonly calledBy: FoundFlow | undefined;
}

/** Names from the flow of the run to `flow`. */
function wayOf(flow: FoundFlow): string[] {
  return flow.calledBy === undefined ? [flow.name] : [...wayOf(flow.calledBy), flow.name];
}

/**
 * The flow `file` put together with its companions, and proof that nothing is missing. Throws ProductError `CalledFlowNotFound`,
 * `CalledFlowAmbiguous`, `TooManyCalledFlows` and `FlowCircle`.
 */
export function bundle(name: string, file: FlowFile, companions: readonly Companion[]): FlowBundle {
  const texts = new Map(companions.map(({ path, text }) => [path, text]));
  const runnable = (flowName: string, path: string, tree: FlowFile): BundledFlow => {
    const beside = (alias: 'appmask' | 'imgrepo') => {
      const written = importPath(tree, alias);
      return written === undefined ? undefined : texts.get(joined(path, written));
    };
    const within = tree.attachment === undefined ? undefined : readAttachment(tree.attachment.json);
    return {
      name: flowName,
      path,
      file: tree,
      elements: beside('appmask') ?? within?.elements,
      images: beside('imgrepo') ?? within?.images,
    };
  };
  const root = runnable(name, '', file);
  const flows = companions.flatMap(({ path, text, ids }) =>
    ids === undefined ? [] : [{ ids, flow: runnable(nameOf(path), path, parse(text)) }],
  );
  if (flows.length > mostFlows) throw tooMany(name);
  const byId = new Map<string, BundledFlow>();
  for (const { ids, flow } of flows) {
    for (const id of ids.map((each) => each.toLowerCase())) {
      const other = byId.get(id);
      if (other !== undefined && other !== flow) throw ambiguous(id, other, flow);
      byId.set(id, flow);
    }
  }
  refuseCircle(root, (flow) =>
    summaryOf(flow.file, flow.name, undefined).runs.map((reference) => {
      const called = byId.get(reference.id);
      if (called === undefined) throw notFound(flow.name, reference);
      return called;
    }),
  );
  return {
    root,
    called: flows.map(({ flow }) => flow),
    flow: (id) => byId.get(id.toLowerCase()),
  };
}

/** Goes depth-first through all flows; `runBy` gives the flows that a flow runs. */
function refuseCircle(root: BundledFlow, runBy: (flow: BundledFlow) => readonly BundledFlow[]): void {
  const finished = new Set<BundledFlow>();
  const open: BundledFlow[] = [];
  const visit = (flow: BundledFlow) => {
    if (finished.has(flow)) return;
    const at = open.indexOf(flow);
    if (at >= 0) throw circle([...open.slice(at), flow].map((each) => each.name));
    open.push(flow);
    for (const called of runBy(flow)) visit(called);
    open.pop();
    finished.add(flow);
  };
  visit(root);
}

// ── Paths and messages ──────────────────────────────────────────────────────────────────────────────────────────

const nameOf = (path: string): string => path.replace(/^.*[\\/]/s, '').replace(flowEnding, '');

/** As in the flow's folder, with `/`; absolute where no way leads from one to the other (another drive). */
function companionPath(folder: string, path: string): string {
  const way = relative(folder, path);
  return (isAbsolute(way) ? path : way).split(sep).join('/');
}

/** The path of the file `name` beside the companion `path`, as companions are named. */
function joined(path: string, name: string): string {
  const steps = path.split('/').slice(0, -1);
  for (const step of name.split(/[\\/]/)) {
    if (step === '..' && steps.length > 0 && steps.at(-1) !== '..') steps.pop();
    else if (step !== '.' && step !== '') steps.push(step);
  }
  return steps.join('/');
}

function notFound(caller: string, { id, name }: FlowReference): ProductError {
  const called = name === undefined ? `the flow with the id ${id}` : `the flow "${name}" (${id})`;
  return new ProductError(
    'CalledFlowNotFound',
    `"${caller}" runs ${called}, which was not found, or not as the only one of that name.`,
    'Put its .robin file into the folder of the flow, or correct the name in the @@flowname line. A flow is found by its id in a solution or by its file name.',
  );
}

function ambiguous(id: string, one: BundledFlow, other: BundledFlow): ProductError {
  return new ProductError(
    'CalledFlowAmbiguous',
    `The id ${id} means two flows in this run: ${one.path} and ${other.path}.`,
    'Give each flow its own id in FlowId.',
  );
}

function circle(names: readonly string[]): ProductError {
  return new ProductError(
    'FlowCircle',
    `Flows run each other in a circle: ${names.map((name) => `"${name}"`).join(' → ')}.`,
    'Take one of these calls out: a flow cannot run itself, also not through others.',
  );
}

function tooMany(name: string): ProductError {
  return new ProductError(
    'TooManyCalledFlows',
    `"${name}" runs more than ${mostFlows} other flows, directly or not.`,
    `A flow may depend on ${mostFlows} flows: join some of them.`,
  );
}

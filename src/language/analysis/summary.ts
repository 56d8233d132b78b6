// What a flow says about other flows and files, and what they need to know about it. Drawn from one tree; resolves nothing (see
// surroundings.ts for the answers of others).
import type { FlowFile, MetaLine, Statement } from '../syntax/tree.ts';
import { eachStatement } from '../syntax/walk.ts';
import { flowInfo } from './flow.ts';
import type { FlowSummary, ParameterSummary } from './surroundings.ts';
import { constantText, type Use, usesOf } from './uses.ts';

/** A use of something that lives in another file, and the statement it stands in. */
export interface Mention {
  readonly use: Use & { readonly kind: 'screen' | 'element' | 'image' | 'flow' };
  readonly statement: Statement;
}

/** A statement without any of these words mentions nothing outside. */
const outside = /appmask|imgrepo|external\.runflow/gi;

/** Every use of a screen, UI element, image or flow, in the order of the text. Disabled rows have none. */
export function mentionsOutside(file: FlowFile): Mention[] {
  const found: Mention[] = [];
  for (const statement of statementsWith(outside, file)) {
    for (const use of usesOf(statement)) if (isOutside(use)) found.push({ use, statement });
  }
  return found;
}

function isOutside(use: Use): use is Mention['use'] {
  const { kind } = use;
  return kind === 'screen' || kind === 'element' || kind === 'image' || kind === 'flow';
}

/** The statements in whose text the pattern is found, those around them included. Most flows have none: then nothing is walked. */
function* statementsWith(pattern: RegExp, { text, main, subflows }: FlowFile): Generator<Statement> {
  const found = Array.from(text.matchAll(pattern), (match) => match.index);
  if (found.length === 0) return;
  for (const body of [main, ...subflows.map((subflow) => subflow.body)]) {
    for (const { statement } of eachStatement(body)) {
      let low = 0;
      let high = found.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((found[middle] as number) < statement.start) low = middle + 1;
        else high = middle;
      }
      if (low < found.length && (found[low] as number) < statement.end) yield statement;
    }
  }
}

/**
 * The summary of a flow. `name` is its file name without the ending, `id` what a solution calls it. `mentions` are those of
 * the file, where the caller has them already.
 */
export function summaryOf(
  file: FlowFile,
  name: string,
  id: string | undefined,
  mentions: readonly Mention[] = mentionsOutside(file),
): FlowSummary {
  const { inputs, outputs } = flowInfo(file);
  const runs = new Map<string, FlowSummary['runs'][number]>();
  for (const { use, statement } of mentions) {
    if (use.kind !== 'flow') continue;
    const run = { id: use.key, name: flowName(statement) };
    runs.set(`${run.id}\n${run.name ?? ''}`, run);
  }
  return {
    name,
    id,
    inputs: inputs.map(parameterSummary),
    outputs: outputs.map(parameterSummary),
    runs: [...runs.values()],
  };
}

function parameterSummary({
  name,
  externalName,
  type,
  optional,
  sensitive,
  description,
}: ParameterSummary): ParameterSummary {
  return { name, externalName, type, optional, sensitive, description };
}

/** The `@@flowname` line above `External.RunFlow`. */
export function flowNameLine({ meta }: Statement): MetaLine | undefined {
  return meta.find(({ key }) => key.text.toLowerCase() === 'flowname');
}

/** The name of the flow that `External.RunFlow` runs, as the line above it says. */
export function flowName(statement: Statement): string | undefined {
  const line = flowNameLine(statement);
  return line && constantText(line.value);
}

/** The path in `IMPORT 'path' AS alias`. */
export function importPath({ header }: FlowFile, alias: 'appmask' | 'imgrepo'): string | undefined {
  const line = header.imports.find((entry) => entry.alias.text.toLowerCase() === alias);
  return line && constantText(line.path);
}

/**
 * The flows on the shortest way from `first` to one for which `isEnd` holds, both included; undefined when there is no way. `runBy`
 * gives the flows that a flow runs.
 */
export function wayTo<F>(
  first: F,
  isEnd: (flow: F) => boolean,
  runBy: (flow: F) => Iterable<F>,
): F[] | undefined {
  const cameFrom = new Map<F, F | undefined>([[first, undefined]]);
  // The map grows under the loop: flows come in the order in which they are reached.
  for (const flow of cameFrom.keys()) {
    if (isEnd(flow)) {
      const way: F[] = [];
      for (let step: F | undefined = flow; step !== undefined; step = cameFrom.get(step)) way.push(step);
      return way.reverse();
    }
    for (const next of runBy(flow)) if (!cameFrom.has(next)) cameFrom.set(next, flow);
  }
  return undefined;
}

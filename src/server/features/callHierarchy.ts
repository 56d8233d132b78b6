// Who calls whom: Main and the subflows of a flow, and flows that run other flows. A called flow stands for its Main.
import {
  type CallHierarchyIncomingCall,
  type CallHierarchyItem,
  type CallHierarchyOutgoingCall,
  type CancellationToken,
  SymbolKind,
} from 'vscode-languageserver';
import type { BoundUse } from '../../language/analysis/binder.ts';
import { namedAt } from '../../language/analysis/named.ts';
import { placeAt } from '../../language/analysis/places.ts';
import type { Subflow } from '../../language/syntax/tree.ts';
import { eachStatement } from '../../language/syntax/walk.ts';
import type { Feature } from '../feature.ts';
import { type FlowEntry, nameOfFlow } from '../flowEntry.ts';
import {
  calledFlow,
  callersOf,
  type FlowText,
  locationsOf,
  type OtherFiles,
  readFlow,
  startOfFile,
} from './otherFiles.ts';
import { rangeOf } from './range.ts';

/** Reads a flow, from the editor when it is open there. */
type Reader = (uri: string) => Promise<FlowText | undefined>;

export const callHierarchy: Feature = {
  capabilities: { callHierarchyProvider: true },
  register({ connection, workspace, answer, guard }) {
    const { project } = workspace;
    const readWith =
      (token: CancellationToken): Reader =>
      async (uri) =>
        (await workspace.analysis(uri, token)) ?? readFlow(project, uri);
    const { callHierarchy: requests } = connection.languages;
    requests.onPrepare(({ textDocument, position }, token) =>
      answer('call hierarchy', textDocument.uri, token, null, async (analysis) => {
        await project.ready;
        return [itemAt(analysis, analysis.lines.offset(position), project)];
      }),
    );
    requests.onIncomingCalls(({ item }, token) =>
      guard<CallHierarchyIncomingCall[]>('incoming calls', [], () =>
        incomingCalls(item, project, readWith(token)),
      ),
    );
    requests.onOutgoingCalls(({ item }, token) =>
      guard<CallHierarchyOutgoingCall[]>('outgoing calls', [], () =>
        outgoingCalls(item, project, readWith(token)),
      ),
    );
  },
};

/** The subflow or flow that is named at the offset; anywhere else, the one the offset stands in. */
export function itemAt(flow: FlowText, offset: number, project: OtherFiles): CallHierarchyItem {
  const named = namedAt(flow.model.binding, offset);
  if (named?.kind === 'symbol') {
    const { kind, symbol } = named.use;
    if (kind === 'subflow' && symbol.subflow !== undefined) return itemOf(flow, symbol.subflow);
    const called = kind === 'flow' ? calledFlow(project, named.use, flow.uri) : undefined;
    if (called !== undefined) return itemOfFlow(called);
  }
  return itemOf(flow, placeAt(flow.file, offset).subflow);
}

/** The bodies that call the subflow, or the flows that run the flow. */
export async function incomingCalls(
  item: CallHierarchyItem,
  project: OtherFiles,
  read: Reader,
): Promise<CallHierarchyIncomingCall[]> {
  const flow = await read(item.uri);
  if (flow === undefined) return [];
  const subflow = subflowOf(flow, item);
  if (subflow !== undefined) {
    const uses = flow.model.binding.symbol('subflow', subflow.name.text)?.uses ?? [];
    return byCaller(
      flow,
      uses.filter((use) => use.role === 'read'),
    );
  }
  const entry = project.entry(item.uri);
  if (entry === undefined) return [];
  const calls: CallHierarchyIncomingCall[] = [];
  for (const { uri } of callersOf(project, entry)) {
    const caller = await read(uri);
    if (caller === undefined) continue;
    const runs = caller.model.binding.symbols('flow').flatMap(({ uses }) => uses);
    calls.push(
      ...byCaller(
        caller,
        runs.filter((use) => calledFlow(project, use, uri)?.uri === item.uri),
      ),
    );
  }
  return calls;
}

/** The subflows that a body calls and the flows it runs, in the order of its text. */
export async function outgoingCalls(
  item: CallHierarchyItem,
  project: OtherFiles,
  read: Reader,
): Promise<CallHierarchyOutgoingCall[]> {
  const flow = await read(item.uri);
  if (flow === undefined) return [];
  const { binding } = flow.model;
  const calls = new Map<Subflow | FlowEntry, CallHierarchyOutgoingCall>();
  for (const { statement } of eachStatement(subflowOf(flow, item)?.body ?? flow.file.main)) {
    for (const use of binding.usesIn(statement)) {
      const subflow = use.kind === 'subflow' ? use.symbol.subflow : undefined;
      const target = use.kind === 'flow' ? calledFlow(project, use, item.uri) : subflow;
      if (target === undefined) continue;
      const fromRanges = locationsOf(flow, use).map(({ range }) => range);
      const known = calls.get(target);
      if (known !== undefined) known.fromRanges.push(...fromRanges);
      else
        calls.set(target, {
          to: 'summary' in target ? itemOfFlow(target) : itemOf(flow, target),
          fromRanges,
        });
    }
  }
  return [...calls.values()];
}

function byCaller(flow: FlowText, uses: readonly BoundUse[]): CallHierarchyIncomingCall[] {
  const calls = new Map<Subflow | undefined, CallHierarchyIncomingCall>();
  for (const use of uses) {
    const subflow = use.body?.subflow;
    const fromRanges = locationsOf(flow, use).map(({ range }) => range);
    const known = calls.get(subflow);
    if (known !== undefined) known.fromRanges.push(...fromRanges);
    else calls.set(subflow, { from: itemOf(flow, subflow), fromRanges });
  }
  return [...calls.values()];
}

/** `data` holds the name of the subflow; Main has none. */
function itemOf(flow: FlowText, subflow: Subflow | undefined): CallHierarchyItem {
  const { uri } = flow;
  if (subflow !== undefined) {
    const name = subflow.name.text;
    return {
      name: name || '(no name)',
      kind: SymbolKind.Function,
      uri,
      range: rangeOf(flow, subflow),
      selectionRange: rangeOf(flow, subflow.name),
      data: name,
    };
  }
  const { main } = flow.file;
  const [first, last] = [main[0], main.at(-1)];
  const range = first && last ? rangeOf(flow, { start: first.start, end: last.end }) : startOfFile;
  return {
    name: nameOfFlow(uri),
    detail: 'Main',
    kind: SymbolKind.Module,
    uri,
    range,
    selectionRange: { start: range.start, end: range.start },
  };
}

function itemOfFlow({ uri, summary }: FlowEntry): CallHierarchyItem {
  return {
    name: summary.name,
    detail: 'Main',
    kind: SymbolKind.Module,
    uri,
    range: startOfFile,
    selectionRange: startOfFile,
  };
}

function subflowOf({ model }: FlowText, { data }: CallHierarchyItem): Subflow | undefined {
  return typeof data === 'string' ? model.binding.subflow(data) : undefined;
}

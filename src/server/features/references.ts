// All places that mention the thing at the caret. Variables, subflows and labels live in one file; flows, UI elements and images in
// every file that knows the same flow or repository.
import type { Location } from 'vscode-languageserver';
import type { FlowSymbol } from '../../language/analysis/binder.ts';
import {
  callsOfAction,
  declarationsOf,
  mentionsOfMember,
  mentionsOfParameter,
  namedAt,
} from '../../language/analysis/named.ts';
import type { Node } from '../../language/syntax/tree.ts';
import type { Feature } from '../feature.ts';
import type { Analysis } from '../workspace.ts';
import {
  calledFlow,
  inRepository,
  locationsOf,
  mentionsInFlows,
  type OtherFiles,
  repositoryPlaces,
} from './otherFiles.ts';
import { rangeOf } from './range.ts';

export const references: Feature = {
  capabilities: { referencesProvider: true },
  register({ connection, workspace, answer }) {
    connection.onReferences(({ textDocument, position, context }, token) =>
      answer<Location[]>('references', textDocument.uri, token, [], async (analysis) => {
        await workspace.project.ready;
        const offset = analysis.lines.offset(position);
        return referencesAt(analysis, offset, context.includeDeclaration, workspace.project);
      }),
    );
  },
};

/** In the order of the text, this file first. `includeDeclaration` false leaves out what `declarationsOf` gives, and repositories. */
export async function referencesAt(
  analysis: Analysis,
  offset: number,
  includeDeclaration: boolean,
  project: OtherFiles,
): Promise<Location[]> {
  const named = namedAt(analysis.model.binding, offset);
  if (named === undefined) return [];
  const here = (node: Node): Location => ({ uri: analysis.uri, range: rangeOf(analysis, node) });
  switch (named.kind) {
    case 'action':
      return callsOfAction(analysis.file, named.call.id).map(here);
    case 'enumMember':
      return mentionsOfMember(analysis.file, named.type, named.member).map(here);
    case 'flowParameter':
      return mentionsOfParameter(analysis.text, named).map(here);
    case 'symbol':
      break;
  }
  const { kind, key, symbol } = named.use;
  if (inRepository(kind)) {
    const mentions = mentionsInFlows(analysis, project, kind, key);
    if (!includeDeclaration) return mentions;
    const places = await repositoryPlaces(analysis, project, kind, key);
    return [...mentions, ...places.map(({ uri, range }) => ({ uri, range }))];
  }
  const own = mentions(analysis, symbol, includeDeclaration);
  if (kind !== 'flow') return own;
  const flow = calledFlow(project, named.use, analysis.uri);
  const elsewhere = project.usesOfFlow(flow?.summary.id ?? flow?.summary.name ?? named.use.name);
  return [...own, ...elsewhere.filter(({ uri }) => uri !== analysis.uri)];
}

/** The mentions of a symbol in its own file, in the order of the text. */
export function mentions(analysis: Analysis, symbol: FlowSymbol, includeDeclaration: boolean): Location[] {
  const declarations = new Set(includeDeclaration ? [] : declarationsOf(symbol));
  return symbol.uses
    .filter((use) => !declarations.has(use))
    .toSorted((a, b) => a.node.start - b.node.start)
    .flatMap((use) => locationsOf(analysis, use));
}

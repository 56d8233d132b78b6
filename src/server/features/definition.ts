// Go to definition and declaration of everything that has a name: in this text, in the called flow, in the repositories beside it.
import type { Definition, DefinitionLink, LocationLink, Range } from 'vscode-languageserver';
import type { BoundUse } from '../../language/analysis/binder.ts';
import { declarationsOf, type Named, namedAt } from '../../language/analysis/named.ts';
import type { Feature } from '../feature.ts';
import type { Analysis } from '../workspace.ts';
import {
  calledFlow,
  inRepository,
  locationsOf,
  type OtherFiles,
  repositoryPlaces,
  startOfFile,
} from './otherFiles.ts';
import { rangeOf } from './range.ts';

export const definition: Feature = {
  capabilities: { definitionProvider: true, declarationProvider: true },
  register({ connection, workspace, answer }) {
    let definitionLinks = false;
    let declarationLinks = false;
    workspace.onDidInitialise(({ capabilities: { textDocument } }) => {
      definitionLinks = textDocument?.definition?.linkSupport === true;
      declarationLinks = textDocument?.declaration?.linkSupport === true;
    });
    connection.onDefinition(({ textDocument, position }, token) =>
      answer<Definition | DefinitionLink[]>('definition', textDocument.uri, token, [], async (analysis) =>
        shown(
          await definitionsAt(analysis, analysis.lines.offset(position), workspace.project),
          definitionLinks,
        ),
      ),
    );
    connection.onDeclaration(({ textDocument, position }, token) =>
      answer<Definition | DefinitionLink[]>('declaration', textDocument.uri, token, [], async (analysis) =>
        shown(
          await declarationsAt(analysis, analysis.lines.offset(position), workspace.project),
          declarationLinks,
        ),
      ),
    );
  },
};

/**
 * Where the thing at the offset comes from. For a variable that is read: the places whose value may arrive here; for one that
 * gets a value: its declaration, else its first assignment.
 */
export function definitionsAt(
  analysis: Analysis,
  offset: number,
  project: OtherFiles,
): Promise<LocationLink[]> {
  return targetsAt(analysis, offset, project, (use) => {
    const received =
      use.kind === 'variable' && (use.role === 'read' || use.role === 'change')
        ? analysis.model.types.producersOf(use)
        : [];
    return received.length > 0 ? received : declarationsOf(use.symbol);
  });
}

/** Where the thing at the offset is declared; a variable that nothing declares: where it first gets a value. */
export function declarationsAt(
  analysis: Analysis,
  offset: number,
  project: OtherFiles,
): Promise<LocationLink[]> {
  return targetsAt(analysis, offset, project, (use) => declarationsOf(use.symbol));
}

async function targetsAt(
  analysis: Analysis,
  offset: number,
  project: OtherFiles,
  origins: (use: BoundUse) => readonly BoundUse[],
): Promise<LocationLink[]> {
  const named = namedAt(analysis.model.binding, offset);
  if (named === undefined) return [];
  const originSelectionRange = rangeOf(analysis, named.range);
  return (await targetsOf(analysis, named, project, origins)).map((target) => ({
    ...target,
    originSelectionRange,
  }));
}

async function targetsOf(
  analysis: Analysis,
  named: Named,
  project: OtherFiles,
  origins: (use: BoundUse) => readonly BoundUse[],
): Promise<LocationLink[]> {
  if (named.kind === 'flowParameter') return parameterTargets(analysis, named, project);
  if (named.kind !== 'symbol') return [];
  const { use } = named;
  const { kind, symbol } = use;
  if (kind === 'flow') {
    const flow = calledFlow(project, use, analysis.uri);
    return flow === undefined ? [] : [link(flow.uri, startOfFile)];
  }
  if (inRepository(kind)) {
    const places = await repositoryPlaces(analysis, project, kind, use.key);
    return places.map(({ uri, range }) => link(uri, range));
  }
  return origins(use).flatMap((origin) =>
    locationsOf(analysis, origin).map(({ uri, range }) =>
      kind === 'subflow' && symbol.subflow !== undefined && origin.node === symbol.subflow.name
        ? link(uri, range, rangeOf(analysis, symbol.subflow))
        : link(uri, range),
    ),
  );
}

/** An `@Name` of `External.RunFlow` is the input or output that the called flow shows to its callers under that name. */
function parameterTargets(
  analysis: Analysis,
  { run, argument }: Extract<Named, { readonly kind: 'flowParameter' }>,
  project: OtherFiles,
): LocationLink[] {
  const flow = calledFlow(project, run, analysis.uri);
  if (flow === undefined) return [];
  const isOutput = 'target' in argument;
  const wanted = argument.name.text.toLowerCase();
  const summaries = isOutput ? flow.summary.outputs : flow.summary.inputs;
  const summary =
    summaries.find(({ externalName }) => externalName.toLowerCase() === wanted) ??
    summaries.find(({ name }) => name.toLowerCase() === wanted);
  const place = (isOutput ? flow.outputs : flow.inputs).find(({ name }) => name === summary?.name);
  return place === undefined ? [] : [link(flow.uri, place.range)];
}

function link(
  targetUri: string,
  targetSelectionRange: Range,
  targetRange = targetSelectionRange,
): LocationLink {
  return { targetUri, targetRange, targetSelectionRange };
}

/** Clients that know no links get plain places. */
function shown(links: LocationLink[], supported: boolean): Definition | DefinitionLink[] {
  return supported
    ? links
    : links.map(({ targetUri, targetSelectionRange }) => ({ uri: targetUri, range: targetSelectionRange }));
}

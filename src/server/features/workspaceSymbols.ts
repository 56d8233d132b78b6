// Finds flows, subflows, inputs and outputs of the whole workspace by their names. The index does the searching (see project.ts).
import { SymbolInformation, SymbolKind } from 'vscode-languageserver';
import type { Feature } from '../feature.ts';
import type { ProjectSymbol } from '../project.ts';
import type { OtherFiles } from './otherFiles.ts';

/** More than anybody reads; another letter of the query finds the rest. */
const mostShown = 200;

const kinds: Readonly<Record<ProjectSymbol['kind'], SymbolKind>> = {
  flow: SymbolKind.Module,
  subflow: SymbolKind.Function,
  input: SymbolKind.Property,
  output: SymbolKind.Field,
};

export const workspaceSymbols: Feature = {
  capabilities: { workspaceSymbolProvider: true },
  register({ connection, workspace, guard }) {
    connection.onWorkspaceSymbol(({ query }) =>
      guard<SymbolInformation[]>('workspace symbols', [], async () => {
        await workspace.project.ready;
        return symbolsNamed(query, workspace.project);
      }),
    );
  },
};

/** Best first. */
export function symbolsNamed(query: string, project: Pick<OtherFiles, 'symbols'>): SymbolInformation[] {
  return project
    .symbols(query, mostShown)
    .map(({ kind, name, container, location }) =>
      SymbolInformation.create(name, kinds[kind], location.range, location.uri, container),
    );
}

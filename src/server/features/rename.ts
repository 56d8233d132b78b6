// Rename of everything that has a name. What a name may be and the edits of the flow itself are decided in language/edits/rename.ts;
// here the edits of other files join: flows that use the same repository, the repository, and the file of a called flow.
import {
  LSPErrorCodes,
  type Range,
  type RenameFile,
  ResponseError,
  type WorkspaceEdit,
} from 'vscode-languageserver';
import { LineIndex } from '../../base/text.ts';
import type { FlowSymbol } from '../../language/analysis/binder.ts';
import { mentionsInPercents, renameEdits, renamingAt } from '../../language/edits/rename.ts';
import type { Feature } from '../feature.ts';
import { type FlowEntry, nameOfFlow } from '../flowEntry.ts';
import type { Analysis } from '../workspace.ts';
import { renamedFlow, uriNamed } from './fileRename.ts';
import {
  calledFlow,
  inRepository,
  mentionsInFlows,
  type OtherFiles,
  type RepositoryKind,
  readFlow,
  repositoryPlaces,
  repositoryUri,
} from './otherFiles.ts';
import { rangeOf } from './range.ts';
import { type EditSupport, editSupport, FileEdits } from './workspaceEdit.ts';

export const rename: Feature = {
  capabilities: { renameProvider: { prepareProvider: true } },
  register({ connection, workspace, answer }) {
    let support: EditSupport = { versions: false, renameFile: false };
    workspace.onDidInitialise(({ capabilities }) => {
      support = editSupport(capabilities);
    });
    connection.onPrepareRename(({ textDocument, position }, token) =>
      answer('rename', textDocument.uri, token, null, (analysis) =>
        renameRangeAt(analysis, analysis.lines.offset(position), workspace.project, support),
      ),
    );
    connection.onRenameRequest(({ textDocument, position, newName }, token) =>
      answer<WorkspaceEdit | null>('rename', textDocument.uri, token, null, async (analysis) => {
        await workspace.project.ready;
        const offset = analysis.lines.offset(position);
        return renameAt(analysis, offset, newName, workspace.project, support);
      }),
    );
  },
};

/**
 * The name that would be renamed; null where nothing is named.
 * @throws ResponseError with a sentence for people when it cannot be renamed.
 */
export function renameRangeAt(
  analysis: Analysis,
  offset: number,
  project: OtherFiles,
  support: EditSupport,
): { readonly range: Range; readonly placeholder: string } | null {
  const renaming = renamingAt(analysis.model, offset);
  if (renaming === undefined) return null;
  if ('refused' in renaming) throw refusal(renaming.refused);
  const { symbol, range } = renaming;
  const placeholder =
    symbol.kind === 'flow'
      ? renamedFile(analysis, symbol, project, support).summary.name
      : inRepository(symbol.kind)
        ? symbol.name
        : analysis.text.slice(range.start, range.end);
  return { range: rangeOf(analysis, range), placeholder };
}

/**
 * All edits of the rename; null where nothing is named.
 * @throws ResponseError with a sentence for people when the new name is not possible.
 */
export async function renameAt(
  analysis: Analysis,
  offset: number,
  newName: string,
  project: OtherFiles,
  support: EditSupport,
): Promise<WorkspaceEdit | null> {
  const renaming = renamingAt(analysis.model, offset);
  if (renaming === undefined) return null;
  if ('refused' in renaming) throw refusal(renaming.refused);
  const { symbol } = renaming;
  const edits = renameEdits(analysis.model, symbol, newName);
  if ('refused' in edits) throw refusal(edits.refused);

  const versionOf = (uri: string) => (uri === analysis.uri ? analysis.version : undefined);
  const files = new FileEdits();
  for (const edit of edits) {
    files.add(analysis.uri, { range: rangeOf(analysis, edit), newText: edit.text });
  }
  if (symbol.kind === 'flow') {
    const renames = await calledFlowEdits(analysis, symbol, newName, project, support, files);
    return files.toWorkspaceEdit(support, versionOf, renames);
  }
  if (symbol.kind === 'variable') await selectorEdits(analysis, symbol, newName, project, files);
  if (inRepository(symbol.kind))
    await repositoryEdits(analysis, symbol, symbol.kind, newName, project, files);
  return files.toWorkspaceEdit(support, versionOf);
}

/** Selectors of UI elements may hold variables of the flow. A repository that several flows share belongs to none of them. */
async function selectorEdits(
  analysis: Analysis,
  symbol: FlowSymbol,
  newName: string,
  project: OtherFiles,
  files: FileEdits,
): Promise<void> {
  const { attachment } = analysis.file;
  if (attachment !== undefined) {
    for (const { start, end } of mentionsInPercents(analysis.text.slice(attachment.start), symbol)) {
      const place = { start: start + attachment.start, end: end + attachment.start };
      files.add(analysis.uri, { range: rangeOf(analysis, place), newText: newName });
    }
  }
  const uri = repositoryUri(project, analysis.uri, 'element');
  if (uri === undefined) return;
  const shared = [...project.flows()].some(
    (flow) => flow.uri !== analysis.uri && repositoryUri(project, flow.uri, 'element') === uri,
  );
  const text = shared ? undefined : await project.text(uri);
  if (text === undefined) return;
  const mentions = mentionsInPercents(text, symbol);
  if (mentions.length === 0) return;
  const lines = new LineIndex(text);
  for (const { start, end } of mentions) {
    files.add(uri, {
      range: { start: lines.position(start), end: lines.position(end) },
      newText: newName,
    });
  }
}

/** The repository itself and the other flows that import it. */
async function repositoryEdits(
  analysis: Analysis,
  symbol: FlowSymbol,
  kind: RepositoryKind,
  newName: string,
  project: OtherFiles,
  files: FileEdits,
): Promise<void> {
  const key = symbol.uses[0]?.key ?? '';
  for (const { uri, range, written } of await repositoryPlaces(analysis, project, kind, key)) {
    files.add(uri, { range, newText: written(newName) });
  }
  const others = mentionsInFlows(analysis, project, kind, key).map(({ uri }) => uri);
  for (const uri of new Set(others)) {
    // Read again: the index may lag behind what is typed there.
    const other = uri === analysis.uri ? undefined : await readFlow(project, uri);
    const same = other?.model.binding.symbol(kind, key);
    if (other === undefined || same === undefined) continue;
    const edits = renameEdits(other.model, same, newName);
    if ('refused' in edits) throw refusal(`In ${nameOfFlow(uri)}: ${edits.refused}`);
    for (const edit of edits) files.add(uri, { range: rangeOf(other, edit), newText: edit.text });
  }
}

/** The flow whose file is renamed when the name of a called flow is. */
function renamedFile(
  analysis: Analysis,
  symbol: FlowSymbol,
  project: OtherFiles,
  support: EditSupport,
): FlowEntry {
  const [use] = symbol.uses;
  const flow = use === undefined ? undefined : calledFlow(project, use, analysis.uri);
  if (flow === undefined) {
    throw refusal(
      'The flow that is run here is not in this workspace. Open its folder, or rename it where it is.',
    );
  }
  if (!support.renameFile) {
    throw refusal(
      'Renaming a flow renames its file, which this editor cannot do from here. Rename the file itself.',
    );
  }
  return flow;
}

/** A flow is named by its file. */
async function calledFlowEdits(
  analysis: Analysis,
  symbol: FlowSymbol,
  newName: string,
  project: OtherFiles,
  support: EditSupport,
  files: FileEdits,
): Promise<RenameFile[]> {
  const flow = renamedFile(analysis, symbol, project, support);
  const newUri = uriNamed(flow.uri, newName);
  const taken = [...project.flows()].find(
    ({ uri }) => uri.toLowerCase() === newUri.toLowerCase() && uri !== flow.uri,
  );
  if (taken !== undefined) {
    throw refusal(`There is already a flow “${taken.summary.name}” in that folder. Choose another name.`);
  }
  await renamedFlow(project, flow, newName, files);
  return [{ kind: 'rename', oldUri: flow.uri, newUri }];
}

function refusal(sentence: string): ResponseError<void> {
  return new ResponseError(LSPErrorCodes.RequestFailed, sentence);
}

// Keeps other files right when the file of a flow gets another name: the `@@flowname` lines of its callers, calls by name, and
// the paths in solution.json. Moving a flow or a folder changes nothing else: its repositories move with it.
import type { FileRename, WorkspaceEdit } from 'vscode-languageserver';
import { flowEnding } from '../../interchange/fileNames.ts';
import { flowNameLine } from '../../language/analysis/summary.ts';
import { constantText } from '../../language/analysis/uses.ts';
import { rewrittenText } from '../../language/edits/literals.ts';
import type { Expression } from '../../language/syntax/tree.ts';
import type { Feature } from '../feature.ts';
import { type FlowEntry, nameOfFlow } from '../flowEntry.ts';
import { movedPaths } from './manifestPaths.ts';
import { calledFlow, callersOf, type OtherFiles, readFlow } from './otherFiles.ts';
import { rangeOf } from './range.ts';
import { type EditSupport, editSupport, FileEdits } from './workspaceEdit.ts';

export const fileRename: Feature = {
  capabilities: {
    workspace: {
      fileOperations: {
        willRename: {
          filters: [
            {
              scheme: 'file',
              pattern: {
                glob: '**/*.{robin,pad,appmask,imgrepo}',
                matches: 'file',
                options: { ignoreCase: true },
              },
            },
            { scheme: 'file', pattern: { glob: '**/*', matches: 'folder' } },
          ],
        },
      },
    },
  },
  register({ connection, workspace, guard }) {
    let support: EditSupport = { versions: false, renameFile: false };
    workspace.onDidInitialise(({ capabilities }) => {
      support = editSupport(capabilities);
    });
    connection.workspace.onWillRenameFiles(({ files }) =>
      guard<WorkspaceEdit | null>('file rename', null, async () => {
        await workspace.project.ready;
        const edits = await editsOfRenames(files, workspace.project);
        return edits.isEmpty ? null : edits.toWorkspaceEdit(support, () => undefined);
      }),
    );
  },
};

/** The edits of the callers of all flows among `files` whose name changes, and of solution.json. */
export async function editsOfRenames(files: readonly FileRename[], project: OtherFiles): Promise<FileEdits> {
  const edits = new FileEdits();
  for (const { oldUri, newUri } of files) {
    await movedPaths(project, oldUri, newUri, edits);
    const flow = project.entry(oldUri);
    const newName = nameOfFlow(newUri);
    if (flow === undefined || !flowEnding.test(newUri) || newName === flow.summary.name) continue;
    await renamedFlow(project, flow, newName, edits);
  }
  return edits;
}

/** Adds the edits of the flows that run `flow` when it gets another name. A text that does not say its present name is left alone. */
export async function renamedFlow(
  project: OtherFiles,
  flow: FlowEntry,
  newName: string,
  edits: FileEdits,
): Promise<void> {
  const key = flow.summary.name.toLowerCase();
  for (const { uri } of callersOf(project, flow)) {
    const caller = await readFlow(project, uri);
    if (caller === undefined) continue;
    const put = (value: Expression | undefined) => {
      if (value === undefined || constantText(value)?.toLowerCase() !== key) return;
      edits.add(uri, { range: rangeOf(caller, value), newText: rewrittenText(caller.text, value, newName) });
    };
    for (const use of caller.model.binding.symbols('flow').flatMap(({ uses }) => uses)) {
      if (calledFlow(project, use, uri)?.uri !== flow.uri) continue;
      put(use.node as Expression);
      put(use.statement && flowNameLine(use.statement)?.value);
    }
  }
}

/** The uri of a flow in the same folder under another name. */
export function uriNamed(uri: string, name: string): string {
  const slash = uri.lastIndexOf('/') + 1;
  return uri.slice(0, slash) + encodeURIComponent(name) + (flowEnding.exec(uri)?.[0] ?? '');
}

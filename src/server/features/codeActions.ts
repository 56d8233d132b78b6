// Code actions: quick fixes of diagnostics, all safe fixes of a document at once, and refactorings of the selection.
import {
  type CodeAction,
  CodeActionKind,
  type CodeActionParams,
  type WorkspaceEdit,
} from 'vscode-languageserver';
import type { Diagnostic } from '../../language/diagnostics.ts';
import type { TextEdit } from '../../language/edits/edit.ts';
import { refactorings } from '../../language/edits/extract.ts';
import { fixAll, fixesFor } from '../../language/edits/fixes.ts';
import type { Feature } from '../feature.ts';
import type { Analysis } from '../workspace.ts';
import { protocolDiagnostic } from './diagnostics.ts';
import { rangeOf } from './range.ts';
import { type EditSupport, editSupport } from './workspaceEdit.ts';

/** The kind people name in `editor.codeActionsOnSave`. */
const fixAllKind = `${CodeActionKind.SourceFixAll}.desktopFlows`;

/** Fixes of so many diagnostics are offered at one place; more would make a menu nobody reads. */
const mostFixed = 20;

export const codeActions: Feature = {
  capabilities: {
    codeActionProvider: {
      codeActionKinds: [
        CodeActionKind.QuickFix,
        CodeActionKind.RefactorExtract,
        CodeActionKind.RefactorRewrite,
        fixAllKind,
      ],
    },
  },
  register({ connection, workspace, answer }) {
    let support: EditSupport = { versions: false, renameFile: false };
    workspace.onDidInitialise(({ capabilities }) => {
      support = editSupport(capabilities);
    });
    connection.onCodeAction((params, token) =>
      answer('code actions', params.textDocument.uri, token, [], (analysis) =>
        codeActionsAt(analysis, params, support),
      ),
    );
  },
};

/** What can be done at a range. `source.fixAll` is only worked out for whoever asks for it by its kind. */
export function codeActionsAt(
  analysis: Analysis,
  { range, context }: Pick<CodeActionParams, 'range' | 'context'>,
  support: EditSupport,
): CodeAction[] {
  const editOf = (edits: readonly TextEdit[]) => workspaceEdit(analysis, edits, support);
  const asks = (kind: string) =>
    context.only === undefined ||
    context.only.some((wanted) => kind === wanted || kind.startsWith(`${wanted}.`));
  const start = analysis.lines.offset(range.start);
  const end = analysis.lines.offset(range.end);
  const actions: CodeAction[] = [];
  if (asks(CodeActionKind.QuickFix)) {
    const here = analysis.diagnostics.filter((found) => found.start <= end && start <= found.end);
    for (const diagnostic of here.slice(0, mostFixed))
      actions.push(...quickFixes(analysis, diagnostic, editOf));
  }
  if (
    asks(CodeActionKind.Refactor) ||
    context.only?.some((kind) => kind.startsWith(CodeActionKind.Refactor))
  ) {
    for (const { title, kind, edits } of refactorings(analysis.model, { start, end })) {
      if (asks(kind)) actions.push({ title, kind, edit: editOf(edits) });
    }
  }
  if (context.only !== undefined && asks(fixAllKind)) {
    const edits = fixAll(analysis.model, analysis.diagnostics);
    if (edits.length > 0) {
      actions.push({
        title: 'Fix all that needs no decision',
        kind: fixAllKind,
        edit: editOf(edits),
      });
    }
  }
  return actions;
}

function quickFixes(
  analysis: Analysis,
  diagnostic: Diagnostic,
  editOf: (edits: readonly TextEdit[]) => WorkspaceEdit,
): CodeAction[] {
  const shown = protocolDiagnostic(analysis, diagnostic);
  return fixesFor(analysis.model, diagnostic).map(({ title, edits, preferred }) => ({
    title,
    kind: CodeActionKind.QuickFix,
    diagnostics: [shown],
    ...(preferred ? { isPreferred: true } : {}),
    edit: editOf(edits),
  }));
}

function workspaceEdit(
  analysis: Analysis,
  edits: readonly TextEdit[],
  { versions }: EditSupport,
): WorkspaceEdit {
  const { uri, version } = analysis;
  const changes = edits.map((edit) => ({ range: rangeOf(analysis, edit), newText: edit.text }));
  return versions
    ? { documentChanges: [{ textDocument: { uri, version }, edits: changes }] }
    : { changes: { [uri]: changes } };
}

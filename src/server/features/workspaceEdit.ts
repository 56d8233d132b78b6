// Edits of several files in the form the client understands. Knows nothing of why they are made.
import type {
  ClientCapabilities,
  RenameFile,
  TextDocumentEdit,
  TextEdit,
  WorkspaceEdit,
} from 'vscode-languageserver';

/** What of workspace edits a client can do. */
export interface EditSupport {
  /** Edits may name the version of the document they were computed for. */
  readonly versions: boolean;
  readonly renameFile: boolean;
}

export function editSupport({ workspace }: ClientCapabilities): EditSupport {
  const { documentChanges, resourceOperations } = workspace?.workspaceEdit ?? {};
  return {
    versions: documentChanges === true,
    renameFile: documentChanges === true && resourceOperations?.includes('rename') === true,
  };
}

/** Edits of files by uri. A file with equal edits twice gets them once. */
export class FileEdits {
  readonly #edits = new Map<string, TextEdit[]>();
  readonly #seen = new Set<string>();

  add(uri: string, edit: TextEdit): void {
    const { start, end } = edit.range;
    const key = `${uri}\n${start.line}:${start.character}-${end.line}:${end.character}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const list = this.#edits.get(uri);
    if (list === undefined) this.#edits.set(uri, [edit]);
    else list.push(edit);
  }

  get isEmpty(): boolean {
    return this.#edits.size === 0;
  }

  /** `versionOf` an open document; undefined for any other. File renames come last: edits name the files as they are called now. */
  toWorkspaceEdit(
    support: EditSupport,
    versionOf: (uri: string) => number | undefined,
    renames: readonly RenameFile[] = [],
  ): WorkspaceEdit {
    if (!support.versions) return { changes: Object.fromEntries(this.#edits) };
    const edits = [...this.#edits].map(
      ([uri, list]): TextDocumentEdit => ({
        textDocument: { uri, version: versionOf(uri) ?? null },
        edits: list,
      }),
    );
    return { documentChanges: [...edits, ...renames] };
  }
}

// The way between VS Code and the designer: the clipboard, solutions, and what differs between two flows.
// The language server does the work on the text; this asks, writes files and tells.
import {
  compareFlowsRequest,
  copyForDesignerRequest,
  packSolutionRequest,
  pasteFromDesignerRequest,
  unpackSolutionRequest,
} from '../protocol/editor.ts';
import { fileName, isUri } from './documents.ts';
import type { FlowHead } from './flowHead.ts';
import type { FlowLanguage } from './languageClient.ts';
import { languageId } from './names.ts';
import type { TextDocument, TextEditor, Uri, VSCode } from './vscode.ts';
import { counted, oneLine } from './wording.ts';

export class Interchange {
  readonly #vscode: VSCode;
  readonly #language: FlowLanguage;
  readonly #head: FlowHead;

  constructor(vscode: VSCode, language: FlowLanguage, head: FlowHead) {
    this.#vscode = vscode;
    this.#language = language;
    this.#head = head;
  }

  /** Puts the selected lines, or the subflow the cursor stands in, on the clipboard as the designer takes it. */
  async copyForDesigner(): Promise<void> {
    const editor = await this.#flowEditor();
    if (!editor) return;
    const { document, selection } = editor;
    // A selection that ends at the start of a line does not mean that line.
    const last =
      selection.end.character === 0 && selection.end.line > selection.start.line
        ? selection.end.line - 1
        : selection.end.line;
    const { text, notes, rejected } = await this.#language.ask(copyForDesignerRequest, {
      uri: document.uri.toString(),
      ...(selection.isEmpty
        ? { line: selection.active.line }
        : { lines: { from: selection.start.line, to: last } }),
    });
    // What is on the clipboard must not give way to nothing.
    if (text === '') return this.#tell(notes);
    const [first] = rejected;
    if (first) {
      const rest = rejected.length > 1 ? ` (and ${counted(rejected.length - 1, 'more problem')})` : '';
      const choice = await this.#vscode.window.showWarningMessage(
        `The designer would drop this paste without a word: line ${first.line + 1}: ${oneLine(first.message, 300)}${rest}`,
        { modal: true },
        'Copy Anyway',
        'Show Problem',
      );
      if (choice === 'Show Problem') return this.#show(document.uri, first.line);
      if (choice !== 'Copy Anyway') return;
    }
    await this.#vscode.env.clipboard.writeText(text);
    this.#vscode.window.setStatusBarMessage('$(check) Copied for the designer', 3_000);
    this.#tell(notes);
  }

  /** Takes over what was copied in the designer at the cursor; the UI elements and images go into the files beside the flow. */
  async pasteFromDesigner(): Promise<void> {
    const editor = await this.#flowEditor();
    if (!editor) return;
    const text = await this.#vscode.env.clipboard.readText();
    if (text.trim() === '') {
      await this.#vscode.window.showInformationMessage(
        'The clipboard holds no text. Copy actions in the designer first.',
      );
      return;
    }
    const { document, selection } = editor;
    await this.paste(document, selection.active, text);
  }

  /** Takes over a text in the form of the designer's at a place of a flow, its UI elements and images included. */
  async paste(
    document: TextDocument,
    { line, character }: { readonly line: number; readonly character: number },
    text: string,
  ): Promise<void> {
    const version = document.version;
    const { edits, files, notes } = await this.#language.ask(pasteFromDesignerRequest, {
      uri: document.uri.toString(),
      position: { line, character },
      text,
    });
    // The flow first: when it has changed meanwhile, nothing at all is edited.
    if (edits.length > 0) await this.#head.apply(document.uri, version, edits);
    for (const file of files) await this.write(this.#vscode.Uri.parse(file.uri, true), file.text);
    this.#tell(notes);
  }

  /** Asks for a solution's zip file and an empty folder, and makes flow files of it. */
  async importSolution(target: unknown): Promise<void> {
    const { window, Uri, workspace, commands } = this.#vscode;
    const archive = isUri(target)
      ? target
      : (
          await window.showOpenDialog({
            title: 'Import Solution',
            openLabel: 'Import',
            filters: { 'Solution (zip)': ['zip'] },
          })
        )?.[0];
    if (!archive) return;
    const base = archive.path.slice(archive.path.lastIndexOf('/') + 1).replace(/\.zip$/i, '');
    const parent = (
      await window.showOpenDialog({
        title: `Where to put the folder “${base}”?`,
        openLabel: 'Import Here',
        canSelectFiles: false,
        canSelectFolders: true,
        ...(workspace.workspaceFolders?.[0] ? { defaultUri: workspace.workspaceFolders[0].uri } : {}),
      })
    )?.[0];
    if (!parent) return;
    const folder = Uri.joinPath(parent, base);
    const { flows, notes } = await window.withProgress(
      { location: this.#vscode.ProgressLocation.Notification, title: `Importing ${base}…` },
      async () =>
        this.#language.ask(unpackSolutionRequest, { archive: archive.fsPath, folder: folder.fsPath }),
    );
    this.#tell(notes);
    const open = workspace.getWorkspaceFolder(folder) ? 'Show Flows' : 'Open Folder';
    const choice = await window.showInformationMessage(
      `Imported ${counted(flows.length, 'flow')} into ${folder.fsPath}.`,
      open,
    );
    if (choice === 'Open Folder')
      await commands.executeCommand('vscode.openFolder', folder, { forceNewWindow: true });
    else if (choice) await commands.executeCommand('revealInExplorer', folder);
  }

  /** Asks for a folder that came from a solution, and writes a solution's zip file with the flows as they are now. */
  async exportSolution(target: unknown): Promise<void> {
    const { window, workspace, Uri } = this.#vscode;
    await workspace.saveAll(false);
    const folder = isUri(target)
      ? target
      : (
          await window.showOpenDialog({
            title: 'Export Solution: choose the folder it was imported into',
            openLabel: 'Export',
            canSelectFiles: false,
            canSelectFolders: true,
            ...(workspace.workspaceFolders?.[0] ? { defaultUri: workspace.workspaceFolders[0].uri } : {}),
          })
        )?.[0];
    if (!folder) return;
    const archive = await window.showSaveDialog({
      title: 'Export Solution',
      saveLabel: 'Export',
      defaultUri: Uri.file(`${folder.fsPath}.zip`),
      filters: { 'Solution (zip)': ['zip'] },
    });
    if (!archive) return;
    const { changed, notes } = await window.withProgress(
      { location: this.#vscode.ProgressLocation.Notification, title: 'Exporting the solution…' },
      async () => this.#language.ask(packSolutionRequest, { folder: folder.fsPath, archive: archive.fsPath }),
    );
    this.#tell(notes);
    await window.showInformationMessage(
      changed.length === 0
        ? `Exported ${archive.fsPath}: no flow differs from the solution it came from.`
        : `Exported ${archive.fsPath} with changes in ${changed.join(', ')}.`,
    );
  }

  /** What differs in meaning between two flow files: two that were selected, else the active one and one that is asked for. */
  async compareFlows(target: unknown, selected: unknown): Promise<void> {
    const { window, workspace } = this.#vscode;
    const both = Array.isArray(selected) ? selected.filter(isUri) : [];
    const after = both[1] ?? (isUri(target) ? target : (await this.#flowEditor())?.document.uri);
    if (!after) return;
    const before =
      both.length === 2
        ? both[0]
        : (
            await window.showOpenDialog({
              title: `Compare ${fileName(after)} with which flow?`,
              openLabel: 'Compare',
              filters: { Flows: ['robin', 'pad'] },
              defaultUri: after,
            })
          )?.[0];
    if (!before) return;
    const textOf = async (uri: Uri) => (await workspace.openTextDocument(uri)).getText();
    const { changes } = await this.#language.ask(compareFlowsRequest, {
      before: await textOf(before),
      after: await textOf(after),
    });
    if (changes.length === 0) {
      await window.showInformationMessage(
        `${fileName(before)} and ${fileName(after)} mean the same; at most their layout differs.`,
      );
      return;
    }
    const content = [
      `# ${fileName(before)} → ${fileName(after)}`,
      '',
      `${counted(changes.length, 'change')} of meaning; layout is left out.`,
      '',
      ...changes.map((change) => `- ${oneLine(change, 400).replace(/([\\`*_[\]<])/g, '\\$1')}`),
      '',
    ].join('\n');
    await window.showTextDocument(await workspace.openTextDocument({ language: 'markdown', content }));
  }

  async #flowEditor(): Promise<TextEditor | undefined> {
    const editor = this.#vscode.window.activeTextEditor;
    if (editor?.document.languageId === languageId) return editor;
    await this.#vscode.window.showInformationMessage('Open a flow (.robin) in an editor first.');
    return undefined;
  }

  async #show(uri: Uri, line: number): Promise<void> {
    const at = new this.#vscode.Range(line, 0, line, 0);
    await this.#vscode.window.showTextDocument(await this.#vscode.workspace.openTextDocument(uri), {
      selection: at,
    });
  }

  /** Through an edit when the file is open, so that it can be undone; else straight to the disk. */
  async write(uri: Uri, text: string): Promise<void> {
    const { workspace, Range, WorkspaceEdit } = this.#vscode;
    const open = workspace.textDocuments.find(
      (document: TextDocument) => document.uri.toString() === uri.toString(),
    );
    if (!open) return workspace.fs.writeFile(uri, Buffer.from(text, 'utf8'));
    const change = new WorkspaceEdit();
    change.replace(uri, new Range(0, 0, open.lineCount, 0), text);
    await workspace.applyEdit(change);
  }

  /** Waits for nobody: a notification that stays open must not hold the command. */
  #tell(notes: readonly string[]): void {
    if (notes.length > 0)
      void this.#vscode.window.showInformationMessage(notes.map((note) => oneLine(note, 300)).join(' '));
  }
}

// Every language feature, asked through the real API of VS Code: what an editor command would get. Runs inside the extension host.
// Pictures of the same features are made by ../languageScreen.mjs.
import { join } from 'node:path';
import * as vscode from 'vscode';
import { type Checks, expect, until } from '../checks.ts';

const ask = <T>(command: string, ...args: unknown[]) => vscode.commands.executeCommand<T>(command, ...args);

export async function languageChecks(checks: Checks, folder: string): Promise<void> {
  const uriOf = (path: string) => vscode.Uri.file(join(folder, path));
  const flowUri = uriOf('Pay invoices/Pay invoices.robin');
  const reportUri = uriOf('Send report/Send report.robin');
  const elementsUri = uriOf('Pay invoices/controlRepo.appmask');
  const flow = await vscode.workspace.openTextDocument(flowUri);
  await vscode.window.showTextDocument(flow);

  /** The place of `text` in the flow; `after` skips to a later line that contains it. */
  const at = (text: string, offset = 0, after = ''): vscode.Position =>
    flow.positionAt(flow.getText().indexOf(text, flow.getText().indexOf(after)) + offset);
  const lineOf = (text: string) => at(text).line;

  await checks.check('diagnostics: a clean flow has no errors, and called flows are known', async () => {
    await until(
      'the language server',
      async () =>
        (await ask<vscode.DocumentSymbol[]>('vscode.executeDocumentSymbolProvider', flowUri))?.length,
    );
    const errors = () =>
      vscode.languages
        .getDiagnostics(flowUri)
        .filter(({ severity, code }) => severity === vscode.DiagnosticSeverity.Error && !unsupported(code));
    await until('no errors', () => errors().length === 0);
  });

  await checks.check('diagnostics of a paste the designer would drop carry a code and its page', async () => {
    const uri = uriOf('rejected.robin');
    await vscode.window.showTextDocument(uri);
    const found = await until('diagnostics', () => {
      const all = vscode.languages.getDiagnostics(uri);
      return all.length > 0 && all;
    });
    const codes = found.map(({ code }) => (typeof code === 'object' ? String(code.value) : String(code)));
    for (const code of ['BarePercent', 'BareQuote', 'ReservedWordAsName'])
      expect(codes.includes(code), `${code} is not among ${codes.join(', ')}`);
    for (const { code } of found) {
      expect(typeof code === 'object', `no page behind the code ${String(code)}`);
      await vscode.workspace.fs.stat(code.target);
    }
    await vscode.window.showTextDocument(flow);
    return codes.join(', ');
  });

  await checks.check('quick fixes and fix all', async () => {
    const uri = uriOf('rejected.robin');
    const document = await vscode.workspace.openTextDocument(uri);
    const whole = new vscode.Range(0, 0, document.lineCount, 0);
    const actions = await ask<vscode.CodeAction[]>('vscode.executeCodeActionProvider', uri, whole);
    const titles = actions.map(({ title }) => title);
    expect(
      actions.some(({ kind }) => kind?.value.startsWith('quickfix')),
      `no quick fix: ${titles.join(', ')}`,
    );
    const all = await ask<vscode.CodeAction[]>(
      'vscode.executeCodeActionProvider',
      uri,
      whole,
      'source.fixAll.desktopFlows',
    );
    expect(all[0]?.edit, 'no fix-all action');
    await vscode.workspace.applyEdit(all[0].edit);
    expect(document.getText().includes("It\\'s done"), `the quote was not mended: ${document.getText()}`);
    await vscode.window.showTextDocument(document);
    await ask('workbench.action.files.revert');
    await vscode.window.showTextDocument(flow);
    return `${titles.length} actions`;
  });

  await checks.check('completion offers actions by what people call them', async () => {
    const labels = await completionAt(at('LABEL Finish'));
    expect(labels.length > 500, `only ${labels.length} items`);
    const enums = await completionAt(at('Folder.SortBy.NoSort', 'Folder.SortBy.'.length));
    expect(
      enums.some((label) => label.includes('CreationTime')),
      `no enum member: ${enums.slice(0, 20).join(', ')}`,
    );
    const properties = await completionAt(at('Invoice.Size', 'Invoice.'.length));
    expect(properties.includes('FullName'), `no properties of a file: ${properties.join(', ')}`);
    return `${labels.length} items`;
  });

  await checks.check('signature help names the argument one is in', async () => {
    const help = await ask<vscode.SignatureHelp>(
      'vscode.executeSignatureHelpProvider',
      flowUri,
      at('IncrementValue: 1', 'IncrementValue: '.length),
      ':',
    );
    const signature = help?.signatures[help.activeSignature];
    const active = signature?.parameters[help.activeParameter ?? -1]?.label;
    const label = Array.isArray(active) ? signature?.label.slice(...active) : active;
    expect(label?.includes('IncrementValue'), `the active argument is ${label}`);
  });

  await checks.check('hover explains actions, and why a value is sensitive', async () => {
    const action = await hoverAt(at('Folder.GetFiles', 9));
    expect(/get files in folder/i.test(action), `hover of the action: ${action}`);
    const login = await hoverAt(at('Login', 1));
    expect(/sensitive because/i.test(login) && login.includes('Password'), `hover of Login: ${login}`);
  });

  await checks.check('go to definition: variable, subflow, label, called flow, UI element', async () => {
    const targets: readonly (readonly [vscode.Position, vscode.Uri, number | undefined])[] = [
      [at('Files', 1, 'LOOP FOREACH'), flowUri, lineOf('Files=> Files')],
      [at('CALL Enter', 6), flowUri, lineOf('FUNCTION Enter')],
      [at('GOTO Finish', 6), flowUri, lineOf('LABEL Finish')],
      [at('5b1c8a52', 3), reportUri, undefined],
      [at("['Save']", 3), elementsUri, undefined],
    ];
    for (const [position, uri, line] of targets) {
      const found = await ask<(vscode.Location | vscode.LocationLink)[]>(
        'vscode.executeDefinitionProvider',
        flowUri,
        position,
      );
      const places = found.map((place) =>
        'targetUri' in place
          ? `${place.targetUri.path}:${(place.targetSelectionRange ?? place.targetRange).start.line}`
          : `${place.uri.path}:${place.range.start.line}`,
      );
      expect(
        places.some(
          (place) => place.startsWith(uri.path) && (line === undefined || place.endsWith(`:${line}`)),
        ),
        `${flow.lineAt(position).text.trim()} leads to ${places.join(', ') || 'nothing'}`,
      );
    }
  });

  await checks.check('references, highlights and linked keywords', async () => {
    const references = await ask<vscode.Location[]>(
      'vscode.executeReferenceProvider',
      flowUri,
      at('SET Total', 5),
    );
    expect(references.length >= 4, `Total has ${references.length} references`);
    const elements = await ask<vscode.Location[]>(
      'vscode.executeReferenceProvider',
      flowUri,
      at("['Save']", 3),
    );
    expect(elements.length >= 1, 'the UI element has no references');
    const keywords = await ask<vscode.DocumentHighlight[]>(
      'vscode.executeDocumentHighlights',
      flowUri,
      at('ON ERROR', 1),
    );
    const lines = keywords.map(({ range }) => range.start.line);
    expect(
      lines.includes(lineOf('ON ERROR') + 2),
      `END is not highlighted with ON ERROR: ${lines.join(', ')}`,
    );
  });

  await checks.check('rename: a variable, and a UI element across files', async () => {
    const edit = await ask<vscode.WorkspaceEdit>(
      'vscode.executeDocumentRenameProvider',
      flowUri,
      at('SET Total', 5),
      'Paid',
    );
    const [[, changes] = [undefined, []]] = edit.entries();
    expect(changes.length >= 4, `renaming Total makes ${changes.length} edits`);
    const element = await ask<vscode.WorkspaceEdit>(
      'vscode.executeDocumentRenameProvider',
      flowUri,
      at("['Save']", 3),
      'Store',
    );
    const files = element.entries().map(([uri]) => uri.path);
    expect(
      files.includes(elementsUri.path) && files.includes(flowUri.path),
      `renaming the element touches ${files.join(', ')}`,
    );
  });

  await checks.check('workspace symbols', async () => {
    const symbols = await until('a symbol of another file', async () => {
      const found = await ask<vscode.SymbolInformation[]>('vscode.executeWorkspaceSymbolProvider', 'Enter');
      return found.some(({ name }) => name === 'Enter') && found;
    });
    return `${symbols.length} found`;
  });

  await checks.check('semantic tokens tell declared from inherited secrets', async () => {
    const legend = await ask<vscode.SemanticTokensLegend>(
      'vscode.provideDocumentSemanticTokensLegend',
      flowUri,
    );
    const { data } = await ask<vscode.SemanticTokens>('vscode.provideDocumentSemanticTokens', flowUri);
    const bit = (modifier: string) => 1 << legend.tokenModifiers.indexOf(modifier);
    const modifiers = Array.from({ length: data.length / 5 }, (_, i) => data[i * 5 + 4] ?? 0);
    for (const modifier of ['sensitive', 'sensitiveInherited']) {
      expect(legend.tokenModifiers.includes(modifier), `the legend lacks ${modifier}`);
      expect(
        modifiers.some((bits) => (bits & bit(modifier)) !== 0),
        `no token is ${modifier}`,
      );
    }
    return `${data.length / 5} tokens`;
  });

  await checks.check('selection ranges grow from a word to the whole flow', async () => {
    const [range] = await ask<vscode.SelectionRange[]>('vscode.executeSelectionRangeProvider', flowUri, [
      at('Invoice.Size', 10),
    ]);
    let steps = 0;
    for (let step = range; step !== undefined; step = step.parent as vscode.SelectionRange) steps++;
    expect(steps >= 5, `only ${steps} steps`);
    return `${steps} steps`;
  });

  await checks.check('formatting: a document, a range, and while typing', async () => {
    const uri = uriOf('untidy.robin');
    const document = await vscode.workspace.openTextDocument(uri);
    const options = { tabSize: 4, insertSpaces: true };
    const edits = await ask<vscode.TextEdit[]>('vscode.executeFormatDocumentProvider', uri, options);
    const range = await ask<vscode.TextEdit[]>(
      'vscode.executeFormatRangeProvider',
      uri,
      new vscode.Range(0, 0, 0, 100),
      options,
    );
    expect(
      range.length > 0 && range.every((edit) => edit.range.end.line === 0),
      `the range is not kept to: ${JSON.stringify(range)}`,
    );
    const edit = new vscode.WorkspaceEdit();
    edit.set(uri, edits);
    await vscode.workspace.applyEdit(edit);
    const expected = [
      'SET total TO 1',
      'IF total = 1 THEN',
      '    SET Other TO total + 1',
      'ELSE',
      '    SET Other TO 0',
      'END',
      '',
    ].join('\n');
    expect(document.getText() === expected, `formatted to\n${document.getText()}`);
    await vscode.window.showTextDocument(document);
    await ask('workbench.action.files.revert');
    await vscode.window.showTextDocument(flow);
  });

  await checks.check('inlay hints, code lenses and document links', async () => {
    const whole = new vscode.Range(0, 0, flow.lineCount, 0);
    const hints = await ask<vscode.InlayHint[]>('vscode.executeInlayHintProvider', flowUri, whole);
    expect(hints.length > 0, 'no inlay hints');
    const lenses = await ask<vscode.CodeLens[]>('vscode.executeCodeLensProvider', flowUri, 20);
    const titles = lenses.map(({ command }) => command?.title ?? '');
    expect(
      titles.some((title) => title.includes('Run')),
      `no Run lens: ${titles.join(', ')}`,
    );
    expect(
      titles.some((title) => /1 reference\b/.test(title)),
      `no references: ${titles.join(', ')}`,
    );
    const links = await ask<vscode.DocumentLink[]>('vscode.executeLinkProvider', flowUri);
    const targets = links.map(({ target }) => target?.path ?? '');
    for (const path of [reportUri.path, elementsUri.path])
      expect(targets.includes(path), `no link to ${path}: ${targets.join(', ')}`);
    return `${hints.length} hints, ${lenses.length} lenses, ${links.length} links`;
  });

  await checks.check('call hierarchy within a flow and across flows', async () => {
    const [item] = await ask<vscode.CallHierarchyItem[]>(
      'vscode.prepareCallHierarchy',
      flowUri,
      at('CALL Enter', 6),
    );
    expect(item, 'nothing to start from');
    const incoming = await ask<vscode.CallHierarchyIncomingCall[]>('vscode.provideIncomingCalls', item);
    expect(incoming.length === 1, `Enter has ${incoming.length} callers`);
    const [main] = incoming.map(({ from }) => from);
    const outgoing = await ask<vscode.CallHierarchyOutgoingCall[]>('vscode.provideOutgoingCalls', main);
    const names = outgoing.map(({ to }) => to.name);
    expect(names.includes('Enter') && names.includes('Send report'), `Main calls ${names.join(', ')}`);
  });

  await checks.check('renaming a flow file updates the flows that run it', async () => {
    const edit = new vscode.WorkspaceEdit();
    const renamed = uriOf('Send report/Tell the boss.robin');
    edit.renameFile(reportUri, renamed);
    await vscode.workspace.applyEdit(edit);
    await until('the new name in the caller', () => flow.getText().includes("@@flowname: 'Tell the boss'"));
    await until('the link to the renamed file', async () => {
      const links = await ask<vscode.DocumentLink[]>('vscode.executeLinkProvider', flowUri);
      return links.some(({ target }) => target?.path === renamed.path);
    });
    const back = new vscode.WorkspaceEdit();
    back.renameFile(renamed, reportUri);
    await vscode.workspace.applyEdit(back);
    await until('the old name in the caller', () => flow.getText().includes("@@flowname: 'Send report'"));
  });

  await checks.check('copy for the designer and paste from it give the same actions back', async () => {
    const editor = await vscode.window.showTextDocument(flow);
    const first = lineOf('FUNCTION Enter') + 1;
    editor.selection = new vscode.Selection(first, 0, first + 2, 0);
    const copied = flow.getText(editor.selection).trim();
    await ask('desktopFlows.copyForDesigner');
    const clipboard = await vscode.env.clipboard.readText();
    expect(
      clipboard.includes('# [ControlRepository][PowerAutomateDesktop]'),
      'the elements are not attached',
    );
    const fresh = await vscode.workspace.openTextDocument({ language: 'robin', content: '' });
    await vscode.window.showTextDocument(fresh);
    await ask('desktopFlows.pasteFromDesigner');
    const words = (text: string) => text.split(/\s+/).filter(Boolean).join(' ');
    await until('the pasted actions', () => words(fresh.getText()).includes(words(copied)));
    await ask('workbench.action.revertAndCloseActiveEditor');
    await vscode.window.showTextDocument(flow);
  });

  async function completionAt(position: vscode.Position): Promise<string[]> {
    const list = await ask<vscode.CompletionList>('vscode.executeCompletionItemProvider', flowUri, position);
    return list.items.map(({ label }) => (typeof label === 'string' ? label : label.label));
  }

  async function hoverAt(position: vscode.Position): Promise<string> {
    const hovers = await ask<vscode.Hover[]>('vscode.executeHoverProvider', flowUri, position);
    return hovers
      .flatMap(({ contents }) => contents)
      .map((content) => (typeof content === 'string' ? content : content.value))
      .join('\n');
  }
}

function unsupported(code: vscode.Diagnostic['code']): boolean {
  const value = typeof code === 'object' ? code.value : code;
  return /Unsupported$/.test(String(value));
}

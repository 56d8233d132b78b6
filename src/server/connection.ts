// Wires a language-server connection: capabilities, and which feature answers which request. No feature lives here.
import {
  CancellationToken,
  type Connection,
  type DocumentDiagnosticReport,
  ErrorCodes,
  ResponseError,
  TextDocumentSyncKind,
} from 'vscode-languageserver';
import { type Clock, systemClock } from '../base/clock.ts';
import type { Disposable } from '../base/disposable.ts';
import { asProductError } from '../base/error.ts';
import { type FlowRequestParams, type FlowRequestResult, flowRequest } from '../protocol/editor.ts';
import { diagnosticReport, diagnosticsOf } from './features/diagnostics.ts';
import { flowOf } from './features/flow.ts';
import { foldingRangesOf } from './features/folding.ts';
import { symbolsOf } from './features/symbols.ts';
import { type Analysis, Workspace } from './workspace.ts';

/** How long typing must pause before diagnostics are pushed to a client that cannot ask for them. */
const pushDelayMs = 200;

/** Serves `connection` until the client closes it. A feature that fails is logged and answers with nothing; the server stays. */
export function serve(connection: Connection, clock: Clock = systemClock): void {
  const workspace = new Workspace(connection);

  connection.onInitialize(({ capabilities }) => {
    if (!capabilities.textDocument?.diagnostic) pushDiagnostics(connection, workspace, clock);
    return {
      serverInfo: { name: 'Desktop Flows' },
      capabilities: {
        positionEncoding: 'utf-16',
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
        diagnosticProvider: { interFileDependencies: false, workspaceDiagnostics: false },
        documentSymbolProvider: { label: 'Flow' },
        foldingRangeProvider: true,
      },
    };
  });

  connection.languages.diagnostics.on(({ textDocument, previousResultId }, token) =>
    answer<DocumentDiagnosticReport>(
      'diagnostics',
      textDocument.uri,
      token,
      { kind: 'full', items: [] },
      (analysis) => diagnosticReport(analysis, previousResultId),
    ),
  );
  connection.onDocumentSymbol(({ textDocument }, token) =>
    answer('document symbols', textDocument.uri, token, [], symbolsOf),
  );
  connection.onFoldingRanges(({ textDocument }, token) =>
    answer('folding ranges', textDocument.uri, token, [], foldingRangesOf),
  );
  // No empty answer here: whoever is about to run a flow must be told why that is not possible.
  connection.onRequest(
    flowRequest,
    async ({ uri }: FlowRequestParams, token: CancellationToken): Promise<FlowRequestResult> => {
      const flow = await answer('flow', uri, token, undefined, flowOf);
      if (flow) return flow;
      throw new ResponseError(
        ErrorCodes.InvalidRequest,
        `Desktop Flows cannot read ${uri}. Open the document in an editor and try again.`,
      );
    },
  );

  connection.listen();

  /** One request about one document: a fault inside `feature` is logged once and becomes `nothing`. */
  async function answer<T>(
    name: string,
    uri: string,
    token: CancellationToken,
    nothing: T,
    feature: (analysis: Analysis) => T,
  ): Promise<T> {
    try {
      const analysis = await workspace.analysis(uri, token);
      return analysis ? feature(analysis) : nothing;
    } catch (error) {
      if (error instanceof ResponseError) throw error;
      logFault(connection, name, uri, error);
      return nothing;
    }
  }
}

/** For clients without pull diagnostics: sends them when typing pauses, and clears them when a document closes. */
function pushDiagnostics(connection: Connection, workspace: Workspace, clock: Clock): void {
  const waiting = new Map<string, Disposable>();

  workspace.onDidChange((uri) => {
    waiting.get(uri)?.dispose();
    waiting.set(
      uri,
      clock.after(pushDelayMs, () => void push(uri)),
    );
  });
  workspace.onDidClose((uri) => {
    waiting.get(uri)?.dispose();
    waiting.delete(uri);
    void connection.sendDiagnostics({ uri, diagnostics: [] });
  });

  async function push(uri: string): Promise<void> {
    try {
      const analysis = await workspace.analysis(uri, CancellationToken.None);
      if (!analysis) return;
      await connection.sendDiagnostics({
        uri,
        version: analysis.version,
        diagnostics: diagnosticsOf(analysis),
      });
    } catch (error) {
      logFault(connection, 'diagnostics', uri, error);
    }
  }
}

function logFault(connection: Connection, feature: string, uri: string, error: unknown): void {
  const stack = error instanceof Error ? error.stack : undefined;
  connection.console.error(`${feature} of ${uri} failed: ${stack ?? asProductError(error).message}`);
}

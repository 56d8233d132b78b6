// Diagnostics as the editor shows them, for pulling and for pushing. The code of each leads to its page of the documentation.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  CancellationToken,
  type Diagnostic,
  DiagnosticSeverity,
  DiagnosticTag,
  type DocumentDiagnosticReport,
  LSPErrorCodes,
  ResponseError,
} from 'vscode-languageserver';
import type { Disposable } from '../../base/disposable.ts';
import type * as language from '../../language/diagnostics.ts';
import type { Feature, FeatureHost } from '../feature.ts';
import type { Analysis } from '../workspace.ts';
import { rangeOf } from './range.ts';

/** More than anybody reads; editors show no more than this per file. */
const mostShown = 1000;

/** How long typing must pause before diagnostics are pushed to a client that cannot ask for them. */
const pushDelayMs = 200;

export const diagnostics: Feature = {
  capabilities: { diagnosticProvider: { interFileDependencies: false, workspaceDiagnostics: false } },
  register(host) {
    host.connection.languages.diagnostics.on(({ textDocument, previousResultId }, token) =>
      host
        .answer<DocumentDiagnosticReport>(
          'diagnostics',
          textDocument.uri,
          token,
          { kind: 'full', items: [] },
          async (analysis) => {
            if (analysis.id !== previousResultId) await analysis.understand(token);
            return diagnosticReport(analysis, previousResultId);
          },
        )
        .catch(pullAgain),
    );
    host.workspace.onDidInitialise(({ capabilities }) => {
      if (!capabilities.textDocument?.diagnostic) pushDiagnostics(host);
      else if (capabilities.workspace?.diagnostics?.refreshSupport) {
        host.workspace.onDidReconsider(() =>
          host.inBackground('refreshing diagnostics', () => host.connection.languages.diagnostics.refresh()),
        );
      }
    });
  },
};

/** Of a document that changed meanwhile nothing is known; to a client any other error would mean that nothing is wrong with it. */
function pullAgain(error: unknown): never {
  if (error instanceof ResponseError && error.code === LSPErrorCodes.ContentModified) {
    throw new ResponseError(LSPErrorCodes.ServerCancelled, error.message, { retriggerRequest: true });
  }
  throw error;
}

/** For clients without pull diagnostics: sends them when typing pauses, and clears them when a document closes. */
function pushDiagnostics({ connection, workspace, clock, answer, inBackground }: FeatureHost): void {
  const waiting = new Map<string, Disposable>();

  const pushSoon = (uri: string) => {
    waiting.get(uri)?.dispose();
    waiting.set(
      uri,
      // When the document changes meanwhile, that change has them pushed again.
      clock.after(pushDelayMs, () => inBackground('diagnostics', () => push(uri))),
    );
  };
  workspace.onDidChange(pushSoon);
  workspace.onDidReconsider((uris) => uris.forEach(pushSoon));
  workspace.onDidClose((uri) => {
    waiting.get(uri)?.dispose();
    waiting.delete(uri);
    void connection.sendDiagnostics({ uri, diagnostics: [] });
  });

  async function push(uri: string): Promise<void> {
    await answer('diagnostics', uri, CancellationToken.None, undefined, async (analysis) => {
      const { version } = analysis;
      await connection.sendDiagnostics({ uri, version, diagnostics: diagnosticsOf(analysis) });
    });
  }
}

/** All diagnostics, or `unchanged` when the client already has those of this version. */
export function diagnosticReport(
  analysis: Analysis,
  previousResultId: string | undefined,
): DocumentDiagnosticReport {
  return previousResultId === analysis.id
    ? { kind: 'unchanged', resultId: analysis.id }
    : { kind: 'full', resultId: analysis.id, items: diagnosticsOf(analysis) };
}

/** In the order of the text. Of more than 1,000, the gravest are kept and the last says how many are missing. */
export function diagnosticsOf(analysis: Analysis): Diagnostic[] {
  let found = analysis.diagnostics;
  let omitted: Diagnostic | undefined;
  if (found.length > mostShown) {
    const kept = found.toSorted((a, b) => severityOf(a) - severityOf(b)).slice(0, mostShown - 1);
    omitted = {
      range: { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } },
      severity: DiagnosticSeverity.Information,
      source: 'Desktop Flows',
      code: 'TooManyProblems',
      message: `${found.length - kept.length} more problems of this file are not shown. Fix the first ones; most of the others usually follow from them.`,
    };
    found = kept.sort((a, b) => a.start - b.start);
  }
  const shown = found.map((diagnostic) => protocolDiagnostic(analysis, diagnostic));
  return omitted ? [...shown, omitted] : shown;
}

/** A diagnostic in the words of the protocol. */
export function protocolDiagnostic(analysis: Analysis, diagnostic: language.Diagnostic): Diagnostic {
  const page = pageOf(diagnostic.code);
  return {
    range: rangeOf(analysis, diagnostic),
    severity: severityOf(diagnostic),
    source: 'Desktop Flows',
    code: diagnostic.code,
    ...(page === undefined ? {} : { codeDescription: { href: page } }),
    message: diagnostic.message,
    ...(diagnostic.tag === undefined ? {} : { tags: [tags[diagnostic.tag]] }),
    ...(diagnostic.related === undefined
      ? {}
      : {
          relatedInformation: diagnostic.related.map((place) => ({
            location: { uri: analysis.uri, range: rangeOf(analysis, place) },
            message: place.message,
          })),
        }),
  };
}

const tags = { unnecessary: DiagnosticTag.Unnecessary, deprecated: DiagnosticTag.Deprecated } as const;

/** What only this agent cannot do is no fault of the flow: it informs, and the run is refused with the same words. */
const severities: Readonly<Record<language.Severity, DiagnosticSeverity>> = {
  dropsPaste: DiagnosticSeverity.Error,
  error: DiagnosticSeverity.Error,
  unsupported: DiagnosticSeverity.Information,
  warning: DiagnosticSeverity.Warning,
  information: DiagnosticSeverity.Information,
  hint: DiagnosticSeverity.Hint,
};
const severityOf = ({ severity }: language.Diagnostic): DiagnosticSeverity => severities[severity];

/** The folder of the pages: beside the bundle of the installed extension, or in the sources. */
const pages =
  typeof __dirname === 'string'
    ? join(__dirname, '..', 'docs', 'diagnostics')
    : join(import.meta.dirname, '..', '..', '..', 'docs', 'diagnostics');
const known = new Map<string, string | undefined>();

/** The URI of the page about a code; undefined when there is none. */
function pageOf(code: string): string | undefined {
  if (!known.has(code)) {
    const path = join(pages, `${code}.md`);
    known.set(code, existsSync(path) ? pathToFileURL(path).href : undefined);
  }
  return known.get(code);
}

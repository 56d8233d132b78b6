// Diagnostics as the editor shows them, for pulling and for pushing.
import { type Diagnostic, DiagnosticSeverity, type DocumentDiagnosticReport } from 'vscode-languageserver';
import * as language from '../../language/diagnostics.ts';
import type { Analysis } from '../workspace.ts';
import { rangeOf } from './range.ts';

/** More than anybody reads; editors show no more than this per file. */
const mostShown = 1000;

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
  const shown = found.map((diagnostic) => ({
    range: rangeOf(analysis, diagnostic),
    severity: severityOf(diagnostic),
    source: 'Desktop Flows',
    code: diagnostic.code,
    message: diagnostic.message,
  }));
  return omitted ? [...shown, omitted] : shown;
}

/** Whatever forbids a run is an error. */
function severityOf(diagnostic: language.Diagnostic): DiagnosticSeverity {
  return language.isBlocking(diagnostic) ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning;
}

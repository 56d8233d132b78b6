// The result of `dflow check` for people, for programs, for code scanning (SARIF 2.1.0) and for GitHub's workflow log.
import { isAbsolute, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { productVersion } from '../base/version.ts';
import { ruleOf } from '../language/checks/lint/rules.ts';
import type { Severity, Verdict } from '../language/diagnostics.ts';
import { describeDiagnostic, type PlacedDiagnostic } from './flowFile.ts';
import { counted, type Output } from './terminal.ts';

export type ReportFormat = 'human' | 'json' | 'sarif' | 'github';
export const reportFormats: readonly string[] = ['human', 'json', 'sarif', 'github'] satisfies ReportFormat[];

export interface FileReport {
  readonly path: string;
  readonly verdict: Verdict;
  readonly diagnostics: readonly PlacedDiagnostic[];
  /** Corrections that were made in the file. */
  readonly fixed: number;
}

export function writeReport(format: ReportFormat, reports: readonly FileReport[], out: Output): void {
  switch (format) {
    case 'human':
      writeHuman(reports, out);
      break;
    case 'json':
      out.write(`${JSON.stringify({ files: reports.map(jsonOf) })}\n`);
      break;
    case 'sarif':
      out.write(`${JSON.stringify(sarifOf(reports), undefined, 2)}\n`);
      break;
    case 'github':
      out.write(reports.flatMap(annotations).join(''));
      break;
  }
}

function writeHuman(reports: readonly FileReport[], out: Output): void {
  const count: Record<'errors' | 'unsupported' | 'warnings' | 'notes' | 'fixed', number> = {
    errors: 0,
    unsupported: 0,
    warnings: 0,
    notes: 0,
    fixed: 0,
  };
  for (const { path, diagnostics, fixed } of reports) {
    count.fixed += fixed;
    for (const diagnostic of diagnostics.filter(isForPeople)) {
      count[totals[diagnostic.severity]]++;
      out.write(`${describeDiagnostic(path, diagnostic)}\n`);
    }
  }
  const parts = [counted(count.errors, 'error'), counted(count.warnings, 'warning')];
  if (count.unsupported > 0) parts.push(`${count.unsupported} not supported by this agent`);
  if (count.notes > 0) parts.push(counted(count.notes, 'note'));
  if (count.fixed > 0) parts.push(`${counted(count.fixed, 'correction')} made`);
  out.write(`${counted(reports.length, 'file')}: ${parts.join(', ')}\n`);
}

const totals = {
  dropsPaste: 'errors',
  error: 'errors',
  unsupported: 'unsupported',
  warning: 'warnings',
  information: 'notes',
  hint: 'notes',
} as const satisfies Record<Severity, string>;

/** Hints are for editors, which show them beside the text; a list of them hides what matters. */
const isForPeople = ({ severity }: PlacedDiagnostic): boolean => severity !== 'hint';

function jsonOf({ path, verdict, diagnostics }: FileReport) {
  return {
    path,
    verdict,
    diagnostics: diagnostics.map(({ code, severity, message, line, column, endLine, endColumn }) => ({
      code,
      severity,
      message,
      line,
      column,
      endLine,
      endColumn,
    })),
  };
}

// ── SARIF ───────────────────────────────────────────────────────────────────────────────────────────────────────

const sarifLevels = {
  dropsPaste: 'error',
  error: 'error',
  unsupported: 'warning',
  warning: 'warning',
  information: 'note',
  hint: 'note',
} as const satisfies Record<Severity, string>;

function sarifOf(reports: readonly FileReport[]) {
  const codes = [
    ...new Set(reports.flatMap(({ diagnostics }) => diagnostics.map(({ code }) => code))),
  ].sort();
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'dflow',
            version: productVersion,
            rules: codes.map((code) => {
              const rule = ruleOf(code);
              return rule === undefined
                ? { id: code }
                : {
                    id: code,
                    shortDescription: { text: rule.title },
                    fullDescription: { text: rule.explanation },
                  };
            }),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: reports.flatMap(({ path, diagnostics }) =>
          diagnostics.map(({ code, severity, message, line, column, endLine, endColumn }) => ({
            ruleId: code,
            ruleIndex: codes.indexOf(code),
            level: sarifLevels[severity],
            message: { text: message },
            locations: [
              {
                physicalLocation: {
                  artifactLocation: { uri: uriOf(path) },
                  region: { startLine: line, startColumn: column, endLine, endColumn },
                },
              },
            ],
          })),
        ),
      },
    ],
  };
}

/** Relative paths stay relative: a code scanner looks for them in the repository. */
function uriOf(path: string): string {
  if (isAbsolute(path)) return pathToFileURL(path).href;
  return path.split(sep).join('/').split('/').map(encodeURIComponent).join('/');
}

// ── GitHub ──────────────────────────────────────────────────────────────────────────────────────────────────────

const commands = {
  dropsPaste: 'error',
  error: 'error',
  unsupported: 'warning',
  warning: 'warning',
  information: 'notice',
  hint: 'notice',
} as const satisfies Record<Severity, string>;

function annotations({ path, diagnostics }: FileReport): string[] {
  return diagnostics
    .filter(isForPeople)
    .map(({ code, severity, message, line, column, endLine, endColumn }) => {
      // GitHub takes columns only for a place on one line.
      const columns = line === endLine ? `,col=${column},endColumn=${endColumn}` : '';
      const place = `file=${property(path.split(sep).join('/'))},line=${line},endLine=${endLine}${columns}`;
      return `::${commands[severity]} ${place},title=${property(code)}::${data(message)}\n`;
    });
}

const data = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

// `dflow check`: syntax and meaning of flow files, without an agent.
import { asProductError } from '../base/error.ts';
import type { RuleSeverity } from '../language/checks/lint/rules.ts';
import { verdictOf } from '../language/diagnostics.ts';
import { applyEdits } from '../language/edits/edit.ts';
import { fixAll } from '../language/edits/fixes.ts';
import { parse } from '../language/syntax/parser.ts';
import { type FileReport, type ReportFormat, writeReport } from './checkReport.ts';
import { checkedFlow, type FoundPath, flowPaths, readFlow, writeFlow } from './flowFile.ts';
import { Neighbours } from './neighbours.ts';
import type { Output } from './terminal.ts';
import { exitCode } from './usage.ts';

export interface CheckRequest {
  readonly paths: readonly string[];
  readonly format: ReportFormat;
  readonly fix: boolean;
  readonly rules: Readonly<Record<string, RuleSeverity>>;
}

/** Checks every file; an unreadable one counts as an error and does not stop the others. Returns the exit code. */
export function checkFlows({ paths, format, fix, rules }: CheckRequest, out: Output): number {
  const neighbours = new Neighbours(paths);
  const reports = flowPaths(paths).map((found) => checkOne(found, neighbours, fix, rules));
  writeReport(format, reports, out);
  return reports.every(({ verdict }) => verdict === 'clean') ? exitCode.ok : exitCode.failed;
}

/** What one correction repairs may bring another fault to light. */
const mostRounds = 10;

function checkOne(
  { path, error }: FoundPath,
  neighbours: Neighbours,
  fix: boolean,
  rules: CheckRequest['rules'],
): FileReport {
  try {
    if (error !== undefined) throw error;
    const flow = readFlow(path);
    const surroundings = neighbours.surroundingsOf(flow);
    // The agent that would run it is the one of this machine.
    const options = { rules, system: process.platform === 'win32' ? 'windows' : 'other' } as const;
    let checked = checkedFlow(flow, options, surroundings);
    let fixed = 0;
    for (let round = 0; fix && round < mostRounds; round++) {
      const edits = fixAll(checked.model, checked.diagnostics);
      if (edits.length === 0) break;
      const text = applyEdits(checked.file.text, edits);
      fixed += edits.length;
      checked = checkedFlow({ ...flow, file: parse(text) }, options, surroundings);
    }
    if (fixed > 0) writeFlow(flow, checked.file.text);
    const { diagnostics } = checked;
    return { path, verdict: verdictOf(diagnostics), diagnostics, fixed };
  } catch (thrown) {
    const { code, message, nextStep } = asProductError(thrown);
    const place = { start: 0, end: 0, line: 1, column: 1, endLine: 1, endColumn: 1 };
    return {
      path,
      verdict: 'errors',
      diagnostics: [{ code, severity: 'error', message: `${message} ${nextStep}`, ...place }],
      fixed: 0,
    };
  }
}

// `dflow check`: syntax and meaning of flow files, without an agent.
import { asProductError } from '../base/error.ts';
import { isBlocking } from '../language/diagnostics.ts';
import { describeDiagnostic, loadFlow } from './flowFile.ts';
import type { Output } from './terminal.ts';
import { exitCode } from './usage.ts';

/** Checks every file; an unreadable one counts as an error and does not stop the others. Returns the exit code. */
export function checkFlows(paths: readonly string[], json: boolean, out: Output, err: Output): number {
  let errors = 0;
  let warnings = 0;
  for (const path of paths) {
    try {
      const { diagnostics } = loadFlow(path);
      for (const diagnostic of diagnostics) {
        if (isBlocking(diagnostic)) errors++;
        else warnings++;
        const { line, column, severity, code, message } = diagnostic;
        out.write(
          json
            ? `${JSON.stringify({ path, line, column, severity, code, message })}\n`
            : `${describeDiagnostic(path, diagnostic)}\n`,
        );
      }
    } catch (thrown) {
      errors++;
      const { code, message, nextStep } = asProductError(thrown);
      if (json) out.write(`${JSON.stringify({ path, severity: 'error', code, message, nextStep })}\n`);
      else err.write(`${path}: error ${code}: ${message}\n  Next: ${nextStep}\n`);
    }
  }
  if (!json) {
    const files = paths.length === 1 ? '1 file' : `${paths.length} files`;
    out.write(`${files}: ${errors} errors, ${warnings} warnings\n`);
  }
  return errors > 0 ? exitCode.failed : exitCode.ok;
}

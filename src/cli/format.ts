// `dflow format`: lays out flow files as the designer does, or says which are not.
import { asProductError } from '../base/error.ts';
import { applyEdits } from '../language/edits/edit.ts';
import { formatEdits } from '../language/edits/format.ts';
import { flowPaths, readFlow, writeFlow } from './flowFile.ts';
import { counted, type Output } from './terminal.ts';
import { exitCode } from './usage.ts';

/** With `checkOnly` nothing is written, and a file that would change makes the exit code 1. `-` formats to the standard output. */
export function formatFlows(paths: readonly string[], checkOnly: boolean, out: Output, err: Output): number {
  let changed = 0;
  let failed = 0;
  const found = flowPaths(paths);
  for (const { path, error } of found) {
    try {
      if (error !== undefined) throw error;
      const flow = readFlow(path);
      const edits = formatEdits(flow.file);
      const text = applyEdits(flow.file.text, edits);
      if (path === '-' && !checkOnly) out.write(text);
      if (text === flow.file.text) continue;
      changed++;
      if (checkOnly) out.write(`${path}\n`);
      else if (path !== '-') {
        writeFlow(flow, text);
        out.write(`${path}\n`);
      }
    } catch (thrown) {
      failed++;
      const { code, message, nextStep } = asProductError(thrown);
      err.write(`${path}: error ${code}: ${message}\n  Next: ${nextStep}\n`);
    }
  }
  err.write(`${counted(found.length, 'file')}: ${changed} ${checkOnly ? 'not formatted' : 'formatted'}\n`);
  return failed > 0 || (checkOnly && changed > 0) ? exitCode.failed : exitCode.ok;
}

// `dflow diff`: what differs in meaning between two flow files.
import { describeChange, diffFlows, type RowPlace } from '../language/diff/diff.ts';
import { readFlow } from './flowFile.ts';
import { type Output, printable } from './terminal.ts';
import { exitCode } from './usage.ts';

/** Exit code 1 when they differ. A side that does not exist is named `/dev/null` by Git, and is empty. Throws what `readFlow` throws. */
export function diffFiles(before: string, after: string, json: boolean, out: Output): number {
  const [old, now] = [readFlow(before), readFlow(after)];
  const changes = diffFlows(old.file, now.file);
  if (json) {
    const fromOne = (_key: string, value: unknown) =>
      isPlace(value) ? { ...value, line: value.line + 1 } : value;
    out.write(`${JSON.stringify({ before, after, changes }, fromOne)}\n`);
  } else {
    for (const change of changes) out.write(`${printable(describeChange(change))}\n`);
    if (changes.length === 0) out.write('No difference in meaning.\n');
  }
  return changes.length === 0 ? exitCode.ok : exitCode.failed;
}

/** Lines are counted from 1 outside. */
function isPlace(value: unknown): value is RowPlace {
  return typeof value === 'object' && value !== null && 'line' in value && 'subflow' in value;
}

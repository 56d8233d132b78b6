// The agent's log on disk: two files at most, so that a long-lived agent cannot fill the disk.
import { appendFileSync, renameSync, statSync } from 'node:fs';
import { formatLogLine, type LogSink } from '../base/log.ts';

const maxBytes = 5 * 1024 * 1024;

/** Appends lines to `path`; when it is full it becomes `path.1`. A disk that cannot be written is no reason to stop: the line is lost. */
export function logFile(path: string): LogSink {
  let size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return (line) => {
    // One entry, one line: control characters in a message could fake further entries.
    const text = `${formatLogLine(line).replace(/[\u0000-\u001f\u007f]+/g, ' ')}\n`;
    try {
      if (size + text.length > maxBytes) {
        renameSync(path, `${path}.1`);
        size = 0;
      }
      appendFileSync(path, text, { mode: 0o600 });
      size += Buffer.byteLength(text);
    } catch {
      // The ring of the last lines still has it.
    }
  };
}

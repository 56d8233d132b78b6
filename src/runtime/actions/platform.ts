// Which system the flow runs on, and the few facts about it that several action modules need.
import { join } from 'node:path';

export const onWindows: boolean = process.platform === 'win32';

/** Where Windows keeps its own programs; they are started from there and nowhere else. */
export function systemFolder(): string {
  return join(process.env.SystemRoot ?? 'C:\\Windows', 'System32');
}

// The real language server as a process of its own, which also tells how long its loop was blocked and how much memory it takes.
// Started by language.ts; speaks the protocol over its standard streams.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-languageserver/node';
import { serve } from '../src/server/connection.ts';

/** Answers with how long the loop was away at most since the last time somebody asked, and with the memory the process holds. */
export const healthRequest = 'bench/health';

export interface Health {
  /** Milliseconds. */
  readonly longestBlock: number;
  readonly p99Block: number;
  /** Megabytes. */
  readonly resident: number;
  readonly mostResident: number;
}

if (import.meta.main) {
  const resolution = 1;
  const delay = monitorEventLoopDelay({ resolution });
  delay.enable();
  const connection = createConnection(
    new StreamMessageReader(process.stdin),
    new StreamMessageWriter(process.stdout),
  );
  connection.onRequest(healthRequest, (): Health => {
    const health = {
      // The timer itself comes a `resolution` late.
      longestBlock: Math.max(0, delay.max / 1e6 - resolution),
      p99Block: Math.max(0, delay.percentile(99) / 1e6 - resolution),
      resident: process.memoryUsage.rss() / 1024 ** 2,
      mostResident: process.resourceUsage().maxRSS / 1024,
    };
    delay.reset();
    return health;
  });
  serve(connection);
}

// The process that runs tests of flows for a shell: reads one request from its standard input, writes what happens to its standard
// output, one JSON text per line each way. It ends with its shell.
import { createInterface } from 'node:readline';
import { systemClock } from '../base/clock.ts';
import { invalidRequest } from '../protocol/rpc.ts';
import { type FromTester, toTester } from '../protocol/testing.ts';
import { TestSession } from './testSession.ts';

// Set where VS Code's own program runs the tests; a program that a flow starts must not inherit it.
delete process.env.ELECTRON_RUN_AS_NODE;
// The standard output carries messages only, whatever a package that an action uses has to say.
console.log = console.info = console.debug = console.error;

let session: TestSession | undefined;
const lines = createInterface({ input: process.stdin });

lines.on('line', (line) => {
  if (line.trim() === '') return;
  const parsed = toTester.safeParse(json(line));
  if (!parsed.success) {
    process.stderr.write(`${invalidRequest('request', parsed.error).message}\n`);
    process.exit(2);
  }
  if (parsed.data.kind === 'cancel') session?.cancel();
  else if (session === undefined) {
    session = new TestSession(parsed.data, send, systemClock);
    session.run().then(
      // When all of it has left.
      () => process.stdout.write('', () => process.exit(0)),
      failed,
    );
  }
});
// The shell has gone, or wants nothing more.
lines.on('close', () => {
  if (session === undefined) process.exit(0);
  session.cancel();
});
process.stdout.on('error', () => process.exit(1));
process.on('uncaughtException', failed);
process.on('unhandledRejection', failed);

function send(message: FromTester): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function json(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function failed(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
}

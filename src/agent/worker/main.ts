// The worker process: exactly one run, told over the private channel to the agent that forked it. Ends when the run ends, and at
// once, with everything the flow started, when the agent is gone.
import { spawnSync } from 'node:child_process';
import { systemClock } from '../../base/clock.ts';
import { type FromWorker, toWorker } from '../../protocol/worker.ts';
import { isInvited, joinChannel } from './channel.ts';
import { WorkerRun } from './host.ts';
import { pictureOf } from './screen.ts';
import { systemOf } from './system.ts';

/** How long the flow's own clean-up may take when the agent is gone. */
const lastMs = 200;

// Set where VS Code's own program runs agent and workers; a program that the flow starts must not inherit it.
delete process.env.ELECTRON_RUN_AS_NODE;
// Where Node keeps this program compiled: of no use to other programs.
delete process.env.NODE_COMPILE_CACHE;

let ended = false;
const system = systemOf(process.platform);
const run = new WorkerRun(
  send,
  systemClock,
  pictureOf(process.platform, process.env, system.desktop),
  system,
);

process.on('message', (message) => {
  const parsed = toWorker.parse(message);
  run.receive(parsed).then(
    () => {
      if (parsed.kind === 'start') end(0);
    },
    (error: unknown) => failed(error),
  );
});
process.on('disconnect', () => {
  if (ended) return;
  run.abandon();
  setTimeout(endWithTree, lastMs);
});
process.on('uncaughtException', failed);
process.on('unhandledRejection', failed);
// The agent decides when a run stops; a Ctrl+C in the agent's terminal reaches this process too.
process.on('SIGINT', () => {});

if (process.send) void send({ kind: 'ready' });
else if (isInvited()) {
  joinChannel().then(
    () => send({ kind: 'ready' }),
    (error: unknown) => {
      process.stderr.write(`The agent of Desktop Flows cannot be reached: ${String(error)}\n`);
      end(1);
    },
  );
} else {
  process.stderr.write('This program is started by the agent of Desktop Flows, for one run each.\n');
  process.exitCode = 2;
}

function send(message: FromWorker): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
    else resolve();
  });
}

function failed(error: unknown): void {
  if (ended) return;
  run.fail(error).finally(() => end(1));
}

function end(code: number): void {
  ended = true;
  process.exit(code);
}

function endWithTree(): void {
  if (process.platform === 'win32')
    spawnSync('taskkill', ['/pid', String(process.pid), '/T', '/F'], { windowsHide: true });
  else {
    try {
      process.kill(-process.pid, 'SIGKILL'); // the agent made this process the leader of its group
    } catch {
      // It is not: nothing else belongs to it.
    }
  }
  process.exit(1);
}

// Speaks with the process of one run over its private channel, and starts such processes in the agent's own session. Flow and inputs go
// only there. Other sessions: sessions/workers.ts.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { systemClock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { Redactor } from '../base/redact.ts';
import { openWorkQueues } from '../orchestration/sqliteWorkQueues.ts';
import type { Claim } from '../orchestration/store.ts';
import { invalidRequest } from '../protocol/rpc.ts';
import { fromWorker, type ToWorker } from '../protocol/worker.ts';
import { compiledIn, workQueuesFile } from './dataFolder.ts';
import type { Worker, WorkerReport } from './runner.ts';
import { RunWorkQueues } from './runWorkQueues.ts';
import type { Vault } from './seal.ts';
import { secretsOf, shownOutputs } from './shown.ts';

export interface WorkerTalkOptions {
  readonly vault: Vault;
  /** The work queues are there. */
  readonly dataFolder: string;
  readonly log: Log;
  /** Whether the editor that a run was started from is there: it asks what the flow wants to know. */
  readonly isEditorAt?: ((runId: string) => boolean) | undefined;
}

export interface WorkerLauncherOptions extends WorkerTalkOptions {
  /** `worker.cjs`, or the source file in tests. */
  readonly script: string;
}

/** Hands flow and inputs to the process that was started for a claim. */
export type WorkerTalk = (
  child: ChildProcess,
  report: (report: WorkerReport) => void,
  debug: boolean,
) => Worker;

/** Starts a worker for `claim` and hands it flow and inputs; `debug`: it waits for a debugger first. Throws a ProductError when that is impossible. */
export type Launch = (claim: Claim, report: (report: WorkerReport) => void, debug: boolean) => Worker;

/** Last words of a worker that are kept for the log. */
const lastWords = 2_000;
/** Messages that were sent before the end are still read after it, but not for ever. */
const drainMs = 2_000;

export function workerLauncher({ script, ...options }: WorkerLauncherOptions): Launch {
  return (claim, report, debug) => {
    const talk = workerTalk(options, claim);
    // A group of its own on POSIX, so that everything the flow started can be ended with it. Same Node, no flags of the agent's own.
    const child = fork(script, [], {
      execArgv: [],
      detached: process.platform !== 'win32',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, ...compiledIn(options.dataFolder) },
    });
    return talk(child, report, debug);
  };
}

/** Opens the inputs of `claim`, before anything is started for it. The process must lead a group of its own on POSIX. Throws as `Vault.open`. */
export function workerTalk(options: WorkerTalkOptions, claim: Claim): WorkerTalk {
  const { vault, dataFolder, log, isEditorAt } = options;
  const runId = claim.run.id;
  const inputs = vault.open(runId, claim.sealedInputs);
  const redactor = new Redactor();
  for (const value of Object.values(inputs)) for (const secret of secretsOf(value)) redactor.add(secret);
  return (child, report, debug) => {
    let words = '';
    const workQueues = new RunWorkQueues(() =>
      openWorkQueues(workQueuesFile(dataFolder), runId, systemClock, randomUUID),
    );
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-lastWords);
    });
    const send = (message: ToWorker) => {
      if (child.connected) child.send(message, () => {}); // a failure shows as its end
    };
    child.on('message', (message) => {
      const parsed = fromWorker.safeParse(message);
      if (!parsed.success) {
        log.error('a worker sent something else than agreed', {
          runId,
          problem: invalidRequest('message', parsed.error).message,
        });
        killTree(child);
      } else if (parsed.data.kind === 'ready') {
        const { name, path } = claim.run.flow;
        send({
          kind: 'start',
          fence: claim.fence,
          flow: { name, path, text: claim.flowText, companions: [...claim.companions] },
          inputs: { ...inputs },
          logging: claim.run.logging ?? {},
          debug,
          showsQuestions: claim.run.mode === 'attended' && isEditorAt?.(runId) !== true,
        });
      } else if (parsed.data.kind === 'workQueues') {
        if (parsed.data.fence === claim.fence)
          void workQueues.answer(parsed.data.id, parsed.data.call).then(send);
      } else if (parsed.data.kind === 'finished') {
        workQueues.close(false);
        report({ ...parsed.data, outputs: shownOutputs(parsed.data.outputs) });
      } else report(parsed.data);
    });

    let reported = false;
    const exited = (how: string) => {
      if (reported) return;
      reported = true;
      workQueues.close(true);
      if (words.trim() !== '')
        log.warn('last words of a worker', { runId, text: redactor.text(words.trim()) });
      log.info('worker ended', { runId, pid: child.pid, how });
      report({ kind: 'exited', how });
    };
    child.on('error', (error) => exited(`could not be started (${error.message})`));
    child.once('exit', (code, signal) => {
      const how = signal ? `was killed by signal ${signal}` : `ended with exit code ${code}`;
      // `disconnect` comes after the last message.
      if (!child.connected) return exited(how);
      child.once('disconnect', () => exited(how));
      setTimeout(() => exited(how), drainMs).unref();
    });
    // It may have ended before anybody listened.
    if (child.exitCode !== null || child.signalCode !== null)
      setImmediate(() =>
        exited(
          child.signalCode
            ? `was killed by signal ${child.signalCode}`
            : `ended with exit code ${child.exitCode}`,
        ),
      );
    log.info('worker started', { runId, pid: child.pid });

    return {
      stop: () => send({ kind: 'stop' }),
      pause: () => send({ kind: 'pause' }),
      resume: () => send({ kind: 'resume' }),
      safeStop: () => send({ kind: 'safeStop' }),
      kill: () => killTree(child),
      answer: (questionId, answer) => send({ kind: 'answer', questionId, answer }),
      debug: (message) => send({ kind: 'debug', message }),
    };
  };
}

/** Ends a worker and every process it started. */
function killTree(child: ChildProcess): void {
  if (child.pid === undefined) return;
  if ('endsTree' in child) {
    child.kill('SIGKILL'); // one in another session (sessions/windows/child.ts)
    return;
  }
  if (process.platform === 'win32') {
    spawn('taskkill', ['/pid', String(child.pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true }).once(
      'error',
      () => child.kill(),
    );
    return;
  }
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL'); // the group is gone, or was never made
  }
}

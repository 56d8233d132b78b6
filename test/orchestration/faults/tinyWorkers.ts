// Workers that are real processes and do next to nothing: each notes its begin, waits a moment, notes its end.
import { type ChildProcess, spawn } from 'node:child_process';
import type { WorkerHost } from '../../../src/agent/runner.ts';

const script = 'echo "begin $1 $2 $$" >> "$0"; sleep "$3"; echo "end $1 $2 $$" >> "$0"';

export interface TinyWorkers extends WorkerHost {
  /** `kill -9` for one of those that run. */
  killOne(): void;
}

/** `deeds`: the file they write to. Flows: `WAIT seconds`. */
export function tinyWorkers(deeds: string, sessions: 'one' | 'several'): TinyWorkers {
  const running = new Set<ChildProcess>();
  return {
    facts: async () => ({
      platform: 'test',
      agentVersion: '1',
      edition: 'server',
      sessionLimit: sessions === 'one' ? 1 : 10,
      severalPerUser: false,
      sessions: [],
      recording: [],
    }),
    launch: async ({ run, fence, flowText }, report) => {
      const seconds = /WAIT ([\d.]+)/.exec(flowText)?.[1] ?? '0';
      const child = spawn('/bin/sh', ['-c', script, deeds, run.id, String(fence), seconds], {
        stdio: 'ignore',
      });
      running.add(child);
      child.once('spawn', () => {
        report({ kind: 'ready' });
        report({ kind: 'started', fence });
      });
      child.once('exit', (code, signal) => {
        running.delete(child);
        if (code === 0) report({ kind: 'finished', fence, outcome: 'Succeeded', outputs: {} });
        report({
          kind: 'exited',
          how: signal === null ? `ended with exit code ${code}` : `was killed by signal ${signal}`,
        });
      });
      const kill = () => void child.kill('SIGKILL');
      const nothing = () => {};
      return {
        worker: {
          stop: kill,
          kill,
          pause: nothing,
          resume: nothing,
          safeStop: nothing,
          answer: nothing,
          debug: nothing,
        },
        session: `session of ${run.id}`,
      };
    },
    killOne() {
      const [first] = running;
      first?.kill('SIGKILL');
    },
  };
}

// What the agent costs beside the actions: `node bench/windows.ts`. How long a worker takes until it is ready, and what an agent that has
// nothing to do uses. Measures the bundles in dist/ with this system's Node, on Linux also those of a Windows machine (Wine).
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { machine, percentile, verdict } from './figures.ts';

const rounds = 20;
const settleMs = 5_000;
const idleSeconds = 30;
const dist = join(import.meta.dirname, '..', 'dist');
const bareProgram = '../bench/support/ready.cjs';
const windows = process.platform === 'win32' ? await windowsUsage() : undefined;

const folder = mkdtempSync(join(tmpdir(), 'desktop-flows-bench-'));
try {
  if (windows === undefined) {
    const { build } = await import(new URL('../scripts/build.mjs', import.meta.url).href);
    await build();
  }
  console.log(machine());
  await benchWorker();
  await benchIdle();
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
}
if (process.platform === 'linux') await benchOnMachine();

interface Start {
  readonly ms: number;
  /** Processor time of all its threads. */
  readonly cpuMs: number;
}

/** As the agent starts them: the first one leaves its compiled program behind for all others. */
async function benchWorker(): Promise<void> {
  const compiled = { NODE_COMPILE_CACHE: join(folder, 'compiled') };
  await started('worker.cjs', compiled);
  const contests = [
    ['worker', 'worker.cjs', compiled],
    ['worker whose program was never compiled', 'worker.cjs', {}],
    ['Node alone', bareProgram, {}],
  ] as const;
  const starts = contests.map(() => [] as Start[]);
  for (let round = 0; round < rounds; round++)
    for (const [index, [, script, env]] of contests.entries())
      starts[index]?.push(await started(script, env));
  console.log(`from start to ready, ${rounds} rounds, p50 / p95 (processor time of it, p50):`);
  for (const [index, [name]] of contests.entries()) {
    const of = (what: keyof Start, share: number) =>
      percentile(
        (starts[index] ?? []).map((one) => one[what]),
        share,
      );
    const goal = index === 0 ? `, ${verdict(of('ms', 0.5), 400, 'ms')}` : '';
    const [middle, late, cpu] = [of('ms', 0.5), of('ms', 0.95), of('cpuMs', 0.5)].map((ms) => ms.toFixed(0));
    console.log(`  ${name}: ${middle} / ${late} ms (${cpu} ms)${goal}`);
  }
}

function begun(script: string, env: NodeJS.ProcessEnv, args: readonly string[] = []): ChildProcess {
  return fork(join(dist, script), [...args], {
    execArgv: [],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: { ...process.env, ...env },
  });
}

/** Until its first message. Ends by itself afterwards: a worker by a flow that does nothing. */
async function started(script: string, env: NodeJS.ProcessEnv): Promise<Start> {
  const before = performance.now();
  const child = begun(script, env);
  await new Promise((resolve) => child.once('message', resolve));
  const ms = performance.now() - before;
  const { cpuMs } = usageOf(child.pid as number);
  const flow = { name: 'bench', path: '', text: 'SET A TO 1\n', companions: [] };
  child.send({ kind: 'start', fence: 1, flow, inputs: {}, logging: {}, debug: false }, () => {});
  await ended(child);
  return { ms, cpuMs };
}

async function benchIdle(): Promise<void> {
  const agent = begun('agent.cjs', {}, ['--data-folder', join(folder, 'agent data')]);
  const bare = begun(bareProgram, {});
  try {
    await new Promise((resolve) => agent.stdout?.once('data', resolve));
    await wait(settleMs);
    const before = usageOf(agent.pid as number);
    await wait(idleSeconds * 1_000);
    const after = usageOf(agent.pid as number);
    const alone = usageOf(bare.pid as number);
    const share = (after.cpuMs - before.cpuMs) / (idleSeconds * 10);
    const megabytes = (bytes: number) => bytes / 1024 ** 2;
    const text = ({ bytes, ownBytes }: Usage) =>
      `${megabytes(bytes).toFixed(0)} MB, ${megabytes(ownBytes).toFixed(0)} MB of it not shared`;
    console.log(`agent with nothing to do, ${idleSeconds} s:`);
    console.log(`  processor: ${share.toFixed(2)} %, goal 0 %: ${share < 0.1 ? 'reached' : 'MISSED'}`);
    console.log(`  memory: ${text(after)}; ${verdict(megabytes(after.bytes), 90, 'MB')}`);
    console.log(`  memory of Node alone: ${text(alone)}`);
  } finally {
    for (const child of [agent, bare]) {
      child.kill();
      await ended(child);
    }
  }
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
}

/** Processor time so far, all memory in use, and what of it is not shared with other processes. */
interface Usage {
  readonly cpuMs: number;
  readonly bytes: number;
  readonly ownBytes: number;
}

function usageOf(processId: number): Usage {
  if (windows !== undefined) return windows(processId);
  const fields = readFileSync(`/proc/${processId}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const status = readFileSync(`/proc/${processId}/status`, 'utf8');
  const kilobytes = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) * 1024;
  const tickMs = 10;
  return {
    cpuMs: (Number(fields[11]) + Number(fields[12])) * tickMs,
    bytes: kilobytes('VmRSS'),
    ownBytes: kilobytes('RssAnon'),
  };
}

async function windowsUsage(): Promise<(processId: number) => Usage> {
  const { closeHandle, library, succeed } = await import('../src/win32/ffi.ts');
  const kernel = library('kernel32.dll', {
    OpenProcess: ['long', 'uint', 'int', 'uint'],
    GetProcessTimes: ['int', 'long', 'pointer', 'pointer', 'pointer', 'pointer'],
    K32GetProcessMemoryInfo: ['int', 'long', 'pointer', 'uint'],
  });
  return (processId) => {
    const queryAndRead = 0x410;
    const handle = succeed('OpenProcess', kernel.OpenProcess(queryAndRead, 0, processId));
    const times = [0, 1, 2, 3].map(() => Buffer.alloc(8)) as [Buffer, Buffer, Buffer, Buffer];
    succeed('GetProcessTimes', kernel.GetProcessTimes(handle, ...times));
    const memory = Buffer.alloc(72);
    memory.writeUInt32LE(72, 0);
    succeed('GetProcessMemoryInfo', kernel.K32GetProcessMemoryInfo(handle, memory, 72));
    closeHandle(handle);
    return {
      cpuMs: Number(times[2].readBigUInt64LE() + times[3].readBigUInt64LE()) / 10_000,
      bytes: Number(memory.readBigUInt64LE(16)),
      ownBytes: Number(memory.readBigUInt64LE(56)),
    };
  };
}

async function benchOnMachine(): Promise<void> {
  // They are plain modules of the scripts; nothing of it is needed on Windows.
  const scripts = new URL('../scripts/', import.meta.url).href;
  const { provision } = await import(`${scripts}provision-windows.mjs`);
  const { startMachine, windowsPath } = await import(`${scripts}windows/machine.mjs`);
  const { startDisplay } = await import(`${scripts}windows/display.mjs`);
  await provision({ install: false });
  const display = await startDisplay();
  const host = await startMachine({ display: display.name });
  try {
    const { ended: hasEnded } = host.node(['--no-warnings', windowsPath(import.meta.filename)], {
      limit: 180_000,
    });
    const { code, text } = await hasEnded;
    console.log(`\n${text.trim()}`);
    process.exitCode = code ?? 1;
  } finally {
    host.stop();
    await display.stop();
  }
}

// What suites of flows that drive programs share: an agent as it is built (dist/) with data of its own, the flows beside this file with
// elements for one driver, and the commands of people. Tests nothing.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './harness.ts';

const root = join(import.meta.dirname, '..', '..');
const elements = 'controlRepo.appmask';

export interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunFacts {
  readonly id: string;
  readonly state: string;
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly screenshot?: { readonly width?: number; readonly none?: string };
  };
}

/** An agent of its own, until `stop`. */
export class Driven {
  readonly #folder = temporaryFolder('drive');
  readonly path = this.#folder.path;
  /** Its data. */
  readonly home = join(this.path, 'agent');

  async start(): Promise<void> {
    const { code, err } = await this.dflow(['agent', 'start']);
    assert.equal(code, 0, err);
  }

  async stop(): Promise<void> {
    await this.dflow(['agent', 'stop']);
    this.#folder[Symbol.dispose]();
  }

  /** A new folder for what a flow writes. */
  place(name: string): string {
    const path = join(this.path, name);
    mkdirSync(path);
    return path;
  }

  /** Copies the flows; their elements say that they were captured with `protocol`. Gives the folder. */
  flows(protocol: string): string {
    const to = this.place(protocol);
    cpSync(join(import.meta.dirname, 'flows'), to, { recursive: true });
    const text = readFileSync(join(to, elements), 'utf8');
    const given = `"AutomationProtocol": "${protocol}"`;
    writeFileSync(join(to, elements), text.replaceAll('"AutomationProtocol": "uia3"', given));
    return to;
  }

  begin(args: readonly string[]): ChildProcess {
    return spawn(process.execPath, [join(root, 'bin', 'dflow.cjs'), ...args], {
      cwd: this.path,
      env: { ...process.env, DESKTOP_FLOWS_HOME: this.home, DESKTOP_FLOWS_NODE: process.execPath },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  }

  dflow(args: readonly string[], stdin = ''): Promise<Result> {
    const child = this.begin(args);
    const result = ended(child);
    child.stdin?.end(stdin);
    return result;
  }

  /** Runs a flow to its end; inputs never stand in arguments. */
  run(flow: string, inputs: Readonly<Record<string, string>>): Promise<Result> {
    return this.dflow(['run', flow, '--inputs', '-', '--json'], JSON.stringify(inputs));
  }

  /** Ids of all runs, the latest last. */
  async runs(): Promise<readonly string[]> {
    const { out } = await this.dflow(['runs', 'list', '--json']);
    const rows: { id: string; requestedAt: number }[] = out
      .trim()
      .split('\n')
      .flatMap((line) => JSON.parse(line));
    return rows.sort((one, other) => one.requestedAt - other.requestedAt).map(({ id }) => id);
  }

  async lastRun(): Promise<RunFacts> {
    const id = (await this.runs()).at(-1) ?? '';
    return JSON.parse((await this.dflow(['runs', 'show', id, '--json'])).out);
  }
}

export function ended(child: ChildProcess): Promise<Result> {
  return new Promise((resolve) => {
    let out = '';
    let err = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    child.once('close', (code) => resolve({ code, out, err }));
  });
}

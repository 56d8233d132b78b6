// What stands beside a SQLite store for the day its file is damaged, in the folder `….recovery`: a copy of it, the journal of every
// transaction since, and a checksum of the file from when it was closed. Decides when a new copy is due; recovery.ts uses them.
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { JournalFile, JournalWriter, type Statement } from './journal.ts';

const megabyte = 2 ** 20;
/** A new copy is due when the journal is as large as the last copy, within these bounds … */
const leastLimit = 16 * megabyte;
const mostLimit = 256 * megabyte;
/** … or so old: what was deleted from the store leaves copy and journal with it … */
const mostAge = 24 * 3_600_000;
/** … or in so many files: each start of the program begins one. */
const mostFiles = 64;
/** After a copy that could not be made. */
const pauseMs = 60_000;

/** A copy of the store from some moment after the beginning of the journal file of the same number. */
export interface Base {
  readonly number: number;
  readonly path: string;
  readonly checksum: string;
}

export class Safeguard {
  readonly #path: string;
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #log: Log | undefined;
  #writer: JournalWriter | undefined;
  #number = 0;
  /** Since the last copy. */
  #bytes = 0;
  #limit = leastLimit;
  #since = 0;
  /** Nothing that could be started from leads up to here. */
  #isBroken = false;
  #retryAt = Number.NEGATIVE_INFINITY;
  #version = 0;
  #copying: Worker | undefined;

  constructor(path: string, clock: Clock, log: Log | undefined) {
    this.#path = path;
    this.#folder = `${path}.recovery`;
    this.#clock = clock;
    this.#log = log;
  }

  /** The files of the journal since the newest copy was begun, oldest first; not those whose beginning cannot be read. */
  journals(): readonly JournalFile[] {
    const first = this.base?.number ?? 0;
    return this.#numbered('journal')
      .filter(({ number }) => number >= first)
      .map(({ path }) => new JournalFile(path))
      .filter(({ head }) => head !== undefined);
  }

  /** The newest copy. */
  get base(): Base | undefined {
    const found = this.#numbered('base').at(-1);
    return found && { ...found, checksum: found.name.split('-')[2] as string };
  }

  /** Whether there is something that `journals` can go on from. */
  canStart(journals: readonly JournalFile[]): boolean {
    return this.base !== undefined || journals[0]?.head?.fresh === true;
  }

  /** Whether the file is another than the one that was closed last. False where that is not known. */
  get isChanged(): boolean {
    const seal = join(this.#folder, 'seal');
    if (!existsSync(seal) || !existsSync(this.#path)) return false;
    return readFileSync(seal, 'utf8') !== checksumOf(this.#path);
  }

  /** Forgets copy and journal: the store is another one from now on. */
  forget(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /**
   * Begins a file of the journal after transaction `start`. `before`: the files that lead up to it; none for a new store. Where nothing
   * leads up to it (undefined), a copy is made, and until that is done the journal is of no use by itself.
   */
  begin(start: number, version: number, before: readonly JournalFile[] | undefined): void {
    this.#version = version;
    this.#bytes = (before ?? []).reduce((sum, { size }) => sum + size, 0);
    this.#since = before?.[0]?.head?.at ?? this.#clock.now();
    this.#isBroken = before === undefined;
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      rmSync(join(this.#folder, 'seal'), { force: true });
      for (const { path } of this.#numbered('part')) rmSync(path, { force: true });
      const { base } = this;
      if (base !== undefined) this.#limit = limitFor(statSync(base.path).size);
      this.#number = this.#numbered('journal').at(-1)?.number ?? base?.number ?? 0;
      if (before !== undefined) this.#open(start, before.length === 0);
    } catch (error) {
      this.#fail(error);
    }
    if (before === undefined || before.length >= mostFiles) this.#renew(start);
  }

  /** Takes down a transaction that is about to be committed. Never throws: the store goes on, and a new copy is made later. */
  write(mark: number, statements: readonly Statement[]): void {
    const isDue = this.#isBroken || this.#bytes > this.#limit || this.#clock.now() - this.#since > mostAge;
    if (isDue && this.#copying === undefined && this.#clock.monotonic() >= this.#retryAt)
      this.#renew(mark - 1);
    if (this.#writer === undefined) return;
    const before = this.#writer.size;
    try {
      this.#writer.append(mark, statements);
      this.#bytes += this.#writer.size - before;
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The transaction that was written last was not committed. */
  undo(): void {
    try {
      this.#writer?.undo();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Ends the journal. The file was closed in good order, and is not to change until it is opened again. */
  async close(): Promise<void> {
    const copying = this.#copying;
    this.#copying = undefined;
    await copying?.terminate();
    try {
      for (const { path } of this.#numbered('part')) rmSync(path, { force: true });
      this.#writer?.flush();
      this.#writer?.close();
      this.seal(this.#path);
    } catch (error) {
      this.#log?.warn('the journal of the run store was not closed', { reason: reasonOf(error) });
    }
  }

  /** Takes down what the file has in it; it is `made` until it is in its place. Throws what the file system says. */
  seal(made: string): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(this.#folder, 'seal'), checksumOf(made), { mode: 0o600 });
  }

  #open(start: number, fresh: boolean): void {
    const head = { version: this.#version, start, fresh, at: this.#clock.now() };
    const writer = new JournalWriter(this.#pathOf('journal', this.#number + 1), head);
    this.#writer?.close();
    this.#writer = writer;
    this.#number++;
  }

  /** A new file of the journal, and a copy that makes those before it needless. */
  #renew(start: number): void {
    try {
      // Also after a disk that was full: `begin` may not have come so far.
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      this.#open(start, false);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#bytes = 0;
    const number = this.#number;
    const part = this.#pathOf('part', number);
    const worker = new Worker(copying, { eval: true, workerData: { source: this.#path, part } });
    worker.unref();
    this.#copying = worker;
    const since = this.#clock.now();
    worker.once('message', ({ checksum, size }: { checksum: string; size: number }) => {
      if (this.#copying !== worker) return;
      this.#copying = undefined;
      try {
        renameSync(part, `${this.#pathOf('base', number)}-${checksum}`);
        for (const file of [...this.#numbered('journal'), ...this.#numbered('base')])
          if (file.number < number) rmSync(file.path, { force: true });
        this.#limit = limitFor(size);
        this.#since = since;
        this.#isBroken = this.#writer === undefined;
        this.#log?.info('the run store was copied for recovery', { bytes: size });
      } catch (error) {
        failed(error);
      }
    });
    worker.once('error', (error) => {
      if (this.#copying !== worker) return;
      this.#copying = undefined;
      failed(error);
    });
    const failed = (error: unknown) => {
      this.#isBroken = true;
      this.#retryAt = this.#clock.monotonic() + pauseMs;
      this.#log?.warn('the run store was not copied for recovery', { reason: reasonOf(error) });
    };
  }

  #fail(error: unknown): void {
    this.#writer?.close();
    this.#writer = undefined;
    this.#isBroken = true;
    this.#retryAt = this.#clock.monotonic() + pauseMs;
    this.#log?.warn('the journal of the run store cannot be written', { reason: reasonOf(error) });
  }

  #pathOf(kind: string, number: number): string {
    return join(this.#folder, `${kind}-${String(number).padStart(8, '0')}`);
  }

  #numbered(kind: string): readonly { number: number; name: string; path: string }[] {
    if (!statSync(this.#folder, { throwIfNoEntry: false })?.isDirectory()) return [];
    return readdirSync(this.#folder)
      .filter((name) => name.startsWith(`${kind}-`))
      .sort()
      .map((name) => ({ number: Number(name.split('-')[1]), name, path: join(this.#folder, name) }));
  }
}

const limitFor = (size: number): number => Math.min(Math.max(leastLimit, size), mostLimit);
const reasonOf = (error: unknown): string => (error as Error).message;

/** Of a file's content, eight hexadecimal digits. */
export function checksumOf(path: string): string {
  const file = openSync(path, 'r');
  try {
    const part = Buffer.alloc(megabyte);
    let sum = 0;
    for (let read = readSync(file, part); read > 0; read = readSync(file, part))
      sum = crc32(part.subarray(0, read), sum);
    return sum.toString(16).padStart(8, '0');
  } finally {
    closeSync(file);
  }
}

/** Beside the program, which goes on meanwhile: one state of the store, without the pages of what was deleted, checked and on disk. */
const copying = `
const { parentPort, workerData: { source, part } } = require('node:worker_threads');
const { DatabaseSync } = require('node:sqlite');
const { closeSync, fsyncSync, openSync, readSync, rmSync } = require('node:fs');
const { crc32 } = require('node:zlib');
try {
  closeSync(openSync(part, 'wx', 0o600));
  const db = new DatabaseSync(source, { readOnly: true, timeout: 5000 });
  try {
    const { quick_check: finding } = db.prepare('PRAGMA quick_check(1)').get();
    if (finding !== 'ok') throw new Error('the store is damaged: ' + finding);
    db.prepare('VACUUM INTO ?').run(part);
  } finally {
    db.close();
  }
  const file = openSync(part, 'r+');
  fsyncSync(file);
  const bytes = Buffer.alloc(1048576);
  let sum = 0;
  let size = 0;
  for (let read = readSync(file, bytes); read > 0; read = readSync(file, bytes)) {
    sum = crc32(bytes.subarray(0, read), sum);
    size += read;
  }
  closeSync(file);
  parentPort.postMessage({ checksum: sum.toString(16).padStart(8, '0'), size });
} catch (error) {
  rmSync(part, { force: true });
  throw error;
}`;

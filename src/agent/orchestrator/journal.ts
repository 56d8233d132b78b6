// What an agent has to report and its orchestrator has not answered yet, in a file, so that no end of a run is lost with the agent.
// Knows no link: who sends the entries says when one is done.
import { closeSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import type { Change } from '../../orchestration/store.ts';
import { isTerminal } from '../../protocol/run.ts';
import { readIfPresent, writePrivateFile } from '../dataFolder.ts';

export type Report = Extract<Change, { kind: 'change' | 'append' | 'giveBack' }>;

export interface Entry {
  readonly number: number;
  /** Wall-clock milliseconds of this machine when it was reported. */
  readonly at: number;
  readonly report: Report;
}

/** After which nothing follows about its claim. */
export const isFinal = (report: Report): boolean =>
  report.kind === 'giveBack' || (report.kind === 'change' && isTerminal(report.change.state));

/** A file that has grown beyond this is written anew with what is still open. */
const compactBytes = 8 * 1024 * 1024;

export class Journal {
  readonly #path: string;
  readonly #pending = new Map<number, Entry>();
  #file: number;
  #size = 0;
  #last = 0;

  /** Opens the journal at `path`, and makes it where there is none. What was half written at the end of a former life never happened. */
  static open(path: string): Journal {
    const pending = new Map<number, Entry>();
    for (const line of (readIfPresent(path)?.toString('utf8') ?? '').split('\n').slice(0, -1)) {
      let said: Partial<Entry> & { readonly done?: number };
      try {
        said = JSON.parse(line) as typeof said;
      } catch {
        continue; // torn by the end of a machine; nothing after it was promised to anybody
      }
      if (said.done !== undefined) pending.delete(said.done);
      else if (said.number !== undefined && said.report !== undefined)
        pending.set(said.number, said as Entry);
    }
    return new Journal(path, pending);
  }

  private constructor(path: string, pending: ReadonlyMap<number, Entry>) {
    this.#path = path;
    for (const [number, entry] of pending) this.#pending.set(number, entry);
    this.#last = Math.max(0, ...this.#pending.keys());
    this.#file = this.#rewrite();
  }

  /** Entries that are not done, oldest first. */
  get pending(): readonly Entry[] {
    return [...this.#pending.values()];
  }

  /** Keeps a report: the end of a run is on disk when it returns. Throws what the system says; nothing of it is kept then. */
  add(report: Report, at: number): Entry {
    const entry: Entry = { number: ++this.#last, at, report };
    this.#write(entry, isFinal(report));
    this.#pending.set(entry.number, entry);
    return entry;
  }

  /** An entry was answered. That this is not on disk yet is no harm: it is then sent once more, and known. */
  done(number: number): void {
    if (!this.#pending.delete(number)) return;
    try {
      if (this.#pending.size === 0) {
        ftruncateSync(this.#file, 0);
        this.#size = 0;
      } else {
        this.#write({ done: number }, false);
        if (this.#size > compactBytes) this.#compact();
      }
    } catch {
      // The disk is full: the entry stays in the file.
    }
  }

  close(): void {
    closeSync(this.#file);
    // The system may give its number to another file.
    this.#file = -1;
  }

  #write(line: object, durable: boolean): void {
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    try {
      for (let written = 0; written < bytes.length; )
        written += writeSync(this.#file, bytes, written, bytes.length - written, this.#size + written);
      if (durable) fsyncSync(this.#file);
    } catch (error) {
      try {
        ftruncateSync(this.#file, this.#size);
      } catch {
        // What follows is written over it.
      }
      throw error;
    }
    this.#size += bytes.length;
  }

  #compact(): void {
    const open = this.pending.reduce((sum, entry) => sum + JSON.stringify(entry).length, 0);
    // Mostly open entries: writing them again would free little and cost much.
    if (open > this.#size / 2) return;
    // Windows replaces no file that is open.
    closeSync(this.#file);
    try {
      this.#file = this.#rewrite();
    } catch (error) {
      this.#file = openSync(this.#path, 'r+');
      throw error;
    }
  }

  #rewrite(): number {
    const text = this.pending.map((entry) => `${JSON.stringify(entry)}\n`).join('');
    writePrivateFile(this.#path, text);
    this.#size = Buffer.byteLength(text);
    return openSync(this.#path, 'r+');
  }
}

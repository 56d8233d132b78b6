// The journal of a SQLite store: every transaction's statements, in files beside it, so that the store can be made again when its own file
// is damaged. Record: length and checksum (4 bytes each), number of the transaction (8), statements. Knows no table but `counter`.
import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writevSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { deserialize, serialize } from 'node:v8';
import { crc32 } from 'node:zlib';
import type { Value } from './database.ts';

/** A statement that changed something: its text, how many rows it changed or gave, its values. */
export type Statement = readonly [text: string, rows: number, ...values: Value[]];

/** How a file of the journal begins. */
export interface JournalHead {
  /** Of the tables, as in `user_version`. */
  readonly version: number;
  /** Number of the last transaction before it. */
  readonly start: number;
  /** The store was new: there is nothing before this file. */
  readonly fresh: boolean;
  /** Wall clock, milliseconds. */
  readonly at: number;
}

export interface JournalRecord {
  readonly mark: number;
  readonly statements: readonly Statement[];
}

/** Statements with their texts by number; `texts` are those that come up for the first time. */
interface StoredRecord {
  readonly texts: readonly string[];
  readonly statements: readonly (readonly [text: number, rows: number, ...values: Value[]])[];
}

const headLength = 16;

export class JournalWriter {
  readonly #file: number;
  readonly #texts = new Map<string, number>();
  #size = 0;
  #before = { size: 0, texts: 0 };

  /** Throws what the file system says; then there may be an empty file. */
  constructor(path: string, head: JournalHead) {
    this.#file = openSync(path, 'wx', 0o600);
    try {
      this.#write(head.start, head);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get size(): number {
    return this.#size;
  }

  /** Takes down a transaction before it is committed. Throws what the file system says; then the file is as before. */
  append(mark: number, statements: readonly Statement[]): void {
    this.#before = { size: this.#size, texts: this.#texts.size };
    const texts: string[] = [];
    const stored = statements.map(([text, ...rest]) => {
      let number = this.#texts.get(text);
      if (number === undefined) {
        number = this.#texts.size;
        this.#texts.set(text, number);
        texts.push(text);
      }
      return [number, ...rest];
    });
    this.#write(mark, { texts, statements: stored });
  }

  /** Takes the last record back: its transaction was not committed. Throws what the file system says. */
  undo(): void {
    for (const [text, number] of this.#texts) if (number >= this.#before.texts) this.#texts.delete(text);
    this.#size = this.#before.size;
    ftruncateSync(this.#file, this.#size);
  }

  flush(): void {
    fsyncSync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }

  #write(mark: number, content: JournalHead | object): void {
    const body = serialize(content);
    const head = Buffer.alloc(headLength);
    head.writeUInt32LE(body.length, 0);
    head.writeDoubleLE(mark, 8);
    head.writeUInt32LE(crc32(body, crc32(head.subarray(8))), 4);
    const length = headLength + body.length;
    let written = 0;
    try {
      written = writevSync(this.#file, [head, body], this.#size);
      if (written < length) throw new Error('a record was written in part only: the disk is full');
    } catch (error) {
      ftruncateSync(this.#file, this.#size);
      throw error;
    }
    this.#size += length;
  }
}

/** The records of a file up to the first that is torn or damaged. */
export class JournalFile {
  readonly #bytes: Buffer;
  readonly #from: number;
  /** Missing where even the beginning cannot be read. */
  readonly head: JournalHead | undefined;
  /** Number of the last transaction; undefined without a head. */
  readonly last: number | undefined;

  constructor(path: string) {
    this.#bytes = readFileSync(path);
    const [first] = this.#frames(0);
    this.#from = first?.end ?? this.#bytes.length;
    this.head = first && (deserialize(first.body) as JournalHead);
    this.last = this.head?.start;
    for (const { mark } of this.#frames(this.#from)) this.last = mark;
  }

  get size(): number {
    return this.#bytes.length;
  }

  *records(): Generator<JournalRecord> {
    const texts: string[] = [];
    for (const { mark, body } of this.#frames(this.#from)) {
      const stored = deserialize(body) as StoredRecord;
      texts.push(...stored.texts);
      yield {
        mark,
        statements: stored.statements.map(([text, ...rest]) => [texts[text] as string, ...rest]),
      };
    }
  }

  *#frames(from: number): Generator<{ mark: number; body: Buffer; end: number }> {
    const bytes = this.#bytes;
    for (let at = from; at + headLength <= bytes.length; ) {
      const end = at + headLength + bytes.readUInt32LE(at);
      if (end > bytes.length) return;
      const body = bytes.subarray(at + headLength, end);
      if (crc32(body, crc32(bytes.subarray(at + 8, at + headLength))) !== bytes.readUInt32LE(at + 4)) return;
      yield { mark: bytes.readDoubleLE(at + 8), body, end };
      at = end;
    }
  }
}

// ── the number of the last transaction, in the store itself ─────────────────────────────────────────────────────────

/** Of a copy that people made: it may take the place of the store, and goes on by itself. */
export const copyMark = -1;

export const setMark = `INSERT INTO counter (name, value) VALUES ('commits', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`;

/** Zero before the first transaction; undefined where it cannot be read. */
export function markOf(db: DatabaseSync): number | undefined {
  try {
    const row = db.prepare(`SELECT value FROM counter WHERE name = 'commits'`).get();
    return Number(row?.value ?? 0);
  } catch {
    return undefined;
  }
}

// ── doing it again ──────────────────────────────────────────────────────────────────────────────────────────────────

/** Does statements of the journal again, exactly or not at all: the error says that they did not have the effect they had. */
export class Replay {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  apply({ mark, statements }: JournalRecord): void {
    for (const [text, rows, ...values] of statements) {
      const statement = this.#prepared(text);
      const again = givesRows(text) ? statement.all(...values).length : statement.run(...values).changes;
      if (Number(again) !== rows)
        throw new Error(`transaction ${mark} of the journal does not fit (${again} rows, not ${rows})`);
    }
    this.#prepared(setMark).run(mark);
  }

  #prepared(text: string): StatementSync {
    let prepared = this.#statements.get(text);
    if (prepared === undefined) {
      prepared = this.#db.prepare(text);
      this.#statements.set(text, prepared);
    }
    return prepared;
  }
}

/** Whether a statement that gives rows changes some, too. */
export const givesRows = (statement: string): boolean => /\bRETURNING\b/.test(statement);

// What all databases have in common: an open connection that runs one statement at a time, and the table its rows go into.
import type { Clock } from '../../../base/clock.ts';
import { ActionError } from '../../action.ts';
import { Datatable, type Value } from '../../values.ts';
import { networkReason, type Patience, patiently, TimeIsOver } from '../network.ts';

/** A flow holds a table in memory: more rows than this, or more text, have to be asked for in parts. */
export const mostRows = 1_000_000;
const mostCharacters = 256 * 1024 * 1024;

/** After a statement was cancelled it gets this long to end; then the connection is given up (ms). */
const cancelTime = 2_000;

/** The database said no. `message` is what it said. */
export class StatementRefused extends Error {
  override readonly name = 'StatementRefused';
}

/** One database of one kind. */
export interface Driver {
  /** Sends a statement; resolves when all of its results have been read. Throws StatementRefused, or what the network said. */
  run(statement: string, result: Result): Promise<void>;
  /** Asks the database to end the statement that runs; `run` then ends soon. */
  cancel(): void;
  /** Ends the connection at once. Never throws. */
  close(): void;
  readonly isClosed: boolean;
}

/**
 * Receives the results of a statement. The first one that has columns becomes the table, as in the original; further ones are read
 * and forgotten.
 */
export class Result {
  table: Datatable | undefined;
  #isFirst = true;
  #characters = 0;
  #overflow: (reason: ActionError) => void = () => {};
  /** Rejects when the result becomes larger than a flow can hold. */
  readonly overflow = new Promise<never>((_, reject) => {
    this.#overflow = reject;
  });

  constructor() {
    // It may come when nobody waits any more.
    this.overflow.catch(() => {});
  }

  /** The columns of the next result. */
  begin(columns: readonly string[]): void {
    this.#isFirst = this.table === undefined;
    if (this.#isFirst) this.table = new Datatable(distinctNames(columns), []);
  }

  add(row: Value[]): void {
    const { table } = this;
    if (!this.#isFirst || table === undefined) return;
    for (const cell of row) if (typeof cell === 'string') this.#characters += cell.length;
    if (table.rows.length < mostRows && this.#characters <= mostCharacters) {
      table.rows.push(row);
      return;
    }
    this.#isFirst = false;
    table.rows.length = 0;
    this.#overflow(
      new ActionError(
        'ErrorInSQLStatementError',
        'The result of the statement is larger than 1,000,000 rows or 256 million characters.',
        'Ask for less: name the columns, add a condition, or read it in parts (LIMIT and OFFSET, or TOP).',
      ),
    );
  }
}

/** Column names as a table needs them: not empty, and a number behind a name that is taken. */
function distinctNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name, index) => {
    const wanted = name === '' ? `Column${index + 1}` : name;
    let own = wanted;
    for (let number = 1; taken.has(own.toLowerCase()); number++) own = `${wanted}${number}`;
    taken.add(own.toLowerCase());
    return own;
  });
}

/**
 * Runs one statement and gives its table, which is without columns when the statement gives no rows. Throws
 * `ErrorInSQLStatementError` (also when the time is over), `ConnectToDataSourceError` when the connection is lost.
 */
export async function execute(driver: Driver, statement: string, patience: Patience): Promise<Datatable> {
  const result = new Result();
  let working: Promise<void> | undefined;
  try {
    await patiently(
      patience,
      () => driver.cancel(),
      () => {
        working = driver.run(statement, result);
        return Promise.race([working, result.overflow]);
      },
    );
    return result.table ?? new Datatable([], []);
  } catch (error) {
    if (patience.signal.aborted) {
      driver.close();
      throw patience.signal.reason;
    }
    if (error instanceof ActionError) driver.cancel();
    if (error instanceof ActionError || error instanceof TimeIsOver)
      await ended(driver, working, patience.clock);
    throw statementError(error, driver, patience.seconds);
  }
}

/** Waits until a cancelled statement has ended, so that the next one finds the connection free. */
async function ended(driver: Driver, working: Promise<void> | undefined, clock: Clock): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = clock.after(cancelTime, () => {
      driver.close();
      resolve();
    });
    const done = () => {
      timer.dispose();
      resolve();
    };
    Promise.resolve(working).then(done, done);
  });
}

function statementError(error: unknown, driver: Driver, seconds: number): unknown {
  if (error instanceof ActionError) return error;
  if (error instanceof TimeIsOver) {
    return new ActionError(
      'ErrorInSQLStatementError',
      `The database did not finish the statement within ${seconds} seconds; it was cancelled.`,
      'Allow more time, or make the statement faster (an index, fewer rows).',
      { cause: error },
    );
  }
  if (error instanceof StatementRefused && !driver.isClosed) {
    return new ActionError(
      'ErrorInSQLStatementError',
      `The database refused the statement: ${error.message}.`,
      'Correct the statement; the message is the one of the database.',
      { cause: error },
    );
  }
  return new ActionError(
    'ConnectToDataSourceError',
    `The connection to the database was lost: ${networkReason(error).what}.`,
    'Open the connection again; if it stays so, ask who runs the database.',
    { cause: error },
  );
}

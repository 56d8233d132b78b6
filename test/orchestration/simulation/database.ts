// A database between the orchestrators and the real one: slow, full, out of reach, or cut off just after a commit. Everything that is
// committed is shown to the watch inside its transaction.
import { ProductError } from '../../../src/base/error.ts';
import type { Event } from '../../../src/base/event.ts';
import { Emitter } from '../../../src/base/event.ts';
import type { Database, Dialect, Sql } from '../../../src/orchestration/store/database.ts';
import { openFleetStore } from '../../../src/orchestration/store/fleetStore.ts';
import type { FleetStore } from '../../../src/orchestration/store.ts';
import type { Story } from './story.ts';

const never = new Promise<never>(() => {});

/** The store of one orchestrator, over a database that it shares with others. */
export function openStore(
  story: Story,
  inner: Database,
  isAlive: () => boolean,
  crash: () => void,
): FleetStore {
  const database = new TroubledDatabase(story, inner, isAlive, crash);
  const store = openFleetStore(database, story.settings.leaseMs);
  for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(store)) as (keyof FleetStore)[]) {
    const method = store[name];
    if (typeof method !== 'function') continue;
    const watched = (...args: unknown[]) => {
      // Its transaction begins before it gives control away.
      database.call = { name, args };
      return (method as (...args: unknown[]) => unknown).apply(store, args);
    };
    Object.defineProperty(store, name, { value: watched });
  }
  return store;
}

class TroubledDatabase implements Database {
  readonly dialect: Dialect;
  readonly onNotice: Event<string>;
  readonly #story: Story;
  readonly #inner: Database;
  readonly #isAlive: () => boolean;
  readonly #notices = new Emitter<string>();
  readonly #crash: () => void;
  call: { readonly name: keyof FleetStore; readonly args: readonly unknown[] } | undefined;

  constructor(story: Story, inner: Database, isAlive: () => boolean, crash: () => void) {
    this.#story = story;
    this.#inner = inner;
    this.#isAlive = isAlive;
    this.#crash = crash;
    this.dialect = inner.dialect;
    this.onNotice = this.#notices.event;
    story.onNotice((from, topic) => {
      if (from === this || !isAlive()) return;
      // A link that broke is replaced; what was announced meanwhile is not heard, but that it broke is.
      const heard = story.trouble('notice') ? '' : topic;
      story.time.after(story.chance.between(0, 3), 'notice', () => this.#notices.fire(heard), isAlive);
    });
  }

  async transaction<T>(work: (sql: Sql, now: number) => Promise<T>): Promise<T> {
    const { call } = this;
    this.call = undefined;
    const story = this.#story;
    await this.#travel();
    const isFull = story.trouble('diskFull');
    const statements = isFull ? story.chance.between(0, 12) : Number.POSITIVE_INFINITY;
    const result = await this.#inner.transaction(async (sql, now) => {
      const done = await work(isFull ? full(sql, statements) : sql, now).catch((error: unknown) => {
        // What the database does not take at all is a mistake of the program, whoever hears of it.
        if (!(error instanceof ProductError)) story.watch.fail('crash', String((error as Error).stack));
        throw error;
      });
      if (isFull) throw diskFull();
      await this.#show(call, done, now, sql);
      return done;
    });
    if (story.trouble('crashAfterCommit')) {
      this.#crash();
      return never;
    }
    if (story.trouble('cutAfterCommit')) {
      throw new ProductError('StoreUnusable', 'The link to the database broke.', 'Try again.');
    }
    await this.#travel();
    return result;
  }

  async read<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    const { call } = this;
    this.call = undefined;
    await this.#travel();
    const result = await this.#inner.read(async (sql) => {
      const done = await work(sql);
      await this.#show(call, done, this.#story.time.now + this.#story.storeSkew, sql);
      return done;
    });
    await this.#travel();
    return result;
  }

  async #show(call: TroubledDatabase['call'], done: unknown, now: number, sql: Sql): Promise<void> {
    if (call === undefined) return;
    try {
      await this.#story.watch.transaction(call.name, call.args, done, now, sql);
    } catch (error) {
      this.#story.watch.fail('crash', String((error as Error).stack));
    }
  }

  /** The way to the database and back takes time now and then; a dead program never arrives. */
  async #travel(): Promise<void> {
    const { time, chance } = this.#story;
    if (this.#story.trouble('slowStore')) {
      await new Promise<void>((resolve) => time.after(chance.around(200), 'store', resolve));
    }
    if (!this.#isAlive()) await never;
  }

  async announce(topic: string): Promise<void> {
    this.#story.announce(this, topic);
  }

  async close(): Promise<void> {}
}

/** Room for so many statements. */
function full(sql: Sql, statements: number): Sql {
  let left = statements;
  const spend = () => {
    left -= 1;
    if (left < 0) throw diskFull();
  };
  return {
    async all(statement, ...values) {
      spend();
      return sql.all(statement, ...values);
    },
    async run(statement, ...values) {
      spend();
      return sql.run(statement, ...values);
    },
    send(statement, ...values) {
      spend();
      sql.send(statement, ...values);
    },
  };
}

const diskFull = () => new ProductError('DiskFull', 'The disk is full.', 'Free some space.');

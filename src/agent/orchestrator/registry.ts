// Who may speak with an orchestrator, and what its instances tell each other: tokens and roles of people, pairing codes, passwords of
// connections, letters. Kept in the database that the instances share; of what somebody proves himself with, only the hash.
import { createHash, randomBytes } from 'node:crypto';
import { ProductError } from '../../base/error.ts';
import { Emitter } from '../../base/event.ts';
import type { Database, Row, Sql } from '../../orchestration/store/database.ts';
import type { FleetStore } from '../../orchestration/store.ts';
import type { Role } from '../../protocol/fleet.ts';
import type { Roles } from '../fleetAccess.ts';

export interface Principal {
  readonly name: string;
  /** Holds for all machines and groups; absent: only what `access` gives. */
  readonly role?: Role;
}

export interface Letter {
  readonly recipient: string;
  readonly body: string;
}

/** A code can be used this long (milliseconds). */
export const pairingMs = 10 * 60_000;
/** Used and expired codes are kept this long, to say which of the two they are. */
const keptMs = 24 * 60 * 60_000;
/** Without letters that are taken for others: ten of them have 50 bits. */
const codeLetters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const codeLength = 10;

export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** A key or token that nobody guesses. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

export class Registry {
  readonly #db: Database;
  readonly #store: FleetStore;
  readonly #changed = new Emitter<void>();

  /** A token or a role is different now, here or at another instance. */
  readonly onAccessChanged = this.#changed.event;

  /** `store` works on the same database. */
  constructor(db: Database, store: FleetStore) {
    this.#db = db;
    this.#store = store;
    store.onNotice((topic) => {
      if (topic === '' || topic === accessTopic) this.#changed.fire();
    });
  }

  async #accessChanged(): Promise<void> {
    this.#changed.fire();
    await this.#store.announce(accessTopic);
  }

  /** Wall-clock milliseconds of the database. */
  now(): Promise<number> {
    return this.#db.transaction(async (_sql, now) => now);
  }

  // ── people ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A token for somebody, who may have had one: that is worth nothing from then on. */
  async newToken(name: string, role: Role | undefined): Promise<string> {
    const token = newSecret();
    await this.#db.transaction((sql, now) =>
      sql.run(
        `INSERT INTO principal (name, role, token_hash, made_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET role = excluded.role, token_hash = excluded.token_hash, made_at = excluded.made_at`,
        name,
        role ?? null,
        hashOf(token),
        now,
      ),
    );
    await this.#accessChanged();
    return token;
  }

  /** Throws `TokenNotFound`. */
  async removeToken(name: string): Promise<void> {
    const removed = await this.#db.transaction((sql) =>
      sql.run('DELETE FROM principal WHERE name = ?', name),
    );
    if (removed > 0) return this.#accessChanged();
    throw new ProductError(
      'TokenNotFound',
      `${name.slice(0, 100)} has no token.`,
      'List them: dflow orchestrator token list',
    );
  }

  principals(): Promise<readonly Principal[]> {
    return this.#db.read(async (sql) =>
      (await sql.all('SELECT * FROM principal ORDER BY name')).map(toPrincipal),
    );
  }

  principalOf(token: string): Promise<Principal | undefined> {
    return this.#db.read(async (sql) => {
      const [row] = await sql.all('SELECT * FROM principal WHERE token_hash = ?', hashOf(token));
      return row && toPrincipal(row);
    });
  }

  /** Hashes of the tokens that hold. */
  tokenHashes(): Promise<ReadonlySet<string>> {
    return this.#db.read(
      async (sql) =>
        new Set(
          (await sql.all('SELECT token_hash FROM principal')).map(({ token_hash }) => String(token_hash)),
        ),
    );
  }

  /** As `roleOf`, for all queues at once. */
  roles(name: string): Promise<Roles> {
    return this.#db.read(async (sql) => {
      const [row] = await sql.all('SELECT role FROM principal WHERE name = ?', name);
      if (row === undefined) return () => undefined;
      const everywhere = row.role === null ? undefined : (row.role as Role);
      const owned = new Set(
        (await sql.all('SELECT id FROM queue WHERE owner = ?', name)).map(({ id }) => String(id)),
      );
      const given = new Map(
        (await sql.all('SELECT queue, role FROM access WHERE principal = ?', name)).map(({ queue, role }) => [
          String(queue),
          role as Role,
        ]),
      );
      return (queue) => most([everywhere, given.get(queue), owned.has(queue) ? 'owner' : undefined]);
    });
  }

  /** What somebody may do with a queue: the most that his token, its ownership and its access list give. Nothing for who has no token any more. */
  roleOf(name: string, queue: string): Promise<Role | undefined> {
    return this.#db.read(async (sql) => {
      const [row] = await sql.all(
        `SELECT role, (SELECT owner FROM queue WHERE id = ?) AS owner, (SELECT role FROM access WHERE queue = ? AND principal = ?) AS given
         FROM principal WHERE name = ?`,
        queue,
        queue,
        name,
        name,
      );
      if (row === undefined) return undefined;
      return most([row.role, row.given, row.owner === name ? 'owner' : undefined]);
    });
  }

  access(queue: string): Promise<{ principal: string; role: Role }[]> {
    return this.#db.read(async (sql) => {
      const [owned] = await sql.all('SELECT owner FROM queue WHERE id = ?', queue);
      const rows = await sql.all(
        'SELECT principal, role FROM access WHERE queue = ? ORDER BY principal',
        queue,
      );
      const given = rows.map(({ principal, role }) => ({ principal: String(principal), role: role as Role }));
      return owned === undefined
        ? given
        : [
            { principal: String(owned.owner), role: 'owner' },
            ...given.filter(({ principal }) => principal !== owned.owner),
          ];
    });
  }

  /** `role` undefined: takes it away. Throws `PrincipalNotFound`. */
  async setAccess(queue: string, principal: string, role: Role | undefined): Promise<void> {
    await this.#db.transaction(async (sql) => {
      if (role === undefined) {
        await sql.run('DELETE FROM access WHERE queue = ? AND principal = ?', queue, principal);
        return;
      }
      const [known] = await sql.all('SELECT name FROM principal WHERE name = ?', principal);
      if (known === undefined) {
        throw new ProductError(
          'PrincipalNotFound',
          `Nobody named ${principal.slice(0, 100)} has a token for this orchestrator.`,
          'Give them one: dflow orchestrator token new NAME',
        );
      }
      await sql.run(
        'INSERT INTO access (queue, principal, role) VALUES (?, ?, ?) ON CONFLICT (queue, principal) DO UPDATE SET role = excluded.role',
        queue,
        principal,
        role,
      );
    });
    await this.#accessChanged();
  }

  // ── pairing ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** A code with which one machine can be registered, once, within ten minutes. */
  async newPairing(madeBy: string): Promise<{ code: string; expiresAt: number }> {
    const letters = Array.from(
      randomBytes(codeLength),
      (byte) => codeLetters[byte % codeLetters.length],
    ).join('');
    const expiresAt = await this.#db.transaction(async (sql, now) => {
      await sql.run('DELETE FROM pairing WHERE expires_at < ?', now - keptMs);
      await sql.run(
        'INSERT INTO pairing (code_hash, made_by, expires_at) VALUES (?, ?, ?)',
        hashOf(letters),
        madeBy,
        now + pairingMs,
      );
      return now + pairingMs;
    });
    return { code: `${letters.slice(0, 5)}-${letters.slice(5)}`, expiresAt };
  }

  /**
   * Registers a machine; its owner is who made the code. The same code with the same key is the same machine, so that a lost answer can be
   * asked for again. Throws `PairingCodeInvalid`, and `NameTaken`, after which the code still holds.
   */
  async pair(
    code: string,
    machine: { readonly name: string; readonly description: string; readonly keyHash: string },
  ): Promise<{ readonly id: string; readonly owner: string }> {
    const codeHash = hashOf(code.toUpperCase().replace(/[^0-9A-Z]/g, ''));
    const id = idOfKey(machine.keyHash);
    const owner = await this.#db.transaction((sql, now) => claimCode(sql, now, codeHash, id));
    try {
      await this.#store.putMachine({ ...machine, id, owner, unattendedSlots: 1 });
    } catch (error) {
      await this.#db.transaction((sql) =>
        sql.run('UPDATE pairing SET machine = NULL WHERE code_hash = ? AND machine = ?', codeHash, id),
      );
      throw error;
    }
    return { id, owner };
  }

  /** The queue a machine works on; undefined when it is gone. */
  queueOf(machineId: string): Promise<string | undefined> {
    return this.#db.read(async (sql) => {
      const [row] = await sql.all('SELECT queue FROM machine WHERE id = ?', machineId);
      return row && String(row.queue);
    });
  }

  // ── passwords of connections, sealed by whoever gives them ────────────────────────────────────────────────────

  async putCredential(connection: string, sealed: Uint8Array): Promise<void> {
    await this.#db.transaction((sql) =>
      sql.run(
        'INSERT INTO credential (connection, sealed) VALUES (?, ?) ON CONFLICT (connection) DO UPDATE SET sealed = excluded.sealed',
        connection,
        sealed,
      ),
    );
  }

  /** What is kept under a name: the first that anybody gives stays. */
  firstCredential(name: string, sealed: Uint8Array): Promise<Uint8Array> {
    return this.#db.transaction(async (sql) => {
      await sql.run(
        'INSERT INTO credential (connection, sealed) VALUES (?, ?) ON CONFLICT DO NOTHING',
        name,
        sealed,
      );
      const [row] = await sql.all('SELECT sealed FROM credential WHERE connection = ?', name);
      return row?.sealed as Uint8Array;
    });
  }

  credential(connection: string): Promise<Uint8Array | undefined> {
    return this.#db.read(async (sql) => {
      const [row] = await sql.all('SELECT sealed FROM credential WHERE connection = ?', connection);
      return row && (row.sealed as Uint8Array);
    });
  }

  async removeCredential(connection: string): Promise<void> {
    await this.#db.transaction((sql) => sql.run('DELETE FROM credential WHERE connection = ?', connection));
  }

  // ── letters between instances ─────────────────────────────────────────────────────────────────────────────────

  /** Leaves a letter for an instance, or for the instance that has a machine, and says so to all. */
  async send(id: string, { recipient, body }: Letter): Promise<void> {
    await this.#db.transaction((sql, now) =>
      sql.run(
        'INSERT INTO letter (id, recipient, body, sent_at) VALUES (?, ?, ?, ?)',
        id,
        recipient,
        body,
        now,
      ),
    );
    await this.#store.announce(`${letterTopic}${recipient}`);
  }

  /** Takes the letters to `recipient`, oldest first; each is taken once. */
  async collect(recipient: string): Promise<readonly string[]> {
    const rows = await this.#db.transaction((sql) =>
      sql.all('DELETE FROM letter WHERE recipient = ? RETURNING id, body', recipient),
    );
    return [...rows].sort((a, b) => (String(a.id) < String(b.id) ? -1 : 1)).map(({ body }) => String(body));
  }

  /** Takes letters that nobody has collected for `ms`. */
  async returned(ms: number): Promise<readonly Letter[]> {
    const rows = await this.#db.transaction((sql, now) =>
      sql.all('DELETE FROM letter WHERE sent_at < ? RETURNING recipient, body', now - ms),
    );
    return rows.map(({ recipient, body }) => ({ recipient: String(recipient), body: String(body) }));
  }
}

/** Notices with a blank in them speak of no queue: with this beginning, of a letter … */
export const letterTopic = 'letter ';
/** … and this one of who may do what. */
const accessTopic = 'access changed';

const most = (roles: readonly unknown[]): Role | undefined =>
  (['owner', 'coowner', 'user'] as const).find((role) => roles.includes(role));

function toPrincipal({ name, role }: Row): Principal {
  return { name: String(name), ...(role !== null && { role: role as Role }) };
}

/** Takes the code for one machine; returns who made it. */
async function claimCode(sql: Sql, now: number, codeHash: string, machine: string): Promise<string> {
  const [pairing] = await sql.all('SELECT * FROM pairing WHERE code_hash = ?{for update}', codeHash);
  if (pairing === undefined) throw codeInvalid('is not known');
  if (pairing.machine !== null && pairing.machine !== machine) throw codeInvalid('was used');
  if (pairing.machine === null) {
    if (Number(pairing.expires_at) <= now) throw codeInvalid('has expired');
    await sql.run('UPDATE pairing SET machine = ? WHERE code_hash = ?', machine, codeHash);
  }
  return String(pairing.made_by);
}

/** A machine is known by its key: one that is paired again is a new one. */
const idOfKey = (keyHash: string): string =>
  keyHash.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

function codeInvalid(why: string): ProductError {
  return new ProductError(
    'PairingCodeInvalid',
    `This pairing code ${why}. A code registers one machine, once, within ten minutes.`,
    'Ask an owner for a new one: dflow orchestrator code',
  );
}

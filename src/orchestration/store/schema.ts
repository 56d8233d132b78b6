// The tables of the store, for both databases, and how older SQLite files are brought to them. See `translate` for the words in braces.

import { lostFlow } from '../../protocol/run.ts';

const inQueueOrder = 'coalesce(moved_to_top_at, 0) DESC, priority, requested_at, id';

/** States in which a run holds its place on a machine. */
export const isActive = `state IN ('Starting', 'Running', 'Paused')`;

/** The order of a run queue (rule Q-2); `high` sorts before `normal`. */
export const queueOrder = inQueueOrder;

const tables = `
  CREATE TABLE queue (
    id {id} PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('machine', 'group')),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    settings TEXT NOT NULL,
    owner TEXT NOT NULL,
    closed TEXT CHECK (closed IN ('inGroup', 'removed')),
    waiting {integer} NOT NULL DEFAULT 0,
    latest_request {integer} NOT NULL DEFAULT 0
  ){end};
  CREATE UNIQUE INDEX queue_name ON queue (kind, lower(name)) WHERE closed IS NULL OR closed <> 'removed';
  CREATE TABLE machine (
    id {id} PRIMARY KEY REFERENCES queue (id),
    queue {id} NOT NULL REFERENCES queue (id),
    unattended_slots {integer} NOT NULL,
    facts TEXT,
    seen_at {integer},
    key_hash TEXT,
    boot TEXT
  ){end};
  CREATE INDEX machine_queue ON machine (queue);
  CREATE TABLE connection (
    id {id} PRIMARY KEY,
    name TEXT NOT NULL,
    queue {id} NOT NULL,
    account TEXT NOT NULL,
    credential TEXT NOT NULL,
    sealed {bytes},
    usable {integer} NOT NULL DEFAULT 1,
    owner TEXT NOT NULL
  ){end};
  CREATE UNIQUE INDEX connection_name ON connection (lower(name));
  CREATE INDEX connection_queue ON connection (queue);
  CREATE TABLE access (
    queue {id} NOT NULL REFERENCES queue (id) ON DELETE CASCADE,
    principal {id} NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('owner', 'coowner', 'user')),
    PRIMARY KEY (queue, principal)
  ){end};
  CREATE TABLE pairing (
    code_hash {id} PRIMARY KEY,
    made_by TEXT NOT NULL,
    expires_at {integer} NOT NULL,
    machine {id}
  ){end};
  CREATE TABLE run (
    id {id} PRIMARY KEY,
    flow {id} NOT NULL REFERENCES flow (hash),
    flow_name TEXT NOT NULL,
    flow_path TEXT NOT NULL,
    queue {id} NOT NULL REFERENCES queue (id),
    connection {id},
    account TEXT NOT NULL,
    lane {id} NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('attended', 'unattended')),
    elevated {integer} NOT NULL DEFAULT 0,
    priority TEXT NOT NULL CHECK (priority IN ('normal', 'high')),
    moved_to_top_at {integer},
    state TEXT NOT NULL CHECK (state IN ('Queued', 'Starting', 'Running', 'Paused', 'Succeeded', 'Failed', 'Canceled', 'TimedOut', 'Skipped', 'Lost')),
    machine {id},
    session TEXT,
    fence {integer} NOT NULL DEFAULT 0,
    report {integer} NOT NULL DEFAULT 0,
    lease_until {integer},
    requested_by TEXT NOT NULL,
    requested_at {integer} NOT NULL,
    expires_at {integer} NOT NULL,
    started_at {integer},
    ended_at {integer},
    timeout_seconds {integer},
    inputs TEXT NOT NULL,
    sealed_inputs {bytes} NOT NULL,
    outputs TEXT,
    error TEXT,
    resubmit_of {id},
    position TEXT,
    ending TEXT,
    plan TEXT
  ){end};
  CREATE INDEX run_queue ON run (queue, ${inQueueOrder}) WHERE state = 'Queued';
  CREATE INDEX run_lane ON run (queue, lane, ${inQueueOrder}) WHERE state = 'Queued';
  CREATE INDEX run_expiry ON run (expires_at) WHERE state = 'Queued';
  CREATE UNIQUE INDEX run_exclusive ON run (machine, lane) WHERE ${isActive};
  CREATE INDEX run_lease ON run (lease_until) WHERE ${isActive};
  CREATE INDEX run_recent ON run (requested_at DESC, id DESC);
  CREATE INDEX run_finished ON run (ended_at DESC, id DESC) WHERE ended_at IS NOT NULL;
  CREATE INDEX run_flow ON run (flow);
  CREATE INDEX run_connection ON run (connection, requested_at) WHERE connection IS NOT NULL;
  CREATE TABLE companion (
    run {id} NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    path {id} NOT NULL,
    text {id} NOT NULL REFERENCES flow (hash),
    ids TEXT,
    PRIMARY KEY (run, path)
  ){end};
  CREATE INDEX companion_text ON companion (text);
  CREATE TABLE event (
    seq {integer} PRIMARY KEY,
    run {id} NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    at {integer} NOT NULL,
    body TEXT NOT NULL
  ){end};
  CREATE INDEX event_run ON event (run, seq);
  CREATE TABLE schedule (
    id {id} PRIMARY KEY,
    name TEXT NOT NULL,
    spec TEXT NOT NULL,
    request TEXT NOT NULL,
    sealed_inputs {bytes} NOT NULL,
    enabled {integer} NOT NULL,
    next_at {integer},
    owner TEXT NOT NULL
  ){end};
  CREATE UNIQUE INDEX schedule_name ON schedule (lower(name));
  CREATE INDEX schedule_due ON schedule (next_at) WHERE enabled = 1;
  CREATE TABLE firing (
    schedule {id} NOT NULL REFERENCES schedule (id) ON DELETE CASCADE,
    due_at {integer} NOT NULL,
    fired_at {integer} NOT NULL,
    run {id},
    note TEXT,
    PRIMARY KEY (schedule, due_at)
  ){end};
  CREATE INDEX firing_open ON firing (due_at, schedule) WHERE run IS NULL AND note IS NULL;
  CREATE TABLE audit (
    id {id} PRIMARY KEY,
    at {integer} NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    subject TEXT NOT NULL
  ){end};
  CREATE INDEX audit_at ON audit (at);`;

const base = `
  CREATE TABLE counter (name {id} PRIMARY KEY, value {integer} NOT NULL){end};
  INSERT INTO counter VALUES ('lastSeq', 0), ('prunedSeq', 0);
  CREATE TABLE flow (hash {id} PRIMARY KEY, text TEXT NOT NULL){end};`;

/**
 * Who may speak with an orchestrator, what its instances tell each other, and what was chosen for all of them. The first three were made
 * beside the migrations once, and may be there already.
 */
const registry = `
  CREATE TABLE IF NOT EXISTS principal (
    name {id} PRIMARY KEY,
    role TEXT CHECK (role IN ('owner', 'coowner', 'user')),
    token_hash {id} NOT NULL,
    made_at {integer} NOT NULL
  ){end};
  CREATE UNIQUE INDEX IF NOT EXISTS principal_token ON principal (token_hash);
  CREATE TABLE IF NOT EXISTS credential (
    connection {id} PRIMARY KEY,
    sealed {bytes} NOT NULL
  ){end};
  CREATE TABLE IF NOT EXISTS letter (
    id {id} PRIMARY KEY,
    recipient {id} NOT NULL,
    body TEXT NOT NULL,
    sent_at {integer} NOT NULL
  ){end};
  CREATE INDEX IF NOT EXISTS letter_recipient ON letter (recipient, id);
  CREATE INDEX IF NOT EXISTS letter_sent ON letter (sent_at);
  CREATE TABLE setting (name {id} PRIMARY KEY, value TEXT NOT NULL){end};
  ALTER TABLE audit ADD COLUMN queue {id};
  CREATE INDEX audit_queue ON audit (queue, at);`;

/** Whether its machine has been told of a claim: the lease is extended for that once. */
const told = `ALTER TABLE run ADD COLUMN told {integer} NOT NULL DEFAULT 0;`;

/** What a run writes down of itself. */
const logging = 'ALTER TABLE run ADD COLUMN logging TEXT;';

/** Entries are never changed once released. */
export const postgresMigrations: readonly string[] = [`${base}${tables}`, registry, told, logging];

/** Files of one machine, as earlier versions made them. */
const earlier: readonly string[] = [
  `CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
   INSERT INTO counter VALUES ('lastSeq', 0), ('prunedSeq', 0);
   CREATE TABLE flow (hash TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT;
   CREATE TABLE run (
     id TEXT PRIMARY KEY,
     flow TEXT NOT NULL REFERENCES flow (hash),
     flow_name TEXT NOT NULL,
     flow_path TEXT NOT NULL,
     machine TEXT NOT NULL,
     account TEXT NOT NULL,
     mode TEXT NOT NULL,
     priority TEXT NOT NULL CHECK (priority IN ('normal', 'high')),
     moved_to_top_at INTEGER,
     state TEXT NOT NULL CHECK (state IN ('Queued', 'Starting', 'Running', 'Paused', 'Succeeded', 'Failed', 'Canceled', 'TimedOut', 'Skipped', 'Lost')),
     fence INTEGER NOT NULL DEFAULT 0,
     requested_by TEXT NOT NULL,
     requested_at INTEGER NOT NULL,
     expires_at INTEGER NOT NULL,
     started_at INTEGER,
     ended_at INTEGER,
     inputs TEXT NOT NULL,
     sealed_inputs BLOB NOT NULL,
     outputs TEXT,
     error TEXT,
     resubmit_of TEXT,
     position TEXT
   ) STRICT;
   CREATE INDEX run_queue ON run (machine, coalesce(moved_to_top_at, 0) DESC, priority, requested_at, id) WHERE state = 'Queued';
   CREATE INDEX run_expiry ON run (machine, expires_at) WHERE state = 'Queued';
   CREATE UNIQUE INDEX run_exclusive ON run (machine, account) WHERE state IN ('Starting', 'Running', 'Paused');
   CREATE INDEX run_recent ON run (requested_at DESC, id DESC);
   CREATE INDEX run_finished ON run (ended_at DESC) WHERE ended_at IS NOT NULL;
   CREATE INDEX run_flow ON run (flow);
   CREATE TABLE event (
     seq INTEGER PRIMARY KEY,
     run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
     at INTEGER NOT NULL,
     body TEXT NOT NULL
   ) STRICT;
   CREATE INDEX event_run ON event (run, seq);`,
  `CREATE TABLE companion (
     run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
     path TEXT NOT NULL,
     text TEXT NOT NULL REFERENCES flow (hash),
     ids TEXT,
     PRIMARY KEY (run, path)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX companion_text ON companion (text);`,
  'ALTER TABLE run ADD COLUMN timeout_seconds INTEGER;',
];

/** The runs of one machine become those of its queue. The queue itself is completed when its agent has said who it is. */
const toFleet = `
  ALTER TABLE run RENAME TO former_run;
  ALTER TABLE event RENAME TO former_event;
  ALTER TABLE companion RENAME TO former_companion;
  DROP INDEX run_queue; DROP INDEX run_expiry; DROP INDEX run_exclusive; DROP INDEX run_recent; DROP INDEX run_finished; DROP INDEX run_flow;
  DROP INDEX event_run; DROP INDEX companion_text;
  ${tables}
  INSERT INTO queue (id, kind, name, description, settings, owner, waiting, latest_request)
    SELECT machine, 'machine', machine, '',
      '{"maintenance":false,"reuseSessions":false,"extendedPrioritization":"auto","allocation":"random","sessionPolicy":"wait"}', '', sum(state = 'Queued'), max(requested_at) FROM former_run GROUP BY machine;
  INSERT INTO machine (id, queue, unattended_slots) SELECT id, id, 1 FROM queue;
  INSERT INTO run (id, flow, flow_name, flow_path, queue, account, lane, mode, priority, moved_to_top_at, state, machine, fence,
      requested_by, requested_at, expires_at, started_at, ended_at, timeout_seconds, inputs, sealed_inputs, outputs, error, resubmit_of, position)
    SELECT id, flow, flow_name, flow_path, machine, account, lower(account), mode, priority, moved_to_top_at, state,
      CASE state WHEN 'Queued' THEN NULL ELSE machine END, fence,
      requested_by, requested_at, expires_at, started_at, ended_at, timeout_seconds, inputs, sealed_inputs, outputs, error, resubmit_of, position
    FROM former_run;
  INSERT INTO companion SELECT * FROM former_companion;
  INSERT INTO event SELECT * FROM former_event;
  DROP TABLE former_companion; DROP TABLE former_event; DROP TABLE former_run;`;

export const sqliteMigrations: readonly string[] = [...earlier, toFleet, registry, told, logging];

/**
 * Before rows without their counterparts are removed: a run stays in sight also when the text of its flow is lost, with a hash that no text
 * has, so that the flow can be requested anew. For files of any version.
 */
export const sqliteKeeping = `
  INSERT OR IGNORE INTO flow (hash, text) SELECT '${lostFlow}', '' FROM run WHERE flow NOT IN (SELECT hash FROM flow);
  UPDATE run SET flow = '${lostFlow}' WHERE flow NOT IN (SELECT hash FROM flow);`;

/** What must hold between tables after some rows could not be read any more. Readers of events begin anew. */
export const sqliteRepairs = `
  INSERT OR IGNORE INTO counter VALUES ('lastSeq', 0), ('prunedSeq', 0);
  UPDATE counter SET value = max(value, (SELECT coalesce(max(seq), 0) FROM event)) WHERE name = 'lastSeq';
  UPDATE counter SET value = (SELECT value FROM counter WHERE name = 'lastSeq') WHERE name = 'prunedSeq';
  UPDATE run SET state = 'Lost', ended_at = CAST(unixepoch('subsec') * 1000 AS INTEGER),
      error = '{"code":"StoreRecovered","message":"The run store was damaged, and the text of this flow is lost.","nextStep":"Request the run again."}'
    WHERE state IN ('Queued', 'Starting', 'Running', 'Paused') AND flow = '${lostFlow}';
  UPDATE queue SET waiting = (SELECT count(*) FROM run WHERE run.queue = queue.id AND run.state = 'Queued');`;

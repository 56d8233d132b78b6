// Mistakes, planted one at a time into a copy of the sources: the simulation and the model test have to find every one of them. Where
// the sources change so that a mistake cannot be planted any more, planting it fails.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

interface Patch {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export interface Planted {
  readonly name: string;
  readonly patches: readonly Patch[];
  /** Where it shows soonest; absent: anywhere. */
  readonly scenario?: string;
}

const one = (name: string, file: string, find: string, replace: string, scenario?: string): Planted => ({
  name,
  patches: [{ file, find, replace }],
  ...(scenario !== undefined && { scenario }),
});
const rules = 'src/orchestration/rules.ts';
const placement = 'src/orchestration/placement.ts';
const changes = 'src/orchestration/store/changes.ts';
const store = 'src/orchestration/store/fleetStore.ts';
const orchestrator = 'src/orchestration/orchestrator.ts';
const runner = 'src/agent/runner.ts';

export const planted: readonly Planted[] = [
  one(
    'the fence is ignored',
    changes,
    `AND (r.value->>'fence' IS NULL OR CAST(r.value->>'fence' AS BIGINT) = run.fence)`,
    '',
  ),
  one(
    'a report is taken twice',
    changes,
    `AND (r.value->>'report' IS NULL OR CAST(r.value->>'report' AS BIGINT) > run.report)`,
    '',
  ),
  {
    name: 'two runs of one account on a machine',
    patches: [
      {
        file: placement,
        find: 'if (ofAccount !== undefined) {',
        replace: 'if (ofAccount !== undefined && machine.runs.length > 99) {',
      },
      {
        file: 'src/orchestration/store/schema.ts',
        find: 'CREATE UNIQUE INDEX run_exclusive ON run (machine, lane)',
        replace: 'CREATE INDEX run_exclusive ON run (machine, lane)',
      },
    ],
  },
  one(
    'a client edition carries two runs',
    placement,
    `machine.facts?.edition === 'client' && first !== undefined`,
    `machine.facts?.edition === 'client' && machine.runs.length > 1 && first !== undefined`,
  ),
  one(
    'the capacity is not looked at',
    placement,
    `run.mode === 'unattended' && unattended.length >= slots`,
    `run.mode === 'unattended' && unattended.length > slots`,
  ),
  one(
    'offline machines get runs',
    placement,
    'if (!machine.online || machine.facts === undefined) {',
    'if (machine.facts === undefined) {',
  ),
  one(
    'maintenance is ignored',
    placement,
    'if (machine.settings.maintenance) {',
    `if (machine.settings.maintenance && machine.name === '') {`,
    'backlog',
  ),
  one(
    'a session makes room twice',
    placement,
    'facts.sessions.filter(({ id }) => !runs.some(({ signsOut }) => signsOut === id))',
    '[...facts.sessions]',
  ),
  one(
    'first come, first served: priority does not count',
    'src/protocol/run.ts',
    `(a.priority === b.priority ? 0 : a.priority === 'high' ? -1 : 1) ||`,
    '',
  ),
  one(
    'expired runs can still start',
    rules,
    'if (run.expiresAt <= now) decisions',
    'if (run.expiresAt <= now - 60_000) decisions',
  ),
  one(
    'a run that waits for its account lets others pass',
    rules,
    'if (!(extended && outlook.ofAccount)) break;',
    'if (!outlook.ofAccount) break;',
  ),
  one(
    'expired runs are not looked for',
    store,
    `state = 'Queued' AND expires_at <= ? ORDER BY expires_at`,
    `state = 'Queued' AND expires_at + 600000 <= ? ORDER BY expires_at`,
    'backlog',
  ),
  one(
    'leases are taken too early',
    store,
    'AND lease_until <= ? ORDER BY',
    'AND lease_until <= ? + 5000 ORDER BY',
  ),
  one('heartbeats extend no lease', store, 'told = 0 OR id IN (', `told = 0 OR id = '' AND id IN (`),
  one('a claim that is told late keeps the lease of its beginning', store, 'told = 0 OR id IN (', 'id IN ('),
  one(
    'being told of a claim is as good as holding it',
    store,
    'UPDATE run SET told = 1, lease_until',
    'UPDATE run SET told = 0, lease_until',
  ),
  one(
    'only the first run of an account is looked at',
    changes,
    'isWhole || !wide ? decided : inSight(decided, queue)',
    'decided',
    'backlog',
  ),
  one('claims are not told again', store, 'held: active.map((', 'held: active.slice(1).map(('),
  one('what is reported late seems to have happened then', changes, 'Math.max(0, ago))', '0)'),
  one(
    'the end of a run is taken for the time of its report',
    runner,
    'endedAgo: clock.monotonic() - endedAt }',
    'endedAgo: 0 }',
  ),
  one(
    'a run that is given back loses its place',
    changes,
    `plan = CASE WHEN r.value->>'back' = '1' THEN NULL ELSE run.plan END,`,
    `plan = NULL, moved_to_top_at = CASE WHEN r.value->>'back' = '1' THEN NULL ELSE run.moved_to_top_at END,`,
  ),
  one(
    'a run that is given back is not counted',
    changes,
    `if (change.kind === 'giveBack') this.#countsOf(run.queue).waiting++;`,
    '',
  ),
  one('moving back leaves a run in front', changes, `'moved_to_top_at = NULL'`, `'moved_to_top_at = 1'`),
  one(
    'the second move to the top does not win',
    changes,
    'Math.max(this.#now, Number(row?.latest ?? 0) + 1)',
    '1',
  ),
  one(
    'a request that is sent again is queued again',
    changes,
    'if (before !== undefined) {',
    `if (before !== undefined && before.state !== 'Queued') {`,
  ),
  one(
    'events between others’ are lost',
    orchestrator,
    'if (events.some(({ seq }, index)',
    'if (events.length > 99 && events.some(({ seq }, index)',
  ),
  one('events of others are not read', orchestrator, 'await this.#catchUp();\n', '\n', 'quiet'),
  one(
    'the verdict forgets who is in front',
    'src/orchestration/verdict.ts',
    `if (its.kind === 'start') return true;`,
    `if (its.kind === 'start') return false;`,
    'curious',
  ),
  one(
    'a late answer begins a run again',
    runner,
    '(this.#over.get(claim.run.id) ?? 0) >= claim.fence',
    '(this.#over.get(claim.run.id) ?? 0) > claim.fence',
  ),
  one(
    'a restarted agent begins the claims of its former life',
    runner,
    'if (first) await this.#lost(claim);',
    `if (first && claim.run.state !== 'Starting') await this.#lost(claim);`,
  ),
];

/** A copy of everything that a simulation runs, with a mistake in it. Throws where it cannot be planted. */
export function plant({ name, patches }: Planted, root: string, folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'test'), { recursive: true });
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  for (const part of ['base', 'protocol', 'orchestration', 'agent'])
    cpSync(join(root, 'src', part), join(folder, 'src', part), { recursive: true });
  for (const part of ['fakes/clock.ts', 'orchestration/simulation'])
    cpSync(join(root, 'test', part), join(folder, 'test', part), { recursive: true });
  symlinkSync(resolve(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  for (const { file, find, replace } of patches) {
    const path = join(folder, file);
    const parts = readFileSync(path, 'utf8').split(find);
    if (parts.length !== 2)
      throw new Error(`“${name}” cannot be planted: ${file} has “${find}” ${parts.length - 1} times`);
    writeFileSync(path, parts.join(replace));
  }
}

/** How a mistake was found. */
export interface Finding {
  readonly simulation:
    | { readonly invariant: string; readonly seed: number; readonly steps: number }
    | undefined;
  readonly model: { readonly stories: number; readonly counterexample: string } | undefined;
}

/** Looks for a mistake in the copy in `folder`, from a seed, in a process of its own. */
export function search(folder: string, seed: number, { scenario = '' }: Planted): Promise<Finding> {
  return new Promise((done, failed) => {
    const program = join(folder, 'test/orchestration/simulation/search.ts');
    const child = spawn(process.execPath, [program, String(seed), scenario], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (data) => {
      out += data;
    });
    child.stderr.on('data', (data) => {
      err += data;
    });
    child.on('error', failed);
    child.on('close', (code) => {
      const line = out.trim().split('\n').at(-1) ?? '';
      if (code === 0) done(JSON.parse(line) as Finding);
      else failed(new Error(`the search ended with ${code}: ${err.slice(-2_000)}`));
    });
  });
}

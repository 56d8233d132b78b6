// A machine as member of the fleet of an orchestrator: pairs it, keeps its key, runs what the orchestrator gives it, and leaves again. The
// queue of the machine's own agent is not concerned.
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { asProductError, ProductError } from '../../base/error.ts';
import { Emitter } from '../../base/event.ts';
import type { Log } from '../../base/log.ts';
import { dialOrchestrator, orchestratorAddress } from '../../launch/orchestrator.ts';
import type { QueueSettings } from '../../orchestration/settings.ts';
import type { Claim, RunChange, RunEnding } from '../../orchestration/store.ts';
import {
  agentPath,
  type MembershipRecord,
  membershipRecord,
  orchestratorProtocol,
  type PairParams,
  type PairRequest,
  pairingAttempt,
  pairMethods,
  pairPath,
} from '../../protocol/orchestrator.ts';
import { RpcPeer } from '../../protocol/rpc.ts';
import { readIfPresent, writePrivateFile } from '../dataFolder.ts';
import { Runner, type WorkerHost } from '../runner.ts';
import type { Vault } from '../seal.ts';
import { Journal } from './journal.ts';
import { type Reached, RemoteLink } from './link.ts';
import { hashOf, newSecret } from './registry.ts';

export interface MembershipOptions {
  readonly dataFolder: string;
  readonly workers: WorkerHost;
  readonly vault: Vault;
  readonly agentVersion: string;
  readonly clock: Clock;
  readonly settings: Pick<QueueSettings, 'stopGraceMs' | 'startTimeoutMs'>;
  readonly testConnection: Reached['testConnection'];
  /** Hears what becomes of the runs of the orchestrator. */
  readonly told?: (claim: Claim, change: RunChange, runner: Runner) => void;
  readonly log: Log;
}

interface Joined {
  readonly link: RemoteLink;
  readonly journal: Journal;
  runner: Runner | undefined;
}

const answerMs = 15_000;
/** Where the orchestrator was there and then was not, its first word is tried again after this. */
const startAgainMs = 1_000;

export class Membership {
  readonly #options: MembershipOptions;
  readonly #changed = new Emitter<void>();
  #member: MembershipRecord | undefined;
  #joined: Joined | undefined;

  /** Something started or ended, or the machine was paired or unpaired. */
  readonly onChange = this.#changed.event;

  /** Goes on where the last life of the agent left off. Throws `MembershipDamaged`. */
  static open(options: MembershipOptions): Membership {
    const membership = new Membership(options);
    const text = readIfPresent(membership.#file('membership.json'))?.toString('utf8');
    if (text !== undefined) {
      membership.#member = readMember(text, membership.#file('membership.json'));
      membership.#join(membership.#member);
    }
    return membership;
  }

  private constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** As the orchestrator knows this machine; undefined when it is not paired. */
  get machine():
    | { readonly id: string; readonly name: string; readonly addresses: readonly string[] }
    | undefined {
    return (
      this.#member && { id: this.#member.machine, name: this.#member.name, addresses: this.#member.addresses }
    );
  }

  get isConnected(): boolean {
    return this.#joined?.link.hello !== undefined;
  }

  /** The way to the orchestrator, for what sessions need beyond a claim. */
  get link(): RemoteLink | undefined {
    return this.#joined?.link;
  }

  /** Runs of the orchestrator that are driven here. */
  get size(): number {
    return this.#joined?.runner?.size ?? 0;
  }

  /** Something about the machine changed that the orchestrator should know now. */
  beat(): void {
    this.#joined?.runner?.beat();
  }

  /**
   * Registers this machine and asks for work from then on. May be repeated with the same code when the answer was lost. Throws
   * `MachinePaired`, `PairingCodeInvalid`, `PairingAttempts`, `NameTaken`, and as `dialOrchestrator`.
   */
  async pair({
    addresses,
    code,
    name = hostname(),
    description = '',
    certificates,
    insecure,
  }: PairRequest): Promise<{
    machine: string;
    name: string;
  }> {
    if (this.#member !== undefined) {
      throw new ProductError(
        'MachinePaired',
        `This machine is registered as ${this.#member.name} with the orchestrator at ${this.#member.addresses.join(', ')}.`,
        'Let it leave first: dflow agent unpair',
      );
    }
    const places = addresses.map((address) => orchestratorAddress(address, insecure ?? false));
    const key = this.#keyFor(code);
    const request = { protocol: orchestratorProtocol, code, name, description, keyHash: hashOf(key) };
    const trust = {
      ...(certificates !== undefined && { certificates }),
      ...(insecure === true && { insecure }),
    };
    const machine = await this.#ask(places, trust, request);
    const member: MembershipRecord = { addresses: places, machine, name, key, ...trust };
    writePrivateFile(this.#file('membership.json'), JSON.stringify(member));
    rmSync(this.#file('pairing.json'), { force: true });
    this.#member = member;
    this.#join(member);
    this.#changed.fire();
    this.#options.log.info('this machine was paired', { machine, name });
    return { machine, name };
  }

  /**
   * Leaves the orchestrator; runs of its that are under way end as `ending` says. Where it cannot be reached, it goes on listing the
   * machine (`told` false). Throws `MachineNotPaired`, `QueueNotEmpty`.
   */
  async unpair(ending: RunEnding): Promise<{ told: boolean }> {
    if (this.#member === undefined || this.#joined === undefined) {
      throw new ProductError(
        'MachineNotPaired',
        'This machine is registered with no orchestrator.',
        'Nothing is left to do.',
      );
    }
    const { link, runner } = this.#joined;
    let told = true;
    try {
      await link.leave();
    } catch (error) {
      const { code } = asProductError(error);
      if (!['LinkClosed', 'OrchestratorUnreachable'].includes(code)) throw error;
      told = false;
    }
    await runner?.close(ending);
    this.#part();
    rmSync(this.#file('membership.json'), { force: true });
    rmSync(this.#file('reports.journal'), { force: true });
    this.#member = undefined;
    this.#changed.fire();
    this.#options.log.info('this machine was unpaired', { told });
    return { told };
  }

  /** Ends what runs as `ending` says and waits a moment for its reports to arrive; what does not arrive is kept for the next life. */
  async close(ending: RunEnding): Promise<void> {
    await this.#joined?.runner?.close(ending);
    const deadline = this.#options.clock.monotonic() + 2_000;
    while (this.isConnected && (this.#joined?.link.unanswered ?? 0) > 0) {
      if (this.#options.clock.monotonic() > deadline) break;
      await new Promise<void>((resolve) => void this.#options.clock.after(20, resolve));
    }
    this.#part();
  }

  #file(name: string): string {
    return join(this.#options.dataFolder, name);
  }

  /** A key that nobody has seen; the same one again for a code whose answer was lost. */
  #keyFor(code: string): string {
    const known = readIfPresent(this.#file('pairing.json'))?.toString('utf8');
    const before = known === undefined ? undefined : pairingAttempt.safeParse(safeJson(known)).data;
    if (before?.code === hashOf(code)) return before.key;
    const key = newSecret();
    writePrivateFile(this.#file('pairing.json'), JSON.stringify({ code: hashOf(code), key }));
    return key;
  }

  async #ask(
    addresses: readonly string[],
    trust: { readonly certificates?: string; readonly insecure?: boolean },
    request: PairParams,
  ): Promise<string> {
    let failure: unknown;
    for (const address of addresses) {
      let peer: RpcPeer;
      try {
        peer = new RpcPeer(await dialOrchestrator({ address, path: pairPath, ...trust }), {
          request: () => Promise.reject(new Error('nothing is asked of who pairs')),
          notification: () => {},
        });
      } catch (error) {
        failure ??= error;
        continue;
      }
      const late = this.#options.clock.after(answerMs, () => peer.close(4000, 'no answer'));
      try {
        return pairMethods.pair.result.parse(await peer.call('pair', request)).machine;
      } finally {
        late.dispose();
        peer.dispose();
      }
    }
    throw failure;
  }

  #join({ addresses, key, certificates, insecure }: MembershipRecord): void {
    const { workers, vault, agentVersion, clock, settings, testConnection, log } = this.#options;
    const boot = randomUUID();
    const journal = Journal.open(this.#file('reports.journal'));
    const link = new RemoteLink({
      addresses,
      dial: (address) =>
        dialOrchestrator({
          address,
          path: agentPath,
          secret: key,
          ...(certificates !== undefined && { certificates }),
          ...(insecure === true && { insecure }),
        }),
      journal,
      vault,
      agentVersion,
      clock,
      chance: Math.random,
      log: log.child('orchestrator'),
    });
    const joined: Joined = { link, journal, runner: undefined };
    this.#joined = joined;
    link.onConnected(({ heartbeatMs }) => {
      if (joined.runner !== undefined) return;
      const runner: Runner = new Runner({
        link,
        workers,
        clock,
        boot,
        settings: { ...settings, heartbeatMs },
        told: (claim, change) => this.#options.told?.(claim, change, runner),
        log: log.child('fleet runner'),
      });
      joined.runner = runner;
      runner.onChange(() => this.#changed.fire());
      link.serve({
        tell: (runId, wish) => runner.tell(runId, wish),
        answer: (runId, questionId, answer, by) => runner.answer(runId, questionId, answer, by),
        debug: (runId, message, from) => runner.debug(runId, message, from),
        debuggerGone: (from) => runner.debuggerGone(from),
        beat: () => runner.beat(),
        testConnection,
      });
      this.#start(runner, joined);
    });
  }

  #start(runner: Runner, joined: Joined): void {
    runner.start().catch((error: unknown) => {
      const { code, message } = asProductError(error);
      this.#options.log.warn('the orchestrator was not told of this machine; it is tried again', {
        code,
        message,
      });
      this.#options.clock.after(startAgainMs, () => {
        if (this.#joined === joined) this.#start(runner, joined);
      });
    });
  }

  #part(): void {
    this.#joined?.link.close();
    this.#joined?.journal.close();
    this.#joined = undefined;
  }
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readMember(text: string, path: string): MembershipRecord {
  const parsed = membershipRecord.safeParse(safeJson(text));
  if (parsed.success) return parsed.data;
  throw new ProductError(
    'MembershipDamaged',
    `${path} does not say which orchestrator this machine belongs to.`,
    'Delete it, start the agent again, and pair the machine anew (dflow agent pair).',
  );
}

// Why runs wait: asked of their servers when somebody wants to know, remembered for a while, forgotten when the run starts.
import type { Clock } from '../../base/clock.ts';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { Emitter } from '../../base/event.ts';
import type { Blocker, Verdict } from '../../protocol/fleet.ts';
import { Coalesced } from '../coalesced.ts';
import { t } from '../l10n.ts';
import type { RunStore } from '../runs.ts';
import { durationText } from '../wording.ts';
import type { Fleet } from './fleet.ts';

export interface WaitingReason {
  /** A few words for a row. */
  readonly brief: string;
  readonly message: string;
  readonly nextStep: string;
  /** Absent: nothing can be said. */
  readonly forecast?: string;
  readonly code: string;
}

/** Wishes of one moment are asked together. */
const askMs = 300;
/** An answer is good for this long. */
const freshMs = 5_000;
const mostKnown = 500;

export class WaitingReasons implements Disposable {
  readonly #fleet: Fleet;
  readonly #runs: RunStore;
  readonly #clock: Clock;
  readonly #owned = new DisposableStore();
  readonly #known = new Map<string, { readonly reason: WaitingReason | undefined; readonly at: number }>();
  readonly #asked = new Map<string, Promise<void>>();
  readonly #wanted = new Set<string>();
  readonly #changes = new Emitter<string>();
  readonly #soon: Coalesced;
  /** Fires with the run whose reason is another. */
  readonly onDidChange = this.#changes.event;

  constructor(fleet: Fleet, runs: RunStore, clock: Clock) {
    this.#fleet = fleet;
    this.#runs = runs;
    this.#clock = clock;
    this.#soon = this.#owned.add(new Coalesced(clock, askMs, () => this.#askWanted()));
    this.#owned.add(
      runs.onDidChange((change) => {
        if (change.kind === 'run' && change.run.state !== 'Queued') this.#known.delete(change.run.id);
      }),
    );
  }

  /** What was answered last. */
  known(runId: string): WaitingReason | undefined {
    return this.#known.get(runId)?.reason;
  }

  /** Asks a moment later, unless the answer is fresh. */
  watch(runId: string): void {
    if (this.#isFresh(runId)) return;
    this.#wanted.add(runId);
    this.#soon.soon();
  }

  /** Asks now. Never rejects: a server that does not answer leaves things as they are. */
  ask(runId: string): Promise<void> {
    if (this.#isFresh(runId)) return Promise.resolve();
    const known = this.#asked.get(runId);
    if (known) return known;
    const asking = this.#ask(runId).finally(() => this.#asked.delete(runId));
    this.#asked.set(runId, asking);
    return asking;
  }

  dispose(): void {
    this.#owned.dispose();
    this.#changes.dispose();
  }

  #isFresh(runId: string): boolean {
    const known = this.#known.get(runId);
    return known !== undefined && Math.abs(this.#clock.now() - known.at) < freshMs;
  }

  #askWanted(): void {
    for (const runId of this.#wanted) void this.ask(runId);
    this.#wanted.clear();
  }

  async #ask(runId: string): Promise<void> {
    const server = this.#fleet.ofRun(runId);
    if (server?.state.kind !== 'connected') return;
    try {
      const { verdict } = await server.call('queue.why', { runId });
      if (this.#runs.get(runId)?.state !== 'Queued') return;
      const before = this.known(runId);
      const reason = reasonOf(verdict);
      if (this.#known.size >= mostKnown) this.#known.clear();
      this.#known.set(runId, { reason, at: this.#clock.now() });
      if (JSON.stringify(before) !== JSON.stringify(reason)) this.#changes.fire(runId);
    } catch {
      // It has started meanwhile, or its server is gone: its row says so.
    }
  }
}

/** Undefined: it is about to start. */
export function reasonOf(verdict: Verdict): WaitingReason | undefined {
  if (verdict.kind === 'starts') return undefined;
  const { message, code, cause } = verdict.blocker;
  const brief = {
    ours: t('waits for other runs'),
    machine: t('waits for a machine'),
    session: t('waits for a session'),
    setup: t('cannot start as things are'),
  }[cause];
  const forecast = verdict.kind === 'waits' ? verdict.forecast : undefined;
  return {
    brief,
    message,
    nextStep: remedyText(verdict.blocker),
    code,
    ...(forecast && {
      forecast: t('in about {0}, because {1}', durationText(forecast.inMs), forecast.because),
    }),
  };
}

/** Who can remove what blocks, and how; what passes by itself needs nobody. */
export const remedyText = ({ who, nextStep }: Blocker): string =>
  who === 'nobody needs to' ? nextStep : `${who}: ${nextStep}`;

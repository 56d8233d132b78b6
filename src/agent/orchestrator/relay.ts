// Brings a person's wish to the agent that runs the run, whichever instance of the orchestrator it is connected to, and the answer back;
// and what a worker tells a debugger to the instance where somebody debugs. By letters in the shared database; a letter that nobody
// collects is returned.
import type { Clock } from '../../base/clock.ts';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { asProductError, ProductError } from '../../base/error.ts';
import { Emitter, type Event } from '../../base/event.ts';
import type { Log } from '../../base/log.ts';
import type { RelayMethod, RelayParams, RelayResult } from '../../protocol/orchestrator.ts';
import { type Agents, type DebugMessage, notConnected, relayMs } from './agents.ts';
import { letterTopic, type Registry } from './registry.ts';

export interface RelayOptions {
  readonly instance: string;
  readonly agents: Agents;
  readonly registry: Pick<Registry, 'send' | 'collect' | 'returned'>;
  readonly onNotice: Event<string>;
  readonly clock: Clock;
  newId(): string;
  readonly log: Log;
}

type Mail =
  | {
      readonly kind: 'ask';
      readonly id: string;
      readonly from: string;
      readonly method: RelayMethod;
      readonly params: unknown;
    }
  | { readonly kind: 'answer'; readonly id: string; readonly result: unknown }
  | {
      readonly kind: 'refusal';
      readonly id: string;
      readonly error: { code: string; message: string; nextStep: string };
    }
  /** Somebody wants one of its runs to end, or something about the machine has changed: both are in the store. */
  | { readonly kind: 'end'; readonly runId: string }
  | { readonly kind: 'changed' }
  | ({ readonly kind: 'debug'; readonly machine: string } & DebugMessage);

interface Pending {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** So much longer than an agent may take, so that its own answer comes first. */
const longerMs = 2_000;
/** A letter that was not collected for so long has nobody who would. */
const uncollectedMs = 10_000;
const lookMs = 5_000;

export class Relay implements Disposable {
  readonly #options: RelayOptions;
  readonly #owned = new DisposableStore();
  readonly #debug = new Emitter<DebugMessage>();
  readonly #pending = new Map<string, Pending>();
  /** Mail by recipient; what is said while a letter is being left shares the next one, in order. */
  readonly #outbox = new Map<string, Mail[]>();
  readonly #collecting = new Map<string, boolean>();
  readonly #machineOf = new Map<string, string>();
  #timer: Disposable | undefined;
  #closed = false;

  /** What a worker tells a debugger that is connected here. */
  readonly onDebug = this.#debug.event;

  constructor(options: RelayOptions) {
    this.#options = options;
    const { agents, onNotice, instance } = options;
    this.#owned.add(agents.onDebug((message) => this.#debugged(message)));
    this.#owned.add(agents.onArrived((machine) => this.#collect(`machine ${machine}`)));
    this.#owned.add(
      onNotice((topic) => {
        if (topic === '') {
          this.#collect(`instance ${instance}`);
          for (const machine of agents.machines) this.#collect(`machine ${machine}`);
        } else if (topic.startsWith(letterTopic)) this.#noticed(topic.slice(letterTopic.length));
      }),
    );
    this.#look();
  }

  /** Throws what the agent throws, and `MachineNotConnected` when it cannot be reached or does not answer. */
  async ask<M extends RelayMethod>(
    machine: string,
    method: M,
    params: RelayParams<M>,
  ): Promise<RelayResult<M>> {
    const { agents, clock, instance, newId } = this.#options;
    const here = agents.ask(machine, method, params);
    if (here !== undefined) return here;
    const id = newId();
    return new Promise((resolve, reject) => {
      const late = clock.after(relayMs(method) + longerMs, () => {
        this.#pending.delete(id);
        reject(notConnected(machine));
      });
      const settled = () => {
        late.dispose();
        this.#pending.delete(id);
      };
      this.#pending.set(id, {
        resolve: (result) => {
          settled();
          resolve(result as RelayResult<M>);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      });
      this.#send(`machine ${machine}`, { kind: 'ask', id, from: instance, method, params });
    });
  }

  /** A machine is to hear now, not with its next heartbeat, that a run of its is to end. */
  end(machine: string, runId: string): void {
    if (!this.#options.agents.machines.includes(machine))
      this.#send(`machine ${machine}`, { kind: 'end', runId });
  }

  /** A machine may work on another queue now, or is gone. */
  changed(machine: string): void {
    if (this.#options.agents.machines.includes(machine)) this.#apply(this.#options.agents.changed(machine));
    else this.#send(`machine ${machine}`, { kind: 'changed' });
  }

  dispose(): void {
    this.#closed = true;
    this.#timer?.dispose();
    this.#owned.dispose();
  }

  // ── letters ───────────────────────────────────────────────────────────────────────────────────────────────────

  #send(recipient: string, mail: Mail): void {
    const waiting = this.#outbox.get(recipient);
    if (waiting !== undefined) {
      waiting.push(mail);
      return;
    }
    const box = [mail];
    this.#outbox.set(recipient, box);
    void (async () => {
      while (box.length > 0) {
        const together = box.splice(0);
        try {
          await this.#options.registry.send(this.#options.newId(), {
            recipient,
            body: JSON.stringify(together),
          });
        } catch (error) {
          this.#options.log.warn('a letter to another instance could not be left', { error: String(error) });
          for (const { kind, ...lost } of together)
            if (kind === 'ask') this.#pending.get((lost as { id: string }).id)?.reject(error);
        }
      }
      this.#outbox.delete(recipient);
    })();
  }

  #noticed(recipient: string): void {
    const { instance, agents } = this.#options;
    const machine = /^machine (.+)$/.exec(recipient)?.[1];
    if (recipient === `instance ${instance}` || (machine !== undefined && agents.machines.includes(machine)))
      this.#collect(recipient);
  }

  /** One at a time for each recipient, so that letters are read in the order in which they were left. */
  #collect(recipient: string): void {
    if (this.#collecting.has(recipient)) {
      this.#collecting.set(recipient, true);
      return;
    }
    this.#collecting.set(recipient, true);
    void (async () => {
      try {
        while (this.#collecting.get(recipient) === true && !this.#closed) {
          this.#collecting.set(recipient, false);
          for (const body of await this.#options.registry.collect(recipient))
            for (const mail of JSON.parse(body) as Mail[]) this.#read(recipient, mail);
        }
      } catch (error) {
        this.#options.log.warn('letters could not be collected', { error: String(error) });
      } finally {
        this.#collecting.delete(recipient);
      }
    })();
  }

  #read(recipient: string, mail: Mail): void {
    switch (mail.kind) {
      case 'answer':
        this.#pending.get(mail.id)?.resolve(mail.result);
        break;
      case 'refusal':
        this.#pending
          .get(mail.id)
          ?.reject(new ProductError(mail.error.code, mail.error.message, mail.error.nextStep));
        break;
      case 'debug':
        this.#debug.fire({ runId: mail.runId, message: mail.message, debugger: mail.debugger });
        break;
      case 'end':
        this.#apply(this.#options.agents.end(recipient.slice('machine '.length), mail.runId));
        break;
      case 'changed':
        this.#apply(this.#options.agents.changed(recipient.slice('machine '.length)));
        break;
      case 'ask':
        void this.#serve(recipient.slice('machine '.length), mail);
        break;
    }
  }

  /** Where it fails, the next heartbeat does the same. */
  #apply(done: Promise<void>): void {
    done.catch((error: unknown) =>
      this.#options.log.warn('an agent could not be told at once', { error: String(error) }),
    );
  }

  async #serve(machine: string, { id, from, method, params }: Extract<Mail, { kind: 'ask' }>): Promise<void> {
    let reply: Mail;
    if (method === 'run.debug') this.#machineOf.set((params as RelayParams<'run.debug'>).debugger, machine);
    try {
      const result = await (this.#options.agents.ask(machine, method, params as never) ??
        Promise.reject(notConnected(machine)));
      reply = { kind: 'answer', id, result };
    } catch (error) {
      const { code, message, nextStep } = asProductError(error);
      reply = { kind: 'refusal', id, error: { code, message, nextStep } };
    }
    this.#send(`instance ${from}`, reply);
  }

  // ── debuggers ─────────────────────────────────────────────────────────────────────────────────────────────────

  #debugged(message: DebugMessage): void {
    const [instance = ''] = message.debugger.split(' ');
    if (instance === this.#options.instance) this.#debug.fire(message);
    else {
      const machine = this.#machineOf.get(message.debugger) ?? '';
      this.#send(`instance ${instance}`, { kind: 'debug', machine, ...message });
    }
    if (message.message === null) this.#machineOf.delete(message.debugger);
  }

  /** An instance that collects nothing any more has died: the runs that were debugged over it go on. */
  #look(): void {
    const { clock, registry, log } = this.#options;
    this.#timer = clock.after(lookMs, () => {
      void registry
        .returned(uncollectedMs)
        .then((letters) => {
          const gone = new Map<string, string>();
          for (const { body } of letters)
            for (const mail of JSON.parse(body) as Mail[])
              if (mail.kind === 'debug' && mail.machine !== '') gone.set(mail.debugger, mail.machine);
          for (const [name, machine] of gone)
            this.ask(machine, 'run.debuggerGone', { debugger: name }).catch(() => {}); // it has gone itself
        })
        .catch((error: unknown) => log.warn('returned letters could not be read', { error: String(error) }))
        .finally(() => {
          if (!this.#closed) this.#look();
        });
    });
  }
}

// A network between agents and orchestrators that loses, delays, reorders and doubles texts, by seed.
import { Emitter } from '../../../src/base/event.ts';
import type { CloseReason, Transport } from '../../../src/protocol/rpc.ts';

export interface Faults {
  /** Chance that a text is lost, and the connection with it, as on a stream. */
  readonly loss: number;
  /** Chance that a text arrives twice. */
  readonly double: number;
  /** Most event-loop turns a text takes; each takes its own time, so they overtake each other. */
  readonly delay: number;
}

export const calm: Faults = { loss: 0, double: 0, delay: 0 };

type Accept = (transport: Transport & { flushed(): Promise<void> }) => void;

export class Network {
  readonly #chance: () => number;
  readonly #servers = new Map<string, Accept>();
  readonly #connections = new Set<{ readonly address: string; cut(): void }>();
  faults: Faults = calm;
  /** Texts that were lost, doubled, delayed. */
  readonly counts = { lost: 0, doubled: 0, texts: 0 };

  constructor(chance: () => number) {
    this.#chance = chance;
  }

  serve(address: string, accept: Accept): void {
    this.#servers.set(address, accept);
  }

  /** The server is gone, and every text under way with it. */
  down(address: string): void {
    this.#servers.delete(address);
    for (const connection of [...this.#connections]) if (connection.address === address) connection.cut();
  }

  /** Every connection breaks; texts under way are lost. */
  cut(): void {
    for (const connection of [...this.#connections]) connection.cut();
  }

  async dial(address: string): Promise<Transport> {
    await new Promise((resolve) => setImmediate(resolve));
    const accept = this.#servers.get(address);
    if (accept === undefined) throw new Error(`nobody listens on ${address}`);
    const ends = [new End(), new End()] as const;
    const [here, there] = ends;
    const connection = {
      address,
      cut: () => {
        this.#connections.delete(connection);
        for (const end of ends) end.end({ code: 1006, reason: '' });
      },
    };
    this.#connections.add(connection);
    for (const [from, to] of [
      [here, there],
      [there, here],
    ] as const) {
      from.sends = (text) => {
        this.counts.texts++;
        if (this.#chance() < this.faults.loss) {
          this.counts.lost++;
          this.#later(() => connection.cut());
          return;
        }
        this.#later(() => to.arrive(text));
        if (this.#chance() < this.faults.double) {
          this.counts.doubled++;
          this.#later(() => to.arrive(text));
        }
      };
      from.closes = (reason) => {
        this.#connections.delete(connection);
        from.end(reason);
        this.#later(() => to.end(reason));
      };
    }
    accept(there);
    return here;
  }

  #later(action: () => void): void {
    const turns = Math.floor(this.#chance() * (this.faults.delay + 1));
    void (async () => {
      for (let i = 0; i <= turns; i++) await new Promise((resolve) => setImmediate(resolve));
      action();
    })();
  }
}

class End implements Transport {
  readonly #messages = new Emitter<string>();
  readonly #closed = new Emitter<CloseReason>();
  #open = true;
  readonly onMessage = this.#messages.event;
  readonly onClose = this.#closed.event;
  sends: (text: string) => void = () => {};
  closes: (reason: CloseReason) => void = () => {};

  send(text: string): void {
    if (this.#open) this.sends(text);
  }
  close(code: number, reason: string): void {
    if (this.#open) this.closes({ code, reason });
  }
  arrive(text: string): void {
    if (this.#open) this.#messages.fire(text);
  }
  end(reason: CloseReason): void {
    if (!this.#open) return;
    this.#open = false;
    this.#closed.fire(reason);
  }
  flushed(): Promise<void> {
    return Promise.resolve();
  }
}

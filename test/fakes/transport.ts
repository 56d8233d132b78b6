// Two ends of an in-memory channel: texts arrive in order, each after a pause of its own, as on a busy network.
import { Emitter } from '../../src/base/event.ts';
import type { CloseReason, Transport } from '../../src/protocol/rpc.ts';

export interface FakeTransport extends Transport {
  /** Everything this end has sent. */
  readonly sent: string[];
  flushed(): Promise<void>;
}

/** `pause` gives the number of event-loop turns that the next text takes. */
export function transportPair(pause: () => number = () => 0): [FakeTransport, FakeTransport] {
  const ends = [new End(pause), new End(pause)] as const;
  ends[0].other = ends[1];
  ends[1].other = ends[0];
  return [ends[0], ends[1]];
}

class End implements FakeTransport {
  readonly #messages = new Emitter<string>();
  readonly #closes = new Emitter<CloseReason>();
  readonly #pause: () => number;
  #way: Promise<void> = Promise.resolve();
  #open = true;
  readonly sent: string[] = [];
  readonly onMessage = this.#messages.event;
  readonly onClose = this.#closes.event;
  other: End | undefined;

  constructor(pause: () => number) {
    this.#pause = pause;
  }

  send(text: string): void {
    this.sent.push(text);
    this.#carry(() => this.other?.arrive(text));
  }

  close(code: number, reason: string): void {
    this.#carry(() => {
      this.other?.end({ code, reason });
      this.end({ code, reason });
    });
  }

  flushed(): Promise<void> {
    return this.#way;
  }

  arrive(text: string): void {
    if (this.#open) this.#messages.fire(text);
  }

  end(reason: CloseReason): void {
    if (!this.#open) return;
    this.#open = false;
    this.#closes.fire(reason);
  }

  #carry(action: () => void): void {
    const turns = this.#pause();
    this.#way = this.#way.then(async () => {
      for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
      action();
    });
  }
}

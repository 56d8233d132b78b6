// How often a debugger is told something: at most 20 times a second, whatever a loop does. What does not fit is counted.
import type { Clock } from '../base/clock.ts';
import type { Disposable } from '../base/disposable.ts';

const intervalMs = 50;
/** Lines of log points that one interval may have. */
const lines = 200;
const lineCharacters = 4_000;

/** Calls `tell` at once when the last time is long enough ago, else when it is. The latest call of an interval counts. */
export class Paced {
  readonly #clock: Clock;
  #last = Number.NEGATIVE_INFINITY;
  #waiting: Disposable | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  tell(tell: () => void): void {
    this.#waiting?.dispose();
    const wait = this.#last + intervalMs - this.#clock.monotonic();
    if (wait <= 0) this.#tell(tell);
    else this.#waiting = this.#clock.after(wait, () => this.#tell(tell));
  }

  #tell(tell: () => void): void {
    this.#waiting = undefined;
    this.#last = this.#clock.monotonic();
    tell();
  }

  dispose(): void {
    this.#waiting?.dispose();
  }
}

export interface OutputPlace {
  readonly path: string;
  readonly line: number;
}

/** Gathers lines of output, and hands them on together. */
export class PacedOutput {
  readonly #paced: Paced;
  readonly #send: (text: string, place: OutputPlace) => void;
  #blocks: { readonly place: OutputPlace; readonly texts: string[] }[] = [];
  #count = 0;
  #omitted = 0;

  constructor(clock: Clock, send: (text: string, place: OutputPlace) => void) {
    this.#paced = new Paced(clock);
    this.#send = send;
  }

  add(text: string, place: OutputPlace): void {
    if (this.#count >= lines) this.#omitted++;
    else {
      this.#count++;
      const shown = text.length > lineCharacters ? `${text.slice(0, lineCharacters)}…` : text;
      const last = this.#blocks.at(-1);
      if (last?.place.path === place.path && last.place.line === place.line) last.texts.push(shown);
      else this.#blocks.push({ place, texts: [shown] });
    }
    this.#paced.tell(() => this.flush());
  }

  flush(): void {
    const [blocks, omitted] = [this.#blocks, this.#omitted];
    this.#blocks = [];
    this.#count = 0;
    this.#omitted = 0;
    if (omitted > 0)
      blocks
        .at(-1)
        ?.texts.push(`… ${omitted} more messages were left out: a debugger is told ${lines} at a time.`);
    // One message, whatever rows it is about; it points at the first.
    const [first] = blocks;
    if (first !== undefined) this.#send(`${blocks.flatMap(({ texts }) => texts).join('\n')}\n`, first.place);
  }

  dispose(): void {
    this.#paced.dispose();
  }
}

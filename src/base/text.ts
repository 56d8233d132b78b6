// Offsets ⇄ lines. Offsets and columns are UTF-16 code units; lines are 0-based. Line ends: LF, CRLF and CR alone.

export interface Position {
  readonly line: number;
  readonly character: number;
}

/** Start offsets of the lines of one immutable text. Building is O(n); look-ups are O(log lines). */
export class LineIndex {
  readonly #starts: number[] = [0];
  readonly length: number;

  constructor(text: string) {
    this.length = text.length;
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (c === 10 || (c === 13 && text.charCodeAt(i + 1) !== 10)) this.#starts.push(i + 1);
    }
  }

  get lineCount(): number {
    return this.#starts.length;
  }

  lineOf(offset: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  position(offset: number): Position {
    const line = this.lineOf(offset);
    return { line, character: offset - (this.#starts[line] as number) };
  }

  offset(position: Position): number {
    const start = this.#starts[Math.min(Math.max(position.line, 0), this.#starts.length - 1)] as number;
    return Math.min(start + Math.max(position.character, 0), this.length);
  }
}

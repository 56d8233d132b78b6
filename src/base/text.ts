// Offsets ⇄ lines. Offsets and columns are UTF-16 code units; lines are 0-based. Line ends: LF, CRLF and CR alone.

export interface Position {
  readonly line: number;
  readonly character: number;
}

/** Start offsets of the lines of one immutable text. Building is O(n), after an edit O(lines + edit); look-ups are O(log lines). */
export class LineIndex {
  #starts: readonly number[];
  #text: string;

  constructor(text: string) {
    this.#text = text;
    this.#starts = lineStarts(text, 0, text.length, [0]);
  }

  get length(): number {
    return this.#text.length;
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

  /** A character behind the end of its line means that end, as in the language server protocol; a line behind the last, the last. */
  offset(position: Position): number {
    const line = Math.min(Math.max(position.line, 0), this.#starts.length - 1);
    const offset = (this.#starts[line] as number) + Math.max(position.character, 0);
    const next = this.#starts[line + 1];
    if (next === undefined) return Math.min(offset, this.length);
    if (offset < next) return offset;
    return this.#text.startsWith('\r\n', next - 2) ? next - 2 : next - 1;
  }

  /** The index of `text`, which differs from this one's text in that `start..oldEnd` became `start..newEnd`. */
  edited(text: string, start: number, oldEnd: number, newEnd: number): LineIndex {
    const by = newEnd - oldEnd;
    // A carriage return and a line feed may have met or parted on either side.
    const first = Math.max(0, this.lineOf(start) - 1);
    let behind = this.lineOf(oldEnd) + 1;
    while (behind < this.#starts.length && (this.#starts[behind] as number) <= oldEnd + 1) behind++;
    const next = this.#starts[behind];
    const starts = this.#starts.slice(0, first + 1);
    lineStarts(text, starts[first] as number, next === undefined ? text.length : next + by - 1, starts);
    for (let i = behind; i < this.#starts.length; i++) starts.push((this.#starts[i] as number) + by);
    const index = new LineIndex('');
    index.#starts = starts;
    index.#text = text;
    return index;
  }
}

/** Adds to `starts` the lines that begin behind a line end within `from..to`. */
function lineStarts(text: string, from: number, to: number, starts: number[]): number[] {
  for (let i = from; i < to; i++) {
    const c = text.charCodeAt(i);
    if (c === 10 || (c === 13 && text.charCodeAt(i + 1) !== 10)) starts.push(i + 1);
  }
  return starts;
}

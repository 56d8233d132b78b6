// The lines of a tree, packed, with the ways from an offset or from a physical line to a line of the tree.
// Says nothing about nesting.
import { grown, type Tokens } from './tokens.ts';
import type { LineList, LineRole } from './tree.ts';

const roles: readonly LineRole[] = [
  'blank',
  'comment',
  'meta',
  'header',
  'subflow',
  'statement',
  'clause',
  'disabled',
  'error',
  'attachment',
  'unread',
];

export class Lines implements LineList {
  #roles = new Uint8Array(64);
  /** Index of the token behind the line. */
  #ends = new Uint32Array(64);
  /** The physical line on which the line begins; a literal of several lines makes these numbers skip some. */
  #physical = new Uint32Array(64);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  role(index: number): LineRole {
    return roles[this.#roles[index] as number] as LineRole;
  }

  tokenStart(index: number): number {
    return index === 0 ? 0 : (this.#ends[index - 1] as number);
  }

  tokenEnd(index: number): number {
    return this.#ends[index] as number;
  }

  /** 0-based. */
  physicalLine(index: number): number {
    return this.#physical[index] as number;
  }

  add(role: LineRole, tokenEnd: number, physicalLine: number): void {
    if (this.#length === this.#ends.length) this.#grow(this.#length * 2);
    this.#roles[this.#length] = roles.indexOf(role);
    this.#ends[this.#length] = tokenEnd;
    this.#physical[this.#length] = physicalLine;
    this.#length++;
  }

  #grow(capacity: number): void {
    this.#roles = grown(this.#roles, capacity, Uint8Array);
    this.#ends = grown(this.#ends, capacity, Uint32Array);
    this.#physical = grown(this.#physical, capacity, Uint32Array);
  }

  /** The last line that begins at or before `offset`. There must be one. */
  at(offset: number, tokens: Tokens): number {
    let low = 0;
    let high = this.#length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (tokens.start(this.tokenStart(middle)) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The line of the tree in which a physical line stands. */
  ofPhysical(line: number): number {
    let low = 0;
    let high = this.#length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#physical[middle] as number) <= line) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /**
   * Replaces the lines `from..to` by those of `lines`, whose tokens begin at index `firstToken` and whose physical lines at
   * `firstPhysical`. What follows moves by `byTokens` tokens and `byPhysical` physical lines.
   */
  splice(
    from: number,
    to: number,
    lines: Lines,
    firstToken: number,
    firstPhysical: number,
    byTokens: number,
    byPhysical: number,
  ): void {
    const by = lines.#length - (to - from);
    const length = this.#length + by;
    if (length > this.#ends.length) this.#grow(Math.max(length, this.#ends.length * 2));
    if (by !== 0) {
      this.#roles.copyWithin(to + by, to, this.#length);
      this.#ends.copyWithin(to + by, to, this.#length);
      this.#physical.copyWithin(to + by, to, this.#length);
    }
    for (let i = 0; i < lines.#length; i++) {
      this.#roles[from + i] = lines.#roles[i] as number;
      this.#ends[from + i] = (lines.#ends[i] as number) + firstToken;
      this.#physical[from + i] = (lines.#physical[i] as number) + firstPhysical;
    }
    const ends = this.#ends;
    const physical = this.#physical;
    for (let i = to + by; i < length; i++) {
      ends[i] = (ends[i] as number) + byTokens;
      physical[i] = (physical[i] as number) + byPhysical;
    }
    this.#length = length;
  }
}

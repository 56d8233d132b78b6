// Identifiers of runs: UUIDs of version 7, in the order in which they were made.
import { randomBytes } from 'node:crypto';

/** A source of identifiers that sort by time, also within a millisecond and when the clock is set back. */
export function orderedIds(now: () => number): () => string {
  let last = 0;
  let count = 0;
  return () => {
    const time = now();
    if (time > last) {
      last = time;
      count = 0;
    } else if (++count > 0xfff) {
      last++;
      count = 0;
    }
    const bytes = randomBytes(16);
    bytes.writeUIntBE(last, 0, 6);
    bytes.writeUInt16BE(0x7000 | count, 6);
    bytes[8] = 0x80 | ((bytes[8] as number) & 0x3f);
    const hex = bytes.toString('hex');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  };
}

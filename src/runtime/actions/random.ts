// Random choices for actions, from the platform's cryptographic source: flows use them for passwords.

/** An integer from 0 up to but excluding `bound` (1 … 2^53 − 1), every one equally likely. */
export function randomBelow(bound: number): number {
  // 53 random bits; the top of the range that does not hold `bound` evenly is drawn again.
  const limit = 2 ** 53 - (2 ** 53 % bound);
  for (;;) {
    const [high, low] = crypto.getRandomValues(new Uint32Array(2)) as unknown as [number, number];
    const value = (high >>> 11) * 2 ** 32 + low;
    if (value < limit) return value % bound;
  }
}

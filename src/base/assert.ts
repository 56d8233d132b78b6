// Proofs for the type checker.
/** Compile-time proof that a union is exhausted; at run time it names the stray value. */
export function never(value: never, what: string): never {
  throw new Error(`unexpected ${what}: ${JSON.stringify(value)}`);
}

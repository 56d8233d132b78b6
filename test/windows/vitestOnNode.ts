// The part of vitest that shared suites use, on node:test, which Windows' own node.exe runs without anything installed. `import './sharedSuites.ts'`
// makes later imports of `vitest` lead here. A matcher that is missing is an error, not a test that passes.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

export { after as afterAll, afterEach, before as beforeAll, beforeEach, describe };

export const it = Object.assign(
  (name: string, run: () => unknown) => void test(name, async () => void (await run())),
  {
    each:
      <C>(cases: readonly C[]) =>
      (name: string, run: (one: C) => unknown) => {
        for (const one of cases) it(name.replace(/%[ds]/, String(one)), () => run(one));
      },
  },
);

/** What stands for more than one value. */
class Wanted {
  readonly name: string;
  readonly isMet: (value: unknown) => boolean;
  constructor(name: string, isMet: (value: unknown) => boolean) {
    this.name = name;
    this.isMet = isMet;
  }
}

const isMatch = (value: unknown, wanted: unknown): boolean => {
  try {
    matches(value, wanted);
    return true;
  } catch {
    return false;
  }
};

function matches(value: unknown, wanted: unknown): void {
  if (wanted instanceof Wanted)
    assert.ok(wanted.isMet(value), `${JSON.stringify(value)} is not ${wanted.name}`);
  else if (typeof wanted === 'object' && wanted !== null && !Array.isArray(wanted)) {
    for (const [key, each] of Object.entries(wanted)) matches((value as Record<string, unknown>)[key], each);
  } else assert.deepEqual(value, wanted);
}

const matchersOf = (value: unknown) => ({
  toBe: (wanted: unknown) => assert.equal(value, wanted),
  toEqual: (wanted: unknown) =>
    wanted instanceof Wanted ? matches(value, wanted) : assert.deepEqual(value, wanted),
  toContain: (wanted: unknown) =>
    assert.ok((value as { includes(one: unknown): boolean }).includes(wanted), `${value} has no ${wanted}`),
  toBeGreaterThan: (wanted: number) => assert.ok((value as number) > wanted, `${value} > ${wanted}`),
  toBeGreaterThanOrEqual: (wanted: number) => assert.ok((value as number) >= wanted, `${value} >= ${wanted}`),
  toBeLessThan: (wanted: number) => assert.ok((value as number) < wanted, `${value} < ${wanted}`),
  toMatchObject: (wanted: unknown) => matches(value, wanted),
  not: {
    toContain: (unwanted: unknown) =>
      assert.ok(
        !(value as { includes(one: unknown): boolean }).includes(unwanted),
        `${value} has ${unwanted}`,
      ),
  },
});

async function thrownBy(work: unknown): Promise<unknown> {
  let thrown: unknown;
  try {
    await (work as Promise<unknown>);
  } catch (error) {
    thrown = error;
  }
  assert.notEqual(thrown, undefined, 'it did not reject');
  return thrown;
}

export const expect = Object.assign(
  (value: unknown) => ({
    ...matchersOf(value),
    rejects: {
      toBe: async (wanted: unknown) => assert.equal(await thrownBy(value), wanted),
      toMatchObject: async (wanted: unknown) => matches(await thrownBy(value), wanted),
    },
  }),
  {
    stringContaining: (text: string) =>
      new Wanted(`a text with ${text}`, (value) => String(value).includes(text)),
    arrayContaining: (some: readonly unknown[]) =>
      new Wanted(`a list with ${JSON.stringify(some)}`, (value) =>
        some.every((one) => (value as unknown[]).some((each) => isMatch(each, one))),
      ),
    poll: (
      look: () => unknown,
      { timeout, interval }: { readonly timeout: number; readonly interval: number },
    ) => ({
      async toBe(wanted: unknown) {
        for (const end = Date.now() + timeout; look() !== wanted && Date.now() < end; )
          await new Promise((resolve) => setTimeout(resolve, interval));
        assert.equal(look(), wanted);
      },
    }),
  },
);

// What passes between a shell and the process that runs tests of flows: one JSON text per line, on its standard input and output.
// Types and validators only. Everything the process reports is masked as in runs.
import * as z from 'zod/mini';

/** A file of tests. `tests`: names of those to run, in any letter case; absent: all of them. */
const selectedFile = z.object({ path: z.string(), tests: z.optional(z.array(z.string())) });

/** Shell → process. The first line is a `run`; `cancel`, and the end of the input, stop what is under way. */
export const toTester = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('run'),
    /** Paths are absolute. */
    files: z.array(selectedFile),
    /** Only tests with this text in their name, in any letter case. */
    filter: z.optional(z.string()),
    /** Report which rows of the flows under test were executed. */
    coverage: z.boolean(),
    /** How long one test may take, unless it says so itself. */
    timeoutSeconds: z.number(),
  }),
  z.object({ kind: z.literal('cancel') }),
]);
export type ToTester = z.infer<typeof toTester>;
export type TestRequest = Extract<ToTester, { kind: 'run' }>;

/** A place in a file. `path` is absolute, `line` 1-based. */
const place = z.object({ path: z.string(), line: z.number() });

/** Why a test failed, and where it stood. `expected` and `actual` are what two values read like when they were compared. */
export const testFailure = z.object({
  code: z.string(),
  message: z.string(),
  nextStep: z.string(),
  place,
  expected: z.optional(z.string()),
  actual: z.optional(z.string()),
  /** Where the flow under test failed. */
  flow: z.optional(z.object({ path: z.string(), line: z.number(), subflow: z.string(), action: z.string() })),
});
export type TestFailure = z.infer<typeof testFailure>;

/** Rows of one flow under test. Lines are 1-based. */
export const flowCoverage = z.object({
  path: z.string(),
  subflows: z.array(
    z.object({
      /** `Main`, or the name of the subflow. */
      name: z.string(),
      /** Of its FUNCTION; the first row of Main. */
      line: z.number(),
      /** How often it was entered. */
      count: z.number(),
      rows: z.array(z.object({ line: z.number(), count: z.number() })),
    }),
  ),
});
export type FlowCoverage = z.infer<typeof flowCoverage>;

/** Process → shell, in this order: per file `file`, then per test `started` and `ended`; at the end `coverage` if wanted, and `done`. */
export const fromTester = z.discriminatedUnion('kind', [
  /** A file, with the tests that will be run; with a problem none of them is. */
  z.object({
    kind: z.literal('file'),
    path: z.string(),
    tests: z.array(z.object({ name: z.string(), line: z.number() })),
    problem: z.optional(testFailure),
  }),
  z.object({
    kind: z.literal('started'),
    path: z.string(),
    test: z.string(),
    timeoutSeconds: z.number(),
  }),
  z.object({
    kind: z.literal('ended'),
    path: z.string(),
    test: z.string(),
    outcome: z.enum(['passed', 'failed', 'canceled']),
    ms: z.number(),
    /** Messages that the flows and the test logged. */
    logs: z.array(z.object({ level: z.enum(['info', 'warning', 'error']), message: z.string() })),
    failure: z.optional(testFailure),
  }),
  z.object({ kind: z.literal('coverage'), flows: z.array(flowCoverage) }),
  z.object({ kind: z.literal('done'), passed: z.number(), failed: z.number(), canceled: z.boolean() }),
]);
export type FromTester = z.infer<typeof fromTester>;
export type EndedTest = Extract<FromTester, { kind: 'ended' }>;
export type TestFileReport = Extract<FromTester, { kind: 'file' }>;

// Reporter of Node's test runner: one line of JSON for each test that ended, for `scripts/test-windows.mjs`. Prints nothing for people.
import { inspect } from 'node:util';

export default async function* report(events) {
  for await (const { type, data } of events) {
    // Failures that belong to no test, such as one in a callback after its test ended, are told as diagnostics, beside the final counts.
    if (type === 'test:diagnostic' && !/^[a-z_]+ [\d.]+$/.test(data.message))
      yield `${JSON.stringify({ diagnostic: data.message })}\n`;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const error = data.details?.error;
    const cause = error?.cause ?? error;
    // What holds tests is none itself, but may fail by a hook of its own; that tests in it failed is known from them.
    const isFollowing = error?.failureType === 'subtestsFailed';
    const isSuite = data.details?.type === 'suite' && type === 'test:pass';
    yield `${JSON.stringify({
      name: data.name,
      depth: data.nesting,
      line: data.line,
      isSuite: isSuite || isFollowing,
      outcome: type === 'test:fail' ? 'failed' : data.skip !== undefined ? 'skipped' : 'passed',
      reason: typeof data.skip === 'string' ? data.skip : undefined,
      ms: Math.round(data.details?.duration_ms ?? 0),
      message: type === 'test:fail' ? text(cause) : undefined,
    })}\n`;
  }
}

function text(cause) {
  if (cause instanceof Error) return cause.stack ?? cause.message;
  return typeof cause === 'string' ? cause : inspect(cause);
}

// Answers which tests a file of tests has: the Test Explorer shows them before anything was run.
import { testsOf } from '../../language/analysis/tests.ts';
import { parse } from '../../language/syntax/parser.ts';
import { maxFlowBytes } from '../../protocol/agent.ts';
import { type TestsParams, type TestsResult, testsRequest } from '../../protocol/editor.ts';
import type { Feature } from '../feature.ts';

export const tests: Feature = {
  register({ request }) {
    request(testsRequest, testsIn);
  },
};

/** None in a text that is larger than any flow may be. */
export function testsIn({ text }: TestsParams): TestsResult {
  return { tests: text.length > maxFlowBytes ? [] : testsOf(parse(text)) };
}

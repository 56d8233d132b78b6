// The tests in a file of tests: its global subflows. What such a file is, and why: docs/testing-flows.md.
import type { FlowFile } from '../syntax/tree.ts';

/** One test. `line` is 0-based, that of its FUNCTION; `endLine` that of its END FUNCTION, or of the last line of the file. */
export interface FlowTest {
  readonly name: string;
  readonly line: number;
  readonly endLine: number;
}

/** True for the name or path of a file of tests: `Pay invoices.test.robin`. */
export const isTestFile = (path: string): boolean => /\.test\.(?:robin|pad)$/i.test(path);

/** The tests of a file in the order of the text. Local subflows are what tests share, and no tests. */
export function testsOf({ subflows, lines }: FlowFile): FlowTest[] {
  return subflows
    .filter(({ global, name }) => global && name.text !== '')
    .map(({ name, line, endLine }) => ({ name: name.text, line, endLine: endLine ?? lines.length - 1 }));
}

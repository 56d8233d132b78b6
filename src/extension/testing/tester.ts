// How this window runs tests of flows: in a process of their own, on the Node of the settings.
import { join } from 'node:path';
import type { FromTester, TestRequest } from '../../protocol/testing.ts';
import { nodeProgram } from '../localAgent.ts';
import type { VSCode } from '../vscode.ts';

/** Runs tests, tells what happens in the order of the protocol, and resolves at the end. `signal` cancels. Rejects with a ProductError. */
export type Tester = (
  request: TestRequest,
  told: (message: FromTester) => void,
  signal: AbortSignal,
) => Promise<void>;

export function localTester(vscode: VSCode, distFolder: string): Tester {
  return async (request, told, signal) => {
    // Loaded when first needed: it must not cost activation time.
    const { runTests } = await import('../../launch/tester.ts');
    await runTests({ ...nodeProgram(vscode), script: join(distFolder, 'tester.cjs') }, request, told, signal);
  };
}

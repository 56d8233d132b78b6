// How an Excel action is made: whatever goes wrong with a workbook gets the error name of the action that was called.
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../../action.ts';
import type { Value } from '../../values.ts';
import { failure } from '../fileSystem.ts';
import { OfficeProblem } from '../office/problem.ts';
import { sessionArgument } from './arguments.ts';
import type { ExcelSession } from './session.ts';

/** `code` is the error name for everything that has no other. */
export function excelAction(
  id: string,
  code: string,
  run: (args: ActionArguments, context: ActionContext) => ActionResult | Promise<ActionResult>,
): ActionDefinition {
  return {
    id: `Excel.${id}`,
    async run(args, context) {
      try {
        context.signal.throwIfAborted();
        return await run(args, context);
      } catch (error) {
        throw asActionError(error, code);
      }
    },
  };
}

function asActionError(error: unknown, code: string): unknown {
  if (!(error instanceof OfficeProblem)) return error;
  return new ActionError(code, error.message, error.nextStep, { cause: error });
}

// biome-ignore lint/suspicious/noConfusingVoidType: most actions return nothing at all.
type Outputs = Readonly<Record<string, Value>> | void;

/** An action on an open workbook; what `run` returns are the outputs. */
export function workbookAction(
  id: string,
  code: string,
  run: (args: ActionArguments, session: ExcelSession, signal: AbortSignal) => Outputs | Promise<Outputs>,
): ActionDefinition {
  return excelAction(id, code, async (args, { signal }) => {
    const outputs = await run(args, sessionArgument(args), signal);
    return outputs ? { outputs } : {};
  });
}

/** Runs `work` on a file; what the system reports becomes the error `code`. */
export async function onFile<T>(
  code: string,
  doing: string,
  path: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof OfficeProblem) throw asActionError(error, code);
    const isSystem = typeof (error as NodeJS.ErrnoException).code === 'string';
    throw isSystem || signal.aborted ? failure(code, doing, path, error, signal) : error;
  }
}

// FlowControl actions that are calls in the text of a flow. Everything else of that module is a statement (see compile.ts).
import type { ActionDefinition } from '../action.ts';
import { CustomError } from '../errors.ts';

export const flowControlActions: readonly ActionDefinition[] = [
  {
    // The flow goes on after its block unless it is to end there (docs: safe stop).
    id: 'FlowControl.IfSafeStop',
    run: (args, { safeStopRequested }) => ({
      condition: safeStopRequested,
      endsFlow: safeStopRequested && args.boolean('ShouldStop'),
    }),
  },
  {
    id: 'FlowControl.ThrowCustomError',
    run(args) {
      throw new CustomError(args.text('CustomErrorCode'), args.text('CustomErrorMessage'));
    },
  },
];

// What can go wrong inside a flow besides the failure of an action (see action.ts). Pure data, no handling rules.
import { CodedError } from '../base/error.ts';
import { ActionError } from './action.ts';

/**
 * A mistake in the flow's own logic: a division by zero, an index out of range, a conversion that is impossible.
 * The product calls these errors "flow terminating": only a block that captures unexpected logic errors
 * (`ON BLOCK ERROR all`) sees them, rules of a single action never do.
 */
export class LogicError extends CodedError {
  override readonly name = 'LogicError';
}

/** Raised by `FlowControl.ThrowCustomError`; `code` is the flow author's own and matches `ON BLOCK ERROR 'code' IsUserDefinedErrorCode: True`. */
export class CustomError extends ActionError {
  constructor(code: string, message: string) {
    super(
      code,
      message,
      'The flow raised this error itself: look at the condition that leads to "Throw custom error".',
    );
  }
}

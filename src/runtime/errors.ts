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

// What generated code and the evaluation of a single expression both have to say.

export function notAssigned(name: string): LogicError {
  return new LogicError(
    'VariableNotAssigned',
    `The variable '${name}' has no value yet.`,
    'Assign it before this line on every way that leads here; IsEmpty and IsBlank may be asked at any time.',
  );
}

export function functionNotFound(name: string): LogicError {
  return new LogicError(
    'FunctionNotFound',
    `There is no function '${name}'.`,
    'Correct the name of the function.',
  );
}

export function notReadable(): LogicError {
  return new LogicError(
    'StatementNotReadable',
    'This line could not be read.',
    'Correct the line; "dflow check" says what is wrong.',
  );
}

export function unsupportedExpression(what: string): LogicError {
  return new LogicError(
    'UnsupportedExpression',
    `This version of Desktop Flows cannot evaluate this ${what}.`,
    'Replace it by a classic expression with %…%, or by a sensitive input.',
  );
}

// Errors that say a stable code, what happened, and what to do next.

/** What every expected failure carries. Its kinds tell who handles it: see ProductError, and the errors of a flow in runtime/. */
export abstract class CodedError extends Error {
  readonly code: string;
  readonly nextStep: string;

  constructor(code: string, message: string, nextStep: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.nextStep = nextStep;
  }
}

/**
 * An expected failure that reaches people. `code` is stable and documented in docs/errors.md; `message` says what happened and where;
 * `nextStep` says what the reader can do about it. Neither may contain a secret.
 */
export class ProductError extends CodedError {
  override readonly name = 'ProductError';
}

/** Any thrown value as a ProductError; a foreign error (a bug of ours) keeps its message under the code `InternalError`. */
export function asProductError(error: unknown): ProductError {
  if (error instanceof ProductError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ProductError(
    'InternalError',
    message,
    'This is a fault of Desktop Flows. Please report it with the exported diagnostics.',
    { cause: error },
  );
}

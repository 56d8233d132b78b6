// How a test fails, and what is told about it.
import { ActionError } from '../runtime/action.ts';

/** What a failure says besides its message. Not masked yet. */
export interface FailureDetails {
  /** How two compared values read. */
  readonly expected?: string;
  readonly actual?: string;
  /** Where the flow under test failed. `line` is 1-based. */
  readonly flow?: {
    readonly path: string;
    readonly line: number;
    readonly subflow: string;
    readonly action: string;
  };
}

/** An action of a test that says no. It fails the test also when an error rule of the test takes it. */
export class TestFailure extends ActionError {
  readonly details: FailureDetails;

  constructor(code: string, message: string, nextStep: string, details: FailureDetails = {}) {
    super(code, message, nextStep);
    this.details = details;
  }
}

// Why a debugger could not do what was asked. Shown to the person at the debugger; a flow never sees one.
import { CodedError } from '../../base/error.ts';

export class DebugError extends CodedError {
  override readonly name = 'DebugError';
}

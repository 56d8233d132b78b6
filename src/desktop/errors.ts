// What can go wrong between a flow and the windows of its session. Actions translate it into the errors of the product.
import { CodedError } from '../base/error.ts';

export type DesktopErrorCode =
  | 'WindowNotFound'
  /** Text that is no selector, or an operator, ordinal or regular expression that cannot be used. */
  | 'InvalidSelector'
  | 'ElementGone'
  | 'ElementNotReady'
  | 'PatternNotSupported'
  | 'TargetNotResponding'
  /** The target runs elevated and this process does not (UIPI). */
  | 'TargetElevated'
  | 'ScreenNotAvailable'
  | 'ClipboardBusy'
  | 'InputBlocked'
  | 'DesktopNotAvailable'
  /** A Windows function failed in a way nobody expected; the message has its name and error number. */
  | 'WindowsCallFailed';

/** `code` is one of `DesktopErrorCode`. */
export class DesktopError extends CodedError {
  override readonly name = 'DesktopError';
  declare readonly code: DesktopErrorCode;
}

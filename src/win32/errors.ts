// What Windows functions fail with: a Win32 error number or an HRESULT, the function that gave it and the words of the system.
// What such a failure means for a flow is decided by those who call.
import { CodedError } from '../base/error.ts';

/**
 * `WindowsNotAvailable`: this is not Windows. `WindowsFunctionMissing`: this edition or version lacks the function. `KoffiNotLoaded`: the
 * library that calls Windows is not there or does not fit.
 */
export type WindowsErrorCode =
  | 'WindowsCallFailed'
  | 'WindowsFunctionMissing'
  | 'WindowsNotAvailable'
  | 'KoffiNotLoaded';

/** A call of Windows that failed. `number` is the Win32 error, or the HRESULT as an unsigned number (see `isResult`). */
export class WindowsError extends CodedError {
  override readonly name = 'WindowsError';
  declare readonly code: WindowsErrorCode;
  /** Name of the function, or `Interface.Method`. */
  readonly call: string;
  readonly number: number;
  readonly isResult: boolean;

  constructor(code: WindowsErrorCode, call: string, number: number, isResult: boolean, message: string) {
    super(code, message, nextSteps[code]);
    this.call = call;
    this.number = number;
    this.isResult = isResult;
  }
}

const nextSteps: Readonly<Record<WindowsErrorCode, string>> = {
  WindowsCallFailed: 'Read what Windows says; the number can be looked up in its documentation.',
  WindowsFunctionMissing:
    'This version of Windows does not have the function. Use Windows 10 1809, Windows Server 2019 or later.',
  WindowsNotAvailable: 'Run this on Windows.',
  KoffiNotLoaded:
    'Install Desktop Flows again: its folder `lib` is incomplete, or made for another kind of processor.',
};

/** Win32 error numbers that callers ask for (winerror.h). */
export const win32 = {
  success: 0,
  fileNotFound: 2,
  pathNotFound: 3,
  accessDenied: 5,
  invalidHandle: 6,
  notSupported: 50,
  invalidParameter: 87,
  callNotImplemented: 120,
  insufficientBuffer: 122,
  alreadyExists: 183,
  envVariableNotFound: 203,
  moreData: 234,
  noMoreItems: 259,
  privilegeNotHeld: 1314,
  logonFailure: 1326,
  noneMapped: 1332,
  invalidWindowHandle: 1400,
  timeout: 1460,
  serviceAlreadyRunning: 1056,
  serviceDoesNotExist: 1060,
  serviceNotActive: 1062,
  serviceMarkedForDelete: 1072,
  serviceExists: 1073,
  notFound: 1168,
} as const;

/** HRESULTs that callers ask for, unsigned. */
export const results = {
  notImplemented: 0x80004001,
  noInterface: 0x80004002,
  fail: 0x80004005,
  /** COM server gone: RPC_E_DISCONNECTED, RPC_S_SERVER_UNAVAILABLE, RPC_S_CALL_FAILED. */
  disconnected: 0x80010108,
  serverUnavailable: 0x800706ba,
  callFailed: 0x800706be,
  accessDenied: 0x80070005,
  invalidArgument: 0x80070057,
  classNotRegistered: 0x80040154,
  /** UIA_E_*: the element refuses, is gone, … */
  elementNotEnabled: 0x80040200,
  elementNotAvailable: 0x80040201,
  noClickablePoint: 0x80040202,
  timeout: 0x80131505,
  invalidOperation: 0x80131509,
} as const;

/** What HRESULTs mean for which Windows has no text of its own. */
export const resultTexts: Readonly<Record<number, string>> = {
  [results.elementNotEnabled]: 'the element is disabled',
  [results.elementNotAvailable]: 'the element is gone',
  [results.noClickablePoint]: 'the element has no point that can be clicked',
  [results.timeout]: 'the program did not answer in time',
  [results.invalidOperation]: 'the element cannot do that now',
};

/** True when `error` is a failed call with this Win32 number, plain or wrapped into an HRESULT (0x8007xxxx), or this HRESULT. */
export function failedWith(error: unknown, number: number): error is WindowsError {
  if (!(error instanceof WindowsError) || error.code !== 'WindowsCallFailed') return false;
  return (
    error.number === number || (error.isResult && number <= 0xffff && error.number === 0x80070000 + number)
  );
}

/** `0x80040201` for HRESULTs and other large numbers, else decimal. */
export function spellNumber(number: number, isResult: boolean): string {
  return isResult ? `0x${(number >>> 0).toString(16).padStart(8, '0')}` : String(number);
}

// What the Desktop and its thread say to one another. Only both ends know it.
import type { Desktop } from './desktop.ts';
import type { DesktopErrorCode } from './errors.ts';

/** Methods that are carried out in the thread: all but those that only concern the thread itself. */
export const remoteMethods = [
  'windows',
  'changeWindow',
  'find',
  'elementAt',
  'facts',
  'state',
  'property',
  'change',
  'below',
  'ancestors',
  'items',
  'table',
  'clickPoint',
  'mousePosition',
  'moveMouse',
  'mouseButton',
  'wheel',
  'keys',
  'keyState',
  'keyboardLayout',
  'setKeyboardLayout',
  'blockInput',
  'hotKey',
  'cursor',
  'screens',
  'setResolution',
  'capture',
  'clipboardText',
  'setClipboard',
  'lock',
  'isLocked',
] as const satisfies readonly (keyof Desktop)[];

export type RemoteMethod = (typeof remoteMethods)[number];

export type ToThread =
  | {
      readonly kind: 'call';
      readonly id: number;
      readonly method: RemoteMethod;
      /** Without the signal. */
      readonly args: readonly unknown[];
    }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'release'; readonly refs: readonly number[] }
  /** Is answered at once unless a native call blocks the thread. */
  | { readonly kind: 'ping' }
  | { readonly kind: 'dispose' };

export type FromThread =
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly failure: Failure }
  | { readonly kind: 'pong' };

/** An error without its class; `code` is undefined for errors that nobody expected. */
export interface Failure {
  readonly code: DesktopErrorCode | undefined;
  readonly message: string;
  readonly nextStep: string;
}

/** What the thread is started with: its refs begin behind `firstRef`, so that those of threads before it are never its own. */
export interface ThreadData {
  readonly firstRef: number;
}

/** So many refs has a thread before those of the next one begin. */
export const refsPerThread = 2 ** 32;

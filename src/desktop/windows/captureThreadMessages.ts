// What whoever captures and the thread with the hooks say to one another. Only both ends know it.
import type { HeardInput } from '../capture/session.ts';
import type { Rectangle } from '../desktop.ts';

export interface CaptureThreadData {
  /** `show`: nothing is heard, frames are shown. */
  readonly what: 'record' | 'inspect' | 'show';
  /** One Int32: the number of the last input whose element was found; the thread waits for it. */
  readonly found: SharedArrayBuffer;
}

export type FromCaptureThread =
  | { readonly kind: 'ready' }
  | { readonly kind: 'heard'; readonly id: number; readonly input: HeardInput };

export type ToCaptureThread =
  | { readonly kind: 'frame'; readonly rectangles: readonly Rectangle[] }
  | { readonly kind: 'end' };

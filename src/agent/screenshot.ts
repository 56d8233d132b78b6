// The picture of the desktop of a run that failed, as it is kept among the run's events.
import { ProductError } from '../base/error.ts';
import type { Run, RunEvent } from '../protocol/run.ts';

const pageBytes = 8 * 1024 * 1024;

/** As in an event. */
export interface Screenshot {
  readonly width: number;
  readonly height: number;
  readonly png: string;
}

/** `events`: those of the run after a number, in order, about so many bytes of them. Throws `ScreenshotNotFound`. */
export async function screenshotOf(
  { id, flow, state, error }: Run,
  events: (after: number, maxBytes: number, runId: string) => Promise<readonly RunEvent[]>,
): Promise<Screenshot> {
  const told = error?.screenshot;
  if (told !== undefined && 'width' in told) {
    for (let page = await events(0, pageBytes, id); page.length > 0; ) {
      for (const event of page)
        if (event.kind === 'screenshot' && event.png !== undefined)
          return { width: event.width, height: event.height, png: event.png };
      page = await events((page.at(-1) as RunEvent).seq, pageBytes, id);
    }
  }
  throw new ProductError(
    'ScreenshotNotFound',
    `The run of ${flow.name} (${state}) has no screenshot: ${told !== undefined && 'none' in told ? told.none : 'only runs that fail take one, unless that is switched off'}.`,
    'See where and why it failed: dflow runs show, dflow runs log.',
  );
}

/** An event as clients get it: who wants the picture asks for it. */
export function withoutPicture(event: RunEvent): RunEvent {
  if (event.kind !== 'screenshot') return event;
  const { png: _png, ...rest } = event;
  return rest;
}

// Makes short work look long, so that a test need not wait until an action lets others have their turn.
import { afterEach, beforeEach, vi } from 'vitest';

/** In the tests around the call, 60 ms go by whenever somebody looks at `performance.now`. */
export function slowClock(): void {
  beforeEach(() => {
    let now = performance.now();
    vi.spyOn(performance, 'now').mockImplementation(() => {
      now += 60;
      return now;
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
}

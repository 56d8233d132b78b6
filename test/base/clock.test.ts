// The clock of the system: the platform's timers break beyond 24.8 days, ours do not.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const day = 24 * 60 * 60_000;

test.each([0, 1_000, 24 * day, 25 * day, 60 * day])('after %d ms, once, and not before', (ms) => {
  const action = vi.fn();
  systemClock.after(ms, action);
  vi.advanceTimersByTime(Math.max(0, ms - 1));
  expect(action).toHaveBeenCalledTimes(ms === 0 ? 1 : 0);
  vi.advanceTimersByTime(100 * day);
  expect(action).toHaveBeenCalledTimes(1);
});

test('not at all when it is given up, also in a later stretch', () => {
  const action = vi.fn();
  const timer = systemClock.after(60 * day, action);
  vi.advanceTimersByTime(30 * day);
  timer.dispose();
  vi.advanceTimersByTime(100 * day);
  expect(action).not.toHaveBeenCalled();
});

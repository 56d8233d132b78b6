// Actions that need Windows: reported where the machine that will run the flow is known to be another one, and nowhere else.
import { expect, it } from 'vitest';
import { check } from '../../../src/language/checks/check.ts';
import { isBlocking } from '../../../src/language/diagnostics.ts';
import { parse } from '../../../src/language/syntax/parser.ts';

const flow = parse(
  'MouseAndKeyboard.MoveMouse X: 1 Y: 2 MovementStyle: MouseAndKeyboard.MovementStyle.Instant\n',
);
const unsupported = (system?: 'windows' | 'other', blockingOnly = false) =>
  check(flow, { blockingOnly, ...(system !== undefined && { system }) }).filter(
    ({ code }) => code === 'ActionUnsupported',
  );

it('is said by name on other systems, and forbids a run there', () => {
  const [found, ...others] = unsupported('other');
  expect(others).toEqual([]);
  expect(found?.message).toBe(
    '“Move mouse” (MouseAndKeyboard.MoveMouse) is not supported by this agent: it needs Windows.',
  );
  expect(found?.needs).toBe('windows');
  expect(found && isBlocking(found)).toBe(true);
  expect(unsupported('other', true)).toHaveLength(1);
});

it('is not said on Windows, nor where nobody knows which machine it will be', () => {
  expect(unsupported('windows')).toEqual([]);
  expect(unsupported()).toEqual([]);
});

it('its other mistakes are said everywhere', () => {
  const wrong = parse('MouseAndKeyboard.MoveMouse X: 1\n');
  for (const system of ['windows', 'other'] as const)
    expect(check(wrong, { system }).some(({ code }) => code === 'ArgumentMissing')).toBe(true);
});

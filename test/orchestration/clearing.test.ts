// What a session policy allows against one session. Which sessions are in the way of a run: placement.test.ts.
import { expect, test } from 'vitest';
import { meansAgainst } from '../../src/orchestration/clearing.ts';
import type { PlacementSettings } from '../../src/protocol/fleet.ts';
import { session } from './fleet.ts';

const policies: readonly PlacementSettings['sessionPolicy'][] = [
  'wait',
  'ask',
  'disconnect',
  'signOut',
  'signOutConsole',
];

function told(text: string, policy: PlacementSettings['sessionPolicy']): string {
  const facts = session(text);
  const means = meansAgainst(
    { ...facts, ...(text.includes('declined') && { declined: true }) },
    policy,
    text.includes('reusable'),
  );
  if (means.kind !== 'clear') return means.kind === 'later' ? means.because : 'never';
  const { clearing } = means;
  expect(clearing).toMatchObject({ session: facts.id, state: facts.state, sort: facts.kind });
  return `${clearing.ask ? 'ask ' : ''}${clearing.act}`;
}

/** In the order of `policies`. */
test.each([
  ['bob', 'never', 'ask signOut', 'never', 'signOut', 'signOut'],
  ['bob reusable', 'never', 'ask disconnect', 'disconnect', 'signOut', 'signOut'],
  ['bob console', 'never', 'ask signOut', 'never', 'ask signOut', 'signOut'],
  ['bob console reusable', 'never', 'ask disconnect', 'ask disconnect', 'ask disconnect', 'signOut'],
  ['bob declined', 'never', 'declined', 'never', 'signOut', 'signOut'],
  ['bob console declined', 'never', 'declined', 'never', 'declined', 'signOut'],
  ['bob console reusable declined', 'never', 'declined', 'declined', 'declined', 'signOut'],
  ['bob locked', 'never', 'away', 'never', 'signOut', 'signOut'],
  ['bob locked console', 'never', 'away', 'never', 'signOut', 'signOut'],
  ['bob disconnected', 'never', 'away', 'never', 'signOut', 'signOut'],
  ['bob connecting', 'never', 'signingIn', 'never', 'signingIn', 'signingIn'],
  ['bob connecting reusable', 'never', 'signingIn', 'signingIn', 'signingIn', 'signingIn'],
])('%s', (text, ...expected) => {
  expect(policies.map((policy) => told(text, policy))).toEqual(expected);
});

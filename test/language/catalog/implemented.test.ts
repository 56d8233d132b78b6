// The list that says what this agent supports is derived from the runtime's table: `node scripts/generate-implemented.ts`.
import { expect, test } from 'vitest';
import { canonicalId, isImplemented, neededSystem } from '../../../src/language/catalog/catalog.ts';
import implemented from '../../../src/language/catalog/implemented.json' with { type: 'json' };
import { actionTable } from '../../../src/runtime/actions/index.ts';

test('the committed list equals the runtime’s table, and the catalog knows every id', () => {
  const ids = (needs: 'windows' | undefined) =>
    [...actionTable.values()]
      .filter((definition) => definition.needs === needs)
      .map(({ id }) => id)
      .sort();
  expect(implemented).toEqual({ any: ids(undefined), windows: ids('windows') });
  for (const [key, { id }] of actionTable) expect([key, canonicalId(id)]).toEqual([id.toLowerCase(), id]);
});

test('an action that needs Windows is implemented, and says so', () => {
  expect(isImplemented('MouseAndKeyboard.MoveMouse')).toBe(true);
  expect(neededSystem('mouseandkeyboard.movemouse')).toBe('windows');
  expect(neededSystem('Variables.ClearList')).toBeUndefined();
  expect(neededSystem('UIAutomation.IfRemoteDesktopIsAvailable')).toBeUndefined();
});

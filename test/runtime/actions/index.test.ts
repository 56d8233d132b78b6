// The table of all actions against the catalog.
import { expect, test } from 'vitest';
import { canonicalId } from '../../../src/language/catalog/catalog.ts';
import { actionDefinitions, actionTable } from '../../../src/runtime/actions/index.ts';

test('every id is the newest one of the catalog, spelled as there, and defined once', () => {
  const ids = actionDefinitions.map((definition) => definition.id);
  expect(ids.map(canonicalId)).toEqual(ids);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  expect(actionTable.size).toBe(ids.length);
});

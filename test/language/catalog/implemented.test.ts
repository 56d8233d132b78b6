// The list that says what this agent supports is derived from the runtime's table: `node scripts/generate-implemented.ts`.
import { expect, test } from 'vitest';
import { canonicalId } from '../../../src/language/catalog/catalog.ts';
import implemented from '../../../src/language/catalog/implemented.json' with { type: 'json' };
import { actionTable } from '../../../src/runtime/actions/index.ts';

test('the committed list equals the runtime’s table, and the catalog knows every id', () => {
  const ids = [...actionTable.values()].map(({ id }) => id).sort();
  expect(implemented).toEqual(ids);
  for (const [key, { id }] of actionTable) expect([key, canonicalId(id)]).toEqual([id.toLowerCase(), id]);
});

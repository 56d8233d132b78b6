// Writes src/language/catalog/implemented.json: the ids of all actions the runtime has, derived from its action table.
// Run it after adding an action: node scripts/generate-implemented.ts
import { writeFileSync } from 'node:fs';
import { canonicalId } from '../src/language/catalog/catalog.ts';
import { actionTable } from '../src/runtime/actions/index.ts';

const ids = [...actionTable.values()].map(({ id }) => {
  if (canonicalId(id) !== id) throw new Error(`the catalog has no action with exactly the id ${id}`);
  return id;
});
const target = new URL('../src/language/catalog/implemented.json', import.meta.url);
writeFileSync(target, `${JSON.stringify(ids.sort(), undefined, 2)}\n`);

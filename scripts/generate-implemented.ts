// Writes src/language/catalog/implemented.json: the ids of all actions the runtime has, by the system they
// need, derived from its action table.
// Run it after adding an action: node scripts/generate-implemented.ts
import { writeFileSync } from 'node:fs';
import { canonicalId } from '../src/language/catalog/catalog.ts';
import type { ActionDefinition } from '../src/runtime/action.ts';
import { actionTable } from '../src/runtime/actions/index.ts';

const ids = (needs: ActionDefinition['needs']): string[] =>
  [...actionTable.values()]
    .filter((definition) => definition.needs === needs)
    .map(({ id }) => {
      if (canonicalId(id) !== id) throw new Error(`the catalog has no action with exactly the id ${id}`);
      return id;
    })
    .sort();
const target = new URL('../src/language/catalog/implemented.json', import.meta.url);
writeFileSync(target, `${JSON.stringify({ any: ids(undefined), windows: ids('windows') }, undefined, 2)}\n`);

// What the Variables, Text and DateTime modules leave out of the catalog, by name.
import { describe, expect, it } from 'vitest';
import { actionIds, findAction } from '../../../src/language/catalog/catalog.ts';
import { dateTimeActions } from '../../../src/runtime/actions/dateTime.ts';
import { textActions } from '../../../src/runtime/actions/text.ts';
import { variablesActions } from '../../../src/runtime/actions/variables.ts';

describe.each([
  ['Variables', variablesActions, []],
  ['Text', textActions, ['Text.RecognizeEntitiesInText']],
  ['DateTime', dateTimeActions, []],
] as const)('%s', (module, definitions, leftOut) => {
  const ids = definitions.map(({ id }) => id);

  it('carries out every current id of the catalog but the ones named here', () => {
    const wanted = actionIds().filter((id) => {
      const found = findAction(id);
      return id.startsWith(`${module}.`) && found?.replacedBy === undefined && !found?.definition.removed;
    });
    expect(wanted.filter((id) => !ids.includes(id))).toEqual(leftOut);
  });

  it('has only ids of the catalog, each once', () => {
    expect(ids.filter((id) => findAction(id)?.definition.id !== id)).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

// What the editor offers as properties of a type (language/analysis/properties.ts) is what a value of that type has at run time, and the
// other way round.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { propertiesAreKnown, propertiesOf } from '../../src/language/analysis/properties.ts';
import { fileValue, folderValue } from '../../src/runtime/actions/fileSystem.ts';
import { LogicError } from '../../src/runtime/errors.ts';
import { property } from '../../src/runtime/operations.ts';
import {
  Datarow,
  Datatable,
  ErrorValue,
  FlowDatetime,
  typeName,
  type Value,
} from '../../src/runtime/values.ts';

const folder = mkdtempSync(join(tmpdir(), 'properties-'));
writeFileSync(join(folder, 'a.txt'), 'x');
afterAll(() => rmSync(folder, { recursive: true }));

const table = new Datatable(['A'], [[1]]);
const error = new ErrorValue({
  actionIndex: 1,
  actionName: 'SET',
  errorDetails: 'd',
  location: 'l',
  message: 'm',
  subflowName: 'Main',
});
const examples: [string, Value][] = [
  ['Text', 'abc'],
  ['Datetime', FlowDatetime.of(2026, 1, 31)],
  ['List', [1]],
  ['Datatable', table],
  ['Datarow', new Datarow(table, [1])],
  ['Error', error],
  ['File', await fileValue(join(folder, 'a.txt'))],
  ['Folder', await folderValue(folder)],
];
const everyName = [...new Set(examples.flatMap(([type]) => propertiesOf(type).map(({ name }) => name)))];
/** Names of types as the editor calls the values of a property. */
const kinds: Readonly<Record<string, string>> = { Text: 'Text', Number: 'Number', Boolean: 'Boolean' };

describe.each(examples)('%s', (type, value) => {
  it('has the properties the editor knows, of the types it says', () => {
    expect(propertiesOf(type).length).toBeGreaterThan(0);
    for (const { name, type: told } of propertiesOf(type)) {
      const got = property(value, name);
      expect(property(value, name.toUpperCase())).toEqual(got);
      const kind = told === undefined ? undefined : (kinds[told.name] ?? told.name);
      if (kind !== undefined) expect([name, typeName(got)]).toEqual([name, kind]);
    }
  });

  it('has no others', () => {
    const known = new Set(propertiesOf(type).map(({ name }) => name.toLowerCase()));
    for (const name of everyName.filter((each) => !known.has(each.toLowerCase())))
      expect(() => property(value, name)).toThrow(LogicError);
  });
});

it.each([5, true, null])('%s has none', (value) => {
  for (const name of everyName) expect(() => property(value, name)).toThrow(LogicError);
});

it('the types of what actions hold open are types the editor knows', () => {
  const source = join(import.meta.dirname, '..', '..', 'src', 'runtime', 'actions');
  const names = new Set<string>();
  for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
    const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
    for (const [, name] of text.matchAll(/new InstanceValue\(\s*'([^']+)'/g)) names.add(name as string);
  }
  expect(names.size).toBeGreaterThan(3);
  // No page describes the properties of these.
  const undescribed = [...names].filter((name) => !propertiesAreKnown(name));
  expect(undescribed.sort()).toEqual(['OCR engine', 'UI element', 'Word instance', 'Work queue item']);
});

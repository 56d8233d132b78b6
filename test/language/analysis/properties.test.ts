// What is documented about types: names as people know them, properties in any letter case, functions.
import { describe, expect, test } from 'vitest';
import {
  catalogType,
  expressionFunctions,
  findFunction,
  findProperty,
  outputType,
  propertiesAreKnown,
  propertiesOf,
  typeLabel,
  valueType,
} from '../../../src/language/analysis/properties.ts';
import { actionIds, findAction } from '../../../src/language/catalog/catalog.ts';

test.each([
  ['String', 'Text'],
  ['int32', 'Number'],
  ['Decimal', 'Number'],
  ['Nullable<Int32>', 'Number'],
  ['DataTable', 'Datatable'],
  ['List', 'List'],
  ['List<FileObject>', 'List of File'],
  ['List<Object>', 'List'],
  ['ExcelInstanceHandle', 'Excel instance'],
  ['WebBrowserInstanceHandle', 'Web browser instance'],
  ['EncryptableObject', 'Text'],
  ['Object', undefined],
  ['Nullable', undefined],
  ['Text.CaseOption', undefined],
  ['', undefined],
])('people call %s %s', (type, label) => {
  const known = catalogType(type);
  expect(known && typeLabel(known)).toBe(label);
});

test('one type is one object', () => {
  expect(catalogType('List<String>')).toBe(valueType('List', valueType('Text')));
});

describe('outputs', () => {
  test.each([
    ['File.ReadTextFromFile.ReadText', 'content', 'Text'],
    ['Folder.GetFiles', 'Files', 'List of File'],
    ['Text.SplitText.Split', 'Result', 'List of Text'],
    ['Text.Replace', 'Result', 'Text'],
    ['Excel.ReadFromExcel.ReadCell', 'CellValue', undefined],
    ['Cyberark.GetPassword.GetPassword', 'Password', undefined],
    ['Text.Trim', 'Nothing', undefined],
    ['No.Such', 'Result', undefined],
  ])('%s gives %s of type %s', (action, output, label) => {
    const type = outputType(action, output);
    expect(type && typeLabel(type)).toBe(label);
  });

  test('of most actions have a type', () => {
    const outputs = actionIds().flatMap((id) =>
      (findAction(id)?.writtenAs.outputs ?? []).map((output) => outputType(id, output.name)),
    );
    expect(outputs.filter((type) => type !== undefined).length / outputs.length).toBeGreaterThan(0.9);
  });
});

describe('properties', () => {
  test('are found in any letter case, as the documentation and as flows write them', () => {
    expect(findProperty('Text', 'isEmpty')).toBe(findProperty('Text', 'ISEMPTY'));
    expect(findProperty('File', 'creationtime')?.type?.name).toBe('Datetime');
    expect(findProperty('Datatable', 'Columns')?.type).toBe(valueType('List', valueType('Text')));
    expect(findProperty('List', 'IsEmpty')).toBeUndefined();
    expect(findProperty('Custom object', 'Name')).toBeUndefined();
  });

  test('are all that a described type has, and nothing is said of others', () => {
    expect(['Text', 'List', 'Number', 'Error'].map(propertiesAreKnown)).toEqual([true, true, true, true]);
    expect(['Custom object', 'Work queue item', 'General value'].map(propertiesAreKnown)).toEqual([
      false,
      false,
      false,
    ]);
    expect(propertiesOf('Number')).toEqual([]);
  });

  test('and functions have one line about them', () => {
    const types = [
      'Text',
      'Datetime',
      'List',
      'Datatable',
      'Datarow',
      'File',
      'Folder',
      'Error',
      'Outlook mail message',
    ];
    for (const { description } of [...types.flatMap(propertiesOf), ...expressionFunctions]) {
      expect(description).toMatch(/^[A-Z][^\n]*\.$/);
    }
  });
});

test('functions are found in any letter case, with their type', () => {
  expect(findFunction('CONTAINS')).toMatchObject({ required: 2, type: { name: 'Boolean' } });
  expect(findFunction('Blank')?.type).toBeUndefined();
  expect(findFunction('Sum')).toBeUndefined();
});

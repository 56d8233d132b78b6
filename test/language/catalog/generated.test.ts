// The committed catalog is what scripts/catalog generates, and unsound facts never become a catalog.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { generateCatalog } from '../../../scripts/catalog/generate.ts';
import { errorName, problemsOf, readableName, readSources } from '../../../scripts/catalog/sources.ts';

const sources = readSources();

test('the committed data is current (node scripts/catalog/generate.ts)', () => {
  const files = generateCatalog(sources);
  expect(Object.keys(files)).toEqual(['actions.json', 'enums.json', 'statements.json']);
  for (const [name, contents] of Object.entries(files)) {
    const file = new URL(`../../../src/language/catalog/${name}`, import.meta.url);
    expect(readFileSync(file, 'utf8') === contents, name).toBe(true);
  }
});

describe('the facts', () => {
  test('are sound', () => {
    expect(problemsOf(sources)).toEqual([]);
  });

  // biome-ignore lint/suspicious/noExplicitAny: the tests break what the types promise.
  const broken: [string, (copy: any) => void, string][] = [
    [
      'two ids that differ in letter case only',
      ({ modules, descriptions }) => {
        modules.Clipboard.actions.CLEAR = { displayName: 'Clear' };
        descriptions.modules.Clipboard.actions.CLEAR = 'Empties it';
      },
      'Clipboard.CLEAR: the id stands twice',
    ],
    [
      'an action without description',
      ({ descriptions }) => delete descriptions.modules.File.actions.Copy,
      'File.Copy: has no description',
    ],
    [
      'a description with a full stop',
      ({ descriptions }) => {
        descriptions.modules.File.actions.Copy = 'Copies.';
      },
      'File.Copy: a description is one line of fewer than 110 characters, with a capital and no full stop',
    ],
    [
      'a description of nothing',
      ({ descriptions }) => {
        descriptions.modules.File.actions.Coppy = 'Copies files';
      },
      'File.Coppy: is described but has no facts',
    ],
    [
      'an action without display name',
      ({ modules }) => {
        modules.File.actions.Copy.displayName = ' ';
      },
      'File.Copy: has no display name',
    ],
    [
      'an unknown type',
      ({ modules }) => {
        modules.File.actions.Copy.arguments[0].type = 'List<Fiel>';
      },
      'File.Copy: the type List<Fiel> is unknown',
    ],
    [
      'an enum that nobody has',
      ({ modules }) => delete modules.File.enums.IfExists,
      'File.Copy: the type File.IfExists is unknown',
    ],
    [
      'a default that is no member',
      ({ modules }) => {
        modules.Compression.actions.ZipFiles.arguments[2].default = 'Tiny';
      },
      'Compression.ZipFiles: the default of CompressionLevel is no member of Compression.CompressionLevel',
    ],
    [
      'a required argument with a default',
      ({ modules }) => {
        modules.File.actions.Copy.arguments[0].default = '';
      },
      'File.Copy: Files is required and has a default',
    ],
    [
      'an argument given twice',
      ({ modules }) => modules.File.actions.Copy.arguments.push({ name: 'FILES' }),
      'File.Copy: the argument FILES stands twice',
    ],
    [
      'a variable name that is none',
      ({ modules }) => {
        modules.File.actions.GetTempPath.outputs[0].variable = '2nd file';
      },
      'File.GetTempPath: 2nd file is no name of a variable',
    ],
    [
      'an older id that leads nowhere',
      ({ modules }) => {
        modules.File.actions.Rename.aliasOf = 'File.Gone';
      },
      'File.Rename: leads to File.Gone, which is no id',
    ],
    [
      'older ids that lead in a circle',
      ({ modules }) => {
        modules.File.actions.RenameFiles.variants.Rename.aliasOf = 'File.Rename';
      },
      'File.Rename: leads back to itself',
    ],
    [
      'an error name for a title the action does not have',
      ({ errors }) => {
        errors.seen['File.Delete'] = { 'Disk on fire': 'DiskOnFireError' };
      },
      'File.Delete: has no error “Disk on fire”',
    ],
    [
      'two errors under one name',
      ({ modules }) => modules.File.actions.Delete.errors.push('Failed to delete file'),
      'File.Delete: two errors have the name DeleteFileError',
    ],
    [
      'a hint for an argument nobody has',
      ({ descriptions }) => {
        descriptions.arguments['File.Copy/Speed'] = 'How fast';
      },
      'File.Copy/Speed: is described but no action has it',
    ],
  ];
  test.each(broken)('%s is a problem', (_, damage, problem) => {
    const copy = structuredClone(sources);
    damage(copy);
    expect(problemsOf(copy)).toContain(problem);
    expect(() => generateCatalog(copy)).toThrow(problem);
  });
});

test.each([
  ['Failed to copy file', 'CopyFileError'],
  ["Can't delete the file", 'DeleteFileError'],
  ["Folder doesn't exist", 'FolderNotFoundError'],
  ['Archive not found', 'ArchiveNotFoundError'],
  ["Archive isn't a valid ZIP file", 'InvalidArchiveError'],
  ['Column index is out of range', 'ColumnIndexOutOfRangeError'],
  ['Conversion failed', 'ConversionError'],
  ['Timeout error', 'TimeoutError'],
  ['Error parsing the JSON', 'JsonParsingError'],
  ['Process with specified ID not running', 'ProcessWithSpecifiedIdNotRunningError'],
])('the error “%s” is probably called %s', (title, name) => {
  expect(errorName(title)).toBe(name);
});

test.each([
  ['TextToFind', 'Text to find'],
  ['CSVFile', 'CSV file'],
  ['SortBy1', 'Sort by1'],
  ['IsRegEx', 'Is reg ex'],
  ['X', 'X'],
])('%s reads %s', (name, readable) => {
  expect(readableName(name)).toBe(readable);
});

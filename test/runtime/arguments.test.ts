// The arguments of a call as an action sees them.
import { describe, expect, it } from 'vitest';
import { findAction } from '../../src/language/catalog/catalog.ts';
import { ArgumentShape, CallArguments, resolvePath } from '../../src/runtime/arguments.ts';
import { EnumValue, FileValue, type Value } from '../../src/runtime/values.ts';

function given(id: string, args: Readonly<Record<string, Value>>, folder = '/flows'): CallArguments {
  const names = Object.keys(args);
  const dynamic = names.map((name) => name.startsWith('@'));
  const plain = names.map((name) => name.replace('@', ''));
  const shape = new ArgumentShape(id, findAction(id)?.definition, plain, dynamic);
  return new CallArguments(shape, Object.values(args), folder);
}
const refused = expect.objectContaining({ name: 'ActionError', code: 'InvalidArgument' });

describe('arguments', () => {
  it('are found by name in any letter case', () => {
    expect(given('Text.ToNumber', { tExT: '5' }).text('Text')).toBe('5');
  });

  it('have the default of the catalog when they are left out', () => {
    const args = given('Text.ChangeCase', {});
    expect(args.member('NewCase')).toBe('UpperCase');
    expect(args.has('NewCase')).toBe(false);
    expect(given('Variables.IncreaseVariable', {}).value('Value')).toBeNull();
  });

  it('a blank one counts as not given', () => {
    expect(given('Text.ToNumber', { Text: '' }).has('Text')).toBe(false);
    expect(given('Text.ToNumber', { Text: null }).has('Text')).toBe(false);
    expect(given('Text.ToNumber', { Text: ' ' }).has('Text')).toBe(true);
  });

  it('enum members come as the catalog spells them, from a member or a text', () => {
    expect(
      given('Text.ChangeCase', { NewCase: new EnumValue('Text.CaseOption', 'titlecase') }).member('NewCase'),
    ).toBe('TitleCase');
    expect(given('Text.ChangeCase', { NewCase: 'LOWERCASE' }).member('NewCase')).toBe('LowerCase');
    expect(() => given('Text.ChangeCase', { NewCase: 'Sideways' }).member('NewCase')).toThrow(refused);
  });

  it('convert text to the type the action asks for, or say what is wrong', () => {
    const args = given('Variables.IncreaseVariable', {
      Value: ' 1.5 ',
      IncrementValue: 'x',
      Flag: 'TRUE',
      List: 5,
    });
    expect(args.number('Value')).toBe(1.5);
    expect(args.boolean('Flag')).toBe(true);
    expect(() => args.integer('Value')).toThrow(refused);
    expect(() => args.number('IncrementValue')).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/'x'.*"IncrementValue".*Variables\.IncreaseVariable.*a number/),
      }),
    );
    expect(() => args.list('List')).toThrow(refused);
    expect(() => args.boolean('Value')).toThrow(refused);
  });

  it('a list is the list itself, so that an action can change it', () => {
    const list: Value[] = [1];
    given('Variables.AddItemToList', { List: list }).list('List').push(2);
    expect(list).toEqual([1, 2]);
  });

  it('dynamic ones keep their order and are no plain ones', () => {
    const args = given('Text.ToNumber', { '@b': 1, Text: 'x', '@a': 2 });
    expect(args.dynamic).toEqual([
      { name: 'b', value: 1 },
      { name: 'a', value: 2 },
    ]);
    expect(args.has('a')).toBe(false);
  });

  it('paths come from texts, files and lists of both', () => {
    const file = new FileValue('/data/a.txt', new Map());
    expect(given('File.Delete', { Files: file }).path('Files')).toBe('/data/a.txt');
    expect(given('File.Delete', { Files: [file, 'b.txt'] }).paths('Files')).toEqual([
      '/data/a.txt',
      '/flows/b.txt',
    ]);
    expect(() => given('File.Delete', { Files: '' }).path('Files')).toThrow(refused);
    expect(() => given('File.Delete', { Files: ['a', 5] }).paths('Files')).toThrow(refused);
  });
});

describe('a path of a flow', () => {
  it.each([
    ['/flows', 'a.txt', '/flows/a.txt'],
    ['/flows', 'sub\\a.txt', '/flows/sub/a.txt'],
    ['/flows/', '..\\a.txt', '/flows/../a.txt'],
    ['/flows', '/tmp/a.txt', '/tmp/a.txt'],
    ['/flows', '/tmp\\b\\a.txt', '/tmp/b/a.txt'],
    ['/flows', 'C:\\data\\a.txt', 'C:\\data\\a.txt'],
    ['C:\\flows', 'sub\\a.txt', 'C:\\flows\\sub\\a.txt'],
    ['C:\\flows', 'D:\\a.txt', 'D:\\a.txt'],
    ['C:\\flows', '\\\\server\\share\\a.txt', '\\\\server\\share\\a.txt'],
  ])('in %s, %s means %s', (folder, path, absolute) => {
    expect(resolvePath(folder, path)).toBe(absolute);
  });
});

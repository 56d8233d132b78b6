// What the action catalog knows, and how ids, enums and older names are found.
import { describe, expect, test } from 'vitest';
import {
  actionIds,
  canonicalId,
  enumMember,
  findAction,
  findEnum,
  isImplemented,
  moduleNames,
  nearestAction,
} from '../../../src/language/catalog/catalog.ts';

const all = actionIds().map((id) => findAction(id)?.writtenAs ?? expect.fail(id));

describe('the catalog data', () => {
  test('is complete and decodes', () => {
    expect(all.length).toBe(1249);
    expect(moduleNames.length).toBe(50);
    for (const action of all) {
      expect(action.id.split('.').length, action.id).toBeOneOf([2, 3]);
      for (const { name, type } of [...action.arguments, ...action.outputs]) {
        expect(name, action.id).toMatch(/^\w+$/);
        expect(type, `${action.id} ${name}`).toMatch(/^[\w.`]*(<\w+>)?$/);
      }
      expect(
        action.errors.every((title) => title.length > 0),
        action.id,
      ).toBe(true);
    }
  });

  test('ids and argument names are unique in any letter case', () => {
    expect(new Set(all.map(({ id }) => id.toLowerCase())).size).toBe(all.length);
    for (const action of all) {
      const names = action.arguments.map(({ name }) => name.toLowerCase());
      expect(new Set(names).size, action.id).toBe(names.length);
    }
  });

  test('every argument with a dotted type is an enum, and its default is one of the members', () => {
    for (const action of all) {
      for (const { name, type, enumType, defaultValue } of action.arguments) {
        if (!type.includes('.')) continue;
        expect(enumType, `${action.id} ${name}`).toBe(type);
        if (defaultValue !== undefined) {
          expect(enumMember(type, defaultValue), `${action.id} ${name}`).toBe(defaultValue);
        }
      }
    }
  });

  test('every older id leads to a current one', () => {
    const older = all.filter(({ aliasOf }) => aliasOf !== undefined);
    expect(older.length).toBeGreaterThan(10);
    for (const { id } of older) {
      const found = findAction(id);
      expect(found?.definition.aliasOf, id).toBeUndefined();
      expect(found?.replacedBy, id).toBe(found?.definition.id);
    }
  });
});

describe('look-ups', () => {
  test('an action is found in any letter case and spelled as the designer does', () => {
    expect(findAction('TEXT.changecase')?.definition).toMatchObject({
      id: 'Text.ChangeCase',
      kind: 'action',
      displayName: 'Change text case',
      argumentsKnown: true,
    });
    expect(findAction('Text.ChangeCase')).not.toHaveProperty('replacedBy');
    expect(findAction('file.iffile.exists')?.definition.kind).toBe('condition');
    expect(findAction('No.Such')).toBeUndefined();
  });

  test('arguments carry type, default, enum and direction', () => {
    const find = (id: string, name: string) =>
      findAction(id)?.definition.arguments.find((argument) => argument.name === name);
    expect(find('Text.ChangeCase', 'NewCase')).toMatchObject({
      enumType: 'Text.CaseOption',
      required: false,
    });
    expect(find('Folder.GetFiles', 'Folder')).toMatchObject({
      type: 'FolderObject',
      required: true,
      inOut: false,
    });
    expect(find('Variables.AddItemToList', 'List')).toMatchObject({ required: true, inOut: true });
    expect(find('Display.InputDialog', 'IsTopMost')).toMatchObject({ defaultValue: 'False' });
    expect(findAction('Display.InputDialog')?.definition.outputs).toContainEqual({
      name: 'UserInput',
      type: 'String',
      variable: 'UserInput',
    });
  });

  test('an older id keeps its own entry and names its successor, also over two steps', () => {
    expect(findAction('Scripting.RunPowershellScript')).toMatchObject({
      writtenAs: { id: 'Scripting.RunPowershellScript' },
      definition: { id: 'Scripting.RunPowershellScript.RunScript' },
      replacedBy: 'Scripting.RunPowershellScript.RunScript',
    });
    expect(canonicalId('database.connect')).toBe('Database.Connect.Connect');
    expect(findAction('Database.Connect')?.writtenAs.removed).toBe('2.72');
  });

  test('enum members are canonical whatever the letter case', () => {
    expect(enumMember('text.caseoption', 'uppercase')).toBe('UpperCase');
    expect(enumMember('Text.CaseOption', 'Shouting')).toBeUndefined();
    expect(enumMember('Text.NoSuchEnum', 'UpperCase')).toBeUndefined();
    expect(findEnum('TEXT.CASEOPTION')?.type).toBe('Text.CaseOption');
  });

  test.each([
    ['Display.ShowMesageDialog.ShowMessage', 'Display.ShowMessageDialog.ShowMessage'],
    ['Text.Replace.WithRegexx', 'Text.Replace.ReplaceText'],
    ['File.ReadTextFromFile', 'File.ReadTextFromFile.ReadText'],
    ['Quantum.Entangle', undefined],
  ])('%s is probably %s', (written, meant) => {
    expect(nearestAction(written)).toBe(meant);
  });
});

test('an action without an entry in the runtime is not implemented', () => {
  expect(isImplemented('No.Such')).toBe(false);
  expect(isImplemented('SAP.LaunchSAP')).toBe(false);
});

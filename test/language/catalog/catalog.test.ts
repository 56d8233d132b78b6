// What the action catalog knows, and how ids, enums, statements and older names are found.
import { describe, expect, test } from 'vitest';
import {
  actionIds,
  canonicalId,
  enumMember,
  enumsOfModule,
  findAction,
  findEnum,
  findStatement,
  isImplemented,
  isModule,
  moduleDescription,
  moduleNames,
  nearestAction,
  statementDescription,
} from '../../../src/language/catalog/catalog.ts';

const all = actionIds().map((id) => findAction(id)?.writtenAs ?? expect.fail(id));

describe('the catalog data', () => {
  test('every action is known by id, module, display name and what it does', () => {
    expect(all.length).toBe(1249);
    expect(moduleNames.length).toBe(50);
    for (const action of all) {
      expect(action.id, action.id).toMatch(/^\w+(\.\w+){1,2}$/);
      expect(moduleNames, action.id).toContain(action.module);
      expect(action.displayName, action.id).toMatch(/^[A-Z.][^.]*/);
      expect(action.description, action.id).toMatch(/^[A-Z].{9,108}[^.]$/);
    }
  });

  test('no two actions do the same in words', () => {
    const lines = all.map(({ description }) => description);
    expect(lines.filter((line, index) => lines.indexOf(line) !== index)).toEqual([]);
  });

  test('arguments and outputs have readable names, known types and defaults of their type', () => {
    for (const { id, arguments: args, outputs } of all) {
      for (const { name, label, type } of [...args, ...outputs]) {
        expect(name, id).toMatch(/^\w+$/);
        expect(label, `${id} ${name}`).toMatch(/^\S.*\S$|^\S$/);
        expect(type, `${id} ${name}`).toMatch(/^(\w+(\.\w+)?(<\w+>)?)?$/);
      }
      for (const { name, type, enumType, required, defaultValue } of args) {
        if (required) expect(defaultValue, `${id} ${name}`).toBeUndefined();
        expect(enumType, `${id} ${name}`).toBe(type.includes('.') ? type : undefined);
        if (enumType === undefined || defaultValue === undefined) continue;
        expect(enumMember(enumType, defaultValue), `${id} ${name}`).toBe(defaultValue);
      }
    }
  });

  test('ids and argument names are unique in any letter case', () => {
    expect(new Set(all.map(({ id }) => id.toLowerCase())).size).toBe(all.length);
    for (const action of all) {
      const names = action.arguments.map(({ name }) => name.toLowerCase());
      expect(new Set(names).size, action.id).toBe(names.length);
    }
  });

  test('every older id leads to a current one', () => {
    const older = all.filter(({ aliasOf }) => aliasOf !== undefined);
    expect(older.length).toBeGreaterThan(15);
    for (const { id } of older) {
      const found = findAction(id);
      expect(found?.definition.aliasOf, id).toBeUndefined();
      expect(found?.replacedBy, id).toBe(found?.definition.id);
    }
  });
});

describe('an action', () => {
  test('is found in any letter case and spelled as the designer does', () => {
    expect(findAction('TEXT.changecase')?.definition).toMatchObject({
      id: 'Text.ChangeCase',
      module: 'Text',
      kind: 'action',
      displayName: 'Change text case',
      description: 'Turns a text to upper, lower, title or sentence case',
      docsUrl: 'https://learn.microsoft.com/power-automate/desktop-flows/actions-reference/text#changecase',
      argumentsKnown: true,
    });
    expect(findAction('Text.ChangeCase')).not.toHaveProperty('replacedBy');
    expect(findAction('file.iffile.exists')?.definition.kind).toBe('condition');
    expect(findAction('No.Such')).toBeUndefined();
    expect(findAction('Text')).toBeUndefined();
    expect(findAction('')).toBeUndefined();
  });

  const argument = (id: string, name: string) =>
    findAction(id)?.definition.arguments.find((known) => known.name === name);

  test('tells of its arguments type, default, enum and direction', () => {
    expect(argument('Text.ChangeCase', 'NewCase')).toMatchObject({
      label: 'Convert to',
      enumType: 'Text.CaseOption',
      required: false,
    });
    expect(argument('Folder.GetFiles', 'Folder')).toMatchObject({
      type: 'FolderObject',
      required: true,
      inOut: false,
    });
    expect(argument('Variables.AddItemToList', 'List')).toMatchObject({ required: true, inOut: true });
    expect(argument('Display.InputDialog', 'IsTopMost')).toMatchObject({ defaultValue: 'False' });
    expect(findAction('Display.InputDialog')?.definition.outputs).toContainEqual({
      name: 'UserInput',
      label: 'User input',
      type: 'String',
      variable: 'UserInput',
    });
  });

  test('explains an argument by what it means there, else by its name, else by its type', () => {
    const explained = (id: string, name: string) => argument(id, name)?.description;
    expect(explained('Excel.SelectCellsFromExcel.SelectCellsRelativeTo', 'OffsetX')).toBe(
      'Columns away from the active cell',
    );
    expect(explained('WebAutomation.Click.Click', 'OffsetX')).toMatch(/^Pixels/);
    expect(explained('Excel.AddWorksheet', 'Instance')).toMatch(/^The workbook, as “Launch Excel”/);
    expect(argument('Text.Trim', 'Text')).not.toHaveProperty('description');
  });

  test('has its arguments in the order in which the designer writes them', () => {
    const order = (id: string) => findAction(id)?.definition.arguments.map(({ name }) => name);
    expect(order('Display.InputDialog')).toEqual([
      'Title',
      'Message',
      'DefaultValue',
      'InputType',
      'IsTopMost',
    ]);
    expect(order('Excel.WriteToExcel.WriteCell')).toEqual(['Instance', 'Value', 'Column', 'Row']);
    expect(order('File.Copy')).toEqual(['Files', 'Destination', 'IfFileExists']);
  });

  test('has error names: certain where flows show them, else by the usual pattern', () => {
    const errors = (id: string) => findAction(id)?.definition.errorNames;
    expect(errors('Compression.UnzipFiles')).toContainEqual({
      name: 'CreateFolderError',
      title: "Can't create destination folder",
      certain: true,
    });
    expect(errors('File.Copy')).toEqual([
      { name: 'CopyFileError', title: "Can't copy file", certain: false },
      { name: 'DestinationFolderNotFoundError', title: "Destination folder doesn't exist", certain: false },
      { name: 'FileNotFoundError', title: 'File not found', certain: false },
      { name: 'SourceFolderNotFoundError', title: "Source folder doesn't exist", certain: false },
    ]);
    expect(errors('File.Delete')?.map(({ name, certain }) => [name, certain])).toEqual([
      ['FileNotFoundError', true],
      ['DeleteFileError', false],
      ['FilePathNotFoundError', false],
    ]);
  });

  test('has notes on versions', () => {
    expect(findAction('Variables.FilterList')?.definition.since).toBe('2.68-2.72');
    expect(findAction('WorkQueues.GetWorkQueueItems')?.definition.changes).toBe(
      '2.72 added ThrowIfWorkQueueNotFound',
    );
    expect(findAction('Database.Connect')?.writtenAs.removed).toBe('2.72');
  });

  test('counts the calls of its older ids as its own', () => {
    const seen = (id: string) => findAction(id)?.writtenAs.seen ?? 0;
    expect(seen('Text.Replace.ReplaceText')).toBeGreaterThan(seen('Text.Replace'));
    expect(seen('Excel.WriteToExcel.WriteCell')).toBeGreaterThan(seen('Excel.WriteToExcel.WriteNamedCell'));
  });
});

describe('older ids', () => {
  test('keep their own entry and name their successor, also over two steps', () => {
    expect(findAction('Scripting.RunPowershellScript')).toMatchObject({
      writtenAs: { id: 'Scripting.RunPowershellScript' },
      definition: { id: 'Scripting.RunPowershellScript.RunScript' },
      replacedBy: 'Scripting.RunPowershellScript.RunScript',
    });
  });

  test.each([
    ['database.connect', 'Database.Connect.Connect'],
    ['Display.SelectFile', 'Display.SelectFileDialog.SelectFile'],
    ['Display.ShowMessage', 'Display.ShowMessageDialog.ShowMessage'],
    ['Display.ShowMessageWithTimeout', 'Display.ShowMessageDialog.ShowMessageWithTimeout'],
    ['EMAIL.SEND', 'Email.SendEmail.Send'],
    ['File.OverwriteWithSequentialSuffix', 'File.RenameFiles.OverwriteWithSequentialSuffix'],
    ['File.Rename', 'File.RenameFiles.Rename'],
    ['MouseAndKeyboard.SendKeys', 'MouseAndKeyboard.SendKeys.FocusAndSendKeys'],
    ['Scripting.RunJavascript', 'Scripting.RunJavascript.RunJavascript'],
    ['Scripting.RunPythonScript', 'Scripting.RunPythonScript.RunPythonScript'],
    ['Scripting.RunVBScript', 'Scripting.RunVBScript.RunVBScript'],
    ['System.PrintDocument', 'Workstation.PrintDocument'],
    ['System.RunDOSCommand', 'Scripting.RunDOSCommand.RunDOSCommand'],
    ['Text.Replace', 'Text.Replace.ReplaceText'],
    ['UIAutomation.Click', 'UIAutomation.Click.Click'],
    ['UIAutomation.PopulateTextField', 'UIAutomation.PopulateTextField.PopulateTextField'],
    ['WorkQueues.ProcessWorkQueueItem', 'WorkQueues.ProcessWorkQueueItem.ProcessWorkQueueItem'],
  ])('%s is now %s', (older, newer) => {
    expect(canonicalId(older)).toBe(newer);
  });

  test('are implemented when their successor is', () => {
    expect(isImplemented('Display.ShowMessage')).toBe(isImplemented('Display.ShowMessageDialog.ShowMessage'));
    expect(isImplemented('No.Such')).toBe(false);
    expect(isImplemented('SAP.LaunchSAP')).toBe(false);
  });
});

describe('look-ups', () => {
  test('enum members are canonical whatever the letter case', () => {
    expect(enumMember('text.caseoption', 'uppercase')).toBe('UpperCase');
    expect(enumMember('Text.CaseOption', 'Shouting')).toBeUndefined();
    expect(enumMember('Text.NoSuchEnum', 'UpperCase')).toBeUndefined();
    expect(findEnum('TEXT.CASEOPTION')?.type).toBe('Text.CaseOption');
  });

  test('a module knows what it is about and which enums it owns', () => {
    for (const module of moduleNames) expect(moduleDescription(module), module).toMatch(/^[A-Z].{5,}[^.]$/);
    expect(moduleDescription('excel')).toBe('Microsoft Excel: workbooks, worksheets and cells');
    expect(moduleDescription('Excell')).toBeUndefined();
    expect(enumsOfModule('folder').map(({ type }) => type)).toEqual([
      'Folder.IfExists',
      'Folder.SortBy',
      'Folder.SpecialFolder',
    ]);
    expect(enumsOfModule('File').every(({ type }) => type.startsWith('File.'))).toBe(true);
    expect(isModule('cognitive')).toBe(true);
    expect(moduleNames).not.toContain('Cognitive');
    expect(isModule('constructor')).toBe(false);
  });

  test.each([
    ['set', 'SET'],
    ['LOOP FROM', 'LOOP'],
    ['Loop ForEach item', 'LOOP FOREACH'],
    ['else', 'ELSE'],
    ['ELSE IF', 'ELSE IF'],
    ['ON ERROR REPEAT', 'ON ERROR REPEAT'],
    ['ON ERROR FileNotFoundError', 'ON ERROR'],
    ['ON BLOCK ERROR', 'ON BLOCK ERROR'],
    ['END FUNCTION', 'END FUNCTION'],
    ['@input Name', '@INPUT'],
    ['**REGION', '**REGION'],
    ['IMPORT images', 'IMPORT'],
    ['FROBNICATE', undefined],
    ['', undefined],
  ])('the statement %j is %s', (written, keyword) => {
    expect(findStatement(written)?.keyword).toBe(keyword);
    expect(statementDescription(written) === undefined).toBe(keyword === undefined);
  });

  test.each([
    ['Display.ShowMesageDialog.ShowMessage', 'Display.ShowMessageDialog.ShowMessage'],
    ['Text.Replace.WithRegexx', 'Text.Replace.ReplaceText'],
    ['File.ReadTextFromFile', 'File.ReadTextFromFile.ReadText'],
    ['Fiel.Copy', 'File.Copy'],
    ['Quantum.Entangle', undefined],
    ['Quantum', undefined],
  ])('%s is probably %s', (written, meant) => {
    expect(nearestAction(written)).toBe(meant);
  });
});

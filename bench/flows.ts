// Flows as people write them, made by a rule: the same number of lines gives the same text. For the benches only.

const sections: readonly ((n: number) => readonly string[])[] = [
  (n) => [
    '# Collect the files of the day',
    `SET SourceFolder${n} TO $'''C:\\\\Data\\\\Inbox\\\\%CustomerName%\\\\${n}'''`,
    `Folder.GetFiles Folder: SourceFolder${n} FileFilter: $'''*.xlsx''' IncludeSubfolders: False FailOnAccessDenied: True SortBy1: Folder.SortBy.NoSort SortDescending1: False SortBy2: Folder.SortBy.NoSort SortDescending2: False SortBy3: Folder.SortBy.NoSort SortDescending3: False Files=> Files${n}`,
    `LOOP FOREACH CurrentFile IN Files${n}`,
    `    IF Contains(CurrentFile.Name, $'''invoice''', True) AND CurrentFile.Size > 0 THEN`,
    `        SET Total${n} TO Total + CurrentFile.Size * (1 + Rate / 100)`,
    '    ELSE',
    '        Variables.AddItemToList Item: CurrentFile.FullName List: Skipped',
    '    END',
    'END',
  ],
  (n) => [
    `Excel.LaunchExcel.LaunchAndOpenUnderExistingProcess Path: $'''C:\\\\Data\\\\Report ${n}.xlsx''' Visible: True ReadOnly: False UseMachineLocale: False Instance=> ExcelInstance${n}`,
    `Excel.ReadFromExcel.ReadAllCells Instance: ExcelInstance${n} ReadAsText: False FirstLineIsHeader: True RangeValue=> ExcelData${n}`,
    `LOOP FOREACH CurrentItem IN ExcelData${n}`,
    `    SET Amount${n} TO CurrentItem['Amount']`,
    `    IF Amount${n} > Limit THEN`,
    `        Text.FromNumber Number: Amount${n} DecimalPlaces: 2 UseThousandsSeparator: True FormattedNumber=> Shown${n}`,
    `        Variables.AddItemToList Item: $'''%CurrentItem['Name']%: %Shown${n}%''' List: Found`,
    '    END',
    'END',
    `Excel.CloseExcel.Close Instance: ExcelInstance${n}`,
  ],
  (n) => [
    `@@copilotGeneratedAction: 'False'`,
    `File.ReadTextFromFile.ReadText File: $'''%SourcePath%\\\\settings ${n}.txt''' Encoding: File.TextFileEncoding.UTF8 Content=> Content${n}`,
    '    ON ERROR REPEAT 2 TIMES WAIT 5',
    '    ON ERROR',
    `        SET Problem TO $'''settings ${n}.txt could not be read: it\\'s locked'''`,
    '        GOTO Failed',
    '    END',
    `Text.Replace.ReplaceText Text: Content${n} TextToFind: $''';''' IgnoreCase: False ReplaceWith: $''' ''' ActivateEscapeSequences: False Result=> Replaced${n}`,
    `Text.SplitText.Split Text: Replaced${n} StandardDelimiter: Text.StandardDelimiter.Space DelimiterTimes: 1 Result=> Words${n}`,
    '',
  ],
  (n) => [
    `UIAutomation.Click.Click Element: appmask['Window \\'Ledger\\'']['Button ${n}'] ClickType: UIAutomation.ClickType.LeftClick MousePositionRelativeToElement: UIAutomation.RectangleEdgePoint.MiddleCenter OffsetX: 0 OffsetY: 0`,
    `UIAutomation.PopulateTextField.PopulateTextField TextField: appmask['Window \\'Ledger\\'']['Edit \\'Amount\\''] Text: $'''%Total% for %CustomerName%''' Mode: UIAutomation.PopulateTextMode.Replace ClickType: UIAutomation.PopulateMouseClickType.SingleClick`,
    'WAIT 2',
    `IF (UIAutomation.IfWindow.IsOpen Window: appmask['Window \\'Confirm ${n}\\'']) THEN`,
    `    UIAutomation.PressButton Button: appmask['Window \\'Confirm ${n}\\'']['Button \\'OK\\'']`,
    'END',
  ],
  (n) => [
    '**REGION Decide',
    'SWITCH Total',
    '    CASE > Limit',
    `        Display.ShowMessageDialog.ShowMessage Title: $'''Too much''' Message: $'''%CustomerName%: %Total% is above %Limit%''' Icon: Display.Icon.Warning Buttons: Display.Buttons.OKCancel DefaultButton: Display.DefaultButton.Button1 IsTopMost: False ButtonPressed=> Button${n}`,
    `    CASE = 0`,
    '        SET Found TO []',
    '    DEFAULT',
    '        CALL Report',
    'END',
    '**ENDREGION',
  ],
  (n) => [
    'BLOCK Careful',
    'ON BLOCK ERROR all',
    `    SET Problem TO $'''step ${n}'''`,
    'END',
    `    Database.ExecuteSqlStatement.ConnectAndExecute ConnectionString: $'''Server=db;Database=ledger''' Statement: $'''SELECT name, amount`,
    'FROM invoices',
    `WHERE step = ${n}''' Timeout: 30 Result=> Rows${n}`,
    `    SET Total TO Total + Rows${n}[0]['amount']`,
    'END',
  ],
  (n) => [
    `DateTime.GetCurrentDateTime.Local DateTimeFormat: DateTime.DateTimeFormat.DateAndTime CurrentDateTime=> Now${n}`,
    `Text.ConvertDateTimeToText.FromCustomDateTime DateTime: Now${n} CustomFormat: $'''yyyy-MM-dd''' Result=> Today${n}`,
    `SET Row${n} TO { 'Name': CustomerName, 'Day': Today${n}, 'Amount': Total }`,
    `SET Table${n} TO { ^['Name', 'Amount'], [CustomerName, Total], ['Sum', Total * 2] }`,
    `Variables.AddItemToList Item: Row${n} List: Found`,
  ],
];

const header = [
  "@@source: 'Designer'",
  "IMPORT 'controlRepo.appmask' AS appmask",
  "IMPORT 'imageRepo.imgrepo' AS imgrepo",
  '@SENSITIVE: [Password]',
  "@INPUT CustomerName : { 'Description': 'Whose invoices', 'FriendlyName': 'Customer', 'Type': 'String', 'IsOptional': False, 'DefaultValue': '' }",
  "@INPUT Password : { 'Description': '', 'FriendlyName': 'Password', 'Type': 'String', 'IsOptional': True, 'DefaultValue': '' }",
  "@OUTPUT Total : { 'Description': 'What they owe', 'FriendlyName': 'Total', 'Type': 'Numeric' }",
  'SET Total TO 0',
  'SET Limit TO 1000',
  'SET Rate TO 7.5',
  'SET Found TO []',
  'SET Skipped TO []',
  "SET SourcePath TO $'''C:\\\\Data'''",
];

const report = [
  'FUNCTION Report GLOBAL',
  "    Display.ShowMessageDialog.ShowMessage Title: $'''Done''' Message: $'''%Found.Count% found, %Skipped.Count% skipped''' Icon: Display.Icon.Information Buttons: Display.Buttons.OK DefaultButton: Display.DefaultButton.Button1 IsTopMost: False ButtonPressed=> Pressed",
  'END FUNCTION',
];

/** `plain`: statements one after the other. `loop`: nearly all of them inside one loop. `subflow`: inside one subflow. */
export type FlowShape = 'plain' | 'loop' | 'subflow';

/** A flow of about so many lines that checks without errors. `extra` lines come first. */
export function benchFlow(lines: number, shape: FlowShape = 'plain', extra: readonly string[] = []): string {
  const text = [...header, ...extra];
  const indent = shape === 'plain' ? '' : '    ';
  if (shape === 'subflow') text.push('CALL Work', 'LABEL Failed', '', 'FUNCTION Work GLOBAL');
  if (shape === 'loop') text.push('LOOP Round FROM 1 TO 3');
  for (let n = 1; text.length < lines - report.length - 2; n++) {
    const section = sections[n % sections.length] as (typeof sections)[number];
    for (const line of section(n)) text.push(line === '' ? '' : indent + line);
  }
  if (shape === 'loop') text.push('END');
  text.push('LABEL Failed');
  if (shape === 'subflow') text.push('END FUNCTION');
  return `${[...text, ...report].join('\r\n')}\r\n`;
}

/** The flows of a workspace, by path: of many sizes, running each other, with repositories and a solution.json. */
export function* benchWorkspace(count: number): Generator<readonly [path: string, text: string]> {
  const flows: { id: string; name: string; path: string }[] = [];
  const idOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
  for (let n = 0; n < count; n++) {
    const folder = `area ${n % 40}/flow ${n}`;
    const name = `Flow ${n}`;
    flows.push({ id: idOf(n), name, path: `${folder}/${name}.robin` });
    // Most flows are short, some are long: 40 to 250 lines, every 50th has 1,500.
    const lines = n % 50 === 0 ? 1_500 : 40 + ((n * 37) % 210);
    const runs =
      n % 4 === 0 || n === 0
        ? []
        : [
            `@@flowname: 'Flow ${n >> 1}'`,
            `External.RunFlow FlowId: '${idOf(n >> 1)}' @CustomerName: CustomerName @Password: Password @Total=> Total`,
          ];
    yield [`${folder}/${name}.robin`, benchFlow(lines, 'plain', runs)];
    yield [
      `${folder}/controlRepo.appmask`,
      JSON.stringify({
        Screens: [
          { Name: "Window 'Ledger'", Controls: [{ Name: `Button ${n}` }, { Name: "Edit 'Amount'" }] },
        ],
        Version: 1,
      }),
    ];
  }
  yield ['solution.json', JSON.stringify({ flows })];
}

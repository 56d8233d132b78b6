// How fast flows are read: node bench/parse.ts [megabytes]. Parsing is compared, in the same run and on the same text,
// with the least any reader could do: splitting into lines and counting words with a regular expression.
import { lex } from '../src/language/syntax/lexer.ts';
import { parse } from '../src/language/syntax/parser.ts';
import { print } from '../src/language/syntax/printer.ts';

const megabytes = Number(process.argv[2] ?? 8);
const rounds = 15;

function subflow(number: number): string {
  return [
    `FUNCTION Step${number} GLOBAL`,
    '    # Reads the invoices of one customer and adds them up',
    `    SET Folder TO $'''C:\\\\Data\\\\%Customer%\\\\${number}'''`,
    "    Folder.GetFiles Folder: Folder FileFilter: $'''*.csv''' IncludeSubfolders: False FailOnAccessDenied: True SortBy1: Folder.SortBy.NoSort SortDescending1: False Files=> Files",
    '    LOOP FOREACH CurrentFile IN Files',
    "        IF Contains(CurrentFile.Name, $'''invoice''', True) AND CurrentFile.Size > 0 THEN",
    '            File.ReadFromCSVFile.ReadCSV CSVFile: CurrentFile Encoding: File.CSVEncoding.UTF8 TrimFields: True ColumnsSeparator: File.CSVColumnsSeparator.SystemDefault CSVTable=> Table',
    '            ON ERROR REPEAT 2 TIMES WAIT 5',
    '            ON ERROR',
    "                SET Problem TO $'''%CurrentFile.FullName% could not be read: it\\'s locked'''",
    '                GOTO Failed',
    '            END',
    "            SET Total TO Total + Table[0]['Amount'] * (1 + Rate / 100)",
    '        ELSE',
    `            Variables.AddItemToList Item: { 'Name': CurrentFile.Name, 'Step': ${number} } List: Skipped`,
    '        END',
    '    END',
    '    SWITCH Total',
    '        CASE > Limit',
    "            Display.ShowMessageDialog.ShowMessage Title: $'''Too much''' Message: $'''%Customer%: %Total% is above %Limit%''' Icon: Display.Icon.Warning Buttons: Display.Buttons.OK ButtonPressed=> Button",
    '        DEFAULT',
    '            CALL Report',
    '    END',
    '    LABEL Failed',
    'END FUNCTION',
    '',
  ].join('\r\n');
}

let text = '';
for (let number = 1; text.length < megabytes * 1e6; number++) text += subflow(number);

function splitAndCount(): number {
  let words = 0;
  for (const line of text.split(/\r\n|\r|\n/)) words += line.match(/\w+|'[^']*'|\S/g)?.length ?? 0;
  return words;
}

const json = JSON.stringify(text.split('\r\n'));
const file = parse(text);
if (print(file) !== text || file.diagnostics.length > 0) throw new Error('the bench text must parse cleanly');

const contests: readonly (readonly [name: string, run: () => unknown])[] = [
  ['baseline: split lines, count words', splitAndCount],
  ['baseline: JSON.parse of the same lines', () => JSON.parse(json)],
  ['lex', () => lex(text)],
  ['parse', () => parse(text)],
  ['print', () => print(file)],
];

console.log(
  `${(text.length / 1e6).toFixed(1)} MB, ${file.tokens.length} tokens, ${file.lines.length} lines, ${rounds} rounds`,
);
for (const [name, run] of contests) {
  const speeds: number[] = [];
  for (let round = -3; round < rounds; round++) {
    const start = performance.now();
    run();
    const milliseconds = performance.now() - start;
    if (round >= 0) speeds.push(text.length / 1e3 / milliseconds);
  }
  speeds.sort((a, b) => a - b);
  const median = speeds[Math.floor(rounds / 2)] as number;
  const p95 = speeds[Math.floor(rounds * 0.05)] as number;
  console.log(
    `${name.padEnd(40)} ${median.toFixed(1).padStart(8)} MB/s median ${p95.toFixed(1).padStart(8)} MB/s p95 (slowest)`,
  );
}

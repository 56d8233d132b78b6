// What is exchanged with Windows, as texts: this much can be checked on every system.
import { describe, expect, test } from 'vitest';
import { codePageOf, decodeCodePage, encodeCodePage } from '../../../src/runtime/actions/codePages.ts';
import {
  hasName,
  hasUser,
  parsePs,
  parseTasklist,
  splitCommandLine,
} from '../../../src/runtime/actions/processes.ts';
import { commandProgram } from '../../../src/runtime/actions/scripting.ts';
import {
  powershellResult,
  powershellScript,
  powershellText,
  registryValue,
} from '../../../src/runtime/actions/windows.ts';

describe('code pages', () => {
  // Bytes and texts as the Unicode consortium's mapping tables give them.
  test.each([
    [437, '80e1819c', 'Çßü£'],
    [850, '84948199', 'äöüÖ'],
    [858, 'd5', '€'],
    [852, 'a588', 'ął'],
    [862, '808182', 'אבג'],
    [866, '8fe0a8a2a5e2', 'Привет'],
    [932, '93fa967b', '日本'],
    [936, 'd6d0cec4', '中文'],
    [949, 'c7d1b1db', '한글'],
    [950, 'a4a4a4e5', '中文'],
    [1250, '9ae8', 'šč'],
    [1252, '80e4', '€ä'],
    [65001, 'e282ac', '€'],
  ])('page %i: %s is %s, and back', (page, hex, text) => {
    expect(decodeCodePage(Buffer.from(hex, 'hex'), page)).toBe(text);
    expect(Buffer.from(encodeCodePage(text, page)).toString('hex')).toBe(hex);
  });

  test('every character a one-byte page has survives', () => {
    for (const page of [
      437, 720, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 865, 866, 869, 874, 1250, 1251, 1252,
      1253, 1254, 1255, 1256, 1257, 1258,
    ]) {
      const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      const text = decodeCodePage(bytes, page).replaceAll('\ufffd', '');
      expect([page, decodeCodePage(encodeCodePage(text, page), page)]).toEqual([page, text]);
    }
  });

  test('what a page lacks becomes a question mark; an unknown page is refused', () => {
    expect(Buffer.from(encodeCodePage('a€λ😀', 1252)).toString('latin1')).toBe('a\x80???');
    expect(decodeCodePage(Buffer.from('61ff', 'hex'), 20127)).toBe('a?');
    expect(() => decodeCodePage(new Uint8Array(), 37)).toThrow(RangeError);
  });

  test.each([
    ['utf_8', 65001],
    ['ibm850', 850],
    ['IBM437', 437],
    ['Windows_1252', 1252],
    ['IBM037', undefined],
    ['utf_7', undefined],
  ])('the encoding %s is page %s', (member, page) => {
    expect(codePageOf(member)).toBe(page);
  });
});

describe('PowerShell', () => {
  test('no text can leave its literal, and the script is plain ASCII', () => {
    const text = "'; Remove-Item C:\\ -Recurse # €\n$(calc)";
    const literal = powershellText(text);
    expect(literal).toMatch(
      /^\[Text\.Encoding\]::UTF8\.GetString\(\[Convert\]::FromBase64String\('[A-Za-z0-9+/=]*'\)\)$/,
    );
    expect(Buffer.from(/'(.*)'/.exec(literal)?.[1] ?? '', 'base64').toString('utf8')).toBe(text);
    // One line, ended by a blank one: PowerShell runs what it reads from standard input line by line.
    expect(powershellScript(`(Get-Item ${literal})`)).toMatch(/^[\x20-\x7e]+\n\n$/);
  });

  const base64 = (text: string) => Buffer.from(text, 'utf8').toString('base64');
  test('results and errors come back whole', () => {
    expect(powershellResult(`noise\r\nok 0 ${base64('Grüße\n2')}\r\n`)).toBe('Grüße\n2');
    expect(powershellResult('ok 0 \r\n')).toBe('');
    expect(() => powershellResult(`error 5 ${base64('Zugriff verweigert')}\r\n`)).toThrow(
      expect.objectContaining({ message: 'Zugriff verweigert', code: 'EACCES' }),
    );
    expect(() => powershellResult(`error 0 ${base64('x')}`)).toThrow(
      expect.objectContaining({ code: undefined }),
    );
    expect(() => powershellResult('')).toThrow('Windows PowerShell gave no answer');
  });
});

test.each([
  ['', []],
  ['one two', ['one', 'two']],
  ['  /a   "b c" ', ['/a', 'b c']],
  ['-x="a b" ""', ['-x=a b', '']],
  ['"say \\"hi\\"" C:\\dir\\', ['say "hi"', 'C:\\dir\\']],
])('the command line %j has the arguments %j', (text, args) => {
  expect(splitCommandLine(text)).toEqual(args);
});

test('cmd.exe gets the command as it is written, after the code page', () => {
  const command = 'dir "C:\\my files" & echo %PATH%';
  expect(commandProgram(command, 'C:\\f', undefined, true)).toMatchObject({
    args: [`/d /s /c "${command}"`],
  });
  expect(commandProgram(command, 'C:\\f', 65001, true)).toMatchObject({
    args: [`/d /s /c "chcp 65001 >nul & ${command}"`],
  });
});

describe('lists of processes', () => {
  test('of Windows', () => {
    const text =
      '"System Idle Process","0","Services","0","8 K"\r\n"notepad.exe","4712","Console","1","14,100 K","Running","DESK-7\\ada","0:00:01","Notes"\r\n';
    expect(parseTasklist(text)).toEqual([
      { pid: 0, names: ['System Idle Process'], user: undefined },
      { pid: 4712, names: ['notepad.exe'], user: 'DESK-7\\ada' },
    ]);
  });

  test('of macOS', () => {
    expect(
      parsePs('    1 root /sbin/launchd\n  310 ada /Applications/My App.app/Contents/MacOS/My App\n'),
    ).toEqual([
      { pid: 1, names: ['launchd'], user: 'root' },
      { pid: 310, names: ['My App'], user: 'ada' },
    ]);
  });

  test.each([
    ['notepad.exe', 'NOTEPAD', true],
    ['notepad.exe', 'notepad.exe', true],
    ['notepad', 'notepad.exe', true],
    ['notepad2.exe', 'notepad', false],
  ])('%s is called %s: %s', (name, wanted, expected) => {
    expect(hasName({ pid: 1, user: undefined, names: [name] }, wanted)).toBe(expected);
  });

  test.each([
    ['ada', 'ADA', true],
    ['DESK-7\\ada', 'ada', true],
    ['DESK-7\\ada', 'desk-7\\Ada', true],
    ['DESK-7\\ada', 'DESK-8\\ada', false],
    ['root', 'ada', false],
    [undefined, 'ada', false],
  ])('of user %s is one of %s: %s', (user, wanted, expected) => {
    expect(hasUser({ pid: 1, user, names: [] }, wanted)).toBe(expected);
  });
});

test('settings are read from what the registry prints, in any language', () => {
  const printed = (value: string) =>
    `\r\nHKEY_LOCAL_MACHINE\\SYSTEM\\Nls\\CodePage\r\n    OEMCP    REG_SZ    850\r\n    ACP    REG_SZ    ${value}\r\n\r\n`;
  expect(registryValue(printed('1252'), 'ACP')).toBe('1252');
  expect(registryValue(printed(';'), 'ACP')).toBe(';');
  expect(() => registryValue('ERROR: The system was unable to find', 'ACP')).toThrow(
    'Windows has no setting ACP',
  );
});

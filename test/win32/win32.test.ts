// What of src/win32/ can be shown anywhere: layouts, texts, errors, command lines, pictures, the generated tables. The rest: test/windows/win32.
import { describe, expect, it } from 'vitest';
import { deviceIndependent } from '../../src/win32/clipboard.ts';
import { failedWith, spellNumber, WindowsError, win32 } from '../../src/win32/errors.ts';
import { guid, guidText, loadedFrom, wide, wideText, wideTexts } from '../../src/win32/ffi.ts';
import { controlTypeIds, interfaces, patternIds, propertyIds } from '../../src/win32/interfaces.ts';
import { commandLineOf, environmentBlock } from '../../src/win32/launch.ts';
import { fileTime } from '../../src/win32/processes.ts';
import * as prototypes from '../../src/win32/prototypes.ts';
import { cropped, toRgba } from '../../src/win32/screen.ts';
import { pointValue, readRectangle, writeRectangle } from '../../src/win32/windows.ts';

describe.skipIf(process.platform === 'win32')('on another system', () => {
  it('says so at the call, not at the import', () => {
    const call = () => prototypes.user32.GetForegroundWindow();
    expect(call).toThrow(WindowsError);
    expect(call).toThrow(`Windows functions are not available on ${process.platform}.`);
  });
});

describe('errors', () => {
  const failed = (number: number, isResult: boolean) =>
    new WindowsError('WindowsCallFailed', 'X', number, isResult, 'X failed');

  it('are recognised plain and wrapped into an HRESULT', () => {
    expect(failedWith(failed(5, false), win32.accessDenied)).toBe(true);
    expect(failedWith(failed(0x80070005, true), win32.accessDenied)).toBe(true);
    expect(failedWith(failed(0x80040201, true), 0x80040201)).toBe(true);
    expect(failedWith(failed(6, false), win32.accessDenied)).toBe(false);
    expect(failedWith(new WindowsError('WindowsFunctionMissing', 'X', 5, false, ''), 5)).toBe(false);
    expect(failedWith(new Error('5'), 5)).toBe(false);
  });

  it('spell numbers as people look them up', () => {
    expect(spellNumber(1400, false)).toBe('1400');
    expect(spellNumber(-2147220991, true)).toBe('0x80040201');
  });
});

describe('the library that calls Windows', () => {
  it('tells why it cannot be loaded, and what to do', () => {
    const load = () => {
      throw new Error("Cannot find module './lib/koffi/index.cjs'\nRequire stack:\n- C:\\agent.cjs");
    };
    expect(() => loadedFrom(load)).toThrow(
      expect.objectContaining({
        code: 'KoffiNotLoaded',
        message:
          "The library that calls Windows (koffi) cannot be loaded: Cannot find module './lib/koffi/index.cjs'.",
        nextStep: expect.stringContaining('Install Desktop Flows again'),
      }),
    );
    expect(loadedFrom(() => 1)).toBe(1);
  });
});

describe('structures', () => {
  it('GUIDs', () => {
    const text = '{30CBE57D-D9D0-452A-AB13-7AC5AC4825EE}';
    expect(guid(text).toString('hex')).toBe('7de5cb30d0d92a45ab137ac5ac4825ee');
    expect(guidText(guid(text))).toBe(text);
    expect(() => guid('12')).toThrow('Not a GUID: 12');
  });

  it('texts', () => {
    expect(wideText(wide('Zażółć 🎉'))).toBe('Zażółć 🎉');
    expect(wideText(Buffer.from('a\0b', 'utf16le'))).toBe('a');
    expect(wideTexts(Buffer.from('a\0bc\0\0x', 'utf16le'))).toEqual(['a', 'bc']);
  });

  it('rectangles and points', () => {
    const rectangle = { x: -10, y: 20, width: 300, height: 40 };
    expect(readRectangle(writeRectangle(rectangle))).toEqual(rectangle);
    expect(pointValue({ x: -1, y: 2 })).toBe(0x2ffffffffn);
  });

  it('times', () => {
    expect(fileTime(116_444_736_000_000_000n)).toBe(0);
    expect(fileTime(133_000_000_000_000_000n)).toBe(Date.UTC(2022, 5, 18, 4, 26, 40));
  });
});

describe('starting programs', () => {
  it.each([
    [['a', 'b c'], 'a "b c"'],
    [[''], '""'],
    [['a"b'], '"a\\"b"'],
    [['a\\"b'], '"a\\\\\\"b"'],
    [['C:\\with space\\'], '"C:\\with space\\\\"'],
    [['C:\\plain\\'], 'C:\\plain\\'],
  ])('quotes %j', (args, line) => {
    expect(commandLineOf(args)).toBe(line);
  });

  it('sorts the environment and ends it twice', () => {
    expect(environmentBlock({ b: '2', A: '1', none: undefined }).toString('utf16le')).toBe('A=1\0b=2\0\0');
    expect(environmentBlock({}).toString('utf16le')).toBe('\0\0');
  });
});

describe('pictures', () => {
  it('change from blue first to red first', () => {
    expect([...toRgba(Buffer.from([1, 2, 3, 0, 255, 254, 253, 7]))]).toEqual([
      3, 2, 1, 255, 253, 254, 255, 255,
    ]);
  });

  it('are cut to what there is', () => {
    const bitmap = { width: 2, height: 2, pixels: Uint8Array.from({ length: 16 }, (_, index) => index) };
    expect(cropped(bitmap, { x: 1, y: 1, width: 5, height: 5 })).toEqual({
      width: 1,
      height: 1,
      pixels: Uint8Array.from([12, 13, 14, 15]),
    });
    expect(cropped(bitmap, { x: 0, y: 0, width: 2, height: 2 })).toBe(bitmap);
    expect(cropped(bitmap, { x: 2, y: 0, width: 2, height: 2 }).pixels).toHaveLength(0);
  });

  it('go to the clipboard from bottom to top', () => {
    const bytes = deviceIndependent({
      width: 1,
      height: 2,
      pixels: Uint8Array.from([1, 2, 3, 255, 4, 5, 6, 255]),
    });
    expect([...bytes.subarray(40)]).toEqual([6, 5, 4, 255, 3, 2, 1, 255]);
    expect(bytes.readInt32LE(8)).toBe(2);
  });
});

describe('the tables of interfaces', () => {
  // From Microsoft's documentation and headers: a few, to see that the generator counts right.
  it.each([
    ['IUIAutomation', 'CompareElements', 3],
    ['IUIAutomation', 'CreateNotCondition', 31],
    ['IUIAutomation', 'AddFocusChangedEventHandler', 39],
    ['IUIAutomation2', 'put_ConnectionTimeout', 61],
    ['IUIAutomationElement', 'FindFirst', 5],
    ['IUIAutomationElement', 'get_CurrentName', 23],
    ['IUIAutomationElement', 'GetClickablePoint', 84],
    ['IAccessible', 'get_accName', 10],
    ['IAccessible', 'accDoDefaultAction', 25],
  ] as const)('%s.%s is entry %i', (name, method, index) => {
    const methods = interfaces[name].methods as Readonly<
      Record<string, readonly [number, readonly string[]]>
    >;
    expect(methods[method]?.[0]).toBe(index);
  });

  it('have the numbers of UI Automation', () => {
    expect([patternIds.invoke, propertyIds.name, controlTypeIds.button]).toEqual([10000, 30005, 50000]);
  });
});

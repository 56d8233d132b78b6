// The MouseAndKeyboard actions on a desktop that the test plays.
import { describe, expect, it, test } from 'vitest';
import { encodePng } from '../../../src/desktop/png.ts';
import type { ActionResult } from '../../../src/runtime/action.ts';
import { mouseAndKeyboardActions } from '../../../src/runtime/actions/mouseAndKeyboard/index.ts';
import { ArgumentShape, CallArguments } from '../../../src/runtime/arguments.ts';
import type { Repositories } from '../../../src/runtime/elements.ts';
import { EnumValue, RepositoryValue, type Value } from '../../../src/runtime/values.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { failing, PlayedDesktop } from './playedDesktop.ts';

const selectors = (name: string) => [
  {
    name: 'Default',
    text: `:desktop > window[Name="${name}"]`,
    levels: [],
  },
];
const field = {
  name: 'Field',
  type: undefined,
  selectors: [{ name: 'Default', text: '> edit[Name="%Which%"]', levels: [] }],
  screen: { name: 'Main', type: undefined, selectors: selectors('Main'), screen: undefined },
};
const dot = { width: 4, height: 4, pixels: new Uint8Array(64).map((_, i) => (i % 4 === 3 ? 255 : i * 3)) };
const repositories: Repositories = {
  element: ([, name]) => (name === undefined ? field.screen : field),
  image: () => encodePng(dot),
};

function world(): {
  desktop: PlayedDesktop;
  context: ReturnType<typeof contextIn>;
  run(id: string, given?: Record<string, Value>): Promise<ActionResult>;
  error(id: string, given?: Record<string, Value>): Promise<string>;
} {
  const desktop = new PlayedDesktop();
  desktop.window(1, { isForeground: true });
  desktop.screen = { width: 100, height: 80, pixels: new Uint8Array(32_000).fill(255) };
  const context = contextIn('/flows', { desktop, repositories });
  const run = (id: string, given: Record<string, Value> = {}) =>
    runAction(mouseAndKeyboardActions, `MouseAndKeyboard.${id}`, given, context);
  return { desktop, context, run, error: (id, given) => errorOf(run(id, given)) };
}

describe('Send keys', () => {
  const TextToSend = '{Control}({A})x';

  it('goes to the window in front', async () => {
    const { desktop, run, error } = world();
    await run('SendKeys.FocusAndSendKeys', { TextToSend, DelayBetweenKeystrokes: 0 });
    await run('SendKeys.FocusAndSendKeys', { TextToSend: 'ab', SendTextAsHardwareKeys: true });
    expect(desktop.done).toEqual(['keys +11 41 -11 x', 'keys a! b! every 10']);
    desktop.windowList = [];
    expect(await error('SendKeys.FocusAndSendKeys', { TextToSend })).toMatch(
      /^ThereIsntActiveApplicationToSendKeystrokesToError: /,
    );
  });

  it('goes to a window by instance, or by title and class', async () => {
    const { desktop, run } = world();
    desktop.window(2, { title: 'Report.txt - Editor' });
    await run('SendKeys.FocusAndSendKeysByInstanceOrHandle', { WindowInstance: 2, TextToSend });
    await run('SendKeys.FocusAndSendKeysByTitleClass', { Title: '*Editor', TextToSend });
    await run('SendKeys.FocusAndSendKeysByInstanceOrHandle', { WindowInstance: 1, TextToSend });
    expect(desktop.done.filter((line) => !line.startsWith('keys'))).toEqual([
      'window 2 focus',
      'window 2 focus',
    ]);
  });

  it('goes to an element, by the values of its variables', async () => {
    const { desktop, run } = world();
    desktop.elements = () => [{ name: 'A "quoted" name', tag: 'edit', window: 1 }];
    const Control = new RepositoryValue(
      'UI element',
      ['Main', 'Field'],
      new Map([['%Which%', 'A "quoted" name']]),
    );
    await run('SendKeys.FocusAndSendKeysByControl', { Control, TextToSend });
    expect(desktop.done).toEqual(['A "quoted" name focus', 'keys +11 41 -11 x every 10']);
    expect(desktop.held.size).toBe(0);
  });

  it('is refused with the place of the mistake, and never with the text', async () => {
    const { error } = world();
    expect(await error('SendKeys.FocusAndSendKeys', { TextToSend: 'pass{word' })).toBe(
      'TextToSendDoesntRepresentValidKeystrokesError: The text to send has no meaning as keys: At character 5 the { there is never closed; a brace itself is written {{}.',
    );
  });

  it('says when the session is locked', async () => {
    const { desktop, error } = world();
    desktop.keys = async () => {
      throw failing('ScreenNotAvailable', 'The session is locked.');
    };
    expect(await error('SendKeys.FocusAndSendKeys', { TextToSend })).toBe(
      'SendKeystrokesInNonInteractiveModeError: The keys cannot be sent: The session is locked.',
    );
  });
});

test('keys that are held and input that is blocked are let go when the run ends', async () => {
  const { desktop, run, context } = world();
  await run('PressReleaseKey.PressKey', { Control: true, Shift: true });
  await run('BlockInput');
  await context.close();
  expect(desktop.done).toEqual(['keys +11 +10', 'input blocked', 'input free', 'keys -11 -10']);
});

test('lock keys are pressed only when they have another state', async () => {
  const { desktop, run } = world();
  await run('SetKeyState', { Key: 'NumLock' });
  await run('SetKeyState', { State: 'ModeOff' });
  expect(desktop.done).toEqual(['keys 90']);
});

test('the keyboard layout', async () => {
  const { desktop, run } = world();
  expect(await run('GetKeyboardLayout')).toEqual({ outputs: { KeyboardLayoutId: 0x409 } });
  await run('SetKeyboardLayout', { KeyboardLayoutId: 0x407 });
  expect(desktop.done).toEqual(['layout 1031']);
});

test('the mouse moves relative to screen, window and itself, and clicks on screens only', async () => {
  const { desktop, run, error } = world();
  await run('MoveMouse', { X: 5, Y: 6 });
  await run('MoveMouse', { X: 5, Y: 6, RelativeTo: 'ActiveWindow', MovementStyle: 'AnimateFast' });
  await run('SendMouseClick.ClickAt', {
    X: 1,
    Y: -2,
    RelativeTo: 'CurrentMousePosition',
    ClickType: 'MiddleClick',
  });
  await run('SendMouseClick.Click', { ClickType: 'RightButtonDown' });
  expect(desktop.done).toEqual([
    'mouse to 5, 6',
    'mouse to 15, 26 slowly',
    'mouse to 16, 24',
    'middle click',
    'right down',
  ]);
  expect((await run('GetMousePosition')).outputs).toEqual({ X: 16, Y: 24 });
  expect((await run('GetMousePosition', { RelativeTo: 'ForegroundWindow' })).outputs).toEqual({ X: 6, Y: 4 });
  expect(await error('SendMouseClick.ClickAt', { X: 100, Y: 0 })).toMatch(
    /^MouseClickOutOfScreenBoundsError: The place 100, 0 is on no screen/,
  );
});

test('waits for what the mouse looks like', async () => {
  const { desktop, run } = world();
  const MousePointerState = 'WaitCursor';
  expect((await run('WaitForMouse.WaitForMouseToBecome', { MousePointerState })).condition).toBe(false);
  desktop.cursorName = 'waitcursor';
  expect((await run('WaitForMouse.WaitForMouseToBecome', { MousePointerState })).condition).toBe(true);
  expect((await run('WaitForMouse.WaitForMouseToBecomeDifferentThan')).condition).toBe(true);
});

describe('Wait for shortcut key', () => {
  const InputKeys = ['Ctrl + Shift + A', 'F9'];

  it('gives the number of the one that was pressed', async () => {
    const { desktop, run } = world();
    desktop.pressed = [0x78];
    expect((await run('WaitForShortcutKey.WaitForShortcutKey', { InputKeys })).outputs).toEqual({
      IndexOfShortcutKeyPressed: 2,
    });
  });

  it('goes on without one when it may', async () => {
    const { run } = world();
    const given = { InputKeys, ContinueAfter: 3 };
    expect((await run('WaitForShortcutKey.WaitForShortcutKeyAndProceedOnTimeout', given)).outputs).toEqual({
      IndexOfShortcutKeyPressed: 0,
    });
  });

  it('refuses what is no combination', async () => {
    const { error } = world();
    expect(await error('WaitForShortcutKey.WaitForShortcutKey', { InputKeys: ['Ctrl + Nix'] })).toMatch(
      /^ShortcutKeyFailedToRegisterError: "Ctrl \+ Nix" is no combination of keys/,
    );
  });
});

describe('Move mouse to image', () => {
  const Images: Value[] = [new RepositoryValue('Image', ['dot'])];

  function placed(...places: readonly (readonly [number, number])[]) {
    const made = world();
    for (const [x, y] of places)
      for (let row = 0; row < 4; row++)
        made.desktop.screen.pixels.set(
          dot.pixels.subarray(row * 16, row * 16 + 16),
          ((y + row) * 100 + x) * 4,
        );
    const go = (id: string, given: Record<string, Value> = {}) => {
      const definition = mouseAndKeyboardActions.find((one) => one.id.endsWith(`.${id}`));
      if (definition === undefined) throw new Error(`${id} is not implemented`);
      const values: Record<string, Value> = { Images, ...given };
      const names = Object.keys(values);
      const shape = new ArgumentShape(
        definition.id,
        undefined,
        names,
        names.map(() => false),
      );
      return Promise.resolve(
        definition.run(new CallArguments(shape, Object.values(values), '/'), made.context),
      );
    };
    return { ...made, go };
  }

  it('goes to the middle of the occurrence that is meant', async () => {
    const { desktop, go } = placed([50, 30], [10, 10]);
    expect(await go('MoveMouseToImage', { Occurence: 2 })).toEqual({ outputs: { X: 50, Y: 30 } });
    await go('ClickImage', {
      MousePositionOnImage: new EnumValue('MouseAndKeyboard.PositionOnImage', 'BottomRight'),
      OffsetX: 1,
      ClickType: 'DoubleClick',
      SearchForImageOn: new EnumValue('MouseAndKeyboard.SearchTarget', 'EntireScreen'),
    });
    expect(desktop.done.filter((line) => !line.startsWith('capture'))).toEqual([
      'mouse to 52, 32',
      'mouse to 14, 13',
      'left double',
    ]);
    expect(await go('MoveMouseToImageOfSubregion', { X1: 40, Y1: 20 })).toEqual({
      outputs: { X: 50, Y: 30 },
    });
  });

  it('says whether there was none, or not enough', async () => {
    const { go } = placed([10, 10]);
    expect(await errorOf(go('ClickImage', { Occurence: 2, Timeout: 2 }))).toMatch(
      /^NotEnoughImageOccurrencesFoundOnScreenError: The image "dot" was found 1 times/,
    );
    expect(await errorOf(placed().go('ClickImage', { Timeout: 2 }))).toMatch(
      /^ImageNotFoundOnScreenError: The image "dot" was not found within 2 seconds/,
    );
  });
});

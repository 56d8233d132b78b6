// The UIAutomation actions on a desktop that the test plays: what they do to it, what they wait for, and how they fail.
import { describe, expect, it, test } from 'vitest';
import type { Bitmap } from '../../../src/desktop/desktop.ts';
import { encodePng } from '../../../src/desktop/png.ts';
import type { ActionContext, ActionResult } from '../../../src/runtime/action.ts';
import { uiAutomationActions } from '../../../src/runtime/actions/uiAutomation/index.ts';
import { ArgumentShape, CallArguments } from '../../../src/runtime/arguments.ts';
import { toText } from '../../../src/runtime/convert.ts';
import type { ElementSelector, Repositories, UiElement } from '../../../src/runtime/elements.ts';
import {
  type CustomObject,
  Datatable,
  InstanceValue,
  RepositoryValue,
  type Value,
} from '../../../src/runtime/values.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { failing, PlayedDesktop, type PlayedElement } from './playedDesktop.ts';

const selector = (name: string, ...levels: readonly [tag: string, name: string][]): ElementSelector => ({
  name: 'Default',
  text: undefined,
  levels: (levels.length > 0 ? levels : ([['button', name]] as const)).map(([element, text]) => ({
    element,
    isDirect: true,
    ordinal: undefined,
    attributes: [{ name: 'Name', operator: 'EqualTo', value: text }],
  })),
});

const screen: UiElement = { name: 'Main', type: 'Window', selectors: [selector('Main')], screen: undefined };
const element = (name: string, ...levels: readonly [string, string][]): UiElement => ({
  name,
  type: undefined,
  selectors: [selector(name, ...levels)],
  screen,
});

/** Every element is there; `Open` is an entry of the menu `File`. */
const repositories: Repositories = {
  element: ([, name]) =>
    name === undefined
      ? screen
      : name === 'Missing'
        ? undefined
        : name === 'Open'
          ? element(name, ['menu bar', 'Menu'], ['menu item', 'File'], ['menu item', 'Open'])
          : element(name),
  image: (name) => (name === 'logo' ? encodePng(logo) : undefined),
};

const logo: Bitmap = { width: 6, height: 5, pixels: new Uint8Array(120).map((_, i) => ((i * 89) % 251) | 3) };
for (let at = 3; at < logo.pixels.length; at += 4) logo.pixels[at] = 255;

const at = (name: string): Value => new RepositoryValue('UI element', ['Main', name]);
const mainWindow: Value = new RepositoryValue('UI element', ['Main']);

interface World {
  readonly desktop: PlayedDesktop;
  readonly context: ReturnType<typeof contextIn>;
  run(id: string, given?: Record<string, Value>): Promise<ActionResult>;
  error(id: string, given?: Record<string, Value>): Promise<string>;
}

function world(...elements: readonly PlayedElement[]): World {
  const desktop = new PlayedDesktop();
  desktop.window(1, { isForeground: true });
  desktop.elements = () => [{ name: 'Main', tag: 'window', window: 1 }, ...elements];
  const context = contextIn('/flows', { desktop, repositories });
  const run = (id: string, given: Record<string, Value> = {}) =>
    runAction(uiAutomationActions, `UIAutomation.${id}`, given, context);
  return { desktop, context, run, error: (id, given) => errorOf(run(id, given)) };
}

describe('windows', () => {
  it.each<[string, Record<string, Value>, string]>([
    ['FocusWindow.Focus', {}, 'window 1 focus'],
    ['SetWindowState.SetState', { State: 'Maximized' }, 'window 1 state {"state":"maximized"}'],
    ['SetWindowVisibility.SetVisibility', {}, 'window 1 visibility {"isVisible":false}'],
    ['MoveWindow.Move', { X: 5, Y: -6 }, 'window 1 move {"to":{"x":5,"y":-6}}'],
    ['ResizeWindow.Resize', { Width: 300, Height: 200 }, 'window 1 resize {"width":300,"height":200}'],
    ['CloseWindow.Close', {}, 'window 1 close'],
  ])('%s, in all three ways to name a window', async (id, given, done) => {
    const { desktop, run } = world();
    await run(id, { Window: mainWindow, ...given });
    await run(`${id}ByInstanceOrHandle`, { WindowInstance: 1, ...given });
    await run(`${id}ByTitleClass`, { Title: 'wind*', Class: 'pl?yed', ...given });
    expect(desktop.done).toEqual([done, done, done]);
    expect(desktop.held.size).toBe(0);
  });

  it('are waited for, and missed with the name by which they were looked for', async () => {
    const { desktop, run, error, context } = world();
    const start = context.host.clock.monotonic();
    expect(await error('FocusWindow.FocusByTitleClass', { Title: 'Other', Class: 'X' })).toBe(
      'WindowNotFoundError: The window with the title "Other" and the class "X" was not found within 10 seconds.',
    );
    expect(context.host.clock.monotonic() - start).toBeGreaterThanOrEqual(10_000);
    context.host.clock.after(3_000, () => desktop.window(7, { title: 'Other' }));
    await run('FocusWindow.FocusByTitleClass', { Title: 'other' });
    expect(desktop.done).toEqual(['window 7 focus']);
  });

  it('give their instance and what they show', async () => {
    const { desktop, run } = world({ name: 'OK', state: { text: 'Fine' } });
    const { outputs } = await run('GetWindow.Get', { Control: mainWindow });
    const instance = outputs?.WindowInstance as InstanceValue;
    expect(instance.properties.get('Handle')).toBe(1);
    await run('CloseWindow.CloseByInstanceOrHandle', { WindowInstance: instance });
    expect(desktop.done).toEqual(['window 1 close']);
    const detail = async (what: string) =>
      (await run('GetWindowDetails', { Window: mainWindow, ExtractionOperation: what })).outputs?.Property;
    expect(await detail('Title')).toBe('Window 1');
    expect(await detail('ProcessName')).toBe('played');
    expect(toText((await detail('Bounds')) as CustomObject)).toBe(
      '{ "X": 10, "Y": 20, "Width": 200, "Height": 100 }',
    );
    expect(await detail('Text')).toBe('Main\r\nOK\r\nFine');
    expect((await run('GetWindow.GetForegroundWindow')).outputs?.WindowTitle).toBe('Window 1');
  });

  it('of Excel have no handle that could be used', async () => {
    const { error } = world();
    const excel = new InstanceValue('Excel instance', {}, new Map([['Handle', 1]]));
    expect(await error('CloseWindow.CloseByInstanceOrHandle', { WindowInstance: excel })).toMatch(
      /^InvalidArgument: The Excel instance in the argument "WindowInstance" has no window/,
    );
  });

  it('say when the session has no screen', async () => {
    const { desktop, error } = world();
    desktop.changeWindow = async () => {
      throw failing('ScreenNotAvailable', 'The session is locked.');
    };
    expect(await error('MoveWindow.Move', { Window: mainWindow, X: 1, Y: 1 })).toBe(
      'PerformWindowRelatedActionInNoninteractiveModeError: The window "Main" cannot be moved: The session is locked.',
    );
  });
});

describe('conditions', () => {
  it('on windows hold as soon as they do, and at once when asked to', async () => {
    const { desktop, run, context } = world();
    desktop.window(2, { title: 'Hidden', isVisible: false });
    const asked = async (id: string, given: Record<string, Value>) => (await run(id, given)).condition;
    const now = { InstantCheck: true };
    expect(await asked('IfWindow.IsOpen', { Window: mainWindow, ...now })).toBe(true);
    expect(await asked('IfWindow.IsFocusedByInstanceOrHandle', { WindowInstance: 1, ...now })).toBe(true);
    expect(await asked('IfWindow.IsOpenByTitleClass', { Title: 'Hidden', ...now })).toBe(false);
    expect(await asked('IfWindow.IsNotOpenByTitleClass', { Title: 'Hidden' })).toBe(true);
    const start = context.host.clock.monotonic();
    expect(await asked('IfWindow.IsOpenByTitleClass', { Title: 'Nothing' })).toBe(false);
    expect(context.host.clock.monotonic() - start).toBeGreaterThanOrEqual(10_000);
    context.host.clock.after(2_000, () => desktop.window(3, { title: 'Nothing' }));
    expect(await asked('IfWindow.IsOpenByTitleClass', { Title: 'Nothing' })).toBe(true);
  });

  it('waits are asked once at a time; a window that opened is focused when wanted', async () => {
    const { desktop, run } = world();
    const open = async () =>
      (await run('WaitForWindow.ToOpenByTitleClass', { Title: 'Later', FocusWindow: true })).condition;
    expect(await open()).toBe(false);
    desktop.window(4, { title: 'Later' });
    expect(await open()).toBe(true);
    expect(desktop.done).toEqual(['window 4 focus']);
    expect((await run('WaitForWindow.ToLoseFocus', { Window: mainWindow })).condition).toBe(false);
  });

  it('on what a window contains', async () => {
    const { run, desktop } = world(
      { name: 'OK', isEnabled: false },
      { name: 'Secret', isPassword: true, state: { text: 'hunter2' } },
      { name: 'Label', state: { text: 'Saved 3 files' } },
    );
    const asked = async (id: string, given: Record<string, Value>) =>
      (await run(id, { ...given, ...(id.startsWith('If') ? { InstantCheck: true } : {}) })).condition;
    expect(await asked('IfWindowContains.WindowContainsElement', { Element: at('OK') })).toBe(true);
    expect(await asked('IfWindowContains.WindowDoesNotContainElement', { Element: at('OK') })).toBe(false);
    const inState = (State: string) => ({ Element: at('OK'), State });
    expect(await asked('IfWindowContains.WindowContainsElementInState', inState('Enabled'))).toBe(false);
    expect(await asked('WaitForWindowContent.WindowToContainElementInState', inState('Disabled'))).toBe(true);
    const text = (Text: string) => ({ Window: mainWindow, Text });
    expect(await asked('IfWindowContains.WindowContainsText', text('saved 3'))).toBe(true);
    expect(await asked('WaitForWindowContent.WindowToContainText', text('hunter2'))).toBe(false);
    expect(await asked('WaitForWindowContent.WindowToNotContainText', text('gone'))).toBe(true);
    expect(desktop.held.size).toBe(0);
  });
});

describe('elements', () => {
  it('are clicked where a click hits them, their window in front', async () => {
    const { desktop, run } = world({ name: 'OK', window: 2 });
    desktop.window(2);
    await run('Click.Click', { Element: at('OK') });
    await run('Click.Click', {
      Element: at('OK'),
      ClickType: 'DoubleClick',
      MousePositionRelativeToElement: 'TopLeft',
      OffsetX: 3,
    });
    await run('Click.SimulateClick', { Element: at('OK') });
    expect(desktop.done).toEqual([
      'window 2 focus',
      'mouse to 120, 60',
      'left click',
      'window 2 focus',
      'mouse to 103, 50',
      'left double',
      'OK invoke',
    ]);
    expect(desktop.held.size).toBe(0);
  });

  it('are waited for until they are ready, and found anew when they go away', async () => {
    const { desktop, run, error } = world({ name: 'OK' });
    desktop.notReady = [failing('ElementNotReady'), failing('ElementGone'), failing('ElementNotReady')];
    await run('Click.Click', { Element: at('OK') });
    expect(desktop.done).toEqual(['mouse to 120, 60', 'left click']);
    desktop.notReady = Array(1_000).fill(failing('ElementNotReady', 'The window "Other" covers it.'));
    expect(await error('PressButton', { Button: at('OK') })).toBe(
      'PressButtonError: "Main > OK" cannot be pressed: The window "Other" covers it.',
    );
    expect(desktop.held.size).toBe(0);
  });

  it('that are not there are named, with how far their selector got and what is there instead', async () => {
    const { error } = world({ name: 'Cancel' });
    expect(await error('Click.Click', { Element: at('OK') })).toBe(
      'ClickError: The UI element "Main > OK" was not found within 10 seconds. Its window is there, but nothing fits level 1 of its selector "Default": button[Name="OK"]. There is button[Name="Main"], button[Name="Cancel"].',
    );
    const other = world({ name: 'Cancel' });
    const noWindow = {
      selector: 'Default',
      failedAt: 1,
      level: 'window[Name="Main"]',
      isWindow: true,
      instead: ['window[Name="Mine"]'],
    } as const;
    other.desktop.find = async () => ({ found: undefined, partial: [noWindow] });
    expect(await other.error('Click.Click', { Element: at('OK') })).toBe(
      'ClickError: The UI element "Main > OK" was not found within 10 seconds. No window fits window[Name="Main"] (selector "Default"). There is window[Name="Mine"].',
    );
    expect(await error('Click.Click', { Element: at('Missing') })).toMatch(
      /^ClickError: There is no UI element "Main > Missing" beside this flow/,
    );
    expect(await error('Click.Click', { Element: 'x' })).toMatch(/^InvalidArgument: .* expects a UI element/);
  });

  it('are given up at once when the run stops', async () => {
    const stop = new AbortController();
    const desktop = new PlayedDesktop();
    const context: ActionContext = contextIn('/', { desktop, repositories, signal: stop.signal });
    desktop.find = async () => {
      stop.abort(new Error('stopped'));
      return { found: undefined, partial: [] };
    };
    await expect(
      runAction(uiAutomationActions, 'UIAutomation.Click.Click', { Element: at('OK') }, context),
    ).rejects.toThrow('stopped');
  });

  it('are dragged, and let go also when the target is not there', async () => {
    const { desktop, run, error } = world({ name: 'File' }, { name: 'Bin' });
    await run('DragAndDropElement', {
      ControlToDrag: at('File'),
      ControlToDropOver: at('Bin'),
      MouseUpOffsetX: 2,
    });
    expect(desktop.done).toEqual(['mouse to 120, 60', 'left down', 'mouse to 122, 60 slowly', 'left up']);
    desktop.done.length = 0;
    const given = { ControlToDrag: at('File'), ControlToDropOver: at('Nowhere') };
    expect(await error('DragAndDropElement', given)).toMatch(/^DropTargetUIElementNotFoundError: /);
    expect(desktop.done.at(-1)).toBe('left up');
    expect(await error('DragAndDropElement', { ...given, ControlToDrag: at('Nowhere') })).toMatch(
      /^UIElementToDragNotFoundError: /,
    );
  });

  it('a mouse button that is left down is let go when the run ends', async () => {
    const { desktop, run, context } = world({ name: 'OK' });
    await run('Click.Click', { Element: at('OK'), ClickType: 'LeftButtonDown' });
    await context.close();
    expect(desktop.done.slice(-2)).toEqual(['left down', 'left up']);
  });
});

describe('filling in', () => {
  it.each<[string, Record<string, Value>, string[]]>([
    [
      'PopulateTextField',
      { Text: 'a{b' },
      ['mouse to 120, 60', 'left click', 'keys +11 24e +10 23e -10 -11 2ee a { b'],
    ],
    [
      'PopulateTextField',
      { Text: 'x', Mode: 'Append', ClickType: 'None' },
      ['F focus', 'keys +11 23e -11 x'],
    ],
    ['SimulatePopulateTextField', { Text: 'x' }, ['F setValue {"text":"x"}']],
    ['SimulatePopulateTextField', { Text: 'x', Mode: 'Append' }, ['F setValue {"text":"oldx"}']],
  ])('%s %j', async (id, given, done) => {
    const { desktop, run } = world({ name: 'F', state: { text: '', value: 'old' } });
    await run(`PopulateTextField.${id}`, { TextField: at('F'), ...given });
    expect(desktop.done).toEqual(done);
  });

  it('never reads what a password field holds', async () => {
    const { error } = world({ name: 'F', isPassword: true, state: { text: 'x', value: 'hunter2' } });
    const given = { TextField: at('F'), Text: 'more', Mode: 'Append' };
    expect(await error('PopulateTextField.SimulatePopulateTextField', given)).toMatch(
      /^WriteInTextboxError: Nothing can be appended to a password field/,
    );
  });

  it('uses what an element offers, and the mouse where it offers nothing', async () => {
    const box = { name: 'Box', state: { text: '', isOn: false } } as const;
    const { desktop, run } = world(box, { name: 'Old', lacks: ['select', 'toggle', 'focus'] });
    await run('SetCheckboxState', { Checkbox: at('Box') });
    await run('SetCheckboxState', { Checkbox: at('Box'), CheckboxState: 'Unchecked' });
    await run('SelectRadioButton', { RadioButton: at('Old') });
    await run('SelectTab', { Tab: at('Box') });
    await run('FocusTextField', { TextField: at('Old') });
    expect(desktop.done).toEqual([
      'Box toggle {"isOn":true}',
      'mouse to 120, 60',
      'left click',
      'Box select',
      'Old scrollIntoView',
      'mouse to 120, 60',
      'left click',
    ]);
  });

  it('selects options by name, pattern and number', async () => {
    const { desktop, run, error } = world({ name: 'L' });
    const set = (id: string, given: Record<string, Value> = {}) =>
      run(`SetDropDownListValueInWindow.${id}`, { DropDownList: at('L'), ...given });
    await set('SetDropDownListValueByName', { OptionsNames: ['One', 'Two'] });
    await set('SetDropDownListValueByName', { OptionsNames: '^O', UseRegularExpressions: true });
    await set('SetDropDownListValueByIndex', { OptionsIndeces: '1, 3' });
    await set('ClearDropDownListValue');
    expect(desktop.done).toEqual([
      'L selectItems {"items":["One","Two"],"isRegularExpression":false}',
      'L selectItems {"items":["^O"],"isRegularExpression":true}',
      'L selectItems {"items":[0,2],"isRegularExpression":false}',
      'L selectItems {"items":[],"isRegularExpression":false}',
    ]);
    expect(
      await error('SetDropDownListValueInWindow.SetDropDownListValueByIndex', {
        DropDownList: at('L'),
        OptionsIndeces: 0,
      }),
    ).toMatch(/^SelectSpecifiedOptionsInDropDownListError: "0" is not the number of an option/);
  });

  it('opens menus by the window, or entry by entry where that has no menu of its own', async () => {
    const { desktop, run } = world();
    await run('SelectMenuOption', { Control: at('Open') });
    expect(desktop.done).toEqual(['Main menu {"path":["File","Open"]}']);

    const drawn = world();
    let isOpen = false;
    drawn.desktop.elements = () => [
      { name: 'Main', tag: 'window', lacks: ['menu'] },
      { name: 'File', tag: 'menu item', lacks: ['expand'] },
      ...(isOpen ? [{ name: 'Open', tag: 'menu item' }] : []),
    ];
    drawn.desktop.mouseButton = async () => {
      isOpen = true;
    };
    await drawn.run('SelectMenuOption', { Control: at('Open') });
    expect(drawn.desktop.done).toEqual(['mouse to 120, 60', 'Open invoke']);
    expect(drawn.desktop.held.size).toBe(0);
  });

  it('walks a tree', async () => {
    const leaf = { name: 'Leaf 1' };
    const tree = { name: 'Tree', children: [{ name: 'Root', children: [leaf, { name: 'Other' }] }] };
    const { desktop, run, error } = world(tree);
    await run('ExpandCollapseTreeNode', { Control: at('Tree'), FoldersPath: '^R\\[0-9]$', UseRegex: true });
    expect(desktop.done).toEqual(['Root expand', 'Leaf 1 expand']);
    await run('ExpandCollapseTreeNode', {
      Control: at('Tree'),
      FoldersPath: 'Root\\Leaf 1',
      Operation: 'Collapse',
    });
    expect(desktop.done.slice(-2)).toEqual(['Root expand', 'Leaf 1 collapse']);
    expect(await error('ExpandCollapseTreeNode', { Control: at('Tree'), FoldersPath: 'Root\\None' })).toBe(
      'SetTreeNodeToSpecifiedStateError: There is no node "None" in "Root".',
    );
    expect(desktop.held.size).toBe(0);
  });
});

describe('reading', () => {
  it('gives attributes', async () => {
    const { run, error } = world({ name: 'N', state: { text: 'Hello' }, properties: { Id: '7' } });
    const attribute = async (AttributeName: string) =>
      (await run('GetElementDetails', { Element: at('N'), AttributeName })).outputs?.AttributeValue;
    expect(await attribute('Own Text')).toBe('Hello');
    expect(await attribute('Exists')).toBe('True');
    expect(await attribute('Enabled')).toBe('True');
    expect(await attribute('Location and Size')).toBe('{X=100,Y=50,Width=41,Height=21}');
    expect(await attribute('Id')).toBe('7');
    expect(await error('GetElementDetails', { Element: at('N'), AttributeName: 'Nope' })).toMatch(
      /^RetrieveAttributeOfUIElementError: The UI element has no attribute "Nope"/,
    );
    const gone = await run('GetElementDetails', { Element: at('Gone'), AttributeName: 'Exists' });
    expect(gone.outputs?.AttributeValue).toBe('False');
  });

  it('gives what is chosen in a group', async () => {
    const { run } = world({
      name: 'G',
      children: [
        { name: 'A', tag: 'check box', state: { text: '', isOn: true } },
        { name: 'B', tag: 'check box', state: { text: '', isOn: 'mixed' } },
        { name: 'C', tag: 'radio button', state: { text: '', isSelected: true } },
      ],
    });
    const outputs = async (id: string) => (await run(id, { Control: at('G') })).outputs;
    expect(await outputs('GetSelectedCheckboxesInWindow.GetSelectedCheckboxes')).toEqual({
      SelectedCheckboxes: ['A'],
    });
    expect(await outputs('GetSelectedRadiobuttonInWindow.GetSelectedRadiobutton')).toEqual({
      SelectedRadiobutton: 'C',
    });
    expect(await outputs('GetSelectedCheckboxesInWindow.GetCheckboxState')).toEqual({ CheckboxState: false });
  });

  it('extracts a table, a list or a text', async () => {
    const { run } = world(
      { name: 'T', table: { header: ['A', 'A'], rows: [['1', '2'], ['3']] } },
      { name: 'L', items: [{ text: 'x', isSelected: false, isEnabled: true }] },
      { name: 'V', state: { text: 't', value: 'v' } },
    );
    const data = async (id: string, Control: Value) => (await run(id, { Control })).outputs?.ExtractedData;
    const table = (await data('ExtractDataFromTable.ExtractDataFromTable', at('T'))) as Datatable;
    expect([table.columns, table.rows]).toEqual([
      ['A', 'A_2'],
      [
        ['1', '2'],
        ['3', ''],
      ],
    ]);
    expect(await data('ExtractDataFromWindow.ExtractData', at('T'))).toBeInstanceOf(Datatable);
    expect(await data('ExtractDataFromWindow.ExtractData', at('L'))).toEqual(['x']);
    expect(await data('ExtractDataFromWindow.ExtractData', at('V'))).toBe('v');
    const { outputs } = await run('ExtractDataFromTable.ExtractDataFromTableInExcelSpreadsheet', {
      Control: at('T'),
    });
    expect(outputs?.ExcelInstance).toMatchObject({ typeName: 'Excel instance' });
  });

  it('puts a picture of an element on the clipboard', async () => {
    const { desktop, run } = world({ name: 'OK' });
    await run('TakeScreenshotOfUIElement.TakeScreenshotOfUIElement', { Control: at('OK') });
    expect(desktop.done).toEqual(['capture {"x":100,"y":50,"width":41,"height":21}', 'clipboard picture']);
  });
});

// ── Images. The catalog does not know the arguments of most of them.

const image = new RepositoryValue('Image', ['logo']);

async function asked(
  desktop: PlayedDesktop,
  id: string,
  given: Record<string, Value> = {},
): Promise<ActionResult> {
  const definition = uiAutomationActions.find((one) => one.id === `UIAutomation.${id}`);
  if (definition === undefined) throw new Error(`${id} is not implemented`);
  const values = { Images: [image] as Value[], ...given };
  const names = Object.keys(values);
  const shape = new ArgumentShape(
    definition.id,
    undefined,
    names,
    names.map(() => false),
  );
  return await definition.run(
    new CallArguments(shape, Object.values(values), '/'),
    contextIn('/', { desktop, repositories }),
  );
}

function showing(x: number, y: number): PlayedDesktop {
  const desktop = new PlayedDesktop();
  const pixels = new Uint8Array(60 * 40 * 4).fill(255);
  for (let row = 0; row < logo.height; row++)
    pixels.set(logo.pixels.subarray(row * 24, row * 24 + 24), ((y + row) * 60 + x) * 4);
  desktop.screen = { width: 60, height: 40, pixels };
  desktop.window(1, { isForeground: true, rectangle: { x: 20, y: 10, width: 100, height: 20 } });
  return desktop;
}

test('images are looked for on the screen, the window in front, or a part of them', async () => {
  const desktop = showing(30, 12);
  expect((await asked(desktop, 'IfImage.ExistsOnScreen')).condition).toBe(true);
  expect((await asked(desktop, 'IfImage.DoesNotExistOnForeground')).condition).toBe(false);
  expect(await asked(desktop, 'WaitForImage.ToAppearOnForegroundWindow')).toEqual({
    condition: true,
    outputs: { X: 30, Y: 12 },
  });
  const part = { X1: 0, Y1: 0, X2: 12, Y2: 20 };
  expect((await asked(desktop, 'IfImage.ExistsOnSubregionOfScreen', part)).condition).toBe(false);
  expect((await asked(desktop, 'IfImage.ExistsOnSubregionOfForeground', { ...part, X2: 16 })).condition).toBe(
    true,
  );
  expect(desktop.done.at(-1)).toBe('capture {"x":20,"y":10,"width":16,"height":20}');
  expect((await asked(desktop, 'WaitForImage.ToDisappearFromScreen')).condition).toBe(false);
});

test('an area that is not inside, an unknown image, a locked session', async () => {
  const desktop = showing(30, 12);
  expect(await errorOf(asked(desktop, 'IfImage.ExistsOnSubregionOfScreen', { X2: 61 }))).toMatch(
    /^InvalidSubregionCoordinatesError: The area from 0, 0 to 61, 40 is not inside of the 60 × 40 pixels/,
  );
  const unknown = { Images: [new RepositoryValue('Image', ['other'])] };
  expect(await errorOf(asked(desktop, 'WaitForImage.ToAppearOnScreen', unknown))).toMatch(
    /^WaitForImageError: There is no image "other" beside this flow/,
  );
  desktop.locked = true;
  expect(await errorOf(asked(desktop, 'IfImage.ExistsOnScreen'))).toBe(
    'CheckImageInNoninteractiveModeError: The screen cannot be searched: The session is locked.',
  );
});

test('where there is no desktop, the actions say what they need', async () => {
  expect(
    await errorOf(
      runAction(uiAutomationActions, 'UIAutomation.GetWindow.GetForegroundWindow', {}, contextIn('/')),
    ),
  ).toMatch(/^PlatformUnsupported: This action needs the desktop of a Windows session/);
});

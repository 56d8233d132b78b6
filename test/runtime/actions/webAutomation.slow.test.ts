// Every supported action of WebAutomation in a real Chromium on the local site, with its documented errors. One browser for all.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../../src/base/clock.ts';
import { repositoryLookup } from '../../../src/interchange/repository.ts';
import type { ActionContext } from '../../../src/runtime/action.ts';
import { webAutomationActions } from '../../../src/runtime/actions/webAutomation/index.ts';
import type { Tab } from '../../../src/runtime/actions/webAutomation/tab.ts';
import {
  Datarow,
  Datatable,
  FileValue,
  type InstanceValue,
  RepositoryValue,
  type Value,
} from '../../../src/runtime/values.ts';
import { FakeHost } from '../../fakes/host.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { openSite, type Site } from './site.ts';
import { webElements } from './webElements.ts';

/** The real clock, but 20 times as fast, for tests of what never comes; limits for a browser that gives no answer stay long ones. */
const hasty: Clock = {
  ...systemClock,
  monotonic: () => systemClock.monotonic() * 20,
  after: (ms, action) => systemClock.after(ms < 12_000 ? ms / 20 : ms / 2, action),
};

let site: Site;
let home: string;
let context: ReturnType<typeof contextIn>;
let Browser: InstanceValue;
const known: Record<string, string | undefined> = {};

const act = (id: string, given: Record<string, Value>, inContext: ActionContext = context) =>
  runAction(webAutomationActions, `WebAutomation.${id}`, given, inContext);
/** An output of an action, which must be there. */
async function output<T extends Value>(name: string, work: ReturnType<typeof act>): Promise<T> {
  const value = (await work).outputs?.[name];
  if (value === undefined) throw new Error(`there is no output ${name}`);
  return value as T;
}
/** With the browser of the tests. */
const on = (id: string, given: Record<string, Value> = {}) => act(id, { BrowserInstance: Browser, ...given });
const impatient = (id: string, given: Record<string, Value> = {}) =>
  errorOf(
    act(id, { BrowserInstance: Browser, ...given }, { ...context, host: new FakeHost({ clock: hasty }) }),
  );

const run = (Javascript: string) => output<string>('Result', on('ExecuteJavascript', { Javascript }));
const script = (body: string) => run(`function ExecuteScript() { ${body} }`);
const log = () => script("return document.getElementById('log').textContent.trim().replace(/\\n/g, '; ')");
const valueIn = (id: string) => script(`return document.getElementById('${id}').value`);
const details = (DetailsType: string) =>
  output<string>('Details', on('GetDetailsOfWebPage', { DetailsType }));
const title = () => details('Title');
const read = (Control: string, AttributeName: string) =>
  output<string>('AttributeValue', on('GetDetailsOfElement', { Control, AttributeName }));
const tabOf = (work: ReturnType<typeof act>) => output<InstanceValue>('BrowserInstance', work);
const newTab = (variant: string, given: Record<string, Value>) =>
  output<InstanceValue>('NewBrowserInstance', on(`CreateNewTab.CreateNewTab${variant}`, given));
const closeTab = (tab: InstanceValue) => act('CloseWebBrowser', { BrowserInstance: tab });
const titleOf = (tab: InstanceValue) =>
  output<string>('Details', act('GetDetailsOfWebPage', { BrowserInstance: tab, DetailsType: 'Title' }));
const tabsOpen = () => (Browser.resource as Tab).connection.pages().length;
/** What the browser says is open, the last used first. */
async function openTitles(): Promise<string[]> {
  const { port } = (Browser.resource as Tab).connection.endpoint;
  const tabs = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json();
  return (tabs as { type: string; title: string }[])
    .filter(({ type }) => type === 'page')
    .map((tab) => tab.title);
}
const patience = { timeout: 30_000 };
const visit = (page: string) => on('GoToWebPage.GoToWebPage', { Url: `${site.address}/${page}` });
const element = (name: string, texts?: ReadonlyMap<string, string>) =>
  new RepositoryValue('UI element', ['Desk', name], texts);
const parameters = (...rows: string[][]) =>
  new Datatable(
    Array.from({ length: Math.max(...rows.map((row) => row.length)) }, (_, index) => `Column${index + 1}`),
    rows,
  );

beforeAll(async () => {
  for (const name of ['DESKTOP_FLOWS_HOME', 'DESKTOP_FLOWS_CHROME', 'DESKTOP_FLOWS_EDGE'])
    known[name] = process.env[name];
  delete process.env.DESKTOP_FLOWS_CHROME;
  delete process.env.DESKTOP_FLOWS_EDGE;
  home = mkdtempSync(join(tmpdir(), 'desktop-flows-web-'));
  process.env.DESKTOP_FLOWS_HOME = home;
  site = await openSite();
  context = contextIn(home, {
    host: new FakeHost({ clock: systemClock }),
    repositories: repositoryLookup(webElements, undefined),
  });
  Browser = await tabOf(act('LaunchChrome.LaunchChrome', { Url: site.address }));
}, 60_000);

// A test that fails leaves no tab behind for the next one.
afterEach(async () => {
  const { connection, page } = Browser.resource as Tab;
  for (const other of connection.pages()) if (other !== page) await connection.close(other);
});

afterAll(async () => {
  await context?.close();
  await site?.close();
  Object.assign(process.env, known);
  for (const [name, value] of Object.entries(known)) if (value === undefined) delete process.env[name];
  rmSync(home, { recursive: true, force: true, maxRetries: 10 });
}, 30_000);

describe('pages', () => {
  it('goes to addresses, back, forward, and loads again', async () => {
    await visit('details.html');
    expect(await title()).toBe('Details of the order');
    await visit('data.html');
    await on('GoToWebPage.NavigateBack');
    expect(await title()).toBe('Details of the order');
    await on('GoToWebPage.NavigateForward');
    expect(await title()).toBe('Data');
    const before = site.visits.filter((path) => path === '/data.html').length;
    await on('GoToWebPage.ReloadWebPage');
    expect(site.visits.filter((path) => path === '/data.html')).toHaveLength(before + 1);
  });

  it('completes an address as a browser does, and refuses what is none', async () => {
    await on('GoToWebPage.GoToWebPage', { Url: site.address.replace('http://', '') });
    expect(await title()).toBe('Order desk');
    const file = join(home, 'local page.html');
    writeFileSync(file, '<title>Local</title>');
    await on('GoToWebPage.GoToWebPage', { Url: file });
    expect(await title()).toBe('Local');
    for (const Url of ['', 'http://', 'ht tp://x'])
      expect(await errorOf(on('GoToWebPage.GoToWebPage', { Url }))).toMatch(/^InvalidURLError: /);
    expect(await errorOf(on('CreateNewTab.CreateNewTab', { Url: 'http://' }))).toMatch(/^InvalidURLError: /);
  });

  it('says when a page cannot be reached, takes too long, or is not there to go back to', async () => {
    expect(await errorOf(on('GoToWebPage.GoToWebPage', { Url: 'http://127.0.0.1:1/?token=s3cret' }))).toBe(
      'NavigateToWebPageError: The page http://127.0.0.1:1/ could not be opened: ERR_UNSAFE_PORT.',
    );
    const nobody = 'http://127.0.0.1:59999/';
    expect(await errorOf(on('GoToWebPage.GoToWebPage', { Url: nobody }))).toContain('ERR_CONNECTION_REFUSED');
    expect(await errorOf(on('CreateNewTab.CreateNewTab', { Url: nobody }))).toMatch(
      /^CreateNewTabError: .*REFUSED/,
    );
    expect(
      await errorOf(
        on('GoToWebPage.GoToWebPage', { Url: `${site.address}/never`, WaitForPageToLoadTimeout: 1 }),
      ),
    ).toBe(
      `NavigateToWebPageError: The page ${site.address}/never could not be opened: it did not answer in time.`,
    );
    await on('GoToWebPage.GoToWebPage', { Url: `${site.address}/slow?ms=700` });
    expect((await on('IfWebPageContains.WebPageContainsText', { Text: 'here at last' })).condition).toBe(
      true,
    );
    await expect(errorOf(on('GoToWebPage.NavigateForward'))).resolves.toMatch(/no page to go forward to/);
  });

  it('does not wait for a page when it is not to', async () => {
    await visit('');
    await on('Click.ClickNoWait', { Control: '#never' });
    await expect.poll(() => site.visits.at(-1), patience).toBe('/never');
    await on('GoToWebPage.GoToWebPageNoWait', { Url: `${site.address}/data.html` });
    await on('GoToWebPage.ReloadWebPageNoWait');
    await on('GoToWebPage.NavigateBackNoWait');
    await on('GoToWebPage.NavigateForwardNoWait');
  });

  it('opens tabs, finds tabs, and closes them', async () => {
    const tab = await newTab('', { Url: `${site.address}/details.html` });
    expect(tab.typeName).toBe('Web browser instance');
    expect(tab.properties.get('IsAlive')).toBe(true);
    for (const [id, given] of [
      ['AttachToChromeByTitle', { TabTitle: 'Details of*' }],
      ['AttachToChromeByUrl', { TabUrl: '/details\\.html$', MatchMode: 'Regex' }],
      ['AttachToForegroundChrome', {}],
    ] as [string, Record<string, Value>][])
      expect((await tabOf(act(`LaunchChrome.${id}`, given))).resource).toBe(tab.resource);
    await closeTab(tab);
    expect(Object.fromEntries(tab.properties)).toMatchObject({ IsAlive: false });
    for (const id of ['CloseWebBrowser', 'GoToWebPage.ReloadWebPage'])
      expect(await errorOf(act(id, { BrowserInstance: tab }))).toMatch(
        /Error: The browser tab is not open any more/,
      );
    expect(
      await errorOf(act('IfWebPageContains.WebPageContainsText', { BrowserInstance: tab, Text: 'x' })),
    ).toMatch(/^CommunicateWithBrowserError: /);
    expect(
      await errorOf(act('WaitForWebPageContent.WebPageToContainText', { BrowserInstance: tab, Text: 'x' })),
    ).toMatch(/^WaitForWebPageContentError: /);
    await closeTab(await newTab('NoWait', { Url: site.address }));
  });

  it('attaches to a window that a click has opened', async () => {
    await visit('');
    await on('Click.Click', { Control: '#newWindow' });
    await expect.poll(async () => (await openTitles())[0], patience).toBe('Details of the order');
    const tab = await tabOf(act('LaunchChrome.AttachToForegroundChrome', {}));
    expect(await titleOf(tab)).toBe('Details of the order');
    await closeTab(tab);
  });

  it('names the tabs that are open when none fits', async () => {
    await visit('');
    await expect.poll(openTitles, patience).toEqual(['Order desk']);
    expect(
      await errorOf(
        act('LaunchChrome.AttachToChromeByTitle', {
          TabTitle: 'Invoices',
          MatchMode: 'Exact',
          AttachTimeout: 0,
        }),
      ),
    ).toBe('LaunchChromeError: No tab with the title "Invoices" is open in Chrome. Open are: "Order desk".');
    expect(await errorOf(act('LaunchEdge.AttachToEdgeByUrl', { TabUrl: 'x', AttachTimeout: 0 }))).toBe(
      'LaunchMicrosoftEdgeError: There is no Microsoft Edge that a flow can attach to.',
    );
  });
});

describe('tabs in trouble', () => {
  const popup = () => newTab('', { Url: `${site.address}/popup` });

  it('are closed at any moment of loading', async () => {
    for (let round = 0; round < 20; round++) await closeTab(await newTab('NoWait', { Url: site.address }));
    expect(tabsOpen()).toBe(1);
  }, 60_000);

  it('are closed behind a dialog, and busy with a script', async () => {
    const asking = await popup();
    await act('ExecuteJavascript', {
      BrowserInstance: asking,
      Javascript: 'function ExecuteScript() { setTimeout(() => alert(1)); }',
    });
    await closeTab(asking);
    const busy = await popup();
    await errorOf(
      act(
        'Click.ClickNoWait',
        { BrowserInstance: busy, Control: '#busy' },
        { ...context, host: new FakeHost({ clock: hasty }) },
      ),
    );
    await tabOf(act('LaunchChrome.AttachToChromeByTitle', { TabTitle: 'Popup' }));
    await closeTab(busy);
    expect(tabsOpen()).toBe(1);
  }, 30_000);

  it('give back the answer of a script that opens a dialog later', async () => {
    const tab = await popup();
    const late = await act('ExecuteJavascript', {
      BrowserInstance: tab,
      Javascript: "function ExecuteScript() { setTimeout(() => alert(1)); return 'done'; }",
    });
    expect(late.outputs?.Result).toBe('done');
    await closeTab(tab);
  });

  it('are reached behind the dialog of a window that they have opened', async () => {
    const opener = await popup();
    // What one page asks holds up both: they share a process.
    await act('Click.Click', { BrowserInstance: opener, Control: '#open' });
    const opened = await tabOf(act('LaunchChrome.AttachToChromeByUrl', { TabUrl: '/greets' }));
    await act('GoToWebPage.ReloadWebPageCloseDialog', { BrowserInstance: opened });
    expect(await titleOf(opened)).toBe('Greetsfalse');
    await closeTab(opened);
    await act('Click.ClickPressDialogButton', {
      BrowserInstance: opener,
      Control: '#open',
      DialogButton: 'OK',
    });
    const second = await tabOf(act('LaunchChrome.AttachToChromeByTitle', { TabTitle: 'Greetstrue' }));
    await closeTab(second);
    await closeTab(opener);
  });

  it('say that their page has crashed, at once and later', async () => {
    const tab = await popup();
    const running = errorOf(
      act('ExecuteJavascript', {
        BrowserInstance: tab,
        Javascript: 'function ExecuteScript() { document.title = "running"; return new Promise(() => {}); }',
      }),
    );
    await expect.poll(() => titleOf(tab), patience).toBe('running');
    void (tab.resource as Tab).session.send('Page.crash').catch(() => {});
    expect(await running).toBe('RunJavaScriptError: The page in this tab has crashed.');
    expect(await errorOf(act('GoToWebPage.GoToWebPage', { BrowserInstance: tab, Url: site.address }))).toBe(
      'NavigateToWebPageError: The page in this tab has crashed.',
    );
    await closeTab(tab);
    expect(tabsOpen()).toBe(1);
  });
});

describe('elements', () => {
  beforeEach(() => visit(''));

  it.each([
    ['#plain', 'plain pressed'],
    ['button:contains("Plain")', 'plain pressed'],
    ['body > .card:eq(1) button', 'saved 1'],
    ['.card:has(h2:contains(Two)) .save', 'saved 1'],
    ['.save:last', 'saved 1'],
    ['.card:not(:contains("Two")) .save', 'saved 0'],
    ['button[Text="Plain"]', 'plain pressed'],
    ['#nowhere, #plain', 'plain pressed'],
    ['order-status button', 'shadow pressed'],
    ['> html > body > form > button:gt(0):first', 'plain pressed'],
  ])('finds what the selector %s means', async (Control, expected) => {
    await on('PressButton.PressButton', { Control });
    expect(await log()).toBe(expected);
  });

  it('reaches into frames, as the designer writes it', async () => {
    await on('PressButton.PressButton', { Control: 'html > body > iframe > html > body > button' });
    expect(await read('#inner > html > body > button', 'Own Text')).toBe('Pressed');
    expect(await read('iframe iframe[Id="deep"] > html > body > div > span', 'Own Text')).toBe('Deep down');
  });

  it.each([
    ['By id', 'plain pressed'],
    ['By text', 'plain pressed'],
    ['Second save', 'saved 1'],
    ['Second of two', 'plain pressed'],
    ['As written', 'saved 0'],
    ['Starts and ends', 'plain pressed'],
    ['By expression', 'plain pressed'],
  ])('finds the UI element "%s"', async (name, expected) => {
    await on('PressButton.PressButton', { Control: element(name) });
    expect(await log()).toBe(expected);
  });

  it('puts the values of variables into selectors', async () => {
    await on('PressButton.PressButton', {
      Control: element('With variable', new Map([['%Which%', 'plain']])),
    });
    expect(await log()).toBe('plain pressed');
  });

  it('says which selectors were tried and how far the best one came', async () => {
    expect(await impatient('Click.Click', { Control: 'html > body > form#order > table > tr' })).toBe(
      `ElementWithSpecifiedCSSSelectorNotFoundError: Nothing was found for "html > body > form#order > table > tr" on "Order desk" (${site.address}/). It has html > body > form#order, but no table directly below it.`,
    );
    expect(await impatient('Click.Click', { Control: element('Gone') })).toBe(
      `ElementWithSpecifiedCSSSelectorNotFoundError: The UI element "Gone" was not found by "iframe[Id="inner"] button[Id="gone"]", then "#alsoGone" on "Order desk" (${site.address}/). It has iframe[Id="inner"], but no button[Id="gone"] in that frame.`,
    );
    const missing = [
      ['PressButton.PressButton', {}],
      ['Focus.Focus', {}],
      ['PopulateTextField.PopulateTextField', { Text: 'x' }],
      ['SetCheckboxState.SetCheckboxState', {}],
      ['SelectRadioButton.SelectRadioButton', {}],
      ['SetDropDownListValue.ClearDropDownListValue', {}],
      ['TakeScreenshot.TakeScreenshotOfElementSaveToFile', { File: 'x.png' }],
      ['ClickDownloadLink', { DestinationFolder: home }],
    ] as const;
    for (const [id, more] of missing) {
      expect(await impatient(id, { Control: '#gone', ...more })).toMatch(
        /^ElementWithSpecifiedCSSSelectorNotFoundError: Nothing was found for "#gone"/,
      );
    }
    expect(await impatient('HoverOverElement', { Control: '#gone' })).toMatch(
      /^HoverOverElementError: Nothing/,
    );
    expect(await impatient('GetDetailsOfElement', { Control: '#gone' })).toMatch(
      /^RetrieveAttributeOfUIElementOnWebPageError: Nothing/,
    );
  });

  it('refuses what is no selector and elements nobody knows', async () => {
    const problems: [Value, RegExp][] = [
      ['//div', /^InvalidArgument: .*XPath/],
      ['div[', /^InvalidArgument: .*it ends too early/],
      ['div:nonsense', /^InvalidArgument: The browser does not accept "div:nonsense" as a selector/],
      [5, /^InvalidArgument: .*expects a UI element or a CSS selector/],
      [
        element('Unknown'),
        /^ElementWithSpecifiedCSSSelectorNotFoundError: There is no UI element ".* > Unknown" beside this flow/,
      ],
      [element('Switched off'), /^ElementWithSpecifiedCSSSelectorNotFoundError: .*has no selector/],
    ];
    for (const [Control, expected] of problems)
      expect(await errorOf(on('PressButton.PressButton', { Control }))).toMatch(expected);
    expect(
      await errorOf(act('PressButton.PressButton', { BrowserInstance: 'x', Control: '#plain' })),
    ).toMatch(/^InvalidArgument: .*expects a web browser instance/);
  });
});

describe('mouse', () => {
  beforeEach(() => visit(''));

  it.each([
    ['LeftClick', 'pad mousedown 0 real; pad mouseup 0 real; pad click 0 real 50,30'],
    ['RightClick', 'pad mousedown 2 real; pad contextmenu 2 real; pad mouseup 2 real; pad auxclick 2 real'],
    ['MiddleClick', 'pad mousedown 1 real; pad mouseup 1 real; pad auxclick 1 real'],
    ['LeftButtonDown', 'pad mousedown 0 real'],
  ])('sends a real %s', async (ClickType, expected) => {
    await on('Click.Click', { Control: '#pad', ClickType });
    expect(await log()).toBe(expected);
    if (ClickType === 'LeftButtonDown')
      await on('Click.Click', { Control: '#pad', ClickType: 'LeftButtonUp' });
    for (const [down, up] of [['RightButtonDown', 'RightButtonUp']] as const) {
      await on('Click.Click', { Control: '#pad', ClickType: down });
      await on('Click.Click', { Control: '#pad', ClickType: up });
    }
    expect(await log()).toContain('pad mouseup 2 real');
  });

  it('double-clicks, and clicks at a place', async () => {
    await on('Click.Click', { Control: '#pad', ClickType: 'DoubleClick' });
    expect(await log()).toContain('pad dblclick 0 real');
    await on('Click.Click', {
      Control: '#pad',
      MousePositionRelativeToElement: 'TopLeft',
      OffsetX: 7,
      OffsetY: 3,
    });
    expect(await log()).toContain('real 7,3');
    await on('Click.Click', { Control: '#pad', MousePositionRelativeToElement: 'BottomRight' });
    expect(await log()).toContain('real 99,59');
  });

  it('sends clicks without a mouse to what is covered', async () => {
    await on('Click.Click', { Control: '#covered', MouseClick: false });
    expect(await log()).toBe('covered pressed');
    await on('Click.Click', { Control: '#pad', MouseClick: false, ClickType: 'RightClick' });
    expect(await log()).toContain('pad mousedown 2; pad mouseup 2; pad contextmenu 2');
    await on('Click.Click', { Control: '#pad', MouseClick: false, ClickType: 'DoubleClick' });
    expect(await log()).toContain('pad dblclick 0');
  });

  it('says why a click is impossible', async () => {
    expect(await errorOf(on('Click.Click', { Control: '#covered', WaitForPageToLoadTimeout: 1 }))).toMatch(
      /^ClickUIElementError: "#covered" was found, but .*id="cover".* intercepts pointer events/,
    );
    expect(await errorOf(on('Click.Click', { Control: '#off', WaitForPageToLoadTimeout: 1 }))).toMatch(
      /^ClickUIElementError: .*element is not enabled/,
    );
    expect(await errorOf(on('Click.Click', { Control: '#waiting', WaitForPageToLoadTimeout: 1 }))).toMatch(
      /^ClickUIElementError: .*element is not visible/,
    );
    expect(await impatient('HoverOverElement', { Control: '#covered' })).toMatch(/^HoverOverElementError: /);
  });

  it('waits for the page a click leads to, and says when that does not come', async () => {
    await on('Click.Click', { Control: '#slow' });
    expect(await title()).toBe('Slow');
    await visit('');
    expect(await errorOf(on('Click.Click', { Control: '#never', WaitForPageToLoadTimeout: 1 }))).toBe(
      `ClickUIElementError: The page ${site.address}/ did not finish loading within 1 seconds.`,
    );
  });

  it('hovers', async () => {
    expect(await read('#submenu', 'Own Text')).toBe('Entry');
    expect((await on('IfWebPageContains.WebPageContainsText', { Text: 'Entry' })).condition).toBe(false);
    await on('HoverOverElement', { Control: '#menu', UseActualMouse: true });
    expect((await on('IfWebPageContains.WebPageContainsText', { Text: 'Entry' })).condition).toBe(true);
  });
});

describe('forms', () => {
  beforeEach(() => visit(''));

  it('fills text fields, typed or set, replacing or adding', async () => {
    await on('PopulateTextField.PopulateTextField', { Control: '#name', Text: 'Ada' });
    expect(await valueIn('name')).toBe('Ada');
    expect(await log()).toContain('key A; key d; key a; name Ada; name left');
    await on('PopulateTextField.PopulateTextField', {
      Control: '#name',
      Text: '!',
      Mode: 'Append',
      UnfocusAfterPopulate: false,
    });
    expect(await valueIn('name')).toBe('Ada!');
    await visit('');
    await on('PopulateTextField.PopulateTextField', { Control: '#name', Text: 'Bob', EmulateTyping: false });
    expect(await log()).toBe('name Bob');
    await on('PopulateTextField.PopulateTextFieldUsePhysicalKeyboard', {
      Control: '#name',
      Text: 'é€',
      Mode: 'Append',
    });
    expect(await valueIn('name')).toBe('Bobé€');
    await on('PopulateTextField.PopulateTextFieldNoWait', { Control: '#note', Text: 'one\ntwo' });
    expect(await valueIn('note')).toBe('one\ntwo');
    await on('PopulateTextField.PopulateTextField', { Control: '#name', Text: '' });
    expect(await valueIn('name')).toBe('');
  });

  it('fills date fields and rich text, and types into lists', async () => {
    await on('PopulateTextField.PopulateTextField', { Control: '#day', Text: '2024-02-29' });
    expect(await valueIn('day')).toBe('2024-02-29');
    await on('PopulateTextField.PopulateTextFieldNoWaitUsePhysicalKeyboard', {
      Control: '#rich',
      Text: 'new',
    });
    expect(await script("return document.getElementById('rich').innerText")).toBe('new');
    await on('PopulateTextField.PopulateTextField', {
      Control: '#rich',
      Text: '!',
      Mode: 'Append',
      EmulateTyping: false,
    });
    expect(await script("return document.getElementById('rich').innerText")).toBe('new!');
    await on('PopulateTextField.PopulateTextFieldUsePhysicalKeyboard', { Control: '#country', Text: 'Den' });
    expect(await valueIn('country')).toBe('DK');
  });

  it('says what cannot be written on', async () => {
    for (const [Control, reason] of [
      ['#heading', 'no text field'],
      ['#locked', 'read-only'],
      ['#express', 'no text field'],
    ])
      expect(
        await errorOf(on('PopulateTextField.PopulateTextField', { Control: Control ?? '', Text: 'x' })),
      ).toMatch(new RegExp(`^WriteOnTextFieldError: .*${reason}`));
  });

  it('types into no other field when the right one is hidden, and waits until it is not', async () => {
    await script("document.getElementById('note').style.display = 'none'");
    await on('Focus.Focus', { Control: '#name' });
    const typing = { Control: '#note', Text: 'secret' };
    expect(await impatient('PopulateTextField.PopulateTextField', typing)).toMatch(
      /^WriteOnTextFieldError: The text field cannot be typed into: it is hidden/,
    );
    expect(await valueIn('name')).toBe('old');
    await on('PopulateTextField.PopulateTextField', { ...typing, EmulateTyping: false });
    expect(await valueIn('note')).toBe('secret');
    await script("setTimeout(() => { document.getElementById('note').style.display = ''; }, 300)");
    await on('PopulateTextField.PopulateTextField', { ...typing, Text: 'shown' });
    expect(await valueIn('note')).toBe('shown');
  });

  it('moves the focus', async () => {
    await on('Focus.Focus', { Control: '#note' });
    expect(await script('return document.activeElement.id')).toBe('note');
    await on('Focus.FocusNoWait', { Control: '#name' });
    expect(await script('return document.activeElement.id')).toBe('name');
  });

  it('sets check boxes, also by what labels or imitates them', async () => {
    const state = (Control: string, State: string) =>
      on('SetCheckboxState.SetCheckboxState', { Control, State });
    await state('#express', 'Checked');
    await state('#expressLabel', 'Checked');
    await state('#fancy', 'Checked');
    expect(await script("return document.getElementById('fancy').getAttribute('aria-checked')")).toBe('true');
    await on('SetCheckboxState.SetCheckboxStateNoWait', { Control: '#express', State: 'Unchecked' });
    expect(await log()).toBe('express true; express false');
    await state('#agreed', 'Unchecked').then(
      () => expect.unreachable(),
      (error: Error) => expect(error.message).toMatch(/check box is disabled/),
    );
    expect(await errorOf(state('#heading', 'Checked'))).toMatch(
      /^SetStateOfCheckboxError: .*is no check box/,
    );
  });

  it('selects radio buttons, also by their label or what is around them', async () => {
    const selected = () => script("return document.querySelector('input[name=size]:checked').value");
    await on('SelectRadioButton.SelectRadioButton', { Control: '#s' });
    expect(await selected()).toBe('s');
    await on('SelectRadioButton.SelectRadioButton', { Control: '#lLabel' });
    expect(await selected()).toBe('l');
    await on('SelectRadioButton.SelectRadioButtonNoWait', { Control: '#small' });
    expect(await selected()).toBe('s');
    await on('SelectRadioButton.SelectRadioButton', { Control: '#plain' });
    expect(await log()).toContain('plain pressed');
    await script("document.getElementById('l').disabled = true");
    expect(await errorOf(on('SelectRadioButton.SelectRadioButton', { Control: '#l' }))).toMatch(
      /^SelectRadioButtonError: .*radio button is disabled/,
    );
  });

  it('selects options by name, expression and number', async () => {
    const byName = (Control: string, OptionNames: Value, more: Record<string, Value> = {}) =>
      on('SetDropDownListValue.SetDropDownListValueByName', { Control, OptionNames, ...more });
    const chosen = () =>
      script("return [...document.getElementById('colours').selectedOptions].map((o) => o.text)");
    await byName('#country', 'Germany');
    expect(await log()).toBe('country DE');
    await byName('#country', ['^Den'], { UseRegularExpression: true });
    expect(await valueIn('country')).toBe('DK');
    await on('SetDropDownListValue.SetDropDownListValueByIndex', { Control: '#country', OptionsIndeces: 2 });
    expect(await valueIn('country')).toBe('AT');
    await byName('#colours', ['Red', 'Blue']);
    expect(await chosen()).toBe('["Red","Blue"]');
    await on('SetDropDownListValue.SetDropDownListValueByIndexNoWait', {
      Control: '#colours',
      OptionsIndeces: [2],
    });
    expect(await chosen()).toBe('["Green"]');
    await on('SetDropDownListValue.ClearDropDownListValue', { Control: '#colours' });
    expect(await chosen()).toBe('[]');
    await byName('#late', 'Second');
    expect(await valueIn('late')).toBe('Second');
  });

  it('says which options there are when one is missing', async () => {
    const choose = (given: Record<string, Value>) =>
      errorOf(
        on('SetDropDownListValue.SetDropDownListValueByName', {
          Control: '#country',
          WaitForPageToLoadTimeout: 1,
          ...given,
        }),
      );
    expect(await choose({ OptionNames: 'France' })).toBe(
      'SetSelectedOptionError: The list has no option "France".',
    );
    expect(await choose({ OptionNames: ['^(D|G)'], UseRegularExpression: true })).toMatch(
      /takes one option only/,
    );
    expect(await choose({ OptionNames: '(', UseRegularExpression: true })).toMatch(
      /^InvalidRegularExpressionError: /,
    );
    expect(await choose({ OptionNames: 'x', Control: '#heading' })).toMatch(/no drop-down list/);
    expect(
      await errorOf(
        on('SetDropDownListValue.SetDropDownListValueByIndex', { Control: '#country', OptionsIndeces: [0] }),
      ),
    ).toMatch(/^InvalidArgument: "0" is no number of an option/);
    expect(
      await errorOf(
        on('SetDropDownListValue.SetDropDownListValueByIndex', {
          Control: '#country',
          OptionsIndeces: 9,
          WaitForPageToLoadTimeout: 1,
        }),
      ),
    ).toMatch(/no option "9"/);
  });

  it('sends a form', async () => {
    await on('PopulateTextField.PopulateTextField', { Control: '#name', Text: 'Ada' });
    await on('PressButton.PressButton', { Control: '#send' });
    expect((await on('IfWebPageContains.WebPageContainsText', { Text: 'name=Ada' })).condition).toBe(true);
    expect(
      await errorOf(
        act('PressButton.PressButton', {
          BrowserInstance: Browser,
          Control: '#x',
          WaitForPageToLoadTimeout: -1,
        }),
      ),
    ).toMatch(/^InvalidArgument: /);
  });
});

describe('dialogs', () => {
  beforeEach(() => visit(''));

  it('closes them, or presses a button', async () => {
    await on('Click.ClickCloseDialog', { Control: '#alerts' });
    await on('Click.ClickCloseDialog', { Control: '#confirms' });
    await on('PressButton.PressButtonPressDialogButton', { Control: '#confirms', DialogButton: 'OK' });
    await on('PressButton.PressButtonPressDialogButton', { Control: '#confirms', DialogButton: 'Cancelar' });
    await on('Click.ClickPressDialogButton', { Control: '#prompts', DialogButton: 'OK' });
    await on('PressButton.PressButtonCloseDialog', { Control: '#prompts' });
    expect(await log()).toBe(
      'alert closed; confirmed false; confirmed true; confirmed false; prompted that; prompted null',
    );
  });

  it('names the buttons of a dialog that has no such button', async () => {
    expect(
      await errorOf(on('Click.ClickPressDialogButton', { Control: '#alerts', DialogButton: 'Cancel' })),
    ).toBe('ClickUIElementError: The dialog "Order saved" has no button "Cancel".');
    await on('GoToWebPage.ReloadWebPageCloseDialog');
  });

  it('leaves a dialog open when it is to do nothing, and says later what is in the way', async () => {
    await on('Click.Click', { Control: '#confirms' });
    expect(await impatient('Click.Click', { Control: '#plain' })).toBe(
      'ClickUIElementError: The page shows the dialog "Really?", and nothing can be done on it until that is answered.',
    );
    expect(await impatient('IfWebPageContains.WebPageContainsText', { Text: 'x' })).toMatch(
      /^CommunicateWithBrowserError: The page shows the dialog/,
    );
    await on('Click.ClickPressDialogButton', { Control: '#plain', DialogButton: 'OK' });
    expect(await log()).toBe('confirmed true; plain pressed');
  });

  it('answers the question whether to leave a page', async () => {
    await visit('leave.html');
    await on('PopulateTextField.PopulateTextFieldUsePhysicalKeyboard', { Control: '#text', Text: 'x' });
    await on('Click.ClickPressDialogButton', { Control: '#away', DialogButton: 'Stay' });
    expect(await title()).toBe('Unsaved');
    await on('Click.ClickCloseDialog', { Control: '#away' });
    expect(await title()).toBe('Details of the order');
  });

  it('does not wait for a script that asks somebody', async () => {
    expect(
      await errorOf(on('ExecuteJavascript', { Javascript: 'function ExecuteScript() { alert(1); }' })),
    ).toMatch(/^RunJavaScriptError: The script opened a dialog/);
    await on('GoToWebPage.GoToWebPageCloseDialog', { Url: site.address });
  });

  it.each([
    ['Focus.Focus', {}],
    ['SelectRadioButton.SelectRadioButton', { Control: '#s' }],
    ['SetCheckboxState.SetCheckboxState', { Control: '#express' }],
    ['SetDropDownListValue.SetDropDownListValueByName', { Control: '#country', OptionNames: 'Germany' }],
    ['SetDropDownListValue.SetDropDownListValueByIndex', { Control: '#country', OptionsIndeces: 2 }],
    ['SetDropDownListValue.ClearDropDownListValue', { Control: '#colours' }],
    ['PopulateTextField.PopulateTextField', { Text: 'x' }],
  ] as [string, Record<string, Value>][])('is answered by the variants of %s', async (base, given) => {
    const Control = given.Control ?? '#name';
    for (const [variant, more] of [
      ['CloseDialog', {}],
      ['PressDialogButton', { DialogButton: 'OK' }],
    ] as const) {
      await visit('');
      await script(
        `const type = 'focus change'; for (const t of type.split(' ')) document.querySelector('${String(Control)}').addEventListener(t, () => note('answered ' + confirm('Sure?')), { once: true })`,
      );
      await on(`${base}${variant}`, { ...given, Control, ...more });
      if (base.startsWith('Populate'))
        await on(`${base}${variant}UsePhysicalKeyboard`, { ...given, Control, ...more });
      expect(await log()).toContain(`answered ${variant === 'PressDialogButton'}`);
    }
  });

  it('is answered while pages are opened', async () => {
    const asking = `data:text/html,<title>Asked</title><script>document.title += confirm('Sure?')</script>`;
    await on('GoToWebPage.GoToWebPagePressDialogButton', { Url: asking, DialogButton: 'OK' });
    expect(await title()).toBe('Askedtrue');
    await on('GoToWebPage.ReloadWebPagePressDialogButton', { DialogButton: 'Cancel' });
    expect(await title()).toBe('Askedfalse');
    await visit('');
    await on('GoToWebPage.NavigateBackCloseDialog');
    await on('GoToWebPage.NavigateForwardCloseDialog');
    await on('GoToWebPage.NavigateBackPressDialogButton', { DialogButton: 'OK' });
    await on('GoToWebPage.NavigateForwardPressDialogButton', { DialogButton: 'OK' });
    for (const [variant, more] of [
      ['CloseDialog', {}],
      ['PressDialogButton', { DialogButton: 'OK' }],
    ] as const) {
      const tab = await newTab(variant, { Url: asking, ...more });
      expect(await titleOf(tab)).toBe(`Asked${variant === 'PressDialogButton'}`);
      await closeTab(tab);
    }
  });
});

describe('reading', () => {
  beforeEach(() => visit(''));

  it('sees text as a person does, in frames too', async () => {
    const tests: [string, boolean][] = [
      ['three orders are open', true],
      ['THREE  ORDERS', true],
      ['Inside the frame', true],
      ['Deep down', true],
      ['Please wait', false],
      ['nothing like it', false],
    ];
    for (const [Text, expected] of tests) {
      expect((await on('IfWebPageContains.WebPageContainsText', { Text })).condition).toBe(expected);
      expect((await on('IfWebPageContains.WebPageDoesNotContainText', { Text })).condition).toBe(!expected);
      expect((await on('WaitForWebPageContent.WebPageToContainText', { Text })).condition).toBe(expected);
      expect((await on('WaitForWebPageContent.WebPageToNotContainText', { Text })).condition).toBe(!expected);
    }
  });

  it('sees elements, and whether they can be used', async () => {
    for (const [Control, expected] of [
      ['#waiting', true],
      ['#gone', false],
      [element('By id'), true],
    ] as [Value, boolean][]) {
      expect((await on('IfWebPageContains.WebPageContainsElement', { Control })).condition).toBe(expected);
      expect((await on('IfWebPageContains.WebPageDoesNotContainElement', { Control })).condition).toBe(
        !expected,
      );
      expect((await on('WaitForWebPageContent.WebPageToContainElement', { Control })).condition).toBe(
        expected,
      );
      expect((await on('WaitForWebPageContent.WebPageToNotContainElement', { Control })).condition).toBe(
        !expected,
      );
    }
    for (const [Control, State, expected] of [
      ['#off', 'Disabled', true],
      ['#off', 'Enabled', false],
      ['#plain', 'Enabled', true],
      ['#gone', 'Enabled', false],
      ['#gone', 'Disabled', false],
    ] as const) {
      expect(
        (await on('IfWebPageContains.WebPageContainsElementInState', { Control, State })).condition,
      ).toBe(expected);
      expect(
        (await on('WaitForWebPageContent.WebPageToContainElementInState', { Control, State })).condition,
      ).toBe(expected);
    }
  });

  it('reads pages', async () => {
    expect(await details('Title')).toBe('Order desk');
    expect(await details('Description')).toBe('A desk for orders.');
    expect(await details('MetaKeywords')).toBe('orders, desk');
    expect(await details('URLAddress')).toBe(`${site.address}/`);
    expect(await details('Source')).toContain('<h1 id="heading">');
    expect(await details('Text')).toMatch(/THREE ORDERS ARE OPEN[\s\S]*Inside the frame/);
  });

  it('reads elements', async () => {
    expect(await read('#heading', 'Own Text')).toBe('Order desk');
    expect(await read('#name', 'Own Text')).toBe('old');
    expect(await read('#details', 'Title')).toBe('More about the order');
    expect(await read('#details', 'HRef')).toBe(`${site.address}/details.html?from=desk`);
    expect(await read('#inner', 'Source Link')).toBe(`${site.address}/frame.html`);
    expect(await read('#name', 'class')).toBe('field wide');
    expect(await read('#express', 'checked')).toBe('False');
    expect(await read('#heading', 'data-nothing')).toBe('');
    expect(await read('#heading', 'Exists')).toBe('True');
    expect(await read('#gone', 'Exists')).toBe('False');
  });

  it('runs scripts', async () => {
    expect(await run('function ExecuteScript() { return 1 + 1; }')).toBe('2');
    expect(await run('async function ExecuteScript() { await null; return document.title; } // done')).toBe(
      'Order desk',
    );
    expect(await run('function ExecuteScript() { return { a: [1, true] }; }')).toBe('{"a":[1,true]}');
    expect(await run('function ExecuteScript() { return true; }')).toBe('true');
    expect(await run('function ExecuteScript() { }')).toBe('');
    expect(await run('function ExecuteScript() { note("from the page"); }')).toBe('');
    expect(await log()).toBe('from the page');
    expect(await run('function ExecuteScript() { location.href = "/details.html"; }')).toBe('');
    expect(await errorOf(run('function ExecuteScript() { missing(); }'))).toMatch(
      /^RunJavaScriptError: The script failed: .*missing is not defined/,
    );
    expect(await errorOf(run('var x = 1;'))).toMatch(/^RunJavaScriptError: .*no function ExecuteScript/);
    expect(await errorOf(run('function ExecuteScript( {'))).toMatch(/^RunJavaScriptError: .*SyntaxError/);
  });

  it.each([
    ['Png', [0x89, 0x50, 0x4e, 0x47]],
    ['Jpg', [0xff, 0xd8, 0xff]],
    ['Bmp', [0x42, 0x4d]],
    ['Gif', [0x47, 0x49, 0x46, 0x38, 0x39]],
    ['Tiff', [0x49, 0x49, 42, 0]],
  ])('takes pictures as %s that browsers can read', async (FileFormat, start) => {
    const File = join(home, `picture.${FileFormat}`);
    await on('TakeScreenshot.TakeScreenshotSaveToFile', { File, FileFormat });
    expect([...readFileSync(File).subarray(0, start.length)]).toEqual(start);
    await on('TakeScreenshot.TakeScreenshotOfElementSaveToFile', { File, FileFormat, Control: '#pad' });
    if (FileFormat === 'Tiff') return;
    const size = await script(
      `return new Promise((resolve) => { const image = new Image(); image.onload = () => {
        const canvas = document.createElement('canvas'); canvas.width = image.width; canvas.height = image.height;
        const pen = canvas.getContext('2d'); pen.drawImage(image, 0, 0);
        resolve([image.width, image.height, ...pen.getImageData(90, 50, 1, 1).data.slice(0, 3).map((c) => Math.round(c / 26))].join(' ')); };
        image.src = 'data:image/${FileFormat.toLowerCase().replace('jpg', 'jpeg')};base64,${readFileSync(File).toString('base64')}'; })`,
    );
    // GIF has no better grey than white.
    expect(size).toMatch(FileFormat === 'Gif' ? /^100 6[01] 10 10 10$/ : /^100 6[01] 9 9 9$/);
  });

  it('says why a picture could not be taken or saved', async () => {
    const File = join(home, 'no', 'such', 'folder.png');
    expect(await errorOf(on('TakeScreenshot.TakeScreenshotSaveToFile', { File, FileFormat: 'Png' }))).toMatch(
      /^SaveFileError: .*ENOENT/,
    );
    await script("document.getElementById('heading').style.display = 'none'");
    expect(
      await impatient('TakeScreenshot.TakeScreenshotOfElementSaveToFile', { File, Control: '#heading' }),
    ).toMatch(/^TakeScreenshotError: /);
  }, 20_000);
});

describe('data', () => {
  beforeEach(() => visit('data.html'));
  const extract = <T extends Value>(form: string, rows: string[][], more: Record<string, Value> = {}) =>
    output<T>(
      'ExtractedData',
      on(`ExtractData.${form}`, { ExtractionParameters: parameters(...rows), ...more }),
    );

  it('takes single values as text', async () => {
    expect(await extract('ExtractSingleValue', [['html > body > h1', 'Own Text', '']])).toBe('Open orders');
    expect(await extract('ExtractSingleValue', [['.price', 'Own Text', '(?<=: )[\\d.]+']])).toBe('12.50');
    expect(await extract('ExtractSingleValue', [['.order a', 'Href', '']])).toBe(
      `${site.address}/details.html`,
    );
    expect(await extract('ExtractSingleValue', [['#gone', 'Exists', '']])).toBe('False');
  });

  it('takes picked values as a row', async () => {
    const row = await extract('ExtractHandPickedValues', [
      ['h1', 'Own Text', '', 'Title'],
      ['.order:eq(1) .price', 'Own Text', '[\\d.]+', 'Price'],
      ['.order:eq(2) .price', 'Own Text', '', 'None'],
    ]);
    expect(row).toBeInstanceOf(Datarow);
    expect((row as Datarow).cells).toEqual(['Open orders', '7.00', '']);
    expect((row as Datarow).table.columns).toEqual(['Title', 'Price', 'None']);
  });

  it('takes lists', async () => {
    expect(
      await extract('ExtractList', [['span', 'Own Text', '\\d+']], {
        Control: '.order',
        PostProcessData: true,
      }),
    ).toEqual(['12', '7']);
    expect(await extract('ExtractList', [['', 'Own Text', '']], { Control: '#list > li' })).toEqual([
      'Entry 1.1',
      'Entry 1.2',
    ]);
  });

  it('takes tables of repeated elements', async () => {
    const table = (await extract(
      'ExtractTable',
      [
        ['h3', 'Own Text', '', 'Item'],
        ['h3 > a', 'Href', '', 'Link'],
        ['span.price', 'Own Text', '[\\d.]+', ''],
        ['a', 'Exists', '', 'Has link'],
      ],
      { Control: 'html > body > div.orders > div.order' },
    )) as Datatable;
    expect(table.columns).toEqual(['Item', 'Link', 'Value #3', 'Has link']);
    expect(table.rows).toEqual([
      ['Bolts', `${site.address}/details.html`, '12.50', 'True'],
      ['Nuts', `${site.address}/frame.html`, '7.00', 'True'],
      ['Washers', '', '', 'False'],
    ]);
  });

  it('takes tables of HTML', async () => {
    const named = [
      ['Item', 'In stock', 'Value #3'],
      ['', '\\d+', ''],
    ];
    const table = (await extract('ExtractHtmlTable', named, {
      Control: '#stock',
      PostProcessData: true,
    })) as Datatable;
    expect(table.columns).toEqual(named[0]);
    expect(table.rows).toEqual([
      ['Bolts', '120', 'a'],
      ['Nuts', '80', ''],
      ['Washers (small)', '', 'c'],
    ]);
    const raw = (await extract('ExtractHtmlTable', [['Value #1'], ['']], { Control: '#stock' })) as Datatable;
    expect(raw.rows).toHaveLength(5);
  });

  it.each([
    ['ExtractSingleValue', ['Page 1', 'Page 2', 'Page 3'], ['#page', 'Own Text', '']],
    [
      'ExtractList',
      ['Entry 1.1', 'Entry 1.2', 'Entry 2.1', 'Entry 2.2', 'Entry 3.1', 'Entry 3.2'],
      ['', 'Own Text', ''],
    ],
  ] as const)('goes through pages with %s', async (form, expected, row) => {
    const Control = form === 'ExtractList' ? { Control: '#list > li' } : {};
    const paged = { ...Control, PagerCssSelector: '#next' };
    expect(await extract(`${form}UsingPagingFromAllPages`, [[...row]], paged)).toEqual(expected);
    await visit('data.html');
    const some = await extract(`${form}UsingPagingFromNumberOfPages`, [[...row]], {
      ...paged,
      MaxWebPagesToProcess: 2,
      UsePhysicalClick: true,
    });
    expect(some).toEqual(expected.slice(0, (expected.length * 2) / 3));
  });

  it('goes through pages with tables, and stops where nothing changes any more', async () => {
    const paged = { PagerCssSelector: '#endless' };
    for (const [form, rows, more] of [
      ['ExtractHandPickedValues', [['#page', 'Own Text', '', 'Page']], {}],
      ['ExtractTable', [['', 'Own Text', '', 'Page']], { Control: '#page' }],
    ] as const) {
      for (const variant of ['AllPages', 'NumberOfPages']) {
        await visit('data.html');
        const most: Record<string, Value> = variant === 'NumberOfPages' ? { MaxWebPagesToProcess: 2 } : {};
        const found = await output<Datatable>(
          'ExtractedData',
          act(
            `ExtractData.${form}UsingPagingFrom${variant}`,
            {
              BrowserInstance: Browser,
              ExtractionParameters: parameters(...rows.map((row) => [...row])),
              ...more,
              ...paged,
              ...most,
            },
            { ...context, host: new FakeHost({ clock: hasty }) },
          ),
        );
        expect(found.rows).toEqual([['Page 1'], ['Page 2']]);
      }
    }
    for (const variant of ['AllPages', 'NumberOfPages']) {
      const most: Record<string, Value> = variant === 'NumberOfPages' ? { MaxWebPagesToProcess: 3 } : {};
      const table = await extract(`ExtractHtmlTableUsingPagingFrom${variant}`, [['Item'], ['']], {
        Control: '#stock',
        PagerCssSelector: '#gone',
        ...most,
      });
      expect((table as Datatable).rows).toHaveLength(4);
    }
  });

  it('says what is missing', async () => {
    const fails = (form: string, rows: string[][], more: Record<string, Value> = {}) =>
      impatient(`ExtractData.${form}`, { ExtractionParameters: parameters(...rows), ...more });
    expect(await fails('ExtractSingleValue', [['#gone', 'Own Text', '']])).toMatch(
      /^ExtractDataError: Nothing was found for "#gone"/,
    );
    expect(await fails('ExtractTable', [['a', '', '', 'x']], { Control: '.gone' })).toMatch(
      /^ExtractDataError: Nothing/,
    );
    expect(await fails('ExtractHtmlTable', [['x'], ['']], { Control: '#title' })).toMatch(
      /^ExtractDataError: .*no table of HTML/,
    );
    expect(await fails('ExtractSingleValue', [['h1', 'Own Text', '(']])).toMatch(
      /^InvalidRegularExpressionError: /,
    );
    expect(
      await errorOf(on('ExtractData.ExtractSingleValue', { ExtractionParameters: new Datatable(['a'], []) })),
    ).toMatch(/^InvalidArgument: /);
  });
});

describe('downloads', () => {
  beforeEach(() => visit('details.html'));

  it('puts the complete file into a folder, beside one of the same name', async () => {
    const folder = join(home, 'downloads');
    const file = { DestinationFolder: folder, Control: '#file' };
    for (const name of ['report.csv', 'report (1).csv']) {
      const found = await output<FileValue>('DownloadedFile', on('ClickDownloadLink', file));
      expect(found).toBeInstanceOf(FileValue);
      expect(found.path).toBe(join(folder, name));
      expect(readFileSync(found.path, 'utf8')).toBe('a,b\r\n1,2\r\n');
    }
    expect(readdirSync(folder)).toHaveLength(2);
  });

  it('says when nothing comes, the server breaks off, or the folder is none', async () => {
    expect(await impatient('ClickDownloadLink', { DestinationFolder: home, Control: '#nothing' })).toMatch(
      /^DownloadFileError: .*no file came within 60 seconds/,
    );
    expect(await errorOf(on('ClickDownloadLink', { DestinationFolder: home, Control: '#broken' }))).toMatch(
      /^DownloadFileError: .*broke it off/,
    );
    const file = join(home, 'a file');
    writeFileSync(file, '');
    expect(await errorOf(on('ClickDownloadLink', { DestinationFolder: file, Control: '#file' }))).toMatch(
      /^SaveFileError: /,
    );
    await script(
      "document.getElementById('file').onclick = (event) => { event.preventDefault(); throw new Error('x'); }",
    );
  }, 20_000);
});

describe('stopping', () => {
  it.each([
    ['Click.Click', { Control: '#gone' }],
    ['GoToWebPage.GoToWebPage', { Url: '/never' }],
    ['ExecuteJavascript', { Javascript: 'function ExecuteScript() { return new Promise(() => {}); }' }],
    ['ExtractData.ExtractSingleValue', { ExtractionParameters: parameters(['#gone', 'Own Text', '']) }],
    ['ClickDownloadLink', { Control: '#pad', DestinationFolder: '.' }],
    ['LaunchChrome.AttachToChromeByTitle', { TabTitle: 'Nowhere', AttachTimeout: 50_000 }],
    ['LaunchChrome.LaunchChrome', { Url: '/never' }],
  ] as [string, Record<string, Value>][])('ends %s within a second', async (id, given) => {
    if (id !== 'LaunchChrome.LaunchChrome') await visit('');
    const stop = new AbortController();
    const Url = given.Url === undefined ? {} : { Url: `${site.address}${String(given.Url)}` };
    const instance: Record<string, Value> = id.startsWith('Launch') ? {} : { BrowserInstance: Browser };
    const work = act(id, { ...instance, ...given, ...Url }, { ...context, signal: stop.signal });
    const ended = work.then(
      () => 'it succeeded',
      (error: Error) => error.message,
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    const begin = performance.now();
    stop.abort(new Error('stopped'));
    expect(await ended).toBe('stopped');
    expect(performance.now() - begin).toBeLessThan(5_000); // a busy machine is no failure
  });
});

// Connections to browsers and the tabs flows work with: windows and tabs that are opened, found and closed, pages that load, dialogs
// that open. What is done on a page is in the other files of this folder.
import type { Browser, BrowserContext, CDPSession, Dialog, Page, Request } from 'playwright-core';
import type { Clock } from '../../../base/clock.ts';
import { type ActionContext, ActionError } from '../../action.ts';
import { InstanceValue, type Value } from '../../values.ts';
import type { Endpoint } from './browsers.ts';
import { selectorEngine } from './pageScript.ts';
import { Deadline, delay, pause, untilStopped, within } from './waiting.ts';

/** What an action does with a dialog (alert, confirmation, prompt, “leave this page?”) that the page opens meanwhile. */
export type DialogRule = 'leave' | 'close' | { readonly press: string };

/** How long an action waits for its element, or for a dialog that is in its way (seconds). */
export const elementSeconds = 10;

/** After what a click set off has had its turn in the page, a request for another page is known this much later (ms). */
const graceTime = 20;

/** A way to look whether something has happened (ms). */
export const lookEvery = 100;

// ── Connections ─────────────────────────────────────────────────────────────────────────────────────────────────

/** By DevTools address. A process carries out one run. */
const connections = new Map<string, Promise<Connection>>();
let engines = 0;

/** The connection of this run to a browser; it ends with the run. */
export async function connect(endpoint: Endpoint, context: ActionContext): Promise<Connection> {
  const known = connections.get(endpoint.url);
  if (known !== undefined) return await untilStopped(context.signal, known);
  const opening = Connection.open(endpoint, context.host.clock, () => connections.delete(endpoint.url));
  connections.set(endpoint.url, opening);
  opening.catch(() => connections.delete(endpoint.url));
  context.own(async () => (await opening.catch(() => undefined))?.end());
  return await untilStopped(context.signal, opening);
}

/** How long a browser may take for what needs none of its pages: a tab, a window (seconds). Machines can be busy. */
const browserSeconds = 30;

/** Asks the browser for what needs none of its pages. Throws `code` when it refuses, is gone, or gives no answer. */
export async function asked<T>(context: ActionContext, code: string, work: () => Promise<T>): Promise<T> {
  try {
    return await within(
      context,
      browserSeconds,
      work(),
      () =>
        new ActionError(
          code,
          `The browser did not answer within ${browserSeconds} seconds.`,
          'See whether it still reacts, and whether this machine has too much to do.',
        ),
    );
  } catch (error) {
    throw refused(error, code, context);
  }
}

/** The error of an action for what the browser says; errors of actions and the end of the run stay what they are. */
function refused(error: unknown, code: string, context: ActionContext): unknown {
  if (error instanceof ActionError || context.signal.aborted) return error;
  return new ActionError(
    code,
    `The browser did not do what it was asked for: ${reasonOf(error)}.`,
    'See what the page shows at this point.',
    { cause: error },
  );
}

/** Closing a page takes a moment; after this many seconds it has failed. */
const closeSeconds = 10;
/** A browser forgets to close a page that it is just replacing by another: it is asked again this often (ms). */
const closeAgain = 500;
/** At the end of a run nothing is waited for longer (seconds): what is left ends with the process. */
const endSeconds = 2;

export class Connection {
  readonly endpoint: Endpoint;
  /** Name under which this browser's pages know the selectors of flows. */
  readonly engine: string;
  readonly #browser: Browser;
  readonly #context: BrowserContext;
  readonly #root: CDPSession;
  readonly #clock: Clock;
  readonly #tabs = new Map<Page, Promise<Tab>>();
  readonly #opened = new Set<Page>();

  private constructor(
    endpoint: Endpoint,
    browser: Browser,
    context: BrowserContext,
    root: CDPSession,
    engine: string,
    clock: Clock,
  ) {
    this.endpoint = endpoint;
    this.engine = engine;
    this.#browser = browser;
    this.#context = context;
    this.#root = root;
    this.#clock = clock;
    // With a listener, nobody but flows and people answers dialogs.
    context.on('dialog', (dialog) => {
      // A page that is closed meanwhile has no dialog any more.
      this.#dialogOpened(dialog).catch(() => {});
    });
  }

  static async open(endpoint: Endpoint, clock: Clock, onEnd: () => void): Promise<Connection> {
    // Only the default export is the same in every form the package is loaded in.
    const { chromium, selectors } = (await import('playwright-core')).default;
    // Leaves downloads, focus and media of the person's browser as they are.
    const browser = await chromium.connectOverCDP(endpoint.url, { noDefaults: true });
    browser.once('disconnected', onEnd);
    const [context] = browser.contexts();
    if (context === undefined) throw new Error('the browser has no profile open');
    // A name can be registered once, and reaches only the browsers that are connected by then.
    const engine = `flow${++engines}`;
    await selectors.register(engine, { content: selectorEngine }, { contentScript: true });
    return new Connection(endpoint, browser, context, await browser.newBrowserCDPSession(), engine, clock);
  }

  /** Speaks to the browser as a whole. */
  get root(): CDPSession {
    return this.#root;
  }

  pages(): Page[] {
    return this.#context.pages();
  }

  async clear(what: 'cache' | 'cookies', tab: Tab): Promise<void> {
    if (what === 'cookies') await this.#context.clearCookies();
    else await tab.session.send('Network.clearBrowserCache');
  }

  /** Opens an empty page, in a window of its own or as a tab of the window that was used last. */
  async openPage(isWindow: boolean): Promise<Tab> {
    const { targetId } = await this.#root.send('Target.createTarget', {
      url: 'about:blank',
      newWindow: isWindow,
    });
    for (;;) {
      const appeared = new Promise<void>((resolve) => this.#context.once('page', () => resolve()));
      const page = await this.page(targetId);
      if (page !== undefined) {
        this.#opened.add(page);
        return await this.tab(page);
      }
      await Promise.race([appeared, pause(this.#clock, lookEvery)]);
    }
  }

  /** The page a browser that has just been started shows. */
  async firstPage(): Promise<Tab> {
    const [page] = this.pages();
    if (page === undefined) return await this.openPage(true);
    this.#opened.add(page);
    return await this.tab(page);
  }

  tab(page: Page): Promise<Tab> {
    const known = this.#tabs.get(page);
    if (known !== undefined) return known;
    const made = Tab.of(page, this);
    this.#tabs.set(page, made);
    made.catch(() => this.#tabs.delete(page));
    page.once('close', () => {
      this.dialogClosed(page);
      this.#tabs.delete(page);
      this.#opened.delete(page);
    });
    return made;
  }

  /** A dialog holds up its page, and those that have opened that page when they share its process. */
  async #dialogOpened(dialog: Dialog): Promise<void> {
    const source = dialog.page();
    if (source === null) return;
    (await this.tab(source)).dialogOpened(dialog);
    for (let page = await source.opener(); page !== null; page = await page.opener()) {
      if (!shareProcess(page, source)) return;
      (await this.#tabs.get(page))?.dialogOpened(dialog);
    }
  }

  /** A page shows no dialog any more. */
  dialogClosed(page: Page): void {
    for (const tab of this.#tabs.values()) void tab.then((known) => known.dialogClosed(page)).catch(() => {});
  }

  /** The page with a DevTools id; undefined when it is not known here (yet). */
  async page(id: string): Promise<Page | undefined> {
    for (const page of this.pages()) if ((await this.#idOf(page)) === id) return page;
    return undefined;
  }

  readonly #ids = new WeakMap<Page, string>();

  /** The DevTools id of a page; undefined when it was closed. */
  async #idOf(page: Page): Promise<string | undefined> {
    const known = this.#ids.get(page);
    if (known !== undefined) return known;
    try {
      const session = await this.#context.newCDPSession(page);
      const { targetInfo } = await session.send('Target.getTargetInfo');
      // A page that shows a dialog lets go of nothing until that is answered.
      void session.detach().catch(() => {});
      this.#ids.set(page, targetInfo.targetId);
      return targetInfo.targetId;
    } catch {
      return undefined;
    }
  }

  /** Closes a page, whatever it does or shows. Throws when it is still open after `seconds`. */
  async close(page: Page, seconds: number = closeSeconds): Promise<void> {
    const closed = new Promise<void>((resolve) => page.once('close', () => resolve()));
    const deadline = new Deadline(this.#clock, seconds);
    while (!page.isClosed()) {
      if (deadline.isOver) throw new Error(`the tab was still open after ${seconds} seconds`);
      void this.#requestClose(page);
      await Promise.race([closed, pause(this.#clock, closeAgain)]);
    }
    if (this.pages().length === 0) await this.#closeBrowser();
  }

  async #requestClose(page: Page): Promise<void> {
    const targetId = await this.#idOf(page);
    if (targetId !== undefined) await this.#root.send('Target.closeTarget', { targetId }).catch(() => {});
  }

  newSession(page: Page): Promise<CDPSession> {
    return this.#context.newCDPSession(page);
  }

  /** The browser closes with its last page: one without a window does not do so by itself. */
  async #closeBrowser(): Promise<void> {
    const asked = this.#root.send('Browser.close').catch(() => {});
    await Promise.race([asked, pause(this.#clock, closeSeconds * 1000)]);
  }

  /** Lets go of the browser. What a person can see stays open; what nobody sees is closed. */
  async end(): Promise<void> {
    if (this.endpoint.isHeadless) {
      await Promise.all([...this.#opened].map((page) => this.close(page, endSeconds).catch(() => {})));
    }
    await this.#browser.close().catch(() => {});
  }
}

/** Whether pages stand still together. Browsers give a page and those of its site that it opens one process. */
function shareProcess(opener: Page, opened: Page): boolean {
  const url = opened.url();
  return url === '' || url === 'about:blank' || new URL(url).origin === new URL(opener.url()).origin;
}

// ── Tabs ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** How an action behaves around its own work. */
export interface Conduct {
  /** Error name when the page or the browser is the trouble. */
  readonly code: string;
  readonly dialog: DialogRule;
  /** How long a page that begins to load may take (seconds); undefined when the action does not wait for it. */
  readonly pageSeconds: number | undefined;
  /** The work itself may take as long as it likes: a script of the flow. */
  readonly isUnlimited?: boolean;
}

/** A page that is busy with itself answers nobody; this much longer than an action may take at most it is waited for (seconds). */
const busySeconds = 5;

/** What a web browser instance stands for: one tab. */
export class Tab {
  readonly page: Page;
  readonly connection: Connection;
  readonly session: CDPSession;
  /** Dialogs that are open here, or on a page that this one has opened: the page stands still. */
  readonly #dialogs = new Set<Dialog>();
  #isCrashed = false;
  #answer: ((dialog: Dialog) => void) | undefined;
  /** Requests for pages, in any frame, that have not been answered in full. */
  readonly #loading = new Set<Request>();

  /** Use `Connection.tab`. */
  constructor(page: Page, connection: Connection, session: CDPSession) {
    this.page = page;
    this.connection = connection;
    this.session = session;
    page.on('request', (request) => {
      if (request.isNavigationRequest()) this.#loading.add(request);
    });
    const done = (request: Request) => this.#loading.delete(request);
    page.on('requestfinished', done);
    page.on('requestfailed', done);
    page.once('crash', () => {
      this.#isCrashed = true;
    });
    session.on('Page.javascriptDialogClosed', () => connection.dialogClosed(page));
    // A page that is busy or shows a dialog answers later. Those that are not in front are to work like those that are.
    void session.send('Page.enable').catch(() => {});
    void session.send('Emulation.setFocusEmulationEnabled', { enabled: true }).catch(() => {});
  }

  static async of(page: Page, connection: Connection): Promise<Tab> {
    return new Tab(page, connection, await connection.newSession(page));
  }

  get isAlive(): boolean {
    return !this.page.isClosed();
  }

  /** The page for messages: its title and address, without what stands behind a `?` in it. */
  async description(): Promise<string> {
    const address = this.page.url().replace(/[?#].*$/s, '');
    const title = this.#dialogs.size === 0 ? await this.page.title().catch(() => '') : '';
    return title === '' ? address : `"${title}" (${address})`;
  }

  async setWindow(state: string): Promise<void> {
    const windowState = state.toLowerCase() as 'normal' | 'maximized' | 'minimized';
    const { windowId, bounds } = await this.session.send('Browser.getWindowForTarget');
    if (bounds.windowState !== windowState)
      await this.session.send('Browser.setWindowBounds', { windowId, bounds: { windowState } });
  }

  /** Closes the tab, and with the last one its browser. */
  async close(): Promise<void> {
    await this.connection.close(this.page);
  }

  // ── Work on the page ────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Does `work` and waits for the page that it makes load. A dialog is answered by the rule; one that is left open ends the action, as
   * the page stands still behind it: then the result is undefined. Throws the errors of `work`, and `conduct.code` when the tab is
   * closed, a dialog is in the way, or the page does not load in time.
   */
  async perform<T>(context: ActionContext, conduct: Conduct, work: () => Promise<T>): Promise<T | undefined> {
    this.requireOpen(conduct.code);
    if (this.#isCrashed) throw crash(conduct.code);
    if (conduct.dialog === 'leave') await this.#waitForDialog(context, conduct.code);
    let settle: (outcome: { readonly error: unknown } | undefined) => void = () => {};
    const interrupted = new Promise<undefined>((resolve, reject) => {
      settle = (outcome) => (outcome === undefined ? resolve(undefined) : reject(outcome.error));
    });
    interrupted.catch(() => {});
    const answer = (dialog: Dialog) => {
      if (conduct.dialog === 'leave') settle(undefined);
      else this.#give(dialog, conduct.dialog, conduct.code).catch((error: unknown) => settle({ error }));
    };
    this.#answer = answer;
    for (const dialog of this.#dialogs) answer(dialog);
    const closed = () =>
      settle({
        error: new ActionError(
          conduct.code,
          'The browser tab was closed while the action worked on it.',
          'Leave the browser open while the flow runs, or handle this error.',
        ),
      });
    const crashed = () => settle({ error: crash(conduct.code) });
    this.page.once('close', closed);
    this.page.once('crash', crashed);
    const doAll = async () => {
      const result = await work();
      if (conduct.pageSeconds !== undefined) await this.settle(context, conduct.pageSeconds, conduct.code);
      return result;
    };
    const most = elementSeconds + (conduct.pageSeconds ?? 0) + busySeconds;
    try {
      const done = Promise.race([doAll(), interrupted]);
      if (conduct.isUnlimited) return await untilStopped(context.signal, done);
      return await within(context, most, done, () => busy(conduct.code, most));
    } catch (error) {
      if (this.#isCrashed && !context.signal.aborted) throw crash(conduct.code);
      throw refused(error, conduct.code, context);
    } finally {
      if (this.#answer === answer) this.#answer = undefined;
      this.page.off('close', closed);
      this.page.off('crash', crashed);
    }
  }

  /** Throws `code` when the tab is not open any more. */
  requireOpen(code: string): void {
    if (this.isAlive) return;
    throw new ActionError(
      code,
      'The browser tab is not open any more.',
      'Launch the browser again, and use an instance before "Close web browser" only.',
    );
  }

  /** Whether a page is on its way. Until its first byte is here, the old one does not answer. */
  get isLoading(): boolean {
    return this.#loading.size > 0;
  }

  /** Waits until the pages that have begun to load are there. */
  async settle(context: ActionContext, seconds: number, code: string): Promise<void> {
    const deadline = new Deadline(context.host.clock, seconds);
    await this.#turn(context);
    for (;;) {
      if (this.#loading.size === 0 && (await this.#isLoaded())) return;
      if (deadline.isOver) {
        throw new ActionError(
          code,
          `The page ${this.page.url().replace(/[?#].*$/s, '')} did not finish loading within ${seconds} seconds.`,
          'Give it more time, or use the variant of the action that does not wait for the page.',
        );
      }
      await delay(context, Math.min(lookEvery, deadline.left + 1));
    }
  }

  /** Lets the scripts of the page have their turn; a page that is being left has none any more. */
  async #turn(context: ActionContext): Promise<void> {
    let isOver = false;
    const turn = this.page
      .evaluate('new Promise((done) => setTimeout(done))')
      .catch(() => {})
      .then(() => {
        isOver = true;
      });
    do await Promise.race([turn, delay(context, graceTime)]);
    while (!isOver && !this.isLoading);
    await delay(context, graceTime);
  }

  async #isLoaded(): Promise<boolean> {
    // A page that is being replaced has no answer; the next one will.
    const state = await this.page.evaluate('document.readyState').catch(() => 'loading');
    return state === 'complete';
  }

  // ── Dialogs ─────────────────────────────────────────────────────────────────────────────────────────────────────

  dialogOpened(dialog: Dialog): void {
    this.#dialogs.add(dialog);
    this.#answer?.(dialog);
  }

  /** The dialog of a page is gone, however it was answered. */
  dialogClosed(page: Page): void {
    for (const dialog of this.#dialogs) if (dialog.page() === page) this.#dialogs.delete(dialog);
  }

  /** Gives a person some time to answer a dialog that an earlier action left open. */
  async #waitForDialog(context: ActionContext, code: string): Promise<void> {
    const deadline = new Deadline(context.host.clock, elementSeconds);
    for (;;) {
      const [dialog] = this.#dialogs;
      if (dialog === undefined) return;
      if (deadline.isOver) {
        throw new ActionError(
          code,
          `The page shows the dialog "${dialog.message()}", and nothing can be done on it until that is answered.`,
          'Let the action that opens the dialog close it or press one of its buttons ("If a pop-up dialog appears").',
        );
      }
      await delay(context, lookEvery);
    }
  }

  async #give(dialog: Dialog, rule: Exclude<DialogRule, 'leave'>, code: string): Promise<void> {
    const accepts =
      rule === 'close' ? dialog.type() === 'beforeunload' : acceptsDialog(dialog, rule.press, code);
    this.#dialogs.delete(dialog);
    // Somebody may have been faster.
    await (accepts
      ? dialog.accept(dialog.type() === 'prompt' ? dialog.defaultValue() : undefined)
      : dialog.dismiss()
    ).catch(() => {});
  }
}

/** The error for a page that gives no answer. */
export const busy = (code: string, seconds: number): ActionError =>
  new ActionError(
    code,
    `The page did not answer within ${seconds} seconds; it is busy with a script of its own.`,
    'See what the page does at this point, and wait for it before.',
  );

const crash = (code: string): ActionError =>
  new ActionError(
    code,
    'The page in this tab has crashed.',
    'Close the tab, open the page in a new one, and see whether it needs more memory than this machine has.',
  );

const acceptCaption = /^(ok|yes|leave|reload|accept)$/i;
/** `Cancel` as browsers write it in the languages of most users, and the other captions of the same button. */
const cancelCaption =
  /^(cancel|no|stay|close|cancelar|abbrechen|annuler|annulla|annuleren|avbryt|anuluj|zrušit|iptal|отмена|キャンセル|取消|취소)$/i;

function acceptsDialog(dialog: Dialog, caption: string, code: string): boolean {
  const pressed = caption.trim();
  if (acceptCaption.test(pressed)) return true;
  if (cancelCaption.test(pressed) && dialog.type() !== 'alert') return false;
  const buttons =
    dialog.type() === 'alert'
      ? '"OK"'
      : dialog.type() === 'beforeunload'
        ? '"Leave" and "Cancel"'
        : '"OK" and "Cancel"';
  throw new ActionError(
    code,
    `The dialog "${dialog.message()}" has no button "${pressed}".`,
    `It has ${buttons}.`,
  );
}

/** What the browser automation says, in one line: the last thing that kept it waiting, or its message. */
export function reasonOf(error: unknown): string {
  const text = (error as Error).message.replace(/\x1b\[[0-9;]*m/g, '');
  const kept = [...text.matchAll(/- (.+)/g)]
    .map((line) => line[1] as string)
    .filter((line) => /is not |intercepts|outside|did not/.test(line))
    .at(-1);
  const [first = ''] = text.split('\n');
  return (kept ?? first)
    .replace(/^\w+\.\w+: /, '')
    .replace(/[.:]\s*$/, '')
    .trim();
}

// ── Instances ───────────────────────────────────────────────────────────────────────────────────────────────────

/** The documented properties that this agent knows; `IsAlive` says how it is when it is asked. */
class TabProperties extends Map<string, Value> {
  readonly #tab: Tab;
  constructor(tab: Tab, fixed: readonly (readonly [string, Value])[]) {
    super([...fixed, ['IsAlive', true]]);
    this.#tab = tab;
  }
  override get(name: string): Value | undefined {
    return name === 'IsAlive' ? this.#tab.isAlive : super.get(name);
  }
  override *entries(): MapIterator<[string, Value]> {
    for (const name of super.keys()) yield [name, this.get(name) as Value];
  }
  override [Symbol.iterator](): MapIterator<[string, Value]> {
    return this.entries();
  }
}

/** The value a flow keeps of a tab. Its place on the screen is the one the window has now. */
export async function instanceOf(tab: Tab): Promise<InstanceValue> {
  const { bounds } = await tab.session.send('Browser.getWindowForTarget');
  const properties = new TabProperties(tab, [
    ['DisplayRectangleX', bounds.left ?? 0],
    ['DisplayRectangleY', bounds.top ?? 0],
  ]);
  return new InstanceValue('Web browser instance', tab, properties);
}

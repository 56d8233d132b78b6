// Connections to browsers and the tabs flows work with: windows and tabs that are opened, found and closed, pages that load, dialogs
// that open. What is done on a page is in the other files of this folder.
import type { Browser, BrowserContext, CDPSession, Dialog, Page, Request } from 'playwright-core';
import { type ActionContext, ActionError } from '../../action.ts';
import { InstanceValue, type Value } from '../../values.ts';
import type { Endpoint } from './browsers.ts';
import { selectorEngine } from './pageScript.ts';
import { Deadline, delay, untilStopped } from './waiting.ts';

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
  const opening = Connection.open(endpoint, () => connections.delete(endpoint.url));
  connections.set(endpoint.url, opening);
  opening.catch(() => connections.delete(endpoint.url));
  context.own(async () => (await opening).end());
  return await untilStopped(context.signal, opening);
}

export class Connection {
  readonly endpoint: Endpoint;
  /** Name under which this browser's pages know the selectors of flows. */
  readonly engine: string;
  readonly #browser: Browser;
  readonly #context: BrowserContext;
  readonly #root: CDPSession;
  readonly #tabs = new Map<Page, Promise<Tab>>();
  readonly #opened = new Set<Page>();

  private constructor(
    endpoint: Endpoint,
    browser: Browser,
    context: BrowserContext,
    root: CDPSession,
    engine: string,
  ) {
    this.endpoint = endpoint;
    this.engine = engine;
    this.#browser = browser;
    this.#context = context;
    this.#root = root;
    // With a listener, nobody but flows and people answers dialogs.
    context.on('dialog', (dialog) => {
      const page = dialog.page();
      if (page !== null) void this.#tabs.get(page)?.then((tab) => tab.dialogOpened(dialog));
    });
  }

  static async open(endpoint: Endpoint, onEnd: () => void): Promise<Connection> {
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
    return new Connection(endpoint, browser, context, await browser.newBrowserCDPSession(), engine);
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
    const page = await this.#page(targetId);
    this.#opened.add(page);
    return await this.tab(page);
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
    page.once('close', () => {
      this.#tabs.delete(page);
      this.#opened.delete(page);
    });
    return made;
  }

  /** The page with a DevTools id, as soon as it is known here. */
  async #page(id: string): Promise<Page> {
    for (;;) {
      const appeared = new Promise<void>((resolve) => this.#context.once('page', () => resolve()));
      for (const page of this.pages()) if ((await this.idOf(page)) === id) return page;
      await appeared;
    }
  }

  readonly #ids = new WeakMap<Page, string>();

  /** The DevTools id of a page; undefined when it was closed. */
  async idOf(page: Page): Promise<string | undefined> {
    const known = this.#ids.get(page);
    if (known !== undefined) return known;
    try {
      const session = await this.#context.newCDPSession(page);
      const { targetInfo } = await session.send('Target.getTargetInfo');
      await session.detach();
      this.#ids.set(page, targetInfo.targetId);
      return targetInfo.targetId;
    } catch {
      return undefined;
    }
  }

  newSession(page: Page): Promise<CDPSession> {
    return this.#context.newCDPSession(page);
  }

  /** Closes the browser when its last page was closed: one without a window does not do so by itself. */
  async closeIfEmpty(): Promise<void> {
    if (this.pages().length === 0) await this.#root.send('Browser.close').catch(() => {});
  }

  /** Lets go of the browser. What a person can see stays open; what nobody sees is closed. */
  async end(): Promise<void> {
    if (this.endpoint.isHeadless) {
      await Promise.all([...this.#opened].map((page) => page.close().catch(() => {})));
      await this.closeIfEmpty();
    }
    await this.#browser.close().catch(() => {});
  }
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
  #dialog: Dialog | undefined;
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
    session.on('Page.javascriptDialogClosed', () => {
      this.#dialog = undefined;
    });
  }

  static async of(page: Page, connection: Connection): Promise<Tab> {
    const session = await connection.newSession(page);
    // Pages that are not in front work like those that are.
    await session.send('Emulation.setFocusEmulationEnabled', { enabled: true });
    await session.send('Page.enable');
    return new Tab(page, connection, session);
  }

  get isAlive(): boolean {
    return !this.page.isClosed();
  }

  /** The page for messages: its title and address, without what stands behind a `?` in it. */
  async description(): Promise<string> {
    const address = this.page.url().replace(/[?#].*$/s, '');
    const title = this.#dialog === undefined ? await this.page.title().catch(() => '') : '';
    return title === '' ? address : `"${title}" (${address})`;
  }

  async setWindow(state: string): Promise<void> {
    const windowState = state.toLowerCase() as 'normal' | 'maximized' | 'minimized';
    const { windowId, bounds } = await this.session.send('Browser.getWindowForTarget');
    if (bounds.windowState !== windowState)
      await this.session.send('Browser.setWindowBounds', { windowId, bounds: { windowState } });
  }

  async close(): Promise<void> {
    await this.page.close();
    await this.connection.closeIfEmpty();
  }

  // ── Work on the page ────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Does `work` and waits for the page that it makes load. A dialog is answered by the rule; one that is left open ends the action, as
   * the page stands still behind it: then the result is undefined. Throws the errors of `work`, and `conduct.code` when the tab is
   * closed, a dialog is in the way, or the page does not load in time.
   */
  async perform<T>(context: ActionContext, conduct: Conduct, work: () => Promise<T>): Promise<T | undefined> {
    this.requireOpen(conduct.code);
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
    if (this.#dialog !== undefined) answer(this.#dialog);
    const closed = () =>
      settle({
        error: new ActionError(
          conduct.code,
          'The browser tab was closed while the action worked on it.',
          'Leave the browser open while the flow runs, or handle this error.',
        ),
      });
    this.page.once('close', closed);
    const doAll = async () => {
      const result = await work();
      if (conduct.pageSeconds !== undefined) await this.settle(context, conduct.pageSeconds, conduct.code);
      return result;
    };
    const most = elementSeconds + (conduct.pageSeconds ?? 0) + busySeconds;
    const timer = conduct.isUnlimited
      ? undefined
      : context.host.clock.after(most * 1000, () =>
          settle({
            error: new ActionError(
              conduct.code,
              `The page did not answer within ${most} seconds; it is busy with a script of its own.`,
              'See what the page does at this point, and wait for it before.',
            ),
          }),
        );
    try {
      return await untilStopped(context.signal, Promise.race([doAll(), interrupted]));
    } catch (error) {
      if (error instanceof ActionError || context.signal.aborted) throw error;
      throw new ActionError(
        conduct.code,
        `The browser did not do what it was asked for: ${reasonOf(error)}.`,
        'See what the page shows at this point.',
        { cause: error },
      );
    } finally {
      timer?.dispose();
      if (this.#answer === answer) this.#answer = undefined;
      this.page.off('close', closed);
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
    this.#dialog = dialog;
    this.#answer?.(dialog);
  }

  /** Gives a person some time to answer a dialog that an earlier action left open. */
  async #waitForDialog(context: ActionContext, code: string): Promise<void> {
    const deadline = new Deadline(context.host.clock, elementSeconds);
    while (this.#dialog !== undefined) {
      if (deadline.isOver) {
        throw new ActionError(
          code,
          `The page shows the dialog "${this.#dialog.message()}", and nothing can be done on it until that is answered.`,
          'Let the action that opens the dialog close it or press one of its buttons ("If a pop-up dialog appears").',
        );
      }
      await delay(context, lookEvery);
    }
  }

  async #give(dialog: Dialog, rule: Exclude<DialogRule, 'leave'>, code: string): Promise<void> {
    const accepts =
      rule === 'close' ? dialog.type() === 'beforeunload' : acceptsDialog(dialog, rule.press, code);
    if (this.#dialog === dialog) this.#dialog = undefined;
    // Somebody may have been faster.
    await (accepts
      ? dialog.accept(dialog.type() === 'prompt' ? dialog.defaultValue() : undefined)
      : dialog.dismiss()
    ).catch(() => {});
  }
}

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

// Browsers and pages: launching and attaching, going to addresses, tabs, closing.
import { join } from 'node:path';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
} from '../../action.ts';
import type { InstanceValue } from '../../values.ts';
import { pattern } from '../pattern.ts';
import {
  type BrowserKind,
  browserNames,
  type Endpoint,
  endpointOf,
  findBrowser,
  profileFolder,
  runningBrowsers,
  startBrowser,
  tabIds,
  usualPort,
} from './browsers.ts';
import { inVariants, seconds, tabOf } from './conduct.ts';
import {
  asked,
  type Conduct,
  type Connection,
  connect,
  instanceOf,
  lookEvery,
  reasonOf,
  type Tab,
} from './tab.ts';
import { Deadline, delay, untilStopped } from './waiting.ts';

// ── Addresses ───────────────────────────────────────────────────────────────────────────────────────────────────

/** An address as browsers complete it: `www.example.com`, a path of a file. Throws `InvalidURLError`. */
export function addressOf(text: string): string {
  const written = text.trim();
  const isPath = /^[a-z]:[\\/]/i.test(written) || written.startsWith('/');
  const hasScheme = /^[a-z][a-z\d+.-]*:(?!\d)/i.test(written);
  const address = isPath
    ? `file:///${written.replaceAll('\\', '/').replace(/^\//, '')}`
    : hasScheme
      ? written
      : `http://${written}`;
  try {
    const url = new URL(address);
    if (written !== '' && (url.host !== '' || !/^https?:$/.test(url.protocol))) return url.href;
  } catch {
    // Said below.
  }
  throw new ActionError(
    'InvalidURLError',
    `"${text}" is not a web address.`,
    'Give an address such as https://www.example.com.',
  );
}

/** Goes to an address and waits as `conduct` says. */
async function visit(tab: Tab, address: string, context: ActionContext, conduct: Conduct): Promise<void> {
  await tab.perform(context, conduct, async () => {
    // What takes longer than the start of an answer is waited for after this, where dialogs are expected too.
    const timeout = Math.max(1, (conduct.pageSeconds ?? startSeconds) * 1000);
    try {
      await goTo(tab, address, timeout);
    } catch (error) {
      const reason = reasonOf(error);
      // The page is a file that the browser saves or shows by itself.
      if (/Download is starting|ERR_ABORTED/.test(reason)) return;
      if (conduct.pageSeconds === undefined && /Timeout/.test(reason)) return;
      throw unreachable(error, address, conduct.code);
    }
  });
}

/** Goes there also when the page was just about to go somewhere else. */
async function goTo(tab: Tab, address: string, timeout: number): Promise<void> {
  const going = () => tab.page.goto(address, { waitUntil: 'commit', timeout });
  await going().catch((error: Error) => {
    if (!error.message.includes('interrupted by another navigation')) throw error;
    return going();
  });
}

/** An action that does not wait for the page still sees whether the server answers at all (seconds). */
const startSeconds = 5;

function unreachable(error: unknown, address: string, code: string): ActionError {
  const reason = reasonOf(error);
  const known = /net::(ERR_\w+)/.exec(reason)?.[1];
  const because = /Timeout (\d+)ms/.exec(reason) ? 'it did not answer in time' : (known ?? reason);
  return new ActionError(
    code,
    `The page ${address.replace(/[?#].*$/s, '')} could not be opened: ${because}.`,
    'Check the address, and whether this machine reaches the server.',
    { cause: error },
  );
}

// ── Launching ───────────────────────────────────────────────────────────────────────────────────────────────────

async function launch(
  kind: BrowserKind,
  args: ActionArguments,
  context: ActionContext,
  conduct: Conduct,
): Promise<Tab> {
  const address = addressOf(args.text('Url'));
  const profile = args.has('PiPUserDataFolderPath')
    ? join(args.path('PiPUserDataFolderPath'))
    : profileFolder(kind);
  const running = await endpointOf(profile, kind, context.signal);
  const endpoint = running ?? (await start(kind, profile, args, context, conduct.code));
  const connection = await connected(endpoint, context, conduct.code);
  const tab = await asked(context, conduct.code, async () => {
    const opened = await (running === undefined ? connection.firstPage() : connection.openPage(true));
    await prepare(opened, args);
    return opened;
  });
  await visitFirst(tab, address, context, conduct);
  return tab;
}

/** Goes to the first address of a new tab; nobody but this action knows the tab if that fails. */
async function visitFirst(
  tab: Tab,
  address: string,
  context: ActionContext,
  conduct: Conduct,
): Promise<void> {
  try {
    await visit(tab, address, context, conduct);
  } catch (error) {
    void tab.close().catch(() => {});
    throw error;
  }
}

async function start(
  kind: BrowserKind,
  profile: string,
  args: ActionArguments,
  context: ActionContext,
  code: string,
): Promise<Endpoint> {
  const program = await findBrowser(kind, code);
  if (program.isSubstitute) {
    context.host.log(
      'warning',
      `${browserNames[kind]} is not installed; ${program.file} is used in its place.`,
    );
  }
  const deadline = new Deadline(context.host.clock, seconds(args, 'Timeout'));
  return await startBrowser(kind, program.file, profile, {
    code,
    signal: context.signal,
    wait: () => delay(context, lookEvery),
    isOver: () => deadline.isOver,
  });
}

async function prepare(tab: Tab, args: ActionArguments): Promise<void> {
  await tab.setWindow(args.member('WindowState'));
  if (args.has('ClearCache') && args.boolean('ClearCache')) await tab.connection.clear('cache', tab);
  if (args.boolean('ClearCookies')) await tab.connection.clear('cookies', tab);
}

async function connected(endpoint: Endpoint, context: ActionContext, code: string): Promise<Connection> {
  try {
    return await connect(endpoint, context);
  } catch (error) {
    context.signal.throwIfAborted();
    throw new ActionError(
      code,
      `The browser on port ${endpoint.port} does not let itself be automated: ${reasonOf(error)}.`,
      'Answer the dialogs that its pages show, or close all its windows; then run the flow again.',
      { cause: error },
    );
  }
}

const instance = (tab: Tab, context: ActionContext, code: string): Promise<InstanceValue> =>
  asked(context, code, () => instanceOf(tab));

function launchActions(kind: BrowserKind, name: string, code: string): ActionDefinition[] {
  return ['', 'WithDriver'].flatMap((driver) =>
    ['', 'CustomProfile'].flatMap((profile) =>
      inVariants(
        `Launch${name}.Launch${name}${driver}`,
        code,
        async (args, context, conduct) => ({
          outputs: {
            BrowserInstance: await instance(await launch(kind, args, context, conduct), context, code),
          },
        }),
        profile,
      ),
    ),
  );
}

// ── Attaching ───────────────────────────────────────────────────────────────────────────────────────────────────

/** Which tab is meant. */
interface Wanted {
  readonly text: string;
  fits(title: string, address: string): boolean;
}

/** How a title or address is compared. `Mixed` takes a part of it, or a pattern with `*` and `?`; letter case does not matter. */
function wantedBy(what: 'title' | 'address', text: string, mode: string): Wanted {
  const fold = (value: string) => value.trim().replace(/\/$/, '').toLowerCase();
  const wanted = fold(text);
  const expression = mode === 'Regex' ? pattern(text, true) : undefined;
  const wildcards =
    mode === 'Mixed' && /[*?]/.test(text) && what === 'title' ? wildcardExpression(wanted) : undefined;
  const test = (value: string) => {
    if (expression !== undefined) return expression.first(value) !== undefined;
    if (mode === 'Exact') return fold(value) === wanted;
    return fold(value).includes(wanted) || (wildcards?.test(fold(value)) ?? false);
  };
  return {
    text: `with the ${what} "${text}"`,
    fits: (title, address) => test(what === 'title' ? title : address),
  };
}

function wildcardExpression(text: string): RegExp {
  const source = text
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's');
}

async function attach(
  kind: BrowserKind,
  wanted: Wanted | undefined,
  args: ActionArguments,
  context: ActionContext,
  code: string,
): Promise<Tab> {
  const deadline = new Deadline(context.host.clock, seconds(args, 'AttachTimeout'));
  let seen: string[] = [];
  let hasBrowser = false;
  for (;;) {
    seen = [];
    for (const endpoint of await runningBrowsers(kind, context.signal)) {
      hasBrowser = true;
      const connection = await connected(endpoint, context, code);
      const tab = await asked(context, code, () => tabIn(connection, wanted, seen, context.signal));
      if (tab !== undefined) return tab;
    }
    if (deadline.isOver) break;
    await delay(context, lookEvery * 3);
  }
  const name = browserNames[kind];
  throw new ActionError(
    code,
    hasBrowser
      ? `No tab ${wanted?.text ?? 'in front'} is open in ${name}. Open are: ${seen.slice(0, 20).join(', ') || 'none'}.`
      : `There is no ${name} that a flow can attach to.`,
    hasBrowser
      ? 'Correct the text, wait for the page before, or give "Timeout" more seconds.'
      : `Launch ${name} with an action of a flow, or start it with --remote-debugging-port=${usualPort} and a --user-data-dir of its own: browsers let nobody attach to the profile you browse with.`,
  );
}

/** The tab that fits, the one that was used last first. Adds the titles of the others to `seen`. */
async function tabIn(
  connection: Connection,
  wanted: Wanted | undefined,
  seen: string[],
  signal: AbortSignal,
): Promise<Tab | undefined> {
  const order = await tabIds(connection.endpoint, signal);
  // The browser itself knows the titles, also of pages that are busy or show a dialog.
  const { targetInfos } = await connection.root.send('Target.getTargets');
  for (const id of order) {
    const about = targetInfos.find(({ targetId }) => targetId === id);
    if (about === undefined || about.url.startsWith('devtools:')) continue;
    if (wanted === undefined || wanted.fits(about.title, about.url)) {
      const page = await connection.page(id);
      if (page !== undefined) return await connection.tab(page);
    } else seen.push(`"${about.title}"`);
  }
  return undefined;
}

function attachActions(
  kind: BrowserKind,
  name: string,
  foreground: string,
  code: string,
): ActionDefinition[] {
  const action = (id: string, wanted: (args: ActionArguments) => Wanted | undefined): ActionDefinition => ({
    id: `WebAutomation.Launch${name}.${id}`,
    run: async (args, context) => {
      const tab = await attach(kind, wanted(args), args, context, code);
      return { outputs: { BrowserInstance: await instance(tab, context, code) } };
    },
  });
  return [
    action(`AttachTo${name}ByTitle`, (args) =>
      wantedBy('title', args.text('TabTitle'), args.member('MatchMode')),
    ),
    action(`AttachTo${name}ByUrl`, (args) =>
      wantedBy('address', args.text('TabUrl'), args.member('MatchMode')),
    ),
    action(foreground, () => undefined),
  ];
}

// ── Pages ───────────────────────────────────────────────────────────────────────────────────────────────────────

const navigationError = 'NavigateToWebPageError';

/** One step back or forward in the history of a tab. */
async function goThrough(tab: Tab, by: 1 | -1, context: ActionContext, conduct: Conduct): Promise<void> {
  await tab.perform(context, conduct, async () => {
    const { currentIndex, entries } = await betweenPages(context, () =>
      tab.session.send('Page.getNavigationHistory'),
    );
    const entry = entries[currentIndex + by];
    if (entry === undefined) {
      throw new ActionError(
        navigationError,
        `There is no page to go ${by < 0 ? 'back' : 'forward'} to in this tab.`,
        'Count the pages that the flow visits in this tab.',
      );
    }
    await betweenPages(context, () => tab.session.send('Page.navigateToHistoryEntry', { entryId: entry.id }));
  });
}

/** Asks a browser again that is just replacing a page by another. */
async function betweenPages<T>(context: ActionContext, work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === 20 || !/Not attached/.test((error as Error).message)) throw error;
      await delay(context, lookEvery);
    }
  }
}

const pageActions: readonly ActionDefinition[] = [
  ...inVariants('GoToWebPage.GoToWebPage', navigationError, async (args, context, conduct) => {
    const tab = tabOf(args);
    await visit(tab, addressOf(args.text('Url')), context, conduct);
    return {};
  }),
  ...inVariants('GoToWebPage.NavigateBack', navigationError, async (args, context, conduct) => {
    await goThrough(tabOf(args), -1, context, conduct);
    return {};
  }),
  ...inVariants('GoToWebPage.NavigateForward', navigationError, async (args, context, conduct) => {
    await goThrough(tabOf(args), 1, context, conduct);
    return {};
  }),
  ...inVariants('GoToWebPage.ReloadWebPage', navigationError, async (args, context, conduct) => {
    const tab = tabOf(args);
    await tab.perform(context, conduct, async () => {
      await betweenPages(context, () => tab.session.send('Page.reload'));
    });
    return {};
  }),
  ...inVariants('CreateNewTab.CreateNewTab', 'CreateNewTabError', async (args, context, conduct) => {
    const tab = tabOf(args);
    const address = addressOf(args.text('Url'));
    tab.requireOpen(conduct.code);
    // A new tab belongs to the window that was used last.
    const opened = await asked(context, conduct.code, async () => {
      await tab.page.bringToFront();
      return await tab.connection.openPage(false);
    });
    await visitFirst(opened, address, context, conduct);
    return { outputs: { NewBrowserInstance: await instance(opened, context, conduct.code) } };
  }),
  {
    id: 'WebAutomation.CloseWebBrowser',
    async run(args, context) {
      const code = 'CloseWebBrowserError';
      const tab = tabOf(args);
      tab.requireOpen(code);
      try {
        await untilStopped(context.signal, tab.close());
      } catch (error) {
        context.signal.throwIfAborted();
        throw new ActionError(
          code,
          `The browser could not be closed: ${reasonOf(error)}.`,
          'Close it by hand, and see whether it shows a message.',
          { cause: error },
        );
      }
      return {};
    },
  },
];

export const navigationActions: readonly ActionDefinition[] = [
  ...launchActions('chrome', 'Chrome', 'LaunchChromeError'),
  ...attachActions('chrome', 'Chrome', 'AttachToForegroundChrome', 'LaunchChromeError'),
  ...launchActions('edge', 'Edge', 'LaunchMicrosoftEdgeError'),
  ...attachActions('edge', 'Edge', 'AttachToTheForegroundEdge', 'LaunchMicrosoftEdgeError'),
  ...pageActions,
];

// Browsers as processes: found, started, shared, left open or closed. Chromium stands for Chrome and Edge; where a window is wanted it
// is told to draw none, but looks in every other way like a browser with one.
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { endpointOf, profileFolder } from '../../../src/runtime/actions/webAutomation/browsers.ts';
import { webAutomationActions } from '../../../src/runtime/actions/webAutomation/index.ts';
import type { Tab } from '../../../src/runtime/actions/webAutomation/tab.ts';
import type { InstanceValue, Value } from '../../../src/runtime/values.ts';
import { FakeHost } from '../../fakes/host.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { openSite, type Site } from './site.ts';

const variables = [
  'DESKTOP_FLOWS_HOME',
  'DESKTOP_FLOWS_CHROME',
  'DESKTOP_FLOWS_EDGE',
  'DISPLAY',
  'PATH',
] as const;
const before = new Map(variables.map((name) => [name, process.env[name]]));

let home: string;
let site: Site;
const open: ReturnType<typeof contextIn>[] = [];

function newRun() {
  const context = contextIn(home, { host: new FakeHost({ clock: systemClock }) });
  open.push(context);
  return context;
}
const act = (context: ReturnType<typeof contextIn>, id: string, given: Record<string, Value>) =>
  runAction(webAutomationActions, `WebAutomation.${id}`, given, context);
const launch = async (context: ReturnType<typeof contextIn>, id = 'LaunchChrome.LaunchChrome', more = {}) =>
  (await act(context, id, { Url: site.address, ...more })).outputs?.BrowserInstance ?? null;
const titleOf = async (context: ReturnType<typeof contextIn>, tab: Value) =>
  (await act(context, 'GetDetailsOfWebPage', { BrowserInstance: tab, DetailsType: 'Title' })).outputs
    ?.Details;
const isRunning = async (kind: 'chrome' | 'edge' = 'chrome', profile = profileFolder(kind)) =>
  (await endpointOf(profile, kind, new AbortController().signal)) !== undefined;

async function ended(): Promise<boolean> {
  for (let tries = 0; tries < 200 && (await isRunning()); tries++) await sleep(100);
  return !(await isRunning());
}

function program(name: string, lines: string): string {
  const file = join(home, name);
  writeFileSync(file, `#!/bin/sh\n${lines}\n`);
  chmodSync(file, 0o755);
  return file;
}

const ownDisplay = ':99';

/** From here on, launched browsers count as browsers with a window. */
function withWindows(): void {
  process.env.DISPLAY = ownDisplay;
  process.env.DESKTOP_FLOWS_CHROME = program(
    'chrome',
    'exec chromium --headless=new --user-agent=Browser "$@"',
  );
}

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'desktop-flows-browsers-'));
  process.env.DESKTOP_FLOWS_HOME = home;
  for (const name of ['DESKTOP_FLOWS_CHROME', 'DESKTOP_FLOWS_EDGE', 'DISPLAY']) delete process.env[name];
  site = await openSite();
});

afterEach(async () => {
  for (const context of open.splice(0)) await context.close();
  if (process.env.DISPLAY === ownDisplay && (await isRunning())) {
    // A browser with a window, left by a test that says so.
    const context = newRun();
    const tab = await act(context, 'LaunchChrome.AttachToForegroundChrome', {});
    await act(context, 'CloseWebBrowser', { BrowserInstance: tab.outputs?.BrowserInstance ?? null });
    await context.close();
  }
  expect(await ended()).toBe(true);
  await site.close();
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}, 30_000);

describe('launching', () => {
  it('uses one browser for all launches, a window for each', async () => {
    const context = newRun();
    const first = await launch(context);
    const second = await launch(context, 'LaunchChrome.LaunchChromeWithDriver', { WindowState: 'Maximized' });
    expect(second).not.toBe(first);
    await act(context, 'CloseWebBrowser', { BrowserInstance: first });
    expect(await isRunning()).toBe(true);
    await act(context, 'CloseWebBrowser', { BrowserInstance: second });
    expect(await ended()).toBe(true);
    // A closed browser is no reason not to launch another one.
    await launch(context);
    expect(await isRunning()).toBe(true);
  });

  it.each([
    ['Chrome', ''],
    ['Chrome', 'WithDriver'],
    ['Edge', ''],
    ['Edge', 'WithDriver'],
  ])(
    'answers dialogs of the first page or does not wait for it: %s %s',
    async (kind, driver) => {
      const context = newRun();
      process.env.DESKTOP_FLOWS_EDGE = '/usr/bin/chromium';
      const Url = `data:text/html,<title>Asked</title><script>document.title += confirm('Sure?')</script>`;
      for (const profile of ['', 'CustomProfile']) {
        const own: Record<string, Value> = profile === '' ? {} : { PiPUserDataFolderPath: `own ${kind}` };
        const id = (variant: string) => `Launch${kind}.Launch${kind}${driver}${variant}${profile}`;
        expect(await titleOf(context, await launch(context, id('CloseDialog'), { Url, ...own }))).toBe(
          'Askedfalse',
        );
        const pressed = await launch(context, id('PressDialogButton'), { Url, DialogButton: 'OK', ...own });
        expect(await titleOf(context, pressed)).toBe('Askedtrue');
        await launch(context, id('NoWait'), { Url: `${site.address}/slow?ms=300`, ...own });
        await launch(context, id(''), own);
      }
      expect(await isRunning(kind.toLowerCase() as 'chrome' | 'edge')).toBe(true);
      expect(await isRunning('chrome', join(home, `own ${kind}`))).toBe(true);
    },
    120_000,
  );

  it('attaches to Edge', async () => {
    process.env.DESKTOP_FLOWS_EDGE = '/usr/bin/chromium';
    const context = newRun();
    await launch(context, 'LaunchEdge.LaunchEdge');
    const { outputs } = await act(context, 'LaunchEdge.AttachToEdgeByTitle', { TabTitle: 'Order' });
    expect(await titleOf(context, outputs?.BrowserInstance ?? null)).toBe('Order desk');
    await act(context, 'LaunchEdge.AttachToTheForegroundEdge', {});
  });

  it('clears cookies and cache only when it is to', async () => {
    const context = newRun();
    const cookie = async (given: Record<string, Value>) => {
      const read = await act(context, 'ExecuteJavascript', {
        BrowserInstance: await launch(context, 'LaunchChrome.LaunchChrome', given),
        Javascript: 'function ExecuteScript() { return document.cookie; }',
      });
      return read.outputs?.Result;
    };
    expect(await cookie({ Url: `${site.address}/cookie` })).toBe('visited=yes');
    expect(await cookie({})).toBe('visited=yes');
    expect(await cookie({ ClearCookies: true, ClearCache: true })).toBe('');
  });

  it('says which browser is missing, and what stands in for Edge', async () => {
    const context = newRun();
    await launch(context, 'LaunchEdge.LaunchEdge');
    expect(context.host.logged).toEqual([
      {
        level: 'warning',
        message: expect.stringMatching(
          /^Microsoft Edge is not installed; .*chromium is used in its place\.$/,
        ),
      },
    ]);
    process.env.PATH = home;
    expect(await errorOf(launch(context))).toBe(
      'LaunchChromeError: Chrome is not installed on this machine.',
    );
    process.env.DESKTOP_FLOWS_CHROME = join(home, 'nowhere');
    expect(await errorOf(launch(context))).toMatch(
      /^LaunchChromeError: The browser .*nowhere does not exist/,
    );
  });

  it('says why a browser does not start', async () => {
    const context = newRun();
    process.env.DESKTOP_FLOWS_CHROME = program('broken', 'exit 7');
    expect(await errorOf(launch(context))).toMatch(/^LaunchChromeError: .*it ended with code 7/);
    process.env.DESKTOP_FLOWS_CHROME = program('mute', 'exec sleep 60');
    expect(await errorOf(launch(context, 'LaunchChrome.LaunchChrome', { Timeout: 1 }))).toMatch(
      /^LaunchChromeError: .*it did not get ready in time/,
    );
    writeFileSync(join(home, 'file'), '');
    expect(
      await errorOf(
        launch(context, 'LaunchChrome.LaunchChromeCustomProfile', { PiPUserDataFolderPath: 'file/in' }),
      ),
    ).toMatch(/^LaunchChromeError: The browser profile .* cannot be used/);
    const nobody = { Url: 'http://127.0.0.1:59999/' };
    delete process.env.DESKTOP_FLOWS_CHROME;
    expect(await errorOf(launch(context, 'LaunchChrome.LaunchChrome', nobody))).toMatch(
      /ERR_CONNECTION_REFUSED/,
    );
    expect(await ended()).toBe(true);
    expect(await errorOf(act(context, 'LaunchChrome.AttachToForegroundChrome', { AttachTimeout: 0 }))).toBe(
      'LaunchChromeError: There is no Chrome that a flow can attach to.',
    );
  });
});

describe('a browser that is killed', () => {
  async function kill(tab: Value): Promise<void> {
    const { root } = ((tab as InstanceValue).resource as Tab).connection;
    const { processInfo } = await root.send('SystemInfo.getProcessInfo');
    for (const { type, id } of processInfo) if (type === 'browser') process.kill(id, 'SIGKILL');
  }

  it('ends the action with its error, and the flow can launch it again', async () => {
    const context = newRun();
    const tab = await launch(context);
    const waiting = errorOf(
      act(context, 'ExecuteJavascript', {
        BrowserInstance: tab,
        Javascript: 'function ExecuteScript() { return new Promise(() => {}); }',
      }),
    );
    await titleOf(context, tab);
    await kill(tab);
    expect(await waiting).toMatch(/^RunJavaScriptError: The browser tab was closed/);
    expect(
      await errorOf(act(context, 'CreateNewTab.CreateNewTab', { BrowserInstance: tab, Url: site.address })),
    ).toMatch(/^CreateNewTabError: /);
    expect(await titleOf(context, await launch(context))).toBe('Order desk');
  });
});

describe('the end of a run', () => {
  it('closes a browser that nobody can see', async () => {
    const context = newRun();
    await launch(context);
    await context.close();
    expect(await ended()).toBe(true);
  });

  it('leaves a browser with a window open, for a person and for later runs', async () => {
    withWindows();
    const first = newRun();
    await launch(first, 'LaunchChrome.LaunchChrome', { Url: `${site.address}/details.html` });
    await first.close();
    expect(await isRunning()).toBe(true);
    const second = newRun();
    const found = await act(second, 'LaunchChrome.AttachToChromeByUrl', {
      TabUrl: `${site.address}/details`,
    });
    const tab = found.outputs?.BrowserInstance ?? null;
    expect(await titleOf(second, tab)).toBe('Details of the order');
    await act(second, 'CloseWebBrowser', { BrowserInstance: tab });
    expect(await ended()).toBe(true);
  });

  it.skipIf(process.platform === 'win32').each([true, false])(
    'by force, with all processes of the worker: browser with a window %s',
    async (hasWindow) => {
      if (hasWindow) withWindows();
      const worker = spawn(process.execPath, [join(import.meta.dirname, 'browserWorker.ts'), site.address], {
        detached: true,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await new Promise<void>((resolve, reject) => {
        worker.stdout.once('data', () => resolve());
        worker.once('exit', () => reject(new Error('the worker ended')));
      });
      worker.removeAllListeners('exit');
      const gone = new Promise((resolve) => worker.once('exit', resolve));
      process.kill(-(worker.pid as number), 'SIGKILL');
      await gone;
      if (hasWindow) {
        await sleep(500);
        expect(await isRunning()).toBe(true);
      } else expect(await ended()).toBe(true);
    },
  );
});

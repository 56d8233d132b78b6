// The checks of the acceptance run beside the suites: what real Windows has and Wine has not, or has in another way. Each leaves the machine
// as it was. Run by scripts/windows/acceptance.mjs.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { serviceName } from '../../../src/launch/service.ts';
import { closeHandle } from '../../../src/win32/ffi.ts';
import { blockInput, mousePosition, moveMouse } from '../../../src/win32/input.ts';
import { captureWindow, screens, useScreenPixels, windowDpi } from '../../../src/win32/screen.ts';
import { impersonating, logOn, protect, secret, unprotect } from '../../../src/win32/security.ts';
import {
  installEventSource,
  removeEventSource,
  reportEvent,
  serviceStatus,
} from '../../../src/win32/services.ts';
import { lookAtSessions } from '../../../src/win32/sessionLook.ts';
import { isOwnSessionLocked, isSessionLocked } from '../../../src/win32/sessions.ts';
import { windowsVersion } from '../../../src/win32/system.ts';
import { isWine, stubs } from '../harness.ts';
import { type Check, NotHere, onDesktop, powerShell, startPowerShell, until } from './support.ts';

const root = join(import.meta.dirname, '..', '..', '..');

function needsWindows(stub: keyof typeof stubs): void {
  if (isWine) throw new NotHere(`Windows itself: under Wine ${stubs[stub]}`);
}

function dflow(args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'bin', 'dflow.cjs'), ...args], {
    encoding: 'utf8',
    input,
    timeout: 120_000,
  });
  assert.equal(status, 0, `dflow ${args.join(' ')}: ${stderr || stdout}`);
  return stdout;
}

const temporary = (): string => mkdtempSync(join(tmpdir(), 'desktop-flows-acceptance-'));
const removed = (path: string) => rmSync(path, { recursive: true, force: true, maxRetries: 10 });

/** An account that is there only while `work` lasts. Its password stands in no command line. */
async function asStranger<T>(work: (name: string, password: string) => Promise<T> | T): Promise<T> {
  needsWindows('logOn');
  const name = `dflow-${randomBytes(4).toString('hex')}`;
  const password = `${randomBytes(12).toString('base64')}aA1!`;
  process.env.DFLOW_ACCEPTANCE = password;
  try {
    powerShell(
      `$p = ConvertTo-SecureString $env:DFLOW_ACCEPTANCE -AsPlainText -Force; New-LocalUser -Name ${name} -Password $p | Out-Null; Add-LocalGroupMember -SID S-1-5-32-545 -Member ${name}`,
    );
  } finally {
    delete process.env.DFLOW_ACCEPTANCE;
  }
  try {
    return await work(name, password);
  } finally {
    powerShell(`Remove-LocalUser -Name ${name}`);
  }
}

async function impersonated<T>(name: string, password: string, work: () => T): Promise<T> {
  const token = logOn(name, '.', secret(password), 'network');
  try {
    return impersonating(token, work);
  } finally {
    closeHandle(token);
  }
}

/** A window of .NET with a field, a box and a button that writes into the field; `kind` makes it. */
const form = {
  WinForms: `Add-Type -AssemblyName System.Windows.Forms; $f = New-Object Windows.Forms.Form; $f.Text = 'Acceptance WinForms'
$t = New-Object Windows.Forms.TextBox; $t.Name = 'field'; $t.Top = 10; $b = New-Object Windows.Forms.Button; $b.Name = 'press'; $b.Text = 'Press'; $b.Top = 40
$c = New-Object Windows.Forms.CheckBox; $c.Name = 'box'; $c.Text = 'Box'; $c.Top = 80; $b.Add_Click({ $t.Text = $t.Text + ' pressed ' + $c.Checked })
$f.Controls.AddRange(@($t, $b, $c)); $f.ShowDialog()`,
  WPF: `Add-Type -AssemblyName PresentationFramework; $w = [Windows.Markup.XamlReader]::Parse('<Window xmlns="http://schemas.microsoft.com/winfx/2006/xaml/presentation" Title="Acceptance WPF" Width="300" Height="200"><StackPanel><TextBox Name="field"/><Button Name="press" Content="Press"/><CheckBox Name="box" Content="Box"/></StackPanel></Window>')
$t = $w.FindName('field'); $c = $w.FindName('box'); $w.FindName('press').Add_Click({ $t.Text = $t.Text + ' pressed ' + $c.IsChecked }); $w.ShowDialog()`,
};

const ofForms = (kind: keyof typeof form): Check => ({
  id: `uia.${kind}`,
  title: `a window of ${kind} is filled, ticked and pressed by UI Automation`,
  async run() {
    const child = startPowerShell(form[kind]);
    try {
      await onDesktop(async (tools) => {
        const { desktop, signal } = tools;
        const window = `window[Name="Acceptance ${kind}"]`;
        const field = await tools.find(window, 'edit[Id="field"]', 30_000);
        await desktop.change(field.ref, { kind: 'setValue', text: 'ż😀' }, signal);
        await desktop.change(
          (await tools.find(window, 'check box[Id="box"]')).ref,
          { kind: 'toggle', isOn: true },
          signal,
        );
        await desktop.change(
          (await tools.find(window, 'button[Id="press"]')).ref,
          { kind: 'invoke' },
          signal,
        );
        await until(
          'the click',
          async () => (await desktop.state(field.ref, signal)).value === 'ż😀 pressed True',
        );
      });
    } finally {
      child.kill();
    }
    return undefined;
  },
});

export const checks: readonly Check[] = [
  {
    id: 'windows.version',
    title: 'Windows 10 1809, Server 2019 or later',
    run() {
      const { build, product } = windowsVersion();
      assert.ok(build >= 17_763, `build ${build}`);
      return `build ${build}, ${product}`;
    },
  },
  {
    id: 'uia.notepad',
    title: 'the notepad of this Windows is filled and read by UI Automation',
    async run() {
      const folder = temporary();
      const file = join(folder, 'acceptance.txt');
      writeFileSync(file, '');
      const child = spawn('notepad.exe', [file], { stdio: 'ignore' });
      try {
        await onDesktop(async (tools) => {
          const { desktop, signal } = tools;
          const window = 'window[Process="notepad"][Name*="acceptance"]';
          const text = await tools
            .find(window, isWine ? '*[Class="Edit"]' : 'document', 30_000)
            .catch(() => tools.find(window, 'edit'));
          await desktop.changeWindow(text.window, { kind: 'focus' }, signal);
          await desktop.change(text.ref, { kind: 'focus' }, signal);
          await desktop.keys(
            [...'żółć 😀'].map((character) => ({ kind: 'character', character })),
            0,
            signal,
          );
          await until('the text', async () => {
            const { value, text: shown } = await desktop.state(text.ref, signal);
            return (value ?? shown).startsWith('żółć 😀');
          });
          const { processId } = text;
          process.kill(processId);
        });
      } finally {
        child.kill();
        removed(folder);
      }
      return undefined;
    },
  },
  ofForms('WinForms'),
  ofForms('WPF'),
  {
    id: 'uia.Edge',
    title: 'a page in Edge is read and pressed by UI Automation',
    async run() {
      const edge = ['ProgramFiles(x86)', 'ProgramFiles']
        .map((name) => join(process.env[name] ?? 'C:\\', 'Microsoft', 'Edge', 'Application', 'msedge.exe'))
        .find((path) => existsSync(path));
      if (edge === undefined) throw new NotHere('Microsoft Edge');
      const folder = temporary();
      const page = join(folder, 'page.html');
      writeFileSync(
        page,
        '<title>Acceptance Edge</title><button onclick="document.title=\'Acceptance pressed\'">Press me</button>',
      );
      const child = spawn(
        edge,
        [
          `--user-data-dir=${folder}`,
          '--force-renderer-accessibility',
          '--no-first-run',
          `--app=file:///${page.replaceAll('\\', '/')}`,
        ],
        { stdio: 'ignore' },
      );
      try {
        await onDesktop(async (tools) => {
          const button = await tools.find(
            'window[Name*="Acceptance"][Process="msedge"]',
            'button[Name="Press me"]',
            60_000,
          );
          await tools.desktop.change(button.ref, { kind: 'invoke' }, tools.signal);
          await tools.find('window[Name*="Acceptance pressed"][Process="msedge"]');
        });
      } finally {
        child.kill();
        removed(folder);
      }
      return undefined;
    },
  },
  {
    id: 'screen.covered',
    title: 'a window is pictured although another covers it',
    async run() {
      needsWindows('printWindow');
      const child = startPowerShell(
        form.WinForms.replace(
          '$f.ShowDialog()',
          '$f.BackColor = "Red"; $g = New-Object Windows.Forms.Form; $g.TopMost = $true; $g.WindowState = "Maximized"; $g.Show(); $f.ShowDialog()',
        ),
      );
      try {
        await onDesktop(async (tools) => {
          const { window } = await tools.find('window[Name="Acceptance WinForms"]', undefined, 30_000);
          await until('red below what covers it', () => {
            const { pixels, width, height } = captureWindow(window);
            const at = (Math.floor(height * 0.8) * width + Math.floor(width * 0.8)) * 4;
            return pixels[at] === 255 && pixels[at + 1] === 0 && pixels[at + 2] === 0;
          });
        });
      } finally {
        child.kill();
      }
      return undefined;
    },
  },
  {
    id: 'screen.pixels',
    title: 'the mouse goes to the pixel on every screen, whatever its scaling',
    run() {
      useScreenPixels();
      const before = mousePosition();
      const all = screens();
      try {
        for (const { rectangle } of all) {
          const { x, y, width, height } = rectangle;
          for (const part of [0.1, 0.5, 0.9]) {
            const to = { x: Math.round(x + width * part), y: Math.round(y + height * part) };
            moveMouse(to);
            assert.deepEqual(mousePosition(), to);
          }
        }
      } finally {
        moveMouse(before);
      }
      return all.map(({ rectangle: { width, height } }) => `${width} × ${height}`).join(', ');
    },
  },
  {
    id: 'screen.scaling',
    title: 'a click hits its element on a screen with scaling',
    async run() {
      return await onDesktop(async (tools) => {
        const [any] = await tools.desktop.windows(tools.signal);
        const dpi = any === undefined ? 96 : windowDpi(any.handle);
        if (dpi === 96) throw new NotHere('a screen with scaling other than 100 %');
        const child = startPowerShell(form.WinForms);
        try {
          const { desktop, signal } = tools;
          const button = await tools.find('window[Name="Acceptance WinForms"]', 'button[Id="press"]', 30_000);
          await desktop.changeWindow(button.window, { kind: 'focus' }, signal);
          await desktop.moveMouse(
            await desktop.clickPoint(
              button.ref,
              { position: 'MiddleCenter', offset: { x: 0, y: 0 } },
              signal,
            ),
            0,
            signal,
          );
          await desktop.mouseButton('left', 'click', signal);
          const field = await tools.find('window[Name="Acceptance WinForms"]', 'edit[Id="field"]');
          await until(
            'the click',
            async () => (await desktop.state(field.ref, signal)).value === ' pressed False',
          );
        } finally {
          child.kill();
        }
        return `${Math.round((dpi / 96) * 100)} %`;
      });
    },
  },
  {
    id: 'input.block',
    title: 'people’s mouse and keyboard are kept out, and let in again',
    needs: ['administrator'],
    run() {
      needsWindows('blockInput');
      blockInput(true);
      blockInput(false);
      return undefined;
    },
  },
  {
    id: 'rights.uipi',
    title: 'a program with higher rights is refused by the code TargetElevated',
    needs: ['no administrator', 'person'],
    async run({ ask }) {
      assert.ok(await ask('Windows will ask whether notepad may run as administrator: confirm that. Ready?'));
      powerShell('Start-Process notepad.exe -Verb RunAs');
      await onDesktop(async (tools) => {
        const { desktop, signal } = tools;
        const { window } = await tools.find('window[Process="notepad"]', undefined, 30_000);
        await assert.rejects(desktop.changeWindow(window, { kind: 'move', to: { x: 5, y: 5 } }, signal), {
          code: 'TargetElevated',
        });
      });
      assert.ok(await ask('Please close that notepad. Done?'));
      return undefined;
    },
  },
  {
    id: 'rights.files',
    title: 'another account reads nothing of the agent’s data',
    needs: ['administrator'],
    async run() {
      const folder = temporary();
      try {
        await asStranger(async (name, password) => {
          dflow(['agent', 'start', '--data', folder]);
          dflow(['agent', 'stop', '--data', folder]);
          const file = join(folder, 'agent.log');
          assert.ok(readFileSync(file).length > 0);
          await impersonated(name, password, () => assert.throws(() => readFileSync(file), /EPERM|EACCES/));
        });
      } finally {
        removed(folder);
      }
      return undefined;
    },
  },
  {
    id: 'rights.dpapi',
    title: 'what was protected for this account does not open for another',
    needs: ['administrator'],
    async run() {
      await asStranger(async (name, password) => {
        const sealed = protect(Buffer.from('secret'), 'user', 'acceptance');
        assert.equal(unprotect(sealed, 'acceptance').toString(), 'secret');
        await impersonated(name, password, () => assert.throws(() => unprotect(sealed, 'acceptance')));
      });
      return undefined;
    },
  },
  {
    id: 'service.log',
    title: 'the event log shows what the service wrote',
    needs: ['administrator'],
    async run() {
      const [source, text] = ['DesktopFlowsAcceptance', `acceptance ${randomBytes(6).toString('hex')}`];
      if (isWine) throw new NotHere('Windows itself: Wine keeps no event log');
      installEventSource(source);
      try {
        reportEvent(source, 'information', 1, text);
        await until('the entry', () => {
          const query = [
            'qe',
            'Application',
            '/c:20',
            '/rd:true',
            '/f:xml',
            `/q:*[System[Provider[@Name='${source}']]]`,
          ];
          return spawnSync('wevtutil.exe', query, { encoding: 'utf8' }).stdout.includes(text);
        });
      } finally {
        removeEventSource(source);
      }
      return undefined;
    },
  },
  {
    id: 'service.recovery',
    title: 'the service is installed, killed, started anew by Windows, and removed',
    needs: ['administrator'],
    async run() {
      needsWindows('recovery');
      if (serviceStatus(serviceName) !== undefined)
        throw new NotHere(`a machine without the service ${serviceName}`);
      dflow(['agent', 'install']);
      try {
        const first = serviceStatus(serviceName)?.processId ?? 0;
        assert.ok(first > 0);
        process.kill(first, 'SIGKILL');
        await until(
          'the service to run again',
          () => {
            const status = serviceStatus(serviceName);
            return status?.state === 'running' && status.processId !== first;
          },
          150_000,
        );
      } finally {
        dflow(['agent', 'uninstall']);
      }
      assert.equal(serviceStatus(serviceName), undefined);
      return undefined;
    },
  },
  {
    id: 'sessions.list',
    title: 'the session that this runs in is listed, and is not locked',
    async run() {
      const own = (await lookAtSessions()).find(
        ({ user }) => user.toLowerCase() === userInfo().username.toLowerCase(),
      );
      assert.equal(own?.state, 'active');
      assert.notEqual(isSessionLocked(own.sessionId), true);
      return undefined;
    },
  },
  {
    id: 'sessions.lock',
    title: 'a locked screen is noticed, pictured by nobody, and noticed again when it is unlocked',
    needs: ['person'],
    async run({ ask }) {
      needsWindows('lockWorkStation');
      assert.ok(await ask('The screen will be locked; unlock it after ten seconds. Ready?'));
      await onDesktop(async ({ desktop, signal }) => {
        await desktop.lock(signal);
        await until('the lock', () => isOwnSessionLocked());
        await assert.rejects(desktop.capture('all', signal), { code: 'ScreenNotAvailable' });
        await until('somebody to unlock it', () => !isOwnSessionLocked(), 120_000);
        await desktop.capture('all', signal);
      });
      return undefined;
    },
  },
  {
    id: 'sessions.unattended',
    title:
      'the service signs an account in by Remote Desktop on this machine (with NLA), runs a flow there, and signs it out',
    needs: ['administrator', 'person'],
    async run({ ask }) {
      needsWindows('sessions');
      if (serviceStatus(serviceName) !== undefined)
        throw new NotHere(`a machine without the service ${serviceName}`);
      if (windowsVersion().product === 'workstation')
        assert.ok(await ask('Windows 10 and 11 disconnect who is signed in while this runs. Go on?'));
      await asStranger(async (name, password) => {
        powerShell(`Add-LocalGroupMember -SID S-1-5-32-555 -Member ${name}`);
        dflow(['agent', 'install']);
        const folder = temporary();
        try {
          const flow = join(folder, 'who.robin');
          writeFileSync(
            flow,
            "@OUTPUT Who : { 'Description': '', 'FriendlyName': 'Who', 'Type': 'String' }\nSystem.GetEnvironmentVariable.GetEnvironmentVariable Name: $'''USERNAME''' Value=> Who\n",
          );
          const data = join(process.env.ProgramData ?? 'C:\\ProgramData', 'Desktop Flows');
          const own = JSON.parse(dflow(['machine', 'list', '--json', '--data', data]).split('\n')[0] ?? '');
          const target = (Array.isArray(own) ? own[0] : own).name;
          dflow(
            [
              'connection',
              'add',
              'acceptance',
              '--target',
              target,
              '--account',
              `.\\${name}`,
              '--data',
              data,
            ],
            `${password}\n`,
          );
          const out = dflow([
            'run',
            flow,
            '--connection',
            'acceptance',
            '--unattended',
            '--json',
            '--data',
            data,
          ]);
          assert.match(out, new RegExp(`"Who":"${name}"`));
          await until(
            'the session to end',
            async () => (await lookAtSessions()).every(({ user }) => user !== name),
            60_000,
          );
        } finally {
          dflow(['agent', 'uninstall']);
          removed(folder);
        }
      });
      return undefined;
    },
  },
  {
    id: 'install.start',
    title: 'the single-file program starts, downloaded as it were, without a warning of Windows',
    needs: ['person'],
    async run({ ask }) {
      const packages = join(root, 'out', 'windows');
      const name = existsSync(packages)
        ? readdirSync(packages).find((one) => /-x64\.exe$/.test(one) && !/setup/.test(one))
        : undefined;
      if (name === undefined)
        throw new NotHere(
          'the single-file program in out\\windows (made on Linux by scripts/windows/package.mjs)',
        );
      const program = join(packages, name);
      // What browsers mark downloads with.
      writeFileSync(`${program}:Zone.Identifier`, '[ZoneTransfer]\r\nZoneId=3\r\n');
      assert.ok(await ask(`Please double-click ${program}. Did it start without a warning?`));
      return undefined;
    },
  },
];

// The shell of Windows: programs and documents, their ends, and the settings that it keeps for the user.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { windowsShell } from '../../../src/desktop/windows/shell.ts';
import catalogEnums from '../../../src/language/catalog/enums.json' with { type: 'json' };
import { listSeparator, textCodePage, textSettingsFrom } from '../../../src/runtime/actions/windows.ts';
import { deleteValue, writeValue } from '../../../src/win32/registry.ts';

const never = new AbortController().signal;
const shell = windowsShell();
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dflow shell ü '));
});
after(() => rm(folder, { recursive: true, force: true, maxRetries: 20 }));

const start = (path: string, commandLine = '') =>
  shell.start({ path, commandLine, folder, style: 'hidden' }, never);

test('a program is started, waited for, and gives its exit code', async () => {
  const process_ = await start('cmd.exe', '/c exit 7');
  assert.ok(process_ !== undefined && process_.id > 0);
  assert.equal(await process_.ended(undefined, never), 7);
  process_.close();
});

test('a program that does not end in time is left running; the wait ends with the run', async () => {
  const process_ = await start('ping.exe', '-n 20 127.0.0.1');
  assert.ok(process_);
  assert.equal(await process_.ended(200, never), undefined);
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error('stopped')), 100);
  await assert.rejects(process_.ended(undefined, stop.signal), { message: 'stopped' });
  process.kill(process_.id);
  process_.close();
});

test('what does not exist is ENOENT', async () => {
  await assert.rejects(start(join(folder, 'nothing.exe')), { code: 'ENOENT' });
});

test('a document is opened from a folder with blanks and letters of all kinds', async () => {
  const script = join(folder, 'über mich.cmd');
  await writeFile(script, '@exit 5\r\n');
  const process_ = await start(script);
  assert.ok(process_);
  assert.equal(await process_.ended(20_000, never), 5);
  process_.close();
});

test('printers and the recycle bin answer', async () => {
  assert.equal(typeof (await shell.defaultPrinter(never)), 'string');
  await assert.rejects(shell.setDefaultPrinter('there is none of this name', never), {
    code: 'WindowsCallFailed',
  });
  await shell.emptyRecycleBin(never);
});

test('a file that is no sound is refused', async () => {
  const file = join(folder, 'no.wav');
  await writeFile(file, 'not a sound');
  await assert.rejects(shell.playSound({ file }, never), { code: 'WindowsCallFailed' });
});

test('the screen saver can be switched off and on', async () => {
  await shell.screenSaver('disable', never);
  await shell.screenSaver('enable', never);
  await shell.screenSaver('stop', never);
});

test('says of texts what Windows has stored', async () => {
  const settings = shell.textSettings();
  assert.ok(settings.textCodePage > 0 && settings.consoleCodePage > 0);
  assert.ok(settings.listSeparator.length > 0);
  // Asked for by programs that do without the library that calls Windows.
  assert.equal(await textCodePage(never), settings.textCodePage);
  textSettingsFrom(() => ({ ...settings, listSeparator: '!' }));
  assert.equal(await listSeparator(never), '!');
});

test('finds every special folder that flows can ask for', () => {
  const members = catalogEnums['Folder.SpecialFolder'];
  assert.ok(members.length > 15);
  const missing = members.filter((member) => !/^[A-Z]:\\/i.test(shell.specialFolder(member) ?? ''));
  assert.deepEqual(missing, []);
  assert.equal(shell.specialFolder('NoSuchFolder'), undefined);
});

test('keeps environment variables of the account and of the system', async () => {
  const name = 'DFLOW_SHELL_TEST';
  for (const scope of ['user', 'system'] as const) {
    assert.equal(shell.environmentVariable(scope, name), undefined);
    await shell.setEnvironmentVariable(scope, name, 'größe 😀 %NOT%');
    assert.equal(shell.environmentVariable(scope, name), 'größe 😀 %NOT%');
    await shell.setEnvironmentVariable(scope, name, undefined);
    assert.equal(shell.environmentVariable(scope, name), undefined);
    await shell.setEnvironmentVariable(scope, name, undefined);
  }
  const key = 'Environment';
  writeValue('HKEY_CURRENT_USER', key, name, { kind: 'expandable', value: 'old' });
  await shell.setEnvironmentVariable('user', name, '%SystemRoot%\\x');
  assert.match(shell.environmentVariable('user', name) ?? '', /^C:\\windows\\x$/i);
  deleteValue('HKEY_CURRENT_USER', key, name);
});

test('knows, starts and stops services', async () => {
  assert.equal(shell.serviceState('NoSuchServiceHere'), undefined);
  await assert.rejects(shell.changeService('NoSuchServiceHere', 'start', never), {
    message: /^OpenService \(NoSuchServiceHere\) failed: .*\(1060\)$/,
  });
  await shell.changeService('Spooler', 'stop', never).catch(() => undefined);
  assert.equal(shell.serviceState('Spooler'), 'stopped');
  await shell.changeService('Spooler', 'start', never);
  assert.equal(shell.serviceState('Spooler'), 'running');
  await assert.rejects(shell.changeService('Spooler', 'pause', never), /ControlService \(Spooler\) failed/);
});

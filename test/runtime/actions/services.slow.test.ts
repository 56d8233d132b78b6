// Services and printers through programs that stand for systemd and CUPS: what is asked of them and what is made of the answer.
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { servicesActions } from '../../../src/runtime/actions/services.ts';
import { workstationActions } from '../../../src/runtime/actions/workstation.ts';
import type { Value } from '../../../src/runtime/values.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { temporaryFolder } from './temporaryFolder.ts';
import { restoringEnvironment, withTools } from './toolFolder.ts';
import { unprivileged } from './unprivileged.ts';

restoringEnvironment();
const temporary = temporaryFolder();
let folder: string;
beforeEach(async () => {
  folder = await temporary();
});
const service = (id: string, given: Record<string, Value>) =>
  runAction(servicesActions, `Services.${id}`, given, contextIn(folder));
const workstation = (id: string, given: Record<string, Value> = {}) =>
  runAction(workstationActions, `Workstation.${id}`, given, contextIn(folder));
const commands = async () => (await readFile(join(folder, 'log'), 'utf8')).trimEnd().split('\n');

describe.skipIf(process.platform !== 'linux')('services of systemd', () => {
  beforeEach(() =>
    withTools(folder, {
      systemctl: `echo "$*" >> ${join(folder, 'log')}
for name; do :; done
case "$1" in
  show)
    case "$name" in
      none) echo LoadState=not-found; echo ActiveState=inactive;;
      web) echo LoadState=loaded; echo ActiveState=active;;
      slow) echo LoadState=loaded; echo ActiveState=activating;;
      *) echo LoadState=loaded; echo ActiveState=failed;;
    esac;;
  *) if [ "$name" = locked ]; then echo "Access denied" >&2; exit 4; fi;;
esac`,
    }),
  );

  it('are asked for their state', async () => {
    const holds = async (id: string, name: string) => (await service(id, { Service: name })).condition;
    const all = [
      'IfService.IsInstalled',
      'IfService.IsNotInstalled',
      'IfService.IsRunning',
      'IfService.IsPaused',
      'IfService.IsStopped',
      'WaitForService.Started',
      'WaitForService.Stopped',
      'WaitForService.Paused',
    ];
    const table = async (name: string) => {
      const found: string[] = [];
      for (const id of all) if (await holds(id, name)) found.push(id.split('.')[1] as string);
      return found;
    };
    expect(await table('none')).toEqual(['IsNotInstalled']);
    expect(await table('web')).toEqual(['IsInstalled', 'IsRunning', 'Started']);
    expect(await table('old')).toEqual(['IsInstalled', 'IsStopped', 'Stopped']);
    expect(await table('slow')).toEqual(['IsInstalled']);
    expect(await table('')).toEqual(['IsNotInstalled']);
  });

  it('are started and stopped', async () => {
    await service('Start', { ServiceName: 'old' });
    await service('Stop', { ServiceName: 'web' });
    expect((await commands()).filter((line) => !line.startsWith('show'))).toEqual([
      '--no-ask-password start -- old',
      '--no-ask-password stop -- web',
    ]);
  });

  it.each([
    ['Start', 'none', 'ServiceNotFoundError: There is no service "none".'],
    ['Start', 'web', 'ServiceAlreadyRunningError: The service "web" is running already.'],
    ['Stop', 'old', 'ServiceIsntRunningError: The service "old" is not running.'],
    ['Pause', 'web', 'PlatformUnsupported: Services.Pause needs Windows; this machine runs linux.'],
    ['Resume', 'web', 'PlatformUnsupported: Services.Resume needs Windows; this machine runs linux.'],
  ])('say why a change is not possible: %s %s', async (id, name, message) => {
    expect(await errorOf(service(id, { ServiceName: name }))).toBe(message);
  });

  it.each([
    ['Start', 'inactive', 'StartServiceError: The service "locked" could not be started: Access denied.'],
    ['Stop', 'active', 'StopServiceError: The service "locked" could not be stopped: Access denied.'],
  ])('say why a change failed: %s', async (id, state, message) => {
    await withTools(folder, {
      systemctl: `if [ "$1" = show ]; then echo LoadState=loaded; echo ActiveState=${state}; else echo "Access denied" >&2; exit 4; fi`,
    });
    expect(await errorOf(service(id, { ServiceName: 'locked' }))).toBe(message);
  });

  it('need systemd to be running', async () => {
    await withTools(folder, {
      systemctl:
        'echo "System has not been booted with systemd as init system (PID 1). Can\'t operate." >&2; exit 1',
    });
    expect(await errorOf(service('Start', { ServiceName: 'web' }))).toBe(
      'PlatformUnsupported: Services.Start needs Windows or systemd; this machine runs linux.',
    );
  });

  it('need systemd', async () => {
    await withTools(join(folder, 'empty'), {}, true);
    expect(await errorOf(service('IfService.IsRunning', { Service: 'web' }))).toBe(
      'PlatformUnsupported: Services.IfService.IsRunning needs Windows or systemd; this machine runs linux.',
    );
  });
});

describe.skipIf(process.platform !== 'linux')('printers of CUPS', () => {
  beforeEach(() =>
    withTools(folder, {
      lpstat:
        'if [ "$1" = -d ]; then echo "system default destination: Office"; elif [ "$2" = Office ]; then exit 0; else echo "lpstat: Invalid destination name" >&2; exit 1; fi',
      lpoptions: `echo "lpoptions $*" >> ${join(folder, 'log')}`,
      lp: `echo "lp $*" >> ${join(folder, 'log')}`,
    }),
  );

  it('are read, chosen and printed on', async () => {
    expect((await workstation('GetDefaultPrinter')).outputs).toEqual({ PrinterName: 'Office' });
    await workstation('SetDefaultPrinter', { PrinterName: 'Office' });
    await writeFile(join(folder, 'a.txt'), 'x');
    await workstation('PrintDocument', { DocumentPath: 'a.txt' });
    expect(await commands()).toEqual(['lpoptions -d Office', `lp -- ${join(folder, 'a.txt')}`]);
  });

  it('have errors by the names of the product', async () => {
    expect(await errorOf(workstation('SetDefaultPrinter', { PrinterName: 'None' }))).toBe(
      'SetDefaultPrinterError: "None" cannot be made the default printer: lpstat: Invalid destination name.',
    );
    expect(await errorOf(workstation('SetDefaultPrinter', { PrinterName: ' ' }))).toMatch(
      /^SetDefaultPrinterError/,
    );
    await writeFile(join(folder, 'a.txt'), '');
    await chmod(folder, 0o755);
    await chmod(join(folder, 'a.txt'), 0);
    expect(
      await unprivileged(() => errorOf(workstation('PrintDocument', { DocumentPath: 'a.txt' }))),
    ).toMatch(/^AccessDeniedForDocumentError: ".*a\.txt" cannot be printed: access is denied\.$/);
    await chmod(join(folder, 'a.txt'), 0o644);
    expect(await errorOf(workstation('PrintDocument', { DocumentPath: 'none' }))).toMatch(
      /^DocumentNotFoundError/,
    );
    await writeFile(join(folder, 'a.txt'), 'x');
    await withTools(folder, {
      lp: 'echo "lp: no printer" >&2; exit 1',
      lpstat: 'echo "no system default destination"',
    });
    expect(await errorOf(workstation('PrintDocument', { DocumentPath: 'a.txt' }))).toMatch(
      /^PrintDocumentError: .* cannot be printed: lp: no printer\.$/,
    );
    expect(await errorOf(workstation('GetDefaultPrinter'))).toBe(
      'GetDefaultPrinterError: This machine has no default printer.',
    );
    await withTools(join(folder, 'empty'), {}, true);
    expect(await errorOf(workstation('GetDefaultPrinter'))).toMatch(
      /^PlatformUnsupported: Workstation\.GetDefaultPrinter needs/,
    );
  });
});

describe.skipIf(process.platform !== 'linux')('the recycle bin', () => {
  it('is emptied, and there may be none', async () => {
    process.env.XDG_DATA_HOME = join(folder, 'data');
    await workstation('EmptyRecycleBin');
    const trash = join(folder, 'data', 'Trash');
    await mkdir(join(trash, 'files', 'old folder'), { recursive: true });
    await mkdir(join(trash, 'info'));
    await writeFile(join(trash, 'files', 'old folder', 'a'), 'x');
    await writeFile(join(trash, 'info', 'old folder.trashinfo'), 'x');
    await workstation('EmptyRecycleBin');
    expect([...(await readdir(join(trash, 'files'))), ...(await readdir(join(trash, 'info')))]).toEqual([]);
  });
});

// Processes, starting programs, security, sessions, registry, services, hooks and what Windows says about itself.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { failedWith, WindowsError, win32 } from '../../../src/win32/errors.ts';
import { callback, has, koffi, library } from '../../../src/win32/ffi.ts';
import { messageWindow, pump, registerHotKey, serveMessages } from '../../../src/win32/hooks.ts';
import { environmentOf, start } from '../../../src/win32/launch.ts';
import * as processes from '../../../src/win32/processes.ts';
import { kernel32, user32 } from '../../../src/win32/prototypes.ts';
import * as registry from '../../../src/win32/registry.ts';
import * as security from '../../../src/win32/security.ts';
import * as services from '../../../src/win32/services.ts';
import * as sessions from '../../../src/win32/sessions.ts';
import * as system from '../../../src/win32/system.ts';
import { onlyWindows, temporaryFolder, until } from '../harness.ts';
import { resources } from './resources.ts';

const run = promisify(execFile);
const source = (name: string) => new URL(`../../../src/win32/${name}.ts`, import.meta.url).href;

describe('the way into libraries', () => {
  const missing = library('kernel32.dll', { NoSuchFunction: ['int', 'int'], GetTickCount: ['uint'] });
  const noLibrary = library('nosuchlibrary.dll', { Anything: ['int'] });

  it('reports functions that are not there by name, when they are called', async () => {
    assert.equal(has(missing, 'NoSuchFunction'), false);
    assert.ok(has(missing, 'GetTickCount'));
    const named = (error: unknown) =>
      error instanceof WindowsError &&
      error.code === 'WindowsFunctionMissing' &&
      /NoSuchFunction in kernel32\.dll/.test(error.message);
    assert.throws(() => missing.NoSuchFunction(1), named);
    await assert.rejects(missing.NoSuchFunction.async(1), named);
    assert.throws(() => noLibrary.Anything(), /Anything in nosuchlibrary\.dll/);
  });

  it('keeps the last error and runs calls aside', async () => {
    for (let round = 0; round < 1000; round += 1) {
      assert.equal(user32.PostMessageW(0x7ffffff, 0, 0, 0), 0);
      assert.equal(koffi().version.length > 0, true);
    }
    assert.deepEqual(
      await Promise.all(Array.from({ length: 50 }, () => user32.PostMessageW.async(0x7ffffff, 0, 0, 0))),
      Array(50).fill(0),
    );
  });

  it('gives back every callback', () => {
    const before = koffi().stats().callbacks;
    for (let round = 0; round < 10_000; round += 1) callback(['int', 'int'], () => 1).release();
    assert.equal(koffi().stats().callbacks, before);
  });

  it('works in a thread of its own', async () => {
    const worker = new Worker(
      `const { parentPort } = require('node:worker_threads');
       import(${JSON.stringify(source('windows'))}).then(({ topLevelWindows }) => {
         for (let round = 0; round < 100; round += 1) topLevelWindows();
         parentPort.postMessage(topLevelWindows().length);
       });`,
      { eval: true },
    );
    const count = await new Promise((resolve, reject) =>
      worker.once('message', resolve).once('error', reject),
    );
    assert.ok(Number(count) > 0);
    await worker.terminate();
  });
});

describe('processes', () => {
  it('are listed and known', () => {
    const own = processes.processes().find(({ processId }) => processId === process.pid);
    assert.match(own?.name ?? '', /^node.*\.exe$/i);
    assert.equal(processes.processName(process.pid).toLowerCase(), 'node');
    assert.equal(processes.processFile(process.pid)?.toLowerCase(), process.execPath.toLowerCase());
    assert.equal(processes.commandLine(0x7ffffff0), undefined);
    assert.ok(Math.abs((processes.startTime(process.pid) ?? 0) - Date.now()) < 600_000);
    assert.equal(processes.isElevated(process.pid), security.withOwnToken(security.isTokenElevated));
    assert.ok((processes.processIntegrity(process.pid) ?? 0) >= 0x2000);
    assert.match(processes.processUser(process.pid) ?? '', /^S-1-5-/);
    assert.equal(processes.processFile(0x7ffffff0), undefined);
    assert.equal(processes.isRunning(0x7ffffff0), false);
    assert.equal(processes.terminate(0x7ffffff0), false);
  });

  it('tell how they were started', { skip: onlyWindows('commandLine') }, () => {
    assert.match(processes.commandLine(process.pid) ?? '', /system\.windows\.test/);
  });

  it('start with exactly the arguments, environment, input and output they are given', async () => {
    using folder = temporaryFolder('start Ünïcode');
    const output = join(folder.path, 'out put.txt');
    const args = [
      '-e',
      'process.stdout.write(JSON.stringify([process.argv.slice(1), process.env.ONLY, require("fs").readFileSync(0, "utf8")]))',
      'a b',
      '',
      'c"d\\',
      'é世\\\\',
    ];
    const started = start({
      file: process.execPath,
      args,
      output,
      folder: folder.path,
      input: Buffer.from('token'),
      environment: { ...(process.env as Record<string, string>), ONLY: 'wärt=1', NODE_OPTIONS: '' },
    });
    assert.equal(await started.ended(AbortSignal.timeout(20_000)), 0);
    started.close();
    assert.deepEqual(JSON.parse(readFileSync(output, 'utf8')), [
      ['a b', '', 'c"d\\', 'é世\\\\'],
      'wärt=1',
      'token',
    ]);
  });

  it('start by a token, in a job that takes them all with it', async () => {
    const job = new processes.Job();
    const code = `require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']); setInterval(() => {}, 1000)`;
    const started = security.withOwnToken((own) => {
      const token = security.primaryToken(own);
      try {
        assert.ok(Object.keys(environmentOf(token)).some((name) => /^path$/i.test(name)));
        return start({
          file: process.execPath,
          args: ['-e', code],
          token,
          job,
          environment: { ...environmentOf(token), NODE_OPTIONS: '' },
        });
      } finally {
        kernel32.CloseHandle(token);
      }
    }, 'all');
    const children = await until('two processes', () => {
      const found = processes
        .processes()
        .filter(
          ({ parentId, processId }) => parentId === started.processId || processId === started.processId,
        );
      return found.length >= 2 ? found : undefined;
    });
    assert.ok(job.processIds().includes(started.processId));
    job.close();
    await until('the end of all', () => children.every(({ processId }) => !processes.isRunning(processId)));
    started.close();
  });

  it('that cannot start say why', () => {
    assert.throws(
      () => start({ file: 'C:\\nowhere\\no.exe', args: [] }),
      (error) => failedWith(error, win32.fileNotFound) || failedWith(error, win32.pathNotFound),
    );
  });
});

describe('security', () => {
  it('knows who this is', () => {
    const sid = security.withOwnToken(security.tokenUser);
    assert.match(sid, /^S-1-5-21-/);
    const account = security.accountOf(sid);
    assert.ok(account?.name);
    assert.equal(security.sidOf(account.name), sid);
    assert.deepEqual(security.accountOf('S-1-1-0')?.name.length, 8);
    assert.equal(security.accountOf('S-1-5-21-1-2-3-4567'), undefined);
    assert.equal(security.sidOf('no such account 4711'), undefined);
    assert.ok(security.withOwnToken(security.tokenGroups).includes('S-1-1-0'));
    assert.ok(['default', 'full', 'limited'].includes(security.withOwnToken(security.elevationType)));
    assert.equal(security.enablePrivilege('SeChangeNotifyPrivilege'), true);
  });

  it('protects bytes for a purpose', () => {
    const bytes = Buffer.from('gehëim');
    for (const scope of ['user', 'machine'] as const) {
      const sealed = security.protect(bytes, scope, 'a purpose');
      assert.ok(!sealed.includes(bytes));
      assert.deepEqual(security.unprotect(sealed, 'a purpose'), bytes);
      assert.throws(() => security.unprotect(sealed, 'another'), WindowsError);
    }
    assert.throws(
      () => security.unprotect(Buffer.from('nonsense'), ''),
      (error) => error instanceof WindowsError && error.call === 'CryptUnprotectData',
    );
  });

  it('keeps credentials and wipes what it was given', () => {
    const target = 'DesktopFlows test/Zażółć';
    const secret = Buffer.from('pässwörd', 'utf16le');
    security.writeCredential({ target, user: 'contoso\\anna', secret }, 'generic', 'session');
    assert.ok(secret.every((byte) => byte === 0));
    const found = security.readCredential(target, 'generic');
    assert.equal(found?.user, 'contoso\\anna');
    assert.equal(found.secret.toString('utf16le'), 'pässwörd');
    assert.deepEqual(security.credentialTargets('DesktopFlows test*'), [target]);
    assert.equal(security.deleteCredential(target, 'generic'), true);
    assert.equal(security.deleteCredential(target, 'generic'), false);
    assert.equal(security.readCredential(target, 'generic'), undefined);
    assert.deepEqual(security.credentialTargets('DesktopFlows test*'), []);
  });

  it('sets and reads access lists', () => {
    using folder = temporaryFolder('access');
    const file = join(folder.path, 'secret.txt');
    writeFileSync(file, 'x');
    const own = security.withOwnToken(security.tokenUser);
    security.setSecurity(file, 'file', `D:P(A;;FA;;;${own})(A;;FA;;;SY)`);
    const sddl = security.securityOf(file, 'file');
    assert.match(sddl, /D:/);
    assert.match(sddl, /\(A;;[^;]+;;;SY\)/);
    assert.throws(() => security.setSecurity(file, 'file', 'nonsense'), WindowsError);
    assert.throws(
      () => security.securityOf('C:\\no such file', 'file'),
      (error) => failedWith(error, win32.fileNotFound),
    );
  });

  it('leaves others nothing', { skip: onlyWindows('accessControl') }, () => {
    using folder = temporaryFolder('access');
    security.setSecurity(
      folder.path,
      'file',
      `D:P(A;OICI;FA;;;${security.withOwnToken(security.tokenUser)})`,
    );
    assert.doesNotMatch(security.securityOf(folder.path, 'file'), /;;;(WD|BU|AU)\)/);
  });

  it('wipes passwords that were wrong, and says so', { skip: onlyWindows('logOn') }, () => {
    const password = security.secret('wrong');
    assert.throws(
      () => security.logOn('no such account', '.', password, 'network'),
      (error) => failedWith(error, win32.logonFailure),
    );
    assert.ok(password.every((byte) => byte === 0));
  });
});

describe('sessions', () => {
  it('are listed', () => {
    const own = processes.processSession(process.pid);
    const all = sessions.sessions();
    const session = all.find(({ sessionId }) => sessionId === own);
    assert.equal(session?.state, 'active');
    assert.ok(session.user.length > 0);
    assert.equal(sessions.consoleSession() !== undefined, true);
    assert.ok([true, false, undefined].includes(sessions.isSessionLocked(own as number)));
  });

  it('show by the desktop that they are locked', () => {
    assert.equal(sessions.inputDesktop(), 'Default');
    assert.equal(sessions.isOwnSessionLocked(), false);
  });

  it('say what happens to them', () => {
    const heard: unknown[] = [];
    const watch = sessions.watchSessions('all', (event, sessionId) => heard.push([event, sessionId]));
    try {
      const sessionChange = 0x2b1;
      for (const event of [7, 8, 99]) user32.PostMessageW(watch.window, sessionChange, event, 3);
      serveMessages();
      assert.deepEqual(heard, [
        ['locked', 3],
        ['unlocked', 3],
      ]);
    } finally {
      watch.release();
    }
  });

  it('cannot be ended when they do not exist', { skip: onlyWindows('sessions') }, async () => {
    assert.deepEqual(sessions.sessionTimes(99_999), {});
    assert.equal(sessions.sessionText(99_999, 'user'), '');
    await assert.rejects(sessions.signOutSession(99_999), sessions.isNoSession);
    await assert.rejects(sessions.disconnectSession(99_999), sessions.isNoSession);
  });
});

describe('the registry', () => {
  const key = 'Software\\Desktop Flows test\\Ünder';
  it('keeps values of all kinds', () => {
    const values: [string, registry.RegistryValue][] = [
      ['', { kind: 'text', value: 'default 世' }],
      ['path', { kind: 'expandable', value: '%SystemRoot%\\x' }],
      ['number', { kind: 'number', value: 4_000_000_000 }],
      ['big', { kind: 'bigNumber', value: 2n ** 63n }],
      ['several', { kind: 'texts', value: ['a', 'b c'] }],
      ['bytes', { kind: 'bytes', value: Buffer.from([1, 0, 255]) }],
    ];
    for (const [name, value] of values) registry.writeValue('HKEY_CURRENT_USER', key, name, value);
    for (const [name, value] of values)
      assert.deepEqual(registry.readValue('HKEY_CURRENT_USER', key, name), value);
    assert.deepEqual(
      registry.valueNames('HKEY_CURRENT_USER', key).sort(),
      values.map(([name]) => name).sort(),
    );
    assert.deepEqual(registry.keyNames('HKEY_CURRENT_USER', 'Software\\Desktop Flows test'), ['Ünder']);
    assert.ok(registry.deleteValue('HKEY_CURRENT_USER', key, 'big'));
    assert.equal(registry.deleteValue('HKEY_CURRENT_USER', key, 'big'), false);
    assert.equal(registry.readValue('HKEY_CURRENT_USER', key, 'big'), undefined);
    assert.ok(registry.deleteKey('HKEY_CURRENT_USER', 'Software\\Desktop Flows test'));
    assert.equal(registry.keyExists('HKEY_CURRENT_USER', key), false);
    assert.equal(registry.deleteKey('HKEY_CURRENT_USER', 'Software\\Desktop Flows test'), false);
  });
});

describe('services', () => {
  const name = 'DesktopFlowsTest';

  it('that do not exist are not there', async () => {
    assert.equal(services.serviceStatus(name), undefined);
    assert.equal(services.removeService(name), false);
    await assert.rejects(services.startService(name), (error) =>
      failedWith(error, win32.serviceDoesNotExist),
    );
    assert.ok(services.services().some(({ displayName }) => displayName !== ''));
  });

  it('are installed, run in Node, stop and go', async () => {
    using folder = temporaryFolder('service');
    const log = join(folder.path, 'log.txt');
    const program = join(folder.path, 'a service.mts');
    const note = `(text) => appendFileSync(${JSON.stringify(log)}, text + '\\n')`;
    writeFileSync(
      program,
      `
      import { appendFileSync } from 'node:fs';
      process.resourcesPath = ${JSON.stringify(Reflect.get(process, 'resourcesPath'))};
      const { runService } = await import(${JSON.stringify(source('services'))});
      const note = ${note};
      await runService(${JSON.stringify(name)}, {
        started: async (args) => note('started ' + args.length),
        stop: async (reason) => note(reason),
        sessionChanged: (event, id) => note(event + id),
        failed: (error) => note('failed ' + error),
      }).then(() => note('ended'), (error) => note('not a service ' + error));
    `,
    );
    const setUp = {
      name,
      displayName: 'Desktop Flows test',
      description: 'Ä test',
      command: `"${process.execPath}" "${program}"`,
      recovery: { delays: [1000, 60_000], resetSeconds: 3600 },
    };
    assert.equal(services.installService({ ...setUp, start: 'manual' }), 'installed');
    try {
      assert.equal(services.installService({ ...setUp, start: 'delayed' }), 'changed');
      assert.equal(services.serviceSetUp(name)?.start, 2);
      assert.equal(services.serviceSetUp(name)?.displayName, 'Desktop Flows test');
      assert.equal(services.controlService(name, 'stop'), false);
      const begin = performance.now();
      assert.equal(await services.startService(name), true);
      const running = await until(
        'the service to run',
        () => {
          const status = services.serviceStatus(name);
          return status?.state === 'running' ? status : undefined;
        },
        30_000,
      );
      console.log(`service runs after ${Math.round(performance.now() - begin)} ms`);
      assert.ok(running.processId > 0);
      assert.equal(await services.startService(name), false);
      assert.equal(services.controlService(name, 'stop'), true);
      await until('the service to stop', () => services.serviceStatus(name)?.state === 'stopped');
      await until('its end', () => readFileSync(log, 'utf8').includes('ended'));
      assert.equal(readFileSync(log, 'utf8'), 'started 1\nstop\nended\n');
    } finally {
      services.removeService(name);
    }
    // Gone when nobody holds it any more, its own process included.
    await until('the service to be gone', () => services.serviceStatus(name) === undefined);
    await run(process.execPath, [program]);
    assert.match(readFileSync(log, 'utf8'), /not a service .*StartServiceCtrlDispatcher/);
  });

  it('write to the event log', () => {
    services.installEventSource('Desktop Flows test');
    services.reportEvent('Desktop Flows test', 'warning', 7, 'Something happened: é世');
    assert.ok(services.removeEventSource('Desktop Flows test'));
  });
});

describe('hooks', () => {
  it('hear keys and the mouse, tell who made them, and end', async () => {
    const worker = new Worker(
      `const { parentPort } = require('node:worker_threads');
       (async () => {
         const hooks = await import(${JSON.stringify(source('hooks'))});
         const stop = new AbortController();
         const keyboard = hooks.watchKeyboard((event) => { parentPort.postMessage(['key', event]); return undefined; });
         const mouse = hooks.watchMouse((event) => { parentPort.postMessage(['mouse', event]); return undefined; });
         const windows = hooks.watchWindows(0x8000, 0x8005, (event) => parentPort.postMessage(['window', event]));
         parentPort.once('message', () => stop.abort());
         parentPort.postMessage(['ready']);
         await hooks.pump(stop.signal);
         keyboard.release(); mouse.release(); windows.release();
         keyboard.release();
         parentPort.postMessage(['done']);
       })();`,
      { eval: true },
    );
    const heard: [string, Record<string, unknown>][] = [];
    worker.on('message', (message) => heard.push(message));
    await until('the hooks', () => heard.some(([kind]) => kind === 'ready'));
    const input = await import('../../../src/win32/input.ts');
    const f13 = 0x7c;
    input.sendKeys([
      { key: f13, isDown: true },
      { key: f13, isDown: false },
    ]);
    input.moveMouse({ x: 100, y: 200 });
    input.mouseWheel(-120, false);
    await until('the key', () =>
      heard.some(([kind, event]) => kind === 'key' && event.key === f13 && event.isDown === false),
    );
    await until('the wheel', () => heard.some(([kind, event]) => kind === 'mouse' && event.kind === 'wheel'));
    const down = heard.find(([kind, event]) => kind === 'key' && event.isDown)?.[1];
    assert.deepEqual([down?.key, down?.isInjected, down?.isExtended], [f13, true, false]);
    const move = heard.find(([kind, event]) => kind === 'mouse' && event.kind === 'move')?.[1];
    assert.deepEqual([move?.point, move?.isInjected], [{ x: 100, y: 200 }, true]);
    assert.equal(heard.find(([, event]) => event?.kind === 'wheel')?.[1].amount, -120);
    worker.postMessage('stop');
    await until('the end', () => heard.some(([kind]) => kind === 'done'));
    await worker.terminate();
  });

  it('hear hot keys', async () => {
    const stop = new AbortController();
    let pressed = 0;
    const f14 = 0x7d;
    const hotKey = registerHotKey({ control: true, shift: true }, f14, () => {
      pressed += 1;
    });
    const alreadyRegistered = 1409;
    assert.throws(
      () => registerHotKey({ control: true, shift: true }, f14, () => {}),
      (error) => failedWith(error, alreadyRegistered),
    );
    const served = pump(stop.signal);
    const input = await import('../../../src/win32/input.ts');
    const keys = [0x11, 0x10, f14];
    input.sendKeys([
      ...keys.map((key) => ({ key, isDown: true })),
      ...keys.toReversed().map((key) => ({ key, isDown: false })),
    ]);
    await until('the hot key', () => pressed > 0);
    hotKey.release();
    stop.abort();
    await served;
    assert.equal(pressed, 1);
  });
});

describe('Windows itself', () => {
  it('says what it is', () => {
    const version = system.windowsVersion();
    assert.ok(version.major >= 10 && version.build > 10_000 && version.edition > 0);
    assert.ok(['workstation', 'server', 'domainController'].includes(version.product));
    const pages = system.codePages();
    assert.ok(pages.text > 0 && pages.console > 0);
    assert.match(system.listSeparator(), /^[,;]$/);
    assert.match(system.expandVariables('%SystemRoot%\\x'), /^[A-Z]:\\windows\\x$/i);
    const documents = '{FDD39AD0-238F-46AF-ADB4-6C85480369C7}';
    assert.match(system.knownFolder(documents) ?? '', /^[A-Z]:\\/);
    assert.equal(typeof system.isScreenSaverEnabled(), 'boolean');
    assert.equal(system.isScreenSaverRunning(), false);
    assert.ok(Array.isArray(system.printers()));
    assert.ok(
      system.defaultPrinter() === undefined || system.printers().includes(system.defaultPrinter() as string),
    );
    assert.throws(() => system.setDefaultPrinter('no such printer 4711'), WindowsError);
  });

  it('announces and empties', async () => {
    await system.announceSettingChange('Environment');
    await system.emptyRecycleBin();
  });
});

it('1,000 rounds leave handles as they were', () => {
  const round = () => {
    processes.processName(process.pid);
    processes.isElevated(process.pid);
    security.withOwnToken(security.tokenGroups);
    security.unprotect(security.protect(Buffer.from('x'), 'user', 'p'), 'p');
    security.sidOf(security.accountOf('S-1-1-0')?.name ?? '');
    registry.valueNames('HKEY_LOCAL_MACHINE', 'Software\\Microsoft\\Windows\\CurrentVersion');
    sessions.sessions();
    sessions.inputDesktop();
    services.serviceStatus('EventLog');
    new processes.Job().close();
    messageWindow('round', () => undefined).release();
  };
  for (let number = 0; number < 20; number += 1) round();
  const before = resources();
  const callbacks = koffi().stats().callbacks;
  for (let number = 0; number < 1000; number += 1) round();
  const end = resources();
  console.log(JSON.stringify({ before, end }));
  assert.ok(end.handles - before.handles <= 3, 'handles');
  assert.ok(end.gdiObjects - before.gdiObjects <= 1, 'GDI objects');
  assert.equal(koffi().stats().callbacks, callbacks);
});

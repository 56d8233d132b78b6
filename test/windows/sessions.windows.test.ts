// Sessions with the calls of Windows itself: the contract of all hosts in the session that is there, the channel of a worker and who is
// kept out of it, what ends with what. What takes sessions of several users is played in agent/sessions/windows*.test.ts.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import './sharedSuites.ts';
import type { SessionHost } from '../../src/agent/sessions/host.ts';
import { channelAccess } from '../../src/agent/sessions/windows/child.ts';
import { thisComputer } from '../../src/agent/sessions/windows/computer.ts';
import { startWindowsSessions } from '../../src/agent/sessions/windows.ts';
import { Log, type LogLine } from '../../src/base/log.ts';
import type { SessionFacts } from '../../src/protocol/sessions.ts';
import { ServedPipe } from '../../src/win32/pipes.ts';
import { commandLine, isRunning, ownResources } from '../../src/win32/processes.ts';
import { tokenUser, withOwnToken } from '../../src/win32/security.ts';
import { findAccount, lookAtSessions } from '../../src/win32/sessionLook.ts';
import { onlyWindows, temporaryFolder, until } from './harness.ts';

const { anyHost, ask, codeOf, never, size, talker } = await import('../agent/sessions/contract.ts');

const lines: LogLine[] = [];
const log = new Log('sessions', Date.now, [(line) => lines.push(line)]);
const folder = temporaryFolder('sessions');
after(() => folder[Symbol.dispose]());
const joins = ['--import', new URL('./joinChannel.ts', import.meta.url).href];

/** What speaks as a worker does, and stays. */
const speaking = (environment: Readonly<Record<string, string>> = {}) => {
  const launch = talker(process.execPath, environment);
  return { ...launch, args: [...joins, ...launch.args] };
};

async function opened(name: string): Promise<{ host: SessionHost; session: SessionFacts }> {
  const host = await startWindowsSessions({ folder: join(folder.path, name), sessionLimit: 3, log });
  const own = (await host.list()).find(({ state }) => state === 'active');
  assert.ok(own, 'somebody is signed in');
  return { host, session: own };
}

describe('sessions on Windows, by contract', () => {
  let host: SessionHost;
  anyHost(async () => {
    const made = await opened('contract');
    host = made.host;
    return { ...made, node: process.execPath, joins };
  });
  after(() => host.dispose());
});

describe('the computer', () => {
  it('lists who is signed in', async () => {
    const rows = await lookAtSessions();
    const own = rows.find(({ user }) => user.toLowerCase() === process.env.USERNAME?.toLowerCase());
    assert.equal(own?.state, 'active');
    assert.notEqual(own?.domain, '');
    assert.ok(rows.every(({ sessionId }) => sessionId !== 0));
  });

  it('knows accounts by their names', async () => {
    const { USERNAME = '', COMPUTERNAME = '' } = process.env;
    const found = await findAccount(`${COMPUTERNAME}\\${USERNAME}`);
    assert.equal(found?.name.toLowerCase(), USERNAME.toLowerCase());
    assert.equal(await findAccount('no-such-account-here'), undefined);
  });

  it('says how it is set up', () => {
    const computer = thisComputer(3, log);
    const { edition, sessionLimit, port } = computer.setUp();
    assert.equal(edition === 'client' ? sessionLimit : 1, 1);
    assert.ok(port > 0);
    assert.equal(computer.problem(), undefined);
  });

  it('looks and finds without losing handles', async () => {
    await lookAtSessions();
    const start = ownResources().handles;
    for (let round = 0; round < 200; round += 1) await lookAtSessions();
    assert.ok(ownResources().handles <= start + 5, `${start} → ${ownResources().handles}`);
  });
});

describe('a worker in a session', () => {
  let host: SessionHost;
  let session: SessionFacts;
  before(async () => {
    ({ host, session } = await opened('workers'));
  });
  after(() => host.dispose());

  it('is told much and says much, in order, whatever the letters', async () => {
    const child = await host.launch(session.id, speaking());
    const long = 'ä€😀\n'.repeat(60_000);
    assert.equal((await ask(child, long)).text, long);
    for (let round = 0; round < 50; round += 1) assert.equal((await ask(child, `${round}`)).text, `${round}`);
    const disconnect = once(child, 'disconnect');
    child.kill('SIGKILL');
    assert.deepEqual(await once(child, 'exit'), [null, 'SIGKILL']);
    await disconnect;
    assert.equal(child.connected, false);
  });

  it('keeps the way in out of its arguments and environment', async () => {
    const child = await host.launch(session.id, speaking());
    const { environment } = await ask(child, '');
    assert.doesNotMatch(JSON.stringify(environment), /desktop-flows-[0-9a-f]{32}|DESKTOP_FLOWS_CHANNEL/);
    assert.doesNotMatch(commandLine(child.pid as number) ?? '', /desktop-flows-[0-9a-f]{32}/);
    child.kill();
    await once(child, 'exit');
  });

  it('gives its exit code and its last words', async () => {
    const script = `process.stderr.write('last words ä'); setTimeout(() => process.exit(7), 50)`;
    const child = await host.launch(session.id, {
      program: process.execPath,
      args: ['-e', script],
      environment: {},
    });
    let words = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      words += text;
    });
    assert.deepEqual(await once(child, 'exit'), [7, null]);
    await until('its last words', () => words === 'last words ä');
    assert.equal(child.connected, false);
  });

  const starter = (after: string) =>
    `const { spawn } = require('node:child_process');
     const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
     other.unref();
     process.stderr.write(String(other.pid) + '\\n');
     ${after}`;
  const startedBy = async (after: string) => {
    const child = await host.launch(session.id, {
      program: process.execPath,
      args: ['-e', starter(after)],
      environment: {},
    });
    let words = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      words += text;
    });
    const other = Number(await until('the id of the other process', () => /^(\d+)\n/.exec(words)?.[1]));
    assert.ok(isRunning(other));
    return { child, other };
  };

  it('ends with all that it has started when it is killed', async () => {
    const { child, other } = await startedBy('setInterval(() => {}, 1000)');
    child.kill('SIGKILL');
    await once(child, 'exit');
    await until('the other process to end', () => !isRunning(other));
  });

  it('leaves what it has started when it ends by itself', async () => {
    const { child, other } = await startedBy('setTimeout(() => process.exit(0), 300)');
    await once(child, 'exit');
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(isRunning(other));
    process.kill(other);
  });

  it('ends when its agent is killed', async () => {
    const note = join(folder.path, 'worker.txt');
    const source = (path: string) => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);
    const script = `
      import { writeFileSync } from 'node:fs';
      import { startWindowsSessions } from ${source('agent/sessions/windows.ts')};
      import { Log } from ${source('base/log.ts')};
      const [, folder, note] = process.argv;
      const host = await startWindowsSessions({ folder, sessionLimit: 3, log: new Log('agent', Date.now, []) });
      const [{ id }] = await host.list();
      const stays = { program: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'], environment: {} };
      const { pid } = await host.launch(id, stays);
      writeFileSync(note, String(pid));
      setInterval(() => {}, 1000);`;
    const agent = spawn(
      process.execPath,
      ['--input-type=module', '-e', script, join(folder.path, 'killed'), note],
      { stdio: 'ignore' },
    );
    try {
      const worker = await until('its worker', () => existsSync(note) && Number(readFileSync(note, 'utf8')));
      assert.ok(isRunning(worker));
      agent.kill('SIGKILL');
      await until('the worker to end', () => !isRunning(worker));
    } finally {
      agent.kill('SIGKILL');
    }
  });

  it('is not let in with a token of its own making', async () => {
    const script = `
      const { pipe } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
      const socket = require('node:net').connect(pipe, () => socket.write('0'.repeat(64) + '\\n{"forged":true}\\n'));
      socket.on('error', () => {});
      setInterval(() => {}, 1000);`;
    lines.length = 0;
    const child = await host.launch(session.id, {
      program: process.execPath,
      args: ['-e', script],
      environment: {},
    });
    const said: unknown[] = [];
    child.on('message', (message) => said.push(message));
    await once(child, 'exit');
    assert.deepEqual(said, []);
    assert.ok(lines.some(({ message }) => message.includes('wrong token')));
  });

  it('is the only one that is let in', async () => {
    // It hands the way in on: what another process says with it counts for nothing.
    const script = `
      const { pipe, token } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
      const { spawn } = require('node:child_process');
      const thief = spawn(process.execPath, ['-e', \`
        const socket = require('node:net').connect(process.argv[1], () => socket.write(process.argv[2] + '\\\\n{"stolen":true}\\\\n'));
        socket.on('error', () => {}).on('close', () => process.exit(0));\`, pipe, token], { stdio: 'ignore' });
      thief.once('exit', () => {
        const socket = require('node:net').connect(pipe, () => socket.write(token + '\\n{"own":true}\\n'));
      });
      setInterval(() => {}, 1000);`;
    lines.length = 0;
    const child = await host.launch(session.id, {
      program: process.execPath,
      args: ['-e', script],
      environment: {},
    });
    const [message] = await once(child, 'message', { signal: AbortSignal.timeout(20_000) });
    assert.deepEqual(message, { own: true });
    assert.ok(lines.some(({ message }) => message.includes('another process wanted')));
    child.kill();
    await once(child, 'exit');
  });

  it('takes no handle with it for good', async () => {
    const round = async () => {
      const child = await host.launch(session.id, speaking());
      await ask(child, '');
      child.kill();
      await Promise.all([once(child, 'exit'), once(child, 'disconnect')]);
    };
    for (let warm = 0; warm < 3; warm += 1) await round();
    const start = ownResources().handles;
    for (let more = 0; more < 10; more += 1) await round();
    await until('handles to be closed', () => ownResources().handles <= start + 4).catch(() => {});
    assert.ok(ownResources().handles <= start + 4, `${start} → ${ownResources().handles}`);
  });
});

describe('the pipe of a worker', () => {
  it('is for the agent and one user', () => {
    assert.equal(channelAccess('S-1-5-18', 'S-1-5-21-1'), 'D:P(A;;GA;;;S-1-5-18)(A;;GRGW;;;S-1-5-21-1)');
    assert.equal(channelAccess('S-1-5-18', 'S-1-5-18'), 'D:P(A;;GA;;;S-1-5-18)');
  });

  it('cannot be made a second time', () => {
    const path = `\\\\.\\pipe\\desktop-flows-test-${process.pid}`;
    const access = channelAccess(withOwnToken(tokenUser), 'S-1-5-18');
    const pipe = new ServedPipe(path, access);
    assert.throws(() => new ServedPipe(path, access), { name: 'WindowsError' });
    pipe.close();
    new ServedPipe(path, access).close();
  });

  it('is refused to others', { skip: onlyWindows('accessControl') }, async () => {
    const path = `\\\\.\\pipe\\desktop-flows-test-${process.pid}-system`;
    const pipe = new ServedPipe(path, 'D:P(A;;GA;;;SY)');
    const [error] = await once(connect(path), 'error');
    assert.equal((error as NodeJS.ErrnoException).code, 'EPERM');
    pipe.close();
  });
});

describe('what is refused here', () => {
  it('makes no session where Remote Desktop is off, or FreeRDP is missing', async () => {
    const { host } = await opened('refused');
    const code = await codeOf(host.open({ account: 'nobody-of-this-name', password: 'x' }, size, never));
    assert.ok(
      ['RDPIsNotEnabled', 'SessionHostUnavailable', 'SessionCreationInvalidCredentials'].includes(code),
      code,
    );
    host.dispose();
  });
});

// Starts an X server without a screen, with a window manager on it, for one Windows machine of the tests. Knows nothing of Windows.
import { spawn } from 'node:child_process';

/**
 * Gives `{name, stop}`; `name` is what DISPLAY takes. The window manager makes it real that a window comes to the front.
 * Throws when the server does not come up within ten seconds.
 */
export async function startDisplay({ width = 1280, height = 800, manager = true } = {}) {
  const screen = `${width}x${height}x24`;
  // The server chooses a free number itself and writes it to the descriptor.
  const server = spawn(
    'Xvfb',
    ['-displayfd', '3', '-screen', '0', screen, '-nolisten', 'tcp', '-noreset', '+extension', 'XTEST'],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] },
  );
  const name = await new Promise((resolve, reject) => {
    let text = '';
    const late = setTimeout(() => {
      server.kill('SIGKILL');
      reject(new Error('Xvfb did not start within 10 s'));
    }, 10_000);
    const failed = (why) => {
      clearTimeout(late);
      reject(new Error(`Xvfb did not start: ${why}`));
    };
    server.once('error', (error) => failed(error.message));
    server.once('exit', (code) => failed(`exit code ${code}`));
    server.stdio[3].on('data', (chunk) => {
      text += chunk;
      if (!text.endsWith('\n')) return;
      clearTimeout(late);
      resolve(`:${text.trim()}`);
    });
  });
  server.removeAllListeners('exit');
  const children = [server];
  if (manager) {
    const openbox = spawn('openbox', ['--sm-disable'], {
      stdio: 'ignore',
      env: { ...process.env, DISPLAY: name },
    });
    openbox.once('error', () => {});
    children.unshift(openbox);
  }
  return { name, stop: () => Promise.all(children.map(end)) };
}

function end(child) {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return undefined;
  return new Promise((resolve) => {
    child.once('exit', resolve);
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), 2000).unref();
  });
}

// Pictures of real X servers: their colours, at each depth, with and without the key to them.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { NoPicture, pictureOf } from '../../src/agent/worker/screen.ts';
import { decodePng } from '../../src/desktop/png.ts';
import { canMakeSessions } from './sessions/linuxMachine.ts';

describe.skipIf(!canMakeSessions())('a picture of an X server', () => {
  let folder: string;
  let server: ChildProcess | undefined;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'dflow-screen-'));
  });
  afterEach(() => {
    server?.kill('SIGKILL');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const keyFile = (name: string, display: string, cookie: string): string => {
    const path = join(folder, name);
    execFileSync('xauth', ['-q', '-f', path, 'add', display, '.', cookie], { stdio: 'ignore' });
    return path;
  };

  /** An X server with one screen, and its name. It lets in who has `cookie`. */
  async function start(screen: string, cookie: string): Promise<string> {
    const auth = keyFile(`server-${cookie}`, ':0', cookie); // a server takes any key of its file
    server = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', screen, '-auth', auth, '-nolisten', 'tcp'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const display = await new Promise<string>((resolve, reject) => {
      server?.stdout?.once('data', (text) => resolve(`:${String(text).trim()}`));
      server?.once('exit', () => reject(new Error('Xvfb ended')));
    });
    expect(existsSync(`/tmp/.X11-unix/X${display.slice(1)}`)).toBe(true);
    return display;
  }

  it.each([
    ['640x480x24', [640, 480], [18, 52, 86]],
    ['643x481x16', [643, 481], [16, 53, 82]],
  ])('of %s has its size and its colours', async (screen, size, colour) => {
    const cookie = randomBytes(16).toString('hex');
    const display = await start(screen, cookie);
    const environment = { DISPLAY: `${display}.0`, XAUTHORITY: keyFile(`client-${cookie}`, display, cookie) };
    // Stays on the screen as long as it shows: the root window has its colour.
    const window = spawn(
      'xmessage',
      ['-bg', '#123456', '-fg', '#123456', '-geometry', '300x200+100+100', 'x'],
      {
        env: { ...process.env, ...environment },
        stdio: 'ignore',
      },
    );
    try {
      const middle = async () => {
        const { width, height, pixels } = decodePng((await pictureOf('linux', environment)()).png);
        const at = (width * 250 + 300) * 4;
        return { size: [width, height], colour: [...pixels.subarray(at, at + 3)] };
      };
      await expect.poll(middle, { timeout: 10_000, interval: 100 }).toEqual({ size, colour });
    } finally {
      window.kill('SIGKILL');
    }
  });

  it('is refused without its key, and that is said', async () => {
    const display = await start('640x480x24', randomBytes(16).toString('hex'));
    const wrong = keyFile('wrong', display, randomBytes(16).toString('hex'));
    for (const XAUTHORITY of [wrong, join(folder, 'none')]) {
      const error = await pictureOf('linux', { DISPLAY: display, XAUTHORITY })().catch((thrown) => thrown);
      expect(error).toBeInstanceOf(NoPicture);
      expect(error.message).toMatch(/^the X server refused the run \(/);
    }
  });

  it('of a server that does not answer is given up in time', async () => {
    const cookie = randomBytes(16).toString('hex');
    const display = await start('640x480x24', cookie);
    server?.kill('SIGSTOP');
    const started = performance.now();
    const error = await pictureOf('linux', { DISPLAY: display })().catch((thrown) => thrown);
    expect(error.message).toContain('did not answer in time');
    expect(performance.now() - started).toBeLessThan(8_000);
  }, 15_000);
});

// References to programs that print a secret: real processes, and what other processes of the machine can see of them.
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { References } from '../../../src/agent/credentials/references.ts';

const folder = mkdtempSync(join(tmpdir(), 'dflow-commands-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const secret = 'a-secret-nobody-else-may-see-4711';
const environment = { ...process.env };
const references = new References({ environment, isAllowed: () => true });

let scripts = 0;
/** A program of its own that the system starts by itself. */
function program(text: string): string {
  const path = join(folder, `ask ${++scripts}`);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o700);
  return path;
}
const ask = (text: string, args = '', signal?: AbortSignal) =>
  references.resolve(`command:"${program(text)}" ${args}`, signal);

const isAlive = (marker: string) =>
  readdirSync('/proc').some((entry) => {
    try {
      return /^\d+$/.test(entry) && readFileSync(`/proc/${entry}/cmdline`, 'latin1').includes(marker);
    } catch {
      return false;
    }
  });

describe.runIf(process.platform === 'linux')('a program', () => {
  it('prints the secret, with or without a line end', async () => {
    expect(await ask(`printf '${secret}'`)).toBe(secret);
    expect(await ask(`echo '${secret}'`)).toBe(secret);
  });

  it('gets its arguments as they are, no shell, no input, and the folder of nobody', async () => {
    expect(await ask('printf "%s|" "$@" "$PWD"; cat', '"a b" $HOME `id` *.ts ; "" ')).toBe(
      'a b|$HOME|`id`|*.ts|;||/|',
    );
  });

  it('that fails, is killed, prints too much or no text says so, and repeats nothing', async () => {
    const failures = [
      [`echo ${secret}; echo ${secret} >&2; exit 3`, /exit code 3/],
      [`echo ${secret}; kill -9 $$`, /SIGKILL/],
      [`while :; do echo ${secret}${secret}; done`, /more than 65536 bytes/],
      [`printf '${secret}\\377'`, /UTF-8/],
    ] as const;
    for (const [text, message] of failures) {
      const error = await ask(text, `--token ${secret}`).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'ReferenceFailed', message: expect.stringMatching(message) });
      expect(
        JSON.stringify({
          ...(error as object),
          message: (error as Error).message,
          stack: (error as Error).stack,
        }),
      ).not.toContain(secret);
    }
  });

  it('that does not exist, or is no program, says so', async () => {
    const notFound = { code: 'ReferenceNotFound' };
    await expect(references.resolve('command:/nowhere/ask')).rejects.toMatchObject(notFound);
    writeFileSync(join(folder, 'text'), 'x', { mode: 0o600 });
    await expect(references.resolve(`command:${join(folder, 'text')}`)).rejects.toMatchObject({
      code: 'ReferenceFailed',
    });
  });

  it('that hangs is ended after ten seconds, with all that it started', async () => {
    const began = performance.now();
    await expect(ask('sleep 98765 & sleep 98765; echo late')).rejects.toMatchObject({
      code: 'ReferenceFailed',
      message: expect.stringContaining('within 10 seconds'),
    });
    expect(performance.now() - began).toBeLessThan(12_000);
    await sleep(200);
    expect(isAlive('98765')).toBe(false);
  });

  it('is ended when nobody waits for it any more', async () => {
    const abort = new AbortController();
    const asked = ask('sleep 87654', '', abort.signal);
    await sleep(300);
    expect(isAlive('87654')).toBe(true);
    abort.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
    await sleep(200);
    expect(isAlive('87654')).toBe(false);
    await expect(ask('echo x', '', abort.signal)).rejects.toThrow('enough');
  });

  it('may leave another one running, and is not waited for then', async () => {
    const began = performance.now();
    const marker = join(folder, 'left');
    expect(await ask(`(sleep 2; echo there > '${marker}') & echo '${secret}'`)).toBe(secret);
    expect(performance.now() - began).toBeLessThan(1_900);
    await expect.poll(() => existsSync(marker), { timeout: 5_000 }).toBe(true);
  });
});

describe.runIf(process.platform === 'linux')('a secret', () => {
  it('that came from a variable is in the environment of no program that is started later', async () => {
    process.env.DFLOW_TEST_BOT = secret;
    const known = new References({ environment: process.env, isAllowed: () => true });
    expect(execFileSync('/usr/bin/env', { encoding: 'utf8' })).toContain(secret);
    known.claim('env:DFLOW_TEST_BOT');
    expect(execFileSync('/usr/bin/env', { encoding: 'utf8' })).not.toContain(secret);
    expect(
      await known.resolve(`command:"${program('/usr/bin/env | grep -c 4711 | tr 0 n')}"`).catch(() => 'n'),
    ).toBe('n');
    expect(await known.resolve('env:DFLOW_TEST_BOT')).toBe(secret);
  });

  it('is in no command line while its program runs', async () => {
    const path = join(folder, 'kept');
    writeFileSync(path, secret, { mode: 0o600 });
    const asked = ask(`sleep 1; cat '${path}'`);
    await sleep(400);
    const watcher = spawn('ps', ['axeww']);
    let seen = '';
    watcher.stdout.on('data', (chunk: Buffer) => {
      seen += chunk.toString('latin1');
    });
    expect(await asked).toBe(secret);
    expect(seen).toContain('sleep 1');
    expect(seen).not.toContain(secret);
  });
});

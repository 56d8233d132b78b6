// From the command line to a flow on a machine of an orchestrator: encrypted, with real agents, real workers and a real PostgreSQL.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { selfSigned } from '../../runtime/servers/certificate.ts';
import { initdb, postgres } from '../../runtime/servers/postgres.ts';
import { available, findProgram } from '../../runtime/servers/server.ts';
import { freePort, Stage, until } from './processes.ts';

const program = join(import.meta.dirname, 'dflowProcess.ts');
const openssl = findProgram('openssl');

interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

describe.skipIf(!available('PostgreSQL and openssl', [initdb, postgres, openssl]))(
  'dflow orchestrator',
  () => {
    const stage = new Stage();
    const children: ChildProcess[] = [];
    let address = '';
    let databaseFile = '';
    let certificate = '';

    const start = (home: string, args: readonly string[]): ChildProcess => {
      const child = spawn(process.execPath, [program, ...args], {
        env: { ...process.env, DESKTOP_FLOWS_HOME: join(stage.folder, home), PGPASSWORD: '' },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      children.push(child);
      return child;
    };
    const dflow = (home: string, args: readonly string[], stdin = ''): Promise<Result> =>
      new Promise((resolve) => {
        const child = start(home, args);
        let out = '';
        let err = '';
        child.stdout?.setEncoding('utf8').on('data', (text) => {
          out += text;
        });
        child.stderr?.setEncoding('utf8').on('data', (text) => {
          err += text;
        });
        child.on('close', (code) => resolve({ code, out, err }));
        child.stdin?.end(stdin);
      });
    const works = async (home: string, args: readonly string[], stdin = ''): Promise<string> => {
      const { code, out, err } = await dflow(home, args, stdin);
      expect({ args, code, err }).toEqual({ args, code: 0, err: '' });
      return out;
    };

    beforeAll(async () => {
      await stage.open();
      databaseFile = join(stage.folder, 'database');
      writeFileSync(databaseFile, stage.database, { mode: 0o600 });
      const { key, cert } = selfSigned();
      certificate = join(stage.folder, 'server.crt');
      const keyFile = join(stage.folder, 'server.key');
      writeFileSync(certificate, cert);
      writeFileSync(keyFile, key, { mode: 0o600 });
      const port = await freePort();
      address = `wss://localhost:${port}`;
      let out = '';
      const server = start('server', [
        'orchestrator',
        ...['--database-file', databaseFile, '--port', String(port)],
        ...['--certificate', certificate, '--key', keyFile],
      ]);
      server.stdout?.setEncoding('utf8').on('data', (text) => {
        out += text;
      });
      await until(() => out.includes('listens on wss://127.0.0.1'));
    }, 60_000);
    afterAll(async () => {
      for (const home of ['machine', 'person']) await dflow(home, ['agent', 'stop']);
      for (const child of children) if (child.exitCode === null) child.kill('SIGTERM');
      await stage.close();
    }, 60_000);

    it('brings a flow from a person to a machine that a code has registered, and its result back', async () => {
      const token = (
        await works('server', [
          'orchestrator',
          'token',
          'new',
          'olga',
          '--role',
          'owner',
          '--database-file',
          databaseFile,
        ])
      ).trim();
      const trust = ['--certificates', certificate];
      expect(await works('person', ['orchestrator', 'login', address, ...trust], `${token}\n`)).toContain(
        'as olga',
      );
      const { code } = JSON.parse(await works('person', ['orchestrator', 'code', '--json'])) as {
        code: string;
      };
      expect(await works('machine', ['agent', 'pair', address, code, ...trust, '--name', 'PC-7'])).toContain(
        'as PC-7',
      );
      expect((await dflow('machine', ['agent', 'pair', address, code, ...trust])).err).toContain(
        'MachinePaired',
      );
      await until(async () =>
        (await works('person', ['machine', 'list', '--orchestrator'])).includes('PC-7'),
      );
      const account = userInfo().username;
      await works('person', [
        'connection',
        'add',
        'me',
        '--orchestrator',
        '--target',
        'PC-7',
        '--account',
        account,
        '--no-password',
      ]);
      // The machine is asked, which finds that there is no password to try.
      const tested = await dflow('person', ['connection', 'test', 'me', '--orchestrator']);
      expect(tested).toMatchObject({ code: 1, err: expect.stringContaining('CredentialMissing') });
      expect(await works('person', ['machine', 'audit', 'PC-7', '--orchestrator'])).toContain(
        'me on PC-7: CredentialMissing',
      );
      mkdirSync(join(stage.folder, 'flows'), { recursive: true });
      const flow = join(stage.folder, 'flows', 'Sum.robin');
      writeFileSync(flow, 'SET Sum TO 3 + 4\n');
      const out = await works('person', ['run', flow, '--orchestrator', '--connection', 'me', '--json']);
      expect(out).toContain('"Succeeded"');
      expect(out).toContain('"requestedBy":"olga"');
      expect(readFileSync(join(stage.folder, 'machine', 'membership.json'), 'utf8')).toContain('PC-7');
      expect(await works('machine', ['agent', 'unpair'])).toContain('no longer registered');
      expect(await works('person', ['machine', 'list', '--orchestrator'])).not.toContain('PC-7');
    }, 60_000);

    it('says what is wrong', async () => {
      const refused = async (args: readonly string[], code: string, exit: number) => {
        const result = await dflow('person', args);
        expect(result.err).toContain(`${code}:`);
        expect(result.code).toBe(exit);
        expect(result.err).not.toContain('hunter2');
      };
      await refused(['orchestrator'], 'UsageWrong', 2);
      await refused(['orchestrator', '--database', 'postgres://u:hunter2@h/d'], 'DatabasePasswordVisible', 3);
      await refused(['orchestrator', '--database-file', certificate], 'DatabaseFileUnusable', 3);
      await refused(
        [
          'orchestrator',
          '--database-file',
          databaseFile,
          '--host',
          '0.0.0.0',
          '--data',
          join(stage.folder, 'server', 'orchestrator'),
          '--port',
          '0',
        ],
        'OrchestratorNotSecure',
        3,
      );
      await refused(
        ['orchestrator', 'token', 'remove', 'nobody', '--database-file', databaseFile],
        'TokenNotFound',
        3,
      );
      await refused(['orchestrator', '--database', 'nowhere'], 'UsageWrong', 2);
      await refused(['orchestrator', '--database-file', databaseFile, '--era', '1999'], 'UsageWrong', 2);
      await refused(
        ['orchestrator', '--database', 'postgres://robin@127.0.0.1:1/postgres'],
        'DatabaseUnreachable',
        3,
      );
      const noAddress = join(stage.folder, 'no-address');
      writeFileSync(noAddress, 'nonsense', { mode: 0o600 });
      await refused(['orchestrator', '--database-file', noAddress], 'DatabaseFileUnusable', 3);
      await refused(['orchestrator', 'login', 'ws://example.com:1'], 'OrchestratorNotSecure', 2);
      await refused(['orchestrator', 'login', 'https://example.com'], 'OrchestratorAddressInvalid', 2);
      await refused(['orchestrator', 'login', address], 'OrchestratorUnreachable', 3);
      const nobody = await dflow('nobody', ['machine', 'list', '--orchestrator']);
      expect(nobody.err).toContain('OrchestratorUnknown');
      // Another key than that of the first instance.
      mkdirSync(join(stage.folder, 'second'), { recursive: true });
      await refused(
        [
          'orchestrator',
          '--database-file',
          databaseFile,
          '--port',
          '0',
          '--data',
          join(stage.folder, 'second'),
        ],
        'InputsKeyOther',
        3,
      );
    }, 60_000);
  },
);

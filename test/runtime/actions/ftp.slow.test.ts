// The FTP actions against a real server of this machine: FTP (passive and active), FTPS (explicit and implicit) and SFTP.
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { openFtp } from '../../../src/runtime/actions/ftp/ftpServer.ts';
import { ftpActions } from '../../../src/runtime/actions/ftp/index.ts';
import { toText } from '../../../src/runtime/convert.ts';
import { property } from '../../../src/runtime/operations.ts';
import type { FileValue, FlowDatetime, InstanceValue, Value } from '../../../src/runtime/values.ts';
import { FakeHost } from '../../fakes/host.ts';
import { openssl } from '../servers/certificate.ts';
import { type FtpServer, keygen, proftpd, startFtp } from '../servers/ftp.ts';
import { account, available, freePort } from '../servers/server.ts';
import { type SshServer, sshd, startSshd } from '../servers/sshd.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { temporaryFolder } from './temporaryFolder.ts';

const folder = temporaryFolder();
const password = 'p;w-sécret';
const passPhrase = 'a locked key';

const inFolder = (path: string, signal?: AbortSignal) =>
  contextIn(path, {
    host: new FakeHost({ clock: systemClock }),
    ...(signal === undefined ? {} : { signal }),
  });

interface Session {
  readonly Connection: InstanceValue;
  run(action: string, given?: Record<string, Value>): Promise<Record<string, Value>>;
}

async function open(id: string, given: Record<string, Value>, context = inFolder('/')): Promise<Session> {
  const { outputs } = await runAction(ftpActions, `FTP.${id}`, given, context);
  const Connection = (outputs?.Connection ?? outputs?.SftpConnection) as InstanceValue;
  return {
    Connection,
    run: async (action, more = {}) => ({
      ...(await runAction(ftpActions, `FTP.${action}`, { Connection, ...more }, context)).outputs,
    }),
  };
}

describe.skipIf(
  !available('ProFTPD with its crypto modules, ssh-keygen and openssl', [proftpd, keygen, openssl]),
)('FTP', () => {
  let server: FtpServer;
  beforeAll(async () => {
    server = await startFtp(password, passPhrase);
  });
  afterAll(() => server.stop());

  /** A file or folder of the server, made by hand. */
  const remote = (name: string, content?: string | Buffer) => {
    const path = join(server.root, name);
    if (content === undefined) mkdirSync(path);
    else writeFileSync(path, content);
    if (account !== undefined) chownSync(path, account.uid, account.gid);
    return path;
  };
  const remoteText = (name: string) => readFileSync(join(server.root, name), 'utf8');
  beforeEach(() => {
    for (const name of readdirSync(server.root)) {
      if (name === 'closed') continue;
      chmodSync(join(server.root, name), 0o700);
      rmSync(join(server.root, name), { recursive: true });
    }
    remote('Übersicht 1.txt', 'Grüße');
    remote('b.bin', Buffer.from([0, 255, 10, 13, 10]));
    remote('sub dir');
    remote('sub dir/c.csv', 'a,b');
    remote('sub dir/deep');
    remote('sub dir/deep/d.txt', 'd');
  });

  const sign = { Host: '127.0.0.1', Username: 'robin', Password: password };
  const ftp = (given: Record<string, Value> = {}, context = inFolder('/')) =>
    open('OpenConnection', { ...sign, Port: server.port, ...given }, context);
  const ftps = (given: Record<string, Value> = {}, context = inFolder('/')) =>
    open(
      'OpenSecureConnection.ConnectWithFtpsExplicit',
      { ...sign, Port: server.port, AcceptUntrustedCertificates: true, ...given },
      context,
    );
  const implicit = (given: Record<string, Value> = {}, context = inFolder('/')) =>
    open(
      'OpenSecureConnection.ConnectWithFtpsImplicit',
      { ...sign, Port: server.implicitPort, AcceptUntrustedCertificates: true, ...given },
      context,
    );
  const sftp = (given: Record<string, Value> = {}, context = inFolder('/')) =>
    open(
      'OpenSecureConnection.ConnectWithSftpUsernameAndPassword',
      { ...sign, Port: server.sftpPort, ...given },
      context,
    );

  const kinds: [
    string,
    (given?: Record<string, Value>, context?: ReturnType<typeof inFolder>) => Promise<Session>,
  ][] = [
    ['FTP', (given, context) => ftp({ ...given }, context)],
    ['FTP active', (given, context) => ftp({ ActiveMode: true, ...given }, context)],
    ['FTPS explicit', (given, context) => ftps({ ActiveMode: false, ...given }, context)],
    // Active is the default of secure connections.
    ['FTPS implicit active', (given, context) => implicit({ ...given }, context)],
    ['SFTP', (given, context) => sftp({ ...given }, context)],
  ];

  describe.each(kinds)('%s', (_, connect) => {
    it('lists what is there', async () => {
      const context = inFolder('/');
      const session = await connect({}, context);
      expect(context.secrets).toEqual([password]);
      expect(session.Connection.properties.get('Host')).toBe('127.0.0.1');
      const { Directories, Files } = (await session.run('ListDirectory')) as {
        Directories: Value[];
        Files: Value[];
      };
      const facts = (one: Value) =>
        ['FullName', 'Name', 'NameWithoutExtension', 'Extension', 'Directory', 'Size'].map((key) =>
          property(one, key),
        );
      expect(Files.map(facts)).toEqual([
        [`${server.root}/b.bin`, 'b.bin', 'b', '.bin', server.root, 5],
        [`${server.root}/Übersicht 1.txt`, 'Übersicht 1.txt', 'Übersicht 1', '.txt', server.root, 7],
      ]);
      expect(Directories.map((one) => [property(one, 'FullName'), property(one, 'Parent')])).toEqual([
        [`${server.root}/closed`, server.root],
        [`${server.root}/sub dir`, server.root],
      ]);
      const modified = property(Files[0] as Value, 'LastModified') as FlowDatetime;
      expect(Math.abs(modified.ticks - Date.now() + new Date().getTimezoneOffset() * 60_000)).toBeLessThan(
        60_000,
      );
      expect(toText(Files[0] as Value)).toBe(`${server.root}/b.bin`);
      expect((await session.run('ListDirectory', { Path: 'sub dir\\deep' })).Files).toHaveLength(1);
      expect(await errorOf(session.run('ListDirectory', { Path: 'nowhere' }))).toMatch(
        /^DirectoryNotFoundError: The server has no directory ".*nowhere"/,
      );
      await session.run('CloseConnection');
    });

    it('downloads and uploads files as they are', async () => {
      const path = await folder();
      const session = await connect({}, inFolder(path));
      const { Files } = await session.run('ListDirectory');
      await session.run('DownloadFiles', { RemoteFilePaths: Files as Value, DownloadInto: path });
      expect(readdirSync(path).sort()).toEqual(['b.bin', 'Übersicht 1.txt'].sort());
      expect(readFileSync(join(path, 'b.bin'))).toEqual(Buffer.from([0, 255, 10, 13, 10]));
      const big = Buffer.alloc(3_000_000, 'xyz');
      writeFileSync(join(path, 'groß.bin'), big);
      await session.run('UploadFiles', { Files: ['groß.bin', 'b.bin'], RemoteLocation: 'sub dir' });
      expect(readFileSync(join(server.root, 'sub dir', 'groß.bin')).equals(big)).toBe(true);
      await session.run('DownloadFiles', { RemoteFilePaths: 'sub dir/groß.bin', DownloadInto: path });
      expect(readFileSync(join(path, 'groß.bin')).equals(big)).toBe(true);
      await session.run('CloseConnection');
    });

    it('transfers folders', async () => {
      const path = await folder();
      const session = await connect({}, inFolder(path));
      await session.run('DownloadFolders', { RemotePath: ['sub dir'], DownloadInto: path });
      expect(readdirSync(path, { recursive: true }).sort()).toEqual([
        'sub dir',
        'sub dir/c.csv',
        'sub dir/deep',
        'sub dir/deep/d.txt',
      ]);
      writeFileSync(join(path, 'sub dir', 'new ä.txt'), 'n');
      remote('target');
      await session.run('UploadFolders', { Folders: ['sub dir'], RemoteLocation: 'target' });
      expect(readdirSync(join(server.root, 'target'), { recursive: true }).sort()).toEqual([
        'sub dir',
        'sub dir/c.csv',
        'sub dir/deep',
        'sub dir/deep/d.txt',
        'sub dir/new ä.txt',
      ]);
      await session.run('CloseConnection');
    });

    it('changes, makes, renames and deletes', async () => {
      const session = await connect();
      await session.run('CreateDirectory', { Directory: 'new/on the/way' });
      await session.run('ChangeWorkingDirectory', { SetWorkingDirectoryTo: 'new/on the' });
      await session.run('RenameFile', { FileToRename: '../../b.bin', NewFileName: 'way/moved.bin' });
      await session.run('RenameFile', { FileToRename: 'way/moved.bin', NewFileName: 'renamed.bin' });
      expect(readdirSync(join(server.root, 'new', 'on the', 'way'))).toEqual(['renamed.bin']);
      await session.run('DeleteFiles', { Files: ['way/renamed.bin', `${server.root}/Übersicht 1.txt`] });
      // The working directory with everything in it; the one above takes its place.
      await session.run('DeleteDirectory', { Directory: '../on the' });
      expect(readdirSync(join(server.root, 'new'))).toEqual([]);
      await session.run('CreateDirectory', { Directory: 'again' });
      expect(readdirSync(join(server.root, 'new'))).toEqual(['again']);
      await session.run('DeleteDirectory', { Directory: `${server.root}/sub dir` });
      expect(existsSync(join(server.root, 'sub dir'))).toBe(false);
      await session.run('CloseConnection');
    });

    it('tells what is not there, and what is not permitted', async () => {
      const path = await folder();
      const session = await connect({}, inFolder(path));
      const error = (action: string, given: Record<string, Value>) => errorOf(session.run(action, given));
      expect(await error('DownloadFiles', { RemoteFilePaths: ['no.txt'], DownloadInto: path })).toMatch(
        /^RemoteFileNotFoundError: The server has no file/,
      );
      expect(await error('DownloadFiles', { RemoteFilePaths: ['sub dir'], DownloadInto: path })).toMatch(
        /^RemoteFileNotFoundError: .*is a directory/,
      );
      expect(await error('DownloadFiles', { RemoteFilePaths: ['b.bin'], DownloadInto: 'no' })).toMatch(
        /^DirectoryNotFoundError/,
      );
      expect(await error('DownloadFolders', { RemotePath: ['no'], DownloadInto: path })).toMatch(
        /^RemoteDirectoryNotFoundError/,
      );
      expect(await error('DownloadFolders', { RemotePath: ['sub dir'], DownloadInto: 'no' })).toMatch(
        /^DirectoryNotFoundError/,
      );
      expect(await error('UploadFiles', { Files: ['no.txt'] })).toMatch(/^FileNotFoundError/);
      writeFileSync(join(path, 'x.txt'), 'x');
      expect(await error('UploadFiles', { Files: ['x.txt'], RemoteLocation: 'no' })).toMatch(
        /^UploadFileError/,
      );
      expect(await error('UploadFolders', { Folders: [path], RemoteLocation: 'no' })).toMatch(
        /^RemoteDirectoryNotFoundError/,
      );
      expect(await error('UploadFolders', { Folders: ['no'], RemoteLocation: 'sub dir' })).toMatch(
        /^UploadDirectoryError: The folder/,
      );
      expect(await error('ChangeWorkingDirectory', { SetWorkingDirectoryTo: 'no' })).toMatch(
        /^DirectoryNotFoundError/,
      );
      expect(await error('CreateDirectory', { Directory: 'sub dir' })).toMatch(/^FileExistsError/);
      expect(await error('CreateDirectory', { Directory: 'b.bin/x' })).toMatch(/^DirectoryNotFoundError/);
      expect(await error('DeleteDirectory', { Directory: 'no' })).toMatch(/^RemoteDirectoryNotFoundError/);
      expect(await error('DeleteDirectory', { Directory: '/' })).toMatch(/^DeleteDirectoryError/);
      expect(await error('DeleteFiles', { Files: ['no.txt'] })).toMatch(/^FileNotFoundError/);
      expect(await error('RenameFile', { FileToRename: 'no.txt', NewFileName: 'x' })).toMatch(
        /^FileNotFoundError/,
      );
      expect(await error('RenameFile', { FileToRename: 'b.bin', NewFileName: 'no/x' })).toMatch(
        /^RenameFileError/,
      );
      expect(await error('DeleteFiles', { Files: [null] })).toMatch(/^InvalidArgument/);
      chmodSync(join(server.root, 'sub dir'), 0o500);
      expect(await error('CreateDirectory', { Directory: 'sub dir/x' })).toMatch(/^AccessDeniedError/);
      expect(await error('DeleteFiles', { Files: ['sub dir/c.csv'] })).toMatch(/^DeleteFileError/);
      expect(await error('DeleteDirectory', { Directory: 'sub dir' })).toMatch(/^DeleteDirectoryError/);
      expect(await error('UploadFiles', { Files: ['x.txt'], RemoteLocation: 'sub dir' })).toMatch(
        /^UploadFileError/,
      );
      expect(await error('UploadFolders', { Folders: [path], RemoteLocation: 'sub dir' })).toMatch(
        /^UploadDirectoryError/,
      );
      chmodSync(join(server.root, 'b.bin'), 0);
      expect(await error('DownloadFiles', { RemoteFilePaths: ['b.bin'], DownloadInto: path })).toMatch(
        /^DownloadFileError: Cannot download/,
      );
      chmodSync(join(server.root, 'sub dir'), 0o700);
      chmodSync(join(server.root, 'sub dir', 'c.csv'), 0);
      expect(await error('DownloadFolders', { RemotePath: ['sub dir'], DownloadInto: path })).toMatch(
        /^DownloadDirectoryError/,
      );
      expect(readdirSync(path).filter((one) => one.includes('.part'))).toEqual([]);
      // After all of that the connection still works.
      expect((await session.run('ListDirectory')).Files).toHaveLength(2);
      await session.run('CloseConnection');
      expect(await error('ListDirectory', {})).toMatch(/^NotConnectedError/);
      expect(await error('CloseConnection', {})).toMatch(/^NotConnectedError/);
    });
  });

  it('overwrites, skips or renames files that exist', async () => {
    const path = await folder();
    const session = await ftp({}, inFolder(path));
    writeFileSync(join(path, 'b.bin'), 'local');
    const download = (IfFileExists: string) =>
      session.run('DownloadFiles', { RemoteFilePaths: ['b.bin'], DownloadInto: path, IfFileExists });
    await download('Skip');
    expect(readFileSync(join(path, 'b.bin'), 'utf8')).toBe('local');
    await download('TransferWithUniqueName');
    await download('TransferWithUniqueName');
    expect(readdirSync(path).sort()).toEqual(['b.bin', 'b_1.bin', 'b_2.bin']);
    const upload = (IfFileExists: string) => session.run('UploadFiles', { Files: ['b.bin'], IfFileExists });
    await upload('Skip');
    expect(remoteText('b.bin')).not.toBe('local');
    await upload('TransferWithUniqueName');
    expect(remoteText('b_1.bin')).toBe('local');
    await upload('Overwrite');
    expect(remoteText('b.bin')).toBe('local');
    await download('Overwrite');
    expect(readFileSync(join(path, 'b.bin'), 'utf8')).toBe('local');
  });

  it('translates line ends in ASCII transfers, which SFTP does not have', async () => {
    const path = await folder();
    writeFileSync(join(path, 'lines.txt'), 'a\nb\r\nc');
    const session = await ftp({}, inFolder(path));
    await session.run('UploadFiles', { Files: ['lines.txt'], TransferType: 'Ascii' });
    expect(remoteText('lines.txt')).toBe('a\nb\nc');
    await session.run('DownloadFiles', {
      RemoteFilePaths: ['lines.txt'],
      DownloadInto: path,
      TransferType: 'Ascii',
    });
    expect(readFileSync(join(path, 'lines.txt'), 'utf8')).toBe('a\r\nb\r\nc');
    await session.run('UploadFiles', { Files: ['lines.txt'] });
    expect(remoteText('lines.txt')).toBe('a\r\nb\r\nc');
    const other = await sftp({}, inFolder(path));
    expect(await errorOf(other.run('UploadFiles', { Files: ['lines.txt'], TransferType: 'Ascii' }))).toMatch(
      /^InvalidArgument: SFTP/,
    );
  });

  it('carries out commands', async () => {
    const session = await ftp();
    expect(await session.run('InvokeCommand', { Command: 'SIZE b.bin' })).toEqual({
      ReplyCode: '213',
      ReplyText: '5',
    });
    await session.run('ChangeWorkingDirectory', { SetWorkingDirectoryTo: 'sub dir' });
    expect(
      await session.run('InvokeCommand', { Command: 'SIZE c.csv', ValidReplyCodes: '213; 550' }),
    ).toMatchObject({ ReplyText: '3' });
    expect(
      await session.run('InvokeCommand', { Command: 'SIZE no', ValidReplyCodes: '213; 550' }),
    ).toMatchObject({ ReplyCode: '550' });
    expect(await errorOf(session.run('InvokeCommand', { Command: 'SIZE no' }))).toMatch(
      /^InvokeCommandError: Cannot carry out "SIZE": no: No such file/,
    );
    expect(await errorOf(session.run('InvokeCommand', { Command: 'NOOP', ValidReplyCodes: '213' }))).toMatch(
      /^InvokeCommandError: The server answered with 200/,
    );
    expect(await errorOf(session.run('InvokeCommand', { Command: 'NOOP\r\nDELE c.csv' }))).toMatch(
      /^InvokeCommandError/,
    );
    expect(existsSync(join(server.root, 'sub dir', 'c.csv'))).toBe(true);
    expect(await errorOf((await sftp()).run('InvokeCommand', { Command: 'NOOP' }))).toMatch(
      /^InvokeCommandError: SFTP/,
    );
  });

  it('says when a directory cannot be left or listed', async () => {
    const session = await ftp();
    await session.run('ChangeWorkingDirectory', { SetWorkingDirectoryTo: 'closed/inner' });
    expect(await errorOf(session.run('DeleteDirectory', { Directory: '.' }))).toMatch(
      /^WorkingDirectoryChangeError: .*closed", cannot be entered/,
    );
    chmodSync(join(server.root, 'sub dir'), 0o300);
    const other = await sftp();
    expect(await errorOf(other.run('ListDirectory', { Path: 'sub dir' }))).toMatch(
      /^ListingError: Cannot list .*permission denied/,
    );
    expect(await errorOf(other.run('ChangeWorkingDirectory', { SetWorkingDirectoryTo: 'sub dir' }))).toMatch(
      /^ChangeWorkingDirectoryError/,
    );
  });

  describe('Synchronize directories', () => {
    const names = (outputs: Record<string, Value>) =>
      Object.fromEntries(
        Object.entries(outputs).map(([key, files]) => [
          key,
          (files as FileValue[]).map((file) => file.properties.get('Name')),
        ]),
      );

    it.each([
      ['FTP', () => ftp()],
      ['SFTP', () => sftp()],
    ])('brings what is missing, changed or newer by %s', async (_, connect) => {
      const path = await folder();
      const session = await connect();
      const run = async (given: Record<string, Value> = {}) =>
        names(
          await session.run('SynchronizeDirectory.SynchronizeDownloadAll', {
            LocalFolder: path,
            FtpDirectory: server.root,
            ...given,
          }),
        );
      symlinkSync(server.root, join(server.root, 'circle'));
      expect(await run()).toEqual({
        FilesAdded: expect.arrayContaining(['b.bin', 'c.csv', 'd.txt', 'Übersicht 1.txt']),
        FilesModified: [],
        FilesDeleted: [],
      });
      expect(
        Math.abs(statSync(join(path, 'b.bin')).mtimeMs - statSync(join(server.root, 'b.bin')).mtimeMs),
      ).toBeLessThan(5_000);
      expect(await run()).toEqual({ FilesAdded: [], FilesModified: [], FilesDeleted: [] });
      remote('b.bin', 'changed');
      utimesSync(join(server.root, 'sub dir', 'c.csv'), Date.now() / 1000 + 3600, Date.now() / 1000 + 3600);
      writeFileSync(join(path, 'own.txt'), 'own');
      mkdirSync(join(path, 'gone'));
      writeFileSync(join(path, 'gone', 'g.txt'), 'g');
      expect(await run({ TimeDifferenceHours: 1, IncludeSubdirectories: false })).toEqual({
        FilesAdded: [],
        FilesModified: ['b.bin'],
        FilesDeleted: [],
      });
      expect(await run({ TimeDifferenceHours: 2 })).toEqual({
        FilesAdded: [],
        FilesModified: [],
        FilesDeleted: [],
      });
      expect(await run({ DeleteIfSourceAbsent: true })).toEqual({
        FilesAdded: [],
        FilesModified: expect.arrayContaining(['b.bin', 'c.csv']),
        FilesDeleted: expect.arrayContaining(['own.txt', 'g.txt']),
      });
      expect(readdirSync(path).sort()).toEqual(['b.bin', 'closed', 'sub dir', 'Übersicht 1.txt'].sort());
      rmSync(join(server.root, 'circle'));
    });

    it('tells what is not there', async () => {
      const path = await folder();
      const session = await ftp({}, inFolder(path));
      const run = (given: Record<string, Value>) =>
        errorOf(
          session.run('SynchronizeDirectory.SynchronizeDownloadAll', {
            LocalFolder: '.',
            FtpDirectory: server.root,
            ...given,
          }),
        );
      expect(await run({ LocalFolder: 'no' })).toMatch(/^SynchronizationFailedError/);
      expect(await run({ FtpDirectory: 'no' })).toMatch(/^ListingError/);
      chmodSync(join(server.root, 'b.bin'), 0);
      expect(await run({})).toMatch(/^DownloadFileError/);
    });
  });

  it('signs in to SFTP with keys', async () => {
    const given = { Host: '127.0.0.1', Port: server.sftpPort, Username: 'robin' };
    // The server of this test owns the keys.
    const session = await open('OpenSecureConnection.ConnectWithSftpPrivateKey', {
      ...given,
      PathToPrivateKey: server.key,
    });
    expect((await session.run('ListDirectory')).Files).toHaveLength(2);
    const locked = (PrivateKeyPassPhrase: string) => {
      const context = inFolder('/');
      return open(
        'OpenSecureConnection.ConnectWithSftpPrivateKeyAndPassPhrase',
        { ...given, PathToPrivateKey: server.lockedKey, PrivateKeyPassPhrase },
        context,
      ).then((opened) => [opened, context.secrets] as const);
    };
    expect((await locked(passPhrase))[1]).toEqual([passPhrase]);
    const error = await errorOf(locked('wr0ng-one'));
    expect(error).toMatch(/^LoginFailureError/);
    expect(error).not.toContain('wr0ng');
    expect(
      await errorOf(
        open('OpenSecureConnection.ConnectWithSftpPrivateKey', { ...given, PathToPrivateKey: '/no/key' }),
      ),
    ).toMatch(/^LoginFailureError: .*"\/no\/key" cannot be read/);
    expect(
      await errorOf(
        open('OpenSecureConnection.ConnectWithSftpPrivateKey', {
          ...given,
          PathToPrivateKey: import.meta.filename,
        }),
      ),
    ).toMatch(/^LoginFailureError/);
    expect(
      await errorOf(
        open('OpenSecureConnection.ConnectWithSftpPrivateKey', {
          ...given,
          Username: 'eve',
          PathToPrivateKey: server.key,
        }),
      ),
    ).toMatch(/^LoginFailureError/);
  });

  it.each(kinds)('tells by %s a wrong password and a server that is not there', async (_, connect) => {
    const error = await errorOf(connect({ Password: 'wr0ng-one' }));
    expect(error).toMatch(/^LoginFailureError: The server "127.0.0.1" did not accept the login/);
    expect(error).not.toContain('wr0ng');
    expect(await errorOf(connect({ Port: await freePort() }))).toMatch(
      /^ConnectionError: Cannot connect to "127.0.0.1": nothing accepts connections there/,
    );
    expect(await errorOf(connect({ Host: 'nobody.invalid' }))).toMatch(
      /^ConnectionError: .*no machine of this name/,
    );
  });

  it('refuses certificates nobody trusts, and servers without TLS', async () => {
    expect(await errorOf(ftps({ AcceptUntrustedCertificates: false }))).toMatch(
      /^ConnectionError: .*self-signed/,
    );
    expect(await errorOf(implicit({ AcceptUntrustedCertificates: false }))).toMatch(
      /^ConnectionError: .*self-signed/,
    );
    expect(await errorOf(implicit({ Port: server.port }))).toMatch(/^ConnectionError: .*does not speak TLS/);
  });

  /** A server that takes the connection and says only what it is told to. */
  async function mute(greeting: string): Promise<[number, net.Server]> {
    const silent = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.write(greeting);
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    return [(silent.address() as AddressInfo).port, silent];
  }

  it.each(kinds)('waits by %s no longer than the time limit, and stops with the run', async (_, connect) => {
    const [Port, silent] = await mute('');
    const started = performance.now();
    expect(await errorOf(connect({ Port, Timeout: 0.3 }))).toMatch(
      /^ConnectionError: .*no answer within 0.3 seconds/,
    );
    expect(performance.now() - started).toBeLessThan(5_000);
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('stopped')), 100);
    await expect(connect({ Port }, inFolder('/', stop.signal))).rejects.toThrow('stopped');
    silent.close();
  });

  it('stops in the middle of a transfer, and tells one that breaks off', async () => {
    const path = await folder();
    remote('big.bin', Buffer.alloc(300_000_000));
    // A proxy for the connection of commands alone: the data goes directly.
    const sockets = new Set<net.Socket>();
    const proxy = net.createServer((socket) => {
      const target = net.connect(server.port, '127.0.0.1');
      for (const one of [socket, target]) {
        sockets.add(one);
        one.on('error', () => {});
      }
      socket.pipe(target).pipe(socket);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const download = { RemoteFilePaths: ['big.bin'], DownloadInto: path };
    const broken = await ftp({ Port: (proxy.address() as AddressInfo).port }, inFolder(path));
    setTimeout(() => sockets.forEach((one) => void one.destroy()), 30);
    expect(await errorOf(broken.run('DownloadFiles', download))).toMatch(
      /^FTPConnectionAbortedError: Cannot download ".*big\.bin"/,
    );
    expect(await errorOf(broken.run('ListDirectory'))).toMatch(/^NotConnectedError/);
    proxy.close();
    for (const connect of [ftp, sftp]) {
      const stop = new AbortController();
      const session = await connect({}, inFolder(path, stop.signal));
      let stopped = 0;
      setTimeout(() => {
        stopped = performance.now();
        stop.abort(new Error('stopped'));
      }, 30);
      await expect(session.run('DownloadFiles', download)).rejects.toThrow('stopped');
      expect(performance.now() - stopped).toBeLessThan(5_000); // a busy machine is no failure
    }
    await expect.poll(() => readdirSync(path)).toEqual([]);
  });
});

it('a server that falls silent in the middle of a transfer is given up', async () => {
  const data = net.createServer((socket) => void socket.on('error', () => {}).write('only the start'));
  await new Promise<void>((resolve) => data.listen(0, '127.0.0.1', resolve));
  const port = (data.address() as AddressInfo).port;
  const answers: Record<string, string> = {
    USER: '331 go on',
    PASS: '230 in',
    PWD: '257 "/"',
    EPSV: `229 here (|||${port}|)`,
    RETR: '150 here it comes',
  };
  const commands = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.write('220 hello\r\n');
    socket.on('data', (line) =>
      socket.write(`${answers[line.toString().trim().split(' ', 1)[0] as string] ?? '200 ok'}\r\n`),
    );
  });
  await new Promise<void>((resolve) => commands.listen(0, '127.0.0.1', resolve));
  const files = await openFtp(
    {
      host: '127.0.0.1',
      port: (commands.address() as AddressInfo).port,
      user: 'robin',
      password,
      security: 'none',
      acceptUntrusted: false,
      isActive: false,
    },
    () => {},
    300,
  );
  await expect(files.download('/a.txt', new PassThrough().resume(), 'bytes')).rejects.toThrow(
    'there was no answer within 0.3 seconds',
  );
  expect(files.isClosed).toBe(true);
  commands.close();
  data.close();
}, 5_000);

describe.skipIf(!available('OpenSSH', [sshd, keygen]))('SFTP of OpenSSH', () => {
  let server: SshServer;
  beforeAll(async () => {
    server = await startSshd(keygen as string);
  });
  afterAll(() => server.stop());

  it('does everything', async () => {
    const path = await folder();
    const context = inFolder(path);
    const session = await open(
      'OpenSecureConnection.ConnectWithSftpPrivateKey',
      { Host: 'localhost', Port: server.port, Username: server.user, PathToPrivateKey: server.key },
      context,
    );
    await session.run('ChangeWorkingDirectory', { SetWorkingDirectoryTo: server.root });
    const big = Buffer.alloc(5_000_000, 'xyz');
    writeFileSync(join(path, 'groß.bin'), big);
    writeFileSync(join(path, 'empty'), '');
    await session.run('CreateDirectory', { Directory: 'a/b' });
    await session.run('UploadFiles', { Files: ['groß.bin', 'empty'], RemoteLocation: 'a' });
    await session.run('RenameFile', { FileToRename: 'a/groß.bin', NewFileName: 'a/b/c.bin' });
    rmSync(join(path, 'empty'));
    await session.run('DownloadFolders', { RemotePath: ['a'], DownloadInto: path });
    expect(readFileSync(join(path, 'a', 'b', 'c.bin')).equals(big)).toBe(true);
    expect(statSync(join(path, 'a', 'empty')).size).toBe(0);
    expect(await errorOf(session.run('CreateDirectory', { Directory: 'a/empty/x' }))).toMatch(
      /^DirectoryNotFoundError/,
    );
    expect(await errorOf(session.run('UploadFiles', { Files: ['groß.bin'], RemoteLocation: 'no' }))).toMatch(
      /^UploadFileError/,
    );
    await session.run('DeleteDirectory', { Directory: 'a' });
    expect(readdirSync(server.root)).toEqual([]);
    await context.close();
    expect(await errorOf(session.run('ListDirectory'))).toMatch(/^NotConnectedError/);
  });

  it('tells a key it does not accept', async () => {
    const given = {
      Host: 'localhost',
      Port: server.port,
      Username: server.user,
      PathToPrivateKey: `${server.folder}/host`,
    };
    expect(await errorOf(open('OpenSecureConnection.ConnectWithSftpPrivateKey', given))).toMatch(
      /^LoginFailureError/,
    );
  });
});

it('a value that is no connection is refused', async () => {
  expect(
    await errorOf(runAction(ftpActions, 'FTP.ListDirectory', { Connection: 'x' }, inFolder('/'))),
  ).toMatch(/^InvalidArgument: .*an FTP connection/);
});

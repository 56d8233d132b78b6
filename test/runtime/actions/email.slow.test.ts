// The Email actions against a real SMTP and a real IMAP server of this machine.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import net, { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ImapFlow } from 'imapflow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { emailActions } from '../../../src/runtime/actions/email/index.ts';
import { toText } from '../../../src/runtime/convert.ts';
import { property } from '../../../src/runtime/operations.ts';
import { FileValue, type FlowDatetime, type Value } from '../../../src/runtime/values.ts';
import { FakeHost } from '../../fakes/host.ts';
import { openssl, selfSigned } from '../servers/certificate.ts';
import { dovecot, type ImapServer, startDovecot } from '../servers/dovecot.ts';
import { available, freePort } from '../servers/server.ts';
import { type MailServer, startSmtp } from '../servers/smtp.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { temporaryFolder } from './temporaryFolder.ts';

const folder = temporaryFolder();
const password = 'p;w-sécret';

const inFolder = (path: string, signal?: AbortSignal) =>
  contextIn(path, {
    host: new FakeHost({ clock: systemClock }),
    ...(signal === undefined ? {} : { signal }),
  });

/** A server that accepts connections and never says a word. */
async function silentServer(): Promise<net.Server> {
  const server = net.createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function expectStop(work: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const stop = new AbortController();
  let stopped = 0;
  setTimeout(() => {
    stopped = performance.now();
    stop.abort(new Error('stopped'));
  }, 200);
  await expect(work(stop.signal)).rejects.toThrow('stopped');
  expect(performance.now() - stopped).toBeLessThan(5_000); // a busy machine is no failure
}

describe.skipIf(!available('openssl', [openssl]))('Send email', () => {
  let starttls: MailServer;
  let tls: MailServer;
  let plain: MailServer;
  beforeAll(async () => {
    const certificate = selfSigned();
    starttls = await startSmtp(password, { ...certificate, size: 1_000_000 });
    tls = await startSmtp(password, { ...certificate, secure: true });
    plain = await startSmtp(password, {
      hideSTARTTLS: true,
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
    });
  });
  afterAll(() => Promise.all([starttls.close(), tls.close(), plain.close()]));

  const message = { SMTPServer: 'localhost', SendFrom: 'robin@example.com', SendTo: 'ann@example.com' };
  const send = (server: MailServer, given: Record<string, Value> = {}, context = inFolder('/')) =>
    runAction(emailActions, 'Email.SendEmail.Send', { ...message, Port: server.port, ...given }, context);
  const signIn = (server: MailServer, given: Record<string, Value> = {}, context = inFolder('/')) =>
    runAction(
      emailActions,
      'Email.SendEmail.AuthenticateAndSend',
      { ...message, Port: server.port, Username: 'robin', Password: password, ...given },
      context,
    );

  it('delivers to everybody, and keeps hidden recipients hidden', async () => {
    await send(plain, {
      SenderDisplayName: 'Robin ä "R"',
      SendTo: 'ann@example.com; Büro West <west@example.com>',
      CC: 'cc@example.com',
      BCC: 'hidden@example.com',
      Subject: 'Grüße 😀\r\nBcc: eve@example.com',
      Body: 'Hallo,\nschöne Grüße 😀\n.\nEnde',
    });
    const { from, to, email, raw, secure } = plain.received.at(-1) as MailServer['received'][number];
    expect({ from, to, secure }).toEqual({
      from: 'robin@example.com',
      to: ['ann@example.com', 'west@example.com', 'cc@example.com', 'hidden@example.com'],
      secure: false,
    });
    expect(raw.toString()).not.toContain('hidden');
    expect(raw.toString()).not.toMatch(/^Bcc/m);
    expect(email.from).toEqual({ name: 'Robin ä "R"', address: 'robin@example.com' });
    expect(email.to?.[1]).toEqual({ name: 'Büro West', address: 'west@example.com' });
    expect(email.subject).toContain('Grüße 😀');
    expect(email.text?.trim()).toBe('Hallo,\nschöne Grüße 😀\n.\nEnde');
    expect(Math.abs(Date.parse(email.date as string) - Date.now())).toBeLessThan(5_000);
  });

  it('sends HTML and attachments', async () => {
    const path = await folder();
    await mkdir(join(path, 'a b'));
    await writeFile(join(path, 'Übersicht 1.pdf'), Buffer.from([0, 255, 1]));
    await writeFile(join(path, 'a b', 'c.txt'), 'text');
    const context = inFolder(path);
    await send(
      plain,
      {
        Body: '<p>ä</p>',
        IsBodyHtml: true,
        Attachments: ['Übersicht 1.pdf', new FileValue(join(path, 'a b', 'c.txt'), new Map())],
      },
      context,
    );
    const { email } = plain.received.at(-1) as MailServer['received'][number];
    expect(email.html?.trim()).toBe('<p>ä</p>');
    expect(email.attachments.map(({ filename }) => filename)).toEqual(['Übersicht 1.pdf', 'c.txt']);
    expect(new Uint8Array(email.attachments[0]?.content as ArrayBuffer)).toEqual(new Uint8Array([0, 255, 1]));
    await send(plain, { Attachments: '"Übersicht 1.pdf" "a b\\c.txt"' }, context);
    expect(plain.received.at(-1)?.email.attachments).toHaveLength(2);
    await send(plain, { Attachments: 'Übersicht 1.pdf' }, context);
    expect(plain.received.at(-1)?.email.attachments).toHaveLength(1);
    expect(await errorOf(send(plain, { Attachments: ['no.pdf'] }, context))).toMatch(
      /^AttachmentNotFoundError: .*no\.pdf/,
    );
    expect(await errorOf(send(plain, { Attachments: 'a b' }, context))).toMatch(
      /^AttachmentNotFoundError: .*a b/,
    );
  });

  it.each([
    ['TLS from the start', () => tls],
    ['STARTTLS', () => starttls],
  ])('is secure with %s, and signs in', async (_, server) => {
    const context = inFolder('/');
    await signIn(server(), { EnableSSL: true, AcceptUntrustedCertificates: true, Subject: 'safe' }, context);
    expect(server().received.at(-1)).toMatchObject({
      user: 'robin',
      secure: true,
      email: { subject: 'safe' },
    });
    expect(context.secrets).toEqual([password]);
  });

  it('sends nothing over a connection that is not what was asked for', async () => {
    const before = plain.received.length;
    expect(await errorOf(signIn(plain, { EnableSSL: true, AcceptUntrustedCertificates: true }))).toMatch(
      /^SendEmailError/,
    );
    for (const server of [tls, starttls])
      expect(await errorOf(signIn(server, { EnableSSL: true }))).toMatch(/^SendEmailError: .*self-signed/);
    expect(plain.received.length).toBe(before);
    await signIn(plain);
    expect(plain.received.at(-1)).toMatchObject({ user: 'robin', secure: false });
  });

  it.each<[string, Record<string, Value>, RegExp]>([
    [
      'a wrong password',
      { Password: 'wr0ng-one' },
      /^SendEmailError: The mail server "localhost" did not accept user name and password \(535 Invalid/,
    ],
    [
      'a refused recipient',
      { SendTo: 'x@refused.example' },
      /^SendEmailError: .*refused the email \(550 No such user here/,
    ],
    [
      'one refused recipient of two',
      { SendTo: 'ann@example.com; x@refused.example' },
      /^SendEmailError: The server refused x@refused\.example; the other recipients got/,
    ],
    ['a message that is too large', { Body: 'x'.repeat(1_200_000) }, /^SendEmailError/],
    ['no sender', { SendFrom: ' ' }, /^InvalidEmailAddressError: The field "From"/],
    [
      'two senders',
      { SendFrom: 'a@example.com b@example.com' },
      /^InvalidEmailAddressError: The field "From"/,
    ],
    ['no recipient', { SendTo: '' }, /^InvalidEmailAddressError: There is no recipient/],
    ['an address that is none', { CC: 'ann@' }, /^InvalidEmailAddressError: "ann@" in the field "CC"/],
  ])('fails with %s', async (_, given, expected) => {
    const error = await errorOf(
      signIn(starttls, { EnableSSL: true, AcceptUntrustedCertificates: true, ...given }),
    );
    expect(error).toMatch(expected);
    expect(error).not.toMatch(/wr0ng|sécret/);
  });

  it('fails when there is no server', async () => {
    expect(await errorOf(send(plain, { Port: await freePort() }))).toMatch(
      /^SendEmailError: The email was not sent through "localhost": nothing accepts connections/,
    );
    expect(await errorOf(send(plain, { SMTPServer: 'nobody.invalid' }))).toMatch(
      /^SendEmailError: .*no machine of this name/,
    );
  });

  it('stops with the run', async () => {
    const silent = await silentServer();
    const Port = (silent.address() as AddressInfo).port;
    for (const EnableSSL of [false, true])
      await expectStop((signal) => send(plain, { Port, EnableSSL }, inFolder('/', signal)));
    silent.close();
  });
});

describe.skipIf(!available('Dovecot 2.3 or 2.4 and openssl', [dovecot, openssl]))('IMAP', () => {
  let server: ImapServer;
  beforeAll(async () => {
    server = await startDovecot(password);
  });
  afterAll(() => server.stop());

  /** A mail program beside the flow. */
  async function beside<T>(work: (client: ImapFlow) => Promise<T>): Promise<T> {
    const client = new ImapFlow({
      host: '127.0.0.1',
      port: server.port,
      secure: false,
      doSTARTTLS: false,
      auth: { user: 'robin', pass: password },
      logger: false,
    });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.logout();
    }
  }
  const lines = (...text: string[]) => `${text.join('\r\n')}\r\n`;
  /** Empties the mailbox and puts three messages into the inbox; the second has been read. */
  const fill = () =>
    beside(async (client) => {
      for (const { path, flags } of await client.list()) {
        if (flags.has('\\Noselect') || flags.has('\\NonExistent')) continue;
        const lock = await client.getMailboxLock(path);
        await client.messageDelete('1:*');
        lock.release();
      }
      await client.append(
        'INBOX',
        lines(
          'From: Ann <ann@example.com>',
          'To: robin@example.com, bob@example.com',
          'Cc: "C, D" <c@example.com>',
          'Subject: =?utf-8?q?Rechnung_=C3=84rger?=',
          'Date: Sat, 31 Jan 2026 10:00:00 +0200',
          'Content-Type: text/plain; charset=utf-8',
          'Content-Transfer-Encoding: 8bit',
          '',
          'Guten Tag, fünf Euro',
        ),
      );
      await client.append(
        'INBOX',
        lines(
          'From: bob@example.com',
          'To: robin@example.com',
          'Subject: page',
          'Content-Type: text/html; charset=iso-8859-1',
          'Content-Transfer-Encoding: quoted-printable',
          '',
          '<p>Sch=F6n &amp; gut</p><p>Ende</p>',
        ),
        ['\\Seen'],
      );
      await client.append(
        'INBOX',
        lines(
          'From: eve@example.com',
          'Subject: files',
          'Content-Type: multipart/mixed; boundary=b',
          '',
          '--b',
          'Content-Type: text/plain',
          '',
          'see below',
          '--b',
          'Content-Type: application/pdf',
          "Content-Disposition: attachment; filename*=utf-8''..%2F..%2F%C3%9Cber.pdf",
          'Content-Transfer-Encoding: base64',
          '',
          'AP8B',
          '--b',
          'Content-Type: application/pdf',
          'Content-Disposition: attachment; filename="Über.pdf"',
          '',
          'second',
          '--b',
          'Content-Type: text/csv',
          'Content-Disposition: attachment',
          '',
          'a,b',
          '--b--',
        ),
      );
    });
  const flagsIn = (path: string) =>
    beside(async (client) => {
      const { exists } = await client.mailboxOpen(path, { readOnly: true });
      if (exists === 0) return [];
      const found = await client.fetchAll('1:*', { flags: true, envelope: true });
      return found.map(
        ({ flags, envelope }) => `${envelope?.subject} ${flags?.has('\\Seen') ? 'read' : 'unread'}`,
      );
    });

  const account = (): Record<string, Value> => ({
    IMAPServer: '127.0.0.1',
    Port: server.port,
    EnableSSL: false,
    Username: 'robin',
    Password: password,
  });
  async function retrieve(given: Record<string, Value> = {}, context = inFolder('/')): Promise<Value[]> {
    const id = `Email.RetrieveEmails.${'SaveAttachmentsInto' in given ? 'RetrieveAndSaveAttachments' : 'Retrieve'}`;
    const { outputs } = await runAction(
      emailActions,
      id,
      { ...account(), MailFolder: 'Inbox', ...given },
      context,
    );
    return outputs?.RetrievedEmails as Value[];
  }
  const subjects = (messages: readonly Value[]) => messages.map((one) => property(one, 'Subject'));
  const process = (variant: string, given: Record<string, Value>, context = inFolder('/')) =>
    runAction(emailActions, `Email.ProcessEmails.${variant}`, { ...account(), ...given }, context);

  it('retrieves messages with everything a flow may ask of them', async () => {
    await fill();
    const context = inFolder('/');
    const messages = await retrieve({}, context);
    expect(context.secrets).toEqual([password]);
    const all = messages.map((one) =>
      Object.fromEntries(
        ['MailFolder', 'From', 'To', 'Cc', 'Subject', 'Body', 'BodyText', 'Attachments'].map((name) => [
          name,
          property(one, name),
        ]),
      ),
    );
    expect(all).toEqual([
      {
        MailFolder: 'INBOX',
        From: '"Ann" <ann@example.com>',
        To: ['robin@example.com', 'bob@example.com'],
        Cc: ['"C, D" <c@example.com>'],
        Subject: 'Rechnung Ärger',
        Body: 'Guten Tag, fünf Euro',
        BodyText: 'Guten Tag, fünf Euro',
        Attachments: [],
      },
      {
        MailFolder: 'INBOX',
        From: 'bob@example.com',
        To: ['robin@example.com'],
        Cc: [],
        Subject: 'page',
        Body: '<p>Schön &amp; gut</p><p>Ende</p>',
        BodyText: expect.stringMatching(/^Schön & gut\s+Ende$/),
        Attachments: [],
      },
      {
        MailFolder: 'INBOX',
        From: 'eve@example.com',
        To: [],
        Cc: [],
        Subject: 'files',
        Body: 'see below',
        BodyText: 'see below',
        Attachments: [],
      },
    ]);
    const [first] = messages as [Value];
    const at = new Date(Date.UTC(2026, 0, 31, 8));
    expect((property(first, 'Date') as FlowDatetime).fields.getUTCHours()).toBe(at.getHours());
    expect(property(messages[2] as Value, 'date')).toBeNull();
    expect(property(first, 'Uid')).toEqual(expect.any(Number));
    expect(toText(first)).toBe('Mail message');
    expect(await flagsIn('INBOX')).toEqual(['Rechnung Ärger read', 'page read', 'files read']);
  });

  it('leaves messages unread when it is to', async () => {
    await fill();
    await retrieve({ MarkAsRead: false });
    expect(await flagsIn('INBOX')).toEqual(['Rechnung Ärger unread', 'page read', 'files unread']);
  });

  it.each<[Record<string, Value>, string[]]>([
    [{ MailsToRetrieve: 'Unread' }, ['Rechnung Ärger', 'files']],
    [{ MailsToRetrieve: 'Read' }, ['page']],
    [{ FromContains: 'ANN@example.com' }, ['Rechnung Ärger']],
    [{ ToContains: 'robin@example.com' }, ['Rechnung Ärger', 'page']],
    [{ ToContains: 'robin@example.com bob@example.com' }, ['Rechnung Ärger']],
    [{ SubjectContains: 'ärger' }, ['Rechnung Ärger']],
    [{ BodyContains: 'fünf' }, ['Rechnung Ärger']],
    [{ BodyContains: 'schön' }, ['page']],
    [{ FromContains: 'ann', SubjectContains: 'page' }, []],
    [{ SubjectContains: '") OR ALL' }, []],
  ])('retrieves those with %j', async (given, expected) => {
    await fill();
    expect(subjects(await retrieve({ MarkAsRead: false, ...given }))).toEqual(expected);
  });

  it('saves attachments under harmless names of their own', async () => {
    await fill();
    const path = await folder();
    await mkdir(join(path, 'in'));
    const messages = await retrieve({ SaveAttachmentsInto: 'in', SubjectContains: 'files' }, inFolder(path));
    expect((await readdir(join(path, 'in'))).sort()).toEqual(['attachment.csv', 'Über.pdf', 'Über_1.pdf']);
    expect(await readFile(join(path, 'in', 'Über.pdf'))).toEqual(Buffer.from([0, 255, 1]));
    expect(
      (property(messages[0] as Value, 'Attachments') as FileValue[]).map((file) =>
        file.properties.get('Name'),
      ),
    ).toEqual(['Über.pdf', 'Über_1.pdf', 'attachment.csv']);
    expect(await readdir(path)).toEqual(['in']);
    expect(await errorOf(retrieve({ SaveAttachmentsInto: 'no' }, inFolder(path)))).toMatch(
      /^SaveAttachmentsError: .*no" for the attachments does not exist/,
    );
  });

  it('finds folders whatever their letter case and separators', async () => {
    await fill();
    for (const MailFolder of ['INBOX', 'archive', 'Rechnungen\\Über 2026', 'rechnungen/über 2026'])
      expect(await retrieve({ MailFolder })).toHaveLength(MailFolder === 'INBOX' ? 3 : 0);
    expect(await errorOf(retrieve({ MailFolder: 'Nowhere' }))).toBe(
      'SpecifiedMailFolderNotFoundError: The mail server has no folder "Nowhere".',
    );
  });

  it('moves, marks and deletes messages', async () => {
    await fill();
    const [first, second, third] = (await retrieve()) as [Value, Value, Value];
    await process('Move', { EmailsToProcess: [first], MailFolder: 'Archive' });
    await process('MarkAsUnreadAndMove', { EmailsToProcess: second, MailFolder: 'Rechnungen\\Über 2026' });
    await process('MarkAsUnread', { EmailsToProcess: [third] });
    expect(await flagsIn('INBOX')).toEqual(['files unread']);
    expect(await flagsIn('Archive')).toEqual(['Rechnung Ärger read']);
    expect(await flagsIn('Rechnungen/Über 2026')).toEqual(['page unread']);
    await process('Delete', { EmailsToProcess: [third] });
    expect(await flagsIn('INBOX')).toEqual([]);
    await process('Delete', { EmailsToProcess: [] });
    expect(await errorOf(process('Delete', { EmailsToProcess: [third] }))).toMatch(
      /^ProcessEmailsError: .*no longer in the folder "INBOX"/,
    );
    expect(await errorOf(process('Move', { EmailsToProcess: [first], MailFolder: 'Nowhere' }))).toMatch(
      /^SpecifiedMailFolderNotFoundError/,
    );
    expect(await errorOf(process('Delete', { EmailsToProcess: ['x'] }))).toMatch(
      /^InvalidArgument: .*expects email messages/,
    );
    expect(await errorOf(process('Delete', { EmailsToProcess: [first], Password: 'wr0ng' }))).toMatch(
      /^ConnectToIMAPServerError/,
    );
  });

  it('is secure with TLS and STARTTLS, and refuses certificates nobody trusts', async () => {
    await fill();
    for (const Port of [server.securePort, server.port]) {
      const given = { Port, EnableSSL: true, MarkAsRead: false };
      expect(await retrieve({ ...given, AcceptUntrustedCertificates: true })).toHaveLength(3);
      expect(await errorOf(retrieve(given))).toMatch(
        /^ConnectToIMAPServerError: Cannot connect to the IMAP server "127.0.0.1": .*self-signed/,
      );
    }
  });

  it('tells wrong passwords and missing servers', async () => {
    const error = await errorOf(retrieve({ Password: 'wr0ng-one' }));
    expect(error).toMatch(
      /^AuthenticateToIMAPServerError: The IMAP server "127.0.0.1" did not accept user name and password/,
    );
    expect(error).not.toContain('wr0ng');
    expect(await errorOf(retrieve({ Port: await freePort() }))).toMatch(
      /^ConnectToIMAPServerError: .*nothing accepts connections/,
    );
    expect(await errorOf(retrieve({ IMAPServer: 'nobody.invalid' }))).toMatch(
      /^ConnectToIMAPServerError: .*no machine of this name/,
    );
  });

  it('stops with the run', async () => {
    const silent = await silentServer();
    const Port = (silent.address() as AddressInfo).port;
    for (const EnableSSL of [false, true])
      await expectStop((signal) => retrieve({ Port, EnableSSL }, inFolder('/', signal)));
    silent.close();
  });

  it('tells a connection that breaks off in the middle', async () => {
    await fill();
    // Everything but the messages themselves gets through; compression, which newer servers offer, would hide them.
    const plain = (chunk: Buffer) =>
      Buffer.from(chunk.toString('latin1').replace('COMPRESS=DEFLATE', ''), 'latin1');
    const proxy = net.createServer((socket) => {
      const target = net.connect(server.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.on('data', (chunk) => (chunk.includes('FETCH') ? socket.destroy() : target.write(chunk)));
      socket.on('close', () => target.destroy());
      target.on('data', (chunk) => socket.write(plain(chunk)));
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    expect(await errorOf(retrieve({ Port: (proxy.address() as AddressInfo).port }))).toMatch(
      /^RetrieveEmailsError: Cannot read the messages of "INBOX"/,
    );
    proxy.close();
  });
});

// Messages on an IMAP server: getting them, moving, deleting and marking them.
import type { ImapFlow, ListResponse } from 'imapflow';
import { type ActionArguments, type ActionContext, ActionError, type ActionResult } from '../../action.ts';
import type { Value } from '../../values.ts';
import { isFolder, pathOf } from '../fileSystem.ts';
import { firstLine, networkFailure, patiently, tlsOptions } from '../network.ts';
import { MailReference, messageValue, referenceOf } from './message.ts';
import { secured } from './security.ts';

/** How long a server may take to be reached and to greet, and how long it may then be silent (ms). */
const greetingTime = 30_000;
const silenceTime = 120_000;

/** More messages, or more text in them, do not fit into one list. */
const mostMessages = 20_000;
const mostCharacters = 256 * 1024 * 1024;
/** One command names at most this many messages: servers limit the length of a line. */
const portion = 500;

/** Signs in and runs `work`; the connection is closed afterwards. `authenticationCode` is the error of a refused password. */
async function withServer<T>(
  args: ActionArguments,
  context: ActionContext,
  authenticationCode: string,
  work: (client: ImapFlow) => Promise<T>,
): Promise<T> {
  const { ImapFlow } = await import('imapflow');
  const host = args.text('IMAPServer').trim();
  const port = args.integer('Port');
  const password = args.text('Password');
  if (password !== '') context.addSecret(password);
  let close = () => {};
  const connect = () =>
    secured(args.boolean('EnableSSL'), port, async (start) => {
      const client = new ImapFlow({
        host,
        port,
        secure: start === 'tls',
        doSTARTTLS: start === 'starttls',
        auth: { user: args.text('Username'), pass: password },
        ...(start === 'plain' ? {} : { tls: tlsOptions(args.boolean('AcceptUntrustedCertificates')) }),
        logger: false,
        disableAutoIdle: true,
        connectionTimeout: greetingTime,
        greetingTimeout: greetingTime,
        socketTimeout: silenceTime,
      });
      // A connection that breaks is noticed by the command that needs it.
      client.on('error', () => {});
      close = () => client.close();
      await client.connect();
      return client;
    });
  const patience = { clock: context.host.clock, signal: context.signal, seconds: 0 };
  return await patiently(
    patience,
    () => close(),
    async () => {
      let client: ImapFlow;
      try {
        client = await connect();
      } catch (error) {
        throw connectError(error, host, authenticationCode, context.signal);
      }
      try {
        const result = await work(client);
        await client.logout();
        return result;
      } finally {
        client.close();
      }
    },
  );
}

function connectError(
  error: unknown,
  host: string,
  authenticationCode: string,
  signal: AbortSignal,
): unknown {
  const { authenticationFailed, responseText } = error as {
    authenticationFailed?: boolean;
    responseText?: string;
  };
  if (authenticationFailed !== true)
    return networkFailure(
      'ConnectToIMAPServerError',
      `Cannot connect to the IMAP server "${host}"`,
      error,
      signal,
    );
  return new ActionError(
    authenticationCode,
    `The IMAP server "${host}" did not accept user name and password${responseText ? ` (${firstLine(responseText)})` : ''}.`,
    'Check user name and password; some services want an app password, or a secure connection first.',
    { cause: error },
  );
}

/** Runs commands of one kind; a refusal of the server becomes `code`. */
async function attempt<T>(
  code: string,
  doing: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { responseText } = error as { responseText?: string };
    if (responseText === undefined || signal.aborted)
      throw networkFailure(code, `Cannot ${doing}`, error, signal);
    throw new ActionError(
      code,
      `Cannot ${doing}: ${firstLine(responseText)}.`,
      'The message is the one of the mail server.',
      {
        cause: error,
      },
    );
  }
}

/** The server's name of a folder: `Inbox\Invoices` and `inbox/invoices` are the same. Throws `SpecifiedMailFolderNotFoundError`. */
async function folderNamed(client: ImapFlow, name: string): Promise<string> {
  const folders = (await client.list()).filter(
    ({ flags }) => !flags.has('\\Noselect') && !flags.has('\\NonExistent'),
  );
  const plain = (path: string, delimiter: string | undefined) =>
    path
      .split(/[\\/]/)
      .join(delimiter || '/')
      .toLowerCase();
  const wanted = name.trim();
  const found =
    folders.find(({ path }) => path === wanted) ??
    folders.find(({ path, delimiter }: ListResponse) => path.toLowerCase() === plain(wanted, delimiter)) ??
    folders.find(({ path, delimiter }: ListResponse) => plain(path, delimiter) === plain(wanted, delimiter));
  if (found !== undefined) return found.path;
  throw new ActionError(
    'SpecifiedMailFolderNotFoundError',
    `The mail server has no folder "${wanted}".`,
    `It has: ${folders
      .slice(0, 20)
      .map(({ path }) => path)
      .join(', ')}${folders.length > 20 ? ' …' : ''}.`,
  );
}

const portions = (uids: readonly number[]): string[] =>
  Array.from({ length: Math.ceil(uids.length / portion) }, (_, at) =>
    uids.slice(at * portion, (at + 1) * portion).join(','),
  );

// ── Retrieve ────────────────────────────────────────────────────────────────────────────────────────────────────

/** The messages of a folder that pass all filters, oldest first. */
export async function retrieveEmails(
  args: ActionArguments,
  context: ActionContext,
  saveAttachments: boolean,
): Promise<ActionResult> {
  const target = saveAttachments ? pathOf(args, 'SaveAttachmentsInto') : undefined;
  if (target !== undefined && !(await isFolder(target))) {
    throw new ActionError(
      'SaveAttachmentsError',
      `The folder "${target}" for the attachments does not exist.`,
      'Create it first, or correct the path.',
    );
  }
  const code = 'RetrieveEmailsError';
  return await withServer(args, context, 'AuthenticateToIMAPServerError', async (client) => {
    const folder = await attempt(code, 'list the mail folders', context.signal, () =>
      folderNamed(client, args.text('MailFolder')),
    );
    return await attempt(code, `read the messages of "${folder}"`, context.signal, async () => {
      const marks = args.boolean('MarkAsRead');
      const { uidValidity } = await client.mailboxOpen(folder, { readOnly: !marks });
      const uids = await searched(client, args);
      if (uids.length > mostMessages) throw tooMuch();
      const messages: Value[] = [];
      let characters = 0;
      for (const range of portions(uids)) {
        for await (const { uid, source } of client.fetch(range, { uid: true, source: true }, { uid: true })) {
          context.signal.throwIfAborted();
          const reference = new MailReference(folder, uid, uidValidity);
          const message = await messageValue(reference, source as Uint8Array, target, context.signal);
          characters += String(message.properties.get('Body')).length;
          if (characters > mostCharacters) throw tooMuch();
          messages.push(message);
        }
        if (marks) await client.messageFlagsAdd(range, ['\\Seen'], { uid: true });
      }
      return { outputs: { RetrievedEmails: messages } };
    });
  });
}

function tooMuch(): ActionError {
  return new ActionError(
    'RetrieveEmailsError',
    'These are more than 20,000 messages, or more than 256 million characters.',
    'Retrieve fewer at a time: only unread ones, or with a filter.',
  );
}

/** Numbers of the messages that pass the filters, ascending. The server compares, without regard to letter case. */
async function searched(client: ImapFlow, args: ActionArguments): Promise<number[]> {
  const retrieve = args.member('MailsToRetrieve');
  const query = {
    all: true,
    ...(retrieve === 'All' ? {} : { seen: retrieve === 'Read' }),
    ...filter('from', args.text('FromContains')),
    ...filter('subject', args.text('SubjectContains')),
    ...filter('body', args.text('BodyContains')),
  };
  // Several recipients: a message has to have all of them.
  const recipients = args
    .text('ToContains')
    .split(/[\s;]+/)
    .filter((one) => one !== '');
  let found: number[] | undefined;
  for (const to of recipients.length === 0 ? [''] : recipients) {
    const uids = await client.search({ ...query, ...filter('to', to) }, { uid: true });
    if (!Array.isArray(uids)) throw new Error('the server could not search');
    const these = new Set(uids);
    found = found === undefined ? uids : found.filter((one) => these.has(one));
  }
  return (found ?? []).sort((a, b) => a - b);
}

function filter(name: 'from' | 'to' | 'subject' | 'body', text: string): Record<string, string> {
  return text.trim() === '' ? {} : { [name]: text.trim() };
}

// ── Process ─────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Processing {
  readonly unread: boolean;
  readonly move: boolean;
  readonly delete: boolean;
}

/** Deletes, moves or marks messages that Retrieve email messages gave. */
export async function processEmails(
  args: ActionArguments,
  context: ActionContext,
  todo: Processing,
): Promise<ActionResult> {
  const code = 'ProcessEmailsError';
  const given = args.value('EmailsToProcess');
  const messages = (Array.isArray(given) ? given : [given]).map((one) => referenceOf(one, 'EmailsToProcess'));
  if (messages.length === 0) return {};
  return await withServer(args, context, 'ConnectToIMAPServerError', async (client) => {
    const target = todo.move
      ? await attempt(code, 'list the mail folders', context.signal, () =>
          folderNamed(client, args.text('MailFolder')),
        )
      : undefined;
    for (const [folder, references] of Map.groupBy(messages, (one) => one.folder)) {
      await attempt(code, `process the messages of "${folder}"`, context.signal, async () => {
        const { uidValidity } = await client.mailboxOpen(folder);
        const uids = references.map(({ uid }) => uid);
        const present = new Set<number>();
        for (const range of portions(uids))
          for (const { uid } of await client.fetchAll(range, { uid: true }, { uid: true })) present.add(uid);
        if (references.some((one) => one.uidValidity !== uidValidity || !present.has(one.uid))) {
          throw new ActionError(
            code,
            `Some of the messages are no longer in the folder "${folder}".`,
            'Retrieve the messages again; somebody else may have moved or deleted them.',
          );
        }
        for (const range of portions(uids)) await processRange(client, range, todo, target);
      });
    }
    return {};
  });
}

async function processRange(
  client: ImapFlow,
  range: string,
  todo: Processing,
  target: string | undefined,
): Promise<void> {
  const uid = { uid: true };
  const done = (result: unknown) => {
    if (result === false || result === undefined) throw new Error('the server refused');
  };
  if (todo.unread) done(await client.messageFlagsRemove(range, ['\\Seen'], uid));
  if (target !== undefined) {
    if (client.capabilities.has('MOVE')) return done(await client.messageMove(range, target, uid));
    // Deleted only when the copies are there.
    done(await client.messageCopy(range, target, uid));
  }
  if (todo.delete || target !== undefined) done(await client.messageDelete(range, uid));
}

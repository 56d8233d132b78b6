// Sending email through an SMTP server.

import { type ActionArguments, type ActionContext, ActionError, type ActionResult } from '../../action.ts';
import { resolvePath } from '../../arguments.ts';
import { isFile } from '../fileSystem.ts';
import { firstLine, networkFailure, tlsOptions } from '../network.ts';
import { parseAddresses } from './addresses.ts';
import { secured } from './security.ts';

/** How long a server may take to be reached and to greet, and how long it may then be silent (ms). */
const greetingTime = 30_000;
const silenceTime = 120_000;

/** Sends the message of a call of Send email. Throws the errors of the action. */
export async function sendEmail(
  args: ActionArguments,
  context: ActionContext,
  withCredentials: boolean,
): Promise<ActionResult> {
  const [from, ...others] = parseAddresses(args.text('SendFrom'), 'From');
  const to = parseAddresses(args.text('SendTo'), 'To');
  const cc = parseAddresses(args.text('CC'), 'CC');
  const bcc = parseAddresses(args.text('BCC'), 'BCC');
  if (from === undefined || others.length > 0 || to.length + cc.length + bcc.length === 0) {
    throw new ActionError(
      'InvalidEmailAddressError',
      from === undefined || others.length > 0
        ? 'The field "From" needs exactly one address.'
        : 'There is no recipient.',
      'Give an address in "From" and at least one in "To".',
    );
  }
  const attachments = await attachmentsOf(args, context);
  const body = args.text('Body');
  const server = args.text('SMTPServer').trim();
  const port = args.integer('Port');
  const password = withCredentials ? args.text('Password') : '';
  if (password !== '') context.addSecret(password);
  const { createTransport } = await import('nodemailer');
  try {
    const sent = await secured(args.boolean('EnableSSL'), port, async (start) => {
      const transport = createTransport({
        host: server,
        port,
        secure: start === 'tls',
        requireTLS: start === 'starttls',
        ignoreTLS: start === 'plain',
        ...(start === 'plain' ? {} : { tls: tlsOptions(args.boolean('AcceptUntrustedCertificates')) }),
        connectionTimeout: greetingTime,
        greetingTimeout: greetingTime,
        dnsTimeout: greetingTime,
        socketTimeout: silenceTime,
        disableUrlAccess: true,
        ...(withCredentials ? { auth: { user: args.text('Username'), pass: password } } : {}),
      });
      try {
        return await transport.sendMail({
          from: { name: args.text('SenderDisplayName') || from.name, address: from.address },
          to: [...to],
          cc: [...cc],
          bcc: [...bcc],
          subject: args.text('Subject'),
          ...(args.boolean('IsBodyHtml') ? { html: body } : { text: body }),
          attachments: attachments.map((path) => ({ path })),
          date: new Date(context.host.clock.now()),
          signal: context.signal,
        });
      } finally {
        transport.close();
      }
    });
    refuseHalfSent(sent.rejected);
    return {};
  } catch (error) {
    throw sendError(error, server, context.signal);
  }
}

/** The server took the message, but not for everybody. */
function refuseHalfSent(rejected: readonly (string | { address: string })[] | undefined): void {
  if (rejected === undefined || rejected.length === 0) return;
  const names = rejected.map((one) => (typeof one === 'string' ? one : one.address));
  throw new ActionError(
    'SendEmailError',
    `The server refused ${names.join(', ')}; the other recipients got the email.`,
    'Correct the refused addresses and send the email to them alone.',
  );
}

function sendError(error: unknown, server: string, signal: AbortSignal): unknown {
  const { code, response } = error as { code?: string; response?: string };
  const said = typeof response === 'string' && response !== '' ? ` (${firstLine(response)})` : '';
  if (signal.aborted || error instanceof ActionError || (code !== 'EAUTH' && said === ''))
    return networkFailure('SendEmailError', `The email was not sent through "${server}"`, error, signal);
  return new ActionError(
    'SendEmailError',
    code === 'EAUTH'
      ? `The mail server "${server}" did not accept user name and password${said}.`
      : `The mail server "${server}" refused the email${said}.`,
    code === 'EAUTH'
      ? 'Check user name and password; some services want an app password, or a secure connection first.'
      : 'The message is the one of the server: check sender, recipients and size.',
    { cause: error },
  );
}

/** Paths of the attachments: files, paths, or one text with paths in double quotes. Throws `AttachmentNotFoundError`. */
async function attachmentsOf(args: ActionArguments, { folder }: ActionContext): Promise<string[]> {
  if (!args.has('Attachments')) return [];
  const value = args.value('Attachments');
  const quoted = typeof value === 'string' ? [...value.matchAll(/"([^"]+)"/g)] : [];
  const paths =
    quoted.length > 0
      ? quoted.map(([, path]) => resolvePath(folder, (path as string).trim()))
      : args.paths('Attachments');
  for (const path of paths) {
    if (await isFile(path)) continue;
    throw new ActionError(
      'AttachmentNotFoundError',
      `The attachment "${path}" does not exist or is no file.`,
      'Check the path, or test with "If file exists" before.',
    );
  }
  return paths;
}

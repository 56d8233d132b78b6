// One email message as a flow holds it: read from its source, attachments saved to a folder when wanted.
import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Address, Attachment, Email } from 'postal-mime';
import { ActionError } from '../../action.ts';
import { describe } from '../../convert.ts';
import { localTime } from '../../dotnet/timeZone.ts';
import { InstanceValue, type Value } from '../../values.ts';
import { failure, fileValue } from '../fileSystem.ts';
import { freePath, harmlessName } from '../savedFile.ts';
import { shownAddress } from './addresses.ts';

/** Where a message is on its server. */
export class MailReference {
  readonly folder: string;
  readonly uid: number;
  /** Changes when the server numbers the messages of a folder anew. */
  readonly uidValidity: bigint;
  constructor(folder: string, uid: number, uidValidity: bigint) {
    this.folder = folder;
    this.uid = uid;
    this.uidValidity = uidValidity;
  }
}

/** The reference of a message that a flow holds. Throws `InvalidArgument`. */
export function referenceOf(value: Value, argument: string): MailReference {
  if (value instanceof InstanceValue && value.resource instanceof MailReference) return value.resource;
  throw new ActionError(
    'InvalidArgument',
    `${describe(value)} cannot be used for the argument "${argument}", which expects email messages.`,
    'Give the variable that "Retrieve email messages" produced, or one of its items.',
  );
}

/** The value of a message: From, To, Cc, Date, Subject, Body, BodyText, Attachments, Uid, MailFolder. `folder`: where attachments go, if anywhere. Throws `SaveAttachmentsError`. */
export async function messageValue(
  reference: MailReference,
  source: Uint8Array,
  folder: string | undefined,
  signal: AbortSignal,
): Promise<InstanceValue> {
  const email = await parsed(source);
  const at = Date.parse(email.date ?? '');
  const files: Value[] = [];
  for (const attachment of folder === undefined ? [] : email.attachments) {
    // Pictures inside the text are part of it.
    if (attachment.related !== true || attachment.disposition === 'attachment')
      files.push(await saved(attachment, folder as string, signal));
  }
  const text = (email.text ?? '').replace(/\r?\n$/, '');
  const html = email.html?.replace(/\r?\n$/, '');
  return new InstanceValue(
    'Mail message',
    reference,
    new Map<string, Value>([
      ['MailFolder', reference.folder],
      ['Uid', reference.uid],
      ['From', addressTexts(email.from === undefined ? [] : [email.from])[0] ?? ''],
      ['To', addressTexts(email.to)],
      ['Cc', addressTexts(email.cc)],
      ['Date', Number.isNaN(at) ? null : localTime(at)],
      ['Subject', email.subject ?? ''],
      ['Body', html ?? text],
      ['BodyText', text !== '' || html === undefined ? text : await textOfHtml(html)],
      ['Attachments', files],
    ]),
  );
}

/** A message that cannot be taken apart, such as one of parts in parts without end, has its raw content as text: the others must be had. */
async function parsed(source: Uint8Array): Promise<Email> {
  const { default: PostalMime } = await import('postal-mime');
  try {
    return await PostalMime.parse(source);
  } catch {
    const raw = Buffer.from(source.buffer, source.byteOffset, source.length);
    const end = raw.indexOf('\r\n\r\n');
    const head = await PostalMime.parse(end < 0 ? raw : raw.subarray(0, end));
    return { ...head, text: end < 0 ? '' : raw.toString('utf8', end + 4) };
  }
}

function addressTexts(addresses: readonly Address[] | undefined): string[] {
  return (addresses ?? []).flatMap((one) =>
    one.group === undefined ? [shownAddress(one)] : one.group.map(shownAddress),
  );
}

async function saved(attachment: Attachment, folder: string, signal: AbortSignal): Promise<Value> {
  const ending = /^[\w-]+\/([\w-]+)$/.exec(attachment.mimeType)?.[1] ?? 'bin';
  const name = harmlessName(
    attachment.filename ?? '',
    attachment.mimeType === 'message/rfc822' ? 'message.eml' : `attachment.${ending}`,
  );
  const path = await freePath(folder, name, '_');
  try {
    const content = attachment.content as ArrayBuffer | Uint8Array;
    await writeFile(path, content instanceof Uint8Array ? content : new Uint8Array(content), {
      flag: 'wx',
      signal,
    });
  } catch (error) {
    throw failure(
      'SaveAttachmentsError',
      'save attachment',
      `${basename(path)}" to "${folder}`,
      error,
      signal,
    );
  }
  return await fileValue(path);
}

/** The words of an HTML text. The reader of messages can do that for a part beside a plain one, so it is given such a message. */
async function textOfHtml(html: string): Promise<string> {
  const { default: PostalMime } = await import('postal-mime');
  const line = '=_words_of_html';
  const message = [
    `Content-Type: multipart/mixed; boundary="${line}"`,
    '',
    `--${line}`,
    'Content-Type: text/plain',
    '',
    '',
    `--${line}`,
    'Content-Type: text/html; charset=utf-8',
    'Content-Transfer-Encoding: base64',
    '',
    ...(Buffer.from(html, 'utf8')
      .toString('base64')
      .match(/.{1,76}/g) ?? []),
    `--${line}--`,
    '',
  ].join('\r\n');
  const { text = '' }: Email = await PostalMime.parse(message);
  return text.trim();
}

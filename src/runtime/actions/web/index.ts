// The HTTP actions: download from the web, web services, SOAP services. How a request travels is in exchange.ts. Attachments of web
// services (the `…Upload` ids) are left out: how flows write them is not known.
import { dirname, join } from 'node:path';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../../action.ts';
import { toText } from '../../convert.ts';
import type { FileValue, Value } from '../../values.ts';
import { failure, fileValue, pathOf, requireFolder } from '../fileSystem.ts';
import { networkFailure } from '../network.ts';
import { saveWhole, TooLarge } from '../savedFile.ts';
import { tableArgument } from '../typed.ts';
import { basicCredentials } from './authentication.ts';
import { CookieJar } from './cookies.ts';
import { type Answer, exchange } from './exchange.ts';
import { fileNameOf, requireEncoding, textOf } from './text.ts';

/** More text than this does not fit into a variable; it can be saved to a file. */
const largestText = 256 * 1024 * 1024;

/** The cookies of each run. */
const jars = new WeakMap<AbortSignal, CookieJar>();

function jarOf({ signal }: ActionContext): CookieJar {
  const jar = jars.get(signal) ?? new CookieJar();
  jars.set(signal, jar);
  return jar;
}

// ── Requests ────────────────────────────────────────────────────────────────────────────────────────────────────

interface Call {
  readonly url: URL;
  readonly method: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer | undefined;
  /** The action's own error. */
  readonly code: string;
  readonly withCredentials: boolean;
}

/** An address without what may be secret in it: for messages. */
function shown(url: URL): string {
  return `${url.origin}${url.pathname}${url.search === '' ? '' : '?…'}`;
}

/** The web address in the argument `name`; a user name and password in it go to the credentials. */
function addressOf(args: ActionArguments, name: string, code: string, context: ActionContext): URL {
  const text = args.text(name).trim();
  let url: URL | undefined;
  try {
    url = new URL(text);
  } catch {
    // Said below.
  }
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new ActionError(
      code,
      `The value of "${name}" is no web address.`,
      'Give a complete address that begins with http:// or https://.',
    );
  }
  if (url.password !== '') context.addSecret(decoded(url.password));
  return url;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone percent sign
  }
}

async function send(call: Call, args: ActionArguments, context: ActionContext): Promise<Answer> {
  const { code, withCredentials } = call;
  const cookies = jarOf(context);
  if (args.boolean('ClearCookies')) cookies.clear();
  const url = new URL(call.url);
  url.username = '';
  url.password = '';
  url.hash = '';
  const password = withCredentials ? args.text('Password') : decoded(call.url.password);
  const user = withCredentials ? args.text('Username') : decoded(call.url.username);
  if (password !== '') {
    context.addSecret(password);
    // Servers may send back what they were sent.
    context.addSecret(basicCredentials({ user, password }));
  }
  try {
    return await exchange({
      url,
      method: call.method,
      headers: call.headers,
      body: call.body,
      followRedirects: args.boolean('FollowRedirection'),
      acceptUntrusted: args.boolean('AcceptUntrustedCertificates'),
      credentials: withCredentials || user !== '' ? { user, password } : undefined,
      cookies,
      patience: {
        clock: context.host.clock,
        signal: context.signal,
        seconds: Math.max(0, args.number('ConnectionTimeout')),
      },
    });
  } catch (error) {
    throw networkFailure(code, `${call.method} ${shown(url)} failed`, error, context.signal);
  }
}

/** Throws `code` when the server reports an error. */
function requireSuccess({ status, reason, url, message }: Answer, code: string): void {
  if (status < 400) return;
  message.destroy();
  const steps: Readonly<Record<number, string>> = {
    401: 'Check user name and password; NTLM and Kerberos are not supported.',
    403: 'Check the rights of the account on the server.',
    404: 'Check the address.',
    407: 'Check user name and password of the proxy.',
    429: 'Wait before the next request, or let the action retry.',
  };
  throw new ActionError(
    code,
    `${shown(url)} answered with the error status ${status}${reason === '' ? '' : ` (${reason})`}.`,
    steps[status] ??
      'Check what the request sends; the documentation of the service says what the status means.',
  );
}

// ── Answers ─────────────────────────────────────────────────────────────────────────────────────────────────────

async function readText(
  answer: Answer,
  encoding: string,
  code: string,
  signal: AbortSignal,
): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > largestText) {
        throw new ActionError(
          code,
          `The answer of ${shown(answer.url)} is larger than 256 MB.`,
          'Save the response to a file instead of a variable.',
        );
      }
      chunks.push(chunk);
    }
  } catch (error) {
    answer.message.destroy();
    throw networkFailure(code, `The answer of ${shown(answer.url)} did not arrive`, error, signal);
  }
  return textOf(Buffer.concat(chunks), encoding, answer.message.headers['content-type'] ?? '');
}

/** Where an answer is saved: a file the flow names, or a folder where the server's name for it is kept. */
type Target = { readonly file: string } | { readonly folder: string };

async function targetOf(args: ActionArguments, kind: 'File' | 'Folder'): Promise<Target> {
  const target =
    kind === 'File' ? { file: pathOf(args, 'FilePath') } : { folder: pathOf(args, 'DestinationFolder') };
  await requireFolder(
    target.file === undefined ? target.folder : dirname(target.file),
    'DirectoryNotFoundError',
  );
  return target as Target;
}

async function save(answer: Answer, target: Target, code: string, signal: AbortSignal): Promise<FileValue> {
  const path = 'file' in target ? target.file : join(target.folder, fileNameOf(answer));
  try {
    await saveWhole(answer.body, path);
  } catch (error) {
    answer.message.destroy();
    if (error instanceof TooLarge || isOfFile(error)) throw failure(code, 'save', path, error, signal);
    throw networkFailure(code, `The answer of ${shown(answer.url)} did not arrive`, error, signal);
  }
  return await fileValue(path);
}

/** True for an error of the file system. */
function isOfFile(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException).path === 'string';
}

// ── Download from web ───────────────────────────────────────────────────────────────────────────────────────────

function download(save_: '' | 'ToFile' | 'ToFolder', post: boolean, auth: boolean): ActionDefinition {
  const code = 'DownloadFromWebError';
  const use = [post ? 'UsePost' : '', auth ? (post ? 'AndAuth' : 'UseAuth') : ''].join('');
  return {
    id: `Web.DownloadFromWeb.Download${save_}${use}`,
    async run(args, context) {
      const encoding = requireEncoding(args);
      const url = addressOf(args, 'Url', code, context);
      const target = save_ === '' ? undefined : await targetOf(args, save_ === 'ToFile' ? 'File' : 'Folder');
      const headers: [string, string][] = [['Accept', '*/*']];
      if (args.text('UserAgent') !== '')
        headers.push(['User-Agent', headerText(args.text('UserAgent'), code)]);
      if (post) headers.push(['Content-Type', 'application/x-www-form-urlencoded']);
      const body = post ? Buffer.from(formOf(args)) : undefined;
      const method = post ? 'POST' : 'GET';
      const answer = await send({ url, method, headers, body, code, withCredentials: auth }, args, context);
      requireSuccess(answer, code);
      return {
        outputs:
          target === undefined
            ? { WebPageText: await readText(answer, encoding, code, context.signal) }
            : { DownloadedFile: await save(answer, target, code, context.signal) },
      };
    },
  };
}

/** A table of two columns, names and values, as a form. */
function formOf(args: ActionArguments): string {
  const table = tableArgument(args, 'Parameters');
  if (table.columns.length < 2) {
    throw new ActionError(
      'InvalidArgument',
      'The POST parameters need two columns: names and values.',
      "Give a table such as { ^['Name', 'Value'], ['user', 'Ann'] }.",
    );
  }
  return new URLSearchParams(
    table.rows.map(([name, value]): [string, string] => [toText(name ?? null), toText(value ?? null)]),
  ).toString();
}

// ── Web services ────────────────────────────────────────────────────────────────────────────────────────────────

/** A header's value as it can be sent; throws `code` when it cannot. */
function headerText(value: string, code: string): string {
  const bytes = Buffer.from(value.trim(), 'utf8').toString('latin1');
  if (!/[\u0000-\u0008\u000a-\u001f\u007f]/.test(bytes)) return bytes;
  throw new ActionError(
    code,
    'A header of the request holds a line break or another character that headers cannot have.',
    'Remove it from the value.',
  );
}

/** Decide where one message ends: not for flows to set. */
const framing: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'upgrade',
  'expect',
  'te',
  'trailer',
]);

/** The headers of the argument `CustomHeaders`, one `Name: value` per line. */
function customHeaders(args: ActionArguments): [string, string][] {
  const invalid = (line: number, why: string) =>
    new ActionError(
      'InvalidHeaderInCustomHeadersError',
      `Line ${line} of the custom headers ${why}.`,
      'Write one header per line as "Name: value".',
    );
  return args
    .text('CustomHeaders')
    .split(/\r\n|\r|\n/)
    .flatMap((text, index): [string, string][] => {
      if (text.trim() === '') return [];
      const match = /^\s*([\w!#$%&'*+.^`|~-]+)\s*:(.*)$/.exec(text);
      if (match === null) throw invalid(index + 1, 'is no header');
      const name = match[1] as string;
      if (framing.has(name.toLowerCase()))
        throw invalid(index + 1, `sets "${name}", which the agent sets itself`);
      return [[name, headerText(match[2] as string, 'InvalidHeaderInCustomHeadersError')]];
    });
}

/** Own headers, then those of the flow, which replace own ones of the same name; of two of the flow the later holds, except that cookies add up. */
function joined(own: readonly [string, string][], custom: readonly [string, string][]): [string, string][] {
  const all = new Map<string, [string, string]>();
  for (const header of [...own, ...custom]) all.set(header[0].toLowerCase(), header);
  return [...all.values()];
}

function bodyOf(args: ActionArguments, encode: boolean): Buffer | undefined {
  if (!args.has('RequestBody')) return undefined;
  const text = args.boolean('TrimRequestBody') ? args.text('RequestBody').trim() : args.text('RequestBody');
  return Buffer.from(encode ? urlEncoded(text) : text, 'utf8');
}

function urlEncoded(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

async function results(
  answer: Answer,
  target: Target | undefined,
  encoding: string,
  code: string,
  context: ActionContext,
): Promise<ActionResult> {
  const content: Record<string, Value> =
    target === undefined
      ? { Response: await readText(answer, encoding, code, context.signal) }
      : { DownloadedFile: await save(answer, target, code, context.signal) };
  return { outputs: { ...content, StatusCode: answer.status, ResponseHeaders: [...answer.headers] } };
}

function webService(
  auth: boolean,
  save_: '' | 'File' | 'Folder',
  fixed: '' | 'Post' | 'Put',
): ActionDefinition {
  const code = 'InvokeWebServiceError';
  return {
    id: `Web.InvokeWebService.InvokeWebService${auth ? 'UseAuth' : ''}${save_ === '' ? '' : `SaveTo${save_}`}${fixed}`,
    async run(args, context) {
      const encoding = requireEncoding(args);
      const url = addressOf(args, 'Url', code, context);
      const method = (fixed === '' ? args.member('Method') : fixed).toUpperCase();
      if (method === 'CONNECT') {
        throw new ActionError(
          'InvalidArgument',
          'The method CONNECT opens a tunnel through a proxy and has no answer.',
          'Choose another method; a proxy is used on its own when HTTPS_PROXY names one.',
        );
      }
      const target = save_ === '' ? undefined : await targetOf(args, save_);
      const body = bodyOf(args, args.boolean('EncodeRequestBody'));
      const own: [string, string][] = [];
      if (args.text('Accept') !== '') own.push(['Accept', headerText(args.text('Accept'), code)]);
      if (args.text('UserAgent') !== '') own.push(['User-Agent', headerText(args.text('UserAgent'), code)]);
      if (body !== undefined && args.text('ContentType') !== '')
        own.push(['Content-Type', headerText(args.text('ContentType'), code)]);
      const headers = joined(own, customHeaders(args));
      const answer = await send({ url, method, headers, body, code, withCredentials: auth }, args, context);
      if (args.boolean('FailOnErrorStatus')) requireSuccess(answer, code);
      return await results(answer, target, encoding, code, context);
    },
  };
}

// ── SOAP ────────────────────────────────────────────────────────────────────────────────────────────────────────

function soapService(auth: boolean): ActionDefinition {
  const code = 'InvokeSOAPServiceError';
  return {
    id: `Web.InvokeSoapService.InvokeSoapService${auth ? 'UseAuth' : ''}`,
    async run(args, context) {
      const encoding = requireEncoding(args);
      const url = addressOf(args, 'Endpoint', code, context);
      const body = bodyOf(args, false);
      // SOAP 1.2 has a media type of its own; 1.1 wants the header SOAPAction, if empty.
      const isNewer = body?.includes('http://www.w3.org/2003/05/soap-envelope') ?? false;
      const own: [string, string][] = [
        ['Content-Type', `${isNewer ? 'application/soap+xml' : 'text/xml'}; charset=utf-8`],
        ...(isNewer ? [] : ([['SOAPAction', '""']] as [string, string][])),
      ];
      if (args.text('UserAgent') !== '') own.push(['User-Agent', headerText(args.text('UserAgent'), code)]);
      const headers = joined(own, customHeaders(args));
      const answer = await send(
        { url, method: 'POST', headers, body, code, withCredentials: auth },
        args,
        context,
      );
      if (args.boolean('FailOnErrorStatus')) requireSuccess(answer, code);
      return await results(answer, undefined, encoding, code, context);
    },
  };
}

const either = [false, true];

export const webActions: readonly ActionDefinition[] = [
  ...either.flatMap((auth) =>
    either.flatMap((post) =>
      (['', 'ToFile', 'ToFolder'] as const).map((place) => download(place, post, auth)),
    ),
  ),
  ...either.flatMap((auth) =>
    (['', 'File', 'Folder'] as const).flatMap((place) =>
      (['', 'Post', 'Put'] as const).map((fixed) => webService(auth, place, fixed)),
    ),
  ),
  ...either.map(soapService),
];

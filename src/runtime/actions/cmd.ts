// Command sessions: a command interpreter that several actions talk to. `cmd.exe` on Windows, `/bin/sh` elsewhere. What a session
// has written and nobody has read waits in it: it stands still before that gets too much, so nothing is lost and memory stays bounded.

import { join } from 'node:path';
import type { Readable } from 'node:stream';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../action.ts';
import { InstanceValue, type Value } from '../values.ts';
import { orAborted } from './abort.ts';
import { codePageOf, decodeCodePage } from './codePages.ts';
import { isFolder, pathOf } from './fileSystem.ts';
import { pattern } from './pattern.ts';
import { onWindows, systemFolder } from './platform.ts';
import { type Conversation, converse, type Program } from './processes.ts';
import { instanceArgument } from './typed.ts';
import { consoleCodePage } from './windows.ts';

/** Output that may wait to be read, in bytes, of each of the two streams. */
const mostWaiting = 16 * 1024 * 1024;
/** How long a wait lets output gather before it looks again, in milliseconds. */
const gatheringMs = 20;
/** How long a closed session may take to end by itself, in milliseconds. */
const closingMs = 500;

/** One of the outputs of a session: what it has written since it was read. */
class Output {
  readonly #stream: Readable;
  #chunks: Buffer[] = [];
  #size = 0;

  constructor(stream: Readable, changed: () => void) {
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#size += chunk.length;
      if (this.#size > mostWaiting) stream.pause();
      changed();
    });
  }

  get isFull(): boolean {
    return this.#size > mostWaiting;
  }

  peek(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  take(): Buffer {
    const bytes = this.peek();
    this.#chunks = [];
    this.#size = 0;
    this.#stream.resume();
    return bytes;
  }
}

class CmdSession {
  readonly #conversation: Conversation;
  readonly #page: number;
  readonly output: Output;
  readonly errors: Output;
  /** As documented: `ProcessId`, and `IsAlive` as it is when it is asked. */
  readonly properties: ReadonlyMap<string, Value>;
  /** The next output, or the end. */
  #wake: () => void = () => {};
  #ended = false;

  constructor(conversation: Conversation, page: number) {
    this.#conversation = conversation;
    this.#page = page;
    const { child } = conversation;
    this.output = new Output(child.stdout as Readable, () => this.#wake());
    this.errors = new Output(child.stderr as Readable, () => this.#wake());
    const properties = new Map<string, Value>([
      ['IsAlive', true],
      ['ProcessId', child.pid as number],
    ]);
    this.properties = properties;
    child.once('exit', () => properties.set('IsAlive', false));
    child.once('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  text(bytes: Buffer): string {
    return decodeCodePage(bytes, this.#page);
  }

  /** Resolves when something was written or the session has ended. */
  changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (this.#ended) resolve();
    });
  }

  /** Resolves when the interpreter has taken the text. */
  write(text: string): Promise<void> {
    const { stdin } = this.#conversation.child;
    return new Promise((resolve, reject) => {
      if (!stdin?.writable) return reject(new Error('it takes no more input'));
      stdin.write(text, 'utf8', (error) => (error ? reject(error) : resolve()));
    });
  }

  async close(after: (ms: number) => Promise<void>): Promise<void> {
    if (this.#ended) return;
    const { child } = this.#conversation;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.stdin?.end();
    await Promise.race([ended, after(closingMs)]);
    this.#conversation.kill();
    await Promise.race([ended, after(closingMs)]);
  }
}

function program(folder: string, page: number): Program {
  if (!onWindows) return { file: '/bin/sh', args: [], folder };
  return { file: join(systemFolder(), 'cmd.exe'), args: [`/d /q /k chcp ${page} >nul`], folder };
}

async function open(args: ActionArguments, context: ActionContext, withPage: boolean): Promise<ActionResult> {
  const folder = args.has('Directory') ? pathOf(args, 'Directory') : context.folder;
  if (!(await isFolder(folder))) {
    throw new ActionError(
      'WorkingDirectoryNotFoundError',
      `The folder "${folder}" does not exist.`,
      'Check the path, or create the folder first.',
    );
  }
  const page = withPage ? pageOf(args.member('Encoding')) : await consoleCodePage(context.signal);
  let conversation: Conversation;
  try {
    conversation = await converse(program(folder, page));
  } catch (error) {
    throw new ActionError(
      'StartCommandSessionError',
      `The command interpreter could not be started: ${(error as Error).message}.`,
      'Check that the account that runs the flow may run it.',
      { cause: error },
    );
  }
  const session = new CmdSession(conversation, page);
  context.own(() => conversation.kill());
  return { outputs: { Session: new InstanceValue('CMD session', session, session.properties) } };
}

function pageOf(member: string): number {
  const page = codePageOf(member);
  if (page !== undefined) return page;
  throw new ActionError(
    'StartCommandSessionError',
    `The encoding ${member} is not supported by this agent.`,
    'Choose utf_8 or one of the windows, ibm or iso encodings.',
  );
}

function sessionOf(args: ActionArguments): CmdSession {
  return instanceArgument(args, 'Session', CmdSession, 'a CMD session');
}

function closed(): ActionError {
  return new ActionError(
    'CMDSessionClosedError',
    'The CMD session is closed.',
    'It was closed before, or a command such as "exit" ended it: open a new one.',
  );
}

async function write(args: ActionArguments, { signal }: ActionContext): Promise<ActionResult> {
  const session = sessionOf(args);
  if (session.hasEnded) throw closed();
  const enter = args.boolean('SendEnter') ? (onWindows ? '\r\n' : '\n') : '';
  try {
    // A program that does not read what it is sent may take for ever.
    await orAborted(session.write(args.text('Command') + enter), signal);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw new ActionError(
      'WriteToCMDSessionError',
      `The CMD session could not be written to: ${(error as Error).message}.`,
      'The session may just have ended: open a new one.',
      { cause: error },
    );
  }
  return {};
}

/** What a session that has ended wrote at last can still be read, once. */
function read(args: ActionArguments, split: boolean): ActionResult {
  const session = sessionOf(args);
  const [output, errors] = [session.output.take(), session.errors.take()];
  if (session.hasEnded && output.length + errors.length === 0) throw closed();
  return {
    outputs: split
      ? { CmdOutput: session.text(output), CmdError: session.text(errors) }
      : { CmdOutput: session.text(output) + session.text(errors) },
  };
}

/** Looks through what was not read yet, and leaves it there to be read. A timeout of 0 waits as long as it takes. */
async function waitForText(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const session = sessionOf(args);
  const found = textFinder(args);
  const seconds = args.integer('Timeout');
  const { signal } = context;
  const { clock } = context.host;
  let late = false;
  let wake: () => void = () => {};
  const timer =
    seconds > 0
      ? clock.after(seconds * 1000, () => {
          late = true;
          wake();
        })
      : undefined;
  const stopped = () => wake();
  signal.addEventListener('abort', stopped);
  try {
    for (;;) {
      signal.throwIfAborted();
      const text = session.text(session.output.peek()) + session.text(session.errors.peek());
      if (found(text)) return {};
      if (session.hasEnded) throw closed();
      if (late || session.output.isFull || session.errors.isFull) throw notFound(seconds, !late);
      await Promise.race([
        session.changed(),
        new Promise<void>((resolve) => {
          wake = resolve;
        }),
      ]);
      // What comes in many pieces is looked through together.
      await new Promise<void>((resolve) => void clock.after(gatheringMs, resolve));
    }
  } finally {
    timer?.dispose();
    signal.removeEventListener('abort', stopped);
  }
}

function textFinder(args: ActionArguments): (text: string) => boolean {
  const wanted = args.text('Text');
  const ignoreCase = args.has('IgnoreCase') && args.boolean('IgnoreCase');
  if (args.boolean('IsRegEx')) {
    const regex = pattern(wanted, ignoreCase);
    return (text) => regex.first(text) !== undefined;
  }
  const fold = (text: string) => (ignoreCase ? text.toLowerCase() : text);
  return (text) => fold(text).includes(fold(wanted));
}

function notFound(seconds: number, full: boolean): ActionError {
  return new ActionError(
    'TimeoutOccurredWhileWaitingForTextError',
    full
      ? 'The CMD session wrote more than 16 MB without the text.'
      : `The text did not appear in the CMD session within ${seconds} seconds.`,
    'Read the session to see what it wrote, or give it more time.',
  );
}

async function close(args: ActionArguments, { host }: ActionContext): Promise<ActionResult> {
  const after = (ms: number) => new Promise<void>((resolve) => void host.clock.after(ms, resolve));
  await sessionOf(args).close(after);
  return {};
}

export const cmdActions: readonly ActionDefinition[] = [
  { id: 'Cmd.Open.Open', run: (args, context) => open(args, context, false) },
  { id: 'Cmd.Open.OpenWithCodePage', run: (args, context) => open(args, context, true) },
  { id: 'Cmd.Write', run: write },
  { id: 'Cmd.ReadFromCmdSession.Read', run: (args) => read(args, false) },
  { id: 'Cmd.ReadFromCmdSession.ReadAndSplit', run: (args) => read(args, true) },
  { id: 'Cmd.WaitForText', run: waitForText },
  { id: 'Cmd.Close', run: close },
];

// The clipboard, as text. Windows and macOS have one; elsewhere it belongs to the graphical session, and where there is none (a
// server, a session without a display) each run has a clipboard of its own, which lasts as long as the run.
import { type ActionContext, type ActionDefinition, ActionError, type ActionResult } from '../action.ts';
import { onWindows } from './platform.ts';
import { execute } from './processes.ts';

interface Clipboard {
  get(): Promise<string>;
  /** Empty text empties it. */
  set(text: string): Promise<void>;
}

// ── The clipboard of the system ─────────────────────────────────────────────────────────────────────────────────

function windowsClipboard({ desktop, signal }: ActionContext): Clipboard {
  return {
    get: async () => (await desktop()).clipboardText(signal),
    set: async (text) => (await desktop()).setClipboard(text === '' ? undefined : { text }, signal),
  };
}

/** Programs that read and write a clipboard through their standard output and input. */
interface Tool {
  readonly name: string;
  readonly read: readonly string[];
  readonly write: readonly string[];
}

const macTools: readonly Tool[] = [{ name: 'pb', read: ['pbpaste'], write: ['pbcopy'] }];
const waylandTools: readonly Tool[] = [
  { name: 'wl-clipboard', read: ['wl-paste', '--no-newline', '--type', 'text'], write: ['wl-copy'] },
];
const x11Tools: readonly Tool[] = [
  {
    name: 'xclip',
    read: ['xclip', '-selection', 'clipboard', '-out'],
    write: ['xclip', '-selection', 'clipboard', '-in'],
  },
  { name: 'xsel', read: ['xsel', '--clipboard', '--output'], write: ['xsel', '--clipboard', '--input'] },
];

function tools(): readonly Tool[] {
  if (process.platform === 'darwin') return macTools;
  return [...(process.env.WAYLAND_DISPLAY ? waylandTools : []), ...(process.env.DISPLAY ? x11Tools : [])];
}

/** Uses the first tool that is installed; undefined when none is. */
async function withTool<T>(use: (tool: Tool) => Promise<T>): Promise<{ readonly result: T } | undefined> {
  for (const tool of tools()) {
    try {
      return { result: await use(tool) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return undefined;
}

function toolClipboard({ signal, host, own }: ActionContext): Clipboard {
  const run = async (command: readonly string[], input: string | undefined) => {
    const [file = '', ...args] = command;
    const { exitCode, output } = await execute(
      { file, args, folder: '/' },
      {
        // A program that keeps what was copied goes on in the background and would hold its output open.
        capture: input === undefined,
        ...(input !== undefined && { input }),
        signal,
        clock: host.clock,
      },
    );
    // An empty clipboard is a failure for these programs.
    if (exitCode !== 0 && input !== undefined) throw new Error(`${file} ended with exit code ${exitCode}`);
    return exitCode === 0 ? output.toString('utf8') : '';
  };
  const runOwn = ownClipboard(own);
  return {
    get: async () => (await withTool(({ read }) => run(read, undefined)))?.result ?? (await runOwn.get()),
    async set(text) {
      if ((await withTool(({ write }) => run(write, text))) === undefined) await runOwn.set(text);
    },
  };
}

// ── The clipboard of a run ──────────────────────────────────────────────────────────────────────────────────────

let ownText: string | undefined;

/** A worker carries out one run; where several follow each other in a process, each starts with an empty one. */
function ownClipboard(own: ActionContext['own']): Clipboard {
  return {
    get: async () => ownText ?? '',
    async set(text) {
      if (ownText === undefined)
        own(() => {
          ownText = undefined;
        });
      ownText = text;
    },
  };
}

const clipboardOf = (context: ActionContext): Clipboard =>
  onWindows ? windowsClipboard(context) : toolClipboard(context);

async function attempt<T>(
  code: string,
  what: string,
  context: ActionContext,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (context.signal.aborted) throw context.signal.reason;
    throw new ActionError(
      code,
      `The clipboard could not be ${what}: ${(error as Error).message}.`,
      'Another program may hold it: try again, or give the action a retry.',
      { cause: error },
    );
  }
}

async function getText(context: ActionContext): Promise<ActionResult> {
  const text = await attempt('RetrieveClipboardContentsError', 'read', context, () =>
    clipboardOf(context).get(),
  );
  return { outputs: { Text: text } };
}

async function setText(text: string, code: string, context: ActionContext): Promise<ActionResult> {
  await attempt(code, 'changed', context, () => clipboardOf(context).set(text));
  return {};
}

export const clipboardActions: readonly ActionDefinition[] = [
  { id: 'Clipboard.GetText', run: (_, context) => getText(context) },
  {
    id: 'Clipboard.SetText',
    run: (args, context) => setText(args.text('Text'), 'SetClipboardContentsError', context),
  },
  { id: 'Clipboard.Clear', run: (_, context) => setText('', 'ActionFailed', context) },
];

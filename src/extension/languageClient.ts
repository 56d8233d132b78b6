// The language server of Robin: a process of its own, restarted after crashes a limited number of times. Loaded and started when
// the first flow is opened, never by activation itself. Everything about the text of a flow is asked here.
import { ProductError } from '../base/error.ts';
import type { Log } from '../base/log.ts';
import type { EditorRequests } from '../protocol/editor.ts';
import { languageId } from './names.ts';
import type { LogOutputChannel } from './vscode.ts';

/** What the rest of the extension needs to know about flows. */
export interface FlowLanguage {
  /**
   * Asks the server, which is started when it is not.
   * @throws ProductError with the server's own words when it refuses; `LanguageServerNotRunning` when it does not answer.
   */
  ask<Method extends keyof EditorRequests>(
    method: Method,
    params: EditorRequests[Method]['params'],
  ): Promise<EditorRequests[Method]['result']>;
  /** Starts the server unless it runs. */
  start(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const maxRestarts = 4;
/** Files, new documents, and files of a repository that is browsed without a copy. Not the old side of a comparison. */
const schemes = ['file', 'untitled', 'vscode-vfs'];

type Client = import('vscode-languageclient/node').LanguageClient;
type ErrorHandler = import('vscode-languageclient/node').ErrorHandler;

export class LanguageServer implements FlowLanguage {
  readonly #script: string;
  readonly #channel: () => LogOutputChannel;
  readonly #log: Log;
  readonly #gaveUp: () => void;
  #client: Promise<Client> | undefined;

  /**
   * `script` is the server's bundle. `channel` creates its output channel when it is first needed. `gaveUp` is called when
   * the server crashed so often that it is not started again by itself.
   */
  constructor(script: string, channel: () => LogOutputChannel, log: Log, gaveUp: () => void) {
    this.#script = script;
    this.#channel = channel;
    this.#log = log;
    this.#gaveUp = gaveUp;
  }

  async start(): Promise<void> {
    await this.#started();
  }

  async ask<Method extends keyof EditorRequests>(
    method: Method,
    params: EditorRequests[Method]['params'],
  ): Promise<EditorRequests[Method]['result']> {
    try {
      const client = await this.#started();
      return await client.sendRequest<EditorRequests[Method]['result']>(method, params);
    } catch (error) {
      const refusal = asRefusal(error);
      if (refusal) throw refusal;
      throw new ProductError(
        'LanguageServerNotRunning',
        `The language server did not answer: ${error instanceof Error ? error.message : String(error)}`,
        'Run "Desktop Flows: Restart Language Server" and try again.',
        { cause: error },
      );
    }
  }

  async restart(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    // A server that crashed or hangs does not stop politely; a new one is started all the same.
    await client
      ?.then((old) => old.dispose())
      .catch((error) => this.#log.warn('the language server did not stop', { error: String(error) }));
    await this.start();
  }

  async stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.then((old) => old.dispose()).catch(() => undefined); // the window closes: nobody is left to tell
  }

  #started(): Promise<Client> {
    this.#client ??= this.#start().catch((error) => {
      this.#client = undefined;
      throw error;
    });
    return this.#client;
  }

  async #start(): Promise<Client> {
    const { LanguageClient, TransportKind, CloseAction } = await import('vscode-languageclient/node');
    // The usual restarts, but an end that is final is told by us: with a way out.
    let usual: ErrorHandler;
    const errorHandler: ErrorHandler = {
      error: (...failure) => usual.error(...failure),
      closed: async () => {
        const result = await usual.closed();
        this.#log.warn('the language server ended', { restarts: result.action === CloseAction.Restart });
        if (result.action === CloseAction.Restart) return result;
        this.#gaveUp();
        return { ...result, handled: true };
      },
    };
    const client = new LanguageClient(
      'desktopFlows',
      'Desktop Flows Language Server',
      { module: this.#script, transport: TransportKind.ipc },
      {
        documentSelector: schemes.map((scheme) => ({ language: languageId, scheme })),
        outputChannel: this.#channel(),
        errorHandler,
      },
    );
    usual = client.createDefaultErrorHandler(maxRestarts);
    await client.start();
    this.#log.info('language server started');
    return client;
  }
}

/** An answer of the server that says no in words for people: it carries a code and a next step. */
function asRefusal(error: unknown): ProductError | undefined {
  const data = (error as { data?: { code?: unknown; nextStep?: unknown } } | null)?.data;
  return error instanceof Error && typeof data?.code === 'string' && typeof data.nextStep === 'string'
    ? new ProductError(data.code, error.message, data.nextStep)
    : undefined;
}

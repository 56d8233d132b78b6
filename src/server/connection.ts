// Serves one client: puts the features together, reads its settings, and keeps the server alive when one of them fails.
// No feature lives here.
import {
  type CancellationToken,
  type Connection,
  DidChangeConfigurationNotification,
  ErrorCodes,
  ResponseError,
  type ServerCapabilities,
  TextDocumentSyncKind,
} from 'vscode-languageserver';
import { type Clock, systemClock } from '../base/clock.ts';
import { asProductError } from '../base/error.ts';
import type { EditorRequests } from '../protocol/editor.ts';
import type { FeatureHost } from './feature.ts';
import { features } from './features/all.ts';
import { defaultSettings, readSettings, type Settings } from './settings.ts';
import { type Analysis, Workspace } from './workspace.ts';

/** Serves `connection` until the client closes it. A feature that fails is logged and answers with nothing; the server stays. */
export function serve(connection: Connection, clock: Clock = systemClock): void {
  const workspace = new Workspace(connection, clock);
  let settings: Settings = defaultSettings;
  let asksForSettings = false;
  let isShutDown = false;

  connection.onInitialize((params) => {
    const { capabilities } = params;
    asksForSettings = capabilities.workspace?.configuration === true;
    settings = readSettings(params.initializationOptions);
    workspace.initialise(params, settings);
    return {
      serverInfo: { name: 'Desktop Flows' },
      capabilities: {
        positionEncoding: 'utf-16',
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
        ...merged([
          { workspace: { workspaceFolders: { supported: true, changeNotifications: true } } },
          ...features.map((feature) => feature.capabilities ?? {}),
        ]),
      },
    };
  });
  connection.onInitialized(() => {
    workspace.start();
    if (!asksForSettings) return;
    inBackground('asking to hear of settings', () =>
      connection.client.register(DidChangeConfigurationNotification.type, { section: 'desktopFlows' }),
    );
    inBackground('settings', takeSettings);
  });
  connection.onDidChangeConfiguration(({ settings: sent }) => {
    if (asksForSettings) inBackground('settings', takeSettings);
    else use(readSettings((sent as { desktopFlows?: unknown } | null)?.desktopFlows));
  });

  connection.onShutdown(() => {
    isShutDown = true;
  });

  const host: FeatureHost = {
    connection,
    workspace,
    clock,
    settings: () => settings,
    answer,
    guard,
    inBackground,
    request,
  };
  for (const feature of features) feature.register(host);
  connection.listen();

  async function takeSettings(): Promise<void> {
    use(readSettings(await connection.workspace.getConfiguration('desktopFlows')));
  }

  function use(next: Settings): void {
    settings = next;
    workspace.useSettings(next);
  }

  async function answer<T>(
    name: string,
    uri: string,
    token: CancellationToken,
    nothing: T,
    feature: (analysis: Analysis) => T | Promise<T>,
  ): Promise<T> {
    return guard(`${name} of ${uri}`, nothing, async () => {
      const analysis = await workspace.analysis(uri, token);
      if (analysis === undefined) return nothing;
      const found = await feature(analysis);
      // A feature that had to wait may have seen two versions.
      analysis.mustBeNewest();
      return found;
    });
  }

  function request<Method extends keyof EditorRequests>(
    method: Method,
    handler: (
      params: EditorRequests[Method]['params'],
      token: CancellationToken,
    ) => Promise<EditorRequests[Method]['result']> | EditorRequests[Method]['result'],
  ): void {
    connection.onRequest(
      method,
      async (params: EditorRequests[Method]['params'], token: CancellationToken): Promise<object> => {
        try {
          mustServe();
          return await handler(params, token);
        } catch (error) {
          if (error instanceof ResponseError) throw error;
          const failure = asProductError(error);
          if (failure !== error) log(method, error);
          const { code, nextStep } = failure;
          throw new ResponseError(ErrorCodes.InvalidRequest, failure.message, { code, nextStep });
        }
      },
    );
  }

  async function guard<T>(name: string, nothing: T, feature: () => T | Promise<T>): Promise<T> {
    try {
      mustServe();
      return await feature();
    } catch (error) {
      if (error instanceof ResponseError) throw error;
      log(name, error);
      return nothing;
    }
  }

  function inBackground(name: string, work: () => Promise<unknown>): void {
    // What is left are answers to a client: that the document has changed, or that the server is shut down.
    guard(name, undefined, work).catch(() => {});
  }

  /** @throws ResponseError `InvalidRequest` for whoever asks after having said that nothing more will come. */
  function mustServe(): void {
    if (isShutDown) throw new ResponseError(ErrorCodes.InvalidRequest, 'The server was told to shut down.');
  }

  function log(name: string, error: unknown): void {
    const stack = error instanceof Error ? error.stack : undefined;
    connection.console.error(`${name} failed: ${stack ?? asProductError(error).message}`);
  }
}

/** One level deep: two features may both add to `workspace`. */
function merged(parts: readonly Partial<ServerCapabilities>[]): Partial<ServerCapabilities> {
  const all: Record<string, unknown> = {};
  for (const part of parts) {
    for (const [name, value] of Object.entries(part)) {
      const before = all[name];
      all[name] = isObject(before) && isObject(value) ? { ...before, ...value } : value;
    }
  }
  return all;
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

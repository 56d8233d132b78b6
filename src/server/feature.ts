// What a language feature is: a part of the server's capabilities, and the requests it answers. A feature may use the pure
// functions of another, never what that registers; all.ts lists them.
import type { CancellationToken, Connection, ServerCapabilities } from 'vscode-languageserver';
import type { Clock } from '../base/clock.ts';
import type { EditorRequests } from '../protocol/editor.ts';
import type { Settings } from './settings.ts';
import type { Analysis, Workspace } from './workspace.ts';

export interface Feature {
  readonly capabilities?: Partial<ServerCapabilities>;
  /** Called once, before the connection listens. */
  register(host: FeatureHost): void;
}

export interface FeatureHost {
  readonly connection: Connection;
  readonly workspace: Workspace;
  readonly clock: Clock;
  /** The newest settings; changes arrive with `workspace.onDidChangeSettings`. */
  readonly settings: () => Settings;
  /**
   * Answers one request about one open document from its newest analysis. A fault inside `feature` is logged once and becomes
   * `nothing`; a cancelled request ends as the protocol wants it; the server stays.
   */
  answer<T>(
    name: string,
    uri: string,
    token: CancellationToken,
    nothing: T,
    feature: (analysis: Analysis) => T | Promise<T>,
  ): Promise<T>;
  /**
   * Answers one of our own requests. A ProductError reaches the client with its code and next step; any other fault is logged and
   * told as a failure: there is no empty answer that a person could mistake for a good one.
   */
  request<Method extends keyof EditorRequests>(
    method: Method,
    handler: (
      params: EditorRequests[Method]['params'],
      token: CancellationToken,
    ) => Promise<EditorRequests[Method]['result']> | EditorRequests[Method]['result'],
  ): void;
  /** The same as `answer` for a request that is not about one open document. */
  guard<T>(name: string, nothing: T, feature: () => T | Promise<T>): Promise<T>;
  /** Does what nobody waits for. A fault is logged once; work that has become pointless, because a document changed, ends silently. */
  inBackground(name: string, work: () => Promise<unknown>): void;
}

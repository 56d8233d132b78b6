// Windows sessions as the agent uses them: found, made, watched, locked, reused, signed out, and workers started inside them.
// An interface only. `current` is the session the agent itself is in, and refuses with `SessionsNotSupported` what takes another one;
// `linux` makes real ones with xrdp; `windows` follows. All of them pass test/agent/sessions/contract.ts. Which session a run gets is
// decided by orchestration/rules.ts, never here.
import type { ChildProcess } from 'node:child_process';
import type { Event } from '../../base/event.ts';
import type { SessionFacts, SessionState } from '../../protocol/sessions.ts';

/** What it takes to sign somebody in. The password never reaches an argument list, an environment, a log or an error text. */
export interface Credential {
  /** In any of the forms of rule CON-3: `DOMAIN\user`, `user@domain`, `.\user`, `MACHINE\user`, `user`. */
  readonly account: string;
  readonly password: string;
}

/** How a new session looks (rule SES-8). */
export interface SessionOptions {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** A session whose state changed, or that has ended. `reason` is an error code of the product where a policy or a person ended it. */
export type SessionChange =
  | { readonly kind: 'changed'; readonly session: SessionFacts; readonly was: SessionState }
  | {
      readonly kind: 'ended';
      readonly session: SessionFacts;
      readonly reason:
        | 'SessionHasLoggedOff'
        | 'SessionHasLoggedOffWithMaxIdleTime'
        | 'MaxRDSessionDurationReached';
    };

/** A program to start in a session. `environment` is added to that of the session's user. */
export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** What every host can say about the machine it plays. */
export interface HostFacts {
  /** Client editions of Windows carry one session, Server editions several (rules MODE-3, MODE-4, CCY-1). */
  readonly edition: 'client' | 'server';
  /** Most sessions that can be signed in at once, as the system is set up (rules CCY-2, CCY-4). */
  readonly sessionLimit: number;
  /** Whether a user may have several sessions: then none can be reused (rule SES-5). */
  readonly severalPerUser: boolean;
}

export interface SessionHost {
  readonly kind: 'current' | 'linux' | 'windows';
  facts(): Promise<HostFacts>;
  /** All sessions of all users that are signed in, in any state. Throws `UIFlowServiceNoRdpPermissions` when it may not look. */
  list(): Promise<readonly SessionFacts[]>;
  /**
   * Signs a user in with a session of their own; resolves when programs can be started in it. A session of that user that exists is
   * not touched: the caller has decided that there is none. When `signal` aborts, its reason is thrown within a second, and what the
   * attempt has made so far is gone soon after; the next sign-in waits for that.
   * Throws `SessionCreationInvalidCredentials`, `AccountLockedOut`, `SessionCreationUserPromptedForCredentialsAfterConnection`,
   * `RdpPermissionNotGranted`, `RDPIsNotEnabled`, `SessionExistsForTheUserWhenUnattended`, `Win10AlreadyHasActiveSession` (any session
   * on a client edition), `TooManyActiveSessions`, `SessionCreationError`, `SessionNotFoundAfterCreation`.
   */
  open(credential: Credential, options: SessionOptions, signal: AbortSignal): Promise<SessionFacts>;
  /**
   * Makes a locked or disconnected session usable again for its user (rule SES-4). One in use is left alone. Where a sign-in fails it
   * stays as it was. Throws as `open` (the session in use: `SessionExistsForTheUserWhenUnattended`), and `SessionNotFound`.
   */
  reuse(sessionId: string, credential: Credential, signal: AbortSignal): Promise<SessionFacts>;
  /**
   * Starts a program as the session's user, on its desktop. The process has an IPC channel (`send`, `message`) that nobody else can
   * open. Throws `SessionNotFound` and `WorkerNotStarted`.
   */
  launch(sessionId: string, launch: Launch): Promise<ChildProcess>;
  /**
   * Locks its screen; who comes next has to sign in. Nothing happens to what runs inside. Throws `SessionNotFound`, and
   * `SessionNotLocked` when something in it does not let it. One that nobody is connected to stays `disconnected`.
   */
  lock(sessionId: string): Promise<void>;
  /** Ends the connection to it and leaves it running. Throws `SessionNotFound`, and `SessionNotDisconnected` when it cannot. */
  disconnect(sessionId: string): Promise<void>;
  /** Ends it and everything that runs inside; both are gone when it resolves. A session that is gone is no error. */
  signOut(sessionId: string): Promise<void>;
  /** Changes of any session, within two seconds, also of those that were not opened here. */
  readonly onChange: Event<SessionChange>;
  /** Stops watching. Sessions stay as they are. */
  dispose(): void;
}

// What Windows does for the user that is signed in, besides windows: programs are started, documents printed, sounds played. An interface
// only: tests play it. Waiting for windows and processes is not here.

/** How the first window of a program is shown. */
export type WindowStyle = 'normal' | 'hidden' | 'minimized' | 'maximized';

/** A program, a document, a folder or an address, as a double click opens it. */
export interface Start {
  readonly path: string;
  /** As one text, the way Windows hands it to a program. */
  readonly commandLine: string;
  readonly folder: string;
  readonly style: WindowStyle;
}

/** What Windows says about texts of programs. */
export interface TextSettings {
  /** Code pages of texts ("ANSI") and of console programs ("OEM"). */
  readonly textCodePage: number;
  readonly consoleCodePage: number;
  /** Of the regional settings of this account. */
  readonly listSeparator: string;
}

export type ServiceState = 'running' | 'paused' | 'stopped' | 'changing';
export type ServiceChange = 'start' | 'stop' | 'pause' | 'resume';

/** A process that was started here, until `close`. */
export interface StartedProcess {
  readonly id: number;
  /** Resolves with the exit code, or with undefined after `ms` (undefined: never). Rejects with the signal's reason. */
  ended(ms: number | undefined, signal: AbortSignal): Promise<number | undefined>;
  close(): void;
}

/**
 * All methods reject with DesktopError `WindowsCallFailed` unless they say otherwise, whose message says what Windows said, and with the
 * signal's reason as soon as it aborts.
 */
export interface Shell {
  /**
   * Undefined when a program that runs already took the document over. Rejects with an Error whose `code` is `ENOENT` (nothing opens it)
   * or `EACCES`, as Node spells them.
   */
  start(what: Start, signal: AbortSignal): Promise<StartedProcess | undefined>;
  /** Hands the document to the program that prints its kind. Rejects as `start` does. */
  print(path: string, signal: AbortSignal): Promise<void>;
  /** Empty when there is none. */
  defaultPrinter(signal: AbortSignal): Promise<string>;
  setDefaultPrinter(name: string, signal: AbortSignal): Promise<void>;
  /** Of all drives, without asking. An empty one is no error. */
  emptyRecycleBin(signal: AbortSignal): Promise<void>;
  /** A file in WAV format, to its end; rejects when it is none. A sound of the system begins, and the call does not wait for its end. */
  playSound(
    sound:
      | { readonly file: string }
      | { readonly system: 'asterisk' | 'beep' | 'exclamation' | 'hand' | 'question' },
    signal: AbortSignal,
  ): Promise<void>;
  /** `enable` and `disable` change the setting of the user, `start` and `stop` the screen saver itself. */
  screenSaver(act: 'enable' | 'disable' | 'start' | 'stop', signal: AbortSignal): Promise<void>;
  textSettings(): TextSettings;
  /** Path of a folder by .NET's name of it (`Personal`, `CommonProgramFiles` …); undefined when this account has none. */
  specialFolder(name: string): string | undefined;
  /** The stored one, variables in it filled in; undefined when there is none. Throws as `start` rejects. */
  environmentVariable(scope: 'user' | 'system', name: string): string | undefined;
  /** Undefined deletes it. Programs that are started from then on have it. Rejects as `start` does. */
  setEnvironmentVariable(scope: 'user' | 'system', name: string, value: string | undefined): Promise<void>;
  /** By its short name; undefined when there is none. Throws as `start` rejects. */
  serviceState(name: string): ServiceState | undefined;
  /** Resolves when the service is in the state that was asked for. Rejects as `start` does. */
  changeService(name: string, change: ServiceChange, signal: AbortSignal): Promise<void>;
}

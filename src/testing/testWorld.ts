// One test while it runs: what it mocks, what its flows log, how it fails. The actions of a test work on this and on nothing else.
import type { Clock } from '../base/clock.ts';
import { ProductError } from '../base/error.ts';
import type { FlowFile } from '../language/syntax/tree.ts';
import { eachStatement } from '../language/syntax/walk.ts';
import { type ActionContext, ActionError } from '../runtime/action.ts';
import { localOffsetMinutes } from '../runtime/dotnet/timeZone.ts';
import type { FlowDatetime } from '../runtime/values.ts';
import type { Coverage } from './coverage.ts';
import type { FlowFiles, LoadedFlow } from './flowFiles.ts';
import type { FlowSurroundings } from './flowRun.ts';
import { Mocks } from './mocks.ts';
import { SkippingClock } from './skippingClock.ts';

export interface LoggedMessage {
  readonly level: 'info' | 'warning' | 'error';
  readonly message: string;
}

/** A failure with the line of the test (1-based) at which it came up. */
export interface PlacedFailure {
  readonly error: ActionError;
  readonly line: number;
}

/** Messages kept of one test. */
const keptLogs = 1_000;

export class TestWorld {
  readonly mocks: Mocks;
  /** What flows under test logged, latest last. */
  readonly flowLogs: LoggedMessage[] = [];
  readonly #files: FlowFiles;
  readonly #coverage: Coverage | undefined;
  readonly #realClock: Clock;
  readonly #position: () => number;
  readonly #setTimeout: (seconds: number) => void;
  /** By the line (1-based) of an action of the test: names whose values it wants. */
  readonly #wanted: ReadonlyMap<number, readonly string[]>;
  #clock: Clock;
  #failure: PlacedFailure | undefined;

  constructor(options: {
    readonly file: FlowFile;
    readonly files: FlowFiles;
    readonly coverage: Coverage | undefined;
    readonly clock: Clock;
    /** The line (1-based) of the test that is being carried out. */
    readonly position: () => number;
    readonly setTimeout: (seconds: number) => void;
  }) {
    this.#files = options.files;
    this.#coverage = options.coverage;
    this.#realClock = options.clock;
    this.#clock = options.clock;
    this.#position = options.position;
    this.#setTimeout = options.setTimeout;
    this.#wanted = wantedIn(options.file);
    this.mocks = new Mocks((failure) => this.failed(failure));
  }

  /** The first failure of the test. */
  get failure(): PlacedFailure | undefined {
    return this.#failure;
  }

  /** Whatever becomes of the error in the test: it has failed. */
  failed(error: ActionError): void {
    this.#failure ??= { error, line: this.#position() };
  }

  /** Names behind `@Name=>` in the action that is being carried out. */
  wantedHere(): readonly string[] {
    return this.#wanted.get(this.#position()) ?? [];
  }

  /** Throws ActionError with the codes of `FlowFiles`. */
  flow(path: string): LoadedFlow {
    try {
      return this.#files.read(path);
    } catch (error) {
      if (!(error instanceof ProductError)) throw error;
      throw new ActionError(error.code, error.message, error.nextStep, { cause: error });
    }
  }

  surroundings({ signal, addSecret }: ActionContext): FlowSurroundings {
    return {
      clock: this.#clock,
      mocks: this.mocks,
      files: this.#files,
      coverage: this.#coverage,
      signal,
      addSecret,
      log: (level, message) => {
        this.flowLogs.push({ level, message });
        if (this.flowLogs.length > keptLogs) this.flowLogs.shift();
      },
    };
  }

  /** `now`: the wall clock at the start; the real one when undefined. */
  useFakeClock(now: FlowDatetime | undefined): void {
    this.#clock = new SkippingClock(
      this.#realClock,
      now === undefined ? undefined : now.ticks - localOffsetMinutes(now) * 60_000,
      () => this.mocks.isActing,
    );
  }

  setTimeout(seconds: number): void {
    this.#setTimeout(seconds);
  }
}

function wantedIn({ main, subflows }: FlowFile): ReadonlyMap<number, readonly string[]> {
  const wanted = new Map<number, readonly string[]>();
  for (const body of [main, ...subflows.map((subflow) => subflow.body)]) {
    for (const { statement } of eachStatement(body)) {
      if (statement.kind !== 'Action') continue;
      const names = statement.action.outputs.filter(({ dynamic }) => dynamic).map(({ name }) => name.text);
      if (names.length > 0) wanted.set(statement.line + 1, names);
    }
  }
  return wanted;
}

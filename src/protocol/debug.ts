// What a debugger of Desktop Flows says beyond the Debug Adapter Protocol: arguments of launch and attach, filters of errors, and
// requests of its own. They travel inside `runs.debug` and `debug` like every other message of that protocol. Types and names only.

/** Values of `launch` and `attach` that the adapter beside the interpreter reads; it ignores all others. */
export interface DebugStartArguments {
  /** Stop before the first action (launch), or at once wherever the run is (attach). */
  readonly stopOnEntry?: boolean;
  /** Launch only, 1-based: jump to this row of Main, without carrying out what stands before it. */
  readonly startLine?: number;
}

/** Ids of the error filters in `initialize`. `code` takes a condition: error names with `*`, separated by commas. */
export const errorFilters = ['unhandled', 'all', 'logic', 'code'] as const;
export type ErrorFilter = (typeof errorFilters)[number];

/**
 * Requests beyond the protocol. The first two need a run that stands still.
 * - `repeatAction` {threadId}: stopped on an error, evaluates the arguments anew and carries the action out again, and goes on.
 * - `skipAction` {threadId}: as if the action had ended well without outputs; stops behind it. On an error, or before an action in a run
 *   that was started for debugging.
 * - `valueHistory`: what a variable was at each row, oldest first.
 */
export const debugRequests = {
  repeatAction: 'repeatAction',
  skipAction: 'skipAction',
  valueHistory: 'valueHistory',
} as const;

/** `name` is a variable of the frame, or `GLOBAL.name`. `frameId` as in `stackTrace`; the innermost frame when absent. `count`: newest entries wanted, 100 when absent. */
export interface ValueHistoryArguments {
  readonly name: string;
  readonly frameId?: number;
  readonly count?: number;
}

export interface ValueHistoryBody {
  readonly name: string;
  readonly entries: readonly ValueHistoryEntry[];
  /** Older changes that are no longer known, or were not asked for. */
  readonly omitted: number;
}

/** One change of a variable. `line` is the 1-based row that wrote it; 0: the value was there when the debugger came. */
export interface ValueHistoryEntry {
  /** Counts the rows carried out since the debugger came; ascending. */
  readonly step: number;
  readonly line: number;
  readonly subflow: string;
  readonly action: string;
  /** As in the variables view; masked when it is sensitive. */
  readonly value: string;
}

// How runs, durations, values and places read, in one voice for trees, decorations, pages and messages. Text only, no VS Code.
import type { Run, RunError, RunState, WireValue } from '../protocol/run.ts';
import { t } from './l10n.ts';
import type { Standing } from './runs.ts';

/** Codicon and theme colour of a state. The word itself is always shown too: colour and shape never carry the meaning alone. */
export const stateLooks: Readonly<Record<RunState, { readonly icon: string; readonly color?: string }>> = {
  Queued: { icon: 'clock' },
  Starting: { icon: 'loading~spin' },
  Running: { icon: 'sync~spin', color: 'testing.runAction' },
  Paused: { icon: 'debug-pause' },
  Succeeded: { icon: 'pass', color: 'testing.iconPassed' },
  Failed: { icon: 'error', color: 'testing.iconFailed' },
  Canceled: { icon: 'circle-slash' },
  TimedOut: { icon: 'watch', color: 'testing.iconFailed' },
  Skipped: { icon: 'debug-step-over' },
  Lost: { icon: 'debug-disconnect', color: 'testing.iconErrored' },
};

/** How a state is meant, for pages. */
export function stateTone(state: RunState): 'good' | 'bad' | 'warn' | 'active' | 'quiet' {
  switch (state) {
    case 'Succeeded':
      return 'good';
    case 'Failed':
    case 'TimedOut':
    case 'Lost':
      return 'bad';
    case 'Canceled':
    case 'Skipped':
    case 'Paused':
      return 'warn';
    case 'Starting':
    case 'Running':
      return 'active';
    case 'Queued':
      return 'quiet';
  }
}

/** The word for a state. */
export function stateWord(state: RunState): string {
  switch (state) {
    case 'Queued':
      return t('Queued');
    case 'Starting':
      return t('Starting');
    case 'Running':
      return t('Running');
    case 'Paused':
      return t('Paused');
    case 'Succeeded':
      return t('Succeeded');
    case 'Failed':
      return t('Failed');
    case 'Canceled':
      return t('Canceled');
    case 'TimedOut':
      return t('Timed out');
    case 'Skipped':
      return t('Skipped');
    case 'Lost':
      return t('Lost');
  }
}

/** `12 ms`, `3.4 s`, `2 min 5 s`, `1 h 3 min`. Negative spans (clocks that differ) read as none. */
export function durationText(ms: number): string {
  const span = Math.max(0, ms);
  if (span < 0.5) return '<1 ms';
  if (span < 999.5) return `${Math.round(span)} ms`;
  if (span < 59_950) return `${(span / 1000).toFixed(1)} s`;
  const seconds = Math.round(span / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Time of something that still goes on, in whole seconds: a text that changes every second must not flicker. */
export const elapsedText = (ms: number): string =>
  ms < 1_000 ? '<1 s' : durationText(Math.floor(ms / 1_000) * 1_000).replace(/\.0 s$/, ' s');

/**
 * Foreign text (names, messages) on one line of at most `max` characters: control characters and the invisible ones that
 * reorder a line become spaces, so that a name cannot disguise itself or break a row.
 */
export function oneLine(text: string, max: number): string {
  const line = text
    .slice(0, max * 4)
    .replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\s]+/g, ' ')
    .trim();
  return line.length <= max ? line : `${line.slice(0, max - 1)}…`;
}

/** Local date and time to the second, sortable: `2026-01-31 10:00:05`. */
export function timeText(at: number): string {
  const date = new Date(at);
  const two = (part: number) => String(part).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** A value for reading, at most `max` characters. A secured one is always `{}`. */
export function valueText(value: WireValue, max = 500): string {
  const text = typeof value === 'string' ? value : nested(value);
  return text === '' ? t('(empty)') : oneLine(text, max);
}

function nested(value: WireValue): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value === null) return t('(blank)');
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return String(value);
  if (isList(value)) return `[${value.map(nested).join(', ')}]`;
  switch (value.$type) {
    case 'secured':
      return '{}';
    case 'number':
    case 'datetime':
      return value.value;
    case 'other':
      return value.text;
    case 'datatable':
      return value.rows.length === 1
        ? t('table with 1 row ({0})', value.columns.join(', '))
        : t('table with {0} rows ({1})', value.rows.length, value.columns.join(', '));
    case 'object':
      return `{${Object.entries(value.entries)
        .map(([key, item]) => `${key}: ${nested(item)}`)
        .join(', ')}}`;
  }
}

// Array.isArray does not narrow a readonly array.
const isList = (value: WireValue): value is readonly WireValue[] => Array.isArray(value);

/** `line 12, File.Copy`, the subflow when it is not Main, and the flow when another one runs it. */
export function placeText(
  place: { readonly line: number } & {
    readonly [K in 'subflow' | 'action' | 'flow']?: string | undefined;
  },
): string {
  const { line, subflow, action, flow } = place;
  const own =
    subflow && subflow !== 'Main' ? t('line {0} of {1}', line, oneLine(subflow, 40)) : t('line {0}', line);
  const where = flow === undefined ? own : t('{0} in the flow “{1}”', own, oneLine(flow, 40));
  return action ? `${where}, ${oneLine(action, 60)}` : where;
}

/** `FileNotFoundError: The file …`, at most `max` characters. */
export const briefError = ({ code, message }: Pick<RunError, 'code' | 'message'>, max: number): string =>
  oneLine(`${code}: ${message}`, max);

/** `FileNotFoundError at line 12, File.Copy: The file …`. */
export function errorText(error: RunError, max: number): string {
  const place = error.line === undefined ? '' : ` ${t('at {0}', placeText({ ...error, line: error.line }))}`;
  return `${oneLine(error.code, 60)}${place}: ${oneLine(error.message, max)}`;
}

/** How long a run has run, or ran, at the moment `now`. Undefined before it started. */
export const runTime = (run: Run, now: number): number | undefined =>
  run.startedAt === undefined ? undefined : (run.endedAt ?? now) - run.startedAt;

/** What a run is doing or how it ended, as a short phrase, with subflow and action while it runs (rule RUN-15). `standing`: see RunStore.standing. */
export function runPhrase(run: Run, now: number, { ahead, place }: Standing): string {
  const took = runTime(run, now);
  switch (run.state) {
    case 'Queued':
      return ahead === 0 ? t('Next to run') : t('Position {0}', ahead + 1);
    case 'Starting':
      return t('Starting');
    case 'Running':
    case 'Paused':
      return `${stateWord(run.state)} ${elapsedText(took ?? 0)}${place ? ` · ${placeText(place)}` : ''}`;
    case 'Succeeded':
      return t('Succeeded in {0}', durationText(took ?? 0));
    case 'Canceled':
      return took === undefined
        ? t('Canceled before it started')
        : t('Canceled after {0}', durationText(took));
    default: {
      const line = run.error?.line === undefined ? '' : ` ${t('at {0}', t('line {0}', run.error.line))}`;
      const why = run.error ? ` · ${oneLine(run.error.code, 60)}` : '';
      const after =
        took === undefined ? ` ${t('before it started')}` : ` ${t('after {0}', durationText(took))}`;
      return `${stateWord(run.state)}${line}${why}${line || why ? '' : after}`;
    }
  }
}

export const flowName = (run: Run): string => oneLine(run.flow.name, 80) || t('(unnamed flow)');

/** `1 run`, `3 runs`. */
export const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

/** The error of a run as text to paste into a message or a ticket. Contains no inputs. */
export function errorDetails(run: Run): string {
  const { error } = run;
  const lines = [
    `Flow: ${run.flow.name} (${run.flow.path})`,
    `Run: ${run.id}`,
    `State: ${stateWord(run.state)}`,
  ];
  if (error) {
    lines.push(`Code: ${error.code}`, `Message: ${error.message}`);
    if (error.line !== undefined)
      lines.push(`Where: ${run.flow.path}:${error.line}${error.subflow ? `, subflow ${error.subflow}` : ''}`);
    if (error.action) lines.push(`Action: ${error.action}`);
    lines.push(`Next step: ${error.nextStep}`);
  }
  return `${lines.join('\n')}\n`;
}

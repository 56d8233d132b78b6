// What people see of a run in a terminal: one line per action, a progress line on a real terminal, outputs or the error at the end.
// Formats only; it gets events and writes text.
import type {
  ActionRecord,
  LineStatus,
  Run,
  RunError,
  RunEvent,
  RunPosition,
  WireValue,
} from '../protocol/run.ts';

export interface Output {
  write(text: string): void;
  readonly isTTY: boolean;
  readonly columns: number;
  /** False when NO_COLOR is set or the output is no terminal. */
  readonly colors: boolean;
}

/** The process's own output. */
export function processOutput(stream: NodeJS.WriteStream): Output {
  // The reader of a pipe may leave early (`| head`): what is written then is for nobody, and no failure of the run.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  return {
    write: (text) => void stream.write(text),
    get isTTY() {
      return stream.isTTY === true;
    },
    get columns() {
      return stream.columns ?? 100;
    },
    colors: stream.isTTY === true && !process.env.NO_COLOR,
  };
}

const marks = { ok: '✓', failed: '✗', handled: '↷' } as const;
const styles = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

/** Shows one run while its events arrive. The progress bar counts the flow's lines that have been reached. */
export class RunDisplay {
  readonly #out: Output;
  readonly #total: number;
  readonly #machine: (run: Run) => string;
  readonly #reached = new Set<string>();
  readonly #started: number;
  readonly #monotonic: () => number;
  #shown: { readonly key: string; record: ActionRecord; times: number; ms: number } | undefined;
  #state: Run['state'] = 'Queued';
  #where = '';
  #progressShown = false;

  /** `total`: executable lines of the flow. `machine`: the name of the one it runs on. `monotonic`: milliseconds. */
  constructor(out: Output, total: number, machine: (run: Run) => string, monotonic: () => number) {
    this.#out = out;
    this.#total = total;
    this.#machine = machine;
    this.#monotonic = monotonic;
    this.#started = monotonic();
  }

  event(event: RunEvent): void {
    switch (event.kind) {
      case 'run':
        this.#run(event.run);
        break;
      case 'lines':
        for (const line of event.lines) this.#reach(line);
        break;
      case 'actions':
        for (const action of event.actions) this.#action(action);
        if (event.omitted > 0) {
          this.#flush();
          this.#line(this.#style('dim', `  … ${event.omitted.toLocaleString('en-US')} more actions`));
        }
        break;
      case 'log':
        this.#flush();
        this.#line(
          `  ${this.#style(event.level === 'info' ? 'cyan' : 'yellow', `${event.level}:`)} ${printable(event.message)}`,
        );
        break;
      case 'question':
        this.#flush();
        this.#line(`  ? ${printable(event.question.title)}: ${printable(event.question.message)}`);
        break;
      case 'screenshot':
      case 'answered':
        break;
    }
    this.#progress();
  }

  /** Says why nothing happens, unless the run has begun or the progress line says it. */
  stillQueued(question: string): void {
    if (this.#state === 'Queued' && !this.#out.isTTY)
      this.#line(`Waiting in the run queue. Why, and until when: ${question}`);
  }

  /** The last words: outputs, or the error with its place and next step. */
  end(run: Run, file: string): void {
    this.#flush();
    this.#clear();
    const seconds = (((run.endedAt ?? run.requestedAt) - (run.startedAt ?? run.requestedAt)) / 1000).toFixed(
      1,
    );
    if (run.state === 'Succeeded') {
      this.#out.write(`\n${this.#style('green', `${marks.ok} Succeeded`)} in ${seconds} s\n`);
      const outputs = Object.entries(run.outputs ?? {});
      const width = Math.max(0, ...outputs.map(([name]) => name.length));
      for (const [name, value] of outputs)
        this.#out.write(`  ${printable(name).padEnd(width)}  ${printable(showValue(value))}\n`);
      return;
    }
    this.#out.write(`\n${this.#style('red', `${marks.failed} ${run.state}`)} after ${seconds} s\n`);
    if (run.error) this.#out.write(describeError(run.error, file));
  }

  #run(run: Run): void {
    if (run.state !== this.#state) {
      this.#state = run.state;
      if (run.state === 'Running')
        this.#line(`${this.#style('bold', run.flow.name)} is running on ${printable(this.#machine(run))}`);
    }
    if (run.position) this.#where = `${placeOf(run.position)} ${run.position.action}`;
  }

  #reach(line: LineStatus): void {
    // The bar counts the lines of the run's own flow.
    if (line.flow === undefined) this.#reached.add(`${line.line}`);
    if (line.state === 'running') this.#where = placeOf(line);
  }

  #action(record: ActionRecord): void {
    const key = `${placeOf(record)}:${record.outcome}`;
    if (this.#shown?.key === key) {
      this.#shown.times++;
      this.#shown.ms += record.ms;
      return;
    }
    this.#flush();
    this.#shown = { key, record, times: 1, ms: record.ms };
  }

  /** Writes the pending action; the same action in a row (a loop of one action) is one line with its count. */
  #flush(): void {
    if (!this.#shown) return;
    const { record, times, ms } = this.#shown;
    this.#shown = undefined;
    const mark = this.#style(
      record.outcome === 'ok' ? 'green' : record.outcome === 'failed' ? 'red' : 'yellow',
      marks[record.outcome],
    );
    const place = this.#style('dim', placeOf(record).padEnd(20));
    const error = record.error ? `  ${record.error.code}: ${printable(record.error.message)}` : '';
    this.#line(
      `  ${mark} ${place} ${record.action}${times > 1 ? ` ×${times}` : ''} ${this.#style('dim', showDuration(ms))}${error}`,
    );
  }

  #line(text: string): void {
    this.#clear();
    this.#out.write(`${text}\n`);
  }

  #progress(): void {
    if (!this.#out.isTTY) return;
    this.#clear();
    const done = Math.min(this.#reached.size, this.#total);
    const width = 20;
    const filled = this.#total === 0 ? 0 : Math.round((done / this.#total) * width);
    const seconds = ((this.#monotonic() - this.#started) / 1000).toFixed(1);
    const bar = `${'█'.repeat(filled)}${'░'.repeat(width - filled)}`;
    const text = `${bar} ${done}/${this.#total} lines · ${seconds} s · ${this.#state} ${this.#where}`;
    this.#out.write(text.slice(0, this.#out.columns - 1));
    this.#progressShown = true;
  }

  #clear(): void {
    if (!this.#progressShown) return;
    this.#out.write('\r\u001b[2K');
    this.#progressShown = false;
  }

  #style(style: keyof typeof styles, text: string): string {
    return this.#out.colors ? `\u001b[${styles[style]}m${text}\u001b[0m` : text;
  }
}

/** `Main:12`, and before it the flow when another one runs it: `Child/Main:12`. */
export const placeOf = ({ flow, subflow, line }: Pick<RunPosition, 'flow' | 'subflow' | 'line'>): string =>
  `${flow === undefined ? '' : `${printable(flow)}/`}${subflow}:${line}`;

/** `path:line` first, so that terminals make it a link; then code, message and the next step. */
export function describeError(error: RunError, file: string): string {
  const place = error.line === undefined ? '' : `${file}:${error.line}: `;
  const within = error.action ? ` (${error.subflow ?? 'Main'}, ${error.action})` : '';
  const told = error.screenshot;
  const picture =
    told === undefined
      ? ''
      : `  Screenshot: ${'none' in told ? `none, ${printable(told.none)}` : `${told.width} × ${told.height} (dflow runs screenshot RUN -o FILE)`}\n`;
  return `${place}${error.code}: ${printable(error.message)}${within}\n  Next: ${printable(error.nextStep)}\n${picture}`;
}

/** A text of a flow as a terminal may have it: line breaks indented, no control characters that would steer the terminal. */
export function printable(text: string): string {
  return text.replace(/\r\n?|\n/g, '\n    ').replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
}

/** `1 file`, `2 files`. */
export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** 0.4 ms → `<1 ms`, 12.3 → `12 ms`, 3400 → `3.4 s`. */
export function showDuration(ms: number): string {
  if (ms < 1) return '<1 ms';
  return ms < 999.5 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** A value on one line; a secured value is `{}` as in the product's run details. */
export function showValue(value: WireValue): string {
  if (value === null) return '(blank)';
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return `[${value.map(showValue).join(', ')}]`;
  const typed = value as Exclude<WireValue, string | number | boolean | null | readonly WireValue[]>;
  switch (typed.$type) {
    case 'secured':
      return '{}';
    case 'number':
    case 'datetime':
      return typed.value;
    case 'datatable':
      return `table of ${typed.rows.length} rows: ${typed.columns.join(', ')}`;
    case 'object':
      return `{ ${Object.entries(typed.entries)
        .map(([key, item]) => `${key}: ${showValue(item)}`)
        .join(', ')} }`;
    case 'other':
      return typed.text;
  }
}

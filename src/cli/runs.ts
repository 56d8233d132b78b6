// `dflow runs`: the runs that are kept, what happened in one of them, and what can be done about it.
import { writeWhole } from '../files/wholeFile.ts';
import type { AgentLink } from '../protocol/link.ts';
import {
  type ActionRecord,
  isTerminal,
  keepsAction,
  keepsMessage,
  type LogLevel,
  logLevels,
  type Run,
  type RunEvent,
  runStates,
  type WireValue,
} from '../protocol/run.ts';
import { submitAndFollow } from './follow.ts';
import { readTarget, targetOptions } from './placementOptions.ts';
import { warnOfCommandLine } from './run.ts';
import { inputOptions, readInputs } from './runOptions.ts';
import { fullId, nameOf, queueNames, runColumns, took } from './runRows.ts';
import type { Context, OptionReader, Subcommand, Subcommands } from './subcommands.ts';
import { type Column, facts, table } from './table.ts';
import { describeError, placeOf, printable, RunDisplay, showDuration, showValue } from './terminal.ts';
import { showExactSpan, showMoment } from './times.ts';
import { exitCode } from './usage.ts';
import { linkLost, show, withAgent, withRunningAgent } from './watch.ts';

const mostListed = 1_000;
const usualListed = 30;

export const runsCommands: Subcommands = {
  list: {
    takes: [],
    options: ['limit', 'state', 'flow', 'json', 'watch'],
    run: (_words, options, { access, out }) => {
      const limit = options.whole('limit', 1, mostListed) ?? usualListed;
      const state = options.choice('state', runStates);
      const flow = options.text('flow')?.toLowerCase();
      return show(
        {
          read: async (link) => {
            const { runs } = await link.call('runs.list', {
              limit: state === undefined && flow === undefined ? limit : mostListed,
            });
            const fitting = runs.filter(
              (run) =>
                (state === undefined || run.state === state) &&
                (flow === undefined || run.flow.name.toLowerCase().includes(flow)),
            );
            return { runs: fitting.slice(0, limit), names: [...(await queueNames(link))] };
          },
          json: ({ runs }) => runs,
          text: ({ runs, names }) => {
            const columns = runColumns(new Map(names));
            if (runs.length === 0) return 'There are no such runs.\n';
            const several = names.length > 1 ? [columns.machine] : [];
            return table(
              runs,
              [
                columns.id,
                columns.flow,
                columns.state,
                ...several,
                columns.requested,
                columns.took,
                columns.note,
              ],
              out,
            );
          },
        },
        { json: options.flag('json'), watch: options.flag('watch') },
        access,
        out,
      );
    },
  },
  show: {
    takes: ['RUN'],
    options: ['json', 'watch'],
    run: ([id = ''], options, { access, out }) =>
      show(
        {
          read: async (link) => {
            const { run } = await link.call('runs.get', { runId: await fullId(link, id) });
            const { connections } = await link.call('connections.list', {});
            return {
              run,
              connection: connections.find((connection) => connection.id === run.connection)?.name,
              names: [...(await queueNames(link))],
            };
          },
          json: ({ run }) => [run],
          text: ({ run, connection, names: known }) => {
            const names = new Map(known);
            const values = (title: string, given: Run['inputs'] | undefined): string =>
              given === undefined || Object.keys(given).length === 0
                ? ''
                : `${title}\n${facts(
                    Object.entries(given).map(([name, value]) => [name, showValue(value)] as const),
                    out,
                  )}`;
            return [
              `${printable(run.flow.name)}: ${run.state}\n`,
              facts(
                [
                  ['id', run.id],
                  ['flow', run.flow.path],
                  ['queue', nameOf(names, run.queue)],
                  ['machine', run.machine && nameOf(names, run.machine)],
                  ['session', run.session],
                  ['connection', run.connection && (connection ?? run.connection)],
                  ['mode', `${run.mode}${run.elevated === true ? ', elevated' : ''}`],
                  ['priority', run.priority],
                  ['requested', `${showMoment(run.requestedAt)} by ${run.requestedBy}`],
                  ['gives up', run.state === 'Queued' ? showMoment(run.expiresAt) : undefined],
                  ['may take', run.timeoutSeconds && showExactSpan(run.timeoutSeconds)],
                  ['log', loggingOf(run)],
                  ['started', run.startedAt && showMoment(run.startedAt)],
                  ['ended', run.endedAt && `${showMoment(run.endedAt)}${took(run) && `, took ${took(run)}`}`],
                  ['is at', placeOfRun(run)],
                  ['resubmit of', run.resubmitOf],
                ].map(([name, value]) => [name as string, value ? String(value) : undefined] as const),
                out,
              ),
              values('Inputs', run.inputs),
              values('Outputs', run.outputs),
              run.error === undefined ? '' : describeError(run.error, run.flow.path),
            ].join('');
          },
        },
        { json: options.flag('json'), watch: options.flag('watch') },
        access,
        out,
      ),
  },
  log: {
    takes: ['RUN'],
    options: ['level', 'json'],
    run: ([id = ''], options, context) =>
      withAgent(context.access, (link) => showLog(link, id, options, context)),
  },
  screenshot: {
    takes: ['RUN'],
    options: ['output', 'json'],
    run: ([id = ''], options, { access, out }) => {
      const path = options.needed('output');
      return withAgent(access, async (link) => {
        const { width, height, png } = await link.call('runs.screenshot', { runId: await fullId(link, id) });
        writeWhole(path, Buffer.from(png, 'base64'));
        out.write(
          options.flag('json')
            ? `${JSON.stringify({ path, width, height })}\n`
            : `${path}: ${width} × ${height} pixels\n`,
        );
        return exitCode.ok;
      });
    },
  },
  events: {
    takes: ['RUN'],
    options: ['json', 'watch'],
    run: ([id = ''], options, context) =>
      (options.flag('watch') ? withRunningAgent : withAgent)(context.access, (link) =>
        showEvents(link, id, options, context),
      ),
  },
  stop: wish('stop', 'stop'),
  'safe-stop': wish('safeStop', 'stop safely'),
  pause: wish('pause', 'pause'),
  resume: wish('resume', 'go on'),
  resubmit: {
    takes: ['RUN'],
    options: ['json', 'priority', ...targetOptions, ...inputOptions],
    run: ([id = ''], options, { access, out, err, presets }) => {
      const target = readTarget(options);
      const inputs = readInputs(options, presets);
      const priority = options.choice('priority', ['normal', 'high']);
      return submitAndFollow(
        access,
        {
          lines: 0,
          json: options.flag('json'),
          submit: async (link, newId) => {
            const runId = await fullId(link, id);
            const { run: old } = await link.call('runs.get', { runId });
            for (const pair of options.texts('input')) {
              const name = pair.split('=', 1)[0] as string;
              const known = Object.keys(old.inputs).find((each) => each.toLowerCase() === name.toLowerCase());
              if (known !== undefined && isSecured(old.inputs[known])) warnOfCommandLine(known, 'Use', err);
            }
            const { run } = await link.call('runs.resubmit', {
              id: newId,
              runId,
              requestedBy: 'dflow',
              ...target,
              ...(priority !== undefined && { priority }),
              ...(Object.keys(inputs).length > 0 && { inputs }),
            });
            return run;
          },
        },
        out,
      );
    },
  },
};

/** What it writes down, where that is not everything. */
function loggingOf({ logging: { level, keep, screenshot } = {} }: Run): string | undefined {
  const parts = [
    ...(level === undefined ? [] : [`level ${level}`]),
    ...(keep === 'onFailure' ? ['only if it fails'] : keep === 'never' ? ['none'] : []),
    ...(screenshot === false ? ['no screenshot'] : []),
  ];
  return parts.length === 0 ? undefined : parts.join(', ');
}

const placeOfRun = ({ position, state }: Run): string | undefined =>
  position === undefined || isTerminal(state) ? undefined : `${placeOf(position)} ${position.action}`;

const isSecured = (value: WireValue | undefined): boolean =>
  typeof value === 'object' && value !== null && '$type' in value && value.$type === 'secured';

/** Passes a wish on to runs. It does not wait until they follow it. */
function wish(method: 'stop' | 'safeStop' | 'pause' | 'resume', words: string): Subcommand {
  return {
    takes: ['RUN…'],
    options: ['json'],
    run: (ids, options, { access, out }) =>
      withRunningAgent(access, async (link) => {
        for (const id of ids) {
          const { run } = await link.call(`runs.${method}`, { runId: await fullId(link, id) });
          out.write(
            options.flag('json')
              ? `${JSON.stringify(run)}\n`
              : isTerminal(run.state)
                ? `${printable(run.flow.name)} has ended already: ${run.state}.\n`
                : `${printable(run.flow.name)} is asked to ${words}.\n`,
          );
        }
        return exitCode.ok;
      }),
  };
}

/** A row of the log (rule RUN-3): an action, a message of the flow, or actions that were too many to keep. */
type LogRow = { readonly seq: number } & (
  | ({ readonly kind: 'action' } & ActionRecord)
  | ({ readonly kind: 'message' } & Pick<LogEvent, 'at' | 'level' | 'message' | 'line' | 'subflow' | 'flow'>)
  | { readonly kind: 'omitted'; readonly at: number; readonly count: number }
);
type LogEvent = Extract<RunEvent, { kind: 'log' }>;

async function showLog(
  link: AgentLink,
  id: string,
  options: OptionReader,
  { out }: Context,
): Promise<number> {
  const level = options.choice('level', logLevels) ?? 'full';
  const runId = await fullId(link, id);
  const rows: LogRow[] = [];
  for (let after = 0; ; ) {
    const { events } = await link.call('runs.events', { runId, after });
    if (events.length === 0) break;
    for (const event of events) rows.push(...rowsOf(event, level));
    after = (events.at(-1) as RunEvent).seq;
  }
  if (options.flag('json')) for (const { seq: _seq, ...row } of rows) out.write(`${JSON.stringify(row)}\n`);
  else out.write(rows.length === 0 ? 'There is nothing in this log.\n' : table(rows, logColumns, out));
  return exitCode.ok;
}

function rowsOf(event: RunEvent, level: LogLevel): LogRow[] {
  const { seq, at } = event;
  if (event.kind === 'log') {
    const { message, line, subflow, flow } = event;
    return keepsMessage(level, event.level)
      ? [{ kind: 'message', seq, at, level: event.level, message, line, subflow, flow }]
      : [];
  }
  if (event.kind !== 'actions') return [];
  const rows: LogRow[] = event.actions
    .filter((action) => keepsAction(level, action))
    .map((action) => ({ kind: 'action', seq, ...action }));
  if (event.omitted > 0) rows.push({ kind: 'omitted', seq, at, count: event.omitted });
  return rows;
}

const logColumns: readonly Column<LogRow>[] = [
  { title: 'START', value: ({ at }) => showMoment(at), drops: true },
  {
    title: 'PLACE',
    value: (row) =>
      row.kind === 'omitted' || !row.line ? '' : placeOf(row as Parameters<typeof placeOf>[0]),
    shrinks: true,
  },
  {
    title: 'ACTION',
    value: (row) =>
      row.kind === 'action' ? row.action : row.kind === 'message' ? 'Log message' : `… ${row.count} more`,
    shrinks: true,
  },
  {
    title: 'TOOK',
    value: (row) => (row.kind === 'action' ? showDuration(row.ms) : ''),
    right: true,
    drops: true,
  },
  {
    title: 'STATUS',
    value: (row) => (row.kind === 'action' ? row.outcome : row.kind === 'message' ? row.level : ''),
  },
  {
    title: 'NOTE',
    value: (row) =>
      row.kind === 'message'
        ? printable(row.message)
        : row.kind === 'action' && row.error
          ? `${row.error.code}: ${printable(row.error.message)}`
          : '',
    shrinks: true,
  },
];

/** What a run reported, action by action; with `--watch` until it ends, or Ctrl+C. */
async function showEvents(
  link: AgentLink,
  id: string,
  options: OptionReader,
  { out }: Context,
): Promise<number> {
  const runId = await fullId(link, id);
  const { run } = await link.call('runs.get', { runId });
  const names = await queueNames(link);
  const display = new RunDisplay(
    out,
    0,
    ({ machine }) => nameOf(names, machine) || 'its machine',
    () => 0,
  );
  let after = 0;
  let last = run;
  const take = (event: RunEvent): void => {
    if (event.runId !== runId || event.seq <= after) return;
    after = event.seq;
    if (event.kind === 'run') last = event.run;
    if (options.flag('json')) out.write(`${JSON.stringify(event)}\n`);
    else display.event(event);
  };
  const readAll = async (): Promise<void> => {
    for (;;) {
      const { events } = await link.call('runs.events', { runId, after });
      if (events.length === 0) return;
      for (const event of events) take(event);
    }
  };
  if (options.flag('watch') && !isTerminal(run.state)) await watchEvents(link, readAll, take, () => last);
  else await readAll();
  if (!options.flag('json')) {
    if (isTerminal(last.state)) display.end(last, run.flow.path);
    else out.write(`${printable(run.flow.name)}: ${last.state}\n`);
  }
  return exitCode.ok;
}

/** Resolves when the run has ended, or at Ctrl+C. */
function watchEvents(
  link: AgentLink,
  readAll: () => Promise<void>,
  take: (event: RunEvent) => void,
  last: () => Run,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const early: RunEvent[] = [];
    let isRead = false;
    const end = (done: () => void): void => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      done();
    };
    const stop = (): void => end(resolve);
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
    const heard = (event: RunEvent): void => {
      take(event);
      if (isTerminal(last().state)) stop();
    };
    link.onEvent((event) => (isRead ? heard(event) : early.push(event)));
    link.onClose((reason) => end(() => reject(linkLost(link, reason))));
    link
      .call('subscribe', { after: link.agent.lastSeq })
      .then(readAll)
      .then(
        () => {
          isRead = true;
          for (const event of early) heard(event);
          if (isTerminal(last().state)) stop();
        },
        (error: unknown) => end(() => reject(error)),
      );
  });
}

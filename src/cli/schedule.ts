// `dflow schedule`: runs that start by a time table. What the times of a schedule are is the agent's to say.
import type { AgentParams } from '../protocol/agent.ts';
import type { ScheduleRecord, ScheduleSpec } from '../protocol/schedules.ts';
import { requestFor } from './run.ts';
import { inputOptions, readRequested, readTerms, termOptions } from './runOptions.ts';
import { nameOf, queueNames, shortId } from './runRows.ts';
import type { Context, OptionReader, Subcommands } from './subcommands.ts';
import { table } from './table.ts';
import { printable } from './terminal.ts';
import { localZone, readMoment, readSpan, showMoment, showRelative, showTimes } from './times.ts';
import { exitCode } from './usage.ts';
import { show, withAgent } from './watch.ts';

const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const timeOptions = ['cron', 'every', 'at', 'time-zone', 'from', 'until', 'except', 'missed'];
const requestOptions = [...inputOptions, ...termOptions];
const mostFirings = 1_000;

export const scheduleCommands: Subcommands = {
  list: {
    takes: [],
    options: ['json', 'watch'],
    run: (_words, options, { access, out }) =>
      show(
        {
          read: async (link) => ({
            schedules: (await link.call('schedules.list', {})).schedules,
            names: [...(await queueNames(link))],
          }),
          json: ({ schedules }) => [schedules],
          text: ({ schedules, names }) =>
            schedules.length === 0
              ? 'There are no schedules. Make one: dflow schedule add NAME FLOW --cron "0 8 * * 1-5"\n'
              : table(
                  schedules,
                  [
                    { title: 'SCHEDULE', value: ({ name }) => name, shrinks: true },
                    { title: 'FLOW', value: ({ flow }) => flow, shrinks: true },
                    { title: 'TIMES', value: ({ spec }) => showTimes(spec), shrinks: true },
                    { title: 'ZONE', value: ({ spec }) => spec.timeZone, shrinks: true },
                    { title: 'NEXT', value: nextOf },
                    { title: 'QUEUE', value: ({ queue }) => nameOf(new Map(names), queue), shrinks: true },
                    { title: 'OWNER', value: ({ owner }) => owner, shrinks: true },
                  ],
                  out,
                ),
        },
        { json: options.flag('json'), watch: options.flag('watch') },
        access,
        out,
      ),
  },
  add: {
    takes: ['NAME', 'FLOW'],
    options: [...timeOptions, ...requestOptions, 'disabled', 'json'],
    run: async ([name = '', path = ''], options, context) => {
      const spec = readSpec(options, undefined);
      const request = await readRequest(path, options, context);
      return put({ name, spec, request, enabled: !options.flag('disabled') }, 'is made', options, context);
    },
  },
  set: {
    takes: ['NAME', '[FLOW]'],
    options: [...timeOptions, ...requestOptions, 'name', 'enabled', 'disabled', 'json'],
    run: async ([schedule = '', path], options, context) => {
      const [on, off] = [options.flag('enabled'), options.flag('disabled')];
      if (on && off) throw options.wrong('--enabled and --disabled exclude each other.');
      const terms = requestOptions.find((option) => options.isGiven(option));
      if (path === undefined && terms !== undefined)
        throw options.wrong(
          `--${terms} belongs to the request for a run: name the flow as well, it is then kept as it is now.`,
        );
      const name = options.text('name');
      const hasTimes = timeOptions.some((option) => options.isGiven(option));
      if (path === undefined && name === undefined && !hasTimes && !on && !off)
        throw options.wrong(
          'dflow schedule set needs something to set, such as --disabled or --cron EXPRESSION.',
        );
      const request = path === undefined ? undefined : await readRequest(path, options, context);
      const spec = hasTimes ? readSpec(options, await specOf(schedule, context)) : undefined;
      return put(
        {
          schedule,
          ...(name !== undefined && { name }),
          ...(spec !== undefined && { spec }),
          ...(request !== undefined && { request }),
          ...((on || off) && { enabled: on }),
        },
        'is changed',
        options,
        context,
      );
    },
  },
  remove: {
    takes: ['NAME'],
    options: [],
    run: async ([schedule = ''], _options, { access, out }) => {
      await withAgent(access, (link) => link.call('schedules.remove', { schedule }));
      out.write(`${printable(schedule)} is removed. Runs that it started go on.\n`);
      return exitCode.ok;
    },
  },
  firings: {
    takes: ['NAME'],
    options: ['limit', 'json', 'watch'],
    run: ([schedule = ''], options, { access, out }) => {
      const limit = options.whole('limit', 1, mostFirings) ?? 20;
      return show(
        {
          read: async (link) => (await link.call('schedules.firings', { schedule, limit })).firings,
          json: (firings) => firings,
          text: (firings) =>
            firings.length === 0
              ? 'It has started nothing yet.\n'
              : table(
                  firings,
                  [
                    { title: 'DUE', value: ({ dueAt }) => showMoment(dueAt) },
                    { title: 'STARTED', value: ({ firedAt }) => showMoment(firedAt) },
                    { title: 'RUN', value: ({ run }) => (run === undefined ? '' : shortId(run)) },
                    {
                      title: 'NOTE',
                      value: ({ run, note }) => note ?? (run === undefined ? 'being started' : ''),
                      shrinks: true,
                    },
                  ],
                  out,
                ),
        },
        { json: options.flag('json'), watch: options.flag('watch') },
        access,
        out,
      );
    },
  },
  next: {
    takes: ['NAME'],
    options: ['limit', 'json'],
    run: ([schedule = ''], options, { access, out }) => {
      const count = options.whole('limit', 1, mostFirings) ?? 10;
      return show(
        {
          read: async (link) => {
            const { times } = await link.call('schedules.next', { schedule, count });
            const { schedules } = await link.call('schedules.list', {});
            return { times, record: named(schedules, schedule) };
          },
          json: ({ times }) => [times],
          text: ({ times, record }) => {
            const zone = record?.spec.timeZone ?? localZone();
            if (times.length === 0) return 'No time is left.\n';
            const lines = times.map(
              (time) => `${showMoment(time, zone)}  ${showRelative(time, Date.now())}\n`,
            );
            const off = record?.enabled === false ? 'It is disabled; if it were not:\n' : '';
            return `${off}${lines.join('')}${zone === localZone() ? '' : `(${zone})\n`}`;
          },
        },
        { json: options.flag('json'), watch: false },
        access,
        out,
      );
    },
  },
};

const named = (schedules: readonly ScheduleRecord[], asked: string): ScheduleRecord | undefined =>
  schedules.find(({ id }) => id === asked) ??
  schedules.find(({ name }) => name.toLowerCase() === asked.trim().toLowerCase());

const nextOf = ({ enabled, nextAt }: ScheduleRecord): string =>
  enabled ? (nextAt === undefined ? 'no time is left' : showRelative(nextAt, Date.now())) : 'disabled';

async function readRequest(
  path: string,
  options: OptionReader,
  { err, presets }: Context,
): Promise<AgentParams<'runs.enqueue'>> {
  const terms = readTerms(options);
  return (await requestFor(readRequested(path, options, presets), terms, err)).request;
}

/** The times a schedule has, to change some of them; undefined where there is none, which the agent then says. */
const specOf = (schedule: string, { access }: Context): Promise<ScheduleSpec | undefined> =>
  withAgent(access, async (link) => named((await link.call('schedules.list', {})).schedules, schedule)?.spec);

/** What is not given stays as it is in `before`. Throws `UsageWrong`. */
function readSpec(options: OptionReader, before: ScheduleSpec | undefined): ScheduleSpec {
  const timeZone = options.text('time-zone') ?? before?.timeZone ?? localZone();
  const moment = (option: string): number | undefined => {
    const text = options.text(option);
    if (text === undefined) return undefined;
    const read = readMoment(text, timeZone);
    if (read !== undefined) return read;
    throw options.wrong(
      `--${option} is a time such as 2026-12-24T08:00, in a time zone such as Europe/Berlin.`,
    );
  };
  const cron = options.text('cron');
  const every = options.text('every');
  const at = moment('at');
  const given = [cron, every, at].filter((time) => time !== undefined).length;
  if (given > 1 || (given === 0 && before === undefined))
    throw options.wrong('A schedule has one of --cron EXPRESSION, --every TIME and --at MOMENT.');
  const from = moment('from');
  const until = moment('until') ?? before?.until;
  const times = ((): ScheduleSpec['times'] => {
    if (cron !== undefined) return { kind: 'cron', expression: cron };
    if (at !== undefined) return { kind: 'once', at };
    if (every === undefined) return (before as ScheduleSpec).times;
    const seconds = readSpan(every);
    if (seconds !== undefined && seconds > 0) return { kind: 'interval', seconds, from: from ?? Date.now() };
    throw options.wrong('--every is a time such as 90s, 30m, 2h, 1d or PT1H30M.');
  })();
  const except = readExcept(options) ?? before?.except;
  const earliest = from ?? before?.from;
  return {
    times,
    timeZone,
    missed: options.choice('missed', ['skip', 'one', 'all']) ?? before?.missed ?? 'skip',
    ...(except !== undefined && { except }),
    ...(earliest !== undefined && { from: earliest }),
    ...(until !== undefined && { until }),
  };
}

/** `sat,sun,2026-12-25`; an empty text: no day is left out. */
function readExcept(options: OptionReader): ScheduleSpec['except'] {
  const text = options.text('except');
  if (text === undefined) return undefined;
  const days: number[] = [];
  const dates: string[] = [];
  for (const word of text.split(/[\s,]+/).filter((part) => part !== '')) {
    const weekday = weekdays.indexOf(word.slice(0, 3).toLowerCase());
    if (/^\d{4}-\d\d-\d\d$/.test(word)) dates.push(word);
    else if (weekday >= 0 && /^[a-z]+$/i.test(word)) days.push(weekday);
    else
      throw options.wrong(
        `--except takes weekdays and dates, such as sat,sun,2026-12-25; ${word} is neither.`,
      );
  }
  return { weekdays: days, dates };
}

async function put(
  params: AgentParams<'schedules.put'>,
  what: string,
  options: OptionReader,
  { access, out }: Context,
): Promise<number> {
  const { schedule, isOwn } = await withAgent(access, async (link) => ({
    ...(await link.call('schedules.put', params)),
    isOwn: link.agent.machine.slots > 0,
  }));
  if (options.flag('json')) out.write(`${JSON.stringify(schedule)}\n`);
  else {
    const next =
      schedule.nextAt === undefined
        ? 'it is disabled'
        : `its next run is at ${showMoment(schedule.nextAt, schedule.spec.timeZone)} ${schedule.spec.timeZone} (${showRelative(schedule.nextAt, Date.now())})`;
    out.write(
      `${printable(schedule.name)} ${what}; ${next}.\n${schedule.nextAt === undefined || !isOwn ? '' : 'Its agent stays for that. After a restart of the computer: dflow agent start\n'}`,
    );
  }
  return exitCode.ok;
}

// When a schedule is due, and what becomes of times that were missed. Pure: the moment is an argument. Fires nothing: see scheduler.ts.
//
// The package croner finds the times of a cron expression on a wall clock that is never changed. What a change of the clock does to them
// is decided here: left to itself, croner skips the times in a gap, and repeats those of a repeated hour, of every expression that names
// more than one time of day.
import { Cron } from 'croner';
import { ProductError } from '../base/error.ts';
import type { ScheduleSpec } from '../protocol/schedules.ts';

/** Times of a schedule, in wall-clock milliseconds. */
export interface Times {
  /** The first time after `moment`; undefined: none is left. */
  next(moment: number): number | undefined;
  /** The last time at or before `moment`. */
  previous(moment: number): number | undefined;
}

/** What a schedule does now. Times from `missed.from` to `missed.to` get no run of their own. */
export interface DueTimes {
  readonly fire: readonly number[];
  readonly missed?: { readonly from: number; readonly to: number };
  /** Absent: no time is left. */
  readonly next?: number;
}

/** Most runs that are started for missed times. */
export const mostMissed = 100;
/** A time that is fired this late is still on time. */
export const punctualMs = 60_000;

const secondMs = 1_000;
const dayMs = 24 * 60 * 60_000;
/** 31 December 9999; beyond it a date has more digits. */
const lastMoment = Date.UTC(9999, 11, 31, 23, 59, 59);
/** After so many days with times that are all left out, there are no others: any pattern of days meets each weekday sooner. */
const mostLeftOut = 3_000;
const longestExpression = 200;
const mostDates = 1_000;

/**
 * What is due at `now` of a schedule whose next time was `nextAt` (rule of `ScheduleSpec.missed`). A time up to a minute late is not missed;
 * of several such times the last one counts.
 */
export function dueTimes(
  times: Times,
  policy: ScheduleSpec['missed'],
  nextAt: number,
  now: number,
): DueTimes {
  const next = times.next(now);
  const due = (fire: readonly number[], missedUntil: number | undefined): DueTimes => ({
    fire,
    ...(missedUntil !== undefined && missedUntil >= nextAt && { missed: { from: nextAt, to: missedUntil } }),
    ...(next !== undefined && { next }),
  });
  const last = times.previous(now);
  // No time of the table any more: the rules of its time zone have changed since it was noted.
  if (last === undefined || last < nextAt) return due([], undefined);
  if (policy === 'all') {
    const fire: number[] = [];
    let time: number | undefined = last;
    for (; time !== undefined && time >= nextAt && fire.length < mostMissed; time = times.previous(time - 1))
      fire.unshift(time);
    return due(fire, time);
  }
  if (policy === 'skip' && now - last > punctualMs) return due([], last);
  return due([last], times.previous(last - 1));
}

/** Throws `ScheduleInvalid`, also for a schedule of which no time lies after `now`. */
export function checkSchedule(spec: ScheduleSpec, now: number): void {
  if (timesOf(spec).next(now) !== undefined) return;
  throw invalid(
    'The schedule has no time left: all its times have passed, lie outside its first and last moment, or on days that are left out.',
    'Choose times in the future, and look at the days that are left out.',
  );
}

/** The times of a schedule. Throws `ScheduleInvalid`, which says what is wrong and where. */
export function timesOf(spec: ScheduleSpec): Times {
  const zone = zoneOf(spec.timeZone);
  const from = spec.from === undefined ? 0 : moment('first moment', spec.from);
  const until = spec.until === undefined ? lastMoment : moment('last moment', spec.until);
  if (from > until) {
    throw invalid(
      `The first moment of the schedule (${shownMoment(from)}) comes after its last one (${shownMoment(until)}).`,
      'Exchange them.',
    );
  }
  const series = seriesOf(spec.times, zone);
  const isLeftOut = leftOut(spec.except);
  return {
    next(after) {
      let time = series.next(Math.max(after, from - 1));
      for (let days = 0; time !== undefined && time <= until && days < mostLeftOut; days++) {
        const wall = zone.wall(time);
        if (!isLeftOut(wall)) return time;
        const midnight = wall - (wall % dayMs) + dayMs;
        const nextDay = zone.moment(midnight);
        // A clock that was set back over midnight shows a day again that had ended.
        time = series.next((nextDay > time ? nextDay : time + midnight - wall) - 1);
      }
      return undefined;
    },
    previous(at) {
      let time = series.previous(Math.min(at, until));
      for (let days = 0; time !== undefined && time >= from && days < mostLeftOut; days++) {
        const wall = zone.wall(time);
        if (!isLeftOut(wall)) return time;
        time = series.previous(Math.max(zone.moment(wall - (wall % dayMs)), zone.setBack(time) ?? 0) - 1);
      }
      return undefined;
    },
  };
}

function seriesOf(times: ScheduleSpec['times'], zone: Zone): Times {
  switch (times.kind) {
    case 'once': {
      const at = moment('time', times.at);
      return {
        next: (after) => (at > after ? at : undefined),
        previous: (until) => (at <= until ? at : undefined),
      };
    }
    case 'interval': {
      const start = moment('start of the interval', times.from);
      const { seconds } = times;
      if (!Number.isInteger(seconds) || seconds < 1 || seconds * secondMs > lastMoment) {
        throw invalid(
          `The interval of the schedule is ${seconds} seconds.`,
          'Give whole seconds, at least 1.',
        );
      }
      const step = seconds * secondMs;
      return {
        next: (after) => start + Math.max(0, Math.floor((after - start) / step) + 1) * step,
        previous: (until) => (until < start ? undefined : start + Math.floor((until - start) / step) * step),
      };
    }
    case 'cron': {
      const cron = cronOf(times.expression);
      return {
        next(after) {
          const wall = cron.nextRun(new Date(zone.reached(after)));
          return wall === null ? undefined : zone.moment(wall.getTime());
        },
        previous(until) {
          // Croner looks before the moment it is given.
          const [wall] = cron.previousRuns(1, new Date(zone.reached(until) + 1));
          return wall === undefined ? undefined : zone.moment(wall.getTime());
        },
      };
    }
  }
}

// ── cron expressions ──────────────────────────────────────────────────────────────────────────────────────────────

/** Of six fields. */
const fields = [
  { name: 'second', allowed: 'Seconds are 0 to 59.' },
  { name: 'minute', allowed: 'Minutes are 0 to 59.' },
  { name: 'hour', allowed: 'Hours are 0 to 23.' },
  {
    name: 'day of the month',
    allowed:
      'Days are 1 to 31, `L` (the last one), `LW` (the last working day) or `15W` (the working day nearest to the 15th).',
  },
  { name: 'month', allowed: 'Months are 1 to 12 or JAN to DEC.' },
  {
    name: 'weekday',
    allowed:
      'Weekdays are 0 to 7 (0 and 7 are Sunday), SUN to SAT, `FRI#2` (the second Friday) or `FRIL` (the last one).',
  },
] as const;

const forms =
  'In each field `*` means all, `1,5` a list, `1-5` a range that goes up, `*/5` or `0-30/5` every fifth.';

/** Croner reads more than cron expressions: dates (`:`), nicknames (`@`), a rule of its own (`+`). */
const notCron = /[^\w\s*,/#?-]/;

function cronOf(expression: string): Cron {
  const shown = expression.length > longestExpression ? `${expression.slice(0, 50)}…` : expression;
  const parts = [...expression.matchAll(/\S+/g)];
  if (expression.length > longestExpression) {
    throw invalid(
      `The cron expression “${shown}” has ${expression.length} characters.`,
      `It may have ${longestExpression}: use ranges, or several schedules.`,
    );
  }
  if (parts.length !== 5 && parts.length !== 6) {
    throw invalid(
      `The cron expression “${shown}” has ${parts.length} field${parts.length === 1 ? '' : 's'}.`,
      'Give five (minute, hour, day of the month, month, weekday), or six with seconds in front: `30 6 * * 1-5` is half past six from Monday to Friday.',
    );
  }
  let cron: Cron;
  try {
    if (notCron.test(expression)) throw new Error('it has a character that means nothing in one');
    cron = patternOf(expression);
  } catch (error) {
    checkFields(parts, shown);
    const reason = (error as Error).message.replace(/^CronPattern: (Syntax error, )?|\.$/g, '');
    throw invalid(`The cron expression “${shown}” cannot be read: ${reason}.`, forms);
  }
  if (cron.nextRun(new Date(0)) !== null) return cron;
  throw invalid(
    `The cron expression “${shown}” names a day that no month has.`,
    'Correct its day of the month or its month.',
  );
}

/** Throws `ScheduleInvalid` for the first item that no cron expression can have in its field. */
function checkFields(parts: readonly RegExpExecArray[], shown: string): void {
  const first = fields.length - parts.length;
  parts.forEach((part, index) => {
    let at = part.index;
    for (const item of part[0].split(',')) {
      const pattern = ['*', '*', '*', '*', '*', '*'];
      pattern[first + index] = item;
      const { name, allowed } = fields[first + index] as (typeof fields)[number];
      if (item === '' || notCron.test(item) || !isReadable(pattern.join(' '))) {
        throw invalid(
          `The cron expression “${shown}” is wrong in field ${index + 1} (${name}): ${item === '' ? 'nothing' : `“${item}”`} at character ${at + 1}.`,
          `${allowed} ${forms}`,
        );
      }
      at += item.length + 1;
    }
  });
}

/** A pattern on a wall clock that is never changed: that of UTC. */
const patternOf = (pattern: string): Cron => new Cron(pattern, { mode: '5-or-6-parts', utcOffset: 0 });

function isReadable(pattern: string): boolean {
  try {
    patternOf(pattern);
    return true;
  } catch {
    return false;
  }
}

// ── time zones ────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * The wall clock of a time zone. What it shows is told as the milliseconds that UTC would have then. `reached` and `moment` are each
 * other's reverse: `moment(wall) <= at` exactly when `wall <= reached(at)`.
 */
interface Zone {
  wall(at: number): number;
  /** When the clock was set back within the day before `at`. */
  setBack(at: number): number | undefined;
  /** The latest that the clock has shown up to `at`: more than now where it was set back. */
  reached(at: number): number;
  /** The first moment at which the clock showed `wall`, or more, where that was skipped. */
  moment(wall: number): number;
}

const zones = new Map<string, Zone>();

function zoneOf(name: string): Zone {
  const key = name.slice(0, 100).toLowerCase();
  let zone = zones.get(key);
  if (zone === undefined) {
    zone = makeZone(name);
    zones.set(key, zone);
  }
  return zone;
}

function makeZone(name: string): Zone {
  const format = formatOf(name);
  const offset = (at: number): number => {
    const whole = Math.floor(at / secondMs) * secondMs;
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = format
      .formatToParts(whole)
      .flatMap(({ type, value }) => (type === 'literal' ? [] : Number(value)));
    return Date.UTC(year, month - 1, day, hour, minute, second) - whole;
  };
  const wall = (at: number): number => at + offset(at);
  const setBack = (at: number): number | undefined => {
    const before = offset(at - dayMs);
    if (before <= offset(at)) return undefined;
    return firstMoment(at - dayMs, at, (moment) => offset(moment) !== before);
  };
  return {
    wall,
    setBack,
    reached(at) {
      const change = setBack(at);
      return change === undefined ? wall(at) : Math.max(wall(at), wall(change - 1));
    },
    moment(shown) {
      // At most one change of the clock lies between a day before and a day after.
      const a = shown - offset(shown - dayMs);
      const b = shown - offset(shown + dayMs);
      const [early, late] = a < b ? [a, b] : [b, a];
      if (wall(early) === shown) return early;
      if (wall(late) === shown) return late;
      return firstMoment(early, late, (moment) => wall(moment) >= shown);
    },
  };
}

function formatOf(name: string): Intl.DateTimeFormat {
  try {
    // Newer engines take offsets for time zones, too; those have no clock that people read.
    if (!/^[A-Za-z]/.test(name)) throw new RangeError();
    return new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'iso8601',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    throw invalid(
      `“${name.slice(0, 100)}” is no time zone.`,
      'Give a name of the IANA list: Europe/Berlin, America/New_York, Asia/Kolkata, UTC.',
    );
  }
}

/** The first moment in `early` < x <= `late` for which `isPast` holds; it holds for `late`, and from its first moment on. */
function firstMoment(early: number, late: number, isPast: (moment: number) => boolean): number {
  let [no, yes] = [early, late];
  while (yes - no > 1) {
    const middle = Math.floor((no + yes) / 2);
    if (isPast(middle)) yes = middle;
    else no = middle;
  }
  return yes;
}

// ── days that are left out ────────────────────────────────────────────────────────────────────────────────────────

function leftOut(except: ScheduleSpec['except']): (wall: number) => boolean {
  if (except === undefined) return () => false;
  const weekdays = new Set(except.weekdays);
  const dates = new Set(except.dates);
  for (const weekday of weekdays) {
    if (Number.isInteger(weekday) && weekday >= 0 && weekday <= 6) continue;
    throw invalid(
      `${weekday} is no weekday that could be left out.`,
      'Weekdays are 0 (Sunday) to 6 (Saturday).',
    );
  }
  if (weekdays.size === 7) throw invalid('All weekdays are left out.', 'Leave at least one of them in.');
  if (dates.size > mostDates) {
    throw invalid(
      `${dates.size} dates are left out.`,
      `Leave out ${mostDates} dates at most, or use weekdays.`,
    );
  }
  for (const date of dates) {
    if (/^\d{4}-\d\d-\d\d$/.test(date) && isDate(date)) continue;
    throw invalid(`“${date.slice(0, 100)}” is no date that could be left out.`, 'Write dates as 2026-12-25.');
  }
  return (wall) => {
    const date = new Date(wall);
    return weekdays.has(date.getUTCDay()) || dates.has(date.toISOString().slice(0, 10));
  };
}

/** JavaScript reads 30 February as 2 March. */
function isDate(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

// ── errors ────────────────────────────────────────────────────────────────────────────────────────────────────────

function moment(what: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= lastMoment) return value;
  throw invalid(
    `The ${what} of the schedule is no moment between 1970 and 9999.`,
    'Give it in milliseconds since 1970-01-01T00:00Z.',
  );
}

/** A moment as people read it, in UTC. */
export const shownMoment = (at: number): string => new Date(at).toISOString().replace(/\.000Z$/, 'Z');

function invalid(message: string, nextStep: string): ProductError {
  return new ProductError('ScheduleInvalid', message, nextStep);
}

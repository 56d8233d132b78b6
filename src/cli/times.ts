// Moments, durations and schedules as people write and read them at a command line. What a schedule means is the agent's to say.
import type { ScheduleSpec } from '../protocol/schedules.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** The time zone of this machine, an IANA name. */
export const localZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** `2026-12-24 08:00:00`, on a clock of `zone`. */
export function showMoment(ms: number, zone: string = localZone()): string {
  const wall = wallOf(ms, zone);
  return new Date(wall).toISOString().slice(0, 19).replace('T', ' ');
}

/** 0.4 s → `moments`, 90 s → `2 min`, 3 h 20 min → `3 h 20 min`, 3 days → `3 d`. */
export function showSpan(ms: number): string {
  if (ms < 1.5 * second) return 'moments';
  if (ms < 90 * second) return `${Math.round(ms / second)} s`;
  if (ms < hour) return `${Math.round(ms / minute)} min`;
  if (ms < 2 * day) {
    const minutes = Math.round(ms / minute);
    return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  }
  return `${Math.round(ms / day)} d`;
}

/** A span that was set, to the second: `1 d 12 h`, `90 s` is `1 min 30 s`. */
export function showExactSpan(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  return parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** `in 2 min`, `2 min ago`, `now`. */
export function showRelative(ms: number, now: number): string {
  const away = ms - now;
  if (Math.abs(away) < second) return 'now';
  return away > 0 ? `in ${showSpan(away)}` : `${showSpan(-away)} ago`;
}

/**
 * A moment such as `2026-12-24T08:00`, `2026-12-24 08:00:30` or `2026-12-24` on a clock of `zone`, or with `Z` or an offset. In
 * wall-clock milliseconds; a time that a change of the clock skips is as much later as the change is. Undefined for anything else.
 */
export function readMoment(text: string, zone: string): number | undefined {
  const parts = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?\s*(Z|[+-]\d\d:?\d\d)?)?$/i.exec(
    text.trim(),
  );
  if (parts === null) return undefined;
  const [, year, month, date, hours = '0', minutes = '0', seconds = '0', offset] = parts;
  const wall = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(date),
    Number(hours),
    Number(minutes),
    Number(seconds),
  );
  const isReal =
    new Date(wall).getUTCMonth() === Number(month) - 1 &&
    new Date(wall).getUTCDate() === Number(date) &&
    Number(hours) < 24 &&
    Number(minutes) < 60 &&
    Number(seconds) < 60;
  if (!isReal) return undefined;
  if (offset !== undefined) {
    const [, sign, h = 0, m = 0] = /([+-])(\d\d):?(\d\d)/.exec(offset) ?? [];
    return wall - (sign === '-' ? -1 : 1) * (Number(h) * hour + Number(m) * minute);
  }
  try {
    return momentOf(wall, zone);
  } catch {
    return undefined; // no such time zone
  }
}

/** Seconds of `90s`, `30m`, `2h`, `1d`, or an ISO 8601 duration of weeks, days, hours, minutes and seconds. Undefined for anything else. */
export function readSpan(text: string): number | undefined {
  const short = /^(\d{1,9})([smhd])$/i.exec(text.trim());
  if (short !== null) {
    const unit = { s: 1, m: 60, h: 3_600, d: 86_400 }[(short[2] as string).toLowerCase()] as number;
    return Number(short[1]) * unit;
  }
  const iso =
    /^P(?=\w)(?:(\d{1,4})W)?(?:(\d{1,6})D)?(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?$/i.exec(
      text.trim(),
    );
  if (iso === null) return undefined;
  const [, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = iso;
  return (
    Number(weeks) * 604_800 +
    Number(days) * 86_400 +
    Number(hours) * 3_600 +
    Number(minutes) * 60 +
    Number(seconds)
  );
}

/** `every 30 min`, `0 8 * * 1-5`, `once, 2026-12-24 08:00:00`. */
export function showTimes({ times, timeZone }: ScheduleSpec): string {
  switch (times.kind) {
    case 'once':
      return `once, ${showMoment(times.at, timeZone)}`;
    case 'interval':
      return `every ${showExactSpan(times.seconds)}`;
    case 'cron':
      return times.expression;
  }
}

/** What a clock of `zone` shows at a moment, as if it were UTC. Throws RangeError for an unknown zone. */
function wallOf(ms: number, zone: string): number {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
      .formatToParts(ms)
      .map(({ type, value }) => [type, Number(value)]),
  ) as Record<string, number>;
  const {
    year = 0,
    month = 1,
    day: date = 1,
    hour: hours = 0,
    minute: minutes = 0,
    second: seconds = 0,
  } = parts;
  return Date.UTC(year, month - 1, date, hours, minutes, seconds);
}

/** The first moment at which a clock of `zone` shows `wall` or later, of those around it. */
function momentOf(wall: number, zone: string): number {
  const offsets = [wall - day, wall + day].map((near) => wallOf(near, zone) - near);
  const candidates = offsets.map((offset) => wall - offset).filter((moment) => wallOf(moment, zone) === wall);
  if (candidates.length > 0) return Math.min(...candidates);
  // In a gap: what the clock would have shown had it not been changed, which is behind it.
  return wall - Math.min(...offsets);
}

// Dates as Excel counts them: days since 1900 or 1904, the time of day as a fraction.
import { FlowDatetime } from '../../values.ts';

const dayMs = 86_400_000;
/** 30 December 1899, the day from which .NET and Office automation count, in days of 1970. */
const base1900 = 25_569;
const base1904 = 24_107;

/**
 * The datetime of a serial number, to the millisecond. Excel believes that 1900 was a leap year: its days 1 to 59 are one later than
 * a plain count, and day 60, 29 February 1900, does not exist and reads as 28 February. A mere time of day (below 1) is on
 * 30 December 1899, as Office automation gives it.
 */
export function serialToDatetime(serial: number, date1904: boolean): FlowDatetime {
  const base = date1904 ? base1904 : serial >= 1 && serial < 60 ? base1900 - 1 : base1900;
  return new FlowDatetime(Math.round((serial - base) * dayMs));
}

/** The serial number of a datetime. Undefined for what Excel cannot hold: days before its first one. */
export function datetimeToSerial(value: FlowDatetime, date1904: boolean): number | undefined {
  const days = value.ticks / dayMs;
  if (date1904) return days + base1904 >= 0 ? days + base1904 : undefined;
  const serial = days + base1900;
  if (serial < 0) return undefined;
  // Up to 28 February 1900 Excel is one day behind; 30 December 1899 stands for a mere time of day.
  return serial >= 2 && serial < 61 ? serial - 1 : serial >= 1 && serial < 2 ? undefined : serial;
}

export interface DateParts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  /** 0 = Sunday. */
  readonly weekday: number;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
  readonly milliseconds: number;
}

/** What Excel shows for a serial number, its 29 February 1900 included; day 0 reads as 0 January 1900. Rounded to milliseconds. */
export function dateParts(serial: number, date1904: boolean): DateParts {
  const ms = Math.round(serial * dayMs);
  const day = Math.floor(ms / dayMs);
  const time = ms - day * dayMs;
  const clock = {
    hours: Math.floor(time / 3_600_000),
    minutes: Math.floor(time / 60_000) % 60,
    seconds: Math.floor(time / 1000) % 60,
    milliseconds: time % 1000,
  };
  if (!date1904 && day === 60) return { year: 1900, month: 2, day: 29, weekday: 3, ...clock };
  if (!date1904 && day === 0) return { year: 1900, month: 1, day: 0, weekday: 6, ...clock };
  const base = date1904 ? base1904 : day < 60 ? base1900 - 1 : base1900;
  const date = new Date((day - base) * dayMs);
  // Excel's weekdays follow its own count of days.
  const weekday = date1904 ? date.getUTCDay() : (day + 6) % 7;
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    weekday,
    ...clock,
  };
}

/** The serial number of a day, months and days beyond their range carried over; undefined outside of Excel's years. */
export function serialOf(year: number, month: number, day: number, date1904: boolean): number | undefined {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const days = Math.round(date.getTime() / dayMs);
  if (date1904) return days + base1904 >= 0 && date.getUTCFullYear() <= 9999 ? days + base1904 : undefined;
  const serial = days + base1900;
  if (serial < 1 || date.getUTCFullYear() > 9999) return undefined;
  return serial < 61 ? serial - 1 : serial;
}

// Times of schedules against a reference that walks real minutes one by one and looks at the wall clock of each: it knows no package
// for cron, computes no offsets, and finds every change of the clock by walking over it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkSchedule, dueTimes, mostMissed, timesOf } from '../../src/orchestration/schedules.ts';
import type { ScheduleSpec } from '../../src/protocol/schedules.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const zones = ['Europe/Berlin', 'America/Sao_Paulo', 'Australia/Lord_Howe', 'Asia/Kolkata', 'UTC'] as const;

const cron = (expression: string, timeZone = 'UTC', more: Partial<ScheduleSpec> = {}): ScheduleSpec => ({
  times: { kind: 'cron', expression },
  timeZone,
  missed: 'skip',
  ...more,
});

const invalid = (message: RegExp) =>
  expect.objectContaining({ code: 'ScheduleInvalid', message: expect.stringMatching(message) });

/** `2026-03-29T02:00` of each of the next `count` times, in UTC. */
function next(spec: ScheduleSpec, after: string, count: number): string[] {
  const times = timesOf(spec);
  const found: string[] = [];
  let time: number | undefined = Date.parse(after);
  for (let i = 0; i < count; i++) {
    time = times.next(time);
    if (time === undefined) break;
    found.push(new Date(time).toISOString().slice(0, 16));
  }
  return found;
}

// ── the reference ─────────────────────────────────────────────────────────────────────────────────────────────────

/** One field as the numbers it names. */
function numbersOf(field: string, low: number, high: number): ReadonlySet<number> {
  const numbers = new Set<number>();
  for (const item of field.split(',')) {
    const [range = '', step = '1'] = item.split('/');
    const [from = '', to = from] = range === '*' ? [String(low), String(high)] : range.split('-');
    for (let n = Number(from); n <= Number(to); n += Number(step)) numbers.add(n);
  }
  return numbers;
}

/** Whether a wall-clock time of five fields is named. Day and weekday: either does where both are restricted. */
function matcher(expression: string): (wall: Date) => boolean {
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = expression.split(' ');
  const [minutes, hours, days, months, weekdays] = [
    numbersOf(minute, 0, 59),
    numbersOf(hour, 0, 23),
    numbersOf(day, 1, 31),
    numbersOf(month, 1, 12),
    numbersOf(weekday, 0, 6),
  ] as const;
  return (wall) => {
    if (!minutes.has(wall.getUTCMinutes()) || !hours.has(wall.getUTCHours())) return false;
    if (!months.has(wall.getUTCMonth() + 1)) return false;
    const isDay = days.has(wall.getUTCDate());
    const isWeekday = weekdays.has(wall.getUTCDay());
    return day === '*' || weekday === '*' ? isDay && isWeekday : isDay || isWeekday;
  };
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** What the clock of a zone shows, as the same figures in UTC. */
function shown(zone: string, at: number): number {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
    formats.set(zone, format);
  }
  return Date.parse(`${format.format(at).replace(' ', 'T')}Z`);
}

/** Walks from `from` to `to` minute by minute; the clock must have been in order for a day before. */
function walk(spec: ScheduleSpec, from: number, to: number): number[] {
  if (spec.times.kind !== 'cron') throw new Error('the reference knows cron only');
  const matches = matcher(spec.times.expression);
  const found: number[] = [];
  let highest = shown(spec.timeZone, from - dayMs);
  for (let at = from - dayMs + minuteMs; at < to; at += minuteMs) {
    const wall = shown(spec.timeZone, at);
    let isNamed = false;
    // All that the clock shows for the first time now: one minute as a rule, more after a gap, nothing in an hour that comes again.
    for (let each = highest + minuteMs; each <= wall; each += minuteMs) isNamed ||= matches(new Date(each));
    highest = Math.max(highest, wall);
    const day = new Date(wall);
    const isLeftOut =
      spec.except?.weekdays.includes(day.getUTCDay()) === true ||
      spec.except?.dates.includes(day.toISOString().slice(0, 10)) === true;
    const isWithin = at >= (spec.from ?? at) && at <= (spec.until ?? at);
    if (isNamed && !isLeftOut && isWithin && at >= from) found.push(at);
  }
  return found;
}

const inRange = (low: number, high: number) => fc.integer({ min: low, max: high });
const field = (low: number, high: number): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant('*') },
    { weight: 3, arbitrary: inRange(low, high).map(String) },
    fc.tuple(inRange(low, high), inRange(low, high)).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    inRange(1, Math.min(20, high)).map((step) => `*/${step}`),
    fc.uniqueArray(inRange(low, high), { minLength: 2, maxLength: 4 }).map((list) => list.join(',')),
  );
const expression = fc
  .tuple(
    field(0, 59),
    // Most changes of the clock are at night.
    fc.oneof(field(0, 23), fc.constantFrom('0', '1', '2', '3', '1-3', '2,3', '23')),
    fc.oneof({ weight: 3, arbitrary: fc.constant('*') }, { weight: 1, arbitrary: field(1, 28) }),
    fc.oneof({ weight: 5, arbitrary: fc.constant('*') }, { weight: 1, arbitrary: field(1, 12) }),
    fc.oneof({ weight: 3, arbitrary: fc.constant('*') }, { weight: 1, arbitrary: field(0, 6) }),
  )
  .map((fields) => fields.join(' '));

/** Beginnings of weeks in which the clock of a zone is changed, from 2010 to 2027. */
const weeksOfChange = new Map(
  zones.map((zone) => {
    const weeks: number[] = [];
    const offset = (at: number) => shown(zone, at) - at;
    for (let day = Date.UTC(2010, 0, 1); day < Date.UTC(2028, 0, 1); day += dayMs)
      if (offset(day) !== offset(day + dayMs)) weeks.push(day - 3 * dayMs);
    return [zone, weeks];
  }),
);

const week = fc.constantFrom(...zones).chain((zone) => {
  const weeks = weeksOfChange.get(zone) ?? [];
  const anyDay = inRange(0, 17 * 365).map((days) => Date.UTC(2010, 0, 3) + days * dayMs);
  return fc.tuple(
    fc.constant(zone),
    weeks.length === 0 ? anyDay : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...weeks) }, anyDay),
  );
});

const limits = fc.record(
  {
    except: fc.record({
      weekdays: fc.uniqueArray(inRange(0, 6), { maxLength: 3 }),
      dates: fc.array(inRange(0, 6).map(String), { maxLength: 2 }),
    }),
    from: inRange(0, 6 * 24 * 60),
    until: inRange(0, 7 * 24 * 60),
  },
  { requiredKeys: [] },
);

describe('cron times', () => {
  it('are those of a walk over real minutes, over years, in all kinds of time zones', () => {
    fc.assert(
      fc.property(week, expression, limits, ([timeZone, start], text, { except, from, until }) => {
        const spec = cron(text, timeZone, {
          ...(except !== undefined && {
            except: {
              weekdays: except.weekdays,
              dates: except.dates.map((day) =>
                new Date(start + Number(day) * dayMs).toISOString().slice(0, 10),
              ),
            },
          }),
          ...(from !== undefined && { from: start + from * minuteMs }),
          ...(until !== undefined && { until: start + Math.max(until, from ?? 0) * minuteMs }),
        });
        const end = start + 7 * dayMs;
        const times = timesOf(spec);
        const found: number[] = [];
        for (let time = times.next(start - 1); time !== undefined && time < end; time = times.next(time))
          found.push(time);
        const expected = walk(spec, start, end);
        expect(found).toEqual(expected);
        const backwards: number[] = [];
        for (
          let time = times.previous(end - 1);
          time !== undefined && time >= start;
          time = times.previous(time - 1)
        )
          backwards.unshift(time);
        expect(backwards).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  it('from any moment, to the millisecond, are the nearest ones of the table', () => {
    fc.assert(
      fc.property(week, expression, inRange(0, 7 * dayMs), ([timeZone, start], text, offset) => {
        const spec = cron(text, timeZone);
        const moment = start + offset;
        const table = walk(spec, start - dayMs, start + 8 * dayMs);
        const times = timesOf(spec);
        const [before, after] = [times.previous(moment), times.next(moment)];
        if (before !== undefined && before >= start - dayMs)
          expect(before).toBe(table.findLast((time) => time <= moment));
        if (after !== undefined && after < start + 8 * dayMs)
          expect(after).toBe(table.find((time) => time > moment));
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ['Europe/Berlin', '2026-10-25T01:00Z'],
    ['America/Sao_Paulo', '2018-02-18T02:00Z'],
    ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
    ['America/St_Johns', '2010-11-07T02:31Z'],
    ['Europe/Berlin', '2026-03-29T01:00Z'],
  ])('around a change of the clock are the same from each minute: %s %s', (timeZone, change) => {
    const middle = Date.parse(change);
    for (const text of ['*/7 * * * *', '30 1,2,23 * * *', '0 0 * * *']) {
      const spec = cron(text, timeZone);
      const table = walk(spec, middle - 2 * dayMs, middle + 2 * dayMs);
      const times = timesOf(spec);
      for (let minute = -90; minute < 90; minute++) {
        const moment = middle + minute * minuteMs + (minute % 3) * 500;
        expect([times.previous(moment), times.next(moment)]).toEqual([
          table.findLast((time) => time <= moment),
          table.find((time) => time > moment),
        ]);
      }
    }
  });

  it('in a gap are taken at its end, once', () => {
    // 29 March 2026: 02:00 → 03:00, 01:00 UTC.
    expect(next(cron('30 2 * * *', 'Europe/Berlin'), '2026-03-28T12:00Z', 2)).toEqual([
      '2026-03-29T01:00',
      '2026-03-30T00:30',
    ]);
    expect(next(cron('*/20 2 * * *', 'Europe/Berlin'), '2026-03-28T12:00Z', 2)).toEqual([
      '2026-03-29T01:00',
      '2026-03-30T00:00',
    ]);
    // Midnight itself is skipped.
    expect(next(cron('0 0 * * *', 'America/Sao_Paulo'), '2018-11-03T12:00Z', 2)).toEqual([
      '2018-11-04T03:00',
      '2018-11-05T02:00',
    ]);
    // Half an hour only.
    expect(next(cron('15 2 * * *', 'Australia/Lord_Howe'), '2026-10-03T00:00Z', 2)).toEqual([
      '2026-10-03T15:30',
      '2026-10-04T15:15',
    ]);
    // A whole day that never was.
    expect(next(cron('0 10 30 12 *', 'Pacific/Apia'), '2011-12-01T00:00Z', 1)).toEqual(['2011-12-30T10:00']);
  });

  it('that come twice are taken the first time', () => {
    // 25 October 2026: 03:00 → 02:00, 01:00 UTC.
    expect(next(cron('30 2 * * *', 'Europe/Berlin'), '2026-10-24T12:00Z', 2)).toEqual([
      '2026-10-25T00:30',
      '2026-10-26T01:30',
    ]);
    expect(next(cron('*/30 * * * *', 'Europe/Berlin'), '2026-10-25T00:00Z', 2)).toEqual([
      '2026-10-25T00:30',
      '2026-10-25T02:00',
    ]);
    // Set back over midnight: at 00:01 it was 23:01 of the day before again.
    expect(next(cron('30 23 * * *', 'America/St_Johns'), '2010-11-06T12:00Z', 2)).toEqual([
      '2010-11-07T02:00',
      '2010-11-08T03:00',
    ]);
  });

  it('have seconds where the expression has six fields', () => {
    const times = timesOf(cron('*/20 0 12 * * *'));
    const noon = Date.UTC(2026, 0, 1, 12);
    expect(times.next(noon)).toBe(noon + 20_000);
    expect(times.previous(noon + 59_999)).toBe(noon + 40_000);
    expect(times.next(noon + 40_000)).toBe(noon + dayMs);
  });

  it('know names, the last day, the nearest working day and the nth weekday', () => {
    const from = '2026-01-31T12:00Z';
    expect(next(cron('0 6 * FEB MON'), from, 1)).toEqual(['2026-02-02T06:00']);
    expect(next(cron('0 6 L * *'), from, 2)).toEqual(['2026-02-28T06:00', '2026-03-31T06:00']);
    expect(next(cron('0 6 LW * *'), from, 1)).toEqual(['2026-02-27T06:00']);
    expect(next(cron('0 6 15W * *'), from, 1)).toEqual(['2026-02-16T06:00']);
    expect(next(cron('0 6 * * 5#2'), from, 1)).toEqual(['2026-02-13T06:00']);
    expect(next(cron('0 6 * * 7'), from, 1)).toEqual(['2026-02-01T06:00']);
    expect(
      next(cron('0 0 29 2 *', 'UTC', { except: { weekdays: [0, 2, 3, 4, 5, 6], dates: [] } }), from, 1),
    ).toEqual(['2044-02-29T00:00']);
  });

  it.each([
    ['0 25 * * *', /field 2 \(hour\): “25” at character 3/],
    ['0 1,2,30 * * *', /field 2 \(hour\): “30” at character 7/],
    ['5,,6 * * * *', /field 1 \(minute\): nothing at character 3/],
    ['*/0 * * * *', /field 1 \(minute\): “\*\/0” at character 1/],
    ['  0 0 0 32 * *', /field 4 \(day of the month\): “32” at character 9/],
    ['0 0 * 13 *', /field 4 \(month\): “13”/],
    ['0 0 * * FRI-MON', /field 5 \(weekday\): “FRI-MON” at character 9/],
    ['0 0 * * 8', /field 5 \(weekday\): “8”/],
    ['0 0 * * +1', /field 5 \(weekday\): “\+1”/],
    ['0 24:00 * * *', /field 2 \(hour\): “24:00”/],
    ['2026-01-31T10:00:00', /has 1 field\./],
    ['every day at six o’clock', /field 1 \(minute\): “every”/],
    ['@daily', /has 1 field\./],
    ['', /has 0 fields/],
    ['* * * * * * *', /has 7 fields/],
    [`${'1,'.repeat(2_000_000)}1 * * * *`, /^The cron expression “.{51}” has 4000009 characters/],
    ['0 0 30 2 *', /names a day that no month has/],
    ['0 0 LW,5 * *', /LW can not be in a list/],
  ])('of %.30s are refused', (text, message) => {
    expect(() => timesOf(cron(text))).toThrow(invalid(message));
  });

  it('never fail in any other way than with ScheduleInvalid', () => {
    const nonsense = fc.oneof(
      fc.string(),
      fc
        .array(fc.string({ unit: fc.constantFrom(...'0123456789*/,-LW#?@+:ZTAMONJ') }), {
          minLength: 5,
          maxLength: 6,
        })
        .map((parts) => parts.join(' ')),
    );
    fc.assert(
      fc.property(nonsense, (text) => {
        try {
          timesOf(cron(text)).next(0);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ScheduleInvalid' });
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('other times', () => {
  const start = Date.UTC(2026, 2, 28, 10);

  it('once is once', () => {
    const times = timesOf({ times: { kind: 'once', at: start }, timeZone: 'UTC', missed: 'one' });
    expect([
      times.next(start - 1),
      times.next(start),
      times.previous(start),
      times.previous(start - 1),
    ]).toEqual([start, undefined, start, undefined]);
  });

  it('an interval counts from its start, whatever clocks do and whoever asks', () => {
    fc.assert(
      fc.property(inRange(1, 100_000), inRange(-500_000_000, 500_000_000), (seconds, offset) => {
        const times = timesOf({
          times: { kind: 'interval', seconds, from: start },
          timeZone: 'Europe/Berlin',
          missed: 'one',
        });
        const at = start + offset;
        const after = times.next(at) as number;
        expect(after).toBeGreaterThan(at);
        expect((after - start) % (seconds * 1_000)).toBe(0);
        if (at < start) {
          expect([after, times.previous(at)]).toEqual([start, undefined]);
          return;
        }
        expect(after - at).toBeLessThanOrEqual(seconds * 1_000);
        expect(times.previous(at)).toBe(after - seconds * 1_000);
      }),
    );
  });

  it('leave out days of the time zone of the schedule, in one step each', () => {
    const spec: ScheduleSpec = {
      times: { kind: 'interval', seconds: 1, from: start },
      timeZone: 'Asia/Kolkata',
      except: { weekdays: [0, 6], dates: ['2026-03-30'] },
      missed: 'one',
    };
    const times = timesOf(spec);
    // Saturday, Sunday and Monday, whose end is 18:30 UTC.
    expect(times.next(start)).toBe(Date.UTC(2026, 2, 30, 18, 30));
    expect(times.previous(Date.UTC(2026, 2, 30, 18, 29, 59))).toBeUndefined();
    expect(
      timesOf({ ...spec, except: { weekdays: [6], dates: [] } }).previous(Date.UTC(2026, 3, 3, 20)),
    ).toBe(Date.UTC(2026, 3, 3, 18, 29, 59));
  });

  it('a day that the clock shows again is left out again, and ends', () => {
    // Sunday 7 November 2010, 00:01 → Saturday 23:01, at 02:31 UTC.
    const times = timesOf({
      times: { kind: 'interval', seconds: 60, from: Date.UTC(2010, 10, 7) },
      timeZone: 'America/St_Johns',
      except: { weekdays: [6], dates: [] },
      missed: 'one',
    });
    expect(times.next(Date.UTC(2010, 10, 7, 2))).toBe(Date.UTC(2010, 10, 7, 2, 30));
    expect(times.next(Date.UTC(2010, 10, 7, 2, 30))).toBe(Date.UTC(2010, 10, 7, 3, 30));
    expect(times.previous(Date.UTC(2010, 10, 7, 3, 29))).toBe(Date.UTC(2010, 10, 7, 2, 30));
    expect(times.previous(Date.UTC(2010, 10, 7, 2, 29))).toBeUndefined();
  });

  it.each<[Partial<ScheduleSpec>, RegExp]>([
    [{ timeZone: 'Europe/Atlantis' }, /“Europe\/Atlantis” is no time zone/],
    [{ timeZone: '+02:00' }, /no time zone/],
    [{ timeZone: '' }, /no time zone/],
    [{ times: { kind: 'interval', seconds: 0, from: 0 } }, /interval of the schedule is 0 seconds/],
    [{ times: { kind: 'interval', seconds: 1.5, from: 0 } }, /1.5 seconds/],
    [{ times: { kind: 'interval', seconds: 1, from: Number.NaN } }, /start of the interval/],
    [{ times: { kind: 'once', at: 8.7e15 } }, /no moment between 1970 and 9999/],
    [{ from: 2_000, until: 1_000 }, /1970-01-01T00:00:02Z\) comes after its last one/],
    [{ except: { weekdays: [7], dates: [] } }, /7 is no weekday/],
    [{ except: { weekdays: [0, 1, 2, 3, 4, 5, 6], dates: [] } }, /All weekdays/],
    [{ except: { weekdays: [], dates: ['2026-02-30'] } }, /“2026-02-30” is no date/],
    [{ except: { weekdays: [], dates: ['tomorrow'] } }, /“tomorrow” is no date/],
    [{ except: { weekdays: [], dates: Array.from({ length: 1_001 }, (_, i) => `${i}`) } }, /1001 dates/],
  ])('%.60j is refused', (change, message) => {
    expect(() => timesOf({ ...cron('0 6 * * *'), ...change })).toThrow(invalid(message));
  });

  it('a schedule without a time to come is refused', () => {
    const now = start;
    const gone = invalid(/no time left/);
    expect(() => checkSchedule(cron('0 6 * * *', 'UTC', { until: now }), now)).toThrow(gone);
    expect(() =>
      checkSchedule(cron('0 6 * * 0', 'UTC', { except: { weekdays: [0], dates: [] } }), now),
    ).toThrow(gone);
    expect(() =>
      checkSchedule({ times: { kind: 'once', at: now }, timeZone: 'UTC', missed: 'one' }, now),
    ).toThrow(gone);
    expect(() => checkSchedule(cron('0 6 * * *', 'UTC', { from: now + 1e12 }), now)).not.toThrow();
  });
});

describe('missed times', () => {
  const hourMs = 60 * minuteMs;
  const start = Date.UTC(2026, 0, 1);
  const hourly = timesOf({
    times: { kind: 'interval', seconds: 3_600, from: start },
    timeZone: 'UTC',
    missed: 'one',
  });
  const at = (...hours: number[]) => hours.map((hour) => start + hour * hourMs);
  const [one = 0, two = 0, three = 0, four = 0] = at(1, 2, 3, 4);

  it.each(['skip', 'one', 'all'] as const)('%s: a time that is due is fired', (policy) => {
    expect(dueTimes(hourly, policy, one, one + 200)).toEqual({ fire: [one], next: two });
    expect(dueTimes(hourly, policy, two, one + 200)).toEqual({ fire: [], next: two });
  });

  it('skip: nothing is started for them, but what is a minute late is not missed', () => {
    expect(dueTimes(hourly, 'skip', one, three + 30 * minuteMs)).toEqual({
      fire: [],
      missed: { from: one, to: three },
      next: four,
    });
    expect(dueTimes(hourly, 'skip', one, three + minuteMs)).toEqual({
      fire: [three],
      missed: { from: one, to: two },
      next: four,
    });
    expect(dueTimes(hourly, 'skip', three, three + minuteMs + 1)).toEqual({
      fire: [],
      missed: { from: three, to: three },
      next: four,
    });
  });

  it('one: the last one stands for all', () => {
    expect(dueTimes(hourly, 'one', one, three + 30 * minuteMs)).toEqual({
      fire: [three],
      missed: { from: one, to: two },
      next: four,
    });
  });

  it('all: the last hundred', () => {
    expect(dueTimes(hourly, 'all', one, three + 30 * minuteMs)).toEqual({
      fire: [one, two, three],
      next: four,
    });
    const late = dueTimes(hourly, 'all', one, start + 1_000 * hourMs);
    expect(late.fire).toEqual(at(...Array.from({ length: mostMissed }, (_, i) => 901 + i)));
    expect(late.missed).toEqual({ from: one, to: start + 900 * hourMs });
  });

  it('all: a year of seconds does not take longer', () => {
    const seconds = timesOf(cron('* * * * * *', 'Europe/Berlin'));
    const began = performance.now();
    const { fire } = dueTimes(seconds, 'all', start, start + 365 * dayMs);
    expect(fire).toHaveLength(mostMissed);
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  it('after the last time there is no next one', () => {
    const once = timesOf({ times: { kind: 'once', at: one }, timeZone: 'UTC', missed: 'one' });
    expect(dueTimes(once, 'one', one, two)).toEqual({ fire: [one] });
  });

  it('a noted time that is no time of the table any more is forgotten', () => {
    expect(dueTimes(hourly, 'all', one + minuteMs, one + 2 * minuteMs)).toEqual({ fire: [], next: two });
  });
});

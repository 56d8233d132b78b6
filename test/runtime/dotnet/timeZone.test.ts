// Windows zone names → wall clocks. The catalog's list of zones is the specification: every one must be known.
import { describe, expect, it } from 'vitest';
import { findEnum } from '../../../src/language/catalog/catalog.ts';
import { ianaZone, localOffsetMinutes, localTime, timeInZone } from '../../../src/runtime/dotnet/timeZone.ts';
import { FlowDatetime } from '../../../src/runtime/values.ts';

const winter = Date.UTC(2024, 0, 15, 12, 0, 0, 250);
const summer = Date.UTC(2024, 6, 15, 12);

describe('Windows time zones', () => {
  it('knows every zone a flow can name', () => {
    const members = findEnum('DateTime.TimeZoneLocation')?.members ?? [];
    expect(members.length).toBeGreaterThan(130);
    for (const member of members) {
      const zone = ianaZone(member);
      expect(zone && timeInZone(winter, zone), member).toBeInstanceOf(FlowDatetime);
    }
  });

  it.each([
    ['PacificStandardTime', -8, -7],
    ['Pacific Standard Time', -8, -7],
    ['romance standard time', 1, 2],
    ['W. Europe Standard Time', 1, 2],
    ['WEuropeStandardTime', 1, 2],
    ['GTBStandardTime', 2, 3],
    ['ESouthAmericaStandardTime', -3, -3],
    ['IndiaStandardTime', 5.5, 5.5],
    ['NepalStandardTime', 5.75, 5.75],
    ['ChathamIslandsStandardTime', 13.75, 12.75],
    ['NewZealandStandardTime', 13, 12],
    ['AUSEasternStandardTime', 11, 10],
    ['TokyoStandardTime', 9, 9],
    ['UTC', 0, 0],
    ['UTC11', -11, -11],
    ['UTC-11', -11, -11],
    ['UTC12', 12, 12],
    ['UTC+12', 12, 12],
    ['UTC13', 13, 13],
    ['DatelineStandardTime', -12, -12],
    ['LineIslandsStandardTime', 14, 14],
    ['MidAtlanticStandardTime', -2, -2],
    ['GMT Standard Time', 0, 1],
  ])('%s is %d hours from UTC in January, %d in July', (name, january, july) => {
    const zone = ianaZone(name) as string;
    expect((timeInZone(winter, zone)?.ticks as number) - winter).toBe(january * 3_600_000);
    expect((timeInZone(summer, zone)?.ticks as number) - summer).toBe(july * 3_600_000);
  });

  it.each(['', 'UTC+02', 'Mars Standard Time', 'Europe/Paris'])('does not know %j', (name) => {
    expect(ianaZone(name)).toBeUndefined();
  });

  it('knows IANA zones by their own name only', () => {
    expect(timeInZone(winter, 'Europe/Bucharest')?.ticks).toBe(winter + 2 * 3_600_000);
    expect(timeInZone(winter, 'Europe/Atlantis')).toBeUndefined();
  });
});

describe('the zone of this machine', () => {
  it.each([winter, summer, 0, -1])('shows the moment %d as Date does', (moment) => {
    const date = new Date(moment);
    const { fields } = localTime(moment);
    expect([fields.getUTCHours(), fields.getUTCMinutes(), fields.getUTCDate()]).toEqual([
      date.getHours(),
      date.getMinutes(),
      date.getDate(),
    ]);
    expect(localOffsetMinutes(localTime(moment)) + date.getTimezoneOffset()).toBe(0);
  });
});

// The DateTime actions. Datetimes have no zone: they are what a wall clock shows. "Now" comes from the host's clock.
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../action.ts';
import { ianaZone, localTime, timeInZone } from '../dotnet/timeZone.ts';
import { FlowDatetime } from '../values.ts';
import { datetimeArgument } from './typed.ts';

const milliseconds: Readonly<Record<string, number>> = {
  Seconds: 1_000,
  Minutes: 60_000,
  Hours: 3_600_000,
  Days: 86_400_000,
};
const earliest = FlowDatetime.of(1, 1, 1).ticks;
const latest = FlowDatetime.of(9999, 12, 31, 23, 59, 59, 999).ticks;

/** Months and years keep the day of the month where the new month has it, and take its last day where it has not. */
function add(args: ActionArguments): ActionResult {
  const start = datetimeArgument(args, 'DateTime');
  const amount = args.integer('TimeToAdd');
  const unit = args.member('TimeUnit');
  const step = milliseconds[unit];
  const ticks =
    step === undefined
      ? addMonths(start, unit === 'Years' ? amount * 12 : amount)
      : start.ticks + amount * step;
  if (ticks >= earliest && ticks <= latest) return { outputs: { ResultedDate: new FlowDatetime(ticks) } };
  throw new ActionError(
    'ActionFailed',
    `Adding ${amount} ${unit.toLowerCase()} gives a date outside the years 1 to 9999.`,
    'Check the number that is added and its time unit.',
  );
}

function addMonths(start: FlowDatetime, months: number): number {
  const fields = start.fields;
  const total = fields.getUTCFullYear() * 12 + fields.getUTCMonth() + months;
  const [year, month] = [Math.floor(total / 12), (total % 12) + 1];
  if (year < 1 || year > 9999) return Number.NaN;
  const lastDay = FlowDatetime.of(year, month + 1, 0).fields.getUTCDate();
  const day = FlowDatetime.of(year, month, Math.min(fields.getUTCDate(), lastDay)).ticks;
  return (
    day +
    (start.ticks -
      FlowDatetime.of(fields.getUTCFullYear(), fields.getUTCMonth() + 1, fields.getUTCDate()).ticks)
  );
}

function subtract(args: ActionArguments): ActionResult {
  const difference = datetimeArgument(args, 'FromDate').ticks - datetimeArgument(args, 'SubstractDate').ticks;
  const unit = milliseconds[args.member('TimeUnit')] as number;
  return { outputs: { TimeDifference: difference / unit } };
}

/** "Get current date and time" in the zone that `wallClock` reads. */
function current(
  variant: string,
  wallClock: (moment: number, args: ActionArguments) => FlowDatetime,
): ActionDefinition {
  return {
    id: `DateTime.GetCurrentDateTime.${variant}`,
    run(args: ActionArguments, { host }: ActionContext) {
      const now = wallClock(host.clock.now(), args);
      const dateOnly = args.member('DateTimeFormat') === 'DateOnly';
      const ticks = dateOnly ? Math.floor(now.ticks / 86_400_000) * 86_400_000 : now.ticks;
      return { outputs: { CurrentDateTime: new FlowDatetime(ticks) } };
    },
  };
}

function inZone(moment: number, zone: string | undefined, name: string, code: string): FlowDatetime {
  const time = zone === undefined ? undefined : timeInZone(moment, zone);
  if (time) return time;
  throw new ActionError(
    code,
    `There is no time zone '${name}'.`,
    'Check its spelling: country/region zones are called like Europe/Paris, Windows zones like Romance Standard Time.',
  );
}

function inWindowsZone(moment: number, name: string): FlowDatetime {
  return inZone(moment, ianaZone(name), name, 'GetCurrentDateTimeError');
}

function atOffset(moment: number, hours: number): FlowDatetime {
  if (Math.abs(hours) <= 14) return new FlowDatetime(moment + Math.round(hours * 60) * 60_000);
  throw new ActionError(
    'GetCurrentDateTimeError',
    `No time zone is ${hours} hours away from UTC.`,
    'Give an offset between -14 and 14 hours.',
  );
}

export const dateTimeActions: readonly ActionDefinition[] = [
  { id: 'DateTime.Add', run: add },
  { id: 'DateTime.Subtract', run: subtract },
  current('Local', (moment) => localTime(moment)),
  current('Windows', (moment, args) => inWindowsZone(moment, args.member('TimeZoneLocation'))),
  current('CustomTimeZone', (moment, args) => inWindowsZone(moment, args.text('CustomTimeZone'))),
  current('CustomOffset', (moment, args) => atOffset(moment, args.number('CustomOffset'))),
  current('Current', (moment, args) => {
    const zone = args.text('Offset');
    return inZone(moment, zone, zone, 'CountryOrRegionNotFoundError');
  }),
];

// What a .NET culture says about dates and numbers. Data only; the rules that read it are in dateFormat.ts, dateParse.ts and number.ts.

/** The parts of a .NET CultureInfo that flows can see. Patterns are custom date and time format strings. */
export interface Culture {
  readonly name: string;
  /** Sunday first. */
  readonly dayNames: readonly string[];
  readonly shortDayNames: readonly string[];
  /** January first. */
  readonly monthNames: readonly string[];
  readonly shortMonthNames: readonly string[];
  readonly am: string;
  readonly pm: string;
  readonly era: string;
  readonly dateSeparator: string;
  readonly timeSeparator: string;
  readonly shortDate: string;
  readonly longDate: string;
  readonly shortTime: string;
  readonly longTime: string;
  readonly monthDay: string;
  readonly yearMonth: string;
  /** Two-digit years end at this one: 2049 makes 49 the year 2049 and 50 the year 1950. */
  readonly lastTwoDigitYear: number;
  readonly decimalSeparator: string;
  readonly groupSeparator: string;
  /** Sizes of the digit groups from the right; the last one repeats. */
  readonly groupSizes: readonly number[];
}

const invariant: Culture = {
  name: '',
  dayNames: ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'],
  shortDayNames: ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'],
  monthNames: [
    'January',
    'February',
    'March',
    'April',
    'May',
    'June',
    'July',
    'August',
    'September',
    'October',
    'November',
    'December',
  ],
  shortMonthNames: ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'],
  am: 'AM',
  pm: 'PM',
  era: 'A.D.',
  dateSeparator: '/',
  timeSeparator: ':',
  shortDate: 'MM/dd/yyyy',
  longDate: 'dddd, dd MMMM yyyy',
  shortTime: 'HH:mm',
  longTime: 'HH:mm:ss',
  monthDay: 'MMMM dd',
  yearMonth: 'yyyy MMMM',
  lastTwoDigitYear: 2049,
  decimalSeparator: '.',
  groupSeparator: ',',
  groupSizes: [3],
};

/** Cultures by .NET name. A new language is one more row. */
export const cultures = {
  invariant,
  'en-US': {
    ...invariant,
    name: 'en-US',
    shortDate: 'M/d/yyyy',
    longDate: 'dddd, MMMM d, yyyy',
    shortTime: 'h:mm tt',
    longTime: 'h:mm:ss tt',
    monthDay: 'MMMM d',
    yearMonth: 'MMMM yyyy',
  },
} as const satisfies Record<string, Culture>;

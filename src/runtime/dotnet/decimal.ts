// Arithmetic and texts of .NET's decimal type: 0.1 + 0.2 is 0.3, 1 / 3 has 28 digits, whole numbers of 28 digits are exact.
// A value is a JavaScript number where that says the same, and a FlowDecimal where it needs more digits; see `numeric`.
import { FlowDecimal, type Numeric } from '../values.ts';
import type { Culture } from './culture.ts';

/** A decimal has less than 2^96 digits … */
const limit = 2n ** 96n;
/** … of which so many stand behind the point. */
const mostPlaces = 28;
/** A JavaScript number keeps every decimal of so many significant digits apart. */
const plainDigits = 10 ** 15;

/** Powers of ten that a JavaScript number holds exactly. */
const powers = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
const power = (places: number): bigint => 10n ** BigInt(places);
const size = (digits: bigint): bigint => (digits < 0n ? -digits : digits);

interface Decimal {
  readonly digits: bigint;
  readonly places: number;
}

/** A number as the decimal it stands for: safe integers exactly, others by their first 15 significant digits, as .NET converts doubles. */
function decimal(value: Numeric): Decimal {
  if (typeof value !== 'number') return value;
  if (Number.isSafeInteger(value)) return { digits: BigInt(value), places: 0 };
  const [mantissa, exponent] = value.toExponential(14).split('e') as [string, string];
  const digits = BigInt(mantissa.replace('.', ''));
  const places = 14 - Number(exponent);
  return places >= 0 ? { digits, places } : { digits: digits * power(-places), places: 0 };
}

/** `digits / divisor` to the nearest whole number, halves to the even one. */
function divided(digits: bigint, divisor: bigint): bigint {
  const quotient = digits / divisor;
  const twice = size(digits % divisor) * 2n;
  const whole = size(divisor);
  if (twice < whole || (twice === whole && quotient % 2n === 0n)) return quotient;
  return digits < 0n === divisor < 0n ? quotient + 1n : quotient - 1n;
}

/** The one form of a decimal, rounded to what the type holds: a JavaScript number when that keeps all digits. Undefined when it is too large. */
function settled(digits: bigint, places: number): Numeric | undefined {
  let [kept, left] = [digits, places];
  if (left > mostPlaces || size(kept) >= limit) {
    let excess = Math.max(0, left - mostPlaces, String(size(kept)).length - 29);
    let rounded = divided(kept, power(excess));
    // 29 digits may still be more than 2^96.
    if (size(rounded) >= limit) rounded = divided(kept, power(++excess));
    [kept, left] = [rounded, left - excess];
    if (left < 0) return undefined;
  }
  while (left > 0 && kept % 10n === 0n) [kept, left] = [kept / 10n, left - 1];
  const number = Number(kept);
  if (left === 0 && Number.isSafeInteger(number)) return number;
  if (significant(kept) <= 15)
    return left <= 22 ? number / (powers[left] as number) : Number(`${kept}e-${left}`);
  return new FlowDecimal(kept, left);
}

function significant(digits: bigint): number {
  return String(size(digits)).replace(/0+$/, '').length;
}

/** The number a flow works with for a JavaScript number from elsewhere: 15 significant digits, or a safe integer. */
export function numeric(value: number): number {
  return Number.isSafeInteger(value) || !Number.isFinite(value) ? value : Number(value.toPrecision(15));
}

/** The nearest JavaScript number. */
export function nearest(value: Numeric): number {
  return typeof value === 'number' ? value : Number(`${value.digits}e-${value.places}`);
}

// Most numbers of flows have few digits: they are computed as whole numbers of their last decimal, without big integers.

/** `value` × 10^`places` is whole for so few places; undefined when it has too many digits for that. */
function fewPlaces(value: number): number | undefined {
  for (let places = 0; places <= 12; places++) {
    const unit = powers[places] as number;
    const whole = Math.round(value * unit);
    if (Math.abs(whole) >= plainDigits) return undefined;
    if (whole / unit === value) return places;
  }
  return undefined;
}

/** Sum of two numbers; undefined when it is too large. */
export function addDecimals(a: Numeric, b: Numeric): Numeric | undefined {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(a) && Number.isSafeInteger(b) && Number.isSafeInteger(sum)) return sum;
    const [left, right] = [fewPlaces(a), fewPlaces(b)];
    if (left !== undefined && right !== undefined) {
      const unit = powers[Math.max(left, right)] as number;
      const [x, y] = [Math.round(a * unit), Math.round(b * unit)];
      if (Math.abs(x) < plainDigits && Math.abs(y) < plainDigits && Math.abs(x + y) < plainDigits)
        return (x + y) / unit;
    }
    if (!Number.isFinite(a) || !Number.isFinite(b)) return undefined;
  }
  const [x, y] = [decimal(a), decimal(b)];
  const places = Math.max(x.places, y.places);
  return settled(x.digits * power(places - x.places) + y.digits * power(places - y.places), places);
}

export function negateDecimal(value: Numeric): Numeric {
  return typeof value === 'number' ? -value : new FlowDecimal(-value.digits, value.places);
}

/** Product of two numbers; undefined when it is too large. */
export function multiplyDecimals(a: Numeric, b: Numeric): Numeric | undefined {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b;
    if (Number.isSafeInteger(a) && Number.isSafeInteger(b) && Number.isSafeInteger(product)) return product;
    const [left, right] = [fewPlaces(a), fewPlaces(b)];
    if (left !== undefined && right !== undefined && left + right <= 22) {
      const whole = Math.round(a * (powers[left] as number)) * Math.round(b * (powers[right] as number));
      if (Math.abs(whole) < plainDigits) return whole / (powers[left + right] as number);
    }
    if (!Number.isFinite(a) || !Number.isFinite(b)) return undefined;
  }
  const [x, y] = [decimal(a), decimal(b)];
  return settled(x.digits * y.digits, x.places + y.places);
}

/** Quotient of two numbers, to as many digits as a decimal holds; undefined when it is too large. `b` is not zero. */
export function divideDecimals(a: Numeric, b: Numeric): Numeric | undefined {
  if (typeof a === 'number' && typeof b === 'number') {
    const quotient = a / b;
    if (Number.isSafeInteger(a) && Number.isSafeInteger(b)) {
      const places = fewPlaces(quotient);
      // Exact when the quotient, taken back, is the dividend.
      if (places !== undefined) {
        const unit = powers[places] as number;
        const back = Math.round(quotient * unit) * b;
        const scaled = a * unit;
        if (Number.isSafeInteger(back) && Number.isSafeInteger(scaled) && back === scaled) return quotient;
      }
    }
    if (!Number.isFinite(a) || !Number.isFinite(b)) return undefined;
  }
  const [x, y] = [decimal(a), decimal(b)];
  // So many places that rounding to what is kept is rounding of the exact quotient; a remainder counts as a last digit.
  const extra = Math.max(0, 60 + String(size(y.digits)).length - String(size(x.digits)).length);
  const scaled = x.digits * power(extra);
  const quotient = scaled / y.digits;
  const rest = scaled % y.digits === 0n ? 0n : scaled < 0n === y.digits < 0n ? 1n : -1n;
  const places = x.places + extra - y.places;
  return places >= 0 ? settled(quotient * 10n + rest, places + 1) : settled(quotient * power(-places), 0);
}

/** Remainder with the sign of the dividend, as .NET computes it; undefined for numbers no decimal holds. `b` is not zero. */
export function decimalRemainder(a: Numeric, b: Numeric): Numeric | undefined {
  if (typeof a === 'number' && typeof b === 'number') {
    if (Number.isSafeInteger(a) && Number.isSafeInteger(b)) return a % b;
    if (!Number.isFinite(a) || !Number.isFinite(b)) return undefined;
  }
  const [x, y] = [decimal(a), decimal(b)];
  const places = Math.max(x.places, y.places);
  return settled((x.digits * power(places - x.places)) % (y.digits * power(places - y.places)), places);
}

/** Negative, zero or positive as `a` is less than, equal to or greater than `b`. */
export function compareDecimals(a: Numeric, b: Numeric): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [nearest(a), nearest(b)];
  if (left !== right || !Number.isFinite(left)) return left - right;
  const [x, y] = [decimal(a), decimal(b)];
  const places = Math.max(x.places, y.places);
  const difference = x.digits * power(places - x.places) - y.digits * power(places - y.places);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

// ── Texts ───────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * A number as .NET writes decimals under the invariant culture: all digits, a decimal point, never an exponent. Numbers that no decimal
 * holds are written as .NET writes doubles: `1.5E+30`, `Infinity`.
 */
export function decimalText(value: Numeric): string {
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return String(value === 0 ? 0 : value);
    if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
    const plain = String(Number(value.toPrecision(15)));
    if (!plain.includes('e')) return plain;
    const magnitude = Math.abs(value);
    if (magnitude >= 2 ** 96 || magnitude < 1e-28) {
      const [mantissa, exponent] = plain.split('e') as [string, string];
      return `${mantissa}E${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
    }
  }
  return plainText(decimal(value));
}

function plainText({ digits, places }: Decimal): string {
  const all = String(size(digits)).padStart(places + 1, '0');
  const fraction = all.slice(all.length - places).replace(/0+$/, '');
  const whole = places === 0 ? all : all.slice(0, all.length - places);
  return `${digits < 0n ? '-' : ''}${whole}${places === 0 || fraction === '' ? '' : `.${fraction}`}`;
}

/** The number that `[+-]digits[.digits][e±n]` spells, rounded to what a decimal holds; undefined when it is too large. */
export function readDecimal(text: string): Numeric | undefined {
  const number = Number(text);
  if (Number.isSafeInteger(number) && /^[+-]?\d+$/.test(text)) return number;
  const match = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const all = (whole + fraction).replace(/^0+/, '');
  if (all === '') return 0;
  const places = fraction.length - Number(exponent);
  if (all.length - places > 29) return undefined;
  // What is far behind the last place only tells on which side of a half the rest is.
  const cut = Math.max(0, all.length - 60);
  const digits = BigInt(all.slice(0, all.length - cut)) * (sign === '-' ? -1n : 1n);
  const left = places - cut;
  if (left > 200) return 0;
  return left >= 0 ? settled(digits, left) : settled(digits * power(-left), 0);
}

/** `value` rounded to `places` decimals, halves away from zero. */
export function roundDecimal(value: Numeric, places: number): Numeric {
  const { digits, places: left } = rounded(value, places);
  // Rounding up cannot leave the range: the largest decimal is a whole number.
  return settled(digits, left) as Numeric;
}

function rounded(value: Numeric, places: number): Decimal {
  const exact = decimal(value);
  if (exact.places <= places) return exact;
  const unit = power(exact.places - places);
  const half = exact.digits < 0n ? -unit / 2n : unit / 2n;
  return { digits: (exact.digits + half) / unit, places };
}

/** The part before the decimal point. */
export function integerPart(value: Numeric): Numeric {
  if (typeof value === 'number') return Math.trunc(value) + 0;
  return settled(value.digits / power(value.places), 0) as Numeric;
}

/** The part behind the decimal point, with the sign of `value`. */
export function decimalPart(value: Numeric): Numeric {
  return addDecimals(value, negateDecimal(integerPart(value))) as Numeric;
}

/**
 * A finite number with a fixed number of decimals (.NET formats `F` and, with `grouped`, `N`), halves rounded away from zero.
 * Zero never carries a sign.
 */
export function formatNumber(value: Numeric, places: number, grouped: boolean, culture: Culture): string {
  const { digits, places: given } = rounded(value, places);
  const all = String(size(digits)).padStart(given + 1, '0');
  const whole = all.slice(0, all.length - given);
  const fraction = all.slice(all.length - given).padEnd(places, '0');
  const shown = grouped ? group(whole, culture) : whole;
  return `${digits < 0n ? '-' : ''}${shown}${places > 0 ? culture.decimalSeparator + fraction : ''}`;
}

function group(whole: string, culture: Culture): string {
  const groups: string[] = [];
  let rest = whole;
  for (let index = 0; ; index++) {
    const size = culture.groupSizes[Math.min(index, culture.groupSizes.length - 1)] ?? 0;
    if (size === 0 || rest.length <= size) return [rest, ...groups].join(culture.groupSeparator);
    groups.unshift(rest.slice(-size));
    rest = rest.slice(0, -size);
  }
}

/**
 * The number a text spells as .NET's decimal type reads it: a sign in front or behind, group separators anywhere before the decimal
 * separator, white space ignored wherever it stands; no exponent, no currency. Undefined when it spells none or is beyond decimal's range.
 */
export function parseDecimal(text: string, culture: Culture): Numeric | undefined {
  const compact = text.replace(/\s/g, '');
  const sign = /^[+-]|(?<=.)[+-]$/.exec(compact)?.[0] ?? '';
  const unsigned = sign === '' ? compact : compact.startsWith(sign) ? compact.slice(1) : compact.slice(0, -1);
  const [whole, fraction, ...more] = unsigned.split(culture.decimalSeparator);
  if (whole === undefined || more.length > 0) return undefined;
  const digits = whole.replaceAll(culture.groupSeparator, '');
  if (!/^\d*$/.test(digits) || !/^\d*$/.test(fraction ?? '') || digits + (fraction ?? '') === '')
    return undefined;
  if (whole.startsWith(culture.groupSeparator)) return undefined;
  const value = readDecimal(`${digits || '0'}.${fraction || '0'}`);
  return value === undefined || sign !== '-' || value === 0 ? value : negateDecimal(value);
}

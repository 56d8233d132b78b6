// Decimal arithmetic and number texts as .NET's decimal type has them, on JavaScript numbers: 0.1 + 0.2 is 0.3, and 2.675 rounds to 2.68.
import type { Culture } from './culture.ts';

/** A number as `digits` × 10^-`places`. */
interface Decimal {
  readonly digits: bigint;
  readonly places: number;
}

/** The decimal a number is written as; exact for every number with up to 15 significant digits. */
function decimal(value: number): Decimal {
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string];
  const [whole, fraction = ''] = mantissa.split('.') as [string, string?];
  const places = fraction.length - Number(exponent);
  const digits = BigInt(whole + fraction);
  return places >= 0 ? { digits, places } : { digits: digits * 10n ** BigInt(-places), places: 0 };
}

const toNumber = ({ digits, places }: Decimal): number => Number(`${digits}e-${places}`);

/** Sum of two finite numbers, computed in decimal. */
export function addDecimals(a: number, b: number): number {
  if (Number.isSafeInteger(a) && Number.isSafeInteger(b)) return a + b;
  const [x, y] = [decimal(a), decimal(b)];
  const places = Math.max(x.places, y.places);
  const scaled = (value: Decimal) => value.digits * 10n ** BigInt(places - value.places);
  return toNumber({ digits: scaled(x) + scaled(y), places });
}

/** `value` rounded to `places` decimals, halves away from zero. */
export function roundDecimal(value: number, places: number): number {
  return toNumber(rounded(value, places));
}

function rounded(value: number, places: number): Decimal {
  const exact = decimal(value);
  if (exact.places <= places) return exact;
  const unit = 10n ** BigInt(exact.places - places);
  const half = exact.digits < 0n ? -unit / 2n : unit / 2n;
  return { digits: (exact.digits + half) / unit, places };
}

/** The part behind the decimal point, with the sign of `value`. */
export function decimalPart(value: number): number {
  return addDecimals(value, -Math.trunc(value));
}

/**
 * A finite number with a fixed number of decimals (.NET formats `F` and, with `grouped`, `N`), halves rounded away from zero.
 * Zero never carries a sign.
 */
export function formatNumber(value: number, places: number, grouped: boolean, culture: Culture): string {
  const { digits, places: given } = rounded(value, places);
  const all = String(digits < 0n ? -digits : digits).padStart(given + 1, '0');
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
export function parseDecimal(text: string, culture: Culture): number | undefined {
  const compact = text.replace(/\s/g, '');
  const sign = /^[+-]|(?<=.)[+-]$/.exec(compact)?.[0] ?? '';
  const unsigned = sign === '' ? compact : compact.startsWith(sign) ? compact.slice(1) : compact.slice(0, -1);
  const [whole, fraction, ...more] = unsigned.split(culture.decimalSeparator);
  if (whole === undefined || more.length > 0) return undefined;
  const digits = whole.replaceAll(culture.groupSeparator, '');
  if (!/^\d*$/.test(digits) || !/^\d*$/.test(fraction ?? '') || digits + (fraction ?? '') === '')
    return undefined;
  if (whole.startsWith(culture.groupSeparator)) return undefined;
  const value = Number(`${digits || '0'}.${fraction || '0'}`);
  if (value >= 2 ** 96) return undefined;
  return sign === '-' && value !== 0 ? -value : value;
}

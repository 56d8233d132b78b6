// Cells of databases → values. Whole and decimal numbers keep all the digits a number of a flow has room for.
import { numeric, readDecimal } from '../../dotnet/decimal.ts';
import { FlowDatetime, type Value } from '../../values.ts';

/** Digits before the point, and behind it. */
const plainNumber = /^[-+]?0*(\d*)(?:\.(\d*?)0*)?$/;

/**
 * A whole or decimal number as text, such as `12.50`. It stays text, exactly as the database wrote it, when it is none (`NaN`) or has
 * more digits than a number of a flow (28).
 */
export function exactNumber(text: string): Value {
  const match = plainNumber.exec(text);
  if (match === null || !/\d/.test(text)) return text;
  const [, whole = '', fraction = ''] = match;
  return whole.length + fraction.length <= 28 ? (readDecimal(text) ?? text) : text;
}

/** A floating-point number of 64 bits, of which the first 15 digits count. What is none (`NaN`, `Infinity`) is text. */
export function floatingNumber(value: number): Value {
  return Number.isFinite(value) ? numeric(value) : String(value);
}

/** `yyyy-MM-dd`, optionally with a time and fractions, as wall-clock time; text that is none (`infinity`, year 0) stays text. */
export function datetime(text: string): Value {
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(?:\.(\d+))?)?$/.exec(text);
  if (match === null) return text;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (year === 0 || month === 0 || day === 0) return text;
  return FlowDatetime.of(year, month, day, hour, minute, second, Number(`${match[7] ?? ''}000`.slice(0, 3)));
}

/** Binary data as flows hold it: one character (0-255) per byte. */
export function binary(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

// Cells of databases → values. What a number cannot hold exactly stays text, exactly as the database wrote it.
import { FlowDatetime, type Value } from '../../values.ts';

/** A whole number as text. */
export function wholeNumber(text: string): Value {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : text;
}

/** A decimal number as text, such as `12.50`: a number when that has all of its digits. */
export function decimalNumber(text: string): Value {
  const number = Number(text);
  const digits = text.replace(/^[-+]?0*|\./g, '').replace(/^0+/, '');
  return Number.isFinite(number) && (digits.length <= 15 || Number.isSafeInteger(number)) ? number : text;
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

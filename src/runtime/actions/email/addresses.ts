// Email addresses as flows write them.
import { ActionError } from '../../action.ts';

export interface Address {
  readonly name: string;
  readonly address: string;
}

/**
 * Addresses separated by semicolons, commas or blanks, each `ann@example.com` or `Ann Example <ann@example.com>`. `field` is named in
 * the error `InvalidEmailAddressError`.
 */
export function parseAddresses(text: string, field: string): Address[] {
  const found: Address[] = [];
  const one =
    /[\s;,]*(?:(?:"((?:[^"\\]|\\.)*)"|([^<>;:,"@\r\n]*?))\s*<\s*([^<>\s]+)\s*>|([^\s;,<>"]+))(?=[\s;,]|$)/y;
  const end = text.replace(/[\s;,]+$/, '').length;
  while (one.lastIndex < end) {
    const at = one.lastIndex;
    const match = one.exec(text);
    const address = match?.[3] ?? match?.[4];
    if (match === null || address === undefined || !isAddress(address)) {
      const shown = text.slice(at, at + 60).trim();
      throw new ActionError(
        'InvalidEmailAddressError',
        `"${shown}" in the field "${field}" is no email address.`,
        'Write addresses as ann@example.com, several of them separated by semicolons.',
      );
    }
    found.push({ name: (match[1]?.replace(/\\(.)/g, '$1') ?? match[2] ?? '').trim(), address });
  }
  return found;
}

function isAddress(text: string): boolean {
  return (
    /^[^\s@<>()[\]\\,;:"\p{Cc}]+@(?:[\p{L}\p{N}_-]+\.)*[\p{L}\p{N}_-]+$/u.test(text) &&
    !/^\.|\.\.|\.@/.test(text)
  );
}

/** An address as mail programs show it. */
export function shownAddress({ name, address }: Address): string {
  return name === '' ? address : `"${name.replace(/["\\]/g, '\\$&')}" <${address}>`;
}

// Email addresses as flows write them.
import { describe, expect, it } from 'vitest';
import { ActionError } from '../../../src/runtime/action.ts';
import { parseAddresses, shownAddress } from '../../../src/runtime/actions/email/addresses.ts';

describe('addresses', () => {
  it.each([
    ['', []],
    [' ; ', []],
    ['ann@example.com', ['ann@example.com']],
    [
      'ann@example.com; bob@example.com,cy@example.com dee@example.com;',
      ['ann@example.com', 'bob@example.com', 'cy@example.com', 'dee@example.com'],
    ],
    [
      'Ann Example <ann@example.com>; "Büro, West" <west@example.com>',
      ['"Ann Example" <ann@example.com>', '"Büro, West" <west@example.com>'],
    ],
    ['<ann@example.com>', ['ann@example.com']],
    ["o'neil+tag@mail.exämple.de", ["o'neil+tag@mail.exämple.de"]],
    ['jürgen@example.com', ['jürgen@example.com']],
    ['root@localhost', ['root@localhost']],
  ])('%j', (text, expected) => {
    expect(parseAddresses(text, 'To').map(shownAddress)).toEqual(expected);
  });

  it.each([
    'ann',
    'ann@',
    '@example.com',
    'a@b@c',
    'ann@exa mple.com x',
    'ann@example..com',
    'a..b@example.com',
    'ann@example.com\r\nBcc: eve@example.com',
    '"open <ann@example.com>',
    'ann@example.com; bob',
  ])('%j is refused', (text) => {
    expect(() => parseAddresses(text, 'To')).toThrow(ActionError);
    expect(() => parseAddresses(text, 'To')).toThrow(/in the field "To" is no email address/);
  });
});

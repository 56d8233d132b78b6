// Email addresses as flows write them.
import { describe, expect, it } from 'vitest';
import { ActionError } from '../../../src/runtime/action.ts';
import { parseAddresses, shownAddress } from '../../../src/runtime/actions/email/addresses.ts';
import { MailReference, messageValue } from '../../../src/runtime/actions/email/message.ts';

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
    ['ann@example.com Bob B <bob@example.com>', ['ann@example.com', '"Bob B" <bob@example.com>']],
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
    'ann@example.com\r\nBcc: <eve@example.com>',
    '"open <ann@example.com>',
    'ann@example.com; bob',
  ])('%j is refused', (text) => {
    expect(() => parseAddresses(text, 'To')).toThrow(ActionError);
    expect(() => parseAddresses(text, 'To')).toThrow(/in the field "To" is no email address/);
  });
});

it('a message that cannot be taken apart is given as it came', async () => {
  const nested = Array.from(
    { length: 300 },
    (_, at) => `Content-Type: multipart/mixed; boundary="b${at}"\r\n\r\n--b${at}\r\n`,
  ).join('');
  const message = await messageValue(
    new MailReference('INBOX', 7, 1n),
    Buffer.from(`From: ann@example.com\r\nSubject: =?utf-8?q?=C3=9Cber?=\r\n${nested}\r\nbottom ü`),
    undefined,
    new AbortController().signal,
  );
  expect(message.properties.get('Subject')).toBe('Über');
  expect(message.properties.get('From')).toBe('ann@example.com');
  expect(message.properties.get('BodyText')).toMatch(/^--b0\r\n[\s\S]*bottom ü$/);
});

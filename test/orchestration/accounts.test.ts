// Names of accounts in all forms that people write them (rules CON-3, CON-4).
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accountKey, checkAccount, parseAccount, sameAccount } from '../../src/orchestration/accounts.ts';

describe('CON-3: forms of an account', () => {
  it.each([
    ['CONTOSO\\ann', { user: 'ann', authority: 'CONTOSO', local: false }],
    ['corp.contoso.com\\ann', { user: 'ann', authority: 'corp.contoso.com', local: false }],
    ['ann@contoso.com', { user: 'ann', authority: 'contoso.com', local: false }],
    ['ann', { user: 'ann', authority: undefined, local: false }],
    ['PC-1\\ann', { user: 'ann', authority: undefined, local: true }],
    ['pc-1\\Ann', { user: 'Ann', authority: undefined, local: true }],
    ['local\\ann', { user: 'ann', authority: undefined, local: true }],
    ['.\\ann', { user: 'ann', authority: undefined, local: true }],
    ['  .\\ann smith ', { user: 'ann smith', authority: undefined, local: true }],
    ['.\\Зоя', { user: 'Зоя', authority: undefined, local: true }],
  ])('%s', (text, account) => {
    expect(parseAccount(text, 'PC-1')).toEqual(account);
  });

  it.each([
    '',
    '   ',
    '\\ann',
    'CONTOSO\\',
    '@contoso.com',
    'ann@',
    'a@b@c',
    'A\\B\\c',
    'CONTOSO\\ann@contoso.com',
    'CONTOSO\\ ann',
    'CONTOSO \\ann',
    'ann @contoso.com',
    'ann;net user',
    'ann\nroot',
    'ann\0',
    '"ann"',
    'a/b',
    '*',
    'x'.repeat(401),
  ])('not %j', (text) => {
    expect(parseAccount(text)).toBeUndefined();
    expect(() => checkAccount(text)).toThrow(expect.objectContaining({ code: 'AccountInvalid' }));
  });

  it('a refusal repeats no more than the beginning', () => {
    expect(() => checkAccount(`${'x'.repeat(3_000_000)}`)).toThrow(/^“x{100}” is no name/);
    expect(() => checkAccount('CONTOSO\\ann')).not.toThrow();
  });

  it('one account has one key, however it is written', () => {
    const local = ['ann', 'ANN', '.\\ann', 'local\\Ann', 'PC-1\\ann', ' pc-1\\ANN '];
    expect(new Set(local.map((text) => accountKey(text, 'PC-1')))).toEqual(new Set(['ann']));
    const domain = ['CONTOSO\\ann', 'contoso\\ANN', 'ann@contoso.com', 'Ann@Contoso.COM', 'contoso.com\\ann'];
    expect(new Set(domain.map((text) => accountKey(text, 'PC-1')))).toEqual(new Set(['contoso\\ann']));
  });

  it('accounts of others have other keys', () => {
    expect(sameAccount('.\\ann', 'CONTOSO\\ann', 'PC-1')).toBe(false);
    expect(sameAccount('PC-2\\ann', '.\\ann', 'PC-1')).toBe(false);
    expect(sameAccount('FABRIKAM\\ann', 'ann@contoso.com', 'PC-1')).toBe(false);
  });

  it('a key stays the same when it is read again, for any text', () => {
    const name = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'aB.\\@ -1') }));
    fc.assert(
      fc.property(name, (text) => {
        const key = accountKey(text, 'PC-1');
        expect(accountKey(key, 'PC-1')).toBe(key);
        expect(sameAccount(` ${text}`, text, 'PC-1')).toBe(true);
      }),
    );
  });
});

describe('CON-4: what a machine is joined to decides which form it wants', () => {
  it('so both forms of a domain account are taken, mean the same, and neither is turned into the other', () => {
    for (const text of ['CONTOSO\\ann', 'ann@contoso.com']) expect(() => checkAccount(text)).not.toThrow();
    expect(sameAccount('CONTOSO\\ann', 'ann@contoso.com')).toBe(true);
    expect(parseAccount('ann@contoso.com')?.authority).toBe('contoso.com');
    expect(parseAccount('CONTOSO\\ann')?.authority).toBe('CONTOSO');
  });
});

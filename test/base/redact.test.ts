// No registered secret survives redaction, in any of the forms in which it may reappear.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MASK, Redactor } from '../../src/base/redact.ts';

const secretText = fc
  .string({ minLength: 3, maxLength: 20, unit: 'grapheme' })
  .filter((text) => !text.includes('•'));

describe('Redactor', () => {
  it('removes a secret wherever it stands in a text', () => {
    fc.assert(
      fc.property(secretText, fc.string(), fc.string(), (secret, before, after) => {
        const redactor = new Redactor();
        redactor.add(secret);
        expect(redactor.text(before + secret + after)).not.toContain(secret);
      }),
    );
  });

  it.each([
    ['as JSON', JSON.stringify({ password: 'a"b\\c\nd' }), 'a"b\\c\nd'],
    ['in an address', `https://x/?p=${encodeURIComponent('p&ss wörd')}`, 'p&ss wörd'],
    ['as Base64', `Authorization: Basic ${Buffer.from('s3cret!').toString('base64')}`, 's3cret!'],
    ['trimmed', 'x=s3cret!;', '  s3cret! '],
    ['with regular-expression characters', 'a(b[c)*+?. end', 'a(b[c)*+?.'],
  ])('removes a secret %s', (_form, text, secret) => {
    const redactor = new Redactor();
    redactor.add(secret);
    expect(redactor.text(text)).toContain(MASK);
    expect(redactor.text(text)).not.toContain(secret.trim());
  });

  it('masks the parts of a given secret that became folder names, but not the words of a computed one', () => {
    const given = new Redactor();
    given.addGiven('alpha\\beta/gamma');
    expect(given.text('no folder alpha, beta or gamma')).toBe(`no folder ${MASK}, ${MASK} or ${MASK}`);
    const computed = new Redactor();
    computed.add('Ada / alpha-beta');
    expect(computed.text('Hello Ada')).toBe('Hello Ada');
    expect(computed.text('Card: Ada / alpha-beta')).toBe(`Card: ${MASK}`);
  });

  it('masks longer secrets before shorter ones that they contain', () => {
    const redactor = new Redactor();
    redactor.add('abc');
    redactor.add('abcdef');
    expect(redactor.text('xabcdefx')).toBe(`x${MASK}x`);
  });

  it('masks very short secrets only where they stand alone', () => {
    const redactor = new Redactor();
    redactor.add('7');
    expect(redactor.text('7')).toBe(MASK);
    expect(redactor.text('line 7 of 17')).toBe('line 7 of 17');
    expect(redactor.value({ pin: 7, list: ['7', 8] })).toEqual({ pin: MASK, list: [MASK, 8] });
  });

  it('reaches keys and nested values and leaves everything else as it is', () => {
    const redactor = new Redactor();
    expect(redactor.value('hunter2')).toBe('hunter2');
    redactor.add('hunter2');
    expect(
      redactor.value({ 'hunter2 key': ['hunter2', { deep: 'my hunter2' }], n: 1, b: true, z: null }),
    ).toEqual({
      [`${MASK} key`]: [MASK, { deep: `my ${MASK}` }],
      n: 1,
      b: true,
      z: null,
    });
  });
});

// The fuzzer itself: it finds what is broken on purpose, and what once broke stays repaired.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from '../../src/language/syntax/parser.ts';
import { bytesOf, fuzz } from './fuzzer.ts';
import { growth, runPipeline } from './pipeline.ts';

const folder = join(import.meta.dirname, '../fixtures/fuzz');

describe('the fuzzer', () => {
  test('makes the same bytes from the same seed, and others from another', () => {
    expect(bytesOf(7)).toEqual(bytesOf(7));
    expect(bytesOf(7)).not.toEqual(bytesOf(8));
  });

  test('finds a parser that throws, and makes the text small that shows it', () => {
    const broken = (text: string) => {
      if (/ON ERROR[^\n\r]*REPEAT/.test(text)) throw new RangeError('broken on purpose');
      return parse(text);
    };
    const crasher = fuzz(1, (tried) => tried > 300, { parse: broken });
    expect(crasher?.finding.step).toBe('parse');
    expect(crasher?.finding.message).toContain('broken on purpose');
    expect(
      Buffer.from(crasher?.bytes ?? [])
        .toString()
        .replaceAll('\0', '').length,
    ).toBeLessThan(40);
  });

  test('finds a parser that loses text', () => {
    const broken = (text: string) => parse(text.replace(/#[^\n\r]*/, ''));
    expect(fuzz(1, (tried) => tried > 300, { parse: broken })?.finding.step).toBe('print');
  });

  test('finds work that grows with the square of the text', () => {
    const unit = 'SET A TO 1\n';
    let last = 0;
    const broken = (text: string) => {
      // Looks back to the start from every character; once for each size, because it takes so long.
      const isNew = text.length % unit.length === 0 && text.length !== last;
      let sum = 0;
      for (let at = isNew ? 0 : text.length; at < text.length; at++) {
        for (let back = 0; back < at; back++) sum += back & 1;
      }
      if (isNew && sum >= 0) last = text.length;
      return parse(text);
    };
    expect(growth(unit, 5_000, { parse: broken }).map(({ step }) => step)).toContain('parse');
  });
});

describe('what once broke something', () => {
  test.each(readdirSync(folder))('%s', (name) => {
    runPipeline(readFileSync(join(folder, name)));
  });
});

// The second language: every text of the manifest and of the pages has a German one, with the same places for values and the same links.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { t, useLanguage } from '../../src/extension/l10n.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (path: string): Record<string, string> => JSON.parse(readFileSync(join(root, path), 'utf8'));
const bundle = read('l10n/bundle.l10n.de.json');

/** Texts that the code says, as keys. */
function said(): Map<string, string> {
  const found = new Map<string, string>();
  const folder = join(root, 'src', 'extension');
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    for (const [, text] of readFileSync(join(folder, file), 'utf8').matchAll(/\bt\(\s*'((?:[^'\\]|\\.)*)'/g))
      found.set((text as string).replace(/\\(.)/g, '$1'), file);
  }
  return found;
}

const places = (text: string) => [...text.matchAll(/\{\d+\}/g)].map(String).sort();
const links = (text: string) => [...text.matchAll(/\((command:[\w.]+)\)/g)].map((match) => match[1]);
const code = (text: string) => [...text.matchAll(/`[^`]*`/g)].map(String).sort();

afterEach(() => useLanguage());

it('has every text of the manifest', () => {
  const english = read('package.nls.json');
  const german = read('package.nls.de.json');
  expect(Object.keys(german).sort()).toEqual(Object.keys(english).sort());
  for (const [key, text] of Object.entries(english)) {
    expect(links(german[key] as string), key).toEqual(links(text));
    expect(code(german[key] as string), key).toEqual(code(text));
  }
});

it('has every text that the code says, with the same places for values, and no others', () => {
  const texts = said();
  expect(texts.size).toBeGreaterThan(150);
  expect([...texts].filter(([text]) => !(text in bundle)).map(([text, file]) => `${file}: ${text}`)).toEqual(
    [],
  );
  expect(Object.keys(bundle).filter((text) => !texts.has(text))).toEqual([]);
  for (const [text, german] of Object.entries(bundle)) expect(places(german), text).toEqual(places(text));
});

it('speaks the language of the window, and English without one', () => {
  useLanguage((text, ...values) =>
    (bundle[text] ?? text).replace(/\{(\d+)\}/g, (_, index) => String(values[Number(index)])),
  );
  expect(t('{0} of {1} rows', 3, '{1}')).toBe('3 von {1} Zeilen');
  useLanguage();
  expect(t('{0} of {1} rows', 3, '{1}')).toBe('3 of {1} rows');
});

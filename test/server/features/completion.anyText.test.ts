// Completion on any text: it never fails, replaces only what is around the caret, and every action it writes can be read again.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CompletionList } from 'vscode-languageserver';
import { actionIds, findAction } from '../../../src/language/catalog/catalog.ts';
import { parse } from '../../../src/language/syntax/parser.ts';
import { plainText } from '../../../src/server/features/completion/entry.ts';
import { completionsAt } from '../../../src/server/features/completion.ts';
import { hoverAt } from '../../../src/server/features/hover.ts';
import { signatureAt } from '../../../src/server/features/signatureHelp.ts';
import type { Analysis } from '../../../src/server/workspace.ts';
import { anyText } from '../../language/robinText.ts';
import { analysed } from '../marked.ts';

const folder = join(import.meta.dirname, '../../../samples');
const samples = readdirSync(folder)
  .filter((name) => name.endsWith('.robin'))
  .map((name) => readFileSync(join(folder, name), 'utf8'));
const abilities = { snippets: true, sharedRange: true };

/** Everything that is offered at an offset, after a look at its range. */
function listAt(analysis: Analysis, offset: number): CompletionList | null {
  const list = completionsAt(analysis, offset, abilities);
  const range = list?.itemDefaults?.editRange;
  if (list === null) return null;
  if (range === undefined || !('start' in range)) throw new Error('A list without a range.');
  const { lines, text } = analysis;
  const from = lines.offset(range.start);
  const to = lines.offset(range.end);
  if (range.start.line !== range.end.line || from > offset || to < offset) {
    throw new Error(
      `At ${offset} the range ${from} to ${to} is replaced in ${JSON.stringify(text.slice(from, to))}.`,
    );
  }
  return list;
}

describe('completion on any text', () => {
  it.each(samples.map((text, index) => [index, text] as const))(
    'answers at every offset of sample %i',
    (_, text) => {
      const analysis = analysed(text);
      for (let offset = 0; offset <= text.length; offset++) listAt(analysis, offset);
    },
  );

  it('answers at the end of every line that is cut or changed somewhere', () => {
    const change = fc.record({
      sample: fc.constantFrom(...samples),
      at: fc.nat(),
      cut: fc.nat({ max: 40 }),
      put: fc.constantFrom(
        '',
        '.',
        "'",
        "$'''",
        '%',
        '(',
        '[',
        ' ',
        ':',
        '=>',
        '@',
        '\n',
        '#',
        'SET ',
        'IF (',
      ),
    });
    fc.assert(
      fc.property(change, ({ sample, at, cut, put }) => {
        const start = at % sample.length;
        const analysis = analysed(sample.slice(0, start) + put + sample.slice(start + cut));
        for (const offset of [start, start + put.length]) {
          listAt(analysis, offset);
          signatureAt(analysis, offset);
          hoverAt(analysis, offset);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('answers in text that is no flow', () => {
    fc.assert(
      fc.property(anyText, fc.nat(), (text, at) => {
        const offset = text.length === 0 ? 0 : at % (text.length + 1);
        const analysis = analysed(text);
        listAt(analysis, offset);
        signatureAt(analysis, offset);
        hoverAt(analysis, offset);
      }),
      { numRuns: 200 },
    );
  });

  it('writes every action of the catalog so that the designer would take it', () => {
    const offered =
      listAt(analysed(''), 0)?.items.filter(({ label }) => findAction(label) !== undefined) ?? [];
    const current = actionIds().filter((id) => {
      const action = findAction(id)?.writtenAs;
      return action?.aliasOf === undefined && action?.removed === undefined;
    });
    expect(offered.map(({ label }) => label).sort()).toEqual([...current].sort());
    const refused = offered.filter(({ label, textEditText = label, insertTextFormat }) => {
      const written = insertTextFormat === 2 ? plainText(textEditText) : textEditText;
      return parse(`${written}\n`).diagnostics.length > 0;
    });
    expect(refused.map(({ textEditText }) => textEditText)).toEqual([]);
  });

  it('writes every statement so that the designer would take it', () => {
    const places = ['', 'IF A THEN\n', 'SWITCH A\n', 'LOOP FROM 1 TO 2\n'].map((opening) => ({
      opening,
      items: listAt(analysed(`${opening}\n`), opening.length)?.items ?? [],
    }));
    const closers = /^(?:END|ELSE|CASE|DEFAULT|ON )/;
    for (const { opening, items } of places) {
      for (const { label, textEditText = label, sortText = '' } of items) {
        if (findAction(label) !== undefined || closers.test(label) || !/^[1-36]/.test(sortText)) continue;
        if (label === 'DISABLE' || label.startsWith('@')) continue;
        const body = opening.startsWith('SWITCH') ? '' : plainText(textEditText);
        const text = `${opening}${body}\n${opening === '' ? '' : 'END\n'}`;
        expect(parse(text).diagnostics.map(({ code }) => `${label}: ${code}`)).toEqual([]);
      }
    }
  });
});

// The TextMate grammar in the engine VS Code uses: what each piece of text is called (a .snap beside every .robin; UPDATE_GOLDEN=1
// rewrites them), and that texts and comments begin and end where the lexer says they do.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { createOnigScanner, createOnigString, loadWASM } from 'vscode-oniguruma';
import { type IGrammar, INITIAL, Registry } from 'vscode-textmate';
import { lex } from '../../src/language/syntax/lexer.ts';
import { parse } from '../../src/language/syntax/parser.ts';

const here = import.meta.dirname;
const read = (path: string) => readFileSync(path, 'utf8');

let grammar: IGrammar;
beforeAll(async () => {
  const wasm = readFileSync(createRequire(import.meta.url).resolve('vscode-oniguruma/release/onig.wasm'));
  await loadWASM(wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength));
  const registry = new Registry({
    onigLib: Promise.resolve({ createOnigScanner, createOnigString }),
    // The attachment is JSON; which names its parts get is the business of another grammar.
    loadGrammar: async (scope) =>
      scope === 'source.robin' ? JSON.parse(read(join(here, '../../syntaxes/robin.tmLanguage.json'))) : null,
  });
  grammar = (await registry.loadGrammar('source.robin')) as IGrammar;
});

interface Piece {
  readonly start: number;
  readonly end: number;
  readonly scopes: readonly string[];
}

/** The pieces of each line, with offsets of the whole text. */
function pieces(text: string): Piece[][] {
  const found: Piece[][] = [];
  let state = INITIAL;
  let start = 0;
  for (const line of text.split('\n')) {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, state);
    state = ruleStack;
    found.push(
      tokens.map(({ startIndex, endIndex, scopes }) => ({
        start: start + startIndex,
        end: start + Math.min(endIndex, line.length),
        scopes: scopes.slice(1),
      })),
    );
    start += line.length + 1;
  }
  return found;
}

function drawn(text: string): string {
  const lines = text.split('\n');
  return pieces(text)
    .map((line, index) => {
      const named = line.filter(({ start, end, scopes }) => end > start && scopes.length > 0);
      const lineStart = line[0]?.start ?? 0;
      const below = named.map(
        ({ start, end, scopes }) =>
          `#${' '.repeat(start - lineStart)}${'^'.repeat(end - start)} ${scopes.map(short).join(' ')}`,
      );
      return [`>${lines[index]}`, ...below].join('\n');
    })
    .join('\n');
}

const short = (scope: string) => scope.replace(/\.robin$/, '');

const fixtures = readdirSync(here).filter((name) => name.endsWith('.robin'));
const parserFixtures = readdirSync(join(here, '../fixtures/parser/ok'))
  .filter((name) => name.endsWith('.robin'))
  .map((name) => `../fixtures/parser/ok/${name}`);

describe('the grammar', () => {
  test.each(fixtures)('names the pieces of %s', (name) => {
    const golden = join(here, name.replace('.robin', '.snap'));
    const actual = `${drawn(read(join(here, name)))}\n`;
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, actual);
    expect(actual).toBe(read(golden));
  });

  test.each([...fixtures, ...parserFixtures])('agrees with the lexer on texts and comments in %s', (name) => {
    const text = read(join(here, name)).replace(/\r\n?/g, '\n');
    expect(byGrammar(text)).toBe(byLexer(text));
  });
});

test('the comparison with the lexer sees a difference', () => {
  expect(byLexer("SET A TO 'x' # y")).toBe('         """ ###');
  expect(byGrammar("SET A TO 'x' # y")).toBe('         """ ###');
  expect(byGrammar('SET A TO 1')).not.toBe(byLexer("SET A TO 'x'"));
});

const texts = new Set(['text', 'interpolated', 'powerFx', 'encrypted', 'opaque', 'datetime']);
const comments = new Set(['comment', 'blockComment']);

/** One sign for each sign of the text: `"` inside a text, `#` inside a comment, else a blank. Disabled rows are left out. */
function byLexer(text: string): string {
  const signs = blank(text);
  for (const { kind, start, end } of lex(text)) {
    if (kind === 'attachment') break;
    const sign = texts.has(kind) ? '"' : comments.has(kind) ? '#' : undefined;
    if (sign !== undefined) fill(signs, start, end, sign);
  }
  return withoutDisabled(text, signs);
}

function byGrammar(text: string): string {
  const signs = blank(text);
  const ends = /\.attachment\.robin$/;
  for (const line of pieces(text)) {
    for (const { start, end, scopes } of line) {
      if (scopes.some((scope) => ends.test(scope))) return withoutDisabled(text, signs);
      if (
        scopes.some((scope) => /^string\.|^constant\.other\.datetime|^invalid\.illegal\.unparsed/.test(scope))
      ) {
        fill(signs, start, end, '"');
      } else if (scopes.some((scope) => scope.startsWith('comment.') && !scope.includes('disabled'))) {
        fill(signs, start, end, '#');
      } else if (/^'.*'$/.test(text.slice(start, end)) && scopes.some((scope) => named.test(scope))) {
        fill(signs, start, end, '"');
      }
    }
  }
  return withoutDisabled(text, signs);
}

/** Quoted names are texts for the lexer. */
const named = /^(?:entity\.name|variable\.parameter|storage\.modifier\.annotation)/;

function blank(text: string): string[] {
  return [...text.replace(/[^\n]/gu, (sign) => ' '.repeat(sign.length))];
}

function fill(signs: string[], start: number, end: number, sign: string): void {
  for (let at = start; at < end; at++) if (signs[at] !== '\n') signs[at] = sign;
}

function withoutDisabled(text: string, signs: string[]): string {
  const { lines, tokens } = parse(text);
  for (let line = 0; line < lines.length; line++) {
    if (lines.role(line) !== 'disabled') continue;
    fill(signs, tokens.start(lines.tokenStart(line)), tokens.end(lines.tokenEnd(line) - 1), ' ');
  }
  return signs.join('').trimEnd();
}

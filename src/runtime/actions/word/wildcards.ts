// What a flow asks Word to find, as a regular expression: plain text with Word's codes (`^t`), or Word's own wildcards.

/** What is asked for cannot be carried out; the message is in plain words. */
export class SearchError extends Error {
  override readonly name = 'SearchError';
}

/** Codes both fields know: tab, line break, blank that does not break, hyphen that does not break, caret. */
const codes: Readonly<Record<string, string>> = { t: '\t', l: '\n', s: '\u00a0', '~': '\u2011', '^': '^' };

function decoded(text: string, field: 'find' | 'replace'): string {
  return text.replace(/\^(.?)/gsu, (whole, code: string) => {
    const known = codes[code];
    if (known !== undefined) return field === 'replace' && code === 'l' ? '\v' : known;
    if (code === 'p' && field === 'replace') return '\r\n';
    throw new SearchError(`the code "${whole}" is not supported there`);
  });
}

/** Plain text. Whole words have no letter, digit or underscore beside them. Throws a SearchError. */
export function plainPattern(text: string, matchCase: boolean, wholeWords: boolean): RegExp {
  if (text === '') throw new SearchError('the text to find is empty');
  const source = escaped(decoded(text, 'find'));
  const bounded = wholeWords ? `(?<![\\p{L}\\p{N}_])${source}(?![\\p{L}\\p{N}_])` : source;
  return new RegExp(bounded, matchCase ? 'gu' : 'giu');
}

const escaped = (text: string): string => text.replace(/[\^$\\.*+?()[\]{}|/]/g, '\\$&');

/**
 * Word's wildcards: `?` a character, `*` any characters (as few as possible, within a paragraph), `[a-z]`, `[!a-z]`, `{n}`, `{n,}`,
 * `{n,m}`, `@` once or more, `<` and `>` start and end of a word, `( )` a group, `\` the next character itself. Letter case counts.
 * Throws a SearchError.
 */
export function wildcardPattern(text: string): RegExp {
  if (text === '') throw new SearchError('the text to find is empty');
  const source = text.replace(
    /\\(.)|\[([^\]]*)\]|\{(\d+(?:[,;]\d*)?)\}|\^(.)|[?*@<>()[\]{}]|[\^$\\.+|/]/gsu,
    (whole, literal?: string, set?: string, count?: string, code?: string) => {
      if (literal !== undefined) return escaped(literal);
      if (set !== undefined) return characterSet(set);
      if (count !== undefined) return `{${count.replace(';', ',')}}`;
      if (code !== undefined) return escaped(decoded(whole, 'find'));
      const known = wildcards[whole];
      if (known !== undefined) return known;
      if (/[[\]{}]/.test(whole)) throw new SearchError(`"${whole}" has no counterpart`);
      return `\\${whole}`;
    },
  );
  try {
    return new RegExp(source, 'gsu');
  } catch (cause) {
    throw new SearchError('it is no valid pattern', { cause });
  }
}

const wildcards: Readonly<Record<string, string>> = {
  '?': '.',
  '*': '.*?',
  '@': '+',
  '<': '(?<![\\p{L}\\p{N}_])(?=[\\p{L}\\p{N}_])',
  '>': '(?<=[\\p{L}\\p{N}_])(?![\\p{L}\\p{N}_])',
  '(': '(',
  ')': ')',
};

function characterSet(set: string): string {
  const negated = set.startsWith('!');
  const inside = set
    .slice(negated ? 1 : 0)
    .replace(/\\(.)/g, '$1')
    .replace(/[\\^[\]]/g, '\\$&');
  if (inside === '') throw new SearchError('"[]" has no characters in it');
  return `[${negated ? '^' : ''}${inside}]`;
}

/** What to put in the place of something found: `^&` is what was found, with wildcards `\1` the first group. Throws a SearchError. */
export function replacementFor(
  text: string,
  usesWildcards: boolean,
): (found: { readonly text: string; readonly groups: readonly string[] }) => string {
  // Decoded piece by piece, so that what was found is never read as a code.
  const pieces = text
    .split(usesWildcards ? /(\^&|\\\d|\\\\)/ : /(\^&)/)
    .map((piece, index) => (index % 2 === 1 ? piece : decoded(piece, 'replace')));
  return ({ text: found, groups }) =>
    pieces
      .map((piece, index) => {
        if (index % 2 === 0) return piece;
        if (piece === '^&') return found;
        return piece === '\\\\' ? '\\' : (groups[Number(piece[1]) - 1] ?? '');
      })
      .join('');
}

// Letter case and blanks as .NET sees them. Case goes letter by letter, so that a text keeps its length; there are no rules of languages.

/** `text` in capitals. A letter without a single capital, such as `ß`, stays as it is. */
export function upperCase(text: string): string {
  return perLetter(text, (letters) => letters.toUpperCase());
}

/** `text` in small letters. */
export function lowerCase(text: string): string {
  return perLetter(text, (letters) => letters.toLowerCase());
}

/** JavaScript's own conversion looks at the letters around (`Σ` at the end of a word) and may make several of one. */
function perLetter(text: string, convert: (letters: string) => string): string {
  const whole = convert(text);
  if (whole.length === text.length && !text.includes('Σ')) return whole;
  return text.replace(/[\x00-\x7f]+|\P{ASCII}/gu, (part) => {
    const converted = convert(part);
    return converted.length === part.length ? converted : part;
  });
}

/**
 * Every word with a capital first and small letters behind. As .NET's TextInfo has it, a word begins with its first letter (`2Nd`)
 * and goes on over digits and apostrophes (`Don't`).
 */
export function titleCase(text: string): string {
  return lowerCase(text).replace(/\p{L}(?:[^\p{Z}\p{P}\p{S}\p{Cc}\p{Cf}]|')*/gu, (word) => {
    const first = String.fromCodePoint(word.codePointAt(0) as number);
    return upperCase(first) + word.slice(first.length);
  });
}

// What .NET calls white space; JavaScript's list differs in U+0085 and U+FEFF.
const blanks = '\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const leadingBlanks = new RegExp(`^[${blanks}]+`);
const trailingBlanks = new RegExp(`(?<![${blanks}])[${blanks}]+$`);

export const trimStart = (text: string): string => text.replace(leadingBlanks, '');
export const trimEnd = (text: string): string => text.replace(trailingBlanks, '');

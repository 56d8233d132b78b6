// Numbers as people write them, in inputs and in flows alike.

/** The number a text spells: decimal point, optional sign and exponent, blanks around it; undefined when it spells none or one too large. */
export function parseNumber(text: string): number | undefined {
  if (!/^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

// What a text becomes when it is entered into a cell: its value, and the format it brings along. How a text is read is in entry.ts.
import { type Content, FormulaCell } from './cells.ts';
import { readEntry } from './entry.ts';
import { storedName } from './formula/functions.ts';
import { FormulaError, tokenize } from './formula/tokens.ts';
import type { Workbook } from './workbook.ts';

/** What a text becomes when it is entered into a cell of this style, and the style the cell then has. */
export function enteredContent(
  text: string,
  workbook: Workbook,
  style: number,
  row: number,
  column: number,
): readonly [Content, number] {
  if (text === '') return [undefined, style];
  const { styles } = workbook;
  if (styles.isText(style)) return [text, style];
  const entry = readEntry(text, workbook.date1904);
  if (entry.kind === 'text') return [entry.value, style];
  if (entry.kind === 'formula')
    return [new FormulaCell({ text: storedFormula(entry.text), row, column }, undefined, false), style];
  const { format } = entry;
  return [
    entry.value,
    format === undefined || !styles.isGeneral(style) ? style : styles.withFormat(style, format),
  ];
}

/** A formula as files keep it; as it was entered when it cannot be understood. */
function storedFormula(text: string): string {
  try {
    return tokenize(text)
      .map((token) => (token.kind === 'function' ? storedName(token.text) : token.text))
      .join('');
  } catch (error) {
    if (error instanceof FormulaError) return text;
    throw error;
  }
}

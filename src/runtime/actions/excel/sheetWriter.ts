// Writes the rows of a worksheet as XML, piece by piece.

import { encodeXml } from '../office/xml.ts';
import { areaName, columnName } from './addresses.ts';
import { CellError, type Content, FormulaCell, type Row } from './cells.ts';
import { encodeCellText } from './cellText.ts';
import { sourceText } from './formula/shift.ts';
import { RichText, type SharedStrings, textElement } from './sharedStrings.ts';

/** Characters per piece: large enough to pack well, small enough to let the run be stopped in between. */
const pieceSize = 128 * 1024;

/**
 * `resultFor` says which value is written for a formula: undefined leaves the value out, so that whoever opens the file computes it.
 * Formulas that shared a definition get one each.
 */
export function* rowTexts(
  rows: readonly Row[],
  prefix: string,
  strings: SharedStrings,
  resultFor: (cell: FormulaCell) => Content,
): Generator<string> {
  let text = '';
  for (const row of rows) {
    const { index, columns, styles, values } = row;
    if (columns.length === 0 && row.attributes === '') continue;
    text += `<${prefix}row r="${index}"${row.attributes}`;
    if (columns.length === 0) text += '/>';
    else {
      text += '>';
      for (let at = 0; at < columns.length; at++) {
        const column = columns[at] as number;
        const style = styles[at] as number;
        const start = `<${prefix}c r="${columnName(column)}${index}"${style === 0 ? '' : ` s="${style}"`}`;
        text += start + cellRest(values[at], index, column, prefix, strings, resultFor);
      }
      text += `</${prefix}row>`;
    }
    if (text.length >= pieceSize) {
      yield text;
      text = '';
    }
  }
  if (text !== '') yield text;
}

/** A cell from behind its style on. */
function cellRest(
  content: Content,
  row: number,
  column: number,
  prefix: string,
  strings: SharedStrings,
  resultFor: (cell: FormulaCell) => Content,
): string {
  if (content === undefined) return '/>';
  if (typeof content === 'number') return `><${prefix}v>${content}</${prefix}v></${prefix}c>`;
  if (typeof content === 'string') {
    const number = strings.numberOf(content);
    return number === undefined
      ? ` t="inlineStr"><${prefix}is>${textElement(content, prefix)}</${prefix}is></${prefix}c>`
      : ` t="s"><${prefix}v>${number}</${prefix}v></${prefix}c>`;
  }
  if (content instanceof RichText) {
    return content.index === undefined
      ? ` t="inlineStr"><${prefix}is>${content.xml}</${prefix}is></${prefix}c>`
      : ` t="s"><${prefix}v>${content.index}</${prefix}v></${prefix}c>`;
  }
  if (content instanceof FormulaCell) {
    const { kind, area, formulaAttributes, cellAttributes } = content;
    const attributes = `${kind === undefined ? '' : ` t="${kind}"`}${area === undefined ? '' : ` ref="${areaName(area)}"`}${formulaAttributes}`;
    const text = encodeXml(sourceText(content.source, row, column));
    const formula =
      text === '' ? `<${prefix}f${attributes}/>` : `<${prefix}f${attributes}>${text}</${prefix}f>`;
    const [type, value] = resultOf(resultFor(content), prefix);
    return `${type}${cellAttributes}>${formula}${value}</${prefix}c>`;
  }
  const [type, value] = resultOf(content, prefix);
  return `${type}>${value}</${prefix}c>`;
}

function resultOf(value: Content, prefix: string): readonly [type: string, element: string] {
  if (value === undefined) return ['', ''];
  if (typeof value === 'number') return ['', `<${prefix}v>${value}</${prefix}v>`];
  if (typeof value === 'boolean') return [' t="b"', `<${prefix}v>${value ? 1 : 0}</${prefix}v>`];
  if (value instanceof CellError) return [' t="e"', `<${prefix}v>${encodeXml(value.code)}</${prefix}v>`];
  return [' t="str"', `<${prefix}v>${encodeCellText(String(value))}</${prefix}v>`];
}

// The formats of cells. Existing ones are never changed: a cell that needs another number format or color gets a new one, made
// from the one it had.

import type { Package } from '../office/package.ts';
import type { XmlElement } from '../office/xml.ts';
import { builtInFormat, isDateFormat, isTextFormat } from './numberFormat.ts';

const laterThanFormats = [
  'fonts',
  'fills',
  'borders',
  'cellStyleXfs',
  'cellXfs',
  'cellStyles',
  'dxfs',
  'tableStyles',
  'colors',
  'extLst',
];

export class Styles {
  readonly #root: XmlElement | undefined;
  readonly #changed: () => void;
  readonly #formats = new Map<number, string>();
  readonly #made = new Map<string, number>();
  readonly #isDate = new Map<number, boolean>();
  #cells: XmlElement[] = [];

  private constructor(root: XmlElement | undefined, changed: () => void) {
    this.#root = root;
    this.#changed = changed;
    for (const one of root?.child('numFmts')?.all('numFmt') ?? []) {
      this.#formats.set(Number(one.get('numFmtId')), one.get('formatCode') ?? 'General');
    }
    this.#cells = root?.child('cellXfs')?.all('xf') ?? [];
  }

  /** A workbook without such a part has no formats at all, and gets none. */
  static async read(parts: Package, partName: string | undefined): Promise<Styles> {
    if (partName === undefined || !parts.has(partName)) return new Styles(undefined, () => {});
    const { root } = await parts.document(partName);
    return new Styles(root, () => parts.touch(partName));
  }

  /** The number format of a style, as Excel writes it. */
  format(style: number): string {
    const id = Number(this.#cells[style]?.get('numFmtId') ?? 0);
    return this.#formats.get(id) ?? builtInFormat(id);
  }

  isDate(style: number): boolean {
    let is = this.#isDate.get(style);
    if (is === undefined) {
      is = isDateFormat(this.format(style));
      this.#isDate.set(style, is);
    }
    return is;
  }

  isText(style: number): boolean {
    return isTextFormat(this.format(style));
  }

  isGeneral(style: number): boolean {
    return /^general$/i.test(this.format(style));
  }

  /** The style like `style` with one of the built-in number formats, or a format of its own. */
  withFormat(style: number, format: number | string): number {
    return this.#derived(`${style} format ${format}`, style, (xf) => {
      xf.set('numFmtId', String(typeof format === 'number' ? format : this.#formatId(format))).set(
        'applyNumberFormat',
        '1',
      );
    });
  }

  /** The style like `style` with a background of one color, `RRGGBB`; undefined takes the background away. */
  withFill(style: number, color: string | undefined): number {
    return this.#derived(`${style} fill ${color}`, style, (xf) => {
      xf.set('fillId', String(color === undefined ? 0 : this.#fillId(color))).set('applyFill', '1');
    });
  }

  /** A style with the same look as one of another workbook. */
  adopt(other: Styles, style: number): number {
    if (other === this || style === 0) return style;
    const format = other.format(style);
    return /^general$/i.test(format) ? 0 : this.withFormat(0, format);
  }

  /** True when cells of this style cannot be changed on a protected sheet; all are unless their style says otherwise. */
  isLocked(style: number): boolean {
    return !/^(?:0|false)$/.test(this.#cells[style]?.child('protection')?.get('locked') ?? '');
  }

  /** True when the text of cells of this style runs over several lines. */
  wraps(style: number): boolean {
    return /^(?:1|true)$/.test(this.#cells[style]?.child('alignment')?.get('wrapText') ?? '');
  }

  /** Size of the font in points, and whether it is bold: what the width of a text depends on. */
  font(style: number): { readonly size: number; readonly bold: boolean } {
    const font = this.#root?.child('fonts')?.all('font')[Number(this.#cells[style]?.get('fontId') ?? 0)];
    return { size: Number(font?.child('sz')?.get('val') ?? 11), bold: font?.child('b') !== undefined };
  }

  #derived(key: string, style: number, change: (xf: XmlElement) => void): number {
    const made = this.#made.get(key);
    if (made !== undefined) return made;
    const list = this.#root?.child('cellXfs');
    const base = this.#cells[style] ?? this.#cells[0];
    if (list === undefined || base === undefined) return style;
    const xf = base.clone();
    change(xf);
    const text = xf.toString();
    let index = this.#cells.findIndex((one) => one.toString() === text);
    if (index < 0) {
      index = this.#cells.push(list.append(xf)) - 1;
      list.set('count', String(this.#cells.length));
      this.#changed();
    }
    this.#made.set(key, index);
    return index;
  }

  #formatId(format: string): number {
    for (const [id, known] of this.#formats) if (known === format) return id;
    const root = this.#root as XmlElement;
    const list = root.child('numFmts') ?? root.insertBefore(root.create('numFmts'), laterThanFormats);
    // Numbers below 164 belong to Excel.
    const id = Math.max(163, ...this.#formats.keys()) + 1;
    this.#formats.set(id, format);
    list.append(list.create('numFmt', { numFmtId: String(id), formatCode: format }));
    list.set('count', String(list.all('numFmt').length));
    this.#changed();
    return id;
  }

  #fillId(color: string): number {
    const root = this.#root as XmlElement;
    const list = root.child('fills') ?? root.insertBefore(root.create('fills'), laterThanFormats.slice(2));
    const fill = list.create('fill');
    const pattern = fill.append(fill.create('patternFill', { patternType: 'solid' }));
    pattern.append(pattern.create('fgColor', { rgb: `FF${color}` }));
    pattern.append(pattern.create('bgColor', { indexed: '64' }));
    const text = fill.toString();
    const all = list.all('fill');
    const known = all.findIndex((one) => one.toString() === text);
    if (known >= 0) return known;
    list.append(fill);
    list.set('count', String(all.length + 1));
    this.#changed();
    return all.length;
  }
}

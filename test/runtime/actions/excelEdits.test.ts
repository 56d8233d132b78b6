// Random edits of a workbook against a model that keeps cells as objects: what a formula refers to stays the same object wherever
// it moves. After every sequence the file is written, checked and read again.
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cellName, columnName } from '../../../src/runtime/actions/excel/addresses.ts';
import type { Datatable, Value } from '../../../src/runtime/values.ts';
import { checkFile, excelIn } from './excelWorld.ts';
import { temporaryFolder } from './temporaryFolder.ts';

const folder = temporaryFolder();
const height = 9;
const width = 7;

interface Cell {
  value: Value;
  target: Cell | undefined;
  gone: boolean;
}

const empty = (): Cell => ({ value: null, target: undefined, gone: false });

class Model {
  /** More than is looked at, so that cells pushed out of sight can come back. */
  grid: Cell[][] = Array.from({ length: 60 }, () => Array.from({ length: 60 }, empty));

  cell(row: number, column: number): Cell {
    return (this.grid[row - 1] as Cell[])[column - 1] as Cell;
  }

  /** What a cell shows. */
  shown(cell: Cell): Value {
    if (cell.target === undefined) return cell.value;
    if (cell.target.gone) return '#REF!';
    return this.shown(cell.target) ?? 0;
  }

  place(cell: Cell): string {
    for (const [row, cells] of this.grid.entries()) {
      const column = cells.indexOf(cell);
      if (column >= 0) return cellName(row + 1, column + 1);
    }
    return '#REF!';
  }

  leadsTo(from: Cell, to: Cell): boolean {
    return from === to || (from.target !== undefined && this.leadsTo(from.target, to));
  }

  get values(): Value[][] {
    return this.grid.slice(0, height).map((cells) => cells.slice(0, width).map((cell) => this.shown(cell)));
  }
}

const row = fc.integer({ min: 1, max: height });
const column = fc.integer({ min: 1, max: width });
const value = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((number) => Number(number.toPrecision(12)) + 0),
  fc.boolean(),
  fc.constantFrom('word', 'Ünïcode 😀', ' spaced ', 'a\nb', '<&>"', "it's", 'x'.repeat(300)),
  fc.constant(null),
);
const edit = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('write' as const), row, column, value }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('refer' as const), row, column, toRow: row, toColumn: column }),
  },
  fc.record({ kind: fc.constantFrom('insertRow' as const, 'deleteRow' as const), at: row }),
  fc.record({ kind: fc.constantFrom('insertColumn' as const, 'deleteColumn' as const), at: column }),
  fc.record({ kind: fc.constantFrom('deleteLeft' as const, 'deleteUp' as const), row, column }),
  fc.record({ kind: fc.constant('clear' as const), row, column }),
  fc.record({
    kind: fc.constant('table' as const),
    row,
    column,
    values: fc.array(fc.array(value, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant('save' as const) }),
);

test('any sequence of edits gives what the model says, in memory and in the file', async () => {
  const place = await folder();
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { maxLength: 25 }), async (edits) => {
      const excel = excelIn(place);
      const book = await excel.blank();
      const model = new Model();
      const write = async (at: Cell, atRow: number, atColumn: number, content: Value) => {
        at.value = content === '' ? null : content;
        at.target = undefined;
        await book.do('WriteToExcel.WriteCell', { Row: atRow, Column: atColumn, Value: content });
      };
      for (const one of edits) {
        switch (one.kind) {
          case 'write':
            await write(model.cell(one.row, one.column), one.row, one.column, one.value);
            break;
          case 'refer': {
            const [cell, target] = [model.cell(one.row, one.column), model.cell(one.toRow, one.toColumn)];
            if (model.leadsTo(target, cell)) break;
            await write(cell, one.row, one.column, `=${cellName(one.toRow, one.toColumn)}`);
            cell.target = target;
            break;
          }
          case 'insertRow':
            model.grid.splice(one.at - 1, 0, Array.from({ length: 60 }, empty));
            await book.do('InsertRow', { Index: one.at });
            break;
          case 'deleteRow':
            for (const cell of model.grid.splice(one.at - 1, 1)[0] as Cell[]) cell.gone = true;
            await book.do('DeleteRow', { Index: one.at });
            break;
          case 'insertColumn':
            for (const cells of model.grid) cells.splice(one.at - 1, 0, empty());
            await book.do('InsertColumn', { Column: columnName(one.at) });
            break;
          case 'deleteColumn':
            for (const cells of model.grid) for (const cell of cells.splice(one.at - 1, 1)) cell.gone = true;
            await book.do('DeleteColumn', { Column: one.at });
            break;
          case 'deleteLeft':
            for (const cell of (model.grid[one.row - 1] as Cell[]).splice(one.column - 1, 1))
              cell.gone = true;
            await book.do('DeleteCells.DeleteCell', {
              StartColumn: one.column,
              StartRow: one.row,
              ShiftCellsDirection: 'Left',
            });
            break;
          case 'deleteUp': {
            model.cell(one.row, one.column).gone = true;
            const at = one.column - 1;
            for (let index = one.row - 1; index + 1 < model.grid.length; index++) {
              const [here, below] = [model.grid[index] as Cell[], model.grid[index + 1] as Cell[]];
              here[at] = below[at] ?? empty();
            }
            (model.grid.at(-1) as Cell[])[at] = empty();
            await book.do('DeleteCells.DeleteCell', {
              StartColumn: one.column,
              StartRow: one.row,
              ShiftCellsDirection: 'Up',
            });
            break;
          }
          case 'clear':
            Object.assign(model.cell(one.row, one.column), { value: null, target: undefined });
            await book.do('ClearCellsFromExcel.ClearSingleCell', {
              SingleCellRow: one.row,
              SingleCellColumn: one.column,
            });
            break;
          case 'table':
            for (const [down, values] of one.values.entries())
              for (const [across, content] of values.entries())
                Object.assign(model.cell(one.row + down, one.column + across), {
                  value: content,
                  target: undefined,
                });
            await book.do('WriteToExcel.WriteCell', { Row: one.row, Column: one.column, Value: one.values });
            break;
          case 'save':
            await book.saveAs('edited.xlsx');
            break;
        }
      }
      const read = async (from: typeof book) =>
        (
          (
            await from.do('ReadFromExcel.ReadCells', {
              StartColumn: 1,
              StartRow: 1,
              EndColumn: width,
              EndRow: height,
            })
          ).RangeValue as Datatable
        ).rows;
      expect(await read(book)).toEqual(model.values);
      await book.do('CloseExcel.CloseAndSaveAs', { DocumentPath: 'edited.xlsx' });
      await checkFile(join(place, 'edited.xlsx'));
      const again = await excel.open('edited.xlsx');
      expect(await read(again)).toEqual(model.values);
      for (let atRow = 1; atRow <= height; atRow++) {
        for (let atColumn = 1; atColumn <= width; atColumn++) {
          const { target } = model.cell(atRow, atColumn);
          if (target !== undefined)
            expect(await again.formula(cellName(atRow, atColumn))).toBe(`=${model.place(target)}`);
        }
      }
      await again.do('CloseExcel.Close');
    }),
    { numRuns: 60 },
  );
});

test('any text comes back as it was written', async () => {
  const place = await folder();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'binary', maxLength: 30 }), { minLength: 1, maxLength: 20 }),
      async (texts) => {
        const excel = excelIn(place);
        const book = await excel.blank();
        // An apostrophe in front keeps Excel from reading numbers and formulas.
        await book.write(
          'A1',
          texts.map((text) => `'${text}`),
        );
        await book.do('CloseExcel.CloseAndSaveAs', { DocumentPath: 'texts.xlsx' });
        await checkFile(join(place, 'texts.xlsx'));
        const again = await excel.open('texts.xlsx');
        const table = (
          await again.do('ReadFromExcel.ReadCells', {
            StartColumn: 1,
            StartRow: 1,
            EndColumn: 1,
            EndRow: texts.length,
          })
        ).RangeValue as Datatable;
        expect(table.rows.map(([text]) => text ?? '')).toEqual(texts.map((text) => text.toWellFormed()));
        await again.do('CloseExcel.Close');
      },
    ),
    { numRuns: 25 },
  );
});

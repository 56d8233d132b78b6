// A CSV of a million rows into a data table, filtered, into a workbook, and the workbook read again, as a flow does it with the actions:
// `node bench/excel.ts [rows]`. Each step in a process of its own, so that its peak of memory is its own.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/base/clock.ts';
import { parse } from '../src/language/syntax/parser.ts';
import { actionTable } from '../src/runtime/actions/index.ts';
import type { Host } from '../src/runtime/host.ts';
import { createRun } from '../src/runtime/run.ts';
import { machine } from './figures.ts';

const host: Host = {
  clock: systemClock,
  ask: () => Promise.reject(new Error('nobody to ask')),
  log: () => {},
};

/** Lines of a flow per step. The files lie in the folder of the flow. */
const steps: Readonly<Record<string, readonly string[]>> = {
  'CSV to data table': [
    "File.ReadFromCSVFile.ReadCSV CSVFile: $'''rows.csv''' Encoding: File.CSVEncoding.UTF8 TrimFields: True FirstLineContainsColumnNames: True ColumnsSeparator: File.CSVColumnsSeparator.Comma CSVTable=> Table",
  ],
  'CSV to filtered workbook': [
    "File.ReadFromCSVFile.ReadCSV CSVFile: $'''rows.csv''' Encoding: File.CSVEncoding.UTF8 TrimFields: True FirstLineContainsColumnNames: True ColumnsSeparator: File.CSVColumnsSeparator.Comma CSVTable=> Table",
    'Excel.LaunchExcel.LaunchUnderExistingProcess Visible: False Instance=> Book',
    "Excel.WriteToExcel.WriteCell Instance: Book Value: ['Number', 'Customer', 'City', 'Amount', 'Day'] Column: 1 Row: 1",
    'Excel.WriteToExcel.WriteCell Instance: Book Value: Table Column: 1 Row: 2',
    "Excel.FilterCellsFromExcel.FilterAdvancedWorksheet Instance: Book Column: $'''C''' AdvancedFilterFirstConditionOperator: Excel.FilterConditionOperator.Equal AdvancedFilterFirstConditionValue: $'''Paris'''",
    "Excel.CloseExcel.CloseAndSaveAs Instance: Book DocumentFormat: Excel.ExcelFormat.OpenXmlWorkbook DocumentPath: $'''rows.xlsx'''",
  ],
  'read the workbook': [
    "Excel.LaunchExcel.LaunchAndOpen Path: $'''rows.xlsx''' Visible: False ReadOnly: True Instance=> Book",
    'Excel.ReadFromExcel.ReadAllCells Instance: Book FirstLineIsHeader: False RangeValue=> Table',
    'Excel.CloseExcel.Close Instance: Book',
  ],
  'write one cell of it and save': [
    "Excel.LaunchExcel.LaunchAndOpen Path: $'''rows.xlsx''' Visible: False ReadOnly: False Instance=> Book",
    "Excel.WriteToExcel.WriteCell Instance: Book Value: $'''changed''' Column: 2 Row: 5",
    'Excel.CloseExcel.CloseAndSave Instance: Book',
  ],
};

const [first = '1000000', folder, step] = process.argv.slice(2);
if (folder === undefined || step === undefined) await main(Number(first));
else await runStep(folder, step);

/** Runs one step as a flow and prints its time and the memory of this process. */
async function runStep(folder: string, step: string): Promise<void> {
  const idle = process.memoryUsage.rss();
  const started = performance.now();
  const before = process.cpuUsage();
  const outcome = await createRun({
    flow: parse((steps[step] as readonly string[]).join('\n')),
    name: step,
    folder,
    inputs: {},
    host,
    observer: { actionEnded: () => {} },
    actions: actionTable,
  }).start();
  if (outcome.outcome !== 'Succeeded') throw new Error(JSON.stringify(outcome));
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  const peak = process.resourceUsage().maxRSS / 1024;
  console.log(
    `${step.padEnd(32)} ${seconds.toFixed(1).padStart(6)} s (${((user + system) / 1e6).toFixed(1)} s of processor time) ${peak.toFixed(0).padStart(6)} MB at its peak (${(idle / 1024 ** 2).toFixed(0)} MB before)`,
  );
}

async function main(rows: number): Promise<void> {
  console.log(machine());
  const place = await mkdtemp(join(tmpdir(), 'dflow-bench-'));
  try {
    await writeCsv(join(place, 'rows.csv'), rows);
    const megabytes = async (name: string) => `${((await stat(join(place, name))).size / 1e6).toFixed(1)} MB`;
    console.log(`${rows.toLocaleString('en')} rows of 5 columns, ${await megabytes('rows.csv')} of CSV`);
    for (const name of Object.keys(steps)) {
      const result = spawnSync(process.execPath, [import.meta.filename, String(rows), place, name], {
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      if (result.status !== 0) process.exit(1);
    }
    console.log(`the workbook has ${await megabytes('rows.xlsx')}`);
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** The same rows every time. Customers and amounts are nearly all different, as in real data. */
async function writeCsv(path: string, rows: number): Promise<void> {
  const cities = ['London', 'Paris', 'Rome', 'Madrid', 'Oslo', 'Athens', 'Vienna'];
  const file = createWriteStream(path);
  file.write('Number,Customer,City,Amount,Day\r\n');
  let text = '';
  for (let row = 1; row <= rows; row++) {
    const amount = ((row * 7919) % 1_000_000) / 100;
    const day = `2024-${String((row % 12) + 1).padStart(2, '0')}-${String((row % 28) + 1).padStart(2, '0')}`;
    text += `${row},Customer ${(row * 31) % rows},${cities[row % cities.length]},${amount},${day}\r\n`;
    if (text.length < 1 << 20 && row < rows) continue;
    if (!file.write(text)) await once(file, 'drain');
    text = '';
  }
  file.end();
  await once(file, 'finish');
}

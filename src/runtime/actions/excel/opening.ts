// Opens workbooks from files: Office files, and texts as Excel opens them. What is something else is told apart, so that the message
// can say what to do.
import { readFile, stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import type { ActionContext } from '../../action.ts';
import { CsvSplitter } from '../csv.ts';
import { textDecoder } from '../encodings.ts';
import { maxFileBytes } from '../office/archive.ts';
import { Package } from '../office/package.ts';
import { naming, OfficeProblem } from '../office/problem.ts';
import { textCodePage } from '../windows.ts';
import { maxColumns, maxRows } from './addresses.ts';
import { writeValue } from './edits.ts';
import { ExcelSession } from './session.ts';
import { Workbook, workbookTypes } from './workbook.ts';

const compoundFile = Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]);

/** Reads a workbook from a file. Throws an OfficeProblem, or the system's error. */
export async function openWorkbook(
  path: string,
  readOnly: boolean,
  context: ActionContext,
): Promise<ExcelSession> {
  const found = await stat(path);
  if (!found.isFile())
    throw new OfficeProblem(`"${path}" is a folder, not a file.`, 'Give the path of a workbook.');
  if (found.size > maxFileBytes) {
    throw new OfficeProblem(`"${path}" is larger than the 1 GB this agent reads.`, 'Split the workbook.');
  }
  const bytes = await readFile(path, { signal: context.signal });
  const ending = extname(path).toLowerCase().slice(1);
  // Someone may have marked the file itself as read-only.
  const isReadOnly = readOnly || (found.mode & 0o222) === 0;
  if (bytes.subarray(0, 8).equals(compoundFile)) throw olderFile(path, bytes);
  if (bytes.length === 0 && !['csv', 'txt'].includes(ending)) {
    throw new OfficeProblem(`"${path}" is empty.`, 'Check whether the step that writes it has finished.');
  }
  if (bytes.subarray(0, 2).toString('latin1') !== 'PK')
    return await openText(path, bytes, ending, isReadOnly, context);
  const parts = await naming(path, async () => Package.read(bytes));
  if (!parts.has('[Content_Types].xml')) throw otherArchive(path, parts);
  const workbook = await naming(path, () => Workbook.read(parts));
  if (ending in workbookTypes && ending !== workbook.kind) {
    throw new OfficeProblem(
      `"${path}" is a .${workbook.kind} file with the ending .${ending}, which Excel refuses to open.`,
      `Give the file the ending .${workbook.kind}.`,
    );
  }
  if (workbook.writeProtection === 'password' && !isReadOnly) {
    throw new OfficeProblem(
      `"${path}" is protected against changes by a password, which this agent cannot check.`,
      'Open the workbook as read-only and save it under another name, or take the password off in Excel.',
    );
  }
  return new ExcelSession(workbook, path, workbook.kind, isReadOnly, context);
}

function otherArchive(path: string, parts: Package): OfficeProblem {
  return parts.has('META-INF/manifest.xml')
    ? new OfficeProblem(
        `"${path}" is an OpenDocument file (such as .ods), which this agent cannot read.`,
        'Open it in LibreOffice Calc or Excel and save it as an Excel workbook (.xlsx).',
      )
    : new OfficeProblem(
        `"${path}" is a zip file, but no workbook.`,
        'Check the path; files inside a zip archive can be taken out with "Unzip files".',
      );
}

/** Files of the time before 2007, and password-protected ones of today, share one container. */
function olderFile(path: string, bytes: Buffer): OfficeProblem {
  const isProtected = bytes.includes(Buffer.from('EncryptedPackage', 'utf16le'));
  return isProtected
    ? new OfficeProblem(
        `"${path}" is protected by a password. This agent cannot open encrypted workbooks, not even with the password.`,
        'Take the password off in Excel (File > Info > Protect Workbook), or run this flow where Excel is installed.',
      )
    : new OfficeProblem(
        `"${path}" is a file of Excel 97-2003 (.xls), which this agent cannot read.`,
        'Open it in Excel and save it as an Excel workbook (.xlsx).',
      );
}

/** So many bytes of a text are read before the run may stop. */
const pieceBytes = 1024 ** 2;

async function openText(
  path: string,
  bytes: Buffer,
  ending: string,
  isReadOnly: boolean,
  context: ActionContext,
): Promise<ExcelSession> {
  if (ending !== 'csv' && ending !== 'txt') throw noWorkbook(path, bytes);
  const { signal } = context;
  const workbook = await Workbook.blank();
  const entry = workbook.activeEntry;
  const name =
    basename(path)
      .replace(/\.[^.]*$/, '')
      .replace(/[\\/?*[\]:']/g, '_')
      .slice(0, 31) || 'Sheet1';
  await workbook.renameSheet(entry, name, signal);
  const session = new ExcelSession(workbook, path, ending === 'csv' ? 'csv' : 'text', isReadOnly, context);
  const sheet = await workbook.sheet(entry, signal);
  const decode = textDecoder(bytes, 'DefaultEncoding', await textCodePage(signal));
  const splitter = new CsvSplitter(ending === 'csv' ? ',' : '\t', false, 'Excel');
  let row = 1;
  let piece = pieceBytes;
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + piece);
    const rows = splitter.push(decode(bytes.subarray(at, end), end === bytes.length), end === bytes.length);
    at = end;
    // A row longer than a piece is looked at again with each: larger ones keep that rare.
    if (rows.length === 0) piece *= 2;
    if (row - 1 + rows.length > maxRows || rows.some((fields) => fields.length > maxColumns)) {
      throw new OfficeProblem(
        `"${path}" has more than the ${maxRows.toLocaleString('en')} rows or ${maxColumns.toLocaleString('en')} columns of a worksheet.`,
        'Read it with "Read from CSV file" instead, which has no such limit.',
      );
    }
    await writeValue(session, sheet, row, 1, rows, signal);
    row += rows.length;
    await new Promise((resume) => setImmediate(resume));
    signal.throwIfAborted();
  }
  workbook.changed = false;
  return session;
}

/** What lies under the name of a workbook without being one: many programs save pages and texts as `.xls`. */
function noWorkbook(path: string, bytes: Buffer): OfficeProblem {
  const start = bytes.toString('latin1', 0, 4096);
  if (/^(?:\xef\xbb\xbf)?\s*</.test(start)) {
    return new OfficeProblem(
      `"${path}" is a page of HTML or XML, not a workbook, although Excel may open it.`,
      'Open it in Excel and save it as an Excel workbook (.xlsx), or read it with "Read text from file" or "Read XML from file".',
    );
  }
  if (!start.includes('\0') && !start.startsWith('%PDF')) {
    return new OfficeProblem(
      `"${path}" is a text, not a workbook, although Excel may open it.`,
      'Read it with "Read from CSV file", or rename it first: .csv with commas between the columns, .txt with tabs.',
    );
  }
  return new OfficeProblem(
    `"${path}" is no workbook.`,
    'Check the path: a workbook is an .xlsx, .xlsm, .xltx, .xltm or .csv file.',
  );
}

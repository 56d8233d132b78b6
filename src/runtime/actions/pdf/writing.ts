// New PDF files out of the pages of others.
import { Readable } from 'node:stream';
import type { PDFDocument } from '@cantoo/pdf-lib';
import { ActionError } from '../../action.ts';
import { orAborted } from '../abort.ts';
import { attempt } from '../fileSystem.ts';
import { saveWhole } from '../savedFile.ts';
import { readPdf, withPdf } from './document.ts';

/** Throws `PDFFileNotFoundError`, `InvalidPasswordError`, `code`, and the signal's reason. */
async function load(file: string, password: string, code: string, signal: AbortSignal): Promise<PDFDocument> {
  // The writing library makes something of any file, even of half a one. The reading library knows better.
  const pages = await withPdf({ file, password, code, signal }, async ({ numPages }) => numPages);
  const data = await readPdf(file, code, signal);
  const { PDFDocument } = await import('@cantoo/pdf-lib');
  try {
    // A file may be encrypted without asking for a password: then it is the empty one.
    const pdf = await orAborted(PDFDocument.load(data, { password, updateMetadata: false }), signal);
    if (pdf.getPageCount() !== pages)
      throw new Error(`only ${pdf.getPageCount()} of ${pages} pages were found`);
    return pdf;
  } catch (error) {
    if (signal.aborted) throw error;
    throw new ActionError(
      code,
      `The pages of "${file}" cannot be taken over: ${(error as Error).message}.`,
      'Open it in a PDF reader to see whether it is complete.',
      { cause: error },
    );
  }
}

/** Numbers of the pages in a selection such as `1,3,17-24`, in its order. Throws `InvalidPageSelectionError`. */
export function parseSelection(selection: string): number[] {
  const pages: number[] = [];
  for (const part of selection.split(/[,;]/)) {
    const [, first, last = first] = /^\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*)?$/.exec(part) ?? [];
    if (
      first === undefined ||
      Number(first) < 1 ||
      Number(last) < Number(first) ||
      Number(last) - Number(first) > 1e6
    ) {
      throw new ActionError(
        'InvalidPageSelectionError',
        `"${selection}" is no selection of pages.`,
        'Give page numbers and ranges, separated by commas, such as 1,3,17-24.',
      );
    }
    for (let page = Number(first); page <= Number(last); page++) pages.push(page);
  }
  return pages;
}

/** Writes the pages of `selection` of `file` to `target`, which is replaced. Throws the errors of Extract PDF file pages to new PDF file. */
export async function extractPages(
  file: string,
  password: string,
  selection: string,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  const code = 'ExtractNewPDFError';
  const source = await load(file, password, code, signal);
  const pages = parseSelection(selection);
  const count = source.getPageCount();
  const beyond = pages.find((page) => page > count);
  if (beyond !== undefined) {
    throw new ActionError(
      'PageOutOfBoundsError',
      `"${file}" has ${count} pages; there is no page ${beyond}.`,
      'Check the selection of pages.',
    );
  }
  await compose([{ source, pages }], target, code, signal);
}

/** Writes all pages of `files`, in their order, to `target`, which is replaced. Throws the errors of Merge PDF files. */
export async function mergeFiles(
  files: readonly { readonly file: string; readonly password: string }[],
  target: string,
  signal: AbortSignal,
): Promise<void> {
  const code = 'MergePDFFilesError';
  const parts: Part[] = [];
  for (const { file, password } of files) {
    const source = await load(file, password, code, signal);
    parts.push({ source, pages: source.getPageIndices().map((index) => index + 1) });
  }
  await compose(parts, target, code, signal);
}

interface Part {
  readonly source: PDFDocument;
  readonly pages: readonly number[];
}

async function compose(
  parts: readonly Part[],
  target: string,
  code: string,
  signal: AbortSignal,
): Promise<void> {
  const { PDFDocument } = await import('@cantoo/pdf-lib');
  await attempt(code, 'write PDF file', target, signal, async () => {
    const made = await PDFDocument.create();
    for (const { source, pages } of parts) {
      const copies = await orAborted(
        made.copyPages(
          source,
          pages.map((page) => page - 1),
        ),
        signal,
      );
      for (const copy of copies) made.addPage(copy);
    }
    const bytes = await orAborted(made.save(), signal);
    await saveWhole(Readable.from([bytes]), target);
  });
}

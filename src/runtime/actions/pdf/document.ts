// A PDF file opened for reading, page by page, and what is on a page: pieces of text and ruling lines with their place. Places are
// in points from the upper left corner of the page as a reader sees it.
import { readFile, stat } from 'node:fs/promises';
import type { PDFDocumentProxy, PDFPageProxy } from 'unpdf/pdfjs';
import { type ActionArguments, type ActionContext, ActionError } from '../../action.ts';
import { orAborted } from '../abort.ts';
import { attempt, fileMissing, isFile } from '../fileSystem.ts';

/** Larger files do not fit the memory of a worker together with what is read from them. */
const sizeLimit = 1024 ** 3;

/** The bytes of a PDF file. Throws `PDFFileNotFoundError` and `code`. */
export async function readPdf(
  file: string,
  code: string,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  if (!(await isFile(file))) throw await fileMissing(file, 'PDFFileNotFoundError');
  return await attempt(code, 'read PDF file', file, signal, async () => {
    const { size } = await stat(file);
    if (size > sizeLimit) {
      throw new ActionError(
        code,
        `"${file}" is larger than ${sizeLimit.toLocaleString('en')} bytes.`,
        'Split it with a program first.',
      );
    }
    return new Uint8Array(await readFile(file, { signal }));
  });
}

/** The password in the argument `name`, from now on a secret; empty when there is none. */
export function passwordOf(args: ActionArguments, context: ActionContext, name = 'Password'): string {
  const password = args.text(name);
  if (password !== '') context.addSecret(password);
  return password;
}

function passwordError(file: string, password: string): ActionError {
  return new ActionError(
    'InvalidPasswordError',
    password === '' ? `"${file}" is protected with a password.` : `The password for "${file}" is wrong.`,
    'Give the password that opens the file.',
  );
}

/**
 * Opens `file` for `work`, which gets the document and a function that waits for one of its promises or the end of the run.
 * Whatever the file makes impossible becomes `code`; throws `PDFFileNotFoundError`, `InvalidPasswordError` and the signal's reason.
 */
export async function withPdf<T>(
  { file, password, code, signal }: { file: string; password: string; code: string; signal: AbortSignal },
  work: (pdf: PDFDocumentProxy) => Promise<T>,
): Promise<T> {
  const data = await readPdf(file, code, signal);
  const { getDocumentProxy } = await import('unpdf');
  const opening = getDocumentProxy(data, {
    ...(password === '' ? {} : { password }),
    verbosity: 0,
    isOffscreenCanvasSupported: false,
  });
  // Also a document that is only open when nobody waits for it any more is closed.
  const closed = () => opening.then((pdf) => pdf.loadingTask.destroy()).catch(() => {});
  try {
    const pdf = await orAborted(opening, signal);
    if (pdf.numPages < 1) throw new Error('it has no pages');
    return await work(pdf);
  } catch (error) {
    if (error instanceof ActionError || signal.aborted) throw error;
    const { name, message } = error as Error;
    if (name === 'PasswordException') throw passwordError(file, password);
    throw new ActionError(
      code,
      name === 'InvalidPDFException'
        ? `"${file}" is not a PDF file, or it is damaged.`
        : `"${file}" cannot be read as PDF: ${message.charAt(0).toLowerCase()}${message.slice(1).replace(/\.$/, '')}.`,
      'Open it in a PDF reader to see whether it is complete.',
      { cause: error },
    );
  } finally {
    if (signal.aborted) void closed();
    else await closed();
  }
}

/** Which pages an action reads: all, one, or a range; both ends included. */
export type PageRange = readonly [argumentOfFirst: string, argumentOfLast: string] | undefined;

/** Calls `work` for every page of the range in turn. Throws `code` when the file has no such pages. */
export async function eachPage(
  pdf: PDFDocumentProxy,
  args: ActionArguments,
  range: PageRange,
  code: string,
  signal: AbortSignal,
  work: (page: PDFPageProxy) => Promise<void>,
): Promise<void> {
  const [first, last] =
    range === undefined ? [1, pdf.numPages] : [args.integer(range[0]), args.integer(range[1])];
  if (first < 1 || last < first || last > pdf.numPages) {
    throw new ActionError(
      code,
      first > last
        ? `The pages ${first} to ${last} are in the wrong order.`
        : `The file has the pages 1 to ${pdf.numPages}; page ${first < 1 ? first : last} is not one of them.`,
      'Check the page numbers.',
    );
  }
  for (let number = first; number <= last; number++) {
    const page = await orAborted(pdf.getPage(number), signal);
    await work(page);
    page.cleanup();
  }
}

// ── What is on a page ───────────────────────────────────────────────────────────────────────────────────────────

/** A piece of upright text. `y` is its baseline, `size` the size of its letters. */
export interface Fragment {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly size: number;
}

type Matrix = readonly [number, number, number, number, number, number];

const multiply = (m: Matrix, n: Matrix): Matrix => [
  m[0] * n[0] + m[2] * n[1],
  m[1] * n[0] + m[3] * n[1],
  m[0] * n[2] + m[2] * n[3],
  m[1] * n[2] + m[3] * n[3],
  m[0] * n[4] + m[2] * n[5] + m[4],
  m[1] * n[4] + m[3] * n[5] + m[5],
];

const viewOf = (page: PDFPageProxy): Matrix => page.getViewport({ scale: 1 }).transform as unknown as Matrix;

/** The text of a page that is not blank. Text at an angle to the page is left out. */
export async function fragmentsOf(page: PDFPageProxy, signal: AbortSignal): Promise<Fragment[]> {
  const { items } = await orAborted(page.getTextContent(), signal);
  const view = viewOf(page);
  return items.flatMap((item) => {
    if (!('str' in item) || item.str.trim() === '') return [];
    const [a, b, , d, x, y] = multiply(view, item.transform as unknown as Matrix);
    if (Math.abs(b) > Math.abs(a) * 0.1 || a <= 0) return [];
    return [{ text: item.str, x, y, width: item.width, size: Math.abs(d) }];
  });
}

/** A horizontal or vertical line: at `at` across the other direction, between `from` and `to`. */
export interface Ruling {
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

/** A filled rectangle up to this thick is a line. */
const lineThickness = 3;

/** The lines drawn on a page: strokes, the borders of rectangles, and rectangles that are as thin as a line. */
export async function rulingsOf(
  page: PDFPageProxy,
  signal: AbortSignal,
): Promise<{ horizontal: Ruling[]; vertical: Ruling[] }> {
  const { getResolvedPDFJS } = await import('unpdf');
  const { OPS } = await getResolvedPDFJS();
  const { fnArray, argsArray } = await orAborted(page.getOperatorList(), signal);
  const strokes = new Set([
    OPS.stroke,
    OPS.closeStroke,
    OPS.fillStroke,
    OPS.eoFillStroke,
    OPS.closeFillStroke,
    OPS.closeEOFillStroke,
  ]);
  const fills = new Set([OPS.fill, OPS.eoFill]);
  const horizontal: Ruling[] = [];
  const vertical: Ruling[] = [];
  const addLine = (x1: number, y1: number, x2: number, y2: number) => {
    if (Math.abs(y1 - y2) <= 1 && Math.abs(x1 - x2) > lineThickness)
      horizontal.push({ at: (y1 + y2) / 2, from: Math.min(x1, x2), to: Math.max(x1, x2) });
    else if (Math.abs(x1 - x2) <= 1 && Math.abs(y1 - y2) > lineThickness)
      vertical.push({ at: (x1 + x2) / 2, from: Math.min(y1, y2), to: Math.max(y1, y2) });
  };
  let matrix = viewOf(page);
  const saved: Matrix[] = [];
  fnArray.forEach((operation, index) => {
    const given = argsArray[index] as unknown[] | null;
    if (operation === OPS.save) saved.push(matrix);
    else if (operation === OPS.restore) matrix = saved.pop() ?? matrix;
    else if (operation === OPS.transform) matrix = multiply(matrix, given as unknown as Matrix);
    else if (operation === OPS.paintFormXObjectBegin) {
      saved.push(matrix);
      if (given?.[0]) matrix = multiply(matrix, given[0] as Matrix);
    } else if (operation === OPS.paintFormXObjectEnd) matrix = saved.pop() ?? matrix;
    else if (operation === OPS.constructPath) {
      const [paint, [path] = []] = given as [number, [Float32Array | undefined] | undefined];
      if (!(path instanceof Float32Array)) return;
      const lines = linesOf(path, matrix);
      if (strokes.has(paint)) for (const line of lines) addLine(...line);
      else if (fills.has(paint)) {
        if (lines.length === 0) return;
        let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
        for (const [x1, y1, x2, y2] of lines) {
          left = Math.min(left, x1, x2);
          right = Math.max(right, x1, x2);
          top = Math.min(top, y1, y2);
          bottom = Math.max(bottom, y1, y2);
        }
        if (bottom - top <= lineThickness) addLine(left, (top + bottom) / 2, right, (top + bottom) / 2);
        else if (right - left <= lineThickness) addLine((left + right) / 2, top, (left + right) / 2, bottom);
      }
    }
  });
  return { horizontal, vertical };
}

/** The straight parts of a path: numbers that begin with what they draw, as pdf.js lays them out. */
function linesOf(path: Float32Array, matrix: Matrix): [number, number, number, number][] {
  const lengths = [2, 2, 6, 4, 0];
  const [moveTo, lineTo, closePath] = [0, 1, 4];
  const lines: [number, number, number, number][] = [];
  const place = (at: number): [number, number] => {
    const [x, y] = [path[at] as number, path[at + 1] as number];
    return [matrix[0] * x + matrix[2] * y + matrix[4], matrix[1] * x + matrix[3] * y + matrix[5]];
  };
  let start: [number, number] = [0, 0];
  let current: [number, number] = [0, 0];
  for (let at = 0; at < path.length; ) {
    const operation = path[at] as number;
    const length = lengths[operation];
    if (length === undefined) break;
    if (operation === closePath) {
      lines.push([...current, ...start]);
      current = start;
    } else {
      const next = place(at + length - 1);
      if (operation === lineTo) lines.push([...current, ...next]);
      if (operation === moveTo) start = next;
      current = next;
    }
    at += length + 1;
  }
  return lines;
}

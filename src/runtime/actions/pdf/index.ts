// The PDF actions.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../../action.ts';
import { CustomObject, Datatable } from '../../values.ts';
import { orAborted } from '../abort.ts';
import {
  attempt,
  fileValue,
  freeName,
  pathOf,
  requireFolder,
  requirePlainName,
  severalPathsOf,
} from '../fileSystem.ts';
import { eachPage, fragmentsOf, type PageRange, passwordOf, rulingsOf, withPdf } from './document.ts';
import { picturesOn, png } from './images.ts';
import { layoutText } from './lines.ts';
import { type FoundTable, findTables, type PageContent } from './tables.ts';
import { extractPages, mergeFiles } from './writing.ts';

/** The three forms every reading action has. */
const ranges: readonly [suffix: string, range: PageRange][] = [
  ['', undefined],
  ['FromPage', ['PageNumber', 'PageNumber']],
  ['FromPageRange', ['FromPageNumber', 'ToPageNumber']],
];

type PdfPage = Parameters<Parameters<typeof eachPage>[5]>[0];

/** Calls `work` for each page the call asks for. */
async function readPages(
  args: ActionArguments,
  context: ActionContext,
  range: PageRange,
  code: string,
  work: (page: PdfPage) => Promise<void>,
): Promise<void> {
  const { signal } = context;
  const from = { file: pathOf(args, 'PDFFile'), password: passwordOf(args, context), code, signal };
  await withPdf(from, (pdf) => eachPage(pdf, args, range, code, signal, work));
}

// ── Text ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Text in the order in which the file has it, its lines and pages separated by CR LF. */
async function plainText(page: PdfPage, signal: AbortSignal): Promise<string> {
  const { items } = await orAborted(page.getTextContent(), signal);
  let text = '';
  for (const item of items) if ('str' in item) text += item.str + (item.hasEOL ? '\r\n' : '');
  return text.replace(/(?:\r\n)+$/, '');
}

const extractText = ([suffix, range]: (typeof ranges)[number]): ActionDefinition => ({
  id: `Pdf.ExtractTextFromPDF.ExtractText${suffix}`,
  async run(args, context) {
    const { signal } = context;
    const layout = args.boolean('DetectLayout');
    const pages: string[] = [];
    await readPages(args, context, range, 'ExtractTextError', async (page) => {
      pages.push(layout ? layoutText(await fragmentsOf(page, signal)) : await plainText(page, signal));
    });
    return { outputs: { ExtractedText: pages.join('\r\n') } };
  },
});

// ── Tables ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Names without a text are `Column1` …; a name that is there already gets a number. */
function columnNames(cells: readonly string[]): string[] {
  const names: string[] = [];
  for (const [index, cell] of cells.entries()) {
    const wanted = cell === '' ? `Column${index + 1}` : cell;
    let name = wanted;
    for (let number = 2; names.includes(name); number++) name = `${wanted}_${number}`;
    names.push(name);
  }
  return names;
}

function tableInfo({ rows, startPage, endPage, order }: FoundTable, header: boolean): CustomObject {
  const first = rows[0] ?? [];
  const columns = columnNames(header ? first : first.map(() => ''));
  return new CustomObject([
    ['DataTable', new Datatable(columns, header ? rows.slice(1) : rows)],
    ['TableStartingPage', startPage],
    ['TableEndingPage', endPage],
    ['TableOrderInPage', order],
  ]);
}

const extractTables = ([suffix, range]: (typeof ranges)[number]): ActionDefinition => ({
  id: `Pdf.ExtractTablesFromPDF.ExtractTables${suffix}`,
  async run(args, context) {
    const { signal } = context;
    const pages: PageContent[] = [];
    await readPages(args, context, range, 'ExtractTablesError', async (page) => {
      pages.push({
        number: page.pageNumber,
        fragments: await fragmentsOf(page, signal),
        ...(await rulingsOf(page, signal)),
      });
    });
    const tables = findTables(pages, args.boolean('MultiPageTables'));
    const header = args.boolean('SetFirstRowAsHeader');
    return { outputs: { ExtractedPDFTables: tables.map((table) => tableInfo(table, header)) } };
  },
});

// ── Images ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Written as `Name_1.png`, `Name_2.png` …; files of these names are replaced. */
const extractImages = ([suffix, range]: (typeof ranges)[number]): ActionDefinition => ({
  id: `Pdf.ExtractImagesFromPDF.ExtractImages${suffix}`,
  async run(args, context) {
    const code = 'ExtractImagesError';
    const { signal } = context;
    const folder = pathOf(args, 'ImagesFolder');
    await requireFolder(folder, 'FolderNotFoundError');
    const name = args.text('ImagesName');
    requirePlainName(name, code, 'extract images');
    let count = 0;
    await readPages(args, context, range, code, async (page) => {
      for (const picture of await picturesOn(page, signal)) {
        const file = join(folder, `${name}_${++count}.png`);
        await attempt(code, 'write image', file, signal, () => writeFile(file, png(picture), { signal }));
      }
    });
    return {};
  },
});

// ── New files ───────────────────────────────────────────────────────────────────────────────────────────────────

/** Writes a new file by `write` where the call asks for it, unless a file there is to be left alone. */
async function making(
  args: ActionArguments,
  pathArgument: string,
  output: string,
  write: (target: string) => Promise<void>,
): Promise<ActionResult> {
  const wanted = pathOf(args, pathArgument);
  const target = await freeName(wanted, args.member('IfFileExists'));
  if (target !== undefined) await write(target);
  return { outputs: { [output]: await fileValue(target ?? wanted) } };
}

/** The passwords of the call, one per file, in their order; files beyond them have none. */
function passwordsOf(args: ActionArguments, context: ActionContext): string[] {
  const text = args.text('Passwords');
  const delimiter = args.text('PasswordDelimiter');
  const passwords = text === '' ? [] : delimiter === '' ? [text] : text.split(delimiter);
  for (const password of [text, ...passwords]) if (password !== '') context.addSecret(password);
  return passwords;
}

export const pdfActions: readonly ActionDefinition[] = [
  ...ranges.flatMap((range) => [extractText(range), extractTables(range), extractImages(range)]),
  {
    id: 'Pdf.ExtractPages',
    run: (args, context) =>
      making(args, 'ExtractedPDFPath', 'ExtractedPDFFile', (target) =>
        extractPages(
          pathOf(args, 'PDFFile'),
          passwordOf(args, context),
          args.text('PageSelection'),
          target,
          context.signal,
        ),
      ),
  },
  {
    id: 'Pdf.MergeFiles',
    async run(args, context) {
      const paths = severalPathsOf(args, 'PDFFiles', context.folder);
      const passwords = passwordsOf(args, context);
      const files = paths.map((file, index) => ({ file, password: passwords[index] ?? '' }));
      if (files.length === 0) {
        throw new ActionError(
          'MergePDFFilesError',
          'There are no files to merge.',
          'Check where the list of files comes from.',
        );
      }
      return await making(args, 'MergedPDFPath', 'MergedPDF', (target) =>
        mergeFiles(files, target, context.signal),
      );
    },
  },
];

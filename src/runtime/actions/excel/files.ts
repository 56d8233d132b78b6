// Launch, attach, save and close. "Visible", add-ins and the locale of the machine mean nothing here: no Excel is running.
import { basename, dirname, extname, resolve } from 'node:path';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
} from '../../action.ts';
import { toText } from '../../convert.ts';
import { FileValue, InstanceValue } from '../../values.ts';
import { pathOf, requireFile, requireFolder } from '../fileSystem.ts';
import { OfficeProblem } from '../office/problem.ts';
import { excelAction, onFile, workbookAction } from './action.ts';
import { openWorkbook } from './opening.ts';
import { close, ExcelSession, type FileKind, isOpenElsewhere, openSession, register } from './session.ts';
import { Workbook, workbookTypes } from './workbook.ts';

let handles = 0;

/** `Handle` tells instances apart; there is no window it could be the handle of. */
export const instanceOf = (session: ExcelSession): InstanceValue =>
  new InstanceValue('Excel instance', session, new Map([['Handle', ++handles]]));

/** A new workbook with one empty worksheet, open until the run ends or the flow closes it. */
export async function newSession(context: ActionContext): Promise<ExcelSession> {
  const session = new ExcelSession(await Workbook.blank(), undefined, 'xlsx', false, context);
  register(session, context);
  return session;
}

const launching = (variant: string): ActionDefinition =>
  excelAction(`LaunchExcel.${variant}`, 'LaunchExcelError', async (_, context) => ({
    outputs: { Instance: instanceOf(await newSession(context)) },
  }));

/** A workbook that is already open is shared under an existing process; a process of its own gets it read-only, as from Excel. */
function opening(variant: string, shares: boolean): ActionDefinition {
  const code = 'OpenExcelDocumentError';
  return excelAction(`LaunchExcel.${variant}`, code, async (args, context) => {
    const path = pathOf(args, 'Path');
    const open = openSession(path, path);
    if (open !== undefined && shares) return { outputs: { Instance: instanceOf(open) } };
    await requireWorkbookFile(path, code);
    const readOnly = args.boolean('ReadOnly') || open !== undefined;
    const session = await onFile(code, 'open workbook', path, context.signal, () =>
      openWorkbook(path, readOnly, context),
    );
    register(session, context);
    return { outputs: { Instance: instanceOf(session) } };
  });
}

/** A missing file has no error name of its own here. */
async function requireWorkbookFile(path: string, code: string): Promise<void> {
  try {
    await requireFile(path, code);
  } catch (error) {
    if (!(error instanceof ActionError)) throw error;
    throw new ActionError(
      code,
      error.message,
      'Check the path: spelling, folder, and whether an earlier step created the file.',
      { cause: error },
    );
  }
}

const attaching = excelAction('Attach', 'AttachToExcelDocumentError', (args) => {
  const value = args.value('DocumentName');
  const name = value instanceof FileValue ? value.path : toText(value).trim();
  const session = name === '' ? undefined : openSession(pathWritten(args, name), name);
  if (session === undefined) {
    throw new ActionError(
      'SpecifiedExcelDocumentNotFoundError',
      `No open workbook of this run is called "${name}". This agent sees only workbooks that an instance of the same run has open, not those a person opened in Excel.`,
      'Open the workbook with "Launch Excel" instead.',
    );
  }
  return { outputs: { Instance: instanceOf(session) } };
});

function pathWritten(args: ActionArguments, name: string): string {
  // A mere name is no path relative to the flow.
  return /[\\/]/.test(name) ? resolve(args.path('DocumentName')) : name;
}

// ── Saving ──────────────────────────────────────────────────────────────────────────────────────────────────────

const saveError = 'SaveExcelDocumentError';

async function save(session: ExcelSession, signal: AbortSignal): Promise<void> {
  const { path, kind } = session;
  if (path === undefined) {
    throw new OfficeProblem(
      'The workbook is new and has no file yet.',
      'Save it with "Save document as" and a path.',
    );
  }
  if (session.isReadOnly) {
    throw new OfficeProblem(
      `"${path}" was opened as read-only, or is write-protected.`,
      'Open it without "Open as ReadOnly", or save it under another name.',
    );
  }
  await requireFolder(dirname(path), saveError);
  await onFile(saveError, 'save workbook', path, signal, () => session.save(path, kind, signal));
}

const formats: Readonly<Record<string, { readonly kind: FileKind; readonly endings: readonly string[] }>> = {
  OpenXmlWorkbook: { kind: 'xlsx', endings: ['xlsx'] },
  OpenXmlWorkbookMacroEnabled: { kind: 'xlsm', endings: ['xlsm'] },
  Template: { kind: 'xltx', endings: ['xltx'] },
  TemplateMacroEnabled: { kind: 'xltm', endings: ['xltm'] },
  CSV: { kind: 'csv', endings: ['csv'] },
  Text: { kind: 'text', endings: ['txt'] },
  UnicodeText: { kind: 'unicodeText', endings: ['txt'] },
};

async function saveAs(args: ActionArguments, session: ExcelSession, signal: AbortSignal): Promise<void> {
  const format = args.member('DocumentFormat');
  if (args.text('XmlMapName') !== '') {
    throw new OfficeProblem(
      'Saving the data of an XML map is not supported.',
      'Leave the XML map name empty.',
    );
  }
  let path = pathOf(args, 'DocumentPath');
  let ending = extname(path).toLowerCase().slice(1);
  const chosen = format === 'FromExtension' ? undefined : formats[format];
  const supported =
    'Supported are Excel workbooks and templates (.xlsx, .xlsm, .xltx, .xltm), CSV (.csv) and text (.txt).';
  if (format !== 'FromExtension' && chosen === undefined) {
    throw new OfficeProblem(`The document format ${format} is not supported.`, supported);
  }
  // A number behind a dot is part of a name, as in "Report 1.5".
  if (!/^[a-z][a-z0-9]{1,4}$/.test(ending)) {
    ending = chosen?.endings[0] ?? (session.kind === 'xlsm' ? 'xlsm' : 'xlsx');
    path = `${path}.${ending}`;
  }
  const kind = chosen?.kind ?? kindOf(ending);
  if (kind === undefined) throw new OfficeProblem(`Workbooks cannot be saved as .${ending}.`, supported);
  if (chosen !== undefined && kind in workbookTypes && !chosen.endings.includes(ending)) {
    throw new OfficeProblem(
      `The format ${format} does not go with the ending of "${basename(path)}"; Excel would refuse to open the file.`,
      `Give the file the ending .${chosen.endings[0]}.`,
    );
  }
  if (isOpenElsewhere(path, session)) {
    throw new OfficeProblem(
      `"${path}" is open in another Excel instance of this run.`,
      'Close that instance first, or choose another name.',
    );
  }
  await requireFolder(dirname(path), saveError);
  await onFile(saveError, 'save workbook', path, signal, () => session.save(path, kind, signal));
}

function kindOf(ending: string): FileKind | undefined {
  if (ending in workbookTypes) return ending as FileKind;
  return ending === 'csv' ? 'csv' : ending === 'txt' ? 'text' : undefined;
}

export const fileActions: readonly ActionDefinition[] = [
  launching('Launch'),
  launching('LaunchUnderExistingProcess'),
  opening('LaunchAndOpen', false),
  opening('LaunchAndOpenUnderExistingProcess', true),
  attaching,
  workbookAction('SaveExcel.Save', saveError, (_, session, signal) => save(session, signal)),
  workbookAction('SaveExcel.SaveAs', saveError, saveAs),
  workbookAction('CloseExcel.Close', 'CloseExcelInstanceError', (_, session) => close(session)),
  workbookAction('CloseExcel.CloseAndSave', saveError, async (_, session, signal) => {
    await save(session, signal);
    close(session);
  }),
  workbookAction('CloseExcel.CloseAndSaveAs', saveError, async (args, session, signal) => {
    await saveAs(args, session, signal);
    close(session);
  }),
];

// The Display actions: what a flow asks the person in front of it. The host shows the question; this file turns arguments
// into questions and answers into outputs. Where a dialog appears is up to the host.
import { resolve } from 'node:path';
import type { ActionArguments, ActionContext, ActionDefinition, ActionResult } from '../action.ts';
import { parseDatetime, toDatetime, toText } from '../convert.ts';
import { localTime } from '../dotnet/timeZone.ts';
import type { HostQuestion } from '../host.ts';
import { Datarow, Datatable, type FileValue, FlowDatetime, type Value } from '../values.ts';
import { customFormAction } from './customForm.ts';
import { ask, askUntil, okCancel } from './dialogs.ts';
import { fileValue, folderValue, isFile, pathOf } from './fileSystem.ts';

const title = (args: ActionArguments): string => args.text('Title');
const message = (args: ActionArguments): string => args.text('Message');
const topMost = (args: ActionArguments): Pick<HostQuestion, 'isTopMost'> =>
  args.boolean('IsTopMost') ? { isTopMost: true } : {};

// ── Message ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** Member of Display.Buttons → the buttons, which are also the texts of `ButtonPressed`. */
const buttonSets: Readonly<Record<string, readonly string[]>> = {
  OK: ['OK'],
  OKCancel: ['OK', 'Cancel'],
  YesNo: ['Yes', 'No'],
  YesNoCancel: ['Yes', 'No', 'Cancel'],
  AbortRetryIgnore: ['Abort', 'Retry', 'Ignore'],
  RetryCancel: ['Retry', 'Cancel'],
};

const icons: Readonly<Record<string, NonNullable<HostQuestion['icon']>>> = {
  Information: 'info',
  Question: 'question',
  Warning: 'warning',
  ErrorIcon: 'error',
};

async function showMessage(
  args: ActionArguments,
  context: ActionContext,
  closes: boolean,
): Promise<ActionResult> {
  const buttons = buttonSets[args.member('Buttons')] ?? ['OK'];
  const icon = icons[args.member('Icon')];
  const preset =
    buttons[Number(args.member('DefaultButton').slice('Button'.length)) - 1] ?? (buttons[0] as string);
  const answer = await ask(
    'DisplayMessageBoxError',
    {
      kind: 'message',
      title: title(args),
      message: message(args),
      options: buttons,
      preset,
      ...(icon === undefined ? {} : { icon }),
      ...topMost(args),
      ...(closes ? { timeoutSeconds: args.integer('Timeout') } : {}),
    },
    buttons,
    context,
  );
  return { outputs: { ButtonPressed: answer.button } };
}

// ── Text ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A cancelled dialog gives an empty text. A password is a secret from the moment it is typed, and so is its default value. */
async function inputDialog(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const type = args.member('InputType');
  const preset = args.text('DefaultValue');
  const secret = type === 'Password';
  if (secret) context.addSecret(preset);
  const answer = await ask(
    'DisplayInputDialogError',
    {
      kind: secret ? 'password' : 'input',
      title: title(args),
      message: message(args),
      ...(preset === '' || secret ? {} : { preset }),
      ...topMost(args),
      ...(type === 'Multiline' ? { multiline: true } : {}),
    },
    okCancel,
    context,
  );
  const typed = answer.button === 'OK' ? (answer.values[0] ?? '') : '';
  // A secret default is never sent to the dialog; an answer left empty stands for it.
  const text = secret && typed === '' && answer.button === 'OK' ? preset : typed;
  if (secret) context.addSecret(text);
  return { outputs: { UserInput: text, ButtonPressed: answer.button } };
}

// ── Dates ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** `yyyy-MM-dd`, with ` HH:mm:ss` when a time is asked for: the form of preset and answer. */
function dateText(value: FlowDatetime, withTime: boolean): string {
  const iso = value.fields.toISOString();
  return withTime ? `${iso.slice(0, 10)} ${iso.slice(11, 19)}` : iso.slice(0, 10);
}

const midnight = (value: FlowDatetime): FlowDatetime =>
  new FlowDatetime(Math.floor(value.ticks / 86_400_000) * 86_400_000);

/** Asks for one date; blank when cancelled. Today is proposed when the flow proposes nothing. */
async function askDate(
  args: ActionArguments,
  presetName: string,
  text: string,
  context: ActionContext,
): Promise<{ date: Value; button: string }> {
  const withTime = args.member('DateDialogFormat') === 'DateAndTime';
  const preset = args.has(presetName)
    ? toDatetime(args.value(presetName))
    : localTime(context.host.clock.now());
  const answer = await askUntil(
    'DisplaySelectDateDialogError',
    {
      kind: 'date',
      title: title(args),
      message: text,
      preset: dateText(preset, withTime),
      ...topMost(args),
    },
    `Write the date as ${withTime ? '2026-01-31 14:30:00' : '2026-01-31'}.`,
    ([given = '']) => parseDatetime(given),
    context,
  );
  if (answer.button === 'Cancel') return { date: null, button: 'Cancel' };
  return { date: withTime ? answer.accepted : midnight(answer.accepted), button: 'OK' };
}

async function selectDate(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const { date, button } = await askDate(args, 'DefaultValue', message(args), context);
  return { outputs: { SelectedDate: date, ButtonPressed: button } };
}

/** Two questions, one for each end of the range; cancelling either cancels both. */
async function selectDateRange(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const part = (name: string) => (message(args) === '' ? name : `${message(args)} (${name})`);
  const first = await askDate(args, 'DefaultValue', part('first date'), context);
  const second =
    first.button === 'Cancel'
      ? first
      : await askDate(args, 'DefaultValueForSecondDate', part('second date'), context);
  const cancelled = second.button === 'Cancel';
  return {
    outputs: {
      SelectedDate: cancelled ? null : first.date,
      SecondSelectedDate: second.date,
      ButtonPressed: second.button,
    },
  };
}

// ── Lists ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** The entries to choose from: the items of a list or row, the first column of a table, or the lines of a text. */
function entriesOf(args: ActionArguments): string[] {
  const value = args.value('List');
  if (value instanceof Datatable) return value.rows.map((row) => toText(row[0] ?? null));
  if (value instanceof Datarow) return value.cells.map(toText);
  if (typeof value === 'string') return value.split(/\r\n|\n|\r/).filter((line) => line.trim() !== '');
  return args.list('List').map(toText);
}

/** Nothing chosen, or a cancelled dialog, gives an empty text and the index -1. */
async function selectFromList(
  args: ActionArguments,
  context: ActionContext,
  free: boolean,
): Promise<ActionResult> {
  const entries = entriesOf(args);
  const optional = !free && args.boolean('AllowEmpty');
  const answer = await askUntil(
    'DisplaySelectDialogError',
    // A list that also takes other values is a text question with the entries as proposals.
    {
      kind: free ? 'input' : 'choice',
      title: title(args),
      message: message(args),
      options: entries,
      ...topMost(args),
    },
    free ? 'Choose an entry or write a value.' : 'Choose one of the entries.',
    ([chosen = '']) => {
      const allowed = chosen === '' ? optional : free || entries.includes(chosen);
      return allowed ? chosen : undefined;
    },
    context,
  );
  const item = answer.button === 'OK' ? answer.accepted : '';
  return {
    outputs: {
      SelectedItem: item,
      SelectedIndex: item === '' ? -1 : entries.indexOf(item),
      ButtonPressed: answer.button,
    },
  };
}

/** `preset` of the question holds the preselected entries, one a line. A cancelled dialog gives empty lists. */
async function selectItemsFromList(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const marked = args.boolean('PreSelectItemsWithPlus');
  const written = entriesOf(args);
  const isMarked = (entry: string) => marked && entry.startsWith('+');
  const entries = written.map((entry) => (isMarked(entry) ? entry.slice(1) : entry));
  const preset = entries.filter((_, index) => isMarked(written[index] as string)).join('\n');
  const optional = args.boolean('AllowEmpty');
  const answer = await askUntil(
    'DisplaySelectDialogError',
    {
      kind: 'choices',
      title: title(args),
      message: message(args),
      options: entries,
      ...(preset === '' ? {} : { preset }),
      ...topMost(args),
    },
    'Choose at least one of the entries.',
    (chosen) =>
      (chosen.length > 0 || optional) && chosen.every((entry) => entries.includes(entry))
        ? chosen
        : undefined,
    context,
  );
  const items = answer.button === 'OK' ? [...answer.accepted] : [];
  return {
    outputs: {
      SelectedItems: items,
      SelectedIndexes: items.map((item) => entries.indexOf(item)),
      ButtonPressed: answer.button,
    },
  };
}

// ── Files and folders ───────────────────────────────────────────────────────────────────────────────────────────

/** The chosen files; an empty list when cancelled. A relative answer is meant from the flow's folder. */
async function chooseFiles(
  kind: 'file' | 'files',
  args: ActionArguments,
  context: ActionContext,
): Promise<{ files: FileValue[]; button: string }> {
  const filter = args.text('FileFilter');
  const mustExist = args.boolean('CheckIfFileExists');
  const answer = await askUntil(
    'DisplaySelectFileDialogError',
    {
      kind,
      title: title(args),
      message: '',
      ...(args.has('InitialDirectory') ? { preset: pathOf(args, 'InitialDirectory') } : {}),
      ...(filter === '' ? {} : { filter }),
      ...topMost(args),
    },
    kind === 'file' ? 'Choose a file that exists.' : 'Choose files that exist.',
    async (given) => {
      const paths = given.filter((path) => path !== '').map((path) => resolve(context.folder, path));
      const usable =
        paths.length > 0 && (!mustExist || (await Promise.all(paths.map(isFile))).every(Boolean));
      return usable ? await Promise.all(paths.map(fileValue)) : undefined;
    },
    context,
  );
  return { files: answer.button === 'OK' ? answer.accepted : [], button: answer.button };
}

async function selectFile(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const { files, button } = await chooseFiles('file', args, context);
  return { outputs: { SelectedFile: files[0] ?? '', ButtonPressed: button } };
}

async function selectFiles(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const { files, button } = await chooseFiles('files', args, context);
  return { outputs: { SelectedFiles: files, ButtonPressed: button } };
}

async function selectFolder(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const answer = await askUntil(
    'DisplaySelectFolderDialogError',
    {
      kind: 'folder',
      title: args.text('Description'),
      message: '',
      ...topMost(args),
      ...(args.has('InitialDirectory') ? { preset: pathOf(args, 'InitialDirectory') } : {}),
    },
    'Choose a folder that exists.',
    async ([path = '']) => {
      const folder = await folderValue(resolve(context.folder, path));
      return path !== '' && folder.properties.get('Exists') === true ? folder : undefined;
    },
    context,
  );
  return {
    outputs: {
      SelectedFolder: answer.button === 'OK' ? answer.accepted : '',
      ButtonPressed: answer.button,
    },
  };
}

export const displayActions: readonly ActionDefinition[] = [
  {
    id: 'Display.ShowMessageDialog.ShowMessage',
    run: (args, context) => showMessage(args, context, false),
  },
  {
    id: 'Display.ShowMessageDialog.ShowMessageWithTimeout',
    run: (args, context) => showMessage(args, context, true),
  },
  { id: 'Display.InputDialog', run: inputDialog },
  { id: 'Display.SelectDateDialog.SelectDate', run: selectDate },
  { id: 'Display.SelectDateDialog.SelectDateRange', run: selectDateRange },
  {
    id: 'Display.SelectFromListDialog.SelectFromList',
    run: (args, context) => selectFromList(args, context, false),
  },
  {
    id: 'Display.SelectFromListDialog.SelectFromListOrInsertValue',
    run: (args, context) => selectFromList(args, context, true),
  },
  { id: 'Display.SelectFromListDialog.SelectItemsFromList', run: selectItemsFromList },
  { id: 'Display.SelectFileDialog.SelectFile', run: selectFile },
  { id: 'Display.SelectFileDialog.SelectFiles', run: selectFiles },
  { id: 'Display.SelectFolder', run: selectFolder },
  customFormAction,
];

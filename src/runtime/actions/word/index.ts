// The Word actions on .docx files, without Word. What needs Word itself is not here: pages of a document and the clipboard. "Visible"
// means nothing, because there is no window.
import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../../action.ts';
import { toText } from '../../convert.ts';
import type { Host } from '../../host.ts';
import { FileValue, InstanceValue } from '../../values.ts';
import { attempt, fileMissing, isFile, isSameEntry, pathOf, requireFolder } from '../fileSystem.ts';
import { OfficeProblem } from '../office/problem.ts';
import { WordDocument } from './document.ts';
import {
  besideBookmark,
  besideFound,
  type Found,
  findIn,
  impossibleCharacters,
  insertText,
  type Place,
  paragraphsOf,
  replaceFound,
  textInBookmark,
  textOf,
} from './text.ts';
import { plainPattern, replacementFor, SearchError, wildcardPattern } from './wildcards.ts';

// ── Instances ───────────────────────────────────────────────────────────────────────────────────────────────────

/** Open documents of each run, which its host stands for. */
const openDocuments = new WeakMap<Host, Set<WordDocument>>();

function openIn({ host }: ActionContext): Set<WordDocument> {
  const known = openDocuments.get(host) ?? new Set();
  openDocuments.set(host, known);
  return known;
}

function instanceOf(document: WordDocument, context: ActionContext): InstanceValue {
  openIn(context).add(document);
  context.own(() => close(document, context));
  return new InstanceValue('Word instance', document);
}

function close(document: WordDocument, context: ActionContext): void {
  document.isClosed = true;
  openIn(context).delete(document);
}

const notInitialized = 'WordInstanceOrWordDocumentNotInitializedError';
const readOnly = 'OperationCannotBePerformedOnReadOnlyDocumentError';

/** The open document behind the instance of the call. Throws `code`. */
function documentOf(args: ActionArguments, code: string = notInitialized): WordDocument {
  const value = args.value('Instance');
  const document = value instanceof InstanceValue ? value.resource : undefined;
  if (document instanceof WordDocument && !document.isClosed) return document;
  throw new ActionError(
    code,
    document instanceof WordDocument
      ? `The Word instance of ${document.name} is closed.`
      : 'There is no Word instance in the argument "Instance".',
    'Give the variable that "Launch Word" produced, and use it before "Close Word".',
  );
}

function changeable(args: ActionArguments): WordDocument {
  const document = documentOf(args);
  if (!document.isReadOnly) return document;
  throw new ActionError(
    readOnly,
    `${document.name} is open for reading only.`,
    'Open it without "Open as ReadOnly", and remove its write protection in Word if it has any.',
  );
}

/** Runs `work`; what the document makes impossible becomes the ActionError `code`. */
async function named<T>(code: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof OfficeProblem) {
      throw new ActionError(code, error.message, error.nextStep, { cause: error });
    }
    if (error instanceof SearchError) {
      throw new ActionError(
        code,
        `This text cannot be searched for or put in its place: ${error.message}.`,
        'The page about documents lists the codes and wildcards that are supported.',
        { cause: error },
      );
    }
    throw error;
  }
}

// ── Launch, save, close ─────────────────────────────────────────────────────────────────────────────────────────

async function launchAndOpen(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const { signal } = context;
  const path = pathOf(args, 'Path');
  for (const name of ['ReadProtectionPassword', 'WriteProtectionPassword']) {
    const password = args.text(name);
    if (password !== '') context.addSecret(password);
  }
  if (!(await isFile(path)))
    throw await fileMissing(path, 'WordDocumentWasNotFoundError', 'a document', 'document');
  const code = 'OpenExistingWordDocumentError';
  const document = await attempt(code, 'open document', path, signal, () =>
    named(code, () => WordDocument.open(path, args.boolean('ReadOnly'), signal)),
  );
  return { outputs: { Instance: instanceOf(document, context) } };
}

function attach(args: ActionArguments, context: ActionContext): ActionResult {
  const value = args.value('DocumentName');
  const wanted = value instanceof FileValue ? value.path : toText(value).trim();
  const found = [...openIn(context)].findLast(
    ({ path }) =>
      path !== undefined &&
      (basename(path).toLowerCase() === wanted.toLowerCase() ||
        resolve(path) === resolve(context.folder, wanted)),
  );
  if (found !== undefined) return { outputs: { Instance: new InstanceValue('Word instance', found) } };
  throw new ActionError(
    'SpecifiedWordDocumentNotFoundError',
    `No document "${wanted}" has been opened in this run.`,
    'Open it with "Launch Word": documents that a person has open in Word cannot be reached.',
  );
}

/** Saves where the document came from. */
async function save(args: ActionArguments, { signal }: ActionContext): Promise<void> {
  const document = documentOf(args, notInitialized);
  const { path } = document;
  if (document.isReadOnly) changeable(args);
  if (path === undefined) {
    throw new ActionError(
      'SaveWordError',
      'The new document has no file yet.',
      'Save it with "Save document as", which asks for a path.',
    );
  }
  await write(document, path, await document.format(), signal);
}

async function saveAs(args: ActionArguments, { signal }: ActionContext): Promise<void> {
  const document = documentOf(args, notInitialized);
  const path = pathOf(args, 'DocumentPath');
  if (document.isReadOnly && document.path !== undefined && (await isSameEntry(document.path, path)))
    changeable(args);
  await requireFolder(dirname(path), 'SaveWordError');
  await write(document, path, args.member('DocumentFormat'), signal);
  document.path = path;
}

async function write(
  document: WordDocument,
  path: string,
  format: string,
  signal: AbortSignal,
): Promise<void> {
  const code = 'SaveWordError';
  await attempt(code, 'save document', path, signal, () =>
    named(code, () => document.save(path, format, signal)),
  );
}

const closing = (
  variant: string,
  before: (args: ActionArguments, context: ActionContext) => Promise<void>,
): ActionDefinition => ({
  id: `Word.CloseWord.${variant}`,
  async run(args, context) {
    const document = documentOf(args, 'CloseWordError');
    await before(args, context);
    close(document, context);
    return {};
  },
});

// ── Reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

function readBookmark(args: ActionArguments): Promise<ActionResult> {
  const document = documentOf(args);
  return named('ReadContentFromWordDocumentError', () => ({
    outputs: { WordData: textInBookmark(document.body, document.bookmark(args.text('Bookmark'))) },
  }));
}

// ── Writing ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** Where the variants of writing and inserting put things. */
const places = {
  StartOfDocument: (document: WordDocument) => [document.edge(true)],
  EndOfDocument: (document: WordDocument) => [document.edge(false)],
  StartOfBookmark: (document: WordDocument, args: ActionArguments) => [
    besideBookmark(document.body, document.bookmark(args.text('Bookmark')), true),
  ],
  EndOfBookmark: (document: WordDocument, args: ActionArguments) => [
    besideBookmark(document.body, document.bookmark(args.text('Bookmark')), false),
  ],
  StartOfText: (document: WordDocument, args: ActionArguments) =>
    besideText(document, args.text('TextToFind'), true),
  EndOfText: (document: WordDocument, args: ActionArguments) =>
    besideText(document, args.text('TextToFind'), false),
} satisfies Readonly<Record<string, (document: WordDocument, args: ActionArguments) => Place[]>>;

type Where = keyof typeof places;

/** In front of or behind every occurrence, in any letter case. */
function besideText(document: WordDocument, text: string, inFront: boolean): Place[] {
  const found = occurrences(document, plainPattern(text, false, false));
  // From the last to the first: a place that is cut out of a run moves what comes behind it.
  const result = found.reverse().map((one) => besideFound(one, inFront));
  if (result.length > 0) return result;
  throw new OfficeProblem(
    `The text "${text}" is not in ${document.name}.`,
    'Check the text; letter case does not matter.',
  );
}

const occurrences = (document: WordDocument, pattern: RegExp): Found[] =>
  paragraphsOf(document.body).flatMap((paragraph) => findIn(paragraph, pattern));

/** The new line stands in front of the text, as the documentation says. */
const writing = (where: Where): ActionDefinition => ({
  id: `Word.WriteToWord.Write${where}`,
  async run(args) {
    const code = 'WriteOperationOnWordDocumentInstanceError';
    const document = changeable(args);
    const text = (args.boolean('AppendNewLine') ? '\r\n' : '') + args.text('Text');
    requirePossible(text, code);
    await named(code, () => {
      for (const place of places[where](document, args)) insertText(place, text);
    });
    return {};
  },
});

function requirePossible(text: string, code: string): void {
  if (!impossibleCharacters.test(text)) return;
  throw new ActionError(
    code,
    'The text has control characters, which a document cannot hold.',
    'Remove them first, with "Replace text" and a regular expression.',
  );
}

const inserting = (id: string, where: Where): ActionDefinition => ({
  id: `Word.InsertImageToWord.${id}`,
  async run(args, { signal }) {
    const code = 'InsertImageError';
    const document = changeable(args);
    const file = pathOf(args, 'Path');
    const bytes = await attempt(code, 'read image file', file, signal, () => readFile(file, { signal }));
    await named(code, () => document.insertImage(bytes, file, places[where](document, args), signal));
    return {};
  },
});

/** Finding nothing is no error. */
const replacing = (variant: string, all: boolean, usesWildcards: boolean): ActionDefinition => ({
  id: `Word.FindAndReplaceWord.FindAndReplace${variant}`,
  async run(args) {
    const code = 'ReplaceTextInWordDocumentError';
    const document = changeable(args);
    const wanted = args.text('TextToFind');
    const replacement = args.text('TextToReplaceWith');
    requirePossible(replacement, code);
    await named(code, () => {
      const pattern = usesWildcards
        ? wildcardPattern(wanted)
        : plainPattern(wanted, args.boolean('MatchCase'), args.boolean('MatchEntireWord'));
      const textFor = replacementFor(replacement, usesWildcards);
      const found = occurrences(document, pattern);
      for (const one of all ? found.reverse() : found.slice(0, 1)) replaceFound(one, textFor(one));
    });
    return {};
  },
});

export const wordActions: readonly ActionDefinition[] = [
  {
    id: 'Word.LaunchWord.Launch',
    run: async (_, context) => ({
      outputs: { Instance: instanceOf(await WordDocument.blank(context.signal), context) },
    }),
  },
  { id: 'Word.LaunchWord.LaunchAndOpen', run: launchAndOpen },
  { id: 'Word.Attach', run: attach },
  {
    id: 'Word.SaveWord.Save',
    async run(args, context) {
      await save(args, context);
      return {};
    },
  },
  {
    id: 'Word.SaveWord.SaveAs',
    async run(args, context) {
      await saveAs(args, context);
      return {};
    },
  },
  closing('Close', async () => {}),
  closing('CloseAndSave', save),
  closing('CloseAndSaveAs', saveAs),
  {
    id: 'Word.ReadFromWord.Read',
    run: (args) => ({ outputs: { WordData: textOf(documentOf(args).body) } }),
  },
  { id: 'Word.ReadFromWord.ReadBookmark', run: readBookmark },
  ...(['StartOfDocument', 'EndOfDocument', 'StartOfBookmark', 'EndOfBookmark'] as const).map(writing),
  inserting('InsertImageDocumentStartFromFile', 'StartOfDocument'),
  inserting('InsertImageDocumentEndFromFile', 'EndOfDocument'),
  inserting('InsertImageBookmarkStartFromFile', 'StartOfBookmark'),
  inserting('InsertImageBookmarkEndFromFile', 'EndOfBookmark'),
  inserting('InsertImageStartOfTextFromFile', 'StartOfText'),
  inserting('InsertImageEndOfTextFromFile', 'EndOfText'),
  replacing('AllWildcards', true, true),
  replacing('AllWithoutWildcards', true, false),
  replacing('Single', false, false),
  replacing('SingleWildcards', false, true),
];

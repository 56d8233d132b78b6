// The OCR actions that read image files, with the Tesseract engine in a thread of its own. Actions that look at the screen, use the
// engine of Windows or an engine variable are not here. Nothing is ever downloaded.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
} from '../../action.ts';
import { orAborted } from '../abort.ts';
import { attempt, fileMissing, isFile, isFolder, pathOf } from '../fileSystem.ts';
import { everything, prepare, type Region } from './picture.ts';
import type { Answer, Task } from './thread.ts';

/** Language → file with its data. */
type Languages = Task['languages'];

/** Folder of this file; a bundle has none. */
const here: string | undefined = import.meta.dirname;
const packages = '../../../../node_modules';

/** What the engine needs lies beside the bundle; elsewhere in the packages. */
const parts =
  here === undefined
    ? {
        thread: join(__dirname, 'recognition.cjs'),
        engine: join(__dirname, 'lib/tesseract-core-simd-lstm.wasm'),
        english: join(__dirname, 'lib/eng.traineddata.gz'),
      }
    : {
        thread: join(here, 'thread.ts'),
        engine: join(here, packages, 'tesseract.js-core/tesseract-core-simd-lstm.wasm'),
        english: join(here, packages, '@tesseract.js-data/eng/4.0.0_best_int/eng.traineddata.gz'),
      };

function engineError(message: string, nextStep: string, cause?: unknown): ActionError {
  return new ActionError('CreateOCREngineError', message, nextStep, { cause });
}

function chosenLanguage(args: ActionArguments): Languages {
  const language = args.member('Language');
  if (language === 'English') return [['eng', parts.english]];
  throw engineError(
    `The data for ${language} is not part of this agent; it brings English only.`,
    'Choose "Use other language", and give the abbreviation of the language and the folder with its .traineddata file.',
  );
}

async function customLanguage(args: ActionArguments): Promise<Languages> {
  const folder = pathOf(args, 'LanguageDataPath');
  if (!(await isFolder(folder))) {
    throw new ActionError(
      'DataPathFolderNotFoundError',
      `The folder "${folder}" does not exist.`,
      'Give the folder that holds the .traineddata files of Tesseract.',
    );
  }
  const names = args.text('LanguageAbbreviation').trim();
  if (!/^\w+(\+\w+)*$/.test(names)) {
    throw engineError(
      `"${names}" is no abbreviation of a language.`,
      'Give one such as deu, or several as deu+eng.',
    );
  }
  return names.split('+').map((name) => {
    const file = join(folder, `${name}.traineddata`);
    const found = [file, `${file}.gz`].find((one) => existsSync(one));
    if (found !== undefined) return [name, found];
    throw engineError(
      `There is no file "${file}".`,
      'Check the abbreviation; the file must have its name and the ending .traineddata.',
    );
  });
}

/** Recognises the text of a picture in a thread, which ends with the run. */
async function inThread(image: Uint8Array, languages: Languages, signal: AbortSignal): Promise<Answer> {
  signal.throwIfAborted();
  const task: Task = { engine: parts.engine, languages, image };
  const thread = new Worker(parts.thread, { workerData: task });
  try {
    return await orAborted(
      new Promise<Answer>((resolve) => {
        thread.once('message', resolve);
        thread.once('error', ({ message }) => resolve({ stage: 'engine', message }));
        thread.once('exit', () => resolve({ stage: 'picture', message: 'the engine broke down' }));
      }),
      signal,
    );
  } finally {
    await thread.terminate();
  }
}

async function recognise(
  args: ActionArguments,
  { signal }: ActionContext,
  languagesOf: (args: ActionArguments) => Languages | Promise<Languages>,
  region: Region,
): Promise<string> {
  const code = 'ExtractTextWithOCRError';
  const file = pathOf(args, 'ImageFile');
  if (!(await isFile(file))) throw await fileMissing(file, 'ImageFileNotFoundError', 'an image file');
  const [across, down] = [
    multiplier(args, 'ImageWidthMultiplier'),
    multiplier(args, 'ImageHeightMultiplier'),
  ];
  const languages = await languagesOf(args);
  let image: Uint8Array = await attempt(code, 'read image file', file, signal, () =>
    readFile(file, { signal }),
  );
  if (image.length === 0) throw unreadable(file, 'it is empty');
  if (region !== everything || across !== 1 || down !== 1) {
    try {
      image = await prepare(image, region, across, down, signal);
    } catch (error) {
      throw signal.aborted ? error : unreadable(file, (error as Error).message, error);
    }
  }
  const answer = await inThread(image, languages, signal);
  if ('text' in answer) return answer.text.trimEnd().replace(/\r?\n/g, '\r\n');
  if (answer.stage === 'picture') throw unreadable(file, answer.message);
  throw engineError(
    `The language data in "${languages.map(([, path]) => path).join('", "')}" cannot be used: ${plain(answer.message)}.`,
    'Use data for Tesseract 4 or newer, and check whether the file is complete.',
  );
}

const plain = (message: string): string =>
  message.charAt(0).toLowerCase() + message.slice(1).replace(/\.$/, '');

function unreadable(file: string, what: string, cause?: unknown): ActionError {
  return new ActionError(
    'ExtractTextWithOCRError',
    `The text of "${file}" cannot be read: ${plain(what)}.`,
    'Open the image in another program to see whether it is complete, and save it as PNG.',
    { cause },
  );
}

function multiplier(args: ActionArguments, name: string): number {
  const value = args.integer(name);
  if (value >= 1 && value <= 10) return value;
  throw new ActionError(
    'ExtractTextWithOCRError',
    `A picture cannot be enlarged ${value} times.`,
    'Give a multiplier from 1 to 10; more than 3 seldom helps.',
  );
}

/** Edges that are not given are those of the picture. */
function regionOf(args: ActionArguments): Region {
  const edge = (name: string) => (args.has(name) ? args.integer(name) : undefined);
  return { left: edge('X1') ?? 0, top: edge('Y1') ?? 0, right: edge('X2'), bottom: edge('Y2') };
}

const engines = [
  ['Tesseract', chosenLanguage],
  ['CustomTesseract', customLanguage],
] as const;

export const ocrActions: readonly ActionDefinition[] = engines.flatMap(([engine, languagesOf]) => [
  {
    id: `OCR.ExtractTextWithOCR.ExtractTextFromFileWith${engine}`,
    run: async (args, context) => ({
      outputs: { OcrText: await recognise(args, context, languagesOf, everything) },
    }),
  },
  {
    id: `OCR.ExtractTextWithOCR.ExtractTextFromRegionOfFileWith${engine}`,
    run: async (args, context) => ({
      outputs: { OcrText: await recognise(args, context, languagesOf, regionOf(args)) },
    }),
  },
]);

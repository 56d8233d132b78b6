// The engines that read text: Tesseract in a thread of its own, and that of Windows. Which one an action means is in its id. Nothing is
// ever downloaded.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Bitmap, Rectangle } from '../../../desktop/desktop.ts';
import { type ActionArguments, ActionError } from '../../action.ts';
import { InstanceValue } from '../../values.ts';
import { orAborted } from '../abort.ts';
import { isFolder, pathOf } from '../fileSystem.ts';
import { png } from '../pdf/images.ts';
import { instanceArgument } from '../typed.ts';
import { scaled } from './picture.ts';
import type { Answer, Task } from './thread.ts';
import { readWithWindows } from './windowsEngine.ts';
import { wordsOf } from './words.ts';

/** A word that was read: its text, where it stands in the picture (pixels), and the line it belongs to. */
export interface Word {
  readonly text: string;
  readonly place: Rectangle;
  readonly line: string;
}

/** What was read. `text`: lines end with `\n`. */
export interface Reading {
  readonly text: string;
  readonly words: readonly Word[];
}

/** Why a picture gave no text: the engine with its languages, or the picture. The message is in plain words without a full stop. */
export class ReadingError extends Error {
  override readonly name = 'ReadingError';
}

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

export function engineError(message: string, nextStep: string, cause?: unknown): ActionError {
  return new ActionError('CreateOCREngineError', message, nextStep, { cause });
}

function chosenLanguage(args: ActionArguments): Languages {
  const language = args.has('Language') ? args.member('Language') : 'English';
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

/** Throws ReadingError for the picture, and ActionError `CreateOCREngineError` for the engine. */
async function readWithTesseract(
  image: Uint8Array,
  languages: Languages,
  signal: AbortSignal,
): Promise<Reading> {
  const answer = await inThread(image, languages, signal);
  if ('text' in answer) return { text: answer.text, words: wordsOf(answer.table) };
  if (answer.stage === 'picture') throw new ReadingError(plain(answer.message));
  throw engineError(
    `The language data in "${languages.map(([, path]) => path).join('", "')}" cannot be used: ${plain(answer.message)}.`,
    'Use data for Tesseract 4 or newer, and check whether the file is complete.',
  );
}

export const plain = (message: string): string =>
  message.charAt(0).toLowerCase() + message.slice(1).replace(/\.$/, '');

// ── Engines as actions name them ────────────────────────────────────────────────────────────────────────────────

/** An engine with everything an action says about it. */
export class OcrEngine {
  readonly #read: (image: Uint8Array, signal: AbortSignal) => Promise<Reading>;
  /** How much larger the picture is made before: across and down. */
  readonly across: number;
  readonly down: number;

  constructor(
    read: (image: Uint8Array, signal: AbortSignal) => Promise<Reading>,
    across: number,
    down: number,
  ) {
    this.#read = read;
    this.across = across;
    this.down = down;
  }

  /** Of a file that is as large as it should be. Throws ReadingError, and ActionErrors for the engine itself. */
  async readFile(image: Uint8Array, signal: AbortSignal): Promise<Reading> {
    return await this.#read(image, signal);
  }

  /** Places are those of `picture`. Throws as `readFile`. */
  async readPicture(picture: Bitmap, signal: AbortSignal): Promise<Reading> {
    const { across, down } = this;
    const image = png(scaled({ ...picture, channels: 4 }, across, down));
    const { text, words } = await this.#read(image, signal);
    return {
      text,
      words: words.map(({ place: { x, y, width, height }, ...word }) => ({
        ...word,
        place: {
          x: Math.floor(x / across),
          y: Math.floor(y / down),
          width: Math.ceil(width / across),
          height: Math.ceil(height / down),
        },
      })),
    };
  }
}

/** Which engine the id of an action means; `variable`: one that the flow made before. */
export type EngineKind = 'variable' | 'tesseract' | 'customTesseract' | 'windows';

/** The engine of an action. Throws the documented errors of its arguments; `code` for a picture that would be too large. */
export async function engineOf(kind: EngineKind, args: ActionArguments, code: string): Promise<OcrEngine> {
  if (kind === 'variable') return instanceArgument(args, 'OCREngine', OcrEngine, 'an OCR engine');
  const [across, down] = [
    multiplier(args, 'ImageWidthMultiplier', code),
    multiplier(args, 'ImageHeightMultiplier', code),
  ];
  if (kind === 'windows') {
    const language = args.has('WindowsOcrLanguage') ? args.member('WindowsOcrLanguage') : 'English';
    return new OcrEngine((image, signal) => readWithWindows(image, language, signal), across, down);
  }
  const languages = kind === 'tesseract' ? chosenLanguage(args) : await customLanguage(args);
  return new OcrEngine((image, signal) => readWithTesseract(image, languages, signal), across, down);
}

/** An engine as a value of the flow. */
export const engineValue = (engine: OcrEngine): InstanceValue => new InstanceValue('OCR engine', engine);

function multiplier(args: ActionArguments, name: string, code: string): number {
  const value = args.has(name) ? args.integer(name) : 1;
  if (value >= 1 && value <= 10) return value;
  throw new ActionError(
    code,
    `A picture cannot be enlarged ${value} times.`,
    'Give a multiplier from 1 to 10; more than 3 seldom helps.',
  );
}

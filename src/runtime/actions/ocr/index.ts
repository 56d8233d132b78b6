// The OCR actions: text of image files, of the screen and of the window in front, and conditions on it. The older Microsoft engine (MODI)
// has not been part of Windows for long and is left out.
import { readFile } from 'node:fs/promises';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../../action.ts';
import { onWindowsOnly } from '../desktop.ts';
import { attempt, fileMissing, isFile, pathOf } from '../fileSystem.ts';
import { comparisonOf, edgesOf, imagesOf } from '../image/onScreen.ts';
import { cutOut, findPicture } from '../image/search.ts';
import { type EngineKind, engineOf, engineValue, type OcrEngine, plain, ReadingError } from './engine.ts';
import { bitmapOf, everything, prepare, type Region } from './picture.ts';
import { screenActions } from './screen.ts';

const code = 'ExtractTextWithOCRError';

/** Where in the file the text stands. */
type Part = 'all' | 'region' | 'relativeToImage';

async function extractFromFile(
  args: ActionArguments,
  context: ActionContext,
  kind: EngineKind,
  part: Part,
): Promise<ActionResult> {
  const { signal } = context;
  const file = pathOf(args, 'ImageFile');
  if (!(await isFile(file))) throw await fileMissing(file, 'ImageFileNotFoundError', 'an image file');
  const engine = await engineOf(kind, args, code);
  const image: Uint8Array = await attempt(code, 'read image file', file, signal, () =>
    readFile(file, { signal }),
  );
  if (image.length === 0) throw unreadable(file, 'it is empty');
  try {
    const { text } =
      part === 'relativeToImage'
        ? await readBeside(image, args, context, engine)
        : await readPart(image, part === 'region' ? regionOf(args) : everything, engine, signal);
    return { outputs: { OcrText: text.trimEnd().replace(/\r?\n/g, '\r\n') } };
  } catch (error) {
    if (signal.aborted || error instanceof ActionError) throw error;
    throw unreadable(file, (error as Error).message, error);
  }
}

async function readPart(image: Uint8Array, region: Region, engine: OcrEngine, signal: AbortSignal) {
  const isAsItIs = region === everything && engine.across === 1 && engine.down === 1;
  const picture = isAsItIs ? image : await prepare(image, region, engine.across, engine.down, signal);
  return await engine.readFile(picture, signal);
}

/** The area beside an image that is looked for in the file. */
async function readBeside(
  image: Uint8Array,
  args: ActionArguments,
  context: ActionContext,
  engine: OcrEngine,
) {
  const picture = await bitmapOf(image, context.signal);
  for (const { bitmap } of imagesOf(args, context, code)) {
    const [found] = await findPicture(picture, bitmap, comparisonOf(args), 1, context.signal);
    if (found === undefined) continue;
    const { left = 0, top = 0, right = found.width, bottom = found.height } = edgesOf(args);
    const x = Math.max(0, found.x + left);
    const y = Math.max(0, found.y + top);
    const width = Math.min(picture.width, found.x + right) - x;
    const height = Math.min(picture.height, found.y + bottom) - y;
    if (width <= 0 || height <= 0) throw new ReadingError('the area beside the image is outside of it');
    return await engine.readPicture(cutOut(picture, { x, y, width, height }), context.signal);
  }
  throw new ActionError(
    'LandmarkImageNotFoundError',
    'The image that shows where the text stands is not in the file.',
    'Raise the tolerance, or capture the image from such a file.',
  );
}

function unreadable(file: string, what: string, cause?: unknown): ActionError {
  return new ActionError(
    code,
    `The text of "${file}" cannot be read: ${plain(what)}.`,
    'Open the image in another program to see whether it is complete, and save it as PNG.',
    { cause },
  );
}

/** Edges that are not given are those of the picture. */
function regionOf(args: ActionArguments): Region {
  const { left = 0, top = 0, right, bottom } = edgesOf(args);
  return { left, top, right, bottom };
}

const engines: readonly (readonly [end: string, kind: EngineKind])[] = [
  ['', 'variable'],
  ['WithTesseract', 'tesseract'],
  ['WithCustomTesseract', 'customTesseract'],
];
const parts: readonly (readonly [id: string, part: Part])[] = [
  ['ExtractTextFromFile', 'all'],
  ['ExtractTextFromRegionOfFile', 'region'],
  ['ExtractTextFromFileRelativeToImage', 'relativeToImage'],
];

const fileActions = (end: string, kind: EngineKind): ActionDefinition[] =>
  parts.map(([id, part]) => ({
    id: `OCR.ExtractTextWithOCR.${id}${end}`,
    run: (args, context) => extractFromFile(args, context, kind, part),
  }));

/** The engine as a variable; the catalog does not know the name of the output, so it has both that designers were seen to use. */
const creating = (variant: string, kind: EngineKind): ActionDefinition => ({
  id: `OCR.CreateTesseractEngine.${variant}`,
  run: async (args) => {
    const engine = engineValue(await engineOf(kind, args, 'CreateOCREngineError'));
    return { outputs: { OCREngine: engine, TesseractEngine: engine } };
  },
});

export const ocrActions: readonly ActionDefinition[] = [
  creating('CreateTesseractEngine', 'tesseract'),
  creating('CreateCustomTesseractEngine', 'customTesseract'),
  ...engines.flatMap(([end, kind]) => fileActions(end, kind)),
  ...onWindowsOnly([...fileActions('WithWindowsOcr', 'windows'), ...screenActions]),
];

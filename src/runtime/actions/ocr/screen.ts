// Text on the screen and in the window in front: reading it, and conditions on where it stands.
import type { Bitmap, Desktop, Rectangle } from '../../../desktop/desktop.ts';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
} from '../../action.ts';
import { eventually, type Failures, onDesktop } from '../desktop.ts';
import {
  type Area,
  type AreaFailures,
  comparisonOf,
  edgesOf,
  imagesOf,
  occurrences,
  placeOf,
  sourceOf,
} from '../image/onScreen.ts';
import { cutOut, movedBy } from '../image/search.ts';
import { pattern } from '../pattern.ts';
import { type EngineKind, engineOf, type OcrEngine, type Reading, ReadingError } from './engine.ts';
import { findText } from './words.ts';

/** The part of the screen that is read: as an `Area`, or beside an image that is looked for in it. */
export type ReadArea = Area & { readonly isRelativeToImage: boolean };

export interface ReadFailures extends Failures, AreaFailures {
  /** The image beside which the text stands cannot be seen. */
  readonly noImage?: string;
}

interface Section {
  readonly place: Rectangle;
  readonly bitmap: Bitmap;
}

/** The picture of the area as it is now; undefined when the image beside which it lies cannot be seen. */
async function sectionOf(
  area: ReadArea,
  args: ActionArguments,
  context: ActionContext,
  desktop: Desktop,
  failures: ReadFailures,
): Promise<Section | undefined> {
  const { signal } = context;
  if (!area.isRelativeToImage) {
    const place = await placeOf(area, desktop, context, failures);
    return { place, bitmap: await desktop.capture(place, signal) };
  }
  const images = imagesOf(args, context, failures.code);
  const whole = await placeOf({ of: area.of, edges: undefined }, desktop, context, failures);
  const screen = await desktop.capture(whole, signal);
  for (const image of images) {
    const [found] = await occurrences(image, screen, { x: 0, y: 0 }, comparisonOf(args), 1, signal);
    if (found === undefined) continue;
    const { left = 0, top = 0, right = found.width, bottom = found.height } = area.edges ?? {};
    const x = Math.max(0, found.x + left);
    const y = Math.max(0, found.y + top);
    const width = Math.min(whole.width, found.x + right) - x;
    const height = Math.min(whole.height, found.y + bottom) - y;
    if (width > 0 && height > 0) {
      const inside = { x, y, width, height };
      return { place: movedBy(inside, whole), bitmap: cutOut(screen, inside) };
    }
    throw new ActionError(
      failures.invalidArea ?? failures.code,
      'The area beside the image has nothing of the screen in it.',
      'Give upper left and lower right corner relative to the upper left corner of the image.',
    );
  }
  return undefined;
}

function imageMissing(failures: ReadFailures): ActionError {
  return new ActionError(
    failures.noImage ?? failures.code,
    'The image that shows where the text stands was not found.',
    'See what the screen shows at this point, raise the tolerance, or capture the image anew.',
  );
}

async function reading(
  engine: OcrEngine,
  { bitmap }: Section,
  code: string,
  signal: AbortSignal,
): Promise<Reading> {
  try {
    return await engine.readPicture(bitmap, signal);
  } catch (error) {
    if (!(error instanceof ReadingError)) throw error;
    throw new ActionError(
      code,
      `The text on the screen cannot be read: ${error.message}.`,
      'Try a smaller part of the screen.',
      { cause: error },
    );
  }
}

/** The text an action looks for. Throws `InvalidRegularExpressionError`. */
export function wantedText(args: ActionArguments): Parameters<typeof findText>[1] {
  const text = args.text('TextToFind');
  return args.has('IsRegEx') && args.boolean('IsRegEx') ? pattern(text, false) : text;
}

/** Where the text stands on the screen now; none when the image beside which it is looked for cannot be seen. */
export async function findOnScreen(
  area: ReadArea,
  args: ActionArguments,
  context: ActionContext,
  desktop: Desktop,
  engine: OcrEngine,
  failures: ReadFailures,
): Promise<Rectangle[]> {
  const section = await sectionOf(area, args, context, desktop, failures);
  if (section === undefined) return [];
  const { words } = await reading(engine, section, failures.code, context.signal);
  return findText(words, wantedText(args)).map((place) => movedBy(place, section.place));
}

/** Ends of ids for the engines. */
const engines: readonly (readonly [end: string, kind: EngineKind])[] = [
  ['', 'variable'],
  ['WithTesseract', 'tesseract'],
  ['WithCustomTesseract', 'customTesseract'],
  ['WithWindowsOcr', 'windows'],
];

// ── Extract text ────────────────────────────────────────────────────────────────────────────────────────────────

const extractFailures: ReadFailures = {
  code: 'ExtractTextWithOCRError',
  noScreen: 'GetTextFromScreenInNonInteractiveModeError',
  noImage: 'LandmarkImageNotFoundError',
};

/** Middle parts of ids, and what they read; `waits`: first for the image. */
const sources: readonly (readonly [
  id: string,
  of: Area['of'],
  part: 'all' | 'region' | 'image',
  waits: boolean,
])[] = [
  ['ExtractTextFromScreen', 'screen', 'all', false],
  ['ExtractTextFromForegroundWindow', 'foreground', 'all', false],
  ['ExtractTextFromRegionOfScreen', 'screen', 'region', false],
  ['ExtractTextFromRegionOfForegroundWindow', 'foreground', 'region', false],
  ['ExtractTextFromScreenRelativeToImage', 'screen', 'image', false],
  ['ExtractTextFromForegroundWindowRelativeToImage', 'foreground', 'image', false],
  ['WaitAndExtractTextFromScreenRelativeToImage', 'screen', 'image', true],
  ['WaitAndExtractTextFromForegroundWindowRelativeToImage', 'foreground', 'image', true],
];

/** So long (seconds) an action that waits for its image does so, when the flow does not say how long. */
const imageSeconds = 5;

const extracting: readonly ActionDefinition[] = sources.flatMap(([id, of, part, waits]) =>
  engines.map(([end, kind]) => ({
    id: `OCR.ExtractTextWithOCR.${id}${end}`,
    run: async (args, context) => {
      const engine = await engineOf(kind, args, extractFailures.code);
      const area: ReadArea = {
        of,
        edges: part === 'all' ? undefined : edgesOf(args),
        isRelativeToImage: part === 'image',
      };
      const seconds = !waits ? 0 : args.has('Timeout') ? Math.max(0, args.number('Timeout')) : imageSeconds;
      const { text } = await onDesktop(
        context,
        extractFailures,
        'The screen cannot be read',
        async (desktop) => {
          const section = await eventually(context, seconds, () =>
            sectionOf(area, args, context, desktop, extractFailures),
          );
          if (section === undefined) throw imageMissing(extractFailures);
          return await reading(engine, section, extractFailures.code, context.signal);
        },
      );
      return { outputs: { OcrText: text.trimEnd().replace(/\r?\n/g, '\r\n') } };
    },
  })),
);

// ── Conditions ──────────────────────────────────────────────────────────────────────────────────────────────────

const conditionFailures: ReadFailures = {
  code: 'AnalyzeTextWithOCRError',
  noScreen: 'CheckIfTextExistsInNonInteractiveModeError',
  invalidArea: 'InvalidSubregionCoordinatesError',
};

/** Middle parts of ids, and whether they look at a part. */
const regions: readonly (readonly [id: string, part: 'all' | 'region' | 'image'])[] = [
  ['TextOnScreen', 'all'],
  ['TextOnSubregionOfScreen', 'region'],
  ['TextOnSubregionRelativeToImageOnScreen', 'image'],
];

/** Base of the id, what follows the middle part, and whether the text is to be there. */
const questions = [
  ['IfTextOnScreen', 'Exists', true],
  ['IfTextOnScreen', 'DoesNotExist', false],
  ['WaitForTextOnScreen', 'ToAppear', true],
  ['WaitForTextOnScreen', 'ToDisappear', false],
] as const;

/** The area of an action that names what it searches by an argument. */
export const searchedArea = (args: ActionArguments, part: 'all' | 'region' | 'image'): ReadArea => ({
  of: sourceOf(args, 'SearchForTextOn'),
  edges: part === 'all' ? undefined : edgesOf(args),
  isRelativeToImage: part === 'image',
});

const conditions: readonly ActionDefinition[] = questions.flatMap(([base, what, isWanted]) =>
  regions.flatMap(([middle, part]) =>
    engines.map(
      ([end, kind]): ActionDefinition => ({
        id: `OCR.${base}.${middle}${what}${end}`,
        run: async (args, context) => {
          const engine = await engineOf(kind, args, conditionFailures.code);
          const area = searchedArea(args, part);
          const [found] = await onDesktop(
            context,
            conditionFailures,
            'The screen cannot be read',
            (desktop) => findOnScreen(area, args, context, desktop, engine, conditionFailures),
          );
          return {
            condition: (found !== undefined) === isWanted,
            ...(found !== undefined && { outputs: { TextLocationX: found.x, TextLocationY: found.y } }),
          };
        },
      }),
    ),
  ),
);

export const screenActions: readonly ActionDefinition[] = [...extracting, ...conditions];

// Moving the mouse to what can be seen on the screen: an image, or a text that is read there.
import type { Desktop, Rectangle } from '../../../desktop/desktop.ts';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../../action.ts';
import { clickHere, delay, eventually, movementMs, onDesktop, placeIn } from '../desktop.ts';
import { comparisonOf, edgesOf, imagesOf, occurrences, placeOf, sourceOf } from '../image/onScreen.ts';
import { type EngineKind, engineOf } from '../ocr/engine.ts';
import { findOnScreen, type ReadFailures, searchedArea } from '../ocr/screen.ts';

const failures: ReadFailures = {
  code: 'MoveMouseError',
  noScreen: 'MoveMouseInNonInteractiveModeError',
  invalidArea: 'InvalidSubregionCoordinatesError',
};

/** Arguments that some variants do not have. */
const optional = (args: ActionArguments, name: string, otherwise: number): number =>
  args.has(name) ? args.number(name) : otherwise;
const named = (args: ActionArguments, name: string, otherwise: string): string =>
  args.has(name) ? args.member(name) : otherwise;

/** The one of what was found that is meant, counted from 1. Throws InvalidArgument. */
function occurrenceOf(args: ActionArguments): number {
  const value = args.has('Occurence') ? args.integer('Occurence') : 1;
  if (value >= 1) return value;
  throw new ActionError('InvalidArgument', `There is no occurrence ${value}.`, 'The first one is 1.');
}

/** Moves the mouse to the place, and clicks there when the action says so. */
async function goThere(
  args: ActionArguments,
  context: ActionContext,
  desktop: Desktop,
  place: Rectangle,
  names: { readonly position: string; readonly wait: string },
  clicks: boolean,
): Promise<void> {
  const offset = { x: optional(args, 'OffsetX', 0), y: optional(args, 'OffsetY', 0) };
  const to = placeIn(place, named(args, names.position, 'MiddleCenter'), offset);
  const ms = movementMs[named(args, 'MovementStyle', 'Instant')] ?? 0;
  await desktop.moveMouse(to, ms, context.signal);
  if (!clicks) return;
  const seconds = optional(args, names.wait, 0);
  if (seconds > 0) await delay(context, seconds * 1000);
  await clickHere(desktop, named(args, 'ClickType', 'LeftClick'), context);
}

// ── Images ──────────────────────────────────────────────────────────────────────────────────────────────────────

async function toImage(
  args: ActionArguments,
  context: ActionContext,
  isPart: boolean,
  clicks: boolean,
): Promise<ActionResult> {
  const { signal } = context;
  const wanted = occurrenceOf(args);
  const images = imagesOf(args, context, failures.code);
  const comparison = comparisonOf(args);
  const area = {
    of: sourceOf(args, 'SearchForImageOn'),
    edges: isPart ? edgesOf(args) : undefined,
  } as const;
  const seconds = Math.max(0, optional(args, 'Timeout', 0));
  const place = await onDesktop(
    context,
    failures,
    'The mouse cannot be moved to the image',
    async (desktop) => {
      let seen = 0;
      const found = await eventually(context, seconds, async () => {
        const searched = await placeOf(area, desktop, context, failures);
        const screen = await desktop.capture(searched, signal);
        for (const image of images) {
          const places = await occurrences(image, screen, searched, comparison, wanted, signal);
          if (places.length >= wanted) return places[wanted - 1];
          seen = Math.max(seen, places.length);
        }
        return undefined;
      });
      if (found === undefined)
        throw imageMissing(
          images.map(({ name }) => name),
          seen,
          wanted,
          seconds,
        );
      await goThere(
        args,
        context,
        desktop,
        found,
        { position: 'MousePositionOnImage', wait: 'SecondsBeforeClick' },
        clicks,
      );
      return found;
    },
  );
  return { outputs: { X: place.x, Y: place.y } };
}

function imageMissing(names: readonly string[], seen: number, wanted: number, seconds: number): ActionError {
  const what = names.map((name) => `"${name}"`).join(', ');
  const next =
    'See what the screen shows at this point; raise the tolerance, or capture the image anew on this screen.';
  return seen === 0
    ? new ActionError(
        'ImageNotFoundOnScreenError',
        `The image ${what} was not found within ${seconds} seconds.`,
        next,
      )
    : new ActionError(
        'NotEnoughImageOccurrencesFoundOnScreenError',
        `The image ${what} was found ${seen} times; the action wants number ${wanted}.`,
        next,
      );
}

const imageActions: readonly ActionDefinition[] = (
  [
    ['MoveMouseToImage', false],
    ['ClickImage', true],
  ] as const
).flatMap(([id, clicks]) =>
  ([false, true] as const).map((isPart) => ({
    id: `MouseAndKeyboard.MoveMouseToImage.${id}${isPart ? 'OfSubregion' : ''}`,
    run: (args: ActionArguments, context: ActionContext) => toImage(args, context, isPart, clicks),
  })),
);

// ── Text ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** So long (seconds) an action that waits for its text does so, when the flow does not say how long. */
const textSeconds = 5;

async function toText(
  args: ActionArguments,
  context: ActionContext,
  kind: EngineKind,
  part: 'all' | 'region' | 'image',
  { clicks, waits }: { readonly clicks: boolean; readonly waits: boolean },
): Promise<ActionResult> {
  const wanted = occurrenceOf(args);
  const engine = await engineOf(kind, args, failures.code);
  const area = searchedArea(args, part);
  const seconds = waits ? Math.max(0, optional(args, 'Timeout', textSeconds)) : 0;
  const place = await onDesktop(
    context,
    failures,
    'The mouse cannot be moved to the text',
    async (desktop) => {
      const found = await eventually(
        context,
        seconds,
        async () => (await findOnScreen(area, args, context, desktop, engine, failures))[wanted - 1],
      );
      if (found === undefined) {
        throw new ActionError(
          'TextNotFoundOnScreenError',
          `The text was not found ${wanted === 1 ? '' : `${wanted} times `}on the screen${waits ? ` within ${seconds} seconds` : ''}.`,
          'See what the screen shows at this point; a larger picture (multipliers) may be read better.',
        );
      }
      await goThere(
        args,
        context,
        desktop,
        found,
        { position: 'PositionRelativeToText', wait: 'SecondsBeforeClicking' },
        clicks,
      );
      return found;
    },
  );
  return { outputs: { X: place.x, Y: place.y, Width: place.width, Height: place.height } };
}

const verbs = [
  ['MoveMouseToText', { clicks: false, waits: false }],
  ['ClickText', { clicks: true, waits: false }],
  ['WaitForTextToAppearAndMoveMouseToText', { clicks: false, waits: true }],
  ['WaitForTextToAppearAndClickText', { clicks: true, waits: true }],
] as const;
const regions = [
  ['OnScreen', 'all'],
  ['OnSubregionOfScreen', 'region'],
  ['OnSubregionRelativeToImageOfScreen', 'image'],
] as const;
const engines = [
  ['WithOCR', 'variable'],
  ['WithTesseractOCR', 'tesseract'],
  ['WithCustomTesseractOCR', 'customTesseract'],
  ['WithWindowsOcr', 'windows'],
] as const;

const textActions: readonly ActionDefinition[] = verbs.flatMap(([verb, how]) =>
  regions.flatMap(([where, part]) =>
    engines.map(
      ([end, kind]): ActionDefinition => ({
        id: `MouseAndKeyboard.MoveMouseToTextOnScreenWithOCR.${verb}${where}${end}`,
        run: (args, context) => toText(args, context, kind, part, how),
      }),
    ),
  ),
);

export const onScreenActions: readonly ActionDefinition[] = [...imageActions, ...textActions];

// Pictures on the screen, as the arguments of actions ask for them: which part of the screen is meant, which images, and where they are.
import type { Bitmap, Desktop, Point, Rectangle } from '../../../desktop/desktop.ts';
import { decodePng } from '../../../desktop/png.ts';
import { type ActionArguments, type ActionContext, ActionError } from '../../action.ts';
import { describe, toText } from '../../convert.ts';
import { EnumValue, RepositoryValue, type Value } from '../../values.ts';
import { foregroundWindow } from '../desktop.ts';
import { type Comparison, findPicture, movedBy } from './search.ts';

// ── Where ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Part of the screen that an action looks at. */
export interface Area {
  readonly of: 'screen' | 'foreground';
  /** Relative to the screen or the window; undefined edges are those of it. The second ones are the first outside. */
  readonly edges:
    | {
        readonly left: number | undefined;
        readonly top: number | undefined;
        readonly right: number | undefined;
        readonly bottom: number | undefined;
      }
    | undefined;
}

/** The edges in the arguments X1, Y1, X2, Y2. */
export function edgesOf(args: ActionArguments): NonNullable<Area['edges']> {
  const edge = (name: string) => (args.has(name) ? args.integer(name) : undefined);
  return { left: edge('X1'), top: edge('Y1'), right: edge('X2'), bottom: edge('Y2') };
}

/** The area by a member of a `SearchTarget`; the whole screen when the argument is missing. */
export const sourceOf = (args: ActionArguments, name: string): Area['of'] =>
  /foreground/i.test(args.has(name) ? memberText(args.value(name)) : '') ? 'foreground' : 'screen';

const memberText = (value: Value): string => (value instanceof EnumValue ? value.member : toText(value));

/** Error names of what can be wrong with an area. */
export interface AreaFailures {
  readonly code: string;
  readonly invalidArea?: string;
}

/** The place of the area on the screen as it is now. Throws `invalidArea` (`code`) when there is nothing in it. */
export async function placeOf(
  area: Area,
  desktop: Desktop,
  { signal }: ActionContext,
  failures: AreaFailures,
): Promise<Rectangle> {
  const whole = await wholeOf(area.of, desktop, signal, failures);
  if (area.edges === undefined) return whole;
  const { left = 0, top = 0, right = whole.width, bottom = whole.height } = area.edges;
  if (left < 0 || top < 0 || left >= right || top >= bottom || right > whole.width || bottom > whole.height) {
    throw new ActionError(
      failures.invalidArea ?? failures.code,
      `The area from ${left}, ${top} to ${right}, ${bottom} is not inside of the ${whole.width} × ${whole.height} pixels that are searched.`,
      'Give upper left and lower right corner relative to what is searched: the screen or the window in front.',
    );
  }
  return movedBy({ x: left, y: top, width: right - left, height: bottom - top }, whole);
}

async function wholeOf(
  of: Area['of'],
  desktop: Desktop,
  signal: AbortSignal,
  { code }: AreaFailures,
): Promise<Rectangle> {
  const screen = surrounding((await desktop.screens(signal)).map(({ rectangle }) => rectangle));
  if (of === 'screen') return screen;
  const window = await foregroundWindow(desktop, signal);
  const seen = window === undefined ? undefined : common(window.rectangle, screen);
  if (seen !== undefined) return seen;
  throw new ActionError(
    code,
    window === undefined ? 'No window is in front.' : 'The window in front is outside of the screen.',
    'Focus the window before, or search the entire screen.',
  );
}

function surrounding(rectangles: readonly Rectangle[]): Rectangle {
  const x = Math.min(...rectangles.map((one) => one.x));
  const y = Math.min(...rectangles.map((one) => one.y));
  const right = Math.max(...rectangles.map((one) => one.x + one.width));
  const bottom = Math.max(...rectangles.map((one) => one.y + one.height));
  return { x, y, width: right - x, height: bottom - y };
}

/** What two rectangles have in common; undefined for nothing. */
function common(a: Rectangle, b: Rectangle): Rectangle | undefined {
  const [x, y] = [Math.max(a.x, b.x), Math.max(a.y, b.y)];
  const width = Math.min(a.x + a.width, b.x + b.width) - x;
  const height = Math.min(a.y + a.height, b.y + b.height) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : undefined;
}

// ── Which images ────────────────────────────────────────────────────────────────────────────────────────────────

export interface WantedImage {
  readonly name: string;
  readonly bitmap: Bitmap;
}

/** The images of the argument `Images`. Throws `InvalidArgument`, and `code` for one that the flow does not have or that is damaged. */
export function imagesOf(args: ActionArguments, context: ActionContext, code: string): WantedImage[] {
  const value = args.value('Images');
  const given = Array.isArray(value) ? value : [value];
  if (given.length === 0) {
    throw new ActionError(code, 'There is no image to look for.', 'Choose at least one image.');
  }
  return given.map((one) => {
    if (!(one instanceof RepositoryValue) || one.typeName !== 'Image') {
      throw new ActionError(
        'InvalidArgument',
        `${describe(one)} cannot be used for the argument "Images", which expects captured images.`,
        'Choose images of the flow.',
      );
    }
    const name = one.path.join(' > ');
    const file = context.repositories.image(name);
    if (file === undefined) {
      throw new ActionError(
        code,
        `There is no image "${name}" beside this flow.`,
        'Put the file imageRepo.imgrepo of the flow in its folder.',
      );
    }
    try {
      return { name, bitmap: decodePng(file) };
    } catch (error) {
      throw new ActionError(
        code,
        `The image "${name}" cannot be read: ${(error as Error).message}.`,
        'Capture the image anew.',
        { cause: error },
      );
    }
  });
}

/** Tolerance and algorithm of the arguments. Every algorithm but the first of the designer is the advanced one. */
export function comparisonOf(args: ActionArguments): Comparison {
  const algorithm = args.has('SearchAlgorithm') ? memberText(args.value('SearchAlgorithm')) : 'Legacy';
  return {
    tolerance: args.has('Tolerance') ? args.number('Tolerance') : 10,
    algorithm: /^(legacy|basic)$/i.test(algorithm) ? 'basic' : 'advanced',
  };
}

/** The places of a picture in the area, on the screen. */
export async function occurrences(
  wanted: WantedImage,
  screen: Bitmap,
  origin: Point,
  comparison: Comparison,
  most: number,
  signal: AbortSignal,
): Promise<Rectangle[]> {
  const found = await findPicture(screen, wanted.bitmap, comparison, most, signal);
  return found.map((place) => movedBy(place, origin));
}

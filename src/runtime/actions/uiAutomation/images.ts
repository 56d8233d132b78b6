// If image and Wait for image: whether images can be seen on the screen or in the window in front.
import type { Rectangle } from '../../../desktop/desktop.ts';
import type { ActionArguments, ActionContext, ActionDefinition, ActionResult } from '../../action.ts';
import { type Failures, onDesktop } from '../desktop.ts';
import {
  type Area,
  type AreaFailures,
  comparisonOf,
  edgesOf,
  imagesOf,
  occurrences,
  placeOf,
} from '../image/onScreen.ts';

/** Where one image was found that shows that they are there: any of them, or the last of all when the flow wants all. */
async function look(
  args: ActionArguments,
  context: ActionContext,
  of: Area['of'],
  isPart: boolean,
  failures: Failures & AreaFailures,
): Promise<Rectangle | undefined> {
  const { signal } = context;
  const images = imagesOf(args, context, failures.code);
  const comparison = comparisonOf(args);
  const wantsAll = args.has('FindAllImages') && args.boolean('FindAllImages');
  return await onDesktop(context, failures, 'The screen cannot be searched', async (desktop) => {
    const area: Area = { of, edges: isPart ? edgesOf(args) : undefined };
    const place = await placeOf(area, desktop, context, failures);
    const screen = await desktop.capture(place, signal);
    let seen: Rectangle | undefined;
    for (const image of images) {
      const [found] = await occurrences(image, screen, place, comparison, 1, signal);
      if (found === undefined && wantsAll) return undefined;
      if (found !== undefined && !wantsAll) return found;
      seen = found ?? seen;
    }
    return seen;
  });
}

/** Ends of the ids of If and of Wait, and where they look. */
const places = [
  ['OnScreen', 'OnScreen', 'FromScreen', 'screen', false],
  ['OnForeground', 'OnForegroundWindow', 'FromForegroundWindow', 'foreground', false],
  ['OnSubregionOfScreen', 'OnSubregionOfScreen', 'FromSubregionOfScreen', 'screen', true],
  [
    'OnSubregionOfForeground',
    'OnSubregionOfForegroundWindow',
    'FromSubregionOfForegroundWindow',
    'foreground',
    true,
  ],
] as const;

const area = {
  invalidArea: 'InvalidSubregionCoordinatesError',
  noScreen: 'CheckImageInNoninteractiveModeError',
};
const ifFailures = { code: 'ActionFailed', ...area };
const waitFailures = { code: 'WaitForImageError', ...area };

/** A place as outputs: its upper left corner. */
const outputs = (found: Rectangle | undefined): Pick<ActionResult, 'outputs'> =>
  found === undefined ? {} : { outputs: { X: found.x, Y: found.y } };

export const imageActions: readonly ActionDefinition[] = places.flatMap(
  ([ifEnd, appearEnd, disappearEnd, of, isPart]): ActionDefinition[] => [
    ...([true, false] as const).map((isWanted) => ({
      id: `UIAutomation.IfImage.${isWanted ? 'Exists' : 'DoesNotExist'}${ifEnd}`,
      run: async (args: ActionArguments, context: ActionContext) => ({
        condition: ((await look(args, context, of, isPart, ifFailures)) !== undefined) === isWanted,
      }),
    })),
    {
      id: `UIAutomation.WaitForImage.ToAppear${appearEnd}`,
      run: async (args, context) => {
        const found = await look(args, context, of, isPart, waitFailures);
        return { condition: found !== undefined, ...outputs(found) };
      },
    },
    {
      id: `UIAutomation.WaitForImage.ToDisappear${disappearEnd}`,
      run: async (args, context) => ({
        condition: (await look(args, context, of, isPart, waitFailures)) === undefined,
      }),
    },
  ],
);

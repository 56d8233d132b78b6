// What elements hold: single attributes, check boxes and radio buttons of a group, tables and lists, pictures.
import type { Desktop, ElementFacts } from '../../../desktop/desktop.ts';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../../action.ts';
import { Datatable, type Value } from '../../values.ts';
import { bringToFront, isDesktopError, onDesktop } from '../desktop.ts';
import { writeValue } from '../excel/edits.ts';
import { instanceOf, newSession } from '../excel/files.ts';
import { fileValue, pathOf } from '../fileSystem.ts';
import { savePicture } from '../image/pictures.ts';
import { withElement } from './pointing.ts';
import { isThere, onElement, targetOf } from './target.ts';
import { textIn } from './text.ts';

/** Deeper than any group is nested. */
const allLevels = 32;

/** The window of the element comes to the front when the flow wants that. */
async function inFront(
  args: ActionArguments,
  context: ActionContext,
  desktop: Desktop,
  element: ElementFacts,
): Promise<void> {
  if (args.boolean('BringToFront')) await bringToFront(desktop, element.window, context.signal);
}

// ── Attributes ──────────────────────────────────────────────────────────────────────────────────────────────────

const attributeError = 'RetrieveAttributeOfUIElementError';

/** Attributes that are no properties of the element itself, by lower-cased name without blanks and signs. */
const attributes: Readonly<
  Record<string, (desktop: Desktop, element: ElementFacts, signal: AbortSignal) => Promise<string> | string>
> = {
  owntext: async (desktop, { ref, isPassword }, signal) => {
    if (isPassword) return '';
    const { text, value } = await desktop.state(ref, signal);
    return text === '' ? (value ?? '') : text;
  },
  title: (_, { name }) => name,
  enabled: (_, { isEnabled }) => (isEnabled ? 'True' : 'False'),
  locationandsize: (_, { rectangle: { x, y, width, height } }) =>
    `{X=${x},Y=${y},Width=${width},Height=${height}}`,
};

async function elementDetails(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const name = args.text('AttributeName').trim();
  const key = name
    .toLowerCase()
    .replaceAll('&', 'and')
    .replace(/[^a-z]/g, '');
  const failures = { code: attributeError };
  if (key === 'exists') {
    const target = targetOf(args, context, 'Element', attributeError);
    const exists = await onDesktop(context, failures, `"${target.name}" cannot be looked for`, (desktop) =>
      isThere(desktop, target, context.signal),
    );
    return { outputs: { AttributeValue: exists ? 'True' : 'False' } };
  }
  const value = await withElement(
    args,
    context,
    'Element',
    failures,
    (element) => `The attribute "${name}" of ${element} cannot be read`,
    async (desktop, element) => {
      await inFront(args, context, desktop, element);
      const known = attributes[key];
      const found =
        known === undefined
          ? await desktop.property(element.ref, name, context.signal)
          : await known(desktop, element, context.signal);
      if (found !== undefined) return found;
      throw new ActionError(
        attributeError,
        `The UI element has no attribute "${name}".`,
        'Own Text, Title, Enabled, Exists and Location and Size are there for every element; others are those of its selectors.',
      );
    },
  );
  return { outputs: { AttributeValue: value } };
}

// ── Groups ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** The names of the elements of a kind in a group that `isChosen`. */
async function chosenIn(
  desktop: Desktop,
  group: ElementFacts,
  tag: RegExp,
  isChosen: (ref: number) => Promise<boolean>,
  signal: AbortSignal,
): Promise<string[]> {
  const inside = await desktop.below(group.ref, allLevels, signal);
  try {
    const names: string[] = [];
    for (const { ref, name, tag: kind } of inside)
      if (tag.test(kind) && (await isChosen(ref))) names.push(name);
    return names;
  } finally {
    desktop.release(inside.map(({ ref }) => ref));
  }
}

const groupKinds = {
  checkbox: {
    code: 'RetrieveCheckboxStateSError',
    tag: /^check ?box$/i,
    isChosen: async (desktop: Desktop, ref: number, signal: AbortSignal) =>
      (await desktop.state(ref, signal)).isOn === true,
  },
  radio: {
    code: 'RetrieveRadioButtonStateError',
    tag: /^radio ?button$/i,
    // Some radio buttons can be selected, others are switched on.
    isChosen: async (desktop: Desktop, ref: number, signal: AbortSignal) => {
      const { isSelected, isOn } = await desktop.state(ref, signal);
      return isSelected === true || isOn === true;
    },
  },
} as const;

const ofGroup = (
  id: string,
  kind: keyof typeof groupKinds,
  outputs: (
    names: () => Promise<string[]>,
    isChosen: () => Promise<boolean>,
  ) => Promise<Record<string, Value>>,
): ActionDefinition => ({
  id: `UIAutomation.${id}`,
  run: async (args, context) => {
    const { code, tag, isChosen } = groupKinds[kind];
    const { signal } = context;
    return {
      outputs: await withElement(
        args,
        context,
        'Control',
        { code },
        (name) => `The state of ${name} cannot be read`,
        async (desktop, element) => {
          await inFront(args, context, desktop, element);
          return await outputs(
            () => chosenIn(desktop, element, tag, (ref) => isChosen(desktop, ref, signal), signal),
            () => isChosen(desktop, element.ref, signal),
          );
        },
      ),
    };
  },
});

// ── Data ────────────────────────────────────────────────────────────────────────────────────────────────────────

const extractionError = 'ExtractionError';

async function tableOf(desktop: Desktop, ref: number, signal: AbortSignal): Promise<Datatable> {
  const { header, rows } = await desktop.table(ref, signal);
  const width = Math.max(header?.length ?? 0, ...rows.map((row) => row.length));
  const columns = Array.from({ length: width }, (_, index) => header?.[index] || `Column${index + 1}`);
  return new Datatable(
    unique(columns),
    rows.map((row) => columns.map((_, index) => row[index] ?? '')),
  );
}

/** Columns of a table have different names. */
function unique(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let free = name;
    for (let count = 2; taken.has(free.toLowerCase()); count++) free = `${name}_${count}`;
    taken.add(free.toLowerCase());
    return free;
  });
}

/** What the element is, first what says most: a table, the entries of a list, or its texts. */
async function dataOf(desktop: Desktop, element: ElementFacts, signal: AbortSignal): Promise<Value> {
  const { ref } = element;
  const attempts: readonly (() => Promise<Value>)[] = [
    () => tableOf(desktop, ref, signal),
    async () => (await desktop.items(ref, signal)).map(({ text }) => text),
  ];
  for (const attempt of attempts) {
    try {
      return await attempt();
    } catch (error) {
      if (!isDesktopError(error, 'PatternNotSupported')) throw error;
    }
  }
  if (element.tag === 'window') return await textIn(desktop, element.window, signal);
  const { text, value } = await desktop.state(ref, signal);
  return value ?? text;
}

const extracting = (
  id: string,
  read: (desktop: Desktop, element: ElementFacts, signal: AbortSignal) => Promise<Value>,
): ActionDefinition[] =>
  (['', 'InExcelSpreadsheet'] as const).map((variant) => ({
    id: `UIAutomation.${id}${variant}`,
    run: async (args, context) => {
      const data = await withElement(
        args,
        context,
        'Control',
        { code: extractionError },
        (name) => `The data of ${name} cannot be extracted`,
        async (desktop, element) => {
          await inFront(args, context, desktop, element);
          return await read(desktop, element, context.signal);
        },
      );
      return variant === ''
        ? { outputs: { ExtractedData: data } }
        : { outputs: { ExcelInstance: await inWorkbook(data, context) } };
    },
  }));

/** A new workbook with the data from its first cell on, the names of the columns above. */
async function inWorkbook(data: Value, context: ActionContext): Promise<Value> {
  const session = await newSession(context);
  const cells =
    data instanceof Datatable ? new Datatable(data.columns, [[...data.columns], ...data.rows]) : data;
  await writeValue(session, await session.activeSheet(context.signal), 1, 1, cells, context.signal);
  return instanceOf(session);
}

// ── Pictures ────────────────────────────────────────────────────────────────────────────────────────────────────

async function screenshot(
  args: ActionArguments,
  context: ActionContext,
  toFile: boolean,
): Promise<ActionResult> {
  const { signal } = context;
  const target = targetOf(args, context, 'Control', 'RetrieveUIElementError');
  const path = toFile ? pathOf(args, 'ImageFilePath') : undefined;
  await onDesktop(
    context,
    { code: 'TakeScreenshotOfUIElementError' },
    `No picture of "${target.name}" can be taken`,
    (desktop) =>
      onElement(desktop, target, context, 'RetrieveUIElementError', async (element) => {
        await bringToFront(desktop, element.window, signal);
        const { rectangle } = await desktop.facts(element.ref, signal);
        const picture = await desktop.capture(rectangle, signal);
        if (path === undefined) await desktop.setClipboard({ picture }, signal);
        else await savePicture(path, args.member('ImageFormat'), picture, 'SaveImageError', signal);
      }),
  );
  return path === undefined ? {} : { outputs: { ImageFile: await fileValue(path) } };
}

export const readingActions: readonly ActionDefinition[] = [
  { id: 'UIAutomation.GetElementDetails', run: elementDetails },
  ofGroup('GetSelectedCheckboxesInWindow.GetCheckboxState', 'checkbox', async (_, isChosen) => ({
    CheckboxState: await isChosen(),
  })),
  ofGroup('GetSelectedCheckboxesInWindow.GetSelectedCheckboxes', 'checkbox', async (names) => ({
    SelectedCheckboxes: await names(),
  })),
  ofGroup('GetSelectedRadiobuttonInWindow.GetRadioButtonState', 'radio', async (_, isChosen) => ({
    RadiobuttonState: await isChosen(),
  })),
  ofGroup('GetSelectedRadiobuttonInWindow.GetSelectedRadiobutton', 'radio', async (names) => ({
    SelectedRadiobutton: (await names())[0] ?? '',
  })),
  ...extracting('ExtractDataFromWindow.ExtractData', dataOf),
  ...extracting('ExtractDataFromTable.ExtractDataFromTable', (desktop, { ref }, signal) =>
    tableOf(desktop, ref, signal),
  ),
  {
    id: 'UIAutomation.TakeScreenshotOfUIElement.TakeScreenshotOfUIElement',
    run: (args, context) => screenshot(args, context, false),
  },
  {
    id: 'UIAutomation.TakeScreenshotOfUIElement.TakeScreenshotOfUIElementAndSaveToFile',
    run: (args, context) => screenshot(args, context, true),
  },
];

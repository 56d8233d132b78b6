// Recorded steps as text that can be pasted into a flow, in the form of a text copied from the designer: statements marked as the
// recorder's, and behind them the UI elements they use. Records nothing; the shapes below are those of desktop/, which this layer does
// not know.
import { quoted } from '../language/edits/literals.ts';
import { lex } from '../language/syntax/lexer.ts';
import { isReservedWord } from '../language/syntax/tokens.ts';
import { writeAttachment } from './attachment.ts';

export interface RecordedAttribute {
  readonly name: string;
  readonly operator: string;
  readonly value: string;
}

export interface RecordedLevel {
  readonly tag: string;
  readonly name: string;
  /** All that people may want to choose from. */
  readonly attributes: readonly { readonly name: string; readonly value: string }[];
  /** What the selector says; undefined: the level is switched off. */
  readonly used:
    | { readonly attributes: readonly RecordedAttribute[]; readonly ordinal: string | undefined }
    | undefined;
}

export interface RecordedWindow {
  readonly title: string;
  readonly process: string;
  readonly levels: readonly RecordedLevel[];
}

export interface RecordedElement {
  readonly window: RecordedWindow;
  readonly tag: string;
  readonly name: string;
  readonly levels: readonly RecordedLevel[];
}

export type RecordedStep =
  | { readonly kind: 'comment'; readonly text: string }
  | {
      readonly kind: 'click';
      readonly element: RecordedElement;
      readonly click: string;
      readonly offset: { readonly x: number; readonly y: number };
    }
  | { readonly kind: 'drag'; readonly element: RecordedElement; readonly onto: RecordedElement }
  | {
      readonly kind: 'populate';
      readonly element: RecordedElement;
      readonly text: string;
      readonly isWhole: boolean;
    }
  | { readonly kind: 'populateSecret'; readonly element: RecordedElement }
  | { readonly kind: 'checkbox'; readonly element: RecordedElement; readonly isOn: boolean }
  | { readonly kind: 'radio' | 'tab' | 'menu'; readonly element: RecordedElement }
  | { readonly kind: 'dropDown'; readonly element: RecordedElement; readonly option: string }
  | { readonly kind: 'keys'; readonly keys: string; readonly element: RecordedElement }
  | { readonly kind: 'focus' | 'close' | 'minimize' | 'maximize'; readonly window: RecordedWindow }
  | { readonly kind: 'launch'; readonly path: string; readonly hasArguments: boolean };

/** What an element and its levels are called, decided by whoever captured it. */
export interface Naming {
  element(element: RecordedElement): string;
  window(window: RecordedWindow): string;
  type(tag: string): string;
  /** Names that are taken get another one. */
  free(name: string, isTaken: (name: string) => boolean): string;
}

/** A sensitive input that the statements use; `name` is the variable. */
export interface RecordedInput {
  readonly name: string;
  readonly externalName: string;
  readonly description: string;
}

export interface Recording {
  /** One per step: what people read, and the statement in the flow. */
  readonly rows: readonly { readonly text: string; readonly statement: string }[];
  /** To be pasted into a flow; empty when nothing was recorded. */
  readonly text: string;
  readonly inputs: readonly RecordedInput[];
}

export interface RecordingOptions {
  readonly naming: Naming;
  /** Unique ids for elements. */
  readonly newId: () => string;
  /** Names of variables that the flow has, in any letter case. */
  readonly taken: readonly string[];
}

const eol = '\r\n';

/** The steps as text. The same element always gets the same name. */
export function writeRecording(steps: readonly RecordedStep[], options: RecordingOptions): Recording {
  const elements = new Elements(options);
  const inputs = new Inputs(options.taken);
  const rows = steps.map((step) => row(step, elements, inputs));
  if (rows.length === 0) return { rows, text: '', inputs: [] };
  const statements = steps.map((step, index) => {
    const { statement, note = '' } = rows[index] as Row;
    return step.kind === 'comment' ? statement : `${note}@@source: 'Recorder'${eol}${statement}`;
  });
  const code = ['# Recorded actions begin', ...statements, '# Recorded actions end'].join(eol) + eol;
  const repository = elements.text();
  const attachment = repository === undefined ? '' : `${eol}${attached(repository)}`;
  return { rows, text: code + attachment, inputs: inputs.all };
}

/** One element alone, as a text without statements that can be pasted into a flow. */
export function writeElement(element: RecordedElement, options: Omit<RecordingOptions, 'taken'>): string {
  const elements = new Elements(options);
  elements.use(element);
  return attached(elements.text() as string);
}

const attached = (repository: string): string =>
  writeAttachment(
    { elements: repository, images: undefined, connections: [] },
    { displayName: 'Local computer', connectionString: '', type: 'Local', desktopType: 'local' },
  );

// ── Statements ──────────────────────────────────────────────────────────────────────────────────────────────────

interface Row {
  readonly text: string;
  readonly statement: string;
  /** Comments above it, with their line ends. */
  readonly note?: string;
}

function row(step: RecordedStep, elements: Elements, inputs: Inputs): Row {
  const literal = (text: string) => quoted(text.replace(/\r\n|\r|\n/g, eol), "$'''");
  if (step.kind === 'comment') {
    const lines = step.text.split(/\r\n|\r|\n/).map((line) => `# ${line}`.trimEnd());
    return { text: step.text, statement: lines.join(eol) };
  }
  if (step.kind === 'launch') {
    const program = step.path.split('\\').at(-1) ?? step.path;
    // They may hold what nobody is to know.
    const note = step.hasArguments
      ? `# ${program} was started with arguments, which were not recorded: add them.${eol}`
      : '';
    return {
      text: `Run ${program}`,
      note,
      statement: `System.RunApplication.RunApplication ApplicationPath: ${literal(step.path)} WindowStyle: System.ProcessWindowStyle.Normal ProcessId=> AppProcessId`,
    };
  }
  if ('window' in step) {
    const { name, reference } = elements.useWindow(step.window);
    switch (step.kind) {
      case 'focus':
        return { text: `Focus ${name}`, statement: `UIAutomation.FocusWindow.Focus Window: ${reference}` };
      case 'close':
        return { text: `Close ${name}`, statement: `UIAutomation.CloseWindow.Close Window: ${reference}` };
      default: {
        const state = step.kind === 'minimize' ? 'Minimized' : 'Maximized';
        return {
          text: `${step.kind === 'minimize' ? 'Minimize' : 'Maximize'} ${name}`,
          statement: `UIAutomation.SetWindowState.SetState Window: ${reference} State: UIAutomation.WindowState.${state}`,
        };
      }
    }
  }
  if (step.kind === 'keys') {
    return {
      text: `Send keys ${step.keys}`,
      statement: `MouseAndKeyboard.SendKeys.FocusAndSendKeys TextToSend: ${literal(step.keys)} DelayBetweenKeystrokes: 10 SendTextAsHardwareKeys: False`,
    };
  }
  const { name, reference } = elements.use(step.element);
  switch (step.kind) {
    case 'click': {
      const { x, y } = step.offset;
      const words = { LeftClick: 'Click', RightClick: 'Right-click', MiddleClick: 'Middle-click' };
      return {
        text: `${words[step.click as keyof typeof words] ?? 'Double-click'} ${name}`,
        statement: `UIAutomation.Click.Click Element: ${reference} ClickType: UIAutomation.ClickType.${step.click} MousePositionRelativeToElement: UIAutomation.RectangleEdgePoint.MiddleCenter OffsetX: ${integer(x)} OffsetY: ${integer(y)}`,
      };
    }
    case 'drag': {
      const onto = elements.use(step.onto);
      return {
        text: `Drag ${name} onto ${onto.name}`,
        statement: `UIAutomation.DragAndDropElement ClickType: UIAutomation.DragAndDropClickType.LeftClick MouseDownOffsetX: 0 MouseDownOffsetY: 0 MouseUpOffsetX: 0 MouseUpOffsetY: 0 RectangleEdgePointForMouseUp: UIAutomation.RectangleEdgePoint.MiddleCenter RectangleEdgePointForMouseDown: UIAutomation.RectangleEdgePoint.MiddleCenter ControlToDrag: ${reference} ControlToDropOver: ${onto.reference}`,
      };
    }
    case 'populate':
      return {
        text: `Fill ${name} with "${step.text}"`,
        statement: populate(reference, literal(step.text), step.isWhole ? 'Replace' : 'Append'),
      };
    case 'populateSecret': {
      const input = inputs.use(elements.key(step.element), step.element.name);
      return {
        text: `Fill ${name} with the sensitive input ${input}`,
        statement: populate(reference, input, 'Replace'),
      };
    }
    case 'checkbox':
      return {
        text: `${step.isOn ? 'Check' : 'Clear'} ${name}`,
        statement: `UIAutomation.SetCheckboxState Checkbox: ${reference} CheckboxState: UIAutomation.CheckboxState.${step.isOn ? 'Checked' : 'Unchecked'}`,
      };
    case 'radio':
      return {
        text: `Select ${name}`,
        statement: `UIAutomation.SelectRadioButton RadioButton: ${reference}`,
      };
    case 'tab':
      return { text: `Open ${name}`, statement: `UIAutomation.SelectTab Tab: ${reference}` };
    case 'menu':
      return { text: `Choose ${name}`, statement: `UIAutomation.SelectMenuOption Control: ${reference}` };
    case 'dropDown':
      return {
        text: `Set ${name} to "${step.option}"`,
        statement: `UIAutomation.SetDropDownListValueInWindow.SetDropDownListValueByName DropDownList: ${reference} OptionsNames: ${literal(step.option)} UseRegularExpressions: False`,
      };
  }
}

const populate = (reference: string, text: string, mode: 'Replace' | 'Append'): string =>
  `UIAutomation.PopulateTextField.PopulateTextField TextField: ${reference} Text: ${text} Mode: UIAutomation.PopulateTextMode.${mode} ClickType: UIAutomation.PopulateMouseClickType.SingleClick`;

const integer = (value: number): string => (value < 0 ? `(${value})` : String(value));

// ── Inputs ──────────────────────────────────────────────────────────────────────────────────────────────────────

class Inputs {
  readonly #taken: Set<string>;
  readonly #byElement = new Map<string, RecordedInput>();

  constructor(taken: readonly string[]) {
    this.#taken = new Set(taken.map((name) => name.toLowerCase()));
  }

  get all(): readonly RecordedInput[] {
    return [...this.#byElement.values()];
  }

  /** The variable with the secret of an element. */
  use(key: string, elementName: string): string {
    const known = this.#byElement.get(key);
    if (known !== undefined) return known.name;
    const words = elementName.match(/[\p{L}\p{N}]+/gu) ?? [];
    const wanted = words
      .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
      .join('')
      .slice(0, 40);
    const base = /^\p{L}/u.test(wanted) && !isReserved(wanted) ? wanted : `Secret${wanted}`;
    let name = base;
    for (let count = 2; this.#taken.has(name.toLowerCase()); count++) name = `${base}${count}`;
    this.#taken.add(name.toLowerCase());
    const description = 'Typed into a password field while recording; the recorder did not keep it.';
    this.#byElement.set(key, { name, externalName: name, description });
    return name;
  }
}

const isReserved = (word: string): boolean => isReservedWord(lex(word).code(0));

// ── UI elements ─────────────────────────────────────────────────────────────────────────────────────────────────

interface Used {
  readonly name: string;
  /** `appmask['Window']['Element']`. */
  readonly reference: string;
}

interface Screen extends Used {
  readonly window: RecordedWindow;
  readonly id: string;
  readonly elements: Map<
    string,
    { readonly used: Used; readonly element: RecordedElement; readonly id: string }
  >;
}

/** The elements in use, each once. */
class Elements {
  readonly #options: Omit<RecordingOptions, 'taken'>;
  readonly #screens = new Map<string, Screen>();

  constructor(options: Omit<RecordingOptions, 'taken'>) {
    this.#options = options;
  }

  key({ window, levels }: RecordedElement): string {
    return JSON.stringify([selectorOf(window.levels), selectorOf(levels)]);
  }

  useWindow(window: RecordedWindow): Screen {
    const key = JSON.stringify(selectorOf(window.levels));
    const known = this.#screens.get(key);
    if (known !== undefined) return known;
    const { naming, newId } = this.#options;
    const names = new Set([...this.#screens.values()].map(({ name }) => name.toLowerCase()));
    const name = naming.free(naming.window(window), (one) => names.has(one.toLowerCase()));
    const screen = {
      name,
      reference: `appmask[${quoted(name)}]`,
      window,
      id: newId(),
      elements: new Map(),
    };
    this.#screens.set(key, screen);
    return screen;
  }

  use(element: RecordedElement): Used {
    const screen = this.useWindow(element.window);
    if (element.levels.length === 0) return screen;
    const key = this.key(element);
    const known = screen.elements.get(key);
    if (known !== undefined) return known.used;
    const { naming, newId } = this.#options;
    const names = new Set([...screen.elements.values()].map(({ used }) => used.name.toLowerCase()));
    const name = naming.free(naming.element(element), (one) => names.has(one.toLowerCase()));
    const used = { name, reference: `${screen.reference}[${quoted(name)}]` };
    screen.elements.set(key, { used, element, id: newId() });
    return used;
  }

  /** As a repository; undefined when nothing was used. */
  text(): string | undefined {
    if (this.#screens.size === 0) return undefined;
    const { naming } = this.#options;
    const Screens = [...this.#screens.values()].map(({ name, window, id, elements }) => ({
      Controls: [...elements.values()].map(({ used, element, id: elementId }) => ({
        AutomationProtocol: 'uia3',
        ScreenShot: null,
        ElementTypeName: naming.type(element.tag),
        InstanceId: elementId,
        Name: used.name,
        SelectorCount: 1,
        Selectors: [storedSelector(element.levels)],
        Tag: element.tag,
        ScreenshotPath: null,
      })),
      Handle: { value: 0 },
      ProcessName: window.process,
      ScreenShot: null,
      ElementTypeName: naming.type('window'),
      InstanceId: id,
      Name: name,
      SelectorCount: 1,
      Selectors: [storedSelector(window.levels)],
      Tag: 'window',
      ScreenshotPath: null,
    }));
    return JSON.stringify({ Screens, Version: 1 }, undefined, 2).replaceAll('\n', eol);
  }
}

/** What tells selectors apart. */
const selectorOf = (levels: readonly RecordedLevel[]) =>
  levels.flatMap(({ tag, used }, index) =>
    used === undefined ? [] : [[index === 0, tag, used.attributes, used.ordinal]],
  );

function storedSelector(levels: readonly RecordedLevel[]) {
  return {
    CustomSelector: null,
    Elements: levels.map(({ tag, name, attributes, used }) => ({
      Attributes: storedAttributes(attributes, used),
      CustomValue: null,
      Ignore: used === undefined,
      Name: name === '' ? tag : `${tag} '${name}'`,
      Tag: tag,
    })),
    Ignore: false,
    ImageSelector: null,
    IsCustom: false,
    IsImageBased: false,
    IsPlaceholderSelector: false,
    IsWindowsInstance: false,
    Order: 0,
    Name: 'Default Selector',
    Properties: [],
  };
}

/** Every attribute with its value at the time, those of the selector switched on. A percent sign is no variable here. */
function storedAttributes(all: RecordedLevel['attributes'], used: RecordedLevel['used']): readonly object[] {
  const stored = (
    name: string,
    operator: string,
    value: string | null,
    isOn: boolean,
    isOrdinal = false,
  ) => ({
    Ignore: !isOn,
    IsOrdinal: isOrdinal,
    Name: name,
    Operation: operator,
    Value: value?.replaceAll('%', '%%') ?? null,
  });
  const on = new Map((used?.attributes ?? []).map((attribute) => [attribute.name.toLowerCase(), attribute]));
  const listed = all.map(({ name, value }) => {
    const condition = on.get(name.toLowerCase());
    on.delete(name.toLowerCase());
    return condition === undefined
      ? stored(name, 'EqualTo', value === '' ? null : value, false)
      : stored(name, condition.operator, condition.value, true);
  });
  const others = [...on.values()].map(({ name, operator, value }) => stored(name, operator, value, true));
  const ordinal = used?.ordinal;
  return [...listed, ...others, stored('Ordinal', 'EqualTo', ordinal ?? '-1', ordinal !== undefined, true)];
}

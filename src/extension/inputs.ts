// Asks a person for the inputs of a flow, one by one and by their external names. Remembers answers per flow, but never a
// sensitive one: that lives in the returned object only, and a sensitive default stays in the flow. Whether a value fits in the end is decided by the agent.
import type { FlowParameterInfo } from '../protocol/editor.ts';
import type { WireValue } from '../protocol/run.ts';
import { t } from './l10n.ts';
import type { InputBox, Memento, QuickPickItem, VSCode } from './vscode.ts';

/** Inputs by external name, as typed; the agent converts them to their types. */
export type GivenInputs = Record<string, string | boolean>;

const expectations: Readonly<Record<FlowParameterInfo['type'], string>> = {
  Text: 'Text',
  Number: 'Number, such as 5 or -2.5',
  Boolean: 'True or False',
  List: 'List as JSON, such as ["a", 2]',
  'Custom object': 'Object as JSON, such as {"name": "value"}',
  Datatable: 'Table as JSON, such as [{"column": "value"}]',
  Datetime: 'Date and time, such as 2026-01-31 10:00',
  Instance: 'Instance',
};

type Step =
  | { readonly kind: 'value'; readonly value: string | boolean | undefined }
  | { readonly kind: 'back' }
  | { readonly kind: 'cancel' };

export class InputForm {
  readonly #vscode: VSCode;
  readonly #memory: Memento;

  /** `memory` keeps the last answers of this workspace. */
  constructor(vscode: VSCode, memory: Memento) {
    this.#vscode = vscode;
    this.#memory = memory;
  }

  /**
   * Undefined when the person gave up. An input that is absent from the result was left empty; the flow's default applies. `path`: of the
   * flow whose last answers are offered and replaced; absent: nothing is remembered.
   */
  async ask(
    flowName: string,
    path: string | undefined,
    inputs: readonly FlowParameterInfo[],
  ): Promise<GivenInputs | undefined> {
    // Only another flow can pass an instance; a mandatory one is refused by the agent with its reason.
    const asked = inputs.filter((input) => input.type !== 'Instance');
    const remembered =
      (path === undefined
        ? undefined
        : this.#memory.get<Record<string, string | boolean>>(memoryKey(path))) ?? {};
    const answers: (string | boolean | undefined)[] = [];
    for (let at = 0; at < asked.length; ) {
      const input = asked[at] as FlowParameterInfo;
      const last = input.sensitive ? undefined : (answers[at] ?? remembered[input.externalName]);
      const step = await this.#askOne(flowName, input, last, at + 1, asked.length);
      if (step.kind === 'cancel') return undefined;
      if (step.kind === 'back') at--;
      else answers[at++] = step.value;
    }
    const given: GivenInputs = {};
    const kept: Record<string, string | boolean> = {};
    asked.forEach((input, i) => {
      const value = answers[i];
      if (value === undefined) return;
      given[input.externalName] = value;
      if (!input.sensitive) kept[input.externalName] = value;
    });
    if (path !== undefined && asked.length > 0) await this.#memory.update(memoryKey(path), kept);
    return given;
  }

  #askOne(
    flowName: string,
    input: FlowParameterInfo,
    last: string | boolean | undefined,
    step: number,
    steps: number,
  ): Promise<Step> {
    return input.type === 'Boolean'
      ? this.#pick(flowName, input, last, step, steps)
      : this.#type(flowName, input, last === undefined ? undefined : String(last), step, steps);
  }

  #type(
    flowName: string,
    input: FlowParameterInfo,
    last: string | undefined,
    step: number,
    steps: number,
  ): Promise<Step> {
    const box = this.#vscode.window.createInputBox();
    const fallback = input.sensitive ? undefined : defaultText(input.defaultValue);
    const lines = [input.description, expectations[input.type]];
    if (input.sensitive) {
      box.password = true;
      lines.push('sensitive: masked, kept sealed on this machine');
    } else box.value = last ?? fallback ?? '';
    if (input.sensitive && input.defaultValue !== undefined) lines.push("leave empty for the flow's default");
    else if (input.optional) lines.push('may be left empty');
    box.title = `${flowName}: ${input.externalName}`;
    box.prompt = lines.filter((line) => line !== '').join(' · ');
    box.placeholder = input.externalName;
    box.step = step;
    box.totalSteps = steps;
    box.ignoreFocusOut = true;
    const { Back } = this.#vscode.QuickInputButtons;
    const reveal = { iconPath: new this.#vscode.ThemeIcon('eye'), tooltip: t('Show or hide what is typed') };
    const browse = { iconPath: new this.#vscode.ThemeIcon('folder-opened'), tooltip: t('Choose a file…') };
    box.buttons = [
      ...(step > 1 ? [Back] : []),
      ...(input.sensitive ? [reveal] : input.type === 'Text' ? [browse] : []),
    ];
    return new Promise((resolve) => {
      let result: Step = { kind: 'cancel' };
      const check = () => {
        const problem = problemOf(input, box.value);
        box.validationMessage = problem;
        return problem === undefined;
      };
      box.onDidChangeValue(() => {
        // Being told that an empty field is wrong before anything was typed helps nobody.
        if (box.value === '') box.validationMessage = undefined;
        else check();
      });
      box.onDidTriggerButton((button) => {
        if (button === reveal) box.password = !box.password;
        else if (button === browse) void this.#browse(input, box);
        else {
          result = { kind: 'back' };
          box.hide();
        }
      });
      box.onDidAccept(() => {
        if (!check()) return;
        // An empty field that was prefilled was emptied on purpose; otherwise it means "not given".
        const given = box.value !== '' || fallback !== undefined;
        result = { kind: 'value', value: given ? box.value : undefined };
        box.hide();
      });
      box.onDidHide(() => {
        box.dispose();
        resolve(result);
      });
      box.show();
    });
  }

  async #browse({ externalName }: FlowParameterInfo, box: InputBox): Promise<void> {
    const [file] =
      (await this.#vscode.window.showOpenDialog({ title: externalName, openLabel: t('Choose') })) ?? [];
    if (file) box.value = file.fsPath;
  }

  #pick(
    flowName: string,
    input: FlowParameterInfo,
    last: string | boolean | undefined,
    step: number,
    steps: number,
  ): Promise<Step> {
    const pick = this.#vscode.window.createQuickPick<
      QuickPickItem & { readonly value: boolean | undefined }
    >();
    pick.title = `${flowName}: ${input.externalName}`;
    pick.placeholder = input.description || input.externalName;
    pick.items = [
      { label: 'True', value: true },
      { label: 'False', value: false },
      ...(mayBeEmpty(input)
        ? [{ label: 'Leave empty', description: "the flow's default applies", value: undefined }]
        : []),
    ];
    const preset = input.sensitive ? undefined : (last ?? input.defaultValue);
    pick.activeItems = pick.items.filter((item) => item.value === preset);
    pick.step = step;
    pick.totalSteps = steps;
    pick.ignoreFocusOut = true;
    if (step > 1) pick.buttons = [this.#vscode.QuickInputButtons.Back];
    return new Promise((resolve) => {
      let result: Step = { kind: 'cancel' };
      pick.onDidTriggerButton(() => {
        result = { kind: 'back' };
        pick.hide();
      });
      pick.onDidAccept(() => {
        const [item] = pick.selectedItems;
        if (!item) return;
        result = { kind: 'value', value: item.value };
        pick.hide();
      });
      pick.onDidHide(() => {
        pick.dispose();
        resolve(result);
      });
      pick.show();
    });
  }
}

const memoryKey = (path: string): string => `desktopFlows.inputs:${path}`;

/** What is wrong with a typed value, or undefined. Never repeats the value: it may be secret. */
function problemOf(input: FlowParameterInfo, text: string): string | undefined {
  if (text.trim() === '' && (text === '' || input.type !== 'Text')) {
    return mayBeEmpty(input) ? undefined : `"${input.externalName}" needs a value.`;
  }
  return fits[input.type](text) ? undefined : `Expected: ${expectations[input.type]}.`;
}

/** A default that is shown is there to be changed or kept; one that is not shown is meant by leaving the field empty. */
const mayBeEmpty = (input: FlowParameterInfo): boolean =>
  input.optional || (input.sensitive && input.defaultValue !== undefined);

const fits: Readonly<Record<FlowParameterInfo['type'], (text: string) => boolean>> = {
  Text: () => true,
  Number: (text) => /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text),
  Boolean: () => true,
  List: (text) => Array.isArray(json(text)),
  'Custom object': (text) => isObject(json(text)),
  Datatable: (text) => {
    const value = json(text);
    return isObject(value) || (Array.isArray(value) && value.every(isObject));
  },
  Datetime: (text) => /^\s*\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?)?\s*$/.test(text),
  Instance: () => false,
};

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A default as one would type it. */
export function defaultText(value: WireValue | undefined): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'object' && '$type' in value && value.$type === 'datetime')
    return value.value.replace('T', ' ');
  if (typeof value === 'object' && '$type' in value && value.$type === 'number') return value.value;
  return JSON.stringify(typed(value));
}

function typed(value: WireValue): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (!('$type' in value)) return value.map(typed);
  switch (value.$type) {
    case 'object':
      return Object.fromEntries(Object.entries(value.entries).map(([key, item]) => [key, typed(item)]));
    case 'datatable':
      return { columns: value.columns, rows: value.rows.map((row) => row.map(typed)) };
    case 'number':
    case 'datetime':
      return value.value;
    default:
      return null;
  }
}

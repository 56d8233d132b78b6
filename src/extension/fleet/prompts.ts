// How the fleet's commands ask people: one question at a time, with what was known preset. Knows VS Code, not the fleet.
import { t } from '../l10n.ts';
import type { QuickPickItem, VSCode } from '../vscode.ts';

export interface TextQuestion {
  readonly title: string;
  readonly prompt: string;
  readonly value?: string;
  readonly placeHolder?: string;
  /** What is typed is hidden. */
  readonly password?: boolean;
  /** Undefined: it will do. Never repeats what was typed where it is hidden. */
  readonly problem?: (text: string) => string | undefined;
}

/** Undefined: the person gave up. */
export async function askText(vscode: VSCode, question: TextQuestion): Promise<string | undefined> {
  const { title, prompt, value = '', placeHolder, password = false, problem } = question;
  const text = await vscode.window.showInputBox({
    title,
    prompt,
    value,
    password,
    ignoreFocusOut: true,
    ...(placeHolder !== undefined && { placeHolder }),
    ...(problem && { validateInput: problem }),
  });
  return text;
}

export const mustBeGiven = (text: string): string | undefined =>
  text.trim() === '' ? t('It cannot be empty.') : undefined;

/** A name of a machine, group, connection or server. */
export const nameProblem = (text: string): string | undefined =>
  mustBeGiven(text) ?? (text.trim().length > 100 ? t('At most 100 characters.') : undefined);

export interface Choice<T> extends QuickPickItem {
  readonly value: T;
}

/** Undefined: the person gave up. */
export async function askChoice<T>(
  vscode: VSCode,
  title: string,
  items: readonly Choice<T>[],
  placeHolder?: string,
): Promise<T | undefined> {
  const chosen = await vscode.window.showQuickPick(items, {
    title,
    matchOnDescription: true,
    matchOnDetail: true,
    ignoreFocusOut: true,
    ...(placeHolder !== undefined && { placeHolder }),
  });
  return chosen?.value;
}

/** Whether the person agrees to something that cannot be undone here. */
export async function confirmed(vscode: VSCode, text: string, detail: string, yes: string): Promise<boolean> {
  return (await vscode.window.showWarningMessage(text, { modal: true, detail }, yes)) === yes;
}

export type Step<T> = { readonly kind: 'value'; readonly value: T } | { readonly kind: 'back' } | undefined;

/** One step of several: `back` where the person wants to see the step before again; undefined: he gave up. */
export function askStep<T>(
  vscode: VSCode,
  {
    title,
    placeHolder,
    items,
    active,
    canGoBack,
  }: {
    readonly title: string;
    readonly placeHolder: string;
    readonly items: readonly Choice<T>[];
    /** Which is preset. */
    readonly active: (value: T) => boolean;
    readonly canGoBack: boolean;
  },
): Promise<Step<T>> {
  const pick = vscode.window.createQuickPick<Choice<T>>();
  pick.title = title;
  pick.placeholder = placeHolder;
  pick.items = items;
  pick.activeItems = items.filter(({ value, kind }) => kind === undefined && active(value)).slice(0, 1);
  pick.matchOnDescription = true;
  pick.ignoreFocusOut = true;
  if (canGoBack) pick.buttons = [vscode.QuickInputButtons.Back];
  return new Promise((resolve) => {
    let result: Step<T>;
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

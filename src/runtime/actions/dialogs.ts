// How the Display actions ask: one question, answered with one of its buttons, and again until the answer can be used.
import { type ActionContext, ActionError } from '../action.ts';
import type { HostAnswer, HostQuestion } from '../host.ts';

/** Asks and makes sure that the answer has one of `buttons`. Throws the ActionError `code` when nobody can be asked. */
export async function ask(
  code: string,
  question: HostQuestion,
  buttons: readonly string[],
  { host, signal }: ActionContext,
): Promise<HostAnswer> {
  let answer: HostAnswer;
  try {
    answer = await host.ask(question, signal);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw new ActionError(
      code,
      `The dialog "${question.title}" could not be shown: ${(error as Error).message}`,
      'Run the flow where a person can answer, or handle this error in the flow.',
      { cause: error },
    );
  }
  const button = buttons.find((name) => name.toLowerCase() === answer.button.toLowerCase());
  if (button !== undefined) return { button, values: answer.values };
  throw new ActionError(
    code,
    `The dialog "${question.title}" was answered with the unknown button "${answer.button}".`,
    `Answer with one of: ${buttons.join(', ')}.`,
  );
}

export const okCancel = ['OK', 'Cancel'];

/** Asks until `accept` takes the answer (`undefined` refuses it; `complaint` is then shown with the question) or the person cancels. */
export async function askUntil<T>(
  code: string,
  question: HostQuestion,
  complaint: string,
  accept: (values: readonly string[]) => Promise<T | undefined> | T | undefined,
  context: ActionContext,
): Promise<{ readonly button: 'OK'; readonly accepted: T } | { readonly button: 'Cancel' }> {
  for (let message = question.message; ; ) {
    const answer = await ask(code, { ...question, message }, okCancel, context);
    if (answer.button === 'Cancel') return { button: 'Cancel' };
    const accepted = await accept(answer.values);
    if (accepted !== undefined) return { button: 'OK', accepted };
    message = question.message === '' ? complaint : `${question.message}\n${complaint}`;
  }
}

// What the person at the terminal is asked for a question of a flow, and what the typed line means.
import type { Answer, Question } from '../protocol/run.ts';
import { askLine, isInteractive } from './prompt.ts';
import { printable } from './terminal.ts';

/** Asks the person; where nobody can answer, a message gets its default button and any other dialog is canceled. Throws as `askLine`. */
/** Undefined leaves it to others. */
export async function answerAtTerminal(question: Question, signal: AbortSignal): Promise<Answer | undefined> {
  if (!isInteractive()) return question.isShown === true ? undefined : unattendedAnswer(question);
  return readAnswer(
    question,
    await askLine(promptOf(question), { masked: question.kind === 'password', signal }),
  );
}

const buttonsOf = ({ options }: Question): readonly string[] => (options?.length ? options : ['OK']);

const presetButton = (question: Question): string => question.preset ?? (buttonsOf(question)[0] as string);

export const unattendedAnswer = (question: Question): Answer => ({
  button: question.kind === 'message' ? presetButton(question) : 'Cancel',
  values: [],
});

/** The entries that are proposed. */
const proposed = ({ kind, preset }: Question): readonly string[] =>
  preset === undefined ? [] : kind === 'choices' ? preset.split('\n') : [preset];

export function promptOf(question: Question): string {
  const { kind, options = [], preset } = question;
  if (kind === 'message') return `  [${buttonsOf(question).join(' / ')}] (${presetButton(question)}): `;
  if (kind !== 'choice' && kind !== 'choices') return `  ${preset ? `(${printable(preset)}) ` : ''}> `;
  const marked = proposed(question);
  const list = options.map(
    (entry, index) => `  ${marked.includes(entry) ? '*' : ' '} ${index + 1}. ${printable(entry)}\n`,
  );
  const what = kind === 'choices' ? 'Numbers, separated by commas (0: none)' : 'Number';
  return `${list.join('')}  ${what}, Enter: ${marked.length > 0 ? 'those with *' : 'Cancel'}: `;
}

/** The answer that a typed line gives. A number that no entry has is left out; the flow then asks again. */
export function readAnswer(question: Question, typed: string): Answer {
  const { kind, options = [], preset = '' } = question;
  switch (kind) {
    case 'message': {
      const wanted = typed.trim().toLowerCase();
      const button = buttonsOf(question).find((name) => name.toLowerCase() === wanted);
      return { button: button ?? presetButton(question), values: [] };
    }
    case 'choice':
    case 'choices': {
      if (typed.trim() !== '')
        return { button: 'OK', values: typed.split(',').flatMap((part) => options[Number(part) - 1] ?? []) };
      const values = [...proposed(question)];
      return { button: values.length > 0 ? 'OK' : 'Cancel', values };
    }
    default: {
      const text = typed === '' ? preset : typed;
      return { button: 'OK', values: kind === 'files' ? text.split(';') : [text] };
    }
  }
}

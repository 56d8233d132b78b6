// "Display custom form": reads the adaptive card that the designer stored and asks for what is on it, input after input and its
// buttons at last, with the dialogs every host has. Does not draw the card: texts become part of the questions.
import { resolve } from 'node:path';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../action.ts';
import { parseDatetime, toText } from '../convert.ts';
import type { HostQuestion } from '../host.ts';
import { CustomObject } from '../values.ts';
import { ask, askUntil } from './dialogs.ts';
import { isFile } from './fileSystem.ts';

const cannot = 'DisplayCustomFormError';

// ── The card ────────────────────────────────────────────────────────────────────────────────────────────────────

type Json = { readonly [key: string]: unknown };

interface Button {
  readonly id: string;
  readonly title: string;
}

interface Form {
  readonly title: string;
  /** In the order of the card. */
  readonly parts: readonly ({ readonly text: string } | { readonly input: Json })[];
  readonly buttons: readonly Button[];
}

/** The card with its `${name}` places filled from the call's own arguments. Throws ActionError. */
function readForm(args: ActionArguments): Form {
  const given = new Map(args.dynamic.map(({ name, value }) => [name.toLowerCase(), toText(value)]));
  // A place that nothing fills stays as it is, as in the templates of adaptive cards.
  const fill = (_key: string, value: unknown): unknown =>
    typeof value === 'string'
      ? value.replace(
          /\$\{([^{}]+)\}/g,
          (place, name: string) => given.get(name.trim().toLowerCase()) ?? place,
        )
      : value;
  let card: unknown;
  try {
    card = JSON.parse(args.text('CardTemplateJson'), fill);
  } catch (error) {
    throw unusable('its card is not valid JSON', error);
  }
  if (!isObject(card) || !Array.isArray(card.body)) throw unusable('its card has no body');
  const parts: Form['parts'][number][] = [];
  const buttons: Button[] = [];
  const add = (elements: unknown): void => {
    for (const element of listOf(elements)) {
      const type = textOf(element.type);
      if (element.isVisible === false) continue;
      if (type.startsWith('Input.')) parts.push({ input: element });
      else if (type === 'Container' || type === 'Column') add(element.items);
      else if (type === 'ColumnSet')
        add(listOf(element.columns).map((column) => ({ ...column, type: 'Column' })));
      else if (type === 'ActionSet') addActions(element.actions);
      else {
        const text = shownText(type, element);
        if (text !== '') parts.push({ text });
      }
    }
  };
  const addActions = (actions: unknown): void => {
    for (const action of listOf(actions)) {
      const title = textOf(action.title);
      if (action.type === 'Action.Submit') buttons.push({ id: textOf(action.id) || title, title });
      else if (action.type === 'Action.OpenUrl')
        parts.push({ text: `${title} ${textOf(action.url)}`.trim() });
      else throw unusable(`its button "${title}" is of the kind ${textOf(action.type)}`);
    }
  };
  add(card.body);
  addActions(card.actions);
  const title = textOf(card.FormTitle);
  return { title: title.includes('${') || title === '' ? 'Form' : title, parts, buttons };
}

/** What an element without input says. */
function shownText(type: string, element: Json): string {
  switch (type) {
    case 'TextBlock':
      return textOf(element.text);
    case 'RichTextBlock':
      return (Array.isArray(element.inlines) ? element.inlines : [])
        .map((run) => (isObject(run) ? textOf(run.text) : textOf(run)))
        .join('');
    case 'FactSet':
      return listOf(element.facts)
        .map(({ title, value }) => `${textOf(title)}: ${textOf(value)}`)
        .join('\n');
    case 'Image':
      return textOf(element.altText);
    default:
      throw unusable(`it has an element of the kind ${type === '' ? 'nothing' : type}`);
  }
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const listOf = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** Texts, numbers and Booleans of the card as text; anything else is empty. */
const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

function unusable(why: string, cause?: unknown): ActionError {
  return new ActionError(
    cannot,
    `The form cannot be shown: ${why}.`,
    'Open the form in the form designer and save it again without that.',
    { cause },
  );
}

// ── Its inputs ──────────────────────────────────────────────────────────────────────────────────────────────────

/** A question for one or more inputs, and what a usable answer gives each of them. */
interface Asked {
  readonly question: Omit<HostQuestion, 'title'>;
  /** Shown with the question after an answer that cannot be used. */
  readonly complaint: string;
  accept(values: readonly string[]): Promise<Filled | undefined> | Filled | undefined;
  /** What a dialog that was closed gives; absent: it closes the form. */
  readonly whenClosed?: Filled;
}

type Filled = readonly (readonly [id: string, value: string])[];

/** `texts`: what stands before the input. */
function asked(input: Json, texts: readonly string[], context: ActionContext): Asked {
  const id = textOf(input.id);
  const required = input.isRequired === true;
  const value = textOf(input.value);
  const label = textOf(input.label) || textOf(input.title) || textOf(input.placeholder) || id;
  const message = [...texts, label].join('\n');
  const preset = value === '' ? {} : { preset: value };
  const complaint = (usual: string) => textOf(input.errorMessage) || usual;
  const single = (
    kind: HostQuestion['kind'],
    usual: string,
    accept: (text: string) => string | undefined,
    more: Partial<HostQuestion> = preset,
  ): Asked => ({
    question: { kind, message, ...more },
    complaint: complaint(usual),
    accept: ([text = '']) => {
      const accepted = text.trim() === '' ? (required ? undefined : '') : accept(text);
      return accepted === undefined ? undefined : [[id, accepted]];
    },
  });
  switch (input.type) {
    case 'Input.Text': {
      const most = typeof input.maxLength === 'number' ? input.maxLength : Number.POSITIVE_INFINITY;
      const usual = Number.isFinite(most) ? `Write up to ${most} characters.` : 'Write something.';
      const accept = (text: string) => (text.length <= most ? text : undefined);
      if (textOf(input.style).toLowerCase() !== 'password')
        return single('input', usual, accept, {
          ...preset,
          ...(input.isMultiline === true && { multiline: true }),
        });
      context.addSecret(value);
      // A secret default is never sent to the dialog; an answer left empty stands for it.
      const field = single('password', usual, accept, {});
      return {
        ...field,
        accept: ([typed = '']) => {
          const text = typed === '' ? value : typed;
          context.addSecret(text);
          return field.accept([text]);
        },
      };
    }
    case 'Input.Number': {
      const [least, most] = [input.min, input.max].map((limit) =>
        typeof limit === 'number' ? limit : undefined,
      );
      const limits = `${least === undefined ? '' : ` from ${least}`}${most === undefined ? '' : ` up to ${most}`}`;
      return single('input', `Write a number${limits}, such as 12 or 12.5.`, (text) => {
        const number = /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text.trim()) ? Number(text) : Number.NaN;
        return number >= (least ?? Number.NEGATIVE_INFINITY) && number <= (most ?? Number.POSITIVE_INFINITY)
          ? text.trim()
          : undefined;
      });
    }
    case 'Input.Date':
      // A date dialog takes no empty answer.
      return single(required ? 'date' : 'input', 'Write the date as 2026-01-31.', (text) => {
        return parseDatetime(text)?.fields.toISOString().slice(0, 10);
      });
    case 'Input.Time':
      return single('input', 'Write the time as 14:30.', (text) =>
        /^([01]?\d|2[0-3]):[0-5]\d$/.test(text.trim()) ? text.trim().padStart(5, '0') : undefined,
      );
    case 'Input.File':
      return {
        question: { kind: 'file', message, ...preset },
        complaint: complaint('Choose a file that exists.'),
        accept: async ([given = '']) => {
          if (given === '') return required ? undefined : [[id, '']];
          const path = resolve(context.folder, given);
          return (await isFile(path)) ? [[id, path]] : undefined;
        },
        ...(!required && { whenClosed: [[id, '']] }),
      };
    case 'Input.ChoiceSet':
      return choiceSet(input, id, required, message, complaint);
    default:
      throw unusable(`it has an input of the kind ${textOf(input.type)}`);
  }
}

/** Its value is that of the choice, or those of several choices with commas between them. */
function choiceSet(
  input: Json,
  id: string,
  required: boolean,
  message: string,
  complaint: (usual: string) => string,
): Asked {
  const choices = listOf(input.choices).map(({ title, value }) => ({
    title: textOf(title) || textOf(value),
    value: textOf(value),
  }));
  if (choices.length === 0) throw unusable(`its input "${id}" has nothing to choose from`);
  if (new Set(choices.map(({ title }) => title)).size < choices.length)
    throw unusable(`its input "${id}" has two choices of the same name`);
  const several = input.isMultiSelect === true;
  const proposed = several ? textOf(input.value).split(',') : [textOf(input.value)];
  const preset = choices.filter(({ value }) => proposed.includes(value)).map(({ title }) => title);
  return {
    // Only the dialog for several choices can be left with none.
    question: {
      kind: several || !required ? 'choices' : 'choice',
      message,
      options: choices.map(({ title }) => title),
      ...(preset.length > 0 && { preset: preset.join('\n') }),
    },
    complaint: complaint(several ? 'Choose at least one of the entries.' : 'Choose one of the entries.'),
    accept: (titles) => {
      const chosen = choices.filter(({ title }) => titles.includes(title));
      const tooMany = !several && chosen.length > 1;
      return tooMany || (required && chosen.length === 0)
        ? undefined
        : [[id, chosen.map(({ value }) => value).join(',')]];
    },
  };
}

/** Toggles that follow each other are one list, in which those that are on are chosen. */
function toggles(inputs: readonly Json[], texts: readonly string[]): Asked {
  const all = inputs.map((input) => ({
    id: textOf(input.id),
    title: textOf(input.title) || textOf(input.label) || textOf(input.id),
    on: textOf(input.valueOn) || 'true',
    off: textOf(input.valueOff) || 'false',
    value: textOf(input.value),
    required: input.isRequired === true,
  }));
  const preset = all.filter(({ value, on }) => value === on).map(({ title }) => title);
  const needed = all.filter(({ required }) => required).map(({ title }) => title);
  return {
    question: {
      kind: 'choices',
      message: texts.join('\n'),
      options: all.map(({ title }) => title),
      ...(preset.length > 0 && { preset: preset.join('\n') }),
    },
    complaint: `Choose ${needed.join(', ')}.`,
    accept: (titles) =>
      needed.every((title) => titles.includes(title))
        ? all.map(({ id, title, on, off }) => [id, titles.includes(title) ? on : off])
        : undefined,
  };
}

/** The questions of a form in order, and the texts that stand after the last input. */
function questionsOf({ parts }: Form, context: ActionContext): { questions: Asked[]; rest: string[] } {
  const questions: Asked[] = [];
  let texts: string[] = [];
  let run: Json[] = [];
  const endRun = () => {
    if (run.length === 0) return;
    questions.push(toggles(run, texts));
    run = [];
    texts = [];
  };
  for (const part of parts) {
    if ('text' in part) {
      endRun();
      texts.push(part.text);
    } else if (part.input.type === 'Input.Toggle') {
      const { title } = part.input;
      if (run.some((other) => other.title === title)) endRun(); // entries of a list need different names
      run.push(part.input);
    } else {
      endRun();
      questions.push(asked(part.input, texts, context));
      texts = [];
    }
  }
  endRun();
  return { questions, rest: texts };
}

// ── The action ──────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * `CustomFormData` has a text for each input, `ButtonPressed` the id of the button. A form that is closed has empty texts and the button
 * `Cancel`. A form with inputs and one button is submitted with its last input.
 */
async function showCustomForm(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const form = readForm(args);
  const { questions, rest } = questionsOf(form, context);
  const data = new CustomObject();
  for (const part of form.parts) if ('input' in part) data.entries.set(textOf(part.input.id), '');
  const closed: ActionResult = { outputs: { CustomFormData: data, ButtonPressed: 'Cancel' } };
  const filled: Filled[] = [];
  for (const { question, complaint, accept, whenClosed } of questions) {
    const answer = await askUntil(cannot, { title: form.title, ...question }, complaint, accept, context);
    if (answer.button === 'OK') filled.push(answer.accepted);
    else if (whenClosed) filled.push(whenClosed);
    else return closed;
  }
  const button = await pressedButton(form, questions.length, rest.join('\n'), context);
  if (button === undefined) return closed;
  for (const [id, value] of filled.flat()) data.entries.set(id, value);
  return { outputs: { CustomFormData: data, ButtonPressed: button } };
}

/** Id of the button; undefined when the form has none and was just closed. */
async function pressedButton(
  { title, buttons }: Form,
  questions: number,
  message: string,
  context: ActionContext,
): Promise<string | undefined> {
  const [only] = buttons;
  if (only && buttons.length === 1 && questions > 0 && message === '') return only.id;
  // Buttons of the same name are told apart by their ids.
  const named = new Set(buttons.map((button) => button.title.toLowerCase())).size === buttons.length;
  const options = buttons.map((button) => (named && button.title !== '' ? button.title : button.id));
  if (options.length === 0) options.push('Close');
  const preset = options[0] as string;
  const { button } = await ask(
    cannot,
    { kind: 'message', title, message, options, preset },
    options,
    context,
  );
  return buttons[options.indexOf(button)]?.id;
}

export const customFormAction: ActionDefinition = { id: 'Display.ShowCustomDialog', run: showCustomForm };

// Commands that have commands of their own (`dflow queue why`): finds the one that is meant and refuses what it does not take. Runs
// nothing itself.
import { ProductError } from '../base/error.ts';
import { nearest } from '../language/nearest.ts';
import type { WireValue } from '../protocol/run.ts';
import type { AgentAccess } from './access.ts';
import type { Output } from './terminal.ts';

/** What every command gets. */
export interface Context {
  readonly access: AgentAccess;
  readonly out: Output;
  readonly err: Output;
  /** Inputs given by the program that calls the command line. */
  readonly presets: Readonly<Record<string, WireValue>>;
  /** A secret that the person types unseen, or the first line of the standard input. Throws `InputCanceled`. */
  readonly readSecret: (prompt: string) => Promise<string>;
}

/** Options as they were typed; absent: not given. */
export type Options = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

export interface Subcommand {
  /** Names of the words it takes; one in brackets may be left out, `…` at the end: one or more of the last. */
  readonly takes: readonly string[];
  /** Options it knows. */
  readonly options: readonly string[];
  readonly run: (words: readonly string[], options: OptionReader, context: Context) => Promise<number>;
}

export type Subcommands = Readonly<Record<string, Subcommand>>;

/** Runs the subcommand that the first word names; `usual`: where there is none. Throws `UsageWrong`. */
export function runSubcommand(
  verb: string,
  subcommands: Subcommands,
  words: readonly string[],
  options: Options,
  context: Context,
  usual?: string,
): Promise<number> {
  const [first = usual, ...rest] = words;
  const names = Object.keys(subcommands);
  if (first === undefined) throw usage(verb, `dflow ${verb} takes ${listed(names)}.`);
  if (!Object.hasOwn(subcommands, first)) {
    const near = nearest(first, names);
    throw usage(
      verb,
      near === undefined
        ? `dflow ${verb} has no command ${first}; it takes ${listed(names)}.`
        : `dflow ${verb} has no command ${first}. Do you mean dflow ${verb} ${near}?`,
    );
  }
  const { takes, options: known, run } = subcommands[first] as Subcommand;
  const name = `dflow ${verb} ${first}`;
  const foreign = Object.keys(options).find(
    (option) =>
      options[option] !== undefined &&
      option !== 'data' &&
      option !== 'orchestrator' &&
      !known.includes(option),
  );
  if (foreign !== undefined) {
    const near = nearest(foreign, known);
    throw usage(
      verb,
      `${name} has no option --${foreign}.${near === undefined ? '' : ` Do you mean --${near}?`}`,
    );
  }
  const least = takes.filter((word) => !word.startsWith('[')).length;
  const most = takes.at(-1)?.endsWith('…') ? Number.POSITIVE_INFINITY : takes.length;
  if (rest.length < least || rest.length > most) {
    throw usage(
      verb,
      takes.length === 0
        ? `${name} takes options only.`
        : `${name} takes ${takes.join(' ').replace('…', ' ...')}${rest.length > most ? `, and ${rest.length} words were given: put names with blanks in quotes` : ''}`,
    );
  }
  return run(rest, new OptionReader(name, options), context);
}

const listed = (names: readonly string[]): string => {
  const last = names.at(-1) as string;
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} or ${last}`;
};

/** Options of one command, read as what they stand for. Each throws `UsageWrong` for anything else. */
export class OptionReader {
  readonly #name: string;
  readonly #options: Options;

  constructor(name: string, options: Options) {
    this.#name = name;
    this.#options = options;
  }

  wrong(message: string): ProductError {
    return new ProductError('UsageWrong', message, `See dflow help ${this.#name.split(' ')[1] ?? ''}.`);
  }

  isGiven(option: string): boolean {
    return this.#options[option] !== undefined;
  }

  flag(option: string): boolean {
    return this.#options[option] === true;
  }

  text(option: string): string | undefined {
    const value = this.#options[option];
    return typeof value === 'string' ? value : undefined;
  }

  /** Of an option that may be repeated. */
  texts(option: string): readonly string[] {
    const value = this.#options[option];
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  }

  needed(option: string): string {
    const value = this.text(option);
    if (value !== undefined && value.trim() !== '') return value;
    throw this.wrong(`${this.#name} needs --${option}.`);
  }

  whole(option: string, least: number, most: number): number | undefined {
    const text = this.text(option);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (/^\d+$/.test(text.trim()) && value >= least && value <= most) return value;
    throw this.wrong(`--${option} is a whole number from ${least} to ${most}.`);
  }

  choice<T extends string>(option: string, choices: readonly T[]): T | undefined {
    const text = this.text(option);
    if (text === undefined) return undefined;
    return oneOf(text, choices, (message) => this.wrong(`--${option} ${message}`));
  }

  onOff(option: string): boolean | undefined {
    const text = this.choice(option, ['on', 'off']);
    return text === undefined ? undefined : text === 'on';
  }
}

/** The choice that is meant, in any letter case; `wrong` makes the error of another word. */
export function oneOf<T extends string>(
  text: string,
  choices: readonly T[],
  wrong: (message: string) => ProductError,
): T {
  const found = choices.find((choice) => choice.toLowerCase() === text.trim().toLowerCase());
  if (found !== undefined) return found;
  const near = nearest(text, choices);
  throw wrong(
    `is ${listed(choices)}, not ${text.slice(0, 100)}.${near === undefined ? '' : ` Do you mean ${near}?`}`,
  );
}

function usage(verb: string, message: string): ProductError {
  return new ProductError('UsageWrong', message, `See dflow help ${verb}.`);
}

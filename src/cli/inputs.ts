// Gathers a run's inputs from the command line, files, the environment and the person at the terminal.
// Never prints or keeps a value.
import { readFileSync } from 'node:fs';
import { ProductError } from '../base/error.ts';
import type { WireValue } from '../protocol/run.ts';

export interface InputSources {
  /** `NAME=VALUE` */
  readonly pairs: readonly string[];
  /** `NAME=VARIABLE` */
  readonly environment: readonly string[];
  /** Path of a JSON file, `-` for standard input. */
  readonly file: string | undefined;
  /** Given by the program itself; the weakest source. */
  readonly presets: Readonly<Record<string, WireValue>>;
}

/** Values by the name they were given under. Later sources win: presets, file, environment, pairs. Throws ProductError `InputSyntax`, `InputFile` or `InputVariable`. */
export function gatherInputs(sources: InputSources): Record<string, WireValue> {
  const inputs = new Map<string, WireValue>(Object.entries(sources.presets));
  const add = (given: Iterable<readonly [string, WireValue]>) => {
    for (const [name, value] of given) inputs.set(name, value);
  };
  if (sources.file !== undefined) add(readInputFile(sources.file));
  for (const pair of sources.environment) {
    const [name, variable] = splitPair(pair, '--input-env');
    const value = process.env[variable];
    if (value === undefined) {
      throw new ProductError(
        'InputVariable',
        `The environment variable ${variable} for the input ${name} is not set.`,
        `Set ${variable} and try again.`,
      );
    }
    inputs.set(name, value);
  }
  add(sources.pairs.map((pair) => splitPair(pair, '--input')));
  return Object.fromEntries(inputs);
}

function splitPair(pair: string, option: string): [string, string] {
  const at = pair.indexOf('=');
  if (at < 1) {
    // The text may be a secret typed in the wrong place: it is not repeated.
    throw new ProductError(
      'InputSyntax',
      `One ${option} is not of the form NAME=…`,
      `Write ${option} "Name=value", with the external name of the input.`,
    );
  }
  return [pair.slice(0, at), pair.slice(at + 1)];
}

function readInputFile(file: string): [string, WireValue][] {
  const source = file === '-' ? 'standard input' : file;
  let text: string;
  try {
    text = decode(readFileSync(file === '-' ? 0 : file));
  } catch (error) {
    throw new ProductError(
      'InputFile',
      `The inputs cannot be read from ${source} (${(error as NodeJS.ErrnoException).code}).`,
      'Check the path after --inputs.',
    );
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which may hold secrets.
    throw new ProductError(
      'InputFile',
      `The inputs from ${source} are not valid JSON.`,
      'Give one JSON object: {"External name": value, …}.',
    );
  }
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) {
    throw new ProductError(
      'InputFile',
      `The inputs from ${source} are not a JSON object.`,
      'Give one JSON object: {"External name": value, …}.',
    );
  }
  if (isDeeper(parsed, maxDepth)) {
    throw new ProductError(
      'InputFile',
      `The inputs from ${source} are nested more than ${maxDepth} levels deep.`,
      'Give simpler values, or pass the data to the flow as a file.',
    );
  }
  return Object.entries(parsed).map(([name, value]) => [name, fromJson(value)]);
}

/** UTF-8, or what a byte order mark says: programs on Windows write one. */
function decode(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  return new TextDecoder().decode(bytes);
}

/** Values nested deeper than this are a mistake, and would exhaust the stack of whoever reads them. */
const maxDepth = 100;

const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((item) => isDeeper(item, levels - 1)));

/** Plain JSON as flow values: an object becomes a custom object unless it already says its type. */
function fromJson(value: unknown): WireValue {
  if (Array.isArray(value)) return value.map(fromJson);
  if (value === null || typeof value !== 'object') return value as string | number | boolean | null;
  if ('$type' in value) return value as WireValue;
  return {
    $type: 'object',
    entries: Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fromJson(item)])),
  };
}

// What may be shown of a run's inputs and outputs: sensitive ones not at all, very long ones by their beginning.
import { type Run, secured, type WireValue } from '../protocol/run.ts';

/** A record travels with many events and in lists: beyond this many characters of JSON a value is only shown in part. */
const shownCharacters = 10_000;
const outputCharacters = 1_000_000;

type Values = Readonly<Record<string, WireValue>>;

/** Sensitive inputs stay out of every record (rules SEC-4, C9). */
export function shownInputs(inputs: Values, sensitive: ReadonlySet<string>): Record<string, WireValue> {
  return mapValues(inputs, (value, name) =>
    sensitive.has(name) ? secured : shortened(value, shownCharacters),
  );
}

/** Outputs are results: complete up to a megabyte in all. */
export function shownOutputs(outputs: Values): Record<string, WireValue> {
  const total = JSON.stringify(outputs).length;
  return mapValues(outputs, (value) =>
    total > outputCharacters ? shortened(value, shownCharacters) : value,
  );
}

/** Runs for one answer, newest first: once they fill `size` characters, the long outputs of older ones are shown in part. */
export function listedRuns(runs: readonly Run[], size: number): Run[] {
  let used = 0;
  return runs.map((run) => {
    used += JSON.stringify(run).length;
    if (used <= size || !run.outputs) return run;
    return { ...run, outputs: mapValues(run.outputs, (value) => shortened(value, shownCharacters)) };
  });
}

function shortened(value: WireValue, limit: number): WireValue {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= limit
    ? value
    : { $type: 'other', text: `${text.slice(0, 1_000)}… (${text.length} characters)` };
}

const mapValues = (
  values: Values,
  map: (value: WireValue, name: string) => WireValue,
): Record<string, WireValue> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value, name)]));

/** Every text inside a value that must not be seen anywhere; numbers as they are written. */
export function* secretsOf(value: WireValue): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'number') yield String(value);
  else if (Array.isArray(value)) for (const item of value as readonly WireValue[]) yield* secretsOf(item);
  else if (value !== null && typeof value === 'object' && '$type' in value) {
    if (value.$type === 'object') for (const item of Object.values(value.entries)) yield* secretsOf(item);
    else if (value.$type === 'datatable')
      for (const row of value.rows) for (const cell of row) yield* secretsOf(cell);
    else if (value.$type === 'datetime' || value.$type === 'number') yield value.value;
  }
}

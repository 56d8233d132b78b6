// The JSON schema of a flow's inputs or outputs, which a solution keeps beside the text of the flow. Writes anew only what
// changed in the flow's head.
import type { FlowParameterInfo, FlowValue, ParameterType } from '../language/analysis/flow.ts';
import { type JsonObject, member, readJson } from './json.ts';

/**
 * `json` (`{"schema":…}`) after the parameters of one direction changed from `before` to `after`. Properties of parameters that
 * did not change stay as they are written. The same text when nothing changed, or when it has another form.
 */
export function changeSchema(
  json: string,
  direction: 'input' | 'output',
  before: readonly FlowParameterInfo[],
  after: readonly FlowParameterInfo[],
): string {
  const same = (a: FlowParameterInfo | undefined, b: FlowParameterInfo) =>
    a !== undefined && JSON.stringify({ ...a, line: 0 }) === JSON.stringify({ ...b, line: 0 });
  if (before.length === after.length && after.every((parameter, index) => same(before[index], parameter))) {
    return json;
  }
  const { root } = readJson(json);
  const schema = member(root, 'schema');
  if (root?.kind !== 'object' || schema === undefined) return json;
  const written = member(schema, 'properties');
  const properties = after.map((parameter) => {
    const old = same(
      before.find((candidate) => candidate.name === parameter.name),
      parameter,
    )
      ? memberText(json, written?.kind === 'object' ? written : undefined, parameter.name)
      : undefined;
    return `${JSON.stringify(parameter.name)}:${old ?? property(parameter, direction)}`;
  });
  const required = after.filter((parameter) => !parameter.optional).map((parameter) => parameter.name);
  const text =
    after.length === 0
      ? 'null'
      : `{${direction === 'input' ? `"required":${JSON.stringify(required)},` : ''}"properties":{${properties.join(',')}},"type":"object"}`;
  return json.slice(0, schema.start) + text + json.slice(schema.end);
}

function memberText(json: string, object: JsonObject | undefined, name: string): string | undefined {
  const value = member(object, name);
  return value === undefined ? undefined : json.slice(value.start, value.end);
}

const types: Readonly<Record<ParameterType, string>> = {
  Text: 'string',
  Number: 'number',
  Boolean: 'boolean',
  List: 'array',
  'Custom object': 'object',
  Datatable: 'object',
  Datetime: 'string',
  Instance: 'object',
};

function property(parameter: FlowParameterInfo, direction: 'input' | 'output'): string {
  return JSON.stringify({
    ...(direction === 'input' ? { isOptional: parameter.optional } : {}),
    default: '',
    description: parameter.description,
    format: parameter.sensitive ? 'password' : null,
    title: parameter.externalName,
    type: types[parameter.type],
    value: direction === 'output' ? null : value(parameter),
  });
}

/** The default as text, the way the designer writes it; the solution holds none of a sensitive input. */
function value({ sensitive, defaultValue, optional, type }: FlowParameterInfo): string | null {
  if (sensitive) return null;
  if (defaultValue === undefined || defaultValue === null) return optional ? null : (empty[type] ?? null);
  if (typeof defaultValue === 'string') return defaultValue;
  if (typeof defaultValue === 'boolean') return defaultValue ? 'True' : 'False';
  if (typeof defaultValue === 'number') return String(defaultValue);
  const text = JSON.stringify(plain(defaultValue));
  return text === '[]' || text === '{}' ? (empty[type] ?? text) : text;
}

/** What stands for an empty value of a type. */
const empty: Partial<Readonly<Record<ParameterType, string>>> = {
  Text: '',
  List: '[\r\n]\r\n',
  'Custom object': '{  }',
};

function plain(given: FlowValue): unknown {
  if (given === null || typeof given !== 'object') return given;
  if (!('$type' in given)) return given.map(plain);
  if (given.$type === 'datetime' || given.$type === 'number') return given.value;
  if (given.$type === 'object') {
    return Object.fromEntries(Object.entries(given.entries).map(([key, entry]) => [key, plain(entry)]));
  }
  return given.rows.map((row) =>
    Object.fromEntries(given.columns.map((column, i) => [column, plain(row[i] ?? null)])),
  );
}

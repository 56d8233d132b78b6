// What is wrong with the options of a command line, in words for whoever typed them. Reads no values.
import { type ParseArgsConfig, parseArgs } from 'node:util';

/** The first option that `parseArgs` would refuse, or that is given twice and may be only once. `unknown`: its name, when there is none such. */
export function wrongOption(
  args: readonly string[],
  options: NonNullable<ParseArgsConfig['options']>,
): { readonly message: string; readonly unknown?: string } | undefined {
  const { tokens } = parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const seen = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const { name, rawName, value, inlineValue } = token;
    const known = Object.hasOwn(options, name) ? options[name] : undefined;
    if (known === undefined) return { message: `There is no option ${rawName}.`, unknown: name };
    if (known.type === 'boolean') {
      if (value !== undefined) return { message: `${rawName} takes no value.` };
      continue;
    }
    if (value === undefined) return { message: `${rawName} needs a value after it.` };
    // Most likely the next option, and the value was forgotten.
    if (inlineValue === false && value.length > 1 && value.startsWith('-')) {
      return {
        message: `${rawName} needs a value after it; one that starts with a dash is written ${rawName}=VALUE.`,
      };
    }
    if (known.multiple !== true && seen.has(name)) return { message: `${rawName} is given twice.` };
    seen.add(name);
  }
  return undefined;
}

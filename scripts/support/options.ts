// Options of the programs here: what does not fit is said with how it is written, and the program ends with 2.
import { parseArgs } from 'node:util';

/** Name → what it is: a whole number with its default, a text, or a switch. */
type Options = Readonly<
  Record<string, { readonly number: number } | { readonly text: true } | { readonly flag: true }>
>;

type Values<T extends Options> = {
  readonly [K in keyof T]: T[K] extends { number: number }
    ? number
    : T[K] extends { flag: true }
      ? boolean
      : string | undefined;
};

/** `usage`: how the program is called, as one line. */
export function readOptions<const T extends Options>(usage: string, options: T): Values<T> {
  const refuse = (what: string): never => {
    console.error(`${what}\n${usage}`);
    process.exit(2);
  };
  const specs = Object.entries(options).map(([name, option]) => [
    name,
    { type: 'flag' in option ? ('boolean' as const) : ('string' as const) },
  ]);
  let given: Record<string, string | boolean | undefined> = {};
  try {
    given = parseArgs({ options: Object.fromEntries(specs) }).values as typeof given;
  } catch (error) {
    refuse((error as Error).message.split('. ')[0] as string);
  }
  const read = Object.entries(options).map(([name, option]) => {
    const value = given[name];
    if ('flag' in option) return [name, value === true];
    if ('text' in option || value === undefined) return [name, 'number' in option ? option.number : value];
    if (!/^\d{1,12}$/.test(String(value))) refuse(`--${name} takes a whole number, not "${value}".`);
    return [name, Number(value)];
  });
  return Object.fromEntries(read) as Values<T>;
}

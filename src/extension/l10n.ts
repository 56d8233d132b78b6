// The language of what this window says. English texts are the keys; l10n/bundle.l10n.<language>.json has the others. Texts of other
// people (names, messages of flows) are arguments and never keys.

type Translate = (text: string, ...values: (string | number)[]) => string;

const english: Translate = (text, ...values) =>
  text.replace(/\{(\d+)\}/g, (whole, index: string) => String(values[Number(index)] ?? whole));

let translate: Translate = english;

/** Once, before anything is said: `l10n.t` of VS Code. Without it everything is English. */
export function useLanguage(given: Translate = english): void {
  translate = given;
}

/** The text in the language of the window, `{0}`, `{1}` … replaced by the values. */
export const t: Translate = (text, ...values) => translate(text, ...values);

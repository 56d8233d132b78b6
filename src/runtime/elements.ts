// What a flow's UI elements and images are, as the actions that use them need it. Reading the repositories is done elsewhere.

/** One level of a selector: attributes that must hold, outermost level first in a selector. */
export interface SelectorLevel {
  /** Tag or control type, such as `input` or `Button`; empty when any will do. */
  readonly element: string;
  /** Directly below the level before it; false when levels between them are switched off, and for the outermost level. */
  readonly isDirect: boolean;
  /** Those that are switched on. */
  readonly attributes: readonly SelectorAttribute[];
  /** Which of the things that match counts, from 0, as text (it may contain `%Variable%`); undefined when it does not matter. */
  readonly ordinal: string | undefined;
}

/** `operator` as stored: `EqualTo`, `NotEqualTo`, `Contains`, `StartsWith`, `EndsWith`, `RegularExpressionMatch`. */
export interface SelectorAttribute {
  readonly name: string;
  readonly operator: string;
  /** May contain `%Variable%`. */
  readonly value: string;
}

export interface ElementSelector {
  readonly name: string;
  /** Set when a person wrote the selector as text; then `levels` is empty. May contain `%Variable%`. */
  readonly text: string | undefined;
  readonly levels: readonly SelectorLevel[];
}

export interface UiElement {
  readonly name: string;
  /** What it is as people read it, such as `Button`; undefined when the repository does not say. */
  readonly type: string | undefined;
  /** In the order in which they are tried; switched-off ones and pictures are left out. */
  readonly selectors: readonly ElementSelector[];
  /** The screen the element is on: a window or a web page. */
  readonly screen: UiElement | undefined;
}

/** The repositories beside a flow. Names are case-insensitive. */
export interface Repositories {
  /** `path`: a screen, or a screen and an element. */
  element(path: readonly string[]): UiElement | undefined;
  /** The picture of an image, as PNG. */
  image(name: string): Uint8Array | undefined;
}

export const noRepositories: Repositories = { element: () => undefined, image: () => undefined };

/** The texts of an element's selectors that may hold `%…%`. */
export function textsWithVariables({ selectors }: UiElement): string[] {
  const texts = selectors.flatMap(({ text, levels }) => [
    text ?? '',
    ...levels.flatMap(({ attributes, ordinal }) => [ordinal ?? '', ...attributes.map(({ value }) => value)]),
  ]);
  return [...new Set(texts.filter((text) => text.includes('%')))];
}

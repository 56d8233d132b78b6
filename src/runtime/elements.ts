// What a flow's UI elements and images are, as the actions that use them need it. Reading the repositories is done elsewhere.
import type { ElementSelector, SelectorLevel } from '../desktop/selector.ts';
import { parseSelectorText } from '../desktop/selectorText.ts';

export type { ElementSelector, SelectorAttribute, SelectorLevel } from '../desktop/selector.ts';

export interface UiElement {
  readonly name: string;
  /** What it is as people read it, such as `Button`; undefined when the repository does not say. */
  readonly type: string | undefined;
  /** In the order in which they are tried; switched-off ones and pictures are left out. */
  readonly selectors: readonly ElementSelector[];
  /** The screen the element is on: a window or a web page. */
  readonly screen: UiElement | undefined;
  /** What it was captured with, as the repository says; undefined when it does not say. */
  readonly protocol?: string | undefined;
}

/** The repositories beside a flow. Names are case-insensitive. */
export interface Repositories {
  /** `path`: a screen, or a screen and an element. */
  element(path: readonly string[]): UiElement | undefined;
  /** The picture of an image, as PNG. */
  image(name: string): Uint8Array | undefined;
}

export const noRepositories: Repositories = { element: () => undefined, image: () => undefined };

/**
 * The texts of an element's selectors, and of those of its screen, that may hold `%…%`. Of a selector that a person wrote as text, the
 * whole text and the values in it: a value with a quote must not change the selector.
 */
export function textsWithVariables({ selectors, screen }: UiElement): string[] {
  const texts = selectors.flatMap(({ text, levels }) => [
    text ?? '',
    ...[...levels, ...(text === undefined ? [] : levelsOf(text))].flatMap(({ attributes, ordinal }) => [
      ordinal ?? '',
      ...attributes.map(({ value }) => value),
    ]),
  ]);
  const all = [...texts, ...(screen === undefined ? [] : textsWithVariables(screen))];
  return [...new Set(all.filter((text) => text.includes('%')))];
}

/** Levels of a selector as text; none when it is no selector of a window, such as one of a web page. */
export function levelsOf(text: string): readonly SelectorLevel[] {
  try {
    return parseSelectorText(text);
  } catch {
    return [];
  }
}

// Selectors of UI elements as the designer stores them. What they match is decided in `match.ts`; reading the repository is done elsewhere.

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

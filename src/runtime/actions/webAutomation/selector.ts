// Selectors of web elements, read: the CSS that designers and people write (with jQuery's additions) and the levels of UI elements, as
// steps for the script in the page (pageScript.ts) and split where a frame begins. Finds nothing itself.
import { PatternError, translatePattern } from '../../../base/dotnetPattern.ts';
import { levelsText, levelText, selectorOperators } from '../../../desktop/selectorText.ts';
import { ActionError } from '../../action.ts';
import type { ElementSelector, SelectorAttribute, SelectorLevel } from '../../elements.ts';

/** What the page is asked, one part of a selector at a time. Plain data. */
export interface Step {
  /** As people read it. */
  readonly text: string;
  readonly from: 'descendant' | 'child' | 'next' | 'following';
  /** A selector of the page's own kind for one element. */
  readonly css: string;
  /** Applied in order to what `css` found. */
  readonly filters: readonly Filter[];
}

export type Filter =
  | { readonly kind: 'attribute'; readonly name: string; readonly operator: string; readonly value: string }
  | { readonly kind: 'contains'; readonly text: string }
  | { readonly kind: 'is'; readonly what: string }
  | { readonly kind: 'has' | 'not'; readonly steps: readonly (readonly Step[])[] }
  /** By place among what was found so far in the whole document, from 0; negative from the end. */
  | { readonly kind: 'eq' | 'gt' | 'lt'; readonly index: number }
  | { readonly kind: 'even' | 'odd' };

/** One way to an element: through frames, outermost first, to the element in the last of them. */
export interface SelectorPath {
  /** As people read it. */
  readonly text: string;
  /** Each but the last leads to a frame. One part holds alternatives, each a list of steps. */
  readonly parts: readonly (readonly (readonly Step[])[])[];
}

const positional = new Set(['eq', 'nth', 'gt', 'lt', 'even', 'odd', 'first', 'last']);
/** jQuery's names for things that CSS has no name for; the script in the page knows what they mean. */
const kinds = new Set(
  'visible hidden input button checkbox radio text password submit reset image file selected header parent'.split(
    ' ',
  ),
);

/** The ways that a selector written as text gives. Throws `InvalidArgument` for text that is no selector. */
export function textPaths(text: string): SelectorPath[] {
  if (/^\s*\(?\.?\//.test(text)) {
    throw invalid(text, 'it is XPath', 'Write it as a CSS selector, such as "#orders > table".');
  }
  const alternatives = new SelectorText(text).alternatives();
  const split = alternatives.map(splitAtFrames);
  if (split.every((parts) => parts.length === 1))
    return [{ text, parts: [split.map(([only]) => only ?? [])] }];
  return split.map((parts) => ({ text, parts: parts.map((steps) => [steps]) }));
}

/** The steps of a selector that starts at an element. Throws `InvalidArgument`. */
export function relativeSteps(text: string): Step[][] {
  return text.trim() === '' ? [] : new SelectorText(text).alternatives();
}

/** The ways that a UI element's selector gives. Throws `InvalidArgument` for an operator or expression that cannot be used. */
export function elementPaths(selector: ElementSelector): SelectorPath[] {
  if (selector.text !== undefined) return textPaths(selector.text);
  const steps = selector.levels.map(levelStep);
  return [{ text: levelsText(selector.levels), parts: splitAtFrames(steps).map((part) => [part]) }];
}

function splitAtFrames(steps: readonly Step[]): Step[][] {
  const parts: Step[][] = [[]];
  for (const [index, step] of steps.entries()) {
    const before = steps[index - 1];
    const leavesFrame = before !== undefined && (/^i?frame\b/i.test(before.css) || /^html\b/i.test(step.css));
    if (leavesFrame) parts.push([{ ...step, from: 'descendant' }]);
    else (parts.at(-1) as Step[]).push(step);
  }
  return parts;
}

// ── Levels of UI elements ───────────────────────────────────────────────────────────────────────────────────────

function levelStep(level: SelectorLevel): Step {
  const isPlainTag = /^[a-z][\w-]*$/i.test(level.element);
  // By id the page finds fast.
  const id = level.attributes.find((one) => isExactId(one));
  const filters: Filter[] = level.attributes.filter((one) => one !== id).map(attributeFilter);
  if (!isPlainTag && level.element !== '' && level.element !== '*')
    filters.unshift({ kind: 'attribute', name: 'tagName', operator: 'equalto', value: level.element });
  if (level.ordinal !== undefined && level.ordinal.trim() !== '') {
    const index = Number(level.ordinal);
    if (!Number.isInteger(index)) {
      throw invalid(
        levelText(level),
        `its ordinal is "${level.ordinal}"`,
        'The ordinal of a level must be a whole number.',
      );
    }
    filters.push({ kind: 'eq', index });
  }
  return {
    text: levelText(level),
    from: level.isDirect ? 'child' : 'descendant',
    css: `${isPlainTag ? level.element.toLowerCase() : '*'}${id ? `[id=${cssText(id.value)}]` : ''}`,
    filters,
  };
}

const isExactId = ({ name, operator, value }: SelectorAttribute): boolean =>
  name.toLowerCase() === 'id' && operator.toLowerCase() === 'equalto' && value !== '';

function attributeFilter({ name, operator, value }: SelectorAttribute): Filter {
  const known = operator.toLowerCase();
  if (selectorOperators[known] === undefined) {
    throw invalid(
      `[${name} ${operator} "${value}"]`,
      'it has an unknown operator',
      'Choose another operator.',
    );
  }
  return {
    kind: 'attribute',
    name,
    operator: known,
    value: known === 'regularexpressionmatch' ? regexSource(value) : value,
  };
}

function regexSource(pattern: string): string {
  try {
    return translatePattern(pattern).source;
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw invalid(pattern, `its expression is refused: ${error.message}`, 'Correct the regular expression.');
  }
}

// ── Text ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A recursive-descent reader. */
class SelectorText {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  alternatives(): Step[][] {
    const found = [this.#steps()];
    while (this.#text[this.#at] === ',') {
      this.#at++;
      found.push(this.#steps());
    }
    if (this.#at < this.#text.length) throw this.#refuse(`"${this.#text[this.#at]}" is not expected there`);
    return found;
  }

  #steps(): Step[] {
    const steps: Step[] = [];
    let from: Step['from'] = 'descendant';
    this.#skipSpace();
    // A selector may begin with what it is below of: it then starts at the document or the element.
    if (this.#text[this.#at] === '>') {
      this.#at++;
      this.#skipSpace();
      from = 'child';
    }
    for (;;) {
      steps.push(this.#compound(from));
      const spaced = this.#skipSpace();
      const sign = this.#text[this.#at];
      if (sign === '>' || sign === '+' || sign === '~') {
        from = sign === '>' ? 'child' : sign === '+' ? 'next' : 'following';
        this.#at++;
        this.#skipSpace();
      } else if (spaced && sign !== undefined && sign !== ',') from = 'descendant';
      else return steps;
    }
  }

  #compound(from: Step['from']): Step {
    const start = this.#at;
    let css = this.#take(/[\w\-\\*|\u0080-\uffff]+/y) ?? '';
    // `\:` and its like belong to a name.
    while (css.endsWith('\\'))
      css += (this.#text[this.#at++] ?? '') + (this.#take(/[\w\-\\|\u0080-\uffff]+/y) ?? '');
    const filters: Filter[] = [];
    for (;;) {
      const sign = this.#text[this.#at];
      if (sign === '#' || sign === '.')
        css += this.#take(/[#.](?:\\.|[\w\-\u0080-\uffff])+/y) ?? this.#fail();
      else if (sign === '[') css += this.#attribute(filters);
      else if (sign === ':') css += this.#pseudo(filters);
      else break;
    }
    if (this.#at === start) this.#fail();
    return {
      text: this.#text.slice(start, this.#at),
      from,
      css: css === '' || /^[#.[:]/.test(css) ? `*${css}` : css,
      filters,
    };
  }

  /** CSS for what the page's own selectors can ask, otherwise a filter. */
  #attribute(filters: Filter[]): string {
    this.#at++;
    this.#skipSpace();
    const name = this.#take(/[\w\-:|\u0080-\uffff]+/y) ?? this.#fail();
    this.#skipSpace();
    const operator = this.#take(/[!~|^$*]?=/y);
    if (operator === undefined) {
      this.#expect(']');
      return `[${name}]`;
    }
    this.#skipSpace();
    const value = this.#quoted() ?? this.#take(/[^\]]+/y)?.trim() ?? this.#fail();
    this.#skipSpace();
    const flag = this.#take(/[is]\b/y) ?? '';
    this.#skipSpace();
    this.#expect(']');
    const key = name.toLowerCase();
    if (key === 'ordinal' && operator === '=' && /^\d+$/.test(value))
      filters.push({ kind: 'eq', index: Number(value) });
    else if (key === 'text' || operator === '!=') {
      const named = Object.keys(selectorOperators).find((one) => selectorOperators[one] === operator);
      filters.push({ kind: 'attribute', name, operator: named ?? 'contains', value });
    } else return `[${name}${operator}${cssText(value)}${flag && ` ${flag}`}]`;
    return '';
  }

  #pseudo(filters: Filter[]): string {
    const start = this.#at;
    const name = (this.#take(/::?[\w-]+/y) ?? this.#fail()).replace(/^::?/, '').toLowerCase();
    if (this.#text[this.#at] !== '(') {
      if (name === 'first') filters.push({ kind: 'eq', index: 0 });
      else if (name === 'last') filters.push({ kind: 'eq', index: -1 });
      else if (name === 'even' || name === 'odd') filters.push({ kind: name });
      else if (kinds.has(name)) filters.push({ kind: 'is', what: name });
      else return this.#text.slice(start, this.#at);
      return '';
    }
    if (name === 'contains') {
      this.#at++;
      this.#skipSpace();
      const text = this.#quoted() ?? this.#take(/[^)]*/y)?.trim() ?? '';
      this.#skipSpace();
      this.#expect(')');
      filters.push({ kind: 'contains', text });
      return '';
    }
    const inner = this.#brackets();
    if (positional.has(name)) {
      const index = Number(inner.trim());
      if (!Number.isInteger(index)) throw this.#refuse(`":${name}" needs a whole number`);
      filters.push({ kind: name === 'gt' || name === 'lt' ? name : 'eq', index });
      return '';
    }
    if (name === 'has' || name === 'not') {
      filters.push({ kind: name, steps: new SelectorText(inner).alternatives() });
      return '';
    }
    return this.#text.slice(start, this.#at);
  }

  /** The text between brackets that may be nested; stands behind them afterwards. */
  #brackets(): string {
    const start = ++this.#at;
    for (let depth = 1; depth > 0; this.#at++) {
      const sign = this.#text[this.#at];
      if (sign === undefined) this.#fail();
      if (sign === '(') depth++;
      else if (sign === ')') depth--;
      else if (sign === '"' || sign === "'") {
        this.#quoted();
        this.#at--;
      }
    }
    return this.#text.slice(start, this.#at - 1);
  }

  #quoted(): string | undefined {
    const quote = this.#text[this.#at];
    if (quote !== '"' && quote !== "'") return undefined;
    let value = '';
    for (this.#at++; this.#text[this.#at] !== quote; this.#at++) {
      if (this.#text[this.#at] === '\\') this.#at++;
      const letter = this.#text[this.#at];
      if (letter === undefined) this.#fail();
      value += letter;
    }
    this.#at++;
    return value;
  }

  #take(expression: RegExp): string | undefined {
    expression.lastIndex = this.#at;
    const found = expression.exec(this.#text)?.[0];
    if (found === undefined || found === '') return undefined;
    this.#at += found.length;
    return found;
  }

  #skipSpace(): boolean {
    return this.#take(/\s+/y) !== undefined;
  }

  #expect(sign: string): void {
    if (this.#text[this.#at++] !== sign) this.#fail();
  }

  #fail(): never {
    throw this.#refuse(
      this.#at >= this.#text.length
        ? 'it ends too early'
        : `it cannot be read from character ${this.#at + 1} on`,
    );
  }

  #refuse(reason: string): ActionError {
    return invalid(this.#text, reason, 'Correct the selector.');
  }
}

/** A text as CSS writes it in quotes. */
function cssText(text: string): string {
  const escaped = text
    .replace(/["\\]/g, '\\$&')
    .replace(/[\n\r\f]/g, (letter) => `\\${letter.charCodeAt(0).toString(16)} `);
  return `"${escaped}"`;
}

function invalid(text: string, reason: string, nextStep: string): ActionError {
  return new ActionError('InvalidArgument', `The selector "${text}" cannot be used: ${reason}.`, nextStep);
}

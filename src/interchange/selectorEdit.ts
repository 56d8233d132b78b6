// The selectors of UI elements as texts that people edit, and a repository with one of them changed. Everything else of the file stays as
// it is written. What a selector finds is decided in desktop/.
import { applyEdits } from '../language/edits/edit.ts';
import { escapeString, isTrue, items, type JsonNode, member, readJson, stringValue } from './json.ts';
import { selectorText } from './repository.ts';

/** One selector of an element, or of a screen (then `element` is undefined). */
export interface EditableSelector {
  readonly screen: string;
  readonly element: string | undefined;
  /** Which of its selectors, from 0, switched-off ones included. */
  readonly index: number;
  readonly text: string;
}

/** All that are switched on and are no pictures; of a damaged text, those before the damage. */
export function editableSelectors(text: string): EditableSelector[] {
  const found: EditableSelector[] = [];
  const add = (node: JsonNode, screen: string, element: string | undefined) => {
    for (const [index, selector] of items(member(node, 'Selectors')).entries()) {
      if (isTrue(text, member(selector, 'Ignore')) || isTrue(text, member(selector, 'IsImageBased')))
        continue;
      found.push({ screen, element, index, text: selectorText(text, selector) });
    }
  };
  for (const screen of items(member(readJson(text).root, 'Screens'))) {
    const name = stringValue(text, member(screen, 'Name'));
    if (name === undefined) continue;
    add(screen, name, undefined);
    for (const control of items(member(screen, 'Controls'))) {
      const element = stringValue(text, member(control, 'Name'));
      if (element !== undefined) add(control, name, element);
    }
  }
  return found;
}

/** The repository with the selector as a person wrote it. Undefined when there is no such selector. */
export function withSelector(
  text: string,
  { screen, element, index, text: selector }: EditableSelector,
): string | undefined {
  const named = (nodes: readonly JsonNode[], name: string) =>
    nodes.find((node) => stringValue(text, member(node, 'Name')) === name);
  const owner = named(items(member(readJson(text).root, 'Screens')), screen);
  const node = element === undefined ? owner : named(items(member(owner, 'Controls')), element);
  const stored = items(member(node, 'Selectors'))[index];
  const custom = member(stored, 'CustomSelector');
  const isCustom = member(stored, 'IsCustom');
  if (custom === undefined || isCustom === undefined) return undefined;
  return applyEdits(text, [
    { start: custom.start, end: custom.end, text: `"${escapeString(selector)}"` },
    { start: isCustom.start, end: isCustom.end, text: 'true' },
  ]);
}

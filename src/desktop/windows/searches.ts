// Searches of UI Automation, made once and used for every look for the same level: the condition that programs filter by themselves, and the
// values that come along. Conditions leave out only what the level surely does not match.
import type { Automation, CacheRequest, Condition, PropertyName } from '../../win32/uiAutomation.ts';
import { controlTypeOf } from '../controls.ts';
import type { SelectorAttribute, SelectorLevel } from '../selector.ts';
import { levelText } from '../selectorText.ts';

export interface Search {
  readonly condition: Condition;
  readonly request: CacheRequest;
  readonly properties: ReadonlySet<PropertyName>;
}

/** Those that were not used for longest are given back. */
const searchLimit = 64;

export class Searches {
  readonly #automation: Automation;
  readonly #known = new Map<string, Search>();

  constructor(automation: Automation) {
    this.#automation = automation;
  }

  of(level: SelectorLevel | undefined, properties: readonly PropertyName[]): Search {
    const key = `${level === undefined ? '' : levelText(level)}\n${properties.join()}`;
    const known = this.#known.get(key);
    if (known !== undefined) {
      this.#known.delete(key);
      this.#known.set(key, known);
      return known;
    }
    const search: Search = {
      condition: this.#conditionOf(level),
      request: this.#automation.cacheRequest({ properties }),
      properties: new Set(properties),
    };
    this.#known.set(key, search);
    const [oldest] = this.#known;
    if (this.#known.size > searchLimit && oldest !== undefined) {
      this.#known.delete(oldest[0]);
      give(oldest[1]);
    }
    return search;
  }

  release(): void {
    for (const search of this.#known.values()) give(search);
    this.#known.clear();
  }

  #conditionOf(level: SelectorLevel | undefined): Condition {
    const automation = this.#automation;
    // The request itself keeps a search to the control view.
    const parts: Condition[] = [];
    const type = level === undefined ? undefined : controlTypeOf(level.element);
    if (type !== undefined) parts.push(automation.where('controlType', type));
    for (const attribute of level?.attributes ?? []) {
      const property = exactProperty(attribute);
      if (property !== undefined) parts.push(automation.where(property, attribute.value));
    }
    if (parts.length === 0) return automation.everything();
    return parts.reduce((all, part) => {
      const both = automation.both(all, part);
      all.release();
      part.release();
      return both;
    });
  }
}

function give({ condition, request }: Search): void {
  condition.release();
  request.release();
}

/** Attributes that Windows compares just as a selector does. */
function exactProperty({ name, operator, value }: SelectorAttribute): PropertyName | undefined {
  if (operator.toLowerCase() !== 'equalto' || value === '') return undefined;
  const key = name.toLowerCase();
  return key === 'name' ? 'name' : key === 'id' ? 'automationId' : undefined;
}

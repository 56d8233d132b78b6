// “Did you mean …?” for a whole check: remembers what it found and searches only so often, because one search compares with every
// candidate and a text may hold thousands of different mistakes.
import { nearestAction } from '../catalog/catalog.ts';
import { nearest } from '../nearest.ts';

const mostSearches = 100;

export class Suggestions {
  readonly #known = new Map<object, Map<string, string | undefined>>();
  #searches = 0;

  /** The candidate nearest to `name`. `owner` stands for the candidates: the same object means the same ones. */
  near(owner: object, name: string, candidates: () => Iterable<string>): string | undefined {
    return this.#remember(owner, name, () => nearest(name, candidates()));
  }

  action(id: string): string | undefined {
    return this.#remember(this, id, () => nearestAction(id));
  }

  #remember(owner: object, name: string, search: () => string | undefined): string | undefined {
    let known = this.#known.get(owner);
    if (known === undefined) {
      known = new Map();
      this.#known.set(owner, known);
    }
    const key = name.toLowerCase();
    if (!known.has(key)) {
      if (this.#searches >= mostSearches) return undefined;
      this.#searches++;
      known.set(key, search());
    }
    return known.get(key);
  }
}

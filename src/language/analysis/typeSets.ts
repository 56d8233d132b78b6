// Sets of types a value may have, and how they are joined. Small, shared and compared by identity, because every place of a flow
// has one for every variable it reads.
import { valueType } from './properties.ts';
import type { ValueType } from './types.ts';

export interface TypeSet {
  /** Empty for `noTypes` and for `anyType`. */
  readonly types: readonly ValueType[];
}

/** No value at all: of a place that nothing reaches, or of a variable that never got one. */
export const noTypes: TypeSet = { types: [] };

/** The type is not known, and so is every union with it. */
export const anyType: TypeSet = { types: [] };

/** A value that may have more different types than this has no useful type. */
const mostTypes = 4;
/** Lists in lists in lists …: from here on the items are unknown, so that types cannot grow for ever. */
const deepestItem = 3;

/** The list without items: it becomes a list of whatever is added to it. For people it is just a list. */
export const emptyList: ValueType = { name: 'List' };

const singles = new Map<ValueType, TypeSet>();
const unions = new Map<TypeSet, Map<TypeSet, TypeSet>>();

/** The set of one type; `anyType` for an unknown one. */
export function only(type: ValueType | undefined): TypeSet {
  if (type === undefined) return anyType;
  let set = singles.get(type);
  if (set === undefined) {
    set = { types: [type] };
    singles.set(type, set);
  }
  return set;
}

export function union(a: TypeSet, b: TypeSet): TypeSet {
  if (a === b || b === noTypes) return a;
  if (a === noTypes) return b;
  if (a === anyType || b === anyType) return anyType;
  let known = unions.get(a);
  if (known === undefined) {
    known = new Map();
    unions.set(a, known);
  }
  let set = known.get(b);
  if (set === undefined) {
    set = merge(a, b);
    known.set(b, set);
  }
  return set;
}

function merge(a: TypeSet, b: TypeSet): TypeSet {
  const types = [...a.types];
  for (const type of b.types) {
    const same = types.findIndex((known) => known.name === type.name);
    if (same < 0) types.push(type);
    else types[same] = mergeSameName(types[same] as ValueType, type);
  }
  if (types.length > mostTypes) return anyType;
  if (types.length === 1) return only(types[0]);
  types.sort((x, y) => (x.name < y.name ? -1 : 1));
  const spelled = types.map((type) => (type === emptyList ? '[]' : spelling(type))).join('|');
  const known = bySpelling.get(spelled);
  if (known !== undefined) return known;
  const set: TypeSet = { types };
  bySpelling.set(spelled, set);
  return set;
}

const bySpelling = new Map<string, TypeSet>();

const spelling = (type: ValueType): string =>
  type.item === undefined ? type.name : `${type.name}<${spelling(type.item)}>`;

/** Two lists are a list of what both have in them, when that is the same. */
function mergeSameName(a: ValueType, b: ValueType): ValueType {
  if (a === b || b === emptyList) return a;
  if (a === emptyList) return b;
  if (a.name !== 'List' || a.item === undefined || b.item === undefined) return valueType(a.name);
  return a.item.name === b.item.name ? listOf(mergeSameName(a.item, b.item)) : valueType('List');
}

/** A list with items of a type, or with items nobody knows. */
export function listOf(item: ValueType | undefined): ValueType {
  let depth = 0;
  for (let inner = item; inner !== undefined; inner = inner.item) depth++;
  if (depth > deepestItem) return valueType('List');
  return valueType('List', item === emptyList ? valueType('List') : item);
}

/** The list that `list` becomes when something that may have the types of `added` is put into it. */
export function withItem(list: ValueType, added: TypeSet): ValueType {
  let result = list;
  if (added === anyType) return valueType('List');
  for (const type of added.types) result = mergeSameName(result, listOf(type));
  return result;
}

/** `change` for each type of a set, joined; unknown for an unknown one. */
export function mapTypes(set: TypeSet, change: (type: ValueType) => TypeSet): TypeSet {
  if (set === anyType) return anyType;
  let result = noTypes;
  for (const type of set.types) result = union(result, change(type));
  return result;
}

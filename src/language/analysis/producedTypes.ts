// The types of what a statement puts into a variable. Facts about one statement alone are remembered with it.

import { findAction } from '../catalog/catalog.ts';
import type { ActionCall, Argument, Expression } from '../syntax/tree.ts';
import { addedTypes, expressionTypes, itemTypes, type ReadTypes } from './expressionTypes.ts';
import { catalogType, outputType, valueType } from './properties.ts';
import { anyType, emptyList, mapTypes, noTypes, only, type TypeSet, withItem } from './typeSets.ts';
import type { ValueType } from './types.ts';
import type { Producer, Use } from './uses.ts';

/** What a producer gives: always the same `types`, or those it computes from variables and, for a change, from what was there. */
export interface Given {
  readonly types: TypeSet | undefined;
  /** It depends on the variables that the statement reads. */
  readonly reads: boolean;
  /** It depends on the value before. */
  readonly changes: boolean;
  compute(read: ReadTypes, before: TypeSet): TypeSet;
}

const remembered = new WeakMap<Producer, Given>();

/** What the write `use` gives; `producer` is its producer. */
export function givenBy(producer: Producer, use: Use): Given {
  let given = remembered.get(producer);
  if (given === undefined) {
    given = analyse(producer, use);
    remembered.set(producer, given);
  }
  return given;
}

const number = always(only(valueType('Number')));
const error = always(only(valueType('Error')));
const unknown = always(anyType);

function always(types: TypeSet): Given {
  return { types, reads: false, changes: false, compute: () => types };
}

function analyse(producer: Producer, use: Use): Given {
  switch (producer.kind) {
    case 'set':
      return computed((read) => expressionTypes(producer.value, read), false);
    case 'forEach':
      return computed((read) => itemTypes(expressionTypes(producer.source, read)), false);
    case 'loopIndex':
      return number;
    case 'lastError':
      return error;
    case 'subflowOutput':
      return unknown;
    case 'output': {
      const { call, output } = producer;
      if (use.role === 'change') return computed((_, before) => withUnknownPart(before), true);
      if (output.dynamic) return unknown;
      const type = outputType(call.id, output.name.text);
      const made = findAction(call.id)?.definition.id === 'Variables.CreateNewList' ? emptyList : type;
      return always(only(made));
    }
    case 'part': {
      const { statement } = use;
      const direct = statement?.kind === 'Set' && pathLength(statement.target) === 1;
      return computed(
        (read, before) =>
          direct ? withPart(before, expressionTypes(producer.value, read)) : withUnknownPart(before),
        true,
      );
    }
    case 'change':
      return changedBy(producer.call, producer.argument);
  }
}

/** Finds out by trying whether the types depend on any variable. */
function computed(compute: Given['compute'], changes: boolean): Given {
  let reads = false;
  const types = compute(() => {
    reads = true;
    return anyType;
  }, anyType);
  if (!reads && !changes) return always(types);
  return { types: undefined, reads, changes, compute };
}

function changedBy(call: ActionCall, argument: Argument): Given {
  const action = findAction(call.id)?.definition;
  const name = argument.name.text.toLowerCase();
  const declared = catalogType(
    action?.arguments.find((known) => known.name.toLowerCase() === name)?.type ?? '',
  );
  if (declared === undefined) return computed((_, before) => before, true);
  if (declared.name !== 'List') return always(only(declared));
  const added =
    action?.id === 'Variables.AddItemToList'
      ? call.args.find((other) => other.name.text.toLowerCase() === 'item')?.value
      : undefined;
  return computed((read, before) => {
    const list = listIn(before);
    if (added === undefined) return only(list);
    const item = addedTypes(expressionTypes(added, read));
    return item === noTypes ? noTypes : only(withItem(list, item));
  }, true);
}

/** What a list action found there: without a list the action would fail, without anything it makes one. */
function listIn(before: TypeSet): ValueType {
  if (before === noTypes) return emptyList;
  return before.types.find((type) => type.name === 'List') ?? valueType('List');
}

/** After `List[0] = part`. */
function withPart(before: TypeSet, part: TypeSet): TypeSet {
  if (part === noTypes) return noTypes;
  return mapTypes(before, (type) => only(type.name === 'List' ? withItem(type, part) : type));
}

function withUnknownPart(before: TypeSet): TypeSet {
  return mapTypes(before, (type) => only(type.name === 'List' ? valueType('List') : type));
}

/** How many properties and indexes lead to a target: 1 for `List[0]`. */
function pathLength(target: Expression): number {
  let length = 0;
  for (let step = target; step.kind === 'Index' || step.kind === 'Member'; step = step.target) {
    if (
      step.kind === 'Member' &&
      step.target.kind === 'Name' &&
      step.target.name.toLowerCase() === 'global'
    ) {
      break;
    }
    length++;
  }
  return length;
}

// The type of an expression, given the types of the variables in it. Where the language leaves it open, it is unknown.
import type { BinaryExpression, Expression, Node } from '../syntax/tree.ts';
import { findFunction, findProperty, valueType } from './properties.ts';
import { anyType, emptyList, mapTypes, noTypes, only, type TypeSet, withItem } from './typeSets.ts';
import type { ValueType } from './types.ts';
import { constantText } from './uses.ts';

/** Types of the variable at a place: `node` is the name (of `GLOBAL.x` the `x`), or the literal of Power Fx it stands in. */
export type ReadTypes = (node: Node, name: string) => TypeSet;

const text = only(valueType('Text'));
const number = only(valueType('Number'));
const truth = only(valueType('Boolean'));
const datetime = only(valueType('Datetime'));
const table = only(valueType('Datatable'));
const row = only(valueType('Datarow'));
const object = only(valueType('Custom object'));
const element = only(valueType('UI element'));
const image = only(valueType('Image'));

/** The types an expression may have. `noTypes` when it reads a variable that has no value. */
export function expressionTypes(expression: Expression, read: ReadTypes): TypeSet {
  switch (expression.kind) {
    case 'Number':
      return number;
    case 'Boolean':
      return truth;
    case 'Text':
    case 'Encrypted':
      return text;
    case 'Interpolated': {
      // `$'''%value%'''` alone passes the value on as it is.
      const [part] = expression.parts;
      return expression.parts.length === 1 && part?.kind === 'Interpolation'
        ? expressionTypes(part.expression, read)
        : text;
    }
    case 'PowerFx':
      return powerFxTypes(expression.value, expression, read);
    case 'Datetime':
      return datetime;
    case 'Name':
      return read(expression, expression.name);
    case 'Member': {
      const { target, name } = expression;
      if (target.kind === 'Name' && target.name.toLowerCase() === 'global') return read(name, name.text);
      return mapTypes(expressionTypes(target, read), (type) => propertyTypes(type, name.text));
    }
    case 'Index':
      return repositoryTypes(expression) ?? indexTypes(expression, read);
    case 'Slice':
      return mapTypes(expressionTypes(expression.target, read), (type) =>
        type.name === 'List' || type.name === 'Datatable' ? only(type) : anyType,
      );
    case 'Call':
      return only(findFunction(expression.name.text)?.type);
    case 'Unary':
      return expression.operator === 'NOT' ? truth : number;
    case 'Binary':
      return binaryTypes(expression, read);
    case 'Parenthesized':
      return expressionTypes(expression.inner, read);
    case 'List': {
      let list = emptyList;
      for (const item of expression.items) {
        const added = expressionTypes(item, read);
        if (added === noTypes) return noTypes;
        list = withItem(list, added);
      }
      return only(list);
    }
    case 'Table':
      return table;
    case 'Object':
      return object;
    default:
      return anyType;
  }
}

/** The types of the items when one loops over a value. */
export function itemTypes(source: TypeSet): TypeSet {
  return mapTypes(source, (type) => {
    if (type.name === 'List') return only(type.item);
    return type.name === 'Datatable' ? row : anyType;
  });
}

/** The types of what is put into a list when `added` is added to it: of a list, its items. */
export function addedTypes(added: TypeSet): TypeSet {
  return mapTypes(added, (type) => {
    if (type === emptyList) return noTypes;
    return type.name === 'List' ? only(type.item) : only(type);
  });
}

function propertyTypes(type: ValueType, name: string): TypeSet {
  return only(findProperty(type.name, name)?.type);
}

function indexTypes({ target, index }: Expression & { kind: 'Index' }, read: ReadTypes): TypeSet {
  const name = constantText(index);
  return mapTypes(expressionTypes(target, read), (type) => {
    if (name !== undefined) return propertyTypes(type, name);
    if (type.name === 'List') return only(type.item);
    return type.name === 'Datatable' ? row : anyType;
  });
}

/** `appmask['Screen']['Element']` and `imgrepo['Image']`. */
function repositoryTypes(expression: Expression & { kind: 'Index' }): TypeSet | undefined {
  let step: Expression = expression;
  while (step.kind === 'Index') step = step.target;
  const name = step.kind === 'Name' ? step.name.toLowerCase() : '';
  return name === 'appmask' ? element : name === 'imgrepo' ? image : undefined;
}

function binaryTypes(expression: BinaryExpression, read: ReadTypes): TypeSet {
  switch (expression.operator) {
    case '*':
    case '/':
    case 'MOD':
      return number;
    case '+':
    case '-': {
      const left = expressionTypes(expression.left, read);
      const right = expressionTypes(expression.right, read);
      return expression.operator === '+' ? sumTypes(left, right) : differenceTypes(left, right);
    }
    default:
      return truth;
  }
}

/** `+` appends to a list or table, else joins texts when one side is a text, else adds numbers. */
function sumTypes(left: TypeSet, right: TypeSet): TypeSet {
  if (right === noTypes) return noTypes;
  return mapTypes(left, (type) => {
    if (type.name === 'List') return only(withItem(type, addedTypes(right)));
    if (type.name === 'Datatable') return table;
    if (type.name === 'Text') return text;
    return mapTypes(right, (other) => {
      if (other.name === 'Text') return text;
      return type.name === 'Number' && other.name === 'Number' ? number : anyType;
    });
  });
}

function differenceTypes(left: TypeSet, right: TypeSet): TypeSet {
  if (left === noTypes || right === noTypes) return noTypes;
  const numeric = ({ types }: TypeSet) => types.some((type) => type.name === 'Number');
  const other = ({ types }: TypeSet) => types.some((type) => type.name !== 'Number' && type.name !== 'Text');
  return (numeric(left) || numeric(right)) && !other(left) && !other(right) ? number : anyType;
}

/** Texts without `=` are texts; of the expressions only constants and lone names are understood. */
function powerFxTypes(value: string, literal: Node, read: ReadTypes): TypeSet {
  if (!value.startsWith('=')) return text;
  const formula = value.slice(1).trim();
  if (/^-?\d+(\.\d+)?$/.test(formula)) return number;
  if (/^"([^"]|"")*"$/.test(formula)) return text;
  if (formula === 'true' || formula === 'false') return truth;
  return /^[\p{L}_][\p{L}\p{N}_]*$/u.test(formula) ? read(literal, formula) : anyType;
}

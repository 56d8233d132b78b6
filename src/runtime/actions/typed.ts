// Arguments of the types that ActionArguments has no getter for. A value that does not fit is the argument's error, as with its getters.
import { type ActionArguments, ActionError } from '../action.ts';
import { describe, toDatetime } from '../convert.ts';
import { LogicError } from '../errors.ts';
import { Datarow, Datatable, type FlowDatetime, InstanceValue } from '../values.ts';

/** A table, or a row as a table of its own. Throws `InvalidArgument`. */
export function tableArgument(args: ActionArguments, name = 'DataTable'): Datatable {
  const value = args.value(name);
  if (value instanceof Datatable) return value;
  if (value instanceof Datarow) return new Datatable([...value.table.columns], [value.cells]);
  throw new ActionError(
    'InvalidArgument',
    `${describe(value)} cannot be used for the argument "${name}", which expects a data table.`,
    'Check what the variable holds at this point; "Create new data table" makes a table.',
  );
}

/** A datetime, or a text that spells one. Throws `InvalidArgument`. */
export function datetimeArgument(args: ActionArguments, name: string): FlowDatetime {
  const value = args.value(name);
  try {
    return toDatetime(value);
  } catch (error) {
    if (!(error instanceof LogicError)) throw error;
    throw new ActionError(
      'InvalidArgument',
      `${describe(value)} cannot be used for the argument "${name}", which expects a date.`,
      'Convert the text with "Convert text to datetime" first, and say there which format it has.',
      { cause: error },
    );
  }
}

/**
 * What an instance argument holds, when it is of class `type`. `expected` names it for people: `an Excel instance`. Throws
 * `InvalidArgument`.
 */
export function instanceArgument<T extends object>(
  args: ActionArguments,
  name: string,
  type: abstract new (...given: never[]) => T,
  expected: string,
): T {
  const value = args.value(name);
  if (value instanceof InstanceValue && value.resource instanceof type) return value.resource;
  throw new ActionError(
    'InvalidArgument',
    `${describe(value)} cannot be used for the argument "${name}", which expects ${expected}.`,
    'Give the variable that the action which opened it produced.',
  );
}

// Properties that a value of a settled type does not have.
import type { Body } from '../analysis/binder.ts';
import { findProperty, propertiesAreKnown, propertiesOf } from '../analysis/properties.ts';
import type { MemberAccess, Statement } from '../syntax/tree.ts';
import type { Context } from './context.ts';
import { meaningMessages as say } from './findings.ts';

/** Only where the value can have one type alone, and all properties of that type are known. */
export function checkProperty(
  { model, report, suggestions }: Context,
  { target, name }: MemberAccess,
  statement: Statement,
  { subflow }: Body,
): void {
  if (target.kind === 'Name' && target.name.toLowerCase() === 'global') return;
  const type = model.types.typeOf(target, statement, subflow)?.name;
  if (type === undefined || !propertiesAreKnown(type) || findProperty(type, name.text) !== undefined) return;
  const known = propertiesOf(type).map((property) => property.name);
  const near = suggestions.near(propertiesOf(type), name.text, () => known);
  report.add(name, say.propertyUnknown(type, name.text, known, near));
}

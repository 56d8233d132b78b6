// Flows that run other flows: what they give and take, and circles. Only for called flows that are known.
import type { BoundUse } from '../analysis/binder.ts';
import { constantText } from '../analysis/uses.ts';
import type { ActionCall } from '../syntax/tree.ts';
import { effects } from '../syntax/walk.ts';
import { idOf, unknownNames } from './actions.ts';
import type { Context } from './context.ts';
import { meaningMessages as say } from './findings.ts';

export function checkRuns(context: Context): void {
  for (const symbol of context.model.binding.symbols('flow')) {
    for (const use of symbol.uses) checkRun(context, use);
  }
}

function checkRun({ model, report, suggestions }: Context, { name: id, node, statement }: BoundUse): void {
  if (statement === undefined) return;
  const shown = statement.meta.find(({ key }) => key.text.toLowerCase() === 'flowname');
  const flowName = shown === undefined ? undefined : constantText(shown.value);
  const { surroundings } = model;
  const circle = surroundings.circle(id, flowName);
  if (circle !== undefined) report.add(node, say.flowCircle(circle));

  const flow = surroundings.flow(id, flowName);
  const call = effects(statement).find(({ action }) => isRun(action?.call))?.action?.call;
  if (flow === undefined || call === undefined) return;
  const args = call.args.filter(({ dynamic }) => dynamic);
  const outputs = call.outputs.filter(({ dynamic }) => dynamic);
  const names = (parameters: typeof flow.inputs) =>
    parameters.flatMap(({ name, externalName }) =>
      name.toLowerCase() === externalName.toLowerCase() ? [{ name }] : [{ name }, { name: externalName }],
    );
  for (const { at, name, near } of unknownNames(args, names(flow.inputs), suggestions)) {
    report.add(at, say.runInputUnknown(flow.name, name, near));
  }
  for (const { at, name, near } of unknownNames(outputs, names(flow.outputs), suggestions)) {
    report.add(at, say.runOutputUnknown(flow.name, name, near));
  }
  const given = new Set(args.map((argument) => argument.name.text.toLowerCase()));
  const missing = flow.inputs.filter(
    ({ optional, name, externalName }) =>
      !optional && !given.has(name.toLowerCase()) && !given.has(externalName.toLowerCase()),
  );
  if (missing.length > 0) {
    const wanted = missing.map(({ externalName }) => externalName);
    report.add(idOf(call), say.runInputMissing(flow.name, wanted));
  }
}

const isRun = (call: ActionCall | undefined): boolean => call?.id.toLowerCase() === 'external.runflow';

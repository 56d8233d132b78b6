// The declarations in the head of a flow: names given twice, and defaults that do not fit.
import { unfitDefault } from '../analysis/flow.ts';
import type { Context } from './context.ts';
import { meaningMessages as say } from './findings.ts';

export function checkParameters({ model, report }: Context): void {
  const { parameters } = model.file.header;
  if (parameters.length === 0) return;
  const { info } = model;
  const names = new Set<string>();
  for (const parameter of parameters) {
    const key = parameter.name.text.toLowerCase();
    if (names.has(key)) report.add(parameter.name, say.parameterTwice(parameter.name.text));
    names.add(key);
  }
  for (const direction of ['input', 'output'] as const) {
    const declared = parameters.filter((parameter) => parameter.direction === direction);
    const described = direction === 'input' ? info.inputs : info.outputs;
    const externalNames = new Map<string, string>();
    declared.forEach((parameter, i) => {
      const { externalName, name, type } = described[i] as (typeof described)[number];
      const key = externalName.toLowerCase();
      const other = externalNames.get(key);
      if (other !== undefined && other !== name.toLowerCase()) {
        report.add(parameter.name, say.parameterTwice(externalName));
      }
      externalNames.set(key, name.toLowerCase());
      const unfit = unfitDefault(parameter);
      if (unfit !== undefined) report.add(unfit, say.defaultUnfit(externalName, type));
    });
  }
}

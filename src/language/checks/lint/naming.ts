// Names that mislead: one name in two spellings, and names that say nothing.
import type { FlowSymbol } from '../../analysis/binder.ts';
import { isPowerFx } from '../../analysis/dialect.ts';
import type { Context } from '../context.ts';
import { rule } from '../findings.ts';

export function checkNames({ model, report }: Context): void {
  const powerFx = isPowerFx(model.file);
  if (!report.skips('NameSpelling')) {
    for (const kind of ['variable', 'subflow', 'label'] as const) {
      for (const symbol of model.binding.symbols(kind)) checkSpelling(symbol);
    }
  }
  if (!report.skips('NameMeaningless')) {
    for (const symbol of model.binding.symbols('variable')) checkMeaning(symbol);
  }

  /** One remark for each name, where it is first spelled differently. Designers from 2.43 on tell case apart in flows with Power Fx. */
  function checkSpelling({ name, uses }: FlowSymbol): void {
    const others = uses.filter((use) => use.name !== name && !use.loose);
    const [other] = others.sort((a, b) => a.node.start - b.node.start);
    if (other === undefined) return;
    const message = powerFx
      ? `“${other.name}” is not “${name}”: letter case counts in a flow with Power Fx.`
      : `“${other.name}” is the same name as “${name}”: letter case does not count.`;
    report.add(other.node, rule('NameSpelling', message, name));
  }

  function checkMeaning({ name, uses, parameter }: FlowSymbol): void {
    const made = uses.find(({ role }) => role === 'write' || role === 'declare');
    const counts = made?.producer?.kind === 'loopIndex' || made?.producer?.kind === 'forEach';
    if (made === undefined || counts || parameter !== undefined || !/^(?:.|NewVar\d*)$/iu.test(name)) return;
    const message = `“${name}” does not say what it holds.`;
    report.add(made.node, rule('NameMeaningless', message));
  }
}

// UI elements and images that do not exist: in the repository files of the flow, or in a few pasted lines that bring none along.
import type { FlowSymbol } from '../analysis/binder.ts';
import type { Context } from './context.ts';
import { meaningMessages as say } from './findings.ts';

export function checkRepositories(context: Context): void {
  checkScreens(context);
  checkImages(context);
}

function checkScreens({ model, report, suggestions, whole }: Context): void {
  const { screens } = model.surroundings;
  const known = new Map(screens?.map((screen) => [screen.name.toLowerCase(), screen]));
  for (const symbol of model.binding.symbols('screen')) {
    if (screens === undefined) bringAlong(symbol);
    else if (!known.has(symbol.name.toLowerCase())) {
      const near = suggestions.near(screens, symbol.name, () => screens.map((screen) => screen.name));
      for (const { node } of symbol.uses) report.add(node, say.uiElementUnknown(symbol.name, near));
    }
  }
  if (screens === undefined) return;
  for (const symbol of model.binding.symbols('element')) {
    const [screenKey = '', elementKey = ''] = symbol.uses[0]?.key.split('\n') ?? [];
    const screen = known.get(screenKey);
    // A missing screen has been reported; its elements are missing with it.
    if (screen === undefined || screen.elements.some((name) => name.toLowerCase() === elementKey)) continue;
    const near = suggestions.near(screen, symbol.name, () => screen.elements);
    for (const { node } of symbol.uses) report.add(node, say.uiElementUnknown(symbol.name, near));
  }

  /** Pasted lines need an attachment with the elements they use. */
  function bringAlong({ name, uses }: FlowSymbol): void {
    if (whole) return;
    for (const { node, key } of uses) {
      report.missing(node, say.uiElementUnknown(name), 'surrounding', key);
    }
  }
}

function checkImages({ model, report, suggestions, whole }: Context): void {
  const { images } = model.surroundings;
  const known = new Set(images?.map((name) => name.toLowerCase()));
  for (const { name, uses } of model.binding.symbols('image')) {
    if (known.has(name.toLowerCase())) continue;
    const near = images === undefined ? undefined : suggestions.near(images, name, () => images);
    for (const { node, key } of uses) {
      if (images !== undefined) report.add(node, say.imageUnknown(name, near));
      else if (!whole) report.missing(node, say.imageUnknown(name), 'surrounding', key);
    }
  }
}

// Renaming a named thing in one flow: what may be renamed, which names are possible, and the edits. Refuses, with a sentence that
// says how to go on, whatever would change the meaning of the flow. Other files are the server's business.
import type { Body, BoundUse, FlowSymbol } from '../analysis/binder.ts';
import { usesWhenEnabled } from '../analysis/disabledRows.ts';
import type { FlowModel } from '../analysis/model.ts';
import { declarationsOf, type Named, namedAt, namePlaces } from '../analysis/named.ts';
import { namesInPowerFx } from '../analysis/powerFx.ts';
import { constantText, type Use, usesOf } from '../analysis/uses.ts';
import { isModule } from '../catalog/catalog.ts';
import { parse } from '../syntax/parser.ts';
import type { FlowFile, FlowParameter, Node } from '../syntax/tree.ts';
import { eachStatement } from '../syntax/walk.ts';
import type { TextEdit } from './edit.ts';
import { isPlainName, isWord, quoted, rewrittenText, writtenName } from './literals.ts';

/** Why something cannot be renamed, and what to do instead. */
export interface Refusal {
  readonly refused: string;
}

export interface Renaming {
  readonly symbol: FlowSymbol;
  /** The name under the caret, without quotes. */
  readonly range: Node;
}

/** What a rename at the offset would rename; undefined where nothing is named. */
export function renamingAt({ binding }: FlowModel, offset: number): Renaming | Refusal | undefined {
  const named = namedAt(binding, offset);
  if (named === undefined) return undefined;
  if (named.kind !== 'symbol') return { refused: fixedName(named) };
  const { use } = named;
  if (use.callee !== undefined && binding.subflow(use.callee.text) === undefined) {
    return {
      refused: `“${use.name}” belongs to the subflow “${use.callee.text}”, which is not in this text. Rename it where the subflow stands.`,
    };
  }
  if (use.symbol.kind === 'variable' && use.symbol.uses.every((other) => other.likeEnum)) {
    return { refused: `“${use.name}” is a module of actions, not a variable. Its name cannot be changed.` };
  }
  return { symbol: use.symbol, range: named.range };
}

function fixedName(named: Exclude<Named, { readonly kind: 'symbol' }>): string {
  switch (named.kind) {
    case 'action':
      return `“${named.call.id}” is an action of Power Automate. Its name cannot be changed.`;
    case 'enumMember':
      return `“${named.type}.${named.member}” is a choice that an action offers. Its name cannot be changed.`;
    case 'flowParameter':
      return `“${named.argument.name.text}” is the external name of an input or output of the flow that is run. Change it in that flow, then here.`;
  }
}

/**
 * The edits of this text that give `symbol` another name, in no particular order. Disabled rows are renamed too. Of a UI element or
 * image these are the mentions in the flow; of a called flow there are none (its file is renamed).
 */
export function renameEdits(
  model: FlowModel,
  symbol: FlowSymbol,
  newName: string,
): readonly TextEdit[] | Refusal {
  const { file } = model;
  const refusal = unfitName(symbol, newName) ?? collision(model, symbol, newName);
  if (refusal !== undefined) return { refused: refusal };
  if (symbol.kind === 'flow') return [];
  const edits: TextEdit[] = [];
  for (const use of symbol.uses) {
    const unsafe = unsafeUse(file, use, newName);
    if (unsafe !== undefined) return { refused: unsafe };
    // With an unknown callee, nobody knows whose variable it is.
    if (use.callee !== undefined && model.binding.subflow(use.callee.text) === undefined) continue;
    edits.push(...editsOf(file.text, use, use.node, newName));
  }
  if (symbol.parameter !== undefined && symbol.name.toLowerCase() !== newName.toLowerCase()) {
    edits.push(...keepExternalName(symbol.parameter));
  }
  edits.push(...disabledEdits(model, symbol, newName));
  return edits;
}

/**
 * The mentions of a shared variable in a text outside of the flow that holds `%…%` expressions, as the selectors of UI elements do.
 * Only what reads as an expression counts: in other texts, percent signs stand for themselves.
 */
export function mentionsInPercents(text: string, { kind, name, owner }: FlowSymbol): readonly Node[] {
  if (kind !== 'variable' || owner !== undefined) return [];
  const key = name.toLowerCase();
  const found: Node[] = [];
  const places = new Map<string, readonly Node[]>();
  for (const percents of text.matchAll(/%[^%"\r\n]{0,500}%/g)) {
    const expression = percents[0].slice(1, -1);
    if (!expression.toLowerCase().includes(key)) continue;
    let within = places.get(expression);
    if (within === undefined) {
      within = mentionsInExpression(expression, key);
      places.set(expression, within);
    }
    const shift = percents.index + 1;
    for (const { start, end } of within) found.push({ start: start + shift, end: end + shift });
  }
  return found;
}

function mentionsInExpression(expression: string, key: string): Node[] {
  const start = 'SET a TO ';
  const { main, diagnostics } = parse(start + expression);
  const [statement] = main;
  if (statement?.kind !== 'Set' || diagnostics.length > 0) return [];
  return usesOf(statement)
    .filter(
      (use) => use.kind === 'variable' && use.key === key && !use.loose && use.node !== statement.target,
    )
    .map(({ node }) => ({ start: node.start - start.length, end: node.end - start.length }));
}

// ── Names that are possible ─────────────────────────────────────────────────────────────────────────────────────

const kindNames: Readonly<Record<FlowSymbol['kind'], string>> = {
  variable: 'a variable',
  subflow: 'a subflow',
  label: 'a label',
  screen: 'a screen',
  element: 'a UI element',
  image: 'an image',
  customError: 'an error',
  flow: 'a flow',
};

function unfitName({ kind }: FlowSymbol, name: string): string | undefined {
  const what = kindNames[kind];
  if (name.trim() === '') return `The name of ${what} cannot be empty. Type at least one letter.`;
  if (/[\p{Cc}\u2028\u2029]/u.test(name)) {
    return `The name of ${what} stands on one line and has no control characters. Remove them.`;
  }
  if (kind === 'flow') {
    return /[\\/:*?"<>|]/.test(name) || /[. ]$/.test(name)
      ? `“${name}” cannot be the name of a file. Leave out \\ / : * ? " < > | and a full stop or blank at the end.`
      : undefined;
  }
  if (kind !== 'variable') {
    if (name !== name.trim()) return `“${name}” begins or ends with a blank. Remove it.`;
    return kind === 'subflow' && name.toLowerCase() === 'main'
      ? 'Main is the name of the first subflow of every flow. Choose another name.'
      : undefined;
  }
  if (!isWord(name)) {
    return `“${name}” cannot be the name of a variable: it starts with a letter or an underscore, and letters, digits and underscores follow. Write for example ${identifierLike(name)}.`;
  }
  if (!isPlainName(name)) {
    return `“${name}” is a reserved word and cannot be the name of a variable. Choose another name, for example ${name}Value.`;
  }
  if (/^(?:appmask|imgrepo)$/i.test(name)) {
    return `“${name}” stands for the UI elements or images of a flow and cannot be the name of a variable. Choose another name, for example ${name}Value.`;
  }
  return undefined;
}

function identifierLike(name: string): string {
  const word = name
    .normalize('NFC')
    .trim()
    .replace(/[^\p{L}\p{N}_]+/gu, '_')
    .slice(0, 40);
  return isPlainName(word) ? word : `Value_${word}`.replace(/_+$/, '');
}

// ── What would change the meaning ───────────────────────────────────────────────────────────────────────────────

function collision(model: FlowModel, symbol: FlowSymbol, newName: string): string | undefined {
  const { binding, surroundings } = model;
  const key = newName.toLowerCase();
  const other = named(model, symbol, key);
  if (other !== undefined && other !== symbol) {
    const first = declarationsOf(other)[0] ?? other.uses[0];
    return `There is already ${kindNames[symbol.kind]} “${other.name}”${first === undefined ? '' : ` (line ${lineOf(binding.file, first.node.start)})`}. Choose another name, or rename that one first.`;
  }
  if (key === symbol.name.toLowerCase()) return undefined;
  const elsewhere =
    symbol.kind === 'image'
      ? surroundings.images
      : symbol.kind === 'screen'
        ? surroundings.screens?.map((screen) => screen.name)
        : symbol.kind === 'element'
          ? surroundings.screens?.find(({ name }) => name.toLowerCase() === screenKey(symbol))?.elements
          : undefined;
  const taken = elsewhere?.find((name) => name.toLowerCase() === key);
  if (taken !== undefined) {
    return `The repository of this flow already has ${kindNames[symbol.kind]} “${taken}”. Choose another name, or rename that one first.`;
  }
  return symbol.kind === 'variable' ? capturedInPowerFx(model, symbol, newName) : undefined;
}

/** What already has the name that `symbol` is to get. */
function named({ binding }: FlowModel, symbol: FlowSymbol, key: string): FlowSymbol | undefined {
  switch (symbol.kind) {
    case 'variable':
      return binding.variable(key, symbol.owner);
    case 'label':
      return binding.label(key, symbol.owner);
    case 'element':
      return binding.symbol('element', `${screenKey(symbol)}\n${key}`);
    default:
      return binding.symbol(symbol.kind, key);
  }
}

function screenKey(symbol: FlowSymbol): string {
  return symbol.uses[0]?.key.split('\n')[0] ?? '';
}

/** A word in Power Fx that names no variable today would mean this one once it has that name. */
function capturedInPowerFx(
  { binding }: FlowModel,
  { owner }: FlowSymbol,
  newName: string,
): string | undefined {
  const { file } = binding;
  if (!file.text.includes("$fx'") && !file.text.includes('`')) return undefined;
  const key = newName.toLowerCase();
  for (const body of binding.bodies) {
    if ((body.subflow?.global === false ? body.subflow : undefined) !== owner) continue;
    for (const { statement } of eachStatement(body.statements)) {
      const word = usesOf(statement).find(
        (use) => use.loose && use.key === key && namePlaces(file.text, use).length > 0,
      );
      if (word === undefined) continue;
      return `Line ${lineOf(file, word.node.start)} already uses the word “${newName}” for something else, and would mean this variable then. Choose another name.`;
    }
  }
  return undefined;
}

function unsafeUse(file: FlowFile, use: BoundUse, newName: string): string | undefined {
  const line = () => lineOf(file, use.node.start);
  if (use.likeEnum) {
    return `Line ${line()} may mean the variable “${use.name}” or a choice of the module of that name. Write that place differently first, for example with ['…'] instead of a dot.`;
  }
  if (use.loose && file.text[use.node.start] !== '$') {
    return `The text between backticks in line ${line()} mentions “${use.name}”, but the designer could not read it. Correct or remove it first.`;
  }
  if (use.loose && namesInPowerFx(file.text, use.node, use.name).some(({ certain }) => !certain)) {
    return `In the Power Fx of line ${line()}, “${use.name}” may mean this variable or a column of a table. Rename it there by hand first, or set the variable aside before that line under another name.`;
  }
  const chained = /^\s*\.\s*[\p{L}_][\p{L}\p{N}_]*\s*\.\s*[\p{L}_]/u.test(
    file.text.slice(use.whole.end, use.whole.end + 400),
  );
  if (use.kind === 'variable' && !use.global && chained && isModule(newName)) {
    return `“${newName}” is a module of actions, and line ${line()} would be read as one of its choices. Choose another name, for example ${newName}Value.`;
  }
  return undefined;
}

function lineOf({ text }: FlowFile, offset: number): number {
  let line = 1;
  for (const _ of text.slice(0, offset).matchAll(/\r\n|\r|\n/g)) line++;
  return line;
}

// ── Edits ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** `node` is where the use stands, or stood before it was moved. */
function editsOf(text: string, use: Use, node: Node, newName: string): TextEdit[] {
  switch (use.kind) {
    case 'variable':
      return use.loose
        ? namePlaces(text, { node, name: use.name, key: use.key, loose: use.loose }).map(
            ({ start, end }) => ({
              start,
              end,
              text: newName,
            }),
          )
        : [{ start: node.start, end: node.end, text: newName }];
    case 'subflow':
    case 'label':
      return [{ start: node.start, end: node.end, text: writtenName(newName) }];
    default:
      return [{ start: node.start, end: node.end, text: rewrittenText(text, node, newName) }];
  }
}

/** Callers know an input or output by its external name. Where none is written it is the variable's name, so it is written now. */
function keepExternalName({ definition, name }: FlowParameter): TextEdit[] {
  if (definition.kind !== 'Object') return [];
  const entry = definition.entries.find(({ key }) => constantText(key)?.toLowerCase() === 'friendlyname');
  const value = quoted(name.text);
  if (entry !== undefined) {
    const { start, end } = entry.value;
    return constantText(entry.value) === '' ? [{ start, end, text: value }] : [];
  }
  const at = definition.start + 1;
  const more = definition.entries.length > 0 ? ',' : ' ';
  return [{ start: at, end: at, text: ` 'FriendlyName': ${value}${more}` }];
}

/** Rows that are switched off are not bound. They would be broken once somebody switches them on again. */
function disabledEdits(model: FlowModel, symbol: FlowSymbol, newName: string): TextEdit[] {
  const { text } = model.file;
  if (!/\bDISABLE\b/i.test(text)) return [];
  const edits: TextEdit[] = [];
  for (const body of model.binding.bodies) {
    for (const { statement } of eachStatement(body.statements)) {
      if (statement.kind !== 'Disabled') continue;
      for (const use of usesWhenEnabled(text, statement)) {
        if (use.key !== symbol.uses[0]?.key || meant(model, use, body) !== symbol) continue;
        const node = { start: use.node.start + statement.start, end: use.node.end + statement.start };
        edits.push(...editsOf(text, use, node, newName));
      }
    }
  }
  return edits;
}

/** The symbol that a use would mean if it stood in `body`. */
function meant({ binding }: FlowModel, use: Use, { subflow }: Body): FlowSymbol | undefined {
  if (use.kind === 'label') return binding.label(use.name, subflow);
  if (use.kind !== 'variable') return binding.symbol(use.kind, use.key);
  if (use.callee === undefined) return binding.variable(use.name, subflow, use.global);
  const callee = binding.subflow(use.callee.text);
  return callee === undefined ? undefined : binding.variable(use.name, callee);
}

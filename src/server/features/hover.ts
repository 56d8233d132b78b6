// Hover: what the word under the pointer is. Text of people is escaped; secrets are never shown.
import { type Hover, MarkupKind } from 'vscode-languageserver';
import type { BoundUse, FlowSymbol } from '../../language/analysis/binder.ts';
import type { FlowParameterInfo } from '../../language/analysis/flow.ts';
import { callsOf, type Named, namedAt } from '../../language/analysis/named.ts';
import { contains, placeAt } from '../../language/analysis/places.ts';
import { findFunction, findProperty, typeLabel } from '../../language/analysis/properties.ts';
import { flowName } from '../../language/analysis/summary.ts';
import type { FlowSummary } from '../../language/analysis/surroundings.ts';
import type { ValueType } from '../../language/analysis/types.ts';
import { findAction, findStatement } from '../../language/catalog/catalog.ts';
import { tokenAt } from '../../language/completion/line.ts';
import type {
  ActionCall,
  BlockStatement,
  ErrorRules,
  Expression,
  FlowFile,
  Name,
  Node,
  Statement,
  Subflow,
  Token,
} from '../../language/syntax/tree.ts';
import type { Feature } from '../feature.ts';
import type { Analysis } from '../workspace.ts';
import {
  actionDescription,
  argumentDescription,
  code,
  codeBlock,
  enumDescription,
  functionDescription,
  outputDescription,
  parameterDescription,
  plain,
  propertyDescription,
} from './describe.ts';
import { lineEnd, rangeOf } from './range.ts';

export const hover: Feature = {
  capabilities: { hoverProvider: true },
  register({ connection, answer }) {
    connection.onHover(({ textDocument, position }, token) =>
      answer<Hover | null>('hover', textDocument.uri, token, null, (analysis) =>
        hoverAt(analysis, analysis.lines.offset(position)),
      ),
    );
  },
};

/** What stands at an offset, as Markdown; null where there is nothing to say. */
export function hoverAt(analysis: Analysis, offset: number): Hover | null {
  const found = new Describer(analysis, offset).describe();
  if (found === undefined) return null;
  return {
    contents: { kind: MarkupKind.Markdown, value: found.text },
    range: rangeOf(analysis, found.range),
  };
}

interface Described {
  readonly text: string;
  readonly range: Node;
}

/** Longer lists of places are cut. */
const mostPlaces = 6;

class Describer {
  readonly #analysis: Analysis;
  readonly #offset: number;

  constructor(analysis: Analysis, offset: number) {
    this.#analysis = analysis;
    this.#offset = offset;
  }

  describe(): Described | undefined {
    const { file, model } = this.#analysis;
    const offset = this.#offset;
    const token = wordAt(file, offset);
    if (token === undefined || silentKinds.has(token.kind)) return undefined;
    const { statements, expressions, subflow } = placeAt(file, offset);
    const statement = statements.at(-1);

    const note = this.#note();
    if (note !== undefined) return note;
    const named = namedAt(model.binding, offset);
    const text = named === undefined ? undefined : this.#named(named);
    if (named !== undefined && text !== undefined) return described(text, named.range);

    if (statement !== undefined) {
      const inside =
        this.#argumentName(statement) ??
        this.#errorName(statement) ??
        this.#expression(statement, expressions, subflow);
      if (inside !== undefined) return inside;
    }
    return token.kind === 'word' ? this.#keyword(token) : undefined;
  }

  /** The key of a line that starts with `@@`. */
  #note(): Described | undefined {
    const { text, lines: index } = this.#analysis;
    const start = index.offset({ line: index.lineOf(this.#offset), character: 0 });
    const line = /([ \t]*@@)('?)([^:'\r\n]+)/y;
    line.lastIndex = start;
    const found = line.exec(text);
    if (found === null) return undefined;
    const [, before = '', quote = '', key = ''] = found;
    const from = start + before.length + quote.length;
    if (this.#offset < start + before.length - 2 || this.#offset > from + key.length) return undefined;
    return described(noteDescription(key.trim()), { start: from, end: from + key.length });
  }

  // ── Things with a name ──

  #named(named: Named): string | undefined {
    switch (named.kind) {
      case 'action':
        return actionDescription(named.call.id);
      case 'enumMember':
        return enumDescription(named.type, named.member);
      case 'flowParameter':
        return this.#flowParameter(named);
      case 'symbol':
        return this.#symbol(named.use);
    }
  }

  #symbol(use: BoundUse): string | undefined {
    const { symbol } = use;
    switch (use.kind) {
      case 'variable':
        return use.callee === undefined ? this.#variable(use) : this.#subflowParameter(use);
      case 'subflow':
        return this.#subflow(symbol);
      case 'label':
        return this.#label(use);
      case 'screen':
        return this.#screen(symbol);
      case 'element': {
        const screen = this.#analysis.model.surroundings.screens?.find(
          ({ name }) => name.toLowerCase() === use.key.split('\n')[0],
        );
        const known = screen?.elements.some((name) => name.toLowerCase() === symbol.name.toLowerCase());
        const where = ` of the screen ${plain(screen?.name ?? (use.key.split('\n')[0] as string))}`;
        return lines(`**${plain(symbol.name)}** · UI element${where}`, notThere(known), usedIn(symbol));
      }
      case 'image': {
        const { images } = this.#analysis.model.surroundings;
        const known = images?.some((name) => name.toLowerCase() === symbol.name.toLowerCase());
        return lines(`**${plain(symbol.name)}** · image`, notThere(known), usedIn(symbol));
      }
      case 'customError':
        return lines(`**${plain(symbol.name)}** · custom error`, usedIn(symbol));
      case 'flow':
        return this.#flow(use);
    }
  }

  #variable(use: BoundUse): string {
    const { symbol } = use;
    const { model } = this.#analysis;
    const parameter = [...model.info.inputs, ...model.info.outputs].find(
      ({ name }) => symbol.parameter !== undefined && name.toLowerCase() === symbol.name.toLowerCase(),
    );
    const types = model.types.typesAt(use);
    const type = types.length === 0 ? parameter?.type : types.map(typeLabel).join(' or ');
    const kind = symbol.parameter === undefined ? 'variable' : `${symbol.parameter.direction} of the flow`;
    const scope = symbol.owner === undefined ? '' : ` of the subflow ${plain(symbol.owner.name.text)}`;
    return lines(
      `**${plain(symbol.name)}** · ${kind}${scope}${type === undefined ? '' : `: ${plain(type)}`}`,
      parameter === undefined ? undefined : parameterFacts(parameter),
      this.#producers(use),
      this.#why(symbol),
    );
  }

  /** Where the value comes from, with links. */
  #producers(use: BoundUse): string | undefined {
    if (use.role === 'declare') return undefined;
    const producers =
      use.role === 'read' || use.role === 'change' ? this.#analysis.model.types.producersOf(use) : [use];
    const shown = producers
      .filter(({ role, producer }) => role !== 'declare' || producer !== undefined)
      .map((producer) => `- ${this.#link(producer)}: ${producedBy(producer)}`);
    if (shown.length === 0) return undefined;
    const more = shown.length > mostPlaces ? [`- … and ${shown.length - mostPlaces + 1} more`] : [];
    const kept = more.length > 0 ? shown.slice(0, mostPlaces - 1) : shown;
    return ['Value from', ...kept, ...more].join('\n');
  }

  #link({ node }: { readonly node: Node }): string {
    const line = this.#analysis.lines.lineOf(node.start) + 1;
    // Spaces and parentheses would end the address.
    const address = encodeURI(decodedUri(this.#analysis.uri)).replace(/[()#?]/g, encodeURIComponent);
    return `[line ${line}](${address}#L${line})`;
  }

  #why({ name, owner }: FlowSymbol): string | undefined {
    const path = this.#analysis.model.sensitivity.why(name, owner?.name.text);
    return path === undefined ? undefined : `🔒 Sensitive because ${path.map(plain).join(' ← ')}`;
  }

  #subflow(symbol: FlowSymbol): string {
    const { subflow } = symbol;
    if (subflow === undefined) return lines(`**${plain(symbol.name)}** · subflow that does not exist`);
    const kind = subflow.global
      ? 'subflow, shares the variables of the flow'
      : 'local subflow, with variables of its own';
    const list = (title: string, names: readonly Name[]) =>
      names.length === 0 ? undefined : `${title}: ${names.map(({ text }) => code(text)).join(', ')}`;
    const calls = symbol.uses.filter(({ role }) => role === 'read').length;
    return lines(
      `**${plain(symbol.name)}** · ${kind}`,
      this.#commentAbove(subflow),
      list('Inputs', subflow.inputs),
      list('Outputs', subflow.outputs),
      calls === 0 ? 'Never called.' : `Called ${calls === 1 ? 'once' : `${calls} times`}.`,
    );
  }

  /** The comment directly above a FUNCTION line, or the one that it starts with. */
  #commentAbove({ line, body }: Subflow): string | undefined {
    const { lines: index, text } = this.#analysis;
    const lineText = (number: number): string => {
      const start = index.offset({ line: number, character: 0 });
      return text.slice(start, lineEnd(text, start)).trim();
    };
    const comment = (number: number): string | undefined =>
      /^#(?!\s*\[ControlRepository\])\s*(.*)$/.exec(lineText(number))?.[1];
    const found: string[] = [];
    for (let number = line - 1; number >= 0; number--) {
      const words = comment(number);
      if (words === undefined) break;
      found.unshift(words);
    }
    const last = body[0]?.line ?? line + 1;
    for (let number = line + 1; found.length === 0 && number < last; number++) {
      const words = comment(number);
      if (words !== undefined) found.push(words);
      else if (lineText(number) !== '') break;
    }
    return found.length === 0 ? undefined : plain(found.join(' '));
  }

  #subflowParameter({ name, callee }: BoundUse): string {
    const subflow = this.#analysis.model.binding.subflow(callee?.text ?? '');
    const output = subflow?.outputs.some(({ text }) => text.toLowerCase() === name.toLowerCase());
    return `**${plain(name)}** · ${output ? 'output' : 'input'} of the subflow ${plain(callee?.text ?? '')}`;
  }

  #label({ symbol }: BoundUse): string {
    const declared = symbol.uses.find(({ role }) => role === 'declare');
    const jumps = symbol.uses.filter(({ role }) => role === 'read').length;
    return lines(
      `**${plain(symbol.name)}** · label`,
      declared === undefined ? 'There is no such label in this subflow.' : `At ${this.#link(declared)}.`,
      jumps === 0
        ? 'No GOTO jumps to it.'
        : `${jumps === 1 ? 'One GOTO jumps' : `${jumps} times a GOTO jumps`} to it.`,
    );
  }

  #screen(symbol: FlowSymbol): string {
    const { screens } = this.#analysis.model.surroundings;
    const screen = screens?.find(({ name }) => name.toLowerCase() === symbol.name.toLowerCase());
    const elements = screen?.elements ?? [];
    const shown = elements.slice(0, 12).map(code).join(', ');
    return lines(
      `**${plain(symbol.name)}** · screen`,
      notThere(screens === undefined ? undefined : screen !== undefined),
      elements.length === 0 ? undefined : `UI elements: ${shown}${elements.length > 12 ? ' …' : ''}`,
      usedIn(symbol),
    );
  }

  #flow(use: BoundUse): string {
    const name = use.statement === undefined ? undefined : flowName(use.statement);
    const flow = this.#analysis.model.surroundings.flow(use.name, name);
    if (flow === undefined) {
      return lines(`**${plain(name ?? use.name)}** · flow`, 'It is not in this workspace.');
    }
    const list = (title: string, all: FlowSummary['inputs']) =>
      all.length === 0
        ? undefined
        : `${title}\n${all
            .map(
              ({ externalName, type, optional }) =>
                `- ${plain(externalName)}: ${plain(type)}${optional ? ', optional' : ''}`,
            )
            .join('\n')}`;
    return lines(
      `**${plain(flow.name)}** · flow`,
      list('Inputs', flow.inputs),
      list('Outputs', flow.outputs),
    );
  }

  #flowParameter({ run, argument }: Named & { readonly kind: 'flowParameter' }): string | undefined {
    const name = run.statement === undefined ? undefined : flowName(run.statement);
    const flow = this.#analysis.model.surroundings.flow(run.name, name);
    const output = 'target' in argument;
    const wanted = argument.name.text.toLowerCase();
    const found = (output ? flow?.outputs : flow?.inputs)?.find(
      (parameter) => parameter.name.toLowerCase() === wanted,
    );
    if (flow === undefined || found === undefined) return undefined;
    return parameterDescription(found, output ? 'output' : 'input', flow.name);
  }

  // ── Parts of statements ──

  #argumentName(statement: Statement): Described | undefined {
    const offset = this.#offset;
    for (const call of callsOf(statement)) {
      const action = findAction(call.id)?.writtenAs;
      const argument = call.args.find(({ name }) => contains(name, offset));
      const output = call.outputs.find(({ name }) => contains(name, offset));
      const name = (argument ?? output)?.name;
      if (action === undefined || name === undefined) continue;
      const wanted = name.text.toLowerCase();
      const known = (all: readonly { readonly name: string }[]) =>
        all.findIndex((entry) => entry.name.toLowerCase() === wanted);
      if (argument !== undefined) {
        const found = action.arguments[known(action.arguments)];
        if (found !== undefined) return described(argumentDescription(action, found), name);
      } else {
        const found = action.outputs[known(action.outputs)];
        if (found !== undefined) return described(outputDescription(action, found), name);
      }
    }
    return undefined;
  }

  #errorName(statement: Statement): Described | undefined {
    for (const { name, call } of errorNamesOf(statement)) {
      if (!contains(name, this.#offset)) continue;
      const found = call
        .flatMap(({ id }) => findAction(id)?.definition.errorNames ?? [])
        .find((error) => error.name.toLowerCase() === name.text.toLowerCase());
      const title = found === undefined ? '' : `\n\n${plain(found.title)}`;
      return described(`**${plain(name.text)}** · error${title}`, name);
    }
    return undefined;
  }

  #expression(
    statement: Statement,
    path: readonly Expression[],
    subflow: Subflow | undefined,
  ): Described | undefined {
    const innermost = path.at(-1);
    if (innermost === undefined) return undefined;
    const offset = this.#offset;
    const { model, text } = this.#analysis;
    switch (innermost.kind) {
      case 'Member': {
        if (!contains(innermost.name, offset)) return undefined;
        const type = model.types.typeOf(innermost.target, statement, subflow);
        return this.#property(innermost.name, type);
      }
      case 'Call': {
        const info = contains(innermost.name, offset) ? findFunction(innermost.name.text) : undefined;
        return info === undefined ? undefined : described(functionDescription(info), innermost.name);
      }
      case 'Text': {
        const outer = path.at(-2);
        if (outer?.kind === 'Index' && outer.index === innermost) {
          const found = this.#property(
            { ...innermost, text: innermost.value, quoted: true },
            model.types.typeOf(outer.target, statement, subflow),
          );
          if (found !== undefined) return found;
        }
        return decoded(innermost, innermost.value, text);
      }
      case 'Interpolated': {
        const part = innermost.parts.find((candidate) => contains(candidate, offset));
        return part?.kind === 'TextPart' ? decoded(part, part.value, text) : undefined;
      }
      case 'Encrypted':
        return described(
          '🔒 Encrypted text. Only the user and the machine that wrote it can read it.',
          innermost,
        );
      case 'PowerFx':
        return described(
          innermost.value.startsWith('=') ? 'Power Fx expression' : 'Power Fx text',
          innermost,
        );
      case 'Opaque':
        return described('A value that the designer could not read. It is kept as it is.', innermost);
      default:
        return undefined;
    }
  }

  #property(name: Name, type: ValueType | undefined): Described | undefined {
    const property = type === undefined ? undefined : findProperty(type.name, name.text);
    return property === undefined || type === undefined
      ? undefined
      : described(propertyDescription(property, type), name);
  }

  /** A keyword: with those beside it when they make one statement, such as LOOP FOREACH. */
  #keyword(token: Node): Described | undefined {
    const { text, lines: index } = this.#analysis;
    const start = index.offset({ line: index.lineOf(token.start), character: 0 });
    const line = text.slice(start, lineEnd(text, start));
    const head = /^\s*(?:DISABLE\s+(?=\S))?/i.exec(line)?.[0].length ?? 0;
    const found = findStatement(line.slice(head)) ?? findStatement(text.slice(token.start, token.end));
    if (found === undefined) return undefined;
    const words = new RegExp(`^${found.keyword.split(' ').join('\\s+')}(?![\\p{L}\\p{N}_])`, 'iu');
    const atHead = start + head + (words.exec(line.slice(head))?.[0].length ?? 0);
    const range = token.end <= atHead ? { start: start + head, end: atHead } : token;
    if (range === token && !words.test(text.slice(token.start, token.end))) return undefined;
    return described(
      lines(
        `**${plain(found.displayName)}** · ${found.keyword}`,
        `${plain(found.description)}.`,
        codeBlock(found.form),
        found.docsUrl === undefined ? undefined : `[Documentation](${found.docsUrl})`,
      ),
      range,
    );
  }
}

/** The token at the offset; behind a word, that word. */
function wordAt(file: FlowFile, offset: number): Token | undefined {
  const token = tokenAt(file, offset);
  if (token?.kind === 'word' || token?.start !== offset || offset === 0) return token;
  const before = tokenAt(file, offset - 1);
  return before?.kind === 'word' ? before : token;
}

const silentKinds: ReadonlySet<string> = new Set([
  'comment',
  'blockComment',
  'region',
  'attachment',
  'newline',
  'space',
]);

const described = (text: string, range: Node): Described => ({ text, range });
const lines = (...parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined && part !== '').join('\n\n');

function producedBy({ producer, role, symbol }: BoundUse): string {
  if (role === 'declare')
    return symbol.parameter === undefined ? 'input' : `${symbol.parameter.direction} of the flow`;
  switch (producer?.kind) {
    case 'set':
      return 'SET';
    case 'part':
      return 'a part of it is SET';
    case 'output':
      return `${code(producer.output.name.text)} of ${plain(actionName(producer.call))}`;
    case 'change':
      return `changed by ${plain(actionName(producer.call))}`;
    case 'forEach':
      return 'each item of a loop';
    case 'loopIndex':
      return 'the counter of a loop';
    case 'subflowOutput':
      return `output of the subflow ${plain(producer.call.name.text)}`;
    case 'lastError':
      return 'the last error';
    default:
      return 'a call';
  }
}

const actionName = ({ id }: ActionCall): string => findAction(id)?.definition.displayName ?? id;

function parameterFacts(info: FlowParameterInfo): string {
  const facts = [
    info.externalName === info.name ? undefined : `known to callers as ${plain(info.externalName)}`,
    info.optional ? 'optional' : undefined,
    info.sensitive ? 'sensitive' : undefined,
    info.defaultValue === undefined || info.sensitive
      ? undefined
      : `default ${code(JSON.stringify(info.defaultValue))}`,
  ].filter((fact) => fact !== undefined);
  return lines(info.description === '' ? undefined : plain(info.description), facts.join(', '));
}

const notThere = (known: boolean | undefined): string | undefined =>
  known === false ? '⚠ It is not in the repository beside the flow.' : undefined;

function usedIn({ uses }: FlowSymbol): string {
  return uses.length === 1 ? 'Mentioned once in this flow.' : `Mentioned ${uses.length} times in this flow.`;
}

/** Names behind ON ERROR and ON BLOCK ERROR, with the calls whose errors they may be. */
function* errorNamesOf(
  statement: Statement,
): Generator<{ readonly name: Name; readonly call: readonly ActionCall[] }> {
  if (statement.kind === 'Block') {
    const calls = directCalls(statement);
    for (const { matches } of statement.handlers) {
      if (matches.kind === 'named') yield { name: matches.name, call: calls };
    }
  }
  const rules = function* (onError: ErrorRules | undefined, call: readonly ActionCall[]) {
    for (const { errorName } of onError?.clauses ?? []) {
      if (errorName !== undefined) yield { name: errorName, call };
    }
  };
  if (statement.kind === 'Action') yield* rules(statement.onError, [statement.action]);
  if (statement.kind === 'CallSubflow') yield* rules(statement.onError, []);
  const conditions =
    statement.kind === 'If'
      ? statement.branches.map(({ condition }) => condition)
      : statement.kind === 'Wait' || statement.kind === 'While'
        ? [statement.condition]
        : [];
  for (const condition of conditions) {
    if (condition.kind === 'Action') yield* rules(condition.onError, [condition.action]);
  }
}

const directCalls = ({ body }: BlockStatement): ActionCall[] =>
  body.slice(0, 200).flatMap((row) => [...callsOf(row)]);

/** A text with escapes as it is meant; undefined when it says what it shows. */
function decoded(node: Node, value: string, text: string): Described | undefined {
  const written = text.slice(node.start, node.end);
  if (!/\\['"\\]|%%/.test(written)) return undefined;
  const shown = value.length > 500 ? `${value.slice(0, 500)}…` : value;
  const longest = Math.max(2, ...(shown.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = '`'.repeat(longest + 1);
  return described(`Text\n\n${fence}text\n${shown}\n${fence}`, node);
}

function noteDescription(key: string): string {
  const about =
    annotations[key.toLowerCase()] ?? 'A note of the designer about the action below. It is kept as it is.';
  return `**@@${plain(key)}** · ${about}`;
}

const annotations: Readonly<Record<string, string>> = {
  flowname: 'The name of the flow that the action below runs.',
  connectiondisplayname: 'The name of the connection that the action below uses.',
  source: 'What made the action below, such as the recorder.',
  copilotgeneratedaction: 'The action below was made by Copilot.',
  regioncolor: 'The colour of the region below in the designer.',
  connectionstring: 'Where the flow finds its windows: empty for this computer.',
  type: 'The kind of desktop the flow works on.',
  desktoptype: 'The kind of desktop the flow works on.',
  displayname: 'The name of the desktop the flow works on.',
};

function decodedUri(uri: string): string {
  try {
    return decodeURI(uri);
  } catch {
    return uri;
  }
}

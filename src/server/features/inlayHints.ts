// Inlay hints: what an argument means where its name does not say it, the types of variables where they get their values, and the
// variables an action makes without naming them as outputs. Where a reader sees it anyway there is no hint.
import {
  type InlayHint,
  InlayHintKind,
  type InlayHintLabelPart,
  MarkupKind,
  type Range,
} from 'vscode-languageserver';
import type { BoundUse } from '../../language/analysis/binder.ts';
import { callsOf, declarationsOf } from '../../language/analysis/named.ts';
import { findFunction, typeLabel } from '../../language/analysis/properties.ts';
import { findAction } from '../../language/catalog/catalog.ts';
import type { ActionCall, Expression, Statement } from '../../language/syntax/tree.ts';
import { eachExpression, eachStatement, expressionsOf } from '../../language/syntax/walk.ts';
import type { Feature } from '../feature.ts';
import type { Settings } from '../settings.ts';
import type { Analysis } from '../workspace.ts';
import { hoverAt } from './hover.ts';
import { rangeOf } from './range.ts';

export const inlayHints: Feature = {
  capabilities: { inlayHintProvider: { resolveProvider: true } },
  register({ connection, workspace, settings, answer, inBackground }) {
    let refreshes = false;
    workspace.onDidInitialise(({ capabilities }) => {
      refreshes = capabilities.workspace?.inlayHint?.refreshSupport === true;
    });
    workspace.onDidChangeSettings(() => {
      if (refreshes) inBackground('refreshing inlay hints', () => connection.languages.inlayHint.refresh());
    });
    connection.languages.inlayHint.on(({ textDocument, range }, token) =>
      answer<InlayHint[]>('inlay hints', textDocument.uri, token, [], (analysis) =>
        hintsIn(analysis, range, settings().inlayHints),
      ),
    );
    connection.languages.inlayHint.resolve((hint, token) => {
      const data = hint.data as HintData | undefined;
      if (typeof data?.uri !== 'string') return hint;
      return answer('inlay hint', data.uri, token, hint, (analysis) => withTooltip(analysis, hint, data));
    });
  },
};

/** What the tooltip of a hint explains: the word at an offset of that version. */
interface HintData {
  readonly uri: string;
  readonly id: string;
  readonly offset: number;
}

function withTooltip(analysis: Analysis, hint: InlayHint, { id, offset }: HintData): InlayHint {
  const hover = id === analysis.id ? hoverAt(analysis, offset) : null;
  return hover === null
    ? hint
    : {
        ...hint,
        tooltip: { kind: MarkupKind.Markdown, value: String((hover.contents as { value: string }).value) },
      };
}

/** The hints in a range, in no particular order. O(statements of the flow + hints). */
export function hintsIn(analysis: Analysis, range: Range, shown: Settings['inlayHints']): InlayHint[] {
  const { lines, text } = analysis;
  const from = lines.offset(range.start);
  const to = range.end.line < lines.lineCount ? lines.offset(range.end) : text.length;
  const maker = new Hints(analysis, shown);
  for (const { statements } of analysis.model.binding.bodies) {
    if (
      statements.length === 0 ||
      (statements[0] as Statement).start > to ||
      (statements.at(-1) as Statement).end < from
    )
      continue;
    for (const { statement } of eachStatement(statements)) {
      if (statement.start > to) break;
      if (statement.end >= from) maker.add(statement);
    }
  }
  return maker.hints.filter(({ position }) => {
    const offset = lines.offset(position);
    return from <= offset && offset <= to;
  });
}

class Hints {
  readonly hints: InlayHint[] = [];
  readonly #analysis: Analysis;
  readonly #shown: Settings['inlayHints'];

  constructor(analysis: Analysis, shown: Settings['inlayHints']) {
    this.#analysis = analysis;
    this.#shown = shown;
  }

  add(statement: Statement): void {
    if (this.#shown.argumentMeaning) {
      for (const call of callsOf(statement)) this.#labels(call);
      for (const outer of expressionsOf(statement)) this.#functions(outer);
    }
    for (const use of this.#analysis.model.binding.usesIn(statement)) {
      if (use.kind !== 'variable' || use.loose || use.callee !== undefined) continue;
      if (use.role === 'write' && this.#shown.types) this.#type(use);
      if (use.role === 'change' && this.#shown.producedVariables) this.#produced(use, statement);
    }
  }

  /** The label of an argument whose name says something else. */
  #labels(call: ActionCall): void {
    const action = findAction(call.id)?.writtenAs;
    if (action === undefined) return;
    for (const { name, value } of call.args) {
      const known = action.arguments.find(
        (argument) => argument.name.toLowerCase() === name.text.toLowerCase(),
      );
      if (known === undefined || elementTypes.test(known.type) || saysTheSame(known.name, known.label))
        continue;
      this.#push(value.start, `${known.label}:`, InlayHintKind.Parameter, name.start, { paddingRight: true });
    }
  }

  /** `Contains(Text, 'x', False)`: what the bare True or False decides. */
  #functions(outer: Expression): void {
    for (const node of eachExpression(outer)) {
      if (node.kind !== 'Call') continue;
      const parameters = findFunction(node.name.text)?.parameters ?? [];
      node.args.forEach((argument, index) => {
        const parameter = parameters[index];
        if (argument.kind !== 'Boolean' || parameter === undefined) return;
        this.#push(argument.start, `${parameter}:`, InlayHintKind.Parameter, node.name.start, {
          paddingRight: true,
        });
      });
    }
  }

  /** The type a variable gets, where the line does not show it and it is not the one it had. */
  #type(use: BoundUse): void {
    const { producer, symbol } = use;
    if (producer?.kind === 'set' && isObvious(producer.value)) return;
    if (producer?.kind === 'loopIndex' || producer?.kind === 'lastError') return;
    const { types } = this.#analysis.model;
    const type = types.typeAt(use);
    if (type === undefined) return;
    const before = useBefore(use);
    if (before?.role === 'write' && types.typeAt(before) === type) return;
    const first = declarationsOf(symbol)[0];
    const part: InlayHintLabelPart = {
      value: `: ${typeLabel(type)}`,
      ...(first === undefined || first === use
        ? {}
        : { location: { uri: this.#analysis.uri, range: rangeOf(this.#analysis, first.node) } }),
    };
    this.#push(use.whole.end, [part], InlayHintKind.Type, use.node.start);
  }

  /** A variable that an action changes, where it stands as if it were only given. */
  #produced(use: BoundUse, statement: Statement): void {
    if (use.producer?.kind !== 'change') return;
    const { argument } = use.producer;
    const first = declarationsOf(use.symbol)[0];
    const label: InlayHintLabelPart[] = [
      { value: '⇒ ' },
      {
        value: use.symbol.name,
        ...(first === undefined || first.node === use.node
          ? {}
          : { location: { uri: this.#analysis.uri, range: rangeOf(this.#analysis, first.node) } }),
      },
    ];
    const end = statement.kind === 'Action' ? use.producer.call.end : argument.end;
    this.#push(end, label, undefined, use.node.start, { paddingLeft: true });
  }

  #push(
    offset: number,
    label: string | InlayHintLabelPart[],
    kind: InlayHintKind | undefined,
    about: number,
    padding: Pick<InlayHint, 'paddingLeft' | 'paddingRight'> = {},
  ): void {
    const data: HintData = { uri: this.#analysis.uri, id: this.#analysis.id, offset: about };
    this.hints.push({
      position: this.#analysis.lines.position(offset),
      label,
      ...(kind === undefined ? {} : { kind }),
      ...padding,
      data,
    });
  }
}

/** The mention of the same variable before this one. */
function useBefore({ index, symbol: { uses } }: BoundUse): BoundUse | undefined {
  let low = 0;
  let high = uses.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((uses[middle] as BoundUse).index < index) low = middle + 1;
    else high = middle;
  }
  return uses[low - 1];
}

/** `appmask[…]` and `imgrepo[…]` tell what they are. */
const elementTypes = /^(?:uicontrol|webcontrol|image|list<image>)$/i;

/** Literals, whose type everybody sees. */
function isObvious({ kind }: Expression): boolean {
  switch (kind) {
    case 'Number':
    case 'Boolean':
    case 'Text':
    case 'Interpolated':
    case 'Datetime':
    case 'List':
    case 'Table':
    case 'Object':
    case 'Encrypted':
      return true;
    default:
      return false;
  }
}

/**
 * Whether a reader learns nothing from the label: all words of the name are in it, or half of its words are in the name. `FileFilter`
 * and `File filter`, `Icon` and `Message box icon` say the same; `ReadAsText` and `Get cell contents as text` do not.
 */
function saysTheSame(name: string, label: string): boolean {
  const inName = wordsOf(name.replace(/([a-z0-9])([A-Z])/g, '$1 $2'));
  const inLabel = wordsOf(label);
  if (inName.every((word) => inLabel.some((other) => alike(word, other)))) return true;
  const joined = name.toLowerCase();
  return inLabel.filter((word) => joined.includes(word.slice(0, 3))).length * 2 >= inLabel.length;
}

function wordsOf(text: string): string[] {
  const words = text.toLowerCase().split(/[^\p{L}\p{N}]+/u);
  return words.filter((word) => word.length > 2 && !fillWords.has(word));
}

/** The same word, perhaps in the plural or spelled with a slip. */
const alike = (a: string, b: string): boolean => a.slice(0, 5) === b.slice(0, 5);

const fillWords: ReadonlySet<string> = new Set(['the', 'with', 'for', 'from', 'into', 'and', 'that', 'this']);

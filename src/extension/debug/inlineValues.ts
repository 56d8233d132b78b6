// While a run is stopped: values of variables behind the rows that mention them, and what is evaluated when the mouse rests on a
// name. Which names are variables is asked of the language server; what they hold, VS Code asks the debugger.
import { flowContentsRequest } from '../../protocol/editor.ts';
import type { FlowLanguage } from '../languageClient.ts';
import type {
  EvaluatableExpression,
  EvaluatableExpressionProvider,
  InlineValue,
  InlineValueContext,
  InlineValuesProvider,
  Position,
  Range,
  TextDocument,
  VSCode,
} from '../vscode.ts';

/** A name as it stands in a text, not one behind a dot: that is a property. */
const names = /(?<![\p{L}\p{N}_.])[\p{L}_][\p{L}\p{N}_]*/gu;
/** A name with the properties and items behind it. */
const paths = /[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*|\[[^[\]%\r\n]*\])*/gu;
/** More than a screen shows. */
const mostLines = 500;

export class InlineVariables implements InlineValuesProvider {
  readonly #vscode: VSCode;
  readonly #language: FlowLanguage;

  constructor(vscode: VSCode, language: FlowLanguage) {
    this.#vscode = vscode;
    this.#language = language;
  }

  /** Each variable once a row, from the top of the screen down to the row at which the run stands. */
  async provideInlineValues(
    document: TextDocument,
    viewPort: Range,
    { stoppedLocation }: InlineValueContext,
  ): Promise<InlineValue[]> {
    const { inputs, outputs, variables } = await this.#language.ask(flowContentsRequest, {
      uri: document.uri.toString(),
    });
    const known = new Set([...inputs, ...outputs, ...variables].map(({ name }) => name.toLowerCase()));
    const last = Math.min(viewPort.end.line, stoppedLocation.end.line, document.lineCount - 1);
    const found: InlineValue[] = [];
    for (let line = Math.max(viewPort.start.line, last - mostLines); line <= last; line++) {
      const { text } = document.lineAt(line);
      if (/^\s*(#|@|DISABLE\b|FUNCTION\b)/i.test(text)) continue;
      const shown = new Set<string>();
      for (const { 0: name, index } of withoutTexts(text).matchAll(names)) {
        const key = name.toLowerCase();
        if (
          !known.has(key) ||
          shown.has(key) ||
          isOther(text.slice(0, index), text.slice(index + name.length))
        )
          continue;
        shown.add(key);
        const range = new this.#vscode.Range(line, index, line, index + name.length);
        found.push(new this.#vscode.InlineValueVariableLookup(range, name, false));
      }
    }
    return found;
  }
}

/** The row with blanks in place of its texts, except for what stands between percent signs in them. */
const withoutTexts = (row: string): string =>
  row.replace(/'''.*?'''|'(?:\\.|[^'\\])*'/g, (text) =>
    text.replace(/%[^%]*%|[^%]/g, (part) => (part.length > 1 ? part : ' ')),
  );

/** The name of an argument (`Name:`) or output (`Name=>`), or the module of an action at the start of its row. */
const isOther = (before: string, after: string): boolean =>
  /^\s*(:|=>)/.test(after) || (/^\s*$/.test(before) && after.startsWith('.'));

export class FlowExpressions implements EvaluatableExpressionProvider {
  readonly #vscode: VSCode;

  constructor(vscode: VSCode) {
    this.#vscode = vscode;
  }

  /** The name under the mouse with what stands before it: in `Item.Name` that is `Item`, or `Item.Name`. */
  provideEvaluatableExpression(
    document: TextDocument,
    { line, character }: Position,
  ): EvaluatableExpression | undefined {
    const { text } = document.lineAt(line);
    for (const { 0: path, index } of text.matchAll(paths)) {
      if (character < index || character > index + path.length) continue;
      const rest = path.slice(character - index);
      const end = character + (/^[\p{L}\p{N}_]*(?:\])?/u.exec(rest)?.[0].length ?? 0);
      if (/^\s*:/.test(text.slice(end)) || end === index) return undefined;
      return new this.#vscode.EvaluatableExpression(
        new this.#vscode.Range(line, index, line, end),
        text.slice(index, end),
      );
    }
    return undefined;
  }
}

// Which inputs and outputs of a flow stand on which of its lines: their names inside the flow, asked of the language server once per
// version of a document. Knows no values.
import type { Disposable } from '../../base/disposable.ts';
import { Emitter } from '../../base/event.ts';
import { type FlowParameterInfo, flowContentsRequest } from '../../protocol/editor.ts';
import type { FlowLanguage } from '../languageClient.ts';
import type { TextDocument } from '../vscode.ts';

export type NamedParameter = Pick<FlowParameterInfo, 'name' | 'externalName'>;

interface Known {
  readonly version: number;
  readonly parameters: readonly NamedParameter[];
}

export class FlowParameters implements Disposable {
  readonly #language: Pick<FlowLanguage, 'ask'>;
  readonly #known = new WeakMap<TextDocument, Known>();
  readonly #changes = new Emitter<void>();

  /** Fires when an answer came: ask again. */
  readonly onDidChange = this.#changes.event;

  constructor(language: Pick<FlowLanguage, 'ask'>) {
    this.#language = language;
  }

  /** Those of the document as they were last known; asks for newer ones. A server that does not answer leaves them as they are. */
  of(document: TextDocument): readonly NamedParameter[] {
    const known = this.#known.get(document);
    if (known?.version === document.version) return known.parameters;
    const { version } = document;
    const before = known?.parameters ?? [];
    this.#known.set(document, { version, parameters: before });
    this.#language.ask(flowContentsRequest, { uri: document.uri.toString() }).then(
      ({ inputs, outputs }) => {
        this.#known.set(document, { version, parameters: [...inputs, ...outputs] });
        this.#changes.fire();
      },
      () => undefined, // the hover then names no values; why the server is silent is told elsewhere
    );
    return before;
  }

  dispose(): void {
    this.#changes.dispose();
  }
}

/** The parameters whose variable stands in a line of text. Names of variables do not tell upper from lower case. */
export function parametersIn(line: string, parameters: readonly NamedParameter[]): NamedParameter[] {
  const words = new Set((line.match(/[\p{L}_][\p{L}\p{N}_]*/gu) ?? []).map((word) => word.toLowerCase()));
  return parameters.filter(({ name }) => words.has(name.toLowerCase()));
}

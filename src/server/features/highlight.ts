// Highlights what belongs to the caret: all mentions of a name, with reading and writing told apart, or the keywords of one block.
import { type DocumentHighlight, DocumentHighlightKind } from 'vscode-languageserver';
import { linkedKeywords } from '../../language/analysis/linkedKeywords.ts';
import {
  callsOfAction,
  mentionsOfMember,
  mentionsOfParameter,
  type Named,
  namedAt,
  namePlaces,
} from '../../language/analysis/named.ts';
import { placeAt } from '../../language/analysis/places.ts';
import type { Node } from '../../language/syntax/tree.ts';
import type { Feature } from '../feature.ts';
import type { Analysis } from '../workspace.ts';
import { rangeOf } from './range.ts';

export const highlight: Feature = {
  capabilities: { documentHighlightProvider: true },
  register({ connection, answer }) {
    connection.onDocumentHighlight(({ textDocument, position }, token) =>
      answer<DocumentHighlight[]>('highlights', textDocument.uri, token, [], (analysis) =>
        highlightsAt(analysis, analysis.lines.offset(position)),
      ),
    );
  },
};

/** In the order of the text. */
export function highlightsAt(analysis: Analysis, offset: number): DocumentHighlight[] {
  const named = namedAt(analysis.model.binding, offset);
  const found = named === undefined ? keywordsAt(analysis, offset) : namesLike(analysis, named);
  return found
    .toSorted((a, b) => a.node.start - b.node.start)
    .map(({ node, kind }) => ({ range: rangeOf(analysis, node), kind }));
}

interface Mark {
  readonly node: Node;
  readonly kind: DocumentHighlightKind;
}

const read = (node: Node): Mark => ({ node, kind: DocumentHighlightKind.Read });

function namesLike({ file, text }: Analysis, named: Named): Mark[] {
  switch (named.kind) {
    case 'action':
      return callsOfAction(file, named.call.id).map(read);
    case 'enumMember':
      return mentionsOfMember(file, named.type, named.member).map(read);
    case 'flowParameter':
      return mentionsOfParameter(text, named).map(read);
    case 'symbol':
      return named.use.symbol.uses.flatMap((use) =>
        namePlaces(text, use).map((node) => ({
          node,
          kind: use.role === 'read' ? DocumentHighlightKind.Read : DocumentHighlightKind.Write,
        })),
      );
  }
}

function keywordsAt(analysis: Analysis, offset: number): Mark[] {
  const { file, lines } = analysis;
  return [...linkedKeywords(file, lines, offset), ...jumpKeywords(analysis, offset)].map((node) => ({
    node,
    kind: DocumentHighlightKind.Text,
  }));
}

/** On the word LABEL or GOTO: the LABEL and every GOTO of that name. */
function jumpKeywords({ file, model }: Analysis, offset: number): Node[] {
  const { statements, subflow } = placeAt(file, offset);
  const jump = statements.at(-1);
  if (jump?.kind !== 'Label' && jump?.kind !== 'Goto') return [];
  const uses = model.binding.label(jump.name.text, subflow)?.uses ?? [];
  return uses.flatMap(({ statement }) =>
    statement === undefined
      ? []
      : [{ start: statement.start, end: statement.start + (statement.kind === 'Label' ? 5 : 4) }],
  );
}

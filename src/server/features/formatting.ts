// Formatting of a document, of ranges, and while typing. The layout is the language's own (format.ts): a client's wishes about
// tabs and widths do not count, because the designer has its own.
import type { Position, TextEdit as ProtocolEdit, Range } from 'vscode-languageserver';
import type { TextEdit } from '../../language/edits/edit.ts';
import { formatEdits, typingEdits } from '../../language/edits/format.ts';
import type { Feature } from '../feature.ts';
import type { Analysis } from '../workspace.ts';
import { rangeOf } from './range.ts';

/** The last letters of END, ELSE and CASE, DEFAULT, END FUNCTION, ON ERROR. */
const lastLetters = ['D', 'd', 'E', 'e', 'T', 't', 'N', 'n', 'R', 'r'];

export const formatting: Feature = {
  capabilities: {
    documentFormattingProvider: true,
    documentRangeFormattingProvider: { rangesSupport: true },
    documentOnTypeFormattingProvider: { firstTriggerCharacter: '\n', moreTriggerCharacter: lastLetters },
  },
  register({ connection, answer }) {
    connection.onDocumentFormatting(({ textDocument }, token) =>
      answer('formatting', textDocument.uri, token, [], formatDocument),
    );
    connection.onDocumentRangeFormatting(({ textDocument, range }, token) =>
      answer('range formatting', textDocument.uri, token, [], (analysis) => formatRanges(analysis, [range])),
    );
    connection.onDocumentRangesFormatting(({ textDocument, ranges }, token) =>
      answer('range formatting', textDocument.uri, token, [], (analysis) => formatRanges(analysis, ranges)),
    );
    connection.onDocumentOnTypeFormatting(({ textDocument, position, ch }, token) =>
      answer('formatting while typing', textDocument.uri, token, [], (analysis) =>
        formatTyped(analysis, position, ch),
      ),
    );
  },
};

export function formatDocument(analysis: Analysis): ProtocolEdit[] {
  return protocolEdits(analysis, formatEdits(analysis.file));
}

export function formatRanges(analysis: Analysis, ranges: readonly Range[]): ProtocolEdit[] {
  const inside = ranges.map(({ start, end }) => ({
    start: analysis.lines.offset(start),
    end: analysis.lines.offset(end),
  }));
  return protocolEdits(analysis, formatEdits(analysis.file, inside));
}

export function formatTyped(analysis: Analysis, position: Position, typed: string): ProtocolEdit[] {
  return protocolEdits(analysis, typingEdits(analysis.file, analysis.lines.offset(position), typed));
}

function protocolEdits(analysis: Analysis, edits: readonly TextEdit[]): ProtocolEdit[] {
  return edits.map((edit) => ({ range: rangeOf(analysis, edit), newText: edit.text }));
}

// Tree → text. Walks the lines of the tree and the tokens each line owns, so a tree that lost a token prints differently.
import type { FlowFile } from './tree.ts';

/** The text of a tree, byte for byte: `print(parse(text)) === text` for every text. */
export function print(file: FlowFile): string {
  const { lines, tokens, text } = file;
  let printed = '';
  // Neighbouring tokens are taken over in one piece; a gap or an overlap between them ends the piece.
  let pieceStart = 0;
  let pieceEnd = 0;
  for (let line = 0; line < lines.length; line++) {
    const last = lines.tokenEnd(line);
    for (let token = lines.tokenStart(line); token < last; token++) {
      const start = tokens.start(token);
      if (start !== pieceEnd) {
        printed += text.slice(pieceStart, pieceEnd);
        pieceStart = start;
      }
      pieceEnd = tokens.end(token);
    }
  }
  return printed + text.slice(pieceStart, pieceEnd);
}

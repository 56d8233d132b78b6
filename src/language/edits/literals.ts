// How names and texts are written into a flow: in which quotes, and with which escapes.
import { lex } from '../syntax/lexer.ts';
import { isReservedWord } from '../syntax/tokens.ts';
import type { Node } from '../syntax/tree.ts';

/** An identifier, reserved or not. */
export function isWord(name: string): boolean {
  const tokens = lex(name);
  return tokens.length === 1 && tokens.kind(0) === 'word';
}

/** An identifier that is no reserved word. */
export function isPlainName(name: string): boolean {
  return isWord(name) && !isReservedWord(lex(name).code(0));
}

/** A name that needs quotes only sometimes: of a subflow, a label, an error or a block. */
export function writtenName(name: string): string {
  return isPlainName(name) ? name : quoted(name);
}

/** A text on one line, or the name of a UI element or image. Escapes as the designer does: double quotes too. */
export function quoted(content: string, opening: "'" | "'''" | "$'''" = "'"): string {
  const escaped = content.replace(/['"\\]/g, '\\$&');
  return opening + (opening === "$'''" ? escaped.replaceAll('%', '%%') : escaped) + opening.replace('$', '');
}

/** A text in the quotes that its line breaks ask for. They become those of the flow. */
export function textLiteral(value: string, eol: string): string {
  return /[\r\n]/.test(value) ? quoted(value.replace(/\r\n|\r|\n/g, eol), "'''") : quoted(value);
}

/** The literal at `node` with another content, in the same kind of quotes. */
export function rewrittenText(text: string, { start }: Node, content: string): string {
  if (text.startsWith("$'''", start)) return quoted(content, "$'''");
  return quoted(content, text.startsWith("'''", start) ? "'''" : "'");
}

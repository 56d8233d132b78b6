// Compares everything the parser knows about two texts, packed arrays included.
import { Lines } from '../../src/language/syntax/lines.ts';
import { Tokens } from '../../src/language/syntax/tokens.ts';
import type { FlowFile } from '../../src/language/syntax/tree.ts';

/** Where two files differ, as a path with both values; undefined when they are the same. */
export function difference(one: FlowFile, other: FlowFile): string | undefined {
  const { tokens: oneTokens, lines: oneLines, ...oneRest } = one;
  const { tokens: otherTokens, lines: otherLines, ...otherRest } = other;
  return (
    differs(oneRest, otherRest, 'file') ??
    packedDifference(packed(oneTokens, oneLines), packed(otherTokens, otherLines))
  );
}

interface Packed {
  readonly tokens: Tokens;
  readonly lines: Lines;
}

function packed(tokens: FlowFile['tokens'], lines: FlowFile['lines']): Packed {
  if (!(tokens instanceof Tokens && lines instanceof Lines)) throw new Error('The parser did not make this.');
  return { tokens, lines };
}

function packedDifference(one: Packed, other: Packed): string | undefined {
  const token = ({ tokens }: Packed, i: number) => [tokens.code(i), tokens.start(i), tokens.end(i)].join();
  const marks = ({ tokens }: Packed, i: number) => (tokens.hasMark(i) ? JSON.stringify(tokens.marks(i)) : '');
  const line = ({ lines }: Packed, i: number) =>
    [lines.role(i), lines.tokenStart(i), lines.tokenEnd(i), lines.physicalLine(i)].join();
  if (one.tokens.length !== other.tokens.length)
    return `${one.tokens.length} and ${other.tokens.length} tokens`;
  if (one.lines.length !== other.lines.length) return `${one.lines.length} and ${other.lines.length} lines`;
  for (let i = 0; i < one.tokens.length; i++) {
    if (token(one, i) !== token(other, i)) return `token ${i}: ${token(one, i)} and ${token(other, i)}`;
    if (marks(one, i) !== marks(other, i)) return `marks ${i}: ${marks(one, i)} and ${marks(other, i)}`;
  }
  for (let i = 0; i < one.lines.length; i++) {
    if (line(one, i) !== line(other, i)) return `line ${i}: ${line(one, i)} and ${line(other, i)}`;
  }
  return undefined;
}

function differs(one: unknown, other: unknown, path: string): string | undefined {
  if (Object.is(one, other)) return undefined;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) {
    return `${path}: ${JSON.stringify(one)} and ${JSON.stringify(other)}`;
  }
  const keys = Object.keys(one);
  const otherKeys = Object.keys(other);
  if (keys.length !== otherKeys.length) return `${path}: ${keys.join()} and ${otherKeys.join()}`;
  for (const key of keys) {
    const found = differs(
      (one as Record<string, unknown>)[key],
      (other as Record<string, unknown>)[key],
      // Paths are only put together for short trees: they cost more than comparing.
      keys.length > 1_000 ? path : `${path}.${key}`,
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

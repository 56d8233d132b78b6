// Signature help by marks in the text: which parameter is shown as the active one.
import { describe, expect, it } from 'vitest';
import { signatureAt } from '../../../src/server/features/signatureHelp.ts';
import { marked } from '../marked.ts';

/** The signature with the active parameter between «». */
function shown(source: string, typedBlank = false): string | undefined {
  const { analysis, caret } = marked(source);
  const help = signatureAt(analysis, caret, { typedBlank });
  const signature = help?.signatures[0];
  if (signature === undefined) return undefined;
  const active = signature.parameters?.[help?.activeParameter ?? -1]?.label;
  if (active === undefined || typeof active === 'string') return signature.label;
  const [start, end] = active;
  return `${signature.label.slice(0, start)}«${signature.label.slice(start, end)}»${signature.label.slice(end)}`;
}

const read = 'File.ReadTextFromFile.ReadText';

describe('signature help', () => {
  it.each([
    [
      'behind an id the first required argument',
      `${read} <|>`,
      `${read} «File: File» [Encoding: File.TextFileEncoding = UTF8] Content=> Text`,
    ],
    [
      'in a value',
      `${read} Encoding: <|>`,
      `${read} File: File «[Encoding: File.TextFileEncoding = UTF8]» Content=> Text`,
    ],
    [
      'in a text',
      `${read} File: $'''C:\\\\<|>'''`,
      `${read} «File: File» [Encoding: File.TextFileEncoding = UTF8] Content=> Text`,
    ],
    [
      'while a name is typed',
      `${read} File: x En<|>`,
      `${read} File: File «[Encoding: File.TextFileEncoding = UTF8]» Content=> Text`,
    ],
    [
      'at an output',
      `${read} Content=> <|>`,
      `${read} File: File [Encoding: File.TextFileEncoding = UTF8] «Content=> Text»`,
    ],
    [
      'when nothing is wanted any more',
      `${read} File: x <|>`,
      `${read} File: File [Encoding: File.TextFileEncoding = UTF8] Content=> Text`,
    ],
    ['in a condition', 'IF (File.IfFile.Exists File: <|>) THEN', 'File.IfFile.Exists «File: File»'],
    ['in a function', 'IF Contains(A, <|>', 'Contains(text, «searchFor», [ignoreCase])'],
    [
      'in a function in a text in an action',
      `${read} File: $'''%Contains(A, 'x,y', <|>`,
      'Contains(text, searchFor, «[ignoreCase]»)',
    ],
    [
      'behind a local subflow',
      'CALL F <|>\nFUNCTION F a, b, OUTPUT c\nEND FUNCTION',
      'CALL F «a: value» b: value c=> variable',
    ],
    [
      'in a local subflow',
      'CALL F b: 1 c=> <|>\nFUNCTION F a, b, OUTPUT c\nEND FUNCTION',
      'CALL F a: value b: value «c=> variable»',
    ],
  ])('shows %s', (_, source, expected) => {
    expect(shown(source)).toBe(expected);
  });

  it.each([
    ['outside of calls', 'SET A TO <|>'],
    ['in a comment', '# File.Delete <|>'],
    ['in a call of an unknown action', 'File.Nothing <|>'],
    ['behind a subflow without arguments', 'CALL F <|>\nFUNCTION F GLOBAL\nEND FUNCTION'],
    ['in brackets that call nothing', 'SET A TO (<|>'],
  ])('shows nothing %s', (_, source) => {
    expect(shown(source)).toBeUndefined();
  });

  it('opens by itself behind the blank after an id, not behind every blank', () => {
    expect(shown(`${read} <|>`, true)).toBeDefined();
    expect(shown(`${read} File: x <|>`, true)).toBeUndefined();
  });
});

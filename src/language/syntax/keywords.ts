// The reserved words of the language and what is known about each. No parsing here.

/**
 * Reserved words as the product's documentation lists them. The position in this list is the word's number inside
 * the lexer. `ACTION` and the other words at the end are reserved on paper, but what the designer does with them as names
 * was never observed.
 */
export const reservedWords = [
  'AND',
  'BLOCK',
  'CALL',
  'CASE',
  'DEFAULT',
  'DISABLE',
  'ELSE',
  'END',
  'ERROR',
  'EXIT',
  'FALSE',
  'FOREACH',
  'FROM',
  'FUNCTION',
  'GLOBAL',
  'GOTO',
  'IF',
  'IN',
  'LABEL',
  'LOOP',
  'MOD',
  'NEXT',
  'NOT',
  'ON',
  'OR',
  'SET',
  'STEP',
  'SWITCH',
  'THEN',
  'THROW',
  'TO',
  'TRUE',
  'WAIT',
  'WHILE',
  'ACTION',
  'AS',
  'FOR',
  'IMPORT',
  'INPUT',
  'MAIN',
  'NO',
  'OUTPUT',
  'REPEAT',
  'TIMES',
  'XOR',
  'YES',
] as const;

export type ReservedWord = (typeof reservedWords)[number];

/** Words from here on are documented as reserved, but no pasted text ever showed the designer refusing them as names. */
export const firstUnobservedWord = reservedWords.indexOf('ACTION');

// What a line typed at the terminal answers.
import { describe, expect, it } from 'vitest';
import { promptOf, readAnswer, unattendedAnswer } from '../../src/cli/answers.ts';
import type { Question } from '../../src/protocol/run.ts';

const question = (changes: Partial<Question>): Question => ({
  id: 'q1',
  kind: 'message',
  title: 'T',
  message: 'M',
  ...changes,
});
const message = question({ options: ['Yes', 'No'], preset: 'No' });
const choice = question({ kind: 'choice', options: ['Red', 'Blue'] });
const choices = question({ kind: 'choices', options: ['Red', 'Blue', 'Green'] });

describe('a typed line', () => {
  it.each<[string, Question, typed: string, button: string, values: string[]]>([
    ['names a button in any letter case', message, ' yes ', 'Yes', []],
    ['that names none means the default', message, 'perhaps', 'No', []],
    ['that is empty means the default', message, '', 'No', []],
    ['presses the only button', question({}), '', 'OK', []],
    ['chooses by number', choice, '2', 'OK', ['Blue']],
    ['may be no number of an entry', choice, '7', 'OK', []],
    ['that is empty cancels a choice', choice, '', 'Cancel', []],
    ['that is empty takes what is proposed', { ...choice, preset: 'Blue' }, '', 'OK', ['Blue']],
    ['chooses several', choices, '3, 1', 'OK', ['Green', 'Red']],
    ['chooses none', { ...choices, preset: 'Red' }, '0', 'OK', []],
    [
      'that is empty takes all that are proposed',
      { ...choices, preset: 'Red\nGreen' },
      '',
      'OK',
      ['Red', 'Green'],
    ],
    ['is a text', question({ kind: 'input', preset: 'x' }), ' a ', 'OK', [' a ']],
    ['that is empty is the proposed text', question({ kind: 'input', preset: 'x' }), '', 'OK', ['x']],
    ['names files', question({ kind: 'files' }), 'a.txt;b.txt', 'OK', ['a.txt', 'b.txt']],
  ])('%s', (_name, asked, typed, button, values) => {
    expect(readAnswer(asked, typed)).toEqual({ button, values });
  });

  it('is asked for with what can be typed, without control characters', () => {
    expect(promptOf(message)).toBe('  [Yes / No] (No): ');
    expect(promptOf(choice)).toBe('    1. Red\n    2. Blue\n  Number, Enter: Cancel: ');
    expect(promptOf({ ...choices, options: ['a\u001b[2J', 'b'], preset: 'b' })).toBe(
      '    1. a\ufffd[2J\n  * 2. b\n  Numbers, separated by commas (0: none), Enter: those with *: ',
    );
  });
});

it('where nobody can type, a message gets its default button and anything else is cancelled', () => {
  expect(unattendedAnswer(message)).toEqual({ button: 'No', values: [] });
  expect(unattendedAnswer(question({}))).toEqual({ button: 'OK', values: [] });
  expect(unattendedAnswer(choice)).toEqual({ button: 'Cancel', values: [] });
});

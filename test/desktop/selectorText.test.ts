import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { controlTypes } from '../../src/desktop/controls.ts';
import {
  levelsText,
  parseSelectorText,
  type SelectorTextError,
  selectorOperators,
} from '../../src/desktop/selectorText.ts';

const operators = ['EqualTo', 'NotEqualTo', 'Contains', 'StartsWith', 'EndsWith', 'RegularExpressionMatch'];

describe('the text of a selector', () => {
  it('is read level by level', () => {
    expect(parseSelectorText(':desktop > window[Name="Ledger"][Process="ledger"]')).toEqual([
      { element: ':desktop', isDirect: false, attributes: [], ordinal: undefined },
      {
        element: 'window',
        isDirect: true,
        attributes: [
          { name: 'Name', operator: 'EqualTo', value: 'Ledger' },
          { name: 'Process', operator: 'EqualTo', value: 'ledger' },
        ],
        ordinal: undefined,
      },
    ]);
  });

  it('tells children from what is anywhere below, and types of two words from two levels', () => {
    const read = (text: string) =>
      parseSelectorText(text).map(({ element, isDirect }) => `${isDirect ? '>' : ''}${element}`);
    expect(read(' > edit[Name="Amount"]')).toEqual(['>edit']);
    expect(read('edit')).toEqual(['edit']);
    expect(read('list  item')).toEqual(['list item']);
    expect(read('List Item > pane button')).toEqual(['List Item', '>pane', 'button']);
    expect(read('list \\item')).toEqual(['list', 'item']);
    expect(read('list[Name="a"] item>*')).toEqual(['list', 'item', '>']);
    expect(read('*[Name="a"] my\\ control')).toEqual(['', 'my control']);
  });

  it('knows operators, ordinals and both kinds of quotes', () => {
    const [level] = parseSelectorText(
      `button[Name*="a"][Id != 'it"s'][Class^=x y][Name$="\\"\\\\"][Name~="^\\d+\\.$"][Ordinal="3"]`,
    );
    expect(level?.attributes.map(({ operator, value }) => `${operator} ${value}`)).toEqual([
      'Contains a',
      'NotEqualTo it"s',
      'StartsWith x y',
      'EndsWith "\\',
      'RegularExpressionMatch ^\\d+\\.$',
    ]);
    expect(level?.ordinal).toBe('3');
    expect(parseSelectorText('button:eq( 2 )[Name="a"]')[0]).toMatchObject({ ordinal: '2' });
    expect(parseSelectorText('button:eq(%Index%)')[0]).toMatchObject({ ordinal: '%Index%' });
  });

  it.each([
    ['', 0, 'it ends there'],
    ['button[', 7, 'name of an attribute'],
    ['button[Name]', 11, 'one of ='],
    ['button[Name="a]', 6, 'no closing quote'],
    ['button[Name="a" x]', 16, '"]" is expected'],
    ['button >', 8, 'it ends there'],
    ['button > > edit', 9, 'a level is expected'],
    ['button:hover', 6, 'only eq'],
    ['button:eq(1):eq(2)', 12, 'two ordinals'],
    ['a > :desktop', 4, 'only the first level'],
    ['button]', 6, 'is not expected'],
    ['button[Name=]', 12, 'a value in quotes'],
  ])('is refused with the place of the mistake: %s', (text, position, reason) => {
    try {
      parseSelectorText(text);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'InvalidSelector', position });
      expect((error as SelectorTextError).message).toContain(reason);
    }
  });

  it('is read as what was printed', () => {
    const tags = fc.oneof(
      fc.constantFrom(...controlTypes, '', 'item', 'list', 'Data'),
      fc
        .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
        .filter((tag) => tag !== '*' && !/^:desktop/i.test(tag)),
    );
    const level = fc.record({
      element: tags,
      isDirect: fc.boolean(),
      attributes: fc.array(
        fc.record({
          name: fc.constantFrom('Name', 'Id', 'Class', 'Any_thing'),
          operator: fc.constantFrom(...operators),
          value: fc.string({ unit: 'grapheme' }),
        }),
        { maxLength: 3 },
      ),
      ordinal: fc.option(fc.nat({ max: 99 }).map(String), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(level, { minLength: 1, maxLength: 4 }), (levels) => {
        expect(parseSelectorText(levelsText(levels))).toEqual(levels);
      }),
      { numRuns: 500 },
    );
  });

  it('never fails without a place', () => {
    const pieces = fc.constantFrom(
      ...'[]"\'=>: *\\'.split(''),
      'Name',
      'button',
      ':eq(',
      ')',
      ':desktop',
      '~=',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        try {
          parseSelectorText(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'InvalidSelector' });
          expect((error as SelectorTextError).position).toBeLessThanOrEqual(text.length);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('has a sign for every operator that is stored', () => {
    expect(Object.keys(selectorOperators)).toEqual(operators.map((operator) => operator.toLowerCase()));
  });
});

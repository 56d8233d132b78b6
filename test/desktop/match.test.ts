// What selectors match: examples, and every selector against a matcher that is written as plainly as possible.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tagKey } from '../../src/desktop/controls.ts';
import { matchElements, matchWindows } from '../../src/desktop/match.ts';
import type { ElementSelector, SelectorLevel } from '../../src/desktop/selector.ts';
import { parseSelectorText } from '../../src/desktop/selectorText.ts';
import { descendants, node, type PlayedNode, PlayedTree } from './playedTree.ts';

const written = (text: string): ElementSelector => ({ name: text, text, levels: [] });
/** As the visual editor stores it: the outermost level never says that it is direct. */
const stored = (text: string): ElementSelector => ({
  name: text,
  text: undefined,
  levels: parseSelectorText(text),
});

const save = node('button', { name: 'Save', id: 'save', enabled: 'True' });
const inner = node('button', { name: 'Save', id: 'inner', enabled: 'False' });
const panel = node('pane', { class: 'Panel' }, inner);
const rows = [0, 1, 2].map((index) => node('list item', { name: `Row ${index}` }));
const ledger = node(
  'window',
  { name: 'Ledger', process: 'Ledger', class: 'Main' },
  panel,
  save,
  node('list', { id: 'rows' }, ...rows),
);
const other = node('window', { name: 'Other', process: 'other' }, node('edit', { name: 'Amount' }));
const tree = new PlayedTree(other, ledger);

const names = (text: string | ElementSelector, windows: readonly PlayedNode[] = [ledger]) =>
  matchElements(tree, windows, [typeof text === 'string' ? written(text) : text]).found?.map(
    ({ properties }) => properties.id ?? properties.name,
  );

describe('a selector of windows', () => {
  it('begins at the desktop', () => {
    expect(
      matchWindows(tree, [written(':desktop > window[Name="Ledger"][Process="LEDGER.exe"]')]).found,
    ).toEqual([ledger]);
    expect(matchWindows(tree, [stored('window')]).found).toEqual([other, ledger]);
    expect(matchWindows(tree, [stored('window:eq(1)')]).found).toEqual([ledger]);
  });

  it('may lead into windows', () => {
    expect(matchWindows(tree, [written(':desktop > window > pane')]).found).toEqual([panel]);
  });
});

describe('a selector of elements', () => {
  it('means children with ">", and anything below without', () => {
    expect(names(' > button')).toEqual(['save']);
    expect(names(' > pane > button')).toEqual(['inner']);
    expect(names(' > pane[Class="panel"] button[Enabled="false"]')).toEqual(['inner']);
    expect(names(' > * list item')).toEqual(['Row 0', 'Row 1', 'Row 2']);
  });

  it('is looked for directly below the window first when it may be anywhere', () => {
    expect(names(stored('button'))).toEqual(['save']);
    expect(names(stored('button[Id="inner"]'))).toEqual(['inner']);
    expect(names(stored('list item:eq(1)'))).toEqual(['Row 1']);
  });

  it('compares as every operator says', () => {
    expect(names(stored('list item[Name!="Row 1"]'))).toEqual(['Row 0', 'Row 2']);
    expect(names(stored('*[Name*="ow 2"]'))).toEqual(['Row 2']);
    expect(names(stored('*[Name^="Row"][Name$="0"]'))).toEqual(['Row 0']);
    expect(names(stored('listitem[Name~="^\\w+\\s[12]$"]'))).toEqual(['Row 1', 'Row 2']);
    expect(names(stored('list item[Name="row 1"]'))).toBeUndefined();
    expect(names(stored('button[Nothing=""]:eq(0)'))).toEqual(['save']);
  });

  it('tries selectors in order', () => {
    const found = matchElements(tree, [ledger], [stored('edit'), stored('list'), stored('button')]);
    expect(found.found?.map(({ properties }) => properties.id)).toEqual(['rows']);
  });

  it('may begin at the desktop itself', () => {
    expect(names(':desktop > window[Name="Other"] > edit')).toEqual(['Amount']);
  });

  it('says where it led nowhere and what stood there', () => {
    const { partial } = matchElements(
      tree,
      [ledger],
      [stored('list[Id="rows"] > list item[Name="Row 9"]'), written(' > edit')],
    );
    expect(partial).toEqual([
      {
        selector: 'list[Id="rows"] > list item[Name="Row 9"]',
        failedAt: 1,
        level: 'list item[Name="Row 9"]',
        instead: ['list item[Name="Row 0"]', 'list item[Name="Row 1"]', 'list item[Name="Row 2"]'],
      },
      {
        selector: ' > edit',
        failedAt: 0,
        level: 'edit',
        instead: ['pane', 'button[Name="Save"]', 'list'],
      },
    ]);
    expect(matchWindows(tree, [stored('window[Name="Leger"]')]).partial?.[0]?.instead[0]).toBe(
      'window[Name="Ledger"]',
    );
  });

  it.each([
    [stored('button:eq(first)'), 'ordinal "first"'],
    [stored('button[Name~="("]'), 'regular expression'],
    [
      {
        name: '',
        text: undefined,
        levels: [
          {
            element: '',
            isDirect: false,
            attributes: [{ name: 'Name', operator: 'Like', value: '' }],
            ordinal: undefined,
          },
        ],
      },
      'operator "Like"',
    ],
    [written('button['), 'cannot be read'],
  ])('is refused when it cannot be used', (selector, reason) => {
    expect(() => matchElements(tree, [ledger], [selector])).toThrow(
      expect.objectContaining({ code: 'InvalidSelector', message: expect.stringContaining(reason) }),
    );
  });

  it('takes few looks at a large window', () => {
    const cells = Array.from({ length: 480 }, (_, index) => node('data item', { name: `Cell ${index}` }));
    const grids = [0, 1].map((index) =>
      node('table', { id: `grid${index}` }, ...cells.slice(index * 240, index * 240 + 240)),
    );
    const large = new PlayedTree(node('window', { name: 'Large' }, node('pane', {}, ...grids)));
    const found = matchElements(large, large.windows(), [
      stored('pane > table[Id="grid1"] > data item[Name="Cell 300"]'),
    ]);
    expect(found.found).toHaveLength(1);
    expect(large.looks).toBe(3);
  });
});

describe('a selector against the plainest matcher', () => {
  const tags = ['pane', 'button', 'list item'];
  const values = ['', 'a', 'ab', 'b'];
  const treesOf = (depth: number): fc.Arbitrary<PlayedNode> =>
    fc
      .record({
        tag: fc.constantFrom(...tags),
        name: fc.constantFrom(...values),
        children: depth === 0 ? fc.constant([]) : fc.array(treesOf(depth - 1), { maxLength: 3 }),
      })
      .map(({ tag, name, children }) => node(tag, { name }, ...children));
  const trees = treesOf(4);
  const levels: fc.Arbitrary<SelectorLevel> = fc.record({
    element: fc.constantFrom('', '*', ...tags),
    isDirect: fc.boolean(),
    attributes: fc.array(
      fc.record({
        name: fc.constant('Name'),
        operator: fc.constantFrom('EqualTo', 'NotEqualTo', 'Contains', 'StartsWith', 'EndsWith'),
        value: fc.constantFrom(...values),
      }),
      { maxLength: 2 },
    ),
    ordinal: fc.option(fc.constantFrom('0', '1'), { nil: undefined }),
  });

  const holds: Readonly<Record<string, (text: string, value: string) => boolean>> = {
    EqualTo: (text, value) => text === value,
    NotEqualTo: (text, value) => text !== value,
    Contains: (text, value) => text.includes(value),
    StartsWith: (text, value) => text.startsWith(value),
    EndsWith: (text, value) => text.endsWith(value),
  };

  /** All elements in the order of the tree, filtered by what each is below of. */
  function plainly(window: PlayedNode, steps: readonly SelectorLevel[]): PlayedNode[] {
    let current = [window];
    for (const { element, isDirect, attributes, ordinal } of steps) {
      const next = descendants(window).filter(
        (one) =>
          current.some((parent) => (isDirect ? parent.children : descendants(parent)).includes(one)) &&
          (element === '' || element === '*' || tagKey(one.tag) === tagKey(element)) &&
          attributes.every(({ operator, value }) => holds[operator]?.(one.properties.name ?? '', value)),
      );
      current = ordinal === undefined ? next : next.slice(Number(ordinal), Number(ordinal) + 1);
    }
    return current;
  }

  it('finds the same', () => {
    fc.assert(
      fc.property(trees, fc.array(levels, { minLength: 1, maxLength: 4 }), (window, steps) => {
        const [first, ...rest] = steps as [SelectorLevel, ...SelectorLevel[]];
        const direct = plainly(window, [{ ...first, isDirect: true }, ...rest]);
        const expected = first.isDirect || direct.length > 0 ? direct : plainly(window, steps);
        const found = matchElements(
          new PlayedTree(window),
          [window],
          [{ name: '', text: undefined, levels: steps }],
        ).found;
        expect(found ?? []).toEqual(expected);
        expect((found ?? []).every((one, index) => one === expected[index])).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

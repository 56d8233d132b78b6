import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  elementName,
  freeName,
  isStableId,
  stableClass,
  stableName,
} from '../../../src/desktop/capture/naming.ts';
import {
  type Matcher,
  type PathPart,
  proposeSelectors,
  windowConditions,
} from '../../../src/desktop/capture/selectors.ts';
import { matchElements } from '../../../src/desktop/match.ts';
import { levelText } from '../../../src/desktop/selectorText.ts';

interface Node {
  readonly part: PathPart;
  readonly children: readonly Node[];
}

const part = (tag: string, name = '', automationId = '', className = ''): PathPart => ({
  tag,
  name,
  automationId,
  className,
});
const node = (own: PathPart, ...children: readonly Node[]): Node => ({ part: own, children });

/** Matches as the Desktop does, over a tree of these nodes. */
function matcher(root: Node, target: Node): Matcher {
  const below = (one: Node): Node[] => one.children.flatMap((child) => [child, ...below(child)]);
  const ids = new Map([root, ...below(root)].map((one, index) => [one, String(index)]));
  const tree = {
    windows: () => [root],
    below: (one: Node, scope: 'children' | 'all') => (scope === 'all' ? below(one) : one.children),
    tags: ({ part }: Node) => [part.tag],
    property: ({ part }: Node, name: string) =>
      ({ name: part.name, id: part.automationId, class: part.className })[name],
    key: (one: Node) => ids.get(one) ?? '',
  };
  return async (levels) => {
    const { found } = matchElements(tree, [root], [{ name: '', text: undefined, levels }]);
    if (found === undefined) return { count: 0, position: undefined };
    const position = found.indexOf(target);
    return { count: found.length, position: position < 0 ? undefined : position };
  };
}

async function best(root: Node, ...way: readonly Node[]): Promise<string | undefined> {
  const target = way.at(-1) as Node;
  const [first] = await proposeSelectors(
    way.map((one) => one.part),
    matcher(root, target),
  );
  return first?.text;
}

describe('proposals', () => {
  it('take an id before a name, and a name before a class', async () => {
    const save = node(part('button', 'Save', 'save', 'Button'));
    const load = node(part('button', 'Load', '', 'Button'));
    const other = node(part('edit', '', '', 'Edit'));
    const root = node(part('window'), save, load, other);
    expect(await best(root, save)).toBe('button[Id="save"]');
    expect(await best(root, load)).toBe('button[Name="Load"]');
    expect(await best(root, other)).toBe('edit[Class="Edit"]');
  });

  it('say what it is in where two are alike, and count only where nothing else helps', async () => {
    const button = () => node(part('button', 'OK'));
    const [left, right, third] = [button(), button(), button()];
    const first = node(part('group', 'Sender'), left);
    const second = node(part('group', 'Receiver'), right, third);
    const root = node(part('window'), first, second);
    expect(await best(root, first, left)).toBe('group[Name="Sender"] > button[Name="OK"]');
    expect(await best(root, second, third)).toMatch(/:eq\(\d\)$/);
  });

  it('find the element and nothing else, in whatever tree', async () => {
    const parts = fc.record({
      tag: fc.constantFrom('button', 'pane', 'edit'),
      name: fc.constantFrom('', 'A', 'Item 1', 'Order 4711'),
      automationId: fc.constantFrom('', 'x', '101', '123456789'),
      className: fc.constantFrom('', 'K'),
    });
    const { tree } = fc.letrec<{ tree: Node; leaf: Node; inner: Node }>((tie) => ({
      leaf: parts.map((own) => node(own)),
      inner: fc
        .tuple(parts, fc.array(tie('tree'), { maxLength: 3 }))
        .map(([own, children]) => node(own, ...children)),
      tree: fc.oneof({ maxDepth: 3 }, tie('leaf'), tie('inner')),
    }));
    await fc.assert(
      fc.asyncProperty(fc.array(tree, { minLength: 1, maxLength: 4 }), async (children) => {
        const root = node(part('window'), ...children);
        const ways = (from: Node, way: readonly Node[]): (readonly Node[])[] =>
          from.children.flatMap((child) => [[...way, child], ...ways(child, [...way, child])]);
        for (const way of ways(root, []).slice(0, 12)) {
          const target = way.at(-1) as Node;
          const [first] = await proposeSelectors(
            way.map((one) => one.part),
            matcher(root, target),
          );
          expect(first?.matches).toEqual({ count: 1, position: 0 });
        }
      }),
      { numRuns: 100 },
    );
  });

  it('are several when several are wanted, each with what it finds', async () => {
    const [one, other] = [node(part('button', 'OK', '', 'B')), node(part('button', 'No', '', 'B'))];
    const root = node(part('window'), one, other);
    const all = await proposeSelectors([one.part], matcher(root, one), 5);
    expect(all.map(({ text, matches }) => [text, matches.count])).toContainEqual(['button[Class="B"]', 2]);
  });
});

describe('what stays', () => {
  const stable = (name: string, isTitle = false) => {
    const attribute = stableName(name, isTitle);
    return (
      attribute && levelText({ element: '', isDirect: false, attributes: [attribute], ordinal: undefined })
    );
  };

  it.each([
    ['Save', '*[Name="Save"]'],
    ['Step 2', '*[Name="Step 2"]'],
    ['Invoice 20260317 of Contoso', '*[Name$=" of Contoso"]'],
    ['Updated 2026-03-17', '*[Name^="Updated "]'],
    ['17.03.2026', undefined],
    ['', undefined],
  ])('of %j', (name, expected) => expect(stable(name)).toBe(expected));

  it.each([
    ['*report.txt - Notepad', '*[Name$=" - Notepad"]'],
    ['Inbox (12) - Mail', '*[Name$=" - Mail"]'],
    ['Calculator', '*[Name="Calculator"]'],
  ])('of the title %j', (name, expected) => expect(stable(name, true)).toBe(expected));

  it('of ids and classes', () => {
    expect(['save', '101', 'txtName1'].map(isStableId)).toEqual([true, true, true]);
    expect(['', '1245678', '7b9e1c2a-4d3f-4a5b', '0x000A12F4'].map(isStableId)).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(stableClass('WindowsForms10.EDIT.app.0.378734a')).toMatchObject({
      operator: 'StartsWith',
      value: 'WindowsForms10.EDIT.',
    });
  });

  it('of a window without a title is its class', () => {
    expect(windowConditions('', 'app', 'Main').map(({ name }) => name)).toEqual(['Class', 'Process']);
  });
});

it('names are those of people, short, on one line, each once', () => {
  expect(elementName('check box', '&Tick\r\nme', '', '')).toBe("Check Box 'Tick me'");
  expect(elementName('edit', '', '101', 'Edit')).toBe("Edit '101'");
  expect(elementName('pane', '', '', '')).toBe('Pane');
  expect(elementName('text', 'x'.repeat(80), '', '')).toHaveLength("Text ''".length + 50);
  const taken = new Set(['A', 'A 2']);
  expect(freeName('A', (name) => taken.has(name))).toBe('A 3');
});

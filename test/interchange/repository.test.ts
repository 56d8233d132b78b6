// What the repositories beside a flow hold, and where its names stand.
import { describe, expect, it } from 'vitest';
import { readElements, readImages, repositoryLookup } from '../../src/interchange/repository.ts';
import { elementsText, imagesText, screen } from './repositoryTexts.ts';

describe('controlRepo.appmask', () => {
  const text = elementsText(
    screen("Window 'Notes'", { elements: [{ name: 'Save "all"' }, { name: 'Öffnen…' }] }),
    screen('Empty'),
  );

  it('lists screens and elements in their order, each name with its exact place', () => {
    const { screens, problems } = readElements(text);
    expect(problems).toEqual([]);
    expect(screens.map(({ name, elements }) => [name, elements.map((element) => element.name)])).toEqual([
      ["Window 'Notes'", ['Save "all"', 'Öffnen…']],
      ['Empty', []],
    ]);
    const places = screens.flatMap((entry) => [entry, ...entry.elements]);
    expect(places.map(({ nameRange }) => text.slice(nameRange.start, nameRange.end))).toEqual([
      "Window 'Notes'",
      'Save \\"all\\"',
      'Öffnen…',
      'Empty',
    ]);
    for (const { range, name } of places)
      expect(JSON.parse(text.slice(range.start, range.end))).toMatchObject({ Name: name });
  });

  it('shows a selector as people read it, without what is switched off', () => {
    const [found] = readElements(
      JSON.stringify({
        Screens: [
          {
            Name: 'S',
            Selectors: [
              {
                Elements: [
                  { Tag: 'body', Ignore: true, Attributes: [] },
                  {
                    Tag: 'table',
                    Attributes: [
                      { Name: 'Id', Operation: 'EqualTo', Value: 'rates', IsOrdinal: false },
                      { Name: 'Class', Operation: 'Contains', Value: 'wide', Ignore: true },
                      { Name: 'Name', Operation: 'StartsWith', Value: 'Rates %Year%' },
                    ],
                  },
                  {
                    Tag: 'tr',
                    Attributes: [{ Name: 'Ordinal', Operation: 'EqualTo', Value: '2', IsOrdinal: true }],
                  },
                ],
              },
              { Ignore: true, Elements: [{ Tag: 'switched-off', Attributes: [] }] },
              { IsCustom: true, CustomSelector: '#rates > tr', Elements: [{ Tag: 'table', Attributes: [] }] },
            ],
          },
        ],
      }),
    ).screens;
    expect(found?.selectors).toEqual(['table[Id="rates"][Name^="Rates %Year%"] > tr:eq(2)', '#rates > tr']);
  });

  it('reads what it can of a damaged file and says what is wrong', () => {
    const { screens, problems } = readElements(text.slice(0, text.indexOf('Öffnen')));
    expect(screens.map(({ name }) => name)).toEqual([]);
    expect(problems).toHaveLength(1);
    const cut = readElements(text.slice(0, text.lastIndexOf('"Name": "Empty"')));
    expect(cut.screens[0]?.elements).toHaveLength(2);
    expect(readElements('').problems).toHaveLength(1);
    expect(readElements('{"Images": []}').problems).toEqual([
      { message: 'The file has no list “Screens”.', offset: 0 },
    ]);
  });

  it('reads 10 MB of screenshots in a moment', () => {
    const picture = 'iVBORw0KGgo'.repeat(4_600);
    const large = elementsText(
      ...Array.from({ length: 100 }, (_, index) =>
        screen(`Screen ${index}`, {
          elements: [
            { name: 'a', screenshot: picture },
            { name: 'b', screenshot: picture },
          ],
        }),
      ),
    );
    expect(large.length).toBeGreaterThan(10_000_000);
    readElements(large);
    const start = performance.now();
    expect(readElements(large).screens).toHaveLength(100);
    // 10 to 20 ms alone; other programs may be at work here.
    expect(performance.now() - start).toBeLessThan(150);
  });
});

describe('imageRepo.imgrepo', () => {
  it('lists images, those in folders included', () => {
    const text = JSON.stringify({
      Folders: [{ Name: 'F', Folders: [], Images: [{ Name: 'inside', Id: '2' }] }],
      Images: [{ Name: 'outside', Id: '1' }],
    });
    const { images } = readImages(text);
    expect(images.map(({ name, id }) => [name, id])).toEqual([
      ['outside', '1'],
      ['inside', '2'],
    ]);
    expect(images.map(({ nameRange }) => text.slice(nameRange.start, nameRange.end))).toEqual([
      'outside',
      'inside',
    ]);
    expect(readImages(imagesText({ name: 'Logo' })).problems).toEqual([]);
  });
});

describe('what a run looks up', () => {
  const level = (Tag: string, Ignore: boolean, ...Attributes: object[]) => ({ Tag, Ignore, Attributes });
  const text = JSON.stringify({
    Screens: [
      {
        Name: 'Page',
        ElementTypeName: 'Web Page',
        Selectors: [],
        Controls: [
          {
            Name: 'Save',
            ElementTypeName: 'Button',
            Selectors: [
              {
                Name: 'Default Selector',
                IsCustom: false,
                CustomSelector: 'left over',
                Elements: [
                  level('html', true),
                  level('body', false),
                  level('form', false, { Name: 'Id', Operation: 'Contains', Value: 'order' }),
                  level('div', true),
                  level(
                    'button',
                    false,
                    { Name: 'Class', Operation: 'EqualTo', Value: 'x', Ignore: true },
                    { Name: 'Title', Operation: 'EqualTo', Value: 'y', IsDisabledAttribute: true },
                    { Name: 'Text', Operation: 'EqualTo', Value: null },
                    { Name: 'Ordinal', Operation: 'EqualTo', Value: 2, IsOrdinal: true },
                  ),
                ],
              },
              { Name: 'Off', Ignore: true, Elements: [level('a', false)] },
              { Name: 'Picture', IsImageBased: true, Elements: [level('a', false)] },
              { Name: 'Text', IsCustom: true, CustomSelector: '#save', Elements: [level('a', false)] },
              { Name: 'All off', Elements: [level('a', true)] },
            ],
          },
          { Name: 'save', Selectors: [{ IsCustom: true, CustomSelector: 'second of that name' }] },
        ],
      },
    ],
  });

  it('finds an element by its path, with the levels that are switched on', () => {
    const found = repositoryLookup(text, undefined).element(['PAGE', 'SAVE']);
    expect(found).toEqual({
      name: 'Save',
      type: 'Button',
      screen: { name: 'Page', type: 'Web Page', selectors: [], screen: undefined },
      selectors: [
        {
          name: 'Default Selector',
          text: undefined,
          levels: [
            { element: 'body', isDirect: false, attributes: [], ordinal: undefined },
            {
              element: 'form',
              isDirect: true,
              attributes: [{ name: 'Id', operator: 'Contains', value: 'order' }],
              ordinal: undefined,
            },
            {
              element: 'button',
              isDirect: false,
              attributes: [{ name: 'Text', operator: 'EqualTo', value: '' }],
              ordinal: '2',
            },
          ],
        },
        { name: 'Text', text: '#save', levels: [] },
      ],
    });
  });

  it('finds screens and pictures, and nothing where nothing is', () => {
    const lookup = repositoryLookup(text, imagesText({ name: 'Logo', picture: 'AQID' }));
    expect(lookup.element(['page'])?.name).toBe('Page');
    expect(lookup.element(['Page', 'Gone'])).toBeUndefined();
    expect([...(lookup.image('LOGO') ?? [])]).toEqual([1, 2, 3]);
    expect(lookup.image('Gone')).toBeUndefined();
    const nothing = repositoryLookup(undefined, undefined);
    expect(nothing.element(['Page'])).toBeUndefined();
    expect(nothing.image('Logo')).toBeUndefined();
  });
});

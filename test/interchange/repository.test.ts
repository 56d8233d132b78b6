// What the repositories beside a flow hold, and where its names stand.
import { describe, expect, it } from 'vitest';
import { readElements, readImages } from '../../src/interchange/repository.ts';
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

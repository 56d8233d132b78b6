// A repository with UI elements of the local site, written as the designer stores them.

interface Level {
  readonly tag: string;
  readonly isOff?: boolean;
  /** Name, value, and the operator unless it is EqualTo. */
  readonly attributes?: readonly (readonly [string, string | number, string?])[];
}

const level = ({ tag, isOff = false, attributes = [] }: Level) => ({
  Attributes: [
    // The designer stores what it does not use, too.
    { Ignore: true, IsOrdinal: false, Name: 'Class', Operation: 'EqualTo', Value: 'something else' },
    ...attributes.map(([Name, Value, Operation = 'EqualTo']) => ({
      Ignore: false,
      IsOrdinal: Name === 'Ordinal',
      Name,
      Operation,
      Value,
    })),
  ],
  CustomValue: null,
  Ignore: isOff,
  Name: tag,
  Tag: tag,
});

const selector = (...levels: Level[]) => ({
  CustomSelector: null,
  Elements: levels.map(level),
  Ignore: false,
  IsCustom: false,
  IsImageBased: false,
  Name: 'Default Selector',
});
const written = (text: string) => ({ ...selector({ tag: 'nothing' }), CustomSelector: text, IsCustom: true });

const control = (Name: string, ...Selectors: object[]) => ({
  AutomationProtocol: 'uia3',
  ElementTypeName: 'Button',
  Name,
  SelectorCount: Selectors.length,
  Selectors,
  Tag: 'button',
});

const off = (tag: string): Level => ({ tag, isOff: true });

export const webElements: string = JSON.stringify({
  Screens: [
    {
      Name: 'Desk',
      ElementTypeName: 'Web Page',
      Tag: 'domcontainer',
      Selectors: [],
      Controls: [
        control(
          'By id',
          selector(off('html'), off('body'), { tag: 'button', attributes: [['Id', 'plain']] }),
        ),
        control(
          'By text',
          selector(
            { tag: 'body' },
            { tag: 'form' },
            {
              tag: 'button',
              attributes: [
                ['Text', 'Plain'],
                ['Type', 'button'],
              ],
            },
          ),
        ),
        control(
          'Second save',
          selector(
            off('body'),
            off('div'),
            { tag: 'div', attributes: [['Class', 'bar']] },
            {
              tag: 'button',
              attributes: [
                ['Ordinal', 1],
                ['Class', 'save'],
              ],
            },
          ),
        ),
        control(
          'Second of two',
          { ...selector({ tag: 'button', attributes: [['Id', 'off']] }), Ignore: true },
          selector({ tag: 'button', attributes: [['Id', 'gone']] }),
          selector({ tag: 'button', attributes: [['Id', 'plain']] }),
        ),
        control('As written', written('div.card > div.bar > button')),
        control(
          'Starts and ends',
          selector({
            tag: 'button',
            attributes: [
              ['Id', 'pl', 'StartsWith'],
              ['Id', 'in', 'EndsWith'],
              ['Text', 'lai', 'Contains'],
              ['Type', 'submit', 'NotEqualTo'],
            ],
          }),
        ),
        control(
          'By expression',
          selector({ tag: 'button', attributes: [['Text', '^P\\w{4}$', 'RegularExpressionMatch']] }),
        ),
        control('With variable', selector({ tag: 'button', attributes: [['Id', '%Which%']] })),
        control(
          'Gone',
          selector(off('body'), { tag: 'iframe', attributes: [['Id', 'inner']] }, off('html'), {
            tag: 'button',
            attributes: [['Id', 'gone']],
          }),
          written('#alsoGone'),
        ),
        control('Switched off', { ...selector({ tag: 'button' }), Ignore: true }),
      ],
    },
  ],
  Version: 1,
});

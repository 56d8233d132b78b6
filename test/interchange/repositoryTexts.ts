// Repositories as the designer writes them, made for tests: as many screens and elements as a test names.

export interface ScreenOptions {
  readonly id?: string;
  readonly elements?: readonly ElementOptions[];
  readonly process?: string;
}

export interface ElementOptions {
  readonly name: string;
  readonly id?: string;
  /** Value of the one attribute of its selector. */
  readonly find?: string;
  readonly screenshot?: string;
}

const selector = (tag: string, attribute: string, value: string) => ({
  CustomSelector: null,
  Elements: [
    {
      Attributes: [
        { Ignore: true, IsOrdinal: false, Name: 'Class', Operation: 'EqualTo', Value: null },
        { Ignore: false, IsOrdinal: false, Name: attribute, Operation: 'EqualTo', Value: value },
      ],
      CustomValue: null,
      Ignore: false,
      Name: `${tag} '${value}'`,
      Tag: tag,
    },
  ],
  Ignore: false,
  IsCustom: false,
  IsWindowsInstance: false,
  Name: 'Default Selector',
  Properties: [],
});

export function screen(name: string, { id, elements = [], process = 'editor' }: ScreenOptions = {}) {
  return {
    Controls: elements.map((element) => ({
      AutomationProtocol: 'uia3',
      ScreenShot: element.screenshot ?? null,
      ElementTypeName: 'Button',
      InstanceId: element.id ?? `id of ${name}/${element.name}`,
      Name: element.name,
      SelectorCount: 1,
      Selectors: [selector('button', 'Name', element.find ?? element.name)],
      Tag: 'button',
      ScreenshotPath: null,
    })),
    Handle: { value: 0 },
    ProcessName: process,
    ScreenShot: null,
    ElementTypeName: 'Window',
    InstanceId: id ?? `id of ${name}`,
    Name: name,
    SelectorCount: 1,
    Selectors: [selector('window', 'Process', process)],
    Tag: 'window',
    ScreenshotPath: null,
  };
}

/** controlRepo.appmask with CRLF and an indentation of two, as exported. */
export function elementsText(...screens: readonly ReturnType<typeof screen>[]): string {
  return JSON.stringify({ Screens: screens, Version: 1 }, undefined, 2).replaceAll('\n', '\r\n');
}

export function imagesText(
  ...images: readonly { readonly name: string; readonly id?: string; readonly picture?: string }[]
): string {
  const Images = images.map(({ name, id, picture }) => ({
    Id: id ?? `id of ${name}`,
    Name: name,
    Screenshot: picture ?? 'iVBORw0KGgo=',
    ScreenshotPath: `imageRepo-screenshots\\${name}.png`,
  }));
  return JSON.stringify({ Folders: [], Images, Version: 1 }, undefined, 2).replaceAll('\n', '\r\n');
}

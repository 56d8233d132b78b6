// The JSON behind `# [ControlRepository][PowerAutomateDesktop]` in a text copied from the designer: the UI elements, images and
// connections its statements use. Both repositories are JSON texts inside the JSON.
import { items, member, readJson, stringValue } from './json.ts';

export interface Attachment {
  /** JSON text with the form of controlRepo.appmask. */
  readonly elements: string | undefined;
  /** JSON text with the form of imageRepo.imgrepo. */
  readonly images: string | undefined;
  /** JSON objects, as written. */
  readonly connections: readonly string[];
}

/** Where the flow runs, as the head of a flow says it; the designer repeats it with the UI elements. */
export interface Target {
  readonly displayName: string;
  readonly connectionString: string;
  readonly type: string;
  readonly desktopType: string;
}

export const marker = '# [ControlRepository][PowerAutomateDesktop]';

/** Reads what it can: a part that is missing or damaged is undefined. `damaged`: something in it could not be read. */
export function readAttachment(json: string): Attachment & { readonly damaged: boolean } {
  const { root, problem } = readJson(json);
  const repository = (node: ReturnType<typeof member>) => stringValue(json, member(node, 'Repository'));
  return {
    elements: items(member(root, 'ControlRepositorySymbols'))
      .map(repository)
      .find((text) => text !== undefined),
    images: repository(member(root, 'ImageRepositorySymbol')),
    connections: items(member(root, 'ConnectionReferences')).map(({ start, end }) => json.slice(start, end)),
    damaged: problem !== undefined && json.trim() !== '',
  };
}

/** The text of an attachment from its marker line on, with the line ends of the designer. */
export function writeAttachment({ elements, images, connections }: Attachment, target: Target): string {
  const symbols =
    elements === undefined
      ? []
      : [
          {
            IgnoreImagesOnSerialization: false,
            Repository: elements,
            ImportMetadata: {
              DisplayName: target.displayName,
              ConnectionString: target.connectionString,
              Type: target.type,
              DesktopType: target.desktopType,
            },
            Name: 'appmask',
          },
        ];
  const json = JSON.stringify(
    {
      ControlRepositorySymbols: symbols,
      ImageRepositorySymbol: { Repository: images ?? emptyImages, ImportMetadata: {}, Name: 'imgrepo' },
      ConnectionReferences: connections.map((connection): unknown => JSON.parse(connection)),
    },
    undefined,
    2,
  );
  return `${marker}\r\n\r\n${json.replaceAll('\n', '\r\n')}\r\n`;
}

/** A repository without images, as the designer writes it. */
export const emptyImages = '{\r\n  "Folders": [],\r\n  "Images": [],\r\n  "Version": 1\r\n}';
/** A repository without UI elements. */
export const emptyElements = '{\r\n  "Screens": [],\r\n  "Version": 1\r\n}';

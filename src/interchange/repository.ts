// The repositories beside a flow: the UI elements of controlRepo.appmask and the images of imageRepo.imgrepo, with the place of
// every name in the file. Reads only; repositoryText.ts merges.
import type { ScreenSummary } from '../language/analysis/surroundings.ts';
import { isTrue, items, type JsonNode, type JsonReading, member, readJson, stringValue } from './json.ts';

/** Offsets into the repository's text. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface RepositoryElement {
  readonly name: string;
  /** Exactly the name between its quotes; written back with `escapeString`. */
  readonly nameRange: Range;
  /** The whole JSON object. */
  readonly range: Range;
  readonly id: string | undefined;
  /** What it is as people read it, such as `Button` or `Window`. */
  readonly type: string | undefined;
  /** In the order in which they are tried, as people read them; switched-off ones are left out. */
  readonly selectors: readonly string[];
}

export interface RepositoryScreen extends RepositoryElement {
  readonly elements: readonly RepositoryElement[];
}

export interface RepositoryImage {
  readonly name: string;
  readonly nameRange: Range;
  readonly range: Range;
  readonly id: string | undefined;
}

export interface RepositoryProblem {
  readonly message: string;
  readonly offset: number;
}

/** Reads the text of controlRepo.appmask. Never throws: of a damaged text, what stands before the damage is returned. */
export function readElements(text: string): {
  readonly screens: readonly RepositoryScreen[];
  readonly problems: readonly RepositoryProblem[];
} {
  const reading = readJson(text);
  const screens = named(text, items(member(reading.root, 'Screens'))).map(
    ({ node, name, nameRange }): RepositoryScreen => ({
      ...element(text, node, name, nameRange),
      elements: named(text, items(member(node, 'Controls'))).map((control) =>
        element(text, control.node, control.name, control.nameRange),
      ),
    }),
  );
  return { screens, problems: problemsOf(reading, 'Screens') };
}

/** Reads the text of imageRepo.imgrepo, images in folders included. Never throws. */
export function readImages(text: string): {
  readonly images: readonly RepositoryImage[];
  readonly problems: readonly RepositoryProblem[];
} {
  const reading = readJson(text);
  const images: RepositoryImage[] = [];
  const folders: (JsonNode | undefined)[] = [reading.root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const { node, name, nameRange } of named(text, items(member(folder, 'Images')))) {
      images.push({ name, nameRange, range: rangeOf(node), id: stringValue(text, member(node, 'Id')) });
    }
    folders.push(...items(member(folder, 'Folders')).toReversed());
  }
  return { images, problems: problemsOf(reading, 'Images') };
}

/** The names of all screens and their elements; undefined for a damaged text, which may have lost some. */
export function screenSummaries(text: string): ScreenSummary[] | undefined {
  const { screens, problems } = readElements(text);
  if (problems.length > 0) return undefined;
  return screens.map(({ name, elements }) => ({ name, elements: elements.map((element) => element.name) }));
}

/** The names of all images; undefined for a damaged text. */
export function imageNames(text: string): string[] | undefined {
  const { images, problems } = readImages(text);
  return problems.length > 0 ? undefined : images.map(({ name }) => name);
}

function problemsOf({ root, problem }: JsonReading, list: string): RepositoryProblem[] {
  if (problem !== undefined) return [problem];
  if (member(root, list)?.kind === 'array') return [];
  return [{ message: `The file has no list “${list}”.`, offset: 0 }];
}

const rangeOf = ({ start, end }: JsonNode): Range => ({ start, end });

function named(text: string, nodes: readonly JsonNode[]) {
  return nodes.flatMap((node) => {
    const nameNode = member(node, 'Name');
    const name = stringValue(text, nameNode);
    if (nameNode === undefined || name === undefined) return [];
    return [{ node, name, nameRange: { start: nameNode.start + 1, end: nameNode.end - 1 } }];
  });
}

function element(text: string, node: JsonNode, name: string, nameRange: Range): RepositoryElement {
  return {
    name,
    nameRange,
    range: rangeOf(node),
    id: stringValue(text, member(node, 'InstanceId')),
    type: stringValue(text, member(node, 'ElementTypeName')),
    selectors: items(member(node, 'Selectors'))
      .filter((selector) => !isTrue(text, member(selector, 'Ignore')))
      .map((selector) => selectorText(text, selector))
      .filter((selector) => selector !== ''),
  };
}

/** `tag[Attribute="value"] > tag:eq(0)`; the text somebody typed where the selector was typed. */
function selectorText(text: string, selector: JsonNode): string {
  const custom = stringValue(text, member(selector, 'CustomSelector'));
  if (custom) return custom;
  return items(member(selector, 'Elements'))
    .filter((level) => !isTrue(text, member(level, 'Ignore')))
    .map((level) => {
      const tag =
        stringValue(text, member(level, 'CustomValue')) || stringValue(text, member(level, 'Tag')) || '*';
      return (
        tag +
        items(member(level, 'Attributes'))
          .map((attribute) => attributeText(text, attribute))
          .join('')
      );
    })
    .join(' > ');
}

const operators: Readonly<Record<string, string>> = {
  EqualTo: '=',
  NotEqualTo: '!=',
  Contains: '*=',
  StartsWith: '^=',
  EndsWith: '$=',
  RegularExpressionMatch: '~=',
};

function attributeText(text: string, attribute: JsonNode): string {
  if (isTrue(text, member(attribute, 'Ignore')) || isTrue(text, member(attribute, 'IsDisabledAttribute')))
    return '';
  const valueNode = member(attribute, 'Value');
  const value =
    stringValue(text, valueNode) ??
    (valueNode === undefined ? '' : text.slice(valueNode.start, valueNode.end));
  if (isTrue(text, member(attribute, 'IsOrdinal'))) return `:eq(${value})`;
  const operation = stringValue(text, member(attribute, 'Operation')) ?? 'EqualTo';
  return `[${stringValue(text, member(attribute, 'Name')) ?? '?'}${operators[operation] ?? ` ${operation} `}"${value}"]`;
}

// The repositories beside a flow: the UI elements of controlRepo.appmask and the images of imageRepo.imgrepo, with the place of
// every name in the file. Reads only; repositoryText.ts merges.
import type { ElementSelector, SelectorLevel } from '../desktop/selector.ts';
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

/** A UI element for whoever looks for it: the shape of `runtime/elements.ts`, which this layer does not know. */
export interface StoredElement {
  readonly name: string;
  readonly type: string | undefined;
  /** In the order in which they are tried; switched-off ones and pictures are left out. */
  readonly selectors: readonly ElementSelector[];
  /** How it was captured (`uia3`, `uia2`, `java`); undefined for elements of web pages. */
  readonly protocol: string | undefined;
  readonly screen: StoredElement | undefined;
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
  const images = named(text, imageNodes(reading.root)).map(({ node, name, nameRange }) => ({
    name,
    nameRange,
    range: rangeOf(node),
    id: stringValue(text, member(node, 'Id')),
  }));
  return { images, problems: problemsOf(reading, 'Images') };
}

/** The images of all folders, outer ones first. */
function imageNodes(root: JsonNode | undefined): JsonNode[] {
  const images: JsonNode[] = [];
  const folders: (JsonNode | undefined)[] = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    images.push(...items(member(folder, 'Images')));
    folders.push(...items(member(folder, 'Folders')).toReversed());
  }
  return images;
}

/**
 * UI elements and images by name, whatever its letter case, for a run. `elements` and `images` are the texts of the repositories of
 * the flow, where there are any; what stands before a damage in them is found.
 */
export function repositoryLookup(
  elements: string | undefined,
  images: string | undefined,
): {
  /** `path`: a screen, or a screen and an element. */
  element(path: readonly string[]): StoredElement | undefined;
  /** The picture of an image. */
  image(name: string): Uint8Array | undefined;
} {
  let found: ReadonlyMap<string, StoredElement> | undefined;
  const pictures = new Map<string, Uint8Array | undefined>();
  return {
    element(path) {
      found ??= storedElements(elements ?? '');
      return found.get(keyOf(path));
    },
    image(name) {
      const key = name.toLowerCase();
      if (!pictures.has(key)) pictures.set(key, storedPicture(images ?? '', key));
      return pictures.get(key);
    },
  };
}

const keyOf = (path: readonly string[]): string => path.join('\n').toLowerCase();

function storedElements(text: string): Map<string, StoredElement> {
  const found = new Map<string, StoredElement>();
  const add = (element: StoredElement, path: readonly string[]) => {
    // Of two elements with one name, the designer uses the first.
    if (!found.has(keyOf(path))) found.set(keyOf(path), element);
  };
  for (const { node, name } of named(text, items(member(readJson(text).root, 'Screens')))) {
    const screen = storedElement(text, node, name, undefined);
    add(screen, [name]);
    for (const control of named(text, items(member(node, 'Controls'))))
      add(storedElement(text, control.node, control.name, screen), [name, control.name]);
  }
  return found;
}

function storedElement(
  text: string,
  node: JsonNode,
  name: string,
  screen: StoredElement | undefined,
): StoredElement {
  return {
    name,
    type: stringValue(text, member(node, 'ElementTypeName')),
    protocol: stringValue(text, member(node, 'AutomationProtocol')),
    selectors: items(member(node, 'Selectors'))
      .filter((selector) => !isTrue(text, member(selector, 'Ignore')))
      .filter((selector) => !isTrue(text, member(selector, 'IsImageBased')))
      .map((selector) => storedSelector(text, selector))
      .filter((selector) => selector.text !== undefined || selector.levels.length > 0),
    screen,
  };
}

function storedSelector(text: string, selector: JsonNode): ElementSelector {
  const name = stringValue(text, member(selector, 'Name')) ?? '';
  const levels = items(member(selector, 'Elements'));
  const custom = stringValue(text, member(selector, 'CustomSelector'));
  // The text of a selector that is edited level by level again may still be there.
  if (custom && (isTrue(text, member(selector, 'IsCustom')) || levels.length === 0))
    return { name, text: custom, levels: [] };
  let isBelow = false;
  return {
    name,
    text: undefined,
    levels: levels.flatMap((level) => {
      const isDirect = isBelow;
      isBelow = !isTrue(text, member(level, 'Ignore'));
      return isBelow ? [storedLevel(text, level, isDirect)] : [];
    }),
  };
}

function storedLevel(text: string, level: JsonNode, isDirect: boolean): SelectorLevel {
  const active = items(member(level, 'Attributes')).filter((attribute) => isSwitchedOn(text, attribute));
  const ordinal = active.find((attribute) => isTrue(text, member(attribute, 'IsOrdinal')));
  return {
    element: stringValue(text, member(level, 'CustomValue')) || stringValue(text, member(level, 'Tag')) || '',
    isDirect,
    attributes: active
      .filter((attribute) => attribute !== ordinal)
      .map((attribute) => ({
        name: stringValue(text, member(attribute, 'Name')) ?? '',
        operator: stringValue(text, member(attribute, 'Operation')) ?? 'EqualTo',
        value: scalarText(text, member(attribute, 'Value')),
      })),
    ordinal: ordinal && scalarText(text, member(ordinal, 'Value')),
  };
}

function storedPicture(text: string, key: string): Uint8Array | undefined {
  for (const node of imageNodes(readJson(text).root)) {
    if (stringValue(text, member(node, 'Name'))?.toLowerCase() !== key) continue;
    const encoded = stringValue(text, member(node, 'Screenshot')) ?? '';
    return Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  }
  return undefined;
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
export function selectorText(text: string, selector: JsonNode): string {
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

const isSwitchedOn = (text: string, attribute: JsonNode): boolean =>
  !isTrue(text, member(attribute, 'Ignore')) && !isTrue(text, member(attribute, 'IsDisabledAttribute'));

/** A text as it is, a number as it is written, nothing for null. */
function scalarText(text: string, node: JsonNode | undefined): string {
  if (node === undefined) return '';
  const written = text.slice(node.start, node.end);
  return stringValue(text, node) ?? (written === 'null' ? '' : written);
}

function attributeText(text: string, attribute: JsonNode): string {
  if (!isSwitchedOn(text, attribute)) return '';
  const value = scalarText(text, member(attribute, 'Value'));
  if (isTrue(text, member(attribute, 'IsOrdinal'))) return `:eq(${value})`;
  const operation = stringValue(text, member(attribute, 'Operation')) ?? 'EqualTo';
  return `[${stringValue(text, member(attribute, 'Name')) ?? '?'}${operators[operation] ?? ` ${operation} `}"${value}"]`;
}

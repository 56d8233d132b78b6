// Repositories as text: the part of one that some statements use, and one with the content of another added. Takes over the JSON
// of screens, elements and images as it is written, and changes nothing else of a file.
import { applyEdits, type TextEdit } from '../language/edits/edit.ts';
import { emptyElements, emptyImages } from './attachment.ts';
import {
  escapeString,
  isTrue,
  items,
  type JsonArray,
  type JsonNode,
  member,
  readJson,
  stringValue,
} from './json.ts';

/** What is used of a repository; names compare in any letter case. */
export interface UsedElement {
  readonly screen: string;
  /** Undefined for the screen itself. */
  readonly element: string | undefined;
}

/** Something that has another name in the repository it was added to. */
export interface Renamed {
  readonly kind: 'screen' | 'element' | 'image';
  /** Its screen's name before, for an element. */
  readonly screen: string | undefined;
  readonly from: string;
  readonly to: string;
}

export interface Merged {
  /** The repository with the additions; undefined when nothing had to be added. */
  readonly text: string | undefined;
  readonly renamed: readonly Renamed[];
}

// ── A part of a repository ──────────────────────────────────────────────────────────────────────────────────────

/** The screens and elements in use, in the order of the repository; undefined when none of them is in it. `missing` are not in it. */
export function pickElements(
  text: string,
  used: readonly UsedElement[],
): { readonly text: string | undefined; readonly missing: readonly UsedElement[] } {
  const wanted = new Map<string, Set<string>>();
  for (const { screen, element } of used) {
    const elements = wanted.get(key(screen)) ?? new Set<string>();
    wanted.set(key(screen), elements);
    if (element !== undefined) elements.add(key(element));
  }
  const found = new Set<string>();
  const screens = list(text, 'Screens').flatMap(({ node, name }) => {
    const elements = wanted.get(key(name));
    if (elements === undefined || found.has(key(name))) return [];
    found.add(key(name));
    const controls = member(node, 'Controls');
    const kept = named(text, items(controls)).filter((control) => elements.has(key(control.name)));
    for (const control of kept) found.add(`${key(name)}\n${key(control.name)}`);
    if (controls === undefined) return [slice(text, node)];
    const written = kept.map((control) => slice(text, control.node));
    return [
      text.slice(node.start, controls.start) +
        jsonList(written, '      ') +
        text.slice(controls.end, node.end),
    ];
  });
  const missing = used.filter(
    ({ screen, element }) =>
      !found.has(element === undefined ? key(screen) : `${key(screen)}\n${key(element)}`),
  );
  if (screens.length === 0) return { text: undefined, missing };
  return { text: crlf(`{\n  "Screens": ${jsonList(screens, '  ')},\n  "Version": 1\n}`), missing };
}

/** The same for images. */
export function pickImages(
  text: string,
  used: readonly string[],
): { readonly text: string | undefined; readonly missing: readonly string[] } {
  const wanted = new Set(used.map(key));
  const kept = allImages(text).filter(({ name }) => wanted.has(key(name)));
  const found = new Set(kept.map(({ name }) => key(name)));
  const missing = used.filter((name) => !found.has(key(name)));
  if (kept.length === 0) return { text: undefined, missing };
  const images = jsonList(
    kept.map(({ node }) => slice(text, node)),
    '  ',
  );
  return { text: crlf(`{\n  "Folders": [],\n  "Images": ${images},\n  "Version": 1\n}`), missing };
}

function allImages(text: string): NamedNode[] {
  const images: NamedNode[] = [];
  const folders: (JsonNode | undefined)[] = [readJson(text).root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    images.push(...named(text, items(member(folder, 'Images'))));
    folders.push(...items(member(folder, 'Folders')).toReversed());
  }
  return images;
}

// ── Adding one repository to another ────────────────────────────────────────────────────────────────────────────

/**
 * Adds the screens and elements of `added`. What has the same id, or selectors that say the same, is there already and stays as it
 * is; what only has the name of something else gets a new one. `existing` undefined: there is no file yet. Undefined when
 * `existing` is damaged: then nothing may be written.
 */
export function mergeElements(existing: string | undefined, added: string): Merged | undefined {
  const text = existing ?? emptyElements;
  const { root, problem } = readJson(text);
  const screenList = member(root, 'Screens');
  if (problem !== undefined || screenList?.kind !== 'array') return undefined;
  const same = { id: 'InstanceId', content: 'Selectors' };
  const screens = new Shelf(text, screenList, named(text, screenList.items), added, same);
  const shelves = new Map<JsonNode, Shelf>();
  const renamed: Renamed[] = [];
  for (const screen of list(added, 'Screens')) {
    const { name, twin } = screens.place(screen);
    if (name !== screen.name)
      renamed.push({ kind: 'screen', screen: undefined, from: screen.name, to: name });
    const controls = member(twin?.node, 'Controls');
    if (controls?.kind !== 'array') continue;
    const shelf =
      shelves.get(controls) ?? new Shelf(text, controls, named(text, controls.items), added, same);
    shelves.set(controls, shelf);
    for (const element of named(added, items(member(screen.node, 'Controls')))) {
      const { name: to } = shelf.place(element);
      if (to !== element.name) renamed.push({ kind: 'element', screen: screen.name, from: element.name, to });
    }
  }
  return result(text, [screens, ...shelves.values()], renamed);
}

/** The same for images, which are told apart by their picture. */
export function mergeImages(existing: string | undefined, added: string): Merged | undefined {
  const text = existing ?? emptyImages;
  const { root, problem } = readJson(text);
  const imageList = member(root, 'Images');
  if (problem !== undefined || imageList?.kind !== 'array') return undefined;
  const images = new Shelf(text, imageList, allImages(text), added, { id: 'Id', content: 'Screenshot' });
  const renamed: Renamed[] = [];
  for (const image of allImages(added)) {
    const { name } = images.place(image);
    if (name !== image.name) renamed.push({ kind: 'image', screen: undefined, from: image.name, to: name });
  }
  return result(text, [images], renamed);
}

interface NamedNode {
  readonly node: JsonNode;
  readonly name: string;
}

/** One list of a repository, its names, and what is put behind its last entry. */
class Shelf {
  readonly #text: string;
  readonly #array: JsonArray;
  readonly #source: string;
  readonly #same: { readonly id: string; readonly content: string };
  readonly #byId = new Map<string, NamedNode>();
  readonly #byName = new Map<string, NamedNode[]>();
  readonly #taken = new Set<string>();
  readonly #pieces: string[] = [];

  /** `entries` are in `text` and may be more than those of `array`. `same`: the members by which things are known again. */
  constructor(
    text: string,
    array: JsonArray,
    entries: readonly NamedNode[],
    source: string,
    same: { readonly id: string; readonly content: string },
  ) {
    this.#text = text;
    this.#array = array;
    this.#source = source;
    this.#same = same;
    for (const entry of entries) {
      const id = stringValue(text, member(entry.node, same.id))?.toLowerCase();
      if (id && !this.#byId.has(id)) this.#byId.set(id, entry);
      const namesakes = this.#byName.get(key(entry.name));
      if (namesakes === undefined) this.#byName.set(key(entry.name), [entry]);
      else namesakes.push(entry);
      this.#taken.add(key(entry.name));
    }
  }

  /** Puts an entry of the source on the shelf unless it is there. `name` is what it is called here, `twin` what was there. */
  place(entry: NamedNode): { readonly name: string; readonly twin: NamedNode | undefined } {
    const twin = this.#twin(entry);
    if (twin !== undefined) return { name: twin.name, twin };
    let name = entry.name;
    for (let count = 2; this.#taken.has(key(name)); count++) name = `${entry.name}_${count}`;
    this.#taken.add(key(name));
    const nameNode = member(entry.node, 'Name') as JsonNode;
    this.#pieces.push(
      this.#source.slice(entry.node.start, nameNode.start + 1) +
        escapeString(name) +
        this.#source.slice(nameNode.end - 1, entry.node.end),
    );
    return { name, twin: undefined };
  }

  #twin({ node, name }: NamedNode): NamedNode | undefined {
    const { id, content } = this.#same;
    const known = this.#byId.get(stringValue(this.#source, member(node, id))?.toLowerCase() ?? '');
    if (known !== undefined) return known;
    const namesakes = this.#byName.get(key(name)) ?? [];
    const wanted = canonical(this.#source, member(node, content));
    const same = namesakes.find((other) => canonical(this.#text, member(other.node, content)) === wanted);
    if (same !== undefined || content !== 'Selectors') return same;
    const meaning = selectorsMeaning(this.#source, member(node, content));
    if (meaning === '[]') return undefined;
    const alike = (other: NamedNode) => selectorsMeaning(this.#text, member(other.node, content)) === meaning;
    return namesakes.find(alike) ?? [...this.#byName.values()].flat().find(alike);
  }

  get edit(): TextEdit | undefined {
    if (this.#pieces.length === 0) return undefined;
    const { start, end, items: present } = this.#array;
    const newline = /\r\n|\n|\r/.exec(this.#text)?.[0] ?? '\r\n';
    const last = present.at(-1);
    const outer = indentOf(this.#text, start);
    const indent = last === undefined ? `${outer}  ` : indentOf(this.#text, last.start);
    const entries = this.#pieces
      .map((piece) => newline + indent + piece.replace(/\r\n|\r|\n/g, newline))
      .join(',');
    return last === undefined
      ? { start: start + 1, end: end - 1, text: `${entries}${newline}${outer}` }
      : { start: last.end, end: last.end, text: `,${entries}` };
  }
}

function result(text: string, shelves: readonly Shelf[], renamed: readonly Renamed[]): Merged {
  const edits = shelves.flatMap(({ edit }) => edit ?? []);
  return {
    text: edits.length === 0 ? undefined : applyEdits(text, edits),
    renamed,
  };
}

/** The blanks at the beginning of the line. */
function indentOf(text: string, offset: number): string {
  const line = Math.max(text.lastIndexOf('\n', offset - 1), text.lastIndexOf('\r', offset - 1)) + 1;
  return /^[ \t]*/.exec(text.slice(line, offset))?.[0] ?? '';
}

/** A value without its layout. */
function canonical(text: string, node: JsonNode | undefined): string {
  if (node === undefined) return '';
  try {
    return JSON.stringify(JSON.parse(slice(text, node)));
  } catch {
    return slice(text, node);
  }
}

/** What selectors find, whatever they and their switched-off parts are called. */
function selectorsMeaning(text: string, node: JsonNode | undefined): string {
  const isOn = (one: JsonNode) =>
    !isTrue(text, member(one, 'Ignore')) && !isTrue(text, member(one, 'IsDisabledAttribute'));
  const value = (one: JsonNode, name: string) => canonical(text, member(one, name));
  const selectors = items(node)
    .filter((selector) => isOn(selector) && !isTrue(text, member(selector, 'IsImageBased')))
    .map((selector) => [
      isTrue(text, member(selector, 'IsCustom')) && value(selector, 'CustomSelector'),
      items(member(selector, 'Elements')).map(
        (level) =>
          isOn(level) && [
            stringValue(text, member(level, 'CustomValue')) || stringValue(text, member(level, 'Tag')),
            items(member(level, 'Attributes'))
              .filter(isOn)
              .map((attribute) => [
                value(attribute, 'Name'),
                value(attribute, 'Operation'),
                value(attribute, 'Value'),
              ]),
          ],
      ),
    ]);
  return JSON.stringify(selectors);
}

function list(text: string, name: string): NamedNode[] {
  return named(text, items(member(readJson(text).root, name)));
}

function named(text: string, nodes: readonly JsonNode[]): NamedNode[] {
  return nodes.flatMap((node) => {
    const name = stringValue(text, member(node, 'Name'));
    return name === undefined ? [] : [{ node, name }];
  });
}

function jsonList(entries: readonly string[], indent: string): string {
  if (entries.length === 0) return '[]';
  return `[\n${entries.map((entry) => `${indent}  ${entry}`).join(',\n')}\n${indent}]`;
}

const slice = (text: string, { start, end }: { readonly start: number; readonly end: number }): string =>
  text.slice(start, end);
const key = (name: string): string => name.toLowerCase();
/** JSON has line ends between its tokens only, never inside a text. */
const crlf = (text: string): string => text.replace(/\r\n|\r|\n/g, '\r\n');

// What the files around a flow say about the things it names: the flow that is run, and where a UI element or image is written down.
// For features that lead across files; reads through the project, never from disk.
import type { Location, Range } from 'vscode-languageserver';
import { LineIndex } from '../../base/text.ts';
import { escapeString, items, member, readJson } from '../../interchange/json.ts';
import { readElements, readImages } from '../../interchange/repository.ts';
import type { BoundUse } from '../../language/analysis/binder.ts';
import { FlowModel } from '../../language/analysis/model.ts';
import { namePlaces } from '../../language/analysis/named.ts';
import { flowName } from '../../language/analysis/summary.ts';
import type { SymbolKind } from '../../language/analysis/uses.ts';
import { parse } from '../../language/syntax/parser.ts';
import type { Node } from '../../language/syntax/tree.ts';
import type { FlowEntry } from '../flowEntry.ts';
import type { Project } from '../project.ts';
import type { Analysis } from '../workspace.ts';
import { rangeOf } from './range.ts';

/** What these features ask of the project. */
export type OtherFiles = Pick<
  Project,
  | 'entry'
  | 'flow'
  | 'flows'
  | 'repositoryUris'
  | 'symbols'
  | 'text'
  | 'usesOfElement'
  | 'usesOfFlow'
  | 'usesOfImage'
>;

export const startOfFile: Range = {
  start: { line: 0, character: 0 },
  end: { line: 0, character: 0 },
};

/** The flow that a use of kind `flow` means: by its id, else by the `@@flowname` above it. `from` is the flow it stands in. */
export function calledFlow(
  project: OtherFiles,
  { name, statement }: Pick<BoundUse, 'name' | 'statement'>,
  from: string,
): FlowEntry | undefined {
  const found = project.flow(name, from);
  if (found !== undefined) return found;
  const written = statement === undefined ? undefined : flowName(statement);
  return written === undefined ? undefined : project.flow(written, from);
}

/** The flows that run `flow`. */
export function callersOf(project: OtherFiles, flow: FlowEntry): FlowEntry[] {
  return [...project.flows()].filter(({ uri, summary }) =>
    summary.runs.some(({ id, name }) => {
      const called = project.flow(id, uri) ?? (name === undefined ? undefined : project.flow(name, uri));
      return called?.uri === flow.uri;
    }),
  );
}

/** A flow that may be open or not. */
export type FlowText = Pick<Analysis, 'uri' | 'text' | 'lines' | 'file' | 'model'>;

/** A flow that nobody has opened. */
export async function readFlow(project: OtherFiles, uri: string): Promise<FlowText | undefined> {
  const text = await project.text(uri);
  if (text === undefined) return undefined;
  const file = parse(text);
  return { uri, text, file, lines: new LineIndex(text), model: new FlowModel(file) };
}

/** Kinds of things that live in the repositories of a flow. */
export type RepositoryKind = Extract<SymbolKind, 'screen' | 'element' | 'image'>;

export function inRepository(kind: SymbolKind): kind is RepositoryKind {
  return kind === 'screen' || kind === 'element' || kind === 'image';
}

/** The file that the flow imports for things of that kind. */
export function repositoryUri(
  project: OtherFiles,
  flowUri: string,
  kind: RepositoryKind,
): string | undefined {
  const { elements, images } = project.repositoryUris(flowUri);
  return kind === 'image' ? images : elements;
}

/** A place that gives a screen, UI element or image its name. */
export interface RepositoryPlace extends Location {
  /** Another name as it must be written there. */
  readonly written: (name: string) => string;
}

/** Where the thing with that key (see `Use.key`) is named: in the repository beside the flow, and in the attachment of its text. */
export async function repositoryPlaces(
  analysis: Analysis,
  project: OtherFiles,
  kind: RepositoryKind,
  key: string,
): Promise<RepositoryPlace[]> {
  const places = attachedPlaces(analysis, kind, key);
  const uri = repositoryUri(project, analysis.uri, kind);
  const text = uri === undefined ? undefined : await project.text(uri);
  if (uri === undefined || text === undefined) return places;
  const found = nameRanges(text, kind, key);
  if (found.length === 0) return places;
  const lines = new LineIndex(text);
  return [
    ...found.map(
      ({ start, end }): RepositoryPlace => ({
        uri,
        range: { start: lines.position(start), end: lines.position(end) },
        written: escapeString,
      }),
    ),
    ...places,
  ];
}

/** All mentions of the thing in the flows that import the same repository, this text's own included. */
export function mentionsInFlows(
  analysis: Analysis,
  project: OtherFiles,
  kind: RepositoryKind,
  key: string,
): Location[] {
  const uri = repositoryUri(project, analysis.uri, kind);
  const symbol = analysis.model.binding.symbol(kind, key);
  const here = symbol?.uses.flatMap((use) => locationsOf(analysis, use)) ?? [];
  if (uri === undefined) return here;
  const [screen, element] = key.split('\n') as [string, string?];
  const all = kind === 'image' ? project.usesOfImage(uri, key) : project.usesOfElement(uri, screen, element);
  return [...here, ...all.filter((location) => location.uri !== analysis.uri)];
}

/** Where the name stands at a use of this text. */
export function locationsOf(analysis: FlowText, use: BoundUse): Location[] {
  return namePlaces(analysis.text, use).map((place) => ({
    uri: analysis.uri,
    range: rangeOf(analysis, place),
  }));
}

function nameRanges(text: string, kind: RepositoryKind, key: string): readonly Node[] {
  const named = (name: string, wanted: string | undefined) => name.toLowerCase() === wanted;
  if (kind === 'image') {
    return readImages(text)
      .images.filter(({ name }) => named(name, key))
      .map(({ nameRange }) => nameRange);
  }
  const [screen, element] = key.split('\n');
  const screens = readElements(text).screens.filter(({ name }) => named(name, screen));
  if (kind === 'screen') return screens.map(({ nameRange }) => nameRange);
  return screens.flatMap(({ elements }) =>
    elements.filter(({ name }) => named(name, element)).map(({ nameRange }) => nameRange),
  );
}

/** The attachment holds each repository as a JSON text inside its own JSON text. */
function attachedPlaces(analysis: Analysis, kind: RepositoryKind, key: string): RepositoryPlace[] {
  const { attachment } = analysis.file;
  if (attachment === undefined) return [];
  const { json } = attachment;
  const jsonStart = attachment.start + analysis.text.slice(attachment.start).indexOf(json);
  const { root } = readJson(json);
  const holders =
    kind === 'image'
      ? [member(root, 'ImageRepositorySymbol')]
      : items(member(root, 'ControlRepositorySymbols'));
  return holders.flatMap((holder) => {
    const repository = member(holder, 'Repository');
    if (repository?.kind !== 'string') return [];
    const inner = json.slice(repository.start + 1, repository.end - 1);
    const text = decoded(inner);
    if (text === undefined) return [];
    const place = (offset: number) => jsonStart + repository.start + 1 + escapedOffset(inner, offset);
    return nameRanges(text, kind, key).map(({ start, end }) => ({
      uri: analysis.uri,
      range: rangeOf(analysis, { start: place(start), end: place(end) }),
      written: (name: string) => escapeString(escapeString(name)),
    }));
  });
}

function decoded(escaped: string): string | undefined {
  try {
    return JSON.parse(`"${escaped}"`) as string;
  } catch {
    return undefined;
  }
}

/** Where the character that stands at `offset` once escapes are resolved begins in the escaped text. */
function escapedOffset(escaped: string, offset: number): number {
  let extra = 0;
  for (let at = escaped.indexOf('\\'); at >= 0 && at - extra < offset; ) {
    const length = escaped[at + 1] === 'u' ? 6 : 2;
    extra += length - 1;
    at = escaped.indexOf('\\', at + length);
  }
  return offset + extra;
}

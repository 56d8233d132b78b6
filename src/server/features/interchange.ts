// The way between a document and the designer: copying for it, pasting from it; solutions as folders; what differs between two texts.
// Reads and writes files on the server's machine; the editor applies edits itself.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packFolder, unpackInto } from '../../files/solutionFolder.ts';
import { fileUnreadable, readWhole } from '../../files/wholeFile.ts';
import { copyForDesigner } from '../../interchange/copy.ts';
import { lineBreaks, type Repositories } from '../../interchange/flowLines.ts';
import { pasteFromDesigner } from '../../interchange/paste.ts';
import { editableSelectors, withSelector } from '../../interchange/selectorEdit.ts';
import { unpackSolution } from '../../interchange/solution.ts';
import { readZip } from '../../interchange/zip.ts';
import { describeChange, diffFlows } from '../../language/diff/diff.ts';
import { parse } from '../../language/syntax/parser.ts';
import {
  type CompareFlowsParams,
  type CompareFlowsResult,
  type CopyForDesignerParams,
  type CopyForDesignerResult,
  compareFlowsRequest,
  copyForDesignerRequest,
  type PackSolutionParams,
  type PackSolutionResult,
  type PasteFromDesignerParams,
  type PasteFromDesignerResult,
  packSolutionRequest,
  pasteFromDesignerRequest,
  type SelectorsParams,
  type SelectorsResult,
  selectorsRequest,
  type UnpackSolutionParams,
  type UnpackSolutionResult,
  unpackSolutionRequest,
} from '../../protocol/editor.ts';
import type { Feature } from '../feature.ts';
import { type Project, pathOf } from '../project.ts';
import type { Analysis } from '../workspace.ts';
import { openDocument } from './flow.ts';
import { rangeOf } from './range.ts';

export const interchange: Feature = {
  register({ request, workspace }) {
    request(copyForDesignerRequest, async (params, token) => {
      const analysis = await openDocument(workspace, params.uri, token);
      return copied(analysis, params, await repositoriesOf(workspace.project, params.uri));
    });
    request(pasteFromDesignerRequest, async (params, token) => {
      const analysis = await openDocument(workspace, params.uri, token);
      return pasted(analysis, params, await repositoriesOf(workspace.project, params.uri));
    });
    request(selectorsRequest, async ({ uri, change }) =>
      selectors(await repositoriesOf(workspace.project, uri), change),
    );
    request(unpackSolutionRequest, unpack);
    request(packSolutionRequest, pack);
    request(compareFlowsRequest, compare);
  },
};

/** The repositories of a flow and where they are; a file need not exist. No uris for a document that is no file yet. */
export interface FoundRepositories extends Repositories {
  readonly uris: { readonly elements: string; readonly images: string } | undefined;
}

async function repositoriesOf(
  project: Pick<Project, 'repositoryUris' | 'text'>,
  flow: string,
): Promise<FoundRepositories> {
  if (pathOf(flow) === undefined) return { elements: undefined, images: undefined, uris: undefined };
  const folder = flow.slice(0, flow.lastIndexOf('/') + 1);
  const named = project.repositoryUris(flow);
  const uris = {
    elements: named.elements ?? `${folder}controlRepo.appmask`,
    images: named.images ?? `${folder}imageRepo.imgrepo`,
  };
  const text = async (uri: string) => {
    const content = await project.text(uri);
    const path = pathOf(uri);
    if (content !== undefined || path === undefined || !existsSync(path)) return content;
    throw fileUnreadable(path);
  };
  return { elements: await text(uris.elements), images: await text(uris.images), uris };
}

export function copied(
  analysis: Analysis,
  { lines, line }: Pick<CopyForDesignerParams, 'line' | 'lines'>,
  repositories: Repositories,
): CopyForDesignerResult {
  const {
    text,
    statements,
    lines: places,
    notes,
  } = copyForDesigner(analysis.file, lines ?? { bodyAt: line }, repositories);
  // What is copied is asked, not the document: a fault elsewhere in it does not matter to the designer.
  const piece = parse(statements);
  const rejected = piece.diagnostics
    .filter(({ severity }) => severity === 'dropsPaste')
    .map(({ code, message, start: at }) => ({
      code,
      message,
      line: places[lineBreaks(statements.slice(0, at))] ?? 0,
    }));
  return { text, notes, rejected };
}

export function pasted(
  analysis: Analysis,
  { position, text }: Pick<PasteFromDesignerParams, 'position' | 'text'>,
  { uris, ...repositories }: FoundRepositories,
): PasteFromDesignerResult {
  const result = pasteFromDesigner(analysis.file, analysis.lines.offset(position), text, repositories);
  const files: { uri: string; text: string }[] = [];
  const notes = [...result.notes];
  if (uris === undefined && (result.elements !== undefined || result.images !== undefined)) {
    notes.push(
      'The UI elements and images of the pasted actions were not kept: they belong into files beside the flow. Save the flow and paste again.',
    );
  } else if (uris !== undefined) {
    if (result.elements !== undefined) files.push({ uri: uris.elements, text: result.elements });
    if (result.images !== undefined) files.push({ uri: uris.images, text: result.images });
  }
  const edits = result.edits.map((edit) => ({ range: rangeOf(analysis, edit), newText: edit.text }));
  return { edits, files, notes };
}

/** The selectors beside a flow, with one of them changed where that is asked for. */
export function selectors(
  { elements, uris }: FoundRepositories,
  change: SelectorsParams['change'],
): SelectorsResult {
  const text = elements ?? '';
  const all = editableSelectors(text).map(({ element, ...selector }) => ({
    ...selector,
    ...(element !== undefined && { element }),
  }));
  const changed = change && withSelector(text, { ...change, element: change.element });
  if (changed === undefined || uris === undefined) return { selectors: all };
  return { selectors: all, file: { uri: uris.elements, text: changed } };
}

/** Throws ProductError `FolderNotEmpty`, `FileUnreadable`, `FileNotWritable` and the codes of interchange/. */
export function unpack({ archive, folder }: UnpackSolutionParams): UnpackSolutionResult {
  const { files, flows, notes } = unpackSolution(readZip(readWhole(archive)));
  unpackInto(folder, { files }, { overwrite: false, occupied: 'Choose a new folder.' });
  return { flows: flows.map(({ name, path }) => ({ name, path: join(folder, path) })), notes };
}

/** Throws ProductError `FileUnreadable`, `FileNotWritable` and the codes of interchange/. */
export function pack({ folder, archive }: PackSolutionParams): PackSolutionResult {
  const { changed, notes } = packFolder(folder, archive);
  return { changed, notes };
}

export function compare({ before, after }: CompareFlowsParams): CompareFlowsResult {
  return { changes: diffFlows(parse(before), parse(after)).map(describeChange) };
}

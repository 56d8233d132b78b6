// Places of a flow that lead to another document: called flows, its repositories, files that exist, and addresses on the web.
import { access } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DocumentLink } from 'vscode-languageserver';
import { nameRange } from '../../language/analysis/binder.ts';
import { flowNameLine } from '../../language/analysis/summary.ts';
import type { Node } from '../../language/syntax/tree.ts';
import type { Feature } from '../feature.ts';
import { pathOf } from '../project.ts';
import type { Analysis } from '../workspace.ts';
import { calledFlow, type OtherFiles } from './otherFiles.ts';
import { rangeOf } from './range.ts';

/** A flow that names more files than this is a list of files; looking for each on every edit would be noticed. */
const mostFiles = 300;

export const documentLinks: Feature = {
  capabilities: { documentLinkProvider: {} },
  register({ connection, workspace, answer }) {
    connection.onDocumentLinks(({ textDocument }, token) =>
      answer<DocumentLink[]>('document links', textDocument.uri, token, [], (analysis) =>
        documentLinksOf(analysis, workspace.project, existsOnDisk),
      ),
    );
  },
};

/** In the order of the text. `exists` says whether there is a file or folder with that absolute path. */
export async function documentLinksOf(
  analysis: Analysis,
  project: OtherFiles,
  exists: (path: string) => Promise<boolean>,
): Promise<DocumentLink[]> {
  const links = [
    ...flowLinks(analysis, project),
    ...webLinks(analysis),
    ...(await fileLinks(analysis, exists)),
  ];
  return links
    .toSorted((a, b) => a.node.start - b.node.start)
    .map(({ node, target, tooltip }) => ({
      range: rangeOf(analysis, node),
      target,
      ...(tooltip === undefined ? {} : { tooltip }),
    }));
}

interface Link {
  readonly node: Node;
  readonly target: string;
  readonly tooltip?: string;
}

/** The id and the `@@flowname` of every flow that is run. */
function flowLinks({ model: { binding }, text, uri }: Analysis, project: OtherFiles): Link[] {
  return binding
    .symbols('flow')
    .flatMap(({ uses }) => uses)
    .flatMap((use) => {
      const flow = calledFlow(project, use, uri);
      if (flow === undefined) return [];
      const named = use.statement && flowNameLine(use.statement);
      return [use.node, ...(named === undefined ? [] : [named.value])].map((node) => ({
        node: nameRange(text, node),
        target: flow.uri,
        tooltip: `Open the flow “${flow.summary.name}”`,
      }));
    });
}

/** Addresses in texts and comments. One that goes on with a computed part leads nowhere yet. */
function webLinks({ file, text }: Analysis): Link[] {
  const code = file.attachment === undefined ? text : text.slice(0, file.attachment.start);
  return [...code.matchAll(/https?:\/\/[^\s'"%\\<>`{}]{1,2000}/gi)].flatMap((found) => {
    const address = found[0].replace(/[.,;:!?)\]]+$/, '');
    const end = found.index + found[0].length;
    if (code[end] === '%' || code[end] === '{' || !URL.canParse(address)) return [];
    return [{ node: { start: found.index, end: found.index + address.length }, target: address }];
  });
}

/** Texts that are paths of files, those of IMPORT lines included: absolute ones, and those relative to the folder of the flow. */
async function fileLinks(
  { file, text, uri }: Analysis,
  exists: (path: string) => Promise<boolean>,
): Promise<Link[]> {
  const flow = pathOf(uri);
  if (flow === undefined) return [];
  const folder = dirname(flow);
  const wanted = new Map<string, Node[]>();
  const want = (node: Node, value: string) => {
    const path = resolve(folder, process.platform === 'win32' ? value : value.replaceAll('\\', '/'));
    const nodes = wanted.get(path);
    if (nodes !== undefined) nodes.push(node);
    else if (wanted.size < mostFiles) wanted.set(path, [node]);
  };
  for (const token of file.tokens) {
    if (token.kind !== 'text' && token.kind !== 'interpolated') continue;
    const node = nameRange(text, token);
    const value = node.end - node.start > longestPath ? '' : pathIn(text.slice(node.start, node.end));
    if (value !== undefined && value !== '') want(node, value);
  }
  const found = await Promise.all(
    [...wanted].map(async ([path, nodes]) =>
      (await exists(path)) ? nodes.map((node) => ({ node, path })) : [],
    ),
  );
  return found.flat().map(({ node, path }) => ({ node, target: pathToFileURL(path).href }));
}

const longestPath = 400;

/** The path that a text with this content between its quotes stands for; undefined when it is none. */
function pathIn(content: string): string | undefined {
  if (!/[\\/]|\.\w{1,8}$/.test(content) || content.includes('%') || content.includes('://')) return undefined;
  const path = content.replace(/\\(['"\\])/g, '$1');
  if (/[\r\n*?"<>|]/.test(path) || /^[^A-Za-z]?:/.test(path) || path.trim() === '') return undefined;
  return isAbsolute(path) || /[^\\/.]/.test(path) ? path : undefined;
}

async function existsOnDisk(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

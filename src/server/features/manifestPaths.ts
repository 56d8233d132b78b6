// Keeps the paths in solution.json right when flows, their repositories or their folders are renamed or moved: else the
// solution could not be packed any more, and flows would lose their ids.
import { LineIndex } from '../../base/text.ts';
import { items, type JsonNode, member, readJson, stringValue } from '../../interchange/json.ts';
import { manifestPath } from '../../interchange/solution.ts';
import type { OtherFiles } from './otherFiles.ts';
import { rangeOf } from './range.ts';
import type { FileEdits } from './workspaceEdit.ts';

/** Folders above a file that are looked at; solutions are not deeper. */
const mostLevels = 8;

/** Adds the edits of every solution.json above `oldUri` that names it, or something in it when it is a folder. */
export async function movedPaths(
  project: Pick<OtherFiles, 'text'>,
  oldUri: string,
  newUri: string,
  edits: FileEdits,
): Promise<void> {
  let folder = parentOf(oldUri);
  for (let level = 0; level < mostLevels && folder !== undefined; level++, folder = parentOf(folder)) {
    const uri = `${folder}/${manifestPath}`;
    const text = await project.text(uri);
    if (text === undefined) continue;
    const from = relative(folder, oldUri);
    const to = relative(folder, newUri);
    if (from === undefined || to === undefined) continue;
    const lines = new LineIndex(text);
    for (const node of pathsIn(readJson(text).root)) {
      const path = stringValue(text, node);
      if (path !== from && !path?.startsWith(`${from}/`)) continue;
      edits.add(uri, {
        range: rangeOf({ lines }, node),
        newText: JSON.stringify(to + path.slice(from.length)),
      });
    }
  }
}

function pathsIn(root: JsonNode | undefined): JsonNode[] {
  const flows = items(member(root, 'flows'));
  return [
    ...flows,
    ...flows.flatMap((flow) => items(member(flow, 'repositories'))),
    ...items(member(root, 'parts')),
  ].flatMap((node) => member(node, 'path') ?? []);
}

function parentOf(uri: string): string | undefined {
  const slash = uri.lastIndexOf('/');
  const parent = uri.slice(0, slash);
  return slash < 0 || parent.endsWith('/') ? undefined : parent;
}

/** The path below a folder, decoded; undefined when the file is elsewhere. */
function relative(folder: string, uri: string): string | undefined {
  if (!uri.startsWith(`${folder}/`)) return undefined;
  try {
    return decodeURIComponent(uri.slice(folder.length + 1)).replace(/\/$/, '');
  } catch {
    return undefined;
  }
}

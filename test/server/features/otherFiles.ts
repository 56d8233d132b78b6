// A project of texts in memory, as navigation asks for it: names, ids and mentions come from the same entries as in the index.
import type { Location } from 'vscode-languageserver';
import { LineIndex } from '../../../src/base/text.ts';
import { parse } from '../../../src/language/syntax/parser.ts';
import type { OtherFiles } from '../../../src/server/features/otherFiles.ts';
import { entryOf, type FlowEntry } from '../../../src/server/flowEntry.ts';

export const folder = 'file:///flows/';

/** Texts by file name; `ids` by name of the flow. */
export function otherFiles(
  texts: Readonly<Record<string, string>>,
  ids: Readonly<Record<string, string>> = {},
): OtherFiles {
  const entries: FlowEntry[] = Object.entries(texts)
    .filter(([name]) => name.endsWith('.robin'))
    .map(([name, text]) => {
      const flow = name.replace(/\.robin$/, '');
      return entryOf(`${folder}${name}`, flow, ids[flow], parse(text), new LineIndex(text));
    });
  const flowOf = (idOrName: string) => {
    const wanted = idOrName.toLowerCase();
    return entries.find(({ summary }) => summary.id === wanted || summary.name.toLowerCase() === wanted);
  };
  const repositoryUris = (flowUri: string) => {
    const imports = entries.find(({ uri }) => uri === flowUri)?.imports;
    const uri = (file: string | undefined) => (file === undefined ? undefined : folder + file);
    return { elements: uri(imports?.elements), images: uri(imports?.images) };
  };
  const uses = (wanted: (entry: FlowEntry, use: FlowEntry['uses'][number]) => boolean): Location[] =>
    entries.flatMap((entry) =>
      entry.uses.filter((use) => wanted(entry, use)).map(({ range }) => ({ uri: entry.uri, range })),
    );
  return {
    flows: () => entries,
    entry: (wanted) => entries.find(({ uri }) => uri === wanted),
    flow: flowOf,
    repositoryUris,
    text: async (uri) => texts[uri.slice(folder.length)],
    symbols: () => [],
    usesOfFlow: (idOrName) => {
      const wanted = flowOf(idOrName);
      return uses(({ summary }, { kind, key }) => {
        if (kind !== 'flow') return false;
        const run = summary.runs.find(({ id }) => id === key);
        return (flowOf(key) ?? flowOf(run?.name ?? '')) === wanted;
      });
    },
    usesOfElement: (repository, screen, element) => {
      const key = [screen, element]
        .filter((part) => part !== undefined)
        .join('\n')
        .toLowerCase();
      return uses(
        ({ uri }, use) =>
          repositoryUris(uri).elements === repository &&
          use.kind === (element === undefined ? 'screen' : 'element') &&
          use.key === key,
      );
    },
    usesOfImage: (repository, image) =>
      uses(
        ({ uri }, { kind, key }) =>
          repositoryUris(uri).images === repository && kind === 'image' && key === image.toLowerCase(),
      ),
  };
}

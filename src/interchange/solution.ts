// A solution as a folder that people work in, and back: one folder per desktop flow with its text and its repositories, everything
// else untouched under `solution/`, and solution.json that says what belongs where. What nobody edited comes back byte for byte.
import sax from 'sax';
import { asProductError, ProductError } from '../base/error.ts';
import { decodeFlow, encodeFlow } from '../language/syntax/decode.ts';
import { parse } from '../language/syntax/parser.ts';
import {
  openCustomizations,
  replaceDefinition,
  type SolutionFlow,
  unreadableFlows,
} from './customizations.ts';
import { safeFileName, uniquePaths } from './fileNames.ts';
import { items, member, readJson, stringValue } from './json.ts';
import { type FlowPackage, readPackage, writePackage } from './package.ts';
import type { ZipEntry } from './zip.ts';

/** A file of the folder; `path` is relative to it, with `/`. */
export interface WorkspaceFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface UnpackedSolution {
  readonly files: readonly WorkspaceFile[];
  readonly flows: readonly { readonly name: string; readonly path: string }[];
  /** What people should know, one sentence each. */
  readonly notes: readonly string[];
}

export interface PackedSolution {
  /** In the order of the original. */
  readonly parts: readonly ZipEntry[];
  /** Names of the flows whose text differs from the original. */
  readonly changed: readonly string[];
  readonly notes: readonly string[];
}

export const manifestPath = 'solution.json';
const partsFolder = 'solution';

/** solution.json. Paths of flows are relative to it. */
interface Manifest {
  readonly format: 1;
  readonly flows: readonly ManifestFlow[];
  readonly parts: readonly ManifestPart[];
}

interface ManifestFlow {
  readonly id: string;
  readonly name: string;
  readonly path: string;
  /** The part that holds its text. */
  readonly definition: string;
  /** The part with its text for older agents, when that has one. */
  readonly package?: string;
  /** Its repositories in the folder; each is a part of the solution, or a file in the package. */
  readonly repositories: readonly {
    readonly path: string;
    readonly part?: string;
    readonly packaged?: string;
  }[];
}

interface ManifestPart {
  readonly name: string;
  readonly date: string;
  /** Where it is kept, when that is not `solution/` and its name, or when a flow's folder has it. */
  readonly path?: string;
}

// ── Solution → folder ───────────────────────────────────────────────────────────────────────────────────────────

/**
 * The files of a folder for the parts of a solution, as an archive or an unpacked export has them. Throws ProductError
 * `SolutionMissing` when there is no workflow XML among them, `SolutionDamaged` when that cannot be read.
 */
export function unpackSolution(parts: readonly ZipEntry[]): UnpackedSolution {
  const holders = parts.filter(({ name, bytes }) => /\.xml$/i.test(name) && holdsWorkflows(name, bytes));
  if (holders.length === 0) {
    throw new ProductError(
      'SolutionMissing',
      'This is no solution: it has no customizations.xml.',
      'Export the solution from Power Automate or Power Apps as a zip file and unpack that.',
    );
  }
  const byName = new Map(parts.map((part) => [part.name.replaceAll('\\', '/').toLowerCase(), part]));
  const repositories = repositoryParts(parts, byName);
  const files: WorkspaceFile[] = [];
  const flows: ManifestFlow[] = [];
  const notes: string[] = [];
  const moved = new Map<ZipEntry, string>();
  const folders = uniquePaths([partsFolder, manifestPath]);

  for (const holder of holders) {
    const xml = decodeFlow(holder.bytes).text;
    for (const name of unreadableFlows(xml)) {
      notes.push(
        `The text of “${name}” in ${holder.name} cannot be read. It stays in the solution as it is.`,
      );
    }
    for (const flow of openCustomizations(xml)) {
      // An edit could not tell them apart.
      if (flows.some(({ id, definition }) => id === flow.id && definition === holder.name)) {
        notes.push(`A second flow has the id ${flow.id}: “${flow.name}”. It stays in the solution as it is.`);
        continue;
      }
      const folder = folders(safeFileName(flow.name, 'Flow'));
      const path = `${folder}/${folder}.robin`;
      files.push({ path, bytes: textBytes(flow.text) });
      const json = flow.jsonFile === undefined ? undefined : byName.get(flow.jsonFile.toLowerCase());
      const packed = json && packageOf(flow, json, notes);
      const stored: ManifestFlow['repositories'][number][] = [];
      for (const file of [elementsFile, imagesFile]) {
        const repositoryPath = `${folder}/${file}`;
        const part = repositories.get(`${flow.id}/${file}`);
        const packaged = packed?.text(file);
        if (part !== undefined) {
          moved.set(part, repositoryPath);
          stored.push({ path: repositoryPath, part: part.name });
        } else if (packaged !== undefined) {
          files.push({ path: repositoryPath, bytes: textBytes(packaged) });
          stored.push({ path: repositoryPath, packaged: file });
        }
      }
      flows.push({
        id: flow.id,
        name: flow.name,
        path,
        definition: holder.name,
        ...(packed && json ? { package: json.name } : {}),
        repositories: stored,
      });
    }
  }

  const keptPath = uniquePaths([]);
  const listed = parts.map((part): ManifestPart => {
    const { name, date, bytes } = part;
    if (isFolder(name)) return { name, date };
    const folderPath = moved.get(part);
    const usual = `${partsFolder}/${name.replaceAll('\\', '/')}`;
    const path =
      folderPath ??
      keptPath(
        usual
          .split('/')
          .map((step) => safeFileName(step, '_'))
          .join('/'),
      );
    files.push({ path, bytes });
    return { name, date, ...(path === usual ? {} : { path }) };
  });
  const manifest: Manifest = { format: 1, flows, parts: listed };
  files.push({
    path: manifestPath,
    bytes: new TextEncoder().encode(`${JSON.stringify(manifest, undefined, 2)}\n`),
  });
  if (flows.length === 0) notes.push('There is no desktop flow in this solution.');
  return { files, flows: flows.map(({ name, path }) => ({ name, path })), notes };
}

const isFolder = (name: string): boolean => /[\\/]$/.test(name);
const elementsFile = 'controlRepo.appmask';
const imagesFile = 'imageRepo.imgrepo';

/** Half a surrogate pair has no form in UTF-8; such a text is kept in UTF-16. */
const textBytes = (text: string): Uint8Array => encodeFlow(text, text.isWellFormed() ? 'utf-8' : 'utf-16le');

function holdsWorkflows(name: string, bytes: Uint8Array): boolean {
  if (/(^|[\\/])customizations\.xml$/i.test(name)) return true;
  const start = new TextDecoder().decode(bytes.subarray(0, 2_000));
  return /<Workflow[\s>]/.test(start);
}

/** The package of a flow; one that cannot be read stays in the solution as it is. */
function packageOf(flow: SolutionFlow, json: ZipEntry, notes: string[]): FlowPackage | undefined {
  try {
    const packed = readPackage(json.bytes);
    const script = packed?.text('script.robin');
    if (script !== undefined && script !== flow.text) {
      notes.push(
        `“${flow.name}” has two texts that differ: one for the designer, which was taken over, and one for older agents in ${json.name}. When you change the flow, both get the new text.`,
      );
    }
    return packed;
  } catch (error) {
    const { message } = asProductError(error);
    notes.push(`The package of “${flow.name}” in ${json.name} cannot be read and stays as it is. ${message}`);
    return undefined;
  }
}

/** The parts that are repositories, by `id of the flow/file name`, from what stands in each desktopflowbinary.xml. */
function repositoryParts(
  parts: readonly ZipEntry[],
  byName: ReadonlyMap<string, ZipEntry>,
): Map<string, ZipEntry> {
  const found = new Map<string, ZipEntry>();
  for (const { name, bytes } of parts) {
    const path = name.replaceAll('\\', '/');
    if (!/(^|\/)desktopflowbinary\.xml$/i.test(path)) continue;
    const fields = readFields(decodeFlow(bytes).text, path);
    const file = { controlrepository: elementsFile, imagerepository: imagesFile }[
      fields.get('type')?.toLowerCase() ?? ''
    ];
    const id = fields.get('workflowid')?.replace(/[{}]/g, '').toLowerCase();
    const data = fields.get('data')?.toLowerCase();
    if (file === undefined || id === undefined || data === undefined) continue;
    const folder = path.slice(0, path.lastIndexOf('/') + 1).toLowerCase();
    const part = byName.get(`${folder}data/${data}`) ?? byName.get(folder + data);
    if (part !== undefined) found.set(`${id}/${file}`, part);
  }
  return found;
}

/** The text of every element that has no elements in it. */
function readFields(xml: string, path: string): Map<string, string> {
  const fields = new Map<string, string>();
  const parser = sax.parser(true, { trim: true });
  let text = '';
  parser.onopentag = () => {
    text = '';
  };
  parser.ontext = (piece) => {
    text += piece;
  };
  parser.onclosetag = (name) => {
    if (text !== '') fields.set(name, text);
    text = '';
  };
  parser.onerror = (cause) => {
    throw new ProductError(
      'SolutionDamaged',
      `${path} cannot be read as XML.`,
      'Export the solution again.',
      { cause },
    );
  };
  parser.write(xml).close();
  return fields;
}

// ── Folder → solution ───────────────────────────────────────────────────────────────────────────────────────────

/**
 * The parts of the solution that a folder was unpacked from, with the edits made since. `read` gives the bytes of a file of the
 * folder, or undefined. Throws ProductError `SolutionManifestMissing`, `SolutionManifestDamaged`, `SolutionPartMissing`, the codes
 * of the decoder and of `replaceDefinition`.
 */
export function packSolution(read: (path: string) => Uint8Array | undefined): PackedSolution {
  const manifest = readManifest(read(manifestPath));
  const contents = new Map<string, Uint8Array>();
  for (const part of manifest.parts) {
    if (isFolder(part.name)) contents.set(part.name, new Uint8Array());
    else
      contents.set(part.name, demand(read, part.path ?? `${partsFolder}/${part.name.replaceAll('\\', '/')}`));
  }
  const part = (name: string): Uint8Array => {
    const bytes = contents.get(name);
    if (bytes === undefined) throw manifestDamaged(`It mentions a part ${name} that it does not list.`);
    return bytes;
  };
  const changed: string[] = [];
  const notes: string[] = [];
  for (const flow of manifest.flows) {
    const bytes = read(flow.path);
    if (bytes === undefined) {
      notes.push(`${flow.path} is gone; “${flow.name}” stays in the solution as it was.`);
      continue;
    }
    const { text } = decodeFlow(bytes);
    const holder = decodeFlow(part(flow.definition));
    const xml = replaceDefinition(holder.text, flow.id, text);
    const edited = xml !== holder.text;
    if (edited) contents.set(flow.definition, encodeFlow(xml, holder.encoding));
    const packed = flow.package === undefined ? undefined : readPackage(part(flow.package));
    if (flow.package !== undefined && packed !== undefined) {
      const texts = new Map(edited ? [['script.robin', text]] : []);
      for (const repository of flow.repositories) {
        if (repository.packaged === undefined) continue;
        texts.set(repository.packaged, decodeFlow(demand(read, repository.path)).text);
      }
      contents.set(flow.package, writePackage(part(flow.package), packed, texts));
    }
    if (edited) {
      changed.push(flow.name);
      const dropped = parse(text).diagnostics.filter(({ severity }) => severity === 'dropsPaste').length;
      if (dropped > 0) {
        notes.push(
          `“${flow.name}” has ${dropped === 1 ? 'an error' : `${dropped} errors`} because of which the designer cannot read it: check it first.`,
        );
      }
    }
  }
  return {
    parts: manifest.parts.map(({ name, date }) => ({ name, date, bytes: part(name) })),
    changed,
    notes,
  };
}

function demand(read: (path: string) => Uint8Array | undefined, path: string): Uint8Array {
  const bytes = read(path);
  if (bytes !== undefined) return bytes;
  throw new ProductError(
    'SolutionPartMissing',
    `${path} belongs to the solution, but it is not in the folder.`,
    'Restore the file, or unpack the solution again and take your changes over.',
  );
}

function readManifest(bytes: Uint8Array | undefined): Manifest {
  if (bytes === undefined) {
    throw new ProductError(
      'SolutionManifestMissing',
      `The folder has no ${manifestPath}, so it is no unpacked solution.`,
      'Name the folder that “dflow solution unpack” wrote.',
    );
  }
  let given: unknown;
  try {
    given = JSON.parse(decodeFlow(bytes).text);
  } catch (cause) {
    throw manifestDamaged('It is no JSON.', { cause });
  }
  const manifest = given as Partial<Manifest> | null;
  const text = (value: unknown): value is string => typeof value === 'string';
  // A folder from somebody else must not make this program read files outside of it.
  const inside = (value: unknown) => text(value) && !/^[\\/]|^[a-z]:|(^|[\\/])\.\.([\\/]|$)|\0/i.test(value);
  const sound =
    manifest?.format === 1 &&
    Array.isArray(manifest.flows) &&
    Array.isArray(manifest.parts) &&
    manifest.flows.every(
      (flow) =>
        [flow?.id, flow?.name, flow?.definition].every(text) &&
        inside(flow.path) &&
        Array.isArray(flow.repositories) &&
        flow.repositories.every((repository: { readonly path?: unknown } | null) => inside(repository?.path)),
    ) &&
    manifest.parts.every((part) => inside(part?.name) && text(part.date) && inside(part.path ?? ''));
  if (!sound) throw manifestDamaged('It has not the form that “dflow solution unpack” writes.');
  return manifest as Manifest;
}

/** The flows that the text of a solution.json lists; none where it is damaged. For packing, `packSolution` is stricter. */
export function solutionFlows(text: string): readonly Readonly<Record<'id' | 'name' | 'path', string>>[] {
  const { root } = readJson(text);
  return items(member(root, 'flows')).flatMap((flow) => {
    const [id, name, path] = ['id', 'name', 'path'].map((field) => stringValue(text, member(flow, field)));
    return id === undefined || name === undefined || path === undefined ? [] : [{ id, name, path }];
  });
}

function manifestDamaged(what: string, options?: ErrorOptions): ProductError {
  return new ProductError(
    'SolutionManifestDamaged',
    `${manifestPath} cannot be used. ${what}`,
    'Restore the file, or unpack the solution again and take your changes over.',
    options,
  );
}

// The index of the workspace: every flow under its folders, what each needs of the others, and the repositories beside them.
// Keeps summaries, never trees. Open documents go before what is on disk. Only local files are indexed.
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FileSystemWatcher, type Location, WatchKind } from 'vscode-languageserver';
import { Emitter, type Event } from '../base/event.ts';
import { LineIndex } from '../base/text.ts';
import type { FlowReference, FlowSource } from '../files/companions.ts';
import { flowEnding } from '../interchange/fileNames.ts';
import { imageNames, screenSummaries } from '../interchange/repository.ts';
import { manifestPath, solutionFlows } from '../interchange/solution.ts';
import { wayTo } from '../language/analysis/summary.ts';
import {
  type FlowSummary,
  noSurroundings,
  type ScreenSummary,
  type Surroundings,
} from '../language/analysis/surroundings.ts';
import { isTestFile } from '../language/analysis/tests.ts';
import { decodeFlow } from '../language/syntax/decode.ts';
import { parse, parseInPieces } from '../language/syntax/parser.ts';
import type { FlowFile } from '../language/syntax/tree.ts';
import { maxFlowBytes } from '../protocol/agent.ts';
import { entryOf, type FlowEntry, type NamedPlace, type OutsideUse } from './flowEntry.ts';

/** Something of a flow that people look for by its name. `container` is the name of the flow. */
export interface ProjectSymbol {
  readonly kind: 'flow' | 'subflow' | 'input' | 'output';
  readonly name: string;
  readonly container: string;
  readonly location: Location;
}

/** The files named in the IMPORT lines of a flow, beside it; whether they exist is not said. */
export interface RepositoryUris {
  readonly elements: string | undefined;
  readonly images: string | undefined;
}

/** The changes the project wants to hear of. A folder that goes away takes its flows along without a word about each. */
export const watchedFiles: readonly FileSystemWatcher[] = [
  { globPattern: '**/*.{robin,pad,appmask,imgrepo}' },
  { globPattern: '**/solution.json' },
  { globPattern: '**/*', kind: WatchKind.Delete },
];

const repositoryEnding = /\.(?:appmask|imgrepo)$/i;
/** Folders that hold no flows of the user's own. */
const skippedFolders: ReadonlySet<string> = new Set(['node_modules', '.git']);
const mostRepositoryBytes = 64 * 1024 * 1024;
/** How long the index works before it lets requests pass. */
const sliceMs = 8;
const filesReadAtOnce = 8;
/** A text from here on is parsed in pieces. */
const longText = 100_000;

/** A flow as the index has it. */
interface IndexedFlow {
  readonly path: string;
  readonly entry: FlowEntry;
  /** Lower-cased: its id, its name, and the name a solution gives it. */
  readonly keys: ReadonlySet<string>;
}

interface Repository {
  readonly screens: readonly ScreenSummary[] | undefined;
  readonly images: readonly string[] | undefined;
}

const unknownRepository: Repository = { screens: undefined, images: undefined };

/** What a solution.json says about the flow in a file. */
interface ManifestFlow {
  readonly id: string;
  readonly name: string;
  /** Key of the solution.json. */
  readonly manifest: string;
}

interface OpenFlow {
  readonly uri: string;
  readonly text: () => string;
}

export class Project implements FlowSource {
  readonly #note: (note: string) => void;
  // Files are known by `keyOf` their paths.
  readonly #folders = new Map<string, string>();
  readonly #flows = new Map<string, IndexedFlow>();
  readonly #byName = new Map<string, Set<IndexedFlow>>();
  readonly #manifests = new Map<string, ManifestFlow>();
  /** Those of open flows, read when first asked for; undefined while it is read. */
  readonly #repositories = new Map<string, Repository | undefined>();
  readonly #open = new Map<string, OpenFlow>();
  /** Flows and manifests that wait to be read: their paths. */
  readonly #waiting = new Map<string, string>();
  /** Names and ids under which a flow came, went or changed since that was last told. */
  readonly #touched = new Set<string>();
  readonly #changed = new Emitter<ReadonlySet<string>>();
  #working: Promise<void> | undefined;
  #ready: Promise<void> = Promise.resolve();

  /** The uris of open flows whose surroundings may have changed. */
  readonly onDidChange: Event<ReadonlySet<string>> = this.#changed.event;

  /** `note` takes sentences for the log: what was skipped and why. */
  constructor(note: (note: string) => void = () => {}) {
    this.#note = note;
  }

  /** Settles when every flow of the workspace was read once. Never rejects. */
  get ready(): Promise<void> {
    return this.#ready;
  }

  // ── Questions ─────────────────────────────────────────────────────────────────────────────────────────────────

  *flows(): Iterable<FlowEntry> {
    for (const { entry } of this.#flows.values()) yield entry;
  }

  entry(uri: string): FlowEntry | undefined {
    return this.#indexed(uri)?.entry;
  }

  #indexed(uri: string): IndexedFlow | undefined {
    const path = pathOf(uri);
    return path === undefined ? undefined : this.#flows.get(keyOf(path));
  }

  /**
   * The flow with that id or name (any case). Undefined when there is none, or when several have the name and not exactly one of
   * them stands in the folder of the flow `from`.
   */
  flow(idOrName: string, from?: string): FlowEntry | undefined {
    return this.#find(idOrName, from === undefined ? undefined : pathOf(from))?.entry;
  }

  #find(idOrName: string, from: string | undefined): IndexedFlow | undefined {
    const found = this.#byName.get(idOrName.toLowerCase());
    if (found === undefined) return undefined;
    if (found.size === 1) return found.values().next().value;
    const near = [...found].filter(({ path }) => from !== undefined && dirname(path) === dirname(from));
    return near.length === 1 ? near[0] : undefined;
  }

  #called({ id, name }: FlowSummary['runs'][number], from: string): IndexedFlow | undefined {
    return this.#find(id, from) ?? (name === undefined ? undefined : this.#find(name, from));
  }

  find(reference: FlowReference, from: string): string | undefined {
    return this.#called(reference, from)?.path;
  }

  /** The text of a file: of the open flow, else from disk; undefined when it cannot be read. */
  async read(path: string): Promise<string | undefined> {
    return this.#open.get(keyOf(path))?.text() ?? (await this.#read(path, mostRepositoryBytes));
  }

  /** What a flow can see outside of its text. For a document that is no local file: nothing. */
  surroundingsOf(uri: string): Surroundings {
    const path = pathOf(uri);
    if (path === undefined) return noSurroundings;
    const { elements, images } = this.repositoryUris(uri);
    return {
      isTest: isTestFile(path),
      screens: this.#repository(elements)?.screens,
      images: this.#repository(images)?.images,
      flow: (id, name) => this.#called({ id, name }, path)?.entry.summary,
      circle: (id, name) => this.#circle({ id, name }, path),
    };
  }

  /** The names of the flows on the shortest way from the flow in `path` through `run` back to it. */
  #circle(run: FlowSummary['runs'][number], path: string): readonly string[] | undefined {
    const start = this.#called(run, path);
    if (start === undefined) return undefined;
    const key = keyOf(path);
    const way = wayTo(
      start,
      (flow) => keyOf(flow.path) === key,
      (flow) => flow.entry.summary.runs.flatMap((next) => this.#called(next, flow.path) ?? []),
    )?.map(({ entry }) => entry.summary.name);
    return way && [way.at(-1) as string, ...way];
  }

  /** Where flows run the flow with that id or name. */
  usesOfFlow(idOrName: string): Location[] {
    const wanted = this.#byName.get(idOrName.toLowerCase());
    if (wanted === undefined) return [];
    return this.#uses(({ path, entry: { summary } }) => {
      const meant = new Set<string>();
      for (const run of summary.runs) {
        const called = this.#called(run, path);
        if (called !== undefined && wanted.has(called)) meant.add(run.id);
      }
      return ({ kind, key }) => kind === 'flow' && meant.has(key);
    });
  }

  /**
   * Where the flows that import that repository mention a screen (`element` undefined) or an element of it. Ranges are those of the
   * name alone.
   */
  usesOfElement(repositoryUri: string, screen: string, element?: string): Location[] {
    const [wanted, name] =
      element === undefined ? (['screen', screen] as const) : (['element', `${screen}\n${element}`] as const);
    return this.#usesIn(repositoryUri, 'elements', wanted, name.toLowerCase());
  }

  usesOfImage(repositoryUri: string, image: string): Location[] {
    return this.#usesIn(repositoryUri, 'images', 'image', image.toLowerCase());
  }

  #usesIn(
    repositoryUri: string,
    repository: keyof RepositoryUris,
    wanted: OutsideUse['kind'],
    name: string,
  ): Location[] {
    const path = pathOf(repositoryUri);
    if (path === undefined) return [];
    return this.#uses((flow) =>
      imports(flow, repository, keyOf(path)) ? ({ kind, key }) => kind === wanted && key === name : undefined,
    );
  }

  /** `of` says which uses of a flow are wanted; undefined: none. */
  #uses(of: (flow: IndexedFlow) => ((use: OutsideUse) => boolean) | undefined): Location[] {
    const found: Location[] = [];
    for (const flow of this.#flows.values()) {
      const { uri, uses } = flow.entry;
      const isWanted = uses.length === 0 ? undefined : of(flow);
      if (isWanted === undefined) continue;
      for (const use of uses) if (isWanted(use)) found.push({ uri, range: use.range });
    }
    return found;
  }

  /** Flows, subflows, inputs and outputs whose name contains the letters of `query` in this order, best first. */
  symbols(query: string, limit: number): ProjectSymbol[] {
    const wanted = query.toLowerCase();
    const found: { readonly symbol: ProjectSymbol; readonly rank: number }[] = [];
    const start = { line: 0, character: 0 };
    for (const { uri, summary, subflows, inputs, outputs } of this.flows()) {
      const add = (kind: ProjectSymbol['kind'], { name, range }: NamedPlace, container: string) => {
        const rank = rankOf(name, wanted);
        if (rank === undefined) return;
        found.push({ rank, symbol: { kind, name, container, location: { uri, range } } });
      };
      add('flow', { name: summary.name, range: { start, end: start } }, '');
      for (const subflow of subflows) add('subflow', subflow, summary.name);
      for (const input of inputs) add('input', input, summary.name);
      for (const output of outputs) add('output', output, summary.name);
    }
    found.sort((a, b) => a.rank - b.rank || (a.symbol.name < b.symbol.name ? -1 : 1));
    return found.slice(0, limit).map(({ symbol }) => symbol);
  }

  /** The repositories that a flow imports. */
  repositoryUris(flowUri: string): RepositoryUris {
    const flow = this.#indexed(flowUri);
    const beside = (file: string | undefined) =>
      file === undefined || flow === undefined ? undefined : uriOf(resolve(dirname(flow.path), file));
    return { elements: beside(flow?.entry.imports.elements), images: beside(flow?.entry.imports.images) };
  }

  /** As `read`, for a local file by its uri. */
  async text(uri: string): Promise<string | undefined> {
    const path = pathOf(uri);
    return path === undefined ? undefined : this.read(path);
  }

  // ── What happens ──────────────────────────────────────────────────────────────────────────────────────────────

  /** Begins with the index of the folders `added`, and forgets what stood only in those `removed`. */
  changeFolders(added: readonly string[], removed: readonly string[] = []): void {
    for (const uri of removed) {
      const path = pathOf(uri);
      if (path !== undefined) this.#folders.delete(keyOf(path));
    }
    for (const [key, { path }] of this.#flows)
      if (!this.#isInside(path) && !this.#open.has(key)) this.#drop(key);
    const folders = added.map(pathOf).filter((path) => path !== undefined);
    for (const path of folders) this.#folders.set(keyOf(path), path);
    const found = Promise.all(folders.map((path) => this.#findFiles(path)));
    this.#ready = Promise.all([this.#ready, found.then(() => this.#work())]).then(() => {});
  }

  /** Files were created, changed or deleted. */
  filesChanged(uris: readonly string[]): void {
    for (const path of uris.map(pathOf)) {
      if (path === undefined || !this.#isInside(path)) continue;
      const key = keyOf(path);
      if (isIndexed(path)) this.#waiting.set(key, path);
      else if (this.#repositories.has(key)) void this.#readRepository(path);
      else if (!repositoryEnding.test(path)) {
        // A folder that may be gone: its flows are looked for again.
        const inside = key + sep;
        for (const [flow, indexed] of this.#flows)
          if (flow.startsWith(inside)) this.#waiting.set(flow, indexed.path);
      }
    }
    void this.#work();
  }

  /** A flow was opened, or has changed while open. `text` gives its text at any later time. */
  open(uri: string, file: FlowFile, lines: LineIndex, text: () => string): void {
    const path = pathOf(uri);
    if (path === undefined) return;
    const key = keyOf(path);
    const before = this.#open.has(key) ? this.#flows.get(key)?.entry.imports : undefined;
    this.#open.set(key, { uri, text });
    const entry = this.#entry(path, uri, file, lines);
    this.#put(path, entry);
    if (before !== undefined && JSON.stringify(before) !== JSON.stringify(entry.imports)) {
      this.#changed.fire(new Set([uri]));
    }
    this.#tell();
  }

  close(uri: string): void {
    const path = pathOf(uri);
    if (path === undefined) return;
    const key = keyOf(path);
    if (!this.#open.delete(key)) return;
    for (const repository of [...this.#repositories.keys()]) {
      if (!this.#openImporters(repository).length) this.#repositories.delete(repository);
    }
    if (!this.#isInside(path)) this.#drop(key);
    else this.#waiting.set(key, path);
    void this.#work();
  }

  // ── Reading files ─────────────────────────────────────────────────────────────────────────────────────────────

  #isInside(path: string): boolean {
    const key = keyOf(path);
    for (const folder of this.#folders.keys()) {
      if (key.startsWith(folder.endsWith(sep) ? folder : folder + sep)) return true;
    }
    return false;
  }

  /** Queues every file under a folder that is to be indexed. Each folder is entered once, whatever links lead to it. */
  async #findFiles(folder: string): Promise<void> {
    const entered = new Set<string>();
    const folders = [folder];
    for (let path = folders.pop(); path !== undefined; path = folders.pop()) {
      try {
        const real = await realpath(path);
        if (entered.has(real)) continue;
        entered.add(real);
        for (const found of await readdir(path, { withFileTypes: true })) {
          const inside = join(path, found.name);
          const kind = found.isSymbolicLink() ? await stat(inside).catch(() => undefined) : found;
          if (kind?.isDirectory() && !skippedFolders.has(found.name)) folders.push(inside);
          else if (kind?.isFile() && isIndexed(inside)) this.#waiting.set(keyOf(inside), inside);
        }
      } catch (error) {
        this.#note(`The folder ${path} is not indexed: ${messageOf(error)}`);
      }
    }
  }

  /** Reads what waits, a slice at a time. Never rejects. */
  #work(): Promise<void> {
    this.#working ??= this.#workThrough().finally(() => {
      this.#working = undefined;
    });
    return this.#working;
  }

  async #workThrough(): Promise<void> {
    while (this.#waiting.size > 0) {
      const batch = [...this.#waiting].slice(0, filesReadAtOnce);
      for (const [key] of batch) this.#waiting.delete(key);
      const texts = await Promise.all(
        batch.map(([key, path]) => (this.#open.has(key) ? undefined : this.#read(path, maxFlowBytes))),
      );
      let sliceEnd = performance.now() + sliceMs;
      for (const [index, [key, path]] of batch.entries()) {
        const steps = this.#takeIn(key, path, texts[index]);
        while (!steps.next().done) {
          if (performance.now() < sliceEnd) continue;
          await new Promise((resolve) => setImmediate(resolve));
          sliceEnd = performance.now() + sliceMs;
        }
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#tell();
  }

  /** Takes in the text of one file from disk (undefined: it is not there), in pieces. */
  *#takeIn(key: string, path: string, text: string | undefined): Generator<undefined, void> {
    if (basename(path) === manifestPath) {
      this.#takeManifest(key, path, text);
    } else if (!this.#open.has(key)) {
      if (text === undefined) {
        this.#drop(key);
        return;
      }
      const file = text.length < longText ? parse(text) : yield* parseInPieces(text);
      // It may have been opened meanwhile.
      if (!this.#open.has(key)) this.#put(path, this.#entry(path, uriOf(path), file, new LineIndex(text)));
    }
    yield;
  }

  async #read(path: string, most: number): Promise<string | undefined> {
    try {
      const { size } = await stat(path);
      if (size > most) {
        this.#note(`${path} is not indexed: it has more than ${most / 1024 / 1024} MB.`);
        return undefined;
      }
      return decodeFlow(await readFile(path)).text;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.#note(`${path} is not indexed: ${messageOf(error)}`);
      }
      return undefined;
    }
  }

  #takeManifest(key: string, path: string, text: string | undefined): void {
    const before = [...this.#manifests].filter(([, { manifest }]) => manifest === key).map(([flow]) => flow);
    for (const flow of before) this.#manifests.delete(flow);
    for (const { id, name, path: flow } of text === undefined ? [] : solutionFlows(text)) {
      const flowPath = keyOf(resolve(dirname(path), flow));
      this.#manifests.set(flowPath, { id: id.toLowerCase(), name, manifest: key });
      before.push(flowPath);
    }
    for (const flow of before) {
      const indexed = this.#flows.get(flow);
      if (indexed === undefined) continue;
      const { entry } = indexed;
      this.#put(indexed.path, {
        ...entry,
        summary: { ...entry.summary, id: this.#manifests.get(flow)?.id },
      });
    }
  }

  // ── The index itself ──────────────────────────────────────────────────────────────────────────────────────────

  #entry(path: string, uri: string, file: FlowFile, lines: LineIndex): FlowEntry {
    const name = basename(path).replace(flowEnding, '');
    return entryOf(uri, name, this.#manifests.get(keyOf(path))?.id, file, lines);
  }

  #put(path: string, entry: FlowEntry): void {
    const key = keyOf(path);
    const before = this.#flows.get(key);
    const names = [entry.summary.id, entry.summary.name, this.#manifests.get(key)?.name];
    const keys = new Set(names.filter((name) => name !== undefined).map((name) => name.toLowerCase()));
    if (before !== undefined) this.#forgetNames(before);
    const flow = { path, entry, keys };
    this.#flows.set(key, flow);
    for (const name of keys) {
      const known = this.#byName.get(name);
      if (known === undefined) this.#byName.set(name, new Set([flow]));
      else known.add(flow);
    }
    if (before !== undefined && isSame(before, flow)) return;
    for (const name of [...keys, ...(before?.keys ?? [])]) this.#touched.add(name);
  }

  #drop(key: string): void {
    const flow = this.#flows.get(key);
    if (flow === undefined) return;
    this.#flows.delete(key);
    this.#forgetNames(flow);
    for (const name of flow.keys) this.#touched.add(name);
  }

  #forgetNames(flow: IndexedFlow): void {
    for (const name of flow.keys) {
      const known = this.#byName.get(name);
      known?.delete(flow);
      if (known?.size === 0) this.#byName.delete(name);
    }
  }

  /** Tells the open flows from which a flow under a touched name can be reached. */
  #tell(): void {
    if (this.#touched.size === 0) return;
    const touched = new Set(this.#touched);
    this.#touched.clear();
    const uris = new Set<string>();
    for (const [key, { uri }] of this.#open) if (this.#reaches(key, touched)) uris.add(uri);
    if (uris.size > 0) this.#changed.fire(uris);
  }

  #reaches(key: string, names: ReadonlySet<string>): boolean {
    const start = this.#flows.get(key);
    const reached = new Set(start === undefined ? [] : [start]);
    for (const { path, entry } of reached) {
      for (const run of entry.summary.runs) {
        if (names.has(run.id) || (run.name !== undefined && names.has(run.name.toLowerCase()))) return true;
        const called = this.#called(run, path);
        if (called !== undefined) reached.add(called);
      }
    }
    return false;
  }

  // ── Repositories ──────────────────────────────────────────────────────────────────────────────────────────────

  #repository(uri: string | undefined): Repository | undefined {
    const path = uri === undefined ? undefined : pathOf(uri);
    if (path === undefined) return undefined;
    const key = keyOf(path);
    if (!this.#repositories.has(key)) {
      this.#repositories.set(key, undefined);
      void this.#readRepository(path);
    }
    return this.#repositories.get(key);
  }

  /** Its flows hear of it when it is read. */
  async #readRepository(path: string): Promise<void> {
    const key = keyOf(path);
    const text = await this.#read(path, mostRepositoryBytes);
    if (!this.#repositories.has(key)) return;
    const before = this.#repositories.get(key) ?? unknownRepository;
    const repository = text === undefined ? unknownRepository : summaryOf(path, text);
    this.#repositories.set(key, repository);
    const uris = this.#openImporters(key);
    if (JSON.stringify(repository) !== JSON.stringify(before) && uris.length > 0)
      this.#changed.fire(new Set(uris));
  }

  #openImporters(repository: string): string[] {
    return [...this.#open].flatMap(([key, { uri }]) => {
      const flow = this.#flows.get(key);
      const importing =
        flow !== undefined && (imports(flow, 'elements', repository) || imports(flow, 'images', repository));
      return importing ? [uri] : [];
    });
  }
}

function isIndexed(path: string): boolean {
  return flowEnding.test(path) || basename(path) === manifestPath;
}

/** Whether a flow imports the file with that key. */
function imports({ path, entry }: IndexedFlow, repository: keyof RepositoryUris, key: string): boolean {
  const file = entry.imports[repository];
  return file !== undefined && keyOf(resolve(dirname(path), file)) === key;
}

/** True when other flows cannot tell the two apart. */
function isSame(one: IndexedFlow, other: IndexedFlow): boolean {
  return (
    JSON.stringify([one.entry.summary, ...one.keys]) === JSON.stringify([other.entry.summary, ...other.keys])
  );
}

/** Of a damaged repository nothing is known. */
function summaryOf(path: string, text: string): Repository {
  return path.toLowerCase().endsWith('.imgrepo')
    ? { ...unknownRepository, images: imageNames(text) }
    : { ...unknownRepository, screens: screenSummaries(text) };
}

/** 0 for the name itself, then what begins with the query, what contains it, what contains its letters; undefined for the rest. */
function rankOf(name: string, query: string): number | undefined {
  const lower = name.toLowerCase();
  const at = lower.indexOf(query);
  if (at >= 0) return lower.length === query.length ? 0 : at === 0 ? 1 : 2;
  let from = 0;
  for (const letter of query) {
    const found = lower.indexOf(letter, from);
    if (found < 0) return undefined;
    from = found + letter.length;
  }
  return 3;
}

/** The path of a local `file:` uri; undefined for any other. */
export function pathOf(uri: string): string | undefined {
  if (!uri.startsWith('file:')) return undefined;
  try {
    return resolve(fileURLToPath(uri));
  } catch {
    return undefined;
  }
}

/** What two spellings of one path have in common where letter case does not matter. */
function keyOf(path: string): string {
  return process.platform === 'win32' ? path.toLowerCase() : path;
}

/** The `file:` uri of a path, as VS Code spells it. */
function uriOf(path: string): string {
  const spelled = path
    .split(sep)
    .map((part) =>
      encodeURIComponent(part).replace(
        /[!'()*]/g,
        (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
      ),
    )
    .join('/');
  if (process.platform !== 'win32') return `file://${spelled}`;
  // `C:\flows` or `\\server\flows`
  return spelled.startsWith('//')
    ? `file:${spelled}`
    : `file:///${spelled.charAt(0).toLowerCase()}${spelled.slice(1)}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

// The parts of an Office file and how they refer to each other. Changes are kept beside the file as it was read, and every part
// nobody touched is written back byte for byte. Knows nothing of worksheets or texts.
import { posix } from 'node:path';
import { type PartContent, readArchive, type StoredPart, unpack } from './archive.ts';
import { damaged, OfficeProblem } from './problem.ts';
import { parseXml, type XmlDocument, type XmlElement, XmlError } from './xml.ts';

const contentTypesPart = '[Content_Types].xml';

export interface Relationship {
  readonly id: string;
  /** The last word of the type's address: `worksheet`, `styles`, `table` … (the same for both variants of the format). */
  readonly kind: string;
  /** The part it leads to; the address as written when it leads out of the file. */
  readonly target: string;
  readonly isExternal: boolean;
}

const relationshipTypes = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships/';

export class Package {
  readonly #stored: Map<string, StoredPart>;
  /** Parts with new content; `null` = removed. */
  readonly #changed = new Map<string, PartContent | null>();
  readonly #documents = new Map<string, XmlDocument>();
  /** Documents whose tree was changed: written from the tree. */
  readonly #touched = new Set<string>();

  private constructor(stored: Map<string, StoredPart>) {
    this.#stored = stored;
  }

  /** Throws an OfficeProblem, see `readArchive`. */
  static read(file: Buffer): Package {
    return new Package(readArchive(file));
  }

  /** A file made of these parts. */
  static of(parts: Readonly<Record<string, string>>): Package {
    const made = new Package(new Map());
    for (const [name, text] of Object.entries(parts)) made.#changed.set(name, text);
    return made;
  }

  /** Names of all parts, in the order of the file, new ones last. */
  get names(): string[] {
    const names = [...this.#stored.keys()].filter((name) => this.#changed.get(name) !== null);
    for (const [name, content] of this.#changed)
      if (content !== null && !this.#stored.has(name)) names.push(name);
    return names;
  }

  /** The spelling under which a part is there; letter case makes no difference in part names. */
  #spelling(name: string): string | undefined {
    const known = this.#changed.get(name);
    if (known === null) return undefined;
    if (known !== undefined || this.#stored.has(name)) return name;
    const wanted = name.toLowerCase();
    return this.names.find((one) => one.toLowerCase() === wanted);
  }

  has(name: string): boolean {
    return this.#spelling(name) !== undefined;
  }

  /** The part as it lies in the file, when it has not been changed since. */
  stored(name: string): StoredPart | undefined {
    const spelling = this.#spelling(name) ?? name;
    return this.#changed.has(spelling) ? undefined : this.#stored.get(spelling);
  }

  /** The whole text of a part. Throws an OfficeProblem when it is missing or damaged. */
  async text(name: string): Promise<string> {
    const spelling = this.#spelling(name);
    if (spelling === undefined) throw damaged(`the part ${name} is missing.`);
    const changed = this.#changed.get(spelling);
    if (typeof changed === 'string') return changed;
    if (typeof changed === 'function') return [...changed()].join('');
    if (Buffer.isBuffer(changed)) return decodePart(changed);
    return decodePart(await unpack(this.#stored.get(spelling) as StoredPart));
  }

  /** The tree of a part; call `touch` after changing it. Throws an OfficeProblem when it is missing or damaged. */
  async document(name: string): Promise<XmlDocument> {
    const spelling = this.#spelling(name) ?? name;
    let document = this.#documents.get(spelling);
    if (document === undefined) {
      const text = await this.text(name);
      try {
        document = parseXml(text);
      } catch (error) {
        if (!(error instanceof XmlError)) throw error;
        throw damaged(`the part ${name} is no valid XML (${error.message}).`, { cause: error });
      }
      this.#documents.set(spelling, document);
    }
    return document;
  }

  /** The tree of the part was changed. */
  touch(name: string): void {
    this.#touched.add(this.#spelling(name) ?? name);
  }

  put(name: string, content: PartContent): void {
    const spelling = this.#spelling(name) ?? name;
    this.#documents.delete(spelling);
    this.#touched.delete(spelling);
    this.#changed.set(spelling, content);
  }

  /** Removes a part with its own relationships and its content type. Relationships of others to it are the caller's matter. */
  async remove(name: string): Promise<void> {
    const spelling = this.#spelling(name);
    if (spelling === undefined) return;
    for (const one of [spelling, relationshipsPart(spelling)]) {
      this.#documents.delete(one);
      this.#touched.delete(one);
      if (this.#stored.has(one)) this.#changed.set(one, null);
      else this.#changed.delete(one);
    }
    const { root } = await this.document(contentTypesPart);
    for (const entry of root.all('Override')) {
      if (partName(entry) !== spelling.toLowerCase()) continue;
      root.remove(entry);
      this.touch(contentTypesPart);
    }
  }

  /** What is to be written, in order. */
  *contents(): Generator<readonly [string, PartContent]> {
    for (const name of this.names) {
      const document = this.#touched.has(name) ? this.#documents.get(name) : undefined;
      const content = document?.toString() ?? this.#changed.get(name) ?? this.#stored.get(name);
      yield [name, content as PartContent];
    }
  }

  // ── Content types ─────────────────────────────────────────────────────────────────────────────────────────────

  /** The content type of a part, by its name or by its ending. */
  async contentType(name: string): Promise<string | undefined> {
    const { root } = await this.document(contentTypesPart);
    const override = root.all('Override').find((entry) => partName(entry) === name.toLowerCase());
    if (override !== undefined) return override.get('ContentType');
    const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
    return root
      .all('Default')
      .find((entry) => entry.get('Extension')?.toLowerCase() === ending)
      ?.get('ContentType');
  }

  async setContentType(name: string, type: string): Promise<void> {
    const { root } = await this.document(contentTypesPart);
    const override = root.all('Override').find((entry) => partName(entry) === name.toLowerCase());
    if (override !== undefined) override.set('ContentType', type);
    else root.append(root.create('Override', { PartName: `/${name}`, ContentType: type }));
    this.touch(contentTypesPart);
  }

  /** A part name `before` + number + `after` that is free. */
  freeName(before: string, after: string): string {
    for (let number = 1; ; number++)
      if (!this.has(`${before}${number}${after}`)) return `${before}${number}${after}`;
  }

  // ── Relationships ─────────────────────────────────────────────────────────────────────────────────────────────

  /** Where a part leads to; `''` is the file itself. */
  async relationships(name: string): Promise<Relationship[]> {
    const part = relationshipsPart(name);
    if (!this.has(part)) return [];
    const { root } = await this.document(part);
    return root.all('Relationship').map((entry) => {
      const isExternal = entry.get('TargetMode') === 'External';
      const target = entry.get('Target') ?? '';
      return {
        id: entry.get('Id') ?? '',
        kind: (entry.get('Type') ?? '').split('/').at(-1) as string,
        target: isExternal ? target : resolveTarget(name, target),
        isExternal,
      };
    });
  }

  /** Adds a relationship and returns its id. */
  async relate(name: string, kind: string, target: string): Promise<string> {
    const part = relationshipsPart(name);
    if (!this.has(part)) {
      this.put(
        part,
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"/>',
      );
    }
    const { root } = await this.document(part);
    const taken = new Set(root.all('Relationship').map((entry) => entry.get('Id')));
    let number = taken.size + 1;
    while (taken.has(`rId${number}`)) number++;
    root.append(
      root.create('Relationship', {
        Id: `rId${number}`,
        Type: relationshipTypes + kind,
        Target: `/${target}`,
      }),
    );
    this.touch(part);
    return `rId${number}`;
  }

  async unrelate(name: string, id: string): Promise<void> {
    const part = relationshipsPart(name);
    const { root } = await this.document(part);
    for (const entry of root.all('Relationship')) if (entry.get('Id') === id) root.remove(entry);
    this.touch(part);
  }
}

const partName = (entry: XmlElement): string =>
  (entry.get('PartName') ?? '').replace(/^\//, '').toLowerCase();

function relationshipsPart(name: string): string {
  const folder = posix.dirname(name);
  return `${folder === '.' ? '' : `${folder}/`}_rels/${posix.basename(name)}.rels`;
}

function resolveTarget(source: string, target: string): string {
  const path = decodeURI(target.replace(/%(?![0-9a-f]{2})/gi, '%25')).replaceAll('\\', '/');
  return (
    path.startsWith('/') ? posix.normalize(path) : posix.normalize(`/${posix.dirname(source)}/${path}`)
  ).slice(1);
}

/** The text of an XML part in whatever encoding it says it has. Throws an OfficeProblem for encodings Office files may not have. */
function decodePart(bytes: Buffer): string {
  const encoding = encodingOf(bytes);
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw damaged(`a part is not valid ${encoding.toUpperCase()}.`, { cause });
  }
}

/** The encoding of an XML part, by its first bytes. Office files may be in UTF-8 or UTF-16 only. */
export function encodingOf(bytes: Buffer): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  const declared = /^\s*<\?xml[^>]*\sencoding=["']([^"']+)["']/
    .exec(bytes.toString('latin1', 0, 200))?.[1]
    ?.toLowerCase();
  if (declared === undefined || declared === 'utf-8' || declared === 'us-ascii') return 'utf-8';
  throw new OfficeProblem(
    `The file has a part in the encoding ${declared}, which Office files may not have.`,
    'Open it in Excel or Word and save it again.',
  );
}

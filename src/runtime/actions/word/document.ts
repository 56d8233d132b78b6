// An open Word document as a flow holds it: its parts, the tree of its main part, where it is saved. No Word is running; nothing is
// visible, and nothing knows how the text falls into pages.
import { readFile, stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { encodeText } from '../encodings.ts';
import { writeArchive } from '../office/archive.ts';
import { Package } from '../office/package.ts';
import { damaged, naming, OfficeProblem } from '../office/problem.ts';
import { replaceFile } from '../office/replaceFile.ts';
import { textCodePage } from '../windows.ts';
import { parseXml, XmlError } from '../xml/parse.ts';
import { printXml } from '../xml/print.ts';
import type { XmlNode } from '../xml/tree.ts';
import { drawingRun, imageKind, nextDrawingNumber, textWidth } from './images.ts';
import { type Bookmark, childNamed, edgeOf, findBookmark, type Place, textOf } from './text.ts';

/** Larger files cannot come from Word in practice, and would fill the memory. */
const fileLimit = 512 * 1024 ** 2;

/** Documents of people are some fifty levels deep; deeper ones were made to exhaust the stack. */
const maxDepth = 400;

const mainTypes: Readonly<Record<string, string>> = {
  DOCX: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml',
  DOCM: 'application/vnd.ms-word.document.macroEnabled.main+xml',
  DOTX: 'application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml',
  DOTM: 'application/vnd.ms-word.template.macroEnabledTemplate.main+xml',
};
const macroFormats = new Set(['DOCM', 'DOTM']);

/** Endings of files, by which `FromExtension` chooses. Others are refused. */
const formatsByExtension: Readonly<Record<string, string>> = {
  '.docx': 'DOCX',
  '.docm': 'DOCM',
  '.dotx': 'DOTX',
  '.dotm': 'DOTM',
  '.txt': 'Text',
};

const relationships = 'http://schemas.openxmlformats.org/package/2006/relationships';
const officeRelationships = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const main = 'http://schemas.openxmlformats.org/wordprocessingml/2006/main';
const xmlStart = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

/** An empty page of A4 with margins of an inch, in the font Word proposes. */
const blankParts: Readonly<Record<string, string>> = {
  '[Content_Types].xml': `${xmlStart}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="${mainTypes.DOCX}"/><Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/></Types>`,
  '_rels/.rels': `${xmlStart}<Relationships xmlns="${relationships}"><Relationship Id="rId1" Type="${officeRelationships}/officeDocument" Target="word/document.xml"/></Relationships>`,
  'word/_rels/document.xml.rels': `${xmlStart}<Relationships xmlns="${relationships}"><Relationship Id="rId1" Type="${officeRelationships}/styles" Target="styles.xml"/></Relationships>`,
  'word/document.xml': `${xmlStart}<w:document xmlns:w="${main}"><w:body><w:p/><w:sectPr><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1440" w:right="1440" w:bottom="1440" w:left="1440" w:header="708" w:footer="708" w:gutter="0"/></w:sectPr></w:body></w:document>`,
  'word/styles.xml': `${xmlStart}<w:styles xmlns:w="${main}"><w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:eastAsia="Calibri" w:cs="Calibri"/><w:sz w:val="22"/><w:szCs w:val="22"/></w:rPr></w:rPrDefault><w:pPrDefault><w:pPr><w:spacing w:after="160" w:line="259" w:lineRule="auto"/></w:pPr></w:pPrDefault></w:docDefaults><w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style></w:styles>`,
};

/** What a Word instance of a flow stands for. */
export class WordDocument {
  readonly #parts: Package;
  /** Name of the main part. */
  readonly #main: string;
  readonly #tree: XmlNode;
  readonly body: XmlNode;
  /** Where it is saved; undefined for a new document. */
  path: string | undefined;
  readonly isReadOnly: boolean;
  /** Closed instances stay in variables; using one is an error. */
  isClosed = false;

  private constructor(
    parts: Package,
    mainPart: string,
    tree: XmlNode,
    body: XmlNode,
    path: string | undefined,
    isReadOnly: boolean,
  ) {
    this.#parts = parts;
    this.#main = mainPart;
    this.#tree = tree;
    this.body = body;
    this.path = path;
    this.isReadOnly = isReadOnly;
  }

  static async blank(signal: AbortSignal): Promise<WordDocument> {
    return await WordDocument.#of(Package.of(blankParts), undefined, false, signal);
  }

  /** Reads a file. Throws an OfficeProblem, the system's error, or the signal's reason. */
  static async open(path: string, isReadOnly: boolean, signal: AbortSignal): Promise<WordDocument> {
    const { size, mode } = await stat(path);
    if (size > fileLimit) {
      throw new OfficeProblem(
        `"${path}" is larger than ${fileLimit.toLocaleString('en')} bytes.`,
        'Split the document in Word.',
      );
    }
    const bytes = await readFile(path, { signal });
    refuseOtherFormats(path, bytes);
    // Someone may have marked the file itself as read-only.
    const canChange = !isReadOnly && (mode & 0o222) !== 0;
    return await naming(path, () => WordDocument.#of(Package.read(bytes), path, !canChange, signal));
  }

  static async #of(
    parts: Package,
    path: string | undefined,
    isReadOnly: boolean,
    signal: AbortSignal,
  ): Promise<WordDocument> {
    const mainPart = (await parts.relationships('')).find(({ kind }) => kind === 'officeDocument')?.target;
    const type = mainPart === undefined ? undefined : await parts.contentType(mainPart);
    if (mainPart === undefined || !Object.values(mainTypes).includes(type ?? '')) {
      throw new OfficeProblem(
        `"${path}" is an Office file, but no Word document.`,
        'Choose a .docx or .docm file; save OpenDocument files (.odt) as .docx first.',
      );
    }
    const tree = await treeOf(await parts.text(mainPart), signal);
    const body = tree.documentElement === null ? undefined : childNamed(tree.documentElement, 'body');
    if (body === undefined) throw damaged('it has no text part.');
    const settings = (await parts.relationships(mainPart)).find(({ kind }) => kind === 'settings');
    const isProtected =
      settings !== undefined &&
      parts.has(settings.target) &&
      /<\w*:?writeProtection\b/.test(await parts.text(settings.target));
    return new WordDocument(parts, mainPart, tree, body, path, isReadOnly || isProtected);
  }

  /** The name people know it by. */
  get name(): string {
    return this.path === undefined ? 'the new document' : `"${basename(this.path)}"`;
  }

  /** Throws an OfficeProblem when there is no such bookmark. */
  bookmark(name: string): Bookmark {
    const found = findBookmark(this.body, name);
    if (found !== undefined) return found;
    throw new OfficeProblem(
      `There is no bookmark "${name}" in ${this.name}.`,
      'Check its name in Word: Insert, Bookmark.',
    );
  }

  edge(atStart: boolean): Place {
    return edgeOf(this.body, atStart);
  }

  /** Puts the image in the file `bytes` at each of the places. Throws an OfficeProblem for kinds of image it cannot hold. */
  async insertImage(
    bytes: Buffer,
    file: string,
    places: readonly Place[],
    signal: AbortSignal,
  ): Promise<void> {
    const kind = imageKind(bytes);
    if (kind === undefined) {
      throw new OfficeProblem(
        `"${file}" is not an image in the format PNG, JPEG, GIF or BMP, or it is damaged.`,
        'Save the image as PNG.',
      );
    }
    const folder = this.#main.includes('/') ? this.#main.slice(0, this.#main.lastIndexOf('/') + 1) : '';
    const part = this.#parts.freeName(`${folder}media/image`, `.${kind.extension}`);
    this.#parts.put(part, bytes);
    await this.#parts.setContentType(part, kind.contentType);
    const id = await this.#parts.relate(this.#main, 'image', part);
    let number = nextDrawingNumber(this.body);
    for (const { parent, before } of places) {
      parent.insert(await drawingRun(this.body, kind, id, number++, textWidth(this.body), signal), before);
    }
  }

  /** Writes the document to where it came from, or elsewhere in a format (a member of Word.WordFormat). Throws an OfficeProblem, the system's error or the signal's reason. */
  async save(path: string, format: string, signal: AbortSignal): Promise<void> {
    const chosen = format === 'FromExtension' ? formatsByExtension[extname(path).toLowerCase()] : format;
    if (chosen === 'Text' || chosen === 'UnicodeText') {
      const text = `${textOf(this.body)}\r\n`;
      const encoding = chosen === 'Text' ? 'DefaultEncoding' : 'Unicode';
      const bytes = encodeText(text, encoding, await textCodePage(signal), true);
      await replaceFile(path, async (file) => void (await file.writeFile(bytes)), signal);
      return;
    }
    const type = mainTypes[chosen ?? ''];
    if (chosen === undefined || type === undefined) {
      throw new OfficeProblem(
        `A document cannot be saved as ${chosen ?? `a file that ends in "${extname(path)}"`} without Word.`,
        'Save it as .docx, .docm, .dotx, .dotm or .txt, and convert that with another program.',
      );
    }
    const hasMacros = (await this.#parts.relationships(this.#main)).some(({ kind }) => kind === 'vbaProject');
    if (hasMacros && !macroFormats.has(chosen)) {
      throw new OfficeProblem(
        `${this.name} has macros, which a file of the format ${chosen} cannot hold.`,
        'Save it as .docm or .dotm.',
      );
    }
    await this.#parts.setContentType(this.#main, type);
    this.#parts.put(this.#main, printXml(this.#tree));
    await writeArchive(path, this.#parts.contents(), signal);
  }

  /** The format it was opened in. */
  async format(): Promise<string> {
    const type = await this.#parts.contentType(this.#main);
    return Object.entries(mainTypes).find(([, one]) => one === type)?.[0] ?? 'DOCX';
  }
}

async function treeOf(text: string, signal: AbortSignal): Promise<XmlNode> {
  try {
    const tree = await parseXml(text, signal);
    requireShallow(tree);
    return tree;
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw damaged(`line ${error.line} of its text is no valid XML, ${error.message}.`, { cause: error });
  }
}

function requireShallow(tree: XmlNode): void {
  let depth = 0;
  for (let node: XmlNode | null = tree; node !== null; ) {
    if (depth > maxDepth) throw damaged(`its parts are nested more than ${maxDepth} deep.`);
    if (node.firstChild !== null) {
      node = node.firstChild;
      depth++;
      continue;
    }
    while (node !== null && node.nextSibling === null) {
      node = node.parentNode;
      depth--;
    }
    node = node?.nextSibling ?? null;
  }
}

/** Files that only Word itself can read, told by their first bytes. */
function refuseOtherFormats(path: string, bytes: Buffer): void {
  if (bytes.toString('latin1', 0, 2) === 'PK') return;
  const isCompound = bytes.subarray(0, 8).equals(Buffer.from('d0cf11e0a1b11ae1', 'hex'));
  const isEncrypted = isCompound && bytes.includes(Buffer.from('EncryptedPackage', 'utf16le'));
  if (isEncrypted) {
    throw new OfficeProblem(
      `"${path}" is protected with a password, and cannot be read without Word.`,
      'Remove the password in Word first.',
    );
  }
  const kind = isCompound
    ? 'an older Word document (.doc)'
    : /^\{\\rtf/.test(bytes.toString('latin1', 0, 6))
      ? 'an RTF document'
      : 'not a Word document';
  throw new OfficeProblem(
    `"${path}" is ${kind}; only the formats since Word 2007 (.docx, .docm, .dotx, .dotm) can be read.`,
    'Save it as .docx in Word first.',
  );
}

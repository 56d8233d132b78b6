// Pictures in a Word document: their size as their file says it, and the drawing that shows one in a line of text.
import { parseXml } from '../xml/parse.ts';
import type { XmlNode } from '../xml/tree.ts';

export interface ImageKind {
  /** Ending of the part, and its content type. */
  readonly extension: string;
  readonly contentType: string;
  /** In English Metric Units, 914,400 to the inch. */
  readonly width: number;
  readonly height: number;
}

const unitsPerInch = 914_400;

/** What the first bytes of an image file say; undefined for kinds that are not supported. PNG, JPEG, GIF and BMP are. */
export function imageKind(bytes: Buffer): ImageKind | undefined {
  const found = pngSize(bytes) ?? jpegSize(bytes) ?? gifSize(bytes) ?? bmpSize(bytes);
  if (found === undefined || found.width <= 0 || found.height <= 0) return undefined;
  const { extension, width, height, dpi } = found;
  return {
    extension,
    contentType: `image/${extension}`,
    width: Math.round((width / dpi) * unitsPerInch),
    height: Math.round((height / dpi) * unitsPerInch),
  };
}

interface Size {
  readonly extension: string;
  readonly width: number;
  readonly height: number;
  readonly dpi: number;
}

/** The resolution of a screen, for images that do not say theirs. */
const defaultDpi = 96;
const sensibleDpi = (dpi: number): number => (dpi >= 10 && dpi <= 10_000 ? dpi : defaultDpi);

function pngSize(bytes: Buffer): Size | undefined {
  if (bytes.length < 33 || bytes.toString('latin1', 1, 4) !== 'PNG') return undefined;
  const physical = bytes.subarray(0, 4096).indexOf('pHYs');
  const perMeter = physical > 0 && bytes[physical + 12] === 1 ? bytes.readUInt32BE(physical + 4) : 0;
  return {
    extension: 'png',
    width: bytes.readUInt32BE(16),
    height: bytes.readUInt32BE(20),
    dpi: sensibleDpi(perMeter * 0.0254),
  };
}

function jpegSize(bytes: Buffer): Size | undefined {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return undefined;
  let dpi = defaultDpi;
  for (let at = 2; at + 9 < bytes.length; ) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1] as number;
    if (marker === 0xe0 && bytes.toString('latin1', at + 4, at + 8) === 'JFIF' && at + 14 < bytes.length) {
      const density = bytes.readUInt16BE(at + 12);
      dpi = sensibleDpi(bytes[at + 11] === 2 ? density * 2.54 : bytes[at + 11] === 1 ? density : 0);
    }
    // Start of frame: all of C0 to CF but the three that are something else.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return {
        extension: 'jpeg',
        width: bytes.readUInt16BE(at + 7),
        height: bytes.readUInt16BE(at + 5),
        dpi,
      };
    }
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return undefined;
}

function gifSize(bytes: Buffer): Size | undefined {
  if (bytes.length < 10 || bytes.toString('latin1', 0, 4) !== 'GIF8') return undefined;
  return { extension: 'gif', width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8), dpi: defaultDpi };
}

function bmpSize(bytes: Buffer): Size | undefined {
  if (bytes.length < 26 || bytes.toString('latin1', 0, 2) !== 'BM') return undefined;
  return {
    extension: 'bmp',
    width: bytes.readInt32LE(18),
    height: Math.abs(bytes.readInt32LE(22)),
    dpi: defaultDpi,
  };
}

/** Width between the margins of the (last) section of a body, in English Metric Units; that of A4 when it does not say. */
export function textWidth(body: XmlNode): number {
  const value = (element: string, attribute: string): number => {
    const found = [...body.descendants()].findLast((node) => node.localName === element);
    const text = found?.attributes.find((one) => one.localName === attribute)?.nodeValue;
    return Number(text ?? Number.NaN);
  };
  const twips = value('pgSz', 'w') - value('pgMar', 'left') - value('pgMar', 'right');
  return (twips > 0 ? twips : 9026) * 635;
}

/** A run that shows the image of relationship `id` in the line, made smaller when it is wider than `widest`. `like` gives prefix and namespace. */
export async function drawingRun(
  like: XmlNode,
  image: ImageKind,
  id: string,
  number: number,
  widest: number,
  signal: AbortSignal,
): Promise<XmlNode> {
  const factor = Math.min(1, widest / image.width);
  const [width, height] = [Math.round(image.width * factor), Math.round(image.height * factor)];
  const w = like.prefix ?? 'w';
  const text = `<${w}:r xmlns:${w}="${like.namespaceURI}" xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><${w}:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="${width}" cy="${height}"/><wp:docPr id="${number}" name="Picture ${number}"/><a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic><pic:nvPicPr><pic:cNvPr id="${number}" name="Picture ${number}"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:embed="${id}"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="${width}" cy="${height}"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></${w}:drawing></${w}:r>`;
  const document = await parseXml(text, signal);
  const run = document.documentElement as XmlNode;
  run.remove();
  return run;
}

/** The next number for a drawing: each is there once in a document. */
export function nextDrawingNumber(body: XmlNode): number {
  let most = 0;
  for (const node of body.descendants()) {
    if (node.localName !== 'docPr' && node.localName !== 'cNvPr') continue;
    most = Math.max(most, Number(node.attribute('id')?.nodeValue ?? 0) || 0);
  }
  return most + 1;
}

// Reads the screen of an X server on this machine: the part of the X11 protocol that is needed for one GetImage. Changes nothing there.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Bitmap } from '../../desktop/desktop.ts';
import { NoPicture } from './screen.ts';

const cookieName = 'MIT-MAGIC-COOKIE-1';
const zPixmap = 2;
const getImage = 73;
/** Kinds of addresses in an authority file: of this machine, and of any. */
const [localFamily, anyFamily] = [256, 65_535];

/** Throws `NoPicture`. */
export async function readX11Screen(environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Bitmap> {
  const { DISPLAY: name = '', WAYLAND_DISPLAY, XDG_SESSION_TYPE } = environment;
  // What X11 programs draw under Wayland is on no screen that could be read.
  if (XDG_SESSION_TYPE === 'wayland' || (name === '' && WAYLAND_DISPLAY))
    throw new NoPicture('the desktop is a Wayland one, which lets no program look at it');
  if (name === '') throw new NoPicture('the run has no desktop');
  const [, display, screen = '0'] = /^(?:unix)?:(\d+)(?:\.(\d+))?$/.exec(name) ?? [];
  if (display === undefined) throw new NoPicture(`the display ${name.slice(0, 100)} is on another machine`);
  try {
    const server = await Server.open(display, cookieFor(display, environment), signal);
    try {
      return await server.read(Number(screen));
    } finally {
      server.close();
    }
  } catch (error) {
    if (error instanceof NoPicture) throw error;
    const reason = signal.aborted ? 'it did not answer in time' : (error as Error).message;
    throw new NoPicture(`the display ${name} could not be read (${reason})`);
  }
}

/** The key to a display, from the file of its session; empty where there is none. */
function cookieFor(display: string, { XAUTHORITY, HOME }: NodeJS.ProcessEnv): Buffer {
  let file: Buffer;
  try {
    file = readFileSync(XAUTHORITY || join(HOME ?? homedir(), '.Xauthority'));
  } catch {
    return Buffer.alloc(0); // a server may let its own user in without
  }
  for (let at = 0; at + 2 <= file.length; ) {
    const family = file.readUInt16BE(at);
    at += 2;
    const [, number, name, data] = [0, 1, 2, 3].map(() => {
      const size = at + 2 <= file.length ? file.readUInt16BE(at) : 0;
      const field = file.subarray(at + 2, at + 2 + size);
      at += 2 + size;
      return field;
    }) as [Buffer, Buffer, Buffer, Buffer];
    const isHere = family === localFamily || family === anyFamily;
    const isIts = number.length === 0 || number.toString('latin1') === display;
    if (isHere && isIts && name.toString('latin1') === cookieName) return data;
  }
  return Buffer.alloc(0);
}

interface Format {
  readonly bitsPerPixel: number;
  readonly pad: number;
}

interface Root {
  readonly window: number;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  /** Where red, green and blue are in a pixel. */
  readonly masks: readonly [number, number, number];
}

class Server {
  readonly #socket: Socket;
  readonly #input: Reader;
  #isBigEndian = false;
  #formats: ReadonlyMap<number, Format> = new Map();
  #roots: readonly Root[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#input = new Reader(socket);
  }

  /** Throws what the socket throws, and `NoPicture` when the server refuses. */
  static async open(display: string, cookie: Buffer, signal: AbortSignal): Promise<Server> {
    const socket = connect(`/tmp/.X11-unix/X${display}`);
    signal.addEventListener('abort', () => socket.destroy(new Error('too late')), { once: true });
    await once(socket, 'connect');
    const server = new Server(socket);
    try {
      await server.#greet(cookie);
    } catch (error) {
      server.close();
      throw error;
    }
    return server;
  }

  close(): void {
    this.#socket.destroy();
  }

  async #greet(cookie: Buffer): Promise<void> {
    const name = Buffer.from(cookie.length > 0 ? cookieName : '', 'latin1');
    const hello = Buffer.alloc(12);
    hello.write('l', 'latin1'); // we speak little-endian
    hello.writeUInt16LE(11, 2);
    hello.writeUInt16LE(name.length, 6);
    hello.writeUInt16LE(cookie.length, 8);
    this.#socket.write(Buffer.concat([hello, padded(name), padded(cookie)]));
    const head = await this.#input.take(8);
    const body = await this.#input.take(head.readUInt16LE(6) * 4);
    if (head[0] !== 1) {
      const reason = body.toString('latin1', 0, head[0] === 0 ? head[1] : undefined).trim();
      throw new NoPicture(`the X server refused the run (${reason})`);
    }
    const vendor = body.readUInt16LE(16);
    const [screens, formats] = [body[20] as number, body[21] as number];
    this.#isBigEndian = body[22] === 1;
    let at = 32 + up4(vendor);
    this.#formats = new Map(
      Array.from({ length: formats }, (_, index) => {
        const from = at + index * 8;
        return [
          body[from] as number,
          { bitsPerPixel: body[from + 1] as number, pad: body[from + 2] as number },
        ];
      }),
    );
    at += formats * 8;
    this.#roots = Array.from({ length: screens }, () => {
      const visual = body.readUInt32LE(at + 32);
      const root = {
        window: body.readUInt32LE(at),
        width: body.readUInt16LE(at + 20),
        height: body.readUInt16LE(at + 22),
        depth: body[at + 38] as number,
      };
      let masks: Root['masks'] = [0, 0, 0];
      const depths = body[at + 39] as number;
      at += 40;
      for (let depth = 0; depth < depths; depth++) {
        const visuals = body.readUInt16LE(at + 2);
        at += 8;
        for (let each = 0; each < visuals; each++, at += 24) {
          if (body.readUInt32LE(at) === visual)
            masks = [body.readUInt32LE(at + 8), body.readUInt32LE(at + 12), body.readUInt32LE(at + 16)];
        }
      }
      return { ...root, masks };
    });
  }

  async read(screen: number): Promise<Bitmap> {
    const root = this.#roots[screen];
    if (root === undefined) throw new NoPicture(`the X server has no screen ${screen}`);
    const { window, width, height, depth, masks } = root;
    const format = this.#formats.get(depth);
    if (format === undefined || ![16, 24, 32].includes(format.bitsPerPixel) || masks.includes(0))
      throw new NoPicture(`the screen has ${depth} bits per pixel, and no colours of their own in them`);
    const request = Buffer.alloc(20);
    request.set([getImage, zPixmap, 5, 0]);
    request.writeUInt32LE(window, 4);
    request.writeUInt16LE(width, 12);
    request.writeUInt16LE(height, 14);
    request.writeUInt32LE(0xffff_ffff, 16);
    this.#socket.write(request);
    for (;;) {
      const head = await this.#input.take(32);
      // Something that happened meanwhile, which nobody asked for.
      if ((head[0] as number) > 1) continue;
      if (head[0] === 0) throw new NoPicture(`the X server gave none (error ${head[1]})`);
      const pixels = await this.#input.take(head.readUInt32LE(4) * 4);
      return { width, height, pixels: this.#colours(pixels, width, height, format, masks) };
    }
  }

  #colours(
    pixels: Buffer,
    width: number,
    height: number,
    { bitsPerPixel, pad }: Format,
    masks: Root['masks'],
  ): Uint8Array {
    const bytes = bitsPerPixel / 8;
    const row = Math.ceil((width * bitsPerPixel) / pad) * (pad / 8);
    const [red, green, blue] = masks.map(channel) as [Channel, Channel, Channel];
    const rgba = new Uint8Array(width * height * 4).fill(255);
    for (let y = 0, to = 0; y < height; y++) {
      for (let x = 0, from = y * row; x < width; x++, from += bytes) {
        let pixel = 0;
        for (let byte = 0; byte < bytes; byte++)
          pixel |= (pixels[from + byte] as number) << (8 * (this.#isBigEndian ? bytes - 1 - byte : byte));
        rgba[to++] = red.levels[(pixel >>> red.shift) & red.most] as number;
        rgba[to++] = green.levels[(pixel >>> green.shift) & green.most] as number;
        rgba[to++] = blue.levels[(pixel >>> blue.shift) & blue.most] as number;
        to++;
      }
    }
    return rgba;
  }
}

interface Channel {
  readonly shift: number;
  readonly most: number;
  /** What each value of it is out of 255. */
  readonly levels: Uint8Array;
}

function channel(mask: number): Channel {
  const shift = Math.log2(mask & -mask);
  const most = mask >>> shift;
  return {
    shift,
    most,
    levels: Uint8Array.from({ length: most + 1 }, (_, value) => Math.round((value * 255) / most)),
  };
}

/** What a socket sends, in pieces of the size that is asked for. */
class Reader {
  #parts: Buffer[] = [];
  #size = 0;
  #changed: (() => void) | undefined;
  #failure: Error | undefined;

  constructor(socket: Socket) {
    const ended = (error: Error) => {
      this.#failure ??= error;
      this.#changed?.();
    };
    socket.on('data', (part: Buffer) => {
      this.#parts.push(part);
      this.#size += part.length;
      this.#changed?.();
    });
    socket.on('error', ended);
    socket.on('close', () => ended(new Error('the connection ended')));
  }

  async take(size: number): Promise<Buffer> {
    while (this.#size < size) {
      if (this.#failure) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
    const all = Buffer.concat(this.#parts, this.#size);
    this.#parts = [all.subarray(size)];
    this.#size -= size;
    return all.subarray(0, size);
  }
}

const up4 = (size: number): number => (size + 3) & ~3;
const padded = (bytes: Buffer): Buffer =>
  Buffer.concat([bytes, Buffer.alloc(up4(bytes.length) - bytes.length)]);

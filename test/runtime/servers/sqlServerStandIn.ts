// Speaks just enough of SQL Server's protocol (MS-TDS) to be signed in to, and refuses everybody. No database.

import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';

export interface SqlServerStandIn {
  readonly port: number;
  /** Who tried to sign in. */
  readonly signIns: { readonly user: string; readonly database: string; readonly program: string }[];
  close(): void;
}

export async function startSqlServerStandIn(): Promise<SqlServerStandIn> {
  const signIns: SqlServerStandIn['signIns'] = [];
  const server = createServer((socket) => serve(socket, (packet) => signIns.push(readLogin(packet))));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, signIns, close: () => server.close() };
}

const preLogin = 0x12;
const login7 = 0x10;

function serve(socket: Socket, onLogin: (packet: Buffer) => void): void {
  let pending = Buffer.alloc(0);
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 8 && pending.length >= pending.readUInt16BE(2)) {
      const packet = pending.subarray(8, pending.readUInt16BE(2));
      const type = pending[0];
      pending = pending.subarray(pending.readUInt16BE(2));
      if (type === preLogin) socket.write(reply(preLoginAnswer()));
      if (type === login7) {
        onLogin(packet);
        socket.end(reply(Buffer.concat([loginFailed(), done()])));
      }
    }
  });
}

function reply(content: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head[0] = 0x04;
  head[1] = 0x01;
  head.writeUInt16BE(content.length + 8, 2);
  return Buffer.concat([head, content]);
}

/** Version 16, no encryption. */
function preLoginAnswer(): Buffer {
  // biome-ignore format: option, offset, length
  return Buffer.from([0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 16, 0, 0, 0, 0, 0, 2]);
}

function loginFailed(): Buffer {
  const message = "Login failed for user 'sa'.";
  const content = Buffer.alloc(4 + 1 + 1 + 2 + message.length * 2 + 1 + 1 + 4);
  let at = content.writeInt32LE(18_456, 0);
  at = content.writeUInt8(1, at);
  at = content.writeUInt8(14, at);
  at = content.writeUInt16LE(message.length, at);
  at += content.write(message, at, 'utf16le');
  at = content.writeUInt8(0, at);
  at = content.writeUInt8(0, at);
  content.writeInt32LE(1, at);
  const head = Buffer.alloc(3);
  head[0] = 0xaa;
  head.writeUInt16LE(content.length, 1);
  return Buffer.concat([head, content]);
}

function done(): Buffer {
  const token = Buffer.alloc(13);
  token[0] = 0xfd;
  token.writeUInt16LE(0x0002, 1);
  return token;
}

function readLogin(packet: Buffer): SqlServerStandIn['signIns'][number] {
  // Offsets and lengths (in characters) stand in fixed places of the packet.
  const text = (place: number) => {
    const offset = packet.readUInt16LE(place);
    return packet.toString('utf16le', offset, offset + packet.readUInt16LE(place + 2) * 2);
  };
  return { user: text(40), program: text(48), database: text(68) };
}

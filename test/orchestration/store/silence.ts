// A way to a server that can fall silent, as a network does that is cut without a word: nothing arrives any more, and nothing says so.
import { connect, createServer, type Socket } from 'node:net';

export interface Line {
  readonly port: number;
  /** Whoever is connected now hears nothing any more; with `all`, nobody who connects later either. */
  silence(all?: boolean): void;
  restore(): void;
  close(): Promise<void>;
}

export async function lineTo(port: number): Promise<Line> {
  let passes = true;
  const open = new Set<Socket>();
  const silenced = new Set<Socket>();
  const server = createServer((near) => {
    open.add(near);
    near.on('error', () => {});
    if (!passes) {
      silenced.add(near);
      return;
    }
    const far = connect(port, '127.0.0.1');
    open.add(far);
    far.on('error', () => near.destroy());
    const pass = (from: Socket, to: Socket) => {
      from.on('data', (data) => {
        if (!silenced.has(near)) to.write(data);
      });
      // The other end does not hear of an end, either.
      from.on('close', () => {
        if (!silenced.has(near)) to.destroy();
      });
    };
    pass(near, far);
    pass(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as { port: number }).port,
    silence(all = false) {
      for (const socket of open) silenced.add(socket);
      passes = !all;
    },
    restore() {
      passes = true;
    },
    close() {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

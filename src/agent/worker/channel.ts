// The private channel of a worker whose agent is in another session: a named pipe, joined with what the agent has written to standard
// input. After that it is used like any other (`process.send`, `message`, `disconnect`). The agent's end: sessions/windows/child.ts.
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { linesOf } from './lines.ts';

/** Set by the agent for the process it starts, and for no other. */
export const channelVariable = 'DESKTOP_FLOWS_CHANNEL';

/** Whether this process was started by an agent in another session. */
export const isInvited = (): boolean => process.send === undefined && process.env[channelVariable] === '1';

/** Joins the channel of the agent. Rejects when it cannot: the agent is gone, or gave nothing to join. */
export async function joinChannel(): Promise<void> {
  delete process.env[channelVariable]; // what the flow starts is not invited
  const { pipe, token } = JSON.parse(readFileSync(0, 'utf8')) as { pipe: string; token: string };
  const socket = await connected(pipe);
  socket.write(`${token}\n`);
  process.connected = true;
  process.send = (message, ...others: unknown[]) => {
    const told = others.find((one) => typeof one === 'function') as
      | ((error: Error | null) => void)
      | undefined;
    return socket.write(`${JSON.stringify(message)}\n`, (error) => told?.(error ?? null));
  };
  process.disconnect = () => socket.end();
  const receive = linesOf((line) => process.emit('message', JSON.parse(line), undefined));
  socket.on('data', receive);
  socket.on('error', () => {}); // shows as its end
  socket.once('close', () => {
    process.connected = false;
    process.emit('disconnect');
  });
}

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('error', reject).once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

// The process that shows notifications in the session of a person: started by the agent, and gone with it. It shows what the agent tells it
// and passes on what the person chooses; it decides nothing. Its icon lives in a thread of its own, which its menu may hold up.
import { spawn } from 'node:child_process';
import { isMainThread, type MessagePort, parentPort, Worker } from 'node:worker_threads';
import { type FromNotifier, type ToNotifier, toNotifier } from '../../protocol/notifications.ts';
import { wakeIcon } from '../../win32/notifyIcon.ts';
import { isInvited, joinChannel } from '../worker/channel.ts';
import { type FromIcon, showIcon } from './icon.ts';

/** An icon that does not go away in time goes with the process. */
const endMs = 2_000;

if (isMainThread) beProcess();
else void showIcon(parentPort as MessagePort);

function beProcess(): void {
  const thread = new Worker(import.meta.filename ?? __filename, { name: 'icon' });
  const waiting: ToNotifier[] = [];
  let window: number | undefined;
  let logFolder: string | undefined;

  const show = (message: ToNotifier) => {
    if (window === undefined) return void waiting.push(message);
    thread.postMessage(message);
    wakeIcon(window, message.kind === 'end');
  };
  const say = (message: FromNotifier) => {
    if (process.connected) process.send?.(message);
  };
  const end = () => {
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), endMs).unref();
    show({ kind: 'end' });
  };

  thread.on('message', (message: FromIcon) => {
    switch (message.kind) {
      case 'made':
        window = message.window;
        for (const one of waiting.splice(0)) show(one);
        say({ kind: 'ready' });
        break;
      case 'shown':
        say(message);
        break;
      case 'chosen':
        if (message.command === 'leave') say({ kind: 'leave' });
        else if (message.command !== 'openLog') say({ kind: 'wish', ...message.command });
        else if (logFolder !== undefined)
          spawn('explorer.exe', [logFolder], { detached: true, stdio: 'ignore' })
            .on('error', () => {}) // a session without the usual shell
            .unref();
    }
  });
  thread.once('error', (error) => {
    process.stderr.write(`No notifications can be shown: ${error.message}\n`);
  });
  thread.once('exit', (code) => process.exit(code));
  process.on('message', (message) => {
    const told = toNotifier.parse(message);
    if (told.kind === 'runs') ({ logFolder } = told);
    if (told.kind === 'end') end();
    else show(told);
  });
  process.on('disconnect', end);
  if (isInvited()) joinChannel().catch(() => process.exit(1));
  else if (!process.send) {
    process.stderr.write('This program is started by the agent of Desktop Flows.\n', () => process.exit(2));
  }
}

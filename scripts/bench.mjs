// `npm run bench`: what people wait for, against named peers, on this machine: language server, interpreter, debugger, Excel, queue.
// `npm run bench -- NAME … [--FLAG …]` runs some files of bench/ only, with the flags. Prints; asserts nothing. Servers that the queue's
// peers need are installed on Debian and Ubuntu; where they cannot be had, a line says so.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { benchServers, provision } from './provision-servers.mjs';
import { root, runTool, setUp } from './setup.mjs';

setUp();
const flags = process.argv.slice(2).filter((word) => word.startsWith('--'));
const named = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const names = named.length > 0 ? named : ['language', 'interpreter', 'debugger', 'excel', 'queue'];
for (const name of names) {
  console.log(`\n── ${name} ${'─'.repeat(70 - name.length)}`);
  const file = join('bench', `${name}.ts`);
  if (!existsSync(join(root, file))) {
    const known = readdirSync(join(root, 'bench'))
      .filter((entry) => entry.endsWith('.ts'))
      .map((entry) => entry.slice(0, -3));
    console.error(`There is no bench “${name}”. Known are ${known.join(', ')}.`);
    process.exit(1);
  }
  // What cannot be had here the bench itself says.
  if (name === 'queue') provision({ wanted: benchServers });
  const code = runTool([file, ...flags]);
  if (code !== 0) process.exit(code);
}

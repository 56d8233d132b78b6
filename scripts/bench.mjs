// `npm run bench`: what people wait for, against named peers, on this machine: language server, interpreter, debugger, Excel, queue.
// `npm run bench -- NAME …` runs some files of bench/ only. Prints; asserts nothing.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root, runTool, setUp } from './setup.mjs';

setUp();
const names =
  process.argv.length > 2 ? process.argv.slice(2) : ['language', 'interpreter', 'debugger', 'excel', 'queue'];
for (const name of names) {
  console.log(`\n── ${name} ${'─'.repeat(70 - name.length)}`);
  const file = join('bench', `${name}.ts`);
  if (!existsSync(join(root, file))) {
    const known = readdirSync(join(root, 'bench')).map((entry) => entry.replace(/\.ts$/, ''));
    console.error(`There is no bench “${name}”. Known are ${known.join(', ')}.`);
    process.exit(1);
  }
  const code = runTool([file]);
  if (code !== 0) process.exit(code);
}

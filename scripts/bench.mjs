// `npm run bench`: the figures of the language server against named peers, on this machine. `npm run bench -- NAME …` runs other
// files of bench/ (interpreter, parse, queue, whole). Prints; asserts nothing.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root, runTool, setUp } from './setup.mjs';

setUp();
const names = process.argv.length > 2 ? process.argv.slice(2) : ['language'];
for (const name of names) {
  const file = join('bench', `${name}.ts`);
  if (!existsSync(join(root, file))) {
    const known = readdirSync(join(root, 'bench')).map((entry) => entry.replace(/\.ts$/, ''));
    console.error(`There is no bench “${name}”. Known are ${known.join(', ')}.`);
    process.exit(1);
  }
  const code = runTool([file]);
  if (code !== 0) process.exit(code);
}

// Makes the universal vsix: production bundles, then vsce with an allow-list (.vscodeignore). Prints its path and size.
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { root, runTool, setUp } from './setup.mjs';

setUp();
await build('production');
mkdirSync(join(root, 'out'), { recursive: true });
const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const file = join('out', `${name}-${version}.vsix`);
// No repository is named yet: the links of the README stay relative and work inside the vsix.
const code = runTool([
  'node_modules/@vscode/vsce/vsce',
  'package',
  '--no-dependencies',
  '--no-rewrite-relative-links',
  '--allow-missing-repository',
  '--out',
  file,
]);
if (code !== 0) process.exit(code);
console.log(`${file}: ${(statSync(join(root, file)).size / 1024).toFixed(0)} KB`);

// Bundles the five entries into dist/, one CommonJS file each. Skips the work when no input changed since the last build.
// `--production`: minified, without source maps (for the vsix). `--watch`: rebuilds on every save.
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, setUp } from './setup.mjs';

const entries = {
  extension: 'src/extension/main.ts',
  server: 'src/server/main.ts',
  agent: 'src/agent/main.ts',
  worker: 'src/agent/worker/main.ts',
  cli: 'src/cli/dflow.ts',
};
const stampFile = join(root, 'dist', 'build.json');

/** Builds when needed. `mode` is `development` or `production`. Throws with esbuild's messages when the code does not build. */
export async function build(mode = 'development') {
  if (isCurrent(mode)) return;
  const { build: bundle } = await import('esbuild');
  const result = await bundle({ ...options(mode), metafile: true });
  const inputs = {};
  for (const path of [...Object.keys(result.metafile.inputs), 'scripts/build.mjs', 'package.json']) {
    inputs[path] = fingerprint(path);
  }
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stampFile, JSON.stringify({ mode, inputs }));
}

function options(mode) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return {
    absWorkingDir: root,
    entryPoints: entries,
    outdir: 'dist',
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['vscode', 'bufferutil', 'utf-8-validate'],
    // CommonJS builds of these packages load each other through `require` that a bundler cannot follow.
    mainFields: ['module', 'main'],
    define: { PRODUCT_VERSION: JSON.stringify(version) },
    minify: mode === 'production',
    keepNames: mode === 'production',
    sourcemap: mode === 'production' ? false : 'linked',
    legalComments: 'none',
    logLevel: 'warning',
    // Sources locate their siblings by import.meta when they run unbundled, by __dirname here.
    logOverride: { 'empty-import-meta': 'silent' },
  };
}

function isCurrent(mode) {
  if (!existsSync(stampFile)) return false;
  const stamp = JSON.parse(readFileSync(stampFile, 'utf8'));
  return (
    stamp.mode === mode &&
    Object.keys(entries).every((name) => existsSync(join(root, 'dist', `${name}.cjs`))) &&
    Object.entries(stamp.inputs).every(([path, mark]) => fingerprint(path) === mark)
  );
}

function fingerprint(path) {
  const info = statSync(join(root, path), { throwIfNoEntry: false });
  return info ? `${info.size}:${info.mtimeMs}` : 'gone';
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  setUp();
  if (process.argv.includes('--watch')) {
    const { context } = await import('esbuild');
    await (await context({ ...options('development'), logLevel: 'info' })).watch();
  } else {
    await build(process.argv.includes('--production') ? 'production' : 'development');
  }
}

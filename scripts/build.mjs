// Bundles the entries into dist/, one CommonJS file each, and beside them in dist/lib/ the packages that are loaded only when a flow
// needs them. Skips the work when no input changed since the last build.
// `--production`: minified, without source maps (for the vsix). `--watch`: rebuilds on every save.
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, setUp } from './setup.mjs';

const entries = {
  extension: 'src/extension/main.ts',
  page: 'src/extension/runDetails/page/main.ts',
  server: 'src/server/main.ts',
  agent: 'src/agent/main.ts',
  worker: 'src/agent/worker/main.ts',
  orchestrator: 'src/agent/orchestrator/main.ts',
  tester: 'src/testing/main.ts',
  cli: 'src/cli/dflow.ts',
  recognition: 'src/runtime/actions/ocr/thread.ts',
};
/** Packages that sources load with `await import(…)`; a file of its own each, so that a worker that does not need them starts fast. */
const lazyPackages = [
  '@formulajs/formulajs',
  'nodemailer',
  'imapflow',
  'postal-mime',
  'basic-ftp',
  'ssh2',
  'pg',
  'mysql2',
  'tedious',
  '@zip.js/zip.js',
  'xpath',
  'unpdf',
  '@cantoo/pdf-lib',
];
/** Those that read files of their own at run time and cannot be bundled: copied, without what `leaveOut` matches. */
const copiedPackages = { 'playwright-core': /^lib\/vite\b|^types\b|\.d\.ts$|^bin\b/ };
const libraryFile = (name) => name.replace(/^@/, '').replaceAll('/', '-');

const lazily = {
  name: 'lazy packages',
  setup(build) {
    build.onResolve({ filter: /^[^.]/ }, ({ path, kind }) => {
      if (kind !== 'dynamic-import') return undefined;
      if (lazyPackages.includes(path)) return { path: `./lib/${libraryFile(path)}.cjs`, external: true };
      if (path in copiedPackages) return { path: `./lib/${path}/index.js`, external: true };
      return undefined;
    });
  },
};

/** Connections to SQL Server sign in with user and password; the large packages for Azure's own ways stay out. */
const withoutAzure = {
  name: 'without sign-in by Azure',
  setup(build) {
    build.onResolve({ filter: /^@azure\// }, ({ path }) => ({ path, namespace: 'nothing' }));
    build.onLoad({ filter: /.*/, namespace: 'nothing' }, () => ({ contents: '' }));
  },
};

/** Text recognition: the engine, in the one variant that is needed (any processor that runs Node has SIMD), and the data for English. */
const copiedFiles = [
  'tesseract.js-core/tesseract-core-simd-lstm.wasm',
  '@tesseract.js-data/eng/4.0.0_best_int/eng.traineddata.gz',
];

const stampFile = join(root, 'dist', 'build.json');

/** Builds when needed. `mode` is `development` or `production`. Throws with esbuild's messages when the code does not build. */
export async function build(mode = 'development') {
  if (isCurrent(mode)) return;
  const { build: bundle } = await import('esbuild');
  const results = [await bundle({ ...options(mode), metafile: true })];
  for (const name of lazyPackages)
    results.push(await bundle({ ...libraryOptions(name, mode), metafile: true }));
  for (const path of copiedFiles) {
    cpSync(join(root, 'node_modules', path), join(root, 'dist', 'lib', basename(path)));
  }
  for (const [name, leaveOut] of Object.entries(copiedPackages)) {
    const from = join(root, 'node_modules', name);
    cpSync(from, join(root, 'dist', 'lib', name), {
      recursive: true,
      filter: (path) => !leaveOut.test(relative(from, path).replaceAll('\\', '/')),
    });
  }
  const inputs = {};
  for (const path of [
    ...results.flatMap(({ metafile }) => Object.keys(metafile.inputs)),
    'scripts/build.mjs',
    'package.json',
  ]) {
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
    plugins: [lazily],
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

/** A package as it is, without source map: nobody steps through it. */
function libraryOptions(name, mode) {
  return {
    ...options(mode),
    entryPoints: { [libraryFile(name)]: name },
    outdir: 'dist/lib',
    plugins: [withoutAzure],
    mainFields: ['main', 'module'],
    minify: true,
    sourcemap: false,
    // Native parts that these packages can do without.
    external: ['bufferutil', 'utf-8-validate', 'cpu-features', 'pg-native', '@napi-rs/canvas', '*.node'],
    logLevel: 'error',
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

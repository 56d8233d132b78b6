// Makes what people install on Windows, on Linux: a plain archive (node.exe, bundles, koffi), an installer of the same files with the
// agent as a service, and a single-file program. Writes them to out/windows/ and prints their names and sizes.
//   node scripts/windows/package.mjs [archive] [installer] [single]     all of them without
// The installer is made by NSIS: it runs the program's own `dflow agent install`, so there is one way to set the service up; an MSI made on
// Linux cannot tell Windows how a service recovers. Nothing here is signed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from '../build.mjs';
import { CannotProvision, installDebian } from '../provision-vscode.mjs';
import { fetchNpm, provision } from '../provision-windows.mjs';
import { root, toolchainNode } from '../setup.mjs';

const target = join(root, 'out', 'windows');
/** Bundles that run on a machine; those of the editor are in its own package. */
const bundles = [
  'agent',
  'worker',
  'notifier',
  'orchestrator',
  'tester',
  'cli',
  'recognition',
  'desktop',
  'question',
  'capture',
  'captureThread',
];
/** Puts data into a program; the tool that Node's documentation names. */
const postject = '1.0.0-alpha.6';
/** Where Node looks whether it carries a program (documented). */
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** Makes the wanted ones; gives their paths by kind. Throws CannotProvision when a tool cannot be had. */
export async function makePackages(kinds = ['archive', 'installer', 'single'], say = console.log) {
  const found = await provision({ say });
  await build('production');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  mkdirSync(target, { recursive: true });
  const stage = join(target, 'program');
  rmSync(stage, { recursive: true, force: true });
  layOut(stage, found);
  const made = {};
  const name = (ending) => join(target, `desktop-flows-${version}-${ending}`);
  if (kinds.includes('archive')) made.archive = await archive(stage, name('windows-x64.zip'));
  if (kinds.includes('installer')) made.installer = installer(stage, name('setup-x64.exe'), version, say);
  if (kinds.includes('single')) made.single = await single(stage, name('x64.exe'), version, found);
  for (const path of Object.values(made))
    say(`${relative(root, path)}: ${(statSync(path).size / 1_048_576).toFixed(1)} MB`);
  return made;
}

/** The files as they lie on a machine. */
function layOut(stage, { node, koffi, versions }) {
  mkdirSync(join(stage, 'bin'), { recursive: true });
  for (const name of bundles)
    cpSync(join(root, 'dist', `${name}.cjs`), join(stage, 'dist', `${name}.cjs`), { recursive: true });
  cpSync(join(root, 'dist', 'lib'), join(stage, 'dist', 'lib'), { recursive: true });
  const native = join(stage, 'dist', 'lib', '@koromix', 'koffi-win32-x64');
  mkdirSync(native, { recursive: true });
  cpSync(join(koffi, 'koffi', 'win32_x64', 'koffi.node'), join(native, 'koffi.node'));
  writeFileSync(
    join(native, 'package.json'),
    JSON.stringify({ name: '@koromix/koffi-win32-x64', version: versions.koffi, main: 'koffi.node' }),
  );
  cpSync(join(root, 'bin', 'dflow.cjs'), join(stage, 'bin', 'dflow.cjs'));
  cpSync(node, join(stage, 'node.exe'));
  for (const name of ['LICENSE', 'NOTICE']) cpSync(join(root, name), join(stage, name));
  writeFileSync(join(stage, 'dflow.cmd'), '@"%~dp0node.exe" "%~dp0bin\\dflow.cjs" %*\r\n');
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}
const inside = (folder, path) => relative(folder, path).split(sep).join('/');

async function archive(stage, path) {
  const { zipSync } = await import('fflate');
  const files = filesBelow(stage).map((file) => [
    `desktop-flows/${inside(stage, file)}`,
    new Uint8Array(readFileSync(file)),
  ]);
  writeFileSync(path, zipSync(Object.fromEntries(files), { level: 6 }));
  return path;
}

function installer(stage, path, version, say) {
  const isThere = () => spawnSync('makensis', ['-VERSION'], { stdio: 'ignore' }).status === 0;
  if (!isThere()) {
    say('NSIS: installing nsis with apt-get …');
    installDebian(['nsis'], 'NSIS');
  }
  const defines = { STAGE: stage, OUTPUT: path, VERSION: version };
  const { status, stdout, stderr } = spawnSync(
    'makensis',
    [
      '-V2',
      // 32-bit programs do not run on every 64-bit Windows: the installer is of the same kind as what it installs.
      '-XTarget amd64-unicode',
      ...Object.entries(defines).map(([name, value]) => `-D${name}=${value}`),
      join(root, 'scripts/windows/installer.nsi'),
    ],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`the installer cannot be made:\n${stdout}${stderr}`);
  return path;
}

/** node.exe that carries all files but itself, and launcher.cjs, which unpacks them. */
async function single(stage, path, version, { nodeFolder }) {
  const work = mkdtempSync(join(tmpdir(), 'desktop-flows-single-'));
  try {
    const files = filesBelow(stage).filter((file) => !/node\.exe$|\.cmd$/.test(file));
    const contents = files.map((file) => readFileSync(file));
    const list = Buffer.from(
      JSON.stringify(files.map((file, index) => [inside(stage, file), contents[index].length])),
    );
    const length = Buffer.alloc(4);
    length.writeUInt32LE(list.length);
    const bytes = Buffer.concat([length, list, ...contents]);
    const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
    writeFileSync(join(work, 'files'), gzipSync(bytes));
    writeFileSync(join(work, 'name'), `${version}-${digest}`);
    writeFileSync(
      join(work, 'sea.json'),
      JSON.stringify({
        main: join(root, 'scripts/windows/launcher.cjs'),
        output: join(work, 'blob'),
        disableExperimentalSEAWarning: true,
        assets: { files: join(work, 'files'), name: join(work, 'name') },
      }),
    );
    // The blob is for the version that reads it: the toolchain's Node is the same as node.exe.
    const { status, stderr } = spawnSync(
      toolchainNode,
      ['--experimental-sea-config', join(work, 'sea.json')],
      {
        encoding: 'utf8',
      },
    );
    if (status !== 0) throw new Error(`the single-file program cannot be made:\n${stderr}`);
    writeFileSync(path, withoutSignature(readFileSync(join(nodeFolder, 'node.exe'))));
    const folder = await fetchNpm('postject', postject);
    const { inject } = createRequire(join(folder, 'package.json'))('./dist/api.js');
    await inject(path, 'NODE_SEA_BLOB', readFileSync(join(work, 'blob')), { sentinelFuse: fuse });
    return path;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** A program without the signature that would no longer be right: its entry in the table of directories (PE format) and its bytes. */
function withoutSignature(program) {
  const header = program.readUInt32LE(0x3c);
  const optional = header + 24;
  const certificates = optional + 112 + 4 * 8;
  const start = program.readUInt32LE(certificates);
  program.fill(0, certificates, certificates + 8);
  return start === 0 ? program : program.subarray(0, start);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    await makePackages(process.argv.length > 2 ? process.argv.slice(2) : undefined);
  } catch (error) {
    if (!(error instanceof CannotProvision)) throw error;
    console.log(`skipped: ${error.message}`);
    process.exitCode = 3;
  }
}

// The main script of the single-file program for Windows: unpacks what it carries into a folder of this version, once, and runs the
// script it was given from there as Node would, or else the command line `dflow`.
const { createHash } = require('node:crypto');
const { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { dirname, isAbsolute, join } = require('node:path');
const { getAsset } = require('node:sea');
const { gunzipSync } = require('node:zlib');

const program = unpacked();
// Node itself and this program are at 0 and 1.
const [first] = process.argv.slice(2);
const isScript = first !== undefined && isAbsolute(first) && first.endsWith('.cjs') && existsSync(first);
const script = isScript ? first : join(program, 'bin', 'dflow.cjs');
process.argv.splice(1, isScript ? 2 : 1, script);
createRequire(script)(script);

/** The folder with the program's files; it is complete or absent, whoever else starts at the same moment. */
function unpacked() {
  // A folder of the account: nobody else can change what it runs.
  const base =
    process.env.LOCALAPPDATA ||
    join(process.env.USERPROFILE || dirname(process.execPath), 'AppData', 'Local');
  const name = getAsset('name', 'utf8');
  const folder = join(base, 'Desktop Flows', 'program', name);
  if (existsSync(folder)) return folder;
  const partial = `${folder}.partial-${process.pid}`;
  try {
    const bytes = gunzipSync(Buffer.from(getAsset('files')));
    const digest = createHash('sha256').update(bytes).digest('hex');
    if (!name.endsWith(digest.slice(0, 12))) throw new Error('what it carries is damaged');
    const listLength = bytes.readUInt32LE(0);
    let at = 4 + listLength;
    for (const [path, length] of JSON.parse(bytes.toString('utf8', 4, at))) {
      const file = join(partial, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, bytes.subarray(at, at + length));
      at += length;
    }
    renameSync(partial, folder);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(folder)) {
      process.stderr.write(
        `ProgramNotUnpacked: Desktop Flows cannot unpack itself into ${folder} (${error.message}).\n  Next: Free some space on the disk, or use the archive or the installer instead.\n`,
      );
      process.exit(3);
    }
  }
  return folder;
}

// Runs a TypeScript program of this repository on the Node that comes with it: `node scripts/run.mjs scripts/support/share.ts …`.
import { runTool, setUp } from './setup.mjs';

setUp();
process.exitCode = runTool(process.argv.slice(2));

// The command line from its sources, as a process.
import { dflow } from '../../../src/cli/dflow.ts';

process.exitCode = await dflow(process.argv.slice(2));

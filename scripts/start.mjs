// `npm start`: builds, then runs a flow through the agent and shows it action by action.
// Without arguments it runs the invoice sample; with arguments it is `dflow run` with those arguments.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from './build.mjs';
import { root, setUp, toolchainNode } from './setup.mjs';

const args = process.argv.slice(2);
process.title = 'desktop-flows start'; // a value typed after --input must not stay readable in the process list
setUp();
try {
  await build();
} catch {
  process.exit(1); // esbuild has said why
}
process.env.DESKTOP_FLOWS_NODE ??= toolchainNode;
process.env.DESKTOP_FLOWS_HOME ??= join(root, '.desktop-flows');

const { dflow } = createRequire(import.meta.url)('../dist/cli.cjs');
if (args.length === 0) {
  console.log(
    'Running the sample samples/consolidate-invoices.robin. Your own flow: npm start -- path/to/flow.robin --input Name=value\n',
  );
  process.exitCode = await dflow(['run', join(root, 'samples', 'consolidate-invoices.robin')], {
    inputs: {
      'Report title': 'Invoices of the quarter',
      'Minimum amount': 100,
      'Approval code': 'demo-7f3a-not-a-real-code',
    },
  });
} else {
  // npm runs scripts in the clone's folder; a path is meant from where the person stands.
  process.chdir(process.env.INIT_CWD ?? process.cwd());
  process.exitCode = await dflow(['run', ...args]);
}

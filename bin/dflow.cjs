#!/usr/bin/env node
// Starts the command line; everything it does is in dist/cli.cjs.
require('../dist/cli.cjs')
  .dflow(process.argv.slice(2))
  .then((code) => {
    process.exitCode = code;
  });

// The smallest program that says it is ready and waits: what Node alone costs.
process.once('message', () => process.exit(0));
process.send('ready');

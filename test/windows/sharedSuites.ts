// Lets suites that are written for vitest run on node:test: to be imported before them.
import { registerHooks } from 'node:module';

registerHooks({
  resolve: (name, context, next) =>
    next(name === 'vitest' ? new URL('./vitestOnNode.ts', import.meta.url).href : name, context),
});

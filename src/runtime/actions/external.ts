// "Run desktop flow". The other actions of this module act on the machine or call cloud services (see docs/actions.md).
import type { ActionDefinition } from '../action.ts';

export const externalActions: readonly ActionDefinition[] = [
  {
    id: 'External.RunFlow',
    async run(args, context) {
      const wait = args.has('WaitToComplete') ? args.boolean('WaitToComplete') : true;
      return { outputs: await context.runFlow(args.text('FlowId'), args.dynamic, wait) };
    },
  },
];

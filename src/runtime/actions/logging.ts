// The Logging actions: messages of the flow for the log of its run.
import type { ActionDefinition } from '../action.ts';

const levels: Readonly<Record<string, 'info' | 'warning' | 'error'>> = {
  InfoLevel: 'info',
  WarningLevel: 'warning',
  ErrorLevel: 'error',
};

export const loggingActions: readonly ActionDefinition[] = [
  {
    // The message is passed on whole: cut to a length before it is redacted, it could keep half of a secret.
    id: 'Logging.LogMessage',
    run(args, { host }) {
      host.log(levels[args.member('LogLevel')] ?? 'info', args.text('Message'));
      return {};
    },
  },
];

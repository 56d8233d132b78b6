// Log message: the level and the whole text reach the host.
import { expect, test } from 'vitest';
import { loggingActions } from '../../../src/runtime/actions/logging.ts';
import { contextIn, runAction } from './arguments.ts';

test.each([
  [undefined, 'info'],
  ['InfoLevel', 'info'],
  ['WarningLevel', 'warning'],
  ['errorlevel', 'error'],
])('%s is logged as %s', async (LogLevel, level) => {
  const context = contextIn('/flows');
  const Message = `a message longer than the designer’s 128 characters: ${'x'.repeat(200)}`;
  await runAction(
    loggingActions,
    'Logging.LogMessage',
    { Message, ...(LogLevel === undefined ? {} : { LogLevel }) },
    context,
  );
  expect(context.host.logged).toEqual([{ level, message: Message }]);
});

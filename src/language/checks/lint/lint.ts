// The rules that need to see more than one statement.
import type { Context, Survey } from '../context.ts';
import { checkDisabled } from './disabled.ts';
import { checkHandling } from './handling.ts';
import { checkNames } from './naming.ts';
import { checkSecrets } from './secrets.ts';
import { checkUnused } from './unused.ts';

export function lint(context: Context, surveys: readonly Survey[]): void {
  checkDisabled(context, surveys);
  checkHandling(context, surveys);
  checkNames(context);
  checkSecrets(context, surveys);
  checkUnused(context, surveys);
}

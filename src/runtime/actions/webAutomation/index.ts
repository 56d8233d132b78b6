// Web pages in the user's own Chrome or Edge. Firefox and Internet Explorer, pictures on the clipboard and extraction straight into Excel
// are not here: flows that use them hear so when they are checked.
import type { ActionDefinition } from '../../action.ts';
import { downloadActions } from './download.ts';
import { extractActions } from './extract.ts';
import { inputActions } from './input.ts';
import { navigationActions } from './navigate.ts';
import { readActions } from './read.ts';

export const webAutomationActions: readonly ActionDefinition[] = [
  ...navigationActions,
  ...inputActions,
  ...readActions,
  ...extractActions,
  ...downloadActions,
];

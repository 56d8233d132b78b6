// The MouseAndKeyboard actions: what a person does with mouse and keyboard, wherever it goes.
import type { ActionDefinition } from '../../action.ts';
import { onWindowsOnly } from '../desktop.ts';
import { keyboardActions } from './keyboard.ts';
import { mouseActions } from './mouse.ts';
import { onScreenActions } from './onScreen.ts';

export const mouseAndKeyboardActions: readonly ActionDefinition[] = onWindowsOnly([
  ...keyboardActions,
  ...mouseActions,
  ...onScreenActions,
]);

// The UIAutomation actions: windows, what is in them, and images on the screen. "If" and "Wait for remote desktop" are left out: they ask
// the part of the product that runs inside of a remote desktop, which this agent does not have.
import type { ActionDefinition } from '../../action.ts';
import { onWindowsOnly } from '../desktop.ts';
import { conditionActions } from './conditions.ts';
import { formActions } from './forms.ts';
import { imageActions } from './images.ts';
import { pointingActions } from './pointing.ts';
import { readingActions } from './reading.ts';
import { windowActions } from './windows.ts';

export const uiAutomationActions: readonly ActionDefinition[] = onWindowsOnly([
  ...windowActions,
  ...conditionActions,
  ...pointingActions,
  ...formActions,
  ...readingActions,
  ...imageActions,
]);

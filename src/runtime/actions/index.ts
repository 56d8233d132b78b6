// All actions this agent can carry out, by id. What is not here is reported by name when a flow is checked.
import type { ActionDefinition } from '../action.ts';
import { dateTimeActions } from './dateTime.ts';
import { displayActions } from './display.ts';
import { fileActions } from './file.ts';
import { flowControlActions } from './flowControl.ts';
import { folderActions } from './folder.ts';
import { loggingActions } from './logging.ts';
import { scriptingActions } from './scripting.ts';
import { systemActions } from './system.ts';
import { textActions } from './text.ts';
import { variablesActions } from './variables.ts';

/** The definitions of all modules, each id once. */
export const actionDefinitions: readonly ActionDefinition[] = [
  ...variablesActions,
  ...textActions,
  ...dateTimeActions,
  ...flowControlActions,
  ...fileActions,
  ...folderActions,
  ...displayActions,
  ...loggingActions,
  ...systemActions,
  ...scriptingActions,
];

/** By lower-cased catalog id with variant; older ids must be followed to the newest before (see `canonicalId`). */
export const actionTable: ReadonlyMap<string, ActionDefinition> = new Map(
  actionDefinitions.map((definition) => [definition.id.toLowerCase(), definition]),
);

// What the rules need to know about actions beside the catalog.

export interface ActionTraits {
  /** Where the values that the action is given can be read afterwards. */
  readonly sink: 'screen' | 'elsewhere' | undefined;
  /** The action fails when a window or page is not as expected. */
  readonly needsScreen: boolean;
}

export const plain: ActionTraits = { sink: undefined, needsScreen: false };
const shows: ActionTraits = { sink: 'screen', needsScreen: false };
const writes: ActionTraits = { sink: 'elsewhere', needsScreen: false };
const needsScreen: ActionTraits = { sink: undefined, needsScreen: true };

const shown = /^display\./i;
const written =
  /^(?:file\.write|logging\.|clipboard\.settext$|excel\.(?:write|findandreplace)|word\.(?:write|findandreplace)|powerpoint\.write|email\.send|outlook\.send|exchange\.send|web\.(?:invoke|download)|xml\.(?:write|set|insert)|workqueues\.(?:enqueue|batchenqueue|update))/i;
const onScreen = /^(?:uiautomation|webautomation|sap|terminalemulation|mouseandkeyboard)\./i;

export function traitsOf(actionId: string): ActionTraits {
  if (shown.test(actionId)) return shows;
  if (written.test(actionId)) return writes;
  return onScreen.test(actionId) ? needsScreen : plain;
}

// The types of controls: what selectors call them, and their numbers in UI Automation.

/** Names as selectors spell them, in the order of UI Automation's control types from 50000 on. */
export const controlTypes: readonly string[] = [
  'button',
  'calendar',
  'check box',
  'combo box',
  'edit',
  'hyperlink',
  'image',
  'list item',
  'list',
  'menu',
  'menu bar',
  'menu item',
  'progress bar',
  'radio button',
  'scroll bar',
  'slider',
  'spinner',
  'status bar',
  'tab',
  'tab item',
  'text',
  'tool bar',
  'tool tip',
  'tree',
  'tree item',
  'custom',
  'group',
  'thumb',
  'data grid',
  'data item',
  'document',
  'split button',
  'window',
  'pane',
  'header',
  'header item',
  'table',
  'title bar',
  'separator',
  'semantic zoom',
  'app bar',
];

/** The number of `controlTypes[0]` in UI Automation. */
export const firstControlType = 50000;

export const controlTags: ReadonlySet<string> = new Set(controlTypes);

/** Other words for the same type, spelled without blanks. */
const synonyms: Readonly<Record<string, string>> = {
  label: 'text',
  textbox: 'edit',
  link: 'hyperlink',
  picture: 'image',
  dialog: 'window',
  radio: 'radiobutton',
  listview: 'list',
  treeview: 'tree',
  datagridview: 'datagrid',
};

/** Tags are the same when their keys are: `List Item`, `listitem`, `list-item`. */
export function tagKey(tag: string): string {
  const key = tag.toLowerCase().replace(/[\s_-]+/g, '');
  return synonyms[key] ?? key;
}

/** The type of UI Automation that a tag names; undefined for other tags. */
export function controlTypeOf(tag: string): number | undefined {
  const index = controlTypes.findIndex((type) => tagKey(type) === tagKey(tag));
  return index < 0 ? undefined : firstControlType + index;
}

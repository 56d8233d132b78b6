// Choosing from the menu of a window without opening it, by the texts of its items. Where Windows does not let the menu be read, there is
// no way around the keyboard, and the error says so.
import * as messages from '../../win32/messages.ts';
import * as windows from '../../win32/windows.ts';
import { DesktopError } from '../errors.ts';

/** `path` from the bar on; capitals, `&` and a `…` or `...` at the end of a text do not matter. Returns before the program is done. */
export function chooseFromMenu(window: number, path: readonly string[]): void {
  let menu = messages.menuOf(window);
  if (menu === 0) throw unsupported('The window has no menu bar of the usual kind.');
  let position: number | undefined;
  for (const [depth, text] of path.entries()) {
    const items = messages.menuItems(menu, position === undefined ? undefined : { window, position });
    if (items === undefined) throw unsupported('Windows does not let the menu of this window be read.');
    const item = items.find((one) => !one.isSeparator && menuKey(one.text) === menuKey(text));
    if (item === undefined && items.some((one) => !one.isSeparator && one.text === ''))
      throw unsupported(
        'The program draws the items of this menu itself: Windows does not know their texts.',
      );
    if (item === undefined) {
      const there = items.filter((one) => !one.isSeparator).map((one) => `"${one.text}"`);
      throw new DesktopError(
        'ElementNotReady',
        `The menu has no item "${text}"${depth > 0 ? ` below "${path[depth - 1]}"` : ''}. It has: ${there.join(', ') || 'nothing'}.`,
        'Check the texts of the menu; programs show some items only at times.',
      );
    }
    if (!item.isEnabled) {
      throw new DesktopError(
        'ElementNotReady',
        `The item "${item.text}" of the menu is disabled.`,
        'Do first what the program waits for before it enables the item.',
      );
    }
    if (depth === path.length - 1) {
      if (item.submenu !== 0)
        throw unsupported(`The item "${item.text}" opens a menu and does nothing itself.`);
      windows.activate(window);
      messages.chooseMenuCommand(window, item.command);
      return;
    }
    if (item.submenu === 0) throw unsupported(`The item "${item.text}" of the menu has no items below it.`);
    menu = item.submenu;
    position = item.position;
  }
}

/** Texts of menu items are the same when their keys are. */
export const menuKey = (text: string): string =>
  text
    .replace(/&(.)/g, '$1')
    .replace(/(?:\.\.\.|…)$/, '')
    .trim()
    .toLowerCase();

function unsupported(message: string): DesktopError {
  return new DesktopError(
    'PatternNotSupported',
    message,
    'Open the menu with the keyboard (Alt and the underlined letter) or with the mouse.',
  );
}

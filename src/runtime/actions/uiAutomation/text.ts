// The text that a window shows, as far as its elements tell it.
import type { Desktop } from '../../../desktop/desktop.ts';
import { isDesktopError } from '../desktop.ts';

/** Deeper than any window is nested. */
const allLevels = 64;

/** The texts in a window in the order of its elements, each once; password fields show nothing. */
export async function textIn(desktop: Desktop, handle: number, signal: AbortSignal): Promise<string[]> {
  const root = await desktop.elementAt({ window: handle }, signal);
  if (root === undefined) return [];
  const elements = [root, ...(await desktop.below(root.ref, allLevels, signal))];
  try {
    const texts = new Set<string>();
    for (const { ref, name, isPassword } of elements) {
      texts.add(name);
      if (isPassword) continue;
      try {
        const { text, value } = await desktop.state(ref, signal);
        texts.add(text).add(value ?? '');
      } catch (error) {
        // It went away while the others were read.
        if (!isDesktopError(error, 'ElementGone')) throw error;
      }
    }
    texts.delete('');
    return [...texts];
  } finally {
    desktop.release(elements.map(({ ref }) => ref));
  }
}

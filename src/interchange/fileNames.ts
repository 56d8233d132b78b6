// Names of flows and archive entries as names of files that every system accepts, Windows first.

/** What the file name of a flow ends in; the rest is the name of the flow. */
export const flowEnding: RegExp = /\.(?:robin|pad)$/i;

/** `name` as one step of a path. `otherwise` stands for a name that has nothing usable in it. */
export function safeFileName(name: string, otherwise: string): string {
  let safe = name
    .normalize('NFC')
    .replace(/\s*[<>:"/\\|?*\u0000-\u001f\u007f]+\s*/g, ' - ')
    .replace(/^(?: - )+|(?: - )+$/g, '')
    .replace(/[. ]+$/, '');
  if (safe.length > maxLength)
    safe = safe
      .slice(0, maxLength)
      .replace(/[\ud800-\udbff]$/, '')
      .replace(/[. ]+$/, '');
  if (safe.trim() === '') return otherwise;
  // The names of devices, with any ending, mean the device.
  return /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(safe) ? `_${safe}` : safe;
}

/** Leaves room for the folders around it within the 260 characters of a Windows path, twice. */
const maxLength = 80;

/** Gives every path once, in any letter case: the second `Flow` becomes `Flow (2)`. `taken` are given already. */
export function uniquePaths(taken: readonly string[]): (path: string) => string {
  const given = new Set(taken.map((path) => path.toLowerCase()));
  return (path) => {
    let unique = path;
    for (let count = 2; given.has(unique.toLowerCase()); count++) {
      const dot = path.lastIndexOf('.');
      unique =
        dot > path.lastIndexOf('/') + 1 && path.length - dot <= 6
          ? `${path.slice(0, dot)} (${count})${path.slice(dot)}`
          : `${path} (${count})`;
    }
    given.add(unique.toLowerCase());
    return unique;
  };
}

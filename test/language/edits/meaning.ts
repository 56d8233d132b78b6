// What a flow does, as plain data to compare: its tree without positions, and without the letter case that does not matter.
import type { FlowFile } from '../../../src/language/syntax/tree.ts';

const places = new Set(['start', 'end', 'line', 'idStart', 'idEnd']);
/** Only whether there is such a line counts. */
const optionalLines = new Set(['endLine', 'elseLine', 'defaultLine']);
const names = new Set(['id', 'name', 'text', 'operator']);

export function meaningOf({ header, main, subflows, attachment }: FlowFile): unknown {
  return bare({ header, main, subflows, attachment: attachment?.json });
}

function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (value === null || typeof value !== 'object') return value;
  const kept: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(value)) {
    if (places.has(key)) continue;
    if (optionalLines.has(key)) kept[key] = child !== undefined;
    else kept[key] = typeof child === 'string' && names.has(key) ? child.toLowerCase() : bare(child);
  }
  return kept;
}

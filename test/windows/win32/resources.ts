// Handles and objects of the user interface that this process holds, counted where Wine's own counters say 0, too.
import { addressAt, bytesAt, library, readLong } from '../../../src/win32/ffi.ts';
import { ownResources } from '../../../src/win32/processes.ts';
import { isWine } from '../harness.ts';

const ntdll = library('ntdll.dll', {
  NtQuerySystemInformation: ['int', 'int', 'pointer', 'uint', 'pointer'],
  RtlGetCurrentPeb: ['long'],
});

export function resources(): ReturnType<typeof ownResources> {
  const counted = ownResources();
  return isWine
    ? { handles: handles(), gdiObjects: gdiObjects(), userObjects: counted.userObjects }
    : counted;
}

/** Entries of the system's table of handles that belong to this process. */
function handles(): number {
  const extendedHandles = 64;
  const table = Buffer.alloc(4_000_000);
  ntdll.NtQuerySystemInformation(extendedHandles, table, table.length, null);
  let count = 0;
  for (let index = 0; index < readLong(table); index += 1)
    if (readLong(table, 16 + index * 40 + 8) === process.pid) count += 1;
  return count;
}

/** Entries in use of the table of GDI handles that every process has. */
function gdiObjects(): number {
  const size = 24;
  const table = bytesAt(addressAt(ntdll.RtlGetCurrentPeb() + 0xf8), 16_384 * size);
  let count = 0;
  for (let at = 0; at < table.length; at += size) if (table.readUInt8(at + 14) !== 0) count += 1;
  return count;
}

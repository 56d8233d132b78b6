// For tests of denied access, which the administrator never sees.
import { geteuid, seteuid } from 'node:process';

/** Runs `work` as a user who may do only what everybody may; under another account than the administrator's as that. Not for Windows. */
export async function unprivileged<T>(work: () => Promise<T>): Promise<T> {
  if (geteuid?.() !== 0) return await work();
  seteuid?.(65534);
  try {
    return await work();
  } finally {
    seteuid?.(0);
  }
}

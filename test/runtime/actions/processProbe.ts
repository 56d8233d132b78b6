// Small questions about real processes, for tests that start some.
import { readFileSync } from 'node:fs';

/** True while a process with this id runs (one that ended but was not collected by its parent does not run). */
export function isAlive(pid: number): boolean {
  return isKnown(pid) && !isZombie(pid);
}

/** True while the system knows this id, until the parent has collected an ended process. */
export function isKnown(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function isZombie(pid: number): boolean {
  if (process.platform !== 'linux') return false;
  try {
    return /^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

/** Asks every 20 ms until the answer is neither undefined nor empty; fails after 15 seconds. */
export async function until<T>(question: () => Promise<T | undefined>): Promise<T> {
  for (const end = performance.now() + 15_000; performance.now() < end; ) {
    const answer = await question();
    if (answer !== undefined && answer !== '') return answer;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('it did not happen within 15 seconds');
}

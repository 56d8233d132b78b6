// Programs of a test's own on the search path, in place of those of the system: scripts for `/bin/sh`.
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach } from 'vitest';

const variables = ['PATH', 'DISPLAY', 'WAYLAND_DISPLAY', 'XDG_DATA_HOME'] as const;
const before = Object.fromEntries(variables.map((name) => [name, process.env[name]]));

/** Undoes every change of the search path and of the variables a test set. Call at the top of a test file. */
export function restoringEnvironment(): void {
  afterEach(() => {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
}

/** Puts `tools`, scripts by name, in front of the search path, or makes them all there is with `only`. */
export async function withTools(
  folder: string,
  tools: Readonly<Record<string, string>>,
  only = false,
): Promise<void> {
  const bin = join(folder, 'bin');
  await mkdir(bin, { recursive: true });
  for (const [name, script] of Object.entries(tools)) {
    const file = join(bin, name);
    await writeFile(file, `#!/bin/sh\n${script}\n`);
    await chmod(file, 0o755);
  }
  process.env.PATH = only ? bin : `${bin}:${before.PATH}`;
}

// Where an agent keeps its data on this machine, and how a shell finds the one that runs there.
import { readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { type AgentAddress, agentAddress } from '../protocol/agent.ts';

/** `DESKTOP_FLOWS_HOME`, else the system's place for the data of one user. */
export function defaultDataFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  if (env.DESKTOP_FLOWS_HOME) return env.DESKTOP_FLOWS_HOME;
  const home = homedir() || userInfo().homedir; // an empty HOME must not mean the current folder
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'Desktop Flows');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Desktop Flows');
  return join(env.XDG_DATA_HOME || join(home, '.local', 'share'), 'desktop-flows');
}

/** The file in which a running agent says how to reach it. */
export const addressFile = (dataFolder: string): string => join(dataFolder, 'agent.json');

/** Address of the agent that runs on this data folder. Undefined when none runs: a file left by a killed agent is recognised. */
export function findAgent(dataFolder: string): AgentAddress | undefined {
  let text: string;
  try {
    text = readFileSync(addressFile(dataFolder), 'utf8');
  } catch {
    return undefined;
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const address = agentAddress.safeParse(json);
  return address.success && isAlive(address.data.pid) ? address.data : undefined;
}

/** Is there a process with this number, of whatever account? */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // it lives, but belongs to another account
  }
}

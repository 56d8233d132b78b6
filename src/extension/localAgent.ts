// Where this window's agent lives, from settings: the data folder, the program that runs it, and how to reach it.
import { join } from 'node:path';
import { ProductError } from '../base/error.ts';
import { defaultDataFolder, findAgent } from '../launch/dataFolder.ts';
import type { AgentLink } from '../protocol/link.ts';
import { settingIds, settingsSection } from './names.ts';
import type { VSCode } from './vscode.ts';

/** An open link to an agent. */
export type Link = Pick<AgentLink, 'agent' | 'call' | 'onEvent' | 'onDebug' | 'onClose' | 'dispose'>;

/** How a connection gets its links. Both reject with a ProductError. */
export interface AgentPort {
  readonly dataFolder: string;
  /** A link to the agent that already runs on the data folder, or undefined. */
  attach(): Promise<Link | undefined>;
  /** A link to the agent of the data folder, which is started when none runs. */
  open(): Promise<Link>;
}

/** An agent that was started here and has neither clients nor runs ends after this long. */
const idleExitSeconds = 600;

export function localAgent(vscode: VSCode, distFolder: string, client: string): AgentPort {
  const setting = (id: string) =>
    vscode.workspace.getConfiguration(settingsSection).get<string>(id)?.trim() ?? '';
  return {
    get dataFolder() {
      return setting(settingIds.dataFolder) || defaultDataFolder();
    },
    // The link's modules are loaded when first needed: they must not cost activation time.
    async attach() {
      const address = findAgent(this.dataFolder);
      if (!address) return undefined;
      const { connectAgent } = await import('../launch/connect.ts');
      return connectAgent(address, client);
    },
    async open() {
      const { openAgent } = await import('../launch/start.ts');
      const nodePath = setting(settingIds.nodePath);
      const { dataFolder } = this;
      return openAgent(
        {
          nodePath: nodePath || process.execPath,
          agentScript: join(distFolder, 'agent.cjs'),
          dataFolder,
          idleExitSeconds,
          env: agentEnvironment(nodePath === ''),
        },
        client,
      ).catch((error) => {
        throw inTermsOfSettings(error, nodePath, dataFolder);
      });
    },
  };
}

/** The program that runs what is no part of VS Code, and its environment. */
export function nodeProgram(vscode: VSCode): { readonly nodePath: string; readonly env: NodeJS.ProcessEnv } {
  const setting =
    vscode.workspace.getConfiguration(settingsSection).get<string>(settingIds.nodePath)?.trim() ?? '';
  return { nodePath: setting || process.execPath, env: agentEnvironment(setting === '') };
}

/** A failure to start the agent, with a next step that a person in VS Code can take. `nodePath`: empty when not set. */
export function inTermsOfSettings(error: unknown, nodePath: string, dataFolder: string): unknown {
  if (!(error instanceof ProductError)) return error;
  const nextStep = settingsStep(error, nodePath, dataFolder);
  return nextStep === undefined
    ? error
    : new ProductError(error.code, error.message, nextStep, { cause: error });
}

function settingsStep({ code, nextStep }: ProductError, nodePath: string, dataFolder: string) {
  const nodeSetting = `${settingsSection}.${settingIds.nodePath}`;
  switch (code) {
    case 'NodeTooOld':
      return nodePath === ''
        ? `VS Code runs the agent on the Node inside itself unless the setting ${nodeSetting} names another. Set it to the path of Node 22.22.3 or later, or 24.15 or later.`
        : `The setting ${nodeSetting} names this Node (${nodePath}). Set it to the path of Node 22.22.3 or later, or 24.15 or later.`;
    case 'AgentNotStarted':
      return nodePath === ''
        ? nextStep
        : `Check the setting ${nodeSetting}, which names ${nodePath}; empty it to use the Node inside VS Code. More may be in agent.log in the data folder.`;
    case 'DataFolderUnusable':
      return `Make ${dataFolder} writable, or name another folder in the setting ${settingsSection}.${settingIds.dataFolder}.`;
    default:
      return undefined;
  }
}

/** The environment without what belongs to VS Code's own processes. `asNode`: the program is VS Code itself, told to be Node. */
function agentEnvironment(asNode: boolean): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (!/^(VSCODE_|ELECTRON_|NODE_OPTIONS$)/.test(name)) env[name] = value;
  }
  if (asNode) env.ELECTRON_RUN_AS_NODE = '1';
  return env;
}

// What language models in VS Code are given: tools about machines, runs and flows, and the MCP server of the command line for those about
// actions and edits. Knows what the editor can do for them; the tools themselves are in src/assistants/.
import { join } from 'node:path';
import { type Hands, runTool, type Tool } from '../../assistants/tool.ts';
import { toolsFor } from '../../assistants/tools.ts';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { asProductError, ProductError } from '../../base/error.ts';
import { flowRequest } from '../../protocol/editor.ts';
import type { AgentConnection } from '../agents.ts';
import { pathOf } from '../documents.ts';
import { t } from '../l10n.ts';
import type { FlowLanguage } from '../languageClient.ts';
import { languageId } from '../names.ts';
import type { OwnRuns } from '../ownRuns.ts';
import { assistantIds } from '../runDetails/names.ts';
import type { TextDocument, Uri, VSCode } from '../vscode.ts';

export interface AssistantContext {
  readonly vscode: VSCode;
  readonly agent: AgentConnection;
  readonly language: Pick<FlowLanguage, 'ask'>;
  readonly own: OwnRuns;
  readonly distFolder: string;
  readonly nodePath: () => string;
  readonly version: string;
}

/** Registers the tools and the MCP server. An editor without language models is left alone. */
export function registerAssistants(context: AssistantContext): Disposable {
  const { vscode, distFolder, nodePath, version } = context;
  const disposables = new DisposableStore();
  const hands = new EditorHands(context);
  for (const tool of toolsFor(hands)) {
    disposables.add(
      vscode.lm.registerTool<object>(`${assistantIds.toolPrefix}${tool.name}`, {
        async prepareInvocation({ input }) {
          const invocationMessage = `Desktop Flows: ${tool.title}`;
          if (!tool.question) return { invocationMessage };
          return {
            invocationMessage,
            confirmationMessages: { title: tool.title, message: await questionOf(tool, input, hands) },
          };
        },
        async invoke({ input }) {
          // The editor asked the person already: with what `prepareInvocation` said.
          const text = await answerOf(() => runTool(tool, input, hands, async () => true));
          return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(text)]);
        },
      }),
    );
  }
  disposables.add(
    vscode.lm.registerMcpServerDefinitionProvider(assistantIds.mcpProvider, {
      provideMcpServerDefinitions: () =>
        // Without trust nothing of this window may change or run a flow.
        !vscode.workspace.isTrusted
          ? []
          : (vscode.workspace.workspaceFolders ?? [])
              .filter(({ uri }) => uri.scheme === 'file')
              .map(
                ({ uri, name }) =>
                  new vscode.McpStdioServerDefinition(
                    t('Desktop Flows ({0})', name),
                    nodePath(),
                    [join(distFolder, '..', 'bin', 'dflow.cjs'), 'mcp', '--root', uri.fsPath],
                    { ELECTRON_RUN_AS_NODE: '1' },
                    version,
                  ),
              ),
    }),
  );
  return disposables;
}

/** What a person is asked. What cannot be done is told where they would be asked. */
async function questionOf({ question }: Tool, input: object, hands: Hands): Promise<string> {
  return answerOf(async () => (question ? question(input as never, hands) : ''));
}

async function answerOf(run: () => Promise<string>): Promise<string> {
  try {
    return await run();
  } catch (error) {
    const { code, message, nextStep } = asProductError(error);
    return `${code}: ${message}\nNext: ${nextStep}`;
  }
}

class EditorHands implements Hands {
  readonly #context: AssistantContext;

  constructor(context: AssistantContext) {
    this.#context = context;
  }

  async check(path: string) {
    const document = await this.#document(path);
    const { vscode, language } = this.#context;
    const { blocking } = await language.ask(flowRequest, { uri: document.uri.toString() });
    const errors = blocking.map(({ line, code, message }) => ({
      line: line + 1,
      column: 1,
      severity: 'error' as const,
      code,
      message,
    }));
    const others = vscode.languages
      .getDiagnostics(document.uri)
      .filter(({ severity }) => severity !== vscode.DiagnosticSeverity.Error)
      .map(({ range, code, message }) => ({
        line: range.start.line + 1,
        column: range.start.character + 1,
        severity: 'warning' as const,
        code: typeof code === 'object' ? String(code.value) : String(code ?? ''),
        message,
      }));
    return [...errors, ...others].sort((a, b) => a.line - b.line);
  }

  async request(path: string, inputs: Parameters<Hands['request']>[1]) {
    const { vscode, language } = this.#context;
    if (!vscode.workspace.isTrusted) {
      throw new ProductError(
        'WorkspaceNotTrusted',
        'Running flows needs a trusted workspace: a flow can do everything you can.',
        'Ask the person to trust the workspace.',
      );
    }
    const document = await this.#document(path);
    const flow = await language.ask(flowRequest, { uri: document.uri.toString() });
    const [first] = flow.blocking;
    if (first) {
      throw new ProductError(
        'FlowHasErrors',
        `${path} has ${flow.blocking.length} errors and was not run. Line ${first.line + 1}: ${first.message}`,
        'Mend them: check_flow lists them all.',
      );
    }
    const given = new Set(Object.keys(inputs).map((name) => name.toLowerCase()));
    const secret = flow.inputs.find(
      ({ sensitive, externalName }) => sensitive && given.has(externalName.toLowerCase()),
    );
    if (secret) {
      throw new ProductError(
        'SensitiveInput',
        `The input ${secret.externalName} is sensitive: its value does not belong into a conversation.`,
        'Let the person run the flow, or give the input a default.',
      );
    }
    return {
      flow: {
        name: flow.name,
        path: pathOf(document.uri),
        text: document.getText(),
        companions: [...flow.companions],
      },
      inputs,
      requestedBy: 'assistant',
    };
  }

  readonly call: Hands['call'] = async (method, params) => {
    const { agent, own } = this.#context;
    const result = await agent.call(method, params);
    // Whoever let the assistant run it is asked what the flow asks, and told how it ends.
    if (method === 'runs.enqueue') await own.add((result as { run: { id: string } }).run.id);
    return result;
  };

  async #document(path: string): Promise<TextDocument> {
    const { vscode } = this.#context;
    const document = await Promise.resolve(vscode.workspace.openTextDocument(this.#address(path))).catch(
      () => undefined,
    );
    if (document?.languageId === languageId) return document;
    throw new ProductError(
      'FlowNotFound',
      `There is no flow ${path} in this workspace.`,
      'Name a .robin file in one of its folders.',
    );
  }

  /** Only what lies in a folder of the workspace. */
  #address(path: string): Uri {
    const { workspace, Uri } = this.#context.vscode;
    const folder = workspace.workspaceFolders?.[0];
    const address =
      /^([a-z]:)?[\\/]/i.test(path) || !folder ? Uri.file(path) : Uri.joinPath(folder.uri, path);
    if (workspace.getWorkspaceFolder(address)) return address;
    throw new ProductError(
      'PathOutside',
      `${path} is not in this workspace.`,
      'Name a flow in one of its folders.',
    );
  }
}

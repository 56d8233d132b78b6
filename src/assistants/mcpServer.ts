// The Model Context Protocol (2025-06-18) over any channel of JSON texts: what an assistant outside of VS Code needs to use the tools.
// Tools only; no prompts, no resources. A change is confirmed by the person at the client (elicitation), or refused where the client
// cannot ask.
import * as z from 'zod/mini';
import { asProductError, ProductError } from '../base/error.ts';
import { invalidRequest, RpcPeer, type Transport } from '../protocol/rpc.ts';
import { type Hands, runTool, schemaOf, type Tool } from './tool.ts';
import { toolsFor } from './tools.ts';

/** Newest first: the first is offered to clients that speak none of them. */
const versions = ['2025-06-18', '2025-03-26', '2024-11-05'] as const;

const initialize = z.object({
  protocolVersion: z.string(),
  capabilities: z.optional(z.object({ elicitation: z.optional(z.unknown()) })),
});
const callTool = z.object({ name: z.string(), arguments: z.optional(z.unknown()) });
const elicited = z.object({
  action: z.enum(['accept', 'decline', 'cancel']),
  content: z.optional(z.object({ agree: z.optional(z.boolean()) })),
});

const instructions =
  'Desktop Flows writes, checks and runs Power Automate desktop flows (files ending in .robin). Before you write a flow, look its actions up with find_actions and describe_action; check every text with check_text until it has no errors. Runs do real things on real machines.';

export interface McpOptions {
  readonly version: string;
  /** Somebody who started the server agreed to changes beforehand: nobody is asked. */
  readonly allowChanges: boolean;
}

/** Serves one client until the channel ends. */
export function serveMcp(transport: Transport, hands: Hands, { version, allowChanges }: McpOptions): RpcPeer {
  const tools = new Map(toolsFor(hands).map((tool) => [tool.name, tool]));
  let canAsk = false;
  const peer: RpcPeer = new RpcPeer(transport, {
    notification: () => {}, // `initialized` and `cancelled` change nothing here
    request: async (method, params) => {
      switch (method) {
        case 'initialize': {
          const given = parsed(initialize, method, params);
          canAsk = given.capabilities?.elicitation !== undefined;
          return {
            protocolVersion: versions.find((known) => known === given.protocolVersion) ?? versions[0],
            capabilities: { tools: {} },
            serverInfo: { name: 'desktop-flows', title: 'Desktop Flows', version },
            instructions,
          };
        }
        case 'ping':
          return {};
        case 'tools/list':
          return { tools: [...tools.values()].map(described) };
        case 'tools/call': {
          const { name, arguments: args } = parsed(callTool, method, params);
          const tool = tools.get(name);
          if (!tool)
            throw new ProductError('InvalidRequest', `There is no tool ${name}.`, 'Ask for tools/list.');
          return answer(() => runTool(tool, args, hands, agrees));
        }
        default:
          throw new ProductError('MethodNotFound', `There is no method ${method}.`, 'Use the tools.');
      }
    },
  });
  return peer;

  async function agrees(message: string): Promise<boolean> {
    if (allowChanges) return true;
    if (!canAsk) {
      throw new ProductError(
        'CannotConfirm',
        'This changes something, and the client cannot ask a person whether it may.',
        'Use a client that supports elicitation, or start `dflow mcp --allow-changes`.',
      );
    }
    const result = elicited.safeParse(
      await peer.call('elicitation/create', {
        message,
        requestedSchema: {
          type: 'object',
          properties: { agree: { type: 'boolean', title: 'Do it', default: false } },
          required: ['agree'],
        },
      }),
    );
    return result.success && result.data.action === 'accept' && result.data.content?.agree === true;
  }
}

/** A failure of a tool is an answer that the model reads, not an error of the protocol. */
async function answer(run: () => Promise<string>): Promise<object> {
  try {
    return { content: [{ type: 'text', text: await run() }] };
  } catch (error) {
    const { code, message, nextStep } = asProductError(error);
    return { isError: true, content: [{ type: 'text', text: `${code}: ${message}\nNext: ${nextStep}` }] };
  }
}

const described = (tool: Tool) => ({
  name: tool.name,
  title: tool.title,
  description: tool.description,
  inputSchema: schemaOf(tool),
  annotations: {
    readOnlyHint: tool.question === undefined,
    destructiveHint: tool.question !== undefined,
    openWorldHint: tool.name === 'enqueue_run',
  },
});

function parsed<S extends z.ZodMiniType>(schema: S, method: string, params: unknown): z.infer<S> {
  const result = schema.safeParse(params);
  if (!result.success) throw invalidRequest(method, result.error);
  return result.data;
}

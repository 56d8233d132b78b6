// Connects this window to an orchestrator over the network. The modules of the link are loaded when first needed: they must not cost
// activation time.
import { readFileSync } from 'node:fs';
import { ProductError } from '../../base/error.ts';
import type { DialRemote } from './fleet.ts';

/** `client` names this window in the orchestrator's log. */
export function dialRemote(client: string): DialRemote {
  return async ({ address, token, certificate }) => {
    const { connectOrchestrator } = await import('../../launch/orchestrator.ts');
    return connectOrchestrator(
      {
        address,
        secret: token,
        ...(certificate !== undefined && { certificates: certificateIn(certificate) }),
      },
      client,
    );
  };
}

function certificateIn(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ProductError(
      'FileUnreadable',
      `The certificate ${path} cannot be read.`,
      'Check that it is there, or remove the orchestrator and add it again.',
      { cause: error },
    );
  }
}

// What the agent's program says on standard output, as one line of JSON, when it was started to set up or remove its Windows service.
import * as z from 'zod/mini';

export const serviceState = z.object({
  name: z.string(),
  change: z.enum(['installed', 'changed', 'removed', 'absent']),
  dataFolder: z.string(),
});
export type ServiceState = z.infer<typeof serviceState>;

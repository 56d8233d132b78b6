// How a mail server is spoken to when the flow asks for a secure connection. Flows only say yes or no; by convention the port says
// whether TLS comes first or is asked for later (STARTTLS).
import { speaksPlainly } from '../network.ts';

export type Start = 'plain' | 'tls' | 'starttls';

/** Ports on which a server greets in plain text and TLS is asked for afterwards. */
const plainPorts: ReadonlySet<number> = new Set([25, 587, 2525, 143]);

/** Tries `connect` in the way the port suggests; on other ports TLS first, and STARTTLS when the server turns out to greet in plain text. Never falls back to an unprotected connection. */
export async function secured<T>(
  isSecure: boolean,
  port: number,
  connect: (start: Start) => Promise<T>,
): Promise<T> {
  if (!isSecure) return await connect('plain');
  if (plainPorts.has(port)) return await connect('starttls');
  try {
    return await connect('tls');
  } catch (error) {
    if (!speaksPlainly(error)) throw error;
    return await connect('starttls');
  }
}

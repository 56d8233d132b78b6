// An SMTP server of its own that keeps what it gets.
import type { AddressInfo } from 'node:net';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export interface Received {
  readonly from: string;
  readonly to: readonly string[];
  readonly user: string | undefined;
  readonly secure: boolean;
  readonly raw: Buffer;
  readonly email: Email;
}

export interface MailServer {
  readonly port: number;
  readonly received: Received[];
  close(): Promise<void>;
}

/** Knows the user `robin` with `password`; refuses recipients at `refused.example`. */
export async function startSmtp(password: string, options: SMTPServerOptions): Promise<MailServer> {
  const received: Received[] = [];
  const server = new SMTPServer({
    authOptional: true,
    logger: false,
    closeTimeout: 1,
    ...options,
    onAuth(auth, _, done) {
      if (auth.username === 'robin' && auth.password === password) done(null, { user: 'robin' });
      else done(new Error('Invalid username or password'));
    },
    onRcptTo({ address }, _, done) {
      if (address.endsWith('@refused.example')) done(new Error('No such user here'));
      else done();
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', async () => {
        const raw = Buffer.concat(chunks);
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          user: session.user,
          secure: session.secure,
          raw,
          email: await PostalMime.parse(raw),
        });
        if (stream.sizeExceeded) done(new Error('Message is too large'));
        else done(null);
      });
    },
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.server.address() as AddressInfo).port,
    received,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

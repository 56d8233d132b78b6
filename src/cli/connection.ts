// `dflow connection`: targets with an account and its password, made once and used by many runs. A password is typed unseen or read from
// the standard input; there is no option for it, because other programs can read command lines.
import { ProductError } from '../base/error.ts';
import type { AgentParams } from '../protocol/agent.ts';
import type { ConnectionRecord } from '../protocol/fleet.ts';
import { nameOf, queueNames } from './runRows.ts';
import type { Context, OptionReader, Subcommands } from './subcommands.ts';
import { table } from './table.ts';
import { printable } from './terminal.ts';
import { exitCode } from './usage.ts';
import { show, withAgent } from './watch.ts';

export const connectionCommands: Subcommands = {
  list: {
    takes: [],
    options: ['json', 'watch'],
    run: (_words, options, { access, out }) =>
      show(
        {
          read: async (link) => ({
            connections: (await link.call('connections.list', {})).connections,
            names: [...(await queueNames(link))],
          }),
          json: ({ connections }) => [connections],
          text: ({ connections, names }) =>
            connections.length === 0
              ? 'There are no connections. Make one: dflow connection add NAME --target MACHINE --account ACCOUNT\n'
              : table(
                  connections,
                  [
                    { title: 'CONNECTION', value: ({ name }) => name, shrinks: true },
                    { title: 'TARGET', value: ({ queue }) => nameOf(new Map(names), queue), shrinks: true },
                    { title: 'ACCOUNT', value: ({ account }) => account, shrinks: true },
                    { title: 'PASSWORD', value: passwordOf, shrinks: true },
                    {
                      title: 'STATE',
                      value: ({ usable }) => (usable ? 'usable' : 'unusable: its target is gone'),
                    },
                    { title: 'OWNER', value: ({ owner }) => owner, shrinks: true },
                  ],
                  out,
                ),
        },
        { json: options.flag('json'), watch: options.flag('watch') },
        access,
        out,
      ),
  },
  add: {
    takes: ['NAME'],
    options: ['target', 'account', 'password', 'no-password', 'reference', 'json'],
    run: async ([name = ''], options, context) => {
      const target = options.needed('target');
      const account = options.needed('account');
      const secret = await readCredential(options, context, account, true);
      return put({ name, target, account, ...secret }, 'is made', options, context);
    },
  },
  set: {
    takes: ['NAME'],
    options: ['name', 'target', 'account', 'password', 'no-password', 'reference', 'json'],
    run: async ([connection = ''], options, context) => {
      const name = options.text('name');
      const target = options.text('target');
      const account = options.text('account');
      const secret = await readCredential(options, context, account ?? 'the account', false);
      if ([name, target, account].every((given) => given === undefined) && Object.keys(secret).length === 0)
        throw options.wrong(
          'dflow connection set needs something to set, such as --target NAME or --password.',
        );
      return put(
        {
          connection,
          ...(name !== undefined && { name }),
          ...(target !== undefined && { target }),
          ...(account !== undefined && { account }),
          ...secret,
        },
        'is changed',
        options,
        context,
      );
    },
  },
  remove: {
    takes: ['NAME'],
    options: [],
    run: async ([connection = ''], _options, { access, out }) => {
      await withAgent(access, (link) => link.call('connections.remove', { connection }));
      out.write(`${printable(connection)} is removed, and its password is deleted.\n`);
      return exitCode.ok;
    },
  },
  rekey: {
    takes: [],
    options: ['json'],
    run: async (_words, options, { access, out }) => {
      const done = await withAgent(access, (link) => link.call('connections.rekey', {}));
      const rest =
        done.unreadable === 0
          ? ''
          : ` ${done.unreadable} cannot be opened and stay as they are: give them again with dflow connection set NAME --password.`;
      out.write(
        options.flag('json')
          ? `${JSON.stringify(done)}\n`
          : `The passwords of ${done.sealed} connections are sealed with a new key.${rest}\n`,
      );
      return done.unreadable === 0 ? exitCode.ok : exitCode.failed;
    },
  },
  test: {
    takes: ['NAME'],
    options: ['json'],
    run: async ([connection = ''], options, { access, out, err }) => {
      const result = await withAgent(access, (link) => link.call('connections.test', { connection }));
      if (options.flag('json')) out.write(`${JSON.stringify(result)}\n`);
      else if (result.ok) out.write(`${printable(connection)} signs in on ${printable(result.machine)}.\n`);
      else if (result.error !== undefined) {
        const { code, message, nextStep } = result.error;
        err.write(`${code}: ${printable(message)}\n  Next: ${printable(nextStep)}\n`);
      }
      return result.ok ? exitCode.ok : exitCode.failed;
    },
  },
};

/** What was said about the password; `asks`: a new connection gets one unless somebody says otherwise. Throws `UsageWrong`, `PasswordMissing`. */
async function readCredential(
  options: OptionReader,
  { readSecret }: Context,
  account: string,
  asks: boolean,
): Promise<{ password?: string; reference?: string }> {
  const reference = options.text('reference');
  const none = options.flag('no-password');
  const asked = options.flag('password');
  if ([reference !== undefined, none, asked].filter(Boolean).length > 1)
    throw options.wrong('--password, --no-password and --reference exclude each other.');
  if (reference !== undefined) return { reference };
  if (none) return asks ? {} : { password: '' };
  if (!asked && !asks) return {};
  const password = await readSecret(`Password of ${printable(account)}: `);
  if (password !== '') return { password };
  throw new ProductError(
    'PasswordMissing',
    'No password was typed, and none came from the standard input.',
    'Type it, or send it by a pipe; for attended runs only: --no-password.',
  );
}

async function put(
  params: AgentParams<'connections.put'>,
  what: string,
  options: OptionReader,
  { access, out }: Context,
): Promise<number> {
  const { connection } = await withAgent(access, (link) => link.call('connections.put', params));
  out.write(
    options.flag('json')
      ? `${JSON.stringify(connection)}\n`
      : `${printable(connection.name)} ${what}${connection.credential.kind === 'none' ? ', for attended runs only: it has no password' : ''}.\n`,
  );
  return exitCode.ok;
}

const passwordOf = ({ credential }: ConnectionRecord): string =>
  credential.kind === 'reference'
    ? credential.reference
    : credential.kind === 'sealed'
      ? 'sealed'
      : 'none, attended only';

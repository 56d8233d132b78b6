// `dflow group`: machine groups, whose members take runs from one queue and share the settings of the group.
import type { AgentLink } from '../protocol/link.ts';
import { showAudit } from './audit.ts';
import { readSettings, settingOptions } from './placementOptions.ts';
import type { Context, OptionReader, Subcommand, Subcommands } from './subcommands.ts';
import { table } from './table.ts';
import { counted, printable } from './terminal.ts';
import { exitCode } from './usage.ts';
import { show, withAgent } from './watch.ts';

export const groupCommands: Subcommands = {
  list: {
    takes: [],
    options: ['json', 'watch'],
    run: (_words, options, { access, out }) =>
      show(
        {
          read: async (link) => (await link.call('groups.list', {})).groups,
          json: (groups) => [groups],
          text: (groups) =>
            groups.length === 0
              ? 'There are no machine groups. Make one: dflow group add NAME\n'
              : table(
                  groups,
                  [
                    { title: 'GROUP', value: ({ name }) => name, shrinks: true },
                    {
                      title: 'STATE',
                      value: ({ settings, machines }) =>
                        machines.length === 0 ? 'empty' : settings.maintenance ? 'maintenance' : 'open',
                    },
                    { title: 'RUNNING', value: ({ running }) => String(running), right: true },
                    { title: 'WAITING', value: ({ queued }) => String(queued), right: true },
                    { title: 'MACHINES', value: ({ machines }) => machines.join(', '), shrinks: true },
                    { title: 'DESCRIPTION', value: ({ description }) => description, shrinks: true },
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
    options: ['description', 'json', ...settingOptions],
    run: ([name = ''], options, context) => put({ name }, options, context),
  },
  set: {
    takes: ['NAME'],
    options: ['name', 'description', 'json', ...settingOptions],
    run: ([group = ''], options, context) => put({ group }, options, context),
  },
  audit: {
    takes: ['NAME'],
    options: ['limit', 'json'],
    run: ([name], options, context) => showAudit(name, options, context),
  },
  remove: {
    takes: ['NAME'],
    options: [],
    run: async ([group = ''], _options, { access, out }) => {
      await withAgent(access, (link) => link.call('groups.remove', { group }));
      out.write(`${printable(group)} is removed; its machines work on their own queues again.\n`);
      return exitCode.ok;
    },
  },
  join: membership(['GROUP', 'MACHINE…'], async (link, [group = '', ...machines]) => {
    for (const machine of machines) await link.call('groups.join', { group, machine });
    return `${printable(machines.join(', '))} ${machines.length === 1 ? 'works' : 'work'} for ${printable(group)} now, with the settings of the group.\n`;
  }),
  leave: membership(['MACHINE…'], async (link, machines) => {
    for (const machine of machines) await link.call('groups.leave', { machine });
    return `${printable(machines.join(', '))} ${machines.length === 1 ? 'is' : 'are'} in no group now, and ${machines.length === 1 ? 'keeps' : 'keep'} the settings of the group.\n`;
  }),
};

function membership(
  takes: readonly string[],
  change: (link: AgentLink, words: readonly string[]) => Promise<string>,
): Subcommand {
  return {
    takes,
    options: [],
    run: async (words, _options, { access, out }) => {
      out.write(await withAgent(access, (link) => change(link, words)));
      return exitCode.ok;
    },
  };
}

async function put(
  which: { readonly name: string } | { readonly group: string },
  options: OptionReader,
  { access, out }: Context,
): Promise<number> {
  const settings = readSettings(options);
  const name = options.text('name');
  const description = options.text('description');
  const isNew = 'name' in which;
  if (!isNew && [settings, name, description].every((given) => given === undefined))
    throw options.wrong('dflow group set needs something to set, such as --maintenance on.');
  const { group, members } = await withAgent(access, async (link) => {
    const done = await link.call('groups.put', {
      ...(name !== undefined && { name }),
      ...which,
      ...(description !== undefined && { description }),
      ...(settings !== undefined && { settings }),
    });
    const { groups } = await link.call('groups.list', {});
    return { ...done, members: groups.find(({ id }) => id === done.group.id)?.machines.length ?? 0 };
  });
  if (options.flag('json')) out.write(`${JSON.stringify(group)}\n`);
  else if (isNew)
    out.write(
      `${printable(group.name)} is made. Add machines to it: dflow group join ${quoted(group.name)} MACHINE\n`,
    );
  else
    out.write(`${printable(group.name)} is changed; its settings hold for ${counted(members, 'machine')}.\n`);
  return exitCode.ok;
}

const quoted = (name: string): string => (/^[\w.-]+$/.test(name) ? name : `"${printable(name)}"`);

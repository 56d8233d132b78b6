// `dflow machine`: the machines that work for this orchestrator, what they carry and how they are set up.
import type { AgentResult } from '../protocol/agent.ts';
import type { Era } from '../protocol/fleet.ts';
import { showAudit } from './audit.ts';
import { readSettings, settingFacts, settingOptions, stateOf } from './placementOptions.ts';
import { nameOf, queueNames } from './runRows.ts';
import { oneOf, type Subcommands } from './subcommands.ts';
import { facts, table } from './table.ts';
import { printable } from './terminal.ts';
import { showMoment, showRelative } from './times.ts';
import { exitCode } from './usage.ts';
import { show, withAgent } from './watch.ts';

type Listed = AgentResult<'machines.list'>['machines'][number];

/** Most unattended runs that a machine may be allowed at once (rule CCY-5). */
const mostSlots = 10;

export const machineCommands: Subcommands = {
  list: {
    takes: [],
    options: ['json', 'watch'],
    run: (_words, options, { access, out }) =>
      show(
        {
          read: async (link) => ({
            machines: (await link.call('machines.list', {})).machines,
            names: [...(await queueNames(link))],
          }),
          json: ({ machines }) => [machines],
          text: ({ machines, names: known }) => {
            const names = new Map(known);
            return table(
              machines,
              [
                { title: 'MACHINE', value: ({ name }) => name, shrinks: true },
                { title: 'STATE', value: stateOf },
                { title: 'GROUP', value: ({ group }) => nameOf(names, group), shrinks: true },
                { title: 'RUNNING', value: ({ running }) => String(running), right: true },
                { title: 'WAITING', value: ({ queued }) => String(queued), right: true },
                { title: 'SLOTS', value: ({ unattendedSlots }) => String(unattendedSlots), right: true },
                { title: 'SYSTEM', value: systemOf, shrinks: true },
                { title: 'DESCRIPTION', value: ({ description }) => description, shrinks: true },
              ],
              out,
            );
          },
        },
        { json: options.flag('json'), watch: options.flag('watch') },
        access,
        out,
      ),
  },
  show: {
    takes: ['NAME'],
    options: ['json', 'watch'],
    run: ([name = ''], options, { access, out }) =>
      show(
        {
          read: async (link) => {
            const { machines, era } = await link.call('machines.list', { machine: name });
            const machine = machines[0] as Listed;
            const names = await queueNames(link);
            const group = machine.group === undefined ? undefined : nameOf(names, machine.group);
            return { machine, group, era };
          },
          json: ({ machine, era }) => [{ ...machine, era }],
          text: ({ machine, group, era }) => {
            const { facts: told } = machine;
            return `${printable(machine.name)} is ${stateOf(machine)}.\n${facts(
              [
                ['id', machine.id],
                ['description', machine.description === '' ? undefined : machine.description],
                ['group', group],
                ['runs', `${machine.running} running, ${machine.queued} waiting`],
                ['system', systemOf(machine) || undefined],
                ['agent', told?.agentVersion],
                ['sessions', told && sessionsOf(told)],
                ['unattended slots', String(machine.unattendedSlots)],
                ...settingFacts(machine.settings),
                ['era', eraText[era]],
                ['owner', machine.owner],
                ['last heard of', machine.seenAt === undefined ? 'never' : showMoment(machine.seenAt)],
              ],
              out,
            )}`;
          },
        },
        { json: options.flag('json'), watch: options.flag('watch') },
        access,
        out,
      ),
  },
  set: {
    takes: ['NAME'],
    options: ['name', 'description', 'slots', 'json', ...settingOptions],
    run: async ([machine = ''], options, { access, out }) => {
      const settings = readSettings(options);
      const name = options.text('name');
      const description = options.text('description');
      const unattendedSlots = options.whole('slots', 0, mostSlots);
      if ([settings, name, description, unattendedSlots].every((given) => given === undefined))
        throw options.wrong('dflow machine set needs something to set, such as --slots 2.');
      const { machine: changed } = await withAgent(access, (link) =>
        link.call('machines.set', {
          machine,
          ...(name !== undefined && { name }),
          ...(description !== undefined && { description }),
          ...(unattendedSlots !== undefined && { unattendedSlots }),
          ...(settings !== undefined && { settings }),
        }),
      );
      out.write(
        options.flag('json') ? `${JSON.stringify(changed)}\n` : `${printable(changed.name)} is changed.\n`,
      );
      return exitCode.ok;
    },
  },
  audit: {
    takes: ['[NAME]'],
    options: ['limit', 'json'],
    run: ([name], options, context) => showAudit(name, options, context),
  },
  remove: {
    takes: ['NAME'],
    options: [],
    run: async ([machine = ''], _options, { access, out }) => {
      await withAgent(access, (link) => link.call('machines.remove', { machine }));
      out.write(`${printable(machine)} is removed; its agent is refused from now on.\n`);
      return exitCode.ok;
    },
  },
  maintenance: {
    takes: ['on|off', '[NAME]'],
    options: [],
    run: async ([word = '', named], options, { access, out }) => {
      const maintenance =
        oneOf(word, ['on', 'off'], (message) => options.wrong(`Maintenance ${message}`)) === 'on';
      const { name } = await withAgent(access, async (link) => {
        const { machine } = await link.call('machines.set', {
          machine: named ?? link.agent.machine.id,
          settings: { maintenance },
        });
        return machine;
      });
      out.write(
        maintenance
          ? `${printable(name)} is in maintenance: what runs goes on, nothing new starts.\n`
          : `${printable(name)} takes runs again.\n`,
      );
      return exitCode.ok;
    },
  },
};

/** What an era means for runs; docs/machine-groups.md says more. */
export const eraText: Readonly<Record<Era, string>> = {
  '2020': '2020: runs wait 30 minutes, in the order of their requests, and take as long as they take',
  '2021': '2021: runs wait 3 hours, by priority, and take as long as they take',
  '2024': '2024: runs wait 6 hours, by priority, and take 3 hours unless they ask for another time',
  '2025': '2025: runs wait 12 hours, by priority, and take 3 hours unless they ask for another time',
};

const systemOf = ({ facts: told }: Listed): string =>
  told === undefined
    ? ''
    : `${told.platform}, ${told.edition === 'client' ? 'one session' : `${told.sessionLimit} sessions`}`;

function sessionsOf(told: NonNullable<Listed['facts']>): string {
  if (told.sessions === undefined) return 'the agent may not see them';
  if (told.sessions.length === 0) return 'nobody is signed in';
  return told.sessions
    .map(({ account, state, ours, since }) => {
      const age = since > 0 ? `, signed in ${showRelative(since, Date.now())}` : '';
      return `${account} (${state}${ours ? ', made by the agent' : ''}${age})`;
    })
    .join(' · ');
}

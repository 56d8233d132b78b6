// `dflow machine audit` and `dflow group audit`: who did what to whom.
import type { Context, OptionReader } from './subcommands.ts';
import { table } from './table.ts';
import { showMoment } from './times.ts';
import { exitCode } from './usage.ts';
import { withAgent } from './watch.ts';

/** Lines that are shown where nobody asks for more. */
const usualLimit = 50;
const mostLines = 1_000;

/** The newest acts first: on one machine or group, or all. Throws as `audit.list`. */
export async function showAudit(
  queue: string | undefined,
  options: OptionReader,
  { access, out }: Context,
): Promise<number> {
  const limit = options.whole('limit', 1, mostLines) ?? usualLimit;
  const { lines } = await withAgent(access, (link) =>
    link.call('audit.list', { limit, ...(queue !== undefined && { queue }) }),
  );
  if (options.flag('json')) for (const line of lines) out.write(`${JSON.stringify(line)}\n`);
  else if (lines.length === 0) out.write('Nobody has changed anything yet.\n');
  else
    out.write(
      table(
        lines,
        [
          { title: 'TIME', value: ({ at }) => showMoment(at) },
          { title: 'WHO', value: ({ who }) => who, shrinks: true },
          { title: 'WHAT', value: ({ what }) => what, shrinks: true },
          { title: 'TO WHOM', value: ({ subject }) => subject, shrinks: true },
        ],
        out,
      ),
    );
  return exitCode.ok;
}

// A page as text, for golden files: what a person would read from top to bottom.
import type {
  Block,
  Cell,
  LogRow,
  PageAction,
  PageModel,
} from '../../src/extension/runDetails/page/model.ts';
import type { FakePage } from '../fakes/vscode.ts';

const button = ({ id, title, label, argument }: PageAction) =>
  `[${title}${label ? ` | ${label}` : ''} → ${id}${argument ? ` ${argument}` : ''}]`;
const cellText = ({ text, tone, action }: Cell) =>
  [text, action && button(action)].filter(Boolean).join(' ') + (tone && tone !== 'plain' ? ` (${tone})` : '');

function blockText(block: Block, rows: readonly LogRow[]): string[] {
  switch (block.kind) {
    case 'facts':
      return block.rows.map(({ label, value }) => `${label}: ${cellText(value)}`);
    case 'text':
      return [cellText(block)];
    case 'actions':
      return [block.actions.map(button).join(' ')];
    case 'table':
      return [
        `table: ${block.caption}`,
        [block.columns.map(({ title }) => title), ...block.rows.map((row) => row.map(cellText))]
          .map((row) => `  ${row.join(' | ')}`)
          .join('\n'),
      ];
    case 'bars':
      return [
        `bars: ${block.label}`,
        ...block.bars.map(
          ({ label, parts, text }) =>
            `  ${label} ${parts.map((part) => `<${part.tone} ${Math.round(part.share * 100)}: ${part.text}>`).join('')} ${text}`,
        ),
      ];
    case 'picture':
      return [`picture ${block.width}x${block.height}: ${block.alt}`];
    case 'log':
      return rows.map(({ rank, tone, time, place, line, what, took, text }) =>
        `${rank} ${tone} ${time} ${place}${line ? ` →${line}` : ''} | ${what} | ${took} | ${text}`.trimEnd(),
      );
  }
}

/** What a page shows now. */
export function pageText(page: FakePage): string {
  const { model } = page.last<{ model: PageModel }>('model') as { model: PageModel };
  const rows: LogRow[] = [];
  for (const { from, rows: more } of page.sent.filter(({ kind }) => kind === 'log') as unknown as {
    from: number;
    rows: LogRow[];
  }[]) {
    rows.length = from;
    rows.push(...more);
  }
  return [
    `# ${model.title}${model.state ? `: ${cellText(model.state)}` : ''}`,
    model.actions.map(button).join(' '),
    ...model.sections.flatMap(({ title, blocks }) => [
      `## ${title}`,
      ...blocks.flatMap((block) => blockText(block, rows)),
    ]),
  ].join('\n');
}

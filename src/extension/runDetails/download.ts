// The page of a run as a file: JSON for programs, or a page of its own that needs nothing and runs nothing.
import type { Run } from '../../protocol/run.ts';
import { t } from '../l10n.ts';
import type { Bar, Block, Cell, LogRow, PageModel } from './page/model.ts';
import { logWords, type Phase } from './story.ts';

/** Version of the JSON: raised when a field changes its meaning. */
const format = 1;

/** The run with its phases and its log. Secured values are `{"$type":"secured"}`, as they came. */
export const runAsJson = (
  run: Run,
  phases: readonly Phase[],
  rows: readonly LogRow[],
  omitted: number,
): string =>
  `${JSON.stringify(
    {
      format,
      run,
      phases,
      log: rows.map(({ time, place, what, took, text, line }) => ({
        time,
        place,
        ...(line === 0 ? {} : { line }),
        action: what,
        took,
        result: text,
      })),
      omitted,
    },
    null,
    2,
  )}\n`;

/** A whole document without script; every text is escaped, and its own rule forbids everything but its style and its picture. */
export function runAsHtml(
  model: PageModel,
  rows: readonly LogRow[],
  png: string | undefined,
  language: string,
): string {
  const picture = png !== undefined && /^[A-Za-z0-9+/]+={0,2}$/.test(png) ? png : undefined;
  const body = model.sections
    .map(
      ({ title, blocks }) =>
        `<section><h2>${escaped(title)}</h2>${blocks.map((block) => htmlOf(block, rows, picture)).join('')}</section>`,
    )
    .join('\n');
  return `<!DOCTYPE html>
<html lang="${escaped(language)}"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escaped(model.title)}</title><style>${style}</style></head>
<body><main><h1>${escaped(model.title)}</h1>${model.state ? `<p class="state">${escaped(model.state.text)}</p>` : ''}
${body}
</main></body></html>
`;
}

const style =
  ':root{color-scheme:light dark}body{font:14px/1.5 system-ui,sans-serif;max-width:1100px;margin:24px auto;padding:0 16px}dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px}dd{margin:0;overflow-wrap:anywhere}th,td{text-align:left;padding:1px 14px 1px 0;vertical-align:top}pre{white-space:pre-wrap;overflow-wrap:anywhere}.state{font-weight:600}img{max-width:100%;height:auto}';

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => escapes[character] as string);
const cell = ({ text, action }: Cell): string => escaped(text === '' && action ? action.title : text);

function htmlOf(block: Block, rows: readonly LogRow[], png: string | undefined): string {
  switch (block.kind) {
    case 'facts':
      return `<dl>${block.rows.map(({ label, value }) => `<dt>${escaped(label)}</dt><dd>${cell(value)}</dd>`).join('')}</dl>`;
    case 'text':
      return block.fixed ? `<pre>${escaped(block.text)}</pre>` : `<p>${escaped(block.text)}</p>`;
    case 'actions':
      return '';
    case 'table':
      return table(
        block.caption,
        block.columns.map(({ title }) => title),
        block.rows.map((row) => row.map(cell)),
      );
    case 'bars':
      return `<ul>${block.bars.map(barText).join('')}</ul>`;
    case 'picture':
      return png === undefined
        ? `<p>${escaped(t('The screenshot could not be read.'))}</p>`
        : `<img alt="${escaped(block.alt)}" src="data:image/png;base64,${png}">`;
    case 'log':
      return table(
        block.label,
        logWords().columns,
        rows.map(({ time, place, what, took, text }) => [time, place, what, took, text].map(escaped)),
      );
  }
}

const barText = ({ label, parts, text }: Bar): string =>
  `<li>${escaped(`${label}: ${text}`)} (${parts.map((part) => escaped(part.text)).join(', ')})</li>`;

const table = (caption: string, columns: readonly string[], rows: readonly (readonly string[])[]): string =>
  `<table><caption>${escaped(caption)}</caption><thead><tr>${columns.map((title) => `<th scope="col">${escaped(title)}</th>`).join('')}</tr></thead><tbody>${rows
    .map((row) => `<tr>${row.map((text) => `<td>${text}</td>`).join('')}</tr>`)
    .join('\n')}</tbody></table>`;

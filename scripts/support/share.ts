// How much of what real flows use this version's agent can run: by ids and by calls, against a count of the actions in public flows
// (calls.tsv: id, calls; attribution in NOTICE). Prints it: node scripts/support/share.ts
import { readFileSync } from 'node:fs';
import { canonicalId, isImplemented } from '../../src/language/catalog/catalog.ts';

export interface SeenAction {
  readonly id: string;
  readonly calls: number;
  readonly supported: boolean;
  /** What it needs that an agent without a Windows desktop does not have. */
  readonly needs: string | undefined;
}

/** The first pattern that fits an id says what it needs. */
const needs: readonly (readonly [RegExp, string])[] = [
  [/^MouseAndKeyboard\./, 'a Windows desktop: moves the mouse and types into windows'],
  [/^UIAutomation\./, 'a Windows desktop: looks for windows and what is in them'],
  [/^OCR\..*(?:OnScreen|Screen|ForegroundWindow)/, 'a Windows desktop: reads the screen'],
  [
    /^Workstation\.(?:TakeScreenshot|ShowDesktop|\w+ScreenResolution|ControlScreenSaver)/,
    'a Windows desktop: the screen',
  ],
  [
    /^System\.RunApplication\.RunApplicationAndWaitToLoad/,
    'a Windows desktop: waits for the window of a program',
  ],
  [/^WebAutomation\.ExtractData\.\w+InExcel/, 'Excel: opens it with the extracted data'],
  [/^WebAutomation\.LaunchFirefox/, 'Firefox: this agent drives Chrome and Edge'],
  [/^SAP\./, 'the SAP GUI on a Windows desktop'],
  [/^Outlook\./, 'Outlook'],
  [/^Excel\.(?:RunMacro|LaunchExcel\.LaunchUnderExistingProcess|Attach)/, 'Excel'],
  [/^Exchange\./, 'an Exchange server'],
  [/^External\.InvokeCloudConnector/, 'the connectors of the Power Platform cloud'],
];

/** Every id of the count, most used first. */
export function seenActions(): SeenAction[] {
  const text = readFileSync(new URL('calls.tsv', import.meta.url), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [id = '', calls] = line.split('\t');
      const current = canonicalId(id) ?? id;
      return {
        id,
        calls: Number(calls),
        supported: isImplemented(current),
        needs: needs.find(([pattern]) => pattern.test(current))?.[1],
      };
    });
}

/** For people. */
export function shareReport(seen: readonly SeenAction[] = seenActions()): string {
  const calls = (actions: readonly SeenAction[]) => actions.reduce((sum, action) => sum + action.calls, 0);
  const share = (part: readonly SeenAction[], whole: readonly SeenAction[]) =>
    `${part.length} of ${whole.length} ids (${percent(part.length, whole.length)}), ${calls(part)} of ${calls(whole)} calls (${percent(calls(part), calls(whole))})`;
  const free = seen.filter(({ needs: what }) => what === undefined);
  const lines = [
    `Supported of all actions seen in flows:      ${share(
      seen.filter(({ supported }) => supported),
      seen,
    )}`,
    `Supported of those that need no desktop:     ${share(
      free.filter(({ supported }) => supported),
      free,
    )}`,
  ];
  const missing = free.filter(({ supported }) => !supported);
  if (missing.length > 0) {
    lines.push('Missing although they need no desktop:');
    for (const { id, calls: count } of missing) lines.push(`  ${String(count).padStart(5)}  ${id}`);
  }
  lines.push('Not supported, and what they need:');
  for (const [, what] of needs) {
    const those = seen.filter((action) => action.needs === what && !action.supported);
    if (those.length > 0) {
      const modules = [...new Set(those.map(({ id }) => id.split('.', 1)[0]))].join(', ');
      lines.push(
        `  ${String(those.length).padStart(3)} ids, ${String(calls(those)).padStart(5)} calls  ${modules}: ${what}`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;

if (import.meta.main) process.stdout.write(shareReport());

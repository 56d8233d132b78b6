// package.json against the code: what is contributed exists, what exists is contributed, and nothing is said twice differently.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  colorIds,
  commandIds,
  contextKeys,
  fleetCommandIds,
  flowFlags,
  languageId,
  machineFlags,
  runFlags,
  runScheme,
  settingIds,
  settingsSection,
  viewIds,
} from '../../src/extension/names.ts';
import {
  detailCommandIds,
  detailSettingIds,
  monitorViewId,
  pageTypes,
} from '../../src/extension/runDetails/names.ts';
import { lintRules, ruleSeverities } from '../../src/language/checks/lint/rules.ts';
import { serverSettingIds } from '../../src/server/settings.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const text = read('package.json');
const manifest = JSON.parse(text);
const strings: Record<string, string> = JSON.parse(read('package.nls.json'));
const {
  commands,
  menus,
  views,
  viewsContainers,
  viewsWelcome,
  configuration,
  colors,
  walkthroughs,
  languages,
} = manifest.contributes;

const allCommandIds: readonly string[] = [commandIds, fleetCommandIds, detailCommandIds].flatMap((ids) =>
  Object.values<string>(ids),
);
const allViewIds: readonly string[] = [...Object.values(viewIds), monitorViewId];

interface MenuItem {
  command: string;
  when?: string;
  group?: string;
}
const menuItems = Object.values(menus as Record<string, MenuItem[]>).flat();
const whens: string[] = [...menuItems, ...viewsWelcome].map(({ when }) => when ?? '');
const steps: { description: string; media: { markdown: string }; completionEvents: string[] }[] =
  walkthroughs.flatMap((walkthrough: { steps: unknown[] }) => walkthrough.steps);
const said = (placeholder: string) => strings[placeholder.replaceAll('%', '')] ?? '';

/** Commands about the window as a whole, or about what stands under the cursor of a debug session. */
const onlyInPalette = new Set<string>([commandIds.restartLanguageServer]);

describe('commands', () => {
  it('are contributed exactly once each, with title, category and icon', () => {
    expect(commands.map(({ command }: MenuItem) => command).sort()).toEqual([...allCommandIds].sort());
    for (const { title, category, icon } of commands) {
      expect([said(title), said(category), icon]).toEqual([
        expect.stringMatching(/\w/),
        'Desktop Flows',
        expect.stringMatching(/^\$\(.+\)$/),
      ]);
    }
  });

  it('named by menus, welcome texts and walkthrough steps exist', () => {
    const linked = Object.values(strings).flatMap((value) =>
      [...value.matchAll(/\(command:([\w.]+)\)/g)].map((match) => match[1] as string),
    );
    const completed = steps
      .flatMap(({ completionEvents }) => completionEvents)
      .flatMap((event) => /^onCommand:(.+)$/.exec(event)?.[1] ?? []);
    const known = new Set<string>([...allCommandIds, ...allViewIds.map((view) => `${view}.focus`)]);
    const ours = [...menuItems.map(({ command }) => command), ...linked, ...completed].filter(
      (id) => !id.startsWith('workbench.'),
    );
    expect(ours.filter((id) => !known.has(id))).toEqual([]);
  });

  it('about one run are on its row and on its page', () => {
    const on = (place: string, condition: string) =>
      (menus[place] as MenuItem[])
        .filter(({ when }) => when?.includes(condition))
        .map(({ command }) => command);
    const row = on('view/item/context', viewIds.runQueue);
    for (const command of [
      commandIds.showRun,
      commandIds.stopRun,
      commandIds.stopRunSafely,
      commandIds.pauseRun,
      commandIds.resumeRun,
      commandIds.resubmitRun,
      commandIds.openFailingLine,
      commandIds.copyErrorDetails,
      commandIds.answerQuestion,
    ]) {
      expect(row).toContain(command);
    }
    for (const command of [
      commandIds.stopRun,
      commandIds.pauseRun,
      commandIds.resumeRun,
      commandIds.resubmitRun,
      commandIds.openFailingLine,
      commandIds.copyErrorDetails,
    ]) {
      expect(on('editor/title', runScheme)).toContain(command);
      expect(on('editor/title', pageTypes.run)).toContain(command);
    }
  });

  it('can each be reached from a view and from the palette', () => {
    const inPlaces = (places: RegExp) =>
      new Set(
        Object.entries(menus as Record<string, MenuItem[]>)
          .filter(([place]) => places.test(place))
          .flatMap(([, items]) => items.map(({ command }) => command)),
      );
    const reachable = inPlaces(/^(view|editor|explorer|debug)\//);
    for (const text of Object.values(strings))
      for (const [, id] of text.matchAll(/\(command:([\w.]+)\)/g)) reachable.add(id as string);
    expect(allCommandIds.filter((id) => !reachable.has(id) && !onlyInPalette.has(id))).toEqual([]);
    const kept = (menus.commandPalette as MenuItem[]).filter(({ when }) => when === 'false');
    expect(kept).toEqual([]);
  });

  it('are enabled only where they can do something, when that depends on the place', () => {
    const palette = new Map((menus.commandPalette as MenuItem[]).map(({ command, when }) => [command, when]));
    const conditions = new Map<string, string>(
      commands.flatMap(({ command, enablement }: { command: string; enablement?: string }) => {
        const condition = enablement ?? palette.get(command);
        return condition === undefined ? [] : [[command, condition]];
      }),
    );
    // Commands about the text of the open flow, and those that one state of the agent rules out.
    for (const command of [commandIds.runFromHere, commandIds.addInput, commandIds.copyForDesigner])
      expect(conditions.get(command), command).toContain('editorLangId == robin');
    for (const command of [commandIds.startAgent, commandIds.stopAgent, fleetCommandIds.restartAgent])
      expect(conditions.get(command), command).toContain(contextKeys.agentState);
    // All others ask what they are about, or say why there is nothing to do.
    const keys = new Set<string>(Object.values(contextKeys));
    for (const [command, condition] of conditions)
      for (const [key] of condition.matchAll(/desktopFlows\.\w+/g)) expect(keys, command).toContain(key);
  });

  it('inline on a row have an icon', () => {
    const icons = new Map<string, string>(
      commands.map(({ command, icon }: { command: string; icon: string }) => [command, icon]),
    );
    for (const { command, group } of menuItems)
      if (/^(inline|navigation)/.test(group ?? '')) expect(icons.get(command), command).toMatch(/^\$\(.+\)$/);
  });
});

describe('views', () => {
  it('are contributed exactly once each, in a container with an icon', () => {
    const containers = [...viewsContainers.activitybar, ...viewsContainers.panel];
    expect(
      containers.flatMap(({ id }: { id: string }) => views[id]).map(({ id }: { id: string }) => id),
    ).toEqual(allViewIds);
    for (const { icon } of containers) expect(existsSync(join(root, icon))).toBe(true);
  });

  it('have a welcome text for every state in which they can be empty', () => {
    const states = (view: string) =>
      viewsWelcome
        .filter((welcome: { view: string }) => welcome.view === view)
        .map(({ when }: { when: string }) => /agentState == (\w+)/.exec(when)?.[1] ?? 'unknown');
    expect([...new Set(states(viewIds.machines))].sort()).toEqual(['notStarted', 'unknown']);
    expect([...new Set(states(viewIds.runQueue))].sort()).toEqual([
      'connected',
      'failed',
      'notStarted',
      'reconnecting',
      'starting',
      'unknown',
    ]);
  });
});

describe('conditions', () => {
  it('use only context keys, views and row flags that the code sets', () => {
    const flags = new Set<string>([
      ...[runFlags, machineFlags, flowFlags].flatMap((flags) => Object.values(flags)),
    ]);
    const keys = new Set<string>(Object.values(contextKeys));
    const ids = new Set<string>([...keys, ...allViewIds, ...Object.values(pageTypes)]);
    for (const when of whens) {
      for (const [, flag] of when.matchAll(/viewItem =~ \/\\b(\w+)\\b\//g))
        expect(flags, when).toContain(flag);
      for (const [name] of when.matchAll(/desktopFlows\.\w+/g)) expect(ids, when).toContain(name);
      for (const [, scheme] of when.matchAll(/resourceScheme == ([\w-]+)/g)) expect(scheme).toBe(runScheme);
      for (const [, id] of when.matchAll(/resourceLangId == (\w+)/g)) expect(id).toBe(languageId);
    }
    for (const flag of flags) {
      if (flag !== runFlags.run && flag !== machineFlags.machine)
        expect(
          whens.some((when) => when.includes(`\\b${flag}\\b`)),
          flag,
        ).toBe(true);
    }
  });
});

describe('settings', () => {
  it('are contributed exactly once each, described and with a default', () => {
    expect(Object.keys(configuration.properties).sort()).toEqual(
      [...Object.values(settingIds), ...Object.values(detailSettingIds), ...serverSettingIds]
        .map((id) => `${settingsSection}.${id}`)
        .sort(),
    );
    for (const [
      id,
      { markdownDescription, default: preset, enum: members, enumDescriptions },
    ] of Object.entries<Record<string, string | string[]>>(configuration.properties)) {
      expect(said(String(markdownDescription)).length, id).toBeGreaterThan(30);
      expect(preset, id).toBeDefined();
      expect(enumDescriptions?.length, id).toBe(members?.length);
    }
  });

  it('offer every rule of the checks with its default and what it is for', () => {
    const { properties, additionalProperties } = configuration.properties['desktopFlows.lint.rules'];
    expect(additionalProperties).toBe(false);
    expect(properties).toEqual(
      Object.fromEntries(
        lintRules.map(({ code, title, explanation, default: preset }) => [
          code,
          {
            type: 'string',
            enum: [...ruleSeverities],
            default: preset,
            description: `${title}. ${explanation}`,
          },
        ]),
      ),
    );
  });

  it('that decide which program runs or where data lies cannot come from a workspace', () => {
    for (const id of [settingIds.nodePath, settingIds.dataFolder]) {
      expect(configuration.properties[`${settingsSection}.${id}`].scope).toBe('machine');
    }
  });
});

it('contributes its colours, for every kind of theme', () => {
  expect(colors.map(({ id }: { id: string }) => id)).toEqual(Object.values(colorIds));
  for (const { defaults } of colors)
    expect(Object.keys(defaults)).toEqual(['light', 'dark', 'highContrast', 'highContrastLight']);
});

it('uses every string of package.nls.json, and no string that is missing there', () => {
  const used = [...new Set([...text.matchAll(/"%([\w.]+)%"/g)].map((match) => match[1]))];
  expect(used.sort()).toEqual(Object.keys(strings).sort());
});

it('names files that exist, and the language of the code', () => {
  expect(languages.map(({ id }: { id: string }) => id)).toContain(languageId);
  for (const file of [manifest.icon, ...steps.map(({ media }) => media.markdown)])
    expect(existsSync(join(root, file)), file).toBe(true);
});

it('has a walkthrough of five steps that complete by themselves, and says that there is no telemetry', () => {
  expect(steps).toHaveLength(5);
  for (const { completionEvents } of steps)
    for (const event of completionEvents) expect(event).toMatch(/^on(Command|Context|View):/);
  expect(strings['walkthrough.description']).toMatch(/no telemetry/);
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  for (const file of sources)
    expect(readFileSync(join(root, 'src', file), 'utf8'), file).not.toMatch(
      /createTelemetryLogger|TelemetryReporter/,
    );
});

it('keeps the promise of a limited mode in untrusted workspaces', () => {
  expect(manifest.capabilities.untrustedWorkspaces.supported).toBe('limited');
});

it('has its shared identifiers in names.ts only', () => {
  const folder = join(root, 'src', 'extension');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !/(^|[\\/])names\.ts$/.test(file),
  );
  // Keys of this window's own memory and the id of its status bar item are nobody else's business.
  const own = /^desktopFlows\.(inputs:|requestedRuns$|status$)/;
  const strays = files.flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/['`](desktopFlows\.[^'`$]*)/g)]
      .map((match) => match[1] as string)
      .filter((id) => id !== 'desktopFlows.' && !own.test(id)),
  );
  expect(strays).toEqual([]);
});

// The settings of the language server (`desktopFlows.*`), read from whatever a client sends. A value that makes no sense counts
// as not given.
import { type RuleSeverity, ruleSeverities } from '../language/checks/lint/rules.ts';

export interface Settings {
  /** Severity of a rule by its code, `desktopFlows.lint.rules`. */
  readonly rules: Readonly<Record<string, RuleSeverity>>;
  readonly inlayHints: {
    readonly argumentMeaning: boolean;
    readonly types: boolean;
    readonly producedVariables: boolean;
  };
  readonly codeLens: { readonly run: boolean; readonly references: boolean };
}

export const defaultSettings: Settings = {
  rules: {},
  inlayHints: { argumentMeaning: true, types: true, producedVariables: true },
  codeLens: { run: true, references: true },
};

/** Every setting that the server reads, below `desktopFlows.`. */
export const serverSettingIds = [
  'lint.rules',
  'inlayHints.argumentMeaning',
  'inlayHints.types',
  'inlayHints.producedVariables',
  'codeLens.run',
  'codeLens.references',
] as const;

/** `given` is the section `desktopFlows` of the client's configuration. */
export function readSettings(given: unknown): Settings {
  const section = fields(given);
  const flag = (parent: unknown, name: string, usual: boolean) => {
    const value = fields(parent)[name];
    return typeof value === 'boolean' ? value : usual;
  };
  const { inlayHints, codeLens } = defaultSettings;
  return {
    rules: Object.fromEntries(
      Object.entries(fields(fields(section.lint).rules)).filter((entry): entry is [string, RuleSeverity] =>
        ruleSeverities.includes(entry[1] as RuleSeverity),
      ),
    ),
    inlayHints: {
      argumentMeaning: flag(section.inlayHints, 'argumentMeaning', inlayHints.argumentMeaning),
      types: flag(section.inlayHints, 'types', inlayHints.types),
      producedVariables: flag(section.inlayHints, 'producedVariables', inlayHints.producedVariables),
    },
    codeLens: {
      run: flag(section.codeLens, 'run', codeLens.run),
      references: flag(section.codeLens, 'references', codeLens.references),
    },
  };
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}

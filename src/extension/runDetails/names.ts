// Identifiers of run details, history and flow monitor that package.json and the code share. Those of everything else are in ../names.ts.

export const detailCommandIds = {
  showRunAsText: 'desktopFlows.showRunAsText',
  downloadRun: 'desktopFlows.downloadRun',
  showHistory: 'desktopFlows.showHistory',
  showMonitor: 'desktopFlows.showMonitor',
  toggleInlineStatus: 'desktopFlows.toggleInlineStatus',
} as const;
export type DetailCommandName = keyof typeof detailCommandIds;

/** Types of the web pages: what `activeWebviewPanelId` says of them. */
export const pageTypes = {
  run: 'desktopFlows.runDetails',
  history: 'desktopFlows.history',
} as const;

export const monitorViewId = 'desktopFlows.monitor';

/** What language models are given: see ../assistants/. */
export const assistantIds = { toolPrefix: 'desktopFlows_', mcpProvider: 'desktopFlows.mcp' } as const;

/** Settings below `desktopFlows.`. */
export const detailSettingIds = {
  inlineStatus: 'inlineStatus',
  historyDays: 'history.days',
} as const;

// The look of every web page, in the colours of the theme. High contrast gets borders where colours alone would tell things apart.

export const pageStyle = `
:root { color-scheme: light dark; }
body { padding: 0 20px 20px; color: var(--vscode-foreground); background: var(--vscode-editor-background); font: var(--vscode-font-size, 13px) var(--vscode-font-family, sans-serif); line-height: 1.45; }
main { max-width: 1200px; }
h1 { font-size: 1.4em; font-weight: 600; margin: 12px 0 2px; overflow-wrap: anywhere; }
h2 { font-size: 1.1em; font-weight: 600; margin: 20px 0 6px; padding-bottom: 4px; border-bottom: 1px solid var(--vscode-widget-border, var(--vscode-contrastBorder, #8885)); }
p { margin: 4px 0; overflow-wrap: anywhere; }
.spoken { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.state { font-weight: 600; }
.good { color: var(--vscode-testing-iconPassed, inherit); }
.bad { color: var(--vscode-errorForeground, inherit); }
.warn { color: var(--vscode-editorWarning-foreground, inherit); }
.quiet { color: var(--vscode-descriptionForeground); }
.vscode-light .good { color: #14672b; } .vscode-light .bad { color: #a1260d; } .vscode-light .warn { color: #7a4d00; }
.vscode-high-contrast .good, .vscode-high-contrast .bad, .vscode-high-contrast .warn, .vscode-high-contrast .quiet { color: var(--vscode-foreground); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 16px; margin: 0; }
dt { color: var(--vscode-descriptionForeground); }
.vscode-light dt, .vscode-light .quiet { color: #555; }
dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
pre { margin: 4px 0; padding: 8px; overflow: auto; max-height: 300px; background: var(--vscode-textCodeBlock-background); border: 1px solid var(--vscode-contrastBorder, transparent); font-family: var(--vscode-editor-font-family, monospace); white-space: pre-wrap; overflow-wrap: anywhere; color: var(--vscode-foreground); }
.actions { display: flex; flex-wrap: wrap; gap: 6px; margin: 8px 0; }
button { font: inherit; color: var(--vscode-button-secondaryForeground, var(--vscode-foreground)); background: var(--vscode-button-secondaryBackground, transparent); border: 1px solid var(--vscode-contrastBorder, var(--vscode-button-border, transparent)); border-radius: 3px; padding: 3px 10px; cursor: pointer; min-height: 24px; }
button:hover { background: var(--vscode-button-secondaryHoverBackground, var(--vscode-toolbar-hoverBackground)); }
button:focus-visible, [tabindex]:focus-visible, input:focus-visible, select:focus-visible { outline: 2px solid var(--vscode-focusBorder); outline-offset: 1px; }
button.link { background: none; border: none; padding: 0; min-height: 0; line-height: 20px; color: var(--vscode-textLink-foreground); text-decoration: underline; white-space: nowrap; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 6px 0; }
caption { text-align: left; color: var(--vscode-descriptionForeground); padding-bottom: 4px; }
.vscode-light caption { color: #555; }
th, td { text-align: left; font-weight: normal; padding: 2px 14px 2px 0; vertical-align: top; max-width: 480px; overflow-wrap: anywhere; }
thead th { font-weight: 600; border-bottom: 1px solid var(--vscode-widget-border, var(--vscode-contrastBorder, #8885)); }
.numeric { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
figure { margin: 8px 0; }
.bar { display: grid; grid-template-columns: minmax(90px, 180px) minmax(120px, 420px) 1fr; gap: 10px; align-items: center; margin: 3px 0; }
.bar .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.bar svg { width: 100%; height: 14px; background: var(--vscode-textCodeBlock-background); border: 1px solid var(--vscode-contrastBorder, transparent); }
rect.good { fill: var(--vscode-testing-iconPassed, #388a34); } rect.bad { fill: var(--vscode-testing-iconFailed, #c72e0f); } rect.warn { fill: var(--vscode-charts-yellow, #bf8803); }
rect.active { fill: var(--vscode-charts-blue, #1a85ff); } rect.quiet { fill: var(--vscode-charts-purple, #652d90); opacity: .55; } rect.plain { fill: var(--vscode-descriptionForeground); opacity: .5; }
.vscode-high-contrast rect { stroke: var(--vscode-contrastBorder); stroke-width: 1; opacity: 1; }
img { max-width: 100%; height: auto; border: 1px solid var(--vscode-widget-border, #8885); }
.filter label { display: inline-flex; align-items: center; gap: 5px; }
.filter { display: flex; flex-wrap: wrap; gap: 6px 16px; align-items: center; margin-bottom: 6px; }
input, select { font: inherit; color: var(--vscode-input-foreground); background: var(--vscode-input-background); border: 1px solid var(--vscode-input-border, var(--vscode-contrastBorder, #8888)); padding: 2px 6px; min-height: 24px; box-sizing: border-box; }
.rows { height: 396px; overflow: auto; border: 1px solid var(--vscode-widget-border, var(--vscode-contrastBorder, #8885)); font-size: .95em; }
.height { position: relative; }
.window { position: absolute; left: 0; right: 0; }
.row { display: grid; grid-template-columns: 100px minmax(90px, 200px) minmax(120px, 240px) 80px minmax(200px, 1fr); gap: 10px; height: 22px; line-height: 22px; padding: 0 8px; }
.row > span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.row.head { position: sticky; top: 0; z-index: 1; font-weight: 600; background: var(--vscode-editor-background); border-bottom: 1px solid var(--vscode-widget-border, var(--vscode-contrastBorder, #8885)); }
`;

// `dflow check`: files and folders, every format of the report, corrections, and what can go wrong with a path.
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type CheckRequest, checkFlows } from '../../src/cli/check.ts';
import { flowPaths } from '../../src/cli/flowFile.ts';
import { readRules } from '../../src/cli/rules.ts';
import { elementsText, screen } from '../interchange/repositoryTexts.ts';
import { folderWith, written } from './output.ts';

function check(paths: readonly string[], request: Partial<CheckRequest> = {}) {
  const out = written();
  const code = checkFlows({ paths, format: 'human', fix: false, rules: {}, ...request }, out);
  return { code, text: out.text };
}

const clean = 'SET Total TO 1\nDisplay.ShowMessageDialog.ShowMessage Message: Total\n';
const dropped = 'SET A TO %B%\n';
const wrong = 'Text.Shout Text: 1\n';
/** `head` makes a whole flow of it: only then is a missing name certain. */
const head = "@@Type: 'Local'\nIMPORT 'controlRepo.appmask' AS appmask\n@SENSITIVE: []\n";

describe('dflow check', () => {
  it('gives one JSON object with a verdict per file and nothing else', () => {
    const { folder, path } = folderWith({ 'b.robin': dropped, 'a/clean.robin': clean, 'c.PAD': wrong });
    const { code, text } = check([folder], { format: 'json' });
    expect(code).toBe(1);
    expect(text.trimEnd()).not.toContain('\n');
    const { files, ...rest } = JSON.parse(text);
    expect(rest).toEqual({});
    expect(files.map((file: { path: string; verdict: string }) => [file.path, file.verdict])).toEqual([
      [path('b.robin'), 'rejected'],
      [path('c.PAD'), 'errors'],
      [path('a/clean.robin'), 'clean'],
    ]);
    expect(files[1].diagnostics).toEqual([
      {
        code: 'ActionUnknown',
        severity: 'error',
        message: expect.stringContaining('There is no action “Text.Shout”.'),
        line: 1,
        column: 1,
        endLine: 1,
        endColumn: 11,
      },
    ]);
    expect(Object.keys(files[0])).toEqual(['path', 'verdict', 'diagnostics']);
  });

  it('ends with 0 when no file is rejected or has errors, whatever else is said', () => {
    const { folder } = folderWith({
      'a.robin': clean,
      'b.robin': 'Workstation.LockWorkstation\n',
    });
    const { code, text } = check([folder]);
    expect(code).toBe(0);
    expect(text).toMatch(/2 files: 0 errors, 0 warnings, 1 not supported by this agent/);
    expect(check([folder, folder], { format: 'json' }).text).toBe(check([folder], { format: 'json' }).text);
  });

  it('looks into folders, but not into node_modules, .git and linked folders', () => {
    const { folder, path } = folderWith({
      'x/y/z.robin': clean,
      'node_modules/n.robin': clean,
      '.git/g.robin': clean,
      'notes.txt': 'x',
    });
    symlinkSync(folder, path('x/round'));
    expect(flowPaths([folder])).toEqual([{ path: path('x/y/z.robin') }]);
    expect(check([path('notes.txt')], { format: 'json' }).text).toContain('"verdict":"rejected"');
  });

  it.skipIf(process.platform === 'win32')('does not wait for a pipe that has the name of a flow', () => {
    const { folder, path } = folderWith({ 'a.robin': clean });
    execFileSync('mkfifo', [path('b.robin')]);
    expect(flowPaths([folder])).toEqual([{ path: path('a.robin') }]);
  });

  it('reports a file that cannot be read as an entry of its own, and goes on', () => {
    const { path } = folderWith({ 'utf32.robin': Uint8Array.of(0xff, 0xfe, 0, 0), 'a.robin': clean });
    const { code, text } = check([path('absent.robin'), path('utf32.robin'), path('a.robin')], {
      format: 'json',
    });
    expect(code).toBe(1);
    expect(
      JSON.parse(text).files.map((file: { verdict: string; diagnostics: { code: string }[] }) => [
        file.verdict,
        file.diagnostics.map((diagnostic) => diagnostic.code),
      ]),
    ).toEqual([
      ['errors', ['FlowNotFound']],
      ['errors', ['FlowEncodingUnknown']],
      ['clean', []],
    ]);
  });

  it('knows the UI elements beside a flow and the other flows of the folder', () => {
    const id = '11111111-0000-0000-0000-000000000000';
    const { folder } = folderWith({
      'solution.json': JSON.stringify({
        format: 1,
        flows: [{ id, name: 'Child', path: 'Child/Child.robin' }],
        parts: [],
      }),
      'Parent/Parent.robin': `${head}UIAutomation.Click.Click Element: appmask['Window']['Gone']\nExternal.RunFlow FlowId: '${id}' @Wrong: 1\n`,
      'Parent/controlRepo.appmask': elementsText(screen('Window', { elements: [{ name: 'Here' }] })),
      'Child/Child.robin': `${head}@INPUT Right : { 'Description': '', 'FriendlyName': 'Right', 'Type': 'Numeric', 'IsOptional': False, 'DefaultValue': 1 }\nWAIT Right\n`,
    });
    const { text } = check([folder]);
    expect(text).toMatch(/Parent\.robin:4:\d+: error UiElementUnknown: .*“Gone”/);
    expect(text).toMatch(/Parent\.robin:5:\d+: warning RunInputUnknown: .*“Wrong”/);
  });

  it('concludes nothing from a damaged repository, nor about a flow whose name several have', () => {
    const child = (input: string) => `${head}@INPUT ${input} : { 'Type': 'Numeric' }\nWAIT ${input}\n`;
    const run = (name: string, input: string) =>
      `@@flowname: '${name}'\nExternal.RunFlow FlowId: 'none' @${input}: 1\n`;
    const repository = elementsText(screen('Window', { elements: [{ name: 'Here' }] }));
    const { folder } = folderWith({
      'a/Parent.robin': `${head}UIAutomation.Click.Click Element: appmask['Window']['Gone']\n${run('Child', 'Wrong')}`,
      'a/controlRepo.appmask': repository.slice(0, -10),
      'b/Child.robin': child('Right'),
      'c/Child.robin': child('Right'),
    });
    expect(check([folder]).text).not.toMatch(/UiElementUnknown|RunInput/);

    // The one in the same folder is meant, and running a namesake is no circle.
    const near = folderWith({
      'a/Parent.robin': head + run('Child', 'Wrong'),
      'a/Child.robin': child('Right'),
      'b/Child.robin': child('Right'),
      'c/Same.robin': head + run('Other', 'X'),
      'c/Other.robin': head,
      'd/Same.robin': head + run('Same', 'X'),
    });
    const { text } = check([near.folder]);
    expect(text).toMatch(/Parent\.robin:\d+:\d+: warning RunInputUnknown/);
    expect(text.match(/.*FlowCircle/g)).toEqual([expect.stringContaining(near.path('d/Same.robin'))]);
  });

  it('writes SARIF 2.1.0 with a rule for every code and a place for every result', () => {
    const { folder, path } = folderWith({ 'a b.robin': dropped });
    const { version, $schema, runs } = JSON.parse(check([folder], { format: 'sarif' }).text);
    expect([version, $schema]).toEqual(['2.1.0', 'https://json.schemastore.org/sarif-2.1.0.json']);
    const [run] = runs;
    expect(run.tool.driver.name).toBe('dflow');
    expect(run.results.length).toBeGreaterThan(0);
    for (const result of run.results) {
      expect(run.tool.driver.rules[result.ruleIndex].id).toBe(result.ruleId);
      expect(['error', 'warning', 'note']).toContain(result.level);
      const { artifactLocation, region } = result.locations[0].physicalLocation;
      expect(artifactLocation.uri).toBe(`file://${path('a%20b.robin')}`);
      expect(region.startLine).toBe(1);
      expect(region.endColumn).toBeGreaterThanOrEqual(region.startColumn);
    }
  });

  it('writes annotations for GitHub, one line each', () => {
    const { folder, path } = folderWith({ 'a,b.robin': wrong });
    expect(check([folder], { format: 'github' }).text).toMatch(
      new RegExp(
        `^::error file=${path('a')}%2Cb\\.robin,line=1,endLine=1,col=1,endColumn=11,title=ActionUnknown::There is no action [^\\n]*\\n$`,
      ),
    );
  });

  it('takes the severity of a rule from --rule', () => {
    const { folder } = folderWith({ 'a.robin': `${head}SET Unused TO 1\n` });
    expect(check([folder], { rules: readRules(['unusedvariable=error']) }).text).toMatch(
      /error UnusedVariable/,
    );
    expect(check([folder], { rules: readRules(['UnusedVariable=off']) }).text).not.toMatch(/UnusedVariable/);
    expect(() => readRules(['UnusedVariabel=off'])).toThrow(
      'There is no rule UnusedVariabel. Do you mean UnusedVariable?',
    );
    expect(() => readRules(['UnusedVariable=fatal'])).toThrow('--rule UnusedVariable=fatal has no severity.');
  });

  it('corrects in the encoding of the file, keeps its rights, and checks what came out', () => {
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(`// note\r\n${clean}`, 'utf16le')]);
    const { path } = folderWith({ 'a.robin': utf16, 'b.robin': clean });
    chmodSync(path('a.robin'), 0o640);
    const { code, text } = check([path('a.robin'), path('b.robin')], { fix: true });
    expect([code, text]).toEqual([0, '2 files: 0 errors, 0 warnings, 1 correction made\n']);
    const after = readFileSync(path('a.robin'));
    expect(after.subarray(0, 2)).toEqual(Buffer.from([0xff, 0xfe]));
    expect(after.subarray(2).toString('utf16le')).toBe(`# note\r\n${clean}`);
  });
});

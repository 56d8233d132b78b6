// A flow drives a real program: launched, filled in with mouse and keyboard, ticked, chosen from list and menu, its table read, its picture
// taken, and closed. The interpreter, the actions and the Desktop with its thread are the real ones; with each driver.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { startDesktop } from '../../src/desktop/thread.ts';
import { windowsShell } from '../../src/desktop/windows/shell.ts';
import { parse } from '../../src/language/syntax/parser.ts';
import type { Repositories, UiElement } from '../../src/runtime/elements.ts';
import { createRun, type Outcome } from '../../src/runtime/run.ts';
import { temporaryFolder, testProgramPath } from './harness.ts';

const thread = new URL('../../src/desktop/threadMain.ts', import.meta.url);

/** Elements of the test program by name. */
const selectors: Readonly<Record<string, string>> = {
  Name: 'edit[Id="101"]',
  Password: 'edit[Id="102"]',
  OK: 'button[Id="104"]',
  Tick: 'check box[Id="120"]',
  Green: 'radio button[Id="123"]',
  Colours: 'combo box[Id="125"]',
  Table: 'table[Id="128"]',
  Tree: 'tree[Id="129"]',
  Other: 'button[Name="%Wanted%"]',
};

function elements(protocol: string): Repositories {
  const element = (name: string, text: string, screen?: UiElement): UiElement => ({
    name,
    type: undefined,
    selectors: [{ name: 'written', text, levels: [] }],
    screen,
    protocol,
  });
  const screen = element('Main', ':desktop > window[Name="A flow"][Process="testProgram"]');
  return {
    element: ([, name]) => {
      if (name === undefined) return screen;
      const text = selectors[name];
      return text === undefined ? undefined : element(name, text, screen);
    },
    image: () => undefined,
  };
}

async function run(text: string, folder: string, protocol: string): Promise<Outcome> {
  const flow = createRun({
    flow: parse(text),
    name: 'flow',
    folder,
    inputs: {},
    host: {
      clock: systemClock,
      ask: () => Promise.reject(new Error('nobody is asked')),
      log: () => {},
    },
    observer: { actionEnded: () => {} },
    repositories: elements(protocol),
    desktop: async () => startDesktop({ thread }),
    shell: windowsShell(),
  });
  return await flow.start();
}

const quoted = (text: string): string => `$'''${text.replaceAll('\\', '\\\\')}'''`;

for (const protocol of ['uia3', 'win32']) {
  describe(`by ${protocol}`, () => {
    test('a flow drives a program from its start to its end', async () => {
      using folder = temporaryFolder('flow ü');
      const log = join(folder.path, 'log.txt');
      const outcome = await run(
        [
          `System.RunApplication.RunApplicationAndWaitToLoad ApplicationPath: ${quoted(testProgramPath)} CommandLineArguments: ${quoted(`--log "${log}" --title "A flow" --rows 3`)} WindowStyle: System.ProcessWindowStyle.Normal Timeout: 20 ProcessId=> Id WindowHandle=> Handle`,
          'UIAutomation.FocusWindow.FocusByInstanceOrHandle WindowInstance: Handle',
          "UIAutomation.PopulateTextField.PopulateTextField TextField: appmask['Main']['Name'] Text: $'''first''' Mode: UIAutomation.PopulateTextMode.Replace ClickType: UIAutomation.PopulateMouseClickType.SingleClick",
          "UIAutomation.PopulateTextField.PopulateTextField TextField: appmask['Main']['Name'] Text: $'''Zoë {1}''' Mode: UIAutomation.PopulateTextMode.Replace ClickType: UIAutomation.PopulateMouseClickType.SingleClick",
          "WAIT (UIAutomation.WaitForWindowContent.WindowToContainText Text: $'''{1}''' Window: appmask['Main']) FOR 5",
          "UIAutomation.GetElementDetails Element: appmask['Main']['Name'] AttributeName: $'''Own Text''' BringToFront: True AttributeValue=> Typed",
          "MouseAndKeyboard.SendKeys.FocusAndSendKeysByControl Control: appmask['Main']['Name'] TextToSend: $'''{Home}{Shift}({End}){Delete}keys{Left:2}+{End}!''' DelayBetweenKeystrokes: 0 SendTextAsHardwareKeys: True",
          "WAIT (UIAutomation.WaitForWindowContent.WindowToContainText Text: $'''ys!''' Window: appmask['Main']) FOR 5",
          "UIAutomation.GetElementDetails Element: appmask['Main']['Name'] AttributeName: $'''Own Text''' BringToFront: True AttributeValue=> Sent",
          "UIAutomation.PopulateTextField.SimulatePopulateTextField TextField: appmask['Main']['Password'] Text: $'''hunter2''' Mode: UIAutomation.PopulateTextMode.Replace",
          "UIAutomation.SetCheckboxState Checkbox: appmask['Main']['Tick'] CheckboxState: UIAutomation.CheckboxState.Checked",
          "UIAutomation.SelectRadioButton RadioButton: appmask['Main']['Green']",
          "UIAutomation.SetDropDownListValueInWindow.SetDropDownListValueByIndex DropDownList: appmask['Main']['Colours'] OptionsIndeces: $'''2'''",
          "UIAutomation.Click.Click Element: appmask['Main']['OK'] ClickType: UIAutomation.ClickType.LeftClick MousePositionRelativeToElement: UIAutomation.RectangleEdgePoint.MiddleCenter OffsetX: 0 OffsetY: 0",
          "SET Wanted TO $'''OK'''",
          "UIAutomation.Click.SimulateClick Element: appmask['Main']['Other']",
          "UIAutomation.ExtractDataFromTable.ExtractDataFromTable Control: appmask['Main']['Table'] BringToFront: True ExtractedData=> Table",
          "Workstation.TakeScreenshot.TakeScreenshotOfForegroundWindowAndSaveToFile File: $'''shot.png''' ImageFormat: System.ImageFormat.Png",
          'UIAutomation.CloseWindow.CloseByInstanceOrHandle WindowInstance: Handle',
          'WAIT (UIAutomation.WaitForWindow.ToCloseByInstanceOrHandle WindowInstance: Handle) FOR 10',
          `File.WriteText File: $'''result.txt''' TextToWrite: $'''%Typed%|%Sent%|%Table[1][0]%|%Table.RowsCount%''' AppendNewLine: False IfFileExists: File.IfFileExists.Overwrite Encoding: File.FileEncoding.UTF8`,
        ].join('\n'),
        folder.path,
        protocol,
      );
      assert.equal(outcome.outcome, 'Succeeded', JSON.stringify(outcome));
      const result = readFileSync(join(folder.path, 'result.txt'), 'utf8').replace('\ufeff', '');
      assert.equal(result, 'Zoë {1}|ke+ys!|A-1002|3');
      const logged = readFileSync(log, 'utf8').split('\n');
      for (const line of ['tick=1', 'ok=1', 'ok=2'])
        assert.ok(logged.includes(line), `${line} in ${logged.join(' | ')}`);
      assert.equal(readFileSync(join(folder.path, 'shot.png')).toString('latin1', 1, 4), 'PNG');
    });

    test('an element that is not there is named with what is there instead', async () => {
      using folder = temporaryFolder('flow');
      const outcome = await run(
        [
          `System.RunApplication.RunApplicationAndWaitToLoad ApplicationPath: ${quoted(testProgramPath)} CommandLineArguments: $'''--title "A flow"''' Timeout: 20 ProcessId=> Id WindowHandle=> Handle`,
          "SET Wanted TO $'''OKAY'''",
          'BLOCK',
          '    ON BLOCK ERROR all',
          '    END',
          "UIAutomation.Click.SimulateClick Element: appmask['Main']['Other']",
          'END',
          'ERROR => Failure',
          'UIAutomation.CloseWindow.CloseByInstanceOrHandle WindowInstance: Handle',
          `File.WriteText File: $'''error.txt''' TextToWrite: $'''%Failure%''' AppendNewLine: False IfFileExists: File.IfFileExists.Overwrite Encoding: File.FileEncoding.UTF8`,
        ].join('\n'),
        folder.path,
        protocol,
      );
      assert.equal(outcome.outcome, 'Succeeded', JSON.stringify(outcome));
      assert.match(
        readFileSync(join(folder.path, 'error.txt'), 'utf8'),
        /The UI element "Main > Other" was not found within 10 seconds\. Its window is there, but nothing fits level 1 .*OKAY.*There is .*OK/s,
      );
    });
  });
}

// Navigation starts at any place of any text: it answers or says no in a sentence, and never fails.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ResponseError } from 'vscode-languageserver';
import { incomingCalls, itemAt, outgoingCalls } from '../../../src/server/features/callHierarchy.ts';
import { codeLensesOf, resolvedLens } from '../../../src/server/features/codeLens.ts';
import { declarationsAt, definitionsAt } from '../../../src/server/features/definition.ts';
import { documentLinksOf } from '../../../src/server/features/documentLinks.ts';
import { highlightsAt } from '../../../src/server/features/highlight.ts';
import { readFlow } from '../../../src/server/features/otherFiles.ts';
import { referencesAt } from '../../../src/server/features/references.ts';
import { renameAt, renameRangeAt } from '../../../src/server/features/rename.ts';
import { symbolsOf } from '../../../src/server/features/symbols.ts';
import type { Analysis } from '../../../src/server/workspace.ts';
import { anyText } from '../../language/robinText.ts';
import { analysed } from '../marked.ts';
import { folder, otherFiles } from './otherFiles.ts';

const sample = `@@Type: 'Local'
IMPORT 'c.appmask' AS appmask
@SENSITIVE: [A]
@INPUT A : { 'FriendlyName': 'A', 'Type': 'String' }
SET B TO $'''%A['x'].y% %%''' + GLOBAL.C
**REGION r
IF (File.IfFile.Exists File: A) THEN
ON ERROR
    GOTO 'Exit'
END
    LOOP FOREACH i IN [A, B]
        NEXT LOOP
    END
ELSE IF A = $fx'=Filter(T, A > 1) & "\${A}"' THEN
    UIAutomation.Click.Click UiElement: appmask['S']['E'] X: imgrepo['I']
ELSE
END
**ENDREGION
@@flowname: 'Other'
External.RunFlow FlowId: 'ab' @In: A @Out=> B
ON ERROR REPEAT 2 TIMES WAIT 1
END
BLOCK 'b'
ON BLOCK ERROR 'E' IsUserDefinedErrorCode: True
    THROW ERROR
END
    FlowControl.ThrowCustomError CustomErrorCode: 'E'
END
SWITCH A
CASE = Logging.LogLevel.InfoLevel
DEFAULT
END
LABEL 'Exit'
CALL f x: A y=> B
DISABLE SET A TO B
FUNCTION f x, OUTPUT y
    SET y TO GLOBAL.A + x
    EXIT FUNCTION
END FUNCTION

# [ControlRepository][PowerAutomateDesktop]

{"ControlRepositorySymbols":[{"Repository":"{\\"Screens\\":[{\\"Name\\":\\"S\\",\\"Controls\\":[{\\"Name\\":\\"E\\"}]}]}"}]}`;

const uri = `${folder}Main.robin`;
const support = { versions: true, renameFile: true };

/** A refusal is an answer; anything else that is thrown is not. */
async function answered<T>(answer: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof ResponseError) return undefined;
    throw error;
  }
}

async function askEverything(analysis: Analysis, offset: number) {
  const files = otherFiles({ 'Main.robin': analysis.text, 'Other.robin': '' }, { Other: 'ab' });
  const read = (flow: string) => readFlow(files, flow);
  const limit = analysis.lines.lineCount;
  for (const { targetSelectionRange } of [
    ...(await definitionsAt(analysis, offset, files)),
    ...(await declarationsAt(analysis, offset, files)),
  ]) {
    expect(targetSelectionRange.end.line).toBeLessThan(limit);
  }
  const mentions = await referencesAt(analysis, offset, true, files);
  const marks = highlightsAt(analysis, offset);
  await answered(() => renameRangeAt(analysis, offset, files, support));
  await answered(() => renameAt(analysis, offset, 'Fresh', files, support));
  const item = itemAt(analysis, offset, files);
  await incomingCalls(item, files, read);
  await outgoingCalls(item, files, read);
  return mentions.length + marks.length;
}

it('every offset of a flow, as it is and with a piece cut out', async () => {
  const cut = (from: number, length: number) => sample.slice(0, from) + sample.slice(from + length);
  let found = 0;
  const whole = analysed(sample, undefined, uri);
  for (let offset = 0; offset <= sample.length; offset++) found += await askEverything(whole, offset);
  expect(found).toBeGreaterThan(sample.length / 2);
  await fc.assert(
    fc.asyncProperty(fc.nat(sample.length), fc.integer({ min: 1, max: 80 }), async (from, length) => {
      const analysis = analysed(cut(from, length), undefined, uri);
      for (let offset = 0; offset <= analysis.text.length; offset += 5) await askEverything(analysis, offset);
    }),
    { numRuns: 12 },
  );
});

it('any place of hostile text', async () => {
  await fc.assert(
    fc.asyncProperty(anyText, fc.array(fc.nat(), { minLength: 1, maxLength: 8 }), async (text, places) => {
      const analysis = analysed(text, undefined, uri);
      symbolsOf(analysis);
      await documentLinksOf(analysis, otherFiles({}), async () => true);
      for (const lens of codeLensesOf(analysis, { run: true, references: true })) {
        if (lens.command === undefined) resolvedLens(analysis, lens);
      }
      for (const place of places) await askEverything(analysis, place % (text.length + 1));
    }),
    { numRuns: 150 },
  );
});

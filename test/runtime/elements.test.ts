// UI elements as actions get them: by name from the repository beside the flow, with the values of variables in their selectors.
import { expect, test } from 'vitest';
import { repositoryLookup } from '../../src/interchange/repository.ts';
import { parse } from '../../src/language/syntax/parser.ts';
import type { ActionDefinition } from '../../src/runtime/action.ts';
import { actionTable } from '../../src/runtime/actions/index.ts';
import { createRun } from '../../src/runtime/run.ts';
import { RepositoryValue } from '../../src/runtime/values.ts';
import { FakeHost } from '../fakes/host.ts';

const attribute = (Name: string, Value: string) => ({ Name, Operation: 'EqualTo', Value, Ignore: false });
const elements = JSON.stringify({
  Screens: [
    {
      Name: 'Page',
      Selectors: [],
      Controls: [
        {
          Name: 'Row',
          Selectors: [
            {
              Elements: [
                {
                  Tag: 'tr',
                  Attributes: [attribute('Id', 'row-%Number + 1%'), attribute('Title', '100% of "it\'s"')],
                },
              ],
            },
            { IsCustom: true, CustomSelector: "td:contains('%Local%')", Elements: [] },
          ],
        },
      ],
    },
  ],
});

test('selectors read the variables of the place where the element is used', async () => {
  const seen: (ReadonlyMap<string, string> | undefined)[] = [];
  const press: ActionDefinition = {
    id: 'WebAutomation.PressButton.PressButton',
    run(args, { repositories }) {
      const value = args.value('Control') as RepositoryValue;
      expect(value).toBeInstanceOf(RepositoryValue);
      expect(repositories.element(value.path)?.name).toBe('Row');
      seen.push(value.texts);
      return {};
    },
  };
  const flow = parse(
    [
      "IMPORT 'controlRepo.appmask' AS appmask",
      'SET Number TO 1',
      "SET Local TO 'shared'",
      "WebAutomation.PressButton.PressButton BrowserInstance: 0 Control: appmask['Page']['Row']",
      'CALL Part',
      'FUNCTION Part',
      "SET Local TO 'own'",
      'SET Number TO 41',
      "WebAutomation.PressButton.PressButton BrowserInstance: 0 Control: appmask['Page']['Row']",
      'END FUNCTION',
    ].join('\n'),
  );
  const run = createRun({
    flow,
    name: 'test',
    folder: '/',
    inputs: {},
    host: new FakeHost(),
    observer: { actionEnded() {} },
    actions: new Map([...actionTable, [press.id.toLowerCase(), press]]),
    repositories: repositoryLookup(elements, undefined),
  });
  expect(await run.start()).toMatchObject({ outcome: 'Succeeded' });
  expect(seen.map((texts) => Object.fromEntries(texts ?? []))).toEqual([
    { 'row-%Number + 1%': 'row-2', "td:contains('%Local%')": "td:contains('shared')" },
    { 'row-%Number + 1%': 'row-42', "td:contains('%Local%')": "td:contains('own')" },
  ]);
});

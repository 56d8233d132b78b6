// What flows learn from a page without changing it: texts, attributes, whether something is there, what a script of theirs answers,
// and pictures.
import { writeFile } from 'node:fs/promises';
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
} from '../../action.ts';
import { notFoundCode, onElement, tabOf } from './conduct.ts';
import { find, look, targetOf } from './locate.ts';
import { pageFunction, pageScript } from './pageScript.ts';
import { decodePng, encodeBmp, encodeGif, encodeTiff } from './picture.ts';
import { type Conduct, elementSeconds, lookEvery, reasonOf, type Tab } from './tab.ts';
import { Deadline, delay } from './waiting.ts';

const withoutWaiting = (code: string): Conduct => ({ code, dialog: 'leave', pageSeconds: undefined });

// ── Is it there? ────────────────────────────────────────────────────────────────────────────────────────────────

/** Everything a person can read on a page, frames included, line by line. */
async function visibleText(tab: Tab): Promise<string> {
  const texts = await Promise.all(
    tab.page.frames().map((frame) =>
      // A frame that is just being replaced has no text.
      frame.evaluate<string>('document.body ? document.body.innerText : ""').catch(() => ''),
    ),
  );
  return texts.filter((text) => text.trim() !== '').join('\n');
}

const folded = (text: string): string => text.replace(/\s+/g, ' ').trim().toLowerCase();

async function containsText(args: ActionArguments, context: ActionContext, code: string): Promise<boolean> {
  const tab = tabOf(args);
  const text = await tab.perform(context, withoutWaiting(code), () => visibleText(tab));
  return folded(text ?? '').includes(folded(args.text('Text')));
}

async function containsElement(
  args: ActionArguments,
  context: ActionContext,
  code: string,
): Promise<boolean> {
  const tab = tabOf(args);
  const target = targetOf(args, context, code);
  return (await tab.perform(context, withoutWaiting(code), () => look(tab, target))) !== undefined;
}

async function isInState(args: ActionArguments, context: ActionContext, code: string): Promise<boolean> {
  const tab = tabOf(args);
  const target = targetOf(args, context, code);
  const isEnabled = await tab.perform(context, withoutWaiting(code), async () => {
    const found = await look(tab, target);
    return await found?.locator.isEnabled({ timeout: 1000 }).catch(() => undefined);
  });
  return isEnabled === (args.member('State') === 'Enabled');
}

/** A condition and the wait for it, which asks it again and again. */
function tests(
  condition: string,
  wait: string,
  test: (args: ActionArguments, context: ActionContext, code: string) => Promise<boolean>,
  isWanted = true,
): ActionDefinition[] {
  const definition = (id: string, code: string): ActionDefinition => ({
    id,
    run: async (args, context) => ({ condition: (await test(args, context, code)) === isWanted }),
  });
  return [
    definition(`WebAutomation.IfWebPageContains.WebPage${condition}`, 'CommunicateWithBrowserError'),
    definition(`WebAutomation.WaitForWebPageContent.WebPage${wait}`, 'WaitForWebPageContentError'),
  ];
}

// ── Details ─────────────────────────────────────────────────────────────────────────────────────────────────────

const pageError = 'GetDetailsOfWebPageError';

async function detailsOfPage(tab: Tab, what: string): Promise<string> {
  switch (what) {
    case 'Title':
      return await tab.page.evaluate<string>('document.title');
    case 'URLAddress':
      return tab.page.url();
    case 'Source':
      return await tab.page.content();
    case 'Text':
      return await visibleText(tab);
    default:
      return await tab.page.evaluate<string>(
        `(${pageScript})().meta(${JSON.stringify(what === 'MetaKeywords' ? 'keywords' : 'description')})`,
      );
  }
}

const elementError = 'RetrieveAttributeOfUIElementOnWebPageError';

const detailActions: readonly ActionDefinition[] = [
  {
    id: 'WebAutomation.GetDetailsOfWebPage',
    async run(args, context) {
      const tab = tabOf(args);
      const what = args.member('DetailsType');
      const details = await tab.perform(context, withoutWaiting(pageError), async () => {
        try {
          // Between two pages there is none that could be read; the second answers.
          return await detailsOfPage(tab, what).catch(() => detailsOfPage(tab, what));
        } catch (error) {
          throw new ActionError(
            pageError,
            `The page could not be read: ${reasonOf(error)}.`,
            'Wait until the page is there ("Wait for web page content").',
            { cause: error },
          );
        }
      });
      return { outputs: { Details: details ?? '' } };
    },
  },
  {
    id: 'WebAutomation.GetDetailsOfElement',
    async run(args, context) {
      const tab = tabOf(args);
      const target = targetOf(args, context, elementError);
      const attribute = args.text('AttributeName');
      // Whether it exists is a question that has an answer for every element.
      if (attribute.trim().toLowerCase() === 'exists') {
        const found = await tab.perform(context, withoutWaiting(elementError), () => look(tab, target));
        return { outputs: { AttributeValue: found === undefined ? 'False' : 'True' } };
      }
      const conduct = { ...withoutWaiting(elementError), missing: elementError };
      const value = await onElement(tab, target, context, conduct, (locator, left) =>
        locator.evaluate(pageFunction<string>('read'), attribute, { timeout: left() }),
      );
      return { outputs: { AttributeValue: value ?? '' } };
    },
  },
];

// ── Scripts ─────────────────────────────────────────────────────────────────────────────────────────────────────

const scriptError = 'RunJavaScriptError';

/** Calls `ExecuteScript` of the flow's script in the page and gives its answer as text. */
const callScript = (script: string): string => `(async () => {
${script}
;
if (typeof ExecuteScript !== 'function') throw new Error('it defines no function ExecuteScript');
const answer = await ExecuteScript();
if (answer === undefined || answer === null) return '';
return typeof answer === 'object' ? JSON.stringify(answer) : String(answer);
})()`;

async function executeJavascript(args: ActionArguments, context: ActionContext): Promise<string> {
  const tab = tabOf(args);
  const script = args.text('Javascript');
  let answer: string | undefined;
  const conduct: Conduct = { ...withoutWaiting(scriptError), isUnlimited: true };
  await tab.perform(context, conduct, async () => {
    try {
      answer = await tab.page.evaluate<string>(callScript(script));
      await startedPage(tab, context);
    } catch (error) {
      // The script led to another page: it is gone, and its answer with it.
      if (/context was destroyed/i.test((error as Error).message)) answer = '';
      else
        throw new ActionError(
          scriptError,
          `The script failed: ${reasonOf(error)}.`,
          'Try the script in the console of the browser. It must define a function ExecuteScript.',
          { cause: error },
        );
    }
  });
  if (answer !== undefined) return answer;
  throw new ActionError(
    scriptError,
    'The script opened a dialog and waits until somebody answers it.',
    'Leave alert, confirm and prompt out of the script.',
  );
}

/** The page a script leads to is not waited for, but the next action is to meet it and not the old one. */
async function startedPage(tab: Tab, context: ActionContext): Promise<void> {
  const deadline = new Deadline(context.host.clock, elementSeconds);
  await delay(context, lookEvery);
  while (tab.isLoading && !deadline.isOver) await delay(context, lookEvery);
}

const scriptActions: readonly ActionDefinition[] = [
  {
    id: 'WebAutomation.ExecuteJavascript',
    run: async (args, context) => ({ outputs: { Result: await executeJavascript(args, context) } }),
  },
];

// ── Pictures ────────────────────────────────────────────────────────────────────────────────────────────────────

const pictureError = 'TakeScreenshotError';

async function screenshot(
  args: ActionArguments,
  context: ActionContext,
  isOfElement: boolean,
): Promise<void> {
  const tab = tabOf(args);
  const format = args.member('FileFormat');
  const target = isOfElement ? targetOf(args, context, notFoundCode) : undefined;
  const picture = await tab.perform(context, withoutWaiting(pictureError), async () => {
    await tab.page.bringToFront();
    const subject =
      target === undefined ? tab.page : (await find(tab, target, context, notFoundCode)).locator;
    const type = format === 'Jpg' ? 'jpeg' : 'png';
    try {
      return await subject.screenshot({ type, timeout: elementSeconds * 1000 });
    } catch (error) {
      throw new ActionError(
        pictureError,
        `The picture could not be taken: ${reasonOf(error)}.`,
        'See whether the page or the element can be seen at this point.',
        { cause: error },
      );
    }
  });
  if (picture === undefined) {
    throw new ActionError(
      pictureError,
      'A dialog opened while the picture was taken.',
      'Let the action that opens the dialog answer it.',
    );
  }
  await save(args.path('File'), encode(picture, format));
}

function encode(picture: Buffer, format: string): Buffer {
  if (format === 'Png' || format === 'Jpg') return picture;
  const pixels = decodePng(picture);
  return format === 'Bmp' ? encodeBmp(pixels) : format === 'Gif' ? encodeGif(pixels) : encodeTiff(pixels);
}

async function save(path: string, content: Buffer): Promise<void> {
  try {
    await writeFile(path, content);
  } catch (error) {
    throw new ActionError(
      'SaveFileError',
      `The picture could not be saved as ${path} (${(error as Error).message}).`,
      'Check that the folder exists and that your account may write there.',
      { cause: error },
    );
  }
}

const pictureActions: readonly ActionDefinition[] = [false, true].map((isOfElement) => ({
  id: `WebAutomation.TakeScreenshot.TakeScreenshot${isOfElement ? 'OfElement' : ''}SaveToFile`,
  async run(args, context) {
    await screenshot(args, context, isOfElement);
    return {};
  },
}));

export const readActions: readonly ActionDefinition[] = [
  ...tests('ContainsText', 'ToContainText', containsText),
  ...tests('DoesNotContainText', 'ToNotContainText', containsText, false),
  ...tests('ContainsElement', 'ToContainElement', containsElement),
  ...tests('DoesNotContainElement', 'ToNotContainElement', containsElement, false),
  ...tests('ContainsElementInState', 'ToContainElementInState', isInState),
  ...detailActions,
  ...scriptActions,
  ...pictureActions,
];

// The workbench as a person uses it: pages, keys and what is on the screen. Knows VS Code, not Desktop Flows.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './checks.ts';

const browserArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** How long a quick input may take to open and to find something, and how often it is asked for. */
const quickMs = 10_000;
const mostAttempts = 4;

export async function launchBrowser(tools) {
  const { chromium } = await import(tools.playwright);
  return chromium.launch({ executablePath: tools.browser, args: browserArguments });
}

/** The address that opens `folder`; with `tests`, the extension host runs that module's `run()` for the extension in `extension`. */
export function workbenchAddress(server, { extension, tests } = {}) {
  const remote = `vscode-remote://${new URL(server.address).host}`;
  const payload = tests
    ? `&payload=${encodeURIComponent(
        JSON.stringify([
          ['extensionDevelopmentPath', `${remote}${extension}`],
          ['extensionTestsPath', `${remote}${tests}`],
        ]),
      )}`
    : '';
  return `${server.address}/?folder=${encodeURIComponent(server.workspace)}${payload}`;
}

export class Workbench {
  #shots = 0;
  #pictures;

  constructor(page, pictures) {
    this.page = page;
    this.#pictures = pictures;
    mkdirSync(pictures, { recursive: true });
  }

  /** Opens the server's workspace in a new window and waits until it can be used. `size` may hold `width`, `height` and `scale`. */
  static async open(browser, server, pictures, { width = 1400, height = 900, scale = 1 } = {}) {
    const page = await browser.newPage({ viewport: { width, height }, deviceScaleFactor: scale });
    await page.goto(workbenchAddress(server));
    const workbench = new Workbench(page, pictures);
    await workbench.#isReady();
    return workbench;
  }

  /** Reloads the window, as a person does after an update: the extension host ends and a new one starts. */
  async reload() {
    await this.page.reload();
    await this.#isReady();
  }

  async #isReady() {
    await this.page.waitForSelector('.monaco-workbench', { timeout: 60_000 });
    await this.page.waitForSelector('.part.sidebar .pane', { timeout: 60_000 });
    await this.page.waitForSelector('.statusbar-item', { timeout: 60_000 });
  }

  /** Saves a numbered picture, for example `03-run-queue.png`; returns its path. `hovering`: the mouse stays where it is. */
  async picture(name, { hovering = false } = {}) {
    const path = join(this.#pictures, `${String(++this.#shots).padStart(2, '0')}-${name}.png`);
    if (hovering) {
      await this.page.screenshot({ path });
      return path;
    }
    // A place without a tooltip; one that stays (some belong to the focus, not to the mouse) may be in the picture.
    const { width, height } = this.page.viewportSize();
    await this.page.mouse.move(width - 400, height - 35);
    const tooltip = this.page.locator('.workbench-hover-container').first();
    await tooltip.waitFor({ state: 'hidden', timeout: 1_000 }).catch(() => undefined);
    await this.page.screenshot({ path });
    return path;
  }

  // ── Quick input: palette, file picker, input boxes, pick lists ──

  get #quick() {
    return this.page.locator('.quick-input-widget:visible');
  }
  get #quickInput() {
    return this.#quick.locator('.quick-input-box input');
  }

  /** Runs a command by its title as the palette shows it. */
  async command(title) {
    await this.#quickly('F1', `>${title}`, () => this.#row(title).click({ timeout: quickMs }));
  }

  async openFile(name) {
    await this.#quickly('Control+P', name, async () => {
      // The list is sorted again while files are found: a click could hit another row.
      const top = this.#quick.locator('.monaco-list-row .label-name').first();
      await top.filter({ hasText: new RegExp(`^${RegExp.escape(name)}$`) }).waitFor({ timeout: quickMs });
      await this.page.keyboard.press('Enter');
    });
    await this.page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
    await this.page.locator('.monaco-editor.focused').first().waitFor();
  }

  /** Opens a quick input with `key`, types, and goes on with `then`; again where something else took the focus and closed it. */
  async #quickly(key, text, then) {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.page.keyboard.press(key);
        await this.#quickInput.waitFor({ timeout: quickMs });
        await this.#quickInput.fill(text, { timeout: quickMs });
        return await then();
      } catch (error) {
        if (attempt === mostAttempts) throw error;
      }
    }
  }

  /** Chooses the entry of the open quick pick that starts with `label`. */
  async pick(label) {
    await this.#row(label).click();
  }

  #row(label) {
    return this.#quick
      .locator('.monaco-list-row')
      .filter({ has: this.page.locator(`.label-name`, { hasText: label }) })
      .first();
  }

  /** The entries of the open quick pick. */
  async picks() {
    await this.#quick.locator('.monaco-list-row').first().waitFor();
    return this.#quick.locator('.monaco-list-row .label-name').allInnerTexts();
  }

  /** Waits for an input box that mentions `text`; says what it shows and whether typing in it is hidden. */
  async inputBox(text) {
    await this.#quick
      .filter({ hasText: text })
      .or(this.#quick.locator(`input[placeholder*="${text}"]`))
      .first()
      .waitFor();
    const type = await this.#quickInput.getAttribute('type');
    return { text: await shown(this.#quick), hidden: type === 'password' };
  }

  /** Types into the open input box. */
  async type(value) {
    await this.#quickInput.fill(value);
  }

  /** Types into the open input box and accepts it. */
  async enter(value) {
    await this.type(value);
    await this.page.keyboard.press('Enter');
  }

  /** Answers the steps of a form (`Flow: Name (1/3)`) by their names; where `answers` has none, what is preset is accepted. */
  async answerInputs(answers) {
    for (let step = 1, steps = 1; step <= steps; step++) {
      const title = this.#quick.locator('.quick-input-title', { hasText: `(${step}/` });
      const [, name, total] = /: (.+) \(\d+\/(\d+)\)/.exec(await title.innerText());
      steps = Number(total);
      if (name in answers) await this.type(answers[name]);
      await this.page.keyboard.press('Enter');
    }
    await this.#quick.waitFor({ state: 'hidden' });
  }

  /** Leaves the open quick input without an answer. */
  async escape() {
    await this.page.keyboard.press('Escape');
    await this.#quick.waitFor({ state: 'hidden' });
  }

  // ── Views ──

  /** The rows of a tree view, by the title of its pane; one text per visible row. */
  async tree(pane) {
    return this.#pane(pane).locator('.monaco-list-row').allInnerTexts();
  }

  /** Waits for a row whose text matches, and returns that text. */
  async rowInTree(pane, text) {
    return until(`a row like ${text} in ${pane}`, async () =>
      (await this.tree(pane)).map((row) => row.replace(/\s+/g, ' ')).find((row) => text.test(row)),
    );
  }

  /** The spoken names of a tree's rows: what a screen reader says. */
  async spokenTree(pane) {
    return this.#pane(pane)
      .locator('.monaco-list-row')
      .evaluateAll((rows) => rows.map((row) => row.getAttribute('aria-label') ?? ''));
  }

  #pane(title) {
    return this.page
      .locator('.pane')
      .filter({ has: this.page.locator(`.pane-header[aria-label^="${title}"]`) });
  }

  /** Presses an inline button of the tree row that contains `text`. */
  async pressInTree(pane, text, button) {
    const row = this.#pane(pane).locator('.monaco-list-row').filter({ hasText: text }).first();
    await row.hover();
    await row.locator(`.action-label[aria-label^="${button}"]`).click();
  }

  /** Clicks the tree row that contains `text`. */
  async selectInTree(pane, text) {
    await this.#pane(pane).locator('.monaco-list-row').filter({ hasText: text }).first().click();
  }

  /** Texts of the Problems view. */
  async problems() {
    await this.command('Problems: Focus on Problems View');
    return until('entries in Problems', async () => {
      const texts = await this.page.locator('.markers-panel .monaco-list-row').allInnerTexts();
      return texts.length > 0 && texts;
    });
  }

  /** Texts of the outline in the explorer. */
  async outline() {
    await this.command('Explorer: Focus on Outline View');
    return until('entries in Outline', async () => {
      const texts = await this.page.locator('.outline-tree .monaco-list-row').allInnerTexts();
      return texts.length > 0 && texts;
    });
  }

  async statusBar() {
    return shown(this.page.locator('.statusbar'));
  }

  // ── Notifications ──

  #toast(text) {
    return this.page
      .locator('.notifications-toasts .notification-list-item')
      .filter({ hasText: text })
      .first();
  }

  /** Waits for a notification that contains `text` (or matches it); returns its whole text with its buttons. */
  async notification(text, limit = 30_000) {
    const faded = this.page
      .locator('.notification-toast.notification-fade-in-done')
      .filter({ hasText: text });
    await faded.first().waitFor({ timeout: limit });
    return shown(this.#toast(text));
  }

  async pressInNotification(text, button) {
    await this.#toast(text).locator('.monaco-button', { hasText: button }).click();
  }

  async clearNotifications() {
    await this.command('Notifications: Clear All Notifications');
    await this.page
      .locator('.notifications-toasts .notification-list-item')
      .first()
      .waitFor({ state: 'hidden' });
  }

  // ── Dialogs ──

  /** Waits for a modal dialog that contains `text`; returns its whole text. */
  async dialog(text) {
    const dialog = this.page.locator('.monaco-dialog-box').filter({ hasText: text });
    await dialog.waitFor();
    return shown(dialog);
  }

  async pressInDialog(button) {
    await this.page.locator('.monaco-dialog-box .monaco-button', { hasText: button }).first().click();
  }

  // ── Editor ──

  /** What decorations write behind the lines of the active editor: 1-based line → text. They live in style sheets, not in the DOM's text. */
  async lineNotes() {
    return this.page.evaluate(() => {
      const editor = document.querySelector('.editor-group-container.active .monaco-editor');
      const numbers = new Map();
      for (const number of editor?.querySelectorAll('.line-numbers') ?? []) {
        numbers.set(Math.round(number.getBoundingClientRect().top), Number(number.textContent));
      }
      const notes = {};
      for (const line of editor?.querySelectorAll('.view-line') ?? []) {
        let text = '';
        for (const part of line.querySelectorAll('span')) {
          const { content } = getComputedStyle(part, '::after');
          if (/^".+"$/.test(content)) text += content.slice(1, -1).replace(/\\(.)/g, '$1');
        }
        const number = numbers.get(Math.round(line.getBoundingClientRect().top));
        if (text !== '' && number !== undefined) notes[number] = text.replaceAll('\u00a0', ' ').trim();
      }
      return notes;
    });
  }

  /** The text of the active editor, as far as it is on the screen. */
  async editorText() {
    const lines = await this.page.locator('.editor-group-container.active .view-line').evaluateAll((found) =>
      found
        .map((line) => ({ top: line.getBoundingClientRect().top, text: line.textContent ?? '' }))
        .sort((a, b) => a.top - b.top)
        .map(({ text }) => text),
    );
    return lines.join('\n').replaceAll('\u00a0', ' ');
  }

  /** Puts the cursor at a line and column (both 1-based) of the active editor, which gets the focus. */
  async goTo(line, column) {
    await this.command('View: Focus Active Editor Group');
    await this.page.keyboard.press('Control+G');
    await this.#quickInput.waitFor();
    await this.#quickInput.fill(`:${line}:${column}`);
    await this.page.keyboard.press('Enter');
    await this.#quick.waitFor({ state: 'hidden' });
  }

  /** Renames what the cursor stands on to `name`. */
  async renameTo(name) {
    await this.page.keyboard.press('F2');
    const input = this.page.locator('.rename-box input');
    await input.waitFor();
    await input.fill(name);
    await input.press('Enter');
  }

  /** Waits until something that matches a style selector is on the screen, and returns its text. */
  async widget(selector) {
    const found = this.page.locator(`${selector}:visible`).first();
    await found.waitFor({ timeout: 20_000 });
    return shown(found);
  }

  /**
   * Asks with `request` until what matches `selector` is on the screen, and returns its text. The editor drops a request when
   * something arrives meanwhile (diagnostics, colours), and a person asks again then.
   */
  async ask(request, selector) {
    const found = this.page.locator(`${selector}:visible`).first();
    const end = performance.now() + 20_000;
    for (;;) {
      await request();
      try {
        await found.waitFor({ timeout: 4_000 });
        return await shown(found);
      } catch (error) {
        if (performance.now() > end) throw error;
      }
    }
  }

  /** Scrolls the active editor down until `line` (1-based) is the first one on the screen. */
  async scrollToLine(line) {
    const editor = this.page.locator('.editor-group-container.active .monaco-editor').first();
    const box = await editor.boundingBox();
    await this.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await until(`line ${line} at the top`, async () => {
      const shown = await editor.locator('.line-numbers').allInnerTexts();
      if (Math.min(...shown.map(Number)) >= line) return true;
      await this.page.mouse.wheel(0, 40);
      return false;
    });
  }

  /** Makes the side bar wider by so many pixels. */
  async widenSideBar(pixels) {
    const box = await this.page.locator('.part.sidebar').boundingBox();
    const edge = { x: box.x + box.width, y: box.y + box.height / 2 };
    await this.page.mouse.move(edge.x, edge.y);
    await this.page.mouse.down();
    await this.page.mouse.move(edge.x + pixels, edge.y, { steps: 5 });
    await this.page.mouse.up();
  }

  /** The names of the buttons above the active editor. */
  async editorButtons() {
    return this.page
      .locator('.editor-group-container.active .editor-actions .action-label')
      .evaluateAll((found) => found.map((button) => button.getAttribute('aria-label') ?? ''));
  }

  /** Moves the cursor to the end of the active editor. */
  async endOfEditor() {
    await this.command('View: Focus Active Editor Group');
    await this.page.keyboard.press('Control+End');
  }

  // ── Secrets ──

  /** Where the browser keeps `text` for later: databases and local storage. VS Code stores an extension's memory there. */
  async storedInBrowser(text) {
    return this.page.evaluate(async (text) => {
      const done = (request) =>
        new Promise((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error);
        });
      const found = [];
      const decoder = new TextDecoder();
      const search = (place, value) => {
        const readable = JSON.stringify(value, (_, part) =>
          ArrayBuffer.isView(part) ? decoder.decode(part) : part,
        );
        if (readable?.includes(text)) found.push(place);
      };
      for (const { name } of await indexedDB.databases()) {
        const database = await done(indexedDB.open(name));
        for (const store of database.objectStoreNames) {
          search(`${name}/${store}`, await done(database.transaction(store).objectStore(store).getAll()));
        }
        database.close();
      }
      search('localStorage', { ...localStorage });
      return found;
    }, text);
  }

  /** From now on, looks every 50 ms whether `secret` stands anywhere on the screen: text, attributes, fields that can be read, generated content. */
  async watchFor(secret) {
    await this.page.evaluate((secret) => {
      globalThis.secretSeen = [];
      globalThis.secretWatch = setInterval(() => {
        const see = (where) => globalThis.secretSeen.push(where);
        if (document.documentElement.outerHTML.includes(secret)) see('the document');
        for (const field of document.querySelectorAll('input:not([type=password]), textarea')) {
          if (field.value.includes(secret)) see(`a field: ${field.outerHTML}`);
        }
        for (const sheet of document.styleSheets) {
          for (const rule of sheet.cssRules)
            if (rule.cssText.includes(secret)) see(`a style: ${rule.cssText}`);
        }
      }, 50);
    }, secret);
  }

  /** Ends `watchFor`; returns where the secret was seen. */
  async seenSecrets() {
    return this.page.evaluate(() => {
      clearInterval(globalThis.secretWatch);
      return [...new Set(globalThis.secretSeen)];
    });
  }
}

/** The text a person can see (`textContent` would include style sheets). */
async function shown(locator) {
  return (await locator.allInnerTexts()).join('\n');
}

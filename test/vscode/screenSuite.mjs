// What a person sees and does: the installed vsix in a fresh window, driven through a browser. One window for all checks, in
// this order; every step leaves a picture.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Checks, expect, until } from './checks.ts';
import { CodeServer } from './codeServer.mjs';
import { lookAtDebugging } from './debugScreen.mjs';
import { lookAtFleet } from './fleetScreen.mjs';
import { lookAtLanguage } from './languageScreen.mjs';
import { lookAtRunDetails } from './runDetailsScreen.mjs';
import { lookAtTests } from './testingScreen.mjs';
import { Workbench } from './workbench.mjs';

const secret = 'Zebra-7319-quartz';

/** Runs it; prints what it finds; returns `{passed, failed}`. */
export async function screenSuite({ tools, browser, vsix, pictures }) {
  console.log('\nOn the screen');
  const server = new CodeServer(tools, join(import.meta.dirname, 'workspace'));
  let workbench;
  let extension;
  const checks = new Checks(
    (line) => console.log(line),
    async (name) => {
      const picture = await workbench?.picture(`failed-${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`);
      console.log(`      picture: ${picture}\n${server.logs()}`);
      // Whatever the failed check left open must not fail the next one.
      await workbench?.page.keyboard.press('Escape');
      await workbench?.page.keyboard.press('Escape');
    },
  );
  try {
    await checks.check('the vsix installs and the workbench opens', async () => {
      extension = await server.install(vsix);
      await server.start();
      workbench = await Workbench.open(browser, server, pictures);
    });
    if (workbench) {
      await look(workbench, server, checks);
      await lookAtRunDetails(workbench, server, checks, { browser, extension });
      await lookAtFleet(workbench, server, checks);
    }
  } finally {
    await workbench?.page.close();
    await server.dispose();
  }
  return checks;
}

async function look(workbench, server, checks) {
  await checks.check('mistakes of a flow are listed in Problems', async () => {
    await workbench.openFile('broken.robin');
    const texts = (await workbench.problems()).join('\n');
    for (const mistake of ['Text.MakeItNice', 'Nowhere', 'END']) {
      expect(texts.includes(mistake), `Problems says nothing of ${mistake}:\n${texts}`);
    }
    await workbench.picture('problems');
  });

  await checks.check('a flow with mistakes is not run, and the reason is said', async () => {
    await workbench.openFile('broken.robin');
    await workbench.command('Desktop Flows: Run Flow');
    await workbench.notification('broken');
    await workbench.picture('refused');
    await workbench.clearNotifications();
  });

  await checks.check('the outline shows inputs, outputs and structure', async () => {
    await workbench.openFile('greet.robin');
    await workbench.command('View: Hide Panel');
    const texts = (await workbench.outline()).join('\n');
    for (const name of ['Name of the guest', 'Password of the guest', 'Greeting', 'Main']) {
      expect(texts.includes(name), `the outline does not show ${name}:\n${texts}`);
    }
    await workbench.picture('outline');
  });

  await lookAtLanguage(workbench, server, checks);
  await lookAtTests(workbench, server, checks);

  await checks.check('Run Flow asks for both inputs; typing the sensitive one is hidden', async () => {
    await workbench.command('View: Show Desktop Flows');
    await workbench.openFile('greet.robin');
    await workbench.watchFor(secret);
    await workbench.command('Desktop Flows: Run Flow');
    const first = await workbench.inputBox('Name of the guest');
    expect(!first.hidden, 'the name is hidden while typing');
    await workbench.picture('input');
    await workbench.enter('Ada');
    const second = await workbench.inputBox('Password of the guest');
    expect(second.hidden, 'the password can be read while typing');
    await workbench.type(secret);
    await workbench.picture('sensitive-input');
    await workbench.enter(secret);
  });

  await checks.check(
    'a question of the flow is asked and answered; meanwhile no process shows the sensitive value',
    async () => {
      await workbench.dialog('Shall Ada come in?');
      await workbench.picture('question');
      const processes = processesContaining(secret); // now, while the worker runs
      expect(processes.length === 0, `the sensitive value is readable in processes ${processes.join(', ')}`);
      await workbench.pressInDialog('Yes');
    },
  );

  await checks.check('the run succeeds: Run Queue, notification with outputs, spoken name', async () => {
    await runInQueue(workbench, 'greet', 'Succeeded');
    const spoken = (await workbench.spokenTree('Run Queue')).join('\n');
    expect(
      /greet.*Succeeded/i.test(spoken),
      `a screen reader is not told that the run succeeded:\n${spoken}`,
    );
    const message = await workbench.notification('greet');
    expect(message.includes('Hello Ada, come in'), `the notification does not show the output: ${message}`);
    await workbench.picture('succeeded');
  });

  await checks.check('executed lines carry their state, time and count', async () => {
    const notes = await until('notes behind lines', async () => {
      const found = await workbench.lineNotes();
      return Object.keys(found).length > 6 && found;
    });
    const line = lineOf(server, 'greet.robin', 'Variables.IncreaseVariable');
    expect(
      /✓.*×3/.test(notes[line] ?? ''),
      `line ${line} does not say that it ran 3 times: ${JSON.stringify(notes)}`,
    );
    const skipped = lineOf(server, 'greet.robin', 'Goodbye');
    expect(!notes[skipped], `line ${skipped} did not run, but says ${notes[skipped]}`);
    return `${Object.keys(notes).length} lines`;
  });

  await checks.check('Show Run tells the whole run, with the sensitive value masked', async () => {
    await workbench.pressInNotification('greet', 'Show Run');
    await workbench.command('Desktop Flows: Show Run as Text');
    const start = await until('the page of the run', async () => {
      const text = await workbench.editorText();
      return text.includes('Outputs') && text;
    });
    expect(/Password of the guest = \{\}/.test(start), `the sensitive input is not shown as {}:\n${start}`);
    // The buttons of a page come a moment after its text.
    const buttons = await until('the button Resubmit', async () => {
      const offered = (await workbench.editorButtons()).join(', ');
      return offered.includes('Resubmit') && offered;
    });
    expect(!buttons.includes('Stop'), `a finished run cannot be stopped; offered are: ${buttons}`);
    await workbench.picture('run-page');
    await workbench.endOfEditor();
    const end = await until('the log of the run', async () => {
      const text = await workbench.editorText();
      return text.includes('The card says') && text;
    });
    expect(
      end.includes('The card says ••••'),
      `what follows from the sensitive input is not masked:\n${end}`,
    );
  });

  await checks.check('the sensitive value was never on the screen and is kept nowhere', async () => {
    const seen = await workbench.seenSecrets();
    expect(seen.length === 0, `on the screen: ${seen.join('; ')}`);
    // The other input is remembered: when it can be found, so could the sensitive one.
    await until(
      'the remembered name in the browser',
      async () => (await workbench.storedInBrowser('Ada')).length > 0,
    );
    expect(
      server.filesContaining('Ada').length > 0,
      'the run was not stored: this check would prove nothing',
    );
    const kept = [...(await workbench.storedInBrowser(secret)), ...server.filesContaining(secret)];
    expect(kept.length === 0, `kept in: ${kept.join(', ')}`);
  });

  await checks.check('leaving the input box runs nothing', async () => {
    await workbench.openFile('greet.robin');
    const before = (await workbench.tree('Run Queue')).length;
    await workbench.command('Desktop Flows: Run Flow');
    const { text } = await workbench.inputBox('Name of the guest');
    expect(!text.includes('Password'), 'the second input came first');
    await workbench.escape();
    expect((await workbench.tree('Run Queue')).length === before, 'a run was queued');
  });

  await checks.check('a long run survives a reload of the window', async () => {
    await workbench.openFile('patience.robin');
    await workbench.command('Desktop Flows: Run Flow');
    await runInQueue(workbench, 'patience', 'Running');
    // The browser writes what extensions remember a little later; closing a window at once would forget whose run this is.
    const [, id] = /run queued runId=(\S+) flow=patience/.exec(
      readFileSync(join(server.home, 'agent.log'), 'utf8'),
    );
    await until(
      'the run among the remembered ones',
      async () => (await workbench.storedInBrowser(id)).length > 0,
    );
    await workbench.reload();
    await workbench.command('View: Show Desktop Flows');
    await runInQueue(workbench, 'patience', 'Running');
    await workbench.openFile('patience.robin');
    const line = lineOf(server, 'patience.robin', 'Variables.IncreaseVariable');
    await until(`a count behind line ${line}`, async () => /×\d/.test((await workbench.lineNotes())[line]));
    await workbench.picture('running');
  });

  await checks.check('it is paused and resumed from the Run Queue', async () => {
    await workbench.pressInTree('Run Queue', 'patience', 'Pause Run');
    await runInQueue(workbench, 'patience', 'Paused');
    const line = lineOf(server, 'patience.robin', 'LOOP WHILE');
    await until(`"paused" behind line ${line}`, async () =>
      (await workbench.lineNotes())[line]?.includes('paused'),
    );
    await workbench.picture('paused');
    await workbench.pressInTree('Run Queue', 'patience', 'Resume Run');
    await runInQueue(workbench, 'patience', 'Running');
  });

  await checks.check('it is stopped from the Run Queue', async () => {
    await workbench.pressInTree('Run Queue', 'patience', 'Stop');
    await runInQueue(workbench, 'patience', 'Canceled');
    await workbench.notification(/patience.*canceled/);
    const line = lineOf(server, 'patience.robin', 'WAIT');
    await until(`"canceled here" behind line ${line}`, async () =>
      (await workbench.lineNotes())[line]?.includes('canceled here'),
    );
    await workbench.picture('stopped');
    await workbench.clearNotifications();
  });

  await checks.check('a failing flow shows the error on its line and in a notification', async () => {
    await workbench.openFile('missing-file.robin');
    await workbench.command('Desktop Flows: Run Flow');
    const message = await workbench.notification('missing-file');
    const line = lineOf(server, 'missing-file.robin', 'File.ReadTextFromFile');
    expect(message.includes(`line ${line}`), `the notification does not name line ${line}: ${message}`);
    await runInQueue(workbench, 'missing-file', 'Failed');
    const note = await until(`a note behind line ${line}`, async () => (await workbench.lineNotes())[line]);
    expect(/^✗ \w+Error: /.test(note), `the note behind line ${line} does not tell the error: ${note}`);
    await workbench.picture('failed');
    await workbench.clearNotifications();
    const problems = (await workbench.problems()).join('\n');
    expect(
      problems.includes('DirectoryNotFoundError') && problems.includes(`Ln ${line}`),
      `Problems does not tell the failure: ${problems}`,
    );
    await workbench.picture('failed-problem');
    await workbench.command('View: Hide Panel');
    return note;
  });

  await checks.check('a worker that is killed leaves a Lost run, which can be resubmitted', async () => {
    await workbench.openFile('patience.robin');
    await workbench.command('Desktop Flows: Run Flow');
    await runInQueue(workbench, 'patience', 'Running');
    const [worker] = childrenOf(JSON.parse(readFileSync(join(server.home, 'agent.json'), 'utf8')).pid);
    expect(worker, 'the agent has no worker process');
    process.kill(worker, 'SIGKILL');
    await runInQueue(workbench, 'patience', 'Lost');
    await workbench.notification('patience');
    await workbench.picture('lost');
    await workbench.pressInNotification('patience', 'Resubmit');
    await runInQueue(workbench, 'patience', 'Running');
    await workbench.pressInTree('Run Queue', 'patience', 'Stop');
    await until(
      'no running flow',
      async () => !(await workbench.tree('Run Queue')).some((row) => row.includes('Running')),
    );
  });

  await lookAtDebugging(workbench, server, checks);
}

/** Waits until the first row of a flow in the Run Queue shows `state`; running rows come before ended ones, newer before older. */
function runInQueue(workbench, flow, state) {
  return until(`${flow} to be ${state} in the Run Queue`, async () =>
    (await workbench.tree('Run Queue')).find((row) => row.startsWith(flow))?.includes(state),
  );
}

/** 1-based number of the line of a workspace file that contains `text`. */
function lineOf(server, file, text) {
  const lines = readFileSync(join(server.workspace, file), 'utf8').split('\n');
  return lines.findIndex((line) => line.includes(text)) + 1;
}

/** Ids of all running processes. */
function processes() {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
}

/** Ids of the processes whose arguments or environment contain `text`. */
function processesContaining(text) {
  return processes().filter((id) => {
    try {
      return ['cmdline', 'environ'].some((part) => readFileSync(`/proc/${id}/${part}`).includes(text));
    } catch {
      return false; // it has ended, or is not ours
    }
  });
}

function childrenOf(parent) {
  return processes()
    .filter((id) => {
      try {
        return new RegExp(`^PPid:\\s*${parent}$`, 'm').test(readFileSync(`/proc/${id}/status`, 'utf8'));
      } catch {
        return false; // it has ended
      }
    })
    .map(Number);
}

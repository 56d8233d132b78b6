// Commands about connections: a target, a Windows account and where its password comes from. A password goes from the box it is typed into to
// the server that seals it, and nowhere else: not into a log, a message, the memory of this window.
import { ProductError } from '../../base/error.ts';
import type { Log } from '../../base/log.ts';
import type { ConnectionRecord } from '../../protocol/fleet.ts';
import type { FleetParams } from '../../protocol/fleetMethods.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Queue } from '../fleet/fleetStore.ts';
import { askChoice, askText, type Choice, confirmed, mustBeGiven, nameProblem } from '../fleet/prompts.ts';
import type { Server } from '../fleet/server.ts';
import { t } from '../l10n.ts';
import { type FleetCommandName, fleetCommandIds } from '../names.ts';
import type { VSCode } from '../vscode.ts';
import { oneLine } from '../wording.ts';

type Handler = (target: unknown, selected?: unknown) => Promise<unknown>;
type Names = Extract<
  FleetCommandName,
  | 'manageConnections'
  | 'addConnection'
  | 'editConnection'
  | 'testConnection'
  | 'removeConnection'
  | 'rekeyConnections'
>;

/** A connection together with who keeps it. */
interface Kept {
  readonly server: Server;
  readonly connection: ConnectionRecord;
}

type Credential = Pick<FleetParams<'connections.put'>, 'password' | 'reference'>;

export class Connections {
  readonly #vscode: VSCode;
  readonly #fleet: Fleet;
  readonly #log: Log;

  constructor(vscode: VSCode, fleet: Fleet, log: Log) {
    this.#vscode = vscode;
    this.#fleet = fleet;
    this.#log = log;
  }

  readonly commands: Readonly<Record<Names, Handler>> = {
    manageConnections: () => this.#manage(),
    addConnection: (target) => this.#addTo(target),
    editConnection: async (target) => {
      const kept = await this.#which(target, t('Edit which connection?'));
      if (kept) await this.#edit(kept);
    },
    testConnection: async (target) => {
      const kept = await this.#which(target, t('Test which connection?'));
      if (kept) await this.#test(kept);
    },
    removeConnection: async (target) => {
      const kept = await this.#which(target, t('Remove which connection?'));
      if (kept) await this.#remove(kept);
    },
    rekeyConnections: () => this.#rekey(),
  };

  /** Asks for a new connection to a queue; undefined when the person gave up. Rejects with a ProductError. */
  async add(server: Server, queue: Queue): Promise<ConnectionRecord | undefined> {
    const title = t('Add Connection to {0}', oneLine(queue.name, 60));
    const account = await this.#account(title, '');
    if (account === undefined) return undefined;
    const credential = await this.#credential(title, account, undefined);
    if (!credential) return undefined;
    const name = await askText(this.#vscode, {
      title,
      prompt: t('What the connection is called.'),
      value: t('{0} on {1}', account, queue.name),
      problem: nameProblem,
    });
    if (name === undefined) return undefined;
    const { connection } = await server.call('connections.put', {
      name: name.trim(),
      target: queue.id,
      account,
      ...credential,
    });
    this.#log.info('connection added', { server: server.id, connection: connection.id });
    await server.refresh();
    const test = t('Test');
    void this.#vscode.window
      .showInformationMessage(t('{0} is there.', oneLine(connection.name, 60)), test)
      .then((choice) => {
        if (choice === test)
          void this.#vscode.commands.executeCommand(fleetCommandIds.testConnection, {
            kind: 'connection',
            server: server.id,
            id: connection.id,
          });
      });
    return connection;
  }

  // ── commands ──────────────────────────────────────────────────────────────────────────────────────────────────

  async #manage(): Promise<void> {
    const kept = this.#all();
    const add = { label: `$(add) ${t('Add a connection…')}`, value: undefined };
    const chosen = await askChoice<{ readonly kept: Kept | undefined }>(
      this.#vscode,
      t('Connections'),
      [
        ...kept.map((one) => ({ ...this.#choice(one), value: { kept: one } })),
        { ...add, value: { kept: undefined } },
      ],
      kept.length === 0 ? t('There is none yet') : t('Choose one to edit, test or remove it'),
    );
    if (!chosen) return;
    if (!chosen.kept) return this.#addTo(undefined);
    const name = oneLine(chosen.kept.connection.name, 60);
    const action = await askChoice(this.#vscode, name, [
      { label: `$(edit) ${t('Edit…')}`, value: 'edit' as const },
      { label: `$(beaker) ${t('Test')}`, value: 'test' as const },
      { label: `$(trash) ${t('Remove')}`, value: 'remove' as const },
    ]);
    if (action === 'edit') await this.#edit(chosen.kept);
    if (action === 'test') await this.#test(chosen.kept);
    if (action === 'remove') await this.#remove(chosen.kept);
  }

  async #addTo(target: unknown): Promise<void> {
    const place = await this.#queueOf(target, t('A connection to which machine or group?'));
    if (place) await this.add(place.server, place.queue);
  }

  async #edit({ server, connection }: Kept): Promise<void> {
    const title = t('Edit {0}', oneLine(connection.name, 60));
    const { kind } = connection.credential;
    const what = await askChoice(this.#vscode, title, [
      { label: t('Password'), description: credentialWords(kind), value: 'credential' as const },
      { label: t('Account'), description: oneLine(connection.account, 60), value: 'account' as const },
      { label: t('Name'), description: oneLine(connection.name, 60), value: 'name' as const },
      {
        label: t('Target'),
        description: connection.usable
          ? oneLine(server.store.nameOf(connection.queue) ?? '', 60)
          : t('gone, or in a machine group now'),
        value: 'target' as const,
      },
    ]);
    const change = what && (await this.#change(what, server, connection, title));
    if (!change) return;
    await server.call('connections.put', { connection: connection.id, ...change });
    this.#log.info('connection changed', { server: server.id, connection: connection.id, what });
    await server.refresh();
    this.#vscode.window.setStatusBarMessage(
      `$(check) ${t('{0} is changed', oneLine(connection.name, 60))}`,
      5_000,
    );
  }

  async #change(
    what: 'credential' | 'account' | 'name' | 'target',
    server: Server,
    connection: ConnectionRecord,
    title: string,
  ): Promise<FleetParams<'connections.put'> | undefined> {
    switch (what) {
      case 'credential':
        return this.#credential(title, connection.account, connection);
      case 'account': {
        const account = await this.#account(title, connection.account);
        if (account === undefined || account === connection.account) return undefined;
        // The password of one account must never be used for another.
        const credential = await this.#credential(title, account, undefined);
        return credential && { account, ...credential };
      }
      case 'name': {
        const name = await askText(this.#vscode, {
          title,
          prompt: t('What the connection is called.'),
          value: connection.name,
          problem: nameProblem,
        });
        return name === undefined ? undefined : { name: name.trim() };
      }
      case 'target': {
        const queue = await askChoice(
          this.#vscode,
          title,
          server.store.queues().map((one) => ({
            label: oneLine(one.name, 60),
            description: one.kind === 'group' ? t('machine group') : t('machine'),
            value: one,
          })),
        );
        return queue && { target: queue.id };
      }
    }
  }

  async #test({ server, connection }: Kept): Promise<void> {
    const name = oneLine(connection.name, 60);
    const { window, ProgressLocation } = this.#vscode;
    const result = await window.withProgress(
      { location: ProgressLocation.Notification, title: t('Signing in with {0}…', name) },
      () => server.call('connections.test', { connection: connection.id }),
    );
    if (result.ok) {
      void window.showInformationMessage(
        t('{0} is good: its account can sign in on {1}.', name, oneLine(result.machine, 60)),
      );
      return;
    }
    const { code, message, nextStep } = result.error ?? {
      code: 'SessionCreationError',
      message: t('The sign-in failed.'),
      nextStep: t('Look into the log of the agent.'),
    };
    const edit = t('Edit Connection');
    const choice = await window.showErrorMessage(
      t(
        '{0} failed on {1}: {2} {3} ({4})',
        name,
        oneLine(result.machine, 60),
        oneLine(message, 300),
        oneLine(nextStep, 300),
        code,
      ),
      edit,
    );
    if (choice === edit) await this.#edit({ server, connection });
  }

  async #remove({ server, connection }: Kept): Promise<void> {
    const yes = t('Remove');
    const agreed = await confirmed(
      this.#vscode,
      t('Remove the connection {0}?', oneLine(connection.name, 60)),
      t('Its password is deleted where it is kept. Runs that have begun go on.'),
      yes,
    );
    if (!agreed) return;
    await server.call('connections.remove', { connection: connection.id });
    await server.refresh();
  }

  async #rekey(): Promise<void> {
    const yes = t('Seal Anew');
    const agreed = await confirmed(
      this.#vscode,
      t('Seal all passwords of this machine with a new key?'),
      t('Do this when somebody else may have read the key file; change the passwords then, too.'),
      yes,
    );
    if (!agreed) return;
    const { sealed, unreadable } = await this.#fleet.local.call('connections.rekey', {});
    const done = t('{0} sealed with a new key.', t('{0} passwords', sealed));
    await (unreadable === 0
      ? this.#vscode.window.showInformationMessage(done)
      : this.#vscode.window.showWarningMessage(
          `${done} ${t('{0} cannot be opened and stay as they are: enter them again.', unreadable)}`,
        ));
  }

  // ── questions ─────────────────────────────────────────────────────────────────────────────────────────────────

  async #account(title: string, value: string): Promise<string | undefined> {
    const account = await askText(this.#vscode, {
      title,
      prompt: t('The Windows account that runs sign in with.'),
      placeHolder: t('DOMAIN\\user, user@domain or .\\user'),
      value,
      problem: mustBeGiven,
    });
    return account?.trim();
  }

  /** Undefined when the person gave up. */
  async #credential(
    title: string,
    account: string,
    before: ConnectionRecord | undefined,
  ): Promise<Credential | undefined> {
    const kind = await askChoice(this.#vscode, title, [
      {
        label: t('Type the password'),
        detail: t('It is kept sealed on the machine, or by the orchestrator for its machines.'),
        value: 'sealed' as const,
      },
      {
        label: t('Refer to a password that is kept elsewhere'),
        detail: t('Looked up on the machine for each run: env:NAME, file:/path or command:/path arguments.'),
        value: 'reference' as const,
      },
      {
        label: t('No password'),
        detail: t('Attended runs only, in the session of who is signed in.'),
        value: 'none' as const,
      },
    ]);
    if (kind === 'sealed') {
      const password = await askText(this.#vscode, {
        title,
        prompt: t('The password of {0}.', oneLine(account, 60)),
        password: true,
        problem: (text) => (text === '' ? t('It cannot be empty.') : undefined),
      });
      if (password === undefined) return undefined;
      this.#log.redactor.add(password);
      return { password };
    }
    if (kind === 'reference') {
      const known = before?.credential.kind === 'reference' ? before.credential.reference : '';
      const reference = await askText(this.#vscode, {
        title,
        prompt: t('Where the password of {0} is. Not the password itself.', oneLine(account, 60)),
        placeHolder: 'env:FLOWS_PASSWORD',
        value: known,
        problem: (text) =>
          /^(env|file|command):\S/.test(text.trim())
            ? undefined
            : t('It begins with env:, file: or command:.'),
      });
      return reference === undefined ? undefined : { reference: reference.trim() };
    }
    if (kind === undefined) return undefined;
    return before === undefined || before.credential.kind === 'none' ? {} : { password: '' };
  }

  #all(): readonly Kept[] {
    return this.#fleet.servers
      .filter(({ state }) => state.kind === 'connected')
      .flatMap((server) => server.store.lists.connections.map((connection) => ({ server, connection })));
  }

  #choice(kept: Kept): Choice<Kept> {
    const { server, connection } = kept;
    return {
      label: oneLine(connection.name, 60),
      description: `${oneLine(connection.account, 60)} → ${oneLine(server.store.nameOf(connection.queue) ?? t('target is gone'), 60)}`,
      detail: `${credentialWords(connection.credential.kind)}${connection.usable ? '' : ` · ${t('cannot be used any more')}`}`,
      value: kept,
    };
  }

  /** That of the row, the only one, or the one that is picked. */
  async #which(target: unknown, title: string): Promise<Kept | undefined> {
    const node = target as { kind?: unknown; server?: unknown; id?: unknown } | undefined;
    if (node?.kind === 'connection') {
      const server = this.#fleet.server(String(node.server));
      const connection = server?.store.connection(String(node.id));
      if (server && connection) return { server, connection };
      throw new ProductError(
        'ConnectionNotFound',
        'This connection is gone.',
        'Look in the Machines view for those that are there.',
      );
    }
    const kept = this.#all();
    if (kept.length === 0) {
      const add = t('Add Connection');
      const choice = await this.#vscode.window.showInformationMessage(
        t('There is no connection yet. It says under which account runs start on a machine.'),
        add,
      );
      if (choice === add) await this.#addTo(undefined);
      return undefined;
    }
    return askChoice(
      this.#vscode,
      title,
      kept.map((one) => this.#choice(one)),
    );
  }

  async #queueOf(
    target: unknown,
    title: string,
  ): Promise<{ readonly server: Server; readonly queue: Queue } | undefined> {
    const node = target as { server?: unknown; id?: unknown; queue?: unknown; kind?: unknown } | undefined;
    const named = typeof node?.server === 'string' ? this.#fleet.server(node.server) : undefined;
    const all = (named ? [named] : this.#fleet.servers)
      .filter(({ state }) => state.kind === 'connected')
      .flatMap((server) => server.store.queues().map((queue) => ({ server, queue })));
    const row = all.find(({ queue }) => queue.id === node?.id || queue.id === node?.queue);
    if (row) return row;
    if (all.length <= 1) {
      if (all.length === 0)
        await this.#vscode.window.showInformationMessage(
          t(
            'No machine is connected that a connection could lead to. Start the agent, or add an orchestrator.',
          ),
        );
      return all[0];
    }
    return askChoice(
      this.#vscode,
      title,
      all.map((place) => ({
        label: oneLine(place.queue.name, 60),
        description: oneLine(place.server.label, 60),
        value: place,
      })),
    );
  }
}

const credentialWords = (kind: ConnectionRecord['credential']['kind']): string =>
  ({
    sealed: t('password kept sealed'),
    reference: t('password by reference'),
    none: t('no password: attended only'),
  })[kind];

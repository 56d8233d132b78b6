// Services of Windows: being one (in Node itself), installing, starting, asking; the event log of applications.
import { win32 } from './errors.ts';
import {
  bytesAt,
  type Callback,
  callback,
  type Handle,
  lastError,
  pointedIn,
  pointTo,
  readLong,
  succeed,
  textAt,
  wide,
  wideText,
  win32Error,
  writeLong,
} from './ffi.ts';
import { advapi32 } from './prototypes.ts';
import { deleteKey, writeValue } from './registry.ts';
import { sessionEvents } from './sessions.ts';

export type ServiceState =
  | 'stopped'
  | 'starting'
  | 'stopping'
  | 'running'
  | 'continuing'
  | 'pausing'
  | 'paused';
const states: readonly (ServiceState | undefined)[] = [
  undefined,
  'stopped',
  'starting',
  'stopping',
  'running',
  'continuing',
  'pausing',
  'paused',
];

export interface ServiceStatus {
  readonly state: ServiceState;
  /** 0 while it does not run. */
  readonly processId: number;
  /** Win32 number it ended with last. */
  readonly exitCode: number;
}

const managerRights = { connect: 0x1, create: 0x2 } as const;
const serviceRights = {
  queryConfig: 0x1,
  change: 0x2,
  query: 0x4,
  start: 0x10,
  stop: 0x20,
  pause: 0x40,
  delete: 0x10000,
} as const;

function withManager<R>(rights: number, use: (manager: Handle) => R): R {
  const manager = succeed('OpenSCManager', advapi32.OpenSCManagerW(null, null, rights));
  try {
    return use(manager);
  } finally {
    advapi32.CloseServiceHandle(manager);
  }
}

/** Undefined when there is no such service. Throws WindowsError 5 where this account may not. */
function withService<R>(name: string, rights: number, use: (service: Handle) => R): R | undefined {
  return withManager(managerRights.connect, (manager) => {
    const service = advapi32.OpenServiceW(manager, name, rights);
    if (service === 0) {
      const number = lastError();
      const invalidName = 123;
      if (number === win32.serviceDoesNotExist || number === invalidName) return undefined;
      throw win32Error('OpenService', number, name);
    }
    try {
      return use(service);
    } finally {
      advapi32.CloseServiceHandle(service);
    }
  });
}

/** Undefined when there is no such service. */
export function serviceStatus(name: string): ServiceStatus | undefined {
  return withService(name, serviceRights.query, (service) => statusOf(service, name));
}

function statusOf(service: Handle, name: string): ServiceStatus {
  const status = Buffer.alloc(36);
  const needed = Buffer.alloc(4);
  succeed(
    'QueryServiceStatusEx',
    advapi32.QueryServiceStatusEx(service, 0, status, status.length, needed),
    name,
  );
  return {
    state: states[status.readUInt32LE(4)] ?? 'stopped',
    processId: status.readUInt32LE(28),
    exitCode: status.readUInt32LE(12),
  };
}

/** How a service is set up; undefined when there is none. */
export function serviceSetUp(name: string):
  | {
      readonly command: string;
      readonly displayName: string;
      readonly account: string;
      readonly start: number;
    }
  | undefined {
  return withService(name, serviceRights.queryConfig, (service) => {
    const needed = Buffer.alloc(4);
    advapi32.QueryServiceConfigW(service, null, 0, needed);
    const config = Buffer.alloc(Math.max(64, needed.readUInt32LE(0)));
    succeed('QueryServiceConfig', advapi32.QueryServiceConfigW(service, config, config.length, needed), name);
    return {
      command: wideText(pointedIn(config, 16)),
      displayName: wideText(pointedIn(config, 56)),
      account: wideText(pointedIn(config, 48)),
      start: config.readUInt32LE(4),
    };
  });
}

/** Services and whether they run, by name. */
export function services(): {
  readonly name: string;
  readonly displayName: string;
  readonly state: ServiceState;
}[] {
  const enumerate = 0x4;
  return withManager(managerRights.connect | enumerate, (manager) => {
    const sizes = Buffer.alloc(12);
    const win32Services = 0x30;
    const all = 3;
    const ask = (buffer: Buffer | null) =>
      advapi32.EnumServicesStatusExW(
        manager,
        0,
        win32Services,
        all,
        buffer,
        buffer?.length ?? 0,
        sizes,
        sizes.subarray(4),
        sizes.subarray(8),
        null,
      );
    for (;;) {
      ask(null);
      // Room for services that are added meanwhile.
      const buffer = Buffer.alloc(sizes.readUInt32LE(0) + 4096);
      sizes.fill(0);
      if (ask(buffer) === 0) {
        const number = lastError();
        if (number === win32.moreData) continue;
        throw win32Error('EnumServicesStatusEx', number);
      }
      return Array.from({ length: sizes.readUInt32LE(4) }, (_, index) => ({
        name: wideText(pointedIn(buffer, index * 56)),
        displayName: wideText(pointedIn(buffer, index * 56 + 8)),
        state: states[buffer.readUInt32LE(index * 56 + 20)] ?? 'stopped',
      }));
    }
  });
}

/**
 * Asks a service to start; resolves when its process is there (Windows waits up to 30 seconds for it), mostly before it runs. False
 * when it runs already. Rejects with WindowsError 1060 when there is none, 1053 when its program did not answer, 1058 when disabled …
 */
export async function startService(name: string): Promise<boolean> {
  const manager = succeed('OpenSCManager', advapi32.OpenSCManagerW(null, null, managerRights.connect));
  let service: Handle = 0;
  try {
    const rights = serviceRights.start | serviceRights.query | serviceRights.queryConfig;
    service = succeed('OpenService', advapi32.OpenServiceW(manager, name, rights), name);
    if (statusOf(service, name).state !== 'stopped') return false;
    if ((await advapi32.StartServiceW.async(service, 0, null)) !== 0) return true;
    // The last error of that thread cannot be asked; the service manager keeps the reason.
    const { state, exitCode } = statusOf(service, name);
    if (state !== 'stopped') return false;
    const never = 1077;
    const [disabled, noAnswer, isDisabled] = [1058, 1053, serviceSetUp(name)?.start === 4];
    throw win32Error(
      'StartService',
      isDisabled ? disabled : exitCode === 0 || exitCode === never ? noAnswer : exitCode,
      name,
    );
  } finally {
    if (service !== 0) advapi32.CloseServiceHandle(service);
    advapi32.CloseServiceHandle(manager);
  }
}

const controls = { stop: 1, pause: 2, continue: 3 } as const;

/** Asks a service to stop, pause or go on, and comes back before it has. False when it does not run. Throws 1060 when there is none. */
export function controlService(name: string, control: keyof typeof controls): boolean {
  const right = control === 'stop' ? serviceRights.stop : serviceRights.pause;
  const result = withService(name, right, (service) => {
    const status = Buffer.alloc(28);
    if (advapi32.ControlService(service, controls[control], status) !== 0) return true;
    const number = lastError();
    if (number === win32.serviceNotActive) return false;
    throw win32Error('ControlService', number, name);
  });
  if (result === undefined) throw win32Error('OpenService', win32.serviceDoesNotExist, name);
  return result;
}

export interface ServiceSetUp {
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  /** Whole command line; the program in quotation marks where its path has spaces. */
  readonly command: string;
  /** `delayed`: some minutes after the computer started. */
  readonly start: 'automatic' | 'delayed' | 'manual';
  /** LocalSystem without. `password` is wiped; accounts of the system need none. */
  readonly account?: { readonly name: string; readonly password?: Buffer };
  /** Started anew so many ms after each failure (the last one repeats); counted anew after `resetSeconds` without one. */
  readonly recovery?: { readonly delays: readonly number[]; readonly resetSeconds: number };
}

const startTypes = { automatic: 2, delayed: 2, manual: 3 } as const;

/** Installs a service, or brings the one there is in line. Needs elevation (WindowsError 5). */
export function installService(setUp: ServiceSetUp): 'installed' | 'changed' {
  const ownProcess = 0x10;
  const logErrors = 1;
  const password = setUp.account?.password ?? null;
  const account = setUp.account?.name ?? null;
  try {
    return withManager(managerRights.connect | managerRights.create, (manager) => {
      const rights =
        serviceRights.queryConfig | serviceRights.change | serviceRights.query | serviceRights.start;
      let service = advapi32.CreateServiceW(
        manager,
        setUp.name,
        setUp.displayName,
        rights,
        ownProcess,
        startTypes[setUp.start],
        logErrors,
        setUp.command,
        null,
        null,
        null,
        account,
        password,
      );
      let outcome: 'installed' | 'changed' = 'installed';
      if (service === 0) {
        const number = lastError();
        if (number !== win32.serviceExists) throw win32Error('CreateService', number, setUp.name);
        outcome = 'changed';
        service = succeed('OpenService', advapi32.OpenServiceW(manager, setUp.name, rights), setUp.name);
      }
      try {
        if (outcome === 'changed') {
          const done = advapi32.ChangeServiceConfigW(
            service,
            ownProcess,
            startTypes[setUp.start],
            logErrors,
            setUp.command,
            null,
            null,
            null,
            account,
            password,
            setUp.displayName,
          );
          succeed('ChangeServiceConfig', done, setUp.name);
        }
        describe(service, setUp);
        return outcome;
      } finally {
        advapi32.CloseServiceHandle(service);
      }
    });
  } finally {
    password?.fill(0);
  }
}

/** What CreateService does not take: description, delay, recovery. */
function describe(service: Handle, { name, description, start, recovery }: ServiceSetUp): void {
  const levels = { description: 1, failureActions: 2, delayedStart: 3, failureActionsFlag: 4 } as const;
  const change = (level: number, structure: Buffer) =>
    succeed('ChangeServiceConfig2', advapi32.ChangeServiceConfig2W(service, level, structure), name);

  const text = Buffer.alloc(8);
  pointTo(text, wide(description), 0);
  change(levels.description, text);

  const delayed = Buffer.alloc(4);
  delayed.writeUInt32LE(start === 'delayed' ? 1 : 0);
  if (start !== 'manual') change(levels.delayedStart, delayed);

  if (recovery === undefined) return;
  const restart = 1;
  const actions = Buffer.alloc(recovery.delays.length * 8);
  recovery.delays.forEach((delay, index) => {
    actions.writeUInt32LE(restart, index * 8);
    actions.writeUInt32LE(delay, index * 8 + 4);
  });
  const failure = Buffer.alloc(40);
  failure.writeUInt32LE(recovery.resetSeconds, 0);
  failure.writeUInt32LE(recovery.delays.length, 24);
  pointTo(failure, actions, 32);
  change(levels.failureActions, failure);
  // Also when the service ends by itself with an error.
  const always = Buffer.alloc(4);
  always.writeUInt32LE(1);
  if (advapi32.ChangeServiceConfig2W(service, levels.failureActionsFlag, always) === 0) {
    const number = lastError();
    const invalidLevel = 124;
    // Without it Windows restarts the service after a crash only.
    if (number !== invalidLevel) throw win32Error('ChangeServiceConfig2', number, name);
  }
}

/** False when there was none. One that runs goes when it has stopped. */
export function removeService(name: string): boolean {
  return (
    withService(name, serviceRights.delete, (service) => {
      if (advapi32.DeleteService(service) === 0) {
        const number = lastError();
        if (number !== win32.serviceMarkedForDelete) throw win32Error('DeleteService', number, name);
      }
      return true;
    }) ?? false
  );
}

// Being a service

export interface ServiceHandlers {
  /** Arguments it was started with, the name first. It counts as running when the promise is fulfilled, as failed when it is rejected. */
  started(args: readonly string[]): Promise<void>;
  /** Asked to stop, or the computer shuts down. It counts as stopped when the promise settles. */
  stop(reason: 'stop' | 'shutdown'): Promise<void>;
  /** Something happened to a session (names: sessions.ts). */
  sessionChanged(event: string, sessionId: number): void;
  failed(error: unknown): void;
}

/** Windows is told again within this time that starting or stopping goes on, in ms. */
const patience = 30_000;

/**
 * Is the service `name` until it has stopped; rejects with WindowsError 1063 when Windows did not start this process as a service.
 * The thread's event loop serves it: nothing may block it.
 */
export async function runService(name: string, handlers: ServiceHandlers): Promise<void> {
  const accepted = { stop: 0x1, shutdown: 0x4, sessionChange: 0x80 } as const;
  const numbers = { stopped: 1, starting: 2, stopping: 3, running: 4 } as const;
  const control = { stop: 1, interrogate: 4, shutdown: 5, sessionChange: 14 } as const;
  const released: Callback[] = [];
  let handle: Handle = 0;
  let current: keyof typeof numbers = 'starting';
  let checkpoint = 0;

  const report = (state: keyof typeof numbers, exitCode = 0) => {
    current = state;
    const isPending = state === 'starting' || state === 'stopping';
    checkpoint = isPending ? checkpoint + 1 : 0;
    const status = Buffer.alloc(28);
    const values = [
      0x10,
      numbers[state],
      state === 'running' ? accepted.stop | accepted.shutdown | accepted.sessionChange : 0,
      exitCode,
      0,
      checkpoint,
      isPending ? patience : 0,
    ];
    values.forEach((value, index) => {
      status.writeUInt32LE(value, index * 4);
    });
    advapi32.SetServiceStatus(handle, status);
  };
  const whilePending = async (state: 'starting' | 'stopping', work: Promise<void>) => {
    report(state);
    const again = setInterval(() => report(state), patience / 3);
    try {
      await work;
    } finally {
      clearInterval(again);
    }
  };
  const end = async (reason: 'stop' | 'shutdown') => {
    if (current === 'stopping' || current === 'stopped') return;
    await whilePending('stopping', handlers.stop(reason)).catch(handlers.failed);
    report('stopped');
  };

  const heard = callback(
    ['uint', 'uint', 'uint', 'long', 'long'],
    (code, event, data) => {
      if (code === control.stop || code === control.shutdown)
        void end(code === control.stop ? 'stop' : 'shutdown');
      else if (code === control.sessionChange) {
        const eventName = sessionEvents[event];
        if (eventName !== undefined) handlers.sessionChanged(eventName, sessionIn(data));
      } else if (code !== control.interrogate) return win32.callNotImplemented;
      return win32.success;
    },
    handlers.failed,
  );
  const main = callback(
    ['void', 'uint', 'long'],
    (count, list) => {
      handle = advapi32.RegisterServiceCtrlHandlerExW(name, heard.address, 0);
      if (handle === 0) throw win32Error('RegisterServiceCtrlHandlerEx', lastError(), name);
      void whilePending('starting', handlers.started(textsAt(list, count))).then(
        () => report('running'),
        (error) => {
          handlers.failed(error);
          const serviceSpecific = 1066;
          report('stopped', serviceSpecific);
        },
      );
      return 0;
    },
    handlers.failed,
  );
  released.push(heard, main);

  const table = Buffer.alloc(32);
  pointTo(table, wide(name), 0);
  writeLong(table, main.address, 8);
  try {
    // Comes back when the service has stopped.
    if ((await advapi32.StartServiceCtrlDispatcherW.async(table)) === 0) {
      const notStartedByWindows = 1063;
      throw win32Error('StartServiceCtrlDispatcher', notStartedByWindows, name);
    }
  } finally {
    for (const one of released) one.release();
  }
}

/** WTSSESSION_NOTIFICATION: its size, then the session. */
function sessionIn(address: number): number {
  return address === 0 ? 0 : bytesAt(address, 8).readUInt32LE(4);
}

function textsAt(list: number, count: number): string[] {
  const pointers = bytesAt(list, count * 8);
  return Array.from({ length: count }, (_, index) => textAt(readLong(pointers, index * 8)));
}

// Event log of applications

export type EventKind = 'error' | 'warning' | 'information';
const eventKinds: Readonly<Record<EventKind, number>> = { error: 1, warning: 2, information: 4 };
const sourcesKey = 'SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application';

/** Lets the event viewer show our texts as they are. Needs elevation. */
export function installEventSource(source: string): void {
  // A program of Windows whose message table says "%1" for the numbers 1 to 1000.
  const file = '%SystemRoot%\\System32\\EventCreate.exe';
  const all = 7;
  writeValue('HKEY_LOCAL_MACHINE', `${sourcesKey}\\${source}`, 'EventMessageFile', {
    kind: 'expandable',
    value: file,
  });
  writeValue('HKEY_LOCAL_MACHINE', `${sourcesKey}\\${source}`, 'TypesSupported', {
    kind: 'number',
    value: all,
  });
}

/** False when it was not there. */
export function removeEventSource(source: string): boolean {
  return deleteKey('HKEY_LOCAL_MACHINE', `${sourcesKey}\\${source}`);
}

/** Writes into the event log. `id` is from 1 to 1000; the text holds no secret: everybody may read it. */
export function reportEvent(source: string, kind: EventKind, id: number, text: string): void {
  const log = succeed('RegisterEventSource', advapi32.RegisterEventSourceW(null, source), source);
  try {
    // Longer ones are refused.
    const limit = 31_000;
    const strings = Buffer.alloc(8);
    pointTo(strings, wide(text.slice(0, limit)), 0);
    succeed(
      'ReportEvent',
      advapi32.ReportEventW(log, eventKinds[kind], 0, id, null, 1, 0, strings, null),
      source,
    );
  } finally {
    advapi32.DeregisterEventSource(log);
  }
}

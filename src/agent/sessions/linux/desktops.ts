// X sessions found in the process table. xrdp's session manager keeps one child per session, its leader, and under that the X server,
// the window manager and the channel server. Pure: reads only what it is given.
import type { SessionState } from '../../../protocol/sessions.ts';
import type { Process } from './processes.ts';

/** One X session. Its id names it for ever: displays are used again, starts are not. */
export interface Desktop {
  readonly id: string;
  readonly display: number;
  readonly uid: number;
  readonly leader: Process;
  readonly xServer: Process;
  /** Absent until its program has been started. */
  readonly windowManager: Process | undefined;
}

/** What is asked about a process when its place in the tree makes it interesting. */
export interface ProcessDetails {
  userOf(pid: number): number | undefined;
  argumentsOf(pid: number): readonly string[];
  programOf(pid: number): string | undefined;
}

export const xServerProgram = '/usr/lib/xorg/Xorg';

const managerName = 'xrdp-sesman';
const channelServerName = 'xrdp-chansrv';

/** Sessions that the session manager `manager` (a pid) has made. One whose X server is not up yet is not among them. */
export function desktopsOf(
  processes: readonly Process[],
  manager: number,
  details: ProcessDetails,
): readonly Desktop[] {
  return processes
    .filter(({ parent }) => parent === manager)
    .flatMap((leader) => {
      const parts = processes.filter(({ parent }) => parent === leader.pid);
      const xServer = parts.find(({ pid }) => details.programOf(pid) === xServerProgram);
      if (xServer === undefined) return [];
      const display = /^:(\d+)$/.exec(details.argumentsOf(xServer.pid)[1] ?? '')?.[1];
      const uid = details.userOf(xServer.pid);
      if (display === undefined || uid === undefined) return [];
      return [
        {
          id: desktopId(Number(display), leader),
          display: Number(display),
          uid,
          leader,
          xServer,
          windowManager: parts.find(
            ({ pid, name }) => pid !== xServer.pid && name !== channelServerName && name !== managerName,
          ),
        },
      ];
    });
}

export const desktopId = (display: number, { started }: Process): string => `${display}-${started}`;

/** Socket of the X server that xrdp connects to while a client watches the session. */
export const displaySocket = (display: number): string => `/run/xrdp/sockdir/xrdp_display_${display}`;

/** A session is locked only as long as somebody is connected: without a connection it takes a sign-in anyway. */
export function stateOf(desktop: Desktop, connected: ReadonlySet<string>, locked: boolean): SessionState {
  if (desktop.windowManager === undefined) return 'connecting';
  if (!connected.has(displaySocket(desktop.display))) return 'disconnected';
  return locked ? 'locked' : 'active';
}

/** `:60` and `:60.0` are the display 60. */
export const isDisplay = (variable: string | undefined, display: number): boolean =>
  variable !== undefined && new RegExp(`^:${display}(\\.\\d+)?$`).test(variable);

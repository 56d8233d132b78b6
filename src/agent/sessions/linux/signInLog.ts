// What became of an attempt to sign in, read from the log of xrdp's session manager: the protocol does not say it, the client stays
// connected to a window that shows the failure. Others can write names of their choice into this log, so a success that is found here
// is believed only after the process table shows it.

export type SignIn =
  /** `account`: an end of the account other than its password. `right`: not allowed to sign in remotely. */
  | {
      readonly kind: 'refused';
      readonly because: 'password' | 'locked' | 'expired' | 'newPassword' | 'right' | 'limit';
    }
  | { readonly kind: 'session'; readonly leader: number; readonly display: number; readonly isNew: boolean };

const starts = /^\[\d{8}-\d\d:\d\d:\d\d\] \[\w+ *\] /;

/** The outcome for `user` in what was logged since the attempt began; undefined as long as there is none. */
export function signInOutcome(log: string, user: string): SignIn | undefined {
  // What the authentication said stands before its result; results of others end what can belong to ours.
  let said: string[] = [];
  for (const line of log.split('\n')) {
    const text = line.replace(starts, '');
    if (text === line) continue;
    if (text.startsWith('AUTHFAIL: ')) {
      if (text.startsWith(`AUTHFAIL: user=${user} ip=`))
        return { kind: 'refused', because: reasonOf(said.join('\n')) };
      said = [];
    } else if (text.startsWith('PAM: ') || /^pam_\w+ failed: /.test(text)) said.push(text);
    else if (text === `login denied for user ${user}`) return { kind: 'refused', because: 'right' };
    else if (text === `max concurrent session limit exceeded. login for user ${user} denied`)
      return { kind: 'refused', because: 'limit' };
    else if (text.startsWith('Starting session: ') && text.endsWith(`, user name ${user}`)) {
      const found = /^Starting session: session_pid (\d+), display :(\d+)\./.exec(text);
      if (found) return sessionFrom(found, true);
    } else if (text.startsWith(`++ reconnected session: username ${user}, display :`)) {
      const found = /, display :(\d+)\.\d+, session_pid (\d+)/.exec(text);
      if (found) return sessionFrom([found[0], found[2] as string, found[1] as string], false);
    } else if (text.startsWith('Socket ')) said = [];
  }
  return undefined;
}

/** Whether the session manager was asked for anything. */
export const wasAsked = (log: string): boolean => /\] Socket \d+: .*connection received/.test(log);

function sessionFrom([, leader, display]: readonly string[], isNew: boolean): SignIn {
  return { kind: 'session', leader: Number(leader), display: Number(display), isNew };
}

function reasonOf(said: string): 'password' | 'locked' | 'expired' | 'newPassword' | 'right' {
  if (/account is (temporarily )?locked/i.test(said)) return 'locked';
  if (/account has expired/i.test(said)) return 'expired';
  if (/change your password|new one required/i.test(said)) return 'newPassword';
  // Authentication went well, but a module of the account stack said no.
  if (/pam_acct_mgmt failed/.test(said)) return 'right';
  return 'password';
}

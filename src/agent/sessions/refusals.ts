// Why a session could not be had, in the codes and words of the product (run error codes of unattended runs).
import { ProductError } from '../../base/error.ts';

export type Refusal =
  | 'password'
  | 'locked'
  | 'expired'
  | 'newPassword'
  | 'disabled'
  | 'right'
  | 'root'
  | 'restricted'
  | 'limit'
  | 'off'
  | 'exists'
  | 'noHome'
  | 'died'
  | 'unseen'
  | 'slow'
  | 'notice'
  | 'prompt'
  | 'certificate'
  | 'licence';

export interface RefusalFacts {
  readonly user: string;
  readonly edition: 'client' | 'server';
  readonly sessionLimit: number;
  /** Of Linux; '' elsewhere. */
  readonly home: string;
  /** What the client said last, when it gave up by itself. */
  readonly words: string;
}

/** `words` comes from programs that never see the password; account names are no secrets. */
export function refusal(why: Refusal, facts: RefusalFacts): ProductError {
  const { user } = facts;
  switch (why) {
    case 'password':
      return new ProductError(
        'SessionCreationInvalidCredentials',
        `The sign-in of ${user} was refused: there is no such account here, or its password is another one.`,
        'Correct account and password of the connection; the form `.\\user` means an account of this machine.',
      );
    case 'locked':
      return new ProductError(
        'AccountLockedOut',
        `The account ${user} is locked.`,
        'Have it unlocked, find out what tried wrong passwords, and start the run again.',
      );
    case 'expired':
      return new ProductError(
        'AccountLockedOut',
        `The account ${user} has expired.`,
        'Have its expiry date changed, or use another account in the connection.',
      );
    case 'disabled':
      return new ProductError(
        'AccountLockedOut',
        `The account ${user} is disabled.`,
        'Have it enabled, or use another account in the connection.',
      );
    case 'restricted':
      return new ProductError(
        'RdpPermissionNotGranted',
        `A rule of the system keeps ${user} from signing in here (hours, computers, or a password that is empty).`,
        'Have the rule changed, or use another account in the connection.',
      );
    case 'newPassword':
      return new ProductError(
        'SessionCreationUserPromptedForCredentialsAfterConnection',
        `${user} has to choose a new password before the next sign-in.`,
        'Sign in as this user once, choose a password, and enter it in the connection.',
      );
    case 'right':
    case 'root':
      return new ProductError(
        'RdpPermissionNotGranted',
        why === 'root'
          ? `${user} administers the machine and may not have a session for runs.`
          : `${user} may not sign in to this machine remotely.`,
        why === 'root'
          ? 'Use an ordinary account in the connection.'
          : 'Put the account in the group that may (on Windows: Remote Desktop Users), or use another one.',
      );
    case 'limit':
      if (facts.edition === 'client')
        return new ProductError(
          'Win10AlreadyHasActiveSession',
          'Somebody is signed in to this machine, and its edition carries one session only.',
          'Sign that session out, or use a machine with a server edition.',
        );
      return new ProductError(
        'TooManyActiveSessions',
        `A session for ${user} could not be made: all ${facts.sessionLimit} that this machine allows are in use.`,
        'Sign one of them out, or raise the limit.',
      );
    case 'off':
      return new ProductError(
        'RDPIsNotEnabled',
        'Remote Desktop is off: the server that makes sessions does not run on this machine.',
        'Switch Remote Desktop on (on Linux: start the agent again), then start the run again.',
      );
    case 'exists':
      return new ProductError(
        'SessionExistsForTheUserWhenUnattended',
        `${user} has a session on this machine already.`,
        'Sign it out, or let the machine reuse sessions.',
      );
    case 'noHome':
      return new ProductError(
        'SessionCreationError',
        `A session for ${user} could not be made: the home folder ${facts.home} is missing.`,
        'Make the folder and give it to the account, then start the run again.',
      );
    case 'died':
      return new ProductError(
        'SessionCreationError',
        `The session of ${user} ended while it was being made${facts.words === '' ? '' : ` (${facts.words})`}.`,
        `Sign in as this user once with a Remote Desktop client${facts.home === '' ? ' and see what ends it' : `; ${facts.home}/.xsession-errors may say what ends it`}.`,
      );
    case 'unseen':
      return new ProductError(
        'SessionNotFoundAfterCreation',
        `A session was made for ${user}, but this agent cannot see it.`,
        'Let the agent see the processes of all users, then start the run again.',
      );
    case 'slow':
      return new ProductError(
        'SessionCreationError',
        `A session for ${user} was not ready in time.`,
        'Sign in as this user once with a Remote Desktop client and see what it waits for.',
      );
    case 'notice':
      return new ProductError(
        'SessionCreationError',
        `The sign-in of ${user} waits for somebody to accept the legal notice of this machine.`,
        'Take the notice away for this machine (policy "Interactive logon: Message text for users attempting to log on").',
      );
    case 'prompt':
      return new ProductError(
        'SessionCreationUserPromptedForCredentialsAfterConnection',
        `The sign-in screen asks ${user} for more than the password (another credential provider, a second factor, or the policy to always ask).`,
        'Sign in as this user once with a Remote Desktop client and switch off what it asks for on this machine.',
      );
    case 'certificate':
      return new ProductError(
        'SessionCreationError',
        'The certificate that Remote Desktop shows is not the one of this machine, so no password was sent.',
        'Find out what listens on the port of Remote Desktop, or start its service again.',
      );
    case 'licence':
      return new ProductError(
        'SessionCreationError',
        `Remote Desktop has no licence for another session (${facts.words}).`,
        'Look after the licence server of Remote Desktop Services, or use two sessions at most.',
      );
  }
}

export const sessionNotFound = (id: string): ProductError =>
  new ProductError(
    'SessionNotFound',
    `There is no session ${id} on this machine (any more).`,
    'Start the run again; it gets the session that is there then.',
  );

// Accounts, tokens, rights and secrets of Windows: signing in, who a token is, DPAPI, Credential Manager, access lists. Passwords come as
// Buffers of UTF-16 (see `secret`) and are wiped here; none is ever in an error.
import { failedWith, win32 } from './errors.ts';
import {
  type Address,
  bytesAt,
  checkStatus,
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
  withHandle,
} from './ffi.ts';
import { advapi32, crypt32, kernel32 } from './prototypes.ts';

/** A secret text as Windows takes it. `fill(0)` it as soon as it is not needed. */
export function secret(text: string): Buffer {
  return wide(text);
}

export type LogonType = 'interactive' | 'network' | 'batch' | 'service';
const logonTypes: Readonly<Record<LogonType, number>> = { interactive: 2, network: 3, batch: 4, service: 5 };

/**
 * A token of an account (primary, for `network` one that can only act for others); `domain` is '.' for this computer. The password is
 * wiped. May take long when a domain is asked: not for a thread that others wait for. Throws WindowsError 1326 for a wrong password,
 * 1331 disabled, 1907 password must change, 1385 this way of signing in is not allowed …
 */
export function logOn(account: string, domain: string, password: Buffer, type: LogonType): Handle {
  const token = Buffer.alloc(8);
  try {
    const done = advapi32.LogonUserW(account, domain, password, logonTypes[type], 0, token);
    succeed('LogonUser', done, `${domain}\\${account}`);
  } finally {
    password.fill(0);
  }
  return readLong(token);
}

const tokenAccess = { query: 0x8, adjustPrivileges: 0x20, all: 0xf01ff } as const;

/** The token of a process, to read; to be closed. Throws WindowsError 5 for processes with more rights. */
export function processToken(process: Handle, access: keyof typeof tokenAccess = 'query'): Handle {
  const token = Buffer.alloc(8);
  succeed('OpenProcessToken', advapi32.OpenProcessToken(process, tokenAccess[access], token));
  return readLong(token);
}

/** Runs `use` with the token of this process. */
export function withOwnToken<R>(use: (token: Handle) => R, access: keyof typeof tokenAccess = 'query'): R {
  return withHandle(processToken(kernel32.GetCurrentProcess(), access), use);
}

const information = {
  user: 1,
  groups: 2,
  type: 8,
  sessionId: 12,
  elevationType: 18,
  linkedToken: 19,
  elevation: 20,
  integrity: 25,
} as const;

function tokenInformation(token: Handle, kind: keyof typeof information): Buffer {
  const size = Buffer.alloc(4);
  advapi32.GetTokenInformation(token, information[kind], null, 0, size);
  const buffer = Buffer.alloc(Math.max(8, size.readUInt32LE(0)));
  const done = advapi32.GetTokenInformation(token, information[kind], buffer, buffer.length, size);
  succeed('GetTokenInformation', done, kind);
  return buffer;
}

/** SID of the account, e.g. `S-1-5-21-…-1001`. */
export function tokenUser(token: Handle): string {
  const buffer = tokenInformation(token, 'user');
  return sidText(pointedIn(buffer, 0));
}

/** SIDs of groups that count (enabled). */
export function tokenGroups(token: Handle): string[] {
  const buffer = tokenInformation(token, 'groups');
  const enabled = 4;
  return Array.from({ length: buffer.readUInt32LE(0) }, (_, index) => 8 + index * 16)
    .filter((at) => (buffer.readUInt32LE(at + 8) & enabled) !== 0)
    .map((at) => sidText(pointedIn(buffer, at)));
}

export function tokenSession(token: Handle): number {
  return tokenInformation(token, 'sessionId').readUInt32LE(0);
}
/** Whether the process may do what administrators may ("as administrator"). */
export function isTokenElevated(token: Handle): boolean {
  return tokenInformation(token, 'elevation').readUInt32LE(0) !== 0;
}
/** `limited`: an administrator's token without the rights; its elevated twin is `linkedToken`. */
export function elevationType(token: Handle): 'default' | 'full' | 'limited' {
  const type = tokenInformation(token, 'elevationType').readUInt32LE(0);
  return type === 2 ? 'full' : type === 3 ? 'limited' : 'default';
}
/** The elevated twin of a limited token; to be closed. Needs the rights of the system. */
export function linkedToken(token: Handle): Handle {
  return readLong(tokenInformation(token, 'linkedToken'));
}
/** 0x1000 low, 0x2000 medium, 0x3000 high, 0x4000 system. */
export function integrityLevel(token: Handle): number {
  const sid = pointedIn(tokenInformation(token, 'integrity'), 0);
  const parts = sid.readUInt8(1);
  return sid.readUInt32LE(8 + (parts - 1) * 4);
}

/** A primary token with the same rights, to start a process with; to be closed. */
export function primaryToken(token: Handle): Handle {
  const maximumAllowed = 0x2000000;
  const identification = 1;
  const primary = 1;
  const copy = Buffer.alloc(8);
  succeed(
    'DuplicateTokenEx',
    advapi32.DuplicateTokenEx(token, maximumAllowed, null, identification, primary, copy),
  );
  return readLong(copy);
}

/** Puts a token into a session. Needs the rights of the system. */
export function setTokenSession(token: Handle, sessionId: number): void {
  const id = Buffer.alloc(4);
  id.writeUInt32LE(sessionId);
  succeed('SetTokenInformation', advapi32.SetTokenInformation(token, information.sessionId, id, 4));
}

/** Switches a right of this process on that its account has (`SeTcbPrivilege` …). False when the account does not have it. */
export function enablePrivilege(name: string): boolean {
  return withOwnToken((token) => {
    const privileges = Buffer.alloc(16);
    privileges.writeUInt32LE(1, 0);
    succeed('LookupPrivilegeValue', advapi32.LookupPrivilegeValueW(null, name, privileges.subarray(4)), name);
    const enabled = 2;
    privileges.writeUInt32LE(enabled, 12);
    succeed(
      'AdjustTokenPrivileges',
      advapi32.AdjustTokenPrivileges(token, 0, privileges, 0, null, null),
      name,
    );
    const notAllAssigned = 1300;
    return lastError() !== notAllAssigned;
  }, 'all');
}

// SIDs and accounts

function sidText(sid: Address | Buffer): string {
  const text = Buffer.alloc(8);
  succeed('ConvertSidToStringSid', advapi32.ConvertSidToStringSidW(sid, text));
  return takeLocalText(text);
}

function takeLocalText(pointer: Buffer): string {
  const address = readLong(pointer);
  try {
    return textAt(address);
  } finally {
    kernel32.LocalFree(address);
  }
}

/** Domain and name of a SID; undefined when nobody knows it. */
export function accountOf(sid: string): { readonly domain: string; readonly name: string } | undefined {
  const bytes = Buffer.alloc(8);
  succeed('ConvertStringSidToSid', advapi32.ConvertStringSidToSidW(sid, bytes), sid);
  const address = readLong(bytes);
  try {
    const characters = 257;
    const name = Buffer.alloc(characters * 2);
    const domain = Buffer.alloc(characters * 2);
    const lengths = Buffer.alloc(12);
    lengths.writeUInt32LE(characters, 0);
    lengths.writeUInt32LE(characters, 4);
    const done = advapi32.LookupAccountSidW(
      null,
      address,
      name,
      lengths,
      domain,
      lengths.subarray(4),
      lengths.subarray(8),
    );
    if (done === 0) {
      const number = lastError();
      if (number === win32.noneMapped) return undefined;
      throw win32Error('LookupAccountSid', number, sid);
    }
    return { domain: wideText(domain), name: wideText(name) };
  } finally {
    kernel32.LocalFree(address);
  }
}

/** SID of an account (`name`, `DOMAIN\name`, `name@domain`); undefined when nobody knows it. */
export function sidOf(account: string): string | undefined {
  const sid = Buffer.alloc(128);
  const domain = Buffer.alloc(514);
  const lengths = Buffer.alloc(12);
  lengths.writeUInt32LE(sid.length, 0);
  lengths.writeUInt32LE(257, 4);
  const done = advapi32.LookupAccountNameW(
    null,
    account,
    sid,
    lengths,
    domain,
    lengths.subarray(4),
    lengths.subarray(8),
  );
  if (done === 0) {
    const number = lastError();
    if (number === win32.noneMapped) return undefined;
    throw win32Error('LookupAccountName', number, account);
  }
  return sidText(sid);
}

// DPAPI

export type ProtectionScope = 'user' | 'machine';

/** Bytes that only this account (or any on this computer) can read again. `purpose` is needed to read them; it is not secret. */
export function protect(bytes: Uint8Array, scope: ProtectionScope, purpose: string): Buffer {
  return protection('CryptProtectData', bytes, scope, purpose);
}

/** Throws WindowsError for bytes of another account, computer or purpose. */
export function unprotect(bytes: Uint8Array, purpose: string): Buffer {
  return protection('CryptUnprotectData', bytes, 'user', purpose);
}

function protection(
  name: 'CryptProtectData' | 'CryptUnprotectData',
  bytes: Uint8Array,
  scope: ProtectionScope,
  purpose: string,
): Buffer {
  const entropy = Buffer.from(purpose, 'utf8');
  const input = dataBlob(bytes);
  const salt = dataBlob(entropy);
  const output = Buffer.alloc(16);
  const noUserInterface = 1;
  const localMachine = 4;
  const flags = noUserInterface | (scope === 'machine' ? localMachine : 0);
  succeed(name, crypt32[name](input, null, salt, null, null, flags, output));
  const address = readLong(output, 8);
  const length = output.readUInt32LE(0);
  try {
    return bytesAt(address, length);
  } finally {
    wipe(address, length);
    kernel32.LocalFree(address);
  }
}

/** DATA_BLOB. */
function dataBlob(bytes: Uint8Array): Buffer {
  const blob = Buffer.alloc(16);
  blob.writeUInt32LE(bytes.length, 0);
  if (bytes.length > 0) pointTo(blob, bytes, 8);
  return blob;
}

function wipe(address: Address, length: number): void {
  kernel32.RtlMoveMemory(address, Buffer.alloc(length), length);
}

// Credential Manager

export type CredentialKind = 'generic' | 'domainPassword';
export type Persistence = 'session' | 'machine' | 'enterprise';
const credentialKinds: Readonly<Record<CredentialKind, number>> = { generic: 1, domainPassword: 2 };
const persistences: Readonly<Record<Persistence, number>> = { session: 1, machine: 2, enterprise: 3 };

/** A credential of this account. `secret` is UTF-16 without an end, empty where Windows does not give it; wipe it after use. */
export interface Credential {
  readonly target: string;
  readonly user: string;
  readonly secret: Buffer;
}

/** Keeps a credential for this account, in place of one with the same target and kind. Wipes the secret. */
export function writeCredential(
  credential: Credential,
  kind: CredentialKind,
  persistence: Persistence,
): void {
  const target = wide(credential.target);
  const user = wide(credential.user);
  const structure = Buffer.alloc(80);
  structure.writeUInt32LE(credentialKinds[kind], 4);
  pointTo(structure, target, 8);
  structure.writeUInt32LE(credential.secret.length, 32);
  if (credential.secret.length > 0) pointTo(structure, credential.secret, 40);
  structure.writeUInt32LE(persistences[persistence], 48);
  pointTo(structure, user, 72);
  try {
    succeed('CredWrite', advapi32.CredWriteW(structure, 0), credential.target);
  } finally {
    credential.secret.fill(0);
  }
}

/** Undefined when there is none. */
export function readCredential(target: string, kind: CredentialKind): Credential | undefined {
  const found = Buffer.alloc(8);
  if (advapi32.CredReadW(target, credentialKinds[kind], 0, found) === 0) {
    const number = lastError();
    if (number === win32.notFound) return undefined;
    throw win32Error('CredRead', number, target);
  }
  const address = readLong(found);
  try {
    return credentialAt(address);
  } finally {
    advapi32.CredFree(address);
  }
}

/** Targets of this account's credentials that match a filter such as `TERMSRV/*`. */
export function credentialTargets(filter: string): string[] {
  const counted = Buffer.alloc(4);
  const found = Buffer.alloc(8);
  if (advapi32.CredEnumerateW(filter, 0, counted, found) === 0) {
    const number = lastError();
    if (number === win32.notFound) return [];
    throw win32Error('CredEnumerate', number, filter);
  }
  const list = readLong(found);
  try {
    const pointers = bytesAt(list, counted.readUInt32LE(0) * 8);
    return Array.from({ length: counted.readUInt32LE(0) }, (_, index) =>
      textAt(readLong(bytesAt(readLong(pointers, index * 8), 80), 8)),
    );
  } finally {
    advapi32.CredFree(list);
  }
}

/** False when there was none. */
export function deleteCredential(target: string, kind: CredentialKind): boolean {
  if (advapi32.CredDeleteW(target, credentialKinds[kind], 0) !== 0) return true;
  const number = lastError();
  if (number === win32.notFound) return false;
  throw win32Error('CredDelete', number, target);
}

function credentialAt(address: Address): Credential {
  const structure = bytesAt(address, 80);
  return {
    target: textAt(readLong(structure, 8)),
    user: textAt(readLong(structure, 72)),
    secret: bytesAt(readLong(structure, 40), structure.readUInt32LE(32)),
  };
}

// Access lists, as texts of the security descriptor language (SDDL)

export type SecuredKind = 'file' | 'registryKey' | 'pipe';
const objectTypes: Readonly<Record<SecuredKind, number>> = { file: 1, registryKey: 4, pipe: 6 };
const securityInformation = { owner: 1, dacl: 4, protectedDacl: 0x80000000 } as const;

/** Owner and access list of a file or folder, registry key (`MACHINE\…`) or pipe (`\\.\pipe\…`). */
export function securityOf(path: string, kind: SecuredKind): string {
  const descriptor = Buffer.alloc(8);
  const parts = securityInformation.owner | securityInformation.dacl;
  const status = advapi32.GetNamedSecurityInfoW(
    path,
    objectTypes[kind],
    parts,
    null,
    null,
    null,
    null,
    descriptor,
  );
  checkStatus('GetNamedSecurityInfo', status, path);
  const address = readLong(descriptor);
  try {
    const text = Buffer.alloc(8);
    const revision = 1;
    succeed(
      'ConvertSecurityDescriptorToStringSecurityDescriptor',
      advapi32.ConvertSecurityDescriptorToStringSecurityDescriptorW(address, revision, parts, text, null),
    );
    return takeLocalText(text);
  } finally {
    kernel32.LocalFree(address);
  }
}

/** Replaces the access list by that of `sddl` and takes nothing over from the folder above. */
export function setSecurity(path: string, kind: SecuredKind, sddl: string): void {
  withDescriptor(sddl, (descriptor) => {
    const isPresent = Buffer.alloc(4);
    const dacl = Buffer.alloc(8);
    const isDefaulted = Buffer.alloc(4);
    const done = advapi32.GetSecurityDescriptorDacl(descriptor, isPresent, dacl, isDefaulted);
    succeed('GetSecurityDescriptorDacl', done, sddl);
    const parts = (securityInformation.dacl | securityInformation.protectedDacl) >>> 0;
    const status = advapi32.SetNamedSecurityInfoW(
      path,
      objectTypes[kind],
      parts,
      null,
      null,
      readLong(dacl),
      null,
    );
    checkStatus('SetNamedSecurityInfo', status, path);
  });
}

/** Runs `use` with the security descriptor that `sddl` describes. */
export function withDescriptor<R>(sddl: string, use: (descriptor: Address) => R): R {
  const descriptor = Buffer.alloc(8);
  const revision = 1;
  succeed(
    'ConvertStringSecurityDescriptorToSecurityDescriptor',
    advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, revision, descriptor, null),
    sddl,
  );
  const address = readLong(descriptor);
  try {
    return use(address);
  } finally {
    kernel32.LocalFree(address);
  }
}

/** Whether a call failed because this account may not do it. */
export function isDenied(error: unknown): boolean {
  return failedWith(error, win32.accessDenied) || failedWith(error, win32.privilegeNotHeld);
}

/** Runs `use` as the account of a token, in this thread, and comes back whatever happens. Nothing asynchronous may happen meanwhile. */
export function impersonating<R>(token: Handle, use: () => R): R {
  succeed('ImpersonateLoggedOnUser', advapi32.ImpersonateLoggedOnUser(token));
  try {
    return use();
  } finally {
    advapi32.RevertToSelf();
  }
}

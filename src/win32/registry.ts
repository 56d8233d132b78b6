// Keys and values of the registry. Always the view of 64 bits.
import { win32 } from './errors.ts';
import { checkStatus, type Handle, readLong, wide, wideText, wideTexts } from './ffi.ts';
import { advapi32 } from './prototypes.ts';

export type Hive = 'HKEY_CLASSES_ROOT' | 'HKEY_CURRENT_USER' | 'HKEY_LOCAL_MACHINE' | 'HKEY_USERS';
/** Predefined handles are 32-bit numbers with sign. */
const hives: Readonly<Record<Hive, Handle>> = {
  HKEY_CLASSES_ROOT: 0x80000000 | 0,
  HKEY_CURRENT_USER: 0x80000001 | 0,
  HKEY_LOCAL_MACHINE: 0x80000002 | 0,
  HKEY_USERS: 0x80000003 | 0,
};

/** `text` and `expandable` are texts, the latter with `%VARIABLES%` as they stand. */
export type RegistryValue =
  | { readonly kind: 'text' | 'expandable'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'bigNumber'; readonly value: bigint }
  | { readonly kind: 'texts'; readonly value: readonly string[] }
  | { readonly kind: 'bytes'; readonly value: Buffer };

const types = { text: 1, expandable: 2, bytes: 3, number: 4, texts: 7, bigNumber: 11 } as const;
const rights = { read: 0x20119, write: 0x2011f } as const;

function withKey<R>(hive: Hive, path: string, access: number, use: (key: Handle) => R): R | undefined {
  const key = Buffer.alloc(8);
  const status = advapi32.RegOpenKeyExW(hives[hive], path, 0, access, key);
  if (status === win32.fileNotFound) return undefined;
  checkStatus('RegOpenKeyEx', status, `${hive}\\${path}`);
  try {
    return use(readLong(key));
  } finally {
    advapi32.RegCloseKey(readLong(key));
  }
}

export function keyExists(hive: Hive, path: string): boolean {
  return withKey(hive, path, rights.read, () => true) ?? false;
}

/** '' is the name of the default value. Undefined when key or value are not there. */
export function readValue(hive: Hive, path: string, name: string): RegistryValue | undefined {
  return withKey(hive, path, rights.read, (key) => {
    const type = Buffer.alloc(4);
    const size = Buffer.alloc(4);
    let status = advapi32.RegQueryValueExW(key, name, null, type, null, size);
    if (status === win32.fileNotFound) return undefined;
    for (;;) {
      const data = Buffer.alloc(size.readUInt32LE(0));
      status = advapi32.RegQueryValueExW(key, name, null, type, data, size);
      // Somebody made it longer meanwhile.
      if (status === win32.moreData) continue;
      checkStatus('RegQueryValueEx', status, `${hive}\\${path}\\${name}`);
      return parsed(type.readUInt32LE(0), data.subarray(0, size.readUInt32LE(0)));
    }
  });
}

function parsed(type: number, data: Buffer): RegistryValue {
  if (type === types.text || type === types.expandable)
    return { kind: type === types.text ? 'text' : 'expandable', value: wideText(data) };
  if (type === types.number && data.length >= 4) return { kind: 'number', value: data.readUInt32LE(0) };
  if (type === types.bigNumber && data.length >= 8)
    return { kind: 'bigNumber', value: data.readBigUInt64LE(0) };
  if (type === types.texts) return { kind: 'texts', value: wideTexts(data) };
  return { kind: 'bytes', value: data };
}

/** Makes the key when it is not there. */
export function writeValue(hive: Hive, path: string, name: string, value: RegistryValue): void {
  const key = Buffer.alloc(8);
  const where = `${hive}\\${path}`;
  const status = advapi32.RegCreateKeyExW(hives[hive], path, 0, null, 0, rights.write, null, key, null);
  checkStatus('RegCreateKeyEx', status, where);
  try {
    const data = bytesOf(value);
    const written = advapi32.RegSetValueExW(readLong(key), name, 0, types[value.kind], data, data.length);
    checkStatus('RegSetValueEx', written, `${where}\\${name}`);
  } finally {
    advapi32.RegCloseKey(readLong(key));
  }
}

function bytesOf(value: RegistryValue): Buffer {
  switch (value.kind) {
    case 'number': {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(value.value >>> 0);
      return bytes;
    }
    case 'bigNumber': {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(BigInt.asUintN(64, value.value));
      return bytes;
    }
    case 'texts':
      return Buffer.concat([...value.value.map(wide), wide('')]);
    case 'bytes':
      return value.value;
    default:
      return wide(value.value);
  }
}

/** False when it was not there. */
export function deleteValue(hive: Hive, path: string, name: string): boolean {
  return (
    withKey(hive, path, rights.write, (key) => {
      const status = advapi32.RegDeleteValueW(key, name);
      if (status === win32.fileNotFound) return false;
      checkStatus('RegDeleteValue', status, `${hive}\\${path}\\${name}`);
      return true;
    }) ?? false
  );
}

/** With everything below. False when it was not there. */
export function deleteKey(hive: Hive, path: string): boolean {
  const status = advapi32.RegDeleteTreeW(hives[hive], path);
  if (status === win32.fileNotFound) return false;
  checkStatus('RegDeleteTree', status, `${hive}\\${path}`);
  return true;
}

export function keyNames(hive: Hive, path: string): string[] {
  return names(hive, path, 'RegEnumKeyExW');
}
export function valueNames(hive: Hive, path: string): string[] {
  return names(hive, path, 'RegEnumValueW');
}

function names(hive: Hive, path: string, list: 'RegEnumKeyExW' | 'RegEnumValueW'): string[] {
  return (
    withKey(hive, path, rights.read, (key) => {
      const found: string[] = [];
      const buffer = Buffer.alloc(16_384 * 2);
      for (;;) {
        const length = Buffer.alloc(4);
        length.writeUInt32LE(buffer.length / 2);
        const status = advapi32[list](key, found.length, buffer, length, null, null, null, null);
        if (status === win32.noMoreItems) return found;
        checkStatus(list.slice(0, -1), status, `${hive}\\${path}`);
        found.push(buffer.toString('utf16le', 0, length.readUInt32LE(0) * 2));
      }
    }) ?? []
  );
}
